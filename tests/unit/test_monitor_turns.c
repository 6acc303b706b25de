/* SPDX-License-Identifier: MIT */
/**
 * @file test_monitor_turns.c
 * @brief Who comes when: turns, shares, budgets, and chains that wait for room.
 */
#include "monitor_util.h"

/* The device takes the next chain: of which client is it? */
static uint32_t next_client(struct site *s)
{
    uint32_t i;
    site_serves(s, 0);
    for (i = 0; i + 1u < s->n && s->chain[0].seg[0].addr >= SIDE_BUS(i + 1u); i++) {
    }
    return i;
}

static void assert_order(struct site *s, const char *order)
{
    for (; *order != '\0'; order++) {
        assert_int_equal(next_client(s), *order - '0');
        site_returns(s, 0, 1);
    }
    site_serves_none(s);
}

static void clients_take_turns_whatever_the_budget(void **state)
{
    uint32_t budget;
    (void)state;
    for (budget = 1; budget < 12u; budget++) {
        struct site *s = site_new(3);
        uint32_t left = 11;
        uint32_t i;
        s->size = 32;
        site_start(s);
        for (i = 0; i < 5u; i++) {
            site_post(s, 0, 0, 1, i);
            site_post(s, 1, 0, 1, i);
            if (i == 0u) {
                site_post(s, 2, 0, 1, i);
            }
        }
        while (left != 0u) {
            uint32_t n = budget < left ? budget : left;
            site_pump(s, budget, n, 0);
            left -= n;
            assert_int_equal(s->moved.more, n == budget);
            assert_true(s->moved.kick);
        }
        site_pump(s, budget, 0, 0);
        assert_false(s->moved.more);
        assert_false(s->moved.kick);
        assert_order(s, "01201010101");
        site_free(s);
    }
}

static void share_is_the_jobs(void **state)
{
    struct site *s = site_new(2);
    uint32_t i;
    (void)state;
    s->side[0].njobs = 3;
    site_start(s);
    for (i = 0; i < 6u; i++) {
        site_post(s, 0, 0, 1, i);
        site_post(s, 1, 0, 1, i);
    }
    site_pump(s, 32, 9, 0);
    assert_false(s->moved.more);
    assert_true(s->client[0].full_);
    assert_int_equal(site_busy(s, 1), 6);
    assert_null(s->client[0].free_);
    assert_order(s, "010101111");
    site_pump(s, 32, 3, 9);
    assert_order(s, "000");
    site_pump(s, 32, 0, 3);
    assert_false(s->client[0].full_);
    for (i = 0; i < 6u; i++) {
        site_takes(s, 0, i, 1);
        site_takes(s, 1, i, 1);
    }
    site_idle(s, 0, true);
    site_idle(s, 1, true);
    site_free(s);
}

static void completions_are_taken_up_to_the_budget(void **state)
{
    struct site *s = site_live(1);
    uint32_t i;
    (void)state;
    for (i = 0; i < 5u; i++) {
        site_post(s, 0, 0, 1, i);
    }
    site_pump(s, 5, 5, 0);
    assert_true(s->moved.more);
    for (i = 0; i < 5u; i++) {
        site_serves(s, i);
        site_returns(s, i, 1);
    }
    site_pump(s, 2, 0, 2);
    assert_true(s->moved.more);
    site_pump(s, 2, 0, 2);
    assert_true(s->moved.more);
    site_pump(s, 2, 0, 1);
    assert_false(s->moved.more);
    assert_st(vqg_monitor_pump(&s->monitor, 0, &s->moved), VQG_BAD_COUNT);
    assert_false(s->moved.more);
    site_free(s);
}

/* A client whose every chain is refused, with as many of them as it likes. */
static void budget_bounds_what_dropped_chains_cost(void **state)
{
    static const uint32_t sizes[] = {64, 4096, 32768};
    size_t loads[3][2] = {{0}};
    unsigned k;
    (void)state;
    for (k = 0; k < 3u; k++) {
        struct site *s = site_new(2);
        unsigned char *m;
        uint32_t i;
        s->side[0].size = sizes[k];
        s->side[0].policy.chain = VQG_CHAIN_DROP;
        site_start(s);
        m = s->side[0].memory;
        /* Each chain is one element of reserved flags. */
        for (i = 0; i < sizes[k]; i++) {
            m[16u * i + 12u] = 8;
            m[s->side[0].avail + 4u + 2u * i] = (unsigned char)i;
            m[s->side[0].avail + 5u + 2u * i] = (unsigned char)(i >> 8);
        }
        m[s->side[0].avail + 2u] = (unsigned char)sizes[k];
        m[s->side[0].avail + 3u] = (unsigned char)(sizes[k] >> 8);
        site_post(s, 1, 0, 1, 1);
        site_post(s, 1, 0, 1, 2);
        for (i = 0; i < 2u; i++) {
            test_port.loads = 0;
            site_pump(s, 8, i == 0u ? 2 : 0, 0);
            loads[k][i] = test_port.loads;
            assert_int_equal(s->moved.refused, i == 0u ? 6 : 8);
            assert_true(s->moved.more);
        }
        assert_int_equal(vqg_device_dropped(&s->client[0].device), 14);
        assert_int_equal(m[s->side[0].used + 2u], 14);
        assert_true(vqg_client_interrupt(&s->client[0]));
        assert_false(vqg_device_needs_reset(&s->client[0].device));
        assert_order(s, "11");
        site_free(s);
    }
    assert_int_equal(loads[0][0], loads[2][0]);
    assert_int_equal(loads[1][1], loads[2][1]);
    assert_true(loads[2][0] < 60u && loads[2][1] < 60u);
}

