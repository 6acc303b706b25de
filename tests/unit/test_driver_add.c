/* SPDX-License-Identifier: MIT */
/**
 * @file test_driver_add.c
 * @brief Adding requests: what the device sees in shared memory, and what a refused request leaves alone.
 */
#include "driver_util.h"

/* A descriptor in shared memory, byte for byte in the ring's order. */
static void assert_desc(const struct world *w, uint64_t table, uint32_t i, uint64_t addr, uint32_t len, unsigned flags,
                        unsigned next)
{
    uint64_t at = table + 16u * (uint64_t)i;
    assert_int_equal(peer_get(w, at, 8), addr);
    assert_int_equal(peer_get(w, at + 8u, 4), len);
    assert_int_equal(peer_get(w, at + 12u, 2), flags);
    assert_int_equal(peer_get(w, at + 14u, 2), next);
}

static struct vqg_request table_request(struct world *w, const struct vqg_seg *seg, uint32_t count, void *ck)
{
    struct vqg_request r = {NULL, 0, 0, NULL, NULL, 0, 0};
    r.seg = seg;
    r.count = count;
    r.cookie = ck;
    r.table = world_at(w, WORLD_TABLES);
    r.table_addr = world_addr(WORLD_TABLES);
    r.table_entries = count;
    return r;
}

static void a_direct_chain_is_written_linked_and_exposed_in_either_byte_order(void **state)
{
    int big;
    (void)state;
    for (big = 0; big < 2; big++) {
        struct world *w = driver_world(8, 0, big != 0);
        struct vqg_seg seg[3];
        seg[0] = seg_out(0, 0x01020304u);
        seg[0].addr = 0x1122334455667788u;
        seg[1] = seg_in(WORLD_DATA, 512);
        seg[2] = seg_in(WORLD_DATA + 512u, 1);
        assert_int_equal(vqg_driver_add(&w->driver, seg, 3, cookie(1)), VQG_OK);
        assert_desc(w, WORLD_DESC, 0, 0x1122334455667788u, 0x01020304u, 1, 1);
        assert_desc(w, WORLD_DESC, 1, world_addr(WORLD_DATA), 512, 3, 2);
        assert_desc(w, WORLD_DESC, 2, world_addr(WORLD_DATA + 512u), 1, 2, 0);
        assert_int_equal(peer_get_avail_entry(w, 0), 0);
        assert_int_equal(peer_get_avail_idx(w), 0);
        /* The bytes themselves, so that the reader is not the writer's mirror. */
        assert_int_equal(world_at(w, WORLD_DESC)[0], big ? 0x11 : 0x88);
        assert_int_equal(world_at(w, WORLD_DESC)[7], big ? 0x88 : 0x11);
        assert_int_equal(world_at(w, WORLD_DESC)[8], big ? 0x01 : 0x04);
        assert_int_equal(world_at(w, WORLD_DESC)[12], big ? 0 : 1);
        assert_int_equal(world_at(w, WORLD_DESC)[15], big ? 1 : 0);
        assert_true(vqg_driver_kick(&w->driver));
        assert_int_equal(peer_get_avail_idx(w), 1);
        assert_int_equal(vqg_driver_free(&w->driver), 5);
        world_free(w);
    }
}

static void an_indirect_chain_takes_one_descriptor_and_fills_the_table_in_either_byte_order(void **state)
{
    int big;
    (void)state;
    for (big = 0; big < 2; big++) {
        struct world *w = driver_world(4, VQG_F_INDIRECT_DESC, big != 0);
        struct vqg_seg seg[4];
        struct vqg_request r;
        make_segs(seg, 2, 2);
        r = table_request(w, seg, 4, cookie(2));
        r.table_entries = 9; /* room to spare is not written */
        memset(world_at(w, WORLD_TABLES), 0xee, 16u * 9u);
        lend(w, 0, 1, 1);
        assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
        assert_desc(w, WORLD_DESC, 1, world_addr(WORLD_TABLES), 64, 4, 0);
        assert_desc(w, WORLD_TABLES, 0, seg[0].addr, SEG_BYTES, 1, 1);
        assert_desc(w, WORLD_TABLES, 1, seg[1].addr, SEG_BYTES, 1, 2);
        assert_desc(w, WORLD_TABLES, 2, seg[2].addr, SEG_BYTES, 3, 3);
        assert_desc(w, WORLD_TABLES, 3, seg[3].addr, SEG_BYTES, 2, 0);
        assert_desc(w, WORLD_TABLES, 4, 0xeeeeeeeeeeeeeeeeu, 0xeeeeeeeeu, 0xeeee, 0xeeee);
        assert_int_equal(peer_get_avail_entry(w, 1), 1);
        assert_int_equal(vqg_driver_free(&w->driver), 2);
        (void)vqg_driver_kick(&w->driver);
        complete(w, 1, 2u * SEG_BYTES);
        {
            struct vqg_done done = take_ok(w);
            assert_ptr_equal(done.cookie, cookie(2));
            assert_int_equal(done.count, 1);
            assert_int_equal(done.len, 2u * SEG_BYTES);
        }
        assert_int_equal(vqg_driver_free(&w->driver), 3);
        world_free(w);
    }
}

