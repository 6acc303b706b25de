/* SPDX-License-Identifier: MIT */
/**
 * @file blk.h
 * @brief Floor 6: virtio-blk requests: their layout, and a driver's side of them.
 *
 * A request is a header that the device reads, data, and a status byte that it
 * writes last (5.2.6). A driver keeps header and status in a frame, builds its
 * segments here, and asks here how a request ended: a device that wrote no
 * status, or one that nobody knows, has not served it.
 *
 * Fields are little-endian, and a sector has 512 bytes, whatever the device.
 */
#ifndef VQGUARD_BLK_H
#define VQGUARD_BLK_H

#include "driver.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Feature bits of the device (5.2.3). */
#define VQG_BLK_F_FLUSH ((uint64_t)1 << 9)         /**< it has a cache, and VQG_BLK_T_FLUSH */
#define VQG_BLK_F_DISCARD ((uint64_t)1 << 13)      /**< it has VQG_BLK_T_DISCARD */
#define VQG_BLK_F_WRITE_ZEROES ((uint64_t)1 << 14) /**< it has VQG_BLK_T_WRITE_ZEROES */

/* Types of a request (5.2.6). */
#define VQG_BLK_T_IN 0u            /**< read sectors */
#define VQG_BLK_T_OUT 1u           /**< write sectors */
#define VQG_BLK_T_FLUSH 4u         /**< make what was written stay */
#define VQG_BLK_T_GET_ID 8u        /**< read the name of the disk */
#define VQG_BLK_T_DISCARD 11u      /**< forget a range of sectors */
#define VQG_BLK_T_WRITE_ZEROES 13u /**< write zeroes to a range of sectors */

/* Status bytes (5.2.6). */
#define VQG_BLK_S_OK 0u      /**< served */
#define VQG_BLK_S_IOERR 1u   /**< failed */
#define VQG_BLK_S_UNSUPP 2u  /**< the device does not have that */
#define VQG_BLK_S_NONE 0xffu /**< no status of the specification: what stands there before the device writes one */

/* Sizes in bytes. */
#define VQG_BLK_SECTOR_BYTES 512u /**< a sector */
#define VQG_BLK_HEADER_BYTES 16u  /**< a header: type, a reserved word, the first sector */
#define VQG_BLK_RANGE_BYTES 16u   /**< a range to discard: first sector, sectors, flags */
#define VQG_BLK_ID_BYTES 20u      /**< the name of a disk */
#define VQG_BLK_FRAME_BYTES 17u   /**< a frame: a header, and the status byte behind it */
#define VQG_BLK_STATUS_OFFSET_ 16u
#define VQG_BLK_SECTOR_OFFSET_ 8u
#define VQG_BLK_SECTORS_OFFSET_ 8u
#define VQG_BLK_FLAGS_OFFSET_ 12u

/** The only flag of a range: zeroes may be had by forgetting the sectors (5.2.6). */
#define VQG_BLK_UNMAP 1u

/** The little-endian number in `bytes` bytes of private memory. */
VQG_API uint64_t vqg_blk_get_(const unsigned char *at, uint32_t bytes)
{
    uint64_t v = 0;
    while (bytes != 0u) {
        bytes--;
        v = (v << 8) | at[bytes];
    }
    return v;
}

/** Writes a little-endian number to private memory. */
VQG_API void vqg_blk_set_(unsigned char *at, uint32_t bytes, uint64_t v)
{
    uint32_t i;
    for (i = 0; i < bytes; i++) {
        at[i] = (unsigned char)(v & 0xffu);
        v >>= 8;
    }
}

/** Writes a frame: the header, and in place of a status none. */
VQG_API void vqg_blk_put_frame_(struct vqg_shared frame, uint32_t type, uint64_t sector)
{
    unsigned char bytes[VQG_BLK_FRAME_BYTES];
    vqg_zero_(bytes, sizeof bytes);
    vqg_blk_set_(bytes, 4u, type);
    vqg_blk_set_(bytes + VQG_BLK_SECTOR_OFFSET_, 8u, sector);
    bytes[VQG_BLK_STATUS_OFFSET_] = VQG_BLK_S_NONE;
    vqg_put_bytes_(frame, 0, bytes, sizeof bytes);
}

/** A segment that a device finds at `addr`. */
VQG_API struct vqg_seg vqg_blk_seg_(uint64_t addr, uint32_t len, bool write)
{
    struct vqg_seg s = vqg_out(NULL, len);
    s.addr = addr;
    s.write = write;
    return s;
}

