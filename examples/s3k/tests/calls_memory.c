/* SPDX-License-Identifier: MIT */
/* Memory capabilities: indices, ranges, rights, derivation, revocation. */
#include "puppet.h"
#include "tap.h"

#define END (WORK_BASE + WORK_SIZE)
#define DERIVE(i, csize, rights, base, size) S3K_MEM_DERIVE, { i, csize, rights, base, size }

/* Work: 10 entries from WORK_MEM, its children from the end. */
#define CHILD_A (WORK_MEM + 7u) /* csize 3 */
#define CHILD_B (WORK_MEM + 6u) /* csize 1 */

static const struct tap_row bad_index[] = {
    { "introspect: an index beyond the table", S3K_MEM_INTROSPECT, { 48, 0 }, S3K_ERR_ACCESS },
    { "introspect: an index of nobody's", S3K_MEM_INTROSPECT, { 1, 0 }, S3K_ERR_ACCESS },
    { "introspect: another's index", S3K_MEM_INTROSPECT, { PUPPET_MEM(2), 0 }, S3K_ERR_ACCESS },
    { "introspect: an index that is 0 after narrowing", S3K_MEM_INTROSPECT, { 0x10000, 0 }, S3K_ERR_ACCESS },
    { "introspect: an offset beyond the capability's part", S3K_MEM_INTROSPECT, { 0, 16 }, S3K_ERR_ARGUMENT },
    { "introspect: an offset that is 0 after narrowing", S3K_MEM_INTROSPECT, { 0, 0x10000 }, S3K_ERR_ARGUMENT },
    { "derive: an index beyond the table", DERIVE(48, 1, S3K_R, WORK_BASE, 8), S3K_ERR_ACCESS },
    { "derive: another's index", DERIVE(PUPPET_MEM(2), 1, S3K_R, PUPPET_BASE(2), 8), S3K_ERR_ACCESS },
    { "revoke: an index beyond the table", S3K_MEM_REVOKE, { 48 }, S3K_ERR_ACCESS },
    { "revoke: another's index", S3K_MEM_REVOKE, { PUPPET_MEM(2) }, S3K_ERR_ACCESS },
    { "delete: an index beyond the table", S3K_MEM_DELETE, { 48 }, S3K_ERR_ACCESS },
    { "delete: another's index", S3K_MEM_DELETE, { PUPPET_MEM(2) }, S3K_ERR_ACCESS },
    { "grant: another's index", S3K_MON_MEM_GRANT, { S3K_CAP_MON(3), PUPPET_MEM(2) }, S3K_ERR_ACCESS },
};

static const struct tap_row bad_derivation[] = {
    { "derive: a byte below the parent", DERIVE(WORK_MEM, 1, S3K_R, WORK_BASE - 1u, 8), S3K_ERR_ARGUMENT },
    { "derive: a byte beyond the parent", DERIVE(WORK_MEM, 1, S3K_R, END - 8u, 9), S3K_ERR_ARGUMENT },
    { "derive: from the parent's end", DERIVE(WORK_MEM, 1, S3K_R, END, 1), S3K_ERR_ARGUMENT },
    { "derive: all but the last byte elsewhere", DERIVE(WORK_MEM, 1, S3K_R, 0x80000000u, 0x100001), S3K_ERR_ARGUMENT },
    { "derive: no bytes", DERIVE(WORK_MEM, 1, S3K_R, WORK_BASE, 0), S3K_ERR_ARGUMENT },
    { "derive: a size that wraps", DERIVE(WORK_MEM, 1, S3K_R, WORK_BASE + 8u, UINT64_MAX), S3K_ERR_ARGUMENT },
    { "derive: a size that is 8 after narrowing", DERIVE(WORK_MEM, 1, S3K_R, WORK_BASE, 0x100000008),
      S3K_ERR_ARGUMENT },
    { "derive: a base that fits after narrowing", DERIVE(WORK_MEM, 1, S3K_R, 0x100000000 + WORK_BASE, 8),
      S3K_ERR_ARGUMENT },
    { "derive: write without read", DERIVE(WORK_MEM, 1, S3K_W, WORK_BASE, 8), S3K_ERR_ARGUMENT },
    { "derive: a right that the parent lacks", DERIVE(WORK_MEM, 1, S3K_RX, WORK_BASE, 8), S3K_ERR_ARGUMENT },
    { "derive: a right that there is not", DERIVE(WORK_MEM, 1, 9, WORK_BASE, 8), S3K_ERR_ARGUMENT },
    { "derive: no table entry", DERIVE(WORK_MEM, 0, S3K_R, WORK_BASE, 8), S3K_ERR_ARGUMENT },
    { "derive: all the parent's entries", DERIVE(WORK_MEM, WORK_CSIZE, S3K_R, WORK_BASE, 8), S3K_ERR_ARGUMENT },
    { "derive: entries that are 1 after narrowing", DERIVE(WORK_MEM, 0x10001, S3K_R, WORK_BASE, 8), S3K_ERR_ARGUMENT },
};

