/* SPDX-License-Identifier: MIT */
/*
 * Time: a cycle of slots, dealt out by time capabilities. The slots that a
 * capability still has itself are one slice of its owner's.
 */
#include "kernel.h"

#define MTIME ((volatile uint64_t *)0x0200bff8u)
#define MTIMECMP ((volatile uint64_t *)0x02004000u)
#define MIP_TIMER (1u << 7)

#define SLOT_TICKS (1000u * S3K_TICKS_PER_US)

static uint64_t slice_end;

void time_init(void)
{
    *MTIME = 0;
}

uint64_t time_now(void)
{
    return *MTIME;
}

uint64_t time_slice_end(void)
{
    return slice_end;
}

/* Who has this slot of the cycle, and for how many slots from here. What was revoked is
 * never in the way: the entry that the slots went back to comes before it. */
static uint16_t slot_owner(uint64_t slot, uint64_t *left)
{
    for (uint64_t i = 0; i < capability_count(S3K_TSL); i++) {
        const struct s3k_cap *cap = capability_at(S3K_TSL, i);

        if (cap->tsl.enabled && slot >= cap->slots.base &&
            slot < (uint64_t)cap->slots.base + cap->slots.free) {
            *left = cap->slots.base + (uint64_t)cap->slots.free - slot;
            return cap->owner;
        }
    }
    *left = 1;
    return NOBODY;
}

struct process *time_next(void)
{
    for (;;) {
        uint64_t slot = time_now() / SLOT_TICKS, left, pending = 0;
        uint16_t owner = slot_owner(slot % S3K_TIME_SLOTS, &left);

        slice_end = (slot + left) * SLOT_TICKS;
        *MTIMECMP = slice_end;
        if (owner != NOBODY && process_ready(process(owner)) && process(owner)->wake <= slot * SLOT_TICKS) {
            return process(owner);
        }
        do { /* interrupts are off, so this ends without a trap */
            __asm__ volatile("wfi");
            __asm__ volatile("csrr %0, mip" : "=r"(pending));
        } while ((pending & MIP_TIMER) == 0);
    }
}
