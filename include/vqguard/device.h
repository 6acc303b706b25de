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

#include "split.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A device endpoint. Caller-owned private memory; its fields are private. */
struct vqg_device {
    struct vqg_judge judge;           /**< state, policy and capabilities */
    struct vqg_record record;         /**< what is in flight */
    struct vqg_split ring;            /**< the queue in shared memory */
    struct vqg_policy asked;          /**< the policy as the caller gave it */
    uint32_t nslots;                  /**< entries of the caller's record */
    uint64_t part_pin[3];             /**< what ends the pins of the parts */
    uint64_t bytes_in_flight;         /**< of the popped chains, of any generation */
    uint64_t dropped;                 /**< chains that went back unserved */
    struct vqg_chain *popped;         /**< chains in flight, of any generation */
    const struct vqg_device *sibling; /**< another queue of the same trust domain */
    const uint16_t *resume;           /**< heads to take again after a restore */
    uint32_t resume_left;             /**< how many of them */
    uint16_t last_avail;              /**< next position to take */
    uint16_t seen_avail;              /**< position up to which avail.idx has been accepted */
    uint16_t used;                    /**< next position to return */
    uint16_t published;               /**< position up to which the driver may look */
    bool kicks_off;                   /**< the caller asked for no kicks */
};

/** Ends the pins of the first `n` parts. */
VQG_API void vqg_device_unpin_parts_(struct vqg_device *d, uint32_t n)
{
    uint32_t i;
    for (i = 0; i < n; i++) {
        vqg_caps_unpin_(&d->judge.caps, d->part_pin[i]);
    }
}

/** Checks part `n` of a queue, pins it, and makes its handle. */
VQG_API enum vqg_status vqg_device_part_(struct vqg_device *d, uint32_t n, uint64_t addr, uint64_t bytes,
                                         enum vqg_status bad, struct vqg_shared *part, bool big)
{
    static const uint8_t aligns[3] = {VQG_DESC_ALIGN, VQG_AVAIL_ALIGN, VQG_USED_ALIGN};
    struct vqg_guard *g = &d->judge.guard;
    const struct vqg_device *s = d->sibling;
    const struct vqg_cap *cap;
    void *map;
    uint32_t i;
    VQG_REQUIRE_SETUP(g, (addr & (aligns[n] - 1u)) == 0u, QUEUE_ALIGN, bad, addr, aligns[n]);
    VQG_REQUIRE_SETUP(g, vqg_range_is_sane_(addr, bytes), QUEUE_EXTENT, bad, addr, bytes);
    cap = vqg_caps_lookup_(&d->judge.caps, addr);
    VQG_REQUIRE_SETUP(g, cap != NULL && addr - cap->base < cap->size && bytes <= cap->size - (addr - cap->base),
                      QUEUE_EXTENT, bad, addr, bytes);
    VQG_REQUIRE_SETUP(g, vqg_cap_allows_(cap, n == 2u), RIGHT, bad, addr, cap->rights);
    map = vqg_cap_pointer_(cap, addr);
    VQG_EXPECT_(vqg_is_aligned_(map, aligns[n]), bad);
    for (i = 0; i < n; i++) {
        VQG_REQUIRE_SETUP(g, !vqg_ranges_overlap_(addr, bytes, d->judge.part_addr[i], d->judge.part_bytes[i]),
                          QUEUE_DISJOINT, bad, addr, d->judge.part_addr[i]);
    }
    for (i = 0; s != NULL && i < VQG_QUEUE_SIZE_MAX; i++) {
        VQG_REQUIRE_SETUP(g, s->judge.guard.state == VQG_STATE_OFF || !vqg_judge_owns_(&s->judge, addr, bytes), QUEUE_DISJOINT,
                          bad, addr, s->judge.guard.violation.queue);
        s = s->sibling;
    }
    VQG_REQUIRE_SETUP(g, vqg_caps_pin_(&d->judge.caps, cap, addr, bytes, &d->part_pin[n]), PIN, bad, addr, bytes);
    d->judge.part_addr[n] = addr;
    d->judge.part_bytes[n] = bytes;
    d->judge.parts_first = n == 0u || addr < d->judge.parts_first ? addr : d->judge.parts_first;
    d->judge.parts_last = n == 0u || addr + (bytes - 1u) > d->judge.parts_last ? addr + (bytes - 1u) : d->judge.parts_last;
    *part = vqg_shared_at(map, big);
    return VQG_OK;
}

