/* SPDX-License-Identifier: MIT */
/* IPC with capabilities, in one direction only, without lent time, and mailboxes. */
#include "puppet.h"
#include "tap.h"

#define SINK 12u
#define SOURCE 15u
#define CAP (WORK_MEM + WORK_CSIZE - 1u)
#define WORK_NAPOT ((WORK_BASE | (WORK_SIZE / 2u - 1u)) >> 2)

/* A channel from process 3 to process 2. */
static void channel(uint64_t mode, uint64_t flags)
{
    (void)s3k_revoke(S3K_IPC, S3K_CAP_IPC);
    tap_equal("channel: a server's end", (uint64_t)s3k_ipc_derive(S3K_CAP_IPC, 4, mode, flags), SINK);
    tap_equal("channel: a client's end", (uint64_t)s3k_mon_ipc_derive(S3K_CAP_MON(3), SINK, 1, mode, flags), SOURCE);
    tap_equal("channel: handed over", (uint64_t)s3k_mon_grant(S3K_CAP_MON(2), S3K_IPC, SINK), S3K_OK);
}

/* Begins a call of process pid, and lets it come as far as it comes. */
static void post(uint16_t pid, uint64_t call, uint64_t i, uint64_t word, uint64_t type, uint64_t cap)
{
    const uint64_t a[7] = { call, i, word, call == S3K_IPC_RECV ? 0 : ~word, type, cap, 0 };

    puppet_post(pid, PUPPET_CALL, a);
    for (unsigned n = 0; n < 3; n++) {
        s3k_sleep_until(0);
    }
}

static bool got(uint16_t pid, uint64_t word, uint64_t type, uint64_t cap)
{
    const struct puppet *p = puppet(pid);

    return puppet_done(pid) && p->result[0] == S3K_OK && p->result[1] == word && p->result[2] == ~word &&
           p->result[3] == type && p->result[4] == cap;
}

static uint16_t owner(enum s3k_type type, uint64_t root, uint64_t i)
{
    struct s3k_cap cap;

    return s3k_introspect(type, root, i - root, &cap) == S3K_OK ? cap.owner : 0;
}

static const struct tap_row not_allowed[] = {
    { "capability: of a type that the end does not carry", S3K_IPC_CALL, { SOURCE, 0, 0, S3K_IPC, SOURCE },
      S3K_ERR_ARGUMENT },
    { "capability: of a type that there is not", S3K_IPC_CALL, { SOURCE, 0, 0, 5, CAP }, S3K_ERR_ARGUMENT },
    { "capability: of a type far from any", S3K_IPC_CALL, { SOURCE, 0, 0, UINT64_C(1) << 40, CAP }, S3K_ERR_ARGUMENT },
    { "capability: another's", S3K_IPC_CALL, { SOURCE, 0, 0, S3K_MEM, PUPPET_MEM(4) }, S3K_ERR_ARGUMENT },
    { "capability: beyond the table", S3K_IPC_CALL, { SOURCE, 0, 0, S3K_MEM, 48 }, S3K_ERR_ARGUMENT },
};

