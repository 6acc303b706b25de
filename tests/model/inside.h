/* SPDX-License-Identifier: MIT */
/* What the files of the model share with each other, and with nobody else. */
#ifndef INSIDE_H
#define INSIDE_H

#include "model.h"

/* ---------------------------------------------------------------- tools */

void sm_misuse(const char *what);                   /* a mistake of the test itself: prints and aborts */
void *sm_new_array(size_t count, size_t element);   /* zeros */
void *sm_grown(void *list, size_t count, size_t element);
struct sm_set sm_empty_set(void);
void sm_add(struct sm_set *set, enum sm_rule rule);

/* Ranges here have at least one byte; one that wraps is cut at the end of the address space. */
bool sm_range_wraps(uint64_t addr, uint64_t len);
uint64_t sm_range_last(uint64_t addr, uint64_t len);
bool sm_ranges_overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len);

/* ---------------------------------------------------------------- the queue in guest memory */

#define DESC_SIZE       16u
#define AVAIL_IDX       2u      /* struct virtq_avail: flags, idx, ring[], used_event */
#define AVAIL_RING      4u
#define USED_IDX        2u      /* struct virtq_used: flags, idx, ring[], avail_event */
#define USED_RING       4u
#define USED_ELEM_SIZE  8u
#define EVENT_FLAGS     2u      /* struct pvirtq_event_suppress: desc, flags */

struct descriptor {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;      /* split */
    uint16_t id;        /* packed: stands where a split descriptor has its flags, which stand where that has next */
};

bool sm_is_packed(uint64_t features);
bool sm_is_in_order(uint64_t features);
const uint8_t *sm_guest_bytes(const struct sm_dev *dev, uint64_t addr, uint64_t len);
uint16_t sm_guest16(const struct sm_dev *dev, uint64_t addr);
struct descriptor sm_guest_descriptor(const struct sm_dev *dev, uint64_t table, uint32_t index);

/* Split: both directions decide with the same formula (2.7.7, 2.7.10). */
bool sm_split_must_notify(uint16_t old_idx, uint16_t new_idx, uint16_t flags, uint16_t event, bool event_idx);

/* The capability that covers this address, or NULL; how many bytes of it there are from there on. */
const struct sm_capability *sm_capability_at(const struct sm_dev *dev, uint64_t addr);
uint64_t sm_capability_rest(const struct sm_capability *cap, uint64_t addr);

/* ---------------------------------------------------------------- reading one chain */

struct walk {
    const struct sm_dev *dev;
    struct sm_chain chain;
    bool complete;                  /* the last element was reached */
    uint16_t *direct;               /* split: descriptors of the main table, in order */
    size_t direct_count;
    struct sm_range *writables;     /* device-writable elements, in order */
    size_t writable_count;
    bool has_table;
    struct sm_range table;
    bool writable_seen;
};

/* A descriptor that describes a buffer: all rules about one element and about the sums so far. */
void sm_walk_element(struct walk *walk, const struct descriptor *desc);

/*
 * A descriptor of the ring that refers to an indirect table (2.7.5.3, 2.8.7): I1 I2 I3 I4, C4. Its
 * WRITE flag means nothing (I7). Returns whether the walk can go on in the table.
 */
bool sm_walk_referrer(struct walk *walk, const struct descriptor *desc);

/* Rules that need the whole chain, or as much of it as was seen. */
void sm_walk_end(struct walk *walk);

/* The next chain of either format, read and judged. False: nothing waits. */
bool sm_read_split(struct walk *walk, struct sm_dev *dev);
bool sm_read_packed(struct walk *walk, const struct sm_dev *dev);
/* IN_ORDER: returned, and the driver was not shown it: of this head twice, it would be unclear which one is meant. */
bool sm_is_not_shown(const struct sm_dev *dev, uint32_t head);
/* The driver has read what was returned. IN_ORDER: its descriptors are free. */
void sm_dev_shown(struct sm_dev *dev);

#endif
