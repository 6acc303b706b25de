/* SPDX-License-Identifier: MIT */
/**
 * @file soak.h
 * @brief A monitor with a hostile client, two honest ones and a device, in one memory that is watched.
 *
 * Each client has a block of memory. Of some of it it has capabilities, one of which comes and goes; the rest is
 * somebody else's, holds a pattern, and never changes.
 */
#ifndef VQG_SOAK_H
#define VQG_SOAK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vqguard/vqguard.h"

#define CLIENTS 3u
#define HOSTILE 0u
#define BLOCK 0x10000u       /* bytes of a client's memory */
#define AVAIL 0x1000u        /* its parts, as offsets: the rings, */
#define USED 0x2000u
#define TABLES 0x3000u       /* indirect tables, */
#define HOLE 0x4000u         /* somebody else's, */
#define DATA 0x8000u         /* buffers, */
#define LOAN 0xc000u         /* buffers in a capability that comes and goes, */
#define READ_ONLY 0xe000u    /* what no device writes, */
#define HOLE_2 0xf000u       /* somebody else's again */
#define CAP_LOAN 2u          /* index of the capability that comes and goes */
#define CAPS 4u
#define BASE ((uint64_t)0x100000) /* a client's name for its first byte */
#define BUS(i) ((uint64_t)0x1000000 * ((i) + 1u))
#define IO_BUS(i) ((uint64_t)0x9000000 + (uint64_t)0x1000000 * (i))
#define QUEUE_BUS ((uint64_t)0xf000000)
#define PATTERN 0xc3u
#define SIZE_MOST 64u
#define JOBS 12u
#define SEGMENTS 6u
#define REQUESTS 16u
#define HELD 64u             /* chains that a device has at once */

/** An honest client's request: its buffers are at a place of its own. */
struct request {
    unsigned char answer[96];
    uint32_t at;     /* offset in the block */
    uint32_t out, in; /* bytes */
    uint32_t number;
    uint32_t reset;  /* of the device, when it was lent: how many there had been */
    bool lent;
};

struct client {
    unsigned char *block;
    struct vqg_cap caps[CAPS];
    struct vqg_cap_table table;
    struct vqg_queue queue;
    struct vqg_policy policy;
    struct vqg_driver driver;
    struct vqg_slot driver_slots[SIZE_MOST];
    struct vqg_slot slots[SIZE_MOST];
    struct vqg_job jobs[JOBS];
    struct vqg_seg segs[JOBS * SEGMENTS + SEGMENTS + VQG_FILTER_EXTRA];
    _Alignas(16) unsigned char io[JOBS * (VQG_JOB_SCRATCH + (SEGMENTS + VQG_FILTER_EXTRA) * VQG_DESC_BYTES)];
    struct request requests[REQUESTS];
    uint32_t lent;   /* numbers its requests */
    uint32_t taken;
    bool away;       /* its driver waits for the end of a reset */
    bool reclaim;    /* its loan is to end */
};

struct counts {
    uint64_t operations, down, up, refused, completed, failed, client_resets, device_resets;
    uint64_t withdrawn, busy, slept, dropped, bad_enables, lent;
    uint64_t of_client[VQG_RULE_COUNT], of_device[VQG_RULE_COUNT];
};

struct soak {
    struct client c[CLIENTS];
    struct vqg_client clients[CLIENTS];
    struct vqg_monitor monitor;
    _Alignas(4096) unsigned char queue_memory[0x3000];
    struct vqg_queue queue;
    struct vqg_policy policy;
    struct vqg_slot slots[SIZE_MOST];
    /* the device */
    struct vqg_device device;
    struct vqg_cap device_caps[2u * CLIENTS + 1u];
    struct vqg_cap_table device_table;
    struct vqg_slot device_slots[SIZE_MOST];
    struct vqg_chain held[HELD];
    struct vqg_seg held_segs[HELD][SIZE_MOST];
    uint32_t order[HELD]; /* what it has, oldest first */
    uint32_t nheld;
    bool hostile;         /* it is */
    bool wild;            /* it wrote what it liked into its queue: what it has, nobody knows */
    bool resetting;       /* it is being reset */
    struct counts n;
    uint64_t seed, x;
};

static inline uint32_t dice(struct soak *s, uint32_t sides)
{
    s->x ^= s->x << 13;
    s->x ^= s->x >> 7;
    s->x ^= s->x << 17;
    return (uint32_t)((s->x * 0x2545f4914f6cdd1du) >> 40) % sides;
}

/** Something happened that must not: says what, and how to see it again. */
_Noreturn void soak_fail(const struct soak *s, const char *what, uint64_t value);
static inline void soak_expect(const struct soak *s, bool holds, const char *what, uint64_t value)
{
    if (!holds) {
        soak_fail(s, what, value);
    }
}

/** Everything anew, of a shape: its bits choose formats, sizes, orders and policies. */
void soak_begin(struct soak *s, uint32_t shape, bool hostile_device);
/** The memory that is somebody else's, and what of the clients' own nobody was lent. */
void soak_watch(const struct soak *s);
/** One call of the monitor; counts. */
void soak_pump(struct soak *s, uint32_t budget);
/** Resets a client, whatever it is doing. */
void soak_reset_client(struct soak *s, uint32_t i);
/** A client's driver begins anew; the queue is enabled. */
void soak_revive(struct soak *s, uint32_t i);
/** Takes the loan away, or gives it back. */
void soak_loan(struct soak *s, uint32_t i);

/** A step of each. */
void honest_step(struct soak *s, uint32_t i);
/** Takes what came back; true when nothing is lent any more. */
bool honest_take(struct soak *s, uint32_t i);
/** True while something that it lent lies in what it is to give back. */
bool honest_uses_loan(const struct client *c);
void hostile_step(struct soak *s);
void device_step(struct soak *s);
/** The device was reset, and knows nothing. */
void device_begin(struct soak *s);

#endif
