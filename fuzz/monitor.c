/* SPDX-License-Identifier: MIT */
/* A monitor, its clients and its device: the world. */
#include "monitor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct monitor_own m_own;
struct monitor_truth m_truth;
struct vqg_cap m_caps[CLIENTS][CAPS];
struct vqg_queue m_queue[CLIENTS];

static struct vqg_cap_table tables[CLIENTS];

const char *memory_place(size_t at)
{
    static char text[4][40];
    static unsigned turn;
    char *t = text[turn = (turn + 1u) % 4u];
    static const char *const who[] = {"client 0", "client 1", "device"};
    const size_t size = sizeof text[0];
    if (at < AT_TABLE(0u)) {
        const size_t in = at % 0x80u;
        (void)snprintf(t, size, "%s: %s + %zu", who[at / 0x80u], in < USED_PART ? "avail" : "used",
                       in < USED_PART ? in : in - USED_PART);
    } else if (at < AT_AREA(0u)) {
        (void)snprintf(t, size, "%s: desc[%zu] + %zu", who[(at - AT_TABLE(0u)) / 0x80u], at % 0x80u / 16u, at % 16u);
    } else if (at < AT_IO(0u)) {
        (void)snprintf(t, size, "%s: area + 0x%zx", who[(at - AT_AREA(0u)) / AREA_BYTES], (at - AT_AREA(0u)) % AREA_BYTES);
    } else {
        (void)snprintf(t, size, "monitor: job %zu + %zu", (at - AT_IO(0u)) / IO_BYTES, (at - AT_IO(0u)) % IO_BYTES);
    }
    return t;
}

/* ---------------------------------------------------------------- who may touch what */

static const struct {
    uint64_t addr;
    uint32_t bytes;
    uint32_t rights;
} areas[CAPS] = {{CLIENT_RINGS, 0x80, 3},
                 {CLIENT_TABLE, 0x80, 3},
                 {CLIENT_AREA, AREA_LOAN, 3},
                 {CLIENT_AREA + AREA_LOAN, AREA_RDONLY - AREA_LOAN, 3},
                 {CLIENT_AREA + AREA_RDONLY, AREA_BYTES - AREA_RDONLY, 1}};

static size_t offset_of(unsigned i, unsigned cap)
{
    return cap == 0u ? AT_RINGS(i) : cap == 1u ? AT_TABLE(i) : AT_AREA(i) + (size_t)(areas[cap].addr - CLIENT_AREA);
}

static bool rights_of(unsigned i, unsigned cap, bool write)
{
    return (cap != 3u || m_truth.side[i].loan) && (areas[cap].rights & (write ? 2u : 1u)) != 0u;
}

size_t monitor_covered(unsigned i, uint64_t addr, uint32_t len, bool write)
{
    for (unsigned k = 0; k < CAPS; k++) {
        if (rights_of(i, k, write) && addr >= areas[k].addr && addr - areas[k].addr < areas[k].bytes &&
            len <= areas[k].bytes - (addr - areas[k].addr)) {
            return offset_of(i, k) + (size_t)(addr - areas[k].addr);
        }
    }
    return SIZE_MAX;
}

static void begin_caps(unsigned i)
{
    for (unsigned k = 0; k < CAPS; k++) {
        struct vqg_cap *c = &m_caps[i][k];
        memset(c, 0, sizeof *c);
        c->base = areas[k].addr;
        c->size = areas[k].bytes;
        c->bus = BUS(i) + areas[k].addr;
        c->map = shared.bytes + offset_of(i, k);
        c->rights = areas[k].rights;
    }
    m_truth.side[i].loan = true;
    HOLDS(vqg_cap_table_init(&tables[i], m_caps[i], CAPS, 0) == VQG_OK, "a good table");
}

/* ---------------------------------------------------------------- set-up */

static uint64_t features_of(uint8_t head)
{
    uint64_t f = UINT64_C(1) << 32;
    f |= (head & 1u) != 0u ? UINT64_C(1) << 34 : 0u;
    f |= (head & 2u) != 0u ? UINT64_C(1) << 28 : 0u;
    f |= (head & 4u) != 0u ? UINT64_C(1) << 29 : 0u;
    f |= (head & 8u) != 0u ? UINT64_C(1) << 35 : 0u;
    return f;
}

