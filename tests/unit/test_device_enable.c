/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_enable.c
 * @brief What else decides whether a device's queue is enabled: siblings, features, byte order, index, state.
 */
#include "device_util.h"

static void assert_record(const struct vqg_device *d, enum vqg_rule rule, uint64_t value, uint64_t limit)
{
    const struct vqg_violation *v = vqg_device_violation(d);
    assert_string_equal(vqg_rule_name(v->rule), vqg_rule_name(rule));
    assert_int_equal(v->value, value);
    assert_int_equal(v->limit, limit);
}

/* Enabling `q` on an endpoint that is off is refused; nothing is pinned or touched; the good queue serves after. */
static void assert_enable_refused(struct world *w, const struct vqg_queue *q, enum vqg_status st, enum vqg_rule rule,
                                  uint64_t value, uint64_t limit)
{
    uint32_t pins;
    vqg_device_reset(&w->device);
    pins = w->caps[0].pins;
    test_port_reset();
    assert_status(vqg_device_enable(&w->device, q), st);
    assert_record(&w->device, rule, value, limit);
    assert_int_equal(vqg_device_violation(&w->device)->queue, q->index);
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_DEAD);
    assert_int_equal(w->caps[0].pins, pins);
    assert_int_equal(test_port.count, 0);
    restart(w);
    assert_serves(w);
}

/* A second queue beside the world's, with the parts elsewhere. */
struct beside {
    struct vqg_device device;
    struct vqg_slot slots[8];
    struct vqg_queue queue;
};

static void beside_set_up(struct beside *b, const struct world *w, uint64_t at, const struct vqg_device *sibling)
{
    memset(b, 0, sizeof *b);
    b->queue = w->queue;
    b->queue.index = 1;
    b->queue.count = 2;
    b->queue.desc_addr = world_addr(at);
    b->queue.avail_addr = world_addr(at) + 0x1000u;
    b->queue.used_addr = world_addr(at) + 0x2000u;
    b->queue.sibling = sibling;
    assert_status(vqg_device_init(&b->device, &b->queue, &w->policy, &w->lookup, b->slots, 8), VQG_OK);
}

static void q7_part_of_a_sibling_is_refused(void **state)
{
    struct world *w = device_new(8, 0);
    struct beside b;
    unsigned mine;
    unsigned theirs;
    (void)state;
    beside_set_up(&b, w, WORLD_TABLES, NULL);
    for (mine = 0; mine < 3u; mine++) {
        for (theirs = 0; theirs < 3u; theirs++) {
            static const enum vqg_status st[3] = {VQG_BAD_DESC, VQG_BAD_AVAIL, VQG_BAD_USED};
            const uint64_t at[3] = {b.queue.desc_addr, b.queue.avail_addr, b.queue.used_addr};
            struct vqg_queue q = w->queue;
            q.sibling = &b.device;
            *(mine == 0u ? &q.desc_addr : mine == 1u ? &q.avail_addr : &q.used_addr) = at[theirs];
            assert_enable_refused(w, &q, st[mine], VQG_RULE_QUEUE_DISJOINT, at[theirs], 1);
        }
    }
    world_free(w);
}

static void q7_sibling_that_is_off_does_not_count_and_a_dead_one_does(void **state)
{
    struct world *w = device_new(8, 0);
    struct vqg_queue q = w->queue;
    struct beside b;
    struct pool p;
    (void)state;
    pool_init(&p);
    beside_set_up(&b, w, WORLD_TABLES, NULL);
    q.sibling = &b.device;
    q.desc_addr = b.queue.used_addr & ~(uint64_t)15;
    /* The sibling's driver breaks S1. */
    peer_put(w, WORLD_TABLES + 0x1002u, 2, 9);
    assert_status(vqg_device_pop(&b.device, &p.chain[0]), VQG_V_AVAIL_JUMP);
    assert_enable_refused(w, &q, VQG_BAD_DESC, VQG_RULE_QUEUE_DISJOINT, q.desc_addr, 1);
    vqg_device_reset(&b.device);
    vqg_device_reset(&w->device);
    assert_status(vqg_device_enable(&w->device, &q), VQG_OK);
    world_free(w);
}

