/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_driver.c
 * @brief What a driver writes into a packed ring, and when a device may see it: lists, tables, ids, and a new life.
 */
#include "packed_driver_util.h"

static const uint32_t sizes[] = {1, 2, 3, 5, 7, 8, 1000, 32768};

/* The list of `n` segments that begins at `at`, as a device reads it. */
static void assert_list(const struct world *w, struct packed_cursor at, const struct vqg_seg *seg, uint32_t n,
                        bool published)
{
    const uint64_t last_id = peer_get(w, packed_at((at.slot + n - 1u) % w->size) + PACKED_ID, 2);
    uint32_t i;
    assert_true(last_id < w->size);
    for (i = 0; i < n; i++) {
        unsigned flags = packed_turned(at, PACKED_AVAILABLE) | (seg[i].write ? PACKED_WRITE : 0u) |
                         (i + 1u < n ? PACKED_NEXT : 0u);
        assert_int_equal(peer_get(w, packed_at(at.slot) + PACKED_ADDR, 8), seg[i].addr);
        assert_int_equal(peer_get(w, packed_at(at.slot) + PACKED_LEN, 4), seg[i].len);
        if (i != 0u || published) {
            assert_int_equal(peer_get(w, packed_at(at.slot) + PACKED_FLAGS, 2), flags);
        }
        packed_move(peer(), &at, 1);
    }
}

/* Neither available nor used, to a device that stands there. */
static void assert_hidden(const struct world *w)
{
    const struct packed_cursor at = peer()->avail;
    unsigned flags = (unsigned)peer_get(w, packed_at(at.slot) + PACKED_FLAGS, 2) & PACKED_TURN;
    uint16_t id;
    assert_int_not_equal(flags, packed_turned(at, PACKED_AVAILABLE));
    assert_int_not_equal(flags, packed_turned(at, PACKED_USED));
    assert_false(packed_fetch(peer(), &id));
}

static void q3_lists_of_any_length_stand_right_at_any_place_of_a_ring_of_any_size(void **state)
{
    size_t s;
    (void)state;
    for (s = 0; s < COUNT_OF(sizes); s++) {
        struct world *w = packed_world(sizes[s], 0);
        uint32_t longest = sizes[s] < CHAIN_MAX ? sizes[s] : CHAIN_MAX;
        uint32_t turn;
        packed_advance(w, sizes[s] > 100u ? sizes[s] - 20u : 0u);
        for (turn = 0; turn < 20u * longest; turn++) {
            uint32_t n = 1u + turn % longest;
            uint32_t out = turn / 3u % (n + 1u);
            struct vqg_seg seg[CHAIN_MAX];
            struct vqg_done done;
            uint16_t id;
            make_segs(seg, out, n - out);
            assert_int_equal(vqg_driver_add(&w->driver, seg, n, cookie(turn)), VQG_OK);
            assert_list(w, peer()->avail, seg, n, false);
            assert_hidden(w);
            assert_true(vqg_driver_kick(&w->driver));
            assert_list(w, peer()->avail, seg, n, true);
            id = device_fetch();
            assert_int_equal(peer()->count[id], n);
            packed_return(peer(), id, (n - out) * SEG_BYTES / 2u);
            done = take_ok(w);
            assert_ptr_equal(done.cookie, cookie(turn));
            assert_int_equal(done.len, (n - out) * SEG_BYTES / 2u);
            assert_int_equal(done.claimed, done.len);
            assert_int_equal(done.count, n);
            assert_int_equal(done.id, id);
            assert_int_equal(done.flags, 0);
        }
        assert_int_equal(vqg_driver_free(&w->driver), sizes[s]);
        assert_idle(w);
        world_free(w);
    }
}

static void p10_nothing_is_available_before_the_kick_and_one_store_shows_it_all(void **state)
{
    static const uint32_t lengths[] = {2, 1, 3, 1};
    uint32_t size;
    (void)state;
    for (size = 7; size <= 9u; size++) {
        uint32_t start;
        for (start = 0; start < 2u * size; start++) { /* each place of two laps: in some the lists wrap */
            struct world *w = packed_world(size, 0);
            uint64_t first;
            size_t i;
            packed_advance(w, start);
            first = packed_at(peer()->avail.slot);
            test_port_reset();
            for (i = 0; i < COUNT_OF(lengths); i++) {
                add_ok(w, 1, lengths[i] - 1u, (uint32_t)i);
                assert_hidden(w);
            }
            assert_int_equal(test_port.loads, 0);
            for (i = 0; i < test_port.count; i++) {
                assert_false(test_port.log[i].ordered);
            }
            test_port_reset();
            assert_true(vqg_driver_kick(&w->driver));
            assert_int_equal(test_port.stores, 1);
            assert_access(w, 0, true, first + PACKED_FLAGS, 2, true); /* everything else stood there before */
            for (i = 0; i < COUNT_OF(lengths); i++) {
                assert_int_equal(peer()->count[device_fetch()], lengths[i]);
            }
            assert_hidden(w);
            world_free(w);
        }
    }
}

