/* SPDX-License-Identifier: MIT */
/**
 * @file test_layout.c
 * @brief layout.h: sizes, ranges, the size rules, and the legacy layout.
 */
#include "runner.h"

#include <string.h>

static void numbers_are_those_of_the_specification(void **state)
{
    (void)state;
    assert_int_equal(VQG_F_INDIRECT_DESC, 0x10000000u);
    assert_int_equal(VQG_F_EVENT_IDX, 0x20000000u);
    assert_int_equal(VQG_F_VERSION_1, 0x100000000u);
    assert_int_equal(VQG_F_ACCESS_PLATFORM, 0x200000000u);
    assert_int_equal(VQG_F_RING_PACKED, 0x400000000u);
    assert_int_equal(VQG_F_IN_ORDER, 0x800000000u);
    assert_int_equal(VQG_F_NOTIFICATION_DATA, 0x4000000000u);
    assert_int_equal(VQG_F_RING_RESET, 0x10000000000u);
    assert_int_equal(VQG_DESC_F_NEXT, 1);
    assert_int_equal(VQG_DESC_F_WRITE, 2);
    assert_int_equal(VQG_DESC_F_INDIRECT, 4);
    assert_int_equal(VQG_DESC_F_KNOWN_, 7);
    assert_int_equal(VQG_QUEUE_SIZE_MAX, 32768);
    assert_int_equal(VQG_DESC_ALIGN, 16);
    assert_int_equal(VQG_AVAIL_ALIGN, 2);
    assert_int_equal(VQG_USED_ALIGN, 4);
}

static void parts_have_the_bytes_of_the_specification_event_words_included(void **state)
{
    (void)state;
    assert_int_equal(vqg_desc_bytes(1), 16);
    assert_int_equal(vqg_avail_bytes(1), 8);
    assert_int_equal(vqg_used_bytes(1), 14);
    assert_int_equal(vqg_desc_bytes(256), 4096);
    assert_int_equal(vqg_avail_bytes(256), 518);
    assert_int_equal(vqg_used_bytes(256), 2054);
    assert_int_equal(vqg_desc_bytes(32768), 524288);
    assert_int_equal(vqg_avail_bytes(32768), 65542);
    assert_int_equal(vqg_used_bytes(32768), 262150);
}

static void x6_bytes_of_parts_do_not_wrap_for_any_32_bit_size(void **state)
{
    (void)state;
    assert_int_equal(vqg_desc_bytes(UINT32_MAX), 0xFFFFFFFF0u);
    assert_int_equal(vqg_avail_bytes(UINT32_MAX), 0x200000004u);
    assert_int_equal(vqg_used_bytes(UINT32_MAX), 0x7FFFFFFFEu);
}

static void ranges_overlap_when_they_share_a_byte(void **state)
{
    static const struct {
        uint64_t a, a_bytes, b, b_bytes;
        bool overlap;
    } cases[] = {
        {100, 10, 110, 1, false}, /* adjacent */
        {100, 11, 110, 1, true},  /* by one byte */
        {100, 10, 100, 10, true}, /* the same */
        {100, 10, 104, 2, true},  /* inside */
        {100, 1, 100, 1, true},
        {100, 1, 101, 1, false},
        {0, 1, 0, UINT64_MAX, true},
        {0, UINT64_MAX, UINT64_MAX, 1, false},         /* up to the last byte but one */
        {1, UINT64_MAX, UINT64_MAX, 1, true},          /* up to the last byte */
        {UINT64_MAX, 1, UINT64_MAX, 1, true},          /* at the top */
        {UINT64_MAX - 15u, 16, UINT64_MAX - 31u, 16, false},
        {UINT64_MAX - 15u, 16, UINT64_MAX - 31u, 17, true},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(vqg_ranges_overlap_(cases[i].a, cases[i].a_bytes, cases[i].b, cases[i].b_bytes),
                         cases[i].overlap);
        assert_int_equal(vqg_ranges_overlap_(cases[i].b, cases[i].b_bytes, cases[i].a, cases[i].a_bytes),
                         cases[i].overlap);
    }
}

static void range_is_sane_up_to_the_last_byte_of_the_address_space(void **state)
{
    (void)state;
    assert_false(vqg_range_is_sane_(0, 0));
    assert_false(vqg_range_is_sane_(UINT64_MAX, 0));
    assert_true(vqg_range_is_sane_(0, 1));
    assert_true(vqg_range_is_sane_(0, UINT64_MAX));
    assert_true(vqg_range_is_sane_(1, UINT64_MAX));
    assert_false(vqg_range_is_sane_(2, UINT64_MAX));
    assert_true(vqg_range_is_sane_(UINT64_MAX, 1));
    assert_false(vqg_range_is_sane_(UINT64_MAX, 2));
    assert_true(vqg_range_is_sane_(UINT64_MAX - 0xFFFu, 0x1000));
    assert_false(vqg_range_is_sane_(UINT64_MAX - 0xFFFu, 0x1001));
}

