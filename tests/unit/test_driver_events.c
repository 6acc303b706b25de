/* SPDX-License-Identifier: MIT */
/**
 * @file test_driver_events.c
 * @brief Notifications in both directions, and what the device's word on them may change: rules E1 to E5.
 */
#include "driver_util.h"

static bool is_at(const struct world *w, const volatile void *at, uint64_t offset)
{
    return at == (const void *)world_at(w, offset);
}

static uint64_t used_event_at(const struct world *w)
{
    return WORLD_AVAIL + 4u + 2u * (uint64_t)w->size;
}

static uint64_t avail_event_at(const struct world *w)
{
    return WORLD_USED + 4u + 8u * (uint64_t)w->size;
}

/* What the specification says, one position at a time: is the event among those made available? */
static bool among(uint16_t event, uint16_t was, uint16_t now)
{
    bool found = false;
    for (; was != now; was++) {
        found = found || was == event;
    }
    return found;
}

static void a_kick_with_nothing_added_does_nothing(void **state)
{
    struct world *w = driver_world(8, VQG_F_EVENT_IDX, false);
    (void)state;
    test_port_reset();
    assert_false(vqg_driver_kick(&w->driver));
    add_ok(w, 0, 1, 1);
    (void)vqg_driver_kick(&w->driver);
    test_port_reset();
    assert_false(vqg_driver_kick(&w->driver));
    assert_int_equal(test_port.count, 0);
    assert_int_equal(test_port.fences, 0);
    world_free(w);
}

static void without_event_words_the_flag_bit_alone_decides(void **state)
{
    static const struct {
        uint16_t flags;
        bool kick;
    } cases[] = {{0, true}, {1, false}, {2, true}, {0xfffe, true}, {0xffff, false}, {0x0100, true}, {0x8001, false}};
    int big;
    size_t i;
    (void)state;
    for (big = 0; big < 2; big++) {
        struct world *w = driver_world(8, 0, big != 0);
        for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            peer_used_flags(w, cases[i].flags);
            peer_avail_event(w, (uint16_t)(i + 100u)); /* not in use: decides nothing */
            add_ok(w, 0, 1, 1);
            test_port_reset();
            assert_int_equal(vqg_driver_kick(&w->driver), cases[i].kick);
            assert_int_equal(test_port.loads, 1);
            assert_true(is_at(w, test_port.log[1].at, WORLD_USED));
            assert_int_equal(peer_get_avail_idx(w), i + 1u);
        }
        world_free(w);
    }
}

/* Kicks of 1 to 8 chains over three laps of the index; the event stands before, in, at the end of and far from each. */
static void e2_event_inside_the_published_positions_kicks_also_when_they_wrap(void **state)
{
    static const uint16_t far[] = {0x7fff, 0x8000, 0x8001, 0xff00};
    struct world *w = driver_world(8, VQG_F_EVENT_IDX, false);
    uint32_t kicked = 0;
    uint32_t turn;
    (void)state;
    for (turn = 0; turn < 3u * 65536u / 4u; turn++) {
        uint16_t was = peer_get_avail_idx(w);
        uint16_t n = (uint16_t)(1u + turn % 8u);
        uint16_t pick = (uint16_t)(turn / 8u % (n + 8u));
        uint16_t event = (uint16_t)(was + (pick < n + 4u ? pick - 2u : far[pick - n - 4u]));
        uint16_t i;
        bool kick;
        for (i = 0; i < n; i++) {
            add_ok(w, 0, 1, i);
        }
        peer_avail_event(w, event);
        kick = vqg_driver_kick(&w->driver);
        assert_int_equal(kick, among(event, was, (uint16_t)(was + n)));
        kicked += kick ? 1u : 0u;
        for (i = 0; i < n; i++) {
            complete(w, peer_get_avail_entry(w, (uint16_t)(was + i)), 1);
        }
        for (i = 0; i < n; i++) {
            (void)take_ok(w);
        }
    }
    assert_in_range(kicked, 1000, turn - 1000u);
    world_free(w);
}

