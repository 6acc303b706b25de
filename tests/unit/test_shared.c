/* SPDX-License-Identifier: MIT */
/**
 * @file test_shared.c
 * @brief shared.h: each fetch is one load of the field's own width, in the handle's byte order.
 */
#include "runner.h"

#include <string.h>

/* Shared memory as the other side sees it: bytes 0x10, 0x11, ... from an 8-byte boundary on. */
static _Alignas(16) unsigned char memory[64];

static int fill(void **state)
{
    unsigned i;
    (void)state;
    test_port_reset();
    for (i = 0; i < sizeof memory; i++) {
        memory[i] = (unsigned char)(0x10u + i);
    }
    return 0;
}

static int leave(void **state)
{
    (void)state;
    test_port_reset();
    return 0;
}

/* What the bytes from `at` on mean in a byte order, without the library. */
static uint64_t field(size_t at, unsigned bytes, bool big)
{
    uint64_t v = 0;
    unsigned i;
    for (i = 0; i < bytes; i++) {
        v = (v << 8) | memory[big ? at + i : at + bytes - 1u - i];
    }
    return v;
}

static void assert_access(size_t i, const volatile void *at, unsigned bytes, bool store, bool ordered)
{
    assert_true(i < test_port.count);
    assert_ptr_equal(test_port.log[i].at, at);
    assert_int_equal(test_port.log[i].bytes, bytes);
    assert_int_equal(test_port.log[i].store, store);
    assert_int_equal(test_port.log[i].ordered, ordered);
}

static void swaps_turn_the_bytes_around(void **state)
{
    (void)state;
    assert_int_equal(vqg_swap16_(0x1234), 0x3412);
    assert_int_equal(vqg_swap16_(0x00ff), 0xff00);
    assert_int_equal(vqg_swap32_(0x12345678u), 0x78563412u);
    assert_int_equal(vqg_swap32_(0x000000ffu), 0xff000000u);
    assert_int_equal(vqg_swap64_(0x0123456789abcdefu), 0xefcdab8967452301u);
    assert_int_equal(vqg_swap64_(0xffu), 0xff00000000000000u);
}

static void q11_byte_order_is_the_handles_and_swaps_only_against_the_host(void **state)
{
    (void)state;
    assert_int_equal(vqg_shared_swaps_(vqg_shared_at(memory, false)), VQG_PORT_BIG_ENDIAN != 0);
    assert_int_equal(vqg_shared_swaps_(vqg_shared_at(memory, true)), VQG_PORT_BIG_ENDIAN == 0);
}

static void handle_knows_whether_it_is_aligned_to_8_bytes(void **state)
{
    unsigned i;
    (void)state;
    for (i = 0; i <= 16u; i++) {
        assert_int_equal(vqg_shared_at(memory + i, false).kind_ & VQG_SHARED_UNALIGNED_, i % 8u != 0u ? VQG_SHARED_UNALIGNED_ : 0u);
    }
    assert_int_equal(test_port.count, 0);
}

static void pointer_is_aligned_when_it_is_a_multiple_and_not_null(void **state)
{
    uintptr_t align;
    unsigned i;
    (void)state;
    for (align = 1; align <= 16u; align *= 2u) {
        assert_false(vqg_is_aligned_(NULL, align));
        for (i = 0; i <= 16u; i++) {
            assert_int_equal(vqg_is_aligned_(memory + i, align), i % align == 0u);
        }
    }
}

static void x1_x2_16_bit_fetch_is_one_load_of_two_bytes(void **state)
{
    unsigned big;
    (void)state;
    for (big = 0; big < 2u; big++) {
        struct vqg_shared s = vqg_shared_at(memory, big != 0u);
        test_port_reset();
        assert_int_equal(vqg_fetch16_(s, 6), field(6, 2, big != 0u));
        assert_int_equal(test_port.count, 1);
        assert_access(0, memory + 6, 2, false, false);
        assert_int_equal(test_port.invalidated, 2);
    }
}

