/* SPDX-License-Identifier: MIT */
/**
 * @file guard.h
 * @brief Floor 1: how a rule is tested, and what happens when it fails.
 *
 * Every endpoint begins with a `struct vqg_guard`: its state, its generation and
 * the record of the first violation. A rule is one line:
 *
 *     VQG_REQUIRE(guard, id < size, USED_ID_RANGE, position, id, size);
 *
 * When the condition does not hold, the line records rule, index, value and
 * limit, latches the endpoint and returns the rule's status from the enclosing
 * function. These macros are the only ones of the library that return.
 */
#ifndef VQGUARD_GUARD_H
#define VQGUARD_GUARD_H

#include "port.h"
#include "rules.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Tells whether a build takes a rule for granted. Default: none. A user defines
 * it as a constant expression of `rule`, for instance
 * `#define VQG_CONFIG_ASSUME(rule) ((rule) == VQG_RULE_OVERSUBSCRIBED)`. What is
 * taken for granted is no longer tested, and shows in vqg_build_info().
 */
#ifndef VQG_CONFIG_ASSUME
#define VQG_CONFIG_ASSUME(rule) 0
#endif

/** Where an endpoint is in its life. */
enum vqg_state {
    VQG_STATE_OFF = 0,  /**< not set up, or reset and not enabled again */
    VQG_STATE_LIVE,     /**< working */
    VQG_STATE_DEAD,     /**< latched by a violation */
    VQG_STATE_RESET,    /**< a driver waits for the device to acknowledge a reset */
    VQG_STATE_DRAIN     /**< the reset is acknowledged; cookies are handed back */
};

/** The first violation since the endpoint was set up or last reset. */
struct vqg_violation {
    enum vqg_rule rule; /**< VQG_RULE_NONE when there was none */
    uint32_t queue;     /**< index of the queue */
    uint32_t index;     /**< ring position, descriptor or segment at fault */
    uint32_t count;     /**< violations since then, this one included */
    uint64_t value;     /**< what the other side said */
    uint64_t limit;     /**< what would have been allowed */
};

/** What every endpoint begins with. Private. */
struct vqg_guard {
    struct vqg_violation violation; /**< the first one */
    uint32_t generation;            /**< increases with every reset */
    uint8_t state;                  /**< enum vqg_state */
    bool drop;                      /**< rules of kind CHAIN do not latch */
    bool untold;                    /**< latched by a call that returns no status: the next take or pop tells */
};

/** Name of a rule, for instance "USED_ID_RANGE". Never null. */
VQG_API VQG_PORT_COLD const char *vqg_rule_name(enum vqg_rule rule)
{
    switch ((int)rule) {
#define VQG_X_(name, id, attacker, kind, clause, sentence)                                                             \
    case (int)VQG_RULE_##name:                                                                                         \
        return #name;
        VQG_RULES(VQG_X_)
#undef VQG_X_
    default:
        return "NONE";
    }
}

/** Catalogue ID of a rule, for instance "U2"; "-" for an unknown one. */
VQG_API VQG_PORT_COLD const char *vqg_rule_id(enum vqg_rule rule)
{
    switch ((int)rule) {
#define VQG_X_(name, id, attacker, kind, clause, sentence)                                                             \
    case (int)VQG_RULE_##name:                                                                                         \
        return #id;
        VQG_RULES(VQG_X_)
#undef VQG_X_
    default:
        return "-";
    }
}

/** How a rule acts. */
VQG_API VQG_PORT_COLD enum vqg_rule_kind vqg_rule_kind(enum vqg_rule rule)
{
    switch ((int)rule) {
#define VQG_X_(name, id, attacker, kind, clause, sentence)                                                             \
    case (int)VQG_RULE_##name:                                                                                         \
        return VQG_KIND_##kind;
        VQG_RULES(VQG_X_)
#undef VQG_X_
    default:
        return VQG_KIND_LEFT;
    }
}

/** True when the other side broke a rule. */
VQG_API bool vqg_is_violation(enum vqg_status st)
{
    return (int)st < VQG_VIOLATION_BASE;
}

/** True when the caller gave something that cannot be. */
VQG_API bool vqg_is_misuse(enum vqg_status st)
{
    return (int)st < 0 && !vqg_is_violation(st);
}

/** The rule behind a violation's status, VQG_RULE_NONE for any other. */
VQG_API enum vqg_rule vqg_status_rule(enum vqg_status st)
{
    return vqg_is_violation(st) ? (enum vqg_rule)(VQG_VIOLATION_BASE - (int)st) : VQG_RULE_NONE;
}

/** Name of a status: "OK", "EMPTY", "BAD_SIZE", or the name of the broken rule. Never null. */
VQG_API VQG_PORT_COLD const char *vqg_status_name(enum vqg_status st)
{
    switch ((int)st) {
    case (int)VQG_OK:
        return "OK";
#define VQG_X_(name, value, sentence)                                                                                  \
    case (int)VQG_##name:                                                                                              \
        return #name;
        VQG_STATUS_IDLE(VQG_X_)
        VQG_STATUS_MISUSE(VQG_X_)
#undef VQG_X_
    default:
        return vqg_rule_name(vqg_status_rule(st));
    }
}

