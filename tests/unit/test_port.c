/* SPDX-License-Identifier: MIT */
/**
 * @file test_port.c
 * @brief port.h with the ports that users get: port/gcc.h, or with
 * VQG_TEST_GENERIC_PORT defined port/generic.h. No test port here.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include <cmocka.h>

#undef VQG_CONFIG_PORT_HEADER
#ifdef VQG_TEST_GENERIC_PORT
/* The fences of a compiler that port/generic.h does not know, with an ear in each. */
enum fence { FENCE_ACQUIRE, FENCE_RELEASE, FENCE_FULL, FENCE_KINDS };
static unsigned fence_count[FENCE_KINDS];
static volatile uint16_t *fence_watched; /* what each fence looks at, and then overwrites */
static uint16_t fence_saw;

static void fence_heard(enum fence kind)
{
    fence_count[kind]++;
    if (fence_watched != NULL) {
        fence_saw = *fence_watched;
        *fence_watched = 0x5555;
    }
}

#define VQG_CONFIG_FENCE_ACQUIRE() (fence_heard(FENCE_ACQUIRE), __atomic_thread_fence(__ATOMIC_ACQUIRE))
#define VQG_CONFIG_FENCE_RELEASE() (fence_heard(FENCE_RELEASE), __atomic_thread_fence(__ATOMIC_RELEASE))
#define VQG_CONFIG_FENCE_FULL() (fence_count[FENCE_FULL]++, __atomic_thread_fence(__ATOMIC_SEQ_CST))
#define VQG_CONFIG_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#define VQG_CONFIG_PORT_HEADER "vqguard/port/generic.h"
#endif

#include "vqguard/vqguard.h"

static void byte_order_of_the_port_is_the_hosts(void **state)
{
    const uint16_t probe = 0x0102;
    unsigned char first;
    (void)state;
    memcpy(&first, &probe, 1);
    assert_int_equal(VQG_PORT_BIG_ENDIAN != 0, first == 1);
}

/* Each width: the cell in the middle of three takes every bit, and its neighbours none. */
#define WIDTH_TEST(name, type, load, store, pattern)                                                                   \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        const type before = (type)0x0101010101010101u;                                                                 \
        volatile type cell[3];                                                                                         \
        unsigned bit;                                                                                                  \
        (void)state;                                                                                                   \
        cell[0] = before;                                                                                              \
        cell[2] = before;                                                                                              \
        store(&cell[1], (type)(pattern));                                                                              \
        assert_int_equal(cell[1], (type)(pattern));                                                                    \
        assert_int_equal(load(&cell[1]), (type)(pattern));                                                             \
        for (bit = 0; bit < 8u * sizeof(type); bit++) {                                                                \
            type one = (type)((uint64_t)1 << bit);                                                                     \
            store(&cell[1], one);                                                                                      \
            assert_int_equal(cell[1], one);                                                                            \
            cell[1] = (type)~one;                                                                                      \
            assert_int_equal(load(&cell[1]), (type)~one);                                                              \
        }                                                                                                              \
        assert_int_equal(cell[0], before);                                                                             \
        assert_int_equal(cell[2], before);                                                                             \
    }

WIDTH_TEST(x2_byte_accesses_move_one_byte, uint8_t, vqg_port_load8, vqg_port_store8, 0xC3u)
WIDTH_TEST(x2_16_bit_accesses_move_two_bytes, uint16_t, vqg_port_load16, vqg_port_store16, 0xBEEFu)
WIDTH_TEST(x2_ordered_16_bit_accesses_move_two_bytes, uint16_t, vqg_port_load16_acquire, vqg_port_store16_release,
           0xBEEFu)
WIDTH_TEST(x2_32_bit_accesses_move_four_bytes, uint32_t, vqg_port_load32, vqg_port_store32, 0xDEADBEEFu)
WIDTH_TEST(x2_64_bit_accesses_move_eight_bytes, uint64_t, vqg_port_load64, vqg_port_store64, 0x0123456789ABCDEFu)

static void x7_default_mask_hands_the_index_on(void **state)
{
    uint32_t index = 41;
    (void)state;
    assert_int_equal(VQG_PORT_NOSPEC(index, 64u), 41);
    assert_int_equal(VQG_PORT_NOSPEC(index++, 64u), 41);
    assert_int_equal(index, 42);
}

