/* SPDX-License-Identifier: MIT */
/**
 * @file completion.h
 * @brief Floor 4: what a driver keeps about a queue, and how it takes a completion.
 *
 * One place for both: the ledger beside a driver's own ring code, and the driver
 * endpoint. Not trusted: the device.
 */
#ifndef VQGUARD_COMPLETION_H
#define VQGUARD_COMPLETION_H

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
    l->ring.length_flags = p->accept_unflagged ? 0u : VQG_DESC_F_WRITE;
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

#ifdef __cplusplus
}
#endif

#endif
