/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed.c
 * @brief A packed queue before anything happens in it: sizes, positions, laps, and what set-up asks and clears.
 */
#include "packed_driver_util.h"

static const uint32_t sizes[] = {1, 2, 3, 5, 7, 8, 1000, 32767, 32768};

/* A ring of that size, and a peer that counts on it one by one. */
static struct vqg_ring ring_of(uint32_t size)
{
    static struct world w;
    struct vqg_ring r;
    memset(&r, 0, sizeof r);
    r.packed = true;
    r.size = size;
    r.mask = size - 1u;
    vqg_ring_rewind_(&r);
    w.size = size;
    packed_start(peer(), &w);
    return r;
}

/* Step counts at which something could go wrong. */
static uint32_t some_steps(uint32_t size, uint32_t i)
{
    const uint32_t all[] = {0, 1, 2, size / 2u, size - 1u, size};
    return all[i] <= size ? all[i] : size;
}

static void p2_position_begins_in_the_first_lap(void **state)
{
    size_t s;
    (void)state;
    for (s = 0; s < COUNT_OF(sizes); s++) {
        struct vqg_ring r = ring_of(sizes[s]);
        assert_int_equal(r.put, 0x8000);
        assert_int_equal(r.published, 0x8000);
        assert_int_equal(r.get, 0x8000);
        assert_int_equal(r.seen, 0x8000);
        r.packed = false;
        vqg_ring_rewind_(&r);
        assert_int_equal(r.put | r.published | r.get | r.seen, 0);
    }
}

static void p2_step_of_any_length_is_as_many_single_steps(void **state)
{
    size_t s;
    (void)state;
    for (s = 0; s < COUNT_OF(sizes); s++) {
        struct vqg_ring r = ring_of(sizes[s]);
        struct packed_cursor here = peer()->avail;
        uint16_t at = r.put;
        uint32_t i;
        for (i = 0; i < 2u * sizes[s] + 3u; i++) {
            assert_int_equal(at, packed_word(here));
            assert_int_equal(vqg_ring_index_(&r, at), here.slot);
            assert_int_equal(vqg_ring_place_(&r, at), here.slot);
            if (sizes[s] <= 8u || i % 4999u == 0u) {
                uint32_t k;
                for (k = 0; k < 6u; k++) {
                    struct packed_cursor there = here;
                    packed_move(peer(), &there, some_steps(sizes[s], k));
                    assert_int_equal(vqg_packed_step_(&r, at, some_steps(sizes[s], k)), packed_word(there));
                }
            }
            packed_move(peer(), &here, 1);
            at = vqg_packed_step_(&r, at, 1);
        }
    }
}

static void p2_distance_is_the_steps_to_get_there_up_to_two_laps(void **state)
{
    size_t s;
    (void)state;
    for (s = 0; s < COUNT_OF(sizes); s++) {
        const uint32_t size = sizes[s];
        const uint32_t some[] = {0, 1, size / 2u, size - 1u, size, size + 1u, 2u * size - 1u};
        struct vqg_ring r = ring_of(size);
        struct packed_cursor from = peer()->avail;
        uint32_t i;
        for (i = 0; i < 2u * size; i += size <= 8u ? 1u : size / 3u) {
            struct packed_cursor to;
            uint32_t n;
            from = peer()->avail;
            packed_move(peer(), &from, i);
            to = from;
            for (n = 0; size <= 8u && n < 2u * size; n++) {
                assert_int_equal(vqg_packed_distance_(&r, packed_word(from), packed_word(to)), n);
                packed_move(peer(), &to, 1);
            }
            for (n = 0; n < COUNT_OF(some); n++) {
                to = from;
                packed_move(peer(), &to, some[n] % (2u * size));
                assert_int_equal(vqg_packed_distance_(&r, packed_word(from), packed_word(to)), some[n] % (2u * size));
            }
        }
    }
}

