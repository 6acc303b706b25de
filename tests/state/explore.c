/* SPDX-License-Identifier: MIT */
/*
 * Every interleaving of a bounded script of steps of a driver endpoint, a device endpoint and one hostile write,
 * depth first. Each step is compared with the models; from a state that was reached before nothing is gone on.
 *
 *     state_space [MORE]                     MORE requests on each path than by default; -1: one less
 *     state_space --replay SCRIPT PATH       as a failure prints it: each step in words
 */
#define _POSIX_C_SOURCE 200809L
#include "explore.h"
#include "seen.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t states;
static uint64_t transitions;

/* ---------------------------------------------------------------- steps */

static void possible(struct steps *steps, enum step_kind kind, unsigned which)
{
    steps->list[steps->count++] = (struct step){(uint8_t)kind, (uint8_t)which, 0, 0, 0};
}

static void all_steps(struct steps *steps)
{
    bool room = false;
    steps->count = 0;
    if (now.adds_left != 0u) {
        possible(steps, setting.size > 1u ? ADD_TWO : ADD_ONE, 0);
        possible(steps, ADD_TABLE, 0);
    }
    possible(steps, KICK, 0);
    for (unsigned k = 0; k < SIZE; k++) {
        room = room || !now.popped[k];
        if (now.popped[k]) {
            possible(steps, PUSH_ALL, k);
        }
        if (now.popped[k] && now.chains[k].writable != 0u) {
            possible(steps, PUSH_LESS, k);
        }
    }
    if (room) {
        possible(steps, POP, 0);
    }
    possible(steps, NOTIFY, 0);
    possible(steps, TAKE, 0);
    possible(steps, RESET, 0);
    if (now.writes_left != 0u) {
        hostile_writes(steps);
    }
}

/* False when nothing is to follow: with no reset left, one more shows that everything comes back. */
static bool go(const struct step *s, unsigned choice, const struct state *here)
{
    bool last = false;
    holds(path.length < LONGEST, "no path is longer than the script allows");
    path.steps[path.length] = *s;
    path.choices[path.length++] = choice;
    before = here;
    switch ((enum step_kind)s->kind) {
    case ADD_ONE:
    case ADD_TWO:
    case ADD_TABLE:
        add((enum step_kind)s->kind);
        break;
    case KICK:
        kick();
        break;
    case POP:
        pop();
        break;
    case PUSH_ALL:
    case PUSH_LESS:
        push(s->which, s->kind == PUSH_ALL);
        break;
    case NOTIFY:
        notify();
        break;
    case TAKE:
        take();
        break;
    case RESET:
        last = now.resets_left == 0u;
        now.resets_left = (uint8_t)(now.resets_left - (last ? 0u : 1u));
        reset();
        break;
    case WRITE:
        hostile_write(s);
        break;
    }
    return !last;
}

/* `now` is a state that was not seen before. */
static void explore(void)
{
    const struct state here = now;
    struct steps steps;
    states++;
    all_steps(&steps);
    for (unsigned i = 0; i < steps.count; i++) {
        transitions++;
        if (go(&steps.list[i], i, &here) && is_new(essence(), sizeof now)) {
            explore();
        }
        path.length--;
        now = here;
    }
}

static void explore_script(void)
{
    states = 0;
    transitions = 0;
    path.length = 0;
    forget_all();
    start(path.script.adds, path.script.resets, path.script.writes);
    (void)is_new(essence(), sizeof now);
    explore();
    (void)printf("%-25s %u requests, %u resets, %u hostile writes: %8" PRIu64 " states, %9" PRIu64 " transitions\n",
                 script_text(), path.script.adds, path.script.resets, path.script.writes, states, transitions);
    holds(states > 1u && transitions > states, "there was something to visit");
}

/* ---------------------------------------------------------------- replay */

static int replay(const char *choices)
{
    char *end;
    path.replaying = true;
    start(path.script.adds, path.script.resets, path.script.writes);
    for (bool goes_on = true; goes_on; choices = end + 1) {
        const struct state here = now;
        struct steps steps;
        unsigned long i = strtoul(choices, &end, 10);
        all_steps(&steps);
        if (end == choices || i >= steps.count) {
            (void)fprintf(stderr, "state_space: \"%s\" does not go on from here; take the path as a failure prints it\n",
                          choices);
            return 2;
        }
        print_step(&steps.list[i]);
        goes_on = go(&steps.list[i], (unsigned)i, &here) && *end == '.';
    }
    (void)printf("the path holds\n");
    return 0;
}

/* ---------------------------------------------------------------- the whole */

/* Longer paths without a hostile write, and shorter ones with one. */
static const struct script scripts[] = {{1, 8, 1, 0}, {2, 4, 1, 0}, {3, 4, 1, 0}, {4, 3, 1, 0},
                                        {1, 3, 1, 1}, {2, 2, 1, 1}, {3, 2, 1, 1}, {4, 2, 0, 1},
                                        {2, 3, 0, 1}};

/* Without these a run has shown little. */
static const char *const rules[] = {"S1", "S2", "S3", "S4", "S5", "C1", "C2", "C5", "C6",  "C7",
                                    "C8", "I2", "I3", "I5", "I6", "I9", "I10", "X8", "M1", "M2",
                                    "U1", "U2", "U3", "U5", "U6", "P3", "P4", "P5", "O2", "O4"};

int main(int argc, char **argv)
{
    char *end = NULL;
    long more = argc > 1 ? strtol(argv[1], &end, 10) : 0;
    unsigned failed = 0;
    bool lacking = more < 0; /* or a build without one of the formats: not every rule turns up */
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 4 && strcmp(argv[1], "--replay") == 0 && read_script(argv[2])) {
        return replay(argv[3]);
    }
    if (argc > 2 || more < -1 || more > 90 || (argc > 1 && (end == argv[1] || *end != '\0'))) {
        (void)fprintf(stderr, "usage: state_space [MORE]\n       state_space --replay SCRIPT PATH\n");
        return 2;
    }
    for (unsigned i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        for (unsigned kind = 0; kind < 4u; kind++) {
            path.script = scripts[i];
            path.script.adds = (uint8_t)(path.script.adds + more);
            setting = (struct setting){scripts[i].size, kind % 2u != 0u, kind >= 2u};
            if ((features() & VQG_F_LACKING_) != 0u) {
                lacking = true;
            } else if (setting.packed || (setting.size & (setting.size - 1u)) == 0u) {
                explore_script();
            }
        }
    }
    for (unsigned i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const uint64_t count = named[sm_rule_by_name(rules[i])];
        (void)printf("%s%s %" PRIu64, i % 10u == 0u ? i == 0u ? "" : "\n" : ", ", rules[i], count);
        failed += count == 0u && !lacking ? 1u : 0u;
    }
    (void)printf("\n%u rules are missing\n%u passed, %u failed\n", failed, failed == 0u ? 1u : 0u, failed);
    return failed == 0u ? 0 : 1;
}
