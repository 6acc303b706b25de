/* SPDX-License-Identifier: MIT */
/* The disk, as the monitor has it: one queue, in memory that no client holds. */
#ifndef BACK_H
#define BACK_H

#include <vqguard/vqguard.h>

/* Brings the disk up, packed if it can be so, and sets the endpoint up. False, with a line on the console. */
bool back_open(struct vqg_driver *driver);

/* What was agreed on. */
uint64_t back_features(void);

/* From now on the disk may lie (liar.h). */
void back_may_lie(void);

void back_notify(const struct vqg_driver *driver);

/* True when the disk has stopped; brought up again by back_reopen(), with the same queue. */
bool back_reset(void);
bool back_reopen(void);

#endif
