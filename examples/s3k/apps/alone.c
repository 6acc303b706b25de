/* SPDX-License-Identifier: MIT */
/*
 * app0 with the disk's registers. Nobody has a reason to trust it: what the PMP
 * keeps it from touching, it asks the disk to touch.
 */
#include "client.h"
#include "plain_disk.h"

#define SLICES_AFTER 20u /* what became of app1 is seen, last */

static uint8_t own[SECTOR_SIZE];

static void tell(const char *what, bool done)
{
    client_say("%s: %s\n", what, done ? "done" : "refused");
}

void alone(void)
{
    struct vqg_mmio_hooks hooks = registers_direct();

    if (plain_open(&hooks)) {
        tell("read a sector of its disk to its own RAM", plain_read(DRIVER_FIRST, (uintptr_t)own, SECTOR_SIZE));
        tell("write app1's code to the disk", plain_write(DRIVER_FIRST + LOOT_SECTOR, VICTIM_BASE, SECTOR_SIZE));
        tell("read a sector of its disk to app1's code",
             plain_read(DRIVER_FIRST + PAYLOAD_SECTOR, VICTIM_BASE, SECTOR_SIZE));
    }
    for (unsigned i = 0; i < SLICES_AFTER; i++) {
        s3k_sleep_until(0);
    }
}
