/* SPDX-License-Identifier: MIT */
/* A monitor between two clients and a device, all of which may be hostile at once. */
#include "monitor.h"
#include "seeds.h"

static const struct step_kind kinds[] = {
    {"post", 20, step_client_post},     {"pump", 22, step_pump},      {"complete", 14, step_complete},
    {"spoil", 8, step_client_spoil},    {"write", 3, step_client_write}, {"load", 4, step_load},
    {"lie", 2, step_lie},               {"device write", 2, step_device_write},
    {"client reset", 4, step_client_reset}, {"withdraw", 4, step_withdraw},
    {"sleep", 3, step_sleep},           {"device reset", 4, step_reset},
    {"hint", 2, step_hint},             {"interrupt", 2, step_interrupt},
};

const struct harness harness = {"monitor", EITHER, kinds, sizeof kinds / sizeof kinds[0], monitor_begin, monitor_end};

/* ---------------------------------------------------------------- seeds */

#define DISK {2, 2, 2, 0x80}
#define ORDERED {8, 9, 9, 0}
#define SHOWN(client) {"post", client, 0x12, 0x111}, {"pump", 0, 0, 0}
#define BACK {"complete", 0, 1, 0}, {"pump", 0, 0, 0}

const struct seed harness_seeds[] = {
    {"both-served", {0}, {SHOWN(0), SHOWN(1), BACK, BACK, SHOWN(0), BACK}},
    {"both-through-tables", {2, 3, 3}, {SHOWN(0x10), SHOWN(0x11), BACK, BACK}},
    {"in-order", ORDERED, {SHOWN(0), SHOWN(1), SHOWN(0), BACK, BACK, BACK}},
    {"a-disk", DISK, {SHOWN(1), SHOWN(0), BACK, BACK, {"post", 1, 1, 7}, {"pump", 0, 0, 0}, {"complete", 0, 1, 4},
                      {"pump", 0, 0, 0}}},
    {"one-latched-the-other-served", {0}, {{"post", 0, 0x12, 0}, {"spoil", 0, 0, 0xe0000000}, {"post", 1, 0x12, 0},
                                           {"pump", 8, 0, 0}, {"pump", 8, 0, 0}, BACK}},
    {"the-others-memory", {0x20}, {{"post", 0, 0x12, 0}, {"spoil", 0, 0, 0xc0000000}, {"pump", 8, 0, 0}}},
    {"the-monitors-memory", {0x20}, {{"post", 0, 0x12, 0}, {"spoil", 0, 0, 0xa0000000}, {"pump", 8, 0, 0}}},
    {"rewritten-behind-it", {0}, {SHOWN(0), {"spoil", 0, 0, 0xe0000000}, {"spoil", 0, 1, 0xffff}, BACK}},
    {"a-sector-of-another", DISK, {{"post", 1, 0, 0}, {"spoil", 1, 0x26, 90}, {"spoil", 3, 0x26, 90}, {"pump", 0, 0, 0}}},
    {"a-jump", {0}, {{"spoil", 0, 7, 9}, {"post", 1, 0x12, 0}, {"pump", 12, 0, 0}, {"pump", 12, 0, 0}, BACK}},
    {"returned-twice", {0}, {SHOWN(0), BACK, {"lie", 0, 0, 0}, {"pump", 0, 0, 0}, {"device reset", 0, 0, 0},
                             {"device reset", 0, 0, 0}, SHOWN(1), BACK}},
    {"too-much-written", {0}, {SHOWN(0), {"lie", 0, 0xffff, 0}, {"pump", 0, 0, 0}, {"pump", 0, 0, 0}}},
    {"reset-on-the-way", {0}, {SHOWN(0), {"client reset", 0, 0, 0}, {"client reset", 0, 0, 0}, BACK, SHOWN(0), BACK}},
    {"taken-away", {0}, {{"post", 0, 0x110, 0}, {"pump", 0, 0, 0}, {"withdraw", 0, 0, 0}, {"withdraw", 2, 0, 0}, BACK,
                         {"withdraw", 0, 0, 0}, {"client reset", 0, 0, 0}, SHOWN(0), {"withdraw", 0, 0, 0}, BACK}},
    {NULL, {0}, {{NULL, 0, 0, 0}}},
};
