/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_ledger.c
 * @brief A ledger beside a driver's own ring code, on a packed queue and with IN_ORDER.
 */
#include "packed_driver_util.h"

#define SIZE 5u

/* The driver's own ring code; peer() is the device. */
static struct packed_peer *own(void)
{
    static struct packed_peer p;
    return &p;
}

static struct world *ledger_world(uint64_t features)
{
    struct world *w = world_new(SIZE, VQG_F_RING_PACKED | features);
    w->policy.accept_claimed = true;
    world_start_ledger(w);
    packed_start(peer(), w);
    packed_start(own(), w);
    test_port_reset();
    return w;
}

/* Publishes a list of `n` under an id, and tells the device. */
static void post(struct world *w, uint16_t id, uint32_t n, uint32_t number)
{
    struct vqg_seg seg[SIZE];
    make_segs(seg, 0, n);
    assert_int_equal(vqg_ledger_publish(&w->ledger, &id, n, n * SEG_BYTES, cookie(number)), VQG_OK);
    packed_post(own(), seg, n, id);
    assert_int_equal(device_fetch(), id);
}

static struct vqg_done ledger_take_ok(struct world *w)
{
    struct vqg_done done;
    assert_int_equal(vqg_ledger_take(&w->ledger, &done), VQG_OK);
    return done;
}

static void ledger_take_empty(struct world *w)
{
    struct vqg_done done;
    assert_int_equal(vqg_ledger_take(&w->ledger, &done), VQG_EMPTY);
}

static void ledger_go(struct world *w, uint32_t rounds)
{
    while (rounds-- != 0u) {
        post(w, (uint16_t)(rounds % SIZE), 1, 7);
        packed_return(peer(), (uint16_t)(rounds % SIZE), 3);
        assert_int_equal(ledger_take_ok(w).len, 3);
    }
}

static void assert_ledger_refuses(struct world *w, enum vqg_rule rule, uint32_t index, uint64_t value, uint64_t limit)
{
    struct world_copy *before = world_copy(w);
    struct vqg_done done;
    uint16_t id = 0;
    size_t accesses;
    assert_violation(vqg_ledger_violation(&w->ledger), vqg_ledger_take(&w->ledger, &done), rule, index, value, limit);
    world_assert_unchanged(w, before);
    assert_true(vqg_ledger_needs_reset(&w->ledger));
    accesses = test_port.count;
    assert_int_equal(vqg_ledger_take(&w->ledger, &done), VQG_DEAD);
    assert_int_equal(vqg_ledger_publish(&w->ledger, &id, 1, 1, NULL), VQG_DEAD);
    assert_int_equal(test_port.count, accesses);
}

static void lists_of_any_length_come_back_in_any_order(void **state)
{
    struct world *w = ledger_world(0);
    uint32_t start;
    (void)state;
    for (start = 0; start < 4u * SIZE; start++) {
        struct vqg_done done;
        ledger_go(w, 1);
        post(w, 3, 1, 1);
        post(w, 0, 3, 2);
        packed_return(peer(), 0, 100);
        packed_return(peer(), 3, 5);
        done = ledger_take_ok(w);
        assert_ptr_equal(done.cookie, cookie(2));
        assert_int_equal(done.id, 0);
        assert_int_equal(done.count, 3);
        assert_int_equal(done.len, 100);
        done = ledger_take_ok(w);
        assert_ptr_equal(done.cookie, cookie(1));
        assert_int_equal(done.count, 1);
        ledger_take_empty(w);
    }
    world_free(w);
}

static void p9_ledger_fetches_flags_length_and_id_and_writes_nothing(void **state)
{
    struct world *w = ledger_world(VQG_F_EVENT_IDX);
    (void)state;
    ledger_go(w, 7);
    test_port_reset();
    ledger_take_empty(w);
    assert_int_equal(test_port.count, 1); /* its own driver arms */
    assert_access(w, 0, false, packed_at(2) + PACKED_FLAGS, 2, true);
    test_port_reset();
    post(w, 4, 2, 1);
    assert_int_equal(test_port.count, 0);
    packed_return(peer(), 4, 1);
    (void)ledger_take_ok(w);
    assert_int_equal(test_port.count, 3);
    assert_access(w, 0, false, packed_at(2) + PACKED_FLAGS, 2, true);
    assert_access(w, 1, false, packed_at(2) + PACKED_LEN, 4, false);
    assert_access(w, 2, false, packed_at(2) + PACKED_ID, 2, false);
    world_free(w);
}

