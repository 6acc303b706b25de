/* SPDX-License-Identifier: MIT */
/**
 * @file test_driver_memory.c
 * @brief How the driver touches shared memory, access by access: rules X3, X5, X7 and I13, and the cache hooks.
 */
#include "driver_util.h"

static bool is_at(const struct world *w, const volatile void *at, uint64_t offset)
{
    return at == (const void *)world_at(w, offset);
}

static void x3_an_element_is_loaded_after_the_acquired_index(void **state)
{
    struct world *w = driver_world(8, 0, false);
    (void)state;
    complete(w, lend(w, 1, 1, 1), 3);
    test_port_reset();
    assert_int_equal(take_ok(w).len, 3);
    assert_int_equal(test_port.count, 3);
    assert_true(is_at(w, test_port.log[0].at, WORLD_USED + 2u));
    assert_true(test_port.log[0].ordered);
    assert_true(is_at(w, test_port.log[1].at, WORLD_USED + 4u));
    assert_true(is_at(w, test_port.log[2].at, WORLD_USED + 8u));
    world_free(w);
}

static void x3_one_acquire_serves_all_that_it_showed(void **state)
{
    struct world *w = driver_world(8, 0, false);
    uint32_t i;
    (void)state;
    for (i = 0; i < 4u; i++) {
        complete(w, lend(w, 0, 1, i), 3);
    }
    test_port_reset();
    for (i = 0; i < 4u; i++) {
        assert_ptr_equal(take_ok(w).cookie, cookie(i));
    }
    assert_int_equal(test_port.loads, 1u + 2u * 4u);
    assert_int_equal(test_port.stores, 0);
    for (i = 1; i < 9u; i++) {
        assert_false(test_port.log[i].ordered);
    }
    world_free(w);
}

static void x3_everything_added_is_stored_before_the_released_index(void **state)
{
    struct world *w = driver_world(8, VQG_F_INDIRECT_DESC, false);
    struct vqg_seg seg[3];
    struct vqg_request r = {seg, 3, 0, cookie(2), NULL, 0, 3};
    size_t i;
    (void)state;
    make_segs(seg, 1, 2);
    r.table = world_at(w, WORLD_TABLES);
    r.table_addr = world_addr(WORLD_TABLES);
    test_port_reset();
    add_ok(w, 1, 1, 1);
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
    (void)vqg_driver_kick(&w->driver);
    /* Two descriptors and a head; three entries, a descriptor and a head; the index; the flags. */
    assert_int_equal(test_port.count, (4u + 1u) + (6u + 2u + 1u) + 1u + 1u);
    for (i = 0; i < 14u; i++) {
        assert_true(test_port.log[i].store && !test_port.log[i].ordered);
    }
    assert_true(is_at(w, test_port.log[14].at, WORLD_AVAIL + 2u));
    assert_true(test_port.log[14].store && test_port.log[14].ordered);
    assert_int_equal(test_port.fence_at, 15);
    world_free(w);
}

/* No pointer into private memory stands in shared memory. Looked at are the words that could hold one: the first of
 * each descriptor, and anything in the rings. A length with its flags can look like a pointer by chance. */
static void assert_no_private_pointer(const struct world *w)
{
    const struct {
        uintptr_t first, bytes;
    } private_parts[] = {{(uintptr_t)cookie(0), COOKIES},
                         {(uintptr_t)w, sizeof *w},
                         {(uintptr_t)w->slots, w->nslots * sizeof w->slots[0]},
                         {(uintptr_t)w->segs, WORLD_SEGS * sizeof w->segs[0]}};
    size_t i;
    size_t p;
    for (i = 0; i + sizeof(uintptr_t) <= WORLD_BYTES; i += 4u) {
        bool in_a_ring = i >= WORLD_AVAIL && i < WORLD_TABLES;
        uintptr_t v;
        if (!in_a_ring && i % VQG_DESC_BYTES != 0u) {
            continue;
        }
        memcpy(&v, w->memory + i, sizeof v);
        for (p = 0; v != 0u && p < sizeof private_parts / sizeof private_parts[0]; p++) {
            assert_false(v - private_parts[p].first < private_parts[p].bytes);
        }
    }
}

