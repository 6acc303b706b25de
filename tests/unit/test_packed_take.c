/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_take.c
 * @brief Taking completions of a packed queue from a device that lies about flags, id and length, and what is
 * fetched for it.
 */
#include "packed_driver_util.h"

#define SIZE 5u
#define LAPS (2u * SIZE) /* each place of a ring, in both laps */

static void p1_element_is_used_only_when_both_flags_say_so(void **state)
{
    static const unsigned flags[] = {0, 0x0080, 0x8000, 0x8080};
    uint32_t start;
    size_t i;
    (void)state;
    for (start = 0; start < LAPS; start++) {
        for (i = 0; i < COUNT_OF(flags); i++) { /* as of the first lap: the last of them is the one */
            struct world *w = packed_world(SIZE, 0);
            uint16_t id;
            packed_advance(w, start);
            id = packed_lend(w, 0, 1, 1);
            forge(w, id, 1, flags[i] | PACKED_WRITE);
            if (flags[i] == PACKED_USED) {
                assert_int_equal(take_ok(w).len, 1);
            } else {
                assert_idle(w);
                assert_idle(w);
            }
            world_free(w);
        }
    }
}

static void p2_cursor_moves_by_the_recorded_count(void **state)
{
    uint32_t start;
    (void)state;
    for (start = 0; start < LAPS; start++) {
        struct world *w = packed_world(SIZE, 0);
        struct packed_cursor inner;
        uint16_t id;
        packed_advance(w, start);
        id = packed_lend(w, 1, 2, 1);
        inner = peer()->used;
        packed_return(peer(), id, 7);
        packed_move(peer(), &inner, 1);
        /* Used, says the device, and not the last: nobody looks. */
        packed_element(peer(), inner.slot, 0, 1, id, packed_turned(inner, PACKED_USED | PACKED_WRITE) | PACKED_NEXT);
        assert_int_equal(take_ok(w).count, 3);
        assert_idle(w);
        packed_advance(w, 1);
        world_free(w);
    }
}

static void p6_cursor_moves_by_the_count_of_the_id_that_was_judged_and_not_for_another(void **state)
{
    struct world *w = packed_world(SIZE, 0);
    uint16_t one;
    uint16_t three;
    uint16_t at;
    (void)state;
    one = packed_lend(w, 0, 1, 1);
    three = packed_lend(w, 1, 2, 2);
    at = w->driver.ledger.ring.get;
    /* The list that was added last comes back first. */
    packed_return(peer(), three, 7);
    assert_int_equal(take_ok(w).count, 3);
    assert_int_equal(w->driver.ledger.ring.get, vqg_packed_step_(&w->driver.ledger.ring, at, 3));
    at = w->driver.ledger.ring.get;
    forge(w, three, 7, PACKED_USED | PACKED_WRITE);
    assert_take_refused(w, VQG_RULE_USED_ID_OUTSTANDING, at & 0x7fffu, three, 0);
    assert_int_equal(w->driver.ledger.ring.get, at);
    assert_int_equal(w->slots[one].count, 1);
    world_free(w);
}

static void u2_packed_id_not_below_the_size_latches(void **state)
{
    static const struct {
        uint32_t size;
        unsigned id;
    } cases[] = {{1, 1}, {3, 3}, {5, 5}, {5, 8}, {5, 0x7fff}, {5, 0x8000}, {5, 0xffff}, {32768, 32768}, {32768, 65535}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(cases); i++) {
        struct world *w = packed_world(cases[i].size, 0);
        packed_advance(w, 1);
        (void)packed_lend(w, 0, 1, 1);
        forge(w, cases[i].id, 1, PACKED_USED | PACKED_WRITE);
        assert_take_refused(w, VQG_RULE_USED_ID_RANGE, cases[i].size == 1u ? 0 : 1, cases[i].id, cases[i].size);
        packed_revive(w, 1);
        world_free(w);
    }
}

static void u3_packed_id_never_lent_latches(void **state)
{
    uint32_t start;
    unsigned id;
    (void)state;
    for (start = 0; start < LAPS; start++) {
        for (id = 0; id < SIZE; id++) {
            struct world *w = packed_world(SIZE, 0);
            uint16_t lent;
            packed_advance(w, start);
            lent = packed_lend(w, 1, 2, 1);
            forge(w, id, 1, PACKED_USED | PACKED_WRITE);
            if (id == lent) {
                assert_ptr_equal(take_ok(w).cookie, cookie(1));
            } else {
                assert_take_refused(w, VQG_RULE_USED_ID_OUTSTANDING, start % SIZE, id, 0);
                packed_revive(w, 1);
            }
            world_free(w);
        }
    }
}