static void assert_publish_refused(struct world *w, uint16_t id, uint32_t count, enum vqg_status st)
{
    struct world_copy *before = world_copy(w);
    assert_int_equal(vqg_ledger_publish(&w->ledger, &id, count, 1, cookie(9)), st);
    world_assert_unchanged(w, before);
    assert_int_equal(vqg_ledger_violation(&w->ledger)->rule, VQG_RULE_NONE);
}

static void p7_more_descriptors_than_are_not_lent_are_refused(void **state)
{
    uint32_t start;
    (void)state;
    for (start = 0; start < 2u * SIZE; start++) {
        struct world *w = ledger_world(0);
        ledger_go(w, start);
        assert_publish_refused(w, 1, SIZE + 1u, VQG_BAD_COUNT);
        assert_publish_refused(w, 1, 0, VQG_BAD_COUNT);
        assert_publish_refused(w, 1, UINT32_MAX, VQG_BAD_COUNT);
        post(w, 2, 3, 1);
        assert_publish_refused(w, 1, 3, VQG_BAD_COUNT);
        post(w, 1, 2, 2);
        assert_publish_refused(w, 3, 1, VQG_BAD_COUNT);
        packed_return(peer(), 1, 1);
        assert_ptr_equal(ledger_take_ok(w).cookie, cookie(2));
        assert_publish_refused(w, 1, 3, VQG_BAD_COUNT);
        post(w, 1, 2, 3);
        world_free(w);
    }
}

static void id_that_is_lent_or_out_of_range_is_refused(void **state)
{
    struct world *w = ledger_world(0);
    (void)state;
    post(w, 2, 3, 1);
    assert_publish_refused(w, 2, 1, VQG_BAD_HEAD);
    assert_publish_refused(w, SIZE, 1, VQG_BAD_HEAD);
    assert_publish_refused(w, 0xffff, 1, VQG_BAD_HEAD);
    post(w, 3, 1, 2); /* ids are not descriptors: 3 and 0 are free */
    post(w, 0, 1, 3);
    packed_return(peer(), 2, 1);
    (void)ledger_take_ok(w);
    assert_publish_refused(w, 0, 1, VQG_BAD_HEAD); /* three descriptors came back, and one id */
    assert_publish_refused(w, 3, 1, VQG_BAD_HEAD);
    post(w, 2, 1, 4);
    world_free(w);
}

static void u2_u3_and_u5_hold_for_a_ledger_of_a_packed_queue(void **state)
{
    static const struct {
        unsigned id;
        uint32_t len;
        enum vqg_rule rule;
        uint32_t index;
        uint64_t value, limit;
    } cases[] = {
        {SIZE, 1, VQG_RULE_USED_ID_RANGE, 1, SIZE, SIZE},
        {0xffff, 1, VQG_RULE_USED_ID_RANGE, 1, 0xffff, SIZE},
        {0, 1, VQG_RULE_USED_ID_OUTSTANDING, 1, 0, 0},
        {3, 1, VQG_RULE_USED_ID_OUTSTANDING, 1, 3, 0},
        {2, 2u * SEG_BYTES + 1u, VQG_RULE_USED_LENGTH_MAX, 2, 2u * SEG_BYTES + 1u, 2u * SEG_BYTES},
    };
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(cases); i++) {
        struct world *w = ledger_world(0);
        ledger_go(w, 1);
        post(w, 2, 2, 1);
        forge(w, cases[i].id, cases[i].len, PACKED_USED | PACKED_WRITE);
        assert_ledger_refuses(w, cases[i].rule, cases[i].index, cases[i].value, cases[i].limit);
        world_start_ledger(w); /* after a reset: everything is forgotten */
        packed_clear(peer());
        packed_start(peer(), w);
        packed_start(own(), w);
        ledger_go(w, 2u * SIZE);
        world_free(w);
    }
}

