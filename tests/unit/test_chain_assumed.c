/* SPDX-License-Identifier: MIT */
/**
 * @file test_chain_assumed.c
 * @brief judge.h: a rule that is taken for granted takes no other with it.
 */
#undef VQG_TEST_NO_ABLATION /* in every build */

#include "window_util.h"

static void a_rule_taken_for_granted_takes_no_other_with_it(void **state)
{
    int assumed = test_assumed;
    struct room *r = room_new();
    (void)state;
    assert_int_equal(take(r, ADDR_HUGE, 1, true), VQG_OK);
    test_assumed = VQG_RULE_QUOTA;
    assert_int_equal(take(r, ADDR_HUGE, UINT32_MAX, true), VQG_V_TOTAL_LENGTH);
    test_assumed = assumed;
    assert_int_equal(r->chain.count, 1);
    r = room_with_window(true);
    test_assumed = VQG_RULE_ZERO_LENGTH;
    assert_int_equal(take(r, ADDR_B, 0, true), VQG_OK);
    test_assumed = assumed;
    assert_int_equal(r->chain.count, 1); /* no pointer to no bytes */
    assert_int_equal(room_pins(r), 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_rule_taken_for_granted_takes_no_other_with_it),
};
TEST_MAIN(tests)
