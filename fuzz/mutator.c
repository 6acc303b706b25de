/* SPDX-License-Identifier: MIT */
#include "mutator.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint32_t draw(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33);
}

static uint32_t below(uint32_t limit)
{
    return draw() % limit;
}

static void seed_with(unsigned seed)
{
    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1u;
    (void)draw();
}

/* ---------------------------------------------------------------- values */

/* Small numbers most of the time; else an edge: sizes, signs, wrap counters, widths. */
static uint32_t number(void)
{
    static const uint32_t edges[] = {7,      8,      15,     16,      17,         31,         32,        33,
                                     0x7f,   0x80,   0xff,   0x100,   0x7fff,     0x8000,     0x8001,    0x8080,
                                     0xffff, 0x10000, 0x10001, 32768, 32769,      0x7fffffff, 0x80000000, 0x80000001,
                                     0xffffff00, 0xfffffff0, 0xffffffff};
    switch (below(8)) {
    case 0:
        return edges[below(sizeof edges / sizeof edges[0])];
    case 1:
        return UINT32_C(1) << below(32);
    case 2:
        return draw() << 16 ^ draw();
    case 3:
        return below(256);
    default:
        return below(5);
    }
}

/* An address as memory_address() reads it: a place where something begins or ends, and around it. */
static uint32_t place(void)
{
    static const uint32_t places[] = {0,         AT_DESC,   AT_AVAIL,  AT_USED,   AT_SIBLING, AT_TABLES,
                                      AT_DATA,   AT_RDONLY, AT_WRONLY, AT_HOLE,   SHARED_BYTES, AT_DATA + 64u};
    const uint32_t at = places[below(sizeof places / sizeof places[0])];
    switch (below(16)) {
    case 0:
        return UINT32_C(7) << 29 | below(512);
    case 1:
        return draw() << 16 ^ draw();
    case 2:
        return at + 0x20u + (UINT32_C(5) << 29);
    default:
        return at + 0x20u + (below(2) != 0u ? 0u : below(2) != 0u ? 16u * below(24) : below(49) - 24u);
    }
}

static uint32_t value(void)
{
    return below(3) == 0u ? place() : number();
}

static struct step make(void)
{
    struct step s;
    unsigned total = 0;
    unsigned ticket;
    for (unsigned i = 0; i < harness.kind_count; i++) {
        total += harness.kinds[i].weight;
    }
    ticket = below(total);
    s.kind = 0;
    while (ticket >= harness.kinds[s.kind].weight) {
        ticket -= harness.kinds[s.kind].weight;
        s.kind++;
    }
    s.a = (uint8_t)(below(8) == 0u ? draw() : below(16));
    s.b = (uint16_t)(below(4) == 0u ? number() : below(2) != 0u ? below(8) : draw());
    s.v = value();
    return s;
}

static void change(struct step *s)
{
    switch (below(6)) {
    case 0:
        s->a = (uint8_t)(s->a ^ 1u << below(8));
        break;
    case 1:
        s->b = (uint16_t)(s->b + below(9) - 4u);
        break;
    case 2:
        s->b = (uint16_t)number();
        break;
    case 3:
        s->v = value();
        break;
    case 4:
        s->v = s->v + below(9) - 4u;
        break;
    default:
        s->a = (uint8_t)number();
        break;
    }
}

static void change_head(uint8_t *head)
{
    const uint32_t at = below(SCRIPT_HEAD);
    head[at] = (uint8_t)(below(4) == 0u ? 0u : below(2) != 0u ? head[at] ^ 1u << below(8) : number());
}

/* Half of the bytes are 0, which is the plain choice of each. */
static void make_head(uint8_t *head)
{
    for (unsigned i = 0; i < SCRIPT_HEAD; i++) {
        head[i] = (uint8_t)(below(2) == 0u ? 0u : draw());
    }
    for (unsigned i = 3; i < SCRIPT_HEAD; i++) {
        head[i] = (uint8_t)(below(3) != 0u ? 0u : head[i]);
    }
}

/* ---------------------------------------------------------------- scripts */

size_t mutator_make(uint8_t *data, unsigned steps, unsigned seed)
{
    seed_with(seed);
    make_head(data);
    for (unsigned i = 0; i < steps; i++) {
        script_put_step(data + SCRIPT_HEAD + SCRIPT_STEP * i, make());
    }
    return SCRIPT_HEAD + (size_t)SCRIPT_STEP * steps;
}

