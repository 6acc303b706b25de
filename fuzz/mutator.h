/* SPDX-License-Identifier: MIT */
/**
 * @file mutator.h
 * @brief Makes scripts out of scripts, step by step, so that they stay meaningful.
 */
#ifndef VQG_FUZZ_MUTATOR_H
#define VQG_FUZZ_MUTATOR_H

#include "script.h"

/** A script of so many steps. Returns its size; there is room for SCRIPT_MAX bytes. */
size_t mutator_make(uint8_t *data, unsigned steps, unsigned seed);
/** Changes a script in place: steps are made, taken out, doubled, moved, changed. Returns its new size. */
size_t mutator_mutate(uint8_t *data, size_t size, size_t max, unsigned seed);
/** The head and first steps of one script, and steps of another. */
size_t mutator_splice(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size, uint8_t *out, size_t max,
                      unsigned seed);

#endif
