/* SPDX-License-Identifier: MIT */
/* Paths in words, and as numbers that can be played again. */
#include "explore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct path path;
uint64_t named[SM_RULE_COUNT];

const char *script_text(void)
{
    static char text[48];
    (void)snprintf(text, sizeof text, "%s%s:%" PRIu32 ":%u:%u:%u", setting.packed ? "packed" : "split",
                   setting.in_order ? "-in-order" : "", setting.size, path.script.adds, path.script.resets,
                   path.script.writes);
    return text;
}

bool read_script(const char *text)
{
    unsigned n[4];
    int end = 0;
    setting.packed = strncmp(text, "packed", 6) == 0;
    text += setting.packed ? 6 : strncmp(text, "split", 5) == 0 ? 5 : 0;
    setting.in_order = strncmp(text, "-in-order", 9) == 0;
    text += setting.in_order ? 9 : 0;
    if (sscanf(text, ":%u:%u:%u:%u%n", &n[0], &n[1], &n[2], &n[3], &end) != 4 || text[end] != '\0' || n[0] - 1u >= SIZE ||
        n[1] > 99u || n[2] > 99u || n[3] > 99u || (!setting.packed && (n[0] & (n[0] - 1u)) != 0u)) {
        return false;
    }
    setting.size = n[0];
    path.script = (struct script){(uint8_t)n[0], (uint8_t)n[1], (uint8_t)n[2], (uint8_t)n[3]};
    return true;
}

void print_step(const struct step *s)
{
    static const char *const words[] = {"driver: add a buffer to write",
                                        "driver: add a buffer to read and one to write",
                                        "driver: add them in an indirect table",
                                        "driver: kick",
                                        "device: pop",
                                        "device: push, all written, chain",
                                        "device: push, one byte less, chain",
                                        "device: notify",
                                        "driver: take",
                                        "reset",
                                        "hostile write:"};
    char place[64];
    (void)printf("  %s", words[s->kind]);
    if (s->kind == PUSH_ALL || s->kind == PUSH_LESS) {
        (void)printf(" %u", s->which);
    } else if (s->kind == WRITE) {
        place_text(s->at, place, sizeof place);
        (void)printf(" %s becomes 0x%" PRIx64, place, s->value);
    }
    (void)printf("\n");
}

void holds(bool so, const char *what)
{
    if (so) {
        return;
    }
    if (!path.replaying) {
        (void)printf("%s\n", script_text());
        for (unsigned i = 0; i < path.length; i++) {
            print_step(&path.steps[i]);
        }
    }
    (void)printf("not so: %s\n  driver's first violation: %s\n  device's first violation: %s\n", what,
                 vqg_rule_id(vqg_driver_violation(&now.driver)->rule),
                 vqg_rule_id(vqg_device_violation(&now.device)->rule));
    if (!path.replaying) {
        (void)printf("replay:  state_space --replay %s ", script_text());
        for (unsigned i = 0; i < path.length; i++) {
            (void)printf("%s%u", i == 0u ? "" : ".", path.choices[i]);
        }
        (void)printf("\n0 passed, 1 failed\n");
    }
    exit(1);
}

void names_rule(enum vqg_status st, const struct sm_set *set)
{
    const enum sm_rule rule = sm_rule_by_name(vqg_rule_id(vqg_status_rule(st)));
    char text[256];
    if (!sm_set_has(set, rule)) {
        (void)printf("library: %s, model: %s\n", vqg_status_name(st), sm_set_text(set, text, sizeof text));
    }
    holds(sm_set_has(set, rule), "the rule that the library names is in the model's set");
    named[rule]++;
}
