/* SPDX-License-Identifier: MIT */
/**
 * @file test_ledger.c
 * @brief The ledger's four calls, beside a driver's own ring code: every status, and the rules of completions again.
 */
#include "driver_util.h"

static struct world *ledger_world(uint32_t size, bool big)
{
    struct world *w = world_new(size, 0);
    if (big) {
        w->big = true;
        w->queue.order = VQG_ORDER_BIG;
        w->queue.features = 0;
        w->policy.required_features = 0;
    }
    world_start_ledger(w);
    return w;
}

/* Records the chain head, head + 1, ... of `count` descriptors. */
static void publish(struct world *w, uint16_t head, uint32_t count, uint32_t writable, uint32_t n)
{
    uint16_t ids[16];
    uint32_t i;
    for (i = 0; i < count; i++) {
        ids[i] = (uint16_t)(head + i);
    }
    assert_int_equal(vqg_ledger_publish(&w->ledger, ids, count, writable, cookie(n)), VQG_OK);
}

static struct vqg_done ledger_take(struct world *w)
{
    struct vqg_done done;
    memset(&done, 0, sizeof done);
    assert_int_equal(vqg_ledger_take(&w->ledger, &done), VQG_OK);
    return done;
}

static void assert_ledger_empty(struct world *w)
{
    struct vqg_done done;
    assert_int_equal(vqg_ledger_take(&w->ledger, &done), VQG_EMPTY);
}

static void assert_ledger_refuses(struct world *w, enum vqg_rule rule, uint32_t index, uint64_t value, uint64_t limit)
{
    static const uint16_t free_id = 7;
    const struct vqg_violation *v = vqg_ledger_violation(&w->ledger);
    struct world_copy *before = world_copy(w);
    struct vqg_done done;
    struct vqg_done untouched;
    size_t accesses;
    memset(&done, 0x5a, sizeof done);
    memcpy(&untouched, &done, sizeof done);
    assert_violation(v, vqg_ledger_take(&w->ledger, &done), rule, index, value, limit);
    world_assert_unchanged(w, before);
    assert_memory_equal(&done, &untouched, sizeof done);
    accesses = test_port.count;
    assert_int_equal(vqg_ledger_take(&w->ledger, &done), VQG_DEAD);
    assert_int_equal(vqg_ledger_publish(&w->ledger, &free_id, 1, 1, cookie(9)), VQG_DEAD);
    assert_int_equal(test_port.count, accesses);
    assert_int_equal(v->count, 1);
    /* A reset of the device, and the same set-up again: everything is forgotten. */
    world_start_ledger(w);
    assert_int_equal(v->rule, VQG_RULE_NONE);
    peer_used_idx(w, 0);
    assert_ledger_empty(w);
    publish(w, 0, 2, 8, 4);
    complete(w, 0, 8);
    assert_ptr_equal(ledger_take(w).cookie, cookie(4));
}

static void a_chain_is_published_taken_and_walked_in_either_byte_order(void **state)
{
    static const uint16_t ids[4] = {5, 0, 7, 2};
    int big;
    (void)state;
    for (big = 0; big < 2; big++) {
        struct world *w = ledger_world(8, big != 0);
        struct vqg_done done;
        uint16_t id;
        uint32_t i;
        assert_int_equal(vqg_ledger_publish(&w->ledger, ids, 4, 100, cookie(1)), VQG_OK);
        memset(world_at(w, WORLD_DESC), 0x11, 16u * 8u); /* the device rewrites the table: it is not asked */
        assert_ledger_empty(w);
        complete(w, 5, 77);
        done = ledger_take(w);
        assert_ptr_equal(done.cookie, cookie(1));
        assert_int_equal(done.id, 5);
        assert_int_equal(done.len, 77);
        assert_int_equal(done.claimed, 77);
        assert_int_equal(done.count, 4);
        assert_int_equal(done.flags, 0);
        assert_int_equal(done.generation, 0);
        id = done.id;
        for (i = 0; i < done.count; i++) {
            assert_int_equal(id, ids[i]);
            id = i + 1u < done.count ? vqg_ledger_next(&w->ledger, id) : id;
        }
        assert_ledger_empty(w);
        assert_int_equal(vqg_ledger_publish(&w->ledger, ids, 4, 100, cookie(2)), VQG_OK);
        world_free(w);
    }
}

