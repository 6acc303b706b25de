/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_pop.c
 * @brief The avail ring of a hostile driver: indices, heads, and chains that share descriptors (S1 to S5).
 */
#include "device_util.h"

static const uint32_t sizes[] = {1, 2, 8, 256, 32768};

/* A live device of any size: chains of at most 8, or what the queue has. */
static struct world *sized(uint32_t size)
{
    struct world *w = world_new(size, 0);
    w->policy.max_elements = size < 8u ? size : 8u;
    world_start_device(w);
    return w;
}

static void s1_index_one_beyond_the_queue_latches(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        struct world *w = sized(sizes[i]);
        plain(w, 0);
        peer_avail_idx(w, (uint16_t)(sizes[i] + 1u));
        assert_refused_until_reset(w, VQG_RULE_AVAIL_JUMP, 0, sizes[i] + 1u, sizes[i]);
        world_free(w);
    }
}

static void s1_index_exactly_a_queue_ahead_passes(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        struct world *w = sized(sizes[i]);
        uint32_t n;
        for (n = 0; n < sizes[i]; n++) {
            plain(w, n);
            peer_make_available(w, (uint16_t)n, (uint16_t)n);
        }
        for (n = 0; n < sizes[i]; n++) {
            assert_pops(w, &w->chain);
            assert_int_equal(w->chain.head, n);
            assert_status(vqg_device_push(&w->device, &w->chain, 16), VQG_OK);
        }
        assert_status(vqg_device_pop(&w->device, &w->chain), VQG_EMPTY);
        world_free(w);
    }
}

static void s1_index_that_goes_back_or_jumps_after_a_wrap_latches(void **state)
{
    static const struct {
        uint16_t at, idx, pending;
    } t[] = {{0, 65535, 65535}, {65535, 65534, 65535}, {65530, 3, 9}, {65528, 1, 9}, {7, 16, 9}, {32767, 0, 32769}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = device_new(8, 0);
        device_at(w, t[i].at);
        peer_avail_idx(w, t[i].idx);
        assert_refused_until_reset(w, VQG_RULE_AVAIL_JUMP, t[i].at, t[i].pending, 8);
        world_free(w);
    }
}

static void s1_index_across_the_wrap_passes(void **state)
{
    struct world *w = device_new(8, 0);
    uint32_t n;
    (void)state;
    /* More than one turn of the 16-bit positions, in steps of three. */
    plain(w, 3);
    plain(w, 5);
    plain(w, 7);
    for (n = 0; n < 3u * 22000u; n += 3u) {
        uint16_t k;
        for (k = 0; k < 3u; k++) {
            peer_make_available(w, (uint16_t)(n + k), (uint16_t)(3u + 2u * k));
        }
        for (k = 0; k < 3u; k++) {
            assert_pops(w, &w->chain);
            assert_int_equal(w->chain.head, 3u + 2u * k);
            assert_status(vqg_device_push(&w->device, &w->chain, k), VQG_OK);
        }
        (void)vqg_device_notify(&w->device);
        assert_int_equal(peer_get_used_idx(w), (uint16_t)(n + 3u));
        assert_int_equal(peer_get_used_id(w, (uint16_t)(n + 2u)), 7);
        assert_int_equal(peer_get_used_len(w, (uint16_t)(n + 2u)), 2);
    }
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_EMPTY);
    world_free(w);
}

static void s2_head_at_or_above_the_size_latches(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        const uint16_t heads[3] = {(uint16_t)sizes[i], (uint16_t)(sizes[i] + 1u), 65535};
        size_t k;
        for (k = 0; k < COUNT_OF(heads); k++) {
            struct world *w = sized(sizes[i]);
            peer_make_available(w, 0, heads[k]);
            assert_refused_until_reset(w, VQG_RULE_HEAD_RANGE, 0, heads[k], sizes[i]);
            world_free(w);
        }
    }
}

static void s2_last_descriptor_is_a_head_like_any_other(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        struct world *w = sized(sizes[i]);
        plain(w, sizes[i] - 1u);
        peer_make_available(w, 0, (uint16_t)(sizes[i] - 1u));
        assert_pops(w, &w->chain);
        assert_int_equal(w->chain.head, sizes[i] - 1u);
        assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
        world_free(w);
    }
}