static void e5_a_whole_queue_between_two_kicks_still_finds_its_event(void **state)
{
    uint32_t size;
    (void)state;
    for (size = 1; size <= 32768u; size *= 32u) {
        const struct {
            uint32_t event;
            bool kick;
        } cases[] = {{0, true}, {size / 2u, true}, {size - 1u, true}, {size, false}, {65535, false}};
        size_t c;
        for (c = 0; c < sizeof cases / sizeof cases[0]; c++) {
            struct world *w = driver_world(size, VQG_F_EVENT_IDX, false);
            uint32_t i;
            for (i = 0; i < size; i++) {
                add_ok(w, 0, 1, i);
            }
            peer_avail_event(w, (uint16_t)cases[c].event);
            assert_int_equal(vqg_driver_kick(&w->driver), cases[c].kick);
            world_free(w);
        }
    }
}

static void e4_with_event_words_the_flags_are_not_looked_at(void **state)
{
    static const uint16_t flags[] = {0, 1, 0xffff};
    size_t i;
    (void)state;
    for (i = 0; i < 3u; i++) {
        struct world *w = driver_world(8, VQG_F_EVENT_IDX, false);
        peer_used_flags(w, flags[i]);
        peer_avail_event(w, 0);
        add_ok(w, 0, 1, 1);
        test_port_reset();
        assert_true(vqg_driver_kick(&w->driver));
        assert_int_equal(test_port.loads, 1);
        assert_true(is_at(w, test_port.log[1].at, avail_event_at(w)));
        add_ok(w, 0, 1, 2);
        assert_false(vqg_driver_kick(&w->driver)); /* event 0 is behind */
        vqg_driver_callback_disable(&w->driver);
        assert_int_equal(peer_get(w, WORLD_AVAIL, 2), 0);
        world_free(w);
    }
}

static void e1_event_words_and_flags_decide_about_notifications_and_nothing_else(void **state)
{
    uint32_t turn;
    (void)state;
    for (turn = 0; turn < 32u; turn++) {
        uint64_t features = turn % 2u != 0u ? VQG_F_EVENT_IDX : 0u;
        struct world *plain = driver_world(8, features, false);
        struct world *w = driver_world(8, features, false);
        uint16_t word = (uint16_t)(turn * 0x1235u);
        assert_int_equal(lend(plain, 1, 1, 1), 0);
        peer_avail_event(w, word);
        peer_used_flags(w, word);
        assert_int_equal(lend(w, 1, 1, 1), 0);
        complete(plain, 0, 3);
        complete(w, 0, 3);
        assert_int_equal(take_ok(w).len, take_ok(plain).len);
        assert_memory_equal(plain->slots, w->slots, 8u * sizeof w->slots[0]);
        assert_int_equal(w->driver.ledger.ring.put, plain->driver.ledger.ring.put);
        assert_int_equal(w->driver.ledger.ring.published, plain->driver.ledger.ring.published);
        assert_int_equal(w->driver.ledger.ring.get, plain->driver.ledger.ring.get);
        peer_avail_event(w, 0);
        peer_used_flags(w, 0);
        assert_memory_equal(plain->memory, w->memory, WORLD_BYTES);
        world_free(w);
        world_free(plain);
    }
}

static void e3_a_suppressed_notification_delays_nothing_in_the_ring(void **state)
{
    struct world *w = driver_world(8, VQG_F_EVENT_IDX, false);
    (void)state;
    peer_avail_event(w, 0x8000);
    add_ok(w, 0, 1, 1);
    assert_false(vqg_driver_kick(&w->driver));
    assert_int_equal(peer_get_avail_idx(w), 1);
    complete(w, 0, 1);
    assert_ptr_equal(take_ok(w).cookie, cookie(1));
    world_free(w);
}

static void x3_kick_publishes_then_fences_then_asks(void **state)
{
    int event_idx;
    (void)state;
    for (event_idx = 0; event_idx < 2; event_idx++) {
        struct world *w = driver_world(8, event_idx != 0 ? VQG_F_EVENT_IDX : 0u, false);
        size_t i;
        add_ok(w, 1, 1, 1);
        test_port.fences = 0;
        (void)vqg_driver_kick(&w->driver);
        i = test_port.count - 2u;
        assert_true(test_port.log[i].store && test_port.log[i].ordered);
        assert_true(is_at(w, test_port.log[i].at, WORLD_AVAIL + 2u));
        assert_int_equal(test_port.fences, 1);
        assert_int_equal(test_port.fence_at, i + 1u);
        assert_false(test_port.log[i + 1u].store);
        assert_true(is_at(w, test_port.log[i + 1u].at, event_idx != 0 ? avail_event_at(w) : WORLD_USED));
        world_free(w);
    }
}

