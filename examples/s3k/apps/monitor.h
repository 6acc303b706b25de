/* SPDX-License-Identifier: MIT */
/* The monitor between the disk and its clients. */
#ifndef MONITOR_H
#define MONITOR_H

/* Moves what there is to move, both ways, and says on the console who broke a rule. */
void monitor_pump(void);

#endif
