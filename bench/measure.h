/* SPDX-License-Identifier: MIT */
/**
 * @file measure.h
 * @brief What the programs of the benchmark share: how work is marked, timed and reported.
 *
 * Work that counts is called through measured(): callgrind collects inside of it
 * (--toggle-collect=measured), and timed() reads the clock around it. The peer's part of
 * a batch is outside.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Batches in a round. The time that counts is that of the best round: what else the machine does only adds to it. */
#define ROUND 64u

static uint64_t spent;

/* The one function where counting begins and ends. The workers' own names do not matter, so that a compiler may split
 * them as it likes; this one is left whole, and returns from the call that it makes. */
__attribute__((noipa)) static void measured(void (*work)(void))
{
    work();
    __asm__ volatile("");
}

static inline void must(bool held, const char *what)
{
    if (__builtin_expect(!held, 0)) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

static inline uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void timed(void (*work)(void))
{
    uint64_t from = now_ns();
    measured(work);
    spent += now_ns() - from;
}

/* Plays `turn`, one batch, until there were `requests`; prints how many, and the nanoseconds of one. */
static inline void play(void (*turn)(void), uint32_t batch, uint32_t requests)
{
    uint64_t best = UINT64_MAX;
    uint32_t done = 0;
    while (done < requests) {
        uint32_t i;
        spent = 0;
        for (i = 0; i < ROUND; i++) {
            turn();
        }
        best = spent < best ? spent : best;
        done += ROUND * batch;
    }
    printf("%u %.1f\n", done, (double)best / (ROUND * (double)batch));
}

#endif
