/* SPDX-License-Identifier: MIT */
/**
 * @file mmio.h
 * @brief Floor 6: virtio over MMIO from the driver's side: queues, notifications, interrupts, configuration (4.2).
 *
 * mmio_setup.h says how the transport gets so far, and what happens when the
 * device breaks a rule.
 */
#ifndef VQGUARD_MMIO_H
#define VQGUARD_MMIO_H

#include "mmio_setup.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How often a field is read while the device changes its configuration under it (rule T8). */
#define VQG_MMIO_TURNS 16u

/**
 * Asks how large a queue may be. What it answers belongs into the queue's
 * `size_max`; the register is not read again.
 *
 * @param m     the transport, after vqg_mmio_negotiate()
 * @param index which queue
 * @param max   descriptors at most; written only with VQG_OK
 * @return VQG_OK; VQG_BAD_INDEX when the device has no such queue; VQG_V_DEVICE_REGISTER above 32768 (T7); VQG_DEAD;
 *         VQG_BAD_STATE; VQG_BAD_QUEUE for a null `max`; VQG_BAD_ENDPOINT. (4.2.3.2)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_queue_max(struct vqg_mmio *m, uint32_t index, uint32_t *max)
{
    uint32_t seen;
    enum vqg_status st = vqg_mmio_expect_(m, VQG_STATUS_FEATURES_OK, 0u);
    VQG_EXPECT_(st == VQG_OK, st);
    VQG_EXPECT_(max != NULL, VQG_BAD_QUEUE);
    vqg_mmio_put_(m, VQG_MMIO_QUEUE_SEL, index);
    seen = vqg_mmio_get_(m, VQG_MMIO_QUEUE_SIZE_MAX);
    VQG_EXPECT_(seen != 0u, VQG_BAD_INDEX);
    VQG_REQUIRE(&m->guard, seen <= VQG_QUEUE_SIZE_MAX, DEVICE_REGISTER, VQG_MMIO_QUEUE_SIZE_MAX, seen,
                VQG_QUEUE_SIZE_MAX);
    *max = seen;
    return VQG_OK;
}

/** Tells the device an address. */
VQG_API void vqg_mmio_put_address_(const struct vqg_mmio *m, uint32_t offset, uint64_t addr)
{
    vqg_mmio_put_(m, offset, (uint32_t)addr);
    vqg_mmio_put_(m, offset + 4u, (uint32_t)(addr >> 32));
}

/** The caller's queue is one that this device can be told of. */
VQG_API enum vqg_status vqg_mmio_check_queue_(struct vqg_mmio *m, const struct vqg_queue *q)
{
    bool packed = (m->features & VQG_F_RING_PACKED) != 0u;
    uint64_t avail_align = packed ? VQG_EVENT_ALIGN : VQG_AVAIL_ALIGN;
    VQG_EXPECT_(q->features == m->features, VQG_BAD_FEATURES);
    VQG_EXPECT_(q->size_max != 0u, VQG_BAD_SIZE);
    VQG_EXPECT_((q->desc_addr & (VQG_DESC_ALIGN - 1u)) == 0u, VQG_BAD_DESC);
    VQG_EXPECT_((q->avail_addr & (avail_align - 1u)) == 0u && q->avail_addr != q->desc_addr, VQG_BAD_AVAIL);
    VQG_EXPECT_((q->used_addr & (VQG_USED_ALIGN - 1u)) == 0u && q->used_addr != q->desc_addr, VQG_BAD_USED);
    return vqg_check_size_(&m->guard, q->size, q->size_max, packed);
}

