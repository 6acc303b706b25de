/* SPDX-License-Identifier: MIT */
/**
 * @file test_order_round.c
 * @brief A driver with IN_ORDER over many laps: descriptors round and round, and what happens in the middle of a batch.
 */
#include "order_driver_util.h"

static void descriptors_of_a_split_queue_are_used_round_and_round(void **state)
{
    uint32_t size;
    (void)state;
    for (size = 1; size <= 16u; size *= 2u) {
        struct world *w = world_new(size, VQG_F_IN_ORDER);
        uint32_t expected = 0; /* the next descriptor (2.7.5.2) */
        uint32_t turn;
        w->policy.accept_claimed = true;
        world_start_driver(w);
        for (turn = 0; turn < 20u * size; turn++) {
            uint32_t n = 1u + turn % size;
            uint16_t head = lend(w, 0, n, turn);
            uint32_t i;
            assert_int_equal(head, expected % size);
            for (i = 0; i < n; i++, expected++) {
                const uint64_t at = WORLD_DESC + 16u * (uint64_t)(expected % size);
                bool last = i + 1u == n;
                assert_int_equal(peer_get(w, at, 8), world_addr(WORLD_DATA + SEG_BYTES * (uint64_t)i));
                assert_int_equal(peer_get(w, at + 12u, 2), last ? 2 : 3);
                if (!last) {
                    assert_int_equal(peer_get(w, at + 14u, 2), (expected + 1u) % size);
                }
            }
            complete(w, head, 1);
            assert_ptr_equal(take_ok(w).cookie, cookie(turn));
        }
        world_free(w);
    }
}

static void descriptors_of_a_split_queue_go_on_where_they_stopped_when_others_come_back(void **state)
{
    struct world *w = order_world(false, VQG_F_INDIRECT_DESC, VQG_LENGTH_REJECT);
    struct vqg_seg seg[3];
    struct vqg_request r = {seg, 3, 0, cookie(9), NULL, world_addr(WORLD_TABLES), 3};
    struct flight f = {{0}, {0}, 0};
    uint32_t expected = 0;
    uint32_t turn;
    (void)state;
    r.table = world_at(w, WORLD_TABLES);
    make_segs(seg, 1, 2);
    for (turn = 0; turn < 50u; turn++) {
        uint32_t room = vqg_driver_free(&w->driver);
        uint32_t batch;
        uint32_t n;
        for (n = 1; n <= room; room = vqg_driver_free(&w->driver), n++) {
            send(w, false, &f, 0, n, turn);
            assert_int_equal(f.id[f.n - 1u], expected % SIZE);
            expected += n;
        }
        if (room != 0u) { /* a table takes one */
            uint32_t i;
            assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
            (void)vqg_driver_kick(&w->driver);
            f.id[f.n] = peer_get_avail_entry(w, (uint16_t)(peer_get_avail_idx(w) - 1u));
            assert_int_equal(f.id[f.n], expected % SIZE);
            f.count[f.n++] = 1;
            expected++;
            for (i = 0; i < 3u; i++) {
                assert_int_equal(peer_get(w, WORLD_TABLES + 16u * (uint64_t)i + 14u, 2), i < 2u ? i + 1u : 0u);
            }
        }
        batch = 1u + turn % f.n;
        return_batch(w, false, &f, batch, 1);
        for (; batch != 0u; batch--) {
            (void)take_ok(w);
        }
    }
    world_free(w);
}

/* Three in one batch, of which the first is handed up. */
static struct world *in_the_middle(bool packed, uint64_t features, uint32_t start, struct flight *f)
{
    struct world *w = order_world(packed, features, VQG_LENGTH_REJECT);
    uint32_t i;
    memset(f, 0, sizeof *f);
    serve(w, packed, start);
    for (i = 0; i < 4u; i++) {
        send(w, packed, f, i % 2u, 1, i);
    }
    return_batch(w, packed, f, 3, 9);
    (void)assert_takes(w, 0, SEG_BYTES, VQG_DONE_CLAIMED);
    return w;
}

/* The other two, and no more. */
static void take_the_rest(struct world *w)
{
    (void)assert_takes(w, 1, SEG_BYTES, VQG_DONE_CLAIMED);
    (void)assert_takes(w, 2, 9, 0);
    assert_idle(w);
}

static void o1_chains_published_in_the_middle_of_a_batch_are_not_of_it(void **state)
{
    int packed;
    uint32_t start;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        for (start = 0; start < 2u * SIZE; start++) {
            struct flight f;
            struct world *w = in_the_middle(packed != 0, 0, start, &f);
            send(w, packed != 0, &f, 0, 1, 4);
            add_ok(w, 0, 1, 5);
            take_the_rest(w);
            return_batch(w, packed != 0, &f, 2, 6);
            (void)assert_takes(w, 3, SEG_BYTES, VQG_DONE_CLAIMED);
            (void)assert_takes(w, 4, 6, 0);
            assert_idle(w);
            assert_int_equal(vqg_driver_free(&w->driver), SIZE - 1u);
            world_free(w);
        }
    }
}

