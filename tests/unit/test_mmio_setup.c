/* SPDX-License-Identifier: MIT */
/**
 * @file test_mmio_setup.c
 * @brief A device behind registers is found, reset, and agreed with, or refused (R2, R8, T1, T2, T3, T7).
 */
#include "mmio_util.h"

#define F_CLASS ((uint64_t)0x6e54) /* what the device has of its own */
#define F_ALL ((uint64_t)0x15f << 32 | 0x30006e54u)

static void t7_probe_reads_three_registers_once_and_writes_none(void **state)
{
    struct board b;
    struct vqg_mmio m;
    uint32_t wanted;
    (void)state;
    for (wanted = 0; wanted <= 2u; wanted += 2u) {
        board_init(&b);
        memset(&m, 0xa5, sizeof m);
        assert_status(vqg_mmio_probe(&m, &b.hooks, wanted), VQG_OK);
        assert_int_equal(b.count, 3);
        assert_access(&b, 0, false, 0x000, 0x74726976u);
        assert_access(&b, 1, false, 0x004, 2);
        assert_access(&b, 2, false, 0x008, 2);
        assert_int_equal(m.device_id, 2);
        assert_int_equal(m.features, 0);
        assert_int_equal(vqg_mmio_violation(&m)->rule, VQG_RULE_NONE);
    }
}

static void t7_what_is_not_the_modern_device_is_refused_and_left_alone(void **state)
{
    static const struct {
        uint32_t wanted, offset, value;
        uint32_t limit;
    } t[] = {{2, 0x000, 0, 0x74726976u},
             {2, 0x000, 0x76697274u, 0x74726976u},
             {2, 0x000, UINT32_MAX, 0x74726976u},
             {2, 0x004, 1, 2},
             {2, 0x004, 0, 2},
             {2, 0x004, 3, 2},
             {2, 0x004, 0x10002, 2},
             {2, 0x008, 0, 2},
             {2, 0x008, 1, 2},
             {2, 0x008, 0x10002, 2},
             {0, 0x008, 0, 0}};
    struct board b;
    struct vqg_mmio m;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        enum vqg_status st;
        board_init(&b);
        board_lies(&b, t[i].offset, 0, t[i].value);
        st = vqg_mmio_probe(&m, &b.hooks, t[i].wanted);
        assert_int_equal(b.count, t[i].offset / 4u + 1u);
        assert_int_equal(b.looks, 1);
        assert_latched(&b, &m, st, VQG_RULE_DEVICE_REGISTER, t[i].offset, t[i].value, t[i].limit);
        assert_int_equal(m.device_id, 0);
        /* It is no device: not even a reset is written to it. */
        assert_status(vqg_mmio_reset(&m), VQG_BAD_STATE);
        assert_status(vqg_mmio_fail(&m), VQG_BAD_STATE);
        assert_int_equal(b.count, 0);
    }
}

static void r2_reset_is_over_when_the_status_reads_0(void **state)
{
    struct board b;
    struct vqg_mmio m;
    uint32_t slow;
    (void)state;
    for (slow = 0; slow <= 20u; slow++) {
        board_probed(&b, &m);
        b.slow = slow;
        b.patience = 20;
        assert_status(vqg_mmio_reset(&m), VQG_OK);
        assert_access(&b, 0, true, 0x070, 0);
        assert_int_equal(b.status, 0);
        assert_int_equal(b.count, 1u + (slow > 1u ? slow : 1u));
        assert_int_equal(b.waits, slow > 1u ? slow - 1u : 0u);
        assert_access(&b, b.count - 1u, false, 0x070, 0);
        assert_int_equal(vqg_mmio_violation(&m)->rule, VQG_RULE_NONE);
        assert_status(vqg_mmio_begin(&m), VQG_OK);
        /* Nor does what went well before. */
        b.slow = 100;
        assert_status(vqg_mmio_reset(&m), VQG_TIMEOUT);
        assert_status(vqg_mmio_begin(&m), VQG_BAD_STATE);
    }
}

