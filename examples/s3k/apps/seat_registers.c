/* SPDX-License-Identifier: MIT */
/*
 * Queue level: a client with a virtqueue of its own, in its own memory. It has the registers
 * of a virtio-mmio transport by message, and sees its part of the disk as a disk.
 */
#include "back.h"
#include "monitor.h"
#include "registers.h"
#include "seat.h"

#define VENDOR 0x71676376u
#define OFFERED (VQG_F_INDIRECT_DESC | VQG_F_EVENT_IDX | VQG_F_VERSION_1 | VQG_F_RING_PACKED | DISK_F_SEG_MAX)

bool seat_registers_init(struct seat *s, uint64_t sectors)
{
    struct vqg_mmio_shown shown = {
        .device_id = DISK_DEVICE_ID,
        .vendor_id = VENDOR,
        .features = OFFERED | (back_features() & VQG_BLK_F_FLUSH),
        .config = (const uint8_t *)&s->registers.config,
        .config_bytes = sizeof(s->registers.config),
        .count = 1,
        .queues = &s->registers.queue,
    };

    s->registers.config.capacity = sectors;
    s->registers.config.seg_max = SEAT_SEGMENTS - 2u;
    s->registers.queue.size_max = SEAT_QUEUE;
    return vqg_mmio_device_init(&s->registers.file, &shown) == VQG_OK;
}

/* Nothing of the client's is with the disk any more, which its driver may see now. */
static void end(struct seat *s)
{
    if (s->registers.ending == VQG_MMIO_RESET) {
        (void)vqg_mmio_device_reset_done(&s->registers.file);
    } else {
        (void)vqg_mmio_device_settle(&s->registers.file, 0, false);
    }
    s->registers.ending = VQG_MMIO_NOTHING;
}

uint32_t seat_load(struct seat *s, uint32_t offset, uint32_t width)
{
    uint32_t value;

    /* Whoever looks for an interrupt waits for something: without interrupts, it is fetched now. */
    if (offset == VQG_MMIO_INTERRUPT_STATUS) {
        monitor_pump();
    }
    if (s->registers.ending != VQG_MMIO_NOTHING && seat_is_reset(s)) {
        end(s);
    }
    if (vqg_mmio_device_read(&s->registers.file, offset, width, &value) != VQG_OK) {
        seat_report(s, vqg_mmio_device_violation(&s->registers.file));
    }
    return value;
}

static void start(struct seat *s)
{
    struct vqg_queue queue;
    bool live;

    client_caps_renew(&s->caps);
    live = vqg_mmio_device_queue(&s->registers.file, 0, &queue) == VQG_OK &&
           vqg_device_enable(&s->client->device, &queue) == VQG_OK;
    if (!live) {
        seat_report(s, vqg_device_violation(&s->client->device));
    }
    (void)vqg_mmio_device_settle(&s->registers.file, 0, live);
}

void seat_store(struct seat *s, uint32_t offset, uint32_t value)
{
    struct vqg_mmio_event event;

    if (vqg_mmio_device_write(&s->registers.file, offset, 4, value, &event) != VQG_OK) {
        seat_report(s, vqg_mmio_device_violation(&s->registers.file));
    }
    switch (event.kind) {
    case VQG_MMIO_QUEUE_START:
        start(s);
        break;
    case VQG_MMIO_NOTIFY:
        monitor_pump();
        break;
    case VQG_MMIO_QUEUE_STOP:
    case VQG_MMIO_RESET:
        s->registers.ending = event.kind;
        if (seat_reset(s)) {
            end(s);
        }
        break;
    default:
        break;
    }
}
