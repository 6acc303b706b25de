/* SPDX-License-Identifier: MIT */
/* The disk by messages to the monitor. */
#ifndef REMOTE_H
#define REMOTE_H

#include "protocol.h"

#include <vqguard/mmio.h>

/* `source`: the end to call through. */
void remote_init(uint64_t source);

/* Request level: waits for the request's end. */
enum protocol_answer remote_request(enum protocol_op op, uint64_t sector, uint32_t addr, uint32_t bytes);

/* False: what the client had under way did not come to an end. */
bool remote_reset(void);

/* One message of any other kind, and its answer. */
enum protocol_answer remote_ask(enum protocol_op op, uint32_t low);

void remote_leave(void);

/* A counter of enum cost. */
uint64_t remote_cost(uint32_t which);

/* Queue level: the registers of a transport. */
struct vqg_mmio_hooks remote_hooks(void);

#endif
