/* SPDX-License-Identifier: MIT */
/* Queues written by hand: what no driver would write. */
#include "hostile.h"

#include "client.h"
#include "raw.h"

#define SECTOR_READ 0u

/* An honest request, then something done to it, then the kick. */
static bool is_refused(void (*spoil)(void))
{
    bool refused = false;

    if (raw_open_at(0, 0, 0)) {
        raw_request(SECTOR_READ);
        spoil();
        raw_offer(0);
        raw_kick();
        refused = raw_is_refused();
    }
    return raw_close() && refused;
}

#define ATTACK(name) static bool name(void) { return is_refused(spoil_##name); }

static void spoil_above_32_bits(void)
{
    raw_ring.desc[1].addr |= UINT64_C(1) << 32;
}
ATTACK(above_32_bits)

static void spoil_own_ring(void)
{
    raw_ring.desc[1].addr = (uintptr_t)&raw_ring.used;
}
ATTACK(own_ring)

static void spoil_loop(void)
{
    raw_ring.desc[1].next = 1;
}
ATTACK(loop)

static void spoil_long_chain(void)
{
    for (uint16_t i = 1; i < RAW_SIZE; i++) {
        raw_ring.desc[i].addr = (uintptr_t)raw_data;
        raw_ring.desc[i].len = 1;
        raw_ring.desc[i].flags = VQG_DESC_F_WRITE | VQG_DESC_F_NEXT;
        raw_ring.desc[i].next = (uint16_t)(i + 1u);
    }
    raw_ring.desc[RAW_SIZE - 1u].flags = VQG_DESC_F_WRITE;
}
ATTACK(long_chain)

static void spoil_wrap(void)
{
    raw_ring.desc[1].addr = UINT64_MAX - 99u;
}
ATTACK(wrap)

static void spoil_sum(void)
{
    raw_ring.desc[1].len = UINT32_MAX;
    raw_ring.desc[1].addr = DRIVER_BASE;
}
ATTACK(sum)

static void spoil_flags(void)
{
    raw_ring.desc[1].flags |= 0x8000u;
}
ATTACK(flags)

static void spoil_next(void)
{
    raw_ring.desc[1].next = RAW_SIZE;
}
ATTACK(next)

static void spoil_head(void)
{
    raw_offer(RAW_SIZE);
}
ATTACK(head)

static void spoil_twice(void)
{
    raw_offer(0);
}
ATTACK(twice)

static void spoil_jump(void)
{
    raw_ring.avail.idx = RAW_SIZE + 1u;
}
ATTACK(jump)

static void spoil_table_in_victim(void)
{
    raw_refer();
    raw_ring.desc[0].addr = VICTIM_BASE;
}
ATTACK(table_in_victim)

static void spoil_table_of_victim(void)
{
    raw_refer();
    raw_table[1].addr = VICTIM_BASE;
}
ATTACK(table_of_victim)

static void spoil_table_in_table(void)
{
    raw_refer();
    raw_table[1].flags = VQG_DESC_F_INDIRECT;
}
ATTACK(table_in_table)

static void spoil_table_too_long(void)
{
    raw_refer();
    raw_ring.desc[0].len = RAW_SIZE * VQG_DESC_BYTES;
}
ATTACK(table_too_long)

/* The queue's own parts: the disk would write completions there. */
static bool parts_are_refused(uint64_t desc, uint64_t avail, uint64_t used)
{
    bool refused = !raw_open_at(desc, avail, used);

    return raw_close() && refused;
}

static bool used_in_victim(void)
{
    return parts_are_refused(0, 0, VICTIM_BASE);
}

static bool desc_in_victim(void)
{
    return parts_are_refused(VICTIM_BASE, 0, 0);
}

static bool used_across_the_end(void)
{
    return parts_are_refused(0, 0, DRIVER_BASE + DRIVER_SIZE - 40u);
}

static bool used_in_desc(void)
{
    return parts_are_refused(0, 0, (uintptr_t)&raw_ring.desc[1]);
}

struct hostile_list hostile_queues(void)
{
    static const struct hostile_attack attacks[] = {
        { "queue: an address of mine, with bit 32 set", above_32_bits },
        { "queue: read into the used ring", own_ring },
        { "queue: a chain that is a loop", loop },
        { "queue: a chain of 64", long_chain },
        { "queue: an element that wraps", wrap },
        { "queue: lengths that add up to more than 32 bits", sum },
        { "queue: a reserved flag", flags },
        { "queue: a next that is out of the table", next },
        { "queue: a head that is out of the table", head },
        { "queue: a head twice", twice },
        { "queue: an index that jumps", jump },
        { "queue: a table in app1", table_in_victim },
        { "queue: a table that names app1's code", table_of_victim },
        { "queue: a table in a table", table_in_table },
        { "queue: a table of 64 entries", table_too_long },
        { "queue: the used ring in app1", used_in_victim },
        { "queue: the descriptor table in app1", desc_in_victim },
        { "queue: the used ring from my last 40 bytes on", used_across_the_end },
        { "queue: the used ring in the descriptor table", used_in_desc },
    };

    return (struct hostile_list){ attacks, sizeof(attacks) / sizeof(attacks[0]) };
}
