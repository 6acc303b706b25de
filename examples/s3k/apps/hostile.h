/* SPDX-License-Identifier: MIT */
/* Attacks of app0's on app1, the kernel and the other client. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdbool.h>

struct hostile_attack {
    const char *name; /* judge.py knows it, and the rule that must stop it */
    bool (*play)(void); /* true: app0 was told that it is refused, or did no harm */
};

struct hostile_list {
    const struct hostile_attack *attacks;
    unsigned count;
};

/* By messages and by drivers that know nothing of it; by a queue written by hand; by doing it over and over. */
struct hostile_list hostile_addresses(void);
struct hostile_list hostile_queues(void);
struct hostile_list hostile_times(void);

#endif
