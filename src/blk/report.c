/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

struct report report;

static unsigned lines;

void report_client(void)
{
    lines = 0;
}

__attribute__((format(printf, 1, 0))) static void line(const char *format, va_list arguments)
{
    (void)fputs("vqguard-blk: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
}

void report_say(const char *format, ...)
{
    va_list arguments;
    if (lines++ >= REPORT_LINES) {
        if (lines == REPORT_LINES + 1u) {
            (void)fputs("vqguard-blk: nothing more is said of this client\n", stderr);
        }
        lines = REPORT_LINES + 1u;
        return;
    }
    va_start(arguments, format);
    line(format, arguments);
    va_end(arguments);
}

void report_detail(const char *format, ...)
{
    va_list arguments;
    if (!report.verbose) {
        return;
    }
    va_start(arguments, format);
    line(format, arguments);
    va_end(arguments);
}

void report_event(const char *name, const char *format, ...)
{
    va_list arguments;
    if (!report.json) {
        return;
    }
    (void)printf("{\"event\":\"%s\"", name);
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)puts("}");
    (void)fflush(stdout);
}
