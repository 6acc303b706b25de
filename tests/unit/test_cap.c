/* SPDX-License-Identifier: MIT */
/**
 * @file test_cap.c
 * @brief cap.h: what makes a sane capability, and setting a table up.
 */
#include "runner.h"

#include <string.h>

#define ENTRIES 3u

/* Three entries between two that nobody owns, and memory that they map. */
struct ward {
    struct vqg_cap before;
    struct vqg_cap caps[ENTRIES];
    struct vqg_cap after;
    struct vqg_cap_table table;
};

static unsigned char memory[16];

static struct vqg_cap cap(uint64_t base, uint64_t size, uint32_t rights)
{
    struct vqg_cap c;
    memset(&c, 0, sizeof c);
    c.base = base;
    c.size = size;
    c.bus = 0x700000;
    c.token = 42;
    c.rights = rights;
    return c;
}

/* [0x1000, 0x2000), [0x2000, 0x3000), [0x8000, 0x9000), on a granule of 0x1000; token 60 and up. */
static struct ward *ward_new(void)
{
    static const uint64_t bases[ENTRIES] = {0x1000, 0x2000, 0x8000};
    static struct ward w;
    uint32_t i;
    memset(&w, 0xA5, sizeof w);
    for (i = 0; i < ENTRIES; i++) {
        w.caps[i] = cap(bases[i], 0x1000, VQG_CAP_READ | VQG_CAP_WRITE);
        w.caps[i].token = 60u + i;
        w.caps[i].pins = 77; /* set-up forgets what stood there */
    }
    assert_int_equal(vqg_cap_table_init(&w.table, w.caps, ENTRIES, 0x1000), VQG_OK);
    return &w;
}

static void assert_canaries(const struct ward *w)
{
    unsigned char canary[sizeof w->before];
    memset(canary, 0xA5, sizeof canary);
    assert_memory_equal(&w->before, canary, sizeof canary);
    assert_memory_equal(&w->after, canary, sizeof canary);
}

static void set_up_keeps_the_entries_and_starts_without_pins(void **state)
{
    struct ward *w = ward_new();
    uint32_t i;
    (void)state;
    assert_ptr_equal(w->table.caps, w->caps);
    assert_int_equal(w->table.count, ENTRIES);
    assert_int_equal(w->table.recent, 0);
    assert_int_equal(w->table.granule, 0x1000);
    assert_int_equal(w->table.bad, UINT32_MAX);
    for (i = 0; i < ENTRIES; i++) {
        assert_int_equal(w->caps[i].pins, 0);
        assert_int_equal(w->caps[i].token, 60u + i);
    }
    assert_canaries(w);
}

static void set_up_of_an_empty_table_needs_no_entries(void **state)
{
    struct vqg_cap_table t;
    (void)state;
    assert_int_equal(vqg_cap_table_init(&t, NULL, 0, 0), VQG_OK);
    assert_int_equal(t.count, 0);
    assert_null(vqg_cap_table_lookup(&t, 0));
}

static void set_up_without_a_table_or_entries_is_misuse(void **state)
{
    struct vqg_cap one = cap(0x1000, 0x1000, VQG_CAP_READ);
    struct vqg_cap_table t;
    (void)state;
    assert_int_equal(vqg_cap_table_init(NULL, &one, 1, 0), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_cap_table_init(&t, NULL, 1, 0), VQG_BAD_CAPS);
    assert_int_equal(t.bad, UINT32_MAX);
    assert_int_equal(t.count, 0);
}

static void m6_granule_that_is_no_power_of_two_is_refused(void **state)
{
    struct vqg_cap one = cap(0x1000, 0x1000, VQG_CAP_READ);
    struct vqg_cap_table t;
    (void)state;
    assert_int_equal(vqg_cap_table_init(&t, &one, 1, 3), VQG_BAD_CAPS);
    assert_int_equal(t.bad, UINT32_MAX);
    assert_int_equal(t.count, 0);
    assert_int_equal(vqg_cap_table_init(&t, &one, 1, UINT64_MAX), VQG_BAD_CAPS);
    assert_int_equal(vqg_cap_table_init(&t, &one, 1, 1), VQG_OK);
}

