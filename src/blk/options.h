/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "engine.h"

#include <stdbool.h>
#include <stdint.h>

struct options {
    const char *socket;
    const char *image;
    const char *serial;
    enum engine_kind engine;
    uint32_t queues;
    bool read_only;
    bool once;
};

/* Reads it; ends the program with 2 when it is wrong, with 0 after --help, --version and --list. */
void options_read(struct options *o, int argc, char **argv);

#endif
