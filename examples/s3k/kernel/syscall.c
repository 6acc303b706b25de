/* SPDX-License-Identifier: MIT */
/* From a system call's number to what does it. */
#include "kernel.h"

/* The type that a call is about: each family of four is in the order of enum s3k_type. */
static enum s3k_type type_of(uint64_t call, enum s3k_call family)
{
    return (enum s3k_type)(call - family + S3K_MEM);
}

static int64_t introspect(uint16_t pid, enum s3k_type type, const uint64_t *x, uint64_t *result)
{
    const struct s3k_cap *cap = capability_of(pid, type, x[0]);
    union {
        struct s3k_cap cap;
        uint64_t word[2];
    } u;

    if (cap == NULL) {
        return S3K_ERR_ACCESS;
    }
    if (x[1] >= cap->csize) {
        return S3K_ERR_ARGUMENT;
    }
    u.cap = cap[x[1]];
    result[0] = u.word[0];
    if (type != S3K_MON) { /* has nothing in its second half */
        result[1] = u.word[1];
    }
    return S3K_OK;
}

static int64_t give(uint16_t pid, enum s3k_type type, uint64_t i, uint16_t owner)
{
    struct s3k_cap *cap = capability_of(pid, type, i);

    if (cap == NULL) {
        return S3K_ERR_ACCESS;
    }
    capability_give(type, cap, owner);
    return S3K_OK;
}

static int64_t enable(uint16_t pid, uint64_t i, uint64_t enabled)
{
    struct s3k_cap *cap = capability_of(pid, S3K_TSL, i);

    if (cap == NULL) {
        return S3K_ERR_ACCESS;
    }
    cap->tsl.enabled = enabled != 0;
    return S3K_OK;
}

/* What a process does to itself and what it holds; x: the arguments. */
static next_t own_call(struct process *p, uint64_t call, const uint64_t *x)
{
    uint64_t *result = &p->regs[S3K_A0 + 1];

    switch (call) {
    case S3K_PID_GET:
        answer(p, p->pid);
        break;
    case S3K_VREG_GET:
        answer(p, x[0] < S3K_VREGS ? (int64_t)p->vregs[x[0]] : 0);
        break;
    case S3K_VREG_SET:
        if (x[0] < S3K_VREGS) {
            p->vregs[x[0]] = x[1];
        }
        break;
    case S3K_SYNC:
        return NULL;
    case S3K_SLEEP_UNTIL:
        p->wake = x[0] != 0 ? x[0] : time_slice_end();
        return NULL;
    case S3K_MEM_INTROSPECT:
    case S3K_TSL_INTROSPECT:
    case S3K_MON_INTROSPECT:
    case S3K_IPC_INTROSPECT:
        answer(p, introspect(p->pid, type_of(call, S3K_MEM_INTROSPECT), x, result));
        break;
    case S3K_MEM_DERIVE:
    case S3K_TSL_DERIVE:
    case S3K_MON_DERIVE:
    case S3K_IPC_DERIVE:
        answer(p, derive(type_of(call, S3K_MEM_DERIVE), p->pid, p->pid, x));
        break;
    case S3K_MEM_REVOKE:
    case S3K_TSL_REVOKE:
    case S3K_MON_REVOKE:
    case S3K_IPC_REVOKE:
        answer(p, capability_revoke(p->pid, type_of(call, S3K_MEM_REVOKE), x[0]));
        break;
    case S3K_MEM_DELETE:
    case S3K_TSL_DELETE:
    case S3K_MON_DELETE:
    case S3K_IPC_DELETE:
        answer(p, give(p->pid, type_of(call, S3K_MEM_DELETE), x[0], NOBODY));
        break;
    case S3K_MEM_PMP_GET:
        answer(p, pmp_get(p->pid, x[0], result));
        break;
    case S3K_MEM_PMP_SET:
        answer(p, pmp_set(p->pid, x[0], x[1], x[2], x[3]));
        break;
    case S3K_MEM_PMP_CLEAR:
        answer(p, pmp_clear(p->pid, x[0]));
        break;
    default: /* S3K_TSL_SET */
        answer(p, enable(p->pid, x[0], x[1]));
        break;
    }
    return p;
}

