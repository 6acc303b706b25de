/* SPDX-License-Identifier: MIT */
/**
 * @file test_monitor_wake.c
 * @brief Sleep and wake: nothing that comes is slept over, and nothing that cannot be done now keeps the caller awake.
 */
#include "monitor_util.h"

/* Both sides of an event, at every place of the monitor's accesses to shared memory. */
struct moment {
    struct site *s;
    uint32_t at;   /* with the load of this number, from 0; beyond: after the call */
    bool after;    /* when it is done, or just before */
    bool device;   /* the device returns a chain, or client 1 lends one */
    uint32_t loads;
    bool acted;
    bool told;     /* the other side asked for it: an interrupt, or a kick */
};

static void act(struct moment *m)
{
    test_port.adversary = NULL;
    m->acted = true;
    if (m->device) {
        assert_st(vqg_device_push(&m->s->device, &m->s->chain[0], 7), VQG_OK);
        m->told = vqg_device_notify(&m->s->device);
    } else {
        struct vqg_seg seg = vqg_in(NULL, PART_BYTES);
        seg.addr = side_addr(m->s, 1, 0);
        assert_st(vqg_driver_add(&m->s->side[1].driver, &seg, 1, cookie(9)), VQG_OK);
        m->told = vqg_driver_kick(&m->s->side[1].driver);
    }
}

static uint64_t look(const volatile void *at, unsigned bytes)
{
    const volatile unsigned char *p = at;
    unsigned char raw[8] = {0};
    uint64_t v = 0;
    unsigned i;
    for (i = 0; i < bytes; i++) {
        raw[i] = p[i];
    }
    for (i = 0; i < bytes; i++) {
        v |= (uint64_t)raw[VQG_PORT_BIG_ENDIAN ? bytes - 1u - i : i] << (8u * i);
    }
    return v;
}

static uint64_t answer(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    struct moment *m = context;
    if (m->loads++ != m->at) {
        return value;
    }
    act(m);
    return m->after ? value : look(at, bytes);
}

/* Pump and enable, with the event at one moment. False when the moment was beyond them. */
static bool play(uint64_t client, uint64_t device, struct moment *m)
{
    struct site *s = site_new(2);
    uint32_t down;
    uint32_t up;
    bool work;
    bool inside;
    s->side[0].features = client;
    s->side[1].features = client;
    s->features = device;
    s->policy.accept_claimed = true;
    site_start(s);
    site_post(s, 0, 1, 1, 1);
    site_pump(s, 8, 1, 0);
    site_serves(s, 0);
    m->s = s;
    m->loads = 0;
    m->acted = false;
    test_port.context = m;
    test_port.adversary = answer;
    assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_OK);
    down = s->moved.down;
    up = s->moved.up;
    work = vqg_monitor_enable(&s->monitor);
    inside = m->acted;
    if (!inside) {
        act(m);
        assert_false(work);
    }
    test_port.adversary = NULL;
    /* It was done, or the caller goes on, or it is woken. */
    assert_true((m->device ? up : down) == 1u || work || m->told);
    assert_int_equal((m->device ? down : up), 0);
    if ((m->device ? up : down) == 0u) {
        site_pump(s, 8, m->device ? 0 : 1, m->device ? 1 : 0);
    }
    if (m->device) {
        site_takes(s, 0, 1, 7);
    } else {
        site_serves(s, 1);
        assert_int_equal(s->chain[1].seg[0].addr, side_bus(s, 1, 0));
    }
    site_free(s);
    return inside;
}

static void nothing_is_slept_over_at_any_moment(void **state)
{
    static const uint64_t shapes[] = {0, VQG_F_EVENT_IDX, VQG_F_RING_PACKED, VQG_F_RING_PACKED | VQG_F_EVENT_IDX,
                                      VQG_F_IN_ORDER | VQG_F_EVENT_IDX};
    unsigned i;
    unsigned k;
    (void)state;
    for (i = 0; i < 5u; i++) {
        for (k = 0; k < 5u; k++) {
            unsigned which;
            for (which = 0; which < 4u; which++) {
                struct moment m = {NULL, 0, (which & 1u) != 0u, (which & 2u) != 0u, 0, false, false};
                while (play(shapes[i], shapes[k], &m)) {
                    m.at++;
                }
                assert_true(m.at >= 5u); /* at least one look in the pump and one behind it, for each of the three */
            }
        }
    }
}

