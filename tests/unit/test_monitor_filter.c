/* SPDX-License-Identifier: MIT */
/**
 * @file test_monitor_filter.c
 * @brief What a filter is asked, when, and what becomes of its answers.
 */
#include "monitor_util.h"

enum answer { PASS, ADD, AT_ONCE, REFUSE, GIVE_UP, EMPTY_SEGMENT };

/* A filter that does as it is told and writes down what it was asked. */
struct script {
    enum answer answer;
    uint32_t report; /* UINT32_MAX: what came */
    unsigned downs;
    unsigned ups;
    uint32_t capacity;
    uint32_t len;
    bool failed;
    const struct vqg_job *job; /* of the latest call */
};

static enum vqg_status down(void *context, struct vqg_job *job, struct vqg_seg *shadow, uint32_t capacity,
                            uint32_t *count)
{
    struct script *f = context;
    uint32_t n = 0;
    uint32_t i;
    f->downs++;
    f->capacity = capacity;
    f->job = job;
    assert_int_equal(*count, 0);
    assert_ptr_equal(job->chain.owner_, &job->client->device);
    if (f->answer == AT_ONCE) {
        return VQG_OK;
    }
    VQG_REQUIRE(&job->client->device.judge.guard, f->answer != REFUSE, MINIMUM_SIZE, 5, 6, 7);
    VQG_EXPECT_(f->answer != GIVE_UP, VQG_BAD_SEGMENT);
    if (f->answer == ADD) {
        memcpy(job->scratch, "header", 6);
        shadow[n] = vqg_out(NULL, 6);
        shadow[n++].addr = job->scratch_bus;
    }
    for (i = 0; i < job->chain.count; i++) {
        shadow[n] = job->chain.seg[i];
        shadow[n++].addr = job->chain.seg[i].bus;
    }
    if (f->answer == ADD) {
        shadow[n] = vqg_in(NULL, 1);
        shadow[n++].addr = job->scratch_bus + VQG_JOB_SCRATCH - 1u;
    }
    if (f->answer == EMPTY_SEGMENT) {
        shadow[0].len = 0;
    }
    assert_true(n <= capacity);
    *count = n;
    return VQG_OK;
}

static uint32_t up(void *context, struct vqg_job *job, uint32_t len, bool failed)
{
    struct script *f = context;
    f->ups++;
    f->len = len;
    f->failed = failed;
    f->job = job;
    assert_ptr_equal(job->chain.owner_, &job->client->device);
    return f->report == UINT32_MAX ? len : f->report;
}

static struct script script;
static const struct vqg_filter filter = {down, up, &script};

static struct site *filtered(enum answer answer, uint32_t report, enum vqg_chain_policy chain, uint64_t features)
{
    struct site *s = site_new(2);
    memset(&script, 0, sizeof script);
    script.answer = answer;
    script.report = report;
    s->features = VQG_F_INDIRECT_DESC;
    s->side[0].filter = &filter;
    s->side[0].io = true;
    s->side[0].features = features;
    s->side[0].policy.chain = chain;
    s->side[0].policy.zero = VQG_ZERO_SKIP;
    site_start(s);
    return s;
}

/* It was asked once more each way. */
static void assert_asked(unsigned downs, unsigned ups, uint32_t len, bool failed)
{
    assert_int_equal(script.downs, downs);
    assert_int_equal(script.ups, ups);
    if (ups != 0u) {
        assert_int_equal(script.len, len);
        assert_int_equal(script.failed, failed);
    }
}

static void adds_segments_of_the_monitors_memory(void **state)
{
    struct site *s = filtered(ADD, 3, VQG_CHAIN_LATCH, 0);
    const struct vqg_seg *seg = s->chain[0].seg;
    unsigned char header[6];
    (void)state;
    site_post(s, 0, 2, 2, 1);
    site_pump(s, 8, 1, 0);
    assert_asked(1, 0, 0, false);
    assert_int_equal(script.capacity, 6);
    site_serves(s, 0);
    assert_int_equal(s->chain[0].count, 6);
    assert_int_equal(seg[0].addr, script.job->scratch_bus);
    assert_int_equal(seg[0].len, 6);
    assert_int_equal(seg[1].addr, side_bus(s, 0, 256));
    assert_int_equal(seg[4].addr, side_bus(s, 0, 256 + 3 * PART_BYTES));
    assert_int_equal(seg[5].addr, script.job->scratch_bus + VQG_JOB_SCRATCH - 1u);
    assert_true(seg[5].write);
    assert_st(vqg_chain_read(&s->chain[0], 0, header, 6), VQG_OK);
    assert_memory_equal(header, "header", 6);
    site_returns(s, 0, 129);
    site_pump(s, 8, 0, 1);
    assert_asked(1, 1, 129, false);
    site_takes(s, 0, 1, 3);
    site_idle(s, 0, true);
    site_free(s);
}

