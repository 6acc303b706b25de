/* SPDX-License-Identifier: MIT */
/*
 * The guest of the device comparison: its memory, at addresses that are not the host's, with random
 * places for the three parts of a queue and random capabilities over it. Written byte by byte; the
 * only thing known of the library is the capability type.
 */
#ifndef VQG_TEST_GUEST_H
#define VQG_TEST_GUEST_H

#include "compare.h"

#define GUEST_CAPS 12u /* at most 3 for the parts, 5 for the data, the giant */
#define GUEST_PLACES 64u
#define GUEST_IDLE (-2) /* link of a descriptor that is in no available chain */
#define GUEST_LAST (-1)

/* A grant with nothing behind it, so large that the lengths of a chain can pass 2^32. */
#define GIANT_BASE (UINT64_C(1) << 40)
#define GIANT_SIZE (UINT64_C(1) << 34)

enum guest_part { DESC, AVAIL, USED };

struct guest {
    uint8_t *bytes;      /* address base + i is bytes[i] */
    uint64_t base;
    uint64_t size;
    bool big;
    uint64_t features;
    uint32_t entries;    /* of the queue */
    uint64_t part[3];    /* addresses */
    uint64_t data;       /* address behind the parts */
    uint64_t edge;       /* highest address that the device accepts */
    struct vqg_cap caps[GUEST_CAPS];
    struct sm_capability grants[GUEST_CAPS];
    uint32_t cap_count;
    bool giant;
    bool giant_chain;    /* the latest chain has elements there */
    uint16_t idx;        /* next position of the avail ring */
    uint32_t cursor;
    int32_t link[32768]; /* the driver's own note: the chains it made available and nobody took yet */
    uint64_t places[GUEST_PLACES]; /* some descriptors of the latest chain, for mutations */
    uint32_t place_count;
    uint64_t table;      /* of the latest chain; 0 bytes: none */
    uint32_t table_bytes;
};

static inline uint64_t part_bytes(unsigned part, uint64_t entries)
{
    return part == DESC ? 16u * entries : part == AVAIL ? 6u + 2u * entries : 6u + 8u * entries;
}

static inline uint8_t *guest_at(const struct guest *g, uint64_t addr)
{
    return g->bytes + (size_t)(addr - g->base);
}

static inline uint64_t avail_entry(const struct guest *g, uint16_t position)
{
    return g->part[AVAIL] + 4u + 2u * (uint64_t)(position % g->entries);
}

static inline void put_desc(struct guest *g, uint64_t at, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
    uint8_t *p = guest_at(g, at);
    sm_put64(p, addr, g->big);
    sm_put32(p + 8, len, g->big);
    sm_put16(p + 12, flags, g->big);
    sm_put16(p + 14, next, g->big);
    if (g->place_count < GUEST_PLACES) {
        g->places[g->place_count++] = at;
    } else if (chance(1, 8)) {
        g->places[below(GUEST_PLACES)] = at;
    }
    detail("descriptor at 0x%" PRIx64 ": addr 0x%" PRIx64 ", len %" PRIu32 ", flags 0x%x, next %u", at, addr, len,
           flags, next);
}

static inline void put_random(struct guest *g, uint64_t at, uint64_t bytes)
{
    while (bytes-- != 0u) {
        *guest_at(g, at++) = (uint8_t)below(256);
    }
}

/* ---------------------------------------------------------------- layout */

static inline void grant(struct guest *g, uint64_t base, uint64_t size, unsigned rights, bool mapped)
{
    struct vqg_cap *caps = g->caps;
    uint32_t i = g->cap_count++;
    for (; i != 0u && caps[i - 1u].base > base; i--) {
        caps[i] = caps[i - 1u];
        g->grants[i] = g->grants[i - 1u];
    }
    memset(&caps[i], 0, sizeof caps[i]);
    caps[i].base = base;
    caps[i].size = size;
    caps[i].bus = chance(1, 8) ? UINT64_MAX - size + 1u : below(UINT64_C(1) << 48);
    caps[i].map = mapped ? guest_at(g, base) : NULL;
    caps[i].token = sm_random_next(&run.random);
    caps[i].rights = rights;
    g->grants[i] = (struct sm_capability){base, size, rights, caps[i].bus};
    detail("capability 0x%" PRIx64 " + 0x%" PRIx64 " %s%s", base, size, (rights & SM_RIGHT_READ) != 0u ? "R" : "",
           (rights & SM_RIGHT_WRITE) != 0u ? "W" : "");
}