static void q7_every_sibling_counts_and_a_ring_of_them_ends(void **state)
{
    struct world *w = device_new(8, 0);
    struct vqg_queue q = w->queue;
    struct beside far;
    struct beside near;
    (void)state;
    /* w -> near -> far -> w */
    beside_set_up(&far, w, WORLD_TABLES, &w->device);
    beside_set_up(&near, w, WORLD_TABLES + 0x8000u, &far.device);
    q.sibling = &near.device;
    q.avail_addr = far.queue.desc_addr + 126u;
    assert_enable_refused(w, &q, VQG_BAD_AVAIL, VQG_RULE_QUEUE_DISJOINT, q.avail_addr, 1);
    vqg_device_reset(&w->device);
    q.avail_addr = far.queue.desc_addr + 128u;
    assert_status(vqg_device_enable(&w->device, &q), VQG_OK);
    world_free(w);
}

static void q8_live_or_dead_endpoint_is_not_enabled_again(void **state)
{
    struct world *w = device_new(8, 0);
    struct vqg_queue q = w->queue;
    struct world_copy *before = world_copy(w);
    (void)state;
    q.size = 4;
    assert_status(vqg_device_enable(&w->device, &q), VQG_BAD_STATE);
    world_assert_unchanged(w, before);
    assert_int_equal(vqg_device_violation(&w->device)->rule, VQG_RULE_NONE);
    peer_avail_idx(w, 9);
    assert_refused(w, VQG_RULE_AVAIL_JUMP, 0, 9, 8);
    before = world_copy(w);
    assert_status(vqg_device_enable(&w->device, &q), VQG_BAD_STATE);
    world_assert_unchanged(w, before);
    assert_int_equal(vqg_device_violation(&w->device)->rule, VQG_RULE_AVAIL_JUMP);
    restart(w);
    assert_serves(w);
    world_free(w);
}

static void q8_what_the_caller_changes_after_enable_is_not_looked_at(void **state)
{
    struct world *w = device_new(8, 0);
    struct vqg_policy nothing;
    (void)state;
    memset(&nothing, 0xff, sizeof nothing);
    w->policy = nothing;
    memset(&w->lookup, 0, sizeof w->lookup);
    w->queue.size = 2;
    w->queue.features = VQG_F_INDIRECT_DESC;
    w->queue.desc_addr = 0;
    plain(w, 7);
    peer_make_available(w, 0, 7);
    assert_pops(w, &w->chain);
    assert_int_equal(w->chain.head, 7);
    assert_int_equal(w->chain.writable, 16);
    assert_status(vqg_device_push(&w->device, &w->chain, 16), VQG_OK);
    world_free(w);
}

static void q9_queue_index_at_or_above_the_count_is_refused(void **state)
{
    static const struct {
        uint32_t index, count, limit;
    } t[] = {{1, 0, 1}, {1, 1, 1}, {2, 2, 2}, {65536, 2, 2}, {65536, 65536, 65536}, {UINT32_MAX, UINT32_MAX, UINT32_MAX}};
    struct world *w = device_new(8, 0);
    struct vqg_queue q = w->queue;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        q.index = t[i].index;
        q.count = t[i].count;
        assert_enable_refused(w, &q, VQG_BAD_INDEX, VQG_RULE_QUEUE_INDEX, t[i].index, t[i].limit);
        /* The index just below is a legal one, and is what the next violation would name. */
        w->queue.count = t[i].limit;
        w->queue.index = t[i].limit - 1u;
        restart(w);
        assert_int_equal(vqg_device_violation(&w->device)->queue, t[i].limit - 1u);
        assert_serves(w);
    }
    world_free(w);
}

