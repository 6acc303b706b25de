/* SPDX-License-Identifier: MIT */
/**
 * @file test_cap_ask.c
 * @brief cap.h: how a device asks a table or the user's callbacks, and the pins of a table.
 */
#include "runner.h"

#include <string.h>

#define ENTRIES 3u

/* Three entries between two that nobody owns. */
struct ward {
    struct vqg_cap before;
    struct vqg_cap caps[ENTRIES];
    struct vqg_cap after;
    struct vqg_cap_table table;
};

/* [0x1000, 0x2000), [0x2000, 0x3000), [0x8000, 0x9000); token 60 and up. */
static struct ward *ward_new(void)
{
    static const uint64_t bases[ENTRIES] = {0x1000, 0x2000, 0x8000};
    static struct ward w;
    uint32_t i;
    memset(&w, 0xA5, sizeof w);
    memset(w.caps, 0, sizeof w.caps);
    for (i = 0; i < ENTRIES; i++) {
        w.caps[i].base = bases[i];
        w.caps[i].size = 0x1000;
        w.caps[i].token = 60u + i;
        w.caps[i].rights = VQG_CAP_READ | VQG_CAP_WRITE;
    }
    assert_int_equal(vqg_cap_table_init(&w.table, w.caps, ENTRIES, 0), VQG_OK);
    return &w;
}

static void m3_pins_are_counted_and_end_one_by_one(void **state)
{
    struct ward *w = ward_new();
    const struct vqg_cap *c = vqg_cap_table_lookup(&w->table, 0x2FFF);
    uint64_t pins[2] = {77, 77};
    (void)state;
    assert_ptr_equal(c, &w->caps[1]);
    assert_true(vqg_cap_table_pin(&w->table, c, &pins[0]));
    assert_true(vqg_cap_table_pin(&w->table, c, &pins[1]));
    assert_int_equal(w->caps[1].pins, 2);
    vqg_cap_table_unpin(&w->table, pins[0]);
    assert_int_equal(w->caps[1].pins, 1);
    vqg_cap_table_unpin(&w->table, pins[1]);
    assert_int_equal(w->caps[1].pins, 0);
    assert_int_equal(w->caps[0].pins + w->caps[2].pins, 0);
}

static void m3_pin_names_its_entry_whatever_is_looked_up_meanwhile(void **state)
{
    struct ward *w = ward_new();
    uint64_t pins[ENTRIES] = {77, 77, 77};
    uint32_t i;
    (void)state;
    for (i = 0; i < ENTRIES; i++) {
        const struct vqg_cap *c = vqg_cap_table_lookup(&w->table, w->caps[i].base);
        assert_true(vqg_cap_table_pin(&w->table, c, &pins[i]));
    }
    vqg_cap_table_unpin(&w->table, pins[0]);
    assert_int_equal(w->caps[0].pins, 0);
    assert_int_equal(w->caps[1].pins, 1);
    assert_int_equal(w->caps[2].pins, 1);
    vqg_cap_table_unpin(&w->table, pins[2]);
    assert_int_equal(w->caps[1].pins, 1);
    assert_int_equal(w->caps[2].pins, 0);
}

static void m3_pin_is_refused_when_the_count_would_wrap(void **state)
{
    struct ward *w = ward_new();
    const struct vqg_cap *c = vqg_cap_table_lookup(&w->table, 0x8000);
    uint64_t pin = 77;
    uint64_t none = 77;
    (void)state;
    w->caps[2].pins = UINT32_MAX - 1u;
    assert_true(vqg_cap_table_pin(&w->table, c, &pin));
    assert_int_equal(w->caps[2].pins, UINT32_MAX);
    assert_false(vqg_cap_table_pin(&w->table, c, &none));
    assert_int_equal(none, 77);
    assert_int_equal(w->caps[2].pins, UINT32_MAX);
    vqg_cap_table_unpin(&w->table, pin);
    assert_int_equal(w->caps[2].pins, UINT32_MAX - 1u);
}

static void m3_pin_is_refused_for_what_was_not_just_looked_up(void **state)
{
    struct ward *w = ward_new();
    struct vqg_cap stranger = w->caps[1];
    struct ward before;
    uint64_t pin = 77;
    (void)state;
    assert_ptr_equal(vqg_cap_table_lookup(&w->table, 0x2000), &w->caps[1]);
    memcpy(&before, w, sizeof before);
    assert_false(vqg_cap_table_pin(&w->table, &w->caps[0], &pin));
    assert_false(vqg_cap_table_pin(&w->table, &stranger, &pin));
    assert_int_equal(pin, 77);
    assert_memory_equal(w, &before, sizeof before);
}

static void m3_pin_that_was_never_given_ends_nothing(void **state)
{
    static const uint64_t odd[] = {ENTRIES, ENTRIES + 1u, UINT32_MAX, 0x100000000u, 0x100000001u, UINT64_MAX};
    struct ward *w = ward_new();
    struct ward before;
    size_t i;
    (void)state;
    w->caps[0].pins = 1;
    w->caps[2].pins = 5;
    memcpy(&before, w, sizeof before);
    for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        vqg_cap_table_unpin(&w->table, odd[i]);
    }
    vqg_cap_table_unpin(&w->table, 1); /* of an entry without pins */
    assert_memory_equal(w, &before, sizeof before);
}

static void unpinning_in_an_empty_table_does_nothing(void **state)
{
    struct vqg_cap_table t;
    (void)state;
    assert_int_equal(vqg_cap_table_init(&t, NULL, 0, 0), VQG_OK);
    vqg_cap_table_unpin(&t, 0);
    assert_int_equal(t.count, 0);
    assert_null(t.caps);
}

