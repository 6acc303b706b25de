/* SPDX-License-Identifier: MIT */
/**
 * @file test_mmio_device_read.c
 * @brief What a register file shows to a driver, and to one that reads where it should not (T12).
 */
#include "mmio_device_util.h"

static void t12_registers_show_what_they_should(void **state)
{
    static const struct {
        uint32_t offset, value;
    } t[] = {{0x000, 0x74726976u}, {0x004, 2},          {0x008, 2},          {0x00c, 0x12345678u}, {0x010, 0x30000044u},
             {0x034, 64},          {0x044, 0},          {0x060, 0},          {0x070, 0},           {0x0b0, UINT32_MAX},
             {0x0b4, UINT32_MAX},  {0x0b8, UINT32_MAX}, {0x0bc, UINT32_MAX}, {0x0c0, 0},           {0x0fc, 0}};
    struct file f;
    size_t i;
    uint32_t offset;
    uint32_t found = 0;
    (void)state;
    file_init(&f);
    for (i = 0; i < COUNT_OF(t); i++) {
        assert_int_equal(file_get(&f, t[i].offset), t[i].value);
    }
    assert_int_equal(vqg_mmio_device_violation(&f.d)->rule, VQG_RULE_NONE);
    /* And no others. */
    for (offset = 0; offset < 0x100u; offset++) {
        for (i = 0; i < COUNT_OF(t) && t[i].offset != offset; i++) {
        }
        if (i < COUNT_OF(t)) {
            found++;
        } else {
            assert_get_refused(&f, offset, 4);
        }
    }
    assert_int_equal(found, COUNT_OF(t));
}

static void t12_register_is_read_as_4_bytes(void **state)
{
    static const uint32_t widths[] = {0, 1, 2, 3, 5, 8, 0x10004, UINT32_MAX};
    struct file f;
    size_t i;
    (void)state;
    file_live(&f, FILE_FEATURES);
    for (i = 0; i < COUNT_OF(widths); i++) {
        assert_get_refused(&f, 0x000, widths[i]);
        assert_get_refused(&f, 0x070, widths[i]);
        assert_get_refused(&f, 0x0fc, widths[i]);
    }
}

static void features_are_shown_word_by_word(void **state)
{
    static const uint32_t words[] = {2, 3, 0x10000, UINT32_MAX};
    struct file f;
    size_t i;
    (void)state;
    file_begun(&f);
    assert_int_equal(file_put(&f, 0x014, 1), VQG_MMIO_NOTHING);
    assert_int_equal(file_get(&f, 0x010), 0x105);
    for (i = 0; i < COUNT_OF(words); i++) {
        assert_int_equal(file_put(&f, 0x014, words[i]), VQG_MMIO_NOTHING);
        assert_int_equal(file_get(&f, 0x010), 0);
    }
    assert_int_equal(file_put(&f, 0x014, 0), VQG_MMIO_NOTHING);
    assert_int_equal(file_get(&f, 0x010), 0x30000044u);
}

static void t11_queue_that_does_not_exist_reads_as_none(void **state)
{
    static const uint32_t selected[] = {2, 3, 4, 0xffff, 0x10000, 0x10001, UINT32_MAX};
    struct file f;
    size_t i;
    (void)state;
    file_agreed(&f, FILE_FEATURES);
    file_enable(&f, 1);
    assert_int_equal(file_get(&f, 0x034), 128);
    f.queues[2].state = VQG_MMIO_QUEUE_RESETTING;
    for (i = 0; i < COUNT_OF(selected); i++) {
        (void)file_put(&f, 0x030, selected[i]);
        assert_int_equal(file_get(&f, 0x034), 0);
        assert_int_equal(file_get(&f, 0x044), 0);
        assert_int_equal(file_get(&f, 0x0c0), 0);
    }
    /* To ask is what a driver does to find out. */
    assert_int_equal(vqg_mmio_device_violation(&f.d)->rule, VQG_RULE_NONE);
}

