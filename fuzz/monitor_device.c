/* SPDX-License-Identifier: MIT */
/* The device: it is told what to do, looks whether that may be, and does it; or it lies. */
#include "monitor.h"

#include <inttypes.h>
#include <string.h>

enum { IN = 0, OUT = 1, FLUSH = 4, S_NONE = 0xff };

static uint64_t stored(size_t at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = bytes; i != 0u; i--) {
        value = value << 8 | by_library[at + i - 1u];
    }
    return value;
}

/* ---------------------------------------------------------------- what it is told */

static bool overlaps(uint64_t addr, uint32_t len, uint64_t part, uint32_t bytes)
{
    return addr < part + bytes && part < addr + len;
}

/* A queue that is on is its driver's and the monitor's. */
static bool in_own_queue(const struct side *s, uint64_t addr, uint32_t len)
{
    const bool packed = s->lane.packed;
    return !s->off && (overlaps(addr, len, CLIENT_TABLE, 16u * s->lane.size) ||
                       overlaps(addr, len, CLIENT_RINGS, packed ? 4u : 6u + 2u * SIZE) ||
                       overlaps(addr, len, CLIENT_RINGS + USED_PART, packed ? 4u : 6u + 8u * SIZE));
}

/* Whose memory the device is led to, and that it holds it. */
static unsigned owner_of(const struct piece *s)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        const uint64_t addr = s->addr - BUS(i);
        if (addr < UINT64_C(0x100000000)) {
            HOLDS(s->len != 0u && monitor_covered(i, addr, s->len, s->write) != SIZE_MAX,
                  "the device is led to %" PRIu32 " bytes at 0x%" PRIx64 " that client %u does not hold", s->len, addr, i);
            HOLDS(!s->write || !in_own_queue(&m_truth.side[i], addr, s->len),
                  "the device is led to client %u's own queue, at 0x%" PRIx64, i, addr);
            return i;
        }
    }
    HOLDS(false, "the device is led to 0x%" PRIx64 ", which is nobody's", s->addr);
    return 0;
}

/* The job whose scratch bytes these are. */
static size_t scratch_of(const struct piece *s, unsigned *client)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        const uint64_t at = s->addr - IO_BUS(i);
        if (at < JOBS * IO_BYTES) {
            *client = i;
            return AT_IO(i) + (size_t)at;
        }
    }
    HOLDS(false, "a request's header is at 0x%" PRIx64 ", which is not the monitor's", s->addr);
    return 0;
}

/* A request that went through the filter: the header, the sectors in it and the status byte are the monitor's. */
static void look_block(struct request *r)
{
    const size_t at = scratch_of(&r->seg[0], &r->client);
    const uint32_t type = (uint32_t)stored(at, 4);
    const uint64_t sector = stored(at + 8u, 8);
    uint64_t bytes = 0;
    HOLDS(m_truth.side[r->client].filtered && (at - AT_IO(r->client)) % IO_BYTES == 0u, "a header where none is");
    HOLDS(r->count >= 2u && r->seg[0].len == 16u && !r->seg[0].write, "no header");
    HOLDS(r->seg[r->count - 1u].addr == r->seg[0].addr + 16u && r->seg[r->count - 1u].len == 1u && r->seg[r->count - 1u].write,
          "no status byte");
    HOLDS(stored(at + 16u, 1) == S_NONE, "the status byte is not poisoned");
    for (uint32_t k = 1; k + 1u < r->count; k++) {
        HOLDS(owner_of(&r->seg[k]) == r->client, "two clients in one request");
        HOLDS(r->seg[k].write == (type != OUT), "data goes the wrong way");
        bytes += r->seg[k].len;
    }
    if (type == IN || type == OUT) {
        const uint64_t end = sector + bytes / 512u;
        HOLDS(bytes != 0u && bytes % 512u == 0u, "%" PRIu64 " bytes of sectors", bytes);
        HOLDS((sector >= 1000u && end <= 1064u) || (type == IN && sector >= 5000u && end <= 5016u),
              "sector %" PRIu64 " reaches the disk, which client %u does not hold", sector, r->client);
    } else {
        HOLDS(type == FLUSH || type == 8u, "a request of type %" PRIu32 " reaches the disk", type);
    }
}

