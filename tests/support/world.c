/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define CANARY_BYTE 0xA5

struct world_copy {
    struct world world;
    unsigned char *memory;
    struct vqg_slot *slots;
};

static void *guarded_new(size_t bytes)
{
    /* One allocation with room for the canaries, and aligned like a page. */
    size_t whole = (bytes + 3u * WORLD_CANARY - 1u) / WORLD_CANARY * WORLD_CANARY;
    unsigned char *p = aligned_alloc(WORLD_CANARY, whole);
    if (p == NULL) {
        abort();
    }
    memset(p, CANARY_BYTE, WORLD_CANARY);
    memset(p + WORLD_CANARY, 0, bytes);
    memset(p + WORLD_CANARY + bytes, CANARY_BYTE, whole - WORLD_CANARY - bytes);
    return p + WORLD_CANARY;
}

/* By words, because CMocka's bytes and an emulated memcmp() take long for a whole world. */
static void assert_same_bytes(const void *a, const void *b, size_t bytes)
{
    const unsigned char *x = a;
    const unsigned char *y = b;
    uint64_t differ = 0;
    size_t i;
    for (i = 0; i + 8u <= bytes && differ == 0u; i += 8u) {
        uint64_t u;
        uint64_t v;
        memcpy(&u, x + i, 8);
        memcpy(&v, y + i, 8);
        differ = u ^ v;
    }
    if (differ != 0u || i != bytes) {
        assert_memory_equal(a, b, bytes);
    }
}

static void guarded_check(const void *at, size_t bytes)
{
    static unsigned char canary[WORLD_CANARY];
    memset(canary, CANARY_BYTE, sizeof canary);
    assert_same_bytes((const unsigned char *)at - WORLD_CANARY, canary, sizeof canary);
    assert_same_bytes((const unsigned char *)at + bytes, canary, sizeof canary);
}

static void guarded_free(void *at)
{
    free((unsigned char *)at - WORLD_CANARY);
}

static void cap_set(struct vqg_cap *c, const struct world *w, uint64_t offset, uint64_t bytes, uint32_t rights,
                    uint64_t token)
{
    memset(c, 0, sizeof *c);
    c->base = WORLD_BASE + offset;
    c->size = bytes;
    c->bus = WORLD_BUS_OFFSET + offset;
    c->map = w->memory + offset;
    c->rights = rights;
    c->token = token;
}

struct world *world_new(uint32_t size, uint64_t features)
{
    struct world *w = guarded_new(sizeof *w);
    w->memory = guarded_new(WORLD_BYTES);
    w->nslots = size == 0u ? 1u : size;
    w->slots = guarded_new((size_t)w->nslots * sizeof w->slots[0]);
    w->segs = guarded_new(WORLD_SEGS * sizeof w->segs[0]);
    w->size = size;
    cap_set(&w->caps[0], w, 0, WORLD_RDONLY, VQG_CAP_READ | VQG_CAP_WRITE, 100);
    cap_set(&w->caps[1], w, WORLD_RDONLY, WORLD_WRONLY - WORLD_RDONLY, VQG_CAP_READ, 101);
    cap_set(&w->caps[2], w, WORLD_WRONLY, WORLD_HOLE - WORLD_WRONLY, VQG_CAP_WRITE, 102);
    assert_int_equal(vqg_cap_table_init(&w->table, w->caps, 3, 4096), VQG_OK);
    w->lookup = vqg_cap_table_caps(&w->table);
    w->queue.size = size;
    w->queue.features = VQG_F_VERSION_1 | features;
    w->queue.desc = w->memory + WORLD_DESC;
    w->queue.avail = w->memory + WORLD_AVAIL;
    w->queue.used = w->memory + WORLD_USED;
    w->queue.desc_addr = WORLD_BASE + WORLD_DESC;
    w->queue.avail_addr = WORLD_BASE + WORLD_AVAIL;
    w->queue.used_addr = WORLD_BASE + WORLD_USED;
    w->policy = vqg_profile_strict();
    vqg_chain_init(&w->chain, w->segs, WORLD_SEGS);
    test_port_reset();
    return w;
}

void world_check_canaries(const struct world *w)
{
    guarded_check(w, sizeof *w);
    guarded_check(w->memory, WORLD_BYTES);
    guarded_check(w->slots, (size_t)w->nslots * sizeof w->slots[0]);
    guarded_check(w->segs, WORLD_SEGS * sizeof w->segs[0]);
}

void world_free(struct world *w)
{
    world_check_canaries(w);
    guarded_free(w->memory);
    guarded_free(w->slots);
    guarded_free(w->segs);
    guarded_free(w);
    test_port_reset();
}

void world_start_driver(struct world *w)
{
    assert_int_equal(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, w->nslots), VQG_OK);
}

void world_start_device(struct world *w)
{
    assert_int_equal(vqg_device_init(&w->device, &w->queue, &w->policy, &w->lookup, w->slots, w->nslots), VQG_OK);
}

void world_start_ledger(struct world *w)
{
    assert_int_equal(vqg_ledger_init(&w->ledger, &w->queue, &w->policy, w->slots, w->nslots), VQG_OK);
}

