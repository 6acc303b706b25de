/* SPDX-License-Identifier: MIT */
/**
 * @file test_cap_replace.c
 * @brief cap.h: replacing and revoking an entry of a table, and what is in flight meanwhile.
 */
#include "runner.h"

#include <string.h>

#define ENTRIES 3u

/* A table of three between two entries that nobody owns. */
struct ward {
    struct vqg_cap before;
    struct vqg_cap caps[ENTRIES];
    struct vqg_cap after;
    struct vqg_cap_table table;
};

static struct vqg_cap cap(uint64_t base, uint64_t size)
{
    struct vqg_cap c;
    memset(&c, 0, sizeof c);
    c.base = base;
    c.size = size;
    c.bus = 0x700000;
    c.token = 42;
    c.rights = VQG_CAP_READ | VQG_CAP_WRITE;
    return c;
}

/* [0x1000, 0x2000), [0x3000, 0x4000), [0x5000, 0x6000), on a granule of 0x100. */
static struct ward *ward_new(void)
{
    static struct ward w;
    uint32_t i;
    memset(&w, 0xA5, sizeof w);
    for (i = 0; i < ENTRIES; i++) {
        w.caps[i] = cap(0x1000u + 0x2000u * (uint64_t)i, 0x1000);
    }
    assert_int_equal(vqg_cap_table_init(&w.table, w.caps, ENTRIES, 0x100), VQG_OK);
    return &w;
}

/* Refused, and not a byte of the table or around it has changed. */
static void assert_refused(struct ward *w, uint32_t i, const struct vqg_cap *c, enum vqg_status st)
{
    struct ward before;
    memcpy(&before, w, sizeof before);
    assert_int_equal(vqg_cap_table_replace(&w->table, i, c), st);
    assert_memory_equal(w, &before, sizeof before);
}

/* Done: entry `i` is `c` without pins, the table is known to have changed, and nothing else has. */
static void assert_replaced(struct ward *w, uint32_t i, const struct vqg_cap *c)
{
    const struct vqg_cap asked = *c;
    const struct vqg_cap *now = &w->caps[i];
    struct ward expected;
    memcpy(&expected, w, sizeof expected);
    assert_int_equal(vqg_cap_table_replace(&w->table, i, c), VQG_OK);
    assert_int_equal(now->base, asked.base);
    assert_int_equal(now->size, asked.size);
    assert_int_equal(now->bus, asked.bus);
    assert_ptr_equal(now->map, asked.map);
    assert_int_equal(now->token, asked.token);
    assert_int_equal(now->rights, asked.rights);
    assert_int_equal(now->pins, 0);
    memcpy(&expected.caps[i], now, sizeof *now);
    expected.table.epoch++; /* what was remembered of the table is so no longer */
    assert_memory_equal(w, &expected, sizeof expected);
}

static void m7_replacing_a_pinned_entry_is_busy(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap other = cap(0x3100, 0x100);
    const struct vqg_cap *c = vqg_cap_table_lookup(&w->table, 0x3000);
    uint64_t pin = 0;
    (void)state;
    assert_true(vqg_cap_table_pin(&w->table, c, &pin));
    assert_refused(w, 1, &other, VQG_BUSY);
    w->caps[1].pins = UINT32_MAX;
    assert_refused(w, 1, &other, VQG_BUSY);
    w->caps[1].pins = 1;
    vqg_cap_table_unpin(&w->table, pin);
    assert_replaced(w, 1, &other);
}

static void m7_revoking_a_pinned_entry_is_busy(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap none = w->caps[1];
    const struct vqg_cap *c = vqg_cap_table_lookup(&w->table, 0x3FFF);
    uint64_t pin = 0;
    (void)state;
    none.rights = 0;
    assert_true(vqg_cap_table_pin(&w->table, c, &pin));
    assert_refused(w, 1, &none, VQG_BUSY);
    assert_ptr_equal(vqg_cap_table_lookup(&w->table, 0x3FFF), &w->caps[1]);
}

