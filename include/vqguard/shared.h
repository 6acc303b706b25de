/* SPDX-License-Identifier: MIT */
/**
 * @file shared.h
 * @brief Floor 1: the only door to shared memory.
 *
 * Memory that the other side can write is held in a handle that has no type to
 * dereference. Each function below is one fetch or one store of exactly one
 * field (rules X1, X2); what it returns is private, and no caller fetches the
 * same field twice for one decision. Byte order is fixed in the handle when the
 * queue is set up and never depends on shared state (rule Q11).
 *
 * Offsets come from private indices that have passed their rule.
 */
#ifndef VQGUARD_SHARED_H
#define VQGUARD_SHARED_H

#include "port.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Queues in the byte order that the host does not have and VERSION_1 does not ask
 * for: legacy queues of a big-endian guest on a little-endian host. Default: a
 * build without them refuses such a queue, and spares each access the question.
 */
#ifndef VQG_CONFIG_CROSS_ENDIAN
#define VQG_CONFIG_CROSS_ENDIAN 0
#endif

/** True when this build can hold queues of either byte order. */
#define VQG_BOTH_ORDERS_ (VQG_CONFIG_CROSS_ENDIAN || VQG_PORT_BIG_ENDIAN)

/** A piece of shared memory. Only the functions of this file look inside. */
struct vqg_shared {
    volatile unsigned char *base_; /**< private: where it starts */
    uintptr_t kind_;               /**< private: VQG_SHARED_BIG_, VQG_SHARED_UNALIGNED_ */
};

#define VQG_SHARED_BIG_ 1u       /* fields are big-endian */
#define VQG_SHARED_UNALIGNED_ 2u /* base_ is not 8-byte aligned */

/** True when the pointer is `align`-aligned, a power of two, and not null. */
VQG_API bool vqg_is_aligned_(const void *p, uintptr_t align)
{
    return p != NULL && ((uintptr_t)p & (align - 1u)) == 0u;
}

/** Makes a handle for the memory at `base`, with fields of the given byte order. */
VQG_API struct vqg_shared vqg_shared_at(void *base, bool big_endian)
{
    struct vqg_shared s;
    s.base_ = (volatile unsigned char *)base;
    s.kind_ = (big_endian ? VQG_SHARED_BIG_ : 0u) | (((uintptr_t)base & 7u) != 0u ? VQG_SHARED_UNALIGNED_ : 0u);
    return s;
}

/** True when the fields are big-endian. */
VQG_API bool vqg_shared_is_big_(struct vqg_shared s)
{
    return VQG_BOTH_ORDERS_ && (s.kind_ & VQG_SHARED_BIG_) != 0u;
}

VQG_API bool vqg_shared_swaps_(struct vqg_shared s)
{
    return VQG_PORT_UNLIKELY(vqg_shared_is_big_(s) != (VQG_PORT_BIG_ENDIAN != 0));
}

VQG_API uint16_t vqg_swap16_(uint16_t v)
{
    return (uint16_t)((unsigned)(v >> 8) | ((unsigned)v << 8));
}

VQG_API uint32_t vqg_swap32_(uint32_t v)
{
    return ((uint32_t)vqg_swap16_((uint16_t)v) << 16) | vqg_swap16_((uint16_t)(v >> 16));
}

VQG_API uint64_t vqg_swap64_(uint64_t v)
{
    return ((uint64_t)vqg_swap32_((uint32_t)v) << 32) | vqg_swap32_((uint32_t)(v >> 32));
}

/** Fetches the 16-bit field at `offset`, once. */
VQG_API uint16_t vqg_fetch16_(struct vqg_shared s, size_t offset)
{
    const volatile void *p = s.base_ + offset;
    uint16_t v;
    VQG_PORT_INVALIDATE(p, 2u);
    v = vqg_port_load16((const volatile uint16_t *)p);
    return vqg_shared_swaps_(s) ? vqg_swap16_(v) : v;
}

/** Fetches a 16-bit ring index, once; what the peer wrote before it is visible after (rule X3). */
VQG_API uint16_t vqg_fetch16_acquire_(struct vqg_shared s, size_t offset)
{
    const volatile void *p = s.base_ + offset;
    uint16_t v;
    VQG_PORT_INVALIDATE(p, 2u);
    v = vqg_port_load16_acquire((const volatile uint16_t *)p);
    return vqg_shared_swaps_(s) ? vqg_swap16_(v) : v;
}

/** Fetches the 32-bit field at `offset`, once. */
VQG_API uint32_t vqg_fetch32_(struct vqg_shared s, size_t offset)
{
    const volatile void *p = s.base_ + offset;
    uint32_t v;
    VQG_PORT_INVALIDATE(p, 4u);
    v = vqg_port_load32((const volatile uint32_t *)p);
    return vqg_shared_swaps_(s) ? vqg_swap32_(v) : v;
}

/** Fetches the two 32-bit fields at `offset`, once each. */
VQG_API void vqg_fetch32x2_(struct vqg_shared s, size_t offset, uint32_t *first, uint32_t *second)
{
    const volatile void *p = s.base_ + offset;
    const volatile uint32_t *field = (const volatile uint32_t *)p;
    VQG_PORT_INVALIDATE(p, 8u);
    *first = vqg_port_load32(field);
    *second = vqg_port_load32(field + 1);
    if (vqg_shared_swaps_(s)) {
        *first = vqg_swap32_(*first);
        *second = vqg_swap32_(*second);
    }
}

