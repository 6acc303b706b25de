/* SPDX-License-Identifier: MIT */
/**
 * @file test_chain_alias.c
 * @brief chain.h: elements over and beside the parts of their own queue (rule X8).
 */
#include "chain_util.h"

#define INDEX 11u /* descriptor that the element came from */

static enum vqg_status take(struct room *r, uint64_t addr, uint32_t len, bool write)
{
    return vqg_chain_take_(&r->judge, &r->chain, INDEX, addr, len, write);
}

/* A fresh room in which elements were taken that are not in question. */
#define REFUSES(r, call, rule, value, limit)                                                                           \
    do {                                                                                                               \
        const struct room *before_ = room_copy(r);                                                                     \
        enum vqg_status st_ = (call);                                                                                  \
        room_assert_refused(r, before_, st_, (rule), INDEX, (value), (limit));                                         \
    } while (0)

static const uint64_t part_addr[3] = {PART_DESC, PART_AVAIL, PART_USED};
static const uint32_t part_bytes[3] = {BYTES_DESC, BYTES_AVAIL, BYTES_USED};

static void x8_writable_over_a_part_of_its_own_queue_latches(void **state)
{
    unsigned i;
    (void)state;
    for (i = 0; i < 3u; i++) {
        uint64_t at = part_addr[i];
        uint64_t last = at + part_bytes[i] - 1u;
        struct room *r = room_new();
        REFUSES(r, take(r, at, 1, true), VQG_RULE_SELF_ALIAS, at, at);
        r = room_new();
        REFUSES(r, take(r, last, 1, true), VQG_RULE_SELF_ALIAS, last, at);
        r = room_new();
        REFUSES(r, take(r, at - 16u, 17, true), VQG_RULE_SELF_ALIAS, at - 16u, at);
        r = room_new();
        REFUSES(r, take(r, at - 16u, 0x200, true), VQG_RULE_SELF_ALIAS, at - 16u, at);
        r = room_new();
        REFUSES(r, take(r, last, 0x200, true), VQG_RULE_SELF_ALIAS, last, at);
    }
}

static void x8_writable_beside_a_part_and_readable_over_it_are_accepted(void **state)
{
    unsigned i;
    (void)state;
    for (i = 0; i < 3u; i++) {
        struct room *r = room_new();
        assert_int_equal(take(r, part_addr[i] - 1u, part_bytes[i] + 2u, false), VQG_OK);
        assert_int_equal(take(r, part_addr[i] - 16u, 16, true), VQG_OK);
        assert_int_equal(take(r, part_addr[i] + part_bytes[i], 16, true), VQG_OK);
        assert_int_equal(r->chain.count, 3);
        assert_int_equal(r->chain.bytes_, part_bytes[i] + 2u + 32u);
        assert_int_equal(r->chain.writable, 32);
        assert_int_equal(r->judge.guard.state, VQG_STATE_LIVE);
    }
}

static void x8_writable_between_the_parts_is_accepted_and_over_all_of_them_latches(void **state)
{
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, PART_DESC + BYTES_DESC, (uint32_t)(PART_AVAIL - PART_DESC) - BYTES_DESC, true), VQG_OK);
    assert_int_equal(take(r, PART_AVAIL + BYTES_AVAIL, (uint32_t)(PART_USED - PART_AVAIL) - BYTES_AVAIL, true), VQG_OK);
    assert_int_equal(r->chain.count, 2);
    REFUSES(r, take(r, ADDR_RING, 0x40000, true), VQG_RULE_SELF_ALIAS, ADDR_RING, PART_DESC);
}

static void x8_parts_in_any_order_of_addresses_are_found(void **state)
{
    struct room *r = room_new();
    (void)state;
    r->judge.part_addr[0] = PART_USED; /* the table behind the rings */
    r->judge.part_addr[2] = PART_DESC;
    assert_int_equal(take(r, PART_DESC + BYTES_USED, 16, true), VQG_OK);
    assert_int_equal(take(r, PART_DESC - 16u, 16, true), VQG_OK);
    assert_int_equal(take(r, PART_USED + BYTES_DESC, 16, true), VQG_OK);
    REFUSES(r, take(r, PART_USED + BYTES_DESC - 1u, 1, true), VQG_RULE_SELF_ALIAS, PART_USED + BYTES_DESC - 1u, PART_USED);
    r = room_new();
    r->judge.part_addr[0] = PART_USED;
    r->judge.part_addr[2] = PART_DESC;
    REFUSES(r, take(r, PART_DESC, 1, true), VQG_RULE_SELF_ALIAS, PART_DESC, PART_DESC);
}

static void a_queue_owns_the_bytes_of_its_parts_and_none_beside(void **state)
{
    struct room *r = room_new();
    unsigned i;
    (void)state;
    for (i = 0; i < 3u; i++) {
        assert_true(vqg_judge_owns_(&r->judge, part_addr[i], 1));
        assert_true(vqg_judge_owns_(&r->judge, part_addr[i] + part_bytes[i] - 1u, 1));
        assert_true(vqg_judge_owns_(&r->judge, part_addr[i] - 1u, 2));
        assert_false(vqg_judge_owns_(&r->judge, part_addr[i] - 1u, 1));
        assert_false(vqg_judge_owns_(&r->judge, part_addr[i] + part_bytes[i], 1));
    }
    assert_true(vqg_judge_owns_(&r->judge, 0, UINT64_MAX));
    assert_false(vqg_judge_owns_(&r->judge, UINT64_MAX, 1));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(x8_writable_over_a_part_of_its_own_queue_latches),
    cmocka_unit_test(x8_writable_beside_a_part_and_readable_over_it_are_accepted),
    cmocka_unit_test(x8_writable_between_the_parts_is_accepted_and_over_all_of_them_latches),
    cmocka_unit_test(x8_parts_in_any_order_of_addresses_are_found),
    cmocka_unit_test(a_queue_owns_the_bytes_of_its_parts_and_none_beside),
};
TEST_MAIN(tests)
