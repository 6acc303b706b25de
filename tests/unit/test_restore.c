/* SPDX-License-Identifier: MIT */
/**
 * @file test_restore.c
 * @brief A device's state, saved and restored: a round trip with chains in flight, and states that were made up (R7).
 */
#include "device_util.h"

/* Enables the queue on a new endpoint, as where a machine moved to; the rings stay as they are. */
static void move_on(struct world *w)
{
    vqg_device_reset(&w->device);
    memset(&w->device, 0xee, sizeof w->device);
    memset(w->slots, 0xee, w->nslots * sizeof w->slots[0]);
    world_start_device(w);
}

static void save(const struct world *w, struct vqg_device_state *s, uint16_t *heads, uint32_t capacity)
{
    memset(s, 0, sizeof *s);
    s->heads = heads;
    s->capacity = capacity;
    assert_status(vqg_device_save(&w->device, s), VQG_OK);
}

static void r7_chains_in_flight_are_popped_again_first(void **state)
{
    static const uint16_t at[] = {0, 100, 65530, 65533, 65535};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(at); i++) {
        struct world *w = device_new(8, VQG_F_EVENT_IDX);
        struct vqg_device_state s;
        uint16_t heads[8];
        struct pool p;
        uint16_t n;
        pool_init(&p);
        device_at(w, at[i]);
        for (n = 0; n < 6u; n++) {
            plain(w, n);
            peer_make_available(w, (uint16_t)(at[i] + n), (uint16_t)(5u - n));
        }
        for (n = 0; n < 4u; n++) {
            assert_pops(w, &p.chain[n]);
        }
        assert_status(vqg_device_push(&w->device, &p.chain[1], 4), VQG_OK);
        peer_used_event(w, at[i]);
        assert_true(vqg_device_notify(&w->device));
        save(w, &s, heads, 8);
        assert_int_equal(s.last_avail, (uint16_t)(at[i] + 4u));
        assert_int_equal(s.used, (uint16_t)(at[i] + 1u));
        assert_int_equal(s.count, 3);
        assert_int_equal(heads[0] + heads[1] + heads[2], 5 + 3 + 2);
        move_on(w);
        assert_status(vqg_device_restore(&w->device, &s), VQG_OK);
        /* Before a chain is popped again, and after one was, the state can be saved once more. */
        for (n = 0; n < 3u; n++) {
            struct vqg_device_state again;
            uint16_t more[3] = {99, 99, 99};
            save(w, &again, more, 3);
            assert_int_equal(again.count, 3);
            assert_int_equal(again.last_avail, s.last_avail);
            assert_int_equal(again.used, s.used);
            assert_int_equal(more[0] + more[1] + more[2], 5 + 3 + 2);
            assert_pops(w, &p.chain[4u + n]);
            assert_int_equal(p.chain[4u + n].head, heads[n]);
            assert_int_equal(p.chain[4u + n].writable, 16);
        }
        /* Then the ring goes on where it stood. */
        assert_pops(w, &p.chain[7]);
        assert_int_equal(p.chain[7].head, 1);
        for (n = 0; n < 4u; n++) {
            assert_status(vqg_device_push(&w->device, &p.chain[7u - n], 16), VQG_OK);
        }
        peer_used_event(w, (uint16_t)(at[i] + 1u));
        assert_true(vqg_device_notify(&w->device));
        assert_int_equal(peer_get_used_idx(w), (uint16_t)(at[i] + 5u));
        assert_int_equal(peer_get_used_id(w, (uint16_t)(at[i] + 1u)), 1);
        assert_int_equal(peer_get_used_id(w, (uint16_t)(at[i] + 4u)), heads[0]);
        world_free(w);
    }
}

