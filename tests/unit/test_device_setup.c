/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_setup.c
 * @brief Sizes and ring parts that a driver chose, when a device endpoint is set up; see test_device_enable.c.
 */
#include "device_util.h"

/* The queue parts in order, and what names them. */
static const enum vqg_status part_status[3] = {VQG_BAD_DESC, VQG_BAD_AVAIL, VQG_BAD_USED};

static uint64_t *part_of(struct vqg_queue *q, unsigned part)
{
    return part == 0u ? &q->desc_addr : part == 1u ? &q->avail_addr : &q->used_addr;
}

static void assert_setup_record(const struct world *w, enum vqg_rule rule, uint32_t queue, uint64_t value,
                                uint64_t limit)
{
    const struct vqg_violation *v = vqg_device_violation(&w->device);
    assert_string_equal(vqg_rule_name(v->rule), vqg_rule_name(rule));
    assert_int_equal(v->queue, queue);
    assert_int_equal(v->index, 0);
    assert_int_equal(v->count, rule == VQG_RULE_NONE ? 0 : 1);
    assert_int_equal(v->value, value);
    assert_int_equal(v->limit, limit);
}

static void assert_off(struct world *w)
{
    size_t before = test_port.count;
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_DEAD);
    assert_false(vqg_device_notify(&w->device));
    assert_false(vqg_device_needs_reset(&w->device));
    assert_false(vqg_device_in_flight(&w->device, world_addr(WORLD_DESC), 16));
    assert_int_equal(test_port.count, before);
    assert_int_equal(w->caps[0].pins + w->caps[1].pins + w->caps[2].pins, 0);
    world_check_canaries(w);
}

/* The queue `bad` is refused by init, and again by enable after a reset (R5); the good one serves afterwards. */
static void assert_setup_refused(struct world *w, const struct vqg_queue *bad, enum vqg_status st, enum vqg_rule rule,
                                 uint64_t value, uint64_t limit)
{
    test_port_reset();
    assert_status(vqg_device_init(&w->device, bad, &w->policy, &w->lookup, w->slots, w->nslots), st);
    assert_setup_record(w, rule, bad->index, value, limit);
    assert_int_equal(test_port.count, 0);
    assert_off(w);
    restart(w);
    assert_true(vqg_device_in_flight(&w->device, w->queue.used_addr, 1));
    vqg_device_reset(&w->device);
    assert_status(vqg_device_enable(&w->device, bad), st);
    assert_setup_record(w, rule, bad->index, value, limit);
    assert_off(w);
    restart(w);
    assert_serves(w);
    vqg_device_reset(&w->device);
}

static void q1_size_zero_is_refused(void **state)
{
    struct world *w = world_new(8, 0);
    struct vqg_queue q = w->queue;
    (void)state;
    q.size = 0;
    assert_setup_refused(w, &q, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_ZERO, 0, 1);
    world_free(w);
}

static void q2_sizes_but_powers_of_two_up_to_32768_are_refused(void **state)
{
    static const uint32_t sizes[] = {3, 6, 255, 32767, 32769, 65536, 0x80000000u, UINT32_MAX};
    struct world *w = world_new(8, 0);
    struct vqg_queue q = w->queue;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        q.size = sizes[i];
        assert_setup_refused(w, &q, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_SPLIT, sizes[i], 32768);
    }
    world_free(w);
}

static void q2_powers_of_two_serve_in_both_byte_orders(void **state)
{
    static const uint32_t sizes[] = {1, 2, 4, 8, 256, 32768};
    size_t i;
    (void)state;
    for (i = 0; i < 2u * COUNT_OF(sizes); i++) {
        struct world *w = world_new(sizes[i / 2u], 0);
        if (i % 2u != 0u) {
            make_big(w);
        }
        world_start_device(w);
        assert_setup_record(w, VQG_RULE_NONE, 0, 0, 0);
        assert_serves(w);
        world_free(w);
    }
}

