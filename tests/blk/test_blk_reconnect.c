/* SPDX-License-Identifier: MIT */
/**
 * @file test_blk_reconnect.c
 * @brief The back end is killed at any moment, or told to end; another one goes on: every request ends once, with the
 * right data.
 *
 * A lane is a request at a time on sectors of its own: it writes a version, reads it, writes the next one. Some
 * lanes flush, or ask for the disk's name, so that requests end in another order than they came in.
 */
#include "request.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define QUEUES 2u
#define SIZE 256u
#define LANES 24u /* of each queue */
#define LANE_SECTORS 4u
#define ROUNDS 40u
#define LONGEST_US 1500u

struct lane {
    struct request r;
    uint32_t version;
    bool busy;
};

struct guest {
    struct backend backend;
    struct front front;
    struct lane lane[QUEUES][LANES];
    uint64_t ended;
    bool table;
    bool keep; /* a region of what is in flight */
};

static void lane_next(struct guest *g, uint32_t queue, uint32_t n)
{
    struct lane *l = &g->lane[queue][n];
    struct request *r = &l->r;
    r->place = queue * LANES + n;
    r->sector = (uint64_t)r->place * LANE_SECTORS;
    r->bytes = LANE_SECTORS * VQG_BLK_SECTOR_BYTES;
    r->pieces = 1u + n % 3u;
    r->table = g->table && n % 2u == 0u;
    if (n % 4u == 3u) {
        r->type = n % 8u == 3u ? VQG_BLK_T_FLUSH : VQG_BLK_T_GET_ID;
        r->bytes = n % 8u == 3u ? 0u : VQG_BLK_ID_BYTES;
        r->pieces = 0;
    } else if (r->type == VQG_BLK_T_OUT) {
        r->type = VQG_BLK_T_IN;
        memset(request_data(&g->front, r), 0, r->bytes);
    } else {
        r->type = VQG_BLK_T_OUT;
        l->version++;
        request_fill(&g->front, r, l->version);
    }
    request_add(&g->front, queue, r);
    l->busy = true;
}

static void lane_judge(struct guest *g, struct lane *l)
{
    if (l->busy && l->r.ended != 0u) {
        assert_int_equal(l->r.ended, 1);
        assert_int_equal(l->r.status, VQG_BLK_S_OK);
        assert_true(request_holds(&g->front, &l->r, l->version));
        l->busy = false;
        g->ended++;
    }
}

/* Takes what has come; with `more`, lanes that are idle go on. True when a lane is busy. */
static bool turn(struct guest *g, bool more)
{
    bool busy = false;
    uint32_t queue;
    uint32_t n;
    for (queue = 0; queue < QUEUES; queue++) {
        (void)request_take(&g->front, queue);
        for (n = 0; n < LANES; n++) {
            struct lane *l = &g->lane[queue][n];
            lane_judge(g, l);
            if (!l->busy && more) {
                lane_next(g, queue, n);
            }
            busy = busy || l->busy;
        }
        request_kick(&g->front, queue);
    }
    return busy;
}

/* Sleeps until one of the queues that have something outstanding interrupts. */
static void wait_for_any(struct guest *g, int milliseconds)
{
    struct pollfd p[QUEUES];
    uint64_t ignored;
    uint32_t queue;
    bool come = false;
    for (queue = 0; queue < QUEUES; queue++) {
        p[queue] = (struct pollfd){.fd = g->front.queue[queue].call, .events = POLLIN};
        come = vqg_driver_callback_enable(&g->front.queue[queue].driver) || come;
    }
    if (come) {
        return;
    }
    if (poll(p, QUEUES, milliseconds) == 0 && milliseconds == BACKEND_PATIENCE) {
        fail_msg("a request never ends: %s", backend_log(&g->backend));
    }
    for (queue = 0; queue < QUEUES; queue++) {
        if ((p[queue].revents & POLLIN) != 0) {
            assert_int_equal(read(p[queue].fd, &ignored, sizeof ignored), sizeof ignored);
        }
    }
}

static uint64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* What a front end knows of where the queue is when the back end did not say: the used index; packed: nothing. */
static uint32_t base_after_a_crash(const struct guest *g, uint32_t queue)
{
    uint16_t used;
    if ((g->front.features & FRONT_PACKED) != 0u) {
        return 0x80008000u;
    }
    memcpy(&used, (unsigned char *)front_at(&g->front, FRONT_RINGS_GUEST + queue * FRONT_QUEUE_BYTES + FRONT_USED) + 2,
           sizeof used);
    return used;
}

static void crash_and_go_on(struct guest *g, const char *arguments, bool gently)
{
    uint32_t queue;
    if (gently) {
        backend_end(&g->backend);
    } else {
        backend_kill(&g->backend);
    }
    front_hang_up(&g->front);
    backend_start(&g->backend, arguments);
    front_connect(&g->front, &g->backend, g->keep);
    front_share(&g->front);
    for (queue = 0; queue < QUEUES; queue++) {
        front_start(&g->front, queue, base_after_a_crash(g, queue));
        assert_non_null(strstr(backend_event(&g->backend, "queue"), "\"life\":1"));
    }
    (void)backend_log(&g->backend); /* how much there is to go on with */
}

