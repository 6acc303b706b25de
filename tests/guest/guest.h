/* SPDX-License-Identifier: MIT */
/*
 * What the guests share, and run.py knows too: the machine, what the host asks
 * for, the sectors, the clock.
 *
 * The host has QEMU's generic loader write to the last page of the machine's
 * RAM, where no program is linked to:
 *   -device loader,addr=0x87fff000,data=WORD,data-len=4
 */
#ifndef GUEST_H
#define GUEST_H

#include "platform.h"

#include <stdbool.h>
#include <stdint.h>

#define RAM_BASE UINT64_C(0x80000000)
#define RAM_END UINT64_C(0x88000000)

/* The sectors that honest requests write and read, and how many the disk has at least. */
#define DISK_FIRST 64u
#define DISK_SPAN 64u
#define DISK_SECTORS 4096u

#define PATIENCE 2000u /* milliseconds for any wait */

/* To a victim: how often to bring the device up. To the hostile guest: not 0 if the device does one thing at a time. */
static inline uint32_t host_word(void)
{
    return *(const volatile uint32_t *)(uintptr_t)(RAM_END - 0x1000u);
}

static inline uint64_t deadline_in(uint32_t milliseconds)
{
    return platform_time() + (uint64_t)milliseconds * (PLATFORM_TICKS_PER_SECOND / 1000u);
}

/*
 * Whether the guest has been running all the time: on a busy host it may miss
 * what a hostile device shows for a moment only. Looked at in every poll.
 */
struct wakefulness {
    uint64_t last;
    bool slept;
};

static inline void stay_awake(struct wakefulness *w)
{
    uint64_t now = platform_time();

    w->slept = w->slept || (w->last != 0 && now - w->last > 10u * (PLATFORM_TICKS_PER_SECOND / 1000u));
    w->last = now;
}

#endif
