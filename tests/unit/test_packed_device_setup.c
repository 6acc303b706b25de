/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_device_setup.c
 * @brief What a driver chose for a packed queue, when a device is set up and after each reset (Q1, Q3 to Q7, M2, R5).
 */
#include "packed_device_util.h"

/* The parts in order: the ring, the driver's event structure, the device's. */
static const enum vqg_status part_status[3] = {VQG_BAD_DESC, VQG_BAD_AVAIL, VQG_BAD_USED};

static uint64_t *part_of(struct vqg_queue *q, unsigned part)
{
    return part == 0u ? &q->desc_addr : part == 1u ? &q->avail_addr : &q->used_addr;
}

static void assert_record(const struct packed_peer *p, enum vqg_rule rule, uint64_t value, uint64_t limit)
{
    const struct vqg_violation *v = vqg_device_violation(&p->w->device);
    assert_string_equal(vqg_rule_name(v->rule), vqg_rule_name(rule));
    assert_int_equal(v->index, 0);
    assert_int_equal(v->count, rule == VQG_RULE_NONE ? 0 : 1);
    assert_int_equal(v->value, value);
    assert_int_equal(v->limit, limit);
    assert_status(vqg_device_pop(&p->w->device, &p->w->chain), VQG_DEAD);
    assert_int_equal(test_port.count, 0);
    assert_int_equal(p->w->caps[0].pins + p->w->caps[1].pins + p->w->caps[2].pins, 0);
}

/* The queue is refused by init, and by enable after a reset; the good one serves afterwards. */
static void setup_refused(struct packed_peer *p, const struct vqg_queue *bad, enum vqg_status st, enum vqg_rule rule,
                          uint64_t value, uint64_t limit)
{
    struct world *w = p->w;
    test_port_reset();
    assert_status(vqg_device_init(&w->device, bad, &w->policy, &w->lookup, w->slots, w->nslots), st);
    assert_record(p, rule, value, limit);
    packed_restart(p);
    vqg_device_reset(&w->device);
    test_port_reset();
    assert_status(vqg_device_enable(&w->device, bad), st);
    assert_record(p, rule, value, limit);
    packed_restart(p);
    packed_serves(p);
    vqg_device_reset(&w->device);
}

static void q1_size_zero_is_refused(void **state)
{
    struct packed_peer *p = packed_new(7, 0);
    struct vqg_queue q = p->w->queue;
    (void)state;
    q.size = 0;
    setup_refused(p, &q, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_ZERO, 0, 1);
    packed_free(p);
}

static void q3_size_above_32768_is_refused(void **state)
{
    static const uint32_t sizes[] = {32769, 65535, 65536, 0x80000000u, UINT32_MAX};
    struct packed_peer *p = packed_new(7, 0);
    struct vqg_queue q = p->w->queue;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        q.size = sizes[i];
        setup_refused(p, &q, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_PACKED, sizes[i], 32768);
    }
    packed_free(p);
}

static void q3_any_size_up_to_32768_serves(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 5, 6, 7, 8, 9, 255, 1000, 32767, 32768};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        struct packed_peer *p = packed_live(sizes[i], 0);
        packed_serves(p);
        packed_serves(p);
        packed_restart(p);
        packed_serves(p);
        packed_free(p);
    }
}

static void q4_size_above_what_was_offered_or_the_record_is_refused(void **state)
{
    struct packed_peer *p = packed_new(7, 0);
    struct vqg_queue q = p->w->queue;
    (void)state;
    q.size_max = 6;
    setup_refused(p, &q, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_MAX, 7, 6);
    q.size_max = 0;
    q.size = 8;
    setup_refused(p, &q, VQG_BAD_SLOTS, VQG_RULE_QUEUE_SIZE_MAX, 8, 7);
    packed_free(p);
}

static void q5_misaligned_part_is_refused(void **state)
{
    static const uint32_t align[3] = {16, 4, 4};
    struct packed_peer *p = packed_new(7, 0);
    unsigned part;
    (void)state;
    for (part = 0; part < 3u; part++) {
        struct vqg_queue q = p->w->queue;
        uint64_t *addr = part_of(&q, part);
        uint64_t good = *addr;
        uint32_t off;
        for (off = 1; off < align[part]; off++) {
            *addr = good + off;
            setup_refused(p, &q, part_status[part], VQG_RULE_QUEUE_ALIGN, good + off, align[part]);
        }
        *addr = good + align[part];
        assert_status(vqg_device_enable(&p->w->device, &q), VQG_OK);
        vqg_device_reset(&p->w->device);
    }
    packed_free(p);
}

