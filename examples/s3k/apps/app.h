/* SPDX-License-Identifier: MIT */
/* What the applications share beside the system calls. */
#ifndef APP_H
#define APP_H

#include "layout.h"
#include "platform.h"
#include "s3k_call.h"

/* The console is shared and nobody holds it for long: a line that is begun with
 * a slice is written within it, so that lines of processes do not mix. */
#define app_say(...) (s3k_sleep_until(0), platform_print(__VA_ARGS__))

/* A process to be started by process 1. */
struct app_process {
    uint16_t pid;
    uint16_t slots;      /* of S3K_TIME_SLOTS */
    uint32_t base, size; /* its RAM and entry; a power of two, aligned */
    uint32_t device;     /* a page of device registers, 0: none */
    bool console;
    uint64_t arg; /* main's */
};

/* Gives the process what the structure says and lets it run. Below 0: the error
 * of the system call that failed; the process then does not run. */
int64_t app_start(const struct app_process *app);

/* The memory capability of process 1 that covers a range of device registers;
 * below 0: the kernel gives none. */
int64_t app_device_cap(uint64_t base, uint64_t size);

/* Calls until the server is there and there is time enough, or the deadline passed (S3K_ERR_STATE). */
int64_t app_call(uint64_t source, struct s3k_message *message, uint64_t deadline);

/* How deep the stack ever was since it was painted, in bytes. */
void app_stack_paint(void);
uint64_t app_stack_used(void);

/* All that the hart has done, of any process and of the kernel. */
static inline uint64_t app_instructions(void)
{
    uint64_t count;

    __asm__ volatile("rdinstret %0" : "=r"(count));
    return count;
}

/* FNV-1a, 64 bits. */
uint64_t app_hash(const volatile void *start, const volatile void *end);

#endif