static void table_is_asked_without_callbacks(void **state)
{
    struct ward *w = ward_new();
    struct vqg_caps caps = vqg_cap_table_caps(&w->table);
    const struct vqg_cap *c = vqg_caps_lookup_(&caps, 0x8123);
    uint64_t pin = 77;
    (void)state;
    assert_ptr_equal(caps.table, &w->table);
    assert_true(caps.lookup == NULL && caps.pin == NULL && caps.unpin == NULL);
    assert_ptr_equal(c, &w->caps[2]);
    assert_null(vqg_caps_lookup_(&caps, 0x7FFF));
    c = vqg_caps_lookup_(&caps, 0x8123);
    assert_true(vqg_caps_pin_(&caps, c, 0x8123, 1, &pin));
    assert_int_equal(w->caps[2].pins, 1);
    vqg_caps_unpin_(&caps, pin);
    assert_int_equal(w->caps[2].pins, 0);
}

/* A platform of the user's, which writes down what it is asked. */
struct asked {
    const struct vqg_cap *cap;
    uint64_t lookup;
    uint64_t addr, bytes;
    uint64_t unpinned;
    bool refuses;
};

static const struct vqg_cap *ask_lookup(void *context, uint64_t addr)
{
    struct asked *a = context;
    a->lookup = addr;
    return a->cap;
}

static bool ask_pin(void *context, const struct vqg_cap *cap, uint64_t addr, uint64_t bytes, uint64_t *pin)
{
    struct asked *a = context;
    assert_ptr_equal(cap, a->cap);
    assert_int_equal(*pin, 0);
    a->addr = addr;
    a->bytes = bytes;
    *pin = UINT64_MAX - 1u;
    return !a->refuses;
}

static void ask_unpin(void *context, uint64_t pin)
{
    struct asked *a = context;
    a->unpinned = pin;
}

static void callbacks_of_the_users_get_what_they_need_and_their_answers_count(void **state)
{
    struct ward *w = ward_new();
    struct asked asked = {.cap = &w->caps[1]};
    struct vqg_caps caps = {.lookup = ask_lookup, .pin = ask_pin, .unpin = ask_unpin};
    uint64_t pin = 77;
    (void)state;
    caps.context = &asked;
    assert_ptr_equal(vqg_caps_lookup_(&caps, 0x123456789ABCDEFu), &w->caps[1]);
    assert_int_equal(asked.lookup, 0x123456789ABCDEFu);
    assert_true(vqg_caps_pin_(&caps, &w->caps[1], 0x2345, 0x100000001u, &pin));
    assert_int_equal(asked.addr, 0x2345);
    assert_int_equal(asked.bytes, 0x100000001u);
    assert_int_equal(pin, UINT64_MAX - 1u);
    vqg_caps_unpin_(&caps, pin);
    assert_int_equal(asked.unpinned, UINT64_MAX - 1u);
    asked.refuses = true;
    assert_false(vqg_caps_pin_(&caps, &w->caps[1], 0x2345, 1, &pin));
    asked.cap = NULL;
    assert_null(vqg_caps_lookup_(&caps, 0));
}

static void platform_that_never_revokes_gives_every_pin_and_hears_of_none(void **state)
{
    struct ward *w = ward_new();
    struct asked asked = {.cap = &w->caps[1], .refuses = true};
    struct vqg_caps caps = {.lookup = ask_lookup};
    uint64_t pin = 77;
    (void)state;
    caps.context = &asked;
    assert_true(vqg_caps_pin_(&caps, &w->caps[1], 0x2345, 1, &pin));
    assert_int_equal(pin, 0);
    vqg_caps_unpin_(&caps, 5);
    assert_int_equal(asked.unpinned, 0);
}

static void way_to_ask_is_sane_with_a_table_or_with_callbacks_in_pairs(void **state)
{
    struct ward *w = ward_new();
    struct vqg_caps caps = {.table = NULL};
    (void)state;
    assert_false(vqg_caps_are_sane_(&caps));
    caps.table = &w->table;
    assert_true(vqg_caps_are_sane_(&caps));
    caps.table = NULL;
    caps.lookup = ask_lookup;
    assert_true(vqg_caps_are_sane_(&caps));
    caps.pin = ask_pin;
    assert_false(vqg_caps_are_sane_(&caps));
    caps.unpin = ask_unpin;
    assert_true(vqg_caps_are_sane_(&caps));
    caps.pin = NULL;
    assert_false(vqg_caps_are_sane_(&caps));
    caps.pin = ask_pin;
    caps.lookup = NULL;
    assert_false(vqg_caps_are_sane_(&caps));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(m3_pins_are_counted_and_end_one_by_one),
    cmocka_unit_test(m3_pin_names_its_entry_whatever_is_looked_up_meanwhile),
    cmocka_unit_test(m3_pin_is_refused_when_the_count_would_wrap),
    cmocka_unit_test(m3_pin_is_refused_for_what_was_not_just_looked_up),
    cmocka_unit_test(m3_pin_that_was_never_given_ends_nothing),
    cmocka_unit_test(unpinning_in_an_empty_table_does_nothing),
    cmocka_unit_test(table_is_asked_without_callbacks),
    cmocka_unit_test(callbacks_of_the_users_get_what_they_need_and_their_answers_count),
    cmocka_unit_test(platform_that_never_revokes_gives_every_pin_and_hears_of_none),
    cmocka_unit_test(way_to_ask_is_sane_with_a_table_or_with_callbacks_in_pairs),
};
TEST_MAIN(tests)
