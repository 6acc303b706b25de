/* SPDX-License-Identifier: MIT */
/**
 * @file monitor_util.h
 * @brief A site for a monitor: clients with memory of their own, each with an honest driver, and an honest device.
 *
 * A client's addresses begin at SIDE_BASE, whichever client it is; what the device calls them differs, so that an
 * address that goes down as the client wrote it is noticed. All memory lies between canaries. A test changes what
 * site_new() proposes before site_start().
 */
#ifndef VQG_TEST_MONITOR_UTIL_H
#define VQG_TEST_MONITOR_UTIL_H

#include "runner.h"

#include <stdlib.h>
#include <string.h>

#define SITE_CLIENTS 4u
#define SITE_PIECES 64u
#define SITE_PAGE 4096u
#define SITE_CHAINS 64u
#define SIDE_BASE ((uint64_t)0x10000)
#define SIDE_DATA 0x8000u /* bytes behind the rings */
#define SIDE_BUS(i) ((uint64_t)0x1000000000 + ((uint64_t)(i) << 32))
#define IO_BUS(i) ((uint64_t)0x6000000000 + ((uint64_t)(i) << 32))
#define QUEUE_BUS ((uint64_t)0x7000000000)
#define PART_BYTES 64u /* of each segment of site_post() */

/** A client and its driver. */
struct side {
    uint32_t size;     /* of its queue */
    uint64_t features; /* of its queue, with VERSION_1 */
    uint32_t njobs;
    uint32_t segments;
    bool io;
    const struct vqg_filter *filter;
    struct vqg_policy policy; /* of its device endpoint; max_elements becomes `segments` when it is 0 */
    unsigned char *memory;
    uint64_t bytes, avail, used, data; /* offsets */
    struct vqg_cap caps[2];
    struct vqg_cap_table table;
    struct vqg_caps lookup;
    struct vqg_queue queue;
    struct vqg_driver driver;
    struct vqg_slot *driver_slots;
    struct vqg_slot *slots;
    struct vqg_job *jobs;
    struct vqg_seg *segs;
    unsigned char *io_memory;
};

struct site {
    uint32_t n;
    uint32_t size;     /* of the device's queue */
    uint64_t features; /* of the device's queue, with VERSION_1 */
    struct vqg_policy policy; /* of the driver endpoint towards the device */
    struct vqg_monitor monitor;
    struct vqg_client client[SITE_CLIENTS];
    struct side side[SITE_CLIENTS];
    unsigned char *memory; /* the device's queue */
    uint64_t avail, used;  /* offsets */
    struct vqg_slot *slots;
    struct vqg_moved moved; /* by the latest pump */
    /* the device */
    struct vqg_queue queue;
    struct vqg_cap caps[2u * SITE_CLIENTS + 1u];
    struct vqg_cap_table table;
    struct vqg_device device;
    struct vqg_slot *device_slots;
    struct vqg_chain chain[SITE_CHAINS];
    struct vqg_seg segs[SITE_CHAINS][40];
    struct {
        unsigned char *at;
        size_t bytes, behind;
    } piece[SITE_PIECES];
    unsigned pieces;
};

static inline void assert_st_(enum vqg_status got, enum vqg_status want, const char *file, int line)
{
    if (got != want) {
        print_error("status %s, expected %s\n", vqg_status_name(got), vqg_status_name(want));
        _fail(file, line);
    }
}
#define assert_st(got, want) assert_st_((got), (want), __FILE__, __LINE__)

/** Memory between canaries. */
static inline void *site_piece(struct site *s, size_t bytes)
{
    size_t whole = (bytes + SITE_PAGE - 1u) / SITE_PAGE * SITE_PAGE + 2u * SITE_PAGE;
    unsigned char *block = aligned_alloc(SITE_PAGE, whole);
    assert_non_null(block);
    assert_true(s->pieces < SITE_PIECES);
    memset(block, 0xa5, whole);
    memset(block + SITE_PAGE, 0, bytes);
    s->piece[s->pieces].at = block + SITE_PAGE;
    s->piece[s->pieces].bytes = bytes;
    s->piece[s->pieces].behind = whole - SITE_PAGE - bytes;
    s->pieces++;
    return block + SITE_PAGE;
}

