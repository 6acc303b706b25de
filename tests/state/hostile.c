/* SPDX-License-Identifier: MIT */
/* One write of one field, by whoever may: where, and which values tell the most. */
#include "state.h"

#include <stdio.h>

/* ---------------------------------------------------------------- which */

/* Unless it says so already, or the same write is there. */
static void offer(struct steps *steps, unsigned at, unsigned bytes, uint64_t value)
{
    struct step s = {WRITE, 0, (uint8_t)bytes, (uint16_t)at, value};
    s.value &= bytes == 8u ? UINT64_MAX : (UINT64_C(1) << 8u * bytes) - 1u;
    if (s.value == get(at, bytes)) {
        return;
    }
    for (unsigned i = steps->count; i-- != 0u && steps->list[i].kind == WRITE && steps->list[i].at == at;) {
        if (steps->list[i].value == s.value) {
            return;
        }
    }
    holds(steps->count < STEPS_MAX, "there is room for all steps");
    steps->list[steps->count++] = s;
}

/* A number that says which, or how far: `most` is the first that is too large. */
static void offer_number(struct steps *steps, unsigned at, unsigned bytes, uint64_t most)
{
    const uint64_t value = get(at, bytes);
    offer(steps, at, bytes, 0);
    offer(steps, at, bytes, value + 1u);
    offer(steps, at, bytes, value - 1u);
    offer(steps, at, bytes, most);
    offer(steps, at, bytes, UINT64_MAX);
}

static void offer_flags(struct steps *steps, unsigned at, bool in_ring)
{
    static const uint16_t bits[] = {SM_DESC_NEXT,  SM_DESC_WRITE, SM_DESC_INDIRECT,
                                    8,             SM_DESC_AVAIL, SM_DESC_USED,
                                    SM_DESC_AVAIL | SM_DESC_USED};
    for (unsigned i = 0; i < (setting.packed && in_ring ? 7u : 4u); i++) {
        offer(steps, at, 2, get(at, 2) ^ bits[i]);
    }
}

/* A descriptor, or an entry of a table. */
static void offer_descriptor(struct steps *steps, unsigned at, bool in_ring)
{
    offer(steps, at, 8, 0);
    offer(steps, at, 8, BASE + AT_DESC);
    offer(steps, at, 8, BASE + AT_TABLES);
    offer(steps, at, 8, BASE + AT_DATA + AT_IN);
    offer(steps, at, 8, get(at, 8) + 1u);
    offer(steps, at + 8u, 4, 0);
    offer(steps, at + 8u, 4, 16);
    offer(steps, at + 8u, 4, 16u * (setting.size + 1u));
    offer(steps, at + 8u, 4, get(at + 8u, 4) + 1u);
    offer(steps, at + 8u, 4, UINT32_MAX);
    offer_flags(steps, at + (setting.packed ? 14u : 12u), in_ring);
    if (in_ring || !setting.packed) {
        const unsigned other = at + (setting.packed ? 12u : 14u); /* the id, or next */
        offer_number(steps, other, 2, setting.size);
        offer(steps, other, 2, in_ring ? (at - AT_DESC) / 16u : (at - AT_TABLES) / 16u % SEGS); /* itself */
    }
}

void hostile_writes(struct steps *steps)
{
    for (unsigned i = 0; i < setting.size; i++) {
        offer_descriptor(steps, AT_DESC + 16u * i, true);
    }
    for (unsigned i = 0; i < SIZE * SEGS; i++) {
        if (now.requests[i / SEGS].lent && now.requests[i / SEGS].table) {
            offer_descriptor(steps, AT_TABLES + 16u * i, false);
        }
    }
    offer(steps, AT_AVAIL, 2, get(AT_AVAIL, 2) ^ 1u);
    offer(steps, AT_USED, 2, get(AT_USED, 2) ^ 1u);
    if (setting.packed) {
        for (unsigned value = 0; value < 5u; value++) {
            offer(steps, AT_AVAIL + 2u, 2, value);
            offer(steps, AT_USED + 2u, 2, value);
        }
        return;
    }
    offer_number(steps, AT_AVAIL + 2u, 2, setting.size + 1u);
    offer(steps, AT_AVAIL + 2u, 2, get(AT_AVAIL + 2u, 2) + setting.size);
    offer_number(steps, AT_USED + 2u, 2, setting.size + 1u);
    offer(steps, AT_USED + 2u, 2, get(AT_USED + 2u, 2) + setting.size);
    for (unsigned i = 0; i < setting.size; i++) {
        offer_number(steps, AT_AVAIL + 4u + 2u * i, 2, setting.size);
        offer_number(steps, AT_USED + 4u + 8u * i, 4, setting.size);
        offer(steps, AT_USED + 4u + 8u * i, 4, get(AT_USED + 4u + 8u * i, 4) | 0x10000u);
        offer_number(steps, AT_USED + 8u + 8u * i, 4, IN_BYTES + 1u);
    }
}

/* ---------------------------------------------------------------- done */

void hostile_write(const struct step *step)
{
    const bool returned = setting.packed ? step->at >= AT_DESC && step->at < AT_AVAIL
                                         : step->at >= AT_USED && step->at < AT_TABLES;
    now.spoilt = returned && (now.dev.return_count != 0u || (!setting.packed && !setting.in_order));
    put(step->at, step->bytes, step->value);
    now.honest = false;
    now.writes_left--;
    /* Who was lied to can no longer be said to see what the other did. */
    now.made_available = (struct fifo){0, {0}, {0}};
    now.returned = (struct fifo){0, {0}, {0}};
}

/* ---------------------------------------------------------------- in words */

static const char *field_of(unsigned offset)
{
    return offset == 0u    ? "addr"
           : offset == 8u  ? "len"
           : offset == 12u ? setting.packed ? "id" : "flags"
                           : setting.packed ? "flags" : "next";
}

void place_text(unsigned at, char *text, size_t size)
{
    const char *ring = at < AT_USED ? "avail" : "used";
    const unsigned offset = at - (at < AT_USED ? AT_AVAIL : AT_USED);
    if (at < AT_AVAIL) {
        (void)snprintf(text, size, "desc[%u].%s", (at - AT_DESC) / 16u, field_of((at - AT_DESC) % 16u));
    } else if (at >= AT_TABLES) {
        (void)snprintf(text, size, "table %u, entry %u, %s", (at - AT_TABLES) / TABLE_BYTES,
                       (at - AT_TABLES) / 16u % SEGS, field_of((at - AT_TABLES) % 16u));
    } else if (setting.packed) {
        (void)snprintf(text, size, "%s event suppression, %s", at < AT_USED ? "driver" : "device",
                       offset == 0u ? "desc" : "flags");
    } else if (offset < 4u) {
        (void)snprintf(text, size, "%s.%s", ring, offset == 0u ? "flags" : "idx");
    } else if (at < AT_USED) {
        (void)snprintf(text, size, "avail.ring[%u]", (offset - 4u) / 2u);
    } else {
        (void)snprintf(text, size, "used.ring[%u].%s", (offset - 4u) / 8u, offset % 8u == 4u ? "id" : "len");
    }
}