static void test_memory_travels(void)
{
    channel(S3K_BSYNC, S3K_YIELD | S3K_SEND_MEM);
    tap_equal("capability: memory for process 3",
              (uint64_t)s3k_mon_mem_derive(S3K_CAP_MON(3), WORK_MEM, 1, S3K_RW, WORK_BASE, WORK_SIZE), CAP);
    tap_equal("capability: loaded", (uint64_t)s3k_mon_pmp_set(S3K_CAP_MON(3), CAP, 3, S3K_RW, WORK_NAPOT), S3K_OK);
    tap_equal("capability: and used", puppet_touch(3, PUPPET_STORE, WORK_BASE), 0);
    post(2, S3K_IPC_REPLYRECV, SINK, 0, S3K_NONE, 0);
    TAP_ROWS(3, not_allowed);
    tap_true("capability: what is refused wakes nobody", puppet(2)->todo != PUPPET_IDLE);
    post(3, S3K_IPC_CALL, SOURCE, 1, S3K_MEM, CAP);
    tap_true("capability: memory comes with the call, its index unchanged", got(2, 1, S3K_MEM, CAP));
    tap_equal("capability: it is the server's", owner(S3K_MEM, WORK_MEM, CAP), 2);
    tap_equal("capability: who can load it", (uint64_t)s3k_mon_pmp_set(S3K_CAP_MON(2), CAP, 3, S3K_R, WORK_NAPOT), 0);
    tap_equal("capability: and use it", puppet_touch(2, PUPPET_LOAD, WORK_BASE), 0);
    post(2, S3K_IPC_REPLYRECV, SINK, 2, S3K_MEM, CAP);
    tap_true("capability: memory comes with the answer", got(3, 2, S3K_MEM, CAP));
    tap_equal("capability: it is the caller's again", owner(S3K_MEM, WORK_MEM, CAP), 3);
    tap_equal("capability: no longer loaded since it left", puppet_touch(3, PUPPET_LOAD, WORK_BASE), 5);
    post(3, S3K_IPC_CALL, SOURCE, 3, S3K_NONE, CAP);
    tap_true("capability: none, whatever its index", got(2, 3, S3K_NONE, 0));
    post(2, S3K_IPC_REPLY, SINK, 4, S3K_NONE, 0);
    tap_true("capability: none in the answer", got(3, 4, S3K_NONE, 0));
    tap_equal("capability: none, it stays", owner(S3K_MEM, WORK_MEM, CAP), 3);
}

/* A server with two ends waits at one of them. */
static void test_two_ends(void)
{
    channel(S3K_BSYNC, S3K_YIELD);
    tap_equal("two ends: another", (uint64_t)s3k_ipc_derive(S3K_CAP_IPC, 2, S3K_BSYNC, S3K_YIELD), SINK - 2u);
    tap_equal("two ends: a client's",
              (uint64_t)s3k_mon_ipc_derive(S3K_CAP_MON(3), SINK - 2u, 1, S3K_BSYNC, S3K_YIELD), SINK - 1u);
    tap_equal("two ends: handed over", (uint64_t)s3k_mon_grant(S3K_CAP_MON(2), S3K_IPC, SINK - 2u), S3K_OK);
    post(2, S3K_IPC_REPLYRECV, SINK - 2u, 0, S3K_NONE, 0);
    tap_equal("two ends: a call to where it does not wait",
              (uint64_t)puppet_do(3, S3K_IPC_CALL, (uint64_t[6]){ SOURCE }), (uint64_t)S3K_ERR_STATE);
    post(3, S3K_IPC_CALL, SINK - 1u, 12, S3K_NONE, 0);
    tap_true("two ends: a call to where it does", got(2, 12, S3K_NONE, 0));
    post(2, S3K_IPC_REPLY, SINK - 2u, 13, S3K_NONE, 0);
    tap_true("two ends: the answer", got(3, 13, S3K_NONE, 0));
}

/* One direction: process 3 sends and goes on. */
static void test_send(void)
{
    const uint64_t m = S3K_CAP_MON(4), cap = m + 7u;

    channel(S3K_USYNC, S3K_YIELD | S3K_SEND_MON);
    tap_equal("send: to a server that does not wait", (uint64_t)puppet_do(3, S3K_IPC_SEND, (uint64_t[6]){ SOURCE }),
              (uint64_t)S3K_ERR_STATE);
    tap_equal("send: what is to be sent",
              (uint64_t)s3k_do(S3K_MON_MON_DERIVE, S3K_CAP_MON(3), m, 1, 0, 0, 0).status, cap);
    post(2, S3K_IPC_RECV, SINK, 0, S3K_NONE, 0);
    post(3, S3K_IPC_SEND, SOURCE, 5, S3K_MON, cap);
    tap_true("send: it arrives", got(2, 5, S3K_MON, cap));
    tap_true("send: who sent does not wait", puppet_done(3) && puppet(3)->result[0] == S3K_OK);
    tap_equal("send: the capability is the receiver's", owner(S3K_MON, m, cap), 2);
}

