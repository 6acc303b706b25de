/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_device_notify.c
 * @brief When driver and device of a packed queue tell each other (P11, E1 to E3), and what a kick says (N2).
 */
#include "packed_device_util.h"

/* A device at this place that has `n` elements to publish, as `n` lists. */
static struct packed_peer *pushed(uint32_t size, uint64_t features, struct packed_cursor at, uint32_t n)
{
    struct packed_peer *p = packed_live(size, features);
    uint32_t k;
    packed_begin(p, at.slot, at.wrap);
    for (k = 0; k < n; k++) {
        packed_list(p, 1, (uint16_t)k);
        assert_pops(p->w, &p->w->chain);
        assert_status(vqg_device_push(&p->w->device, &p->w->chain, 0), VQG_OK);
    }
    return p;
}

static void p11_flags_say_never_always_or_when(void **state)
{
    /* Without EVENT_IDX a position means nothing; what cannot be true asks. */
    static const struct {
        uint16_t flags;
        bool events, due;
    } t[] = {{0, false, true}, {1, false, false}, {2, false, true}, {3, false, true},  {0, true, true},
             {1, true, false}, {2, true, false},  {3, true, true},  {4, true, true},   {5, true, false},
             {6, true, false}, {0xfffd, true, false}, {0xfffe, false, true}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t) * COUNT_OF(packed_begins); i++) {
        size_t k = i / COUNT_OF(packed_begins);
        struct packed_cursor at = packed_begins[i % COUNT_OF(packed_begins)];
        struct packed_peer *p = pushed(7, t[k].events ? VQG_F_EVENT_IDX : 0, at, 2);
        /* A position that is not passed now. */
        packed_events(p, true, packed_word(p->avail), t[k].flags);
        assert_int_equal(vqg_device_notify(&p->w->device), t[k].due);
        packed_free(p);
    }
}

static void e2_position_is_passed_in_its_own_lap(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 8};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        uint32_t size = sizes[i];
        uint32_t begin;
        uint32_t event;
        uint32_t n;
        /* Every place, every number of elements, every event that could be. */
        for (begin = 0; begin < 2u * size; begin++) {
            for (n = 1; n <= size; n++) {
                const struct packed_cursor at = {begin % size, begin < size};
                struct packed_peer *p = pushed(size, VQG_F_EVENT_IDX, at, n);
                struct vqg_device before = p->w->device;
                for (event = 0; event < 2u * size; event++) {
                    const struct packed_cursor e = {event % size, event < size};
                    struct packed_cursor c = at;
                    bool due = false;
                    uint32_t k;
                    for (k = 0; k < n; k++) {
                        due = due || packed_word(c) == packed_word(e);
                        packed_move(p, &c, 1);
                    }
                    packed_events(p, true, packed_word(e), 2);
                    p->w->device = before;
                    assert_int_equal(vqg_device_notify(&p->w->device), due);
                }
                packed_free(p);
            }
        }
    }
}

static void p11_position_outside_of_the_ring_asks(void **state)
{
    static const uint16_t events[] = {7, 0x8007, 8, 0x7fff, 0xffff, 0x4000};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(events) * COUNT_OF(packed_begins); i++) {
        struct packed_peer *p = pushed(7, VQG_F_EVENT_IDX, packed_begins[i % COUNT_OF(packed_begins)], 1);
        packed_events(p, true, events[i / COUNT_OF(packed_begins)], 2);
        assert_true(vqg_device_notify(&p->w->device));
        assert_int_equal(vqg_device_violation(&p->w->device)->rule, VQG_RULE_NONE);
        packed_free(p);
    }
}

static void p11_event_structure_is_fetched_once_in_one_piece_behind_the_fence(void **state)
{
    unsigned flags;
    (void)state;
    for (flags = 0; flags < 4u; flags++) {
        struct packed_peer *p = pushed(7, VQG_F_EVENT_IDX, packed_begins[3], 3);
        packed_events(p, true, 0x1234, (uint16_t)flags);
        test_port_reset();
        (void)vqg_device_notify(&p->w->device);
        assert_int_equal(test_port.loads, 1);
        assert_int_equal(test_port.fences, 1);
        assert_int_equal(test_port.fence_at, test_port.count - 1u);
        assert_int_equal(packed_logged(p, test_port.count - 1u), WORLD_AVAIL);
        assert_int_equal(test_port.log[test_port.count - 1u].bytes, 4);
        packed_free(p);
    }
}

