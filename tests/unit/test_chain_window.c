/* SPDX-License-Identifier: MIT */
/**
 * @file test_chain_window.c
 * @brief judge.h: the window, where it ends, and an element inside it.
 */
#include "window_util.h"

static void first_element_opens_the_window_over_its_capability(void **state)
{
    unsigned write;
    (void)state;
    for (write = 0; write < 2u; write++) {
        struct room *r = room_with_window(write != 0u);
        room_assert_seg(r, 0, CAP_B, ADDR_B + 0x800u, 16, write != 0u);
        assert_int_equal(r->caps[CAP_B].pins, 1);
        assert_int_equal(room_pins(r), 1);
        assert_int_equal(take(r, ADDR_C, 16, write != 0u), VQG_OK);
        assert_open(r, CAP_C, ADDR_C, ADDR_C + 0xFFFu);
        room_assert_seg(r, 1, CAP_C, ADDR_C, 16, write != 0u);
    }
}

static void element_anywhere_inside_the_window_is_a_segment_like_any_other(void **state)
{
    static const struct {
        uint64_t addr;
        uint32_t len;
    } in[] = {{ADDR_B, 1}, {ADDR_B, 0x1000}, {ADDR_B + 0xFFFu, 1}, {ADDR_B + 1u, 0xFFF}, {ADDR_B + 0x123u, 0x321}};
    size_t i;
    (void)state;
    for (i = 0; i < 2u * sizeof in / sizeof in[0]; i++) {
        bool write = i % 2u != 0u;
        struct room *r = room_with_window(write);
        assert_int_equal(take(r, in[i / 2u].addr, in[i / 2u].len, write), VQG_OK);
        room_assert_seg(r, 1, CAP_B, in[i / 2u].addr, in[i / 2u].len, write);
        assert_int_equal(r->chain.count, 2);
        assert_int_equal(r->chain.bytes_, 16u + in[i / 2u].len);
        assert_int_equal(r->chain.writable, write ? 16u + in[i / 2u].len : 0u);
        assert_int_equal(r->chain.write_seen_, write);
        assert_int_equal(r->caps[CAP_B].pins, 2);
        assert_int_equal(room_pins(r), 2);
        assert_open(r, CAP_B, ADDR_B, ADDR_B + 0xFFFu);
    }
}

static void m1_element_one_byte_beyond_the_window_latches(void **state)
{
    unsigned write;
    (void)state;
    for (write = 0; write < 2u; write++) {
        bool w = write != 0u;
        refuses(room_with_window(w), ADDR_B, 0x1001, w, VQG_RULE_EVERY_BYTE, 1, 0x1001, 0x1000);
        refuses(room_with_window(w), ADDR_B + 0xFFFu, 2, w, VQG_RULE_EVERY_BYTE, 1, 2, 1);
        refuses(room_with_window(w), ADDR_B + 0xFFFu, 0x4000, w, VQG_RULE_EVERY_BYTE, 1, 0x4000, 1);
        refuses(room_with_window(w), ADDR_B - 1u, 2, w, VQG_RULE_EVERY_BYTE, 1, 2, 1);
    }
}

static void m1_element_one_byte_beyond_the_window_is_split_where_the_policy_says_so(void **state)
{
    struct room *r = room_with_window(true);
    (void)state;
    r->judge.policy.span = VQG_SPAN_SPLIT;
    assert_int_equal(take(r, ADDR_B, 0x1001, true), VQG_OK);
    assert_int_equal(r->chain.count, 3);
    room_assert_seg(r, 1, CAP_B, ADDR_B, 0x1000, true);
    room_assert_seg(r, 2, CAP_C, ADDR_C, 1, true);
    assert_int_equal(r->caps[CAP_B].pins, 2);
    assert_int_equal(r->caps[CAP_C].pins, 1);
}

static void m2_window_has_the_rights_of_its_capability_and_no_other(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, ADDR_RDONLY, 16, false), VQG_OK);
    assert_open(r, CAP_RDONLY, ADDR_RDONLY, ADDR_RDONLY + 0x7FFu);
    refuses(r, ADDR_RDONLY + 16u, 16, true, VQG_RULE_RIGHT, 1, ADDR_RDONLY + 16u, VQG_CAP_READ);
    r = room_new();
    assert_int_equal(take(r, ADDR_WRONLY, 16, true), VQG_OK);
    assert_open(r, CAP_WRONLY, ADDR_WRONLY, ADDR_WRONLY + 0x7FFu);
    r->chain.write_seen_ = false; /* as when the next chain begins */
    refuses(r, ADDR_WRONLY + 16u, 16, false, VQG_RULE_RIGHT, 1, ADDR_WRONLY + 16u, VQG_CAP_WRITE);
}

