/* SPDX-License-Identifier: MIT */
/**
 * @file format.h
 * @brief Floor 3: which of the two formats a queue has.
 *
 * The endpoints speak to this file; it asks once in each step, and split.h or
 * packed.h does it. A build with VQG_CONFIG_PACKED 0 has only one answer.
 */
#ifndef VQGUARD_FORMAT_H
#define VQGUARD_FORMAT_H

#include "packed_walk.h"
#include "split.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of part `n` of a queue, in the order descriptors, driver, device. */
VQG_API uint64_t vqg_part_bytes_(const struct vqg_ring *r, uint32_t n)
{
    if (n == 0u) {
        return vqg_desc_bytes(r->size);
    }
    if (vqg_ring_is_packed_(r)) {
        return VQG_EVENT_BYTES;
    }
    return n == 1u ? vqg_avail_bytes(r->size) : vqg_used_bytes(r->size);
}

/** Alignment in bytes of part `n` of a queue. */
VQG_API uint32_t vqg_part_align_(const struct vqg_ring *r, uint32_t n)
{
    if (n == 0u) {
        return VQG_DESC_ALIGN;
    }
    if (vqg_ring_is_packed_(r)) {
        return VQG_EVENT_ALIGN;
    }
    return n == 1u ? VQG_AVAIL_ALIGN : VQG_USED_ALIGN;
}

/** What the acknowledged features make of a queue that has passed vqg_check_queue_(). */
VQG_API void vqg_ring_shape_(struct vqg_ring *r, const struct vqg_queue *q)
{
    r->size = q->size;
    r->mask = q->size - 1u;
    r->event_idx = (q->features & VQG_F_EVENT_IDX) != 0u;
    r->packed = (q->features & VQG_F_RING_PACKED) != 0u;
    r->in_order = (q->features & VQG_F_IN_ORDER) != 0u;
}

/** Which part is whose. */
VQG_API void vqg_ring_roles_(struct vqg_ring *r, struct vqg_shared driver, struct vqg_shared device, bool is_device)
{
    r->own = is_device ? device : driver;
    r->peer = is_device ? driver : device;
    vqg_split_events_(r, is_device);
}

/** Publishes everything that was put. Does the other side want to hear of that? */
VQG_API bool vqg_ring_publish_(struct vqg_ring *r)
{
    return vqg_ring_is_packed_(r) ? vqg_packed_publish_(r) : vqg_split_publish_(r);
}

/** Asks for a notification when there is more, or for none. */
VQG_API void vqg_ring_ask_(const struct vqg_ring *r)
{
    if (vqg_ring_is_packed_(r)) {
        vqg_packed_ask_(r);
    } else {
        vqg_split_ask_(r);
    }
}

/** Driver: an empty queue, which the device does not know yet. */
VQG_API void vqg_ring_clear_(struct vqg_ring *r)
{
    vqg_ring_rewind_(r);
    if (vqg_ring_is_packed_(r)) {
        vqg_packed_clear_(r);
    } else {
        vqg_split_clear_(r);
    }
    if (r->quiet) {
        vqg_ring_ask_(r);
    }
}

/** Driver: writes a direct chain; returns the last id of those it takes off the free list. */
VQG_API uint32_t vqg_ring_lend_(struct vqg_ring *r, struct vqg_slot *slots, uint32_t head, const struct vqg_seg *seg,
                                uint32_t count)
{
    if (vqg_ring_is_packed_(r)) {
        vqg_packed_lend_(r, slots, head, seg, count);
        return head;
    }
    return vqg_split_lend_(r, slots, head, seg, count);
}

/** Driver: writes a chain through an indirect table. */
VQG_API void vqg_ring_lend_table_(struct vqg_ring *r, struct vqg_slot *slots, uint32_t head, struct vqg_shared table,
                                  uint64_t table_addr, const struct vqg_seg *seg, uint32_t count)
{
    if (vqg_ring_is_packed_(r)) {
        vqg_packed_lend_table_(r, slots, head, table, table_addr, seg, count);
    } else {
        vqg_split_lend_table_(r, slots, head, table, table_addr, seg, count);
    }
}

/** Driver: true while the chain of `id`, which is in flight, was written and not published. */
VQG_API bool vqg_ring_is_hidden_(const struct vqg_ring *r, const struct vqg_slot *slots, uint32_t id)
{
    return vqg_ring_is_packed_(r) ? vqg_packed_is_hidden_(r, slots, id) : vqg_split_is_hidden_(r, slots, id);
}

/** The position behind a chain of `count` descriptors. */
VQG_API uint16_t vqg_ring_behind_(const struct vqg_ring *r, uint16_t at, uint32_t count)
{
    return vqg_ring_is_packed_(r) ? vqg_packed_step_(r, at, count) : (uint16_t)(at + 1u);
}

/** The next element is done with; `count` descriptors belonged to it. What was seen of a packed ring is used up. */
VQG_API void vqg_ring_move_on_(struct vqg_ring *r, uint32_t count)
{
    if (vqg_ring_is_packed_(r)) {
        r->get = vqg_packed_step_(r, r->get, count);
        r->seen = r->get;
    } else {
        r->get++;
    }
}

/** What was just seen at the next position stays accepted, though it is not taken now. */
VQG_API void vqg_ring_keep_(struct vqg_ring *r)
{
    if (vqg_ring_is_packed_(r)) {
        r->seen = (uint16_t)~r->get;
    }
}

/** Device: writes a used element at a position. */
VQG_API void vqg_ring_return_(struct vqg_ring *r, uint16_t at, uint32_t id, uint32_t len)
{
    if (vqg_ring_is_packed_(r)) {
        vqg_packed_return_(r, at, id, len);
    } else {
        vqg_split_return_(r, at, id, len);
    }
}

#ifdef __cplusplus
}
#endif

#endif
