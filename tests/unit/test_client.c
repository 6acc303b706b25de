/* SPDX-License-Identifier: MIT */
/**
 * @file test_client.c
 * @brief A client's set-up, its reset, and capabilities that are withdrawn from it (M3).
 */
#include "monitor_util.h"

static void numbers_say_how_much_memory_it_takes(void **state)
{
    (void)state;
    assert_int_equal(vqg_client_segs(1, 1), 1 + 1 + 2);
    assert_int_equal(vqg_client_segs(6, 4), 24 + 4 + 2);
    assert_int_equal(vqg_client_segs(32768, 32768), 0x40000000 + 32768 + 2);
    assert_true(vqg_client_segs(UINT32_MAX, 32768) == (uint64_t)UINT32_MAX * 32768u + 32770u);
    assert_int_equal(VQG_JOB_SCRATCH % 16u, 0);
    assert_int_equal(vqg_job_io_bytes(1), 48 + 3 * 16);
    assert_int_equal(vqg_job_io_bytes(32768), 48 + 32770 * 16);
}

#define JOB_IO (VQG_JOB_SCRATCH + 5u * 16u) /* a table of 3 segments and a filter's 2 */

/* What is set up by arguments that are right but for one. */
struct set_up {
    struct vqg_client client;
    struct vqg_client_memory memory;
    struct vqg_job jobs[2];
    struct vqg_seg segs[12]; /* two chains of 3 segments, and 5 for the device */
    _Alignas(16) unsigned char io[2 * JOB_IO + 16];
};

static enum vqg_status none_down(void *context, struct vqg_job *job, struct vqg_seg *shadow, uint32_t capacity,
                                 uint32_t *count)
{
    (void)context;
    (void)job;
    (void)shadow;
    (void)capacity;
    *count = 0;
    return VQG_OK;
}

static uint32_t none_up(void *context, struct vqg_job *job, uint32_t len, bool failed)
{
    (void)context;
    (void)job;
    (void)failed;
    return len;
}

static const struct vqg_filter none = {none_down, none_up, NULL};

static struct set_up *set_up(void)
{
    static struct set_up u;
    memset(&u, 1, sizeof u); /* no pointer is null, and everything holds */
    u.memory.jobs = u.jobs;
    u.memory.njobs = 2;
    u.memory.segs = u.segs;
    u.memory.segments = 3;
    u.memory.io = u.io;
    u.memory.io_bus = 0x9000;
    return &u;
}

static void assert_init(struct set_up *u, const struct vqg_filter *filter, enum vqg_status want)
{
    struct set_up before = *u;
    assert_st(vqg_client_init(&u->client, &u->memory, filter), want);
    if (want != VQG_OK) {
        assert_memory_equal(&before, u, sizeof before);
    }
}

static void arguments_that_cannot_be_are_refused(void **state)
{
    struct set_up *u = set_up();
    (void)state;
    assert_st(vqg_client_init(NULL, &u->memory, NULL), VQG_BAD_ENDPOINT);
    assert_st(vqg_client_init(&u->client, NULL, NULL), VQG_BAD_CHAIN);
    u->memory.jobs = NULL;
    assert_init(u, NULL, VQG_BAD_CHAIN);
    u = set_up();
    u->memory.njobs = 0;
    assert_init(u, NULL, VQG_BAD_CHAIN);
    u = set_up();
    u->memory.segs = NULL;
    assert_init(u, NULL, VQG_BAD_CHAIN);
    u = set_up();
    u->memory.segments = 0;
    assert_init(u, NULL, VQG_BAD_CHAIN);
    u->memory.segments = 32769;
    assert_init(u, NULL, VQG_BAD_CHAIN);
    u = set_up();
    u->memory.io = u->io + 8;
    assert_init(u, NULL, VQG_BAD_TABLE);
    u = set_up();
    u->memory.io_bus = UINT64_MAX - 2u * JOB_IO + 2u;
    assert_init(u, NULL, VQG_BAD_TABLE);
    u->memory.io_bus--;
    assert_init(u, NULL, VQG_OK);
    u = set_up();
    u->memory.io = NULL;
    assert_init(u, &none, VQG_BAD_TABLE);
    u->memory.io_bus = UINT64_MAX;
    assert_init(u, NULL, VQG_OK);
}

static void longest_chain_there_is(void **state)
{
    struct set_up *u = set_up();
    struct vqg_seg *segs = calloc(32768u * 2u + 2u, sizeof *segs);
    (void)state;
    assert_non_null(segs);
    u->memory.segs = segs;
    u->memory.njobs = 1;
    u->memory.segments = 32768;
    u->memory.io = NULL;
    assert_init(u, NULL, VQG_OK);
    assert_int_equal(u->jobs[0].chain.capacity, 32768);
    assert_ptr_equal(u->client.shadow_, segs + 32768);
    free(segs);
}

