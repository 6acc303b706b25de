/* SPDX-License-Identifier: MIT */
/* What both formats and both directions use: sets of rules, bytes, ranges, random numbers. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- mistakes of the test itself */

void sm_misuse(const char *what)
{
    (void)fprintf(stderr, "model: the test is wrong: %s\n", what);
    abort();
}

void *sm_new_array(size_t count, size_t element)
{
    void *array = calloc(count, element);

    if (array == NULL)
        sm_misuse("out of memory");
    return array;
}

/* Makes room for one more in a list that doubles whenever its length is a power of two. */
void *sm_grown(void *list, size_t count, size_t element)
{
    if ((count & (count - 1)) != 0)
        return list;
    list = realloc(list, (count == 0 ? 1 : 2 * count) * element);
    if (list == NULL)
        sm_misuse("out of memory");
    return list;
}

/* ---------------------------------------------------------------- rules and sets of rules */

#define RULE_NAME(id) #id,
static const char *const rule_names[SM_RULE_COUNT] = { SM_RULES(RULE_NAME) };
#undef RULE_NAME

const char *sm_rule_name(enum sm_rule rule)
{
    return (size_t)rule < SM_RULE_COUNT ? rule_names[rule] : "?";
}

enum sm_rule sm_rule_by_name(const char *name)
{
    for (size_t i = 0; i < SM_RULE_COUNT; i++)
        if (strcmp(rule_names[i], name) == 0)
            return (enum sm_rule)i;
    return SM_RULE_COUNT;
}

struct sm_set sm_empty_set(void)
{
    struct sm_set set;

    memset(&set, 0, sizeof set);
    return set;
}

void sm_add(struct sm_set *set, enum sm_rule rule)
{
    set->has[rule] = true;
}

size_t sm_set_count(const struct sm_set *set)
{
    size_t count = 0;

    for (size_t i = 0; i < SM_RULE_COUNT; i++)
        if (set->has[i])
            count++;
    return count;
}

bool sm_set_is_empty(const struct sm_set *set)
{
    return sm_set_count(set) == 0;
}

bool sm_set_has(const struct sm_set *set, enum sm_rule rule)
{
    return (size_t)rule < SM_RULE_COUNT && set->has[rule];
}

bool sm_set_has_name(const struct sm_set *set, const char *name)
{
    return sm_set_has(set, sm_rule_by_name(name));
}

const char *sm_set_text(const struct sm_set *set, char *text, size_t size)
{
    size_t used = 0;

    if (size == 0)
        return text;
    text[0] = '\0';
    if (sm_set_is_empty(set))
        (void)snprintf(text, size, "-");
    for (size_t i = 0; i < SM_RULE_COUNT; i++) {
        if (!set->has[i])
            continue;
        if (used + strlen(rule_names[i]) + 2 > size)
            break;
        used += (size_t)snprintf(text + used, size - used, "%s%s", used == 0 ? "" : " ", rule_names[i]);
    }
    return text;
}

/* ---------------------------------------------------------------- bytes in a chosen order */

static uint64_t get_bytes(const uint8_t *bytes, unsigned count, bool big_endian)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < count; i++)
        value = value << 8 | bytes[big_endian ? i : count - 1 - i];
    return value;
}

static void put_bytes(uint8_t *bytes, unsigned count, uint64_t value, bool big_endian)
{
    for (unsigned i = 0; i < count; i++) {
        bytes[big_endian ? count - 1 - i : i] = (uint8_t)(value & 0xff);
        value >>= 8;
    }
}

uint16_t sm_get16(const uint8_t *bytes, bool big_endian) { return (uint16_t)get_bytes(bytes, 2, big_endian); }
uint32_t sm_get32(const uint8_t *bytes, bool big_endian) { return (uint32_t)get_bytes(bytes, 4, big_endian); }
uint64_t sm_get64(const uint8_t *bytes, bool big_endian) { return get_bytes(bytes, 8, big_endian); }
void sm_put16(uint8_t *bytes, uint16_t value, bool big_endian) { put_bytes(bytes, 2, value, big_endian); }
void sm_put32(uint8_t *bytes, uint32_t value, bool big_endian) { put_bytes(bytes, 4, value, big_endian); }
void sm_put64(uint8_t *bytes, uint64_t value, bool big_endian) { put_bytes(bytes, 8, value, big_endian); }

/* ---------------------------------------------------------------- ranges of addresses */

/* Ranges here have at least one byte. */
bool sm_range_wraps(uint64_t addr, uint64_t len)
{
    return len - 1 > UINT64_MAX - addr;
}

/* The last byte; a range that wraps is cut at the end of the address space. */
uint64_t sm_range_last(uint64_t addr, uint64_t len)
{
    return sm_range_wraps(addr, len) ? UINT64_MAX : addr + (len - 1);
}

bool sm_ranges_overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
    return a <= sm_range_last(b, b_len) && b <= sm_range_last(a, a_len);
}

/* ---------------------------------------------------------------- random numbers: splitmix64 */

void sm_random_seed(struct sm_random *random, uint64_t seed)
{
    random->state = seed;
}

uint64_t sm_random_next(struct sm_random *random)
{
    uint64_t value;

    random->state += UINT64_C(0x9e3779b97f4a7c15);
    value = random->state;
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

uint64_t sm_random_below(struct sm_random *random, uint64_t limit)
{
    return limit == 0 ? 0 : sm_random_next(random) % limit;
}

bool sm_random_chance(struct sm_random *random, uint64_t hits, uint64_t of)
{
    return sm_random_below(random, of) < hits;
}
