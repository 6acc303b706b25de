/* SPDX-License-Identifier: MIT */
/*
 * The library's device endpoint and the model's, over one guest: how both are set up, broken
 * set-ups included, and taken down.
 */
#ifndef VQG_TEST_DEVICE_PAIR_H
#define VQG_TEST_DEVICE_PAIR_H

#include "hostile_driver.h"
#include "policy_of.h"

#define POOL_MAX 64u

static struct guest guest;
static struct sm_dev model;
static struct sm_dev_config config; /* of the model; the same queue as the library's */
static struct vqg_device device;
static struct vqg_queue queue;
static struct vqg_policy policy;
static struct vqg_cap_table table;
static struct vqg_caps caps;
static struct vqg_slot *slots;
static uint32_t nslots;

/* Chains to pop into. `lent`: popped and not pushed; `stale`: and a reset came between. */
static struct vqg_chain pool[POOL_MAX];
static bool lent[POOL_MAX];
static bool stale[POOL_MAX];
static uint32_t pool_count;
static uint32_t capacity; /* segments of each */
static bool tight;        /* no more segments than elements: a split element may find no room (M9) */

/* What the library has to remember as well. */
static uint16_t published;  /* used index that the driver has seen */
static uint32_t violations; /* since the queue was enabled */
static enum vqg_rule first; /* of them */
static uint64_t dropped;
static uint32_t generation;
static bool kicks; /* asked for */

