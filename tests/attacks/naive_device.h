/* SPDX-License-Identifier: MIT */
/**
 * @file naive_device.h
 * @brief A device without a guard, and what an attack does to it.
 */
#ifndef VQG_ATTACKS_NAIVE_DEVICE_H
#define VQG_ATTACKS_NAIVE_DEVICE_H

#include "attacks.h"

/** The device's queue. */
struct naive_queue {
    unsigned char *memory;
    uint32_t size;
    uint64_t desc;
    uint64_t avail;
    uint64_t used;
    uint16_t last_avail; /* packed: slots */
    uint16_t used_idx;
    bool packed;
    bool avail_wrap;
    bool used_wrap;
    uint32_t *count; /* packed: descriptors by id, with nothing behind the last */
};

/** A chain that it took. */
struct naive_chain {
    uint16_t head; /* packed: slot of its first element */
    uint16_t id;
    uint32_t written;
};

/* Fields of the driver's memory; what is touched is noted. */
uint64_t naive_get(const struct naive_queue *q, uint64_t addr, unsigned bytes);
void naive_put(const struct naive_queue *q, uint64_t addr, unsigned bytes, uint64_t v);
/** One element is there to be served, or to be sized. */
uint32_t naive_element(const struct naive_queue *q, uint64_t addr, uint32_t len, bool write, bool serve);
/** A table was entered. */
void naive_table(uint64_t addr, uint64_t bytes);

/* The packed format: what waits, a walk over it that sizes it and one that serves it, and its return. */
bool naive_packed_waits(const struct naive_queue *q);
void naive_packed_take(struct naive_queue *q, struct naive_chain *c);
void naive_packed_walk(const struct naive_queue *q, struct naive_chain *c, bool serve);
void naive_packed_push(struct naive_queue *q, const struct naive_chain *c);

/**
 * Plays an attack against the naive device, in this process: it may crash or never return, so it is called in a
 * child. `text` says what was seen.
 */
void naive_device_play(const struct attack *a, bool packed, char *text, size_t bytes);

/** The same for a driver of a packed queue that reads used elements as the specification's example does. */
void naive_packed_driver_play(const struct attack *a, char *text, size_t bytes);

/** Memory of `bytes` bytes between stretches that fault, the larger the better. */
unsigned char *fenced_memory(size_t bytes);

#endif
