/* SPDX-License-Identifier: MIT */
/**
 * @file test_monitor_device.c
 * @brief The device breaks a rule, or is reset: who gets what back, and when.
 */
#include "monitor_util.h"

/* Three requests with the device, two of client 0, one of client 1; two more that it has not seen, one of them held. */
static struct site *under_way(uint64_t features)
{
    struct site *s = site_new(2);
    s->size = 8;
    s->features = features;
    s->policy.accept_claimed = true;
    s->side[0].njobs = 4;
    site_start(s);
    site_post(s, 0, 1, 1, 1);
    site_post(s, 1, 1, 2, 2);
    site_post(s, 0, 1, 1, 3);
    site_post(s, 1, 1, 1, 4);
    site_post(s, 0, 1, 1, 5);
    site_pump(s, 8, 3, 0);
    assert_non_null(s->client[1].held_);
    return s;
}

/* Nothing came back to a client, and nobody is told of anything. */
static void assert_silence(struct site *s)
{
    uint32_t i;
    for (i = 0; i < 2u; i++) {
        assert_false(vqg_client_interrupt(&s->client[i]));
        site_takes_none(s, i);
    }
}

/* After the acknowledgement, each of the requests that the device had is back once; then all goes on. */
static void assert_recovers(struct site *s, bool first)
{
    assert_st(vqg_monitor_reset_acked(&s->monitor), VQG_OK);
    assert_int_equal(vqg_client_interrupt(&s->client[0]), true);
    assert_int_equal(vqg_client_interrupt(&s->client[1]), true);
    if (first) {
        site_takes(s, 0, 1, 0);
    }
    site_takes(s, 0, 3, 0);
    site_takes_none(s, 0);
    site_takes(s, 1, 2, 0);
    site_takes_none(s, 1);
    assert_non_null(s->client[1].held_);
    assert_int_equal(site_busy(s, 0), 0);
    assert_int_equal(site_busy(s, 1), 1);
    assert_st(vqg_monitor_reset_acked(&s->monitor), VQG_BAD_STATE);
    assert_st(vqg_monitor_reset(&s->monitor), VQG_BAD_STATE);
    assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_DEAD);
    assert_st(vqg_monitor_restart(&s->monitor), VQG_OK);
    assert_int_equal(vqg_driver_violation(&s->monitor.driver)->rule, VQG_RULE_NONE);
    site_device(s);
    site_pump(s, 8, 2, 0);
    assert_true(s->moved.kick);
    site_serves(s, 0);
    assert_is_post(s, 0, 1, 1, 1, 4);
    site_serves(s, 1);
    assert_is_post(s, 1, 0, 1, 1, 5);
    site_serves_none(s);
    site_returns(s, 0, 4);
    site_returns(s, 1, 5);
    site_pump(s, 8, 0, 2);
    site_takes(s, 1, 4, 4);
    site_takes(s, 0, 5, 5);
    site_idle(s, 0, true);
    site_idle(s, 1, true);
    site_round(s, 0, 6);
    site_round(s, 1, 7);
}

static void u1_device_that_breaks_a_rule_is_told_of_once_and_its_requests_fail_after_its_reset(void **state)
{
    struct site *s = under_way(0);
    uint32_t i;
    (void)state;
    /* It returns two more than it was lent. */
    s->memory[s->used + 2u] = 5;
    assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_V_USED_JUMP);
    assert_violation(vqg_driver_violation(&s->monitor.driver), VQG_V_USED_JUMP, VQG_RULE_USED_JUMP, 0, 5, 3);
    assert_int_equal(s->moved.up, 0);
    assert_int_equal(s->moved.down, 0);
    assert_false(s->moved.kick);
    assert_false(s->moved.more);
    assert_true(vqg_driver_needs_reset(&s->monitor.driver));
    for (i = 0; i < 3u; i++) {
        assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_DEAD);
        assert_int_equal(s->moved.up + s->moved.down + s->moved.refused, 0);
        assert_silence(s);
    }
    assert_st(vqg_monitor_reset_acked(&s->monitor), VQG_BAD_STATE);
    assert_st(vqg_monitor_restart(&s->monitor), VQG_BAD_STATE);
    assert_st(vqg_monitor_reset(&s->monitor), VQG_OK);
    assert_st(vqg_monitor_reset(&s->monitor), VQG_OK);
    assert_st(vqg_monitor_restart(&s->monitor), VQG_BAD_STATE);
    assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_DEAD);
    assert_silence(s);
    /* Until it says that it stopped, it may write: all of it stays pinned. */
    assert_st(vqg_client_withdraw(&s->client[0], side_addr(s, 0, 256), 1, false), VQG_BUSY);
    assert_int_equal(site_busy(s, 0), 2);
    assert_int_equal(site_busy(s, 1), 2);
    assert_recovers(s, true);
    site_free(s);
}