static void same_as_posted(struct request *r)
{
    struct side *s = &m_truth.side[r->client];
    struct entry *e = s->entry;
    const uint32_t first = s->filtered ? 1u : 0u;
    while (e < s->entry + s->entries && e->state != ENTRY_POSTED) {
        e++;
    }
    HOLDS(e < s->entry + s->entries, "the device gets what client %u never lent", r->client);
    HOLDS(r->count == e->count, "client %u lent %" PRIu32 " segments, the device gets %" PRIu32, r->client, e->count, r->count);
    for (uint32_t k = first; k + first < r->count; k++) {
        HOLDS(r->seg[k].addr == e->seg[k].addr + BUS(r->client) && r->seg[k].len == e->seg[k].len &&
                  r->seg[k].write == e->seg[k].write,
              "the device gets another segment %" PRIu32 " than client %u lent", k, r->client);
    }
    if (s->filtered) {
        const size_t at = AT_IO(r->client) + (size_t)(r->seg[0].addr - IO_BUS(r->client));
        HOLDS(stored(at, 4) == e->type && stored(at + 8u, 8) == e->sector, "another sector than was asked for");
    }
    e->state = ENTRY_DOWN;
    r->serial = e->serial;
}

static void look(struct request *r, uint64_t table)
{
    struct side *s;
    const bool scratch = r->seg[0].addr - IO_BUS(0) < UINT64_C(0x200000000);
    r->client = scratch ? 0u : owner_of(&r->seg[0]);
    if (scratch) {
        look_block(r);
    }
    s = &m_truth.side[r->client];
    HOLDS(scratch == s->filtered, "client %u's filter was asked for nothing", r->client);
    for (uint32_t k = 0; k < r->count; k++) {
        HOLDS(scratch || owner_of(&r->seg[k]) == r->client, "two clients in one request");
        r->writable += r->seg[k].write ? r->seg[k].len : 0u;
    }
    HOLDS(table == 0u || (m_truth.indirect && (table - IO_BUS(r->client) - VQG_JOB_SCRATCH) % IO_BYTES == 0u &&
                          table - IO_BUS(r->client) < JOBS * IO_BYTES),
          "the device's table is at 0x%" PRIx64, table);
    HOLDS(!s->off && !s->dead, "client %u is not live, and the device gets a request of it", r->client);
    if (!s->hostile) {
        same_as_posted(r);
    }
    SAY("the device gets a request of client %u: %" PRIu32 " segments, id %u", r->client, r->count, r->id);
}

uint32_t device_look(void)
{
    uint32_t count = 0;
    for (;;) {
        struct request r;
        uint64_t table = 0;
        int n;
        uint32_t of_client = 0;
        memset(&r, 0, sizeof r);
        n = lane_chain(&m_truth.device, r.seg, SEGMENTS + VQG_FILTER_EXTRA, &table, &r.id, &r.slots);
        if (n < 0) {
            return count;
        }
        r.count = (uint32_t)n;
        look(&r, table);
        count++;
        for (uint32_t k = 0; k < m_truth.requests; k++) {
            of_client += m_truth.request[k].client == r.client ? 1u : 0u;
            if (m_truth.request[k].id == r.id) { /* a lie of the device's was believed */
                HOLDS(m_truth.lies, "id %u is the device's already", r.id);
                m_truth.request[k] = m_truth.request[--m_truth.requests];
                k--;
            } else {
                HOLDS(m_truth.request[k].seg[0].addr != r.seg[0].addr || !m_truth.side[r.client].filtered || m_truth.lies,
                      "two requests share their scratch bytes");
            }
        }
        HOLDS(m_truth.lies || of_client < m_truth.njobs, "client %u has more in flight than its share", r.client);
        HOLDS(m_truth.requests < SIZE, "more requests than the queue has");
        m_truth.request[m_truth.requests++] = r;
    }
}

/* ---------------------------------------------------------------- what it did */

static void up(const struct request *r)
{
    struct entry *e = client_entry(r->client, r->serial);
    if (e == NULL) {
        return;
    }
    e->state = ENTRY_UP;
    if (!m_truth.side[r->client].filtered) {
        e->len = r->len;
    } else {
        e->status = r->said <= 2u ? r->said : 1u;
        e->len = (r->said <= 2u && r->len >= e->writable) || e->writable == 1u ? e->writable : 0u;
    }
}

