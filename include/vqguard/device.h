/* SPDX-License-Identifier: MIT */
/**
 * @file device.h
 * @brief Floor 5: the device endpoint. Distrusts the driver.
 *
 * pop, serve, push, ..., notify. A chain that comes out of pop ends, fits, is
 * covered by capabilities for its direction, and lives in private memory: what
 * the driver writes afterwards changes nothing. The payload it refers to stays
 * the driver's memory; copy what a decision needs (vqg_chain_read()).
 *
 * One endpoint is used by one thread at a time: it never waits, locks or
 * allocates.
 */
#ifndef VQGUARD_DEVICE_H
#define VQGUARD_DEVICE_H

#include "device_ring.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A chain is the caller's again, and its pins end. */
VQG_API void vqg_device_retire_(struct vqg_device *d, struct vqg_chain *c)
{
    c->owner_ = NULL;
    d->bytes_in_flight -= c->bytes_;
    vqg_chain_unpin_(&d->judge.caps, c);
}

/** Takes a chain off the list of those that a reset left in flight. */
VQG_API VQG_PORT_COLD void vqg_device_unlink_stale_(struct vqg_device *d, const struct vqg_chain *c)
{
    if (c->prev_ != NULL) {
        c->prev_->next_ = c->next_;
    } else {
        d->stale = c->next_;
    }
    if (c->next_ != NULL) {
        c->next_->prev_ = c->prev_;
    }
}

/** True when a segment of the chain shares a byte with the range. */
VQG_API bool vqg_chain_touches_(const struct vqg_chain *c, uint64_t addr, uint64_t bytes)
{
    uint32_t i;
    for (i = 0; i < c->count; i++) {
        if (vqg_ranges_overlap_(addr, bytes, c->seg[i].addr, c->seg[i].len)) {
            return true;
        }
    }
    return false;
}

