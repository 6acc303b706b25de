/* SPDX-License-Identifier: MIT */
/**
 * @file show.c
 * @brief Prints which rule stopped each attack, and what the same attack does to an endpoint without a guard.
 *
 * Every attack is played twice, each time in a child with a time limit: against
 * the guarded endpoint (play.c), and against an unguarded one of the same
 * direction: the driver of examples/retrofit/before.c, for packed queues that
 * of naive_packed_driver.c, or naive_device.c. What the last column says was
 * observed, not looked up.
 */
#define _POSIX_C_SOURCE 200809L
#include "naive_device.h"
#include "play.h"
#include "retrofit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT 96u
#define LIMIT_SECONDS 1u

/* ---- the unguarded driver ---- */

#define REQUESTS 5u
#define MARGIN 4096u

static struct retrofit_ring *ring;
static unsigned char *area; /* the ring between canaries */
static struct retrofit_buf bufs[REQUESTS];
static unsigned char data[REQUESTS][ATTACK_BUFFER_BYTES];
static uint16_t descs[REQUESTS][3]; /* what each request was given */

void retrofit_notify(void)
{
    /* This device looks when it likes. */
}

static bool submit(uint32_t k)
{
    uint16_t at = (uint16_t)(ring->avail.idx % NUM);
    bufs[k] = (struct retrofit_buf){0, data[k], ATTACK_BUFFER_BYTES, 0, 0xff, false};
    if (!retrofit_submit(&bufs[k], false)) {
        return false;
    }
    descs[k][0] = ring->avail.ring[at];
    descs[k][1] = ring->desc[descs[k][0]].next;
    descs[k][2] = ring->desc[descs[k][1]].next;
    return true;
}

/* An honest device serves request k: buffer, status, used element, index. */
static void serve(uint32_t k)
{
    struct virtq_used_elem *e = &ring->used.ring[ring->used.idx % NUM];
    memset(data[k], 0x5a, ATTACK_BUFFER_BYTES);
    *(unsigned char *)(uintptr_t)ring->desc[descs[k][2]].addr = 0;
    e->id = descs[k][0];
    e->len = ATTACK_WRITABLE;
    ring->used.idx++;
}

/* False when the attack needs something that this driver does not have. */
static bool ring_apply(const struct attack *a)
{
    uint32_t i;
    for (i = 0; i < ATTACK_WRITES && a->writes[i].where != AT_END; i++) {
        uint32_t x = a->writes[i].index % NUM;
        uint64_t v = a->writes[i].value;
        switch (a->writes[i].where) {
        case AT_DESC_ADDR: ring->desc[x].addr = v; break;
        case AT_DESC_LEN: ring->desc[x].len = (uint32_t)v; break;
        case AT_DESC_FLAGS: ring->desc[x].flags = (uint16_t)v; break;
        case AT_DESC_NEXT: ring->desc[x].next = (uint16_t)v; break;
        case AT_AVAIL_FLAGS: ring->avail.flags = (uint16_t)v; break;
        case AT_AVAIL_IDX: ring->avail.idx = (uint16_t)v; break;
        case AT_AVAIL_RING: ring->avail.ring[x] = (uint16_t)v; break;
        case AT_USED_FLAGS: ring->used.flags = (uint16_t)v; break;
        case AT_USED_IDX: ring->used.idx = (uint16_t)v; break;
        case AT_USED_ID: ring->used.ring[x].id = (uint32_t)v; break;
        case AT_USED_REQUEST: ring->used.ring[x].id = v < a->lent ? descs[v][0] : 3u * (uint32_t)v; break;
        case AT_USED_LEN: ring->used.ring[x].len = (uint32_t)v; break;
        case AT_AVAIL_EVENT: ring->used.avail_event = (uint16_t)v; break;
        default: return false;
        }
    }
    return true;
}

static bool is_lent(uint16_t desc, uint32_t first, uint32_t end)
{
    for (; first < end; first++) {
        if (bufs[first].busy && (descs[first][0] == desc || descs[first][1] == desc || descs[first][2] == desc)) {
            return true;
        }
    }
    return false;
}