static void what_came_before_the_violation_counts(void **state)
{
    struct site *s = under_way(0);
    (void)state;
    site_serves(s, 0);
    site_returns(s, 0, 7);
    /* And then an element that names the same chain again. */
    memcpy(s->memory + s->used + 4u + 8u, s->memory + s->used + 4u, 8);
    s->memory[s->used + 2u] = 2;
    assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_V_USED_ID_OUTSTANDING);
    assert_int_equal(s->moved.up, 1);
    assert_int_equal(s->moved.down, 0);
    assert_true(vqg_client_interrupt(&s->client[0]));
    site_takes(s, 0, 1, 7);
    site_takes_none(s, 0);
    assert_st(vqg_monitor_reset(&s->monitor), VQG_OK);
    assert_recovers(s, false);
    site_free(s);
}

static void device_that_is_reset_for_another_reason(void **state)
{
    static const uint64_t shapes[] = {0, VQG_F_RING_PACKED, VQG_F_IN_ORDER, VQG_F_RING_PACKED | VQG_F_IN_ORDER};
    unsigned i;
    (void)state;
    for (i = 0; i < 4u; i++) {
        struct site *s = under_way(shapes[i]);
        assert_st(vqg_monitor_reset(&s->monitor), VQG_OK);
        assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_DEAD);
        assert_silence(s);
        assert_recovers(s, true);
        site_free(s);
    }
}

/* With IN_ORDER one element returns several; a reset in between gives back the rest. */
static void batch_that_a_reset_cuts_short(void **state)
{
    struct site *s = under_way(VQG_F_IN_ORDER);
    (void)state;
    site_serves(s, 0);
    site_serves(s, 1);
    site_serves(s, 2);
    assert_st(vqg_device_push(&s->device, &s->chain[0], PART_BYTES), VQG_OK);
    assert_st(vqg_device_push(&s->device, &s->chain[1], 2u * PART_BYTES), VQG_OK);
    assert_st(vqg_device_push(&s->device, &s->chain[2], PART_BYTES), VQG_OK);
    (void)vqg_device_notify(&s->device);
    assert_st(vqg_monitor_pump(&s->monitor, 1, &s->moved), VQG_OK);
    assert_int_equal(s->moved.up, 1);
    assert_int_equal(s->moved.down, 1);
    assert_null(s->client[1].held_);
    site_takes(s, 0, 1, PART_BYTES);
    site_takes_none(s, 0);
    site_takes_none(s, 1);
    assert_st(vqg_monitor_reset(&s->monitor), VQG_OK);
    assert_st(vqg_monitor_reset_acked(&s->monitor), VQG_OK);
    site_takes(s, 0, 3, 0);
    site_takes_none(s, 0);
    site_takes(s, 1, 2, 0);
    site_takes(s, 1, 4, 0);
    site_takes_none(s, 1);
    assert_st(vqg_monitor_restart(&s->monitor), VQG_OK);
    site_device(s);
    site_pump(s, 8, 1, 0);
    site_serves(s, 0);
    assert_is_post(s, 0, 0, 1, 1, 5);
    site_free(s);
}

static void clients_that_come_and_go_while_the_device_is_away(void **state)
{
    struct site *s = under_way(0);
    (void)state;
    assert_st(vqg_monitor_reset(&s->monitor), VQG_OK);
    vqg_client_reset(&s->client[1]);
    assert_null(s->client[1].held_);
    site_revive(s, 1);
    site_post(s, 1, 1, 1, 8);
    assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_DEAD);
    assert_int_equal(site_busy(s, 1), 1);
    assert_st(vqg_monitor_reset_acked(&s->monitor), VQG_OK);
    assert_true(vqg_client_is_drained(&s->client[1]));
    site_takes_none(s, 1);
    assert_st(vqg_monitor_restart(&s->monitor), VQG_OK);
    site_device(s);
    site_pump(s, 8, 2, 0);
    site_serves(s, 0);
    assert_is_post(s, 0, 1, 1, 1, 8);
    site_free(s);
}

