/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_indirect.c
 * @brief Indirect tables of a hostile driver (I1 to I8, I11, I12, and the rules of chains inside a table).
 */
#include "device_util.h"

#define TABLE WORLD_TABLES

/* A world with the feature; the device starts when the test has set its policy. */
static struct world *indirect_new(void)
{
    return world_new(8, VQG_F_INDIRECT_DESC);
}

/* Descriptor `i` refers to `len` bytes of table at an offset of the world. */
static void refer(const struct world *w, uint32_t i, uint64_t table, uint32_t len, unsigned flags, unsigned next)
{
    element(w, i, table, len, D_INDIRECT | flags, next);
}

/* A table of `n` entries: readable ones of 2 bytes, then a writable one of 16. */
static void fill(const struct world *w, uint64_t table, uint32_t n)
{
    uint32_t i;
    for (i = 0; i < n; i++) {
        bool last = i + 1u == n;
        peer_entry(w, table, i, world_addr(WORLD_DATA) + 32u * (uint64_t)i, last ? 16u : 2u, last ? D_WRITE : D_NEXT,
                   last ? 0u : i + 1u);
    }
}

static void start_with(struct world *w, uint16_t head)
{
    world_start_device(w);
    peer_make_available(w, 0, head);
}

static void i1_table_without_the_feature_is_refused_unread(void **state)
{
    struct world *w = world_new(8, 0);
    (void)state;
    fill(w, TABLE, 2);
    refer(w, 3, TABLE, 32, 0, 0);
    start_with(w, 3);
    test_port_reset();
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_V_INDIRECT_FEATURE);
    assert_violation(vqg_device_violation(&w->device), VQG_V_INDIRECT_FEATURE, VQG_RULE_INDIRECT_FEATURE, 3,
                     world_addr(TABLE), 0);
    assert_int_equal(test_port.count, 4);
    w->queue.features |= VQG_F_INDIRECT_DESC;
    restart(w);
    peer_make_available(w, 0, 3);
    assert_pops(w, &w->chain);
    assert_int_equal(w->chain.readable, 2);
    assert_int_equal(w->chain.writable, 16);
    world_free(w);
}

static void i2_table_length_that_is_no_multiple_of_16_or_zero_is_refused(void **state)
{
    static const uint32_t bad[] = {0, 1, 8, 15, 17, 24, 31, 33, 0x80000001u, UINT32_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(bad); i++) {
        struct world *w = indirect_new();
        w->policy.zero = i % 2u != 0u ? VQG_ZERO_SKIP : VQG_ZERO_REJECT;
        fill(w, TABLE, 1);
        refer(w, 0, TABLE, bad[i], 0, 0);
        start_with(w, 0);
        assert_refused_until_reset(w, VQG_RULE_TABLE_LENGTH, 0, bad[i], 16);
        world_free(w);
    }
}

static void i3_table_with_more_entries_than_allowed_is_refused(void **state)
{
    /* `max` 0: the queue size, 8. */
    static const struct {
        uint32_t max, entries;
        bool legal;
    } t[] = {{0, 8, true},      {0, 9, false},      {2, 2, true},           {2, 3, false},         {1, 1, true},
             {20, 20, true},    {20, 21, false},    {0, 65536 + 1, false},  {65535, 65536, false}, {0, UINT32_MAX / 16u, false},
             {1, 0x1000, false}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = indirect_new();
        w->policy.max_table_entries = t[i].max;
        /* Only the first entry is used. */
        fill(w, TABLE, 1);
        refer(w, 0, TABLE, t[i].entries * 16u, 0, 0);
        start_with(w, 0);
        if (t[i].legal) {
            assert_pops(w, &w->chain);
            assert_int_equal(w->chain.count, 1);
        } else {
            assert_refused_until_reset(w, VQG_RULE_TABLE_ENTRIES, 0, t[i].entries, t[i].max == 0u ? 8u : t[i].max);
        }
        world_free(w);
    }
}

