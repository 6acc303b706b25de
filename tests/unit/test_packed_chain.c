/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_chain.c
 * @brief The lists of a hostile driver of a packed queue, as such (P3, P4, P5, S4, C2, C7).
 */
#include "packed_device_util.h"

static void p3_list_longer_than_what_is_not_in_flight_is_refused_before_the_fetch(void **state)
{
    uint32_t flying;
    uint32_t back;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        /* Some lists are in flight, and `back` of them are returned and not published: they count still. */
        for (flying = 0; flying <= 7u; flying++) {
            for (back = 0; back <= flying; back++) {
                struct packed_peer *p = packed_new(7, 0);
                struct packed_cursor at = packed_begins[i];
                uint32_t room = 7u - flying;
                struct pool pool;
                uint32_t n;
                pool_init(&pool);
                p->w->policy.max_elements = 30;
                world_start_device(p->w);
                packed_begin(p, at.slot, at.wrap);
                for (n = 0; n < flying; n++) {
                    packed_list(p, 1, (uint16_t)n);
                    assert_pops(p->w, &pool.chain[n]);
                }
                for (n = 0; n < back; n++) {
                    assert_status(vqg_device_push(&p->w->device, &pool.chain[n], 0), VQG_OK);
                }
                packed_list(p, room + 1u, 6);
                test_port_reset();
                vqg_chain_init(&p->w->chain, p->w->segs, WORLD_SEGS);
                assert_refused(p->w, VQG_RULE_LIST_BOUND, packed_slot(p, at, 7), room + 1u, room);
                packed_restart(p);
                packed_serves(p);
                packed_free(p);
            }
        }
    }
}

static void p3_no_element_beyond_the_room_is_fetched(void **state)
{
    uint32_t flying;
    (void)state;
    for (flying = 0; flying <= 7u; flying++) {
        struct packed_peer *p = packed_live(7, 0);
        struct pool pool;
        uint32_t room = 7u - flying;
        pool_init(&pool);
        packed_begin(p, 5, true);
        if (flying != 0u) {
            packed_list(p, flying, 1);
            assert_pops(p->w, &pool.chain[0]);
        }
        packed_list(p, room + 1u, 6);
        test_port_reset();
        assert_status(vqg_device_pop(&p->w->device, &pool.chain[1]), VQG_V_LIST_BOUND);
        assert_int_equal(test_port.loads, room == 0u ? 1u : 4u + 2u * (room - 1u));
        packed_free(p);
    }
}

static void p3_list_of_all_that_is_not_in_flight_passes_and_more_after_it_was_published(void **state)
{
    uint32_t flying;
    (void)state;
    for (flying = 1; flying <= 7u; flying++) {
        struct packed_peer *p = packed_live(7, 0);
        struct pool pool;
        pool_init(&pool);
        packed_begin(p, 3, false);
        packed_list(p, flying, 1);
        assert_pops(p->w, &pool.chain[0]);
        if (flying != 7u) {
            packed_list(p, 7u - flying, 2);
            assert_pops(p->w, &pool.chain[1]);
            assert_packed_list(&pool.chain[1], 7u - flying, 2);
        }
        assert_status(vqg_device_push(&p->w->device, &pool.chain[0], 0), VQG_OK);
        assert_true(vqg_device_notify(&p->w->device));
        assert_collects(p, 1, 0);
        packed_list(p, flying, 1);
        assert_pops(p->w, &pool.chain[2]);
        assert_packed_list(&pool.chain[2], flying, 1);
        packed_free(p);
    }
}

static void p4_member_that_is_not_available_in_its_own_lap_is_refused(void **state)
{
    static const unsigned laps[4] = {0, 0x0080, 0x8000, 0x8080};
    uint32_t k;
    size_t i;
    size_t f;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        for (k = 1; k < 4u; k++) {
            for (f = 0; f < COUNT_OF(laps); f++) {
                struct packed_peer *p = packed_live(7, 0);
                struct packed_cursor at = packed_begins[i];
                unsigned wanted;
                unsigned flags;
                packed_begin(p, at.slot, at.wrap);
                packed_list(p, 4, 5);
                packed_move(p, &at, k);
                wanted = packed_turned(at, PACKED_AVAILABLE);
                flags = laps[f] | (k < 3u ? PACKED_NEXT : PACKED_WRITE);
                peer_put(p->w, packed_at(at.slot) + PACKED_FLAGS, 2, flags);
                if (laps[f] == wanted) {
                    assert_pops(p->w, &p->w->chain);
                    assert_packed_list(&p->w->chain, 4, 5);
                    assert_status(vqg_device_push(&p->w->device, &p->w->chain, 0), VQG_OK);
                } else {
                    packed_refused(p, VQG_RULE_MEMBER_AVAILABLE, at.slot, flags, wanted);
                }
                packed_free(p);
            }
        }
    }
}

