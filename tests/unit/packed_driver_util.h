/* SPDX-License-Identifier: MIT */
/**
 * @file packed_driver_util.h
 * @brief What the tests of a packed queue's driver share: an honest device, and a dishonest one's used element.
 */
#ifndef VQG_TEST_PACKED_DRIVER_UTIL_H
#define VQG_TEST_PACKED_DRIVER_UTIL_H

#include "driver_util.h"
#include "packed_peer.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The honest device. */
static inline struct packed_peer *peer(void)
{
    static struct packed_peer p;
    return &p;
}

/* A live driver of a packed queue, of the world's policy. */
static inline void packed_begin(struct world *w)
{
    world_start_driver(w);
    packed_start(peer(), w);
    test_port_reset();
}

static inline struct world *packed_world(uint32_t size, uint64_t features)
{
    struct world *w = world_new(size, VQG_F_RING_PACKED | features);
    packed_begin(w);
    return w;
}

/* The device takes the next list, which must be there. */
static inline uint16_t device_fetch(void)
{
    uint16_t id = 0;
    assert_true(packed_fetch(peer(), &id));
    return id;
}

/* Adds one list and publishes it; returns its id as the device sees it. */
static inline uint16_t packed_lend(struct world *w, uint32_t out, uint32_t in, uint32_t n)
{
    add_ok(w, out, in, n);
    (void)vqg_driver_kick(&w->driver);
    return device_fetch();
}

/* `rounds` lists of one descriptor there and back: the queue stands that many positions further on. */
static inline void packed_advance(struct world *w, uint32_t rounds)
{
    while (rounds-- != 0u) {
        uint16_t id = packed_lend(w, 0, 1, 7);
        packed_return(peer(), id, SEG_BYTES);
        assert_ptr_equal(take_ok(w).cookie, cookie(7));
    }
}

/* The next used element as a device writes it that need not be honest; flags are those of the first lap. */
static inline void forge(struct world *w, unsigned id, uint32_t len, unsigned flags)
{
    const uint64_t at = packed_at(peer()->used.slot);
    peer_put(w, at + PACKED_LEN, 4, len);
    peer_put(w, at + PACKED_ID, 2, id);
    peer_put(w, at + PACKED_FLAGS, 2, packed_turned(peer()->used, flags));
}

/* The whole way back to life; the ring is clear then, and the first lap begins. */
static inline void packed_revive(struct world *w, uint32_t outstanding)
{
    uint64_t i;
    assert_int_equal(vqg_driver_reset(&w->driver), VQG_OK);
    assert_int_equal(vqg_driver_reset_acked(&w->driver), VQG_OK);
    assert_int_equal(reclaim_all(w), outstanding);
    assert_int_equal(vqg_driver_restart(&w->driver), VQG_OK);
    assert_int_equal(vqg_driver_violation(&w->driver)->rule, VQG_RULE_NONE);
    assert_int_equal(vqg_driver_free(&w->driver), w->size);
    for (i = 0; i < 16u * (uint64_t)w->size; i++) {
        assert_int_equal(w->memory[WORLD_DESC + i], 0);
    }
    packed_start(peer(), w);
    packed_advance(w, 2u * w->size + 1u);
    assert_idle(w);
}

/* One access in the port's log. */
static inline void assert_access(const struct world *w, size_t i, bool store, uint64_t offset, unsigned bytes,
                                 bool ordered)
{
    assert_true(i < test_port.count && i < TEST_LOG_MAX);
    assert_ptr_equal(test_port.log[i].at, world_at(w, offset));
    assert_int_equal(test_port.log[i].bytes, bytes);
    assert_int_equal(test_port.log[i].store, store);
    assert_int_equal(test_port.log[i].ordered, ordered);
}

/* Not for security: the same numbers in every run. */
static inline uint32_t dice(uint64_t *x, uint32_t faces)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return (uint32_t)(*x >> 20) % faces;
}

#endif
