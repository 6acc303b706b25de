/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_numbers.c
 * @brief A device's chains by number: who has a descriptor, chains that a reset left, and a table that changes.
 */
#include "device_util.h"

/* Two descriptors from `head` on, linked. */
static void pair(const struct world *w, uint16_t head)
{
    element(w, head, WORLD_DATA, 16, D_NEXT, head + 1u);
    plain(w, head + 1u);
}

/* A device that works on the pair from 6 on. */
static struct world *with_pair(struct pool *p)
{
    struct world *w = device_new(8, 0);
    pool_init(p);
    pair(w, 6);
    peer_make_available(w, 0, 6);
    assert_pops(w, &p->chain[0]);
    return w;
}

/* The chain is done with, and the driver may use its descriptors again. */
static void serve(struct world *w, struct vqg_chain *c)
{
    assert_status(vqg_device_push(&w->device, c, 0), VQG_OK);
    (void)vqg_device_notify(&w->device);
}

static void s5_chain_that_is_pushed_frees_all_its_descriptors_at_once(void **state)
{
    struct world *w = device_new(8, 0);
    struct pool p;
    uint16_t i;
    (void)state;
    pool_init(&p);
    for (i = 0; i < 7u; i++) {
        element(w, i, WORLD_DATA, 16, D_NEXT, i + 1u);
    }
    plain(w, 7);
    peer_make_available(w, 0, 0);
    assert_pops(w, &p.chain[0]);
    serve(w, &p.chain[0]);
    for (i = 0; i < 8u; i++) { /* each by itself, the former head among them */
        plain(w, 7u - i);
        peer_make_available(w, (uint16_t)(1u + i), (uint16_t)(7u - i));
        assert_pops(w, &p.chain[1u + i]);
    }
    world_free(w);
}

static void c2_loop_in_its_own_chain_is_no_shared_descriptor(void **state)
{
    uint16_t back;
    (void)state;
    for (back = 0; back < 3u; back++) {
        struct pool p;
        struct world *w = with_pair(&p);
        element(w, 0, WORLD_DATA, 16, D_NEXT, 1);
        element(w, 1, WORLD_DATA, 16, D_NEXT, 2);
        element(w, 2, WORLD_DATA, 16, D_NEXT, back);
        peer_make_available(w, 1, 0);
        assert_refused_until_reset(w, VQG_RULE_CHAIN_BOUND, back, 4, 3);
        world_free(w);
    }
}

static void s5_link_into_another_chain_names_its_head(void **state)
{
    uint16_t into;
    (void)state;
    for (into = 6; into < 8u; into++) {
        struct pool p;
        struct world *w = with_pair(&p);
        element(w, 0, WORLD_DATA, 16, D_NEXT, into);
        peer_make_available(w, 1, 0);
        assert_refused_until_reset(w, VQG_RULE_SHARED_DESCRIPTOR, into, into, 6);
        world_free(w);
    }
}

/* Chains that a driver may send, in flight while the numbers begin again: none is refused. */
static void s5_numbers_that_begin_again_refuse_nobody(void **state)
{
    uint32_t before;
    (void)state;
    for (before = 0; before < 12u; before++) {
        struct world *w = device_new(8, 0);
        struct pool p;
        uint16_t position = 0;
        uint32_t turn;
        pool_init(&p);
        w->device.record.serial = UINT32_MAX - before;
        for (turn = 0; turn < 40u; turn++) {
            struct vqg_chain *c = &p.chain[turn % 4u];
            uint16_t head = (uint16_t)(2u * (turn % 4u));
            if (turn >= 4u) { /* at the fourth turn of each, in flight ever since */
                serve(w, c);
            }
            pair(w, head);
            peer_make_available(w, position++, head);
            assert_pops(w, c);
        }
        element(w, 0, WORLD_DATA, 16, 0, 0);
        serve(w, &p.chain[0]);
        element(w, 1, WORLD_DATA, 16, D_NEXT, 5); /* and what is shared is still found */
        peer_make_available(w, position, 1);
        assert_refused(w, VQG_RULE_SHARED_DESCRIPTOR, 5, 5, 4);
        world_free(w);
    }
}