static void callbacks_are_asked_for_and_declined_in_the_right_word(void **state)
{
    int kind;
    (void)state;
    for (kind = 0; kind < 4; kind++) {
        bool event_idx = kind / 2 != 0;
        struct world *w = driver_world(8, event_idx ? VQG_F_EVENT_IDX : 0u, kind % 2 != 0);
        advance(w, 5);
        peer_put(w, used_event_at(w), 2, 0x7777);
        vqg_driver_callback_disable(&w->driver);
        assert_int_equal(peer_get(w, WORLD_AVAIL, 2), event_idx ? 0 : 1);
        assert_int_equal(peer_get(w, used_event_at(w), 2), event_idx ? 4 : 0x7777); /* 65536 returns away */
        assert_idle(w);
        assert_int_equal(peer_get(w, used_event_at(w), 2), event_idx ? 4 : 0x7777);
        assert_false(vqg_driver_callback_enable(&w->driver));
        assert_int_equal(peer_get(w, WORLD_AVAIL, 2), 0);
        assert_int_equal(peer_get(w, used_event_at(w), 2), event_idx ? 5 : 0x7777); /* the next one */
        round_trip(w);
        assert_idle(w);
        assert_int_equal(peer_get(w, used_event_at(w), 2), event_idx ? 6 : 0x7777);
        world_free(w);
    }
}

/* A device that completes while the driver arms: the `turns`th look at used.idx finds one more. */
struct racer {
    struct world *world;
    unsigned turns;
    unsigned looks;
};

static uint64_t race(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    struct racer *r = context;
    if (!is_at(r->world, at, WORLD_USED + 2u)) {
        return value;
    }
    r->looks++;
    if (r->looks == r->turns) {
        complete(r->world, 0, 1);
    }
    return as_loaded(r->world, bytes, peer_get_used_idx(r->world));
}

static void e3_enable_looks_again_after_arming_and_a_fence(void **state)
{
    int event_idx;
    (void)state;
    for (event_idx = 0; event_idx < 2; event_idx++) {
        struct world *w = driver_world(8, event_idx != 0 ? VQG_F_EVENT_IDX : 0u, false);
        struct racer r = {w, 1, 0};
        vqg_driver_callback_disable(&w->driver);
        lend(w, 0, 1, 1);
        assert_idle(w);
        test_port_reset();
        test_port.adversary = race;
        test_port.context = &r;
        assert_true(vqg_driver_callback_enable(&w->driver));
        assert_int_equal(test_port.count, 2);
        assert_true(test_port.log[0].store);
        assert_true(is_at(w, test_port.log[0].at, event_idx != 0 ? used_event_at(w) : WORLD_AVAIL));
        assert_int_equal(test_port.fence_at, 1);
        assert_true(!test_port.log[1].store && test_port.log[1].ordered);
        assert_ptr_equal(take_ok(w).cookie, cookie(1));
        test_port.adversary = NULL;
        assert_false(vqg_driver_callback_enable(&w->driver));
        world_free(w);
    }
}

static void e3_take_arms_and_looks_again_before_it_says_empty(void **state)
{
    struct world *w = driver_world(8, VQG_F_EVENT_IDX, false);
    struct racer r = {w, 2, 0};
    (void)state;
    advance(w, 3);
    assert_int_equal(lend(w, 0, 1, 1), 0);
    test_port_reset();
    test_port.adversary = race;
    test_port.context = &r;
    assert_ptr_equal(take_ok(w).cookie, cookie(1));
    assert_int_equal(r.looks, 2);
    assert_true(test_port.log[1].store);
    assert_true(is_at(w, test_port.log[1].at, used_event_at(w)));
    assert_int_equal(test_port.fence_at, 2);
    assert_true(is_at(w, test_port.log[2].at, WORLD_USED + 2u));
    assert_true(test_port.log[2].ordered);
    test_port.adversary = NULL;
    assert_idle(w);
    assert_int_equal(peer_get(w, used_event_at(w), 2), peer_get_used_idx(w)); /* the next one interrupts */
    world_free(w);
}

