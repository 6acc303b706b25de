/* SPDX-License-Identifier: MIT */
/**
 * @file test_mmio_device.c
 * @brief A driver that writes to a register file what it should not: status and features (R6, R8, T4, T12).
 */
#include "mmio_device_util.h"

static void t12_write_elsewhere_or_of_another_width_is_refused(void **state)
{
    static const uint32_t writable[] = {0x014, 0x020, 0x024, 0x030, 0x038, 0x044, 0x050, 0x064, 0x070,
                                        0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4, 0x0ac, 0x0c0};
    static const uint32_t widths[] = {0, 1, 2, 8, 0x10004};
    struct file f;
    uint32_t offset;
    size_t i;
    (void)state;
    file_live(&f, FILE_FEATURES);
    for (offset = 0; offset < 0x110u; offset++) {
        for (i = 0; i < COUNT_OF(writable) && writable[i] != offset; i++) {
        }
        if (i == COUNT_OF(writable)) {
            assert_put_refused(&f, offset, 4, 1, VQG_RULE_REGISTER_ACCESS, offset, 4);
        }
    }
    assert_put_refused(&f, UINT32_MAX, 4, 1, VQG_RULE_REGISTER_ACCESS, UINT32_MAX, 4);
    assert_put_refused(&f, 0x10000070u, 4, 0, VQG_RULE_REGISTER_ACCESS, 0x10000070u, 4);
    for (i = 0; i < COUNT_OF(widths); i++) {
        assert_put_refused(&f, 0x070, widths[i], 0, VQG_RULE_REGISTER_ACCESS, 0x070, widths[i]);
        assert_put_refused(&f, 0x030, widths[i], 1, VQG_RULE_REGISTER_ACCESS, 0x030, widths[i]);
    }
}

static void t12_reserved_bits_are_refused(void **state)
{
    struct file f;
    (void)state;
    file_live(&f, FILE_FEATURES);
    assert_true(vqg_mmio_device_interrupt(&f.d, 3));
    assert_put_refused(&f, 0x064, 4, 4, VQG_RULE_REGISTER_ACCESS, 0x064, 4);
    assert_put_refused(&f, 0x064, 4, UINT32_MAX, VQG_RULE_REGISTER_ACCESS, 0x064, UINT32_MAX);
    assert_put_refused(&f, 0x044, 4, 2, VQG_RULE_REGISTER_ACCESS, 0x044, 2);
    assert_put_refused(&f, 0x044, 4, 0x10001, VQG_RULE_REGISTER_ACCESS, 0x044, 0x10001);
    assert_put_refused(&f, 0x0c0, 4, 0, VQG_RULE_REGISTER_ACCESS, 0x0c0, 0);
    assert_put_refused(&f, 0x0c0, 4, 3, VQG_RULE_REGISTER_ACCESS, 0x0c0, 3);
    /* Which shared memory region does not matter: there is none. */
    assert_int_equal(file_put(&f, 0x0ac, UINT32_MAX), VQG_MMIO_NOTHING);
}

static void r6_status_goes_its_way(void **state)
{
    struct file f;
    (void)state;
    file_init(&f);
    assert_int_equal(file_put(&f, 0x070, 1), VQG_MMIO_NOTHING);
    assert_int_equal(file_get(&f, 0x070), 1);
    assert_int_equal(file_put(&f, 0x070, 3), VQG_MMIO_NOTHING);
    assert_int_equal(file_get(&f, 0x070), 3);
    file_accept(&f, FILE_FEATURES);
    assert_int_equal(file_put(&f, 0x070, 0x0b), VQG_MMIO_NOTHING);
    assert_int_equal(file_get(&f, 0x070), 0x0b);
    assert_int_equal(file_put(&f, 0x070, 0x0f), VQG_MMIO_DRIVER_OK);
    assert_int_equal(file_get(&f, 0x070), 0x0f);
    /* The same again is nothing new. */
    assert_int_equal(file_put(&f, 0x070, 0x0f), VQG_MMIO_NOTHING);
    assert_int_equal(vqg_mmio_device_violation(&f.d)->rule, VQG_RULE_NONE);
    /* Two steps at once are two steps. */
    file_init(&f);
    assert_int_equal(file_put(&f, 0x070, 3), VQG_MMIO_NOTHING);
    assert_int_equal(file_get(&f, 0x070), 3);
}

