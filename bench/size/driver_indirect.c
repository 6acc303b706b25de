/* SPDX-License-Identifier: MIT */
/* The same with indirect tables, least lengths, and interrupts switched off and on. */
#include "driver.c"

enum vqg_status driver_add_request(struct vqg_driver *d, const struct vqg_request *r)
{
    return vqg_driver_add_request(d, r);
}

void driver_callback_disable(struct vqg_driver *d)
{
    vqg_driver_callback_disable(d);
}

bool driver_callback_enable(struct vqg_driver *d)
{
    return vqg_driver_callback_enable(d);
}