static void x8_window_that_the_highest_address_ends_in_a_part_ends_before_it(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.max_address = PART_DESC;
    assert_int_equal(take(r, PART_DESC - 1u, 1, true), VQG_OK);
    assert_open(r, CAP_RING, ADDR_RING, PART_DESC - 1u);
    refuses(r, PART_DESC, 1, true, VQG_RULE_SELF_ALIAS, INDEX, PART_DESC, PART_DESC);
}

static void x8_window_ends_where_the_parts_of_the_queue_begin(void **state)
{
    uint64_t end = PART_USED + BYTES_USED;
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, PART_DESC - 1u, 1, true), VQG_OK);
    assert_open(r, CAP_RING, ADDR_RING, PART_DESC - 1u);
    assert_null(r->judge.window.map);
    refuses(r, PART_DESC - 1u, 2, true, VQG_RULE_SELF_ALIAS, INDEX, PART_DESC - 1u, PART_DESC);
    r = room_new();
    assert_int_equal(take(r, end, 1, true), VQG_OK);
    assert_open(r, CAP_RING, end, ADDR_RING + 0x3FFFFu);
    assert_int_equal(r->judge.window.bus, BUS_OF(end));
    room_assert_seg(r, 0, CAP_RING, end, 1, true);
    refuses(r, end - 1u, 2, true, VQG_RULE_SELF_ALIAS, INDEX, end - 1u, PART_USED);
    r = room_new(); /* a part that is only read is no harm, with either side's window */
    assert_int_equal(take(r, PART_DESC - 1u, 2, false), VQG_OK);
    assert_int_equal(take(r, end - 1u, 2, false), VQG_OK);
    room_assert_seg(r, 1, CAP_RING, end - 1u, 2, false);
}

static void x8_window_between_two_parts_touches_neither(void **state)
{
    static const uint64_t from[2] = {PART_DESC + BYTES_DESC, PART_AVAIL + BYTES_AVAIL};
    static const uint64_t to[2] = {PART_AVAIL - 1u, PART_USED - 1u};
    static const uint64_t before[2] = {PART_DESC, PART_AVAIL};
    static const unsigned order[3][3] = {{0, 1, 2}, {1, 2, 0}, {2, 1, 0}}; /* in which the parts are named */
    size_t i;
    (void)state;
    for (i = 0; i < 6u; i++) {
        const size_t gap = i % 2u;
        size_t edge;
        for (edge = 0; edge < 3u; edge++) { /* opened at its first byte, at its last, and in the middle */
            struct room *r = room_with_window(true);
            uint64_t at = edge == 0u ? from[gap] : edge == 1u ? to[gap] : from[gap] + 0x800u;
            struct vqg_judge parts = r->judge;
            unsigned k;
            for (k = 0; k < 3u; k++) {
                r->judge.part_addr[k] = parts.part_addr[order[i / 2u][k]];
                r->judge.part_bytes[k] = parts.part_bytes[order[i / 2u][k]];
            }
            assert_int_equal(take(r, at, 1, true), VQG_OK);
            assert_open(r, CAP_RING, from[gap], to[gap]);
            room_assert_seg(r, 1, CAP_RING, at, 1, true);
            assert_int_equal(take(r, from[gap], (uint32_t)(to[gap] - from[gap] + 1u), true), VQG_OK);
            if (edge == 0u) {
                refuses(r, from[gap] - 1u, 2, true, VQG_RULE_SELF_ALIAS, INDEX, from[gap] - 1u, before[gap]);
            } else {
                refuses(r, to[gap], 2, true, VQG_RULE_SELF_ALIAS, INDEX, to[gap], to[gap] + 1u);
            }
        }
    }
}

