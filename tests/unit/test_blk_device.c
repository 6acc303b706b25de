/* SPDX-License-Identifier: MIT */
/**
 * @file test_blk_device.c
 * @brief blk_device.h: what a request asks, by a private copy of it: rules C10, B1 to B3, D3 and D4.
 *
 * Whose sectors it asks for is in test_blk_sectors.c.
 */
#include "blk_util.h"

static void request_of_each_type_is_read_as_it_was_meant(void **state)
{
    struct desk *d = desk_new();
    (void)state;
    ask(d, IN, 3, 0, 1024);
    assert_served(d, CAP_RW, IN, 3, RW_DISK + 3u, 2, 1024);
    ask(d, OUT, 5, 512, 0);
    assert_served(d, CAP_RW, OUT, 5, RW_DISK + 5u, 1, 512);
    ask_range(d, DISCARD, 10, 60, 0);
    assert_served(d, CAP_RW, DISCARD, 10, RW_DISK + 10u, 60, 16);
    ask_range(d, ZEROES, 11, 1, 0);
    assert_served(d, CAP_RW, ZEROES, 11, RW_DISK + 11u, 1, 16);
    ask_range(d, ZEROES, 11, 2, 1);
    assert_status(parse(d), VQG_OK);
    assert_request(d, ZEROES, 11, RW_DISK + 11u, 2, 16);
    assert_int_equal(d->r.flags, 1);
    vqg_blk_release(&d->blk, &d->r);
    desk_free(d);
}

/* Types without sectors: what the header says of sectors is not looked at, and nothing is pinned. */
static void request_without_sectors_pins_nothing(void **state)
{
    struct desk *d = desk_new();
    (void)state;
    ask(d, FLUSH, UINT64_MAX, 0, 0);
    assert_status(parse(d), VQG_OK);
    assert_request(d, FLUSH, 0, 0, 0, 0);
    assert_int_equal(pins(d), 0);
    give_back(d, 1);
    ask(d, GET_ID, 150, 0, 20);
    assert_status(parse(d), VQG_OK);
    assert_request(d, GET_ID, 0, 0, 0, 20);
    assert_int_equal(pins(d), 0);
    vqg_blk_release(&d->blk, &d->r);
    desk_free(d);
}

static void reserved_word_of_the_header_is_not_looked_at(void **state)
{
    struct desk *d = desk_new();
    (void)state;
    ask(d, IN, 3, 0, 512);
    header_bytes(world_at(d->w, HEADER_AT), IN, 0xFFFFFFFFu, 3);
    assert_served(d, CAP_RW, IN, 3, RW_DISK + 3u, 1, 512);
    desk_free(d);
}

static void header_is_little_endian_in_all_its_bytes(void **state)
{
    struct desk *d = desk_new();
    (void)state;
    sectors_set(&d->caps[CAP_TOP], 0x1122334455667788u, 1, 0x99, VQG_CAP_READ, 74);
    assert_status(vqg_cap_table_init(&d->table, d->caps, SECTOR_CAPS, 0), VQG_OK);
    ask(d, IN, 0x1122334455667788u, 0, 512);
    assert_served(d, CAP_TOP, IN, 0x1122334455667788u, 0x99, 1, 512);
    ask(d, 0x01000000u, 0, 0, 512);
    assert_status(parse(d), VQG_OK);
    assert_int_equal(d->r.type, 0x01000000u);
    assert_int_equal(d->r.answer, S_UNSUPP);
    desk_free(d);
}

static void assert_unsupported(struct desk *d, uint32_t type)
{
    assert_status(parse(d), VQG_OK);
    assert_int_equal(d->r.answer, S_UNSUPP);
    assert_int_equal(d->r.type, type);
    assert_int_equal(pins(d), 0);
    assert_int_equal(vqg_device_violation(&d->w->device)->rule, VQG_RULE_NONE);
    vqg_blk_release(&d->blk, &d->r);
    give_back(d, 1);
}

static void type_that_is_not_served_is_answered_and_no_violation(void **state)
{
    static const uint32_t others[] = {2,  3,  5,  6,  7,  9,  10, 12, 14, 15, 16, 31, 32, 33, 0x100, 0x80000000u,
                                      32u + IN, 64u + OUT, 0xFFFFFFFFu};
    struct desk *d = desk_new();
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(others); i++) {
        /* Another client's sector, a strange size: none of that is asked. */
        ask(d, others[i], 150, 7, 3);
        assert_unsupported(d, others[i]);
    }
    desk_free(d);
}

