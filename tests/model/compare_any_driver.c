/* SPDX-License-Identifier: MIT */
/*
 * The driver endpoint of queues of any format against the model, under a device that is honest but for what it
 * spoils now and then: what it finds in the ring, every completion, and that nothing else is written.
 */
#include "any_world.h"

#define SEGS 5u

static struct sm_drv model;
static uint16_t seen; /* split: used.idx as it was last accepted; elements up to there need no new look */

/* Requests that were added and not kicked, in order. */
static struct asked {
    struct vqg_seg seg[SEGS];
    uint32_t count;
    uint32_t writable;
    uint64_t cookie;
    bool table;
    uint64_t at; /* of the table */
} waiting[ANY_SIZE];
static uint32_t waiting_count;
static uint32_t waiting_slots;
static uint64_t cookies;
static uint32_t next_desc; /* split, IN_ORDER: where the next chain begins */
static uint64_t lies;      /* of 100 returns; none: the device writes nothing else either */

static struct {
    uint64_t added, full, kicks, taken, empty, batches, latched, laps;
} count;

static void *as_cookie(uint64_t number)
{
    return (void *)(uintptr_t)number;
}

static void begin_round(void)
{
    world_begin();
    world->policy = chance(1, 2) ? vqg_profile_strict() : vqg_profile_spec();
    world->policy.length = (enum vqg_length_policy)below(3);
    world->policy.accept_claimed = in_order || chance(1, 2);
    world->policy.min_length = !in_order && chance(1, 3) ? 1u + (uint32_t)below(3) : 0;
    world_start_driver(world);
    sm_drv_init(&model, features, size, start_position(), start_position());
    model.unflagged = world->policy.accept_unflagged;
    seen = 0;
    waiting_count = 0;
    waiting_slots = 0;
    next_desc = 0;
}

/* ---------------------------------------------------------------- the driver's requests */

static uint32_t slots_of(const struct asked *r)
{
    return r->table ? 1u : r->count;
}

static void op_add(void)
{
    struct asked *r = &waiting[waiting_count];
    struct vqg_request request;
    uint32_t room = size - model.outstanding_slots - waiting_slots;
    uint32_t reads;
    enum vqg_status st;
    if (waiting_count == size) {
        return;
    }
    r->count = 1u + (uint32_t)below(size < SEGS ? size : SEGS);
    r->table = (features & VQG_F_INDIRECT_DESC) != 0u && chance(1, 3);
    r->at = WORLD_TABLES + ANY_TABLE_BYTES * (cookies % ANY_SIZE);
    r->cookie = cookies + 1u;
    r->writable = 0;
    reads = (uint32_t)below(r->count + 1u);
    for (uint32_t i = 0; i < r->count; i++) {
        r->seg[i] = vqg_out(NULL, 1u + (uint32_t)below(24));
        r->seg[i].addr = world_addr(WORLD_DATA) + 64u * below(1024);
        r->seg[i].write = i >= reads;
        r->writable += i >= reads ? r->seg[i].len : 0u;
    }
    operation("add %" PRIu32 " segments%s, %" PRIu32 " descriptors are free", r->count,
              r->table ? " in a table" : "", room);
    memset(&request, 0, sizeof request);
    request.seg = r->seg;
    request.count = r->count;
    request.cookie = as_cookie(r->cookie);
    request.table = r->table ? world_at(world, r->at) : NULL;
    request.table_addr = world_addr(r->at);
    request.table_entries = r->count;
    st = vqg_driver_add_request(&world->driver, &request);
    if (r->writable < world->policy.min_length) { /* a promise that no device could keep */
        answer(st, VQG_BAD_LENGTH);
        return;
    }
    answer(st, slots_of(r) <= room ? VQG_OK : VQG_FULL);
    same("free descriptors", vqg_driver_free(&world->driver), st == VQG_OK ? room - slots_of(r) : room);
    if (st == VQG_OK) {
        cookies++;
        waiting_count++;
        waiting_slots += slots_of(r);
        count.added++;
    } else {
        count.full++;
    }
}

/* ---------------------------------------------------------------- what an honest device finds */

static unsigned flags_of(const struct vqg_seg *seg, bool more)
{
    return (seg->write ? SM_DESC_WRITE : 0u) | (more ? SM_DESC_NEXT : 0u);
}

static void same_element(uint64_t at, uint64_t addr, uint32_t len, unsigned flags)
{
    same("address", peer_get(world, at, 8), addr);
    same("length", peer_get(world, at + 8u, 4), len);
    same("flags", peer_get(world, at + (packed ? PACKED_FLAGS : 12u), 2), flags);
}

static void same_table(const struct asked *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        bool more = i + 1u < r->count;
        same_element(r->at + 16u * (uint64_t)i, r->seg[i].addr, r->seg[i].len, flags_of(&r->seg[i], more && !packed));
        if (!packed && more) {
            same("next of an entry", peer_get(world, r->at + 16u * (uint64_t)i + 14u, 2), i + 1u);
        }
    }
}

