/* SPDX-License-Identifier: MIT */
/**
 * @file packed.h
 * @brief Floor 3: how a packed queue is written and read (2.8).
 *
 * Nothing above this floor knows a bit of a descriptor. One ring serves both ways:
 * the driver writes lists into it, the device overwrites them with used elements.
 * Whose an element is, its two lap flags say, against a private wrap counter (P1).
 *
 * Barriers come in pairs across the two sides:
 *   A: each side releases the flags of the first element of what it publishes, the
 *      other acquires them. All else that is published stands in the ring before.
 *   B: each side's full fence between those flags (or its event structure) and the
 *      peer's event structure (or flags), so that one of the two sees the other.
 */
#ifndef VQGUARD_PACKED_H
#define VQGUARD_PACKED_H

#include "judge.h"
#include "record.h"
#include "ring.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- both sides ---- */

/** Offset of the element at a position. */
VQG_API size_t vqg_packed_at_(uint16_t at)
{
    return (size_t)(at & VQG_PACKED_OFFSET_) * VQG_DESC_BYTES;
}

/** The lap flags of an element that the driver makes available at a position. */
VQG_API uint32_t vqg_packed_available_(uint16_t at)
{
    return (at & VQG_PACKED_WRAP_) != 0u ? VQG_DESC_F_AVAIL : VQG_DESC_F_USED;
}

/** The lap flags of an element that the device returns at a position. */
VQG_API uint32_t vqg_packed_used_(uint16_t at)
{
    return (at & VQG_PACKED_WRAP_) != 0u ? VQG_DESC_F_LAP_ : 0u;
}

/** Length, id and flags as the second word of an element. */
VQG_API uint64_t vqg_packed_word_(uint32_t len, uint32_t id, uint32_t flags)
{
    return len | ((uint64_t)(id | (flags << 16)) << 32);
}

/** Does the other side want to hear of what was published from `was` on? Barrier B. */
VQG_API bool vqg_packed_due_(const struct vqg_ring *r, uint16_t was)
{
    uint32_t event;
    uint32_t flags;
    vqg_port_fence();
    event = vqg_fetch32_(r->peer, 0);
    flags = (event >> 16) & 3u;
    if (flags == VQG_EVENT_DESC_ && r->event_idx && (event & VQG_PACKED_OFFSET_) < r->size) {
        return vqg_packed_distance_(r, was, (uint16_t)event) < vqg_packed_distance_(r, was, r->published);
    }
    /* What cannot be meant asks for a notification: one too many is harmless (P11). */
    return flags != VQG_EVENT_DISABLE_;
}

/** Barrier A. Everything that was put is the other side's. Does it want to hear of that? */
VQG_API bool vqg_packed_publish_(struct vqg_ring *r)
{
    uint16_t was = r->published;
    r->published = r->put;
    vqg_put16_release_(r->desc, vqg_packed_at_(was) + VQG_PACKED_FLAGS_OFFSET_, r->first_flags);
    return vqg_packed_due_(r, was);
}

/** Asks for a notification when the next element changes hands, or for none. Barrier B when asking. */
VQG_API void vqg_packed_ask_(const struct vqg_ring *r)
{
    uint32_t flags = r->quiet ? VQG_EVENT_DISABLE_ : r->event_idx ? VQG_EVENT_DESC_ : VQG_EVENT_ENABLE_;
    vqg_put32_(r->own, 0, r->get | (flags << 16));
    if (!r->quiet) {
        vqg_port_fence();
    }
}

/** Barrier A. Is the next element this side's now? Its flags are fetched once, and kept. */
VQG_API bool vqg_packed_look_(struct vqg_ring *r, uint32_t lap)
{
    r->seen_flags = vqg_fetch16_acquire_(r->desc, vqg_packed_at_(r->get) + VQG_PACKED_FLAGS_OFFSET_);
    return (r->seen_flags & VQG_DESC_F_LAP_) == lap;
}