static void client_that_is_refused_in_its_turn_does_not_get_another(void **state)
{
    struct site *s = site_live(3);
    (void)state;
    s->side[1].memory[s->side[1].avail + 2u] = 9;
    site_post(s, 0, 0, 1, 1);
    site_post(s, 0, 0, 1, 2);
    site_post(s, 2, 0, 1, 3);
    site_pump(s, 2, 1, 0);
    assert_int_equal(s->moved.refused, 1);
    assert_violation(vqg_device_violation(&s->client[1].device), VQG_V_AVAIL_JUMP, VQG_RULE_AVAIL_JUMP, 0, 9, 8);
    site_pump(s, 8, 2, 0);
    assert_int_equal(s->moved.refused, 0);
    assert_order(s, "020");
    site_free(s);
}

/* A device's queue of 4: client 0 asks for 3 of it at a time, the others for 1. */
static void chain_that_does_not_fit_keeps_its_turn(void **state)
{
    struct site *s = site_new(3);
    uint32_t i;
    (void)state;
    s->size = 4;
    site_start(s);
    site_post(s, 1, 0, 1, 0);
    site_post(s, 2, 0, 1, 0);
    site_pump(s, 1, 1, 0); /* client 0 has nothing */
    site_pump(s, 1, 1, 0);
    site_post(s, 0, 1, 2, 0);
    site_post(s, 0, 1, 2, 1);
    for (i = 1; i < 5u; i++) {
        site_post(s, 1, 0, 1, i);
        site_post(s, 2, 0, 1, i);
    }
    /* 2 are free: the others would fit, but it is the turn of client 0. */
    for (i = 0; i < 3u; i++) {
        site_pump(s, 8, 0, 0);
        assert_non_null(s->client[0].held_);
        assert_int_equal(s->monitor.turn_, 0);
        assert_false(s->moved.kick);
    }
    assert_int_equal(next_client(s), 1);
    site_returns(s, 0, 1);
    /* Room for the 3; client 1 finds none, and keeps its turn in its turn. */
    site_pump(s, 8, 1, 1);
    assert_null(s->client[0].held_);
    assert_non_null(s->client[1].held_);
    assert_int_equal(s->monitor.turn_, 1);
    assert_int_equal(next_client(s), 2);
    site_returns(s, 0, 1);
    site_pump(s, 8, 1, 1);
    assert_non_null(s->client[2].held_);
    assert_int_equal(s->monitor.turn_, 2);
    /* Whatever finds room, the turns go round. */
    assert_order(s, "01");
    site_pump(s, 8, 2, 2);
    assert_order(s, "20");
    site_pump(s, 8, 4, 2);
    assert_order(s, "1212");
    site_pump(s, 8, 2, 4);
    assert_order(s, "12");
    site_free(s);
}

/* Held over and over by a client that is reset in between, as long as there is no room: then others go on. */
static void held_chain_of_one_reset_after_the_other_ends_its_turn_when_there_is_room(void **state)
{
    struct site *s = site_new(2);
    uint32_t round;
    (void)state;
    s->size = 4;
    site_start(s);
    site_post(s, 1, 0, 3, 0);
    site_pump(s, 8, 1, 0);
    for (round = 0; round < 5u; round++) {
        site_post(s, 0, 1, 2, round);
        site_pump(s, 8, 0, 0);
        assert_non_null(s->client[0].held_);
        vqg_client_reset(&s->client[0]);
        assert_null(s->client[0].held_);
        assert_true(vqg_client_is_drained(&s->client[0]));
        site_revive(s, 0);
    }
    site_post(s, 0, 1, 2, 7);
    site_post(s, 1, 0, 1, 1);
    /* The turn is with whom it was: client 0 found no room, and its turn is not over. */
    site_pump(s, 8, 0, 0);
    assert_int_equal(s->monitor.turn_, 0);
    site_serves(s, 0);
    site_returns(s, 0, 1);
    site_pump(s, 8, 2, 1);
    assert_order(s, "01");
    site_pump(s, 8, 0, 2);
    site_idle(s, 0, true);
    site_idle(s, 1, true);
    site_free(s);
}

/* Reset behind the monitor's back, by the endpoint's own function: what is held is of before, and goes. */
static void chain_that_was_held_before_a_reset_does_not_go_down(void **state)
{
    struct site *s = site_new(1);
    (void)state;
    s->size = 4;
    site_start(s);
    site_post(s, 0, 1, 2, 0);
    site_post(s, 0, 1, 2, 1);
    site_pump(s, 8, 1, 0);
    vqg_device_reset(&s->client[0].device);
    site_revive(s, 0);
    site_serves(s, 0);
    site_returns(s, 0, 1);
    site_post(s, 0, 1, 2, 5);
    site_pump(s, 8, 1, 1);
    site_serves(s, 0);
    assert_is_post(s, 0, 0, 1, 2, 5);
    site_returns(s, 0, 1);
    site_pump(s, 8, 0, 1);
    site_takes(s, 0, 5, 1);
    site_takes_none(s, 0);
    site_idle(s, 0, true);
    site_free(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(clients_take_turns_whatever_the_budget),
    cmocka_unit_test(share_is_the_jobs),
    cmocka_unit_test(completions_are_taken_up_to_the_budget),
    cmocka_unit_test(budget_bounds_what_dropped_chains_cost),
    cmocka_unit_test(client_that_is_refused_in_its_turn_does_not_get_another),
    cmocka_unit_test(chain_that_does_not_fit_keeps_its_turn),
    cmocka_unit_test(held_chain_of_one_reset_after_the_other_ends_its_turn_when_there_is_room),
    cmocka_unit_test(chain_that_was_held_before_a_reset_does_not_go_down),
};

TEST_MAIN(tests)