static uint16_t find_packed(const struct asked *r)
{
    struct packed_cursor c = peer.avail;
    uint16_t id = 0;
    for (uint32_t i = 0; i < slots_of(r); i++) {
        unsigned lap = packed_turned(c, PACKED_AVAILABLE);
        if (r->table) {
            same_element(packed_at(c.slot), world_addr(r->at), 16u * r->count, lap | SM_DESC_INDIRECT);
        } else {
            same_element(packed_at(c.slot), r->seg[i].addr, r->seg[i].len,
                         lap | flags_of(&r->seg[i], i + 1u < r->count));
        }
        packed_move(&peer, &c, 1);
    }
    holds("a whole list is available", packed_fetch(&peer, &id));
    count.laps += peer.avail.slot < slots_of(r) ? 1u : 0u;
    return id;
}

static uint16_t find_split(const struct asked *r)
{
    uint16_t head = peer_get_avail_entry(world, model.avail_idx);
    uint64_t desc = head;
    for (uint32_t i = 0; i < slots_of(r); i++) {
        bool more = i + 1u < slots_of(r);
        uint64_t at = packed_at((uint32_t)desc);
        holds("a descriptor is in range", desc < size);
        settle();
        holds("descriptors are in order", !in_order || desc == (next_desc + i) % size);
        if (r->table) {
            same_element(at, world_addr(r->at), 16u * r->count, SM_DESC_INDIRECT);
        } else {
            same_element(at, r->seg[i].addr, r->seg[i].len, flags_of(&r->seg[i], more));
        }
        desc = peer_get(world, at + 14u, 2);
    }
    next_desc = (next_desc + slots_of(r)) % size;
    return head;
}

static void op_kick(void)
{
    uint16_t from = model.avail_idx;
    uint16_t flags;
    uint16_t event;
    bool kick;
    operation("kick: %" PRIu32 " requests from position 0x%x", waiting_count, from);
    random_events(false);
    event = (uint16_t)peer_get(world, WORLD_USED + (packed ? 0u : 4u + 8u * (uint64_t)size), 2);
    flags = (uint16_t)peer_get(world, WORLD_USED + (packed ? 2u : 0u), 2);
    kick = vqg_driver_kick(&world->driver);
    for (uint32_t i = 0; i < waiting_count; i++) {
        const struct asked *r = &waiting[i];
        uint16_t id = packed ? find_packed(r) : find_split(r);
        if (r->table) {
            same_table(r);
        }
        holds("the id is free, and there is room",
              sm_drv_lend(&model, id, slots_of(r), r->writable, world->policy.min_length, r->cookie));
        settle();
    }
    if (packed) {
        same("kick", kick, sm_packed_must_notify(from, model.avail_idx, event, flags, event_idx, size));
        /* P10. What a lying device wrote may look available to it. */
        holds("nothing more is available", lies != 0u || !packed_fetch(&peer, &event));
    } else {
        same("kick", kick, sm_drv_need_kick(from, model.avail_idx, flags, event, event_idx));
        same("avail.idx", peer_get_avail_idx(world), model.avail_idx);
    }
    waiting_count = 0;
    waiting_slots = 0;
    count.kicks++;
}

/* ---------------------------------------------------------------- what the device does */

/* One of the chains in flight, or with IN_ORDER the last of a batch, comes back; a lie among it if it is `lying`. */
static void op_return(bool lying)
{
    uint32_t k = (uint32_t)below(model.outstanding);
    uint32_t id = model.outstanding == 0u ? 0u : model.order[k];
    uint32_t len = model.outstanding == 0u ? 0u : (uint32_t)below(model.lent[id].writable + 1u);
    uint16_t idx = (uint16_t)(model.last_used + (in_order ? k + 1u : 1u));
    unsigned flags = sm_packed_used(model.last_used) | (len != 0u || chance(1, 4) ? SM_DESC_WRITE : 0u);
    if (model.batch != 0u || (!packed && seen != model.last_used) || (model.outstanding == 0u && !lying)) {
        return;
    }
    if (model.outstanding == 0u && waiting_count != 0u) {
        return; /* an honest device has still to read what stands there */
    }
    if (model.outstanding != 0u && chance(3, 4)) {
        len = len < world->policy.min_length ? world->policy.min_length : len;
    }
    if (lying) {
        id = chance(1, 2) ? (uint32_t)below(size + 2u) : id;
        len = chance(1, 3) ? random_length() : len;
        idx = chance(1, 3) ? (uint16_t)(model.last_used + below(size + 3u)) : idx;
        idx = in_order && chance(1, 2) ? (uint16_t)(model.last_used + 1u + below(k + 1u)) : idx;
        flags = chance(1, 3) ? (unsigned)below(0x10000) : flags;
    }
    operation("return id %" PRIu32 ", %" PRIu32 " bytes, index %u, flags 0x%x", id, len, idx, flags);
    if (packed) {
        const uint64_t at = packed_at(model.last_used & ~SM_WRAP);
        peer_put(world, at + PACKED_LEN, 4, len);
        peer_put(world, at + PACKED_ID, 2, id);
        peer_put(world, at + PACKED_FLAGS, 2, flags);
    } else {
        peer_used_elem(world, model.last_used, id, len);
        peer_used_idx(world, idx);
    }
}

