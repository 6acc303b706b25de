/* SPDX-License-Identifier: MIT */
/**
 * @file script.h
 * @brief What an input is: a script, and the machine that plays it.
 *
 * An input is SCRIPT_HEAD bytes that say how the world is, and steps of eight
 * bytes: calls of the honest side, writes of the hostile side, and answers that
 * its memory gives to the loads of the next call. Whatever the bytes are, they
 * mean something; the mutator sees to it that they mean something worth playing.
 */
#ifndef VQG_FUZZ_SCRIPT_H
#define VQG_FUZZ_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRIPT_HEAD 16u
#define SCRIPT_STEP 8u
#define SCRIPT_STEPS 96u /* what goes beyond is not played */
#define SCRIPT_MAX (SCRIPT_HEAD + SCRIPT_STEP * SCRIPT_STEPS)

/** A step. What the three numbers mean, its kind says. */
struct step {
    uint8_t kind;
    uint8_t a;
    uint16_t b;
    uint32_t v;
};

/** A kind of step. */
struct step_kind {
    const char *name;
    uint8_t weight; /**< how often the mutator makes one */
    void (*play)(const struct step *step);
};

/** What a harness is: a world, and what can happen in it. Each *_fuzzer.c has one. */
struct harness {
    const char *name;
    enum { SPLIT, PACKED, EITHER } format;
    const struct step_kind *kinds;
    unsigned kind_count;
    void (*begin)(const uint8_t *head); /**< makes the world anew */
    void (*end)(void);                  /**< what has to hold at last */
};

extern const struct harness harness;

/** Plays one script; does not come back when something that has to hold does not. */
void script_play(const uint8_t *data, size_t size);
/** The step at `at`, and back. */
struct step script_step(const uint8_t *at);
void script_put_step(uint8_t *at, struct step step);

/** Each step is said in words, with each shared value and each verdict. */
extern bool script_aloud;
/** Says something, if it is to be said. */
#define SAY(...)                                                                                                       \
    do {                                                                                                               \
        if (script_aloud) {                                                                                            \
            script_say(__VA_ARGS__);                                                                                   \
        }                                                                                                              \
    } while (0)
__attribute__((format(printf, 1, 2))) void script_say(const char *format, ...);

/** Ends the process if it is not so, with the step at which that was seen. */
#define HOLDS(so, ...)                                                                                                 \
    do {                                                                                                               \
        if (__builtin_expect(!(so), 0)) {                                                                              \
            script_fail(__VA_ARGS__);                                                                                  \
        }                                                                                                              \
    } while (0)
__attribute__((format(printf, 1, 2), noreturn, cold)) void script_fail(const char *format, ...);

/** The script ends with this step: what comes next, the oracle could not judge. */
void script_stop(void);
bool script_stopped(void);

/** Tells the fuzzer that something has happened, so that scripts which make it happen are kept. */
void script_feature(unsigned what);

#endif
