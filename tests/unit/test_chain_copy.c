/* SPDX-License-Identifier: MIT */
/**
 * @file test_chain_copy.c
 * @brief chain.h: segments, a chain's storage, and copying payload between a chain and private memory.
 */
#include "chain_util.h"

#define READABLE 10u /* in pieces of 3, 5 and 2 bytes */
#define WRITABLE 11u /* in pieces of 4, 1 and 6 bytes */

/* Where each byte of a direction lies in the room's memory, written down without the library. */
static const uint32_t readable_at[READABLE] = {0x10, 0x11, 0x12, 0x800, 0x801, 0x802, 0x803, 0x804, 0x20, 0x21};
static const uint32_t writable_at[WRITABLE] = {0x1000, 0x1001, 0x1002, 0x1003, 0x1FFF, 0x1100,
                                               0x1101, 0x1102, 0x1103, 0x1104, 0x1105};

static struct room *room_with_chain(void)
{
    static const struct {
        uint64_t addr;
        uint32_t len;
        bool write;
    } elements[] = {{ADDR_A + 0x10u, 3, false}, {ADDR_A + 0x800u, 5, false}, {ADDR_A + 0x20u, 2, false},
                    {ADDR_B, 4, true},          {ADDR_B + 0xFFFu, 1, true},  {ADDR_B + 0x100u, 6, true}};
    struct room *r = room_new();
    uint32_t i;
    for (i = 0; i < 6u; i++) {
        assert_int_equal(
            vqg_chain_take_(&r->judge, &r->chain, i, elements[i].addr, elements[i].len, elements[i].write), VQG_OK);
    }
    assert_int_equal(r->chain.bytes_, READABLE + WRITABLE);
    assert_int_equal(r->chain.writable, WRITABLE);
    r->chain.readable = READABLE; /* as when it is popped */
    test_port_reset();
    return r;
}

static void segment_that_the_device_reads_names_its_buffer(void **state)
{
    const char buffer[3] = "ab";
    struct vqg_seg s = vqg_out(buffer, 3);
    (void)state;
    assert_int_equal(s.addr, (uintptr_t)buffer);
    assert_int_equal(s.len, 3);
    assert_false(s.write);
    assert_int_equal(s.bus, 0);
    assert_int_equal(s.token, 0);
    assert_int_equal(s.pin, 0);
    assert_null(s.map);
}

static void segment_that_the_device_writes_says_so(void **state)
{
    char buffer[3];
    struct vqg_seg s = vqg_in(buffer, 3);
    (void)state;
    assert_int_equal(s.addr, (uintptr_t)buffer);
    assert_int_equal(s.len, 3);
    assert_true(s.write);
    assert_int_equal(s.bus, 0);
    assert_int_equal(s.token, 0);
    assert_int_equal(s.pin, 0);
    assert_null(s.map);
}

static void chain_starts_empty_with_the_storage_it_was_given(void **state)
{
    struct vqg_chain c;
    struct vqg_seg seg[4];
    (void)state;
    memset(&c, 0xA5, sizeof c);
    vqg_chain_init(&c, seg, 4);
    assert_ptr_equal(c.seg, seg);
    assert_int_equal(c.capacity, 4);
    assert_int_equal(c.count, 0);
    assert_int_equal(c.readable, 0);
    assert_int_equal(c.writable, 0);
    assert_int_equal(c.generation, 0);
    assert_int_equal(c.head, 0);
    assert_null(c.owner_);
    assert_null(c.next_);
    assert_null(c.prev_);
    assert_int_equal(c.table_first_, 0);
    assert_int_equal(c.table_last_, 0);
    assert_int_equal(c.bytes_, 0);
}

static void read_of_any_part_gives_the_readable_bytes_in_order_and_no_more(void **state)
{
    uint32_t offset;
    uint32_t bytes;
    (void)state;
    for (offset = 0; offset <= READABLE; offset++) {
        for (bytes = 0; offset + bytes <= READABLE; bytes++) {
            struct room *r = room_with_chain();
            const struct room *before = room_copy(r);
            unsigned char to[READABLE + 2u];
            uint32_t i;
            memset(to, 0xA5, sizeof to);
            assert_int_equal(vqg_chain_read(&r->chain, offset, to + 1, bytes), VQG_OK);
            assert_int_equal(to[0], 0xA5);
            for (i = 0; i < bytes; i++) {
                assert_int_equal(to[1u + i], before->memory[readable_at[offset + i]]);
            }
            assert_int_equal(to[1u + bytes], 0xA5);
            room_assert_same(r, before);
        }
    }
}

