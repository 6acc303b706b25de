/* SPDX-License-Identifier: MIT */
/* Included before all else where the headers hold every mutant. */
#ifndef VQG_TEST_MUTANT_H
#define VQG_TEST_MUTANT_H

extern int mutant_alive;
extern unsigned char mutant_passed[];

/** Is this the mutant that is alive? That it was passed by is noted. */
static inline int MUTANT(int number)
{
    mutant_passed[number] = 1;
    return number == mutant_alive;
}

#endif