static void r2_reset_that_is_not_acknowledged_ends_with_the_callers_patience(void **state)
{
    struct board b;
    struct vqg_mmio m;
    uint32_t patience;
    (void)state;
    for (patience = 0; patience <= 5u; patience++) {
        enum vqg_status st;
        board_probed(&b, &m);
        b.patience = patience;
        b.slow = 100;
        if (patience == 5u) {
            /* Without a hook, as with one that says no at once. */
            m.hooks.wait = NULL;
        }
        st = vqg_mmio_reset(&m);
        assert_status(st, VQG_TIMEOUT);
        assert_int_equal(b.waits, patience == 5u ? 0u : patience);
        assert_int_equal(board_accesses(&b, false, 0x070), patience == 5u ? 1u : patience + 1u);
        assert_int_equal(vqg_mmio_violation(&m)->rule, VQG_RULE_RESET_BOUNDED);
        assert_int_equal(vqg_mmio_violation(&m)->index, 0);
        assert_int_equal(vqg_mmio_violation(&m)->value, 0x0f);
        assert_int_equal(vqg_mmio_violation(&m)->limit, 0);
        assert_int_equal(vqg_mmio_violation(&m)->count, 1);
        /* It may still own all that it was lent: nothing goes on. */
        b.count = 0;
        assert_status(vqg_mmio_begin(&m), VQG_BAD_STATE);
        assert_status(vqg_mmio_notify(&m, 0), VQG_BAD_STATE);
        assert_status(vqg_mmio_fail(&m), VQG_BAD_STATE);
        assert_int_equal(b.count, 0);
        b.slow = 0;
        b.slow_left = 0;
        assert_status(vqg_mmio_reset(&m), VQG_OK);
        assert_int_equal(vqg_mmio_violation(&m)->rule, VQG_RULE_NONE);
        assert_status(vqg_mmio_begin(&m), VQG_OK);
    }
}

static void begin_adds_one_status_bit_after_the_other(void **state)
{
    struct board b;
    struct vqg_mmio m;
    (void)state;
    board_probed(&b, &m);
    assert_status(vqg_mmio_reset(&m), VQG_OK);
    b.count = 0;
    assert_status(vqg_mmio_begin(&m), VQG_OK);
    assert_int_equal(b.count, 2);
    assert_access(&b, 0, true, 0x070, 1);
    assert_access(&b, 1, true, 0x070, 3);
    assert_status(vqg_mmio_begin(&m), VQG_BAD_STATE);
    assert_int_equal(b.count, 2);
}

static void t1_accepted_is_what_is_offered_wanted_and_known(void **state)
{
    static const struct {
        uint64_t offered, wanted, required, accepted;
    } t[] = {
        {F_ALL, 0, 0, VQG_F_VERSION_1},
        {F_ALL, UINT64_MAX, 0, F_ALL},
        {UINT64_MAX, F_ALL, 0, F_ALL},
        {UINT64_MAX, F_CLASS, VQG_F_ACCESS_PLATFORM, F_CLASS | VQG_F_VERSION_1 | VQG_F_ACCESS_PLATFORM},
        {VQG_F_VERSION_1, UINT64_MAX, VQG_F_VERSION_1, VQG_F_VERSION_1},
        /* Of bits 24 to 49 those that the library knows; of the others, which are the class's, all. */
        {UINT64_MAX, UINT64_MAX, 0, ((uint64_t)0x15f << 32 | 0x30ffffffu) | ~(uint64_t)0 << 50},
    };
    struct board b;
    struct vqg_mmio m;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        board_begun(&b, &m);
        b.offered = t[i].offered;
        assert_status(vqg_mmio_negotiate(&m, t[i].wanted, t[i].required, NULL, 0), VQG_OK);
        assert_int_equal(m.features, t[i].accepted);
        assert_int_equal(b.accepted, t[i].accepted);
        assert_int_equal(b.status, 0x0b);
        assert_int_equal(board_accesses(&b, false, 0x010), 2);
        assert_access(&b, b.count - 2u, true, 0x070, 0x0b);
        assert_access(&b, b.count - 1u, false, 0x070, 0x0b);
    }
}

