/* SPDX-License-Identifier: MIT */
/**
 * @file test_driver_take.c
 * @brief Taking completions from a device that lies about index and id: rules U1 to U4, U8 and U10.
 */
#include "driver_util.h"

/* Where the indices stand before a case: at the start, and so that they wrap within it. */
static const uint32_t starts[] = {0, 5, 65534, 65535};
#define STARTS (sizeof starts / sizeof starts[0])

static struct world *world_from(uint32_t size, uint32_t start)
{
    struct world *w = driver_world(size, 0, false);
    advance(w, start);
    return w;
}

static void u1_index_beyond_the_outstanding_chains_latches(void **state)
{
    static const uint16_t jumps[] = {3, 4, 8, 9, 0x7fff, 0x8000, 0xfffe, 0xffff};
    size_t s;
    size_t i;
    (void)state;
    for (s = 0; s < STARTS; s++) {
        for (i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
            struct world *w = world_from(8, starts[s]);
            uint16_t first = lend(w, 1, 1, 1);
            uint16_t second = lend(w, 1, 1, 2);
            peer_used_elem(w, (uint16_t)starts[s], first, SEG_BYTES);
            peer_used_elem(w, (uint16_t)(starts[s] + 1u), second, SEG_BYTES);
            peer_used_idx(w, (uint16_t)(starts[s] + jumps[i]));
            assert_take_refused(w, VQG_RULE_USED_JUMP, (uint16_t)starts[s], jumps[i], 2);
            revive(w, 2);
            world_free(w);
        }
    }
}

static void u1_index_up_to_the_outstanding_chains_is_taken(void **state)
{
    size_t s;
    uint16_t n;
    (void)state;
    for (s = 0; s < STARTS; s++) {
        for (n = 0; n <= 2u; n++) {
            struct world *w = world_from(8, starts[s]);
            uint16_t i;
            peer_used_elem(w, (uint16_t)starts[s], lend(w, 1, 1, 0), 1);
            peer_used_elem(w, (uint16_t)(starts[s] + 1u), lend(w, 1, 1, 1), 2);
            peer_used_idx(w, (uint16_t)(starts[s] + n));
            for (i = 0; i < n; i++) {
                assert_ptr_equal(take_ok(w).cookie, cookie(i));
            }
            assert_idle(w);
            world_free(w);
        }
    }
}

static void u1_index_with_nothing_outstanding_latches(void **state)
{
    struct world *w = driver_world(8, 0, false);
    (void)state;
    add_ok(w, 0, 1, 1); /* added, not kicked: not outstanding */
    peer_return(w, 0, 0, SEG_BYTES);
    assert_take_refused(w, VQG_RULE_USED_JUMP, 0, 1, 0);
    revive(w, 1);
    world_free(w);
}

static void u1_index_that_goes_back_latches(void **state)
{
    struct world *w = driver_world(8, 0, false);
    uint16_t head[3];
    (void)state;
    head[0] = lend(w, 0, 1, 0);
    head[1] = lend(w, 0, 1, 1);
    head[2] = lend(w, 0, 1, 2);
    complete(w, head[0], 1);
    complete(w, head[1], 1);
    assert_ptr_equal(take_ok(w).cookie, cookie(0));
    peer_used_idx(w, 1); /* what was accepted stays accepted */
    assert_ptr_equal(take_ok(w).cookie, cookie(1));
    assert_take_refused(w, VQG_RULE_USED_JUMP, 2, 0xffff, 1);
    revive(w, 1);
    world_free(w);
}

static void u2_id_not_below_the_size_latches(void **state)
{
    static const struct {
        uint32_t size, id;
    } cases[] = {{8, 8},         {8, 9},          {8, 0x7fff},      {8, 0xffff},     {8, 0x10000u},
                 {8, 0x80000000u}, {8, UINT32_MAX}, {1, 1},         {32768, 32768},  {32768, 65535},
                 {32768, 0x10000u}, {32768, UINT32_MAX}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world *w = driver_world(cases[i].size, 0, false);
        lend(w, 0, 1, 1);
        complete(w, cases[i].id, 1);
        assert_take_refused(w, VQG_RULE_USED_ID_RANGE, 0, cases[i].id, cases[i].size);
        revive(w, 1);
        world_free(w);
    }
}

static void u2_id_of_32_bits_that_aliases_latches(void **state)
{
    unsigned bit;
    (void)state;
    for (bit = 3; bit < 32u; bit++) { /* each equals the outstanding head in some lower bits */
        struct world *w = world_from(8, 3);
        uint16_t head = lend(w, 0, 1, 1);
        complete(w, ((uint32_t)1 << bit) + head, SEG_BYTES);
        assert_take_refused(w, VQG_RULE_USED_ID_RANGE, 3, ((uint64_t)1 << bit) + head, 8);
        world_free(w);
    }
}

