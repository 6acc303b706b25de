/* SPDX-License-Identifier: MIT */
/* A queue, split or packed, as a driver or a device without the library has it. */
#include "monitor.h"

#define WRAP 0x8000u
#define NEXT 1u
#define WRITE 2u
#define INDIRECT 4u
#define AVAIL_FLAG 0x80u
#define USED_FLAG 0x8000u

void lane_begin(struct lane *l, unsigned who, bool packed, bool in_order)
{
    l->desc = AT_TABLE(who);
    l->rings = AT_RINGS(who);
    l->size = packed ? SIZE - 1u : SIZE;
    l->packed = packed;
    l->in_order = in_order;
    l->avail = packed ? WRAP : 0u;
    l->used = l->avail;
}

uint16_t lane_behind(const struct lane *l, uint16_t at, uint32_t n)
{
    const uint32_t next = (at & ~WRAP) + n;
    if (!l->packed) {
        return (uint16_t)(at + 1u);
    }
    return (uint16_t)(next >= l->size ? (next - l->size) | (~(uint32_t)at & WRAP) : at + n);
}

static size_t desc_at(const struct lane *l, uint32_t i)
{
    return l->desc + 16u * (size_t)(i % l->size);
}

static void put_desc(const struct lane *l, size_t at, const struct piece *s, uint32_t flags, uint32_t other)
{
    memory_put(at, 8, s->addr);
    memory_put(at + 8u, 4, s->len);
    memory_put(at + 12u, 2, l->packed ? other : flags);
    memory_put(at + 14u, 2, l->packed ? flags : other);
}

uint32_t lane_post(struct lane *l, const struct piece *seg, uint32_t count, uint16_t first, size_t table, uint64_t table_addr)
{
    struct piece list = {table_addr, 16u * count, false};
    const uint32_t slots = table != 0u ? 1u : count;
    uint16_t at = l->avail;
    for (uint32_t i = 0; i < count && table != 0u; i++) {
        const uint32_t flags = (seg[i].write ? WRITE : 0u) | (i + 1u < count && !l->packed ? NEXT : 0u);
        put_desc(l, table + 16u * (size_t)i, &seg[i], flags, l->packed ? 0u : i + 1u);
    }
    for (uint32_t i = 0; i < slots; i++) {
        const struct piece *s = table != 0u ? &list : &seg[i];
        const uint32_t lap = !l->packed ? 0u : (at & WRAP) != 0u ? AVAIL_FLAG : USED_FLAG;
        const uint32_t flags = (table != 0u ? INDIRECT : s->write ? WRITE : 0u) | (i + 1u < slots ? NEXT : 0u) | lap;
        put_desc(l, desc_at(l, l->packed ? at & ~WRAP : first + i), s, flags, l->packed ? first : (first + i + 1u) % l->size);
        at = l->packed ? lane_behind(l, at, 1) : at;
    }
    if (!l->packed) {
        memory_put(l->rings + 4u + 2u * (size_t)(at % l->size), 2, first);
        at++;
        memory_put(l->rings + 2u, 2, at);
    }
    l->avail = at;
    return slots;
}

void lane_return(struct lane *l, uint32_t id, uint32_t len, uint32_t slots)
{
    if (l->packed) {
        const size_t at = desc_at(l, l->used & ~WRAP);
        memory_put(at + 8u, 4, len);
        memory_put(at + 12u, 2, id);
        memory_put(at + 14u, 2, ((l->used & WRAP) != 0u ? AVAIL_FLAG | USED_FLAG : 0u) | WRITE);
    } else {
        memory_put(l->rings + USED_PART + 4u + 8u * (size_t)(l->used % l->size), 4, id);
        memory_put(l->rings + USED_PART + 8u + 8u * (size_t)(l->used % l->size), 4, len);
        memory_put(l->rings + USED_PART + 2u, 2, (uint16_t)(l->used + 1u));
    }
    l->used = lane_behind(l, l->used, slots);
}

/* ---------------------------------------------------------------- what the library has stored */

static uint64_t stored(size_t at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = bytes; i != 0u; i--) {
        value = value << 8 | by_library[at + i - 1u];
    }
    return value;
}