static void u3_packed_id_returned_twice_latches(void **state)
{
    struct world *w = packed_world(SIZE, 0);
    uint16_t first = packed_lend(w, 0, 2, 1);
    (void)state;
    (void)packed_lend(w, 0, 1, 2);
    packed_return(peer(), first, 1);
    assert_ptr_equal(take_ok(w).cookie, cookie(1));
    forge(w, first, 1, PACKED_USED | PACKED_WRITE);
    assert_take_refused(w, VQG_RULE_USED_ID_OUTSTANDING, 2, first, 0);
    packed_revive(w, 1);
    world_free(w);
}

static void u5_packed_length_beyond_the_writable_bytes_latches(void **state)
{
    static const uint32_t more[] = {1, 2, 0x10000u, UINT32_MAX - 2u * SEG_BYTES};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(more); i++) {
        struct world *w = packed_world(SIZE, 0);
        uint16_t id;
        packed_advance(w, SIZE + 3u);
        id = packed_lend(w, 1, 2, 1);
        forge(w, id, 2u * SEG_BYTES + more[i], PACKED_USED | PACKED_WRITE);
        assert_take_refused(w, VQG_RULE_USED_LENGTH_MAX, id, 2u * SEG_BYTES + more[i], 2u * SEG_BYTES);
        packed_revive(w, 1);
        world_free(w);
    }
}

static void u5_packed_length_is_clamped_and_says_so(void **state)
{
    struct world *w = world_new(SIZE, VQG_F_RING_PACKED);
    struct vqg_done done;
    (void)state;
    w->policy.length = VQG_LENGTH_CLAMP;
    packed_begin(w);
    packed_return(peer(), packed_lend(w, 1, 2, 1), UINT32_MAX);
    done = take_ok(w);
    assert_int_equal(done.len, 2u * SEG_BYTES);
    assert_int_equal(done.claimed, UINT32_MAX);
    assert_int_equal(done.flags, VQG_DONE_CLAMPED);
    assert_int_equal(vqg_driver_overlong(&w->driver), 1);
    packed_advance(w, LAPS);
    world_free(w);
}

static void u6_packed_length_below_the_least_latches(void **state)
{
    struct world *w = world_new(SIZE, VQG_F_RING_PACKED);
    uint16_t id;
    (void)state;
    w->policy.min_length = 9;
    packed_begin(w);
    id = packed_lend(w, 0, 1, 1);
    packed_return(peer(), id, 9);
    assert_int_equal(take_ok(w).len, 9);
    id = packed_lend(w, 0, 1, 1);
    forge(w, id, 8, PACKED_USED | PACKED_WRITE);
    assert_take_refused(w, VQG_RULE_USED_LENGTH_MIN, id, 8, 9);
    packed_revive(w, 1);
    world_free(w);
}

static void p8_length_without_the_write_flag_is_0(void **state)
{
    struct world *w = packed_world(SIZE, 0);
    uint16_t id;
    uint32_t turn;
    (void)state;
    for (turn = 0; turn < LAPS; turn++) {
        struct vqg_done done;
        id = packed_lend(w, 0, 1, turn);
        peer()->count[id] = 1;
        forge(w, id, turn % 2u != 0u ? UINT32_MAX : 5, PACKED_USED | PACKED_NEXT | PACKED_INDIRECT | 0x7f78u);
        packed_move(peer(), &peer()->used, 1);
        done = take_ok(w);
        assert_int_equal(done.len, 0);
        assert_int_equal(done.claimed, 0);
        assert_int_equal(done.flags, 0);
    }
    world_free(w);
    w = world_new(SIZE, VQG_F_RING_PACKED);
    w->policy.min_length = 1;
    packed_begin(w);
    id = packed_lend(w, 0, 1, 1);
    forge(w, id, 5, PACKED_USED);
    assert_take_refused(w, VQG_RULE_USED_LENGTH_MIN, id, 0, 1);
    world_free(w);
}

static void p8_length_without_the_write_flag_counts_where_the_policy_says_so_and_is_judged(void **state)
{
    struct world *w = world_new(SIZE, VQG_F_RING_PACKED);
    struct vqg_done done;
    uint16_t id;
    (void)state;
    w->policy.accept_unflagged = true;
    w->policy.min_length = 1;
    packed_begin(w);
    id = packed_lend(w, 0, 1, 1);
    peer()->count[id] = 1;
    forge(w, id, 5, PACKED_USED);
    packed_move(peer(), &peer()->used, 1);
    done = take_ok(w);
    assert_int_equal(done.len, 5);
    assert_int_equal(done.claimed, 5);
    assert_int_equal(done.flags, 0);
    id = packed_lend(w, 0, 1, 2);
    forge(w, id, SEG_BYTES + 1u, PACKED_USED);
    assert_take_refused(w, VQG_RULE_USED_LENGTH_MAX, id, SEG_BYTES + 1u, SEG_BYTES);
    world_free(w);
}

