/* SPDX-License-Identifier: MIT */
/**
 * @file test_record.c
 * @brief record.h: which slots are heads, which belong to a chain, and how a chain is freed.
 */
#include "runner.h"

#include <string.h>

#define SLOTS 8u
#define MEMBER 0xFFFFu

/* A record with a slot before and one after that nobody owns. */
struct ward {
    struct vqg_slot before;
    struct vqg_slot slots[SLOTS];
    struct vqg_slot after;
    struct vqg_record record;
};

static int cookie;

/* A chain of four, linked 2 -> 7 -> 0 -> 5, and one of two, 3 -> 4. 5 is linked on to 6, which is free. */
static struct ward *ward_new(void)
{
    static const uint16_t counts[SLOTS] = {MEMBER, 0, 4, 2, MEMBER, MEMBER, 0, MEMBER};
    static const uint16_t links[SLOTS] = {5, 1, 7, 4, 6, 6, 1, 0};
    static struct ward w;
    uint32_t i;
    memset(&w, 0xA5, sizeof w);
    memset(w.slots, 0, sizeof w.slots);
    for (i = 0; i < SLOTS; i++) {
        w.slots[i].cookie = &cookie;
        w.slots[i].writable = 100u + i;
        w.slots[i].least = 200u + i;
        w.slots[i].order = (uint16_t)(300u + i);
        w.slots[i].position = (uint16_t)(400u + i);
        w.slots[i].count = counts[i];
        w.slots[i].next = links[i];
    }
    w.record.slots = w.slots;
    w.record.size = SLOTS;
    w.record.outstanding = 2;
    return &w;
}

/* The counts are these; nothing else has changed since the copy. */
static void assert_counts(const struct ward *w, const struct ward *before, const uint16_t counts[SLOTS])
{
    static struct ward expected;
    uint32_t i;
    memcpy(&expected, before, sizeof expected);
    for (i = 0; i < SLOTS; i++) {
        assert_int_equal(w->slots[i].count, counts[i]);
        expected.slots[i].count = counts[i];
    }
    assert_memory_equal(w, &expected, sizeof *w);
}

static const struct ward *ward_copy(const struct ward *w)
{
    static struct ward copy;
    memcpy(&copy, w, sizeof copy);
    return &copy;
}

static void slot_is_a_head_for_counts_from_1_to_32768(void **state)
{
    struct vqg_slot s;
    (void)state;
    memset(&s, 0, sizeof s);
    assert_false(vqg_slot_is_head_(&s));
    s.count = 1;
    assert_true(vqg_slot_is_head_(&s));
    s.count = 32768;
    assert_true(vqg_slot_is_head_(&s));
    s.count = 32769;
    assert_false(vqg_slot_is_head_(&s));
    s.count = VQG_SLOT_MEMBER_;
    assert_false(vqg_slot_is_head_(&s));
}

static void clearing_frees_every_slot_and_nothing_beyond(void **state)
{
    struct ward *w = ward_new();
    static const unsigned char zero[sizeof w->slots];
    unsigned char canary[sizeof w->before];
    (void)state;
    memset(canary, 0xA5, sizeof canary);
    vqg_record_clear_(&w->record);
    assert_memory_equal(w->slots, zero, sizeof zero);
    assert_int_equal(w->record.outstanding, 0);
    assert_int_equal(w->record.size, SLOTS);
    assert_ptr_equal(w->record.slots, w->slots);
    assert_memory_equal(&w->before, canary, sizeof canary);
    assert_memory_equal(&w->after, canary, sizeof canary);
}

static void clearing_stops_at_the_size_of_the_queue(void **state)
{
    struct ward *w = ward_new();
    (void)state;
    w->record.size = 3;
    vqg_record_clear_(&w->record);
    assert_int_equal(w->slots[2].writable, 0);
    assert_int_equal(w->slots[3].writable, 103);
}

static void descriptor_belongs_to_a_chain_when_a_link_leads_to_it(void **state)
{
    static const bool belongs[SLOTS] = {true, false, true, false, false, true, false, true};
    struct ward *w = ward_new();
    const struct ward *before = ward_copy(w);
    uint32_t id;
    (void)state;
    for (id = 0; id < SLOTS; id++) {
        assert_int_equal(vqg_record_links_(&w->record, 2, 4, id), belongs[id]);
    }
    assert_memory_equal(w, before, sizeof *w);
}