/* What became of the driver's free descriptors, which it clears; null when all is well. */
static const char *free_list_harm(uint32_t lent)
{
    static const struct virtq_desc clear = {0, 0, 0, 0};
    bool lost = false;
    uint32_t k;
    uint32_t i;
    for (i = 0; i < NUM; i++) {
        lost = lost || (memcmp(&ring->desc[i], &clear, sizeof clear) != 0 && !is_lent((uint16_t)i, 0, lent));
    }
    for (k = lent; k < lent + 3u && submit(k); k++) {
        for (i = 0; i < 3u; i++) {
            if (is_lent(descs[k][i], 0, k)) {
                return "free list corrupted: lent a descriptor twice";
            }
        }
    }
    return lost ? "free list corrupted: lost descriptors for good" : NULL;
}

static const char *driver_harm(const struct attack *a, bool served, const struct retrofit_buf *taken_back)
{
    const struct retrofit_buf *b = &bufs[a->returned];
    static char text[TEXT];
    uint32_t k;
    size_t i;
    for (i = 0; i < 2u * MARGIN; i++) {
        if (area[i < MARGIN ? i : i + sizeof *ring] != 0xa5) {
            return "wrote outside the ring";
        }
    }
    if (taken_back != NULL) {
        return memcmp(taken_back, bufs, sizeof bufs) != 0 ? "completed a request that was taken back" : NULL;
    }
    for (k = a->returned; k < a->lent; k++) {
        if (!bufs[k].busy && (k != a->returned || !served)) {
            return served && b->busy ? "completed the wrong request" : "completed a request that was not served";
        }
    }
    if (served && b->busy) {
        return "lost the completion";
    }
    if (served && (b->written > ATTACK_WRITABLE || b->written == 0u)) {
        (void)snprintf(text, sizeof text, "handed up %lu bytes, %lu were lent", (unsigned long)b->written,
                       (unsigned long)ATTACK_WRITABLE);
        return text;
    }
    return free_list_harm(a->lent);
}

static void naive_driver_play(const struct attack *a, char *text, size_t bytes)
{
    struct retrofit_buf before[REQUESTS];
    const bool reset = a->when == WHEN_RESET || a->when == WHEN_RESTARTED;
    const bool served = a->returned < a->lent && a->when != WHEN_RESTARTED;
    const char *found;
    uint32_t k;
    area = fenced_memory(2u * MARGIN + 4096u);
    memset(area, 0xa5, 2u * MARGIN + 4096u);
    ring = (struct retrofit_ring *)(void *)(area + MARGIN);
    if (!retrofit_init(ring)) {
        abort();
    }
    for (k = 0; k < a->rounds + a->lent; k++) {
        if (!submit(k < a->rounds ? 0 : k - a->rounds)) {
            abort();
        }
        if (k < a->rounds) {
            serve(0);
            (void)retrofit_poll();
        }
    }
    for (k = 0; k < a->returned; k++) {
        serve(k);
        (void)retrofit_poll();
    }
    if (served) {
        serve(a->returned);
    }
    if (a->when == WHEN_RESTARTED && !retrofit_init(ring)) {
        abort();
    }
    memcpy(before, bufs, sizeof before);
    if ((a->features & VQG_F_IN_ORDER) != 0u || !ring_apply(a)) {
        (void)snprintf(text, bytes, "does not apply: no indirect tables, no order");
        return;
    }
    (void)retrofit_poll();
    found = driver_harm(a, served, reset ? before : NULL);
    (void)snprintf(text, bytes, "%s", found != NULL ? found : a->status == VQG_OK ? "no effect" : "accepted");
}

/* ---- the guarded endpoints ---- */

static void guarded_play(const struct attack *a, bool on_driver, bool packed, char *text, size_t bytes)
{
    struct play_result r = play_attack(a, on_driver, packed);
    if (r.stopped) {
        (void)snprintf(text, bytes, "%s %s", vqg_rule_id(r.rule), vqg_rule_name(r.rule));
    } else {
        (void)snprintf(text, bytes, "NOT STOPPED: %s, %s", vqg_status_name(r.status),
                       !r.unchanged ? "with an effect" : !r.revived ? "not revived" : "by another rule");
    }
}

/* ---- a child for each ---- */

enum who { GUARDED, NAIVE };

static void play_in_child(enum who who, const struct attack *a, bool on_driver, bool packed, int to)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    char text[TEXT] = "";
    int sink = open("/dev/null", O_WRONLY);
    size_t i;
    for (i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
        (void)signal(deadly[i], SIG_DFL);
    }
    (void)dup2(sink, STDOUT_FILENO);
    (void)dup2(sink, STDERR_FILENO);
    (void)alarm(who == GUARDED ? 60u * LIMIT_SECONDS : LIMIT_SECONDS);
    if (who == GUARDED) {
        guarded_play(a, on_driver, packed, text, sizeof text);
    } else if (on_driver && packed) {
        naive_packed_driver_play(a, text, sizeof text);
    } else if (on_driver) {
        naive_driver_play(a, text, sizeof text);
    } else {
        naive_device_play(a, packed, text, sizeof text);
    }
    _exit(write(to, text, sizeof text) == (ssize_t)sizeof text ? 0 : 1);
}

