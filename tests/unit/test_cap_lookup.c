/* SPDX-License-Identifier: MIT */
/**
 * @file test_cap_lookup.c
 * @brief cap.h: the lookup in tables of any size, at every edge of every entry.
 *
 * The tables are made so that the answer is known from where a test stands, and
 * needs no second search.
 */
#include "runner.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BASE ((uint64_t)0x5000)
/* Every fourth entry is revoked where a test asks for that. */
#define IS_REVOKED(i) ((i) % 4u == 2u)

struct edges {
    uint64_t base;
    uint64_t last;
    bool gap; /**< no entry covers the byte before `base` */
};

/* Entry `i`, given the first address that is free. Sizes 1 to 5; each third entry is adjacent to the one before. */
static struct edges edges_of(uint32_t i, uint64_t *free_from)
{
    struct edges e;
    uint64_t gap = i % 3u;
    e.base = *free_from + gap;
    e.last = e.base + (i * 7u) % 5u;
    e.gap = gap != 0u || i == 0u;
    *free_from = e.last + 1u;
    return e;
}

static struct vqg_cap *fill(struct vqg_cap_table *t, uint32_t count, bool revoke)
{
    struct vqg_cap *caps = calloc((size_t)count + 1u, sizeof *caps);
    uint64_t free_from = FIRST_BASE;
    uint32_t i;
    assert_non_null(caps);
    for (i = 0; i < count; i++) {
        struct edges e = edges_of(i, &free_from);
        caps[i].base = e.base;
        caps[i].size = e.last - e.base + 1u;
        caps[i].rights = revoke && IS_REVOKED(i) ? 0u : VQG_CAP_READ;
    }
    memset(&caps[count], 0xA5, sizeof *caps); /* never to be looked at */
    assert_int_equal(vqg_cap_table_init(t, caps, count, 0), VQG_OK);
    return caps;
}

static void look_everywhere(uint32_t count, bool revoke)
{
    struct vqg_cap_table t;
    struct vqg_cap *caps = fill(&t, count, revoke);
    uint64_t free_from = FIRST_BASE;
    uint32_t i;
    assert_null(vqg_cap_table_lookup(&t, 0));
    assert_null(vqg_cap_table_lookup(&t, UINT64_MAX));
    for (i = 0; i < count; i++) {
        struct edges e = edges_of(i, &free_from);
        const struct vqg_cap *expected = revoke && IS_REVOKED(i) ? NULL : &caps[i];
        assert_ptr_equal(vqg_cap_table_lookup(&t, e.base), expected);
        assert_ptr_equal(vqg_cap_table_lookup(&t, e.last), expected);
        if (e.gap) {
            assert_null(vqg_cap_table_lookup(&t, e.base - 1u));
        }
        /* A far answer is in the cache meanwhile. */
        (void)vqg_cap_table_lookup(&t, caps[count - 1u - i].base);
        assert_ptr_equal(vqg_cap_table_lookup(&t, e.base), expected);
        assert_true(t.recent < count);
    }
    assert_null(vqg_cap_table_lookup(&t, free_from));
    assert_null(vqg_cap_table_lookup(&t, FIRST_BASE - 1u));
    free(caps);
}

static void lookup_in_an_empty_table_finds_nothing(void **state)
{
    (void)state;
    look_everywhere(0, false);
}

static void lookup_in_a_table_of_1_finds_every_byte_and_no_gap(void **state)
{
    (void)state;
    look_everywhere(1, false);
}

static void lookup_in_a_table_of_2_finds_every_byte_and_no_gap(void **state)
{
    (void)state;
    look_everywhere(2, false);
}

static void lookup_in_a_table_of_3_finds_every_byte_and_no_gap(void **state)
{
    (void)state;
    look_everywhere(3, false);
}

static void lookup_in_a_table_of_7_finds_every_byte_and_no_gap(void **state)
{
    (void)state;
    look_everywhere(7, false);
}

static void lookup_in_tables_of_1_to_70_finds_every_byte_and_no_gap(void **state)
{
    uint32_t count;
    (void)state;
    for (count = 1; count <= 70u; count++) {
        look_everywhere(count, false);
    }
}

static void lookup_in_a_table_of_1000_finds_every_byte_and_no_gap(void **state)
{
    (void)state;
    look_everywhere(1000, false);
}

static void lookup_in_a_table_of_1000000_finds_every_byte_and_no_gap(void **state)
{
    (void)state;
    look_everywhere(1000000, false);
}

static void lookup_never_finds_a_revoked_entry(void **state)
{
    (void)state;
    look_everywhere(3, true);
    look_everywhere(7, true);
    look_everywhere(1000, true);
}

/* Looks at the two edges of an entry, and a byte beyond each when there is one. */
static void assert_covers(struct vqg_cap_table *t, const struct vqg_cap *c)
{
    uint64_t last = c->base + (c->size - 1u);
    assert_ptr_equal(vqg_cap_table_lookup(t, c->base), c);
    assert_ptr_equal(vqg_cap_table_lookup(t, last), c);
    if (c->base != 0u) {
        assert_null(vqg_cap_table_lookup(t, c->base - 1u));
    }
    if (last != UINT64_MAX) {
        assert_null(vqg_cap_table_lookup(t, last + 1u));
    }
}

