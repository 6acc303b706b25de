/* SPDX-License-Identifier: MIT */
/**
 * @file mmio_device.h
 * @brief Floor 6: the register file of virtio over MMIO that a device shows to a driver it does not believe: what the
 * driver does to it (4.2.2).
 *
 * mmio_device_setup.h says how it is set up, and what its owner does. An access that breaks a rule changes no register, leads to nothing and is
 * noted; the register file goes on, since nothing that it holds is used before
 * vqg_device_enable() has judged it. Nothing here touches the driver's memory.
 */
#ifndef VQGUARD_MMIO_DEVICE_H
#define VQGUARD_MMIO_DEVICE_H

#include "mmio_device_read.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The status bits that a driver sets. */
#define VQG_MMIO_DRIVER_BITS_                                                                                          \
    (VQG_STATUS_ACKNOWLEDGE | VQG_STATUS_DRIVER | VQG_STATUS_DRIVER_OK | VQG_STATUS_FEATURES_OK | VQG_STATUS_FAILED)

/** True when a driver may set these status bits in this state, one after the other as the specification says (3.1.1). */
VQG_API bool vqg_mmio_device_may_set_(const struct vqg_mmio_device *d, uint32_t value)
{
    uint32_t had = d->status & VQG_MMIO_DRIVER_BITS_;
    /* What the driver read back of the device's own bit may come along. */
    uint32_t known = VQG_MMIO_DRIVER_BITS_ | (d->status & VQG_STATUS_NEEDS_RESET);
    if ((value & ~known) != 0u || (value & had) != had || (had & VQG_STATUS_FAILED) != 0u) {
        return false;
    }
    return ((value & VQG_STATUS_DRIVER) == 0u || (value & VQG_STATUS_ACKNOWLEDGE) != 0u) &&
           ((value & VQG_STATUS_FEATURES_OK) == 0u || (value & VQG_STATUS_DRIVER) != 0u) &&
           ((value & VQG_STATUS_DRIVER_OK) == 0u || (had & VQG_STATUS_FEATURES_OK) != 0u);
}

/** True when the features that the driver wrote were offered, and include what is required. */
VQG_API bool vqg_mmio_device_may_agree_(const struct vqg_mmio_device *d)
{
    return !d->features_beyond && (d->features & ~d->shown.features) == 0u &&
           (d->features & d->shown.required) == d->shown.required;
}

/** The driver writes the status. */
VQG_API enum vqg_status vqg_mmio_device_put_status_(struct vqg_mmio_device *d, uint32_t value,
                                                    struct vqg_mmio_event *event)
{
    uint32_t added;
    if (value == 0u) {
        if (d->status != 0u && d->guard.state != VQG_STATE_RESET) {
            d->guard.state = (uint8_t)VQG_STATE_RESET;
            event->kind = VQG_MMIO_RESET;
        }
        return VQG_OK;
    }
    VQG_REQUIRE_SETUP(&d->guard, d->guard.state == VQG_STATE_LIVE && vqg_mmio_device_may_set_(d, value), STATUS_ORDER,
                      VQG_V_STATUS_ORDER, value, d->status);
    added = value & ~d->status;
    if ((added & VQG_STATUS_FEATURES_OK) != 0u) {
        VQG_REQUIRE_SETUP(&d->guard, vqg_mmio_device_may_agree_(d), FEATURES_OFFERED, VQG_V_FEATURES_OFFERED,
                          d->features, d->shown.features);
    }
    d->status |= value;
    if ((added & VQG_STATUS_FAILED) != 0u) {
        event->kind = VQG_MMIO_FAILED;
    } else if ((added & VQG_STATUS_DRIVER_OK) != 0u) {
        event->kind = VQG_MMIO_DRIVER_OK;
    }
    return VQG_OK;
}

/** Replaces word 0 or 1 of 64 bits. */
VQG_API uint64_t vqg_mmio_with_word_(uint64_t old, uint32_t word, uint32_t value)
{
    return word == 0u ? (old & ~(uint64_t)UINT32_MAX) | value : (old & UINT32_MAX) | (uint64_t)value << 32;
}

/** The driver writes a word of the features that it accepts. */
VQG_API enum vqg_status vqg_mmio_device_put_features_(struct vqg_mmio_device *d, uint32_t value)
{
    VQG_REQUIRE_SETUP(&d->guard, (d->status & (VQG_STATUS_DRIVER | VQG_STATUS_FEATURES_OK)) == VQG_STATUS_DRIVER,
                      STATUS_ORDER, VQG_V_STATUS_ORDER, VQG_MMIO_DRIVER_FEATURES, d->status);
    if (d->driver_word > 1u) {
        d->features_beyond = d->features_beyond || value != 0u;
    } else {
        d->features = vqg_mmio_with_word_(d->features, d->driver_word, value);
    }
    return VQG_OK;
}

