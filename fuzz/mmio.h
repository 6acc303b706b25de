/* SPDX-License-Identifier: MIT */
/**
 * @file mmio.h
 * @brief What the parts of the MMIO driver's harness share: a transport that may say anything, and what is true of it.
 *
 * Each register access of a call is logged. The oracle makes the call once more, in its own words, against the log:
 * said() and told() are the next access, or the library has made another one.
 */
#ifndef VQG_FUZZ_MMIO_H
#define VQG_FUZZ_MMIO_H

#include "memory.h"
#include "vqguard/mmio.h"

#define MMIO_QUEUES 3u
#define MMIO_PATIENCE 8u /* waits of a call at most, by its deadline */

/** The transport, between canaries. */
extern struct mmio_own {
    canary c0;
    struct vqg_mmio mmio;
    canary c1;
} mmio_own;

/** What is true of it. */
extern struct mmio_truth {
    enum vqg_state state;
    uint32_t device_id;
    uint32_t status;
    uint64_t features;
    uint32_t violations;
    enum vqg_rule first;
    uint32_t max[MMIO_QUEUES]; /* as the device said */
} mmio_truth;

/* ---- mmio_registers.c: the device ---- */
void mmio_registers_begin(const uint8_t *head);
/** What it says, and that it is written. */
uint32_t mmio_register(uint32_t offset);
void mmio_obey(uint32_t offset, uint32_t value);
/** How an answer differs: another value, another bit, one more, or a new one each time. */
uint32_t mmio_changed(unsigned how, uint32_t value, uint32_t v);
void mmio_step_say(const struct step *step);

/* ---- mmio.c: the log ---- */
extern const struct vqg_mmio_hooks mmio_hooks;
void mmio_begin(const uint8_t *head);
void mmio_end(void);
/** A call begins. */
void mmio_call(void);
/** It was answered so, and has made no other access; what is true of the transport is what it says. */
void mmio_answered(enum vqg_status st, enum vqg_status wanted);
/** It was a read of that, of four bytes or so many; and what it said. */
uint32_t mmio_said(uint32_t offset);
uint32_t mmio_said_bytes(uint32_t offset, uint32_t bytes);
/** It was a write of that. */
void mmio_told(uint32_t offset, uint32_t value);
/** It read that until it was 0, or the deadline had passed. */
bool mmio_said_zero(uint32_t offset);
/** The device has broken a rule; of kind SETUP it is noted alone. */
enum vqg_status mmio_broken(enum vqg_rule rule);
void mmio_note(enum vqg_rule rule);
void mmio_step_lie(const struct step *step);

/* ---- mmio_setup.c: how a transport gets so far ---- */
/** The call is in its place: live, with these bits and without those. */
enum vqg_status mmio_in_place(uint32_t set, uint32_t clear);
/** A look at the status, as the specification has it. */
enum vqg_status mmio_looked(void);
void mmio_step_forward(const struct step *step);
void mmio_step_probe(const struct step *step);
void mmio_step_reset(const struct step *step);
void mmio_step_begin(const struct step *step);
void mmio_step_negotiate(const struct step *step);
void mmio_step_ok(const struct step *step);
void mmio_step_fail(const struct step *step);

/* ---- mmio_queue.c: what comes then ---- */
void mmio_step_max(const struct step *step);
void mmio_step_enable(const struct step *step);
void mmio_step_queue_reset(const struct step *step);
void mmio_step_notify(const struct step *step);
void mmio_step_interrupt(const struct step *step);
void mmio_step_check(const struct step *step);
void mmio_step_config(const struct step *step);

#endif
