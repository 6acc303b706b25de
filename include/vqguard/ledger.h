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
 * The driver endpoint (driver.h) takes its completions through the same code, in completion.h.
 *
 * Not trusted: the device. Trusted: the caller's arguments. One ledger is used
 * by one thread at a time; it never waits and never locks.
 */
#ifndef VQGUARD_LEDGER_H
#define VQGUARD_LEDGER_H

#include "completion.h"

#ifdef __cplusplus
extern "C" {
#endif

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
