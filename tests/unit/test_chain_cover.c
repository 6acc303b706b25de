/* SPDX-License-Identifier: MIT */
/**
 * @file test_chain_cover.c
 * @brief chain.h: a right for every byte of an element, vqg_chain_cover_(), and its pins.
 */
#include "chain_util.h"

static enum vqg_status cover(struct room *r, uint64_t addr, uint32_t len, bool write)
{
    return vqg_chain_cover_(&r->judge, &r->chain, addr, len, write);
}

/* Refused before any segment was added: all is as before. `index` is the number of segments so far. */
#define REFUSES(r, call, rule, index, value, limit)                                                                    \
    do {                                                                                                               \
        const struct room *before_ = room_copy(r);                                                                     \
        enum vqg_status st_ = (call);                                                                                  \
        room_assert_refused(r, before_, st_, (rule), (index), (value), (limit));                                       \
    } while (0)

/* Refused at its second piece or later: the first `pieces` stand in the chain with their pins, so that
 * vqg_chain_unpin_() can end them; nothing else has changed. */
static void refuses_after(struct room *r, uint64_t addr, uint32_t len, bool write, uint32_t pieces, enum vqg_rule rule,
                          uint64_t value, uint64_t limit)
{
    static struct room expected;
    enum vqg_status st;
    uint32_t i;
    memcpy(&expected, r, sizeof expected);
    st = cover(r, addr, len, write);
    assert_int_equal(r->chain.count, pieces);
    assert_int_equal(room_pins(r), pieces);
    expected.chain.count = pieces;
    memcpy(expected.seg, r->seg, pieces * sizeof r->seg[0]);
    for (i = 0; i < ROOM_CAPS; i++) {
        assert_true(r->caps[i].pins <= 1u);
        expected.caps[i].pins = r->caps[i].pins;
    }
    room_assert_refused(r, &expected, st, rule, pieces, value, limit);
    vqg_chain_unpin_(&r->judge.caps, &r->chain);
    assert_int_equal(room_pins(r), 0);
}

static void c5_element_that_no_capability_covers_latches(void **state)
{
    static const uint64_t nowhere[] = {0, ADDR_A - 1u, ADDR_AFTER_C, ADDR_WRONLY + 0x800u, ADDR_HUGE - 1u, ADDR_TOP - 1u};
    size_t i;
    (void)state;
    for (i = 0; i < 2u * (sizeof nowhere / sizeof nowhere[0]); i++) {
        struct room *r = room_new();
        r->judge.policy.span = VQG_SPAN_SPLIT;
        REFUSES(r, cover(r, nowhere[i / 2u], 2, i % 2u != 0u), VQG_RULE_CAPABILITY, 0, nowhere[i / 2u], 2);
    }
}

static void c5_element_under_a_revoked_capability_latches(void **state)
{
    struct room *r = room_new();
    struct vqg_cap none = r->caps[CAP_B];
    (void)state;
    none.rights = 0;
    assert_int_equal(cover(r, ADDR_A, 1, false), VQG_OK);
    assert_int_equal(vqg_cap_table_replace(&r->table, CAP_B, &none), VQG_OK);
    REFUSES(r, cover(r, ADDR_B, 1, false), VQG_RULE_CAPABILITY, 1, ADDR_B, 1);
}

static void c5_element_that_a_platform_of_the_users_knows_nothing_of_latches(void **state)
{
    struct room *r = room_new();
    struct platform platform;
    (void)state;
    room_ask(r, &platform, NULL, NULL);
    REFUSES(r, cover(r, ADDR_A, 7, true), VQG_RULE_CAPABILITY, 0, ADDR_A, 7);
    assert_int_equal(platform.lookups, 1);
    assert_int_equal(platform.pins, 0);
}

static void m1_element_to_the_last_byte_of_a_capability_is_one_segment(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(cover(r, ADDR_C, 0x1000, false), VQG_OK);
    assert_int_equal(cover(r, ADDR_C + 0xFFFu, 1, false), VQG_OK);
    assert_int_equal(cover(r, ADDR_TOP, 0x1000, true), VQG_OK);
    assert_int_equal(cover(r, UINT64_MAX, 1, true), VQG_OK);
    assert_int_equal(r->chain.count, 4);
    room_assert_seg(r, 0, CAP_C, ADDR_C, 0x1000, false);
    room_assert_seg(r, 1, CAP_C, ADDR_C + 0xFFFu, 1, false);
    room_assert_seg(r, 2, CAP_TOP, ADDR_TOP, 0x1000, true);
    room_assert_seg(r, 3, CAP_TOP, UINT64_MAX, 1, true);
}

