/* SPDX-License-Identifier: MIT */
/* Where the engines come in: libFuzzer, AFL++ through its driver, OSS-Fuzz, and the standalone main. */
#include "mutator.h"
#include "script.h"
#if defined(FUZZ_ABLATION)
#include "vqguard/vqguard.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size, uint8_t *out,
                                 size_t max, unsigned seed);

#if defined(FUZZ_ABLATION)
/* VQG_FUZZ_ASSUME names the rule that the library takes for granted. */
static void assume(void)
{
    const char *name = getenv("VQG_FUZZ_ASSUME");
    int rule = VQG_RULE_COUNT - 1;
    if (name == NULL || *name == '\0') {
        return;
    }
    while (rule != VQG_RULE_NONE && strcmp(vqg_rule_name((enum vqg_rule)rule), name) != 0) {
        rule--;
    }
    if (rule == VQG_RULE_NONE) {
        (void)fprintf(stderr, "VQG_FUZZ_ASSUME: there is no rule %s\n", name);
        exit(2);
    }
    fuzz_assumed = rule;
}
#endif

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
#if defined(FUZZ_ABLATION)
    assume();
#endif
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    script_play(data, size);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    if (seed % 16u == 0u && LLVMFuzzerMutate != NULL && size >= SCRIPT_HEAD) {
        return LLVMFuzzerMutate(data, size, max);
    }
    return mutator_mutate(data, size, max, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size, uint8_t *out,
                                 size_t max, unsigned seed)
{
    return mutator_splice(one, one_size, two, two_size, out, max, seed);
}
