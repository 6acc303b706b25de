/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void runner_begin(void)
{
    const char *name = getenv("VQG_TEST_ASSUME");
    const char *filter = getenv("VQG_TEST_FILTER");
    int rule;
    if (filter != NULL) {
        cmocka_set_test_filter(filter);
    }
#ifdef __GLIBC__
    /* A world is not mapped anew for every test, which would take most of the time. */
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
    /* A rule that bounds a loop may be the one that is off. */
    alarm(name == NULL ? 300u : 10u);
    setvbuf(stdout, NULL, _IONBF, 0);
    if (name == NULL || name[0] == '\0') {
        return;
    }
    for (rule = 1; rule < (int)VQG_RULE_COUNT; rule++) {
        if (strcmp(vqg_rule_name((enum vqg_rule)rule), name) == 0) {
            test_assumed = rule;
            return;
        }
    }
    fprintf(stderr, "VQG_TEST_ASSUME: no rule is called %s; see include/vqguard/rules.h\n", name);
    exit(2);
}