static void x7_queue_index_passes_the_speculation_hook(void **state)
{
    struct file f;
    (void)state;
    file_agreed(&f, FILE_FEATURES);
    (void)file_put(&f, 0x030, 1);
    test_port_reset();
    assert_int_equal(file_get(&f, 0x034), 128);
    assert_int_equal(test_port.nospecs, 1);
    (void)file_put(&f, 0x038, 8);
    assert_int_equal(test_port.nospecs, 2);
    (void)file_put(&f, 0x030, 9);
    assert_int_equal(file_get(&f, 0x034), 0);
    assert_int_equal(test_port.nospecs, 2);
}

static void t12_configuration_is_read_aligned_and_within(void **state)
{
    static const struct {
        uint32_t offset, width, value;
    } good[] = {{0x100, 1, 0x81}, {0x10e, 1, 0x8f}, {0x102, 2, 0x8483}, {0x10c, 2, 0x8e8d},
                {0x100, 4, 0x84838281u}, {0x108, 4, 0x8c8b8a89u}};
    static const struct {
        uint32_t offset, width;
    } bad[] = {{0x10f, 1}, {0x10e, 2}, {0x10c, 4}, {0x101, 2}, {0x102, 4}, {0x101, 4}, {0x100, 0},
               {0x100, 3}, {0x100, 8}, {0x100, 5}, {0x110, 4}, {0x1000, 4}, {UINT32_MAX, 1}, {UINT32_MAX - 3u, 4},
               {0x100, 0x10000004u}, {0x100, 0x80000000u}};
    struct file f;
    uint32_t value;
    size_t i;
    (void)state;
    file_init(&f);
    test_port_reset();
    for (i = 0; i < COUNT_OF(good); i++) {
        assert_status(vqg_mmio_device_read(&f.d, good[i].offset, good[i].width, &value), VQG_OK);
        assert_int_equal(value, good[i].value);
    }
    assert_int_equal(test_port.nospecs, 14);
    for (i = 0; i < COUNT_OF(bad); i++) {
        assert_get_refused(&f, bad[i].offset, bad[i].width);
    }
    /* A device without one. */
    file_shown(&f);
    f.shown.config = NULL;
    f.shown.config_bytes = 0;
    assert_status(vqg_mmio_device_init(&f.d, &f.shown), VQG_OK);
    assert_get_refused(&f, 0x100, 1);
}

static void configuration_that_changed_has_another_generation(void **state)
{
    struct file f;
    (void)state;
    file_agreed(&f, FILE_FEATURES);
    assert_false(vqg_mmio_device_config_changed(&f.d));
    assert_int_equal(file_get(&f, 0x0fc), 1);
    assert_int_equal(file_get(&f, 0x060), 0);
    (void)file_put(&f, 0x070, 0x0f);
    f.config[0] = 0x42;
    assert_true(vqg_mmio_device_config_changed(&f.d));
    assert_int_equal(file_get(&f, 0x0fc), 2);
    assert_int_equal(file_get(&f, 0x100), 0x84838242u);
    assert_int_equal(file_get(&f, 0x060), 2);
}

static void interrupts_stay_until_they_are_acknowledged(void **state)
{
    struct file f;
    (void)state;
    file_agreed(&f, FILE_FEATURES);
    /* Nothing before DRIVER_OK (2.1.2). */
    assert_false(vqg_mmio_device_interrupt(&f.d, 3));
    assert_int_equal(file_get(&f, 0x060), 0);
    (void)file_put(&f, 0x070, 0x0f);
    assert_false(vqg_mmio_device_interrupt(&f.d, 0));
    assert_true(vqg_mmio_device_interrupt(&f.d, 1));
    assert_int_equal(file_get(&f, 0x060), 1);
    assert_true(vqg_mmio_device_interrupt(&f.d, 0xfffffffeu));
    assert_int_equal(file_get(&f, 0x060), 3);
    assert_int_equal(file_put(&f, 0x064, 1), VQG_MMIO_NOTHING);
    assert_int_equal(file_get(&f, 0x060), 2);
    assert_int_equal(file_put(&f, 0x064, 0), VQG_MMIO_NOTHING);
    assert_int_equal(file_put(&f, 0x064, 3), VQG_MMIO_NOTHING);
    assert_int_equal(file_get(&f, 0x060), 0);
    assert_false(vqg_mmio_device_interrupt(&f.d, 0));
}