bool lane_used(const struct lane *l, struct used *u)
{
    size_t at = l->rings + USED_PART + 4u + 8u * (size_t)(l->used % l->size);
    if (!l->packed) {
        u->id = (uint32_t)stored(at, 4);
        u->len = (uint32_t)stored(at + 4u, 4);
        return l->used != (uint16_t)stored(l->rings + USED_PART + 2u, 2);
    }
    at = desc_at(l, l->used & ~WRAP); /* both sides write there */
    u->len = (uint32_t)memory_get(at + 8u, 4);
    u->id = (uint32_t)memory_get(at + 12u, 2);
    return (memory_get(at + 14u, 2) & (AVAIL_FLAG | USED_FLAG)) == ((l->used & WRAP) != 0u ? AVAIL_FLAG | USED_FLAG : 0u);
}

static uint32_t get_desc(const struct lane *l, size_t at, struct piece *s, uint32_t *other)
{
    const uint32_t first = (uint32_t)stored(at + 12u, 2);
    const uint32_t second = (uint32_t)stored(at + 14u, 2);
    s->addr = stored(at, 8);
    s->len = (uint32_t)stored(at + 8u, 4);
    *other = l->packed ? first : second;
    s->write = ((l->packed ? second : first) & WRITE) != 0u;
    return l->packed ? second : first;
}

/* A table of the library's own: where it lies, the device knows by its address. */
static int table_chain(const struct lane *l, const struct piece *list, struct piece *seg, uint32_t room)
{
    const uint32_t count = list->len / 16u;
    size_t at = SIZE_MAX;
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (list->addr >= IO_BUS(i) && list->addr - IO_BUS(i) <= JOBS * IO_BYTES - list->len) {
            at = AT_IO(i) + (size_t)(list->addr - IO_BUS(i));
        }
    }
    HOLDS(at != SIZE_MAX && list->len % 16u == 0u && count != 0u && count <= room,
          "the device is led to a table that is not the monitor's");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t other;
        const uint32_t flags = get_desc(l, at + 16u * (size_t)i, &seg[i], &other);
        HOLDS((flags & INDIRECT) == 0u && (l->packed || (flags & NEXT) == (i + 1u < count ? NEXT : 0u)) &&
                  (l->packed || i + 1u == count || other == i + 1u),
              "the device's table is no list");
    }
    return (int)count;
}

int lane_chain(struct lane *l, struct piece *seg, uint32_t room, uint64_t *table, uint16_t *id, uint32_t *slots)
{
    uint16_t at = l->avail;
    uint32_t i = at & ~WRAP;
    uint32_t other = 0;
    uint32_t flags;
    int count = 0;
    *table = 0;
    *slots = 0;
    if (!l->packed) {
        if (at == (uint16_t)stored(l->rings + 2u, 2)) {
            return -1;
        }
        i = (uint32_t)stored(l->rings + 4u + 2u * (size_t)(at % l->size), 2);
        HOLDS(i < l->size, "the device is led to descriptor %u", (unsigned)i);
        *id = (uint16_t)i;
    }
    do {
        const uint32_t wanted = (at & WRAP) != 0u ? AVAIL_FLAG : USED_FLAG;
        struct piece s;
        flags = get_desc(l, desc_at(l, i), &s, &other);
        if (l->packed && (flags & (AVAIL_FLAG | USED_FLAG)) != wanted) {
            HOLDS(count == 0, "a list of the device's queue has no end");
            return -1;
        }
        HOLDS((uint32_t)count < room && *slots < l->size, "a chain of the device's queue has no end");
        *slots += 1u;
        if ((flags & INDIRECT) != 0u) {
            HOLDS(count == 0 && (flags & NEXT) == 0u, "a table is not alone");
            *table = s.addr;
            count = table_chain(l, &s, seg, room);
        } else {
            seg[count++] = s;
        }
        at = l->packed ? lane_behind(l, at, 1) : at;
        i = l->packed ? at & ~WRAP : other;
        HOLDS((flags & NEXT) == 0u || i < l->size, "a chain of the device's queue leaves it");
    } while ((flags & NEXT) != 0u);
    if (l->packed) {
        *id = (uint16_t)other;
        l->avail = at;
    } else {
        l->avail++;
    }
    return count;
}
