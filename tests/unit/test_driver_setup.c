/* SPDX-License-Identifier: MIT */
/**
 * @file test_driver_setup.c
 * @brief Setting up a driver endpoint: every argument that can be wrong, and the set-up rules.
 */
#include "driver_util.h"

/* What the features make of the ring stands before its parts are judged; an endpoint that is off uses none of it. */
static void forget_shape(struct vqg_ring *r)
{
    r->size = 0;
    r->mask = 0;
    r->event_idx = false;
    r->packed = false;
    r->in_order = false;
}

/* Set-up is refused with that status and that record; memory, slots and port stay untouched, and the endpoint off. */
static void assert_init_refused(struct world *w, enum vqg_status st, enum vqg_rule rule, uint64_t value, uint64_t limit)
{
    const struct vqg_violation *v = vqg_driver_violation(&w->driver);
    struct vqg_driver empty;
    struct world_copy *before;
    memset(&w->driver, 0, sizeof w->driver);
    memset(&empty, 0, sizeof empty);
    before = world_copy(w);
    assert_int_equal(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, w->nslots), st);
    assert_string_equal(vqg_rule_name(v->rule), vqg_rule_name(rule));
    assert_int_equal(v->index, 0);
    assert_int_equal(v->value, value);
    assert_int_equal(v->limit, limit);
    assert_int_equal(v->count, rule == VQG_RULE_NONE ? 0 : 1);
    assert_int_equal(v->queue, w->queue.index);
    forget_shape(&w->driver.ledger.ring);
    world_assert_unchanged(w, before);
    empty.ledger.guard.violation = *v;
    assert_memory_equal(&w->driver, &empty, sizeof empty);
    assert_int_equal(test_port.count, 0);
    assert_false(vqg_driver_needs_reset(&w->driver));
}

static void assert_init_accepted(struct world *w)
{
    assert_int_equal(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, w->nslots), VQG_OK);
    assert_int_equal(vqg_driver_violation(&w->driver)->rule, VQG_RULE_NONE);
    assert_int_equal(vqg_driver_free(&w->driver), w->queue.size);
    test_port_reset();
}

static void q1_size_zero_is_refused(void **state)
{
    struct world *w = world_new(8, 0);
    (void)state;
    w->queue.size = 0;
    assert_init_refused(w, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_ZERO, 0, 1);
    w->queue.size_max = 8;
    assert_init_refused(w, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_ZERO, 0, 1);
    w->queue.size = 1;
    assert_init_accepted(w);
    world_free(w);
}

static void q2_size_that_is_no_power_of_two_or_above_32768_is_refused(void **state)
{
    static const uint32_t sizes[] = {3, 5, 6, 7, 9, 12, 255, 257, 24576, 32767, 32769, 65535, 65536, 0x10001u,
                                     0x80000000u, UINT32_MAX};
    struct world *w = world_new(32768, 0);
    size_t i;
    (void)state;
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        w->queue.size = sizes[i];
        assert_init_refused(w, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_SPLIT, sizes[i], 32768);
    }
    for (w->queue.size = 1; w->queue.size <= 32768u; w->queue.size *= 2u) {
        assert_init_accepted(w);
    }
    world_free(w);
}

static void q4_size_above_what_was_offered_is_refused(void **state)
{
    static const struct {
        uint32_t size, max;
        bool accepted;
    } cases[] = {{16, 8, false}, {16, 15, false}, {2, 1, false}, {16, 16, true},
                 {16, 17, true}, {16, 0, true},   {16, 0x10010u, true}};
    struct world *w = world_new(16, 0);
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w->queue.size = cases[i].size;
        w->queue.size_max = cases[i].max;
        if (cases[i].accepted) {
            assert_init_accepted(w);
        } else {
            assert_init_refused(w, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_MAX, cases[i].size, cases[i].max);
        }
    }
    world_free(w);
}

static void q4_fewer_slots_than_descriptors_are_refused(void **state)
{
    struct world *w = world_new(8, 0);
    const struct vqg_violation *v = vqg_driver_violation(&w->driver);
    (void)state;
    assert_int_equal(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, 7), VQG_BAD_SLOTS);
    assert_int_equal(v->rule, VQG_RULE_QUEUE_SIZE_MAX);
    assert_int_equal(v->value, 8);
    assert_int_equal(v->limit, 7);
    assert_int_equal(test_port.count, 0);
    w->queue.size = 16;
    assert_init_refused(w, VQG_BAD_SLOTS, VQG_RULE_QUEUE_SIZE_MAX, 16, 8);
    w->queue.size = 8;
    assert_init_accepted(w);
    w->queue.size = 4; /* more slots than descriptors */
    assert_init_accepted(w);
    world_free(w);
}

