/* SPDX-License-Identifier: MIT */
/* What a client lends, as an honest driver does. */
#include "monitor.h"

#include <inttypes.h>
#include <string.h>

enum { IN = 0, OUT = 1, FLUSH = 4 };
#define PARTS 4u /* of its area */

/* The first of `n` descriptors that nothing of it uses; or SIZE. */
static uint32_t room(const struct side *s, uint32_t n)
{
    uint32_t used = 0;
    uint32_t slots = 0;
    uint32_t next = 0;
    for (uint32_t k = 0; k < s->entries; k++) {
        slots += s->entry[k].slots;
        for (uint32_t d = 0; d < (s->lane.packed ? 1u : s->entry[k].slots); d++) {
            used |= 1u << (s->entry[k].id + d) % SIZE;
        }
        next = (s->entry[k].id + s->entry[k].slots) % SIZE;
    }
    if (slots + n > s->lane.size) {
        return SIZE;
    }
    if (s->lane.in_order && !s->lane.packed) { /* each behind the one before (2.7.5.2) */
        return s->entries != 0u ? next : s->next_desc % SIZE;
    }
    for (uint32_t first = 0; first < s->lane.size; first++) {
        const uint32_t all = s->lane.packed ? 1u : (1u << n) - 1u;
        const uint32_t mask = all << first | all << first >> SIZE;
        if ((used & mask & 0xffu) == 0u && (first + n <= SIZE || s->lane.packed)) {
            return first;
        }
    }
    return SIZE;
}

static void block_request(struct entry *e, const struct step *step)
{
    static const uint32_t types[] = {IN, OUT, FLUSH, IN};
    const size_t slot = AREA_HEADERS + 0x20u * (size_t)e->part;
    const uint64_t sector = (step->b & 0x40u) != 0u && types[step->b % 4u] == IN ? 100u + step->v % 16u : step->v % 64u;
    e->type = types[step->b % 4u];
    e->asked = sector;
    e->sector = e->type == FLUSH ? 0u : sector >= 100u ? 5000u + sector - 100u : 1000u + sector;
    e->seg[e->count++] = (struct piece){CLIENT_AREA + slot, 16, false};
    if (e->type != FLUSH) {
        e->seg[e->count++] = (struct piece){CLIENT_AREA + AREA_BLOCK, 512, e->type == IN};
    }
    e->seg[e->count++] = (struct piece){CLIENT_AREA + slot + 16u, 1, true};
}

static void put_header(const struct entry *e, unsigned i)
{
    const size_t at = AT_AREA(i) + AREA_HEADERS + 0x20u * (size_t)e->part;
    memory_put(at, 8, e->type);
    memory_put(at + 8u, 8, e->asked);
}

static void plain_request(struct entry *e, unsigned i, const struct step *step)
{
    const uint32_t readable = step->b % 3u;
    const uint32_t writable = readable == 0u ? 1u + (step->b >> 4) % 2u : (step->b >> 4) % 3u;
    const bool loan = (step->b & 0x100u) != 0u && m_truth.side[i].loan;
    for (uint32_t k = 0; k < readable + writable && k < SEGMENTS; k++) {
        const uint64_t at = k == 0u && readable != 0u && (step->b & 0x200u) != 0u ? AREA_RDONLY
                            : loan ? AREA_LOAN + 0x10u * k
                                   : AREA_BLOCK + (0x40u * (uint64_t)e->serial + 0x10u * k) % 0x1f0u;
        e->seg[e->count++] = (struct piece){CLIENT_AREA + at, 1u + (step->v >> 4 * k) % 16u, k >= readable};
    }
}

static uint32_t free_part(const struct side *s)
{
    uint32_t used = 0;
    uint32_t part = 0;
    for (uint32_t k = 0; k < s->entries; k++) {
        used |= 1u << s->entry[k].part;
    }
    while (part < PARTS && (used >> part & 1u) != 0u) {
        part++;
    }
    return part;
}

bool client_post(unsigned i, const struct step *step)
{
    struct side *s = &m_truth.side[i];
    struct entry *e = &s->entry[s->entries];
    const bool indirect = (step->a & 0x10u) != 0u && (m_queue[i].features & UINT64_C(1) << 28) != 0u;
    const uint32_t part = free_part(s);
    size_t table = 0;
    uint32_t first;
    if (part == PARTS || s->entries == SIZE) {
        return false;
    }
    memset(e, 0, sizeof *e);
    e->part = part;
    e->serial = ++m_truth.serial;
    if (s->filtered) {
        block_request(e, step);
    } else {
        plain_request(e, i, step);
    }
    first = room(s, indirect ? 1u : e->count);
    if (first == SIZE) {
        return false;
    }
    if (s->filtered) {
        put_header(e, i);
    }
    for (uint32_t k = 0; k < e->count; k++) {
        e->writable += e->seg[k].write ? e->seg[k].len : 0u;
    }
    e->id = (uint16_t)first;
    table = indirect ? AREA_TABLES + 0x40u * (size_t)part : 0u;
    e->slots = (uint16_t)lane_post(&s->lane, e->seg, e->count, e->id, indirect ? AT_AREA(i) + table : 0u,
                                   CLIENT_AREA + table);
    s->next_desc = e->id + e->slots;
    s->entries++;
    SAY("client %u lends buffer %u: %" PRIu32 " segments, %" PRIu32 " bytes to write", i, e->id, e->count, e->writable);
    return true;
}

void step_client_post(const struct step *step)
{
    const unsigned i = step->a % CLIENTS;
    if (!m_truth.side[i].off) {
        (void)client_post(i, step);
    }
}
