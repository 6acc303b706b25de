/* SPDX-License-Identifier: MIT */
/**
 * @file test_driver_length.c
 * @brief Taking completions from a device that lies about lengths: rules U5 to U7 and X6.
 */
#include "driver_util.h"

/* Lends one chain of that shape, and lets the device report `len` for it. */
static struct world *reported(enum vqg_length_policy length, uint32_t policy_min, uint32_t request_min, uint32_t in,
                              uint32_t len)
{
    struct world *w = world_new(8, 0);
    struct vqg_seg seg[CHAIN_MAX];
    struct vqg_request r = {seg, 1u + in, request_min, cookie(4), NULL, 0, 0};
    make_segs(seg, 1, in);
    w->policy.length = length;
    w->policy.min_length = policy_min;
    world_start_driver(w);
    assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
    (void)vqg_driver_kick(&w->driver);
    complete(w, 0, len);
    return w;
}

static void u5_length_beyond_the_writable_bytes_latches(void **state)
{
    static const struct {
        uint32_t in, len;
    } cases[] = {{0, 1}, {0, SEG_BYTES}, {1, SEG_BYTES + 1u}, {2, 2u * SEG_BYTES + 1u}, {2, 0x10000u}, {2, UINT32_MAX}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world *w = reported(VQG_LENGTH_REJECT, 0, 0, cases[i].in, cases[i].len);
        assert_take_refused(w, VQG_RULE_USED_LENGTH_MAX, 0, cases[i].len, cases[i].in * SEG_BYTES);
        assert_int_equal(vqg_driver_overlong(&w->driver), 0);
        revive(w, 1);
        world_free(w);
    }
}

static void u5_length_up_to_the_writable_bytes_is_taken(void **state)
{
    uint32_t in;
    uint32_t len;
    (void)state;
    for (in = 0; in < 3u; in++) {
        for (len = 0; len <= in * SEG_BYTES; len += 16) {
            struct world *w = reported(VQG_LENGTH_REJECT, 0, 0, in, len);
            struct vqg_done done = take_ok(w);
            assert_int_equal(done.len, len);
            assert_int_equal(done.claimed, len);
            assert_int_equal(done.flags, 0);
            assert_int_equal(done.count, 1u + in);
            assert_int_equal(done.id, 0);
            assert_int_equal(done.generation, 0);
            world_free(w);
        }
    }
}

static void u5_length_is_clamped_or_counted_when_the_policy_says_so(void **state)
{
    static const uint32_t lens[] = {2u * SEG_BYTES + 1u, 0x10000u, UINT32_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < 2u * sizeof lens / sizeof lens[0]; i++) {
        bool clamp = i % 2u == 0u;
        struct world *w = reported(clamp ? VQG_LENGTH_CLAMP : VQG_LENGTH_COUNT, 0, 0, 2, lens[i / 2u]);
        struct vqg_done done = take_ok(w);
        assert_int_equal(done.len, 2u * SEG_BYTES);
        assert_int_equal(done.claimed, lens[i / 2u]);
        assert_int_equal(done.flags, clamp ? VQG_DONE_CLAMPED : 0);
        assert_int_equal(vqg_driver_overlong(&w->driver), 1);
        assert_int_equal(vqg_driver_violation(&w->driver)->rule, VQG_RULE_NONE);
        world_free(w);
    }
}

static void u6_length_below_the_least_latches(void **state)
{
    static const struct {
        uint32_t policy, request, len, least;
    } cases[] = {{10, 0, 9, 10}, {10, 0, 0, 10}, {0, 10, 9, 10}, {10, 20, 19, 20}, {20, 10, 19, 20}, {20, 10, 10, 20},
                 {0, SEG_BYTES, SEG_BYTES - 1u, SEG_BYTES}, {1, 0, 0, 1}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world *w = reported(VQG_LENGTH_REJECT, cases[i].policy, cases[i].request, 1, cases[i].len);
        assert_take_refused(w, VQG_RULE_USED_LENGTH_MIN, 0, cases[i].len, cases[i].least);
        revive(w, 1);
        world_free(w);
        w = reported(VQG_LENGTH_REJECT, cases[i].policy, cases[i].request, 1, cases[i].least);
        assert_int_equal(take_ok(w).len, cases[i].least);
        world_free(w);
    }
}

static void u6_short_is_flagged_when_lengths_are_not_rejected(void **state)
{
    static const struct {
        uint32_t in, len, flags;
    } cases[] = {{1, 0, VQG_DONE_SHORT}, {1, 9, VQG_DONE_SHORT}, {1, 10, 0}, {1, SEG_BYTES, 0},
                 {1, SEG_BYTES + 1u, VQG_DONE_CLAMPED}, {2, UINT32_MAX, VQG_DONE_CLAMPED}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world *w = reported(VQG_LENGTH_CLAMP, 10, 0, cases[i].in, cases[i].len);
        assert_int_equal(take_ok(w).flags, cases[i].flags);
        world_free(w);
        w = reported(VQG_LENGTH_COUNT, 10, 0, cases[i].in, cases[i].len);
        assert_int_equal(take_ok(w).flags, cases[i].flags & VQG_DONE_SHORT);
        world_free(w);
    }
}

