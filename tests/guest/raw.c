/* SPDX-License-Identifier: MIT */
#include "raw.h"

#define OFFSET(address) ((address) - ATTACK_BASE)
#define AVAIL 0x80u
#define USED 0x8000u

/* Everything up to ATTACK_RDONLY. */
static _Alignas(4096) uint8_t arena[OFFSET(ATTACK_RDONLY)];

/* Of a packed ring. */
struct cursor {
    uint32_t slot;
    bool wrap;
};

/* What is written last, since it makes a request available. */
struct head {
    uint32_t slot;
    uint16_t honest;
    uint16_t flags;
};

static struct {
    bool packed;
    bool table;
    uint16_t posted;  /* split: position in the avail ring, */
    uint16_t idx;     /* and what the index becomes */
    uint16_t taken;   /* split: position in the used ring */
    struct cursor put;
    struct cursor get;
    struct cursor first;
    struct head heads[2];
    uint32_t count;              /* of heads */
    uint16_t id[ATTACK_SIZE];    /* of each request */
    uint32_t descs[ATTACK_SIZE]; /* that it has in the ring */
} raw;

void *raw_at(uint64_t address)
{
    return &arena[OFFSET(address)];
}

bool raw_rebase(uint64_t address, uint64_t *rebased)
{
    *rebased = address;
    if (address == ATTACK_BASE - 1u) {
        *rebased = RAM_BASE - 1u;
    } else if (address >= ATTACK_BASE && address < ATTACK_RDONLY) {
        *rebased = (uintptr_t)raw_at(address);
    } else if (address >= ATTACK_HOLE - 4096u && address < ATTACK_HOLE + 0x10000u) {
        *rebased = RAM_END + (address - ATTACK_HOLE);
    } else {
        return address < ATTACK_RDONLY || address > ATTACK_HOLE;
    }
    return true;
}

static void put(uint64_t address, uint32_t bytes, uint64_t value)
{
    volatile uint8_t *at = raw_at(address);

    switch (bytes) {
    case 2:
        *(volatile uint16_t *)at = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)at = (uint32_t)value;
        break;
    default:
        *(volatile uint64_t *)at = value;
        break;
    }
}

static uint64_t get(uint64_t address, uint32_t bytes)
{
    const volatile uint8_t *at = raw_at(address);

    return bytes == 2 ? *(const volatile uint16_t *)at : *(const volatile uint32_t *)at;
}

static struct cursor moved(struct cursor c, uint32_t by)
{
    c.wrap = c.slot + by >= ATTACK_SIZE ? !c.wrap : c.wrap;
    c.slot = (c.slot + by) % ATTACK_SIZE;
    return c;
}

/* Flags as of the first lap, in this one. */
static uint16_t turned(struct cursor c, uint32_t flags)
{
    return (uint16_t)(c.wrap ? flags : flags ^ (AVAIL | USED));
}

void raw_begin(bool packed)
{
    static const uint64_t parts[] = {ATTACK_DESC, ATTACK_AVAIL, ATTACK_USED, ATTACK_TABLE};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        memset(raw_at(parts[i]), 0, 4096);
    }
    memset(&raw, 0, sizeof raw);
    raw.packed = packed;
    raw.put = raw.get = (struct cursor){0, true};
    raw_mark_first();
}

struct vqg_queue raw_describe(const struct attack *a)
{
    struct vqg_queue queue = {.index = 1,
                              .size = ATTACK_SIZE,
                              .desc_addr = (uintptr_t)raw_at(ATTACK_DESC),
                              .avail_addr = (uintptr_t)raw_at(ATTACK_AVAIL),
                              .used_addr = (uintptr_t)raw_at(ATTACK_USED)};

    for (uint32_t i = 0; a != NULL && i < ATTACK_WRITES && a->writes[i].where != AT_END; i++) {
        uint64_t value = a->writes[i].value;

        (void)raw_rebase(value, &value);
        switch (a->writes[i].where) {
        case AT_QUEUE_SIZE:
            queue.size = (uint32_t)value;
            break;
        case AT_QUEUE_DESC:
            queue.desc_addr = value;
            break;
        case AT_QUEUE_AVAIL:
            queue.avail_addr = value;
            break;
        default:
            queue.used_addr = value;
            break;
        }
    }
    return queue;
}

void raw_mark_first(void)
{
    raw.first = raw.put;
}

/* ---- requests ---- */

static void put_element(uint64_t at, const struct raw_seg *seg, uint16_t third, uint16_t fourth)
{
    put(at, 8, (uintptr_t)seg->at);
    put(at + 8u, 4, seg->len);
    put(at + 12u, 2, third);
    put(at + 14u, 2, fourth);
}

