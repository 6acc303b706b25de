/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_hidden.c
 * @brief Lists of a packed queue that were added and not published: a device that reads them cannot return them, and
 * they are not taken for others.
 */
#include "packed_driver_util.h"

#define SIZE 5u
#define LAPS (2u * SIZE) /* each place of a ring, in both laps */

/* Three lists are added, not published, while one is in flight; the device reads the ring and returns one of them. */
static void u3_packed_id_not_yet_published_latches(void **state)
{
    uint32_t start;
    uint32_t pick;
    (void)state;
    for (start = 0; start < LAPS; start++) {
        for (pick = 0; pick < 3u; pick++) {
            struct world *w = packed_world(SIZE, 0);
            struct packed_cursor at;
            unsigned id;
            uint32_t i;
            packed_advance(w, start);
            (void)packed_lend(w, 0, 1, 0);
            at = peer()->avail;
            for (i = 0; i < 3u; i++) {
                add_ok(w, 0, i == 1u ? 2u : 1u, i + 1u);
            }
            packed_move(peer(), &at, pick == 0u ? 0u : pick + 1u); /* the last element of the list has the id */
            id = (unsigned)peer_get(w, packed_at(at.slot) + PACKED_ID, 2);
            forge(w, id, 1, PACKED_USED | PACKED_WRITE);
            assert_take_refused(w, VQG_RULE_USED_ID_OUTSTANDING, start % SIZE, id, pick == 1u ? 2 : 1);
            packed_revive(w, 4);
            world_free(w);
        }
    }
}

static void u3_packed_list_in_flight_comes_back_beside_hidden_ones(void **state)
{
    uint32_t start;
    (void)state;
    for (start = 0; start < LAPS; start++) {
        struct world *w = packed_world(SIZE, 0);
        uint16_t old;
        packed_advance(w, start);
        old = packed_lend(w, 0, 2, 1);
        packed_return(peer(), packed_lend(w, 0, 1, 2), 1); /* the younger comes back first */
        assert_ptr_equal(take_ok(w).cookie, cookie(2));
        add_ok(w, 0, 1, 3); /* in its place by now: the record of the old one must not be taken for this */
        add_ok(w, 0, 2, 4);
        packed_return(peer(), old, 1);
        assert_ptr_equal(take_ok(w).cookie, cookie(1));
        (void)vqg_driver_kick(&w->driver);
        packed_return(peer(), device_fetch(), 1);
        assert_ptr_equal(take_ok(w).cookie, cookie(3));
        world_free(w);
    }
}

static void u3_packed_list_of_two_laps_ago_is_no_hidden_one_that_begins_there(void **state)
{
    uint32_t start;
    uint32_t behind;
    (void)state;
    for (start = 0; start < LAPS; start++) {
        for (behind = 0; behind < 4u; behind++) {
            struct world *w = packed_world(SIZE, 0);
            uint16_t old;
            packed_advance(w, start);
            old = packed_lend(w, 0, 1, 1);
            packed_advance(w, LAPS - 1u - behind);
            add_ok(w, 0, 1, 2); /* they stand where the old one stood, or begin up to three elements before */
            add_ok(w, 0, 2, 3);
            add_ok(w, 0, 1, 4);
            packed_return(peer(), old, 1);
            assert_ptr_equal(take_ok(w).cookie, cookie(1));
            assert_idle(w);
            world_free(w);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(u3_packed_id_not_yet_published_latches),
    cmocka_unit_test(u3_packed_list_in_flight_comes_back_beside_hidden_ones),
    cmocka_unit_test(u3_packed_list_of_two_laps_ago_is_no_hidden_one_that_begins_there),
};

TEST_MAIN(tests)
