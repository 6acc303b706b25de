/* SPDX-License-Identifier: MIT */
/**
 * @file test_policy.c
 * @brief policy.h: the profiles, and the set-up rules that a driver and a device share.
 */
#include "runner.h"

#include <string.h>

/* A queue that passes: index 0 of 1, 64 descriptors, VERSION_1. */
static struct vqg_queue sane_queue(void)
{
    struct vqg_queue q;
    memset(&q, 0, sizeof q);
    q.size = 64;
    q.features = VQG_F_VERSION_1;
    return q;
}

static const struct vqg_guard off = {.violation = {.queue = 5}, .generation = 6};

/* The record, but for the queue's index, is empty; the guard is as it was. */
static void assert_untouched(const struct vqg_guard *g)
{
    assert_memory_equal(&g->violation, &off.violation, sizeof g->violation);
    assert_int_equal(g->state, VQG_STATE_OFF);
    assert_int_equal(g->generation, 6);
    assert_false(g->drop);
}

static void assert_accepted(const struct vqg_queue *q, const struct vqg_policy *p)
{
    struct vqg_guard g = off;
    assert_int_equal(vqg_check_queue_(&g, q, p), VQG_OK);
    assert_untouched(&g);
}

/* Refused by a rule: the record says which, and nothing else has changed. */
static void assert_refused(const struct vqg_queue *q, enum vqg_status st, enum vqg_rule rule, uint64_t value,
                           uint64_t limit)
{
    const struct vqg_policy p = vqg_profile_spec();
    struct vqg_queue queue_before;
    struct vqg_guard g = off;
    struct vqg_guard expected = off;
    memcpy(&queue_before, q, sizeof queue_before);
    assert_int_equal(vqg_check_queue_(&g, q, &p), st);
    assert_string_equal(vqg_rule_name(g.violation.rule), vqg_rule_name(rule));
    expected.violation.rule = rule;
    expected.violation.value = value;
    expected.violation.limit = limit;
    expected.violation.count = 1;
    assert_memory_equal(&g.violation, &expected.violation, sizeof g.violation);
    assert_int_equal(g.state, VQG_STATE_OFF);
    assert_int_equal(g.generation, 6);
    assert_memory_equal(q, &queue_before, sizeof *q);
}

/* Refused as the caller's mistake: no record. */
static void assert_misuse(const struct vqg_queue *q, const struct vqg_policy *p, enum vqg_status st)
{
    struct vqg_guard g = off;
    assert_int_equal(vqg_check_queue_(&g, q, p), st);
    assert_untouched(&g);
}

static void strict_profile_refuses_whatever_two_implementations_may_read_differently(void **state)
{
    struct vqg_policy p = vqg_profile_strict();
    (void)state;
    assert_int_equal(p.required_features, VQG_F_VERSION_1);
    assert_int_equal(p.length, VQG_LENGTH_REJECT);
    assert_int_equal(p.zero, VQG_ZERO_REJECT);
    assert_int_equal(p.span, VQG_SPAN_REFUSE);
    assert_int_equal(p.chain, VQG_CHAIN_LATCH);
    assert_int_equal(p.direction, VQG_DIRECTION_ANY);
    assert_true(p.refuse_mixed);
    assert_false(p.accept_unflagged);
    assert_false(p.accept_claimed);
    assert_int_equal(p.max_address, 0);
    assert_int_equal(p.max_bytes_in_flight, 0);
    assert_int_equal(p.max_bytes, 0);
    assert_int_equal(p.max_elements, 0);
    assert_int_equal(p.max_table_entries, 0);
    assert_int_equal(p.min_readable, 0);
    assert_int_equal(p.min_writable, 0);
    assert_int_equal(p.min_length, 0);
    assert_true(vqg_policy_is_sane_(&p));
}

static void spec_profile_allows_what_the_specification_allows(void **state)
{
    struct vqg_policy p = vqg_profile_spec();
    (void)state;
    assert_int_equal(p.required_features, 0);
    assert_int_equal(p.length, VQG_LENGTH_CLAMP);
    assert_int_equal(p.zero, VQG_ZERO_SKIP);
    assert_int_equal(p.span, VQG_SPAN_SPLIT);
    assert_int_equal(p.chain, VQG_CHAIN_LATCH);
    assert_int_equal(p.direction, VQG_DIRECTION_ANY);
    assert_false(p.refuse_mixed);
    assert_true(p.accept_unflagged);
    assert_true(p.accept_claimed);
    assert_int_equal(p.max_address, 0);
    assert_int_equal(p.max_bytes_in_flight, 0);
    assert_int_equal(p.max_bytes, 0);
    assert_int_equal(p.max_elements, 0);
    assert_int_equal(p.max_table_entries, 0);
    assert_int_equal(p.min_readable, 0);
    assert_int_equal(p.min_writable, 0);
    assert_int_equal(p.min_length, 0);
    assert_true(vqg_policy_is_sane_(&p));
}

