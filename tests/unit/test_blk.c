/* SPDX-License-Identifier: MIT */
/**
 * @file test_blk.c
 * @brief blk.h: a driver builds block requests, and asks how they ended: rules D1 and D2.
 */
#include "blk_util.h"

#define FRAME_AT WORLD_DATA
#define FRAME_BYTES 17u
#define STATUS 16u /* where the status byte stands in a frame */
#define ID 9u

/* A live driver, and a completion of `len` bytes of a request whose status byte says `said`. */
struct shelf {
    struct world *w;
    struct vqg_done done;
    uint8_t status;
};

static struct shelf shelf_new(uint8_t said, uint32_t len)
{
    struct shelf s;
    memset(&s, 0, sizeof s);
    s.w = world_new(16, 0);
    world_start_driver(s.w);
    *world_at(s.w, FRAME_AT + STATUS) = said;
    s.done.id = ID;
    s.done.len = len;
    s.done.claimed = len;
    s.done.generation = s.w->driver.ledger.guard.generation;
    s.status = 0x77;
    test_port_reset();
    return s;
}

static enum vqg_status result(struct shelf *s, uint32_t bytes)
{
    return vqg_blk_result(&s->w->driver, &s->done, world_at(s->w, FRAME_AT), bytes, &s->status);
}

static void assert_result_refused(struct shelf *s, uint32_t bytes, enum vqg_rule rule, uint64_t value, uint64_t limit)
{
    struct world_copy *before = world_copy(s->w);
    const struct vqg_violation *v = vqg_driver_violation(&s->w->driver);
    enum vqg_status st = result(s, bytes);
    assert_violation(v, st, rule, ID, value, limit);
    assert_int_equal(v->count, 1);
    assert_int_equal(s->status, S_IOERR);
    assert_true(vqg_driver_needs_reset(&s->w->driver));
    assert_int_equal(test_port.stores, 0);
    world_assert_unchanged(s->w, before);
    world_free(s->w);
}

static void assert_ended(struct shelf *s, uint32_t bytes, uint8_t status)
{
    assert_status(result(s, bytes), VQG_OK);
    assert_int_equal(s->status, status);
    assert_int_equal(vqg_driver_violation(&s->w->driver)->rule, VQG_RULE_NONE);
    assert_false(vqg_driver_needs_reset(&s->w->driver));
    world_free(s->w);
}

static void request_is_built_as_the_specification_lays_it_out(void **state)
{
    static const unsigned char expected[FRAME_BYTES] = {0x01, 0, 0, 0, 0,    0,    0,    0,   0x88,
                                                        0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0xff};
    unsigned char memory[FRAME_BYTES + 2u];
    struct vqg_seg seg[5];
    struct vqg_seg untouched[5];
    uint32_t at;
    (void)state;
    /* At every alignment: a frame is bytes. */
    for (at = 0; at < 2u; at++) {
        memset(memory, 0xA5, sizeof memory);
        memset(seg, 0xA5, sizeof seg);
        memset(untouched, 0xA5, sizeof untouched);
        assert_int_equal(vqg_blk_build(seg, 2, memory + at, 0x9000000000u, OUT, 0x1122334455667788u), 4);
        assert_memory_equal(memory + at, expected, FRAME_BYTES);
        assert_int_equal(memory[at == 0u ? FRAME_BYTES : 0u], 0xA5);
        assert_int_equal(memory[FRAME_BYTES + 1u], 0xA5);
        assert_int_equal(seg[0].addr, 0x9000000000u);
        assert_int_equal(seg[0].len, 16);
        assert_false(seg[0].write);
        assert_int_equal(seg[3].addr, 0x9000000010u);
        assert_int_equal(seg[3].len, 1);
        assert_true(seg[3].write);
        assert_memory_equal(&seg[1], &untouched[1], 2u * sizeof seg[0]);
        assert_memory_equal(&seg[4], &untouched[4], sizeof seg[0]);
    }
}

static void request_without_data_has_a_header_and_a_status(void **state)
{
    unsigned char memory[FRAME_BYTES];
    struct vqg_seg seg[2];
    (void)state;
    assert_int_equal(vqg_blk_build(seg, 0, memory, 0x100, FLUSH, 0), 2);
    assert_int_equal(memory[0], FLUSH);
    assert_int_equal(seg[0].addr, 0x100);
    assert_int_equal(seg[1].addr, 0x110);
    assert_true(!seg[0].write && seg[1].write);
}

static void built_request_is_lent_served_and_judged(void **state)
{
    struct world *w = world_new(16, 0);
    struct vqg_done done;
    struct vqg_seg seg[3];
    uint8_t status = 0x77;
    (void)state;
    world_start_driver(w);
    seg[1] = vqg_in(NULL, 512);
    seg[1].addr = world_addr(DATA_AT);
    assert_int_equal(vqg_blk_build(seg, 1, world_at(w, FRAME_AT), world_addr(FRAME_AT), IN, 7), 3);
    assert_status(vqg_driver_add(&w->driver, seg, 3, w), VQG_OK);
    (void)vqg_driver_kick(&w->driver);
    assert_int_equal(*world_at(w, FRAME_AT), IN);
    assert_int_equal(*world_at(w, FRAME_AT + 8u), 7);
    *world_at(w, FRAME_AT + STATUS) = S_OK;
    peer_return(w, 0, peer_get_avail_entry(w, 0), 513);
    assert_status(vqg_driver_take(&w->driver, &done), VQG_OK);
    assert_status(vqg_blk_result(&w->driver, &done, world_at(w, FRAME_AT), 513, &status), VQG_OK);
    assert_int_equal(status, S_OK);
    world_free(w);
}

