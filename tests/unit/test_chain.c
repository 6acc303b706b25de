/* SPDX-License-Identifier: MIT */
/**
 * @file test_chain.c
 * @brief chain.h: the judgement of one element, vqg_chain_take_().
 *
 * Its place beside the queue's own parts is in test_chain_alias.c, its
 * capabilities in test_chain_cover.c, indirect tables in test_chain_table.c, and
 * what a device does with a chain in test_chain_copy.c.
 */
#include "chain_util.h"

#define INDEX 11u /* descriptor that the element came from */

static enum vqg_status take(struct room *r, uint64_t addr, uint32_t len, bool write)
{
    return vqg_chain_take_(&r->judge, &r->chain, INDEX, addr, len, write);
}

static void assert_totals(const struct room *r, uint32_t count, uint32_t readable, uint32_t writable)
{
    assert_int_equal(r->chain.count, count);
    /* The readable bytes are those that are left, once the chain has ended. */
    assert_int_equal(r->chain.bytes_, (uint64_t)readable + writable);
    assert_int_equal(r->chain.writable, writable);
    assert_int_equal(r->judge.guard.violation.rule, VQG_RULE_NONE);
    assert_int_equal(r->judge.guard.state, VQG_STATE_LIVE);
}

/* A fresh room in which elements were taken that are not in question. */
#define REFUSES(r, call, rule, value, limit)                                                                           \
    do {                                                                                                               \
        const struct room *before_ = room_copy(r);                                                                     \
        enum vqg_status st_ = (call);                                                                                  \
        room_assert_refused(r, before_, st_, (rule), INDEX, (value), (limit));                                         \
    } while (0)

static void elements_are_added_up_by_direction_and_become_segments(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, ADDR_A + 0x10u, 16, false), VQG_OK);
    assert_int_equal(take(r, ADDR_RDONLY, 0x800, false), VQG_OK);
    assert_int_equal(take(r, ADDR_B, 512, true), VQG_OK);
    assert_int_equal(take(r, ADDR_WRONLY + 0x7FFu, 1, true), VQG_OK);
    assert_totals(r, 4, 16u + 0x800u, 513);
    room_assert_seg(r, 0, CAP_A, ADDR_A + 0x10u, 16, false);
    room_assert_seg(r, 1, CAP_RDONLY, ADDR_RDONLY, 0x800, false);
    room_assert_seg(r, 2, CAP_B, ADDR_B, 512, true);
    room_assert_seg(r, 3, CAP_WRONLY, ADDR_WRONLY + 0x7FFu, 1, true);
}

static void x1_judging_an_element_fetches_and_stores_nothing(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, ADDR_A, 16, false), VQG_OK);
    assert_int_equal(take(r, ADDR_B, 16, true), VQG_OK);
    assert_int_equal(test_port.count, 0);
}

static void c3_readable_total_of_2_to_32_latches_and_one_less_is_accepted(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, ADDR_HUGE, UINT32_MAX, false), VQG_OK);
    assert_totals(r, 1, UINT32_MAX, 0);
    REFUSES(r, take(r, ADDR_A, 1, false), VQG_RULE_TOTAL_LENGTH, 0x100000000u, UINT32_MAX);
}

static void c3_total_over_both_directions_of_2_to_32_latches_and_one_less_is_accepted(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, ADDR_HUGE, 0x80000000u, false), VQG_OK);
    assert_int_equal(take(r, ADDR_HUGE + 0x80000000u, 0x7FFFFFFFu, true), VQG_OK);
    assert_totals(r, 2, 0x80000000u, 0x7FFFFFFFu);
    REFUSES(r, take(r, ADDR_A, 1, true), VQG_RULE_TOTAL_LENGTH, 0x100000000u, UINT32_MAX);
    r = room_new();
    assert_int_equal(take(r, ADDR_HUGE, 0x80000000u, false), VQG_OK);
    REFUSES(r, take(r, ADDR_HUGE, 0x80000000u, true), VQG_RULE_TOTAL_LENGTH, 0x100000000u, UINT32_MAX);
}

static void c3_total_that_would_wrap_to_a_small_one_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, ADDR_HUGE, UINT32_MAX, true), VQG_OK);
    REFUSES(r, take(r, ADDR_HUGE, UINT32_MAX, true), VQG_RULE_TOTAL_LENGTH, 0x1FFFFFFFEu, UINT32_MAX);
    r = room_new();
    assert_int_equal(take(r, ADDR_A, 1, false), VQG_OK);
    r->judge.policy.max_bytes = 100;
    REFUSES(r, take(r, ADDR_HUGE, UINT32_MAX, true), VQG_RULE_TOTAL_LENGTH, 0x100000000u, UINT32_MAX);
}

