/* SPDX-License-Identifier: MIT */
/**
 * @file front.h
 * @brief A front end with a guest in it: shared memory, queues set up as QEMU does it, and a driver.
 *
 * The guest's memory is one file in two regions, which have their own addresses in the guest and
 * in the front end: none of them is where it is mapped here.
 */
#ifndef VQG_TEST_BLK_FRONT_H
#define VQG_TEST_BLK_FRONT_H

#include "wire.h"

#include <vqguard/vqguard.h>

#define FRONT_QUEUES 8u
#define FRONT_SEGMENTS 128u /* of one request */

/* Where the rings are, and where the requests. */
#define FRONT_RINGS_GUEST UINT64_C(0x40000000)
#define FRONT_RINGS_USER UINT64_C(0x7e0000000000)
#define FRONT_RINGS_BYTES (UINT64_C(1) << 23)
#define FRONT_DATA_GUEST UINT64_C(0x100000000)
#define FRONT_DATA_USER UINT64_C(0x7d0000000000)
#define FRONT_DATA_BYTES (UINT64_C(1) << 25)
#define FRONT_BYTES (FRONT_RINGS_BYTES + FRONT_DATA_BYTES)

/* Parts of the memory of one queue's rings. */
#define FRONT_QUEUE_BYTES UINT64_C(0x100000)
#define FRONT_AVAIL UINT64_C(0x80000)
#define FRONT_USED UINT64_C(0xa0000)

#define FRONT_PACKED VQG_F_RING_PACKED
#define FRONT_INDIRECT VQG_F_INDIRECT_DESC
#define FRONT_EVENT_IDX VQG_F_EVENT_IDX
#define FRONT_DISK (VQG_BLK_F_FLUSH | VQG_BLK_F_DISCARD | VQG_BLK_F_WRITE_ZEROES)

struct front_queue {
    struct vqg_driver driver;
    struct vqg_slot *slots;
    int kick;
    int call;
};

struct front {
    int sock;
    int memory;
    unsigned char *map;
    int region;                 /* what is in flight; -1: not asked for */
    struct vhost_user_inflight said;
    uint32_t named;             /* descriptors for which the region is asked; 0: as many as a queue has */
    bool stranger;              /* the back end is another one: it may offer less, and have another disk */
    uint64_t features;
    uint32_t queues;
    uint32_t size;
    struct front_queue queue[FRONT_QUEUES];
    struct wire_message *tape;  /* what was sent, when somebody wants to know */
    unsigned taped;
    unsigned tape_size;
};

/** A guest with its queues, and nobody who serves it; `features` beside VERSION_1. */
void front_make(struct front *f, uint64_t features, uint32_t queues, uint32_t size);
void front_remove(struct front *f);

/** What the guest has at that address. */
void *front_at(const struct front *f, uint64_t guest);

/** Connects and agrees on features; `keep`: with a region of what is in flight, a new one or the one of before. */
void front_connect(struct front *f, const struct backend *b, bool keep);
void front_hang_up(struct front *f);

/** Shares the memory. */
void front_share(struct front *f);

/** Configures a queue, from that base on; and enables it as well. */
void front_configure(struct front *f, uint32_t queue, uint32_t base);
void front_start(struct front *f, uint32_t queue, uint32_t base);

/** Stops it; the base. */
uint32_t front_stop(struct front *f, uint32_t queue);

/** All of that, for each queue from the beginning. */
void front_open(struct front *f, const struct backend *b, bool keep);

/** Sends a message; with an answer. */
void front_tell(struct front *f, const struct wire_message *m);
void front_tell_number(struct front *f, uint32_t request, uint64_t number);
void front_tell_state(struct front *f, uint32_t request, uint32_t queue, uint32_t number);
void front_ask(struct front *f, const struct wire_message *m, struct wire_message *answer);
uint64_t front_ask_number(struct front *f, uint32_t request);

/** Messages of the set-up. */
struct wire_message front_memory(const struct front *f);
struct wire_message front_rings(uint32_t queue);

/** Another driver in the same rings, which are empty then. */
void front_reset_queue(struct front *f, uint32_t queue);

#endif