/* ---- driver's side ---- */

/** Clears the ring and both event structures; the device does not know the queue yet. */
VQG_API void vqg_packed_clear_(const struct vqg_ring *r)
{
    uint32_t i;
    for (i = 0; i < r->size; i++) {
        vqg_put128_(r->desc, (size_t)i * VQG_DESC_BYTES, 0, 0);
    }
    vqg_put32_(r->own, 0, 0);
    vqg_put32_(r->peer, 0, 0);
}

/** A position taken apart, for a loop: where the element is, and the lap flags with which it is available. Private. */
struct vqg_packed_walker_ {
    uint32_t index;
    uint32_t lap;
};

VQG_API struct vqg_packed_walker_ vqg_packed_walker_at_(uint16_t at)
{
    struct vqg_packed_walker_ w;
    w.index = at & VQG_PACKED_OFFSET_;
    w.lap = vqg_packed_available_(at);
    return w;
}

VQG_API void vqg_packed_next_(const struct vqg_ring *r, struct vqg_packed_walker_ *w)
{
    if (++w->index == r->size) {
        w->index = 0;
        w->lap ^= VQG_DESC_F_LAP_;
    }
}

/** Notes that a list begins at the next position, and writes its first element. */
VQG_API VQG_PORT_INLINE void vqg_packed_begin_(struct vqg_ring *r, struct vqg_slot *slots,
                                               const struct vqg_packed_walker_ *w, uint32_t id, uint64_t addr,
                                               uint32_t len, uint32_t flags)
{
    uint16_t at = r->put;
    flags |= w->lap;
    slots[id].position = at;
    slots[w->index].order = (uint16_t)id;
    if (at == r->published) {
        /* The device looks at these flags now: they are stored last, and until then those of a lap ago stay (P10). */
        r->first_flags = (uint16_t)flags;
        vqg_put64_(r->desc, vqg_packed_at_(at), addr);
        vqg_put32_(r->desc, vqg_packed_at_(at) + VQG_PACKED_LEN_OFFSET_, len);
        vqg_put16_(r->desc, vqg_packed_at_(at) + VQG_PACKED_ID_OFFSET_, (uint16_t)id);
        return;
    }
    vqg_put128_(r->desc, vqg_packed_at_(at), addr, vqg_packed_word_(len, id, flags));
}

/** Writes a direct list under an id. There is room for it. */
VQG_API VQG_PORT_INLINE void vqg_packed_lend_(struct vqg_ring *r, struct vqg_slot *slots, uint32_t id,
                                              const struct vqg_seg *seg, uint32_t count)
{
    struct vqg_packed_walker_ w = vqg_packed_walker_at_(r->put);
    uint32_t left = count;
    vqg_packed_begin_(r, slots, &w, id, seg->addr, seg->len, vqg_seg_flags_(seg) | (left > 1u ? VQG_DESC_F_NEXT : 0u));
    while (--left != 0u) {
        uint32_t flags;
        vqg_packed_next_(r, &w);
        seg++;
        flags = w.lap | (left > 1u ? VQG_DESC_F_NEXT : 0u);
        vqg_put128_(r->desc, (size_t)w.index * VQG_DESC_BYTES, seg->addr,
                    vqg_packed_word_(seg->len, id, flags | vqg_seg_flags_(seg)));
    }
    r->put = vqg_packed_step_(r, r->put, count);
}

/** Writes an indirect table, and the element that refers to it. */
VQG_API void vqg_packed_lend_table_(struct vqg_ring *r, struct vqg_slot *slots, uint32_t id, struct vqg_shared table,
                                    uint64_t table_addr, const struct vqg_seg *seg, uint32_t count)
{
    struct vqg_packed_walker_ w = vqg_packed_walker_at_(r->put);
    uint32_t i;
    for (i = 0; i < count; i++) {
        vqg_put128_(table, (size_t)i * VQG_DESC_BYTES, seg[i].addr,
                    vqg_packed_word_(seg[i].len, 0, vqg_seg_flags_(&seg[i])));
    }
    vqg_packed_begin_(r, slots, &w, id, table_addr, count * VQG_DESC_BYTES, VQG_DESC_F_INDIRECT);
    r->put = vqg_packed_step_(r, r->put, 1);
}

