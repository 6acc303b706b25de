/* SPDX-License-Identifier: MIT */
/*
 * Process 1 for the test of app1 and app2: does with the CPU what a device would
 * do by DMA, and then lets app1 go on.
 */
#include "app.h"

int main(void);

int main(void)
{
    static const struct app_process victim = {
        .pid = 3, .slots = 8, .base = VICTIM_BASE, .size = VICTIM_SIZE, .console = true
    };
    int64_t status = app_start(&victim);
    unsigned i;

    app_say("overwrite: app1 started: %s\n", status == S3K_OK ? "yes" : "no");
    for (i = 0; i < 16; i++) {
        s3k_sleep_until(0);
    }
    /* The victim may be anywhere in its greeting; whole, it is one slice away from its next call of it. */
    app_say("overwrite: one sector written over app1's first\n");
    memcpy((void *)(uintptr_t)VICTIM_BASE, (const void *)(uintptr_t)PAYLOAD_COPY, SECTOR_SIZE);
    for (i = 0; i < 16; i++) {
        s3k_sleep_until(0);
    }
    app_say("overwrite: done\n");
    return 0;
}