static void unlikely_keeps_the_truth_of_its_condition(void **state)
{
    (void)state;
    assert_true(VQG_PORT_UNLIKELY(1 == 1));
    assert_false(VQG_PORT_UNLIKELY(1 == 2));
    assert_true(VQG_PORT_UNLIKELY((uint64_t)1 << 40 != 0u));
}

static void default_cache_hooks_touch_no_memory(void **state)
{
    unsigned char bytes[4] = {1, 2, 3, 4};
    const unsigned char same[4] = {1, 2, 3, 4};
    (void)state;
    VQG_PORT_INVALIDATE(bytes, sizeof bytes);
    VQG_PORT_CLEAN(bytes, sizeof bytes);
    assert_memory_equal(bytes, same, sizeof bytes);
}

static void fields_come_in_either_byte_order(void **state)
{
    unsigned char *bytes = calloc(1, 32); /* memory without a type of its own, as shared memory is */
    struct vqg_shared little = vqg_shared_at(bytes, false);
    struct vqg_shared big = vqg_shared_at(bytes, true);
    uint64_t word[2];
    uint32_t half[2];
    (void)state;
    assert_non_null(bytes);
    vqg_put128_(little, 16, 0x0123456789ABCDEFu, 0x1032547698BADCFEu);
    assert_int_equal(bytes[16], 0xEF);
    assert_int_equal(bytes[23], 0x01);
    assert_int_equal(bytes[24], 0xFE);
    assert_int_equal(bytes[31], 0x10);
    vqg_fetch128_(big, 16, &word[0], &word[1]);
    assert_int_equal(word[0], 0xEFCDAB8967452301u);
    assert_int_equal(word[1], 0xFEDCBA9876543210u);
    vqg_put32x2_(big, 4, 0xA1B2C3D4u, 0x0A0B0C0Du);
    assert_int_equal(bytes[4], 0xA1);
    assert_int_equal(bytes[8], 0x0A);
    vqg_fetch32x2_(little, 4, &half[0], &half[1]);
    assert_int_equal(half[0], 0xD4C3B2A1u);
    assert_int_equal(half[1], 0x0D0C0B0Au);
    vqg_put16_release_(little, 2, 0x1234);
    assert_int_equal(bytes[2], 0x34);
    assert_int_equal(vqg_fetch16_acquire_(big, 2), 0x3412);
    free(bytes);
}

#ifdef VQG_TEST_GENERIC_PORT
static void x3_acquiring_load_comes_before_its_fence(void **state)
{
    volatile uint16_t cell = 0x1111;
    (void)state;
    memset(fence_count, 0, sizeof fence_count);
    fence_watched = &cell;
    assert_int_equal(vqg_port_load16_acquire(&cell), 0x1111);
    fence_watched = NULL;
    assert_int_equal(cell, 0x5555);
    assert_int_equal(fence_count[FENCE_ACQUIRE], 1);
    assert_int_equal(fence_count[FENCE_RELEASE] + fence_count[FENCE_FULL], 0);
}

static void x3_releasing_store_comes_after_its_fence(void **state)
{
    volatile uint16_t cell = 0x1111;
    (void)state;
    memset(fence_count, 0, sizeof fence_count);
    fence_watched = &cell;
    vqg_port_store16_release(&cell, 0x2222);
    fence_watched = NULL;
    assert_int_equal(fence_saw, 0x1111);
    assert_int_equal(cell, 0x2222);
    assert_int_equal(fence_count[FENCE_RELEASE], 1);
    assert_int_equal(fence_count[FENCE_ACQUIRE] + fence_count[FENCE_FULL], 0);
}

static void x3_full_fence_is_the_users(void **state)
{
    (void)state;
    memset(fence_count, 0, sizeof fence_count);
    vqg_port_fence();
    assert_int_equal(fence_count[FENCE_FULL], 1);
    assert_int_equal(fence_count[FENCE_ACQUIRE] + fence_count[FENCE_RELEASE], 0);
}

