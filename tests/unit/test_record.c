/* SPDX-License-Identifier: MIT */
/**
 * @file test_record.c
 * @brief record.h: which slots are heads, which belong to a chain in flight, and the numbers of chains.
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

/* Marks a slot as the walk of a chain does. */
static void mark(struct vqg_slot *s, uint16_t owner, uint32_t serial)
{
    s->owner = owner;
    s->serial = serial;
}

/*
 * Chain 41 of 2, 7, 0 and 5; chain 42 of 3 and 4. Slot 6 was last in chain 39, whose head 2 heads another one
 * now, and slot 1 was never in any.
 */
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
        w.slots[i].position = (uint16_t)(400u + i);
    }
    mark(&w.slots[2], 2, 41);
    mark(&w.slots[7], 2, 41);
    mark(&w.slots[0], 2, 41);
    mark(&w.slots[5], 2, 41);
    mark(&w.slots[3], 3, 42);
    mark(&w.slots[4], 3, 42);
    mark(&w.slots[6], 2, 39);
    w.slots[2].count = 1;
    w.slots[3].count = 1;
    w.record.slots = w.slots;
    w.record.size = SLOTS;
    w.record.serial = 42;
    return &w;
}

static const struct ward *ward_copy(const struct ward *w)
{
    static struct ward copy;
    memcpy(&copy, w, sizeof copy);
    return &copy;
}

static void assert_used(const struct ward *w, const bool used[SLOTS])
{
    uint32_t i;
    for (i = 0; i < SLOTS; i++) {
        assert_int_equal(vqg_record_is_used_(&w->record, &w->slots[i]), used[i]);
    }
}

static void slot_is_a_head_when_it_counts_descriptors(void **state)
{
    struct vqg_slot s;
    (void)state;
    memset(&s, 0, sizeof s);
    assert_false(vqg_slot_is_head_(&s));
    s.count = 1;
    assert_true(vqg_slot_is_head_(&s));
    s.count = 32768;
    assert_true(vqg_slot_is_head_(&s));
}

