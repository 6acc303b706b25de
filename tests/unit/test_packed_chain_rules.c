/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_chain_rules.c
 * @brief The elements of a hostile driver's lists in a packed queue (C3 to C6, C8 to C10, X8, M1, M2, M9).
 */
#include "packed_device_util.h"

/* At every place: a list is refused; the record names the slot of element `k`, or what `index` says. */
static void refused(const struct vqg_policy *policy, const struct vqg_seg *seg, uint32_t n, enum vqg_rule rule,
                    uint32_t k, uint32_t index, uint64_t value, uint64_t limit)
{
    size_t i;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        struct packed_peer *p = packed_new(7, 0);
        struct packed_cursor at = packed_begins[i];
        p->w->policy = *policy;
        world_start_device(p->w);
        packed_begin(p, at.slot, at.wrap);
        packed_post(p, seg, n, 5);
        assert_refused(p->w, rule, index < UINT32_MAX ? index : packed_slot(p, at, k), value, limit);
        assert_int_equal(p->w->caps[0].pins, 3);
        assert_int_equal(p->w->device.bytes_in_flight, 0);
        packed_free(p);
    }
}

#define AT_SLOT UINT32_MAX

static void passes(const struct vqg_policy *policy, const struct vqg_seg *seg, uint32_t n, uint32_t count)
{
    struct packed_peer *p = packed_new(7, 0);
    p->w->policy = *policy;
    world_start_device(p->w);
    packed_begin(p, 6, true);
    packed_post(p, seg, n, 5);
    assert_pops(p->w, &p->w->chain);
    assert_int_equal(p->w->chain.count, count);
    assert_status(vqg_device_push(&p->w->device, &p->w->chain, p->w->chain.writable), VQG_OK);
    assert_true(vqg_device_notify(&p->w->device));
    assert_collects(p, 5, p->w->chain.writable);
    assert_int_equal(p->w->device.ring.put, packed_word(p->avail));
    packed_free(p);
}

static void c3_lengths_of_two_to_the_32_are_refused(void **state)
{
    struct packed_peer *p = packed_new(7, 0);
    struct vqg_seg seg[3] = {packed_seg(0, 1, false), packed_seg(0, 0x80000000u, false),
                             packed_seg(0, 0x7fffffffu, true)};
    struct counted c;
    uint32_t i;
    (void)state;
    for (i = 0; i < 3u; i++) {
        seg[i].addr = WIDE_BASE;
    }
    counted_use(&c, p->w);
    world_start_device(p->w);
    packed_begin(p, 5, true);
    packed_post(p, seg, 3, 1);
    assert_refused(p->w, VQG_RULE_TOTAL_LENGTH, 0, 0x100000000u, UINT32_MAX);
    packed_restart(p);
    seg[2].len--;
    packed_post(p, seg, 3, 1);
    assert_pops(p->w, &p->w->chain);
    assert_int_equal(p->w->chain.readable, 0x80000001u);
    assert_int_equal(p->w->chain.writable, 0x7ffffffeu);
    packed_free(p);
}

static void c4_element_that_wraps_or_passes_the_highest_address_is_refused(void **state)
{
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_seg seg[2] = {packed_seg(WORLD_DATA, 16, false), packed_seg(WORLD_DATA, 17, true)};
    (void)state;
    seg[1].addr = UINT64_MAX - 15u;
    refused(&policy, seg, 2, VQG_RULE_ELEMENT_RANGE, 1, AT_SLOT, UINT64_MAX - 15u, UINT64_MAX);
    seg[1].addr = world_addr(WORLD_DATA);
    policy.max_address = world_addr(WORLD_DATA) + 15u;
    refused(&policy, seg, 2, VQG_RULE_ELEMENT_RANGE, 1, AT_SLOT, world_addr(WORLD_DATA), policy.max_address);
    seg[1].len = 16;
    passes(&policy, seg, 2, 2);
}

static void c5_element_that_no_capability_covers_is_refused(void **state)
{
    const struct vqg_policy policy = vqg_profile_strict();
    const struct vqg_seg seg[3] = {packed_seg(WORLD_DATA, 16, false), packed_seg(WORLD_DATA, 16, true),
                                   packed_seg(WORLD_HOLE, 1, true)};
    (void)state;
    refused(&policy, seg, 3, VQG_RULE_CAPABILITY, 2, 2, world_addr(WORLD_HOLE), 1);
}

static void c6_readable_after_writable_is_refused(void **state)
{
    const struct vqg_policy policy = vqg_profile_strict();
    const struct vqg_seg seg[3] = {packed_seg(WORLD_DATA, 16, false), packed_seg(WORLD_DATA, 24, true),
                                   packed_seg(WORLD_DATA + 64u, 1, false)};
    (void)state;
    refused(&policy, seg, 3, VQG_RULE_READ_AFTER_WRITE, 2, AT_SLOT, world_addr(WORLD_DATA + 64u), 24);
    passes(&policy, seg, 2, 2);
}

