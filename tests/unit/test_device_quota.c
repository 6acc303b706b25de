/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_quota.c
 * @brief How much a chain, and all chains in flight, may ask of a device (M9).
 */
#include "device_util.h"

static void m9_chain_with_more_bytes_than_the_policy_allows_is_refused(void **state)
{
    /* Two elements under a limit of 100 bytes. */
    static const struct {
        uint32_t len[2];
        uint32_t index;
        uint64_t total; /* 0: legal */
    } t[] = {{{50, 50}, 0, 0}, {{99, 1}, 0, 0}, {{50, 51}, 1, 101}, {{101, 1}, 0, 101}, {{1, UINT32_MAX - 1u}, 1, UINT32_MAX}};
    size_t i;
    unsigned flags;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        for (flags = 0; flags <= D_WRITE; flags += D_WRITE) {
            struct world *w = world_new(8, 0);
            w->policy.max_bytes = 100;
            world_start_device(w);
            element(w, 0, WORLD_DATA, t[i].len[0], D_NEXT, 1);
            element(w, 1, WORLD_DATA + 0x1000u, t[i].len[1], flags, 0);
            peer_make_available(w, 0, 0);
            if (t[i].total == 0u) {
                assert_pops(w, &w->chain);
                assert_int_equal(w->chain.readable + w->chain.writable, 100);
            } else {
                assert_refused(w, VQG_RULE_QUOTA, t[i].index, t[i].total, 100);
                assert_int_equal(w->caps[0].pins, 3);
            }
            world_free(w);
        }
    }
}

static void m9_chain_that_could_never_be_in_flight_is_refused(void **state)
{
    struct world *w = world_new(8, 0);
    (void)state;
    w->policy.max_bytes_in_flight = 128;
    world_start_device(w);
    element(w, 3, WORLD_DATA, 128, D_WRITE, 0);
    peer_make_available(w, 0, 3);
    assert_pops(w, &w->chain);
    assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
    element(w, 3, WORLD_DATA, 129, D_WRITE, 0);
    peer_make_available(w, 1, 3);
    assert_refused_until_reset(w, VQG_RULE_QUOTA, 3, 129, 128);
    assert_int_equal(w->caps[0].pins, 3);
    world_free(w);
}

static void m9_chain_that_does_not_fit_now_is_held_back_and_comes_later(void **state)
{
    enum vqg_chain_policy policy;
    (void)state;
    for (policy = VQG_CHAIN_LATCH; policy <= VQG_CHAIN_DROP; policy++) {
        struct world *w = world_new(8, 0);
        struct world_copy *before;
        struct pool p;
        uint16_t n;
        pool_init(&p);
        w->policy.chain = policy;
        w->policy.max_bytes_in_flight = 100;
        world_start_device(w);
        for (n = 0; n < 4u; n++) {
            element(w, n, WORLD_DATA + 0x1000u * (uint64_t)n, n == 3u ? 1 : 50, D_WRITE, 0);
            peer_make_available(w, n, n);
        }
        assert_pops(w, &p.chain[0]);
        assert_pops(w, &p.chain[1]);
        before = world_copy(w);
        for (n = 0; n < 3u; n++) {
            assert_status(vqg_device_pop(&w->device, &p.chain[2]), VQG_FULL);
            assert_int_equal(p.chain[2].count, 0);
            assert_status(vqg_device_push(&w->device, &p.chain[2], 0), VQG_BAD_CHAIN);
        }
        assert_int_equal(vqg_device_violation(&w->device)->rule, VQG_RULE_NONE);
        assert_int_equal(vqg_device_dropped(&w->device), 0);
        world_assert_unchanged(w, before);
        /* In the order of the ring: the small one behind it does not overtake. */
        assert_status(vqg_device_push(&w->device, &p.chain[0], 50), VQG_OK);
        assert_pops(w, &p.chain[2]);
        assert_int_equal(p.chain[2].head, 2);
        assert_status(vqg_device_pop(&w->device, &p.chain[3]), VQG_FULL);
        assert_status(vqg_device_push(&w->device, &p.chain[1], 50), VQG_OK);
        assert_pops(w, &p.chain[3]);
        assert_int_equal(p.chain[3].head, 3);
        world_free(w);
    }
}