static void q4_size_above_what_was_offered_is_refused(void **state)
{
    struct world *w = world_new(16, 0);
    struct vqg_queue q = w->queue;
    (void)state;
    w->queue.size_max = 16;
    q.size_max = 8;
    assert_setup_refused(w, &q, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_MAX, 16, 8);
    world_free(w);
}

static void q4_size_above_the_private_record_is_refused(void **state)
{
    struct world *w = world_new(16, 0);
    (void)state;
    assert_status(vqg_device_init(&w->device, &w->queue, &w->policy, &w->lookup, w->slots, 15), VQG_BAD_SLOTS);
    assert_setup_record(w, VQG_RULE_QUEUE_SIZE_MAX, 0, 16, 15);
    assert_off(w);
    assert_status(vqg_device_enable(&w->device, &w->queue), VQG_BAD_SLOTS);
    w->queue.size = 8;
    restart(w);
    assert_serves(w);
    world_free(w);
}

static void q5_part_off_its_alignment_is_refused(void **state)
{
    static const struct {
        unsigned part;
        uint64_t by;
        uint64_t align;
    } t[] = {{0, 1, 16}, {0, 8, 16}, {0, 15, 16}, {1, 1, 2}, {2, 1, 4}, {2, 2, 4}, {2, 3, 4}};
    struct world *w = world_new(8, 0);
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct vqg_queue q = w->queue;
        *part_of(&q, t[i].part) += t[i].by;
        assert_setup_refused(w, &q, part_status[t[i].part], VQG_RULE_QUEUE_ALIGN, *part_of(&q, t[i].part), t[i].align);
    }
    w->queue.desc_addr += 16;
    w->queue.avail_addr += 2;
    w->queue.used_addr += 4;
    world_start_device(w);
    world_free(w);
}

static void q5_part_without_an_aligned_mapping_is_refused(void **state)
{
    unsigned part;
    unsigned shift;
    (void)state;
    for (part = 0; part < 3u; part++) {
        for (shift = 0; shift < 2u; shift++) {
            struct world *w = world_new(8, 0);
            struct vqg_queue good = w->queue;
            struct counted c;
            counted_use(&c, w);
            /* The address is right, the mapping of its capability is missing, or odd. */
            c.cap[1].map = shift != 0u ? w->memory + 1 : NULL;
            *part_of(&w->queue, part) = WIDE_BASE;
            assert_status(vqg_device_init(&w->device, &w->queue, &w->policy, &w->lookup, w->slots, 8),
                          part_status[part]);
            assert_setup_record(w, VQG_RULE_NONE, 0, 0, 0);
            assert_int_equal(c.bytes, 0);
            w->queue = good;
            restart(w);
            assert_serves(w);
            world_free(w);
        }
    }
}

/* Gives each part a capability of exactly its size; part sizes for 8 descriptors, from the specification. */
static const uint64_t part_bytes[3] = {16 * 8, 6 + 2 * 8, 6 + 8 * 8};

static void q6_one_capability_covers_a_part_with_its_event_word(void **state)
{
    struct world *w = world_new(8, 0);
    unsigned part;
    (void)state;
    for (part = 0; part < 3u; part++) {
        w->caps[part].base = *part_of(&w->queue, part);
        w->caps[part].map = world_at(w, w->caps[part].base - WORLD_BASE);
        w->caps[part].size = part_bytes[part];
        w->caps[part].rights = VQG_CAP_READ | VQG_CAP_WRITE;
    }
    assert_status(vqg_cap_table_init(&w->table, w->caps, 3, 0), VQG_OK);
    world_start_device(w);
    vqg_device_reset(&w->device);
    for (part = 0; part < 3u; part++) {
        uint64_t addr = *part_of(&w->queue, part);
        w->caps[part].size--;
        assert_status(vqg_device_enable(&w->device, &w->queue), part_status[part]);
        assert_setup_record(w, VQG_RULE_QUEUE_EXTENT, 0, addr, part_bytes[part]);
        assert_off(w);
        w->caps[part].base++;
        assert_status(vqg_device_enable(&w->device, &w->queue), part_status[part]);
        assert_setup_record(w, VQG_RULE_QUEUE_EXTENT, 0, addr, part_bytes[part]);
        w->caps[part].base--;
        w->caps[part].size++;
    }
    assert_status(vqg_device_enable(&w->device, &w->queue), VQG_OK);
    world_free(w);
}