static void several_adds_are_published_by_one_release(void **state)
{
    struct world *w = driver_world(8, 0, false);
    size_t i;
    size_t ordered = 0;
    (void)state;
    test_port_reset();
    add_ok(w, 1, 1, 0);
    add_ok(w, 0, 1, 1);
    add_ok(w, 1, 2, 2);
    for (i = 0; i < test_port.count; i++) {
        assert_true(test_port.log[i].store);
        assert_false(test_port.log[i].ordered);
    }
    assert_int_equal(test_port.stores, 2u * 6u + 3u);
    assert_int_equal(peer_get_avail_idx(w), 0);
    assert_true(vqg_driver_kick(&w->driver));
    for (i = 0; i < test_port.count; i++) {
        ordered += test_port.log[i].ordered ? 1u : 0u;
    }
    assert_int_equal(ordered, 1);
    assert_int_equal(peer_get_avail_idx(w), 3);
    assert_int_equal(peer_get_avail_entry(w, 0), 0);
    assert_int_equal(peer_get_avail_entry(w, 1), 2);
    assert_int_equal(peer_get_avail_entry(w, 2), 3);
    world_free(w);
}

static void every_size_fills_up_and_says_full_and_empties_again(void **state)
{
    uint32_t size;
    (void)state;
    for (size = 1; size <= 32768u; size *= 2u) {
        struct world *w = driver_world(size, 0, false);
        struct vqg_seg seg = seg_in(WORLD_DATA, 4);
        struct world_copy *before;
        uint32_t i;
        for (i = 0; i < size; i++) {
            seg.addr = 0xabc000000u + i;
            assert_int_equal(vqg_driver_free(&w->driver), size - i);
            assert_int_equal(vqg_driver_add(&w->driver, &seg, 1, cookie(i)), VQG_OK);
        }
        before = world_copy(w);
        assert_int_equal(vqg_driver_add(&w->driver, &seg, 1, cookie(0)), VQG_FULL);
        world_assert_unchanged(w, before);
        assert_true(vqg_driver_kick(&w->driver));
        assert_int_equal(peer_get_avail_idx(w), size);
        for (i = 0; i < size; i++) {
            uint16_t head = peer_get_avail_entry(w, (uint16_t)i);
            assert_int_equal(head, i);
            assert_desc(w, WORLD_DESC, head, 0xabc000000u + i, 4, 2, 0);
        }
        for (i = 0; i < size; i++) {
            complete(w, i, 3);
        }
        for (i = 0; i < size; i++) {
            struct vqg_done done = take_ok(w);
            assert_ptr_equal(done.cookie, cookie(i));
            assert_int_equal(done.len, 3);
        }
        assert_idle(w);
        assert_int_equal(vqg_driver_free(&w->driver), size);
        round_trip(w);
        world_free(w);
    }
}

static void a_chain_as_long_as_the_queue_fits_and_one_longer_does_not(void **state)
{
    static struct vqg_seg seg[32769];
    uint32_t size;
    (void)state;
    for (size = 1; size <= 32768u; size *= 32u) {
        struct world *w = driver_world(size, 0, false);
        uint32_t i;
        for (i = 0; i <= size; i++) {
            seg[i] = seg_in(WORLD_DATA + i, 1);
        }
        assert_int_equal(vqg_driver_add(&w->driver, seg, size + 1u, cookie(0)), VQG_BAD_COUNT);
        assert_int_equal(vqg_driver_add(&w->driver, seg, size, cookie(0)), VQG_OK);
        assert_int_equal(vqg_driver_free(&w->driver), 0);
        for (i = 0; i < size; i++) {
            bool more = i + 1u < size;
            assert_desc(w, WORLD_DESC, i, world_addr(WORLD_DATA + i), 1, more ? 3 : 2, more ? i + 1u : 0);
        }
        (void)vqg_driver_kick(&w->driver);
        complete(w, 0, size);
        assert_int_equal(take_ok(w).count, size);
        assert_int_equal(vqg_driver_free(&w->driver), size);
        world_free(w);
    }
}