/** Fetches the 64-bit field at `offset`, byte by byte, each byte once. */
VQG_API VQG_PORT_COLD uint64_t vqg_fetch64_bytes_(struct vqg_shared s, size_t offset)
{
    uint64_t v = 0;
    unsigned i;
    VQG_PORT_INVALIDATE(s.base_ + offset, 8u);
    /* A shift by a variable may be a call into the compiler's library; this one is by a constant. */
    for (i = 0; i < 8u; i++) {
        v = (v << 8) | vqg_port_load8(s.base_ + offset + i);
    }
    return vqg_shared_is_big_(s) ? v : vqg_swap64_(v);
}

/** Fetches the 64-bit field at `offset` of an aligned handle, once. */
VQG_API uint64_t vqg_fetch64_(struct vqg_shared s, size_t offset)
{
    const volatile void *p = s.base_ + offset;
    uint64_t v;
    VQG_PORT_INVALIDATE(p, 8u);
    v = vqg_port_load64((const volatile uint64_t *)p);
    return vqg_shared_swaps_(s) ? vqg_swap64_(v) : v;
}

/**
 * Fetches the two 64-bit fields at `offset`, once each. An indirect table may lie
 * at any address, so that an unaligned handle is read byte by byte.
 */
VQG_API void vqg_fetch128_(struct vqg_shared s, size_t offset, uint64_t *first, uint64_t *second)
{
    const volatile void *p = s.base_ + offset;
    const volatile uint64_t *field = (const volatile uint64_t *)p;
    if (VQG_PORT_UNLIKELY((s.kind_ & VQG_SHARED_UNALIGNED_) != 0u)) {
        *first = vqg_fetch64_bytes_(s, offset);
        *second = vqg_fetch64_bytes_(s, offset + 8u);
        return;
    }
    VQG_PORT_INVALIDATE(p, 16u);
    *first = vqg_port_load64(field);
    *second = vqg_port_load64(field + 1);
    if (vqg_shared_swaps_(s)) {
        *first = vqg_swap64_(*first);
        *second = vqg_swap64_(*second);
    }
}

/** Stores a 16-bit field. */
VQG_API void vqg_put16_(struct vqg_shared s, size_t offset, uint16_t v)
{
    volatile void *p = s.base_ + offset;
    vqg_port_store16((volatile uint16_t *)p, vqg_shared_swaps_(s) ? vqg_swap16_(v) : v);
    VQG_PORT_CLEAN(p, 2u);
}

/** Stores a 16-bit ring index after everything that was stored before it (rule X3). */
VQG_API void vqg_put16_release_(struct vqg_shared s, size_t offset, uint16_t v)
{
    volatile void *p = s.base_ + offset;
    vqg_port_store16_release((volatile uint16_t *)p, vqg_shared_swaps_(s) ? vqg_swap16_(v) : v);
    VQG_PORT_CLEAN(p, 2u);
}

/** Stores a 32-bit field. */
VQG_API void vqg_put32_(struct vqg_shared s, size_t offset, uint32_t v)
{
    volatile void *p = s.base_ + offset;
    vqg_port_store32((volatile uint32_t *)p, vqg_shared_swaps_(s) ? vqg_swap32_(v) : v);
    VQG_PORT_CLEAN(p, 4u);
}

/** Stores two 32-bit fields. */
VQG_API void vqg_put32x2_(struct vqg_shared s, size_t offset, uint32_t first, uint32_t second)
{
    volatile void *p = s.base_ + offset;
    volatile uint32_t *field = (volatile uint32_t *)p;
    vqg_port_store32(field, vqg_shared_swaps_(s) ? vqg_swap32_(first) : first);
    vqg_port_store32(field + 1, vqg_shared_swaps_(s) ? vqg_swap32_(second) : second);
    VQG_PORT_CLEAN(p, 8u);
}

/** Stores a 64-bit field. The handle is 8-byte aligned. */
VQG_API void vqg_put64_(struct vqg_shared s, size_t offset, uint64_t v)
{
    volatile void *p = s.base_ + offset;
    vqg_port_store64((volatile uint64_t *)p, vqg_shared_swaps_(s) ? vqg_swap64_(v) : v);
    VQG_PORT_CLEAN(p, 8u);
}

/** Stores two 64-bit fields. The handle is 8-byte aligned. */
VQG_API void vqg_put128_(struct vqg_shared s, size_t offset, uint64_t first, uint64_t second)
{
    volatile void *p = s.base_ + offset;
    volatile uint64_t *field = (volatile uint64_t *)p;
    vqg_port_store64(field, vqg_shared_swaps_(s) ? vqg_swap64_(first) : first);
    vqg_port_store64(field + 1, vqg_shared_swaps_(s) ? vqg_swap64_(second) : second);
    VQG_PORT_CLEAN(p, 16u);
}

/** Copies `bytes` bytes of payload out of shared memory, each byte once. */
VQG_API void vqg_fetch_bytes_(struct vqg_shared s, size_t offset, unsigned char *to, size_t bytes)
{
    size_t i;
    VQG_PORT_INVALIDATE(s.base_ + offset, bytes);
    for (i = 0; i < bytes; i++) {
        to[i] = vqg_port_load8(s.base_ + offset + i);
    }
}

/** Copies `bytes` bytes of payload into shared memory. */
VQG_API void vqg_put_bytes_(struct vqg_shared s, size_t offset, const unsigned char *from, size_t bytes)
{
    size_t i;
    for (i = 0; i < bytes; i++) {
        vqg_port_store8(s.base_ + offset + i, from[i]);
    }
    VQG_PORT_CLEAN(s.base_ + offset, bytes);
}

/** Clears private memory. */
VQG_API void vqg_zero_(void *at, size_t bytes)
{
    unsigned char *p = (unsigned char *)at;
    size_t i;
    for (i = 0; i < bytes; i++) {
        p[i] = 0;
    }
}

#ifdef __cplusplus
}
#endif

#endif
