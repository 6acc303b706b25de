/* SPDX-License-Identifier: MIT */
/*
 * Modern virtio over MMIO (virtio 1.x, section 4.2), as much as a polled
 * virtio-blk device needs. The caller owns the queue memory and its contents.
 *
 * Bring-up: vmmio_open, vmmio_queue_max, vmmio_queue_set, vmmio_driver_ok.
 */
#ifndef VIRTIO_MMIO_H
#define VIRTIO_MMIO_H

#include <stdint.h>

/* virtio-mmio-bus.0 of the virt machine. */
#define VMMIO_BUS0 0x10001000u

#define VIRTIO_ID_BLOCK 2u

#define VIRTIO_BLK_F_SEG_MAX (UINT64_C(1) << 2)
#define VIRTIO_BLK_F_FLUSH (UINT64_C(1) << 9)
#define VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
#define VIRTIO_F_EVENT_IDX (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)
#define VIRTIO_F_RING_PACKED (UINT64_C(1) << 34)

#define VIRTIO_BLK_T_IN 0u
#define VIRTIO_BLK_T_OUT 1u
#define VIRTIO_BLK_T_FLUSH 4u
#define VIRTIO_BLK_S_OK 0u

#define VIRTIO_BLK_SECTOR 512u

/* InterruptStatus: the device has used a buffer. */
#define VMMIO_INTERRUPT_USED 1u

enum vmmio_error {
    VMMIO_OK,
    VMMIO_NO_MAGIC,         /* no virtio-mmio transport there */
    VMMIO_NOT_MODERN,       /* version 1: start QEMU with force-legacy=false */
    VMMIO_WRONG_DEVICE,     /* device id is not the wanted one (0: slot empty) */
    VMMIO_RESET_TIMEOUT,    /* status never read back as 0 */
    VMMIO_NO_VERSION_1,     /* VERSION_1 not offered */
    VMMIO_FEATURES_REFUSED, /* FEATURES_OK did not stay set */
    VMMIO_NO_QUEUE,         /* QueueNumMax is 0 */
    VMMIO_QUEUE_TOO_BIG,    /* asked for more than QueueNumMax, or for 0 */
    VMMIO_QUEUE_IN_USE,     /* QueueReady was set before set-up */
    VMMIO_QUEUE_REFUSED,    /* QueueReady did not stay set */
    VMMIO_NEEDS_RESET,      /* device gave up, or lost DRIVER_OK */
    VMMIO_CONFIG_UNSTABLE   /* ConfigGeneration kept changing */
};

struct vmmio {
    uintptr_t base;
    uint64_t features; /* acknowledged: offered and wanted */
};

const char *vmmio_error_name(enum vmmio_error error);

/* Reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK. */
enum vmmio_error vmmio_open(struct vmmio *dev, uintptr_t base, uint32_t device_id, uint64_t wanted);

/* Returns once the device has read back as reset: it owns no buffer any more. */
enum vmmio_error vmmio_reset(const struct vmmio *dev);

enum vmmio_error vmmio_queue_max(const struct vmmio *dev, uint32_t queue, uint32_t *max);

/* The three areas must be zeroed by now: the device may look from here on. */
enum vmmio_error vmmio_queue_set(const struct vmmio *dev, uint32_t queue, uint32_t size, const void *desc,
                                 const void *avail, const void *used);

enum vmmio_error vmmio_driver_ok(const struct vmmio *dev);

/* All writes to the queue are made visible first. */
void vmmio_notify(const struct vmmio *dev, uint32_t queue);

/* Reads InterruptStatus and acknowledges what it read. */
uint32_t vmmio_interrupt_ack(const struct vmmio *dev);

/* Capacity in 512-byte sectors. */
enum vmmio_error vmmio_blk_capacity(const struct vmmio *dev, uint64_t *sectors);

/* Most data segments in one request; valid with VIRTIO_BLK_F_SEG_MAX only. */
uint32_t vmmio_blk_seg_max(const struct vmmio *dev);

#endif
