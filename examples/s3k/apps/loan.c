/* SPDX-License-Identifier: MIT */
#include "loan.h"

#include "app.h"
#include "monitor.h"

#define VICTIM 3u
#define TRIES 20u /* without force */

static struct {
    int64_t cap; /* process 1's, of which app0 has a child */
    uint32_t busy;
    bool moved;
} loans[LOANS];

static uint32_t base_of(uint32_t which)
{
    return LOAN_BASE + which * LOAN_SIZE;
}

bool loan_begin(uint16_t pid)
{
    bool good = true;

    for (uint32_t i = 0; i < LOANS && good; i++) {
        loans[i].cap = s3k_mem_derive(S3K_CAP_RAM, 2, S3K_RW, base_of(i), LOAN_SIZE);
        good = loans[i].cap >= 0 && s3k_mon_mem_derive(S3K_CAP_MON(pid), (uint64_t)loans[i].cap, 1, S3K_RW, base_of(i),
                                                       LOAN_SIZE) >= 0;
    }
    return good;
}

/* In the kernel: what is left of app0's is revoked, and app1 gets memory in which there is nothing. */
static bool hand_over(uint32_t which)
{
    uint64_t cap = (uint64_t)loans[which].cap;
    int64_t left;

    do {
        left = s3k_revoke(S3K_MEM, cap);
    } while (left > 0);
    client_caps_changed();
    memset((void *)(uintptr_t)base_of(which), 0, LOAN_SIZE);
    return left == 0 &&
           s3k_mon_mem_derive(S3K_CAP_MON(VICTIM), cap, 1, S3K_RW, base_of(which), LOAN_SIZE) >= 0;
}

enum protocol_answer loan_move(struct seat *s, uint32_t which)
{
    bool force;

    client_caps_renew(&s->caps);
    if (which >= LOANS || loans[which].moved || (which == 0 && client_caps_has(&s->caps, base_of(which)))) {
        return PROTOCOL_INVALID;
    }
    force = which != 0 && loans[which].busy >= TRIES;
    if (vqg_client_withdraw(s->client, base_of(which), LOAN_SIZE, force) == VQG_BUSY) {
        loans[which].busy++;
        if (force) {
            (void)vqg_mmio_device_fail(&s->registers.file);
        }
        monitor_pump();
        return PROTOCOL_PENDING;
    }
    loans[which].moved = hand_over(which);
    app_say("monitor: loan %u is app1's: %s; busy %u times before%s\n", which, loans[which].moved ? "yes" : "no",
            loans[which].busy, force ? ", and app0 was reset" : "");
    return loans[which].moved ? PROTOCOL_DONE : PROTOCOL_FAILED;
}