static void powers_of_two_are_known_and_nothing_beside_them(void **state)
{
    unsigned bit;
    (void)state;
    assert_false(vqg_is_power_of_two_(0));
    for (bit = 0; bit < 64u; bit++) {
        uint64_t v = (uint64_t)1 << bit;
        assert_true(vqg_is_power_of_two_(v));
        if (bit >= 2u) {
            assert_false(vqg_is_power_of_two_(v - 1u));
            assert_false(vqg_is_power_of_two_(v + 1u));
        }
    }
    assert_false(vqg_is_power_of_two_(UINT64_MAX));
}

static void assert_size_refused(uint32_t size, uint32_t size_max, enum vqg_rule rule, uint64_t limit)
{
    struct vqg_guard g = {.violation = {.queue = 5}, .generation = 6};
    assert_int_equal(vqg_check_size_(&g, size, size_max, false), VQG_BAD_SIZE);
    assert_string_equal(vqg_rule_name(g.violation.rule), vqg_rule_name(rule));
    assert_int_equal(g.violation.queue, 5);
    assert_int_equal(g.violation.index, 0);
    assert_int_equal(g.violation.value, size);
    assert_int_equal(g.violation.limit, limit);
    assert_int_equal(g.violation.count, 1);
    assert_int_equal(g.generation, 6);
    assert_int_equal(g.state, VQG_STATE_OFF);
}

static void assert_size_accepted(uint32_t size, uint32_t size_max)
{
    const struct vqg_guard before = {.violation = {.queue = 5}, .generation = 6};
    struct vqg_guard g = before;
    assert_int_equal(vqg_check_size_(&g, size, size_max, false), VQG_OK);
    assert_memory_equal(&g.violation, &before.violation, sizeof g.violation);
    assert_int_equal(g.state, VQG_STATE_OFF);
}

static void q1_queue_without_descriptors_is_refused(void **state)
{
    (void)state;
    assert_size_refused(0, 0, VQG_RULE_QUEUE_SIZE_ZERO, 1);
    assert_size_refused(0, 256, VQG_RULE_QUEUE_SIZE_ZERO, 1);
    assert_size_accepted(1, 0);
}

static void q2_size_that_is_no_power_of_two_is_refused(void **state)
{
    static const uint32_t bad[] = {3, 5, 6, 7, 9, 255, 257, 0x4001, 0x7FFF};
    uint32_t size;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_size_refused(bad[i], 0, VQG_RULE_QUEUE_SIZE_SPLIT, 32768);
    }
    for (size = 1; size <= 32768u; size *= 2u) {
        assert_size_accepted(size, 0);
    }
}

static void q2_size_above_32768_is_refused(void **state)
{
    static const uint32_t bad[] = {32769, 65536, 0x10008, 0x80000000u, UINT32_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_size_refused(bad[i], 0, VQG_RULE_QUEUE_SIZE_SPLIT, 32768);
    }
    assert_size_accepted(32768, 32768);
    assert_size_accepted(32768, UINT32_MAX);
}

static void x6_size_that_is_sane_only_in_its_low_16_bits_is_refused(void **state)
{
    (void)state;
    assert_size_refused(0x10000u, 0, VQG_RULE_QUEUE_SIZE_SPLIT, 32768);
    assert_size_refused(0x10000u + 256u, 256, VQG_RULE_QUEUE_SIZE_SPLIT, 32768);
}

static void q4_size_above_what_was_offered_is_refused(void **state)
{
    (void)state;
    assert_size_accepted(256, 256);
    assert_size_accepted(128, 256);
    assert_size_refused(512, 256, VQG_RULE_QUEUE_SIZE_MAX, 256);
    assert_size_refused(2, 1, VQG_RULE_QUEUE_SIZE_MAX, 1);
    assert_size_accepted(64, 100);
    assert_size_refused(128, 100, VQG_RULE_QUEUE_SIZE_MAX, 100);
    assert_size_refused(128, 127, VQG_RULE_QUEUE_SIZE_MAX, 127);
}

static void q4_size_is_not_limited_when_nothing_was_offered(void **state)
{
    (void)state;
    assert_size_accepted(32768, 0);
}

static void assert_layout(uint32_t size, uint32_t align, uint64_t avail, uint64_t used, uint64_t bytes)
{
    struct vqg_legacy_layout at;
    memset(&at, 0xA5, sizeof at);
    assert_int_equal(vqg_layout_legacy(size, align, &at), VQG_OK);
    assert_int_equal(at.avail, avail);
    assert_int_equal(at.used, used);
    assert_int_equal(at.bytes, bytes);
}

static void q10_legacy_layout_puts_the_parts_where_the_specification_does(void **state)
{
    (void)state;
    assert_layout(1, 4096, 16, 4096, 8192);
    assert_layout(128, 4096, 2048, 4096, 8192);
    assert_layout(256, 4096, 4096, 8192, 12288);
    assert_layout(2, 4, 32, 44, 68); /* 32 + 10 = 42; 44 + 22 = 66 */
    assert_layout(32768, 4096, 524288, 593920, 860160);
    assert_layout(32768, 0x80000000u, 524288, 0x80000000u, 0x100000000u);
}

