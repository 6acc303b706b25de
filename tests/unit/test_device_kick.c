/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_kick.c
 * @brief How a device asks for kicks, and looks again so that none is lost (S6, E1, E3, R8).
 */
#include "device_util.h"

#define AVAIL_EVENT(w) (WORLD_USED + 4u + 8u * (uint64_t)(w)->size)

static void e3_empty_queue_with_event_words_is_armed_and_looked_at_again(void **state)
{
    static const uint16_t at[] = {0, 1, 32768, 65535};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(at); i++) {
        struct world *w = device_new(8, VQG_F_EVENT_IDX);
        device_at(w, at[i]);
        peer_avail_event(w, 0x7777);
        test_port_reset();
        assert_status(vqg_device_pop(&w->device, &w->chain), VQG_EMPTY);
        assert_int_equal(peer_get(w, AVAIL_EVENT(w), 2), at[i]);
        assert_int_equal(peer_get(w, WORLD_USED, 2), 0);
        assert_int_equal(test_port.count, 3);
        assert_true(test_port.log[1].store);
        assert_ptr_equal(test_port.log[0].at, world_at(w, WORLD_AVAIL + 2u));
        assert_ptr_equal(test_port.log[2].at, world_at(w, WORLD_AVAIL + 2u));
        assert_int_equal(test_port.fences, 1);
        assert_int_equal(test_port.fence_at, 2);
        world_free(w);
    }
}

/* Makes a chain available between the first look at the index and the second. */
static uint64_t just_in_time(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    struct world *w = context;
    (void)bytes;
    if (at == (const volatile void *)world_at(w, WORLD_AVAIL + 2u) && test_port.loads == 1u) {
        peer_make_available(w, (uint16_t)peer_get(w, WORLD_AVAIL + 2u, 2), 2);
    }
    return value;
}

static void e3_chain_that_comes_while_the_queue_is_armed_is_taken(void **state)
{
    unsigned big;
    (void)state;
    for (big = 0; big < 2u; big++) {
        struct world *w = world_new(8, VQG_F_EVENT_IDX);
        if (big != 0u) {
            make_big(w);
        }
        world_start_device(w);
        device_at(w, 65535);
        plain(w, 2);
        test_port_reset();
        test_port.adversary = just_in_time;
        test_port.context = w;
        assert_pops(w, &w->chain);
        assert_int_equal(w->chain.head, 2);
        assert_int_equal(peer_get(w, AVAIL_EVENT(w), 2), 65535);
        world_free(w);
    }
}

/* Leaps nine steps ahead between the first look at the index and the second. */
static uint64_t leap(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    struct world *w = context;
    (void)at;
    (void)bytes;
    if (test_port.loads == 1u) {
        peer_avail_idx(w, 9);
    }
    return value;
}

static void s1_index_is_judged_at_the_second_look_as_well(void **state)
{
    struct world *w = device_new(8, VQG_F_EVENT_IDX);
    enum vqg_status st;
    (void)state;
    test_port.adversary = leap;
    test_port.context = w;
    st = vqg_device_pop(&w->device, &w->chain);
    assert_violation(vqg_device_violation(&w->device), st, VQG_RULE_AVAIL_JUMP, 0, 9, 8);
    assert_int_equal(test_port.loads, 2);
    test_port_reset();
    restart(w);
    assert_serves(w);
    world_free(w);
}

