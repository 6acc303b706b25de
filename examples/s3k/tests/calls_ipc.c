/* SPDX-License-Identifier: MIT */
/* IPC: ends, messages, and who runs on whose time. Process 2 serves, 3 and 4 call. */
#include "puppet.h"
#include "tap.h"

#define SINK 12u /* the first child of four entries */
#define SOURCE_3 15u
#define SOURCE_4 14u
#define DERIVE(i, csize, mode, flags) S3K_IPC_DERIVE, { i, csize, mode, flags }

static const struct tap_row ends[] = {
    { "ipc: introspect an index beyond the table", S3K_IPC_INTROSPECT, { 16, 0 }, S3K_ERR_ACCESS },
    { "ipc: derive from an index beyond the table", DERIVE(16, 1, S3K_BSYNC, 0), S3K_ERR_ACCESS },
    { "ipc: no table entry", DERIVE(0, 0, S3K_BSYNC, 0), S3K_ERR_ARGUMENT },
    { "ipc: all entries", DERIVE(0, 16, S3K_BSYNC, 0), S3K_ERR_ARGUMENT },
    { "ipc: a root with flags", DERIVE(0, 1, S3K_ROOT, S3K_YIELD), S3K_ERR_ARGUMENT },
    { "ipc: no such mode", DERIVE(0, 1, 4, 0), S3K_ERR_ARGUMENT },
    { "ipc: no such flag", DERIVE(0, 1, S3K_BSYNC, 32), S3K_ERR_ARGUMENT },
    { "ipc: a server's end", DERIVE(0, 4, S3K_BSYNC, S3K_YIELD), SINK },
    { "ipc: a client's end of another mode", DERIVE(SINK, 1, S3K_USYNC, S3K_YIELD), S3K_ERR_ARGUMENT },
    { "ipc: a client's end with more flags", DERIVE(SINK, 1, S3K_BSYNC, S3K_YIELD | S3K_SEND_MEM), S3K_ERR_ARGUMENT },
    { "ipc: a client's end of two entries", DERIVE(SINK, 2, S3K_BSYNC, S3K_YIELD), S3K_ERR_ARGUMENT },
    { "ipc: a client's end, for process 3", S3K_MON_IPC_DERIVE, { S3K_CAP_MON(3), SINK, 1, S3K_BSYNC, S3K_YIELD },
      SOURCE_3 },
    { "ipc: a client's end, for process 4", S3K_MON_IPC_DERIVE, { S3K_CAP_MON(4), SINK, 1, S3K_BSYNC, S3K_YIELD },
      SOURCE_4 },
    { "ipc: one more", DERIVE(SINK, 1, S3K_BSYNC, S3K_YIELD), SINK + 1u },
    { "ipc: one too many", DERIVE(SINK, 1, S3K_BSYNC, S3K_YIELD), S3K_ERR_ARGUMENT },
    { "ipc: a client's end has no children", DERIVE(SINK + 1u, 1, S3K_BSYNC, S3K_YIELD), S3K_ERR_ARGUMENT },
    { "ipc: a server's end does not revoke", S3K_IPC_REVOKE, { SINK }, S3K_ERR_ARGUMENT },
    { "ipc: a call to itself, nobody waits", S3K_IPC_CALL, { SINK + 1u, 0, 0, 0, 0 }, S3K_ERR_STATE },
    { "ipc: a call by the server's end", S3K_IPC_CALL, { SINK, 0, 0, 0, 0 }, S3K_ERR_ACCESS },
    { "ipc: the server's end, for process 2", S3K_MON_IPC_GRANT, { S3K_CAP_MON(2), SINK }, S3K_OK },
};

