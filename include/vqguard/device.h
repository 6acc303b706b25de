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

#include "device_setup.h"

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
    if (r->seen == r->get && VQG_PORT_UNLIKELY(d->resume_left == 0u)) {
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
    slot->cookie = NULL;
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
 *         CHAIN (C1 to C10, I1 to I8, I12, M1 to M3, M9, X8), which latch, or under VQG_CHAIN_DROP return the
 *         head to the driver with length 0: then there may be more, and the caller goes on. (2.7.5, 2.7.5.3,
 *         2.7.6)
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
 *         a violation (S1, S3), which the next pop returns. (2.7.10)
 */
VQG_API bool vqg_device_kick_enable(struct vqg_device *d)
{
    enum vqg_status st;
    d->ring.quiet = false;
    if (d->judge.guard.state != VQG_STATE_LIVE) {
        return false;
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
