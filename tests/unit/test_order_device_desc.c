/* SPDX-License-Identifier: MIT */
/**
 * @file test_order_device_desc.c
 * @brief With IN_ORDER descriptors of a split queue, and entries of its tables, follow each other (O4).
 */
#include "order_device_util.h"

/* A world with a split queue of 8 that has just been enabled. */
static struct world *fresh(uint64_t features)
{
    return device_new(8, VQG_F_IN_ORDER | features);
}

static void o4_first_chain_begins_with_descriptor_0(void **state)
{
    uint16_t head;
    (void)state;
    for (head = 1; head < 8u; head++) {
        struct world *w = fresh(0);
        plain(w, head);
        peer_make_available(w, 0, head);
        assert_refused_until_reset(w, VQG_RULE_DESCRIPTOR_ORDER, 0, head, 0);
        world_free(w);
    }
}

static void o4_next_chain_begins_behind_the_one_before(void **state)
{
    /* Descriptors of the first chain, and where the next one has to begin. */
    static const struct {
        uint32_t n;
        uint16_t behind;
    } t[] = {{1, 1}, {2, 2}, {7, 7}, {8, 0}};
    uint16_t head;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        for (head = 0; head < 8u; head++) {
            struct order *o = order_new(false, VQG_CHAIN_LATCH, 0);
            struct world *w = o->p.w;
            (void)order_post(o, t[i].n);
            assert_pops(w, &o->pool.chain[0]);
            assert_status(vqg_device_push(&w->device, &o->pool.chain[0], 0), VQG_OK);
            (void)vqg_device_notify(&w->device);
            plain(w, head);
            peer_make_available(w, o->position, head);
            if (head == t[i].behind) {
                assert_pops(w, &o->pool.chain[1]);
                assert_int_equal(o->pool.chain[1].head, head);
            } else {
                assert_refused_until_reset(w, VQG_RULE_DESCRIPTOR_ORDER, o->position, head, t[i].behind);
            }
            order_free(o);
        }
    }
}

static void o4_chains_go_round_the_table(void **state)
{
    struct order *o = order_new(false, VQG_CHAIN_LATCH, 0);
    struct world *w = o->p.w;
    unsigned n;
    (void)state;
    for (n = 0; n < 50u; n++) {
        uint16_t id = order_post(o, n % 8u + 1u);
        assert_pops(w, &w->chain);
        assert_packed_list(&w->chain, n % 8u + 1u, id);
        assert_status(vqg_device_push(&w->device, &w->chain, 1), VQG_OK);
        (void)vqg_device_notify(&w->device);
    }
    order_free(o);
}

/* A chain of 3 from `head` on, whose descriptor `k` leads to `next`. */
static void assert_link_refused(uint16_t head, uint32_t k, unsigned next)
{
    struct order *o = order_new(false, VQG_CHAIN_LATCH, 0);
    struct world *w = o->p.w;
    uint32_t at = (head + k) % 8u;
    o->desc = head;
    (void)order_post(o, 3);
    element(w, at, WORLD_DATA, 16, D_NEXT, next);
    /* What is allowed is the next descriptor, the first behind the last. */
    assert_refused_until_reset(w, VQG_RULE_DESCRIPTOR_ORDER, at, next, (at + 1u) % 8u);
    order_free(o);
}

static void o4_link_to_any_descriptor_but_the_next_is_refused(void **state)
{
    unsigned next;
    uint16_t head;
    (void)state;
    for (head = 0; head < 8u; head++) {
        for (next = 0; next < 8u; next++) {
            if (next != (head + 1u) % 8u) {
                assert_link_refused(head, 0, next);
            }
            if (next != (head + 2u) % 8u) {
                assert_link_refused(head, 1, next);
            }
        }
    }
}