static void observe(enum who who, const struct attack *a, bool on_driver, bool packed, char text[TEXT])
{
    int status = 0;
    int fd[2];
    pid_t pid;
    ssize_t got;
    (void)fflush(stdout);
    if (pipe(fd) != 0 || (pid = fork()) < 0) {
        perror("show_attacks");
        exit(1);
    }
    if (pid == 0) {
        (void)close(fd[0]);
        play_in_child(who, a, on_driver, packed, fd[1]);
    }
    (void)close(fd[1]);
    got = read(fd[0], text, TEXT);
    (void)close(fd[0]);
    (void)waitpid(pid, &status, 0);
    if (WIFSIGNALED(status)) {
        int s = WTERMSIG(status);
        const char *name = s == SIGSEGV ? "SIGSEGV" : s == SIGBUS ? "SIGBUS" : s == SIGFPE ? "SIGFPE"
                           : s == SIGABRT ? "SIGABRT" : "killed by a signal";
        (void)snprintf(text, TEXT, "%s", s == SIGALRM ? "hang" : name);
    } else if (got != (ssize_t)TEXT || WEXITSTATUS(status) != 0) {
        (void)snprintf(text, TEXT, "ended by a run-time check (exit %d)", WEXITSTATUS(status));
    }
}

static bool show(const struct attack *a, bool on_driver, bool packed)
{
    char name[TEXT];
    char guarded[TEXT];
    char naive[TEXT];
    char expected[TEXT];
    observe(GUARDED, a, on_driver, packed, guarded);
    observe(NAIVE, a, on_driver, packed, naive);
    (void)snprintf(name, sizeof name, "%s%s", a->name, packed ? " (packed)" : "");
    (void)snprintf(expected, sizeof expected, "%s %s", vqg_rule_id(a->rule), vqg_rule_name(a->rule));
    (void)printf("%-48s | %-26s | %s\n", name, guarded, naive);
    return strcmp(guarded, expected) == 0;
}

static int misuse(const char *what, const char *which)
{
    (void)fprintf(stderr, "show_attacks: %s: %s\nusage: show_attacks [--list | --only NAME]\n", what, which);
    return 2;
}

int main(int argc, char **argv)
{
    const struct attack_table *in;
    const struct attack *only = NULL;
    bool list = false;
    unsigned passed = 0;
    unsigned failed = 0;
    size_t t;
    size_t i;
    int packed;
    int arg;
    for (arg = 1; arg < argc; arg++) {
        if (strcmp(argv[arg], "--list") == 0) {
            list = true;
        } else if (strcmp(argv[arg], "--only") != 0) {
            return misuse("unknown option", argv[arg]);
        } else if (++arg == argc) {
            return misuse("a name is missing after", "--only");
        } else if ((only = attack_find(argv[arg], &in)) == NULL) {
            return misuse("no attack is called that; --list names them", argv[arg]);
        }
    }
    for (t = 0; t < ATTACK_TABLES; t++) {
        bool headed = list;
        for (i = 0; i < attack_tables[t]->count; i++) {
            const struct attack *a = &attack_tables[t]->attacks[i];
            if (only != NULL && a != only) {
                continue;
            }
            if (list) {
                (void)printf("%-48s %s\n", a->name, a->deed);
                continue;
            }
            for (packed = 0; packed < 2; packed++) {
                if (!attack_is_playable(a, packed == 1)) {
                    continue;
                }
                if (!headed) {
                    (void)printf("%s%s\n%-48s | %-26s | %s\n", t != 0u && only == NULL ? "\n" : "",
                                 attack_tables[t]->title, "attack", "rule that stopped it", "without the guard");
                    headed = true;
                }
                if (show(a, attack_tables[t]->on_driver, packed == 1)) {
                    passed++;
                } else {
                    failed++;
                }
            }
        }
    }
    if (!list) {
        (void)printf("\n%u passed, %u failed\n", passed, failed);
    }
    return failed == 0u ? 0 : 1;
}
