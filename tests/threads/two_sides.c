/* SPDX-License-Identifier: MIT */
/**
 * @file two_sides.c
 * @brief Endpoint against endpoint: two threads, shared memory, the real port.
 *
 * One thread drives, the other serves; both sleep when there is nothing to do
 * and rely on the notify decisions to be woken, so that a lost notification is a
 * hang, which the alarm ends. The device answers each request with a function of
 * its bytes, and the driver checks every byte of every answer. Under Thread
 * Sanitizer this shows that the barriers of split.h and packed.h order all of it.
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vqguard/vqguard.h"

#define SIZE_MAX_ 256u
#define MESSAGE 96u
#define SEGMENTS 6u

struct request {
    unsigned char out[MESSAGE];
    unsigned char in[MESSAGE];
    _Alignas(16) unsigned char table[SEGMENTS * VQG_DESC_BYTES];
    uint32_t out_len;
    uint32_t in_len;
    uint32_t number;
    bool lent;
};

struct setting {
    uint32_t size;
    uint64_t features;
    uint32_t requests;
    uint32_t batch; /* adds for each kick, returns for each notify */
    bool big;       /* a legacy queue in big-endian order */
};

static struct {
    _Alignas(4096) unsigned char desc[16u * SIZE_MAX_];
    _Alignas(16) unsigned char avail[6u + 2u * SIZE_MAX_];
    _Alignas(16) unsigned char used[6u + 8u * SIZE_MAX_];
    struct request requests[SIZE_MAX_];
} shared;

static struct setting now;
static sem_t kick;
static sem_t interrupt;
static unsigned long kicks;
static unsigned long interrupts;

static void give_up(const char *who, const char *what, enum vqg_status st)
{
    fprintf(stderr, "two_sides: %s: %s: %s (size %u, features %#llx)\n", who, what, vqg_status_name(st), now.size,
            (unsigned long long)now.features);
    exit(1);
}

