/* SPDX-License-Identifier: MIT */
/** @file test_blk_memory.c A client that takes memory away that it had shared: all of it, a part, what is in flight. */
#include "request.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GONE "it took memory away that it had shared"
#define DEPTH 32u

struct bench {
    struct backend backend;
    struct front front;
    struct request r[DEPTH];
};

static void begin(struct bench *x, const char *engine)
{
    char arguments[64];
    memset(x, 0, sizeof *x);
    (void)snprintf(arguments, sizeof arguments, "--queues 2 --engine %s", engine);
    backend_make(&x->backend);
    backend_start(&x->backend, arguments);
}

static void end(struct bench *x)
{
    backend_assert_nothing_kept(&x->backend);
    backend_end(&x->backend);
    backend_remove(&x->backend);
}

/* A client with requests in the rings, of which the back end was not told yet. */
static void lend(struct bench *x, uint64_t features)
{
    uint32_t i;
    front_make(&x->front, features | FRONT_DISK | VQG_F_VERSION_1, 2, 128);
    front_open(&x->front, &x->backend, true);
    request_assert_read(&x->front, 1, 1, 1, 0);
    for (i = 0; i < DEPTH; i++) {
        struct request *r = &x->r[i];
        r->place = i;
        r->type = i % 4u == 3u ? VQG_BLK_T_FLUSH : i % 2u == 0u ? VQG_BLK_T_IN : VQG_BLK_T_OUT;
        r->sector = 100u + i * 8u;
        r->bytes = r->type == VQG_BLK_T_FLUSH ? 0u : 4096u;
        if (r->type == VQG_BLK_T_OUT) {
            request_fill(&x->front, r, 0);
        }
        request_add(&x->front, i % 2u, r);
    }
    (void)vqg_driver_kick(&x->front.queue[0].driver);
    (void)vqg_driver_kick(&x->front.queue[1].driver);
}

static void kick(const struct bench *x)
{
    const uint64_t one = 1;
    assert_int_equal(write(x->front.queue[0].kick, &one, sizeof one), sizeof one);
    assert_int_equal(write(x->front.queue[1].kick, &one, sizeof one), sizeof one);
}

/*
 * The one line is said, and the next client finds the disk as it was, but for the sectors that were written: what a
 * client takes away of its data is zeroes. A header that goes in the middle writes nothing, and not to sector 0.
 */
static void assert_gone_and_next_one_served(struct bench *x)
{
    uint32_t i;
    backend_assert_dropped(&x->backend, GONE);
    front_remove(&x->front);
    request_honest_client(&x->backend);
    for (i = 0; i < 110u + DEPTH * 8u; i++) {
        const uint32_t n = (i - 100u) / 8u; /* far beyond for those below */
        assert_true((n < DEPTH && n % 4u == 1u) || image_holds(&x->backend, i, 0));
    }
}

static void cut(struct bench *x, uint64_t features, int file, uint64_t bytes)
{
    lend(x, features);
    assert_int_equal(ftruncate(file < 0 ? x->front.memory : x->front.region, (off_t)bytes), 0);
    kick(x);
    assert_gone_and_next_one_served(x);
}

/* The rings go before the back end looks at them. */
static void memory_that_goes_before_a_kick(void **state)
{
    static const uint64_t left[] = {0, 4096, FRONT_AVAIL, FRONT_QUEUE_BYTES};
    static struct bench x;
    size_t i;
    (void)state;
    begin(&x, "io_uring");
    for (i = 0; i < sizeof left / sizeof left[0]; i++) {
        cut(&x, 0, -1, left[i]);
        cut(&x, FRONT_PACKED, -1, left[i] > 4096u ? 0u : left[i]);
        cut(&x, FRONT_EVENT_IDX, -1, left[i]);
    }
    end(&x);
}

/* The rings stay, and what the requests name goes: headers, data, the places of the status bytes. */
static void payload_that_goes_before_a_kick(void **state)
{
    static const char *const engines[] = {"sync", "io_uring"};
    static struct bench x;
    uint32_t i;
    (void)state;
    for (i = 0; i < 2u; i++) {
        begin(&x, engines[i]);
        cut(&x, 0, -1, FRONT_RINGS_BYTES);
        cut(&x, FRONT_PACKED, -1, FRONT_RINGS_BYTES + REQUEST_BYTES);
        cut(&x, 0, -1, FRONT_RINGS_BYTES + 5u * REQUEST_BYTES + 4096u);
        end(&x);
    }
}