static void x1_x2_index_fetch_is_one_acquiring_load_of_two_bytes(void **state)
{
    unsigned big;
    (void)state;
    for (big = 0; big < 2u; big++) {
        struct vqg_shared s = vqg_shared_at(memory, big != 0u);
        test_port_reset();
        assert_int_equal(vqg_fetch16_acquire_(s, 2), field(2, 2, big != 0u));
        assert_int_equal(test_port.count, 1);
        assert_access(0, memory + 2, 2, false, true);
        assert_int_equal(test_port.invalidated, 2);
    }
}

static void x1_single_fields_of_32_and_64_bits_move_in_one_access_in_either_order(void **state)
{
    unsigned big;
    (void)state;
    for (big = 0; big < 2u; big++) {
        struct vqg_shared s = vqg_shared_at(memory, big != 0u);
        (void)fill(NULL);
        assert_int_equal(vqg_fetch32_(s, 12), field(12, 4, big != 0u));
        assert_int_equal(vqg_fetch64_(s, 24), field(24, 8, big != 0u));
        assert_int_equal(test_port.count, 2);
        assert_access(0, memory + 12, 4, false, false);
        assert_access(1, memory + 24, 8, false, false);
        assert_int_equal(test_port.invalidated, 12);
        vqg_put32_(s, 4, 0xA1B2C3D4u);
        vqg_put64_(s, 32, 0x0123456789ABCDEFu);
        assert_int_equal(test_port.count, 4);
        assert_access(2, memory + 4, 4, true, false);
        assert_access(3, memory + 32, 8, true, false);
        assert_int_equal(test_port.cleaned, 12);
        assert_int_equal(field(4, 4, big != 0u), 0xA1B2C3D4u);
        assert_int_equal(field(32, 8, big != 0u), 0x0123456789ABCDEFu);
        assert_int_equal(memory[3], 0x13);
        assert_int_equal(memory[8], 0x18);
        assert_int_equal(memory[31], 0x2f);
        assert_int_equal(memory[40], 0x38);
    }
}

static void x1_x2_fetch_of_two_32_bit_fields_is_one_load_of_four_bytes_each(void **state)
{
    unsigned big;
    (void)state;
    for (big = 0; big < 2u; big++) {
        struct vqg_shared s = vqg_shared_at(memory, big != 0u);
        uint32_t first;
        uint32_t second;
        test_port_reset();
        vqg_fetch32x2_(s, 12, &first, &second);
        assert_int_equal(first, field(12, 4, big != 0u));
        assert_int_equal(second, field(16, 4, big != 0u));
        assert_int_equal(test_port.count, 2);
        assert_access(0, memory + 12, 4, false, false);
        assert_access(1, memory + 16, 4, false, false);
        assert_int_equal(test_port.invalidated, 8);
    }
}

static void x1_fetch_of_two_64_bit_fields_of_an_aligned_handle_is_one_load_each(void **state)
{
    unsigned big;
    (void)state;
    for (big = 0; big < 2u; big++) {
        struct vqg_shared s = vqg_shared_at(memory + 8, big != 0u);
        uint64_t first;
        uint64_t second;
        test_port_reset();
        vqg_fetch128_(s, 24, &first, &second);
        assert_int_equal(first, field(32, 8, big != 0u));
        assert_int_equal(second, field(40, 8, big != 0u));
        assert_int_equal(test_port.count, 2);
        assert_access(0, memory + 32, 8, false, false);
        assert_access(1, memory + 40, 8, false, false);
        assert_int_equal(test_port.invalidated, 16);
    }
}

static void x1_fetch_of_two_64_bit_fields_of_an_unaligned_handle_is_each_byte_once(void **state)
{
    unsigned big;
    unsigned shift;
    (void)state;
    for (shift = 1; shift < 8u; shift++) {
        for (big = 0; big < 2u; big++) {
            struct vqg_shared s = vqg_shared_at(memory + shift, big != 0u);
            uint64_t first;
            uint64_t second;
            unsigned i;
            test_port_reset();
            vqg_fetch128_(s, 16, &first, &second);
            assert_int_equal(first, field(shift + 16u, 8, big != 0u));
            assert_int_equal(second, field(shift + 24u, 8, big != 0u));
            assert_int_equal(test_port.count, 16);
            for (i = 0; i < 16u; i++) {
                assert_access(i, memory + shift + 16u + i, 1, false, false);
            }
            assert_int_equal(test_port.invalidated, 16);
        }
    }
}

