/* SPDX-License-Identifier: MIT */
/**
 * @file split.c
 * @brief The trusting peer of a split queue.
 */
#include <string.h>

#include "bench.h"

/* Positions of the peer, as ring indices: one of them is used in a run. */
static uint16_t position;

static void put(unsigned char *at, uint64_t v, unsigned bytes)
{
    memcpy(at, &v, bytes);
}

static void put_desc(unsigned char *at, uint64_t addr, uint32_t len, uint32_t flags, uint32_t next)
{
    put(at, addr, 8);
    put(at + 8, len, 4);
    put(at + 12, flags, 2);
    put(at + 14, next, 2);
}

static void lay(const struct ring *r, const struct shape *s, struct vqg_seg seg[BATCH_MAX][SEGMENTS_MAX])
{
    uint32_t i;
    uint32_t n;
    for (i = 0; i < s->batch; i++) {
        unsigned char *table = s->indirect ? r->tables[i] : r->desc;
        uint32_t first = s->indirect ? 0u : i * s->segments;
        for (n = 0; n < s->segments; n++) {
            bool more = n + 1u < s->segments;
            put_desc(table + 16u * (first + n), seg[i][n].addr, seg[i][n].len,
                     (more ? VQG_DESC_F_NEXT : 0u) | (seg[i][n].write ? VQG_DESC_F_WRITE : 0u),
                     more ? first + n + 1u : 0u);
        }
        if (s->indirect) {
            put_desc(r->desc + 16u * i, (uint64_t)(uintptr_t)table, s->segments * 16u, VQG_DESC_F_INDIRECT, 0);
        }
    }
}

static void ask(const struct ring *r, const struct shape *s)
{
    uint32_t i;
    for (i = 0; i < s->batch; i++) {
        put(r->avail + 4u + 2u * ((position + i) % s->size), s->indirect ? i : i * s->segments, 2);
    }
    position = (uint16_t)(position + s->batch);
    put(r->avail + 2, position, 2);
}

static void answer(const struct ring *r, const struct shape *s, const uint16_t *heads)
{
    uint32_t i;
    for (i = 0; i < s->batch; i++) {
        uint32_t at = (position + i) % s->size;
        uint16_t head;
        if (heads != NULL) {
            head = heads[i];
        } else {
            memcpy(&head, r->avail + 4u + 2u * at, 2);
        }
        put(r->used + 4u + 8u * at, head, 4);
        put(r->used + 8u + 8u * at, s->segments > 1u ? 64u : 0u, 4);
    }
    position = (uint16_t)(position + s->batch);
    put(r->used + 2, position, 2);
}

const struct format format_split = {
    "split", VQG_F_VERSION_1 | VQG_F_INDIRECT_DESC, lay, ask, answer,
};
