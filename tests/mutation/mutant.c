/* SPDX-License-Identifier: MIT */
/*
 * Linked to each program whose headers hold every mutant: VQG_MUTANT=N makes mutant N alive, and
 * VQG_MUTANT_TRACE=FILE writes a byte for each mutant, whether it was passed by.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mutant.h"

int mutant_alive;
unsigned char mutant_passed[MUTANTS + 1];

static void write_trace(void)
{
    FILE *f = fopen(getenv("VQG_MUTANT_TRACE"), "wb");
    if (f == NULL || fwrite(mutant_passed, sizeof mutant_passed, 1, f) != 1u || fclose(f) != 0) {
        abort();
    }
}

__attribute__((constructor)) static void begin(void)
{
    const char *number = getenv("VQG_MUTANT");
    mutant_alive = number != NULL ? atoi(number) : 0;
    if (getenv("VQG_MUTANT_TRACE") != NULL) {
        (void)atexit(write_trace);
    }
}
