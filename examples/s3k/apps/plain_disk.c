/* SPDX-License-Identifier: MIT */
#include "plain_disk.h"

#include "../../retrofit/retrofit.h"
#include "client.h"

#define WAIT_SECONDS 20u

static struct vqg_mmio mmio;
static _Alignas(4096) struct retrofit_ring ring;

void retrofit_notify(void)
{
    (void)vqg_mmio_notify(&mmio, 0);
}

bool plain_open(const struct vqg_mmio_hooks *hooks)
{
    struct vqg_queue queue = { .size = NUM, .desc = ring.desc, .avail = &ring.avail, .used = &ring.used };
    enum vqg_status status = registers_open(&mmio, hooks, VQG_F_VERSION_1, &queue);

    if (status == VQG_OK && retrofit_init(&ring)) {
        status = registers_go(&mmio, &queue);
    }
    if (status != VQG_OK) {
        client_say("no disk: %s\n", vqg_status_name(status));
    }
    return status == VQG_OK;
}

bool plain_close(void)
{
    return vqg_mmio_reset(&mmio) == VQG_OK;
}

static bool transfer(uint64_t sector, uint64_t addr, uint32_t bytes, bool write)
{
    /* Not on the stack: the disk may have it for longer than this waits. */
    static struct retrofit_buf buf;
    uint64_t deadline = platform_deadline(WAIT_SECONDS);
    uint32_t about;

    buf = (struct retrofit_buf){ .sector = sector, .data = (void *)(uintptr_t)addr, .size = bytes };
    if (!retrofit_submit(&buf, write)) {
        return false;
    }
    while (buf.busy && vqg_mmio_interrupt(&mmio, &about) == VQG_OK && !platform_expired(deadline)) {
        if ((about & VQG_MMIO_INTERRUPT_CONFIG) != 0u && vqg_mmio_check(&mmio) != VQG_OK) {
            return false;
        }
        (void)retrofit_poll();
    }
    return !buf.busy && buf.status == 0;
}

bool plain_read(uint64_t sector, uint64_t addr, uint32_t bytes)
{
    return transfer(sector, addr, bytes, false);
}

bool plain_write(uint64_t sector, uint64_t addr, uint32_t bytes)
{
    return transfer(sector, addr, bytes, true);
}
