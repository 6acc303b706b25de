/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_events.c
 * @brief Notifications of a packed queue in both directions: event suppression structures, offsets, and the look again.
 */
#include "packed_driver_util.h"

#define ENABLE 0u
#define DISABLE 1u
#define DESC 2u

static unsigned driver_event(const struct world *w)
{
    return (unsigned)peer_get(w, WORLD_AVAIL, 2);
}

static unsigned driver_event_flags(const struct world *w)
{
    return (unsigned)peer_get(w, WORLD_AVAIL + 2u, 2);
}

static void e1_flags_of_the_device_decide_about_the_kick(void **state)
{
    static const struct {
        uint16_t flags;
        bool kick;
    } cases[] = {{ENABLE, true}, {DISABLE, false}, {0x8001, false}, {0xfffd, false}, {0xfffc, true}, {0x0100, true}};
    int event_idx;
    size_t i;
    (void)state;
    for (event_idx = 0; event_idx < 2; event_idx++) {
        for (i = 0; i < COUNT_OF(cases); i++) {
            struct world *w = packed_world(5, event_idx != 0 ? VQG_F_EVENT_IDX : 0u);
            packed_events(peer(), false, (uint16_t)(0x8003u + 0x1111u * i), cases[i].flags); /* no offset */
            add_ok(w, 0, 1, 1);
            assert_int_equal(vqg_driver_kick(&w->driver), cases[i].kick);
            assert_int_equal(peer()->count[device_fetch()], 1); /* either way */
            world_free(w);
        }
    }
}

static void p11_structure_that_cannot_be_meant_asks_for_a_kick(void **state)
{
    static const struct {
        uint64_t features;
        uint16_t off_wrap, flags;
    } cases[] = {{0, 0x8003, DESC},      {0, 0xffff, DESC},          {0, 0, 3},
                 {VQG_F_EVENT_IDX, 0, 3}, {VQG_F_EVENT_IDX, 5, DESC}, {VQG_F_EVENT_IDX, 0x8005, DESC},
                 {VQG_F_EVENT_IDX, 0x7fff, DESC}, {VQG_F_EVENT_IDX, 0xffff, 0xfffe}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(cases); i++) {
        struct world *w = packed_world(5, cases[i].features);
        uint32_t turn;
        for (turn = 0; turn < 12u; turn++) {
            packed_events(peer(), false, cases[i].off_wrap, cases[i].flags);
            add_ok(w, 0, 1, turn);
            assert_true(vqg_driver_kick(&w->driver));
            packed_return(peer(), device_fetch(), 1);
            (void)take_ok(w);
        }
        assert_false(vqg_driver_needs_reset(&w->driver));
        world_free(w);
    }
}

/* One position at a time: is the event among the `n` that are made available from `at` on? */
static bool among(uint16_t event, struct packed_cursor at, uint32_t n)
{
    for (; n != 0u && packed_word(at) != event; n--) {
        packed_move(peer(), &at, 1);
    }
    return n != 0u;
}

/* Each place of the ring, each number of descriptors, in lists of one and of all, each offset that can be meant. */
static void e2_offset_among_the_published_elements_kicks_also_over_the_end(void **state)
{
    uint32_t kicked = 0;
    uint32_t kicks = 0;
    uint32_t size;
    uint32_t turn;
    (void)state;
    for (size = 1; size <= 5u; size++) {
        struct world *w = packed_world(size, VQG_F_EVENT_IDX);
        for (turn = 0; turn < 2u * size * size * 2u * size * 2u; turn++) {
            uint32_t n = 1u + turn % size;
            uint32_t at = turn / size % (2u * size);
            bool single = turn / size / (2u * size) % 2u != 0u;
            uint16_t event = (uint16_t)(at % size | (at < size ? 0x8000u : 0u));
            struct packed_cursor was = peer()->avail;
            uint32_t lists = single ? n : 1u;
            uint32_t i;
            uint16_t ids[5];
            for (i = 0; i < lists; i++) {
                add_ok(w, 0, single ? 1u : n, i);
            }
            packed_events(peer(), false, event, DESC);
            assert_int_equal(vqg_driver_kick(&w->driver), among(event, was, n));
            kicked += among(event, was, n) ? 1u : 0u;
            kicks++;
            for (i = 0; i < lists; i++) {
                ids[i] = device_fetch();
            }
            for (i = 0; i < lists; i++) {
                packed_return(peer(), ids[i], 1);
                (void)take_ok(w);
            }
            if (turn % (2u * size * size * 2u) == 0u) {
                packed_advance(w, 1); /* from another place from now on */
            }
        }
        world_free(w);
    }
    assert_in_range(kicked, kicks / 10u, kicks - kicks / 10u);
}

