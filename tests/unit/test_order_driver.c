/* SPDX-License-Identifier: MIT */
/**
 * @file test_order_driver.c
 * @brief A driver whose chains come back in order, in either format: batches, and a device that lies about them.
 */
#include "order_driver_util.h"

static void o3_in_order_is_refused_unless_lengths_that_nobody_wrote_are_accepted(void **state)
{
    int packed;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        const uint64_t features = VQG_F_VERSION_1 | VQG_F_IN_ORDER | (packed != 0 ? VQG_F_RING_PACKED : 0u);
        struct world *w = world_new(SIZE, features);
        const struct vqg_violation *v = vqg_driver_violation(&w->driver);
        assert_int_equal(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, SIZE), VQG_BAD_FEATURES);
        assert_int_equal(v->rule, VQG_RULE_CLAIMED_LENGTH);
        assert_int_equal(v->value, features);
        assert_int_equal(v->limit, VQG_F_IN_ORDER);
        assert_quiet(w);
        assert_int_equal(vqg_ledger_init(&w->ledger, &w->queue, &w->policy, w->slots, SIZE), VQG_BAD_FEATURES);
        assert_int_equal(vqg_ledger_violation(&w->ledger)->rule, VQG_RULE_CLAIMED_LENGTH);
        assert_int_equal(test_port.count, 0);
        w->policy.accept_claimed = true;
        assert_int_equal(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, SIZE), VQG_OK);
        assert_int_equal(vqg_ledger_init(&w->ledger, &w->queue, &w->policy, w->slots, SIZE), VQG_OK);
        world_free(w);
    }
}

static void o1_one_element_completes_the_chains_up_to_its_own_in_order(void **state)
{
    int packed;
    uint32_t start;
    uint32_t n;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        for (start = 0; start < 2u * SIZE; start++) {
            for (n = 1; n <= 4u; n++) {
                struct world *w = order_world(packed != 0, 0, VQG_LENGTH_REJECT);
                struct flight f = {{0}, {0}, 0};
                size_t accesses = 0;
                uint32_t i;
                serve(w, packed != 0, start);
                for (i = 0; i < 4u; i++) {
                    send(w, packed != 0, &f, i % 2u, 1, i);
                }
                return_batch(w, packed != 0, &f, n, 11);
                for (i = 0; i < n; i++) {
                    struct vqg_done done =
                        assert_takes(w, i, i + 1u < n ? SEG_BYTES : 11u, i + 1u < n ? VQG_DONE_CLAIMED : 0u);
                    assert_int_equal(done.claimed, done.len);
                    assert_int_equal(done.count, 1u + i % 2u);
                    accesses = i == 0u ? test_port.count : accesses;
                }
                assert_int_equal(test_port.count, accesses); /* one element, fetched once */
                assert_idle(w);
                for (; i < 4u; i++) {
                    return_batch(w, packed != 0, &f, 1, 5);
                    (void)assert_takes(w, i, 5, 0);
                }
                assert_int_equal(vqg_driver_free(&w->driver), SIZE);
                serve(w, packed != 0, SIZE + 1u);
                world_free(w);
            }
        }
    }
}

static void o1_element_of_its_own_for_every_chain_claims_nothing(void **state)
{
    int packed;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        struct world *w = order_world(packed != 0, 0, VQG_LENGTH_REJECT);
        struct flight f = {{0}, {0}, 0};
        uint32_t i;
        for (i = 0; i < SIZE; i++) {
            send(w, packed != 0, &f, 0, 1, i);
        }
        for (i = 0; i < SIZE; i++) {
            return_batch(w, packed != 0, &f, 1, i);
        }
        for (i = 0; i < SIZE; i++) {
            (void)assert_takes(w, i, i, 0);
        }
        assert_idle(w);
        world_free(w);
    }
}

static void o2_batch_of_more_chains_than_the_index_says_latches(void **state)
{
    static const uint32_t starts[] = {0, 3, 7, 65533, 65535};
    size_t s;
    uint32_t said;
    uint32_t last;
    (void)state;
    for (s = 0; s < COUNT_OF(starts); s++) {
        for (last = 0; last < 4u; last++) {
            for (said = 1; said <= 4u; said++) {
                struct world *w = order_world(false, 0, VQG_LENGTH_REJECT);
                struct flight f = {{0}, {0}, 0};
                uint32_t i;
                serve(w, false, starts[s]);
                for (i = 0; i < 4u; i++) {
                    send(w, false, &f, 0, 2, i);
                }
                peer_used_elem(w, (uint16_t)starts[s], f.id[last], 1);
                peer_used_idx(w, (uint16_t)(starts[s] + said));
                if (last < said) {
                    assert_ptr_equal(take_ok(w).cookie, cookie(0));
                } else {
                    assert_take_refused(w, VQG_RULE_USED_BATCH, (uint16_t)starts[s], last + 1u, said);
                }
                world_free(w);
            }
        }
    }
}

