/* SPDX-License-Identifier: MIT */
/* The driver endpoint, under a device that may do anything. */
#include "driver_parts.h"

#include <inttypes.h>
#include <string.h>

struct driver_own own;
struct driver_asked asked;

void driver_anew(void)
{
    completions_begin();
    asked.waiting_count = 0;
    asked.waiting_slots = 0;
    memset(asked.busy, 0, sizeof asked.busy);
}

void driver_is_counted(void)
{
    HOLDS(lent.life != LIFE_LIVE ||
              vqg_driver_free(&own.driver) == world.size - lent.model.outstanding_slots - asked.waiting_slots,
          "%" PRIu32 " descriptors are free", vqg_driver_free(&own.driver));
}

static void allow_area(void)
{
    memory_may_store(AT_AVAIL, world.packed ? 4u : 2u);
    memory_may_store(at_used_event(), 2);
}

void driver_may_clear(void)
{
    memory_may_store(AT_DESC, 16u * (size_t)world.size);
    memory_may_store(AT_AVAIL, 6u + 2u * (size_t)world.size);
    memory_may_store(AT_USED, 6u + 8u * (size_t)world.size);
}

static enum vqg_status init(const struct vqg_queue *q)
{
    uint32_t count;
    struct vqg_slot *slots = queue_slots(q, own.slots, &count);
    memory_call(NO_POLL, 0);
    return vqg_driver_init(&own.driver, q, &world.policy, slots, count);
}

void driver_begin(const uint8_t *head)
{
    struct vqg_queue q;
    struct faults faults;
    queue_begin(head);
    canary_set(own.c0);
    canary_set(own.c1);
    canary_set(own.c2);
    asked.cookies = 0;
    q = world.queue;
    queue_spoil(&q, head[11], head[13] | ((uint32_t)head[14] << 8) | ((uint32_t)head[15] << 24));
    driver_faults(&faults, &q);
    faults_judge(&faults, init(&q), vqg_driver_violation(&own.driver));
    driver_may_clear();
    memory_may_store(AT_DESC, AT_TABLES - AT_DESC); /* a queue of another size may have been good */
    memory_settle();
    world.policy.accept_claimed = true;
    HOLDS(init(&world.queue) == VQG_OK, "a good queue is refused");
    driver_may_clear();
    memory_settle();
    driver_anew();
}

void driver_end(void)
{
    canary_check(own.c0, "the driver");
    canary_check(own.c1, "the driver and its slots");
    canary_check(own.c2, "the slots");
    HOLDS(vqg_driver_needs_reset(&own.driver) == (lent.life == LIFE_DEAD || lent.life == LIFE_UNTOLD),
          "latched, or not");
    completions_end();
    memory_end();
}

/* ---------------------------------------------------------------- kick */

static bool kick_is_due(uint16_t from)
{
    const uint16_t to = lent.model.avail_idx;
    if (world.packed) {
        return sm_packed_must_notify(from, to, (uint16_t)memory_get(AT_USED, 2), (uint16_t)memory_get(AT_USED + 2u, 2),
                                     world.event_idx, world.size);
    }
    return sm_drv_need_kick(from, to, (uint16_t)memory_get(AT_USED, 2), (uint16_t)memory_get(at_avail_event(), 2),
                            world.event_idx);
}

