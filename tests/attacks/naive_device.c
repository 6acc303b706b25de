/* SPDX-License-Identifier: MIT */
/**
 * @file naive_device.c
 * @brief A device without a guard: the trusting loop of the textbooks over avail ring, descriptors and tables.
 *
 * It believes indices, heads, links, lengths and addresses as they stand, walks
 * each chain once to size it and once to serve it, and reaches the driver's
 * memory as one flat block. What it touches is noted beside it (`seen`), so that
 * harm without a crash is told as well; nothing of that changes what it does.
 */
#define _DEFAULT_SOURCE
#include "naive_device.h"
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static struct {
    struct naive_queue *queue[1];
} device;

/* ---- what it did, noted by the observer ---- */

struct touch {
    uint64_t addr;
    uint64_t bytes;
    bool write;
    bool element; /* a buffer, not a ring part or a table */
};

static struct {
    struct touch touch[256];
    size_t touches;
    uint32_t served;
    uint32_t readable;  /* bytes of elements */
    uint32_t written;
    uint32_t sum; /* so that what is read is used */
    bool behind_table;  /* a descriptor was fetched from behind its table */
    uint64_t table;     /* the latest indirect table */
    uint64_t table_bytes;
} seen;

static void note(uint64_t addr, uint64_t bytes, bool write, bool element)
{
    struct touch t = {addr, bytes, write, element};
    if (bytes != 0u && seen.touches < sizeof seen.touch / sizeof seen.touch[0]) {
        seen.touch[seen.touches++] = t;
    }
}

/* ---- the device ---- */

static unsigned char *at(const struct naive_queue *q, uint64_t addr)
{
    return (unsigned char *)((uintptr_t)q->memory + (uintptr_t)(addr - ATTACK_BASE));
}

uint64_t naive_get(const struct naive_queue *q, uint64_t addr, unsigned bytes)
{
    const volatile unsigned char *p = at(q, addr);
    uint64_t v = 0;
    unsigned i;
    for (i = 0; i < bytes; i++) {
        v |= (uint64_t)p[i] << (8u * i);
    }
    note(addr, bytes, false, false);
    return v;
}

void naive_put(const struct naive_queue *q, uint64_t addr, unsigned bytes, uint64_t v)
{
    volatile unsigned char *p = at(q, addr);
    unsigned i;
    for (i = 0; i < bytes; i++) {
        p[i] = (unsigned char)(v >> (8u * i));
    }
    note(addr, bytes, true, false);
}

static void transfer(const struct naive_queue *q, uint64_t addr, uint32_t len, bool write)
{
    volatile unsigned char *p = at(q, addr);
    uint32_t i;
    for (i = 0; i < len; i++) {
        if (write) {
            p[i] = 0x5a;
        } else {
            seen.sum += p[i];
        }
    }
    note(addr, len, write, true);
    seen.readable += write ? 0u : len;
    seen.written += write ? len : 0u;
}

uint32_t naive_element(const struct naive_queue *q, uint64_t addr, uint32_t len, bool write, bool serve)
{
    if (serve) {
        transfer(q, addr, len, write);
    }
    return write ? len : 0u;
}

void naive_table(uint64_t addr, uint64_t bytes)
{
    seen.table = addr;
    seen.table_bytes = bytes;
}

/* Follows a chain of a split queue. */
static void walk_split(const struct naive_queue *q, struct naive_chain *c, bool serve)
{
    uint64_t table = q->desc;
    uint64_t table_bytes = 16u * (uint64_t)q->size;
    uint32_t i = c->head;
    uint64_t flags;
    c->written = 0;
    do {
        uint64_t d = table + 16u * (uint64_t)i;
        uint64_t addr = naive_get(q, d, 8);
        uint32_t len = (uint32_t)naive_get(q, d + 8u, 4);
        flags = naive_get(q, d + 12u, 2);
        seen.behind_table = seen.behind_table || 16u * ((uint64_t)i + 1u) > table_bytes;
        if ((flags & VQG_DESC_F_INDIRECT) != 0u) {
            table = addr;
            table_bytes = len;
            naive_table(addr, len);
            i = 0;
            flags = VQG_DESC_F_NEXT;
            continue;
        }
        c->written += naive_element(q, addr, len, (flags & VQG_DESC_F_WRITE) != 0u, serve);
        i = (uint32_t)naive_get(q, d + 14u, 2);
    } while ((flags & VQG_DESC_F_NEXT) != 0u);
}