static void m7_range_of_a_pinned_entry_goes_to_no_neighbour(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap up_to = cap(0x1000, 0x2000);
    struct vqg_cap into = cap(0x1000, 0x2100);
    struct vqg_cap from = cap(0x4000, 0x2000);
    struct vqg_cap before_end = cap(0x3F00, 0x2100);
    const struct vqg_cap *c = vqg_cap_table_lookup(&w->table, 0x3000);
    uint64_t pin = 0;
    (void)state;
    assert_true(vqg_cap_table_pin(&w->table, c, &pin));
    assert_refused(w, 0, &into, VQG_BAD_CAPS);
    assert_refused(w, 2, &before_end, VQG_BAD_CAPS);
    assert_replaced(w, 0, &up_to);
    assert_replaced(w, 2, &from);
    assert_int_equal(w->caps[1].pins, 1);
}

static void m3_revoked_entry_covers_nothing_until_it_is_given_again(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap again = w->caps[1];
    struct vqg_cap none = again;
    (void)state;
    none.rights = 0;
    assert_replaced(w, 1, &none);
    assert_null(vqg_cap_table_lookup(&w->table, 0x3000));
    assert_null(vqg_cap_table_lookup(&w->table, 0x3FFF)); /* out of the one-entry cache as well */
    assert_ptr_equal(vqg_cap_table_lookup(&w->table, 0x1000), &w->caps[0]);
    assert_ptr_equal(vqg_cap_table_lookup(&w->table, 0x5000), &w->caps[2]);
    assert_replaced(w, 1, &again);
    assert_ptr_equal(vqg_cap_table_lookup(&w->table, 0x3000), &w->caps[1]);
}

static void replaced_range_is_looked_up_at_once_though_the_old_answer_was_cached(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap moved = cap(0x2400, 0x200);
    (void)state;
    assert_ptr_equal(vqg_cap_table_lookup(&w->table, 0x3800), &w->caps[1]);
    assert_replaced(w, 1, &moved);
    assert_null(vqg_cap_table_lookup(&w->table, 0x3800));
    assert_null(vqg_cap_table_lookup(&w->table, 0x23FF));
    assert_ptr_equal(vqg_cap_table_lookup(&w->table, 0x2400), &w->caps[1]);
    assert_ptr_equal(vqg_cap_table_lookup(&w->table, 0x25FF), &w->caps[1]);
    assert_null(vqg_cap_table_lookup(&w->table, 0x2600));
}

static void replacement_brings_no_pins_of_its_own(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap c = cap(0x3000, 0x1000);
    (void)state;
    c.pins = 9;
    assert_replaced(w, 1, &c);
    assert_int_equal(w->caps[1].pins, 0);
}

static void entry_may_be_replaced_by_itself(void **state)
{
    struct ward *w = ward_new();
    (void)state;
    assert_replaced(w, 2, &w->caps[2]);
}

static void replacement_keeps_between_its_neighbours(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap c = cap(0x2000, 0x3000);
    (void)state;
    c.base = 0x1F00; /* a granule too low */
    c.size = 0x3000;
    assert_refused(w, 1, &c, VQG_BAD_CAPS);
    c.base = 0x2000;
    c.size = 0x3100; /* a granule too long */
    assert_refused(w, 1, &c, VQG_BAD_CAPS);
    c.size = 0x3000; /* from the end of one to the start of the other */
    assert_replaced(w, 1, &c);
    c = cap(0x7000, 0x100); /* above its neighbour */
    assert_refused(w, 1, &c, VQG_BAD_CAPS);
    c = cap(0, 0x100); /* below its neighbour */
    assert_refused(w, 1, &c, VQG_BAD_CAPS);
}