/* The add is refused, and nothing is different from before. */
static void assert_add_refused(struct world *w, const struct vqg_request *r, enum vqg_status st)
{
    struct world_copy *before = world_copy(w);
    size_t accesses = test_port.count;
    assert_int_equal(vqg_driver_add_request(&w->driver, r), st);
    assert_int_equal(test_port.count, accesses);
    world_assert_unchanged(w, before);
    assert_hidden(w);
}

static void p10_an_add_that_fails_leaves_no_element_available(void **state)
{
    int added;
    (void)state;
    for (added = 0; added < 2; added++) { /* with and without a list that waits for its kick */
        struct world *w = packed_world(7, VQG_F_INDIRECT_DESC);
        struct vqg_seg seg[8];
        struct vqg_request r = {seg, 3, 0, cookie(1), NULL, 0, 8};
        make_segs(seg, 1, 7);
        (void)packed_lend(w, 1, 3, 2); /* 3 are free */
        if (added != 0) {
            add_ok(w, 1, 0, 3);
        }
        r.count = 0;
        assert_add_refused(w, &r, VQG_BAD_COUNT);
        r.count = 8;
        assert_add_refused(w, &r, VQG_BAD_COUNT);
        r.count = added != 0 ? 3 : 4;
        assert_add_refused(w, &r, VQG_FULL);
        r.count = 2;
        r.min_length = SEG_BYTES + 1u;
        assert_add_refused(w, &r, VQG_BAD_LENGTH);
        r.min_length = 0;
        seg[1].len = 0; /* the second: the first could stand in the ring by then */
        assert_add_refused(w, &r, VQG_BAD_SEGMENT);
        seg[1].len = SEG_BYTES;
        seg[0].write = true;
        seg[1].write = false;
        assert_add_refused(w, &r, VQG_BAD_SEGMENT);
        r.table = world_at(w, WORLD_TABLES + 8u);
        assert_add_refused(w, &r, VQG_BAD_TABLE);
        assert_int_equal(vqg_driver_kick(&w->driver), added != 0);
        if (added != 0) {
            assert_int_equal(peer()->count[device_fetch()], 1);
        }
        assert_hidden(w);
        world_free(w);
    }
}

static void p7_lists_in_flight_and_added_never_take_more_than_the_ring(void **state)
{
    size_t s;
    (void)state;
    for (s = 0; s < COUNT_OF(sizes); s++) {
        struct world *w = packed_world(sizes[s], 0);
        struct vqg_seg seg[2];
        uint16_t last = 0;
        uint32_t i;
        make_segs(seg, 0, 2);
        packed_advance(w, sizes[s] / 2u);
        for (i = 0; i < sizes[s]; i++) {
            assert_int_equal(vqg_driver_free(&w->driver), sizes[s] - i);
            add_ok(w, 0, 1, i);
            if (i % 3u == 0u) {
                (void)vqg_driver_kick(&w->driver);
            }
        }
        assert_int_equal(vqg_driver_add(&w->driver, seg, 1, cookie(0)), VQG_FULL);
        assert_int_equal(vqg_driver_free(&w->driver), 0);
        (void)vqg_driver_kick(&w->driver);
        for (i = 0; i < sizes[s]; i++) {
            uint16_t id = device_fetch();
            last = id > last ? id : last;
        }
        assert_int_equal(last, sizes[s] - 1u); /* the largest id there is */
        packed_return(peer(), last, 1);
        assert_int_equal(take_ok(w).id, last);
        if (sizes[s] > 1u) {
            assert_int_equal(vqg_driver_add(&w->driver, seg, 2, cookie(0)), VQG_FULL);
        }
        assert_int_equal(vqg_driver_add(&w->driver, seg, 1, cookie(0)), VQG_OK);
        world_free(w);
    }
}

