/* SPDX-License-Identifier: MIT */
/**
 * @file chain.h
 * @brief Floor 2: segments and chains, and copying from and to them.
 */
#ifndef VQGUARD_CHAIN_H
#define VQGUARD_CHAIN_H

#include "policy.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One contiguous piece of a buffer. */
struct vqg_seg {
    uint64_t addr;  /**< address as the driver names it */
    uint64_t bus;   /**< device: address for what lies behind it */
    void *map;      /**< device: where it is mapped here, or null */
    uint64_t token; /**< device: token of the capability */
    uint64_t pin;   /**< device: what ends the pin of the capability */
    uint32_t len;   /**< bytes, never 0 */
    bool write;     /**< the device may write it, and not read it */
};

/** A segment that the device reads. Where pointers are not bus addresses, set `addr`. */
VQG_API struct vqg_seg vqg_out(const void *buffer, uint32_t len)
{
    struct vqg_seg s;
    s.addr = (uint64_t)(uintptr_t)buffer;
    s.bus = 0;
    s.map = NULL;
    s.token = 0;
    s.pin = 0;
    s.len = len;
    s.write = false;
    return s;
}

/** A segment that the device writes. Where pointers are not bus addresses, set `addr`. */
VQG_API struct vqg_seg vqg_in(void *buffer, uint32_t len)
{
    struct vqg_seg s = vqg_out(buffer, len);
    s.write = true;
    return s;
}

/** The descriptor flag that says a segment's direction. */
VQG_API uint32_t vqg_seg_flags_(const struct vqg_seg *s)
{
    return (uint32_t)s->write * VQG_DESC_F_WRITE;
}

/**
 * A chain in the device's private memory. From pop to push it is lent to the
 * endpoint: it stays where it is, and only `seg` and the totals are read.
 */
struct vqg_chain {
    struct vqg_seg *seg;     /**< segments: readable ones first */
    uint32_t capacity;       /**< segments that fit */
    uint32_t count;          /**< segments there are */
    uint32_t readable;       /**< device-readable bytes */
    uint32_t writable;       /**< device-writable bytes */
    uint32_t generation;     /**< of the device when it was popped */
    uint16_t head;           /**< id of its head */
    bool write_seen_;        /**< private: an element so far was device-writable */
    const void *owner_;      /**< private: the device, from pop to push */
    struct vqg_chain *next_; /**< private: list of chains that a reset left in flight */
    struct vqg_chain *prev_; /**< private */
    uint64_t table_first_;   /**< private: first byte of the chain's indirect table; beyond `table_last_` without one */
    uint64_t table_last_;    /**< private: its last byte */
    uint64_t bytes_;         /**< private: what it counts against the limit in flight */
};

/** Gives a chain its storage of `capacity` segments. */
VQG_API void vqg_chain_init(struct vqg_chain *c, struct vqg_seg *seg, uint32_t capacity)
{
    vqg_zero_(c, sizeof *c);
    c->seg = seg;
    c->capacity = capacity;
}

/** True when every segment of one direction is mapped here. */
VQG_API bool vqg_chain_is_mapped_(const struct vqg_chain *c, bool write)
{
    uint32_t i;
    for (i = 0; i < c->count; i++) {
        if (c->seg[i].write == write && c->seg[i].map == NULL) {
            return false;
        }
    }
    return true;
}

/** Copies between a chain and private memory, from byte `offset` of one direction's bytes on. */
VQG_API enum vqg_status vqg_chain_copy_(const struct vqg_chain *c, bool write, uint32_t offset, unsigned char *to,
                                        const unsigned char *from, uint32_t bytes)
{
    uint32_t room;
    uint32_t i;
    VQG_EXPECT_(c != NULL && (to != NULL || from != NULL), VQG_BAD_CHAIN);
    room = write ? c->writable : c->readable;
    VQG_EXPECT_(offset <= room && bytes <= room - offset, VQG_BAD_LENGTH);
    VQG_EXPECT_(vqg_chain_is_mapped_(c, write), VQG_BAD_CHAIN);
    for (i = 0; i < c->count && bytes != 0u; i++) {
        const struct vqg_seg *s = &c->seg[i];
        uint32_t part;
        if (s->write != write) {
            continue;
        }
        if (offset >= s->len) {
            offset -= s->len;
            continue;
        }
        part = s->len - offset < bytes ? s->len - offset : bytes;
        if (write) {
            vqg_put_bytes_(vqg_shared_at(s->map, false), offset, from, part);
            from += part;
        } else {
            vqg_fetch_bytes_(vqg_shared_at(s->map, false), offset, to, part);
            to += part;
        }
        bytes -= part;
        offset = 0;
    }
    return VQG_OK;
}

/**
 * Copies `bytes` readable bytes of a chain, from byte `offset` on, to private
 * memory, each byte once; elements may be cut anywhere (2.7.4.1). The driver can
 * go on writing there, so what a decision needs is copied first, then judged.
 *
 * @return VQG_OK; VQG_BAD_LENGTH when the chain has fewer readable bytes;
 *         VQG_BAD_CHAIN when it, or the target, is null or a segment is not mapped.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_chain_read(const struct vqg_chain *c, uint32_t offset, void *to,
                                                          uint32_t bytes)
{
    return vqg_chain_copy_(c, false, offset, (unsigned char *)to, NULL, bytes);
}

/**
 * Copies `bytes` bytes to the writable part of a chain, from byte `offset` on.
 *
 * @return as vqg_chain_read(), of the writable bytes.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_chain_write(const struct vqg_chain *c, uint32_t offset, const void *from,
                                                           uint32_t bytes)
{
    return vqg_chain_copy_(c, true, offset, NULL, (const unsigned char *)from, bytes);
}

#ifdef __cplusplus
}
#endif

#endif
