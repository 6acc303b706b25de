/* SPDX-License-Identifier: MIT */
/** @file test_blk_refused.c Messages that are none: each is refused for its reason, said once; the next client is served. */
#include "request.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

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

static struct backend backend;
static int file; /* that a client shares */

static int begin(void **state)
{
    (void)state;
    backend_make(&backend);
    backend_start(&backend, "--queues 2");
    file = memfd_create("shared", MFD_CLOEXEC);
    return file < 0 || ftruncate(file, 65536) != 0 ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    (void)close(file);
    request_honest_client(&backend);
    backend_assert_nothing_kept(&backend);
    backend_end(&backend);
    backend_remove(&backend);
    return 0;
}

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

/* A client that sends that message, and no other, is dropped for that reason; without one it may stay. */
static void assert_reason(const struct wire_message *m, const char *reason)
{
    const size_t most = sizeof m->header + sizeof m->payload;
    int sock = wire_connect(&backend);
    assert_true(wire_send(sock, m, wire_bytes(m) < most ? wire_bytes(m) : most));
    if (reason != NULL) {
        backend_assert_dropped(&backend, reason);
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
        backend_assert_left(&backend);
    }
    request_honest_client(&backend);
}

static struct wire_message with_fds(uint32_t request, uint32_t bytes, unsigned count)
{
    struct wire_message m = wire_make(request, bytes);
    for (m.fd_count = 0; m.fd_count < count; m.fd_count++) {
        m.fds[m.fd_count] = file;
    }
    return m;
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
                assert_reason(&m, "a message of no known kind");
            } else if (sizes[i] < k->least || sizes[i] > k->most) {
                assert_reason(&m, SIZE_REASON);
            } else {
                assert_reason(&m, k->bare);
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
            const struct wire_message m = with_fds(request, k == NULL ? 0u : k->least, counts[i]);
            if (counts[i] == 9u) {
                assert_reason(&m, "more file descriptors than a message may have");
            } else if (k == NULL) {
                assert_reason(&m, "a message of no known kind");
            } else if (counts[i] > k->fds) {
                assert_reason(&m, FDS_REASON);
            } else {
                assert_reason(&m, counts[i] == 0u ? k->bare : k->with_fd);
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
        assert_reason(&m, "a message of no known kind");
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
            assert_reason(&m, "a message of another version of the protocol");
        } else {
            assert_reason(&m, (flags & 4u) != 0u ? "an answer to no question" : NULL);
        }
    }
}

static void features_that_were_not_offered(void **state)
{
    struct wire_message m = wire_make(VHOST_USER_SET_FEATURES, 8);
    unsigned bit;
    (void)state;
    for (bit = 0; bit < 64u; bit++) {
        /* SEG_MAX, BLK_SIZE, FLUSH, MQ, DISCARD, WRITE_ZEROES; INDIRECT_DESC, EVENT_IDX, PROTOCOL_FEATURES,
         * VERSION_1, RING_PACKED: bits 2, 6, 9, 12, 13, 14; 28, 29, 30, 32, 34 */
        const uint64_t offered = UINT64_C(0x570007244);
        m.payload.number = UINT64_C(1) << bit;
        assert_reason(&m, (m.payload.number & offered) != 0u ? NULL : "features that were not offered (rule T4)");
    }
    m = wire_make(VHOST_USER_SET_PROTOCOL_FEATURES, 8);
    for (bit = 0; bit < 64u; bit++) {
        /* MQ, REPLY_ACK, CONFIG, INFLIGHT_SHMFD */
        m.payload.number = UINT64_C(1) << bit;
        assert_reason(&m, bit == 0u || bit == 3u || bit == 9u || bit == 12u ? NULL
                                                                           : "protocol features that were not offered");
    }
}

static void queues_that_do_not_exist(void **state)
{
    static const uint32_t orders[] = {VHOST_USER_SET_VRING_NUM, VHOST_USER_SET_VRING_BASE, VHOST_USER_SET_VRING_ENABLE,
                                      VHOST_USER_GET_VRING_BASE, VHOST_USER_SET_VRING_ADDR};
    static const uint32_t events[] = {VHOST_USER_SET_VRING_KICK, VHOST_USER_SET_VRING_CALL, VHOST_USER_SET_VRING_ERR};
    static const uint32_t indices[] = {2, 64, 0x10000, 0x80000000, UINT32_MAX};
    int event = eventfd(0, EFD_CLOEXEC);
    size_t i;
    size_t n;
    (void)state;
    for (n = 0; n < sizeof indices / sizeof indices[0]; n++) {
        for (i = 0; i < sizeof orders / sizeof orders[0]; i++) {
            const uint32_t bytes = kind_of(orders[i])->least;
            struct wire_message m = wire_make(orders[i], bytes);
            m.payload.state.index = indices[n];
            assert_reason(&m, "a queue that does not exist (rule Q9)");
        }
        for (i = 0; i < sizeof events / sizeof events[0]; i++) {
            struct wire_message m = wire_make(events[i], 8);
            m.fds[0] = event;
            m.fd_count = 1;
            m.payload.number = indices[n];
            assert_reason(&m, "a queue that does not exist (rule Q9)");
        }
    }
    (void)close(event);
}