/* Lists of any length, returned in any order, over many laps; a plain count of what is free beside it. */
static void ids_are_used_again_and_lists_come_back_in_any_order(void **state)
{
    size_t s;
    (void)state;
    for (s = 0; s + 1u < COUNT_OF(sizes); s++) {
        static uint32_t number[65536]; /* of the request with that id, 0: none in flight */
        static uint16_t flying[1000];
        struct world *w = packed_world(sizes[s], 0);
        uint32_t longest = sizes[s] < CHAIN_MAX ? sizes[s] : CHAIN_MAX;
        uint32_t free_count = sizes[s];
        uint32_t count = 0;
        uint32_t turn;
        uint64_t x = 0x9e3779b97f4a7c15u;
        memset(number, 0, sizeof number);
        for (turn = 1; turn < 20000u; turn++) {
            uint32_t n = 1u + dice(&x, longest);
            if (dice(&x, 2) != 0u && n <= free_count) {
                uint16_t id = packed_lend(w, 0, n, turn);
                assert_true(id < sizes[s]);
                assert_int_equal(number[id], 0);
                assert_int_equal(peer()->count[id], n);
                number[id] = turn;
                flying[count++] = id;
                free_count -= n;
            } else if (count != 0u) {
                uint32_t which = dice(&x, count);
                uint16_t id = flying[which];
                struct vqg_done done;
                flying[which] = flying[--count];
                packed_return(peer(), id, peer()->count[id]);
                done = take_ok(w);
                assert_ptr_equal(done.cookie, cookie(number[id]));
                assert_int_equal(done.len, peer()->count[id]);
                assert_int_equal(done.count, peer()->count[id]);
                number[id] = 0;
                free_count += done.count;
            }
            assert_int_equal(vqg_driver_free(&w->driver), free_count);
        }
        world_free(w);
    }
}

static void table_of_a_packed_queue_has_entries_one_behind_the_other(void **state)
{
    uint32_t start;
    (void)state;
    for (start = 0; start < 6u; start++) {
        struct world *w = world_new(3, VQG_F_RING_PACKED | VQG_F_INDIRECT_DESC);
        struct vqg_seg seg[8];
        struct vqg_request r = {seg, 8, 0, cookie(5), NULL, world_addr(WORLD_TABLES), 8};
        struct vqg_done done;
        uint32_t i;
        w->policy.max_elements = 8;
        packed_begin(w);
        packed_advance(w, start);
        make_segs(seg, 3, 5);
        r.table = world_at(w, WORLD_TABLES);
        assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
        assert_hidden(w);
        assert_true(vqg_driver_kick(&w->driver));
        i = peer()->avail.slot;
        assert_int_equal(peer_get(w, packed_at(i) + PACKED_FLAGS, 2),
                         packed_turned(peer()->avail, PACKED_AVAILABLE) | PACKED_INDIRECT);
        assert_int_equal(peer_get(w, packed_at(i) + PACKED_ADDR, 8), world_addr(WORLD_TABLES));
        assert_int_equal(peer_get(w, packed_at(i) + PACKED_LEN, 4), 8u * 16u);
        assert_int_equal(vqg_driver_free(&w->driver), 2);
        for (i = 0; i < 8u; i++) {
            const uint64_t at = WORLD_TABLES + 16u * (uint64_t)i;
            assert_int_equal(peer_get(w, at + PACKED_ADDR, 8), seg[i].addr);
            assert_int_equal(peer_get(w, at + PACKED_LEN, 4), seg[i].len);
            assert_int_equal(peer_get(w, at + PACKED_FLAGS, 2), seg[i].write ? PACKED_WRITE : 0u);
        }
        packed_return(peer(), device_fetch(), 5u * SEG_BYTES);
        done = take_ok(w);
        assert_int_equal(done.len, 5u * SEG_BYTES);
        assert_int_equal(done.count, 1);
        assert_int_equal(vqg_driver_free(&w->driver), 3);
        world_free(w);
    }
}

static void r3_reset_gives_every_list_back_once_and_begins_in_the_first_lap(void **state)
{
    uint32_t start;
    (void)state;
    for (start = 0; start < 14u; start++) {
        struct world *w = packed_world(7, start % 2u != 0u ? VQG_F_EVENT_IDX : 0u);
        struct vqg_done done;
        packed_advance(w, start);
        (void)packed_lend(w, 1, 2, 1);
        packed_return(peer(), packed_lend(w, 0, 1, 2), 1); /* never taken */
        add_ok(w, 0, 1, 3);                                /* never published */
        assert_int_equal(vqg_driver_reset(&w->driver), VQG_OK);
        assert_int_equal(vqg_driver_reclaim(&w->driver, &done), VQG_BAD_STATE);
        assert_quiet(w);
        packed_revive(w, 3);
        world_free(w);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(q3_lists_of_any_length_stand_right_at_any_place_of_a_ring_of_any_size),
    cmocka_unit_test(p10_nothing_is_available_before_the_kick_and_one_store_shows_it_all),
    cmocka_unit_test(p10_an_add_that_fails_leaves_no_element_available),
    cmocka_unit_test(p7_lists_in_flight_and_added_never_take_more_than_the_ring),
    cmocka_unit_test(ids_are_used_again_and_lists_come_back_in_any_order),
    cmocka_unit_test(table_of_a_packed_queue_has_entries_one_behind_the_other),
    cmocka_unit_test(r3_reset_gives_every_list_back_once_and_begins_in_the_first_lap),
};

TEST_MAIN(tests)
