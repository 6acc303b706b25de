/* SPDX-License-Identifier: MIT */
/* Calls of the monitor, and what each of them may do. */
#include "monitor.h"

#include <inttypes.h>
#include <string.h>

#define LOADS_A_CHAIN 80u /* its descriptors, or its table; header and status of a block request; one completion */

/* ---------------------------------------------------------------- where it stores */

void pump_may_store(bool restart)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        memory_may_store(AT_RINGS(i) + USED_PART, 0x80u - USED_PART);
        if (m_truth.side[i].lane.packed) {
            memory_may_store(AT_TABLE(i), 0x80);
        }
        for (uint32_t k = 0; k < m_truth.njobs && m_truth.side[i].filtered; k++) {
            const struct vqg_chain *c = &m_own.jobs[i][k].chain;
            const struct vqg_seg *last = &c->seg[c->count - 1u];
            if (c->owner_ != NULL && c->writable != 0u) { /* its status byte */
                const size_t at = monitor_covered(i, last->addr, last->len, true);
                HOLDS(at != SIZE_MAX, "client %u: a chain in flight has lost its memory", i);
                memory_may_store(at + last->len - 1u, 1);
            }
        }
    }
    memory_may_store(AT_RINGS(DEVICE), restart ? 0x80u : USED_PART);
    memory_may_store(AT_TABLE(DEVICE), 0x80);
    memory_may_store(AT_IO(0u), 2u * JOBS * IO_BYTES);
}

/* A chain that was taken and ended in this call: its status byte lies wherever a hostile client can write. */
static void may_store_status(void)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        const bool packed = m_truth.side[i].lane.packed;
        const size_t avail = packed ? 4u : 6u + 2u * SIZE;
        const size_t used = packed ? USED_PART + 4u : USED_PART + 6u + 8u * SIZE;
        if (m_truth.side[i].filtered && m_truth.side[i].hostile) {
            memory_may_store(AT_AREA(i), AREA_RDONLY);
            memory_may_store(AT_RINGS(i) + avail, USED_PART - avail);
            memory_may_store(AT_RINGS(i) + used, 0x80u - used);
            memory_may_store(AT_TABLE(i) + 16u * m_truth.side[i].lane.size, 0x80u - 16u * m_truth.side[i].lane.size);
        }
    }
}

/* ---------------------------------------------------------------- answers of hostile memory */

static uint8_t before[SHARED_BYTES];

void step_load(const struct step *step)
{
    memory_answer(step);
    m_truth.answers++;
}

static bool differs(size_t at, size_t bytes)
{
    return memcmp(before + at, found + at, bytes) != 0;
}

/* Whoever's memory answered a load is not honest. */
static void who_answered(void)
{
    if (m_truth.answers == 0u) {
        return;
    }
    m_truth.answers = 0;
    for (unsigned i = 0; i < CLIENTS; i++) {
        m_truth.side[i].hostile = m_truth.side[i].hostile || differs(AT_RINGS(i), 0x80) || differs(AT_TABLE(i), 0x80) ||
                                  differs(AT_AREA(i), AREA_BYTES);
    }
    m_truth.lies = m_truth.lies || differs(AT_RINGS(DEVICE), 0x80) || differs(AT_TABLE(DEVICE), 0x80) ||
                   differs(AT_IO(0u), 2u * JOBS * IO_BYTES);
}

/* ---------------------------------------------------------------- calls */

static void call(uint32_t budget)
{
    const bool answers = m_truth.answers != 0u;
    bool hostile = answers || m_truth.lies;
    bool packed = m_truth.device.packed;
    for (unsigned i = 0; i < CLIENTS; i++) {
        hostile = hostile || m_truth.side[i].hostile;
        packed = packed || m_truth.side[i].lane.packed;
    }
    if (answers) {
        memcpy(before, found, sizeof before);
    }
    /* The rings are looked at for each chain anew. Behind them an honest client has nothing twice; what does not fit into
     * its share, is looked at in each turn. */
    memory_call(NO_POLL, hostile || budget != 1u ? SHARED_BYTES : packed ? AT_AREA(0u) : AT_TABLE(0u));
    pump_may_store(false);
}

