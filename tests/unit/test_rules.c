/* SPDX-License-Identifier: MIT */
/**
 * @file test_rules.c
 * @brief rules.h, and the words for it in guard.h: names, numbers, and the bands of a status.
 */
#include "runner.h"

#include <limits.h>
#include <string.h>

struct row {
    enum vqg_rule rule;
    enum vqg_status status;
    const char *name;
    const char *id;
    enum vqg_rule_kind kind;
    const char *sentence;
};

static const struct row rows[] = {
#define VQG_X_(name, id, attacker, kind, clause, sentence)                                                             \
    {VQG_RULE_##name, VQG_V_##name, #name, #id, VQG_KIND_##kind, sentence},
    VQG_RULES(VQG_X_)
#undef VQG_X_
};
#define ROWS (sizeof rows / sizeof rows[0])

/* The public numbers: programs print and compare them, so that they stay. */
static const struct {
    enum vqg_status status;
    int number;
    const char *name;
} statuses[] = {
    {VQG_OK, 0, "OK"},
    {VQG_EMPTY, 1, "EMPTY"},
    {VQG_FULL, 2, "FULL"},
    {VQG_DEAD, 3, "DEAD"},
    {VQG_STALE, 4, "STALE"},
    {VQG_BUSY, 5, "BUSY"},
    {VQG_TIMEOUT, 6, "TIMEOUT"},
    {VQG_BAD_ENDPOINT, -1, "BAD_ENDPOINT"},
    {VQG_BAD_QUEUE, -2, "BAD_QUEUE"},
    {VQG_BAD_SIZE, -3, "BAD_SIZE"},
    {VQG_BAD_INDEX, -4, "BAD_INDEX"},
    {VQG_BAD_FEATURES, -5, "BAD_FEATURES"},
    {VQG_BAD_BYTE_ORDER, -6, "BAD_BYTE_ORDER"},
    {VQG_BAD_DESC, -7, "BAD_DESC"},
    {VQG_BAD_AVAIL, -8, "BAD_AVAIL"},
    {VQG_BAD_USED, -9, "BAD_USED"},
    {VQG_BAD_POLICY, -10, "BAD_POLICY"},
    {VQG_BAD_SLOTS, -11, "BAD_SLOTS"},
    {VQG_BAD_CAPS, -12, "BAD_CAPS"},
    {VQG_BAD_SEGMENT, -13, "BAD_SEGMENT"},
    {VQG_BAD_COUNT, -14, "BAD_COUNT"},
    {VQG_BAD_TABLE, -15, "BAD_TABLE"},
    {VQG_BAD_CHAIN, -16, "BAD_CHAIN"},
    {VQG_BAD_LENGTH, -17, "BAD_LENGTH"},
    {VQG_BAD_STATE, -18, "BAD_STATE"},
    {VQG_BAD_HEAD, -19, "BAD_HEAD"},
    {VQG_BAD_SAVED, -20, "BAD_SAVED"},
    {VQG_BAD_ALIGN, -21, "BAD_ALIGN"},
    {VQG_BAD_FORMAT, -22, "BAD_FORMAT"},
    {VQG_BAD_ORDER, -23, "BAD_ORDER"},
    {VQG_BAD_TRANSPORT, -24, "BAD_TRANSPORT"},
    {VQG_BAD_FIELD, -25, "BAD_FIELD"},
};
#define STATUSES (sizeof statuses / sizeof statuses[0])

static void every_status_has_its_number_a_name_and_a_text_of_its_own(void **state)
{
    size_t tabled = 1; /* OK */
    size_t i;
    size_t k;
    (void)state;
#define VQG_X_(name, value, sentence) tabled++;
    VQG_STATUS_IDLE(VQG_X_)
    VQG_STATUS_MISUSE(VQG_X_)
#undef VQG_X_
    assert_int_equal(tabled, STATUSES);
    for (i = 0; i < STATUSES; i++) {
        assert_int_equal((int)statuses[i].status, statuses[i].number);
        assert_string_equal(vqg_status_name(statuses[i].status), statuses[i].name);
        assert_true(strlen(vqg_status_text(statuses[i].status)) >= 4u);
        for (k = 0; k < i; k++) {
            assert_string_not_equal(vqg_status_text(statuses[i].status), vqg_status_text(statuses[k].status));
        }
    }
}

static void every_violation_has_the_name_and_the_sentence_of_its_rule(void **state)
{
    size_t i;
    (void)state;
    assert_int_equal(ROWS, (size_t)VQG_RULE_COUNT - 1u);
    for (i = 0; i < ROWS; i++) {
        assert_int_equal(rows[i].rule, i + 1u);
        assert_int_equal((int)rows[i].status, -256 - (int)rows[i].rule);
        assert_int_equal(vqg_status_rule(rows[i].status), rows[i].rule);
        assert_string_equal(vqg_status_name(rows[i].status), rows[i].name);
        assert_string_equal(vqg_status_text(rows[i].status), rows[i].sentence);
        assert_string_equal(vqg_rule_name(rows[i].rule), rows[i].name);
        assert_string_equal(vqg_rule_id(rows[i].rule), rows[i].id);
        assert_int_equal(vqg_rule_kind(rows[i].rule), rows[i].kind);
        assert_true(strlen(rows[i].sentence) > 10u);
    }
}

static void a_rule_that_is_none_has_neutral_words(void **state)
{
    static const int none[] = {0, (int)VQG_RULE_COUNT, (int)VQG_RULE_COUNT + 1, INT_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_string_equal(vqg_rule_name((enum vqg_rule)none[i]), "NONE");
        assert_string_equal(vqg_rule_id((enum vqg_rule)none[i]), "-");
        assert_int_equal(vqg_rule_kind((enum vqg_rule)none[i]), VQG_KIND_LEFT);
    }
}

static void bands_of_a_status_meet_at_their_edges_and_do_not_overlap(void **state)
{
    static const struct {
        int status;
        bool violation;
        bool misuse;
    } edges[] = {
        {INT_MAX, false, false},       {6, false, false},    {1, false, false},
        {0, false, false},             {-1, false, true},    {-25, false, true},
        {-26, false, true},            {-255, false, true},  {-256, false, true},
        {-257, true, false},           {-258, true, false},  {(int)VQG_V_LAST_ + 1, true, false},
        {(int)VQG_V_LAST_, true, false}, {INT_MIN, true, false},
    };
    size_t i;
    (void)state;
    assert_int_equal((int)VQG_V_LAST_, -256 - (int)VQG_RULE_COUNT);
    for (i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        enum vqg_status st = (enum vqg_status)edges[i].status;
        assert_int_equal(vqg_is_violation(st), edges[i].violation);
        assert_int_equal(vqg_is_misuse(st), edges[i].misuse);
    }
}

static void rule_of_a_status_is_none_outside_the_violations(void **state)
{
    (void)state;
    assert_int_equal(vqg_status_rule(VQG_OK), VQG_RULE_NONE);
    assert_int_equal(vqg_status_rule(VQG_BUSY), VQG_RULE_NONE);
    assert_int_equal(vqg_status_rule(VQG_BAD_ALIGN), VQG_RULE_NONE);
    assert_int_equal(vqg_status_rule((enum vqg_status)-256), VQG_RULE_NONE);
    assert_int_equal(vqg_status_rule((enum vqg_status)-257), 1);
    assert_int_equal(vqg_status_rule((enum vqg_status)((int)VQG_V_LAST_ + 1)), (int)VQG_RULE_COUNT - 1);
}

static void f2_any_number_taken_for_a_status_is_answered_with_words(void **state)
{
    int number;
    (void)state;
    for (number = -600; number <= 300; number++) {
        assert_non_null(vqg_status_name((enum vqg_status)number));
        assert_non_null(vqg_status_text((enum vqg_status)number));
    }
    assert_string_equal(vqg_status_name((enum vqg_status)7), "NONE");
    assert_string_equal(vqg_status_text((enum vqg_status)7), "unknown status");
    assert_string_equal(vqg_status_name((enum vqg_status)-26), "NONE");
    assert_string_equal(vqg_status_text((enum vqg_status)-26), "unknown status");
    assert_string_equal(vqg_status_name(VQG_V_LAST_), "NONE");
    assert_string_equal(vqg_status_text(VQG_V_LAST_), "unknown status");
    assert_string_equal(vqg_status_name((enum vqg_status)INT_MIN), "NONE");
    assert_string_equal(vqg_status_text((enum vqg_status)INT_MIN), "unknown status");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_status_has_its_number_a_name_and_a_text_of_its_own),
    cmocka_unit_test(every_violation_has_the_name_and_the_sentence_of_its_rule),
    cmocka_unit_test(a_rule_that_is_none_has_neutral_words),
    cmocka_unit_test(bands_of_a_status_meet_at_their_edges_and_do_not_overlap),
    cmocka_unit_test(rule_of_a_status_is_none_outside_the_violations),
    cmocka_unit_test(f2_any_number_taken_for_a_status_is_answered_with_words),
};
TEST_MAIN(tests)
