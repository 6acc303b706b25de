/* SPDX-License-Identifier: MIT */
/**
 * @file order_driver_util.h
 * @brief What the tests of a driver with IN_ORDER share: a device that returns batches, of either format.
 */
#ifndef VQG_TEST_ORDER_DRIVER_UTIL_H
#define VQG_TEST_ORDER_DRIVER_UTIL_H

#include "packed_driver_util.h"

#define SIZE 8u

/* A live driver with IN_ORDER. */
static inline struct world *order_world(bool packed, uint64_t features, enum vqg_length_policy length)
{
    struct world *w = world_new(SIZE, VQG_F_IN_ORDER | (packed ? VQG_F_RING_PACKED : 0u) | features);
    w->policy.accept_claimed = true;
    w->policy.length = length;
    packed_begin(w);
    return w;
}

/* What is in flight, oldest first, as the device knows it. */
struct flight {
    uint16_t id[SIZE];
    uint32_t count[SIZE];
    uint32_t n;
};

static inline void send(struct world *w, bool packed, struct flight *f, uint32_t out, uint32_t in, uint32_t number)
{
    f->id[f->n] = packed ? packed_lend(w, out, in, number) : lend(w, out, in, number);
    f->count[f->n++] = out + in;
}

/* A split queue's next element, which stands for `n` chains, whoever writes it. */
static inline void split_return(const struct world *w, uint32_t id, uint32_t len, uint32_t n)
{
    uint16_t at = peer_get_used_idx(w);
    peer_used_elem(w, at, id, len);
    peer_used_idx(w, (uint16_t)(at + n));
}

/* One element for the oldest `n`: the id of the last of them, and its length. */
static inline void return_batch(struct world *w, bool packed, struct flight *f, uint32_t n, uint32_t len)
{
    uint32_t i;
    if (packed) {
        packed_return(peer(), f->id[n - 1u], len);
        for (i = 0; i + 1u < n; i++) {
            packed_move(peer(), &peer()->used, f->count[i]);
        }
    } else {
        split_return(w, f->id[n - 1u], len, n);
    }
    for (i = n; i < f->n; i++) {
        f->id[i - n] = f->id[i];
        f->count[i - n] = f->count[i];
    }
    f->n -= n;
}

/* The next completion is this one. */
static inline struct vqg_done assert_takes(struct world *w, uint32_t number, uint32_t len, unsigned flags)
{
    struct vqg_done done = take_ok(w);
    assert_ptr_equal(done.cookie, cookie(number));
    assert_int_equal(done.len, len);
    assert_int_equal(done.flags, flags);
    return done;
}

/* `rounds` chains there and back, one by one. */
static inline void serve(struct world *w, bool packed, uint32_t rounds)
{
    struct flight f = {{0}, {0}, 0};
    while (rounds-- != 0u) {
        send(w, packed, &f, 0, 1, 7);
        return_batch(w, packed, &f, 1, 3);
        (void)assert_takes(w, 7, 3, 0);
    }
}

#endif
