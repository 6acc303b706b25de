/* SPDX-License-Identifier: MIT */
/*
 * The device endpoint of queues of any format against the model, under a driver that is honest but for what it
 * spoils now and then: every outcome, segment, length and byte of the ring.
 */
#include "any_world.h"
#include "policy_of.h"

#define POOL ANY_SIZE
#define SEGS 64u

static struct sm_dev model;
static struct sm_capability grants[3];
static struct vqg_chain pool[POOL];
static struct vqg_seg segs[POOL][SEGS];
static bool lent[POOL];
static uint16_t published;   /* position that the driver has seen */
static uint32_t posted;      /* chains that wait, as far as the driver knows */
static uint32_t posted_slots;
static bool reserved[ANY_SIZE]; /* descriptors, or ids, of those */

static struct {
    uint64_t chains, empty, dropped, latched, pushed, interrupts, laps;
} seen;

/* ---------------------------------------------------------------- set-up */

static void random_policy(void)
{
    const uint32_t most = 2u * size < SEGS ? 2u * size : SEGS; /* what the caller has segments for */
    world->policy = chance(1, 2) ? vqg_profile_strict() : vqg_profile_spec();
    world->policy.chain = chance(1, 2) ? VQG_CHAIN_DROP : VQG_CHAIN_LATCH;
    world->policy.direction = chance(1, 8) ? (enum vqg_direction)below(3) : VQG_DIRECTION_ANY;
    world->policy.max_elements = chance(1, 5) ? 1u + (uint32_t)below(most) : size > SEGS ? SEGS : 0;
    world->policy.max_table_entries = chance(1, 5) ? 1u + (uint32_t)below(2u * size) : 0;
    world->policy.max_bytes = chance(1, 8) ? 1u + (uint32_t)below(512) : 0;
    world->policy.min_readable = chance(1, 8) ? (uint32_t)below(32) : 0;
}

static void begin_round(void)
{
    struct sm_memory memory;
    struct sm_dev_config c;
    struct sm_set none;
    world_begin();
    random_policy();
    memory = (struct sm_memory){world->memory, WORLD_BASE, WORLD_BYTES};
    memset(&c, 0, sizeof c);
    c.size = size;
    c.features = features;
    c.desc = world->queue.desc_addr;
    c.avail = world->queue.avail_addr;
    c.used = world->queue.used_addr;
    c.start_avail = start_position();
    c.start_used = start_position();
    c.batch_index = true;
    c.batch_used = true;
    model_policy(&c.policy, &world->policy);
    for (unsigned i = 0; i < 3u; i++) {
        const struct vqg_cap *cap = &world->caps[i];
        grants[i] = (struct sm_capability){cap->base, cap->size, cap->rights, cap->bus};
    }
    c.capabilities = grants;
    c.capability_count = 3;
    none = sm_dev_init(&model, &c, memory);
    holds("the model accepts the queue", sm_set_is_empty(&none));
    world_start_device(world);
    published = start_position();
    for (unsigned i = 0; i < POOL; i++) {
        vqg_chain_init(&pool[i], segs[i], SEGS);
        lent[i] = false;
    }
    posted = 0;
    posted_slots = 0;
    memset(reserved, 0, sizeof reserved);
}

/* ---------------------------------------------------------------- the driver */

static bool is_free(uint32_t i)
{
    return !reserved[i] && !model.in_flight[i].live && (packed || model.owner[i] < 0);
}

/* A free id, or the first of `n` free descriptors in a row; false: there is none. */
static bool find_free(uint32_t n, uint32_t *first)
{
    uint32_t tries;
    *first = (uint32_t)below(size);
    if (in_order && !packed && model.next_desc != size) {
        *first = (model.next_desc + posted_slots) % size;
    }
    for (tries = 0; tries < size; tries++) {
        uint32_t i = 0;
        while (i < n && is_free((*first + i) % size)) {
            i++;
        }
        if (i == n) {
            return true;
        }
        if (in_order && !packed) {
            return false;
        }
        *first = (*first + 1u) % size;
    }
    return false;
}