static void *duplicate(const void *from, size_t bytes)
{
    void *p = malloc(bytes);
    if (p == NULL) {
        abort();
    }
    memcpy(p, from, bytes);
    return p;
}

struct world_copy *world_copy(const struct world *w)
{
    struct world_copy *c = malloc(sizeof *c);
    if (c == NULL) {
        abort();
    }
    c->world = *w;
    c->memory = duplicate(w->memory, WORLD_BYTES);
    c->slots = duplicate(w->slots, (size_t)w->nslots * sizeof w->slots[0]);
    return c;
}

/* What a refusal may change in an endpoint is made equal before the comparison. */
static void forget_refusal(struct vqg_guard *g)
{
    memset(&g->violation, 0, sizeof g->violation);
    g->state = 0;
}

static void assert_same_driver(struct vqg_driver a, struct vqg_driver b)
{
    forget_refusal(&a.ledger.guard);
    forget_refusal(&b.ledger.guard);
    assert_memory_equal(&a, &b, sizeof a);
}

/* Compares, and then forgets: what a compiler leaves behind the last field of a policy means nothing. */
static void same_policy(struct vqg_policy *a, struct vqg_policy *b)
{
    assert_memory_equal(a, b, offsetof(struct vqg_policy, accept_claimed) + sizeof a->accept_claimed);
    memset(a, 0, sizeof *a);
    memset(b, 0, sizeof *b);
}

static void assert_same_ledger(struct vqg_ledger a, struct vqg_ledger b)
{
    forget_refusal(&a.guard);
    forget_refusal(&b.guard);
    same_policy(&a.policy, &b.policy);
    assert_memory_equal(&a, &b, sizeof a);
}

static void assert_same_device(struct vqg_device a, struct vqg_device b)
{
    forget_refusal(&a.judge.guard);
    forget_refusal(&b.judge.guard);
    /* How far avail.idx was accepted is a fact about the index, not about the refused chain. */
    a.ring.seen = 0;
    b.ring.seen = 0;
    a.ring.seen_flags = 0;
    b.ring.seen_flags = 0;
    /* The number of the refused chain is not given again. */
    a.record.serial = b.record.serial;
    /* What is remembered of the table says nothing about a chain, as long as it is true. */
    assert_window(&a.judge);
    a.judge.window = b.judge.window;
    same_policy(&a.judge.policy, &b.judge.policy);
    same_policy(&a.asked, &b.asked);
    assert_memory_equal(&a, &b, sizeof a);
}

void world_assert_private_unchanged(const struct world *w, const struct world_copy *before)
{
    uint32_t i;
    assert_memory_equal(w->caps, before->world.caps, sizeof w->caps);
    {
        struct vqg_driver a = w->driver;
        struct vqg_driver b = before->world.driver;
        a.ledger.ring.seen = 0;
        b.ledger.ring.seen = 0;
        a.ledger.ring.seen_flags = 0;
        b.ledger.ring.seen_flags = 0;
        assert_same_driver(a, b);
    }
    {
        struct vqg_ledger a = w->ledger;
        struct vqg_ledger b = before->world.ledger;
        a.ring.seen = 0;
        b.ring.seen = 0;
        a.ring.seen_flags = 0;
        b.ring.seen_flags = 0;
        assert_same_ledger(a, b);
    }
    assert_same_device(w->device, before->world.device);
    for (i = 0; i < w->nslots; i++) {
        struct vqg_slot a = w->slots[i];
        struct vqg_slot b = before->slots[i];
        if (w->device.record.slots == w->slots && i < w->device.record.size) {
            struct vqg_record was = {before->slots, w->device.record.size, 0};
            bool used = vqg_record_is_used_(&was, &b);
            assert_int_equal(vqg_record_is_used_(&w->device.record, &a), used);
            if (!used) {
                a.owner = b.owner;
                a.serial = b.serial;
            }
        }
        assert_memory_equal(&a, &b, sizeof a);
    }
}

void world_assert_unchanged(const struct world *w, struct world_copy *before)
{
    assert_same_bytes(w->memory, before->memory, WORLD_BYTES);
    world_assert_private_unchanged(w, before);
    world_check_canaries(w);
    free(before->memory);
    free(before->slots);
    free(before);
}

unsigned char *world_at(const struct world *w, uint64_t offset)
{
    return w->memory + offset;
}

uint64_t world_addr(uint64_t offset)
{
    return WORLD_BASE + offset;
}

void peer_put(const struct world *w, uint64_t offset, unsigned bytes, uint64_t value)
{
    unsigned i;
    for (i = 0; i < bytes; i++) {
        unsigned shift = 8u * (w->big ? bytes - 1u - i : i);
        w->memory[offset + i] = (unsigned char)(value >> shift);
    }
}

uint64_t peer_get(const struct world *w, uint64_t offset, unsigned bytes)
{
    uint64_t v = 0;
    unsigned i;
    for (i = 0; i < bytes; i++) {
        unsigned shift = 8u * (w->big ? bytes - 1u - i : i);
        v |= (uint64_t)w->memory[offset + i] << shift;
    }
    return v;
}

