/* SPDX-License-Identifier: MIT */
/* Waits for descriptors, and calls who watches them. One thread. */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>

struct loop {
    int epoll;
};

/* Kept by who watches, until it is removed. */
struct watch {
    int fd;
    void (*ready)(void *context);
    void *context;
};

bool loop_open(struct loop *loop);
void loop_close(struct loop *loop);

/*
 * Calls w->ready when w->fd can be read; with `edge` once for each time that something
 * comes, without anything having to be read. False when it cannot be watched.
 */
bool loop_add(struct loop *loop, struct watch *w, bool edge);
void loop_remove(struct loop *loop, const struct watch *w);

/* Waits, -1 for ever, for one descriptor at most, so that whoever is called may remove any of them. */
bool loop_turn(struct loop *loop, int milliseconds);

#endif
