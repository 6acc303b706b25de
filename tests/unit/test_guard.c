/* SPDX-License-Identifier: MIT */
/**
 * @file test_guard.c
 * @brief guard.h: how a rule is tested, and what happens when it fails. Its words are in test_rules.c.
 */
#define _POSIX_C_SOURCE 200809L
#undef VQG_TEST_NO_ABLATION /* one test here takes rules for granted, in every build */
#include "runner.h"

#include <stdio.h>
#include <unistd.h>

/* What these tests say of the macros is said of a build that assumes nothing. */
static int environment_assumes;

static int assume_nothing(void **state)
{
    (void)state;
    environment_assumes = test_assumed;
    test_assumed = 0;
    return 0;
}

static int assume_as_before(void **state)
{
    (void)state;
    test_assumed = environment_assumes;
    return 0;
}

/* A guard as an endpoint has it while it works. */
static const struct vqg_guard live = {.violation = {.queue = 9}, .generation = 4, .state = (uint8_t)VQG_STATE_LIVE};

static void assert_record(const struct vqg_guard *g, enum vqg_rule rule, uint32_t index, uint64_t value, uint64_t limit,
                          uint32_t count)
{
    assert_int_equal(g->violation.rule, rule);
    assert_int_equal(g->violation.queue, 9);
    assert_int_equal(g->violation.index, index);
    assert_int_equal(g->violation.value, value);
    assert_int_equal(g->violation.limit, limit);
    assert_int_equal(g->violation.count, count);
}

static void assert_untouched(const struct vqg_guard *g)
{
    assert_record(g, VQG_RULE_NONE, 0, 0, 0, 0);
    assert_int_equal(g->state, VQG_STATE_LIVE);
    assert_int_equal(g->generation, 4);
    assert_false(g->drop);
    assert_false(g->untold);
}

static void the_first_violation_is_recorded_and_later_ones_are_counted(void **state)
{
    struct vqg_guard g = live;
    (void)state;
    vqg_guard_note_(&g, VQG_RULE_NEXT_RANGE, 7, UINT64_MAX, 8);
    assert_record(&g, VQG_RULE_NEXT_RANGE, 7, UINT64_MAX, 8, 1);
    vqg_guard_note_(&g, VQG_RULE_QUOTA, 1, 2, 3);
    assert_record(&g, VQG_RULE_NEXT_RANGE, 7, UINT64_MAX, 8, 2);
    assert_int_equal(g.state, VQG_STATE_LIVE);
    assert_int_equal(g.generation, 4);
}

static void f4_the_count_of_violations_stops_at_its_largest_value(void **state)
{
    struct vqg_guard g = live;
    (void)state;
    g.violation.count = UINT32_MAX - 1u;
    vqg_guard_note_(&g, VQG_RULE_QUOTA, 1, 2, 3);
    assert_record(&g, VQG_RULE_QUOTA, 1, 2, 3, UINT32_MAX);
    vqg_guard_note_(&g, VQG_RULE_QUOTA, 4, 5, 6);
    assert_record(&g, VQG_RULE_QUOTA, 1, 2, 3, UINT32_MAX);
}

static void f4_a_flood_of_violations_prints_nothing(void **state)
{
    struct vqg_guard g = live;
    FILE *paper = tmpfile();
    int out = dup(1);
    int err = dup(2);
    long printed;
    int i;
    (void)state;
    assert_non_null(paper);
    assert_true(out >= 0 && err >= 0);
    (void)fflush(NULL);
    (void)dup2(fileno(paper), 1);
    (void)dup2(fileno(paper), 2);
    for (i = 0; i < 1000; i++) {
        vqg_guard_refuse_(&g, VQG_RULE_CAPABILITY, 1, 2, 3);
    }
    (void)fflush(NULL);
    (void)dup2(out, 1);
    (void)dup2(err, 2);
    (void)close(out);
    (void)close(err);
    (void)fseek(paper, 0, SEEK_END);
    printed = ftell(paper);
    (void)fclose(paper);
    assert_int_equal(printed, 0);
    assert_record(&g, VQG_RULE_CAPABILITY, 1, 2, 3, 1000);
}