/**
 * Takes the next chain. Until it is pushed, `c` and its segments are lent to the
 * endpoint, the capabilities under them are pinned, and its descriptors may not
 * appear in another chain.
 *
 * @param d the endpoint
 * @param c the chain: storage by vqg_chain_init() for at least `max_elements` segments
 * @return VQG_OK, and `c` is filled; VQG_EMPTY; VQG_FULL when the bytes in flight leave no room, and the
 *         chain stays in the ring; VQG_DEAD; VQG_BAD_ENDPOINT; VQG_BAD_CHAIN when `c` is null, in flight or has
 *         too little storage; VQG_V_AVAIL_JUMP (S1), VQG_V_HEAD_RANGE (S2), VQG_V_OVERSUBSCRIBED (S3),
 *         VQG_V_HEAD_IN_FLIGHT (S4), VQG_V_SHARED_DESCRIPTOR (S5), each of which latches; and the rules of kind
 *         CHAIN (C1 to C10, I1 to I10, I12, M1 to M3, M9, X8), which latch, or under VQG_CHAIN_DROP return the
 *         head to the driver with length 0: then there may be more, and the caller goes on. Of a packed queue
 *         VQG_V_LIST_BOUND (P3), VQG_V_MEMBER_AVAILABLE (P4), VQG_V_BUFFER_ID_RANGE (P5) and S4, which latch also
 *         behind an element that alone would be dropped; the record then has that element's rule, which came first.
 *         With IN_ORDER VQG_V_DESCRIPTOR_ORDER (O4). (2.7.5, 2.7.5.3, 2.7.6, 2.8.5, 2.8.6)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_device_pop(struct vqg_device *d, struct vqg_chain *c)
{
    struct vqg_slot *slot;
    enum vqg_status st;
    uint32_t count = 0;
    VQG_EXPECT_(d != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(c != NULL && c->seg != NULL && c->owner_ == NULL, VQG_BAD_CHAIN);
    if (d->judge.guard.state != VQG_STATE_LIVE) {
        if (vqg_guard_was_untold_(&d->judge.guard)) {
            return d->judge.guard.violation.rule == VQG_RULE_AVAIL_JUMP ? VQG_V_AVAIL_JUMP : VQG_V_OVERSUBSCRIBED;
        }
        return VQG_DEAD;
    }
    VQG_EXPECT_(c->capacity >= d->judge.policy.max_elements, VQG_BAD_CHAIN);
    c->count = 0;
    c->writable = 0;
    c->bytes_ = 0;
    c->table_first_ = UINT64_MAX;
    c->table_last_ = 0;
    c->write_seen_ = false;
    if (d->judge.caps.table != NULL && d->judge.caps.table->epoch != d->judge.window.epoch) {
        d->judge.window.size = 0;
    }
    st = vqg_device_read_(d, c, &count);
    if (st == VQG_OK) {
        c->readable = (uint32_t)c->bytes_ - c->writable;
        st = vqg_device_weigh_(d, c);
    }
    if (VQG_PORT_UNLIKELY(st != VQG_OK)) {
        if (st != VQG_EMPTY) {
            vqg_device_refuse_(d, c, st, count);
        }
        return st;
    }
    slot = &d->record.slots[c->head];
    slot->count = (uint16_t)count;
    slot->writable = c->writable;
    slot->cookie = c;
    d->bytes_in_flight += c->bytes_;
    d->next_desc = (c->head + count) & d->ring.mask;
    vqg_device_advance_(d, c->head, count);
    c->generation = d->judge.guard.generation;
    c->owner_ = d;
    return VQG_OK;
}

/**
 * Returns a chain to the driver, who does not see it before vqg_device_notify().
 *
 * @param d       the endpoint
 * @param c       a chain that was popped and not pushed
 * @param written bytes written to its writable segments, from the first on
 * @return VQG_OK; VQG_STALE when it was popped before a reset (R4), and VQG_DEAD when the endpoint is latched: it
 *         is the caller's again and its pins are gone, but nothing reaches the driver; VQG_BAD_LENGTH when
 *         `written` is beyond the writable bytes (C11): it stays in flight; VQG_BAD_CHAIN when it is not popped
 *         from this endpoint (C12); VQG_BAD_ORDER, with IN_ORDER, when another one is to be pushed first (O5):
 *         it stays in flight; VQG_BAD_ENDPOINT. (2.7.8, 2.7.9)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_device_push(struct vqg_device *d, struct vqg_chain *c, uint32_t written)
{
    VQG_EXPECT_(d != NULL && c != NULL, VQG_BAD_ENDPOINT);
    VQG_REQUIRE_CALLER(c->owner_ == d, NOT_POPPED, VQG_BAD_CHAIN);
    if (VQG_BREAKS_(c->generation == d->judge.guard.generation, VQG_RULE_GENERATION)) {
        vqg_device_unlink_stale_(d, c);
        vqg_device_retire_(d, c);
        return VQG_STALE;
    }
    if (d->judge.guard.state != VQG_STATE_LIVE) {
        d->record.slots[c->head].count = 0;
        vqg_device_retire_(d, c);
        return VQG_DEAD;
    }
    VQG_REQUIRE_CALLER(vqg_slot_is_head_(&d->record.slots[c->head]), NOT_POPPED, VQG_BAD_CHAIN);
    VQG_REQUIRE_CALLER(written <= d->record.slots[c->head].writable, WRITTEN_LENGTH, VQG_BAD_LENGTH);
    if (VQG_PORT_UNLIKELY(d->ring.in_order)) {
        VQG_REQUIRE_CALLER(vqg_device_oldest_(d) == c->head, RETURN_ORDER, VQG_BAD_ORDER);
    }
    vqg_device_return_(d, c->head, written);
    if (VQG_PORT_UNLIKELY(d->ring.in_order)) {
        vqg_device_return_dropped_(d);
    }
    vqg_device_retire_(d, c);
    return VQG_OK;
}

/**
 * Publishes everything that was pushed or dropped since the last call, with one
 * release of the index, and decides whether the driver wants to be interrupted.
 *
 * @return true when the caller is to interrupt the driver now. (2.7.8, 2.7.10)
 */