static const struct tap_row client[] = {
    { "ipc: a call to a server that does not wait", S3K_IPC_CALL, { SOURCE_3, 1, 2, 0, 0 }, S3K_ERR_STATE },
    { "ipc: a call by another's end", S3K_IPC_CALL, { SOURCE_4, 0, 0, 0, 0 }, S3K_ERR_ACCESS },
    { "ipc: a call by an index beyond the table", S3K_IPC_CALL, { 16, 0, 0, 0, 0 }, S3K_ERR_ACCESS },
    { "ipc: a send where calls go", S3K_IPC_SEND, { SOURCE_3, 0, 0, 0, 0 }, S3K_ERR_ACCESS },
    { "ipc: a post where calls go", S3K_IPC_ASEND, { SOURCE_3, 0 }, S3K_ERR_ACCESS },
    { "ipc: a wait at a client's end", S3K_IPC_REPLYRECV, { SOURCE_3, 0, 0, 0, 0, 0 }, S3K_ERR_ACCESS },
    { "ipc: a receive at a client's end", S3K_IPC_RECV, { SOURCE_3, 0 }, S3K_ERR_ACCESS },
    { "ipc: a receive at another's end", S3K_IPC_RECV, { SINK, 0 }, S3K_ERR_ACCESS },
    { "ipc: a receive beyond the table", S3K_IPC_RECV, { 16u + PUPPET_MEM(3), 77 }, S3K_ERR_ACCESS },
    { "ipc: a reply at another's end", S3K_IPC_REPLY, { SINK, 0, 0, 0, 0 }, S3K_ERR_ACCESS },
};

static const struct tap_row server[] = {
    { "ipc: a reply to nobody", S3K_IPC_REPLY, { SINK, 0, 0, 0, 0 }, S3K_ERR_STATE },
    { "ipc: a look into a mailbox that is none", S3K_IPC_ARECV, { SINK }, S3K_ERR_ACCESS },
};

/* Has process pid begun what was posted? Two of its slices later it has. */
static void post(uint16_t pid, uint64_t call, uint64_t i, uint64_t word0, uint64_t word1, uint64_t us)
{
    const uint64_t a[7] = { call, i, word0, word1, 0, 0, us };

    puppet_post(pid, PUPPET_CALL, a);
    for (unsigned n = 0; n < 3; n++) {
        s3k_sleep_until(0);
    }
}

static bool got(uint16_t pid, uint64_t word0, uint64_t word1)
{
    const struct puppet *p = puppet(pid);

    return puppet_done(pid) && p->result[0] == S3K_OK && p->result[1] == word0 && p->result[2] == word1 &&
           p->result[3] == S3K_NONE && p->result[4] == 0;
}

static uint16_t caller(void)
{
    struct s3k_cap cap;

    return s3k_mon_introspect(S3K_CAP_MON(2), S3K_IPC, SINK, 0, &cap) == S3K_OK ? cap.end.source : 0;
}

static void test_calls(void)
{
    post(2, S3K_IPC_REPLYRECV, SINK, 0, 0, 0);
    tap_true("ipc: a server waits", puppet(2)->todo != PUPPET_IDLE);
    post(3, S3K_IPC_CALL, SOURCE_3, 0x1111, 0x2222, 0);
    tap_true("ipc: it gets the call's words, and no capability", got(2, 0x1111, 0x2222));
    tap_equal("ipc: it is told by which end", caller(), SOURCE_3);
    tap_true("ipc: the caller waits", puppet(3)->todo != PUPPET_IDLE);
    tap_equal("ipc: another's call meanwhile", (uint64_t)puppet_do(4, S3K_IPC_CALL, (uint64_t[6]){ SOURCE_4 }),
              (uint64_t)S3K_ERR_STATE);
    post(2, S3K_IPC_REPLYRECV, SINK, 0x3333, 0x4444, 0);
    tap_true("ipc: the caller gets the answer's words", got(3, 0x3333, 0x4444));
    tap_equal("ipc: a server that waits has no caller", caller(), SINK);
    post(4, S3K_IPC_CALL, SOURCE_4, 5, 6, 0);
    tap_true("ipc: the server waits again and gets the other's", got(2, 5, 6));
    tap_equal("ipc: it is told whose", caller(), SOURCE_4);
    post(2, S3K_IPC_REPLY, SINK, 7, 8, 0);
    tap_true("ipc: a reply alone", got(4, 7, 8) && puppet_done(2) && puppet(2)->result[0] == S3K_OK);
    tap_equal("ipc: the server then waits for nobody", (uint64_t)puppet_do(3, S3K_IPC_CALL, (uint64_t[6]){ SOURCE_3 }),
              (uint64_t)S3K_ERR_STATE);
}