static void q6_part_that_wraps_or_has_no_capability_is_refused(void **state)
{
    struct world *w = world_new(8, 0);
    unsigned part;
    (void)state;
    for (part = 0; part < 3u; part++) {
        /* The last byte would have address 2^64; nothing there; across the end of a capability. */
        uint64_t addr[3] = {(UINT64_MAX - part_bytes[part] + 2u + 15u) & ~(uint64_t)15, world_addr(WORLD_HOLE),
                            world_addr(WORLD_HOLE) - 16u};
        size_t i;
        for (i = 0; i < 3u; i++) {
            struct vqg_queue q = w->queue;
            *part_of(&q, part) = addr[i];
            assert_setup_refused(w, &q, part_status[part], VQG_RULE_QUEUE_EXTENT, addr[i], part_bytes[part]);
        }
    }
    world_free(w);
}

static const struct vqg_cap *lying_lookup(void *context, uint64_t addr)
{
    const struct world *w = context;
    (void)addr;
    return &w->caps[0];
}

static void q6_capability_that_does_not_cover_the_address_is_refused(void **state)
{
    struct world *w = world_new(8, 0);
    (void)state;
    w->lookup.table = NULL;
    w->lookup.lookup = lying_lookup;
    w->lookup.context = w;
    w->lookup.pin = NULL;
    w->lookup.unpin = NULL;
    w->queue.avail_addr = WORLD_BASE - 0x1000;
    assert_status(vqg_device_init(&w->device, &w->queue, &w->policy, &w->lookup, w->slots, 8), VQG_BAD_AVAIL);
    assert_setup_record(w, VQG_RULE_QUEUE_EXTENT, 0, WORLD_BASE - 0x1000, part_bytes[1]);
    assert_off(w);
    world_free(w);
}

static void q6_part_may_end_at_the_highest_address(void **state)
{
    struct world *w = world_new(8, 0);
    struct counted c;
    (void)state;
    counted_use(&c, w);
    c.cap[2].map = w->memory + WORLD_TABLES;
    w->queue.desc_addr = UINT64_MAX - 127u;
    world_start_device(w);
    assert_true(vqg_device_in_flight(&w->device, UINT64_MAX, 1));
    world_free(w);
}

static void m2_part_without_the_right_is_refused(void **state)
{
    static const struct {
        unsigned part;
        uint64_t at;
        uint32_t rights;
    } t[] = {{0, WORLD_WRONLY, VQG_CAP_WRITE}, {1, WORLD_WRONLY, VQG_CAP_WRITE}, {2, WORLD_RDONLY, VQG_CAP_READ}};
    struct world *w = world_new(8, 0);
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct vqg_queue q = w->queue;
        *part_of(&q, t[i].part) = world_addr(t[i].at);
        assert_setup_refused(w, &q, part_status[t[i].part], VQG_RULE_RIGHT, world_addr(t[i].at), t[i].rights);
    }
    w->queue.desc_addr = world_addr(WORLD_RDONLY);
    w->queue.avail_addr = world_addr(WORLD_RDONLY + 0x1000u);
    w->queue.used_addr = world_addr(WORLD_WRONLY);
    world_start_device(w);
    world_free(w);
}

