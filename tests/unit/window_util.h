/* SPDX-License-Identifier: MIT */
/**
 * @file window_util.h
 * @brief What the tests of the window share: an element in a room, and where the window lies.
 */
#ifndef VQG_TEST_WINDOW_UTIL_H
#define VQG_TEST_WINDOW_UTIL_H

#include "chain_util.h"

#define INDEX 11u /* descriptor that the element came from */
#define TABLE_ADDR (ADDR_A + 0x100u)

static inline enum vqg_status take(struct room *r, uint64_t addr, uint32_t len, bool write)
{
    return vqg_chain_take_(&r->judge, &r->chain, INDEX, addr, len, write);
}

/* The window is what one capability allows from `first` to `last`. */
static inline void assert_open(const struct room *r, enum room_cap which, uint64_t first, uint64_t last)
{
    const struct vqg_window *w = &r->judge.window;
    assert_window(&r->judge);
    assert_int_equal(w->first, first);
    assert_int_equal(w->size, last - first + 1u);
    assert_ptr_equal(w->cap, &r->caps[which]);
    assert_int_equal(w->pin, which);
    assert_int_equal(w->rights, r->caps[which].rights);
}

static inline void assert_closed(const struct room *r)
{
    assert_int_equal(r->judge.window.size, 0);
}

/* A room whose window lies over all of CAP_B, opened by an element of 16 bytes. */
static inline struct room *room_with_window(bool write)
{
    struct room *r = room_new();
    assert_int_equal(take(r, ADDR_B + 0x800u, 16, write), VQG_OK);
    assert_open(r, CAP_B, ADDR_B, ADDR_B + 0xFFFu);
    return r;
}

static inline void refuses(struct room *r, uint64_t addr, uint32_t len, bool write, enum vqg_rule rule, uint32_t index,
                    uint64_t value, uint64_t limit)
{
    static struct room before;
    enum vqg_status st;
    memcpy(&before, r, sizeof before);
    st = take(r, addr, len, write);
    assert_violation(&r->judge.guard.violation, st, rule, index, value, limit);
    assert_int_equal(r->judge.guard.state, VQG_STATE_DEAD);
    assert_int_equal(r->chain.count, before.chain.count);
    assert_memory_equal(r->seg, before.seg, sizeof r->seg);
    assert_memory_equal(r->caps, before.caps, sizeof r->caps); /* its pins as well */
    assert_memory_equal(r->canary_d, before.canary_d, sizeof r->canary_d);
}

#endif
