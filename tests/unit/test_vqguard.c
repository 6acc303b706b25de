/* SPDX-License-Identifier: MIT */
/**
 * @file test_vqguard.c
 * @brief vqguard.h: the version, what a build consists of, and that the rules' names and IDs are their own.
 */
#undef VQG_TEST_NO_ABLATION /* one test here takes rules for granted, in every build */
#include "runner.h"

#include <stdio.h>
#include <string.h>

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

static void version_string_is_made_of_the_three_numbers(void **state)
{
    char text[32];
    (void)state;
    (void)snprintf(text, sizeof text, "%d.%d.%d", VQG_VERSION_MAJOR, VQG_VERSION_MINOR, VQG_VERSION_PATCH);
    assert_string_equal(VQG_VERSION_STRING, text);
}

static uint32_t bits(const struct vqg_build *info)
{
    uint32_t n = 0;
    size_t i;
    for (i = 0; i < 32u * (sizeof info->assumed_mask / sizeof info->assumed_mask[0]); i++) {
        n += (info->assumed_mask[i / 32u] >> (i % 32u)) & 1u;
    }
    return n;
}

static void build_that_assumes_nothing_says_so(void **state)
{
    struct vqg_build info = vqg_build_info();
    (void)state;
    assert_string_equal(info.version, VQG_VERSION_STRING);
    assert_int_equal(info.rules, (uint32_t)VQG_RULE_COUNT - 1u);
    assert_int_equal(info.packed, VQG_CONFIG_PACKED);
    assert_int_equal(info.cross_endian, VQG_CONFIG_CROSS_ENDIAN);
    assert_int_equal(info.assumed, 0);
    assert_int_equal(bits(&info), 0);
}

static void build_that_assumes_a_rule_shows_which(void **state)
{
    uint32_t rule;
    (void)state;
    for (rule = 1; rule < (uint32_t)VQG_RULE_COUNT; rule++) {
        struct vqg_build info;
        test_assumed = (int)rule;
        info = vqg_build_info();
        assert_int_equal(info.assumed, 1);
        assert_int_equal(bits(&info), 1);
        assert_int_equal((info.assumed_mask[rule / 32u] >> (rule % 32u)) & 1u, 1);
        assert_int_equal(info.rules, (uint32_t)VQG_RULE_COUNT - 1u);
    }
}

static void build_that_assumes_what_is_no_rule_assumes_nothing(void **state)
{
    struct vqg_build info;
    (void)state;
    test_assumed = (int)VQG_RULE_COUNT;
    info = vqg_build_info();
    assert_int_equal(info.assumed, 0);
    assert_int_equal(bits(&info), 0);
}

static void mask_of_a_build_has_a_bit_for_every_rule(void **state)
{
    struct vqg_build info = vqg_build_info();
    (void)state;
    assert_true(32u * (sizeof info.assumed_mask / sizeof info.assumed_mask[0]) >= (size_t)VQG_RULE_COUNT);
}

static void no_two_rules_have_a_name_in_common(void **state)
{
    int a;
    int b;
    (void)state;
    for (a = 1; a < (int)VQG_RULE_COUNT; a++) {
        for (b = 1; b < a; b++) {
            assert_string_not_equal(vqg_rule_name((enum vqg_rule)a), vqg_rule_name((enum vqg_rule)b));
        }
    }
}

static void no_two_rules_have_an_id_in_common(void **state)
{
    int a;
    int b;
    (void)state;
    for (a = 1; a < (int)VQG_RULE_COUNT; a++) {
        for (b = 1; b < a; b++) {
            assert_string_not_equal(vqg_rule_id((enum vqg_rule)a), vqg_rule_id((enum vqg_rule)b));
        }
    }
}

static void no_rule_has_the_name_of_a_status(void **state)
{
    int number;
    int rule;
    (void)state;
    for (number = -25; number <= 6; number++) {
        for (rule = 1; rule < (int)VQG_RULE_COUNT; rule++) {
            assert_string_not_equal(vqg_status_name((enum vqg_status)number), vqg_rule_name((enum vqg_rule)rule));
        }
    }
}

static void ids_are_a_capital_letter_of_the_catalogue_and_a_number(void **state)
{
    int rule;
    (void)state;
    for (rule = 1; rule < (int)VQG_RULE_COUNT; rule++) {
        const char *id = vqg_rule_id((enum vqg_rule)rule);
        assert_non_null(strchr("XQSCIUEPONRTMDBF", id[0]));
        assert_true(id[1] >= '1' && id[1] <= '9');
        assert_true(id[2] == '\0' || (id[2] >= '0' && id[2] <= '9' && id[3] == '\0'));
    }
}

static void names_are_capital_words_joined_by_underscores(void **state)
{
    int rule;
    (void)state;
    for (rule = 1; rule < (int)VQG_RULE_COUNT; rule++) {
        const char *name = vqg_rule_name((enum vqg_rule)rule);
        assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), strlen(name));
        assert_true(name[0] != '_' && strlen(name) >= 3u);
    }
}

#define BUILD_TEST(name) cmocka_unit_test_setup_teardown(name, assume_nothing, assume_as_before)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(version_string_is_made_of_the_three_numbers),
    BUILD_TEST(build_that_assumes_nothing_says_so),
    BUILD_TEST(build_that_assumes_a_rule_shows_which),
    BUILD_TEST(build_that_assumes_what_is_no_rule_assumes_nothing),
    cmocka_unit_test(mask_of_a_build_has_a_bit_for_every_rule),
    cmocka_unit_test(no_two_rules_have_a_name_in_common),
    cmocka_unit_test(no_two_rules_have_an_id_in_common),
    cmocka_unit_test(no_rule_has_the_name_of_a_status),
    cmocka_unit_test(ids_are_a_capital_letter_of_the_catalogue_and_a_number),
    cmocka_unit_test(names_are_capital_words_joined_by_underscores),
};
TEST_MAIN(tests)