static void links_are_followed_for_as_many_descriptors_as_there_are(void **state)
{
    struct ward *w = ward_new();
    (void)state;
    assert_false(vqg_record_links_(&w->record, 2, 0, 2));
    assert_true(vqg_record_links_(&w->record, 2, 1, 2));
    assert_false(vqg_record_links_(&w->record, 2, 1, 7));
    assert_true(vqg_record_links_(&w->record, 2, 2, 7));
    assert_false(vqg_record_links_(&w->record, 2, 3, 5));
    assert_true(vqg_record_links_(&w->record, 2, 5, 6)); /* one too many leads on to the free one */
}

static void x6_descriptor_beyond_16_bits_belongs_to_no_chain(void **state)
{
    struct ward *w = ward_new();
    (void)state;
    assert_false(vqg_record_links_(&w->record, 2, 4, 0x10002u));
    assert_false(vqg_record_links_(&w->record, 2, 4, 0x10000u));
}

static void freeing_a_chain_frees_all_of_it_keeps_the_links_and_names_the_last(void **state)
{
    static const uint16_t left[SLOTS] = {0, 0, 0, 2, MEMBER, 0, 0, 0};
    struct ward *w = ward_new();
    const struct ward *before = ward_copy(w);
    (void)state;
    assert_int_equal(vqg_record_free_(&w->record, 2, 4), 5);
    assert_counts(w, before, left);
}

static void freeing_one_descriptor_leaves_what_it_is_linked_to(void **state)
{
    static const uint16_t left[SLOTS] = {MEMBER, 0, 4, 0, MEMBER, MEMBER, 0, MEMBER};
    struct ward *w = ward_new();
    const struct ward *before = ward_copy(w);
    (void)state;
    assert_int_equal(vqg_record_free_(&w->record, 3, 1), 3);
    assert_counts(w, before, left);
}

static void a_chain_as_long_as_the_largest_queue_is_freed_whole(void **state)
{
    static struct vqg_slot slots[VQG_QUEUE_SIZE_MAX];
    struct vqg_record r;
    uint32_t i;
    (void)state;
    r.slots = slots;
    r.size = VQG_QUEUE_SIZE_MAX;
    vqg_record_clear_(&r);
    for (i = 0; i < VQG_QUEUE_SIZE_MAX; i++) {
        slots[i].next = (uint16_t)((i + 1u) % VQG_QUEUE_SIZE_MAX);
        slots[i].count = VQG_SLOT_MEMBER_;
    }
    slots[1].count = 32768;
    assert_true(vqg_record_links_(&r, 1, VQG_QUEUE_SIZE_MAX, 0));
    assert_false(vqg_record_links_(&r, 1, VQG_QUEUE_SIZE_MAX - 1u, 0));
    assert_int_equal(vqg_record_free_(&r, 1, VQG_QUEUE_SIZE_MAX), 0);
    for (i = 0; i < VQG_QUEUE_SIZE_MAX; i++) {
        assert_int_equal(slots[i].count, 0);
    }
}

static void x4_the_record_is_kept_without_a_look_at_shared_memory(void **state)
{
    struct ward *w = ward_new();
    (void)state;
    test_port_reset();
    assert_true(vqg_record_links_(&w->record, 2, 4, 5));
    (void)vqg_record_free_(&w->record, 2, 4);
    vqg_record_clear_(&w->record);
    assert_int_equal(test_port.count, 0);
}

static void a_slot_takes_24_bytes_where_a_pointer_has_8(void **state)
{
    (void)state;
    assert_true(sizeof(struct vqg_slot) <= sizeof(void *) + 16u);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(slot_is_a_head_for_counts_from_1_to_32768),
    cmocka_unit_test(clearing_frees_every_slot_and_nothing_beyond),
    cmocka_unit_test(clearing_stops_at_the_size_of_the_queue),
    cmocka_unit_test(descriptor_belongs_to_a_chain_when_a_link_leads_to_it),
    cmocka_unit_test(links_are_followed_for_as_many_descriptors_as_there_are),
    cmocka_unit_test(x6_descriptor_beyond_16_bits_belongs_to_no_chain),
    cmocka_unit_test(freeing_a_chain_frees_all_of_it_keeps_the_links_and_names_the_last),
    cmocka_unit_test(freeing_one_descriptor_leaves_what_it_is_linked_to),
    cmocka_unit_test(a_chain_as_long_as_the_largest_queue_is_freed_whole),
    cmocka_unit_test(x4_the_record_is_kept_without_a_look_at_shared_memory),
    cmocka_unit_test(a_slot_takes_24_bytes_where_a_pointer_has_8),
};
TEST_MAIN(tests)
