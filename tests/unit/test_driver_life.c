/* SPDX-License-Identifier: MIT */
/**
 * @file test_driver_life.c
 * @brief From set-up to reset and back: rules F1, F2, F4, F5, R3, R4, R8, and what becomes of every cookie.
 */
#define _POSIX_C_SOURCE 200809L
#include "driver_util.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A live driver with two chains lent, one added, and a device that breaks a rule of choice. */
#define BREACHES 5u
static struct world *breached(unsigned breach)
{
    struct world *w = world_new(8, 0);
    w->policy.min_length = 2;
    world_start_driver(w);
    lend(w, 1, 1, 1);
    lend(w, 1, 1, 2);
    add_ok(w, 1, 1, 3);
    switch (breach) {
    case 0:
        peer_used_idx(w, 3);
        break;
    case 1:
        complete(w, 8, 2);
        break;
    case 2:
        complete(w, 1, 2);
        break;
    case 3:
        complete(w, 0, SEG_BYTES + 1u);
        break;
    default:
        complete(w, 0, 1);
        break;
    }
    return w;
}

static const enum vqg_rule breached_rule[BREACHES] = {VQG_RULE_USED_JUMP, VQG_RULE_USED_ID_RANGE,
                                                      VQG_RULE_USED_ID_OUTSTANDING, VQG_RULE_USED_LENGTH_MAX,
                                                      VQG_RULE_USED_LENGTH_MIN};

static void f1_the_first_violation_is_reported_once(void **state)
{
    unsigned b;
    (void)state;
    for (b = 0; b < BREACHES; b++) {
        struct world *w = breached(b);
        const struct vqg_violation *v = vqg_driver_violation(&w->driver);
        struct vqg_violation first;
        struct vqg_done done;
        unsigned i;
        assert_int_equal(v->rule, VQG_RULE_NONE);
        assert_rule(v, vqg_driver_take(&w->driver, &done), breached_rule[b]);
        first = *v;
        peer_used_idx(w, 0xffff);
        for (i = 0; i < 100u; i++) {
            assert_int_equal(vqg_driver_take(&w->driver, &done), VQG_DEAD);
        }
        assert_memory_equal(v, &first, sizeof first);
        assert_int_equal(v->count, 1);
        world_free(w);
    }
}

static void r8_after_a_violation_shared_memory_is_not_touched_until_restart(void **state)
{
    unsigned b;
    (void)state;
    for (b = 0; b < BREACHES; b++) {
        struct world *w = breached(b);
        struct vqg_done done;
        size_t accesses;
        assert_true(vqg_is_violation(vqg_driver_take(&w->driver, &done)));
        accesses = test_port.count;
        assert_quiet(w);
        assert_int_equal(vqg_driver_reset(&w->driver), VQG_OK);
        assert_quiet(w);
        assert_int_equal(vqg_driver_reset_acked(&w->driver), VQG_OK);
        assert_int_equal(reclaim_all(w), 3);
        assert_quiet(w);
        assert_int_equal(test_port.count, accesses);
        assert_int_equal(vqg_driver_restart(&w->driver), VQG_OK);
        assert_int_equal(peer_get_used_idx(w), 0);
        assert_int_equal(peer_get_avail_idx(w), 0);
        round_trip(w);
        world_free(w);
    }
}

static void f4_a_violation_prints_nothing_and_is_counted(void **state)
{
    unsigned b;
    (void)state;
    for (b = 0; b < BREACHES; b++) {
        struct world *w = breached(b);
        FILE *sink = tmpfile();
        struct vqg_done done;
        enum vqg_status st;
        int out;
        int err;
        assert_non_null(sink);
        out = dup(1);
        err = dup(2);
        (void)dup2(fileno(sink), 1);
        (void)dup2(fileno(sink), 2);
        st = vqg_driver_take(&w->driver, &done);
        (void)fflush(NULL);
        (void)dup2(out, 1);
        (void)dup2(err, 2);
        (void)close(out);
        (void)close(err);
        assert_true(vqg_is_violation(st));
        assert_int_equal(lseek(fileno(sink), 0, SEEK_END), 0);
        assert_int_equal(vqg_driver_violation(&w->driver)->count, 1);
        (void)fclose(sink);
        world_free(w);
    }
}

static void f5_the_caller_can_tell_that_a_reset_is_needed(void **state)
{
    unsigned b;
    (void)state;
    for (b = 0; b < BREACHES; b++) {
        struct world *w = breached(b);
        struct vqg_done done;
        assert_false(vqg_driver_needs_reset(&w->driver));
        assert_true(vqg_is_violation(vqg_driver_take(&w->driver, &done)));
        assert_true(vqg_driver_needs_reset(&w->driver));
        revive(w, 3);
        assert_false(vqg_driver_needs_reset(&w->driver));
        world_free(w);
    }
}