static void begin_client(unsigned i, uint8_t head, bool filtered)
{
    struct vqg_client_memory memory = {m_own.jobs[i], m_truth.njobs, m_own.segs[i], SEGMENTS, shared.bytes + AT_IO(i),
                                       IO_BUS(i)};
    struct side *s = &m_truth.side[i];
    struct vqg_policy p = (head & 0x10u) != 0u ? vqg_profile_spec() : vqg_profile_strict();
    struct vqg_caps caps;
    struct vqg_queue *q = &m_queue[i];
    begin_caps(i);
    caps = vqg_cap_table_caps(&tables[i]);
    p.max_elements = SEGMENTS;
    p.max_table_entries = SEGMENTS;
    p.chain = (head & 0x20u) != 0u ? VQG_CHAIN_DROP : VQG_CHAIN_LATCH;
    s->limit = (head & 0x40u) == 0u ? 0u : filtered ? 1100u : 120u;
    p.max_bytes_in_flight = s->limit;
    memset(q, 0, sizeof *q);
    q->features = features_of(head);
    lane_begin(&s->lane, i, (head & 1u) != 0u, (head & 8u) != 0u);
    q->size = s->lane.size;
    q->desc_addr = CLIENT_TABLE;
    q->avail_addr = CLIENT_RINGS;
    q->used_addr = CLIENT_RINGS + USED_PART;
    s->filtered = filtered;
    s->events = (head & 4u) != 0u;
    s->off = true;
    HOLDS(vqg_client_init(&m_own.client[i], &memory, filtered ? filter_of_disk() : NULL) == VQG_OK, "a good client");
    HOLDS(vqg_device_init(&m_own.client[i].device, NULL, &p, &caps, m_own.slots[i], SIZE) == VQG_OK, "a good endpoint");
    client_enable(i);
}

static void begin_device(uint8_t head)
{
    struct vqg_policy p = vqg_profile_strict();
    struct vqg_queue q;
    p.accept_claimed = true;
    p.length = (head & 0x10u) != 0u ? VQG_LENGTH_CLAMP : VQG_LENGTH_REJECT;
    memset(&q, 0, sizeof q);
    q.features = features_of(head);
    m_truth.indirect = (head & 2u) != 0u;
    m_truth.events = (head & 4u) != 0u;
    lane_begin(&m_truth.device, DEVICE, (head & 1u) != 0u, (head & 8u) != 0u);
    q.size = m_truth.device.size;
    q.desc = shared.bytes + AT_TABLE(DEVICE);
    q.avail = shared.bytes + AT_RINGS(DEVICE);
    q.used = shared.bytes + AT_RINGS(DEVICE) + USED_PART;
    HOLDS(vqg_driver_init(&m_own.monitor.driver, &q, &p, m_own.slots[DEVICE], SIZE) == VQG_OK, "a good queue");
}

void monitor_begin(const uint8_t *head)
{
    canary *const canaries[] = {&m_own.c0, &m_own.c1, &m_own.c2, &m_own.c3, &m_own.c4, &m_own.c5, &m_own.c6};
    memory_begin();
    memset(&m_truth, 0, sizeof m_truth);
    for (unsigned i = 0; i < sizeof canaries / sizeof canaries[0]; i++) {
        canary_set(*canaries[i]);
    }
    memset(&m_own.client, 0, sizeof m_own.client);
    m_truth.njobs = 1u + (head[3] + 2u) % JOBS;
    filter_begin();
    for (unsigned i = 0; i < CLIENTS; i++) {
        begin_client(i, head[i], i == 1u && (head[3] & 0x80u) != 0u);
    }
    begin_device(head[2]);
    HOLDS(vqg_monitor_init(&m_own.monitor, m_own.client, CLIENTS) == VQG_OK, "a good monitor");
    pump_may_store(true);
    memory_settle();
    monitor_check();
}

/* ---------------------------------------------------------------- what holds after each call */

