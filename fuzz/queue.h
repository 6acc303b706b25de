/* SPDX-License-Identifier: MIT */
/**
 * @file queue.h
 * @brief The queue of a script, as its head says: features, size, policy; and what of its set-up is at fault.
 */
#ifndef VQG_FUZZ_QUEUE_H
#define VQG_FUZZ_QUEUE_H

#include "memory.h"
#include "model.h"
#include "vqguard/vqguard.h"

/** The world of an endpoint's script. */
extern struct queue_world {
    struct vqg_queue queue;   /* for either side */
    struct vqg_policy policy;
    uint64_t features;
    uint32_t size;
    uint16_t start;           /* position where both sides begin */
    bool packed;
    bool in_order;
    bool event_idx;
    bool indirect;
} world;

/** Makes the world of a script's head, over fresh shared memory. */
void queue_begin(const uint8_t *head);

/* Offsets of fields. Positions are as the model has them. */
size_t at_desc(uint32_t i);
size_t at_avail_entry(uint16_t position);
size_t at_used_elem(uint16_t position);
size_t at_used_event(void);  /* split: the driver's event word */
size_t at_avail_event(void); /* split: the device's */
/** Offset of a packed element's flags, id. */
size_t at_packed_flags(uint16_t position);
size_t at_packed_id(uint16_t position);
#define AT_AVAIL_IDX (AT_AVAIL + 2u)
#define AT_USED_IDX (AT_USED + 2u)

/** Index of a position in the ring. */
uint32_t index_of(uint16_t position);
/** The position behind a chain of `slots` descriptors. */
uint16_t position_behind(uint16_t position, uint32_t slots);
/** A request's table. */
size_t table_of(uint32_t i);

/** The other side asks for notifications, by event words and flags of any value. */
void queue_events(bool of_driver, const struct step *step);
/** A hostile write, anywhere. */
void step_write(const struct step *step);
/** A hostile answer to a load. */
void step_answer(const struct step *step);

/* ---- set-up ---- */

/** What could be said about a queue's set-up; nothing: it is good. */
struct faults {
    uint32_t statuses; /* bit n: status -n */
    bool rule[VQG_RULE_COUNT];
};

/** One field of the configuration becomes something else. */
void queue_spoil(struct vqg_queue *q, uint32_t what, uint32_t value);
/**
 * A record for a queue that may have any size: `few`, of QUEUE_MAX, or for one that is too large for its format many, so
 * that nothing but its size is at fault. Sets how many.
 */
struct vqg_slot *queue_slots(const struct vqg_queue *q, struct vqg_slot *few, uint32_t *count);
/** The faults that either side must see. */
void queue_faults(struct faults *f, const struct vqg_queue *q, uint32_t nslots);
/** Adds a fault. */
void fault(struct faults *f, enum vqg_status status, enum vqg_rule rule);
/** A set-up call was answered as it has to be. */
void faults_judge(const struct faults *f, enum vqg_status st, const struct vqg_violation *record);

/* ---- verdicts ---- */

/** The model's set has this rule. */
bool set_has(const struct sm_set *set, enum vqg_rule rule);
/** The library accepts exactly when the set is empty, and names a rule only out of the set. */
void verdict(enum vqg_status st, const struct sm_set *set);
/** The only right answer. */
void answer_is(enum vqg_status st, enum vqg_status wanted);

#endif
