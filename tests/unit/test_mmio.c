/* SPDX-License-Identifier: MIT */
/**
 * @file test_mmio.c
 * @brief Queues, notifications and interrupts through the registers of a device that lies about them (Q1 to Q4, R1,
 * R2, T7).
 */
#include "mmio_util.h"

static void t7_largest_size_is_read_once_and_bounded(void **state)
{
    static const uint32_t good[] = {1, 2, 1000, 1024, 32767, 32768};
    static const uint32_t bad[] = {32769, 65536, 0x10000001u, UINT32_MAX};
    struct board b;
    struct vqg_mmio m;
    uint32_t max;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(good); i++) {
        board_agreed(&b, &m, 0);
        b.size_max = good[i];
        assert_status(vqg_mmio_queue_max(&m, 0, &max), VQG_OK);
        assert_int_equal(max, good[i]);
        assert_int_equal(b.count, 2);
        assert_access(&b, 0, true, 0x030, 0);
        assert_access(&b, 1, false, 0x034, good[i]);
    }
    for (i = 0; i < COUNT_OF(bad); i++) {
        enum vqg_status st;
        board_agreed(&b, &m, 0);
        b.size_max = bad[i];
        max = 77;
        st = vqg_mmio_queue_max(&m, 0, &max);
        assert_int_equal(max, 77);
        assert_latched_until_reset(&b, &m, st, VQG_RULE_DEVICE_REGISTER, 0x034, bad[i], 32768);
    }
}

static void a_queue_that_is_not_there_is_no_violation(void **state)
{
    struct board b;
    struct vqg_mmio m;
    uint32_t max = 77;
    (void)state;
    board_agreed(&b, &m, 0);
    assert_status(vqg_mmio_queue_max(&m, 0x10000u, &max), VQG_BAD_INDEX);
    assert_access(&b, 0, true, 0x030, 0x10000u);
    assert_int_equal(max, 77);
    assert_int_equal(vqg_mmio_violation(&m)->rule, VQG_RULE_NONE);
    assert_status(vqg_mmio_queue_max(&m, 0, NULL), VQG_BAD_QUEUE);
    assert_status(vqg_mmio_queue_max(&m, 0, &max), VQG_OK);
}

/* A queue of 8 that the transport can be told of, with addresses beyond 4 GiB. */
static struct vqg_queue queue_of(const struct vqg_mmio *m)
{
    struct vqg_queue q;
    memset(&q, 0, sizeof q);
    q.size = 8;
    q.size_max = 1024;
    q.features = m->features;
    q.desc_addr = 0x1122334455667780u;
    q.avail_addr = 0x99aabbccddeeff04u;
    q.used_addr = 0x0102030405060708u;
    return q;
}

static void t7_enabling_writes_each_register_once_and_looks_before_and_after(void **state)
{
    struct board b;
    struct vqg_mmio m;
    struct vqg_queue q;
    (void)state;
    board_agreed(&b, &m, 0);
    b.queues = 3;
    q = queue_of(&m);
    q.index = 2;
    assert_status(vqg_mmio_queue_enable(&m, &q), VQG_OK);
    assert_int_equal(b.count, 11);
    assert_access(&b, 0, true, 0x030, 2);
    assert_access(&b, 1, false, 0x044, 0);
    assert_access(&b, 2, true, 0x038, 8);
    assert_access(&b, 3, true, 0x080, 0x55667780u);
    assert_access(&b, 4, true, 0x084, 0x11223344u);
    assert_access(&b, 5, true, 0x090, 0xddeeff04u);
    assert_access(&b, 6, true, 0x094, 0x99aabbccu);
    assert_access(&b, 7, true, 0x0a0, 0x05060708u);
    assert_access(&b, 8, true, 0x0a4, 0x01020304u);
    assert_access(&b, 9, true, 0x044, 1);
    assert_access(&b, 10, false, 0x044, 1);
    assert_int_equal(vqg_mmio_violation(&m)->rule, VQG_RULE_NONE);
}