static void write_of_any_part_reaches_the_writable_bytes_in_order_and_no_other(void **state)
{
    uint32_t offset;
    uint32_t bytes;
    (void)state;
    for (offset = 0; offset <= WRITABLE; offset++) {
        for (bytes = 0; offset + bytes <= WRITABLE; bytes++) {
            static const unsigned char from[WRITABLE] = {201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211};
            static struct room expected;
            struct room *r = room_with_chain();
            uint32_t i;
            memcpy(&expected, r, sizeof expected);
            for (i = 0; i < bytes; i++) {
                expected.memory[writable_at[offset + i]] = from[i];
            }
            assert_int_equal(vqg_chain_write(&r->chain, offset, from, bytes), VQG_OK);
            assert_int_equal(test_port.stores, bytes);
            assert_int_equal(test_port.loads, 0);
            assert_memory_equal(r, &expected, sizeof *r);
        }
    }
}

static void x1_read_fetches_each_byte_once(void **state)
{
    struct room *r = room_with_chain();
    unsigned char to[READABLE];
    size_t i;
    (void)state;
    assert_int_equal(vqg_chain_read(&r->chain, 0, to, READABLE), VQG_OK);
    assert_int_equal(test_port.count, READABLE);
    for (i = 0; i < READABLE; i++) {
        assert_ptr_equal(test_port.log[i].at, r->memory + readable_at[i]);
        assert_int_equal(test_port.log[i].bytes, 1);
        assert_false(test_port.log[i].store);
    }
}

static void read_beyond_the_readable_bytes_is_refused_and_copies_nothing(void **state)
{
    static const struct {
        uint32_t offset;
        uint32_t bytes;
    } beyond[] = {{0, READABLE + 1u}, {READABLE, 1},       {READABLE - 1u, 2},      {READABLE + 1u, 0},
                  {1, UINT32_MAX},    {UINT32_MAX, 1},     {UINT32_MAX, UINT32_MAX}, {UINT32_MAX, 0},
                  {0, UINT32_MAX},    {0x80000000u, 0x80000000u}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        struct room *r = room_with_chain();
        const struct room *before = room_copy(r);
        unsigned char to[2] = {0xA5, 0xA5};
        assert_int_equal(vqg_chain_read(&r->chain, beyond[i].offset, to, beyond[i].bytes), VQG_BAD_LENGTH);
        assert_int_equal(to[0], 0xA5);
        assert_int_equal(to[1], 0xA5);
        assert_int_equal(test_port.count, 0);
        room_assert_same(r, before);
    }
}

static void write_beyond_the_writable_bytes_is_refused_and_copies_nothing(void **state)
{
    static const struct {
        uint32_t offset;
        uint32_t bytes;
    } beyond[] = {{0, WRITABLE + 1u}, {WRITABLE, 1}, {WRITABLE + 1u, 0}, {1, UINT32_MAX}, {UINT32_MAX, 1}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        struct room *r = room_with_chain();
        const struct room *before = room_copy(r);
        const unsigned char from[2] = {1, 2};
        assert_int_equal(vqg_chain_write(&r->chain, beyond[i].offset, from, beyond[i].bytes), VQG_BAD_LENGTH);
        assert_int_equal(test_port.count, 0);
        room_assert_same(r, before);
    }
}

static void copies_without_a_chain_or_a_buffer_are_misuse(void **state)
{
    struct room *r = room_with_chain();
    const struct room *before = room_copy(r);
    unsigned char byte = 0xA5;
    (void)state;
    assert_int_equal(vqg_chain_read(NULL, 0, &byte, 1), VQG_BAD_CHAIN);
    assert_int_equal(vqg_chain_write(NULL, 0, &byte, 1), VQG_BAD_CHAIN);
    assert_int_equal(vqg_chain_read(&r->chain, 0, NULL, 1), VQG_BAD_CHAIN);
    assert_int_equal(vqg_chain_write(&r->chain, 0, NULL, 1), VQG_BAD_CHAIN);
    assert_int_equal(byte, 0xA5);
    assert_int_equal(test_port.count, 0);
    room_assert_same(r, before);
}