static void u2_last_id_of_the_queue_is_taken(void **state)
{
    uint32_t size;
    (void)state;
    for (size = 1; size <= 32768u; size *= 8u) {
        struct world *w = driver_world(size, 0, false);
        uint32_t i;
        for (i = 0; i < size; i++) {
            lend(w, 0, 1, i);
        }
        complete(w, size - 1u, 1);
        assert_ptr_equal(take_ok(w).cookie, cookie(size - 1u));
        world_free(w);
    }
}

static void u3_id_never_lent_latches(void **state)
{
    uint32_t id;
    (void)state;
    for (id = 3; id < 8u; id++) {
        struct world *w = driver_world(8, 0, false);
        lend(w, 1, 2, 1);
        complete(w, id, 1);
        assert_take_refused(w, VQG_RULE_USED_ID_OUTSTANDING, 0, id, 0);
        revive(w, 1);
        world_free(w);
    }
}

static void u3_id_in_the_middle_or_at_the_end_of_a_chain_latches(void **state)
{
    uint32_t id;
    (void)state;
    for (id = 1; id < 3u; id++) {
        struct world *w = driver_world(8, 0, false);
        lend(w, 1, 2, 1);
        complete(w, id, 1);
        assert_take_refused(w, VQG_RULE_USED_ID_OUTSTANDING, 0, id, 0);
        revive(w, 1);
        world_free(w);
    }
}

static void u3_id_returned_twice_latches(void **state)
{
    int at_once;
    (void)state;
    for (at_once = 0; at_once < 2; at_once++) {
        struct world *w = driver_world(8, 0, false);
        uint16_t head = lend(w, 1, 2, 1);
        lend(w, 1, 2, 2);
        complete(w, head, 1);
        if (at_once != 0) {
            complete(w, head, 1);
        }
        assert_ptr_equal(take_ok(w).cookie, cookie(1));
        if (at_once == 0) {
            complete(w, head, 1);
        }
        assert_take_refused(w, VQG_RULE_USED_ID_OUTSTANDING, 1, head, 0);
        revive(w, 1);
        world_free(w);
    }
}

static void u3_id_added_but_not_kicked_latches(void **state)
{
    size_t s;
    (void)state;
    for (s = 0; s < 3u * STARTS; s++) {
        struct world *w = world_from(8, starts[s / 3u]);
        uint16_t position = (uint16_t)starts[s / 3u];
        uint32_t which = 1u + (uint32_t)(s % 3u);
        uint32_t id;
        lend(w, 1, 1, 1);
        add_ok(w, 1, 1, 2);
        add_ok(w, 1, 0, 3);
        add_ok(w, 0, 1, 4);
        id = peer_get_avail_entry(w, (uint16_t)(position + which));
        complete(w, id, 0);
        assert_take_refused(w, VQG_RULE_USED_ID_OUTSTANDING, position, id, which == 1u ? 2 : 1);
        revive(w, 4);
        world_free(w);
    }
}

static void u3_id_outstanding_for_a_lap_of_the_index_is_taken_while_another_hides_at_its_position(void **state)
{
    struct world *w = driver_world(8, 0, false);
    uint16_t head = lend(w, 1, 1, 1);
    (void)state;
    advance(w, 65535);
    add_ok(w, 0, 1, 2); /* position 65536, which is 0 again */
    complete(w, head, 1);
    assert_ptr_equal(take_ok(w).cookie, cookie(1));
    complete(w, peer_get_avail_entry(w, 0), 1);
    assert_take_refused(w, VQG_RULE_USED_JUMP, 0, 1, 0);
    revive(w, 1);
    world_free(w);
}

static void u4_a_head_leaves_the_record_with_its_cookie(void **state)
{
    struct world *w = driver_world(1, 0, false);
    (void)state;
    lend(w, 0, 1, 1);
    complete(w, 0, 5);
    assert_ptr_equal(take_ok(w).cookie, cookie(1));
    assert_int_equal(vqg_driver_free(&w->driver), 1);
    lend(w, 0, 1, 2); /* the same id, another request */
    complete(w, 0, 6);
    assert_ptr_equal(take_ok(w).cookie, cookie(2));
    complete(w, 0, 6);
    assert_take_refused(w, VQG_RULE_USED_JUMP, 2, 1, 0);
    world_free(w);
}

