/* SPDX-License-Identifier: MIT */
/**
 * @file completions.h
 * @brief What a driver, or a ledger, has lent, and what it makes of what a device returns: the model's driver.
 */
#ifndef VQG_FUZZ_COMPLETIONS_H
#define VQG_FUZZ_COMPLETIONS_H

#include "queue.h"

/** Where an endpoint is in its life. */
enum life { LIFE_OFF, LIFE_LIVE, LIFE_UNTOLD, LIFE_DEAD, LIFE_RESET, LIFE_DRAIN };

extern struct completions {
    struct sm_drv model;
    enum life life;
    uint16_t seen;       /* split: used.idx as last accepted */
    uint16_t kept_flags; /* packed: of an element that was accepted and not taken */
    bool kept;           /* there is one */
    bool quiet;          /* no interrupts are asked for */
    uint32_t generation;
    bool out[SCRIPT_STEPS + 1u]; /* by cookie: lent, exposed or not, and not back */
} lent;

/** Nothing is lent, and the endpoint is live. */
void completions_begin(void);
void completions_end(void);
/** A cookie for step `number` of the lent things. */
void *completions_cookie(uint64_t number);
/** It is out now, or back, at most once. */
void completions_lend(uint64_t number);
void completions_back(const void *cookie);

/** The field that a look for completions may load twice. */
size_t completions_poll(void);
/** A take was answered as the model says. True: something was taken. */
bool completions_judge(enum vqg_status st, const struct vqg_done *done, const struct vqg_violation *record);
/** A look for completions (callback_enable) that was answered `more`. */
void completions_looked(bool more);

/** An honest device returns one of the chains in flight, or a hostile one something else: see completions.c. */
void step_return(const struct step *step);
/** One field of what was returned, or stands in the ring, changes. */
void step_spoil_used(const struct step *step);
/** The device's event words. */
void step_device_events(const struct step *step);

#endif
