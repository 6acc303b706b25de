/* SPDX-License-Identifier: MIT */
/**
 * @file test_order_device_drop.c
 * @brief With IN_ORDER a dropped chain waits for its turn (F3, O5), and the order outlives a move (R7, O4, O5).
 */
#include "order_device_util.h"

/* A chain of `n` elements whose first one no capability covers is made available, and dropped. */
static uint16_t drop(struct order *o, uint32_t n, struct vqg_chain *c)
{
    uint64_t dropped = vqg_device_dropped(&o->p.w->device);
    struct packed_cursor at = o->p.avail;
    uint16_t id = order_post(o, n);
    peer_put(o->p.w, o->packed ? packed_at(at.slot) : WORLD_DESC + 16u * (uint64_t)id, 8, world_addr(WORLD_HOLE));
    assert_status(vqg_device_pop(&o->p.w->device, c), VQG_V_CAPABILITY);
    assert_null(c->owner_);
    assert_int_equal(vqg_device_dropped(&o->p.w->device), dropped + 1u);
    assert_false(vqg_device_needs_reset(&o->p.w->device));
    return id;
}

static const uint32_t two[1] = {2};

static void f3_dropped_chain_waits_for_its_turn(void **state)
{
    unsigned i;
    (void)state;
    /* Both formats; the chain before is written completely, or not. */
    for (i = 0; i < 4u; i++) {
        struct order *o = order_new(i % 2u != 0u, VQG_CHAIN_DROP, 0);
        struct vqg_device *d = &o->p.w->device;
        bool complete = i / 2u != 0u;
        uint16_t bad;
        uint16_t last;
        order_pop(o, two, 1);
        order_remember(o);
        bad = drop(o, 3, &o->pool.chain[1]);
        if (!o->packed) {
            o->desc = 5; /* the driver goes on in order, whatever the device thinks of its chain */
        }
        last = order_post(o, 1);
        assert_pops(o->p.w, &o->pool.chain[2]);
        memcpy(o->ring, world_at(o->p.w, order_ring(o)), o->packed ? 128u : 0u);
        /* Nothing is to be seen of it, nor is it the turn of the one behind. */
        test_port_reset();
        assert_false(vqg_device_notify(d));
        assert_status(vqg_device_push(d, &o->pool.chain[2], 16), VQG_BAD_ORDER);
        assert_int_equal(test_port.count, 0);
        assert_status(vqg_device_push(d, &o->pool.chain[0], complete ? 16 : 2), VQG_OK);
        assert_true(vqg_device_notify(d));
        /* Its element may stand for a complete one before; but it was not complete, so none stands for it. */
        if (complete) {
            order_expect(o, 0, 0, bad, 0);
        } else {
            order_expect(o, 0, 0, o->pool.chain[0].head, 2);
            order_expect(o, 1, 2, bad, 0);
        }
        order_assert_rest(o, 2, 5);
        assert_status(vqg_device_push(d, &o->pool.chain[2], 16), VQG_OK);
        assert_true(vqg_device_notify(d));
        order_expect(o, 2, 5, last, 16);
        order_assert_rest(o, 3, 6);
        order_free(o);
    }
}

static void f3_nothing_stands_for_a_dropped_chain(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct order *o = order_new(packed != 0u, VQG_CHAIN_DROP, 0);
        struct vqg_device *d = &o->p.w->device;
        uint16_t bad[2];
        uint16_t last;
        order_pop(o, two, 1);
        order_remember(o);
        bad[0] = drop(o, 1, &o->pool.chain[1]);
        bad[1] = drop(o, 2, &o->pool.chain[1]);
        last = order_post(o, 1);
        assert_pops(o->p.w, &o->pool.chain[2]);
        memcpy(o->ring, world_at(o->p.w, order_ring(o)), o->packed ? 128u : 0u);
        assert_status(vqg_device_push(d, &o->pool.chain[0], 16), VQG_OK);
        assert_status(vqg_device_push(d, &o->pool.chain[2], 16), VQG_OK);
        assert_true(vqg_device_notify(d));
        order_expect(o, 0, 0, bad[0], 0);
        order_expect(o, 2, 3, bad[1], 0);
        order_expect(o, 3, 5, last, 16);
        order_assert_rest(o, 4, 6);
        assert_int_equal(o->p.w->caps[0].pins, 3);
        assert_int_equal(d->bytes_in_flight, 0);
        order_free(o);
    }
}

static void f3_dropped_chain_with_nothing_before_it_goes_back_at_once(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct order *o = order_new(packed != 0u, VQG_CHAIN_DROP, 0);
        uint16_t bad;
        order_remember(o);
        bad = drop(o, 3, &o->pool.chain[0]);
        memcpy(o->ring, world_at(o->p.w, order_ring(o)), o->packed ? 128u : 0u);
        assert_true(vqg_device_notify(&o->p.w->device));
        order_expect(o, 0, 0, bad, 0);
        order_assert_rest(o, 1, 3);
        /* And the head may come again. */
        o->next_id = bad;
        o->desc = bad;
        assert_int_equal(order_post(o, 2), bad);
        assert_pops(o->p.w, &o->pool.chain[0]);
        assert_packed_list(&o->pool.chain[0], 2, bad);
        order_free(o);
    }
}

static void s4_dropped_head_that_waits_for_its_turn_is_refused(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct order *o = order_new(packed != 0u, VQG_CHAIN_DROP, 0);
        struct vqg_device *d = &o->p.w->device;
        uint16_t bad;
        order_pop(o, two, 1);
        bad = drop(o, 1, &o->pool.chain[1]);
        o->next_id = bad;
        o->desc = bad;
        (void)order_post(o, 1);
        assert_status(vqg_device_pop(d, &o->pool.chain[1]), VQG_V_HEAD_IN_FLIGHT);
        assert_int_equal(vqg_device_violation(d)->rule, VQG_RULE_CAPABILITY);
        assert_int_equal(vqg_device_violation(d)->count, 2);
        assert_true(vqg_device_needs_reset(d));
        order_free(o);
    }
}

