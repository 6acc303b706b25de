/* SPDX-License-Identifier: MIT */
/**
 * @file memory.h
 * @brief The memory that both sides share, and the hostile side's hand on it.
 *
 * There are two copies. `shared` is what the library reads and writes; `found` is
 * what it has found there, and does not have what the library itself stored in
 * the present call: what the model judges, after the call, is exactly what the
 * library has judged, even when each load was answered differently. When the
 * call has been judged, memory_settle() looks at each store and brings `found` up
 * to date. Every access goes through fuzz_load() and fuzz_store(), which fail on
 * the spot when it is outside of the memory, misaligned, the second look at the
 * same bytes, or one too many.
 */
#ifndef VQG_FUZZ_MEMORY_H
#define VQG_FUZZ_MEMORY_H

#include "script.h"

#define SHARED_BYTES 4096u
#define SHARED_BASE UINT64_C(0x10000) /* address of its first byte, for whoever writes descriptors */

/* Where the same memory can be seen again by a device, at addresses that are aligned in another way. */
#define ALIAS_BASE (SHARED_BASE + 0x20002u)
#define ALIAS_BYTES 0x200u

/* Offsets in shared memory, for queues of up to QUEUE_MAX. */
#define QUEUE_MAX 16u
#define AT_DESC 0x040u     /* 16 * QUEUE_MAX */
#define AT_AVAIL 0x180u    /* 6 + 2 * QUEUE_MAX */
#define AT_USED 0x200u     /* 6 + 8 * QUEUE_MAX */
#define AT_SIBLING 0x2c0u  /* another queue, of SIBLING_SIZE */
#define AT_TABLES 0x400u   /* QUEUE_MAX indirect tables */
#define TABLE_BYTES 96u
#define AT_DATA 0xa00u     /* buffers */
#define AT_RDONLY 0xd00u   /* may be read only; directly behind the one before */
#define AT_WRONLY 0xe00u   /* may be written only; directly behind the one before */
#define AT_HOLE 0xf00u     /* nobody's, up to the end; nor are the bytes before AT_DESC */

/** The two copies; canaries around what the library gets. */
extern struct shared_memory {
    uint64_t before[8];
    _Alignas(64) uint8_t bytes[SHARED_BYTES];
    uint64_t after[8];
} shared;
extern uint8_t found[SHARED_BYTES];
/** And what the library itself stored there last, whoever wrote over it since. */
extern uint8_t by_library[SHARED_BYTES];
/** Byte order of what the two functions below write and read: true for big-endian. */
extern bool shared_is_big;

/** All bytes are zero again, and nobody looks or answers. */
void memory_begin(void);
/** Nothing was written past the port, and no canary is hurt. */
void memory_end(void);

/** The hostile side, or an honest one that the harness plays, writes; what does not fit in is left out. */
void memory_put(size_t at, unsigned bytes, uint64_t value);
/** What the library has found there, or would find. */
uint64_t memory_get(size_t at, unsigned bytes);
/** The same, but of what the library has just stored. */
uint64_t memory_stored(size_t at, unsigned bytes);
/** An address as a script says it: mostly in or around shared memory. */
uint64_t memory_address(uint32_t v);

/** What a byte is, in words. */
const char *memory_place(size_t at);

/* ---- a call of the library ---- */

#define NO_POLL SIZE_MAX
/**
 * A call begins. `poll` is a 16-bit field that it may load twice, or NO_POLL. Bytes before `again` may be loaded again:
 * those of the queue's parts if a table can lie over them, those of a split table because its entries may form a circle.
 */
void memory_call(size_t poll, size_t again);
/** The call may have stored there. */
void memory_may_store(size_t at, size_t bytes);
/** It has stored nowhere else. The next call begins with nothing allowed, and without answers. */
void memory_settle(void);
/** How many loads the latest call made. */
unsigned memory_loads(void);
/** It loaded one of these bytes, other than as the field of `poll`. */
bool memory_loaded(size_t at, size_t bytes);

/** The hostile side answers load `step->b` of the next call: see memory.c. */
void memory_answer(const struct step *step);

/* ---- private memory ---- */

#define CANARY UINT64_C(0xc5a9c5a9c5a9c5a9)
#define CANARIES 4u
typedef uint64_t canary[CANARIES];
void canary_set(canary c);
void canary_check(const canary c, const char *what);

#endif