static void t7_queue_that_is_ready_too_early_or_not_at_all_latches(void **state)
{
    static const struct {
        uint32_t from, value, limit, writes;
    } t[] = {{0, 1, 0, 0}, {0, 2, 0, 0}, {0, 0x10000, 0, 0}, {1, 0, 1, 8}, {1, 2, 1, 8}, {1, 0x10001, 1, 8}};
    struct board b;
    struct vqg_mmio m;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct vqg_queue q;
        enum vqg_status st;
        uint32_t written;
        board_agreed(&b, &m, 0);
        board_lies(&b, 0x044, t[i].from, t[i].value);
        q = queue_of(&m);
        st = vqg_mmio_queue_enable(&m, &q);
        written = b.count - b.looks - 1u; /* less the selector */
        assert_int_equal(written, t[i].writes);
        assert_latched_until_reset(&b, &m, st, VQG_RULE_DEVICE_REGISTER, 0x044, t[i].value, t[i].limit);
    }
}

/* Refused before the device hears of it; nothing is latched. */
static void assert_not_enabled(struct board *b, struct vqg_mmio *m, const struct vqg_queue *q, enum vqg_status want)
{
    struct vqg_queue good = queue_of(m);
    b->count = 0;
    assert_status(vqg_mmio_queue_enable(m, q), want);
    assert_int_equal(b->count, 0);
    assert_status(vqg_mmio_queue_enable(m, &good), VQG_OK);
    b->ready = 0;
}

static void assert_size_refused(uint64_t features, uint32_t size, uint32_t size_max, enum vqg_rule rule, uint64_t limit)
{
    struct board b;
    struct vqg_mmio m;
    struct vqg_queue q;
    board_agreed(&b, &m, features);
    q = queue_of(&m);
    q.size = size;
    q.size_max = size_max;
    assert_not_enabled(&b, &m, &q, VQG_BAD_SIZE);
    assert_int_equal(vqg_mmio_violation(&m)->rule, rule);
    assert_int_equal(vqg_mmio_violation(&m)->value, rule == VQG_RULE_NONE ? 0 : size);
    assert_int_equal(vqg_mmio_violation(&m)->limit, limit);
}

static void q1_queue_of_no_descriptors_is_not_enabled(void **state)
{
    (void)state;
    assert_size_refused(0, 0, 1024, VQG_RULE_QUEUE_SIZE_ZERO, 1);
    assert_size_refused(VQG_F_RING_PACKED, 0, 1024, VQG_RULE_QUEUE_SIZE_ZERO, 1);
}

static void q2_split_queue_of_another_size_is_not_enabled(void **state)
{
    (void)state;
    assert_size_refused(0, 7, 1024, VQG_RULE_QUEUE_SIZE_SPLIT, 32768);
    assert_size_refused(0, 65536, 65536, VQG_RULE_QUEUE_SIZE_SPLIT, 32768);
}

static void q3_packed_queue_too_large_is_not_enabled(void **state)
{
    struct board b;
    struct vqg_mmio m;
    struct vqg_queue q;
    (void)state;
    assert_size_refused(VQG_F_RING_PACKED, 32769, 65536, VQG_RULE_QUEUE_SIZE_PACKED, 32768);
    board_agreed(&b, &m, VQG_F_RING_PACKED);
    q = queue_of(&m);
    q.size = 7;
    assert_status(vqg_mmio_queue_enable(&m, &q), VQG_OK);
    assert_int_equal(b.size, 7);
}

static void q4_queue_is_no_larger_than_the_device_said(void **state)
{
    (void)state;
    assert_size_refused(0, 16, 8, VQG_RULE_QUEUE_SIZE_MAX, 8);
    assert_size_refused(VQG_F_RING_PACKED, 9, 8, VQG_RULE_QUEUE_SIZE_MAX, 8);
    /* Who did not ask is told to. */
    assert_size_refused(0, 8, 0, VQG_RULE_NONE, 0);
}

