/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_off.c
 * @brief A build without packed queues: it refuses them by name, and everything else works as ever.
 */
#undef VQG_CONFIG_PACKED
#define VQG_CONFIG_PACKED 0
#include "driver_util.h"

static const uint64_t packed[] = {VQG_F_RING_PACKED, VQG_F_RING_PACKED | VQG_F_IN_ORDER,
                                  VQG_F_RING_PACKED | VQG_F_EVENT_IDX};

static void build_says_that_it_lacks_packed_queues(void **state)
{
    struct vqg_build info = vqg_build_info();
    (void)state;
    assert_false(info.packed);
    assert_int_equal(info.rules, VQG_RULE_COUNT - 1);
}

static void packed_queue_is_refused_by_driver_and_ledger(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < sizeof packed / sizeof packed[0]; i++) {
        struct world *w = world_new(8, packed[i]);
        struct world_copy *before = world_copy(w);
        w->policy.accept_claimed = true;
        assert_int_equal(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, 8), VQG_BAD_FORMAT);
        assert_int_equal(vqg_ledger_init(&w->ledger, &w->queue, &w->policy, w->slots, 8), VQG_BAD_FORMAT);
        assert_int_equal(vqg_driver_violation(&w->driver)->rule, VQG_RULE_NONE);
        world_assert_unchanged(w, before);
        assert_int_equal(test_port.count, 0);
        assert_quiet(w);
        world_free(w);
    }
}

static void packed_queue_is_refused_by_a_device(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < sizeof packed / sizeof packed[0]; i++) {
        struct world *w = world_new(8, packed[i]);
        assert_int_equal(vqg_device_init(&w->device, &w->queue, &w->policy, &w->lookup, w->slots, 8), VQG_BAD_FORMAT);
        assert_int_equal(vqg_device_pop(&w->device, &w->chain), VQG_DEAD);
        assert_int_equal(w->caps[0].pins, 0);
        assert_int_equal(test_port.count, 0);
        w->queue.features = VQG_F_VERSION_1;
        assert_int_equal(vqg_device_enable(&w->device, &w->queue), VQG_OK);
        world_free(w);
    }
}

static void split_queue_works_on_both_sides(void **state)
{
    struct world *w = world_new(8, VQG_F_EVENT_IDX);
    uint32_t turn;
    (void)state;
    assert_int_equal(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, 8), VQG_OK);
    advance(w, 20);
    assert_idle(w);
    peer_avail_idx(w, 0);
    peer_used_idx(w, 0);
    assert_int_equal(vqg_device_init(&w->device, &w->queue, &w->policy, &w->lookup, w->slots, 8), VQG_OK);
    for (turn = 0; turn < 20u; turn++) {
        peer_desc(w, 0, world_addr(WORLD_DATA), 64, 2, 0);
        peer_make_available(w, (uint16_t)turn, 0);
        assert_int_equal(vqg_device_pop(&w->device, &w->chain), VQG_OK);
        assert_int_equal(vqg_device_push(&w->device, &w->chain, 64), VQG_OK);
        (void)vqg_device_notify(&w->device);
        assert_int_equal(peer_get_used_idx(w), turn + 1u);
        assert_int_equal(peer_get_used_len(w, (uint16_t)turn), 64);
    }
    world_free(w);
}

static void in_order_is_no_matter_of_the_format(void **state)
{
    struct world *w = world_new(8, VQG_F_IN_ORDER);
    (void)state;
    w->policy.accept_claimed = true;
    assert_int_equal(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, 8), VQG_OK);
    advance(w, 20);
    assert_idle(w);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(build_says_that_it_lacks_packed_queues),
    cmocka_unit_test(packed_queue_is_refused_by_driver_and_ledger),
    cmocka_unit_test(packed_queue_is_refused_by_a_device),
    cmocka_unit_test(split_queue_works_on_both_sides),
    cmocka_unit_test(in_order_is_no_matter_of_the_format),
};

TEST_MAIN(tests)