static void zero_is_the_strictest_value_of_each_choice(void **state)
{
    struct vqg_policy p;
    (void)state;
    memset(&p, 0, sizeof p);
    assert_true(vqg_policy_is_sane_(&p));
    assert_int_equal(p.length, VQG_LENGTH_REJECT);
    assert_int_equal(p.zero, VQG_ZERO_REJECT);
    assert_int_equal(p.span, VQG_SPAN_REFUSE);
    assert_int_equal(p.chain, VQG_CHAIN_LATCH);
    assert_int_equal(p.direction, VQG_DIRECTION_ANY);
}

#define ASSERT_SANE_UP_TO(field, type, last)                                                                           \
    do {                                                                                                               \
        struct vqg_policy p = vqg_profile_strict();                                                                    \
        p.field = (last);                                                                                              \
        assert_true(vqg_policy_is_sane_(&p));                                                                          \
        p.field = (type)((int)(last) + 1);                                                                             \
        assert_false(vqg_policy_is_sane_(&p));                                                                         \
        p.field = (type)0x100;                                                                                         \
        assert_false(vqg_policy_is_sane_(&p));                                                                         \
    } while (0)

static void policy_with_a_choice_that_does_not_exist_is_not_sane(void **state)
{
    (void)state;
    ASSERT_SANE_UP_TO(length, enum vqg_length_policy, VQG_LENGTH_COUNT);
    ASSERT_SANE_UP_TO(zero, enum vqg_zero_policy, VQG_ZERO_SKIP);
    ASSERT_SANE_UP_TO(span, enum vqg_span_policy, VQG_SPAN_SPLIT);
    ASSERT_SANE_UP_TO(chain, enum vqg_chain_policy, VQG_CHAIN_DROP);
    ASSERT_SANE_UP_TO(direction, enum vqg_direction, VQG_DIRECTION_WRITABLE);
}

static void q9_queue_index_not_below_the_number_of_queues_is_refused(void **state)
{
    struct vqg_queue q = sane_queue();
    const struct vqg_policy p = vqg_profile_strict();
    (void)state;
    q.count = 3;
    q.index = 2;
    assert_accepted(&q, &p);
    q.index = 3;
    assert_refused(&q, VQG_BAD_INDEX, VQG_RULE_QUEUE_INDEX, 3, 3);
    q.index = UINT32_MAX;
    assert_refused(&q, VQG_BAD_INDEX, VQG_RULE_QUEUE_INDEX, UINT32_MAX, 3);
}

static void q9_number_of_queues_is_one_when_not_named(void **state)
{
    struct vqg_queue q = sane_queue();
    const struct vqg_policy p = vqg_profile_strict();
    (void)state;
    assert_accepted(&q, &p);
    q.index = 1;
    assert_refused(&q, VQG_BAD_INDEX, VQG_RULE_QUEUE_INDEX, 1, 1);
    q.count = 1;
    assert_refused(&q, VQG_BAD_INDEX, VQG_RULE_QUEUE_INDEX, 1, 1);
}

static void x6_queue_index_that_is_zero_only_in_its_low_16_bits_is_refused(void **state)
{
    struct vqg_queue q = sane_queue();
    (void)state;
    q.count = 2;
    q.index = 0x10000;
    assert_refused(&q, VQG_BAD_INDEX, VQG_RULE_QUEUE_INDEX, 0x10000, 2);
    q.index = 0x10001;
    assert_refused(&q, VQG_BAD_INDEX, VQG_RULE_QUEUE_INDEX, 0x10001, 2);
}

static void queue_that_lacks_a_required_feature_is_refused(void **state)
{
    struct vqg_queue q = sane_queue();
    struct vqg_policy p = vqg_profile_strict();
    (void)state;
    p.required_features = VQG_F_VERSION_1 | VQG_F_ACCESS_PLATFORM;
    q.features = VQG_F_VERSION_1 | VQG_F_ACCESS_PLATFORM | VQG_F_EVENT_IDX;
    assert_accepted(&q, &p);
    q.features = VQG_F_VERSION_1;
    assert_misuse(&q, &p, VQG_BAD_FEATURES);
    q.features = VQG_F_ACCESS_PLATFORM;
    assert_misuse(&q, &p, VQG_BAD_FEATURES);
    q.features = 0;
    assert_misuse(&q, &p, VQG_BAD_FEATURES);
}

static void queue_that_is_packed_is_a_modern_one(void **state)
{
    struct vqg_queue q = sane_queue();
    const struct vqg_policy p = vqg_profile_spec();
    (void)state;
    q.features = VQG_F_RING_PACKED;
    assert_misuse(&q, &p, VQG_BAD_FEATURES);
    q.features = VQG_F_RING_PACKED | VQG_F_IN_ORDER;
    assert_misuse(&q, &p, VQG_BAD_FEATURES);
    q.features = VQG_F_VERSION_1 | VQG_F_RING_PACKED;
    assert_accepted(&q, &p);
    q.features = VQG_F_VERSION_1 | VQG_F_IN_ORDER;
    assert_accepted(&q, &p);
    q.features = VQG_F_VERSION_1 | VQG_F_RING_PACKED | VQG_F_IN_ORDER;
    assert_accepted(&q, &p);
    q.features = VQG_F_VERSION_1 | VQG_F_INDIRECT_DESC | VQG_F_EVENT_IDX | VQG_F_ACCESS_PLATFORM |
                 VQG_F_NOTIFICATION_DATA | VQG_F_RING_RESET;
    assert_accepted(&q, &p);
}