/** Gives every limit of the policy that says 0 its meaning. */
VQG_API struct vqg_policy vqg_device_limits_(struct vqg_policy p, uint32_t size)
{
    p.max_address = p.max_address == 0u ? UINT64_MAX : p.max_address;
    p.max_bytes_in_flight = p.max_bytes_in_flight == 0u ? UINT64_MAX : p.max_bytes_in_flight;
    p.max_bytes = p.max_bytes == 0u ? UINT32_MAX : p.max_bytes;
    p.max_elements = p.max_elements == 0u ? size : p.max_elements;
    p.max_table_entries = p.max_table_entries == 0u ? size : p.max_table_entries;
    return p;
}

/**
 * Enables a queue that is off: after vqg_device_init() did so, and after each
 * vqg_device_reset(), with every rule of a first time (rule R5).
 *
 * @param d the endpoint, off
 * @param q the queue as the driver configured it: index, count, size, size_max, features, order, the
 *          three addresses, and a sibling queue whose parts must be disjoint from these
 * @return VQG_OK; VQG_BAD_STATE when it is not off (Q8); VQG_BAD_ENDPOINT, VQG_BAD_QUEUE; VQG_BAD_INDEX (Q9);
 *         VQG_BAD_FEATURES; VQG_BAD_BYTE_ORDER (Q11); VQG_BAD_SIZE (Q1, Q2, Q4); VQG_BAD_SLOTS (Q4);
 *         VQG_BAD_DESC, VQG_BAD_AVAIL, VQG_BAD_USED (Q5, Q6, Q7, M2, M3, or no aligned mapping). The rule,
 *         the value and the limit are in vqg_device_violation(). (2.7, 2.7.1)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_device_enable(struct vqg_device *d, const struct vqg_queue *q)
{
    struct vqg_guard *g;
    enum vqg_status st;
    bool big;
    VQG_EXPECT_(d != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(q != NULL, VQG_BAD_QUEUE);
    g = &d->judge.guard;
    VQG_REQUIRE_CALLER(g->state == VQG_STATE_OFF, QUEUE_FROZEN, VQG_BAD_STATE);
    vqg_guard_clear_(g);
    g->violation.queue = q->index;
    st = vqg_check_queue_(g, q, &d->asked);
    VQG_EXPECT_(st == VQG_OK, st);
    VQG_REQUIRE_SETUP(g, d->nslots >= q->size, QUEUE_SIZE_MAX, VQG_BAD_SLOTS, q->size, d->nslots);
    big = vqg_queue_is_big_(q);
    d->sibling = q->sibling;
    st = vqg_device_part_(d, 0, q->desc_addr, vqg_desc_bytes(q->size), VQG_BAD_DESC, &d->ring.desc, big);
    VQG_EXPECT_(st == VQG_OK, st);
    st = vqg_device_part_(d, 1, q->avail_addr, vqg_avail_bytes(q->size), VQG_BAD_AVAIL, &d->ring.avail, big);
    if (st != VQG_OK) {
        vqg_device_unpin_parts_(d, 1);
        return st;
    }
    st = vqg_device_part_(d, 2, q->used_addr, vqg_used_bytes(q->size), VQG_BAD_USED, &d->ring.used, big);
    if (st != VQG_OK) {
        vqg_device_unpin_parts_(d, 2);
        return st;
    }
    d->ring.size = q->size;
    d->ring.event_idx = (q->features & VQG_F_EVENT_IDX) != 0u;
    d->judge.features = q->features;
    d->judge.policy = vqg_device_limits_(d->asked, q->size);
    d->record.size = q->size;
    vqg_record_clear_(&d->record);
    d->resume_left = 0;
    d->last_avail = 0;
    d->seen_avail = 0;
    d->used = 0;
    d->published = 0;
    if (d->kicks_off) {
        vqg_split_arm_kick_(&d->ring, false, 0);
    }
    g->state = (uint8_t)VQG_STATE_LIVE;
    return VQG_OK;
}

/**
 * Sets up a device endpoint and enables its queue. Called once; after a reset
 * vqg_device_enable() goes on, because chains of before may still be popped.
 *
 * @param d      the endpoint, private memory
 * @param q      the queue as the driver configured it; see vqg_device_enable()
 * @param p      policy; every field but min_length and length is used
 * @param caps   how to look capabilities up; copied
 * @param slots  private memory for the record, one entry for each descriptor
 * @param nslots entries of `slots`, at least any queue size that is ever enabled
 * @return as vqg_device_enable(), and VQG_BAD_POLICY, VQG_BAD_CAPS, VQG_BAD_SLOTS for the other arguments.
 *         After a refusal by vqg_device_enable() the endpoint is set up and off.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_device_init(struct vqg_device *d, const struct vqg_queue *q,
                                                           const struct vqg_policy *p, const struct vqg_caps *caps,
                                                           struct vqg_slot *slots, uint32_t nslots)
{
    VQG_EXPECT_(d != NULL, VQG_BAD_ENDPOINT);
    vqg_zero_(d, sizeof *d);
    VQG_EXPECT_(p != NULL && vqg_policy_is_sane_(p), VQG_BAD_POLICY);
    VQG_EXPECT_(caps != NULL && vqg_caps_are_sane_(caps), VQG_BAD_CAPS);
    VQG_EXPECT_(slots != NULL, VQG_BAD_SLOTS);
    d->asked = *p;
    d->judge.caps = *caps;
    d->judge.guard.drop = p->chain == VQG_CHAIN_DROP;
    d->record.slots = slots;
    d->nslots = nslots;
    return vqg_device_enable(d, q);
}

/** Takes a chain off the list of those in flight and ends its pins. */
VQG_API void vqg_device_retire_(struct vqg_device *d, struct vqg_chain *c)
{
    if (c->prev_ != NULL) {
        c->prev_->next_ = c->next_;
    } else {
        d->popped = c->next_;
    }
    if (c->next_ != NULL) {
        c->next_->prev_ = c->prev_;
    }
    c->owner_ = NULL;
    d->bytes_in_flight -= c->bytes_;
    vqg_chain_unpin_(&d->judge.caps, c);
}

