/* SPDX-License-Identifier: MIT */
/*
 * The library's driver endpoint, or its ledger by itself, and the model's, over one queue: what is
 * known of both, and how they are set up, broken set-ups included.
 */
#ifndef VQG_TEST_DRIVER_PAIR_H
#define VQG_TEST_DRIVER_PAIR_H

#include "compare.h"

#define SEGS_MAX 5u
#define BASE UINT64_C(0x100000)
#define QUEUE_MAX 32768u

/* A request that was added, by its head. */
struct request {
    bool added;
    bool returned; /* by an honest device, and not taken yet */
    uint64_t cookie;
    uint32_t writable;
    uint32_t least;
    uint32_t count;
    uint16_t ids[SEGS_MAX];
};

static bool bare; /* the ledger alone; the harness keeps the rings itself */
static struct vqg_driver driver;
static struct vqg_ledger ledger;
static struct sm_drv model;
static struct vqg_queue queue;
static struct vqg_policy policy;
static struct vqg_slot *slots;
static uint32_t nslots;
static uint32_t size;
static bool big;
static bool event_idx;
static uint8_t *memory;
static uint64_t parts[3]; /* offsets */
static uint64_t bytes;

static struct request requests[QUEUE_MAX];
static int32_t owner[QUEUE_MAX]; /* head of the chain that a descriptor is in, or -1 */
static uint16_t waiting[QUEUE_MAX]; /* heads that were added and not kicked */
static uint32_t waiting_count;
static uint32_t free_count;
static uint64_t cookies;    /* the latest one */
static uint64_t overlong;
static uint32_t generation;
static uint16_t added;      /* position in the avail ring */
static uint16_t published;
static uint16_t device_idx; /* position in the used ring, as the device counts */
static uint16_t seen;       /* used.idx as it was last accepted: entries up to there need no new look */

static struct {
    uint64_t added, full, kicks, taken, empty, clamped, too_short, reclaimed, wrapped;
} count;

static uint16_t get16(uint64_t at)
{
    return sm_get16(memory + at, big);
}

static void put16(uint64_t at, uint64_t value)
{
    sm_put16(memory + at, (uint16_t)value, big);
}

static uint64_t used_entry(uint16_t position)
{
    return parts[2] + 4u + 8u * (uint64_t)(position % size);
}

static void *as_cookie(uint64_t number)
{
    return (void *)(uintptr_t)number;
}

/* ---------------------------------------------------------------- set-up */

/* Sets both sides up with `q`, or sees both refuse. */
static bool set_up(const struct vqg_queue *q)
{
    const struct sm_capability all = {BASE, bytes, SM_RIGHT_READ | SM_RIGHT_WRITE, 0};
    const struct sm_memory guest = {memory, BASE, bytes};
    struct sm_dev_config config;
    struct sm_dev sizes; /* knows the rules about sizes, which both sides share */
    struct sm_set broken;
    enum vqg_status st;
    enum vqg_rule rule;
    memset(&config, 0, sizeof config);
    config.size = q->size;
    config.offered_max = q->size_max;
    config.capacity = nslots;
    config.desc = BASE + parts[0];
    config.avail = BASE + parts[1];
    config.used = BASE + parts[2];
    config.capabilities = &all;
    config.capability_count = 1;
    broken = sm_dev_init(&sizes, &config, guest);
    sm_dev_free(&sizes);
    st = bare ? vqg_ledger_init(&ledger, q, &policy, slots, nslots)
              : vqg_driver_init(&driver, q, &policy, slots, nslots);
    rule = bare ? vqg_ledger_violation(&ledger)->rule : vqg_driver_violation(&driver)->rule;
    if (q->index != 0u && q->index >= q->count) {
        answer(st, VQG_BAD_INDEX);
        holds("the rule is Q9", rule == VQG_RULE_QUEUE_INDEX);
    } else if ((q->features & VQG_F_VERSION_1) != 0u && q->order == VQG_ORDER_BIG) {
        answer(st, VQG_BAD_BYTE_ORDER);
        holds("the rule is Q11", rule == VQG_RULE_BYTE_ORDER);
    } else {
        verdict(st, rule, &broken);
        holds("a refusal at set-up is the caller's", st == VQG_OK || vqg_is_misuse(st));
    }
    settle();
    return st == VQG_OK;
}

