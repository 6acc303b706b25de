/* SPDX-License-Identifier: MIT */
/**
 * @file stage.h
 * @brief The honest state that every attack starts from, and the attacker's writes, on a world's memory, in either
 * format.
 *
 * The guarded endpoints (play.c), the unguarded ones (show.c, naive_device.c) and the model are attacked on the same
 * stage. It plays the honest part of the side that is not under test, and keeps where everything is.
 */
#ifndef VQG_ATTACKS_STAGE_H
#define VQG_ATTACKS_STAGE_H

#include "attacks.h"
#include "packed_peer.h"

/* The tables name addresses without knowing the world; here both meet. */
_Static_assert(ATTACK_BASE == WORLD_BASE && ATTACK_AVAIL == WORLD_BASE + WORLD_AVAIL, "where the rings are");
_Static_assert(ATTACK_USED == WORLD_BASE + WORLD_USED && ATTACK_TABLE == WORLD_BASE + WORLD_TABLES, "and the table");
_Static_assert(ATTACK_HEADER(0) == WORLD_BASE + WORLD_DATA && ATTACK_RDONLY == WORLD_BASE + WORLD_RDONLY, "buffers");
_Static_assert(ATTACK_WRONLY == WORLD_BASE + WORLD_WRONLY && ATTACK_HOLE == WORLD_BASE + WORLD_HOLE, "other memory");

struct stage {
    struct world *w;
    const struct attack *a;
    bool packed;
    uint16_t posted;            /* split: position in the avail ring */
    uint16_t returned;          /* split: position in the used ring */
    struct packed_peer peer;    /* packed */
    struct packed_cursor first; /* packed: where request 0 begins, once the rounds are over */
    struct packed_cursor look;  /* packed: the used element under attack */
    uint16_t id[ATTACK_SIZE];   /* head or id of each request */
    uint32_t notify;            /* what goes to the notification register */
};

/** An empty queue in a world of ATTACK_SIZE. */
void stage_begin(struct stage *s, struct world *w, const struct attack *a, bool packed);
/** The side that the stage plays begins anew, as after a reset. */
void stage_restart(struct stage *s);
/** And it is the driver, so that the queue is empty. */
void stage_clear(struct stage *s);

/** The segments of request `k`; returns how many. */
uint32_t stage_segments(const struct attack *a, uint32_t k, struct vqg_seg seg[3]);
/** Writable bytes of an honest request. */
uint32_t stage_writable(const struct attack *a);
/** Descriptors that it takes in the ring. */
uint32_t stage_descriptors(const struct attack *a);

/** A driver makes request `k` available. */
void stage_post(struct stage *s, uint32_t k);
/** A driver finds request `k`, with `len` bytes, in the next used element. */
bool stage_collect(struct stage *s, uint32_t k, uint32_t len);
/** A device takes the next chain, which is request `k`. */
bool stage_fetch(struct stage *s, uint32_t k);
/** A device returns request `k`, of which it wrote all that can be written. */
void stage_return(struct stage *s, uint32_t k);

/** From here on request 0 is the one that is posted or added next. */
void stage_mark_first(struct stage *s);
/** From here on the used element that comes next is the one under attack. */
void stage_mark_look(struct stage *s);
/** Applies the attack's writes to memory, configuration and the notification. */
void stage_apply(struct stage *s);

#endif