static uint64_t table_of(uint32_t i)
{
    return WORLD_TABLES + (uint64_t)ANY_TABLE_BYTES * i;
}

/* Segments of an honest request: readable ones first. */
static void random_segments(struct vqg_seg *seg, uint32_t n)
{
    uint32_t reads = (uint32_t)below(n + 1u);
    for (uint32_t i = 0; i < n; i++) {
        seg[i] = vqg_out(NULL, 1u + (uint32_t)below(24));
        seg[i].addr = world_addr(WORLD_DATA) + 64u * below(1024);
        seg[i].write = i >= reads;
    }
}

static void post_split(const struct vqg_seg *seg, uint32_t n, uint32_t first, bool table)
{
    for (uint32_t i = 0; i < n; i++) {
        unsigned flags = (seg[i].write ? SM_DESC_WRITE : 0u) | (i + 1u < n ? SM_DESC_NEXT : 0u);
        uint32_t next = table ? i + 1u : (first + i + 1u) % size;
        if (table) {
            peer_entry(world, table_of(first), i, seg[i].addr, seg[i].len, flags, next);
        } else {
            peer_desc(world, (first + i) % size, seg[i].addr, seg[i].len, flags, next);
        }
    }
    if (table) {
        peer_desc(world, first, world_addr(table_of(first)), 16u * n, SM_DESC_INDIRECT, 0);
    }
    peer_make_available(world, (uint16_t)(model.last_avail + posted), (uint16_t)first);
}

static void post_packed(const struct vqg_seg *seg, uint32_t n, uint32_t id, bool table)
{
    uint16_t at = sm_packed_advance(model.last_avail, posted_slots, size);
    peer.avail.slot = at & ~SM_WRAP;
    peer.avail.wrap = (at & SM_WRAP) != 0u;
    if (!table) {
        packed_post(&peer, seg, n, (uint16_t)id);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        peer_entry(world, table_of(id), i, seg[i].addr, seg[i].len, (unsigned)below(0x10000),
                   seg[i].write ? SM_DESC_WRITE : 0u);
    }
    packed_post_table(&peer, world_addr(table_of(id)), n, (uint16_t)id);
}

static void op_post(void)
{
    struct vqg_seg seg[ANY_SIZE];
    bool table = (features & VQG_F_INDIRECT_DESC) != 0u && chance(1, 3);
    uint32_t n = 1u + (uint32_t)below(size < 5u ? size : 5u);
    uint32_t slots = table ? 1u : n;
    uint32_t first;
    if (posted_slots + slots + model.in_flight_slots + model.unpublished_slots > size ||
        posted + model.in_flight_count + model.unpublished >= size || !find_free(packed ? 1u : slots, &first)) {
        return;
    }
    operation("post %" PRIu32 " elements%s as %" PRIu32, n, table ? " in a table" : "", first);
    random_segments(seg, n);
    if (packed) {
        post_packed(seg, n, first, table);
        reserved[first] = true;
    } else {
        post_split(seg, n, first, table);
        for (uint32_t i = 0; i < slots; i++) {
            reserved[(first + i) % size] = true;
        }
    }
    posted++;
    posted_slots += slots;
}

/* Something was returned there, and the driver has not read it: that it does is what is compared. */
static bool is_returned(uint32_t slot)
{
    uint16_t at = model.shown;
    bool found = false;
    for (uint32_t i = 0; packed && i < model.return_count; i++) {
        found = found || (at & ~SM_WRAP) == slot;
        at = sm_packed_advance(at, model.returns[i].slots, size);
    }
    return found;
}

