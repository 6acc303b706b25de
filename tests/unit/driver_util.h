/* SPDX-License-Identifier: MIT */
/**
 * @file driver_util.h
 * @brief What the tests of the driver's side share: requests, an honest device, and what a refusal must leave alone.
 */
#ifndef VQG_TEST_DRIVER_UTIL_H
#define VQG_TEST_DRIVER_UTIL_H

#include "runner.h"

#include <string.h>

#define COOKIES 65536u
#define SEG_BYTES 64u
#define CHAIN_MAX 16u

/* A private place per cookie; the endpoint never looks there. */
static inline unsigned char *cookie_pool(void)
{
    static unsigned char pool[COOKIES];
    return pool;
}

static inline void *cookie(uint32_t n)
{
    return cookie_pool() + n;
}

static inline uint32_t cookie_number(const void *at)
{
    return (uint32_t)((const unsigned char *)at - cookie_pool());
}

static inline struct vqg_seg seg_out(uint64_t offset, uint32_t len)
{
    struct vqg_seg s = vqg_out(NULL, len);
    s.addr = world_addr(offset);
    return s;
}

static inline struct vqg_seg seg_in(uint64_t offset, uint32_t len)
{
    struct vqg_seg s = seg_out(offset, len);
    s.write = true;
    return s;
}

/* `out` readable and `in` writable segments, SEG_BYTES each. */
static inline void make_segs(struct vqg_seg *seg, uint32_t out, uint32_t in)
{
    uint32_t i;
    for (i = 0; i < out + in; i++) {
        seg[i] = seg_out(WORLD_DATA + (uint64_t)i * SEG_BYTES, SEG_BYTES);
        seg[i].write = i >= out;
    }
}

/* What a load of the field answers when the ring says `value`; for adversaries, on a host of either order. */
static inline uint64_t as_loaded(const struct world *w, unsigned bytes, uint64_t value)
{
    uint64_t v = 0;
    unsigned i;
    for (i = 0; i < bytes; i++) {
        uint64_t byte = (value >> (8u * (w->big ? bytes - 1u - i : i))) & 0xffu;
        v |= byte << (8u * (VQG_PORT_BIG_ENDIAN ? bytes - 1u - i : i));
    }
    return v;
}

/* A world with a live driver; a big-endian queue is a legacy one. */
static inline struct world *driver_world(uint32_t size, uint64_t features, bool big)
{
    struct world *w = world_new(size, features);
    if (big) {
        w->big = true;
        w->queue.order = VQG_ORDER_BIG;
        w->queue.features = features;
        w->policy.required_features = 0;
    }
    world_start_driver(w);
    return w;
}

static inline void add_ok(struct world *w, uint32_t out, uint32_t in, uint32_t n)
{
    struct vqg_seg seg[CHAIN_MAX];
    make_segs(seg, out, in);
    assert_int_equal(vqg_driver_add(&w->driver, seg, out + in, cookie(n)), VQG_OK);
}

/* Adds one chain and publishes it; returns its head as the device sees it. */
static inline uint16_t lend(struct world *w, uint32_t out, uint32_t in, uint32_t n)
{
    add_ok(w, out, in, n);
    (void)vqg_driver_kick(&w->driver);
    return peer_get_avail_entry(w, (uint16_t)(peer_get_avail_idx(w) - 1u));
}

/* The honest device: the next used element. */
static inline void complete(struct world *w, uint32_t head, uint32_t len)
{
    peer_return(w, peer_get_used_idx(w), head, len);
}

static inline struct vqg_done take_ok(struct world *w)
{
    struct vqg_done done;
    memset(&done, 0, sizeof done);
    assert_int_equal(vqg_driver_take(&w->driver, &done), VQG_OK);
    return done;
}

static inline void assert_idle(struct world *w)
{
    struct vqg_done done;
    assert_int_equal(vqg_driver_take(&w->driver, &done), VQG_EMPTY);
}

