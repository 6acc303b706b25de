/* SPDX-License-Identifier: MIT */
/* What the driver endpoint is asked to lend, and what of it an honest device finds. */
#include "driver_parts.h"

#include <inttypes.h>
#include <string.h>

/* `a`: segments, and in bit 3 whether through a table; `b`: how many of them are read, and the least length. */
static void make_request(struct asked *r, const struct step *step)
{
    const uint32_t reads = step->b % 8u;
    memset(r, 0, sizeof *r);
    r->count = 1u + (step->a & 7u) % SEGS;
    r->table = (step->a & 8u) != 0u;
    r->slots = r->table ? 1u : r->count;
    r->least = step->b >> 4 & 7u;
    r->cookie = asked.cookies;
    for (uint32_t i = 0; i < r->count; i++) {
        r->seg[i] = vqg_out(NULL, 1u + (step->v >> 4u * i & 15u));
        r->seg[i].addr = SHARED_BASE + AT_DATA + (i * 64u + step->v % 256u);
        r->seg[i].write = i >= reads;
        r->writable += i >= reads ? r->seg[i].len : 0u;
    }
}

static enum vqg_status wanted_of(const struct asked *r, uint32_t room)
{
    const uint32_t most = world.policy.max_elements != 0u ? world.policy.max_elements : world.size;
    const uint32_t least = r->least > world.policy.min_length ? r->least : world.policy.min_length;
    if (lent.life != LIFE_LIVE) {
        return VQG_DEAD;
    }
    if (r->table && !world.indirect) {
        return VQG_BAD_TABLE;
    }
    if (r->count > most || (!r->table && r->count > world.size)) {
        return VQG_BAD_COUNT;
    }
    if (least > r->writable) {
        return VQG_BAD_LENGTH;
    }
    return r->slots > room ? VQG_FULL : VQG_OK;
}

/* What an honest device will find at an element: all but the flags of the first of a packed list. */
static void finds(size_t at, uint64_t addr, uint32_t len, unsigned flags, bool whole)
{
    const size_t at_flags = at + (world.packed ? 14u : 12u);
    HOLDS(memory_stored(at, 8) == addr && memory_stored(at + 8u, 4) == len, "%s: another buffer is lent",
          memory_place(at));
    HOLDS(!whole || memory_stored(at_flags, 2) == flags, "%s: 0x%x, not 0x%x", memory_place(at_flags),
          (unsigned)memory_stored(at_flags, 2), flags);
}

unsigned driver_flags(const struct asked *r, uint32_t i)
{
    return (r->seg[i].write ? SM_DESC_WRITE : 0u) | (i + 1u < r->count ? SM_DESC_NEXT : 0u);
}

static void find_table(const struct asked *r)
{
    const size_t table = table_of((uint32_t)r->cookie);
    for (uint32_t i = 0; i < r->count; i++) {
        const size_t at = table + 16u * (size_t)i;
        finds(at, r->seg[i].addr, r->seg[i].len, driver_flags(r, i) & (world.packed ? SM_DESC_WRITE : 7u), true);
        HOLDS(world.packed || i + 1u == r->count || memory_stored(at + 14u, 2) == i + 1u, "an entry's next");
    }
    memory_may_store(table, 16u * (size_t)r->count);
}

/* The position behind all that was added. */
static uint16_t added_up_to(void)
{
    uint16_t at = lent.model.avail_idx;
    for (uint32_t i = 0; i < asked.waiting_count; i++) {
        at = position_behind(at, asked.waiting[i].slots);
    }
    return at;
}

static void find_split(struct asked *r)
{
    uint32_t desc = (uint32_t)memory_stored(at_avail_entry(r->at), 2);
    r->id = (uint16_t)desc;
    for (uint32_t i = 0; i < r->slots; i++) {
        HOLDS(desc < world.size && !asked.busy[desc], "descriptor %" PRIu32 " is lent twice, or is none", desc);
        asked.busy[desc] = true;
        asked.chain[r->id][i] = (uint16_t)desc;
        if (r->table) {
            finds(at_desc(desc), SHARED_BASE + table_of((uint32_t)r->cookie), 16u * r->count, SM_DESC_INDIRECT, true);
        } else {
            finds(at_desc(desc), r->seg[i].addr, r->seg[i].len, driver_flags(r, i), true);
        }
        memory_may_store(at_desc(desc), 16);
        HOLDS(!world.in_order || i == 0u || desc == (asked.chain[r->id][i - 1u] + 1u) % world.size, "not in order");
        desc = (uint32_t)memory_stored(at_desc(desc) + 14u, 2);
    }
    memory_may_store(at_avail_entry(r->at), 2);
}

static void find_packed(struct asked *r)
{
    uint16_t at = r->at;
    for (uint32_t i = 0; i < r->slots; i++) {
        const unsigned lap = sm_packed_available(at);
        const bool hidden = at == lent.model.avail_idx; /* P10: its flags wait for the kick */
        if (r->table) {
            finds(at_desc(index_of(at)), SHARED_BASE + table_of((uint32_t)r->cookie), 16u * r->count,
                  lap | SM_DESC_INDIRECT, !hidden);
        } else {
            finds(at_desc(index_of(at)), r->seg[i].addr, r->seg[i].len, lap | driver_flags(r, i), !hidden);
        }
        HOLDS(!hidden || memory_stored(at_packed_flags(at), 2) == memory_get(at_packed_flags(at), 2),
              "the first flags are stored before the kick");
        memory_may_store(at_desc(index_of(at)), 16);
        r->id = (uint16_t)memory_stored(at_packed_id(at), 2);
        at = position_behind(at, 1);
    }
}

void driver_step_add(const struct step *step)
{
    const uint32_t room = world.size - lent.model.outstanding_slots - asked.waiting_slots;
    struct asked *r = &asked.waiting[asked.waiting_count % QUEUE_MAX];
    struct asked made;
    struct vqg_request request;
    enum vqg_status st;
    make_request(&made, step);
    memset(&request, 0, sizeof request);
    request.seg = made.seg;
    request.count = made.count;
    request.min_length = made.least;
    request.cookie = completions_cookie(made.cookie);
    request.table = made.table ? shared.bytes + table_of((uint32_t)made.cookie) : NULL;
    request.table_addr = SHARED_BASE + table_of((uint32_t)made.cookie);
    request.table_entries = made.count;
    SAY("add %" PRIu32 " segments%s, %" PRIu32 " bytes to write, at least %" PRIu32, made.count,
        made.table ? " in a table" : "", made.writable, made.least);
    memory_call(NO_POLL, 0);
    st = vqg_driver_add_request(&own.driver, &request);
    answer_is(st, wanted_of(&made, room));
    if (st == VQG_OK) {
        made.least = made.least > world.policy.min_length ? made.least : world.policy.min_length;
        made.at = added_up_to();
        if (world.packed) {
            find_packed(&made);
        } else {
            find_split(&made);
        }
        if (made.table) {
            find_table(&made);
        }
        *r = made;
        asked.waiting_count++;
        asked.waiting_slots += made.slots;
        completions_lend(asked.cookies++);
    }
    HOLDS(memory_loads() == 0u, "an add looks at shared memory");
    memory_settle();
    driver_is_counted();
}