/** The driver stops a queue, or resets it alone. */
VQG_API enum vqg_status vqg_mmio_device_stop_(struct vqg_mmio_device *d, struct vqg_mmio_queue *q,
                                              enum vqg_mmio_queue_state next, struct vqg_mmio_event *event)
{
    VQG_REQUIRE_SETUP(&d->guard, q->state != VQG_MMIO_QUEUE_ASKED, QUEUE_FROZEN, VQG_V_QUEUE_FROZEN, d->queue_sel,
                      q->state);
    /* Off already, or on its way: what the driver asks for is what it gets. */
    if (q->state == VQG_MMIO_QUEUE_LIVE) {
        q->state = (uint8_t)next;
        event->kind = VQG_MMIO_QUEUE_STOP;
        event->at.queue = d->queue_sel;
    }
    return VQG_OK;
}

/** The driver configures a queue, or wants it enabled. */
VQG_API enum vqg_status vqg_mmio_device_configure_(struct vqg_mmio_device *d, struct vqg_mmio_queue *q, uint32_t offset,
                                                   uint32_t value, struct vqg_mmio_event *event)
{
    uint32_t phase = d->status & (VQG_STATUS_FEATURES_OK | VQG_STATUS_DRIVER_OK);
    VQG_REQUIRE_SETUP(&d->guard, phase == VQG_STATUS_FEATURES_OK || q->again, STATUS_ORDER,
                      VQG_V_STATUS_ORDER, offset, d->status);
    VQG_REQUIRE_SETUP(&d->guard, q->state == VQG_MMIO_QUEUE_OFF, QUEUE_FROZEN, VQG_V_QUEUE_FROZEN, d->queue_sel,
                      q->state);
    if (offset == VQG_MMIO_QUEUE_SIZE) {
        q->size = value;
    } else if (offset == VQG_MMIO_QUEUE_READY) {
        q->state = (uint8_t)VQG_MMIO_QUEUE_ASKED;
        event->kind = VQG_MMIO_QUEUE_START;
        event->at.queue = d->queue_sel;
    } else {
        uint64_t *addr = &q->addr[(offset - VQG_MMIO_QUEUE_DESC) >> 4];
        *addr = vqg_mmio_with_word_(*addr, (offset >> 2) & 1u, value);
    }
    return VQG_OK;
}

/** The driver writes a register of the selected queue. */
VQG_API enum vqg_status vqg_mmio_device_put_queue_(struct vqg_mmio_device *d, uint32_t offset, uint32_t value,
                                                   struct vqg_mmio_event *event)
{
    struct vqg_mmio_queue *q;
    VQG_REQUIRE_SETUP(&d->guard, d->queue_sel < d->shown.count, QUEUE_SELECTED, VQG_V_QUEUE_SELECTED, d->queue_sel,
                      d->shown.count);
    q = &d->shown.queues[VQG_PORT_NOSPEC(d->queue_sel, d->shown.count)];
    if (offset == VQG_MMIO_QUEUE_RESET) {
        VQG_REQUIRE_SETUP(&d->guard, value == 1u && (d->features & VQG_F_RING_RESET) != 0u, REGISTER_ACCESS,
                          VQG_V_REGISTER_ACCESS, offset, value);
        return vqg_mmio_device_stop_(d, q, VQG_MMIO_QUEUE_RESETTING, event);
    }
    if (offset == VQG_MMIO_QUEUE_READY) {
        VQG_REQUIRE_SETUP(&d->guard, value <= 1u, REGISTER_ACCESS, VQG_V_REGISTER_ACCESS, offset, value);
        if (value == 0u) {
            return vqg_mmio_device_stop_(d, q, VQG_MMIO_QUEUE_STOPPING, event);
        }
    }
    return vqg_mmio_device_configure_(d, q, offset, value, event);
}

/** The driver says that there is work. */
VQG_API enum vqg_status vqg_mmio_device_put_notify_(struct vqg_mmio_device *d, uint32_t value,
                                                    struct vqg_mmio_event *event)
{
    struct vqg_notification n = {0, 0, false};
    enum vqg_status st = vqg_notification_parse(value, d->features, d->shown.count, &n);
    VQG_REQUIRE_SETUP(&d->guard, (d->status & VQG_STATUS_DRIVER_OK) != 0u, STATUS_ORDER, VQG_V_STATUS_ORDER,
                      VQG_MMIO_QUEUE_NOTIFY, d->status);
    VQG_REQUIRE_SETUP(&d->guard, st == VQG_OK && d->shown.queues[n.queue].state == VQG_MMIO_QUEUE_LIVE, NOTIFY_QUEUE,
                      VQG_V_NOTIFY_QUEUE, value, d->shown.count);
    event->kind = VQG_MMIO_NOTIFY;
    event->at = n;
    return VQG_OK;
}

