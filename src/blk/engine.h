/* SPDX-License-Identifier: MIT */
/*
 * How requests reach the storage: at once, one after the other, or through
 * io_uring, many at a time. The rest of the program does not know which.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "disk.h"

struct engine;

enum engine_kind {
    ENGINE_ANY = 0, /* io_uring where it is */
    ENGINE_SYNC,
    ENGINE_URING
};

/* One for all queues. Null when there is none of that kind. */
struct engine *engine_open(enum engine_kind kind, const struct disk *disk);
void engine_close(struct engine *e);

/* "io_uring" or "sync". */
const char *engine_name(const struct engine *e);

/* A descriptor that is readable when something has ended; -1 when what was submitted has ended. */
int engine_fd(const struct engine *e);

/* Takes the request; maybe not before the next submit does it go. */
void engine_start(struct engine *e, struct disk_io *io);
void engine_submit(struct engine *e);

/* The next one that has ended, or null; with `wait`, null only when none is under way. */
struct disk_io *engine_reap(struct engine *e, bool wait);

#endif
