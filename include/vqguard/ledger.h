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

#include "split.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The device said more bytes than were lent; `len` is what was lent. */
#define VQG_DONE_CLAMPED 1u
/** The device said fewer bytes than the least that was asked for. */
#define VQG_DONE_SHORT 2u

/** A completion. */
struct vqg_done {
    void *cookie;        /**< as given when the chain was lent */
    uint32_t len;        /**< bytes written, as far as the device can be believed: at most the writable bytes */
    uint32_t claimed;    /**< bytes written, as the device said */
    uint32_t generation; /**< of the driver endpoint; 0 from a ledger by itself */
    uint32_t count;      /**< descriptors that the chain occupied */
    uint16_t id;         /**< head of the chain */
    uint16_t flags;      /**< VQG_DONE_CLAMPED, VQG_DONE_SHORT */
};

/** What a driver keeps about a queue. Caller-owned; its fields are private. */
struct vqg_ledger {
    struct vqg_guard guard;   /**< state and record of a violation */
    struct vqg_record record; /**< what is lent */
    struct vqg_policy policy; /**< limits are resolved: max_elements is not 0 */
    struct vqg_ring ring;     /**< the queue in shared memory */
    uint64_t overlong;        /**< used lengths beyond what was lent */
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
    VQG_EXPECT_(vqg_is_aligned_(q->avail, VQG_AVAIL_ALIGN), VQG_BAD_AVAIL);
    VQG_EXPECT_(vqg_is_aligned_(q->used, VQG_USED_ALIGN), VQG_BAD_USED);
    big = vqg_queue_is_big_(q);
    l->ring.size = q->size;
    l->ring.desc = vqg_shared_at(q->desc, big);
    vqg_split_roles_(&l->ring, vqg_shared_at(q->avail, big), vqg_shared_at(q->used, big), false);
    l->ring.event_idx = (q->features & VQG_F_EVENT_IDX) != 0u;
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
 * @param ids      the chain's descriptors in order, head first
 * @param count    how many
 * @param writable device-writable bytes of the chain, those of an indirect table included
 * @param cookie   comes back with the completion
 * @return VQG_OK; VQG_BAD_COUNT for 0 or more than the queue size; VQG_BAD_LENGTH when the policy's least length
 *         is beyond the writable bytes; VQG_BAD_HEAD when an id is out of range, lent already, or there twice; VQG_DEAD when latched; VQG_BAD_ENDPOINT for a null argument.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_ledger_publish(struct vqg_ledger *l, const uint16_t *ids, uint32_t count,
                                                              uint32_t writable, void *cookie)
{
    struct vqg_slot *slots;
    uint32_t i;
    VQG_EXPECT_(l != NULL && ids != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(l->guard.state == VQG_STATE_LIVE, VQG_DEAD);
    VQG_EXPECT_(count != 0u && count <= l->record.size, VQG_BAD_COUNT);
    VQG_EXPECT_(l->policy.min_length <= writable, VQG_BAD_LENGTH);
    slots = l->record.slots;
    for (i = 0; i < count; i++) {
        if (ids[i] >= l->record.size || slots[ids[i]].owner != 0u) {
            /* Undo: an id that is there twice was marked by its first place. */
            while (i != 0u) {
                slots[ids[--i]].owner = 0;
            }
            return VQG_BAD_HEAD;
        }
        slots[ids[i]].owner = 1;
    }
    for (i = 1; i < count; i++) {
        slots[ids[i - 1u]].next = ids[i];
    }
    slots[ids[0]].count = (uint16_t)count;
    slots[ids[0]].writable = writable;
    slots[ids[0]].least = l->policy.min_length;
    slots[ids[0]].cookie = cookie;
    l->ring.put++;
    l->ring.published++;
    return VQG_OK;
}

/** Looks how far the device says it is, and judges that. */
VQG_API enum vqg_status vqg_ledger_harvest_(struct vqg_ledger *l)
{
    uint16_t seen = vqg_split_harvest_(&l->ring);
    uint16_t pending = (uint16_t)(seen - l->ring.get);
    uint16_t outstanding = (uint16_t)(l->ring.published - l->ring.get);
    VQG_REQUIRE(&l->guard, pending <= outstanding, USED_JUMP, l->ring.get, pending, outstanding);
    l->ring.seen = seen;
    return pending != 0u ? VQG_OK : VQG_EMPTY;
}

/** Nothing more is known to be completed: looks at the index, and if need be asks for an interrupt first. */
VQG_API VQG_PORT_COLD enum vqg_status vqg_ledger_look_(struct vqg_ledger *l)
{
    enum vqg_status st = vqg_ledger_harvest_(l);
    if (st == VQG_EMPTY && l->ring.event_idx && !l->ring.quiet) {
        vqg_split_ask_(&l->ring);
        st = vqg_ledger_harvest_(l);
    }
    return st;
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

/** Takes a completion whose chain stays in the record; the caller settles it. */
VQG_API VQG_PORT_INLINE enum vqg_status vqg_ledger_accept_(struct vqg_ledger *l, struct vqg_done *done)
{
    struct vqg_guard *g = &l->guard;
    const struct vqg_slot *slot;
    uint32_t len;
    uint32_t id;
    VQG_EXPECT_(g->state == VQG_STATE_LIVE, vqg_guard_was_untold_(g) ? VQG_V_USED_JUMP : VQG_DEAD);
    if (VQG_PORT_UNLIKELY(l->ring.seen == l->ring.get)) {
        enum vqg_status st = vqg_ledger_look_(l);
        if (st != VQG_OK) {
            return st;
        }
    }
    vqg_split_fetch_used_(&l->ring, &id, &len);
    VQG_REQUIRE(g, id < l->record.size, USED_ID_RANGE, l->ring.get, id, l->record.size);
    id = VQG_PORT_NOSPEC(id, l->record.size);
    slot = &l->record.slots[id];
    VQG_REQUIRE(g, vqg_slot_is_head_(slot) && (l->ring.put == l->ring.published ||
                                                !vqg_split_is_hidden_(&l->ring, l->record.slots, id)),
                USED_ID_OUTSTANDING, l->ring.get, id, slot->count);
    /* `least` is at most `writable`: one comparison for both ends. */
    if (VQG_PORT_UNLIKELY(len - slot->least > slot->writable - slot->least)) {
        enum vqg_status st = vqg_ledger_odd_length_(l, slot, id, len, done);
        VQG_EXPECT_(st == VQG_OK, st);
    } else {
        done->len = len;
        done->flags = 0;
    }
    done->claimed = len;
    done->cookie = slot->cookie;
    done->generation = g->generation;
    done->count = slot->count;
    done->id = (uint16_t)id;
    l->ring.get++;
    return VQG_OK;
}

/**
 * Takes one completion, instead of believing used.idx and the element. Until the
 * chain's descriptors are published again, vqg_ledger_next() walks them.
 *
 * @param l    the ledger
 * @param done what was completed; written only with VQG_OK
 * @return VQG_OK; VQG_EMPTY; VQG_DEAD when latched; VQG_V_USED_JUMP (U1), VQG_V_USED_ID_RANGE (U2),
 *         VQG_V_USED_ID_OUTSTANDING (U3) and, under VQG_LENGTH_REJECT, VQG_V_USED_LENGTH_MAX (U5) and
 *         VQG_V_USED_LENGTH_MIN (U6), each of which latches; VQG_BAD_ENDPOINT for a null argument. Under the
 *         other length policies see `done->flags`. (2.7.8)
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
        for (i = done->count; i != 0u; i--) {
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
