/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_device.c
 * @brief How a device takes lists from a packed queue of any size, and touches the ring: once (P1, P12, X1, X2, X3).
 */
#include "packed_device_util.h"

static const uint32_t sizes[] = {1, 2, 3, 5, 7, 8, 1000, 32768};

static void q3_lists_of_any_length_go_round_a_ring_of_any_size(void **state)
{
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        uint32_t size = sizes[i];
        struct packed_peer *p = packed_live(size, 0);
        struct vqg_seg *seg = calloc(size, sizeof *seg);
        /* One, a little, half and a half more, all: five laps at least. */
        const uint32_t lengths[4] = {1, size < 3u ? size : 3u, size / 2u + 1u, size};
        struct vqg_chain c;
        uint32_t done = 0;
        uint16_t k;
        assert_non_null(seg);
        vqg_chain_init(&c, seg, size);
        for (k = 0; done < 5u * size; k++) {
            uint32_t n = lengths[k % 4u];
            uint16_t id = (uint16_t)(k * 5u % size);
            assert_status(vqg_device_pop(&p->w->device, &c), VQG_EMPTY);
            packed_list(p, n, id);
            assert_pops(p->w, &c);
            assert_packed_list(&c, n, id);
            assert_status(vqg_device_push(&p->w->device, &c, k % 17u), VQG_OK);
            assert_collects_nothing(p);
            (void)vqg_device_notify(&p->w->device);
            assert_collects(p, id, k % 17u);
            done += n;
        }
        assert_int_equal(vqg_device_violation(&p->w->device)->rule, VQG_RULE_NONE);
        packed_free(p);
        free(seg);
    }
}

static void p7_whole_ring_of_single_elements_is_in_flight_and_comes_back_in_any_order(void **state)
{
    static const uint32_t some[] = {1, 2, 3, 5, 7, 8, 40};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(some); i++) {
        uint32_t size = some[i];
        struct packed_peer *p = packed_new(size, 0);
        struct pool pool;
        uint32_t lap;
        uint32_t n;
        p->w->policy.max_elements = 1;
        world_start_device(p->w);
        pool_init(&pool);
        for (lap = 0; lap < 3u; lap++) {
            for (n = 0; n < size; n++) {
                packed_list(p, 1, (uint16_t)n);
                assert_pops(p->w, &pool.chain[n]);
            }
            /* The next position shows what the driver wrote a lap ago. */
            vqg_chain_init(&p->w->chain, p->w->segs, WORLD_SEGS);
            assert_status(vqg_device_pop(&p->w->device, &p->w->chain), VQG_EMPTY);
            for (n = size; n-- > 0u;) {
                assert_int_equal(pool.chain[n].head, n);
                assert_status(vqg_device_push(&p->w->device, &pool.chain[n], n % 17u), VQG_OK);
            }
            assert_true(vqg_device_notify(&p->w->device));
            for (n = size; n-- > 0u;) {
                assert_collects(p, (uint16_t)n, n % 17u);
            }
            assert_collects_nothing(p);
        }
        packed_free(p);
    }
}

static void p5_id_of_the_last_element_is_the_lists(void **state)
{
    uint16_t id;
    (void)state;
    for (id = 0; id < 7u; id++) {
        struct packed_peer *p = packed_live(7, 0);
        struct pool pool;
        pool_init(&pool);
        packed_begin(p, 4, true);
        packed_list(p, 1, (uint16_t)((id + 1u) % 7u));
        packed_list(p, 4, id);
        /* What the others say is not looked at: out of range, in flight, or another one. */
        peer_put(p->w, packed_at(5) + PACKED_ID, 2, 7);
        peer_put(p->w, packed_at(6) + PACKED_ID, 2, (id + 1u) % 7u);
        peer_put(p->w, packed_at(0) + PACKED_ID, 2, (id + 2u) % 7u);
        assert_pops(p->w, &pool.chain[0]);
        assert_int_equal(pool.chain[0].head, (id + 1u) % 7u);
        assert_pops(p->w, &pool.chain[1]);
        assert_packed_list(&pool.chain[1], 4, id);
        packed_free(p);
    }
}

