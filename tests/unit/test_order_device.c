/* SPDX-License-Identifier: MIT */
/**
 * @file test_order_device.c
 * @brief A device with IN_ORDER returns chains in turn, and shows a batch by its last element (O5, S4).
 */
#include "order_device_util.h"

static const uint32_t one_two_three_one[4] = {1, 2, 3, 1};
static const uint32_t elements_before[5] = {0, 1, 3, 6, 7};

static void o5_chain_whose_turn_it_is_not_is_refused_and_nothing_changes(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct order *o = order_new(packed != 0u, VQG_CHAIN_LATCH, 0);
        struct vqg_device *d = &o->p.w->device;
        uint32_t first;
        order_pop(o, one_two_three_one, 4);
        for (first = 0; first < 4u; first++) {
            struct world_copy *before = world_copy(o->p.w);
            uint32_t k;
            test_port_reset();
            for (k = first + 1u; k < 4u; k++) {
                assert_status(vqg_device_push(d, &o->pool.chain[k], 16), VQG_BAD_ORDER);
                assert_ptr_equal(o->pool.chain[k].owner_, d);
                assert_packed_list(&o->pool.chain[k], one_two_three_one[k], o->pool.chain[k].head);
            }
            assert_int_equal(test_port.count, 0);
            assert_int_equal(vqg_device_violation(d)->rule, VQG_RULE_NONE);
            assert_false(vqg_device_needs_reset(d));
            world_assert_unchanged(o->p.w, before);
            assert_status(vqg_device_push(d, &o->pool.chain[first], 16), VQG_OK);
        }
        assert_true(vqg_device_notify(d));
        order_free(o);
    }
}

static void o5_without_the_feature_any_order_is_good(void **state)
{
    struct packed_peer *p = packed_live(8, 0);
    struct pool pool;
    (void)state;
    pool_init(&pool);
    packed_list(p, 2, 1);
    packed_list(p, 1, 0);
    assert_pops(p->w, &pool.chain[0]);
    assert_pops(p->w, &pool.chain[1]);
    assert_status(vqg_device_push(&p->w->device, &pool.chain[1], 16), VQG_OK);
    assert_status(vqg_device_push(&p->w->device, &pool.chain[0], 16), VQG_OK);
    (void)vqg_device_notify(&p->w->device);
    assert_collects(p, 0, 16);
    assert_collects(p, 1, 16);
    packed_free(p);
}

static void batch_shows_by_its_last_element_when_all_before_were_written_completely(void **state)
{
    unsigned i;
    (void)state;
    /* Which of four chains are written completely, in all ways. */
    for (i = 0; i < 32u; i++) {
        struct order *o = order_new(i % 2u != 0u, VQG_CHAIN_LATCH, 0);
        uint32_t from = 0;
        uint32_t k;
        order_pop(o, one_two_three_one, 4);
        order_remember(o);
        for (k = 0; k < 4u; k++) {
            uint32_t len = (i / 2u >> k & 1u) != 0u ? 16 : k;
            assert_status(vqg_device_push(&o->p.w->device, &o->pool.chain[k], len), VQG_OK);
        }
        assert_true(vqg_device_notify(&o->p.w->device));
        for (k = 0; k < 4u; k++) {
            bool complete = (i / 2u >> k & 1u) != 0u;
            if (!complete || k == 3u) {
                order_expect(o, from, elements_before[from], o->pool.chain[k].head, complete ? 16 : k);
                from = k + 1u;
            }
        }
        order_assert_rest(o, 4, 7);
        order_free(o);
    }
}

static void batch_ends_with_a_publication(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct order *o = order_new(packed != 0u, VQG_CHAIN_LATCH, 0);
        uint32_t k;
        order_pop(o, one_two_three_one, 4);
        order_remember(o);
        for (k = 0; k < 4u; k++) {
            assert_status(vqg_device_push(&o->p.w->device, &o->pool.chain[k], 16), VQG_OK);
            if (k % 2u != 0u) {
                assert_true(vqg_device_notify(&o->p.w->device));
                order_expect(o, k - 1u, elements_before[k - 1u], o->pool.chain[k].head, 16);
                order_assert_rest(o, k + 1u, elements_before[k + 1u]);
                assert_false(vqg_device_notify(&o->p.w->device));
            }
        }
        order_free(o);
    }
}

static void chain_with_nothing_to_write_is_complete(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct order *o = order_new(packed != 0u, VQG_CHAIN_LATCH, 0);
        struct world *w = o->p.w;
        const struct vqg_seg out = packed_seg(WORLD_DATA, 16, false);
        uint16_t last;
        if (packed != 0u) {
            packed_post(&o->p, &out, 1, 5);
            o->next_id = 2;
        } else {
            element(w, 0, WORLD_DATA, 16, 0, 0);
            peer_make_available(w, o->position++, 0);
            o->desc = 1;
        }
        assert_pops(w, &o->pool.chain[0]);
        last = order_post(o, 1);
        assert_pops(w, &o->pool.chain[1]);
        order_remember(o);
        assert_status(vqg_device_push(&w->device, &o->pool.chain[0], 0), VQG_OK);
        assert_status(vqg_device_push(&w->device, &o->pool.chain[1], 3), VQG_OK);
        assert_true(vqg_device_notify(&w->device));
        order_expect(o, 0, 0, last, 3);
        order_assert_rest(o, 2, 2);
        order_free(o);
    }
}