static void every_job_has_its_own_memory(void **state)
{
    struct set_up *u = set_up();
    uint32_t i;
    (void)state;
    assert_init(u, &none, VQG_OK);
    for (i = 0; i < 2u; i++) {
        const struct vqg_job *job = &u->jobs[i];
        assert_ptr_equal(job->chain.seg, &u->segs[3u * i]);
        assert_int_equal(job->chain.capacity, 3);
        assert_null(job->chain.owner_);
        assert_ptr_equal(job->client, &u->client);
        assert_ptr_equal(job->scratch, u->io + JOB_IO * i);
        assert_int_equal(job->scratch_bus, 0x9000u + JOB_IO * i);
        assert_ptr_equal(job->table_, u->io + JOB_IO * i + VQG_JOB_SCRATCH);
        assert_int_equal(job->note[0], 0);
        assert_int_equal(job->note[1], 0);
        assert_int_equal(job->written_, 0);
        assert_false(job->waits_);
    }
    assert_ptr_equal(u->client.free_, &u->jobs[0]);
    assert_ptr_equal(u->jobs[0].next_, &u->jobs[1]);
    assert_null(u->jobs[1].next_);
    assert_null(u->client.held_);
    assert_ptr_equal(u->client.shadow_, &u->segs[6]);
    assert_int_equal(u->client.shadow_count_, 0);
    assert_int_equal(u->client.waiting_, 0);
    assert_false(u->client.full_);
    assert_false(u->client.interrupt_);
    assert_ptr_equal(u->client.filter_, &none);
    assert_memory_equal(&u->client.memory_, &u->memory, sizeof u->memory);
    u->memory.io = NULL;
    assert_init(u, NULL, VQG_OK);
    assert_null(u->jobs[1].scratch);
    assert_null(u->jobs[1].table_);
    assert_null(u->client.filter_);
}

/* Its second capability, from half of the data on, becomes nothing. */
static enum vqg_status revoke(struct site *s, uint32_t i)
{
    struct vqg_cap nothing = s->side[i].caps[1];
    nothing.rights = 0;
    return vqg_cap_table_replace(&s->side[i].table, 1, &nothing);
}

#define SECOND (SIDE_DATA / 2u) /* offset in the data of what the second capability covers */

static void m3_range_in_flight_is_busy_until_the_device_returns_it(void **state)
{
    struct site *s = site_live(1);
    struct vqg_client *c = &s->client[0];
    (void)state;
    assert_st(vqg_client_withdraw(NULL, 0, 1, true), VQG_BAD_ENDPOINT);
    assert_st(vqg_client_withdraw(c, side_addr(s, 0, SECOND), SECOND, true), VQG_OK);
    assert_st(site_try(s, 0, SECOND, 1, 1, 1), VQG_OK);
    site_pump(s, 8, 1, 0);
    assert_st(vqg_client_withdraw(c, side_addr(s, 0, 0), SECOND, false), VQG_OK);
    assert_st(vqg_client_withdraw(c, side_addr(s, 0, SECOND), SECOND, false), VQG_BUSY);
    assert_st(vqg_client_withdraw(c, side_addr(s, 0, SECOND + 127u), 1, false), VQG_BUSY);
    assert_st(vqg_client_withdraw(c, side_addr(s, 0, SECOND + 128u), 1, false), VQG_OK);
    assert_st(vqg_client_withdraw(c, SIDE_BASE + s->side[0].used, 1, false), VQG_BUSY);
    assert_st(revoke(s, 0), VQG_BUSY);
    site_serves(s, 0);
    site_returns(s, 0, 1);
    assert_st(vqg_client_withdraw(c, side_addr(s, 0, SECOND), SECOND, false), VQG_BUSY);
    site_pump(s, 8, 0, 1);
    assert_st(vqg_client_withdraw(c, side_addr(s, 0, SECOND), SECOND, false), VQG_OK);
    assert_st(revoke(s, 0), VQG_OK);
    /* And what it lends there from now on is refused. */
    assert_st(site_try(s, 0, SECOND, 1, 1, 2), VQG_OK);
    site_pump(s, 8, 0, 0);
    assert_int_equal(s->moved.refused, 1);
    assert_violation(vqg_device_violation(&c->device), VQG_V_CAPABILITY, VQG_RULE_CAPABILITY, 0,
                     side_addr(s, 0, SECOND), PART_BYTES);
    site_free(s);
}

