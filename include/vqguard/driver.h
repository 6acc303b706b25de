/* SPDX-License-Identifier: MIT */
/**
 * @file driver.h
 * @brief Floor 5: the driver endpoint. Distrusts the device.
 *
 * add, add, ..., kick; take, take, ...; and after a violation: reset, reclaim,
 * restart. The endpoint owns the ring: what it writes to shared memory it never
 * reads back, and what it reads, used.idx, used elements and the event word or
 * flags, is judged before it is used.
 *
 * One endpoint is used by one thread at a time: it never waits, locks or
 * allocates, and may be called from an interrupt handler under the caller's lock.
 */
#ifndef VQGUARD_DRIVER_H
#define VQGUARD_DRIVER_H

#include "driver_setup.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A request with all that can be asked for. Zero what is not needed. */
struct vqg_request {
    const struct vqg_seg *seg; /**< segments: `addr`, `len` and `write` count, readable ones first */
    uint32_t count;            /**< how many */
    uint32_t min_length;       /**< least used length for this request; the larger of this and the policy's counts */
    void *cookie;              /**< comes back with the completion */
    void *table;               /**< memory for an indirect table, lent until the completion; null: direct */
    uint64_t table_addr;       /**< its address for the device */
    uint32_t table_entries;    /**< its size in entries of 16 bytes, at least `count` */
};

/** Checks the caller's segments, adds up the writable bytes, and settles on the least used length. */
VQG_API VQG_PORT_INLINE enum vqg_status vqg_driver_check_(const struct vqg_driver *d, const struct vqg_seg *seg,
                                                          uint32_t count, uint32_t *least, uint32_t *writable)
{
    const struct vqg_seg *end = seg + count;
    uint64_t bytes = 0;
    uint64_t sum = 0;
    do {
        VQG_EXPECT_(vqg_range_is_sane_(seg->addr, seg->len), VQG_BAD_SEGMENT);
        bytes += seg->len;
        if (seg->write) {
            sum += seg->len;
        } else {
            VQG_EXPECT_(sum == 0u, VQG_BAD_SEGMENT);
        }
    } while (++seg != end);
    VQG_EXPECT_(bytes <= UINT32_MAX, VQG_BAD_SEGMENT);
    *least = *least > d->ledger.policy.min_length ? *least : d->ledger.policy.min_length;
    VQG_EXPECT_(*least <= sum, VQG_BAD_LENGTH);
    *writable = (uint32_t)sum;
    return VQG_OK;
}

/** Records a chain of `count` descriptors of the free list, from its first on. */
VQG_API void vqg_driver_record_(struct vqg_driver *d, struct vqg_slot *first, uint32_t count, uint32_t writable,
                                uint32_t least, void *cookie)
{
    first->cookie = cookie;
    first->writable = writable;
    first->least = least;
    first->count = (uint16_t)count;
    d->free_count -= count;
}

/** Adds a direct chain. */
VQG_API enum vqg_status vqg_driver_add_direct_(struct vqg_driver *d, const struct vqg_seg *seg, uint32_t count,
                                               uint32_t least, void *cookie)
{
    struct vqg_ledger *l = &d->ledger;
    struct vqg_slot *slots = l->record.slots;
    uint32_t head = d->free_head;
    uint32_t writable;
    uint32_t tail;
    enum vqg_status st;
    VQG_EXPECT_(l->guard.state == VQG_STATE_LIVE, VQG_DEAD);
    VQG_EXPECT_(count - 1u < d->max_direct, VQG_BAD_COUNT);
    st = vqg_driver_check_(d, seg, count, &least, &writable);
    VQG_EXPECT_(st == VQG_OK, st);
    VQG_EXPECT_(count <= d->free_count, VQG_FULL);
    vqg_driver_record_(d, &slots[head], count, writable, least, cookie);
    tail = vqg_ring_lend_(&l->ring, slots, head, seg, count);
    slots[head].tail = (uint16_t)tail;
    d->free_head = slots[tail].next;
    return VQG_OK;
}

/** Adds a chain through an indirect table in the caller's memory. */
VQG_API enum vqg_status vqg_driver_add_indirect_(struct vqg_driver *d, const struct vqg_request *r)
{
    struct vqg_ledger *l = &d->ledger;
    struct vqg_shared table = vqg_shared_at(r->table, vqg_shared_is_big_(l->ring.desc));
    uint32_t least = r->min_length;
    uint32_t head = d->free_head;
    uint32_t writable;
    enum vqg_status st;
    VQG_EXPECT_(l->guard.state == VQG_STATE_LIVE, VQG_DEAD);
    VQG_EXPECT_(d->indirect && r->count <= r->table_entries, VQG_BAD_TABLE);
    VQG_EXPECT_(r->count - 1u < d->max_indirect, VQG_BAD_COUNT);
    VQG_EXPECT_(vqg_is_aligned_(r->table, VQG_DESC_ALIGN), VQG_BAD_TABLE);
    VQG_EXPECT_(vqg_range_is_sane_(r->table_addr, vqg_desc_bytes(r->count)), VQG_BAD_TABLE);
    st = vqg_driver_check_(d, r->seg, r->count, &least, &writable);
    VQG_EXPECT_(st == VQG_OK, st);
    VQG_EXPECT_(d->free_count != 0u, VQG_FULL);
    vqg_ring_lend_table_(&l->ring, l->record.slots, head, table, r->table_addr, r->seg, r->count);
    vqg_driver_record_(d, &l->record.slots[head], 1, writable, least, r->cookie);
    l->record.slots[head].tail = (uint16_t)head;
    d->free_head = l->record.slots[head].next;
    return VQG_OK;
}