/** The driver writes a register that any state allows, or a queue's. `offset` is one to be written. */
VQG_API enum vqg_status vqg_mmio_device_put_(struct vqg_mmio_device *d, uint32_t offset, uint32_t value,
                                             struct vqg_mmio_event *event)
{
    switch (offset) {
    case VQG_MMIO_DEVICE_FEATURES_SEL:
        d->device_word = value;
        return VQG_OK;
    case VQG_MMIO_DRIVER_FEATURES_SEL:
        d->driver_word = value;
        return VQG_OK;
    case VQG_MMIO_DRIVER_FEATURES:
        return vqg_mmio_device_put_features_(d, value);
    case VQG_MMIO_QUEUE_SEL:
        d->queue_sel = value;
        return VQG_OK;
    case VQG_MMIO_QUEUE_NOTIFY:
        return vqg_mmio_device_put_notify_(d, value, event);
    case VQG_MMIO_INTERRUPT_ACK:
        VQG_REQUIRE_SETUP(&d->guard, (value & ~VQG_MMIO_INTERRUPTS_) == 0u, REGISTER_ACCESS, VQG_V_REGISTER_ACCESS,
                          offset, value);
        d->interrupts &= ~value;
        return VQG_OK;
    case VQG_MMIO_SHM_SEL:
        return VQG_OK;
    default:
        return vqg_mmio_device_put_queue_(d, offset, value, event);
    }
}

/** True when there is a register at `offset` that is to be written. */
VQG_API bool vqg_mmio_is_writable_(uint32_t offset)
{
    switch (offset) {
    case VQG_MMIO_DEVICE_FEATURES_SEL:
    case VQG_MMIO_DRIVER_FEATURES:
    case VQG_MMIO_DRIVER_FEATURES_SEL:
    case VQG_MMIO_QUEUE_SEL:
    case VQG_MMIO_QUEUE_SIZE:
    case VQG_MMIO_QUEUE_READY:
    case VQG_MMIO_QUEUE_NOTIFY:
    case VQG_MMIO_INTERRUPT_ACK:
    case VQG_MMIO_STATUS:
    case VQG_MMIO_QUEUE_DESC:
    case VQG_MMIO_QUEUE_DESC + 4u:
    case VQG_MMIO_QUEUE_DRIVER:
    case VQG_MMIO_QUEUE_DRIVER + 4u:
    case VQG_MMIO_QUEUE_DEVICE:
    case VQG_MMIO_QUEUE_DEVICE + 4u:
    case VQG_MMIO_SHM_SEL:
    case VQG_MMIO_QUEUE_RESET:
        return true;
    default:
        return false;
    }
}

/**
 * The driver writes.
 *
 * @param d      the register file
 * @param offset in bytes from its beginning, as the driver said
 * @param width  in bytes, as the driver said: 4; the configuration space is not written
 * @param value  as the driver said
 * @param event  what follows, for the caller to act on; NOTHING when the access is refused
 * @return VQG_OK; a refused access, which changed nothing but the record: VQG_V_REGISTER_ACCESS (T12: value is the
 *         offset, limit the width or what was written), VQG_V_STATUS_ORDER (R6: value is the status written, or the
 *         offset of another register; limit is the status), VQG_V_FEATURES_OFFERED (T4), VQG_V_QUEUE_SELECTED (T11),
 *         VQG_V_QUEUE_FROZEN (Q8: value is the queue, limit its enum vqg_mmio_queue_state), VQG_V_NOTIFY_QUEUE (N1);
 *         VQG_BAD_ENDPOINT for a null argument. (4.2.2)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_device_write(struct vqg_mmio_device *d, uint32_t offset,
                                                                 uint32_t width, uint32_t value,
                                                                 struct vqg_mmio_event *event)
{
    VQG_EXPECT_(d != NULL && event != NULL, VQG_BAD_ENDPOINT);
    vqg_zero_(event, sizeof *event);
    VQG_REQUIRE_SETUP(&d->guard, width == 4u && vqg_mmio_is_writable_(offset), REGISTER_ACCESS, VQG_V_REGISTER_ACCESS,
                      offset, width);
    if (offset == VQG_MMIO_STATUS) {
        return vqg_mmio_device_put_status_(d, value, event);
    }
    VQG_REQUIRE_SETUP(&d->guard, d->guard.state == VQG_STATE_LIVE && (d->status & VQG_STATUS_FAILED) == 0u, STATUS_ORDER,
                      VQG_V_STATUS_ORDER, offset, d->status);
    return vqg_mmio_device_put_(d, offset, value, event);
}

#ifdef __cplusplus
}
#endif

#endif
