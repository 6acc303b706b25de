/* SPDX-License-Identifier: MIT */
/**
 * @file blk_util.h
 * @brief What the tests of block requests share: a client with sectors, its requests, and what a refusal leaves alone.
 */
#ifndef VQG_TEST_BLK_UTIL_H
#define VQG_TEST_BLK_UTIL_H

#include "device_util.h"

/* Numbers of the specification (5.2.6), written down again. */
#define IN 0u
#define OUT 1u
#define FLUSH 4u
#define GET_ID 8u
#define DISCARD 11u
#define ZEROES 13u
#define S_OK 0u
#define S_IOERR 1u
#define S_UNSUPP 2u
#define POISON 0xffu
#define F_FLUSH ((uint64_t)1 << 9)
#define F_DISCARD ((uint64_t)1 << 13)
#define F_ZEROES ((uint64_t)1 << 14)

#define MAX_BYTES 4096u
#define MAX_RANGE 60u
#define QUEUE 64u
#define FIRST 3u /* descriptor that each chain begins with: what a record names */

/* Where a request lies unless a test says otherwise. */
#define HEADER_AT WORLD_DATA
#define DATA_AT (WORLD_DATA + 0x1000u)
#define STATUS_AT (WORLD_DATA + 0x8000u)

/* The client's sectors, and the disk's own numbers of them. 100 to 199 are another client's. */
#define RW_FIRST 0u /* 100 sectors, read and write */
#define RW_COUNT 100u
#define RW_DISK 1000u
#define RO_FIRST 200u /* 50, read alone */
#define RO_COUNT 50u
#define RO_DISK 5000u
#define WO_FIRST 300u /* 10, write alone; behind them 10 of another capability */
#define WO_COUNT 10u
#define WO_DISK 6000u
#define NEXT_DISK 7000u
#define TOP_COUNT 8u /* the last ones that have a number */
#define TOP_FIRST (UINT64_MAX - (TOP_COUNT - 1u))
#define TOP_DISK 9000u
#define SECTOR_CAPS 5u
enum { CAP_RW, CAP_RO, CAP_WO, CAP_NEXT, CAP_TOP };

struct desk {
    struct world *w;
    struct vqg_cap caps[SECTOR_CAPS];
    struct vqg_cap_table table;
    struct vqg_blk blk;
    struct vqg_blk_request r;
    uint16_t position;
};

struct piece {
    uint64_t at;
    uint32_t len;
    bool write;
};

static inline void sectors_set(struct vqg_cap *c, uint64_t base, uint64_t count, uint64_t disk, uint32_t rights,
                               uint64_t token)
{
    memset(c, 0, sizeof *c);
    c->base = base;
    c->size = count;
    c->bus = disk;
    c->rights = rights;
    c->token = token;
}

/* A client of a disk with all features. */
static inline void desk_set(struct desk *d)
{
    struct vqg_caps sectors = vqg_cap_table_caps(&d->table);
    sectors_set(&d->caps[CAP_RW], RW_FIRST, RW_COUNT, RW_DISK, VQG_CAP_READ | VQG_CAP_WRITE, 70);
    sectors_set(&d->caps[CAP_RO], RO_FIRST, RO_COUNT, RO_DISK, VQG_CAP_READ, 71);
    sectors_set(&d->caps[CAP_WO], WO_FIRST, WO_COUNT, WO_DISK, VQG_CAP_WRITE, 72);
    sectors_set(&d->caps[CAP_NEXT], WO_FIRST + WO_COUNT, 10, NEXT_DISK, VQG_CAP_READ | VQG_CAP_WRITE, 73);
    sectors_set(&d->caps[CAP_TOP], TOP_FIRST, TOP_COUNT, TOP_DISK, VQG_CAP_READ | VQG_CAP_WRITE, 74);
    assert_status(vqg_cap_table_init(&d->table, d->caps, SECTOR_CAPS, 0), VQG_OK);
    assert_status(vqg_blk_init(&d->blk, &sectors, F_FLUSH | F_DISCARD | F_ZEROES, MAX_BYTES, MAX_RANGE), VQG_OK);
    memset(&d->r, 0x5A, sizeof d->r);
    d->position = 0;
}

static inline struct desk *desk_new(void)
{
    static struct desk d;
    d.w = world_new(QUEUE, 0);
    world_start_device(d.w);
    desk_set(&d);
    return &d;
}

static inline void desk_free(struct desk *d)
{
    world_free(d->w);
}

static inline void put_little(unsigned char *at, unsigned bytes, uint64_t v)
{
    for (; bytes != 0u; bytes--) {
        *at++ = (unsigned char)v;
        v >>= 8;
    }
}

/* The header's 16 bytes, as the specification has them. */
static inline void header_bytes(unsigned char *at, uint32_t type, uint32_t reserved, uint64_t sector)
{
    put_little(at, 4, type);
    put_little(at + 4, 4, reserved);
    put_little(at + 8, 8, sector);
}

static inline void range_bytes(unsigned char *at, uint64_t sector, uint32_t sectors, uint32_t flags)
{
    put_little(at, 8, sector);
    put_little(at + 8, 4, sectors);
    put_little(at + 12, 4, flags);
}

