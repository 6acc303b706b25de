/* SPDX-License-Identifier: MIT */
/* What a hostile client does besides lending: it rewrites its queue, its requests, or anything that it has. */
#include "monitor.h"

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

/* Where it says that it is, in a notification; honestly, or not. */
void step_hint(const struct step *step)
{
    const unsigned i = step->a % CLIENTS;
    struct side *s = &m_truth.side[i];
    const bool live = !s->off && !s->dead;
    enum vqg_status st;
    s->hostile = s->hostile || (step->a & 0x80u) != 0u;
    st = vqg_device_hint(&m_own.client[i].device, (step->a & 0x80u) != 0u ? (uint16_t)step->v : s->lane.avail);
    HOLDS(live ? st == VQG_OK || st == VQG_V_NOTIFY_HINT : st == VQG_DEAD, "a notification: %s", vqg_status_name(st));
    monitor_check();
}