/**
 * Adds a request. The device does not see it before vqg_driver_kick(). Nothing
 * is changed unless the status is VQG_OK.
 *
 * @param d the endpoint
 * @param r the request; it may go after the call, the memory of its segments and table may not
 * @return VQG_OK; VQG_FULL when there are not enough free descriptors now; VQG_DEAD; VQG_BAD_ENDPOINT for
 *         a null argument; VQG_BAD_COUNT for no segments or more than can ever be taken; VQG_BAD_SEGMENT;
 *         VQG_BAD_TABLE; VQG_BAD_LENGTH when the least length, the request's or the policy's, is beyond the
 *         writable bytes. (2.7.5, 2.7.5.3, 2.7.13)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_driver_add_request(struct vqg_driver *d, const struct vqg_request *r)
{
    VQG_EXPECT_(d != NULL && r != NULL && r->seg != NULL, VQG_BAD_ENDPOINT);
    return r->table == NULL ? vqg_driver_add_direct_(d, r->seg, r->count, r->min_length, r->cookie)
                            : vqg_driver_add_indirect_(d, r);
}

/** Adds `count` segments as a direct chain; see vqg_driver_add_request(). */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_driver_add(struct vqg_driver *d, const struct vqg_seg *seg,
                                                          uint32_t count, void *cookie)
{
    VQG_EXPECT_(d != NULL && seg != NULL, VQG_BAD_ENDPOINT);
    return vqg_driver_add_direct_(d, seg, count, 0, cookie);
}

/**
 * Publishes everything that was added since the last call, with one release of
 * the index, and decides whether the device wants to be notified.
 *
 * @return true when the caller is to notify the device now. False when it is
 *         not, when nothing was added, and when the endpoint is not live. (2.7.13.3, 2.7.10)
 */
VQG_API bool vqg_driver_kick(struct vqg_driver *d)
{
    struct vqg_ledger *l = &d->ledger;
    if (l->guard.state != VQG_STATE_LIVE || l->ring.put == l->ring.published) {
        return false;
    }
    return vqg_ring_publish_(&l->ring);
}

/**
 * What to write to the notification register when vqg_driver_kick() says so: the
 * queue's index and, with VIRTIO_F_NOTIFICATION_DATA, the next position: of a packed queue the offset, with the
 * wrap counter as the highest bit. (2.9, 4.1.5.2)
 */
VQG_API uint32_t vqg_driver_notification(const struct vqg_driver *d)
{
    uint32_t index = d->ledger.guard.violation.queue;
    return d->notify_data ? (index & 0xffffu) | ((uint32_t)d->ledger.ring.published << 16) : index;
}

/**
 * Takes one completion. A caller that loops until VQG_EMPTY with nothing added
 * in between makes at most as many turns as chains were outstanding. With
 * callbacks enabled, VQG_EMPTY means that the next completion interrupts.
 *
 * @param d    the endpoint
 * @param done what was completed; written only with VQG_OK. Bytes beyond `len` are not the device's
 * @return as vqg_ledger_take(). (2.7.8, 2.7.14)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_driver_take(struct vqg_driver *d, struct vqg_done *done)
{
    enum vqg_status st;
    VQG_EXPECT_(d != NULL && done != NULL, VQG_BAD_ENDPOINT);
    st = vqg_ledger_accept_(&d->ledger, done);
    if (st == VQG_OK) {
        vqg_driver_settle_(d, done->id);
    }
    return st;
}

/** Asks the device for no interrupts. It may send some: this is a hint. (2.7.7) */
VQG_API void vqg_driver_callback_disable(struct vqg_driver *d)
{
    d->ledger.ring.quiet = true;
    if (d->ledger.guard.state == VQG_STATE_LIVE) {
        vqg_ring_ask_(&d->ledger.ring);
    }
}

/**
 * Asks the device for an interrupt with the next completion, and looks again.
 *
 * @return true when something was completed meanwhile, so that the caller takes
 *         first: no interrupt may come for it. What was seen stays accepted, so that a
 *         device whose index comes and goes cannot hold the caller here. True as well after
 *         a violation (U1), until a take has returned it. (2.7.7, 2.7.14)
 */
VQG_API bool vqg_driver_callback_enable(struct vqg_driver *d)
{
    enum vqg_status st;
    d->ledger.ring.quiet = false;
    if (d->ledger.guard.state != VQG_STATE_LIVE) {
        return d->ledger.guard.untold;
    }
    vqg_ring_ask_(&d->ledger.ring);
    if (d->ledger.batch || d->ledger.ring.seen != d->ledger.ring.get) {
        return true;
    }
    st = vqg_ledger_harvest_(&d->ledger);
    if (st == VQG_OK) {
        vqg_ring_keep_(&d->ledger.ring);
    }
    d->ledger.guard.untold = vqg_is_violation(st);
    return st != VQG_EMPTY;
}

/** Descriptors that are free now. */
VQG_API uint32_t vqg_driver_free(const struct vqg_driver *d)
{
    return d->free_count;
}

/** Used lengths beyond what was lent, that were clamped or counted. */
VQG_API uint64_t vqg_driver_overlong(const struct vqg_driver *d)
{
    return vqg_ledger_overlong(&d->ledger);
}

/** The first violation since set-up or restart; its rule is VQG_RULE_NONE when there was none. */
VQG_API const struct vqg_violation *vqg_driver_violation(const struct vqg_driver *d)
{
    return vqg_ledger_violation(&d->ledger);
}

/** True when the caller is to set FAILED, or reset the device: the endpoint is latched (F5, 2.1.2). */
VQG_API bool vqg_driver_needs_reset(const struct vqg_driver *d)
{
    return vqg_ledger_needs_reset(&d->ledger);
}

#ifdef __cplusplus
}
#endif

#endif
