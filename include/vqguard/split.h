/* SPDX-License-Identifier: MIT */
/**
 * @file split.h
 * @brief Floor 3: how a split queue is written and read (2.7).
 *
 * Nothing above this floor knows a bit of a descriptor. Positions are 16-bit
 * counters that run freely; a ring entry is a position modulo the size.
 *
 * Barriers come in pairs across the two sides:
 *   A: each side releases its own index, the other acquires it.
 *   B: each side's full fence between its own index (or event word) and the
 *      peer's event word (or index), so that one of the two sees the other.
 */
#ifndef VQGUARD_SPLIT_H
#define VQGUARD_SPLIT_H

#include "judge.h"
#include "record.h"
#include "ring.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- both sides ---- */

/** Where the event words are: behind the last entry of the ring of the side that asks. */
VQG_API void vqg_split_events_(struct vqg_ring *r, bool is_device)
{
    uint32_t avail_event = VQG_RING_ENTRY_OFFSET_ + r->size * VQG_AVAIL_ELEM_BYTES;
    uint32_t used_event = VQG_RING_ENTRY_OFFSET_ + r->size * VQG_USED_ELEM_BYTES;
    r->own_event = is_device ? used_event : avail_event;
    r->peer_event = is_device ? avail_event : used_event;
}

VQG_API size_t vqg_split_entry_(const struct vqg_ring *r, uint16_t position, size_t bytes)
{
    return VQG_RING_ENTRY_OFFSET_ + (size_t)(position & r->mask) * bytes;
}

/** Barrier A. Everything that was put is the other side's. Does it want to hear of that? Barrier B. */
VQG_API bool vqg_split_publish_(struct vqg_ring *r)
{
    uint16_t was = r->published;
    r->published = r->put;
    vqg_put16_release_(r->own, VQG_RING_IDX_OFFSET_, r->put);
    vqg_port_fence();
    if (r->event_idx) {
        return vqg_event_due_(vqg_fetch16_(r->peer, r->peer_event), r->put, was);
    }
    return (vqg_fetch16_(r->peer, VQG_RING_FLAGS_OFFSET_) & VQG_RING_F_QUIET_) == 0u;
}

/** Asks for a notification when the next position is filled, or for none. Barrier B when asking. */
VQG_API void vqg_split_ask_(const struct vqg_ring *r)
{
    if (r->event_idx) {
        /* The farthest position there is: no notification before 65535 more. */
        vqg_put16_(r->own, r->own_event, r->quiet ? (uint16_t)(r->get - 1u) : r->get);
    } else {
        vqg_put16_(r->own, VQG_RING_FLAGS_OFFSET_, (uint16_t)(r->quiet ? VQG_RING_F_QUIET_ : 0u));
    }
    if (!r->quiet) {
        vqg_port_fence();
    }
}

/** Barrier A. Position up to which the other side says it has come. */
VQG_API uint16_t vqg_split_harvest_(const struct vqg_ring *r)
{
    return vqg_fetch16_acquire_(r->peer, VQG_RING_IDX_OFFSET_);
}

/* ---- driver's side ---- */

/** Clears the rings' headers and event words; the device does not know the queue yet. */
VQG_API void vqg_split_clear_(const struct vqg_ring *r)
{
    vqg_put16_(r->own, VQG_RING_FLAGS_OFFSET_, 0);
    vqg_put16_(r->own, VQG_RING_IDX_OFFSET_, 0);
    vqg_put16_(r->own, r->own_event, 0);
    vqg_put16_(r->peer, VQG_RING_FLAGS_OFFSET_, 0);
    vqg_put16_(r->peer, VQG_RING_IDX_OFFSET_, 0);
    vqg_put16_(r->peer, r->peer_event, 0);
}

/** Writes descriptor `i` of a table. */
VQG_API void vqg_split_put_desc_(struct vqg_shared table, uint32_t i, uint64_t addr, uint32_t len, uint32_t flags,
                                 uint32_t next)
{
    uint64_t word;
    if (vqg_shared_is_big_(table)) {
        word = ((uint64_t)len << 32) | (flags << 16) | next;
    } else {
        word = len | ((uint64_t)(flags | (next << 16)) << 32);
    }
    vqg_put128_(table, (size_t)i * VQG_DESC_BYTES, addr, word);
}

