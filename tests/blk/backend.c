/* SPDX-License-Identifier: MIT */
#include "backend.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECTOR 512u
#define ARGUMENTS 32u

uint64_t random_next(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void pattern_put(void *at, size_t bytes, uint64_t seed)
{
    unsigned char *to = at;
    size_t i;
    for (i = 0; i < bytes; i += sizeof(uint64_t)) {
        uint64_t word = random_next(&seed);
        memcpy(to + i, &word, bytes - i < sizeof word ? bytes - i : sizeof word);
    }
}

bool pattern_is(const void *at, size_t bytes, uint64_t seed)
{
    unsigned char wanted[SECTOR];
    assert_true(bytes <= sizeof wanted);
    pattern_put(wanted, bytes, seed);
    return memcmp(at, wanted, bytes) == 0;
}

void backend_make(struct backend *b)
{
    const char *tmp = getenv("TMPDIR");
    unsigned char sector[SECTOR];
    uint32_t i;
    FILE *image;
    memset(b, 0, sizeof *b);
    b->out = -1;
    b->err = -1;
    (void)snprintf(b->folder, sizeof b->folder, "%s/vqguard-blk-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    assert_non_null(mkdtemp(b->folder));
    (void)snprintf(b->socket, sizeof b->socket, "%s/socket", b->folder);
    (void)snprintf(b->image, sizeof b->image, "%s/image", b->folder);
    image = fopen(b->image, "wb");
    assert_non_null(image);
    for (i = 0; i < BACKEND_SECTORS; i++) {
        pattern_put(sector, sizeof sector, i);
        assert_int_equal(fwrite(sector, 1, sizeof sector, image), sizeof sector);
    }
    assert_int_equal(fclose(image), 0);
}

void backend_remove(struct backend *b)
{
    (void)unlink(b->socket);
    (void)unlink(b->image);
    assert_int_equal(rmdir(b->folder), 0);
}

static int split(char *text, char **to, int count)
{
    char *part;
    char *rest = NULL;
    for (part = strtok_r(text, " ", &rest); part != NULL; part = strtok_r(NULL, " ", &rest)) {
        assert_true((unsigned)count < ARGUMENTS - 1u);
        to[count++] = part;
    }
    return count;
}

/* Becomes the program, behind what VQG_TEST_RUNNER says, for instance valgrind. */
static _Noreturn void become(struct backend *b, const char *arguments)
{
    const char *runner = getenv("VQG_TEST_RUNNER");
    char before[256];
    char text[256];
    char fixed[256];
    char *argv[ARGUMENTS] = {NULL};
    int count;
    (void)snprintf(before, sizeof before, "%s", runner == NULL ? "" : runner);
    (void)snprintf(fixed, sizeof fixed, "%s --json --socket %s --image %s", VQGUARD_BLK, b->socket, b->image);
    (void)snprintf(text, sizeof text, "%s", arguments);
    count = split(before, argv, 0);
    count = split(fixed, argv, count);
    (void)split(text, argv, count);
    (void)execvp(argv[0], argv);
    _exit(127);
}

/* Descriptors that it has open. */
static unsigned open_files(const struct backend *b)
{
    char path[48];
    struct stat st;
    unsigned count = 0;
    unsigned fd;
    for (fd = 0; fd < 256u; fd++) {
        (void)snprintf(path, sizeof path, "/proc/%d/fd/%u", (int)b->pid, fd);
        count += lstat(path, &st) == 0 ? 1u : 0u;
    }
    return count;
}

/* Files of clients that it has mapped. */
static unsigned mapped_files(const struct backend *b)
{
    char path[32];
    char line[BACKEND_LINE];
    unsigned count = 0;
    FILE *maps;
    (void)snprintf(path, sizeof path, "/proc/%d/maps", (int)b->pid);
    maps = fopen(path, "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        count += strstr(line, "/memfd:") != NULL ? 1u : 0u;
    }
    (void)fclose(maps);
    return count;
}

void backend_launch(struct backend *b, const char *arguments)
{
    int out[2];
    int err[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(pipe2(err, O_CLOEXEC), 0);
    b->events_have = 0;
    b->log_have = 0;
    b->pid = fork();
    assert_true(b->pid >= 0);
    if (b->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves it behind */
        (void)dup2(out[1], STDOUT_FILENO);
        (void)dup2(err[1], STDERR_FILENO);
        become(b, arguments);
    }
    (void)close(out[1]);
    (void)close(err[1]);
    b->out = out[0];
    b->err = err[0];
    assert_int_equal(fcntl(b->err, F_SETFL, O_NONBLOCK), 0);
}

void backend_start(struct backend *b, const char *arguments)
{
    backend_launch(b, arguments);
    (void)backend_event(b, "ready");
    (void)backend_log(b); /* what it serves */
    b->files = open_files(b);
    b->maps = mapped_files(b); /* of what it runs under */
}

static void close_all(struct backend *b)
{
    (void)close(b->out);
    (void)close(b->err);
    b->pid = 0;
}

const char *backend_status(struct backend *b, int status)
{
    const char *said;
    int ended = 0;
    assert_int_equal(waitpid(b->pid, &ended, 0), b->pid);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), status);
    said = backend_log(b);
    close_all(b);
    return said;
}

void backend_kill(struct backend *b)
{
    assert_int_equal(kill(b->pid, SIGKILL), 0);
    assert_int_equal(waitpid(b->pid, NULL, 0), b->pid);
    close_all(b);
}

static long now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

void backend_assert_nothing_kept(const struct backend *b)
{
    const long until = now_ms() + BACKEND_PATIENCE;
    while (open_files(b) != b->files || mapped_files(b) != b->maps) {
        if (now_ms() > until) {
            fail_msg("%u files are open and %u mapped, not %u and %u", open_files(b), mapped_files(b), b->files,
                     b->maps);
        }
        (void)usleep(1000);
    }
}

void backend_end(struct backend *b)
{
    assert_int_equal(kill(b->pid, SIGTERM), 0);
    (void)backend_event(b, "end");
    assert_string_equal(backend_status(b, 0), "");
}

/* Takes one line off what was read; false when there is none. */
static bool take_line(struct backend *b, char *line)
{
    char *end = memchr(b->events, '\n', b->events_have);
    size_t bytes;
    if (end == NULL) {
        return false;
    }
    bytes = (size_t)(end - b->events);
    assert_true(bytes < BACKEND_LINE);
    memcpy(line, b->events, bytes);
    line[bytes] = '\0';
    b->events_have -= bytes + 1u;
    memmove(b->events, end + 1, b->events_have);
    return true;
}

const char *backend_event(struct backend *b, const char *name)
{
    static char line[BACKEND_LINE];
    const long until = now_ms() + BACKEND_PATIENCE;
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "{\"event\":\"%s\"", name);
    for (;;) {
        struct pollfd p = {.fd = b->out, .events = POLLIN};
        ssize_t n;
        while (take_line(b, line)) {
            if (strncmp(line, wanted, strlen(wanted)) == 0) {
                return line;
            }
        }
        if (poll(&p, 1, 50) == 0) {
            if (now_ms() > until) {
                fail_msg("vqguard-blk did not say %s; it said: %s", name, backend_log(b));
            }
            continue;
        }
        n = read(b->out, b->events + b->events_have, sizeof b->events - b->events_have);
        if (n <= 0) {
            fail_msg("vqguard-blk ended before it said %s; it said: %s", name, backend_log(b));
        }
        b->events_have += (size_t)n;
    }
}

const char *backend_log(struct backend *b)
{
    ssize_t n;
    while ((n = read(b->err, b->log + b->log_have, sizeof b->log - 1u - b->log_have)) > 0) {
        b->log_have += (size_t)n;
    }
    b->log[b->log_have] = '\0';
    b->log_have = 0;
    return b->log;
}

void backend_assert_quiet(struct backend *b)
{
    assert_int_equal(waitpid(b->pid, NULL, WNOHANG), 0);
    assert_string_equal(backend_log(b), "");
}

void backend_assert_left(struct backend *b)
{
    assert_string_equal(backend_event(b, "client-gone"), "{\"event\":\"client-gone\",\"reason\":\"closed\"}");
    backend_assert_quiet(b);
}

void backend_assert_dropped(struct backend *b, const char *reason)
{
    char wanted[BACKEND_LINE];
    (void)snprintf(wanted, sizeof wanted, "{\"event\":\"client-gone\",\"reason\":\"%s\"}", reason);
    assert_string_equal(backend_event(b, "client-gone"), wanted);
    (void)snprintf(wanted, sizeof wanted, "vqguard-blk: the client is dropped: %s\n", reason);
    assert_string_equal(backend_log(b), wanted);
    backend_assert_quiet(b);
}