/** True while the list, which is in flight, was written and not yet published. */
VQG_API VQG_PORT_COLD bool vqg_packed_is_hidden_(const struct vqg_ring *r, const struct vqg_slot *slots, uint32_t id)
{
    uint16_t at = r->published;
    if (vqg_packed_distance_(r, at, slots[id].position) >= vqg_packed_distance_(r, at, r->put)) {
        return false;
    }
    /* A list of long ago can have begun where a hidden one is: the hidden ones follow each other. */
    while (at != r->put) {
        uint16_t hidden = slots[vqg_ring_index_(r, at)].order;
        if (hidden == id) {
            return true;
        }
        at = vqg_packed_step_(r, at, slots[hidden].count);
    }
    return false;
}

/** Fetches the rest of the used element at the next position, whose flags were seen. A length needs its flag (P8). */
VQG_API void vqg_packed_fetch_used_(const struct vqg_ring *r, uint32_t *id, uint32_t *len)
{
    size_t at = vqg_packed_at_(r->get);
    *len = vqg_fetch32_(r->desc, at + VQG_PACKED_LEN_OFFSET_);
    *id = vqg_fetch16_(r->desc, at + VQG_PACKED_ID_OFFSET_);
    *len = (r->seen_flags & r->length_flags) == r->length_flags ? *len : 0u;
}

/* ---- device's side ---- */

/** Writes a used element at a position; its address is left as it is. */
VQG_API void vqg_packed_return_(struct vqg_ring *r, uint16_t at, uint32_t id, uint32_t len)
{
    uint32_t flags = vqg_packed_used_(at) | (len != 0u ? VQG_DESC_F_WRITE : 0u);
    if (at == r->published) {
        /* As in vqg_packed_begin_(): the driver looks at these flags now. */
        r->first_flags = (uint16_t)flags;
        vqg_put32_(r->desc, vqg_packed_at_(at) + VQG_PACKED_LEN_OFFSET_, len);
        vqg_put16_(r->desc, vqg_packed_at_(at) + VQG_PACKED_ID_OFFSET_, (uint16_t)id);
        return;
    }
    vqg_put32x2_(r->desc, vqg_packed_at_(at) + VQG_PACKED_LEN_OFFSET_, len, id | (flags << 16));
}

/** An element of a list, or an entry of a table, fetched. */
struct vqg_packed_desc_ {
    uint64_t addr;
    uint32_t len;
    uint16_t id;
    uint16_t flags;
};

/** Fetches an element, its two words once each. */
VQG_API struct vqg_packed_desc_ vqg_packed_fetch_desc_(struct vqg_shared table, uint32_t i)
{
    struct vqg_packed_desc_ d;
    uint64_t word;
    vqg_fetch128_(table, (size_t)i * VQG_DESC_BYTES, &d.addr, &word);
    d.len = (uint32_t)word;
    d.id = (uint16_t)(word >> 32);
    d.flags = (uint16_t)(word >> 48);
    return d;
}

/** Fetches the rest of the element at the next position, whose flags were seen. */
VQG_API struct vqg_packed_desc_ vqg_packed_fetch_head_(const struct vqg_ring *r)
{
    size_t at = vqg_packed_at_(r->get);
    struct vqg_packed_desc_ d;
    d.addr = vqg_fetch64_(r->desc, at);
    d.len = vqg_fetch32_(r->desc, at + VQG_PACKED_LEN_OFFSET_);
    d.id = vqg_fetch16_(r->desc, at + VQG_PACKED_ID_OFFSET_);
    d.flags = r->seen_flags;
    return d;
}

#ifdef __cplusplus
}
#endif

#endif
