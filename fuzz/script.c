/* SPDX-License-Identifier: MIT */
#include "script.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool script_aloud;

#define FEATURES 8192u
/* libFuzzer takes what stands in this section for coverage; it is empty at the beginning of each run. */
#if defined(FUZZ_LIBFUZZER)
__attribute__((section("__libfuzzer_extra_counters")))
#endif
static uint8_t features[FEATURES];

static struct {
    unsigned number;
    const char *name;
    unsigned before; /* kind of the step before */
    bool stopped;
} at;

void script_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)printf("        ");
    (void)vprintf(format, arguments);
    (void)printf("\n");
    va_end(arguments);
}

void script_fail(const char *format, ...)
{
    va_list arguments;
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: step %u (%s): ", harness.name, at.number, at.name);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "\n");
    (void)fflush(stderr);
    abort();
}

void script_stop(void)
{
    SAY("the script ends here");
    at.stopped = true;
}

bool script_stopped(void)
{
    return at.stopped;
}

void script_feature(unsigned what)
{
    features[(what * 2654435761u + at.before * 40503u) % FEATURES] = 1;
}

struct step script_step(const uint8_t *from)
{
    struct step s;
    s.kind = from[0];
    s.a = from[1];
    s.b = (uint16_t)(from[2] | ((unsigned)from[3] << 8));
    s.v = from[4] | ((uint32_t)from[5] << 8) | ((uint32_t)from[6] << 16) | ((uint32_t)from[7] << 24);
    return s;
}

void script_put_step(uint8_t *to, struct step s)
{
    to[0] = s.kind;
    to[1] = s.a;
    to[2] = (uint8_t)s.b;
    to[3] = (uint8_t)(s.b >> 8);
    to[4] = (uint8_t)s.v;
    to[5] = (uint8_t)(s.v >> 8);
    to[6] = (uint8_t)(s.v >> 16);
    to[7] = (uint8_t)(s.v >> 24);
}

void script_play(const uint8_t *data, size_t size)
{
    uint8_t head[SCRIPT_HEAD] = {0};
    size_t offset;
    for (size_t i = 0; i < SCRIPT_HEAD && i < size; i++) {
        head[i] = data[i];
    }
    at.number = 0;
    at.name = "the world";
    at.before = 0;
    at.stopped = false;
    harness.begin(head);
    for (offset = SCRIPT_HEAD; offset + SCRIPT_STEP <= size && at.number < SCRIPT_STEPS && !at.stopped;
         offset += SCRIPT_STEP) {
        const struct step step = script_step(data + offset);
        const unsigned kind = step.kind % harness.kind_count;
        at.number++;
        at.name = harness.kinds[kind].name;
        if (script_aloud) {
            (void)printf("%4u  %s (%u, %u, 0x%x)\n", at.number, at.name, step.a, step.b, (unsigned)step.v);
        }
        harness.kinds[kind].play(&step);
        at.before = kind;
    }
    at.name = "the end";
    harness.end();
}
