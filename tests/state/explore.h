/* SPDX-License-Identifier: MIT */
/* What is explored, and where the exploration is. */
#ifndef VQG_TEST_EXPLORE_H
#define VQG_TEST_EXPLORE_H

#include "state.h"

/* How much of it there is. Resets and the hostile write come at any time, or not at all. */
struct script {
    uint8_t size;
    uint8_t adds;
    uint8_t resets;
    uint8_t writes;
};

#define LONGEST 1000u

struct path {
    struct script script;
    unsigned length;
    struct step steps[LONGEST];
    unsigned choices[LONGEST]; /* and which of the steps that were possible */
    bool replaying;
};

extern struct path path;
extern uint64_t named[SM_RULE_COUNT]; /* by the library */

/* The queue and its script, "packed-in-order:2:3:1:1"; false: it cannot be read. */
const char *script_text(void);
bool read_script(const char *text);
void print_step(const struct step *s);

#endif
