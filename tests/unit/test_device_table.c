/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_table.c
 * @brief What stands in an indirect table: its links, where it lies, what it overlaps, and when it is read (I11, I12).
 */
#include "device_util.h"

#define TABLE WORLD_TABLES

static struct world *indirect_new(void)
{
    struct world *w = world_new(8, VQG_F_INDIRECT_DESC);
    w->policy.refuse_mixed = false;
    return w;
}

/* Head 0 refers to `entries` entries at an offset of the world. */
static void start_at(struct world *w, uint64_t table, uint32_t entries)
{
    element(w, 0, table, entries * 16u, D_INDIRECT, 0);
    world_start_device(w);
    peer_make_available(w, 0, 0);
}

static void c1_next_is_judged_by_the_table_it_stands_in(void **state)
{
    static const struct {
        unsigned next;
        bool legal;
    } t[] = {{2, true}, {3, false}, {7, false}, {8, false}, {65535, false}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = indirect_new();
        peer_entry(w, TABLE, 0, world_addr(WORLD_DATA), 16, D_NEXT, 1);
        peer_entry(w, TABLE, 1, world_addr(WORLD_DATA), 16, D_NEXT, t[i].next);
        peer_entry(w, TABLE, 2, world_addr(WORLD_DATA), 16, D_WRITE, 0);
        start_at(w, TABLE, 3);
        if (t[i].legal) {
            assert_pops(w, &w->chain);
            assert_int_equal(w->chain.count, 3);
        } else {
            assert_refused_until_reset(w, VQG_RULE_NEXT_RANGE, 1, t[i].next, 3);
        }
        world_free(w);
    }
}

static void c1_table_may_have_more_entries_than_the_queue(void **state)
{
    struct world *w = indirect_new();
    uint32_t i;
    (void)state;
    /* From the last entry to the first. */
    w->policy.max_table_entries = 20;
    w->policy.max_elements = 20;
    peer_entry(w, TABLE, 0, world_addr(WORLD_DATA), 5, D_NEXT, 19);
    for (i = 19; i > 1u; i--) {
        peer_entry(w, TABLE, i, world_addr(WORLD_DATA), i, D_NEXT, i - 1u);
    }
    peer_entry(w, TABLE, 1, world_addr(WORLD_DATA), 1, D_WRITE, 0);
    start_at(w, TABLE, 20);
    assert_pops(w, &w->chain);
    assert_int_equal(w->chain.count, 20);
    assert_int_equal(w->chain.seg[1].len, 19);
    assert_int_equal(w->chain.seg[18].len, 2);
    assert_int_equal(w->chain.writable, 1);
    world_free(w);
}

static void c2_loop_inside_a_table_ends(void **state)
{
    unsigned back;
    (void)state;
    for (back = 0; back < 3u; back++) {
        struct world *w = indirect_new();
        peer_entry(w, TABLE, 0, world_addr(WORLD_DATA), 16, D_NEXT, 1);
        peer_entry(w, TABLE, 1, world_addr(WORLD_DATA), 16, D_NEXT, 2);
        peer_entry(w, TABLE, 2, world_addr(WORLD_DATA), 16, D_NEXT, back);
        start_at(w, TABLE, 3);
        assert_status(vqg_device_pop(&w->device, &w->chain), VQG_V_CHAIN_BOUND);
        assert_rule(vqg_device_violation(&w->device), VQG_V_CHAIN_BOUND, VQG_RULE_CHAIN_BOUND);
        assert_true(test_port.loads <= 2u + 2u + 2u * 8u);
        assert_int_equal(w->caps[0].pins, 3);
        restart(w);
        assert_serves(w);
        world_free(w);
    }
}

static void c7_reserved_flag_inside_a_table_is_refused(void **state)
{
    unsigned bit;
    (void)state;
    for (bit = 3; bit < 16u; bit++) {
        struct world *w = indirect_new();
        peer_entry(w, TABLE, 0, world_addr(WORLD_DATA), 16, D_NEXT, 1);
        peer_entry(w, TABLE, 1, world_addr(WORLD_DATA), 16, D_WRITE | 1u << bit, 0);
        start_at(w, TABLE, 2);
        assert_refused_until_reset(w, VQG_RULE_RESERVED_FLAGS, 1, D_WRITE | 1u << bit, 7);
        world_free(w);
    }
}

