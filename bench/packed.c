/* SPDX-License-Identifier: MIT */
/**
 * @file packed.c
 * @brief The trusting device of a packed queue.
 */
#include <string.h>

#include "bench.h"

#define FLAG_AVAIL 0x80u
#define FLAG_USED 0x8000u

/* Returns a batch in order. Each chain is as long as the shape says, so nothing needs to be followed. */
static void answer(const struct ring *r, const struct shape *s, const uint16_t *heads)
{
    static uint32_t position;
    static bool wrap = true;
    uint32_t descs = s->indirect ? 1u : s->segments;
    uint32_t i;
    (void)heads;
    for (i = 0; i < s->batch; i++) {
        unsigned char *first = r->desc + 16u * position;
        unsigned char *last = r->desc + 16u * ((position + descs - 1u) % s->size);
        uint32_t len = s->segments > 1u ? 64u : 0u;
        uint16_t flags = (uint16_t)((wrap ? FLAG_AVAIL | FLAG_USED : 0u) | (len != 0u ? VQG_DESC_F_WRITE : 0u));
        memcpy(first + 12, last + 12, 2);
        memcpy(first + 8, &len, 4);
        memcpy(first + 14, &flags, 2);
        position += descs;
        if (position >= s->size) {
            position -= s->size;
            wrap = !wrap;
        }
    }
}

const struct format format_packed = {"packed", 0, NULL, NULL, answer};