static void op_spoil(void)
{
    uint32_t slot = (uint32_t)below(size);
    operation("spoil");
    if (packed && chance(7, 8)) { /* near to where the device looks */
        slot = sm_packed_advance(model.last_avail, (uint32_t)below(posted_slots + 1u), size) & ~SM_WRAP;
    } else if (!packed && chance(7, 8)) {
        slot = peer_get_avail_entry(world, (uint16_t)(model.last_avail + below(posted + 1u)));
        slot = (slot + (uint32_t)below(3)) % size;
    }
    if (chance(1, 3)) { /* the table of the list that ends here, or begins here */
        uint32_t of = packed ? (uint32_t)peer_get(world, packed_at(slot) + PACKED_ID, 2) % size : slot;
        spoil_descriptor(table_of(of) + 16u * below(4));
    } else if (!packed && chance(1, 4)) {
        peer_put(world, WORLD_AVAIL + 4u + 2u * below(size), 2, below(size + 2u));
    } else if (!packed && chance(1, 12)) {
        peer_avail_idx(world, (uint16_t)(model.last_avail + below(2u * size + 2u)));
    } else if (!is_returned(slot)) {
        spoil_descriptor(packed_at(slot));
    }
}

/* ---------------------------------------------------------------- the device */

/* What the driver believes to wait is forgotten: the next post begins where the device is. */
static void driver_looks_up(void)
{
    posted = packed ? 0u : (uint32_t)(uint16_t)(peer_get_avail_idx(world) - model.last_avail);
    if (posted > size) {
        posted = 0;
        peer_avail_idx(world, model.last_avail);
    }
    posted_slots = 0;
    memset(reserved, 0, sizeof reserved);
}

static void same_chain(const struct vqg_chain *c, const struct sm_chain *said)
{
    same("head", c->head, said->head);
    same("segments", c->count, said->segment_count);
    same("readable bytes", c->readable, said->readable);
    same("writable bytes", c->writable, said->writable);
    settle();
    for (uint32_t i = 0; i < c->count; i++) {
        const struct sm_segment *s = &said->segments[i];
        same("address of a segment", c->seg[i].addr, s->addr);
        same("length of a segment", c->seg[i].len, s->len);
        same("direction of a segment", c->seg[i].write, s->write);
        same("bus address of a segment", c->seg[i].bus, s->bus);
    }
}

/* True when the round goes on. */
static bool violated(enum vqg_status st, const struct sm_chain *said)
{
    enum vqg_rule rule = vqg_status_rule(st);
    struct sm_set none;
    verdict(st, rule, &said->broken);
    if (world->policy.chain != VQG_CHAIN_DROP || vqg_rule_kind(rule) != VQG_KIND_CHAIN) {
        holds("the endpoint is latched", vqg_device_needs_reset(&world->device));
        seen.latched++;
        return false;
    }
    none = sm_dev_drop(&model, said);
    holds("the chain can be returned", sm_set_is_empty(&none));
    holds("the endpoint goes on", !vqg_device_needs_reset(&world->device));
    seen.dropped++;
    return true;
}

/* The slots of what was returned and not yet shown: their ids, lengths and flags may be written. */
static void returns_may_be_written(void)
{
    uint16_t at = model.shown;
    if (!packed) {
        may_write(DEVICE_AREA, 0, parts[DEVICE_AREA].bytes);
        return;
    }
    may_write(DEVICE_AREA, 0, 4);
    for (uint32_t i = 0; i < model.return_count; i++) {
        may_write(RING, 16u * (size_t)(at & ~SM_WRAP) + PACKED_LEN, 8);
        at = sm_packed_advance(at, model.returns[i].slots, size);
    }
}

static bool op_pop(void)
{
    struct sm_chain said;
    enum vqg_status st;
    uint32_t k = 0;
    bool goes_on = true;
    while (k < POOL && lent[k]) {
        k++;
    }
    if (k == POOL) {
        return true;
    }
    operation("pop at position 0x%x", model.last_avail);
    keep_memory();
    said = sm_dev_pop(&model); /* first: the library writes, for instance where a table is said to be */
    st = vqg_device_pop(&world->device, &pool[k]);
    if (st == VQG_OK) {
        verdict(st, VQG_RULE_NONE, &said.broken);
        holds("the model takes one too", said.outcome == SM_OK);
        settle();
        same_chain(&pool[k], &said);
        lent[k] = true;
        posted = posted == 0u ? 0u : posted - 1u;
        posted_slots = posted_slots < said.slots ? 0u : posted_slots - said.slots;
        seen.laps += packed && (model.last_avail & ~SM_WRAP) < said.slots ? 1u : 0u;
        seen.chains++;
    } else if (vqg_is_violation(st)) {
        goes_on = violated(st, &said);
    } else {
        answer(st, VQG_EMPTY);
        holds("the model has none either", said.outcome == SM_EMPTY);
        seen.empty++;
    }
    returns_may_be_written();
    same_memory();
    if (st != VQG_OK) {
        driver_looks_up();
    }
    sm_chain_free(&said);
    return goes_on;
}