static void kick_disable_and_enable_write_the_word_that_was_agreed_on(void **state)
{
    unsigned events;
    (void)state;
    for (events = 0; events < 2u; events++) {
        struct world *w = device_new(8, events != 0u ? VQG_F_EVENT_IDX : 0);
        device_at(w, 65535);
        peer_avail_event(w, 0x7777);
        test_port_reset();
        vqg_device_kick_disable(&w->device);
        assert_int_equal(test_port.count, 1);
        assert_int_equal(peer_get(w, WORLD_USED, 2), events != 0u ? 0 : RING_QUIET);
        /* The farthest position there is. */
        assert_int_equal(peer_get(w, AVAIL_EVENT(w), 2), events != 0u ? 65534 : 0x7777);
        test_port_reset();
        assert_false(vqg_device_kick_enable(&w->device));
        assert_int_equal(peer_get(w, WORLD_USED, 2), 0);
        assert_int_equal(peer_get(w, AVAIL_EVENT(w), 2), events != 0u ? 65535 : 0x7777);
        assert_int_equal(test_port.count, 2);
        assert_true(test_port.log[0].store);
        assert_ptr_equal(test_port.log[1].at, world_at(w, WORLD_AVAIL + 2u));
        assert_int_equal(test_port.fences, 1);
        assert_int_equal(test_port.fence_at, 1);
        world_free(w);
    }
}

static void e3_kick_enable_tells_of_a_chain_that_waits(void **state)
{
    unsigned events;
    (void)state;
    for (events = 0; events < 2u; events++) {
        struct world *w = device_new(8, events != 0u ? VQG_F_EVENT_IDX : 0);
        plain(w, 4);
        vqg_device_kick_disable(&w->device);
        assert_false(vqg_device_kick_enable(&w->device));
        vqg_device_kick_disable(&w->device);
        peer_make_available(w, 0, 4);
        assert_true(vqg_device_kick_enable(&w->device));
        assert_pops(w, &w->chain);
        assert_false(vqg_device_kick_enable(&w->device));
        world_free(w);
    }
}

static void e1_index_that_only_kick_enable_saw_is_still_judged(void **state)
{
    struct world *w = device_new(8, 0);
    (void)state;
    peer_avail_idx(w, 9);
    assert_true(vqg_device_kick_enable(&w->device));
    assert_true(vqg_device_kick_enable(&w->device)); /* it is still to be told */
    assert_true(vqg_device_needs_reset(&w->device));
    peer_avail_idx(w, 0); /* what was seen counts, and the next pop tells of it, once */
    assert_violation(vqg_device_violation(&w->device), vqg_device_pop(&w->device, &w->chain), VQG_RULE_AVAIL_JUMP, 0, 9,
                     8);
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_DEAD);
    assert_false(vqg_device_kick_enable(&w->device));
    world_free(w);
    w = device_new(8, 0);
    plain(w, 4);
    peer_make_available(w, 0, 4);
    assert_pops(w, &w->chain);
    peer_avail_idx(w, 9);
    assert_true(vqg_device_kick_enable(&w->device));
    assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_DEAD);
    assert_violation(vqg_device_violation(&w->device), vqg_device_pop(&w->device, &w->chain), VQG_RULE_OVERSUBSCRIBED, 1,
                     8, 7);
    world_free(w);
}

static void empty_queue_is_not_armed_while_kicks_are_unwanted(void **state)
{
    struct world *w = device_new(8, VQG_F_EVENT_IDX);
    (void)state;
    device_at(w, 7);
    vqg_device_kick_disable(&w->device);
    test_port_reset();
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_EMPTY);
    assert_int_equal(test_port.count, 1);
    assert_int_equal(peer_get(w, AVAIL_EVENT(w), 2), 6);
    world_free(w);
}

static void r8_dead_or_reset_endpoint_writes_no_event_word(void **state)
{
    unsigned events;
    (void)state;
    for (events = 0; events < 2u; events++) {
        struct world *w = device_new(8, events != 0u ? VQG_F_EVENT_IDX : 0);
        peer_avail_idx(w, 9);
        assert_refused(w, VQG_RULE_AVAIL_JUMP, 0, 9, 8);
        test_port_reset();
        vqg_device_kick_disable(&w->device);
        assert_false(vqg_device_kick_enable(&w->device));
        vqg_device_reset(&w->device);
        vqg_device_kick_disable(&w->device);
        assert_false(vqg_device_kick_enable(&w->device));
        assert_int_equal(test_port.count, 0);
        world_free(w);
    }
}

