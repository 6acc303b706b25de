/* SPDX-License-Identifier: MIT */
/**
 * @file runner.h
 * @brief The main function of a unit test file.
 *
 * `VQG_TEST_ASSUME=NAME` in the environment takes the rule NAME for granted,
 * which the ablation does rule by rule; `VQG_TEST_FILTER=PATTERN` runs the tests
 * of that name (`*` stands for anything). A test that begins with a rule's ID in
 * lower case (`u2_...`) is a test of that rule. A run that hangs is ended.
 */
#ifndef VQG_TEST_RUNNER_H
#define VQG_TEST_RUNNER_H

#include "world.h"

/** Sets `test_assumed` from the environment and arms the alarm; exits with 2 for an unknown rule. */
void runner_begin(void);

#define TEST_MAIN(tests)                                                                                               \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        runner_begin();                                                                                                \
        return cmocka_run_group_tests(tests, NULL, NULL);                                                              \
    }

#endif
