/* SPDX-License-Identifier: MIT */
/**
 * @file device_util.h
 * @brief What the device tests share: a hostile driver's usual moves, and the
 * assertions that belong to every refusal.
 */
#ifndef VQG_TEST_DEVICE_UTIL_H
#define VQG_TEST_DEVICE_UTIL_H

#include "runner.h"

#include <stdlib.h>
#include <string.h>

/* Descriptor and ring flags, written down again from the specification (2.7.5, 2.7.6). */
#define D_NEXT 1u
#define D_WRITE 2u
#define D_INDIRECT 4u
#define RING_QUIET 1u

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static inline void assert_status_(enum vqg_status got, enum vqg_status want, const char *file, int line)
{
    if (got != want) {
        print_error("status %s, expected %s\n", vqg_status_name(got), vqg_status_name(want));
        _fail(file, line);
    }
}
#define assert_status(got, want) assert_status_((got), (want), __FILE__, __LINE__)

/** Several chains with storage of their own. */
#define POOL_CHAINS 40u
#define POOL_SEGS 40u
struct pool {
    struct vqg_chain chain[POOL_CHAINS];
    struct vqg_seg seg[POOL_CHAINS][POOL_SEGS];
};

static inline void pool_init(struct pool *p)
{
    uint32_t i;
    for (i = 0; i < POOL_CHAINS; i++) {
        vqg_chain_init(&p->chain[i], p->seg[i], POOL_SEGS);
    }
}

/** Capabilities that count what is asked of them; two of them have no mapping. */
#define WIDE_BASE ((uint64_t)1 << 40) /* 8 GiB, not mapped */
#define TOP_BASE (UINT64_MAX - 4095u) /* the last 4 KiB of all addresses, not mapped */
struct counted {
    struct vqg_cap_table table;
    struct vqg_cap cap[3];
    unsigned lookups;
    unsigned pins;
    unsigned unpins;
    unsigned refuse_pin; /**< the pin with this number, from 1, is refused */
    uint64_t bytes;      /**< pinned now */
};

static inline const struct vqg_cap *counted_lookup(void *context, uint64_t addr)
{
    struct counted *c = context;
    c->lookups++;
    return vqg_cap_table_lookup(&c->table, addr);
}

static inline bool counted_pin(void *context, const struct vqg_cap *cap, uint64_t addr, uint64_t bytes, uint64_t *pin)
{
    struct counted *c = context;
    assert_true(addr - cap->base < cap->size && bytes <= cap->size - (addr - cap->base));
    c->pins++;
    if (c->pins == c->refuse_pin) {
        return false;
    }
    c->bytes += bytes;
    *pin = bytes; /* what ends a pin is the platform's own: here, how much it holds */
    return true;
}

static inline void counted_unpin(void *context, uint64_t pin)
{
    struct counted *c = context;
    assert_true(pin != 0u && c->bytes >= pin);
    c->unpins++;
    c->bytes -= pin;
}

/** Puts the counting capabilities in the place of the world's own; before the device starts. */
static inline void counted_use(struct counted *c, struct world *w)
{
    uint32_t i;
    memset(c, 0, sizeof *c);
    c->cap[0].base = WORLD_BASE;
    c->cap[0].size = WORLD_BYTES;
    c->cap[0].bus = WORLD_BUS_OFFSET;
    c->cap[0].map = w->memory;
    c->cap[1].base = WIDE_BASE;
    c->cap[1].size = (uint64_t)1 << 33;
    c->cap[2].base = TOP_BASE;
    c->cap[2].size = 4096;
    for (i = 0; i < 3u; i++) {
        c->cap[i].rights = VQG_CAP_READ | VQG_CAP_WRITE;
        c->cap[i].token = 7u + i;
    }
    assert_status(vqg_cap_table_init(&c->table, c->cap, 3, 0), VQG_OK);
    w->lookup.table = NULL;
    w->lookup.lookup = counted_lookup;
    w->lookup.pin = counted_pin;
    w->lookup.unpin = counted_unpin;
    w->lookup.context = c;
}

static inline const struct vqg_cap *table_lookup(void *context, uint64_t addr)
{
    return vqg_cap_table_lookup(context, addr);
}

/** Lets the world's capabilities be looked up through a callback that knows no pins; before the device starts. */
static inline void ask_without_pins(struct world *w)
{
    w->lookup.table = NULL;
    w->lookup.lookup = table_lookup;
    w->lookup.context = &w->table;
}

/** A world with a live device, strict profile. */
static inline struct world *device_new(uint32_t size, uint64_t features)
{
    struct world *w = world_new(size, features);
    world_start_device(w);
    return w;
}

/** Makes a world legacy and big-endian; before the device starts. */
static inline void make_big(struct world *w)
{
    w->big = true;
    w->policy = vqg_profile_spec();
    w->queue.features &= ~VQG_F_VERSION_1;
    w->queue.order = VQG_ORDER_BIG;
}

/** Lets device and driver begin at `position`, as after that many chains. */
static inline void device_at(struct world *w, uint16_t position)
{
    struct vqg_device_state s = {position, position, NULL, 0, 0};
    peer_avail_idx(w, position);
    peer_put(w, WORLD_USED + 2u, 2, position);
    assert_status(vqg_device_restore(&w->device, &s), VQG_OK);
}

