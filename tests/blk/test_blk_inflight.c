/* SPDX-License-Identifier: MIT */
/** @file test_blk_inflight.c The region of what is in flight, as a process may have left it at any store. */
#include "inflight_util.h"

static void split_requests_go_on_in_the_order_of_their_counters(void **state)
{
    static const uint32_t order[REQUESTS] = {3, 6, 0};
    struct bench *x = *state;
    uint32_t i;
    client_begin(x, 0);
    in_flight(x, 0, UINT64_C(0x100000000));
    in_flight(x, 3, 3);
    in_flight(x, 6, 4);
    assert_string_equal(start(x, 0), "vqguard-blk: queue 0 goes on with 3 requests of the last process\n");
    assert_all_end(x, 0);
    for (i = 0; i < REQUESTS; i++) {
        assert_int_equal(get16(ring(x, FRONT_USED) + 4u + 8u * i), order[i]);
    }
    client_end(x);
}

/* Killed behind the store of the used index, with a batch of two. */
static void split_batch_that_was_published_is_not_served_again(void **state)
{
    struct bench *x = *state;
    uint32_t i;
    client_begin(x, 0);
    for (i = 0; i < REQUESTS; i++) {
        in_flight(x, i * DESCRIPTORS, i + 1u);
    }
    for (i = 0; i < 2u; i++) {
        served_before(x, i);
        put16(ring(x, FRONT_USED) + 4u + 8u * i, i * DESCRIPTORS);
        put16(ring(x, FRONT_USED) + 8u + 8u * i, 513);
    }
    put16(ring(x, FRONT_USED) + 2u, 2);
    put16(x->region + LAST_BATCH_HEAD, 3);
    put16(x->region + ENTRY(3u) + ENTRY_NEXT, 0);
    assert_string_equal(start(x, 2), "vqguard-blk: queue 0 goes on with 1 requests of the last process\n");
    assert_all_end(x, 2);
    client_end(x);
}

/* Killed before that store: nobody has seen the batch, and it is served again. */
static void split_batch_that_was_not_published_is_served_again(void **state)
{
    struct bench *x = *state;
    client_begin(x, FRONT_EVENT_IDX);
    in_flight(x, 0, 1);
    in_flight(x, 3, 2);
    put16(x->region + LAST_BATCH_HEAD, 3);
    put16(x->region + ENTRY(3u) + ENTRY_NEXT, 0);
    assert_string_equal(start(x, 0), "vqguard-blk: queue 0 goes on with 2 requests of the last process\n");
    assert_all_end(x, 0);
    client_end(x);
}

/* Killed behind the note of what is about to be returned: it is, and is not served again. */
static void packed_element_that_was_to_be_returned_is_returned(void **state)
{
    struct bench *x = *state;
    client_begin(x, FRONT_PACKED);
    served_before(x, 0);
    put16(x->region + NEXT, 0x8000u + DESCRIPTORS);
    put16(x->region + ID, get16(ring(x, 12)));
    put16(x->region + LEN, 513);
    put16(x->region + UNDER_WAY, 1);
    assert_string_equal(start(x, PACKED_BASE), "");
    assert_all_end(x, 1);
    client_end(x);
}

/* Killed behind the store of its flags, and behind the store of the position. */
static void packed_element_that_was_returned_is_not_returned_again(void **state)
{
    static const uint32_t positions[] = {0x8000u, 0x8000u + DESCRIPTORS};
    struct bench *x = *state;
    size_t i;
    for (i = 0; i < 2u; i++) {
        client_begin(x, FRONT_PACKED | FRONT_EVENT_IDX);
        served_before(x, 0);
        put16(x->region + POSITION, positions[i]);
        put16(x->region + NEXT, 0x8000u + DESCRIPTORS);
        put16(x->region + ID, 15); /* not to be written: it was */
        put16(x->region + LEN, 1);
        put16(x->region + UNDER_WAY, 1);
        put16(ring(x, 8), 513);
        put16(ring(x, 14), VQG_DESC_F_AVAIL | VQG_DESC_F_USED | VQG_DESC_F_WRITE);
        assert_string_equal(start(x, PACKED_BASE), "");
        assert_all_end(x, 1);
        client_end(x);
    }
}

/* A part that is of no such queue is of nobody: the queue begins at its base. */
static void part_of_another_queue_is_begun_anew(void **state)
{
    static const struct {
        uint32_t version;
        uint32_t size;
    } parts[] = {{0, SIZE}, {SPLIT_VERSION, 8}, {SPLIT_VERSION, 0}, {PACKED_VERSION, SIZE}, {2, SIZE}};
    struct bench *x = *state;
    size_t i;
    for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        client_begin(x, 0);
        in_flight(x, 0, 1);
        in_flight(x, 9, 1);
        put16(x->region + VERSION, parts[i].version);
        put16(x->region + DESC_NUM, parts[i].size);
        assert_string_equal(start(x, 0), "");
        assert_all_end(x, 0);
        assert_int_equal(get16(x->region + VERSION), SPLIT_VERSION);
        assert_int_equal(get16(x->region + DESC_NUM), SIZE);
        /* The next batch leads to no head of this one: it may be in flight again by then. */
        assert_int_equal(get16(x->region + LAST_BATCH_HEAD), 0xffff);
        client_end(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE(split_requests_go_on_in_the_order_of_their_counters),
        ON_ONE(split_batch_that_was_published_is_not_served_again),
        ON_ONE(split_batch_that_was_not_published_is_served_again),
        ON_ONE(packed_element_that_was_to_be_returned_is_returned),
        ON_ONE(packed_element_that_was_returned_is_not_returned_again),
        ON_ONE(part_of_another_queue_is_begun_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