static void assert_reclaim_refused(struct world *w)
{
    struct world_copy *before = world_copy(w);
    struct vqg_done done;
    assert_int_equal(vqg_driver_reclaim(&w->driver, &done), VQG_BAD_STATE);
    assert_int_equal(vqg_driver_restart(&w->driver), VQG_BAD_STATE);
    world_assert_unchanged(w, before);
}

static void r3_cookies_come_back_only_after_the_acknowledgement(void **state)
{
    struct world *never = world_new(8, 0);
    struct world *w = breached(1);
    struct vqg_done done;
    (void)state;
    assert_reclaim_refused(w); /* live */
    assert_reclaim_refused(never); /* not set up */
    world_free(never);
    test_port_reset();
    assert_true(vqg_is_violation(vqg_driver_take(&w->driver, &done)));
    assert_reclaim_refused(w); /* dead */
    assert_int_equal(vqg_driver_reset(&w->driver), VQG_OK);
    assert_reclaim_refused(w); /* reset, not acknowledged */
    assert_int_equal(vqg_driver_reset_acked(&w->driver), VQG_OK);
    assert_int_equal(vqg_driver_restart(&w->driver), VQG_BAD_STATE); /* not all are back */
    assert_int_equal(reclaim_all(w), 3);
    assert_int_equal(vqg_driver_reclaim(&w->driver, &done), VQG_EMPTY);
    assert_int_equal(vqg_driver_restart(&w->driver), VQG_OK);
    world_free(w);
}

static void r4_each_reset_opens_one_generation_and_completions_carry_it(void **state)
{
    struct world *w = driver_world(8, 0, false);
    uint32_t g;
    (void)state;
    for (g = 0; g < 5u; g++) {
        struct vqg_done done;
        complete(w, lend(w, 0, 1, 1), 1);
        assert_int_equal(take_ok(w).generation, g);
        lend(w, 0, 1, 2);
        assert_int_equal(vqg_driver_reset(&w->driver), VQG_OK);
        assert_int_equal(vqg_driver_reset(&w->driver), VQG_OK); /* again, while it is under way */
        assert_int_equal(vqg_driver_reset_acked(&w->driver), VQG_OK);
        assert_int_equal(vqg_driver_reclaim(&w->driver, &done), VQG_OK);
        assert_ptr_equal(done.cookie, cookie(2));
        assert_int_equal(done.generation, g + 1u);
        assert_int_equal(done.count, 1);
        assert_int_equal(vqg_driver_restart(&w->driver), VQG_OK);
    }
    world_free(w);
}

/* Which call each state allows. */
static void a_call_in_the_wrong_state_is_refused(void **state)
{
    static const struct {
        enum vqg_state in;
        enum vqg_status reset, acked, restart;
    } cases[] = {{VQG_STATE_OFF, VQG_BAD_STATE, VQG_BAD_STATE, VQG_BAD_STATE},
                 {VQG_STATE_LIVE, VQG_OK, VQG_BAD_STATE, VQG_BAD_STATE},
                 {VQG_STATE_DEAD, VQG_OK, VQG_BAD_STATE, VQG_BAD_STATE},
                 {VQG_STATE_RESET, VQG_OK, VQG_OK, VQG_BAD_STATE},
                 {VQG_STATE_DRAIN, VQG_BAD_STATE, VQG_BAD_STATE, VQG_OK}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vqg_driver d;
        struct world *w = driver_world(8, 0, false);
        w->driver.ledger.guard.state = (uint8_t)cases[i].in;
        d = w->driver;
        assert_int_equal(vqg_driver_reset(&d), cases[i].reset);
        d = w->driver;
        assert_int_equal(vqg_driver_reset_acked(&d), cases[i].acked);
        d = w->driver;
        assert_int_equal(vqg_driver_restart(&d), cases[i].restart);
        world_free(w);
    }
}

static void null_arguments_are_refused(void **state)
{
    struct world *w = driver_world(8, 0, false);
    struct vqg_done done;
    (void)state;
    assert_int_equal(vqg_driver_reset(NULL), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_driver_reset_acked(NULL), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_driver_restart(NULL), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_driver_reclaim(NULL, &done), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_driver_reclaim(&w->driver, NULL), VQG_BAD_ENDPOINT);
    world_free(w);
}

