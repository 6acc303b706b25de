/* SPDX-License-Identifier: MIT */
/**
 * @file blk_filter.h
 * @brief Floor 6: a virtio-blk request written anew for the disk, and its end for the client.
 *
 * Between a client and a disk stands a monitor that trusts neither. The disk
 * gets a header that the client cannot reach, the disk's own sectors, and a
 * status byte that the client cannot reach either; the client's memory carries
 * the data alone, and the status after it was judged.
 *
 * **The length that a client is told.** A disk's length counts from the first
 * writable byte on, and the status byte is the last one (2.7.8). If its length
 * reaches the status byte, and the status is one, all writable bytes are reported. If not, only what
 * the monitor wrote itself counts: 1 where the status byte is the only writable one,
 * otherwise 0. So no byte is claimed that the disk did not claim.
 */
#ifndef VQGUARD_BLK_FILTER_H
#define VQGUARD_BLK_FILTER_H

#include "blk_device.h"
#include "client.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of scratch memory for a request: a frame, and a range to discard. */
#define VQG_BLK_SCRATCH_BYTES 40u
#define VQG_BLK_RANGE_AT_ 24u
#if VQG_JOB_SCRATCH < VQG_BLK_SCRATCH_BYTES
#error "a block request does not fit in the scratch bytes of a job"
#endif

/** Writes the segments of `bytes` bytes of one direction, behind the first `skip`, as the disk finds them. */
VQG_API uint32_t vqg_blk_cut_(const struct vqg_chain *c, bool write, uint32_t skip, uint32_t bytes, struct vqg_seg *to)
{
    uint32_t count = 0;
    uint32_t i;
    for (i = 0; i < c->count && bytes != 0u; i++) {
        const struct vqg_seg *s = &c->seg[i];
        uint32_t part;
        if (s->write != write) {
            continue;
        }
        if (skip >= s->len) {
            skip -= s->len;
            continue;
        }
        part = s->len - skip < bytes ? s->len - skip : bytes;
        to[count] = vqg_blk_seg_(s->bus + skip, part, write);
        count++;
        bytes -= part;
        skip = 0;
    }
    return count;
}

/**
 * Writes a judged request anew for the disk: header, and range if there is one, into
 * `scratch`, with the disk's sector; the client's segments without header and status; the status byte in
 * `scratch`, poisoned. Elements may be cut anywhere (2.7.4.1).
 *
 * @param r       the request, by vqg_blk_parse()
 * @param c       the chain that it came in
 * @param scratch VQG_BLK_SCRATCH_BYTES bytes that the disk reaches and the client does not; in use until vqg_blk_raise()
 * @param bus     their address for the disk
 * @param shadow  room for the chain's segments and two more; `addr`, `len` and `write` are for the disk
 * @return how many segments the disk gets; 0 when the request is answered without it (5.2.6)
 */
VQG_API uint32_t vqg_blk_lower(const struct vqg_blk_request *r, const struct vqg_chain *c, void *scratch, uint64_t bus,
                               struct vqg_seg *shadow)
{
    struct vqg_shared frame = vqg_shared_at(scratch, false);
    uint32_t count = 1;
    if (r->answer != VQG_BLK_S_NONE) {
        return 0;
    }
    shadow[0] = vqg_blk_seg_(bus, VQG_BLK_HEADER_BYTES, false);
    if (vqg_blk_is_range_(r->type)) {
        unsigned char range[VQG_BLK_RANGE_BYTES];
        vqg_blk_set_(range, 8u, r->bus);
        vqg_blk_set_(range + VQG_BLK_SECTORS_OFFSET_, 4u, r->sectors);
        vqg_blk_set_(range + VQG_BLK_FLAGS_OFFSET_, 4u, r->flags);
        vqg_blk_put_frame_(frame, r->type, 0u);
        vqg_put_bytes_(frame, VQG_BLK_RANGE_AT_, range, sizeof range);
        shadow[count] = vqg_blk_seg_(bus + VQG_BLK_RANGE_AT_, VQG_BLK_RANGE_BYTES, false);
        count++;
    } else {
        vqg_blk_put_frame_(frame, r->type, r->bus);
        count += vqg_blk_cut_(c, false, VQG_BLK_HEADER_BYTES, c->readable - VQG_BLK_HEADER_BYTES, &shadow[count]);
        count += vqg_blk_cut_(c, true, 0u, c->writable - 1u, &shadow[count]);
    }
    shadow[count] = vqg_blk_seg_(bus + VQG_BLK_STATUS_OFFSET_, 1u, true);
    return count + 1u;
}

