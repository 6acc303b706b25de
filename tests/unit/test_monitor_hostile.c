/* SPDX-License-Identifier: MIT */
/**
 * @file test_monitor_hostile.c
 * @brief A client whose memory answers each load anew, beside an honest one; and odd chains that are allowed.
 */
#include "monitor_util.h"

struct adversary {
    struct site *s;
    uint64_t x;
};

static uint64_t dice(struct adversary *a)
{
    a->x ^= a->x << 13;
    a->x ^= a->x >> 7;
    a->x ^= a->x << 17;
    return a->x * 0x2545f4914f6cdd1du >> 16;
}

/* Of client 0's memory, one load of eight says something else than is there. */
static uint64_t answer(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    struct adversary *a = context;
    const struct side *c = &a->s->side[0];
    const volatile unsigned char *p = at;
    uint64_t r = dice(a);
    if (p < c->memory || p >= c->memory + c->bytes || r % 8u != 0u) {
        return value;
    }
    switch (r / 8u % 4u) {
    case 0:
        return value ^ (uint64_t)1 << r / 32u % (8u * bytes);
    case 1:
        return bytes < 8u ? value : SIDE_BASE + r / 32u % (c->bytes + 64u);
    case 2:
        return value + r / 32u % 4u;
    default:
        return bytes == 8u ? value ^ r / 32u % 0x10000u << 32u : r / 32u % 0x10000u >> (bytes == 1u ? 8u : 0u);
    }
}

static bool inside(const void *at, size_t bytes, const unsigned char *memory, uint64_t from, uint64_t to)
{
    const unsigned char *p = at;
    return p >= memory + from && p + bytes <= memory + to;
}

/* What the monitor stored: used rings (and of a packed queue, the ring), the device's queue, and tables for it. */
static void assert_stores(const struct site *s)
{
    size_t i;
    assert_true(test_port.count <= TEST_LOG_MAX);
    for (i = 0; i < test_port.count; i++) {
        const struct test_access *a = &test_port.log[i];
        const void *at = (const void *)(uintptr_t)a->at;
        bool fine = !a->store || inside(at, a->bytes, s->memory, 0, s->used);
        uint32_t k;
        for (k = 0; k < s->n; k++) {
            const struct side *c = &s->side[k];
            bool packed = (c->features & VQG_F_RING_PACKED) != 0u;
            fine = fine || inside(at, a->bytes, c->memory, c->used, c->used + 6u + 8u * (uint64_t)c->size) ||
                   (packed && inside(at, a->bytes, c->memory, 0, 16u * (uint64_t)c->size)) ||
                   inside(at, a->bytes, c->io_memory, 0, c->njobs * vqg_job_io_bytes(c->segments));
        }
        assert_true(fine);
    }
    test_port.count = 0;
}

static bool apart(uint64_t first, uint64_t last, uint64_t at, uint64_t bytes)
{
    return last < at || first >= at + bytes;
}

/* Bytes of a part that is an event structure in a packed queue. */
static uint64_t packed_or(const struct side *c, uint64_t split)
{
    return (c->features & VQG_F_RING_PACKED) != 0u ? 4u : split;
}

/* Each segment that the device has is one client's, with the right, and no part of its rings if it may be written. */
static void assert_covered(const struct site *s, const struct vqg_chain *c)
{
    uint32_t k;
    uint32_t owner = c->seg[0].addr >= SIDE_BUS(1) ? 1u : 0u;
    assert_true(c->count != 0u && c->count <= s->side[owner].segments);
    for (k = 0; k < c->count; k++) {
        const struct vqg_seg *seg = &c->seg[k];
        uint64_t first = seg->addr - SIDE_BUS(owner);
        uint64_t last = first + (seg->len - 1u);
        const struct side *side = &s->side[owner];
        assert_true(first <= last && last < side->bytes && seg->len != 0u);
        if (seg->write) {
            assert_true(last < side->data + SIDE_DATA / 2u);
            assert_true(apart(first, last, 0, 16u * (uint64_t)side->size) &&
                        apart(first, last, side->avail, packed_or(side, 6u + 2u * (uint64_t)side->size)) &&
                        apart(first, last, side->used, packed_or(side, 6u + 8u * (uint64_t)side->size)));
        }
    }
}

