/* SPDX-License-Identifier: MIT */
/*
 * Takes messages from a device, through vqguard: no index, id or length of the queue can lead it astray. What lies in
 * the buffers is its own business, and there it has a bug, which FIXED takes out.
 */
#include "console.h"

#include <string.h>

static void lend(struct console *c, unsigned char *buffer)
{
    const struct vqg_seg seg = vqg_in(buffer, CONSOLE_MESSAGE);
    (void)vqg_driver_add(&c->queue, &seg, 1, buffer);
}

bool console_init(struct console *c, const struct vqg_queue *q, unsigned char *memory)
{
    const struct vqg_policy policy = vqg_profile_strict();
    memset(c, 0, sizeof *c);
    c->buffers = memory;
    if (vqg_driver_init(&c->queue, q, &policy, c->slots, 16) != VQG_OK) {
        return false;
    }
    for (unsigned i = 0; i < CONSOLE_BUFFERS; i++) {
        lend(c, memory + i * CONSOLE_MESSAGE);
    }
    (void)vqg_driver_kick(&c->queue);
    return true;
}

/* A message: two bytes of length, and so many of text. */
static void show(struct console *c, const unsigned char *buffer, uint32_t bytes)
{
    const unsigned length = buffer[0] | (unsigned)buffer[1] << 8;
    if (bytes < 2u) {
        return;
    }
#if defined(FIXED)
    if (length > bytes - 2u) {
        return;
    }
#endif
    memcpy(c->line, buffer + 2, length); /* the bug: the device says how long it is, and nobody asks vqguard */
    c->lines++;
}

void console_interrupt(struct console *c)
{
    struct vqg_done done;
    for (unsigned i = 0; i < CONSOLE_BUFFERS && vqg_driver_take(&c->queue, &done) == VQG_OK; i++) {
        show(c, done.cookie, done.len);
        lend(c, done.cookie);
    }
    (void)vqg_driver_kick(&c->queue);
}
