/* SPDX-License-Identifier: MIT */
/* The device endpoint under a driver that may do anything: its life. */
#include "device.h"

#include <inttypes.h>
#include <string.h>

struct device_own own;
struct device_truth truth;

void device_end(void)
{
    canary_check(own.c0, "the device");
    canary_check(own.c1, "the device and its slots");
    canary_check(own.c2, "the slots and the chains");
    canary_check(own.c3, "the chains and their segments");
    for (unsigned i = 0; i < POOL; i++) {
        canary_check(own.segs[i].c, "a chain's segments");
    }
    if (!script_stopped()) {
        HOLDS(vqg_device_needs_reset(&own.device) == (!truth.live && !truth.off), "latched, or not");
        caps_check();
    }
    memory_end();
}

/* ---------------------------------------------------------------- reset and enable */

void device_reset(void)
{
    vqg_device_reset(&own.device);
    truth.generation += truth.off ? 0u : 1u;
    for (unsigned i = 0; i < POOL; i++) {
        if (truth.lent[i] && !truth.stale[i]) {
            truth.stale[i] = true;
            truth.stale_bytes += (uint64_t)own.chain[i].readable + own.chain[i].writable;
        }
    }
    truth.off = true;
    truth.live = false;
    truth.untold = false;
    sm_dev_free(&truth.model);
}

enum vqg_status device_enable(const struct vqg_queue *q)
{
    struct faults faults;
    enum vqg_status st;
    /* The record has room for QUEUE_MAX, and any more has to be refused. */
    queue_faults(&faults, q, QUEUE_MAX);
    if (truth.off) {
        struct faults parts;
        device_faults(&parts, q);
        faults.statuses |= parts.statuses;
        for (unsigned i = 0; i < VQG_RULE_COUNT; i++) {
            faults.rule[i] = faults.rule[i] || parts.rule[i];
        }
    }
    memory_call(NO_POLL, 0);
    st = vqg_device_enable(&own.device, q);
    if (!truth.off) {
        answer_is(st, VQG_BAD_STATE);
        return st;
    }
    if (caps_refused) {
        fault(&faults, VQG_BAD_DESC, VQG_RULE_PIN);
        fault(&faults, VQG_BAD_AVAIL, VQG_RULE_PIN);
        fault(&faults, VQG_BAD_USED, VQG_RULE_PIN);
    }
    caps_refuse = 0;
    caps_refused = false;
    faults_judge(&faults, st, vqg_device_violation(&own.device));
    truth.violations = 0;
    truth.first = VQG_RULE_NONE;
    if (st == VQG_OK) {
        truth.off = false;
        truth.live = true;
        truth.queue = *q;
    }
    return st;
}

/* Bit 0 of `a`: reset, or else enable, with the field `b` of the configuration changed to `v`. */
void step_life(const struct step *step)
{
    struct vqg_queue q = world.queue;
    const bool was_off = truth.off;
    memory_call(NO_POLL, 0);
    if ((step->a & 1u) != 0u) {
        device_reset();
        memory_settle();
        return;
    }
    queue_spoil(&q, (step->a & 2u) != 0u ? step->b : 0u, step->v);
    if (device_enable(&q) == VQG_OK) {
        memory_may_store((size_t)(q.used_addr - SHARED_BASE), 6u + 8u * (size_t)q.size);
        memory_settle();
        if (memcmp(&q, &world.queue, sizeof q) != 0) { /* good, but not what the script goes on with */
            device_reset();
            if (device_enable(&world.queue) != VQG_OK) {
                memory_settle(); /* a capability of it is gone */
                return;
            }
        }
        memory_may_store(AT_USED, 6u + 8u * QUEUE_MAX);
        memory_settle();
        device_model(world.start, world.start);
        post_begin();
    }
    HOLDS(was_off || !truth.off, "an enable that is out of place changes the endpoint");
    memory_settle();
}

/* ---------------------------------------------------------------- what all steps ask */

size_t device_poll(void)
{
    return world.packed ? at_packed_flags(truth.model.last_avail) : AT_AVAIL_IDX;
}

void device_may_store(void)
{
    uint16_t at = truth.model.shown;
    if (!world.packed) {
        memory_may_store(AT_USED, 6u + 8u * (size_t)world.size);
        return;
    }
    memory_may_store(AT_USED, 4);
    for (uint32_t i = 0; i < truth.model.return_count; i++) {
        memory_may_store(at_desc(index_of(at)) + 8u, 8);
        at = sm_packed_advance(at, truth.model.returns[i].slots, world.size);
    }
}

void device_latched(enum vqg_rule rule, const struct sm_set *set)
{
    const struct vqg_violation *v = vqg_device_violation(&own.device);
    const bool first = truth.violations == 0u;
    if (set != NULL && v->count == truth.violations + 2u) {
        /* Behind an element that alone would be dropped, the list cannot be. */
        HOLDS(world.packed && world.policy.chain == VQG_CHAIN_DROP && vqg_rule_kind(rule) == VQG_KIND_FATAL,
              "one call, two violations");
        truth.violations++;
        rule = v->rule;
        HOLDS(!first || caps_refused || set_has(set, rule), "the record has %s, the model not", vqg_rule_id(rule));
    }
    truth.first = first ? rule : truth.first;
    truth.violations++;
    HOLDS(v->rule == truth.first && v->count == truth.violations, "the record has another rule, or count");
}

/* `v`, `b`: is this range in flight? */
void step_ask(const struct step *step)
{
    const uint64_t addr = memory_address(step->v);
    const uint64_t bytes = (step->a & 1u) != 0u ? step->b : step->b % 64u;
    bool busy = bytes != 0u && addr + (bytes - 1u) < addr;
    for (unsigned i = 0; i < POOL && !busy; i++) {
        for (uint32_t k = 0; truth.lent[i] && k < own.chain[i].count; k++) {
            busy = busy || overlap(addr, bytes, own.chain[i].seg[k].addr, own.chain[i].seg[k].len);
        }
    }
    if (!truth.off && !busy) {
        busy = overlap(addr, bytes, SHARED_BASE + AT_DESC, 16u * (uint64_t)world.size) ||
               overlap(addr, bytes, SHARED_BASE + AT_AVAIL, world.packed ? 4u : 6u + 2u * (uint64_t)world.size) ||
               overlap(addr, bytes, SHARED_BASE + AT_USED, world.packed ? 4u : 6u + 8u * (uint64_t)world.size);
    }
    HOLDS(vqg_device_in_flight(&own.device, addr, bytes) == busy, "in flight, or not: %" PRIu64 " bytes at 0x%" PRIx64,
          bytes, addr);
}

void step_driver_events(const struct step *step)
{
    queue_events(true, step);
}

const struct step_kind device_kinds[DEVICE_KINDS] = {
    {"post", 14, step_post},   {"pop", 16, step_pop},
    {"push", 8, step_push},    {"notify", 5, step_notify},
    {"spoil", 14, step_spoil}, {"write", 4, step_write},
    {"answer", 6, step_answer}, {"driver events", 2, step_driver_events},
    {"kicks", 3, step_kicks},  {"reset or enable", 3, step_life},
    {"capabilities", 3, step_caps}, {"notification", 2, step_hint},
    {"in flight", 2, step_ask}, {"restore", 2, step_restore},
    {"pop again", 4, step_pop},
};
