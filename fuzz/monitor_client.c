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
    s->entries = 0;
    for (uint32_t k = 0; k < m_truth.requests; k++) {
        struct request *r = &m_truth.request[k];
        r->serial = r->client == i ? 0u : r->serial;
    }
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
    if (s->lane.in_order) { /* one element stands for all up to it */
        for (uint16_t at = s->lane.used; k != 0u; k--) {
            slots += s->entry[0].slots;
            came_back(s, 0, true, s->entry[0].writable);
            at = lane_behind(&s->lane, at, 1);
            s->lane.used = s->lane.packed ? s->lane.used : at;
        }
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

/* ---------------------------------------------------------------- what it does besides */

static uint64_t some_address(unsigned i, uint32_t v)
{
    static const uint64_t bases[] = {CLIENT_RINGS, CLIENT_TABLE, CLIENT_AREA, CLIENT_AREA};
    switch (v >> 29) {
    case 7:
        return UINT64_MAX - (v & 0x1ffu);
    case 6:
        return BUS(1u - i) + CLIENT_AREA + (v & 0x3ffu);
    case 5:
        return IO_BUS(i) + (v & 0x3ffu);
    default:
        return bases[v % 4u] + (v >> 2) % 0x420u - 0x10u;
    }
}

/* `a`: which client, and which descriptor; `b`: which field of it, or of the ring. */
void step_client_spoil(const struct step *step)
{
    const unsigned i = step->a % CLIENTS;
    struct side *s = &m_truth.side[i];
    size_t at = AT_TABLE(i) + 16u * (size_t)(step->a >> 1 & 7u);
    if ((step->b & 0x80u) != 0u) {
        at = AT_AREA(i) + AREA_TABLES + 16u * (size_t)(step->a >> 1 & 15u);
    }
    s->hostile = true;
    switch (step->b % 8u) {
    case 0:
        memory_put(at, 8, some_address(i, step->v));
        break;
    case 1:
        memory_put(at + 8u, 4, step->v);
        break;
    case 2:
        memory_put(at + 12u, 2, memory_get(at + 12u, 2) ^ 1u << step->v % 16u);
        break;
    case 3:
        memory_put(at + 14u, 2, memory_get(at + 14u, 2) ^ 1u << step->v % 16u);
        break;
    case 4:
        memory_put(AT_RINGS(i) + 2u, 2, memory_get(AT_RINGS(i) + 2u, 2) + 1u);
        break;
    case 5:
        memory_put(AT_RINGS(i) + 4u + 2u * (size_t)(step->a >> 1 & 7u), 2, step->v);
        break;
    case 6:
        memory_put(AT_AREA(i) + AREA_HEADERS + 0x20u * (step->a >> 1 & 3u) + 4u * (step->b >> 4 & 3u), 4, step->v);
        break;
    default:
        memory_put(AT_RINGS(i) + 2u, 2, step->v);
        break;
    }
}

void step_client_write(const struct step *step)
{
    static const unsigned widths[] = {1, 2, 4, 8};
    const unsigned i = step->a % CLIENTS;
    const unsigned bytes = widths[step->a >> 1 & 3u];
    const size_t at = step->b % (AREA_BYTES + 0x100u) / bytes * bytes;
    m_truth.side[i].hostile = true;
    memory_put(at < AREA_BYTES ? AT_AREA(i) + at
               : at < AREA_BYTES + 0x80u ? AT_RINGS(i) + at - AREA_BYTES : AT_TABLE(i) + at - AREA_BYTES - 0x80u,
               bytes, step->v);
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
        if (!was_off && m_own.client[i].device.judge.guard.state == VQG_STATE_OFF) {
            client_forget(i);
        }
    }
    if (st == VQG_OK) {
        HOLDS(vqg_cap_table_replace(m_own.client[i].device.judge.caps.table, 3, &cap) == VQG_OK,
              "client %u: memory is pinned that nobody has", i);
        s->loan = !s->loan;
        /* What it has in its ring of it, it may not lend now. */
        s->hostile = s->hostile || (!s->loan && s->entries != 0u);
    }
    monitor_check();
}
