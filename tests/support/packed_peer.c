/* SPDX-License-Identifier: MIT */
#include "packed_peer.h"

#include <string.h>

void packed_start(struct packed_peer *p, struct world *w)
{
    memset(p, 0, sizeof *p);
    p->w = w;
    p->avail.wrap = true;
    p->used.wrap = true;
}

void packed_clear(const struct packed_peer *p)
{
    memset(p->w->memory + WORLD_DESC, 0, 16u * (size_t)p->w->size);
}

void packed_move(const struct packed_peer *p, struct packed_cursor *c, uint32_t n)
{
    for (; n != 0u; n--) {
        if (++c->slot == p->w->size) {
            c->slot = 0;
            c->wrap = !c->wrap;
        }
    }
}

unsigned packed_turned(struct packed_cursor c, unsigned flags)
{
    return c.wrap ? flags : flags ^ PACKED_TURN;
}

uint16_t packed_word(struct packed_cursor c)
{
    return (uint16_t)(c.slot | (c.wrap ? 0x8000u : 0u));
}

uint64_t packed_at(uint32_t slot)
{
    return WORLD_DESC + 16u * (uint64_t)slot;
}

void packed_element(const struct packed_peer *p, uint32_t slot, uint64_t addr, uint32_t len, unsigned id,
                    unsigned flags)
{
    peer_put(p->w, packed_at(slot) + PACKED_ADDR, 8, addr);
    peer_put(p->w, packed_at(slot) + PACKED_LEN, 4, len);
    peer_put(p->w, packed_at(slot) + PACKED_ID, 2, id);
    peer_put(p->w, packed_at(slot) + PACKED_FLAGS, 2, flags);
}

/* ---- a driver ---- */

void packed_post(struct packed_peer *p, const struct vqg_seg *seg, uint32_t n, uint16_t id)
{
    const uint32_t head = p->avail.slot;
    unsigned head_flags = 0;
    uint32_t i;
    for (i = 0; i < n; i++) {
        bool last = i + 1u == n;
        unsigned flags = packed_turned(p->avail, PACKED_AVAILABLE) | (seg[i].write ? PACKED_WRITE : 0u) |
                         (last ? 0u : PACKED_NEXT);
        head_flags = i == 0u ? flags : head_flags;
        packed_element(p, p->avail.slot, seg[i].addr, seg[i].len, last ? id : PACKED_NO_ID,
                       i == 0u ? (unsigned)peer_get(p->w, packed_at(head) + PACKED_FLAGS, 2) : flags);
        packed_move(p, &p->avail, 1);
    }
    p->count[id] = n;
    peer_put(p->w, packed_at(head) + PACKED_FLAGS, 2, head_flags);
}

void packed_post_table(struct packed_peer *p, uint64_t addr, uint32_t entries, uint16_t id)
{
    packed_element(p, p->avail.slot, addr, 16u * entries, id,
                   packed_turned(p->avail, PACKED_AVAILABLE) | PACKED_INDIRECT);
    packed_move(p, &p->avail, 1);
    p->count[id] = 1;
}

bool packed_collect(struct packed_peer *p, uint16_t *id, uint32_t *len)
{
    const uint64_t at = packed_at(p->used.slot);
    unsigned flags = (unsigned)peer_get(p->w, at + PACKED_FLAGS, 2);
    if ((flags & PACKED_TURN) != packed_turned(p->used, PACKED_USED)) {
        return false;
    }
    *id = (uint16_t)peer_get(p->w, at + PACKED_ID, 2);
    *len = (flags & PACKED_WRITE) != 0u ? (uint32_t)peer_get(p->w, at + PACKED_LEN, 4) : 0u;
    packed_move(p, &p->used, p->count[*id]);
    return true;
}

/* ---- a device ---- */

bool packed_fetch(struct packed_peer *p, uint16_t *id)
{
    struct packed_cursor c = p->avail;
    uint32_t n = 0;
    unsigned flags;
    do {
        flags = (unsigned)peer_get(p->w, packed_at(c.slot) + PACKED_FLAGS, 2);
        if ((flags & PACKED_TURN) != packed_turned(c, PACKED_AVAILABLE) || n == p->w->size) {
            return false; /* n != 0: no driver writes such a list, and the test that asked for one fails */
        }
        *id = (uint16_t)peer_get(p->w, packed_at(c.slot) + PACKED_ID, 2);
        packed_move(p, &c, 1);
        n++;
    } while ((flags & PACKED_NEXT) != 0u);
    p->count[*id] = n;
    p->avail = c;
    return true;
}

void packed_return(struct packed_peer *p, uint16_t id, uint32_t len)
{
    const uint64_t at = packed_at(p->used.slot);
    peer_put(p->w, at + PACKED_LEN, 4, len);
    peer_put(p->w, at + PACKED_ID, 2, id);
    peer_put(p->w, at + PACKED_FLAGS, 2, packed_turned(p->used, PACKED_USED) | (len != 0u ? PACKED_WRITE : 0u));
    packed_move(p, &p->used, p->count[id]);
}

void packed_events(const struct packed_peer *p, bool of_driver, uint16_t off_wrap, uint16_t flags)
{
    const uint64_t at = of_driver ? WORLD_AVAIL : WORLD_USED;
    peer_put(p->w, at, 2, off_wrap);
    peer_put(p->w, at + 2u, 2, flags);
}