static void c4_element_that_ends_at_the_last_address_is_accepted(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, UINT64_MAX, 1, false), VQG_OK);
    assert_int_equal(take(r, ADDR_TOP, 0x1000, true), VQG_OK);
    assert_totals(r, 2, 1, 0x1000);
    room_assert_seg(r, 0, CAP_TOP, UINT64_MAX, 1, false);
    room_assert_seg(r, 1, CAP_TOP, ADDR_TOP, 0x1000, true);
}

static void c4_element_that_wraps_latches(void **state)
{
    static const struct {
        uint64_t addr;
        uint32_t len;
    } wraps[] = {{UINT64_MAX, 2}, {ADDR_TOP, 0x1001}, {UINT64_MAX, UINT32_MAX}, {UINT64_MAX - UINT32_MAX + 2u, UINT32_MAX}};
    size_t i;
    (void)state;
    for (i = 0; i < 2u * (sizeof wraps / sizeof wraps[0]); i++) {
        struct room *r = room_new();
        uint64_t addr = wraps[i / 2u].addr;
        REFUSES(r, take(r, addr, wraps[i / 2u].len, i % 2u != 0u), VQG_RULE_ELEMENT_RANGE, addr, UINT64_MAX);
    }
}

static void c4_element_up_to_the_highest_address_is_accepted(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.max_address = ADDR_A + 0x7FFu;
    assert_int_equal(take(r, ADDR_A, 0x800, false), VQG_OK);
    assert_int_equal(take(r, ADDR_A + 0x7FFu, 1, true), VQG_OK);
    assert_totals(r, 2, 0x800, 1);
}

static void c4_element_beyond_the_highest_address_latches(void **state)
{
    static const struct {
        uint64_t addr;
        uint32_t len;
    } beyond[] = {{ADDR_A, 0x801}, {ADDR_A + 0x7FFu, 2}, {ADDR_A + 0x800u, 1}, {UINT64_MAX, 1}, {UINT64_MAX - 4u, 5}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        struct room *r = room_new();
        r->judge.policy.max_address = ADDR_A + 0x7FFu;
        REFUSES(r, take(r, beyond[i].addr, beyond[i].len, false), VQG_RULE_ELEMENT_RANGE, beyond[i].addr,
                ADDR_A + 0x7FFu);
    }
}

static void c6_readable_after_writable_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, ADDR_A, 8, false), VQG_OK);
    assert_int_equal(take(r, ADDR_A, 8, false), VQG_OK);
    assert_int_equal(take(r, ADDR_B, 1, true), VQG_OK);
    assert_int_equal(take(r, ADDR_B, 4, true), VQG_OK);
    REFUSES(r, take(r, ADDR_A, 8, false), VQG_RULE_READ_AFTER_WRITE, ADDR_A, 5);
}

static void c6_empty_readable_after_writable_latches_even_where_empty_ones_are_skipped(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.zero = VQG_ZERO_SKIP;
    assert_int_equal(take(r, ADDR_B, 1, true), VQG_OK);
    REFUSES(r, take(r, ADDR_A, 0, false), VQG_RULE_READ_AFTER_WRITE, ADDR_A, 1);
}

static void c6_readable_after_an_empty_writable_that_was_skipped_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.zero = VQG_ZERO_SKIP;
    assert_int_equal(take(r, ADDR_B, 0, true), VQG_OK);
    REFUSES(r, take(r, ADDR_A, 8, false), VQG_RULE_READ_AFTER_WRITE, ADDR_A, 0);
    r = room_new();
    r->judge.policy.zero = VQG_ZERO_SKIP;
    assert_int_equal(take(r, ADDR_B, 0, true), VQG_OK);
    REFUSES(r, take(r, ADDR_A, 0, false), VQG_RULE_READ_AFTER_WRITE, ADDR_A, 0);
}

static void c6_writable_after_an_empty_readable_that_was_skipped_is_accepted(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.zero = VQG_ZERO_SKIP;
    assert_int_equal(take(r, ADDR_A, 4, false), VQG_OK);
    assert_int_equal(take(r, ADDR_A, 0, false), VQG_OK);
    assert_int_equal(take(r, ADDR_A, 4, false), VQG_OK);
    assert_int_equal(take(r, ADDR_B, 4, true), VQG_OK);
    assert_totals(r, 3, 8, 4);
}

