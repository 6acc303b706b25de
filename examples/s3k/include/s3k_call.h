/* SPDX-License-Identifier: MIT */
/* The system calls of s3k.h, for applications. Results below 0 are enum s3k_error. */
#ifndef S3K_CALL_H
#define S3K_CALL_H

#include "s3k.h"

struct s3k_result {
    int64_t status;
    uint64_t a1, a2, a3, a4;
};

/* What IPC brings: two words and at most one capability, whose index stays what it was. */
struct s3k_message {
    uint64_t word[2];
    uint64_t type;
    uint64_t cap;
};

static inline struct s3k_result s3k_do(uint64_t call, uint64_t x1, uint64_t x2, uint64_t x3, uint64_t x4,
                                       uint64_t x5, uint64_t x6)
{
    register uint64_t a0 __asm__("a0") = call;
    register uint64_t a1 __asm__("a1") = x1;
    register uint64_t a2 __asm__("a2") = x2;
    register uint64_t a3 __asm__("a3") = x3;
    register uint64_t a4 __asm__("a4") = x4;
    register uint64_t a5 __asm__("a5") = x5;
    register uint64_t a6 __asm__("a6") = x6;

    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4) : "r"(a5), "r"(a6) : "memory");
    return (struct s3k_result){ (int64_t)a0, a1, a2, a3, a4 };
}

static inline int64_t s3k_do2(uint64_t call, uint64_t x1, uint64_t x2)
{
    return s3k_do(call, x1, x2, 0, 0, 0, 0).status;
}

/* Time. */

static inline uint64_t s3k_pid(void)
{
    return (uint64_t)s3k_do2(S3K_PID_GET, 0, 0);
}

/* Lets a change of the caller's own PMP take effect. */
static inline void s3k_sync(void)
{
    (void)s3k_do2(S3K_SYNC, 0, 0);
}

/* Until a point in time, in ticks; 0: until the caller's next slice. */
static inline void s3k_sleep_until(uint64_t time)
{
    (void)s3k_do2(S3K_SLEEP_UNTIL, time, 0);
}

/* Any type of capability; `type` is enum s3k_type without S3K_NONE. */

static inline int64_t s3k_cap_result(const struct s3k_result *r, struct s3k_cap *cap)
{
    union {
        uint64_t word[2];
        struct s3k_cap cap;
    } u = { { r->a1, r->a2 } };

    if (r->status == S3K_OK) {
        *cap = u.cap;
    }
    return r->status;
}

/* The capability at i, or the one `offset` entries behind it in i's part of the table, whoever owns that. */
static inline int64_t s3k_introspect(enum s3k_type type, uint64_t i, uint64_t offset, struct s3k_cap *cap)
{
    struct s3k_result r = s3k_do(S3K_MEM_INTROSPECT + type - S3K_MEM, i, offset, 0, 0, 0, 0);

    return s3k_cap_result(&r, cap);
}

/* The same, of what the process of monitor capability m owns. */
static inline int64_t s3k_mon_introspect(uint64_t m, enum s3k_type type, uint64_t j, uint64_t offset,
                                         struct s3k_cap *cap)
{
    struct s3k_result r = s3k_do(S3K_MON_MEM_INTROSPECT + type - S3K_MEM, m, j, offset, 0, 0, 0);

    return s3k_cap_result(&r, cap);
}

/* How many table entries remain to be revoked: call again until it is 0. */
static inline int64_t s3k_revoke(enum s3k_type type, uint64_t i)
{
    return s3k_do2(S3K_MEM_REVOKE + type - S3K_MEM, i, 0);
}

static inline int64_t s3k_delete(enum s3k_type type, uint64_t i)
{
    return s3k_do2(S3K_MEM_DELETE + type - S3K_MEM, i, 0);
}

static inline int64_t s3k_mon_grant(uint64_t m, enum s3k_type type, uint64_t j)
{
    return s3k_do2(S3K_MON_MEM_GRANT + type - S3K_MEM, m, j);
}

/* The derivations return the child's index. With a monitor capability, its process owns the child. */

static inline int64_t s3k_mem_derive(uint64_t i, uint64_t csize, uint64_t rights, uint64_t base, uint64_t size)
{
    return s3k_do(S3K_MEM_DERIVE, i, csize, rights, base, size, 0).status;
}

static inline int64_t s3k_tsl_derive(uint64_t i, uint64_t csize, uint64_t enabled, uint64_t slots)
{
    return s3k_do(S3K_TSL_DERIVE, i, csize, enabled, slots, 0, 0).status;
}

static inline int64_t s3k_mon_derive(uint64_t i, uint64_t csize)
{
    return s3k_do2(S3K_MON_DERIVE, i, csize);
}

