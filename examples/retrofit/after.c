/* SPDX-License-Identifier: MIT */
/*
 * A virtio-blk driver with its own ring code, twice. before.c believes the
 * device: the id in the used ring indexes info[] as it stands, the chain is
 * freed by what the descriptors in shared memory say by then, and the length is
 * handed on. after.c is the same driver with the ledger's calls in it.
 */
#include "retrofit.h"

#include <stddef.h>
#include <vqguard/ledger.h>

static struct {
    struct virtq_desc *desc; /* shared with the device */
    struct virtq_avail *avail;
    struct virtq_used *used;

    bool free[NUM]; /* the driver's own, like all below */
    uint16_t avail_idx;
    struct vqg_ledger ledger;
    struct vqg_slot slots[NUM];
    struct {
        struct retrofit_buf *buf;
        uint8_t status;         /* written by the device */
    } info[NUM];                /* by the head of the chain */
    struct blk_header ops[NUM]; /* by the head of the chain */
} disk;

static void free_desc(uint16_t i)
{
    disk.desc[i] = (struct virtq_desc){0, 0, 0, 0};
    disk.free[i] = true;
}

static void free_chain(uint16_t i, uint32_t count)
{
    do {
        uint16_t next = vqg_ledger_next(&disk.ledger, i);
        free_desc(i);
        i = next;
    } while (--count > 0);
}

static bool alloc_desc(uint16_t *i)
{
    for (*i = 0; *i < NUM; (*i)++) {
        if (disk.free[*i]) {
            disk.free[*i] = false;
            return true;
        }
    }
    return false;
}

static bool alloc3(uint16_t idx[3])
{
    for (int n = 0; n < 3; n++) {
        if (!alloc_desc(&idx[n])) {
            while (n > 0) {
                free_desc(idx[--n]);
            }
            return false;
        }
    }
    return true;
}

bool retrofit_init(struct retrofit_ring *ring)
{
    *ring = (struct retrofit_ring){0};
    disk.desc = ring->desc;
    disk.avail = &ring->avail;
    disk.used = &ring->used;
    disk.avail_idx = 0;
    for (uint16_t i = 0; i < NUM; i++) {
        disk.info[i].buf = NULL;
        free_desc(i);
    }
    struct vqg_queue q = {.size = NUM, .features = VQG_F_VERSION_1};
    q.desc = disk.desc, q.avail = disk.avail, q.used = disk.used;
    struct vqg_policy p = vqg_profile_strict();
    return vqg_ledger_init(&disk.ledger, &q, &p, disk.slots, NUM) == VQG_OK;
}

bool retrofit_submit(struct retrofit_buf *buf, bool write)
{
    uint16_t idx[3];

    if (!alloc3(idx) || vqg_ledger_publish(&disk.ledger, idx, 3, write ? 1 : buf->size + 1, buf) != VQG_OK) {
        return false;
    }

    struct blk_header *op = &disk.ops[idx[0]];
    op->type = write ? BLK_T_OUT : BLK_T_IN;
    op->reserved = 0;
    op->sector = buf->sector;

    disk.desc[idx[0]].addr = (uintptr_t)op;
    disk.desc[idx[0]].len = sizeof(*op);
    disk.desc[idx[0]].flags = VIRTQ_DESC_F_NEXT;
    disk.desc[idx[0]].next = idx[1];

    disk.desc[idx[1]].addr = (uintptr_t)buf->data;
    disk.desc[idx[1]].len = buf->size;
    disk.desc[idx[1]].flags = write ? VIRTQ_DESC_F_NEXT : VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE;
    disk.desc[idx[1]].next = idx[2];

    disk.desc[idx[2]].addr = (uintptr_t)&disk.info[idx[0]].status;
    disk.desc[idx[2]].len = 1;
    disk.desc[idx[2]].flags = VIRTQ_DESC_F_WRITE;
    disk.desc[idx[2]].next = 0;

    buf->busy = true;
    disk.info[idx[0]].buf = buf;
    disk.info[idx[0]].status = 0xff; /* no status of the specification */

    disk.avail->ring[disk.avail_idx % NUM] = idx[0];
    retrofit_fence();
    disk.avail->idx = ++disk.avail_idx;
    retrofit_notify();
    return true;
}

int retrofit_poll(void)
{
    struct vqg_done done;
    int taken = 0;

    retrofit_fence(); /* the caller may be waiting in a loop */
    while (vqg_ledger_take(&disk.ledger, &done) == VQG_OK) {
        struct retrofit_buf *buf = disk.info[done.id].buf;
        disk.info[done.id].buf = NULL;
        buf->status = disk.info[done.id].status;
        buf->written = done.len;
        free_chain(done.id, done.count);
        buf->busy = false;
        taken++;
    }
    return vqg_ledger_violation(&disk.ledger)->rule == VQG_RULE_NONE ? taken : -1;
}