static void m1_element_over_two_capabilities_latches_unless_it_is_to_be_split(void **state)
{
    struct room *r = room_new();
    (void)state;
    REFUSES(r, cover(r, ADDR_A, 0x1001, false), VQG_RULE_EVERY_BYTE, 0, 0x1001, 0x1000);
    r = room_new();
    REFUSES(r, cover(r, ADDR_B + 0xFFFu, 2, true), VQG_RULE_EVERY_BYTE, 0, 2, 1);
    r = room_new();
    REFUSES(r, cover(r, ADDR_A, 0x3000, true), VQG_RULE_EVERY_BYTE, 0, 0x3000, 0x1000);
}

static void m1_element_over_the_end_of_all_capabilities_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    REFUSES(r, cover(r, ADDR_C, 0x1001, false), VQG_RULE_EVERY_BYTE, 0, 0x1001, 0x1000);
    r = room_new();
    r->judge.policy.span = VQG_SPAN_SPLIT;
    refuses_after(r, ADDR_C, 0x1001, false, 1, VQG_RULE_EVERY_BYTE, ADDR_AFTER_C, 1);
    r = room_new();
    r->judge.policy.span = VQG_SPAN_SPLIT;
    refuses_after(r, ADDR_B + 0xFFFu, 0x1003, true, 2, VQG_RULE_EVERY_BYTE, ADDR_AFTER_C, 2);
}

static void m1_element_over_two_capabilities_is_split_where_they_meet(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.span = VQG_SPAN_SPLIT;
    assert_int_equal(cover(r, ADDR_B - 1u, 2, true), VQG_OK);
    assert_int_equal(r->chain.count, 2);
    room_assert_seg(r, 0, CAP_A, ADDR_B - 1u, 1, true);
    room_assert_seg(r, 1, CAP_B, ADDR_B, 1, true);
    assert_int_equal(r->caps[CAP_A].pins, 1);
    assert_int_equal(r->caps[CAP_B].pins, 1);
    assert_int_equal(room_pins(r), 2);
}

static void m1_element_over_three_capabilities_is_split_in_three(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.span = VQG_SPAN_SPLIT;
    assert_int_equal(cover(r, ADDR_A + 0x10u, 0x2FF0, false), VQG_OK);
    assert_int_equal(r->chain.count, 3);
    room_assert_seg(r, 0, CAP_A, ADDR_A + 0x10u, 0xFF0, false);
    room_assert_seg(r, 1, CAP_B, ADDR_B, 0x1000, false);
    room_assert_seg(r, 2, CAP_C, ADDR_C, 0x1000, false);
    assert_int_equal(room_pins(r), 3);
}

static void m1_element_of_4_gib_in_one_capability_is_one_segment(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.span = VQG_SPAN_SPLIT;
    assert_int_equal(cover(r, ADDR_HUGE + 1u, UINT32_MAX, true), VQG_OK);
    assert_int_equal(r->chain.count, 1);
    room_assert_seg(r, 0, CAP_HUGE, ADDR_HUGE + 1u, UINT32_MAX, true);
}

static void m1_x6_run_of_a_capability_is_not_cut_to_32_bits(void **state)
{
    struct room *r = room_new();
    struct platform platform;
    struct vqg_cap wide = r->caps[CAP_HUGE];
    (void)state;
    wide.size = 0x100000001u; /* one byte, in its low 32 bits */
    room_ask(r, &platform, &wide, NULL);
    assert_int_equal(cover(r, ADDR_HUGE, 0x1000, false), VQG_OK);
    assert_int_equal(r->chain.count, 1);
    assert_int_equal(r->seg[0].len, 0x1000);
}

static void m1_answer_that_does_not_cover_the_address_latches(void **state)
{
    static const uint64_t beside[] = {ADDR_A - 1u, ADDR_B, 0, UINT64_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        struct room *r = room_new();
        struct platform platform;
        room_ask(r, &platform, &r->caps[CAP_A], &r->caps[CAP_A]);
        REFUSES(r, cover(r, beside[i], 1, false), VQG_RULE_EVERY_BYTE, 0, beside[i], 1);
        assert_int_equal(platform.pins, 0);
    }
}

