/* SPDX-License-Identifier: MIT */
/* Monitor capabilities: what a process can do to another. */
#include "puppet.h"
#include "tap.h"

#define OF_2 S3K_CAP_MON(2)
#define OF_3 S3K_CAP_MON(3)

static const struct tap_row refused[] = {
    { "suspend: an index beyond the table", S3K_MON_SUSPEND, { 32 }, S3K_ERR_ACCESS },
    { "suspend: an index of nobody's", S3K_MON_SUSPEND, { OF_2 + 1u }, S3K_ERR_ACCESS },
    { "resume: an index of nobody's", S3K_MON_RESUME, { OF_2 + 1u }, S3K_ERR_ACCESS },
    { "yield: an index of nobody's", S3K_MON_YIELD, { OF_2 + 1u }, S3K_ERR_ACCESS },
    { "yield: to itself", S3K_MON_YIELD, { S3K_CAP_MON(1) }, S3K_ERR_STATE },
    { "reg_get: an index of nobody's", S3K_MON_REG_GET, { OF_2 + 1u, 0 }, S3K_ERR_ACCESS },
    { "reg_get: no such register", S3K_MON_REG_GET, { OF_2, 32 }, S3K_ERR_ARGUMENT },
    { "reg_set: an index that is good after narrowing", S3K_MON_REG_SET, { 0x10000u + OF_2, 1, 0 }, S3K_ERR_ACCESS },
    { "reg_set: no such register", S3K_MON_REG_SET, { OF_2, 32, 0 }, S3K_ERR_ARGUMENT },
    { "vreg_get: no such register", S3K_MON_VREG_GET, { OF_2, 6 }, S3K_ERR_ARGUMENT },
    { "vreg_set: no such register", S3K_MON_VREG_SET, { OF_2, 6, 0 }, S3K_ERR_ARGUMENT },
    { "mem_introspect: an index of nobody's", S3K_MON_MEM_INTROSPECT, { OF_2 + 1u, PUPPET_MEM(2) }, S3K_ERR_ACCESS },
    { "mem_introspect: what that process does not own", S3K_MON_MEM_INTROSPECT, { OF_2, PUPPET_MEM(3) },
      S3K_ERR_ACCESS },
    { "mem_derive: to an index of nobody's", S3K_MON_MEM_DERIVE, { OF_2 + 1u, 0, 1, 1, WORK_BASE, 8 }, S3K_ERR_ACCESS },
    { "mem_derive: beyond the parent", S3K_MON_MEM_DERIVE, { OF_2, WORK_MEM, 1, 1, WORK_BASE - 1u, 8 },
      S3K_ERR_ARGUMENT },
    { "mem_derive: from what that process owns", S3K_MON_MEM_DERIVE, { OF_2, PUPPET_MEM(2), 1, 1, PUPPET_BASE(2), 8 },
      S3K_ERR_ACCESS },
    { "pmp_set: what that process does not own", S3K_MON_MEM_PMP_SET, { OF_2, PUPPET_MEM(3), 3, 1, 0 },
      S3K_ERR_ACCESS },
    { "mon_derive: no table entry", S3K_MON_DERIVE, { OF_2, 0 }, S3K_ERR_ARGUMENT },
    { "mon_derive: all entries", S3K_MON_DERIVE, { OF_2, 8 }, S3K_ERR_ARGUMENT },
};

static const struct tap_row derived[] = {
    { "mon_derive: by the rule for indices", S3K_MON_DERIVE, { OF_2, 2 }, OF_2 + 6u },
    { "mon_grant: to process 3", S3K_MON_MON_GRANT, { OF_3, OF_2 + 6u }, S3K_OK },
    { "mon_mon_derive: for process 3", S3K_MON_MON_DERIVE, { OF_3, OF_2, 1 }, OF_2 + 5u },
};

static const struct tap_row by_3[] = {
    { "process 3 has no such capability", S3K_MON_SUSPEND, { OF_2 }, S3K_ERR_ACCESS },
    { "process 3 suspends process 2 by the one it was granted", S3K_MON_SUSPEND, { OF_2 + 6u }, S3K_OK },
    { "process 3 resumes process 2 by the one derived for it", S3K_MON_RESUME, { OF_2 + 5u }, S3K_OK },
};

static const struct tap_row itself[] = {
    { "mon_mon_derive: of process 3 itself", S3K_MON_MON_DERIVE, { OF_3, OF_3, 1 }, OF_3 + 7u },
};

static const struct tap_row vregs[] = {
    { "vreg_set: of its own, no such register: changes nothing", S3K_VREG_SET, { S3K_VREGS, 0 }, S3K_VREG_SET },
    { "vreg_get: of its own, no such register: is 0", S3K_VREG_GET, { S3K_VREGS }, 0 },
};

static const struct tap_row revoked[] = {
    { "mon_revoke: all of them", S3K_MON_REVOKE, { OF_2 }, 0 },
    { "mon_delete: an index of nobody's", S3K_MON_DELETE, { OF_2 + 1u }, S3K_ERR_ACCESS },
};

static const struct tap_row after[] = {
    { "mon_revoke: what was granted is no longer process 3's", S3K_MON_SUSPEND, { OF_2 + 6u }, S3K_ERR_ACCESS },
};

/* Frames of time in which a puppet that counts comes on. */
static bool counts(uint16_t pid)
{
    uint64_t before = puppet(pid)->count;

    for (unsigned i = 0; i < 4; i++) {
        s3k_sleep_until(0);
    }
    return puppet(pid)->count != before;
}