static void type_is_served_when_its_feature_was_acknowledged(void **state)
{
    static const uint32_t types[] = {FLUSH, DISCARD, ZEROES};
    static const uint64_t features[] = {F_FLUSH, F_DISCARD, F_ZEROES};
    struct desk *d = desk_new();
    struct vqg_caps sectors = vqg_cap_table_caps(&d->table);
    size_t i;
    size_t k;
    (void)state;
    for (i = 0; i < COUNT_OF(features); i++) {
        assert_status(vqg_blk_init(&d->blk, &sectors, features[i], 0, 0), VQG_OK);
        for (k = 0; k < COUNT_OF(types); k++) {
            if (k == 0u) {
                ask(d, FLUSH, 0, 0, 0);
            } else {
                ask_range(d, types[k], 1, 1, 0);
            }
            if (k != i) {
                assert_unsupported(d, types[k]);
                continue;
            }
            assert_status(parse(d), VQG_OK);
            assert_int_equal(d->r.answer, POISON);
            vqg_blk_release(&d->blk, &d->r);
            give_back(d, 1);
        }
        ask(d, IN, 0, 0, 512);
        assert_served(d, CAP_RW, IN, 0, RW_DISK, 1, 512);
        ask(d, OUT, 0, 512, 0);
        assert_served(d, CAP_RW, OUT, 0, RW_DISK, 1, 512);
        ask(d, GET_ID, 0, 0, 20);
        assert_status(parse(d), VQG_OK);
        assert_int_equal(d->r.answer, POISON);
        give_back(d, 21);
    }
    desk_free(d);
}

static void range_with_a_flag_that_is_not_known_is_answered_and_no_violation(void **state)
{
    uint32_t bit;
    struct desk *d = desk_new();
    (void)state;
    for (bit = 0; bit < 32u; bit++) {
        /* Another client's sectors, and too many of them. */
        ask_range(d, DISCARD, 150, 61, (uint32_t)1 << bit);
        assert_unsupported(d, DISCARD);
        if (bit != 0u) {
            ask_range(d, ZEROES, 150, 0, (uint32_t)1 << bit | 1u);
            assert_unsupported(d, ZEROES);
        }
    }
    desk_free(d);
}

static void c10_chain_without_room_for_header_or_status_is_refused(void **state)
{
    static const struct piece none[] = {{DATA_AT, 513, true}};
    static const struct piece brief[] = {{HEADER_AT, 15, false}, {STATUS_AT, 1, true}};
    static const struct piece mute[] = {{HEADER_AT, 16, false}};
    struct desk *d = desk_new();
    (void)state;
    lend(d, none, 1);
    assert_refused_at_last(d, VQG_RULE_MINIMUM_SIZE, 0, 16);
    d = desk_new();
    lend(d, brief, 2);
    assert_refused_at_last(d, VQG_RULE_MINIMUM_SIZE, 15, 16);
    d = desk_new();
    lend(d, mute, 1);
    assert_refused_at_last(d, VQG_RULE_MINIMUM_SIZE, 0, 1);
}

static void b1_header_or_status_where_nothing_is_mapped_is_refused(void **state)
{
    static const uint32_t cap[2] = {1, 2};
    uint32_t i;
    (void)state;
    for (i = 0; i < 2u; i++) {
        struct desk *d = desk_new();
        const struct piece p[2] = {{i == 0u ? WORLD_RDONLY : HEADER_AT, 16, false},
                                   {i == 1u ? WORLD_WRONLY : STATUS_AT, 1, true}};
        d->w->caps[cap[i]].map = NULL;
        header_bytes(world_at(d->w, p[0].at), FLUSH, 0, 0);
        lend(d, p, 2);
        assert_refused_at_last(d, VQG_RULE_BLK_MAPPED, world_addr(p[i].at), i == 0u ? 16 : 1);
    }
}

static void b2_data_that_goes_the_wrong_way_is_refused(void **state)
{
    static const struct {
        uint32_t type, out, in;
        uint64_t value, limit;
    } wrong[] = {
        {IN, 512, 512, 528, 16},  {IN, 1, 512, 17, 16},     {IN, 512, 0, 528, 16},   {OUT, 512, 512, 513, 1},
        {OUT, 512, 1, 2, 1},      {OUT, 0, 512, 513, 1},    {FLUSH, 1, 0, 17, 16},   {FLUSH, 0, 1, 2, 1},
        {GET_ID, 20, 20, 36, 16}, {DISCARD, 16, 16, 17, 1}, {ZEROES, 0, 16, 17, 1},
    };
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(wrong); i++) {
        struct desk *d = desk_new();
        range_bytes(world_at(d->w, DATA_AT), 0, 1, 0);
        ask(d, wrong[i].type, 0, wrong[i].out, wrong[i].in);
        assert_refused_at_last(d, VQG_RULE_BLK_SHAPE, wrong[i].value, wrong[i].limit);
    }
}