static void o4_entries_of_a_table_follow_each_other(void **state)
{
    /* Entry 0, 1 or 2 of 4 leads to this one. */
    static const struct {
        uint32_t k;
        unsigned next;
    } t[] = {{0, 0}, {0, 2}, {0, 3}, {1, 0}, {1, 1}, {1, 3}, {2, 1}, {2, 2}};
    size_t i;
    (void)state;
    for (i = 0; i <= COUNT_OF(t); i++) {
        struct world *w = fresh(VQG_F_INDIRECT_DESC);
        uint32_t k;
        for (k = 0; k < 4u; k++) {
            peer_entry(w, WORLD_TABLES, k, world_addr(packed_data(k)), 16, k < 3u ? D_NEXT : D_WRITE, k + 1u);
        }
        element(w, 0, WORLD_TABLES, 64, D_INDIRECT, 0);
        peer_make_available(w, 0, 0);
        if (i == COUNT_OF(t)) {
            assert_pops(w, &w->chain);
            assert_packed_list(&w->chain, 4, 0);
            /* It took one descriptor. */
            assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
            plain(w, 1);
            peer_make_available(w, 1, 1);
            assert_pops(w, &w->chain);
        } else {
            peer_put(w, WORLD_TABLES + 16u * t[i].k + 14u, 2, t[i].next);
            assert_refused_until_reset(w, VQG_RULE_DESCRIPTOR_ORDER, t[i].k, t[i].next, t[i].k + 1u);
        }
        world_free(w);
    }
}

static void o4_entries_of_a_table_do_not_go_round_like_descriptors(void **state)
{
    struct world *w = world_new(8, VQG_F_IN_ORDER | VQG_F_INDIRECT_DESC);
    uint32_t k;
    (void)state;
    w->policy.max_table_entries = 16;
    w->policy.max_elements = 16;
    world_start_device(w);
    for (k = 0; k < 16u; k++) {
        peer_entry(w, WORLD_TABLES, k, world_addr(packed_data(k)), 16, k < 15u ? D_NEXT : D_WRITE, k + 1u);
    }
    element(w, 0, WORLD_TABLES, 256, D_INDIRECT, 0);
    peer_make_available(w, 0, 0);
    assert_pops(w, &w->chain);
    assert_packed_list(&w->chain, 16, 0);
    assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
    peer_put(w, WORLD_TABLES + 16u * 7u + 14u, 2, 0);
    element(w, 1, WORLD_TABLES, 256, D_INDIRECT, 0);
    peer_make_available(w, 1, 1);
    assert_refused(w, VQG_RULE_DESCRIPTOR_ORDER, 7, 0, 8);
    world_free(w);
}

static void o4_last_descriptors_next_is_not_looked_at(void **state)
{
    struct world *w = fresh(0);
    (void)state;
    element(w, 0, WORLD_DATA, 16, D_WRITE, 5);
    peer_make_available(w, 0, 0);
    assert_pops(w, &w->chain);
    world_free(w);
}

static void o4_order_is_latched_under_the_drop_policy_too(void **state)
{
    struct order *o = order_new(false, VQG_CHAIN_DROP, 0);
    struct world *w = o->p.w;
    (void)state;
    (void)order_post(o, 3);
    element(w, 1, WORLD_DATA, 16, D_NEXT, 3);
    assert_refused_until_reset(w, VQG_RULE_DESCRIPTOR_ORDER, 1, 3, 2);
    assert_int_equal(vqg_device_dropped(&w->device), 0);
    order_free(o);
}

