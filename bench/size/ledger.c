/* SPDX-License-Identifier: MIT */
/* What a driver with its own ring code links. */
#include "vqguard/ledger.h"

enum vqg_status ledger_init(struct vqg_ledger *l, const struct vqg_queue *q, const struct vqg_policy *p,
                            struct vqg_slot *slots, uint32_t nslots)
{
    return vqg_ledger_init(l, q, p, slots, nslots);
}

enum vqg_status ledger_publish(struct vqg_ledger *l, const uint16_t *ids, uint32_t count, uint32_t writable,
                               void *cookie)
{
    return vqg_ledger_publish(l, ids, count, writable, cookie);
}

enum vqg_status ledger_take(struct vqg_ledger *l, struct vqg_done *done)
{
    return vqg_ledger_take(l, done);
}

uint16_t ledger_next(const struct vqg_ledger *l, uint16_t id)
{
    return vqg_ledger_next(l, id);
}