static void e5_whole_ring_between_two_kicks_still_finds_its_offset(void **state)
{
    static const uint32_t sizes[] = {1, 2, 7, 1000, 32768};
    size_t s;
    uint32_t start;
    (void)state;
    for (s = 0; s < COUNT_OF(sizes); s++) {
        for (start = 0; start < 4u; start++) {
            struct world *w = packed_world(sizes[s], VQG_F_EVENT_IDX);
            struct packed_cursor event;
            uint32_t i;
            packed_advance(w, start % 2u != 0u ? sizes[s] / 2u + 1u : 0u);
            event = peer()->avail;
            packed_move(peer(), &event, sizes[s] - 1u); /* the last one of them, or the one behind */
            packed_move(peer(), &event, start / 2u);
            packed_events(peer(), false, packed_word(event), DESC);
            for (i = 0; i < sizes[s]; i++) {
                add_ok(w, 0, 1, i);
            }
            assert_int_equal(vqg_driver_kick(&w->driver), start < 2u);
            world_free(w);
        }
    }
}

static void x3_packed_kick_publishes_then_fences_then_asks(void **state)
{
    struct world *w = packed_world(5, VQG_F_EVENT_IDX);
    (void)state;
    packed_advance(w, 7);
    add_ok(w, 1, 1, 1);
    test_port_reset();
    (void)vqg_driver_kick(&w->driver);
    assert_int_equal(test_port.count, 2);
    assert_access(w, 0, true, packed_at(2) + PACKED_FLAGS, 2, true);
    assert_true(test_port.fences == 1u && test_port.fence_at == 1u);
    assert_access(w, 1, false, WORLD_USED, 4, false); /* in one piece, once */
    test_port_reset();
    assert_false(vqg_driver_kick(&w->driver));
    assert_int_equal(test_port.count + test_port.fences, 0);
    world_free(w);
}

static void callbacks_are_asked_for_and_declined_in_one_store(void **state)
{
    int event_idx;
    (void)state;
    for (event_idx = 0; event_idx < 2; event_idx++) {
        uint32_t start;
        for (start = 0; start < 10u; start++) {
            struct world *w = packed_world(5, event_idx != 0 ? VQG_F_EVENT_IDX : 0u);
            packed_advance(w, start);
            test_port_reset();
            vqg_driver_callback_disable(&w->driver);
            assert_int_equal(test_port.count, 1);
            assert_access(w, 0, true, WORLD_AVAIL, 4, false);
            assert_int_equal(driver_event_flags(w), DISABLE);
            assert_idle(w);
            packed_advance(w, 1);
            assert_int_equal(driver_event_flags(w), DISABLE);
            test_port_reset();
            assert_false(vqg_driver_callback_enable(&w->driver));
            assert_int_equal(test_port.stores, 1);
            assert_access(w, 0, true, WORLD_AVAIL, 4, false);
            assert_int_equal(test_port.fence_at, 1);
            assert_access(w, 1, false, packed_at(peer()->used.slot) + PACKED_FLAGS, 2, true);
            assert_int_equal(driver_event_flags(w), event_idx != 0 ? DESC : ENABLE);
            if (event_idx != 0) {
                assert_int_equal(driver_event(w), packed_word(peer()->used));
                packed_advance(w, 3);
                assert_idle(w);
                assert_int_equal(driver_event(w), packed_word(peer()->used)); /* the next one interrupts */
            }
            world_free(w);
        }
    }
}

/* A device that completes while the driver arms: the `turns`th look at the flags finds them used. */
struct racer {
    struct world *world;
    uint64_t element;
    unsigned turns;
    unsigned looks;
};

static uint64_t race(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    struct racer *r = context;
    if (at != (const void *)world_at(r->world, r->element + PACKED_FLAGS)) {
        return value;
    }
    assert_int_equal(bytes, 2);
    r->looks++;
    if (r->looks == r->turns) {
        packed_return(peer(), (uint16_t)peer_get(r->world, r->element + PACKED_ID, 2), 1);
    }
    return as_loaded(r->world, bytes, peer_get(r->world, r->element + PACKED_FLAGS, 2));
}

static void race_begin(struct racer *r, struct world *w, unsigned turns)
{
    r->world = w;
    r->element = packed_at(peer()->used.slot);
    r->turns = turns;
    r->looks = 0;
    test_port_reset();
    test_port.adversary = race;
    test_port.context = r;
}

static void e3_packed_enable_looks_again_after_arming_and_a_fence(void **state)
{
    int event_idx;
    (void)state;
    for (event_idx = 0; event_idx < 2; event_idx++) {
        struct world *w = packed_world(5, event_idx != 0 ? VQG_F_EVENT_IDX : 0u);
        struct racer r;
        vqg_driver_callback_disable(&w->driver);
        packed_advance(w, 6);
        (void)packed_lend(w, 0, 1, 1);
        assert_idle(w);
        race_begin(&r, w, 1);
        assert_true(vqg_driver_callback_enable(&w->driver));
        assert_int_equal(test_port.count, 2);
        assert_access(w, 0, true, WORLD_AVAIL, 4, false);
        assert_int_equal(test_port.fence_at, 1);
        assert_access(w, 1, false, r.element + PACKED_FLAGS, 2, true);
        assert_ptr_equal(take_ok(w).cookie, cookie(1));
        test_port.adversary = NULL;
        assert_false(vqg_driver_callback_enable(&w->driver));
        world_free(w);
    }
}

