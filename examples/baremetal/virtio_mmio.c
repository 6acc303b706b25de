/* SPDX-License-Identifier: MIT */
#include "virtio_mmio.h"

#include "platform.h"

enum {
    REG_MAGIC = 0x000,
    REG_VERSION = 0x004,
    REG_DEVICE_ID = 0x008,
    REG_DEVICE_FEATURES = 0x010,
    REG_DEVICE_FEATURES_SEL = 0x014,
    REG_DRIVER_FEATURES = 0x020,
    REG_DRIVER_FEATURES_SEL = 0x024,
    REG_QUEUE_SEL = 0x030,
    REG_QUEUE_NUM_MAX = 0x034,
    REG_QUEUE_NUM = 0x038,
    REG_QUEUE_READY = 0x044,
    REG_QUEUE_NOTIFY = 0x050,
    REG_INTERRUPT_STATUS = 0x060,
    REG_INTERRUPT_ACK = 0x064,
    REG_STATUS = 0x070,
    REG_QUEUE_DESC_LOW = 0x080,
    REG_QUEUE_DRIVER_LOW = 0x090,
    REG_QUEUE_DEVICE_LOW = 0x0a0,
    REG_CONFIG_GENERATION = 0x0fc,
    REG_BLK_CAPACITY = 0x100,
    REG_BLK_SEG_MAX = 0x10c
};

#define MAGIC 0x74726976u /* "virt" */

#define STATUS_ACKNOWLEDGE 0x01u
#define STATUS_DRIVER 0x02u
#define STATUS_DRIVER_OK 0x04u
#define STATUS_FEATURES_OK 0x08u
#define STATUS_NEEDS_RESET 0x40u
#define STATUS_FAILED 0x80u

#define RESET_TRIES 1000000u
#define CONFIG_TRIES 16u

static uint32_t reg_read(const struct vmmio *dev, unsigned reg)
{
    return *(volatile uint32_t *)(dev->base + reg);
}

static void reg_write(const struct vmmio *dev, unsigned reg, uint32_t value)
{
    *(volatile uint32_t *)(dev->base + reg) = value;
}

static void status_add(const struct vmmio *dev, uint32_t bits)
{
    reg_write(dev, REG_STATUS, reg_read(dev, REG_STATUS) | bits);
}

/* Tells the device that the driver will not go on. */
static enum vmmio_error give_up(const struct vmmio *dev, enum vmmio_error error)
{
    status_add(dev, STATUS_FAILED);
    return error;
}

const char *vmmio_error_name(enum vmmio_error error)
{
    switch (error) {
    case VMMIO_OK:
        return "ok";
    case VMMIO_NO_MAGIC:
        return "no virtio-mmio transport";
    case VMMIO_NOT_MODERN:
        return "legacy transport";
    case VMMIO_WRONG_DEVICE:
        return "wrong device id";
    case VMMIO_RESET_TIMEOUT:
        return "reset timeout";
    case VMMIO_NO_VERSION_1:
        return "VERSION_1 not offered";
    case VMMIO_FEATURES_REFUSED:
        return "features refused";
    case VMMIO_NO_QUEUE:
        return "no such queue";
    case VMMIO_QUEUE_TOO_BIG:
        return "queue size out of range";
    case VMMIO_QUEUE_IN_USE:
        return "queue in use";
    case VMMIO_QUEUE_REFUSED:
        return "queue refused";
    case VMMIO_NEEDS_RESET:
        return "device needs reset";
    case VMMIO_CONFIG_UNSTABLE:
        return "configuration unstable";
    }
    return "unknown";
}

enum vmmio_error vmmio_reset(const struct vmmio *dev)
{
    unsigned tries;

    reg_write(dev, REG_STATUS, 0);
    for (tries = 0; tries < RESET_TRIES; tries++) {
        if (reg_read(dev, REG_STATUS) == 0) {
            platform_fence();
            return VMMIO_OK;
        }
    }
    return VMMIO_RESET_TIMEOUT;
}

static uint64_t features_offered(const struct vmmio *dev)
{
    uint64_t low;

    reg_write(dev, REG_DEVICE_FEATURES_SEL, 0);
    low = reg_read(dev, REG_DEVICE_FEATURES);
    reg_write(dev, REG_DEVICE_FEATURES_SEL, 1);
    return low | (uint64_t)reg_read(dev, REG_DEVICE_FEATURES) << 32;
}

static void features_acknowledge(const struct vmmio *dev)
{
    reg_write(dev, REG_DRIVER_FEATURES_SEL, 0);
    reg_write(dev, REG_DRIVER_FEATURES, (uint32_t)dev->features);
    reg_write(dev, REG_DRIVER_FEATURES_SEL, 1);
    reg_write(dev, REG_DRIVER_FEATURES, (uint32_t)(dev->features >> 32));
}

