/* SPDX-License-Identifier: MIT */
/**
 * @file world.h
 * @brief A small world for a test: memory with canaries, a queue in it, and the
 * other side's hand on it.
 *
 * The memory has addresses of its own (WORLD_BASE and up), which differ from the
 * host's pointers, as a guest's do. The peer_* functions write and read it byte
 * by byte, without the library. Everything private (endpoint, slots, segments)
 * lies between canaries.
 */
#ifndef VQG_TEST_WORLD_H
#define VQG_TEST_WORLD_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>

#include "vqguard/vqguard.h"

#define WORLD_BASE ((uint64_t)0x40000000)
#define WORLD_BYTES ((size_t)4 << 20)
#define WORLD_BUS_OFFSET ((uint64_t)0x1000000000)
#define WORLD_CANARY 4096u
#define WORLD_SEGS 1100u

/* Where things lie, as offsets from WORLD_BASE. */
#define WORLD_DESC ((uint64_t)0x0)        /* 16 * 32768 = 512 KiB at most */
#define WORLD_AVAIL ((uint64_t)0x80000)
#define WORLD_USED ((uint64_t)0x98000)    /* up to 0xd8006 */
#define WORLD_TABLES ((uint64_t)0x100000) /* indirect tables, readable and writable like everything */
#define WORLD_DATA ((uint64_t)0x200000)   /* buffers */
#define WORLD_RDONLY ((uint64_t)0x300000) /* a capability with R alone, 64 KiB */
#define WORLD_WRONLY ((uint64_t)0x310000) /* a capability with W alone, 64 KiB, adjacent to the one before */
#define WORLD_HOLE ((uint64_t)0x320000)   /* no capability, up to WORLD_BYTES */

struct world {
    unsigned char *memory; /* WORLD_BYTES bytes, canaries before and after */
    struct vqg_slot *slots; /* `nslots` entries, canaries before and after */
    struct vqg_seg *segs;   /* WORLD_SEGS entries, canaries before and after */
    uint32_t nslots;
    uint32_t size;
    bool big; /* the ring is big-endian */
    struct vqg_cap caps[3];
    struct vqg_cap_table table;
    struct vqg_caps lookup;
    struct vqg_queue queue; /* ready for either endpoint */
    struct vqg_policy policy;
    struct vqg_driver driver;
    struct vqg_device device;
    struct vqg_ledger ledger;
    struct vqg_chain chain; /* over `segs` */
};

/** Makes a world with a queue of `size`, little-endian, VERSION_1 plus `features`, strict profile. */
struct world *world_new(uint32_t size, uint64_t features);
/** Frees it after checking every canary. */
void world_free(struct world *w);
/** Checks every canary now. */
void world_check_canaries(const struct world *w);

/** Initialises the endpoint and asserts VQG_OK. */
void world_start_driver(struct world *w);
void world_start_device(struct world *w);
void world_start_ledger(struct world *w);

/** A copy of all that an operation may change: shared memory, endpoints, slots, capabilities. */
struct world_copy;
struct world_copy *world_copy(const struct world *w);
/**
 * Asserts that nothing changed since the copy but what a refusal changes: the record of the violation and the
 * state of the endpoints, the number of the latest chain and whom a free slot last belonged to, which is scratch,
 * and where a device's window lies. Frees the copy.
 */
void world_assert_unchanged(const struct world *w, struct world_copy *before);
/** The same of all but shared memory, and keeps the copy: where many calls are not to touch that at all. */
void world_assert_private_unchanged(const struct world *w, const struct world_copy *before);

/** Host pointer for an offset, for looking at payload. */
unsigned char *world_at(const struct world *w, uint64_t offset);
/** Address for an offset. */
uint64_t world_addr(uint64_t offset);

/* The other side's hand: fields of the queue, written and read in the ring's byte order. */
void peer_put(const struct world *w, uint64_t offset, unsigned bytes, uint64_t value);
uint64_t peer_get(const struct world *w, uint64_t offset, unsigned bytes);
void peer_desc(const struct world *w, uint32_t i, uint64_t addr, uint32_t len, unsigned flags, unsigned next);
/** Entry `i` of an indirect table at `table` (an offset). */
void peer_entry(const struct world *w, uint64_t table, uint32_t i, uint64_t addr, uint32_t len, unsigned flags,
                unsigned next);
/** Makes `head` available at the driver's next position and moves the index. Positions start at 0. */
void peer_make_available(struct world *w, uint16_t position, uint16_t head);
void peer_avail_idx(const struct world *w, uint16_t idx);
void peer_avail_flags(const struct world *w, uint16_t flags);
void peer_used_event(const struct world *w, uint16_t event);
/** Returns (id, len) at `position` and moves the index. */
void peer_return(struct world *w, uint16_t position, uint32_t id, uint32_t len);
void peer_used_elem(const struct world *w, uint16_t position, uint32_t id, uint32_t len);
void peer_used_idx(const struct world *w, uint16_t idx);
void peer_used_flags(const struct world *w, uint16_t flags);
void peer_avail_event(const struct world *w, uint16_t event);
uint16_t peer_get_avail_idx(const struct world *w);
uint16_t peer_get_avail_entry(const struct world *w, uint16_t position);
uint16_t peer_get_used_idx(const struct world *w);
uint32_t peer_get_used_id(const struct world *w, uint16_t position);
uint32_t peer_get_used_len(const struct world *w, uint16_t position);

/** Asserts that the window is closed, or that one capability, the policy and the queue's parts allow all of it. */
void assert_window(const struct vqg_judge *j);

/** Asserts status, rule, index, value and limit of a violation in one go. */
void assert_violation(const struct vqg_violation *v, enum vqg_status st, enum vqg_rule rule, uint32_t index,
                      uint64_t value, uint64_t limit);
/** Asserts the rule alone (the tests of `tests/attacks` do not name positions). */
void assert_rule(const struct vqg_violation *v, enum vqg_status st, enum vqg_rule rule);

#endif