static void answered_at_once_does_not_reach_the_device(void **state)
{
    struct site *s = filtered(AT_ONCE, 9, VQG_CHAIN_LATCH, 0);
    (void)state;
    site_post(s, 0, 1, 1, 1);
    site_post(s, 0, 1, 1, 2);
    site_pump(s, 8, 0, 0);
    assert_asked(2, 2, 0, false);
    assert_int_equal(s->moved.refused, 0);
    assert_false(s->moved.kick);
    assert_true(vqg_client_interrupt(&s->client[0]));
    site_takes(s, 0, 1, 9);
    site_takes(s, 0, 2, 9);
    site_serves_none(s);
    site_idle(s, 0, true);
    site_free(s);
}

static void chain_without_bytes_is_the_filters_business_too(void **state)
{
    struct site *s = filtered(AT_ONCE, 0, VQG_CHAIN_LATCH, 0);
    unsigned char *memory = s->side[0].memory;
    (void)state;
    /* A head with flags 0, an address, and no length. */
    memory[s->side[0].avail + 2u] = 1;
    site_pump(s, 8, 0, 0);
    assert_asked(1, 1, 0, false);
    assert_int_equal(script.job->chain.count, 0);
    assert_int_equal(memory[s->side[0].used + 2u], 1);
    site_idle(s, 0, true);
    site_free(s);
}

static void refusal_latches_the_client_alone(void **state)
{
    struct site *s = filtered(REFUSE, 0, VQG_CHAIN_LATCH, 0);
    (void)state;
    site_post(s, 0, 1, 1, 1);
    site_post(s, 0, 1, 1, 2);
    site_post(s, 1, 1, 1, 3);
    site_pump(s, 8, 1, 0);
    assert_int_equal(s->moved.refused, 1);
    assert_asked(1, 1, 0, true);
    assert_violation(vqg_device_violation(&s->client[0].device), VQG_V_MINIMUM_SIZE, VQG_RULE_MINIMUM_SIZE, 5, 6, 7);
    assert_true(vqg_device_needs_reset(&s->client[0].device));
    site_takes_none(s, 0);
    site_idle(s, 0, true);
    site_serves(s, 0);
    assert_is_post(s, 0, 1, 1, 1, 3);
    script.answer = PASS;
    script.report = UINT32_MAX;
    vqg_client_reset(&s->client[0]);
    site_revive(s, 0);
    site_post(s, 0, 1, 1, 4);
    site_pump(s, 8, 1, 0);
    site_serves(s, 1);
    assert_is_post(s, 1, 0, 1, 1, 4);
    site_free(s);
}

static void refused_chain_is_dropped_where_that_is_the_policy(void **state)
{
    struct site *s = filtered(REFUSE, 1, VQG_CHAIN_DROP, 0);
    (void)state;
    site_post(s, 0, 1, 1, 1);
    site_pump(s, 8, 0, 0);
    assert_int_equal(s->moved.refused, 1);
    assert_asked(1, 1, 0, true);
    assert_violation(vqg_device_violation(&s->client[0].device), VQG_V_MINIMUM_SIZE, VQG_RULE_MINIMUM_SIZE, 5, 6, 7);
    assert_false(vqg_device_needs_reset(&s->client[0].device));
    site_takes(s, 0, 1, 1); /* the byte that says so */
    script.answer = GIVE_UP;
    script.report = 0;
    site_post(s, 0, 1, 1, 2);
    site_pump(s, 8, 0, 0);
    assert_int_equal(s->moved.refused, 1);
    assert_asked(2, 2, 0, true);
    site_takes(s, 0, 2, 0);
    site_idle(s, 0, true);
    script.answer = PASS;
    script.report = UINT32_MAX;
    site_round(s, 0, 3);
    site_free(s);
}

