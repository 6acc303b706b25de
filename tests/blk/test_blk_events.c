/* SPDX-License-Identifier: MIT */
/** @file test_blk_events.c Kicks, calls and errors that are none, or that make the back end wait. */
#include "one_util.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define NO_EVENT "a file descriptor that is neither memory nor an event"

static void leave(struct front *f)
{
    front_remove(f);
    backend_assert_left(&one()->backend);
    request_honest_client(&one()->backend);
}

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
        int sock = wire_connect(&one()->backend);
        assert_true(wire_send(sock, &m, wire_bytes(&m)));
        backend_assert_dropped(&one()->backend, NO_EVENT);
        (void)close(sock);
        request_honest_client(&one()->backend);
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
        int sock = wire_connect(&one()->backend);
        const struct wire_message m = event_message(VHOST_USER_SET_VRING_ERR, sock);
        assert_true(wire_send(sock, &m, cuts[i]));
        (void)close(sock);
        backend_assert_dropped(&one()->backend, NO_EVENT);
        request_honest_client(&one()->backend);
    }
}

/* Makes an eventfd full, after all interrupts that are on their way. */
static void fill(struct front *f)
{
    const uint64_t full = UINT64_MAX - 1u;
    uint64_t before;
    (void)front_ask_number(f, VHOST_USER_GET_FEATURES);
    if (read(f->queue[0].call, &before, sizeof before) < 0) {
        assert_int_equal(errno, EAGAIN);
    }
    assert_int_equal(write(f->queue[0].call, &full, sizeof full), sizeof full);
}

/* An eventfd that is full, and waits although it was told not to. */
static void client_that_makes_its_interrupts_wait(void **state)
{
    struct request r = {.type = VQG_BLK_T_IN, .bytes = 512};
    struct front f;
    (void)state;
    front_make(&f, VQG_F_VERSION_1, 2, 16);
    front_open(&f, &one()->backend, false);
    request_assert_read(&f, 0, 1, 1, 0);
    fill(&f);
    assert_int_equal(fcntl(f.queue[0].call, F_SETFL, 0), 0);
    assert_false(vqg_driver_callback_enable(&f.queue[0].driver));
    request_add(&f, 0, &r);
    request_kick(&f, 0);
    backend_assert_dropped(&one()->backend, "it makes its interrupts wait");
    assert_int_equal(request_take(&f, 0), 1);
    assert_true(request_holds(&f, &r, 0));
    front_remove(&f);
    request_honest_client(&one()->backend);
}

/* One that is full and does not wait has been told enough. */
static void interrupts_that_nobody_takes_are_let_be(void **state)
{
    struct request r = {.type = VQG_BLK_T_IN, .bytes = 512};
    struct front f;
    (void)state;
    front_make(&f, VQG_F_VERSION_1, 1, 16);
    front_open(&f, &one()->backend, false);
    request_assert_read(&f, 0, 1, 1, 0);
    fill(&f);
    assert_false(vqg_driver_callback_enable(&f.queue[0].driver));
    request_add(&f, 0, &r);
    request_kick(&f, 0);
    while (r.ended == 0u) {
        (void)request_take(&f, 0);
    }
    leave(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE(events_that_are_none),
        ON_ONE(client_that_hands_over_its_own_end),
        ON_ONE(client_that_makes_its_interrupts_wait),
        ON_ONE(interrupts_that_nobody_takes_are_let_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
