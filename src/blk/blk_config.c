/* SPDX-License-Identifier: MIT */
#include "blk_config.h"

#include <string.h>

#include <vqguard/vqguard.h>

#define F_SEG_MAX (UINT64_C(1) << 2)
#define F_RO (UINT64_C(1) << 5)
#define F_BLK_SIZE (UINT64_C(1) << 6)
#define F_MQ (UINT64_C(1) << 12)

uint64_t blk_features(const struct disk *disk)
{
    uint64_t features = F_SEG_MAX | F_BLK_SIZE | F_MQ | VQG_BLK_F_FLUSH | VQG_F_VERSION_1 | VQG_F_RING_PACKED |
                        VQG_F_INDIRECT_DESC | VQG_F_EVENT_IDX;
    return features | (disk->read_only ? F_RO : VQG_BLK_F_DISCARD | VQG_BLK_F_WRITE_ZEROES);
}

void blk_config_set(unsigned char config[BLK_CONFIG_BYTES], enum blk_config_field field, unsigned bytes, uint64_t value)
{
    unsigned i;
    for (i = 0; i < bytes; i++) {
        config[(unsigned)field + i] = (unsigned char)(value >> (8u * i));
    }
}

void blk_config(unsigned char config[BLK_CONFIG_BYTES], const struct disk *disk, uint32_t queues)
{
    memset(config, 0, BLK_CONFIG_BYTES);
    blk_config_set(config, BLK_CONFIG_CAPACITY, 8, disk->sectors);
    blk_config_set(config, BLK_CONFIG_SEG_MAX, 4, BLK_SEG_MAX);
    blk_config_set(config, BLK_CONFIG_BLK_SIZE, 4, VQG_BLK_SECTOR_BYTES);
    blk_config_set(config, BLK_CONFIG_NUM_QUEUES, 2, queues);
    blk_config_set(config, BLK_CONFIG_MAX_DISCARD_SECTORS, 4, BLK_RANGE_SECTORS);
    blk_config_set(config, BLK_CONFIG_MAX_DISCARD_SEG, 4, 1);
    blk_config_set(config, BLK_CONFIG_DISCARD_ALIGNMENT, 4, 1);
    blk_config_set(config, BLK_CONFIG_MAX_WRITE_ZEROES_SECTORS, 4, BLK_RANGE_SECTORS);
    blk_config_set(config, BLK_CONFIG_MAX_WRITE_ZEROES_SEG, 4, 1);
    blk_config_set(config, BLK_CONFIG_WRITE_ZEROES_MAY_UNMAP, 1, 1);
}
