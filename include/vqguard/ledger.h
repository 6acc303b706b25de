/* SPDX-License-Identifier: MIT */
/**
 * @file ledger.h
 * @brief Floor 4: completions taken against a private record.
 *
 * By itself the ledger hardens a driver that keeps its own ring code and its own
 * desc, avail and used structures. Four calls replace what the driver believed:
 *
 * - vqg_ledger_init() once;
 * - vqg_ledger_publish() just before a head is written to the avail ring;
 * - vqg_ledger_take() in place of the test of used.idx and the fetch of the element;
 * - vqg_ledger_next() in place of the walk along desc[].next when a chain is freed.
 *
 * The driver endpoint (driver.h) takes its completions through the same code.
 *
 * Not trusted: the device. Trusted: the caller's arguments. One ledger is used
 * by one thread at a time; it never waits and never locks.
 */
#ifndef VQGUARD_LEDGER_H
#define VQGUARD_LEDGER_H

#include "format.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The device said more bytes than were lent; `len` is what was lent. */
#define VQG_DONE_CLAMPED 1u
/** The device said fewer bytes than the least that was asked for. */
#define VQG_DONE_SHORT 2u
/** Nobody wrote this length: with IN_ORDER a later chain came back, so that this one was used, completely (2.7.9). */
#define VQG_DONE_CLAIMED 4u

/** A completion. */
struct vqg_done {
    void *cookie;        /**< as given when the chain was lent */
    uint32_t len;        /**< bytes written, as far as the device can be believed: at most the writable bytes */
    uint32_t claimed;    /**< bytes written, as the device said */
    uint32_t generation; /**< of the driver endpoint; 0 from a ledger by itself */
    uint32_t count;      /**< descriptors that the chain occupied */
    uint16_t id;         /**< head of the chain; packed: its buffer id */
    uint16_t flags;      /**< VQG_DONE_CLAMPED, VQG_DONE_SHORT, VQG_DONE_CLAIMED */
};

/** What a driver keeps about a queue. Caller-owned; its fields are private. */
struct vqg_ledger {
    struct vqg_guard guard;   /**< state and record of a violation */
    struct vqg_record record; /**< what is lent */
    struct vqg_policy policy; /**< limits are resolved: max_elements is not 0 */
    struct vqg_ring ring;     /**< the queue in shared memory */
    uint64_t overlong;        /**< used lengths beyond what was lent */
    uint32_t batch_length;    /**< IN_ORDER: used length of the chain that ends the batch */
    uint16_t batch_id;        /**< IN_ORDER: that chain */
    bool batch;               /**< IN_ORDER: a batch is being taken */
};

/** The driver's set-up rules; on VQG_OK the ledger is live and its slots are free. */
VQG_API enum vqg_status vqg_ledger_set_up_(struct vqg_ledger *l, const struct vqg_queue *q, const struct vqg_policy *p,
                                           struct vqg_slot *slots, uint32_t nslots)
{
    enum vqg_status st;
    bool big;
    VQG_EXPECT_(l != NULL, VQG_BAD_ENDPOINT);
    vqg_zero_(l, sizeof *l);
    VQG_EXPECT_(q != NULL, VQG_BAD_QUEUE);
    l->guard.violation.queue = q->index;
    VQG_EXPECT_(p != NULL && vqg_policy_is_sane_(p), VQG_BAD_POLICY);
    st = vqg_check_queue_(&l->guard, q, p);
    if (st != VQG_OK) {
        return st;
    }
    VQG_EXPECT_(slots != NULL, VQG_BAD_SLOTS);
    VQG_REQUIRE_SETUP(&l->guard, nslots >= q->size, QUEUE_SIZE_MAX, VQG_BAD_SLOTS, q->size, nslots);
    VQG_EXPECT_(vqg_is_aligned_(q->desc, VQG_DESC_ALIGN), VQG_BAD_DESC);
    vqg_ring_shape_(&l->ring, q);
    VQG_REQUIRE_SETUP(&l->guard, !l->ring.in_order || p->accept_claimed, CLAIMED_LENGTH, VQG_BAD_FEATURES, q->features,
                      VQG_F_IN_ORDER);
    VQG_EXPECT_(vqg_is_aligned_(q->avail, vqg_part_align_(&l->ring, 1)), VQG_BAD_AVAIL);
    VQG_EXPECT_(vqg_is_aligned_(q->used, vqg_part_align_(&l->ring, 2)), VQG_BAD_USED);
    big = vqg_queue_is_big_(q);
    l->ring.desc = vqg_shared_at(q->desc, big);
    vqg_ring_roles_(&l->ring, vqg_shared_at(q->avail, big), vqg_shared_at(q->used, big), false);
    vqg_ring_rewind_(&l->ring);
    l->policy = *p;
    if (p->max_elements == 0u) {
        l->policy.max_elements = q->size;
    }
    l->record.slots = slots;
    l->record.size = q->size;
    vqg_record_clear_(&l->record);
    l->guard.state = (uint8_t)VQG_STATE_LIVE;
    return VQG_OK;
}