static void e1_event_structure_decides_about_notifications_alone(void **state)
{
    struct packed_peer *p = pushed(7, VQG_F_EVENT_IDX, packed_begins[1], 3);
    (void)state;
    packed_events(p, true, 0xffff, 0xffff);
    (void)vqg_device_notify(&p->w->device);
    assert_collects(p, 0, 0);
    assert_collects(p, 1, 0);
    assert_collects(p, 2, 0);
    assert_int_equal(p->w->device.ring.published, packed_word(p->used));
    assert_int_equal(vqg_device_violation(&p->w->device)->rule, VQG_RULE_NONE);
    packed_free(p);
}

static void e1_kicks_are_asked_for_and_declined(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < 2u * COUNT_OF(packed_begins); i++) {
        struct packed_cursor at = packed_begins[i / 2u];
        bool events = i % 2u != 0u;
        struct packed_peer *p = packed_live(7, events ? VQG_F_EVENT_IDX : 0);
        packed_begin(p, at.slot, at.wrap);
        packed_events(p, false, 0x7777, 0x7777);
        test_port_reset();
        vqg_device_kick_disable(&p->w->device);
        assert_int_equal(test_port.count, 1);
        assert_int_equal(test_port.log[0].bytes, 4);
        assert_true(test_port.log[0].store);
        assert_int_equal(peer_get(p->w, WORLD_USED + 2u, 2), 1);
        test_port_reset();
        assert_status(vqg_device_pop(&p->w->device, &p->w->chain), VQG_EMPTY);
        assert_int_equal(test_port.count, 1); /* one look, and nothing asked for */
        test_port_reset();
        assert_false(vqg_device_kick_enable(&p->w->device));
        assert_int_equal(peer_get(p->w, WORLD_USED, 2), packed_word(at));
        assert_int_equal(peer_get(p->w, WORLD_USED + 2u, 2), events ? 2 : 0);
        /* Store, fence, and a look at the flags. */
        assert_int_equal(test_port.count, 2);
        assert_int_equal(test_port.fences, 1);
        assert_int_equal(test_port.fence_at, 1);
        assert_int_equal(packed_logged(p, 1), packed_at(at.slot) + PACKED_FLAGS);
        assert_true(test_port.log[1].ordered);
        packed_free(p);
    }
}

static void e3_empty_ring_is_armed_and_looked_at_again(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        struct packed_cursor at = packed_begins[i];
        struct packed_peer *p = packed_live(7, VQG_F_EVENT_IDX);
        packed_begin(p, at.slot, at.wrap);
        test_port_reset();
        assert_status(vqg_device_pop(&p->w->device, &p->w->chain), VQG_EMPTY);
        assert_int_equal(test_port.count, 3);
        assert_int_equal(packed_logged(p, 1), WORLD_USED);
        assert_true(test_port.log[1].store);
        assert_int_equal(test_port.fence_at, 2);
        assert_int_equal(peer_get(p->w, WORLD_USED, 2), packed_word(at));
        assert_int_equal(peer_get(p->w, WORLD_USED + 2u, 2), 2);
        packed_free(p);
    }
}

static void e3_kick_enable_tells_of_a_list_that_waits_and_keeps_what_it_saw(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < 2u * COUNT_OF(packed_begins); i++) {
        struct packed_cursor at = packed_begins[i / 2u];
        struct packed_peer *p = packed_live(7, i % 2u != 0u ? VQG_F_EVENT_IDX : 0);
        packed_begin(p, at.slot, at.wrap);
        vqg_device_kick_disable(&p->w->device);
        packed_list(p, 2, 4);
        assert_true(vqg_device_kick_enable(&p->w->device));
        /* A driver cannot take it back, and the flags are not fetched twice. */
        peer_put(p->w, packed_at(at.slot) + PACKED_FLAGS, 2, 0xffff);
        test_port_reset();
        assert_true(vqg_device_kick_enable(&p->w->device));
        assert_int_equal(test_port.loads, 0);
        assert_pops(p->w, &p->w->chain);
        assert_int_equal(test_port.loads, 3 + 2);
        assert_packed_list(&p->w->chain, 2, 4);
        assert_false(vqg_device_kick_enable(&p->w->device));
        packed_free(p);
    }
}

