/* SPDX-License-Identifier: MIT */
/** @file device.h What the parts of the device endpoint's harness share. */
#ifndef VQG_FUZZ_DEVICE_H
#define VQG_FUZZ_DEVICE_H

#include "queue.h"

#define POOL 17u /* one more than can be in flight */
#define SEGS 40u /* of a chain: room for more than any policy here allows */
#define CAPS 6u
#define SIBLING_SIZE 4u

/* What the endpoint has, between canaries. */
extern struct device_own {
    canary c0;
    struct vqg_device device;
    canary c1;
    struct vqg_slot slots[QUEUE_MAX];
    canary c2;
    struct vqg_chain chain[POOL];
    canary c3;
    struct {
        struct vqg_seg seg[SEGS];
        canary c;
    } segs[POOL];
} own;

/* What is true of it. */
extern struct device_truth {
    struct sm_dev model;
    bool live;             /* not off, not latched */
    bool off;
    bool has_sibling;      /* another queue, which is never off */
    bool untold;           /* latched by kick_enable(), which has no status */
    enum vqg_rule untold_rule;
    bool kept;             /* packed: an available element was seen, and stays accepted */
    uint16_t kept_flags;
    bool quiet;            /* no kicks are asked for */
    uint16_t published;    /* position up to which the driver was shown returns */
    uint32_t capacity;     /* segments of a chain */
    uint32_t generation;
    uint32_t violations;   /* since the queue was enabled */
    enum vqg_rule first;
    uint64_t dropped;
    bool lent[POOL];       /* popped and not pushed */
    bool stale[POOL];      /* and a reset came between */
    uint64_t stale_bytes;
    struct vqg_queue queue; /* as it was enabled */
    uint16_t resume[QUEUE_MAX]; /* heads to take again after a restore */
    uint32_t resume_from;
    uint32_t resume_left;
} truth;

/* ---- device_setup.c: how it begins ---- */
void device_begin(const uint8_t *head);
/** The model starts where the library does, at these positions. */
void device_model(uint16_t avail, uint16_t used);
void device_faults(struct faults *f, const struct vqg_queue *q);
/** Two ranges share a byte. */
bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes);

/* ---- device.c: its life ---- */
void device_end(void);
void device_reset(void);
enum vqg_status device_enable(const struct vqg_queue *q);
/** The field that a look for chains may load twice. */
size_t device_poll(void);
/** What is pushed and not published may be stored; so may the event word. */
void device_may_store(void);
/** A rule was broken, one of the model's set if there is one: the record has it. */
void device_latched(enum vqg_rule rule, const struct sm_set *set);

/* ---- device_caps.c: who may touch what ---- */
extern struct vqg_caps device_caps;
extern struct vqg_cap device_cap[CAPS];
void caps_begin(bool callbacks);
/** Where an address that a capability covers is mapped, or null. */
void *caps_map(uint64_t addr);
/** The pins that there must be: of parts and of segments. */
void caps_check(void);
/** Pins are refused from the n-th of the next call on; 0: none is. */
extern uint32_t caps_refuse;
extern bool caps_refused;
/** The model's list of them. */
size_t caps_model(struct sm_capability *grants);

/* ---- steps ---- */
void step_post(const struct step *step);
void step_spoil(const struct step *step);
void step_pop(const struct step *step);
void step_push(const struct step *step);
void step_notify(const struct step *step);
void step_kicks(const struct step *step);
void step_life(const struct step *step);
void step_caps(const struct step *step);
void step_hint(const struct step *step);
void step_driver_events(const struct step *step);
void step_ask(const struct step *step);
void step_restore(const struct step *step);

/** The honest driver forgets what it had posted and nobody took. */
void post_begin(void);
void post_taken(uint32_t slots);

#define DEVICE_KINDS 15u
extern const struct step_kind device_kinds[DEVICE_KINDS];

#endif