static void b3_data_that_is_no_whole_number_of_sectors_is_refused(void **state)
{
    static const uint32_t sizes[] = {0, 1, 511, 513, 768, 1023};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        struct desk *d = desk_new();
        ask(d, IN, 0, 0, sizes[i]);
        assert_refused_at_last(d, VQG_RULE_BLK_SIZE, sizes[i], 512);
        d = desk_new();
        ask(d, OUT, 0, sizes[i], 0);
        assert_refused_at_last(d, VQG_RULE_BLK_SIZE, sizes[i], 512);
    }
}

static void b3_data_beyond_the_limit_is_refused_and_as_much_is_served(void **state)
{
    struct desk *d = desk_new();
    (void)state;
    ask(d, IN, 0, 0, MAX_BYTES);
    assert_served(d, CAP_RW, IN, 0, RW_DISK, 8, MAX_BYTES);
    ask(d, OUT, 0, MAX_BYTES, 0);
    assert_served(d, CAP_RW, OUT, 0, RW_DISK, 8, MAX_BYTES);
    ask(d, IN, 0, 0, MAX_BYTES + 512u);
    assert_refused_at_last(d, VQG_RULE_BLK_SIZE, MAX_BYTES + 512u, MAX_BYTES);
    d = desk_new();
    ask(d, OUT, 0, MAX_BYTES + 512u, 0);
    assert_refused_at_last(d, VQG_RULE_BLK_SIZE, MAX_BYTES + 512u, MAX_BYTES);
}

static void b3_name_of_the_disk_has_twenty_bytes(void **state)
{
    static const uint32_t sizes[] = {0, 1, 19, 21};
    size_t i;
    struct desk *d;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        d = desk_new();
        ask(d, GET_ID, 0, 0, sizes[i]);
        assert_refused_at_last(d, VQG_RULE_BLK_SIZE, sizes[i], 20);
    }
    d = desk_new();
    ask(d, GET_ID, 0, 0, 40);
    assert_refused_at_last(d, VQG_RULE_BLK_SIZE, 40, 20);
}

static void b3_range_is_one_and_whole(void **state)
{
    static const uint32_t sizes[] = {0, 1, 8, 15, 17, 24};
    size_t i;
    struct desk *d;
    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        d = desk_new();
        range_bytes(world_at(d->w, DATA_AT), 0, 1, 0);
        ask(d, i % 2u == 0u ? DISCARD : ZEROES, 0, sizes[i], 0);
        assert_refused_at_last(d, VQG_RULE_BLK_SIZE, sizes[i], 16);
    }
    d = desk_new();
    ask(d, DISCARD, 0, 32, 0);
    assert_refused_at_last(d, VQG_RULE_BLK_SIZE, 32, 16);
}

static void b3_range_of_no_sectors_or_too_many_is_refused(void **state)
{
    static const uint32_t counts[] = {0, MAX_RANGE + 1u, 0x80000000u, UINT32_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(counts); i++) {
        struct desk *d = desk_new();
        ask_range(d, i % 2u == 0u ? ZEROES : DISCARD, 0, counts[i], 0);
        assert_refused_at_last(d, VQG_RULE_BLK_SIZE, counts[i], MAX_RANGE);
    }
}

static void without_limits_the_sectors_that_are_held_are_the_limit(void **state)
{
    struct desk *d = desk_new();
    struct vqg_caps sectors = vqg_cap_table_caps(&d->table);
    (void)state;
    assert_status(vqg_blk_init(&d->blk, &sectors, F_DISCARD, 0, 0), VQG_OK);
    ask_range(d, DISCARD, 0, RW_COUNT, 0);
    assert_served(d, CAP_RW, DISCARD, 0, RW_DISK, RW_COUNT, 16);
    ask(d, OUT, 0, 512u * RW_COUNT, 0);
    assert_served(d, CAP_RW, OUT, 0, RW_DISK, RW_COUNT, 512u * RW_COUNT);
    desk_free(d);
}

