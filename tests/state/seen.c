/* SPDX-License-Identifier: MIT */
#include "seen.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hash {
    uint64_t a, b; /* both 0: none */
};

static struct hash *table;
static size_t places; /* a power of two, at most half of them taken */
static size_t taken;

/* Two words that are multiplied and shifted, each in its own way, by every word of the state. */
static struct hash hash_of(const void *state, size_t bytes)
{
    const unsigned char *p = state;
    struct hash h = {UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344)};
    for (size_t i = 0; i < bytes; i += 8u) {
        uint64_t word;
        memcpy(&word, p + i, 8);
        h.a = (h.a ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h.a ^= h.a >> 32;
        h.b = (h.b + word) * UINT64_C(0xbf58476d1ce4e5b9);
        h.b ^= h.b >> 29;
    }
    h.a ^= h.b >> 7; /* what a power of two takes of it has seen both */
    h.b |= 1u;
    return h;
}

/* Its place, or the empty one where it belongs. */
static struct hash *find(const struct hash *h)
{
    size_t i = (size_t)h->a & (places - 1u);
    while (table[i].b != 0u && (table[i].a != h->a || table[i].b != h->b)) {
        i = (i + 1u) & (places - 1u);
    }
    return &table[i];
}

static void make_room(size_t wanted)
{
    struct hash *old = table;
    size_t old_places = places;
    places = wanted;
    table = calloc(places, sizeof *table);
    if (table == NULL) {
        (void)fprintf(stderr, "state_space: out of memory\n");
        exit(1);
    }
    for (size_t i = 0; i < old_places; i++) {
        if (old[i].b != 0u) {
            *find(&old[i]) = old[i];
        }
    }
    free(old);
}

void forget_all(void)
{
    free(table);
    table = NULL;
    places = 0;
    taken = 0;
    make_room((size_t)1 << 16);
}

bool is_new(const void *state, size_t bytes)
{
    const struct hash h = hash_of(state, bytes);
    struct hash *place = find(&h);
    if (place->b != 0u) {
        return false;
    }
    *place = h;
    if (2u * ++taken > places) {
        make_room(2u * places);
    }
    return true;
}