static void p1_element_is_available_only_when_both_flags_say_so_in_this_lap(void **state)
{
    size_t i;
    unsigned flags;
    (void)state;
    for (i = 0; i < COUNT_OF(packed_begins); i++) {
        for (flags = 0; flags < 4u; flags++) {
            struct packed_peer *p = packed_live(7, 0);
            struct packed_cursor at = packed_begins[i];
            unsigned lap = (flags & 1u) << 7 | (flags & 2u) << 14;
            packed_begin(p, at.slot, at.wrap);
            packed_element(p, at.slot, world_addr(WORLD_DATA), 16, 3, lap | PACKED_WRITE);
            if (lap == (at.wrap ? 0x0080u : 0x8000u)) {
                assert_pops(p->w, &p->w->chain);
                assert_int_equal(p->w->chain.head, 3);
                assert_int_equal(p->w->chain.writable, 16);
                assert_status(vqg_device_push(&p->w->device, &p->w->chain, 0), VQG_OK);
            } else {
                struct world_copy *before = world_copy(p->w);
                assert_status(vqg_device_pop(&p->w->device, &p->w->chain), VQG_EMPTY);
                world_assert_unchanged(p->w, before);
            }
            packed_free(p);
        }
    }
}

/* A list of `direct` elements, or of one that refers to a table of `entries`, which begins `shift` bytes off. */
static const struct shape {
    uint32_t direct, entries, shift;
} shapes[] = {{1, 0, 0}, {2, 0, 0}, {3, 0, 0}, {7, 0, 0}, {0, 1, 0}, {0, 3, 0}, {0, 7, 0},
              {0, 3, 1}, {0, 3, 4}, {0, 3, 8}};

static bool bytewise(const struct shape *s)
{
    return s->shift % 8u != 0u;
}

/* A device that finds this shape at this place of a ring of 7; nothing is logged yet. */
static struct packed_peer *shaped(const struct shape *s, struct packed_cursor at, uint64_t features)
{
    struct packed_peer *p = packed_live(7, features | VQG_F_INDIRECT_DESC);
    uint32_t i;
    packed_begin(p, at.slot, at.wrap);
    for (i = 0; i < s->entries; i++) {
        peer_entry(p->w, WORLD_TABLES + s->shift, i, world_addr(packed_data(i)), 16, 0,
                   i + 1u == s->entries ? PACKED_WRITE : 0u);
    }
    if (s->entries != 0u) {
        packed_post_table(p, world_addr(WORLD_TABLES + s->shift), s->entries, 4);
    } else {
        packed_list(p, s->direct, 4);
    }
    test_port_reset();
    return p;
}

/* Runs a check over every shape at every place, with and without events. */
static void for_every_shape(void (*check)(struct packed_peer *p, const struct shape *s, struct packed_cursor at))
{
    size_t i;
    for (i = 0; i < 2u * COUNT_OF(shapes) * COUNT_OF(packed_begins); i++) {
        const struct shape *s = &shapes[i / 2u % COUNT_OF(shapes)];
        struct packed_cursor at = packed_begins[i / 2u / COUNT_OF(shapes)];
        struct packed_peer *p = shaped(s, at, i % 2u != 0u ? VQG_F_EVENT_IDX : 0);
        check(p, s, at);
        packed_free(p);
    }
}

/* No two loads of the log share a byte. */
static void assert_each_byte_once(const struct packed_peer *p)
{
    size_t i;
    size_t k;
    assert_true(test_port.count <= TEST_LOG_MAX);
    for (i = 0; i < test_port.count; i++) {
        uint64_t at = packed_logged(p, i);
        assert_true(at < WORLD_DATA);
        for (k = 0; k < i && !test_port.log[i].store; k++) {
            uint64_t other = packed_logged(p, k);
            assert_true(test_port.log[k].store || at >= other + test_port.log[k].bytes ||
                        other >= at + test_port.log[i].bytes);
        }
    }
}

