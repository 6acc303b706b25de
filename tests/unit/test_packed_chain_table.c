/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_chain_table.c
 * @brief The indirect tables of a hostile driver of a packed queue (I1 to I7, I9, I10, I12).
 */
#include "packed_device_util.h"

#define TABLE world_addr(WORLD_TABLES)

/* A driver at this place, which has written a table of `entries`, the last one writable; the device has started. */
static struct packed_peer *tabled(const struct vqg_policy *policy, size_t begin, uint64_t features, uint32_t entries)
{
    struct packed_peer *p = packed_new(7, features);
    struct packed_cursor at = packed_begins[begin];
    uint32_t i;
    for (i = 0; i < entries; i++) {
        peer_entry(p->w, WORLD_TABLES, i, world_addr(packed_data(i)), 16, 0, i + 1u == entries ? PACKED_WRITE : 0u);
    }
    p->w->policy = *policy;
    world_start_device(p->w);
    packed_begin(p, at.slot, at.wrap);
    return p;
}

/* At every place: an element that refers to `bytes` bytes at `addr`, with these flags, is refused. */
static void referrer_refused(const struct vqg_policy *policy, uint64_t features, uint64_t addr, uint32_t bytes,
                             unsigned flags, enum vqg_rule rule, uint64_t value, uint64_t limit)
{
    size_t i;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        struct packed_cursor at = packed_begins[i];
        struct packed_peer *p = tabled(policy, i, features, 3);
        packed_element(p, at.slot, addr, bytes, 2, packed_turned(at, PACKED_AVAILABLE) | PACKED_INDIRECT | flags);
        assert_refused(p->w, rule, at.slot, value, limit);
        packed_free(p);
    }
}

/* At every place: entry `k` of a table of 3 says this, and the table is refused there. */
static void entry_refused(const struct vqg_policy *policy, uint32_t k, uint64_t addr, uint32_t len, unsigned flags,
                          enum vqg_rule rule, uint32_t index, uint64_t value, uint64_t limit)
{
    size_t i;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        struct packed_peer *p = tabled(policy, i, VQG_F_INDIRECT_DESC, 3);
        /* The id of an entry, and then its flags. */
        peer_entry(p->w, WORLD_TABLES, k, addr, len, 0xeeee, flags);
        packed_post_table(p, TABLE, 3, 2);
        assert_refused(p->w, rule, index, value, limit);
        packed_free(p);
    }
}

static void i1_table_without_the_feature_is_refused(void **state)
{
    const struct vqg_policy policy = vqg_profile_strict();
    (void)state;
    referrer_refused(&policy, 0, TABLE, 48, 0, VQG_RULE_INDIRECT_FEATURE, TABLE, 0);
}

static void i2_table_length_that_is_no_multiple_of_16_or_zero_is_refused(void **state)
{
    static const uint32_t bytes[] = {0, 1, 15, 17, 47, 0xfffffff1u};
    const struct vqg_policy policy = vqg_profile_strict();
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(bytes); i++) {
        referrer_refused(&policy, VQG_F_INDIRECT_DESC, TABLE, bytes[i], 0, VQG_RULE_TABLE_LENGTH, bytes[i], 16);
    }
}

static void i3_table_with_more_entries_than_allowed_is_refused(void **state)
{
    struct vqg_policy policy = vqg_profile_strict();
    (void)state;
    /* At first as many as the queue has, a packed one of any size. */
    referrer_refused(&policy, VQG_F_INDIRECT_DESC, TABLE, 16u * 8u, 0, VQG_RULE_TABLE_ENTRIES, 8, 7);
    policy.max_table_entries = 2;
    referrer_refused(&policy, VQG_F_INDIRECT_DESC, TABLE, 48, 0, VQG_RULE_TABLE_ENTRIES, 3, 2);
    referrer_refused(&policy, VQG_F_INDIRECT_DESC, TABLE, 0xfffffff0u, 0, VQG_RULE_TABLE_ENTRIES, 0xfffffffu, 2);
}

