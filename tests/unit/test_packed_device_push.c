/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_device_push.c
 * @brief What a device writes into a packed queue: used elements, published by one release (P2, P10, C11, C12, R4, S4).
 */
#include "packed_device_util.h"

/* Address, length, id and flags of an element, one behind the other. */
static void assert_element(const struct packed_peer *p, uint32_t slot, uint64_t addr, uint32_t len, unsigned id,
                           unsigned flags)
{
    assert_int_equal(peer_get(p->w, packed_at(slot) + PACKED_ADDR, 8), addr);
    assert_int_equal(peer_get(p->w, packed_at(slot) + PACKED_LEN, 4), len);
    assert_int_equal(peer_get(p->w, packed_at(slot) + PACKED_ID, 2), id);
    assert_int_equal(peer_get(p->w, packed_at(slot) + PACKED_FLAGS, 2), flags);
}

static void used_element_has_id_length_and_flags_and_leaves_the_address(void **state)
{
    static const uint32_t written[] = {0, 1, 16};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins) * COUNT_OF(written); i++) {
        struct packed_peer *p = packed_live(7, 0);
        struct packed_cursor at = packed_begins[i / 3u];
        uint32_t len = written[i % 3u];
        unsigned char ring[16u * 7u];
        packed_begin(p, at.slot, at.wrap);
        packed_list(p, 3, 5);
        memcpy(ring, world_at(p->w, WORLD_DESC), sizeof ring);
        assert_pops(p->w, &p->w->chain);
        assert_status(vqg_device_push(&p->w->device, &p->w->chain, len), VQG_OK);
        assert_true(vqg_device_notify(&p->w->device));
        /* The write flag only with a length (2.8.6). */
        assert_element(p, at.slot, world_addr(packed_data(0)), len, 5,
                       (at.wrap ? 0x8080u : 0u) | (len != 0u ? PACKED_WRITE : 0u));
        /* The other elements of the list are as the driver wrote them. */
        memcpy(ring + 16u * at.slot, world_at(p->w, packed_at(at.slot)), 16);
        assert_memory_equal(ring, world_at(p->w, WORLD_DESC), sizeof ring);
        packed_free(p);
    }
}

/* Lists of 1, 3 and 2 elements with ids 2, 0 and 6, popped. */
static void pop_three(struct packed_peer *p, struct pool *pool)
{
    pool_init(pool);
    packed_list(p, 1, 2);
    packed_list(p, 3, 0);
    packed_list(p, 2, 6);
    assert_pops(p->w, &pool->chain[0]);
    assert_pops(p->w, &pool->chain[1]);
    assert_pops(p->w, &pool->chain[2]);
}

static void p10_several_returns_show_with_one_release_of_the_first_ones_flags(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        struct packed_peer *p = packed_live(7, 0);
        struct packed_cursor at = packed_begins[i];
        /* Pushed as 1, 2, 0. */
        const uint32_t slot[3] = {at.slot, packed_slot(p, at, 3), packed_slot(p, at, 5)};
        struct pool pool;
        uint64_t flags;
        size_t k;
        packed_begin(p, at.slot, at.wrap);
        pop_three(p, &pool);
        flags = peer_get(p->w, packed_at(at.slot) + PACKED_FLAGS, 2);
        test_port_reset();
        assert_status(vqg_device_push(&p->w->device, &pool.chain[1], 16), VQG_OK);
        assert_status(vqg_device_push(&p->w->device, &pool.chain[2], 0), VQG_OK);
        assert_status(vqg_device_push(&p->w->device, &pool.chain[0], 9), VQG_OK);
        /* Length, and id with flags, of each; nothing in order, and nothing to be seen yet. */
        assert_int_equal(test_port.count, 6);
        for (k = 0; k < 6u; k++) {
            assert_true(test_port.log[k].store && !test_port.log[k].ordered);
            assert_int_equal(test_port.log[k].bytes, k == 1u ? 2 : 4); /* the first one's flags wait */
            assert_int_equal(packed_logged(p, k), packed_at(slot[k / 2u]) + PACKED_LEN + 4u * (k % 2u));
        }
        assert_collects_nothing(p);
        /* The first one's flags are as the driver left them: the driver looks at them now. */
        assert_int_equal(peer_get(p->w, packed_at(at.slot) + PACKED_FLAGS, 2), flags);
        assert_int_equal(test_port.fences, 0);
        test_port_reset();
        assert_true(vqg_device_notify(&p->w->device));
        /* The flags with release, a fence, the driver's event structure. */
        assert_int_equal(test_port.count, 2);
        assert_int_equal(packed_logged(p, 0), packed_at(at.slot) + PACKED_FLAGS);
        assert_true(test_port.log[0].store && test_port.log[0].ordered);
        assert_int_equal(test_port.log[0].bytes, 2);
        assert_int_equal(test_port.fences, 1);
        assert_int_equal(test_port.fence_at, 1);
        assert_int_equal(packed_logged(p, 1), WORLD_AVAIL);
        assert_int_equal(test_port.log[1].bytes, 4);
        assert_collects(p, 0, 16);
        assert_collects(p, 6, 0);
        assert_collects(p, 2, 9);
        assert_collects_nothing(p);
        packed_free(p);
    }
}

