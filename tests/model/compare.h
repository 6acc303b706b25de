/* SPDX-License-Identifier: MIT */
/*
 * What the two comparisons with the model share: options, random numbers that belong to one round
 * alone, counting, and the report of a difference. A round depends on its seed and number only, so
 * that any round can be played again by itself:
 *
 *     --seed N  --operations N  --replay SEED:ROUND
 */
#ifndef VQG_TEST_COMPARE_H
#define VQG_TEST_COMPARE_H

#define _POSIX_C_SOURCE 200809L

#include "runner.h"
#include "model.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fewer of one rule in a whole run, and the run has shown little about it. */
#define COMPARE_LEAST 100u

static struct {
    const char *program;
    uint64_t seed;
    uint64_t wanted;     /* operations */
    bool whole;          /* as many as by default: each rule has to turn up */
    bool replay;         /* one round, every operation in words */
    struct sm_random random;
    uint64_t round;
    uint64_t step;       /* operations of this round */
    uint64_t operations; /* of all rounds */
    uint64_t started;    /* rounds */
    uint64_t ok;         /* calls that both accepted */
    uint64_t named[SM_RULE_COUNT];    /* by the library */
    uint64_t foreseen[SM_RULE_COUNT]; /* in the model's sets */
    char doing[256];
    char library[64];    /* its latest verdict */
    struct sm_set model; /* and the model's */
    bool differs;
} run;

/* ---------------------------------------------------------------- random numbers
 *
 * At most one draw between two sequence points: a round has to be the same under every compiler.
 */

static inline uint64_t below(uint64_t limit)
{
    return sm_random_below(&run.random, limit);
}

static inline bool chance(uint64_t hits, uint64_t of)
{
    return sm_random_chance(&run.random, hits, of);
}

/* ---------------------------------------------------------------- reports */

static inline void where(void)
{
    (void)printf("seed %" PRIu64 ", round %" PRIu64 ", operation %" PRIu64 ": %s\n", run.seed, run.round, run.step,
                 run.doing);
}

static inline void how_to_replay(void)
{
    (void)printf("  replay:  %s --replay %" PRIu64 ":%" PRIu64 "\n", run.program, run.seed, run.round);
}

static inline _Noreturn void failed(void)
{
    how_to_replay();
    (void)printf("%" PRIu64 " passed, 1 failed\n", run.started - 1u);
    exit(1);
}

/* The first line about a difference says where it is and what both sides said. */
static inline void difference(void)
{
    char set[256];
    if (!run.differs) {
        run.differs = true;
        (void)printf("mismatch at ");
        where();
        (void)printf("  library: %s\n  model:   %s\n", run.library, sm_set_text(&run.model, set, sizeof set));
    }
}

/* Compares one output. All of them are compared before anyone gives up: see settle(). */
static inline void same(const char *what, uint64_t library, uint64_t model)
{
    if (library != model) {
        difference();
        (void)printf("  %s: library %" PRIu64 " (0x%" PRIx64 "), model %" PRIu64 " (0x%" PRIx64 ")\n", what, library,
                     library, model, model);
    }
}

/* Something that has to hold whatever the model says. */
static inline void holds(const char *what, bool so)
{
    if (!so) {
        difference();
        (void)printf("  not so: %s\n", what);
    }
}

/* Ends the program if an output was different. */
static inline void settle(void)
{
    if (run.differs) {
        failed();
    }
}

#define WORDS __attribute__((format(printf, 1, 2)))

/* The next operation, in words. What the library said last no longer counts. */
WORDS static inline void operation(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(run.doing, sizeof run.doing, format, arguments);
    va_end(arguments);
    run.step++;
    run.operations++;
    run.library[0] = '\0';
    memset(&run.model, 0, sizeof run.model);
    if (run.replay) {
        where();
    }
}

/* A detail, for the replay only. */
WORDS static inline void detail(const char *format, ...)
{
    if (run.replay) {
        va_list arguments;
        va_start(arguments, format);
        (void)printf("    ");
        (void)vprintf(format, arguments);
        (void)printf("\n");
        va_end(arguments);
    }
}

/*
 * The library's verdict against the model's set. Two correct readers may meet the broken rules of
 * one chain in another order, so a rule that the library names has to be in the set. `rule` is NONE
 * when the library accepted: then the set has to be empty.
 */
static inline void verdict(enum vqg_status st, enum vqg_rule rule, const struct sm_set *set)
{
    enum sm_rule named = sm_rule_by_name(vqg_rule_id(rule));
    char text[256];
    (void)snprintf(run.library, sizeof run.library, "%s (%s)", vqg_status_name(st), vqg_rule_id(rule));
    run.model = *set;
    detail("library %s, model %s", run.library, sm_set_text(set, text, sizeof text));
    if (rule == VQG_RULE_NONE) {
        holds("the library accepts, and the model's set is empty", sm_set_is_empty(set) && st == VQG_OK);
        run.ok++;
        return;
    }
    holds("the rule that the library names is in the model's set", sm_set_has(set, named));
    for (unsigned i = 0; i < SM_RULE_COUNT; i++) {
        run.foreseen[i] += set->has[i] ? 1u : 0u;
    }
    if (named < SM_RULE_COUNT) {
        run.named[named]++;
    }
}

