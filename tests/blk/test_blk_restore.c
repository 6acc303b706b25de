/* SPDX-License-Identifier: MIT */
/** @file test_blk_restore.c The region of what is in flight, as no process leaves it: refused, or judged. */
#include "inflight_util.h"

#include <stdio.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE(split_state_that_the_ring_contradicts_is_refused),
        ON_ONE(packed_state_out_of_the_ring_is_refused),
        ON_ONE(split_batch_that_goes_round_is_bounded),
        ON_ONE(head_that_was_never_lent_is_judged),
        ON_ONE(split_state_of_random_bytes),
        ON_ONE(packed_state_of_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