static void q10_legacy_parts_are_aligned_and_disjoint_for_every_size_and_alignment(void **state)
{
    uint32_t size;
    uint64_t align;
    (void)state;
    for (size = 1; size <= 32768u; size *= 2u) {
        for (align = 4; align <= 0x80000000u; align *= 2u) {
            struct vqg_legacy_layout at = {0, 0, 0};
            assert_int_equal(vqg_layout_legacy(size, (uint32_t)align, &at), VQG_OK);
            assert_int_equal(at.avail, 16u * (uint64_t)size);
            assert_true(at.used >= at.avail + 6u + 2u * (uint64_t)size);
            assert_true(at.used < at.avail + 6u + 2u * (uint64_t)size + align);
            assert_int_equal(at.used % align, 0);
            assert_true(at.bytes >= at.used + 6u + 8u * (uint64_t)size);
            assert_true(at.bytes < at.used + 6u + 8u * (uint64_t)size + align);
            assert_int_equal(at.bytes % align, 0);
        }
    }
}

static void assert_layout_refused(uint32_t size, uint32_t align, enum vqg_status st)
{
    struct vqg_legacy_layout at;
    struct vqg_legacy_layout before;
    memset(&at, 0xA5, sizeof at);
    before = at;
    assert_int_equal(vqg_layout_legacy(size, align, &at), st);
    assert_memory_equal(&at, &before, sizeof at);
}

static void q10_legacy_alignment_that_is_no_power_of_two_is_refused(void **state)
{
    static const uint32_t bad[] = {0, 3, 5, 6, 4095, 4097, 0x7FFFFFFFu, 0x80000001u, UINT32_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_layout_refused(256, bad[i], VQG_BAD_ALIGN);
    }
}

static void q10_legacy_alignment_below_that_of_the_used_ring_is_refused(void **state)
{
    (void)state;
    assert_layout_refused(256, 1, VQG_BAD_ALIGN);
    assert_layout_refused(256, 2, VQG_BAD_ALIGN);
    assert_layout(1, 4, 16, 24, 40);
}

static void q1_legacy_queue_without_descriptors_is_refused(void **state)
{
    (void)state;
    assert_layout_refused(0, 4096, VQG_BAD_SIZE);
}

static void q2_legacy_size_from_a_device_is_refused_unless_a_split_queue_can_have_it(void **state)
{
    (void)state;
    assert_layout_refused(3, 4096, VQG_BAD_SIZE);
    assert_layout_refused(65536, 4096, VQG_BAD_SIZE);
    assert_layout_refused(UINT32_MAX, 4096, VQG_BAD_SIZE);
    assert_layout_refused(0x80000000u, 4096, VQG_BAD_SIZE);
}

static void legacy_layout_without_a_place_for_the_answer_is_misuse(void **state)
{
    (void)state;
    assert_int_equal(vqg_layout_legacy(256, 4096, NULL), VQG_BAD_QUEUE);
    assert_int_equal(vqg_layout_legacy(0, 0, NULL), VQG_BAD_QUEUE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_are_those_of_the_specification),
    cmocka_unit_test(parts_have_the_bytes_of_the_specification_event_words_included),
    cmocka_unit_test(x6_bytes_of_parts_do_not_wrap_for_any_32_bit_size),
    cmocka_unit_test(ranges_overlap_when_they_share_a_byte),
    cmocka_unit_test(range_is_sane_up_to_the_last_byte_of_the_address_space),
    cmocka_unit_test(powers_of_two_are_known_and_nothing_beside_them),
    cmocka_unit_test(q1_queue_without_descriptors_is_refused),
    cmocka_unit_test(q2_size_that_is_no_power_of_two_is_refused),
    cmocka_unit_test(q2_size_above_32768_is_refused),
    cmocka_unit_test(x6_size_that_is_sane_only_in_its_low_16_bits_is_refused),
    cmocka_unit_test(q4_size_above_what_was_offered_is_refused),
    cmocka_unit_test(q4_size_is_not_limited_when_nothing_was_offered),
    cmocka_unit_test(q10_legacy_layout_puts_the_parts_where_the_specification_does),
    cmocka_unit_test(q10_legacy_parts_are_aligned_and_disjoint_for_every_size_and_alignment),
    cmocka_unit_test(q10_legacy_alignment_that_is_no_power_of_two_is_refused),
    cmocka_unit_test(q10_legacy_alignment_below_that_of_the_used_ring_is_refused),
    cmocka_unit_test(q1_legacy_queue_without_descriptors_is_refused),
    cmocka_unit_test(q2_legacy_size_from_a_device_is_refused_unless_a_split_queue_can_have_it),
    cmocka_unit_test(legacy_layout_without_a_place_for_the_answer_is_misuse),
};
TEST_MAIN(tests)