/* The device serves what it finds, and answers client 1 with its question and one more. */
static void serve(struct site *s)
{
    while (vqg_device_pop(&s->device, &s->chain[0]) == VQG_OK) {
        struct vqg_chain *c = &s->chain[0];
        assert_covered(s, c);
        if (c->seg[0].addr >= SIDE_BUS(1)) {
            unsigned char b = 0;
            assert_st(vqg_chain_read(c, 0, &b, 1), VQG_OK);
            b++;
            assert_st(vqg_chain_write(c, 0, &b, 1), VQG_OK);
        }
        assert_st(vqg_device_push(&s->device, c, c->writable), VQG_OK);
    }
    (void)vqg_device_notify(&s->device);
}

struct tally {
    unsigned refused, resets, down, honest;
};

static void turn(struct adversary *a, struct tally *t, uint32_t round)
{
    struct site *s = a->s;
    uint64_t offset = (uint64_t)round % 16u * 256u;
    uint64_t r = dice(a);
    struct vqg_done done;
    (void)site_try(s, 0, r % (SIDE_DATA / 2u), (uint32_t)(r >> 16) % 3u, 1u + (uint32_t)(r >> 24) % 2u, 1);
    *side_at(s, 1, offset) = (unsigned char)round;
    site_post(s, 1, 1, 1, round);
    test_port.count = 0;
    test_port.adversary = answer;
    test_port.context = a;
    assert_st(vqg_monitor_pump(&s->monitor, 4, &s->moved), VQG_OK);
    test_port.adversary = NULL;
    assert_stores(s);
    t->refused += s->moved.refused;
    t->down += s->moved.down;
    serve(s);
    test_port.count = 0;
    assert_st(vqg_monitor_pump(&s->monitor, 4, &s->moved), VQG_OK);
    t->refused += s->moved.refused;
    serve(s);
    if (vqg_driver_take(&s->side[1].driver, &done) != VQG_OK) {
        assert_st(vqg_monitor_pump(&s->monitor, 4, &s->moved), VQG_OK);
        t->refused += s->moved.refused;
        assert_st(vqg_driver_take(&s->side[1].driver, &done), VQG_OK);
    }
    assert_ptr_equal(done.cookie, cookie(round));
    assert_int_equal(done.len, PART_BYTES);
    assert_int_equal(*side_at(s, 1, offset + PART_BYTES), (unsigned char)(round + 1u));
    t->honest++;
    while (vqg_driver_take(&s->side[0].driver, &done) == VQG_OK) {
    }
    if (vqg_device_needs_reset(&s->client[0].device) || dice(a) % 16u == 0u) {
        vqg_client_reset(&s->client[0]);
        site_revive(s, 0);
        t->resets++;
    }
}

static void x1_answers_that_change_with_every_load_reach_nobody_else(void **state)
{
    struct tally t = {0, 0, 0, 0};
    uint32_t seed;
    (void)state;
    for (seed = 0; seed < 48u; seed++) {
        struct site *s = site_new(2);
        struct adversary a = {s, 0x9e3779b97f4a7c15u * (seed + 1u)};
        uint32_t round;
        s->features = VQG_F_INDIRECT_DESC | (seed % 3u == 0u ? VQG_F_RING_PACKED : 0u);
        s->side[0].io = seed % 5u != 0u;
        s->side[0].features = (seed % 2u != 0u ? VQG_F_RING_PACKED : 0u) | (seed % 7u == 0u ? VQG_F_IN_ORDER : 0u) |
                              VQG_F_INDIRECT_DESC;
        s->side[0].policy.chain = seed / 2u % 2u != 0u ? VQG_CHAIN_DROP : VQG_CHAIN_LATCH;
        s->side[0].policy.zero = VQG_ZERO_SKIP;
        s->side[0].policy.span = seed / 4u % 2u != 0u ? VQG_SPAN_SPLIT : VQG_SPAN_REFUSE;
        site_start(s);
        s->side[0].caps[1].rights = VQG_CAP_READ;
        for (round = 0; round < 400u; round++) {
            turn(&a, &t, round);
        }
        site_free(s);
    }
    assert_int_equal(t.honest, 48 * 400);
    /* The adversary was neither too crude nor too kind. */
    assert_true(t.refused > 3000u && t.resets > 3000u && t.down > 22000u);
}

