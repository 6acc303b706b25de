/* SPDX-License-Identifier: MIT */
/**
 * @file chain_util.h
 * @brief What the chain tests share: a judge, a chain, capabilities and the
 * memory under them in one block, which is compared byte for byte.
 */
#ifndef VQG_TEST_CHAIN_UTIL_H
#define VQG_TEST_CHAIN_UTIL_H

#include "runner.h"

#include <string.h>

#define ROOM_SEGS 6u
#define ROOM_MEMORY 0x4000u
#define ROOM_QUEUE 9u /* index of the queue, which names it in records */

/* The capabilities, in the order of their addresses; token 70 and up. None of the addresses is a pointer. */
enum room_cap {
    CAP_A,      /* three in a row, without a gap */
    CAP_B,
    CAP_C,
    CAP_RDONLY, /* and two in a row with one right each */
    CAP_WRONLY,
    CAP_RING,   /* around the queue's own parts; not mapped */
    CAP_HUGE,   /* 8 GiB, not mapped */
    CAP_TOP,    /* its last byte is the last address, not mapped */
    ROOM_CAPS
};

#define ADDR_A ((uint64_t)0x10000)
#define ADDR_B ((uint64_t)0x11000)
#define ADDR_C ((uint64_t)0x12000)
#define ADDR_AFTER_C ((uint64_t)0x13000) /* no capability here */
#define ADDR_RDONLY ((uint64_t)0x20000)
#define ADDR_WRONLY ((uint64_t)0x20800)
#define ADDR_RING ((uint64_t)0x40000)
#define ADDR_HUGE ((uint64_t)1 << 40)
#define ADDR_TOP (UINT64_MAX - 0xFFFu)
#define BUS_OF(addr) ((addr) + 0x2000000u)

/* The queue's own parts: desc, avail, used. */
#define PART_DESC ((uint64_t)0x50000)
#define PART_AVAIL ((uint64_t)0x60000)
#define PART_USED ((uint64_t)0x70000)
#define BYTES_DESC 0x100u
#define BYTES_AVAIL 0x26u
#define BYTES_USED 0x86u

struct room {
    unsigned char canary_a[64];
    struct vqg_judge judge;
    unsigned char canary_b[64];
    struct vqg_chain chain;
    unsigned char canary_c[64];
    struct vqg_seg seg[ROOM_SEGS];
    unsigned char canary_d[64];
    struct vqg_cap caps[ROOM_CAPS];
    unsigned char canary_e[64];
    struct vqg_cap_table table;
    unsigned char canary_f[64];
    _Alignas(16) unsigned char memory[ROOM_MEMORY]; /* CAP_A, CAP_B, CAP_C, then CAP_RDONLY and CAP_WRONLY */
    unsigned char canary_g[64];
};

static inline void room_cap(struct room *r, enum room_cap which, uint64_t base, uint64_t size, uint32_t rights,
                            void *map)
{
    struct vqg_cap *c = &r->caps[which];
    memset(c, 0, sizeof *c);
    c->base = base;
    c->size = size;
    c->bus = base == ADDR_TOP ? 0x5000u : BUS_OF(base);
    c->map = map;
    c->token = 70u + (uint64_t)which;
    c->rights = rights;
}

/** A room under the strict profile with its limits resolved, INDIRECT_DESC acknowledged, live. */
static inline struct room *room_new(void)
{
    static struct room room;
    struct room *r = &room;
    struct vqg_policy *p = &r->judge.policy;
    unsigned i;
    memset(r, 0xA5, sizeof *r);
    for (i = 0; i < ROOM_MEMORY; i++) {
        r->memory[i] = (unsigned char)(i * 7u + i / 256u);
    }
    memset(&r->judge, 0, sizeof r->judge);
    *p = vqg_profile_strict();
    p->max_address = UINT64_MAX;
    p->max_bytes_in_flight = UINT64_MAX;
    p->max_bytes = UINT32_MAX;
    p->max_elements = 16;
    p->max_table_entries = 16;
    r->judge.features = VQG_F_VERSION_1 | VQG_F_INDIRECT_DESC;
    r->judge.directions = VQG_CAP_READ | VQG_CAP_WRITE;
    r->judge.guard.state = (uint8_t)VQG_STATE_LIVE;
    r->judge.guard.generation = 3;
    r->judge.guard.violation.queue = ROOM_QUEUE;
    r->judge.part_addr[0] = PART_DESC;
    r->judge.part_addr[1] = PART_AVAIL;
    r->judge.part_addr[2] = PART_USED;
    r->judge.part_bytes[0] = BYTES_DESC;
    r->judge.parts_first = PART_DESC;
    r->judge.parts_last = PART_USED + BYTES_USED - 1u;
    r->judge.part_bytes[1] = BYTES_AVAIL;
    r->judge.part_bytes[2] = BYTES_USED;
    room_cap(r, CAP_A, ADDR_A, 0x1000, VQG_CAP_READ | VQG_CAP_WRITE, r->memory);
    room_cap(r, CAP_B, ADDR_B, 0x1000, VQG_CAP_READ | VQG_CAP_WRITE, r->memory + 0x1000);
    room_cap(r, CAP_C, ADDR_C, 0x1000, VQG_CAP_READ | VQG_CAP_WRITE, r->memory + 0x2000);
    room_cap(r, CAP_RDONLY, ADDR_RDONLY, 0x800, VQG_CAP_READ, r->memory + 0x3000);
    room_cap(r, CAP_WRONLY, ADDR_WRONLY, 0x800, VQG_CAP_WRITE, r->memory + 0x3800);
    room_cap(r, CAP_RING, ADDR_RING, 0x40000, VQG_CAP_READ | VQG_CAP_WRITE, NULL);
    room_cap(r, CAP_HUGE, ADDR_HUGE, (uint64_t)1 << 33, VQG_CAP_READ | VQG_CAP_WRITE, NULL);
    room_cap(r, CAP_TOP, ADDR_TOP, 0x1000, VQG_CAP_READ | VQG_CAP_WRITE, NULL);
    memset(&r->table, 0, sizeof r->table);
    assert_int_equal(vqg_cap_table_init(&r->table, r->caps, ROOM_CAPS, 0), VQG_OK);
    r->judge.caps = vqg_cap_table_caps(&r->table);
    vqg_chain_init(&r->chain, r->seg, ROOM_SEGS);
    r->chain.table_first_ = UINT64_MAX; /* as when it is popped: no table yet */
    test_port_reset();
    return r;
}