/**
 * Ends a request: judges the disk's status byte, fetched once, writes the client's, and ends
 * the pin of the sectors. Not trusted: the disk, nor the client.
 *
 * A disk that wrote no status (D2), or one that nobody knows (D1), has failed the request: the
 * client is told VQG_BLK_S_IOERR, and vqg_blk_violation() tells the caller. Neither latches anything.
 *
 * @param b       what the client may ask
 * @param r       the request; one that vqg_blk_parse() refused may be ended as failed
 * @param c       the chain that it came in
 * @param scratch as given to vqg_blk_lower()
 * @param len     bytes that the disk says it wrote; not looked at when `failed`
 * @param failed  it was refused, or the disk did not return it: the client is told VQG_BLK_S_IOERR
 * @return bytes to report to the client, for vqg_device_push(); see the top of this file. 0 when there is no
 *         status byte to write, or it is not mapped here. (5.2.6, 2.7.8)
 */
VQG_API uint32_t vqg_blk_raise(struct vqg_blk *b, struct vqg_blk_request *r, const struct vqg_chain *c, void *scratch,
                               uint32_t len, bool failed)
{
    uint8_t status = failed ? VQG_BLK_S_IOERR : r->answer;
    bool written = false;
    if (status == VQG_BLK_S_NONE) {
        enum vqg_status st = vqg_blk_status_(&b->disk, c->head, vqg_shared_at(scratch, false), &status);
        written = st == VQG_OK && len >= c->writable;
    }
    vqg_blk_release(b, r);
    if (c->writable == 0u || vqg_chain_write(c, c->writable - 1u, &status, 1u) != VQG_OK) {
        return 0;
    }
    return written || c->writable == 1u ? c->writable : 0u;
}

/** The disk's first wrong status for this client: D1 or D2, the chain's head, the status byte; and how many there were. */
VQG_API const struct vqg_violation *vqg_blk_violation(const struct vqg_blk *b)
{
    return &b->disk.violation;
}

#define VQG_BLK_PINNED_ 0x100u /* in a job's second note, above the answer */

/** The filter's way down: judges the request of a job and writes it anew. */
VQG_API enum vqg_status vqg_blk_down_(void *context, struct vqg_job *job, struct vqg_seg *shadow, uint32_t capacity,
                                      uint32_t *count)
{
    struct vqg_blk_request r;
    enum vqg_status st;
    job->note[0] = 0;
    job->note[1] = VQG_BLK_S_IOERR;
    VQG_EXPECT_(capacity >= VQG_FILTER_EXTRA && job->chain.count <= capacity - VQG_FILTER_EXTRA, VQG_BAD_COUNT);
    st = vqg_blk_parse(&job->client->device, (const struct vqg_blk *)context, &job->chain, &r);
    VQG_EXPECT_(st == VQG_OK, st);
    job->note[0] = r.pin_;
    job->note[1] = r.answer | (r.pinned_ ? VQG_BLK_PINNED_ : 0u);
    *count = vqg_blk_lower(&r, &job->chain, job->scratch, job->scratch_bus, shadow);
    return VQG_OK;
}

/** The filter's way up: ends the request of a job. */
VQG_API uint32_t vqg_blk_up_(void *context, struct vqg_job *job, uint32_t len, bool failed)
{
    struct vqg_blk_request r;
    vqg_zero_(&r, sizeof r);
    r.pin_ = job->note[0];
    r.answer = (uint8_t)(job->note[1] & 0xffu);
    r.pinned_ = (job->note[1] & VQG_BLK_PINNED_) != 0u;
    return vqg_blk_raise((struct vqg_blk *)context, &r, &job->chain, job->scratch, len, failed);
}

/**
 * The filter of a client of a block device, for vqg_client_init(): vqg_blk_parse() and vqg_blk_lower() on the way
 * down, vqg_blk_raise() on the way up.
 *
 * @param b what the client may ask, by vqg_blk_init(); of this client alone, and not null
 */
VQG_API struct vqg_filter vqg_blk_filter(struct vqg_blk *b)
{
    struct vqg_filter f;
    f.down = vqg_blk_down_;
    f.up = vqg_blk_up_;
    f.context = b;
    return f;
}

#ifdef __cplusplus
}
#endif

#endif