static inline void site_check(const struct site *s)
{
    unsigned i;
    size_t k;
    for (i = 0; i < s->pieces; i++) {
        for (k = 0; k < SITE_PAGE; k++) {
            assert_int_equal(s->piece[i].at[k - SITE_PAGE], 0xa5);
        }
        for (k = 0; k < s->piece[i].behind; k++) {
            assert_int_equal(s->piece[i].at[s->piece[i].bytes + k], 0xa5);
        }
    }
    for (i = s->n; i < SITE_CLIENTS; i++) {
        for (k = 0; k < sizeof s->client[i]; k++) {
            assert_int_equal(((const unsigned char *)&s->client[i])[k], 0xa5);
        }
    }
}

static inline void site_free(struct site *s)
{
    unsigned i;
    site_check(s);
    for (i = 0; i < s->pieces; i++) {
        free(s->piece[i].at - SITE_PAGE);
    }
    free(s);
}

/** What a test may change before site_start(). */
static inline struct site *site_new(uint32_t n)
{
    struct site *s = calloc(1, sizeof *s);
    uint32_t i;
    assert_non_null(s);
    test_port_reset();
    memset(s->client, 0xa5, sizeof s->client);
    s->n = n;
    s->size = 16;
    s->policy = vqg_profile_strict();
    for (i = 0; i < n; i++) {
        struct side *c = &s->side[i];
        c->size = 8;
        c->njobs = 6;
        c->segments = 4;
        c->policy = vqg_profile_strict();
    }
    return s;
}

static inline uint64_t site_align(uint64_t v)
{
    return (v + SITE_PAGE - 1u) / SITE_PAGE * SITE_PAGE;
}

/** The driver begins with an empty queue; the device endpoint is off. */
static inline void side_begin(struct side *c)
{
    struct vqg_policy p = vqg_profile_strict();
    struct vqg_queue q = c->queue;
    p.accept_claimed = true;
    p.max_elements = VQG_QUEUE_SIZE_MAX;
    q.desc = c->memory;
    q.avail = c->memory + c->avail;
    q.used = c->memory + c->used;
    assert_st(vqg_driver_init(&c->driver, &q, &p, c->driver_slots, c->size), VQG_OK);
}

static inline void side_start(struct site *s, uint32_t i)
{
    struct side *c = &s->side[i];
    struct vqg_client_memory m = {NULL, 0, NULL, 0, NULL, 0};
    c->avail = site_align(16u * (uint64_t)c->size);
    c->used = c->avail + site_align(6u + 2u * (uint64_t)c->size);
    c->data = c->used + site_align(6u + 8u * (uint64_t)c->size);
    c->bytes = c->data + SIDE_DATA;
    c->memory = site_piece(s, (size_t)c->bytes);
    c->driver_slots = site_piece(s, c->size * sizeof *c->slots);
    c->slots = site_piece(s, c->size * sizeof *c->slots);
    c->jobs = site_piece(s, c->njobs * sizeof *c->jobs);
    c->segs = site_piece(s, (size_t)vqg_client_segs(c->njobs, c->segments) * sizeof *c->segs);
    c->io_memory = c->io ? site_piece(s, (size_t)(c->njobs * vqg_job_io_bytes(c->segments))) : NULL;
    /* Two capabilities, so that one can be taken away: the rings and half of the data, and the rest. */
    c->caps[0].base = SIDE_BASE;
    c->caps[0].size = c->data + SIDE_DATA / 2u;
    c->caps[0].bus = SIDE_BUS(i);
    c->caps[0].map = c->memory;
    c->caps[1].base = SIDE_BASE + c->caps[0].size;
    c->caps[1].size = SIDE_DATA / 2u;
    c->caps[1].bus = SIDE_BUS(i) + c->caps[0].size;
    c->caps[1].map = c->memory + c->caps[0].size;
    c->caps[0].rights = VQG_CAP_READ | VQG_CAP_WRITE;
    c->caps[1].rights = VQG_CAP_READ | VQG_CAP_WRITE;
    assert_st(vqg_cap_table_init(&c->table, c->caps, 2, 0), VQG_OK);
    c->lookup = vqg_cap_table_caps(&c->table);
    c->queue.size = c->size;
    c->queue.features = VQG_F_VERSION_1 | c->features;
    c->queue.desc_addr = SIDE_BASE;
    c->queue.avail_addr = SIDE_BASE + c->avail;
    c->queue.used_addr = SIDE_BASE + c->used;
    c->policy.max_elements = c->policy.max_elements == 0u ? c->segments : c->policy.max_elements;
    side_begin(c);
    m.jobs = c->jobs;
    m.njobs = c->njobs;
    m.segs = c->segs;
    m.segments = c->segments;
    m.io = c->io_memory;
    m.io_bus = IO_BUS(i);
    assert_st(vqg_client_init(&s->client[i], &m, c->filter), VQG_OK);
    assert_st(vqg_device_init(&s->client[i].device, &c->queue, &c->policy, &c->lookup, c->slots, c->size), VQG_OK);
}

