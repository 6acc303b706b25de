/* SPDX-License-Identifier: MIT */
/**
 * @file test_chain_warm.c
 * @brief judge.h: every rule right after the window was opened.
 */
#include "window_util.h"

static void c6_readable_after_writable_inside_the_window_latches(void **state)
{
    (void)state;
    refuses(room_with_window(true), ADDR_B, 1, false, VQG_RULE_READ_AFTER_WRITE, INDEX, ADDR_B, 16);
}

static void c8_empty_element_inside_the_window_latches_or_is_skipped(void **state)
{
    struct room *r = room_with_window(true);
    (void)state;
    refuses(r, ADDR_B, 0, true, VQG_RULE_ZERO_LENGTH, INDEX, 0, 1);
    r = room_with_window(true);
    r->judge.policy.zero = VQG_ZERO_SKIP;
    assert_int_equal(take(r, ADDR_B, 0, true), VQG_OK);
    assert_int_equal(r->chain.count, 1);
    assert_int_equal(r->caps[CAP_B].pins, 1);
    r = room_with_window(false); /* a skipped one has a direction */
    r->judge.policy.zero = VQG_ZERO_SKIP;
    assert_int_equal(take(r, ADDR_B, 0, true), VQG_OK);
    refuses(r, ADDR_B, 1, false, VQG_RULE_READ_AFTER_WRITE, INDEX, ADDR_B, 0);
}

static void c9_element_against_the_direction_inside_the_window_latches(void **state)
{
    struct room *r = room_with_window(false);
    (void)state;
    room_direct(r, VQG_DIRECTION_READABLE);
    assert_int_equal(take(r, ADDR_B, 1, false), VQG_OK);
    refuses(r, ADDR_B, 1, true, VQG_RULE_DIRECTION, INDEX, 1, VQG_DIRECTION_READABLE);
    r = room_with_window(true);
    room_direct(r, VQG_DIRECTION_WRITABLE);
    r->chain.write_seen_ = false; /* as when the next chain begins */
    refuses(r, ADDR_B, 1, false, VQG_RULE_DIRECTION, INDEX, 0, VQG_DIRECTION_WRITABLE);
}

static void m9_bytes_beyond_the_policys_inside_the_window_latch(void **state)
{
    unsigned write;
    (void)state;
    for (write = 0; write < 2u; write++) {
        struct room *r = room_with_window(write != 0u);
        r->judge.policy.max_bytes = 32;
        assert_int_equal(take(r, ADDR_B, 16, write != 0u), VQG_OK);
        refuses(r, ADDR_B, 1, write != 0u, VQG_RULE_QUOTA, INDEX, 33, 32);
    }
}

static void c3_total_of_2_to_32_inside_the_window_latches(void **state)
{
    unsigned write;
    (void)state;
    for (write = 0; write < 2u; write++) {
        struct room *r = room_new();
        assert_int_equal(take(r, ADDR_HUGE, 1, write != 0u), VQG_OK);
        assert_open(r, CAP_HUGE, ADDR_HUGE, ADDR_HUGE + ((uint64_t)1 << 33) - 1u);
        refuses(r, ADDR_HUGE, UINT32_MAX, write != 0u, VQG_RULE_TOTAL_LENGTH, INDEX, (uint64_t)1 << 32, UINT32_MAX);
        r = room_new();
        assert_int_equal(take(r, ADDR_HUGE, 1, write != 0u), VQG_OK);
        assert_int_equal(take(r, ADDR_HUGE, UINT32_MAX - 1u, write != 0u), VQG_OK);
        assert_int_equal(r->chain.bytes_, UINT32_MAX);
    }
}

static void c5_element_that_no_capability_covers_closes_the_window(void **state)
{
    struct room *r = room_with_window(false);
    (void)state;
    refuses(r, ADDR_AFTER_C, 16, false, VQG_RULE_CAPABILITY, 1, ADDR_AFTER_C, 16);
    assert_closed(r);
}

static void i12_writable_element_over_the_table_inside_the_window_latches(void **state)
{
    static const struct {
        uint64_t addr;
        uint32_t len;
    } over[] = {{ADDR_A, 0x101}, {TABLE_ADDR, 1}, {TABLE_ADDR + 31u, 1}, {ADDR_A, 0x1000}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof over / sizeof over[0]; i++) {
        struct vqg_shared handle = vqg_shared_at(NULL, false);
        struct room *r = room_new();
        assert_int_equal(vqg_chain_table_(&r->judge, &r->chain, INDEX, TABLE_ADDR, 32, &handle), VQG_OK);
        assert_int_equal(take(r, TABLE_ADDR - 1u, 33, false), VQG_OK); /* to read there is no harm */
        assert_int_equal(take(r, TABLE_ADDR - 1u, 1, true), VQG_OK);
        assert_int_equal(take(r, TABLE_ADDR + 32u, 1, true), VQG_OK);
        assert_open(r, CAP_A, ADDR_A, ADDR_A + 0xFFFu);
        refuses(r, over[i].addr, over[i].len, true, VQG_RULE_TABLE_ALIAS, INDEX, over[i].addr, TABLE_ADDR);
    }
}

/* A rule that is taken for granted takes no other with it, where the window saves the questions. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test(c6_readable_after_writable_inside_the_window_latches),
    cmocka_unit_test(c8_empty_element_inside_the_window_latches_or_is_skipped),
    cmocka_unit_test(c9_element_against_the_direction_inside_the_window_latches),
    cmocka_unit_test(m9_bytes_beyond_the_policys_inside_the_window_latch),
    cmocka_unit_test(c3_total_of_2_to_32_inside_the_window_latches),
    cmocka_unit_test(c5_element_that_no_capability_covers_closes_the_window),
    cmocka_unit_test(i12_writable_element_over_the_table_inside_the_window_latches),
};
TEST_MAIN(tests)
