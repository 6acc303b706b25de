/* SPDX-License-Identifier: MIT */
/**
 * @file test_chain_table.c
 * @brief chain.h: the reference to an indirect table, vqg_chain_table_(), and the handle to its bytes.
 */
#include "chain_util.h"

#define INDEX 5u /* descriptor that refers to the table */

static struct vqg_shared handle;

static enum vqg_status refer(struct room *r, uint64_t addr, uint32_t len)
{
    return vqg_chain_table_(&r->judge, &r->chain, INDEX, addr, len, &handle);
}

static enum vqg_status take(struct room *r, uint64_t addr, uint32_t len, bool write)
{
    return vqg_chain_take_(&r->judge, &r->chain, INDEX, addr, len, write);
}

/* Refused: the record is this, the handle is not given, and nothing was fetched. */
static void refuses(struct room *r, uint64_t addr, uint32_t len, enum vqg_rule rule, uint64_t value, uint64_t limit)
{
    const struct room *before = room_copy(r);
    struct vqg_shared untouched;
    enum vqg_status st;
    memset(&handle, 0, sizeof handle);
    memcpy(&untouched, &handle, sizeof handle);
    st = refer(r, addr, len);
    room_assert_refused(r, before, st, rule, INDEX, value, limit);
    assert_memory_equal(&handle, &untouched, sizeof handle);
    assert_int_equal(test_port.count, 0);
}

static void accepts(struct room *r, uint64_t addr, uint32_t len, const unsigned char *at)
{
    assert_int_equal(refer(r, addr, len), VQG_OK);
    assert_int_equal(r->chain.table_first_, addr);
    assert_int_equal(r->chain.table_last_, addr + (len - 1u));
    assert_ptr_equal(handle.base_, at);
    assert_int_equal(r->judge.guard.violation.rule, VQG_RULE_NONE);
    assert_int_equal(r->judge.guard.state, VQG_STATE_LIVE);
    assert_int_equal(test_port.count, 0);
}

static void i1_table_without_the_feature_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.features = ~VQG_F_INDIRECT_DESC;
    refuses(r, ADDR_A, 16, VQG_RULE_INDIRECT_FEATURE, ADDR_A, 0);
    r = room_new();
    r->judge.features = VQG_F_INDIRECT_DESC;
    accepts(r, ADDR_A, 16, r->memory);
}

static void i2_table_of_no_bytes_latches(void **state)
{
    (void)state;
    refuses(room_new(), ADDR_A, 0, VQG_RULE_TABLE_LENGTH, 0, 16);
}

static void i2_table_that_ends_within_an_entry_latches(void **state)
{
    static const uint32_t odd[] = {1, 8, 15, 17, 31, 33, 255, 0x80000001u, UINT32_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        refuses(room_new(), ADDR_A, odd[i], VQG_RULE_TABLE_LENGTH, odd[i], 16);
    }
}

static void i3_table_of_as_many_entries_as_allowed_is_accepted_and_one_more_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    accepts(r, ADDR_A, 16u * 16u, r->memory);
    refuses(room_new(), ADDR_A, 16u * 17u, VQG_RULE_TABLE_ENTRIES, 17, 16);
    r = room_new();
    r->judge.policy.max_table_entries = 1;
    accepts(r, ADDR_A, 16, r->memory);
    r = room_new();
    r->judge.policy.max_table_entries = 1;
    refuses(r, ADDR_A, 32, VQG_RULE_TABLE_ENTRIES, 2, 1);
}

static void i3_x6_entries_are_counted_at_full_width(void **state)
{
    (void)state;
    refuses(room_new(), ADDR_A, 0x100000u, VQG_RULE_TABLE_ENTRIES, 0x10000, 16);
    refuses(room_new(), ADDR_A, 0x100010u, VQG_RULE_TABLE_ENTRIES, 0x10001, 16);
    refuses(room_new(), ADDR_A, 0xFFFFFFF0u, VQG_RULE_TABLE_ENTRIES, 0x0FFFFFFF, 16);
}

static void c4_table_that_wraps_or_passes_the_highest_address_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    refuses(r, UINT64_MAX - 14u, 16, VQG_RULE_ELEMENT_RANGE, UINT64_MAX - 14u, UINT64_MAX);
    r = room_new();
    r->judge.policy.max_address = ADDR_A + 31u;
    accepts(r, ADDR_A, 32, r->memory);
    r = room_new();
    r->judge.policy.max_address = ADDR_A + 30u;
    refuses(r, ADDR_A, 32, VQG_RULE_ELEMENT_RANGE, ADDR_A, ADDR_A + 30u);
    r = room_new();
    r->judge.policy.max_address = ADDR_A + 31u;
    refuses(r, ADDR_A + 32u, 16, VQG_RULE_ELEMENT_RANGE, ADDR_A + 32u, ADDR_A + 31u);
}

static void i4_table_without_the_read_right_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    refuses(r, ADDR_WRONLY, 16, VQG_RULE_TABLE_READABLE, ADDR_WRONLY, 16);
    r = room_new();
    accepts(r, ADDR_RDONLY, 16, r->memory + 0x3000);
}

