/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_restore.c
 * @brief The state of a device of a packed queue, saved and restored, and states that were made up (R7).
 */
#include "packed_device_util.h"

/* Enables the queue on a new endpoint, as where a machine moved to; the ring stays as it is. */
static void move_on(struct packed_peer *p)
{
    struct world *w = p->w;
    vqg_device_reset(&w->device);
    memset(&w->device, 0xee, sizeof w->device);
    memset(w->slots, 0xee, w->nslots * sizeof w->slots[0]);
    world_start_device(w);
}

static void r7_positions_and_wrap_counters_make_a_round_trip(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 7, 8, 1000, 32768};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        struct packed_peer *p = packed_new(sizes[i], VQG_F_EVENT_IDX);
        uint32_t n = sizes[i] < 3u ? 1u : 2u;
        unsigned k;
        p->w->policy.max_elements = 2;
        world_start_device(p->w);
        packed_begin(p, sizes[i] - 1u, false);
        for (k = 0; k < 20u; k++) {
            struct vqg_device_state s;
            struct vqg_device_state now;
            memset(&s, 0xee, sizeof s);
            s.heads = NULL;
            s.capacity = 0;
            assert_status(vqg_device_save(&p->w->device, &s), VQG_OK);
            assert_int_equal(s.last_avail, packed_word(p->avail));
            assert_int_equal(s.used, packed_word(p->used));
            vqg_device_position(&p->w->device, &now);
            assert_int_equal(now.last_avail, s.last_avail);
            assert_int_equal(now.used, s.used);
            assert_int_equal(s.count, 0);
            /* A list that waits is popped there, not here. */
            packed_list(p, n, (uint16_t)(k % sizes[i]));
            move_on(p);
            assert_status(vqg_device_restore(&p->w->device, &s), VQG_OK);
            assert_true(vqg_device_kick_enable(&p->w->device));
            assert_pops(p->w, &p->w->chain);
            assert_packed_list(&p->w->chain, n, (uint16_t)(k % sizes[i]));
            assert_status(vqg_device_push(&p->w->device, &p->w->chain, k % 17u), VQG_OK);
            (void)vqg_device_notify(&p->w->device);
            assert_collects(p, (uint16_t)(k % sizes[i]), k % 17u);
            assert_status(vqg_device_pop(&p->w->device, &p->w->chain), VQG_EMPTY);
            assert_int_equal(peer_get(p->w, WORLD_USED, 2), packed_word(p->avail));
        }
        packed_free(p);
    }
}

static void save_wants_everything_pushed_and_published(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        struct packed_peer *p = packed_new(7, 0);
        uint16_t heads[7];
        struct vqg_device_state s = {1, 2, heads, 7, 77};
        struct world_copy *before;
        struct pool pool;
        pool_init(&pool);
        assert_status(vqg_device_save(&p->w->device, &s), VQG_BAD_STATE);
        world_start_device(p->w);
        packed_begin(p, packed_begins[i].slot, packed_begins[i].wrap);
        packed_list(p, 7, 2);
        assert_pops(p->w, &pool.chain[0]);
        before = world_copy(p->w);
        /* The whole ring is in flight: both positions are at the same slot, in two laps. */
        assert_status(vqg_device_save(&p->w->device, &s), VQG_BUSY);
        world_assert_unchanged(p->w, before);
        assert_status(vqg_device_push(&p->w->device, &pool.chain[0], 0), VQG_OK);
        assert_status(vqg_device_save(&p->w->device, &s), VQG_BAD_STATE);
        assert_int_equal(s.count, 77);
        assert_int_equal(s.last_avail, 1);
        assert_int_equal(s.used, 2);
        (void)vqg_device_notify(&p->w->device);
        assert_collects(p, 2, 0);
        packed_list(p, 1, 2);
        packed_list(p, 1, 3);
        assert_pops(p->w, &pool.chain[0]);
        assert_pops(p->w, &pool.chain[1]);
        assert_status(vqg_device_push(&p->w->device, &pool.chain[1], 0), VQG_OK);
        (void)vqg_device_notify(&p->w->device);
        assert_status(vqg_device_save(&p->w->device, &s), VQG_BUSY);
        assert_status(vqg_device_push(&p->w->device, &pool.chain[0], 0), VQG_OK);
        (void)vqg_device_notify(&p->w->device);
        assert_status(vqg_device_save(&p->w->device, &s), VQG_OK);
        assert_int_equal(s.last_avail, packed_word(p->avail));
        assert_int_equal(s.used, packed_word(p->avail));
        assert_int_equal(s.count, 0);
        packed_free(p);
    }
}