/* Nothing to do, and asking again does not change that. */
static void assert_sleeps(struct site *s)
{
    assert_false(vqg_monitor_enable(&s->monitor));
    assert_false(vqg_monitor_enable(&s->monitor));
}

static void used_up_share_waits_for_a_completion(void **state)
{
    struct site *s = site_new(1);
    (void)state;
    s->side[0].njobs = 2;
    s->side[0].features = VQG_F_EVENT_IDX;
    s->features = VQG_F_EVENT_IDX;
    site_start(s);
    site_post(s, 0, 0, 1, 1);
    site_post(s, 0, 0, 1, 2);
    site_post(s, 0, 0, 1, 3);
    site_pump(s, 8, 2, 0);
    assert_true(s->client[0].full_);
    assert_false(s->moved.more);
    assert_sleeps(s);
    site_serves(s, 1);
    assert_st(vqg_device_push(&s->device, &s->chain[1], 1), VQG_OK);
    assert_true(vqg_device_notify(&s->device));
    assert_true(vqg_monitor_enable(&s->monitor));
    site_pump(s, 8, 1, 1);
    assert_int_equal(site_busy(s, 0), 2);
    site_free(s);
}

/* What was used up is free again, and what waits in the ring is not slept over. */
static void share_that_a_reset_of_the_device_gave_back_is_looked_at(void **state)
{
    struct site *s = site_new(1);
    (void)state;
    s->side[0].njobs = 1;
    site_start(s);
    site_post(s, 0, 0, 1, 1);
    site_post(s, 0, 0, 1, 2);
    site_pump(s, 8, 1, 0);
    assert_true(s->client[0].full_);
    assert_st(vqg_monitor_reset(&s->monitor), VQG_OK);
    assert_st(vqg_monitor_reset_acked(&s->monitor), VQG_OK);
    assert_st(vqg_monitor_restart(&s->monitor), VQG_OK);
    assert_true(vqg_monitor_enable(&s->monitor));
    site_free(s);
}

static void bytes_in_flight_wait_for_a_completion(void **state)
{
    struct site *s = site_new(1);
    (void)state;
    s->side[0].policy.max_bytes_in_flight = 3u * PART_BYTES;
    site_start(s);
    site_post(s, 0, 0, 2, 1);
    site_post(s, 0, 0, 2, 2);
    site_pump(s, 8, 1, 0);
    assert_true(s->client[0].full_);
    assert_int_equal(s->client[0].device.bytes_in_flight, 2u * PART_BYTES);
    assert_sleeps(s);
    site_serves(s, 1);
    site_returns(s, 1, 1);
    assert_true(vqg_monitor_enable(&s->monitor));
    site_pump(s, 8, 1, 1);
    assert_false(s->client[0].full_);
    site_free(s);
}

/* A device's queue of 4, with 3 of client 0 in it and 3 more of it held. */
static struct site *full_queue(void)
{
    struct site *s = site_new(2);
    s->size = 4;
    site_start(s);
    site_post(s, 0, 1, 2, 1);
    site_post(s, 0, 1, 2, 2);
    site_pump(s, 8, 1, 0);
    assert_true(s->monitor.full_);
    assert_ptr_equal(s->client[0].held_, s->client[0].device.record.slots[3].cookie);
    return s;
}

static void full_queue_waits_for_a_completion(void **state)
{
    struct site *s = full_queue();
    (void)state;
    site_post(s, 1, 0, 1, 3);
    assert_sleeps(s);
    site_pump(s, 8, 0, 0);
    assert_false(s->moved.more);
    assert_sleeps(s);
    site_serves(s, 0);
    site_returns(s, 0, 1);
    assert_true(vqg_monitor_enable(&s->monitor));
    site_pump(s, 8, 2, 1);
    assert_false(s->monitor.full_);
    assert_sleeps(s);
    site_free(s);
}

