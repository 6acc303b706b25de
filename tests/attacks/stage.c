/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include <string.h>

#define RING_MASK (ATTACK_SIZE - 1u)

void stage_restart(struct stage *s)
{
    s->posted = 0;
    s->returned = 0;
    packed_start(&s->peer, s->w);
    stage_mark_first(s);
    stage_mark_look(s);
}

void stage_clear(struct stage *s)
{
    stage_restart(s);
    if (s->packed) {
        packed_clear(&s->peer);
    } else {
        peer_avail_idx(s->w, 0);
    }
}

void stage_begin(struct stage *s, struct world *w, const struct attack *a, bool packed)
{
    memset(s, 0, sizeof *s);
    s->w = w;
    s->a = a;
    s->packed = packed;
    stage_restart(s);
}

uint32_t stage_segments(const struct attack *a, uint32_t k, struct vqg_seg seg[3])
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

uint32_t stage_writable(const struct attack *a)
{
    return a->shape == SHAPE_SEND ? 0u : ATTACK_WRITABLE;
}

uint32_t stage_descriptors(const struct attack *a)
{
    return a->shape == SHAPE_TABLE ? 1u : a->shape == SHAPE_SEND ? 2u : 3u;
}

/* Where the table of request `k` is. */
static uint64_t table_of(uint32_t k)
{
    return WORLD_TABLES + 64u * (uint64_t)k;
}

/* ---- a driver ---- */

static void post_split(struct stage *s, uint32_t k, const struct vqg_seg *seg, uint32_t n)
{
    const uint32_t head = stage_descriptors(s->a) * k;
    uint32_t i;
    for (i = 0; i < n; i++) {
        unsigned flags = (seg[i].write ? VQG_DESC_F_WRITE : 0u) | (i + 1u < n ? VQG_DESC_F_NEXT : 0u);
        if (s->a->shape == SHAPE_TABLE) {
            peer_entry(s->w, table_of(k), i, seg[i].addr, seg[i].len, flags, i + 1u < n ? i + 1u : 0);
        } else {
            peer_desc(s->w, head + i, seg[i].addr, seg[i].len, flags, i + 1u < n ? head + i + 1u : 0);
        }
    }
    if (s->a->shape == SHAPE_TABLE) {
        peer_desc(s->w, head, ATTACK_TABLE + 64u * (uint64_t)k, 16u * n, VQG_DESC_F_INDIRECT, 0);
    }
    s->id[k] = (uint16_t)head;
    peer_make_available(s->w, s->posted++, (uint16_t)head);
}

static void post_packed(struct stage *s, uint32_t k, const struct vqg_seg *seg, uint32_t n)
{
    uint32_t i;
    s->id[k] = ATTACK_PACKED_ID(k);
    if (s->a->shape != SHAPE_TABLE) {
        packed_post(&s->peer, seg, n, s->id[k]);
        return;
    }
    for (i = 0; i < n; i++) { /* next stands where a packed entry has its flags, and flags where it has its id */
        peer_entry(s->w, table_of(k), i, seg[i].addr, seg[i].len, 0, seg[i].write ? PACKED_WRITE : 0u);
    }
    packed_post_table(&s->peer, ATTACK_TABLE + 64u * (uint64_t)k, n, s->id[k]);
}

void stage_post(struct stage *s, uint32_t k)
{
    struct vqg_seg seg[3];
    uint32_t n = stage_segments(s->a, k, seg);
    if (s->packed) {
        post_packed(s, k, seg, n);
        s->notify = (uint32_t)packed_word(s->peer.avail) << 16;
    } else {
        post_split(s, k, seg, n);
        s->notify = (uint32_t)s->posted << 16;
    }
    if ((s->a->features & VQG_F_NOTIFICATION_DATA) == 0u) {
        s->notify = 0;
    }
}

bool stage_collect(struct stage *s, uint32_t k, uint32_t len)
{
    uint16_t id;
    uint32_t said;
    if (s->packed) {
        return packed_collect(&s->peer, &id, &said) && id == s->id[k] && said == len;
    }
    if (peer_get_used_idx(s->w) == s->returned) {
        return false;
    }
    id = (uint16_t)peer_get_used_id(s->w, s->returned);
    said = peer_get_used_len(s->w, s->returned++);
    return id == s->id[k] && said == len;
}

/* ---- a device ---- */

bool stage_fetch(struct stage *s, uint32_t k)
{
    if (s->packed) {
        return packed_fetch(&s->peer, &s->id[k]);
    }
    if (peer_get_avail_idx(s->w) == s->posted) {
        return false;
    }
    s->id[k] = peer_get_avail_entry(s->w, s->posted++);
    return true;
}

void stage_return(struct stage *s, uint32_t k)
{
    if (s->packed) {
        packed_return(&s->peer, s->id[k], stage_writable(s->a));
    } else {
        peer_return(s->w, s->returned++, s->id[k], stage_writable(s->a));
    }
}

/* ---- the attacker ---- */

void stage_mark_first(struct stage *s)
{
    s->first = s->peer.avail;
}

void stage_mark_look(struct stage *s)
{
    s->look = s->peer.used;
}

/* Where a field is: `index` times `stride` behind `at`. */
struct field {
    uint64_t at;
    uint32_t stride;
    unsigned bytes;
};

