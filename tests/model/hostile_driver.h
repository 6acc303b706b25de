/* SPDX-License-Identifier: MIT */
/*
 * What the driver of the device comparison writes: honest chains, and single fields of them turned
 * hostile, so that good chains and every broken rule turn up often.
 */
#ifndef VQG_TEST_HOSTILE_DRIVER_H
#define VQG_TEST_HOSTILE_DRIVER_H

#include "guest.h"

/* ---------------------------------------------------------------- honest chains */

/* A place for `len` bytes in the data area, under one capability with the right. */
static inline bool guest_pick(const struct guest *g, bool write, uint64_t len, uint64_t *addr)
{
    for (unsigned tries = 0; tries < 12u; tries++) {
        const struct vqg_cap *c = &g->caps[below(g->cap_count)];
        uint64_t skip = c->base < g->data ? g->data - c->base : 0;
        if (c->map != NULL && (c->rights & (write ? VQG_CAP_WRITE : VQG_CAP_READ)) != 0u && skip < c->size &&
            len <= c->size - skip) {
            *addr = c->base + skip + below(c->size - skip - len + 1u);
            return true;
        }
    }
    *addr = g->data;
    return false;
}

static inline void put_element(struct guest *g, uint64_t at, bool write, uint32_t least, unsigned flags, uint32_t next)
{
    uint32_t len = least + (uint32_t)(chance(1, 12) ? below(1024) : below(48));
    uint64_t addr;
    if (len == 0u && !chance(1, 40)) {
        len = 1;
    }
    if (g->giant_chain && chance(2, 3)) {
        len = chance(1, 2) ? 0x7fffffffu + (uint32_t)below(2) : (uint32_t)below(UINT32_MAX);
        addr = GIANT_BASE + below(GIANT_SIZE - UINT32_MAX);
    } else if (chance(1, 40)) {
        /* Over the end of a capability: into the next one, or into a hole. */
        const struct vqg_cap *c = &g->caps[below(g->cap_count)];
        addr = c->base + c->size - 1u - below(8);
    } else {
        (void)guest_pick(g, write, len, &addr);
    }
    put_desc(g, at, addr, len, (uint16_t)(flags | (write ? SM_DESC_WRITE : 0u)), (uint16_t)next);
}

/* A descriptor that is neither available nor in flight. */
static inline bool guest_free(struct guest *g, const struct sm_dev *m, uint32_t *id)
{
    for (uint32_t n = 0; n < g->entries; n++) {
        *id = g->cursor;
        g->cursor = (g->cursor + 1u) % g->entries;
        if (g->link[*id] == GUEST_IDLE && m->owner[*id] < 0) {
            return true;
        }
    }
    return false;
}

