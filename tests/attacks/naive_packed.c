/* SPDX-License-Identifier: MIT */
/**
 * @file naive_packed.c
 * @brief The naive device's packed queue: it tests the head's flags as the specification says, and trusts the rest.
 */
#include "naive_device.h"
#include "packed_peer.h"

/* Bytes of an element; where its fields are. */
static uint64_t element_at(const struct naive_queue *q, uint32_t slot)
{
    return q->desc + 16u * (uint64_t)slot;
}

bool naive_packed_waits(const struct naive_queue *q)
{
    uint64_t flags = naive_get(q, element_at(q, q->last_avail) + PACKED_FLAGS, 2);
    bool avail = (flags & 0x80u) != 0u;
    bool used = (flags & 0x8000u) != 0u;
    return avail == q->avail_wrap && used != q->avail_wrap;
}

static void move_on(const struct naive_queue *q, uint16_t *slot, bool *wrap, uint32_t n)
{
    uint32_t to = *slot + n;
    if (to >= q->size) {
        to -= q->size;
        *wrap = !*wrap;
    }
    *slot = (uint16_t)to;
}

/* Every entry of a table, one behind the other. */
static uint32_t walk_table(const struct naive_queue *q, uint64_t table, uint32_t bytes, bool serve)
{
    uint32_t written = 0;
    uint32_t i;
    naive_table(table, bytes);
    for (i = 0; i < bytes / 16u; i++) {
        uint64_t d = table + 16u * (uint64_t)i;
        uint64_t flags = naive_get(q, d + PACKED_FLAGS, 2);
        written += naive_element(q, naive_get(q, d, 8), (uint32_t)naive_get(q, d + PACKED_LEN, 4),
                                 (flags & PACKED_WRITE) != 0u, serve);
    }
    return written;
}

/* Follows a list; returns how many elements of the ring it has. */
static uint32_t walk(const struct naive_queue *q, struct naive_chain *c, bool serve)
{
    uint16_t slot = c->head;
    bool wrap = false;
    uint32_t n = 0;
    uint64_t flags;
    c->written = 0;
    do {
        uint64_t d = element_at(q, slot);
        uint64_t addr = naive_get(q, d, 8);
        uint32_t len = (uint32_t)naive_get(q, d + PACKED_LEN, 4);
        flags = naive_get(q, d + PACKED_FLAGS, 2);
        c->id = (uint16_t)naive_get(q, d + PACKED_ID, 2);
        c->written += (flags & PACKED_INDIRECT) != 0u
                          ? walk_table(q, addr, len, serve)
                          : naive_element(q, addr, len, (flags & PACKED_WRITE) != 0u, serve);
        move_on(q, &slot, &wrap, 1);
        n++;
    } while ((flags & PACKED_NEXT) != 0u);
    return n;
}

void naive_packed_take(struct naive_queue *q, struct naive_chain *c)
{
    uint32_t n;
    c->head = q->last_avail;
    n = walk(q, c, false);
    q->count[c->id] = n;
    move_on(q, &q->last_avail, &q->avail_wrap, n);
}

void naive_packed_walk(const struct naive_queue *q, struct naive_chain *c, bool serve)
{
    (void)walk(q, c, serve);
}

void naive_packed_push(struct naive_queue *q, const struct naive_chain *c)
{
    uint64_t d = element_at(q, q->used_idx);
    naive_put(q, d + PACKED_LEN, 4, c->written);
    naive_put(q, d + PACKED_ID, 2, c->id);
    naive_put(q, d + PACKED_FLAGS, 2, (q->used_wrap ? PACKED_USED : 0u) | PACKED_WRITE);
    move_on(q, &q->used_idx, &q->used_wrap, q->count[c->id]);
    naive_put(q, q->used, 4, 0); /* kicks are always wanted */
    (void)naive_get(q, q->avail, 4); /* and is an interrupt? */
}