static void c8_empty_element_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    REFUSES(r, take(r, ADDR_A, 0, false), VQG_RULE_ZERO_LENGTH, 0, 1);
    r = room_new();
    REFUSES(r, take(r, ADDR_A, 0, true), VQG_RULE_ZERO_LENGTH, 0, 1);
    r = room_new();
    assert_int_equal(take(r, ADDR_A, 1, true), VQG_OK);
    REFUSES(r, take(r, ADDR_A, 0, true), VQG_RULE_ZERO_LENGTH, 0, 1);
}

static void c8_m8_empty_element_that_is_skipped_is_neither_looked_up_nor_a_segment(void **state)
{
    static const uint64_t addrs[] = {0, ADDR_A, ADDR_AFTER_C, PART_DESC, UINT64_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < 2u * (sizeof addrs / sizeof addrs[0]); i++) {
        static struct room expected;
        struct room *r = room_new();
        struct platform platform;
        bool write = i % 2u != 0u;
        r->judge.policy.zero = VQG_ZERO_SKIP;
        r->judge.policy.max_address = ADDR_A;
        room_ask(r, &platform, NULL, NULL);
        memcpy(&expected, r, sizeof expected);
        expected.chain.write_seen_ = write;
        assert_int_equal(take(r, addrs[i / 2u], 0, write), VQG_OK);
        room_assert_same(r, &expected);
        assert_int_equal(platform.lookups + platform.pins, 0);
    }
}

static void m8_segment_of_an_element_has_bytes(void **state)
{
    struct room *r = room_new();
    uint32_t i;
    (void)state;
    r->judge.policy.zero = VQG_ZERO_SKIP;
    assert_int_equal(take(r, ADDR_A, 0, false), VQG_OK);
    assert_int_equal(take(r, ADDR_A, 1, false), VQG_OK);
    assert_int_equal(take(r, ADDR_B, 0, true), VQG_OK);
    assert_int_equal(take(r, ADDR_B, 1, true), VQG_OK);
    assert_totals(r, 2, 1, 1);
    for (i = 0; i < r->chain.count; i++) {
        assert_int_equal(r->seg[i].len, 1);
    }
}

static void c9_element_against_the_direction_of_the_queue_latches(void **state)
{
    uint32_t len;
    (void)state;
    for (len = 0; len <= 1u; len++) { /* an empty element has a direction as well */
        struct room *r = room_new();
        r->judge.policy.zero = VQG_ZERO_SKIP;
        room_direct(r, VQG_DIRECTION_READABLE);
        REFUSES(r, take(r, ADDR_A, len, true), VQG_RULE_DIRECTION, 1, VQG_DIRECTION_READABLE);
        r = room_new();
        r->judge.policy.zero = VQG_ZERO_SKIP;
        room_direct(r, VQG_DIRECTION_WRITABLE);
        REFUSES(r, take(r, ADDR_A, len, false), VQG_RULE_DIRECTION, 0, VQG_DIRECTION_WRITABLE);
    }
}

static void c9_element_in_the_direction_of_the_queue_is_accepted(void **state)
{
    struct room *r = room_new();
    (void)state;
    room_direct(r, VQG_DIRECTION_READABLE);
    assert_int_equal(take(r, ADDR_A, 4, false), VQG_OK);
    assert_totals(r, 1, 4, 0);
    r = room_new();
    room_direct(r, VQG_DIRECTION_WRITABLE);
    assert_int_equal(take(r, ADDR_A, 4, true), VQG_OK);
    assert_totals(r, 1, 0, 4);
}

static void m9_chain_of_exactly_the_bytes_allowed_is_accepted_and_one_more_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.max_bytes = 100;
    assert_int_equal(take(r, ADDR_A, 60, false), VQG_OK);
    assert_int_equal(take(r, ADDR_A, 40, true), VQG_OK);
    assert_totals(r, 2, 60, 40);
    REFUSES(r, take(r, ADDR_A, 1, true), VQG_RULE_QUOTA, 101, 100);
    r = room_new();
    r->judge.policy.max_bytes = 100;
    REFUSES(r, take(r, ADDR_A, 101, false), VQG_RULE_QUOTA, 101, 100);
    r = room_new();
    r->judge.policy.max_bytes = 100; /* 2^32 - 1 is a quota's matter, 2^32 is not (C3) */
    REFUSES(r, take(r, ADDR_HUGE, UINT32_MAX, false), VQG_RULE_QUOTA, UINT32_MAX, 100);
}