static void o4_after_a_drop_the_next_head_is_not_known(void **state)
{
    uint16_t head;
    (void)state;
    for (head = 0; head < 8u; head++) {
        struct order *o = order_new(false, VQG_CHAIN_DROP, 0);
        struct world *w = o->p.w;
        (void)order_post(o, 2);
        assert_pops(w, &o->pool.chain[0]);
        assert_status(vqg_device_push(&w->device, &o->pool.chain[0], 16), VQG_OK);
        (void)vqg_device_notify(&w->device);
        (void)order_post(o, 2);
        element(w, 2, WORLD_HOLE, 16, D_NEXT, 3);
        assert_status(vqg_device_pop(&w->device, &o->pool.chain[0]), VQG_V_CAPABILITY);
        (void)vqg_device_notify(&w->device);
        /* Any head; and the one behind it is known again. */
        plain(w, head);
        peer_make_available(w, o->position++, head);
        assert_pops(w, &o->pool.chain[0]);
        assert_int_equal(o->pool.chain[0].head, head);
        plain(w, (head + 3u) % 8u);
        peer_make_available(w, o->position, (uint16_t)((head + 3u) % 8u));
        assert_status(vqg_device_pop(&w->device, &o->pool.chain[1]), VQG_V_DESCRIPTOR_ORDER);
        /* The record is that of the first violation. */
        assert_violation(vqg_device_violation(&w->device), VQG_V_CAPABILITY, VQG_RULE_CAPABILITY, 0,
                         world_addr(WORLD_HOLE), 16);
        assert_int_equal(vqg_device_violation(&w->device)->count, 2);
        assert_true(vqg_device_needs_reset(&w->device));
        order_free(o);
    }
}

static void o4_chain_that_is_held_back_does_not_move_the_order(void **state)
{
    struct world *w = world_new(8, VQG_F_IN_ORDER);
    struct pool pool;
    (void)state;
    pool_init(&pool);
    w->policy.max_bytes_in_flight = 20;
    world_start_device(w);
    plain(w, 0);
    plain(w, 1);
    peer_make_available(w, 0, 0);
    peer_make_available(w, 1, 1);
    assert_pops(w, &pool.chain[0]);
    assert_status(vqg_device_pop(&w->device, &pool.chain[1]), VQG_FULL);
    assert_status(vqg_device_push(&w->device, &pool.chain[0], 0), VQG_OK);
    assert_pops(w, &pool.chain[1]);
    assert_int_equal(pool.chain[1].head, 1);
    world_free(w);
}

static void o4_ids_of_a_packed_queue_have_no_order(void **state)
{
    struct packed_peer *p = packed_live(8, VQG_F_IN_ORDER);
    static const uint16_t ids[] = {5, 1, 7, 0, 6};
    struct pool pool;
    size_t i;
    (void)state;
    pool_init(&pool);
    for (i = 0; i < COUNT_OF(ids); i++) {
        packed_list(p, 1, ids[i]);
        assert_pops(p->w, &pool.chain[i]);
        assert_int_equal(pool.chain[i].head, ids[i]);
    }
    packed_free(p);
}

static void o4_without_the_feature_descriptors_have_no_order(void **state)
{
    struct world *w = device_new(8, 0);
    (void)state;
    element(w, 5, WORLD_DATA, 16, D_NEXT, 2);
    element(w, 2, WORLD_DATA, 16, D_WRITE, 0);
    peer_make_available(w, 0, 5);
    assert_pops(w, &w->chain);
    assert_int_equal(w->chain.count, 2);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(o4_first_chain_begins_with_descriptor_0),
    cmocka_unit_test(o4_next_chain_begins_behind_the_one_before),
    cmocka_unit_test(o4_chains_go_round_the_table),
    cmocka_unit_test(o4_link_to_any_descriptor_but_the_next_is_refused),
    cmocka_unit_test(o4_entries_of_a_table_follow_each_other),
    cmocka_unit_test(o4_entries_of_a_table_do_not_go_round_like_descriptors),
    cmocka_unit_test(o4_last_descriptors_next_is_not_looked_at),
    cmocka_unit_test(o4_order_is_latched_under_the_drop_policy_too),
    cmocka_unit_test(o4_after_a_drop_the_next_head_is_not_known),
    cmocka_unit_test(o4_chain_that_is_held_back_does_not_move_the_order),
    cmocka_unit_test(o4_ids_of_a_packed_queue_have_no_order),
    cmocka_unit_test(o4_without_the_feature_descriptors_have_no_order),
};

TEST_MAIN(tests)