enum vmmio_error vmmio_open(struct vmmio *dev, uintptr_t base, uint32_t device_id, uint64_t wanted)
{
    enum vmmio_error error;

    dev->base = base;
    dev->features = 0;
    if (reg_read(dev, REG_MAGIC) != MAGIC) {
        return VMMIO_NO_MAGIC;
    }
    if (reg_read(dev, REG_VERSION) != 2) {
        return VMMIO_NOT_MODERN;
    }
    if (reg_read(dev, REG_DEVICE_ID) != device_id) {
        return VMMIO_WRONG_DEVICE;
    }
    error = vmmio_reset(dev);
    if (error != VMMIO_OK) {
        return error;
    }
    status_add(dev, STATUS_ACKNOWLEDGE);
    status_add(dev, STATUS_DRIVER);

    dev->features = features_offered(dev) & (wanted | VIRTIO_F_VERSION_1);
    if ((dev->features & VIRTIO_F_VERSION_1) == 0) {
        return give_up(dev, VMMIO_NO_VERSION_1);
    }
    features_acknowledge(dev);
    status_add(dev, STATUS_FEATURES_OK);
    if ((reg_read(dev, REG_STATUS) & STATUS_FEATURES_OK) == 0) {
        return give_up(dev, VMMIO_FEATURES_REFUSED);
    }
    return VMMIO_OK;
}

enum vmmio_error vmmio_queue_max(const struct vmmio *dev, uint32_t queue, uint32_t *max)
{
    reg_write(dev, REG_QUEUE_SEL, queue);
    *max = reg_read(dev, REG_QUEUE_NUM_MAX);
    return *max == 0 ? VMMIO_NO_QUEUE : VMMIO_OK;
}

static void queue_address(const struct vmmio *dev, unsigned low_reg, const void *area)
{
    uint64_t address = (uintptr_t)area;

    reg_write(dev, low_reg, (uint32_t)address);
    reg_write(dev, low_reg + 4u, (uint32_t)(address >> 32));
}

enum vmmio_error vmmio_queue_set(const struct vmmio *dev, uint32_t queue, uint32_t size, const void *desc,
                                 const void *avail, const void *used)
{
    uint32_t max;
    enum vmmio_error error = vmmio_queue_max(dev, queue, &max);

    if (error != VMMIO_OK) {
        return give_up(dev, error);
    }
    if (size == 0 || size > max) {
        return give_up(dev, VMMIO_QUEUE_TOO_BIG);
    }
    if (reg_read(dev, REG_QUEUE_READY) != 0) {
        return give_up(dev, VMMIO_QUEUE_IN_USE);
    }
    reg_write(dev, REG_QUEUE_NUM, size);
    queue_address(dev, REG_QUEUE_DESC_LOW, desc);
    queue_address(dev, REG_QUEUE_DRIVER_LOW, avail);
    queue_address(dev, REG_QUEUE_DEVICE_LOW, used);
    platform_fence();
    reg_write(dev, REG_QUEUE_READY, 1);
    if (reg_read(dev, REG_QUEUE_READY) != 1) {
        return give_up(dev, VMMIO_QUEUE_REFUSED);
    }
    return VMMIO_OK;
}

enum vmmio_error vmmio_driver_ok(const struct vmmio *dev)
{
    uint32_t status;

    status_add(dev, STATUS_DRIVER_OK);
    status = reg_read(dev, REG_STATUS);
    if ((status & STATUS_DRIVER_OK) == 0 || (status & STATUS_NEEDS_RESET) != 0) {
        return give_up(dev, VMMIO_NEEDS_RESET);
    }
    return VMMIO_OK;
}

void vmmio_notify(const struct vmmio *dev, uint32_t queue)
{
    platform_fence();
    reg_write(dev, REG_QUEUE_NOTIFY, queue);
}

uint32_t vmmio_interrupt_ack(const struct vmmio *dev)
{
    uint32_t pending = reg_read(dev, REG_INTERRUPT_STATUS);

    if (pending != 0) {
        reg_write(dev, REG_INTERRUPT_ACK, pending);
    }
    return pending;
}

enum vmmio_error vmmio_blk_capacity(const struct vmmio *dev, uint64_t *sectors)
{
    unsigned tries;

    /* Two reads make one value only while the generation stays the same. */
    for (tries = 0; tries < CONFIG_TRIES; tries++) {
        uint32_t generation = reg_read(dev, REG_CONFIG_GENERATION);
        uint64_t low = reg_read(dev, REG_BLK_CAPACITY);
        uint64_t high = reg_read(dev, REG_BLK_CAPACITY + 4);

        if (reg_read(dev, REG_CONFIG_GENERATION) == generation) {
            *sectors = high << 32 | low;
            return VMMIO_OK;
        }
    }
    return VMMIO_CONFIG_UNSTABLE;
}

uint32_t vmmio_blk_seg_max(const struct vmmio *dev)
{
    return reg_read(dev, REG_BLK_SEG_MAX);
}