static void r6_status_bit_taken_back_unknown_or_out_of_order_is_refused(void **state)
{
    static const uint32_t at_0[] = {0x02, 0x04, 0x08, 0x09, 0x05, 0x10, 0x20, 0x40, 0x41, 0x100, 0x101, 0x80000001u};
    static const uint32_t at_3[] = {0x01, 0x02, 0x07, 0x0f, 0x13, 0x23, 0x43, 0x103, 0xffffff03u, 0x80};
    static const uint32_t at_b[] = {0x01, 0x03, 0x08, 0x0a, 0x07, 0x0d, 0x1f, 0x4b, 0x4f, UINT32_MAX};
    static const uint32_t at_f[] = {0x0b, 0x07, 0x0e, 0x01, 0x4f, 0x8000000fu};
    static const uint32_t at_8f[] = {0x8f, 0x0f, 0x80, 0xcf};
    struct file f;
    size_t i;
    (void)state;
    file_init(&f);
    for (i = 0; i < COUNT_OF(at_0); i++) {
        assert_put_refused(&f, 0x070, 4, at_0[i], VQG_RULE_STATUS_ORDER, at_0[i], 0);
    }
    file_begun(&f);
    for (i = 0; i < COUNT_OF(at_3); i++) {
        assert_put_refused(&f, 0x070, 4, at_3[i], VQG_RULE_STATUS_ORDER, at_3[i], 3);
    }
    file_agreed(&f, FILE_FEATURES);
    for (i = 0; i < COUNT_OF(at_b); i++) {
        assert_put_refused(&f, 0x070, 4, at_b[i], VQG_RULE_STATUS_ORDER, at_b[i], 0x0b);
    }
    (void)file_put(&f, 0x070, 0x0f);
    for (i = 0; i < COUNT_OF(at_f); i++) {
        assert_put_refused(&f, 0x070, 4, at_f[i], VQG_RULE_STATUS_ORDER, at_f[i], 0x0f);
    }
    (void)file_put(&f, 0x070, 0x8f);
    for (i = 0; i < COUNT_OF(at_8f); i++) {
        assert_put_refused(&f, 0x070, 4, at_8f[i], VQG_RULE_STATUS_ORDER, at_8f[i], 0x8f);
    }
}

static void r6_driver_that_gave_up_can_only_reset(void **state)
{
    static const uint32_t offsets[] = {0x014, 0x020, 0x024, 0x030, 0x038, 0x044, 0x050, 0x064, 0x080, 0x0a4, 0x0c0};
    struct file f;
    size_t i;
    (void)state;
    file_live(&f, FILE_FEATURES);
    assert_int_equal(file_put(&f, 0x070, 0x8f), VQG_MMIO_FAILED);
    assert_int_equal(file_get(&f, 0x070), 0x8f);
    for (i = 0; i < COUNT_OF(offsets); i++) {
        assert_put_refused(&f, offsets[i], 4, 1, VQG_RULE_STATUS_ORDER, offsets[i], 0x8f);
    }
    assert_int_equal(file_put(&f, 0x070, 0), VQG_MMIO_RESET);
    assert_status(vqg_mmio_device_reset_done(&f.d), VQG_OK);
    assert_int_equal(file_put(&f, 0x070, 1), VQG_MMIO_NOTHING);
    /* One can give up at any time, even with a bit more. */
    file_begun(&f);
    assert_int_equal(file_put(&f, 0x070, 0x83), VQG_MMIO_FAILED);
    file_init(&f);
    assert_int_equal(file_put(&f, 0x070, 0x80), VQG_MMIO_FAILED);
    file_agreed(&f, FILE_FEATURES);
    assert_int_equal(file_put(&f, 0x070, 0x8f), VQG_MMIO_FAILED);
}

