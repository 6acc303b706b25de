/* SPDX-License-Identifier: MIT */
#include "request.h"

#include "example.h"
#include "platform.h"
#include "virtio_mmio.h"

#define SEGMENTS (GUARDED_PIECES + 2u)

/* What the device reaches; nothing read from here is believed. */
struct shared {
    _Alignas(16) uint8_t table[16u * SEGMENTS];
    _Alignas(16) uint8_t data[SECTOR];
    uint8_t frame[VQG_BLK_FRAME_BYTES];
};

struct request {
    struct shared *shared;
    const struct job *job;
    uint8_t *data;
    uint64_t sector;
    uint32_t said; /* bytes that the device must say it wrote */
    bool lent;
};

static struct shared shared[REQUEST_POOL];
static _Alignas(4096) uint8_t big[GUARDED_BIG];

static struct request pool[REQUEST_POOL];
static struct request *idle[REQUEST_POOL];
static uint32_t idle_count;

void request_pool_init(void)
{
    for (idle_count = 0; idle_count < REQUEST_POOL; idle_count++) {
        pool[idle_count].shared = &shared[idle_count];
        pool[idle_count].lent = false;
        idle[idle_count] = &pool[idle_count];
    }
}

uint32_t request_outstanding(void)
{
    return REQUEST_POOL - idle_count;
}

struct request *request_take(const struct job *job, uint32_t n)
{
    struct request *r = idle[--idle_count];
    uint32_t sectors = job->bytes / SECTOR;
    uint32_t steps = sectors == 0 ? 1 : job->span / sectors;

    r->job = job;
    r->data = job->bytes > SECTOR ? big : r->shared->data;
    r->sector = job->first + (uint64_t)(n % steps) * sectors;
    r->said = job->type == VIRTIO_BLK_T_IN ? job->bytes + 1u : 1u;
    if (job->type == VIRTIO_BLK_T_OUT) {
        pattern_fill(r->data, job->tag, r->sector, sectors);
    } else {
        /* Else what an earlier request left could pass for what was read. */
        memset(r->data, 0, job->bytes);
    }
    return r;
}

void request_put(struct request *r)
{
    r->lent = false;
    idle[idle_count++] = r;
}

enum vqg_status request_add(struct vqg_driver *drv, struct request *r)
{
    const struct job *job = r->job;
    struct vqg_seg seg[SEGMENTS];
    struct vqg_request request = {.seg = seg, .min_length = r->said, .cookie = r};
    uint64_t sector = job->type == VIRTIO_BLK_T_FLUSH ? 0 : r->sector;
    uint32_t piece = job->pieces == 0 ? 0 : job->bytes / job->pieces;
    enum vqg_status status;

    for (uint32_t i = 0; i < job->pieces; i++) {
        uint8_t *at = r->data + i * piece;
        uint32_t len = i + 1 < job->pieces ? piece : job->bytes - i * piece;

        seg[i + 1] = job->type == VIRTIO_BLK_T_OUT ? vqg_out(at, len) : vqg_in(at, len);
    }
    request.count = vqg_blk_build(seg, job->pieces, r->shared->frame, (uintptr_t)r->shared->frame, job->type, sector);
    if (job->indirect) {
        request.table = r->shared->table;
        request.table_addr = (uintptr_t)r->shared->table;
        request.table_entries = SEGMENTS;
    }
    status = vqg_driver_add_request(drv, &request);
    r->lent = status == VQG_OK;
    return status;
}

const char *request_abandon(const struct vqg_done *done)
{
    struct request *r = done->cookie;

    if (!r->lent) {
        return "request was not lent";
    }
    request_put(r);
    return NULL;
}

const char *request_finish(struct vqg_driver *drv, const struct vqg_done *done)
{
    const struct request *r = done->cookie;
    const struct job *job = r->job;
    const char *wrong = request_abandon(done);
    uint8_t status;

    if (wrong != NULL) {
        return wrong;
    }
    if (vqg_blk_result(drv, done, r->shared->frame, r->said, &status) != VQG_OK || status != VQG_BLK_S_OK) {
        return "device reports an error";
    }
    if (done->len != r->said || done->claimed != r->said) {
        return "wrong length";
    }
    if (job->type == VIRTIO_BLK_T_IN && !pattern_holds(r->data, job->tag, r->sector, job->bytes / SECTOR)) {
        return "wrong data";
    }
    return NULL;
}