static void x5_no_cookie_nor_other_private_pointer_stands_in_shared_memory(void **state)
{
    int big;
    (void)state;
    for (big = 0; big < 2; big++) {
        struct world *w = driver_world(64, VQG_F_INDIRECT_DESC | VQG_F_EVENT_IDX, big != 0);
        struct vqg_seg seg[4];
        struct vqg_request r = {seg, 4, 0, cookie(60000), NULL, 0, 4};
        uint32_t i;
        make_segs(seg, 1, 3);
        r.table = world_at(w, WORLD_TABLES);
        r.table_addr = world_addr(WORLD_TABLES);
        assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
        for (i = 0; i < 30u; i++) {
            lend(w, 1, 1, 1000u * i);
        }
        for (i = 0; i < 10u; i++) {
            complete(w, peer_get_avail_entry(w, (uint16_t)i), 1);
            (void)take_ok(w);
        }
        vqg_driver_callback_disable(&w->driver);
        assert_no_private_pointer(w);
        revive(w, 21);
        assert_no_private_pointer(w);
        world_free(w);
    }
}

static void x7_an_id_passes_the_speculation_mask_once_after_its_rule(void **state)
{
    struct world *w = driver_world(8, 0, false);
    struct vqg_done done;
    (void)state;
    complete(w, lend(w, 0, 1, 1), 1);
    test_port_reset();
    (void)take_ok(w);
    assert_int_equal(test_port.nospecs, 1);
    lend(w, 0, 1, 1);
    assert_idle(w);
    assert_int_equal(test_port.nospecs, 1);
    complete(w, 8, 1);
    assert_int_equal(vqg_driver_take(&w->driver, &done), VQG_V_USED_ID_RANGE);
    assert_int_equal(test_port.nospecs, 1); /* what failed its rule goes nowhere */
    world_free(w);
}

static void i13_nothing_about_a_lent_table_is_read_back(void **state)
{
    unsigned byte;
    (void)state;
    for (byte = 0; byte < 256u; byte += 51) {
        struct world *w = driver_world(4, VQG_F_INDIRECT_DESC, false);
        struct vqg_seg seg[4];
        struct vqg_request r = {seg, 4, 0, cookie(5), NULL, 0, 4};
        struct vqg_done done;
        size_t i;
        make_segs(seg, 2, 2);
        r.table = world_at(w, WORLD_TABLES);
        r.table_addr = world_addr(WORLD_TABLES);
        assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
        (void)vqg_driver_kick(&w->driver);
        memset(r.table, (int)byte, 64);
        memset(world_at(w, WORLD_DESC), (int)byte, 64);
        test_port_reset();
        complete(w, 0, 2u * SEG_BYTES);
        done = take_ok(w);
        assert_ptr_equal(done.cookie, cookie(5));
        assert_int_equal(done.len, 2u * SEG_BYTES);
        assert_int_equal(done.count, 1);
        assert_int_equal(vqg_driver_free(&w->driver), 4);
        for (i = 0; i < test_port.count; i++) {
            assert_true((const volatile unsigned char *)test_port.log[i].at >= world_at(w, WORLD_USED));
            assert_true((const volatile unsigned char *)test_port.log[i].at < world_at(w, WORLD_TABLES));
        }
        for (i = 0; i < 64u; i++) { /* nor written again: it is the caller's now */
            assert_int_equal(world_at(w, WORLD_TABLES)[i], byte);
        }
        world_free(w);
    }
}

static void each_load_is_invalidated_and_each_store_is_cleaned_in_full(void **state)
{
    struct world *w = world_new(8, VQG_F_EVENT_IDX);
    size_t loaded = 0;
    size_t stored = 0;
    size_t i;
    (void)state;
    world_start_driver(w);
    advance(w, 20);
    vqg_driver_callback_disable(&w->driver);
    (void)vqg_driver_callback_enable(&w->driver);
    assert_in_range(test_port.count, 100, TEST_LOG_MAX);
    for (i = 0; i < test_port.count; i++) {
        loaded += test_port.log[i].store ? 0u : test_port.log[i].bytes;
        stored += test_port.log[i].store ? test_port.log[i].bytes : 0u;
    }
    assert_int_equal(test_port.invalidated, loaded);
    assert_int_equal(test_port.cleaned, stored);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(x3_an_element_is_loaded_after_the_acquired_index),
    cmocka_unit_test(x3_one_acquire_serves_all_that_it_showed),
    cmocka_unit_test(x3_everything_added_is_stored_before_the_released_index),
    cmocka_unit_test(x5_no_cookie_nor_other_private_pointer_stands_in_shared_memory),
    cmocka_unit_test(x7_an_id_passes_the_speculation_mask_once_after_its_rule),
    cmocka_unit_test(i13_nothing_about_a_lent_table_is_read_back),
    cmocka_unit_test(each_load_is_invalidated_and_each_store_is_cleaned_in_full),
};

TEST_MAIN(tests)