/* A least length that no completion could reach would latch an honest device, or open the door to any length. */
static void a_least_beyond_the_writable_bytes_is_refused_when_the_request_is_added(void **state)
{
    static const struct {
        uint32_t in, policy, request;
        enum vqg_status st;
    } cases[] = {{0, 0, 0, VQG_OK},
                 {0, 1, 0, VQG_BAD_LENGTH},
                 {0, 0, 1, VQG_BAD_LENGTH},
                 {1, SEG_BYTES, 0, VQG_OK},
                 {1, SEG_BYTES + 1u, 0, VQG_BAD_LENGTH},
                 {1, SEG_BYTES, SEG_BYTES, VQG_OK},
                 {1, 1, SEG_BYTES + 1u, VQG_BAD_LENGTH},
                 {1, UINT32_MAX, 1, VQG_BAD_LENGTH}};
    size_t i;
    (void)state;
    for (i = 0; i < 2u * sizeof cases / sizeof cases[0]; i++) {
        struct world *w = world_new(8, VQG_F_INDIRECT_DESC);
        struct vqg_seg seg[2];
        struct vqg_request r = {seg, 1u + cases[i / 2u].in, cases[i / 2u].request, cookie(1), NULL, 0, 2};
        make_segs(seg, 1, cases[i / 2u].in);
        r.table = i % 2u != 0u ? world_at(w, WORLD_TABLES) : NULL;
        r.table_addr = world_addr(WORLD_TABLES);
        w->policy.min_length = cases[i / 2u].policy;
        world_start_driver(w);
        if (cases[i / 2u].st == VQG_OK) { /* an honest device is never latched */
            assert_int_equal(vqg_driver_add_request(&w->driver, &r), VQG_OK);
            assert_true(vqg_driver_kick(&w->driver));
            complete(w, 0, cases[i / 2u].in * SEG_BYTES);
            assert_ptr_equal(take_ok(w).cookie, cookie(1));
        } else {
            struct world_copy *before = world_copy(w);
            assert_int_equal(vqg_driver_add_request(&w->driver, &r), cases[i / 2u].st);
            world_assert_unchanged(w, before);
        }
        world_free(w);
    }
}

static void u7_no_length_beyond_what_was_reported_or_lent_is_handed_up(void **state)
{
    int policy;
    uint32_t len;
    (void)state;
    for (policy = VQG_LENGTH_REJECT; policy <= VQG_LENGTH_COUNT; policy++) {
        for (len = 0; len < 3u * SEG_BYTES; len += 8) {
            struct world *w = reported((enum vqg_length_policy)policy, 0, 0, 2, len);
            struct vqg_done done = {NULL, 0, 0, 0, 0, 0, 0};
            enum vqg_status st = vqg_driver_take(&w->driver, &done);
            assert_true(done.len <= len && done.len <= 2u * SEG_BYTES);
            assert_int_equal(st == VQG_OK, policy != VQG_LENGTH_REJECT || len <= 2u * SEG_BYTES);
            world_free(w);
        }
    }
}

static void x6_indices_and_lengths_are_compared_at_their_own_width(void **state)
{
    struct world *w = driver_world(8, 0, false);
    struct vqg_seg seg = seg_in(WORLD_DATA, 0x12345678u);
    (void)state;
    advance(w, 65535);
    assert_int_equal(vqg_driver_add(&w->driver, &seg, 1, cookie(1)), VQG_OK);
    assert_true(vqg_driver_kick(&w->driver));
    assert_int_equal(peer_get_avail_idx(w), 0); /* wrapped */
    peer_return(w, 65535, 0, 0x12345678u);
    assert_int_equal(take_ok(w).len, 0x12345678u);
    assert_int_equal(vqg_driver_add(&w->driver, &seg, 1, cookie(1)), VQG_OK);
    assert_true(vqg_driver_kick(&w->driver));
    peer_return(w, 0, 0, 0x12345679u);
    assert_take_refused(w, VQG_RULE_USED_LENGTH_MAX, 0, 0x12345679u, 0x12345678u);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(u5_length_beyond_the_writable_bytes_latches),
    cmocka_unit_test(u5_length_up_to_the_writable_bytes_is_taken),
    cmocka_unit_test(u5_length_is_clamped_or_counted_when_the_policy_says_so),
    cmocka_unit_test(a_least_beyond_the_writable_bytes_is_refused_when_the_request_is_added),
    cmocka_unit_test(u6_length_below_the_least_latches),
    cmocka_unit_test(u6_short_is_flagged_when_lengths_are_not_rejected),
    cmocka_unit_test(u7_no_length_beyond_what_was_reported_or_lent_is_handed_up),
    cmocka_unit_test(x6_indices_and_lengths_are_compared_at_their_own_width),
};

TEST_MAIN(tests)