static void full_counts_descriptors_and_a_table_needs_only_one(void **state)
{
    struct world *w = driver_world(8, VQG_F_INDIRECT_DESC, false);
    struct vqg_seg seg[8];
    struct vqg_request r;
    (void)state;
    make_segs(seg, 2, 6);
    r = table_request(w, seg, 8, cookie(3));
    add_ok(w, 3, 3, 1);
    assert_int_equal(vqg_driver_add(&w->driver, seg, 3, cookie(2)), VQG_FULL);
    assert_int_equal(vqg_driver_add(&w->driver, seg, 2, cookie(2)), VQG_OK);
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_FULL);
    (void)vqg_driver_kick(&w->driver);
    complete(w, 6, 0);
    assert_int_equal(take_ok(w).count, 2);
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
    assert_int_equal(vqg_driver_free(&w->driver), 1);
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_FULL);
    assert_int_equal(vqg_driver_free(&w->driver), 0);
    world_free(w);
}

/* What a request can get wrong, each over one that is right. */
struct wrong {
    uint32_t first_len, second_len, count, min_length, entries;
    uint64_t first_addr, table_addr;
    unsigned table_shift; /* bytes off alignment; 99: no table */
    bool in_first, out_second;
    enum vqg_status st;
};

static void a_request_that_is_wrong_is_named_and_changes_nothing(void **state)
{
    static const struct wrong cases[] = {
        {.first_len = 8, .second_len = 8, .count = 2, .table_shift = 99, .st = VQG_OK},
        {.first_len = 8, .second_len = 8, .count = 2, .entries = 2, .st = VQG_OK},
        {.first_len = 8, .second_len = 8, .count = 2, .entries = 2, .table_addr = UINT64_MAX - 31u, .st = VQG_OK},
        {.first_len = 8, .second_len = 8, .count = 2, .min_length = 8, .table_shift = 99, .st = VQG_OK},
        {.first_len = 8, .second_len = UINT32_MAX - 8u, .count = 2, .table_shift = 99, .st = VQG_OK},
        {.first_addr = UINT64_MAX - 7u, .first_len = 8, .second_len = 8, .count = 2, .table_shift = 99, .st = VQG_OK},
        {.first_len = 8, .second_len = 8, .count = 0, .table_shift = 99, .st = VQG_BAD_COUNT},
        {.first_len = 8, .second_len = 8, .count = 9, .table_shift = 99, .st = VQG_BAD_COUNT},
        {.first_len = 8, .second_len = 8, .count = UINT32_MAX, .entries = UINT32_MAX, .st = VQG_BAD_COUNT},
        {.first_len = 0, .second_len = 8, .count = 2, .table_shift = 99, .st = VQG_BAD_SEGMENT},
        {.first_len = 8, .second_len = 0, .count = 2, .table_shift = 99, .st = VQG_BAD_SEGMENT},
        {.first_len = 8, .second_len = 8, .count = 2, .in_first = true, .out_second = true, .table_shift = 99,
         .st = VQG_BAD_SEGMENT},
        {.first_len = 8, .second_len = UINT32_MAX - 7u, .count = 2, .table_shift = 99, .st = VQG_BAD_SEGMENT},
        {.first_addr = UINT64_MAX - 6u, .first_len = 8, .second_len = 8, .count = 2, .table_shift = 99,
         .st = VQG_BAD_SEGMENT},
        {.first_len = 8, .second_len = 8, .count = 2, .min_length = 9, .table_shift = 99, .st = VQG_BAD_LENGTH},
        {.first_len = 8, .second_len = 8, .count = 2, .min_length = UINT32_MAX, .table_shift = 99,
         .st = VQG_BAD_LENGTH},
        {.first_len = 8, .second_len = 8, .count = 2, .entries = 1, .st = VQG_BAD_TABLE},
        {.first_len = 8, .second_len = 8, .count = 2, .entries = 0, .st = VQG_BAD_TABLE},
        {.first_len = 8, .second_len = 8, .count = 2, .entries = 2, .table_shift = 8, .st = VQG_BAD_TABLE},
        {.first_len = 8, .second_len = 8, .count = 2, .entries = 2, .table_addr = UINT64_MAX - 30u,
         .st = VQG_BAD_TABLE},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct wrong *c = &cases[i];
        struct world *w = driver_world(8, VQG_F_INDIRECT_DESC, false);
        struct vqg_seg seg[2];
        struct vqg_request r;
        seg[0] = c->in_first ? seg_in(WORLD_DATA, c->first_len) : seg_out(WORLD_DATA, c->first_len);
        seg[1] = c->out_second ? seg_out(WORLD_DATA, c->second_len) : seg_in(WORLD_DATA, c->second_len);
        seg[0].addr = c->first_addr != 0u ? c->first_addr : seg[0].addr;
        r = table_request(w, seg, c->count, cookie(1));
        r.min_length = c->min_length;
        r.table_entries = c->entries;
        r.table_addr = c->table_addr != 0u ? c->table_addr : r.table_addr;
        r.table = c->table_shift == 99u ? NULL : world_at(w, WORLD_TABLES + c->table_shift);
        if (c->st == VQG_OK) {
            assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
        } else {
            struct world_copy *before = world_copy(w);
            size_t accesses = test_port.count;
            assert_int_equal(vqg_driver_add_request(&w->driver, &r), c->st);
            assert_int_equal(test_port.count, accesses);
            world_assert_unchanged(w, before);
            assert_false(vqg_driver_kick(&w->driver));
            round_trip(w);
        }
        world_free(w);
    }
}

