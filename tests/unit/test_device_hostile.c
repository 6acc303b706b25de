/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_hostile.c
 * @brief How a device touches shared memory: once, in the right width and order (X1, X2, X3, X6, X7), and a walk that is led back (C2).
 */
#include "device_util.h"

/* A chain of `direct` descriptors and then, if `entries` is not 0, a table that begins `shift` bytes off. */
static const struct shape {
    uint32_t direct, entries, shift;
} shapes[] = {{1, 0, 0}, {2, 0, 0}, {8, 0, 0}, {0, 1, 0}, {0, 8, 0}, {0, 3, 1}, {0, 3, 4}, {0, 3, 8}, {3, 5, 0}, {7, 1, 14}};

/* In which order the descriptors of a queue of 8 are used. */
static const uint16_t order[9] = {3, 6, 1, 4, 7, 2, 5, 0, 0};

static bool bytewise(const struct shape *s)
{
    return s->shift % 8u != 0u;
}

static size_t walk_loads(const struct shape *s)
{
    size_t loads = 2u * (size_t)s->direct;
    return s->entries == 0u ? loads : loads + 2u + (bytewise(s) ? 16u : 2u) * (size_t)s->entries;
}

/* A device at `position` that finds this shape there; nothing is logged yet. */
static struct world *shaped(const struct shape *s, uint64_t features, bool big, uint16_t position)
{
    struct world *w = world_new(8, features | VQG_F_INDIRECT_DESC);
    uint64_t table = WORLD_TABLES + s->shift;
    uint32_t i;
    w->policy = vqg_profile_spec();
    if (big) {
        make_big(w);
    }
    world_start_device(w);
    device_at(w, position);
    for (i = 0; i < s->direct; i++) {
        bool more = i + 1u < s->direct || s->entries != 0u;
        element(w, order[i], WORLD_DATA + 64u * i, 16, more ? D_NEXT : D_WRITE, order[i + 1u]);
    }
    if (s->entries != 0u) {
        element(w, order[i], table, 16u * s->entries, D_INDIRECT, 0);
    }
    for (i = 0; i < s->entries; i++) {
        bool more = i + 1u < s->entries;
        peer_entry(w, table, i, world_addr(WORLD_DATA + 0x1000u + 64u * i), 16, more ? D_NEXT : D_WRITE, i + 1u);
    }
    peer_make_available(w, position, order[0]);
    test_port_reset();
    return w;
}

static uint64_t offset_of(const struct world *w, size_t i)
{
    return (uint64_t)((const volatile unsigned char *)test_port.log[i].at - w->memory);
}

/* Runs a check over every shape, with and without event words, in both byte orders. */
static void for_every_shape(void (*check)(struct world *w, const struct shape *s))
{
    size_t i;
    for (i = 0; i < 4u * COUNT_OF(shapes); i++) {
        const struct shape *s = &shapes[i / 4u];
        struct world *w = shaped(s, i % 2u != 0u ? VQG_F_EVENT_IDX : 0, i / 2u % 2u != 0u, (uint16_t)(65534u + i));
        check(w, s);
        world_free(w);
    }
}

/* No two loads of the log share a byte, but for `looks` looks at the avail index. */
static void assert_each_byte_once(const struct world *w, size_t looks)
{
    size_t seen = 0;
    size_t i;
    size_t k;
    assert_true(test_port.count <= TEST_LOG_MAX);
    for (i = 0; i < test_port.count; i++) {
        uint64_t at = offset_of(w, i);
        assert_true(at < WORLD_DATA);
        seen += at == WORLD_AVAIL + 2u ? 1u : 0u;
        for (k = 0; k < i && !test_port.log[i].store; k++) {
            uint64_t other = offset_of(w, k);
            if (!test_port.log[k].store && at < other + test_port.log[k].bytes &&
                other < at + test_port.log[i].bytes) {
                assert_int_equal(at, WORLD_AVAIL + 2u);
            }
        }
    }
    assert_int_equal(seen, looks);
}

static void check_once(struct world *w, const struct shape *s)
{
    bool events = (w->queue.features & VQG_F_EVENT_IDX) != 0u;
    assert_pops(w, &w->chain);
    assert_int_equal(w->chain.count, s->direct + s->entries);
    assert_int_equal(test_port.loads, 2u + walk_loads(s));
    assert_int_equal(test_port.stores, 0);
    assert_each_byte_once(w, 1);
    test_port_reset();
    assert_status(vqg_device_push(&w->device, &w->chain, 16), VQG_OK);
    assert_int_equal(test_port.loads, 0);
    (void)vqg_device_notify(&w->device);
    assert_int_equal(test_port.loads, 1);
    assert_each_byte_once(w, 0);
    test_port_reset();
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_EMPTY);
    assert_each_byte_once(w, events ? 2 : 1);
}