static void d1_status_that_nobody_knows_latches(void **state)
{
    uint32_t said;
    (void)state;
    for (said = 0; said < POISON; said++) {
        struct shelf s = shelf_new((uint8_t)said, 513);
        if (said <= S_UNSUPP) {
            assert_ended(&s, 513, (uint8_t)said);
        } else {
            assert_result_refused(&s, 513, VQG_RULE_STATUS_KNOWN, said, S_UNSUPP);
        }
    }
}

static void d2_status_that_was_not_written_latches(void **state)
{
    struct shelf s = shelf_new(POISON, 513);
    (void)state;
    assert_result_refused(&s, 513, VQG_RULE_STATUS_WRITTEN, POISON, S_UNSUPP);
}

static void d2_success_of_a_device_that_wrote_less_latches(void **state)
{
    static const uint32_t lengths[] = {0, 1, 511, 512};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(lengths); i++) {
        struct shelf s = shelf_new(S_OK, lengths[i]);
        assert_result_refused(&s, 513, VQG_RULE_STATUS_WRITTEN, lengths[i], 513);
    }
}

static void d2_length_counts_as_far_as_it_is_believed(void **state)
{
    struct shelf s = shelf_new(S_OK, 512);
    (void)state;
    s.done.claimed = 4096;
    s.done.flags = VQG_DONE_CLAMPED;
    assert_result_refused(&s, 513, VQG_RULE_STATUS_WRITTEN, 512, 513);
}

static void d2_length_that_nobody_wrote_is_not_held_against_the_device(void **state)
{
    struct shelf s = shelf_new(S_OK, 0);
    (void)state;
    s.done.flags = VQG_DONE_CLAIMED;
    assert_ended(&s, 513, S_OK);
    s = shelf_new(POISON, 513);
    s.done.flags = VQG_DONE_CLAIMED;
    assert_result_refused(&s, 513, VQG_RULE_STATUS_WRITTEN, POISON, S_UNSUPP);
}

static void d2_failure_may_be_short(void **state)
{
    struct shelf s = shelf_new(S_IOERR, 0);
    (void)state;
    assert_ended(&s, 513, S_IOERR);
    s = shelf_new(S_UNSUPP, 1);
    assert_ended(&s, 513, S_UNSUPP);
    s = shelf_new(S_OK, 1);
    assert_ended(&s, 1, S_OK);
}

/* Says OK once, and something else ever after. */
static uint64_t fickle(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    unsigned *asked = context;
    (void)at;
    assert_int_equal(bytes, 1);
    (*asked)++;
    return *asked == 1u ? value : 0x42;
}

static void d4_status_is_fetched_once(void **state)
{
    struct shelf s = shelf_new(S_OK, 1);
    unsigned asked = 0;
    (void)state;
    test_port.adversary = fickle;
    test_port.context = &asked;
    assert_status(result(&s, 1), VQG_OK);
    assert_int_equal(s.status, S_OK);
    assert_int_equal(asked, 1);
    assert_int_equal(test_port.count, 1);
    assert_ptr_equal(test_port.log[0].at, world_at(s.w, FRAME_AT + STATUS));
    world_free(s.w);
}

static void completion_of_an_earlier_generation_is_not_judged(void **state)
{
    struct shelf s = shelf_new(POISON, 0);
    (void)state;
    s.done.generation++;
    assert_status(result(&s, 513), VQG_STALE);
    assert_int_equal(s.status, S_IOERR);
    assert_int_equal(vqg_driver_violation(&s.w->driver)->rule, VQG_RULE_NONE);
    assert_int_equal(test_port.count, 0);
    world_free(s.w);
}

static void missing_arguments_are_named(void **state)
{
    struct shelf s = shelf_new(S_OK, 513);
    void *frame = world_at(s.w, FRAME_AT);
    (void)state;
    assert_status(vqg_blk_result(NULL, &s.done, frame, 513, &s.status), VQG_BAD_ENDPOINT);
    assert_status(vqg_blk_result(&s.w->driver, NULL, frame, 513, &s.status), VQG_BAD_ENDPOINT);
    assert_status(vqg_blk_result(&s.w->driver, &s.done, NULL, 513, &s.status), VQG_BAD_ENDPOINT);
    assert_status(vqg_blk_result(&s.w->driver, &s.done, frame, 513, NULL), VQG_BAD_ENDPOINT);
    assert_int_equal(s.status, 0x77);
    assert_int_equal(test_port.count, 0);
    world_free(s.w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(request_is_built_as_the_specification_lays_it_out),
    cmocka_unit_test(request_without_data_has_a_header_and_a_status),
    cmocka_unit_test(built_request_is_lent_served_and_judged),
    cmocka_unit_test(d1_status_that_nobody_knows_latches),
    cmocka_unit_test(d2_status_that_was_not_written_latches),
    cmocka_unit_test(d2_success_of_a_device_that_wrote_less_latches),
    cmocka_unit_test(d2_length_counts_as_far_as_it_is_believed),
    cmocka_unit_test(d2_length_that_nobody_wrote_is_not_held_against_the_device),
    cmocka_unit_test(d2_failure_may_be_short),
    cmocka_unit_test(d4_status_is_fetched_once),
    cmocka_unit_test(completion_of_an_earlier_generation_is_not_judged),
    cmocka_unit_test(missing_arguments_are_named),
};
TEST_MAIN(tests)