static void queue_that_does_not_fit_the_transport_is_named(void **state)
{
    struct board b;
    struct vqg_mmio m;
    struct vqg_queue q;
    (void)state;
    board_agreed(&b, &m, 0);
    q = queue_of(&m);
    q.features |= VQG_F_EVENT_IDX;
    assert_not_enabled(&b, &m, &q, VQG_BAD_FEATURES);
    q = queue_of(&m);
    q.desc_addr += 8u;
    assert_not_enabled(&b, &m, &q, VQG_BAD_DESC);
    q = queue_of(&m);
    q.desc_addr += 1u;
    assert_not_enabled(&b, &m, &q, VQG_BAD_DESC);
    q = queue_of(&m);
    q.avail_addr += 1u;
    assert_not_enabled(&b, &m, &q, VQG_BAD_AVAIL);
    q = queue_of(&m);
    q.avail_addr = q.desc_addr;
    assert_not_enabled(&b, &m, &q, VQG_BAD_AVAIL);
    q = queue_of(&m);
    q.used_addr += 2u;
    assert_not_enabled(&b, &m, &q, VQG_BAD_USED);
    q = queue_of(&m);
    q.used_addr += 1u;
    assert_not_enabled(&b, &m, &q, VQG_BAD_USED);
    q = queue_of(&m);
    q.used_addr = q.desc_addr;
    assert_not_enabled(&b, &m, &q, VQG_BAD_USED);
    assert_not_enabled(&b, &m, NULL, VQG_BAD_QUEUE);
    assert_int_equal(vqg_mmio_violation(&m)->rule, VQG_RULE_NONE);
    /* An avail ring lies on 2 bytes, a driver event suppression structure on 4. */
    q = queue_of(&m);
    q.avail_addr += 2u;
    assert_status(vqg_mmio_queue_enable(&m, &q), VQG_OK);
    board_agreed(&b, &m, VQG_F_RING_PACKED);
    q = queue_of(&m);
    q.avail_addr += 2u;
    assert_not_enabled(&b, &m, &q, VQG_BAD_AVAIL);
}

static void r1_nothing_is_notified_and_no_interrupt_looked_at_before_driver_ok(void **state)
{
    struct board b;
    struct vqg_mmio m;
    struct vqg_queue q;
    unsigned step;
    (void)state;
    for (step = 0; step < 3u; step++) {
        uint32_t about = 77;
        board_begun(&b, &m);
        if (step > 0u) {
            board_agreed(&b, &m, 0);
        }
        q = queue_of(&m);
        if (step > 1u) {
            assert_status(vqg_mmio_queue_enable(&m, &q), VQG_OK);
        }
        b.interrupts = 3; /* the device interrupts all the same */
        b.count = 0;
        assert_status(vqg_mmio_interrupt(&m, &about), VQG_BAD_STATE);
        assert_status(vqg_mmio_notify(&m, 0), VQG_BAD_STATE);
        assert_int_equal(about, 77);
        assert_int_equal(b.interrupts, 3);
        assert_int_equal(b.count, 0);
        if (step > 1u) {
            assert_status(vqg_mmio_driver_ok(&m), VQG_OK);
            assert_status(vqg_mmio_interrupt(&m, &about), VQG_OK);
            assert_int_equal(about, 3);
            b.count = 0;
            assert_status(vqg_mmio_notify(&m, 0x00070002u), VQG_OK);
            assert_int_equal(b.count, 1);
            assert_access(&b, 0, true, 0x050, 0x00070002u);
        }
    }
}

static void interrupts_are_those_that_the_specification_has(void **state)
{
    static const uint32_t set[] = {0, 1, 2, 3, 4, 0xfffffffcu, UINT32_MAX};
    struct board b;
    struct vqg_mmio m;
    uint32_t about;
    size_t i;
    (void)state;
    board_live(&b, &m, 0);
    for (i = 0; i < COUNT_OF(set); i++) {
        b.interrupts = set[i];
        b.count = 0;
        assert_status(vqg_mmio_interrupt(&m, &about), VQG_OK);
        assert_int_equal(about, set[i] & 3u);
        assert_access(&b, 0, false, 0x060, set[i]);
        assert_int_equal(b.count, about == 0u ? 1 : 2);
        if (about != 0u) {
            assert_access(&b, 1, true, 0x064, about);
        }
        assert_int_equal(b.interrupts, set[i] & ~3u);
    }
    assert_status(vqg_mmio_interrupt(&m, NULL), VQG_BAD_QUEUE);
}

