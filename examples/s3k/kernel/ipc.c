/* SPDX-License-Identifier: MIT */
/*
 * IPC: a server's end (the sink) and its clients' (the sources). Two words and
 * at most one capability travel. A process that waits does so at one end.
 */
#include "kernel.h"

static struct s3k_cap *end_of(const struct process *p, uint64_t i, unsigned mode, bool sink)
{
    struct s3k_cap *cap = capability_of(p->pid, S3K_IPC, i);

    return cap != NULL && cap->ipc.mode == mode && (cap->end.sink == i) == sink ? cap : NULL;
}

/* May p send the capability (type x[3], index x[4]) through this end? */
static bool may_travel(const struct process *p, const struct s3k_cap *end, const uint64_t *x)
{
    static const uint8_t flag[] = { [S3K_MEM] = S3K_SEND_MEM, [S3K_TSL] = S3K_SEND_TSL, [S3K_MON] = S3K_SEND_MON,
                                    [S3K_IPC] = S3K_SEND_IPC };

    return x[3] == S3K_NONE ||
           (x[3] <= S3K_IPC && (end->ipc.flags & flag[x[3]]) != 0 &&
            capability_of(p->pid, (enum s3k_type)x[3], x[4]) != NULL);
}

static void wait(struct process *p, uint64_t i)
{
    p->waiting = true;
    p->waits_at = (uint16_t)i;
}

/* The process that waits at end i; NULL: its owner does something else, or it has none. */
static struct process *waiter(uint64_t i)
{
    uint16_t owner = capability_at(S3K_IPC, i)->owner;

    return owner != NOBODY && process(owner)->waiting && process(owner)->waits_at == i ? process(owner) : NULL;
}

/* Ends to's waiting with p's message. */
static void deliver(struct process *p, struct process *to, const uint64_t *x)
{
    uint64_t *a = &to->regs[S3K_A0];

    if (x[3] != S3K_NONE) {
        capability_give((enum s3k_type)x[3], capability_of(p->pid, (enum s3k_type)x[3], x[4]), to->pid);
    }
    a[0] = S3K_OK;
    a[1] = x[1];
    a[2] = x[2];
    a[3] = x[3];
    a[4] = x[3] == S3K_NONE ? 0 : x[4];
    to->waiting = false;
}

/* Delivers p's message at sink. The receiver; NULL: it is not there, or would not get done in p's time. */
static struct process *deliver_down(struct process *p, const struct s3k_cap *source, const uint64_t *x)
{
    struct s3k_cap *sink = capability_at(S3K_IPC, source->end.sink);
    struct process *to = waiter(source->end.sink);

    if (to == NULL || ((source->ipc.flags & S3K_YIELD) != 0 &&
                       time_now() + (uint64_t)sink->end.value * S3K_TICKS_PER_US >= time_slice_end())) {
        return NULL;
    }
    deliver(p, to, x);
    sink->end.source = (uint16_t)x[0];
    return to;
}

/* Delivers the server's answer to whoever called last. */
static struct process *deliver_up(struct process *p, const struct s3k_cap *sink, const uint64_t *x)
{
    struct process *to = waiter(sink->end.source); /* not p itself, which runs */

    if (to != NULL) {
        deliver(p, to, x);
    }
    return to;
}

static bool refused(struct process *p, const struct s3k_cap *end, const uint64_t *x)
{
    if (end == NULL) {
        answer(p, S3K_ERR_ACCESS);
    } else if (!may_travel(p, end, x)) {
        answer(p, S3K_ERR_ARGUMENT);
    } else {
        return false;
    }
    return true;
}

static void wait_as_server(struct process *p, struct s3k_cap *sink, uint64_t i, uint64_t us)
{
    sink->end.source = (uint16_t)i;
    sink->end.value = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    answer(p, S3K_ERR_TIMEOUT); /* unless a message comes */
    wait(p, i);
}

/* Who runs on: the receiver, on p's time; or p itself; or, when p waits, whose slice it is. */
static next_t go_on(struct process *p, const struct s3k_cap *end, struct process *to)
{
    if (to != NULL && (end->ipc.flags & S3K_YIELD) != 0) {
        return to;
    }
    return p->waiting ? NULL : p;
}

next_t ipc_send(struct process *p, const uint64_t *x)
{
    struct s3k_cap *source = end_of(p, x[0], S3K_USYNC, false);
    struct process *to;

    if (refused(p, source, x)) {
        return p;
    }
    to = deliver_down(p, source, x);
    answer(p, to != NULL ? S3K_OK : S3K_ERR_STATE);
    return go_on(p, source, to);
}

next_t ipc_call(struct process *p, const uint64_t *x)
{
    struct s3k_cap *source = end_of(p, x[0], S3K_BSYNC, false);
    struct process *to;

    if (refused(p, source, x)) {
        return p;
    }
    to = deliver_down(p, source, x);
    answer(p, to != NULL ? S3K_ERR_TIMEOUT : S3K_ERR_STATE); /* the answer overwrites it */
    if (to != NULL) {
        wait(p, x[0]);
    }
    return go_on(p, source, to);
}

next_t ipc_recv(struct process *p, const uint64_t *x)
{
    struct s3k_cap *sink = end_of(p, x[0], S3K_USYNC, true);

    sink = sink != NULL ? sink : end_of(p, x[0], S3K_BSYNC, true);
    if (sink == NULL) {
        answer(p, S3K_ERR_ACCESS);
        return p;
    }
    wait_as_server(p, sink, x[0], x[1]);
    return NULL;
}

next_t ipc_reply(struct process *p, const uint64_t *x)
{
    struct s3k_cap *sink = end_of(p, x[0], S3K_BSYNC, true);
    struct process *to;

    if (refused(p, sink, x)) {
        return p;
    }
    to = deliver_up(p, sink, x);
    answer(p, to != NULL ? S3K_OK : S3K_ERR_STATE);
    return go_on(p, sink, to);
}

/* Whoever is not there to be answered misses the answer; the server waits in any case. */
next_t ipc_replyrecv(struct process *p, const uint64_t *x)
{
    struct s3k_cap *sink = end_of(p, x[0], S3K_BSYNC, true);
    struct process *to;

    if (refused(p, sink, x)) {
        return p;
    }
    to = deliver_up(p, sink, x);
    wait_as_server(p, sink, x[0], x[5]);
    return go_on(p, sink, to);
}

/* A mailbox of one word, of 32 bits. */
next_t ipc_asend(struct process *p, const uint64_t *x)
{
    struct s3k_cap *source = end_of(p, x[0], S3K_ASYNC, false);
    struct s3k_cap *sink;
    struct process *to;

    if (source == NULL) {
        answer(p, S3K_ERR_ACCESS);
        return p;
    }
    sink = capability_at(S3K_IPC, source->end.sink);
    sink->end.source = (uint16_t)x[0];
    sink->end.value = (uint32_t)x[1];
    to = sink->owner != NOBODY && process_ready(process(sink->owner)) ? process(sink->owner) : NULL;
    answer(p, S3K_OK);
    return go_on(p, source, to);
}

next_t ipc_arecv(struct process *p, const uint64_t *x)
{
    struct s3k_cap *sink = end_of(p, x[0], S3K_ASYNC, true);

    answer(p, sink != NULL ? S3K_OK : S3K_ERR_ACCESS);
    if (sink != NULL) {
        p->regs[S3K_A0 + 1] = sink->end.value;
    }
    return p;
}
