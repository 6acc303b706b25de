/* SPDX-License-Identifier: MIT */
/** @file test_blk_order.c Orders out of their order, and clients out of their turn. */
#include "one_util.h"

#include <string.h>
#include <sys/socket.h>

static void assert_dropped_while_it_runs(const struct wire_message *m, const char *reason)
{
    struct front f;
    struct wire_message message = *m;
    front_make(&f, VQG_F_VERSION_1, 2, 16);
    front_open(&f, &one()->backend, true);
    request_assert_read(&f, 1, 4, 1, 0);
    if (message.fd_count != 0u) {
        message.fds[0] = f.region;
        message.payload.inflight = f.said;
    }
    front_tell(&f, &message);
    backend_assert_dropped(&one()->backend, reason);
    front_remove(&f);
    request_honest_client(&one()->backend);
}

static void queue_that_runs_is_not_configured(void **state)
{
    static const char reason[] = "a queue that runs is configured (rule Q8)";
    struct wire_message m = wire_make(VHOST_USER_SET_VRING_NUM, 8);
    (void)state;
    m.payload.state.index = 1;
    m.payload.state.num = 16;
    assert_dropped_while_it_runs(&m, reason);
    m.header.request = VHOST_USER_SET_VRING_BASE;
    assert_dropped_while_it_runs(&m, reason);
    m = front_rings(1);
    assert_dropped_while_it_runs(&m, reason);
    m = wire_make(VHOST_USER_SET_FEATURES, 8);
    m.payload.number = VQG_F_VERSION_1;
    assert_dropped_while_it_runs(&m, "other features while a queue runs (rule Q8)");
    m = wire_make(VHOST_USER_SET_INFLIGHT_FD, VHOST_USER_INFLIGHT_BYTES);
    m.fd_count = 1;
    assert_dropped_while_it_runs(&m, "another region of what is in flight while a queue runs");
    m = wire_make(VHOST_USER_SET_VRING_KICK, 8);
    m.payload.number = VHOST_USER_VRING_NO_FD | 1u;
    assert_dropped_while_it_runs(&m, "a queue to be polled without kicks");
}

/* The messages of a session, shuffled, some twice, some left out: what is wrong is said, and nothing more happens. */
static void sessions_in_any_order(void **state)
{
    static struct wire_message tape[64];
    struct front f;
    uint64_t seed = 1;
    unsigned count;
    unsigned session;
    (void)state;
    front_make(&f, VQG_F_VERSION_1, 2, 16);
    f.tape = tape;
    f.tape_size = 64;
    front_open(&f, &one()->backend, true);
    (void)front_stop(&f, 0);
    count = f.taped;
    f.tape = NULL;
    front_hang_up(&f);
    backend_assert_left(&one()->backend);
    for (session = 0; session < 2000u; session++) {
        const unsigned messages = 1u + (unsigned)(random_next(&seed) % 40u);
        int sock = wire_connect(&one()->backend);
        unsigned lines = 0;
        const char *log;
        const char *event;
        unsigned i;
        for (i = 0; i < messages; i++) {
            const struct wire_message *m = &tape[random_next(&seed) % count];
            (void)wire_send(sock, m, wire_bytes(m));
        }
        (void)shutdown(sock, SHUT_WR);
        event = backend_event(&one()->backend, "client-gone");
        log = backend_log(&one()->backend);
        for (i = 0; log[i] != '\0'; i++) {
            lines += log[i] == '\n' ? 1u : 0u;
        }
        /* A line about each start of a queue that cannot be, and one about the client. */
        assert_true(lines <= messages);
        assert_int_equal(strstr(log, "the client is dropped: ") != NULL, strstr(event, "\"closed\"") == NULL);
        (void)close(sock);
        backend_assert_quiet(&one()->backend);
        if (session % 20u == 0u) {
            request_honest_client(&one()->backend);
        }
    }
    front_remove(&f);
}

/* A client that comes while another one is served waits, and is served. */
static void clients_wait_for_their_turn(void **state)
{
    struct front f;
    struct wire_message ask = wire_make(VHOST_USER_GET_QUEUE_NUM, 0);
    struct wire_message answer;
    int next;
    (void)state;
    front_make(&f, VQG_F_VERSION_1, 2, 16);
    front_open(&f, &one()->backend, false);
    next = wire_connect(&one()->backend);
    assert_true(wire_send(next, &ask, wire_bytes(&ask)));
    request_assert_read(&f, 0, 1, 1, 0);
    front_remove(&f);
    backend_assert_left(&one()->backend);
    assert_true(wire_receive(next, &answer));
    assert_int_equal(answer.payload.number, 2);
    (void)close(next);
    backend_assert_left(&one()->backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE(queue_that_runs_is_not_configured),
        ON_ONE(sessions_in_any_order),
        ON_ONE(clients_wait_for_their_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
