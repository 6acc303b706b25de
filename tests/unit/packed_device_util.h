/* SPDX-License-Identifier: MIT */
/**
 * @file packed_device_util.h
 * @brief What the device tests of packed queues share: an honest driver at any place of the ring, and the
 * assertions that belong to every refusal.
 */
#ifndef VQG_TEST_PACKED_DEVICE_UTIL_H
#define VQG_TEST_PACKED_DEVICE_UTIL_H

#include "device_util.h"
#include "packed_peer.h"

/** A driver and its world, which has a packed queue; the device is not started. */
static inline struct packed_peer *packed_new(uint32_t size, uint64_t features)
{
    struct packed_peer *p = malloc(sizeof *p);
    assert_non_null(p);
    packed_start(p, world_new(size, features | VQG_F_RING_PACKED));
    return p;
}

/** The same, with a live device, strict profile. */
static inline struct packed_peer *packed_live(uint32_t size, uint64_t features)
{
    struct packed_peer *p = packed_new(size, features);
    world_start_device(p->w);
    return p;
}

static inline void packed_free(struct packed_peer *p)
{
    world_free(p->w);
    free(p);
}

/** Both sides go on at a slot, with this wrap counter; all before it is used in this lap, the rest in the last. */
static inline void packed_begin(struct packed_peer *p, uint32_t slot, bool wrap)
{
    struct vqg_device_state s = {0, 0, NULL, 0, 0};
    uint32_t i;
    p->avail.slot = slot;
    p->avail.wrap = wrap;
    p->used = p->avail;
    for (i = 0; i < p->w->size; i++) {
        peer_put(p->w, packed_at(i) + PACKED_FLAGS, 2, (i < slot) == wrap ? PACKED_USED : 0u);
    }
    s.last_avail = packed_word(p->avail);
    s.used = s.last_avail;
    assert_status(vqg_device_restore(&p->w->device, &s), VQG_OK);
}

static inline struct vqg_seg packed_seg(uint64_t offset, uint32_t len, bool write)
{
    struct vqg_seg s = {world_addr(offset), 0, NULL, 0, 0, len, write};
    return s;
}

/** Element `i` of every list of packed_list(). */
static inline uint64_t packed_data(uint32_t i)
{
    return WORLD_DATA + 64u * (uint64_t)(i % 1024u);
}

/** Makes a list of `n` elements of 16 bytes available, the last one writable. */
static inline void packed_list(struct packed_peer *p, uint32_t n, uint16_t id)
{
    static struct vqg_seg seg[VQG_QUEUE_SIZE_MAX];
    uint32_t i;
    for (i = 0; i < n; i++) {
        seg[i] = packed_seg(packed_data(i), 16, i + 1u == n);
    }
    packed_post(p, seg, n, id);
}

/** The chain is a list of packed_list(). */
static inline void assert_packed_list(const struct vqg_chain *c, uint32_t n, uint16_t id)
{
    uint32_t i;
    assert_int_equal(c->head, id);
    assert_int_equal(c->count, n);
    assert_int_equal(c->readable, 16u * (n - 1u));
    assert_int_equal(c->writable, 16);
    for (i = 0; i < n; i++) {
        assert_int_equal(c->seg[i].addr, world_addr(packed_data(i)));
        assert_int_equal(c->seg[i].len, 16);
        assert_int_equal(c->seg[i].write, i + 1u == n);
    }
}

/** The driver takes the next used element: exactly this one. */
static inline void assert_collects(struct packed_peer *p, uint16_t id, uint32_t len)
{
    uint16_t got_id = 0;
    uint32_t got_len = 0;
    assert_true(packed_collect(p, &got_id, &got_len));
    assert_int_equal(got_id, id);
    assert_int_equal(got_len, len);
}

/** There is no used element for the driver. */
static inline void assert_collects_nothing(struct packed_peer *p)
{
    uint16_t id;
    uint32_t len;
    assert_false(packed_collect(p, &id, &len));
}

/** One list and its answer, on a queue that has nothing in flight. */
static inline void packed_serves(struct packed_peer *p)
{
    struct world *w = p->w;
    uint32_t limit = w->policy.max_elements == 0u ? w->queue.size : w->policy.max_elements;
    uint32_t n = limit > 1u && w->queue.size > 1u ? 2u : 1u;
    uint16_t id = (uint16_t)(w->queue.size - 1u);
    struct vqg_seg *seg = calloc(limit, sizeof *seg);
    struct vqg_chain c;
    assert_non_null(seg);
    vqg_chain_init(&c, seg, limit);
    packed_list(p, n, id);
    assert_pops(w, &c);
    assert_packed_list(&c, n, id);
    assert_status(vqg_device_push(&w->device, &c, 16), VQG_OK);
    (void)vqg_device_notify(&w->device);
    assert_collects(p, id, 16);
    world_check_canaries(w);
    free(seg);
}

/** The driver resets the queue and begins again; the device enables it. */
static inline void packed_restart(struct packed_peer *p)
{
    vqg_device_reset(&p->w->device);
    packed_clear(p);
    packed_events(p, true, 0, 0);
    packed_events(p, false, 0, 0);
    packed_start(p, p->w);
    assert_status(vqg_device_enable(&p->w->device, &p->w->queue), VQG_OK);
    assert_int_equal(vqg_device_violation(&p->w->device)->rule, VQG_RULE_NONE);
    assert_int_equal(vqg_device_violation(&p->w->device)->count, 0);
    assert_false(vqg_device_needs_reset(&p->w->device));
}

/** The next pop is refused, with nothing changed, and after a reset the endpoint works as on its first day. */
static inline void packed_refused(struct packed_peer *p, enum vqg_rule rule, uint32_t index, uint64_t value,
                                  uint64_t limit)
{
    assert_refused(p->w, rule, index, value, limit);
    packed_restart(p);
    packed_serves(p);
}

/** Offset of an access of the log in the world. */
static inline uint64_t packed_logged(const struct packed_peer *p, size_t i)
{
    return (uint64_t)((const volatile unsigned char *)test_port.log[i].at - p->w->memory);
}

/** The slot that lies `n` behind another one. */
static inline uint32_t packed_slot(const struct packed_peer *p, struct packed_cursor c, uint32_t n)
{
    packed_move(p, &c, n);
    return c.slot;
}

/** Where the tests of lists begin, in a ring of 7: at the start, and so that lists of 3 pass the end in either lap. */
static const struct packed_cursor packed_begins[] = {{0, true}, {5, true}, {6, true}, {2, false}, {6, false}};

#endif
