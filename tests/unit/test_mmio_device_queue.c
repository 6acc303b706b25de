/* SPDX-License-Identifier: MIT */
/**
 * @file test_mmio_device_queue.c
 * @brief A driver that writes to a register file what it should not: queues and notifications (N1, Q8, R6, T11).
 */
#include "mmio_device_util.h"

static const uint32_t configures[] = {0x038, 0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4};

static void assert_no_queue(const struct vqg_mmio_device *d, uint32_t index, enum vqg_status want)
{
    struct vqg_queue q;
    struct vqg_queue before;
    memset(&q, 0xa5, sizeof q);
    before = q;
    assert_status(vqg_mmio_device_queue(d, index, &q), want);
    assert_memory_equal(&q, &before, sizeof q);
}

static void queue_is_described_as_it_was_configured(void **state)
{
    struct vqg_queue q;
    struct vqg_queue want;
    struct file f;
    (void)state;
    file_agreed(&f, 0x40u | VQG_F_VERSION_1);
    assert_no_queue(&f.d, 1, VQG_BAD_STATE);
    file_start(&f, 1);
    assert_no_queue(&f.d, 0, VQG_BAD_STATE);
    assert_no_queue(&f.d, 2, VQG_BAD_INDEX);
    assert_no_queue(NULL, 0, VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_device_queue(&f.d, 1, NULL), VQG_BAD_QUEUE);
    memset(&q, 0xa5, sizeof q);
    memset(&want, 0, sizeof want);
    want.index = 1;
    want.count = 2;
    want.size = 8;
    want.size_max = 128;
    want.features = 0x40u | VQG_F_VERSION_1;
    want.desc_addr = 0x1100001000u;
    want.avail_addr = 0x2200002000u;
    want.used_addr = 0x3300003000u;
    assert_status(vqg_mmio_device_queue(&f.d, 1, &q), VQG_OK);
    assert_memory_equal(&q, &want, sizeof q);
    assert_status(vqg_mmio_device_settle(&f.d, 1, true), VQG_OK);
    assert_no_queue(&f.d, 1, VQG_BAD_STATE);
}

static void queue_is_ready_when_the_owner_says_so(void **state)
{
    struct file f;
    (void)state;
    file_agreed(&f, FILE_FEATURES);
    assert_status(vqg_mmio_device_settle(&f.d, 0, true), VQG_BAD_STATE);
    assert_status(vqg_mmio_device_settle(&f.d, 0, false), VQG_BAD_STATE);
    file_start(&f, 0);
    assert_int_equal(file_get(&f, 0x044), 0);
    /* Refused: as if it had not been asked for, and to be configured anew. */
    assert_status(vqg_mmio_device_settle(&f.d, 0, false), VQG_OK);
    assert_int_equal(file_get(&f, 0x044), 0);
    file_start(&f, 0);
    assert_status(vqg_mmio_device_settle(&f.d, 0, true), VQG_OK);
    assert_int_equal(file_get(&f, 0x044), 1);
    assert_status(vqg_mmio_device_settle(&f.d, 0, true), VQG_BAD_STATE);
    assert_status(vqg_mmio_device_settle(&f.d, 0, false), VQG_BAD_STATE);
    assert_status(vqg_mmio_device_settle(&f.d, 2, false), VQG_BAD_INDEX);
    assert_status(vqg_mmio_device_settle(NULL, 0, false), VQG_BAD_ENDPOINT);
    assert_int_equal(file_get(&f, 0x044), 1);
    (void)file_put(&f, 0x030, 1);
    assert_int_equal(file_get(&f, 0x044), 0);
}

static void t11_registers_of_a_queue_that_does_not_exist_are_not_written(void **state)
{
    static const uint32_t selected[] = {2, 3, 4, 0xffff, 0x10000, 0x10001, 0x80000000u, UINT32_MAX};
    struct file f;
    size_t i;
    size_t k;
    (void)state;
    file_agreed(&f, FILE_FEATURES);
    for (i = 0; i < COUNT_OF(selected); i++) {
        (void)file_put(&f, 0x030, selected[i]);
        assert_put_refused(&f, 0x044, 4, 1, VQG_RULE_QUEUE_SELECTED, selected[i], 2);
        assert_put_refused(&f, 0x044, 4, 0, VQG_RULE_QUEUE_SELECTED, selected[i], 2);
        assert_put_refused(&f, 0x0c0, 4, 1, VQG_RULE_QUEUE_SELECTED, selected[i], 2);
        for (k = 0; k < COUNT_OF(configures); k++) {
            assert_put_refused(&f, configures[k], 4, 8, VQG_RULE_QUEUE_SELECTED, selected[i], 2);
        }
    }
    file_enable(&f, 1);
}

