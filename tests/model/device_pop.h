/* SPDX-License-Identifier: MIT */
/*
 * One chain, taken by the library and by the model, with the same result.
 *
 * The model goes first: it never writes, while the library may write into a used ring that the
 * driver has laid over something that is read. Only in a race it goes second; see below.
 */
#ifndef VQG_TEST_DEVICE_POP_H
#define VQG_TEST_DEVICE_POP_H

#include "device_pair.h"

static struct {
    uint64_t chains, segments, empty, held, dropped, latched, pushed, interrupts;
} seen;

/* ---------------------------------------------------------------- what both say */

static void same_chain(const struct vqg_chain *c, const struct sm_chain *m)
{
    same("head", c->head, m->head);
    same("segments", c->count, m->segment_count);
    same("readable", c->readable, m->readable);
    same("writable", c->writable, m->writable);
    holds("its memory is in flight", c->count == 0u || vqg_device_in_flight(&device, c->seg[0].addr, c->seg[0].len));
    for (uint32_t i = 0; i < c->count && i < m->segment_count; i++) {
        const struct vqg_cap *cap = linear_lookup(NULL, m->segments[i].addr);
        const void *map = cap->map == NULL ? NULL : guest_at(&guest, m->segments[i].addr);
        same("address of a segment", c->seg[i].addr, m->segments[i].addr);
        same("length of a segment", c->seg[i].len, m->segments[i].len);
        same("direction of a segment", c->seg[i].write, m->segments[i].write);
        same("bus address of a segment", c->seg[i].bus, m->segments[i].bus);
        same("token of a segment", c->seg[i].token, cap->token);
        holds("a segment is mapped where its memory is", c->seg[i].map == map);
    }
}

/* A chain that is only too much together with what is in flight stays in the ring. */
static bool to_be_held_back(const struct sm_chain *said)
{
    uint64_t bytes = model.bytes_in_flight;
    struct sm_chain alone;
    bool fits;
    if (said->outcome != SM_BROKEN || sm_set_count(&said->broken) != 1u || !sm_set_has(&said->broken, SM_M9) ||
        bytes == 0u) {
        return false;
    }
    model.bytes_in_flight = 0;
    alone = sm_dev_pop(&model);
    fits = alone.outcome == SM_OK && (!tight || alone.segment_count <= capacity);
    if (alone.outcome == SM_OK) {
        sm_dev_unpop(&model, &alone);
    }
    model.bytes_in_flight = bytes;
    sm_chain_free(&alone);
    return fits;
}

/* ---------------------------------------------------------------- a driver that writes meanwhile */

#define RACED_MAX 64u
static bool looked[2 * RACED_MAX];

/*
 * Answers the fetches of descriptors. What a first look finds stays in memory, so that the model,
 * which goes second then, finds the same. A second look at the same word finds something else,
 * which the model never sees: a reader that looks twice comes to another result.
 */
static uint64_t racing_driver(void *context, const volatile void *at, unsigned n, uint64_t value)
{
    uint8_t *descs = guest_at(&guest, guest.part[DESC]);
    uintptr_t offset = (uintptr_t)at - (uintptr_t)descs;
    uint64_t addr;
    unsigned flags;
    uint8_t *desc;
    (void)context;
    if (n != 8u || offset >= 16u * guest.entries) {
        return value;
    }
    desc = descs + offset / 16u * 16u;
    if (looked[offset / 8u]) {
        memcpy(&value, descs + 16u * below(guest.entries) + offset % 16u, sizeof value);
        return chance(1, 2) ? value : sm_random_next(&run.random);
    }
    looked[offset / 8u] = true;
    if (offset % 16u == 0u) {
        if (chance(1, 16)) {
            (void)guest_pick(&guest, chance(1, 2), 64, &addr);
            sm_put64(desc, chance(1, 8) ? odd_address(&guest) : addr, guest.big);
        }
    } else {
        flags = sm_get16(desc + 12, guest.big) ^ (chance(1, 16) ? 1u << below(2) : 0u);
        if (sm_get64(desc, guest.big) < guest.data) {
            flags &= ~SM_DESC_INDIRECT; /* a table laid over descriptors would be a good reason to look twice */
        }
        sm_put16(desc + 12, (uint16_t)flags, guest.big);
        if (chance(1, 8)) {
            sm_put16(desc + 14, (uint16_t)below(guest.entries), guest.big);
        }
    }
    detail("descriptor %u, word %u, is found as 0x%" PRIx64, (unsigned)(offset / 16u), (unsigned)(offset / 8u % 2u),
           sm_get64(descs + offset, guest.big));
    memcpy(&value, descs + offset, sizeof value);
    return value;
}