/** Looks how far the driver says it is, and judges that. */
VQG_API enum vqg_status vqg_device_harvest_(struct vqg_device *d)
{
    uint16_t seen = vqg_split_harvest_avail_(&d->ring);
    uint16_t pending = (uint16_t)(seen - d->last_avail);
    uint16_t kept = (uint16_t)(d->last_avail - d->published);
    VQG_REQUIRE(&d->judge.guard, pending <= d->ring.size, AVAIL_JUMP, d->last_avail, pending, d->ring.size);
    /* What was pushed and not published is still the device's: the driver cannot have used it again. */
    VQG_REQUIRE(&d->judge.guard, (uint32_t)pending + kept <= d->ring.size, OVERSUBSCRIBED, d->last_avail, pending,
                d->ring.size - kept);
    d->seen_avail = seen;
    return pending != 0u ? VQG_OK : VQG_EMPTY;
}

/** Finds the next head, without moving on. */
VQG_API enum vqg_status vqg_device_next_(struct vqg_device *d, uint16_t *head)
{
    struct vqg_guard *g = &d->judge.guard;
    uint32_t id;
    if (d->resume_left != 0u) {
        id = *d->resume;
    } else {
        if (d->seen_avail == d->last_avail) {
            enum vqg_status st = vqg_device_harvest_(d);
            if (st == VQG_EMPTY && d->ring.event_idx && !d->kicks_off) {
                vqg_split_arm_kick_(&d->ring, true, d->last_avail);
                st = vqg_device_harvest_(d);
            }
            VQG_EXPECT_(st == VQG_OK, st);
        }
        id = vqg_split_fetch_head_(&d->ring, d->last_avail);
    }
    VQG_REQUIRE(g, id < d->ring.size, HEAD_RANGE, d->last_avail, id, d->ring.size);
    id = VQG_PORT_NOSPEC(id, d->ring.size);
    VQG_REQUIRE(g, !vqg_slot_is_head_(&d->record.slots[id]), HEAD_IN_FLIGHT, d->last_avail, id, 0u);
    *head = (uint16_t)id;
    return VQG_OK;
}

/** The head that vqg_device_next_() found is done with: popped, or dropped. */
VQG_API void vqg_device_advance_(struct vqg_device *d)
{
    if (d->resume_left != 0u) {
        d->resume++;
        d->resume_left--;
    } else {
        d->last_avail++;
    }
}

/** The rules for a chain as a whole. */
VQG_API enum vqg_status vqg_device_weigh_(struct vqg_device *d, const struct vqg_chain *c)
{
    struct vqg_guard *g = &d->judge.guard;
    const struct vqg_policy *p = &d->judge.policy;
    VQG_REQUIRE(g, c->readable >= p->min_readable, MINIMUM_SIZE, c->head, c->readable, p->min_readable);
    VQG_REQUIRE(g, c->writable >= p->min_writable, MINIMUM_SIZE, c->head, c->writable, p->min_writable);
    VQG_REQUIRE(g, c->bytes_ <= p->max_bytes_in_flight, QUOTA, c->head, c->bytes_, p->max_bytes_in_flight);
    /* A driver cannot know how much is in flight here: hold the chain back, it stays in the ring. */
    VQG_EXPECT_(c->bytes_ <= p->max_bytes_in_flight - d->bytes_in_flight, VQG_FULL);
    return VQG_OK;
}