static uint8_t *step_at(uint8_t *data, uint32_t i)
{
    return data + SCRIPT_HEAD + SCRIPT_STEP * (size_t)i;
}

/* Makes room for `n` steps before step `at`. */
static void open_up(uint8_t *data, uint32_t steps, uint32_t at, uint32_t n)
{
    memmove(step_at(data, at + n), step_at(data, at), SCRIPT_STEP * (size_t)(steps - at));
}

static uint32_t mutate_once(uint8_t *data, uint32_t steps, uint32_t most)
{
    const uint32_t at = below(steps + 1u);
    struct step s;
    uint32_t n;
    switch (steps == 0u ? 0u : below(10)) {
    case 0:
    case 1:
    case 2: /* a few new ones */
        n = 1u + below(4);
        n = n < most - steps ? n : most - steps;
        open_up(data, steps, at, n);
        for (uint32_t i = 0; i < n; i++) {
            script_put_step(step_at(data, at + i), make());
        }
        return steps + n;
    case 3: /* some less */
        n = 1u + below(3);
        n = n < steps - at ? n : steps - at;
        memmove(step_at(data, at), step_at(data, at + n), SCRIPT_STEP * (size_t)(steps - at - n));
        return steps - n;
    case 4: /* some twice */
        n = 1u + below(6);
        n = n < steps - at ? n : steps - at;
        n = n < most - steps ? n : most - steps;
        open_up(data, steps, at, n);
        return steps + n;
    case 5: /* two change places */
        if (at + 1u < steps) {
            uint8_t kept[SCRIPT_STEP];
            uint8_t *other = step_at(data, at + 1u + below(steps - at - 1u));
            memcpy(kept, other, SCRIPT_STEP);
            memcpy(other, step_at(data, at), SCRIPT_STEP);
            memcpy(step_at(data, at), kept, SCRIPT_STEP);
        }
        return steps;
    case 6: /* another kind, or another step */
        script_put_step(step_at(data, at % steps), make());
        return steps;
    case 7:
        change_head(data);
        return steps;
    default:
        s = script_step(step_at(data, at % steps));
        change(&s);
        script_put_step(step_at(data, at % steps), s);
        return steps;
    }
}

size_t mutator_mutate(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    uint32_t steps = 0;
    uint32_t most;
    seed_with(seed);
    if (max < SCRIPT_HEAD + SCRIPT_STEP) {
        return size;
    }
    most = (uint32_t)((max < SCRIPT_MAX ? max : SCRIPT_MAX) - SCRIPT_HEAD) / SCRIPT_STEP;
    if (size < SCRIPT_HEAD) {
        make_head(data);
    } else {
        steps = (uint32_t)(size - SCRIPT_HEAD) / SCRIPT_STEP;
        steps = steps < most ? steps : most;
    }
    for (uint32_t n = 1u + below(4); n != 0u; n--) {
        steps = mutate_once(data, steps, most);
    }
    return SCRIPT_HEAD + (size_t)SCRIPT_STEP * steps;
}

size_t mutator_splice(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size, uint8_t *out, size_t max,
                      unsigned seed)
{
    size_t first;
    size_t from;
    size_t rest;
    seed_with(seed);
    max = max < SCRIPT_MAX ? max : SCRIPT_MAX;
    if (one_size < SCRIPT_HEAD || two_size < SCRIPT_HEAD || max < SCRIPT_HEAD) {
        return 0;
    }
    first = SCRIPT_HEAD + SCRIPT_STEP * (size_t)below((uint32_t)(one_size - SCRIPT_HEAD) / SCRIPT_STEP + 1u);
    from = SCRIPT_HEAD + SCRIPT_STEP * (size_t)below((uint32_t)(two_size - SCRIPT_HEAD) / SCRIPT_STEP + 1u);
    first = first < max ? first : SCRIPT_HEAD;
    rest = two_size - from < max - first ? two_size - from : max - first;
    rest -= rest % SCRIPT_STEP;
    memcpy(out, one, first);
    memcpy(out + first, two + from, rest);
    return first + rest;
}
