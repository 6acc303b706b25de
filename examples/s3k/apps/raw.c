/* SPDX-License-Identifier: MIT */
#include "raw.h"

#include "client.h"
#include "remote.h"

#define WAIT_SECONDS 1u

volatile struct raw_ring raw_ring;
volatile struct raw_desc raw_table[RAW_SIZE];
volatile uint8_t raw_data[512];

static uint8_t frame[VQG_BLK_FRAME_BYTES];
static struct vqg_mmio mmio;

static void *part(uint64_t asked, volatile void *own)
{
    return asked != 0 ? (void *)(uintptr_t)asked : (void *)(uintptr_t)own;
}

bool raw_open_at(uint64_t desc, uint64_t avail, uint64_t used)
{
    struct vqg_mmio_hooks hooks = remote_hooks();
    struct vqg_queue queue = { .size = RAW_SIZE, .desc = part(desc, raw_ring.desc),
                               .avail = part(avail, &raw_ring.avail), .used = part(used, &raw_ring.used) };

    memset((void *)(uintptr_t)&raw_ring, 0, sizeof(raw_ring));
    return registers_open(&mmio, &hooks, VQG_F_INDIRECT_DESC, &queue) == VQG_OK &&
           registers_go(&mmio, &queue) == VQG_OK;
}

static struct raw_desc desc_of(const struct vqg_seg *seg, uint16_t flags, uint16_t next)
{
    uint16_t write = seg->write ? VQG_DESC_F_WRITE : 0u;

    return (struct raw_desc){ seg->addr, seg->len, (uint16_t)(flags | write), next };
}

void raw_request(uint64_t sector)
{
    struct vqg_seg seg[3];

    seg[1] = vqg_in((void *)(uintptr_t)raw_data, sizeof(raw_data));
    (void)vqg_blk_build(seg, 1, frame, (uintptr_t)frame, VQG_BLK_T_IN, sector);
    raw_ring.desc[0] = desc_of(&seg[0], VQG_DESC_F_NEXT, 1);
    raw_ring.desc[1] = desc_of(&seg[1], VQG_DESC_F_NEXT, 2);
    raw_ring.desc[2] = desc_of(&seg[2], 0, 0);
}

void raw_refer(void)
{
    for (unsigned i = 0; i < 3; i++) {
        raw_table[i] = raw_ring.desc[i];
    }
    raw_ring.desc[0] = (struct raw_desc){ (uintptr_t)raw_table, 3u * VQG_DESC_BYTES, VQG_DESC_F_INDIRECT, 0 };
}

void raw_offer(uint16_t head)
{
    raw_ring.avail.ring[raw_ring.avail.idx % RAW_SIZE] = head;
    platform_fence();
    raw_ring.avail.idx = (uint16_t)(raw_ring.avail.idx + 1u);
}

void raw_kick(void)
{
    (void)vqg_mmio_notify(&mmio, 0);
}

bool raw_is_refused(void)
{
    uint64_t deadline = platform_deadline(WAIT_SECONDS);
    uint32_t about;

    /* To ask for interrupts has the monitor look at the queue. */
    do {
        if (vqg_mmio_interrupt(&mmio, &about) != VQG_OK || vqg_mmio_check(&mmio) == VQG_DEAD) {
            return true;
        }
    } while (raw_ring.used.idx != raw_ring.avail.idx && !platform_expired(deadline));
    return false;
}

bool raw_close(void)
{
    return vqg_mmio_reset(&mmio) == VQG_OK;
}
