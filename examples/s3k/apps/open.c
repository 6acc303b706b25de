/* SPDX-License-Identifier: MIT */
/*
 * Process 1 as it is without a monitor: app0 drives the disk, so it is given the
 * disk's registers. All else that it holds is its own RAM and the console.
 */
#include "app.h"
#include "protocol.h"
#include "registers.h"

#define SLICES_BEFORE 20u /* app1 is seen as it was, first */

int main(void);

int main(void)
{
    static const struct app_process victim = {
        .pid = 3, .slots = 8, .base = VICTIM_BASE, .size = VICTIM_SIZE, .console = true
    };
    bool cost = *(const volatile uint32_t *)(uintptr_t)SCENE_WORD == SCENE_COST;
    struct app_process driver = {
        .pid = 2, .slots = 8, .base = DRIVER_BASE, .size = DRIVER_SIZE, .console = true, .device = DISK_REGISTERS,
        .arg = protocol_start(cost ? ROLE_COST_ALONE : ROLE_ALONE, 0),
    };
    int64_t status = cost ? S3K_OK : app_start(&victim);

    for (unsigned i = 0; i < SLICES_BEFORE; i++) {
        s3k_sleep_until(0);
    }
    if (status == S3K_OK) {
        status = app_start(&driver);
    }
    app_say("open: app0 has the disk's registers, its RAM and the console: %s\n", status == S3K_OK ? "yes" : "no");
    return 0;
}