static void m3_force_ends_a_client_that_would_go_on_lending(void **state)
{
    struct site *s = site_live(2);
    struct vqg_client *c = &s->client[0];
    uint32_t generation = c->device.judge.guard.generation;
    (void)state;
    site_post(s, 0, 1, 1, 1);
    assert_st(site_try(s, 0, SECOND, 1, 1, 2), VQG_OK);
    site_post(s, 1, 1, 1, 3);
    site_pump(s, 8, 3, 0);
    /* Where it lends nothing, it is left alone. */
    assert_st(vqg_client_withdraw(c, side_addr(s, 0, SECOND + 4096u - 256u), 256, true), VQG_OK);
    assert_int_equal(c->device.judge.guard.generation, generation);
    c->interrupt_ = true;
    assert_st(vqg_client_withdraw(c, side_addr(s, 0, SECOND), SECOND, true), VQG_BUSY);
    assert_int_equal(c->device.judge.guard.generation, generation + 1u);
    assert_int_equal(c->device.judge.guard.state, VQG_STATE_OFF);
    assert_false(vqg_client_interrupt(c));
    assert_false(vqg_client_is_drained(c));
    assert_st(vqg_client_withdraw(c, SIDE_BASE + s->side[0].used, 1, false), VQG_OK);
    assert_st(vqg_client_withdraw(c, side_addr(s, 0, SECOND), SECOND, true), VQG_BUSY);
    assert_st(revoke(s, 0), VQG_BUSY);
    site_serves(s, 1);
    site_serves(s, 2);
    site_serves(s, 3);
    /* In the order of their turns: the first and the second of client 0 with that of client 1 between them. */
    site_returns(s, 3, 1);
    site_pump(s, 8, 0, 1);
    assert_st(vqg_client_withdraw(c, side_addr(s, 0, SECOND), SECOND, false), VQG_OK);
    assert_st(revoke(s, 0), VQG_OK);
    assert_false(vqg_client_is_drained(c));
    site_returns(s, 1, 1);
    site_returns(s, 2, 1);
    site_pump(s, 8, 0, 2);
    assert_true(vqg_client_is_drained(c));
    assert_int_equal(c->device.judge.guard.generation, generation + 1u);
    site_takes_none(s, 0);
    site_takes(s, 1, 3, 1);
    site_idle(s, 0, false);
    site_revive(s, 0);
    site_round(s, 0, 4);
    site_free(s);
}

static void m3_chain_that_waits_for_room_is_in_flight(void **state)
{
    struct site *s = site_new(1);
    (void)state;
    s->size = 2;
    s->side[0].segments = 2;
    site_start(s);
    site_post(s, 0, 1, 1, 1);
    assert_st(site_try(s, 0, SECOND, 1, 1, 2), VQG_OK);
    site_pump(s, 8, 1, 0);
    assert_non_null(s->client[0].held_);
    assert_st(vqg_client_withdraw(&s->client[0], side_addr(s, 0, SECOND), SECOND, false), VQG_BUSY);
    assert_st(revoke(s, 0), VQG_BUSY);
    /* The device never saw it: by force it is free at once. */
    assert_st(vqg_client_withdraw(&s->client[0], side_addr(s, 0, SECOND), SECOND, true), VQG_OK);
    assert_null(s->client[0].held_);
    assert_st(revoke(s, 0), VQG_OK);
    assert_int_equal(site_busy(s, 0), 1);
    site_free(s);
}

static void interrupt_is_told_once(void **state)
{
    struct site *s = site_live(2);
    (void)state;
    site_post(s, 0, 0, 1, 1);
    site_pump(s, 8, 1, 0);
    assert_false(vqg_client_interrupt(&s->client[0]));
    site_serves(s, 0);
    site_returns(s, 0, 1);
    site_pump(s, 8, 0, 1);
    /* A pump that has nothing new does not take it back. */
    site_pump(s, 8, 0, 0);
    assert_false(vqg_client_interrupt(&s->client[1]));
    assert_true(vqg_client_interrupt(&s->client[0]));
    assert_false(vqg_client_interrupt(&s->client[0]));
    site_takes(s, 0, 1, 1);
    /* A driver that asked for none gets none. */
    vqg_driver_callback_disable(&s->side[0].driver);
    site_round(s, 0, 2);
    assert_false(vqg_client_interrupt(&s->client[0]));
    site_free(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_say_how_much_memory_it_takes),
    cmocka_unit_test(arguments_that_cannot_be_are_refused),
    cmocka_unit_test(longest_chain_there_is),
    cmocka_unit_test(every_job_has_its_own_memory),
    cmocka_unit_test(m3_range_in_flight_is_busy_until_the_device_returns_it),
    cmocka_unit_test(m3_force_ends_a_client_that_would_go_on_lending),
    cmocka_unit_test(m3_chain_that_waits_for_room_is_in_flight),
    cmocka_unit_test(interrupt_is_told_once),
};

TEST_MAIN(tests)
