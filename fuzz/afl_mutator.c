/* SPDX-License-Identifier: MIT */
/* AFL++ asks a library for mutations: the same as LLVMFuzzerCustomMutator() gives to the other engines. */
#include "mutator.h"

#include <stdlib.h>
#include <string.h>

struct afl {
    uint32_t seed;
    uint8_t data[SCRIPT_MAX];
};

/* Only their names are told to AFL++; the types are its own. */
void *afl_custom_init(void *fuzzer, unsigned int seed);
size_t afl_custom_fuzz(void *context, uint8_t *data, size_t size, uint8_t **out, uint8_t *other, size_t other_size,
                       size_t max);
void afl_custom_deinit(void *context);

void *afl_custom_init(void *fuzzer, unsigned int seed)
{
    struct afl *afl = calloc(1, sizeof *afl);
    (void)fuzzer;
    if (afl != NULL) {
        afl->seed = seed;
    }
    return afl;
}

size_t afl_custom_fuzz(void *context, uint8_t *data, size_t size, uint8_t **out, uint8_t *other, size_t other_size,
                       size_t max)
{
    struct afl *afl = context;
    *out = afl->data;
    if (++afl->seed % 8u == 0u && other != NULL) {
        return mutator_splice(data, size, other, other_size, afl->data, max, afl->seed);
    }
    size = size < sizeof afl->data ? size : sizeof afl->data;
    memcpy(afl->data, data, size);
    return mutator_mutate(afl->data, size, max, afl->seed);
}

void afl_custom_deinit(void *context)
{
    free(context);
}