/* Whatever the driver has exposed, or not yet written, may be scribbled over at any time. */
static void op_scribble(void)
{
    uint32_t slot = (uint32_t)below(size);
    uint32_t ahead = packed ? (slot + size - (model.avail_idx & ~SM_WRAP)) % size : 0u;
    if (waiting_count != 0u || (packed && slot == (model.last_used & ~SM_WRAP))) {
        return; /* an honest device has still to read those, and the driver reads this one */
    }
    operation("scribble over slot %" PRIu32 ", %" PRIu32 " ahead", slot, ahead);
    spoil_descriptor(packed_at(slot));
}

static struct sm_used look(void)
{
    struct sm_used used;
    memset(&used, 0, sizeof used);
    if (packed) {
        const uint64_t at = packed_at(model.last_used & ~SM_WRAP);
        used.flags = (uint16_t)peer_get(world, at + PACKED_FLAGS, 2);
        used.id = (uint32_t)peer_get(world, at + PACKED_ID, 2);
        used.len = (uint32_t)peer_get(world, at + PACKED_LEN, 4);
    } else {
        used.idx = seen == model.last_used ? peer_get_used_idx(world) : seen;
        used.id = peer_get_used_id(world, model.last_used);
        used.len = peer_get_used_len(world, model.last_used);
    }
    return used;
}

/* True when the round goes on. */
static bool op_take(void)
{
    struct sm_used used = look();
    uint32_t slots_before = model.outstanding_slots;
    struct vqg_done done;
    struct sm_take said;
    enum vqg_status st;
    operation("take at position 0x%x: index %u, flags 0x%x, id %" PRIu32 ", %" PRIu32 " bytes", model.last_used,
              used.idx, used.flags, used.id, used.len);
    memset(&done, 0, sizeof done);
    keep_memory();
    st = vqg_driver_take(&world->driver, &done);
    may_write(DRIVER_AREA, 0, packed ? 4 : 2);
    if (!packed) {
        may_write(DRIVER_AREA, 4u + 2u * (size_t)size, 2);
    }
    same_memory();
    seen = model.batch == 0u ? used.idx : seen;
    said = sm_drv_take(&model, used, (enum sm_len_policy)world->policy.length);
    if (st == VQG_OK) {
        verdict(st, VQG_RULE_NONE, &said.broken);
        holds("the model takes one too", said.outcome == SM_OK);
        settle();
        same("cookie", (uint64_t)(uintptr_t)done.cookie, said.cookie);
        same("id", done.id, said.head);
        same("length", done.len, said.len);
        same("descriptors", done.count, slots_before - model.outstanding_slots);
        same("clamped", (done.flags & VQG_DONE_CLAMPED) != 0u,
             said.clamped && world->policy.length == VQG_LENGTH_CLAMP);
        same("short", (done.flags & VQG_DONE_SHORT) != 0u, said.too_short);
        count.taken++;
        count.batches += said.claimed ? 1u : 0u;
        return true;
    }
    if (vqg_is_violation(st)) {
        verdict(st, vqg_status_rule(st), &said.broken);
        holds("the endpoint needs a reset", vqg_driver_needs_reset(&world->driver));
        count.latched++;
        return false;
    }
    answer(st, VQG_EMPTY);
    holds("the model has none either", said.outcome == SM_EMPTY);
    count.empty++;
    return true;
}

static void play_round(void)
{
    bool goes_on = true;
    lies = chance(1, 3) ? 0u : below(20);
    begin_round();
    for (unsigned left = ANY_STEPS; left != 0u && goes_on; left--) {
        uint64_t dice = below(100);
        settle();
        if (dice < 30u) {
            op_add();
        } else if (dice < 42u) {
            op_kick();
        } else if (dice < 65u) {
            op_return(chance(lies, 100));
        } else if (dice < 70u && lies != 0u) {
            op_scribble();
        } else {
            goes_on = op_take();
        }
    }
    settle();
    sm_drv_free(&model);
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
    holds("there were laps", !has_packed || !run.whole || count.laps >= COMPARE_LEAST / 2u);
    (void)printf("%" PRIu64 " added, %" PRIu64 " times full, %" PRIu64 " kicks, %" PRIu64 " taken, %" PRIu64
                 " of them in a batch, %" PRIu64 " times empty, %" PRIu64 " latched, %" PRIu64 " laps\n",
                 count.added, count.full, count.kicks, count.taken, count.batches, count.empty, count.latched,
                 count.laps);
    return compare_end(ANY_RULES((VQG_F_LACKING_ & VQG_F_IN_ORDER) == 0u ? "U1 U2 U3 U5 U6 O2" : "U1 U2 U3 U5 U6"));
}
