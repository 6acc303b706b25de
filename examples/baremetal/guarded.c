/* SPDX-License-Identifier: MIT */
#include "guarded.h"

#include "example.h"
#include "platform.h"
#include "request.h"
#include "virtio_mmio.h"

#include <vqguard/vqguard.h>

#define WAIT_SECONDS 20u

/* Written by both sides; the endpoint alone touches it. */
static struct {
    _Alignas(4096) uint8_t desc[16u * REQUEST_QUEUE];
    _Alignas(16) uint8_t avail[6u + 2u * REQUEST_QUEUE];
    _Alignas(16) uint8_t used[6u + 8u * REQUEST_QUEUE];
} ring;

static struct vmmio dev;
static struct vqg_queue queue;
static struct vqg_driver drv;
static struct vqg_slot slots[REQUEST_QUEUE];

static bool fail(const char *what, const char *why)
{
    platform_print("# %s: %s\n", what, why);
    return false;
}

static bool fail_status(const char *what, enum vqg_status status)
{
    return fail(what, vqg_status_name(status));
}

static bool device_up(uint64_t wanted)
{
    enum vqg_status status = vmmio_open(&dev, VMMIO_BUS0, VIRTIO_ID_BLOCK, wanted);

    return status == VQG_OK || fail_status("open", status);
}

static bool device_go(void)
{
    enum vqg_status status = vmmio_go(&dev, &queue);

    return status == VQG_OK || fail_status("queue", status);
}

bool guarded_open(uint64_t wanted)
{
    struct vqg_policy policy = vqg_profile_strict();
    enum vqg_status status;

    if (!device_up(wanted)) {
        return false;
    }
    /* QEMU returns packed elements without VIRTQ_DESC_F_WRITE, whatever it wrote. */
    policy.accept_unflagged = true;
    request_pool_init();
    queue = (struct vqg_queue){.size = REQUEST_QUEUE,
                               .features = dev.mmio.features,
                               .desc = ring.desc,
                               .avail = ring.avail,
                               .used = ring.used};
    status = vqg_mmio_queue_max(&dev.mmio, 0, &queue.size_max);
    if (status == VQG_OK) {
        status = vqg_driver_init(&drv, &queue, &policy, slots, REQUEST_QUEUE);
    }
    if (status != VQG_OK) {
        return fail_status("init", status);
    }
    vqg_driver_callback_disable(&drv);
    return device_go();
}

uint64_t guarded_features(void)
{
    return dev.mmio.features;
}

uint64_t guarded_capacity(void)
{
    uint64_t sectors = 0;
    enum vqg_status status = vqg_mmio_config(&dev.mmio, VIRTIO_BLK_CAPACITY, 8, 1, UINT64_MAX / SECTOR, &sectors);

    return status == VQG_OK ? sectors : 0;
}

uint32_t guarded_seg_max(void)
{
    uint32_t most = 1;

    if ((dev.mmio.features & VIRTIO_BLK_F_SEG_MAX) != 0 &&
        vqg_mmio_config_count(&dev.mmio, VIRTIO_BLK_SEG_MAX, 4, GUARDED_PIECES, &most) != VQG_OK) {
        return 0;
    }
    return most;
}

/* Adds from number *next on until the job, the pool or the queue ends it. */
static bool fill(const struct job *job, uint32_t *next, struct tally *tally)
{
    while (*next < job->count && request_outstanding() < REQUEST_POOL) {
        struct request *r = request_take(job, *next);
        enum vqg_status status = request_add(&drv, r);

        if (status != VQG_OK) {
            request_put(r);
            if (status != VQG_FULL) {
                return fail_status("add", status);
            }
            tally->full++;
            break;
        }
        (*next)++;
    }
    if (request_outstanding() > tally->most) {
        tally->most = request_outstanding();
    }
    if (vqg_driver_kick(&drv)) {
        tally->kicks++;
        (void)vqg_mmio_notify(&dev.mmio, vqg_driver_notification(&drv));
    }
    return true;
}

/* Waits for one completion, then takes all that are there. */
static bool take(struct tally *tally)
{
    uint64_t deadline = platform_deadline(WAIT_SECONDS);
    struct vqg_done done;
    enum vqg_status status;

    do {
        status = vqg_driver_take(&drv, &done);
    } while (status == VQG_EMPTY && !platform_expired(deadline));
    if (status == VQG_EMPTY) {
        return fail("take", "timeout");
    }
    while (status == VQG_OK) {
        const char *wrong = request_finish(&drv, &done);

        if (wrong != NULL) {
            return fail("take", wrong);
        }
        tally->done++;
        status = vqg_driver_take(&drv, &done);
    }
    return status == VQG_EMPTY || fail_status("take", status);
}

bool guarded_run(const struct job *job, struct tally *tally)
{
    uint32_t next = 0;

    *tally = (struct tally){0, 0, 0, 0};
    while (tally->done < job->count) {
        if (!fill(job, &next, tally) || !take(tally)) {
            return false;
        }
    }
    return true;
}

bool guarded_callback(const struct job *job)
{
    uint64_t deadline = platform_deadline(WAIT_SECONDS);
    struct tally tally = {0, 0, 0, 0};
    uint32_t next = 0;
    uint32_t pending = 0;
    enum vqg_status status = vqg_mmio_interrupt(&dev.mmio, &pending);

    if (status != VQG_OK) {
        return fail_status("interrupt", status);
    }
    /* Nothing is outstanding: an answer that says otherwise is wrong. */
    if (vqg_driver_callback_enable(&drv) || !fill(job, &next, &tally)) {
        return false;
    }
    do {
        status = vqg_mmio_interrupt(&dev.mmio, &pending);
    } while (status == VQG_OK && pending == 0 && !platform_expired(deadline));
    vqg_driver_callback_disable(&drv);
    return take(&tally) && tally.done == job->count && (pending & VQG_MMIO_INTERRUPT_USED) != 0;
}

bool guarded_reset(const struct job *job, uint32_t *lent, uint32_t *reclaimed)
{
    struct tally tally = {0, 0, 0, 0};
    struct vqg_done done;
    enum vqg_status status;

    *lent = 0;
    *reclaimed = 0;
    if (!fill(job, lent, &tally)) {
        return false;
    }
    status = vqg_driver_reset(&drv);
    if (status != VQG_OK) {
        return fail_status("reset", status);
    }
    status = vmmio_reset(&dev);
    if (status != VQG_OK) {
        return fail_status("reset", status);
    }
    /* Only now does the device no longer write to what it was lent. */
    status = vqg_driver_reset_acked(&drv);
    if (status != VQG_OK) {
        return fail_status("reset", status);
    }
    while ((status = vqg_driver_reclaim(&drv, &done)) == VQG_OK) {
        const char *wrong = request_abandon(&done);

        if (wrong != NULL) {
            return fail("reclaim", wrong);
        }
        (*reclaimed)++;
    }
    if (status != VQG_EMPTY) {
        return fail_status("reclaim", status);
    }
    return *reclaimed == *lent && request_outstanding() == 0;
}

bool guarded_restart(void)
{
    enum vqg_status status;

    if (!device_up(queue.features)) {
        return false;
    }
    if (dev.mmio.features != queue.features) {
        return fail("restart", "other features offered");
    }
    status = vqg_driver_restart(&drv);
    if (status != VQG_OK) {
        return fail_status("restart", status);
    }
    vqg_driver_callback_disable(&drv);
    return device_go();
}

bool guarded_close(void)
{
    return vmmio_reset(&dev) == VQG_OK;
}