static void replacement_shares_not_one_byte_with_its_neighbours(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap c = cap(0x1FFF, 1);
    (void)state;
    w->table.granule = 0;
    assert_refused(w, 1, &c, VQG_BAD_CAPS);
    c = cap(0x5000, 1);
    assert_refused(w, 1, &c, VQG_BAD_CAPS);
    c = cap(0x2000, 0x3001);
    assert_refused(w, 1, &c, VQG_BAD_CAPS);
    c = cap(0x4FFF, 1);
    assert_replaced(w, 1, &c);
    c = cap(0x2000, 1);
    assert_replaced(w, 1, &c);
}

static void first_and_last_entry_reach_to_the_ends_of_the_address_space(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap first = cap(0, 0x3000);
    struct vqg_cap last = cap(0x5000, UINT64_MAX - 0x4FFFu);
    (void)state;
    last.bus = 0;
    assert_replaced(w, 0, &first);
    assert_replaced(w, 2, &last);
    assert_ptr_equal(vqg_cap_table_lookup(&w->table, 0), &w->caps[0]);
    assert_ptr_equal(vqg_cap_table_lookup(&w->table, UINT64_MAX), &w->caps[2]);
}

static void replacement_is_as_sane_as_any_entry(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap c = cap(0x3000, 0);
    (void)state;
    assert_refused(w, 1, &c, VQG_BAD_CAPS);
    c = cap(0x3000, 0x100);
    c.rights = 4;
    assert_refused(w, 1, &c, VQG_BAD_CAPS);
    c = cap(0x5000, UINT64_MAX);
    assert_refused(w, 2, &c, VQG_BAD_CAPS);
}

static void m6_replacement_off_the_granule_is_refused(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap c = cap(0x3080, 0x100);
    (void)state;
    assert_refused(w, 1, &c, VQG_BAD_CAPS);
    c = cap(0x3000, 0x180);
    assert_refused(w, 1, &c, VQG_BAD_CAPS);
    c = cap(0x3000, 0x200);
    assert_replaced(w, 1, &c);
}

static void entry_beyond_the_table_is_not_replaced(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap c = cap(0x9000, 0x100);
    struct vqg_cap_table empty;
    (void)state;
    assert_refused(w, ENTRIES, &c, VQG_BAD_CAPS);
    assert_refused(w, UINT32_MAX, &c, VQG_BAD_CAPS);
    assert_int_equal(vqg_cap_table_init(&empty, NULL, 0, 0), VQG_OK);
    assert_int_equal(vqg_cap_table_replace(&empty, 0, &c), VQG_BAD_CAPS);
}

static void replacing_without_a_table_or_a_value_is_misuse(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap c = cap(0x3000, 0x100);
    (void)state;
    assert_int_equal(vqg_cap_table_replace(NULL, 0, &c), VQG_BAD_ENDPOINT);
    assert_refused(w, 0, NULL, VQG_BAD_ENDPOINT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(m7_replacing_a_pinned_entry_is_busy),
    cmocka_unit_test(m7_revoking_a_pinned_entry_is_busy),
    cmocka_unit_test(m7_range_of_a_pinned_entry_goes_to_no_neighbour),
    cmocka_unit_test(m3_revoked_entry_covers_nothing_until_it_is_given_again),
    cmocka_unit_test(replaced_range_is_looked_up_at_once_though_the_old_answer_was_cached),
    cmocka_unit_test(replacement_brings_no_pins_of_its_own),
    cmocka_unit_test(entry_may_be_replaced_by_itself),
    cmocka_unit_test(replacement_keeps_between_its_neighbours),
    cmocka_unit_test(replacement_shares_not_one_byte_with_its_neighbours),
    cmocka_unit_test(first_and_last_entry_reach_to_the_ends_of_the_address_space),
    cmocka_unit_test(replacement_is_as_sane_as_any_entry),
    cmocka_unit_test(m6_replacement_off_the_granule_is_refused),
    cmocka_unit_test(entry_beyond_the_table_is_not_replaced),
    cmocka_unit_test(replacing_without_a_table_or_a_value_is_misuse),
};
TEST_MAIN(tests)
