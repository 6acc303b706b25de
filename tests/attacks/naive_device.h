/* SPDX-License-Identifier: MIT */
/**
 * @file naive_device.h
 * @brief A device without a guard, and what an attack does to it.
 */
#ifndef VQG_ATTACKS_NAIVE_DEVICE_H
#define VQG_ATTACKS_NAIVE_DEVICE_H

#include "attacks.h"

/**
 * Plays an attack against the naive device, in this process: it may crash or never return, so it is called in a
 * child. `text` says what was seen.
 */
void naive_device_play(const struct attack *a, char *text, size_t bytes);

/** Memory of `bytes` bytes between stretches that fault, the larger the better. */
unsigned char *fenced_memory(size_t bytes);

#endif
