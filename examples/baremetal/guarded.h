/* SPDX-License-Identifier: MIT */
/*
 * virtio-blk over the vqguard driver endpoint: jobs of many equal requests,
 * with as many outstanding as the queue takes.
 */
#ifndef GUARDED_H
#define GUARDED_H

#include <stdbool.h>
#include <stdint.h>

#define GUARDED_BIG (1u << 20) /* most data bytes of one request */
#define GUARDED_PIECES 32u     /* most data segments of one request */

struct job {
    uint32_t type;   /* VIRTIO_BLK_T_* */
    unsigned tag;    /* the region's pattern, first sector and length; */
    uint64_t first;  /* requests walk through it, again from its start if */
    uint32_t span;   /* there are more of them */
    uint32_t count;  /* requests */
    uint32_t bytes;  /* of data a request; more than a sector: count is 1 */
    unsigned pieces; /* data segments a request */
    bool indirect;
};

struct tally {
    uint32_t done;  /* requests completed and found right */
    uint32_t full;  /* times the endpoint answered VQG_FULL */
    uint32_t kicks; /* notifications that the device had asked for */
    uint32_t most;  /* outstanding at once */
};

/* Brings up disk and endpoint with the ring features offered among wanted. */
bool guarded_open(uint64_t wanted);

uint64_t guarded_features(void);
uint64_t guarded_capacity(void);

/* Data segments of one request that the disk takes and the program has room for. */
uint32_t guarded_seg_max(void);

/* False, with a line that says why, at the first thing that is not right. */
bool guarded_run(const struct job *job, struct tally *tally);

/* One read with the callback enabled: true if the device then interrupts. */
bool guarded_callback(const struct job *job);

/* Lends the job's requests, resets the device, and counts what is reclaimed. */
bool guarded_reset(const struct job *job, uint32_t *lent, uint32_t *reclaimed);

/* Brings the disk up again under the same endpoint. */
bool guarded_restart(void);

/* Resets the device for good. */
bool guarded_close(void);

#endif
