/* SPDX-License-Identifier: MIT */
#include "configuration.h"

#include "guest.h"

#include <vqguard/blk.h>

/* Offsets in the configuration space beside those of virtio_mmio.h. */
#define BLK_SIZE 20u
#define NUM_QUEUES 34u
#define MAX_DISCARD_SEG 40u
#define DISCARD_ALIGNMENT 44u

enum vqg_status configuration_judge(struct vqg_mmio *mmio, uint32_t queues, uint64_t *capacity)
{
    const struct {
        uint64_t feature;
        uint32_t offset;
        uint32_t width;
        uint64_t least; /* that makes sense, */
        uint64_t most;  /* and at most */
    } fields[] = {{VIRTIO_BLK_F_BLK_SIZE, BLK_SIZE, 4, VQG_BLK_SECTOR_BYTES, 1u << 20},
                  {VIRTIO_BLK_F_MQ, NUM_QUEUES, 2, queues, UINT16_MAX},
                  {VQG_BLK_F_DISCARD, MAX_DISCARD_SEG, 4, 1, 256},
                  {VQG_BLK_F_DISCARD, DISCARD_ALIGNMENT, 4, 1, 1u << 20}};
    enum vqg_status status =
        vqg_mmio_config(mmio, VIRTIO_BLK_CAPACITY, 8, DISK_SECTORS, UINT64_MAX / VQG_BLK_SECTOR_BYTES, capacity);
    uint32_t count = 0;

    if (status == VQG_OK && (mmio->features & VIRTIO_BLK_F_SEG_MAX) != 0) {
        status = vqg_mmio_config_count(mmio, VIRTIO_BLK_SEG_MAX, 4, 1, &count);
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0] && status == VQG_OK; i++) {
        uint64_t value;

        if ((mmio->features & fields[i].feature) != 0) {
            status = vqg_mmio_config(mmio, fields[i].offset, fields[i].width, fields[i].least, fields[i].most, &value);
        }
    }
    return status;
}
