/* SPDX-License-Identifier: MIT */
/* What the program tells: lines for people on stderr, with --json one object a line on stdout. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>

struct report {
    bool json;
    bool verbose;
};

extern struct report report;

/* Lines about one client; what it makes us say beyond that is not said. */
#define REPORT_LINES 200u

/* Another client. */
void report_client(void);

/* A line on stderr. */
__attribute__((format(printf, 1, 2))) void report_say(const char *format, ...);

/* A line on stderr, with --verbose. */
__attribute__((format(printf, 1, 2))) void report_detail(const char *format, ...);

/* An object on stdout, with --json: the event's name, then what stands behind it, members with a comma before each. */
__attribute__((format(printf, 2, 3))) void report_event(const char *name, const char *format, ...);

#endif
