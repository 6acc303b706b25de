/* SPDX-License-Identifier: MIT */
/**
 * @file ringtest.c
 * @brief Linux's ringtest/virtio_ring_0_9.c, a ring that trusts its device, as a driver: one segment, direct.
 *
 * ringtest split direct 1 REGIONS REQUESTS; linked with the kernel tree's own object.
 */
#include <main.h>

#include "../measure.h"

#define BATCH 64u

unsigned ring_size = 256;

static unsigned char data[BATCH][64];

void kick(void)
{
}

void call(void)
{
}

static void work_add(void)
{
    unsigned i;
    for (i = 0; i < BATCH; i++) {
        must(add_inbuf(sizeof data[i], data[i], data[i]) == 0, "add_inbuf");
    }
    kick_available();
}

static void work_get(void)
{
    unsigned i;
    for (i = 0; i < BATCH; i++) {
        unsigned len;
        void *buf;
        must(get_buf(&len, &buf) != NULL, "get_buf");
    }
}

static void turn(void)
{
    unsigned i;
    timed(work_add);
    for (i = 0; i < BATCH; i++) {
        unsigned len;
        void *buf;
        must(use_buf(&len, &buf), "use_buf");
    }
    timed(work_get);
}

int main(int argc, char **argv)
{
    must(argc == 6, "five arguments");
    alloc_ring();
    play(turn, BATCH, (uint32_t)strtoul(argv[5], NULL, 10));
    return 0;
}