static void t1_feature_without_what_it_needs_is_left_out_and_so_on(void **state)
{
    /* 4 needs 3, which needs 2, which needs 1; the list is in the order that takes the most turns. */
    static const struct vqg_feature_need chain[] = {{1u << 4, 1u << 3}, {1u << 3, 1u << 2}, {1u << 2, 1u << 1}};
    static const struct vqg_feature_need both[] = {{1u << 4, 1u << 3 | 1u << 1}};
    static const struct vqg_feature_need round[] = {{1u << 4, 1u << 3}, {1u << 3, 1u << 4}};
    static const struct {
        const struct vqg_feature_need *needs;
        uint32_t count;
        uint64_t offered, accepted;
    } t[] = {{chain, 3, 0x1e, 0x1e},  {chain, 3, 0x1c, 0x00}, {chain, 3, 0x1a, 0x02}, {chain, 3, 0x16, 0x06},
             {chain, 3, 0x0e, 0x0e},  {chain, 0, 0x1c, 0x1c}, {both, 1, 0x1a, 0x1a},  {both, 1, 0x18, 0x08},
             {both, 1, 0x12, 0x02},   {round, 2, 0x18, 0x18}, {round, 2, 0x10, 0x00}, {round, 2, 0x08, 0x00}};
    struct board b;
    struct vqg_mmio m;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        board_begun(&b, &m);
        b.offered = t[i].offered | VQG_F_VERSION_1;
        assert_status(vqg_mmio_negotiate(&m, UINT64_MAX, 0, t[i].needs, t[i].count), VQG_OK);
        assert_int_equal(m.features, t[i].accepted | VQG_F_VERSION_1);
        assert_int_equal(b.accepted, t[i].accepted | VQG_F_VERSION_1);
    }
    board_begun(&b, &m);
    assert_status(vqg_mmio_negotiate(&m, 0, 0, NULL, 1), VQG_BAD_FEATURES);
    assert_int_equal(b.count, 0);
}

static void t2_device_that_lacks_what_is_required_is_refused(void **state)
{
    static const struct vqg_feature_need need = {1u << 4, 1u << 0};
    static const struct {
        uint64_t offered, required, accepted;
        uint32_t needs;
    } t[] = {
        {0, 0, 0, 0}, /* a legacy device behind a modern transport */
        {F_ALL & ~VQG_F_VERSION_1, 0, F_ALL & ~VQG_F_VERSION_1, 0},
        {F_ALL & ~VQG_F_ACCESS_PLATFORM, VQG_F_ACCESS_PLATFORM, F_ALL & ~VQG_F_ACCESS_PLATFORM, 0},
        {F_ALL & ~VQG_F_RING_PACKED, VQG_F_RING_PACKED, F_ALL & ~VQG_F_RING_PACKED, 0},
        {F_ALL, (uint64_t)1 << 41, F_ALL, 0},           /* not offered */
        {UINT64_MAX, (uint64_t)1 << 41, F_ALL, 0},      /* not known */
        {F_ALL, 1u << 4, F_ALL & ~(uint64_t)(1u << 4), 1}, /* lacks what it needs */
    };
    struct board b;
    struct vqg_mmio m;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        enum vqg_status st;
        board_begun(&b, &m);
        b.offered = t[i].offered;
        st = vqg_mmio_negotiate(&m, F_ALL, t[i].required, &need, t[i].needs);
        assert_int_equal(board_accesses(&b, true, 0x020), 0);
        assert_int_equal(board_accesses(&b, true, 0x070), 0);
        assert_int_equal(m.features, 0);
        assert_latched_until_reset(&b, &m, st, VQG_RULE_FEATURES_REQUIRED, 0x010, t[i].accepted,
                                   t[i].required | VQG_F_VERSION_1);
    }
}

