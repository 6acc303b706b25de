/* SPDX-License-Identifier: MIT */
/* The states that were visited, by 128 bits of hash. */
#ifndef VQG_TEST_SEEN_H
#define VQG_TEST_SEEN_H

#include <stdbool.h>
#include <stddef.h>

void forget_all(void);
/* False when it was asked about the same bytes before. `bytes` is a multiple of 8. */
bool is_new(const void *state, size_t bytes);

#endif
