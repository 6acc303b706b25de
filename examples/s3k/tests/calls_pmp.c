/* SPDX-License-Identifier: MIT */
/* PMP: what may be loaded, and what loading it allows. */
#include "puppet.h"
#include "tap.h"

#define WORK_NAPOT ((WORK_BASE | (WORK_SIZE / 2u - 1u)) >> 2)
#define HALF_NAPOT ((WORK_BASE | (WORK_SIZE / 4u - 1u)) >> 2)
#define PAGE_NAPOT ((WORK_BASE | (0x1000u / 2u - 1u)) >> 2)
#define DEVICE 0x10001000u
#define DEVICE_SIZE 0x1000u
#define SET(i, slot, rights, addr) S3K_MEM_PMP_SET, { i, slot, rights, addr }

static const struct tap_row own[] = {
    { "pmp: an index beyond the table", SET(48, 3, S3K_R, WORK_NAPOT), S3K_ERR_ACCESS },
    { "pmp: another's index", SET(PUPPET_MEM(2), 3, S3K_R, WORK_NAPOT), S3K_ERR_ACCESS },
    { "pmp: slot 0", SET(WORK_MEM, 0, S3K_R, WORK_NAPOT), S3K_ERR_ARGUMENT },
    { "pmp: slot 9", SET(WORK_MEM, 9, S3K_R, WORK_NAPOT), S3K_ERR_ARGUMENT },
    { "pmp: a slot that is 3 after narrowing", SET(WORK_MEM, 0x103, S3K_R, WORK_NAPOT), S3K_ERR_ARGUMENT },
    { "pmp: twice the range", SET(WORK_MEM, 3, S3K_R, WORK_NAPOT | WORK_SIZE >> 3), S3K_ERR_ARGUMENT },
    { "pmp: the range before", SET(WORK_MEM, 3, S3K_R, WORK_NAPOT - (WORK_SIZE >> 2)), S3K_ERR_ARGUMENT },
    { "pmp: the range behind", SET(WORK_MEM, 3, S3K_R, WORK_NAPOT + (WORK_SIZE >> 2)), S3K_ERR_ARGUMENT },
    { "pmp: all there is", SET(WORK_MEM, 3, S3K_R, UINT64_MAX), S3K_ERR_ARGUMENT },
    { "pmp: an address whose top bits are lost", SET(WORK_MEM, 3, S3K_R, WORK_NAPOT | 1ull << 62), S3K_ERR_ARGUMENT },
    { "pmp: a right that the capability lacks", SET(WORK_MEM, 3, S3K_RX, WORK_NAPOT), S3K_ERR_ARGUMENT },
    { "pmp: write without read", SET(WORK_MEM, 3, S3K_W, WORK_NAPOT), S3K_ERR_ARGUMENT },
    { "pmp: a slot in use", SET(WORK_MEM, 1, S3K_R, WORK_NAPOT), S3K_ERR_SLOT },
    { "pmp: loaded", SET(WORK_MEM, 3, S3K_R, HALF_NAPOT), S3K_OK },
    { "pmp: its own slot is in use too", SET(WORK_MEM, 3, S3K_R, WORK_NAPOT), S3K_ERR_SLOT },
    { "pmp: moved", SET(WORK_MEM, 4, S3K_RW, HALF_NAPOT), S3K_OK },
    { "pmp: the slot that it left is free", SET(S3K_CAP_DEVICES, 3, S3K_R, 0x100017ffu >> 2), S3K_OK },
    { "pmp: and is again when that is unloaded", S3K_MEM_PMP_CLEAR, { S3K_CAP_DEVICES }, S3K_OK },
};

static void test_get(void)
{
    struct s3k_result r = s3k_do(S3K_MEM_PMP_GET, WORK_MEM, 0, 0, 0, 0, 0);

    tap_true("pmp: says what is loaded where",
             r.status == S3K_OK && r.a1 == 4 && r.a2 == S3K_RW && r.a3 == HALF_NAPOT);
    tap_equal("pmp: unloaded", (uint64_t)s3k_pmp_clear(WORK_MEM), S3K_OK);
    r = s3k_do(S3K_MEM_PMP_GET, WORK_MEM, 0, 0, 0, 0, 0);
    tap_true("pmp: says that it is not", r.status == S3K_OK && r.a1 == 0 && r.a2 == 0 && r.a3 == 0);
}

/* A process's capability that takes its leave unloads itself; its slot can be used again. */
static void test_given_away(void)
{
    int64_t a = s3k_mem_derive(WORK_MEM, 1, S3K_R, WORK_BASE, WORK_SIZE);
    int64_t b = s3k_mem_derive(WORK_MEM, 1, S3K_R, WORK_BASE, WORK_SIZE);

    tap_equal("pmp: loaded, to be granted", (uint64_t)s3k_pmp_set((uint64_t)a, 5, S3K_R, WORK_NAPOT), S3K_OK);
    tap_equal("grant: of what is loaded", (uint64_t)s3k_mon_grant(S3K_CAP_MON(4), S3K_MEM, (uint64_t)a), S3K_OK);
    tap_equal("grant: it is no longer", (uint64_t)s3k_pmp_set((uint64_t)b, 5, S3K_R, WORK_NAPOT), S3K_OK);
    tap_equal("delete: of what is loaded", (uint64_t)s3k_delete(S3K_MEM, (uint64_t)b), S3K_OK);
    tap_equal("delete: it is no longer", (uint64_t)s3k_pmp_set(WORK_MEM, 5, S3K_R, WORK_NAPOT), S3K_OK);
    tap_equal("pmp: unloaded again", (uint64_t)s3k_pmp_clear(WORK_MEM), S3K_OK);
    tap_equal("revoke: after that", (uint64_t)s3k_revoke(S3K_MEM, WORK_MEM), 0);
}

