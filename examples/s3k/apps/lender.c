/* SPDX-License-Identifier: MIT */
/* Memory that app0 lends to the disk, and which is not its own any more before the disk is done. scene.sh has the disk
 * take its time. */
#include "client.h"
#include "queue_disk.h"
#include "remote.h"

#define OWN_READS 8u   /* first, so that the loan's wait behind them */
#define LOAN_READS 20u
#define BYTES (LOAN_SIZE / LOAN_READS / SECTOR_SIZE * SECTOR_SIZE)
#define SECONDS 200u

static uint8_t own[SECTOR_SIZE];

static bool lend(uint32_t which)
{
    struct vqg_mmio_hooks hooks = remote_hooks();
    bool good = queue_open(&hooks, false);

    for (uint32_t i = 0; i < OWN_READS && good; i++) {
        good = queue_add(false, 1, own, SECTOR_SIZE);
    }
    for (uint32_t i = 0; i < LOAN_READS && good; i++) {
        uint32_t addr = LOAN_BASE + which * LOAN_SIZE + i * BYTES;

        good = queue_add(false, 1, (void *)(uintptr_t)addr, BYTES);
    }
    queue_kick();
    return good;
}

static bool give_up(void)
{
    struct s3k_cap cap;

    for (uint64_t i = 0; i < 3u * S3K_MEM_FUEL; i++) {
        if (s3k_introspect(S3K_MEM, i, 0, &cap) == S3K_OK && cap.owner == s3k_pid() && cap.range.base == LOAN_BASE) {
            return s3k_delete(S3K_MEM, i) == S3K_OK;
        }
    }
    return false;
}

/* How often process 1 had to wait for the disk before it let app1 have the memory. */
static void move(uint32_t which)
{
    uint64_t deadline = platform_deadline(SECONDS);
    uint32_t pending = 0;
    enum protocol_answer answer;

    while ((answer = remote_ask(PROTOCOL_LOAN, which)) == PROTOCOL_PENDING && !platform_expired(deadline)) {
        pending++;
    }
    client_say("loan %u: %s, pending %u times\n", which, answer == PROTOCOL_DONE ? "moved" : "not moved", pending);
}

static void tell_rest(uint32_t which)
{
    uint32_t failed;
    bool back = queue_collect(&failed);

    client_say("loan %u: reads %s\n", which, !back ? "cut off" : failed == 0 ? "done" : "failed");
    client_say("loan %u: %s\n", which, queue_close() && works_again() ? "works again" : "works no more");
}

/* What is no longer its own it lends once more. */
static void lend_again(uint32_t which)
{
    client_say("try: lend loan %u again: %s\n", which, lend(which) ? "asked" : "not asked");
    tell_rest(which);
}

void lender(void)
{
    client_say("try: give loan 0 up while the disk has it: %s\n", lend(0) && give_up() ? "given up" : "kept");
    move(0);
    tell_rest(0);
    lend_again(0);
    client_say("try: keep loan 1 with the disk while it is taken away: %s\n", lend(1) ? "lent" : "not lent");
    move(1);
    tell_rest(1);
    lend_again(1);
}