static void x1_no_shared_byte_is_loaded_twice_in_a_call(void **state)
{
    (void)state;
    for_every_shape(check_once);
}

static void check_widths(struct world *w, const struct shape *s)
{
    size_t i;
    assert_pops(w, &w->chain);
    assert_status(vqg_device_push(&w->device, &w->chain, 16), VQG_OK);
    (void)vqg_device_notify(&w->device);
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_EMPTY);
    vqg_device_kick_disable(&w->device);
    (void)vqg_device_kick_enable(&w->device);
    for (i = 0; i < test_port.count; i++) {
        const struct test_access *a = &test_port.log[i];
        uint64_t at = offset_of(w, i);
        bool index = at == WORLD_AVAIL + 2u || at == WORLD_USED + 2u;
        if (at >= WORLD_TABLES) {
            assert_int_equal(a->bytes, bytewise(s) ? 1 : 8);
        } else if (at >= WORLD_USED + 4u && at < WORLD_USED + 4u + 64u) {
            assert_int_equal(a->bytes, 4);
        } else {
            assert_int_equal(a->bytes, at < WORLD_AVAIL ? 8 : 2);
        }
        assert_int_equal(at % a->bytes, 0);
        /* The driver's fields are loaded, the device's stored, the indices in order. */
        assert_int_equal(a->store, at >= WORLD_USED && at < WORLD_TABLES);
        assert_int_equal(a->ordered, index);
    }
}

static void x2_every_field_moves_in_one_access_of_its_width(void **state)
{
    (void)state;
    for_every_shape(check_widths);
}

static void check_order(struct world *w, const struct shape *s)
{
    uint16_t at = (uint16_t)(w->device.ring.get % 8u);
    size_t i;
    assert_pops(w, &w->chain);
    assert_int_equal(offset_of(w, 0), WORLD_AVAIL + 2u);
    assert_true(test_port.log[0].ordered);
    assert_int_equal(offset_of(w, 1), WORLD_AVAIL + 4u + 2u * at);
    assert_int_equal(offset_of(w, 2), WORLD_DESC + 16u * order[0]);
    assert_int_equal(test_port.fences, 0);
    test_port_reset();
    assert_status(vqg_device_push(&w->device, &w->chain, 16), VQG_OK);
    (void)vqg_device_notify(&w->device);
    /* Element, index with release, fence, hint. */
    assert_int_equal(test_port.count, 4);
    for (i = 0; i < 2u; i++) {
        assert_true(test_port.log[i].store);
        assert_int_equal(offset_of(w, i), WORLD_USED + 4u + 8u * at + 4u * i);
    }
    assert_int_equal(offset_of(w, 2), WORLD_USED + 2u);
    assert_true(test_port.log[2].store && test_port.log[2].ordered);
    assert_int_equal(test_port.fences, 1);
    assert_int_equal(test_port.fence_at, 3);
    assert_false(test_port.log[3].store);
    assert_true(s->direct + s->entries == w->chain.count);
}

static void x3_indices_are_acquired_first_and_released_last_with_a_fence_before_the_hint(void **state)
{
    (void)state;
    for_every_shape(check_order);
}

static void x6_index_distance_is_taken_modulo_two_to_the_16(void **state)
{
    struct world *w = device_new(8, 0);
    uint32_t idx;
    (void)state;
    plain(w, 0);
    for (idx = 0; idx < 65536u; idx++) {
        uint16_t ahead = (uint16_t)(idx - 65531u);
        enum vqg_status st;
        vqg_device_reset(&w->device);
        assert_status(vqg_device_enable(&w->device, &w->queue), VQG_OK);
        device_at(w, 65531);
        peer_avail_idx(w, (uint16_t)idx);
        st = vqg_device_pop(&w->device, &w->chain);
        if (ahead > 8u) {
            assert_violation(vqg_device_violation(&w->device), st, VQG_RULE_AVAIL_JUMP, 65531, ahead, 8);
        } else {
            assert_status(st, ahead == 0u ? VQG_EMPTY : VQG_OK);
        }
        if (st == VQG_OK) {
            assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
        }
    }
    world_free(w);
}