static void r6_reset_is_over_when_the_owner_says_so(void **state)
{
    static const uint32_t offsets[] = {0x014, 0x020, 0x024, 0x030, 0x038, 0x044, 0x050, 0x064, 0x090, 0x0ac, 0x0c0};
    struct file f;
    struct file fresh;
    size_t i;
    (void)state;
    file_agreed(&f, FILE_FEATURES);
    file_enable(&f, 0);
    file_start(&f, 1);
    (void)file_put(&f, 0x070, 0x0f);
    (void)file_put(&f, 0x014, 1);
    (void)vqg_mmio_device_config_changed(&f.d);
    assert_status(vqg_mmio_device_reset_done(&f.d), VQG_BAD_STATE);
    assert_int_equal(file_put(&f, 0x070, 0), VQG_MMIO_RESET);
    /* What it lent is in use still. */
    assert_int_equal(file_get(&f, 0x070), 0x0f);
    assert_put_refused(&f, 0x070, 4, 0x0f, VQG_RULE_STATUS_ORDER, 0x0f, 0x0f);
    assert_put_refused(&f, 0x070, 4, 1, VQG_RULE_STATUS_ORDER, 1, 0x0f);
    for (i = 0; i < COUNT_OF(offsets); i++) {
        assert_put_refused(&f, offsets[i], 4, 1, VQG_RULE_STATUS_ORDER, offsets[i], 0x0f);
    }
    /* To ask again changes nothing. */
    assert_int_equal(file_put(&f, 0x070, 0), VQG_MMIO_NOTHING);
    assert_int_equal(file_get(&f, 0x070), 0x0f);
    assert_status(vqg_mmio_device_reset_done(&f.d), VQG_OK);
    /* As on the first day, but for the generations. */
    file_init(&fresh);
    assert_int_equal(f.d.generation, 1);
    fresh.d.generation = 1;
    assert_int_equal(f.d.guard.generation, 1);
    fresh.d.guard.generation = 1;
    memset(&f.event, 0, sizeof f.event);
    fresh.shown = f.shown;
    fresh.d.shown = f.d.shown;
    for (i = 0; i < COUNT_OF(f.queues); i++) {
        assert_memory_equal(&f.queues[i], &fresh.queues[i], sizeof f.queues[i]);
    }
    assert_memory_equal(&f.d, &fresh.d, sizeof f.d);
    assert_status(vqg_mmio_device_reset_done(&f.d), VQG_BAD_STATE);
    assert_status(vqg_mmio_device_reset_done(NULL), VQG_BAD_ENDPOINT);
    /* There is nothing to reset. */
    assert_int_equal(file_put(&f, 0x070, 0), VQG_MMIO_NOTHING);
    assert_int_equal(file_put(&f, 0x070, 1), VQG_MMIO_NOTHING);
}

static void r6_features_are_written_by_a_driver_and_before_features_ok(void **state)
{
    struct file f;
    (void)state;
    file_init(&f);
    assert_put_refused(&f, 0x020, 4, 0x40, VQG_RULE_STATUS_ORDER, 0x020, 0);
    (void)file_put(&f, 0x070, 1);
    assert_put_refused(&f, 0x020, 4, 0x40, VQG_RULE_STATUS_ORDER, 0x020, 1);
    (void)file_put(&f, 0x070, 3);
    file_accept(&f, 0x40u | VQG_F_VERSION_1);
    (void)file_put(&f, 0x070, 0x0b);
    assert_put_refused(&f, 0x020, 4, 0x105, VQG_RULE_STATUS_ORDER, 0x020, 0x0b);
    (void)file_put(&f, 0x070, 0x0f);
    assert_put_refused(&f, 0x020, 4, 0x105, VQG_RULE_STATUS_ORDER, 0x020, 0x0f);
    assert_int_equal(f.d.features, 0x40u | VQG_F_VERSION_1);
}

static void t4_features_not_offered_or_not_all_required_are_not_agreed_on(void **state)
{
    static const uint64_t bad[] = {0,
                                   0x40,
                                   VQG_F_VERSION_1,
                                   0x41u | VQG_F_VERSION_1,
                                   0x40u | VQG_F_VERSION_1 | VQG_F_IN_ORDER,
                                   0x40u | VQG_F_VERSION_1 | VQG_F_ACCESS_PLATFORM,
                                   0x40u | VQG_F_VERSION_1 | (uint64_t)1 << 63,
                                   ~FILE_FEATURES,
                                   UINT64_MAX};
    struct file f;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(bad); i++) {
        file_begun(&f);
        file_accept(&f, bad[i]);
        assert_put_refused(&f, 0x070, 4, 0x0b, VQG_RULE_FEATURES_OFFERED, bad[i], FILE_FEATURES);
        assert_int_equal(file_get(&f, 0x070), 3);
        /* Nor does anything begin that needs them. */
        assert_put_refused(&f, 0x038, 4, 8, VQG_RULE_STATUS_ORDER, 0x038, 3);
        assert_put_refused(&f, 0x070, 4, 7, VQG_RULE_STATUS_ORDER, 7, 3);
        /* It may choose better. */
        file_accept(&f, FILE_FEATURES);
        (void)file_put(&f, 0x070, 0x0b);
        assert_int_equal(file_get(&f, 0x070), 0x0b);
    }
}

