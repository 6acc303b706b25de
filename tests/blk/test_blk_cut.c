/* SPDX-License-Identifier: MIT */
/** @file test_blk_cut.c A client that disconnects at any byte of a good session, and one that sends byte by byte. */
#include "request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAPE 64u

struct recorded {
    struct backend backend;
    struct front front;
    struct wire_message tape[TAPE];
    unsigned count;
};

static void record(struct recorded *x, uint64_t features)
{
    memset(x, 0, sizeof *x);
    backend_make(&x->backend);
    backend_start(&x->backend, "");
    front_make(&x->front, features | FRONT_DISK | VQG_F_VERSION_1, 1, 16);
    x->front.tape = x->tape;
    x->front.tape_size = TAPE;
    front_open(&x->front, &x->backend, true);
    request_assert_read(&x->front, 0, 1, 1, 0);
    (void)front_stop(&x->front, 0);
    x->count = x->front.taped;
    x->front.tape = NULL;
    front_hang_up(&x->front);
    backend_assert_left(&x->backend);
}

static void finish(struct recorded *x)
{
    front_remove(&x->front);
    backend_assert_nothing_kept(&x->backend);
    backend_end(&x->backend);
    backend_remove(&x->backend);
}

static bool is_answered(const struct wire_message *m)
{
    switch (m->header.request) {
    case VHOST_USER_GET_FEATURES:
    case VHOST_USER_GET_PROTOCOL_FEATURES:
    case VHOST_USER_GET_QUEUE_NUM:
    case VHOST_USER_GET_CONFIG:
    case VHOST_USER_GET_INFLIGHT_FD:
    case VHOST_USER_GET_VRING_BASE:
        return true;
    default:
        return (m->header.flags & VHOST_USER_FLAG_NEED_REPLY) != 0u;
    }
}

static void await_answer(int sock, const struct wire_message *m)
{
    struct wire_message answer;
    if (is_answered(m)) {
        assert_true(wire_receive(sock, &answer));
        assert_int_equal(answer.header.request, m->header.request);
        if (answer.fd_count != 0u) {
            (void)close(answer.fds[0]);
        }
    }
}

/* Sends the session up to `bytes` bytes of message `last`, and leaves. */
static void leave_at(struct recorded *x, unsigned last, size_t bytes)
{
    int sock = wire_connect(&x->backend);
    unsigned i;
    for (i = 0; i < last; i++) {
        assert_true(wire_send(sock, &x->tape[i], wire_bytes(&x->tape[i])));
        await_answer(sock, &x->tape[i]);
    }
    assert_true(wire_send(sock, &x->tape[last], bytes));
    if (bytes == wire_bytes(&x->tape[last])) {
        await_answer(sock, &x->tape[last]);
    }
    (void)close(sock);
    if (bytes == 0u || bytes == wire_bytes(&x->tape[last])) {
        backend_assert_left(&x->backend);
    } else {
        backend_assert_dropped(&x->backend, "it closed within a message");
    }
}

static void cut_everywhere(uint64_t features)
{
    static struct recorded x;
    unsigned last;
    size_t bytes;
    size_t cases = 0;
    record(&x, features);
    for (last = 0; last < x.count; last++) {
        for (bytes = 0; bytes <= wire_bytes(&x.tape[last]); bytes++) {
            leave_at(&x, last, bytes);
            request_honest_client(&x.backend);
            cases++;
        }
    }
    assert_true(cases > 400u); /* the session has all of the messages that QEMU sends */
    finish(&x);
}

static void client_that_leaves_at_any_byte_is_let_go_and_the_next_one_is_served(void **state)
{
    (void)state;
    cut_everywhere(0);
}

/* Without waiting for an answer: what comes of it is an answer that nobody takes, at most. */
static void client_that_leaves_its_answers_unread_is_let_go(void **state)
{
    static struct recorded x;
    unsigned last;
    (void)state;
    record(&x, FRONT_PACKED);
    for (last = 0; last < x.count; last++) {
        int sock = wire_connect(&x.backend);
        const char *line;
        unsigned i;
        for (i = 0; i <= last; i++) {
            (void)wire_send(sock, &x.tape[i], wire_bytes(&x.tape[i]));
        }
        (void)close(sock);
        line = backend_event(&x.backend, "client-gone");
        if (strstr(line, "\"reason\":\"closed\"") == NULL) {
            assert_non_null(strstr(line, "\"reason\":\"it does not take its answers\""));
            assert_string_equal(backend_log(&x.backend),
                                "vqguard-blk: the client is dropped: it does not take its answers\n");
        }
        backend_assert_quiet(&x.backend);
        request_honest_client(&x.backend);
    }
    finish(&x);
}

static void session_that_comes_byte_by_byte_is_served(void **state)
{
    static struct recorded x;
    unsigned i;
    (void)state;
    record(&x, 0);
    x.front.sock = wire_connect(&x.backend);
    front_reset_queue(&x.front, 0);
    /* Without its end, which stops the queue. */
    for (i = 0; i + 1u < x.count; i++) {
        unsigned char bytes[sizeof x.tape[i].header + sizeof x.tape[i].payload];
        size_t at;
        memcpy(bytes, &x.tape[i].header, sizeof x.tape[i].header);
        memcpy(bytes + sizeof x.tape[i].header, &x.tape[i].payload, sizeof x.tape[i].payload);
        assert_true(wire_send(x.front.sock, &x.tape[i], 1));
        for (at = 1; at < wire_bytes(&x.tape[i]); at++) {
            assert_int_equal(write(x.front.sock, bytes + at, 1), 1);
        }
        await_answer(x.front.sock, &x.tape[i]);
    }
    request_assert_read(&x.front, 0, 1, 1, 0);
    front_hang_up(&x.front);
    backend_assert_left(&x.backend);
    finish(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_that_leaves_at_any_byte_is_let_go_and_the_next_one_is_served),
        cmocka_unit_test(client_that_leaves_its_answers_unread_is_let_go),
        cmocka_unit_test(session_that_comes_byte_by_byte_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