static void r6_queues_are_configured_between_features_ok_and_driver_ok(void **state)
{
    struct file f;
    unsigned step;
    size_t k;
    (void)state;
    for (step = 0; step < 4u; step++) {
        uint32_t status;
        file_init(&f);
        if (step == 1u) {
            file_begun(&f);
        } else if (step == 2u) {
            file_live(&f, 0x40u | VQG_F_VERSION_1);
        } else if (step == 3u) {
            file_live(&f, FILE_FEATURES);
        }
        status = file_get(&f, 0x070);
        for (k = 0; k < COUNT_OF(configures); k++) {
            assert_put_refused(&f, configures[k], 4, 8, VQG_RULE_STATUS_ORDER, configures[k], status);
        }
        assert_put_refused(&f, 0x044, 4, 1, VQG_RULE_STATUS_ORDER, 0x044, status);
        /* A driver may see to it that nothing is enabled. */
        assert_int_equal(file_put(&f, 0x044, 0), VQG_MMIO_NOTHING);
    }
}

static void q8_queue_is_frozen_from_asking_to_reset(void **state)
{
    static const enum vqg_mmio_queue_state states[] = {VQG_MMIO_QUEUE_ASKED, VQG_MMIO_QUEUE_LIVE,
                                                       VQG_MMIO_QUEUE_STOPPING, VQG_MMIO_QUEUE_RESETTING};
    struct file f;
    size_t i;
    size_t k;
    (void)state;
    for (i = 0; i < COUNT_OF(states); i++) {
        file_agreed(&f, FILE_FEATURES);
        file_start(&f, 1);
        if (states[i] != VQG_MMIO_QUEUE_ASKED) {
            assert_status(vqg_mmio_device_settle(&f.d, 1, true), VQG_OK);
        }
        if (states[i] == VQG_MMIO_QUEUE_STOPPING) {
            (void)file_put(&f, 0x044, 0);
        } else if (states[i] == VQG_MMIO_QUEUE_RESETTING) {
            (void)file_put(&f, 0x0c0, 1);
        }
        assert_int_equal(f.queues[1].state, states[i]);
        for (k = 0; k < COUNT_OF(configures); k++) {
            assert_put_refused(&f, configures[k], 4, 16, VQG_RULE_QUEUE_FROZEN, 1, states[i]);
        }
        assert_put_refused(&f, 0x044, 4, 1, VQG_RULE_QUEUE_FROZEN, 1, states[i]);
        if (states[i] == VQG_MMIO_QUEUE_ASKED) {
            /* The owner is about to enable it. */
            assert_put_refused(&f, 0x044, 4, 0, VQG_RULE_QUEUE_FROZEN, 1, states[i]);
            assert_put_refused(&f, 0x0c0, 4, 1, VQG_RULE_QUEUE_FROZEN, 1, states[i]);
        }
        /* The other queue is free. */
        file_enable(&f, 0);
    }
}

static void queue_is_stopped_when_the_owner_says_so(void **state)
{
    struct file f;
    (void)state;
    file_agreed(&f, FILE_FEATURES);
    file_enable(&f, 1);
    assert_int_equal(file_put(&f, 0x044, 0), VQG_MMIO_QUEUE_STOP);
    assert_int_equal(f.event.at.queue, 1);
    assert_int_equal(file_get(&f, 0x044), 1);
    assert_int_equal(file_get(&f, 0x0c0), 0);
    assert_int_equal(file_put(&f, 0x044, 0), VQG_MMIO_NOTHING);
    assert_int_equal(file_put(&f, 0x0c0, 1), VQG_MMIO_NOTHING);
    assert_status(vqg_mmio_device_settle(&f.d, 1, true), VQG_BAD_STATE);
    assert_int_equal(file_get(&f, 0x044), 1);
    assert_status(vqg_mmio_device_settle(&f.d, 1, false), VQG_OK);
    assert_int_equal(file_get(&f, 0x044), 0);
    file_enable(&f, 1);
    /* After DRIVER_OK a stopped queue stays stopped: it was not reset. */
    (void)file_put(&f, 0x070, 0x0f);
    assert_int_equal(file_put(&f, 0x044, 0), VQG_MMIO_QUEUE_STOP);
    assert_status(vqg_mmio_device_settle(&f.d, 1, false), VQG_OK);
    assert_put_refused(&f, 0x038, 4, 8, VQG_RULE_STATUS_ORDER, 0x038, 0x0f);
}

