/* SPDX-License-Identifier: MIT */
/**
 * @file adversary_util.h
 * @brief What is true of a device whatever a driver does: of what it hands out, of what it answers, and of its pins.
 */
#ifndef VQG_TEST_ADVERSARY_UTIL_H
#define VQG_TEST_ADVERSARY_UTIL_H

#include "device_util.h"

/* The same numbers in every run. */
static inline uint64_t adversary_dice(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x * 0x2545f4914f6cdd1du >> 16;
}

/** How often what came about. */
struct tally {
    unsigned popped, refused, dropped, full, stale;
};

/** Pops, and counts what came of it: a status that there may be, and a latch where there has to be one. */
static inline enum vqg_status adversary_pop(struct world *w, struct vqg_chain *c, struct tally *t)
{
    enum vqg_status st = vqg_device_pop(&w->device, c);
    bool drop = w->policy.chain == VQG_CHAIN_DROP && vqg_rule_kind(vqg_status_rule(st)) == VQG_KIND_CHAIN;
    assert_true(st == VQG_OK || st == VQG_EMPTY || st == VQG_FULL || vqg_is_violation(st));
    assert_int_equal(vqg_device_needs_reset(&w->device), vqg_is_violation(st) && !drop);
    t->popped += st == VQG_OK ? 1u : 0u;
    t->refused += vqg_is_violation(st) ? 1u : 0u;
    t->dropped += drop ? 1u : 0u;
    t->full += st == VQG_FULL ? 1u : 0u;
    return st;
}

/** The adversary was neither too crude nor too kind to reach what is tested. */
static inline void assert_tally(const struct tally *t)
{
    assert_true(t->popped > 5000u);
    assert_true(t->refused > 5000u);
    assert_true(t->dropped > 1000u);
    assert_true(t->full > 100u);
    assert_true(t->stale > 500u);
}

/* Does one capability of the world give the direction of this segment a right to all of it? */
static inline void assert_covered(const struct world *w, const struct vqg_seg *s)
{
    unsigned i;
    assert_true(s->len != 0u && s->addr + (s->len - 1u) >= s->addr);
    for (i = 0; i < 3u; i++) {
        const struct vqg_cap *c = &w->caps[i];
        if (s->addr >= c->base && s->addr + (s->len - 1u) <= c->base + (c->size - 1u)) {
            assert_true((c->rights & (s->write ? VQG_CAP_WRITE : VQG_CAP_READ)) != 0u);
            assert_ptr_equal(s->map, world_at(w, s->addr - WORLD_BASE));
            assert_int_equal(s->bus, s->addr - WORLD_BASE + WORLD_BUS_OFFSET);
            assert_int_equal(s->token, c->token);
            return;
        }
    }
    fail_msg("segment %#llx + %#x is in no capability", (unsigned long long)s->addr, (unsigned)s->len);
}

static inline void assert_apart(const struct vqg_seg *s, uint64_t at, uint64_t bytes)
{
    assert_true(s->addr + (s->len - 1u) < world_addr(at) || s->addr > world_addr(at) + (bytes - 1u));
}

/** A chain is covered byte by byte, adds up, and has no writable byte in a part of the queue, of these lengths. */
static inline void assert_chain_is_sound(const struct world *w, const struct vqg_chain *c, uint64_t avail,
                                         uint64_t used)
{
    uint64_t sum[2] = {0, 0};
    uint32_t i;
    assert_true(c->count <= c->capacity);
    assert_true(c->head < w->size);
    for (i = 0; i < c->count; i++) {
        const struct vqg_seg *s = &c->seg[i];
        assert_covered(w, s);
        assert_true(i == 0u || s->write || !c->seg[i - 1u].write);
        sum[s->write ? 1 : 0] += s->len;
        if (s->write) {
            assert_apart(s, WORLD_DESC, 16u * w->size);
            assert_apart(s, WORLD_AVAIL, avail);
            assert_apart(s, WORLD_USED, used);
        }
    }
    assert_int_equal(c->readable, sum[0]);
    assert_int_equal(c->writable, sum[1]);
}

/** What is in flight, and the three parts of the queue, is pinned, and nothing else. */
static inline void assert_pins(const struct world *w, const struct pool *p)
{
    uint32_t pins = 0;
    uint32_t i;
    for (i = 0; i < POOL_CHAINS; i++) {
        pins += p->chain[i].owner_ != NULL ? p->chain[i].count : 0u;
    }
    assert_int_equal(w->caps[0].pins + w->caps[1].pins + w->caps[2].pins, 3u + pins);
}

#endif