static void i4_table_to_the_last_byte_of_its_capability_is_accepted_and_beyond_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    accepts(r, ADDR_C + 0xFE0u, 32, r->memory + 0x2FE0);
    refuses(room_new(), ADDR_C + 0xFE1u, 32, VQG_RULE_TABLE_READABLE, ADDR_C + 0xFE1u, 32);
    refuses(room_new(), ADDR_C + 0xFF0u, 32, VQG_RULE_TABLE_READABLE, ADDR_C + 0xFF0u, 32);
}

static void i4_table_over_two_capabilities_latches_even_where_buffers_are_split(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.policy.span = VQG_SPAN_SPLIT;
    refuses(r, ADDR_B - 16u, 32, VQG_RULE_TABLE_READABLE, ADDR_B - 16u, 32);
}

static void i4_table_that_no_capability_covers_latches(void **state)
{
    struct room *r = room_new();
    struct vqg_cap none;
    (void)state;
    refuses(r, ADDR_A - 1u, 16, VQG_RULE_TABLE_READABLE, ADDR_A - 1u, 16);
    refuses(room_new(), ADDR_AFTER_C, 16, VQG_RULE_TABLE_READABLE, ADDR_AFTER_C, 16);
    r = room_new();
    none = r->caps[CAP_A];
    none.rights = 0;
    assert_int_equal(vqg_cap_table_replace(&r->table, CAP_A, &none), VQG_OK);
    refuses(r, ADDR_A, 16, VQG_RULE_TABLE_READABLE, ADDR_A, 16);
}

static void i4_table_that_is_not_mapped_latches(void **state)
{
    (void)state;
    refuses(room_new(), ADDR_HUGE, 16, VQG_RULE_TABLE_READABLE, ADDR_HUGE, 16);
}

static void i4_answer_that_does_not_cover_the_table_latches(void **state)
{
    static const uint64_t beside[] = {ADDR_A - 1u, ADDR_A - 16u, ADDR_B, 0};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        struct room *r = room_new();
        struct platform platform;
        room_ask(r, &platform, &r->caps[CAP_A], &r->caps[CAP_A]);
        refuses(r, beside[i], 16, VQG_RULE_TABLE_READABLE, beside[i], 16);
        assert_int_equal(platform.lookups, 1);
    }
}

static void i12_table_under_a_writable_element_latches(void **state)
{
    static const uint64_t under[] = {ADDR_B - 31u, ADDR_B, ADDR_B + 16u, ADDR_B + 63u};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof under / sizeof under[0]; i++) {
        struct room *r = room_new();
        r->caps[CAP_A].size = 0x800; /* so that one capability covers every table */
        r->caps[CAP_B].base = ADDR_B - 0x800u;
        r->caps[CAP_B].size = 0x1800;
        r->caps[CAP_B].map = r->memory + 0x800;
        assert_int_equal(take(r, ADDR_C, 8, false), VQG_OK);
        assert_int_equal(take(r, ADDR_B, 64, true), VQG_OK);
        refuses(r, under[i], 32, VQG_RULE_TABLE_ALIAS, ADDR_B, under[i]);
    }
}

static void i12_table_under_the_only_element_of_its_chain_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, ADDR_B, 64, true), VQG_OK);
    refuses(r, ADDR_B, 32, VQG_RULE_TABLE_ALIAS, ADDR_B, ADDR_B);
}

static void i12_segment_that_an_earlier_chain_left_behind_is_not_asked(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, ADDR_B, 64, true), VQG_OK);
    r->chain.count = 0; /* as when the chain is popped again */
    r->chain.writable = 0;
    accepts(r, ADDR_B, 32, r->memory + 0x1000);
}

static void i12_table_beside_writable_and_under_readable_elements_is_accepted(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, ADDR_A, 0x1000, false), VQG_OK);
    assert_int_equal(take(r, ADDR_A + 0x100u, 16, true), VQG_OK);
    accepts(r, ADDR_A + 0xF0u, 16, r->memory + 0xF0);
    accepts(r, ADDR_A + 0x110u, 16, r->memory + 0x110);
}

static void i12_writable_element_over_the_table_of_its_chain_latches(void **state)
{
    static const struct {
        uint64_t addr;
        uint32_t len;
    } over[] = {{ADDR_A, 0x101}, {ADDR_A + 0x100u, 1}, {ADDR_A + 0x11Fu, 1}, {ADDR_A + 0x110u, 0x100}, {ADDR_A, 0x1000}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof over / sizeof over[0]; i++) {
        struct room *r = room_new();
        const struct room *before;
        accepts(r, ADDR_A + 0x100u, 32, r->memory + 0x100);
        before = room_copy(r);
        room_assert_refused(r, before, take(r, over[i].addr, over[i].len, true), VQG_RULE_TABLE_ALIAS, INDEX,
                            over[i].addr, ADDR_A + 0x100u);
    }
}