static uint16_t flags_of(const struct raw_seg *seg, bool more)
{
    return (uint16_t)((seg->write ? VQG_DESC_F_WRITE : 0u) | (more ? VQG_DESC_F_NEXT : 0u));
}

static void write_split(uint32_t k, const struct raw_seg *seg, uint32_t n, uint32_t extra)
{
    uint32_t head = (raw.table ? 1u : 3u) * k;

    for (uint32_t i = 0; i < n; i++) {
        bool more = i + 1u < n;

        put_element(ATTACK_DESC + 16u * (head + i), &seg[i], flags_of(&seg[i], more) | (uint16_t)extra,
                    (uint16_t)(more ? head + i + 1u : 0));
    }
    raw.id[k] = (uint16_t)head;
    put(ATTACK_AVAIL + 4u + 2u * (raw.posted % ATTACK_SIZE), 2, head);
    raw.idx = ++raw.posted;
}

static void write_packed(uint32_t k, const struct raw_seg *seg, uint32_t n, uint32_t extra)
{
    struct head *head = &raw.heads[raw.count++];

    raw.id[k] = ATTACK_PACKED_ID(k);
    for (uint32_t i = 0; i < n; i++) {
        struct cursor c = moved(raw.put, i);
        uint16_t flags = turned(c, flags_of(&seg[i], i + 1u < n) | extra | AVAIL);

        if (i == 0) {
            *head = (struct head){c.slot, flags, flags};
            flags = turned(c, USED); /* of the lap before: not available */
        }
        put_element(ATTACK_DESC + 16u * c.slot, &seg[i], raw.id[k], flags);
    }
    raw.descs[k] = n;
    raw.put = moved(raw.put, n);
}

void raw_write(uint32_t k, const struct raw_seg *seg, uint32_t n, bool table)
{
    uint64_t at = ATTACK_TABLE + 64u * (uint64_t)k;
    struct raw_seg refers = {raw_at(at), 16u * n, false};

    raw.table = table;
    if (table) {
        for (uint32_t i = 0; i < n; i++) {
            uint16_t flags = flags_of(&seg[i], !raw.packed && i + 1u < n);

            put_element(at + 16u * i, &seg[i], raw.packed ? 0 : flags,
                        raw.packed ? flags : (uint16_t)(i + 1u < n ? i + 1u : 0));
        }
        seg = &refers;
        n = 1;
    }
    if (raw.packed) {
        write_packed(k, seg, n, table ? VQG_DESC_F_INDIRECT : 0);
    } else {
        write_split(k, seg, n, table ? VQG_DESC_F_INDIRECT : 0);
    }
}

static void publish(bool healed)
{
    platform_fence();
    while (raw.count > 0) {
        const struct head *head = &raw.heads[--raw.count];

        put(ATTACK_DESC + 16u * head->slot + 14u, 2, healed ? head->honest : head->flags);
        platform_fence();
    }
    if (!raw.packed) {
        put(ATTACK_AVAIL + 2u, 2, raw.idx);
    }
    platform_fence();
}

void raw_publish(void)
{
    publish(false);
}

bool raw_heal(void)
{
    if (get(ATTACK_DESC + 16u * raw.heads[0].slot + 14u, 2) != raw.heads[0].flags) {
        return false;
    }
    raw.count = 1;
    publish(true);
    return true;
}

bool raw_take(uint32_t *k, uint32_t *len)
{
    uint64_t at = ATTACK_DESC + 16u * raw.get.slot;
    uint64_t id;

    if (raw.packed) {
        uint64_t flags = get(at + 14u, 2);

        if (((flags & AVAIL) != 0) != raw.get.wrap || ((flags & USED) != 0) != raw.get.wrap) {
            return false;
        }
        id = get(at + 12u, 2);
        *len = (uint32_t)get(at + 8u, 4);
    } else {
        if ((uint16_t)get(ATTACK_USED + 2u, 2) == raw.taken) {
            return false;
        }
        at = ATTACK_USED + 4u + 8u * (raw.taken++ % ATTACK_SIZE);
        id = get(at, 4);
        *len = (uint32_t)get(at + 4u, 4);
    }
    for (*k = 0; *k < RAW_NOBODY && raw.id[*k] != id; (*k)++) {
    }
    if (raw.packed) {
        raw.get = moved(raw.get, *k < RAW_NOBODY ? raw.descs[*k] : 1u);
    }
    return true;
}

bool raw_is_popped(void)
{
    uint64_t position = raw.put.slot | (raw.put.wrap ? 0x8000u : 0);

    return raw.packed ? get(ATTACK_USED, 2) == position
                      : get(ATTACK_USED + 4u + 8u * ATTACK_SIZE, 2) == raw.posted;
}

