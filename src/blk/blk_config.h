/* SPDX-License-Identifier: MIT */
/* The disk as a guest sees it: feature bits and configuration space (5.2.3, 5.2.4). */
#ifndef BLK_CONFIG_H
#define BLK_CONFIG_H

#include "disk.h"

#include <stdint.h>

/* Data segments of one request, and with header and status byte. */
#define BLK_SEG_MAX 126u
#define BLK_SEGMENTS (BLK_SEG_MAX + 2u)

/* Sectors of one range to discard or to zero. */
#define BLK_RANGE_SECTORS (UINT32_C(1) << 22)

#define BLK_CONFIG_BYTES 60u

/* Offsets in the configuration space. */
enum blk_config_field {
    BLK_CONFIG_CAPACITY = 0,
    BLK_CONFIG_SIZE_MAX = 8,
    BLK_CONFIG_SEG_MAX = 12,
    BLK_CONFIG_BLK_SIZE = 20,
    BLK_CONFIG_NUM_QUEUES = 34,
    BLK_CONFIG_MAX_DISCARD_SECTORS = 36,
    BLK_CONFIG_MAX_DISCARD_SEG = 40,
    BLK_CONFIG_DISCARD_ALIGNMENT = 44,
    BLK_CONFIG_MAX_WRITE_ZEROES_SECTORS = 48,
    BLK_CONFIG_MAX_WRITE_ZEROES_SEG = 52,
    BLK_CONFIG_WRITE_ZEROES_MAY_UNMAP = 56
};

/* Virtio feature bits that the back end offers, without those of vhost-user. */
uint64_t blk_features(const struct disk *disk);

/* Fills in the configuration space. */
void blk_config(unsigned char config[BLK_CONFIG_BYTES], const struct disk *disk, uint32_t queues);

/* Writes a little-endian field. */
void blk_config_set(unsigned char config[BLK_CONFIG_BYTES], enum blk_config_field field, unsigned bytes,
                    uint64_t value);

#endif