/* The receiver takes what comes in its own time. */
static void test_no_time_lent(void)
{
    const uint64_t long_service[7] = { S3K_IPC_REPLYRECV, SINK, 0, 0, S3K_NONE, 0, 1000000 };

    channel(S3K_BSYNC, 0);
    puppet_post(2, PUPPET_CALL, long_service);
    (void)puppet_done(2);
    (void)s3k_do(S3K_MON_TSL_SET, S3K_CAP_MON(2), PUPPET_TSL(2), 0, 0, 0, 0);
    post(3, S3K_IPC_CALL, SOURCE, 6, S3K_NONE, 0);
    tap_true("no time lent: a server without time does not run", !puppet_done(2));
    (void)s3k_do(S3K_MON_TSL_SET, S3K_CAP_MON(2), PUPPET_TSL(2), 1, 0, 0, 0);
    tap_true("no time lent: a call arrives, however long its service", got(2, 6, S3K_NONE, 0));
    tap_true("no time lent: the caller waits", puppet(3)->todo != PUPPET_IDLE);
    post(2, S3K_IPC_REPLYRECV, SINK, 7, S3K_NONE, 0);
    tap_true("no time lent: the answer arrives", got(3, 7, S3K_NONE, 0));
    tap_true("no time lent: the server waits", puppet(2)->todo != PUPPET_IDLE);
    puppet_break_off(2);
    tap_true("no time lent: a wait that is broken off", puppet_done(2) && (int64_t)puppet(2)->result[0] < 0);
    channel(S3K_USYNC, 0);
    post(2, S3K_IPC_RECV, SINK, 0, S3K_NONE, 0);
    post(3, S3K_IPC_SEND, SOURCE, 8, S3K_NONE, 0);
    tap_true("no time lent: what is sent arrives", got(2, 8, S3K_NONE, 0));
}

static void test_mailbox(void)
{
    channel(S3K_ASYNC, 0);
    tap_equal("mailbox: empty", (uint64_t)puppet_do(2, S3K_IPC_ARECV, (uint64_t[6]){ SINK }), S3K_OK);
    tap_equal("mailbox: holds 0", puppet(2)->result[1], 0);
    tap_equal("mailbox: a word", (uint64_t)puppet_do(3, S3K_IPC_ASEND, (uint64_t[6]){ SOURCE, 9 }), S3K_OK);
    tap_equal("mailbox: another", (uint64_t)puppet_do(3, S3K_IPC_ASEND, (uint64_t[6]){ SOURCE, 10 }), S3K_OK);
    tap_equal("mailbox: looked into", (uint64_t)puppet_do(2, S3K_IPC_ARECV, (uint64_t[6]){ SINK }), S3K_OK);
    tap_equal("mailbox: holds the last", puppet(2)->result[1], 10);
    tap_equal("mailbox: by the wrong end", (uint64_t)puppet_do(3, S3K_IPC_ARECV, (uint64_t[6]){ SOURCE }),
              (uint64_t)S3K_ERR_ACCESS);
}

/* Process 3 gives its own time away, and is not heard of again. */
static void test_time_travels(void)
{
    channel(S3K_BSYNC, S3K_YIELD | S3K_SEND_TSL);
    post(2, S3K_IPC_REPLYRECV, SINK, 0, S3K_NONE, 0);
    post(3, S3K_IPC_CALL, SOURCE, 11, S3K_TSL, PUPPET_TSL(3));
    tap_true("capability: time comes with the call", got(2, 11, S3K_TSL, PUPPET_TSL(3)));
    tap_equal("capability: it is the server's", owner(S3K_TSL, S3K_CAP_TIME, PUPPET_TSL(3)), 2);
    puppet_break_off(3);
    tap_true("capability: without it its process does not run", !puppet_done(3));
}

void test_ipc_caps(void)
{
    test_memory_travels();
    test_two_ends();
    test_send();
    test_no_time_lent();
    test_mailbox();
    test_time_travels();
}