/**
 * Sets up a ledger beside a driver's own ring code. Shared memory is not touched,
 * then or later, but for fetching used.idx and used elements. After a device
 * reset the same call starts again: everything that was lent is forgotten.
 *
 * @param l      the ledger, private memory
 * @param q      the queue: index, size, features, order, and the addresses of its three parts
 * @param p      policy: length, min_length, max_elements, required_features are used
 * @param slots  private memory for the record, one entry for each descriptor
 * @param nslots entries of `slots`, at least the queue size
 * @return VQG_OK, or what is at fault: VQG_BAD_ENDPOINT, VQG_BAD_QUEUE, VQG_BAD_POLICY,
 *         VQG_BAD_INDEX (Q9), VQG_BAD_FEATURES, VQG_BAD_BYTE_ORDER (Q11), VQG_BAD_SIZE (Q1, Q2, Q4),
 *         VQG_BAD_SLOTS (Q4), VQG_BAD_DESC, VQG_BAD_AVAIL, VQG_BAD_USED.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_ledger_init(struct vqg_ledger *l, const struct vqg_queue *q,
                                                           const struct vqg_policy *p, struct vqg_slot *slots,
                                                           uint32_t nslots)
{
    enum vqg_status st = vqg_ledger_set_up_(l, q, p, slots, nslots);
    if (st == VQG_OK) {
        /* The driver writes its own event word. */
        l->ring.quiet = true;
    }
    return st;
}

/**
 * Records a chain just before its head goes into the avail ring. The links and
 * lengths are the caller's own private ones: nothing is read from the table,
 * which the device can write (rule X4).
 *
 * @param l        the ledger
 * @param ids      the chain's descriptors in order, head first; packed: the buffer id alone
 * @param count    how many descriptors
 * @param writable device-writable bytes of the chain, those of an indirect table included
 * @param cookie   comes back with the completion
 * @return VQG_OK; VQG_BAD_COUNT for 0 or more than the queue size, packed: than is not lent; VQG_BAD_LENGTH when
 *         the policy's least length is beyond the writable bytes; VQG_BAD_HEAD when an id is out of range, lent
 *         already, or there twice; VQG_DEAD when latched; VQG_BAD_ENDPOINT for a null argument.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_ledger_publish(struct vqg_ledger *l, const uint16_t *ids, uint32_t count,
                                                              uint32_t writable, void *cookie)
{
    struct vqg_slot *slots;
    uint32_t last = count;
    uint32_t i;
    VQG_EXPECT_(l != NULL && ids != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(l->guard.state == VQG_STATE_LIVE, VQG_DEAD);
    VQG_EXPECT_(count != 0u && count <= l->record.size, VQG_BAD_COUNT);
    VQG_EXPECT_(l->policy.min_length <= writable, VQG_BAD_LENGTH);
    slots = l->record.slots;
    if (vqg_ring_is_packed_(&l->ring)) {
        VQG_EXPECT_(count <= l->record.size - vqg_packed_distance_(&l->ring, l->ring.get, l->ring.put), VQG_BAD_COUNT);
        last = 1;
    }
    for (i = 0; i < last; i++) {
        if (ids[i] >= l->record.size || slots[ids[i]].owner != 0u) {
            /* Undo: an id that is there twice was marked by its first place. */
            while (i != 0u) {
                slots[ids[--i]].owner = 0;
            }
            return VQG_BAD_HEAD;
        }
        slots[ids[i]].owner = 1;
    }
    for (i = 1; i < last; i++) {
        slots[ids[i - 1u]].next = ids[i];
    }
    slots[ids[0]].count = (uint16_t)count;
    slots[ids[0]].writable = writable;
    slots[ids[0]].least = l->policy.min_length;
    slots[ids[0]].cookie = cookie;
    slots[ids[0]].position = l->ring.put;
    slots[vqg_ring_index_(&l->ring, l->ring.put)].order = ids[0];
    l->ring.put = vqg_ring_behind_(&l->ring, l->ring.put, count);
    l->ring.published = l->ring.put;
    return VQG_OK;
}