static void c8_empty_element_is_refused_or_skipped(void **state)
{
    struct vqg_policy policy = vqg_profile_strict();
    const struct vqg_seg seg[3] = {packed_seg(WORLD_DATA, 16, false), packed_seg(WORLD_HOLE, 0, false),
                                   packed_seg(WORLD_DATA, 16, true)};
    (void)state;
    refused(&policy, seg, 3, VQG_RULE_ZERO_LENGTH, 1, AT_SLOT, 0, 1);
    refused(&policy, seg + 1, 1, VQG_RULE_ZERO_LENGTH, 0, AT_SLOT, 0, 1);
    policy.zero = VQG_ZERO_SKIP;
    passes(&policy, seg, 3, 2);
    passes(&policy, seg + 1, 1, 0);
}

static void c9_element_against_the_way_of_the_queue_is_refused(void **state)
{
    struct vqg_policy policy = vqg_profile_strict();
    const struct vqg_seg seg[2] = {packed_seg(WORLD_DATA, 16, false), packed_seg(WORLD_DATA, 16, true)};
    (void)state;
    policy.direction = VQG_DIRECTION_READABLE;
    refused(&policy, seg, 2, VQG_RULE_DIRECTION, 1, AT_SLOT, 1, VQG_DIRECTION_READABLE);
    passes(&policy, seg, 1, 1);
    policy.direction = VQG_DIRECTION_WRITABLE;
    refused(&policy, seg, 2, VQG_RULE_DIRECTION, 0, AT_SLOT, 0, VQG_DIRECTION_WRITABLE);
    passes(&policy, seg + 1, 1, 1);
}

static void c10_list_with_too_few_bytes_is_refused(void **state)
{
    struct vqg_policy policy = vqg_profile_strict();
    const struct vqg_seg seg[2] = {packed_seg(WORLD_DATA, 15, false), packed_seg(WORLD_DATA, 7, true)};
    (void)state;
    policy.min_readable = 15;
    policy.min_writable = 7;
    passes(&policy, seg, 2, 2);
    policy.min_readable = 16;
    refused(&policy, seg, 2, VQG_RULE_MINIMUM_SIZE, 0, 5, 15, 16);
    policy.min_readable = 0;
    policy.min_writable = 8;
    refused(&policy, seg, 2, VQG_RULE_MINIMUM_SIZE, 0, 5, 7, 8);
}

static void x8_writable_element_over_the_ring_or_the_events_is_refused(void **state)
{
    /* A range that shares one byte with a part of a queue of 7, at its beginning or at its end. */
    static const struct {
        uint64_t offset;
        uint32_t len;
        uint64_t part;
    } t[] = {{WORLD_DESC, 1, WORLD_DESC},       {WORLD_DESC + 111u, 2, WORLD_DESC}, {WORLD_AVAIL - 3u, 4, WORLD_AVAIL},
             {WORLD_AVAIL + 3u, 9, WORLD_AVAIL}, {WORLD_USED - 3u, 4, WORLD_USED},   {WORLD_USED + 3u, 1, WORLD_USED}};
    /* Just beside them. */
    static const struct {
        uint64_t offset;
        uint32_t len;
    } beside[] = {{WORLD_DESC + 112u, 8}, {WORLD_AVAIL - 8u, 8}, {WORLD_AVAIL + 4u, 8}, {WORLD_USED - 8u, 8},
                  {WORLD_USED + 4u, 8}};
    const struct vqg_policy policy = vqg_profile_strict();
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct vqg_seg seg[2] = {packed_seg(WORLD_DATA, 16, true), packed_seg(t[i].offset, t[i].len, true)};
        refused(&policy, seg, 2, VQG_RULE_SELF_ALIAS, 1, AT_SLOT, world_addr(t[i].offset), world_addr(t[i].part));
        seg[0].write = false;
        seg[1].write = false;
        passes(&policy, seg, 2, 2);
    }
    for (i = 0; i < COUNT_OF(beside); i++) {
        const struct vqg_seg seg = packed_seg(beside[i].offset, beside[i].len, true);
        passes(&policy, &seg, 1, 1);
    }
}

static void m1_element_over_two_capabilities_is_refused_or_split(void **state)
{
    struct vqg_policy policy = vqg_profile_strict();
    const struct vqg_seg seg[2] = {packed_seg(WORLD_DATA, 16, false), packed_seg(WORLD_RDONLY - 10u, 26, false)};
    (void)state;
    refused(&policy, seg, 2, VQG_RULE_EVERY_BYTE, 1, 1, 26, 10);
    policy.span = VQG_SPAN_SPLIT;
    passes(&policy, seg, 2, 3);
}

static void m2_element_without_the_right_is_refused(void **state)
{
    const struct vqg_policy policy = vqg_profile_strict();
    struct vqg_seg seg[2] = {packed_seg(WORLD_DATA, 16, false), packed_seg(WORLD_RDONLY, 16, true)};
    (void)state;
    refused(&policy, seg, 2, VQG_RULE_RIGHT, 1, 1, world_addr(WORLD_RDONLY), VQG_CAP_READ);
    seg[1] = packed_seg(WORLD_WRONLY, 16, false);
    refused(&policy, seg, 2, VQG_RULE_RIGHT, 1, 1, world_addr(WORLD_WRONLY), VQG_CAP_WRITE);
    seg[1].write = true;
    passes(&policy, seg, 2, 2);
}

