/* SPDX-License-Identifier: MIT */
/**
 * @file test_driver_budget.c
 * @brief How long a device can keep a caller busy (rule U9), and what callback_enable finds.
 */
#include "driver_util.h"

/* Each look at used.idx shows one more completion, for ever. */
static uint64_t always_one_more(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    const struct world *w = context;
    if (at != (const void *)world_at(w, WORLD_USED + 2u)) {
        return value;
    }
    return as_loaded(w, bytes, w->driver.ledger.ring.get + 1u);
}

static void u9_a_call_takes_one_and_a_batch_ends(void **state)
{
    struct world *w = driver_world(8, 0, false);
    struct vqg_done done;
    uint32_t i;
    (void)state;
    for (i = 0; i < 8u; i++) {
        peer_used_elem(w, (uint16_t)i, lend(w, 0, 1, i), 1);
    }
    test_port.adversary = always_one_more;
    test_port.context = w;
    for (i = 0; i < 8u; i++) {
        assert_int_equal(vqg_driver_free(&w->driver), i);
        assert_ptr_equal(take_ok(w).cookie, cookie(i));
    }
    assert_int_equal(vqg_driver_take(&w->driver, &done), VQG_V_USED_JUMP);
    assert_quiet(w);
    test_port.adversary = NULL;
    revive(w, 0);
    world_free(w);
}

/* The look of callback_enable finds one completion more than the looks of take: for ever, if nobody remembers it. */
struct flicker {
    struct world *world;
    bool enabling;
};

static uint64_t flicker(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    const struct flicker *f = context;
    if (at != (const void *)world_at(f->world, WORLD_USED + 2u)) {
        return value;
    }
    return as_loaded(f->world, bytes, f->world->driver.ledger.ring.get + (f->enabling ? 1u : 0u));
}

static void u9_an_index_that_comes_and_goes_does_not_hold_the_caller(void **state)
{
    static const struct {
        uint64_t features;
        bool lent; /* or the index is a lie throughout */
    } cases[] = {{0, true}, {0, false}, {VQG_F_EVENT_IDX, true}, {VQG_F_EVENT_IDX, false}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world *w = driver_world(8, cases[i].features, false);
        struct flicker f = {w, false};
        struct vqg_done done;
        unsigned turns = 0;
        unsigned taken = 0;
        bool more;
        if (cases[i].lent) {
            peer_used_elem(w, 0, lend(w, 0, 1, 1), SEG_BYTES);
        }
        test_port.adversary = flicker;
        test_port.context = &f;
        do { /* as a caller waits: take all, ask for an interrupt, and look again when told to */
            f.enabling = false;
            while (vqg_driver_take(&w->driver, &done) == VQG_OK) {
                taken++;
            }
            f.enabling = true;
            more = vqg_driver_callback_enable(&w->driver);
            turns++;
        } while (more && turns < 100u);
        assert_in_range(turns, 1, 4);
        assert_in_range(taken, 0, cases[i].lent ? 1 : 0);
        world_free(w);
    }
}

static void u1_a_jump_that_enable_finds_is_told_once_by_the_next_take(void **state)
{
    const struct vqg_violation *v;
    struct world *w = driver_world(8, 0, false);
    struct vqg_done done;
    (void)state;
    advance(w, 3);
    lend(w, 0, 1, 1);
    peer_used_idx(w, 5); /* one more than is lent */
    assert_true(vqg_driver_callback_enable(&w->driver));
    assert_true(vqg_driver_callback_enable(&w->driver)); /* it is still to be told */
    v = vqg_driver_violation(&w->driver);
    assert_violation(v, vqg_driver_take(&w->driver, &done), VQG_RULE_USED_JUMP, 3, 2, 1);
    assert_int_equal(v->count, 1);
    assert_false(vqg_driver_callback_enable(&w->driver));
    assert_true(vqg_driver_needs_reset(&w->driver));
    assert_quiet(w);
    revive(w, 1);
    world_free(w);
}

static void u10_a_jump_that_enable_finds_is_not_told_once_a_reset_has_begun(void **state)
{
    struct world *w = driver_world(8, 0, false);
    (void)state;
    peer_used_idx(w, 1);
    assert_true(vqg_driver_callback_enable(&w->driver));
    assert_int_equal(vqg_driver_reset(&w->driver), VQG_OK);
    assert_quiet(w);
    assert_int_equal(vqg_driver_reset_acked(&w->driver), VQG_OK);
    assert_int_equal(reclaim_all(w), 0);
    assert_int_equal(vqg_driver_restart(&w->driver), VQG_OK);
    round_trip(w);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(u9_a_call_takes_one_and_a_batch_ends),
    cmocka_unit_test(u9_an_index_that_comes_and_goes_does_not_hold_the_caller),
    cmocka_unit_test(u1_a_jump_that_enable_finds_is_told_once_by_the_next_take),
    cmocka_unit_test(u10_a_jump_that_enable_finds_is_not_told_once_a_reset_has_begun),
};

TEST_MAIN(tests)