static void q9_index_at_full_width_is_below_the_count(void **state)
{
    static const struct {
        uint32_t index, count, limit;
        bool accepted;
    } cases[] = {{1, 0, 1, false},           {1, 1, 1, false}, {4, 4, 4, false}, {0x10000u, 4, 4, false},
                 {UINT32_MAX, 4, 4, false},  {0, 0, 1, true},  {0, 1, 1, true},  {3, 4, 4, true},
                 {0x10000u, 0x10001u, 0, true}};
    struct world *w = world_new(8, 0);
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w->queue.index = cases[i].index;
        w->queue.count = cases[i].count;
        if (cases[i].accepted) {
            assert_init_accepted(w);
            assert_int_equal(vqg_driver_violation(&w->driver)->queue, cases[i].index);
        } else {
            assert_init_refused(w, VQG_BAD_INDEX, VQG_RULE_QUEUE_INDEX, cases[i].index, cases[i].limit);
        }
    }
    world_free(w);
}

static void q11_version_1_on_a_big_endian_queue_is_refused(void **state)
{
    struct world *w = world_new(8, 0);
    (void)state;
    w->queue.order = VQG_ORDER_BIG;
    assert_init_refused(w, VQG_BAD_BYTE_ORDER, VQG_RULE_BYTE_ORDER, VQG_ORDER_BIG, VQG_ORDER_LITTLE);
    w->queue.order = VQG_ORDER_LITTLE;
    assert_init_accepted(w);
    w->queue.order = VQG_ORDER_AUTO;
    assert_init_accepted(w);
    world_free(w);
}

static void q11_byte_order_follows_version_1_and_is_fixed_at_set_up(void **state)
{
    static const struct {
        enum vqg_byte_order order;
        bool modern, big;
    } cases[] = {{VQG_ORDER_AUTO, true, false},
                 {VQG_ORDER_LITTLE, true, false},
                 {VQG_ORDER_LITTLE, false, false},
                 {VQG_ORDER_BIG, false, true},
                 {VQG_ORDER_AUTO, false, VQG_PORT_BIG_ENDIAN != 0}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world *w = world_new(8, 0);
        w->big = cases[i].big;
        w->queue.order = cases[i].order;
        w->policy.required_features = 0;
        if (!cases[i].modern) {
            w->queue.features = 0;
        }
        world_start_driver(w);
        w->queue.order = cases[i].big ? VQG_ORDER_LITTLE : VQG_ORDER_BIG; /* too late */
        w->queue.features ^= VQG_F_VERSION_1;
        advance(w, 3);
        assert_int_equal(peer_get_avail_idx(w), 3);
        world_free(w);
    }
}

static void an_unknown_byte_order_is_refused(void **state)
{
    struct world *w = world_new(8, 0);
    (void)state;
    w->queue.order = (enum vqg_byte_order)3;
    assert_init_refused(w, VQG_BAD_BYTE_ORDER, VQG_RULE_NONE, 0, 0);
    w->queue.order = (enum vqg_byte_order)-1;
    assert_init_refused(w, VQG_BAD_BYTE_ORDER, VQG_RULE_NONE, 0, 0);
    world_free(w);
}

static void features_legacy_but_packed_or_a_missing_one_are_refused(void **state)
{
    static const struct {
        uint64_t features, required;
        bool accepted;
    } cases[] = {
        {VQG_F_RING_PACKED, 0, false},
        {VQG_F_RING_PACKED | VQG_F_IN_ORDER, 0, false},
        {VQG_F_VERSION_1 | VQG_F_RING_PACKED, VQG_F_VERSION_1, true},
        {0, VQG_F_VERSION_1, false},
        {VQG_F_VERSION_1, VQG_F_VERSION_1 | VQG_F_ACCESS_PLATFORM, false},
        {VQG_F_VERSION_1 | VQG_F_ACCESS_PLATFORM, VQG_F_VERSION_1 | VQG_F_ACCESS_PLATFORM, true},
        {VQG_F_VERSION_1, VQG_F_VERSION_1, true},
        {0, 0, true},
        {VQG_F_VERSION_1 | 0xffffffu | VQG_F_RING_RESET, VQG_F_VERSION_1, true},
    };
    struct world *w = world_new(8, 0);
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w->queue.features = cases[i].features;
        w->policy.required_features = cases[i].required;
        if (cases[i].accepted) {
            assert_init_accepted(w);
        } else {
            assert_init_refused(w, VQG_BAD_FEATURES, VQG_RULE_NONE, 0, 0);
        }
    }
    world_free(w);
}

static void a_policy_out_of_range_is_refused(void **state)
{
    struct world *w = world_new(8, 0);
    struct vqg_policy sane = w->policy;
    (void)state;
    w->policy.length = (enum vqg_length_policy)3;
    assert_init_refused(w, VQG_BAD_POLICY, VQG_RULE_NONE, 0, 0);
    w->policy = sane;
    w->policy.zero = (enum vqg_zero_policy)2;
    assert_init_refused(w, VQG_BAD_POLICY, VQG_RULE_NONE, 0, 0);
    w->policy = sane;
    w->policy.span = (enum vqg_span_policy)2;
    assert_init_refused(w, VQG_BAD_POLICY, VQG_RULE_NONE, 0, 0);
    w->policy = sane;
    w->policy.chain = (enum vqg_chain_policy)2;
    assert_init_refused(w, VQG_BAD_POLICY, VQG_RULE_NONE, 0, 0);
    w->policy = sane;
    w->policy.direction = (enum vqg_direction)3;
    assert_init_refused(w, VQG_BAD_POLICY, VQG_RULE_NONE, 0, 0);
    w->policy = sane;
    assert_init_accepted(w);
    world_free(w);
}

