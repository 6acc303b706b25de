/* SPDX-License-Identifier: MIT */
/**
 * @file test_shared_cache.c
 * @brief shared.h: what is invalidated before each load, and cleaned after each store.
 *
 * The hooks of the test port count bytes; here they are replaced by two that
 * write down which bytes, and how many accesses there had been by then.
 */
#ifndef VQG_API
#define VQG_API static inline
#endif
#include "test_port.h"

struct maintenance {
    unsigned calls;
    const volatile void *at;
    size_t bytes;
    size_t accesses; /* before the call */
};
static struct maintenance invalidated;
static struct maintenance cleaned;

static inline void write_down(struct maintenance *m, const volatile void *at, size_t bytes)
{
    m->calls++;
    m->at = at;
    m->bytes = bytes;
    m->accesses = test_port.count;
}

#undef VQG_PORT_INVALIDATE
#undef VQG_PORT_CLEAN
#define VQG_PORT_INVALIDATE(addr, n) write_down(&invalidated, (addr), (n))
#define VQG_PORT_CLEAN(addr, n) write_down(&cleaned, (addr), (n))

#include "runner.h"

#include <string.h>

static _Alignas(16) unsigned char memory[64];

static struct vqg_shared fresh(size_t offset)
{
    test_port_reset();
    memset(&invalidated, 0, sizeof invalidated);
    memset(&cleaned, 0, sizeof cleaned);
    return vqg_shared_at(memory + offset, false);
}

/* One call before the first access, for exactly these bytes; nothing is cleaned by a load. */
static void assert_invalidated(const volatile void *at, size_t bytes)
{
    assert_int_equal(invalidated.calls, 1);
    assert_ptr_equal(invalidated.at, at);
    assert_int_equal(invalidated.bytes, bytes);
    assert_int_equal(invalidated.accesses, 0);
    assert_true(test_port.loads != 0u);
    assert_int_equal(cleaned.calls, 0);
}

/* One call after the last access, for exactly these bytes; nothing is invalidated by a store. */
static void assert_cleaned(const volatile void *at, size_t bytes)
{
    assert_int_equal(cleaned.calls, 1);
    assert_ptr_equal(cleaned.at, at);
    assert_int_equal(cleaned.bytes, bytes);
    assert_true(test_port.stores != 0u);
    assert_int_equal(cleaned.accesses, test_port.count);
    assert_int_equal(invalidated.calls, 0);
}

static void the_field_is_invalidated_before_it_is_fetched(void **state)
{
    uint32_t half[2];
    uint64_t word[2];
    (void)state;
    (void)vqg_fetch16_(fresh(0), 6);
    assert_invalidated(memory + 6, 2);
    (void)vqg_fetch16_acquire_(fresh(0), 2);
    assert_invalidated(memory + 2, 2);
    vqg_fetch32x2_(fresh(0), 12, &half[0], &half[1]);
    assert_invalidated(memory + 12, 8);
    vqg_fetch128_(fresh(8), 16, &word[0], &word[1]);
    assert_invalidated(memory + 24, 16);
}

static void all_bytes_of_a_field_are_invalidated_before_the_first_is_fetched(void **state)
{
    unsigned char to[5];
    (void)state;
    (void)vqg_fetch64_bytes_(fresh(3), 16);
    assert_int_equal(test_port.loads, 8);
    assert_invalidated(memory + 19, 8);
    vqg_fetch_bytes_(fresh(3), 7, to, sizeof to);
    assert_int_equal(test_port.loads, 5);
    assert_invalidated(memory + 10, 5);
}

static void the_field_is_cleaned_after_it_is_stored(void **state)
{
    (void)state;
    vqg_put16_(fresh(0), 6, 1);
    assert_cleaned(memory + 6, 2);
    vqg_put16_release_(fresh(0), 2, 1);
    assert_cleaned(memory + 2, 2);
    vqg_put32x2_(fresh(0), 12, 1, 2);
    assert_cleaned(memory + 12, 8);
    vqg_put128_(fresh(8), 16, 1, 2);
    assert_cleaned(memory + 24, 16);
}

static void all_bytes_of_payload_are_cleaned_after_the_last_is_stored(void **state)
{
    const unsigned char from[5] = {1, 2, 3, 4, 5};
    (void)state;
    vqg_put_bytes_(fresh(3), 7, from, sizeof from);
    assert_int_equal(test_port.stores, 5);
    assert_cleaned(memory + 10, 5);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_field_is_invalidated_before_it_is_fetched),
    cmocka_unit_test(all_bytes_of_a_field_are_invalidated_before_the_first_is_fetched),
    cmocka_unit_test(the_field_is_cleaned_after_it_is_stored),
    cmocka_unit_test(all_bytes_of_payload_are_cleaned_after_the_last_is_stored),
};
TEST_MAIN(tests)
