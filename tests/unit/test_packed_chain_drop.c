/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_chain_drop.c
 * @brief Lists that break a rule under VQG_CHAIN_DROP: the end is looked for, and the whole list goes back (F3, C13).
 */
#include "packed_device_util.h"

#define TABLE world_addr(WORLD_TABLES)

/* A live device that drops, at one of the places, with an honest list in flight. `longest`: most elements, 0: any. */
static struct packed_peer *dropping(size_t begin, uint32_t longest, struct pool *pool)
{
    struct packed_peer *p = packed_new(7, VQG_F_INDIRECT_DESC);
    struct packed_cursor at = packed_begins[begin];
    pool_init(pool);
    p->w->policy.chain = VQG_CHAIN_DROP;
    p->w->policy.max_bytes_in_flight = 1000;
    p->w->policy.min_readable = 1;
    p->w->policy.max_elements = longest;
    world_start_device(p->w);
    packed_begin(p, at.slot, at.wrap);
    packed_list(p, 2, 6);
    assert_pops(p->w, &pool->chain[0]);
    return p;
}

/* The next pop drops a list of `n` elements with this id: it goes back whole with length 0, and that is all. */
static void assert_drops(struct packed_peer *p, struct pool *pool, uint32_t n, uint16_t id, enum vqg_rule rule,
                         uint32_t index, uint64_t value, uint64_t limit)
{
    struct vqg_device *d = &p->w->device;
    struct packed_cursor used = p->used;
    unsigned char ring[16u * 7u];
    enum vqg_status st;
    memcpy(ring, world_at(p->w, WORLD_DESC), sizeof ring);
    test_port_reset();
    st = vqg_device_pop(d, &pool->chain[1]);
    assert_violation(vqg_device_violation(d), st, rule, index, value, limit);
    assert_int_equal(vqg_device_violation(d)->count, 1);
    assert_false(vqg_device_needs_reset(d));
    assert_int_equal(vqg_device_dropped(d), 1);
    assert_int_equal(pool->chain[1].count, 0);
    assert_null(pool->chain[1].owner_);
    assert_int_equal(p->w->caps[0].pins, 3 + 2);
    assert_int_equal(d->bytes_in_flight, 32);
    /* One used element, behind what was returned before. */
    assert_int_equal(test_port.stores, 2);
    assert_collects_nothing(p);
    assert_true(vqg_device_notify(d));
    memcpy(ring + 16u * used.slot + 8u, world_at(p->w, packed_at(used.slot) + 8u), 8);
    assert_memory_equal(ring, world_at(p->w, WORLD_DESC), sizeof ring);
    assert_int_equal(peer_get(p->w, packed_at(used.slot) + PACKED_FLAGS, 2), packed_turned(used, PACKED_USED));
    p->count[id] = n;
    assert_collects(p, id, 0);
    assert_int_equal(d->ring.get, packed_word(p->avail));
    assert_int_equal(d->ring.put, packed_word(p->used));
    world_check_canaries(p->w);
    /* The next list is where the driver says, and the one of before is still in flight. */
    packed_list(p, 2, id);
    assert_pops(p->w, &pool->chain[1]);
    assert_packed_list(&pool->chain[1], 2, id);
    assert_status(vqg_device_push(d, &pool->chain[1], 7), VQG_OK);
    assert_status(vqg_device_push(d, &pool->chain[0], 16), VQG_OK);
    assert_true(vqg_device_notify(d));
    assert_collects(p, id, 7);
    assert_collects(p, 6, 16);
}

static void f3_list_goes_back_whole_wherever_it_is_broken(void **state)
{
    uint32_t n;
    uint32_t k;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        for (n = 1; n <= 5u; n++) {
            for (k = 0; k < n; k++) {
                struct pool pool;
                struct packed_peer *p = dropping(i, 0, &pool);
                uint32_t slot = packed_slot(p, p->avail, k);
                packed_list(p, n, 2);
                peer_put(p->w, packed_at(slot) + PACKED_LEN, 4, 0);
                assert_drops(p, &pool, n, 2, VQG_RULE_ZERO_LENGTH, slot, 0, 1);
                packed_free(p);
            }
        }
    }
}

