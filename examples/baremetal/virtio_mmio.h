/* SPDX-License-Identifier: MIT */
/*
 * The transport of QEMU's virt machine: what <vqguard/mmio.h> asks of a
 * platform, and the steps that both programs share. Beside them the programs
 * call vqg_mmio_*() with `mmio` of struct vmmio.
 *
 * Bring-up: vmmio_open, vqg_mmio_queue_max, vmmio_go.
 */
#ifndef VIRTIO_MMIO_H
#define VIRTIO_MMIO_H

#include <vqguard/mmio.h>

/* virtio-mmio-bus.0 of the virt machine. */
#define VMMIO_BUS0 0x10001000u

#define VIRTIO_ID_BLOCK 2u

#define VIRTIO_BLK_F_SEG_MAX (UINT64_C(1) << 2)
#define VIRTIO_BLK_F_FLUSH (UINT64_C(1) << 9)

#define VIRTIO_BLK_T_IN 0u
#define VIRTIO_BLK_T_OUT 1u
#define VIRTIO_BLK_T_FLUSH 4u
#define VIRTIO_BLK_S_OK 0u

/* Offsets in a disk's configuration space. */
#define VIRTIO_BLK_CAPACITY 0u
#define VIRTIO_BLK_SEG_MAX 12u

struct vmmio {
    struct vqg_mmio mmio;
    uintptr_t base;
    uint64_t deadline; /* of the wait that is under way */
};

/* Probes, resets, and agrees on the features offered among wanted. */
enum vqg_status vmmio_open(struct vmmio *dev, uintptr_t base, uint32_t device_id, uint64_t wanted);

/* After VQG_OK, and only then, the device owns no buffer any more. */
enum vqg_status vmmio_reset(struct vmmio *dev);

/* Enables the only queue, at addresses that are those of its pointers, and declares the driver ready. */
enum vqg_status vmmio_go(struct vmmio *dev, struct vqg_queue *queue);

#endif
