/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_life.c
 * @brief A device's life: latched, quiet, reset, enabled again, and chains that outlive a reset (F1 to F5, R4, R8).
 */
#include "device_util.h"

static void f1_first_violation_is_kept_and_the_endpoint_is_dead(void **state)
{
    struct world *w = world_new(8, 0);
    struct vqg_violation first;
    unsigned n;
    (void)state;
    w->queue.index = 3;
    w->queue.count = 4;
    world_start_device(w);
    element(w, 2, WORLD_HOLE, 16, 0, 0);
    peer_make_available(w, 0, 2);
    assert_refused(w, VQG_RULE_CAPABILITY, 0, world_addr(WORLD_HOLE), 16);
    first = *vqg_device_violation(&w->device);
    peer_avail_idx(w, 1000);
    for (n = 0; n < 10u; n++) {
        assert_status(vqg_device_pop(&w->device, &w->chain), VQG_DEAD);
    }
    assert_memory_equal(&first, vqg_device_violation(&w->device), sizeof first);
    assert_int_equal(first.queue, 3);
    vqg_device_reset(&w->device);
    /* The record can be read until the queue is enabled again. */
    assert_memory_equal(&first, vqg_device_violation(&w->device), sizeof first);
    restart(w);
    assert_serves(w);
    world_free(w);
}

/* Descriptors of random addresses and mostly small other fields, and heads of which some are out of range. */
static void scribble(struct world *w, uint32_t seed)
{
    uint32_t x = seed * 2654435761u;
    uint32_t i;
    for (i = 0; i < 16u * 16u; i++) {
        x = x * 1664525u + 1013904223u;
        *world_at(w, WORLD_DESC + i) = (unsigned char)(i % 16u < 8u || x % 3u == 0u ? x >> 24 : 0u);
    }
    for (i = 0; i < 16u; i++) {
        x = x * 1664525u + 1013904223u;
        peer_put(w, WORLD_AVAIL + 4u + 2u * i, 2, x >> 27);
    }
    peer_avail_idx(w, (uint16_t)(x >> 28));
}

static void f2_random_queue_ends_in_a_status(void **state)
{
    struct world *w = world_new(16, VQG_F_INDIRECT_DESC);
    struct counted c;
    unsigned served = 0;
    unsigned refused = 0;
    uint32_t seed;
    (void)state;
    counted_use(&c, w);
    /* Every address is covered. */
    c.cap[1].base = WORLD_BASE + WORLD_BYTES;
    c.cap[1].size = TOP_BASE - c.cap[1].base;
    world_start_device(w);
    for (seed = 1; seed <= 2000u; seed++) {
        unsigned n = 0;
        enum vqg_status st;
        restart(w);
        scribble(w, seed);
        while ((st = vqg_device_pop(&w->device, &w->chain)) == VQG_OK) {
            assert_true(++n <= 16u);
            assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
        }
        assert_true(st == VQG_EMPTY || vqg_is_violation(st));
        assert_int_equal(vqg_is_violation(st), vqg_device_needs_reset(&w->device));
        served += n;
        refused += vqg_is_violation(st) ? 1u : 0u;
    }
    assert_true(served > 100u);
    assert_true(refused > 100u);
    world_free(w);
}

static void f5_endpoint_needs_a_reset_exactly_when_it_is_dead(void **state)
{
    struct world *w = world_new(8, 0);
    (void)state;
    assert_false(vqg_device_needs_reset(&w->device));
    world_start_device(w);
    assert_false(vqg_device_needs_reset(&w->device));
    peer_avail_idx(w, 9);
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_V_AVAIL_JUMP);
    assert_true(vqg_device_needs_reset(&w->device));
    vqg_device_reset(&w->device);
    assert_false(vqg_device_needs_reset(&w->device));
    restart(w);
    assert_serves(w);
    world_free(w);
}

static void r8_dead_endpoint_touches_nothing_shared(void **state)
{
    struct world *w = device_new(8, VQG_F_EVENT_IDX);
    struct vqg_device_state saved = {0, 0, NULL, 0, 0};
    struct world_copy *before;
    struct pool p;
    uint16_t n;
    (void)state;
    pool_init(&p);
    for (n = 0; n < 4u; n++) {
        plain(w, n);
        peer_make_available(w, n, n);
        assert_pops(w, &p.chain[n]);
    }
    /* One is pushed and not published, three are in flight. */
    assert_status(vqg_device_push(&w->device, &p.chain[1], 16), VQG_OK);
    peer_make_available(w, 4, 8);
    assert_refused(w, VQG_RULE_HEAD_RANGE, 4, 8, 8);
    assert_int_equal(w->caps[0].pins, 3 + 3);
    test_port_reset();
    before = world_copy(w);
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_DEAD);
    assert_false(vqg_device_notify(&w->device));
    assert_false(vqg_device_kick_enable(&w->device));
    assert_status(vqg_device_hint(&w->device, 4), VQG_DEAD);
    assert_status(vqg_device_save(&w->device, &saved), VQG_BAD_STATE);
    assert_status(vqg_device_restore(&w->device, &saved), VQG_BAD_STATE);
    assert_true(vqg_device_in_flight(&w->device, world_addr(WORLD_USED), 1));
    world_assert_unchanged(w, before);
    /* The middle, the last and the first that was popped come back; nothing reaches the driver. */
    assert_status(vqg_device_push(&w->device, &p.chain[2], 16), VQG_DEAD);
    assert_status(vqg_device_push(&w->device, &p.chain[3], UINT32_MAX), VQG_DEAD);
    assert_status(vqg_device_push(&w->device, &p.chain[0], 16), VQG_DEAD);
    assert_status(vqg_device_push(&w->device, &p.chain[0], 16), VQG_BAD_CHAIN);
    vqg_device_kick_disable(&w->device);
    assert_false(vqg_device_notify(&w->device));
    assert_int_equal(w->caps[0].pins, 3);
    vqg_device_reset(&w->device);
    assert_int_equal(test_port.count, 0);
    assert_int_equal(w->caps[0].pins, 0);
    restart(w);
    assert_serves(w);
    world_free(w);
}