/** Writes a head into the avail ring; nobody sees it before the index is published. */
VQG_API void vqg_split_expose_(struct vqg_ring *r, struct vqg_slot *slots, uint32_t head)
{
    uint32_t index = r->put & r->mask;
    slots[index].order = (uint16_t)head;
    slots[head].position = (uint16_t)index;
    vqg_put16_(r->own, VQG_RING_ENTRY_OFFSET_ + (size_t)index * VQG_AVAIL_ELEM_BYTES, (uint16_t)head);
    r->put++;
}

/** True while the head, which is in flight, was written and not yet published. */
VQG_API bool vqg_split_is_hidden_(const struct vqg_ring *r, const struct vqg_slot *slots, uint32_t head)
{
    uint32_t index = slots[head].position;
    /* A head of long ago can have the index of a hidden one; the private order then names that one. */
    return ((index - r->published) & r->mask) < (uint16_t)(r->put - r->published) && slots[index].order == head;
}

/**
 * Writes a direct chain into the descriptors that are linked from `head` in the record.
 * @return the last of them
 */
VQG_API uint32_t vqg_split_lend_(struct vqg_ring *r, struct vqg_slot *slots, uint32_t head,
                                 const struct vqg_seg *seg, uint32_t count)
{
    uint32_t id = head;
    while (--count != 0u) {
        uint32_t next = slots[id].next;
        vqg_split_put_desc_(r->desc, id, seg->addr, seg->len, VQG_DESC_F_NEXT | vqg_seg_flags_(seg), next);
        seg++;
        id = next;
    }
    vqg_split_put_desc_(r->desc, id, seg->addr, seg->len, vqg_seg_flags_(seg), 0);
    vqg_split_expose_(r, slots, head);
    return id;
}

/** Writes an indirect table, and the descriptor that refers to it. */
VQG_API void vqg_split_lend_table_(struct vqg_ring *r, struct vqg_slot *slots, uint32_t head,
                                   struct vqg_shared table, uint64_t table_addr, const struct vqg_seg *seg,
                                   uint32_t count)
{
    uint32_t i;
    for (i = 0; i + 1u < count; i++) {
        vqg_split_put_desc_(table, i, seg[i].addr, seg[i].len, VQG_DESC_F_NEXT | vqg_seg_flags_(&seg[i]), i + 1u);
    }
    vqg_split_put_desc_(table, i, seg[i].addr, seg[i].len, vqg_seg_flags_(&seg[i]), 0);
    vqg_split_put_desc_(r->desc, head, table_addr, count * VQG_DESC_BYTES, VQG_DESC_F_INDIRECT, 0);
    vqg_split_expose_(r, slots, head);
}

/** Fetches the used element at the next position, which has been harvested. */
VQG_API void vqg_split_fetch_used_(const struct vqg_ring *r, uint32_t *id, uint32_t *len)
{
    vqg_fetch32x2_(r->peer, vqg_split_entry_(r, r->get, VQG_USED_ELEM_BYTES), id, len);
}

/* ---- device's side ---- */

/** Fetches the head at the next position, which has been harvested. */
VQG_API uint16_t vqg_split_fetch_head_(const struct vqg_ring *r)
{
    return vqg_fetch16_(r->peer, vqg_split_entry_(r, r->get, VQG_AVAIL_ELEM_BYTES));
}

/** Writes a used element at a position; nobody sees it before the index is published. */
VQG_API void vqg_split_return_(const struct vqg_ring *r, uint16_t at, uint32_t id, uint32_t len)
{
    vqg_put32x2_(r->own, vqg_split_entry_(r, at, VQG_USED_ELEM_BYTES), id, len);
}

