/* SPDX-License-Identifier: MIT */
/* Process 1 for the tests of the system calls. */
#include "puppet.h"
#include "tap.h"

int main(void);

static bool cap_is(enum s3k_type type, uint64_t i, uint16_t csize, struct s3k_cap *cap)
{
    return s3k_introspect(type, i, 0, cap) == S3K_OK && cap->owner == 1 && cap->cfree == csize && cap->csize == csize;
}

static void memory_is(const char *name, uint64_t i, uint8_t slot, uint8_t rights, uint32_t base, uint32_t size)
{
    struct s3k_cap cap;

    tap_true(name, cap_is(S3K_MEM, i, S3K_MEM_FUEL, &cap) && cap.mem.slot == slot && cap.mem.rights == rights &&
                       cap.range.base == base && cap.range.size == size);
}

void test_boot(void)
{
    struct s3k_cap cap;

    tap_equal("the first process is 1", s3k_pid(), 1);
    memory_is("all RAM is memory 0, in PMP slot 1", S3K_CAP_RAM, 1, S3K_RWX, 0x80000000u, 0x10000000u);
    memory_is("the console is memory 16, in PMP slot 2", S3K_CAP_CONSOLE, 2, S3K_RW, 0x10000000u, 0x20u);
    memory_is("the virtio pages are memory 32, not loaded", S3K_CAP_DEVICES, 0, S3K_RW, 0x10001000u, 0x8000u);
    tap_true("all time is time 0", cap_is(S3K_TSL, S3K_CAP_TIME, S3K_TSL_FUEL, &cap) && cap.tsl.hart == 0 &&
                                       cap.tsl.enabled == 1 && cap.slots.base == 0 &&
                                       cap.slots.size == S3K_TIME_SLOTS && cap.slots.free == S3K_TIME_SLOTS);
    for (uint16_t pid = 1; pid <= S3K_PROCESSES; pid++) {
        tap_true("each process has its monitor capability",
                 cap_is(S3K_MON, S3K_CAP_MON(pid), S3K_MON_FUEL, &cap) && cap.pid == pid);
    }
    tap_true("the root of all IPC is ipc 0",
             cap_is(S3K_IPC, S3K_CAP_IPC, S3K_IPC_FUEL, &cap) && cap.ipc.mode == S3K_ROOT && cap.ipc.flags == 0);
}

static const struct tap_row asleep[] = {
    { "process 2 does not run at boot", S3K_MON_YIELD, { S3K_CAP_MON(2) }, S3K_ERR_STATE },
    { "process 3 does not run at boot", S3K_MON_YIELD, { S3K_CAP_MON(3) }, S3K_ERR_STATE },
    { "process 4 does not run at boot", S3K_MON_YIELD, { S3K_CAP_MON(4) }, S3K_ERR_STATE },
};

int main(void)
{
    test_boot();
    TAP_ROWS(1, asleep);
    puppet_start_all();
    test_memory();
    test_pmp();
    test_fault();
    test_monitor();
    test_time();
    test_ipc();
    test_ipc_caps();
    test_no_memory();
    tap_plan();
    return 0;
}
