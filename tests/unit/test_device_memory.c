/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_memory.c
 * @brief Which memory a chain may name, and for how long it stays the device's (X8, M1, M2, M3).
 */
#include "device_util.h"

/* A live device with a policy for buffers over several capabilities; a chain of one element at head 0. */
static struct world *one_element(enum vqg_span_policy span, uint64_t at, uint32_t len, unsigned flags)
{
    struct world *w = world_new(8, 0);
    w->policy.span = span;
    world_start_device(w);
    element(w, 0, at, len, flags, 0);
    peer_make_available(w, 0, 0);
    return w;
}

static void x8_writable_element_over_a_part_of_the_queue_is_refused(void **state)
{
    /* Parts of a queue of 8, event words included. */
    static const struct {
        uint64_t at, bytes;
    } part[] = {{WORLD_DESC + 0x1000u, 128}, {WORLD_AVAIL, 22}, {WORLD_USED, 70}};
    size_t i;
    unsigned k;
    (void)state;
    for (i = 0; i < COUNT_OF(part); i++) {
        const struct {
            uint64_t at;
            uint32_t len;
            unsigned flags;
            bool legal;
        } t[] = {{part[i].at, 1, D_WRITE, false},
                 {part[i].at + part[i].bytes - 1u, 1, D_WRITE, false},
                 {part[i].at - 16u, 17, D_WRITE, false},
                 {part[i].at - 16u, 1024, D_WRITE, false},
                 {part[i].at - 16u, 16, D_WRITE, true},
                 {part[i].at + part[i].bytes, 16, D_WRITE, true},
                 {part[i].at - 16u, 1024, 0, true}};
        for (k = 0; k < COUNT_OF(t); k++) {
            struct world *w = world_new(8, 0);
            w->queue.desc_addr = world_addr(part[0].at);
            world_start_device(w);
            peer_entry(w, part[0].at, 0, world_addr(t[k].at), t[k].len, t[k].flags, 0);
            peer_make_available(w, 0, 0);
            if (t[k].legal) {
                assert_pops(w, &w->chain);
                assert_int_equal(w->chain.seg[0].len, t[k].len);
            } else {
                assert_refused(w, VQG_RULE_SELF_ALIAS, 0, world_addr(t[k].at), world_addr(part[i].at));
                w->queue.desc_addr = world_addr(WORLD_DESC);
                restart(w);
                assert_serves(w);
            }
            world_free(w);
        }
    }
}

static void x8_part_that_moved_is_kept_where_it_is_now(void **state)
{
    struct world *w = world_new(8, 0);
    const uint64_t used = world_addr(WORLD_DATA) + 0x100u;
    (void)state;
    world_start_device(w);
    element(w, 0, WORLD_DATA, 16, D_WRITE, 0);
    peer_make_available(w, 0, 0);
    assert_pops(w, &w->chain); /* near where the used ring will be */
    w->queue.used_addr = used;
    restart(w);
    peer_entry(w, WORLD_DESC, 0, used, 16, D_WRITE, 0);
    peer_make_available(w, 0, 0);
    assert_refused(w, VQG_RULE_SELF_ALIAS, 0, used, used);
    world_free(w);
}