static void write_split(struct stage *s, const struct attack_write *x)
{
    static const struct field fields[AT_QUEUE_INDEX] = {
        [AT_DESC_ADDR] = {WORLD_DESC, 16, 8},        [AT_DESC_LEN] = {WORLD_DESC + 8u, 16, 4},
        [AT_DESC_FLAGS] = {WORLD_DESC + 12u, 16, 2}, [AT_DESC_NEXT] = {WORLD_DESC + 14u, 16, 2},
        [AT_ENTRY_ADDR] = {WORLD_TABLES, 16, 8},     [AT_ENTRY_LEN] = {WORLD_TABLES + 8u, 16, 4},
        [AT_ENTRY_FLAGS] = {WORLD_TABLES + 12u, 16, 2}, [AT_ENTRY_NEXT] = {WORLD_TABLES + 14u, 16, 2},
        [AT_AVAIL_FLAGS] = {WORLD_AVAIL, 0, 2},      [AT_AVAIL_IDX] = {WORLD_AVAIL + 2u, 0, 2},
        [AT_AVAIL_RING] = {WORLD_AVAIL + 4u, 2, 2},  [AT_USED_EVENT] = {WORLD_AVAIL + 4u + 2u * ATTACK_SIZE, 0, 2},
        [AT_USED_FLAGS] = {WORLD_USED, 0, 2},        [AT_USED_IDX] = {WORLD_USED + 2u, 0, 2},
        [AT_USED_ID] = {WORLD_USED + 4u, 8, 4},      [AT_USED_LEN] = {WORLD_USED + 8u, 8, 4},
        [AT_AVAIL_EVENT] = {WORLD_USED + 4u + 8u * ATTACK_SIZE, 0, 2}};
    const struct field *f = &fields[x->where];
    assert_int_not_equal(f->bytes, 0); /* a field of the other format */
    /* A ring position counts modulo the size; descriptors and entries are all below it. */
    peer_put(s->w, f->at + (uint64_t)f->stride * (x->index & RING_MASK), f->bytes, x->value);
}

static void write_packed(struct stage *s, const struct attack_write *x)
{
    static const struct field fields[AT_QUEUE_INDEX] = {
        [AT_DESC_ADDR] = {PACKED_ADDR, 0, 8},    [AT_DESC_LEN] = {PACKED_LEN, 0, 4},
        [AT_DESC_FLAGS] = {PACKED_FLAGS, 0, 2},  [AT_DESC_MARK] = {PACKED_FLAGS, 0, 2},
        [AT_DESC_ID] = {PACKED_ID, 0, 2},        [AT_ENTRY_ADDR] = {WORLD_TABLES, 16, 8},
        [AT_ENTRY_LEN] = {WORLD_TABLES + 8u, 16, 4}, [AT_ENTRY_FLAGS] = {WORLD_TABLES + 14u, 16, 2},
        [AT_USED_ID] = {PACKED_ID, 0, 2},        [AT_USED_LEN] = {PACKED_LEN, 0, 4},
        [AT_USED_MARK] = {PACKED_FLAGS, 0, 2},   [AT_DRIVER_EVENT] = {WORLD_AVAIL, 0, 2},
        [AT_DRIVER_EVENT_FLAGS] = {WORLD_AVAIL + 2u, 0, 2}, [AT_DEVICE_EVENT] = {WORLD_USED, 0, 2},
        [AT_DEVICE_EVENT_FLAGS] = {WORLD_USED + 2u, 0, 2}};
    const struct field *f = &fields[x->where];
    struct packed_cursor c = s->first;
    uint64_t at = f->at + (uint64_t)f->stride * x->index;
    uint64_t value = x->value;
    assert_int_not_equal(f->bytes, 0); /* a field of the other format */
    switch (x->where) {
    case AT_DESC_FLAGS:
        value |= PACKED_AVAILABLE;
        /* fall through */
    case AT_DESC_ADDR:
    case AT_DESC_LEN:
    case AT_DESC_ID:
    case AT_DESC_MARK:
        packed_move(&s->peer, &c, x->index);
        break;
    case AT_USED_ID:
    case AT_USED_LEN:
    case AT_USED_MARK:
        c = s->look;
        break;
    default:
        peer_put(s->w, at, f->bytes, value);
        return;
    }
    value = f->at == PACKED_FLAGS ? packed_turned(c, (unsigned)value) : value;
    peer_put(s->w, packed_at(c.slot) + f->at, f->bytes, value);
}

/* True for a write that goes to no memory. */
static bool configure(struct stage *s, const struct attack_write *x)
{
    struct vqg_queue *q = &s->w->queue;
    switch (x->where) {
    case AT_QUEUE_INDEX:
        q->index = (uint32_t)x->value;
        return true;
    case AT_QUEUE_SIZE:
        q->size = (uint32_t)x->value;
        return true;
    case AT_QUEUE_ORDER:
        q->order = (enum vqg_byte_order)x->value;
        return true;
    case AT_QUEUE_DESC:
        q->desc_addr = x->value;
        return true;
    case AT_QUEUE_AVAIL:
        q->avail_addr = x->value;
        return true;
    case AT_QUEUE_USED:
        q->used_addr = x->value;
        return true;
    case AT_NOTIFY:
        s->notify = (uint32_t)x->value;
        return true;
    default:
        return false;
    }
}

void stage_apply(struct stage *s)
{
    const struct attack_write *x;
    for (x = s->a->writes; x < s->a->writes + ATTACK_WRITES && x->where != AT_END; x++) {
        struct attack_write y = *x;
        if (x->where == AT_USED_REQUEST) { /* the id that a request has in this format */
            y.where = AT_USED_ID;
            y.value = s->id[x->value];
        } else if (x->where == AT_DESC_REQUEST) {
            y.where = AT_DESC_ID;
            y.value = s->id[x->value];
        }
        if (configure(s, &y)) {
            continue;
        }
        if (s->packed) {
            write_packed(s, &y);
        } else {
            write_split(s, &y);
        }
    }
}
