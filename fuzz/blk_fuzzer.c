/* SPDX-License-Identifier: MIT */
/* Block requests. The client asks for what it likes, and rewrites it; the disk answers what it likes. */
#include "blk.h"
#include "seeds.h"

static void step_answer(const struct step *step)
{
    memory_answer(step);
}

static const struct step_kind kinds[] = {
    {"post", 20, blk_step_post},   {"spoil", 8, blk_step_spoil},     {"write", 2, blk_step_write},
    {"answer", 5, step_answer},    {"pop", 18, blk_step_pop},        {"parse", 3, blk_step_parse},
    {"lower", 10, blk_step_lower}, {"disk", 8, blk_step_disk},       {"raise", 12, blk_step_raise},
    {"admit", 3, blk_step_admit},  {"sectors", 3, blk_step_sectors}, {"reset", 3, blk_step_reset},
    {"build", 2, blk_step_build},  {"result", 4, blk_step_result},
};

const struct harness harness = {"blk", EITHER, kinds, sizeof kinds / sizeof kinds[0], blk_begin, blk_end};

/* ---------------------------------------------------------------- seeds */

#define SERVED(status, length) {"pop", 0, 0, 0}, {"lower", 0, 0, 0}, {"disk", 0, status, 0}, {"raise", 0, length, 0}
#define DROP {2, 0, 8}

const struct seed harness_seeds[] = {
    {"served", {0}, {{"post", 0, 0, 0}, SERVED(0, 1), {"post", 0x13, 1, 0x107}, SERVED(0, 1), {"post", 4, 0, 0},
                     SERVED(3, 1), {"post", 6, 0, 5}, SERVED(0, 1), {"post", 5, 0, 0}, SERVED(4, 1)}},
    {"status-not-written", {0}, {{"post", 0, 0, 0}, SERVED(6, 1), {"post", 0, 0, 0}, SERVED(5, 1)}},
    {"status-too-short", {0}, {{"post", 0, 0, 0}, SERVED(0, 2), {"result", 0, 513, 0x100}, {"result", 0, 513, 5}}},
    {"no-header", DROP, {{"post", 0, 0, 0}, {"spoil", 0, 6, 15}, {"pop", 0, 0, 0}, {"raise", 0, 0, 0}}},
    {"not-mapped", DROP, {{"post", 0, 0, 0}, {"spoil", 0, 5, AT_UNMAPPED + 0x20}, {"pop", 0, 0, 0}, {"raise", 0, 0, 0}}},
    {"wrong-way", DROP, {{"post", 0, 0, 0}, {"spoil", 0, 0, OUT}, {"pop", 0, 0, 0}, {"raise", 0, 0, 0}}},
    {"half-a-sector", DROP, {{"post", 0x80, 0, 0x10}, {"pop", 0, 0, 0}, {"raise", 0, 0, 0}}},
    {"beyond-its-sectors", DROP, {{"post", 0, 5, 0}, {"pop", 0, 0, 0}, {"raise", 0, 0, 0}}},
    {"sector-that-wraps", DROP, {{"post", 1, 0x2f, 0}, {"pop", 0, 0, 0}, {"raise", 0, 0, 0}}},
    {"write-what-is-read-only", DROP, {{"post", 1, 12, 0}, {"pop", 0, 0, 0}, {"raise", 0, 0, 0}}},
    {"pin-refused", {3}, {{"sectors", 0x43, 0, 0}, {"post", 0, 0, 0}, {"pop", 0, 0, 0}, {"raise", 0, 0, 0}}},
    {"header-rewritten", {0}, {{"post", 0, 0, 0}, {"answer", 2, 8, 0xff}, {"pop", 0, 0, 0}, {"spoil", 0, 1, 150},
                               {"lower", 0, 0, 0}, {"disk", 0, 0, 0}, {"raise", 0, 1, 0}}},
    {"reset-on-the-way", {0}, {{"post", 1, 0, 0}, {"pop", 0, 0, 0}, {"lower", 0, 0, 0}, {"reset", 0, 0, 0},
                               {"sectors", 0, 0, 0}, {"raise", 0x10, 0, 0}, {"sectors", 0, 0, 0}}},
    {NULL, {0}, {{NULL, 0, 0, 0}}},
};