static void i4_table_outside_one_readable_capability_is_refused(void **state)
{
    static const struct {
        uint64_t at;
        uint32_t len;
        bool legal;
    } t[] = {{WORLD_HOLE, 16, false},          {WORLD_WRONLY, 16, false},     {WORLD_WRONLY - 16u, 16, true},
             {WORLD_WRONLY - 16u, 32, false},  {WORLD_WRONLY - 8u, 16, false}, {WORLD_RDONLY - 16u, 32, false},
             {WORLD_RDONLY, 16, true},         {WORLD_BYTES, 16, false},      {WORLD_HOLE - 16u, 16, false},
             {0 - WORLD_BASE, 16, false},      {0 - WORLD_BASE - 16u, 16, false}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = indirect_new();
        w->policy.span = VQG_SPAN_SPLIT;
        refer(w, 0, t[i].at, t[i].len, 0, 0);
        if (t[i].legal) {
            fill(w, t[i].at, 1);
        }
        start_with(w, 0);
        if (t[i].legal) {
            assert_pops(w, &w->chain);
            assert_int_equal(w->chain.writable, 16);
        } else {
            assert_refused_until_reset(w, VQG_RULE_TABLE_READABLE, 0, world_addr(t[i].at), t[i].len);
        }
        world_free(w);
    }
}

static const struct vqg_cap *lying_lookup(void *context, uint64_t addr)
{
    const struct counted *c = context;
    return addr == WIDE_BASE + 0x1000u ? &c->cap[0] : vqg_cap_table_lookup(context, addr);
}

static void i4_table_without_a_mapping_or_with_a_false_capability_is_refused(void **state)
{
    uint64_t at;
    (void)state;
    for (at = WIDE_BASE; at <= WIDE_BASE + 0x1000u; at += 0x1000u) {
        struct world *w = indirect_new();
        struct counted c;
        counted_use(&c, w);
        w->lookup.lookup = lying_lookup;
        peer_desc(w, 0, at, 16, D_INDIRECT, 0);
        start_with(w, 0);
        assert_refused_until_reset(w, VQG_RULE_TABLE_READABLE, 0, at, 16);
        world_free(w);
    }
}

static void c4_table_beyond_the_highest_address_is_refused(void **state)
{
    struct world *w = indirect_new();
    (void)state;
    w->policy.max_address = world_addr(WORLD_DATA + 0x90000u);
    refer(w, 0, WORLD_DATA + 0x90001u - 32u, 32, 0, 0);
    fill(w, WORLD_DATA + 0x90001u - 32u, 1);
    start_with(w, 0);
    assert_pops(w, &w->chain);
    assert_status(vqg_device_push(&w->device, &w->chain, 16), VQG_OK);
    refer(w, 1, WORLD_DATA + 0x90001u - 31u, 32, 0, 0);
    peer_make_available(w, 1, 1);
    assert_refused_until_reset(w, VQG_RULE_ELEMENT_RANGE, 1, world_addr(WORLD_DATA + 0x90001u - 31u),
                               world_addr(WORLD_DATA + 0x90000u));
    world_free(w);
}

static void i5_table_inside_a_table_is_refused(void **state)
{
    static const unsigned flags[] = {0, D_NEXT, D_WRITE, D_WRITE | D_NEXT};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(flags); i++) {
        struct world *w = indirect_new();
        fill(w, TABLE, 3);
        peer_entry(w, TABLE, 1, world_addr(TABLE), 48, D_INDIRECT | flags[i], 2);
        refer(w, 0, TABLE, 48, 0, 0);
        start_with(w, 0);
        assert_refused_until_reset(w, VQG_RULE_TABLE_NESTED, 1, world_addr(TABLE), 0);
        world_free(w);
    }
}

static void i6_table_with_a_next_is_refused(void **state)
{
    unsigned next;
    (void)state;
    for (next = 0; next < 9u; next += 4u) {
        struct world *w = indirect_new();
        w->policy.refuse_mixed = false;
        fill(w, TABLE, 2);
        refer(w, 1, TABLE, 32, D_NEXT, next);
        plain(w, 4);
        start_with(w, 1);
        assert_refused_until_reset(w, VQG_RULE_INDIRECT_NEXT, 1, next, 0);
        world_free(w);
    }
}