/* One chain stays in flight while the numbers come round to its own; it ends, and nothing of it is left. */
static void s5_number_that_comes_round_to_a_chain_in_flight_is_not_mixed_up(void **state)
{
    uint32_t first;
    (void)state;
    for (first = 0; first < 6u; first++) {
        struct world *w = device_new(8, 0);
        struct pool p;
        uint16_t position = 0;
        uint32_t turn;
        pool_init(&p);
        w->device.record.serial += first;
        pair(w, 2);
        peer_make_available(w, position++, 2);
        assert_pops(w, &p.chain[0]);
        w->device.record.serial = UINT32_MAX;
        plain(w, 7);
        for (turn = 0; turn < 12u; turn++) {
            peer_make_available(w, position++, 7);
            assert_pops(w, &p.chain[1]);
            serve(w, &p.chain[1]);
            if (turn == first / 2u) {
                serve(w, &p.chain[0]);
            }
            if (turn >= first / 2u) { /* 2 alone, in flight; 3 belongs to nobody */
                plain(w, 2);
                plain(w, 3);
                peer_make_available(w, position++, 2);
                assert_pops(w, &p.chain[0]);
                peer_make_available(w, position++, 3);
                assert_pops(w, &p.chain[2]);
                assert_status(vqg_device_push(&w->device, &p.chain[2], 0), VQG_OK);
                serve(w, &p.chain[0]);
            }
        }
        world_free(w);
    }
}

/* The 4 KiB of data that a chain has to itself, of which it uses 16 bytes. */
static uint64_t page(uint32_t k)
{
    return WORLD_DATA + 0x1000u * (uint64_t)k;
}

static bool is_in_flight(const struct world *w, uint32_t k)
{
    return vqg_device_in_flight(&w->device, world_addr(page(k)), 16);
}

/* Pins of the world's capabilities. */
static uint32_t pins(const struct world *w)
{
    return w->caps[0].pins + w->caps[1].pins + w->caps[2].pins;
}

static void m3_chains_that_a_reset_left_are_in_flight_until_each_is_pushed(void **state)
{
    static const uint16_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    uint32_t enable; /* 3: not at all; otherwise before that push */
    size_t o;
    (void)state;
    for (o = 0; o < 24u; o++) {
        struct world *w = device_new(8, 0);
        struct pool p;
        uint32_t parts = pins(w);
        uint16_t i;
        uint16_t k;
        enable = (uint32_t)o / 6u;
        pool_init(&p);
        for (i = 0; i < 3u; i++) {
            element(w, i, page(i), 16, D_WRITE, 0);
            peer_make_available(w, i, i);
            assert_pops(w, &p.chain[i]);
        }
        assert_int_equal(pins(w), parts + 3u);
        vqg_device_reset(&w->device);
        assert_int_equal(pins(w), 3);
        for (i = 0; i < 3u; i++) {
            uint16_t left = 0;
            if (enable == i) {
                memset(world_at(w, WORLD_AVAIL), 0, 6u + 2u * 8u);
                memset(world_at(w, WORLD_USED), 0, 6u + 8u * 8u);
                assert_status(vqg_device_enable(&w->device, &w->queue), VQG_OK);
            }
            for (k = i; k < 3u; k++) {
                assert_true(is_in_flight(w, orders[o % 6u][k]));
                assert_false(vqg_device_in_flight(&w->device, world_addr(page(orders[o % 6u][k]) + 16u), 16));
                left++;
            }
            assert_int_equal(pins(w), (enable <= i ? parts : 0u) + left);
            k = orders[o % 6u][i];
            assert_status(vqg_device_push(&w->device, &p.chain[k], 0), VQG_STALE);
            assert_false(is_in_flight(w, k));
            assert_status(vqg_device_push(&w->device, &p.chain[k], 0), VQG_BAD_CHAIN);
        }
        assert_null(w->device.stale);
        assert_int_equal(w->device.bytes_in_flight, 0);
        assert_int_equal(pins(w), enable < 3u ? parts : 0u);
        assert_int_equal(peer_get_used_idx(w), 0);
        if (enable < 3u) {
            assert_serves(w);
        }
        world_free(w);
    }
}