static void o2_index_beyond_the_batch_begins_the_next_batch(void **state)
{
    struct world *w = order_world(false, 0, VQG_LENGTH_REJECT);
    struct flight f = {{0}, {0}, 0};
    uint32_t i;
    (void)state;
    for (i = 0; i < 5u; i++) {
        send(w, false, &f, 0, 1, i);
    }
    return_batch(w, false, &f, 2, 4);
    return_batch(w, false, &f, 3, 6);
    for (i = 0; i < 5u; i++) {
        bool last = i == 1u || i == 4u;
        (void)assert_takes(w, i, !last ? SEG_BYTES : i == 1u ? 4u : 6u, last ? 0u : VQG_DONE_CLAIMED);
    }
    assert_idle(w);
    world_free(w);
}

/* Writes an element with any id, for a batch of two. */
static void forge_batch(struct world *w, bool packed, uint32_t id, uint32_t len)
{
    if (packed) {
        forge(w, id, len, PACKED_USED | PACKED_WRITE);
    } else {
        split_return(w, id, len, 2);
    }
}

/* Three chains of two descriptors, the first of them back. */
static struct world *three_lent(bool packed, enum vqg_length_policy length, struct flight *f)
{
    struct world *w = order_world(packed, 0, length);
    uint32_t i;
    memset(f, 0, sizeof *f);
    for (i = 0; i < 3u; i++) {
        send(w, packed, f, 1, 1, i);
    }
    return_batch(w, packed, f, 1, 1);
    (void)take_ok(w);
    return w;
}

/* The next element has an id that no batch may end with: it is refused, at its place. */
static void assert_end_refused(struct world *w, bool packed, uint32_t id, enum vqg_rule rule, uint64_t limit)
{
    forge_batch(w, packed, id, 1);
    assert_take_refused(w, rule, packed ? 2u : 1u, id, limit);
    world_free(w);
}

static void u3_batch_up_to_an_id_that_is_not_outstanding_latches(void **state)
{
    int packed;
    uint32_t id;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        for (id = 0; id < SIZE; id++) {
            struct flight f;
            struct world *w = three_lent(packed != 0, VQG_LENGTH_REJECT, &f);
            if (id != f.id[0] && id != f.id[1]) {
                assert_end_refused(w, packed != 0, id, VQG_RULE_USED_ID_OUTSTANDING, 0);
            } else {
                world_free(w);
            }
        }
    }
}

static void u3_batch_up_to_an_id_not_yet_published_latches(void **state)
{
    int packed;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        struct flight f;
        struct world *w = three_lent(packed != 0, VQG_LENGTH_REJECT, &f);
        struct packed_cursor at = peer()->avail;
        uint32_t id;
        add_ok(w, 0, 1, 9);
        id = packed != 0 ? (uint32_t)peer_get(w, packed_at(at.slot) + PACKED_ID, 2) : peer_get_avail_entry(w, 3);
        assert_end_refused(w, packed != 0, id, VQG_RULE_USED_ID_OUTSTANDING, 1);
    }
}

static void u2_batch_up_to_an_id_behind_the_queue_latches(void **state)
{
    int packed;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        struct flight f;
        struct world *w = three_lent(packed != 0, VQG_LENGTH_REJECT, &f);
        assert_end_refused(w, packed != 0, SIZE, VQG_RULE_USED_ID_RANGE, SIZE);
    }
}

static void u5_length_of_a_batch_is_judged_before_any_of_it_is_handed_up(void **state)
{
    int packed;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        struct flight f;
        struct world *w = three_lent(packed != 0, VQG_LENGTH_REJECT, &f);
        forge_batch(w, packed != 0, f.id[1], SEG_BYTES + 1u);
        assert_take_refused(w, VQG_RULE_USED_LENGTH_MAX, f.id[1], SEG_BYTES + 1u, SEG_BYTES);
        world_free(w);
    }
}

static void u5_length_of_a_batch_is_clamped_at_its_last_chain(void **state)
{
    int packed;
    (void)state;
    for (packed = 0; packed < 2; packed++) {
        struct flight f;
        struct world *w = three_lent(packed != 0, VQG_LENGTH_CLAMP, &f);
        forge_batch(w, packed != 0, f.id[1], UINT32_MAX);
        (void)assert_takes(w, 1, SEG_BYTES, VQG_DONE_CLAIMED);
        assert_int_equal(assert_takes(w, 2, SEG_BYTES, VQG_DONE_CLAMPED).claimed, UINT32_MAX);
        assert_int_equal(vqg_driver_overlong(&w->driver), 1);
        world_free(w);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(o3_in_order_is_refused_unless_lengths_that_nobody_wrote_are_accepted),
    cmocka_unit_test(o1_one_element_completes_the_chains_up_to_its_own_in_order),
    cmocka_unit_test(o1_element_of_its_own_for_every_chain_claims_nothing),
    cmocka_unit_test(o2_batch_of_more_chains_than_the_index_says_latches),
    cmocka_unit_test(o2_index_beyond_the_batch_begins_the_next_batch),
    cmocka_unit_test(u3_batch_up_to_an_id_that_is_not_outstanding_latches),
    cmocka_unit_test(u3_batch_up_to_an_id_not_yet_published_latches),
    cmocka_unit_test(u2_batch_up_to_an_id_behind_the_queue_latches),
    cmocka_unit_test(u5_length_of_a_batch_is_judged_before_any_of_it_is_handed_up),
    cmocka_unit_test(u5_length_of_a_batch_is_clamped_at_its_last_chain),
};

TEST_MAIN(tests)