static void t3_device_that_does_not_keep_features_ok_is_refused(void **state)
{
    static const uint32_t status[] = {0x03, 0x00, 0x08, 0x0a, 0x09, 0x07, 0xffffff03u};
    struct board b;
    struct vqg_mmio m;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(status); i++) {
        enum vqg_status st;
        board_begun(&b, &m);
        board_lies(&b, 0x070, 0, status[i] & ~0x40u);
        st = vqg_mmio_negotiate(&m, F_ALL, 0, NULL, 0);
        assert_int_equal(b.looks, 1);
        assert_int_equal(m.features, 0);
        assert_latched_until_reset(&b, &m, st, VQG_RULE_STATUS_KEPT, 0x070, status[i] & ~0x40u, 0x0b);
    }
}

static void t3_device_that_loses_a_status_bit_is_noticed(void **state)
{
    static const uint32_t status[] = {0x0b, 0x00, 0x04, 0x07, 0x0e, 0x0d, 0x80};
    struct board b;
    struct vqg_mmio m;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(status); i++) {
        board_agreed(&b, &m, 0);
        board_lies(&b, 0x070, 0, status[i]);
        assert_latched_until_reset(&b, &m, vqg_mmio_driver_ok(&m), VQG_RULE_STATUS_KEPT, 0x070, status[i], 0x0f);
        board_live(&b, &m, 0);
        board_lies(&b, 0x070, 1, status[i]);
        assert_status(vqg_mmio_check(&m), VQG_OK);
        assert_latched_until_reset(&b, &m, vqg_mmio_check(&m), VQG_RULE_STATUS_KEPT, 0x070, status[i], 0x0f);
    }
}

static void t3_features_are_not_read_again(void **state)
{
    struct board b;
    struct vqg_mmio m;
    uint32_t max;
    (void)state;
    board_agreed(&b, &m, VQG_F_RING_RESET);
    b.offered = 0;
    assert_status(vqg_mmio_queue_max(&m, 0, &max), VQG_OK);
    assert_status(vqg_mmio_driver_ok(&m), VQG_OK);
    assert_status(vqg_mmio_queue_reset(&m, 0), VQG_OK);
    assert_int_equal(board_accesses(&b, false, 0x010), 0);
    assert_int_equal(m.features, VQG_F_VERSION_1 | VQG_F_RING_RESET);
}

static void r8_device_that_asks_for_a_reset_gets_no_further(void **state)
{
    struct board b;
    struct vqg_mmio m;
    unsigned step;
    (void)state;
    for (step = 0; step < 3u; step++) {
        enum vqg_status st;
        if (step == 0u) {
            board_begun(&b, &m);
            b.status |= 0x40u;
            st = vqg_mmio_negotiate(&m, 0, 0, NULL, 0);
            assert_int_equal(m.features, 0);
        } else if (step == 1u) {
            board_agreed(&b, &m, 0);
            b.status |= 0x40u;
            st = vqg_mmio_driver_ok(&m);
        } else {
            board_live(&b, &m, 0);
            b.status |= 0x40u;
            st = vqg_mmio_check(&m);
        }
        assert_status(st, VQG_DEAD);
        assert_int_equal(vqg_mmio_violation(&m)->rule, VQG_RULE_NONE);
        b.count = 0;
        assert_status(vqg_mmio_check(&m), VQG_DEAD);
        assert_status(vqg_mmio_notify(&m, 0), VQG_DEAD);
        assert_int_equal(b.count, 0);
        assert_status(vqg_mmio_reset(&m), VQG_OK);
        assert_status(vqg_mmio_begin(&m), VQG_OK);
    }
}

static void r8_driver_that_gives_up_says_so_and_only_a_reset_leads_on(void **state)
{
    struct board b;
    struct vqg_mmio m;
    (void)state;
    board_live(&b, &m, 0);
    assert_status(vqg_mmio_fail(&m), VQG_OK);
    assert_int_equal(b.count, 1);
    assert_access(&b, 0, true, 0x070, 0x8f);
    assert_status(vqg_mmio_check(&m), VQG_DEAD);
    assert_status(vqg_mmio_fail(&m), VQG_OK);
    assert_status(vqg_mmio_reset(&m), VQG_OK);
    assert_int_equal(b.status, 0);
    /* After a reset the bits begin at none again. */
    b.count = 0;
    assert_status(vqg_mmio_begin(&m), VQG_OK);
    assert_access(&b, 0, true, 0x070, 1);
}

