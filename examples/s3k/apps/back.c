/* SPDX-License-Identifier: MIT */
#include "back.h"

#include "app.h"
#include "liar.h"
#include "registers.h"

#define QUEUE 128u
#define PMP_SLOT 3u
#define WANTED (DISK_F_SEG_MAX | VQG_BLK_F_FLUSH | VQG_F_INDIRECT_DESC | VQG_F_EVENT_IDX | VQG_F_RING_PACKED)

static struct {
    _Alignas(4096) uint8_t desc[16u * QUEUE];
    _Alignas(16) uint8_t avail[6u + 2u * QUEUE];
    _Alignas(16) uint8_t used[6u + 8u * QUEUE];
} ring;

static struct vqg_queue queue = { .size = QUEUE, .desc = ring.desc, .avail = ring.avail, .used = ring.used };
static struct vqg_mmio mmio;
static struct vqg_slot slots[QUEUE];

static bool is_ok(enum vqg_status status)
{
    if (status != VQG_OK) {
        app_say("monitor: the disk: %s\n", vqg_status_name(status));
    }
    return status == VQG_OK;
}

/* The registers are the monitor's alone: loaded here, and derived for no one. */
static bool load_registers(void)
{
    int64_t cap = app_device_cap(DISK_REGISTERS, DISK_REGISTERS_BYTES);

    if (cap == S3K_CAP_DEVICES) { /* the console's is loaded from the start, and its registers with it */
        cap = s3k_pmp_set((uint64_t)cap, PMP_SLOT, S3K_RW, s3k_napot(DISK_REGISTERS, DISK_REGISTERS_BYTES));
        s3k_sync();
    }
    if (cap < 0) {
        app_say("monitor: the kernel has no virtio-mmio page to give\n");
    }
    return cap >= 0;
}

bool back_open(struct vqg_driver *driver)
{
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_mmio_hooks hooks = registers_direct();

    /* QEMU returns packed elements without VIRTQ_DESC_F_WRITE, whatever it wrote. */
    policy.accept_unflagged = true;
    if (!load_registers() || !is_ok(registers_open(&mmio, &hooks, WANTED, &queue)) ||
        !is_ok(vqg_driver_init(driver, &queue, &policy, slots, QUEUE))) {
        return false;
    }
    vqg_driver_callback_disable(driver);
    return is_ok(registers_go(&mmio, &queue));
}

uint64_t back_features(void)
{
    return queue.features;
}

void back_may_lie(void)
{
    liar_init(&queue);
}

void back_notify(const struct vqg_driver *driver)
{
    (void)vqg_mmio_notify(&mmio, vqg_driver_notification(driver));
}

bool back_reset(void)
{
    return is_ok(vqg_mmio_reset(&mmio));
}

bool back_reopen(void)
{
    struct vqg_mmio_hooks hooks = registers_direct();
    uint64_t features = queue.features;

    return is_ok(registers_open(&mmio, &hooks, features, &queue)) && queue.features == features &&
           is_ok(registers_go(&mmio, &queue));
}
