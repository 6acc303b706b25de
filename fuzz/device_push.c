/* SPDX-License-Identifier: MIT */
/* Returning chains, telling the driver, and what the driver tells. */
#include "device.h"

#include <inttypes.h>
#include <string.h>

/* ---------------------------------------------------------------- push */

/* The k-th of the chains that are out; with IN_ORDER and an even `a`, the one whose turn it is. */
static unsigned choose(const struct step *step)
{
    unsigned out[POOL];
    unsigned count = 0;
    for (unsigned i = 0; i < POOL; i++) {
        if (truth.lent[i]) {
            out[count++] = i;
        }
    }
    if ((step->a & 0x40u) != 0u || count == 0u) {
        return step->a % POOL; /* one that is not out, perhaps */
    }
    for (unsigned i = 0; i < count && world.in_order && truth.live && (step->a & 1u) == 0u; i++) {
        if (!truth.stale[out[i]] && own.chain[out[i]].head == truth.model.order[0]) {
            return out[i];
        }
    }
    return out[step->a / 2u % count];
}

static void judge_push(enum vqg_status st, unsigned k, uint32_t written)
{
    struct vqg_chain *c = &own.chain[k];
    struct sm_set broken;
    if (!truth.lent[k]) {
        answer_is(st, VQG_BAD_CHAIN);
        return;
    }
    if (truth.stale[k] || !truth.live) {
        const uint64_t bytes = (uint64_t)c->readable + c->writable;
        answer_is(st, truth.stale[k] ? VQG_STALE : VQG_DEAD);
        truth.stale_bytes -= truth.stale[k] ? bytes : 0u;
        if (truth.model.ready) {
            truth.model.bytes_in_flight -= bytes;
        }
        truth.lent[k] = false;
        return;
    }
    broken = sm_dev_push(&truth.model, c->head, written);
    if (sm_set_is_empty(&broken)) {
        answer_is(st, VQG_OK);
        truth.lent[k] = false;
    } else if (sm_set_has(&broken, SM_C11)) {
        answer_is(st, VQG_BAD_LENGTH);
    } else {
        answer_is(st, sm_set_has(&broken, SM_O5) ? VQG_BAD_ORDER : VQG_BAD_CHAIN);
    }
}

/* `a`: which; `b`: bytes written, or with bit 7 of `a` more than fit. */
void step_push(const struct step *step)
{
    const unsigned k = choose(step);
    struct vqg_chain *c = &own.chain[k];
    const uint32_t written = (step->a & 0x80u) != 0u ? c->writable + 1u + step->b
                             : step->b == 0u         ? c->writable
                                                     : step->b % (c->writable == UINT32_MAX ? c->writable : c->writable + 1u);
    enum vqg_status st;
    SAY("push chain %u, head %u, %" PRIu32 " of %" PRIu32 " bytes", k, c->head, written, c->writable);
    memory_call(NO_POLL, 0);
    st = vqg_device_push(&own.device, c, written);
    judge_push(st, k, written);
    if (truth.live) {
        device_may_store();
    }
    HOLDS(memory_loads() == 0u, "a push looks at shared memory");
    memory_settle();
}

/* ---------------------------------------------------------------- notify */

/* What the library stored is what was returned. The driver, who may have written over it, finds what it deserves. */
static void judge_returns(void)
{
    size_t offset = 0;
    bool match;
    truth.model.memory.bytes = by_library;
    match = world.packed || world.in_order ? sm_dev_returns_match(&truth.model)
                                           : sm_dev_used_matches(&truth.model, &offset);
    HOLDS(match, "the driver does not find what was returned");
    truth.model.memory.bytes = found;
}

void step_notify(const struct step *step)
{
    const uint16_t to = truth.model.used_idx;
    bool interrupt;
    bool due;
    (void)step;
    memory_call(NO_POLL, 0);
    interrupt = vqg_device_notify(&own.device);
    SAY("notify: %s", interrupt ? "interrupt" : "quiet");
    if (!truth.live || to == truth.published) {
        HOLDS(!interrupt && memory_loads() == 0u, "an interrupt for nothing");
        memory_settle();
        return;
    }
    due = sm_dev_notify(&truth.model, truth.published, to);
    HOLDS(interrupt == due, "the driver is interrupted, or not");
    device_may_store();
    memory_settle();
    judge_returns();
    sm_dev_publish(&truth.model);
    truth.published = to;
}

/* ---------------------------------------------------------------- the notification register */

/* Could a driver be there, by the notification of position `next`? */
static bool could_be(uint16_t next)
{
    const struct sm_dev *m = &truth.model;
    const uint16_t get = (uint16_t)(m->last_avail + truth.resume_left);
    uint16_t at = truth.published;
    if (!world.packed) {
        const uint32_t flying = (uint16_t)(get - truth.published);
        const uint32_t ahead = (uint16_t)(next - get);
        const uint32_t behind = (uint16_t)(get - next);
        return ahead + flying <= world.size || behind <= 0x8000u;
    }
    if ((next & ~SM_WRAP) >= world.size) {
        return false;
    }
    for (uint32_t n = 0; n <= world.size; n++, at = position_behind(at, 1)) {
        if (at == next) {
            return true;
        }
    }
    at = next;
    for (uint32_t n = 0; n <= world.size; n++, at = position_behind(at, 1)) {
        if (at == m->last_avail) {
            return true;
        }
    }
    return false;
}

/* `v` is what the driver writes to the register; `a`: how many queues there are. */
void step_hint(const struct step *step)
{
    const bool has_next = (world.features & VQG_F_NOTIFICATION_DATA) != 0u;
    const uint32_t queues = 1u + (step->a & 3u);
    const uint32_t value = has_next && (step->a & 4u) != 0u
                               ? (uint32_t)(uint16_t)(truth.model.last_avail + step->b) << 16 | (step->v & 3u)
                               : step->v;
    const uint32_t queue = has_next ? value & 0xffffu : value;
    struct vqg_notification note;
    enum vqg_status st = vqg_notification_parse(value, world.features, queues, &note);
    SAY("0x%" PRIx32 " of %" PRIu32 " queues", value, queues);
    answer_is(st, queue < queues ? VQG_OK : VQG_V_NOTIFY_QUEUE);
    if (st != VQG_OK) {
        return;
    }
    HOLDS(note.queue == queue && note.has_next == has_next && (!has_next || note.next == value >> 16), "taken apart");
    if (!has_next) {
        return;
    }
    memory_call(NO_POLL, 0);
    st = vqg_device_hint(&own.device, note.next);
    HOLDS(memory_loads() == 0u, "a hint leads to a look");
    if (!truth.live) {
        answer_is(st, VQG_DEAD);
    } else if (could_be(note.next)) {
        answer_is(st, VQG_OK);
    } else {
        answer_is(st, VQG_V_NOTIFY_HINT);
        device_latched(VQG_RULE_NOTIFY_HINT, NULL);
        truth.live = false;
    }
    memory_settle();
}