static void m9_chain_that_is_held_back_is_judged_again(void **state)
{
    struct world *w = world_new(8, 0);
    struct pool p;
    (void)state;
    pool_init(&p);
    w->policy.max_bytes_in_flight = 128;
    world_start_device(w);
    element(w, 0, WORLD_DATA, 100, D_WRITE, 0);
    element(w, 1, WORLD_DATA, 29, D_WRITE, 0);
    peer_make_available(w, 0, 0);
    peer_make_available(w, 1, 1);
    assert_pops(w, &p.chain[0]);
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_FULL);
    /* The driver changes what waits, and takes the index back as far as what was looked at. */
    element(w, 1, WORLD_HOLE, 16, 0, 0);
    peer_avail_idx(w, 1);
    assert_refused(w, VQG_RULE_CAPABILITY, 0, world_addr(WORLD_HOLE), 16);
    assert_status(vqg_device_push(&w->device, &p.chain[0], 0), VQG_DEAD);
    restart(w);
    assert_serves(w);
    world_free(w);
}

static void m9_empty_chain_always_fits(void **state)
{
    struct world *w = world_new(8, 0);
    struct pool p;
    (void)state;
    pool_init(&p);
    w->policy.max_bytes_in_flight = 16;
    w->policy.zero = VQG_ZERO_SKIP;
    world_start_device(w);
    plain(w, 0);
    element(w, 1, WORLD_DATA, 0, D_WRITE, 0);
    peer_make_available(w, 0, 0);
    peer_make_available(w, 1, 1);
    assert_pops(w, &p.chain[0]);
    assert_pops(w, &p.chain[1]);
    assert_int_equal(p.chain[1].count, 0);
    world_free(w);
}

static void m9_segments_beyond_the_storage_are_refused(void **state)
{
    /* `capacity` segments for an element in three capabilities. */
    uint32_t capacity;
    (void)state;
    for (capacity = 1; capacity <= 3u; capacity++) {
        struct world *w = world_new(8, 0);
        w->policy.span = VQG_SPAN_SPLIT;
        w->policy.max_elements = 1;
        w->caps[2].rights = VQG_CAP_READ;
        world_start_device(w);
        element(w, 0, WORLD_RDONLY - 16u, 16 + 0x10000 + 16, 0, 0);
        peer_make_available(w, 0, 0);
        vqg_chain_init(&w->chain, w->segs, capacity);
        if (capacity == 3u) {
            assert_pops(w, &w->chain);
            assert_int_equal(w->chain.count, 3);
            assert_int_equal(w->chain.readable, 32 + 0x10000);
        } else {
            struct world_copy *before = world_copy(w);
            enum vqg_status st = vqg_device_pop(&w->device, &w->chain);
            assert_violation(vqg_device_violation(&w->device), st, VQG_RULE_QUOTA, capacity, capacity + 1u, capacity);
            assert_int_equal(w->chain.count, 0);
            world_assert_unchanged(w, before);
            restart(w);
            plain(w, 1);
            peer_make_available(w, 0, 1);
            assert_pops(w, &w->chain);
        }
        world_free(w);
    }
}

static void m9_bytes_of_chains_that_were_not_pushed_before_a_reset_still_count(void **state)
{
    struct world *w = world_new(8, 0);
    struct pool p;
    (void)state;
    pool_init(&p);
    w->policy.max_bytes_in_flight = 16;
    world_start_device(w);
    plain(w, 0);
    peer_make_available(w, 0, 0);
    assert_pops(w, &p.chain[0]);
    restart(w);
    peer_make_available(w, 0, 0);
    /* Otherwise a driver that resets pins as much as it likes. */
    assert_status(vqg_device_pop(&w->device, &p.chain[1]), VQG_FULL);
    assert_status(vqg_device_push(&w->device, &p.chain[0], 0), VQG_STALE);
    assert_pops(w, &p.chain[1]);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(m9_chain_with_more_bytes_than_the_policy_allows_is_refused),
    cmocka_unit_test(m9_chain_that_could_never_be_in_flight_is_refused),
    cmocka_unit_test(m9_chain_that_does_not_fit_now_is_held_back_and_comes_later),
    cmocka_unit_test(m9_chain_that_is_held_back_is_judged_again),
    cmocka_unit_test(m9_empty_chain_always_fits),
    cmocka_unit_test(m9_segments_beyond_the_storage_are_refused),
    cmocka_unit_test(m9_bytes_of_chains_that_were_not_pushed_before_a_reset_still_count),
};

TEST_MAIN(tests)