/* Cuts the data area into pieces: adjacent ones, holes, each right alone. */
static inline void grant_data(struct guest *g)
{
    static const unsigned rights[] = {3, 3, 3, 1, 2, 1, 2, 0};
    uint64_t at = g->data;
    uint64_t end = g->base + (g->size - 1u); /* the last byte: the one after it may have no address */
    unsigned left = 1u + (unsigned)below(5);
    unsigned right = 3; /* the first piece takes everything, for the honest */
    for (;;) {
        uint64_t rest = end - at + 1u;
        uint64_t size = left == 1u ? rest : 1u + below(rest);
        if (right != 0u) {
            grant(g, at, size, right, true);
        }
        if (size == rest || --left == 0u) {
            return;
        }
        at += size;
        right = rights[below(8)];
    }
}

/* Memory, parts and capabilities for a queue of so many entries. */
static inline void guest_make(struct guest *g, uint32_t entries, uint64_t features, bool big)
{
    static const uint64_t aligns[3] = {16, 2, 4};
    static const uint64_t bases[4] = {0, 0x10000, 0x40000000, UINT64_C(1) << 63};
    uint64_t at = chance(1, 2) ? 0 : 16u * below(9);
    unsigned first = (unsigned)below(3);
    unsigned style = (unsigned)below(3);
    unsigned i;
    g->features = features;
    g->big = big;
    g->entries = entries;
    g->cap_count = 0;
    g->place_count = 0;
    for (i = 0; i < 3u; i++) {
        unsigned part = (first + i) % 3u;
        at = (at + aligns[part] - 1u) / aligns[part] * aligns[part];
        g->part[part] = at;
        at += part_bytes(part, entries);
        at += chance(1, 2) ? 0 : below(40);
    }
    g->data = at;
    g->size = (at + 0x800u + 0x400u * below(12) + 63u) / 64u * 64u;
    g->bytes = aligned_alloc(64, (size_t)g->size);
    if (g->bytes == NULL) {
        abort();
    }
    memset(g->bytes, chance(1, 4) ? (int)below(256) : 0, (size_t)g->size);
    i = (unsigned)below(6);
    g->base = i < 4u ? bases[i] : 0u - g->size; /* else up to the last address there is */
    g->data += g->base;
    detail("memory 0x%" PRIx64 " + 0x%" PRIx64 ", data from 0x%" PRIx64, g->base, g->size, g->data);
    for (i = 0; i < 3u; i++) {
        g->part[i] += g->base;
        detail("part %u at 0x%" PRIx64, i, g->part[i]);
        if (style == 0u) {
            grant(g, g->part[i], part_bytes(i, entries), i == USED ? VQG_CAP_WRITE : VQG_CAP_READ, true);
        }
    }
    if (style == 1u) {
        grant(g, g->base, g->data - g->base, VQG_CAP_READ | VQG_CAP_WRITE, true);
    }
    if (style == 2u) {
        grant(g, g->base, g->size, VQG_CAP_READ | VQG_CAP_WRITE, true);
    } else {
        grant_data(g);
    }
    g->giant = chance(1, 3);
    if (g->giant) {
        /* Nothing may be fetched from there: readable only when no table is ever entered. */
        grant(g, GIANT_BASE, GIANT_SIZE,
              (features & SM_FEATURE_INDIRECT_DESC) != 0u ? VQG_CAP_WRITE : VQG_CAP_READ | VQG_CAP_WRITE, false);
    }
}

/* Segments that one element can become: the longest run of adjacent capabilities. */
static inline uint32_t guest_run(const struct guest *g)
{
    uint32_t longest = 1;
    uint32_t length = 1;
    for (uint32_t i = 1; i < g->cap_count; i++) {
        length = g->caps[i].base == g->caps[i - 1u].base + g->caps[i - 1u].size ? length + 1u : 1u;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* The driver begins anew: nothing is available, its next position is `idx`. */
static inline void guest_restart(struct guest *g, uint32_t entries, uint16_t idx)
{
    g->entries = entries;
    g->idx = idx;
    for (uint32_t i = 0; i < entries; i++) {
        g->link[i] = GUEST_IDLE;
    }
    sm_put16(guest_at(g, g->part[AVAIL] + 2u), idx, g->big);
}

/* A chain was taken: its descriptors belong to the device, or are free. */
static inline void guest_taken(struct guest *g, uint32_t head)
{
    int32_t i = (int32_t)head;
    while (i >= 0) {
        int32_t next = g->link[i];
        g->link[i] = GUEST_IDLE;
        i = next;
    }
}

#endif
