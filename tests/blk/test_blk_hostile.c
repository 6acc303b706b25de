/* SPDX-License-Identifier: MIT */
/** @file test_blk_hostile.c Messages that are good ones, of clients who are not: events, rings, orders out of order. */
#include "request.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define NO_EVENT "a file descriptor that is neither memory nor an event"
#define NOT_STARTED "vqguard-blk: queue %u is not started: "

static struct backend backend;

static int begin(void **state)
{
    (void)state;
    backend_make(&backend);
    backend_start(&backend, "--queues 2");
    return 0;
}

static int end(void **state)
{
    (void)state;
    request_honest_client(&backend);
    backend_assert_nothing_kept(&backend);
    backend_end(&backend);
    backend_remove(&backend);
    return 0;
}

static void leave(struct front *f)
{
    front_remove(f);
    backend_assert_left(&backend);
    request_honest_client(&backend);
}

/* ---- events ---- */

static struct wire_message event_message(uint32_t request, int fd)
{
    struct wire_message m = wire_make(request, 8);
    m.fds[0] = fd;
    m.fd_count = 1;
    return m;
}

static void assert_no_event(int fd)
{
    static const uint32_t requests[] = {VHOST_USER_SET_VRING_KICK, VHOST_USER_SET_VRING_CALL, VHOST_USER_SET_VRING_ERR};
    size_t i;
    for (i = 0; i < 3u; i++) {
        const struct wire_message m = event_message(requests[i], fd);
        int sock = wire_connect(&backend);
        assert_true(wire_send(sock, &m, wire_bytes(&m)));
        backend_assert_dropped(&backend, NO_EVENT);
        (void)close(sock);
        request_honest_client(&backend);
    }
}