static void nothing_is_stored_while_a_batch_may_grow(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct order *o = order_new(packed != 0u, VQG_CHAIN_LATCH, 0);
        struct vqg_device *d = &o->p.w->device;
        size_t i;
        order_pop(o, one_two_three_one, 4);
        test_port_reset();
        assert_status(vqg_device_push(d, &o->pool.chain[0], 16), VQG_OK);
        assert_status(vqg_device_push(d, &o->pool.chain[1], 15), VQG_OK);
        assert_int_equal(test_port.count, 0);
        /* The second was not complete: nothing can stand for it. */
        assert_status(vqg_device_push(d, &o->pool.chain[2], 16), VQG_OK);
        assert_int_equal(test_port.stores, 2);
        test_port_reset();
        (void)vqg_device_notify(d);
        assert_int_equal(test_port.stores, 3);
        assert_int_equal(test_port.loads, 1);
        for (i = 0; i < 3u; i++) {
            assert_true(test_port.log[i].store);
            assert_int_equal(test_port.log[i].ordered, i == 2u);
        }
        assert_int_equal(packed_logged(&o->p, 2), packed != 0u ? packed_at(6) + PACKED_FLAGS : WORLD_USED + 2u);
        assert_int_equal(test_port.fence_at, 3);
        order_free(o);
    }
}

static void s4_head_that_is_returned_and_not_published_is_refused(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct order *o = order_new(packed != 0u, VQG_CHAIN_LATCH, 0);
        struct world *w = o->p.w;
        order_pop(o, one_two_three_one, 2);
        assert_status(vqg_device_push(&w->device, &o->pool.chain[0], 16), VQG_OK);
        assert_status(vqg_device_push(&w->device, &o->pool.chain[1], 16), VQG_OK);
        if (packed != 0u) {
            packed_list(&o->p, 1, o->pool.chain[1].head);
            /* Slots 6, 7 and 0 are returned. */
            packed_refused(&o->p, VQG_RULE_HEAD_IN_FLIGHT, 1, o->pool.chain[1].head, 0);
        } else {
            peer_make_available(w, o->position, 1);
            assert_refused(w, VQG_RULE_HEAD_IN_FLIGHT, o->position, 1, 0);
        }
        order_free(o);
    }
}

static void s4_head_that_was_published_may_come_again(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct order *o = order_new(packed != 0u, VQG_CHAIN_LATCH, 0);
        struct world *w = o->p.w;
        unsigned n;
        for (n = 0; n < 40u; n++) {
            uint16_t id;
            o->next_id = 4;
            id = order_post(o, 3);
            assert_pops(w, &w->chain);
            assert_packed_list(&w->chain, 3, id);
            assert_int_equal(id, packed != 0u ? 4u : 3u * n % 8u);
            assert_status(vqg_device_push(&w->device, &w->chain, n % 17u), VQG_OK);
            (void)vqg_device_notify(&w->device);
            if (packed != 0u) {
                assert_collects(&o->p, 4, n % 17u);
            } else {
                assert_int_equal(peer_get_used_idx(w), (uint16_t)(o->begin + n + 1u));
                assert_int_equal(peer_get_used_id(w, (uint16_t)(o->begin + n)), id);
                assert_int_equal(peer_get_used_len(w, (uint16_t)(o->begin + n)), n % 17u);
            }
        }
        order_free(o);
    }
}

static void r4_what_is_popped_stays_in_flight_over_a_reset_and_what_is_pushed_does_not(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct order *o = order_new(packed != 0u, VQG_CHAIN_LATCH, 0);
        struct world *w = o->p.w;
        uint32_t k;
        order_pop(o, one_two_three_one, 4);
        for (k = 0; k < 4u; k++) {
            o->pool.chain[k].seg[0].addr += 0x1000u * k; /* so that each touches what no other one does */
        }
        assert_status(vqg_device_push(&w->device, &o->pool.chain[0], 16), VQG_OK);
        for (k = 0; k < 4u; k++) {
            assert_int_equal(vqg_device_in_flight(&w->device, world_addr(WORLD_DATA) + 0x1000u * k, 16), k != 0u);
        }
        if (packed != 0u) {
            packed_restart(&o->p);
        } else {
            restart(w);
        }
        for (k = 0; k < 4u; k++) {
            assert_int_equal(vqg_device_in_flight(&w->device, world_addr(WORLD_DATA) + 0x1000u * k, 16), k != 0u);
        }
        /* In any order: nobody sees it. */
        for (k = 3; k != 0u; k--) {
            assert_status(vqg_device_push(&w->device, &o->pool.chain[k], 16), VQG_STALE);
            assert_false(vqg_device_in_flight(&w->device, world_addr(WORLD_DATA) + 0x1000u * k, 16));
        }
        assert_false(vqg_device_notify(&w->device));
        assert_int_equal(w->caps[0].pins, 3);
        if (packed != 0u) {
            packed_serves(&o->p);
        } else {
            assert_serves(w);
        }
        order_free(o);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(o5_chain_whose_turn_it_is_not_is_refused_and_nothing_changes),
    cmocka_unit_test(o5_without_the_feature_any_order_is_good),
    cmocka_unit_test(batch_shows_by_its_last_element_when_all_before_were_written_completely),
    cmocka_unit_test(batch_ends_with_a_publication),
    cmocka_unit_test(chain_with_nothing_to_write_is_complete),
    cmocka_unit_test(nothing_is_stored_while_a_batch_may_grow),
    cmocka_unit_test(s4_head_that_is_returned_and_not_published_is_refused),
    cmocka_unit_test(s4_head_that_was_published_may_come_again),
    cmocka_unit_test(r4_what_is_popped_stays_in_flight_over_a_reset_and_what_is_pushed_does_not),
};

TEST_MAIN(tests)
