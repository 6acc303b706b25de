/* SPDX-License-Identifier: MIT */
/**
 * @file driver_setup.h
 * @brief Floor 5: the driver endpoint's life: init, reset, reclaim, restart.
 *
 * Memory that the device may still write comes back only after the device said
 * that it stopped (rule R3). driver.h has what happens in between.
 */
#ifndef VQGUARD_DRIVER_SETUP_H
#define VQGUARD_DRIVER_SETUP_H

#include "ledger.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A driver endpoint. Caller-owned private memory; its fields are private. */
struct vqg_driver {
    struct vqg_ledger ledger; /**< what is lent, and how completions are taken */
    uint32_t free_count; /**< descriptors in the free list */
    uint32_t cursor;     /**< next slot to look at while cookies are reclaimed */
    uint32_t max_direct; /**< segments of a direct chain: at most the queue size and the policy's elements */
    uint32_t max_indirect; /**< segments of an indirect chain: at most the policy's elements */
    uint16_t free_head;  /**< first descriptor of the free list */
    bool indirect;       /**< VIRTIO_F_INDIRECT_DESC was acknowledged */
    bool notify_data;    /**< VIRTIO_F_NOTIFICATION_DATA was acknowledged */
};

/** Fills the free list and clears the rings. */
VQG_API void vqg_driver_begin_(struct vqg_driver *d)
{
    struct vqg_ledger *l = &d->ledger;
    uint32_t i;
    vqg_record_clear_(&l->record);
    for (i = 0; i + 1u < l->record.size; i++) {
        l->record.slots[i].next = (uint16_t)(i + 1u);
    }
    d->free_count = l->record.size;
    d->free_head = 0;
    d->cursor = 0;
    l->batch = false;
    vqg_ring_clear_(&l->ring);
}

/**
 * Sets up a driver endpoint and clears the rings. Called before the device is
 * told where the queue is.
 *
 * @param d      the endpoint, private memory
 * @param q      the queue: index, size, acknowledged features, order, and the three parts, shared memory
 * @param p      policy: required_features, max_elements, min_length and length are used
 * @param slots  private memory for the record, one entry for each descriptor
 * @param nslots entries of `slots`, at least the queue size
 * @return as vqg_ledger_init()
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_driver_init(struct vqg_driver *d, const struct vqg_queue *q,
                                                           const struct vqg_policy *p, struct vqg_slot *slots,
                                                           uint32_t nslots)
{
    enum vqg_status st;
    VQG_EXPECT_(d != NULL, VQG_BAD_ENDPOINT);
    vqg_zero_(d, sizeof *d);
    st = vqg_ledger_set_up_(&d->ledger, q, p, slots, nslots);
    if (st == VQG_OK) {
        d->max_indirect = d->ledger.policy.max_elements;
        d->max_indirect = d->max_indirect < VQG_QUEUE_SIZE_MAX ? d->max_indirect : VQG_QUEUE_SIZE_MAX;
        d->max_direct = d->max_indirect < q->size ? d->max_indirect : q->size;
        d->notify_data = (q->features & VQG_F_NOTIFICATION_DATA) != 0u;
        d->indirect = (q->features & VQG_F_INDIRECT_DESC) != 0u;
        vqg_driver_begin_(d);
    }
    return st;
}

/** Frees a chain in the record and puts its descriptors back on the free list. */
VQG_API void vqg_driver_settle_(struct vqg_driver *d, uint16_t head)
{
    struct vqg_slot *slots = d->ledger.record.slots;
    struct vqg_slot *first = &slots[head];
    d->free_count += first->count;
    first->count = 0;
    if (VQG_PORT_UNLIKELY(d->ledger.ring.in_order)) {
        return; /* they are used, and come back, round and round; a split queue's have to be (2.7.5.2) */
    }
    slots[first->tail].next = d->free_head;
    d->free_head = head;
}

/**
 * Begins a reset: a new generation opens, and nothing is added, published or
 * taken until vqg_driver_restart(). The caller resets the device or the queue,
 * waits for the acknowledgement with its own deadline, and then calls
 * vqg_driver_reset_acked(). Until then all lent memory stays the device's.
 *
 * @return VQG_OK; VQG_BAD_STATE when never set up, or past the acknowledgement; VQG_BAD_ENDPOINT.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_driver_reset(struct vqg_driver *d)
{
    uint8_t state;
    VQG_EXPECT_(d != NULL, VQG_BAD_ENDPOINT);
    state = d->ledger.guard.state;
    VQG_EXPECT_(state == VQG_STATE_LIVE || state == VQG_STATE_DEAD || state == VQG_STATE_RESET, VQG_BAD_STATE);
    if (state != VQG_STATE_RESET) {
        vqg_guard_renew_(&d->ledger.guard, VQG_STATE_RESET);
    }
    return VQG_OK;
}

/**
 * The caller has seen the device acknowledge the reset: its status, or the
 * queue's reset register, reads 0. (2.4.2, 2.6.1.1.2)
 *
 * @return VQG_OK; VQG_BAD_STATE when no reset is under way; VQG_BAD_ENDPOINT.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_driver_reset_acked(struct vqg_driver *d)
{
    VQG_EXPECT_(d != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(d->ledger.guard.state == VQG_STATE_RESET, VQG_BAD_STATE);
    d->ledger.guard.state = (uint8_t)VQG_STATE_DRAIN;
    return VQG_OK;
}

/**
 * Hands back one request that the device never completed; every one of them
 * comes exactly once, with length 0.
 *
 * @return VQG_OK; VQG_EMPTY when all are back; VQG_BAD_STATE before the
 *         acknowledgement (R3); VQG_BAD_ENDPOINT for a null argument.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_driver_reclaim(struct vqg_driver *d, struct vqg_done *done)
{
    struct vqg_record *rec;
    VQG_EXPECT_(d != NULL && done != NULL, VQG_BAD_ENDPOINT);
    VQG_REQUIRE_CALLER(d->ledger.guard.state == VQG_STATE_DRAIN, RESET_ACKNOWLEDGED, VQG_BAD_STATE);
    rec = &d->ledger.record;
    for (; d->cursor < rec->size; d->cursor++) {
        struct vqg_slot *slot = &rec->slots[d->cursor];
        if (vqg_slot_is_head_(slot)) {
            done->cookie = slot->cookie;
            done->len = 0;
            done->claimed = 0;
            done->generation = d->ledger.guard.generation;
            done->count = slot->count;
            done->id = (uint16_t)d->cursor;
            done->flags = 0;
            vqg_driver_settle_(d, done->id);
            return VQG_OK;
        }
    }
    return VQG_EMPTY;
}

/**
 * Goes live again with empty rings, after every request was reclaimed and
 * before the device is told where the queue is.
 *
 * @return VQG_OK; VQG_BAD_STATE before the acknowledgement or with requests not reclaimed; VQG_BAD_ENDPOINT.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_driver_restart(struct vqg_driver *d)
{
    VQG_EXPECT_(d != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(d->ledger.guard.state == VQG_STATE_DRAIN && d->free_count == d->ledger.record.size, VQG_BAD_STATE);
    vqg_driver_begin_(d);
    vqg_guard_clear_(&d->ledger.guard);
    d->ledger.guard.state = (uint8_t)VQG_STATE_LIVE;
    return VQG_OK;
}

#ifdef __cplusplus
}
#endif

#endif
