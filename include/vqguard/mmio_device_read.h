/* SPDX-License-Identifier: MIT */
/**
 * @file mmio_device_read.h
 * @brief Floor 6: the register file of virtio over MMIO that a device shows to a driver it does not believe: what the
 * driver reads (4.2.2).
 */
#ifndef VQGUARD_MMIO_DEVICE_READ_H
#define VQGUARD_MMIO_DEVICE_READ_H

#include "mmio_device_setup.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Which queue the queue's registers are about; null when it does not exist. */
VQG_API struct vqg_mmio_queue *vqg_mmio_device_selected_(const struct vqg_mmio_device *d)
{
    return d->queue_sel < d->shown.count ? &d->shown.queues[VQG_PORT_NOSPEC(d->queue_sel, d->shown.count)] : NULL;
}

/** Half of 64 bits: word 0 or 1; of any other, 0. */
VQG_API uint32_t vqg_mmio_word_(uint64_t value, uint32_t word)
{
    return word == 0u ? (uint32_t)value : word == 1u ? (uint32_t)(value >> 32) : 0u;
}

/** Reads a register of the selected queue; false when there is none at `offset`. */
VQG_API bool vqg_mmio_device_get_queue_(const struct vqg_mmio_device *d, uint32_t offset, uint32_t *value)
{
    const struct vqg_mmio_queue *q = vqg_mmio_device_selected_(d);
    uint32_t size_max = q == NULL ? 0u : q->size_max;
    uint32_t state = q == NULL ? (uint32_t)VQG_MMIO_QUEUE_OFF : q->state;
    switch (offset) {
    case VQG_MMIO_QUEUE_SIZE_MAX:
        *value = size_max;
        return true;
    case VQG_MMIO_QUEUE_READY:
        *value = state >= VQG_MMIO_QUEUE_LIVE ? 1u : 0u;
        return true;
    case VQG_MMIO_QUEUE_RESET:
        *value = state == VQG_MMIO_QUEUE_RESETTING ? 1u : 0u;
        return true;
    default:
        return false;
    }
}

/** Reads a register; false when there is none at `offset`, or none to be read. */
VQG_API bool vqg_mmio_device_get_(const struct vqg_mmio_device *d, uint32_t offset, uint32_t *value)
{
    switch (offset) {
    case VQG_MMIO_MAGIC_VALUE:
        *value = VQG_MMIO_MAGIC;
        return true;
    case VQG_MMIO_VERSION:
        *value = VQG_MMIO_VERSION_MODERN;
        return true;
    case VQG_MMIO_DEVICE_ID:
        *value = d->shown.device_id;
        return true;
    case VQG_MMIO_VENDOR_ID:
        *value = d->shown.vendor_id;
        return true;
    case VQG_MMIO_DEVICE_FEATURES:
        *value = vqg_mmio_word_(d->shown.features, d->device_word);
        return true;
    case VQG_MMIO_INTERRUPT_STATUS:
        *value = d->interrupts;
        return true;
    case VQG_MMIO_STATUS:
        *value = d->status;
        return true;
    case VQG_MMIO_SHM_LEN:
    case VQG_MMIO_SHM_LEN + 4u:
    case VQG_MMIO_SHM_BASE:
    case VQG_MMIO_SHM_BASE + 4u:
        /* Of no length but all ones: no region has that number (4.2.2). */
        *value = UINT32_MAX;
        return true;
    case VQG_MMIO_CONFIG_GENERATION:
        *value = d->generation;
        return true;
    default:
        return vqg_mmio_device_get_queue_(d, offset, value);
    }
}

/** Reads 1, 2 or 4 bytes of the configuration space; false when they are not there or misaligned. */
VQG_API bool vqg_mmio_device_get_field_(const struct vqg_mmio_device *d, uint32_t at, uint32_t width, uint32_t *value)
{
    uint32_t i;
    if (width > 4u || !vqg_is_power_of_two_(width) || (at & (width - 1u)) != 0u || at >= d->shown.config_bytes ||
        width > d->shown.config_bytes - at) {
        return false;
    }
    for (i = 0; i < width; i++) {
        *value |= (uint32_t)d->shown.config[VQG_PORT_NOSPEC(at + i, d->shown.config_bytes)] << (8u * i);
    }
    return true;
}

/**
 * The driver reads.
 *
 * @param d      the register file
 * @param offset in bytes from its beginning, as the driver said
 * @param width  in bytes, as the driver said: 4 of a register; 1, 2 or 4, aligned, of the configuration space
 * @param value  what it reads, as a number: the upper bytes are 0; 0 when the access is refused
 * @return VQG_OK; VQG_V_REGISTER_ACCESS (T12); VQG_BAD_ENDPOINT for a null argument. (4.2.2)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_device_read(struct vqg_mmio_device *d, uint32_t offset,
                                                                uint32_t width, uint32_t *value)
{
    bool readable;
    VQG_EXPECT_(d != NULL && value != NULL, VQG_BAD_ENDPOINT);
    *value = 0;
    readable = offset >= VQG_MMIO_CONFIG ? vqg_mmio_device_get_field_(d, offset - VQG_MMIO_CONFIG, width, value)
                                         : width == 4u && vqg_mmio_device_get_(d, offset, value);
    VQG_REQUIRE_SETUP(&d->guard, readable, REGISTER_ACCESS, VQG_V_REGISTER_ACCESS, offset, width);
    return VQG_OK;
}

#ifdef __cplusplus
}
#endif

#endif
