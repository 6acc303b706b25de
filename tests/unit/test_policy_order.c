/* SPDX-License-Identifier: MIT */
/**
 * @file test_policy_order.c
 * @brief policy.h and shared.h as they come: a build without queues of the other byte order refuses them (Q11).
 *
 * The other tests are built with VQG_CONFIG_CROSS_ENDIAN.
 */
#undef VQG_CONFIG_CROSS_ENDIAN
#include "device_util.h"

static void q11_default_build_knows_the_hosts_and_the_specifications_order(void **state)
{
    (void)state;
    assert_int_equal(VQG_CONFIG_CROSS_ENDIAN, 0);
    assert_int_equal(VQG_BOTH_ORDERS_ != 0, VQG_PORT_BIG_ENDIAN != 0);
}

static void q11_big_endian_queue_is_refused_unless_the_host_is_so(void **state)
{
    enum vqg_status expected = VQG_PORT_BIG_ENDIAN != 0 ? VQG_OK : VQG_BAD_BYTE_ORDER;
    struct world *w = world_new(8, 0);
    (void)state;
    make_big(w);
    assert_status(vqg_device_init(&w->device, &w->queue, &w->policy, &w->lookup, w->slots, w->nslots), expected);
    assert_int_equal(w->device.judge.guard.state, expected == VQG_OK ? VQG_STATE_LIVE : VQG_STATE_OFF);
    assert_status(vqg_driver_init(&w->driver, &w->queue, &w->policy, w->slots, w->nslots), expected);
    assert_status(vqg_ledger_init(&w->ledger, &w->queue, &w->policy, w->slots, w->nslots), expected);
    world_free(w);
}

static void q11_default_build_serves_little_endian_queues(void **state)
{
    static const enum vqg_byte_order orders[] = {VQG_ORDER_AUTO, VQG_ORDER_LITTLE, VQG_ORDER_LITTLE};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(orders); i++) {
        struct world *w = world_new(8, 0);
        if (i == 2u) { /* a legacy one */
            w->policy = vqg_profile_spec();
            w->queue.features &= ~VQG_F_VERSION_1;
        }
        w->queue.order = orders[i];
        world_start_device(w);
        assert_false(vqg_shared_is_big_(w->device.ring.own));
        assert_int_equal(vqg_shared_swaps_(w->device.ring.own), VQG_PORT_BIG_ENDIAN != 0);
        assert_serves(w);
        world_free(w);
    }
}

static void q11_handle_that_says_big_is_none_in_a_build_without(void **state)
{
    unsigned char bytes[8] = {0};
    (void)state;
    assert_int_equal(vqg_shared_is_big_(vqg_shared_at(bytes, true)), VQG_PORT_BIG_ENDIAN != 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(q11_default_build_knows_the_hosts_and_the_specifications_order),
    cmocka_unit_test(q11_big_endian_queue_is_refused_unless_the_host_is_so),
    cmocka_unit_test(q11_default_build_serves_little_endian_queues),
    cmocka_unit_test(q11_handle_that_says_big_is_none_in_a_build_without),
};
TEST_MAIN(tests)
