/* SPDX-License-Identifier: MIT */
/**
 * @file mmio_layout.h
 * @brief Floor 1: the registers of virtio over MMIO, as offsets and bits (4.2.2).
 *
 * Every register is 32 bits wide and little-endian; the configuration space has
 * fields of the device class's own.
 */
#ifndef VQGUARD_MMIO_LAYOUT_H
#define VQGUARD_MMIO_LAYOUT_H

#include "layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Offsets in bytes. R: the driver reads it, W: it writes it. */
#define VQG_MMIO_MAGIC_VALUE 0x000u         /**< R: VQG_MMIO_MAGIC */
#define VQG_MMIO_VERSION 0x004u             /**< R: VQG_MMIO_VERSION_MODERN */
#define VQG_MMIO_DEVICE_ID 0x008u           /**< R: the device class; 0: there is no device */
#define VQG_MMIO_VENDOR_ID 0x00cu           /**< R */
#define VQG_MMIO_DEVICE_FEATURES 0x010u     /**< R: the selected word of what is offered */
#define VQG_MMIO_DEVICE_FEATURES_SEL 0x014u /**< W */
#define VQG_MMIO_DRIVER_FEATURES 0x020u     /**< W: the selected word of what is accepted */
#define VQG_MMIO_DRIVER_FEATURES_SEL 0x024u /**< W */
#define VQG_MMIO_QUEUE_SEL 0x030u           /**< W: which queue the queue's registers are about */
#define VQG_MMIO_QUEUE_SIZE_MAX 0x034u      /**< R: 0: there is no such queue */
#define VQG_MMIO_QUEUE_SIZE 0x038u          /**< W */
#define VQG_MMIO_QUEUE_READY 0x044u         /**< RW */
#define VQG_MMIO_QUEUE_NOTIFY 0x050u        /**< W */
#define VQG_MMIO_INTERRUPT_STATUS 0x060u    /**< R: VQG_MMIO_INTERRUPT_USED, VQG_MMIO_INTERRUPT_CONFIG */
#define VQG_MMIO_INTERRUPT_ACK 0x064u       /**< W */
#define VQG_MMIO_STATUS 0x070u              /**< RW: the bits below; 0 resets the device */
#define VQG_MMIO_QUEUE_DESC 0x080u          /**< W: low half of an address; the high half stands 4 bytes on */
#define VQG_MMIO_QUEUE_DRIVER 0x090u        /**< W: likewise: avail ring, or driver event suppression */
#define VQG_MMIO_QUEUE_DEVICE 0x0a0u        /**< W: likewise: used ring, or device event suppression */
#define VQG_MMIO_SHM_SEL 0x0acu             /**< W */
#define VQG_MMIO_SHM_LEN 0x0b0u             /**< R: low half; all ones: there is no such region */
#define VQG_MMIO_SHM_BASE 0x0b8u            /**< R: low half */
#define VQG_MMIO_QUEUE_RESET 0x0c0u         /**< RW: with VIRTIO_F_RING_RESET */
#define VQG_MMIO_CONFIG_GENERATION 0x0fcu   /**< R */
#define VQG_MMIO_CONFIG 0x100u              /**< R: the configuration space */
#define VQG_MMIO_CONFIG_BYTES 0xf00u        /**< how large that is at most: a transport fits a page */

#define VQG_MMIO_MAGIC 0x74726976u   /**< "virt" */
#define VQG_MMIO_VERSION_MODERN 2u   /**< not legacy */

/* Bits of the device status (2.1). */
#define VQG_STATUS_ACKNOWLEDGE 0x01u /**< the driver has seen the device */
#define VQG_STATUS_DRIVER 0x02u      /**< the driver knows how to use it */
#define VQG_STATUS_DRIVER_OK 0x04u   /**< the driver is ready */
#define VQG_STATUS_FEATURES_OK 0x08u /**< the features are agreed on */
#define VQG_STATUS_NEEDS_RESET 0x40u /**< the device has met an error; set by it alone */
#define VQG_STATUS_FAILED 0x80u      /**< the driver has given up */

/* What an interrupt is about. */
#define VQG_MMIO_INTERRUPT_USED 1u   /**< a queue has used buffers */
#define VQG_MMIO_INTERRUPT_CONFIG 2u /**< the configuration, or the device's status, has changed */
#define VQG_MMIO_INTERRUPTS_ (VQG_MMIO_INTERRUPT_USED | VQG_MMIO_INTERRUPT_CONFIG)

#ifdef __cplusplus
}
#endif

#endif