/** The honest device begins, or begins again, at the queue as it is. */
static inline void site_device(struct site *s)
{
    struct vqg_policy p = vqg_profile_spec();
    struct vqg_caps lookup = vqg_cap_table_caps(&s->table);
    p.max_elements = 40;
    p.max_table_entries = 40;
    assert_st(vqg_device_init(&s->device, &s->queue, &p, &lookup, s->device_slots, s->size), VQG_OK);
}

/** All but the monitor itself. */
static inline void site_build(struct site *s)
{
    uint32_t n = 0;
    uint32_t i;
    for (i = 0; i < s->n; i++) {
        side_start(s, i);
    }
    s->avail = site_align(16u * (uint64_t)s->size);
    s->used = s->avail + site_align(6u + 2u * (uint64_t)s->size);
    s->memory = site_piece(s, (size_t)(s->used + 6u + 8u * (uint64_t)s->size));
    s->slots = site_piece(s, s->size * sizeof *s->slots);
    s->device_slots = site_piece(s, s->size * sizeof *s->slots);
    s->queue.size = s->size;
    s->queue.features = VQG_F_VERSION_1 | s->features;
    s->queue.desc = s->memory;
    s->queue.avail = s->memory + s->avail;
    s->queue.used = s->memory + s->used;
    s->queue.desc_addr = QUEUE_BUS;
    s->queue.avail_addr = QUEUE_BUS + s->avail;
    s->queue.used_addr = QUEUE_BUS + s->used;
    assert_st(vqg_driver_init(&s->monitor.driver, &s->queue, &s->policy, s->slots, s->size), VQG_OK);
    for (i = 0; i < s->n; i++, n++) {
        s->caps[n].base = SIDE_BUS(i);
        s->caps[n].size = s->side[i].bytes;
        s->caps[n].map = s->side[i].memory;
    }
    for (i = 0; i < s->n; i++) {
        if (s->side[i].io) {
            s->caps[n].base = IO_BUS(i);
            s->caps[n].size = s->side[i].njobs * vqg_job_io_bytes(s->side[i].segments);
            s->caps[n].map = s->side[i].io_memory;
            n++;
        }
    }
    s->caps[n].base = QUEUE_BUS;
    s->caps[n].size = s->used + 6u + 8u * (uint64_t)s->size;
    s->caps[n].map = s->memory;
    n++;
    for (i = 0; i < n; i++) {
        s->caps[i].rights = VQG_CAP_READ | VQG_CAP_WRITE;
    }
    assert_st(vqg_cap_table_init(&s->table, s->caps, n, 0), VQG_OK);
    for (i = 0; i < SITE_CHAINS; i++) {
        vqg_chain_init(&s->chain[i], s->segs[i], 40);
    }
    site_device(s);
}

static inline void site_start(struct site *s)
{
    site_build(s);
    assert_st(vqg_monitor_init(&s->monitor, s->client, s->n), VQG_OK);
}

/** `n` clients, and everything as site_new() proposes it. */
static inline struct site *site_live(uint32_t n)
{
    struct site *s = site_new(n);
    site_start(s);
    return s;
}

/* ---- a client's driver ---- */

/** Address, as the client names it, of `offset` in its data. */
static inline uint64_t side_addr(const struct site *s, uint32_t i, uint64_t offset)
{
    return SIDE_BASE + s->side[i].data + offset;
}

/** The same, as the device names it. */
static inline uint64_t side_bus(const struct site *s, uint32_t i, uint64_t offset)
{
    return SIDE_BUS(i) + s->side[i].data + offset;
}

static inline unsigned char *side_at(const struct site *s, uint32_t i, uint64_t offset)
{
    return s->side[i].memory + s->side[i].data + offset;
}

static inline void *cookie(uint32_t n)
{
    static unsigned char places[1u << 16];
    return &places[n];
}

/** The client's driver lends `out` readable and `in` writable parts from `offset` of its data on, and kicks. */
static inline enum vqg_status site_try(struct site *s, uint32_t i, uint64_t offset, uint32_t out, uint32_t in,
                                       uint32_t n)
{
    struct vqg_seg seg[64];
    uint32_t k;
    enum vqg_status st;
    for (k = 0; k < out + in; k++) {
        seg[k] = vqg_out(NULL, PART_BYTES);
        seg[k].addr = side_addr(s, i, offset + (uint64_t)k * PART_BYTES);
        seg[k].write = k >= out;
    }
    st = vqg_driver_add(&s->side[i].driver, seg, out + in, cookie(n));
    (void)vqg_driver_kick(&s->side[i].driver);
    return st;
}