static void p5_id_at_or_above_the_size_is_refused(void **state)
{
    static const uint32_t sizes[] = {1, 3, 7, 8, 1000};
    size_t i;
    uint32_t n;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        const uint16_t ids[] = {(uint16_t)sizes[i], (uint16_t)(sizes[i] + 1u), 32768, 65535};
        size_t k;
        for (k = 0; k < COUNT_OF(ids); k++) {
            for (n = 1; n <= 3u && n <= sizes[i]; n++) {
                struct packed_peer *p = packed_live(sizes[i], 0);
                packed_begin(p, sizes[i] - 1u, true);
                packed_list(p, n, ids[k]);
                packed_refused(p, VQG_RULE_BUFFER_ID_RANGE, (sizes[i] + n - 2u) % sizes[i], ids[k], sizes[i]);
                packed_free(p);
            }
        }
    }
}

static void p5_id_passes_the_speculation_hook(void **state)
{
    struct packed_peer *p = packed_live(7, 0);
    (void)state;
    packed_list(p, 3, 6);
    test_port_reset();
    assert_pops(p->w, &p->w->chain);
    assert_int_equal(test_port.nospecs, 1);
    packed_free(p);
}

static void s4_id_that_is_in_flight_is_refused(void **state)
{
    uint32_t n;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        for (n = 1; n <= 4u; n++) {
            struct packed_peer *p = packed_live(7, 0);
            struct packed_cursor at = packed_begins[i];
            struct pool pool;
            pool_init(&pool);
            packed_begin(p, at.slot, at.wrap);
            packed_list(p, 1, 0);
            packed_list(p, 2, 6);
            assert_pops(p->w, &pool.chain[0]);
            assert_pops(p->w, &pool.chain[1]);
            packed_list(p, n, n % 2u != 0u ? 6 : 0);
            packed_refused(p, VQG_RULE_HEAD_IN_FLIGHT, packed_slot(p, at, 3u + n - 1u), n % 2u != 0u ? 6 : 0, 0);
            /* What was in flight is not lost, and stale. */
            assert_status(vqg_device_push(&p->w->device, &pool.chain[1], 0), VQG_STALE);
            assert_status(vqg_device_push(&p->w->device, &pool.chain[0], 0), VQG_STALE);
            packed_free(p);
        }
    }
}

static void c2_list_longer_than_the_policy_is_refused(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        struct packed_peer *p = packed_new(7, 0);
        struct packed_cursor at = packed_begins[i];
        p->w->policy.max_elements = 3;
        world_start_device(p->w);
        packed_begin(p, at.slot, at.wrap);
        packed_list(p, 3, 1);
        assert_pops(p->w, &p->w->chain);
        assert_packed_list(&p->w->chain, 3, 1);
        assert_status(vqg_device_push(&p->w->device, &p->w->chain, 0), VQG_OK);
        assert_true(vqg_device_notify(&p->w->device));
        packed_list(p, 7, 1);
        test_port_reset();
        assert_refused(p->w, VQG_RULE_CHAIN_BOUND, packed_slot(p, at, 3u + 3u), 4, 3);
        packed_restart(p);
        packed_serves(p);
        packed_free(p);
    }
}

static void c7_reserved_flag_is_refused_in_any_element(void **state)
{
    unsigned bit;
    uint32_t k;
    (void)state;
    for (bit = 3; bit < 15u; bit++) {
        for (k = 0; k < 3u && bit != 7u; k++) {
            struct packed_peer *p = packed_live(7, VQG_F_INDIRECT_DESC);
            struct packed_cursor at = {5, false};
            unsigned flags;
            packed_begin(p, at.slot, at.wrap);
            packed_list(p, 3, 4);
            packed_move(p, &at, k);
            flags = packed_turned(at, PACKED_AVAILABLE) | 1u << bit | (k < 2u ? PACKED_NEXT : PACKED_WRITE);
            peer_put(p->w, packed_at(at.slot) + PACKED_FLAGS, 2, flags);
            packed_refused(p, VQG_RULE_RESERVED_FLAGS, at.slot, flags, 0x8087);
            packed_free(p);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(p3_list_longer_than_what_is_not_in_flight_is_refused_before_the_fetch),
    cmocka_unit_test(p3_no_element_beyond_the_room_is_fetched),
    cmocka_unit_test(p3_list_of_all_that_is_not_in_flight_passes_and_more_after_it_was_published),
    cmocka_unit_test(p4_member_that_is_not_available_in_its_own_lap_is_refused),
    cmocka_unit_test(p5_id_at_or_above_the_size_is_refused),
    cmocka_unit_test(p5_id_passes_the_speculation_hook),
    cmocka_unit_test(s4_id_that_is_in_flight_is_refused),
    cmocka_unit_test(c2_list_longer_than_the_policy_is_refused),
    cmocka_unit_test(c7_reserved_flag_is_refused_in_any_element),
};

TEST_MAIN(tests)
