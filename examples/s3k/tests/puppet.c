/* SPDX-License-Identifier: MIT */
#include "puppet.h"

#define BOX_OFFSET 0x800u
#define PATIENCE 6u /* slices of process 1; a puppet has one between any two */

extern const char puppet_code[], puppet_code_end[];

struct puppet *puppet(uint16_t pid)
{
    return (struct puppet *)(uintptr_t)(PUPPET_BASE(pid) + BOX_OFFSET);
}

void puppet_start_all(void)
{
    for (uint16_t pid = PUPPET_FIRST; pid <= PUPPET_LAST; pid++) {
        struct app_process process = { .pid = pid, .slots = PUPPET_SLOTS(pid), .base = PUPPET_BASE(pid),
                                       .size = PUPPET_SIZE, .arg = (uintptr_t)puppet(pid) };

        memset((void *)(uintptr_t)process.base, 0, PUPPET_SIZE);
        memcpy((void *)(uintptr_t)process.base, puppet_code, (uintptr_t)puppet_code_end - (uintptr_t)puppet_code);
        (void)app_start(&process);
    }
}

void puppet_post(uint16_t pid, uint64_t todo, const uint64_t a[7])
{
    struct puppet *p = puppet(pid);

    for (unsigned i = 0; i < 7; i++) {
        p->a[i] = a[i];
    }
    p->cause = p->value = 0;
    platform_fence();
    p->todo = todo;
}

bool puppet_done(uint16_t pid)
{
    for (unsigned slices = 0; puppet(pid)->todo != PUPPET_IDLE && slices < PATIENCE; slices++) {
        s3k_sleep_until(0);
    }
    platform_fence();
    return puppet(pid)->todo == PUPPET_IDLE;
}

int64_t puppet_do(uint16_t pid, uint64_t call, const uint64_t x[6])
{
    const uint64_t a[7] = { call, x[0], x[1], x[2], x[3], x[4], x[5] };

    puppet_post(pid, PUPPET_CALL, a);
    return puppet_done(pid) ? (int64_t)puppet(pid)->result[0] : S3K_CALLS;
}

uint64_t puppet_touch(uint16_t pid, uint64_t todo, uint64_t address)
{
    const uint64_t a[7] = { address };

    puppet_post(pid, todo, a);
    return puppet_done(pid) ? puppet(pid)->cause : UINT64_MAX;
}

bool puppet_answers(uint16_t pid)
{
    const uint64_t x[6] = { 0 };

    return puppet_do(pid, S3K_PID_GET, x) == pid;
}

void puppet_break_off(uint16_t pid)
{
    (void)s3k_mon_suspend(S3K_CAP_MON(pid));
    (void)s3k_mon_resume(S3K_CAP_MON(pid));
}

void puppet_restart(uint16_t pid, uint64_t todo)
{
    (void)s3k_mon_suspend(S3K_CAP_MON(pid));
    puppet(pid)->todo = todo;
    (void)s3k_mon_reg_set(S3K_CAP_MON(pid), S3K_PC, PUPPET_BASE(pid));
    (void)s3k_mon_reg_set(S3K_CAP_MON(pid), S3K_A0, (uintptr_t)puppet(pid));
    (void)s3k_mon_resume(S3K_CAP_MON(pid));
}