static void segments_that_cannot_be_are_refused(void **state)
{
    struct site *s = filtered(EMPTY_SEGMENT, 0, VQG_CHAIN_LATCH, 0);
    (void)state;
    site_post(s, 0, 1, 1, 1);
    site_pump(s, 8, 0, 0);
    assert_int_equal(s->moved.refused, 1);
    assert_asked(1, 1, 0, true);
    assert_false(s->monitor.full_);
    assert_false(vqg_device_needs_reset(&s->client[0].device));
    site_takes(s, 0, 1, 0);
    site_idle(s, 0, true);
    site_free(s);
}

static void report_beyond_the_writable_bytes_is_none(void **state)
{
    static const uint64_t orders[] = {0, VQG_F_IN_ORDER};
    unsigned i;
    (void)state;
    for (i = 0; i < 2u; i++) {
        struct site *s = filtered(AT_ONCE, 2u * PART_BYTES, VQG_CHAIN_LATCH, orders[i]);
        site_post(s, 0, 1, 2, 1);
        site_pump(s, 8, 0, 0);
        site_takes(s, 0, 1, 2u * PART_BYTES);
        script.report = 2u * PART_BYTES + 1u;
        site_post(s, 0, 1, 2, 2);
        site_pump(s, 8, 0, 0);
        site_takes(s, 0, 2, 0);
        assert_false(vqg_device_needs_reset(&s->client[0].device));
        site_idle(s, 0, true);
        site_free(s);
    }
}

static void device_that_is_reset_failed(void **state)
{
    struct site *s = filtered(PASS, UINT32_MAX, VQG_CHAIN_LATCH, 0);
    (void)state;
    site_post(s, 0, 1, 1, 1);
    site_pump(s, 8, 1, 0);
    assert_st(vqg_monitor_reset(&s->monitor), VQG_OK);
    assert_asked(1, 0, 0, false);
    assert_st(vqg_monitor_reset_acked(&s->monitor), VQG_OK);
    assert_asked(1, 1, 0, true);
    assert_true(vqg_client_interrupt(&s->client[0]));
    site_takes(s, 0, 1, 0);
    site_idle(s, 0, true);
    site_free(s);
}

/* Whatever the device says about it then: nobody waits for it any more. */
static void client_that_was_reset_or_latched_failed(void **state)
{
    unsigned latched;
    (void)state;
    for (latched = 0; latched < 2u; latched++) {
        struct site *s = filtered(PASS, UINT32_MAX, VQG_CHAIN_LATCH, 0);
        site_post(s, 0, 1, 1, 1);
        site_pump(s, 8, 1, 0);
        site_serves(s, 0);
        if (latched != 0u) {
            assert_st(vqg_device_hint(&s->client[0].device, 100), VQG_V_NOTIFY_HINT);
        } else {
            vqg_client_reset(&s->client[0]);
        }
        assert_asked(1, 0, 0, false);
        site_returns(s, 0, 64);
        site_pump(s, 8, 0, 1);
        assert_asked(1, 1, 0, true);
        site_takes_none(s, 0);
        site_idle(s, 0, latched != 0u);
        site_free(s);
    }
}

static void held_chain_of_a_client_that_is_reset_failed_at_once(void **state)
{
    struct site *s = filtered(PASS, UINT32_MAX, VQG_CHAIN_LATCH, 0);
    (void)state;
    site_post(s, 0, 1, 1, 1);
    s->monitor.driver.free_count = 0; /* as if others had it */
    site_pump(s, 8, 0, 0);
    assert_non_null(s->client[0].held_);
    assert_asked(1, 0, 0, false);
    vqg_client_reset(&s->client[0]);
    assert_asked(1, 1, 0, true);
    site_idle(s, 0, false);
    site_free(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(adds_segments_of_the_monitors_memory),
    cmocka_unit_test(answered_at_once_does_not_reach_the_device),
    cmocka_unit_test(chain_without_bytes_is_the_filters_business_too),
    cmocka_unit_test(refusal_latches_the_client_alone),
    cmocka_unit_test(refused_chain_is_dropped_where_that_is_the_policy),
    cmocka_unit_test(segments_that_cannot_be_are_refused),
    cmocka_unit_test(report_beyond_the_writable_bytes_is_none),
    cmocka_unit_test(device_that_is_reset_failed),
    cmocka_unit_test(client_that_was_reset_or_latched_failed),
    cmocka_unit_test(held_chain_of_a_client_that_is_reset_failed_at_once),
};

TEST_MAIN(tests)
