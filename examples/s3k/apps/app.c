/* SPDX-License-Identifier: MIT */
#include "app.h"

#define PAGE 0x1000u
#define UART_BASE 0x10000000u
#define UART_SIZE 0x20u

static int64_t give_range(uint64_t m, int64_t from, uint64_t slot, uint64_t rights, uint64_t base, uint64_t size)
{
    int64_t cap = from < 0 ? from : s3k_mon_mem_derive(m, (uint64_t)from, 1, rights, base, size);

    return cap < 0 ? cap : s3k_mon_pmp_set(m, (uint64_t)cap, slot, rights, s3k_napot(base, size));
}

int64_t app_start(const struct app_process *app)
{
    uint64_t m = S3K_CAP_MON(app->pid);
    int64_t status = give_range(m, S3K_CAP_RAM, 1, S3K_RWX, app->base, app->size);

    if (status == S3K_OK && app->console) {
        status = give_range(m, S3K_CAP_CONSOLE, 2, S3K_RW, UART_BASE, UART_SIZE);
    }
    if (status == S3K_OK && app->device != 0) {
        status = give_range(m, app_device_cap(app->device, PAGE), 3, S3K_RW, app->device, PAGE);
    }
    if (status == S3K_OK) {
        status = s3k_mon_reg_set(m, S3K_PC, app->base);
    }
    if (status == S3K_OK) {
        status = s3k_mon_reg_set(m, S3K_A0, app->arg);
    }
    if (status == S3K_OK) {
        status = s3k_mon_tsl_derive(m, S3K_CAP_TIME, 1, 1, app->slots);
    }
    return status < 0 ? status : s3k_mon_resume(m);
}

/* Kernels differ in which capability it is: one of its own, or the console's made larger. */
int64_t app_device_cap(uint64_t base, uint64_t size)
{
    static const uint8_t candidates[] = { S3K_CAP_DEVICES, S3K_CAP_CONSOLE };

    for (unsigned i = 0; i < sizeof candidates; i++) {
        struct s3k_cap cap;

        if (s3k_introspect(S3K_MEM, candidates[i], 0, &cap) == S3K_OK && cap.range.base <= base &&
            base + size <= (uint64_t)cap.range.base + cap.range.size) {
            return candidates[i];
        }
    }
    return S3K_ERR_ACCESS;
}

int64_t app_call(uint64_t source, struct s3k_message *message, uint64_t deadline)
{
    int64_t status;

    while ((status = s3k_ipc_call(source, message)) == S3K_ERR_STATE && !platform_expired(deadline)) {
        s3k_sleep_until(0);
    }
    return status;
}

uint64_t app_hash(const volatile void *start, const volatile void *end)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (const volatile uint8_t *byte = start; byte != end; byte++) {
        hash = (hash ^ *byte) * UINT64_C(0x100000001b3);
    }
    return hash;
}

#define PAINT UINT64_C(0x5a5a5a5a5a5a5a5a)
#define STACK_NOW 512u /* what is above this is not painted, as it may be in use */

extern uint64_t bss_end[], stack_top[];

/* Below its caller's frame, so it must not become a part of that. */
__attribute__((noinline)) void app_stack_paint(void)
{
    const uintptr_t end = (uintptr_t)__builtin_frame_address(0) - STACK_NOW;

    for (volatile uint64_t *word = bss_end; (uintptr_t)word < end; word++) {
        *word = PAINT;
    }
}

uint64_t app_stack_used(void)
{
    const volatile uint64_t *word = bss_end;

    while ((uintptr_t)word < (uintptr_t)stack_top && *word == PAINT) {
        word++;
    }
    return (uintptr_t)stack_top - (uintptr_t)word;
}
