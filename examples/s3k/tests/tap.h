/* SPDX-License-Identifier: MIT */
/* Results, one a line, as the Test Anything Protocol has them. */
#ifndef TAP_H
#define TAP_H

#include "app.h"

/* A system call and what it must return. */
struct tap_row {
    const char *name;
    uint64_t call;
    uint64_t x[6];
    int64_t wanted;
};

void tap_equal(const char *name, uint64_t got, uint64_t wanted);
void tap_true(const char *name, bool held);
void tap_plan(void);

/* Makes each call as process pid: 1 itself, or its puppet. */
void tap_rows(uint16_t pid, const struct tap_row *rows, size_t count);

#define TAP_ROWS(pid, rows) tap_rows(pid, rows, sizeof(rows) / sizeof((rows)[0]))

/* The tests, in the order of their running. */
void test_boot(void);
void test_memory(void);
void test_pmp(void);
void test_fault(void);
void test_monitor(void);
void test_time(void);
void test_ipc(void);
void test_ipc_caps(void);
void test_no_memory(void);

#endif