static void f3_second_rule_that_a_list_breaks_is_not_told_of(void **state)
{
    struct pool pool;
    struct packed_peer *p = dropping(1, 0, &pool);
    (void)state;
    /* In the ring: slots 5, 6 are in flight, the list is 0 to 3. */
    packed_list(p, 4, 2);
    peer_put(p->w, packed_at(1) + PACKED_ADDR, 8, world_addr(WORLD_HOLE));
    peer_put(p->w, packed_at(2) + PACKED_LEN, 4, 0);
    peer_put(p->w, packed_at(3) + PACKED_ADDR, 8, world_addr(WORLD_RDONLY));
    assert_drops(p, &pool, 4, 2, VQG_RULE_CAPABILITY, 1, world_addr(WORLD_HOLE), 16);
    packed_free(p);
}

static void f3_rules_for_a_list_as_a_whole_drop_it_as_well(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        struct pool pool;
        struct packed_peer *p = dropping(i, 0, &pool);
        const struct vqg_seg write = packed_seg(WORLD_DATA, 16, true);
        packed_post(p, &write, 1, 3);
        assert_drops(p, &pool, 1, 3, VQG_RULE_MINIMUM_SIZE, 3, 0, 1);
        packed_free(p);
        p = dropping(i, 0, &pool);
        packed_list(p, 3, 3);
        peer_put(p->w, packed_at(packed_slot(p, packed_begins[i], 3)) + PACKED_LEN, 4, 1000);
        assert_drops(p, &pool, 3, 3, VQG_RULE_QUOTA, 3, 1032, 1000);
        packed_free(p);
    }
}

static void f3_list_beyond_the_longest_chain_goes_back_whole(void **state)
{
    struct pool pool;
    struct packed_peer *p = dropping(1, 2, &pool);
    (void)state;
    packed_list(p, 5, 1);
    assert_drops(p, &pool, 5, 1, VQG_RULE_CHAIN_BOUND, 2, 3, 2);
    packed_free(p);
}

static void f3_broken_table_goes_back_as_one_element(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        struct pool pool;
        struct packed_peer *p = dropping(i, 0, &pool);
        peer_entry(p->w, WORLD_TABLES, 0, world_addr(WORLD_DATA), 16, 0, 0);
        peer_entry(p->w, WORLD_TABLES, 1, world_addr(WORLD_DATA), 16, 0, PACKED_NEXT);
        peer_entry(p->w, WORLD_TABLES, 2, world_addr(WORLD_DATA), 16, 0, PACKED_WRITE);
        packed_post_table(p, TABLE, 3, 0);
        assert_drops(p, &pool, 1, 0, VQG_RULE_TABLE_SEQUENTIAL, 1, PACKED_NEXT, PACKED_WRITE);
        packed_free(p);
    }
}

static void i6_and_i10_lists_with_tables_among_other_elements_go_back_whole(void **state)
{
    size_t i;
    uint32_t k;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        for (k = 0; k < 3u; k++) {
            struct pool pool;
            struct packed_peer *p = dropping(i, 0, &pool);
            struct packed_cursor at = p->avail;
            unsigned flags;
            packed_list(p, 3, 4);
            packed_move(p, &at, k);
            flags = packed_turned(at, PACKED_AVAILABLE) | PACKED_INDIRECT | (k < 2u ? PACKED_NEXT : 0u);
            packed_element(p, at.slot, TABLE, 16, 4, flags);
            if (k < 2u) {
                assert_drops(p, &pool, 3, 4, VQG_RULE_INDIRECT_NEXT, at.slot, flags, 0);
            } else {
                assert_drops(p, &pool, 3, 4, VQG_RULE_TABLE_ALONE, at.slot, 2, 0);
            }
            packed_free(p);
        }
    }
}

static void c13_rest_of_a_broken_list_is_fetched_once(void **state)
{
    struct pool pool;
    struct packed_peer *p = dropping(1, 0, &pool);
    size_t i;
    (void)state;
    packed_list(p, 5, 2);
    peer_put(p->w, packed_at(0) + PACKED_LEN, 4, 0);
    test_port_reset();
    assert_status(vqg_device_pop(&p->w->device, &pool.chain[1]), VQG_V_ZERO_LENGTH);
    assert_int_equal(test_port.loads, 4 + 2 * 4);
    for (i = 4; i < test_port.loads; i++) {
        assert_int_equal(packed_logged(p, i), packed_at(1 + (uint32_t)(i - 4u) / 2u) + 8u * (i % 2u));
    }
    packed_free(p);
}

