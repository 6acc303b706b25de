/* SPDX-License-Identifier: MIT */
/*
 * app1. It has nothing to do with disks: it says that it lives and what its code
 * hashes to, each second slice. Who changes its memory is seen here.
 */
#include "app.h"

extern const char text_start[], text_end[];

void greet(void);
int main(void);

/* In the first sector of the image, which is what a disk read at its base replaces. */
__attribute__((section(".text.first"), noinline)) void greet(void)
{
    platform_print("victim: this is app1's own code\n");
}

int main(void)
{
    uint64_t beat;

    for (beat = 1;; beat++) {
        s3k_sleep_until(0);
        greet();
        app_say("victim: beat %lu hash %lx\n", beat, app_hash(text_start, text_end));
    }
}