/* One request there and back. */
static inline void round_trip(struct world *w)
{
    uint32_t free_before = vqg_driver_free(&w->driver);
    uint16_t head = lend(w, 0, 1, 7);
    struct vqg_done done;
    complete(w, head, SEG_BYTES);
    done = take_ok(w);
    assert_ptr_equal(done.cookie, cookie(7));
    assert_int_equal(done.len, SEG_BYTES);
    assert_int_equal(done.id, head);
    assert_int_equal(vqg_driver_free(&w->driver), free_before);
}

/* Moves both indices on. */
static inline void advance(struct world *w, uint32_t rounds)
{
    while (rounds != 0u) {
        round_trip(w);
        rounds--;
    }
}

/* A live call would show in the port, in the status, or in the endpoint. */
static inline void assert_quiet(struct world *w)
{
    struct vqg_seg seg = seg_in(WORLD_DATA, SEG_BYTES);
    struct vqg_request r = {&seg, 1, 0, cookie(9), NULL, 0, 1};
    struct vqg_done done;
    size_t accesses = test_port.count;
    r.table = world_at(w, WORLD_TABLES);
    r.table_addr = world_addr(WORLD_TABLES);
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_DEAD);
    assert_int_equal(vqg_driver_take(&w->driver, &done), VQG_DEAD);
    assert_int_equal(vqg_driver_add(&w->driver, &seg, 1, cookie(9)), VQG_DEAD);
    assert_false(vqg_driver_kick(&w->driver));
    vqg_driver_callback_disable(&w->driver);
    assert_false(vqg_driver_callback_enable(&w->driver));
    assert_int_equal(test_port.count, accesses);
}

/* The next take is refused by that rule, with that record, and changes nothing. */
static inline void assert_take_refused(struct world *w, enum vqg_rule rule, uint32_t index, uint64_t value,
                                       uint64_t limit)
{
    const struct vqg_violation *v = vqg_driver_violation(&w->driver);
    struct world_copy *before = world_copy(w);
    struct vqg_done done;
    struct vqg_done untouched;
    enum vqg_status st;
    memset(&done, 0x5a, sizeof done);
    memcpy(&untouched, &done, sizeof done);
    st = vqg_driver_take(&w->driver, &done);
    assert_violation(v, st, rule, index, value, limit);
    world_assert_unchanged(w, before);
    assert_memory_equal(&done, &untouched, sizeof done);
    assert_int_equal(v->count, 1);
    assert_int_equal(v->queue, w->queue.index);
    assert_true(vqg_driver_needs_reset(&w->driver));
    assert_quiet(w);
}

/* Takes back every outstanding cookie, each once; `restart` is possible then. Returns how many came. */
static inline uint32_t reclaim_all(struct world *w)
{
    static bool seen[COOKIES];
    struct vqg_done done;
    uint32_t n = 0;
    enum vqg_status st;
    memset(seen, 0, sizeof seen);
    while ((st = vqg_driver_reclaim(&w->driver, &done)) == VQG_OK) {
        assert_false(seen[cookie_number(done.cookie)]);
        seen[cookie_number(done.cookie)] = true;
        assert_int_equal(done.len, 0);
        assert_int_equal(done.claimed, 0);
        assert_int_equal(done.flags, 0);
        n++;
    }
    assert_int_equal(st, VQG_EMPTY);
    return n;
}

/* The whole way back to life; `outstanding` cookies come back on it. */
static inline void revive(struct world *w, uint32_t outstanding)
{
    uint32_t generation = w->driver.ledger.guard.generation;
    assert_int_equal(vqg_driver_reset(&w->driver), VQG_OK);
    assert_int_equal(vqg_driver_reset_acked(&w->driver), VQG_OK);
    assert_int_equal(reclaim_all(w), outstanding);
    assert_int_equal(vqg_driver_restart(&w->driver), VQG_OK);
    assert_int_equal(w->driver.ledger.guard.generation, generation + 1u);
    assert_int_equal(vqg_driver_violation(&w->driver)->rule, VQG_RULE_NONE);
    assert_int_equal(vqg_driver_violation(&w->driver)->queue, w->queue.index);
    assert_int_equal(vqg_driver_free(&w->driver), w->size);
    round_trip(w);
    assert_idle(w);
}

#endif