static void plain_accesses_need_no_fence(void **state)
{
    union {
        uint64_t w;
        uint32_t d;
        uint16_t h;
        uint8_t b;
    } cell = {0};
    (void)state;
    memset(fence_count, 0, sizeof fence_count);
    vqg_port_store64(&cell.w, 1);
    assert_int_equal(vqg_port_load64(&cell.w), 1);
    vqg_port_store32(&cell.d, 2);
    assert_int_equal(vqg_port_load32(&cell.d), 2);
    vqg_port_store16(&cell.h, 3);
    assert_int_equal(vqg_port_load16(&cell.h), 3);
    vqg_port_store8(&cell.b, 4);
    assert_int_equal(vqg_port_load8(&cell.b), 4);
    assert_int_equal(fence_count[FENCE_ACQUIRE] + fence_count[FENCE_RELEASE] + fence_count[FENCE_FULL], 0);
}
#endif

/* Thread Sanitizer has no model of the volatile accesses of port/generic.h. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#endif
#if !defined(VQG_TEST_GENERIC_PORT) || !defined(UNDER_TSAN)
#define WITH_LITMUS 1
#endif

#ifdef WITH_LITMUS
/* Two sides, each storing its own word and then looking at the other's: with a
 * full fence between, at least one of the two sees the other (barrier C). */
#define RUNS 10u
#define ROUNDS 20000u
#define STRIDE 32u /* each word on a line of its own */
static uint16_t litmus_word[2][ROUNDS * STRIDE];
static uint16_t litmus_saw[2][ROUNDS];
static unsigned litmus_arrived;

static void *litmus_side(void *which)
{
    unsigned me = *(const unsigned *)which;
    unsigned round;
    for (round = 0; round < ROUNDS; round++) {
        unsigned spins = 0;
        __atomic_add_fetch(&litmus_arrived, 1u, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&litmus_arrived, __ATOMIC_ACQUIRE) < 2u * (round + 1u)) {
            if (++spins % 1024u == 0u) {
                (void)sched_yield();
            }
        }
        vqg_port_store16(&litmus_word[me][round * STRIDE], 1);
        vqg_port_fence();
        litmus_saw[me][round] = vqg_port_load16(&litmus_word[1u - me][round * STRIDE]);
    }
    return NULL;
}

static void x3_fence_orders_a_store_before_a_later_load(void **state)
{
    unsigned sides[2] = {0, 1};
    unsigned run;
    (void)state;
    for (run = 0; run < RUNS; run++) {
        pthread_t other;
        unsigned round;
        memset(litmus_word, 0, sizeof litmus_word);
        litmus_arrived = 0;
        assert_int_equal(pthread_create(&other, NULL, litmus_side, &sides[1]), 0);
        (void)litmus_side(&sides[0]);
        assert_int_equal(pthread_join(other, NULL), 0);
        for (round = 0; round < ROUNDS; round++) {
            assert_true(litmus_saw[0][round] == 1u || litmus_saw[1][round] == 1u);
        }
    }
}
#endif

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(byte_order_of_the_port_is_the_hosts),
    cmocka_unit_test(x2_byte_accesses_move_one_byte),
    cmocka_unit_test(x2_16_bit_accesses_move_two_bytes),
    cmocka_unit_test(x2_ordered_16_bit_accesses_move_two_bytes),
    cmocka_unit_test(x2_32_bit_accesses_move_four_bytes),
    cmocka_unit_test(x2_64_bit_accesses_move_eight_bytes),
    cmocka_unit_test(x7_default_mask_hands_the_index_on),
    cmocka_unit_test(unlikely_keeps_the_truth_of_its_condition),
    cmocka_unit_test(default_cache_hooks_touch_no_memory),
    cmocka_unit_test(fields_come_in_either_byte_order),
#ifdef VQG_TEST_GENERIC_PORT
    cmocka_unit_test(x3_acquiring_load_comes_before_its_fence),
    cmocka_unit_test(x3_releasing_store_comes_after_its_fence),
    cmocka_unit_test(x3_full_fence_is_the_users),
    cmocka_unit_test(plain_accesses_need_no_fence),
#endif
#ifdef WITH_LITMUS
    cmocka_unit_test(x3_fence_orders_a_store_before_a_later_load),
#endif
};

int main(void)
{
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