static bool has(uint64_t feature)
{
    return (now.features & feature) != 0u;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static unsigned char answer(unsigned char question, uint32_t position)
{
    return (unsigned char)(question * 7u + position);
}

static struct vqg_queue queue(void)
{
    struct vqg_queue q = {.size = now.size, .features = now.features};
    q.order = now.big ? VQG_ORDER_BIG : VQG_ORDER_AUTO;
    q.desc = shared.desc;
    q.avail = shared.avail;
    q.used = shared.used;
    q.desc_addr = (uint64_t)(uintptr_t)shared.desc;
    q.avail_addr = (uint64_t)(uintptr_t)shared.avail;
    q.used_addr = (uint64_t)(uintptr_t)shared.used;
    return q;
}

/* Cuts a message into up to `most` segments at random places. */
static uint32_t cut(struct vqg_seg *seg, uint32_t n, unsigned char *at, uint32_t len, bool write, uint32_t most,
                    uint32_t *random)
{
    uint32_t parts = 0;
    while (len != 0u) {
        uint32_t part = parts + 1u == most ? len : 1u + next_random(random) % len;
        seg[n] = write ? vqg_in(at, part) : vqg_out(at, part);
        at += part;
        len -= part;
        n++;
        parts++;
    }
    return n;
}

static struct vqg_driver driver;
static struct vqg_slot driver_slots[SIZE_MAX_];

static enum vqg_status submit(struct request *r, uint32_t number, uint32_t *random)
{
    struct vqg_seg seg[SEGMENTS];
    struct vqg_request request = {.seg = seg, .cookie = r};
    uint32_t most = now.size >= SEGMENTS ? SEGMENTS / 2u : 1u;
    uint32_t i;
    r->out_len = 1u + next_random(random) % MESSAGE;
    r->in_len = 1u + next_random(random) % MESSAGE;
    for (i = 0; i < r->out_len; i++) {
        r->out[i] = (unsigned char)next_random(random);
    }
    memset(r->in, 0xee, sizeof r->in);
    if (now.size == 1u) {
        r->out_len = 0; /* one descriptor: the device answers out of nothing */
    } else {
        request.count = cut(seg, 0, r->out, r->out_len, false, most, random);
    }
    request.count = cut(seg, request.count, r->in, r->in_len, true, most, random);
    request.min_length = r->in_len;
    r->number = number;
    if (has(VQG_F_INDIRECT_DESC) && next_random(random) % 2u == 0u) {
        request.table = r->table;
        request.table_addr = (uint64_t)(uintptr_t)r->table;
        request.table_entries = SEGMENTS;
    }
    return vqg_driver_add_request(&driver, &request);
}

static void check(const struct request *r, const struct vqg_done *done)
{
    uint32_t i;
    if (done->len != r->in_len || !r->lent) {
        give_up("driver", "wrong length or cookie", VQG_OK);
    }
    for (i = 0; i < r->in_len; i++) {
        unsigned char want = answer(i < r->out_len ? r->out[i] : 0, i);
        if (r->in[i] != want) {
            give_up("driver", "wrong content", VQG_OK);
        }
    }
}

static struct request *idle_request(void)
{
    uint32_t i;
    for (i = 0; i < now.size; i++) {
        if (!shared.requests[i].lent) {
            return &shared.requests[i];
        }
    }
    return NULL;
}

static void *drive(void *nothing)
{
    uint32_t random = 12345;
    uint32_t submitted = 0;
    uint32_t finished = 0;
    struct vqg_done done;
    (void)nothing;
    while (finished != now.requests) {
        uint32_t before = finished;
        uint32_t added = 0;
        enum vqg_status st = VQG_OK;
        while (submitted != now.requests && added != now.batch) {
            struct request *r = idle_request();
            if (r == NULL) {
                break;
            }
            st = submit(r, submitted, &random);
            if (st == VQG_FULL) {
                break;
            }
            if (st != VQG_OK) {
                give_up("driver", "add", st);
            }
            r->lent = true;
            submitted++;
            added++;
        }
        if (vqg_driver_kick(&driver)) {
            kicks++;
            sem_post(&kick);
        }
        vqg_driver_callback_disable(&driver);
        do {
            while ((st = vqg_driver_take(&driver, &done)) == VQG_OK) {
                struct request *r = done.cookie;
                check(r, &done);
                r->lent = false;
                finished++;
            }
            if (st != VQG_EMPTY) {
                give_up("driver", "take", st);
            }
        } while (vqg_driver_callback_enable(&driver));
        if (added == 0u && finished == before) {
            sem_wait(&interrupt);
        }
    }
    return NULL;
}

static void serve(struct vqg_chain *c)
{
    unsigned char question[MESSAGE];
    unsigned char reply[MESSAGE];
    uint32_t i;
    memset(question, 0, sizeof question);
    if (c->readable > MESSAGE || c->writable > MESSAGE || c->writable == 0u) {
        give_up("device", "shape", VQG_OK);
    }
    if (c->readable != 0u && vqg_chain_read(c, 0, question, c->readable) != VQG_OK) {
        give_up("device", "read", VQG_OK);
    }
    for (i = 0; i < c->writable; i++) {
        reply[i] = answer(question[i], i);
    }
    if (vqg_chain_write(c, 0, reply, c->writable) != VQG_OK) {
        give_up("device", "write", VQG_OK);
    }
}

static struct vqg_device device;
static struct vqg_slot device_slots[SIZE_MAX_];

static void *serve_all(void *nothing)
{
    struct vqg_seg seg[SIZE_MAX_];
    struct vqg_chain c;
    uint32_t served = 0;
    uint32_t pending = 0;
    (void)nothing;
    vqg_chain_init(&c, seg, SIZE_MAX_);
    while (served != now.requests) {
        enum vqg_status st = vqg_device_pop(&device, &c);
        if (st == VQG_OK) {
            serve(&c);
            st = vqg_device_push(&device, &c, c.writable);
            if (st != VQG_OK) {
                give_up("device", "push", st);
            }
            served++;
            pending++;
        } else if (st != VQG_EMPTY) {
            give_up("device", "pop", st);
        }
        if (pending == now.batch || st == VQG_EMPTY || served == now.requests) {
            pending = 0;
            if (vqg_device_notify(&device)) {
                interrupts++;
                sem_post(&interrupt);
            }
        }
        if (st == VQG_EMPTY && !vqg_device_kick_enable(&device)) {
            sem_wait(&kick);
            vqg_device_kick_disable(&device);
        }
    }
    return NULL;
}

static void play(const struct setting *s)
{
    struct vqg_policy policy = s->big ? vqg_profile_spec() : vqg_profile_strict();
    struct vqg_cap cap = {.base = (uint64_t)(uintptr_t)&shared, .size = sizeof shared, .map = &shared};
    struct vqg_cap_table table;
    struct vqg_caps caps;
    struct vqg_queue q;
    pthread_t threads[2];
    enum vqg_status st;
    now = *s;
    policy.accept_claimed = true; /* every buffer is filled before it is lent */
    memset(&shared, 0, sizeof shared);
    cap.rights = VQG_CAP_READ | VQG_CAP_WRITE;
    if (vqg_cap_table_init(&table, &cap, 1, 0) != VQG_OK || sem_init(&kick, 0, 0) != 0 || sem_init(&interrupt, 0, 0)) {
        give_up("set-up", "capability or semaphore", VQG_OK);
    }
    caps = vqg_cap_table_caps(&table);
    q = queue();
    st = vqg_driver_init(&driver, &q, &policy, driver_slots, SIZE_MAX_);
    if (st == VQG_OK) {
        st = vqg_device_init(&device, &q, &policy, &caps, device_slots, SIZE_MAX_);
    }
    if (st != VQG_OK) {
        give_up("set-up", "init", st);
    }
    kicks = 0;
    interrupts = 0;
    if (pthread_create(&threads[0], NULL, drive, NULL) != 0 || pthread_create(&threads[1], NULL, serve_all, NULL) != 0) {
        give_up("set-up", "thread", VQG_OK);
    }
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    printf("%s size %3u event_idx %d indirect %d in_order %d %s batch %2u: %u requests, %lu kicks, %lu interrupts\n",
           has(VQG_F_RING_PACKED) ? "packed" : "split ", s->size, has(VQG_F_EVENT_IDX), has(VQG_F_INDIRECT_DESC),
           has(VQG_F_IN_ORDER), s->big ? "big   " : "little", s->batch, s->requests, kicks, interrupts);
    sem_destroy(&kick);
    sem_destroy(&interrupt);
}

/* All settings of a size in one format; how many they are. */
static unsigned play_size(uint32_t size, uint64_t format, uint32_t requests)
{
    unsigned bits;
    for (bits = 0; bits < 8u; bits++) {
        struct setting s = {.size = size, .requests = requests, .batch = (bits & 1u) != 0u ? 8u : 1u};
        s.big = bits == 7u && format == 0u; /* legacy queues are split, and out of order */
        s.features = format | (s.big ? 0u : VQG_F_VERSION_1) | ((bits & 2u) != 0u ? VQG_F_EVENT_IDX : 0u) |
                     ((bits & 4u) != 0u ? VQG_F_INDIRECT_DESC : 0u);
        play(&s);
    }
    return bits;
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = {1, 2, 3, 8, 256};
    static const uint64_t formats[] = {0, VQG_F_RING_PACKED, VQG_F_IN_ORDER, VQG_F_RING_PACKED | VQG_F_IN_ORDER};
    uint32_t asked = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1u;
    size_t passed = 0, i, k;
    if (argc > 2 || asked == 0u) {
        fprintf(stderr, "usage: two_sides [REQUESTS]\n");
        return 2;
    }
    alarm(600);
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (k = 0; k < sizeof formats / sizeof formats[0]; k++) {
            /* Small queues sleep with every request; large ones wrap their indices twice, or lap often. */
            bool packed = (formats[k] & VQG_F_RING_PACKED) != 0u;
            uint32_t requests = argc > 1 ? asked : sizes[i] < SIZE_MAX_ ? 2500u : packed ? 30000u : 140000u;
            if ((formats[k] & VQG_F_LACKING_) == 0u && (packed || (sizes[i] & (sizes[i] - 1u)) == 0u)) {
                passed += play_size(sizes[i], formats[k], requests);
            }
        }
    }
    printf("%zu passed, 0 failed\n", passed);
    return 0;
}
