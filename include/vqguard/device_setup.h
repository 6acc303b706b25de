/* SPDX-License-Identifier: MIT */
/**
 * @file device_setup.h
 * @brief Floor 5: the device endpoint's life: init, enable, reset.
 *
 * A queue's geometry comes from the driver, and is judged like anything else from
 * there: at first, and after every reset (rule R5). device.h has what happens
 * in between.
 */
#ifndef VQGUARD_DEVICE_SETUP_H
#define VQGUARD_DEVICE_SETUP_H

#include "format.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A returned chain that the ring does not show yet: with IN_ORDER the next one may stand for it. Private. */
struct vqg_held {
    uint32_t len;      /**< bytes written */
    uint16_t id;       /**< its head */
    uint16_t at;       /**< where its element, or the element that stands for it, goes */
    bool there;        /**< there is one */
    bool complete;     /**< every writable byte was written, so that its length need not be said (2.7.9) */
};

/** A device endpoint. Caller-owned private memory; its fields are private. */
struct vqg_device {
    struct vqg_judge judge;           /**< state, policy and capabilities */
    struct vqg_record record;         /**< what is in flight */
    struct vqg_ring ring;             /**< the queue in shared memory */
    struct vqg_held held;             /**< IN_ORDER: what was pushed last */
    struct vqg_policy asked;          /**< the policy as the caller gave it */
    uint32_t nslots;                  /**< entries of the caller's record */
    uint64_t part_pin[3];             /**< what ends the pins of the parts */
    uint64_t bytes_in_flight;         /**< of the popped chains, of any generation */
    uint64_t dropped;                 /**< chains that went back unserved */
    struct vqg_chain *stale;          /**< chains that a reset left in flight */
    const struct vqg_device *sibling; /**< another queue of the same trust domain */
    const uint16_t *resume;           /**< heads to take again after a restore */
    uint32_t resume_left;             /**< how many of them */
    uint32_t next_desc;               /**< split with IN_ORDER: where the next chain begins; the size: not known */
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
VQG_API enum vqg_status vqg_device_part_(struct vqg_device *d, uint32_t n, uint64_t addr, enum vqg_status bad,
                                         struct vqg_shared *part, bool big)
{
    struct vqg_guard *g = &d->judge.guard;
    const struct vqg_device *s = d->sibling;
    uint64_t bytes = vqg_part_bytes_(&d->ring, n);
    uint32_t align = vqg_part_align_(&d->ring, n);
    const struct vqg_cap *cap;
    void *map;
    uint32_t i;
    VQG_REQUIRE_SETUP(g, (addr & (align - 1u)) == 0u, QUEUE_ALIGN, bad, addr, align);
    VQG_REQUIRE_SETUP(g, vqg_range_is_sane_(addr, bytes), QUEUE_EXTENT, bad, addr, bytes);
    cap = vqg_caps_lookup_(&d->judge.caps, addr);
    VQG_REQUIRE_SETUP(g, cap != NULL && addr - cap->base < cap->size && bytes <= cap->size - (addr - cap->base),
                      QUEUE_EXTENT, bad, addr, bytes);
    /* The device reads and writes a packed ring; any other part, one of the two. */
    VQG_REQUIRE_SETUP(g, vqg_cap_allows_(cap, n == 2u) && (n != 0u || !d->ring.packed || vqg_cap_allows_(cap, true)),
                      RIGHT, bad, addr, cap->rights);
    map = vqg_cap_pointer_(cap, addr);
    VQG_EXPECT_(vqg_is_aligned_(map, align), bad);
    for (i = 0; i < n; i++) {
        VQG_REQUIRE_SETUP(g, !vqg_ranges_overlap_(addr, bytes, d->judge.part_addr[i], d->judge.part_bytes[i]),
                          QUEUE_DISJOINT, bad, addr, d->judge.part_addr[i]);
    }
    for (i = 0; s != NULL && i < VQG_QUEUE_SIZE_MAX; i++) {
        VQG_REQUIRE_SETUP(g, s->judge.guard.state == VQG_STATE_OFF || !vqg_judge_owns_(&s->judge, addr, bytes),
                          QUEUE_DISJOINT, bad, addr, s->judge.guard.violation.queue);
        s = s->sibling;
    }
    VQG_REQUIRE_SETUP(g, vqg_caps_pin_(&d->judge.caps, cap, addr, bytes, &d->part_pin[n]), PIN, bad, addr, bytes);
    vqg_judge_own_(&d->judge, n, addr, bytes);
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
    struct vqg_shared avail;
    struct vqg_shared used;
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
    vqg_ring_shape_(&d->ring, q);
    st = vqg_device_part_(d, 0, q->desc_addr, VQG_BAD_DESC, &d->ring.desc, big);
    VQG_EXPECT_(st == VQG_OK, st);
    st = vqg_device_part_(d, 1, q->avail_addr, VQG_BAD_AVAIL, &avail, big);
    if (st != VQG_OK) {
        vqg_device_unpin_parts_(d, 1);
        return st;
    }
    st = vqg_device_part_(d, 2, q->used_addr, VQG_BAD_USED, &used, big);
    if (st != VQG_OK) {
        vqg_device_unpin_parts_(d, 2);
        return st;
    }
    vqg_ring_roles_(&d->ring, avail, used, true);
    d->judge.features = q->features;
    d->judge.directions = d->asked.direction == VQG_DIRECTION_READABLE   ? 1u
                          : d->asked.direction == VQG_DIRECTION_WRITABLE ? 2u
                                                                         : 3u;
    d->judge.window.size = 0;
    d->judge.policy = vqg_device_limits_(d->asked, q->size);
    d->record.size = q->size;
    vqg_record_clear_(&d->record);
    d->resume_left = 0;
    d->next_desc = 0;
    vqg_ring_rewind_(&d->ring);
    d->held.there = false;
    if (d->ring.quiet) {
        vqg_ring_ask_(&d->ring);
    }
    g->state = (uint8_t)VQG_STATE_LIVE;
    return VQG_OK;
}

/**
 * Sets up a device endpoint and enables its queue. Called once; after a reset
 * vqg_device_enable() goes on, because chains of before may still be popped.
 *
 * @param d      the endpoint, private memory
 * @param q      the queue as the driver configured it, see vqg_device_enable(); null when it did not yet: it is off
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
    return q == NULL ? VQG_OK : vqg_device_enable(d, q);
}

/** Lists the chains in flight: the record forgets them when the queue is enabled again. */
VQG_API VQG_PORT_COLD void vqg_device_leave_stale_(struct vqg_device *d)
{
    uint32_t i;
    for (i = 0; i < d->record.size; i++) {
        struct vqg_chain *c = (struct vqg_chain *)d->record.slots[i].cookie;
        if (vqg_slot_is_head_(&d->record.slots[i]) && c != NULL) {
            c->prev_ = NULL;
            c->next_ = d->stale;
            if (d->stale != NULL) {
                d->stale->prev_ = c;
            }
            d->stale = c;
        }
    }
}

/**
 * The driver reset the device or the queue: a new generation opens, and the
 * queue is off until vqg_device_enable(). Chains that the caller still works on
 * stay pinned and in flight until it pushes them; their results are discarded.
 */
VQG_API void vqg_device_reset(struct vqg_device *d)
{
    if (d->judge.guard.state != VQG_STATE_OFF) {
        vqg_device_leave_stale_(d);
        vqg_device_unpin_parts_(d, 3);
        vqg_guard_renew_(&d->judge.guard, VQG_STATE_OFF);
    }
}

#ifdef __cplusplus
}
#endif

#endif
