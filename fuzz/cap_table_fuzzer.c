/* SPDX-License-Identifier: MIT */
/*
 * What a platform computes before and beside a queue: the table of capabilities, and the legacy layout. Addresses come
 * from a hostile driver, sizes from a hostile device; lists without order or cache are the oracle.
 */
#include "memory.h"
#include "vqguard/vqguard.h"

#include <inttypes.h>
#include <string.h>

#define CAPS 8u

static struct {
    canary c0;
    struct vqg_cap_table table;
    canary c1;
    struct vqg_cap cap[CAPS]; /* the table's */
    canary c2;
} own;

static struct vqg_cap draft[CAPS]; /* what the next set-up will be of */
static uint32_t draft_count;
static struct vqg_cap truth[CAPS]; /* what the table has to be */
static uint32_t count;
static uint64_t granule;
static unsigned char anywhere[1]; /* mappings are never looked into here */

const char *memory_place(size_t at)
{
    (void)at;
    return "shared memory";
}

/* ---------------------------------------------------------------- values */

/* Small multiples of 64, and what lies beside them, or just below the highest address. */
static uint64_t number(uint32_t v)
{
    const uint64_t small = (uint64_t)(v & 63u) * 64u + (v >> 6 & 3u);
    return (v & 0x80000000u) != 0u ? UINT64_MAX - small : (v & 0x40000000u) != 0u ? (uint64_t)v << 32 : small;
}

/* Bits of `a`: 0 and 1 the rights, 2 and 3 oddities. */
static struct vqg_cap make(const struct step *step)
{
    struct vqg_cap c;
    memset(&c, 0, sizeof c);
    c.base = number(step->v);
    c.size = number(step->b);
    c.size = (step->b & 0x8000u) != 0u ? UINT64_MAX - c.size : c.size;
    c.rights = step->a & 3u;
    c.bus = (step->a & 4u) != 0u ? UINT64_MAX - 0x100u : c.base + 0x10000u;
    c.token = step->v;
    c.map = (step->a & 8u) != 0u ? anywhere : NULL;
    c.rights |= (step->a & 0x30u) == 0x30u ? 4u : 0u;
    c.pins = step->b; /* not the caller's */
    return c;
}

/* ---------------------------------------------------------------- the oracle */

static uint64_t last_of(const struct vqg_cap *c)
{
    return c->base + (c->size - 1u);
}

static bool wraps(uint64_t base, uint64_t size)
{
    return size == 0u || size - 1u > UINT64_MAX - base;
}

static bool is_sane(const struct vqg_cap *c)
{
    return !wraps(c->base, c->size) && !wraps(c->bus, c->size) && c->rights < 4u &&
           (c->map == NULL || (!wraps((uintptr_t)c->map, c->size) &&
                               (uintptr_t)c->map + (c->size - 1u) <= UINTPTR_MAX)) &&
           (granule == 0u || (c->base % granule == 0u && c->size % granule == 0u));
}

static bool covers(const struct vqg_cap *c, uint64_t addr)
{
    return c->rights != 0u && addr >= c->base && addr <= last_of(c);
}

static void is_as_it_should_be(void)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct vqg_cap *a = &own.cap[i];
        const struct vqg_cap *b = &truth[i];
        HOLDS(a->base == b->base && a->size == b->size && a->bus == b->bus && a->map == b->map &&
                  a->token == b->token && a->rights == b->rights && a->pins == b->pins,
              "entry %" PRIu32 " is not what it should be", i);
    }
}

/* ---------------------------------------------------------------- steps */

static void step_draft(const struct step *step)
{
    if (draft_count < CAPS) {
        draft[draft_count++] = make(step);
        SAY("draft: 0x%" PRIx64 " bytes at 0x%" PRIx64 ", rights %" PRIu32, draft[draft_count - 1u].size,
            draft[draft_count - 1u].base, draft[draft_count - 1u].rights);
    }
}