/* `region`: for how many descriptors a region of what is in flight is asked for; 0: for none. */
static void guest_begin(struct guest *g, uint64_t features, const char *arguments, uint32_t region)
{
    memset(g, 0, sizeof *g);
    g->keep = region != 0u;
    backend_make(&g->backend);
    backend_start(&g->backend, arguments);
    g->table = (features & FRONT_INDIRECT) != 0u;
    front_make(&g->front, features | FRONT_DISK | VQG_F_VERSION_1, QUEUES, SIZE);
    g->front.named = region;
    front_open(&g->front, &g->backend, g->keep);
    /* 16 bytes, and 16 for each descriptor, whatever was asked for. */
    assert_true(!g->keep || g->front.said.mmap_size / QUEUES >= 16u + SIZE * 16u);
}

static void guest_end(struct guest *g)
{
    uint32_t i;
    while (turn(g, false)) {
        wait_for_any(g, BACKEND_PATIENCE);
    }
    for (i = 0; i < QUEUES * LANES; i++) {
        assert_true(image_holds(&g->backend, (uint64_t)i * LANE_SECTORS, g->lane[i / LANES][i % LANES].version));
    }
    front_remove(&g->front);
    backend_assert_left(&g->backend);
    backend_assert_nothing_kept(&g->backend);
    backend_end(&g->backend);
    backend_remove(&g->backend);
}

static uint64_t seed_of_today(void)
{
    const char *text = getenv("VQG_TEST_SEED");
    return text != NULL ? strtoull(text, NULL, 0) : now_us();
}

static void kill_at_any_moment(uint64_t features, const char *arguments, uint32_t region)
{
    static struct guest g;
    uint64_t seed = seed_of_today();
    uint32_t round;
    print_message("VQG_TEST_SEED=%llu\n", (unsigned long long)seed);
    guest_begin(&g, features, arguments, region);
    for (round = 0; round < ROUNDS; round++) {
        const uint64_t until = now_us() + random_next(&seed) % LONGEST_US;
        const uint64_t before = g.ended;
        do {
            (void)turn(&g, true);
        } while (now_us() < until);
        crash_and_go_on(&g, arguments, round % 4u == 3u);
        /* What was in flight comes back without anything new. */
        while (turn(&g, false)) {
            wait_for_any(&g, BACKEND_PATIENCE);
        }
        assert_true(g.ended >= before + (uint64_t)QUEUES * LANES);
    }
    guest_end(&g);
}

static void killed_split(void **state)
{
    (void)state;
    kill_at_any_moment(FRONT_EVENT_IDX, "--queues 2 --engine io_uring", SIZE);
    kill_at_any_moment(FRONT_INDIRECT, "--queues 2 --engine sync", SIZE);
}

static void killed_packed(void **state)
{
    (void)state;
    kill_at_any_moment(FRONT_PACKED | FRONT_EVENT_IDX, "--queues 2 --engine io_uring", SIZE);
    kill_at_any_moment(FRONT_PACKED | FRONT_INDIRECT, "--queues 2 --engine sync", SIZE);
}

/* A split queue says by itself where it was. */
static void killed_without_a_region(void **state)
{
    (void)state;
    kill_at_any_moment(FRONT_EVENT_IDX, "--queues 2 --engine io_uring", 0);
}

/* The guest has chosen a larger queue than the front end knew of when it asked. */
static void killed_with_a_region_for_smaller_queues(void **state)
{
    (void)state;
    kill_at_any_moment(0, "--queues 2 --engine io_uring", 1);
    kill_at_any_moment(FRONT_PACKED, "--queues 2 --engine io_uring", 1);
}

/* Killed time and again before it has caught up. */
static void killed_while_it_catches_up(uint64_t features)
{
    static struct guest g;
    const char *arguments = "--queues 2";
    uint64_t seed = 1;
    uint32_t round;
    guest_begin(&g, features, arguments, SIZE);
    for (round = 0; round < ROUNDS; round++) {
        (void)turn(&g, true);
        if (random_next(&seed) % 3u == 0u) {
            (void)usleep((useconds_t)(random_next(&seed) % 300u));
        }
        crash_and_go_on(&g, arguments, false);
    }
    guest_end(&g);
}

static void killed_before_it_has_caught_up(void **state)
{
    (void)state;
    killed_while_it_catches_up(0);
    killed_while_it_catches_up(FRONT_PACKED);
}

/* It ends between the store that shows a request to the guest and the interrupt: the next one interrupts. */
static void killed_before_it_interrupts(uint64_t features)
{
    static struct guest g;
    struct wire_message none = wire_make(VHOST_USER_SET_VRING_CALL, 8);
    struct pollfd p;
    none.payload.number = VHOST_USER_VRING_NO_FD;
    guest_begin(&g, features, "--queues 2", SIZE);
    request_assert_read(&g.front, 0, 1, 1, 0);
    front_tell(&g.front, &none);
    (void)front_ask_number(&g.front, VHOST_USER_GET_FEATURES);
    (void)turn(&g, true);
    (void)front_ask_number(&g.front, VHOST_USER_GET_FEATURES);
    (void)usleep(20000);
    p = (struct pollfd){.fd = g.front.queue[0].call, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 0), 0);
    crash_and_go_on(&g, "--queues 2", false);
    assert_int_equal(poll(&p, 1, BACKEND_PATIENCE), 1);
    guest_end(&g);
}

static void interrupt_that_was_not_sent_is_sent_by_the_next_process(void **state)
{
    (void)state;
    killed_before_it_interrupts(0);
    killed_before_it_interrupts(FRONT_PACKED | FRONT_EVENT_IDX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_split),
        cmocka_unit_test(killed_packed),
        cmocka_unit_test(killed_without_a_region),
        cmocka_unit_test(killed_with_a_region_for_smaller_queues),
        cmocka_unit_test(killed_before_it_has_caught_up),
        cmocka_unit_test(interrupt_that_was_not_sent_is_sent_by_the_next_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