static void i7_write_flag_of_the_referring_descriptor_is_ignored(void **state)
{
    unsigned flags;
    (void)state;
    for (flags = 0; flags <= D_WRITE; flags += D_WRITE) {
        struct world *w = indirect_new();
        fill(w, TABLE, 4);
        refer(w, 0, TABLE, 64, flags, 65535);
        start_with(w, 0);
        assert_pops(w, &w->chain);
        assert_int_equal(w->chain.count, 4);
        assert_int_equal(w->chain.readable, 6);
        assert_int_equal(w->chain.writable, 16);
        assert_false(w->chain.seg[0].write);
        assert_true(w->chain.seg[3].write);
        world_free(w);
    }
}

static void i8_direct_elements_before_a_table_are_refused_by_the_strict_profile(void **state)
{
    uint32_t n;
    (void)state;
    for (n = 1; n < 4u; n++) {
        struct world *w = indirect_new();
        uint32_t i;
        for (i = 0; i < n; i++) {
            element(w, i, WORLD_DATA, 4, D_NEXT, i + 1u);
        }
        refer(w, n, TABLE, 32, 0, 0);
        fill(w, TABLE, 2);
        start_with(w, 0);
        assert_refused_until_reset(w, VQG_RULE_INDIRECT_MIXED, n, n, 0);
        world_free(w);
    }
}

static void i8_direct_elements_and_a_table_are_one_chain(void **state)
{
    uint32_t n;
    (void)state;
    /* The bound is 8 elements in all; the referring descriptor itself is none. */
    for (n = 0; n <= 7u; n++) {
        struct world *w = indirect_new();
        struct pool p;
        uint32_t i;
        pool_init(&p);
        w->policy.refuse_mixed = false;
        for (i = 0; i < n; i++) {
            element(w, i, WORLD_DATA + 0x10000u + i, 1, D_NEXT, i + 1u);
        }
        refer(w, n, TABLE, (8u - n) * 16u, 0, 0);
        fill(w, TABLE, 8u - n);
        start_with(w, 0);
        assert_pops(w, &p.chain[0]);
        assert_int_equal(p.chain[0].count, 8);
        assert_int_equal(p.chain[0].readable, n + 2u * (7u - n));
        assert_int_equal(p.chain[0].writable, 16);
        assert_int_equal(p.seg[0][n].addr, world_addr(WORLD_DATA));
        /* The referring descriptor belongs to the chain; what the table's entries are called does not. */
        peer_make_available(w, 1, (uint16_t)n);
        assert_refused_until_reset(w, n == 0u ? VQG_RULE_HEAD_IN_FLIGHT : VQG_RULE_SHARED_DESCRIPTOR, n == 0u ? 1 : n,
                                   n, 0);
        world_free(w);
    }
}

static void c2_direct_elements_and_a_table_share_one_bound(void **state)
{
    uint32_t n;
    (void)state;
    for (n = 0; n <= 7u; n++) {
        struct world *w = indirect_new();
        uint32_t i;
        w->policy.refuse_mixed = false;
        w->policy.max_table_entries = 16;
        for (i = 0; i < n; i++) {
            element(w, i, WORLD_DATA, 1, D_NEXT, i + 1u);
        }
        refer(w, n, TABLE, (9u - n) * 16u, 0, 0);
        fill(w, TABLE, 9u - n);
        start_with(w, 0);
        assert_refused_until_reset(w, VQG_RULE_CHAIN_BOUND, 8u - n, 9, 8);
        world_free(w);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(i1_table_without_the_feature_is_refused_unread),
    cmocka_unit_test(i2_table_length_that_is_no_multiple_of_16_or_zero_is_refused),
    cmocka_unit_test(i3_table_with_more_entries_than_allowed_is_refused),
    cmocka_unit_test(i4_table_outside_one_readable_capability_is_refused),
    cmocka_unit_test(i4_table_without_a_mapping_or_with_a_false_capability_is_refused),
    cmocka_unit_test(c4_table_beyond_the_highest_address_is_refused),
    cmocka_unit_test(i5_table_inside_a_table_is_refused),
    cmocka_unit_test(i6_table_with_a_next_is_refused),
    cmocka_unit_test(i7_write_flag_of_the_referring_descriptor_is_ignored),
    cmocka_unit_test(i8_direct_elements_before_a_table_are_refused_by_the_strict_profile),
    cmocka_unit_test(i8_direct_elements_and_a_table_are_one_chain),
    cmocka_unit_test(c2_direct_elements_and_a_table_share_one_bound),
};

TEST_MAIN(tests)