static void t4_feature_beyond_the_first_64_is_not_forgotten(void **state)
{
    static const uint32_t words[] = {2, 3, 0x80000000u, UINT32_MAX};
    struct file f;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(words); i++) {
        file_begun(&f);
        file_accept(&f, FILE_FEATURES);
        (void)file_put(&f, 0x024, words[i]);
        (void)file_put(&f, 0x020, 0);
        (void)file_put(&f, 0x070, 0x0b);
        assert_int_equal(file_get(&f, 0x070), 0x0b);
        file_begun(&f);
        file_accept(&f, FILE_FEATURES);
        (void)file_put(&f, 0x024, words[i]);
        (void)file_put(&f, 0x020, 0x100);
        (void)file_put(&f, 0x020, 0);
        assert_put_refused(&f, 0x070, 4, 0x0b, VQG_RULE_FEATURES_OFFERED, FILE_FEATURES, FILE_FEATURES);
        assert_int_equal(file_put(&f, 0x070, 0), VQG_MMIO_RESET);
        assert_status(vqg_mmio_device_reset_done(&f.d), VQG_OK);
        (void)file_put(&f, 0x070, 3);
        file_accept(&f, FILE_FEATURES);
        (void)file_put(&f, 0x070, 0x0b);
        assert_int_equal(file_get(&f, 0x070), 0x0b);
    }
}

static void r8_device_that_failed_says_so_and_interrupts(void **state)
{
    struct file f;
    (void)state;
    file_live(&f, FILE_FEATURES);
    assert_true(vqg_mmio_device_fail(&f.d));
    assert_int_equal(file_get(&f, 0x070), 0x4f);
    assert_int_equal(file_get(&f, 0x060), 2);
    /* What the driver reads it may write back. */
    assert_int_equal(file_put(&f, 0x070, 0x4f), VQG_MMIO_NOTHING);
    assert_int_equal(file_put(&f, 0x070, 0x0f), VQG_MMIO_NOTHING);
    assert_int_equal(file_get(&f, 0x070), 0x4f);
    assert_int_equal(file_put(&f, 0x070, 0), VQG_MMIO_RESET);
    assert_int_equal(file_get(&f, 0x070), 0x4f);
    assert_status(vqg_mmio_device_reset_done(&f.d), VQG_OK);
    assert_int_equal(file_get(&f, 0x070), 0);
    assert_int_equal(file_get(&f, 0x060), 0);
    /* Before DRIVER_OK nobody listens. */
    file_agreed(&f, FILE_FEATURES);
    assert_false(vqg_mmio_device_fail(&f.d));
    assert_int_equal(file_get(&f, 0x070), 0x4b);
    assert_int_equal(file_get(&f, 0x060), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(t12_write_elsewhere_or_of_another_width_is_refused),
    cmocka_unit_test(t12_reserved_bits_are_refused),
    cmocka_unit_test(r6_status_goes_its_way),
    cmocka_unit_test(r6_status_bit_taken_back_unknown_or_out_of_order_is_refused),
    cmocka_unit_test(r6_driver_that_gave_up_can_only_reset),
    cmocka_unit_test(r6_reset_is_over_when_the_owner_says_so),
    cmocka_unit_test(r6_features_are_written_by_a_driver_and_before_features_ok),
    cmocka_unit_test(t4_features_not_offered_or_not_all_required_are_not_agreed_on),
    cmocka_unit_test(t4_feature_beyond_the_first_64_is_not_forgotten),
    cmocka_unit_test(r8_device_that_failed_says_so_and_interrupts),
};

TEST_MAIN(tests)
