/* SPDX-License-Identifier: MIT */
/*
 * What the guests share, and run.py knows too: the machine, the host's
 * parameters, the sectors, the clock.
 *
 * The parameters are written by QEMU's generic loader to the last page of the
 * machine's RAM, where no program is linked to:
 *   -device loader,addr=0x87fff000,data=LIVES,data-len=4
 */
#ifndef GUEST_H
#define GUEST_H

#include "platform.h"

#include <stdint.h>

#define RAM_BASE UINT64_C(0x80000000)
#define RAM_END UINT64_C(0x88000000)

/* The sectors that honest requests write and read, and how many the disk has at least. */
#define DISK_FIRST 64u
#define DISK_SPAN 64u
#define DISK_SECTORS 4096u

#define PATIENCE 2000u /* milliseconds for any wait */

struct parameters {
    uint32_t lives;   /* how often to bring the device up */
    uint32_t lenient; /* not 0: the specification profile */
};

static inline const volatile struct parameters *parameters(void)
{
    return (const volatile struct parameters *)(uintptr_t)(RAM_END - 0x1000u);
}

static inline uint64_t deadline_in(uint32_t milliseconds)
{
    return platform_time() + (uint64_t)milliseconds * (PLATFORM_TICKS_PER_SECOND / 1000u);
}

#endif