static void p8_ledger_hands_up_no_length_without_the_write_flag(void **state)
{
    struct world *w = ledger_world(0);
    (void)state;
    post(w, 2, 1, 1);
    forge(w, 2, UINT32_MAX, PACKED_USED);
    assert_int_equal(ledger_take_ok(w).len, 0);
    world_free(w);
}

static void o1_ledger_completes_a_batch_in_order(void **state)
{
    struct world *w = ledger_world(VQG_F_IN_ORDER);
    uint32_t turn;
    (void)state;
    for (turn = 0; turn < 4u * SIZE; turn++) {
        struct vqg_done done;
        post(w, 4, 2, 1);
        post(w, 1, 1, 2);
        packed_return(peer(), 1, 6);
        packed_move(peer(), &peer()->used, 2);
        done = ledger_take_ok(w);
        assert_ptr_equal(done.cookie, cookie(1));
        assert_int_equal(done.len, 2u * SEG_BYTES);
        assert_int_equal(done.flags, VQG_DONE_CLAIMED);
        done = ledger_take_ok(w);
        assert_ptr_equal(done.cookie, cookie(2));
        assert_int_equal(done.len, 6);
        assert_int_equal(done.flags, 0);
        ledger_take_empty(w);
    }
    post(w, 4, 2, 1);
    forge(w, 1, 6, PACKED_USED | PACKED_WRITE); /* of the batch before */
    assert_ledger_refuses(w, VQG_RULE_USED_ID_OUTSTANDING, 3u * 4u * SIZE % SIZE, 1, 0);
    world_free(w);
}

static void o2_ledger_of_a_split_queue_refuses_a_batch_beyond_the_index(void **state)
{
    static const uint16_t ids[3][2] = {{0, 1}, {6, 2}, {3, 4}};
    uint32_t start;
    (void)state;
    for (start = 0; start < 2u; start++) {
        struct world *w = world_new(8, VQG_F_IN_ORDER);
        uint32_t i;
        w->policy.accept_claimed = true;
        world_start_ledger(w);
        if (start != 0u) {
            assert_int_equal(vqg_ledger_publish(&w->ledger, ids[0], 2, 8, cookie(0)), VQG_OK);
            peer_return(w, 0, 0, 8);
            (void)ledger_take_ok(w);
        }
        for (i = 0; i < 3u; i++) {
            assert_int_equal(vqg_ledger_publish(&w->ledger, ids[i], 2, 8, cookie(i)), VQG_OK);
        }
        peer_used_elem(w, (uint16_t)start, 6, 5);
        peer_used_idx(w, (uint16_t)(start + 2u));
        assert_int_equal(ledger_take_ok(w).flags, VQG_DONE_CLAIMED);
        assert_ptr_equal(ledger_take_ok(w).cookie, cookie(1));
        ledger_take_empty(w);
        assert_int_equal(vqg_ledger_publish(&w->ledger, ids[0], 2, 8, cookie(0)), VQG_OK);
        peer_used_elem(w, (uint16_t)(start + 2u), 0, 5);
        peer_used_idx(w, (uint16_t)(start + 3u));
        assert_ledger_refuses(w, VQG_RULE_USED_BATCH, start + 2u, 2, 1);
        world_free(w);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lists_of_any_length_come_back_in_any_order),
    cmocka_unit_test(p9_ledger_fetches_flags_length_and_id_and_writes_nothing),
    cmocka_unit_test(p7_more_descriptors_than_are_not_lent_are_refused),
    cmocka_unit_test(id_that_is_lent_or_out_of_range_is_refused),
    cmocka_unit_test(u2_u3_and_u5_hold_for_a_ledger_of_a_packed_queue),
    cmocka_unit_test(p8_ledger_hands_up_no_length_without_the_write_flag),
    cmocka_unit_test(o1_ledger_completes_a_batch_in_order),
    cmocka_unit_test(o2_ledger_of_a_split_queue_refuses_a_batch_beyond_the_index),
};

TEST_MAIN(tests)
