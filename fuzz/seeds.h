/* SPDX-License-Identifier: MIT */
/** @file seeds.h The attacks of tests/attacks as scripts. */
#ifndef VQG_FUZZ_SEEDS_H
#define VQG_FUZZ_SEEDS_H

#include "script.h"

/** Writes those that fit the harness into a folder; returns how many. */
unsigned seeds_write(const char *folder);

#endif
