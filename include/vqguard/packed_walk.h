/* SPDX-License-Identifier: MIT */
/**
 * @file packed_walk.h
 * @brief Floor 3: how a device reads a list of a packed queue (2.8.5 to 2.8.7).
 *
 * There is no index to believe: a list is as long as its NEXT flags say, up to what
 * the driver can have made available.
 */
#ifndef VQGUARD_PACKED_WALK_H
#define VQGUARD_PACKED_WALK_H

#include "packed.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Judges the entries of a table of a packed queue, one behind the other (2.8.7). */
VQG_API VQG_PORT_COLD enum vqg_status vqg_packed_walk_table_(struct vqg_judge *j, struct vqg_chain *c, uint32_t index,
                                                             const struct vqg_packed_desc_ *referrer)
{
    struct vqg_guard *g = &j->guard;
    uint32_t entries = referrer->len / VQG_DESC_BYTES;
    struct vqg_shared table = vqg_shared_at(NULL, false);
    enum vqg_status st = vqg_chain_table_(j, c, index, referrer->addr, referrer->len, &table);
    uint32_t i;
    for (i = 0; st == VQG_OK && i < entries; i++) {
        struct vqg_packed_desc_ d;
        VQG_REQUIRE(g, i < j->policy.max_elements, CHAIN_BOUND, i, i + 1u, j->policy.max_elements);
        d = vqg_packed_fetch_desc_(table, i);
        VQG_REQUIRE(g, (d.flags & ~(VQG_DESC_F_KNOWN_ | VQG_DESC_F_LAP_)) == 0u, RESERVED_FLAGS, i, d.flags,
                    VQG_DESC_F_KNOWN_ | VQG_DESC_F_LAP_);
        VQG_REQUIRE(g, (d.flags & VQG_DESC_F_INDIRECT) == 0u, TABLE_NESTED, i, d.addr, 0u);
        VQG_REQUIRE(g, !j->policy.refuse_mixed || (d.flags & ~VQG_DESC_F_WRITE) == 0u, TABLE_SEQUENTIAL, i, d.flags,
                    VQG_DESC_F_WRITE);
        st = vqg_chain_take_(j, c, i, d.addr, d.len, (d.flags & VQG_DESC_F_WRITE) != 0u);
    }
    return st;
}

/** Judges element `k` of a list, at ring offset `index`. */
VQG_API VQG_PORT_INLINE enum vqg_status vqg_packed_judge_(struct vqg_judge *j, struct vqg_chain *c, uint32_t index,
                                                          uint32_t k, const struct vqg_packed_desc_ *d)
{
    struct vqg_guard *g = &j->guard;
    VQG_REQUIRE(g, k < j->policy.max_elements, CHAIN_BOUND, index, k + 1u, j->policy.max_elements);
    VQG_REQUIRE(g, (d->flags & ~(VQG_DESC_F_KNOWN_ | VQG_DESC_F_LAP_)) == 0u, RESERVED_FLAGS, index, d->flags,
                VQG_DESC_F_KNOWN_ | VQG_DESC_F_LAP_);
    if (VQG_PORT_UNLIKELY((d->flags & VQG_DESC_F_INDIRECT) != 0u)) {
        VQG_REQUIRE(g, (d->flags & VQG_DESC_F_NEXT) == 0u, INDIRECT_NEXT, index, d->flags, 0u);
        VQG_REQUIRE(g, k == 0u, TABLE_ALONE, index, k, 0u);
        return vqg_packed_walk_table_(j, c, index, d);
    }
    return vqg_chain_take_(j, c, index, d->addr, d->len, (d->flags & VQG_DESC_F_WRITE) != 0u);
}

/**
 * Walks the list at the next position, whose first flags were seen, into private
 * memory. Each element is copied once and judged as a copy (X1, I11, P12). Behind an
 * element that breaks a rule of kind CHAIN under VQG_CHAIN_DROP, only the end of the
 * list is looked for, and the id there: without them it could not be dropped.
 *
 * @param room   descriptors that the driver can have made available (P3)
 * @param id     the list's id, with VQG_OK or when the chain alone is refused
 * @param count  and its elements
 */
VQG_API enum vqg_status vqg_packed_walk_(const struct vqg_ring *r, struct vqg_judge *j, const struct vqg_record *rec,
                                         struct vqg_chain *c, uint32_t room, uint16_t *id, uint32_t *count)
{
    struct vqg_guard *g = &j->guard;
    enum vqg_status st = VQG_OK;
    struct vqg_packed_desc_ d;
    struct vqg_packed_walker_ w = vqg_packed_walker_at_(r->get);
    uint32_t index;
    uint32_t n = 0;
    do {
        index = w.index;
        VQG_REQUIRE(g, n < room, LIST_BOUND, index, n + 1u, room);
        if (n == 0u) {
            d = vqg_packed_fetch_head_(r);
        } else {
            d = vqg_packed_fetch_desc_(r->desc, index);
            VQG_REQUIRE(g, (d.flags & VQG_DESC_F_LAP_) == w.lap, MEMBER_AVAILABLE, index, d.flags, w.lap);
        }
        /* Behind a refused element only the end is of interest. */
        if (st == VQG_OK) {
            st = vqg_packed_judge_(j, c, index, n, &d);
            VQG_EXPECT_(st == VQG_OK || g->state == VQG_STATE_LIVE, st);
        }
        n++;
        vqg_packed_next_(r, &w);
    } while ((d.flags & VQG_DESC_F_NEXT) != 0u);
    VQG_REQUIRE(g, d.id < r->size, BUFFER_ID_RANGE, index, d.id, r->size);
    *id = (uint16_t)VQG_PORT_NOSPEC((uint32_t)d.id, r->size);
    VQG_REQUIRE(g, !vqg_slot_is_head_(&rec->slots[*id]), HEAD_IN_FLIGHT, index, *id, 0u);
    *count = n;
    return st;
}

#ifdef __cplusplus
}
#endif

#endif