static void r8_nothing_behind_an_element_that_latches_is_fetched(void **state)
{
    struct packed_peer *p = packed_live(7, 0);
    (void)state;
    packed_begin(p, 5, true);
    packed_list(p, 4, 2);
    peer_put(p->w, packed_at(6) + PACKED_LEN, 4, 0);
    peer_put(p->w, packed_at(0) + PACKED_FLAGS, 2, 0); /* would be refused as well, and as worse */
    test_port_reset();
    assert_status(vqg_device_pop(&p->w->device, &p->w->chain), VQG_V_ZERO_LENGTH);
    assert_int_equal(test_port.loads, 4 + 2);
    assert_int_equal(vqg_device_violation(&p->w->device)->count, 1);
    assert_true(vqg_device_needs_reset(&p->w->device));
    packed_free(p);
}

static void m9_list_beyond_the_policys_bytes_is_refused(void **state)
{
    struct vqg_policy policy = vqg_profile_strict();
    const struct vqg_seg seg[3] = {packed_seg(WORLD_DATA, 16, false), packed_seg(WORLD_DATA, 16, true),
                                   packed_seg(WORLD_DATA, 16, true)};
    (void)state;
    policy.max_bytes = 48;
    passes(&policy, seg, 3, 3);
    policy.max_bytes = 47;
    refused(&policy, seg, 3, VQG_RULE_QUOTA, 2, AT_SLOT, 48, 47);
    policy.max_bytes = 0;
    policy.max_bytes_in_flight = 48;
    passes(&policy, seg, 3, 3);
    policy.max_bytes_in_flight = 47;
    refused(&policy, seg, 3, VQG_RULE_QUOTA, 0, 5, 48, 47);
}

static void m9_list_that_does_not_fit_now_stays_in_the_ring(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < 2u * COUNT_OF(packed_begins); i++) {
        struct packed_peer *p = packed_new(7, 0);
        struct packed_cursor at = packed_begins[i / 2u];
        struct world_copy *before;
        struct pool pool;
        pool_init(&pool);
        p->w->policy.max_bytes_in_flight = 79;
        p->w->policy.chain = i % 2u != 0u ? VQG_CHAIN_DROP : VQG_CHAIN_LATCH;
        world_start_device(p->w);
        packed_begin(p, at.slot, at.wrap);
        packed_list(p, 3, 4);
        packed_list(p, 2, 1);
        assert_pops(p->w, &pool.chain[0]);
        before = world_copy(p->w);
        assert_status(vqg_device_pop(&p->w->device, &pool.chain[1]), VQG_FULL);
        assert_int_equal(pool.chain[1].count, 0);
        assert_null(pool.chain[1].owner_);
        world_assert_unchanged(p->w, before);
        assert_true(vqg_device_kick_enable(&p->w->device));
        assert_status(vqg_device_push(&p->w->device, &pool.chain[0], 16), VQG_OK);
        /* Judged anew: the driver made the first element shorter meanwhile. Its flags were seen and are kept. */
        peer_put(p->w, packed_at(packed_slot(p, at, 3)) + PACKED_LEN, 4, 5);
        peer_put(p->w, packed_at(packed_slot(p, at, 3)) + PACKED_FLAGS, 2, 0);
        test_port_reset();
        assert_pops(p->w, &pool.chain[1]);
        assert_int_equal(test_port.loads, 3 + 2);
        assert_int_equal(pool.chain[1].head, 1);
        assert_int_equal(pool.chain[1].readable, 5);
        assert_int_equal(pool.chain[1].count, 2);
        assert_int_equal(vqg_device_dropped(&p->w->device), 0);
        packed_free(p);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(c3_lengths_of_two_to_the_32_are_refused),
    cmocka_unit_test(c4_element_that_wraps_or_passes_the_highest_address_is_refused),
    cmocka_unit_test(c5_element_that_no_capability_covers_is_refused),
    cmocka_unit_test(c6_readable_after_writable_is_refused),
    cmocka_unit_test(c8_empty_element_is_refused_or_skipped),
    cmocka_unit_test(c9_element_against_the_way_of_the_queue_is_refused),
    cmocka_unit_test(c10_list_with_too_few_bytes_is_refused),
    cmocka_unit_test(x8_writable_element_over_the_ring_or_the_events_is_refused),
    cmocka_unit_test(m1_element_over_two_capabilities_is_refused_or_split),
    cmocka_unit_test(m2_element_without_the_right_is_refused),
    cmocka_unit_test(r8_nothing_behind_an_element_that_latches_is_fetched),
    cmocka_unit_test(m9_list_beyond_the_policys_bytes_is_refused),
    cmocka_unit_test(m9_list_that_does_not_fit_now_stays_in_the_ring),
};

TEST_MAIN(tests)