static void test_time_given(void)
{
    post(2, S3K_IPC_REPLYRECV, SINK, 0, 0, 1000000);
    tap_equal("ipc: a call with less time than the server wants",
              (uint64_t)puppet_do(3, S3K_IPC_CALL, (uint64_t[6]){ SOURCE_3 }), (uint64_t)S3K_ERR_STATE);
    tap_true("ipc: it did not wake the server", puppet(2)->todo != PUPPET_IDLE);
    puppet_break_off(2);
    tap_true("ipc: a wait that is broken off", puppet_done(2) && (int64_t)puppet(2)->result[0] < 0);
    post(2, S3K_IPC_REPLYRECV, SINK, 0, 0, 0);
    (void)s3k_do(S3K_MON_TSL_SET, S3K_CAP_MON(2), PUPPET_TSL(2), 0, 0, 0, 0);
    post(3, S3K_IPC_CALL, SOURCE_3, 9, 10, 0);
    tap_true("ipc: a server without time runs on the caller's", got(2, 9, 10));
    (void)s3k_do(S3K_MON_TSL_SET, S3K_CAP_MON(2), PUPPET_TSL(2), 1, 0, 0, 0);
    puppet_break_off(3);
    tap_true("ipc: a call that is broken off", puppet_done(3));
    tap_equal("ipc: it says so", puppet(3)->result[0], (uint64_t)S3K_ERR_TIMEOUT);
    post(2, S3K_IPC_REPLYRECV, SINK, 11, 12, 0);
    tap_true("ipc: its answer reaches nobody, and the server waits",
             puppet(2)->todo != PUPPET_IDLE && puppet(3)->result[0] == (uint64_t)S3K_ERR_TIMEOUT);
    post(4, S3K_IPC_CALL, SOURCE_4, 13, 14, 0);
    tap_true("ipc: for the next", got(2, 13, 14));
    post(2, S3K_IPC_REPLY, SINK, 15, 16, 0);
    tap_true("ipc: who is answered", got(4, 15, 16));
}

void test_ipc(void)
{
    struct s3k_cap cap;

    TAP_ROWS(1, ends);
    TAP_ROWS(3, client);
    tap_true("ipc: no memory capability changed by that",
             s3k_mon_introspect(S3K_CAP_MON(3), S3K_MEM, PUPPET_MEM(3), 0, &cap) == S3K_OK &&
                 cap.range.base == PUPPET_BASE(3) && cap.range.size == PUPPET_SIZE);
    tap_true("ipc: nor by a child of no entries",
             s3k_introspect(S3K_MEM, S3K_CAP_RAM, 0, &cap) == S3K_OK && cap.range.base == 0x80000000u);
    TAP_ROWS(2, server);
    test_calls();
    test_time_given();
    tap_equal("ipc: all revoked", (uint64_t)s3k_revoke(S3K_IPC, S3K_CAP_IPC), 0);
    tap_equal("ipc: a client's end is gone", (uint64_t)puppet_do(3, S3K_IPC_CALL, (uint64_t[6]){ SOURCE_3 }),
              (uint64_t)S3K_ERR_ACCESS);
    tap_equal("ipc: the server's end is gone", (uint64_t)puppet_do(2, S3K_IPC_REPLYRECV, (uint64_t[6]){ SINK }),
              (uint64_t)S3K_ERR_ACCESS);
}
