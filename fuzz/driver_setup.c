/* SPDX-License-Identifier: MIT */
/* What a driver, or a ledger, must see in the set-up of its queue. */
#include "driver.h"

void driver_faults(struct faults *f, const struct vqg_queue *q)
{
    const bool packed = (q->features & VQG_F_RING_PACKED) != 0u;
    uint32_t count;
    (void)queue_slots(q, NULL, &count);
    queue_faults(f, q, count);
    if (((uintptr_t)q->desc & 15u) != 0u) {
        fault(f, VQG_BAD_DESC, VQG_RULE_NONE);
    }
    if (((uintptr_t)q->avail & (packed ? 3u : 1u)) != 0u) {
        fault(f, VQG_BAD_AVAIL, VQG_RULE_NONE);
    }
    if (((uintptr_t)q->used & 3u) != 0u) {
        fault(f, VQG_BAD_USED, VQG_RULE_NONE);
    }
    if ((q->features & VQG_F_IN_ORDER) != 0u && !world.policy.accept_claimed) {
        fault(f, VQG_BAD_FEATURES, VQG_RULE_CLAIMED_LENGTH);
    }
}