static enum vqg_status pop_in_a_race(struct vqg_chain *c)
{
    enum vqg_status st;
    memset(looked, 0, sizeof looked);
    test_port.adversary = racing_driver;
    st = vqg_device_pop(&device, c);
    test_port.adversary = NULL;
    return st;
}

/* ---------------------------------------------------------------- pop */

static void after_violation(enum vqg_rule rule, const struct sm_chain *said, struct vqg_chain *c)
{
    enum sm_rule id = sm_rule_by_name(vqg_rule_id(rule));
    const struct vqg_violation *v = vqg_device_violation(&device);
    first = violations++ == 0u ? rule : first;
    same("number of violations", v->count, violations);
    same("first rule", v->rule, first);
    if (policy.chain == VQG_CHAIN_DROP && (id < SM_S1 || id > SM_S5)) {
        struct sm_set none = sm_dev_drop(&model, said);
        holds("the head can be returned", sm_set_is_empty(&none));
        same("dropped chains", vqg_device_dropped(&device), ++dropped);
        holds("the endpoint goes on", !vqg_device_needs_reset(&device));
        guest_taken(&guest, said->head);
        seen.dropped++;
        return;
    }
    seen.latched++;
    operation("everything is quiet after a violation");
    keep();
    holds("the endpoint is latched", vqg_device_needs_reset(&device));
    holds("nothing is published", !vqg_device_notify(&device));
    answer(vqg_device_pop(&device, c), VQG_DEAD);
    for (uint32_t i = 0; i < pool_count && chance(1, 4); i++) {
        if (lent[i]) {
            answer(vqg_device_push(&device, &pool[i], 0), stale[i] ? VQG_STALE : VQG_DEAD);
            lent[i] = false;
        }
    }
    kept_but_used(false);
    settle();
    op_reset();
}

static void op_push(void);

/* Takes the next chain on both sides; with all chains lent already, returns one. */
static void op_pop(void)
{
    struct vqg_chain *c;
    struct sm_chain said;
    enum vqg_status st;
    bool racing = guest.entries <= RACED_MAX && chance(1, 6);
    bool held;
    uint32_t k = 0;
    while (k < pool_count && lent[k]) {
        k++;
    }
    if (k == pool_count) {
        op_push();
        return;
    }
    c = &pool[k];
    operation("pop%s", racing ? " while the driver writes" : "");
    keep();
    if (racing) {
        st = pop_in_a_race(c);
        keep_descriptors();
    } else {
        said = sm_dev_pop(&model);
        held = to_be_held_back(&said);
        st = vqg_device_pop(&device, c);
    }
    kept_but_used(policy.chain == VQG_CHAIN_DROP && vqg_is_violation(st));
    if (racing) {
        said = sm_dev_pop(&model);
        held = to_be_held_back(&said);
    }
    if (vqg_is_violation(st)) {
        enum vqg_rule rule = vqg_status_rule(st);
        if (tight && rule == VQG_RULE_QUOTA && said.outcome == SM_OK && said.segment_count > capacity) {
            sm_dev_unpop(&model, &said);
            said.broken.has[SM_M9] = true;
        } else if (tight && rule == VQG_RULE_QUOTA && said.outcome == SM_BROKEN && policy.span == VQG_SPAN_SPLIT) {
            said.broken.has[SM_M9] = true; /* how many segments there were, the model did not say */
        }
        holds("a chain to be held back is held back", !held);
        verdict(st, rule, &said.broken);
        settle();
        after_violation(rule, &said, c);
    } else if (st == VQG_OK) {
        verdict(st, VQG_RULE_NONE, &said.broken);
        holds("the model has a chain too", said.outcome == SM_OK);
        same_chain(c, &said);
        same("generation", c->generation, generation);
        guest_taken(&guest, said.head);
        lent[k] = true;
        stale[k] = false;
        seen.chains++;
        seen.segments += c->count;
    } else {
        seen.held += held ? 1u : 0u;
        seen.empty += held ? 0u : 1u;
        answer(st, held ? VQG_FULL : VQG_EMPTY);
        holds("the model has none either", held || said.outcome == SM_EMPTY);
        if (!held && kicks && (guest.features & SM_FEATURE_EVENT_IDX) != 0u) {
            uint64_t event = guest.part[USED] + 4u + 8u * (uint64_t)guest.entries;
            same("avail_event", sm_get16(guest_at(&guest, event), guest.big), model.last_avail);
        }
    }
    sm_chain_free(&said);
}

#endif
