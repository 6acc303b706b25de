/* SPDX-License-Identifier: MIT */
/* The driver in the device's world: honest when it posts, hostile when it spoils. */
#include "device.h"

#include <inttypes.h>
#include <string.h>

static struct {
    uint32_t chains;            /* posted, and not taken */
    uint32_t slots;
    bool reserved[QUEUE_MAX];   /* their descriptors, or ids */
} posted;

void post_begin(void)
{
    memset(&posted, 0, sizeof posted);
}

void post_taken(uint32_t slots)
{
    posted.chains -= posted.chains != 0u ? 1u : 0u;
    posted.slots -= posted.slots < slots ? posted.slots : slots;
    if (posted.chains == 0u) {
        post_begin();
    }
}

static bool is_free(uint32_t i)
{
    return !posted.reserved[i] && !truth.model.in_flight[i].live && (world.packed || truth.model.owner[i] < 0);
}

/* A free id, or the first of `n` free descriptors in a row, from `from` on. */
static bool find_free(uint32_t n, uint32_t from, uint32_t *first)
{
    const bool fixed = world.in_order && !world.packed && truth.model.next_desc != world.size;
    *first = fixed ? (truth.model.next_desc + posted.slots) % world.size : from % world.size;
    for (uint32_t tries = 0; tries < (fixed ? 1u : world.size); tries++) {
        uint32_t i = 0;
        while (i < n && is_free((*first + i) % world.size)) {
            i++;
        }
        if (i == n) {
            return true;
        }
        *first = (*first + 1u) % world.size;
    }
    return false;
}

/* Element `i` of a request: those before `reads` are read. */
static void put_element(size_t at, const struct step *step, uint32_t i, unsigned flags, uint32_t other)
{
    memory_put(at, 8, SHARED_BASE + AT_DATA + (step->v >> 8 & 0x1ffu) + 32u * i);
    memory_put(at + 8u, 4, 1u + (step->v >> i & 31u));
    memory_put(at + 12u, 2, world.packed ? other : flags);
    memory_put(at + 14u, 2, world.packed ? flags : other);
}

static void post_split(const struct step *step, uint32_t n, uint32_t reads, uint32_t first, bool table)
{
    const uint16_t idx = (uint16_t)memory_get(AT_AVAIL_IDX, 2);
    for (uint32_t i = 0; i < n; i++) {
        const unsigned flags = (i >= reads ? SM_DESC_WRITE : 0u) | (i + 1u < n ? SM_DESC_NEXT : 0u);
        const uint32_t desc = (first + i) % world.size;
        put_element(table ? table_of(first) + 16u * (size_t)i : at_desc(desc), step, i, flags,
                    table ? i + 1u : (desc + 1u) % world.size);
    }
    if (table) {
        memory_put(at_desc(first), 8, SHARED_BASE + table_of(first));
        memory_put(at_desc(first) + 8u, 4, 16u * n);
        memory_put(at_desc(first) + 12u, 2, SM_DESC_INDIRECT);
        memory_put(at_desc(first) + 14u, 2, 0);
    }
    memory_put(at_avail_entry(idx), 2, first);
    memory_put(AT_AVAIL_IDX, 2, (uint16_t)(idx + 1u));
}

static void post_packed(const struct step *step, uint32_t n, uint32_t reads, uint32_t id, bool table)
{
    uint16_t at = sm_packed_advance(truth.model.last_avail, posted.slots, world.size);
    for (uint32_t i = 0; i < n; i++) {
        const unsigned flags = i >= reads ? SM_DESC_WRITE : 0u;
        if (table) {
            put_element(table_of(id) + 16u * (size_t)i, step, i, flags, 0);
        } else {
            put_element(at_desc(index_of(at)), step, i,
                        flags | (i + 1u < n ? SM_DESC_NEXT : 0u) | sm_packed_available(at), id);
            at = position_behind(at, 1);
        }
    }
    if (table) {
        memory_put(at_desc(index_of(at)), 8, SHARED_BASE + table_of(id));
        memory_put(at_desc(index_of(at)) + 8u, 4, 16u * n);
        memory_put(at_packed_id(at), 2, id);
        memory_put(at_packed_flags(at), 2, SM_DESC_INDIRECT | sm_packed_available(at));
    }
}

/*
 * `a`: elements, in bit 3 whether in a table, and from bit 4 on how many are read; `b`: where; `v`: lengths.
 * With bit 7 a table comes also when it was not negotiated.
 */