static void p2_positions_move_by_what_was_recorded(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        struct packed_peer *p = packed_live(7, 0);
        struct packed_cursor behind = packed_begins[i];
        struct pool pool;
        unsigned n;
        packed_begin(p, behind.slot, behind.wrap);
        pop_three(p, &pool);
        /* What the caller and the driver make of a chain's count is not asked. */
        for (n = 0; n < 3u; n++) {
            pool.chain[n].count = 0;
            pool.chain[n].readable = 77;
        }
        memset(world_at(p->w, WORLD_DESC), 0xff, 16u * 7u);
        for (n = 0; n < 3u; n++) {
            static const uint32_t moves[3] = {1, 3, 2};
            assert_status(vqg_device_push(&p->w->device, &pool.chain[n], 0), VQG_OK);
            packed_move(p, &behind, moves[n]);
            assert_int_equal(p->w->device.ring.put, packed_word(behind));
        }
        assert_int_equal(p->w->device.ring.published, packed_word(packed_begins[i]));
        (void)vqg_device_notify(&p->w->device);
        assert_int_equal(p->w->device.ring.published, packed_word(behind));
        assert_int_equal(p->w->device.ring.get, packed_word(behind));
        packed_free(p);
    }
}

static void notify_without_anything_new_touches_nothing(void **state)
{
    struct packed_peer *p = packed_live(7, 0);
    (void)state;
    test_port_reset();
    assert_false(vqg_device_notify(&p->w->device));
    packed_list(p, 1, 3);
    assert_pops(p->w, &p->w->chain);
    test_port_reset();
    assert_false(vqg_device_notify(&p->w->device));
    assert_int_equal(test_port.count + test_port.fences, 0);
    assert_status(vqg_device_push(&p->w->device, &p->w->chain, 0), VQG_OK);
    assert_true(vqg_device_notify(&p->w->device));
    test_port_reset();
    assert_false(vqg_device_notify(&p->w->device));
    assert_int_equal(test_port.count + test_port.fences, 0);
    packed_free(p);
}

static void c11_length_beyond_the_writable_bytes_is_refused(void **state)
{
    struct packed_peer *p = packed_live(7, 0);
    struct world_copy *before;
    (void)state;
    packed_list(p, 3, 6);
    assert_pops(p->w, &p->w->chain);
    p->w->chain.writable = 4096; /* the caller's copy */
    before = world_copy(p->w);
    assert_status(vqg_device_push(&p->w->device, &p->w->chain, 17), VQG_BAD_LENGTH);
    assert_status(vqg_device_push(&p->w->device, &p->w->chain, UINT32_MAX), VQG_BAD_LENGTH);
    world_assert_unchanged(p->w, before);
    assert_int_equal(vqg_device_violation(&p->w->device)->rule, VQG_RULE_NONE);
    assert_status(vqg_device_push(&p->w->device, &p->w->chain, 16), VQG_OK);
    packed_free(p);
}

static void c12_list_is_returned_once(void **state)
{
    struct packed_peer *p = packed_live(7, 0);
    struct world_copy *before;
    struct pool pool;
    (void)state;
    pop_three(p, &pool);
    assert_status(vqg_device_push(&p->w->device, &pool.chain[1], 1), VQG_OK);
    before = world_copy(p->w);
    assert_status(vqg_device_push(&p->w->device, &pool.chain[1], 1), VQG_BAD_CHAIN);
    assert_status(vqg_device_push(&p->w->device, &pool.chain[7], 1), VQG_BAD_CHAIN);
    world_assert_unchanged(p->w, before);
    packed_free(p);
}