static void take_split(struct naive_queue *q, struct naive_chain *c)
{
    uint64_t entry = q->avail + 4u + 2u * (uint64_t)(q->last_avail % q->size);
    q->last_avail++;
    c->head = c->id = (uint16_t)naive_get(q, entry, 2);
    walk_split(q, c, false);
}

static void push_split(struct naive_queue *q, const struct naive_chain *c)
{
    uint64_t element = q->used + 4u + 8u * (uint64_t)(q->used_idx % q->size);
    naive_put(q, element, 4, c->id);
    naive_put(q, element + 4u, 4, c->written);
    naive_put(q, q->used + 2u, 2, ++q->used_idx);
    (void)naive_get(q, q->avail + 4u + 2u * (uint64_t)q->size, 2); /* is an interrupt wanted? */
}

/* Takes a chain and learns how long it is. */
static void take(struct naive_queue *q, struct naive_chain *c)
{
    if (q->packed) {
        naive_packed_take(q, c);
    } else {
        take_split(q, c);
    }
}

static void serve(struct naive_queue *q, struct naive_chain *c)
{
    if (q->packed) {
        naive_packed_walk(q, c, true);
    } else {
        walk_split(q, c, true);
    }
}

static void push(struct naive_queue *q, const struct naive_chain *c)
{
    if (q->packed) {
        naive_packed_push(q, c);
    } else {
        push_split(q, c);
    }
    seen.served++;
}

/* The driver wrote `value` to the notification register. */
static void notified(uint32_t value, bool with_data)
{
    struct naive_queue *q = device.queue[with_data ? value & 0xffffu : value];
    uint16_t idx = (uint16_t)(with_data ? value >> 16 : q->packed ? 0u : naive_get(q, q->avail + 2u, 2));
    while (!q->packed ? q->last_avail != idx
                      : with_data ? (uint16_t)(q->last_avail | (q->avail_wrap ? 0x8000u : 0u)) != idx
                                  : naive_packed_waits(q)) {
        struct naive_chain c;
        take(q, &c);
        serve(q, &c);
        push(q, &c);
    }
}

/* ---- the attack on it ---- */

unsigned char *fenced_memory(size_t bytes)
{
    size_t fence = sizeof(void *) > 4u ? (size_t)1 << 31 : (size_t)1 << 24;
    unsigned char *p = mmap(NULL, bytes + 2u * fence, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || mprotect(p + fence, bytes, PROT_READ | PROT_WRITE) != 0) {
        abort();
    }
    return p + fence;
}

