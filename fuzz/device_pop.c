/* SPDX-License-Identifier: MIT */
/* Taking chains, and looking for them. */
#include "device.h"

#include <inttypes.h>
#include <string.h>

/* ---------------------------------------------------------------- what the library knows and memory does not say */

static uint8_t kept_area[AT_USED - AT_AVAIL];
static uint16_t kept_flags;

/*
 * Heads to be taken again do not stand in the ring, nor do flags that were seen before and stay accepted. For the model
 * they do, for the time of one call.
 */
static void show_model(void)
{
    const uint16_t at = truth.model.last_avail;
    if (world.packed) {
        kept_flags = (uint16_t)memory_get(at_packed_flags(at), 2);
        if (truth.kept) {
            sm_put16(found + at_packed_flags(at), truth.kept_flags, shared_is_big);
        }
        return;
    }
    memcpy(kept_area, found + AT_AVAIL, sizeof kept_area);
    if (truth.resume_left != 0u) {
        for (uint32_t i = 0; i < truth.resume_left; i++) {
            sm_put16(found + at_avail_entry((uint16_t)(at + i)), truth.resume[truth.resume_from + i], shared_is_big);
        }
        sm_put16(found + AT_AVAIL_IDX, (uint16_t)(at + truth.resume_left), shared_is_big);
    }
}

static void hide_model(uint16_t at)
{
    if (world.packed) {
        sm_put16(found + at_packed_flags(at), kept_flags, shared_is_big);
    } else {
        memcpy(found + AT_AVAIL, kept_area, sizeof kept_area);
    }
}

/* A table of the hostile driver's lies over what the model is shown instead of memory: it has one memory only. */
static bool model_is_misled(void)
{
    return (truth.kept && memory_loaded(at_packed_flags(truth.model.last_avail), 2)) ||
           (truth.resume_left != 0u && memory_loaded(AT_AVAIL, AT_USED - AT_AVAIL));
}

static struct sm_chain model_pop(void)
{
    const uint16_t at = truth.model.last_avail;
    struct sm_chain said;
    show_model();
    said = sm_dev_pop(&truth.model);
    hide_model(at);
    return said;
}

/* A chain that is only too much together with what is in flight stays in the ring. */
static bool to_be_held_back(const struct sm_chain *said)
{
    const uint64_t bytes = truth.model.bytes_in_flight;
    struct sm_chain alone;
    bool fits;
    if (said->outcome != SM_BROKEN || sm_set_count(&said->broken) != 1u || !sm_set_has(&said->broken, SM_M9) ||
        bytes == 0u) {
        return false;
    }
    truth.model.bytes_in_flight = 0;
    alone = model_pop();
    fits = alone.outcome == SM_OK && alone.segment_count <= truth.capacity;
    if (alone.outcome == SM_OK) {
        sm_dev_unpop(&truth.model, &alone);
    }
    truth.model.bytes_in_flight = bytes;
    sm_chain_free(&alone);
    return fits;
}

/* ---------------------------------------------------------------- verdicts */

static void judge_chain(const struct vqg_chain *c, const struct sm_chain *said)
{
    HOLDS(said->outcome == SM_OK, "the library takes a chain where none is");
    HOLDS(c->head == said->head, "head %u, not %u", c->head, said->head);
    HOLDS(c->count == said->segment_count && c->count <= truth.capacity, "%" PRIu32 " segments, not %zu", c->count,
          said->segment_count);
    HOLDS(c->readable == said->readable && c->writable == said->writable, "%" PRIu32 " and %" PRIu32 " bytes",
          c->readable, c->writable);
    HOLDS(c->generation == truth.generation, "of another generation");
    for (uint32_t i = 0; i < c->count; i++) {
        const struct vqg_seg *s = &c->seg[i];
        const struct sm_segment *m = &said->segments[i];
        unsigned k = 0;
        HOLDS(s->addr == m->addr && s->len == m->len && s->write == m->write && s->bus == m->bus,
              "segment %" PRIu32 " is another one", i);
        /* Every byte is covered by a capability held now, whatever the model says. */
        while (k < CAPS && (device_cap[k].rights == 0u || s->addr < device_cap[k].base ||
                            s->addr - device_cap[k].base >= device_cap[k].size)) {
            k++;
        }
        HOLDS(k < CAPS && s->len != 0u && s->len <= device_cap[k].size - (s->addr - device_cap[k].base) &&
                  (device_cap[k].rights & (s->write ? VQG_CAP_WRITE : VQG_CAP_READ)) != 0u,
              "segment %" PRIu32 " is not covered", i);
        HOLDS(s->token == device_cap[k].token && s->map == caps_map(s->addr), "segment %" PRIu32 " is somewhere else", i);
    }
}

