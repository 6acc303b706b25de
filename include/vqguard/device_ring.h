/* SPDX-License-Identifier: MIT */
/**
 * @file device_ring.h
 * @brief Floor 5: the device endpoint at its ring: how a chain is found, taken, returned or dropped.
 *
 * The steps of vqg_device_pop() and vqg_device_push(), which are in device.h.
 */
#ifndef VQGUARD_DEVICE_RING_H
#define VQGUARD_DEVICE_RING_H

#include "device_setup.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Looks whether the driver has made something available, and judges how far it says it is. */
VQG_API enum vqg_status vqg_device_harvest_(struct vqg_device *d)
{
    struct vqg_ring *r = &d->ring;
    uint16_t kept = (uint16_t)(r->get - r->published);
    uint16_t seen;
    uint16_t pending;
    if (vqg_ring_is_packed_(r)) {
        return vqg_packed_look_(r, vqg_packed_available_(r->get)) ? VQG_OK : VQG_EMPTY;
    }
    seen = vqg_split_harvest_(r);
    pending = (uint16_t)(seen - r->get);
    VQG_REQUIRE(&d->judge.guard, pending <= r->size, AVAIL_JUMP, r->get, pending, r->size);
    /* What was pushed and not published is still the device's: the driver cannot have used it again. */
    VQG_REQUIRE(&d->judge.guard, (uint32_t)pending + kept <= r->size, OVERSUBSCRIBED, r->get, pending, r->size - kept);
    r->seen = seen;
    return pending != 0u ? VQG_OK : VQG_EMPTY;
}

/** Nothing is available: if need be asks for a kick, and looks again. */
VQG_API VQG_PORT_COLD enum vqg_status vqg_device_look_again_(struct vqg_device *d)
{
    if (!d->ring.event_idx || d->ring.quiet) {
        return VQG_EMPTY;
    }
    vqg_ring_ask_(&d->ring);
    return vqg_device_harvest_(d);
}

/** Finds the next head of a split queue, which waits in the ring or is to be taken again. */
VQG_API enum vqg_status vqg_device_head_(struct vqg_device *d, uint16_t *head)
{
    struct vqg_guard *g = &d->judge.guard;
    struct vqg_ring *r = &d->ring;
    uint32_t id = VQG_PORT_UNLIKELY(d->resume_left != 0u) ? *d->resume : vqg_split_fetch_head_(r);
    VQG_REQUIRE(g, id < r->size, HEAD_RANGE, r->get, id, r->size);
    id = VQG_PORT_NOSPEC(id, r->size);
    VQG_REQUIRE(g, !vqg_slot_is_head_(&d->record.slots[id]), HEAD_IN_FLIGHT, r->get, id, 0u);
    if (VQG_PORT_UNLIKELY(r->in_order)) {
        VQG_REQUIRE(g, d->next_desc == r->size || id == d->next_desc, DESCRIPTOR_ORDER, r->get, id, d->next_desc);
    }
    *head = (uint16_t)id;
    return VQG_OK;
}

/**
 * Finds and walks the next chain, without moving on. `*count` becomes the descriptors that it takes; with a
 * rule of kind CHAIN broken as well, and `c->head`, so that it can be dropped.
 */
VQG_API VQG_PORT_INLINE enum vqg_status vqg_device_read_(struct vqg_device *d, struct vqg_chain *c, uint32_t *count)
{
    struct vqg_ring *r = &d->ring;
    enum vqg_status st;
    if (r->seen == r->get && d->resume_left == 0u) {
        st = vqg_device_harvest_(d);
        if (VQG_PORT_UNLIKELY(st == VQG_EMPTY)) {
            st = vqg_device_look_again_(d);
        }
        VQG_EXPECT_(st == VQG_OK, st);
    }
    if (vqg_ring_is_packed_(r)) {
        uint32_t room = r->size - vqg_packed_distance_(r, r->published, r->get);
        return vqg_packed_walk_(r, &d->judge, &d->record, c, room, &c->head, count);
    }
    st = vqg_device_head_(d, &c->head);
    VQG_EXPECT_(st == VQG_OK, st);
    return vqg_split_walk_(r, &d->judge, &d->record, c, c->head, count);
}

/** The chain that vqg_device_read_() found is done with: popped, or dropped. IN_ORDER: it has its turn. */
VQG_API void vqg_device_advance_(struct vqg_device *d, uint16_t head, uint32_t count)
{
    struct vqg_ring *r = &d->ring;
    if (VQG_PORT_UNLIKELY(r->in_order)) {
        uint16_t turn = (uint16_t)(r->get - d->resume_left);
        d->record.slots[vqg_ring_index_(r, turn)].order = head;
    }
    if (VQG_PORT_UNLIKELY(d->resume_left != 0u)) {
        d->resume++;
        d->resume_left--;
        return;
    }
    vqg_ring_move_on_(r, count);
}

/** Writes what is held back into the ring. */
VQG_API void vqg_device_flush_(struct vqg_device *d)
{
    if (d->held.there) {
        vqg_ring_return_(&d->ring, d->held.at, d->held.id, d->held.len);
        d->held.there = false;
    }
}