static void check_nospec(struct world *w, const struct shape *s)
{
    assert_pops(w, &w->chain);
    /* The head and every next: as many as there are elements, for a table begins with its entry 0. */
    assert_int_equal(test_port.nospecs, s->direct + s->entries);
}

static void x7_every_index_passes_the_speculation_hook(void **state)
{
    (void)state;
    for_every_shape(check_nospec);
}

static void cache_hooks_see_every_byte_that_moves(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(shapes); i++) {
        struct world *w = shaped(&shapes[i], 0, false, 0);
        size_t loaded = 0;
        size_t stored = 0;
        size_t k;
        assert_pops(w, &w->chain);
        assert_status(vqg_device_push(&w->device, &w->chain, 16), VQG_OK);
        (void)vqg_device_notify(&w->device);
        for (k = 0; k < test_port.count; k++) {
            *(test_port.log[k].store ? &stored : &loaded) += test_port.log[k].bytes;
        }
        assert_int_equal(test_port.invalidated, loaded);
        assert_int_equal(test_port.cleaned, stored);
        world_free(w);
    }
}

/* Sends a walk back to where it was: every descriptor leads on to the next one of `size`, until `turns` are done. */
struct carousel {
    struct world *w;
    uint32_t size, turns, last;
    uint32_t words;
};

static uint64_t turn(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    struct carousel *c = context;
    uint64_t offset = (uint64_t)((const volatile unsigned char *)at - c->w->memory);
    uint32_t next;
    if (bytes != 8u || offset % 16u != 8u || offset >= WORLD_AVAIL) {
        return value;
    }
    c->words++;
    next = c->words < c->turns ? ((uint32_t)(offset / 16u) + 1u) % c->size : c->last;
    return as_loaded(c->w, desc_word(c->w, 16, offset / 16u == c->last ? D_WRITE : D_NEXT, next), 8);
}

static void c2_descriptor_that_a_walk_meets_twice_is_refused(void **state)
{
    /* Head 0, descriptors 0 to `size` - 1 in a circle, then descriptor `last`; `max` elements are allowed. */
    static const struct {
        uint32_t size, turns, last, max;
    } t[] = {{2, 3, 2, 8}, {1, 2, 2, 8}, {2, 5, 2, 8}, {2, 50, 2, 100}, {3, 90, 4, 100}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = world_new(8, 0);
        struct carousel c = {w, t[i].size, t[i].turns, t[i].last, 0};
        struct world_copy *before;
        struct vqg_chain chain[3];
        enum vqg_status st;
        uint32_t k;
        w->policy.max_elements = t[i].max;
        for (k = 0; k < 3u; k++) {
            vqg_chain_init(&chain[k], w->segs + 100u * k, 100);
        }
        world_start_device(w);
        /* A chain 2 -> 5 that is over, and then one of descriptor 5 alone that is in flight. */
        element(w, 2, WORLD_DATA, 16, D_NEXT, 5);
        plain(w, 5);
        peer_make_available(w, 0, 2);
        assert_pops(w, &chain[0]);
        assert_status(vqg_device_push(&w->device, &chain[0], 0), VQG_OK);
        peer_make_available(w, 1, 5);
        assert_pops(w, &chain[1]);
        peer_make_available(w, 2, 0);
        for (k = 0; k < 5u; k++) {
            element(w, k, WORLD_DATA, 16, 0, 0);
        }
        before = world_copy(w);
        test_port_reset();
        test_port.adversary = turn;
        test_port.context = &c;
        st = vqg_device_pop(&w->device, &chain[2]);
        assert_violation(vqg_device_violation(&w->device), st, VQG_RULE_CHAIN_BOUND, 0, t[i].size + 1u, t[i].size);
        assert_each_byte_once(w, 1);
        world_assert_unchanged(w, before);
        world_free(w);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(x1_no_shared_byte_is_loaded_twice_in_a_call),
    cmocka_unit_test(x2_every_field_moves_in_one_access_of_its_width),
    cmocka_unit_test(x3_indices_are_acquired_first_and_released_last_with_a_fence_before_the_hint),
    cmocka_unit_test(x6_index_distance_is_taken_modulo_two_to_the_16),
    cmocka_unit_test(x7_every_index_passes_the_speculation_hook),
    cmocka_unit_test(cache_hooks_see_every_byte_that_moves),
    cmocka_unit_test(c2_descriptor_that_a_walk_meets_twice_is_refused),
};

TEST_MAIN(tests)