/** Looks whether the device has returned something, and judges how far it says it is. */
VQG_API enum vqg_status vqg_ledger_harvest_(struct vqg_ledger *l)
{
    struct vqg_ring *r = &l->ring;
    uint16_t seen;
    uint16_t pending;
    uint16_t outstanding = (uint16_t)(r->published - r->get);
    if (vqg_ring_is_packed_(r)) {
        return vqg_packed_look_(r, vqg_packed_used_(r->get)) ? VQG_OK : VQG_EMPTY;
    }
    seen = vqg_split_harvest_(r);
    pending = (uint16_t)(seen - r->get);
    VQG_REQUIRE(&l->guard, pending <= outstanding, USED_JUMP, r->get, pending, outstanding);
    r->seen = seen;
    return pending != 0u ? VQG_OK : VQG_EMPTY;
}

/** Nothing was returned: if need be asks for an interrupt, and looks once more. */
VQG_API VQG_PORT_COLD enum vqg_status vqg_ledger_ask_(struct vqg_ledger *l)
{
    if (!l->ring.event_idx || l->ring.quiet) {
        return VQG_EMPTY;
    }
    vqg_ring_ask_(&l->ring);
    return vqg_ledger_harvest_(l);
}

/** Split: all that was known to be returned is taken. */
VQG_API VQG_PORT_COLD enum vqg_status vqg_ledger_look_(struct vqg_ledger *l)
{
    enum vqg_status st = vqg_ledger_harvest_(l);
    return st == VQG_EMPTY ? vqg_ledger_ask_(l) : st;
}

/** Judges a used length that is not between the least and the most; under a lenient policy corrects it. */
VQG_API VQG_PORT_COLD enum vqg_status vqg_ledger_odd_length_(struct vqg_ledger *l, const struct vqg_slot *slot,
                                                             uint32_t id, uint32_t claimed, struct vqg_done *done)
{
    if (l->policy.length == VQG_LENGTH_REJECT) {
        VQG_REQUIRE(&l->guard, claimed <= slot->writable, USED_LENGTH_MAX, id, claimed, slot->writable);
        VQG_REQUIRE(&l->guard, claimed >= slot->least, USED_LENGTH_MIN, id, claimed, slot->least);
    }
    done->len = claimed;
    done->flags = VQG_DONE_SHORT;
    if (claimed > slot->writable) {
        l->overlong++;
        done->len = slot->writable;
        done->flags = l->policy.length == VQG_LENGTH_CLAMP ? VQG_DONE_CLAMPED : 0u;
    }
    return VQG_OK;
}