static void m2_element_without_the_right_of_its_direction_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    REFUSES(r, cover(r, ADDR_RDONLY, 1, true), VQG_RULE_RIGHT, 0, ADDR_RDONLY, VQG_CAP_READ);
    r = room_new();
    REFUSES(r, cover(r, ADDR_WRONLY, 1, false), VQG_RULE_RIGHT, 0, ADDR_WRONLY, VQG_CAP_WRITE);
    r = room_new();
    assert_int_equal(cover(r, ADDR_RDONLY, 0x800, false), VQG_OK);
    assert_int_equal(cover(r, ADDR_WRONLY, 0x800, true), VQG_OK);
    assert_int_equal(r->chain.count, 2);
    room_assert_seg(r, 0, CAP_RDONLY, ADDR_RDONLY, 0x800, false);
    room_assert_seg(r, 1, CAP_WRONLY, ADDR_WRONLY, 0x800, true);
}

static void m2_right_is_asked_of_each_capability_that_an_element_runs_over(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.span = VQG_SPAN_SPLIT;
    refuses_after(r, ADDR_WRONLY - 1u, 2, false, 1, VQG_RULE_RIGHT, ADDR_WRONLY, VQG_CAP_WRITE);
    r = room_new();
    r->judge.policy.span = VQG_SPAN_SPLIT;
    REFUSES(r, cover(r, ADDR_WRONLY - 1u, 2, true), VQG_RULE_RIGHT, 0, ADDR_WRONLY - 1u, VQG_CAP_READ);
}

static void m3_each_segment_is_pinned_once_and_its_own_pin_ends(void **state)
{
    struct room *r = room_new();
    struct platform platform;
    (void)state;
    room_ask(r, &platform, &r->caps[CAP_B], NULL);
    assert_int_equal(cover(r, ADDR_B + 4u, 0x20, true), VQG_OK);
    assert_int_equal(platform.pins, 1);
    assert_int_equal(platform.unpins, 0);
    assert_int_equal(platform.token, 71);
    assert_int_equal(platform.addr, ADDR_B + 4u);
    assert_int_equal(platform.bytes, 0x20);
    assert_int_equal(r->seg[0].pin, PLATFORM_PIN);
    vqg_chain_unpin_(&r->judge.caps, &r->chain);
    assert_int_equal(platform.unpins, 1);
    assert_int_equal(platform.unpinned, PLATFORM_PIN);
    assert_int_equal(platform.pins, 1);
}

static void m3_pin_that_is_refused_latches(void **state)
{
    struct room *r = room_new();
    struct platform platform;
    (void)state;
    room_ask(r, &platform, &r->caps[CAP_A], NULL);
    platform.refuse_pin = 1;
    REFUSES(r, cover(r, ADDR_A + 2u, 9, false), VQG_RULE_PIN, 0, ADDR_A + 2u, 9);
    assert_int_equal(platform.pins, 1);
    vqg_chain_unpin_(&r->judge.caps, &r->chain);
    assert_int_equal(platform.unpins, 0);
}

static void m3_pin_that_is_refused_at_the_second_piece_leaves_the_first_to_unpin(void **state)
{
    struct room *r = room_new();
    struct platform platform;
    (void)state;
    r->judge.policy.span = VQG_SPAN_SPLIT;
    room_ask(r, &platform, &r->caps[CAP_A], &r->caps[CAP_B]);
    platform.refuse_pin = 2;
    assert_violation(&r->judge.guard.violation, cover(r, ADDR_B - 3u, 5, false), VQG_RULE_PIN, 1, ADDR_B, 2);
    assert_int_equal(platform.pins, 2);
    assert_int_equal(r->chain.count, 1);
    room_assert_seg(r, 0, CAP_A, ADDR_B - 3u, 3, false);
    vqg_chain_unpin_(&r->judge.caps, &r->chain);
    assert_int_equal(platform.unpins, 1);
    assert_int_equal(platform.unpinned, PLATFORM_PIN);
}

static void m3_pins_of_all_segments_of_a_table_end(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.span = VQG_SPAN_SPLIT;
    assert_int_equal(cover(r, ADDR_RDONLY, 4, false), VQG_OK);
    assert_int_equal(cover(r, ADDR_A, 0x2001, true), VQG_OK);
    assert_int_equal(cover(r, ADDR_C, 1, true), VQG_OK);
    assert_int_equal(r->caps[CAP_RDONLY].pins, 1);
    assert_int_equal(r->caps[CAP_A].pins, 1);
    assert_int_equal(r->caps[CAP_B].pins, 1);
    assert_int_equal(r->caps[CAP_C].pins, 2);
    vqg_chain_unpin_(&r->judge.caps, &r->chain);
    assert_int_equal(room_pins(r), 0);
}

