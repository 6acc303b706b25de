/* SPDX-License-Identifier: MIT */
/**
 * @file mmio_device.h
 * @brief A register file under a driver that accesses whatever it likes, and a model of it.
 */
#ifndef VQG_FUZZ_MMIO_DEVICE_H
#define VQG_FUZZ_MMIO_DEVICE_H

#include "memory.h"
#include "vqguard/mmio_device.h"

#define FILE_QUEUES 3u
#define FILE_CONFIG 24u

/** The model: what the specification has the registers be (4.2.2). */
extern struct file_model {
    struct vqg_mmio_shown shown;
    bool resetting;
    uint64_t features;
    bool beyond;
    uint32_t status;
    uint32_t offered_word;
    uint32_t accepted_word;
    uint32_t queue;
    uint32_t interrupts;
    uint32_t generation;
    struct {
        uint32_t size_max;
        uint32_t size;
        uint64_t addr[3];
        enum vqg_mmio_queue_state state;
        bool again;
    } queues[FILE_QUEUES];
} file_model;

/** What an access breaks: bit n is one of the rules below. */
enum file_rule { ACCESS = 1, ORDER = 2, OFFERED = 4, SELECTED = 8, FROZEN = 16, NOTIFY = 32 };

/** What the driver's write breaks, by the model; if nothing, the model makes it, and `event` is what follows. */
unsigned file_write(uint32_t offset, uint32_t width, uint32_t value, struct vqg_mmio_event *event);
/** What it reads; or what that breaks. */
unsigned file_read(uint32_t offset, uint32_t width, uint32_t *value);
/** Everything is as after a reset. */
void file_clear(void);

#endif