/* The same sequence of requests; in one world the device rewrites all that the driver wrote, again and again. */
static void u8_free_list_and_links_do_not_follow_what_the_device_writes(void **state)
{
    struct world *honest = driver_world(8, 0, false);
    struct world *hostile = driver_world(8, 0, false);
    uint32_t round;
    (void)state;
    for (round = 0; round < 64u; round++) {
        uint32_t in = 1u + round % 3u;
        uint16_t a = lend(honest, 1, in, round);
        uint16_t b = lend(hostile, 1, in, round);
        struct vqg_done done;
        assert_int_equal(a, b);
        memset(world_at(hostile, WORLD_DESC), (int)(round * 37u), 16u * 8u);
        memset(world_at(hostile, WORLD_AVAIL), (int)(round * 91u), 6u + 2u * 8u);
        if (round % 2u != 0u) { /* two at a time, the later one first */
            uint16_t c = lend(honest, 0, 2, 100u + round);
            (void)lend(hostile, 0, 2, 100u + round);
            complete(honest, c, 3);
            complete(hostile, c, 3);
            assert_ptr_equal(take_ok(honest).cookie, cookie(100u + round));
            assert_ptr_equal(take_ok(hostile).cookie, cookie(100u + round));
        }
        complete(honest, a, 2);
        complete(hostile, a, 2);
        assert_ptr_equal(take_ok(honest).cookie, cookie(round));
        done = take_ok(hostile);
        assert_ptr_equal(done.cookie, cookie(round));
        assert_int_equal(done.count, 1u + in);
        assert_int_equal(vqg_driver_free(&hostile->driver), 8);
        assert_memory_equal(honest->slots, hostile->slots, 8u * sizeof honest->slots[0]);
    }
    world_free(hostile);
    world_free(honest);
}

static void u10_completions_are_refused_unless_live(void **state)
{
    struct world *w = world_new(8, 0);
    (void)state;
    assert_quiet(w); /* never set up */
    world_start_driver(w);
    complete(w, lend(w, 0, 1, 1), 1);
    assert_int_equal(vqg_driver_reset(&w->driver), VQG_OK);
    assert_quiet(w);
    assert_int_equal(vqg_driver_reset_acked(&w->driver), VQG_OK);
    assert_quiet(w);
    assert_int_equal(reclaim_all(w), 1);
    assert_quiet(w);
    assert_int_equal(vqg_driver_restart(&w->driver), VQG_OK);
    assert_idle(w);
    round_trip(w);
    complete(w, 99, 1); /* a violation */
    assert_take_refused(w, VQG_RULE_USED_JUMP, 1, 1, 0);
    world_free(w);
}

static void u10_completions_from_before_a_restart_are_refused(void **state)
{
    struct world *w = driver_world(8, 0, false);
    uint16_t head = lend(w, 0, 1, 1);
    (void)state;
    revive(w, 1);
    complete(w, head, 1); /* the device goes on with what it was lent before */
    assert_take_refused(w, VQG_RULE_USED_JUMP, 1, 1, 0);
    world_free(w);
}

static void null_arguments_are_refused(void **state)
{
    struct world *w = driver_world(8, 0, false);
    struct vqg_done done;
    (void)state;
    test_port_reset();
    assert_int_equal(vqg_driver_take(NULL, &done), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_driver_take(&w->driver, NULL), VQG_BAD_ENDPOINT);
    assert_int_equal(test_port.count, 0);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(u1_index_beyond_the_outstanding_chains_latches),
    cmocka_unit_test(u1_index_up_to_the_outstanding_chains_is_taken),
    cmocka_unit_test(u1_index_with_nothing_outstanding_latches),
    cmocka_unit_test(u1_index_that_goes_back_latches),
    cmocka_unit_test(u2_id_not_below_the_size_latches),
    cmocka_unit_test(u2_id_of_32_bits_that_aliases_latches),
    cmocka_unit_test(u2_last_id_of_the_queue_is_taken),
    cmocka_unit_test(u3_id_never_lent_latches),
    cmocka_unit_test(u3_id_in_the_middle_or_at_the_end_of_a_chain_latches),
    cmocka_unit_test(u3_id_returned_twice_latches),
    cmocka_unit_test(u3_id_added_but_not_kicked_latches),
    cmocka_unit_test(u3_id_outstanding_for_a_lap_of_the_index_is_taken_while_another_hides_at_its_position),
    cmocka_unit_test(u4_a_head_leaves_the_record_with_its_cookie),
    cmocka_unit_test(u8_free_list_and_links_do_not_follow_what_the_device_writes),
    cmocka_unit_test(u10_completions_are_refused_unless_live),
    cmocka_unit_test(u10_completions_from_before_a_restart_are_refused),
    cmocka_unit_test(null_arguments_are_refused),
};

TEST_MAIN(tests)
