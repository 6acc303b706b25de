/* SPDX-License-Identifier: MIT */
/**
 * @file test_mmio_config.c
 * @brief The configuration space of a device that lies in it, or changes it while it is read (T8, T9).
 */
#include "mmio_util.h"

/* Bytes 0 to 63 say 0x80 to 0xbf, so that every field has a value of its own. */
static void board_with_fields(struct board *b, struct vqg_mmio *m)
{
    uint32_t i;
    board_begun(b, m);
    for (i = 0; i < sizeof b->config; i++) {
        b->config[i] = (uint8_t)(0x80u + i);
    }
}

static void t8_field_is_read_in_its_own_width_and_once(void **state)
{
    static const struct {
        uint32_t offset, width, reads;
        uint64_t value;
    } t[] = {{0, 1, 1, 0x80},         {7, 1, 1, 0x87},   {2, 2, 1, 0x8382},
             {8, 4, 1, 0x8b8a8988u},  {63, 1, 1, 0xbf},  {8, 8, 2, 0x8f8e8d8c8b8a8988u},
             {4, 8, 2, 0x8b8a898887868584u}};
    struct board b;
    struct vqg_mmio m;
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        uint64_t value = 1;
        uint32_t n;
        board_with_fields(&b, &m);
        assert_status(vqg_mmio_config(&m, t[i].offset, t[i].width, 0, UINT64_MAX, &value), VQG_OK);
        assert_int_equal(value, t[i].value);
        assert_int_equal(b.count, t[i].reads + 2u);
        assert_access(&b, 0, false, 0x0fc, 0);
        assert_access(&b, b.count - 1u, false, 0x0fc, 0);
        for (n = 0; n < t[i].reads; n++) {
            assert_int_equal(b.log[1u + n].offset, 0x100u + t[i].offset + 4u * n);
            assert_int_equal(b.log[1u + n].width, t[i].width > 4u ? 4u : t[i].width);
        }
    }
}

static void t8_field_is_read_anew_while_it_changes(void **state)
{
    struct board b;
    struct vqg_mmio m;
    uint32_t moves;
    (void)state;
    /* Each turn reads two words, and each of these reads changes the configuration. */
    for (moves = 0; moves <= 30u; moves++) {
        uint64_t value = 0;
        uint32_t turns = moves == 0u ? 1u : (moves + 1u) / 2u + 1u;
        board_begun(&b, &m);
        b.generation = UINT32_MAX - 3u; /* it may wrap */
        b.moves = moves;
        assert_status(vqg_mmio_config(&m, 0, 8, 0, UINT64_MAX, &value), VQG_OK);
        /* Of one state: both words have moved as often. */
        assert_int_equal(value, (uint64_t)moves << 32 | moves);
        assert_int_equal(board_accesses(&b, false, 0x0fc), turns + 1u);
        assert_int_equal(board_accesses(&b, false, 0x100), turns);
    }
}

static void t8_configuration_that_never_stands_still_latches(void **state)
{
    struct board b;
    struct vqg_mmio m;
    uint32_t width;
    (void)state;
    for (width = 1; width <= 8u; width *= 2u) {
        uint64_t value = 77;
        uint32_t step = width == 8u ? 2u : 1u;
        enum vqg_status st;
        board_begun(&b, &m);
        b.moves = UINT32_MAX;
        st = vqg_mmio_config(&m, 0, width, 0, UINT64_MAX, &value);
        assert_int_equal(value, 77);
        assert_int_equal(b.count, 16u * (step + 1u) + 1u);
        assert_latched_until_reset(&b, &m, st, VQG_RULE_CONFIG_FIELD, 0x0fc, 16u * step, 15u * step);
    }
}

static void t8_value_that_makes_no_sense_latches(void **state)
{
    static const struct {
        uint32_t width;
        uint64_t says, least, most, limit;
        bool good;
    } t[] = {{1, 4, 5, 9, 5, false},
             {1, 5, 5, 9, 0, true},
             {1, 9, 5, 9, 0, true},
             {1, 10, 5, 9, 9, false},
             {2, 0x8000, 1, 0x7fff, 0x7fff, false},
             {4, 0, 512, 65536, 512, false},
             {4, 512, 512, 65536, 0, true},
             {4, UINT32_MAX, 512, 65536, 65536, false},
             {8, UINT64_MAX, 0, UINT64_MAX, 0, true},
             {8, (uint64_t)1 << 32, 0, UINT32_MAX, UINT32_MAX, false},
             {8, (uint64_t)1 << 55, 1, (uint64_t)1 << 54, (uint64_t)1 << 54, false}};
    struct board b;
    struct vqg_mmio m;
    size_t i;
    uint32_t k;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        uint64_t value = 77;
        enum vqg_status st;
        board_begun(&b, &m);
        for (k = 0; k < 8u; k++) {
            b.config[8u + k] = (uint8_t)(t[i].says >> (8u * k));
        }
        st = vqg_mmio_config(&m, 8, t[i].width, t[i].least, t[i].most, &value);
        if (t[i].good) {
            assert_status(st, VQG_OK);
            assert_int_equal(value, t[i].says);
        } else {
            assert_int_equal(value, 77);
            assert_latched_until_reset(&b, &m, st, VQG_RULE_CONFIG_FIELD, 0x108, t[i].says, t[i].limit);
        }
    }
}