static void i4_table_that_no_readable_capability_covers_is_refused(void **state)
{
    const struct vqg_policy policy = vqg_profile_strict();
    (void)state;
    referrer_refused(&policy, VQG_F_INDIRECT_DESC, world_addr(WORLD_HOLE), 16, 0, VQG_RULE_TABLE_READABLE,
                     world_addr(WORLD_HOLE), 16);
    referrer_refused(&policy, VQG_F_INDIRECT_DESC, world_addr(WORLD_WRONLY), 16, 0, VQG_RULE_TABLE_READABLE,
                     world_addr(WORLD_WRONLY), 16);
    referrer_refused(&policy, VQG_F_INDIRECT_DESC, world_addr(WORLD_WRONLY) - 16u, 32, 0, VQG_RULE_TABLE_READABLE,
                     world_addr(WORLD_WRONLY) - 16u, 32);
}

static void i5_table_that_refers_to_a_table_is_refused(void **state)
{
    const struct vqg_policy strict = vqg_profile_strict();
    const struct vqg_policy spec = vqg_profile_spec();
    uint32_t k;
    (void)state;
    for (k = 0; k < 3u; k++) {
        entry_refused(&strict, k, TABLE, 16, PACKED_INDIRECT, VQG_RULE_TABLE_NESTED, k, TABLE, 0);
        entry_refused(&spec, k, TABLE, 16, PACKED_INDIRECT | PACKED_WRITE, VQG_RULE_TABLE_NESTED, k, TABLE, 0);
    }
}

static void i6_referrer_that_does_not_end_the_list_is_refused(void **state)
{
    const struct vqg_policy policy = vqg_profile_spec();
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        struct packed_cursor at = packed_begins[i];
        struct packed_peer *p = tabled(&policy, i, VQG_F_INDIRECT_DESC, 3);
        unsigned flags = packed_turned(at, PACKED_AVAILABLE) | PACKED_INDIRECT | PACKED_NEXT;
        packed_list(p, 2, 6);
        packed_element(p, at.slot, TABLE, 48, 6, flags);
        packed_refused(p, VQG_RULE_INDIRECT_NEXT, at.slot, flags, 0);
        packed_free(p);
    }
}

static void i7_write_flag_of_a_referrer_is_ignored(void **state)
{
    const struct vqg_policy policy = vqg_profile_strict();
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        struct packed_cursor at = packed_begins[i];
        struct packed_peer *p = tabled(&policy, i, VQG_F_INDIRECT_DESC, 3);
        packed_element(p, at.slot, TABLE, 48, 6, packed_turned(at, PACKED_AVAILABLE) | PACKED_INDIRECT | PACKED_WRITE);
        assert_pops(p->w, &p->w->chain);
        assert_packed_list(&p->w->chain, 3, 6);
        packed_free(p);
    }
}

static void i9_flags_of_an_entry_but_write_are_refused_by_the_strict_profile(void **state)
{
    static const unsigned flags[] = {PACKED_NEXT, PACKED_NEXT | PACKED_WRITE, 0x0080, 0x8000, 0x8081};
    const struct vqg_policy policy = vqg_profile_strict();
    size_t i;
    uint32_t k;
    (void)state;
    for (i = 0; i < COUNT_OF(flags); i++) {
        for (k = 0; k < 3u; k++) {
            entry_refused(&policy, k, world_addr(WORLD_DATA), 16, flags[i], VQG_RULE_TABLE_SEQUENTIAL, k, flags[i], 2);
        }
    }
}

static void i9_entries_follow_each_other_whatever_their_flags_and_ids_say(void **state)
{
    static const unsigned flags[] = {0, PACKED_NEXT, 0x0080, 0x8000, 0x8081};
    const struct vqg_policy policy = vqg_profile_spec();
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(flags) * COUNT_OF(packed_begins); i++) {
        unsigned f = flags[i / COUNT_OF(packed_begins)];
        struct packed_peer *p = tabled(&policy, i % COUNT_OF(packed_begins), VQG_F_INDIRECT_DESC, 4);
        uint32_t k;
        for (k = 0; k < 4u; k++) {
            peer_entry(p->w, WORLD_TABLES, k, world_addr(packed_data(k)), 16, 3u - k,
                       f | (k == 3u ? PACKED_WRITE : 0u));
        }
        packed_post_table(p, TABLE, 4, 2);
        assert_pops(p->w, &p->w->chain);
        assert_packed_list(&p->w->chain, 4, 2);
        assert_status(vqg_device_push(&p->w->device, &p->w->chain, 16), VQG_OK);
        assert_true(vqg_device_notify(&p->w->device));
        assert_collects(p, 2, 16);
        assert_int_equal(p->w->device.ring.put, packed_word(p->avail));
        packed_free(p);
    }
}