/* Every descriptor is free once, or in one chain once. */
static void assert_conserved(const struct world *w)
{
    static unsigned char seen[32768];
    const struct vqg_slot *slots = w->slots;
    uint32_t lent = 0;
    uint32_t i;
    uint16_t id = w->driver.free_head;
    memset(seen, 0, sizeof seen);
    for (i = 0; i < w->driver.free_count; i++) {
        assert_int_equal(slots[id].count, 0);
        assert_int_equal(seen[id]++, 0);
        id = slots[id].next;
    }
    for (i = 0; i < w->size; i++) {
        if (vqg_slot_is_head_(&slots[i])) {
            uint16_t left = slots[i].count;
            for (id = (uint16_t)i; left != 0u; left--) {
                assert_int_equal(seen[id]++, 0);
                assert_true(id == i || slots[id].count == 0u);
                assert_true(left != 1u || id == slots[i].tail);
                id = slots[id].next;
                lent++;
            }
        }
    }
    assert_int_equal(lent + w->driver.free_count, w->size);
}

/* The honest device answers in any order it likes, while others are added and not yet kicked; indices wrap. */
static void every_cookie_comes_back_once_in_any_order_while_indices_wrap(void **state)
{
    static const uint32_t sizes[] = {1, 2, 8, 64};
    size_t s;
    (void)state;
    for (s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct world *w = driver_world(sizes[s], s % 2u != 0u ? VQG_F_EVENT_IDX : 0u, false);
        uint32_t writable[64] = {0}; /* by head, 0 when not lent */
        uint32_t tag[64];
        uint16_t heads[64]; /* `kicked` ones, then `added` ones */
        uint32_t kicked = 0;
        uint32_t added = 0;
        uint16_t position = 0;
        uint32_t turn;
        srand(1);
        for (turn = 0; turn < 600000u; turn++) {
            uint32_t in = 1u + (uint32_t)rand() % 3u;
            uint32_t out = (uint32_t)rand() % 2u;
            if (rand() % 2 != 0 && in + out <= vqg_driver_free(&w->driver)) {
                uint16_t head;
                add_ok(w, out, in, turn % COOKIES);
                head = heads[kicked + added++] = peer_get_avail_entry(w, position++);
                assert_int_equal(writable[head], 0);
                writable[head] = in * SEG_BYTES;
                tag[head] = turn % COOKIES;
            } else if (rand() % 2 != 0) {
                (void)vqg_driver_kick(&w->driver);
                kicked += added;
                added = 0;
            } else if (kicked != 0u) {
                uint32_t pick = (uint32_t)rand() % kicked;
                uint16_t head = heads[pick];
                struct vqg_done done;
                heads[pick] = heads[--kicked];
                heads[kicked] = heads[kicked + added];
                complete(w, head, writable[head] - 1u);
                done = take_ok(w);
                assert_int_equal(done.id, head);
                assert_ptr_equal(done.cookie, cookie(tag[head]));
                assert_int_equal(done.len, writable[head] - 1u);
                writable[head] = 0;
            }
            if (turn % 1024u == 0u) {
                assert_conserved(w);
            }
        }
        revive(w, kicked + added);
        assert_conserved(w);
        world_free(w);
    }
}

static void reclaim_returns_the_lent_and_the_merely_added_once_each(void **state)
{
    uint32_t lent;
    uint32_t added;
    (void)state;
    for (lent = 0; lent <= 4u; lent++) {
        for (added = 0; added + lent <= 4u; added++) {
            struct world *w = driver_world(8, 0, false);
            uint32_t i;
            advance(w, 3);
            for (i = 0; i < lent; i++) {
                lend(w, 1, 1, i);
            }
            for (i = 0; i < added; i++) {
                add_ok(w, 1, 1, lent + i);
            }
            if (lent != 0u) { /* one is taken before the reset, one completed too late */
                complete(w, peer_get_avail_entry(w, 3), 1);
                assert_ptr_equal(take_ok(w).cookie, cookie(0));
                complete(w, peer_get_avail_entry(w, 4), 1);
            }
            revive(w, lent + added - (lent != 0u ? 1u : 0u));
            assert_conserved(w);
            world_free(w);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(f1_the_first_violation_is_reported_once),
    cmocka_unit_test(r8_after_a_violation_shared_memory_is_not_touched_until_restart),
    cmocka_unit_test(f4_a_violation_prints_nothing_and_is_counted),
    cmocka_unit_test(f5_the_caller_can_tell_that_a_reset_is_needed),
    cmocka_unit_test(r3_cookies_come_back_only_after_the_acknowledgement),
    cmocka_unit_test(r4_each_reset_opens_one_generation_and_completions_carry_it),
    cmocka_unit_test(a_call_in_the_wrong_state_is_refused),
    cmocka_unit_test(null_arguments_are_refused),
    cmocka_unit_test(every_cookie_comes_back_once_in_any_order_while_indices_wrap),
    cmocka_unit_test(reclaim_returns_the_lent_and_the_merely_added_once_each),
};

TEST_MAIN(tests)