static void judge_violation(enum vqg_status st, struct sm_chain *said)
{
    const enum vqg_rule rule = vqg_status_rule(st);
    /* A list that cannot be dropped breaks two. */
    const bool quota = rule == VQG_RULE_QUOTA || vqg_device_violation(&own.device)->rule == VQG_RULE_QUOTA;
    struct sm_set none;
    if (rule == VQG_RULE_QUOTA && said->outcome == SM_OK && said->segment_count > truth.capacity) {
        sm_dev_unpop(&truth.model, said);
        said->broken.has[SM_M9] = true;
    } else if (quota && said->outcome == SM_BROKEN && world.policy.span == VQG_SPAN_SPLIT) {
        said->broken.has[SM_M9] = true; /* how many segments there were, the model did not say */
    }
    if (rule == VQG_RULE_PIN) { /* the platform's own business, which the model does not know */
        HOLDS(caps_refused, "a pin is missing that was not refused");
        if (said->outcome == SM_OK) {
            sm_dev_unpop(&truth.model, said);
        }
        SAY("a pin was refused");
    } else {
        verdict(st, &said->broken);
    }
    device_latched(rule, &said->broken);
    if (world.policy.chain != VQG_CHAIN_DROP || vqg_rule_kind(rule) != VQG_KIND_CHAIN) {
        HOLDS(vqg_device_needs_reset(&own.device), "a violation does not latch");
        truth.live = false;
        return;
    }
    none = sm_dev_drop(&truth.model, said);
    HOLDS(sm_set_is_empty(&none), "a chain is dropped that cannot be");
    HOLDS(!vqg_device_needs_reset(&own.device), "a dropped chain latches");
    HOLDS(vqg_device_dropped(&own.device) == ++truth.dropped, "dropped chains");
}

/* Empty means armed (E3). */
static void is_armed(void)
{
    const uint16_t at = truth.model.last_avail;
    if (world.event_idx && !truth.quiet) {
        HOLDS(memory_stored(world.packed ? AT_USED : at_avail_event(), 2) == at, "nothing is there, and no event set");
        HOLDS(!world.packed || memory_stored(AT_USED + 2u, 2) == 2u, "nothing is there, and no event asked for");
    }
}

/* One of the heads to be taken again is done with. */
static void resumed(void)
{
    if (truth.resume_left != 0u) {
        truth.resume_from++;
        truth.resume_left--;
    }
}

/* ---------------------------------------------------------------- pop */

static unsigned free_chain(void)
{
    unsigned k = 0;
    while (k < POOL && truth.lent[k]) {
        k++;
    }
    return k;
}

static void judge_pop(enum vqg_status st, unsigned k)
{
    struct sm_chain said = model_pop();
    const bool held = to_be_held_back(&said);
    const uint16_t before = truth.model.last_avail;
    if (st == VQG_OK) {
        verdict(st, &said.broken);
        judge_chain(&own.chain[k], &said);
        truth.lent[k] = true;
        truth.stale[k] = false;
        post_taken(said.slots);
        resumed();
        truth.kept = false;
    } else if (vqg_is_violation(st)) {
        HOLDS(!held || vqg_status_rule(st) == VQG_RULE_PIN, "a chain to be held back is refused");
        judge_violation(st, &said);
        if (truth.live) {
            resumed();
        }
        truth.kept = false;
        post_begin();
    } else if (held) {
        answer_is(st, VQG_FULL);
    } else {
        HOLDS(said.outcome == SM_EMPTY, "the library finds nothing, the model something");
        answer_is(st, VQG_EMPTY);
        is_armed();
        post_begin();
    }
    (void)before;
    sm_chain_free(&said);
}