static inline void site_post(struct site *s, uint32_t i, uint32_t out, uint32_t in, uint32_t n)
{
    assert_st(site_try(s, i, (uint64_t)n % 16u * 256u, out, in, n), VQG_OK);
}

/** The client's driver takes exactly this completion. */
static inline void site_takes(struct site *s, uint32_t i, uint32_t n, uint32_t len)
{
    struct vqg_done done;
    assert_st(vqg_driver_take(&s->side[i].driver, &done), VQG_OK);
    assert_ptr_equal(done.cookie, cookie(n));
    assert_int_equal(done.len, len);
}

static inline void site_takes_none(struct site *s, uint32_t i)
{
    struct vqg_done done;
    assert_st(vqg_driver_take(&s->side[i].driver, &done), VQG_EMPTY);
}

/* ---- the monitor ---- */

static inline void site_pump(struct site *s, uint32_t budget, uint32_t down, uint32_t up)
{
    assert_st(vqg_monitor_pump(&s->monitor, budget, &s->moved), VQG_OK);
    assert_int_equal(s->moved.down, down);
    assert_int_equal(s->moved.up, up);
}

/** Jobs of a client that are not free. */
static inline uint32_t site_busy(const struct site *s, uint32_t i)
{
    const struct vqg_job *job;
    uint32_t n = 0;
    for (job = s->client[i].free_; job != NULL; job = job->next_) {
        assert_null(job->chain.owner_);
        assert_false(job->waits_);
        n++;
        assert_true(n <= s->side[i].njobs);
    }
    return s->side[i].njobs - n;
}

/** Nothing of a client is anywhere but its own: no job, no pin of a chain. `rings`: its queue is on. */
static inline void site_idle(const struct site *s, uint32_t i, bool rings)
{
    assert_int_equal(site_busy(s, i), 0);
    assert_null(s->client[i].held_);
    assert_int_equal(s->client[i].waiting_, 0);
    assert_int_equal(s->client[i].device.bytes_in_flight, 0);
    assert_true(vqg_client_is_drained(&s->client[i]));
    assert_int_equal(s->side[i].caps[0].pins, rings ? 3 : 0);
    assert_int_equal(s->side[i].caps[1].pins, 0);
}

/** The client's driver begins anew, and the monitor enables its queue. */
static inline void site_revive(struct site *s, uint32_t i)
{
    side_begin(&s->side[i]);
    assert_st(vqg_device_enable(&s->client[i].device, &s->side[i].queue), VQG_OK);
}

/* ---- the device ---- */

static inline void site_serves(struct site *s, uint32_t k)
{
    assert_st(vqg_device_pop(&s->device, &s->chain[k]), VQG_OK);
}

static inline void site_serves_none(struct site *s)
{
    assert_st(vqg_device_pop(&s->device, &s->chain[SITE_CHAINS - 1u]), VQG_EMPTY);
}

static inline void site_returns(struct site *s, uint32_t k, uint32_t len)
{
    assert_st(vqg_device_push(&s->device, &s->chain[k], len), VQG_OK);
    (void)vqg_device_notify(&s->device);
}

/** The chain that the device has is that of site_post(), at the device's addresses. */
static inline void assert_is_post(const struct site *s, uint32_t k, uint32_t i, uint32_t out, uint32_t in, uint32_t n)
{
    const struct vqg_chain *c = &s->chain[k];
    uint32_t j;
    assert_int_equal(c->count, out + in);
    for (j = 0; j < out + in; j++) {
        assert_int_equal(c->seg[j].addr, side_bus(s, i, (uint64_t)n % 16u * 256u + (uint64_t)j * PART_BYTES));
        assert_int_equal(c->seg[j].len, PART_BYTES);
        assert_int_equal(c->seg[j].write, j >= out);
    }
}

/** The whole way of one request. */
static inline void site_round(struct site *s, uint32_t i, uint32_t n)
{
    site_post(s, i, 1, 1, n);
    site_pump(s, 8, 1, 0);
    site_serves(s, 0);
    assert_is_post(s, 0, i, 1, 1, n);
    site_returns(s, 0, 5);
    site_pump(s, 8, 0, 1);
    site_takes(s, i, n, 5);
    site_takes_none(s, i);
}

#endif