static void check_once(struct packed_peer *p, const struct shape *s, struct packed_cursor at)
{
    size_t list = s->entries == 0u ? 2u * (s->direct - 1u) : (bytewise(s) ? 16u : 2u) * (size_t)s->entries;
    assert_pops(p->w, &p->w->chain);
    assert_packed_list(&p->w->chain, s->direct + s->entries, 4);
    /* The first one's four fields, and two words of every other element or entry. */
    assert_int_equal(test_port.loads, 4u + list);
    assert_int_equal(test_port.stores, 0);
    assert_each_byte_once(p);
    test_port_reset();
    assert_status(vqg_device_push(&p->w->device, &p->w->chain, 16), VQG_OK);
    assert_int_equal(test_port.loads, 0);
    (void)vqg_device_notify(&p->w->device);
    assert_int_equal(test_port.loads, 1);
    assert_ptr_equal(test_port.log[test_port.count - 1u].at, world_at(p->w, WORLD_AVAIL));
    assert_true(at.slot < 7u);
}

static void x1_no_shared_byte_is_loaded_twice_in_a_call(void **state)
{
    (void)state;
    for_every_shape(check_once);
}

static void check_widths(struct packed_peer *p, const struct shape *s, struct packed_cursor at)
{
    uint64_t head = packed_at(at.slot);
    size_t i;
    assert_pops(p->w, &p->w->chain);
    for (i = 0; i < test_port.count; i++) {
        const struct test_access *a = &test_port.log[i];
        uint64_t offset = packed_logged(p, i);
        unsigned bytes = 8;
        if (offset >= WORLD_TABLES) {
            bytes = bytewise(s) ? 1 : 8;
        } else if (offset > head && offset < head + 16u) {
            bytes = offset == head + PACKED_LEN ? 4 : 2;
        }
        assert_int_equal(a->bytes, bytes);
        assert_int_equal(offset % bytes, 0);
        assert_int_equal(a->ordered, i == 0u);
    }
}

static void x2_every_field_moves_in_one_access_of_its_width(void **state)
{
    (void)state;
    for_every_shape(check_widths);
}

static void check_order(struct packed_peer *p, const struct shape *s, struct packed_cursor at)
{
    assert_pops(p->w, &p->w->chain);
    assert_int_equal(packed_logged(p, 0), packed_at(at.slot) + PACKED_FLAGS);
    assert_true(test_port.log[0].ordered && !test_port.log[0].store);
    assert_int_equal(test_port.fences, 0);
    assert_int_equal(p->w->chain.count, s->direct + s->entries);
}

static void x3_flags_of_the_first_element_are_acquired_before_anything_else(void **state)
{
    (void)state;
    for_every_shape(check_order);
}

static void check_copied(struct packed_peer *p, const struct shape *s, struct packed_cursor at)
{
    struct packed_cursor behind = at;
    uint16_t id = 0;
    uint32_t len = 0;
    assert_pops(p->w, &p->w->chain);
    /* The driver writes all over the ring and the table, lists that go on for ever among that. */
    memset(world_at(p->w, WORLD_DESC), 0x87, 16u * 7u);
    memset(world_at(p->w, WORLD_TABLES), 0x87, 0x100);
    assert_packed_list(&p->w->chain, s->direct + s->entries, 4);
    test_port_reset();
    assert_status(vqg_device_push(&p->w->device, &p->w->chain, 5), VQG_OK);
    (void)vqg_device_notify(&p->w->device);
    assert_true(packed_collect(p, &id, &len));
    assert_int_equal(id, 4);
    assert_int_equal(len, 5);
    packed_move(p, &behind, s->entries != 0u ? 1u : s->direct);
    assert_int_equal(p->w->device.ring.put, packed_word(behind));
    assert_int_equal(p->w->device.ring.get, packed_word(behind));
}

static void p12_nothing_of_a_popped_list_comes_from_the_ring_again(void **state)
{
    (void)state;
    for_every_shape(check_copied);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(q3_lists_of_any_length_go_round_a_ring_of_any_size),
    cmocka_unit_test(p7_whole_ring_of_single_elements_is_in_flight_and_comes_back_in_any_order),
    cmocka_unit_test(p5_id_of_the_last_element_is_the_lists),
    cmocka_unit_test(p1_element_is_available_only_when_both_flags_say_so_in_this_lap),
    cmocka_unit_test(x1_no_shared_byte_is_loaded_twice_in_a_call),
    cmocka_unit_test(x2_every_field_moves_in_one_access_of_its_width),
    cmocka_unit_test(x3_flags_of_the_first_element_are_acquired_before_anything_else),
    cmocka_unit_test(p12_nothing_of_a_popped_list_comes_from_the_ring_again),
};

TEST_MAIN(tests)