/* Writes `count` elements as a table, in shuffled order; fewer when there is no room for so many. */
static inline void put_table(struct guest *g, uint32_t count, uint32_t reads, const uint32_t *least)
{
    static uint32_t order[256];
    uint32_t entries;
    uint32_t i;
    count = count > 250u ? 250u : count;
    entries = count + (chance(1, 3) ? (uint32_t)below(4) : 0u);
    if (!guest_pick(g, false, 16u * (uint64_t)entries, &g->table)) {
        count = entries = 1;
        (void)guest_pick(g, false, 16, &g->table);
    }
    g->table_bytes = 16u * entries;
    for (i = 0; i < entries; i++) {
        order[i] = i;
    }
    for (i = 1; i + 1u < entries; i++) { /* entry 0 comes first */
        uint32_t other = i + (uint32_t)below(entries - i);
        uint32_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    for (i = 0; i < count; i++) {
        bool more = i + 1u < count;
        put_element(g, g->table + 16u * (uint64_t)order[i], i >= reads, i == 0u || i == reads ? least[i >= reads] : 0u,
                    more ? SM_DESC_NEXT : 0u, more ? order[i + 1u] : (uint32_t)below(0x10000));
    }
}

/* Writes an honest chain of about `count` elements, `reads` of them readable; false without a free descriptor. */
static inline bool put_chain(struct guest *g, const struct sm_dev *m, uint32_t count, uint32_t reads, uint32_t direct,
                             const uint32_t *least, uint32_t *head)
{
    bool table = direct < count;
    uint32_t ids = table ? direct + 1u : direct;
    uint32_t id;
    uint32_t i;
    g->place_count = 0;
    g->table_bytes = 0;
    g->giant_chain = g->giant && chance(1, 8);
    g->cursor = (uint32_t)below(g->entries);
    if (!guest_free(g, m, &id)) {
        return false;
    }
    *head = id;
    for (i = 0; i < ids; i++) {
        uint64_t at = g->part[DESC] + 16u * (uint64_t)id;
        uint32_t next = 0;
        bool more;
        g->link[id] = GUEST_LAST;
        more = i + 1u < ids && guest_free(g, m, &next);
        if (table && (i == direct || !more)) {
            put_table(g, count - direct, reads > i ? reads - i : 0u, least);
            next = (uint32_t)below(0x10000);
            put_desc(g, at, g->table, g->table_bytes, SM_DESC_INDIRECT | (chance(1, 8) ? SM_DESC_WRITE : 0u),
                     (uint16_t)next);
            return true;
        }
        put_element(g, at, i >= reads, i == 0u || i == reads ? least[i >= reads] : 0u, more ? SM_DESC_NEXT : 0u,
                    more ? next : (uint32_t)below(0x10000));
        if (!more) {
            return true;
        }
        g->link[id] = (int32_t)next;
        id = next;
    }
    return true;
}

/* ---------------------------------------------------------------- hostile fields */

/* An address at one of the edges where readers go wrong. */
static inline uint64_t odd_address(const struct guest *g)
{
    const struct vqg_cap *c = &g->caps[below(g->cap_count)];
    uint64_t part = g->part[below(3)];
    switch (below(8)) {
    case 0:
        return sm_random_next(&run.random);
    case 1:
        return c->base + c->size - below(20);
    case 2:
        return c->base - below(20);
    case 3:
        return g->edge - below(40);
    case 4:
        return below(64) - 32u; /* across the end of the address space, too */
    case 5:
        return part + below(64) - 8u;
    default:
        return g->base + below(g->size);
    }
}

static inline uint32_t odd_length(void)
{
    static const uint32_t lengths[] = {0, 1, 15, 16, 17, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
    uint32_t length = lengths[below(9)];
    return chance(1, 3) ? (uint32_t)below(UINT64_C(1) << 32) : length + (uint32_t)below(2);
}

/* Any descriptor at all, of values that get far enough to break something. */
static inline void put_odd(struct guest *g, uint64_t at)
{
    uint64_t addr = odd_address(g);
    uint32_t len = chance(1, 4) ? odd_length() : (uint32_t)below(64);
    unsigned flags = (unsigned)below(chance(1, 3) ? 8u : 4u);
    flags |= chance(1, 16) ? 1u << below(16) : 0u;
    if ((flags & SM_DESC_INDIRECT) != 0u || chance(1, 2)) {
        (void)guest_pick(g, chance(1, 2), 256, &addr);
        len = len / 16u * 16u % 256u;
    }
    put_desc(g, at, addr, len, (uint16_t)flags, (uint16_t)below(chance(1, 8) ? 0x10000u : g->entries));
}

/* Turns one field of the latest chain hostile. */
static inline void mutate(struct guest *g, const struct sm_dev *m)
{
    uint64_t at = g->places[below(g->place_count)];
    uint8_t *p = guest_at(g, at);
    uint64_t addr = sm_get64(p, g->big);
    uint32_t len = sm_get32(p + 8, g->big);
    unsigned flags = sm_get16(p + 12, g->big);
    uint32_t next = sm_get16(p + 14, g->big);
    unsigned part = (unsigned)below(3);
    switch (below(14)) {
    case 0:
    case 1:
        addr = odd_address(g);
        break;
    case 2:
        len = chance(1, 2) ? odd_length() : len + 1u;
        break;
    case 3:
        flags ^= 1u << below(3);
        break;
    case 4:
        flags |= SM_DESC_INDIRECT; /* also inside a table */
        break;
    case 5:
        flags |= 8u << below(13);
        break;
    case 6:
        flags |= SM_DESC_NEXT;
        next = chance(1, 2) ? g->entries + (uint32_t)below(2) : (uint32_t)below(0x10000);
        break;
    case 7:
        flags |= SM_DESC_NEXT; /* a loop, or into another chain */
        next = (uint32_t)below(g->entries);
        break;
    case 8:
        flags |= SM_DESC_WRITE; /* the queue writes itself */
        addr = g->part[part] + below(part_bytes(part, g->entries) + 8u) - 7u;
        break;
    case 9:
        flags |= SM_DESC_WRITE; /* the chain writes its own table */
        addr = g->table_bytes != 0u ? g->table + below(g->table_bytes) : addr;
        break;
    case 10:
        len = len / 16u * 16u + 16u * (uint32_t)below(2u * g->entries); /* a longer table */
        flags = (flags & ~SM_DESC_NEXT) | (chance(1, 4) ? SM_DESC_INDIRECT : 0u);
        break;
    case 11:
        len = 0;
        break;
    case 12:
        if (g->table_bytes != 0u && g->place_count < GUEST_PLACES) {
            const struct vqg_cap *c = &g->caps[below(g->cap_count)];
            at = g->places[g->place_count - 1u]; /* what refers to the table was written last */
            addr = chance(1, 2) ? odd_address(g) : c->base + c->size - g->table_bytes + below(3) - 1u;
            len = g->table_bytes;
            flags = SM_DESC_INDIRECT;
        }
        break;
    default:
        for (unsigned tries = 0; tries < 8u; tries++) {
            next = (uint32_t)below(g->entries);
            flags |= SM_DESC_NEXT;
            if (m->owner[next] >= 0) {
                break; /* a descriptor in flight */
            }
        }
        break;
    }
    detail("one field turned hostile:");
    put_desc(g, at, addr, len, (uint16_t)flags, (uint16_t)next);
}

#endif