/** A descriptor, fetched. */
struct vqg_split_desc_ {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

/** Fetches descriptor `i` of a table, its two words once each. `i` is inside the table. */
VQG_API struct vqg_split_desc_ vqg_split_fetch_desc_(struct vqg_shared table, uint32_t i)
{
    struct vqg_split_desc_ d;
    uint64_t word;
    vqg_fetch128_(table, (size_t)i * VQG_DESC_BYTES, &d.addr, &word);
    if (vqg_shared_is_big_(table)) {
        d.len = (uint32_t)(word >> 32);
        d.flags = (uint16_t)(word >> 16);
        d.next = (uint16_t)word;
    } else {
        d.len = (uint32_t)word;
        d.flags = (uint16_t)(word >> 32);
        d.next = (uint16_t)(word >> 48);
    }
    return d;
}

/**
 * Walks the chain of `head`, which is in range and heads none in flight, into
 * private memory. Each descriptor and each table entry is copied once and judged as
 * a copy (X1, I11). Each descriptor of the queue's own table is marked in the record
 * as the walk reaches it: a driver that rewrites links under the walk cannot lead it
 * to the same descriptor twice. The head counts them in the record; `*count` becomes
 * their number, or 1 with a rule broken: then the caller ends the chain in the record.
 */
VQG_API enum vqg_status vqg_split_walk_(const struct vqg_ring *r, struct vqg_judge *j, struct vqg_record *rec,
                                        struct vqg_chain *c, uint16_t head, uint32_t *count)
{
    struct vqg_guard *g = &j->guard;
    struct vqg_slot *slots = rec->slots;
    uint32_t serial = vqg_record_begin_(rec);
    struct vqg_shared table = r->desc;
    uint32_t entries = r->size;
    uint32_t left = j->policy.max_elements;
    uint32_t i = head;
    bool inside = false;
    *count = 1;
    for (;;) {
        struct vqg_split_desc_ d;
        enum vqg_status st;
        VQG_REQUIRE(g, left != 0u, CHAIN_BOUND, i, j->policy.max_elements + 1u, j->policy.max_elements);
        if (!inside) {
            struct vqg_slot *slot = &slots[i];
            if (VQG_PORT_UNLIKELY(vqg_record_is_used_(rec, slot))) {
                VQG_REQUIRE(g, slot->owner != head, CHAIN_BOUND, i, j->policy.max_elements - left + 1u,
                            j->policy.max_elements - left);
                VQG_REQUIRE(g, false, SHARED_DESCRIPTOR, i, i, slot->owner);
            }
            slot->owner = head;
            slot->serial = serial;
            slots[head].count++;
        }
        d = vqg_split_fetch_desc_(table, i);
        VQG_REQUIRE(g, (d.flags & ~VQG_DESC_F_KNOWN_) == 0u, RESERVED_FLAGS, i, d.flags, VQG_DESC_F_KNOWN_);
        if ((d.flags & VQG_DESC_F_INDIRECT) != 0u) {
            VQG_REQUIRE(g, !inside, TABLE_NESTED, i, d.addr, 0u);
            VQG_REQUIRE(g, (d.flags & VQG_DESC_F_NEXT) == 0u, INDIRECT_NEXT, i, d.next, 0u);
            VQG_REQUIRE(g, left == j->policy.max_elements || !j->policy.refuse_mixed, INDIRECT_MIXED, i,
                        j->policy.max_elements - left, 0u);
            st = vqg_chain_table_(j, c, i, d.addr, d.len, &table);
            VQG_EXPECT_(st == VQG_OK, st);
            entries = d.len / VQG_DESC_BYTES;
            i = 0;
            inside = true;
            continue;
        }
        left--;
        st = vqg_chain_take_(j, c, i, d.addr, d.len, (d.flags & VQG_DESC_F_WRITE) != 0u);
        VQG_EXPECT_(st == VQG_OK, st);
        if ((d.flags & VQG_DESC_F_NEXT) == 0u) {
            *count = slots[head].count;
            return VQG_OK;
        }
        VQG_REQUIRE(g, d.next < entries, NEXT_RANGE, i, d.next, entries);
        if (VQG_PORT_UNLIKELY(r->in_order)) {
            uint32_t follower = inside ? i + 1u : (i + 1u) & r->mask;
            VQG_REQUIRE(g, d.next == follower, DESCRIPTOR_ORDER, i, d.next, follower);
        }
        i = VQG_PORT_NOSPEC((uint32_t)d.next, entries);
    }
}

#ifdef __cplusplus
}
#endif

#endif
