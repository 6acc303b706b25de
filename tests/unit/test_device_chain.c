/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_chain.c
 * @brief The chains of a hostile driver, direct elements only (C1 to C10, C13).
 */
#include "device_util.h"

/* A world whose device starts when the test has set its policy; chains begin at position 0, head 0. */
static void offer_head(struct world *w)
{
    world_start_device(w);
    peer_make_available(w, 0, 0);
}

/* Links descriptors 0 to n-1, all readable but the last. */
static void chain_up(const struct world *w, uint32_t n)
{
    uint32_t i;
    for (i = 0; i + 1u < n; i++) {
        element(w, i, WORLD_DATA + i % 1024u, 1, D_NEXT, i + 1u);
    }
    element(w, n - 1u, WORLD_DATA, 1, D_WRITE, 0);
}

static void c1_next_at_or_above_the_size_is_refused(void **state)
{
    static const uint32_t sizes[] = {2, 8, 256, 32768};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        const unsigned next[3] = {sizes[i], sizes[i] + 1u, 65535};
        size_t k;
        for (k = 0; k < COUNT_OF(next); k++) {
            struct world *w = world_new(sizes[i], 0);
            w->policy.max_elements = sizes[i] < 8u ? sizes[i] : 8u;
            element(w, 0, WORLD_DATA, 16, D_NEXT, next[k]);
            offer_head(w);
            assert_refused_until_reset(w, VQG_RULE_NEXT_RANGE, 0, next[k], sizes[i]);
            world_free(w);
        }
    }
}

static void c1_next_of_the_last_descriptor_is_not_looked_at(void **state)
{
    struct world *w = world_new(2, 0);
    (void)state;
    element(w, 0, WORLD_DATA, 16, D_NEXT, 1);
    element(w, 1, WORLD_DATA, 16, D_WRITE, 65535);
    offer_head(w);
    assert_pops(w, &w->chain);
    assert_int_equal(w->chain.count, 2);
    world_free(w);
}

static void c2_chain_as_long_as_the_queue_passes(void **state)
{
    static const uint32_t sizes[] = {1, 2, 8, 256, 32768};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        struct world *w = world_new(sizes[i], 0);
        struct vqg_seg *seg = calloc(sizes[i], sizeof *seg);
        struct vqg_chain c;
        assert_non_null(seg);
        vqg_chain_init(&c, seg, sizes[i]);
        chain_up(w, sizes[i]);
        offer_head(w);
        assert_pops(w, &c);
        assert_int_equal(c.count, sizes[i]);
        assert_int_equal(c.readable, sizes[i] - 1u);
        assert_int_equal(c.writable, 1);
        assert_int_equal(seg[sizes[i] - 1u].write, true);
        assert_status(vqg_device_push(&w->device, &c, 1), VQG_OK);
        world_free(w);
        free(seg);
    }
}

static void c2_chain_one_longer_than_the_policy_is_refused_before_the_next_fetch(void **state)
{
    struct world *w = world_new(8, 0);
    size_t i;
    (void)state;
    w->policy.max_elements = 4;
    chain_up(w, 4);
    offer_head(w);
    assert_pops(w, &w->chain);
    assert_status(vqg_device_push(&w->device, &w->chain, 1), VQG_OK);
    chain_up(w, 5);
    peer_make_available(w, 1, 0);
    test_port_reset();
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_V_CHAIN_BOUND);
    assert_violation(vqg_device_violation(&w->device), VQG_V_CHAIN_BOUND, VQG_RULE_CHAIN_BOUND, 4, 5, 4);
    assert_int_equal(test_port.count, 2 + 4 * 2);
    for (i = 0; i < test_port.count; i++) {
        assert_true(test_port.log[i].at != (const void *)world_at(w, WORLD_DESC + 16u * 4u));
    }
    restart(w);
    assert_serves(w);
    world_free(w);
}

/* Ends a loop that the library does not end: after 5000 loads every descriptor is the last one. */
static uint64_t weary(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    const struct world *w = context;
    ptrdiff_t offset = (const volatile unsigned char *)at - w->memory;
    bool end = test_port.loads > 5000u && bytes == 8u && offset % 16 == 8;
    return end ? as_loaded(w, desc_word(w, 16, 0, 0), 8) : value;
}

