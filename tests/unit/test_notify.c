/* SPDX-License-Identifier: MIT */
/**
 * @file test_notify.c
 * @brief What a hostile driver writes to the notification register (N1, N2).
 */
#include "device_util.h"

static void n1_notification_for_a_queue_that_does_not_exist_is_refused(void **state)
{
    static const struct {
        uint32_t value;
        uint64_t features;
        uint32_t queues;
    } t[] = {{4, 0, 4},
             {5, 0, 4},
             {0x10000, 0, 4},
             {0x10001, 0, 0x10001},
             {UINT32_MAX, 0, 65536},
             {UINT32_MAX, 0, UINT32_MAX},
             {0, 0, 0},
             {4, VQG_F_NOTIFICATION_DATA, 4},
             {0xffff, VQG_F_NOTIFICATION_DATA, 4},
             {0x00030004, VQG_F_NOTIFICATION_DATA, 4},
             {0x00010000, VQG_F_NOTIFICATION_DATA, 0},
             {UINT32_MAX, VQG_F_NOTIFICATION_DATA, 0xffff}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct vqg_notification n = {77, 78, true};
        assert_status(vqg_notification_parse(t[i].value, t[i].features, t[i].queues, &n), VQG_V_NOTIFY_QUEUE);
        assert_int_equal(n.queue, 77);
        assert_int_equal(n.next, 78);
    }
}

static void n1_notification_names_a_queue_and_perhaps_a_position(void **state)
{
    static const struct {
        uint32_t value;
        uint64_t features;
        uint32_t queues;
        uint32_t queue;
        uint16_t next;
    } t[] = {{0, 0, 1, 0, 0},
             {3, 0, 4, 3, 0},
             {0x10000, 0, 0x10001, 0x10000, 0},
             {UINT32_MAX - 1u, 0, UINT32_MAX, UINT32_MAX - 1u, 0},
             {3, ~VQG_F_NOTIFICATION_DATA, 4, 3, 0},
             {3, VQG_F_NOTIFICATION_DATA, 4, 3, 0},
             {0xfffe0003, VQG_F_NOTIFICATION_DATA, 4, 3, 0xfffe},
             {0x0001ffff, VQG_F_NOTIFICATION_DATA, 65536, 65535, 1},
             {0xffff0000, VQG_F_NOTIFICATION_DATA, UINT32_MAX, 0, 0xffff}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct vqg_notification n = {77, 78, t[i].features == VQG_F_NOTIFICATION_DATA ? false : true};
        test_port_reset();
        assert_status(vqg_notification_parse(t[i].value, t[i].features, t[i].queues, &n), VQG_OK);
        assert_int_equal(n.queue, t[i].queue);
        assert_int_equal(n.next, t[i].next);
        assert_int_equal(n.has_next, t[i].features == VQG_F_NOTIFICATION_DATA);
        assert_int_equal(test_port.nospecs, 1);
    }
    assert_status(vqg_notification_parse(0, 0, 1, NULL), VQG_BAD_ENDPOINT);
}

/* A queue of 8 at `position` with `flying` chains of it in flight. */
static struct world *hinted(uint16_t position, uint16_t flying, struct pool *p)
{
    struct world *w = device_new(8, VQG_F_NOTIFICATION_DATA);
    uint16_t n;
    pool_init(p);
    device_at(w, position);
    for (n = 0; n < flying; n++) {
        plain(w, n);
        peer_make_available(w, (uint16_t)(position + n), n);
        assert_pops(w, &p->chain[n]);
    }
    test_port_reset();
    return w;
}

static const uint16_t positions[] = {0, 5, 100, 32766, 65530, 65535};

static void n2_position_that_no_driver_can_be_at_latches(void **state)
{
    uint16_t flying;
    size_t i;
    unsigned k;
    (void)state;
    for (i = 0; i < COUNT_OF(positions); i++) {
        for (flying = 0; flying <= 8u; flying++) {
            uint16_t last = (uint16_t)(positions[i] + flying);
            /* One beyond the room that is left, and as far ahead as it goes before it counts as behind. */
            const uint16_t bad[2] = {(uint16_t)(last + 8u - flying + 1u), (uint16_t)(last + 32767u)};
            for (k = 0; k < COUNT_OF(bad); k++) {
                struct pool p;
                struct world *w = hinted(positions[i], flying, &p);
                struct world_copy *before = world_copy(w);
                enum vqg_status st = vqg_device_hint(&w->device, bad[k]);
                assert_violation(vqg_device_violation(&w->device), st, VQG_RULE_NOTIFY_HINT, last, bad[k], 8);
                world_assert_unchanged(w, before);
                assert_int_equal(test_port.count, 0);
                assert_status(vqg_device_hint(&w->device, last), VQG_DEAD);
                restart(w);
                assert_status(vqg_device_hint(&w->device, 0), VQG_OK);
                assert_serves(w);
                world_free(w);
            }
        }
    }
}

static void n2_position_that_could_be_true_or_late_passes_and_is_not_used(void **state)
{
    uint16_t flying;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(positions); i++) {
        for (flying = 0; flying <= 8u; flying++) {
            struct pool p;
            struct world *w = hinted(positions[i], flying, &p);
            struct world_copy *before = world_copy(w);
            uint16_t last = (uint16_t)(positions[i] + flying);
            int k;
            for (k = -8; k <= 8 - (int)flying; k++) {
                assert_status(vqg_device_hint(&w->device, (uint16_t)((unsigned)last + (unsigned)k)), VQG_OK);
            }
            /* However late. */
            assert_status(vqg_device_hint(&w->device, (uint16_t)(last - 20u)), VQG_OK);
            assert_status(vqg_device_hint(&w->device, (uint16_t)(last - 32768u)), VQG_OK);
            assert_int_equal(test_port.count, 0);
            assert_int_equal(vqg_device_violation(&w->device)->rule, VQG_RULE_NONE);
            assert_status(vqg_device_pop(&w->device, &w->chain), VQG_EMPTY);
            world_assert_unchanged(w, before);
            world_free(w);
        }
    }
}

static void hint_names_the_endpoint_at_fault(void **state)
{
    struct world *w = world_new(8, 0);
    (void)state;
    assert_status(vqg_device_hint(NULL, 0), VQG_BAD_ENDPOINT);
    assert_status(vqg_device_hint(&w->device, 0), VQG_DEAD);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(n1_notification_for_a_queue_that_does_not_exist_is_refused),
    cmocka_unit_test(n1_notification_names_a_queue_and_perhaps_a_position),
    cmocka_unit_test(n2_position_that_no_driver_can_be_at_latches),
    cmocka_unit_test(n2_position_that_could_be_true_or_late_passes_and_is_not_used),
    cmocka_unit_test(hint_names_the_endpoint_at_fault),
};

TEST_MAIN(tests)