static void r2_queue_reset_is_over_when_both_registers_read_0(void **state)
{
    struct board b;
    struct vqg_mmio m;
    struct vqg_queue q;
    uint32_t looks;
    (void)state;
    for (looks = 0; looks <= 2u; looks++) {
        board_agreed(&b, &m, VQG_F_RING_RESET);
        q = queue_of(&m);
        assert_status(vqg_mmio_queue_enable(&m, &q), VQG_OK);
        assert_status(vqg_mmio_driver_ok(&m), VQG_OK);
        b.patience = 3;
        board_lies(&b, 0x0c0, 0, 1);
        b.count = 0;
        /* It never lets go: QueueReset stays 1. */
        assert_status(vqg_mmio_queue_reset(&m, 0), VQG_TIMEOUT);
        assert_access(&b, 0, true, 0x030, 0);
        assert_access(&b, 1, true, 0x0c0, 1);
        assert_int_equal(b.count, 6);
        assert_int_equal(b.waits, 3);
        assert_int_equal(board_accesses(&b, false, 0x0c0), 4);
        assert_int_equal(vqg_mmio_violation(&m)->rule, VQG_RULE_RESET_BOUNDED);
        assert_int_equal(vqg_mmio_violation(&m)->index, 0);
        assert_int_equal(vqg_mmio_violation(&m)->value, 1);
        assert_int_equal(vqg_mmio_violation(&m)->limit, 0);
        /* It does not know the register: QueueReady stays 1. */
        b.waits = 0;
        b.lie_at = UINT32_MAX;
        b.ready = 1;
        board_lies(&b, 0x044, 0, 1);
        b.count = 0;
        assert_status(vqg_mmio_queue_reset(&m, 0), VQG_TIMEOUT);
        assert_int_equal(board_accesses(&b, false, 0x0c0), 1);
        assert_int_equal(board_accesses(&b, false, 0x044), 4);
        /* In the end it does. */
        b.waits = 0;
        board_lies(&b, 0x0c0, looks, 0);
        b.count = 0;
        assert_status(vqg_mmio_queue_reset(&m, 0), VQG_OK);
        b.lie_at = UINT32_MAX;
        assert_status(vqg_mmio_queue_enable(&m, &q), VQG_OK);
        assert_int_equal(b.ready, 1);
    }
}

static void a_queue_call_out_of_turn_touches_no_register(void **state)
{
    struct board b;
    struct vqg_mmio m;
    struct vqg_queue q;
    uint32_t max;
    (void)state;
    board_begun(&b, &m);
    q = queue_of(&m);
    assert_status(vqg_mmio_queue_max(&m, 0, &max), VQG_BAD_STATE);
    assert_status(vqg_mmio_queue_enable(&m, &q), VQG_BAD_STATE);
    assert_status(vqg_mmio_queue_reset(&m, 0), VQG_BAD_STATE);
    assert_int_equal(b.count, 0);
    board_agreed(&b, &m, VQG_F_RING_RESET);
    assert_status(vqg_mmio_queue_reset(&m, 0), VQG_BAD_STATE);
    assert_int_equal(b.count, 0);
    /* Without RING_RESET a queue is neither reset nor enabled once the driver is ready. */
    board_live(&b, &m, 0);
    q = queue_of(&m);
    assert_status(vqg_mmio_queue_reset(&m, 0), VQG_BAD_FEATURES);
    assert_status(vqg_mmio_queue_enable(&m, &q), VQG_BAD_STATE);
    assert_int_equal(b.count, 0);
}

static void a_null_transport_is_named(void **state)
{
    struct vqg_queue q;
    uint32_t value;
    (void)state;
    memset(&q, 0, sizeof q);
    assert_status(vqg_mmio_queue_max(NULL, 0, &value), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_queue_enable(NULL, &q), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_queue_reset(NULL, 0), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_notify(NULL, 0), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_interrupt(NULL, &value), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_check(NULL), VQG_BAD_ENDPOINT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(t7_largest_size_is_read_once_and_bounded),
    cmocka_unit_test(a_queue_that_is_not_there_is_no_violation),
    cmocka_unit_test(t7_enabling_writes_each_register_once_and_looks_before_and_after),
    cmocka_unit_test(t7_queue_that_is_ready_too_early_or_not_at_all_latches),
    cmocka_unit_test(q1_queue_of_no_descriptors_is_not_enabled),
    cmocka_unit_test(q2_split_queue_of_another_size_is_not_enabled),
    cmocka_unit_test(q3_packed_queue_too_large_is_not_enabled),
    cmocka_unit_test(q4_queue_is_no_larger_than_the_device_said),
    cmocka_unit_test(queue_that_does_not_fit_the_transport_is_named),
    cmocka_unit_test(r1_nothing_is_notified_and_no_interrupt_looked_at_before_driver_ok),
    cmocka_unit_test(interrupts_are_those_that_the_specification_has),
    cmocka_unit_test(r2_queue_reset_is_over_when_both_registers_read_0),
    cmocka_unit_test(a_queue_call_out_of_turn_touches_no_register),
    cmocka_unit_test(a_null_transport_is_named),
};

TEST_MAIN(tests)