static void c2_loop_ends(void **state)
{
    /* Descriptors 0 -> 1 -> 2 -> `back`, of `len` bytes each. */
    static const struct {
        unsigned back;
        uint32_t len;
        enum vqg_chain_policy chain;
    } t[] = {{0, 1, VQG_CHAIN_LATCH}, {1, 1, VQG_CHAIN_LATCH}, {2, 1, VQG_CHAIN_LATCH}, {0, 0, VQG_CHAIN_LATCH},
             {2, 0, VQG_CHAIN_LATCH}, {0, 1, VQG_CHAIN_DROP},  {2, 0, VQG_CHAIN_DROP}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = world_new(4, 0);
        uint32_t k;
        w->policy.zero = VQG_ZERO_SKIP;
        w->policy.chain = t[i].chain;
        for (k = 0; k < 3u; k++) {
            element(w, k, WORLD_DATA, t[i].len, D_NEXT, k == 2u ? t[i].back : k + 1u);
        }
        offer_head(w);
        test_port.adversary = weary;
        test_port.context = w;
        assert_status(vqg_device_pop(&w->device, &w->chain), VQG_V_CHAIN_BOUND);
        /* At the descriptor that was there before; it is not fetched again. */
        assert_violation(vqg_device_violation(&w->device), VQG_V_CHAIN_BOUND, VQG_RULE_CHAIN_BOUND, t[i].back, 4, 3);
        assert_int_equal(test_port.loads, 2 + 2 * 3);
        assert_int_equal(vqg_device_needs_reset(&w->device), t[i].chain == VQG_CHAIN_LATCH);
        assert_int_equal(vqg_device_dropped(&w->device), t[i].chain == VQG_CHAIN_DROP ? 1 : 0);
        assert_int_equal(w->chain.count, 0);
        assert_int_equal(w->caps[0].pins, 3);
        test_port_reset();
        restart(w);
        assert_serves(w);
        world_free(w);
    }
}

static void c3_lengths_below_two_to_the_32_pass_and_one_byte_more_is_refused(void **state)
{
    /* Three elements; the second and the third are writable. */
    static const struct {
        uint32_t len[3];
        uint64_t total; /* 0: legal */
        uint32_t index;
    } t[] = {{{1, 1, 0xfffffffdu}, 0, 0},
             {{0x80000000u, 0x7fffffffu - 1u, 1}, 0, 0},
             {{1, 1, 0xfffffffeu}, 0x100000000u, 2},
             {{0xffffffffu, 1, 1}, 0x100000000u, 1},
             {{0x80000000u, 0x80000000u, 1}, 0x100000000u, 1},
             {{0xffffffffu, 0xffffffffu, 1}, 0x1fffffffeu, 1}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = world_new(8, 0);
        struct counted c;
        uint32_t k;
        counted_use(&c, w);
        for (k = 0; k < 3u; k++) {
            peer_desc(w, k, WIDE_BASE, t[i].len[k], (k < 2u ? D_NEXT : 0u) | (k > 0u ? D_WRITE : 0u), k + 1u);
        }
        offer_head(w);
        if (t[i].total != 0u) {
            assert_refused_until_reset(w, VQG_RULE_TOTAL_LENGTH, t[i].index, t[i].total, UINT32_MAX);
        } else {
            assert_pops(w, &w->chain);
            assert_int_equal(w->chain.readable, t[i].len[0]);
            assert_int_equal(w->chain.writable, t[i].len[1] + t[i].len[2]);
            assert_null(w->chain.seg[0].map);
            assert_status(vqg_device_push(&w->device, &w->chain, w->chain.writable), VQG_OK);
        }
        vqg_device_reset(&w->device);
        assert_int_equal(c.bytes, 0);
        world_free(w);
    }
}

