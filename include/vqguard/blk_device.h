/* SPDX-License-Identifier: MIT */
/**
 * @file blk_device.h
 * @brief Floor 6: virtio-blk requests of a driver that is not trusted.
 *
 * Sectors are a second kind of capability: a driver, here the client, reaches
 * those that it holds, to read or to write, and no others. A request is copied
 * to private memory, each byte once, and the copy is judged; what the driver
 * writes afterwards changes nothing (rule D4).
 *
 * Trusted: the caller's table of sectors. Not trusted: all of the chain.
 */
#ifndef VQGUARD_BLK_DEVICE_H
#define VQGUARD_BLK_DEVICE_H

#include "blk.h"
#include "device.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a client may ask of a disk. Private; see vqg_blk_init(). */
struct vqg_blk {
    struct vqg_caps sectors; /**< the sectors that it holds */
    uint32_t types;          /**< bit `type`: served */
    uint32_t max_bytes;      /**< of data in one request to read or write */
    uint32_t max_sectors;    /**< of one range to discard */
    struct vqg_guard disk;   /**< record of the disk's own violations; see blk_filter.h */
};

/** A request, judged, in private memory. */
struct vqg_blk_request {
    uint64_t sector;  /**< first sector, as the client names it; 0 for a type without sectors */
    uint64_t bus;     /**< first sector, as the disk names it; 0 for a type without sectors */
    uint64_t token;   /**< of the capability of the sectors */
    uint64_t pin_;    /**< private: what ends the pin of that capability */
    uint32_t type;    /**< VQG_BLK_T_*, or as the client said when `answer` refuses it */
    uint32_t sectors; /**< how many */
    uint32_t bytes;   /**< bytes of data in the chain, behind the header or before the status byte */
    uint32_t flags;   /**< VQG_BLK_T_WRITE_ZEROES: VQG_BLK_UNMAP or 0 */
    uint8_t answer;   /**< VQG_BLK_S_NONE: serve it; VQG_BLK_S_UNSUPP: answer with that, and do nothing else */
    bool pinned_;     /**< private: the pin is held */
};

/**
 * Sets up what a client may ask.
 *
 * @param b           the structure; overwritten
 * @param sectors     the sectors that the client holds: base and size of each capability count sectors, `bus` is the
 *                    disk's own number of the first. VQG_CAP_READ lets it read them, VQG_CAP_WRITE write, discard and
 *                    zero them. Copied; a table behind it stays the caller's.
 * @param features    features of the disk that the client acknowledged: VQG_BLK_F_FLUSH, VQG_BLK_F_DISCARD and
 *                    VQG_BLK_F_WRITE_ZEROES let it use these types, others are ignored
 * @param max_bytes   data of one request to read or write, in bytes; 0: no limit
 * @param max_sectors sectors of one range to discard or to zero: the least of what the disk says (5.2.4); 0: no limit
 * @return VQG_OK; VQG_BAD_ENDPOINT for a null `b`; VQG_BAD_CAPS when `sectors` is null, or has neither a table nor a
 *         lookup, or one of pin and unpin without the other. (5.2.3, 5.2.6)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_blk_init(struct vqg_blk *b, const struct vqg_caps *sectors,
                                                        uint64_t features, uint32_t max_bytes, uint32_t max_sectors)
{
    VQG_EXPECT_(b != NULL, VQG_BAD_ENDPOINT);
    vqg_zero_(b, sizeof *b);
    VQG_EXPECT_(sectors != NULL && vqg_caps_are_sane_(sectors), VQG_BAD_CAPS);
    b->sectors = *sectors;
    b->types = 1u << VQG_BLK_T_IN | 1u << VQG_BLK_T_OUT | 1u << VQG_BLK_T_GET_ID;
    b->types |= (features & VQG_BLK_F_FLUSH) != 0u ? 1u << VQG_BLK_T_FLUSH : 0u;
    b->types |= (features & VQG_BLK_F_DISCARD) != 0u ? 1u << VQG_BLK_T_DISCARD : 0u;
    b->types |= (features & VQG_BLK_F_WRITE_ZEROES) != 0u ? 1u << VQG_BLK_T_WRITE_ZEROES : 0u;
    b->max_bytes = max_bytes == 0u ? UINT32_MAX : max_bytes;
    b->max_sectors = max_sectors == 0u ? UINT32_MAX : max_sectors;
    return VQG_OK;
}

/** True for the types whose data is a range of sectors. */
VQG_API bool vqg_blk_is_range_(uint32_t type)
{
    return type == VQG_BLK_T_DISCARD || type == VQG_BLK_T_WRITE_ZEROES;
}

/** True for the types whose data is sectors. */
VQG_API bool vqg_blk_moves_(uint32_t type)
{
    return type == VQG_BLK_T_IN || type == VQG_BLK_T_OUT;
}

