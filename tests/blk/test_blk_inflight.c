/* SPDX-License-Identifier: MIT */
/**
 * @file test_blk_inflight.c
 * @brief The region of what is in flight, as a process may have left it at any store, and as nobody left it.
 *
 * Split: laid out as the vhost-user protocol has it. Packed: as src/blk/inflight.c has it.
 */
#include "request.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE 16u
#define PART 320u /* 16 bytes and 16 for each descriptor, in multiples of 64 */
#define REQUESTS 3u
#define DESCRIPTORS 3u /* of a request */

#define VERSION 8u
#define DESC_NUM 10u
#define LAST_BATCH_HEAD 12u
#define USED_IDX 14u
#define ENTRY(head) (16u + (head) * 16u)
#define ENTRY_NEXT 6u
#define ENTRY_COUNTER 8u
#define POSITION 12u
#define NEXT 14u
#define UNDER_WAY 16u
#define ID 18u
#define LEN 20u

#define SPLIT_VERSION 1u
#define PACKED_VERSION 0x7671u
#define PACKED_BASE 0x80008000u
#define UNTOUCHED 0x5a

struct bench {
    struct backend backend;
    struct front front;
    unsigned char *region;
    struct request r[REQUESTS];
};

static void put16(unsigned char *at, uint32_t value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static uint32_t get16(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static unsigned char *ring(const struct bench *x, uint64_t part)
{
    return front_at(&x->front, FRONT_RINGS_GUEST + part);
}

/* A client with three requests to read in the ring, and no queue that runs yet. */
static void client_begin(struct bench *x, uint64_t features)
{
    uint32_t i;
    front_make(&x->front, features | VQG_F_VERSION_1, 1, SIZE);
    front_connect(&x->front, &x->backend, true);
    front_share(&x->front);
    assert_true(x->front.said.mmap_size >= PART);
    x->region = mmap(NULL, x->front.said.mmap_size, PROT_READ | PROT_WRITE, MAP_SHARED, x->front.region, 0);
    assert_true(x->region != MAP_FAILED);
    memset(x->r, 0, sizeof x->r);
    for (i = 0; i < REQUESTS; i++) {
        x->r[i].place = i;
        x->r[i].sector = 20u + i;
        x->r[i].bytes = VQG_BLK_SECTOR_BYTES;
        memset(request_data(&x->front, &x->r[i]), UNTOUCHED, x->r[i].bytes);
        request_add(&x->front, 0, &x->r[i]);
    }
    (void)vqg_driver_kick(&x->front.queue[0].driver);
    put16(x->region + DESC_NUM, SIZE);
    put16(x->region + VERSION, (features & FRONT_PACKED) != 0u ? PACKED_VERSION : SPLIT_VERSION);
    put16(x->region + POSITION, (features & FRONT_PACKED) != 0u ? 0x8000u : 0u);
}

static void client_end(struct bench *x)
{
    (void)munmap(x->region, x->front.said.mmap_size);
    front_remove(&x->front);
    backend_assert_left(&x->backend);
    request_honest_client(&x->backend);
}

static struct bench bench;

static int begin(void **state)
{
    *state = &bench;
    memset(&bench, 0, sizeof bench);
    backend_make(&bench.backend);
    backend_start(&bench.backend, "--engine sync");
    return 0;
}

static int end(void **state)
{
    struct bench *x = *state;
    uint32_t i;
    for (i = 0; i < BACKEND_SECTORS; i += 7u) {
        assert_true(image_holds(&x->backend, i, 0));
    }
    backend_assert_nothing_kept(&x->backend);
    backend_end(&x->backend);
    backend_remove(&x->backend);
    return 0;
}

static void in_flight(const struct bench *x, uint32_t head, uint64_t counter)
{
    x->region[ENTRY(head)] = 1;
    memcpy(x->region + ENTRY(head) + ENTRY_COUNTER, &counter, sizeof counter);
}

/* Starts the queue, and waits until that was tried; what was said. */
static const char *start(struct bench *x, uint32_t base)
{
    front_start(&x->front, 0, base);
    (void)front_ask_number(&x->front, VHOST_USER_GET_FEATURES);
    return backend_log(&x->backend);
}

/* The last process served a request: it is not to be served again. */
static void served_before(const struct bench *x, uint32_t n)
{
    *(unsigned char *)front_at(&x->front, FRONT_DATA_GUEST + n * REQUEST_BYTES + 16u) = VQG_BLK_S_OK;
}

static bool is_untouched(const struct bench *x, uint32_t n)
{
    return request_data(&x->front, &x->r[n])[0] == UNTOUCHED && request_data(&x->front, &x->r[n])[511] == UNTOUCHED;
}

static void assert_all_end(struct bench *x, unsigned untouched)
{
    uint32_t i;
    for (i = 0; i < REQUESTS; i++) {
        request_wait(&x->front, 0, &x->r[i]);
        assert_int_equal(x->r[i].status, VQG_BLK_S_OK);
        assert_int_equal(x->r[i].len, 513);
        assert_true(i < untouched ? is_untouched(x, i) : request_holds(&x->front, &x->r[i], 0));
    }
    request_assert_read(&x->front, 0, 3, 1, 0);
    (void)front_stop(&x->front, 0);
    /* And it is written down that nothing is in flight any more. */
    if ((x->front.features & FRONT_PACKED) != 0u) {
        assert_int_equal(get16(x->region + POSITION), 0x8000u + (REQUESTS + 1u) * DESCRIPTORS);
        assert_int_equal(get16(x->region + UNDER_WAY), 0);
        return;
    }
    assert_int_equal(get16(x->region + USED_IDX), REQUESTS + 1u);
    for (i = 0; i < SIZE; i++) {
        assert_int_equal(x->region[ENTRY(i)], 0);
    }
}

/* ---- what a process leaves ---- */

static void split_requests_go_on_in_the_order_of_their_counters(void **state)
{
    static const uint32_t order[REQUESTS] = {3, 6, 0};
    struct bench *x = *state;
    uint32_t i;
    client_begin(x, 0);
    in_flight(x, 0, UINT64_C(0x100000000));
    in_flight(x, 3, 3);
    in_flight(x, 6, 4);
    assert_string_equal(start(x, 0), "vqguard-blk: queue 0 goes on with 3 requests of the last process\n");
    assert_all_end(x, 0);
    for (i = 0; i < REQUESTS; i++) {
        assert_int_equal(get16(ring(x, FRONT_USED) + 4u + 8u * i), order[i]);
    }
    client_end(x);
}

/* Killed behind the store of the used index, with a batch of two. */
static void split_batch_that_was_published_is_not_served_again(void **state)
{
    struct bench *x = *state;
    uint32_t i;
    client_begin(x, 0);
    for (i = 0; i < REQUESTS; i++) {
        in_flight(x, i * DESCRIPTORS, i + 1u);
    }
    for (i = 0; i < 2u; i++) {
        served_before(x, i);
        put16(ring(x, FRONT_USED) + 4u + 8u * i, i * DESCRIPTORS);
        put16(ring(x, FRONT_USED) + 8u + 8u * i, 513);
    }
    put16(ring(x, FRONT_USED) + 2u, 2);
    put16(x->region + LAST_BATCH_HEAD, 3);
    put16(x->region + ENTRY(3u) + ENTRY_NEXT, 0);
    assert_string_equal(start(x, 2), "vqguard-blk: queue 0 goes on with 1 requests of the last process\n");
    assert_all_end(x, 2);
    client_end(x);
}

/* Killed before that store: nobody has seen the batch, and it is served again. */
static void split_batch_that_was_not_published_is_served_again(void **state)
{
    struct bench *x = *state;
    client_begin(x, FRONT_EVENT_IDX);
    in_flight(x, 0, 1);
    in_flight(x, 3, 2);
    put16(x->region + LAST_BATCH_HEAD, 3);
    put16(x->region + ENTRY(3u) + ENTRY_NEXT, 0);
    assert_string_equal(start(x, 0), "vqguard-blk: queue 0 goes on with 2 requests of the last process\n");
    assert_all_end(x, 0);
    client_end(x);
}

/* Killed behind the note of what is about to be returned: it is, and is not served again. */
static void packed_element_that_was_to_be_returned_is_returned(void **state)
{
    struct bench *x = *state;
    client_begin(x, FRONT_PACKED);
    served_before(x, 0);
    put16(x->region + NEXT, 0x8000u + DESCRIPTORS);
    put16(x->region + ID, get16(ring(x, 12)));
    put16(x->region + LEN, 513);
    put16(x->region + UNDER_WAY, 1);
    assert_string_equal(start(x, PACKED_BASE), "");
    assert_all_end(x, 1);
    client_end(x);
}

/* Killed behind the store of its flags, and behind the store of the position. */
static void packed_element_that_was_returned_is_not_returned_again(void **state)
{
    static const uint32_t positions[] = {0x8000u, 0x8000u + DESCRIPTORS};
    struct bench *x = *state;
    size_t i;
    for (i = 0; i < 2u; i++) {
        client_begin(x, FRONT_PACKED | FRONT_EVENT_IDX);
        served_before(x, 0);
        put16(x->region + POSITION, positions[i]);
        put16(x->region + NEXT, 0x8000u + DESCRIPTORS);
        put16(x->region + ID, 15); /* not to be written: it was */
        put16(x->region + LEN, 1);
        put16(x->region + UNDER_WAY, 1);
        put16(ring(x, 8), 513);
        put16(ring(x, 14), VQG_DESC_F_AVAIL | VQG_DESC_F_USED | VQG_DESC_F_WRITE);
        assert_string_equal(start(x, PACKED_BASE), "");
        assert_all_end(x, 1);
        client_end(x);
    }
}

/* A part that is of no such queue is of nobody: the queue begins at its base. */
static void part_of_another_queue_is_begun_anew(void **state)
{
    static const struct {
        uint32_t version;
        uint32_t size;
    } parts[] = {{0, SIZE}, {SPLIT_VERSION, 8}, {SPLIT_VERSION, 0}, {PACKED_VERSION, SIZE}, {2, SIZE}};
    struct bench *x = *state;
    size_t i;
    for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        client_begin(x, 0);
        in_flight(x, 0, 1);
        in_flight(x, 9, 1);
        put16(x->region + VERSION, parts[i].version);
        put16(x->region + DESC_NUM, parts[i].size);
        assert_string_equal(start(x, 0), "");
        assert_all_end(x, 0);
        assert_int_equal(get16(x->region + VERSION), SPLIT_VERSION);
        assert_int_equal(get16(x->region + DESC_NUM), SIZE);
        client_end(x);
    }
}

/* ---- what nobody leaves ---- */

static void assert_refused(struct bench *x, uint32_t base, uint32_t value, uint32_t limit)
{
    char wanted[BACKEND_LINE];
    const char *said = start(x, base);
    const char *line = strstr(said, "vqguard-blk: queue 0 is not started: ");
    (void)snprintf(wanted, sizeof wanted,
                   "vqguard-blk: queue 0 is not started: %s (rule R7 RESTORE, value %u, limit %u)\n",
                   vqg_status_text(VQG_BAD_SAVED), value, limit);
    assert_string_equal(line == NULL ? said : line, wanted);
    client_end(x);
}

static void split_state_that_the_ring_contradicts_is_refused(void **state)
{
    struct bench *x = *state;
    uint32_t i;
    client_begin(x, 0);
    for (i = 0; i < SIZE; i++) {
        in_flight(x, i, 7); /* every head, and all of them first */
    }
    assert_refused(x, 0, (uint16_t)(REQUESTS - SIZE), SIZE);
    client_begin(x, 0);
    for (i = 0; i < REQUESTS + 1u; i++) {
        in_flight(x, i, i);
    }
    assert_refused(x, 0, 65535, SIZE); /* one more than was made available */
    client_begin(x, 0);
    assert_refused(x, REQUESTS + 1u, 65535, SIZE);
    client_begin(x, 0);
    put16(ring(x, FRONT_AVAIL) + 2u, SIZE);
    put16(x->region + USED_IDX, UINT16_MAX);
    in_flight(x, 0, 1);
    assert_refused(x, UINT16_MAX, SIZE, SIZE); /* 16 wait, and one is in flight */
}

static void packed_state_out_of_the_ring_is_refused(void **state)
{
    static const uint32_t positions[] = {SIZE, 0x8000u + SIZE, 0x7fff, 0xffff};
    struct bench *x = *state;
    size_t i;
    for (i = 0; i < 4u; i++) {
        client_begin(x, FRONT_PACKED);
        put16(x->region + POSITION, positions[i]);
        assert_refused(x, PACKED_BASE, positions[i] & 0x7fffu, SIZE);
        client_begin(x, FRONT_PACKED);
        put16(x->region + POSITION, positions[i]);
        put16(x->region + NEXT, 0x8003);
        put16(x->region + UNDER_WAY, 1);
        assert_refused(x, PACKED_BASE, positions[i] & 0x7fffu, SIZE);
        client_begin(x, FRONT_PACKED);
        put16(x->region + NEXT, positions[i]);
        put16(x->region + UNDER_WAY, 1);
        assert_refused(x, PACKED_BASE, positions[i] & 0x7fffu, SIZE);
    }
}

/* A batch without an end, of heads that are none: it is looked at no longer than the queue is. */
static void split_batch_that_goes_round_is_bounded(void **state)
{
    static const uint32_t heads[] = {0, 15, 16, UINT16_MAX};
    struct bench *x = *state;
    size_t i;
    for (i = 0; i < 4u; i++) {
        client_begin(x, 0);
        put16(x->region + USED_IDX, 1); /* 65535 before the ring's */
        put16(x->region + LAST_BATCH_HEAD, heads[i]);
        assert_string_equal(start(x, 0), "");
        assert_all_end(x, 0);
        client_end(x);
    }
}

/* A head that nobody made available is judged like any other. */
static void head_that_was_never_lent_is_judged(void **state)
{
    struct bench *x = *state;
    client_begin(x, 0);
    in_flight(x, 12, 1);
    (void)start(x, 0);
    assert_non_null(strstr(backend_event(&x->backend, "violation"), "\"rule\":\"C10\""));
    (void)front_ask_number(&x->front, VHOST_USER_GET_FEATURES);
    /* It stood for the first of the three, and goes back; the others are served. */
    assert_int_equal(get16(ring(x, FRONT_USED) + 2u), REQUESTS);
    assert_int_equal(get16(ring(x, FRONT_USED) + 4u), 12);
    assert_true(is_untouched(x, 0));
    assert_true(request_holds(&x->front, &x->r[1], 0) && request_holds(&x->front, &x->r[2], 0));
    (void)backend_log(&x->backend);
    client_end(x);
}

/* ---- anything ---- */

/* Random bytes under a header that is right, most of the time; few heads in flight, or many. */
static void scramble(const struct bench *x, uint32_t version, uint64_t *seed)
{
    const uint64_t density = random_next(seed) % 17u;
    uint32_t i;
    for (i = 0; i < PART; i++) {
        x->region[i] = (unsigned char)random_next(seed);
    }
    for (i = 0; i < SIZE; i++) {
        x->region[ENTRY(i)] = random_next(seed) % 16u < density;
    }
    if (random_next(seed) % 8u != 0u) {
        put16(x->region + VERSION, version);
        put16(x->region + DESC_NUM, SIZE);
    }
    if (random_next(seed) % 2u != 0u) {
        put16(x->region + POSITION, (uint32_t)(random_next(seed) % 20u + random_next(seed) % 2u * 0x8000u));
    }
    if (random_next(seed) % 2u != 0u) {
        put16(x->region + NEXT, (uint32_t)(random_next(seed) % 20u));
    }
}

static void anything(struct bench *x, uint64_t features, uint64_t cases)
{
    static const uint32_t bases[] = {0, 0, 0, 1, 3, 65535, PACKED_BASE, PACKED_BASE, 0x80038003u, 0x8003u};
    const uint64_t one = 1;
    uint64_t n;
    for (n = 1; n <= cases; n++) {
        uint64_t seed = n;
        unsigned lines = 0;
        const char *log;
        client_begin(x, features);
        scramble(x, (features & FRONT_PACKED) != 0u ? PACKED_VERSION : SPLIT_VERSION, &seed);
        front_start(&x->front, 0, bases[random_next(&seed) % 10u]);
        assert_int_equal(write(x->front.queue[0].kick, &one, sizeof one), sizeof one);
        (void)front_ask_number(&x->front, VHOST_USER_GET_FEATURES);
        (void)munmap(x->region, x->front.said.mmap_size);
        front_remove(&x->front);
        assert_non_null(strstr(backend_event(&x->backend, "client-gone"), "\"closed\""));
        for (log = backend_log(&x->backend); *log != '\0'; log++) {
            lines += *log == '\n' ? 1u : 0u;
        }
        /* It goes on, a first rule is broken, and then one that makes it stand still. */
        assert_true(lines <= 3u);
        if (n % 10u == 0u) {
            request_honest_client(&x->backend);
        }
    }
}

static void split_state_of_random_bytes(void **state)
{
    anything(*state, 0, 1500);
}

static void packed_state_of_random_bytes(void **state)
{
    anything(*state, FRONT_PACKED, 1500);
}

#define ON_ONE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE(split_requests_go_on_in_the_order_of_their_counters),
        ON_ONE(split_batch_that_was_published_is_not_served_again),
        ON_ONE(split_batch_that_was_not_published_is_served_again),
        ON_ONE(packed_element_that_was_to_be_returned_is_returned),
        ON_ONE(packed_element_that_was_returned_is_not_returned_again),
        ON_ONE(part_of_another_queue_is_begun_anew),
        ON_ONE(split_state_that_the_ring_contradicts_is_refused),
        ON_ONE(packed_state_out_of_the_ring_is_refused),
        ON_ONE(split_batch_that_goes_round_is_bounded),
        ON_ONE(head_that_was_never_lent_is_judged),
        ON_ONE(split_state_of_random_bytes),
        ON_ONE(packed_state_of_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