/** Lets elements go one way only. */
static inline void room_direct(struct room *r, enum vqg_direction direction)
{
    r->judge.policy.direction = direction;
    r->judge.directions = direction == VQG_DIRECTION_READABLE ? VQG_CAP_READ : VQG_CAP_WRITE;
}

/** A copy of the whole room, as it is now. */
static inline const struct room *room_copy(const struct room *r)
{
    static struct room copy;
    memcpy(&copy, r, sizeof copy);
    return &copy;
}

/** The room is as in the copy, but for what the table and the window remember of the latest answer. */
static inline void room_assert_same(const struct room *r, const struct room *before)
{
    static struct room expected;
    memcpy(&expected, before, sizeof expected);
    expected.table.recent = r->table.recent;
    assert_window(&r->judge);
    memcpy(&expected.judge.window, &r->judge.window, sizeof expected.judge.window);
    assert_memory_equal(r, &expected, sizeof *r);
    assert_int_equal(test_port.stores, 0);
}

/**
 * The refusal has this record, it has latched, and nothing else in the room has
 * changed since the copy.
 */
static inline void room_assert_refused(const struct room *r, const struct room *before, enum vqg_status st,
                                       enum vqg_rule rule, uint32_t index, uint64_t value, uint64_t limit)
{
    static struct room expected;
    assert_violation(&r->judge.guard.violation, st, rule, index, value, limit);
    assert_int_equal(r->judge.guard.violation.queue, ROOM_QUEUE);
    assert_int_equal(r->judge.guard.violation.count, 1);
    assert_int_equal(r->judge.guard.state, VQG_STATE_DEAD);
    memcpy(&expected, before, sizeof expected);
    memcpy(&expected.judge.guard.violation, &r->judge.guard.violation, sizeof expected.judge.guard.violation);
    expected.judge.guard.state = (uint8_t)VQG_STATE_DEAD;
    room_assert_same(r, &expected);
}

/** Segment `i` of the room's chain, and every field of it. */
static inline void room_assert_seg(const struct room *r, uint32_t i, enum room_cap which, uint64_t addr, uint32_t len,
                                   bool write)
{
    const struct vqg_cap *c = &r->caps[which];
    const struct vqg_seg *s = &r->seg[i];
    assert_true(i < r->chain.count);
    assert_int_equal(s->addr, addr);
    assert_int_equal(s->bus, c->bus + (addr - c->base));
    if (c->map == NULL) {
        assert_null(s->map);
    } else {
        assert_ptr_equal(s->map, (unsigned char *)c->map + (addr - c->base));
    }
    assert_int_equal(s->token, 70u + (unsigned)which);
    if (r->judge.caps.table != NULL) {
        assert_int_equal(s->pin, which);
    }
    assert_int_equal(s->len, len);
    assert_int_equal(s->write, write);
}

/** Pins of all capabilities together. */
static inline uint64_t room_pins(const struct room *r)
{
    uint64_t pins = 0;
    unsigned i;
    for (i = 0; i < ROOM_CAPS; i++) {
        pins += r->caps[i].pins;
    }
    return pins;
}

/** A platform that answers what a test says, and counts what it is asked. */
struct platform {
    const struct vqg_cap *first;   /**< answer of the first lookup */
    const struct vqg_cap *answer;  /**< of every other */
    unsigned lookups;
    unsigned pins;
    unsigned unpins;
    unsigned refuse_pin;           /**< the pin with this number, from 1, is refused */
    uint64_t token, addr, bytes;   /**< of the latest pin */
    uint64_t unpinned;             /**< of the latest unpin; the pins are PLATFORM_PIN, and one more each */
};
#define PLATFORM_PIN ((uint64_t)0xABCDEF0000000001)

static inline const struct vqg_cap *platform_lookup(void *context, uint64_t addr)
{
    struct platform *p = context;
    (void)addr;
    return p->lookups++ == 0u ? p->first : p->answer;
}

static inline bool platform_pin(void *context, const struct vqg_cap *cap, uint64_t addr, uint64_t bytes, uint64_t *pin)
{
    struct platform *p = context;
    *pin = PLATFORM_PIN + p->pins;
    p->pins++;
    p->token = cap->token;
    p->addr = addr;
    p->bytes = bytes;
    return p->pins != p->refuse_pin;
}

static inline void platform_unpin(void *context, uint64_t pin)
{
    struct platform *p = context;
    p->unpins++;
    p->unpinned = pin;
}

/** Lets the platform answer in place of the room's table. */
static inline void room_ask(struct room *r, struct platform *p, const struct vqg_cap *first,
                            const struct vqg_cap *answer)
{
    memset(p, 0, sizeof *p);
    p->first = first;
    p->answer = answer;
    r->judge.caps.table = NULL;
    r->judge.caps.lookup = platform_lookup;
    r->judge.caps.pin = platform_pin;
    r->judge.caps.unpin = platform_unpin;
    r->judge.caps.context = p;
}

#endif
