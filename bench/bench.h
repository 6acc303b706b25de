/* SPDX-License-Identifier: MIT */
/**
 * @file bench.h
 * @brief The shape of the work, the memory of the queue, and what a ring format adds.
 */
#ifndef BENCH_H
#define BENCH_H

#include "vqguard/vqguard.h"

#define SEGMENTS_MAX 16u
#define BATCH_MAX 64u

/** One line of the benchmark's table. */
struct shape {
    bool indirect;
    uint32_t size;     /**< descriptors of the queue */
    uint32_t segments; /**< of a request: one is readable, the rest is writable */
    uint32_t batch;    /**< requests between two notifications */
};

/** What driver and device share. */
struct memory {
    _Alignas(4096) unsigned char desc[16u * VQG_QUEUE_SIZE_MAX];
    _Alignas(16) unsigned char avail[8u + 2u * VQG_QUEUE_SIZE_MAX];
    _Alignas(16) unsigned char used[8u + 8u * VQG_QUEUE_SIZE_MAX];
    _Alignas(16) unsigned char tables[BATCH_MAX][16u * SEGMENTS_MAX];
    _Alignas(64) unsigned char data[BATCH_MAX][SEGMENTS_MAX][64];
};

/** The trusting peer of one ring format. It is not measured. */
struct format {
    const char *name;
    uint64_t features; /**< what a queue of this format has acknowledged */
    /** As a driver: lays out one chain for each request of a batch. */
    void (*lay)(struct memory *m, const struct shape *s, struct vqg_seg seg[BATCH_MAX][SEGMENTS_MAX]);
    /** As a driver: makes those chains available once more. */
    void (*ask)(struct memory *m, const struct shape *s);
    /** As a device: returns a batch in order, the heads from the ring, or from `heads` when there are any. */
    void (*answer)(struct memory *m, const struct shape *s, const uint16_t *heads);
};

extern const struct format format_split;

#endif