static void s4_id_that_came_back_may_come_again_in_the_same_lap(void **state)
{
    struct packed_peer *p = packed_live(7, 0);
    struct pool pool;
    unsigned n;
    (void)state;
    pool_init(&pool);
    for (n = 0; n < 30u; n++) {
        packed_list(p, 2, 4);
        assert_pops(p->w, &pool.chain[0]);
        assert_status(vqg_device_push(&p->w->device, &pool.chain[0], 3), VQG_OK);
        assert_true(vqg_device_notify(&p->w->device));
        assert_collects(p, 4, 3);
    }
    packed_free(p);
}

static void r4_list_of_an_earlier_generation_is_discarded(void **state)
{
    static unsigned char memory[WORLD_DATA];
    struct packed_peer *p = packed_live(7, 0);
    struct vqg_slot slots[7];
    struct vqg_ring ring;
    struct pool pool;
    (void)state;
    pop_three(p, &pool);
    assert_status(vqg_device_push(&p->w->device, &pool.chain[2], 1), VQG_OK);
    assert_int_equal(p->w->caps[0].pins, 3 + 4);
    packed_restart(p);
    /* The same id in this generation, and what was in flight is so still. */
    packed_list(p, 2, 2);
    assert_pops(p->w, &pool.chain[3]);
    assert_true(vqg_device_in_flight(&p->w->device, world_addr(packed_data(2)), 1));
    memcpy(memory, world_at(p->w, 0), sizeof memory);
    memcpy(slots, p->w->slots, sizeof slots);
    ring = p->w->device.ring;
    assert_status(vqg_device_push(&p->w->device, &pool.chain[0], 1), VQG_STALE);
    assert_status(vqg_device_push(&p->w->device, &pool.chain[1], 99), VQG_STALE);
    assert_memory_equal(memory, world_at(p->w, 0), sizeof memory);
    assert_memory_equal(slots, p->w->slots, sizeof slots);
    assert_memory_equal(&ring, &p->w->device.ring, sizeof ring);
    assert_int_equal(p->w->caps[0].pins, 3 + 2);
    assert_int_equal(p->w->device.bytes_in_flight, 32);
    assert_null(p->w->device.stale);
    assert_false(vqg_device_in_flight(&p->w->device, world_addr(packed_data(2)), 1));
    assert_status(vqg_device_push(&p->w->device, &pool.chain[3], 16), VQG_OK);
    assert_true(vqg_device_notify(&p->w->device));
    assert_collects(p, 2, 16);
    packed_free(p);
}

static void r8_dead_endpoint_writes_nothing(void **state)
{
    struct packed_peer *p = packed_live(7, 0);
    struct pool pool;
    (void)state;
    pop_three(p, &pool);
    assert_status(vqg_device_push(&p->w->device, &pool.chain[0], 1), VQG_OK);
    packed_list(p, 1, 0);
    vqg_chain_init(&p->w->chain, p->w->segs, WORLD_SEGS);
    assert_status(vqg_device_pop(&p->w->device, &p->w->chain), VQG_V_HEAD_IN_FLIGHT);
    test_port_reset();
    assert_status(vqg_device_push(&p->w->device, &pool.chain[1], 1), VQG_DEAD);
    assert_false(vqg_device_notify(&p->w->device));
    vqg_device_kick_disable(&p->w->device);
    assert_false(vqg_device_kick_enable(&p->w->device));
    assert_int_equal(test_port.count, 0);
    assert_int_equal(p->w->caps[0].pins, 3 + 2);
    packed_restart(p);
    packed_serves(p);
    assert_status(vqg_device_push(&p->w->device, &pool.chain[2], 1), VQG_STALE);
    packed_free(p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(used_element_has_id_length_and_flags_and_leaves_the_address),
    cmocka_unit_test(p10_several_returns_show_with_one_release_of_the_first_ones_flags),
    cmocka_unit_test(p2_positions_move_by_what_was_recorded),
    cmocka_unit_test(notify_without_anything_new_touches_nothing),
    cmocka_unit_test(c11_length_beyond_the_writable_bytes_is_refused),
    cmocka_unit_test(c12_list_is_returned_once),
    cmocka_unit_test(s4_id_that_came_back_may_come_again_in_the_same_lap),
    cmocka_unit_test(r4_list_of_an_earlier_generation_is_discarded),
    cmocka_unit_test(r8_dead_endpoint_writes_nothing),
};

TEST_MAIN(tests)
