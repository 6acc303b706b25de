/* SPDX-License-Identifier: MIT */
#include "memory.h"

#ifndef VQG_API
#define VQG_API static inline
#endif
#include "fuzz_port.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOADS_MAX 600u /* of one call: a table is at most 2 * QUEUE_MAX entries, of 16 bytes each */
#define STORES_MAX 256u
#define RANGES_MAX 64u
#define ANSWERS_MAX 8u

_Static_assert(2u * QUEUE_MAX * 16u + 4u * QUEUE_MAX < LOADS_MAX, "an honest call stays below the bound");

struct shared_memory shared;
uint8_t found[SHARED_BYTES];
uint8_t by_library[SHARED_BYTES];
bool shared_is_big;

#if defined(FUZZ_ABLATION)
int fuzz_assumed;
#endif

struct range {
    size_t at;
    size_t bytes;
};

static struct {
    uint32_t number;
    unsigned loads;
    unsigned stores;
    unsigned ranges;
    unsigned answers;
    size_t poll;
    bool polled;
    size_t again;
    struct range store[STORES_MAX];
    struct range range[RANGES_MAX];
    struct step answer[ANSWERS_MAX];
} call;

static uint32_t looked[SHARED_BYTES]; /* number of the call that loaded this byte */

void memory_begin(void)
{
    canary_set(shared.before);
    canary_set(shared.before + CANARIES);
    canary_set(shared.after);
    canary_set(shared.after + CANARIES);
    memset(shared.bytes, 0, sizeof shared.bytes);
    memset(found, 0, sizeof found);
    memset(by_library, 0, sizeof by_library);
    shared_is_big = false;
    call.answers = 0;
    memory_call(NO_POLL, 0);
}

void memory_end(void)
{
    canary_check(shared.before, "shared memory");
    canary_check(shared.before + CANARIES, "shared memory");
    canary_check(shared.after, "shared memory");
    canary_check(shared.after + CANARIES, "shared memory");
    for (size_t i = 0; i < SHARED_BYTES; i += 8u) {
        uint64_t a;
        uint64_t b;
        memcpy(&a, shared.bytes + i, 8);
        memcpy(&b, found + i, 8);
        HOLDS(a == b, "shared memory was written past the port, near 0x%zx", i);
    }
}

/* ---------------------------------------------------------------- values */

static void put_at(uint8_t *to, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++) {
        to[shared_is_big ? bytes - 1u - i : i] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t get_at(const uint8_t *from, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value = value << 8 | from[shared_is_big ? i : bytes - 1u - i];
    }
    return value;
}

void memory_put(size_t at, unsigned bytes, uint64_t value)
{
    if (at > SHARED_BYTES - bytes) {
        return;
    }
    put_at(shared.bytes + at, bytes, value);
    memcpy(found + at, shared.bytes + at, bytes);
    SAY("%s becomes 0x%" PRIx64, memory_place(at), get_at(found + at, bytes));
}

uint64_t memory_get(size_t at, unsigned bytes)
{
    return get_at(found + at, bytes);
}

uint64_t memory_stored(size_t at, unsigned bytes)
{
    return get_at(shared.bytes + at, bytes);
}

uint64_t memory_address(uint32_t v)
{
    switch (v >> 29) {
    case 7:
        return UINT64_MAX - (v & 0x1ffu);
    case 6:
        return (uint64_t)v << 32 | v;
    case 5:
        return ALIAS_BASE - 8u + (v & 0x3fu);
    default:
        return SHARED_BASE - 0x20u + (v & 0x1fffu) % (SHARED_BYTES + 0x40u);
    }
}

/* ---------------------------------------------------------------- loads and stores */

static size_t offset_of(const volatile void *p, unsigned bytes, const char *what)
{
    size_t at = (size_t)((uintptr_t)p - (uintptr_t)shared.bytes);
    HOLDS(at <= SHARED_BYTES - bytes, "%s outside of shared memory", what);
    HOLDS(at % bytes == 0u, "%s of %u bytes at 0x%zx, which is misaligned", what, bytes, at);
    return at;
}

/*
 * An answer: `b` is which load, its highest bit: and all that follow; `a` how the value changes. The two halves of a
 * descriptor's second word are its length, and its flags with what stands beside them.
 */
static uint64_t answered(const struct step *s, unsigned load, unsigned bytes, uint64_t value)
{
    const uint64_t v = (s->b & 0x8000u) != 0u ? (s->v ^ load) * 2654435761u >> 20 : s->v;
    const unsigned half = bytes == 8u && (s->a & 1u) != 0u ? 32u : 0u;
    const uint64_t mask = bytes == 8u ? (uint64_t)UINT32_MAX << half : UINT64_MAX >> (64u - 8u * bytes);
    switch (s->a >> 1 & 3u) {
    case 0:
        return (value & ~mask) | ((v << half) & mask);
    case 1:
        return value ^ ((v << half) & mask);
    case 2:
        return (value & ~mask) | ((value + (v << half)) & mask);
    default:
        return bytes == 8u ? memory_address(s->v) : value ^ ((uint64_t)1 << s->v % (8u * bytes));
    }
}

