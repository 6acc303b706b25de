/* SPDX-License-Identifier: MIT */
/**
 * @file restore.h
 * @brief Floor 6: a device endpoint's state, saved and restored.
 *
 * For migration, snapshots and back ends that reconnect. A saved state has been
 * where others could change it, so that it is judged like anything else from
 * outside (rule R7).
 */
#ifndef VQGUARD_RESTORE_H
#define VQGUARD_RESTORE_H

#include "device.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a device needs to go on elsewhere. Untrusted when it comes back (rule R7). */
struct vqg_device_state {
    uint16_t last_avail;   /**< next position to take; of a packed queue the offset, with the wrap counter as bit 15 */
    uint16_t used;         /**< next position to return; likewise */
    uint16_t *heads;       /**< split: heads in flight; private memory, kept until they are popped again */
    uint32_t capacity;     /**< entries of `heads` */
    uint32_t count;        /**< heads that are there */
};

/**
 * Writes down what a successor needs. Publish first, with vqg_device_notify().
 *
 * @param d the endpoint, live
 * @param s state: `heads` and `capacity` say where the heads in flight go
 * @return VQG_OK; VQG_BAD_STATE when it is not live, or has something unpublished; VQG_BUSY when a chain of a
 *         packed queue is in flight: the ring may not have its descriptors any more; VQG_BAD_SAVED when
 *         `heads` is too small; VQG_BAD_ENDPOINT for a null argument.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_device_save(const struct vqg_device *d, struct vqg_device_state *s)
{
    const struct vqg_ring *r;
    uint32_t flying;
    uint32_t n = 0;
    uint32_t i;
    VQG_EXPECT_(d != NULL && s != NULL, VQG_BAD_ENDPOINT);
    r = &d->ring;
    VQG_EXPECT_(d->judge.guard.state == VQG_STATE_LIVE && r->published == r->put, VQG_BAD_STATE);
    VQG_EXPECT_(!vqg_ring_is_packed_(r) || r->put == r->get, VQG_BUSY);
    flying = (uint16_t)(r->get - r->put);
    VQG_EXPECT_(flying <= s->capacity && (s->heads != NULL || s->capacity == 0u), VQG_BAD_SAVED);
    if (r->in_order) {
        for (i = 0; i + d->resume_left < flying; i++) {
            s->heads[n++] = d->record.slots[vqg_ring_index_(r, (uint16_t)(r->put + i))].order;
        }
    } else {
        for (i = 0; i < d->record.size; i++) {
            if (vqg_slot_is_head_(&d->record.slots[i])) {
                s->heads[n++] = (uint16_t)i;
            }
        }
    }
    for (i = 0; i < d->resume_left; i++) {
        s->heads[n++] = d->resume[i];
    }
    s->count = n;
    s->last_avail = r->get;
    s->used = r->put;
    return VQG_OK;
}

/**
 * Tells where the queue is, for a back end that writes that down as it goes, because it
 * may end without a chance to save: `last_avail` and `used`, and nothing else of `s`.
 *
 * @param d the endpoint, set up; trusted, like all that the caller gives
 * @param s the state; its heads are left alone
 */
VQG_API void vqg_device_position(const struct vqg_device *d, struct vqg_device_state *s)
{
    s->last_avail = d->ring.get;
    s->used = d->ring.put;
}

/** The rules for a saved state of a packed queue: nothing was in flight. */
VQG_API enum vqg_status vqg_device_check_saved_packed_(struct vqg_device *d, const struct vqg_device_state *s)
{
    struct vqg_guard *g = &d->judge.guard;
    uint32_t offset = s->last_avail & VQG_PACKED_OFFSET_;
    VQG_REQUIRE_SETUP(g, offset < d->ring.size, RESTORE, VQG_BAD_SAVED, offset, d->ring.size);
    VQG_REQUIRE_SETUP(g, s->used == s->last_avail, RESTORE, VQG_BAD_SAVED, s->used, s->last_avail);
    VQG_REQUIRE_SETUP(g, s->count == 0u, RESTORE, VQG_BAD_SAVED, s->count, 0u);
    return VQG_OK;
}

/** The rules for a saved state, against the ring as it is now. */
VQG_API enum vqg_status vqg_device_check_saved_(struct vqg_device *d, const struct vqg_device_state *s)
{
    struct vqg_guard *g = &d->judge.guard;
    uint16_t flying = (uint16_t)(s->last_avail - s->used);
    uint16_t pending;
    uint32_t i;
    if (vqg_ring_is_packed_(&d->ring)) {
        return vqg_device_check_saved_packed_(d, s);
    }
    pending = (uint16_t)(vqg_split_harvest_(&d->ring) - s->last_avail);
    VQG_REQUIRE_SETUP(g, flying == s->count && flying <= d->ring.size, RESTORE, VQG_BAD_SAVED, flying, s->count);
    VQG_REQUIRE_SETUP(g, (uint32_t)pending + flying <= d->ring.size, RESTORE, VQG_BAD_SAVED, pending, d->ring.size);
    for (i = 0; i < s->count; i++) {
        uint32_t head = s->heads[i];
        VQG_REQUIRE_SETUP(g, head < d->ring.size, RESTORE, VQG_BAD_SAVED, head, d->ring.size);
        VQG_REQUIRE_SETUP(g, d->record.slots[head].count == 0u, RESTORE, VQG_BAD_SAVED, head, i);
        d->record.slots[head].count = 1;
    }
    return VQG_OK;
}

/**
 * Goes on from a saved state, right after the queue was enabled. The state is
 * judged as if the driver had made it up (R7). Heads that were in flight are
 * popped again first, with every rule of a first time; `s->heads` stays private
 * and in place until then.
 *
 * @return VQG_OK; VQG_BAD_SAVED, and the queue is off again; VQG_BAD_STATE when it is not live, or not at its
 *         first position; VQG_BAD_ENDPOINT for a null argument.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_device_restore(struct vqg_device *d, const struct vqg_device_state *s)
{
    struct vqg_ring start;
    enum vqg_status st;
    VQG_EXPECT_(d != NULL && s != NULL && (s->heads != NULL || s->count == 0u), VQG_BAD_ENDPOINT);
    VQG_EXPECT_(d->judge.guard.state == VQG_STATE_LIVE, VQG_BAD_STATE);
    start = d->ring;
    vqg_ring_rewind_(&start);
    VQG_EXPECT_(d->ring.get == start.get && d->ring.put == start.put, VQG_BAD_STATE);
    st = vqg_device_check_saved_(d, s);
    vqg_record_clear_(&d->record);
    if (st != VQG_OK) {
        vqg_device_reset(d);
        return st;
    }
    d->resume = s->heads;
    d->resume_left = s->count;
    d->next_desc = d->ring.size;
    d->ring.get = s->last_avail;
    d->ring.seen = s->last_avail;
    d->ring.put = s->used;
    d->ring.published = s->used;
    return VQG_OK;
}

#ifdef __cplusplus
}
#endif

#endif
