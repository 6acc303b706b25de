/* SPDX-License-Identifier: MIT */
/**
 * @file packed.c
 * @brief The trusting peer of a packed queue.
 */
#include "bench.h"

/* Where the peer stands, and its wrap counter: as a driver or as a device, in one run. */
static uint32_t position;
static bool wrap = true;

static void step(const struct shape *s, uint32_t count)
{
    position += count;
    if (position >= s->size) {
        position -= s->size;
        wrap = !wrap;
    }
}

/* Nobody looks before all of it is written: the flags need not come last. */
static void ask(const struct ring *r, const struct shape *s, struct vqg_seg seg[BATCH_MAX][SEGMENTS_MAX])
{
    uint32_t i;
    uint32_t n;
    for (i = 0; i < s->batch; i++) {
        for (n = 0; n < s->segments; n++) {
            uint32_t write = seg[i][n].write ? VQG_DESC_F_WRITE : 0u;
            uint32_t next = n + 1u < s->segments ? VQG_DESC_F_NEXT : 0u;
            if (s->indirect) {
                put_desc(r->tables[i], n, seg[i][n].addr, seg[i][n].len, 0, (uint16_t)write);
            } else {
                put_desc(r->desc, position, seg[i][n].addr, seg[i][n].len, (uint16_t)i,
                         (uint16_t)(write | next | (wrap ? VQG_DESC_F_AVAIL : VQG_DESC_F_USED)));
                step(s, 1);
            }
        }
        if (s->indirect) {
            put_desc(r->desc, position, (uint64_t)(uintptr_t)r->tables[i], s->segments * 16u, (uint16_t)i,
                     (uint16_t)(VQG_DESC_F_INDIRECT | (wrap ? VQG_DESC_F_AVAIL : VQG_DESC_F_USED)));
            step(s, 1);
        }
    }
}

/* Each chain is as long as the shape says, so nothing needs to be followed. */
static void answer(const struct ring *r, const struct shape *s, const uint16_t *heads)
{
    uint32_t count = descriptors_of(s) * (s->in_order ? s->batch : 1u);
    uint32_t i;
    for (i = s->in_order ? s->batch - 1u : 0u; i < s->batch; i++) {
        unsigned char *first = r->desc + 16u * position;
        const unsigned char *last = r->desc + 16u * ((position + count - 1u) % s->size);
        uint32_t len = writable_of(s);
        uint16_t flags = (uint16_t)((wrap ? VQG_DESC_F_AVAIL | VQG_DESC_F_USED : 0u) |
                                    (len != 0u ? VQG_DESC_F_WRITE : 0u));
        memcpy(first + 12, heads != NULL ? (const void *)&heads[i] : last + 12, 2);
        memcpy(first + 8, &len, 4);
        memcpy(first + 14, &flags, 2);
        step(s, count);
    }
}

#define FEATURES (VQG_F_VERSION_1 | VQG_F_INDIRECT_DESC | VQG_F_RING_PACKED)

const struct format format_packed = {"packed", FEATURES, ask, answer};
const struct format format_packed_in_order = {"packed-in-order", FEATURES | VQG_F_IN_ORDER, ask, answer};
