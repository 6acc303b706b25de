/* SPDX-License-Identifier: MIT */
/*
 * load SOCKET SECONDS read|write split|packed DEPTH: requests of 4 KiB at random places of a disk of a MiB, so many at
 * a time, by a guest that is no slower than a back end. Prints how many there were in a second.
 */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BYTES 4096u
#define DEPTH_MAX 64u

static double now(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Lends everything that is not lent; how much is asked for with one kick. */
static void lend(struct front *f, struct request *r, uint32_t depth, uint32_t *random)
{
    uint32_t i;
    for (i = 0; i < depth; i++) {
        if (r[i].ended != 0u) {
            *random = *random * 1664525u + 1013904223u;
            r[i].sector = (*random >> 8) % (BACKEND_SECTORS / 8u) * 8u;
            request_add(f, 0, &r[i]);
        }
    }
    request_kick(f, 0);
}

static unsigned long run(struct front *f, struct request *r, uint32_t depth, double seconds)
{
    const double end = now() + seconds;
    unsigned long served = 0;
    uint32_t random = 1;
    uint32_t i;
    do {
        lend(f, r, depth, &random);
        request_sleep(f, 0);
        (void)request_take(f, 0);
        for (i = 0; i < depth; i++) {
            assert_true(r[i].ended == 0u || r[i].status == VQG_BLK_S_OK);
            served += r[i].ended;
        }
    } while (now() < end);
    return served;
}

int main(int argc, char **argv)
{
    static struct request r[DEPTH_MAX];
    struct backend b;
    struct front f;
    unsigned long served;
    double began;
    uint32_t depth;
    uint32_t i;
    if (argc != 6 || strlen(argv[1]) >= sizeof b.socket) {
        (void)fprintf(stderr, "usage: load SOCKET SECONDS read|write split|packed DEPTH\n");
        return 2;
    }
    depth = (uint32_t)strtoul(argv[5], NULL, 10);
    if (depth == 0u || depth > DEPTH_MAX) {
        (void)fprintf(stderr, "load: DEPTH is a number from 1 to %u\n", DEPTH_MAX);
        return 2;
    }
    memset(&b, 0, sizeof b);
    memcpy(b.socket, argv[1], strlen(argv[1]));
    front_make(&f, VQG_F_VERSION_1 | VQG_BLK_F_FLUSH | FRONT_EVENT_IDX | FRONT_INDIRECT |
                       (strcmp(argv[4], "packed") == 0 ? FRONT_PACKED : 0u), 1, 128);
    f.stranger = true;
    front_open(&f, &b, false);
    for (i = 0; i < depth; i++) {
        r[i].place = i;
        r[i].type = strcmp(argv[3], "write") == 0 ? VQG_BLK_T_OUT : VQG_BLK_T_IN;
        r[i].bytes = BYTES;
        r[i].table = true;
        r[i].ended = 1;
    }
    began = now();
    served = run(&f, r, depth, strtod(argv[2], NULL));
    (void)printf("%.0f %lu\n", (double)served / (now() - began), served);
    front_remove(&f);
    return 0;
}