/* Header, range and data in elements that are cut anywhere: 2.7.4.1. */
static void d3_request_may_be_cut_at_every_byte(void **state)
{
    struct desk *d = desk_new();
    uint32_t cut;
    (void)state;
    for (cut = 1; cut < 32u; cut++) {
        const struct piece p[3] = {{HEADER_AT, cut, false}, {DATA_AT, 32u - cut, false}, {STATUS_AT, 1, true}};
        unsigned char whole[32];
        header_bytes(whole, ZEROES, 0, 0);
        range_bytes(whole + 16, 7, 9, 1);
        memcpy(world_at(d->w, HEADER_AT), whole, cut);
        memcpy(world_at(d->w, DATA_AT), whole + cut, 32u - cut);
        lend(d, p, 3);
        assert_served(d, CAP_RW, ZEROES, 7, RW_DISK + 7u, 9, 16);
    }
    for (cut = 1; cut < 16u + 512u; cut++) {
        const struct piece p[3] = {{HEADER_AT, cut, false}, {DATA_AT, 528u - cut, false}, {STATUS_AT, 1, true}};
        unsigned char header[16];
        header_bytes(header, OUT, 0, 2);
        memcpy(world_at(d->w, HEADER_AT), header, cut < 16u ? cut : 16u);
        if (cut < 16u) {
            memcpy(world_at(d->w, DATA_AT), header + cut, 16u - cut);
        }
        lend(d, p, 3);
        assert_served(d, CAP_RW, OUT, 2, RW_DISK + 2u, 1, 512);
    }
    desk_free(d);
}

static void d3_header_may_come_byte_by_byte(void **state)
{
    struct desk *d = desk_new();
    struct piece p[18];
    unsigned char header[16];
    uint32_t i;
    (void)state;
    header_bytes(header, IN, 0, 99);
    for (i = 0; i < 16u; i++) {
        p[i] = (struct piece){HEADER_AT + 64u * (uint64_t)(15u - i), 1, false};
        *world_at(d->w, p[i].at) = header[i];
    }
    p[16] = (struct piece){DATA_AT, 512, true};
    p[17] = (struct piece){STATUS_AT, 1, true};
    lend(d, p, 18);
    assert_served(d, CAP_RW, IN, 99, RW_DISK + 99u, 1, 512);
    desk_free(d);
}

/* After each fetch the driver writes other bytes over all of the request. */
struct rewriter {
    struct desk *d;
    uint32_t fetches;
};

static uint64_t rewrite(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    struct rewriter *r = context;
    uint64_t offset = (uint64_t)((const volatile unsigned char *)at - r->d->w->memory);
    assert_int_equal(bytes, 1);
    /* In order, so that no byte is fetched twice. */
    assert_int_equal(offset, HEADER_AT + r->fetches);
    r->fetches++;
    memset(world_at(r->d->w, HEADER_AT), 0xEE, r->fetches);
    return value;
}

static void d4_request_is_copied_once_and_what_is_written_afterwards_changes_nothing(void **state)
{
    struct desk *d = desk_new();
    uint32_t ranged;
    (void)state;
    for (ranged = 0; ranged < 2u; ranged++) {
        struct rewriter r = {d, 0};
        if (ranged != 0u) {
            ask_range(d, DISCARD, 20, 3, 0);
        } else {
            ask(d, IN, 9, 0, 512);
        }
        test_port.adversary = rewrite;
        test_port.context = &r;
        assert_status(parse(d), VQG_OK);
        assert_int_equal(r.fetches, ranged != 0u ? 32 : 16);
        assert_int_equal(test_port.count, r.fetches);
        test_port_reset();
        memset(world_at(d->w, HEADER_AT), 0xEE, 32);
        if (ranged != 0u) {
            assert_request(d, DISCARD, 20, RW_DISK + 20u, 3, 16);
        } else {
            assert_request(d, IN, 9, RW_DISK + 9u, 1, 512);
        }
        vqg_blk_release(&d->blk, &d->r);
        give_back(d, 0);
    }
    desk_free(d);
}

static void refused_request_is_dropped_alone_when_the_policy_says_so(void **state)
{
    static struct desk d;
    (void)state;
    d.w = world_new(QUEUE, 0);
    d.w->policy.chain = VQG_CHAIN_DROP;
    world_start_device(d.w);
    desk_set(&d);
    ask(&d, OUT, RO_FIRST, 512, 0);
    assert_status(parse(&d), VQG_V_BLK_RIGHT);
    assert_int_equal(pins(&d), 0);
    assert_false(vqg_device_needs_reset(&d.w->device));
    give_back(&d, 0);
    ask(&d, IN, RO_FIRST, 0, 512);
    assert_status(parse(&d), VQG_OK);
    assert_int_equal(d.r.bus, RO_DISK);
    assert_int_equal(vqg_device_violation(&d.w->device)->rule, VQG_RULE_BLK_RIGHT);
    vqg_blk_release(&d.blk, &d.r);
    give_back(&d, 513);
    desk_free(&d);
}