static void q6_part_that_wraps_or_that_no_capability_covers_is_refused(void **state)
{
    static const uint64_t bytes[3] = {16u * 7u, 4, 4};
    static const uint64_t end[3] = {WORLD_RDONLY, WORLD_WRONLY, WORLD_HOLE}; /* of a capability that has the right */
    struct packed_peer *p = packed_new(7, 0);
    unsigned part;
    (void)state;
    for (part = 0; part < 3u; part++) {
        struct vqg_queue q = p->w->queue;
        uint64_t *addr = part_of(&q, part);
        *addr = UINT64_MAX - 15u;
        /* The event structures of 4 bytes do not wrap there, but nothing covers them. */
        setup_refused(p, &q, part_status[part], VQG_RULE_QUEUE_EXTENT, *addr, bytes[part]);
        *addr = world_addr(WORLD_HOLE) + 16u;
        setup_refused(p, &q, part_status[part], VQG_RULE_QUEUE_EXTENT, *addr, bytes[part]);
        *addr = world_addr(end[part]) - bytes[part];
        assert_status(vqg_device_enable(&p->w->device, &q), VQG_OK);
        assert_true(vqg_device_in_flight(&p->w->device, *addr, 1));
        assert_true(vqg_device_in_flight(&p->w->device, *addr + bytes[part] - 1u, 1));
        assert_false(vqg_device_in_flight(&p->w->device, *addr + bytes[part], 1));
        vqg_device_reset(&p->w->device);
    }
    /* One byte too long: the ring alone can be, because an aligned event structure ends with its capability. */
    {
        struct vqg_queue q = p->w->queue;
        q.desc_addr = world_addr(WORLD_RDONLY) - 96u;
        setup_refused(p, &q, VQG_BAD_DESC, VQG_RULE_QUEUE_EXTENT, q.desc_addr, 112);
    }
    packed_free(p);
}

static void q7_parts_that_overlap_are_refused(void **state)
{
    struct packed_peer *p = packed_new(7, 0);
    static const uint64_t in_ring[] = {WORLD_DESC, WORLD_DESC + 4u, WORLD_DESC + 108u};
    struct vqg_queue q = p->w->queue;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(in_ring); i++) {
        q = p->w->queue;
        q.avail_addr = world_addr(in_ring[i]);
        setup_refused(p, &q, VQG_BAD_AVAIL, VQG_RULE_QUEUE_DISJOINT, q.avail_addr, q.desc_addr);
        q = p->w->queue;
        q.used_addr = world_addr(in_ring[i]);
        setup_refused(p, &q, VQG_BAD_USED, VQG_RULE_QUEUE_DISJOINT, q.used_addr, q.desc_addr);
    }
    q.used_addr = q.avail_addr;
    setup_refused(p, &q, VQG_BAD_USED, VQG_RULE_QUEUE_DISJOINT, q.used_addr, q.avail_addr);
    /* One behind the other they are disjoint. */
    q.avail_addr = q.desc_addr + 112u;
    q.used_addr = q.avail_addr + 4u;
    assert_status(vqg_device_enable(&p->w->device, &q), VQG_OK);
    packed_free(p);
}

static void q7_part_over_a_part_of_a_sibling_is_refused(void **state)
{
    struct packed_peer *p = packed_new(7, 0);
    struct vqg_queue q = p->w->queue;
    struct vqg_device sibling;
    struct vqg_slot slots[7];
    unsigned part;
    (void)state;
    q.count = 2;
    q.index = 1;
    q.desc_addr = world_addr(WORLD_TABLES);
    q.avail_addr = world_addr(WORLD_TABLES) + 0x200u;
    q.used_addr = world_addr(WORLD_TABLES) + 0x204u;
    assert_status(vqg_device_init(&sibling, &q, &p->w->policy, &p->w->lookup, slots, 7), VQG_OK);
    for (part = 0; part < 3u; part++) {
        struct vqg_queue bad = p->w->queue;
        bad.sibling = &sibling;
        *part_of(&bad, part) = part == 0u ? world_addr(WORLD_TABLES) + 96u : world_addr(WORLD_TABLES) + 0x204u;
        assert_status(vqg_device_init(&p->w->device, &bad, &p->w->policy, &p->w->lookup, p->w->slots, 7),
                      part_status[part]);
        assert_int_equal(vqg_device_violation(&p->w->device)->rule, VQG_RULE_QUEUE_DISJOINT);
        assert_int_equal(vqg_device_violation(&p->w->device)->value, *part_of(&bad, part));
        assert_int_equal(vqg_device_violation(&p->w->device)->limit, 1);
        assert_int_equal(p->w->caps[0].pins, 3);
    }
    vqg_device_reset(&sibling);
    packed_free(p);
}

