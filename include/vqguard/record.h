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

/** One descriptor id. 32 bytes where a pointer has 8, private; see struct vqg_record. */
struct vqg_slot {
    void *cookie;      /**< head: driver: comes back with the completion; device: the chain */
    uint32_t writable; /**< head: device-writable bytes */
    uint32_t least;    /**< driver, head: least used length that is accepted */
    uint16_t count;    /**< head: descriptors of its chain; 0: not the head of a chain in flight */
    uint16_t next;     /**< the next descriptor of the chain, or of the free list */
    uint16_t tail;     /**< driver, head: the last descriptor of its chain */
    uint16_t order;    /**< the head, or packed list, that was put at (driver) or taken from (device) this ring index */
    uint16_t position; /**< driver, head: where it was put */
    uint16_t owner;    /**< device: head of the chain that it was last seen in; ledger alone: 1 while in a chain */
    uint32_t serial;   /**< device: number of that chain; 0: none */
};

/** All slots of a queue. Private. */
struct vqg_record {
    struct vqg_slot *slots; /**< the caller's memory */
    uint32_t size;        /**< descriptors of the queue */
    uint32_t serial;      /**< device: number of the latest chain */
};

/** Forgets everything: all slots are free. */
VQG_API void vqg_record_clear_(struct vqg_record *r)
{
    vqg_zero_(r->slots, (size_t)r->size * sizeof r->slots[0]);
    r->serial = 1;
}

/** True when the slot is the head of a chain in flight, exposed or not. */
VQG_API bool vqg_slot_is_head_(const struct vqg_slot *s)
{
    return s->count != 0u;
}

/* ---- which chain a descriptor belongs to: the device's side ---- */

/**
 * True when the descriptor belongs to a chain in flight: its owner heads one, of
 * the number that the descriptor bears. A chain that ends takes all its
 * descriptors with it, however many there are.
 */
VQG_API bool vqg_record_is_used_(const struct vqg_record *r, const struct vqg_slot *s)
{
    const struct vqg_slot *owner = &r->slots[s->owner];
    return owner->serial == s->serial && owner->count != 0u;
}

/** Numbers begin again: no descriptor that is free now may bear one that is still to come. */
VQG_API VQG_PORT_COLD void vqg_record_renumber_(struct vqg_record *r)
{
    uint32_t i;
    for (i = 0; i < r->size; i++) {
        if (!vqg_record_is_used_(r, &r->slots[i])) {
            r->slots[i].serial = 0;
        }
    }
    /* Those in flight share a number that no other chain gets: their heads tell them apart. */
    for (i = 0; i < r->size; i++) {
        r->slots[i].serial = r->slots[i].serial != 0u;
    }
    r->serial = 2;
}

/** The number of a chain that begins. */
VQG_API uint32_t vqg_record_begin_(struct vqg_record *r)
{
    if (VQG_PORT_UNLIKELY(++r->serial == 0u)) {
        vqg_record_renumber_(r);
    }
    return r->serial;
}

#ifdef __cplusplus
}
#endif

#endif
