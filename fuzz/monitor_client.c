/* SPDX-License-Identifier: MIT */
/* A client's driver: it lends, and knows what it lent; or it is hostile, and nobody knows. */
#include "monitor.h"

#include <inttypes.h>
#include <string.h>

/* ---------------------------------------------------------------- its life */

static void clear(size_t at, size_t bytes)
{
    memset(shared.bytes + at, 0, bytes);
    memset(found + at, 0, bytes);
    memset(by_library + at, 0, bytes);
}

void client_enable(unsigned i)
{
    struct side *s = &m_truth.side[i];
    clear(AT_RINGS(i), 0x80);
    clear(AT_TABLE(i), 0x80);
    lane_begin(&s->lane, i, s->lane.packed, s->lane.in_order);
    HOLDS(vqg_device_enable(&m_own.client[i].device, &m_queue[i]) == VQG_OK, "client %u: a good queue is refused", i);
    s->off = false;
    s->hostile = false;
    s->dead = false;
    s->entries = 0;
    s->popped = 0;
    s->next_desc = 0;
    memset(s->lent, 0, sizeof s->lent);
}

void client_forget(unsigned i)
{
    struct side *s = &m_truth.side[i];
    s->off = true;
    s->dead = false;
    s->told = false;
    s->entries = 0;
    for (uint32_t k = 0; k < m_truth.requests; k++) {
        struct request *r = &m_truth.request[k];
        r->serial = r->client == i ? 0u : r->serial;
    }
}

/* Of what it had, nothing is left but what the device has. */
static void check_left(unsigned i)
{
    uint32_t left = 0;
    for (uint32_t k = 0; k < m_truth.njobs; k++) {
        left += m_own.jobs[i][k].chain.owner_ != NULL ? 1u : 0u;
    }
    for (uint32_t k = 0; k < m_truth.requests; k++) {
        left -= m_truth.request[k].client == i ? 1u : 0u;
    }
    HOLDS(m_truth.lies || left == 0u, "client %u was reset, and %" PRIu32 " requests are left", i, left);
}

/* `a`: which client; bit 1: only when all that it had came back, as a good driver. */
void step_client_reset(const struct step *step)
{
    const unsigned i = step->a % CLIENTS;
    struct side *s = &m_truth.side[i];
    memory_call(NO_POLL, 0);
    pump_may_store(false);
    if (s->off) {
        bool waits = false;
        for (uint32_t k = 0; k < m_truth.requests; k++) {
            waits = waits || m_truth.request[k].client == i;
        }
        HOLDS(m_truth.lies || vqg_client_is_drained(&m_own.client[i]) || waits, "client %u: it is never drained", i);
        /* Until then its memory is written: what a block request is told lies there. */
        if (((step->a & 2u) == 0u && !s->filtered) || vqg_client_is_drained(&m_own.client[i])) {
            client_enable(i);
        }
    } else {
        vqg_client_reset(&m_own.client[i]);
        client_forget(i);
        check_left(i);
    }
    memory_settle();
    monitor_check();
}

/* ---------------------------------------------------------------- what comes back */

struct entry *client_entry(unsigned i, uint32_t serial)
{
    struct side *s = &m_truth.side[i];
    for (uint32_t k = 0; k < s->entries; k++) {
        if (s->entry[k].serial == serial && serial != 0u) {
            return &s->entry[k];
        }
    }
    return NULL;
}

static void came_back(struct side *s, uint32_t k, bool claimed, uint32_t len)
{
    const unsigned i = (unsigned)(s - m_truth.side);
    struct entry *e = &s->entry[k];
    SAY("client %u: buffer %u came back, %" PRIu32 " bytes", i, e->id, len);
    HOLDS(e->state == ENTRY_UP || (m_truth.lies && e->state == ENTRY_DOWN), "client %u: buffer %u came back before its time",
          i, e->id);
    HOLDS(len <= e->writable, "client %u: %" PRIu32 " bytes were lent and %" PRIu32 " written", i, e->writable, len);
    HOLDS(m_truth.lies || (claimed ? e->len == e->writable : len == e->len),
          "client %u: %" PRIu32 " bytes, where it should be %" PRIu32, i, len, e->len);
    if (s->filtered && !m_truth.lies) {
        const size_t at = AT_AREA(i) + (size_t)(e->seg[e->count - 1u].addr - CLIENT_AREA);
        HOLDS(memory_get(at, 1) == e->status, "client %u: status %u, where it should be %u", i,
              (unsigned)memory_get(at, 1), e->status);
    }
    for (; k + 1u < s->entries; k++) {
        s->entry[k] = s->entry[k + 1u];
    }
    s->entries--;
}