/* The state is refused: the queue is off, and works after it was enabled again. */
static void assert_made_up(struct packed_peer *p, const struct vqg_device_state *s, uint64_t value, uint64_t limit)
{
    const struct vqg_violation *v = vqg_device_violation(&p->w->device);
    move_on(p);
    test_port_reset();
    assert_status(vqg_device_restore(&p->w->device, s), VQG_BAD_SAVED);
    assert_int_equal(v->rule, VQG_RULE_RESTORE);
    assert_int_equal(v->index, 0);
    assert_int_equal(v->count, 1);
    assert_int_equal(v->value, value);
    assert_int_equal(v->limit, limit);
    assert_int_equal(test_port.count, 0);
    assert_status(vqg_device_pop(&p->w->device, &p->w->chain), VQG_DEAD);
    assert_status(vqg_device_restore(&p->w->device, s), VQG_BAD_STATE);
    assert_false(vqg_device_needs_reset(&p->w->device));
    assert_int_equal(p->w->caps[0].pins, 0);
    packed_restart(p);
    packed_serves(p);
}

static void r7_offset_outside_of_the_ring_is_refused(void **state)
{
    static const uint16_t bad[] = {7, 8, 0x7fff, 0x8007, 0xffff};
    struct packed_peer *p = packed_new(7, 0);
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(bad); i++) {
        const struct vqg_device_state s = {bad[i], bad[i], NULL, 0, 0};
        assert_made_up(p, &s, bad[i] & 0x7fffu, 7);
    }
    packed_free(p);
}

static void r7_two_positions_that_differ_are_refused(void **state)
{
    static const uint16_t t[][2] = {{0x8003, 0x8002}, {0x8003, 0x0003}, {0x0003, 0x8003}, {6, 7}, {0x8000, 0xffff}};
    struct packed_peer *p = packed_new(7, 0);
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        const struct vqg_device_state s = {t[i][0], t[i][1], NULL, 0, 0};
        assert_made_up(p, &s, t[i][1], t[i][0]);
    }
    packed_free(p);
}

static void r7_heads_of_a_packed_queue_are_refused(void **state)
{
    struct packed_peer *p = packed_new(7, 0);
    uint16_t heads[2] = {0, 1};
    const struct vqg_device_state s = {0x8003, 0x8003, heads, 2, 2};
    const struct vqg_device_state many = {0x8003, 0x8003, heads, 2, UINT32_MAX};
    (void)state;
    assert_made_up(p, &s, 2, 0);
    assert_made_up(p, &many, UINT32_MAX, 0);
    packed_free(p);
}

static void r7_restored_position_is_judged_by_every_rule_of_the_ring(void **state)
{
    struct packed_peer *p = packed_new(7, 0);
    const struct vqg_device_state s = {0x8005, 0x8005, NULL, 0, 0};
    (void)state;
    world_start_device(p->w);
    packed_list(p, 3, 2);
    packed_list(p, 3, 4);
    move_on(p);
    /* A state that is wrong, but could be true: the driver is one slot farther. Nothing is available there. */
    packed_element(p, 5, world_addr(WORLD_DATA), 16, 9, packed_turned(p->avail, PACKED_AVAILABLE));
    assert_status(vqg_device_restore(&p->w->device, &s), VQG_OK);
    packed_refused(p, VQG_RULE_BUFFER_ID_RANGE, 5, 9, 7);
    packed_free(p);
}

static void restore_wants_a_queue_that_was_not_used_yet(void **state)
{
    struct packed_peer *p = packed_new(7, 0);
    const struct vqg_device_state s = {0x0003, 0x0003, NULL, 0, 0};
    const struct vqg_device_state null = {0x0003, 0x0003, NULL, 0, 1};
    (void)state;
    assert_status(vqg_device_restore(&p->w->device, &s), VQG_BAD_STATE);
    world_start_device(p->w);
    assert_status(vqg_device_restore(&p->w->device, &null), VQG_BAD_ENDPOINT);
    packed_serves(p);
    assert_status(vqg_device_restore(&p->w->device, &s), VQG_BAD_STATE);
    packed_restart(p);
    assert_status(vqg_device_restore(&p->w->device, &s), VQG_OK);
    assert_status(vqg_device_restore(&p->w->device, &s), VQG_BAD_STATE);
    packed_restart(p);
    packed_serves(p);
    packed_free(p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(r7_positions_and_wrap_counters_make_a_round_trip),
    cmocka_unit_test(save_wants_everything_pushed_and_published),
    cmocka_unit_test(r7_offset_outside_of_the_ring_is_refused),
    cmocka_unit_test(r7_two_positions_that_differ_are_refused),
    cmocka_unit_test(r7_heads_of_a_packed_queue_are_refused),
    cmocka_unit_test(r7_restored_position_is_judged_by_every_rule_of_the_ring),
    cmocka_unit_test(restore_wants_a_queue_that_was_not_used_yet),
};

TEST_MAIN(tests)
