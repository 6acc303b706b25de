/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_push.c
 * @brief What a device gives back, and when driver and device tell each other (C11, C12, R4, F3, E1 to E4).
 */
#include "device_util.h"

static void c11_length_beyond_the_writable_bytes_is_refused(void **state)
{
    /* Writable bytes of the chain, over one or two elements. */
    static const uint32_t writable[] = {0, 1, 16, 4096};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(writable); i++) {
        struct world *w = device_new(8, 0);
        uint32_t half = writable[i] / 2u;
        struct world_copy *before;
        element(w, 0, WORLD_DATA, 64, writable[i] != 0u ? D_NEXT : 0u, 1);
        element(w, 1, WORLD_DATA + 64u, writable[i] - half, D_WRITE | (half != 0u ? D_NEXT : 0u), 2);
        element(w, 2, WORLD_DATA + 0x4000u, half, D_WRITE, 0);
        peer_make_available(w, 0, 0);
        assert_pops(w, &w->chain);
        before = world_copy(w);
        assert_status(vqg_device_push(&w->device, &w->chain, writable[i] + 1u), VQG_BAD_LENGTH);
        assert_status(vqg_device_push(&w->device, &w->chain, UINT32_MAX), VQG_BAD_LENGTH);
        world_assert_unchanged(w, before);
        assert_ptr_equal(w->chain.owner_, &w->device);
        assert_int_equal(vqg_device_violation(&w->device)->rule, VQG_RULE_NONE);
        assert_status(vqg_device_push(&w->device, &w->chain, writable[i]), VQG_OK);
        assert_true(vqg_device_notify(&w->device));
        assert_int_equal(peer_get_used_len(w, 0), writable[i]);
        world_free(w);
    }
}

static void c11_what_the_caller_adds_to_a_chain_does_not_raise_its_limit(void **state)
{
    struct world *w = device_new(8, 0);
    (void)state;
    plain(w, 0);
    peer_make_available(w, 0, 0);
    assert_pops(w, &w->chain);
    w->chain.writable = 4096;
    assert_status(vqg_device_push(&w->device, &w->chain, 17), VQG_BAD_LENGTH);
    assert_status(vqg_device_push(&w->device, &w->chain, 16), VQG_OK);
    world_free(w);
}

static void c12_chain_that_is_not_popped_is_refused(void **state)
{
    struct world *w = device_new(8, 0);
    struct world_copy *before = world_copy(w);
    struct pool p;
    (void)state;
    pool_init(&p);
    assert_status(vqg_device_push(&w->device, &p.chain[0], 0), VQG_BAD_CHAIN);
    world_assert_unchanged(w, before);
    plain(w, 0);
    plain(w, 1);
    peer_make_available(w, 0, 0);
    peer_make_available(w, 1, 1);
    assert_pops(w, &p.chain[0]);
    assert_pops(w, &p.chain[1]);
    assert_status(vqg_device_push(&w->device, &p.chain[0], 16), VQG_OK);
    before = world_copy(w);
    assert_status(vqg_device_push(&w->device, &p.chain[0], 16), VQG_BAD_CHAIN);
    world_assert_unchanged(w, before);
    assert_status(vqg_device_push(&w->device, &p.chain[1], 16), VQG_OK);
    assert_true(vqg_device_notify(&w->device));
    assert_int_equal(peer_get_used_idx(w), 2);
    world_free(w);
}

static void c12_chain_of_another_device_is_refused(void **state)
{
    struct world *w = device_new(8, 0);
    struct world *other = device_new(8, 0);
    struct world_copy *before;
    (void)state;
    plain(other, 0);
    peer_make_available(other, 0, 0);
    assert_pops(other, &other->chain);
    before = world_copy(w);
    assert_status(vqg_device_push(&w->device, &other->chain, 0), VQG_BAD_CHAIN);
    world_assert_unchanged(w, before);
    assert_status(vqg_device_push(NULL, &other->chain, 0), VQG_BAD_ENDPOINT);
    assert_status(vqg_device_push(&other->device, NULL, 0), VQG_BAD_ENDPOINT);
    assert_status(vqg_device_push(&other->device, &other->chain, 0), VQG_OK);
    world_free(other);
    world_free(w);
}