void device_taken(uint32_t n)
{
    for (; n != 0u && !m_truth.lies; n--) {
        uint32_t k = 0;
        while (k < m_truth.requests && !m_truth.request[k].returned) {
            k++;
        }
        HOLDS(k < m_truth.requests, "the monitor took what the device did not return");
        up(&m_truth.request[k]);
        for (m_truth.requests--; k < m_truth.requests; k++) {
            m_truth.request[k] = m_truth.request[k + 1u];
        }
    }
    for (uint32_t k = m_truth.requests; k != 0u && m_truth.lies; k--) { /* what was believed, only the monitor knows */
        if (m_own.slots[DEVICE][m_truth.request[k - 1u].id % SIZE].count == 0u) {
            m_truth.request[k - 1u] = m_truth.request[--m_truth.requests];
        }
    }
}

/* A reset: all that it has goes back as failed. */
void device_forget(void)
{
    for (uint32_t k = 0; k < m_truth.requests; k++) {
        m_truth.request[k].len = 0;
        m_truth.request[k].said = S_NONE;
        up(&m_truth.request[k]);
    }
    m_truth.requests = 0;
}

static void write_payload(const struct request *r, uint32_t value)
{
    for (uint32_t k = 0; k < r->count; k++) {
        const struct piece *s = &r->seg[k];
        if (s->write && s->addr - IO_BUS(0) >= UINT64_C(0x200000000)) {
            const size_t at = monitor_covered(r->client, s->addr - BUS(r->client), s->len, true);
            HOLDS(at != SIZE_MAX, "memory was taken away under the device");
            if (!m_truth.side[r->client].off || at >= AT_AREA(0u)) {
                memory_put(at, 1, value);
            }
        }
    }
}

/* `a`: which; `b`: how much it writes; `v`: its status. Returns come in the order in which they are made. */
bool device_complete(const struct step *step)
{
    static const uint8_t said[] = {0, 0, 1, 2, 3, 0xff};
    uint32_t first = 0;
    uint32_t which;
    struct request r;
    while (first < m_truth.requests && m_truth.request[first].returned) {
        first++;
    }
    if (first == m_truth.requests || m_truth.lies || m_truth.resetting) {
        return false;
    }
    which = m_truth.device.in_order ? first : first + step->a % (m_truth.requests - first);
    r = m_truth.request[which];
    for (; which > first; which--) {
        m_truth.request[which] = m_truth.request[which - 1u];
    }
    r.returned = true;
    r.said = S_NONE;
    r.len = (step->b & 1u) != 0u ? r.writable : step->b % (r.writable + 1u);
    if (m_truth.side[r.client].filtered) {
        r.said = said[step->v % 6u];
        memory_put(AT_IO(r.client) + (size_t)(r.seg[0].addr - IO_BUS(r.client)) + 16u, 1, r.said);
    }
    write_payload(&r, step->v);
    m_truth.request[first] = r;
    lane_return(&m_truth.device, r.id, r.len, r.slots);
    SAY("the device returns id %u: %" PRIu32 " bytes", r.id, r.len);
    return true;
}

void step_complete(const struct step *step)
{
    (void)device_complete(step);
}

/* ---------------------------------------------------------------- how it lies */

void step_lie(const struct step *step)
{
    m_truth.lies = true;
    lane_return(&m_truth.device, (step->a & 0x80u) != 0u ? step->v : step->a % SIZE, step->b, 1u + (step->a >> 4 & 1u));
}

/* Over its queue, or what the monitor keeps for it. */
void step_device_write(const struct step *step)
{
    const bool io = (step->a & 0x80u) != 0u;
    const size_t at = io ? AT_IO(0u) + step->b % (2u * JOBS * IO_BYTES - 8u)
                      : (step->a & 0x40u) != 0u ? AT_TABLE(DEVICE) + step->b % 0x78u : AT_RINGS(DEVICE) + step->b % 0x78u;
    m_truth.lies = true;
    memory_put(at & ~(size_t)1u, (step->a & 1u) != 0u ? 4u : 2u, step->v);
}
