/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_policy.c
 * @brief What a device's policy says about a chain: empty elements, direction, sizes (C8 to C10), whole or not at all (C13).
 */
#include "device_util.h"

static void c8_element_without_bytes_is_refused_by_the_strict_profile(void **state)
{
    unsigned at;
    unsigned flags;
    (void)state;
    for (at = 0; at < 3u; at++) {
        for (flags = 0; flags <= D_WRITE; flags += D_WRITE) {
            struct world *w = device_new(8, 0);
            unsigned i;
            for (i = 0; i < 3u; i++) {
                element(w, i, WORLD_DATA, i == at ? 0u : 16u, (i < 2u ? D_NEXT : 0u) | flags, i + 1u);
            }
            peer_make_available(w, 0, 0);
            assert_refused_until_reset(w, VQG_RULE_ZERO_LENGTH, at, 0, 1);
            world_free(w);
        }
    }
}

static void m8_empty_element_is_left_out_and_its_address_is_not_looked_up(void **state)
{
    static const uint64_t addr[] = {0, WORLD_BASE + WORLD_DATA, WORLD_BASE + WORLD_DESC, WORLD_BASE + WORLD_HOLE, UINT64_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(addr); i++) {
        struct world *w = world_new(8, 0);
        struct counted c;
        counted_use(&c, w);
        w->policy.zero = VQG_ZERO_SKIP;
        world_start_device(w);
        c.lookups = 0;
        c.pins = 0;
        peer_desc(w, 0, addr[i], 0, D_NEXT, 1);
        element(w, 1, WORLD_DATA, 16, D_NEXT, 2);
        peer_desc(w, 2, addr[i], 0, D_NEXT | D_WRITE, 3);
        element(w, 3, WORLD_DATA + 16u, 32, D_NEXT | D_WRITE, 4);
        peer_desc(w, 4, addr[i], 0, D_WRITE, 0);
        peer_make_available(w, 0, 0);
        assert_pops(w, &w->chain);
        assert_int_equal(w->chain.count, 2);
        assert_int_equal(w->chain.seg[0].addr, world_addr(WORLD_DATA));
        assert_int_equal(w->chain.seg[0].len, 16);
        assert_int_equal(w->chain.seg[1].addr, world_addr(WORLD_DATA + 16u));
        assert_int_equal(w->chain.seg[1].len, 32);
        assert_int_equal(c.lookups, 2);
        assert_int_equal(c.pins, 2);
        world_free(w);
    }
}

static void c8_chain_of_empty_elements_alone_has_no_segment(void **state)
{
    struct world *w = world_new(8, 0);
    unsigned char byte = 0x5a;
    (void)state;
    w->policy.zero = VQG_ZERO_SKIP;
    world_start_device(w);
    peer_desc(w, 0, 0, 0, D_NEXT, 1);
    peer_desc(w, 1, 0, 0, D_WRITE, 0);
    peer_make_available(w, 0, 0);
    assert_pops(w, &w->chain);
    assert_int_equal(w->chain.count, 0);
    assert_int_equal(w->chain.readable, 0);
    assert_int_equal(w->chain.writable, 0);
    assert_status(vqg_chain_read(&w->chain, 0, &byte, 1), VQG_BAD_LENGTH);
    assert_status(vqg_device_push(&w->device, &w->chain, 1), VQG_BAD_LENGTH);
    assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
    assert_int_equal(byte, 0x5a);
    world_free(w);
}

static void c9_element_against_the_direction_of_the_queue_is_refused(void **state)
{
    static const struct {
        enum vqg_direction direction;
        unsigned flags;
        uint32_t len;
        bool legal;
    } t[] = {{VQG_DIRECTION_ANY, 0, 16, true},          {VQG_DIRECTION_ANY, D_WRITE, 16, true},
             {VQG_DIRECTION_READABLE, 0, 16, true},     {VQG_DIRECTION_READABLE, D_WRITE, 16, false},
             {VQG_DIRECTION_WRITABLE, D_WRITE, 16, true}, {VQG_DIRECTION_WRITABLE, 0, 16, false},
             {VQG_DIRECTION_READABLE, D_WRITE, 0, false}, {VQG_DIRECTION_WRITABLE, 0, 0, false},
             {VQG_DIRECTION_READABLE, 0, 0, true}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = world_new(8, 0);
        w->policy.zero = VQG_ZERO_SKIP;
        w->policy.direction = t[i].direction;
        world_start_device(w);
        element(w, 5, WORLD_DATA, t[i].len, t[i].flags, 0);
        peer_make_available(w, 0, 5);
        if (t[i].legal) {
            assert_pops(w, &w->chain);
            assert_int_equal(w->chain.count, t[i].len != 0u ? 1 : 0);
        } else {
            assert_refused_until_reset(w, VQG_RULE_DIRECTION, 5, t[i].flags != 0u ? 1 : 0, (uint64_t)t[i].direction);
        }
        world_free(w);
    }
}