static void i12_writable_element_beside_and_readable_over_the_table_are_accepted(void **state)
{
    struct room *r = room_new();
    (void)state;
    accepts(r, ADDR_A + 0x100u, 32, r->memory + 0x100);
    assert_int_equal(take(r, ADDR_A, 0x1000, false), VQG_OK);
    assert_int_equal(take(r, ADDR_A, 0x100, true), VQG_OK);
    assert_int_equal(take(r, ADDR_A + 0x120u, 1, true), VQG_OK);
    assert_int_equal(r->chain.count, 3);
}

/* What eight bytes mean in a byte order, without the library. */
static uint64_t word_at(const unsigned char *at, bool big)
{
    uint64_t v = 0;
    unsigned i;
    for (i = 0; i < 8u; i++) {
        v = (v << 8) | at[big ? i : 7u - i];
    }
    return v;
}

static void x1_table_at_any_offset_and_in_either_byte_order_is_fetched_once(void **state)
{
    unsigned offset;
    unsigned big;
    (void)state;
    for (offset = 0; offset < 8u; offset++) {
        for (big = 0; big < 2u; big++) {
            struct room *r = room_new();
            const unsigned char *at = r->memory + 0x40 + offset;
            size_t loads = offset == 0u ? 1u : 8u; /* a word in one piece, or byte by byte */
            unsigned word;
            handle = vqg_shared_at(r->memory, big != 0u); /* the order is that of the queue's own table */
            assert_int_equal(refer(r, ADDR_A + 0x40u + offset, 48), VQG_OK);
            for (word = 0; word < 6u; word += 2u) {
                uint64_t first;
                uint64_t second;
                size_t i;
                test_port_reset();
                vqg_fetch128_(handle, 8u * (size_t)word, &first, &second);
                assert_int_equal(first, word_at(at + 8u * word, big != 0u));
                assert_int_equal(second, word_at(at + 8u * word + 8u, big != 0u));
                assert_int_equal(test_port.count, 2u * loads);
                for (i = 0; i < 2u * loads; i++) {
                    assert_ptr_equal(test_port.log[i].at, at + 8u * word + i * (8u / loads));
                    assert_int_equal(test_port.log[i].bytes, 8u / loads);
                    assert_false(test_port.log[i].store);
                }
            }
        }
    }
}

static void alignment_of_a_table_is_that_of_its_mapping_not_of_its_address(void **state)
{
    struct room *r = room_new();
    uint64_t first;
    uint64_t second;
    (void)state;
    handle = vqg_shared_at(r->memory, false);
    r->caps[CAP_A].map = r->memory + 3;
    r->caps[CAP_A].size = 0x800;
    accepts(r, ADDR_A + 0x10u, 16, r->memory + 0x13);
    vqg_fetch128_(handle, 0, &first, &second);
    assert_int_equal(first, word_at(r->memory + 0x13, false));
    assert_int_equal(second, word_at(r->memory + 0x1B, false));
    assert_int_equal(test_port.loads, 16);
    test_port_reset();
    accepts(r, ADDR_A + 5u, 16, r->memory + 8);
    vqg_fetch128_(handle, 0, &first, &second);
    assert_int_equal(first, word_at(r->memory + 8, false));
    assert_int_equal(second, word_at(r->memory + 0x10, false));
    assert_int_equal(test_port.loads, 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(i1_table_without_the_feature_latches),
    cmocka_unit_test(i2_table_of_no_bytes_latches),
    cmocka_unit_test(i2_table_that_ends_within_an_entry_latches),
    cmocka_unit_test(i3_table_of_as_many_entries_as_allowed_is_accepted_and_one_more_latches),
    cmocka_unit_test(i3_x6_entries_are_counted_at_full_width),
    cmocka_unit_test(c4_table_that_wraps_or_passes_the_highest_address_latches),
    cmocka_unit_test(i4_table_without_the_read_right_latches),
    cmocka_unit_test(i4_table_to_the_last_byte_of_its_capability_is_accepted_and_beyond_latches),
    cmocka_unit_test(i4_table_over_two_capabilities_latches_even_where_buffers_are_split),
    cmocka_unit_test(i4_table_that_no_capability_covers_latches),
    cmocka_unit_test(i4_table_that_is_not_mapped_latches),
    cmocka_unit_test(i4_answer_that_does_not_cover_the_table_latches),
    cmocka_unit_test(i12_table_under_a_writable_element_latches),
    cmocka_unit_test(i12_table_under_the_only_element_of_its_chain_latches),
    cmocka_unit_test(i12_segment_that_an_earlier_chain_left_behind_is_not_asked),
    cmocka_unit_test(i12_table_beside_writable_and_under_readable_elements_is_accepted),
    cmocka_unit_test(i12_writable_element_over_the_table_of_its_chain_latches),
    cmocka_unit_test(i12_writable_element_beside_and_readable_over_the_table_are_accepted),
    cmocka_unit_test(x1_table_at_any_offset_and_in_either_byte_order_is_fetched_once),
    cmocka_unit_test(alignment_of_a_table_is_that_of_its_mapping_not_of_its_address),
};
TEST_MAIN(tests)
