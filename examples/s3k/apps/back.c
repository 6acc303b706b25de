/* SPDX-License-Identifier: MIT */
#include "back.h"

#include "app.h"
#include "virtio_mmio.h"

#define QUEUE 128u
#define WANTED (VIRTIO_BLK_F_SEG_MAX | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED)

static struct {
    _Alignas(4096) uint8_t desc[16u * QUEUE];
    _Alignas(16) uint8_t avail[6u + 2u * QUEUE];
    _Alignas(16) uint8_t used[6u + 8u * QUEUE];
} ring;

static struct vmmio dev;
static struct vqg_slot slots[QUEUE];

static bool is_ok(enum vmmio_error error)
{
    if (error != VMMIO_OK) {
        app_say("monitor: the disk: %s\n", vmmio_error_name(error));
    }
    return error == VMMIO_OK;
}

static enum vmmio_error go(void)
{
    enum vmmio_error error = vmmio_queue_set(&dev, 0, QUEUE, ring.desc, ring.avail, ring.used);

    return error == VMMIO_OK ? vmmio_driver_ok(&dev) : error;
}

bool back_open(struct vqg_driver *driver)
{
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_queue queue = { .size = QUEUE, .desc = ring.desc, .avail = ring.avail, .used = ring.used };
    int64_t cap = app_device_cap(VMMIO_BUS0, 0x1000);

    if (cap == S3K_CAP_DEVICES) { /* the other is loaded from the start */
        cap = s3k_pmp_set((uint64_t)cap, 3, S3K_RW, s3k_napot(VMMIO_BUS0, 0x1000));
        s3k_sync();
    }
    if (cap < 0) {
        app_say("monitor: the kernel has no virtio-mmio page to give\n");
        return false;
    }
    if (!is_ok(vmmio_open(&dev, VMMIO_BUS0, VIRTIO_ID_BLOCK, WANTED)) ||
        !is_ok(vmmio_queue_max(&dev, 0, &queue.size_max))) {
        return false;
    }
    /* QEMU returns packed elements without VIRTQ_DESC_F_WRITE, whatever it wrote. */
    policy.accept_unflagged = true;
    queue.features = dev.features;
    if (vqg_driver_init(driver, &queue, &policy, slots, QUEUE) != VQG_OK) {
        app_say("monitor: the disk's queue cannot be set up\n");
        return false;
    }
    vqg_driver_callback_disable(driver);
    return is_ok(go());
}

void back_notify(void)
{
    vmmio_notify(&dev, 0);
}

bool back_reset(void)
{
    return is_ok(vmmio_reset(&dev));
}

bool back_reopen(void)
{
    uint64_t features = dev.features;

    return is_ok(vmmio_open(&dev, VMMIO_BUS0, VIRTIO_ID_BLOCK, features)) && dev.features == features && is_ok(go());
}
