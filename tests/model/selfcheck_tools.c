/* SPDX-License-Identifier: MIT */
/* Examples: the tools of the model. Section numbers are those of virtio 1.2. */
#include "selfcheck.h"

/* ---------------------------------------------------------------- tools */

static void test_tools(void)
{
    uint8_t bytes[8];
    struct sm_set set;
    char text[8];
    struct sm_random random;
    unsigned hits;

    sm_put32(bytes, 0x01020304, false);
    CHECK(bytes[0] == 4 && bytes[3] == 1 && sm_get32(bytes, false) == 0x01020304 && sm_get32(bytes, true) == 0x04030201);
    sm_put16(bytes, 0x0102, true);
    CHECK(bytes[0] == 1 && bytes[1] == 2 && sm_get16(bytes, true) == 0x0102 && sm_get16(bytes, false) == 0x0201);
    sm_put64(bytes, UINT64_C(0x0102030405060708), true);
    CHECK(bytes[0] == 1 && bytes[7] == 8 && sm_get64(bytes, false) == UINT64_C(0x0807060504030201));

    CHECK(strcmp(sm_rule_name(SM_C10), "C10") == 0 && strcmp(sm_rule_name(SM_RULE_COUNT), "?") == 0);
    CHECK(sm_rule_by_name("I12") == SM_I12 && sm_rule_by_name("Z9") == SM_RULE_COUNT);
    memset(&set, 0, sizeof set);
    CHECK_SET(set, "-");
    set.has[SM_S3] = set.has[SM_C4] = set.has[SM_M9] = true;
    CHECK_SET(set, "S3 C4 M9");
    CHECK(sm_set_count(&set) == 3 && sm_set_has_name(&set, "C4") && !sm_set_has_name(&set, "C5"));
    CHECK(!sm_set_has_name(&set, "Z9") && strcmp(sm_set_text(&set, text, 6), "S3 C4") == 0);
    CHECK(strcmp(sm_set_text(&set, text, 5), "S3") == 0);

    /* The well-known first outputs of splitmix64 from state 0. */
    sm_random_seed(&random, 0);
    CHECK(sm_random_next(&random) == UINT64_C(0xe220a8397b1dcdaf));
    CHECK(sm_random_next(&random) == UINT64_C(0x6e789e6aa1b965f4));
    for (unsigned i = 0; i < 1000; i++)
        CHECK(sm_random_below(&random, 7) < 7);
    hits = 0;
    for (unsigned i = 0; i < 1000; i++)
        hits += sm_random_chance(&random, 1, 2) ? 1u : 0u;
    CHECK(hits > 400 && hits < 600);
    CHECK(sm_random_below(&random, 0) == 0 && sm_random_chance(&random, 3, 3) && !sm_random_chance(&random, 0, 3));
}

void selfcheck_tools(void)
{
    test_tools();
}