static void r7_chain_that_is_dropped_when_it_is_popped_again_goes_back_in_its_turn(void **state)
{
    struct world *w = world_new(8, VQG_F_IN_ORDER);
    struct vqg_device_state s;
    uint16_t heads[8];
    struct pool p;
    uint16_t n;
    (void)state;
    pool_init(&p);
    w->policy.chain = VQG_CHAIN_DROP;
    world_start_device(w);
    for (n = 0; n < 2u; n++) {
        plain(w, n);
        peer_make_available(w, n, n);
        assert_pops(w, &p.chain[n]);
    }
    save(w, &s, heads, 8);
    move_on(w);
    assert_status(vqg_device_restore(&w->device, &s), VQG_OK);
    peer_desc(w, 0, world_addr(WORLD_DATA), 0, D_WRITE, 0);
    assert_status(vqg_device_pop(&w->device, &p.chain[2]), VQG_V_ZERO_LENGTH);
    (void)vqg_device_notify(&w->device);
    assert_int_equal(peer_get_used_idx(w), 1); /* the other one has yet to be popped */
    assert_int_equal(peer_get_used_id(w, 0), 0);
    assert_pops(w, &p.chain[3]);
    assert_int_equal(p.chain[3].head, 1);
    assert_status(vqg_device_push(&w->device, &p.chain[3], 16), VQG_OK);
    (void)vqg_device_notify(&w->device);
    assert_int_equal(peer_get_used_idx(w), 2);
    assert_int_equal(peer_get_used_id(w, 1), 1);
    world_free(w);
}

static void r7_heads_that_wait_are_work_and_are_judged_when_they_are_popped(void **state)
{
    struct world *w = device_new(8, 0);
    struct vqg_device_state s;
    uint16_t heads[8];
    (void)state;
    plain(w, 3);
    peer_make_available(w, 0, 3);
    assert_pops(w, &w->chain);
    save(w, &s, heads, 8);
    vqg_chain_init(&w->chain, w->segs, WORLD_SEGS);
    move_on(w);
    assert_status(vqg_device_restore(&w->device, &s), VQG_OK);
    assert_true(vqg_device_kick_enable(&w->device));
    heads[0] = 60000; /* not as private as it was promised */
    assert_violation(vqg_device_violation(&w->device), vqg_device_pop(&w->device, &w->chain), VQG_RULE_HEAD_RANGE, 1,
                     60000, 8);
    world_free(w);
}

/* The state is refused: the queue is off, and works after it was enabled again. */
static void assert_made_up(struct world *w, const struct vqg_device_state *s, uint64_t value, uint64_t limit)
{
    const struct vqg_violation *v = vqg_device_violation(&w->device);
    move_on(w);
    test_port_reset();
    assert_status(vqg_device_restore(&w->device, s), VQG_BAD_SAVED);
    assert_int_equal(v->rule, VQG_RULE_RESTORE);
    assert_int_equal(v->index, 0);
    assert_int_equal(v->count, 1);
    assert_int_equal(v->value, value);
    assert_int_equal(v->limit, limit);
    assert_int_equal(test_port.stores, 0);
    assert_status(vqg_device_pop(&w->device, &w->chain), VQG_DEAD);
    assert_status(vqg_device_restore(&w->device, s), VQG_BAD_STATE);
    assert_false(vqg_device_needs_reset(&w->device));
    assert_int_equal(w->caps[0].pins, 0);
    world_check_canaries(w);
    restart(w);
    assert_serves(w);
}

static void r7_number_of_heads_that_the_indices_contradict_is_refused(void **state)
{
    static const struct {
        uint16_t last_avail, used;
        uint32_t count;
        uint32_t flying;
    } t[] = {{1, 0, 0, 1}, {0, 0, 1, 0}, {5, 3, 3, 2}, {3, 5, 2, 65534}, {3, 5, 65534, 65534}, {9, 0, 9, 9},
             {2, 65530, 7, 8}, {2, 65530, 65536u + 8u, 8}, {2, 65529, 9, 9}};
    struct world *w = device_new(8, 0);
    uint16_t heads[16] = {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct vqg_device_state s = {t[i].last_avail, t[i].used, heads, 16, t[i].count};
        peer_avail_idx(w, t[i].last_avail);
        assert_made_up(w, &s, t[i].flying, t[i].count);
    }
    world_free(w);
}

