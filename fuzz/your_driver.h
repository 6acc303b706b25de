/* SPDX-License-Identifier: MIT */
/**
 * @file your_driver.h
 * @brief A campaign for a driver of your own: what to fill in, and what it gets.
 *
 * Your driver is built with the port of fuzz_port.h, and its buffers lie in the memory that begin() hands out. The
 * other side is a device that serves what it finds, with bytes of the script, and then writes wherever it likes.
 */
#ifndef VQG_FUZZ_YOUR_DRIVER_H
#define VQG_FUZZ_YOUR_DRIVER_H

#include "script.h"
#include "vqguard/vqguard.h"

/** What a campaign needs of your driver. */
struct your_driver {
    const char *name;
    /** Sets it up anew: its queue, and the memory for its buffers, whose addresses are what the device sees. */
    void (*begin)(const struct vqg_queue *queue, unsigned char *memory, size_t bytes);
    /** Someone asks it for something; `what` is any number. */
    void (*work)(uint32_t what);
    /** The device says that something is there. */
    void (*interrupt)(void);
};

/** Yours. In these functions HOLDS(so, "...") is what must be true. */
extern const struct your_driver your_driver;

#endif