/* ---- the attacker ---- */

struct field {
    uint64_t at;
    uint32_t stride;
    uint32_t bytes;
};

static const struct field split_fields[AT_QUEUE_INDEX] = {
    [AT_DESC_ADDR] = {ATTACK_DESC, 16, 8},        [AT_DESC_LEN] = {ATTACK_DESC + 8u, 16, 4},
    [AT_DESC_FLAGS] = {ATTACK_DESC + 12u, 16, 2}, [AT_DESC_NEXT] = {ATTACK_DESC + 14u, 16, 2},
    [AT_ENTRY_ADDR] = {ATTACK_TABLE, 16, 8},      [AT_ENTRY_LEN] = {ATTACK_TABLE + 8u, 16, 4},
    [AT_ENTRY_FLAGS] = {ATTACK_TABLE + 12u, 16, 2}, [AT_ENTRY_NEXT] = {ATTACK_TABLE + 14u, 16, 2},
    [AT_AVAIL_FLAGS] = {ATTACK_AVAIL, 0, 2},      [AT_AVAIL_RING] = {ATTACK_AVAIL + 4u, 2, 2},
    [AT_USED_EVENT] = {ATTACK_AVAIL + 4u + 2u * ATTACK_SIZE, 0, 2}};

static const struct field packed_fields[AT_QUEUE_INDEX] = {
    [AT_DESC_ADDR] = {ATTACK_DESC, 16, 8},        [AT_DESC_LEN] = {ATTACK_DESC + 8u, 16, 4},
    [AT_DESC_ID] = {ATTACK_DESC + 12u, 16, 2},    [AT_DESC_REQUEST] = {ATTACK_DESC + 12u, 16, 2},
    [AT_DESC_FLAGS] = {ATTACK_DESC + 14u, 16, 2}, [AT_DESC_MARK] = {ATTACK_DESC + 14u, 16, 2},
    [AT_ENTRY_ADDR] = {ATTACK_TABLE, 16, 8},      [AT_ENTRY_LEN] = {ATTACK_TABLE + 8u, 16, 4},
    [AT_ENTRY_FLAGS] = {ATTACK_TABLE + 14u, 16, 2}, [AT_DRIVER_EVENT] = {ATTACK_AVAIL, 0, 2},
    [AT_DRIVER_EVENT_FLAGS] = {ATTACK_AVAIL + 2u, 0, 2}};

static bool is_on_descriptor(enum attack_where where)
{
    return where == AT_DESC_ADDR || where == AT_DESC_LEN || where == AT_DESC_ID || where == AT_DESC_REQUEST ||
           where == AT_DESC_FLAGS || where == AT_DESC_MARK;
}

/* The flags of a head wait until it is published; false for any other descriptor. */
static bool attack_head(uint32_t slot, uint16_t flags)
{
    for (uint32_t i = 0; i < raw.count; i++) {
        if (raw.heads[i].slot == slot) {
            raw.heads[i].flags = flags;
            return true;
        }
    }
    return false;
}

static void attack_packed(const struct attack_write *w, uint64_t value)
{
    const struct field *f = &packed_fields[w->where];
    uint32_t index = w->index;

    if (is_on_descriptor(w->where)) {
        struct cursor c = moved(raw.first, w->index);

        index = c.slot;
        if (w->where == AT_DESC_REQUEST) {
            value = raw.id[value];
        } else if (w->where == AT_DESC_FLAGS || w->where == AT_DESC_MARK) {
            value = turned(c, (uint32_t)value | (w->where == AT_DESC_FLAGS ? AVAIL : 0));
            if (attack_head(index, (uint16_t)value)) {
                return;
            }
        }
    }
    put(f->at + (uint64_t)f->stride * index, f->bytes, value);
}

void raw_attack(const struct attack *a)
{
    for (uint32_t i = 0; i < ATTACK_WRITES && a->writes[i].where != AT_END; i++) {
        const struct attack_write *w = &a->writes[i];
        uint64_t value = w->value;

        if (w->where == AT_DESC_ADDR || w->where == AT_ENTRY_ADDR) {
            (void)raw_rebase(w->value, &value);
        }
        if (w->where == AT_AVAIL_IDX) {
            raw.idx = (uint16_t)value;
        } else if (raw.packed) {
            attack_packed(w, value);
        } else {
            const struct field *f = &split_fields[w->where];

            put(f->at + (uint64_t)f->stride * (w->index % ATTACK_SIZE), f->bytes, value);
        }
    }
}