static void r4_rest_of_a_batch_does_not_outlive_a_reset(void **state)
{
    int packed;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        struct flight f;
        struct world *w = in_the_middle(packed != 0, 0, 5, &f);
        assert_int_equal(vqg_driver_reset(&w->driver), VQG_OK);
        assert_quiet(w);
        assert_int_equal(vqg_driver_reset_acked(&w->driver), VQG_OK);
        assert_int_equal(reclaim_all(w), 3);
        assert_int_equal(vqg_driver_restart(&w->driver), VQG_OK);
        packed_start(peer(), w);
        assert_idle(w);
        memset(&f, 0, sizeof f);
        send(w, packed != 0, &f, 0, 1, 20);
        assert_idle(w);
        return_batch(w, packed != 0, &f, 1, 2);
        assert_ptr_equal(take_ok(w).cookie, cookie(20));
        serve(w, packed != 0, 2u * SIZE + 1u);
        world_free(w);
    }
}

/* Who enables callbacks while the rest of a batch waits is told to take: no interrupt will come for it. */
static void e3_callbacks_enabled_in_the_middle_of_a_batch_say_that_more_is_there(void **state)
{
    int packed;
    int event_idx;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        for (event_idx = 0; event_idx < 2; event_idx++) {
            struct flight f;
            struct world *w = in_the_middle(packed != 0, event_idx != 0 ? VQG_F_EVENT_IDX : 0u, 0, &f);
            vqg_driver_callback_disable(&w->driver);
            assert_true(vqg_driver_callback_enable(&w->driver));
            take_the_rest(w);
            assert_false(vqg_driver_callback_enable(&w->driver));
            if (event_idx != 0) { /* armed for what comes next, not for what is past */
                assert_int_equal(peer_get(w, packed != 0 ? WORLD_AVAIL : WORLD_AVAIL + 4u + 2u * SIZE, 2),
                                 packed != 0 ? packed_word(peer()->used) : peer_get_used_idx(w));
            }
            world_free(w);
        }
    }
}

static void e3_batch_whose_element_was_accepted_by_enabling_callbacks_stays_so(void **state)
{
    int packed;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        struct world *w = order_world(packed != 0, 0, VQG_LENGTH_REJECT);
        struct flight f = {{0}, {0}, 0};
        uint32_t i;
        for (i = 0; i < 3u; i++) {
            send(w, packed != 0, &f, 0, 1, i);
        }
        return_batch(w, packed != 0, &f, 3, 9);
        assert_true(vqg_driver_callback_enable(&w->driver));
        if (packed != 0) { /* the device takes it back */
            peer_put(w, packed_at(0) + PACKED_FLAGS, 2, 0x0080);
        } else {
            peer_used_idx(w, 0);
        }
        assert_true(vqg_driver_callback_enable(&w->driver));
        assert_ptr_equal(take_ok(w).cookie, cookie(0));
        assert_ptr_equal(take_ok(w).cookie, cookie(1));
        assert_int_equal(take_ok(w).len, 9);
        world_free(w);
    }
}

static void batches_of_any_size_over_many_laps_lose_nothing(void **state)
{
    int packed;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        struct world *w = order_world(packed != 0, VQG_F_EVENT_IDX, VQG_LENGTH_REJECT);
        struct flight f = {{0}, {0}, 0};
        uint64_t x = 0x9e3779b97f4a7c15u;
        uint32_t sent = 0;
        uint32_t taken = 0;
        uint32_t turn;
        for (turn = 0; turn < 10000u; turn++) {
            uint32_t n = 1u + dice(&x, 4);
            if (dice(&x, 2) != 0u && n <= vqg_driver_free(&w->driver)) {
                send(w, packed != 0, &f, 0, n, sent % 1000u);
                sent++;
            } else if (f.n != 0u) {
                uint32_t batch = 1u + dice(&x, f.n);
                uint32_t count[SIZE];
                uint32_t i;
                memcpy(count, f.count, sizeof count);
                return_batch(w, packed != 0, &f, batch, n);
                for (i = 0; i < batch; i++, taken++) {
                    bool last = i + 1u == batch;
                    (void)assert_takes(w, taken % 1000u, last ? n : count[i] * SEG_BYTES, last ? 0u : VQG_DONE_CLAIMED);
                }
                assert_idle(w);
            }
        }
        assert_in_range(taken, 2000, 10000);
        world_free(w);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(descriptors_of_a_split_queue_are_used_round_and_round),
    cmocka_unit_test(descriptors_of_a_split_queue_go_on_where_they_stopped_when_others_come_back),
    cmocka_unit_test(o1_chains_published_in_the_middle_of_a_batch_are_not_of_it),
    cmocka_unit_test(r4_rest_of_a_batch_does_not_outlive_a_reset),
    cmocka_unit_test(e3_callbacks_enabled_in_the_middle_of_a_batch_say_that_more_is_there),
    cmocka_unit_test(e3_batch_whose_element_was_accepted_by_enabling_callbacks_stays_so),
    cmocka_unit_test(batches_of_any_size_over_many_laps_lose_nothing),
};

TEST_MAIN(tests)