static void clearing_frees_every_slot_and_nothing_beyond(void **state)
{
    struct ward *w = ward_new();
    static const unsigned char zero[sizeof w->slots];
    static const bool none[SLOTS] = {false};
    unsigned char canary[sizeof w->before];
    (void)state;
    memset(canary, 0xA5, sizeof canary);
    vqg_record_clear_(&w->record);
    assert_memory_equal(w->slots, zero, sizeof zero);
    assert_used(w, none);
    assert_int_not_equal(vqg_record_begin_(&w->record), 0); /* the number that free slots bear */
    assert_used(w, none);
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

static void descriptor_belongs_to_the_chain_in_flight_whose_number_it_bears(void **state)
{
    static const bool used[SLOTS] = {true, false, true, true, true, true, false, true};
    struct ward *w = ward_new();
    const struct ward *before = ward_copy(w);
    (void)state;
    assert_used(w, used);
    assert_memory_equal(w, before, sizeof *w);
}

static void chain_that_ends_takes_all_its_descriptors_with_it_and_no_other(void **state)
{
    static const bool without_2[SLOTS] = {false, false, false, true, true, false, false, false};
    static const bool without_both[SLOTS] = {false};
    struct ward *w = ward_new();
    (void)state;
    w->slots[2].count = 0;
    assert_used(w, without_2);
    w->slots[3].count = 0;
    assert_used(w, without_both);
}

static void head_of_another_chain_brings_no_descriptor_of_the_last_one_back(void **state)
{
    static const bool used[SLOTS] = {false, false, true, true, true, false, false, false};
    struct ward *w = ward_new();
    (void)state;
    w->slots[2].count = 0;
    mark(&w->slots[2], 2, vqg_record_begin_(&w->record));
    w->slots[2].count = 1;
    assert_int_equal(w->slots[2].serial, 43);
    assert_used(w, used);
}

static void a_chain_as_long_as_the_largest_queue_ends_whole(void **state)
{
    static struct vqg_slot slots[VQG_QUEUE_SIZE_MAX];
    struct vqg_record r;
    uint32_t i;
    (void)state;
    r.slots = slots;
    r.size = VQG_QUEUE_SIZE_MAX;
    vqg_record_clear_(&r);
    (void)vqg_record_begin_(&r);
    for (i = 0; i < VQG_QUEUE_SIZE_MAX; i++) {
        assert_false(vqg_record_is_used_(&r, &slots[i]));
        mark(&slots[i], 32767, r.serial);
    }
    slots[32767].count = 1;
    for (i = 0; i < VQG_QUEUE_SIZE_MAX; i++) {
        assert_true(vqg_record_is_used_(&r, &slots[i]));
    }
    slots[32767].count = 0;
    for (i = 0; i < VQG_QUEUE_SIZE_MAX; i++) {
        assert_false(vqg_record_is_used_(&r, &slots[i]));
    }
}

static void numbers_go_up_by_1_and_change_no_slot(void **state)
{
    struct ward *w = ward_new();
    const struct ward *before;
    (void)state;
    assert_int_equal(vqg_record_begin_(&w->record), 43);
    assert_int_equal(vqg_record_begin_(&w->record), 44);
    w->record.serial = UINT32_MAX - 1u;
    before = ward_copy(w);
    assert_int_equal(vqg_record_begin_(&w->record), UINT32_MAX);
    w->record.serial = UINT32_MAX - 1u;
    assert_memory_equal(w, before, sizeof *w);
}

static void s5_numbers_that_begin_again_keep_who_is_in_flight(void **state)
{
    static const bool used[SLOTS] = {true, false, true, true, true, true, false, true};
    static const bool without_2[SLOTS] = {false, false, false, true, true, false, false, false};
    struct ward *w = ward_new();
    (void)state;
    w->record.serial = UINT32_MAX;
    assert_int_not_equal(vqg_record_begin_(&w->record), 0);
    assert_used(w, used);
    w->slots[2].count = 0;
    assert_used(w, without_2);
}

/* After the numbers begin again, each of them, with each head, makes no descriptor used that is free. */
static void s5_no_number_that_comes_again_brings_a_free_descriptor_back(void **state)
{
    static const uint16_t ended[] = {2, 3};
    size_t i;
    (void)state;
    for (i = 0; i < 2u; i++) {
        struct ward *w = ward_new();
        uint32_t head;
        uint32_t turn;
        w->record.serial = UINT32_MAX;
        (void)vqg_record_begin_(&w->record);
        w->slots[ended[i]].count = 0; /* it was in flight when they began again */
        for (turn = 0; turn < 100u; turn++) {
            uint32_t serial = vqg_record_begin_(&w->record);
            for (head = 0; head < SLOTS; head++) {
                struct ward before = *w;
                uint32_t id;
                if (vqg_record_is_used_(&w->record, &w->slots[head])) {
                    continue;
                }
                before.record.slots = before.slots;
                mark(&w->slots[head], (uint16_t)head, serial);
                w->slots[head].count = 1;
                for (id = 0; id < SLOTS; id++) {
                    bool was = vqg_record_is_used_(&before.record, &before.slots[id]);
                    assert_int_equal(vqg_record_is_used_(&w->record, &w->slots[id]), was || id == head);
                }
                memcpy(w->slots, before.slots, sizeof w->slots);
            }
        }
    }
}

static void s5_numbers_that_begin_again_do_so_from_the_first_slot_on(void **state)
{
    struct ward *w = ward_new();
    (void)state;
    mark(&w->slots[0], 2, 39);
    w->record.serial = UINT32_MAX;
    assert_int_equal(vqg_record_begin_(&w->record), 2);
    assert_false(vqg_record_is_used_(&w->record, &w->slots[0]));
    assert_true(vqg_record_is_used_(&w->record, &w->slots[7]));
}

static void x4_the_record_is_kept_without_a_look_at_shared_memory(void **state)
{
    struct ward *w = ward_new();
    (void)state;
    test_port_reset();
    assert_true(vqg_record_is_used_(&w->record, &w->slots[5]));
    w->record.serial = UINT32_MAX;
    (void)vqg_record_begin_(&w->record);
    vqg_record_clear_(&w->record);
    assert_int_equal(test_port.count, 0);
}

static void a_slot_takes_32_bytes_where_a_pointer_has_8(void **state)
{
    (void)state;
    assert_true(sizeof(struct vqg_slot) <= sizeof(void *) + 24u);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(slot_is_a_head_when_it_counts_descriptors),
    cmocka_unit_test(clearing_frees_every_slot_and_nothing_beyond),
    cmocka_unit_test(clearing_stops_at_the_size_of_the_queue),
    cmocka_unit_test(descriptor_belongs_to_the_chain_in_flight_whose_number_it_bears),
    cmocka_unit_test(chain_that_ends_takes_all_its_descriptors_with_it_and_no_other),
    cmocka_unit_test(head_of_another_chain_brings_no_descriptor_of_the_last_one_back),
    cmocka_unit_test(a_chain_as_long_as_the_largest_queue_ends_whole),
    cmocka_unit_test(numbers_go_up_by_1_and_change_no_slot),
    cmocka_unit_test(s5_numbers_that_begin_again_keep_who_is_in_flight),
    cmocka_unit_test(s5_no_number_that_comes_again_brings_a_free_descriptor_back),
    cmocka_unit_test(s5_numbers_that_begin_again_do_so_from_the_first_slot_on),
    cmocka_unit_test(x4_the_record_is_kept_without_a_look_at_shared_memory),
    cmocka_unit_test(a_slot_takes_32_bytes_where_a_pointer_has_8),
};
TEST_MAIN(tests)