static void arguments_that_cannot_be_are_named(void **state)
{
    struct file f;
    uint32_t value = 77;
    (void)state;
    file_init(&f);
    assert_status(vqg_mmio_device_read(NULL, 0, 4, &value), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_device_read(&f.d, 0, 4, NULL), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_device_write(NULL, 0x070, 4, 1, &f.event), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_device_write(&f.d, 0x070, 4, 1, NULL), VQG_BAD_ENDPOINT);
    assert_int_equal(file_get(&f, 0x070), 0);
    assert_null(vqg_mmio_device_violation(NULL));
}

static void what_no_device_can_show_is_refused(void **state)
{
    struct file f;
    unsigned i;
    (void)state;
    for (i = 0; i < 12u; i++) {
        enum vqg_status want = i < 2u ? VQG_OK : VQG_BAD_TRANSPORT;
        file_shown(&f);
        switch (i) {
        case 0:
            f.queues[0].size_max = 1;
            f.queues[1].size_max = 32768;
            break;
        case 1:
            f.shown.config_bytes = 0xf00; /* nothing is read of it here */
            break;
        case 2:
            f.shown.device_id = 0;
            break;
        case 3:
            f.shown.features &= ~VQG_F_VERSION_1;
            break;
        case 4:
            f.shown.required = 0x80;
            break;
        case 5:
            f.shown.config = NULL;
            break;
        case 6:
            f.shown.config_bytes = 0xf01;
            break;
        case 7:
            f.shown.queues = NULL;
            break;
        case 8:
            f.shown.count = 0;
            break;
        case 9:
            f.queues[0].size_max = 0;
            break;
        case 10:
            f.queues[1].size_max = 32769;
            break;
        default:
            f.shown.features = 0x40;
            break;
        }
        assert_status(vqg_mmio_device_init(&f.d, &f.shown), want);
    }
    assert_status(vqg_mmio_device_init(&f.d, NULL), VQG_BAD_TRANSPORT);
    assert_status(vqg_mmio_device_init(NULL, &f.shown), VQG_BAD_ENDPOINT);
}

static void init_forgets_what_was_there(void **state)
{
    struct file f;
    uint32_t i;
    (void)state;
    file_shown(&f);
    memset(&f.d, 0xee, sizeof f.d);
    for (i = 0; i < QUEUES; i++) {
        memset(&f.queues[i], 0xee, sizeof f.queues[i]);
        f.queues[i].size_max = 64;
    }
    assert_status(vqg_mmio_device_init(&f.d, &f.shown), VQG_OK);
    for (i = 0; i < QUEUES; i++) {
        static const struct vqg_mmio_queue cleared = {.size_max = 64};
        assert_memory_equal(&f.queues[i], &cleared, sizeof cleared);
    }
    assert_int_equal(file_get(&f, 0x070), 0);
    assert_int_equal(file_get(&f, 0x060), 0);
    assert_int_equal(vqg_mmio_device_violation(&f.d)->count, 0);
    assert_int_equal(vqg_mmio_device_violation(&f.d)->rule, VQG_RULE_NONE);
    memset(&f.d, 0xee, sizeof f.d);
    f.shown.device_id = 0;
    assert_status(vqg_mmio_device_init(&f.d, &f.shown), VQG_BAD_TRANSPORT);
    assert_int_equal(f.d.guard.state, VQG_STATE_OFF);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(init_forgets_what_was_there),
    cmocka_unit_test(t12_registers_show_what_they_should),
    cmocka_unit_test(t12_register_is_read_as_4_bytes),
    cmocka_unit_test(features_are_shown_word_by_word),
    cmocka_unit_test(t11_queue_that_does_not_exist_reads_as_none),
    cmocka_unit_test(x7_queue_index_passes_the_speculation_hook),
    cmocka_unit_test(t12_configuration_is_read_aligned_and_within),
    cmocka_unit_test(configuration_that_changed_has_another_generation),
    cmocka_unit_test(interrupts_stay_until_they_are_acknowledged),
    cmocka_unit_test(arguments_that_cannot_be_are_named),
    cmocka_unit_test(what_no_device_can_show_is_refused),
};

TEST_MAIN(tests)
