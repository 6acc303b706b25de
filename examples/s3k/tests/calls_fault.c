/* SPDX-License-Identifier: MIT */
/* What a process may not touch, and that its fault stays its own. */
#include "puppet.h"
#include "tap.h"

#define SPARE 0x700u /* offset in a puppet's page, between code and box */
#define CSRR_MSTATUS 0x30002573u

static const struct {
    const char *name;
    uint64_t todo, address, cause;
} accesses[] = {
    { "fault: a load from process 1", PUPPET_LOAD, FIRST_BASE, 5 },
    { "fault: a store to process 1", PUPPET_STORE, FIRST_BASE, 7 },
    { "fault: a jump into process 1", PUPPET_JUMP, FIRST_BASE, 1 },
    { "fault: a load from a neighbour", PUPPET_LOAD, PUPPET_BASE(2) + PUPPET_SIZE - 1u, 5 },
    { "fault: a store to a neighbour", PUPPET_STORE, PUPPET_BASE(4), 7 },
    { "fault: a load from the kernel", PUPPET_LOAD, 0x90000000u, 5 },
    { "fault: a store to the kernel", PUPPET_STORE, 0x90000000u, 7 },
    { "fault: a jump into the kernel", PUPPET_JUMP, 0x90000000u, 1 },
    { "fault: a store to the timer", PUPPET_STORE, 0x02004000u, 7 },
    { "fault: a store to the console that is another's", PUPPET_STORE, 0x10000000u, 7 },
    { "fault: a load from the disk's registers", PUPPET_LOAD, 0x10001000u, 5 },
    { "fault: a load where nothing is", PUPPET_LOAD, 0x40000000u, 5 },
};

static void test_accesses(void)
{
    for (size_t i = 0; i < sizeof accesses / sizeof accesses[0]; i++) {
        tap_equal(accesses[i].name, puppet_touch(3, accesses[i].todo, accesses[i].address), accesses[i].cause);
        tap_equal("fault: it says where", puppet(3)->value, accesses[i].address);
    }
    *(volatile uint32_t *)(uintptr_t)(PUPPET_BASE(3) + SPARE) = CSRR_MSTATUS;
    tap_equal("fault: an instruction that is the kernel's", puppet_touch(3, PUPPET_JUMP, PUPPET_BASE(3) + SPARE), 2);
    tap_equal("fault: it says which", puppet(3)->value, CSRR_MSTATUS);
}

static void test_numbers(void)
{
    static const uint64_t numbers[] = { S3K_CALLS, 64, UINT64_MAX, UINT64_C(0x100000000) };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        (void)puppet_do(3, numbers[i], (uint64_t[6]){ 0 });
        tap_equal("fault: no such system call", puppet(3)->cause, 8);
        tap_equal("fault: it says which", puppet(3)->value, numbers[i]);
    }
}

void test_fault(void)
{
    test_accesses();
    test_numbers();
}

/* Without any memory a process cannot even take its exception: it spins in its own time. */
void test_no_memory(void)
{
    const uint64_t m = S3K_CAP_MON(4), base = PUPPET_BASE(4);
    uint64_t cause = 0, pc = 1;

    tap_equal("no memory: unloaded", (uint64_t)s3k_do(S3K_MON_MEM_PMP_CLEAR, m, PUPPET_MEM(4), 0, 0, 0, 0).status, 0);
    tap_true("no memory: it does not go on", !puppet_answers(4));
    tap_equal("no memory: its cause is seen", (uint64_t)s3k_mon_vreg_get(m, S3K_ECAUSE, &cause), S3K_OK);
    tap_equal("no memory: it could not fetch", cause, 1);
    tap_equal("no memory: where is seen", (uint64_t)s3k_mon_vreg_get(m, S3K_EPC, &pc), S3K_OK);
    tap_true("no memory: in its own page", pc >= base && pc < base + PUPPET_SIZE);
    tap_true("no memory: the others go on", puppet_answers(2));
    tap_equal("no memory: loaded again",
              (uint64_t)s3k_mon_pmp_set(m, PUPPET_MEM(4), 1, S3K_RWX, s3k_napot(base, PUPPET_SIZE)), S3K_OK);
    puppet_restart(4, PUPPET_IDLE);
    tap_true("no memory: it can be started anew", puppet_answers(4));
}
