/* SPDX-License-Identifier: MIT */
/* What a device behind registers can do to its driver, one script each. */
#include "seeds.h"

/* Up to DRIVER_OK: the fifth call is the largest size of queue 0, the sixth enables it. */
#define BRING_UP {"probe", 0, 0, 0}, {"reset", 0, 0, 0}, {"begin", 0, 0, 0}, {"negotiate", 0, 0xffff, 0}
#define QUEUE {"queue max", 0, 0, 0}, {"queue enable", 0, 0, 0}
#define PLAIN {0x0f, 3, 0xff, 0, 63, 2, 4}

const struct seed harness_seeds[] = {
    {"bring-up", PLAIN, {BRING_UP, QUEUE, {"driver ok", 0, 0, 0}, {"notify", 0, 0, 0}, {"interrupt", 0, 0, 0},
                         {"configuration", 0x18, 9, 0}, {"configuration", 0, 27, 8}, {"queue reset", 0, 0, 0},
                         {"queue enable", 0, 0, 0}, {"check", 0, 0, 0}, {"fail", 0, 0, 0}, {"reset", 0, 0, 0}}},
    {"another-magic", PLAIN, {{"lie", 1, 0, 3}, {"probe", 0, 0, 0}, {"reset", 0, 0, 0}}},
    {"another-class", PLAIN, {{"lie", 0, 2, 9}, {"probe", 0x80, 0, 0}, {"reset", 0, 0, 0}}},
    {"never-reset", PLAIN, {{"probe", 0, 0, 0}, {"say", 0, 7, 1}, {"reset", 0, 0, 0}, {"begin", 0, 0, 0}}},
    {"no-version-1", PLAIN, {{"probe", 0, 0, 0}, {"reset", 0, 0, 0}, {"begin", 0, 0, 0}, {"lie", 0, 1, 0},
                             {"negotiate", 0, 0xffff, 0}, {"queue max", 0, 0, 0}}},
    {"features-refused", PLAIN, {{"probe", 0, 0, 0}, {"reset", 0, 0, 0}, {"begin", 0, 0, 0}, {"lie", 1, 2, 3},
                                 {"negotiate", 0, 0xffff, 0}, {"queue max", 0, 0, 0}}},
    {"queue-too-large", PLAIN, {BRING_UP, {"lie", 0, 0, 0x8001}, {"queue max", 0, 0, 0}, {"check", 0, 0, 0}}},
    {"ready-before", PLAIN, {BRING_UP, {"queue max", 0, 0, 0}, {"lie", 0, 0, 1}, {"queue enable", 0, 0, 0}}},
    {"never-ready", PLAIN, {BRING_UP, {"queue max", 0, 0, 0}, {"lie", 0, 1, 0}, {"queue enable", 0, 0, 0}}},
    {"notify-too-early", PLAIN, {BRING_UP, QUEUE, {"notify", 0, 0, 0}, {"interrupt", 0, 0, 0}}},
    {"status-lost", PLAIN, {BRING_UP, QUEUE, {"driver ok", 0, 0, 0}, {"lie", 0, 0, 3}, {"check", 0, 0, 0}}},
    {"generation-runs", PLAIN, {BRING_UP, {"say", 3, 9, 0}, {"configuration", 0x18, 9, 0}}},
    {"count-of-none", PLAIN, {BRING_UP, {"say", 0, 10, 0}, {"configuration", 0, 27, 8}}},
    {"queue-never-reset", PLAIN, {BRING_UP, QUEUE, {"driver ok", 0, 0, 0}, {"say", 0, 8, 1}, {"queue reset", 0, 0, 0}}},
    {NULL, {0}, {{NULL, 0, 0, 0}}},
};
