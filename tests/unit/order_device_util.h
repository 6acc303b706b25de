/* SPDX-License-Identifier: MIT */
/**
 * @file order_device_util.h
 * @brief A driver with IN_ORDER, of a queue of 8 in either format, and what a device wrote for it.
 */
#ifndef VQG_TEST_ORDER_DEVICE_UTIL_H
#define VQG_TEST_ORDER_DEVICE_UTIL_H

#include "packed_device_util.h"

struct order {
    struct packed_peer p;
    struct pool pool;
    bool packed;
    uint16_t desc;     /* split: where the next chain begins */
    uint16_t position; /* split: the next entry of the avail ring */
    uint16_t begin;    /* split: position of the first chain */
    uint16_t next_id;  /* packed */
    unsigned char ring[16u * 8u]; /* the ring that a device writes to, before it did */
};

/** The format of a test's first and second half; both begin so that chains pass the end of the ring. */
static inline struct order *order_new(bool packed, enum vqg_chain_policy chain, uint64_t features)
{
    struct order *o = calloc(1, sizeof *o);
    assert_non_null(o);
    o->packed = packed;
    packed_start(&o->p, world_new(8, VQG_F_IN_ORDER | features | (packed ? VQG_F_RING_PACKED : 0u)));
    pool_init(&o->pool);
    o->p.w->policy.chain = chain;
    world_start_device(o->p.w);
    if (packed) {
        packed_begin(&o->p, 6, true);
    } else {
        o->begin = 65533;
        o->position = o->begin;
        device_at(o->p.w, o->begin);
    }
    return o;
}

static inline void order_free(struct order *o)
{
    world_free(o->p.w);
    free(o);
}

/** Makes a chain of `n` elements of 16 bytes available, the last one writable; returns its id. */
static inline uint16_t order_post(struct order *o, uint32_t n)
{
    uint16_t id = o->desc;
    uint32_t i;
    if (o->packed) {
        id = o->next_id;
        o->next_id = (uint16_t)((o->next_id + 3u) % 8u);
        packed_list(&o->p, n, id);
        return id;
    }
    for (i = 0; i < n; i++) {
        element(o->p.w, (id + i) % 8u, packed_data(i), 16, i + 1u < n ? D_NEXT : D_WRITE, (id + i + 1u) % 8u);
    }
    o->desc = (uint16_t)((id + n) % 8u);
    peer_make_available(o->p.w, o->position++, id);
    return id;
}

/** The next `n` chains, of these lengths, are made available and popped. */
static inline void order_pop(struct order *o, const uint32_t *elements, uint32_t n)
{
    uint32_t i;
    for (i = 0; i < n; i++) {
        uint16_t id = order_post(o, elements[i]);
        assert_pops(o->p.w, &o->pool.chain[i]);
        assert_packed_list(&o->pool.chain[i], elements[i], id);
    }
}

static inline uint64_t order_ring(const struct order *o)
{
    return o->packed ? WORLD_DESC : WORLD_USED + 4u;
}

/** Remembers the ring as it is, where nothing of the device's is expected to change. */
static inline void order_remember(struct order *o)
{
    if (!o->packed) {
        memset(world_at(o->p.w, order_ring(o)), 0xee, 8u * 8u);
    }
    memcpy(o->ring, world_at(o->p.w, order_ring(o)), sizeof o->ring);
}

/** The used element is where that of the chain goes which lies `chains` chains, or `elements` elements, on. */
static inline void order_expect(struct order *o, uint32_t chains, uint32_t elements, uint16_t id, uint32_t len)
{
    struct packed_cursor c = {6, true};
    uint32_t slot = (o->begin + chains) % 8u;
    if (o->packed) {
        unsigned flags;
        packed_move(&o->p, &c, elements);
        slot = c.slot;
        flags = packed_turned(c, PACKED_USED) | (len != 0u ? PACKED_WRITE : 0u);
        assert_int_equal(peer_get(o->p.w, packed_at(slot) + PACKED_LEN, 4), len);
        assert_int_equal(peer_get(o->p.w, packed_at(slot) + PACKED_ID, 2), id);
        assert_int_equal(peer_get(o->p.w, packed_at(slot) + PACKED_FLAGS, 2), flags);
        memcpy(o->ring + 16u * slot + 8u, world_at(o->p.w, packed_at(slot) + 8u), 8);
        return;
    }
    assert_int_equal(peer_get_used_id(o->p.w, (uint16_t)slot), id);
    assert_int_equal(peer_get_used_len(o->p.w, (uint16_t)slot), len);
    memcpy(o->ring + 8u * slot, world_at(o->p.w, order_ring(o) + 8u * slot), 8);
}

/** Nothing but what was expected was written, and `chains` chains of `elements` elements are the driver's again. */
static inline void order_assert_rest(const struct order *o, uint32_t chains, uint32_t elements)
{
    struct packed_cursor c = {6, true};
    packed_move(&o->p, &c, elements);
    assert_memory_equal(o->ring, world_at(o->p.w, order_ring(o)), o->packed ? 128u : 64u);
    assert_int_equal(o->p.w->device.ring.published, o->packed ? packed_word(c) : (uint16_t)(o->begin + chains));
    if (!o->packed) {
        assert_int_equal(peer_get_used_idx(o->p.w), (uint16_t)(o->begin + chains));
    }
    world_check_canaries(o->p.w);
}

#endif