static void sizes_that_no_queue_has(void **state)
{
    static const uint32_t sizes[] = {0, 32769, 65536, UINT32_MAX};
    struct wire_message m = wire_make(VHOST_USER_SET_VRING_NUM, 8);
    size_t i;
    (void)state;
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        m.payload.state.num = sizes[i];
        assert_reason(&m, "a queue of no possible size (rule Q1)");
    }
}

/* A region of 4096 bytes of the file. */
static struct wire_message one_region(uint64_t guest, uint64_t bytes, uint64_t user, uint64_t offset)
{
    struct wire_message m = with_fds(VHOST_USER_SET_MEM_TABLE, 40, 1);
    m.payload.memory.count = 1;
    m.payload.memory.region[0] = (struct vhost_user_region){guest, bytes, user, offset};
    return m;
}

static void add_region(struct wire_message *m, uint64_t guest, uint64_t bytes, uint64_t user, uint64_t offset)
{
    const uint32_t n = m->payload.memory.count++;
    m->header.size += (uint32_t)sizeof(struct vhost_user_region);
    m->payload.memory.region[n] = (struct vhost_user_region){guest, bytes, user, offset};
    m->fds[m->fd_count++] = file;
}

static void tables_of_memory_that_cannot_be(void **state)
{
    static const char beyond[] = "a region of memory that its file does not have";
    static const char overlap[] = "regions of memory that overlap or wrap";
    static const char differ[] = "a table of memory whose count and size differ";
    static const char wraps[] = "a region of memory that wraps";
    const uint64_t high = UINT64_C(1) << 63;
    const struct {
        uint64_t guest;
        uint64_t bytes;
        uint64_t user;
        uint64_t offset;
        const char *reason;
    } single[] = {
        {0, 65536, 0, 0, NULL},
        {4096, 4096, 0, 61440, NULL},
        {0, 0, 0, 0, wraps},
        {0, 65537, 0, 0, beyond},
        {0, 4096, 0, 61441, beyond},
        {0, 1, 0, UINT64_MAX, beyond},
        {0, 4096, 0, UINT64_MAX - 4095u, beyond},
        {0, high, 0, high, beyond},
        {0, UINT64_MAX, 0, 0, beyond},
        {0, high - 1u, 0, 2, beyond},
        {UINT64_MAX - 4094u, 4096, 0, 0, overlap},
        {UINT64_MAX - 4095u, 4096, 0, 0, NULL},
        {0, 4096, UINT64_MAX - 4094u, 0, wraps},
        {0, 4096, UINT64_MAX - 4095u, 0, NULL},
    };
    struct wire_message m;
    uint32_t count;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof single / sizeof single[0]; i++) {
        m = one_region(single[i].guest, single[i].bytes, single[i].user, single[i].offset);
        assert_reason(&m, single[i].reason);
    }
    m = one_region(0x10000, 4096, 0, 0);
    add_region(&m, 0x10fff, 4096, 8192, 4096);
    assert_reason(&m, overlap);
    m = one_region(0x10000, 4096, 0, 0);
    add_region(&m, 0x20000, 4096, 8192, 4096);
    add_region(&m, 0xf001, 4096, 16384, 4096);
    assert_reason(&m, overlap);
    m = one_region(0x10000, 4096, 0, 0);
    for (count = 1; count < VHOST_USER_REGIONS; count++) {
        add_region(&m, 0x10000 * (count + 1u), 4096, 8192 * count, 4096 * count);
    }
    assert_reason(&m, NULL);
    m.payload.memory.count = 9;
    assert_reason(&m, differ);
    m.payload.memory.count = UINT32_MAX;
    assert_reason(&m, differ);
    m.payload.memory.count = 7;
    assert_reason(&m, differ);
    m = one_region(0, 4096, 0, 0);
    m.fd_count = 0;
    assert_reason(&m, "a region of memory without its file descriptor");
    m.fds[1] = file;
    m.fd_count = 2;
    assert_reason(&m, "a region of memory without its file descriptor");
}

