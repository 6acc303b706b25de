/* SPDX-License-Identifier: MIT */
/* The pool of virtio-blk requests that guarded.c keeps the queue full with. */
#ifndef REQUEST_H
#define REQUEST_H

#include "guarded.h"

#include <vqguard/vqguard.h>

#define REQUEST_QUEUE 64u                 /* queue size */
#define REQUEST_POOL (REQUEST_QUEUE + 8u) /* more, so that the queue is seen full */

struct request; /* private memory; the device never learns its address */

void request_pool_init(void);

/* Requests in use, be they lent or not. */
uint32_t request_outstanding(void);

/* Takes an idle request, of which there must be one: number n of the job. */
struct request *request_take(const struct job *job, uint32_t n);

void request_put(struct request *r);

/* Adds its segments to the queue, through its own table if the job says so. */
enum vqg_status request_add(struct vqg_driver *drv, struct request *r);

/* Puts it back. NULL if all is as the request asked for, otherwise what is not. */
const char *request_finish(struct vqg_driver *drv, const struct vqg_done *done);

/* Puts it back after a reset, when its contents mean nothing. */
const char *request_abandon(const struct vqg_done *done);

#endif
