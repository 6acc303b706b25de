/* SPDX-License-Identifier: MIT */
/* The monitor between the disk and its clients. */
#ifndef MONITOR_H
#define MONITOR_H

#include <stdint.h>

/* Moves what there is to move, both ways, and says on the console who broke a rule. */
void monitor_pump(void);

/* What it took, in instructions. */
enum cost {
    COST_ASK,  /* asking the kernel what the clients hold */
    COST_MOVE, /* judging and moving chains, one way or the other */
    COST_IDLE, /* looking, when there was nothing */
    COST_COUNTERS
};

/* A counter, which begins anew. */
uint64_t monitor_cost(uint32_t which);

#endif