/* Both sides begin with nothing lent. */
static void forget(void)
{
    sm_drv_free(&model);
    sm_drv_init(&model, 0, size, 0, 0);
    for (uint32_t i = 0; i < size; i++) {
        requests[i].added = false;
        owner[i] = -1;
    }
    waiting_count = 0;
    free_count = size;
    added = published = device_idx = seen = 0;
    put16(parts[2] + 2u, 0);
}

static void op_set_up(void)
{
    while (chance(1, 3)) {
        struct vqg_queue q = queue;
        switch (below(5)) {
        case 0:
            q.size = chance(1, 2) ? 0 : (uint32_t)below(3u * (uint64_t)size);
            break;
        case 1:
            q.size = (uint32_t)1 << below(32);
            break;
        case 2:
            q.size_max = (uint32_t)below(2u * (uint64_t)size);
            break;
        case 3:
            q.count = (uint32_t)below(4);
            q.index = q.count + (uint32_t)below(3);
            break;
        default:
            q.features |= VQG_F_VERSION_1;
            q.order = VQG_ORDER_BIG;
            break;
        }
        operation("set a spoilt queue up: size %" PRIu32 " of %" PRIu32 ", index %" PRIu32 " of %" PRIu32, q.size,
                  q.size_max, q.index, q.count);
        (void)set_up(&q);
    }
    operation("set up: size %" PRIu32 "%s%s%s, lengths %d, least %" PRIu32, size, bare ? ", ledger" : "",
              big ? ", big-endian" : "", event_idx ? ", event words" : "", (int)policy.length, policy.min_length);
    holds("an honest queue is set up", set_up(&queue));
    generation = 0;
    overlong = 0;
    forget();
}

/* ---------------------------------------------------------------- the first of a round */

static void begin_round(bool far)
{
    uint64_t features = chance(1, 2) ? VQG_F_INDIRECT_DESC : 0;
    features |= chance(1, 2) ? VQG_F_EVENT_IDX : 0;
    run.doing[0] = '\0';
    cookies = 0;
    size = chance(1, 40) ? (uint32_t)256 << (2u * below(4)) : (uint32_t)1 << below(7);
    size = size > 32768u ? 32768u : far && size > 64u ? 64u : size;
    bare = !far && chance(1, 3);
    big = chance(1, 3);
    event_idx = (features & VQG_F_EVENT_IDX) != 0u;
    nslots = size + (uint32_t)below(4);
    policy = chance(1, 2) ? vqg_profile_strict() : vqg_profile_spec();
    policy.required_features = 0;
    policy.length = (enum vqg_length_policy)below(3);
    policy.min_length = !far && chance(1, 2) ? (uint32_t)below(64) : 0;
    policy.max_elements = chance(1, 6) ? 1u + (uint32_t)below(8) : 0;
    parts[0] = 0;
    parts[1] = 16u * (uint64_t)nslots;
    parts[2] = (parts[1] + 6u + 2u * (uint64_t)nslots + 3u) / 4u * 4u;
    bytes = (parts[2] + 6u + 8u * (uint64_t)nslots + 15u) / 16u * 16u;
    memory = aligned_alloc(16, (size_t)bytes);
    slots = malloc(nslots * sizeof *slots);
    if (memory == NULL || slots == NULL) {
        abort();
    }
    memset(memory, (int)below(256), (size_t)bytes);
    memset(&queue, 0, sizeof queue);
    queue.size = size;
    queue.features = features | (!big && chance(1, 2) ? VQG_F_VERSION_1 : 0);
    queue.order = big ? VQG_ORDER_BIG : VQG_ORDER_LITTLE;
    queue.desc = memory + parts[0];
    queue.avail = memory + parts[1];
    queue.used = memory + parts[2];
    op_set_up();
}

#endif