/** Fetches the next used element, and judges whose it is. `packed` is known when this is compiled. */
VQG_API VQG_PORT_INLINE enum vqg_status vqg_ledger_element_(struct vqg_ledger *l, bool packed, uint32_t *used,
                                                            uint32_t *len)
{
    struct vqg_guard *g = &l->guard;
    struct vqg_ring *r = &l->ring;
    const struct vqg_slot *slots = l->record.slots;
    uint32_t id;
    if (r->seen == r->get) {
        enum vqg_status st = !packed                                           ? vqg_ledger_look_(l)
                             : vqg_packed_look_(r, vqg_packed_used_(r->get)) ? VQG_OK
                                                                               : vqg_ledger_ask_(l);
        VQG_EXPECT_(st == VQG_OK, st);
    }
    if (packed) {
        vqg_packed_fetch_used_(r, &id, len);
    } else {
        vqg_split_fetch_used_(r, &id, len);
    }
    VQG_REQUIRE(g, id < r->size, USED_ID_RANGE, vqg_ring_place_(r, r->get), id, r->size);
    id = VQG_PORT_NOSPEC(id, r->size);
    VQG_REQUIRE(g, vqg_slot_is_head_(&slots[id]) && (r->put == r->published || !vqg_ring_is_hidden_(r, slots, id)),
                USED_ID_OUTSTANDING, vqg_ring_place_(r, r->get), id, slots[id].count);
    *used = id;
    return VQG_OK;
}

/** Judges a used length, and sets `len` and `flags`. */
VQG_API VQG_PORT_INLINE enum vqg_status vqg_ledger_length_(struct vqg_ledger *l, uint32_t id, uint32_t len,
                                                           struct vqg_done *done)
{
    const struct vqg_slot *slot = &l->record.slots[id];
    /* `least` is at most `writable`: one comparison for both ends. */
    if (VQG_PORT_UNLIKELY(len - slot->least > slot->writable - slot->least)) {
        return vqg_ledger_odd_length_(l, slot, id, len, done);
    }
    done->len = len;
    done->flags = 0;
    return VQG_OK;
}

/** Hands a completion up, and moves on; `len` and `flags` are set. */
VQG_API VQG_PORT_INLINE void vqg_ledger_hand_up_(struct vqg_ledger *l, bool packed, uint32_t id, uint32_t claimed,
                                                 struct vqg_done *done)
{
    const struct vqg_slot *slot = &l->record.slots[id];
    struct vqg_ring *r = &l->ring;
    done->claimed = claimed;
    done->cookie = slot->cookie;
    done->generation = l->guard.generation;
    done->count = slot->count;
    done->id = (uint16_t)id;
    if (packed) {
        r->get = vqg_packed_step_(r, r->get, slot->count);
        r->seen = r->get;
    } else {
        r->get++;
    }
}

/**
 * IN_ORDER: an element completes all chains up to its own (O1), in the private
 * order. They are handed up one by one; nothing is fetched while there are some.
 */
VQG_API VQG_PORT_COLD enum vqg_status vqg_ledger_accept_ordered_(struct vqg_ledger *l, struct vqg_done *done)
{
    struct vqg_ring *r = &l->ring;
    const struct vqg_slot *slots = l->record.slots;
    bool packed = vqg_ring_is_packed_(r);
    enum vqg_status st;
    uint32_t id = 0;
    if (!l->batch) {
        uint32_t len = 0;
        st = vqg_ledger_element_(l, packed, &id, &len);
        VQG_EXPECT_(st == VQG_OK, st);
        if (!packed) {
            uint32_t chains = ((slots[id].position - r->get) & r->mask) + 1u;
            VQG_REQUIRE(&l->guard, chains <= (uint16_t)(r->seen - r->get), USED_BATCH, r->get, chains,
                        (uint16_t)(r->seen - r->get));
        }
        if (l->policy.length == VQG_LENGTH_REJECT) {
            struct vqg_done none;
            st = vqg_ledger_length_(l, id, len, &none);
            VQG_EXPECT_(st == VQG_OK, st);
        }
        l->batch = true;
        l->batch_id = (uint16_t)id;
        l->batch_length = len;
    }
    id = slots[vqg_ring_index_(r, r->get)].order;
    if (id == l->batch_id) {
        l->batch = false;
        st = vqg_ledger_length_(l, id, l->batch_length, done);
        vqg_ledger_hand_up_(l, packed, id, l->batch_length, done);
        return st;
    }
    done->len = slots[id].writable;
    done->flags = VQG_DONE_CLAIMED;
    vqg_ledger_hand_up_(l, packed, id, slots[id].writable, done);
    return VQG_OK;
}

