/* SPDX-License-Identifier: MIT */
/* A disk's registers where they are in memory, and how a disk comes up by whatever registers. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <vqguard/vqguard.h>
#include <vqguard/mmio.h>

#define DISK_REGISTERS 0x10001000u /* of the first transport */
#define DISK_REGISTERS_BYTES 0x1000u
#define DISK_DEVICE_ID 2u
#define DISK_F_SEG_MAX (UINT64_C(1) << 2)

/* Registers that the process has loaded. */
struct vqg_mmio_hooks registers_direct(void);

/* What is waited for is an answer to the status that was written last: the wait hook, whose context is a deadline,
 * and what a write does to that. */
bool registers_wait(void *context);
void registers_written(uint64_t *deadline, uint32_t offset);

/* From a reset to the features agreed on, with the queue's largest size and features in *queue. */
enum vqg_status registers_open(struct vqg_mmio *m, const struct vqg_mmio_hooks *hooks, uint64_t wanted,
                               struct vqg_queue *queue);

/* The parts in queue->desc and so on lie where the disk finds them by the same addresses. The disk may look at them
 * from here on. */
enum vqg_status registers_go(struct vqg_mmio *m, struct vqg_queue *queue);

#endif