static void p1_flags_of_a_lap_are_turned_over_in_the_next(void **state)
{
    (void)state;
    assert_int_equal(vqg_packed_available_(0x8000), 0x0080);
    assert_int_equal(vqg_packed_available_(0xffff), 0x0080);
    assert_int_equal(vqg_packed_available_(0), 0x8000);
    assert_int_equal(vqg_packed_available_(0x7fff), 0x8000);
    assert_int_equal(vqg_packed_used_(0x8000), 0x8080);
    assert_int_equal(vqg_packed_used_(0xffff), 0x8080);
    assert_int_equal(vqg_packed_used_(0), 0);
    assert_int_equal(vqg_packed_used_(0x7fff), 0);
}

static void q3_any_size_up_to_32768_is_accepted(void **state)
{
    struct vqg_guard g;
    uint32_t size;
    (void)state;
    memset(&g, 0, sizeof g);
    for (size = 1; size <= 32768u; size++) {
        assert_int_equal(vqg_check_size_(&g, size, 0, true), VQG_OK);
    }
    assert_int_equal(g.violation.rule, VQG_RULE_NONE);
}

/* Both endpoints of the driver's side refuse, with that record, and touch nothing. */
static void assert_refused(struct world *w, enum vqg_status st, enum vqg_rule rule, uint64_t value, uint64_t limit)
{
    const struct vqg_violation *v = vqg_driver_violation(&w->driver);
    struct world_copy *before;
    memset(&w->driver, 0, sizeof w->driver);
    before = world_copy(w);
    assert_int_equal(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, w->nslots), st);
    assert_int_equal(v->rule, rule);
    assert_int_equal(v->value, value);
    assert_int_equal(v->limit, limit);
    assert_int_equal(w->driver.ledger.guard.state, VQG_STATE_OFF);
    memset(&w->driver.ledger.ring, 0, sizeof w->driver.ledger.ring);
    world_assert_unchanged(w, before);
    assert_quiet(w);
    assert_int_equal(vqg_ledger_init(&w->ledger, &w->queue, &w->policy, w->slots, w->nslots), st);
    assert_int_equal(vqg_ledger_violation(&w->ledger)->rule, rule);
    assert_int_equal(test_port.count, 0);
}

static void q3_size_above_32768_is_refused(void **state)
{
    static const uint32_t above[] = {32769, 32770, 49152, 65535, 65536, 0x10001u, 0x80000000u, UINT32_MAX};
    struct world *w = world_new(32768, VQG_F_RING_PACKED);
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(above); i++) {
        w->queue.size = above[i];
        assert_refused(w, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_PACKED, above[i], 32768);
    }
    for (i = 0; i < COUNT_OF(sizes); i++) {
        w->queue.size = sizes[i];
        assert_int_equal(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, w->nslots), VQG_OK);
        assert_int_equal(vqg_driver_free(&w->driver), sizes[i]);
    }
    world_free(w);
}

static void q1_packed_queue_without_descriptors_is_refused(void **state)
{
    struct world *w = world_new(8, VQG_F_RING_PACKED);
    (void)state;
    w->queue.size = 0;
    assert_refused(w, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_ZERO, 0, 1);
    world_free(w);
}

static void q4_packed_queue_larger_than_offered_or_than_the_record_is_refused(void **state)
{
    struct world *w = world_new(7, VQG_F_RING_PACKED);
    (void)state;
    w->queue.size_max = 6;
    assert_refused(w, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_MAX, 7, 6);
    w->queue.size_max = 0;
    w->queue.size = 9;
    assert_refused(w, VQG_BAD_SLOTS, VQG_RULE_QUEUE_SIZE_MAX, 9, 7);
    world_free(w);
}

static void q11_packed_queue_is_little_endian(void **state)
{
    struct world *w = world_new(7, VQG_F_RING_PACKED);
    (void)state;
    w->queue.order = VQG_ORDER_BIG;
    assert_refused(w, VQG_BAD_BYTE_ORDER, VQG_RULE_BYTE_ORDER, VQG_ORDER_BIG, VQG_ORDER_LITTLE);
    world_free(w);
}