static void lookup_works_at_both_ends_of_the_address_space(void **state)
{
    struct vqg_cap caps[3];
    struct vqg_cap_table t;
    (void)state;
    memset(caps, 0, sizeof caps);
    caps[0].size = 1; /* byte 0 alone */
    caps[1].base = 0x8000000000000000u;
    caps[1].size = 0x1000;
    caps[2].base = UINT64_MAX - 0xFFFu; /* base + size is 2^64 */
    caps[2].size = 0x1000;
    caps[0].rights = VQG_CAP_READ;
    caps[1].rights = VQG_CAP_READ;
    caps[2].rights = VQG_CAP_READ;
    assert_int_equal(vqg_cap_table_init(&t, caps, 3, 0), VQG_OK);
    assert_covers(&t, &caps[0]);
    assert_covers(&t, &caps[1]);
    assert_covers(&t, &caps[2]);
}

static void lookup_in_one_entry_over_all_but_a_byte_finds_all_but_that_byte(void **state)
{
    struct vqg_cap one;
    struct vqg_cap_table t;
    (void)state;
    memset(&one, 0, sizeof one);
    one.rights = VQG_CAP_WRITE;
    one.size = UINT64_MAX;
    assert_int_equal(vqg_cap_table_init(&t, &one, 1, 0), VQG_OK);
    assert_covers(&t, &one);
    one.base = 1;
    assert_int_equal(vqg_cap_table_init(&t, &one, 1, 0), VQG_OK);
    assert_covers(&t, &one);
}

static void lookup_changes_nothing_but_what_it_remembers(void **state)
{
    static struct vqg_cap_table t; /* static: the padding is compared too */
    static struct vqg_cap_table before;
    struct vqg_cap *caps = fill(&t, 7, true);
    struct vqg_cap copy[7];
    (void)state;
    memcpy(copy, caps, sizeof copy);
    memcpy(&before, &t, sizeof before);
    test_port_reset();
    (void)vqg_cap_table_lookup(&t, caps[5].base);
    (void)vqg_cap_table_lookup(&t, 0);
    (void)vqg_cap_table_lookup(&t, caps[2].base);
    assert_int_equal(t.recent, 2);
    before.recent = 2;
    assert_memory_equal(&t, &before, sizeof t);
    assert_memory_equal(caps, copy, sizeof copy);
    assert_int_equal(test_port.count, 0);
    free(caps);
}

/* The answer of a search that goes through all entries. */
static const struct vqg_cap *search_all(const struct vqg_cap *caps, uint32_t count, uint64_t addr)
{
    uint32_t i;
    for (i = 0; i < count; i++) {
        if (addr >= caps[i].base && addr - caps[i].base < caps[i].size && caps[i].rights != 0u) {
            return &caps[i];
        }
    }
    return NULL;
}

static void lookup_agrees_with_a_search_through_all_entries(void **state)
{
    uint32_t count;
    (void)state;
    for (count = 1; count <= 71u; count++) {
        uint32_t n = count == 71u ? 1000u : count;
        struct vqg_cap_table t;
        struct vqg_cap *caps = fill(&t, n, count % 2u != 0u);
        uint64_t last = caps[n - 1u].base + caps[n - 1u].size;
        uint64_t addr;
        for (addr = FIRST_BASE - 2u; addr <= last + 2u; addr++) {
            t.recent = (uint32_t)(addr * 7u) % n;
            assert_ptr_equal(vqg_cap_table_lookup(&t, addr), search_all(caps, n, addr));
            t.recent = 0;
            assert_ptr_equal(vqg_cap_table_search_(&t, addr), search_all(caps, n, addr));
        }
        assert_int_equal(t.epoch, 0); /* to look changes nothing */
        free(caps);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lookup_in_an_empty_table_finds_nothing),
    cmocka_unit_test(lookup_in_a_table_of_1_finds_every_byte_and_no_gap),
    cmocka_unit_test(lookup_in_a_table_of_2_finds_every_byte_and_no_gap),
    cmocka_unit_test(lookup_in_a_table_of_3_finds_every_byte_and_no_gap),
    cmocka_unit_test(lookup_in_a_table_of_7_finds_every_byte_and_no_gap),
    cmocka_unit_test(lookup_in_tables_of_1_to_70_finds_every_byte_and_no_gap),
    cmocka_unit_test(lookup_in_a_table_of_1000_finds_every_byte_and_no_gap),
    cmocka_unit_test(lookup_in_a_table_of_1000000_finds_every_byte_and_no_gap),
    cmocka_unit_test(lookup_never_finds_a_revoked_entry),
    cmocka_unit_test(lookup_works_at_both_ends_of_the_address_space),
    cmocka_unit_test(lookup_in_one_entry_over_all_but_a_byte_finds_all_but_that_byte),
    cmocka_unit_test(lookup_changes_nothing_but_what_it_remembers),
    cmocka_unit_test(lookup_agrees_with_a_search_through_all_entries),
};
TEST_MAIN(tests)