static void x8_parts_under_capabilities_of_their_own_are_kept_whatever_their_order(void **state)
{
    static const uint64_t place[3] = {ADDR_A + 0x400u, ADDR_C + 0x400u, ADDR_RING + 0x400u};
    static const unsigned sequence[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    unsigned i;
    unsigned n;
    (void)state;
    for (i = 0; i < 18u; i++) {
        const unsigned *as = sequence[i / 3u];
        uint64_t at = place[i % 3u];
        struct room *r = room_new();
        for (n = 0; n < 3u; n++) {
            vqg_judge_own_(&r->judge, n, place[as[n]], 0x80);
        }
        assert_int_equal(take(r, at - 16u, 16, true), VQG_OK);
        assert_int_equal(take(r, at + 0x80u, 16, true), VQG_OK);
        refuses(r, at + 0x7fu, 1, true, VQG_RULE_SELF_ALIAS, INDEX, at + 0x7fu, at);
        r->judge.guard.state = (uint8_t)VQG_STATE_LIVE;
        vqg_guard_clear_(&r->judge.guard);
        refuses(r, at, 1, true, VQG_RULE_SELF_ALIAS, INDEX, at, at);
    }
}

static void x8_inside_a_part_there_is_no_window(void **state)
{
    static const uint64_t inside[] = {PART_DESC, PART_DESC + BYTES_DESC - 1u, PART_AVAIL, PART_AVAIL + BYTES_AVAIL - 1u,
                                      PART_USED, PART_USED + BYTES_USED - 1u};
    static const uint64_t parts[3] = {PART_DESC, PART_AVAIL, PART_USED};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        struct room *r = room_with_window(false);
        assert_int_equal(take(r, inside[i], 1, false), VQG_OK); /* a part that is only read is no harm */
        assert_closed(r);
        room_assert_seg(r, 1, CAP_RING, inside[i], 1, false);
        assert_int_equal(r->caps[CAP_RING].pins, 1);
        refuses(r, inside[i], 1, true, VQG_RULE_SELF_ALIAS, INDEX, inside[i], parts[i / 2u]);
        assert_closed(r);
    }
}

static void c4_window_ends_at_the_highest_address(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.max_address = ADDR_B + 0x80Fu;
    assert_int_equal(take(r, ADDR_B + 0x800u, 16, true), VQG_OK);
    assert_open(r, CAP_B, ADDR_B, ADDR_B + 0x80Fu);
    assert_int_equal(take(r, ADDR_B, 0x810, true), VQG_OK);
    refuses(r, ADDR_B + 0x800u, 17, true, VQG_RULE_ELEMENT_RANGE, INDEX, ADDR_B + 0x800u, ADDR_B + 0x80Fu);
    r = room_new();
    r->judge.policy.max_address = ADDR_B + 0x80Fu;
    refuses(r, ADDR_B + 0x810u, 1, true, VQG_RULE_ELEMENT_RANGE, INDEX, ADDR_B + 0x810u, ADDR_B + 0x80Fu);
    assert_closed(r);
    r = room_new(); /* the last address there is */
    assert_int_equal(take(r, ADDR_TOP, 16, false), VQG_OK);
    assert_open(r, CAP_TOP, ADDR_TOP, UINT64_MAX);
    assert_int_equal(take(r, UINT64_MAX, 1, false), VQG_OK);
    room_assert_seg(r, 1, CAP_TOP, UINT64_MAX, 1, false);
    refuses(r, UINT64_MAX, 2, false, VQG_RULE_ELEMENT_RANGE, INDEX, UINT64_MAX, UINT64_MAX);
}

static void capability_over_all_addresses_but_the_last_is_no_special_case(void **state)
{
    struct room *r = room_new();
    struct vqg_cap all;
    (void)state;
    memset(&all, 0, sizeof all);
    all.size = UINT64_MAX;
    all.rights = VQG_CAP_READ | VQG_CAP_WRITE;
    assert_int_equal(vqg_cap_table_init(&r->table, &all, 1, 0), VQG_OK);
    assert_int_equal(take(r, 0, 1, true), VQG_OK);
    assert_int_equal(r->judge.window.size, PART_DESC);
    assert_int_equal(take(r, UINT64_MAX - 1u, 1, true), VQG_OK);
    assert_int_equal(r->judge.window.first, PART_USED + BYTES_USED);
    assert_int_equal(r->seg[1].bus, UINT64_MAX - 1u);
    assert_int_equal(all.pins, 2);
}