/** Takes a completion of a queue whose chains come back in any order. `packed` is known when this is compiled. */
VQG_API VQG_PORT_INLINE enum vqg_status vqg_ledger_accept_any_(struct vqg_ledger *l, bool packed,
                                                               struct vqg_done *done)
{
    uint32_t len = 0;
    uint32_t id = 0;
    enum vqg_status st = vqg_ledger_element_(l, packed, &id, &len);
    VQG_EXPECT_(st == VQG_OK, st);
    st = vqg_ledger_length_(l, id, len, done);
    VQG_EXPECT_(st == VQG_OK, st);
    vqg_ledger_hand_up_(l, packed, id, len, done);
    return VQG_OK;
}

/** Takes a completion whose chain stays in the record; the caller settles it. */
VQG_API VQG_PORT_INLINE enum vqg_status vqg_ledger_accept_(struct vqg_ledger *l, struct vqg_done *done)
{
    struct vqg_guard *g = &l->guard;
    VQG_EXPECT_(g->state == VQG_STATE_LIVE, vqg_guard_was_untold_(g) ? VQG_V_USED_JUMP : VQG_DEAD);
    if (VQG_PORT_UNLIKELY(l->ring.in_order)) {
        return vqg_ledger_accept_ordered_(l, done);
    }
    if (vqg_ring_is_packed_(&l->ring)) {
        return vqg_ledger_accept_any_(l, true, done);
    }
    return vqg_ledger_accept_any_(l, false, done);
}

/**
 * Takes one completion, instead of believing used.idx and the element. Until the
 * chain's descriptors are published again, vqg_ledger_next() walks them.
 *
 * @param l    the ledger
 * @param done what was completed; written only with VQG_OK
 * @return VQG_OK; VQG_EMPTY; VQG_DEAD when latched; VQG_V_USED_JUMP (U1), VQG_V_USED_ID_RANGE (U2),
 *         VQG_V_USED_ID_OUTSTANDING (U3) and, under VQG_LENGTH_REJECT, VQG_V_USED_LENGTH_MAX (U5) and
 *         VQG_V_USED_LENGTH_MIN (U6), and with IN_ORDER VQG_V_USED_BATCH (O2), each of which latches;
 *         VQG_BAD_ENDPOINT for a null argument. Under the other length policies, and with IN_ORDER, see
 *         `done->flags`. (2.7.8, 2.7.9, 2.8.22)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_ledger_take(struct vqg_ledger *l, struct vqg_done *done)
{
    enum vqg_status st;
    VQG_EXPECT_(l != NULL && done != NULL, VQG_BAD_ENDPOINT);
    st = vqg_ledger_accept_(l, done);
    if (st == VQG_OK) {
        struct vqg_slot *slots = l->record.slots;
        uint32_t id = done->id;
        uint32_t i;
        slots[id].count = 0;
        for (i = vqg_ring_is_packed_(&l->ring) ? 1u : done->count; i != 0u; i--) {
            slots[id].owner = 0;
            id = slots[id].next;
        }
    }
    return st;
}

/**
 * The descriptor that follows `id` in a chain that was taken and not published
 * since. A walk of `done.count` descriptors makes `done.count - 1` calls.
 *
 * @return the next id, or `id` itself when it is out of range.
 */
VQG_API uint16_t vqg_ledger_next(const struct vqg_ledger *l, uint16_t id)
{
    return id < l->record.size ? l->record.slots[id].next : id;
}

/** Used lengths beyond what was lent, that were clamped or counted. */
VQG_API uint64_t vqg_ledger_overlong(const struct vqg_ledger *l)
{
    return l->overlong;
}

/** True when the caller is to set FAILED, or reset the device: the ledger is latched (F5, 2.1.2). */
VQG_API bool vqg_ledger_needs_reset(const struct vqg_ledger *l)
{
    return l->guard.state == VQG_STATE_DEAD;
}

/** The first violation since set-up or reset; its rule is VQG_RULE_NONE when there was none. */
VQG_API const struct vqg_violation *vqg_ledger_violation(const struct vqg_ledger *l)
{
    return &l->guard.violation;
}

#ifdef __cplusplus
}
#endif

#endif
