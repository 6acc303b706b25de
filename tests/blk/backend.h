/* SPDX-License-Identifier: MIT */
/**
 * @file backend.h
 * @brief The program vqguard-blk as a process of a test: started, listened to, ended.
 *
 * Whatever it does not say within BACKEND_PATIENCE milliseconds is missed, and fails the test.
 */
#ifndef VQG_TEST_BLK_BACKEND_H
#define VQG_TEST_BLK_BACKEND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#define BACKEND_PATIENCE 20000
#define BACKEND_SECTORS 2048u
#define BACKEND_LINE 512u

struct backend {
    pid_t pid;
    int out;           /* its events */
    int err;           /* its lines */
    unsigned files;    /* that it has open without a client */
    unsigned maps;     /* and mapped */
    char folder[64];
    char socket[80];
    char image[80];
    char events[8192]; /* read, and not yet looked at */
    size_t events_have;
    char log[16384];   /* lines since the last look */
    size_t log_have;
};

/** Makes a folder with an image in it: sector n has pattern n. */
void backend_make(struct backend *b);
void backend_remove(struct backend *b);

/** Starts the program with these arguments, separated by blanks, and waits until it listens. */
void backend_start(struct backend *b, const char *arguments);

/** The same, without waiting. */
void backend_launch(struct backend *b, const char *arguments);

/** It ends of itself, with that exit status: what it has said. */
const char *backend_status(struct backend *b, int status);

/** Ends it with SIGTERM: it has to end well, and to have said nothing that was not looked at. */
void backend_end(struct backend *b);

/** The last client has gone: it has nothing of it any more. */
void backend_assert_nothing_kept(const struct backend *b);

/** Ends it at once. */
void backend_kill(struct backend *b);

/** Waits for an event; its line. Events before it are forgotten. */
const char *backend_event(struct backend *b, const char *name);

/** What it wrote to stderr since the last look. */
const char *backend_log(struct backend *b);

/** It is the same process as ever, and says nothing. */
void backend_assert_quiet(struct backend *b);

/** The client has gone, for no reason of the back end's. */
void backend_assert_left(struct backend *b);

/** The client was dropped for that reason, and that was said, once, and nothing else. */
void backend_assert_dropped(struct backend *b, const char *reason);

/** Fills `bytes` bytes with a pattern; is it there? */
void pattern_put(void *at, size_t bytes, uint64_t seed);
bool pattern_is(const void *at, size_t bytes, uint64_t seed);

/** A random number, the same ones for the same seed. */
uint64_t random_next(uint64_t *seed);

#endif