/* A policy towards the device that a client's chain cannot meet. */
static void chain_that_the_device_is_not_asked_for_fails_alone(void **state)
{
    struct site *s = site_new(2);
    (void)state;
    s->policy.min_length = 1;
    site_start(s);
    site_post(s, 0, 1, 0, 1);
    site_post(s, 0, 1, 1, 2);
    site_post(s, 1, 2, 0, 3);
    site_pump(s, 8, 1, 0);
    assert_int_equal(s->moved.refused, 2);
    assert_false(s->moved.more);
    site_takes(s, 0, 1, 0);
    site_takes(s, 1, 3, 0);
    assert_false(vqg_device_needs_reset(&s->client[0].device));
    site_serves(s, 0);
    assert_is_post(s, 0, 0, 1, 1, 2);
    site_returns(s, 0, 0);
    assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_V_USED_LENGTH_MIN);
    site_free(s);
}

/* Every shape of client before every shape of device, once round both rings and more, out of order where it may be. */
static void shapes_need_not_agree(void **state)
{
    static const uint64_t shapes[] = {0, VQG_F_RING_PACKED, VQG_F_IN_ORDER, VQG_F_RING_PACKED | VQG_F_IN_ORDER};
    static const uint32_t sizes[][2] = {{1, 1}, {1, 8}, {8, 1}, {4, 16}, {32768, 2}, {2, 32768}};
    unsigned which;
    (void)state;
    for (which = 0; which < 4u * 4u * 6u; which++) {
        struct site *s = site_new(1);
        uint32_t n = sizes[which / 16u][0] < 3u ? 1u : 2u;
        uint32_t round;
        s->features = shapes[which % 4u] | VQG_F_INDIRECT_DESC;
        s->policy.accept_claimed = true;
        s->side[0].features = shapes[which / 4u % 4u];
        s->side[0].size = sizes[which / 16u][0];
        s->side[0].segments = n;
        s->side[0].io = true;
        s->size = sizes[which / 16u][1];
        s->policy.max_elements = 2;
        site_start(s);
        for (round = 0; round < 20u; round++) {
            struct vqg_chain *c = &s->chain[0];
            unsigned char answer;
            unsigned char asked = 0;
            *side_at(s, 0, (uint64_t)round % 16u * 256u) = (unsigned char)(3u * round);
            site_post(s, 0, n - 1u, 1, round);
            site_pump(s, 8, 1, 0);
            site_serves(s, 0);
            assert_is_post(s, 0, 0, n - 1u, 1, round);
            assert_true(n == 1u || vqg_chain_read(c, 0, &asked, 1) == VQG_OK);
            answer = (unsigned char)(asked + round);
            assert_st(vqg_chain_write(c, 0, &answer, 1), VQG_OK);
            site_returns(s, 0, 1);
            site_pump(s, 8, 0, 1);
            site_takes(s, 0, round, 1);
            assert_int_equal(*side_at(s, 0, (uint64_t)round % 16u * 256u + (n - 1u) * PART_BYTES),
                             (unsigned char)((n == 1u ? 0u : 3u * round) + round));
            assert_true(vqg_client_interrupt(&s->client[0]));
        }
        site_idle(s, 0, true);
        site_free(s);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(u1_device_that_breaks_a_rule_is_told_of_once_and_its_requests_fail_after_its_reset),
    cmocka_unit_test(what_came_before_the_violation_counts),
    cmocka_unit_test(device_that_is_reset_for_another_reason),
    cmocka_unit_test(batch_that_a_reset_cuts_short),
    cmocka_unit_test(clients_that_come_and_go_while_the_device_is_away),
    cmocka_unit_test(chain_that_the_device_is_not_asked_for_fails_alone),
    cmocka_unit_test(shapes_need_not_agree),
};

TEST_MAIN(tests)
