/* SPDX-License-Identifier: MIT */
/** @file driver_parts.h What the parts of the driver endpoint's harnesses share. */
#ifndef VQG_FUZZ_DRIVER_PARTS_H
#define VQG_FUZZ_DRIVER_PARTS_H

#include "completions.h"
#include "driver.h"

#define SEGS 6u

/* What the endpoint has, between canaries. */
extern struct driver_own {
    canary c0;
    struct vqg_driver driver;
    canary c1;
    struct vqg_slot slots[QUEUE_MAX];
    canary c2;
} own;

/* A request that was added. */
struct asked {
    struct vqg_seg seg[SEGS];
    uint32_t count;
    uint32_t writable;
    uint32_t least;
    uint32_t slots;
    uint64_t cookie;
    uint16_t id;
    uint16_t at; /* where its first element, or its head, stands */
    bool table;
};

/* What the script asked for and the model does not keep. */
extern struct driver_asked {
    struct asked waiting[QUEUE_MAX]; /* added and not kicked, in order */
    uint32_t waiting_count;
    uint32_t waiting_slots;
    uint64_t cookies;
    bool busy[QUEUE_MAX];            /* split: descriptors of chains that are lent */
    uint16_t chain[QUEUE_MAX][SEGS]; /* split: by head: its descriptors */
} asked;

/* ---- driver.c ---- */
/** The queue is as after set-up. */
void driver_anew(void);
/** All of the queue may be cleared. */
void driver_may_clear(void);
/** As many descriptors are free as have to be. */
void driver_is_counted(void);
void driver_step_kick(const struct step *step);
void driver_step_take(const struct step *step);
void driver_step_interrupts(const struct step *step);

/* ---- driver_add.c ---- */
/** The flags that an honest device has to find at an element. */
unsigned driver_flags(const struct asked *r, uint32_t i);
void driver_step_add(const struct step *step);

/* ---- driver_reset.c ---- */
void driver_step_reset(const struct step *step);

#endif