static void q11_modern_queue_is_not_big_endian(void **state)
{
    struct world *w = device_new(8, 0);
    struct vqg_queue q = w->queue;
    (void)state;
    q.order = VQG_ORDER_BIG;
    assert_enable_refused(w, &q, VQG_BAD_BYTE_ORDER, VQG_RULE_BYTE_ORDER, VQG_ORDER_BIG, VQG_ORDER_LITTLE);
    q.order = (enum vqg_byte_order)3;
    assert_enable_refused(w, &q, VQG_BAD_BYTE_ORDER, VQG_RULE_NONE, 0, 0);
    w->queue.order = VQG_ORDER_LITTLE;
    restart(w);
    assert_serves(w);
    world_free(w);
}

static void q11_legacy_queue_has_the_order_that_it_was_given(void **state)
{
    static const struct {
        enum vqg_byte_order order;
        bool big;
    } t[] = {{VQG_ORDER_AUTO, VQG_PORT_BIG_ENDIAN}, {VQG_ORDER_LITTLE, false}, {VQG_ORDER_BIG, true}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct world *w = world_new(8, 0);
        make_big(w);
        w->queue.order = t[i].order;
        w->big = t[i].big;
        world_start_device(w);
        assert_serves(w);
        world_free(w);
    }
}

static void features_of_a_packed_queue_have_version_1_among_them(void **state)
{
    static const uint64_t legacy[] = {(uint64_t)1 << 34, (uint64_t)3 << 34};
    struct world *w = world_new(8, 0);
    struct vqg_queue q = w->queue;
    size_t i;
    (void)state;
    w->policy.required_features = 0;
    world_start_device(w);
    for (i = 0; i < COUNT_OF(legacy); i++) {
        q.features = legacy[i];
        assert_enable_refused(w, &q, VQG_BAD_FEATURES, VQG_RULE_NONE, 0, 0);
        q.features |= VQG_F_VERSION_1;
        vqg_device_reset(&w->device);
        assert_status(vqg_device_enable(&w->device, &q), VQG_OK);
    }
    world_free(w);
}

static void features_that_the_policy_requires_are_required(void **state)
{
    struct world *w = world_new(8, VQG_F_ACCESS_PLATFORM);
    struct vqg_queue q = w->queue;
    (void)state;
    w->policy.required_features |= VQG_F_ACCESS_PLATFORM;
    world_start_device(w);
    q.features = VQG_F_VERSION_1;
    assert_enable_refused(w, &q, VQG_BAD_FEATURES, VQG_RULE_NONE, 0, 0);
    q.features = VQG_F_ACCESS_PLATFORM;
    assert_enable_refused(w, &q, VQG_BAD_FEATURES, VQG_RULE_NONE, 0, 0);
    world_free(w);
}

static void r5_enable_after_reset_starts_with_an_empty_record(void **state)
{
    struct world *w = device_new(8, VQG_F_INDIRECT_DESC);
    uint16_t i;
    (void)state;
    for (i = 0; i < 8u; i++) {
        plain(w, i);
        peer_make_available(w, i, i);
    }
    assert_pops(w, &w->chain);
    w->queue.size = 4;
    w->queue.features = VQG_F_VERSION_1;
    restart(w);
    assert_serves(w);
    /* Smaller queue, fewer features: the new limits hold. */
    element(w, 3, WORLD_DATA, 16, D_NEXT, 4);
    peer_make_available(w, 1, 3);
    assert_int_equal(w->chain.head, 0);
    assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_STALE);
    assert_refused(w, VQG_RULE_NEXT_RANGE, 3, 4, 4);
    restart(w);
    peer_desc(w, 0, world_addr(WORLD_TABLES), 16, D_INDIRECT, 0);
    peer_make_available(w, 0, 0);
    assert_refused_until_reset(w, VQG_RULE_INDIRECT_FEATURE, 0, world_addr(WORLD_TABLES), 0);
    world_free(w);
}

