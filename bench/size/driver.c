/* SPDX-License-Identifier: MIT */
/* What a program links that drives a queue with direct chains. */
#include "vqguard/driver.h"

enum vqg_status driver_init(struct vqg_driver *d, const struct vqg_queue *q, const struct vqg_policy *p,
                            struct vqg_slot *slots, uint32_t nslots)
{
    return vqg_driver_init(d, q, p, slots, nslots);
}

enum vqg_status driver_add(struct vqg_driver *d, const struct vqg_seg *seg, uint32_t count, void *cookie)
{
    return vqg_driver_add(d, seg, count, cookie);
}

bool driver_kick(struct vqg_driver *d)
{
    return vqg_driver_kick(d);
}

enum vqg_status driver_take(struct vqg_driver *d, struct vqg_done *done)
{
    return vqg_driver_take(d, done);
}

enum vqg_status driver_reset(struct vqg_driver *d)
{
    return vqg_driver_reset(d);
}

enum vqg_status driver_reset_acked(struct vqg_driver *d)
{
    return vqg_driver_reset_acked(d);
}

enum vqg_status driver_reclaim(struct vqg_driver *d, struct vqg_done *done)
{
    return vqg_driver_reclaim(d, done);
}

enum vqg_status driver_restart(struct vqg_driver *d)
{
    return vqg_driver_restart(d);
}
