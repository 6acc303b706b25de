/* SPDX-License-Identifier: MIT */
/* A life of the hostile guest: both queues come up, queue 0 works all the while, and all of it ends in a reset. */
#ifndef HOSTILE_LIFE_H
#define HOSTILE_LIFE_H

#include "attacks.h"
#include "guest.h"
#include "honest.h"

/*
 * The device comes up with these features, and serves a few honest requests.
 * Queue 1 is a raw ring, configured as the attack has it if there is one on that.
 */
void life_begin(uint64_t features, bool packed, const struct attack *set_up);

void life_notify(void);

/* Queue 0 goes on, for as long as something on queue 1 may take to show. */
void life_meanwhile(uint32_t milliseconds);

/* A few more honest requests, a reset, and a look at what nobody may have written. */
void life_end(void);

/* Number of the life, and what its honest requests write. */
uint32_t life_number(void);
unsigned life_tag(void);

/* Ends the program unless `wrong` is null. */
void life_need(const char *wrong);
_Noreturn void life_broken(const char *what);

#endif
