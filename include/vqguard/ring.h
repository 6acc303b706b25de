/* SPDX-License-Identifier: MIT */
/**
 * @file ring.h
 * @brief Floor 2: a queue in shared memory, and how far each side has come.
 *
 * The same structure serves both roles: what this side writes and the other side
 * reads is `own`, what it reads is `peer`. split.h says what a position means.
 */
#ifndef VQGUARD_RING_H
#define VQGUARD_RING_H

#include "policy.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A queue in shared memory. Private. */
struct vqg_ring {
    struct vqg_shared desc; /**< descriptor table */
    struct vqg_shared own;  /**< driver: avail ring; device: used ring; with the event word that this side asks in */
    struct vqg_shared peer; /**< driver: used ring; device: avail ring; with the event word that the other side asks in */
    uint32_t own_event;     /**< offset of the event word in `own` */
    uint32_t peer_event;    /**< offset of the event word in `peer` */
    uint32_t size;          /**< descriptors */
    uint32_t mask;          /**< split: size less one */
    uint16_t put;           /**< next position to write */
    uint16_t published;     /**< position up to which the other side may look */
    uint16_t get;           /**< next position to read */
    uint16_t seen;          /**< position up to which the other side's index has been accepted */
    bool event_idx;         /**< VIRTIO_F_EVENT_IDX was acknowledged */
    bool quiet;             /**< no notification is asked for: the own event word stays as it is */
};

/** What a notify decision asks: does `event` lie in the positions [was, now)? Safe when they wrap (E2, 2.7.10.1). */
VQG_API bool vqg_event_due_(uint16_t event, uint16_t now, uint16_t was)
{
    return (uint16_t)(now - event - 1u) < (uint16_t)(now - was);
}

/** Begins at the first position. */
VQG_API void vqg_ring_rewind_(struct vqg_ring *r)
{
    r->put = 0;
    r->published = 0;
    r->get = 0;
    r->seen = 0;
}

#ifdef __cplusplus
}
#endif

#endif