void step_pop(const struct step *step)
{
    const unsigned k = free_chain();
    enum vqg_status st;
    (void)step;
    if (k == POOL) {
        return;
    }
    memory_call(truth.live ? device_poll() : NO_POLL,
                !world.indirect ? 0u : world.packed ? AT_TABLES : SHARED_BYTES);
    st = vqg_device_pop(&own.device, &own.chain[k]);
    if (!truth.live) {
        answer_is(st, truth.untold ? (enum vqg_status)(VQG_VIOLATION_BASE - (int)truth.untold_rule) : VQG_DEAD);
        HOLDS(memory_loads() == 0u, "an endpoint that is not live looks");
        truth.untold = false;
    } else if (model_is_misled()) {
        memory_may_store(AT_DESC, AT_SIBLING - AT_DESC);
        script_stop();
    } else {
        judge_pop(st, k);
        device_may_store();
    }
    caps_refuse = 0;
    caps_refused = false;
    memory_settle();
}

/* ---------------------------------------------------------------- kicks */

static void judge_kicks(bool more)
{
    const struct sm_dev *m = &truth.model;
    uint32_t pending;
    if (truth.resume_left != 0u || truth.kept || (!world.packed && m->seen_avail != m->last_avail)) {
        HOLDS(more && memory_loads() == 0u, "what was accepted before is looked at anew");
        return;
    }
    if (world.packed) {
        truth.kept_flags = (uint16_t)memory_get(at_packed_flags(m->last_avail), 2);
        truth.kept = (truth.kept_flags & (SM_DESC_AVAIL | SM_DESC_USED)) == sm_packed_available(m->last_avail);
        HOLDS(more == truth.kept, "an element is available, or is not");
        return;
    }
    pending = (uint16_t)(memory_get(AT_AVAIL_IDX, 2) - m->last_avail);
    HOLDS(more == (pending != 0u), "something is available, or is not");
    if (pending + m->in_flight_count + m->unpublished > world.size) {
        truth.live = false;
        truth.untold = true;
        truth.untold_rule = pending > world.size && vqg_device_violation(&own.device)->rule != VQG_RULE_OVERSUBSCRIBED
                                ? VQG_RULE_AVAIL_JUMP
                                : VQG_RULE_OVERSUBSCRIBED;
        HOLDS(vqg_device_needs_reset(&own.device), "an index that cannot be does not latch");
        device_latched(truth.untold_rule, NULL);
        truth.untold_rule = truth.first == VQG_RULE_AVAIL_JUMP ? VQG_RULE_AVAIL_JUMP : VQG_RULE_OVERSUBSCRIBED;
    } else {
        truth.model.seen_avail = (uint16_t)memory_get(AT_AVAIL_IDX, 2);
    }
}

/* Bit 0 of `a`: asks for no kicks, or else for kicks. */
void step_kicks(const struct step *step)
{
    bool more;
    truth.quiet = (step->a & 1u) != 0u;
    memory_call(truth.live ? device_poll() : NO_POLL, 0);
    if (truth.live) {
        device_may_store();
    }
    if (truth.quiet) {
        vqg_device_kick_disable(&own.device);
        HOLDS(memory_loads() == 0u, "to ask for nothing takes no look");
    } else {
        more = vqg_device_kick_enable(&own.device);
        SAY("kicks: %s", more ? "there is more" : "armed");
        HOLDS(memory_loads() <= 1u, "to arm takes one look");
        if (!truth.live) {
            HOLDS(more == truth.untold && memory_loads() == 0u, "an endpoint that is not live looks");
        } else {
            judge_kicks(more);
            if (!more) {
                is_armed();
            }
        }
    }
    memory_settle();
}
