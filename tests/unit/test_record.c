/* SPDX-License-Identifier: MIT */
/**
 * @file test_record.c
 * @brief record.h: lending and settling chains in the private record.
 */
#include "runner.h"

#include <string.h>

#define SLOTS 8u

/* A record with a slot before and one after that nobody owns. */
struct ward {
    struct vqg_slot before;
    struct vqg_slot slots[SLOTS];
    struct vqg_slot after;
    struct vqg_record record;
};

static int cookie;

/* Slots linked 2 -> 7 -> 0 -> 5, whose contents say what they are. */
static struct ward *ward_new(void)
{
    static struct ward w;
    uint32_t i;
    memset(&w, 0xA5, sizeof w);
    memset(w.slots, 0, sizeof w.slots);
    for (i = 0; i < SLOTS; i++) {
        w.slots[i].cookie = &cookie;
        w.slots[i].writable = 100u + i;
        w.slots[i].least = 200u + i;
        w.slots[i].order = (uint16_t)(300u + i);
    }
    w.slots[2].next = 7;
    w.slots[7].next = 0;
    w.slots[0].next = 5;
    w.slots[5].next = 6;
    w.record.slots = w.slots;
    w.record.size = SLOTS;
    w.record.outstanding = 3;
    return &w;
}

/* The counts are these; nothing else has changed since ward_new(). */
static void assert_counts(const struct ward *w, const uint16_t counts[SLOTS])
{
    unsigned char canary[sizeof w->before];
    uint32_t i;
    memset(canary, 0xA5, sizeof canary);
    assert_memory_equal(&w->before, canary, sizeof canary);
    assert_memory_equal(&w->after, canary, sizeof canary);
    for (i = 0; i < SLOTS; i++) {
        assert_int_equal(w->slots[i].count, counts[i]);
        assert_ptr_equal(w->slots[i].cookie, &cookie);
        assert_int_equal(w->slots[i].writable, 100u + i);
        assert_int_equal(w->slots[i].least, 200u + i);
        assert_int_equal(w->slots[i].order, 300u + i);
    }
    assert_int_equal(w->slots[2].next, 7);
    assert_int_equal(w->slots[7].next, 0);
    assert_int_equal(w->slots[0].next, 5);
    assert_int_equal(w->slots[5].next, 6);
    assert_ptr_equal(w->record.slots, w->slots);
    assert_int_equal(w->record.size, SLOTS);
    assert_int_equal(w->record.outstanding, 3);
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

/* Marks a chain of `count` from `head` along the links, as the endpoints do. */
static void lend(struct vqg_record *r, uint16_t head, uint32_t count)
{
    uint16_t id = head;
    uint32_t i;
    for (i = 1; i < count; i++) {
        id = r->slots[id].next;
        r->slots[id].count = VQG_SLOT_MEMBER_;
    }
    r->slots[head].count = (uint16_t)count;
}

static void freeing_a_chain_frees_all_of_it_and_names_the_last(void **state)
{
    struct ward *w = ward_new();
    static const uint16_t lent[SLOTS] = {VQG_SLOT_MEMBER_, 0, 4, 0, 0, VQG_SLOT_MEMBER_, 0, VQG_SLOT_MEMBER_};
    static const uint16_t counts[SLOTS] = {0};
    (void)state;
    lend(&w->record, 2, 4);
    assert_counts(w, lent);
    assert_int_equal(vqg_record_free_(&w->record, 2, 4), 5);
    assert_counts(w, counts);
}

static void freeing_one_descriptor_leaves_the_other_chains_alone(void **state)
{
    struct ward *w = ward_new();
    static const uint16_t lent[SLOTS] = {2, 0, 1, 0, 0, VQG_SLOT_MEMBER_, 0, 0};
    static const uint16_t left[SLOTS] = {2, 0, 0, 0, 0, VQG_SLOT_MEMBER_, 0, 0};
    (void)state;
    lend(&w->record, 2, 1);
    lend(&w->record, 0, 2);
    assert_counts(w, lent);
    assert_int_equal(vqg_record_free_(&w->record, 2, 1), 2);
    assert_counts(w, left);
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
    }
    lend(&r, 1, VQG_QUEUE_SIZE_MAX);
    assert_true(vqg_slot_is_head_(&slots[1]));
    assert_int_equal(vqg_record_free_(&r, 1, VQG_QUEUE_SIZE_MAX), 0);
    for (i = 0; i < VQG_QUEUE_SIZE_MAX; i++) {
        assert_int_equal(slots[i].count, 0);
    }
}

static void c2_descriptors_of_a_walk_are_found_along_its_links(void **state)
{
    struct ward *w = ward_new();
    (void)state;
    /* The ward links 2, 7, 0, 5. */
    assert_true(vqg_record_links_(&w->record, 2, 4, 2));
    assert_true(vqg_record_links_(&w->record, 2, 4, 5));
    assert_false(vqg_record_links_(&w->record, 2, 3, 5));
    assert_false(vqg_record_links_(&w->record, 2, 4, 1));
    assert_false(vqg_record_links_(&w->record, 2, 0, 2));
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
    cmocka_unit_test(freeing_a_chain_frees_all_of_it_and_names_the_last),
    cmocka_unit_test(freeing_one_descriptor_leaves_the_other_chains_alone),
    cmocka_unit_test(a_chain_as_long_as_the_largest_queue_is_freed_whole),
    cmocka_unit_test(c2_descriptors_of_a_walk_are_found_along_its_links),
    cmocka_unit_test(x4_the_record_is_kept_without_a_look_at_shared_memory),
    cmocka_unit_test(a_slot_takes_24_bytes_where_a_pointer_has_8),
};
TEST_MAIN(tests)
