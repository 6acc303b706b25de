/* SPDX-License-Identifier: MIT */
/* Processes that do what process 1 tells them to, through a page that both have. */
#ifndef PUPPET_H
#define PUPPET_H

#include "app.h"

enum { PUPPET_IDLE, PUPPET_CALL, PUPPET_LOAD, PUPPET_STORE, PUPPET_JUMP, PUPPET_COUNT };

/* puppet.S knows the offsets. */
struct puppet {
    volatile uint64_t todo; /* PUPPET_IDLE again when done */
    volatile uint64_t a[7]; /* a call's a0 to a6; else an address */
    volatile uint64_t result[5];
    volatile uint64_t cause; /* of an exception: what was to be done is then given up */
    volatile uint64_t value;
    volatile uint64_t count; /* PUPPET_COUNT: how often, for ever */
};

#define PUPPET_FIRST 2u
#define PUPPET_LAST 4u
/* Process 4 has the least, as it is the one that will spin in faults, which QEMU is slow at. */
#define PUPPET_SLOTS(pid) ((pid) == PUPPET_LAST ? 1u : 8u)
#define PUPPET_SIZE 0x1000u
#define PUPPET_BASE(pid) (0x80200000u + (pid) * PUPPET_SIZE)

/* Indices that the kernel's rule gives: process 1 starts puppets 2, 3 and 4 with
 * one memory and one time capability each, before anything else. */
#define PUPPET_MEM(pid) (S3K_MEM_FUEL - ((pid) - 1u))
#define PUPPET_TSL(pid) (S3K_TSL_FUEL - ((pid) - 1u))
#define WORK_MEM 3u /* ten entries behind it, of the thirteen that then are left */
#define WORK_CSIZE 10u
#define WORK_BASE 0x80100000u
#define WORK_SIZE 0x10000u

struct puppet *puppet(uint16_t pid);
void puppet_start_all(void);

/* Does not wait for the end. */
void puppet_post(uint16_t pid, uint64_t todo, const uint64_t a[7]);
/* Waits until it is done, for a few slices: whether it is. */
bool puppet_done(uint16_t pid);
/* Posts and waits. A call's result; a fault shows in cause. Not done: S3K_CALLS. */
int64_t puppet_do(uint16_t pid, uint64_t call, const uint64_t x[6]);
/* The cause of the exception that the access ends in, 0: none. */
uint64_t puppet_touch(uint16_t pid, uint64_t todo, uint64_t address);

/* Lets it begin anew, with something to do; what it was doing is forgotten. */
void puppet_restart(uint16_t pid, uint64_t todo);

/* Ends its waiting for IPC. */
void puppet_break_off(uint16_t pid);

/* Is it alive? */
bool puppet_answers(uint16_t pid);

#endif
