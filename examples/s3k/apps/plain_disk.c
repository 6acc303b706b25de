/* SPDX-License-Identifier: MIT */
#include "plain_disk.h"

#include "../../retrofit/retrofit.h"
#include "app.h"
#include "virtio_mmio.h"

#define WAIT_SECONDS 20u

static struct vmmio dev;
static _Alignas(4096) struct retrofit_ring ring;

void retrofit_notify(void)
{
    vmmio_notify(&dev, 0);
}

bool plain_open(void)
{
    enum vmmio_error error = vmmio_open(&dev, VMMIO_BUS0, VIRTIO_ID_BLOCK, VIRTIO_F_VERSION_1);

    if (error == VMMIO_OK && retrofit_init(&ring)) {
        error = vmmio_queue_set(&dev, 0, NUM, ring.desc, &ring.avail, &ring.used);
    }
    if (error == VMMIO_OK) {
        error = vmmio_driver_ok(&dev);
    }
    if (error != VMMIO_OK) {
        app_say("driver: no disk: %s\n", vmmio_error_name(error));
    }
    return error == VMMIO_OK;
}

static bool transfer(uint64_t sector, uint64_t addr, uint32_t bytes, bool write)
{
    struct retrofit_buf buf = { .sector = sector, .data = (void *)(uintptr_t)addr, .size = bytes };
    uint64_t deadline = platform_deadline(WAIT_SECONDS);

    if (!retrofit_submit(&buf, write)) {
        return false;
    }
    while (buf.busy && !platform_expired(deadline)) {
        (void)vmmio_interrupt_ack(&dev);
        (void)retrofit_poll();
    }
    return !buf.busy && buf.status == VIRTIO_BLK_S_OK;
}

bool plain_read(uint64_t sector, uint64_t addr, uint32_t bytes)
{
    return transfer(sector, addr, bytes, false);
}

bool plain_write(uint64_t sector, uint64_t addr, uint32_t bytes)
{
    return transfer(sector, addr, bytes, true);
}
