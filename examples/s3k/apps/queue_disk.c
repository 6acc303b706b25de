/* SPDX-License-Identifier: MIT */
#include "queue_disk.h"

#include "client.h"

#define SIZE 128u /* three descriptors a request */
#define WAIT_SECONDS 20u

static struct {
    _Alignas(4096) uint8_t desc[16u * SIZE];
    _Alignas(16) uint8_t avail[6u + 2u * SIZE];
    _Alignas(16) uint8_t used[6u + 8u * SIZE];
} ring;

static uint8_t frames[QUEUE_DEPTH][VQG_BLK_FRAME_BYTES];
static uint32_t said[QUEUE_DEPTH]; /* bytes that the disk must have written */
static uint32_t lent;              /* frames, from the first on */
static struct vqg_mmio mmio;
static struct vqg_driver driver;
static struct vqg_slot slots[SIZE];

bool queue_open(const struct vqg_mmio_hooks *hooks, bool packed)
{
    struct vqg_queue queue = { .size = SIZE, .desc = ring.desc, .avail = ring.avail, .used = ring.used };
    struct vqg_policy policy = vqg_profile_strict();
    uint64_t format = packed ? VQG_F_RING_PACKED : 0u;
    enum vqg_status status = registers_open(&mmio, hooks, VQG_F_EVENT_IDX | format, &queue);

    policy.required_features |= format;
    policy.accept_unflagged = true; /* as QEMU's own queue needs it, without a monitor */
    status = status == VQG_OK ? vqg_driver_init(&driver, &queue, &policy, slots, SIZE) : status;
    status = status == VQG_OK ? registers_go(&mmio, &queue) : status;
    if (status != VQG_OK) {
        client_say("no disk: %s\n", vqg_status_name(status));
    }
    return status == VQG_OK;
}

bool queue_close(void)
{
    return vqg_mmio_reset(&mmio) == VQG_OK;
}

bool queue_add(bool write, uint64_t sector, void *data, uint32_t bytes)
{
    struct vqg_seg seg[3];
    uint8_t *frame = frames[lent];

    seg[1] = write ? vqg_out(data, bytes) : vqg_in(data, bytes);
    said[lent] = write ? 1u : bytes + 1u;
    (void)vqg_blk_build(seg, 1, frame, (uintptr_t)frame, write ? VQG_BLK_T_OUT : VQG_BLK_T_IN, sector);
    lent++;
    return vqg_driver_add(&driver, seg, 3, frame) == VQG_OK;
}

void queue_kick(void)
{
    if (vqg_driver_kick(&driver)) {
        (void)vqg_mmio_notify(&mmio, vqg_driver_notification(&driver));
    }
}

/* One completion: 1 when it is there, 0 when there is none yet, below 0 when none comes any more. */
static int take(uint32_t *failed)
{
    struct vqg_done done;
    enum vqg_status status = vqg_driver_take(&driver, &done);
    uint8_t answer;

    if (status == VQG_OK) {
        uint32_t n = (uint32_t)((uint8_t(*)[VQG_BLK_FRAME_BYTES])done.cookie - frames);

        if (vqg_blk_result(&driver, &done, frames[n], said[n], &answer) != VQG_OK || answer != VQG_BLK_S_OK) {
            (*failed)++;
        }
        return 1;
    }
    return status == VQG_EMPTY ? 0 : -1;
}

/* Nothing interrupts here, so the disk is asked whether it would have. */
static bool look(void)
{
    uint32_t about;

    return vqg_mmio_interrupt(&mmio, &about) == VQG_OK &&
           ((about & VQG_MMIO_INTERRUPT_CONFIG) == 0u || vqg_mmio_check(&mmio) == VQG_OK);
}

bool queue_has_status(void)
{
    uint32_t i = 0;

    while (i < lent && *(volatile uint8_t *)&frames[i][VQG_BLK_FRAME_BYTES - 1u] != VQG_BLK_S_NONE) {
        i++;
    }
    return i == lent;
}

bool queue_collect(uint32_t *failed)
{
    uint64_t deadline = platform_deadline(WAIT_SECONDS);
    uint32_t wanted = lent, done = 0;

    lent = 0;
    *failed = 0;
    while (done < wanted && !platform_expired(deadline)) {
        int taken = take(failed);

        if (taken < 0 || (taken == 0 && !look())) {
            return false;
        }
        done += (uint32_t)taken;
    }
    return done == wanted;
}

bool queue_transfer(bool write, uint64_t sector, void *data, uint32_t bytes, uint32_t requests)
{
    uint32_t sectors = bytes / SECTOR_SIZE;
    uint32_t each = (sectors + requests - 1u) / requests;
    uint32_t failed;
    bool added = true;

    for (uint32_t at = 0; at < sectors && added; at += each) {
        uint32_t part = sectors - at < each ? sectors - at : each;

        added = queue_add(write, sector + at, (uint8_t *)data + at * SECTOR_SIZE, part * SECTOR_SIZE);
    }
    queue_kick();
    return queue_collect(&failed) && failed == 0 && added;
}