static void test_suspend(void)
{
    const uint64_t none[7] = { 0 };

    puppet_post(2, PUPPET_COUNT, none);
    tap_true("suspend: before, it runs", counts(2));
    tap_equal("suspend: process 2", (uint64_t)s3k_mon_suspend(OF_2), S3K_OK);
    tap_true("suspend: it does not run", !counts(2));
    tap_equal("yield: to a suspended process", (uint64_t)s3k_mon_yield(OF_2), (uint64_t)S3K_ERR_STATE);
    tap_true("yield: it does not run for that", !counts(2));
    tap_equal("resume: process 2", (uint64_t)s3k_mon_resume(OF_2), S3K_OK);
    tap_true("resume: it runs on", counts(2));
    tap_equal("suspend: to set it back", (uint64_t)s3k_mon_suspend(OF_2), S3K_OK);
    puppet(2)->todo = PUPPET_IDLE;
    tap_equal("reg_set: pc", (uint64_t)s3k_mon_reg_set(OF_2, S3K_PC, PUPPET_BASE(2)), S3K_OK);
    tap_equal("reg_set: a0", (uint64_t)s3k_mon_reg_set(OF_2, S3K_A0, (uintptr_t)puppet(2)), S3K_OK);
    tap_equal("resume: set back", (uint64_t)s3k_mon_resume(OF_2), S3K_OK);
    tap_true("resume: it begins where it was set to", puppet_answers(2));
}

static void test_suspend_itself(void)
{
    const uint64_t call[7] = { S3K_MON_SUSPEND, OF_3 + 7u };

    TAP_ROWS(1, itself);
    puppet_post(3, PUPPET_CALL, call);
    tap_true("suspend: by itself, it stops there", !puppet_done(3));
    tap_equal("resume: from outside", (uint64_t)s3k_mon_resume(OF_3), S3K_OK);
    tap_true("resume: it goes on from there", puppet_done(3) && puppet(3)->result[0] == S3K_OK);
    tap_equal("mon_revoke: of that", (uint64_t)s3k_revoke(S3K_MON, OF_3), 0);
}

static void test_registers(void)
{
    uint64_t value = 0;

    tap_equal("reg_set: s11, the last", (uint64_t)s3k_mon_reg_set(OF_2, 31, 0x1234), S3K_OK);
    tap_true("reg_get: is what was set", s3k_mon_reg_get(OF_2, 31, &value) == S3K_OK && value == 0x1234);
    tap_true("reg_get: s0, what the process has in it",
             s3k_mon_reg_get(OF_2, S3K_S0, &value) == S3K_OK && value == (uintptr_t)puppet(2));
    tap_equal("vreg_set: esp, the last", (uint64_t)s3k_mon_vreg_set(OF_2, S3K_ESP, 0x5678), S3K_OK);
    tap_true("vreg_get: is what was set", s3k_mon_vreg_get(OF_2, S3K_ESP, &value) == S3K_OK && value == 0x5678);
    tap_equal("vreg_get: by the process itself",
              (uint64_t)puppet_do(2, S3K_VREG_GET, (uint64_t[6]){ S3K_ESP }), 0x5678);
}

static void test_yield(void)
{
    const uint64_t who[7] = { S3K_PID_GET }, sleep[7] = { S3K_SLEEP_UNTIL, UINT64_MAX };

    tap_equal("tsl_set: process 4 has no time", (uint64_t)s3k_do(S3K_MON_TSL_SET, S3K_CAP_MON(4), PUPPET_TSL(4), 0, 0,
              0, 0).status, S3K_OK);
    puppet_post(4, PUPPET_CALL, who);
    tap_true("yield: before, it does not run", !puppet_done(4));
    tap_equal("yield: to process 4", (uint64_t)s3k_mon_yield(S3K_CAP_MON(4)), S3K_OK);
    tap_true("yield: it ran on the time of process 1", puppet_done(4) && puppet(4)->result[0] == 4);
    tap_equal("tsl_set: process 4 has time again", (uint64_t)s3k_do(S3K_MON_TSL_SET, S3K_CAP_MON(4), PUPPET_TSL(4), 1,
              0, 0, 0).status, S3K_OK);
    tap_true("tsl_set: and runs", puppet_answers(4));
    puppet_post(4, PUPPET_CALL, sleep);
    tap_true("yield: before, it sleeps", !puppet_done(4));
    puppet_restart(4, PUPPET_COUNT);
    tap_true("yield: still, though with something to do", !counts(4));
    tap_equal("yield: to who sleeps", (uint64_t)s3k_mon_yield(S3K_CAP_MON(4)), S3K_OK);
    tap_true("yield: is awake from then on", counts(4));
    puppet_restart(4, PUPPET_IDLE);
}

void test_monitor(void)
{
    struct s3k_cap cap;

    TAP_ROWS(1, refused);
    tap_true("mem_introspect: of another process",
             s3k_mon_introspect(OF_2, S3K_MEM, PUPPET_MEM(2), 0, &cap) == S3K_OK && cap.owner == 2 &&
                 cap.mem.slot == 1 && cap.mem.rights == S3K_RWX && cap.range.base == PUPPET_BASE(2) &&
                 cap.range.size == PUPPET_SIZE);
    TAP_ROWS(1, derived);
    TAP_ROWS(3, by_3);
    TAP_ROWS(1, revoked);
    TAP_ROWS(3, after);
    test_suspend();
    test_suspend_itself();
    TAP_ROWS(3, vregs);
    tap_true("vreg_set: and harms nothing", puppet_answers(3));
    test_registers();
    test_yield();
}