void step_post(const struct step *step)
{
    const bool table = (step->a & 8u) != 0u && (world.indirect || (step->a & 0x80u) != 0u);
    const uint32_t most = table || world.size > 5u ? 5u : world.size;
    const uint32_t n = 1u + (step->a & 7u) % most;
    const uint32_t reads = world.policy.direction == VQG_DIRECTION_READABLE   ? n
                           : world.policy.direction == VQG_DIRECTION_WRITABLE ? 0u
                                                                              : (uint32_t)(step->a >> 4) % (n + 1u);
    const uint32_t slots = table ? 1u : n;
    uint32_t first;
    if (!truth.model.ready || truth.resume_left != 0u ||
        posted.slots + slots + truth.model.in_flight_slots + truth.model.unpublished_slots > world.size ||
        !find_free(world.packed ? 1u : slots, step->b, &first)) {
        SAY("no room to post");
        return;
    }
    SAY("post %" PRIu32 " elements%s as %" PRIu32, n, table ? " in a table" : "", first);
    if (world.packed) {
        post_packed(step, n, reads, first, table);
        posted.reserved[first] = true;
    } else {
        post_split(step, n, reads, first, table);
        for (uint32_t i = 0; i < slots; i++) {
            posted.reserved[(first + i) % world.size] = true;
        }
    }
    posted.chains++;
    posted.slots += slots;
}

/* ---------------------------------------------------------------- hostile */

/* The descriptor that `b` names: one near to where the device looks, or with bit 3 of `a` any. */
static uint32_t near(const struct step *step)
{
    const uint32_t ahead = step->b & 7u;
    if ((step->a & 8u) != 0u) {
        return step->b % world.size;
    }
    if (world.packed) {
        return index_of(sm_packed_advance(truth.model.last_avail, ahead % world.size, world.size));
    }
    return ((uint32_t)memory_get(at_avail_entry((uint16_t)(truth.model.last_avail + (ahead >> 2))), 2) + (ahead & 3u)) %
           world.size;
}

static void spoil_element(size_t at, const struct step *step)
{
    static const unsigned bits[] = {1, 2, 4, 0x80, 0x8000, 0x8080, 8, 0x4000, 3, 5};
    const size_t flags = at + (world.packed ? 14u : 12u);
    const size_t other = at + (world.packed ? 12u : 14u);
    switch (step->a & 7u) {
    case 0:
    case 1:
        memory_put(at, 8, memory_address(step->v));
        break;
    case 2:
        memory_put(at + 8u, 4, step->v);
        break;
    case 3:
        memory_put(at + 8u, 4, 16u * (step->v & 63u));
        break;
    case 4:
    case 5:
        memory_put(flags, 2, memory_get(flags, 2) ^ bits[step->v % (sizeof bits / sizeof bits[0])]);
        break;
    case 6:
        memory_put(other, 2, step->v % (world.size + 1u));
        break;
    default:
        memory_put(other, 2, step->v);
        break;
    }
}

/* The high bits of `b` say what: a descriptor, an entry of its table, the index, a head. */
void step_spoil(const struct step *step)
{
    const uint16_t at = truth.model.last_avail;
    uint32_t i;
    if (!truth.model.ready) {
        return;
    }
    i = near(step);
    switch (step->b >> 8 & 7u) {
    case 1:
    case 2: /* the table of the list that ends here, or begins here */
        i = world.packed ? (uint32_t)memory_get(at_desc(i) + 12u, 2) : i;
        spoil_element(table_of(i) + 16u * (size_t)((step->b >> 11) % 5u), step);
        break;
    case 3:
        if (!world.packed) {
            memory_put(AT_AVAIL_IDX, 2, (uint16_t)(at + (step->a & 1u ? step->v : step->v % (world.size + 3u))));
            break;
        }
        spoil_element(at_desc(i), step);
        break;
    case 4:
        if (!world.packed) {
            memory_put(at_avail_entry((uint16_t)(at + (step->b & 3u))), 2, step->v);
            break;
        }
        /* fall through */
    default:
        spoil_element(at_desc(i), step);
        break;
    case 5: /* an entry lies over its own table */
        i = world.packed ? (uint32_t)memory_get(at_desc(i) + 12u, 2) : i;
        memory_put(table_of(i) + 16u * (size_t)((step->b >> 11) % 5u), 8,
                   SHARED_BASE + table_of(i) + step->v % TABLE_BYTES);
        break;
    }
}