static void buffer_over_two_capabilities_goes_down_as_two(void **state)
{
    struct site *s = site_new(1);
    (void)state;
    s->side[0].policy.span = VQG_SPAN_SPLIT;
    s->side[0].policy.chain = VQG_CHAIN_DROP;
    s->side[0].segments = 3;
    site_start(s);
    /* Two segments, of which the second lies half in one and half in the other. */
    assert_st(site_try(s, 0, SIDE_DATA / 2u - PART_BYTES * 3u / 2u, 0, 2, 1), VQG_OK);
    site_pump(s, 8, 1, 0);
    site_serves(s, 0);
    assert_int_equal(s->chain[0].count, 3);
    assert_int_equal(s->chain[0].seg[1].len, PART_BYTES / 2u);
    assert_int_equal(s->chain[0].seg[2].addr, side_bus(s, 0, SIDE_DATA / 2u));
    assert_int_equal(s->side[0].caps[1].pins, 1);
    site_returns(s, 0, 128);
    site_pump(s, 8, 0, 1);
    site_takes(s, 0, 1, 128);
    /* Three, and one of them twice: more than there is memory for. */
    assert_st(site_try(s, 0, SIDE_DATA / 2u - PART_BYTES * 3u / 2u, 0, 3, 2), VQG_OK);
    site_pump(s, 8, 0, 0);
    assert_int_equal(s->moved.refused, 1);
    assert_violation(vqg_device_violation(&s->client[0].device), VQG_V_QUOTA, VQG_RULE_QUOTA, 3, 4, 3);
    site_takes(s, 0, 2, 0);
    site_idle(s, 0, true);
    site_free(s);
}

static void chain_of_no_bytes_is_answered_here(void **state)
{
    struct site *s = site_new(1);
    unsigned char *m;
    (void)state;
    s->side[0].policy.zero = VQG_ZERO_SKIP;
    site_start(s);
    m = s->side[0].memory;
    /* Descriptor 3 alone: of no bytes, nowhere. */
    memset(m + 48, 0, 16);
    m[s->side[0].avail + 4u] = 3;
    m[s->side[0].avail + 2u] = 1;
    site_pump(s, 8, 0, 0);
    assert_int_equal(s->moved.refused, 0);
    assert_false(s->moved.kick);
    assert_int_equal(m[s->side[0].used + 2u], 1);
    assert_int_equal(m[s->side[0].used + 4u], 3);
    assert_int_equal(m[s->side[0].used + 8u], 0);
    assert_true(vqg_client_interrupt(&s->client[0]));
    site_idle(s, 0, true);
    site_free(s);
}

/* A client that goes on from a saved state: what was in flight is taken again first, and with IN_ORDER comes first. */
static void client_that_was_restored_goes_on(void **state)
{
    static const uint64_t orders[] = {0, VQG_F_IN_ORDER};
    unsigned i;
    (void)state;
    for (i = 0; i < 2u; i++) {
        struct site *s = site_new(1);
        uint16_t heads[4];
        struct vqg_device_state saved = {0, 0, heads, 4, 0};
        uint32_t k;
        s->side[0].features = orders[i];
        site_start(s);
        for (k = 1; k <= 3u; k++) {
            site_post(s, 0, 0, 1, k);
        }
        site_pump(s, 2, 2, 0);
        assert_st(vqg_device_save(&s->client[0].device, &saved), VQG_OK);
        assert_int_equal(saved.count, 2);
        vqg_client_reset(&s->client[0]);
        assert_st(vqg_device_enable(&s->client[0].device, &s->side[0].queue), VQG_OK);
        assert_st(vqg_device_restore(&s->client[0].device, &saved), VQG_OK);
        for (k = 1; k <= 2u; k++) {
            site_serves(s, k);
            site_returns(s, k, 1);
        }
        /* Of the generation before: they reach nobody, while nothing has been taken again. */
        site_pump(s, 1, 1, 1);
        assert_int_equal(s->client[0].device.resume_left, 1);
        assert_true(vqg_monitor_enable(&s->monitor));
        site_pump(s, 8, 2, 1);
        site_takes_none(s, 0);
        for (k = 1; k <= 3u; k++) {
            site_serves(s, k);
            assert_is_post(s, k, 0, 0, 1, k);
        }
        for (k = 3; k >= 1u; k--) {
            site_returns(s, k, k);
            site_pump(s, 8, 0, 1);
            assert_int_equal(s->client[0].waiting_, i != 0u && k != 1u ? 4u - k : 0u);
        }
        for (k = 1; k <= 3u; k++) {
            site_takes(s, 0, i != 0u ? k : 4u - k, i != 0u ? k : 4u - k);
        }
        site_takes_none(s, 0);
        site_idle(s, 0, true);
        site_free(s);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(x1_answers_that_change_with_every_load_reach_nobody_else),
    cmocka_unit_test(buffer_over_two_capabilities_goes_down_as_two),
    cmocka_unit_test(chain_of_no_bytes_is_answered_here),
    cmocka_unit_test(client_that_was_restored_goes_on),
};

TEST_MAIN(tests)