/* An honest platform's list: ascending, each behind the one before, with or without a gap. */
static void step_append(const struct step *step)
{
    struct vqg_cap c;
    memset(&c, 0, sizeof c);
    if (draft_count < CAPS && (draft_count == 0u || !wraps(draft[draft_count - 1u].base, draft[draft_count - 1u].size))) {
        c.base = draft_count == 0u ? 64u : last_of(&draft[draft_count - 1u]) + 1u;
        c.base += 64u * (step->b & 3u);
        c.size = 64u * (1u + (step->a & 7u));
        c.bus = c.base + 0x10000u;
        c.rights = step->v & 3u;
        c.token = step->v;
        draft[draft_count++] = c;
    }
}

static void step_init(const struct step *step)
{
    static const uint64_t granules[] = {0, 0, 1, 2, 64, 3, UINT64_C(1) << 63, 128};
    enum vqg_status st;
    uint32_t bad = 0;
    granule = granules[step->a & 7u];
    memcpy(own.cap, draft, sizeof own.cap);
    st = vqg_cap_table_init(&own.table, own.cap, draft_count, granule);
    if (granule == 3u) {
        HOLDS(st == VQG_BAD_CAPS && own.table.bad == UINT32_MAX, "a granule that is none");
        count = 0;
        draft_count = 0;
        return;
    }
    while (bad < draft_count && is_sane(&draft[bad]) && (bad == 0u || last_of(&draft[bad - 1u]) < draft[bad].base)) {
        bad++;
    }
    SAY("set-up of %" PRIu32 " entries, granule 0x%" PRIx64 ": %s", draft_count, granule, vqg_status_name(st));
    HOLDS((st == VQG_OK) == (bad == draft_count), "a table is accepted, or refused");
    HOLDS(st == VQG_OK || (st == VQG_BAD_CAPS && own.table.bad == bad), "another entry is said to be at fault");
    count = st == VQG_OK ? draft_count : 0u;
    for (uint32_t i = 0; i < count; i++) {
        truth[i] = draft[i];
        truth[i].pins = 0;
    }
    draft_count = 0;
    is_as_it_should_be();
}

/* An address at an edge of entry `a`, or any. */
static uint64_t address(const struct step *step)
{
    if ((step->a & 0x80u) != 0u || count == 0u) {
        return number(step->v);
    }
    return (step->a & 0x40u) != 0u ? last_of(&truth[step->a % count]) + (step->b & 1u)
                                   : truth[step->a % count].base - (step->b & 1u);
}

static const struct vqg_cap *look_up(const struct step *step, uint32_t *which)
{
    const uint64_t addr = address(step);
    const struct vqg_cap *c = vqg_cap_table_lookup(&own.table, addr);
    uint32_t i = 0;
    while (i < count && !covers(&truth[i], addr)) {
        i++;
    }
    SAY("0x%" PRIx64 " is in %" PRIu32 " of %" PRIu32, addr, i, count);
    HOLDS(c == (i < count ? &own.cap[i] : NULL), "another capability covers 0x%" PRIx64, addr);
    *which = i;
    return c;
}

static void step_look_up(const struct step *step)
{
    uint32_t i;
    (void)look_up(step, &i);
}

static void step_pin(const struct step *step)
{
    uint32_t i;
    uint64_t pin = UINT64_MAX;
    const struct vqg_cap *c = look_up(step, &i);
    const bool full = (step->b & 0x100u) != 0u;
    if (c == NULL) {
        return;
    }
    if (full) { /* as after four thousand million of them */
        own.cap[i].pins = UINT32_MAX;
    }
    HOLDS(vqg_cap_table_pin(&own.table, c, &pin) == !full, "a pin is refused, or wraps");
    HOLDS(full || pin == i, "a pin of another entry");
    if (full) {
        own.cap[i].pins = truth[i].pins;
    } else {
        truth[i].pins++;
    }
    HOLDS(count < 2u || !vqg_cap_table_pin(&own.table, &own.cap[(i + 1u) % count], &pin), "a pin of what was not asked for");
    is_as_it_should_be();
}

static void step_unpin(const struct step *step)
{
    const uint64_t pin = (step->a & 0x80u) != 0u ? number(step->v) : step->a % CAPS;
    vqg_cap_table_unpin(&own.table, pin);
    if (pin < count && truth[pin].pins != 0u) {
        truth[pin].pins--;
    }
    is_as_it_should_be();
}