static void x8_each_part_is_kept_in_whatever_order_the_parts_lie(void **state)
{
    /* Which place desc, avail and used take, of three; each place is 256 bytes, the parts 128, 22 and 70. */
    static const unsigned places[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const uint64_t bytes[3] = {128, 22, 70};
    struct world *w = world_new(8, 0);
    unsigned i;
    unsigned part;
    unsigned last;
    (void)state;
    for (i = 0; i < COUNT_OF(places); i++) {
        /* Up and down the memory, so that the parts of one generation are not those of the next. */
        const uint64_t base = WORLD_TABLES + 0x1000u * (i % 2u != 0u ? i : 16u - i);
        w->queue.desc_addr = world_addr(base + 256u * places[i][0]);
        w->queue.avail_addr = world_addr(base + 256u * places[i][1]);
        w->queue.used_addr = world_addr(base + 256u * places[i][2]);
        for (part = 0; part < 3u; part++) {
            for (last = 0; last < 2u; last++) {
                const uint64_t at = base + 256u * places[i][part];
                const uint64_t byte = at + (last != 0u ? bytes[part] - 1u : 0u);
                const uint64_t avail = base + 256u * places[i][1];
                if (i + part + last == 0u) {
                    world_start_device(w);
                } else {
                    restart(w);
                }
                peer_entry(w, base + 256u * places[i][0], 0, world_addr(byte), 1, D_WRITE, 0);
                peer_put(w, avail + 4u, 2, 0);
                peer_put(w, avail + 2u, 2, 1);
                assert_refused(w, VQG_RULE_SELF_ALIAS, 0, world_addr(byte), world_addr(at));
                memset(world_at(w, base), 0, 3u * 256u);
            }
        }
    }
    world_free(w);
}

static void x8_writable_entry_of_a_table_over_the_used_ring_is_refused(void **state)
{
    struct world *w = device_new(8, VQG_F_INDIRECT_DESC);
    (void)state;
    element(w, 0, WORLD_TABLES, 16, D_INDIRECT, 0);
    peer_entry(w, WORLD_TABLES, 0, world_addr(WORLD_USED + 2u), 2, D_WRITE, 0);
    peer_make_available(w, 0, 0);
    assert_refused_until_reset(w, VQG_RULE_SELF_ALIAS, 0, world_addr(WORLD_USED + 2u), world_addr(WORLD_USED));
    world_free(w);
}

static void m1_buffer_over_two_capabilities_is_refused_by_the_strict_profile(void **state)
{
    static const struct {
        uint64_t at;
        uint32_t len, run;
        bool legal;
    } t[] = {{WORLD_RDONLY - 16u, 16, 0, true}, {WORLD_RDONLY - 16u, 17, 16, false}, {WORLD_RDONLY - 1u, 2, 1, false},
             {WORLD_WRONLY - 64u, 64, 0, true}, {WORLD_WRONLY - 64u, UINT32_MAX, 64, false}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = one_element(VQG_SPAN_REFUSE, t[i].at, t[i].len, 0);
        if (t[i].legal) {
            assert_pops(w, &w->chain);
            assert_int_equal(w->chain.count, 1);
        } else {
            assert_refused_until_reset(w, VQG_RULE_EVERY_BYTE, 0, t[i].len, t[i].run);
        }
        world_free(w);
    }
}

static void m1_buffer_over_two_capabilities_is_split_where_the_policy_says_so(void **state)
{
    struct world *w = one_element(VQG_SPAN_SPLIT, WORLD_RDONLY - 16u, 100, 0);
    const struct vqg_seg *s = w->segs;
    (void)state;
    assert_pops(w, &w->chain);
    assert_int_equal(w->chain.count, 2);
    assert_int_equal(w->chain.readable, 100);
    assert_int_equal(s[0].addr, world_addr(WORLD_RDONLY - 16u));
    assert_int_equal(s[0].bus, WORLD_BUS_OFFSET + WORLD_RDONLY - 16u);
    assert_int_equal(s[0].len, 16);
    assert_int_equal(s[0].token, 100);
    assert_int_equal(s[1].addr, world_addr(WORLD_RDONLY));
    assert_int_equal(s[1].bus, WORLD_BUS_OFFSET + WORLD_RDONLY);
    assert_ptr_equal(s[1].map, world_at(w, WORLD_RDONLY));
    assert_int_equal(s[1].len, 84);
    assert_int_equal(s[1].token, 101);
    assert_int_equal(w->caps[0].pins, 3 + 1);
    assert_int_equal(w->caps[1].pins, 1);
    assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
    assert_int_equal(w->caps[0].pins, 3);
    assert_int_equal(w->caps[1].pins, 0);
    world_free(w);
}

static void m1_buffer_that_runs_on_into_nothing_is_refused_and_leaves_no_pin(void **state)
{
    struct world *w = one_element(VQG_SPAN_SPLIT, WORLD_HOLE - 16u, 17, D_WRITE);
    (void)state;
    assert_refused_until_reset(w, VQG_RULE_EVERY_BYTE, 1, world_addr(WORLD_HOLE), 1);
    assert_int_equal(w->caps[2].pins, 0);
    world_free(w);
}

/* Just behind the wide capability, and nowhere near the first one. */
#define LIES ((const uint64_t[2]){WIDE_BASE + ((uint64_t)1 << 33), WIDE_BASE + 0x1000u})

static const struct vqg_cap *lying_lookup(void *context, uint64_t addr)
{
    const struct counted *c = context;
    return addr == LIES[0] ? &c->cap[1] : addr == LIES[1] ? &c->cap[0] : vqg_cap_table_lookup(context, addr);
}

static void m1_capability_that_does_not_cover_the_address_is_refused(void **state)
{
    unsigned i;
    (void)state;
    for (i = 0; i < 2u; i++) {
        struct world *w = world_new(8, 0);
        struct counted c;
        counted_use(&c, w);
        w->lookup.lookup = lying_lookup;
        world_start_device(w);
        peer_desc(w, 0, LIES[i], 16, 0, 0);
        peer_make_available(w, 0, 0);
        assert_refused_until_reset(w, VQG_RULE_EVERY_BYTE, 0, LIES[i], 16);
        world_free(w);
    }
}

static void m2_capability_without_the_right_for_the_direction_is_refused(void **state)
{
    /* At `bad`, segment `index`, the rights are not enough. */
    static const struct {
        uint64_t at;
        uint32_t len;
        unsigned flags;
        uint32_t index;
        uint64_t bad;
        uint32_t rights;
    } t[] = {{WORLD_RDONLY, 1, D_WRITE, 0, WORLD_RDONLY, VQG_CAP_READ},
             {WORLD_WRONLY, 1, 0, 0, WORLD_WRONLY, VQG_CAP_WRITE},
             {WORLD_RDONLY - 1u, 2, D_WRITE, 1, WORLD_RDONLY, VQG_CAP_READ},
             {WORLD_WRONLY - 1u, 2, 0, 1, WORLD_WRONLY, VQG_CAP_WRITE}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = one_element(VQG_SPAN_SPLIT, t[i].at, t[i].len, t[i].flags);
        assert_refused_until_reset(w, VQG_RULE_RIGHT, t[i].index, world_addr(t[i].bad), t[i].rights);
        assert_int_equal(w->caps[0].pins + w->caps[1].pins + w->caps[2].pins, 3);
        world_free(w);
    }
}

static void m2_capability_with_the_right_alone_is_enough(void **state)
{
    static const struct {
        uint64_t at;
        unsigned flags;
    } t[] = {{WORLD_RDONLY, 0}, {WORLD_WRONLY, D_WRITE}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = one_element(VQG_SPAN_REFUSE, t[i].at, 0x10000, t[i].flags);
        assert_pops(w, &w->chain);
        assert_int_equal(w->chain.readable + w->chain.writable, 0x10000);
        world_free(w);
    }
}

static void m3_segment_that_cannot_be_pinned_is_refused_and_leaves_no_pin(void **state)
{
    unsigned nth;
    (void)state;
    for (nth = 1; nth <= 3u; nth++) {
        struct world *w = world_new(8, 0);
        struct counted c;
        uint64_t rings;
        unsigned i;
        counted_use(&c, w);
        world_start_device(w);
        rings = c.bytes;
        for (i = 0; i < 3u; i++) {
            element(w, i, WORLD_DATA + 0x1000u * i, 16u + i, (i < 2u ? D_NEXT : 0u), i + 1u);
        }
        peer_make_available(w, 0, 0);
        c.refuse_pin = 3u + nth;
        assert_refused(w, VQG_RULE_PIN, nth - 1u, world_addr(WORLD_DATA + 0x1000u * (nth - 1u)), 15u + nth);
        assert_int_equal(c.bytes, rings);
        assert_int_equal(c.unpins, nth - 1u);
        restart(w);
        assert_serves(w);
        world_free(w);
    }
}

static void m3_capability_is_pinned_from_pop_to_push(void **state)
{
    struct world *w = one_element(VQG_SPAN_REFUSE, WORLD_WRONLY, 16, D_WRITE);
    struct vqg_cap revoked = w->caps[2];
    (void)state;
    revoked.rights = 0;
    assert_pops(w, &w->chain);
    assert_int_equal(w->caps[2].pins, 1);
    assert_status(vqg_cap_table_replace(&w->table, 2, &revoked), VQG_BUSY);
    assert_status(vqg_device_push(&w->device, &w->chain, 16), VQG_OK);
    assert_status(vqg_cap_table_replace(&w->table, 2, &revoked), VQG_OK);
    /* And a revoked one covers nothing. */
    peer_make_available(w, 1, 0);
    assert_refused_until_reset(w, VQG_RULE_CAPABILITY, 0, world_addr(WORLD_WRONLY), 16);
    world_free(w);
}

static void m3_without_pins_nothing_is_pinned(void **state)
{
    struct world *w = world_new(8, 0);
    (void)state;
    ask_without_pins(w);
    world_start_device(w);
    assert_serves(w);
    element(w, 0, WORLD_DATA, 16, D_NEXT, 1);
    element(w, 1, WORLD_HOLE, 16, 0, 0);
    peer_make_available(w, 1, 0);
    assert_refused_until_reset(w, VQG_RULE_CAPABILITY, 1, world_addr(WORLD_HOLE), 16);
    assert_int_equal(w->caps[0].pins, 0);
    world_free(w);
}

static void m3_in_flight_are_the_rings_and_what_is_popped(void **state)
{
    struct world *w = device_new(8, 0);
    const struct vqg_device *d = &w->device;
    const uint64_t one = world_addr(WORLD_DATA + 0x1000u);
    const uint64_t two = world_addr(WORLD_DATA + 0x2000u);
    struct pool p;
    (void)state;
    pool_init(&p);
    peer_desc(w, 0, one, 16, D_NEXT, 1);
    peer_desc(w, 1, one + 64u, 16, D_WRITE, 0);
    peer_desc(w, 2, two, 16, D_WRITE, 0);
    peer_make_available(w, 0, 0);
    assert_false(vqg_device_in_flight(d, one, 16));
    assert_pops(w, &p.chain[0]);
    peer_make_available(w, 1, 2);
    assert_pops(w, &p.chain[1]);
    assert_true(vqg_device_in_flight(d, one, 1));
    assert_true(vqg_device_in_flight(d, one + 15u, 1));
    assert_false(vqg_device_in_flight(d, one + 16u, 48));
    assert_true(vqg_device_in_flight(d, one + 16u, 49));
    assert_false(vqg_device_in_flight(d, one - 16u, 16));
    assert_true(vqg_device_in_flight(d, one - 16u, 17));
    assert_true(vqg_device_in_flight(d, two + 8u, UINT64_MAX / 2u));
    assert_false(vqg_device_in_flight(d, one, 0));
    assert_true(vqg_device_in_flight(d, UINT64_MAX, 2));
    assert_false(vqg_device_in_flight(d, UINT64_MAX, 1));
    assert_true(vqg_device_in_flight(d, world_addr(WORLD_DESC + 127u), 1));
    assert_false(vqg_device_in_flight(d, world_addr(WORLD_DESC + 128u), 1));
    assert_true(vqg_device_in_flight(d, world_addr(WORLD_AVAIL + 21u), 1));
    assert_false(vqg_device_in_flight(d, world_addr(WORLD_AVAIL + 22u), 1));
    assert_true(vqg_device_in_flight(d, world_addr(WORLD_USED + 69u), 1));
    assert_false(vqg_device_in_flight(d, world_addr(WORLD_USED + 70u), 1));
    /* Pushed in the order in which they were popped: the later one stays. */
    assert_status(vqg_device_push(&w->device, &p.chain[0], 0), VQG_OK);
    assert_false(vqg_device_in_flight(d, one, 128));
    assert_true(vqg_device_in_flight(d, two, 1));
    /* A reset frees the rings, and not what the caller still works on. */
    vqg_device_reset(&w->device);
    assert_false(vqg_device_in_flight(d, world_addr(WORLD_USED), 70));
    assert_true(vqg_device_in_flight(d, two, 1));
    assert_status(vqg_device_push(&w->device, &p.chain[1], 0), VQG_STALE);
    assert_false(vqg_device_in_flight(d, two, 1));
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(x8_writable_element_over_a_part_of_the_queue_is_refused),
    cmocka_unit_test(x8_part_that_moved_is_kept_where_it_is_now),
    cmocka_unit_test(x8_each_part_is_kept_in_whatever_order_the_parts_lie),
    cmocka_unit_test(x8_writable_entry_of_a_table_over_the_used_ring_is_refused),
    cmocka_unit_test(m1_buffer_over_two_capabilities_is_refused_by_the_strict_profile),
    cmocka_unit_test(m1_buffer_over_two_capabilities_is_split_where_the_policy_says_so),
    cmocka_unit_test(m1_buffer_that_runs_on_into_nothing_is_refused_and_leaves_no_pin),
    cmocka_unit_test(m1_capability_that_does_not_cover_the_address_is_refused),
    cmocka_unit_test(m2_capability_without_the_right_for_the_direction_is_refused),
    cmocka_unit_test(m2_capability_with_the_right_alone_is_enough),
    cmocka_unit_test(m3_segment_that_cannot_be_pinned_is_refused_and_leaves_no_pin),
    cmocka_unit_test(m3_capability_is_pinned_from_pop_to_push),
    cmocka_unit_test(m3_without_pins_nothing_is_pinned),
    cmocka_unit_test(m3_in_flight_are_the_rings_and_what_is_popped),
};

TEST_MAIN(tests)