static void next_of_an_id_out_of_range_is_the_id(void **state)
{
    struct world *w = ledger_world(8, false);
    (void)state;
    assert_int_equal(vqg_ledger_next(&w->ledger, 8), 8);
    assert_int_equal(vqg_ledger_next(&w->ledger, 0xffff), 0xffff);
    publish(w, 6, 2, 1, 1);
    assert_int_equal(vqg_ledger_next(&w->ledger, 6), 7);
    world_free(w);
}

static void a_chain_that_cannot_be_published_changes_nothing(void **state)
{
    static const struct {
        uint16_t ids[10];
        uint32_t count;
        enum vqg_status st;
    } cases[] = {{{2}, 0, VQG_BAD_COUNT},
                 {{2, 3, 4, 5, 6, 7, 2, 3, 4}, 9, VQG_BAD_COUNT},
                 {{2}, UINT32_MAX, VQG_BAD_COUNT},
                 {{8}, 1, VQG_BAD_HEAD},
                 {{0xffff}, 1, VQG_BAD_HEAD},
                 {{2, 3, 8}, 3, VQG_BAD_HEAD},
                 {{0}, 1, VQG_BAD_HEAD},       /* a head that is lent */
                 {{1}, 1, VQG_BAD_HEAD},       /* a member that is lent */
                 {{2, 3, 1}, 3, VQG_BAD_HEAD},
                 {{2, 2}, 2, VQG_BAD_HEAD},
                 {{2, 3, 4, 3}, 4, VQG_BAD_HEAD},
                 {{2, 3, 4, 5, 6, 7, 2, 3}, 8, VQG_BAD_HEAD}};
    struct world *w = ledger_world(8, false);
    size_t i;
    (void)state;
    publish(w, 0, 2, 8, 1);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world_copy *before = world_copy(w);
        assert_int_equal(vqg_ledger_publish(&w->ledger, cases[i].ids, cases[i].count, 8, cookie(2)), cases[i].st);
        assert_int_equal(test_port.count, 0);
        world_assert_unchanged(w, before);
    }
    publish(w, 2, 6, 8, 2); /* all the rest is still free */
    complete(w, 2, 8);
    complete(w, 0, 8);
    assert_ptr_equal(ledger_take(w).cookie, cookie(2));
    assert_ptr_equal(ledger_take(w).cookie, cookie(1));
    world_free(w);
}

static void null_arguments_and_bad_set_ups_are_named(void **state)
{
    static const uint16_t ids[1] = {0};
    struct world *w = ledger_world(8, false);
    struct vqg_policy bad = w->policy;
    struct vqg_ledger l;
    struct vqg_done done;
    (void)state;
    bad.length = (enum vqg_length_policy)9;
    assert_int_equal(vqg_ledger_init(NULL, &w->queue, &w->policy, w->slots, 8), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_ledger_init(&l, NULL, &w->policy, w->slots, 8), VQG_BAD_QUEUE);
    assert_int_equal(vqg_ledger_init(&l, &w->queue, NULL, w->slots, 8), VQG_BAD_POLICY);
    assert_int_equal(vqg_ledger_init(&l, &w->queue, &bad, w->slots, 8), VQG_BAD_POLICY);
    assert_int_equal(vqg_ledger_init(&l, &w->queue, &w->policy, NULL, 8), VQG_BAD_SLOTS);
    assert_int_equal(vqg_ledger_publish(&l, ids, 1, 1, NULL), VQG_DEAD);
    assert_int_equal(vqg_ledger_take(&l, &done), VQG_DEAD);
    assert_int_equal(vqg_ledger_publish(NULL, ids, 1, 1, NULL), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_ledger_publish(&w->ledger, NULL, 1, 1, NULL), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_ledger_take(NULL, &done), VQG_BAD_ENDPOINT);
    assert_int_equal(vqg_ledger_take(&w->ledger, NULL), VQG_BAD_ENDPOINT);
    assert_int_equal(test_port.count, 0);
    world_free(w);
}