static void r7_more_waiting_and_in_flight_than_the_queue_has_is_refused(void **state)
{
    /* The avail index that the driver shows against a state with `count` heads at `last_avail`. */
    static const struct {
        uint16_t idx, last_avail, count;
        uint64_t pending; /* 0: legal */
    } t[] = {{13, 5, 0, 0}, {14, 5, 0, 9}, {11, 5, 2, 0}, {12, 5, 2, 7}, {5, 5, 8, 0},
             {6, 5, 8, 1},  {4, 5, 0, 65535}, {3, 65535, 4, 0}, {4, 65535, 4, 5}, {2, 65535, 8, 3}};
    struct world *w = device_new(8, 0);
    uint16_t heads[8] = {7, 6, 5, 4, 3, 2, 1, 0};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        struct vqg_device_state s = {t[i].last_avail, (uint16_t)(t[i].last_avail - t[i].count), heads, 8, t[i].count};
        peer_avail_idx(w, t[i].idx);
        if (t[i].pending != 0u) {
            assert_made_up(w, &s, t[i].pending, 8);
        } else {
            move_on(w);
            assert_status(vqg_device_restore(&w->device, &s), VQG_OK);
        }
    }
    world_free(w);
}

static void r7_head_out_of_range_or_twice_is_refused(void **state)
{
    static const struct {
        uint16_t heads[3];
        uint64_t value, limit;
    } t[] = {{{8, 0, 1}, 8, 8},         {{0, 8, 1}, 8, 8}, {{0, 1, 8}, 8, 8}, {{0, 1, 65535}, 65535, 8},
             {{7, 7, 1}, 7, 1}, {{7, 1, 7}, 7, 2}, {{0, 0, 0}, 0, 1}};
    struct world *w = device_new(8, 0);
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        uint16_t heads[3];
        struct vqg_device_state s = {3, 0, heads, 3, 3};
        memcpy(heads, t[i].heads, sizeof heads);
        peer_avail_idx(w, 3);
        assert_made_up(w, &s, t[i].value, t[i].limit);
    }
    world_free(w);
}

static void r7_whole_queue_in_flight_is_restored_at_any_size(void **state)
{
    static const uint32_t sizes[] = {1, 2, 256, 32768};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        struct world *w = world_new(sizes[i], 0);
        uint16_t *heads = calloc(sizes[i], sizeof *heads);
        struct vqg_device_state s = {(uint16_t)sizes[i], 0, heads, sizes[i], sizes[i]};
        uint32_t n;
        assert_non_null(heads);
        w->policy.max_elements = 1;
        world_start_device(w);
        for (n = 0; n < sizes[i]; n++) {
            plain(w, n);
            heads[n] = (uint16_t)(sizes[i] - 1u - n);
        }
        peer_avail_idx(w, (uint16_t)sizes[i]);
        assert_status(vqg_device_restore(&w->device, &s), VQG_OK);
        for (n = 0; n < sizes[i]; n++) {
            assert_pops(w, &w->chain);
            assert_int_equal(w->chain.head, sizes[i] - 1u - n);
            assert_status(vqg_device_push(&w->device, &w->chain, 0), VQG_OK);
        }
        assert_status(vqg_device_pop(&w->device, &w->chain), VQG_EMPTY);
        world_free(w);
        free(heads);
    }
}

