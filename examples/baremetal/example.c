/* SPDX-License-Identifier: MIT */
#include "example.h"

#include "platform.h"

#define WORDS (SECTOR / 4u)

static unsigned failures;

static uint32_t pattern_word(unsigned tag, uint64_t sector, uint32_t index)
{
    uint32_t x = (uint32_t)tag << 27 ^ (uint32_t)sector << 7 ^ index;

    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

void pattern_fill(void *data, unsigned tag, uint64_t sector, uint32_t sectors)
{
    uint32_t *word = data;

    for (uint32_t s = 0; s < sectors; s++) {
        for (uint32_t i = 0; i < WORDS; i++) {
            *word++ = pattern_word(tag, sector + s, i);
        }
    }
}

bool pattern_holds(const void *data, unsigned tag, uint64_t sector, uint32_t sectors)
{
    const uint32_t *word = data;

    for (uint32_t s = 0; s < sectors; s++) {
        for (uint32_t i = 0; i < WORDS; i++) {
            if (*word++ != pattern_word(tag, sector + s, i)) {
                return false;
            }
        }
    }
    return true;
}

const char *verdict(bool good)
{
    if (!good) {
        failures++;
    }
    return good ? "ok" : "FAIL";
}

_Noreturn void finish(void)
{
    platform_print("DONE %s\n", failures == 0 ? "pass" : "fail");
    platform_exit(failures == 0 ? 0 : 1);
}