/**
 * Returns a chain, and forgets it. IN_ORDER: its element is held back, because that
 * of the next chain may stand for it, if it was written completely (2.7.9).
 */
VQG_API void vqg_device_return_(struct vqg_device *d, uint32_t head, uint32_t len)
{
    struct vqg_ring *r = &d->ring;
    struct vqg_slot *slot = &d->record.slots[head];
    if (VQG_PORT_UNLIKELY(r->in_order)) {
        if (!d->held.there || !d->held.complete) {
            vqg_device_flush_(d);
            d->held.at = r->put;
        }
        d->held.there = true;
        d->held.complete = len == slot->writable;
        d->held.id = (uint16_t)head;
        d->held.len = len;
        r->put = vqg_ring_behind_(r, r->put, slot->count);
        slot->cookie = NULL;
        return;
    }
    if (vqg_ring_is_packed_(r)) {
        vqg_packed_return_(r, r->put, head, len);
        r->put = vqg_packed_step_(r, r->put, slot->count);
    } else {
        vqg_split_return_(r, r->put, head, len);
        r->put++;
    }
    slot->count = 0;
}

/**
 * IN_ORDER: what is returned is published now, and the driver may use its heads again. Before, one of them
 * twice would have made it unclear which chain an element means.
 */
VQG_API VQG_PORT_COLD void vqg_device_publish_held_(struct vqg_device *d)
{
    uint16_t at = d->ring.published;
    while (at != d->ring.put) {
        struct vqg_slot *slot = &d->record.slots[d->record.slots[vqg_ring_index_(&d->ring, at)].order];
        at = vqg_ring_behind_(&d->ring, at, slot->count);
        slot->count = 0;
    }
    vqg_device_flush_(d);
}

/** IN_ORDER: the head whose turn it is to be returned. */
VQG_API uint32_t vqg_device_oldest_(const struct vqg_device *d)
{
    return d->record.slots[vqg_ring_index_(&d->ring, d->ring.put)].order;
}

/** IN_ORDER: returns the dropped chains whose turn has come. */
VQG_API VQG_PORT_COLD void vqg_device_return_dropped_(struct vqg_device *d)
{
    /* What is to be taken again has no turn yet. */
    while (d->ring.put != (uint16_t)(d->ring.get - d->resume_left)) {
        uint32_t head = vqg_device_oldest_(d);
        if (d->record.slots[head].cookie != NULL) {
            return;
        }
        vqg_device_return_(d, head, 0);
    }
}

/** A chain that broke a rule of kind CHAIN goes back unserved. */
VQG_API VQG_PORT_COLD void vqg_device_drop_(struct vqg_device *d, uint16_t head, uint32_t count)
{
    struct vqg_slot *slot = &d->record.slots[head];
    d->next_desc = d->ring.size; /* perhaps its end was not reached */
    d->dropped++;
    slot->count = (uint16_t)count;
    /* Not even an empty buffer was written completely: its element is written. */
    slot->writable = UINT32_MAX;
    slot->serial = vqg_record_begin_(&d->record); /* none of its descriptors bears it: nobody works on them */
    vqg_device_advance_(d, head, count);
    if (d->ring.in_order) {
        vqg_device_return_dropped_(d);
    } else {
        vqg_device_return_(d, head, 0);
    }
}

/** The rules for a chain as a whole. */
VQG_API enum vqg_status vqg_device_weigh_(struct vqg_device *d, const struct vqg_chain *c)
{
    struct vqg_guard *g = &d->judge.guard;
    const struct vqg_policy *p = &d->judge.policy;
    VQG_REQUIRE(g, c->readable >= p->min_readable, MINIMUM_SIZE, c->head, c->readable, p->min_readable);
    VQG_REQUIRE(g, c->writable >= p->min_writable, MINIMUM_SIZE, c->head, c->writable, p->min_writable);
    if (VQG_PORT_UNLIKELY(c->bytes_ > p->max_bytes_in_flight - d->bytes_in_flight)) {
        VQG_REQUIRE(g, c->bytes_ <= p->max_bytes_in_flight, QUOTA, c->head, c->bytes_, p->max_bytes_in_flight);
        /* A driver cannot know how much is in flight here: hold the chain back, it stays in the ring. */
        return VQG_FULL;
    }
    return VQG_OK;
}

/** Takes back what a walk did to the chain that it refused, and drops it if that is the policy. */
VQG_API VQG_PORT_COLD void vqg_device_refuse_(struct vqg_device *d, struct vqg_chain *c, enum vqg_status st,
                                              uint32_t count)
{
    vqg_chain_unpin_(&d->judge.caps, c);
    c->count = 0;
    c->readable = 0;
    c->writable = 0;
    if (count != 0u) {
        /* The walk of a split chain made its head one. */
        d->record.slots[c->head].count = 0;
        if (vqg_is_violation(st) && d->judge.guard.state == VQG_STATE_LIVE) {
            vqg_device_drop_(d, c->head, count);
        }
    }
}

#ifdef __cplusplus
}
#endif

#endif
