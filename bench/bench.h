/* SPDX-License-Identifier: MIT */
/**
 * @file bench.h
 * @brief The shape of the work, the memory of the queue, and what a ring format adds.
 */
#ifndef BENCH_H
#define BENCH_H

#include <string.h>

#include "vqguard/vqguard.h"

#define SEGMENTS_MAX 16u
#define BATCH_MAX 64u

/** One line of the benchmark's table. */
struct shape {
    bool indirect;
    bool in_order;     /**< a batch is returned by its last element */
    uint32_t size;     /**< descriptors of the queue */
    uint32_t segments; /**< of a request: one is readable, the rest is writable */
    uint32_t batch;    /**< requests between two notifications */
};

/** The parts of a queue, and room for the tables of a batch. */
struct ring {
    unsigned char *desc;
    unsigned char *avail;
    unsigned char *used;
    unsigned char (*tables)[16u * SEGMENTS_MAX];
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
    /** As a driver: makes one chain for each request of a batch available. */
    void (*ask)(const struct ring *r, const struct shape *s, struct vqg_seg seg[BATCH_MAX][SEGMENTS_MAX]);
    /** As a device: returns a batch in order and filled; the heads from the ring, or from `heads` if there are any. */
    void (*answer)(const struct ring *r, const struct shape *s, const uint16_t *heads);
};

extern const struct format format_split;
extern const struct format format_split_in_order;
extern const struct format format_packed;
extern const struct format format_packed_in_order;

/** Bytes of a request that a device writes. */
static inline uint32_t writable_of(const struct shape *s)
{
    return 64u * (s->segments - 1u);
}

/** Descriptors of a request in the ring. */
static inline uint32_t descriptors_of(const struct shape *s)
{
    return s->indirect ? 1u : s->segments;
}

/** Lays out descriptor `n` of a table, without what differs between the formats. */
static inline void put_desc(unsigned char *table, uint32_t n, uint64_t addr, uint32_t len, uint16_t third,
                            uint16_t fourth)
{
    unsigned char *at = table + 16u * n;
    memcpy(at, &addr, 8);
    memcpy(at + 8, &len, 4);
    memcpy(at + 12, &third, 2);
    memcpy(at + 14, &fourth, 2);
}

static inline struct ring ring_of(struct memory *m)
{
    struct ring r = {m->desc, m->avail, m->used, m->tables};
    return r;
}

/* One capability has all that the driver shares. With more, the first has all but the buffers, and the others,
 * far away, have one page each: a device's work does not touch the buffers themselves. */
#define FAR ((uint64_t)1 << 47)
#define PAGE ((uint64_t)4096)

/** First address of capability `i`. */
static inline uint64_t cap_base(const struct memory *m, uint32_t i)
{
    return i == 0u ? (uint64_t)(uintptr_t)m : FAR + PAGE * i;
}

/** Bytes of capability `i`. */
static inline uint64_t cap_size(uint32_t i)
{
    return i == 0u ? sizeof(struct memory) : PAGE;
}

/** The segments of a batch: each under another of `caps` capabilities than the one before, or a chain's under one. */
static inline void place_segments(struct memory *m, const struct shape *s, uint32_t caps, bool scattered,
                                  struct vqg_seg seg[BATCH_MAX][SEGMENTS_MAX])
{
    uint32_t i;
    uint32_t n;
    for (i = 0; i < s->batch; i++) {
        for (n = 0; n < s->segments; n++) {
            unsigned char *at = m->data[i][n];
            uint64_t lot = (uint64_t)i * SEGMENTS_MAX + (scattered ? n : 0u);
            seg[i][n] = n == 0u ? vqg_out(at, 64) : vqg_in(at, 64);
            if (caps > 1u) {
                seg[i][n].addr = FAR + PAGE * (1u + lot * 40503u % (caps - 1u)) + 64u * n;
            }
        }
    }
}

#endif