static void r8_endpoint_that_is_off_touches_nothing_shared(void **state)
{
    struct world *w = device_new(8, 0);
    struct pool p;
    (void)state;
    pool_init(&p);
    plain(w, 0);
    peer_make_available(w, 0, 0);
    assert_pops(w, &p.chain[0]);
    vqg_device_reset(&w->device);
    test_port_reset();
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_DEAD);
    assert_status(vqg_device_push(&w->device, &p.chain[0], 0), VQG_STALE);
    assert_false(vqg_device_notify(&w->device));
    assert_false(vqg_device_kick_enable(&w->device));
    vqg_device_kick_disable(&w->device);
    assert_status(vqg_device_hint(&w->device, 0), VQG_DEAD);
    vqg_device_reset(&w->device);
    assert_int_equal(test_port.count, 0);
    world_free(w);
}

static void r4_each_reset_of_an_enabled_queue_opens_a_generation(void **state)
{
    struct world *w = device_new(8, 0);
    uint32_t generation;
    (void)state;
    for (generation = 0; generation < 5u; generation++) {
        plain(w, 0);
        peer_make_available(w, 0, 0);
        assert_pops(w, &w->chain);
        assert_int_equal(w->chain.generation, generation);
        assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
        /* A reset of a queue that is off opens none. */
        vqg_device_reset(&w->device);
        vqg_device_reset(&w->device);
        restart(w);
    }
    world_free(w);
}

static void r4_chain_of_a_queue_that_was_enabled_again_keeps_its_pins(void **state)
{
    /* In which order three chains of three generations come back. */
    static const unsigned order[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}, {0, 2, 1}, {2, 0, 1}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(order); i++) {
        struct world *w = device_new(8, 0);
        const struct vqg_device *d = &w->device;
        struct pool p;
        unsigned n;
        unsigned left;
        pool_init(&p);
        for (n = 0; n < 3u; n++) {
            element(w, 0, WORLD_DATA + 0x1000u * n, 16, D_WRITE, 0);
            peer_make_available(w, 0, 0);
            assert_pops(w, &p.chain[n]);
            restart(w);
        }
        for (n = 0; n < 3u; n++) {
            unsigned k = order[i][n];
            assert_int_equal(w->caps[0].pins, 3 + 3 - n);
            assert_true(vqg_device_in_flight(d, world_addr(WORLD_DATA + 0x1000u * k), 16));
            assert_status(vqg_device_push(&w->device, &p.chain[k], 16), VQG_STALE);
            assert_false(vqg_device_in_flight(d, world_addr(WORLD_DATA + 0x1000u * k), 16));
            for (left = n + 1u; left < 3u; left++) {
                assert_true(vqg_device_in_flight(d, world_addr(WORLD_DATA + 0x1000u * order[i][left]), 16));
            }
        }
        assert_int_equal(peer_get_used_idx(w), 0);
        assert_serves(w);
        world_free(w);
    }
}