/* Entry `v >> 24`, by rights 0, by another of the same place, or by any. */
static void step_replace(const struct step *step)
{
    const uint32_t i = (step->a & 0x80u) != 0u ? CAPS + (step->v >> 8) : (step->v >> 24) % CAPS;
    struct vqg_cap c = make(step);
    enum vqg_status wanted = VQG_OK;
    enum vqg_status st;
    if (i < count && (step->a & 0x40u) == 0u) {
        const uint64_t room = (i + 1u < count ? truth[i + 1u].base : UINT64_MAX) - truth[i].base;
        c = truth[i];
        c.rights = step->b & 3u;
        c.size = (step->b & 4u) != 0u ? 64u * (1u + (step->v & 15u)) : (step->b & 8u) != 0u ? room + (step->b >> 4 & 1u) : c.size;
    }
    st = vqg_cap_table_replace(&own.table, i, &c);
    if (i >= count) {
        wanted = VQG_BAD_CAPS;
    } else if (truth[i].pins != 0u) {
        wanted = VQG_BUSY;
    } else if (!is_sane(&c) || (i != 0u && last_of(&truth[i - 1u]) >= c.base) ||
               (i + 1u < count && last_of(&c) >= truth[i + 1u].base)) {
        wanted = VQG_BAD_CAPS;
    }
    SAY("entry %" PRIu32 " becomes 0x%" PRIx64 " bytes at 0x%" PRIx64 ", rights %" PRIu32 ": %s", i, c.size, c.base,
        c.rights, vqg_status_name(st));
    script_feature(100u + (unsigned)((int)st + 64));
    HOLDS(st == wanted, "%s, where %s is right", vqg_status_name(st), vqg_status_name(wanted));
    if (st == VQG_OK) {
        truth[i] = c;
        truth[i].pins = 0;
    }
    is_as_it_should_be();
}

/* 2.7.2, at 64 bits. */
static void step_layout(const struct step *step)
{
    const uint32_t size = step->v;
    const uint32_t align = (step->a & 0x80u) != 0u ? (uint32_t)step->b << 16 : (step->a & 0x40u) != 0u ? step->b : 4096u;
    struct vqg_legacy_layout got;
    const enum vqg_status st = vqg_layout_legacy(size, align, &got);
    const uint64_t avail = 16u * (uint64_t)size;
    uint64_t used = avail + 6u + 2u * (uint64_t)size;
    uint64_t bytes;
    SAY("legacy queue of %" PRIu32 ", aligned to %" PRIu32 ": %s", size, align, vqg_status_name(st));
    if (size == 0u || size > 32768u || (size & (size - 1u)) != 0u) {
        HOLDS(st == VQG_BAD_SIZE, "%s for a size that no legacy queue has", vqg_status_name(st));
        return;
    }
    if (align < 4u || (align & (align - 1u)) != 0u) {
        HOLDS(st == VQG_BAD_ALIGN, "%s for an alignment that is none", vqg_status_name(st));
        return;
    }
    used += (align - used % align) % align;
    bytes = used + 6u + 8u * (uint64_t)size;
    bytes += (align - bytes % align) % align;
    HOLDS(st == VQG_OK && got.avail == avail && got.used == used && got.bytes == bytes, "another layout");
}

/* ---------------------------------------------------------------- the harness */

static void begin(const uint8_t *head)
{
    (void)head;
    canary_set(own.c0);
    canary_set(own.c1);
    canary_set(own.c2);
    memset(&own.table, 0, sizeof own.table);
    HOLDS(vqg_cap_table_init(&own.table, own.cap, 0, 0) == VQG_OK, "an empty table is refused");
    count = 0;
    draft_count = 0;
    granule = 0;
}

static void end(void)
{
    canary_check(own.c0, "the table");
    canary_check(own.c1, "the table and its entries");
    canary_check(own.c2, "the entries");
}

static const struct step_kind kinds[] = {
    {"draft", 4, step_draft},     {"append", 8, step_append}, {"set up", 5, step_init}, {"look up", 8, step_look_up},
    {"pin", 6, step_pin},         {"unpin", 4, step_unpin},   {"replace", 8, step_replace},
    {"legacy layout", 3, step_layout},
};

const struct harness harness = {"cap_table", EITHER, kinds, sizeof kinds / sizeof kinds[0], begin, end};