static void r7_chain_that_is_popped_again_is_judged_again(void **state)
{
    struct world *w = world_new(8, 0);
    uint16_t heads[3] = {4, 2, 1};
    struct vqg_device_state s = {3, 0, heads, 3, 3};
    struct pool p;
    (void)state;
    pool_init(&p);
    peer_avail_idx(w, 3);
    /* Under the drop policy a broken one goes back, and the next one comes. */
    w->policy.chain = VQG_CHAIN_DROP;
    world_start_device(w);
    assert_status(vqg_device_restore(&w->device, &s), VQG_OK);
    element(w, 4, WORLD_HOLE, 16, 0, 0);
    element(w, 2, WORLD_DATA, 16, D_NEXT, 1);
    plain(w, 1);
    assert_status(vqg_device_pop(&w->device, &p.chain[0]), VQG_V_CAPABILITY);
    assert_int_equal(vqg_device_dropped(&w->device), 1);
    assert_pops(w, &p.chain[0]);
    assert_int_equal(p.chain[0].head, 2);
    /* Head 1 became part of the chain of head 2. */
    assert_status(vqg_device_pop(&w->device, &p.chain[1]), VQG_V_SHARED_DESCRIPTOR);
    assert_true(vqg_device_needs_reset(&w->device));
    restart(w);
    assert_status(vqg_device_push(&w->device, &p.chain[0], 0), VQG_STALE);
    /* The heads that were not popped again are forgotten with the reset. */
    assert_serves(w);
    world_free(w);
}

static void s4_head_that_was_restored_and_is_made_available_again_latches(void **state)
{
    struct world *w = device_new(8, 0);
    uint16_t heads[1] = {4};
    struct vqg_device_state s = {1, 0, heads, 1, 1};
    struct pool p;
    (void)state;
    pool_init(&p);
    plain(w, 4);
    peer_make_available(w, 0, 4);
    assert_status(vqg_device_restore(&w->device, &s), VQG_OK);
    peer_make_available(w, 1, 4);
    assert_pops(w, &p.chain[0]);
    assert_refused_until_reset(w, VQG_RULE_HEAD_IN_FLIGHT, 1, 4, 0);
    world_free(w);
}

static void save_names_what_is_missing(void **state)
{
    struct world *w = world_new(8, 0);
    uint16_t heads[2];
    struct vqg_device_state s = {0, 0, heads, 1, 77};
    struct pool p;
    (void)state;
    pool_init(&p);
    assert_status(vqg_device_save(&w->device, &s), VQG_BAD_STATE);
    world_start_device(w);
    assert_status(vqg_device_save(NULL, &s), VQG_BAD_ENDPOINT);
    assert_status(vqg_device_save(&w->device, NULL), VQG_BAD_ENDPOINT);
    plain(w, 0);
    plain(w, 1);
    peer_make_available(w, 0, 0);
    peer_make_available(w, 1, 1);
    assert_pops(w, &p.chain[0]);
    assert_pops(w, &p.chain[1]);
    assert_status(vqg_device_save(&w->device, &s), VQG_BAD_SAVED);
    s.heads = NULL;
    s.capacity = 2;
    assert_status(vqg_device_save(&w->device, &s), VQG_BAD_SAVED);
    s.heads = heads;
    assert_int_equal(s.count, 77);
    assert_status(vqg_device_push(&w->device, &p.chain[0], 0), VQG_OK);
    assert_status(vqg_device_save(&w->device, &s), VQG_BAD_STATE);
    assert_true(vqg_device_notify(&w->device));
    save(w, &s, heads, 1);
    assert_int_equal(s.count, 1);
    assert_int_equal(heads[0], 1);
    assert_status(vqg_device_push(&w->device, &p.chain[1], 0), VQG_OK);
    assert_true(vqg_device_notify(&w->device));
    save(w, &s, NULL, 0);
    assert_int_equal(s.count, 0);
    world_free(w);
}

static void save_looks_at_the_queue_alone_and_not_at_the_slots_behind_it(void **state)
{
    struct world *w = device_new(8, 0);
    struct vqg_device_state s;
    uint16_t heads[8];
    struct pool p;
    uint16_t n;
    (void)state;
    pool_init(&p);
    /* All slots are heads; then the queue becomes smaller, and has none in flight. */
    for (n = 0; n < 8u; n++) {
        plain(w, n);
        peer_make_available(w, n, n);
        assert_pops(w, &p.chain[n]);
    }
    w->queue.size = 4;
    restart(w);
    memset(heads, 0xff, sizeof heads);
    save(w, &s, heads, 8);
    assert_int_equal(s.count, 0);
    assert_int_equal(heads[0], 0xffff);
    world_free(w);
}