static void q11_modern_queue_that_is_big_endian_is_refused(void **state)
{
    struct vqg_queue q = sane_queue();
    const struct vqg_policy p = vqg_profile_spec();
    (void)state;
    q.order = VQG_ORDER_BIG;
    assert_refused(&q, VQG_BAD_BYTE_ORDER, VQG_RULE_BYTE_ORDER, VQG_ORDER_BIG, VQG_ORDER_LITTLE);
    q.order = VQG_ORDER_LITTLE;
    assert_accepted(&q, &p);
    q.order = VQG_ORDER_AUTO;
    assert_accepted(&q, &p);
    q.features = 0;
    q.order = VQG_ORDER_BIG;
    assert_accepted(&q, &p);
    q.order = VQG_ORDER_LITTLE;
    assert_accepted(&q, &p);
}

static void byte_order_that_does_not_exist_is_misuse(void **state)
{
    struct vqg_queue q = sane_queue();
    const struct vqg_policy p = vqg_profile_spec();
    (void)state;
    q.order = (enum vqg_byte_order)3;
    assert_misuse(&q, &p, VQG_BAD_BYTE_ORDER);
    q.features = 0;
    assert_misuse(&q, &p, VQG_BAD_BYTE_ORDER);
}

static void q11_order_of_a_modern_queue_is_little_and_of_a_legacy_one_the_hosts(void **state)
{
    struct vqg_queue q = sane_queue();
    (void)state;
    assert_false(vqg_queue_is_big_(&q));
    q.order = VQG_ORDER_LITTLE;
    assert_false(vqg_queue_is_big_(&q));
    q.features = 0;
    assert_false(vqg_queue_is_big_(&q));
    q.order = VQG_ORDER_BIG;
    assert_true(vqg_queue_is_big_(&q));
    q.order = VQG_ORDER_AUTO;
    assert_int_equal(vqg_queue_is_big_(&q), VQG_PORT_BIG_ENDIAN != 0);
}

static void q1_queue_without_descriptors_is_refused_with_the_queue(void **state)
{
    struct vqg_queue q = sane_queue();
    (void)state;
    q.size = 0;
    assert_refused(&q, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_ZERO, 0, 1);
}

static void q2_size_that_no_split_queue_has_is_refused_with_the_queue(void **state)
{
    struct vqg_queue q = sane_queue();
    (void)state;
    q.size = 65;
    assert_refused(&q, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_SPLIT, 65, 32768);
    q.size = 65536;
    assert_refused(&q, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_SPLIT, 65536, 32768);
}

static void q4_size_above_what_was_offered_is_refused_with_the_queue(void **state)
{
    struct vqg_queue q = sane_queue();
    const struct vqg_policy p = vqg_profile_strict();
    (void)state;
    q.size_max = 64;
    assert_accepted(&q, &p);
    q.size_max = 63;
    assert_refused(&q, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_MAX, 64, 63);
}

static void checking_a_queue_touches_none_of_its_memory(void **state)
{
    struct vqg_queue q = sane_queue();
    const struct vqg_policy p = vqg_profile_strict();
    unsigned char ring[64];
    (void)state;
    test_port_reset();
    q.desc = ring;
    q.avail = ring;
    q.used = ring;
    assert_accepted(&q, &p);
    assert_int_equal(test_port.count, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(strict_profile_refuses_whatever_two_implementations_may_read_differently),
    cmocka_unit_test(spec_profile_allows_what_the_specification_allows),
    cmocka_unit_test(zero_is_the_strictest_value_of_each_choice),
    cmocka_unit_test(policy_with_a_choice_that_does_not_exist_is_not_sane),
    cmocka_unit_test(q9_queue_index_not_below_the_number_of_queues_is_refused),
    cmocka_unit_test(q9_number_of_queues_is_one_when_not_named),
    cmocka_unit_test(x6_queue_index_that_is_zero_only_in_its_low_16_bits_is_refused),
    cmocka_unit_test(queue_that_lacks_a_required_feature_is_refused),
    cmocka_unit_test(queue_that_is_packed_is_a_modern_one),
    cmocka_unit_test(q11_modern_queue_that_is_big_endian_is_refused),
    cmocka_unit_test(byte_order_that_does_not_exist_is_misuse),
    cmocka_unit_test(q11_order_of_a_modern_queue_is_little_and_of_a_legacy_one_the_hosts),
    cmocka_unit_test(q1_queue_without_descriptors_is_refused_with_the_queue),
    cmocka_unit_test(q2_size_that_no_split_queue_has_is_refused_with_the_queue),
    cmocka_unit_test(q4_size_above_what_was_offered_is_refused_with_the_queue),
    cmocka_unit_test(checking_a_queue_touches_none_of_its_memory),
};
TEST_MAIN(tests)