static inline int64_t s3k_ipc_derive(uint64_t i, uint64_t csize, uint64_t mode, uint64_t flags)
{
    return s3k_do(S3K_IPC_DERIVE, i, csize, mode, flags, 0, 0).status;
}

static inline int64_t s3k_mon_mem_derive(uint64_t m, uint64_t i, uint64_t csize, uint64_t rights, uint64_t base,
                                         uint64_t size)
{
    return s3k_do(S3K_MON_MEM_DERIVE, m, i, csize, rights, base, size).status;
}

static inline int64_t s3k_mon_tsl_derive(uint64_t m, uint64_t i, uint64_t csize, uint64_t enabled, uint64_t slots)
{
    return s3k_do(S3K_MON_TSL_DERIVE, m, i, csize, enabled, slots, 0).status;
}

static inline int64_t s3k_mon_ipc_derive(uint64_t m, uint64_t i, uint64_t csize, uint64_t mode, uint64_t flags)
{
    return s3k_do(S3K_MON_IPC_DERIVE, m, i, csize, mode, flags, 0).status;
}

/* PMP. A change of one's own acts after s3k_sync(). */

static inline int64_t s3k_pmp_set(uint64_t i, uint64_t slot, uint64_t rights, uint64_t napot)
{
    return s3k_do(S3K_MEM_PMP_SET, i, slot, rights, napot, 0, 0).status;
}

static inline int64_t s3k_pmp_clear(uint64_t i)
{
    return s3k_do2(S3K_MEM_PMP_CLEAR, i, 0);
}

static inline int64_t s3k_mon_pmp_set(uint64_t m, uint64_t j, uint64_t slot, uint64_t rights, uint64_t napot)
{
    return s3k_do(S3K_MON_MEM_PMP_SET, m, j, slot, rights, napot, 0).status;
}

static inline int64_t s3k_tsl_set(uint64_t i, uint64_t enabled)
{
    return s3k_do2(S3K_TSL_SET, i, enabled);
}

/* Other processes. */

static inline int64_t s3k_mon_suspend(uint64_t m)
{
    return s3k_do2(S3K_MON_SUSPEND, m, 0);
}

static inline int64_t s3k_mon_resume(uint64_t m)
{
    return s3k_do2(S3K_MON_RESUME, m, 0);
}

static inline int64_t s3k_mon_yield(uint64_t m)
{
    return s3k_do2(S3K_MON_YIELD, m, 0);
}

static inline int64_t s3k_mon_reg_get(uint64_t m, uint64_t reg, uint64_t *value)
{
    struct s3k_result r = s3k_do(S3K_MON_REG_GET, m, reg, 0, 0, 0, 0);

    *value = r.a1;
    return r.status;
}

static inline int64_t s3k_mon_reg_set(uint64_t m, uint64_t reg, uint64_t value)
{
    return s3k_do(S3K_MON_REG_SET, m, reg, value, 0, 0, 0).status;
}

static inline int64_t s3k_mon_vreg_get(uint64_t m, uint64_t reg, uint64_t *value)
{
    struct s3k_result r = s3k_do(S3K_MON_VREG_GET, m, reg, 0, 0, 0, 0);

    *value = r.a1;
    return r.status;
}

static inline int64_t s3k_mon_vreg_set(uint64_t m, uint64_t reg, uint64_t value)
{
    return s3k_do(S3K_MON_VREG_SET, m, reg, value, 0, 0, 0).status;
}

/* IPC. Only S3K_BSYNC with S3K_YIELD, entered by replyrecv, works on every main. */

static inline int64_t s3k_message_result(const struct s3k_result *r, struct s3k_message *m)
{
    *m = (struct s3k_message){ { r->a1, r->a2 }, r->a3, r->a4 };
    return r->status;
}

/* Sends m and waits for the answer, which replaces it. S3K_ERR_STATE: the server is not
 * waiting, or needs more time than is left in this slice; m is then what it was. */
static inline int64_t s3k_ipc_call(uint64_t source, struct s3k_message *m)
{
    struct s3k_result r = s3k_do(S3K_IPC_CALL, source, m->word[0], m->word[1], m->type, m->cap, 0);

    return r.status == S3K_OK ? s3k_message_result(&r, m) : r.status;
}

/* Answers whoever called last, if it still waits, and waits for the next message.
 * `us`: a caller with less time left than this is refused. */
static inline int64_t s3k_ipc_replyrecv(uint64_t sink, struct s3k_message *m, uint64_t us)
{
    struct s3k_result r = s3k_do(S3K_IPC_REPLYRECV, sink, m->word[0], m->word[1], m->type, m->cap, us);

    return r.status == S3K_OK ? s3k_message_result(&r, m) : r.status;
}

#endif