static void segment_of_a_capability_without_a_mapping_has_no_pointer(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, ADDR_HUGE + 16u, 16, false), VQG_OK);
    assert_int_equal(take(r, ADDR_HUGE + 0x100000000u, 16, true), VQG_OK);
    assert_null(r->judge.window.map);
    room_assert_seg(r, 0, CAP_HUGE, ADDR_HUGE + 16u, 16, false);
    room_assert_seg(r, 1, CAP_HUGE, ADDR_HUGE + 0x100000000u, 16, true);
}

static void without_a_table_the_window_stays_closed(void **state)
{
    struct room *r = room_new();
    struct platform platform;
    unsigned i;
    (void)state;
    room_ask(r, &platform, &r->caps[CAP_B], &r->caps[CAP_B]);
    for (i = 0; i < 4u; i++) {
        assert_int_equal(take(r, ADDR_B + 16u * i, 16, false), VQG_OK);
        assert_closed(r);
        assert_int_equal(r->seg[i].pin, PLATFORM_PIN + i);
    }
    assert_int_equal(platform.lookups, 4);
    assert_int_equal(platform.pins, 4);
    assert_int_equal(room_pins(r), 0);
}

static void m3_pins_are_counted_to_the_last_and_one_more_latches(void **state)
{
    struct room *r = room_with_window(true);
    (void)state;
    r->caps[CAP_B].pins = UINT32_MAX - 1u;
    assert_int_equal(take(r, ADDR_B, 16, true), VQG_OK);
    assert_int_equal(r->caps[CAP_B].pins, UINT32_MAX);
    refuses(r, ADDR_B, 16, true, VQG_RULE_PIN, 2, ADDR_B, 16);
}

static void m3_pins_of_elements_inside_the_window_end_with_their_chain(void **state)
{
    struct room *r = room_with_window(false);
    (void)state;
    assert_int_equal(take(r, ADDR_B, 16, false), VQG_OK);
    assert_int_equal(take(r, ADDR_C, 16, false), VQG_OK);
    assert_int_equal(take(r, ADDR_C + 16u, 16, true), VQG_OK);
    assert_int_equal(r->caps[CAP_B].pins, 2);
    assert_int_equal(r->caps[CAP_C].pins, 2);
    r->caps[CAP_C].pins = 5; /* three of somebody else's */
    vqg_chain_unpin_(&r->judge.caps, &r->chain);
    assert_int_equal(r->caps[CAP_B].pins, 0);
    assert_int_equal(r->caps[CAP_C].pins, 3);
    assert_int_equal(room_pins(r), 3);
}

static void m9_segments_inside_the_window_stay_within_the_storage(void **state)
{
    struct room *r = room_with_window(false);
    unsigned i;
    (void)state;
    for (i = 1; i < ROOM_SEGS; i++) {
        assert_int_equal(take(r, ADDR_B, 1, false), VQG_OK);
    }
    refuses(r, ADDR_B, 1, false, VQG_RULE_QUOTA, ROOM_SEGS, ROOM_SEGS + 1u, ROOM_SEGS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(first_element_opens_the_window_over_its_capability),
    cmocka_unit_test(element_anywhere_inside_the_window_is_a_segment_like_any_other),
    cmocka_unit_test(m1_element_one_byte_beyond_the_window_latches),
    cmocka_unit_test(m1_element_one_byte_beyond_the_window_is_split_where_the_policy_says_so),
    cmocka_unit_test(m2_window_has_the_rights_of_its_capability_and_no_other),
    cmocka_unit_test(x8_window_that_the_highest_address_ends_in_a_part_ends_before_it),
    cmocka_unit_test(x8_window_ends_where_the_parts_of_the_queue_begin),
    cmocka_unit_test(x8_window_between_two_parts_touches_neither),
    cmocka_unit_test(x8_parts_under_capabilities_of_their_own_are_kept_whatever_their_order),
    cmocka_unit_test(x8_inside_a_part_there_is_no_window),
    cmocka_unit_test(c4_window_ends_at_the_highest_address),
    cmocka_unit_test(capability_over_all_addresses_but_the_last_is_no_special_case),
    cmocka_unit_test(segment_of_a_capability_without_a_mapping_has_no_pointer),
    cmocka_unit_test(without_a_table_the_window_stays_closed),
    cmocka_unit_test(m3_pins_are_counted_to_the_last_and_one_more_latches),
    cmocka_unit_test(m3_pins_of_elements_inside_the_window_end_with_their_chain),
    cmocka_unit_test(m9_segments_inside_the_window_stay_within_the_storage),
};
TEST_MAIN(tests)
