/* SPDX-License-Identifier: MIT */
/**
 * @file stage.h
 * @brief The honest state that every attack starts from, and the attacker's writes, on a world's memory.
 *
 * The guarded endpoints (play.c) and the unguarded ones (show.c, naive_device.c)
 * are attacked on the same stage.
 */
#ifndef VQG_ATTACKS_STAGE_H
#define VQG_ATTACKS_STAGE_H

#include "attacks.h"
#include "world.h"

/* The tables name addresses without knowing the world; here both meet. */
_Static_assert(ATTACK_BASE == WORLD_BASE && ATTACK_AVAIL == WORLD_BASE + WORLD_AVAIL, "where the rings are");
_Static_assert(ATTACK_USED == WORLD_BASE + WORLD_USED && ATTACK_TABLE == WORLD_BASE + WORLD_TABLES, "and the table");
_Static_assert(ATTACK_HEADER(0) == WORLD_BASE + WORLD_DATA && ATTACK_RDONLY == WORLD_BASE + WORLD_RDONLY, "buffers");
_Static_assert(ATTACK_WRONLY == WORLD_BASE + WORLD_WRONLY && ATTACK_HOLE == WORLD_BASE + WORLD_HOLE, "other memory");

/** The segments of request `k`; returns how many. */
static inline uint32_t stage_segments(const struct attack *a, uint32_t k, struct vqg_seg seg[3])
{
    const bool send = a->shape == SHAPE_SEND;
    seg[0] = vqg_out(NULL, ATTACK_HEADER_BYTES);
    seg[0].addr = ATTACK_HEADER(k);
    seg[1] = vqg_out(NULL, ATTACK_BUFFER_BYTES);
    seg[1].addr = ATTACK_BUFFER(k);
    seg[1].write = !send;
    seg[2] = vqg_out(NULL, ATTACK_STATUS_BYTES);
    seg[2].addr = ATTACK_STATUS(k);
    seg[2].write = true;
    return send ? 2u : 3u;
}

/** Writable bytes of an honest request. */
static inline uint32_t stage_writable(const struct attack *a)
{
    return a->shape == SHAPE_SEND ? 0u : ATTACK_WRITABLE;
}

/** Writes request `k` as an honest driver does, and makes it available at `position`. */
static inline void stage_post(struct world *w, const struct attack *a, uint32_t k, uint16_t position)
{
    struct vqg_seg seg[3];
    uint32_t n = stage_segments(a, k, seg);
    uint32_t head = 3u * k;
    uint32_t i;
    for (i = 0; i < n; i++) {
        unsigned flags = (seg[i].write ? VQG_DESC_F_WRITE : 0u) | (i + 1u < n ? VQG_DESC_F_NEXT : 0u);
        if (a->shape == SHAPE_TABLE) {
            peer_entry(w, WORLD_TABLES + 64u * (uint64_t)k, i, seg[i].addr, seg[i].len, flags, i + 1u < n ? i + 1u : 0);
        } else {
            peer_desc(w, head + i, seg[i].addr, seg[i].len, flags, i + 1u < n ? head + i + 1u : 0);
        }
    }
    if (a->shape == SHAPE_TABLE) {
        peer_desc(w, head, ATTACK_TABLE + 64u * (uint64_t)k, 16u * n, VQG_DESC_F_INDIRECT, 0);
    }
    peer_make_available(w, position, (uint16_t)head);
}

/** Applies the attack's writes to memory and configuration. Returns what goes to the notification register. */
static inline uint32_t stage_apply(struct world *w, const struct attack *a, uint32_t notify)
{
    static const struct {
        uint64_t at;
        uint32_t stride;
        unsigned bytes;
    } fields[AT_QUEUE_INDEX] = {
        [AT_DESC_ADDR] = {WORLD_DESC, 16, 8},        [AT_DESC_LEN] = {WORLD_DESC + 8u, 16, 4},
        [AT_DESC_FLAGS] = {WORLD_DESC + 12u, 16, 2}, [AT_DESC_NEXT] = {WORLD_DESC + 14u, 16, 2},
        [AT_ENTRY_ADDR] = {WORLD_TABLES, 16, 8},     [AT_ENTRY_LEN] = {WORLD_TABLES + 8u, 16, 4},
        [AT_ENTRY_FLAGS] = {WORLD_TABLES + 12u, 16, 2}, [AT_ENTRY_NEXT] = {WORLD_TABLES + 14u, 16, 2},
        [AT_AVAIL_FLAGS] = {WORLD_AVAIL, 0, 2},      [AT_AVAIL_IDX] = {WORLD_AVAIL + 2u, 0, 2},
        [AT_AVAIL_RING] = {WORLD_AVAIL + 4u, 2, 2},  [AT_USED_EVENT] = {WORLD_AVAIL + 4u + 2u * ATTACK_SIZE, 0, 2},
        [AT_USED_FLAGS] = {WORLD_USED, 0, 2},        [AT_USED_IDX] = {WORLD_USED + 2u, 0, 2},
        [AT_USED_ID] = {WORLD_USED + 4u, 8, 4},      [AT_USED_LEN] = {WORLD_USED + 8u, 8, 4},
        [AT_AVAIL_EVENT] = {WORLD_USED + 4u + 8u * ATTACK_SIZE, 0, 2}};
    const struct attack_write *x;
    for (x = a->writes; x < a->writes + ATTACK_WRITES && x->where != AT_END; x++) {
        switch (x->where) {
        case AT_QUEUE_INDEX:
            w->queue.index = (uint32_t)x->value;
            break;
        case AT_QUEUE_SIZE:
            w->queue.size = (uint32_t)x->value;
            break;
        case AT_QUEUE_ORDER:
            w->queue.order = (enum vqg_byte_order)x->value;
            break;
        case AT_QUEUE_DESC:
            w->queue.desc_addr = x->value;
            break;
        case AT_QUEUE_AVAIL:
            w->queue.avail_addr = x->value;
            break;
        case AT_QUEUE_USED:
            w->queue.used_addr = x->value;
            break;
        case AT_NOTIFY:
            notify = (uint32_t)x->value;
            break;
        default: /* a ring position counts modulo the size; descriptors and entries are all below it */
            peer_put(w, fields[x->where].at + (uint64_t)fields[x->where].stride * (x->index % ATTACK_SIZE),
                     fields[x->where].bytes, x->value);
            break;
        }
    }
    return notify;
}

#endif