static void c10_chain_smaller_than_the_device_needs_is_refused(void **state)
{
    /* Readable and writable bytes of a chain; 16 and 8 are needed. `value` 0 with `limit` 0: legal. */
    static const struct {
        uint32_t readable, writable, value, limit;
    } t[] = {{16, 8, 0, 0}, {17, 9, 0, 0}, {15, 8, 15, 16}, {16, 7, 7, 8}, {0, 8, 0, 16}, {16, 0, 0, 8}, {1, 1, 1, 16}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = world_new(8, 0);
        uint32_t pins;
        w->policy.zero = VQG_ZERO_SKIP;
        w->policy.min_readable = 16;
        w->policy.min_writable = 8;
        world_start_device(w);
        pins = w->caps[0].pins;
        /* A header may span elements. */
        element(w, 6, WORLD_DATA, t[i].readable / 2u, D_NEXT, 0);
        element(w, 0, WORLD_DATA + 64u, t[i].readable - t[i].readable / 2u, D_NEXT, 3);
        element(w, 3, WORLD_DATA + 128u, t[i].writable / 2u, D_NEXT | D_WRITE, 4);
        element(w, 4, WORLD_DATA + 192u, t[i].writable - t[i].writable / 2u, D_WRITE, 0);
        peer_make_available(w, 0, 6);
        if (t[i].limit == 0u) {
            assert_pops(w, &w->chain);
            assert_int_equal(w->chain.readable, t[i].readable);
            assert_int_equal(w->chain.writable, t[i].writable);
        } else {
            assert_refused(w, VQG_RULE_MINIMUM_SIZE, 6, t[i].value, t[i].limit);
            assert_int_equal(w->caps[0].pins, pins);
            restart(w);
            assert_serves(w);
        }
        world_free(w);
    }
}

static void c13_violation_is_neither_empty_nor_a_shorter_chain(void **state)
{
    unsigned good;
    (void)state;
    for (good = 0; good < 7u; good++) {
        struct world *w = device_new(8, 0);
        struct world_copy *before;
        enum vqg_status st;
        unsigned i;
        for (i = 0; i < good; i++) {
            element(w, i, WORLD_DATA, 16, D_NEXT, i + 1u);
        }
        element(w, good, WORLD_HOLE, 16, 0, 0);
        peer_make_available(w, 0, 0);
        before = world_copy(w);
        st = vqg_device_pop(&w->device, &w->chain);
        assert_violation(vqg_device_violation(&w->device), st, VQG_RULE_CAPABILITY, good, world_addr(WORLD_HOLE), 16);
        assert_int_equal(w->chain.count, 0);
        world_assert_unchanged(w, before);
        assert_status(vqg_device_pop(&w->device, &w->chain), VQG_DEAD);
        world_free(w);
    }
}

static void c13_chain_that_was_refused_has_no_bytes_to_read(void **state)
{
    struct world *w = device_new(8, 0);
    unsigned char byte = 0x5a;
    (void)state;
    element(w, 0, WORLD_DATA, 16, D_NEXT, 1);
    element(w, 1, WORLD_HOLE, 16, D_WRITE, 0);
    peer_make_available(w, 0, 0);
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_V_CAPABILITY);
    /* Success here would mean that a byte was copied. */
    assert_status(vqg_chain_read(&w->chain, 0, &byte, 1), VQG_BAD_LENGTH);
    assert_status(vqg_chain_write(&w->chain, 0, &byte, 1), VQG_BAD_LENGTH);
    assert_int_equal(w->chain.readable, 0);
    assert_int_equal(w->chain.writable, 0);
    world_free(w);
}

