/* SPDX-License-Identifier: MIT */
/** @file test_blk_messages.c Messages that are none: each is refused for its reason, which is said once. */
#include "one_util.h"

#define NUMBERS 65u
#define SIZE_REASON "a message of the wrong size"
#define FDS_REASON "more file descriptors than the message takes"
#define EVENT_REASON "an event without its file descriptor"

/* What the protocol says of a message of zeroes: its sizes, its descriptors, and what is wrong with it. */
struct kind {
    uint32_t request;
    uint32_t least;
    uint32_t most;
    unsigned fds;
    const char *bare;    /* without a descriptor; null: nothing */
    const char *with_fd; /* with one, of a file */
};

static const struct kind kinds[] = {
    {1, 0, 0, 0, NULL, FDS_REASON},
    {2, 8, 8, 0, NULL, FDS_REASON},
    {3, 0, 0, 0, NULL, FDS_REASON},
    {4, 0, 0, 0, NULL, FDS_REASON},
    {5, 8, 264, 8, NULL, "a region of memory without its file descriptor"},
    {8, 8, 8, 0, "a queue of no possible size (rule Q1)", FDS_REASON},
    {9, 40, 40, 0, NULL, FDS_REASON},
    {10, 8, 8, 0, NULL, FDS_REASON},
    {11, 8, 8, 0, NULL, FDS_REASON},
    {12, 8, 8, 1, EVENT_REASON, "an event that is no eventfd"},
    {13, 8, 8, 1, EVENT_REASON, "an event that is no eventfd"},
    {14, 8, 8, 1, EVENT_REASON, "an event that is no eventfd"},
    {15, 0, 0, 0, NULL, FDS_REASON},
    {16, 8, 8, 0, NULL, FDS_REASON},
    {17, 0, 0, 0, NULL, FDS_REASON},
    {18, 8, 8, 0, NULL, FDS_REASON},
    {24, 12, 268, 0, NULL, FDS_REASON},
    {25, 12, 268, 0, NULL, FDS_REASON},
    {31, 20, 24, 0, "a region of what is in flight for no possible queues", FDS_REASON},
    {32, 20, 24, 1, "a region of what is in flight without its file descriptor",
     "a region of what is in flight that is too small, or misaligned"},
};

static const struct kind *kind_of(uint32_t request)
{
    size_t i;
    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].request == request) {
            return &kinds[i];
        }
    }
    return NULL;
}

static void each_number_with_wrong_sizes(void **state)
{
    uint32_t request;
    (void)state;
    for (request = 0; request < NUMBERS; request++) {
        const struct kind *k = kind_of(request);
        const uint32_t sizes[] = {0, k == NULL ? 8u : k->least - 1u, k == NULL ? 264u : k->most + 1u, UINT32_MAX};
        size_t i;
        for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            const struct wire_message m = wire_make(request, sizes[i]);
            if (k == NULL) {
                one_assert_reason(&m, "a message of no known kind");
            } else if (sizes[i] < k->least || sizes[i] > k->most) {
                one_assert_reason(&m, SIZE_REASON);
            } else {
                one_assert_reason(&m, k->bare);
            }
        }
    }
}

static void each_number_with_each_number_of_descriptors(void **state)
{
    static const unsigned counts[] = {0, 1, 8, 9};
    uint32_t request;
    size_t i;
    (void)state;
    for (request = 0; request < NUMBERS; request++) {
        const struct kind *k = kind_of(request);
        for (i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            const struct wire_message m = one_with_fds(request, k == NULL ? 0u : k->least, counts[i]);
            if (counts[i] == 9u) {
                one_assert_reason(&m, "more file descriptors than a message may have");
            } else if (k == NULL) {
                one_assert_reason(&m, "a message of no known kind");
            } else if (counts[i] > k->fds) {
                one_assert_reason(&m, FDS_REASON);
            } else {
                one_assert_reason(&m, counts[i] == 0u ? k->bare : k->with_fd);
            }
        }
    }
}

static void numbers_far_beyond(void **state)
{
    static const uint32_t numbers[] = {256, 0x10001, 0x80000001, UINT32_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const struct wire_message m = wire_make(numbers[i], 0);
        one_assert_reason(&m, "a message of no known kind");
    }
}

static void wrong_versions_and_answers(void **state)
{
    uint32_t flags;
    (void)state;
    for (flags = 0; flags < 16u; flags++) {
        struct wire_message m = wire_make(VHOST_USER_GET_FEATURES, 0);
        m.header.flags = flags;
        if ((flags & 3u) != 1u) {
            one_assert_reason(&m, "a message of another version of the protocol");
        } else {
            one_assert_reason(&m, (flags & 4u) != 0u ? "an answer to no question" : NULL);
        }
    }
}

static void orders_without_effect_are_answered_so(void **state)
{
    struct wire_message m = wire_make(VHOST_USER_SET_PROTOCOL_FEATURES, 8);
    struct wire_message answer;
    int sock = wire_connect(&one()->backend);
    (void)state;
    m.payload.number = VHOST_USER_PROTOCOL_F_REPLY_ACK;
    assert_true(wire_send(sock, &m, wire_bytes(&m)));
    m = wire_make(VHOST_USER_SET_CONFIG, 13);
    m.header.flags |= VHOST_USER_FLAG_NEED_REPLY;
    m.payload.config.size = 1;
    assert_true(wire_send(sock, &m, wire_bytes(&m)));
    assert_true(wire_receive(sock, &answer));
    assert_int_equal(answer.payload.number, 1);
    m.header.request = VHOST_USER_SET_OWNER;
    m.header.size = 0;
    assert_true(wire_send(sock, &m, wire_bytes(&m)));
    assert_true(wire_receive(sock, &answer));
    assert_int_equal(answer.payload.number, 0);
    (void)close(sock);
    backend_assert_left(&one()->backend);
}

static void client_that_never_reads_its_answers(void **state)
{
    const struct wire_message m = wire_make(VHOST_USER_GET_FEATURES, 0);
    int sock = wire_connect(&one()->backend);
    (void)state;
    while (wire_send(sock, &m, wire_bytes(&m))) {
    }
    backend_assert_dropped(&one()->backend, "it does not take its answers");
    (void)close(sock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE(each_number_with_wrong_sizes),
        ON_ONE(each_number_with_each_number_of_descriptors),
        ON_ONE(numbers_far_beyond),
        ON_ONE(wrong_versions_and_answers),
        ON_ONE(orders_without_effect_are_answered_so),
        ON_ONE(client_that_never_reads_its_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
