/* SPDX-License-Identifier: MIT */
/**
 * @file split.c
 * @brief The trusting peer of a split queue.
 */
#include "bench.h"

/* Positions of the peer, as ring indices, and where its next chain begins: as a driver or as a device, in one run. */
static uint16_t position;
static uint32_t next_desc;

static void publish(unsigned char *part, uint32_t batch)
{
    position = (uint16_t)(position + batch);
    memcpy(part + 2, &position, 2);
}

/* Chains round and round the table: so they are in order, if that is what the queue is. */
static void ask(const struct ring *r, const struct shape *s, struct vqg_seg seg[BATCH_MAX][SEGMENTS_MAX])
{
    uint32_t i;
    uint32_t n;
    for (i = 0; i < s->batch; i++) {
        unsigned char *table = s->indirect ? r->tables[i] : r->desc;
        uint32_t first = s->indirect ? 0u : next_desc;
        uint32_t size = s->indirect ? s->segments : s->size;
        uint16_t head = (uint16_t)next_desc;
        for (n = 0; n < s->segments; n++) {
            uint32_t next = n + 1u < s->segments ? VQG_DESC_F_NEXT : 0u;
            put_desc(table, (first + n) % size, seg[i][n].addr, seg[i][n].len,
                     (uint16_t)(next | (seg[i][n].write ? VQG_DESC_F_WRITE : 0u)),
                     (uint16_t)(next != 0u ? (first + n + 1u) % size : 0u));
        }
        if (s->indirect) {
            put_desc(r->desc, head, (uint64_t)(uintptr_t)table, s->segments * 16u, VQG_DESC_F_INDIRECT, 0);
        }
        memcpy(r->avail + 4u + 2u * ((position + i) % s->size), &head, 2);
        next_desc = (next_desc + descriptors_of(s)) % s->size;
    }
    publish(r->avail, s->batch);
}

static void answer(const struct ring *r, const struct shape *s, const uint16_t *heads)
{
    uint32_t i;
    for (i = s->in_order ? s->batch - 1u : 0u; i < s->batch; i++) {
        unsigned char *element = r->used + 4u + 8u * ((position + (s->in_order ? 0u : i)) % s->size);
        uint32_t len = writable_of(s);
        uint32_t id = 0;
        if (heads != NULL) {
            id = heads[i];
        } else {
            memcpy(&id, r->avail + 4u + 2u * ((position + i) % s->size), 2);
        }
        memcpy(element, &id, 4);
        memcpy(element + 4, &len, 4);
    }
    publish(r->used, s->batch);
}

#define FEATURES (VQG_F_VERSION_1 | VQG_F_INDIRECT_DESC)

const struct format format_split = {"split", FEATURES, ask, answer};
const struct format format_split_in_order = {"split-in-order", FEATURES | VQG_F_IN_ORDER, ask, answer};