static void c12_chain_whose_pop_was_refused_is_refused(void **state)
{
    struct world *w = device_new(8, 0);
    (void)state;
    element(w, 0, WORLD_HOLE, 16, 0, 0);
    peer_make_available(w, 0, 0);
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_V_CAPABILITY);
    assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_BAD_CHAIN);
    world_free(w);
}

static void r4_chain_of_an_earlier_generation_is_discarded(void **state)
{
    struct world *w = device_new(8, 0);
    struct vqg_slot before[8];
    struct pool p;
    unsigned n;
    (void)state;
    pool_init(&p);
    for (n = 0; n < 3u; n++) {
        plain(w, 5);
        peer_make_available(w, 0, 5);
        assert_pops(w, &p.chain[n]);
        assert_int_equal(p.chain[n].generation, n);
        restart(w);
    }
    /* Head 5 of the fourth generation is in flight while the other three come back. */
    peer_make_available(w, 0, 5);
    assert_pops(w, &w->chain);
    memcpy(before, w->slots, sizeof before);
    test_port_reset();
    while (n-- > 0u) {
        assert_status(vqg_device_push(&w->device, &p.chain[n], 0), VQG_STALE);
        assert_null(p.chain[n].owner_);
        assert_status(vqg_device_push(&w->device, &p.chain[n], 0), VQG_BAD_CHAIN);
    }
    assert_false(vqg_device_notify(&w->device));
    assert_int_equal(test_port.count, 0);
    assert_int_equal(w->caps[0].pins, 3 + 1);
    assert_memory_equal(before, w->slots, sizeof before);
    world_check_canaries(w);
    assert_status(vqg_device_push(&w->device, &w->chain, 16), VQG_OK);
    assert_true(vqg_device_notify(&w->device));
    assert_int_equal(peer_get_used_idx(w), 1);
    world_free(w);
}

static void f3_batch_is_published_with_one_release_of_the_index(void **state)
{
    struct world *w = device_new(8, 0);
    struct pool p;
    uint16_t n;
    (void)state;
    pool_init(&p);
    device_at(w, 65533);
    for (n = 0; n < 6u; n++) {
        plain(w, n);
        peer_make_available(w, (uint16_t)(65533u + n), n);
        assert_pops(w, &p.chain[n]);
    }
    test_port_reset();
    for (n = 0; n < 6u; n++) {
        assert_status(vqg_device_push(&w->device, &p.chain[5u - n], n), VQG_OK);
        assert_int_equal(peer_get_used_idx(w), 65533);
    }
    assert_int_equal(test_port.count, 12);
    test_port_reset();
    assert_true(vqg_device_notify(&w->device));
    assert_int_equal(test_port.stores, 1);
    assert_true(test_port.log[0].store && test_port.log[0].ordered);
    assert_ptr_equal(test_port.log[0].at, world_at(w, WORLD_USED + 2u));
    assert_int_equal(peer_get_used_idx(w), 3);
    for (n = 0; n < 6u; n++) {
        assert_int_equal(peer_get_used_id(w, (uint16_t)(65533u + n)), 5u - n);
        assert_int_equal(peer_get_used_len(w, (uint16_t)(65533u + n)), n);
    }
    /* Nothing new: nothing published. */
    test_port_reset();
    assert_false(vqg_device_notify(&w->device));
    assert_int_equal(test_port.count, 0);
    world_free(w);
}

/* Returns `n` chains from position `was` on, and tells whether the driver is to be interrupted. */
static bool returns(struct world *w, uint16_t was, uint16_t n)
{
    uint16_t i;
    device_at(w, was);
    for (i = 0; i < n; i++) {
        plain(w, i % 8u);
        peer_make_available(w, (uint16_t)(was + i), i % 8u);
        assert_pops(w, &w->chain);
        assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
    }
    return vqg_device_notify(&w->device);
}