static void position_is_where_the_next_chain_is_taken_and_returned_and_nothing_else(void **state)
{
    struct world *w = device_new(8, 0);
    struct vqg_device_state s;
    struct vqg_device_state before;
    struct vqg_device endpoint;
    struct pool p;
    (void)state;
    pool_init(&p);
    device_at(w, 65535);
    plain(w, 0);
    plain(w, 1);
    peer_make_available(w, 65535, 0);
    peer_make_available(w, 0, 1);
    assert_pops(w, &p.chain[0]);
    assert_pops(w, &p.chain[1]);
    assert_status(vqg_device_push(&w->device, &p.chain[1], 0), VQG_OK);
    memset(&s, 0xa5, sizeof s);
    before = s;
    endpoint = w->device;
    vqg_device_position(&w->device, &s);
    assert_int_equal(s.last_avail, 1);
    assert_int_equal(s.used, 0); /* pushed, and not published: behind it already */
    assert_ptr_equal(s.heads, before.heads);
    assert_int_equal(s.capacity, before.capacity);
    assert_int_equal(s.count, before.count);
    assert_memory_equal(&w->device, &endpoint, sizeof endpoint);
    assert_status(vqg_device_push(&w->device, &p.chain[0], 0), VQG_OK);
    world_free(w);
}

static void restore_wants_a_queue_that_was_not_used_yet(void **state)
{
    struct world *w = world_new(8, 0);
    uint16_t heads[2] = {0, 1};
    struct vqg_device_state none = {0, 0, NULL, 0, 0};
    struct vqg_device_state two = {0, 65534, heads, 2, 2};
    struct vqg_device_state null = {1, 0, NULL, 1, 1};
    (void)state;
    assert_status(vqg_device_restore(&w->device, &none), VQG_BAD_STATE);
    world_start_device(w);
    assert_status(vqg_device_restore(NULL, &none), VQG_BAD_ENDPOINT);
    assert_status(vqg_device_restore(&w->device, NULL), VQG_BAD_ENDPOINT);
    assert_status(vqg_device_restore(&w->device, &null), VQG_BAD_ENDPOINT);
    assert_status(vqg_device_restore(&w->device, &two), VQG_OK);
    assert_status(vqg_device_restore(&w->device, &two), VQG_BAD_STATE);
    restart(w);
    assert_serves(w);
    assert_status(vqg_device_restore(&w->device, &none), VQG_BAD_STATE);
    restart(w);
    assert_status(vqg_device_restore(&w->device, &none), VQG_OK);
    assert_serves(w);
    world_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(r7_chain_that_is_dropped_when_it_is_popped_again_goes_back_in_its_turn),
    cmocka_unit_test(r7_heads_that_wait_are_work_and_are_judged_when_they_are_popped),
    cmocka_unit_test(r7_chains_in_flight_are_popped_again_first),
    cmocka_unit_test(r7_number_of_heads_that_the_indices_contradict_is_refused),
    cmocka_unit_test(r7_more_waiting_and_in_flight_than_the_queue_has_is_refused),
    cmocka_unit_test(r7_head_out_of_range_or_twice_is_refused),
    cmocka_unit_test(r7_whole_queue_in_flight_is_restored_at_any_size),
    cmocka_unit_test(r7_chain_that_is_popped_again_is_judged_again),
    cmocka_unit_test(s4_head_that_was_restored_and_is_made_available_again_latches),
    cmocka_unit_test(save_names_what_is_missing),
    cmocka_unit_test(save_looks_at_the_queue_alone_and_not_at_the_slots_behind_it),
    cmocka_unit_test(position_is_where_the_next_chain_is_taken_and_returned_and_nothing_else),
    cmocka_unit_test(restore_wants_a_queue_that_was_not_used_yet),
};

TEST_MAIN(tests)