/* A chain from before a reset does not accuse the driver that came after it. */
static void chain_of_an_earlier_generation_is_not_judged(void **state)
{
    struct desk *d = desk_new();
    (void)state;
    ask(d, OUT, 150, 512, 0);
    restart(d->w);
    test_port_reset();
    assert_status(parse(d), VQG_STALE);
    assert_int_equal(test_port.count, 0);
    assert_int_equal(vqg_device_violation(&d->w->device)->rule, VQG_RULE_NONE);
    assert_status(vqg_device_push(&d->w->device, &d->w->chain, 0), VQG_STALE);
    desk_free(d);
}

static void missing_arguments_are_named_and_nothing_is_pinned(void **state)
{
    struct desk *d = desk_new();
    struct vqg_caps none = {NULL, NULL, NULL, NULL, NULL};
    struct vqg_caps sectors = vqg_cap_table_caps(&d->table);
    struct vqg_device *dev = &d->w->device;
    struct vqg_chain stranger;
    (void)state;
    ask(d, IN, 0, 0, 512);
    vqg_chain_init(&stranger, d->w->segs, WORLD_SEGS);
    assert_status(vqg_blk_parse(NULL, &d->blk, &d->w->chain, &d->r), VQG_BAD_ENDPOINT);
    assert_status(vqg_blk_parse(dev, NULL, &d->w->chain, &d->r), VQG_BAD_ENDPOINT);
    assert_status(vqg_blk_parse(dev, &d->blk, &d->w->chain, NULL), VQG_BAD_ENDPOINT);
    assert_status(vqg_blk_parse(dev, &d->blk, NULL, &d->r), VQG_BAD_CHAIN);
    assert_status(vqg_blk_parse(dev, &d->blk, &stranger, &d->r), VQG_BAD_CHAIN);
    vqg_blk_release(&d->blk, &d->r);
    assert_int_equal(pins(d), 0);
    assert_int_equal(test_port.count, 0);
    assert_status(vqg_blk_init(NULL, &sectors, 0, 0, 0), VQG_BAD_ENDPOINT);
    assert_status(vqg_blk_init(&d->blk, NULL, 0, 0, 0), VQG_BAD_CAPS);
    assert_status(vqg_blk_init(&d->blk, &none, 0, 0, 0), VQG_BAD_CAPS);
    desk_free(d);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(request_of_each_type_is_read_as_it_was_meant),
    cmocka_unit_test(request_without_sectors_pins_nothing),
    cmocka_unit_test(reserved_word_of_the_header_is_not_looked_at),
    cmocka_unit_test(header_is_little_endian_in_all_its_bytes),
    cmocka_unit_test(type_that_is_not_served_is_answered_and_no_violation),
    cmocka_unit_test(type_is_served_when_its_feature_was_acknowledged),
    cmocka_unit_test(range_with_a_flag_that_is_not_known_is_answered_and_no_violation),
    cmocka_unit_test(c10_chain_without_room_for_header_or_status_is_refused),
    cmocka_unit_test(b1_header_or_status_where_nothing_is_mapped_is_refused),
    cmocka_unit_test(b2_data_that_goes_the_wrong_way_is_refused),
    cmocka_unit_test(b3_data_that_is_no_whole_number_of_sectors_is_refused),
    cmocka_unit_test(b3_data_beyond_the_limit_is_refused_and_as_much_is_served),
    cmocka_unit_test(b3_name_of_the_disk_has_twenty_bytes),
    cmocka_unit_test(b3_range_is_one_and_whole),
    cmocka_unit_test(b3_range_of_no_sectors_or_too_many_is_refused),
    cmocka_unit_test(without_limits_the_sectors_that_are_held_are_the_limit),
    cmocka_unit_test(d3_request_may_be_cut_at_every_byte),
    cmocka_unit_test(d3_header_may_come_byte_by_byte),
    cmocka_unit_test(d4_request_is_copied_once_and_what_is_written_afterwards_changes_nothing),
    cmocka_unit_test(refused_request_is_dropped_alone_when_the_policy_says_so),
    cmocka_unit_test(chain_of_an_earlier_generation_is_not_judged),
    cmocka_unit_test(missing_arguments_are_named_and_nothing_is_pinned),
};
TEST_MAIN(tests)
