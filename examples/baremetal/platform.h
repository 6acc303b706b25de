/* SPDX-License-Identifier: MIT */
/* What the example needs from QEMU's riscv virt machine besides the disk. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The virt machine's time base. */
#define PLATFORM_TICKS_PER_SECOND 10000000u

void platform_putc(char c);

/* %s, %c, %u, %x, and %lu, %lx for 64 bits; no widths. */
__attribute__((format(printf, 1, 2))) void platform_print(const char *format, ...);

/* 0 makes QEMU exit with status 0, anything else with that status. */
_Noreturn void platform_exit(int code);

/* Called by start.S; here for its prototype. */
_Noreturn void platform_trap(uint64_t mcause, uint64_t mepc, uint64_t mtval);

/* The compiler may emit calls to these even in a freestanding build. */
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);

static inline uint64_t platform_time(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

/* A point in time to give up at, so that no wait depends on the device. */
static inline uint64_t platform_deadline(unsigned seconds)
{
    return platform_time() + (uint64_t)seconds * PLATFORM_TICKS_PER_SECOND;
}

static inline bool platform_expired(uint64_t deadline)
{
    return platform_time() >= deadline;
}

/* Orders memory against device registers too, as a notification needs. */
static inline void platform_fence(void)
{
    __asm__ volatile("fence iorw, iorw" : : : "memory");
}

#endif
