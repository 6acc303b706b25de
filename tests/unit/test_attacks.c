/* SPDX-License-Identifier: MIT */
/**
 * @file test_attacks.c
 * @brief Plays every attack of tests/attacks against the guarded endpoint: one test an attack, named after its rule.
 */
#include "play.h"
#include "runner.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Without the attacker's writes the same step succeeds: it is the writes that are refused. */
static void assert_honest_without_the_writes(const struct attack *a, bool on_driver, bool packed)
{
    struct play p;
    enum vqg_status st;
    play_begin(&p, a, on_driver, packed);
    st = play_strike(&p);
    if (a->when == WHEN_RESET) {
        assert_int_equal(st, VQG_DEAD);
    } else if (on_driver && (a->lent == a->returned || a->when == WHEN_RESTARTED)) {
        assert_int_equal(st, VQG_EMPTY);
    } else {
        assert_int_equal(st, VQG_OK);
        assert_true(play_is_honest(&p));
    }
    assert_int_equal(play_violation(&p)->rule, VQG_RULE_NONE);
    assert_true(a->when == WHEN_SET_UP || play_revive(&p));
    play_end(&p);
}

/* A violation latches: the same call again is refused without a look at shared memory. */
static void assert_latched(struct play *p)
{
    size_t accesses = test_port.count;
    assert_true(p->on_driver ? vqg_driver_needs_reset(&p->world->driver) : vqg_device_needs_reset(&p->world->device));
    if (p->on_driver) {
        assert_int_equal(vqg_driver_take(&p->world->driver, &p->done), VQG_DEAD);
    } else {
        assert_int_equal(vqg_device_pop(&p->world->device, &p->world->chain), VQG_DEAD);
    }
    assert_int_equal(test_port.count, accesses);
    assert_int_equal(play_violation(p)->count, 1);
}

static void assert_refused_and_unchanged(struct play *p, struct world_copy *before)
{
    const struct attack *a = p->attack;
    struct vqg_device device = p->world->device;
    if (a->when == WHEN_SET_UP) { /* the endpoint keeps policy and slots, and is off */
        assert_int_equal(device.judge.guard.state, VQG_STATE_OFF);
        memset(&p->world->device, 0, sizeof p->world->device);
    }
    world_assert_unchanged(p->world, before);
    p->world->device = device;
    if (vqg_is_violation(a->status) && a->rule != VQG_RULE_NOTIFY_QUEUE) { /* that one has no endpoint */
        assert_rule(play_violation(p), p->status, a->rule);
        assert_latched(p);
    }
}

static void assert_stopped(const struct attack *a, bool on_driver, bool packed)
{
    struct play_result whole;
    struct play p;
    assert_honest_without_the_writes(a, on_driver, packed);
    play_begin(&p, a, on_driver, packed);
    play_write(&p);
    if (a->status == VQG_OK) {
        assert_int_equal(play_strike(&p), VQG_OK);
        assert_true(play_is_honest(&p));
        assert_int_equal(play_violation(&p)->rule, VQG_RULE_NONE);
    } else {
        struct world_copy *before = world_copy(p.world);
        assert_string_equal(vqg_status_name(play_strike(&p)), vqg_status_name(a->status));
        assert_int_equal(p.status, a->status);
        assert_string_equal(vqg_rule_name(play_rule(&p)), vqg_rule_name(a->rule));
        assert_refused_and_unchanged(&p, before);
    }
    assert_true(play_revive(&p));
    play_end(&p);
    whole = play_attack(a, on_driver, packed); /* as the tools play it */
    assert_true(whole.stopped);
    assert_int_equal(whole.rule, a->rule);
}

static void attack_on_driver(void **state)
{
    assert_stopped(*state, true, false);
}

static void attack_on_device(void **state)
{
    assert_stopped(*state, false, false);
}

static void attack_on_packed_driver(void **state)
{
    assert_stopped(*state, true, true);
}

static void attack_on_packed_device(void **state)
{
    assert_stopped(*state, false, true);
}

static void every_attack_has_a_name_of_its_own_and_says_what_it_does(void **state)
{
    size_t t;
    size_t i;
    (void)state;
    assert_in_range(attacks_device_to_driver.count, 15, 100);
    assert_in_range(attacks_driver_to_device.count, 30, 100);
    for (t = 0; t < ATTACK_TABLES; t++) {
        for (i = 0; i < attack_tables[t]->count; i++) {
            const struct attack *a = &attack_tables[t]->attacks[i];
            const struct attack_table *in = NULL;
            assert_ptr_equal(attack_find(a->name, &in), a);
            assert_ptr_equal(in, attack_tables[t]);
            assert_true(strlen(a->deed) > 10u && strlen(a->harm) > 10u);
            assert_int_not_equal(a->rule, VQG_RULE_NONE);
            assert_int_not_equal(a->writes[0].where, AT_END);
        }
    }
}

#define MOST_TESTS 512u
static struct CMUnitTest tests[MOST_TESTS] = {
    cmocka_unit_test(every_attack_has_a_name_of_its_own_and_says_what_it_does),
};
static char names[MOST_TESTS][80];

/* One test an attack and format, "u2_id_of_32_ones": what is left of `tests` has no name and is skipped. */
static size_t add_test(size_t n, const struct attack *a, bool on_driver, bool packed)
{
    static const CMUnitTestFunction play[2][2] = {{attack_on_device, attack_on_driver},
                                                  {attack_on_packed_device, attack_on_packed_driver}};
    char *c;
    if (n == MOST_TESTS || !attack_is_playable(a, packed)) {
        return n;
    }
    c = names[n];
    (void)snprintf(c, sizeof names[n], "%s_%s%s", vqg_rule_id(a->rule), a->name, packed ? "_packed" : "");
    for (; *c != '\0'; c++) {
        *c = *c == '-' ? '_' : (char)tolower((unsigned char)*c);
    }
    tests[n].name = names[n];
    tests[n].test_func = play[packed][on_driver];
    tests[n].initial_state = (void *)(uintptr_t)a;
    return n + 1u;
}

__attribute__((constructor)) static void add_all_tests(void)
{
    size_t n = 1;
    size_t t;
    size_t i;
    for (t = 0; t < ATTACK_TABLES; t++) {
        for (i = 0; i < attack_tables[t]->count; i++) {
            n = add_test(n, &attack_tables[t]->attacks[i], attack_tables[t]->on_driver, false);
            n = add_test(n, &attack_tables[t]->attacks[i], attack_tables[t]->on_driver, true);
        }
    }
}

TEST_MAIN(tests)