static void e3_a_lie_found_by_the_second_look_latches(void **state)
{
    struct world *w = driver_world(8, VQG_F_EVENT_IDX, false);
    struct racer r = {w, 2, 0};
    struct vqg_done done;
    (void)state;
    test_port.adversary = race; /* nothing is outstanding */
    test_port.context = &r;
    assert_violation(vqg_driver_violation(&w->driver), vqg_driver_take(&w->driver, &done), VQG_RULE_USED_JUMP, 0, 1, 0);
    assert_quiet(w);
    world_free(w);
}

static void a_caller_who_declined_callbacks_is_not_armed_behind_its_back(void **state)
{
    struct world *w = driver_world(8, VQG_F_EVENT_IDX, false);
    (void)state;
    vqg_driver_callback_disable(&w->driver);
    test_port_reset();
    assert_idle(w);
    assert_int_equal(test_port.count, 1);
    assert_int_equal(test_port.fences, 0);
    revive(w, 0);
    assert_int_equal(peer_get(w, used_event_at(w), 2), 0xffff); /* and a restart keeps it so */
    world_free(w);
}

static void n1_notification_is_the_index_and_with_the_feature_the_next_position(void **state)
{
    struct world *w = world_new(8, 0);
    uint16_t i;
    (void)state;
    w->queue.index = 0x12345;
    w->queue.count = 0x20000;
    world_start_driver(w);
    assert_int_equal(vqg_driver_notification(&w->driver), 0x12345);
    world_free(w);
    w = world_new(8, VQG_F_NOTIFICATION_DATA);
    w->queue.index = 5;
    w->queue.count = 6;
    world_start_driver(w);
    assert_int_equal(vqg_driver_notification(&w->driver), 5);
    for (i = 0; i < 3u; i++) {
        (void)lend(w, 1, 1, 1);
    }
    assert_int_equal(vqg_driver_notification(&w->driver), 5u | (3u << 16));
    world_free(w);
}

static void e3_what_was_accepted_stays_when_the_index_goes_back(void **state)
{
    struct world *w = driver_world(8, 0, false);
    struct vqg_done done;
    (void)state;
    complete(w, lend(w, 1, 1, 1), 1);
    complete(w, lend(w, 1, 1, 2), 1);
    assert_int_equal(vqg_driver_take(&w->driver, &done), VQG_OK);
    peer_used_idx(w, 1); /* back to where the driver is */
    assert_true(vqg_driver_callback_enable(&w->driver));
    assert_int_equal(vqg_driver_take(&w->driver, &done), VQG_OK);
    assert_false(vqg_driver_needs_reset(&w->driver));
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(n1_notification_is_the_index_and_with_the_feature_the_next_position),
    cmocka_unit_test(e3_what_was_accepted_stays_when_the_index_goes_back),
    cmocka_unit_test(a_kick_with_nothing_added_does_nothing),
    cmocka_unit_test(without_event_words_the_flag_bit_alone_decides),
    cmocka_unit_test(e2_event_inside_the_published_positions_kicks_also_when_they_wrap),
    cmocka_unit_test(e5_a_whole_queue_between_two_kicks_still_finds_its_event),
    cmocka_unit_test(e4_with_event_words_the_flags_are_not_looked_at),
    cmocka_unit_test(e1_event_words_and_flags_decide_about_notifications_and_nothing_else),
    cmocka_unit_test(e3_a_suppressed_notification_delays_nothing_in_the_ring),
    cmocka_unit_test(x3_kick_publishes_then_fences_then_asks),
    cmocka_unit_test(callbacks_are_asked_for_and_declined_in_the_right_word),
    cmocka_unit_test(e3_enable_looks_again_after_arming_and_a_fence),
    cmocka_unit_test(e3_take_arms_and_looks_again_before_it_says_empty),
    cmocka_unit_test(e3_a_lie_found_by_the_second_look_latches),
    cmocka_unit_test(a_caller_who_declined_callbacks_is_not_armed_behind_its_back),
};

TEST_MAIN(tests)