static void assert_one(const struct vqg_cap *c, uint64_t granule, enum vqg_status st)
{
    struct vqg_cap one = *c;
    struct vqg_cap_table t;
    assert_int_equal(vqg_cap_table_init(&t, &one, 1, granule), st);
    assert_int_equal(t.count, st == VQG_OK ? 1 : 0);
    assert_int_equal(t.bad, st == VQG_OK ? UINT32_MAX : 0);
}

static void m6_base_or_size_off_the_granule_is_refused(void **state)
{
    struct vqg_cap c = cap(0x2000, 0x1000, VQG_CAP_READ);
    (void)state;
    assert_one(&c, 0x1000, VQG_OK);
    c.base = 0x2001;
    assert_one(&c, 0x1000, VQG_BAD_CAPS);
    assert_one(&c, 1, VQG_OK);
    assert_one(&c, 0, VQG_OK);
    c.base = 0x2800;
    assert_one(&c, 0x1000, VQG_BAD_CAPS);
    assert_one(&c, 0x800, VQG_OK);
    c.base = 0x2000;
    c.size = 0x1001;
    assert_one(&c, 0x1000, VQG_BAD_CAPS);
    c.size = 0xFFF;
    assert_one(&c, 0x1000, VQG_BAD_CAPS);
    assert_one(&c, 2, VQG_BAD_CAPS);
}

static void m6_last_granule_of_the_address_space_can_be_given(void **state)
{
    struct vqg_cap c = cap(UINT64_MAX - 0xFFFu, 0x1000, VQG_CAP_READ);
    (void)state;
    assert_one(&c, 0x1000, VQG_OK);
    c.base = (uint64_t)1 << 63;
    c.size = (uint64_t)1 << 63;
    c.bus = 0;
    assert_one(&c, (uint64_t)1 << 63, VQG_OK);
}

static void entry_is_refused_when_it_is_empty_or_wraps(void **state)
{
    struct vqg_cap c = cap(0x1000, 0, VQG_CAP_READ);
    (void)state;
    assert_one(&c, 0, VQG_BAD_CAPS);
    c = cap(UINT64_MAX, 1, VQG_CAP_READ);
    assert_one(&c, 0, VQG_OK);
    c.size = 2;
    assert_one(&c, 0, VQG_BAD_CAPS);
    c = cap(0x1000, 0x1000, VQG_CAP_READ);
    c.bus = UINT64_MAX - 0xFFFu;
    assert_one(&c, 0, VQG_OK);
    c.bus++;
    assert_one(&c, 0, VQG_BAD_CAPS);
}

static void entry_is_refused_when_its_mapping_has_no_last_byte(void **state)
{
    struct vqg_cap c = cap(0x1000, 1, VQG_CAP_READ);
    uint64_t at = (uint64_t)(uintptr_t)memory;
    (void)state;
    c.map = memory;
    assert_one(&c, 0, VQG_OK);
    c.base = 0;
    c.bus = 0;
    c.size = (uint64_t)UINTPTR_MAX - at + 1u;
    assert_one(&c, 0, VQG_OK);
    c.size++;
    assert_one(&c, 0, VQG_BAD_CAPS);
    c.size = UINT64_MAX;
    assert_one(&c, 0, VQG_BAD_CAPS);
    c.map = NULL;
    assert_one(&c, 0, VQG_OK);
}

static void entry_is_refused_for_a_right_that_does_not_exist(void **state)
{
    struct vqg_cap c = cap(0x1000, 1, 0);
    (void)state;
    assert_one(&c, 0, VQG_OK);
    c.rights = VQG_CAP_READ | VQG_CAP_WRITE;
    assert_one(&c, 0, VQG_OK);
    c.rights = 4;
    assert_one(&c, 0, VQG_BAD_CAPS);
    c.rights = 0x80000001u;
    assert_one(&c, 0, VQG_BAD_CAPS);
}