/* An answer without a rule, such as EMPTY: there is just one that is right. */
static inline void answer(enum vqg_status library, enum vqg_status wanted)
{
    (void)snprintf(run.library, sizeof run.library, "%s", vqg_status_name(library));
    detail("library %s", run.library);
    if (library != wanted) {
        difference();
        (void)printf("  wanted:  %s\n", vqg_status_name(wanted));
    }
}

/* ---------------------------------------------------------------- a round that dies has a number as well */

static inline void died(void)
{
    (void)printf("died at ");
    where();
    how_to_replay();
}

/* Printing is not allowed in a handler, but the process is lost, and its round is worth knowing. */
static inline void caught(int number)
{
    (void)signal(number, SIG_DFL);
    (void)printf("signal %d: ", number);
    died();
    (void)printf("%" PRIu64 " passed, 1 failed\n", run.started - 1u);
    _exit(1);
}

/* Present when a sanitizer is linked in, which then handles signals by itself. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static inline void catch_deaths(void)
{
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(died);
    } else {
        (void)signal(SIGSEGV, caught);
        (void)signal(SIGBUS, caught);
    }
    (void)signal(SIGABRT, caught);
    (void)signal(SIGALRM, caught);
}

/* ---------------------------------------------------------------- options, rounds, the end */

static inline uint64_t number_of(const char *option, const char *text, char end, const char **rest)
{
    char *stop = NULL;
    uint64_t value = 0;
    if (text != NULL && text[0] >= '0' && text[0] <= '9') {
        value = strtoull(text, &stop, 10);
    }
    if (stop == NULL || *stop != end) {
        (void)fprintf(stderr, "%s: %s needs %s, not \"%s\"\n", run.program, option,
                      strcmp(option, "--replay") == 0 ? "SEED:ROUND" : "a number", text == NULL ? "" : text);
        exit(2);
    }
    *rest = stop + 1;
    return value;
}

static inline void compare_begin(int argc, char **argv, uint64_t operations)
{
    const char *rest = NULL;
    int i;
    runner_begin();
    run.program = argv[0];
    run.seed = 1;
    run.wanted = operations;
    for (i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--seed") == 0) {
            run.seed = number_of(argv[i], value, '\0', &rest);
        } else if (strcmp(argv[i], "--operations") == 0) {
            run.wanted = number_of(argv[i], value, '\0', &rest);
        } else if (strcmp(argv[i], "--replay") == 0) {
            run.seed = number_of(argv[i], value, ':', &rest);
            run.round = number_of(argv[i], rest, '\0', &rest);
            run.replay = true;
        } else {
            (void)fprintf(stderr, "%s: unknown option \"%s\"; --seed N, --operations N and --replay SEED:ROUND exist\n",
                          run.program, argv[i]);
            exit(2);
        }
    }
    run.whole = !run.replay && run.wanted >= operations;
    if (run.wanted > operations && test_assumed == 0) {
        (void)alarm(0); /* a long run was asked for */
    }
    catch_deaths();
}

/* Prepares the next round; false when there was enough. */
static inline bool compare_next(void)
{
    settle();
    if (run.started != 0u && (run.replay || run.operations >= run.wanted)) {
        return false;
    }
    if (!run.replay) {
        run.round = run.started;
    }
    run.started++;
    run.step = 0;
    sm_random_seed(&run.random, run.seed);
    sm_random_seed(&run.random, sm_random_next(&run.random) ^ run.round * UINT64_C(0xd1342543de82ef95));
    return true;
}

/* Prints what was seen; `rules` are those of this side, as in "U1 U2". The program's exit status. */
static inline int compare_end(const char *rules)
{
    unsigned missing = 0;
    (void)printf("%s: seed %" PRIu64 ", %" PRIu64 " operations in %" PRIu64 " rounds, %" PRIu64 " accepted\n",
                 run.program, run.seed, run.operations, run.started, run.ok);
    while (*rules != '\0') {
        char name[8];
        size_t length = strcspn(rules, " ");
        enum sm_rule rule;
        (void)snprintf(name, sizeof name, "%.*s", (int)length, rules);
        rule = sm_rule_by_name(name);
        (void)printf("  %-4s named by the library %8" PRIu64 ", in the model's sets %8" PRIu64 "\n", name,
                     run.named[rule], run.foreseen[rule]);
        if (run.whole && run.named[rule] < COMPARE_LEAST) {
            (void)printf("  %-4s is missing: %u are wanted\n", name, COMPARE_LEAST);
            missing++;
        }
        rules += length + strspn(rules + length, " ");
    }
    (void)printf("%" PRIu64 " passed, %u failed\n", run.started, missing);
    return missing == 0u ? 0 : 1;
}

#endif
