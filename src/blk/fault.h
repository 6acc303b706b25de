/* SPDX-License-Identifier: MIT */
/*
 * Memory that a client shares is a file of the client's, who may cut it off under
 * us. An access beyond its end is a SIGBUS; here it finds zeroes instead, and is remembered.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* Installs the handler; another program's own is told of what is not ours. Once. */
bool fault_init(void);

/* From now on faults in these bytes are caught; false when there is no room for one more mapping. */
bool fault_watch(void *base, size_t bytes);

/* No longer; before the mapping goes. */
void fault_unwatch(const void *base);

/* There was one; until that is forgotten, what the client's memory says is nobody's word. */
bool fault_seen(void);
void fault_forget(void);

#endif