static void c4_element_that_wraps_or_passes_the_highest_address_is_refused(void **state)
{
    const uint64_t end = WORLD_BASE + WORLD_DATA + 100u;
    const struct {
        uint64_t addr;
        uint32_t len;
        uint64_t max; /* 0: no limit */
        bool legal;
    } t[] = {{UINT64_MAX, 1, 0, true},      {UINT64_MAX, 2, 0, false},    {UINT64_MAX - 15u, 16, 0, true},
             {UINT64_MAX - 15u, 17, 0, false}, {UINT64_MAX - 15u, UINT32_MAX, 0, false},
             {end - 15u, 16, end, true},    {end - 15u, 17, end, false},  {end, 1, end, true},
             {end + 1u, 1, end, false},     {UINT64_MAX, 1, end, false},  {0, UINT32_MAX, 0xfffffffdu, false}};
    size_t i;
    (void)state;
    for (i = 0; i < 2u * COUNT_OF(t); i++) {
        struct world *w = world_new(8, 0);
        size_t k = i / 2u;
        struct counted c;
        counted_use(&c, w);
        w->policy.max_address = t[k].max;
        peer_desc(w, 0, t[k].addr, t[k].len, i % 2u != 0u ? D_WRITE : 0u, 0);
        offer_head(w);
        if (t[k].legal) {
            assert_pops(w, &w->chain);
            assert_int_equal(w->chain.seg[0].addr, t[k].addr);
        } else {
            c.lookups = 0;
            assert_refused(w, VQG_RULE_ELEMENT_RANGE, 0, t[k].addr, t[k].max == 0u ? UINT64_MAX : t[k].max);
            assert_int_equal(c.lookups, 0);
        }
        world_free(w);
    }
}

static void c5_element_that_no_capability_covers_is_refused(void **state)
{
    static const uint64_t addr[] = {0, WORLD_BASE - 1u, WORLD_BASE + WORLD_HOLE, WORLD_BASE + WORLD_BYTES, UINT64_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(addr); i++) {
        struct world *w = world_new(8, 0);
        element(w, 0, WORLD_DATA, 4, D_NEXT, 1);
        peer_desc(w, 1, addr[i], 1, D_WRITE, 0);
        offer_head(w);
        assert_refused_until_reset(w, VQG_RULE_CAPABILITY, 1, addr[i], 1);
        world_free(w);
    }
}

static void c6_readable_after_writable_is_refused(void **state)
{
    static const struct {
        uint32_t len;
        enum vqg_zero_policy zero;
    } t[] = {{1, VQG_ZERO_REJECT}, {1, VQG_ZERO_SKIP}, {0, VQG_ZERO_REJECT}, {0, VQG_ZERO_SKIP}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = world_new(8, 0);
        w->policy.zero = t[i].zero;
        element(w, 0, WORLD_DATA, 8, D_NEXT, 1);
        element(w, 1, WORLD_DATA, 24, D_NEXT | D_WRITE, 2);
        element(w, 2, WORLD_DATA + 64u, t[i].len, 0, 0);
        offer_head(w);
        assert_refused_until_reset(w, VQG_RULE_READ_AFTER_WRITE, 2, world_addr(WORLD_DATA + 64u), 24);
        world_free(w);
    }
}

static void c7_reserved_flag_is_refused_with_any_other(void **state)
{
    unsigned bit;
    unsigned others;
    (void)state;
    for (bit = 3; bit < 16u; bit++) {
        for (others = 0; others < 8u; others++) {
            struct world *w = world_new(8, VQG_F_INDIRECT_DESC);
            unsigned flags = 1u << bit | others;
            element(w, 0, WORLD_DATA, 16, flags, 1);
            offer_head(w);
            assert_refused(w, VQG_RULE_RESERVED_FLAGS, 0, flags, 7);
            world_free(w);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(c1_next_at_or_above_the_size_is_refused),
    cmocka_unit_test(c1_next_of_the_last_descriptor_is_not_looked_at),
    cmocka_unit_test(c2_chain_as_long_as_the_queue_passes),
    cmocka_unit_test(c2_chain_one_longer_than_the_policy_is_refused_before_the_next_fetch),
    cmocka_unit_test(c2_loop_ends),
    cmocka_unit_test(c3_lengths_below_two_to_the_32_pass_and_one_byte_more_is_refused),
    cmocka_unit_test(c4_element_that_wraps_or_passes_the_highest_address_is_refused),
    cmocka_unit_test(c5_element_that_no_capability_covers_is_refused),
    cmocka_unit_test(c6_readable_after_writable_is_refused),
    cmocka_unit_test(c7_reserved_flag_is_refused_with_any_other),
};

TEST_MAIN(tests)
