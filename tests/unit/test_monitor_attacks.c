/* SPDX-License-Identifier: MIT */
/**
 * @file test_monitor_attacks.c
 * @brief Every attack on a running device, made by a monitor's client: the device behind the monitor sees nothing of it.
 */
#include "play.h"
#include "runner.h"

#include <string.h>

/* A monitor whose client has the endpoint that the attack is made on; the device's queue is in memory of its own. */
struct behind {
    struct vqg_monitor monitor;
    struct vqg_client client;
    struct vqg_job jobs[2];
    struct vqg_seg segs[2 * ATTACK_SIZE + ATTACK_SIZE + VQG_FILTER_EXTRA];
    struct vqg_slot slots[16];
    _Alignas(16) unsigned char desc[256];
    _Alignas(16) unsigned char avail[38];
    _Alignas(16) unsigned char used[134];
};

static void begin(struct behind *b, const struct play *p)
{
    struct vqg_client_memory m = {b->jobs, 2, b->segs, ATTACK_SIZE, NULL, 0};
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_queue q;
    memset(b, 0, sizeof *b);
    memset(&q, 0, sizeof q);
    q.size = 16;
    q.features = VQG_F_VERSION_1;
    q.desc = b->desc;
    q.avail = b->avail;
    q.used = b->used;
    assert_int_equal(vqg_driver_init(&b->monitor.driver, &q, &policy, b->slots, 16), VQG_OK);
    assert_int_equal(vqg_client_init(&b->client, &m, NULL), VQG_OK);
    b->client.device = p->world->device;
    b->client.device.asked.max_elements = ATTACK_SIZE;
    assert_int_equal(vqg_monitor_init(&b->monitor, &b->client, 1), VQG_OK);
}

static void assert_stopped_in_front(const struct attack *a, bool packed)
{
    static struct behind b;
    struct vqg_moved moved;
    struct play p;
    uint32_t stopped = vqg_is_violation(a->status) ? 1u : 0u;
    uint32_t passed = a->status == VQG_OK ? 1u : 0u; /* and it has no effect */
    play_begin(&p, a, false, packed);
    play_write(&p);
    begin(&b, &p);
    assert_int_equal(vqg_monitor_pump(&b.monitor, 8, &moved), VQG_OK);
    assert_int_equal(moved.refused, stopped);
    assert_int_equal(moved.down, passed);
    assert_int_equal(b.avail[2], passed);
    assert_int_equal(vqg_device_needs_reset(&b.client.device), stopped);
    assert_string_equal(vqg_rule_name(vqg_device_violation(&b.client.device)->rule),
                        vqg_rule_name(stopped != 0u ? a->rule : VQG_RULE_NONE));
    assert_int_equal(vqg_driver_free(&b.monitor.driver), 16u - passed * stage_descriptors(a));
    /* It is told, and comes to nothing. */
    assert_int_equal(vqg_monitor_pump(&b.monitor, 8, &moved), VQG_OK);
    assert_int_equal(moved.refused + moved.down, 0);
    play_end(&p);
}

static void attacks_of_a_client_end_at_the_monitor(void **state)
{
    unsigned played = 0;
    size_t t;
    size_t i;
    unsigned packed;
    (void)state;
    for (t = 0; t < ATTACK_TABLES; t++) {
        for (i = 0; !attack_tables[t]->on_driver && i < attack_tables[t]->count; i++) {
            for (packed = 0; packed < 2u; packed++) {
                const struct attack *a = &attack_tables[t]->attacks[i];
                if (a->when == WHEN_POSTED && attack_is_playable(a, packed != 0u)) {
                    assert_stopped_in_front(a, packed != 0u);
                    played++;
                }
            }
        }
    }
    assert_true(played >= 60u);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(attacks_of_a_client_end_at_the_monitor),
};

TEST_MAIN(tests)