/* The first element is broken, and the list then breaks a rule that concerns both sides: that one latches. */
static void assert_latches(struct packed_peer *p, struct pool *pool, uint32_t first, enum vqg_rule rule)
{
    struct vqg_device *d = &p->w->device;
    struct world_copy *before = world_copy(p->w);
    enum vqg_status st = vqg_device_pop(d, &pool->chain[1]);
    assert_int_equal(vqg_status_rule(st), rule);
    /* The record is that of the first violation. */
    assert_violation(vqg_device_violation(d), VQG_V_ZERO_LENGTH, VQG_RULE_ZERO_LENGTH, first, 0, 1);
    assert_int_equal(vqg_device_violation(d)->count, 2);
    assert_true(vqg_device_needs_reset(d));
    assert_int_equal(vqg_device_dropped(d), 0);
    assert_int_equal(pool->chain[1].count, 0);
    world_assert_unchanged(p->w, before);
    assert_status(vqg_device_pop(d, &pool->chain[1]), VQG_DEAD);
    packed_restart(p);
    packed_serves(p);
    packed_free(p);
}

/* A list of 4 whose first element is broken, at slot 0, behind slots 5 and 6 in flight. */
static struct packed_peer *broken_first(struct pool *pool)
{
    struct packed_peer *p = dropping(1, 0, pool);
    packed_list(p, 4, 2);
    peer_put(p->w, packed_at(0) + PACKED_LEN, 4, 0);
    return p;
}

static void p3_endless_rest_of_a_broken_list_latches(void **state)
{
    struct pool pool;
    struct packed_peer *p = broken_first(&pool);
    (void)state;
    packed_list(p, 1, 2);
    packed_list(p, 1, 2);
    peer_put(p->w, packed_at(3) + PACKED_FLAGS, 2, 0x8000 | PACKED_NEXT);
    peer_put(p->w, packed_at(4) + PACKED_FLAGS, 2, 0x8000 | PACKED_NEXT);
    assert_latches(p, &pool, 0, VQG_RULE_LIST_BOUND);
}

static void p4_unavailable_rest_of_a_broken_list_latches(void **state)
{
    struct pool pool;
    struct packed_peer *p = broken_first(&pool);
    (void)state;
    peer_put(p->w, packed_at(3) + PACKED_FLAGS, 2, 0x8080);
    assert_latches(p, &pool, 0, VQG_RULE_MEMBER_AVAILABLE);
}

static void p5_broken_list_without_an_id_latches(void **state)
{
    struct pool pool;
    struct packed_peer *p = broken_first(&pool);
    (void)state;
    peer_put(p->w, packed_at(3) + PACKED_ID, 2, 7);
    assert_latches(p, &pool, 0, VQG_RULE_BUFFER_ID_RANGE);
}

static void s4_broken_list_with_an_id_in_flight_latches(void **state)
{
    struct pool pool;
    struct packed_peer *p = broken_first(&pool);
    (void)state;
    peer_put(p->w, packed_at(3) + PACKED_ID, 2, 6);
    assert_latches(p, &pool, 0, VQG_RULE_HEAD_IN_FLIGHT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(f3_list_goes_back_whole_wherever_it_is_broken),
    cmocka_unit_test(f3_second_rule_that_a_list_breaks_is_not_told_of),
    cmocka_unit_test(f3_rules_for_a_list_as_a_whole_drop_it_as_well),
    cmocka_unit_test(f3_list_beyond_the_longest_chain_goes_back_whole),
    cmocka_unit_test(f3_broken_table_goes_back_as_one_element),
    cmocka_unit_test(i6_and_i10_lists_with_tables_among_other_elements_go_back_whole),
    cmocka_unit_test(c13_rest_of_a_broken_list_is_fetched_once),
    cmocka_unit_test(p3_endless_rest_of_a_broken_list_latches),
    cmocka_unit_test(p4_unavailable_rest_of_a_broken_list_latches),
    cmocka_unit_test(p5_broken_list_without_an_id_latches),
    cmocka_unit_test(s4_broken_list_with_an_id_in_flight_latches),
};

TEST_MAIN(tests)