VQG_API bool vqg_device_notify(struct vqg_device *d)
{
    if (d->judge.guard.state != VQG_STATE_LIVE || d->ring.published == d->ring.put) {
        return false;
    }
    if (VQG_PORT_UNLIKELY(d->ring.in_order)) {
        vqg_device_publish_held_(d);
    }
    return vqg_ring_publish_(&d->ring);
}

/** Asks the driver for no kicks. It may send some: this is a hint. (2.7.10) */
VQG_API void vqg_device_kick_disable(struct vqg_device *d)
{
    d->ring.quiet = true;
    if (d->judge.guard.state == VQG_STATE_LIVE) {
        vqg_ring_ask_(&d->ring);
    }
}

/**
 * Asks the driver for a kick with the next chain, and looks again.
 *
 * @return true when something was made available meanwhile, so that the caller
 *         pops first: no kick may come for it. What was seen stays accepted, so that a
 *         driver whose index comes and goes cannot hold the caller here. True as well after
 *         a violation (S1, S3), until a pop has returned it. (2.7.10)
 */
VQG_API bool vqg_device_kick_enable(struct vqg_device *d)
{
    enum vqg_status st;
    d->ring.quiet = false;
    if (d->judge.guard.state != VQG_STATE_LIVE) {
        return d->judge.guard.untold;
    }
    vqg_ring_ask_(&d->ring);
    if (d->resume_left != 0u || d->ring.seen != d->ring.get) {
        return true;
    }
    st = vqg_device_harvest_(d);
    if (st == VQG_OK) {
        vqg_ring_keep_(&d->ring);
    }
    d->judge.guard.untold = vqg_is_violation(st);
    return st != VQG_EMPTY;
}

/**
 * True while the device may still touch a byte of the range: it lies in a ring
 * part of a queue that is not off, or in a chain that was popped and not pushed, of any
 * generation. Ask before a capability is revoked (rule M3). A range that wraps
 * counts as touched; one of no bytes does not.
 */
VQG_API bool vqg_device_in_flight(const struct vqg_device *d, uint64_t addr, uint64_t bytes)
{
    const struct vqg_chain *c;
    uint32_t i;
    if (bytes == 0u) {
        return false;
    }
    if (!vqg_range_is_sane_(addr, bytes) ||
        (d->judge.guard.state != VQG_STATE_OFF && vqg_judge_owns_(&d->judge, addr, bytes))) {
        return true;
    }
    for (c = d->stale; c != NULL; c = c->next_) {
        if (vqg_chain_touches_(c, addr, bytes)) {
            return true;
        }
    }
    for (i = 0; d->judge.guard.state != VQG_STATE_OFF && i < d->record.size; i++) {
        c = (const struct vqg_chain *)d->record.slots[i].cookie;
        if (vqg_slot_is_head_(&d->record.slots[i]) && c != NULL && vqg_chain_touches_(c, addr, bytes)) {
            return true;
        }
    }
    return false;
}

/** Chains that went back to the driver unserved, under VQG_CHAIN_DROP. */
VQG_API uint64_t vqg_device_dropped(const struct vqg_device *d)
{
    return d->dropped;
}

/** The first violation since the queue was enabled; its rule is VQG_RULE_NONE when there was none. */
VQG_API const struct vqg_violation *vqg_device_violation(const struct vqg_device *d)
{
    return &d->judge.guard.violation;
}

/** True when the caller is to set DEVICE_NEEDS_RESET: the endpoint is latched (F5, 2.1.2). */
VQG_API bool vqg_device_needs_reset(const struct vqg_device *d)
{
    return d->judge.guard.state == VQG_STATE_DEAD;
}

#ifdef __cplusplus
}
#endif

#endif