void peer_entry(const struct world *w, uint64_t table, uint32_t i, uint64_t addr, uint32_t len, unsigned flags,
                unsigned next)
{
    uint64_t at = table + 16u * (uint64_t)i;
    peer_put(w, at, 8, addr);
    peer_put(w, at + 8u, 4, len);
    peer_put(w, at + 12u, 2, flags);
    peer_put(w, at + 14u, 2, next);
}

void peer_desc(const struct world *w, uint32_t i, uint64_t addr, uint32_t len, unsigned flags, unsigned next)
{
    peer_entry(w, WORLD_DESC, i, addr, len, flags, next);
}

void peer_make_available(struct world *w, uint16_t position, uint16_t head)
{
    peer_put(w, WORLD_AVAIL + 4u + 2u * (uint64_t)(position % w->size), 2, head);
    peer_avail_idx(w, (uint16_t)(position + 1u));
}

void peer_avail_idx(const struct world *w, uint16_t idx)
{
    peer_put(w, WORLD_AVAIL + 2u, 2, idx);
}

void peer_avail_flags(const struct world *w, uint16_t flags)
{
    peer_put(w, WORLD_AVAIL, 2, flags);
}

void peer_used_event(const struct world *w, uint16_t event)
{
    peer_put(w, WORLD_AVAIL + 4u + 2u * (uint64_t)w->size, 2, event);
}

void peer_used_elem(const struct world *w, uint16_t position, uint32_t id, uint32_t len)
{
    uint64_t at = WORLD_USED + 4u + 8u * (uint64_t)(position % w->size);
    peer_put(w, at, 4, id);
    peer_put(w, at + 4u, 4, len);
}

void peer_return(struct world *w, uint16_t position, uint32_t id, uint32_t len)
{
    peer_used_elem(w, position, id, len);
    peer_used_idx(w, (uint16_t)(position + 1u));
}

void peer_used_idx(const struct world *w, uint16_t idx)
{
    peer_put(w, WORLD_USED + 2u, 2, idx);
}

void peer_used_flags(const struct world *w, uint16_t flags)
{
    peer_put(w, WORLD_USED, 2, flags);
}

void peer_avail_event(const struct world *w, uint16_t event)
{
    peer_put(w, WORLD_USED + 4u + 8u * (uint64_t)w->size, 2, event);
}

uint16_t peer_get_avail_idx(const struct world *w)
{
    return (uint16_t)peer_get(w, WORLD_AVAIL + 2u, 2);
}

uint16_t peer_get_avail_entry(const struct world *w, uint16_t position)
{
    return (uint16_t)peer_get(w, WORLD_AVAIL + 4u + 2u * (uint64_t)(position % w->size), 2);
}

uint16_t peer_get_used_idx(const struct world *w)
{
    return (uint16_t)peer_get(w, WORLD_USED + 2u, 2);
}

uint32_t peer_get_used_id(const struct world *w, uint16_t position)
{
    return (uint32_t)peer_get(w, WORLD_USED + 4u + 8u * (uint64_t)(position % w->size), 4);
}

uint32_t peer_get_used_len(const struct world *w, uint16_t position)
{
    return (uint32_t)peer_get(w, WORLD_USED + 8u + 8u * (uint64_t)(position % w->size), 4);
}

void assert_window(const struct vqg_judge *j)
{
    const struct vqg_window *w = &j->window;
    const struct vqg_cap_table *t = j->caps.table;
    uint64_t last = w->first + (w->size - 1u);
    unsigned i;
    if (w->size == 0u || (t != NULL && w->epoch != t->epoch)) {
        return; /* closed, or about to be */
    }
    assert_non_null(t);
    assert_true(w->pin < t->count);
    assert_ptr_equal(w->cap, &t->caps[w->pin]);
    assert_true(last >= w->first && last <= j->policy.max_address);
    assert_true(w->first >= w->cap->base && last <= w->cap->base + (w->cap->size - 1u));
    for (i = 0; i < 3u; i++) {
        assert_true(w->first > j->part_addr[i] + (j->part_bytes[i] - 1u) || last < j->part_addr[i]);
    }
    assert_int_equal(w->bus, w->cap->bus + (w->first - w->cap->base));
    assert_ptr_equal(w->map, w->cap->map == NULL ? NULL : (unsigned char *)w->cap->map + (w->first - w->cap->base));
    assert_int_equal(w->token, w->cap->token);
    assert_int_equal(w->rights, w->cap->rights);
}

void assert_rule(const struct vqg_violation *v, enum vqg_status st, enum vqg_rule rule)
{
    assert_string_equal(vqg_status_name(st), vqg_rule_name(rule));
    assert_true(vqg_is_violation(st));
    assert_int_equal(vqg_status_rule(st), rule);
    assert_string_equal(vqg_rule_name(v->rule), vqg_rule_name(rule));
}

void assert_violation(const struct vqg_violation *v, enum vqg_status st, enum vqg_rule rule, uint32_t index,
                      uint64_t value, uint64_t limit)
{
    assert_rule(v, st, rule);
    assert_int_equal(v->index, index);
    assert_int_equal(v->value, value);
    assert_int_equal(v->limit, limit);
}