static void chains_of_two_resets_are_all_in_flight_until_pushed(void **state)
{
    struct world *w = device_new(8, 0);
    struct pool p;
    uint16_t i;
    (void)state;
    pool_init(&p);
    for (i = 0; i < 4u; i++) { /* two of each generation, with the same heads */
        if (i == 2u) {
            restart(w);
        }
        element(w, i % 2u, page(i), 16, D_WRITE, 0);
        peer_make_available(w, i % 2u, i % 2u);
        assert_pops(w, &p.chain[i]);
    }
    restart(w);
    for (i = 0; i < 4u; i++) {
        uint16_t k = (uint16_t)((i + 1u) % 4u);
        assert_true(is_in_flight(w, k));
        assert_status(vqg_device_push(&w->device, &p.chain[k], 0), VQG_STALE);
        assert_false(is_in_flight(w, k));
    }
    assert_serves(w);
    world_free(w);
}

/* A chain that is pushed to a latched endpoint is the caller's again: no list may hold on to it. */
static void r8_chain_pushed_to_a_latched_endpoint_is_forgotten(void **state)
{
    struct world *w = device_new(8, 0);
    struct pool p;
    uint64_t at = world_addr(WORLD_DATA);
    (void)state;
    pool_init(&p);
    element(w, 0, WORLD_DATA, 16, D_WRITE, 0);
    peer_make_available(w, 0, 0);
    assert_pops(w, &p.chain[0]);
    peer_avail_idx(w, 1000);
    assert_refused(w, VQG_RULE_AVAIL_JUMP, 1, 999, 8);
    assert_true(vqg_device_in_flight(&w->device, at, 16));
    assert_status(vqg_device_push(&w->device, &p.chain[0], 0), VQG_DEAD);
    assert_false(vqg_device_in_flight(&w->device, at, 16));
    vqg_device_reset(&w->device);
    assert_null(w->device.stale);
    assert_false(vqg_device_in_flight(&w->device, at, 16));
    assert_int_equal(pins(w), 0);
    world_free(w);
}

/* A capability that is taken back, or moved, between two chains is not served from memory of the last one. */
static void m3_table_that_changes_between_two_chains_is_asked_again(void **state)
{
    unsigned how;
    (void)state;
    for (how = 0; how < 4u; how++) {
        struct world *w = device_new(8, 0);
        struct vqg_cap changed = w->caps[1]; /* WORLD_RDONLY */
        struct pool p;
        pool_init(&p);
        element(w, 0, WORLD_RDONLY, 16, 0, 0);
        peer_make_available(w, 0, 0);
        assert_pops(w, &p.chain[0]);
        assert_int_equal(vqg_cap_table_replace(&w->table, 1, &changed), VQG_BUSY);
        serve(w, &p.chain[0]);
        if (how == 0u) {
            changed.rights = 0;
        } else if (how == 1u) {
            changed.rights = VQG_CAP_WRITE;
        } else if (how == 2u) {
            changed.base += 0x1000u;
            changed.size -= 0x1000u;
        } else {
            changed.token = 4711;
            changed.bus += 0x100000u;
            changed.map = NULL;
        }
        assert_int_equal(vqg_cap_table_replace(&w->table, 1, &changed), VQG_OK);
        element(w, 1, WORLD_RDONLY, 16, 0, 0);
        peer_make_available(w, 1, 1);
        if (how == 3u) {
            assert_pops(w, &p.chain[0]);
            assert_int_equal(p.seg[0][0].token, 4711);
            assert_int_equal(p.seg[0][0].bus, changed.bus);
            assert_null(p.seg[0][0].map);
        } else if (how == 1u) {
            assert_refused(w, VQG_RULE_RIGHT, 0, world_addr(WORLD_RDONLY), VQG_CAP_WRITE);
        } else {
            assert_refused(w, VQG_RULE_CAPABILITY, 0, world_addr(WORLD_RDONLY), 16);
        }
        world_free(w);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(s5_chain_that_is_pushed_frees_all_its_descriptors_at_once),
    cmocka_unit_test(c2_loop_in_its_own_chain_is_no_shared_descriptor),
    cmocka_unit_test(s5_link_into_another_chain_names_its_head),
    cmocka_unit_test(s5_numbers_that_begin_again_refuse_nobody),
    cmocka_unit_test(s5_number_that_comes_round_to_a_chain_in_flight_is_not_mixed_up),
    cmocka_unit_test(m3_chains_that_a_reset_left_are_in_flight_until_each_is_pushed),
    cmocka_unit_test(chains_of_two_resets_are_all_in_flight_until_pushed),
    cmocka_unit_test(r8_chain_pushed_to_a_latched_endpoint_is_forgotten),
    cmocka_unit_test(m3_table_that_changes_between_two_chains_is_asked_again),
};
TEST_MAIN(tests)