static bool granted(const struct touch *t)
{
    static const struct {
        uint64_t first, end;
        bool read, write;
    } grants[] = {{ATTACK_BASE, ATTACK_RDONLY, true, true},
                  {ATTACK_RDONLY, ATTACK_WRONLY, true, false},
                  {ATTACK_WRONLY, ATTACK_HOLE, false, true}};
    uint64_t b;
    for (b = t->addr; b < t->addr + t->bytes; b++) {
        size_t i;
        bool ok = false;
        for (i = 0; i < 3u; i++) {
            ok = ok || (b >= grants[i].first && b < grants[i].end && (t->write ? grants[i].write : grants[i].read));
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool overlaps(const struct touch *t, uint64_t addr, uint64_t bytes)
{
    return bytes != 0u && t->addr < addr + bytes && addr < t->addr + t->bytes;
}

/* What the notes say, the worst first; null when one chain was served within its bounds. */
static const char *harm(const struct attack *a, const struct naive_queue *q)
{
    size_t i;
    for (i = 0; i < seen.touches; i++) {
        if (!granted(&seen.touch[i])) {
            return seen.touch[i].write ? "wrote memory that was not granted" : "read memory that was not granted";
        }
    }
    for (i = 0; i < seen.touches; i++) {
        const struct touch *t = &seen.touch[i];
        if (t->write && ((t->element && (overlaps(t, q->avail, q->packed ? 4u : 6u + 2u * q->size) ||
                                         overlaps(t, q->used, q->packed ? 4u : 6u + 8u * q->size))) ||
                         ((t->element || !q->packed || t->addr == q->used) && overlaps(t, q->desc, 16u * q->size)) ||
                         overlaps(t, seen.table, seen.table_bytes))) {
            return "overwrote its own queue";
        }
        if (a->lent != 0u && t->element && (overlaps(t, ATTACK_HEADER(0), 0x1000))) {
            return "gave one buffer to two requests";
        }
    }
    if (seen.served == 0u) {
        return "no effect";
    }
    if (seen.served != 1u) {
        return "executed chains that were never made available";
    }
    if (seen.behind_table) {
        return "executed what lies behind the table";
    }
    return NULL;
}

/* A hostile driver posts in the parts that it named, wherever in its memory they are. */
static void move_part(struct world *w, uint64_t to, uint64_t from, size_t bytes)
{
    if (to != from && to >= ATTACK_BASE && to - ATTACK_BASE <= WORLD_BYTES - bytes) {
        memmove(w->memory + (to - ATTACK_BASE), w->memory + (from - ATTACK_BASE), bytes);
    }
}

/* By identifiers, up to a page that faults. */
static uint32_t *counts(uint32_t size)
{
    const size_t page = 65536; /* a multiple of any page's size */
    return (uint32_t *)(void *)(fenced_memory(page) + page) - size;
}

void naive_device_play(const struct attack *a, bool packed, char *text, size_t bytes)
{
    static struct naive_queue q;
    static struct world w; /* only its memory and configuration are in use */
    static struct stage stage;
    const bool data = (a->features & VQG_F_NOTIFICATION_DATA) != 0u;
    struct naive_chain c;
    const char *found;
    uint32_t i;
    w.memory = fenced_memory(WORLD_BYTES);
    w.size = ATTACK_SIZE;
    w.queue.size = ATTACK_SIZE;
    w.queue.desc_addr = ATTACK_DESC;
    w.queue.avail_addr = ATTACK_AVAIL;
    w.queue.used_addr = ATTACK_USED;
    stage_begin(&stage, &w, a, packed);
    if (a->when == WHEN_SET_UP) {
        stage_apply(&stage);
    }
    q = (struct naive_queue){w.memory, w.queue.size, w.queue.desc_addr, w.queue.avail_addr, w.queue.used_addr, 0, 0,
                             packed, true, true, counts(ATTACK_SIZE)};
    device.queue[w.queue.index] = &q;
    for (i = 0; i < a->rounds; i++) {
        stage_post(&stage, 0);
        notified(stage.notify, data);
    }
    stage_mark_first(&stage);
    if (a->lent != 0u) {
        stage_post(&stage, 0);
        take(&q, &c);
    }
    stage_post(&stage, a->lent);
    memset(&seen, 0, sizeof seen);
    if (a->when == WHEN_POPPED) {
        take(&q, &c);
        stage_apply(&stage);
        serve(&q, &c);
        push(&q, &c);
    } else {
        if (a->when != WHEN_SET_UP) {
            stage_apply(&stage);
        }
        move_part(&w, q.desc, ATTACK_DESC, 16u * ATTACK_SIZE);
        move_part(&w, q.avail, ATTACK_AVAIL, packed ? 4u : 4u + 2u * ATTACK_SIZE);
        if (a->shape == SHAPE_TABLE) {
            move_part(&w, peer_get(&w, WORLD_DESC, 8), ATTACK_TABLE, 48);
        }
        notified(stage.notify, data);
    }
    found = harm(a, &q);
    if (found != NULL) {
        (void)snprintf(text, bytes, "%s", found);
    } else {
        (void)snprintf(text, bytes, "accepted: read %lu, wrote %lu bytes", (unsigned long)seen.readable,
                       (unsigned long)seen.written);
    }
}