/* Answers each load with a number of its own. */
static uint64_t count_up(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    unsigned *answers = context;
    (void)at;
    (void)bytes;
    (void)value;
    return ++*answers;
}

static void x1_what_is_handed_on_is_the_answer_to_the_only_load(void **state)
{
    struct vqg_shared s = vqg_shared_at(memory, VQG_PORT_BIG_ENDIAN != 0);
    unsigned answers = 0;
    uint32_t half[2];
    uint64_t word[2];
    (void)state;
    test_port.adversary = count_up;
    test_port.context = &answers;
    assert_int_equal(vqg_fetch16_(s, 0), 1);
    assert_int_equal(vqg_fetch16_acquire_(s, 0), 2);
    vqg_fetch32x2_(s, 0, &half[0], &half[1]);
    assert_int_equal(half[0], 3);
    assert_int_equal(half[1], 4);
    vqg_fetch128_(s, 0, &word[0], &word[1]);
    assert_int_equal(word[0], 5);
    assert_int_equal(word[1], 6);
    assert_int_equal(answers, 6);
}

static void x1_payload_is_fetched_byte_by_byte_once(void **state)
{
    struct vqg_shared s = vqg_shared_at(memory, false);
    unsigned char to[7] = {0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5};
    const unsigned char expected[7] = {0xA5, 0x13, 0x14, 0x15, 0x16, 0x17, 0xA5};
    unsigned i;
    (void)state;
    vqg_fetch_bytes_(s, 3, to + 1, 5);
    assert_memory_equal(to, expected, sizeof to);
    assert_int_equal(test_port.count, 5);
    for (i = 0; i < 5u; i++) {
        assert_access(i, memory + 3u + i, 1, false, false);
    }
    assert_int_equal(test_port.invalidated, 5);
}

static void payload_of_no_bytes_touches_nothing(void **state)
{
    struct vqg_shared s = vqg_shared_at(memory, false);
    unsigned char to = 0xA5;
    (void)state;
    vqg_fetch_bytes_(s, 3, &to, 0);
    vqg_put_bytes_(s, 3, &to, 0);
    assert_int_equal(to, 0xA5);
    assert_int_equal(memory[3], 0x13);
    assert_int_equal(test_port.count, 0);
}

static void payload_is_stored_byte_by_byte_and_cleaned(void **state)
{
    struct vqg_shared s = vqg_shared_at(memory, true);
    const unsigned char from[3] = {7, 8, 9};
    (void)state;
    vqg_put_bytes_(s, 5, from, 3);
    assert_int_equal(memory[4], 0x14);
    assert_memory_equal(memory + 5, from, 3);
    assert_int_equal(memory[8], 0x18);
    assert_int_equal(test_port.stores, 3);
    assert_int_equal(test_port.loads, 0);
    assert_int_equal(test_port.cleaned, 3);
}

/* The field alone has changed, and holds `value` in the byte order. */
static void assert_stored(size_t at, unsigned bytes, bool big, uint64_t value, bool ordered)
{
    size_t i;
    assert_int_equal(field(at, bytes, big), value);
    for (i = 0; i < sizeof memory; i++) {
        if (i < at || i >= at + bytes) {
            assert_int_equal(memory[i], 0x10u + i);
        }
    }
    assert_int_equal(test_port.count, 1);
    assert_access(0, memory + at, bytes, true, ordered);
    assert_int_equal(test_port.cleaned, bytes);
    assert_int_equal(test_port.invalidated, 0);
}

