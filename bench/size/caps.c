/* SPDX-License-Identifier: MIT */
/* The capability table by itself: what a program adds that makes and changes one. A device's lookups are its own. */
#include "vqguard/cap.h"

enum vqg_status caps_init(struct vqg_cap_table *t, struct vqg_cap *caps, uint32_t count, uint64_t granule)
{
    return vqg_cap_table_init(t, caps, count, granule);
}

enum vqg_status caps_replace(struct vqg_cap_table *t, uint32_t i, const struct vqg_cap *cap)
{
    return vqg_cap_table_replace(t, i, cap);
}

const struct vqg_cap *caps_lookup(struct vqg_cap_table *t, uint64_t addr)
{
    return vqg_cap_table_lookup(t, addr);
}
