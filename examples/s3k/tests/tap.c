/* SPDX-License-Identifier: MIT */
#include "tap.h"

#include "puppet.h"

static unsigned tests;

void tap_equal(const char *name, uint64_t got, uint64_t wanted)
{
    tests++;
    if (got == wanted) {
        platform_print("ok %u - %s\n", tests, name);
    } else {
        platform_print("not ok %u - %s: 0x%lx, not 0x%lx\n", tests, name, got, wanted);
    }
}

void tap_true(const char *name, bool held)
{
    tap_equal(name, held, true);
}

void tap_plan(void)
{
    platform_print("1..%u\n", tests);
}

void tap_rows(uint16_t pid, const struct tap_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t *x = rows[i].x;
        int64_t got = pid == 1 ? s3k_do(rows[i].call, x[0], x[1], x[2], x[3], x[4], x[5]).status
                               : puppet_do(pid, rows[i].call, x);

        tap_equal(rows[i].name, (uint64_t)got, (uint64_t)rows[i].wanted);
    }
}
