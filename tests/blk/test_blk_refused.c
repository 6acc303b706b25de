/* SPDX-License-Identifier: MIT */
/** @file test_blk_refused.c Messages that say what cannot be: each is refused for its reason, which is said once. */
#include "one_util.h"

#include <string.h>
#include <sys/eventfd.h>

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
        one_assert_reason(&m, (m.payload.number & offered) != 0u ? NULL : "features that were not offered (rule T4)");
    }
    m = wire_make(VHOST_USER_SET_PROTOCOL_FEATURES, 8);
    for (bit = 0; bit < 64u; bit++) {
        /* MQ, REPLY_ACK, CONFIG, INFLIGHT_SHMFD */
        m.payload.number = UINT64_C(1) << bit;
        one_assert_reason(&m, bit == 0u || bit == 3u || bit == 9u || bit == 12u ? NULL
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
            struct wire_message m = wire_make(orders[i], orders[i] == VHOST_USER_SET_VRING_ADDR ? 40u : 8u);
            m.payload.state.index = indices[n];
            one_assert_reason(&m, "a queue that does not exist (rule Q9)");
        }
        for (i = 0; i < sizeof events / sizeof events[0]; i++) {
            struct wire_message m = wire_make(events[i], 8);
            m.fds[0] = event;
            m.fd_count = 1;
            m.payload.number = indices[n];
            one_assert_reason(&m, "a queue that does not exist (rule Q9)");
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
        one_assert_reason(&m, "a queue of no possible size (rule Q1)");
    }
}

/* A region of 4096 bytes of the file. */
static struct wire_message one_region(uint64_t guest, uint64_t bytes, uint64_t user, uint64_t offset)
{
    struct wire_message m = one_with_fds(VHOST_USER_SET_MEM_TABLE, 40, 1);
    m.payload.memory.count = 1;
    m.payload.memory.region[0] = (struct vhost_user_region){guest, bytes, user, offset};
    return m;
}

static void add_region(struct wire_message *m, uint64_t guest, uint64_t bytes, uint64_t user, uint64_t offset)
{
    const uint32_t n = m->payload.memory.count++;
    m->header.size += (uint32_t)sizeof(struct vhost_user_region);
    m->payload.memory.region[n] = (struct vhost_user_region){guest, bytes, user, offset};
    m->fds[m->fd_count++] = one()->file;
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
        one_assert_reason(&m, single[i].reason);
    }
    m = one_region(0x10000, 4096, 0, 0);
    add_region(&m, 0x10fff, 4096, 8192, 4096);
    one_assert_reason(&m, overlap);
    m = one_region(0x10000, 4096, 0, 0);
    add_region(&m, 0x20000, 4096, 8192, 4096);
    add_region(&m, 0xf001, 4096, 16384, 4096);
    one_assert_reason(&m, overlap);
    m = one_region(0x10000, 4096, 0, 0);
    for (count = 1; count < VHOST_USER_REGIONS; count++) {
        add_region(&m, 0x10000 * (count + 1u), 4096, 8192 * count, 4096 * count);
    }
    one_assert_reason(&m, NULL);
    m.payload.memory.count = 9;
    one_assert_reason(&m, differ);
    m.payload.memory.count = UINT32_MAX;
    one_assert_reason(&m, differ);
    m.payload.memory.count = 7;
    one_assert_reason(&m, differ);
    m = one_region(0, 4096, 0, 0);
    m.fd_count = 0;
    one_assert_reason(&m, "a region of memory without its file descriptor");
    m.fds[1] = one()->file;
    m.fd_count = 2;
    one_assert_reason(&m, "a region of memory without its file descriptor");
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
        struct wire_message m = one_with_fds(cases[i].request, VHOST_USER_INFLIGHT_BYTES,
                                         cases[i].request == VHOST_USER_SET_INFLIGHT_FD ? 1u : 0u);
        m.payload.inflight = cases[i].said;
        one_assert_reason(&m, cases[i].reason);
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
        int sock = wire_connect(&one()->backend);
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
        backend_assert_left(&one()->backend);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE(features_that_were_not_offered),
        ON_ONE(queues_that_do_not_exist),
        ON_ONE(sizes_that_no_queue_has),
        ON_ONE(tables_of_memory_that_cannot_be),
        ON_ONE(regions_of_what_is_in_flight_that_cannot_be),
        ON_ONE(configuration_space_beyond_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
