/* SPDX-License-Identifier: MIT */
/** @file console.h A small driver: messages of a device, each with a length of its own in front. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "vqguard/vqguard.h"

#define CONSOLE_BUFFERS 4u
#define CONSOLE_MESSAGE 64u

struct console {
    struct vqg_driver queue;
    struct vqg_slot slots[16];
    unsigned char *buffers; /* shared with the device */
    char line[CONSOLE_MESSAGE];
    unsigned lines;
};

/** Sets it up over `memory`, and lends all buffers. False: the queue is refused. */
bool console_init(struct console *c, const struct vqg_queue *q, unsigned char *memory);
/** Takes what has come. */
void console_interrupt(struct console *c);

#endif