static void regions_of_what_is_in_flight_that_cannot_be(void **state)
{
    static const char no_queues[] = "a region of what is in flight for no possible queues";
    static const char small[] = "a region of what is in flight that is too small, or misaligned";
    const struct {
        uint32_t request;
        struct vhost_user_inflight said;
        const char *reason;
    } cases[] = {
        {VHOST_USER_GET_INFLIGHT_FD, {0, 0, 2, 32768}, NULL},
        {VHOST_USER_GET_INFLIGHT_FD, {0, 0, 3, 128}, no_queues},
        {VHOST_USER_GET_INFLIGHT_FD, {0, 0, 65535, 128}, no_queues},
        {VHOST_USER_GET_INFLIGHT_FD, {0, 0, 1, 0}, no_queues},
        {VHOST_USER_GET_INFLIGHT_FD, {0, 0, 1, 32769}, no_queues},
        {VHOST_USER_SET_INFLIGHT_FD, {65536, 0, 1, 128}, NULL},
        {VHOST_USER_SET_INFLIGHT_FD, {4096, 64, 1, 128}, NULL},
        {VHOST_USER_SET_INFLIGHT_FD, {64, 0, 1, 128}, small},
        {VHOST_USER_SET_INFLIGHT_FD, {65536, 0, 65535, 65535}, small},
        {VHOST_USER_SET_INFLIGHT_FD, {65536, 0, 0, 128}, small},
        {VHOST_USER_SET_INFLIGHT_FD, {4096, 4, 1, 128}, small},
        {VHOST_USER_SET_INFLIGHT_FD, {65537, 0, 1, 128}, "a region of what is in flight that its file does not have"},
        {VHOST_USER_SET_INFLIGHT_FD, {65536, 64, 1, 128}, "a region of what is in flight that its file does not have"},
        {VHOST_USER_SET_INFLIGHT_FD,
         {UINT64_MAX, UINT64_MAX - 63u, 1, 128},
         "a region of what is in flight that its file does not have"},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire_message m = with_fds(cases[i].request, VHOST_USER_INFLIGHT_BYTES,
                                         cases[i].request == VHOST_USER_SET_INFLIGHT_FD ? 1u : 0u);
        m.payload.inflight = cases[i].said;
        assert_reason(&m, cases[i].reason);
    }
}

static void configuration_space_beyond_its_end(void **state)
{
    static const struct {
        uint32_t offset;
        uint32_t size;
        uint32_t answered;
    } asked[] = {{0, 60, 60}, {0, 256, 256}, {0, 257, 0}, {256, 0, 0}, {255, 1, 1}, {255, 2, 0}, {UINT32_MAX, 1, 0},
                 {1, UINT32_MAX, 0}, {UINT32_MAX, UINT32_MAX, 0}};
    static const unsigned char zeroes[VHOST_USER_CONFIG_BYTES];
    size_t i;
    (void)state;
    for (i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        struct wire_message m = wire_make(VHOST_USER_GET_CONFIG, VHOST_USER_CONFIG_HEADER);
        struct wire_message answer;
        int sock = wire_connect(&backend);
        m.payload.config.offset = asked[i].offset;
        m.payload.config.size = asked[i].size;
        assert_true(wire_send(sock, &m, wire_bytes(&m)));
        assert_true(wire_receive(sock, &answer));
        assert_int_equal(answer.header.size, VHOST_USER_CONFIG_HEADER + asked[i].answered);
        assert_int_equal(answer.payload.config.size, asked[i].answered);
        /* Behind the disk's own 60 bytes there is nothing of the program's. */
        if (asked[i].answered > 60u) {
            assert_memory_equal(answer.payload.config.bytes + 60, zeroes, asked[i].answered - 60u);
        }
        (void)close(sock);
        backend_assert_left(&backend);
    }
}

static void orders_without_effect_are_answered_so(void **state)
{
    struct wire_message m = wire_make(VHOST_USER_SET_PROTOCOL_FEATURES, 8);
    struct wire_message answer;
    int sock = wire_connect(&backend);
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
    backend_assert_left(&backend);
}

static void client_that_never_reads_its_answers(void **state)
{
    const struct wire_message m = wire_make(VHOST_USER_GET_FEATURES, 0);
    int sock = wire_connect(&backend);
    (void)state;
    while (wire_send(sock, &m, wire_bytes(&m))) {
    }
    backend_assert_dropped(&backend, "it does not take its answers");
    (void)close(sock);
}

#define ON_ONE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE(each_number_with_wrong_sizes),
        ON_ONE(each_number_with_each_number_of_descriptors),
        ON_ONE(numbers_far_beyond),
        ON_ONE(wrong_versions_and_answers),
        ON_ONE(features_that_were_not_offered),
        ON_ONE(queues_that_do_not_exist),
        ON_ONE(sizes_that_no_queue_has),
        ON_ONE(tables_of_memory_that_cannot_be),
        ON_ONE(regions_of_what_is_in_flight_that_cannot_be),
        ON_ONE(configuration_space_beyond_its_end),
        ON_ONE(orders_without_effect_are_answered_so),
        ON_ONE(client_that_never_reads_its_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
