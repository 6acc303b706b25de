/* SPDX-License-Identifier: MIT */
/*
 * What is in flight, where it outlives this process: a region that the front end
 * keeps while there is no back end. It comes back like anything else from outside: each
 * of its fields is fetched once, and the endpoint judges the result (rule R7).
 *
 * Split: which heads are taken and not returned, and the batch that is being returned, laid out as
 * the protocol has it. Packed: requests go back in the order of the ring, one at a time, so that a
 * position says it all, but for one that is being returned, which is over its own descriptors already.
 */
#ifndef INFLIGHT_H
#define INFLIGHT_H

#include "vhost_user.h"

#include <stdbool.h>
#include <stddef.h>

#include <vqguard/vqguard.h>

struct inflight {
    void *map;
    size_t map_bytes;
    unsigned char *base; /* null: none */
    uint32_t queues;
    size_t part_bytes; /* for each queue */
};

/* The part of one queue. */
struct inflight_queue {
    struct vqg_shared at;
    uint32_t size;  /* of the queue; 0: nobody keeps anything */
    bool packed;
    uint64_t taken; /* so far */
};

/* Makes a region; its descriptor, or -1. `said` becomes what the front end is told. */
int inflight_create(struct vhost_user_inflight *said);

/* Takes the region that a front end hands over. Why not, or null. */
const char *inflight_map(struct inflight *in, const struct vhost_user_inflight *said, int fd);
void inflight_unmap(struct inflight *in);

/* The part of queue `index`, which has `size` descriptors; empty without a region. */
struct inflight_queue inflight_queue(const struct inflight *in, uint32_t index, uint32_t size, bool packed);

/* True when the part is of an earlier process, for such a queue; a part that nobody used yet is begun. */
bool inflight_resumes(const struct inflight_queue *q);
void inflight_begin(struct inflight_queue *q, uint16_t position);

/* Split: heads that were in flight, oldest first, at most `size`; `used` is where the queue goes on returning. */
uint32_t inflight_heads(struct inflight_queue *q, uint16_t used, uint16_t *heads);

/* Split: a chain was taken; it is about to be returned; it and others, up to `used`, were. */
void inflight_take(struct inflight_queue *q, uint16_t head);
void inflight_return(struct inflight_queue *q, uint16_t head);
void inflight_returned(struct inflight_queue *q, const uint16_t *heads, uint32_t count, uint16_t used);

/* Packed: what is being returned: an element, from position `at` on up to `next`. */
struct inflight_element {
    uint16_t at;
    uint16_t next;
    uint16_t id;
    uint32_t len;
    bool under_way;
};

struct inflight_element inflight_element(const struct inflight_queue *q);
void inflight_return_element(struct inflight_queue *q, const struct inflight_element *e);
void inflight_move_on(struct inflight_queue *q, uint16_t position);

#endif
