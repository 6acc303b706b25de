/* SPDX-License-Identifier: MIT */
/*
 * The hostile disk: attacks on a guest's driver, played by name or at random. The
 * attacks on the queue are those of tests/attacks, put onto the queue as it is at that
 * moment; those on the disk's own part of the protocol are in hostile_blk.c.
 *
 * A life of a queue is from its start to its stop. An attack is armed over lives until it was
 * played, once; the rest of that life, and all of the next, is honest.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "vring.h"

/* Arms the attacks of that list; false, and it is said why, when there is no such attack. */
bool hostile_arm(const char *names, uint64_t after);
void hostile_arm_random(uint64_t seed, uint64_t after);

/* Prints what attacks there are. */
void hostile_list(void);

/* Some attack that was asked for was never played. */
bool hostile_missed(void);

/* ---- where the honest disk asks; all of it is nothing when no attack is armed ---- */

/* The configuration space, before anyone sees it; and that somebody did. */
void hostile_config(unsigned char config[BLK_CONFIG_BYTES]);
void hostile_config_seen(void);

/* A queue has started; it has stopped, and is still there. */
void hostile_started(struct vring *v);
void hostile_stopped(struct vring *v);

/* It is not to be served now: an attack is waited for, or its effect. */
bool hostile_holds(const struct vring *v);

/* Requests that have ended are not to be returned now: more are to be in flight first. */
bool hostile_delays(const struct vring *v);

/* One request at a time is to be returned. */
bool hostile_watches(const struct vring *v);

/* The status of a request, and its used length, before both are written; false: no status is to be written. */
bool hostile_answer(const struct request *r, uint8_t *status, uint32_t *length);

/* Something was returned and is not published: true when that was done here. */
bool hostile_publish(struct vring *v);

/* What depends on time. How long to wait for it, in milliseconds; -1: for ever. */
void hostile_tick(struct vring_world *w);
int hostile_wait(void);

#endif