static void e3_packed_take_arms_and_looks_again_before_it_says_empty(void **state)
{
    struct world *w = packed_world(5, VQG_F_EVENT_IDX);
    struct racer r;
    (void)state;
    packed_advance(w, 6);
    (void)packed_lend(w, 0, 1, 1);
    race_begin(&r, w, 2);
    assert_ptr_equal(take_ok(w).cookie, cookie(1));
    assert_int_equal(r.looks, 2);
    assert_access(w, 0, false, r.element + PACKED_FLAGS, 2, true);
    assert_access(w, 1, true, WORLD_AVAIL, 4, false);
    assert_int_equal(test_port.fence_at, 2);
    assert_access(w, 2, false, r.element + PACKED_FLAGS, 2, true);
    assert_int_equal(test_port.count, 5);
    test_port.adversary = NULL;
    assert_idle(w);
    assert_int_equal(driver_event(w), packed_word(peer()->used));
    world_free(w);
}

static void e3_packed_element_that_was_accepted_stays_so(void **state)
{
    uint32_t start;
    (void)state;
    for (start = 0; start < 10u; start++) {
        struct world *w = packed_world(5, 0);
        uint64_t at;
        packed_advance(w, start);
        at = packed_at(peer()->used.slot) + PACKED_FLAGS;
        (void)packed_lend(w, 0, 1, 1);
        packed_return(peer(), (uint16_t)peer_get(w, at - PACKED_FLAGS + PACKED_ID, 2), 7);
        assert_true(vqg_driver_callback_enable(&w->driver));
        peer_put(w, at, 2, peer_get(w, at, 2) ^ 0x8000u); /* the device takes it back */
        assert_true(vqg_driver_callback_enable(&w->driver));
        test_port_reset();
        assert_int_equal(take_ok(w).len, 7);
        assert_int_equal(test_port.count, 2); /* its flags are not fetched twice */
        assert_false(vqg_driver_callback_enable(&w->driver));
        packed_advance(w, 1);
        world_free(w);
    }
}

static void a_caller_who_declined_callbacks_is_not_armed_by_a_take_or_a_restart(void **state)
{
    struct world *w = packed_world(5, VQG_F_EVENT_IDX);
    (void)state;
    vqg_driver_callback_disable(&w->driver);
    test_port_reset();
    assert_idle(w);
    assert_int_equal(test_port.count, 1);
    assert_int_equal(test_port.fences, 0);
    packed_revive(w, 0);
    assert_int_equal(driver_event_flags(w), DISABLE);
    world_free(w);
}

static void n1_packed_notification_is_the_index_and_with_the_feature_offset_and_wrap_counter(void **state)
{
    struct world *w = packed_world(5, 0);
    uint32_t i;
    (void)state;
    packed_advance(w, 3);
    assert_int_equal(vqg_driver_notification(&w->driver), 0);
    world_free(w);
    w = world_new(5, VQG_F_RING_PACKED | VQG_F_NOTIFICATION_DATA);
    w->queue.index = 0x1234;
    w->queue.count = 0x2000;
    packed_begin(w);
    for (i = 0; i < 12u; i++) {
        assert_int_equal(vqg_driver_notification(&w->driver), 0x1234u | (uint32_t)packed_word(peer()->avail) << 16);
        assert_int_equal(vqg_driver_notification(&w->driver) >> 31, i / 5u % 2u == 0u);
        assert_int_equal(vqg_driver_notification(&w->driver) >> 16 & 0x7fffu, i % 5u);
        packed_advance(w, 1);
    }
    add_ok(w, 0, 1, 1); /* not published: not told */
    assert_int_equal(vqg_driver_notification(&w->driver), 0x1234u | (uint32_t)packed_word(peer()->avail) << 16);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(e1_flags_of_the_device_decide_about_the_kick),
    cmocka_unit_test(p11_structure_that_cannot_be_meant_asks_for_a_kick),
    cmocka_unit_test(e2_offset_among_the_published_elements_kicks_also_over_the_end),
    cmocka_unit_test(e5_whole_ring_between_two_kicks_still_finds_its_offset),
    cmocka_unit_test(x3_packed_kick_publishes_then_fences_then_asks),
    cmocka_unit_test(callbacks_are_asked_for_and_declined_in_one_store),
    cmocka_unit_test(e3_packed_enable_looks_again_after_arming_and_a_fence),
    cmocka_unit_test(e3_packed_take_arms_and_looks_again_before_it_says_empty),
    cmocka_unit_test(e3_packed_element_that_was_accepted_stays_so),
    cmocka_unit_test(a_caller_who_declined_callbacks_is_not_armed_by_a_take_or_a_restart),
    cmocka_unit_test(n1_packed_notification_is_the_index_and_with_the_feature_offset_and_wrap_counter),
};

TEST_MAIN(tests)