static void f3_chain_that_breaks_a_chain_rule_is_dropped_and_goes_back_empty(void **state)
{
    /* Head 0 in one descriptor, under VQG_CHAIN_DROP. */
    static const struct {
        enum vqg_rule rule;
        uint64_t at;
        uint32_t len;
        unsigned flags, next;
    } t[] = {{VQG_RULE_NEXT_RANGE, WORLD_DATA, 16, D_NEXT, 8},
             {VQG_RULE_ELEMENT_RANGE, 0 - WORLD_BASE - 1u, 2, 0, 0},
             {VQG_RULE_CAPABILITY, WORLD_HOLE, 16, 0, 0},
             {VQG_RULE_RESERVED_FLAGS, WORLD_DATA, 16, 0x8000, 0},
             {VQG_RULE_ZERO_LENGTH, WORLD_DATA, 0, 0, 0},
             {VQG_RULE_MINIMUM_SIZE, WORLD_DATA, 1, 0, 0},
             {VQG_RULE_TABLE_LENGTH, WORLD_TABLES, 17, D_INDIRECT, 0},
             {VQG_RULE_TABLE_ENTRIES, WORLD_TABLES, 160, D_INDIRECT, 0},
             {VQG_RULE_TABLE_READABLE, WORLD_WRONLY, 16, D_INDIRECT, 0},
             {VQG_RULE_INDIRECT_NEXT, WORLD_TABLES, 16, D_INDIRECT | D_NEXT, 0},
             {VQG_RULE_SELF_ALIAS, WORLD_USED, 4, D_WRITE, 0},
             {VQG_RULE_EVERY_BYTE, WORLD_HOLE - 1u, 2, D_WRITE, 0},
             {VQG_RULE_RIGHT, WORLD_RDONLY, 2, D_WRITE, 0},
             {VQG_RULE_QUOTA, WORLD_DATA, 5000, 0, 0}};
    struct world *w = world_new(8, VQG_F_INDIRECT_DESC);
    uint16_t n;
    (void)state;
    w->policy.chain = VQG_CHAIN_DROP;
    w->policy.min_readable = 2;
    w->policy.max_bytes = 4096;
    world_start_device(w);
    device_at(w, 65530);
    element(w, 1, WORLD_DATA, 16, D_NEXT, 2);
    element(w, 2, WORLD_DATA, 16, D_WRITE, 0);
    for (n = 0; n < COUNT_OF(t); n++) {
        uint16_t at = (uint16_t)(65530u + 2u * n);
        element(w, 0, t[n].at, t[n].len, t[n].flags, t[n].next);
        peer_make_available(w, at, 0);
        peer_make_available(w, (uint16_t)(at + 1u), 1);
        assert_status(vqg_device_pop(&w->device, &w->chain), (enum vqg_status)(VQG_VIOLATION_BASE - (int)t[n].rule));
        assert_int_equal(w->chain.count, 0);
        assert_false(vqg_device_needs_reset(&w->device));
        assert_int_equal(vqg_device_dropped(&w->device), n + 1u);
        /* The first is on record, the others are counted (F4). */
        assert_int_equal(vqg_device_violation(&w->device)->rule, t[0].rule);
        assert_int_equal(vqg_device_violation(&w->device)->count, n + 1u);
        assert_int_equal(peer_get_used_idx(w), at);
        assert_pops(w, &w->chain);
        assert_int_equal(w->chain.writable, 16);
        assert_status(vqg_device_push(&w->device, &w->chain, 9), VQG_OK);
        assert_true(vqg_device_notify(&w->device));
        assert_int_equal(peer_get_used_idx(w), (uint16_t)(at + 2u));
        assert_int_equal(peer_get_used_id(w, at), 0);
        assert_int_equal(peer_get_used_len(w, at), 0);
        assert_int_equal(peer_get_used_id(w, (uint16_t)(at + 1u)), 1);
        assert_int_equal(peer_get_used_len(w, (uint16_t)(at + 1u)), 9);
        assert_int_equal(w->caps[0].pins + w->caps[1].pins + w->caps[2].pins, 3);
    }
    world_free(w);
}

static void f3_dropped_chain_is_published_by_itself(void **state)
{
    struct world *w = world_new(8, 0);
    (void)state;
    w->policy.chain = VQG_CHAIN_DROP;
    world_start_device(w);
    element(w, 7, WORLD_HOLE, 16, D_WRITE, 0);
    peer_make_available(w, 0, 7);
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_V_CAPABILITY);
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_EMPTY);
    assert_true(vqg_device_notify(&w->device));
    assert_int_equal(peer_get_used_idx(w), 1);
    assert_int_equal(peer_get_used_id(w, 0), 7);
    world_free(w);
}

static void f3_violation_of_the_ring_latches_under_the_drop_policy_as_well(void **state)
{
    struct world *w = world_new(8, 0);
    (void)state;
    w->policy.chain = VQG_CHAIN_DROP;
    world_start_device(w);
    peer_make_available(w, 0, 8);
    assert_refused_until_reset(w, VQG_RULE_HEAD_RANGE, 0, 8, 8);
    peer_avail_idx(w, 10);
    assert_refused_until_reset(w, VQG_RULE_AVAIL_JUMP, 1, 9, 8);
    assert_int_equal(vqg_device_dropped(&w->device), 0);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(f1_first_violation_is_kept_and_the_endpoint_is_dead),
    cmocka_unit_test(f2_random_queue_ends_in_a_status),
    cmocka_unit_test(f5_endpoint_needs_a_reset_exactly_when_it_is_dead),
    cmocka_unit_test(r8_dead_endpoint_touches_nothing_shared),
    cmocka_unit_test(r8_endpoint_that_is_off_touches_nothing_shared),
    cmocka_unit_test(r4_each_reset_of_an_enabled_queue_opens_a_generation),
    cmocka_unit_test(r4_chain_of_a_queue_that_was_enabled_again_keeps_its_pins),
    cmocka_unit_test(f3_chain_that_breaks_a_chain_rule_is_dropped_and_goes_back_empty),
    cmocka_unit_test(f3_dropped_chain_is_published_by_itself),
    cmocka_unit_test(f3_violation_of_the_ring_latches_under_the_drop_policy_as_well),
};

TEST_MAIN(tests)