static void a_device_without_a_queue_is_off_until_it_is_enabled(void **state)
{
    struct world *w = world_new(8, 0);
    struct vqg_device *d = &w->device;
    (void)state;
    assert_status(vqg_device_init(d, NULL, &w->policy, &w->lookup, w->slots, 8), VQG_OK);
    assert_status(vqg_device_pop(d, &w->chain), VQG_DEAD);
    assert_false(vqg_device_notify(d));
    assert_false(vqg_device_in_flight(d, 0, UINT64_MAX));
    assert_status(vqg_device_enable(d, &w->queue), VQG_OK);
    assert_status(vqg_device_pop(d, &w->chain), VQG_EMPTY);
    world_free(w);
}

static void init_names_the_argument_at_fault(void **state)
{
    struct world *w = world_new(8, 0);
    struct vqg_device *d = &w->device;
    struct vqg_caps caps = w->lookup;
    struct vqg_policy p[5];
    size_t i;
    (void)state;
    assert_status(vqg_device_init(NULL, &w->queue, &w->policy, &caps, w->slots, 8), VQG_BAD_ENDPOINT);
    assert_status(vqg_device_enable(NULL, &w->queue), VQG_BAD_ENDPOINT);
    assert_status(vqg_device_enable(d, NULL), VQG_BAD_QUEUE);
    assert_status(vqg_device_init(d, &w->queue, NULL, &caps, w->slots, 8), VQG_BAD_POLICY);
    assert_status(vqg_device_init(d, &w->queue, &w->policy, NULL, w->slots, 8), VQG_BAD_CAPS);
    assert_status(vqg_device_init(d, &w->queue, &w->policy, &caps, NULL, 8), VQG_BAD_SLOTS);
    for (i = 0; i < COUNT_OF(p); i++) {
        p[i] = w->policy;
    }
    p[0].length = (enum vqg_length_policy)3;
    p[1].zero = (enum vqg_zero_policy)2;
    p[2].span = (enum vqg_span_policy)2;
    p[3].chain = (enum vqg_chain_policy)2;
    p[4].direction = (enum vqg_direction)3;
    for (i = 0; i < COUNT_OF(p); i++) {
        assert_status(vqg_device_init(d, &w->queue, &p[i], &caps, w->slots, 8), VQG_BAD_POLICY);
    }
    ask_without_pins(w);
    caps = w->lookup;
    caps.unpin = counted_unpin;
    assert_status(vqg_device_init(d, &w->queue, &w->policy, &caps, w->slots, 8), VQG_BAD_CAPS);
    caps = w->lookup;
    caps.pin = counted_pin;
    assert_status(vqg_device_init(d, &w->queue, &w->policy, &caps, w->slots, 8), VQG_BAD_CAPS);
    caps = w->lookup;
    caps.lookup = NULL;
    assert_status(vqg_device_init(d, &w->queue, &w->policy, &caps, w->slots, 8), VQG_BAD_CAPS);
    caps = w->lookup;
    assert_status(vqg_device_init(d, &w->queue, &w->policy, &caps, w->slots, 8), VQG_OK);
    assert_serves(w);
    assert_int_equal(w->caps[0].pins, 0);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(q7_part_of_a_sibling_is_refused),
    cmocka_unit_test(q7_sibling_that_is_off_does_not_count_and_a_dead_one_does),
    cmocka_unit_test(q7_every_sibling_counts_and_a_ring_of_them_ends),
    cmocka_unit_test(q8_live_or_dead_endpoint_is_not_enabled_again),
    cmocka_unit_test(q8_what_the_caller_changes_after_enable_is_not_looked_at),
    cmocka_unit_test(q9_queue_index_at_or_above_the_count_is_refused),
    cmocka_unit_test(q11_modern_queue_is_not_big_endian),
    cmocka_unit_test(q11_legacy_queue_has_the_order_that_it_was_given),
    cmocka_unit_test(features_of_a_packed_queue_have_version_1_among_them),
    cmocka_unit_test(features_that_the_policy_requires_are_required),
    cmocka_unit_test(r5_enable_after_reset_starts_with_an_empty_record),
    cmocka_unit_test(a_device_without_a_queue_is_off_until_it_is_enabled),
    cmocka_unit_test(init_names_the_argument_at_fault),
};

TEST_MAIN(tests)