/** Judges which way the data goes and how much there is of it. */
VQG_API enum vqg_status vqg_blk_shape_(struct vqg_guard *g, const struct vqg_blk *b, const struct vqg_chain *c,
                                       struct vqg_blk_request *r)
{
    uint32_t behind = c->readable - VQG_BLK_HEADER_BYTES;
    uint32_t before = c->writable - 1u;
    bool reads = r->type == VQG_BLK_T_IN || r->type == VQG_BLK_T_GET_ID;
    bool writes = r->type == VQG_BLK_T_OUT || vqg_blk_is_range_(r->type);
    uint32_t whole;
    VQG_REQUIRE(g, writes || behind == 0u, BLK_SHAPE, c->head, c->readable, VQG_BLK_HEADER_BYTES);
    VQG_REQUIRE(g, reads || before == 0u, BLK_SHAPE, c->head, c->writable, 1u);
    if (r->type == VQG_BLK_T_FLUSH) {
        return VQG_OK;
    }
    r->bytes = reads ? before : behind;
    if (vqg_blk_moves_(r->type)) {
        VQG_REQUIRE(g, r->bytes != 0u && r->bytes % VQG_BLK_SECTOR_BYTES == 0u, BLK_SIZE, c->head, r->bytes,
                    VQG_BLK_SECTOR_BYTES);
        VQG_REQUIRE(g, r->bytes <= b->max_bytes, BLK_SIZE, c->head, r->bytes, b->max_bytes);
        return VQG_OK;
    }
    whole = r->type == VQG_BLK_T_GET_ID ? VQG_BLK_ID_BYTES : VQG_BLK_RANGE_BYTES;
    VQG_REQUIRE(g, r->bytes == whole, BLK_SIZE, c->head, r->bytes, whole);
    return VQG_OK;
}

/** Copies the range of a request to discard or to zero, whose size and mapping were judged, and judges the copy. */
VQG_API enum vqg_status vqg_blk_range_(struct vqg_guard *g, const struct vqg_blk *b, const struct vqg_chain *c,
                                       struct vqg_blk_request *r)
{
    unsigned char range[VQG_BLK_RANGE_BYTES];
    uint32_t known = r->type == VQG_BLK_T_WRITE_ZEROES ? VQG_BLK_UNMAP : 0u;
    vqg_zero_(range, sizeof range);
    (void)vqg_chain_copy_(c, false, VQG_BLK_HEADER_BYTES, range, NULL, sizeof range);
    r->sector = vqg_blk_get_(range, 8u);
    r->sectors = (uint32_t)vqg_blk_get_(range + VQG_BLK_SECTORS_OFFSET_, 4u);
    r->flags = (uint32_t)vqg_blk_get_(range + VQG_BLK_FLAGS_OFFSET_, 4u);
    if ((r->flags & ~known) != 0u) {
        /* That is what a device is to answer (5.2.6.2). */
        r->answer = VQG_BLK_S_UNSUPP;
        return VQG_OK;
    }
    VQG_REQUIRE(g, r->sectors != 0u && r->sectors <= b->max_sectors, BLK_SIZE, c->head, r->sectors, b->max_sectors);
    return VQG_OK;
}

/**
 * Judges the sectors of a request by the client's capabilities, writes `bus` and
 * `token`, and pins what covers them until vqg_blk_release(). vqg_blk_parse() does so
 * for a request out of a queue; this is for one that came in another way.
 *
 * @param g     where a violation is recorded: of the client's endpoint, or a zeroed one of the caller's
 * @param b     what the client may ask
 * @param index what names the request in the record
 * @param r     `type`, `sector`, and `sectors`, which is not 0; nothing is pinned under it
 * @return VQG_OK; VQG_V_BLK_RANGE (B4) when no single capability covers all sectors; VQG_V_BLK_RIGHT (B5) when it
 *         lacks the right; VQG_V_BLK_PIN (B6) when it is being revoked; VQG_BAD_ENDPOINT for a null argument;
 *         VQG_BAD_COUNT for no sectors. (5.2.6.1)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_blk_admit(struct vqg_guard *g, const struct vqg_blk *b, uint32_t index,
                                                         struct vqg_blk_request *r)
{
    const struct vqg_cap *cap;
    uint64_t offset;
    VQG_EXPECT_(g != NULL && b != NULL && r != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(r->sectors != 0u, VQG_BAD_COUNT);
    cap = vqg_caps_lookup_(&b->sectors, r->sector);
    VQG_REQUIRE(g, cap != NULL && r->sector - cap->base < cap->size, BLK_RANGE, index, r->sector, r->sectors);
    offset = r->sector - cap->base;
    VQG_REQUIRE(g, r->sectors <= cap->size - offset, BLK_RANGE, index, r->sectors, cap->size - offset);
    VQG_REQUIRE(g, vqg_cap_allows_(cap, r->type != VQG_BLK_T_IN), BLK_RIGHT, index, r->sector, cap->rights);
    VQG_REQUIRE(g, vqg_caps_pin_(&b->sectors, cap, r->sector, r->sectors, &r->pin_), BLK_PIN, index, r->sector,
                r->sectors);
    r->pinned_ = true;
    r->bus = cap->bus + offset;
    r->token = cap->token;
    return VQG_OK;
}

/** Ends the pin of a request's sectors, if there is one: it has ended, and the disk no longer touches them. */
VQG_API void vqg_blk_release(const struct vqg_blk *b, struct vqg_blk_request *r)
{
    if (r->pinned_) {
        r->pinned_ = false;
        vqg_caps_unpin_(&b->sectors, r->pin_);
    }
}

