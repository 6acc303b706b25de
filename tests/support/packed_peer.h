/* SPDX-License-Identifier: MIT */
/**
 * @file packed_peer.h
 * @brief The honest other side of a packed queue, in a world's memory: a driver that makes lists available and
 * reads what comes back, or a device that takes lists and returns them. Written and read byte by byte, without the
 * library.
 */
#ifndef VQG_TEST_PACKED_PEER_H
#define VQG_TEST_PACKED_PEER_H

#include "world.h"

/* Offsets within an element of the ring, and its flags (2.8.13). */
#define PACKED_ADDR 0u
#define PACKED_LEN 8u
#define PACKED_ID 12u
#define PACKED_FLAGS 14u
#define PACKED_NEXT 0x1u
#define PACKED_WRITE 0x2u
#define PACKED_INDIRECT 0x4u

/* The two flags of an element in the first lap; in the next all of them are turned over (2.8.1). */
#define PACKED_AVAILABLE 0x0080u
#define PACKED_USED 0x8080u
#define PACKED_TURN 0x8080u

/** What a driver writes into every element but a list's last, whose id counts (2.8.6). */
#define PACKED_NO_ID 0xffffu

/** Where a side is: a slot, and the flags' values of its lap. */
struct packed_cursor {
    uint32_t slot;
    bool wrap; /* the ring wrap counter: true at first */
};

struct packed_peer {
    struct world *w;
    struct packed_cursor avail; /* the next list is written, or read, here */
    struct packed_cursor used;  /* the next used element is read, or written, here */
    uint32_t count[65536];      /* descriptors of the list with that id */
};

/** Starts in the first lap of a ring that is clear. */
void packed_start(struct packed_peer *p, struct world *w);
/** A driver clears the ring (2.8.13). */
void packed_clear(const struct packed_peer *p);
/** `n` slots on. */
void packed_move(const struct packed_peer *p, struct packed_cursor *c, uint32_t n);
/** Flags, given as of the first lap, as they are in the lap of this cursor. */
unsigned packed_turned(struct packed_cursor c, unsigned flags);
/** A cursor as one word: the slot, and the wrap counter as bit 15. */
uint16_t packed_word(struct packed_cursor c);
/** Offset of an element in the world. */
uint64_t packed_at(uint32_t slot);
/** Writes an element as it is given. */
void packed_element(const struct packed_peer *p, uint32_t slot, uint64_t addr, uint32_t len, unsigned id,
                    unsigned flags);

/** A driver makes a list of `n` segments available, the head's flags last. */
void packed_post(struct packed_peer *p, const struct vqg_seg *seg, uint32_t n, uint16_t id);
/** A driver makes a table of `entries` at `addr` available. */
void packed_post_table(struct packed_peer *p, uint64_t addr, uint32_t entries, uint16_t id);
/** A driver takes the next used element; false: none. The length is 0 without the write flag. */
bool packed_collect(struct packed_peer *p, uint16_t *id, uint32_t *len);

/** A device takes the next list; false: none. Remembers its length by its id. */
bool packed_fetch(struct packed_peer *p, uint16_t *id);
/** A device returns a list that it took. */
void packed_return(struct packed_peer *p, uint16_t id, uint32_t len);

/** The event suppression structure of the driver, or of the device (2.8.14). */
void packed_events(const struct packed_peer *p, bool of_driver, uint16_t off_wrap, uint16_t flags);

#endif