static void s6_kick_without_a_chain_changes_nothing(void **state)
{
    struct world *w = device_new(8, 0);
    struct world_copy *before = world_copy(w);
    unsigned n;
    (void)state;
    for (n = 0; n < 100u; n++) {
        test_port_reset();
        assert_status(vqg_device_pop(&w->device, &w->chain), VQG_EMPTY);
        assert_false(vqg_device_notify(&w->device));
        assert_int_equal(test_port.loads, 1);
        assert_int_equal(test_port.stores, 0);
    }
    world_assert_unchanged(w, before);
    world_free(w);
}

static void s6_one_call_takes_one_chain(void **state)
{
    struct world *w = device_new(8, 0);
    struct pool p;
    uint16_t n;
    (void)state;
    pool_init(&p);
    for (n = 0; n < 8u; n++) {
        plain(w, n);
        peer_make_available(w, n, (uint16_t)(7u - n));
    }
    for (n = 0; n < 8u; n++) {
        test_port_reset();
        assert_pops(w, &p.chain[n]);
        assert_int_equal(p.chain[n].head, 7u - n);
        /* The index, once for all eight; a head; a descriptor. */
        assert_int_equal(test_port.loads, n == 0u ? 4 : 3);
        assert_int_equal(test_port.stores, 0);
    }
    world_free(w);
}

static void e3_what_was_accepted_stays_when_the_index_goes_back(void **state)
{
    struct world *w = device_new(8, 0);
    struct vqg_chain second;
    (void)state;
    plain(w, 4);
    plain(w, 5);
    peer_make_available(w, 0, 4);
    peer_make_available(w, 1, 5);
    assert_pops(w, &w->chain);
    peer_avail_idx(w, 1); /* back to where the device is */
    assert_true(vqg_device_kick_enable(&w->device));
    vqg_chain_init(&second, w->segs + 100, 8);
    assert_pops(w, &second);
    assert_int_equal(second.head, 5);
    assert_false(vqg_device_needs_reset(&w->device));
    world_free(w);
}

static void e3_kicks_that_are_off_stay_off_over_a_reset(void **state)
{
    unsigned events;
    (void)state;
    for (events = 0; events < 2u; events++) {
        struct world *w = device_new(8, events != 0u ? VQG_F_EVENT_IDX : 0);
        vqg_device_kick_disable(&w->device);
        vqg_device_reset(&w->device);
        peer_used_flags(w, 0);
        peer_avail_event(w, 0);
        assert_status(vqg_device_enable(&w->device, &w->queue), VQG_OK);
        assert_int_equal(peer_get(w, WORLD_USED, 2), events != 0u ? 0 : VQG_USED_F_NO_NOTIFY);
        assert_int_equal(peer_get(w, WORLD_USED + 4u + 64u, 2), events != 0u ? 0xffff : 0);
        world_free(w);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(e3_kicks_that_are_off_stay_off_over_a_reset),
    cmocka_unit_test(e3_what_was_accepted_stays_when_the_index_goes_back),
    cmocka_unit_test(e3_empty_queue_with_event_words_is_armed_and_looked_at_again),
    cmocka_unit_test(e3_chain_that_comes_while_the_queue_is_armed_is_taken),
    cmocka_unit_test(s1_index_is_judged_at_the_second_look_as_well),
    cmocka_unit_test(kick_disable_and_enable_write_the_word_that_was_agreed_on),
    cmocka_unit_test(e3_kick_enable_tells_of_a_chain_that_waits),
    cmocka_unit_test(e1_index_that_only_kick_enable_saw_is_still_judged),
    cmocka_unit_test(empty_queue_is_not_armed_while_kicks_are_unwanted),
    cmocka_unit_test(s6_kick_without_a_chain_changes_nothing),
    cmocka_unit_test(s6_one_call_takes_one_chain),
    cmocka_unit_test(r8_dead_or_reset_endpoint_writes_no_event_word),
};

TEST_MAIN(tests)