static void set_up_rules_hold_for_a_ledger_too(void **state)
{
    static const struct {
        uint32_t index, size, size_max;
        enum vqg_byte_order order;
        enum vqg_status st;
        enum vqg_rule rule;
        uint64_t value, limit;
    } cases[] = {{0, 0, 0, VQG_ORDER_AUTO, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_ZERO, 0, 1},
                 {0, 6, 0, VQG_ORDER_AUTO, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_SPLIT, 6, 32768},
                 {0, 8, 4, VQG_ORDER_AUTO, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_MAX, 8, 4},
                 {0, 16, 0, VQG_ORDER_AUTO, VQG_BAD_SLOTS, VQG_RULE_QUEUE_SIZE_MAX, 16, 8},
                 {1, 8, 0, VQG_ORDER_AUTO, VQG_BAD_INDEX, VQG_RULE_QUEUE_INDEX, 1, 1},
                 {0, 8, 0, VQG_ORDER_BIG, VQG_BAD_BYTE_ORDER, VQG_RULE_BYTE_ORDER, VQG_ORDER_BIG, VQG_ORDER_LITTLE}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world *w = world_new(8, 0);
        const struct vqg_violation *v = vqg_ledger_violation(&w->ledger);
        w->queue.index = cases[i].index;
        w->queue.size = cases[i].size;
        w->queue.size_max = cases[i].size_max;
        w->queue.order = cases[i].order;
        assert_int_equal(vqg_ledger_init(&w->ledger, &w->queue, &w->policy, w->slots, 8), cases[i].st);
        assert_int_equal(v->rule, cases[i].rule);
        assert_int_equal(v->value, cases[i].value);
        assert_int_equal(v->limit, cases[i].limit);
        assert_int_equal(test_port.count, 0);
        world_free(w);
    }
}

static void u1_index_beyond_the_published_chains_latches_the_ledger(void **state)
{
    static const uint16_t jumps[] = {3, 8, 0x8000, 0xffff};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        struct world *w = ledger_world(8, false);
        publish(w, 0, 2, 8, 1);
        publish(w, 2, 2, 8, 2);
        peer_used_idx(w, jumps[i]);
        assert_ledger_refuses(w, VQG_RULE_USED_JUMP, 0, jumps[i], 2);
        world_free(w);
    }
}

static void u2_id_out_of_range_latches_the_ledger(void **state)
{
    static const uint32_t ids[] = {8, 0x10000u, 0x10008u, UINT32_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct world *w = ledger_world(8, false);
        publish(w, 0, 2, 8, 1);
        complete(w, ids[i], 1);
        assert_ledger_refuses(w, VQG_RULE_USED_ID_RANGE, 0, ids[i], 8);
        world_free(w);
    }
}

static void u3_id_that_is_not_a_published_head_latches_the_ledger(void **state)
{
    static const struct {
        uint32_t id, limit;
    } cases[] = {{2, 0}, {7, 0}, {1, 0}};
    struct world *w;
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w = ledger_world(8, false);
        publish(w, 0, 2, 8, 1);
        complete(w, cases[i].id, 1);
        assert_ledger_refuses(w, VQG_RULE_USED_ID_OUTSTANDING, 0, cases[i].id, cases[i].limit);
        world_free(w);
    }
    w = ledger_world(8, false); /* twice */
    publish(w, 0, 2, 8, 1);
    publish(w, 2, 2, 8, 2);
    complete(w, 2, 1);
    complete(w, 2, 1);
    assert_ptr_equal(ledger_take(w).cookie, cookie(2));
    assert_ledger_refuses(w, VQG_RULE_USED_ID_OUTSTANDING, 1, 2, 0);
    world_free(w);
}

static void assert_length_refused(uint32_t len, enum vqg_rule rule, uint64_t limit)
{
    struct world *w = world_new(8, 0);
    w->policy.min_length = 2;
    world_start_ledger(w);
    publish(w, 0, 2, 8, 1);
    publish(w, 4, 1, 8, 2);
    publish(w, 6, 1, 8, 3);
    complete(w, 4, 8);
    complete(w, 6, 2);
    assert_int_equal(ledger_take(w).len, 8);
    assert_int_equal(ledger_take(w).len, 2);
    complete(w, 0, len);
    assert_ledger_refuses(w, rule, 0, len, limit);
    world_free(w);
}

static void u5_length_beyond_the_writable_bytes_latches_the_ledger(void **state)
{
    (void)state;
    assert_length_refused(9, VQG_RULE_USED_LENGTH_MAX, 8);
    assert_length_refused(UINT32_MAX, VQG_RULE_USED_LENGTH_MAX, 8);
}

static void u6_length_below_the_policys_least_latches_the_ledger(void **state)
{
    (void)state;
    assert_length_refused(1, VQG_RULE_USED_LENGTH_MIN, 2);
    assert_length_refused(0, VQG_RULE_USED_LENGTH_MIN, 2);
}