static void c6_readable_in_a_table_after_writable_before_it_is_refused(void **state)
{
    struct world *w = indirect_new();
    (void)state;
    element(w, 0, WORLD_DATA, 16, D_NEXT | D_WRITE, 1);
    element(w, 1, TABLE, 16, D_INDIRECT, 0);
    peer_entry(w, TABLE, 0, world_addr(WORLD_DATA), 16, 0, 0);
    world_start_device(w);
    peer_make_available(w, 0, 0);
    assert_refused_until_reset(w, VQG_RULE_READ_AFTER_WRITE, 0, world_addr(WORLD_DATA), 16);
    world_free(w);
}

static void table_at_any_address_is_read_in_either_byte_order(void **state)
{
    unsigned at;
    (void)state;
    for (at = 0; at < 32u; at++) {
        struct world *w = indirect_new();
        uint64_t table = TABLE + at / 2u;
        bool bytewise = table % 8u != 0u;
        if (at % 2u != 0u) {
            make_big(w);
        }
        peer_entry(w, table, 0, world_addr(WORLD_DATA + 0x1234u), 0x0506, D_NEXT, 2);
        peer_entry(w, table, 2, world_addr(WORLD_DATA + 0x4321u), 0x0708, D_WRITE, 0);
        start_at(w, table, 3);
        assert_pops(w, &w->chain);
        assert_int_equal(w->chain.count, 2);
        assert_int_equal(w->chain.seg[0].addr, world_addr(WORLD_DATA + 0x1234u));
        assert_int_equal(w->chain.seg[0].len, 0x0506);
        assert_false(w->chain.seg[0].write);
        assert_int_equal(w->chain.seg[1].addr, world_addr(WORLD_DATA + 0x4321u));
        assert_int_equal(w->chain.seg[1].len, 0x0708);
        assert_true(w->chain.seg[1].write);
        assert_int_equal(test_port.loads, 2 + 2 + (bytewise ? 2 * 16 : 2 * 2));
        world_free(w);
    }
}

static void i12_writable_element_over_its_own_table_is_refused(void **state)
{
    /* A table of three entries, 48 bytes; an element of `len` bytes at `at`, from the table's start. */
    static const struct {
        int at;
        uint32_t len;
        bool write;
        bool legal;
    } t[] = {{-16, 16, true, true}, {-16, 17, true, false}, {47, 1, true, false}, {48, 1, true, true},
             {0, 48, true, false},  {-16, 80, true, false}, {20, 1, true, false}, {0, 48, false, true}};
    size_t i;
    unsigned direct;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        for (direct = 0; direct < 2u; direct++) {
            struct world *w = indirect_new();
            uint64_t table = TABLE + 0x1000u;
            uint64_t at = table + (uint64_t)(int64_t)t[i].at;
            unsigned flags = t[i].write ? D_WRITE : 0u;
            /* Inside the table, or before the reference to it. */
            element(w, 0, at, t[i].len, D_NEXT | flags, 1);
            element(w, 1, table, 48, D_INDIRECT, 0);
            peer_entry(w, table, 0, world_addr(WORLD_DATA), 16, D_NEXT | flags, 1);
            peer_entry(w, table, 1, direct != 0u ? world_addr(WORLD_DATA) : world_addr(at), t[i].len, flags, 0);
            world_start_device(w);
            peer_make_available(w, 0, direct != 0u ? 0 : 1);
            if (t[i].legal) {
                assert_pops(w, &w->chain);
                assert_int_equal(w->chain.count, direct != 0u ? 3 : 2);
            } else {
                assert_refused_until_reset(w, VQG_RULE_TABLE_ALIAS, 1, world_addr(at), world_addr(table));
            }
            world_free(w);
        }
    }
}