static void op_push(void)
{
    uint32_t k = (uint32_t)below(POOL);
    struct sm_set broken;
    enum vqg_status st;
    uint32_t written;
    for (uint32_t i = 0; i < POOL && in_order && chance(7, 8); i++) { /* the oldest */
        k = lent[i] && pool[i].head == model.order[0] ? i : k;
    }
    written = chance(1, 2) ? pool[k].writable : (uint32_t)below(pool[k].writable + 2u);
    if (!lent[k]) {
        return;
    }
    operation("push %u, %" PRIu32 " bytes", pool[k].head, written);
    keep_memory();
    broken = sm_dev_push(&model, pool[k].head, written);
    st = vqg_device_push(&world->device, &pool[k], written);
    if (sm_set_is_empty(&broken)) {
        answer(st, VQG_OK);
        lent[k] = false;
        seen.pushed++;
    } else {
        holds("it is the caller's mistake", vqg_is_misuse(st));
    }
    returns_may_be_written();
    same_memory();
}

static void op_notify(void)
{
    bool due;
    bool interrupt;
    random_events(true);
    operation("notify: returned 0x%x to 0x%x", published, model.used_idx);
    due = sm_dev_notify(&model, published, model.used_idx);
    keep_memory();
    interrupt = vqg_device_notify(&world->device);
    same("interrupt", interrupt, due);
    returns_may_be_written();
    same_memory();
    if (packed || in_order) {
        holds("the driver finds what was returned", sm_dev_returns_match(&model));
    } else {
        size_t offset;
        holds("the used ring is what the model wrote", sm_dev_used_matches(&model, &offset));
    }
    sm_dev_publish(&model);
    published = model.used_idx;
    seen.interrupts += interrupt ? 1u : 0u;
}

static void play_round(void)
{
    uint64_t hostility = chance(1, 16) ? 0u : below(40);
    bool goes_on = true;
    begin_round();
    for (unsigned left = ANY_STEPS; left != 0u && goes_on; left--) {
        uint64_t dice = below(100);
        settle();
        if (dice < 35u) {
            op_post();
            if (posted != 0u && chance(hostility, 100)) {
                op_spoil();
            }
        } else if (dice < 60u) {
            op_push();
        } else if (dice < 70u) {
            op_notify();
        } else {
            goes_on = op_pop();
        }
    }
    settle();
    sm_dev_free(&model);
    world_check_canaries(world);
}

int main(int argc, char **argv)
{
    const bool has_packed = (VQG_F_LACKING_ & VQG_F_RING_PACKED) == 0u;
    compare_begin(argc, argv, 4000000u / ANY_HASTE);
    while (compare_next()) {
        play_round();
    }
    world_free(world);
    holds("there were laps", !has_packed || !run.whole || seen.laps >= COMPARE_LEAST / 2u);
    (void)printf("%" PRIu64 " chains, %" PRIu64 " times empty, %" PRIu64 " dropped, %" PRIu64 " latched, %" PRIu64
                 " pushed, %" PRIu64 " interrupts, %" PRIu64 " laps\n",
                 seen.chains, seen.empty, seen.dropped, seen.latched, seen.pushed, seen.interrupts, seen.laps);
    return compare_end(ANY_RULES(has_packed ? "S4 C2 C5 C6 C7 C8 I1 I2 I3 I5 I6 I9 I10 M2 X8 P3 P4 P5 O4"
                                            : "S4 C2 C5 C6 C7 C8"));
}