static const struct tap_row good_derivation[] = {
    { "derive: the first child has the last entries", DERIVE(WORK_MEM, 3, S3K_RW, WORK_BASE, WORK_SIZE), CHILD_A },
    { "derive: the next is before it", DERIVE(WORK_MEM, 1, S3K_R, END - 1u, 1), CHILD_B },
    { "derive: a child of the child", DERIVE(CHILD_A, 1, S3K_R, WORK_BASE, WORK_SIZE), CHILD_A + 2u },
    { "derive: a child overlaps another", DERIVE(CHILD_A, 1, 0, WORK_BASE, WORK_SIZE), CHILD_A + 1u },
    { "derive: a child with all its entries given", DERIVE(CHILD_A, 1, S3K_R, WORK_BASE, 8), S3K_ERR_ARGUMENT },
    { "derive: a right that the child lost", DERIVE(CHILD_B, 1, S3K_RW, END - 1u, 1), S3K_ERR_ARGUMENT },
};

static const struct tap_row away[] = {
    { "delete: a child", S3K_MEM_DELETE, { CHILD_B }, S3K_OK },
    { "delete: it is gone", S3K_MEM_DELETE, { CHILD_B }, S3K_ERR_ACCESS },
    { "delete: its entry does not come back by that", DERIVE(WORK_MEM, 1, S3K_R, WORK_BASE, 8), CHILD_B - 1u },
    { "grant: to process 2", S3K_MON_MEM_GRANT, { S3K_CAP_MON(2), CHILD_A }, S3K_OK },
    { "grant: it is no longer the giver's", S3K_MEM_DELETE, { CHILD_A }, S3K_ERR_ACCESS },
    { "grant: it is the taker's", S3K_MON_MEM_INTROSPECT, { S3K_CAP_MON(2), CHILD_A, 0 }, S3K_OK },
    { "revoke: all children", S3K_MEM_REVOKE, { WORK_MEM }, 0 },
    { "revoke: what was granted too", S3K_MON_MEM_INTROSPECT, { S3K_CAP_MON(2), CHILD_A, 0 }, S3K_ERR_ACCESS },
    { "revoke: the child's child too", S3K_MEM_DELETE, { CHILD_A + 2u }, S3K_ERR_ACCESS },
};

void test_memory(void)
{
    struct s3k_cap cap;

    tap_equal("derive: work for these tests",
              (uint64_t)s3k_mem_derive(S3K_CAP_RAM, WORK_CSIZE, S3K_RW, WORK_BASE, WORK_SIZE), WORK_MEM);
    TAP_ROWS(1, bad_index);
    TAP_ROWS(1, bad_derivation);
    tap_true("what was refused took nothing", s3k_introspect(S3K_MEM, WORK_MEM, 0, &cap) == S3K_OK &&
                                                   cap.cfree == WORK_CSIZE && cap.csize == WORK_CSIZE);
    TAP_ROWS(1, good_derivation);
    tap_true("a child is what was asked for", s3k_introspect(S3K_MEM, CHILD_B, 0, &cap) == S3K_OK && cap.owner == 1 &&
                                                  cap.cfree == 1 && cap.csize == 1 && cap.mem.slot == 0 &&
                                                  cap.mem.rights == S3K_R && cap.range.base == END - 1u &&
                                                  cap.range.size == 1);
    tap_true("the parent keeps its range", s3k_introspect(S3K_MEM, WORK_MEM, 0, &cap) == S3K_OK && cap.cfree == 6 &&
                                               cap.range.base == WORK_BASE && cap.range.size == WORK_SIZE);
    TAP_ROWS(1, away);
    tap_true("what was revoked is nobody's, seen from the parent",
             s3k_introspect(S3K_MEM, WORK_MEM, CHILD_A - WORK_MEM, &cap) == S3K_OK && cap.owner == 0);
    tap_true("the parent has its entries back",
             s3k_introspect(S3K_MEM, WORK_MEM, 0, &cap) == S3K_OK && cap.cfree == WORK_CSIZE);
    tap_true("seen from the root, a child is its owner's", s3k_introspect(S3K_MEM, 0, PUPPET_MEM(3), &cap) == S3K_OK &&
                                                               cap.owner == 3 && cap.range.base == PUPPET_BASE(3));
}
