/* SPDX-License-Identifier: MIT */
/**
 * @file notify.h
 * @brief Floor 6: what a driver writes to the notification register (2.9).
 */
#ifndef VQGUARD_NOTIFY_H
#define VQGUARD_NOTIFY_H

#include "device.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A notification, taken apart. */
struct vqg_notification {
    uint32_t queue; /**< which queue */
    uint16_t next;  /**< with `has_next`: the driver's next position, a hint; packed: offset, wrap counter as bit 15 */
    bool has_next;  /**< VIRTIO_F_NOTIFICATION_DATA was acknowledged */
};

/**
 * Takes apart what a driver wrote to the notification register (2.9).
 *
 * @param value    the 32 bits as written
 * @param features features that were acknowledged
 * @param queues   number of queues that exist
 * @param out      which queue, and the hint if there is one
 * @return VQG_OK; VQG_V_NOTIFY_QUEUE when no such queue exists (N1; there is no endpoint to latch);
 *         VQG_BAD_ENDPOINT for a null `out`.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_notification_parse(uint32_t value, uint64_t features, uint32_t queues,
                                                                  struct vqg_notification *out)
{
    struct vqg_guard none = {{VQG_RULE_NONE, 0, 0, 0, 0, 0}, 0, 0, false, false};
    bool data = (features & VQG_F_NOTIFICATION_DATA) != 0u;
    uint32_t queue = data ? value & 0xffffu : value;
    VQG_EXPECT_(out != NULL, VQG_BAD_ENDPOINT);
    VQG_REQUIRE(&none, queue < queues, NOTIFY_QUEUE, 0u, queue, queues);
    out->queue = VQG_PORT_NOSPEC(queue, queues);
    out->next = (uint16_t)(data ? value >> 16 : 0u);
    out->has_next = data;
    return VQG_OK;
}

/**
 * Judges the position in a notification. It is a hint: the ring is asked, not
 * this; but a position ahead of any that the driver can be at is a violation.
 * Notifications may be late: what is behind, by up to half of all positions, is
 * accepted. A position of a packed queue is an offset with the wrap counter as bit 15.
 *
 * @return VQG_OK; VQG_V_NOTIFY_HINT (N2), which latches; VQG_DEAD; VQG_BAD_ENDPOINT. (2.9)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_device_hint(struct vqg_device *d, uint16_t next)
{
    const struct vqg_ring *r;
    uint16_t behind;
    uint32_t ahead;
    VQG_EXPECT_(d != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(d->judge.guard.state == VQG_STATE_LIVE, VQG_DEAD);
    r = &d->ring;
    if (vqg_ring_is_packed_(r)) {
        bool possible = (next & VQG_PACKED_OFFSET_) < r->size &&
                        (vqg_packed_distance_(r, r->published, next) <= r->size ||
                         vqg_packed_distance_(r, next, r->get) <= r->size);
        VQG_REQUIRE(&d->judge.guard, possible, NOTIFY_HINT, vqg_ring_place_(r, r->get), next, r->size);
        return VQG_OK;
    }
    behind = (uint16_t)(r->get - next);
    ahead = (uint32_t)(uint16_t)(next - r->get) + (uint16_t)(r->get - r->published);
    VQG_REQUIRE(&d->judge.guard, ahead <= r->size || behind <= 0x8000u, NOTIFY_HINT, r->get, next, r->size);
    return VQG_OK;
}

#ifdef __cplusplus
}
#endif

#endif
