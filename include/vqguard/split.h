/* SPDX-License-Identifier: MIT */
/**
 * @file split.h
 * @brief Floor 3: how a split queue is written and read (2.7).
 *
 * Nothing above this floor knows a bit of a descriptor. Positions are 16-bit
 * counters that run freely; a ring entry is a position modulo the size.
 *
 * Barriers come in pairs across the two sides:
 *   A: the driver releases avail.idx, the device acquires it.
 *   B: the device releases used.idx, the driver acquires it.
 *   C: each side's full fence between its own index (or event word) and the
 *      peer's event word (or index), so that one of the two sees the other.
 */
#ifndef VQGUARD_SPLIT_H
#define VQGUARD_SPLIT_H

#include "chain.h"
#include "record.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A split queue in shared memory. Private. */
struct vqg_split {
    struct vqg_shared desc;  /**< descriptor table */
    struct vqg_shared avail; /**< avail ring with used_event */
    struct vqg_shared used;  /**< used ring with avail_event */
    uint32_t size;           /**< descriptors, a power of two */
    bool event_idx;          /**< VIRTIO_F_EVENT_IDX was acknowledged */
};

/** A descriptor, fetched. */
struct vqg_split_desc_ {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

/** What a notify decision asks: does `event` lie in the positions [was, now)? Safe when they wrap (E2, 2.7.10.1). */
VQG_API bool vqg_event_due_(uint16_t event, uint16_t now, uint16_t was)
{
    return (uint16_t)(now - event - 1u) < (uint16_t)(now - was);
}

VQG_API size_t vqg_split_entry_(const struct vqg_split *r, uint16_t position, size_t bytes)
{
    return VQG_RING_ENTRY_OFFSET_ + (size_t)(position & (r->size - 1u)) * bytes;
}

/* The event words stand behind the last entry of the opposite ring. */
VQG_API size_t vqg_split_used_event_(const struct vqg_split *r)
{
    return VQG_RING_ENTRY_OFFSET_ + (size_t)r->size * 2u;
}

VQG_API size_t vqg_split_avail_event_(const struct vqg_split *r)
{
    return VQG_RING_ENTRY_OFFSET_ + (size_t)r->size * VQG_USED_ELEM_BYTES;
}

/** Fetches descriptor `i` of a table, its two words once each. `i` is inside the table. */
VQG_API struct vqg_split_desc_ vqg_split_fetch_desc_(struct vqg_shared table, uint32_t i)
{
    size_t at = (size_t)i * VQG_DESC_BYTES;
    struct vqg_split_desc_ d;
    uint64_t word;
    d.addr = vqg_fetch64_(table, at);
    word = vqg_fetch64_(table, at + VQG_DESC_WORD_OFFSET_);
    if (table.big_) {
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

/** Writes descriptor `i` of a table. */
VQG_API void vqg_split_put_desc_(struct vqg_shared table, uint32_t i, const struct vqg_seg *seg, unsigned flags,
                                 uint16_t next)
{
    size_t at = (size_t)i * VQG_DESC_BYTES;
    uint64_t word;
    flags |= seg->write ? VQG_DESC_F_WRITE : 0u;
    if (table.big_) {
        word = ((uint64_t)seg->len << 32) | ((uint64_t)flags << 16) | next;
    } else {
        word = seg->len | ((uint64_t)flags << 32) | ((uint64_t)next << 48);
    }
    vqg_put64_(table, at, seg->addr);
    vqg_put64_(table, at + VQG_DESC_WORD_OFFSET_, word);
}

/* ---- driver's side ---- */

/** Clears the rings' headers and event words; the device does not know the queue yet. */
VQG_API void vqg_split_driver_clear_(const struct vqg_split *r)
{
    vqg_put16_(r->avail, VQG_RING_FLAGS_OFFSET_, 0);
    vqg_put16_(r->avail, VQG_RING_IDX_OFFSET_, 0);
    vqg_put16_(r->avail, vqg_split_used_event_(r), 0);
    vqg_put16_(r->used, VQG_RING_FLAGS_OFFSET_, 0);
    vqg_put16_(r->used, VQG_RING_IDX_OFFSET_, 0);
    vqg_put16_(r->used, vqg_split_avail_event_(r), 0);
}

/** Writes a head into the avail ring; nobody sees it before the index is published. */
VQG_API void vqg_split_expose_(const struct vqg_split *r, uint16_t position, uint16_t head)
{
    vqg_put16_(r->avail, vqg_split_entry_(r, position, 2u), head);
}

/** Barrier A. Everything up to position `now` is the device's. */
VQG_API void vqg_split_publish_(const struct vqg_split *r, uint16_t now)
{
    vqg_put16_release_(r->avail, VQG_RING_IDX_OFFSET_, now);
}

/** Does the device want to hear of the positions [was, now)? Barrier C. */
VQG_API bool vqg_split_kick_due_(const struct vqg_split *r, uint16_t now, uint16_t was)
{
    vqg_port_fence();
    if (r->event_idx) {
        return vqg_event_due_(vqg_fetch16_(r->used, vqg_split_avail_event_(r)), now, was);
    }
    return (vqg_fetch16_(r->used, VQG_RING_FLAGS_OFFSET_) & VQG_USED_F_NO_NOTIFY) == 0u;
}

/** Asks for an interrupt when position `at` is returned, or for none. Barrier C when asking. */
VQG_API void vqg_split_arm_callback_(const struct vqg_split *r, bool on, uint16_t at)
{
    if (r->event_idx) {
        /* The farthest position there is: no interrupt before 65535 returns. */
        vqg_put16_(r->avail, vqg_split_used_event_(r), on ? at : (uint16_t)(at - 1u));
    } else {
        vqg_put16_(r->avail, VQG_RING_FLAGS_OFFSET_, (uint16_t)(on ? 0u : VQG_AVAIL_F_NO_INTERRUPT));
    }
    if (on) {
        vqg_port_fence();
    }
}

/** Barrier B. Position up to which the device says it has returned chains. */
VQG_API uint16_t vqg_split_harvest_used_(const struct vqg_split *r)
{
    return vqg_fetch16_acquire_(r->used, VQG_RING_IDX_OFFSET_);
}

/** Fetches the used element at a position that has been harvested. */
VQG_API void vqg_split_fetch_used_(const struct vqg_split *r, uint16_t position, uint32_t *id, uint32_t *len)
{
    size_t at = vqg_split_entry_(r, position, VQG_USED_ELEM_BYTES);
    *id = vqg_fetch32_(r->used, at);
    *len = vqg_fetch32_(r->used, at + 4u);
}

/* ---- device's side ---- */

/** Barrier A. Position up to which the driver says it has made chains available. */
VQG_API uint16_t vqg_split_harvest_avail_(const struct vqg_split *r)
{
    return vqg_fetch16_acquire_(r->avail, VQG_RING_IDX_OFFSET_);
}

/** Fetches the head at a position that has been harvested. */
VQG_API uint16_t vqg_split_fetch_head_(const struct vqg_split *r, uint16_t position)
{
    return vqg_fetch16_(r->avail, vqg_split_entry_(r, position, 2u));
}

/** Writes a used element; nobody sees it before the index is published. */
VQG_API void vqg_split_return_(const struct vqg_split *r, uint16_t position, uint32_t id, uint32_t len)
{
    size_t at = vqg_split_entry_(r, position, VQG_USED_ELEM_BYTES);
    vqg_put32_(r->used, at, id);
    vqg_put32_(r->used, at + 4u, len);
}

/** Barrier B. Everything up to position `now` is the driver's again. */
VQG_API void vqg_split_publish_used_(const struct vqg_split *r, uint16_t now)
{
    vqg_put16_release_(r->used, VQG_RING_IDX_OFFSET_, now);
}

/** Does the driver want to hear of the positions [was, now)? Barrier C. */
VQG_API bool vqg_split_interrupt_due_(const struct vqg_split *r, uint16_t now, uint16_t was)
{
    vqg_port_fence();
    if (r->event_idx) {
        return vqg_event_due_(vqg_fetch16_(r->avail, vqg_split_used_event_(r)), now, was);
    }
    return (vqg_fetch16_(r->avail, VQG_RING_FLAGS_OFFSET_) & VQG_AVAIL_F_NO_INTERRUPT) == 0u;
}

/** Asks for a kick when position `at` is made available, or for none. Barrier C when asking. */
VQG_API void vqg_split_arm_kick_(const struct vqg_split *r, bool on, uint16_t at)
{
    if (r->event_idx) {
        vqg_put16_(r->used, vqg_split_avail_event_(r), on ? at : (uint16_t)(at - 1u));
    } else {
        vqg_put16_(r->used, VQG_RING_FLAGS_OFFSET_, (uint16_t)(on ? 0u : VQG_USED_F_NO_NOTIFY));
    }
    if (on) {
        vqg_port_fence();
    }
}

/**
 * Walks the chain of `head`, which is in range, into private memory. Each
 * descriptor and each table entry is copied once and judged as a copy (X1, I11).
 * Each descriptor of the queue's own table is marked in the record as the walk
 * reaches it, and linked to the one before: a driver that rewrites links under
 * the walk cannot lead it to the same descriptor twice. `*descs` becomes the
 * number of marked descriptors, whatever the status.
 */
VQG_API enum vqg_status vqg_split_walk_(const struct vqg_split *r, struct vqg_judge *j, const struct vqg_record *rec,
                                        struct vqg_chain *c, uint16_t head, uint32_t *descs)
{
    struct vqg_guard *g = &j->guard;
    struct vqg_shared table = r->desc;
    uint32_t entries = r->size;
    uint32_t elements = 0;
    uint32_t last = head;
    uint32_t i = head;
    bool inside = false;
    *descs = 0;
    for (;;) {
        struct vqg_split_desc_ d;
        enum vqg_status st;
        VQG_REQUIRE(g, elements < j->policy.max_elements, CHAIN_BOUND, i, elements + 1u, j->policy.max_elements);
        if (!inside) {
            if (VQG_PORT_UNLIKELY(rec->slots[i].count != 0u)) {
                VQG_REQUIRE(g, !vqg_record_links_(rec, head, *descs, i), CHAIN_BOUND, i, elements + 1u, *descs);
                VQG_REQUIRE(g, false, SHARED_DESCRIPTOR, i, i, rec->slots[i].count);
            }
            rec->slots[i].count = VQG_SLOT_MEMBER_;
            rec->slots[last].next = (uint16_t)i;
            last = i;
            (*descs)++;
        }
        d = vqg_split_fetch_desc_(table, i);
        VQG_REQUIRE(g, (d.flags & ~VQG_DESC_F_KNOWN_) == 0u, RESERVED_FLAGS, i, d.flags, VQG_DESC_F_KNOWN_);
        if ((d.flags & VQG_DESC_F_INDIRECT) != 0u) {
            VQG_REQUIRE(g, !inside, TABLE_NESTED, i, d.addr, 0u);
            VQG_REQUIRE(g, (d.flags & VQG_DESC_F_NEXT) == 0u, INDIRECT_NEXT, i, d.next, 0u);
            VQG_REQUIRE(g, elements == 0u || !j->policy.refuse_mixed, INDIRECT_MIXED, i, elements, 0u);
            st = vqg_chain_table_(j, c, i, d.addr, d.len, table.big_, &table);
            if (st != VQG_OK) {
                return st;
            }
            entries = d.len / VQG_DESC_BYTES;
            i = 0;
            inside = true;
            continue;
        }
        elements++;
        st = vqg_chain_take_(j, c, i, d.addr, d.len, (d.flags & VQG_DESC_F_WRITE) != 0u);
        if (st != VQG_OK || (d.flags & VQG_DESC_F_NEXT) == 0u) {
            return st;
        }
        VQG_REQUIRE(g, d.next < entries, NEXT_RANGE, i, d.next, entries);
        i = VQG_PORT_NOSPEC((uint32_t)d.next, entries);
    }
}

#ifdef __cplusplus
}
#endif

#endif
