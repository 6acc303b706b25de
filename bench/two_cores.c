/* SPDX-License-Identifier: MIT */
/**
 * @file two_cores.c
 * @brief A driver endpoint against a device endpoint, each on its own core, both polling.
 *
 * two_cores FORMAT TABLE SEGMENTS DEPTH REQUESTS
 *
 * DEPTH requests are in flight. Nobody touches the payload: what is measured is
 * the queue. Prints the number of requests and the nanoseconds of one, in the best round.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>

#include "bench.h"
#include "measure.h"

#define SIZE 256u
#define PER_ROUND 2048u

static struct memory shared;
static struct shape shape = {.size = SIZE};
static uint32_t wanted;
static struct vqg_queue q = {.size = SIZE};

/* A thread's own, on lines of its own. */
static _Alignas(4096) struct {
    struct vqg_driver endpoint;
    struct vqg_slot slots[SIZE];
    struct vqg_seg seg[BATCH_MAX][SEGMENTS_MAX];
    struct vqg_request request[BATCH_MAX];
    struct vqg_request *idle[BATCH_MAX];
    uint32_t idle_count;
} near_side;

static _Alignas(4096) struct {
    struct vqg_device endpoint;
    struct vqg_slot slots[SIZE];
    struct vqg_seg seg[BATCH_MAX][SEGMENTS_MAX];
    struct vqg_chain chain[BATCH_MAX];
} far_side;

static void stay_on(unsigned core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    must(pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0, "two cores");
}

static void *serve(void *nothing)
{
    uint32_t served = 0;
    (void)nothing;
    stay_on(1);
    while (served != wanted) {
        enum vqg_status st = VQG_OK;
        uint32_t n = 0;
        uint32_t i;
        while (n < shape.batch && (st = vqg_device_pop(&far_side.endpoint, &far_side.chain[n])) == VQG_OK) {
            n++;
        }
        must(st == VQG_OK || st == VQG_EMPTY, "pop");
        for (i = 0; i < n; i++) {
            struct vqg_chain *c = &far_side.chain[i];
            must(vqg_device_push(&far_side.endpoint, c, c->writable) == VQG_OK, "push");
        }
        (void)vqg_device_notify(&far_side.endpoint);
        served += n;
    }
    return NULL;
}

static void drive(void)
{
    uint64_t best = UINT64_MAX;
    uint64_t from = now_ns();
    uint32_t round = 0;
    uint32_t finished = 0;
    uint32_t submitted = 0;
    while (finished != wanted) {
        struct vqg_done done;
        enum vqg_status st;
        while (near_side.idle_count != 0u && submitted != wanted) {
            struct vqg_request *r = near_side.idle[near_side.idle_count - 1u];
            must(vqg_driver_add_request(&near_side.endpoint, r) == VQG_OK, "add");
            near_side.idle_count--;
            submitted++;
        }
        (void)vqg_driver_kick(&near_side.endpoint);
        while ((st = vqg_driver_take(&near_side.endpoint, &done)) == VQG_OK) {
            near_side.idle[near_side.idle_count++] = done.cookie;
            finished++;
        }
        must(st == VQG_EMPTY, "take");
        if (finished - round >= PER_ROUND) {
            uint64_t now = now_ns();
            uint64_t each = (now - from) * 1000u / (finished - round);
            best = each < best ? each : best;
            from = now;
            round = finished;
        }
    }
    printf("%u %.1f\n", finished, (double)best / 1000.0);
}

static void set_up(void)
{
    static struct vqg_cap cap = {.size = sizeof shared, .map = &shared, .rights = VQG_CAP_READ | VQG_CAP_WRITE};
    static struct vqg_cap_table table;
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_caps caps;
    uint32_t i;
    q.desc = shared.desc;
    q.avail = shared.avail;
    q.used = shared.used;
    q.desc_addr = (uint64_t)(uintptr_t)shared.desc;
    q.avail_addr = (uint64_t)(uintptr_t)shared.avail;
    q.used_addr = (uint64_t)(uintptr_t)shared.used;
    cap.base = (uint64_t)(uintptr_t)&shared;
    policy.max_elements = SEGMENTS_MAX;
    must(vqg_cap_table_init(&table, &cap, 1, 0) == VQG_OK, "capabilities");
    caps = vqg_cap_table_caps(&table);
    place_segments(&shared, &shape, 1, false, near_side.seg);
    for (i = 0; i < shape.batch; i++) {
        struct vqg_request *r = &near_side.request[i];
        r->seg = near_side.seg[i];
        r->count = shape.segments;
        r->cookie = r;
        if (shape.indirect) {
            r->table = shared.tables[i];
            r->table_addr = (uint64_t)(uintptr_t)shared.tables[i];
            r->table_entries = shape.segments;
        }
        near_side.idle[i] = r;
        vqg_chain_init(&far_side.chain[i], far_side.seg[i], SEGMENTS_MAX);
    }
    near_side.idle_count = shape.batch;
    must(vqg_driver_init(&near_side.endpoint, &q, &policy, near_side.slots, SIZE) == VQG_OK, "driver");
    must(vqg_device_init(&far_side.endpoint, &q, &policy, &caps, far_side.slots, SIZE) == VQG_OK, "device");
    vqg_driver_callback_disable(&near_side.endpoint);
    vqg_device_kick_disable(&far_side.endpoint);
}

int main(int argc, char **argv)
{
    pthread_t device;
    if (argc != 6) {
        fprintf(stderr, "usage: two_cores split|packed direct|indirect SEGMENTS DEPTH REQUESTS\n");
        return 2;
    }
    must(strcmp(argv[1], "split") == 0 || strcmp(argv[1], "packed") == 0, "name of the format");
    q.features = strcmp(argv[1], "packed") == 0 ? format_packed.features : format_split.features;
    shape.indirect = strcmp(argv[2], "indirect") == 0;
    shape.segments = (uint32_t)strtoul(argv[3], NULL, 10);
    shape.batch = (uint32_t)strtoul(argv[4], NULL, 10);
    wanted = (uint32_t)strtoul(argv[5], NULL, 10);
    must(shape.segments >= 1u && shape.segments <= SEGMENTS_MAX && shape.batch >= 1u && shape.batch <= BATCH_MAX &&
             shape.batch * shape.segments <= SIZE && wanted >= PER_ROUND,
         "shape");
    set_up();
    stay_on(0);
    must(pthread_create(&device, NULL, serve, NULL) == 0, "thread");
    drive();
    pthread_join(device, NULL);
    return 0;
}
