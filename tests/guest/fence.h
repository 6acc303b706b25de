/* SPDX-License-Identifier: MIT */
/* Words between what is shared and what is not: whoever runs over an end shows there. */
#ifndef FENCE_H
#define FENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FENCE_WORDS 8u
#define FENCE_WORD UINT64_C(0x6b8b4567327b23c6)

struct fence {
    uint64_t word[FENCE_WORDS];
};

static inline void fence_put_up(struct fence *f)
{
    for (uint32_t i = 0; i < FENCE_WORDS; i++) {
        f->word[i] = FENCE_WORD;
    }
}

static inline bool fence_stands(const struct fence *f)
{
    const volatile uint64_t *word = f->word; /* somebody else may write there */
    bool stands = true;

    for (uint32_t i = 0; i < FENCE_WORDS; i++) {
        stands = stands && word[i] == FENCE_WORD;
    }
    return stands;
}

#endif