/**
 * Tells the device where a queue is, and enables it; after the rings were
 * cleared by vqg_driver_init() or vqg_driver_restart(). With VIRTIO_F_RING_RESET
 * it may also be called after vqg_mmio_queue_reset().
 *
 * @param m the transport, after vqg_mmio_negotiate()
 * @param q the queue: index, size, `size_max` as vqg_mmio_queue_max() said, the features agreed on, and in `desc_addr`,
 *          `avail_addr` and `used_addr` the device's addresses of the three parts
 * @return VQG_OK; VQG_V_DEVICE_REGISTER when the queue is ready before it is enabled, or not ready after (T7); VQG_DEAD;
 *         VQG_BAD_STATE, also after DRIVER_OK without that feature; VQG_BAD_SIZE (Q1 to Q4, or no `size_max`);
 *         VQG_BAD_FEATURES when they are not the ones agreed on; VQG_BAD_DESC, VQG_BAD_AVAIL, VQG_BAD_USED for an
 *         address that is misaligned or another part's; VQG_BAD_QUEUE, VQG_BAD_ENDPOINT. (4.2.3.2)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_queue_enable(struct vqg_mmio *m, const struct vqg_queue *q)
{
    uint32_t seen;
    enum vqg_status st = vqg_mmio_expect_(m, VQG_STATUS_FEATURES_OK, 0u);
    VQG_EXPECT_(st == VQG_OK, st);
    VQG_EXPECT_((m->status & VQG_STATUS_DRIVER_OK) == 0u || (m->features & VQG_F_RING_RESET) != 0u, VQG_BAD_STATE);
    VQG_EXPECT_(q != NULL, VQG_BAD_QUEUE);
    st = vqg_mmio_check_queue_(m, q);
    VQG_EXPECT_(st == VQG_OK, st);
    vqg_mmio_put_(m, VQG_MMIO_QUEUE_SEL, q->index);
    seen = vqg_mmio_get_(m, VQG_MMIO_QUEUE_READY);
    VQG_REQUIRE(&m->guard, seen == 0u, DEVICE_REGISTER, VQG_MMIO_QUEUE_READY, seen, 0u);
    vqg_mmio_put_(m, VQG_MMIO_QUEUE_SIZE, q->size);
    vqg_mmio_put_address_(m, VQG_MMIO_QUEUE_DESC, q->desc_addr);
    vqg_mmio_put_address_(m, VQG_MMIO_QUEUE_DRIVER, q->avail_addr);
    vqg_mmio_put_address_(m, VQG_MMIO_QUEUE_DEVICE, q->used_addr);
    vqg_mmio_put_(m, VQG_MMIO_QUEUE_READY, 1u);
    seen = vqg_mmio_get_(m, VQG_MMIO_QUEUE_READY);
    VQG_REQUIRE(&m->guard, seen == 1u, DEVICE_REGISTER, VQG_MMIO_QUEUE_READY, seen, 1u);
    return VQG_OK;
}

/**
 * Resets one queue, and waits as long as the wait hook says until the device
 * owns none of its buffers. A device that knows nothing of the register shows
 * the queue as ready still, and so runs into the timeout; then the whole device has to be reset.
 *
 * @param m     the transport, after vqg_mmio_driver_ok()
 * @param index which queue
 * @return VQG_OK: vqg_driver_reset_acked() may be called; VQG_TIMEOUT (R2; noted with the last value of QueueReset or
 *         QueueReady), after which it may be called again; VQG_DEAD; VQG_BAD_STATE; VQG_BAD_FEATURES without
 *         VIRTIO_F_RING_RESET; VQG_BAD_ENDPOINT. (2.6.1, 4.2.2.1)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_queue_reset(struct vqg_mmio *m, uint32_t index)
{
    uint32_t seen = 0;
    bool done;
    enum vqg_status st = vqg_mmio_expect_(m, VQG_STATUS_DRIVER_OK, 0u);
    VQG_EXPECT_(st == VQG_OK, st);
    VQG_EXPECT_((m->features & VQG_F_RING_RESET) != 0u, VQG_BAD_FEATURES);
    vqg_mmio_put_(m, VQG_MMIO_QUEUE_SEL, index);
    vqg_mmio_put_(m, VQG_MMIO_QUEUE_RESET, 1u);
    done = vqg_mmio_await_zero_(m, VQG_MMIO_QUEUE_RESET, &seen) && vqg_mmio_await_zero_(m, VQG_MMIO_QUEUE_READY, &seen);
    VQG_REQUIRE_SETUP(&m->guard, done, RESET_BOUNDED, VQG_TIMEOUT, seen, 0u);
    return VQG_OK;
}

/**
 * Tells the device that there is work, when vqg_driver_kick() says that it wants to know.
 *
 * @param m     the transport, after vqg_mmio_driver_ok()
 * @param value what vqg_driver_notification() returns
 * @return VQG_OK; VQG_DEAD; VQG_BAD_STATE, also before DRIVER_OK (R1); VQG_BAD_ENDPOINT. (4.2.3.3)
 */