static int64_t reg_call(uint64_t call, uint64_t *regs, uint64_t count, const uint64_t *x, uint64_t *result)
{
    if (x[0] >= count) {
        return S3K_ERR_ARGUMENT;
    }
    if (call == S3K_MON_REG_SET || call == S3K_MON_VREG_SET) {
        regs[x[0]] = x[1];
    } else {
        *result = regs[x[0]];
    }
    return S3K_OK;
}

/* What a process does to another, through a monitor capability; x: the arguments after it. */
static next_t mon_call(struct process *p, struct process *other, uint64_t call, const uint64_t *x)
{
    uint64_t *result = &p->regs[S3K_A0 + 1];

    switch (call) {
    case S3K_MON_SUSPEND:
        answer(p, S3K_OK);
        process_suspend(other);
        return other == p ? NULL : p;
    case S3K_MON_RESUME:
        other->suspended = false;
        answer(p, S3K_OK);
        break;
    case S3K_MON_YIELD:
        if (process_ready(other)) {
            answer(p, S3K_OK);
            return other;
        }
        answer(p, S3K_ERR_STATE);
        break;
    case S3K_MON_REG_GET:
    case S3K_MON_REG_SET:
        answer(p, reg_call(call, other->regs, S3K_REGS, x, result));
        break;
    case S3K_MON_VREG_GET:
    case S3K_MON_VREG_SET:
        answer(p, reg_call(call, other->vregs, S3K_VREGS, x, result));
        break;
    case S3K_MON_MEM_INTROSPECT:
    case S3K_MON_TSL_INTROSPECT:
    case S3K_MON_MON_INTROSPECT:
    case S3K_MON_IPC_INTROSPECT:
        answer(p, introspect(other->pid, type_of(call, S3K_MON_MEM_INTROSPECT), x, result));
        break;
    case S3K_MON_MEM_GRANT:
    case S3K_MON_TSL_GRANT:
    case S3K_MON_MON_GRANT:
    case S3K_MON_IPC_GRANT:
        answer(p, give(p->pid, type_of(call, S3K_MON_MEM_GRANT), x[0], other->pid));
        break;
    case S3K_MON_MEM_DERIVE:
    case S3K_MON_TSL_DERIVE:
    case S3K_MON_MON_DERIVE:
    case S3K_MON_IPC_DERIVE:
        answer(p, derive(type_of(call, S3K_MON_MEM_DERIVE), p->pid, other->pid, x));
        break;
    case S3K_MON_MEM_PMP_GET:
        answer(p, pmp_get(other->pid, x[0], result));
        break;
    case S3K_MON_MEM_PMP_SET:
        answer(p, pmp_set(other->pid, x[0], x[1], x[2], x[3]));
        break;
    case S3K_MON_MEM_PMP_CLEAR:
        answer(p, pmp_clear(other->pid, x[0]));
        break;
    default: /* S3K_MON_TSL_SET */
        answer(p, enable(other->pid, x[0], x[1]));
        break;
    }
    return p;
}

static next_t ipc(struct process *p, uint64_t call, const uint64_t *x)
{
    static next_t (*const calls[])(struct process *, const uint64_t *) = {
        ipc_send, ipc_recv, ipc_call, ipc_reply, ipc_replyrecv, ipc_asend, ipc_arecv
    };

    return calls[call - S3K_IPC_SEND](p, x);
}

next_t syscall(struct process *p)
{
    const uint64_t *x = &p->regs[S3K_A0 + 1]; /* results go there too, when these have been used */
    const struct s3k_cap *mon;
    uint64_t call = p->regs[S3K_A0];

    if (call >= S3K_CALLS) {
        return exception(p, CAUSE_ECALL, call);
    }
    p->regs[S3K_PC] += 4;
    if (call < S3K_MON_SUSPEND) {
        return own_call(p, call, x);
    }
    if (call >= S3K_IPC_SEND) {
        return ipc(p, call, x);
    }
    mon = capability_of(p->pid, S3K_MON, x[0]);
    if (mon == NULL) {
        answer(p, S3K_ERR_ACCESS);
        return p;
    }
    return mon_call(p, process(mon->pid), call, x + 1);
}