/* A header whose sector is in the part that went: what stands there now is no sector to write. */
static void header_of_which_one_half_goes(void **state)
{
    const uint64_t page = FRONT_DATA_GUEST + 2u * REQUEST_BYTES;
    struct request data = {.bytes = VQG_BLK_SECTOR_BYTES};
    static struct bench x;
    struct vqg_seg seg[3];
    (void)state;
    begin(&x, "sync");
    front_make(&x.front, VQG_F_VERSION_1, 2, 128);
    front_open(&x.front, &x.backend, false);
    request_fill(&x.front, &data, 9);
    (void)vqg_blk_build(seg, 1, front_at(&x.front, page - 8u), page - 8u, VQG_BLK_T_OUT, 1000);
    seg[1] = vqg_blk_seg_(FRONT_DATA_GUEST + REQUEST_DATA, data.bytes, false);
    seg[2].addr = FRONT_DATA_GUEST;
    assert_int_equal(vqg_driver_add(&x.front.queue[0].driver, seg, 3, &data), VQG_OK);
    (void)vqg_driver_kick(&x.front.queue[0].driver);
    assert_int_equal(ftruncate(x.front.memory, (off_t)(FRONT_RINGS_BYTES + 2u * REQUEST_BYTES)), 0);
    kick(&x);
    assert_gone_and_next_one_served(&x);
    end(&x);
}

/* At any moment, with requests on their way to and from the storage. */
static void memory_that_goes_while_requests_are_in_flight(void **state)
{
    static struct bench x;
    uint64_t seed = 1;
    uint32_t i;
    (void)state;
    begin(&x, "io_uring");
    for (i = 0; i < 300u; i++) {
        lend(&x, i % 2u == 0u ? 0u : FRONT_PACKED);
        kick(&x);
        (void)usleep((useconds_t)(random_next(&seed) % 250u));
        assert_int_equal(ftruncate(i % 3u == 0u ? x.front.region : x.front.memory, 0), 0);
        /* By now it may have done all of it, and has not noticed: with its rings gone it does at the next kick. */
        assert_int_equal(ftruncate(x.front.memory, 0), 0);
        kick(&x);
        assert_gone_and_next_one_served(&x);
    }
    end(&x);
}

static void region_of_what_is_in_flight_that_goes(void **state)
{
    static struct bench x;
    (void)state;
    begin(&x, "sync");
    cut(&x, 0, 0, 0);
    cut(&x, FRONT_PACKED, 0, 0);
    end(&x);
}

/* Without a request nobody looks at it: the client stays until it asks for something, or leaves. */
static void memory_that_goes_from_an_idle_client(void **state)
{
    static struct bench x;
    (void)state;
    begin(&x, "io_uring");
    lend(&x, 0);
    assert_int_equal(ftruncate(x.front.memory, 0), 0);
    (void)front_ask_number(&x.front, VHOST_USER_GET_FEATURES);
    backend_assert_quiet(&x.backend);
    front_remove(&x.front);
    backend_assert_left(&x.backend);
    request_honest_client(&x.backend);
    /* It goes between the table and the start of a queue in it. */
    front_make(&x.front, VQG_F_VERSION_1, 2, 128);
    front_connect(&x.front, &x.backend, false);
    front_share(&x.front);
    assert_int_equal(ftruncate(x.front.memory, 0), 0);
    front_start(&x.front, 0, 0);
    assert_gone_and_next_one_served(&x);
    /* And before the table: then the file does not have it. */
    front_make(&x.front, VQG_F_VERSION_1, 2, 128);
    front_connect(&x.front, &x.backend, false);
    assert_int_equal(ftruncate(x.front.memory, 4096), 0);
    {
        const struct wire_message m = front_memory(&x.front);
        front_tell(&x.front, &m);
    }
    backend_assert_dropped(&x.backend, "a region of memory that its file does not have");
    front_remove(&x.front);
    request_honest_client(&x.backend);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_goes_before_a_kick),
        cmocka_unit_test(payload_that_goes_before_a_kick),
        cmocka_unit_test(header_of_which_one_half_goes),
        cmocka_unit_test(memory_that_goes_while_requests_are_in_flight),
        cmocka_unit_test(region_of_what_is_in_flight_that_goes),
        cmocka_unit_test(memory_that_goes_from_an_idle_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