static void t9_count_is_not_0_and_is_used_as_far_as_there_is_room(void **state)
{
    static const struct {
        uint32_t says, room, count;
    } t[] = {{1, 1, 1}, {1, 8, 1}, {8, 8, 8}, {9, 8, 8}, {UINT32_MAX, 8, 8}, {UINT32_MAX, UINT32_MAX, UINT32_MAX},
             {5, 0, 0}};
    struct board b;
    struct vqg_mmio m;
    size_t i;
    uint32_t k;
    uint32_t count;
    (void)state;
    for (i = 0; i < COUNT_OF(t); i++) {
        count = 77;
        board_begun(&b, &m);
        for (k = 0; k < 4u; k++) {
            b.config[12u + k] = (uint8_t)(t[i].says >> (8u * k));
        }
        assert_status(vqg_mmio_config_count(&m, 12, 4, t[i].room, &count), VQG_OK);
        assert_int_equal(count, t[i].count);
        assert_int_equal(board_accesses(&b, false, 0x10c), 1);
    }
    /* 2^32 of them are not none. */
    board_begun(&b, &m);
    b.config[4] = 1;
    assert_status(vqg_mmio_config_count(&m, 0, 8, 8, &count), VQG_OK);
    assert_int_equal(count, 8);
    board_begun(&b, &m);
    count = 77;
    assert_latched_until_reset(&b, &m, vqg_mmio_config_count(&m, 12, 4, 8, &count), VQG_RULE_CONFIG_COUNT, 0x10c, 0, 1);
    assert_int_equal(count, 77);
}

static void a_field_that_cannot_be_is_named(void **state)
{
    static const struct {
        uint32_t offset, width;
    } t[] = {{0, 0},      {0, 3},        {0, 5},     {0, 16},     {0, 12}, {1, 2},     {2, 4},
             {2, 8},      {0xf00, 1},    {0xefc, 8}, {0xf00, 4},  {0xefd, 4}, {UINT32_MAX, 1}, {UINT32_MAX - 3u, 4},
             {0, 0x100}};
    struct board b;
    struct vqg_mmio m;
    uint64_t value = 77;
    uint32_t count = 77;
    size_t i;
    (void)state;
    board_begun(&b, &m);
    for (i = 0; i < COUNT_OF(t); i++) {
        assert_status(vqg_mmio_config(&m, t[i].offset, t[i].width, 0, UINT64_MAX, &value), VQG_BAD_FIELD);
        assert_status(vqg_mmio_config_count(&m, t[i].offset, t[i].width, 1, &count), VQG_BAD_FIELD);
    }
    assert_status(vqg_mmio_config(&m, 0, 4, 0, 1, NULL), VQG_BAD_FIELD);
    assert_status(vqg_mmio_config_count(&m, 0, 4, 1, NULL), VQG_BAD_FIELD);
    assert_status(vqg_mmio_config(NULL, 0, 4, 0, 1, &value), VQG_BAD_ENDPOINT);
    assert_status(vqg_mmio_config_count(NULL, 0, 4, 1, &count), VQG_BAD_ENDPOINT);
    assert_int_equal(b.count, 0);
    assert_int_equal(value, 77);
    assert_int_equal(count, 77);
    assert_int_equal(vqg_mmio_violation(&m)->rule, VQG_RULE_NONE);
    /* The last byte, and the last eight. */
    assert_status(vqg_mmio_config(&m, 0xeff, 1, 0, 255, &value), VQG_OK);
    assert_status(vqg_mmio_config(&m, 0xef8, 8, 0, UINT64_MAX, &value), VQG_OK);
    /* Not before the driver has begun. */
    board_probed(&b, &m);
    assert_status(vqg_mmio_config(&m, 0, 4, 0, 1, &value), VQG_BAD_STATE);
    assert_status(vqg_mmio_reset(&m), VQG_OK);
    b.count = 0;
    assert_status(vqg_mmio_config_count(&m, 0, 4, 1, &count), VQG_BAD_STATE);
    assert_int_equal(b.count, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(t8_field_is_read_in_its_own_width_and_once),
    cmocka_unit_test(t8_field_is_read_anew_while_it_changes),
    cmocka_unit_test(t8_configuration_that_never_stands_still_latches),
    cmocka_unit_test(t8_value_that_makes_no_sense_latches),
    cmocka_unit_test(t9_count_is_not_0_and_is_used_as_far_as_there_is_room),
    cmocka_unit_test(a_field_that_cannot_be_is_named),
};

TEST_MAIN(tests)