static void a_least_beyond_the_writable_bytes_is_refused_by_publish(void **state)
{
    static const uint16_t ids[2] = {2, 3};
    struct world *w = world_new(8, 0);
    struct world_copy *before;
    (void)state;
    w->policy.min_length = 10;
    world_start_ledger(w);
    before = world_copy(w);
    assert_int_equal(vqg_ledger_publish(&w->ledger, ids, 2, 9, cookie(1)), VQG_BAD_LENGTH);
    assert_int_equal(vqg_ledger_publish(&w->ledger, ids, 2, 0, cookie(1)), VQG_BAD_LENGTH);
    world_assert_unchanged(w, before);
    assert_int_equal(vqg_ledger_publish(&w->ledger, ids, 2, 10, cookie(1)), VQG_OK);
    complete(w, 2, 10);
    assert_int_equal(ledger_take(w).len, 10);
    world_free(w);
}

static void u8_a_publish_that_is_refused_leaves_the_links_of_a_freed_chain(void **state)
{
    static const uint16_t wrong[3] = {2, 3, 8};
    static const uint16_t twice[3] = {3, 2, 3};
    struct world *w = world_new(8, 0);
    (void)state;
    world_start_ledger(w);
    publish(w, 2, 3, 8, 1);
    complete(w, 2, 8);
    assert_int_equal(ledger_take(w).count, 3);
    assert_int_equal(vqg_ledger_publish(&w->ledger, wrong, 3, 8, cookie(2)), VQG_BAD_HEAD);
    assert_int_equal(vqg_ledger_publish(&w->ledger, twice, 3, 8, cookie(2)), VQG_BAD_HEAD);
    assert_int_equal(vqg_ledger_next(&w->ledger, 2), 3);
    assert_int_equal(vqg_ledger_next(&w->ledger, 3), 4);
    world_free(w);
}

static void f5_the_ledger_tells_that_it_is_latched_and_what_it_counted(void **state)
{
    struct world *w = world_new(8, 0);
    struct vqg_done done;
    (void)state;
    w->policy.length = VQG_LENGTH_COUNT;
    world_start_ledger(w);
    publish(w, 2, 1, 8, 1);
    complete(w, 2, 9);
    assert_int_equal(ledger_take(w).len, 8);
    assert_int_equal(vqg_ledger_overlong(&w->ledger), 1);
    assert_false(vqg_ledger_needs_reset(&w->ledger));
    complete(w, 2, 9);
    assert_int_equal(vqg_ledger_take(&w->ledger, &done), VQG_V_USED_JUMP);
    assert_true(vqg_ledger_needs_reset(&w->ledger));
    world_free(w);
}

static void u8_the_ledger_loads_used_index_and_elements_and_stores_nothing(void **state)
{
    struct world *w = world_new(8, VQG_F_EVENT_IDX);
    uint32_t i;
    (void)state;
    world_start_ledger(w);
    for (i = 0; i < 70000u; i++) {
        publish(w, (uint16_t)(i % 7u), 2, 8, i % COOKIES);
        complete(w, i % 7u, i % 9u);
        test_port_reset();
        assert_ptr_equal(ledger_take(w).cookie, cookie(i % COOKIES));
        assert_int_equal(test_port.loads, 3);
        assert_ledger_empty(w);
        assert_int_equal(test_port.loads, 4);
        assert_int_equal(test_port.stores, 0);
        assert_int_equal(test_port.fences, 0);
    }
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(u8_a_publish_that_is_refused_leaves_the_links_of_a_freed_chain),
    cmocka_unit_test(f5_the_ledger_tells_that_it_is_latched_and_what_it_counted),
    cmocka_unit_test(a_chain_is_published_taken_and_walked_in_either_byte_order),
    cmocka_unit_test(next_of_an_id_out_of_range_is_the_id),
    cmocka_unit_test(a_chain_that_cannot_be_published_changes_nothing),
    cmocka_unit_test(null_arguments_and_bad_set_ups_are_named),
    cmocka_unit_test(set_up_rules_hold_for_a_ledger_too),
    cmocka_unit_test(u1_index_beyond_the_published_chains_latches_the_ledger),
    cmocka_unit_test(u2_id_out_of_range_latches_the_ledger),
    cmocka_unit_test(u3_id_that_is_not_a_published_head_latches_the_ledger),
    cmocka_unit_test(u5_length_beyond_the_writable_bytes_latches_the_ledger),
    cmocka_unit_test(a_least_beyond_the_writable_bytes_is_refused_by_publish),
    cmocka_unit_test(u6_length_below_the_policys_least_latches_the_ledger),
    cmocka_unit_test(u8_the_ledger_loads_used_index_and_elements_and_stores_nothing),
};

TEST_MAIN(tests)