static void test_access(void)
{
    const uint64_t m = S3K_CAP_MON(2), inside = WORK_BASE + 8u, outside = WORK_BASE + 0x1000u;
    uint64_t page = (uint64_t)s3k_mon_mem_derive(m, WORK_MEM, 1, S3K_R, WORK_BASE, 0x1000);
    uint64_t all = (uint64_t)s3k_mon_mem_derive(m, WORK_MEM, 1, S3K_RW, WORK_BASE, WORK_SIZE);

    tap_equal("access: a capability alone is none", puppet_touch(2, PUPPET_LOAD, inside), 5);
    tap_equal("pmp: of another process", (uint64_t)s3k_mon_pmp_set(m, page, 3, S3K_R, PAGE_NAPOT), S3K_OK);
    tap_equal("access: loaded, it is", puppet_touch(2, PUPPET_LOAD, inside), 0);
    tap_equal("access: but not to write", puppet_touch(2, PUPPET_STORE, inside), 7);
    tap_equal("access: nor behind its end", puppet_touch(2, PUPPET_LOAD, outside), 5);
    tap_equal("pmp: overlapping, in a later slot", (uint64_t)s3k_mon_pmp_set(m, all, 4, S3K_RW, WORK_NAPOT), S3K_OK);
    tap_equal("access: of two that overlap the first slot decides", puppet_touch(2, PUPPET_STORE, inside), 7);
    tap_equal("access: the second elsewhere", puppet_touch(2, PUPPET_STORE, outside), 0);
    tap_equal("pmp: overlapping, in an earlier slot", (uint64_t)s3k_mon_pmp_set(m, all, 2, S3K_RW, WORK_NAPOT), S3K_OK);
    tap_equal("access: now that one decides", puppet_touch(2, PUPPET_STORE, inside), 0);
    tap_equal("pmp: a process loads its own", (uint64_t)puppet_do(2, S3K_MEM_PMP_SET,
              (uint64_t[6]){ page, 8, S3K_R, PAGE_NAPOT }), S3K_OK);
    tap_equal("pmp: and unloads it", (uint64_t)puppet_do(2, S3K_MEM_PMP_CLEAR, (uint64_t[6]){ page }), S3K_OK);
    tap_equal("access: still by the other", puppet_touch(2, PUPPET_LOAD, inside), 0);
    tap_equal("revoke: of what is loaded", (uint64_t)s3k_revoke(S3K_MEM, WORK_MEM), 0);
    tap_equal("access: gone with it", puppet_touch(2, PUPPET_LOAD, inside), 5);
}

/* One page of device registers: for a driver, and nobody else. */
static void test_device(void)
{
    const uint64_t m = S3K_CAP_MON(2);
    int64_t cap = app_device_cap(DEVICE, DEVICE_SIZE);

    tap_equal("device: covered by a capability", (uint64_t)cap, S3K_CAP_DEVICES);
    tap_equal("device: the last page too", (uint64_t)app_device_cap(DEVICE + 7u * DEVICE_SIZE, DEVICE_SIZE),
              S3K_CAP_DEVICES);
    tap_equal("device: but none behind it", (uint64_t)app_device_cap(DEVICE + 7u * DEVICE_SIZE, DEVICE_SIZE + 1u),
              (uint64_t)S3K_ERR_ACCESS);
    tap_equal("device: a page of it", (uint64_t)s3k_mon_mem_derive(m, (uint64_t)cap, 1, S3K_RW, DEVICE, DEVICE_SIZE),
              S3K_CAP_DEVICES + S3K_MEM_FUEL - 1u);
    tap_equal("device: loaded", (uint64_t)s3k_mon_pmp_set(m, S3K_CAP_DEVICES + S3K_MEM_FUEL - 1u, 3, S3K_RW,
              s3k_napot(DEVICE, DEVICE_SIZE)), S3K_OK);
    tap_equal("device: its registers can be read", puppet_touch(2, PUPPET_LOAD, DEVICE), 0);
    tap_equal("device: the next one's not", puppet_touch(2, PUPPET_LOAD, DEVICE + DEVICE_SIZE), 5);
    tap_equal("device: taken back", (uint64_t)s3k_revoke(S3K_MEM, (uint64_t)cap), 0);
    tap_equal("device: not any more", puppet_touch(2, PUPPET_LOAD, DEVICE), 5);
}

void test_pmp(void)
{
    TAP_ROWS(1, own);
    test_get();
    test_given_away();
    test_access();
    test_device();
}