/* What is full for one client's chain has room for another's once that chain is gone. */
static void others_are_asked_when_what_found_no_room_is_gone(void **state)
{
    struct site *s = full_queue();
    (void)state;
    site_post(s, 1, 0, 1, 3);
    assert_sleeps(s);
    vqg_client_reset(&s->client[0]);
    assert_null(s->client[0].held_);
    assert_true(vqg_monitor_enable(&s->monitor));
    site_pump(s, 8, 1, 0);
    assert_sleeps(s);
    site_free(s);
}

static void held_chain_of_a_client_that_was_latched_is_given_back_at_once(void **state)
{
    struct site *s = full_queue();
    (void)state;
    assert_sleeps(s);
    assert_st(vqg_device_hint(&s->client[0].device, 100), VQG_V_NOTIFY_HINT);
    assert_true(vqg_monitor_enable(&s->monitor));
    site_pump(s, 8, 0, 0);
    assert_null(s->client[0].held_);
    assert_int_equal(site_busy(s, 0), 1);
    assert_sleeps(s);
    site_free(s);
}

static void device_that_is_not_live_is_not_worked_for(void **state)
{
    struct site *s = full_queue();
    (void)state;
    site_post(s, 1, 0, 1, 3);
    /* It returns the chain, and then one that it does not have. */
    site_serves(s, 0);
    site_returns(s, 0, 1);
    s->memory[s->used + 2u] = 2;
    assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_V_USED_JUMP);
    assert_sleeps(s);
    assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_DEAD);
    assert_sleeps(s);
    assert_st(vqg_monitor_reset(&s->monitor), VQG_OK);
    assert_sleeps(s);
    assert_st(vqg_monitor_reset_acked(&s->monitor), VQG_OK);
    assert_sleeps(s);
    assert_st(vqg_monitor_restart(&s->monitor), VQG_OK);
    assert_true(vqg_monitor_enable(&s->monitor));
    site_device(s);
    site_pump(s, 8, 2, 0);
    assert_sleeps(s);
    site_free(s);
}

static void violation_that_is_seen_on_the_way_to_sleep_keeps_awake_once(void **state)
{
    struct site *s = site_live(2);
    (void)state;
    s->side[1].memory[s->side[1].avail + 2u] = 9;
    assert_true(vqg_monitor_enable(&s->monitor));
    assert_true(vqg_device_needs_reset(&s->client[1].device));
    site_pump(s, 8, 0, 0);
    assert_int_equal(s->moved.refused, 1);
    assert_sleeps(s);
    s->memory[s->used + 2u] = 1;
    assert_true(vqg_monitor_enable(&s->monitor));
    assert_st(vqg_monitor_pump(&s->monitor, 8, &s->moved), VQG_V_USED_JUMP);
    assert_violation(vqg_driver_violation(&s->monitor.driver), VQG_V_USED_JUMP, VQG_RULE_USED_JUMP, 0, 1, 0);
    assert_sleeps(s);
    site_free(s);
}

static void clients_whose_queue_is_off_are_not_asked(void **state)
{
    struct site *s = site_live(2);
    (void)state;
    vqg_client_reset(&s->client[0]);
    site_post(s, 0, 0, 1, 1);
    assert_sleeps(s);
    site_pump(s, 8, 0, 0);
    site_revive(s, 0);
    assert_sleeps(s);
    site_free(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_is_slept_over_at_any_moment),
    cmocka_unit_test(used_up_share_waits_for_a_completion),
    cmocka_unit_test(share_that_a_reset_of_the_device_gave_back_is_looked_at),
    cmocka_unit_test(bytes_in_flight_wait_for_a_completion),
    cmocka_unit_test(full_queue_waits_for_a_completion),
    cmocka_unit_test(others_are_asked_when_what_found_no_room_is_gone),
    cmocka_unit_test(held_chain_of_a_client_that_was_latched_is_given_back_at_once),
    cmocka_unit_test(device_that_is_not_live_is_not_worked_for),
    cmocka_unit_test(violation_that_is_seen_on_the_way_to_sleep_keeps_awake_once),
    cmocka_unit_test(clients_whose_queue_is_off_are_not_asked),
};

TEST_MAIN(tests)