static void dropped_chain_is_not_in_flight_for_the_platform(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct order *o = order_new(packed != 0u, VQG_CHAIN_DROP, 0);
        struct vqg_device *d = &o->p.w->device;
        order_pop(o, two, 1);
        (void)drop(o, 3, &o->pool.chain[1]);
        assert_true(vqg_device_in_flight(d, world_addr(packed_data(1)), 16));
        assert_false(vqg_device_in_flight(d, world_addr(packed_data(2)), 16));
        vqg_device_reset(d);
        assert_true(vqg_device_in_flight(d, world_addr(packed_data(1)), 16));
        assert_false(vqg_device_in_flight(d, world_addr(packed_data(2)), 16));
        assert_status(vqg_device_push(d, &o->pool.chain[0], 0), VQG_STALE);
        assert_null(d->stale);
        order_free(o);
    }
}

/* Enables the queue on a new endpoint, as where a machine moved to. */
static void move_on(struct order *o, const struct vqg_device_state *s)
{
    struct world *w = o->p.w;
    vqg_device_reset(&w->device);
    memset(&w->device, 0xee, sizeof w->device);
    memset(w->slots, 0xee, w->nslots * sizeof w->slots[0]);
    world_start_device(w);
    assert_status(vqg_device_restore(&w->device, s), VQG_OK);
}

static void r7_chains_in_flight_are_saved_and_popped_again_in_their_order(void **state)
{
    static const uint32_t elements[4] = {1, 2, 1, 2};
    struct order *o = order_new(false, VQG_CHAIN_DROP, 0);
    struct world *w = o->p.w;
    uint16_t heads[8];
    uint16_t again[8];
    struct vqg_device_state s = {0, 0, heads, 8, 0};
    uint16_t bad;
    uint32_t k;
    (void)state;
    o->desc = 5;
    order_pop(o, elements, 4);
    bad = drop(o, 1, &o->pool.chain[4]);
    assert_status(vqg_device_push(&w->device, &o->pool.chain[0], 16), VQG_OK);
    assert_true(vqg_device_notify(&w->device));
    assert_status(vqg_device_save(&w->device, &s), VQG_OK);
    /* From the oldest to the one that was dropped and waits for its turn. */
    assert_int_equal(s.count, 4);
    assert_int_equal(heads[0], 6);
    assert_int_equal(heads[1], 0);
    assert_int_equal(heads[2], 1);
    assert_int_equal(heads[3], bad);
    move_on(o, &s);
    order_remember(o);
    for (k = 0; k < 3u; k++) {
        struct vqg_device_state more = {0, 0, again, 8, 0};
        assert_pops(w, &o->pool.chain[10u + k]);
        assert_packed_list(&o->pool.chain[10u + k], elements[k + 1u], heads[k]);
        assert_status(vqg_device_save(&w->device, &more), VQG_OK);
        assert_int_equal(more.count, 4);
        assert_memory_equal(again, heads, 4u * sizeof heads[0]);
    }
    assert_status(vqg_device_push(&w->device, &o->pool.chain[12], 16), VQG_BAD_ORDER);
    assert_status(vqg_device_pop(&w->device, &o->pool.chain[13]), VQG_V_CAPABILITY);
    assert_status(vqg_device_pop(&w->device, &o->pool.chain[13]), VQG_EMPTY);
    for (k = 0; k < 3u; k++) {
        assert_status(vqg_device_push(&w->device, &o->pool.chain[10u + k], k == 0u ? 4 : 16), VQG_OK);
    }
    assert_true(vqg_device_notify(&w->device));
    order_expect(o, 1, 0, 6, 4);
    order_expect(o, 2, 0, bad, 0);
    order_assert_rest(o, 5, 0);
    order_free(o);
}

static void r7_saved_heads_that_are_not_in_order_are_refused_when_they_are_popped(void **state)
{
    struct order *o = order_new(false, VQG_CHAIN_LATCH, 0);
    static const uint32_t elements[3] = {1, 2, 1};
    struct world *w = o->p.w;
    uint16_t heads[3];
    struct vqg_device_state s = {0, 0, heads, 3, 0};
    (void)state;
    order_pop(o, elements, 3);
    assert_status(vqg_device_save(&w->device, &s), VQG_OK);
    heads[1] = 3;
    heads[2] = 1;
    move_on(o, &s);
    assert_pops(w, &o->pool.chain[10]);
    assert_refused_until_reset(w, VQG_RULE_DESCRIPTOR_ORDER, o->position, 3, 1);
    assert_status(vqg_device_push(&w->device, &o->pool.chain[10], 0), VQG_STALE);
    order_free(o);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(f3_dropped_chain_waits_for_its_turn),
    cmocka_unit_test(f3_nothing_stands_for_a_dropped_chain),
    cmocka_unit_test(f3_dropped_chain_with_nothing_before_it_goes_back_at_once),
    cmocka_unit_test(s4_dropped_head_that_waits_for_its_turn_is_refused),
    cmocka_unit_test(dropped_chain_is_not_in_flight_for_the_platform),
    cmocka_unit_test(r7_chains_in_flight_are_saved_and_popped_again_in_their_order),
    cmocka_unit_test(r7_saved_heads_that_are_not_in_order_are_refused_when_they_are_popped),
};

TEST_MAIN(tests)
