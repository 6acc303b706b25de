/* SPDX-License-Identifier: MIT */
/* The ledger beside a driver's own ring code, under a device that may do anything. */
#include "ledger.h"
#include "completions.h"
#include "driver.h"

#include <inttypes.h>
#include <string.h>

#define IDS QUEUE_MAX

/* What the ledger has, between canaries. */
static struct {
    canary c0;
    struct vqg_ledger ledger;
    canary c1;
    struct vqg_slot slots[QUEUE_MAX];
    canary c2;
} own;

static uint64_t cookies;
static bool busy[QUEUE_MAX];           /* split: descriptors of chains that are lent */
static uint16_t chain[QUEUE_MAX][IDS]; /* by head: its descriptors */

static enum vqg_status init(const struct vqg_queue *q)
{
    uint32_t count;
    struct vqg_slot *slots = queue_slots(q, own.slots, &count);
    memory_call(NO_POLL, 0);
    return vqg_ledger_init(&own.ledger, q, &world.policy, slots, count);
}

static void begin_anew(void)
{
    HOLDS(init(&world.queue) == VQG_OK, "a good queue is refused");
    memory_settle();
    completions_begin();
    lent.quiet = true;
    memset(busy, 0, sizeof busy);
}

void ledger_begin(const uint8_t *head)
{
    struct vqg_queue q;
    struct faults faults;
    queue_begin(head);
    canary_set(own.c0);
    canary_set(own.c1);
    canary_set(own.c2);
    cookies = 0;
    q = world.queue;
    queue_spoil(&q, head[11], head[13] | ((uint32_t)head[14] << 8) | ((uint32_t)head[15] << 24));
    driver_faults(&faults, &q);
    faults_judge(&faults, init(&q), vqg_ledger_violation(&own.ledger));
    memory_settle();
    world.policy.accept_claimed = true;
    begin_anew();
}

void ledger_end(void)
{
    canary_check(own.c0, "the ledger");
    canary_check(own.c1, "the ledger and its slots");
    canary_check(own.c2, "the slots");
    HOLDS(vqg_ledger_needs_reset(&own.ledger) == (lent.life == LIFE_DEAD), "latched, or not");
    completions_end();
    memory_end();
}

/* ---------------------------------------------------------------- publish */

/* The caller's own list: mostly of free descriptors; with bit 7 of `a` of any. */
static uint32_t make_ids(const struct step *step, uint16_t *ids)
{
    const uint32_t count = (step->a & 0x80u) != 0u ? step->a & 31u : 1u + (step->a & 7u) % 5u;
    uint32_t id = step->b % world.size;
    for (uint32_t i = 0; i < IDS; i++) {
        for (uint32_t tries = 0; tries < world.size && (busy[id] || lent.model.lent[id].live); tries++) {
            id = (id + 1u) % world.size;
        }
        ids[i] = (uint16_t)id;
        id = (id + 1u) % world.size;
    }
    if ((step->a & 0x80u) != 0u) {
        ids[step->v % IDS] = step->b;
        ids[step->v / IDS % IDS] = (uint16_t)(step->b % (world.size + 1u));
    }
    return count;
}

static enum vqg_status wanted_of(const uint16_t *ids, uint32_t count, uint32_t writable)
{
    if (lent.life != LIFE_LIVE) {
        return VQG_DEAD;
    }
    if (count == 0u || count > world.size) {
        return VQG_BAD_COUNT;
    }
    if (world.policy.min_length > writable) {
        return VQG_BAD_LENGTH;
    }
    if (world.packed && count > world.size - lent.model.outstanding_slots) {
        return VQG_BAD_COUNT;
    }
    for (uint32_t i = 0; i < (world.packed ? 1u : count); i++) {
        if (ids[i] >= world.size || busy[ids[i]]) {
            return VQG_BAD_HEAD;
        }
        for (uint32_t k = 0; k < i; k++) {
            if (ids[k] == ids[i]) {
                return VQG_BAD_HEAD;
            }
        }
    }
    return VQG_OK;
}

/* `a`: descriptors; `b`: from which on; `v`: writable bytes, or if `a` says so what is wrong with the list. */
static void step_publish(const struct step *step)
{
    uint16_t ids[2u * IDS];
    const uint32_t count = make_ids(step, ids);
    const uint32_t writable = step->v & 0x3ffu;
    enum vqg_status st;
    memcpy(ids + IDS, ids, IDS * sizeof ids[0]);
    SAY("publish %" PRIu32 " descriptors from %u on, %" PRIu32 " bytes to write", count, ids[0], writable);
    memory_call(NO_POLL, 0);
    st = vqg_ledger_publish(&own.ledger, ids, count, writable, completions_cookie(cookies));
    HOLDS(memory_loads() == 0u, "to record takes no look");
    answer_is(st, wanted_of(ids, count, writable));
    if (st == VQG_OK) {
        for (uint32_t i = 0; i < (world.packed ? 1u : count); i++) {
            busy[ids[i]] = true;
            chain[ids[0]][i] = ids[i];
        }
        HOLDS(sm_drv_lend(&lent.model, ids[0], count, writable, world.policy.min_length, cookies + 1u),
              "more is lent than there is");
        completions_lend(cookies++);
    }
    memory_settle();
}

/* ---------------------------------------------------------------- take */

static void step_take(const struct step *step)
{
    struct vqg_done done;
    enum vqg_status st;
    (void)step;
    memset(&done, 0, sizeof done);
    memory_call(completions_poll(), 0);
    st = vqg_ledger_take(&own.ledger, &done);
    HOLDS(memory_loads() <= 3u, "a take makes %u loads", memory_loads());
    if (completions_judge(st, &done, vqg_ledger_violation(&own.ledger))) {
        for (uint32_t i = 0; i < (world.packed ? 1u : done.count); i++) {
            HOLDS(i == 0u || vqg_ledger_next(&own.ledger, chain[done.id][i - 1u]) == chain[done.id][i],
                  "the chain is linked in another way");
            busy[chain[done.id][i]] = false;
        }
    }
    HOLDS(vqg_ledger_next(&own.ledger, (uint16_t)world.size) == world.size, "an id out of range has a next one");
    memory_settle();
}

static void step_reset(const struct step *step)
{
    (void)step;
    begin_anew();
}

const struct step_kind ledger_kinds[LEDGER_KINDS] = {
    {"publish", 14, step_publish},
    {"take", 14, step_take},
    {"return", 9, step_return},
    {"spoil used", 9, step_spoil_used},
    {"write", 3, step_write},
    {"answer", 5, step_answer},
    {"reset", 1, step_reset},
};
