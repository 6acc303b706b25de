/* SPDX-License-Identifier: MIT */
/**
 * @file policy.h
 * @brief Floor 2: what a queue looks like, and what its endpoint accepts.
 *
 * Both are copied when an endpoint is set up and never read again, neither from
 * the caller's memory nor from shared state (rules Q8, T4).
 */
#ifndef VQGUARD_POLICY_H
#define VQGUARD_POLICY_H

#include "layout.h"
#include "shared.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vqg_device;

/** Byte order of a queue's fields (rule Q11). */
enum vqg_byte_order {
    VQG_ORDER_AUTO = 0, /**< little-endian with VERSION_1, the host's own order without */
    VQG_ORDER_LITTLE,   /**< little-endian */
    VQG_ORDER_BIG       /**< big-endian: a legacy queue of a big-endian guest; see VQG_CONFIG_CROSS_ENDIAN */
};

/**
 * A queue, as it was agreed on with the other side. Zero is a sensible value of
 * every field that a caller does not name.
 */
struct vqg_queue {
    uint32_t index;             /**< index of this queue; names it in records */
    uint32_t count;             /**< number of queues of the device; 0 means one */
    uint32_t size;              /**< descriptors */
    uint32_t size_max;          /**< largest size that the device offered; 0: not known */
    uint64_t features;          /**< feature bits that were acknowledged */
    enum vqg_byte_order order;  /**< byte order of the ring */
    void *desc;                 /**< driver: descriptor table, or packed ring; 16 bytes an entry */
    void *avail;                /**< driver: avail ring, 6 + 2 * size bytes; packed: its event suppression, 4 bytes */
    void *used;                 /**< driver: used ring, 6 + 8 * size bytes; packed: the device's, 4 bytes */
    uint64_t desc_addr;         /**< device: the driver's address of the descriptor table, or packed ring */
    uint64_t avail_addr;        /**< device: the driver's address of the avail ring, or driver event suppression */
    uint64_t used_addr;         /**< device: the driver's address of the used ring, or device event suppression */
    const struct vqg_device *sibling; /**< device: another queue of the same trust domain, or null (rule Q7) */
};

/** What to do with a used length beyond what was lent (rule U5), or below the least (rule U6). */
enum vqg_length_policy {
    VQG_LENGTH_REJECT = 0, /**< a violation */
    VQG_LENGTH_CLAMP,      /**< hand up what was lent, and say so in the completion's flags; flag what is too short */
    VQG_LENGTH_COUNT       /**< hand up what was lent, and count it; flag what is too short */
};

/** What to do with an element of no bytes (rule C8). */
enum vqg_zero_policy {
    VQG_ZERO_REJECT = 0, /**< a violation */
    VQG_ZERO_SKIP        /**< leave it out of the chain */
};

/** What to do with a buffer that runs on from one capability into the next (rule M1). */
enum vqg_span_policy {
    VQG_SPAN_REFUSE = 0, /**< a violation */
    VQG_SPAN_SPLIT       /**< one segment for each capability */
};

/** What a device does when a rule of kind CHAIN is broken. */
enum vqg_chain_policy {
    VQG_CHAIN_LATCH = 0, /**< the endpoint is dead until reset */
    VQG_CHAIN_DROP       /**< the chain goes back with length 0; the endpoint goes on */
};

/** Which way a queue goes (rule C9). */
enum vqg_direction {
    VQG_DIRECTION_ANY = 0,
    VQG_DIRECTION_READABLE, /**< device-readable elements only, as in a transmit queue */
    VQG_DIRECTION_WRITABLE  /**< device-writable elements only, as in a receive queue */
};

/** What an endpoint accepts. Take a profile and change what the device needs. */
struct vqg_policy {
    uint64_t required_features;   /**< refuse a queue that lacks one of these */
    uint64_t max_address;         /**< device: highest address of an element's byte; 0: no limit */
    uint64_t max_bytes_in_flight; /**< device: bytes of all popped chains together; 0: no limit */
    uint32_t max_bytes;           /**< device: bytes of one chain; 0: below 2^32 */
    uint32_t max_elements;        /**< elements of one chain; 0: the queue size */
    uint32_t max_table_entries;   /**< device: entries of an indirect table; 0: the queue size */
    uint32_t min_readable;        /**< device: least readable bytes of a chain (rule C10) */
    uint32_t min_writable;        /**< device: least writable bytes of a chain (rule C10) */
    uint32_t min_length;          /**< driver: least used length of every completion (rule U6); see `length` */
    enum vqg_length_policy length; /**< driver: used lengths that are too long */
    enum vqg_zero_policy zero;     /**< device: empty elements */
    enum vqg_span_policy span;     /**< device: buffers over two capabilities */
    enum vqg_chain_policy chain;   /**< device: chains that break a rule */
    enum vqg_direction direction;  /**< device: which way the queue goes */
    bool refuse_mixed;             /**< device: refuse what implementations read differently (rules I8, I9) */
    bool accept_unflagged;         /**< driver: packed: a used length counts without the write flag too, which some
                                    * devices never set; the specification says that it means nothing then (rule P8) */
    bool accept_claimed;           /**< driver: with IN_ORDER, accept lengths that nobody wrote: what lies in the
                                    * buffers is harmless, for instance zeroed before they are lent (rule O3) */
};