static void m3_entry_that_is_pinned_as_often_as_can_be_counted_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->caps[CAP_A].pins = UINT32_MAX - 1u;
    assert_int_equal(cover(r, ADDR_A, 4, false), VQG_OK);
    assert_int_equal(r->caps[CAP_A].pins, UINT32_MAX);
    REFUSES(r, cover(r, ADDR_A, 4, false), VQG_RULE_PIN, 1, ADDR_A, 4);
}

static void m3_platform_that_never_revokes_is_not_asked_for_pins(void **state)
{
    struct room *r = room_new();
    struct platform platform;
    const struct room *before;
    (void)state;
    room_ask(r, &platform, &r->caps[CAP_A], NULL);
    r->judge.caps.pin = NULL;
    r->judge.caps.unpin = NULL;
    assert_int_equal(cover(r, ADDR_A, 4, false), VQG_OK);
    room_assert_seg(r, 0, CAP_A, ADDR_A, 4, false);
    assert_int_equal(r->seg[0].pin, 0);
    before = room_copy(r);
    vqg_chain_unpin_(&r->judge.caps, &r->chain);
    room_assert_same(r, before);
    assert_int_equal(platform.pins + platform.unpins, 0);
}

static void m9_last_segment_of_the_storage_is_used_and_one_more_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->chain.capacity = 2;
    assert_int_equal(cover(r, ADDR_A, 4, false), VQG_OK);
    assert_int_equal(cover(r, ADDR_A, 4, false), VQG_OK);
    REFUSES(r, cover(r, ADDR_A, 4, false), VQG_RULE_QUOTA, 2, 3, 2);
    r = room_new();
    r->chain.capacity = 0;
    REFUSES(r, cover(r, ADDR_A, 4, false), VQG_RULE_QUOTA, 0, 1, 0);
}

static void m9_split_element_with_storage_for_its_pieces_is_accepted_and_one_short_latches(void **state)
{
    uint32_t pieces;
    (void)state;
    for (pieces = 2; pieces <= 3u; pieces++) {
        struct room *r = room_new();
        r->judge.policy.span = VQG_SPAN_SPLIT;
        r->chain.capacity = pieces;
        assert_int_equal(cover(r, ADDR_A, pieces * 0x1000u, true), VQG_OK);
        assert_int_equal(r->chain.count, pieces);
        r = room_new();
        r->judge.policy.span = VQG_SPAN_SPLIT;
        r->chain.capacity = pieces - 1u;
        refuses_after(r, ADDR_A, pieces * 0x1000u, true, pieces - 1u, VQG_RULE_QUOTA, pieces, pieces - 1u);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(c5_element_that_no_capability_covers_latches),
    cmocka_unit_test(c5_element_under_a_revoked_capability_latches),
    cmocka_unit_test(c5_element_that_a_platform_of_the_users_knows_nothing_of_latches),
    cmocka_unit_test(m1_element_to_the_last_byte_of_a_capability_is_one_segment),
    cmocka_unit_test(m1_element_over_two_capabilities_latches_unless_it_is_to_be_split),
    cmocka_unit_test(m1_element_over_the_end_of_all_capabilities_latches),
    cmocka_unit_test(m1_element_over_two_capabilities_is_split_where_they_meet),
    cmocka_unit_test(m1_element_over_three_capabilities_is_split_in_three),
    cmocka_unit_test(m1_element_of_4_gib_in_one_capability_is_one_segment),
    cmocka_unit_test(m1_x6_run_of_a_capability_is_not_cut_to_32_bits),
    cmocka_unit_test(m1_answer_that_does_not_cover_the_address_latches),
    cmocka_unit_test(m2_element_without_the_right_of_its_direction_latches),
    cmocka_unit_test(m2_right_is_asked_of_each_capability_that_an_element_runs_over),
    cmocka_unit_test(m3_each_segment_is_pinned_once_and_its_own_pin_ends),
    cmocka_unit_test(m3_pin_that_is_refused_latches),
    cmocka_unit_test(m3_pin_that_is_refused_at_the_second_piece_leaves_the_first_to_unpin),
    cmocka_unit_test(m3_pins_of_all_segments_of_a_table_end),
    cmocka_unit_test(m3_entry_that_is_pinned_as_often_as_can_be_counted_latches),
    cmocka_unit_test(m3_platform_that_never_revokes_is_not_asked_for_pins),
    cmocka_unit_test(m9_last_segment_of_the_storage_is_used_and_one_more_latches),
    cmocka_unit_test(m9_split_element_with_storage_for_its_pieces_is_accepted_and_one_short_latches),
};
TEST_MAIN(tests)
