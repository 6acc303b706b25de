/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "hostile.h"
#include "report.h"
#include "session.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: vqguard-blk --socket PATH --image FILE [OPTION...]\n"
    "       vqguard-blk --list [--json]\n"
    "\n"
    "A vhost-user-blk back end: QEMU, or another front end, connects to PATH and gives\n"
    "its guest the disk FILE, an image or a block device. Nothing of what the guest or\n"
    "the front end says is believed. With --attack or --random it is the other way\n"
    "round: a disk that a guest should not believe.\n"
    "\n"
    "  --socket PATH    listen there; one client at a time, then the next\n"
    "  --image FILE     the disk; a multiple of 512 bytes\n"
    "  --read-only      the guest can only read it\n"
    "  --queues N       queues that a guest may use, 1 to 64 (default 1)\n"
    "  --serial TEXT    name of the disk, at most 20 characters (default vqguard)\n"
    "  --engine NAME    io_uring or sync (default: io_uring where it is)\n"
    "  --once           end when the first client has gone\n"
    "  --attack NAMES   play these attacks, separated by commas, or all; each once, in a\n"
    "                   life of a queue of its own, with an honest life behind it\n"
    "  --after N        requests that are served in a life before its attack (default 16)\n"
    "  --random SEED    from then on break random rules, the same ones for the same seed\n"
    "  --list           what attacks there are\n"
    "  --json           one JSON object a line on stdout for all that happens\n"
    "  --verbose        more lines on stderr\n"
    "  --version, --help\n"
    "\n"
    "exit status: 0 ended as asked, 1 it cannot go on, 2 wrong usage, 3 an attack of\n"
    "--attack was never played.\n";

enum {
    OPT_SOCKET = 1,
    OPT_IMAGE,
    OPT_READ_ONLY,
    OPT_QUEUES,
    OPT_SERIAL,
    OPT_ENGINE,
    OPT_ONCE,
    OPT_ATTACK,
    OPT_AFTER,
    OPT_RANDOM,
    OPT_LIST,
    OPT_JSON,
    OPT_VERBOSE,
    OPT_VERSION,
    OPT_HELP
};

static const struct option table[] = {
    {"socket", required_argument, NULL, OPT_SOCKET},  {"image", required_argument, NULL, OPT_IMAGE},
    {"read-only", no_argument, NULL, OPT_READ_ONLY},  {"queues", required_argument, NULL, OPT_QUEUES},
    {"serial", required_argument, NULL, OPT_SERIAL},  {"engine", required_argument, NULL, OPT_ENGINE},
    {"once", no_argument, NULL, OPT_ONCE},            {"attack", required_argument, NULL, OPT_ATTACK},
    {"after", required_argument, NULL, OPT_AFTER},    {"random", required_argument, NULL, OPT_RANDOM},
    {"list", no_argument, NULL, OPT_LIST},            {"json", no_argument, NULL, OPT_JSON},
    {"verbose", no_argument, NULL, OPT_VERBOSE},      {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},            {NULL, 0, NULL, 0}};

static _Noreturn void wrong(const char *what, const char *value)
{
    report_say("%s%s (vqguard-blk --help)", what, value);
    exit(2);
}

static uint64_t number(const char *option, const char *text, uint64_t least, uint64_t most)
{
    char *end = NULL;
    unsigned long long n;
    errno = 0;
    n = strtoull(text, &end, 0);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || n < least || n > most) {
        report_say("%s takes a number from %llu to %llu, not '%s' (vqguard-blk --help)", option,
                   (unsigned long long)least, (unsigned long long)most, text);
        exit(2);
    }
    return n;
}

static enum engine_kind engine_of(const char *name)
{
    if (strcmp(name, "sync") == 0) {
        return ENGINE_SYNC;
    }
    if (strcmp(name, "io_uring") != 0) {
        wrong("no engine ", name);
    }
    return ENGINE_URING;
}

/* What ends the program at once. */
static void act(int c)
{
    if (c == OPT_VERSION) {
        (void)puts("vqguard-blk " VQG_VERSION_STRING);
        exit(0);
    }
    if (c == OPT_HELP) {
        (void)fputs(usage, stdout);
        exit(0);
    }
}

struct hostile_options {
    const char *attacks;
    uint64_t after;
    uint64_t seed;
    bool random;
    bool list;
};

static void set(struct options *o, struct hostile_options *h, int c)
{
    switch (c) {
    case OPT_SOCKET:
        o->socket = optarg;
        break;
    case OPT_IMAGE:
        o->image = optarg;
        break;
    case OPT_READ_ONLY:
        o->read_only = true;
        break;
    case OPT_QUEUES:
        o->queues = (uint32_t)number("--queues", optarg, 1, SESSION_QUEUES);
        break;
    case OPT_SERIAL:
        o->serial = optarg;
        break;
    case OPT_ENGINE:
        o->engine = engine_of(optarg);
        break;
    case OPT_ONCE:
        o->once = true;
        break;
    case OPT_ATTACK:
        h->attacks = optarg;
        break;
    case OPT_AFTER:
        h->after = number("--after", optarg, 0, UINT32_MAX);
        break;
    case OPT_RANDOM:
        h->seed = number("--random", optarg, 0, UINT64_MAX);
        h->random = true;
        break;
    case OPT_LIST:
        h->list = true;
        break;
    case OPT_JSON:
        report.json = true;
        break;
    case OPT_VERBOSE:
        report.verbose = true;
        break;
    default:
        act(c);
        exit(2); /* getopt_long has said why */
    }
}

void options_read(struct options *o, int argc, char **argv)
{
    struct hostile_options h = {.after = 16};
    int c;
    *o = (struct options){.queues = 1, .serial = "vqguard"};
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        set(o, &h, c);
    }
    if (optind != argc) {
        wrong("no argument ", argv[optind]);
    }
    if (h.list) {
        hostile_list();
        exit(0);
    }
    if (o->socket == NULL || o->image == NULL) {
        wrong("--socket and --image are needed", "");
    }
    if (strlen(o->serial) > VRING_SERIAL_BYTES) {
        wrong("--serial takes at most 20 characters, not ", o->serial);
    }
    if (h.attacks != NULL && h.random) {
        wrong("--attack and --random exclude each other", "");
    }
    if (h.attacks != NULL && !hostile_arm(h.attacks, h.after)) {
        exit(2);
    }
    if (h.random) {
        hostile_arm_random(h.seed, h.after);
    }
}