static void i10_table_behind_other_elements_is_refused(void **state)
{
    const struct vqg_policy policies[2] = {vqg_profile_strict(), vqg_profile_spec()};
    uint32_t k;
    size_t i;
    (void)state;
    for (i = 0; i < 2u * COUNT_OF(packed_begins); i++) {
        for (k = 1; k < 4u; k++) {
            struct packed_peer *p = tabled(&policies[i % 2u], i / 2u, VQG_F_INDIRECT_DESC, 3);
            struct packed_cursor at = packed_begins[i / 2u];
            packed_list(p, k + 1u, 6);
            packed_move(p, &at, k);
            packed_element(p, at.slot, TABLE, 48, 6, packed_turned(at, PACKED_AVAILABLE) | PACKED_INDIRECT);
            packed_refused(p, VQG_RULE_TABLE_ALONE, at.slot, k, 0);
            packed_free(p);
        }
    }
}

static void i12_writable_element_over_the_chains_own_table_is_refused(void **state)
{
    const struct vqg_policy policy = vqg_profile_strict();
    (void)state;
    entry_refused(&policy, 2, TABLE + 47u, 1, PACKED_WRITE, VQG_RULE_TABLE_ALIAS, 2, TABLE + 47u, TABLE);
    entry_refused(&policy, 2, TABLE - 3u, 4, PACKED_WRITE, VQG_RULE_TABLE_ALIAS, 2, TABLE - 3u, TABLE);
}

static void c2_table_with_more_entries_than_elements_are_allowed_is_refused_before_the_fetch(void **state)
{
    struct vqg_policy policy = vqg_profile_strict();
    struct packed_peer *p;
    (void)state;
    policy.max_elements = 2;
    entry_refused(&policy, 2, 0, 0, 0xffff, VQG_RULE_CHAIN_BOUND, 2, 3, 2);
    p = tabled(&policy, 0, VQG_F_INDIRECT_DESC, 3);
    packed_post_table(p, TABLE, 3, 2);
    test_port_reset();
    assert_status(vqg_device_pop(&p->w->device, &p->w->chain), VQG_V_CHAIN_BOUND);
    assert_int_equal(test_port.loads, 4 + 2 * 2);
    packed_free(p);
}

static void rules_of_elements_hold_for_entries_too(void **state)
{
    struct vqg_policy policy = vqg_profile_strict();
    const uint64_t data = world_addr(WORLD_DATA);
    const uint64_t used = world_addr(WORLD_USED);
    (void)state;
    entry_refused(&policy, 1, data, 16, 0x4000, VQG_RULE_RESERVED_FLAGS, 1, 0x4000, 0x8087);
    entry_refused(&policy, 1, data, 0, 0, VQG_RULE_ZERO_LENGTH, 1, 0, 1);
    entry_refused(&policy, 1, world_addr(WORLD_HOLE), 16, 0, VQG_RULE_CAPABILITY, 1, world_addr(WORLD_HOLE), 16);
    entry_refused(&policy, 2, used, 4, 2, VQG_RULE_SELF_ALIAS, 2, used, used);
    policy.max_bytes = 40;
    entry_refused(&policy, 2, data, 16, 2, VQG_RULE_QUOTA, 2, 48, 40);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(i1_table_without_the_feature_is_refused),
    cmocka_unit_test(i2_table_length_that_is_no_multiple_of_16_or_zero_is_refused),
    cmocka_unit_test(i3_table_with_more_entries_than_allowed_is_refused),
    cmocka_unit_test(i4_table_that_no_readable_capability_covers_is_refused),
    cmocka_unit_test(i5_table_that_refers_to_a_table_is_refused),
    cmocka_unit_test(i6_referrer_that_does_not_end_the_list_is_refused),
    cmocka_unit_test(i7_write_flag_of_a_referrer_is_ignored),
    cmocka_unit_test(i9_flags_of_an_entry_but_write_are_refused_by_the_strict_profile),
    cmocka_unit_test(i9_entries_follow_each_other_whatever_their_flags_and_ids_say),
    cmocka_unit_test(i10_table_behind_other_elements_is_refused),
    cmocka_unit_test(i12_writable_element_over_the_chains_own_table_is_refused),
    cmocka_unit_test(c2_table_with_more_entries_than_elements_are_allowed_is_refused_before_the_fetch),
    cmocka_unit_test(rules_of_elements_hold_for_entries_too),
};

TEST_MAIN(tests)
