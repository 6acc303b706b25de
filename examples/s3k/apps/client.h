/* SPDX-License-Identifier: MIT */
/* A process that uses a disk: app0, or the second client. One program, at two places. */
#ifndef CLIENT_H
#define CLIENT_H

#include "app.h"
#include "protocol.h"
#include "registers.h"

/* "driver" or "client": who speaks on the console. */
const char *client_name(void);

#define client_say(format, ...) app_say("%s: " format, client_name(), __VA_ARGS__)

/* The roles. */
void alone(void);    /* app0 has the disk's registers */
void honest(void);   /* keeps to its memory and its sectors */
void steady(void);   /* likewise, and goes on for ever */
void hostile(void);  /* app0 has not */
void lender(void);   /* gives memory up, or loses it, that it lent to the disk */
void deceived(void); /* keeps to the rules, but the disk does not */
void cost(const struct vqg_mmio_hooks *hooks, bool guarded); /* counts */

/* After a reset, a client is as any: it writes a sector and reads it back. */
bool works_again(void);
#define BETWEEN_TICKS (250u * 1000u * S3K_TICKS_PER_US) /* in which the other client is seen to be served */

#endif
