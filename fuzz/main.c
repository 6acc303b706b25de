/* SPDX-License-Identifier: MIT */
/*
 * A harness without a fuzzer: plays the files that it is given, and those of folders. With --aloud each step is said
 * in words. With --random it makes scripts itself, as the mutator does, for so many seconds; with --made it plays one
 * of those. With --seeds it writes scripts of the known attacks.
 */
#include "mutator.h"
#include "script.h"
#include "seeds.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);

static unsigned long played;

/* Without a fuzzer, which would keep the script: how to play it again. */
static void say_number(int signal_number)
{
    (void)signal(signal_number, SIG_DFL);
    (void)fprintf(stderr, "%s: after %lu scripts; with --random: --aloud --made %lu\n", harness.name, played, played);
}

static void die(const char *file, const char *what)
{
    (void)fprintf(stderr, "%s: %s: %s\n", harness.name, file, what);
    exit(2);
}

static void play_file(const char *name)
{
    static uint8_t data[SCRIPT_MAX + 1u];
    FILE *f = fopen(name, "rb");
    size_t size;
    if (f == NULL) {
        die(name, strerror(errno));
    }
    size = fread(data, 1, sizeof data, f);
    if (ferror(f)) {
        die(name, "cannot be read");
    }
    (void)fclose(f);
    if (size < SCRIPT_HEAD) {
        die(name, "is no script: too short");
    }
    if (script_aloud) {
        (void)printf("%s: %s\n", harness.name, name);
    }
    script_play(data, size);
    played++;
}

static void play(const char *name)
{
    struct stat info;
    DIR *folder;
    const struct dirent *entry;
    if (stat(name, &info) != 0) {
        die(name, strerror(errno));
    }
    if (!S_ISDIR(info.st_mode)) {
        play_file(name);
        return;
    }
    folder = opendir(name);
    if (folder == NULL) {
        die(name, strerror(errno));
    }
    while ((entry = readdir(folder)) != NULL) {
        static char path[4096];
        if (entry->d_name[0] != '.' && snprintf(path, sizeof path, "%s/%s", name, entry->d_name) < (int)sizeof path) {
            play_file(path);
        }
    }
    (void)closedir(folder);
}

static unsigned long number(const char *text)
{
    char *end;
    const unsigned long n = strtoul(text, &end, 10);
    if (end == text || *end != '\0') {
        die(text, "is no number");
    }
    return n;
}

/* A script of 32 steps, as the mutator makes it. */
static void play_made(unsigned seed)
{
    static uint8_t data[SCRIPT_MAX];
    script_play(data, mutator_make(data, 32, seed));
    played++;
}

/* Such scripts, for so many seconds. */
static void play_random(const char *seconds)
{
    const time_t end = time(NULL) + (time_t)number(seconds);
    const clock_t began = clock();
    do {
        for (unsigned i = 0; i < 1000u; i++) {
            play_made((unsigned)played);
        }
    } while (time(NULL) < end);
    (void)printf("%s: %.0f scripts of 32 steps a second\n", harness.name,
                 (double)played / ((double)(clock() - began) / CLOCKS_PER_SEC));
}

int main(int argc, char **argv)
{
    (void)LLVMFuzzerInitialize(&argc, &argv);
    (void)signal(SIGABRT, say_number);
    (void)signal(SIGSEGV, say_number);
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s [--aloud] FILE... | --random SECONDS | --made NUMBER | --seeds FOLDER\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--aloud") == 0) {
            script_aloud = true;
        } else if (strcmp(argv[i], "--random") == 0 && i + 1 < argc) {
            play_random(argv[++i]);
        } else if (strcmp(argv[i], "--made") == 0 && i + 1 < argc) {
            play_made((unsigned)number(argv[++i]));
        } else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc) {
            (void)printf("%s: %u seeds\n", harness.name, seeds_write(argv[++i]));
            return 0;
        } else {
            play(argv[i]);
        }
    }
    (void)printf("%s: %lu scripts played, all as they have to be\n", harness.name, played);
    return 0;
}