static void a_step_out_of_turn_touches_no_register(void **state)
{
    struct board b;
    struct vqg_mmio m;
    (void)state;
    board_probed(&b, &m);
    assert_status(vqg_mmio_begin(&m), VQG_BAD_STATE);
    assert_status(vqg_mmio_negotiate(&m, 0, 0, NULL, 0), VQG_BAD_STATE);
    assert_status(vqg_mmio_driver_ok(&m), VQG_BAD_STATE);
    assert_status(vqg_mmio_fail(&m), VQG_BAD_STATE);
    assert_status(vqg_mmio_reset(&m), VQG_OK);
    b.count = 0;
    assert_status(vqg_mmio_negotiate(&m, 0, 0, NULL, 0), VQG_BAD_STATE);
    assert_status(vqg_mmio_driver_ok(&m), VQG_BAD_STATE);
    assert_int_equal(b.count, 0);
    board_begun(&b, &m);
    assert_status(vqg_mmio_driver_ok(&m), VQG_BAD_STATE);
    assert_int_equal(b.count, 0);
    board_agreed(&b, &m, 0);
    assert_status(vqg_mmio_negotiate(&m, 0, 0, NULL, 0), VQG_BAD_STATE);
    assert_int_equal(b.count, 0);
    board_live(&b, &m, 0);
    assert_status(vqg_mmio_begin(&m), VQG_BAD_STATE);
    assert_status(vqg_mmio_driver_ok(&m), VQG_BAD_STATE);
    assert_int_equal(b.count, 0);
}

static void arguments_that_cannot_be_are_named(void **state)
{
    struct vqg_mmio_hooks hooks;
    struct board b;
    struct vqg_mmio m;
    (void)state;
    board_init(&b);
    assert_status(vqg_mmio_probe(NULL, &b.hooks, 2), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_probe(&m, NULL, 2), VQG_BAD_TRANSPORT);
    hooks = b.hooks;
    hooks.read = NULL;
    assert_status(vqg_mmio_probe(&m, &hooks, 2), VQG_BAD_TRANSPORT);
    hooks = b.hooks;
    hooks.write = NULL;
    assert_status(vqg_mmio_probe(&m, &hooks, 2), VQG_BAD_TRANSPORT);
    assert_int_equal(b.count, 0);
    assert_status(vqg_mmio_begin(&m), VQG_BAD_STATE);
    assert_status(vqg_mmio_reset(&m), VQG_BAD_STATE);
    assert_status(vqg_mmio_reset(NULL), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_begin(NULL), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_negotiate(NULL, 0, 0, NULL, 0), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_driver_ok(NULL), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_fail(NULL), VQG_BAD_ENDPOINT);
    assert_null(vqg_mmio_violation(NULL));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(t7_probe_reads_three_registers_once_and_writes_none),
    cmocka_unit_test(t7_what_is_not_the_modern_device_is_refused_and_left_alone),
    cmocka_unit_test(r2_reset_is_over_when_the_status_reads_0),
    cmocka_unit_test(r2_reset_that_is_not_acknowledged_ends_with_the_callers_patience),
    cmocka_unit_test(begin_adds_one_status_bit_after_the_other),
    cmocka_unit_test(t1_accepted_is_what_is_offered_wanted_and_known),
    cmocka_unit_test(t1_feature_without_what_it_needs_is_left_out_and_so_on),
    cmocka_unit_test(t2_device_that_lacks_what_is_required_is_refused),
    cmocka_unit_test(t3_device_that_does_not_keep_features_ok_is_refused),
    cmocka_unit_test(t3_device_that_loses_a_status_bit_is_noticed),
    cmocka_unit_test(t3_features_are_not_read_again),
    cmocka_unit_test(r8_device_that_asks_for_a_reset_gets_no_further),
    cmocka_unit_test(r8_driver_that_gives_up_says_so_and_only_a_reset_leads_on),
    cmocka_unit_test(a_step_out_of_turn_touches_no_register),
    cmocka_unit_test(arguments_that_cannot_be_are_named),
};

TEST_MAIN(tests)
