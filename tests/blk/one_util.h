/* SPDX-License-Identifier: MIT */
/** @file one_util.h Tests of hostile clients on one back end: the next client is served by the same process. */
#ifndef VQG_TEST_BLK_ONE_UTIL_H
#define VQG_TEST_BLK_ONE_UTIL_H

#include "request.h"

#include <sys/mman.h>
#include <unistd.h>

struct one {
    struct backend backend;
    int file; /* of 64 KiB, that a client shares */
};

static inline struct one *one(void)
{
    static struct one only;
    return &only;
}

static inline int one_begin(void **state)
{
    (void)state;
    backend_make(&one()->backend);
    backend_start(&one()->backend, "--queues 2");
    one()->file = memfd_create("shared", MFD_CLOEXEC);
    return one()->file < 0 || ftruncate(one()->file, 65536) != 0 ? -1 : 0;
}

static inline int one_end(void **state)
{
    (void)state;
    (void)close(one()->file);
    request_honest_client(&one()->backend);
    backend_assert_nothing_kept(&one()->backend);
    backend_end(&one()->backend);
    backend_remove(&one()->backend);
    return 0;
}

#define ON_ONE(test) cmocka_unit_test_setup_teardown(test, one_begin, one_end)

/* A client that sends that message, and no other, is dropped for that reason; without one it may stay. */
static inline void one_assert_reason(const struct wire_message *m, const char *reason)
{
    const size_t most = sizeof m->header + sizeof m->payload;
    int sock = wire_connect(&one()->backend);
    assert_true(wire_send(sock, m, wire_bytes(m) < most ? wire_bytes(m) : most));
    if (reason != NULL) {
        backend_assert_dropped(&one()->backend, reason);
        (void)close(sock);
    } else {
        struct wire_message ask = wire_make(VHOST_USER_GET_QUEUE_NUM, 0);
        struct wire_message answer;
        assert_true(wire_send(sock, &ask, wire_bytes(&ask)));
        do {
            assert_true(wire_receive(sock, &answer));
        } while (m->header.request != VHOST_USER_GET_QUEUE_NUM && answer.header.request == m->header.request);
        assert_int_equal(answer.header.request, VHOST_USER_GET_QUEUE_NUM);
        assert_int_equal(answer.payload.number, 2);
        if (m->header.request == VHOST_USER_GET_QUEUE_NUM) {
            assert_true(wire_receive(sock, &answer));
        }
        (void)close(sock);
        backend_assert_left(&one()->backend);
    }
    request_honest_client(&one()->backend);
}

/* A message of zeroes with that many descriptors. */
static inline struct wire_message one_with_fds(uint32_t request, uint32_t bytes, unsigned count)
{
    struct wire_message m = wire_make(request, bytes);
    for (m.fd_count = 0; m.fd_count < count; m.fd_count++) {
        m.fds[m.fd_count] = one()->file;
    }
    return m;
}

#endif
