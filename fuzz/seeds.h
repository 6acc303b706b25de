/* SPDX-License-Identifier: MIT */
/** @file seeds.h The attacks of tests/attacks as scripts, and scripts that a harness has itself. */
#ifndef VQG_FUZZ_SEEDS_H
#define VQG_FUZZ_SEEDS_H

#include "script.h"

/** A script of a harness's own, for what no attack of tests/attacks stands for. The first step without a kind ends it. */
struct seed {
    const char *name;
    uint8_t head[SCRIPT_HEAD];
    struct {
        const char *kind;
        uint8_t a;
        uint16_t b;
        uint32_t v;
    } steps[32];
};

/** Those of the harness, if it has any; one without a name ends them. */
extern const struct seed harness_seeds[] __attribute__((weak));

/** Writes those that fit the harness into a folder; returns how many. */
unsigned seeds_write(const char *folder);

#endif