static const struct vqg_cap *linear_lookup(void *context, uint64_t addr)
{
    (void)context;
    for (uint32_t i = 0; i < guest.cap_count; i++) {
        if (addr - guest.caps[i].base < guest.caps[i].size) {
            return &guest.caps[i];
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- set-up */

static void random_policy(bool version_1)
{
    bool small = guest.entries <= 64u;
    policy = chance(1, 2) ? vqg_profile_strict() : vqg_profile_spec();
    policy.required_features = version_1 ? policy.required_features : 0;
    policy.chain = chance(1, 2) ? VQG_CHAIN_DROP : VQG_CHAIN_LATCH;
    if (chance(1, 3)) {
        return; /* a profile as it is */
    }
    policy.zero = chance(1, 2) ? VQG_ZERO_SKIP : VQG_ZERO_REJECT;
    policy.span = chance(1, 2) ? VQG_SPAN_SPLIT : VQG_SPAN_REFUSE;
    policy.refuse_mixed = chance(1, 2);
    policy.direction = chance(1, 3) ? (enum vqg_direction)below(3) : VQG_DIRECTION_ANY;
    policy.max_address = chance(1, 5) ? guest.base + guest.size - 1u - below(chance(3, 4) ? 64 : 1024) : 0;
    policy.max_bytes = chance(1, 5) ? 1u + (uint32_t)below(512) : 0;
    policy.max_bytes_in_flight = chance(1, 4) ? 64u + below(1024) : 0;
    policy.max_elements = small && chance(1, 4) ? 1u + (uint32_t)below(2u * guest.entries) : 0;
    policy.max_table_entries = small && chance(1, 4) ? 1u + (uint32_t)below(2u * guest.entries) : 0;
    policy.min_readable = policy.direction != VQG_DIRECTION_WRITABLE && chance(1, 5) ? (uint32_t)below(32) : 0;
    policy.min_writable = policy.direction != VQG_DIRECTION_READABLE && chance(1, 5) ? (uint32_t)below(32) : 0;
}

/* One thing about the queue that cannot be, or that still can. The giant capability has no memory to put a part in. */
static void spoil(struct vqg_queue *q)
{
    uint64_t *parts[3] = {&q->desc_addr, &q->avail_addr, &q->used_addr};
    uint64_t *part = parts[below(3)];
    switch (below(7)) {
    case 0:
        q->size = chance(1, 2) ? 0 : (uint32_t)below(2u * q->size + 2u);
        break;
    case 1:
        q->size = chance(1, 2) ? q->size * 2u : (uint32_t)1 << (15u + below(17));
        break;
    case 2:
        q->size_max = q->size - (chance(1, 2) ? q->size / 2u : 0);
        break;
    case 3:
        *part += 1u + below(9);
        break;
    case 4:
        *part = *parts[below(3)];
        *part += 4u * below(9);
        break;
    default:
        do {
            *part = odd_address(&guest);
            *part &= chance(3, 4) ? ~UINT64_C(15) : UINT64_MAX;
        } while (*part - GIANT_BASE < GIANT_SIZE);
        break;
    }
}

/* Enables `q` on both sides, or sees both refuse. */
static bool set_up(const struct vqg_queue *q, uint16_t start, bool anew)
{
    const struct sm_memory memory = {guest.bytes, guest.base, guest.size};
    struct sm_set broken;
    enum vqg_status st;
    config.size = q->size;
    config.offered_max = q->size_max;
    config.desc = q->desc_addr;
    config.avail = q->avail_addr;
    config.used = q->used_addr;
    config.start_avail = start;
    config.start_used = start;
    sm_dev_free(&model);
    broken = sm_dev_init(&model, &config, memory);
    if (anew) {
        st = vqg_device_init(&device, q, &policy, &caps, slots, nslots);
        dropped = 0;
        generation = 0;
        kicks = true;
    } else {
        st = vqg_device_enable(&device, q);
    }
    verdict(st, vqg_device_violation(&device)->rule, &broken);
    holds("a refusal at set-up is the caller's", st == VQG_OK || vqg_is_misuse(st));
    for (uint32_t i = 0; st == VQG_OK && i < pool_count; i++) {
        /* The memory of earlier chains is still in use; a model that begins anew does not know them. */
        model.bytes_in_flight += lent[i] ? (uint64_t)pool[i].readable + pool[i].writable : 0u;
    }
    published = start;
    violations = 0;
    first = VQG_RULE_NONE;
    settle();
    return st == VQG_OK;
}

/* Off again, with the chains that are lent now out of date. */
static void take_down(void)
{
    vqg_device_reset(&device);
    generation++;
    for (uint32_t i = 0; i < pool_count; i++) {
        stale[i] = lent[i];
    }
}

/* The queue comes up, after some that cannot. Positions may begin just before they wrap. */
static void op_enable(bool anew)
{
    uint16_t start = chance(1, 3) ? (uint16_t)(0u - below(3u * guest.entries)) : 0;
    struct vqg_queue q;
    while (!anew && chance(1, 3)) {
        q = queue;
        spoil(&q);
        operation("enable a spoilt queue: size %" PRIu32 " of %" PRIu32 ", parts 0x%" PRIx64 " 0x%" PRIx64
                  " 0x%" PRIx64, q.size, q.size_max, q.desc_addr, q.avail_addr, q.used_addr);
        if (set_up(&q, 0, false)) {
            take_down(); /* not spoilt after all */
        } else {
            holds("a refused queue is off", vqg_device_pop(&device, &pool[0]) == (lent[0] ? VQG_BAD_CHAIN : VQG_DEAD));
        }
        settle();
    }
    operation("enable, first position %u", start);
    guest_restart(&guest, queue.size, start);
    holds("an honest queue is enabled", set_up(&queue, start, anew));
    if (start != 0u) {
        struct vqg_device_state state = {start, start, NULL, 0, 0};
        answer(vqg_device_restore(&device, &state), VQG_OK);
    }
}

static void op_reset(void)
{
    operation("reset");
    answer(vqg_device_enable(&device, &queue), VQG_BAD_STATE);
    take_down();
    holds("the queue is off", !vqg_device_notify(&device) && !vqg_device_needs_reset(&device));
    op_enable(false);
}

/* ---------------------------------------------------------------- what the device may touch */

#define KEPT_MAX 0x8000u
static uint8_t kept[KEPT_MAX];

static void keep(void)
{
    if (guest.size <= KEPT_MAX) {
        memcpy(kept, guest.bytes, (size_t)guest.size);
    }
}

/* The driver itself has just written there. */
static void keep_descriptors(void)
{
    size_t at = (size_t)(guest.part[DESC] - guest.base);
    memcpy(kept + at, guest.bytes + at, (size_t)part_bytes(DESC, guest.entries));
}

/* A device endpoint writes the used ring and nothing else: all of it, or only its first and last word. */
static void kept_but_used(bool ring_too)
{
    size_t at = (size_t)(guest.part[USED] - guest.base);
    size_t bytes = (size_t)part_bytes(USED, guest.entries);
    if (guest.size <= KEPT_MAX) {
        memcpy(kept + at, guest.bytes + at, ring_too ? bytes : 2u);
        memcpy(kept + at + bytes - 2u, guest.bytes + at + bytes - 2u, 2);
        holds("nothing else was written", memcmp(kept, guest.bytes, (size_t)guest.size) == 0);
    }
}

/* ---------------------------------------------------------------- the first and the last of a round */

static void begin_round(bool largest)
{
    static const uint32_t large[] = {256, 256, 256, 256, 256, 1024, 1024, 1024, 1024, 32768};
    uint32_t size = largest ? 32768u : chance(1, 25) ? large[below(10)] : (uint32_t)1 << below(7);
    uint64_t longest;
    bool big = chance(1, 3);
    bool version_1 = !big && chance(3, 4);
    uint64_t features = version_1 ? VQG_F_VERSION_1 : 0;
    struct vqg_seg *segs;
    run.doing[0] = '\0';
    features |= chance(2, 3) ? SM_FEATURE_INDIRECT_DESC : 0;
    features |= chance(1, 2) ? SM_FEATURE_EVENT_IDX : 0;
    guest_make(&guest, size, features, big);
    random_policy(version_1);
    if (largest) {
        policy = vqg_profile_spec();
        policy.chain = VQG_CHAIN_DROP;
    }
    guest.edge = policy.max_address != 0u ? policy.max_address : UINT64_MAX;
    nslots = size + (chance(1, 2) ? (uint32_t)below(9) : 0);
    slots = malloc(nslots * sizeof *slots);
    memset(&queue, 0, sizeof queue);
    queue.size = size;
    queue.size_max = chance(1, 2) ? 0 : size;
    queue.features = guest.features;
    queue.order = big ? VQG_ORDER_BIG : version_1 && chance(1, 2) ? VQG_ORDER_AUTO : VQG_ORDER_LITTLE;
    queue.desc_addr = guest.part[DESC];
    queue.avail_addr = guest.part[AVAIL];
    queue.used_addr = guest.part[USED];
    memset(&config, 0, sizeof config);
    config.capacity = nslots;
    config.big_endian = big;
    config.features = guest.features;
    config.batch_index = true;
    config.batch_used = true;
    config.capabilities = guest.grants;
    config.capability_count = guest.cap_count;
    model_policy(&config.policy, &policy);
    holds("the capabilities make a table", vqg_cap_table_init(&table, guest.caps, guest.cap_count, 0) == VQG_OK);
    caps = vqg_cap_table_caps(&table);
    if (chance(1, 4)) {
        memset(&caps, 0, sizeof caps);
        caps.lookup = linear_lookup;
    }
    longest = policy.max_elements > nslots ? policy.max_elements : nslots;
    tight = chance(1, 8);
    capacity = (uint32_t)(tight ? longest : longest * guest_run(&guest));
    pool_count = POOL_MAX;
    while (pool_count > 2u && (uint64_t)pool_count * capacity > 0x40000u) {
        pool_count /= 2u;
    }
    segs = malloc((size_t)pool_count * capacity * sizeof *segs);
    if (slots == NULL || segs == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < pool_count; i++) {
        vqg_chain_init(&pool[i], segs + (size_t)i * capacity, capacity);
        lent[i] = false;
    }
    op_enable(true);
}

/* Everything goes back, and no pin is left. */
static void end_round(void)
{
    struct vqg_seg *segs = pool[0].seg;
    operation("the end of the round");
    vqg_device_reset(&device);
    for (uint32_t i = 0; i < pool_count; i++) {
        if (lent[i]) {
            answer(vqg_device_push(&device, &pool[i], 0), VQG_STALE);
        }
    }
    for (uint32_t i = 0; i < guest.cap_count; i++) {
        same("pins that are left", guest.caps[i].pins, 0);
    }
    holds("nothing is in flight", !vqg_device_in_flight(&device, guest.base, guest.size));
    settle();
    sm_dev_free(&model);
    free(segs);
    free(slots);
    free(guest.bytes);
}

#endif