/**
 * The strict profile: only encodings that every implementation reads alike.
 * Lengths that are too long, empty elements, buffers over two capabilities, and
 * direct elements before a table are refused; VERSION_1 is required.
 */
VQG_API struct vqg_policy vqg_profile_strict(void)
{
    struct vqg_policy p;
    /* Zero is no limit, and of each choice the strictest. */
    vqg_zero_(&p, sizeof p);
    p.required_features = VQG_F_VERSION_1;
    p.refuse_mixed = true;
    return p;
}

/**
 * The specification profile: everything that the specification allows, legacy
 * queues included. Used lengths are clamped and the completion says so.
 */
VQG_API struct vqg_policy vqg_profile_spec(void)
{
    struct vqg_policy p = vqg_profile_strict();
    p.required_features = 0;
    p.length = VQG_LENGTH_CLAMP;
    p.zero = VQG_ZERO_SKIP;
    p.span = VQG_SPAN_SPLIT;
    p.refuse_mixed = false;
    p.accept_unflagged = true;
    p.accept_claimed = true;
    return p;
}

/** True when every field has a value of its type. */
VQG_API bool vqg_policy_is_sane_(const struct vqg_policy *p)
{
    return (unsigned)p->length <= (unsigned)VQG_LENGTH_COUNT && (unsigned)p->zero <= (unsigned)VQG_ZERO_SKIP &&
           (unsigned)p->span <= (unsigned)VQG_SPAN_SPLIT && (unsigned)p->chain <= (unsigned)VQG_CHAIN_DROP &&
           (unsigned)p->direction <= (unsigned)VQG_DIRECTION_WRITABLE;
}

/** The set-up rules that a driver and a device share. Fills nothing in. */
VQG_API enum vqg_status vqg_check_queue_(struct vqg_guard *g, const struct vqg_queue *q, const struct vqg_policy *p)
{
    uint32_t count = q->count == 0u ? 1u : q->count;
    bool modern = (q->features & VQG_F_VERSION_1) != 0u;
    bool packed = (q->features & VQG_F_RING_PACKED) != 0u;
    VQG_REQUIRE_SETUP(g, q->index < count, QUEUE_INDEX, VQG_BAD_INDEX, q->index, count);
    VQG_EXPECT_((q->features & p->required_features) == p->required_features, VQG_BAD_FEATURES);
    VQG_EXPECT_((q->features & VQG_F_LACKING_) == 0u, VQG_BAD_FORMAT);
    VQG_EXPECT_(!packed || modern, VQG_BAD_FEATURES);
    VQG_EXPECT_((unsigned)q->order <= (unsigned)VQG_ORDER_BIG, VQG_BAD_BYTE_ORDER);
    VQG_EXPECT_(VQG_BOTH_ORDERS_ || q->order != VQG_ORDER_BIG, VQG_BAD_BYTE_ORDER);
    VQG_REQUIRE_SETUP(g, !modern || q->order != VQG_ORDER_BIG, BYTE_ORDER, VQG_BAD_BYTE_ORDER, q->order,
                      VQG_ORDER_LITTLE);
    return vqg_check_size_(g, q->size, q->size_max, packed);
}

/** Byte order of a queue that has passed vqg_check_queue_(): true for big-endian. */
VQG_API bool vqg_queue_is_big_(const struct vqg_queue *q)
{
    if (q->order == VQG_ORDER_AUTO) {
        return (q->features & VQG_F_VERSION_1) == 0u && VQG_PORT_BIG_ENDIAN != 0;
    }
    return q->order == VQG_ORDER_BIG;
}

#ifdef __cplusplus
}
#endif

#endif
