/* SPDX-License-Identifier: MIT */
#include "completions.h"

#include <inttypes.h>
#include <string.h>

struct completions lent;

void completions_begin(void)
{
    sm_drv_free(&lent.model);
    memset(&lent, 0, sizeof lent);
    sm_drv_init(&lent.model, world.features, world.size, world.start, world.start);
    lent.model.unflagged = world.policy.accept_unflagged;
    lent.life = LIFE_LIVE;
    lent.seen = world.start;
}

void completions_end(void)
{
    sm_drv_free(&lent.model);
}

/* ---------------------------------------------------------------- cookies */

void *completions_cookie(uint64_t number)
{
    return (void *)(uintptr_t)(number + 1u);
}

void completions_lend(uint64_t number)
{
    lent.out[number] = true;
}

void completions_back(const void *cookie)
{
    const uintptr_t number = (uintptr_t)cookie - 1u;
    HOLDS(number <= SCRIPT_STEPS && lent.out[number], "a cookie that is not out comes back: %p", cookie);
    lent.out[number] = false;
}

/* ---------------------------------------------------------------- take */

size_t completions_poll(void)
{
    return world.packed ? at_packed_flags(lent.model.last_used) : AT_USED_IDX;
}

/* What the library has found, or found before and kept. */
static struct sm_used look(void)
{
    const uint16_t at = lent.model.last_used;
    struct sm_used used;
    memset(&used, 0, sizeof used);
    if (world.packed) {
        used.flags = lent.kept ? lent.kept_flags : (uint16_t)memory_get(at_packed_flags(at), 2);
        used.id = (uint32_t)memory_get(at_packed_id(at), 2);
        used.len = (uint32_t)memory_get(at_desc(index_of(at)) + 8u, 4);
    } else {
        used.idx = lent.seen == at ? (uint16_t)memory_get(AT_USED_IDX, 2) : lent.seen;
        used.id = (uint32_t)memory_get(at_used_elem(at), 4);
        used.len = (uint32_t)memory_get(at_used_elem(at) + 4u, 4);
    }
    return used;
}

static void judge_done(const struct vqg_done *done, const struct sm_take *said, uint32_t slots)
{
    const bool clamps = world.policy.length == VQG_LENGTH_CLAMP;
    const unsigned flags = (said->clamped && clamps ? VQG_DONE_CLAMPED : 0u) |
                           (said->too_short ? VQG_DONE_SHORT : 0u) | (said->claimed ? VQG_DONE_CLAIMED : 0u);
    HOLDS(said->outcome == SM_OK, "the library takes where nothing is");
    HOLDS((uintptr_t)done->cookie == said->cookie, "another cookie comes back: %p, not %" PRIu64, done->cookie,
          said->cookie);
    HOLDS(done->id == said->head && done->count == slots, "another chain comes back: %u, not %" PRIu32, done->id,
          said->head);
    HOLDS(done->len == said->len, "length %" PRIu32 ", not %" PRIu64, done->len, said->len);
    HOLDS(done->flags == flags, "flags 0x%x, not 0x%x", done->flags, flags);
    HOLDS(done->generation == lent.generation, "of another generation");
}

bool completions_judge(enum vqg_status st, const struct vqg_done *done, const struct vqg_violation *record)
{
    const uint32_t before = lent.model.outstanding_slots;
    const bool whole = lent.model.batch == 0u;
    struct sm_used used;
    struct sm_take said;
    if (lent.life != LIFE_LIVE) {
        answer_is(st, lent.life == LIFE_UNTOLD ? VQG_V_USED_JUMP : VQG_DEAD);
        lent.life = lent.life == LIFE_UNTOLD ? LIFE_DEAD : lent.life;
        return false;
    }
    used = look();
    said = sm_drv_take(&lent.model, used, (enum sm_len_policy)world.policy.length);
    SAY("index 0x%x, flags 0x%x, id 0x%" PRIx32 ", %" PRIu32 " bytes", used.idx, used.flags, used.id, used.len);
    if (st == VQG_EMPTY) {
        HOLDS(said.outcome == SM_EMPTY, "the library finds nothing, the model something");
        answer_is(st, VQG_EMPTY);
        return false;
    }
    lent.kept = false;
    lent.seen = whole && !world.packed ? used.idx : lent.seen;
    verdict(st, &said.broken);
    if (st != VQG_OK) {
        HOLDS(record->rule == vqg_status_rule(st) && record->count == 1u, "the record has another rule");
        lent.life = LIFE_DEAD;
        return false;
    }
    judge_done(done, &said, before - lent.model.outstanding_slots);
    completions_back(done->cookie);
    return true;
}