static void an_endpoint_of_zeros_is_off_and_the_states_differ(void **state)
{
    (void)state;
    assert_int_equal(VQG_STATE_OFF, 0);
    assert_true(VQG_STATE_LIVE != VQG_STATE_OFF && VQG_STATE_LIVE != VQG_STATE_DEAD);
    assert_true(VQG_STATE_RESET != VQG_STATE_LIVE && VQG_STATE_RESET != VQG_STATE_DRAIN);
    assert_int_equal(VQG_RULE_NONE, 0);
}

/* Any rule, broken in the way that the library does it. */
static enum vqg_status break_rule(struct vqg_guard *g, enum vqg_rule rule)
{
    switch ((int)rule) {
#define VQG_X_(name, id, attacker, kind, clause, sentence)                                                             \
    case (int)VQG_RULE_##name:                                                                                         \
        VQG_REQUIRE(g, false, name, 3, 4, 5);                                                                          \
        break;
        VQG_RULES(VQG_X_)
#undef VQG_X_
    default:
        break;
    }
    return VQG_OK;
}

static void a_refusal_latches_unless_the_chain_alone_is_to_be_dropped(void **state)
{
    int rule;
    unsigned drop;
    (void)state;
    for (rule = 1; rule < (int)VQG_RULE_COUNT; rule++) {
        for (drop = 0; drop < 2u; drop++) {
            struct vqg_guard g = live;
            bool goes_on = drop != 0u && vqg_rule_kind((enum vqg_rule)rule) == VQG_KIND_CHAIN;
            g.drop = drop != 0u;
            assert_int_equal((int)break_rule(&g, (enum vqg_rule)rule), -256 - rule);
            assert_record(&g, (enum vqg_rule)rule, 3, 4, 5, 1);
            assert_int_equal(g.state, goes_on ? VQG_STATE_LIVE : VQG_STATE_DEAD);
            assert_int_equal(g.generation, 4);
            assert_int_equal(g.drop, drop);
        }
    }
}

static void renewing_opens_a_generation_and_keeps_the_record(void **state)
{
    struct vqg_guard g = live;
    (void)state;
    vqg_guard_refuse_(&g, VQG_RULE_QUOTA, 1, 2, 3);
    g.untold = true;
    vqg_guard_renew_(&g, VQG_STATE_RESET);
    assert_false(g.untold);
    assert_int_equal(g.generation, 5);
    assert_int_equal(g.state, VQG_STATE_RESET);
    assert_record(&g, VQG_RULE_QUOTA, 1, 2, 3, 1);
    g.generation = UINT32_MAX;
    vqg_guard_renew_(&g, VQG_STATE_OFF);
    assert_int_equal(g.generation, 0);
    assert_int_equal(g.state, VQG_STATE_OFF);
}

static void clearing_forgets_the_record_but_not_whose_it_was(void **state)
{
    struct vqg_guard g = live;
    (void)state;
    g.drop = true;
    vqg_guard_refuse_(&g, VQG_RULE_USED_JUMP, 1, 2, 3);
    vqg_guard_clear_(&g);
    assert_record(&g, VQG_RULE_NONE, 0, 0, 0, 0);
    assert_int_equal(g.state, VQG_STATE_DEAD);
    assert_int_equal(g.generation, 4);
    assert_true(g.drop);
}

static void violation_that_no_status_told_is_told_once(void **state)
{
    struct vqg_guard g = live;
    (void)state;
    assert_false(vqg_guard_was_untold_(&g));
    g.untold = true;
    assert_true(vqg_guard_was_untold_(&g));
    assert_false(vqg_guard_was_untold_(&g));
    assert_untouched(&g);
    g.untold = true;
    vqg_guard_clear_(&g);
    assert_untouched(&g);
}

static unsigned asked;

static bool ask(bool answer)
{
    asked++;
    return answer;
}

static enum vqg_status require(struct vqg_guard *g, bool ok, uint32_t index, uint64_t value, uint64_t limit)
{
    VQG_REQUIRE(g, ask(ok), USED_ID_RANGE, index, value, limit);
    return VQG_OK;
}

static enum vqg_status require_setup(struct vqg_guard *g, bool ok, uint64_t value, uint64_t limit)
{
    VQG_REQUIRE_SETUP(g, ask(ok), QUEUE_SIZE_ZERO, VQG_BAD_SIZE, value, limit);
    return VQG_OK;
}

static enum vqg_status require_caller(bool ok)
{
    VQG_REQUIRE_CALLER(ask(ok), NO_REUSE, VQG_BUSY);
    return VQG_OK;
}

static enum vqg_status expect(bool ok)
{
    VQG_EXPECT_(ask(ok), VQG_BAD_COUNT);
    return VQG_OK;
}