static bool answer(size_t at, unsigned bytes)
{
    const unsigned load = call.loads;
    bool any = false;
    for (unsigned i = 0; i < call.answers; i++) {
        const struct step *s = &call.answer[i];
        const unsigned which = s->b & 63u;
        if (load == which || ((s->b & 0x8000u) != 0u && load > which)) {
            const uint64_t value = answered(s, load, bytes, get_at(shared.bytes + at, bytes));
            put_at(shared.bytes + at, bytes, value);
            any = true;
        }
    }
    return any;
}

uint64_t fuzz_load(const volatile void *p, unsigned bytes)
{
    const size_t at = offset_of(p, bytes, "a load");
    uint64_t value = 0;
    bool repeated = false;
    bool any = false;
    HOLDS(call.loads < LOADS_MAX, "a call that does not end: %u loads", call.loads);
    if (at == call.poll && bytes == 2u) {
        call.polled = true;
    } else {
        repeated = call.polled && at < call.poll + 2u && call.poll < at + bytes;
        for (unsigned i = 0; i < bytes; i++) {
            repeated = repeated || looked[at + i] == call.number;
            looked[at + i] = call.number;
        }
        HOLDS(!repeated || at < call.again, "%s is loaded twice in one call", memory_place(at));
    }
    if (call.answers != 0u && !repeated) {
        any = answer(at, bytes);
    }
    call.loads++;
    memcpy(found + at, shared.bytes + at, bytes);
    memcpy((uint8_t *)&value + (VQG_PORT_BIG_ENDIAN ? 8u - bytes : 0u), shared.bytes + at, bytes);
    SAY("load %u: %s is 0x%" PRIx64 "%s", call.loads - 1u, memory_place(at), get_at(found + at, bytes),
        any ? ", which is an answer" : "");
    return value;
}

void fuzz_store(volatile void *p, unsigned bytes, uint64_t v)
{
    const size_t at = offset_of(p, bytes, "a store");
    HOLDS(call.stores < STORES_MAX, "a call that does not end: %u stores", call.stores);
    memcpy(shared.bytes + at, (const uint8_t *)&v + (VQG_PORT_BIG_ENDIAN ? 8u - bytes : 0u), bytes);
    call.store[call.stores].at = at;
    call.store[call.stores++].bytes = bytes;
    SAY("store: %s becomes 0x%" PRIx64, memory_place(at), get_at(shared.bytes + at, bytes));
}

/* ---------------------------------------------------------------- calls */

void memory_call(size_t poll, size_t again)
{
    call.number++;
    call.loads = 0;
    call.stores = 0;
    call.ranges = 0;
    call.poll = poll;
    call.polled = false;
    call.again = again;
}

void memory_may_store(size_t at, size_t bytes)
{
    HOLDS(call.ranges < RANGES_MAX, "the harness allows too many ranges");
    call.range[call.ranges].at = at;
    call.range[call.ranges++].bytes = bytes;
}

void memory_settle(void)
{
    for (unsigned i = 0; i < call.stores; i++) {
        const struct range *s = &call.store[i];
        unsigned k = 0;
        while (k < call.ranges &&
               (s->at < call.range[k].at || s->at + s->bytes > call.range[k].at + call.range[k].bytes)) {
            k++;
        }
        HOLDS(k < call.ranges, "a store to %s, where this call has nothing to store", memory_place(s->at));
        memcpy(found + s->at, shared.bytes + s->at, s->bytes);
        memcpy(by_library + s->at, shared.bytes + s->at, s->bytes);
    }
    call.answers = 0;
    memory_call(NO_POLL, 0);
    if (script_aloud) {
        memory_end();
    }
}

unsigned memory_loads(void)
{
    return call.loads;
}

bool memory_loaded(size_t at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (looked[at + i] == call.number) {
            return true;
        }
    }
    return false;
}

void memory_answer(const struct step *step)
{
    if (call.answers < ANSWERS_MAX) {
        call.answer[call.answers++] = *step;
    }
}

/* ---------------------------------------------------------------- private memory */

void canary_set(canary c)
{
    for (unsigned i = 0; i < CANARIES; i++) {
        c[i] = CANARY + i;
    }
}

void canary_check(const canary c, const char *what)
{
    for (unsigned i = 0; i < CANARIES; i++) {
        HOLDS(c[i] == CANARY + i, "a canary beside %s is hurt", what);
    }
}
