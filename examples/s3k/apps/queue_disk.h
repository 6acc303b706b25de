/* SPDX-License-Identifier: MIT */
/* A disk by the library's driver endpoint, split or packed, with many requests at a time. */
#ifndef QUEUE_DISK_H
#define QUEUE_DISK_H

#include "registers.h"

#define QUEUE_DEPTH 32u /* requests at a time */

/* False, with a line on the console, when there is no such disk to be had. */
bool queue_open(const struct vqg_mmio_hooks *hooks, bool packed);
bool queue_close(void);

/* One request, and the kick for all that were added. */
bool queue_add(bool write, uint64_t sector, void *data, uint32_t bytes);
void queue_kick(void);

/* Whether each has its status: what a disk without a monitor wrote, seen without asking it. */
bool queue_has_status(void);

/* Waits for all of them. False: not all came back. `failed`: how many did so without having been done. */
bool queue_collect(uint32_t *failed);

/* All of the data in `requests` requests, 1 to QUEUE_DEPTH, of whole sectors. False: not all of it was done. */
bool queue_transfer(bool write, uint64_t sector, void *data, uint32_t bytes, uint32_t requests);

#endif