static void null_arguments_and_tables_without_the_feature_are_refused(void **state)
{
    struct world *w = driver_world(8, 0, false);
    struct vqg_seg seg[2];
    struct vqg_request r;
    struct world_copy *before = world_copy(w);
    (void)state;
    make_segs(seg, 1, 1);
    r = table_request(w, seg, 2, cookie(1));
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_BAD_TABLE);
    assert_int_equal(vqg_driver_add_request(NULL, &r), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_driver_add_request(&w->driver, NULL), VQG_BAD_ENDPOINT);
    r.seg = NULL;
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_driver_add(&w->driver, NULL, 2, cookie(1)), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_driver_add(NULL, seg, 2, cookie(1)), VQG_BAD_ENDPOINT);
    world_assert_unchanged(w, before);
    world_free(w);
}

static void the_longest_chain_is_the_policys_and_a_table_ends_at_32768(void **state)
{
    static struct vqg_seg seg[32769];
    struct world *w = world_new(4, VQG_F_INDIRECT_DESC);
    struct vqg_request r;
    uint32_t i;
    (void)state;
    for (i = 0; i < 32769u; i++) {
        seg[i] = seg_in(WORLD_DATA + i, 1);
    }
    w->policy.max_elements = 3;
    world_start_driver(w);
    assert_int_equal(vqg_driver_add(&w->driver, seg, 4, cookie(0)), VQG_BAD_COUNT);
    assert_int_equal(vqg_driver_add(&w->driver, seg, 3, cookie(0)), VQG_OK);
    r = table_request(w, seg, 4, cookie(1));
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_BAD_COUNT);
    r = table_request(w, seg, 3, cookie(1));
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
    w->policy.max_elements = 40000; /* a chain may be longer than the queue when it is in a table */
    world_start_driver(w);
    assert_int_equal(vqg_driver_add(&w->driver, seg, 5, cookie(0)), VQG_BAD_COUNT);
    r = table_request(w, seg, 32769, cookie(1));
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_BAD_COUNT);
    r = table_request(w, seg, 32768, cookie(1));
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
    assert_desc(w, WORLD_DESC, 0, world_addr(WORLD_TABLES), 32768u * 16u, 4, 0);
    assert_desc(w, WORLD_TABLES, 32766, world_addr(WORLD_DATA + 32766u), 1, 3, 32767);
    assert_desc(w, WORLD_TABLES, 32767, world_addr(WORLD_DATA + 32767u), 1, 2, 0);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_direct_chain_is_written_linked_and_exposed_in_either_byte_order),
    cmocka_unit_test(an_indirect_chain_takes_one_descriptor_and_fills_the_table_in_either_byte_order),
    cmocka_unit_test(several_adds_are_published_by_one_release),
    cmocka_unit_test(every_size_fills_up_and_says_full_and_empties_again),
    cmocka_unit_test(a_chain_as_long_as_the_queue_fits_and_one_longer_does_not),
    cmocka_unit_test(full_counts_descriptors_and_a_table_needs_only_one),
    cmocka_unit_test(a_request_that_is_wrong_is_named_and_changes_nothing),
    cmocka_unit_test(null_arguments_and_tables_without_the_feature_are_refused),
    cmocka_unit_test(the_longest_chain_is_the_policys_and_a_table_ends_at_32768),
};

TEST_MAIN(tests)
