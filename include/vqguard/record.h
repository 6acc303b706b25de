/* SPDX-License-Identifier: MIT */
/**
 * @file record.h
 * @brief Floor 2: the private record of what is in flight.
 *
 * One slot for each descriptor id, in the caller's private memory. It is the
 * only source of links, counts, lengths and cookies (rules X4, X5, U8): nothing
 * of the kind is ever taken from shared memory. Drivers, devices and the ledger
 * keep the same record.
 */
#ifndef VQGUARD_RECORD_H
#define VQGUARD_RECORD_H

#include "policy.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One descriptor id. 24 bytes where a pointer has 8, private; see struct vqg_record. */
struct vqg_slot {
    void *cookie;      /**< head: the driver's cookie, or the device's chain */
    uint32_t writable; /**< head: device-writable bytes */
    uint32_t least;    /**< head: least used length that the driver accepts */
    uint16_t next;     /**< the next descriptor of the chain, or of the free list */
    uint16_t count;    /**< 0: free; 1 to 32768: head of that many; VQG_SLOT_MEMBER_: part of a chain */
    uint16_t order;    /**< driver: head at this position of the avail ring */
    uint16_t position; /**< driver: head's own position in the avail ring */
};

/** `count` of a slot that is in a chain without being its head. */
#define VQG_SLOT_MEMBER_ 0xffffu

/** All slots of a queue. Private. */
struct vqg_record {
    struct vqg_slot *slots; /**< the caller's memory */
    uint32_t size;        /**< descriptors of the queue */
    uint32_t outstanding; /**< heads that are exposed and not returned */
};

/** Forgets everything: all slots are free. */
VQG_API void vqg_record_clear_(struct vqg_record *r)
{
    vqg_zero_(r->slots, (size_t)r->size * sizeof r->slots[0]);
    r->outstanding = 0;
}

/** True when the slot is a head in flight, exposed or not. */
VQG_API bool vqg_slot_is_head_(const struct vqg_slot *s)
{
    return (uint16_t)(s->count - 1u) < VQG_QUEUE_SIZE_MAX;
}

/** True when `id` is one of the `count` descriptors that are linked from `head`. */
VQG_API VQG_PORT_COLD bool vqg_record_links_(const struct vqg_record *r, uint16_t head, uint32_t count, uint32_t id)
{
    uint16_t at = head;
    uint32_t i;
    for (i = 0; i < count; i++) {
        if (at == id) {
            return true;
        }
        at = r->slots[at].next;
    }
    return false;
}

/**
 * Frees the `count` descriptors that are linked from `head`. Links stay readable
 * until the slots are used again.
 * @return the last descriptor of the chain
 */
VQG_API uint16_t vqg_record_free_(struct vqg_record *r, uint16_t head, uint32_t count)
{
    uint16_t id = head;
    uint32_t i;
    r->slots[id].count = 0;
    for (i = 1; i < count; i++) {
        id = r->slots[id].next;
        r->slots[id].count = 0;
    }
    return id;
}

#ifdef __cplusplus
}
#endif

#endif
