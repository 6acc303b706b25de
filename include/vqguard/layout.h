/* SPDX-License-Identifier: MIT */
/**
 * @file layout.h
 * @brief Floor 1: the specification's structures as offsets and sizes.
 *
 * No C structure is laid over shared memory; offsets and sizes are in bytes.
 */
#ifndef VQGUARD_LAYOUT_H
#define VQGUARD_LAYOUT_H

#include "guard.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Largest queue of either format (2.7, 2.8.10.1). */
#define VQG_QUEUE_SIZE_MAX 32768u

/* Feature bits that shape a queue (6). */
#define VQG_F_INDIRECT_DESC ((uint64_t)1 << 28)     /**< indirect tables */
#define VQG_F_EVENT_IDX ((uint64_t)1 << 29)         /**< event words in place of flags */
#define VQG_F_VERSION_1 ((uint64_t)1 << 32)         /**< not legacy */
#define VQG_F_ACCESS_PLATFORM ((uint64_t)1 << 33)   /**< addresses are the platform's */
#define VQG_F_RING_PACKED ((uint64_t)1 << 34)       /**< packed queues; see VQG_CONFIG_PACKED */
#define VQG_F_IN_ORDER ((uint64_t)1 << 35)          /**< chains are returned in the order in which they came */
#define VQG_F_NOTIFICATION_DATA ((uint64_t)1 << 38) /**< notifications carry a position */
#define VQG_F_RING_RESET ((uint64_t)1 << 40)        /**< a queue can be reset alone */

/** Define it to 0 for a build without packed queues, which refuses them with VQG_BAD_FORMAT. */
#ifndef VQG_CONFIG_PACKED
#define VQG_CONFIG_PACKED 1
#endif
/** Features that shape a queue in a way that this build lacks. */
#define VQG_F_LACKING_ (VQG_CONFIG_PACKED ? (uint64_t)0 : VQG_F_RING_PACKED)

/* Descriptor flags (2.7.5). */
#define VQG_DESC_F_NEXT 1u     /**< the chain goes on */
#define VQG_DESC_F_WRITE 2u    /**< device-writable */
#define VQG_DESC_F_INDIRECT 4u /**< refers to an indirect table */
#define VQG_DESC_F_KNOWN_ 7u
#define VQG_DESC_F_AVAIL 0x0080u /**< packed: with VQG_DESC_F_USED, whose the descriptor is (2.8.1) */
#define VQG_DESC_F_USED 0x8000u  /**< packed */
#define VQG_DESC_F_LAP_ (VQG_DESC_F_AVAIL | VQG_DESC_F_USED)

/* Ring flags (2.7.6, 2.7.8). */
#define VQG_AVAIL_F_NO_INTERRUPT 1u /**< the driver wants no interrupts */
#define VQG_USED_F_NO_NOTIFY 1u     /**< the device wants no kicks */
#define VQG_RING_F_QUIET_ 1u        /* either of the two */

/* Sizes in bytes, and offsets within the avail and the used ring. */
#define VQG_DESC_BYTES 16u     /**< a descriptor */
#define VQG_AVAIL_ELEM_BYTES 2u /**< an entry of the avail ring */
#define VQG_USED_ELEM_BYTES 8u  /**< an entry of the used ring */
#define VQG_RING_FLAGS_OFFSET_ 0u
#define VQG_RING_IDX_OFFSET_ 2u
#define VQG_RING_ENTRY_OFFSET_ 4u
/* ... within a descriptor of a packed ring (2.8.13). */
#define VQG_PACKED_LEN_OFFSET_ 8u
#define VQG_PACKED_ID_OFFSET_ 12u
#define VQG_PACKED_FLAGS_OFFSET_ 14u
/* What the flags of an event suppression structure say (2.8.14). */
#define VQG_EVENT_ENABLE_ 0u
#define VQG_EVENT_DISABLE_ 1u
#define VQG_EVENT_DESC_ 2u
#define VQG_EVENT_BYTES 4u /**< an event suppression structure */

/* Alignments in bytes (2.7.1). */
#define VQG_DESC_ALIGN 16u /**< of a descriptor table */
#define VQG_AVAIL_ALIGN 2u /**< of an avail ring */
#define VQG_USED_ALIGN 4u  /**< of a used ring */
#define VQG_EVENT_ALIGN 4u /**< of an event suppression structure */

