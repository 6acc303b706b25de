/* SPDX-License-Identifier: MIT */
/* What a program links that serves a queue. Indirect tables are in it: the driver decides whether they come. */
#include "vqguard/device.h"

enum vqg_status device_init(struct vqg_device *d, const struct vqg_queue *q, const struct vqg_policy *p,
                            const struct vqg_caps *caps, struct vqg_slot *slots, uint32_t nslots)
{
    return vqg_device_init(d, q, p, caps, slots, nslots);
}

enum vqg_status device_enable(struct vqg_device *d, const struct vqg_queue *q)
{
    return vqg_device_enable(d, q);
}

enum vqg_status device_pop(struct vqg_device *d, struct vqg_chain *c)
{
    return vqg_device_pop(d, c);
}

enum vqg_status device_push(struct vqg_device *d, struct vqg_chain *c, uint32_t written)
{
    return vqg_device_push(d, c, written);
}

bool device_notify(struct vqg_device *d)
{
    return vqg_device_notify(d);
}

void device_reset(struct vqg_device *d)
{
    vqg_device_reset(d);
}