static void q11_each_field_is_read_in_the_order_of_the_queue(void **state)
{
    unsigned big;
    (void)state;
    for (big = 0; big < 2u; big++) {
        struct world *w = world_new(256, VQG_F_EVENT_IDX);
        struct counted c;
        w->policy = vqg_profile_spec();
        if (big != 0u) {
            make_big(w);
        }
        counted_use(&c, w);
        world_start_device(w);
        device_at(w, 0x01ff);
        peer_desc(w, 0x81, WIDE_BASE + 0x01020304u, 0x00a0b0c0u, D_NEXT, 0x42);
        peer_desc(w, 0x42, WORLD_BASE + 0x212345u, 0x0304, D_WRITE, 0);
        peer_make_available(w, 0x01ff, 0x81);
        assert_pops(w, &w->chain);
        assert_int_equal(w->chain.head, 0x81);
        assert_int_equal(w->chain.seg[0].addr, WIDE_BASE + 0x01020304u);
        assert_int_equal(w->chain.seg[0].len, 0x00a0b0c0u);
        assert_false(w->chain.seg[0].write);
        assert_int_equal(w->chain.seg[1].addr, WORLD_BASE + 0x212345u);
        assert_int_equal(w->chain.seg[1].bus, WORLD_BUS_OFFSET + 0x212345u);
        assert_ptr_equal(w->chain.seg[1].map, world_at(w, 0x212345u));
        assert_int_equal(w->chain.seg[1].token, 7);
        assert_int_equal(w->chain.seg[1].len, 0x0304);
        assert_true(w->chain.seg[1].write);
        assert_status(vqg_device_push(&w->device, &w->chain, 0x0203), VQG_OK);
        peer_used_event(w, 0x01ff);
        assert_true(vqg_device_notify(&w->device));
        assert_int_equal(peer_get_used_idx(w), 0x0200);
        assert_int_equal(peer_get_used_id(w, 0x01ff), 0x81);
        assert_int_equal(peer_get_used_len(w, 0x01ff), 0x0203);
        assert_status(vqg_device_pop(&w->device, &w->chain), VQG_EMPTY);
        assert_int_equal(peer_get(w, WORLD_USED + 4u + 8u * 256u, 2), 0x0200);
        world_free(w);
    }
}

static void pop_names_the_argument_at_fault(void **state)
{
    struct world *w = world_new(8, 0);
    struct vqg_chain bare;
    struct pool p;
    (void)state;
    pool_init(&p);
    vqg_chain_init(&bare, NULL, 8);
    assert_status(vqg_device_pop(NULL, &w->chain), VQG_BAD_ENDPOINT);
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_DEAD);
    w->policy.max_elements = POOL_SEGS;
    world_start_device(w);
    plain(w, 0);
    plain(w, 1);
    peer_make_available(w, 0, 0);
    test_port_reset();
    assert_status(vqg_device_pop(&w->device, NULL), VQG_BAD_CHAIN);
    assert_status(vqg_device_pop(&w->device, &bare), VQG_BAD_CHAIN);
    p.chain[0].capacity = POOL_SEGS - 1u;
    assert_status(vqg_device_pop(&w->device, &p.chain[0]), VQG_BAD_CHAIN);
    assert_int_equal(test_port.count, 0);
    p.chain[0].capacity = POOL_SEGS;
    assert_pops(w, &p.chain[0]);
    peer_make_available(w, 1, 1);
    test_port_reset();
    assert_status(vqg_device_pop(&w->device, &p.chain[0]), VQG_BAD_CHAIN);
    assert_int_equal(test_port.count, 0);
    assert_int_equal(p.chain[0].head, 0);
    assert_pops(w, &p.chain[1]);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(c8_element_without_bytes_is_refused_by_the_strict_profile),
    cmocka_unit_test(m8_empty_element_is_left_out_and_its_address_is_not_looked_up),
    cmocka_unit_test(c8_chain_of_empty_elements_alone_has_no_segment),
    cmocka_unit_test(c9_element_against_the_direction_of_the_queue_is_refused),
    cmocka_unit_test(c10_chain_smaller_than_the_device_needs_is_refused),
    cmocka_unit_test(c13_violation_is_neither_empty_nor_a_shorter_chain),
    cmocka_unit_test(c13_chain_that_was_refused_has_no_bytes_to_read),
    cmocka_unit_test(q11_each_field_is_read_in_the_order_of_the_queue),
    cmocka_unit_test(pop_names_the_argument_at_fault),
};

TEST_MAIN(tests)