static void check_jobs(unsigned i)
{
    const struct vqg_client *c = &m_own.client[i];
    uint32_t pins[CAPS] = {0, 0, 0, 0, 0};
    uint64_t bytes = 0;
    uint32_t busy = 0;
    uint32_t free = 0;
    for (const struct vqg_job *job = c->free_; job != NULL; job = job->next_) {
        free++;
        HOLDS(free <= m_truth.njobs && job->chain.owner_ == NULL, "a job is free that is not");
    }
    for (uint32_t k = 0; k < m_truth.njobs; k++) {
        const struct vqg_chain *chain = &m_own.jobs[i][k].chain;
        busy += chain->owner_ != NULL ? 1u : 0u;
        bytes += chain->owner_ != NULL ? (uint64_t)chain->readable + chain->writable : 0u;
        for (uint32_t n = 0; n < chain->count && chain->owner_ != NULL; n++) {
            HOLDS(chain->seg[n].pin < CAPS, "a pin of nothing");
            pins[chain->seg[n].pin]++;
        }
    }
    HOLDS(busy + free == m_truth.njobs, "client %u has lost a job", i);
    HOLDS(m_truth.side[i].limit == 0u || bytes <= m_truth.side[i].limit, "client %u has %" PRIu64 " bytes in flight", i,
          bytes);
    pins[0] += m_truth.side[i].off ? 0u : 2u;
    pins[1] += m_truth.side[i].off ? 0u : 1u;
    for (unsigned k = 0; k < CAPS; k++) {
        HOLDS(m_caps[i][k].pins == pins[k], "client %u: %" PRIu32 " pins of capability %u, where it should be %" PRIu32, i,
              m_caps[i][k].pins, k, pins[k]);
    }
}

void monitor_check(void)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct side *s = &m_truth.side[i];
        const bool dead = vqg_device_needs_reset(&m_own.client[i].device);
        HOLDS(!dead || s->hostile, "client %u keeps the rules and is latched: %s", i,
              vqg_rule_name(vqg_device_violation(&m_own.client[i].device)->rule));
        HOLDS(dead || !s->dead, "client %u is latched no more", i);
        s->dead = dead;
        check_jobs(i);
    }
    HOLDS(!vqg_driver_needs_reset(&m_own.monitor.driver) || m_truth.lies, "a device that keeps the rules is latched: %s",
          vqg_rule_name(vqg_driver_violation(&m_own.monitor.driver)->rule));
}

static void end_canaries(void)
{
    canary_check(m_own.c0, "the monitor");
    canary_check(m_own.c1, "the monitor and the clients");
    canary_check(m_own.c2, "the clients and the jobs");
    canary_check(m_own.c3, "the jobs and their segments");
    canary_check(m_own.c4, "the segments and the slots");
    canary_check(m_own.c5, "the slots and the filter");
    canary_check(m_own.c6, "the filter");
    memory_end();
}

/* The hostile ones go. An honest client gets all that it had, and what it asks for now. */
void monitor_end(void)
{
    static const struct step again = {0, 0, 0, 2};
    memory_settle(); /* no answer waits any more */
    m_truth.answers = 0;
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (m_truth.side[i].hostile && !m_truth.side[i].off) {
            step_client_reset(&(struct step){0, (uint8_t)i, 0, 0});
        }
    }
    if (m_truth.lies || m_truth.resetting) {
        if (!m_truth.resetting) {
            device_reset();
        }
        device_restart();
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (!m_truth.side[i].off) {
            (void)client_post(i, &again);
        }
    }
    for (unsigned turn = 0; turn < 4u * SIZE; turn++) {
        pump(4u * SIZE);
        while (device_complete(&again)) {
        }
        if (m_truth.requests == 0u && m_truth.side[0].entries + m_truth.side[1].entries == 0u) {
            break;
        }
    }
    HOLDS(m_truth.requests == 0u, "the device has %" PRIu32 " requests for ever", m_truth.requests);
    for (unsigned i = 0; i < CLIENTS; i++) {
        const struct vqg_job *job = m_own.client[i].free_;
        uint32_t free = 0;
        for (; job != NULL; job = job->next_) {
            free++;
        }
        HOLDS(m_truth.side[i].entries == 0u, "client %u waits for ever", i);
        HOLDS(free == m_truth.njobs && vqg_client_is_drained(&m_own.client[i]), "client %u: a job never ends", i);
    }
    filter_end();
    end_canaries();
}