/**
 * Copies the request in a chain to private memory and judges it. On VQG_OK its
 * sectors are pinned, until vqg_blk_release(); after anything else nothing is, and the
 * caller pushes the chain, with length 0.
 *
 * A type, or a flag of a range, that the client was not offered is no violation:
 * `answer` says what the specification wants to be answered. The reserved word of
 * the header, and the sector of a type that has none, are not looked at.
 *
 * @param d the endpoint that the chain was popped from
 * @param b what the client may ask
 * @param c the chain
 * @param r the request; overwritten
 * @return VQG_OK; VQG_V_MINIMUM_SIZE (C10) without room for a header or a status byte; VQG_V_BLK_MAPPED (B1) when a
 *         segment is not mapped here; VQG_V_BLK_SHAPE (B2) when data goes the wrong way for the type; VQG_V_BLK_SIZE
 *         (B3) when there is none of it, no whole number of sectors, or too much; and those of vqg_blk_admit() (B4 to
 *         B6): all of kind CHAIN. VQG_DEAD and VQG_STALE when the endpoint was latched or reset since the pop.
 *         VQG_BAD_CHAIN when `c` is null or not popped from `d`; VQG_BAD_ENDPOINT for another null argument. (5.2.6)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_blk_parse(struct vqg_device *d, const struct vqg_blk *b,
                                                         const struct vqg_chain *c, struct vqg_blk_request *r)
{
    unsigned char header[VQG_BLK_HEADER_BYTES];
    struct vqg_guard *g;
    enum vqg_status st;
    VQG_EXPECT_(d != NULL && b != NULL && r != NULL, VQG_BAD_ENDPOINT);
    vqg_zero_(r, sizeof *r);
    r->answer = VQG_BLK_S_NONE;
    VQG_EXPECT_(c != NULL && c->owner_ == d, VQG_BAD_CHAIN);
    g = &d->judge.guard;
    VQG_EXPECT_(c->generation == g->generation, VQG_STALE);
    VQG_EXPECT_(g->state == VQG_STATE_LIVE, VQG_DEAD);
    VQG_REQUIRE(g, c->readable >= VQG_BLK_HEADER_BYTES, MINIMUM_SIZE, c->head, c->readable, VQG_BLK_HEADER_BYTES);
    VQG_REQUIRE(g, c->writable != 0u, MINIMUM_SIZE, c->head, c->writable, 1u);
    vqg_zero_(header, sizeof header);
    st = vqg_chain_read(c, 0u, header, sizeof header);
    VQG_REQUIRE(g, st == VQG_OK, BLK_MAPPED, c->head, c->seg[0].addr, c->readable);
    VQG_REQUIRE(g, vqg_chain_is_mapped_(c, true), BLK_MAPPED, c->head, c->seg[c->count - 1u].addr, c->writable);
    r->type = (uint32_t)vqg_blk_get_(header, 4u);
    if (r->type > VQG_BLK_T_WRITE_ZEROES || ((b->types >> r->type) & 1u) == 0u) {
        r->answer = VQG_BLK_S_UNSUPP;
        return VQG_OK;
    }
    st = vqg_blk_shape_(g, b, c, r);
    if (st == VQG_OK && vqg_blk_is_range_(r->type)) {
        st = vqg_blk_range_(g, b, c, r);
    } else if (vqg_blk_moves_(r->type)) {
        r->sector = vqg_blk_get_(header + VQG_BLK_SECTOR_OFFSET_, 8u);
        r->sectors = r->bytes / VQG_BLK_SECTOR_BYTES;
    }
    VQG_EXPECT_(st == VQG_OK && r->sectors != 0u && r->answer == VQG_BLK_S_NONE, st);
    return vqg_blk_admit(g, b, c->head, r);
}

#ifdef __cplusplus
}
#endif

#endif