static void a_rule_that_holds_changes_nothing(void **state)
{
    struct vqg_guard g = live;
    (void)state;
    asked = 0;
    assert_int_equal(require(&g, true, 1, 2, 3), VQG_OK);
    assert_int_equal(require_setup(&g, true, 2, 3), VQG_OK);
    assert_int_equal(require_caller(true), VQG_OK);
    assert_int_equal(expect(true), VQG_OK);
    assert_int_equal(asked, 4);
    assert_untouched(&g);
}

static void a_rule_that_fails_is_asked_once_recorded_and_latches(void **state)
{
    struct vqg_guard g = live;
    (void)state;
    asked = 0;
    assert_int_equal(require(&g, false, UINT32_MAX, UINT64_MAX, UINT64_MAX - 1u), VQG_V_USED_ID_RANGE);
    assert_int_equal(asked, 1);
    assert_record(&g, VQG_RULE_USED_ID_RANGE, UINT32_MAX, UINT64_MAX, UINT64_MAX - 1u, 1);
    assert_int_equal(g.state, VQG_STATE_DEAD);
}

static void a_setup_rule_that_fails_is_recorded_and_names_the_argument(void **state)
{
    struct vqg_guard g = live;
    (void)state;
    g.state = (uint8_t)VQG_STATE_OFF;
    asked = 0;
    assert_int_equal(require_setup(&g, false, UINT64_MAX, 1), VQG_BAD_SIZE);
    assert_int_equal(asked, 1);
    assert_record(&g, VQG_RULE_QUEUE_SIZE_ZERO, 0, UINT64_MAX, 1, 1);
    assert_int_equal(g.state, VQG_STATE_OFF);
}

static void a_callers_rule_that_fails_returns_its_status_and_is_asked_once(void **state)
{
    (void)state;
    asked = 0;
    assert_int_equal(require_caller(false), VQG_BUSY);
    assert_int_equal(asked, 1);
    assert_int_equal(expect(false), VQG_BAD_COUNT);
    assert_int_equal(asked, 2);
}

static void a_rule_that_is_taken_for_granted_is_not_tested_and_the_others_are(void **state)
{
    struct vqg_guard g = live;
    (void)state;
    test_assumed = (int)VQG_RULE_USED_ID_RANGE;
    assert_int_equal(require(&g, false, 1, 2, 3), VQG_OK);
    assert_untouched(&g);
    assert_int_equal(require_setup(&g, false, 2, 3), VQG_BAD_SIZE);
    test_assumed = (int)VQG_RULE_QUEUE_SIZE_ZERO;
    assert_int_equal(require_setup(&g, false, 2, 3), VQG_OK);
    assert_int_equal(require_caller(false), VQG_BUSY);
    test_assumed = (int)VQG_RULE_NO_REUSE;
    assert_int_equal(require_caller(false), VQG_OK);
    assert_int_equal(expect(false), VQG_BAD_COUNT);
    assert_int_equal(require(&g, false, 1, 2, 3), VQG_V_USED_ID_RANGE);
}

#define GUARD_TEST(name) cmocka_unit_test_setup_teardown(name, assume_nothing, assume_as_before)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_first_violation_is_recorded_and_later_ones_are_counted),
    cmocka_unit_test(f4_the_count_of_violations_stops_at_its_largest_value),
    cmocka_unit_test(f4_a_flood_of_violations_prints_nothing),
    cmocka_unit_test(an_endpoint_of_zeros_is_off_and_the_states_differ),
    GUARD_TEST(a_refusal_latches_unless_the_chain_alone_is_to_be_dropped),
    cmocka_unit_test(renewing_opens_a_generation_and_keeps_the_record),
    cmocka_unit_test(clearing_forgets_the_record_but_not_whose_it_was),
    cmocka_unit_test(violation_that_no_status_told_is_told_once),
    GUARD_TEST(a_rule_that_holds_changes_nothing),
    GUARD_TEST(a_rule_that_fails_is_asked_once_recorded_and_latches),
    GUARD_TEST(a_setup_rule_that_fails_is_recorded_and_names_the_argument),
    GUARD_TEST(a_callers_rule_that_fails_returns_its_status_and_is_asked_once),
    GUARD_TEST(a_rule_that_is_taken_for_granted_is_not_tested_and_the_others_are),
};
TEST_MAIN(tests)