static void take_honest(unsigned i, const struct used *u)
{
    struct side *s = &m_truth.side[i];
    uint32_t k = 0;
    uint32_t slots = 0;
    while (k < s->entries && s->entry[k].id != u->id) {
        k++;
    }
    HOLDS(k < s->entries, "client %u: buffer %" PRIu32 " came back, which was not lent", i, u->id);
    for (; s->lane.in_order && k != 0u; k--) { /* one element stands for all up to it */
        slots += s->entry[0].slots;
        s->lane.used = (uint16_t)(s->lane.used + (s->lane.packed ? 0u : 1u));
        came_back(s, 0, true, s->entry[0].writable);
    }
    slots += s->entry[k].slots;
    came_back(s, k, false, u->len);
    s->lane.used = lane_behind(&s->lane, s->lane.used, slots);
}

/* Which heads it had in the ring, the library has found there; an element that is not of one of them is not its own. */
static void popped(struct side *s)
{
    const uint16_t get = m_own.client[s - m_truth.side].device.ring.get;
    for (; s->popped != get; s->popped++) {
        s->lent[memory_get(s->lane.rings + 4u + 2u * (size_t)(s->popped % SIZE), 2) % 256u]++;
    }
}

static void take_hostile(unsigned i, const struct used *u)
{
    struct side *s = &m_truth.side[i];
    HOLDS(u->id < SIZE && s->lent[u->id] != 0u, "client %u: head %" PRIu32 " came back, which was not lent", i, u->id);
    s->lent[u->id]--;
    s->lane.used++;
}

void client_take(unsigned i)
{
    struct side *s = &m_truth.side[i];
    struct used u;
    if (s->off) {
        return;
    }
    if (!s->lane.packed && !s->lane.in_order) {
        popped(s);
    }
    for (uint32_t n = 0; lane_used(&s->lane, &u); n++) {
        HOLDS(n < 4u * SIZE, "client %u: returns without end", i);
        s->told = true;
        if (!s->hostile) {
            if (s->lent[u.id % 256u] != 0u) {
                s->lent[u.id % 256u]--;
            }
            take_honest(i, &u);
        } else if (!s->lane.packed && !s->lane.in_order) {
            take_hostile(i, &u);
        } else {
            return; /* whose they are, the device's harnesses ask */
        }
    }
}

/* ---------------------------------------------------------------- its memory is taken away, and given back */

static bool is_lent(unsigned i)
{
    for (uint32_t k = 0; k < m_truth.requests; k++) {
        const struct request *r = &m_truth.request[k];
        for (uint32_t n = 0; n < r->count; n++) {
            const uint64_t from = BUS(i) + CLIENT_AREA + AREA_LOAN;
            const uint64_t to = BUS(i) + CLIENT_AREA + AREA_RDONLY;
            if (r->seg[n].addr < to && r->seg[n].addr + r->seg[n].len > from) {
                return true;
            }
        }
    }
    return false;
}

void step_withdraw(const struct step *step)
{
    const unsigned i = step->a % CLIENTS;
    struct side *s = &m_truth.side[i];
    const bool was_off = s->off;
    struct vqg_cap cap = m_caps[i][3];
    enum vqg_status st = VQG_OK;
    cap.rights = s->loan ? 0u : 3u;
    if (s->loan) {
        memory_call(NO_POLL, 0);
        pump_may_store(false);
        st = vqg_client_withdraw(&m_own.client[i], cap.base, cap.size, (step->a & 2u) != 0u);
        memory_settle();
        HOLDS(st == VQG_BUSY || !is_lent(i), "client %u: memory is taken away that the device has", i);
        HOLDS(st == VQG_OK || (step->a & 2u) == 0u || m_own.client[i].device.judge.guard.state == VQG_STATE_OFF,
              "client %u goes on lending what is to be taken away", i);
        if (!was_off && m_own.client[i].device.judge.guard.state == VQG_STATE_OFF) {
            client_forget(i);
        }
    }
    if (st == VQG_BUSY) {
        HOLDS(vqg_cap_table_replace(m_own.client[i].device.judge.caps.table, 3, &cap) == VQG_BUSY,
              "client %u: memory in flight is given away", i);
    } else {
        HOLDS(vqg_cap_table_replace(m_own.client[i].device.judge.caps.table, 3, &cap) == VQG_OK,
              "client %u: memory is pinned that nobody has", i);
        s->loan = !s->loan;
        /* What it has in its ring of it, it may not lend now. */
        s->hostile = s->hostile || (!s->loan && s->entries != 0u);
    }
    monitor_check();
}