static void copies_over_a_segment_without_a_mapping_are_refused_whole(void **state)
{
    uint32_t unmapped;
    (void)state;
    for (unmapped = 0; unmapped < 6u; unmapped++) {
        struct room *r = room_with_chain();
        const struct room *before;
        unsigned char bytes[WRITABLE] = {0};
        bool write = unmapped >= 3u;
        r->seg[unmapped].map = NULL;
        before = room_copy(r);
        /* One byte alone would not even come to it. */
        assert_int_equal(vqg_chain_write(&r->chain, 0, bytes, 1), write ? VQG_BAD_CHAIN : VQG_OK);
        if (write) {
            room_assert_same(r, before);
        }
        assert_int_equal(vqg_chain_read(&r->chain, 0, bytes, 1), write ? VQG_OK : VQG_BAD_CHAIN);
        assert_int_equal(test_port.loads, write ? 1 : 0);
    }
}

static void copies_do_not_look_at_segments_that_an_earlier_chain_left_behind(void **state)
{
    struct room *r = room_new();
    unsigned char bytes[4] = {1, 2, 3, 4};
    (void)state;
    assert_int_equal(vqg_chain_take_(&r->judge, &r->chain, 0, ADDR_A, 4, false), VQG_OK);
    assert_int_equal(vqg_chain_take_(&r->judge, &r->chain, 1, ADDR_B, 4, true), VQG_OK);
    assert_int_equal(vqg_chain_take_(&r->judge, &r->chain, 2, ADDR_HUGE, 4, true), VQG_OK);
    r->chain.count = 2;
    r->chain.writable = 4;
    assert_int_equal(vqg_chain_write(&r->chain, 0, bytes, 4), VQG_OK);
    assert_memory_equal(r->memory + 0x1000, bytes, 4);
    assert_int_equal(vqg_chain_write(&r->chain, 4, bytes, 1), VQG_BAD_LENGTH);
}

static void chain_of_one_direction_has_no_bytes_of_the_other(void **state)
{
    struct room *r = room_new();
    unsigned char byte = 0xA5;
    (void)state;
    assert_int_equal(vqg_chain_take_(&r->judge, &r->chain, 0, ADDR_A, 4, true), VQG_OK);
    assert_int_equal(vqg_chain_read(&r->chain, 0, &byte, 0), VQG_OK);
    assert_int_equal(vqg_chain_read(&r->chain, 0, &byte, 1), VQG_BAD_LENGTH);
    assert_int_equal(vqg_chain_read(&r->chain, 1, &byte, 0), VQG_BAD_LENGTH);
    assert_int_equal(byte, 0xA5);
    assert_int_equal(test_port.count, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(segment_that_the_device_reads_names_its_buffer),
    cmocka_unit_test(segment_that_the_device_writes_says_so),
    cmocka_unit_test(chain_starts_empty_with_the_storage_it_was_given),
    cmocka_unit_test(read_of_any_part_gives_the_readable_bytes_in_order_and_no_more),
    cmocka_unit_test(write_of_any_part_reaches_the_writable_bytes_in_order_and_no_other),
    cmocka_unit_test(x1_read_fetches_each_byte_once),
    cmocka_unit_test(read_beyond_the_readable_bytes_is_refused_and_copies_nothing),
    cmocka_unit_test(write_beyond_the_writable_bytes_is_refused_and_copies_nothing),
    cmocka_unit_test(copies_without_a_chain_or_a_buffer_are_misuse),
    cmocka_unit_test(copies_over_a_segment_without_a_mapping_are_refused_whole),
    cmocka_unit_test(copies_do_not_look_at_segments_that_an_earlier_chain_left_behind),
    cmocka_unit_test(chain_of_one_direction_has_no_bytes_of_the_other),
};
TEST_MAIN(tests)
