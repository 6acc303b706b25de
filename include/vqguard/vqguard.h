/* SPDX-License-Identifier: MIT */
/**
 * @file vqguard.h
 * @brief Floor 7: the whole house, in reading order.
 *
 * vqguard lets a driver, a device, or a monitor between them use a virtqueue
 * without believing the other side. No value that the other side wrote becomes
 * an index, a length, an address or a loop bound before a rule has passed it.
 */
#ifndef VQGUARD_VQGUARD_H
#define VQGUARD_VQGUARD_H

#include "port.h"
#include "rules.h"
#include "guard.h"
#include "shared.h"
#include "layout.h"
#include "mmio_layout.h"
#include "policy.h"
#include "cap.h"
#include "chain.h"
#include "judge.h"
#include "record.h"
#include "ring.h"
#include "split.h"
#include "packed.h"
#include "packed_walk.h"
#include "format.h"
#include "completion.h"
#include "ledger.h"
#include "driver_setup.h"
#include "driver.h"
#include "device_setup.h"
#include "device_ring.h"
#include "device.h"
#include "notify.h"
#include "restore.h"
#include "mmio_setup.h"
#include "mmio.h"
#include "mmio_device_setup.h"
#include "mmio_device_read.h"
#include "mmio_device.h"
#include "client.h"
#include "monitor.h"
#include "blk.h"
#include "blk_device.h"
#include "blk_filter.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VQG_VERSION_MAJOR 0        /**< changes with the interface */
#define VQG_VERSION_MINOR 1        /**< changes with what is added to it */
#define VQG_VERSION_PATCH 0        /**< changes with what is mended */
#define VQG_VERSION_STRING "0.1.0" /**< the three, with dots */

/** What a build consists of. */
struct vqg_build {
    const char *version;                                /**< VQG_VERSION_STRING */
    uint32_t rules;                                     /**< rules there are */
    uint32_t assumed;                                   /**< rules that this build takes for granted */
    bool packed;                                        /**< VQG_CONFIG_PACKED: packed queues are there */
    bool cross_endian;                                  /**< VQG_CONFIG_CROSS_ENDIAN: so are both byte orders */
    uint32_t assumed_mask[(VQG_RULE_COUNT + 31) / 32];  /**< bit `rule % 32` of word `rule / 32`: taken for granted */
};

/** Tells which rules this build tests, so that what is off can be seen. */
VQG_API struct vqg_build vqg_build_info(void)
{
    struct vqg_build info;
    uint32_t rule;
    vqg_zero_(&info, sizeof info);
    info.version = VQG_VERSION_STRING;
    info.packed = VQG_CONFIG_PACKED != 0;
    info.cross_endian = VQG_CONFIG_CROSS_ENDIAN != 0;
    info.rules = (uint32_t)VQG_RULE_COUNT - 1u;
    for (rule = 1; rule < (uint32_t)VQG_RULE_COUNT; rule++) {
        if (VQG_CONFIG_ASSUME((enum vqg_rule)rule)) {
            info.assumed++;
            info.assumed_mask[rule / 32u] |= (uint32_t)1 << (rule % 32u);
        }
    }
    return info;
}

#ifdef __cplusplus
}
#endif

#endif