/* The two fields alone have changed, first and second. */
static void assert_both_stored(size_t at, unsigned bytes, bool big, uint64_t first, uint64_t second)
{
    size_t i;
    assert_int_equal(field(at, bytes, big), first);
    assert_int_equal(field(at + bytes, bytes, big), second);
    for (i = 0; i < sizeof memory; i++) {
        if (i < at || i >= at + 2u * bytes) {
            assert_int_equal(memory[i], 0x10u + i);
        }
    }
    assert_int_equal(test_port.count, 2);
    assert_access(0, memory + at, bytes, true, false);
    assert_access(1, memory + at + bytes, bytes, true, false);
    assert_int_equal(test_port.cleaned, 2u * bytes);
    assert_int_equal(test_port.invalidated, 0);
}

static void x2_stores_are_one_access_of_the_fields_own_width(void **state)
{
    unsigned big;
    for (big = 0; big < 2u; big++) {
        struct vqg_shared s = vqg_shared_at(memory, big != 0u);
        (void)fill(state);
        vqg_put16_(s, 10, 0xA1B2);
        assert_stored(10, 2, big != 0u, 0xA1B2, false);
        (void)fill(state);
        vqg_put16_release_(s, 2, 0xFF01);
        assert_stored(2, 2, big != 0u, 0xFF01, true);
        (void)fill(state);
        vqg_put32x2_(s, 4, 0xA1B2C3D4u, 0xE5F60718u);
        assert_both_stored(4, 4, big != 0u, 0xA1B2C3D4u, 0xE5F60718u);
        (void)fill(state);
        vqg_put128_(s, 16, 0xA1B2C3D4E5F60718u, 0x8796A5B4C3D2E1F0u);
        assert_both_stored(16, 8, big != 0u, 0xA1B2C3D4E5F60718u, 0x8796A5B4C3D2E1F0u);
    }
}

static void zeroing_clears_the_bytes_asked_for_and_is_no_shared_access(void **state)
{
    const unsigned char expected[4] = {0x12, 0, 0, 0x15};
    (void)state;
    vqg_zero_(memory + 3, 2);
    assert_memory_equal(memory + 2, expected, 4);
    vqg_zero_(memory + 2, 0);
    assert_memory_equal(memory + 2, expected, 4);
    assert_int_equal(test_port.count, 0);
}

#define SHARED_TEST(name) cmocka_unit_test_setup_teardown(name, fill, leave)

static const struct CMUnitTest tests[] = {
    SHARED_TEST(swaps_turn_the_bytes_around),
    SHARED_TEST(q11_byte_order_is_the_handles_and_swaps_only_against_the_host),
    SHARED_TEST(handle_knows_whether_it_is_aligned_to_8_bytes),
    SHARED_TEST(pointer_is_aligned_when_it_is_a_multiple_and_not_null),
    SHARED_TEST(x1_x2_16_bit_fetch_is_one_load_of_two_bytes),
    SHARED_TEST(x1_x2_index_fetch_is_one_acquiring_load_of_two_bytes),
    SHARED_TEST(x1_single_fields_of_32_and_64_bits_move_in_one_access_in_either_order),
    SHARED_TEST(x1_x2_fetch_of_two_32_bit_fields_is_one_load_of_four_bytes_each),
    SHARED_TEST(x1_fetch_of_two_64_bit_fields_of_an_aligned_handle_is_one_load_each),
    SHARED_TEST(x1_fetch_of_two_64_bit_fields_of_an_unaligned_handle_is_each_byte_once),
    SHARED_TEST(x1_what_is_handed_on_is_the_answer_to_the_only_load),
    SHARED_TEST(x1_payload_is_fetched_byte_by_byte_once),
    SHARED_TEST(payload_of_no_bytes_touches_nothing),
    SHARED_TEST(payload_is_stored_byte_by_byte_and_cleaned),
    SHARED_TEST(x2_stores_are_one_access_of_the_fields_own_width),
    SHARED_TEST(zeroing_clears_the_bytes_asked_for_and_is_no_shared_access),
};
TEST_MAIN(tests)