static void events_that_are_none(void **state)
{
    int ends[2];
    int other = epoll_create1(EPOLL_CLOEXEC);
    (void)state;
    assert_no_event(other);
    (void)close(other);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_no_event(ends[0]);
    (void)close(ends[1]);
    assert_no_event(ends[0]); /* whose writer has gone */
    (void)close(ends[0]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_no_event(ends[0]);
    (void)close(ends[0]);
    (void)close(ends[1]);
    other = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_no_event(other);
    (void)close(other);
    other = open("/dev/zero", O_RDWR | O_CLOEXEC);
    assert_no_event(other);
    (void)close(other);
}

/* The back end that keeps the client's own end would never see it close, and serve nobody else. */
static void client_that_hands_over_its_own_end(void **state)
{
    static const size_t cuts[] = {1, 12, 20};
    size_t i;
    (void)state;
    for (i = 0; i < 3u; i++) {
        int sock = wire_connect(&backend);
        const struct wire_message m = event_message(VHOST_USER_SET_VRING_ERR, sock);
        assert_true(wire_send(sock, &m, cuts[i]));
        (void)close(sock);
        backend_assert_dropped(&backend, NO_EVENT);
        request_honest_client(&backend);
    }
}

/* An eventfd that is full, and waits although it was told not to. */
static void client_that_makes_its_interrupts_wait(void **state)
{
    const uint64_t full = UINT64_MAX - 1u;
    struct request r = {.type = VQG_BLK_T_IN, .bytes = 512};
    struct front f;
    (void)state;
    front_make(&f, VQG_F_VERSION_1, 2, 16);
    front_open(&f, &backend, false);
    request_assert_read(&f, 0, 1, 1, 0);
    assert_int_equal(write(f.queue[0].call, &full, sizeof full), sizeof full);
    assert_int_equal(fcntl(f.queue[0].call, F_SETFL, 0), 0);
    assert_false(vqg_driver_callback_enable(&f.queue[0].driver));
    request_add(&f, 0, &r);
    request_kick(&f, 0);
    backend_assert_dropped(&backend, "it makes its interrupts wait");
    assert_int_equal(request_take(&f, 0), 1);
    assert_true(request_holds(&f, &r, 0));
    front_remove(&f);
    request_honest_client(&backend);
}

/* One that is full and does not wait has been told enough. */
static void interrupts_that_nobody_takes_are_let_be(void **state)
{
    const uint64_t full = UINT64_MAX - 1u;
    struct request r = {.type = VQG_BLK_T_IN, .bytes = 512};
    struct front f;
    (void)state;
    front_make(&f, VQG_F_VERSION_1, 1, 16);
    front_open(&f, &backend, false);
    request_assert_read(&f, 0, 1, 1, 0);
    assert_int_equal(write(f.queue[0].call, &full, sizeof full), sizeof full);
    assert_false(vqg_driver_callback_enable(&f.queue[0].driver));
    request_add(&f, 0, &r);
    request_kick(&f, 0);
    while (r.ended == 0u) {
        (void)request_take(&f, 0);
    }
    leave(&f);
}

/* ---- rings ---- */

/* Opens two queues, the second one with its rings as given; it is refused in these words, once, and the first serves. */
static void assert_rings_refused(uint64_t features, uint32_t size, uint64_t desc, uint64_t avail, uint64_t used,
                                 const char *words)
{
    struct front f;
    struct wire_message rings = front_rings(1);
    struct wire_message kick;
    char wanted[BACKEND_LINE];
    front_make(&f, features | VQG_F_VERSION_1, 2, 16);
    front_connect(&f, &backend, false);
    front_share(&f);
    front_start(&f, 0, (features & FRONT_PACKED) != 0u ? 0x80008000u : 0u);
    kick = event_message(VHOST_USER_SET_VRING_KICK, f.queue[1].kick);
    kick.payload.number = 1;
    rings.payload.addr.desc = desc;
    rings.payload.addr.avail = avail;
    rings.payload.addr.used = used;
    front_tell_state(&f, VHOST_USER_SET_VRING_NUM, 1, size);
    front_tell_state(&f, VHOST_USER_SET_VRING_BASE, 1, (features & FRONT_PACKED) != 0u ? 0x80008000u : 0u);
    front_tell(&f, &rings);
    front_tell(&f, &kick);
    front_tell_state(&f, VHOST_USER_SET_VRING_ENABLE, 1, 1);
    (void)front_ask_number(&f, VHOST_USER_GET_FEATURES);
    (void)snprintf(wanted, sizeof wanted, NOT_STARTED "%s\n", 1u, words);
    assert_string_equal(backend_log(&backend), wanted);
    request_assert_read(&f, 0, 9, 1, 0);
    leave(&f);
}

static void rings_where_none_can_be(void **state)
{
    static const char nowhere[] = "its rings are not in memory of the guest, or over another queue's";
    const uint64_t own = FRONT_RINGS_USER + FRONT_QUEUE_BYTES;
    const uint64_t avail = own + FRONT_AVAIL;
    const uint64_t used = own + FRONT_USED;
    const uint64_t last = FRONT_RINGS_USER + FRONT_RINGS_BYTES;
    (void)state;
    assert_rings_refused(0, 16, 0, avail, used, nowhere);
    assert_rings_refused(0, 16, own, UINT64_MAX, used, nowhere);
    assert_rings_refused(0, 16, own, avail, last, nowhere);
    assert_rings_refused(0, 16, FRONT_RINGS_GUEST + FRONT_QUEUE_BYTES, avail, used, nowhere); /* that is the guest's */
    assert_rings_refused(0, 16, FRONT_RINGS_USER, avail, used, nowhere);
    assert_rings_refused(0, 16, own, FRONT_RINGS_USER + FRONT_USED + 130u, used, nowhere);
    assert_rings_refused(FRONT_PACKED, 16, own, FRONT_RINGS_USER + 16u, used, nowhere);
}

static void rings_that_break_a_rule(void **state)
{
    const uint64_t own = FRONT_RINGS_USER + FRONT_QUEUE_BYTES;
    const uint64_t avail = own + FRONT_AVAIL;
    const uint64_t used = own + FRONT_USED;
    const uint64_t last = FRONT_RINGS_USER + FRONT_RINGS_BYTES;
    char words[BACKEND_LINE];
    (void)state;
    (void)snprintf(words, sizeof words, "%s (rule Q5 QUEUE_ALIGN, value %llu, limit 16)",
                   vqg_status_text(VQG_BAD_DESC), (unsigned long long)(FRONT_RINGS_GUEST + FRONT_QUEUE_BYTES + 8u));
    assert_rings_refused(0, 16, own + 8u, avail, used, words);
    (void)snprintf(words, sizeof words, "%s (rule Q5 QUEUE_ALIGN, value %llu, limit 2)",
                   vqg_status_text(VQG_BAD_AVAIL),
                   (unsigned long long)(FRONT_RINGS_GUEST + FRONT_QUEUE_BYTES + FRONT_AVAIL + 1u));
    assert_rings_refused(0, 16, own, avail + 1u, used, words);
    (void)snprintf(words, sizeof words, "%s (rule Q5 QUEUE_ALIGN, value %llu, limit 4)",
                   vqg_status_text(VQG_BAD_USED),
                   (unsigned long long)(FRONT_RINGS_GUEST + FRONT_QUEUE_BYTES + FRONT_USED + 2u));
    assert_rings_refused(FRONT_PACKED, 16, own, avail, used + 2u, words);
    (void)snprintf(words, sizeof words, "%s (rule Q6 QUEUE_EXTENT, value %llu, limit 256)",
                   vqg_status_text(VQG_BAD_DESC),
                   (unsigned long long)(FRONT_RINGS_GUEST + FRONT_RINGS_BYTES - 240u));
    assert_rings_refused(0, 16, last - 240u, avail, used, words);
    (void)snprintf(words, sizeof words, "%s (rule Q7 QUEUE_DISJOINT, value %llu, limit %llu)",
                   vqg_status_text(VQG_BAD_AVAIL), (unsigned long long)(FRONT_RINGS_GUEST + FRONT_QUEUE_BYTES + 240u),
                   (unsigned long long)(FRONT_RINGS_GUEST + FRONT_QUEUE_BYTES));
    assert_rings_refused(0, 16, own, own + 240u, used, words);
    (void)snprintf(words, sizeof words, "%s (rule Q2 QUEUE_SIZE_SPLIT, value 3, limit 32768)",
                   vqg_status_text(VQG_BAD_SIZE));
    assert_rings_refused(0, 3, own, avail, used, words);
}

static void bases_where_no_queue_can_be(void **state)
{
    struct front f;
    char wanted[BACKEND_LINE];
    (void)state;
    front_make(&f, FRONT_PACKED | VQG_F_VERSION_1, 2, 16);
    front_connect(&f, &backend, false);
    front_share(&f);
    front_start(&f, 0, 0x80108010u);
    (void)front_ask_number(&f, VHOST_USER_GET_FEATURES);
    (void)snprintf(wanted, sizeof wanted, NOT_STARTED "%s (rule R7 RESTORE, value 16, limit 16)\n", 0u,
                   vqg_status_text(VQG_BAD_SAVED));
    assert_string_equal(backend_log(&backend), wanted);
    front_start(&f, 1, 0x80008001u);
    (void)front_ask_number(&f, VHOST_USER_GET_FEATURES);
    (void)snprintf(wanted, sizeof wanted, NOT_STARTED "%s (rule R7 RESTORE, value 32768, limit 32769)\n", 1u,
                   vqg_status_text(VQG_BAD_SAVED));
    assert_string_equal(backend_log(&backend), wanted);
    leave(&f);
    /* Split: a base that the index of the ring contradicts. */
    front_make(&f, VQG_F_VERSION_1, 2, 16);
    front_connect(&f, &backend, false);
    front_share(&f);
    front_start(&f, 0, 5);
    (void)front_ask_number(&f, VHOST_USER_GET_FEATURES);
    (void)snprintf(wanted, sizeof wanted, NOT_STARTED "%s (rule R7 RESTORE, value 65531, limit 16)\n", 0u,
                   vqg_status_text(VQG_BAD_SAVED));
    assert_string_equal(backend_log(&backend), wanted);
    leave(&f);
}

/* ---- orders out of their order ---- */

static void assert_dropped_while_it_runs(const struct wire_message *m, const char *reason)
{
    struct front f;
    struct wire_message message = *m;
    front_make(&f, VQG_F_VERSION_1, 2, 16);
    front_open(&f, &backend, true);
    request_assert_read(&f, 1, 4, 1, 0);
    if (message.fd_count != 0u) {
        message.fds[0] = f.region;
        message.payload.inflight = f.said;
    }
    front_tell(&f, &message);
    backend_assert_dropped(&backend, reason);
    front_remove(&f);
    request_honest_client(&backend);
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
    front_open(&f, &backend, true);
    (void)front_stop(&f, 0);
    count = f.taped;
    f.tape = NULL;
    front_hang_up(&f);
    backend_assert_left(&backend);
    for (session = 0; session < 2000u; session++) {
        const unsigned messages = 1u + (unsigned)(random_next(&seed) % 40u);
        int sock = wire_connect(&backend);
        unsigned lines = 0;
        const char *log;
        const char *event;
        unsigned i;
        for (i = 0; i < messages; i++) {
            const struct wire_message *m = &tape[random_next(&seed) % count];
            (void)wire_send(sock, m, wire_bytes(m));
        }
        (void)shutdown(sock, SHUT_WR);
        event = backend_event(&backend, "client-gone");
        log = backend_log(&backend);
        for (i = 0; log[i] != '\0'; i++) {
            lines += log[i] == '\n' ? 1u : 0u;
        }
        /* A line about each start of a queue that cannot be, and one about the client. */
        assert_true(lines <= messages);
        assert_int_equal(strstr(log, "the client is dropped: ") != NULL, strstr(event, "\"closed\"") == NULL);
        (void)close(sock);
        backend_assert_quiet(&backend);
        if (session % 20u == 0u) {
            request_honest_client(&backend);
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
    front_open(&f, &backend, false);
    next = wire_connect(&backend);
    assert_true(wire_send(next, &ask, wire_bytes(&ask)));
    request_assert_read(&f, 0, 1, 1, 0);
    front_remove(&f);
    backend_assert_left(&backend);
    assert_true(wire_receive(next, &answer));
    assert_int_equal(answer.payload.number, 2);
    (void)close(next);
    backend_assert_left(&backend);
}

#define ON_ONE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE(events_that_are_none),
        ON_ONE(client_that_hands_over_its_own_end),
        ON_ONE(client_that_makes_its_interrupts_wait),
        ON_ONE(interrupts_that_nobody_takes_are_let_be),
        ON_ONE(rings_where_none_can_be),
        ON_ONE(rings_that_break_a_rule),
        ON_ONE(bases_where_no_queue_can_be),
        ON_ONE(queue_that_runs_is_not_configured),
        ON_ONE(sessions_in_any_order),
        ON_ONE(clients_wait_for_their_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
