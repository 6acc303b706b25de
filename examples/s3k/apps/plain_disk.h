/* SPDX-License-Identifier: MIT */
/* The plain driver of examples/retrofit, as it was before the retrofit, on a
 * disk's registers: one request at a time, to any address that it is told. */
#ifndef PLAIN_DISK_H
#define PLAIN_DISK_H

#include "registers.h"

/* False, with a line on the console, when there is no disk to be had. */
bool plain_open(const struct vqg_mmio_hooks *hooks);
bool plain_close(void);

/* Reads from the disk to memory, or writes. False: the disk did not do it. */
bool plain_read(uint64_t sector, uint64_t addr, uint32_t bytes);
bool plain_write(uint64_t sector, uint64_t addr, uint32_t bytes);

#endif