static void null_arguments_are_named(void **state)
{
    struct world *w = world_new(8, 0);
    struct vqg_driver *d = &w->driver;
    (void)state;
    assert_int_equal(vqg_driver_init(NULL, &w->queue, &w->policy, w->slots, 8), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_driver_init(d, NULL, &w->policy, w->slots, 8), VQG_BAD_QUEUE);
    assert_int_equal(vqg_driver_init(d, &w->queue, NULL, w->slots, 8), VQG_BAD_POLICY);
    assert_int_equal(vqg_driver_init(d, &w->queue, &w->policy, NULL, 8), VQG_BAD_SLOTS);
    assert_int_equal(test_port.count, 0);
    assert_quiet(w);
    world_free(w);
}

static void parts_null_or_misaligned_are_named(void **state)
{
    static const struct {
        unsigned desc, avail, used; /* offsets; 0xff for null */
        enum vqg_status st;
    } cases[] = {{0xff, 0, 0, VQG_BAD_DESC}, {1, 0, 0, VQG_BAD_DESC},  {8, 0, 0, VQG_BAD_DESC},
                 {0, 0xff, 0, VQG_BAD_AVAIL}, {0, 1, 0, VQG_BAD_AVAIL}, {0, 0, 0xff, VQG_BAD_USED},
                 {0, 0, 1, VQG_BAD_USED},    {0, 0, 2, VQG_BAD_USED},  {16, 2, 4, VQG_OK}};
    struct world *w = world_new(8, 0);
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w->queue.desc = cases[i].desc == 0xff ? NULL : world_at(w, WORLD_DESC + cases[i].desc);
        w->queue.avail = cases[i].avail == 0xff ? NULL : world_at(w, WORLD_AVAIL + cases[i].avail);
        w->queue.used = cases[i].used == 0xff ? NULL : world_at(w, WORLD_USED + cases[i].used);
        if (cases[i].st == VQG_OK) {
            assert_init_accepted(w);
        } else {
            assert_init_refused(w, cases[i].st, VQG_RULE_NONE, 0, 0);
        }
    }
    world_free(w);
}

static void set_up_clears_headers_and_event_words_and_nothing_else(void **state)
{
    uint32_t size;
    (void)state;
    for (size = 1; size <= 32768u; size *= 8u) {
        struct world *w = world_new(size, VQG_F_EVENT_IDX);
        const uint64_t cleared[] = {WORLD_AVAIL,        WORLD_AVAIL + 2u,      WORLD_AVAIL + 4u + 2u * size,
                                    WORLD_USED,         WORLD_USED + 2u,       WORLD_USED + 4u + 8u * size};
        size_t i;
        memset(w->memory, 0xff, WORLD_BYTES);
        world_start_driver(w);
        for (i = 0; i < sizeof cleared / sizeof cleared[0]; i++) {
            assert_int_equal(peer_get(w, cleared[i], 2), 0);
            peer_put(w, cleared[i], 2, 0xffff);
        }
        for (i = 0; i < WORLD_BYTES; i++) {
            assert_int_equal(w->memory[i], 0xff);
        }
        assert_int_equal(test_port.loads, 0);
        world_free(w);
    }
}

static void policy_and_queue_are_copied(void **state)
{
    struct world *w = driver_world(8, 0, false);
    (void)state;
    w->policy.length = VQG_LENGTH_CLAMP;
    w->policy.min_length = 1000;
    w->policy.max_elements = 1;
    w->queue.size = 1;
    w->queue.desc = NULL;
    lend(w, 1, 1, 3);
    complete(w, 0, SEG_BYTES + 1u);
    assert_take_refused(w, VQG_RULE_USED_LENGTH_MAX, 0, SEG_BYTES + 1u, SEG_BYTES);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(q1_size_zero_is_refused),
    cmocka_unit_test(q2_size_that_is_no_power_of_two_or_above_32768_is_refused),
    cmocka_unit_test(q4_size_above_what_was_offered_is_refused),
    cmocka_unit_test(q4_fewer_slots_than_descriptors_are_refused),
    cmocka_unit_test(q9_index_at_full_width_is_below_the_count),
    cmocka_unit_test(q11_version_1_on_a_big_endian_queue_is_refused),
    cmocka_unit_test(q11_byte_order_follows_version_1_and_is_fixed_at_set_up),
    cmocka_unit_test(an_unknown_byte_order_is_refused),
    cmocka_unit_test(features_legacy_but_packed_or_a_missing_one_are_refused),
    cmocka_unit_test(a_policy_out_of_range_is_refused),
    cmocka_unit_test(null_arguments_are_named),
    cmocka_unit_test(parts_null_or_misaligned_are_named),
    cmocka_unit_test(set_up_clears_headers_and_event_words_and_nothing_else),
    cmocka_unit_test(policy_and_queue_are_copied),
};

TEST_MAIN(tests)