static void m3_part_that_cannot_be_pinned_is_refused_and_leaves_no_pin(void **state)
{
    unsigned part;
    (void)state;
    for (part = 0; part < 3u; part++) {
        struct world *w = world_new(8, 0);
        struct counted c;
        counted_use(&c, w);
        c.refuse_pin = part + 1u;
        assert_status(vqg_device_init(&w->device, &w->queue, &w->policy, &w->lookup, w->slots, 8), part_status[part]);
        assert_setup_record(w, VQG_RULE_PIN, 0, *part_of(&w->queue, part), part_bytes[part]);
        assert_int_equal(c.pins, part + 1u);
        assert_int_equal(c.unpins, part);
        assert_int_equal(c.bytes, 0);
        restart(w);
        assert_int_equal(c.bytes, part_bytes[0] + part_bytes[1] + part_bytes[2]);
        assert_serves(w);
        assert_status(vqg_device_enable(&w->device, &w->queue), VQG_BAD_STATE);
        vqg_device_reset(&w->device);
        assert_int_equal(c.bytes, 0);
        vqg_device_reset(&w->device);
        assert_int_equal(c.unpins + 1u, c.pins);
        world_free(w);
    }
}

static void q7_parts_that_share_a_byte_are_refused(void **state)
{
    const uint64_t base = WORLD_BASE + WORLD_TABLES;
    const struct {
        uint64_t desc, avail, used;
        unsigned bad; /* 3: legal */
        uint64_t limit;
    } t[] = {
        {base, base, base + 0x1000, 1, base},
        {base, base + 126, base + 0x1000, 1, base},
        {base, base + 128, base + 0x1000, 3, 0},
        {base + 32, base + 12, base + 0x1000, 1, base + 32},
        {base + 32, base + 10, base + 0x1000, 3, 0},
        {base, base + 0x1000, base + 124, 2, base},
        {base, base + 0x1000, base + 128, 3, 0},
        {base, base + 0x1000, base + 0x1000 + 20, 2, base + 0x1000},
        {base, base + 0x1000, base + 0x1000 + 24, 3, 0},
        {base, base + 0x1002, base + 0x1000 - 64, 2, base + 0x1002},
        {base, base + 0x1006, base + 0x1000 - 64, 3, 0},
    };
    struct world *w = world_new(8, 0);
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct vqg_queue q = w->queue;
        q.desc_addr = t[i].desc;
        q.avail_addr = t[i].avail;
        q.used_addr = t[i].used;
        if (t[i].bad == 3u) {
            assert_status(vqg_device_init(&w->device, &q, &w->policy, &w->lookup, w->slots, 8), VQG_OK);
            vqg_device_reset(&w->device);
        } else {
            assert_setup_refused(w, &q, part_status[t[i].bad], VQG_RULE_QUEUE_DISJOINT, *part_of(&q, t[i].bad),
                                 t[i].limit);
        }
    }
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(q1_size_zero_is_refused),
    cmocka_unit_test(q2_sizes_but_powers_of_two_up_to_32768_are_refused),
    cmocka_unit_test(q2_powers_of_two_serve_in_both_byte_orders),
    cmocka_unit_test(q4_size_above_what_was_offered_is_refused),
    cmocka_unit_test(q4_size_above_the_private_record_is_refused),
    cmocka_unit_test(q5_part_off_its_alignment_is_refused),
    cmocka_unit_test(q5_part_without_an_aligned_mapping_is_refused),
    cmocka_unit_test(q6_one_capability_covers_a_part_with_its_event_word),
    cmocka_unit_test(q6_part_that_wraps_or_has_no_capability_is_refused),
    cmocka_unit_test(q6_capability_that_does_not_cover_the_address_is_refused),
    cmocka_unit_test(q6_part_may_end_at_the_highest_address),
    cmocka_unit_test(m2_part_without_the_right_is_refused),
    cmocka_unit_test(m3_part_that_cannot_be_pinned_is_refused_and_leaves_no_pin),
    cmocka_unit_test(q7_parts_that_share_a_byte_are_refused),
};

TEST_MAIN(tests)
