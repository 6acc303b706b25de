/* SPDX-License-Identifier: MIT */
/**
 * @file inflight_util.h
 * @brief A client whose region of what is in flight a test writes itself, before its queue is started.
 *
 * Split: laid out as the vhost-user protocol has it. Packed: as src/blk/inflight.c has it.
 */
#ifndef VQG_TEST_BLK_INFLIGHT_UTIL_H
#define VQG_TEST_BLK_INFLIGHT_UTIL_H

#include "request.h"

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

static inline void put16(unsigned char *at, uint32_t value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static inline uint32_t get16(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static inline unsigned char *ring(const struct bench *x, uint64_t part)
{
    return front_at(&x->front, FRONT_RINGS_GUEST + part);
}

/* A client with three requests to read in the ring, and no queue that runs yet. */
static inline void client_begin(struct bench *x, uint64_t features)
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

static inline void client_end(struct bench *x)
{
    (void)munmap(x->region, x->front.said.mmap_size);
    front_remove(&x->front);
    backend_assert_left(&x->backend);
    request_honest_client(&x->backend);
}

static inline int begin(void **state)
{
    static struct bench bench;
    *state = &bench;
    memset(&bench, 0, sizeof bench);
    backend_make(&bench.backend);
    backend_start(&bench.backend, "--engine sync");
    return 0;
}

static inline int end(void **state)
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

static inline void in_flight(const struct bench *x, uint32_t head, uint64_t counter)
{
    x->region[ENTRY(head)] = 1;
    memcpy(x->region + ENTRY(head) + ENTRY_COUNTER, &counter, sizeof counter);
}

/* Starts the queue, and waits until that was tried; what was said. */
static inline const char *start(struct bench *x, uint32_t base)
{
    front_start(&x->front, 0, base);
    (void)front_ask_number(&x->front, VHOST_USER_GET_FEATURES);
    return backend_log(&x->backend);
}

/* The last process served a request: it is not to be served again. */
static inline void served_before(const struct bench *x, uint32_t n)
{
    *(unsigned char *)front_at(&x->front, FRONT_DATA_GUEST + n * REQUEST_BYTES + 16u) = VQG_BLK_S_OK;
}

static inline bool is_untouched(const struct bench *x, uint32_t n)
{
    return request_data(&x->front, &x->r[n])[0] == UNTOUCHED && request_data(&x->front, &x->r[n])[511] == UNTOUCHED;
}

static inline void assert_all_end(struct bench *x, unsigned untouched)
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

#define ON_ONE(test) cmocka_unit_test_setup_teardown(test, begin, end)

#endif