static void queue_that_was_reset_alone_may_be_enabled_again(void **state)
{
    struct file f;
    (void)state;
    file_agreed(&f, FILE_FEATURES);
    file_enable(&f, 1);
    (void)file_put(&f, 0x070, 0x0f);
    assert_int_equal(file_put(&f, 0x0c0, 1), VQG_MMIO_QUEUE_STOP);
    assert_int_equal(f.event.at.queue, 1);
    assert_int_equal(file_get(&f, 0x044), 1);
    assert_int_equal(file_get(&f, 0x0c0), 1);
    assert_status(vqg_mmio_device_settle(&f.d, 1, false), VQG_OK);
    assert_int_equal(file_get(&f, 0x044), 0);
    assert_int_equal(file_get(&f, 0x0c0), 0);
    assert_int_equal(file_put(&f, 0x0c0, 1), VQG_MMIO_NOTHING);
    file_enable(&f, 1);
    /* The other was never enabled, and is not now. */
    (void)file_put(&f, 0x030, 0);
    assert_put_refused(&f, 0x038, 4, 8, VQG_RULE_STATUS_ORDER, 0x038, 0x0f);
    assert_put_refused(&f, 0x044, 4, 1, VQG_RULE_STATUS_ORDER, 0x044, 0x0f);
    /* Nor does a new life begin with what the last one was allowed. */
    (void)file_put(&f, 0x070, 0);
    assert_status(vqg_mmio_device_reset_done(&f.d), VQG_OK);
    (void)file_put(&f, 0x070, 3);
    (void)file_put(&f, 0x030, 1);
    assert_put_refused(&f, 0x038, 4, 8, VQG_RULE_STATUS_ORDER, 0x038, 3);
}

static void t12_queue_reset_is_there_with_its_feature(void **state)
{
    struct file f;
    (void)state;
    file_agreed(&f, 0x40u | VQG_F_VERSION_1);
    file_enable(&f, 0);
    assert_put_refused(&f, 0x0c0, 4, 1, VQG_RULE_REGISTER_ACCESS, 0x0c0, 1);
    assert_int_equal(file_get(&f, 0x044), 1);
}

static void n1_notification_names_a_queue_that_is_enabled(void **state)
{
    static const uint32_t bad[] = {1, 2, 3, 0xffff, 0x10000, 0x10001, UINT32_MAX};
    struct file f;
    size_t i;
    (void)state;
    file_agreed(&f, FILE_FEATURES);
    file_enable(&f, 0);
    f.queues[2].state = VQG_MMIO_QUEUE_LIVE; /* not the register file's */
    assert_put_refused(&f, 0x050, 4, 0, VQG_RULE_STATUS_ORDER, 0x050, 0x0b);
    (void)file_put(&f, 0x070, 0x0f);
    for (i = 0; i < COUNT_OF(bad); i++) {
        assert_put_refused(&f, 0x050, 4, bad[i], VQG_RULE_NOTIFY_QUEUE, bad[i], 2);
    }
    assert_int_equal(file_put(&f, 0x050, 0), VQG_MMIO_NOTIFY);
    assert_int_equal(f.event.at.queue, 0);
    assert_false(f.event.at.has_next);
    (void)file_put(&f, 0x030, 0);
    (void)file_put(&f, 0x044, 0);
    assert_put_refused(&f, 0x050, 4, 0, VQG_RULE_NOTIFY_QUEUE, 0, 2);
}

static void n1_notification_with_data_carries_a_hint(void **state)
{
    struct file f;
    (void)state;
    file_shown(&f);
    f.shown.features |= VQG_F_NOTIFICATION_DATA;
    assert_status(vqg_mmio_device_init(&f.d, &f.shown), VQG_OK);
    (void)file_put(&f, 0x070, 3);
    file_accept(&f, f.shown.features);
    (void)file_put(&f, 0x070, 0x0b);
    file_enable(&f, 1);
    (void)file_put(&f, 0x070, 0x0f);
    assert_int_equal(file_put(&f, 0x050, 0xfffe0001u), VQG_MMIO_NOTIFY);
    assert_int_equal(f.event.at.queue, 1);
    assert_int_equal(f.event.at.next, 0xfffe);
    assert_true(f.event.at.has_next);
    assert_put_refused(&f, 0x050, 4, 0x00010002u, VQG_RULE_NOTIFY_QUEUE, 0x00010002u, 2);
    assert_put_refused(&f, 0x050, 4, 0x00010000u, VQG_RULE_NOTIFY_QUEUE, 0x00010000u, 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(queue_is_described_as_it_was_configured),
    cmocka_unit_test(queue_is_ready_when_the_owner_says_so),
    cmocka_unit_test(t11_registers_of_a_queue_that_does_not_exist_are_not_written),
    cmocka_unit_test(r6_queues_are_configured_between_features_ok_and_driver_ok),
    cmocka_unit_test(q8_queue_is_frozen_from_asking_to_reset),
    cmocka_unit_test(queue_is_stopped_when_the_owner_says_so),
    cmocka_unit_test(queue_that_was_reset_alone_may_be_enabled_again),
    cmocka_unit_test(t12_queue_reset_is_there_with_its_feature),
    cmocka_unit_test(n1_notification_names_a_queue_that_is_enabled),
    cmocka_unit_test(n1_notification_with_data_carries_a_hint),
};

TEST_MAIN(tests)