/* Makes a chain available. */
static inline void offer(struct desk *d, const struct piece *p, uint32_t n)
{
    uint32_t i;
    for (i = 0; i < n; i++) {
        unsigned more = i + 1u < n ? D_NEXT : 0u;
        element(d->w, FIRST + i, p[i].at, p[i].len, more | (p[i].write ? D_WRITE : 0u), FIRST + i + 1u);
    }
    peer_make_available(d->w, d->position, FIRST);
    d->position++;
}

/* ... and pops it. */
static inline void lend(struct desk *d, const struct piece *p, uint32_t n)
{
    offer(d, p, n);
    assert_pops(d->w, &d->w->chain);
    memset(&d->r, 0x5A, sizeof d->r);
    test_port_reset();
}

/* A request in three elements, or two without data. */
static inline void ask(struct desk *d, uint32_t type, uint64_t sector, uint32_t out, uint32_t in)
{
    struct piece p[4] = {{HEADER_AT, 16, false}};
    uint32_t n = 1;
    header_bytes(world_at(d->w, HEADER_AT), type, 0, sector);
    if (out != 0u) {
        p[n++] = (struct piece){DATA_AT, out, false};
    }
    if (in != 0u) {
        p[n++] = (struct piece){DATA_AT, in, true};
    }
    p[n++] = (struct piece){STATUS_AT, 1, true};
    lend(d, p, n);
}

/* A request of a range, header and range in one element. */
static inline void ask_range(struct desk *d, uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags)
{
    const struct piece p[2] = {{HEADER_AT, 32, false}, {STATUS_AT, 1, true}};
    header_bytes(world_at(d->w, HEADER_AT), type, 0, 0);
    range_bytes(world_at(d->w, HEADER_AT + 16u), sector, sectors, flags);
    lend(d, p, 2);
}

static inline enum vqg_status parse(struct desk *d)
{
    return vqg_blk_parse(&d->w->device, &d->blk, &d->w->chain, &d->r);
}

static inline uint32_t pins(const struct desk *d)
{
    uint32_t i;
    uint32_t n = 0;
    for (i = 0; i < SECTOR_CAPS; i++) {
        n += d->caps[i].pins;
    }
    return n;
}

/* The chain goes back, and the client's ring is as before. */
static inline void give_back(struct desk *d, uint32_t written)
{
    assert_status(vqg_device_push(&d->w->device, &d->w->chain, written), VQG_OK);
    (void)vqg_device_notify(&d->w->device);
}

static inline void assert_request(const struct desk *d, uint32_t type, uint64_t sector, uint64_t disk, uint32_t sectors,
                                  uint32_t bytes)
{
    assert_int_equal(d->r.answer, POISON);
    assert_int_equal(d->r.type, type);
    assert_int_equal(d->r.sector, sector);
    assert_int_equal(d->r.bus, disk);
    assert_int_equal(d->r.sectors, sectors);
    assert_int_equal(d->r.bytes, bytes);
    assert_int_equal(d->w->device.judge.guard.violation.rule, VQG_RULE_NONE);
}

/* It is served: exactly this request, with one pin on `cap`, which release ends; and the chain goes back. */
static inline void assert_served(struct desk *d, unsigned cap, uint32_t type, uint64_t sector, uint64_t disk,
                                 uint32_t sectors, uint32_t bytes)
{
    assert_status(parse(d), VQG_OK);
    assert_request(d, type, sector, disk, sectors, bytes);
    assert_int_equal(d->r.token, 70u + cap);
    assert_int_equal(d->caps[cap].pins, 1);
    assert_int_equal(pins(d), 1);
    vqg_blk_release(&d->blk, &d->r);
    vqg_blk_release(&d->blk, &d->r);
    assert_int_equal(pins(d), 0);
    give_back(d, 0);
}

/* It is refused: exact status and record; nothing else changed, nothing is pinned; the endpoint is latched. */
static inline void assert_parse_refused(struct desk *d, enum vqg_rule rule, uint64_t value, uint64_t limit)
{
    struct vqg_cap caps[SECTOR_CAPS];
    struct vqg_blk blk;
    struct world_copy *before = world_copy(d->w);
    const struct vqg_violation *v = vqg_device_violation(&d->w->device);
    enum vqg_status st;
    memcpy(caps, d->caps, sizeof caps);
    memcpy(&blk, &d->blk, sizeof blk);
    st = parse(d);
    assert_violation(v, st, rule, FIRST, value, limit);
    assert_int_equal(v->count, 1);
    assert_true(vqg_device_needs_reset(&d->w->device));
    assert_memory_equal(caps, d->caps, sizeof caps);
    assert_memory_equal(&blk, &d->blk, sizeof blk);
    assert_int_equal(test_port.stores, 0);
    world_assert_unchanged(d->w, before);
    vqg_blk_release(&d->blk, &d->r);
    assert_memory_equal(caps, d->caps, sizeof caps);
    assert_status(parse(d), VQG_DEAD);
    assert_status(vqg_device_push(&d->w->device, &d->w->chain, 0), VQG_DEAD);
    world_check_canaries(d->w);
}

/* As above, of a desk that ends with it. */
static inline void assert_refused_at_last(struct desk *d, enum vqg_rule rule, uint64_t value, uint64_t limit)
{
    assert_parse_refused(d, rule, value, limit);
    desk_free(d);
}

#endif
