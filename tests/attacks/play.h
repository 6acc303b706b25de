/* SPDX-License-Identifier: MIT */
/**
 * @file play.h
 * @brief Plays an attack against the guarded endpoint, step by step or in one go.
 */
#ifndef VQG_ATTACKS_PLAY_H
#define VQG_ATTACKS_PLAY_H

#include "stage.h"

/** An attack under way. */
struct play {
    const struct attack *attack;
    bool on_driver;
    struct world *world;
    struct stage stage;
    struct vqg_done done;         /* driver: what the call under attack gave back */
    struct vqg_chain other;       /* device: the chain in flight */
    bool other_back;              /* it was returned */
    struct vqg_seg other_segs[ATTACK_SIZE];
    struct vqg_notification note; /* device: what a notification was taken for */
    enum vqg_status status;       /* of the call under attack */
};

/** How an attack ended. */
struct play_result {
    enum vqg_status status;     /**< of the call under attack */
    enum vqg_rule rule;         /**< the rule that stopped it */
    struct vqg_violation record;
    bool unchanged;             /**< shared memory is as the attacker left it, or as an honest step leaves it */
    bool revived;               /**< after a reset the endpoint serves an honest request */
    bool stopped;               /**< all of this as the table says */
};

/** Sets up the honest state and one more honest step, which nobody has looked at; in a format that the attack fits. */
void play_begin(struct play *p, const struct attack *a, bool on_driver, bool packed);
/** The attacker writes. */
void play_write(struct play *p);
/** The endpoint makes the call under attack. */
enum vqg_status play_strike(struct play *p);
/** The record of the violation, or null before there is an endpoint. */
const struct vqg_violation *play_violation(const struct play *p);
/** The rule that stopped the attack, if one did. */
enum vqg_rule play_rule(const struct play *p);
/** After status VQG_OK: what came out is what an honest step gives, and the endpoint goes on. */
bool play_is_honest(struct play *p);
/** Resets the endpoint and serves an honest request. */
bool play_revive(struct play *p);
void play_end(struct play *p);

/** All of it. */
struct play_result play_attack(const struct attack *a, bool on_driver, bool packed);

#endif