/* Every mixture of odd values has an answer: a chain that adds up, or a rule. */
static void f2_any_element_is_accepted_whole_or_refused_by_a_rule(void **state)
{
    static const uint64_t addrs[] = {0,           1,          ADDR_A - 1u, ADDR_A,           ADDR_B - 1u,    ADDR_C,
                                     ADDR_AFTER_C, PART_DESC, PART_USED,   ADDR_WRONLY - 1u, ADDR_HUGE - 1u, ADDR_HUGE,
                                     ADDR_TOP,     UINT64_MAX / 2u, UINT64_MAX - UINT32_MAX, UINT64_MAX - 1u, UINT64_MAX};
    static const uint32_t lens[] = {0, 1, 2, 0x7FF, 0x1000, 0x1001, 0x3000, 0x3001, 0x7FFFFFFF, 0x80000000u, UINT32_MAX};
    const size_t mixtures = 8u * (sizeof addrs / sizeof addrs[0]) * (sizeof lens / sizeof lens[0]);
    size_t i;
    (void)state;
    for (i = 0; i < mixtures; i++) {
        struct room *r = room_new();
        uint64_t addr = addrs[i / 8u / (sizeof lens / sizeof lens[0])];
        uint32_t len = lens[i / 8u % (sizeof lens / sizeof lens[0])];
        uint64_t sum = 0;
        enum vqg_status st;
        uint32_t k;
        r->judge.policy.zero = (i & 1u) != 0u ? VQG_ZERO_SKIP : VQG_ZERO_REJECT;
        r->judge.policy.span = (i & 2u) != 0u ? VQG_SPAN_SPLIT : VQG_SPAN_REFUSE;
        st = take(r, addr, len, (i & 4u) != 0u);
        assert_true(st == VQG_OK || vqg_is_violation(st));
        assert_int_equal(r->judge.guard.state, st == VQG_OK ? VQG_STATE_LIVE : VQG_STATE_DEAD);
        assert_int_equal(r->judge.guard.violation.rule, vqg_status_rule(st));
        for (k = 0; k < r->chain.count; k++) {
            assert_int_equal(r->seg[k].addr, addr + sum);
            sum += r->seg[k].len;
        }
        assert_true(st == VQG_OK ? sum == len : sum < len || len == 0u);
        assert_int_equal(room_pins(r), r->chain.count);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(elements_are_added_up_by_direction_and_become_segments),
    cmocka_unit_test(x1_judging_an_element_fetches_and_stores_nothing),
    cmocka_unit_test(c3_readable_total_of_2_to_32_latches_and_one_less_is_accepted),
    cmocka_unit_test(c3_total_over_both_directions_of_2_to_32_latches_and_one_less_is_accepted),
    cmocka_unit_test(c3_total_that_would_wrap_to_a_small_one_latches),
    cmocka_unit_test(c4_element_that_ends_at_the_last_address_is_accepted),
    cmocka_unit_test(c4_element_that_wraps_latches),
    cmocka_unit_test(c4_element_up_to_the_highest_address_is_accepted),
    cmocka_unit_test(c4_element_beyond_the_highest_address_latches),
    cmocka_unit_test(c6_readable_after_writable_latches),
    cmocka_unit_test(c6_empty_readable_after_writable_latches_even_where_empty_ones_are_skipped),
    cmocka_unit_test(c6_readable_after_an_empty_writable_that_was_skipped_latches),
    cmocka_unit_test(c6_writable_after_an_empty_readable_that_was_skipped_is_accepted),
    cmocka_unit_test(c8_empty_element_latches),
    cmocka_unit_test(c8_m8_empty_element_that_is_skipped_is_neither_looked_up_nor_a_segment),
    cmocka_unit_test(m8_segment_of_an_element_has_bytes),
    cmocka_unit_test(c9_element_against_the_direction_of_the_queue_latches),
    cmocka_unit_test(c9_element_in_the_direction_of_the_queue_is_accepted),
    cmocka_unit_test(m9_chain_of_exactly_the_bytes_allowed_is_accepted_and_one_more_latches),
    cmocka_unit_test(f2_any_element_is_accepted_whole_or_refused_by_a_rule),
};
TEST_MAIN(tests)