/** What a load of `bytes` bytes returns on this host when the field, in the ring's byte order, says `v`; or back. */
static inline uint64_t as_loaded(const struct world *w, uint64_t v, unsigned bytes)
{
    uint64_t out = 0;
    if (w->big == (VQG_PORT_BIG_ENDIAN != 0)) {
        return v;
    }
    for (; bytes > 0u; bytes--) {
        out = out << 8 | (v & 0xffu);
        v >>= 8;
    }
    return out;
}

/** The second word of a descriptor, as a field of 64 bits in the ring's byte order. */
static inline uint64_t desc_word(const struct world *w, uint32_t len, unsigned flags, unsigned next)
{
    return w->big ? (uint64_t)len << 32 | (uint64_t)(flags & 0xffffu) << 16 | (next & 0xffffu)
                  : (uint64_t)(next & 0xffffu) << 48 | (uint64_t)(flags & 0xffffu) << 32 | len;
}

/** Descriptor `i` with an element at an offset of the world. */
static inline void element(const struct world *w, uint32_t i, uint64_t offset, uint32_t len, unsigned flags,
                           unsigned next)
{
    peer_desc(w, i, world_addr(offset), len, flags, next);
}

/** Descriptor `i` as one writable element of 16 bytes, with 64 bytes of its own. */
static inline void plain(const struct world *w, uint32_t i)
{
    element(w, i, WORLD_DATA + 64u * (uint64_t)(i % 1024u), 16, D_WRITE, 0);
}

static inline void assert_pops(struct world *w, struct vqg_chain *c)
{
    assert_status(vqg_device_pop(&w->device, c), VQG_OK);
}

/** The next pop is refused: exact status and record; nothing else changed; the endpoint latched and stays quiet.
 * `w->chain` is not in flight. */
static inline void assert_refused(struct world *w, enum vqg_rule rule, uint32_t index, uint64_t value, uint64_t limit)
{
    struct world_copy *before = world_copy(w);
    enum vqg_status st;
    vqg_chain_init(&w->chain, w->segs, WORLD_SEGS);
    st = vqg_device_pop(&w->device, &w->chain);
    assert_violation(vqg_device_violation(&w->device), st, rule, index, value, limit);
    assert_int_equal(vqg_device_violation(&w->device)->count, 1);
    assert_int_equal(vqg_device_violation(&w->device)->queue, w->queue.index);
    assert_true(vqg_device_needs_reset(&w->device));
    assert_int_equal(w->chain.count, 0);
    assert_null(w->chain.owner_);
    world_assert_unchanged(w, before);
    test_port_reset();
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_DEAD);
    assert_int_equal(test_port.count, 0);
}

/** One request and its answer, on a queue that has just been enabled. */
static inline void assert_serves(struct world *w)
{
    uint32_t limit = w->policy.max_elements == 0u ? w->queue.size : w->policy.max_elements;
    bool reads = w->policy.direction != VQG_DIRECTION_WRITABLE && w->queue.size > 1u;
    bool writes = w->policy.direction != VQG_DIRECTION_READABLE;
    uint64_t out = WORLD_DATA + 0x80000u;
    struct vqg_seg *seg = calloc(limit, sizeof *seg);
    struct vqg_chain c;
    assert_non_null(seg);
    vqg_chain_init(&c, seg, limit);
    if (reads) {
        element(w, 0, out, 64, writes ? D_NEXT : 0u, 1);
    }
    if (writes) {
        element(w, reads ? 1u : 0u, out + 64u, 64, D_WRITE, 0);
    }
    peer_make_available(w, 0, 0);
    assert_pops(w, &c);
    assert_int_equal(c.head, 0);
    assert_int_equal(c.readable, reads ? 64 : 0);
    assert_int_equal(c.writable, writes ? 64 : 0);
    assert_int_equal(c.count, (reads ? 1 : 0) + (writes ? 1 : 0));
    assert_status(vqg_device_push(&w->device, &c, c.writable), VQG_OK);
    (void)vqg_device_notify(&w->device);
    assert_int_equal(peer_get_used_idx(w), 1);
    assert_int_equal(peer_get_used_id(w, 0), 0);
    assert_int_equal(peer_get_used_len(w, 0), writes ? 64 : 0);
    world_check_canaries(w);
    free(seg);
}

/** The driver resets the queue and begins again; the device enables it. */
static inline void restart(struct world *w)
{
    vqg_device_reset(&w->device);
    memset(world_at(w, WORLD_AVAIL), 0, 6u + 2u * (size_t)w->queue.size);
    memset(world_at(w, WORLD_USED), 0, 6u + 8u * (size_t)w->queue.size);
    assert_status(vqg_device_enable(&w->device, &w->queue), VQG_OK);
    assert_int_equal(vqg_device_violation(&w->device)->rule, VQG_RULE_NONE);
    assert_int_equal(vqg_device_violation(&w->device)->count, 0);
    assert_false(vqg_device_needs_reset(&w->device));
}

/** The next pop is refused, and after a reset the endpoint works as on its first day. */
static inline void assert_refused_until_reset(struct world *w, enum vqg_rule rule, uint32_t index, uint64_t value,
                                              uint64_t limit)
{
    assert_refused(w, rule, index, value, limit);
    restart(w);
    assert_serves(w);
}

#endif
