/* SPDX-License-Identifier: MIT */
#include "registers.h"

#include "app.h"

#define WAIT_SECONDS 20u

static uint32_t read(void *context, uint32_t offset, uint32_t width)
{
    uintptr_t at = DISK_REGISTERS + offset;
    uint32_t value;

    (void)context;
    value = width == 4 ? *(volatile uint32_t *)at : width == 2 ? *(volatile uint16_t *)at : *(volatile uint8_t *)at;
    platform_fence();
    return value;
}

static void write(void *context, uint32_t offset, uint32_t value)
{
    registers_written(context, offset);
    platform_fence();
    *(volatile uint32_t *)(uintptr_t)(DISK_REGISTERS + offset) = value;
}

void registers_written(uint64_t *deadline, uint32_t offset)
{
    if (offset == VQG_MMIO_STATUS) {
        *deadline = platform_deadline(WAIT_SECONDS);
    }
}

bool registers_wait(void *context)
{
    const uint64_t *deadline = context;

    return !platform_expired(*deadline);
}

struct vqg_mmio_hooks registers_direct(void)
{
    static uint64_t deadline;

    return (struct vqg_mmio_hooks){ .read = read, .write = write, .wait = registers_wait, .context = &deadline };
}

enum vqg_status registers_open(struct vqg_mmio *m, const struct vqg_mmio_hooks *hooks, uint64_t wanted,
                               struct vqg_queue *queue)
{
    enum vqg_status status = vqg_mmio_probe(m, hooks, DISK_DEVICE_ID);

    status = status == VQG_OK ? vqg_mmio_reset(m) : status;
    status = status == VQG_OK ? vqg_mmio_begin(m) : status;
    status = status == VQG_OK ? vqg_mmio_negotiate(m, wanted, 0, NULL, 0) : status;
    status = status == VQG_OK ? vqg_mmio_queue_max(m, 0, &queue->size_max) : status;
    queue->features = m->features;
    return status;
}

enum vqg_status registers_go(struct vqg_mmio *m, struct vqg_queue *queue)
{
    enum vqg_status status;

    queue->desc_addr = (uintptr_t)queue->desc;
    queue->avail_addr = (uintptr_t)queue->avail;
    queue->used_addr = (uintptr_t)queue->used;
    status = vqg_mmio_queue_enable(m, queue);
    return status == VQG_OK ? vqg_mmio_driver_ok(m) : status;
}
