/* SPDX-License-Identifier: MIT */
/**
 * @file test_client_order.c
 * @brief Clients with IN_ORDER before a device without: what is done early waits for its turn, or for the end.
 */
#include "monitor_util.h"

/* One client with IN_ORDER, of either format, and requests 1 to `n` with the device. */
static struct site *order_live(bool packed, uint32_t n)
{
    struct site *s = site_new(2);
    uint32_t i;
    s->side[0].features = VQG_F_IN_ORDER | (packed ? VQG_F_RING_PACKED : 0u);
    site_start(s);
    for (i = 1; i <= n; i++) {
        site_post(s, 0, 0, 1, i);
    }
    site_pump(s, 8, n, 0);
    for (i = 1; i <= n; i++) {
        site_serves(s, i);
        assert_is_post(s, i, 0, 0, 1, i);
    }
    return s;
}

static void returns_wait_for_their_turn(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct site *s = order_live(packed != 0u, 4);
        site_returns(s, 3, 3);
        site_returns(s, 2, 2);
        site_pump(s, 8, 0, 2);
        assert_int_equal(s->client[0].waiting_, 2);
        assert_int_equal(site_busy(s, 0), 4);
        assert_false(vqg_client_interrupt(&s->client[0]));
        site_takes_none(s, 0);
        site_returns(s, 1, 1);
        site_pump(s, 8, 0, 1);
        assert_int_equal(s->client[0].waiting_, 0);
        assert_int_equal(site_busy(s, 0), 1);
        assert_true(vqg_client_interrupt(&s->client[0]));
        site_takes(s, 0, 1, 1);
        site_takes(s, 0, 2, 2);
        site_takes(s, 0, 3, 3);
        site_takes_none(s, 0);
        site_returns(s, 4, 64);
        site_pump(s, 8, 0, 1);
        site_takes(s, 0, 4, 64);
        site_idle(s, 0, true);
        site_free(s);
    }
}

static void turn_that_does_not_come_does_not_keep_what_waits(void **state)
{
    struct site *s = order_live(false, 3);
    (void)state;
    site_returns(s, 2, 2);
    site_returns(s, 3, 3);
    site_pump(s, 8, 0, 2);
    assert_int_equal(s->client[0].waiting_, 2);
    vqg_client_reset(&s->client[0]);
    assert_int_equal(s->client[0].waiting_, 0);
    assert_int_equal(site_busy(s, 0), 1);
    assert_false(vqg_client_is_drained(&s->client[0]));
    site_returns(s, 1, 1);
    site_pump(s, 8, 0, 1);
    site_takes_none(s, 0);
    site_idle(s, 0, false);
    site_free(s);
}

static void latched_client_gets_nothing_and_keeps_nothing(void **state)
{
    struct site *s = order_live(false, 3);
    (void)state;
    site_returns(s, 2, 2);
    site_pump(s, 8, 0, 1);
    assert_int_equal(s->client[0].waiting_, 1);
    /* The client says that it has made more available than it has. */
    s->side[0].memory[s->side[0].avail + 2u] = 100;
    assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_OK);
    assert_int_equal(s->moved.refused, 1);
    assert_true(vqg_device_needs_reset(&s->client[0].device));
    assert_int_equal(s->client[0].waiting_, 1);
    site_returns(s, 3, 3);
    site_pump(s, 8, 0, 1);
    assert_int_equal(s->client[0].waiting_, 0);
    assert_int_equal(site_busy(s, 0), 1);
    site_takes_none(s, 0);
    site_returns(s, 1, 1);
    site_pump(s, 8, 0, 1);
    site_idle(s, 0, true);
    site_takes_none(s, 0);
    vqg_client_reset(&s->client[0]);
    site_idle(s, 0, false);
    site_revive(s, 0);
    site_round(s, 0, 9);
    site_free(s);
}

/* The queue goes on before the device has returned what was in it: that must not give back, out of turn, what waits now. */
static void end_of_an_old_request_leaves_alone_what_waits_now(void **state)
{
    unsigned packed;
    (void)state;
    for (packed = 0; packed < 2u; packed++) {
        struct site *s = order_live(packed != 0u, 1);
        vqg_client_reset(&s->client[0]);
        site_revive(s, 0);
        site_post(s, 0, 0, 1, 2);
        site_post(s, 0, 0, 1, 3);
        site_pump(s, 8, 2, 0);
        site_serves(s, 2);
        site_serves(s, 3);
        site_returns(s, 3, 3);
        site_pump(s, 8, 0, 1);
        assert_int_equal(s->client[0].waiting_, 1);
        site_returns(s, 1, 1);
        site_pump(s, 8, 0, 1);
        assert_true(vqg_client_is_drained(&s->client[0]));
        assert_int_equal(s->client[0].waiting_, 1);
        assert_int_equal(site_busy(s, 0), 2);
        site_takes_none(s, 0);
        site_returns(s, 2, 2);
        site_pump(s, 8, 0, 1);
        site_takes(s, 0, 2, 2);
        site_takes(s, 0, 3, 3);
        site_idle(s, 0, true);
        site_round(s, 0, 4);
        site_free(s);
    }
}

/* Reset behind the monitor's back, by the endpoint's own function: what waits is of before, and has no turn. */
static void what_waited_before_a_reset_has_no_turn_after_it(void **state)
{
    struct site *s = order_live(false, 2);
    (void)state;
    site_returns(s, 2, 2);
    site_pump(s, 8, 0, 1);
    vqg_device_reset(&s->client[0].device);
    site_revive(s, 0);
    assert_int_equal(s->client[0].waiting_, 1);
    site_post(s, 0, 0, 1, 3);
    site_pump(s, 8, 1, 0);
    site_serves(s, 3);
    site_returns(s, 3, 3);
    site_pump(s, 8, 0, 1);
    site_takes(s, 0, 3, 3);
    assert_int_equal(s->client[0].waiting_, 1);
    site_returns(s, 1, 1);
    site_pump(s, 8, 0, 1);
    site_takes_none(s, 0);
    site_idle(s, 0, true);
    site_free(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(returns_wait_for_their_turn),
    cmocka_unit_test(turn_that_does_not_come_does_not_keep_what_waits),
    cmocka_unit_test(latched_client_gets_nothing_and_keeps_nothing),
    cmocka_unit_test(end_of_an_old_request_leaves_alone_what_waits_now),
    cmocka_unit_test(what_waited_before_a_reset_has_no_turn_after_it),
};

TEST_MAIN(tests)