/** One sentence that says what a status means; for a violation, the rule that was broken. Never null. */
VQG_API VQG_PORT_COLD const char *vqg_status_text(enum vqg_status st)
{
    switch ((int)st) {
    case (int)VQG_OK:
        return "done";
#define VQG_X_(name, value, sentence)                                                                                  \
    case (int)VQG_##name:                                                                                              \
        return sentence;
        VQG_STATUS_IDLE(VQG_X_)
        VQG_STATUS_MISUSE(VQG_X_)
#undef VQG_X_
#define VQG_X_(name, id, attacker, kind, clause, sentence)                                                             \
    case (int)VQG_V_##name:                                                                                            \
        return sentence;
        VQG_RULES(VQG_X_)
#undef VQG_X_
    default:
        return "unknown status";
    }
}

/** Records a failed set-up rule; the endpoint stays off. */
VQG_API VQG_PORT_COLD void vqg_guard_note_(struct vqg_guard *g, enum vqg_rule rule, uint32_t index, uint64_t value,
                                           uint64_t limit)
{
    if (g->violation.rule == VQG_RULE_NONE) {
        g->violation.rule = rule;
        g->violation.index = index;
        g->violation.value = value;
        g->violation.limit = limit;
    }
    if (g->violation.count != UINT32_MAX) {
        g->violation.count++;
    }
}

/** Records a violation of the other side and latches, unless the chain alone is to be dropped. */
VQG_API VQG_PORT_COLD void vqg_guard_refuse_(struct vqg_guard *g, enum vqg_rule rule, uint32_t index, uint64_t value,
                                             uint64_t limit)
{
    vqg_guard_note_(g, rule, index, value, limit);
    if (!g->drop || vqg_rule_kind(rule) != VQG_KIND_CHAIN) {
        g->state = (uint8_t)VQG_STATE_DEAD;
    }
}

/** Opens a new generation: what was handed out before is stale. The record stays readable. */
VQG_API void vqg_guard_renew_(struct vqg_guard *g, enum vqg_state state)
{
    g->generation++;
    g->state = (uint8_t)state;
    g->untold = false;
}

/** True, once, when the endpoint was latched by a call that returns no status. */
VQG_API VQG_PORT_COLD bool vqg_guard_was_untold_(struct vqg_guard *g)
{
    bool untold = g->untold;
    g->untold = false;
    return untold;
}

/** Forgets the record of a violation. */
VQG_API void vqg_guard_clear_(struct vqg_guard *g)
{
    struct vqg_violation none = {VQG_RULE_NONE, 0, 0, 0, 0, 0};
    none.queue = g->violation.queue;
    g->violation = none;
    g->untold = false;
}

/** True when `cond` fails and this build does not take the rule for granted. The
 * rule arrives whole: a bare name could be a macro of the including program. */
#define VQG_BREAKS_(cond, rule) (!VQG_CONFIG_ASSUME(rule) && VQG_PORT_UNLIKELY(!(cond)))

/** True when `cond` holds, or this build takes the rule for granted: for a fast path, behind which the rule stands. */
#define VQG_KEEPS_(cond, name) (VQG_CONFIG_ASSUME(VQG_RULE_##name) || (cond))

/** The other side keeps this rule, or the enclosing function returns its status. */
#define VQG_REQUIRE(guard, cond, name, index, value, limit)                                                            \
    do {                                                                                                               \
        if (VQG_BREAKS_(cond, VQG_RULE_##name)) {                                                                      \
            vqg_guard_refuse_((guard), VQG_RULE_##name, (uint32_t)(index), (uint64_t)(value), (uint64_t)(limit));      \
            return VQG_V_##name;                                                                                       \
        }                                                                                                              \
    } while (0)

/** A configuration keeps this rule, or the enclosing function returns the status that names the argument. */
#define VQG_REQUIRE_SETUP(guard, cond, name, status, value, limit)                                                     \
    do {                                                                                                               \
        if (VQG_BREAKS_(cond, VQG_RULE_##name)) {                                                                      \
            vqg_guard_note_((guard), VQG_RULE_##name, 0u, (uint64_t)(value), (uint64_t)(limit));                       \
            return (status);                                                                                           \
        }                                                                                                              \
    } while (0)

/** The including program keeps this rule, or the enclosing function returns the status; nothing is latched. */
#define VQG_REQUIRE_CALLER(cond, name, status)                                                                         \
    do {                                                                                                               \
        if (VQG_BREAKS_(cond, VQG_RULE_##name)) {                                                                      \
            return (status);                                                                                           \
        }                                                                                                              \
    } while (0)

/** The caller's arguments make sense, or the enclosing function returns the status that names one. No rule. */
#define VQG_EXPECT_(cond, status)                                                                                      \
    do {                                                                                                               \
        if (VQG_PORT_UNLIKELY(!(cond))) {                                                                              \
            return (status);                                                                                           \
        }                                                                                                              \
    } while (0)

#ifdef __cplusplus
}
#endif

#endif