static void i12_table_of_the_chain_before_does_not_count(void **state)
{
    struct world *w = indirect_new();
    (void)state;
    peer_entry(w, TABLE, 0, world_addr(WORLD_DATA), 16, D_WRITE, 0);
    start_at(w, TABLE, 1);
    assert_pops(w, &w->chain);
    assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
    element(w, 1, TABLE, 16, D_WRITE, 0);
    peer_make_available(w, 1, 1);
    assert_pops(w, &w->chain);
    assert_int_equal(w->chain.seg[0].addr, world_addr(TABLE));
    world_free(w);
}

/* Overwrites the word of the table that was just fetched, and the word before it. */
static uint64_t rewrite(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    struct world *w = context;
    uint64_t offset = (uint64_t)((const volatile unsigned char *)at - w->memory);
    if (offset >= TABLE && offset < TABLE + 0x100u) {
        memset(world_at(w, offset), 0xff, bytes);
    }
    return value;
}

static void i11_entry_that_changes_after_its_fetch_changes_nothing(void **state)
{
    unsigned shift;
    (void)state;
    for (shift = 0; shift < 2u; shift++) {
        struct world *w = indirect_new();
        uint64_t table = TABLE + shift;
        peer_entry(w, table, 0, world_addr(WORLD_DATA), 16, D_NEXT, 1);
        peer_entry(w, table, 1, world_addr(WORLD_DATA + 64u), 32, D_NEXT | D_WRITE, 2);
        peer_entry(w, table, 2, world_addr(WORLD_DATA + 128u), 48, D_WRITE, 0);
        start_at(w, table, 3);
        test_port.adversary = rewrite;
        test_port.context = w;
        assert_pops(w, &w->chain);
        test_port_reset();
        assert_int_equal(peer_get(w, table, 8), UINT64_MAX);
        assert_int_equal(w->chain.count, 3);
        assert_int_equal(w->chain.readable, 16);
        assert_int_equal(w->chain.writable, 80);
        assert_int_equal(w->chain.seg[0].addr, world_addr(WORLD_DATA));
        assert_int_equal(w->chain.seg[1].addr, world_addr(WORLD_DATA + 64u));
        assert_int_equal(w->chain.seg[2].addr, world_addr(WORLD_DATA + 128u));
        memset(world_at(w, TABLE), 0xff, 64);
        assert_status(vqg_device_push(&w->device, &w->chain, 80), VQG_OK);
        assert_int_equal(test_port.loads, 0);
        world_free(w);
    }
}

static void i11_table_may_lie_in_the_queue_itself(void **state)
{
    struct world *w = indirect_new();
    (void)state;
    /* Descriptors 4 and 5 of the queue's own table are the indirect table as well. */
    element(w, 4, WORLD_DATA, 16, D_NEXT, 1);
    element(w, 5, WORLD_DATA + 64u, 16, D_WRITE, 0);
    start_at(w, WORLD_DESC + 64u, 2);
    assert_pops(w, &w->chain);
    assert_int_equal(w->chain.count, 2);
    assert_int_equal(w->chain.seg[1].addr, world_addr(WORLD_DATA + 64u));
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(c1_next_is_judged_by_the_table_it_stands_in),
    cmocka_unit_test(c1_table_may_have_more_entries_than_the_queue),
    cmocka_unit_test(c2_loop_inside_a_table_ends),
    cmocka_unit_test(c7_reserved_flag_inside_a_table_is_refused),
    cmocka_unit_test(c6_readable_in_a_table_after_writable_before_it_is_refused),
    cmocka_unit_test(table_at_any_address_is_read_in_either_byte_order),
    cmocka_unit_test(i12_writable_element_over_its_own_table_is_refused),
    cmocka_unit_test(i12_table_of_the_chain_before_does_not_count),
    cmocka_unit_test(i11_entry_that_changes_after_its_fetch_changes_nothing),
    cmocka_unit_test(i11_table_may_lie_in_the_queue_itself),
};

TEST_MAIN(tests)
