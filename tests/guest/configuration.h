/* SPDX-License-Identifier: MIT */
/* What a disk says about itself, judged. */
#ifndef CONFIGURATION_H
#define CONFIGURATION_H

#include "virtio_mmio.h"

#define VIRTIO_BLK_F_BLK_SIZE (UINT64_C(1) << 6)
#define VIRTIO_BLK_F_MQ (UINT64_C(1) << 12)

/* Judges the fields that a driver of these features goes by. queues: that the device must have. */
enum vqg_status configuration_judge(struct vqg_mmio *mmio, uint32_t queues, uint64_t *capacity);

#endif