static void s2_head_is_judged_at_the_position_where_it_stands(void **state)
{
    struct world *w = device_new(8, 0);
    (void)state;
    device_at(w, 65535);
    plain(w, 1);
    peer_make_available(w, 65535, 1);
    peer_make_available(w, 0, 8);
    assert_pops(w, &w->chain);
    assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
    assert_refused(w, VQG_RULE_HEAD_RANGE, 0, 8, 8);
    world_free(w);
}

/* A queue of 8 with `flying` chains popped from it. */
static struct world *with_flying(struct pool *p, uint16_t flying)
{
    struct world *w = device_new(8, 0);
    uint16_t n;
    pool_init(p);
    for (n = 0; n < 8u; n++) {
        plain(w, n);
        peer_make_available(w, n, n);
        if (n < flying) {
            assert_pops(w, &p->chain[n]);
        }
    }
    peer_avail_idx(w, flying);
    return w;
}

static void s3_more_waiting_than_the_chains_in_flight_leave_room_for_latches(void **state)
{
    uint16_t flying;
    struct pool p;
    (void)state;
    for (flying = 1; flying <= 8u; flying++) {
        struct world *w = with_flying(&p, flying);
        peer_avail_idx(w, 9);
        assert_refused_until_reset(w, VQG_RULE_OVERSUBSCRIBED, flying, 9u - flying, 8u - flying);
        world_free(w);
    }
}

static void s3_as_many_waiting_as_there_is_room_for_pass(void **state)
{
    uint16_t flying;
    struct pool p;
    (void)state;
    for (flying = 1; flying <= 8u; flying++) {
        struct world *w = with_flying(&p, flying);
        uint16_t n;
        peer_avail_idx(w, 8);
        for (n = flying; n < 8u; n++) {
            assert_pops(w, &p.chain[n]);
            assert_int_equal(p.chain[n].head, n);
        }
        assert_status(vqg_device_pop(&w->device, &w->chain), VQG_EMPTY);
        world_free(w);
    }
}

static void s3_chain_that_was_pushed_leaves_room_again(void **state)
{
    struct world *w = device_new(1, 0);
    struct pool p;
    uint16_t n;
    (void)state;
    pool_init(&p);
    plain(w, 0);
    for (n = 0; n < 5u; n++) {
        peer_make_available(w, n, 0);
        assert_pops(w, &w->chain);
        assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
        assert_true(vqg_device_notify(&w->device));
    }
    peer_make_available(w, 5, 0);
    assert_pops(w, &p.chain[0]);
    peer_make_available(w, 6, 0);
    assert_refused_until_reset(w, VQG_RULE_OVERSUBSCRIBED, 6, 1, 0);
    world_free(w);
}

/* A device that took a whole queue of chains and pushed them all, without telling the driver. */
static struct world *with_unpublished(uint32_t size)
{
    struct world *w = sized(size);
    uint32_t n;
    for (n = 0; n < size; n++) {
        plain(w, n);
        peer_make_available(w, (uint16_t)n, (uint16_t)n);
        assert_pops(w, &w->chain);
        assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
    }
    return w;
}

static void s3_chain_that_was_pushed_and_not_published_leaves_no_room(void **state)
{
    size_t i;
    (void)state;
    /* The driver cannot know that its descriptors are free before the used index says so. */
    for (i = 0; i < COUNT_OF(sizes); i++) {
        struct world *w = with_unpublished(sizes[i]);
        peer_avail_idx(w, (uint16_t)(sizes[i] + 1u));
        assert_refused_until_reset(w, VQG_RULE_OVERSUBSCRIBED, sizes[i], 1, 0);
        world_free(w);
        w = with_unpublished(sizes[i]);
        peer_avail_idx(w, (uint16_t)(2u * sizes[i]));
        assert_refused_until_reset(w, VQG_RULE_OVERSUBSCRIBED, sizes[i], sizes[i], 0);
        world_free(w);
        w = with_unpublished(sizes[i]);
        (void)vqg_device_notify(&w->device);
        peer_avail_idx(w, (uint16_t)(2u * sizes[i]));
        assert_pops(w, &w->chain);
        world_free(w);
    }
}

static void s4_head_in_flight_that_comes_again_latches(void **state)
{
    struct world *w = device_new(8, 0);
    struct pool p;
    (void)state;
    pool_init(&p);
    element(w, 3, WORLD_DATA, 16, D_NEXT | D_WRITE, 6);
    plain(w, 6);
    peer_make_available(w, 0, 3);
    assert_pops(w, &p.chain[0]);
    peer_make_available(w, 1, 3);
    assert_refused_until_reset(w, VQG_RULE_HEAD_IN_FLIGHT, 1, 3, 0);
    world_free(w);
}

