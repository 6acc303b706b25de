/* SPDX-License-Identifier: MIT */
#include "virtio_mmio.h"

#include "platform.h"

#define RESET_SECONDS 5u

static uint32_t reg_read(void *context, uint32_t offset, uint32_t width)
{
    const struct vmmio *dev = context;
    uintptr_t at = dev->base + offset;
    uint32_t value;

    switch (width) {
    case 1:
        value = *(volatile uint8_t *)at;
        break;
    case 2:
        value = *(volatile uint16_t *)at;
        break;
    default:
        value = *(volatile uint32_t *)at;
        break;
    }
    platform_fence();
    return value;
}

static void reg_write(void *context, uint32_t offset, uint32_t value)
{
    const struct vmmio *dev = context;

    platform_fence();
    *(volatile uint32_t *)(dev->base + offset) = value;
}

static bool reg_wait(void *context)
{
    const struct vmmio *dev = context;

    return !platform_expired(dev->deadline);
}

/* Tells a device that will not do that the driver does not go on. */
static enum vqg_status told(struct vmmio *dev, enum vqg_status status)
{
    if (status != VQG_OK) {
        (void)vqg_mmio_fail(&dev->mmio);
    }
    return status;
}

enum vqg_status vmmio_reset(struct vmmio *dev)
{
    dev->deadline = platform_deadline(RESET_SECONDS);
    return vqg_mmio_reset(&dev->mmio);
}

enum vqg_status vmmio_open(struct vmmio *dev, uintptr_t base, uint32_t device_id, uint64_t wanted)
{
    const struct vqg_mmio_hooks hooks = {.read = reg_read, .write = reg_write, .wait = reg_wait, .context = dev};
    enum vqg_status status;

    dev->base = base;
    status = vqg_mmio_probe(&dev->mmio, &hooks, device_id);
    if (status == VQG_OK) {
        status = vmmio_reset(dev);
    }
    if (status == VQG_OK) {
        status = vqg_mmio_begin(&dev->mmio);
    }
    if (status == VQG_OK) {
        status = vqg_mmio_negotiate(&dev->mmio, wanted, 0, NULL, 0);
    }
    return told(dev, status);
}

enum vqg_status vmmio_go(struct vmmio *dev, struct vqg_queue *queue)
{
    enum vqg_status status;

    queue->desc_addr = (uintptr_t)queue->desc;
    queue->avail_addr = (uintptr_t)queue->avail;
    queue->used_addr = (uintptr_t)queue->used;
    status = vqg_mmio_queue_enable(&dev->mmio, queue);
    if (status == VQG_OK) {
        status = vqg_mmio_driver_ok(&dev->mmio);
    }
    return told(dev, status);
}