static void p9_take_fetches_flags_then_length_and_id_once_each_and_nothing_else(void **state)
{
    uint32_t start;
    (void)state;
    for (start = 0; start < LAPS; start++) {
        struct world *w = packed_world(SIZE, 0);
        uint64_t at;
        uint16_t id;
        packed_advance(w, start);
        at = packed_at(peer()->used.slot);
        test_port_reset();
        assert_idle(w);
        assert_int_equal(test_port.count, 1);
        assert_access(w, 0, false, at + PACKED_FLAGS, 2, true);
        id = packed_lend(w, 1, 2, 1);
        packed_return(peer(), id, 1);
        test_port_reset();
        (void)take_ok(w);
        assert_int_equal(test_port.count, 3);
        assert_access(w, 0, false, at + PACKED_FLAGS, 2, true);
        assert_access(w, 1, false, at + PACKED_LEN, 4, false);
        assert_access(w, 2, false, at + PACKED_ID, 2, false);
        assert_int_equal(test_port.nospecs, 1);
        world_free(w);
    }
}

/* Every load is counted: only of the element at the cursor, and of the device's event structure. */
static uint64_t refuse_the_rest(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    const struct world *w = context;
    const uint64_t offset = (uint64_t)((const volatile unsigned char *)at - w->memory);
    const uint64_t element = packed_at(peer()->used.slot);
    bool event = offset == WORLD_USED && bytes == 4u;
    bool flags = offset == element + PACKED_FLAGS && bytes == 2u;
    assert_true(event || flags || (offset == element + PACKED_LEN && bytes == 4u) ||
                (offset == element + PACKED_ID && bytes == 2u));
    return value;
}

static void x4_nothing_that_the_driver_wrote_is_fetched_back(void **state)
{
    struct world *w = packed_world(SIZE, VQG_F_EVENT_IDX);
    uint64_t x = 0x9e3779b97f4a7c15u;
    uint32_t turn;
    (void)state;
    for (turn = 0; turn < 2000u; turn++) {
        uint32_t n = 1u + dice(&x, SIZE);
        struct packed_cursor next;
        struct packed_cursor at;
        struct vqg_done done;
        uint16_t id;
        uint32_t i;
        test_port.adversary = refuse_the_rest;
        test_port.context = w;
        id = packed_lend(w, 0, n, turn);
        assert_idle(w);
        /* The device scribbles over all of the list, and over what the driver said about events. */
        next = at = peer()->used;
        packed_move(peer(), &next, n);
        for (i = 0; i < n; i++) {
            packed_element(peer(), at.slot, dice(&x, UINT32_MAX), dice(&x, UINT32_MAX), dice(&x, 65536),
                           dice(&x, 65536));
            packed_move(peer(), &at, 1);
        }
        peer_put(w, WORLD_AVAIL, 4, dice(&x, UINT32_MAX));
        forge(w, id, n, PACKED_USED | PACKED_WRITE);
        done = take_ok(w);
        assert_ptr_equal(done.cookie, cookie(turn));
        assert_int_equal(done.len, n);
        assert_int_equal(done.count, n);
        peer()->used = next;
    }
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(p1_element_is_used_only_when_both_flags_say_so),
    cmocka_unit_test(p2_cursor_moves_by_the_recorded_count),
    cmocka_unit_test(p6_cursor_moves_by_the_count_of_the_id_that_was_judged_and_not_for_another),
    cmocka_unit_test(u2_packed_id_not_below_the_size_latches),
    cmocka_unit_test(u3_packed_id_never_lent_latches),
    cmocka_unit_test(u3_packed_id_returned_twice_latches),
    cmocka_unit_test(u5_packed_length_beyond_the_writable_bytes_latches),
    cmocka_unit_test(u5_packed_length_is_clamped_and_says_so),
    cmocka_unit_test(u6_packed_length_below_the_least_latches),
    cmocka_unit_test(p8_length_without_the_write_flag_is_0),
    cmocka_unit_test(p8_length_without_the_write_flag_counts_where_the_policy_says_so_and_is_judged),
    cmocka_unit_test(p9_take_fetches_flags_then_length_and_id_once_each_and_nothing_else),
    cmocka_unit_test(x4_nothing_that_the_driver_wrote_is_fetched_back),
};

TEST_MAIN(tests)
