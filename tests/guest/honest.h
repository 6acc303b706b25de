/* SPDX-License-Identifier: MIT */
/*
 * An honest virtio-blk driver on queue 0, over the vqguard driver endpoint: the
 * guest that must survive a hostile device, and the neighbour of a hostile
 * queue. Requests have three segments, every third goes through a table where
 * that is offered, HONEST_DEPTH are outstanding, and all data is checked.
 *
 * A life: honest_open(), more queues if there are any, honest_go(), then
 * requests, honest_close(). What does not hold is told as a sentence, three of which have names.
 */
#ifndef HONEST_H
#define HONEST_H

#include "virtio_mmio.h"

#include <vqguard/vqguard.h>

#define HONEST_DEPTH 4u

/* A rule was broken: honest_violation() has it. No completion came for two seconds. The device admits an error. */
extern const char honest_violated[];
extern const char honest_silent[];
extern const char honest_failed[];

extern struct vmmio honest_device;

/*
 * Finds the disk, agrees on those of the features that it offers, judges its
 * configuration, and begins a life of the endpoint. queues: that it must have.
 */
enum vqg_status honest_open(uint64_t features, uint32_t queues);

/* Enables queue 0 and declares the driver ready. */
enum vqg_status honest_go(void);

/* Looks for completions for some time while nothing is lent. Null when none came. */
const char *honest_idle(uint32_t milliseconds);

/* Writes with the pattern of `tag` and reads back; `count` requests in all. Null when all was as it must be. */
const char *honest_run(uint32_t count, unsigned tag);

/* Lends that many requests, at most HONEST_DEPTH, and does not wait. Null when they are lent. */
const char *honest_lend(uint32_t count);

/*
 * Resets the device under whatever is lent, and takes all of it back, once.
 * Null when it was so, and nothing of the guest's own was overwritten.
 */
const char *honest_close(void);

/* Sectors of the disk. */
uint64_t honest_capacity(void);

/* Requests served in this life. */
uint32_t honest_served(void);

/* The guest did not run all the time in this life, and may have missed something. */
bool honest_slept(void);

/* What stopped the endpoint in this life, or the transport; the rule is VQG_RULE_NONE when nothing did. */
const struct vqg_violation *honest_violation(void);

/* Tells a violation: its rule and what was said. */
void honest_tell(const struct vqg_violation *v);

#endif