static void s4_head_that_was_pushed_may_come_again(void **state)
{
    struct world *w = device_new(8, 0);
    uint16_t n;
    (void)state;
    plain(w, 3);
    for (n = 0; n < 20u; n++) {
        peer_make_available(w, n, 3);
        assert_pops(w, &w->chain);
        assert_status(vqg_device_push(&w->device, &w->chain, n % 17u), VQG_OK);
        assert_true(vqg_device_notify(&w->device));
        assert_int_equal(peer_get_used_len(w, n), n % 17u);
    }
    world_free(w);
}

static void s5_descriptor_of_a_chain_in_flight_latches(void **state)
{
    /* In flight: 2 -> 4 -> 1, and 5. `owner` is the head of the chain that has `shared`. */
    static const struct {
        uint16_t head, next, shared, owner;
    } t[] = {{4, 0, 4, 2}, {1, 0, 1, 2}, {0, 4, 4, 2}, {0, 1, 1, 2}, {0, 2, 2, 2}, {0, 5, 5, 5}};
    enum vqg_chain_policy policy;
    size_t i;
    (void)state;
    for (i = 0; i < 2u * COUNT_OF(t); i++) {
        struct world *w = world_new(8, 0);
        struct pool p;
        size_t k = i / 2u;
        pool_init(&p);
        policy = i % 2u != 0u ? VQG_CHAIN_DROP : VQG_CHAIN_LATCH;
        w->policy.chain = policy;
        world_start_device(w);
        element(w, 2, WORLD_DATA, 16, D_NEXT, 4);
        element(w, 4, WORLD_DATA, 16, D_NEXT, 1);
        plain(w, 1);
        plain(w, 5);
        peer_make_available(w, 0, 2);
        assert_pops(w, &p.chain[0]);
        peer_make_available(w, 1, 5);
        assert_pops(w, &p.chain[1]);
        element(w, 0, WORLD_DATA, 16, D_NEXT, t[k].next);
        element(w, 4, WORLD_DATA, 16, D_WRITE, 0);
        peer_make_available(w, 2, t[k].head);
        assert_refused_until_reset(w, VQG_RULE_SHARED_DESCRIPTOR, t[k].shared, t[k].shared, t[k].owner);
        world_free(w);
    }
}

static void s5_descriptors_of_a_pushed_chain_are_free(void **state)
{
    struct world *w = device_new(4, 0);
    (void)state;
    element(w, 0, WORLD_DATA, 16, D_NEXT, 3);
    element(w, 3, WORLD_DATA, 16, D_NEXT, 1);
    plain(w, 1);
    peer_make_available(w, 0, 0);
    assert_pops(w, &w->chain);
    assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
    element(w, 1, WORLD_DATA, 16, D_NEXT, 0);
    element(w, 3, WORLD_DATA, 16, D_WRITE, 0);
    peer_make_available(w, 1, 1);
    assert_pops(w, &w->chain);
    assert_int_equal(w->chain.count, 3);
    assert_int_equal(w->chain.readable, 32);
    assert_int_equal(w->chain.writable, 16);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(s1_index_one_beyond_the_queue_latches),
    cmocka_unit_test(s1_index_exactly_a_queue_ahead_passes),
    cmocka_unit_test(s1_index_that_goes_back_or_jumps_after_a_wrap_latches),
    cmocka_unit_test(s1_index_across_the_wrap_passes),
    cmocka_unit_test(s2_head_at_or_above_the_size_latches),
    cmocka_unit_test(s2_last_descriptor_is_a_head_like_any_other),
    cmocka_unit_test(s2_head_is_judged_at_the_position_where_it_stands),
    cmocka_unit_test(s3_more_waiting_than_the_chains_in_flight_leave_room_for_latches),
    cmocka_unit_test(s3_as_many_waiting_as_there_is_room_for_pass),
    cmocka_unit_test(s3_chain_that_was_pushed_leaves_room_again),
    cmocka_unit_test(s3_chain_that_was_pushed_and_not_published_leaves_no_room),
    cmocka_unit_test(s4_head_in_flight_that_comes_again_latches),
    cmocka_unit_test(s4_head_that_was_pushed_may_come_again),
    cmocka_unit_test(s5_descriptor_of_a_chain_in_flight_latches),
    cmocka_unit_test(s5_descriptors_of_a_pushed_chain_are_free),
};

TEST_MAIN(tests)