static void m2_ring_needs_both_rights_and_each_event_structure_its_own(void **state)
{
    static const struct {
        unsigned part;
        uint64_t offset;
        uint32_t rights; /* 0: enough */
    } t[] = {{0, WORLD_RDONLY, VQG_CAP_READ}, {0, WORLD_WRONLY, VQG_CAP_WRITE}, {1, WORLD_RDONLY, 0},
             {1, WORLD_WRONLY, VQG_CAP_WRITE}, {2, WORLD_RDONLY, VQG_CAP_READ}, {2, WORLD_WRONLY, 0}};
    struct packed_peer *p = packed_new(7, 0);
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct vqg_queue q = p->w->queue;
        *part_of(&q, t[i].part) = world_addr(t[i].offset);
        if (t[i].rights != 0u) {
            setup_refused(p, &q, part_status[t[i].part], VQG_RULE_RIGHT, world_addr(t[i].offset), t[i].rights);
        } else {
            assert_status(vqg_device_init(&p->w->device, &q, &p->w->policy, &p->w->lookup, p->w->slots, 7), VQG_OK);
            vqg_device_reset(&p->w->device);
        }
    }
    packed_free(p);
}

static void packed_ring_without_version_1_is_refused(void **state)
{
    struct packed_peer *p = packed_new(7, 0);
    struct vqg_queue q = p->w->queue;
    (void)state;
    p->w->policy = vqg_profile_spec();
    q.features &= ~VQG_F_VERSION_1;
    setup_refused(p, &q, VQG_BAD_FEATURES, VQG_RULE_NONE, 0, 0);
    packed_free(p);
}

static void q11_big_endian_packed_ring_is_refused(void **state)
{
    struct packed_peer *p = packed_new(7, 0);
    struct vqg_queue q = p->w->queue;
    (void)state;
    q.order = VQG_ORDER_BIG;
    setup_refused(p, &q, VQG_BAD_BYTE_ORDER, VQG_RULE_BYTE_ORDER, VQG_ORDER_BIG, VQG_ORDER_LITTLE);
    packed_free(p);
}

static void r5_queue_may_change_its_format_with_a_reset(void **state)
{
    struct packed_peer *p = packed_live(8, 0);
    struct vqg_queue packed = p->w->queue;
    (void)state;
    packed_serves(p);
    vqg_device_reset(&p->w->device);
    /* Split: the size is judged by the rule for that, and the parts have its sizes. */
    p->w->queue.features &= ~VQG_F_RING_PACKED;
    p->w->queue.size = 7;
    assert_status(vqg_device_enable(&p->w->device, &p->w->queue), VQG_BAD_SIZE);
    assert_int_equal(vqg_device_violation(&p->w->device)->rule, VQG_RULE_QUEUE_SIZE_SPLIT);
    p->w->queue.size = 8;
    restart(p->w);
    assert_serves(p->w);
    assert_true(vqg_device_in_flight(&p->w->device, world_addr(WORLD_USED + 69u), 1));
    p->w->queue = packed;
    packed_restart(p);
    assert_false(vqg_device_in_flight(&p->w->device, world_addr(WORLD_USED + 4u), 1));
    packed_serves(p);
    packed_free(p);
}

static void r5_reset_begins_again_with_wrap_counters_of_one(void **state)
{
    struct packed_peer *p = packed_live(7, VQG_F_EVENT_IDX);
    unsigned n;
    (void)state;
    for (n = 0; n < 12u; n++) {
        unsigned k;
        for (k = 0; k < n; k++) {
            packed_serves(p);
        }
        packed_restart(p);
        assert_int_equal(p->w->device.ring.get, 0x8000);
        assert_int_equal(p->w->device.ring.put, 0x8000);
        assert_status(vqg_device_pop(&p->w->device, &p->w->chain), VQG_EMPTY);
        assert_int_equal(peer_get(p->w, WORLD_USED, 2), 0x8000);
        /* An element of the second lap is not available in the first. */
        packed_element(p, 0, world_addr(WORLD_DATA), 16, 1, 0x8000);
        assert_status(vqg_device_pop(&p->w->device, &p->w->chain), VQG_EMPTY);
        packed_clear(p);
        packed_serves(p);
    }
    packed_free(p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(q1_size_zero_is_refused),
    cmocka_unit_test(q3_size_above_32768_is_refused),
    cmocka_unit_test(q3_any_size_up_to_32768_serves),
    cmocka_unit_test(q4_size_above_what_was_offered_or_the_record_is_refused),
    cmocka_unit_test(q5_misaligned_part_is_refused),
    cmocka_unit_test(q6_part_that_wraps_or_that_no_capability_covers_is_refused),
    cmocka_unit_test(q7_parts_that_overlap_are_refused),
    cmocka_unit_test(q7_part_over_a_part_of_a_sibling_is_refused),
    cmocka_unit_test(m2_ring_needs_both_rights_and_each_event_structure_its_own),
    cmocka_unit_test(packed_ring_without_version_1_is_refused),
    cmocka_unit_test(q11_big_endian_packed_ring_is_refused),
    cmocka_unit_test(r5_queue_may_change_its_format_with_a_reset),
    cmocka_unit_test(r5_reset_begins_again_with_wrap_counters_of_one),
};

TEST_MAIN(tests)