VQG_API enum vqg_status vqg_mmio_notify(struct vqg_mmio *m, uint32_t value)
{
    enum vqg_status st = vqg_mmio_expect_(m, 0u, 0u);
    VQG_EXPECT_(st == VQG_OK, st);
    VQG_REQUIRE_CALLER((m->status & VQG_STATUS_DRIVER_OK) != 0u, READY_FIRST, VQG_BAD_STATE);
    vqg_mmio_put_(m, VQG_MMIO_QUEUE_NOTIFY, value);
    return VQG_OK;
}

/**
 * Fetches what interrupts are about, and acknowledges it. Bits that the
 * specification does not have are neither handed up nor acknowledged.
 *
 * @param m     the transport, after vqg_mmio_driver_ok()
 * @param about VQG_MMIO_INTERRUPT_USED, VQG_MMIO_INTERRUPT_CONFIG, both, or 0; with CONFIG, vqg_mmio_check() is next
 * @return VQG_OK; VQG_DEAD; VQG_BAD_STATE, also before DRIVER_OK (R1), with no register touched; VQG_BAD_QUEUE for a
 *         null `about`; VQG_BAD_ENDPOINT. (4.2.3.4)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_interrupt(struct vqg_mmio *m, uint32_t *about)
{
    enum vqg_status st = vqg_mmio_expect_(m, 0u, 0u);
    VQG_EXPECT_(st == VQG_OK, st);
    VQG_EXPECT_(about != NULL, VQG_BAD_QUEUE);
    VQG_REQUIRE_CALLER((m->status & VQG_STATUS_DRIVER_OK) != 0u, READY_FIRST, VQG_BAD_STATE);
    *about = vqg_mmio_get_(m, VQG_MMIO_INTERRUPT_STATUS) & VQG_MMIO_INTERRUPTS_;
    if (*about != 0u) {
        vqg_mmio_put_(m, VQG_MMIO_INTERRUPT_ACK, *about);
    }
    return VQG_OK;
}

/**
 * Looks whether the device is well: it does not ask for a reset, and its status has what the driver put there.
 *
 * @return VQG_OK; VQG_V_STATUS_KEPT when it has lost a bit (T3); VQG_DEAD, also when it asks for a reset (R8);
 *         VQG_BAD_STATE before the reset; VQG_BAD_ENDPOINT. (2.1.2)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_check(struct vqg_mmio *m)
{
    enum vqg_status st = vqg_mmio_expect_(m, 0u, 0u);
    return st == VQG_OK ? vqg_mmio_look_(m) : st;
}

/** Reads a field once, in as many pieces as its width asks for. */
VQG_API uint64_t vqg_mmio_field_(const struct vqg_mmio *m, uint32_t offset, uint32_t width)
{
    uint64_t low;
    if (width == 8u) {
        low = vqg_mmio_get_(m, VQG_MMIO_CONFIG + offset);
        return low | (uint64_t)vqg_mmio_get_(m, VQG_MMIO_CONFIG + offset + 4u) << 32;
    }
    return m->hooks.read(m->hooks.context, VQG_MMIO_CONFIG + offset, width);
}