void pump(uint32_t budget)
{
    const bool was_dead = m_truth.dead || m_truth.resetting;
    struct vqg_moved moved;
    enum vqg_status st;
    uint32_t seen;
    call(budget);
    st = vqg_monitor_pump(&m_own.monitor, budget, &moved);
    SAY("the pump: %s, %" PRIu32 " down, %" PRIu32 " up, %" PRIu32 " refused", vqg_status_name(st), moved.down, moved.up,
        moved.refused);
    script_feature(5000u + (unsigned)vqg_status_rule(st));
    HOLDS(memory_loads() <= 24u + LOADS_A_CHAIN * budget, "%u loads for a budget of %" PRIu32, memory_loads(), budget);
    who_answered();
    may_store_status();
    memory_settle();
    HOLDS(moved.up <= budget && moved.down <= budget && moved.refused <= budget, "more than the budget");
    HOLDS(st == VQG_OK || was_dead || m_truth.lies, "a device that keeps the rules is refused: %s", vqg_status_name(st));
    HOLDS(st == (was_dead ? VQG_DEAD : st) && (was_dead || st == VQG_OK || vqg_is_violation(st)), "the pump says %s",
          vqg_status_name(st));
    m_truth.dead = m_truth.dead || vqg_is_violation(st);
    HOLDS(m_truth.lies || m_truth.events || moved.kick == (moved.down != 0u), "the device is notified, or not");
    HOLDS(st == VQG_OK || moved.down == 0u, "chains go down to a device that is latched");
    for (unsigned i = 0; i < CLIENTS; i++) {
        const enum vqg_rule rule = vqg_device_violation(&m_own.client[i].device)->rule;
        if (m_truth.side[i].hostile) {
            script_feature(5400u + 256u * i + (unsigned)rule);
        }
    }
    device_taken(moved.up);
    seen = device_look();
    HOLDS(seen == moved.down, "%" PRIu32 " went down, and the device sees %" PRIu32, moved.down, seen);
    for (unsigned i = 0; i < CLIENTS; i++) {
        client_take(i);
    }
    monitor_check();
}

/* Nobody but a hostile one asks not to be interrupted. */
void step_interrupt(const struct step *step)
{
    const unsigned i = step->a % CLIENTS;
    struct side *s = &m_truth.side[i];
    const bool interrupt = vqg_client_interrupt(&m_own.client[i]);
    HOLDS(s->hostile || !interrupt || s->told, "client %u is interrupted for nothing", i);
    HOLDS(s->hostile || s->events || interrupt == s->told, "client %u is not interrupted", i);
    s->told = false;
}

void step_pump(const struct step *step)
{
    pump(step->a < 8u ? 1u : 1u + step->a % 8u);
}

/* When it may sleep, there was nothing to do. */
void step_sleep(const struct step *step)
{
    struct vqg_moved moved;
    bool work;
    (void)step;
    call(1);
    work = vqg_monitor_enable(&m_own.monitor);
    HOLDS(memory_loads() <= 24u, "%u loads before it sleeps", memory_loads());
    who_answered();
    memory_settle();
    monitor_check();
    if (work || m_truth.lies || m_truth.side[0].hostile || m_truth.side[1].hostile || m_truth.resetting) {
        return;
    }
    call(4);
    HOLDS(vqg_monitor_pump(&m_own.monitor, 4, &moved) == VQG_OK && moved.up + moved.down + moved.refused == 0u,
          "it slept, and there was something to do");
    memory_settle();
}

/* ---------------------------------------------------------------- the device is reset */

void device_reset(void)
{
    HOLDS(vqg_monitor_reset_acked(&m_own.monitor) == VQG_BAD_STATE, "a reset that was not asked for is acknowledged");
    HOLDS(vqg_monitor_reset(&m_own.monitor) == VQG_OK, "the device cannot be reset");
    m_truth.resetting = true;
    monitor_check();
}

void device_restart(void)
{
    call(1);
    HOLDS(vqg_monitor_reset_acked(&m_own.monitor) == VQG_OK, "the device's reset is not acknowledged");
    who_answered();
    may_store_status();
    memory_settle();
    device_forget();
    for (unsigned i = 0; i < CLIENTS; i++) {
        client_take(i);
    }
    monitor_check();
    memory_call(NO_POLL, 0);
    pump_may_store(true);
    HOLDS(vqg_monitor_restart(&m_own.monitor) == VQG_OK, "the monitor cannot go on");
    memory_settle();
    lane_begin(&m_truth.device, DEVICE, m_truth.device.packed, m_truth.device.in_order);
    m_truth.lies = false;
    m_truth.dead = false;
    m_truth.resetting = false;
    monitor_check();
}

void step_reset(const struct step *step)
{
    (void)step;
    if (m_truth.resetting) {
        device_restart();
    } else {
        device_reset();
    }
}
