/* SPDX-License-Identifier: MIT */
/*
 * A ring written by hand, in either format, without the library: the hostile
 * queue. Its memory is laid out as tests/attacks has it, so that an attack's
 * addresses need one subtraction.
 *
 * A request is written, then attacked, and only then published: with what
 * makes it available, which an attack may have changed.
 */
#ifndef RAW_H
#define RAW_H

#include "attacks.h"
#include "guest.h"

#include <vqguard/policy.h>

struct raw_seg {
    void *at;
    uint32_t len;
    bool write;
};

/* The guest's own memory at an address of the tables. */
void *raw_at(uint64_t address);

/*
 * Where an address of the tables is in this guest: in its own memory, or, for
 * what is nobody's, behind or below all RAM. False for memory with fewer rights,
 * which a guest does not have.
 */
bool raw_rebase(uint64_t address, uint64_t *rebased);

/* An empty ring. */
void raw_begin(bool packed);

/* Where it is, as the attack has it if there is one on that. */
struct vqg_queue raw_describe(const struct attack *a);

/* Writes request k, directly or through a table. */
void raw_write(uint32_t k, const struct raw_seg *seg, uint32_t n, bool table);

/* From here on the attack's descriptors count from request 0, which is written next. */
void raw_mark_first(void);

/* The attacker's writes. */
void raw_attack(const struct attack *a);

/* Makes all that was written available, as far as the attack lets it. */
void raw_publish(void);

/* Makes a packed request available as it should have been; false when the device has touched it as it was. */
bool raw_heal(void);

/* The next completion: which request, or RAW_NOBODY, and how many bytes. */
#define RAW_NOBODY ATTACK_SIZE
bool raw_take(uint32_t *k, uint32_t *len);

/* The device has taken all that was published; it says so by its event word, so EVENT_IDX must have been agreed on. */
bool raw_is_popped(void);

#endif