/** Bytes of a descriptor table with `n` entries. */
VQG_API uint64_t vqg_desc_bytes(uint32_t n)
{
    return (uint64_t)n * VQG_DESC_BYTES;
}

/** Bytes of an avail ring with `n` entries, the used_event word included. */
VQG_API uint64_t vqg_avail_bytes(uint32_t n)
{
    return 6u + (uint64_t)n * 2u;
}

/** Bytes of a used ring with `n` entries, the avail_event word included. */
VQG_API uint64_t vqg_used_bytes(uint32_t n)
{
    return 6u + (uint64_t)n * VQG_USED_ELEM_BYTES;
}

/** True when the two ranges of addresses share a byte. Neither is empty, neither wraps. */
VQG_API bool vqg_ranges_overlap_(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a <= b + (b_bytes - 1u) && b <= a + (a_bytes - 1u);
}

/** True when the range is not empty and its last byte has an address. */
VQG_API bool vqg_range_is_sane_(uint64_t base, uint64_t bytes)
{
    return bytes != 0u && bytes - 1u <= UINT64_MAX - base;
}

/** True for 1, 2, 4, and so on. */
VQG_API bool vqg_is_power_of_two_(uint64_t v)
{
    return v != 0u && (v & (v - 1u)) == 0u;
}

/** Where the parts of a legacy queue lie (2.7.2): offsets from its first byte, and its size. */
struct vqg_legacy_layout {
    uint64_t avail; /**< offset of the avail ring */
    uint64_t used;  /**< offset of the used ring */
    uint64_t bytes; /**< size of the whole, a multiple of the alignment */
};

/** The size rules, which both roles share. */
VQG_API enum vqg_status vqg_check_size_(struct vqg_guard *g, uint32_t size, uint32_t size_max, bool packed)
{
    VQG_REQUIRE_SETUP(g, size != 0u, QUEUE_SIZE_ZERO, VQG_BAD_SIZE, size, 1u);
    if (packed) {
        VQG_REQUIRE_SETUP(g, size <= VQG_QUEUE_SIZE_MAX, QUEUE_SIZE_PACKED, VQG_BAD_SIZE, size, VQG_QUEUE_SIZE_MAX);
    } else {
        VQG_REQUIRE_SETUP(g, size <= VQG_QUEUE_SIZE_MAX && vqg_is_power_of_two_(size), QUEUE_SIZE_SPLIT, VQG_BAD_SIZE,
                          size, VQG_QUEUE_SIZE_MAX);
    }
    VQG_REQUIRE_SETUP(g, size_max == 0u || size <= size_max, QUEUE_SIZE_MAX, VQG_BAD_SIZE, size, size_max);
    return VQG_OK;
}

/**
 * Computes the layout of a legacy split queue, whose parts lie one behind the
 * other (2.7.2). `size` may come from the device; `align` is the transport's
 * queue alignment in bytes (4096 for legacy PCI and MMIO).
 *
 * @return VQG_OK; VQG_BAD_SIZE (Q1, Q2); VQG_BAD_ALIGN (Q10); VQG_BAD_QUEUE for a null `out`.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_layout_legacy(uint32_t size, uint32_t align,
                                                             struct vqg_legacy_layout *out)
{
    struct vqg_guard g = {{VQG_RULE_NONE, 0, 0, 0, 0, 0}, 0, 0, false, false};
    enum vqg_status st = vqg_check_size_(&g, size, 0u, false);
    uint64_t mask = (uint64_t)align - 1u;
    VQG_EXPECT_(out != NULL, VQG_BAD_QUEUE);
    if (st != VQG_OK) {
        return st;
    }
    VQG_REQUIRE_SETUP(&g, vqg_is_power_of_two_(align) && align >= VQG_USED_ALIGN, LEGACY_LAYOUT, VQG_BAD_ALIGN, align,
                      VQG_USED_ALIGN);
    /* At most 2^32 + 2^20: a 64-bit sum cannot overflow. */
    out->avail = vqg_desc_bytes(size);
    out->used = (out->avail + vqg_avail_bytes(size) + mask) & ~mask;
    out->bytes = (out->used + vqg_used_bytes(size) + mask) & ~mask;
    return VQG_OK;
}

#ifdef __cplusplus
}
#endif

#endif