/** Reads a field in one state of the configuration, in at most VQG_MMIO_TURNS turns. */
VQG_API enum vqg_status vqg_mmio_steady_field_(struct vqg_mmio *m, uint32_t offset, uint32_t width, uint64_t *value)
{
    uint32_t align = width == 8u ? 4u : width;
    uint32_t before = 0;
    uint32_t after = 0;
    uint32_t turn = 0;
    enum vqg_status st = vqg_mmio_expect_(m, VQG_STATUS_DRIVER, 0u);
    VQG_EXPECT_(st == VQG_OK, st);
    VQG_EXPECT_(vqg_is_power_of_two_(width) && width <= 8u && (offset & (align - 1u)) == 0u &&
                    offset <= VQG_MMIO_CONFIG_BYTES - width,
                VQG_BAD_FIELD);
    after = vqg_mmio_get_(m, VQG_MMIO_CONFIG_GENERATION);
    do {
        before = after;
        *value = vqg_mmio_field_(m, offset, width);
        after = vqg_mmio_get_(m, VQG_MMIO_CONFIG_GENERATION);
        turn++;
    } while (before != after && turn < VQG_MMIO_TURNS);
    VQG_REQUIRE(&m->guard, before == after, CONFIG_FIELD, VQG_MMIO_CONFIG_GENERATION, after, before);
    return VQG_OK;
}

/**
 * Reads a field of the configuration space, and judges it.
 *
 * @param m      the transport, after vqg_mmio_begin()
 * @param offset of the field, in bytes from the beginning of the space; a multiple of its width, or of 4
 * @param width  of the field in bytes: 1, 2, 4 or 8
 * @param least  the least value that makes sense
 * @param most   the greatest one
 * @param value  the field; written only with VQG_OK
 * @return VQG_OK; VQG_V_CONFIG_FIELD when it is not between the two, or the configuration never stood still (T8);
 *         VQG_DEAD; VQG_BAD_STATE; VQG_BAD_FIELD, also for a null `value`; VQG_BAD_ENDPOINT. (2.5.1, 4.2.2.2)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_config(struct vqg_mmio *m, uint32_t offset, uint32_t width,
                                                           uint64_t least, uint64_t most, uint64_t *value)
{
    uint64_t seen = 0;
    enum vqg_status st;
    VQG_EXPECT_(value != NULL, VQG_BAD_FIELD);
    st = vqg_mmio_steady_field_(m, offset, width, &seen);
    VQG_EXPECT_(st == VQG_OK, st);
    VQG_REQUIRE(&m->guard, seen >= least, CONFIG_FIELD, VQG_MMIO_CONFIG + offset, seen, least);
    VQG_REQUIRE(&m->guard, seen <= most, CONFIG_FIELD, VQG_MMIO_CONFIG + offset, seen, most);
    *value = seen;
    return VQG_OK;
}

/**
 * Reads a field that counts something: queues, ports, segments of a request.
 *
 * @param m      the transport, after vqg_mmio_begin()
 * @param offset as of vqg_mmio_config()
 * @param width  as of vqg_mmio_config()
 * @param room   how many the caller has room for
 * @param count  how many to use: as many as there are, and at most `room`; written only with VQG_OK
 * @return as vqg_mmio_config(), and VQG_V_CONFIG_COUNT when there is none of them (T9). (2.5.1, 5)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_config_count(struct vqg_mmio *m, uint32_t offset, uint32_t width,
                                                                 uint32_t room, uint32_t *count)
{
    uint64_t seen = 0;
    enum vqg_status st;
    VQG_EXPECT_(count != NULL, VQG_BAD_FIELD);
    st = vqg_mmio_steady_field_(m, offset, width, &seen);
    VQG_EXPECT_(st == VQG_OK, st);
    VQG_REQUIRE(&m->guard, seen != 0u, CONFIG_COUNT, VQG_MMIO_CONFIG + offset, seen, 1u);
    *count = seen < room ? (uint32_t)seen : room;
    return VQG_OK;
}

#ifdef __cplusplus
}
#endif

#endif