void driver_step_kick(const struct step *step)
{
    const uint16_t from = lent.model.avail_idx;
    bool kick;
    (void)step;
    memory_call(NO_POLL, 0);
    kick = vqg_driver_kick(&own.driver);
    SAY("kick: %" PRIu32 " requests, %s", asked.waiting_count, kick ? "notify" : "quiet");
    if (lent.life != LIFE_LIVE || asked.waiting_count == 0u) {
        HOLDS(!kick && memory_loads() == 0u, "a kick without anything to kick for");
        memory_settle();
        return;
    }
    for (uint32_t i = 0; i < asked.waiting_count; i++) {
        const struct asked *r = &asked.waiting[i];
        HOLDS(sm_drv_lend(&lent.model, r->id, r->slots, r->writable, r->least, r->cookie + 1u),
              "id %u is lent twice, or does not fit", r->id);
    }
    HOLDS(kick == kick_is_due(from), "the device is notified, or not");
    if (world.packed) {
        const unsigned flags = asked.waiting[0].table ? SM_DESC_INDIRECT : driver_flags(&asked.waiting[0], 0);
        HOLDS(memory_stored(at_packed_flags(from), 2) == (flags | sm_packed_available(from)), "the first flags");
        memory_may_store(at_packed_flags(from), 2);
    } else {
        HOLDS(memory_stored(AT_AVAIL_IDX, 2) == lent.model.avail_idx, "avail.idx");
        memory_may_store(AT_AVAIL_IDX, 2);
    }
    HOLDS(vqg_driver_notification(&own.driver) ==
              ((world.features & VQG_F_NOTIFICATION_DATA) != 0u ? (uint32_t)lent.model.avail_idx << 16 : 0u),
          "the notification");
    memory_settle();
    asked.waiting_count = 0;
    asked.waiting_slots = 0;
}

/* ---------------------------------------------------------------- take */

/* Empty means armed (E3). */
static void is_armed(void)
{
    const uint16_t at = lent.model.last_used;
    if (world.event_idx && !lent.quiet) {
        HOLDS(memory_stored(world.packed ? AT_AVAIL : at_used_event(), 2) == at, "nothing is there, and no event set");
        HOLDS(!world.packed || memory_stored(AT_AVAIL + 2u, 2) == 2u, "nothing is there, and no event asked for");
    }
}

void driver_step_take(const struct step *step)
{
    const bool live = lent.life == LIFE_LIVE;
    struct vqg_done done;
    enum vqg_status st;
    (void)step;
    memset(&done, 0, sizeof done);
    memory_call(completions_poll(), 0);
    st = vqg_driver_take(&own.driver, &done);
    HOLDS(memory_loads() <= 4u && (live || memory_loads() == 0u), "a take makes %u loads", memory_loads());
    if (completions_judge(st, &done, vqg_driver_violation(&own.driver)) && !world.packed) {
        for (uint32_t i = 0; i < done.count; i++) {
            asked.busy[asked.chain[done.id][i]] = false;
        }
    }
    if (live) {
        allow_area();
    }
    if (st == VQG_EMPTY) {
        is_armed();
    }
    memory_settle();
    driver_is_counted();
}

void driver_step_interrupts(const struct step *step)
{
    bool more;
    if ((step->a & 1u) != 0u) {
        memory_call(NO_POLL, 0);
        vqg_driver_callback_disable(&own.driver);
        HOLDS(memory_loads() == 0u, "to ask for nothing takes no look");
        lent.quiet = true;
    } else {
        memory_call(completions_poll(), 0);
        more = vqg_driver_callback_enable(&own.driver);
        SAY("interrupts: %s", more ? "there is more" : "armed");
        HOLDS(memory_loads() <= 1u, "to arm takes one look");
        /* What broke a rule is told by the next take. */
        completions_looked(more);
        if (!more && lent.life == LIFE_LIVE) {
            is_armed();
        }
    }
    if (lent.life == LIFE_LIVE || lent.life == LIFE_UNTOLD) {
        allow_area();
    }
    memory_settle();
}

/* ---------------------------------------------------------------- the harness */

const struct step_kind driver_kinds[DRIVER_KINDS] = {
    {"add", 12, driver_step_add},
    {"kick", 8, driver_step_kick},
    {"take", 12, driver_step_take},
    {"return", 8, step_return},
    {"spoil used", 8, step_spoil_used},
    {"write", 4, step_write},
    {"answer", 5, step_answer},
    {"device events", 2, step_device_events},
    {"interrupts", 2, driver_step_interrupts},
    {"reset", 2, driver_step_reset},
};