static void e2_event_word_inside_the_batch_interrupts_also_across_the_wrap(void **state)
{
    /* Positions [was, was + n) are returned; `event` is due if it is one of them. */
    static const struct {
        uint16_t was, n, event;
        bool due;
    } t[] = {{0, 1, 0, true},          {0, 1, 1, false},         {0, 1, 65535, false},     {0, 8, 7, true},
             {0, 8, 8, false},         {65535, 1, 65535, true},  {65535, 1, 0, false},     {65535, 1, 65534, false},
             {65532, 8, 65532, true},  {65532, 8, 65535, true},  {65532, 8, 0, true},      {65532, 8, 3, true},
             {65532, 8, 4, false},     {65532, 8, 65531, false}, {65532, 8, 32768, false}, {32764, 8, 32767, true},
             {32764, 8, 32768, true},  {32764, 8, 32772, false}, {32764, 8, 32763, false}, {100, 2, 33000, false}};
    size_t i;
    (void)state;
    for (i = 0; i < 2u * COUNT_OF(t); i++) {
        struct world *w = world_new(8, VQG_F_EVENT_IDX);
        size_t k = i / 2u;
        if (i % 2u != 0u) {
            make_big(w);
        }
        world_start_device(w);
        peer_used_event(w, t[k].event);
        assert_int_equal(returns(w, t[k].was, t[k].n), t[k].due);
        assert_int_equal(peer_get_used_idx(w), (uint16_t)(t[k].was + t[k].n));
        world_free(w);
    }
}

static void e4_with_event_words_the_flag_is_not_consulted_and_without_them_only_it(void **state)
{
    static const struct {
        uint64_t features;
        uint16_t flags, event;
        bool due;
    } t[] = {{0, 0, 0, true},
             {0, 0, 9, true},
             {0, RING_QUIET, 0, false},
             {0, 0xffff, 0, false},
             {0, 0xfffe, 0, true},
             {VQG_F_EVENT_IDX, RING_QUIET, 0, true},
             {VQG_F_EVENT_IDX, 0xffff, 0, true},
             {VQG_F_EVENT_IDX, 0, 9, false},
             {VQG_F_EVENT_IDX, 0xfffe, 9, false}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = device_new(8, t[i].features);
        peer_avail_flags(w, t[i].flags);
        peer_used_event(w, t[i].event);
        assert_int_equal(returns(w, 0, 1), t[i].due);
        /* One word was asked for, and the other not fetched. */
        assert_ptr_equal(test_port.log[test_port.count - 1u].at,
                         world_at(w, WORLD_AVAIL + (t[i].features != 0u ? 4u + 2u * 8u : 0u)));
        world_free(w);
    }
}

static void e1_whatever_stands_in_the_hints_changes_the_answer_alone(void **state)
{
    unsigned events;
    (void)state;
    for (events = 0; events < 2u; events++) {
        struct world *w = device_new(8, events != 0u ? VQG_F_EVENT_IDX : 0);
        uint16_t n;
        for (n = 0; n < 2048u; n++) {
            uint16_t word = (uint16_t)(n * 40503u);
            peer_avail_flags(w, word);
            peer_used_event(w, word);
            plain(w, n % 8u);
            peer_make_available(w, n, n % 8u);
            assert_pops(w, &w->chain);
            assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
            (void)vqg_device_notify(&w->device);
            assert_int_equal(peer_get_used_idx(w), n + 1u);
            assert_int_equal(peer_get_used_id(w, n), n % 8u);
            assert_false(vqg_device_needs_reset(&w->device));
        }
        world_free(w);
    }
}

static void c12_chain_of_before_a_second_init_is_refused(void **state)
{
    struct world *w = device_new(8, 0);
    (void)state;
    plain(w, 4);
    peer_make_available(w, 0, 4);
    assert_pops(w, &w->chain);
    peer_avail_idx(w, 0);
    world_start_device(w);
    assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_BAD_CHAIN);
    assert_false(vqg_device_notify(&w->device));
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(c12_chain_of_before_a_second_init_is_refused),
    cmocka_unit_test(c11_length_beyond_the_writable_bytes_is_refused),
    cmocka_unit_test(c11_what_the_caller_adds_to_a_chain_does_not_raise_its_limit),
    cmocka_unit_test(c12_chain_that_is_not_popped_is_refused),
    cmocka_unit_test(c12_chain_of_another_device_is_refused),
    cmocka_unit_test(c12_chain_whose_pop_was_refused_is_refused),
    cmocka_unit_test(r4_chain_of_an_earlier_generation_is_discarded),
    cmocka_unit_test(f3_batch_is_published_with_one_release_of_the_index),
    cmocka_unit_test(e2_event_word_inside_the_batch_interrupts_also_across_the_wrap),
    cmocka_unit_test(e4_with_event_words_the_flag_is_not_consulted_and_without_them_only_it),
    cmocka_unit_test(e1_whatever_stands_in_the_hints_changes_the_answer_alone),
};

TEST_MAIN(tests)
