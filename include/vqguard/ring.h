/* SPDX-License-Identifier: MIT */
/**
 * @file ring.h
 * @brief Floor 2: a queue in shared memory, and how far each side has come.
 *
 * The same structure serves both formats and both roles: what this side writes and
 * the other side reads is `own`, what it reads is `peer`. A position of a split
 * queue is a 16-bit counter that runs freely; one of a packed queue is an offset,
 * with the wrap counter as bit 15 (2.8.1). Positions are private, and move only by
 * what the record says (P2).
 */
#ifndef VQGUARD_RING_H
#define VQGUARD_RING_H

#include "policy.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A queue in shared memory. Private. */
struct vqg_ring {
    struct vqg_shared desc; /**< descriptor table, or packed ring */
    struct vqg_shared own;  /**< driver: avail ring; device: used ring; packed: this side's event suppression */
    struct vqg_shared peer; /**< driver: used ring; device: avail ring; packed: the other side's event suppression */
    uint32_t own_event;     /**< split: offset of the event word in `own` */
    uint32_t peer_event;    /**< split: offset of the event word in `peer` */
    uint32_t size;          /**< descriptors */
    uint32_t mask;          /**< split: size less one */
    uint16_t put;           /**< next position to write */
    uint16_t published;     /**< position up to which the other side may look */
    uint16_t get;           /**< next position to read */
    uint16_t seen;          /**< not `get`: the element there has been accepted as the other side's */
    uint16_t seen_flags;    /**< packed: its flags */
    uint16_t length_flags;  /**< packed, driver: flags without which a used length means nothing (P8) */
    uint16_t first_flags;   /**< packed: flags of the element at `published`, to be stored last (P10) */
    bool event_idx;         /**< VIRTIO_F_EVENT_IDX was acknowledged */
    bool packed;            /**< VIRTIO_F_RING_PACKED was acknowledged */
    bool in_order;          /**< VIRTIO_F_IN_ORDER was acknowledged */
    bool quiet;             /**< no notification is asked for: the own event word stays as it is */
};

/* Bit 15 of a packed position is the wrap counter. */
#define VQG_PACKED_WRAP_ 0x8000u
#define VQG_PACKED_OFFSET_ 0x7fffu

/** What a notify decision asks: does `event` lie in the positions [was, now)? Safe when they wrap (E2, 2.7.10.1). */
VQG_API bool vqg_event_due_(uint16_t event, uint16_t now, uint16_t was)
{
    return (uint16_t)(now - event - 1u) < (uint16_t)(now - was);
}

VQG_API bool vqg_ring_is_packed_(const struct vqg_ring *r)
{
    return VQG_CONFIG_PACKED && r->packed;
}

/** Index of a position in the ring: below its size. */
VQG_API uint32_t vqg_ring_index_(const struct vqg_ring *r, uint16_t at)
{
    return vqg_ring_is_packed_(r) ? at & VQG_PACKED_OFFSET_ : at & r->mask;
}

/** How the records of violations name a position: what a split index says, or a packed offset. */
VQG_API uint32_t vqg_ring_place_(const struct vqg_ring *r, uint16_t at)
{
    return vqg_ring_is_packed_(r) ? at & VQG_PACKED_OFFSET_ : at;
}

/** A packed position, `n` elements on; `n` is at most the size. Any size: no mask (Q3). */
VQG_API uint16_t vqg_packed_step_(const struct vqg_ring *r, uint16_t at, uint32_t n)
{
    uint32_t next = (at & VQG_PACKED_OFFSET_) + n;
    if (VQG_PORT_UNLIKELY(next >= r->size)) {
        return (uint16_t)((next - r->size) | (~(uint32_t)at & VQG_PACKED_WRAP_));
    }
    return (uint16_t)(at + n);
}

/** Elements from one packed position on to another: below two laps. Offsets are below the size. */
VQG_API uint32_t vqg_packed_distance_(const struct vqg_ring *r, uint16_t from, uint16_t to)
{
    uint32_t n = (uint32_t)(to & VQG_PACKED_OFFSET_) - (from & VQG_PACKED_OFFSET_);
    n += ((from ^ to) & VQG_PACKED_WRAP_) != 0u ? r->size : 0u;
    /* Less than nothing is nearly two laps on. */
    return n <= 2u * r->size ? n : n + 2u * r->size;
}

/** Begins at the first position. */
VQG_API void vqg_ring_rewind_(struct vqg_ring *r)
{
    uint16_t start = (uint16_t)(vqg_ring_is_packed_(r) ? VQG_PACKED_WRAP_ : 0u);
    r->put = start;
    r->published = start;
    r->get = start;
    r->seen = start;
}

#ifdef __cplusplus
}
#endif

#endif