/** Takes back what a walk did to the record and to the chain that it refused. */
VQG_API VQG_PORT_COLD void vqg_device_refuse_(struct vqg_device *d, struct vqg_chain *c, uint32_t descs)
{
    vqg_chain_unpin_(&d->judge.caps, c);
    if (descs != 0u) {
        (void)vqg_record_free_(&d->record, c->head, descs);
    }
    c->count = 0;
    c->readable = 0;
    c->writable = 0;
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
    enum vqg_status st;
    uint32_t descs;
    uint16_t head;
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
    c->readable = 0;
    c->writable = 0;
    c->table_bytes_ = 0;
    c->write_seen_ = false;
    st = vqg_device_next_(d, &head);
    VQG_EXPECT_(st == VQG_OK, st);
    c->head = head;
    st = vqg_split_walk_(&d->ring, &d->judge, &d->record, c, head, &descs);
    if (st == VQG_OK) {
        c->bytes_ = (uint64_t)c->readable + c->writable;
        st = vqg_device_weigh_(d, c);
    }
    if (st != VQG_OK) {
        vqg_device_refuse_(d, c, descs);
        if (vqg_is_violation(st) && d->judge.guard.state == VQG_STATE_LIVE) {
            vqg_split_return_(&d->ring, d->used, head, 0);
            d->used++;
            d->dropped++;
            vqg_device_advance_(d);
        }
        return st;
    }
    d->record.slots[head].count = (uint16_t)descs;
    d->record.slots[head].writable = c->writable;
    d->record.outstanding++;
    d->bytes_in_flight += c->bytes_;
    vqg_device_advance_(d);
    c->generation = d->judge.guard.generation;
    c->owner_ = d;
    c->prev_ = NULL;
    c->next_ = d->popped;
    if (d->popped != NULL) {
        d->popped->prev_ = c;
    }
    d->popped = c;
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
 *         from this endpoint (C12); VQG_BAD_ENDPOINT. (2.7.8)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_device_push(struct vqg_device *d, struct vqg_chain *c, uint32_t written)
{
    VQG_EXPECT_(d != NULL && c != NULL, VQG_BAD_ENDPOINT);
    VQG_REQUIRE_CALLER(c->owner_ == d, NOT_POPPED, VQG_BAD_CHAIN);
    if (VQG_BREAKS_(c->generation == d->judge.guard.generation, VQG_RULE_GENERATION)) {
        vqg_device_retire_(d, c);
        return VQG_STALE;
    }
    if (d->judge.guard.state != VQG_STATE_LIVE) {
        vqg_device_retire_(d, c);
        return VQG_DEAD;
    }
    VQG_REQUIRE_CALLER(vqg_slot_is_head_(&d->record.slots[c->head]), NOT_POPPED, VQG_BAD_CHAIN);
    VQG_REQUIRE_CALLER(written <= d->record.slots[c->head].writable, WRITTEN_LENGTH, VQG_BAD_LENGTH);
    vqg_split_return_(&d->ring, d->used, c->head, written);
    d->used++;
    (void)vqg_record_free_(&d->record, c->head, d->record.slots[c->head].count);
    d->record.outstanding--;
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
    uint16_t was = d->published;
    if (d->judge.guard.state != VQG_STATE_LIVE || was == d->used) {
        return false;
    }
    d->published = d->used;
    vqg_split_publish_used_(&d->ring, d->used);
    return vqg_split_interrupt_due_(&d->ring, d->used, was);
}

/** Asks the driver for no kicks. It may send some: this is a hint. (2.7.10) */
VQG_API void vqg_device_kick_disable(struct vqg_device *d)
{
    d->kicks_off = true;
    if (d->judge.guard.state == VQG_STATE_LIVE) {
        vqg_split_arm_kick_(&d->ring, false, d->last_avail);
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
    d->kicks_off = false;
    if (d->judge.guard.state != VQG_STATE_LIVE) {
        return false;
    }
    vqg_split_arm_kick_(&d->ring, true, d->last_avail);
    if (d->resume_left != 0u || d->seen_avail != d->last_avail) {
        return true;
    }
    st = vqg_device_harvest_(d);
    d->judge.guard.untold = vqg_is_violation(st);
    return st != VQG_EMPTY;
}

/**
 * The driver reset the device or the queue: a new generation opens, and the
 * queue is off until vqg_device_enable(). Chains that the caller still works on
 * stay pinned and in flight until it pushes them; their results are discarded.
 */
VQG_API void vqg_device_reset(struct vqg_device *d)
{
    if (d->judge.guard.state != VQG_STATE_OFF) {
        vqg_device_unpin_parts_(d, 3);
        vqg_guard_renew_(&d->judge.guard, VQG_STATE_OFF);
    }
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
    for (c = d->popped; c != NULL; c = c->next_) {
        for (i = 0; i < c->count; i++) {
            if (vqg_ranges_overlap_(addr, bytes, c->seg[i].addr, c->seg[i].len)) {
                return true;
            }
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