/**
 * Builds a request for vqg_driver_add(): writes header and status of its frame,
 * and the first and the last of its segments. The frame is lent until the
 * completion.
 *
 * @param seg    the segments: the caller has written those of the data to seg[1] to seg[pieces], readable ones
 *               for VQG_BLK_T_OUT, writable ones for VQG_BLK_T_IN; a range to discard (little-endian, 16 bytes) is
 *               readable data too. There is room for `pieces` + 2.
 * @param pieces segments of data
 * @param frame  VQG_BLK_FRAME_BYTES bytes that the device reaches
 * @param addr   their address for the device
 * @param type   VQG_BLK_T_*
 * @param sector the first sector; 0 for all but VQG_BLK_T_IN and VQG_BLK_T_OUT
 * @return how many segments the request has: `pieces` + 2 (5.2.6)
 */
VQG_API uint32_t vqg_blk_build(struct vqg_seg *seg, uint32_t pieces, void *frame, uint64_t addr, uint32_t type,
                               uint64_t sector)
{
    vqg_blk_put_frame_(vqg_shared_at(frame, false), type, sector);
    seg[0] = vqg_blk_seg_(addr, VQG_BLK_HEADER_BYTES, false);
    seg[pieces + 1u] = vqg_blk_seg_(addr + VQG_BLK_STATUS_OFFSET_, 1u, true);
    return pieces + 2u;
}

/** Fetches the status byte of a frame, once, and judges it. `index` names the request in the record. */
VQG_API enum vqg_status vqg_blk_status_(struct vqg_guard *g, uint32_t index, struct vqg_shared frame, uint8_t *status)
{
    unsigned char said;
    vqg_fetch_bytes_(frame, VQG_BLK_STATUS_OFFSET_, &said, 1u);
    *status = VQG_BLK_S_IOERR;
    VQG_REQUIRE(g, said != VQG_BLK_S_NONE, STATUS_WRITTEN, index, said, VQG_BLK_S_UNSUPP);
    VQG_REQUIRE(g, said <= VQG_BLK_S_UNSUPP, STATUS_KNOWN, index, said, VQG_BLK_S_UNSUPP);
    *status = said;
    return VQG_OK;
}

/**
 * Tells how a request ended that was taken with vqg_driver_take(). Not trusted:
 * the device. The status byte is fetched once; call it once for each request,
 * before the frame is used again.
 *
 * @param d      the endpoint that the completion came from
 * @param done   the completion
 * @param frame  the request's frame, as it was given to vqg_blk_build()
 * @param bytes  what a device that served the request wrote: all its writable bytes, the status byte included
 * @param status VQG_BLK_S_OK, VQG_BLK_S_IOERR or VQG_BLK_S_UNSUPP; VQG_BLK_S_IOERR unless VQG_OK is returned
 * @return VQG_OK: see `*status`. VQG_V_STATUS_WRITTEN (D2): the device wrote no status, or says that it served the
 *         request and wrote fewer than `bytes` bytes; a length that nobody wrote (VQG_DONE_CLAIMED) is not held against
 *         it. VQG_V_STATUS_KNOWN (D1): it wrote none that the specification has. Both latch. VQG_STALE: the
 *         completion is older than the latest reset. VQG_BAD_ENDPOINT for a null argument. (5.2.6)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_blk_result(struct vqg_driver *d, const struct vqg_done *done,
                                                          void *frame, uint32_t bytes, uint8_t *status)
{
    struct vqg_guard *g;
    enum vqg_status st;
    uint8_t said;
    VQG_EXPECT_(d != NULL && done != NULL && frame != NULL && status != NULL, VQG_BAD_ENDPOINT);
    *status = VQG_BLK_S_IOERR;
    g = &d->ledger.guard;
    VQG_EXPECT_(done->generation == g->generation, VQG_STALE);
    st = vqg_blk_status_(g, done->id, vqg_shared_at(frame, false), &said);
    VQG_EXPECT_(st == VQG_OK, st);
    if (said == VQG_BLK_S_OK && (done->flags & VQG_DONE_CLAIMED) == 0u) {
        VQG_REQUIRE(g, done->len >= bytes, STATUS_WRITTEN, done->id, done->len, bytes);
    }
    *status = said;
    return VQG_OK;
}

#ifdef __cplusplus
}
#endif

#endif