static void parts_of_a_packed_queue_null_or_misaligned_are_named(void **state)
{
    static const struct {
        unsigned desc, driver, device; /* offsets; 0xff for null */
        enum vqg_status st;
    } cases[] = {{0xff, 0, 0, VQG_BAD_DESC}, {8, 0, 0, VQG_BAD_DESC}, {0, 0xff, 0, VQG_BAD_AVAIL},
                 {0, 1, 0, VQG_BAD_AVAIL},   {0, 2, 0, VQG_BAD_AVAIL}, {0, 0, 0xff, VQG_BAD_USED},
                 {0, 0, 1, VQG_BAD_USED},    {0, 0, 2, VQG_BAD_USED}, {16, 4, 4, VQG_OK}};
    struct world *w = world_new(7, VQG_F_RING_PACKED);
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(cases); i++) {
        w->queue.desc = cases[i].desc == 0xff ? NULL : world_at(w, WORLD_DESC + cases[i].desc);
        w->queue.avail = cases[i].driver == 0xff ? NULL : world_at(w, WORLD_AVAIL + cases[i].driver);
        w->queue.used = cases[i].device == 0xff ? NULL : world_at(w, WORLD_USED + cases[i].device);
        if (cases[i].st != VQG_OK) {
            assert_refused(w, cases[i].st, VQG_RULE_NONE, 0, 0);
        } else {
            assert_int_equal(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, w->nslots), VQG_OK);
        }
    }
    world_free(w);
}

static void set_up_clears_ring_and_event_structures_and_nothing_else(void **state)
{
    size_t s;
    (void)state;
    for (s = 0; s < COUNT_OF(sizes); s++) {
        struct world *w = world_new(sizes[s], VQG_F_RING_PACKED | VQG_F_EVENT_IDX);
        const uint64_t end = WORLD_DESC + 16u * (uint64_t)sizes[s];
        uint64_t i;
        memset(w->memory, 0xff, WORLD_BYTES);
        world_start_driver(w);
        assert_int_equal(test_port.loads, 0);
        for (i = 0; i < WORLD_BYTES; i++) {
            bool cleared = i < end || (i >= WORLD_AVAIL && i < WORLD_AVAIL + 4u) ||
                           (i >= WORLD_USED && i < WORLD_USED + 4u);
            if (w->memory[i] != (cleared ? 0x00 : 0xff)) {
                fail_msg("size %u: byte %#llx is %#x", (unsigned)sizes[s], (unsigned long long)i, w->memory[i]);
            }
        }
        world_free(w);
    }
}

static void ledger_of_a_packed_queue_clears_nothing(void **state)
{
    struct world *w = world_new(7, VQG_F_RING_PACKED | VQG_F_EVENT_IDX);
    (void)state;
    world_start_ledger(w);
    assert_int_equal(test_port.count, 0);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(p2_position_begins_in_the_first_lap),
    cmocka_unit_test(p2_step_of_any_length_is_as_many_single_steps),
    cmocka_unit_test(p2_distance_is_the_steps_to_get_there_up_to_two_laps),
    cmocka_unit_test(p1_flags_of_a_lap_are_turned_over_in_the_next),
    cmocka_unit_test(q3_any_size_up_to_32768_is_accepted),
    cmocka_unit_test(q3_size_above_32768_is_refused),
    cmocka_unit_test(q1_packed_queue_without_descriptors_is_refused),
    cmocka_unit_test(q4_packed_queue_larger_than_offered_or_than_the_record_is_refused),
    cmocka_unit_test(q11_packed_queue_is_little_endian),
    cmocka_unit_test(parts_of_a_packed_queue_null_or_misaligned_are_named),
    cmocka_unit_test(set_up_clears_ring_and_event_structures_and_nothing_else),
    cmocka_unit_test(ledger_of_a_packed_queue_clears_nothing),
};

TEST_MAIN(tests)