static void entries_that_overlap_or_descend_are_refused_and_the_place_is_told(void **state)
{
    struct vqg_cap c[3];
    struct vqg_cap_table t;
    (void)state;
    c[0] = cap(0x1000, 0x1000, VQG_CAP_READ);
    c[1] = cap(0x2000, 0x1000, VQG_CAP_READ);
    c[2] = cap(0x3000, 0x1000, VQG_CAP_READ);
    assert_int_equal(vqg_cap_table_init(&t, c, 3, 0), VQG_OK);
    c[2].base = 0x2FFF; /* by one byte */
    assert_int_equal(vqg_cap_table_init(&t, c, 3, 0), VQG_BAD_CAPS);
    assert_int_equal(t.bad, 2);
    assert_int_equal(t.count, 0);
    c[2] = c[1]; /* the same twice */
    assert_int_equal(vqg_cap_table_init(&t, c, 3, 0), VQG_BAD_CAPS);
    assert_int_equal(t.bad, 2);
    c[1].base = 0x0; /* descending */
    assert_int_equal(vqg_cap_table_init(&t, c, 3, 0), VQG_BAD_CAPS);
    assert_int_equal(t.bad, 1);
    c[0] = cap(UINT64_MAX, 1, VQG_CAP_READ); /* nothing can follow the last byte */
    c[1] = cap(0, 1, VQG_CAP_READ);
    assert_int_equal(vqg_cap_table_init(&t, c, 2, 0), VQG_BAD_CAPS);
    assert_int_equal(t.bad, 1);
}

static void m2_right_of_one_direction_is_not_that_of_the_other(void **state)
{
    struct vqg_cap c = cap(0x1000, 1, VQG_CAP_READ);
    (void)state;
    assert_true(vqg_cap_allows_(&c, false));
    assert_false(vqg_cap_allows_(&c, true));
    c.rights = VQG_CAP_WRITE;
    assert_false(vqg_cap_allows_(&c, false));
    assert_true(vqg_cap_allows_(&c, true));
    c.rights = 0;
    assert_false(vqg_cap_allows_(&c, false));
    assert_false(vqg_cap_allows_(&c, true));
    c.rights = VQG_CAP_READ | VQG_CAP_WRITE;
    assert_true(vqg_cap_allows_(&c, false));
    assert_true(vqg_cap_allows_(&c, true));
}

static void pointer_is_as_far_into_the_mapping_as_the_address_into_the_range(void **state)
{
    struct vqg_cap c = cap(UINT64_MAX - 15u, 16, VQG_CAP_READ);
    (void)state;
    assert_null(vqg_cap_pointer_(&c, UINT64_MAX));
    c.map = memory;
    assert_ptr_equal(vqg_cap_pointer_(&c, UINT64_MAX - 15u), memory);
    assert_ptr_equal(vqg_cap_pointer_(&c, UINT64_MAX), memory + 15);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(set_up_keeps_the_entries_and_starts_without_pins),
    cmocka_unit_test(set_up_of_an_empty_table_needs_no_entries),
    cmocka_unit_test(set_up_without_a_table_or_entries_is_misuse),
    cmocka_unit_test(m6_granule_that_is_no_power_of_two_is_refused),
    cmocka_unit_test(m6_base_or_size_off_the_granule_is_refused),
    cmocka_unit_test(m6_last_granule_of_the_address_space_can_be_given),
    cmocka_unit_test(entry_is_refused_when_it_is_empty_or_wraps),
    cmocka_unit_test(entry_is_refused_when_its_mapping_has_no_last_byte),
    cmocka_unit_test(entry_is_refused_for_a_right_that_does_not_exist),
    cmocka_unit_test(entries_that_overlap_or_descend_are_refused_and_the_place_is_told),
    cmocka_unit_test(m2_right_of_one_direction_is_not_that_of_the_other),
    cmocka_unit_test(pointer_is_as_far_into_the_mapping_as_the_address_into_the_range),
};
TEST_MAIN(tests)