static void quiet_device_stays_quiet_over_a_reset(void **state)
{
    struct packed_peer *p = packed_live(7, 0);
    (void)state;
    vqg_device_kick_disable(&p->w->device);
    packed_restart(p);
    assert_int_equal(peer_get(p->w, WORLD_USED + 2u, 2), 1);
    packed_free(p);
}

/* Steps from one position on to another, within two laps. */
static uint32_t steps(const struct packed_peer *p, struct packed_cursor from, struct packed_cursor to)
{
    uint32_t n = 0;
    while (packed_word(from) != packed_word(to)) {
        packed_move(p, &from, 1);
        n++;
    }
    return n;
}

/* With `flying` elements in flight behind this place: is every position judged as it should be? */
static void assert_hints(struct packed_cursor at, uint32_t flying)
{
    struct packed_peer *p = packed_live(7, VQG_F_NOTIFICATION_DATA);
    struct vqg_device device;
    struct world_copy *before;
    unsigned next;
    packed_begin(p, at.slot, at.wrap);
    if (flying != 0u) {
        packed_list(p, flying, 3);
        assert_pops(p->w, &p->w->chain);
    }
    before = world_copy(p->w);
    device = p->w->device;
    test_port_reset();
    for (next = 0; next < 0x10000u; next += (next & 0x7fffu) < 20u || (next & 0x7fffu) > 0x7ffcu ? 1u : 0x3ffu) {
        const struct packed_cursor n = {next & 0x7fffu, (next & 0x8000u) != 0u};
        uint32_t ahead = n.slot < 7u ? steps(p, at, n) : 99u;
        enum vqg_status st;
        p->w->device = device;
        st = vqg_device_hint(&p->w->device, (uint16_t)next);
        /* As far as the ring goes ahead of what is in flight, or as far behind what was taken. */
        if (ahead <= 7u || (ahead < 14u && ahead >= 7u + flying)) {
            assert_status(st, VQG_OK);
            assert_false(vqg_device_needs_reset(&p->w->device));
        } else {
            assert_violation(vqg_device_violation(&p->w->device), st, VQG_RULE_NOTIFY_HINT, p->avail.slot, next, 7);
            assert_true(vqg_device_needs_reset(&p->w->device));
            assert_status(vqg_device_hint(&p->w->device, packed_word(at)), VQG_DEAD);
        }
        world_assert_private_unchanged(p->w, before);
        assert_int_equal(test_port.count, 0);
    }
    world_assert_unchanged(p->w, before);
    packed_free(p);
}

static void n2_position_that_no_driver_can_be_at_latches(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        assert_hints(packed_begins[i], 0);
        assert_hints(packed_begins[i], 3);
        assert_hints(packed_begins[i], 7);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(p11_flags_say_never_always_or_when),
    cmocka_unit_test(e2_position_is_passed_in_its_own_lap),
    cmocka_unit_test(p11_position_outside_of_the_ring_asks),
    cmocka_unit_test(p11_event_structure_is_fetched_once_in_one_piece_behind_the_fence),
    cmocka_unit_test(e1_event_structure_decides_about_notifications_alone),
    cmocka_unit_test(e1_kicks_are_asked_for_and_declined),
    cmocka_unit_test(e3_empty_ring_is_armed_and_looked_at_again),
    cmocka_unit_test(e3_kick_enable_tells_of_a_list_that_waits_and_keeps_what_it_saw),
    cmocka_unit_test(quiet_device_stays_quiet_over_a_reset),
    cmocka_unit_test(n2_position_that_no_driver_can_be_at_latches),
};

TEST_MAIN(tests)