void completions_looked(bool more)
{
    const uint16_t at = lent.model.last_used;
    lent.quiet = false;
    if (lent.life != LIFE_LIVE) {
        HOLDS(more == (lent.life == LIFE_UNTOLD), "an endpoint that is not live has something");
        return;
    }
    if (lent.model.batch != 0u || lent.kept || (!world.packed && lent.seen != at)) {
        HOLDS(more && memory_loads() == 0u, "what was accepted before is looked at anew");
        return;
    }
    if (world.packed) {
        lent.kept_flags = (uint16_t)memory_get(at_packed_flags(at), 2);
        lent.kept = (lent.kept_flags & (SM_DESC_AVAIL | SM_DESC_USED)) == sm_packed_used(at);
        HOLDS(more == lent.kept, "a used element is there, or is not");
    } else {
        const uint16_t idx = (uint16_t)memory_get(AT_USED_IDX, 2);
        HOLDS(more == (idx != at), "an element is there, or is not");
        if ((uint16_t)(idx - at) > lent.model.outstanding) {
            lent.life = LIFE_UNTOLD;
        } else {
            lent.seen = idx;
        }
    }
}

/* ---------------------------------------------------------------- the device */

static void put_used(uint16_t at, uint32_t id, uint32_t len, unsigned flags)
{
    if (world.packed) {
        memory_put(at_desc(index_of(at)) + 8u, 4, len);
        memory_put(at_packed_id(at), 2, id);
        memory_put(at_packed_flags(at), 2, flags);
    } else {
        memory_put(at_used_elem(at), 4, id);
        memory_put(at_used_elem(at) + 4u, 4, len);
    }
}

/*
 * `a` says which of the chains in flight (with IN_ORDER: up to which), `b` how many bytes; nothing in flight: id `v`.
 * With bit 7 of `a`, more than the writable ones.
 */
void step_return(const struct step *step)
{
    const uint16_t at = lent.model.last_used;
    const uint32_t k = lent.model.outstanding == 0u ? 0u : step->a % lent.model.outstanding;
    uint32_t id = step->v;
    uint32_t len = step->b;
    if (lent.model.outstanding != 0u) {
        const uint32_t writable = (uint32_t)lent.model.lent[lent.model.order[k]].writable;
        id = lent.model.order[k];
        len = (step->a & 0x80u) != 0u ? writable + step->b : step->b % (writable + 1u);
    }
    SAY("the device returns id %" PRIu32 " with %" PRIu32 " bytes", id, len);
    put_used(at, id, len, sm_packed_used(at) | (len != 0u ? SM_DESC_WRITE : 0u));
    if (!world.packed) {
        memory_put(AT_USED_IDX, 2, (uint16_t)(at + (world.in_order ? k + 1u : 1u)));
    }
}

void step_spoil_used(const struct step *step)
{
    const uint16_t at = (uint16_t)(lent.model.last_used + (world.packed ? 0u : step->b >> 12));
    switch (step->a % 6u) {
    case 0: /* the index, from where the driver is */
        if (!world.packed) {
            memory_put(AT_USED_IDX, 2, (uint16_t)(lent.model.last_used + step->b));
            break;
        }
        /* fall through */
    case 1:
        memory_put(world.packed ? at_packed_id(at) : at_used_elem(at), world.packed ? 2 : 4, step->v);
        break;
    case 2:
        memory_put(world.packed ? at_desc(index_of(at)) + 8u : at_used_elem(at) + 4u, 4, step->v);
        break;
    case 3:
        memory_put(world.packed ? at_packed_flags(at) : AT_USED, 2,
                   world.packed ? sm_packed_used(at) ^ (step->v & 0xffffu) : step->v);
        break;
    case 4: /* the id of a chain that is not there any more, or not yet, or another one */
        memory_put(world.packed ? at_packed_id(at) : at_used_elem(at), world.packed ? 2 : 4, step->b % world.size);
        break;
    default: /* one bit of the id */
        memory_put(world.packed ? at_packed_id(at) : at_used_elem(at), world.packed ? 2 : 4,
                   (lent.model.outstanding == 0u ? 0u : lent.model.order[0]) ^
                       (UINT32_C(1) << step->b % (world.packed ? 16u : 32u)));
        break;
    }
}

void step_device_events(const struct step *step)
{
    queue_events(false, step);
}
