/* SPDX-License-Identifier: MIT */
/**
 * @file test_blk_sectors.c
 * @brief blk_device.h: whose sectors a request may touch, and for how long: rules B4 to B6.
 */
#include "blk_util.h"

#define SECTOR 512u

/* A read of `count` sectors. */
static void ask_in(struct desk *d, uint64_t sector, uint32_t count)
{
    ask(d, IN, sector, 0, SECTOR * count);
}

static void ask_out(struct desk *d, uint64_t sector, uint32_t count)
{
    ask(d, OUT, sector, SECTOR * count, 0);
}

static void sectors_up_to_both_edges_are_served(void **state)
{
    struct desk *d = desk_new();
    (void)state;
    ask_in(d, RW_FIRST, 1);
    assert_served(d, CAP_RW, IN, 0, RW_DISK, 1, SECTOR);
    ask_out(d, 99, 1);
    assert_served(d, CAP_RW, OUT, 99, RW_DISK + 99u, 1, SECTOR);
    ask_in(d, 92, 8);
    assert_served(d, CAP_RW, IN, 92, RW_DISK + 92u, 8, 8u * SECTOR);
    ask_in(d, 200, 1);
    assert_served(d, CAP_RO, IN, 200, RO_DISK, 1, SECTOR);
    ask_in(d, 249, 1);
    assert_served(d, CAP_RO, IN, 249, RO_DISK + 49u, 1, SECTOR);
    ask_out(d, 309, 1);
    assert_served(d, CAP_WO, OUT, 309, WO_DISK + 9u, 1, SECTOR);
    ask_range(d, DISCARD, 300, 10, 0);
    assert_served(d, CAP_WO, DISCARD, 300, WO_DISK, 10, 16);
    ask_out(d, UINT64_MAX, 1);
    assert_served(d, CAP_TOP, OUT, UINT64_MAX, TOP_DISK + 7u, 1, SECTOR);
    ask_in(d, TOP_FIRST, 8);
    assert_served(d, CAP_TOP, IN, TOP_FIRST, TOP_DISK, 8, 8u * SECTOR);
    desk_free(d);
}

static void b4_sector_that_the_client_does_not_hold_is_refused(void **state)
{
    static const uint64_t others[] = {100, 101, 150, 199, 250, 299, 320, TOP_FIRST - 1u, (uint64_t)1 << 55,
                                      ((uint64_t)1 << 32) + 5u, (uint64_t)1 << 63};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(others); i++) {
        struct desk *d = desk_new();
        ask_in(d, others[i], 1);
        assert_refused_at_last(d, VQG_RULE_BLK_RANGE, others[i], 1);
        d = desk_new();
        ask_out(d, others[i], 8);
        assert_refused_at_last(d, VQG_RULE_BLK_RANGE, others[i], 8);
        d = desk_new();
        ask_range(d, ZEROES, others[i], 3, 0);
        assert_refused_at_last(d, VQG_RULE_BLK_RANGE, others[i], 3);
    }
}

static void b4_sectors_that_run_beyond_what_is_held_are_refused(void **state)
{
    static const struct {
        uint64_t sector;
        uint32_t count, left;
    } beyond[] = {{99, 2, 1}, {93, 8, 7}, {UINT64_MAX, 2, 1}, {UINT64_MAX - 3u, 8, 4}, {249, 2, 1}};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(beyond); i++) {
        struct desk *d = desk_new();
        ask_in(d, beyond[i].sector, beyond[i].count);
        assert_refused_at_last(d, VQG_RULE_BLK_RANGE, beyond[i].count, beyond[i].left);
    }
    for (i = 0; i < COUNT_OF(beyond); i++) {
        struct desk *d = desk_new();
        ask_range(d, DISCARD, beyond[i].sector, beyond[i].count, 0);
        assert_refused_at_last(d, VQG_RULE_BLK_RANGE, beyond[i].count, beyond[i].left);
    }
}

/* The disk may have the two in different places: what adjoins for the client need not for the disk. */
static void b4_sectors_over_two_capabilities_are_refused(void **state)
{
    struct desk *d = desk_new();
    (void)state;
    ask_out(d, 309, 2);
    assert_refused_at_last(d, VQG_RULE_BLK_RANGE, 2, 1);
}

static void b4_range_that_would_wrap_is_refused_without_a_limit_too(void **state)
{
    struct desk *d = desk_new();
    struct vqg_caps sectors = vqg_cap_table_caps(&d->table);
    (void)state;
    assert_status(vqg_blk_init(&d->blk, &sectors, F_ZEROES, 0, 0), VQG_OK);
    ask_range(d, ZEROES, UINT64_MAX, UINT32_MAX, 0);
    assert_refused_at_last(d, VQG_RULE_BLK_RANGE, UINT32_MAX, 1);
}

static void b4_client_without_sectors_gets_none(void **state)
{
    struct desk *d = desk_new();
    (void)state;
    assert_status(vqg_cap_table_init(&d->table, NULL, 0, 0), VQG_OK);
    ask_in(d, 0, 1);
    assert_refused_at_last(d, VQG_RULE_BLK_RANGE, 0, 1);
}

static void b5_write_to_sectors_that_are_read_alone_is_refused(void **state)
{
    struct desk *d = desk_new();
    (void)state;
    ask_out(d, 200, 1);
    assert_refused_at_last(d, VQG_RULE_BLK_RIGHT, 200, VQG_CAP_READ);
    d = desk_new();
    ask_range(d, DISCARD, 249, 1, 0);
    assert_refused_at_last(d, VQG_RULE_BLK_RIGHT, 249, VQG_CAP_READ);
    d = desk_new();
    ask_range(d, ZEROES, 210, 40, 1);
    assert_refused_at_last(d, VQG_RULE_BLK_RIGHT, 210, VQG_CAP_READ);
}

static void b5_read_of_sectors_that_are_written_alone_is_refused(void **state)
{
    struct desk *d = desk_new();
    (void)state;
    ask_in(d, 305, 2);
    assert_refused_at_last(d, VQG_RULE_BLK_RIGHT, 305, VQG_CAP_WRITE);
}

static void b6_sectors_in_flight_are_busy_until_all_requests_have_ended(void **state)
{
    struct desk *d = desk_new();
    struct vqg_cap revoked = d->caps[CAP_RW];
    struct vqg_blk_request first;
    (void)state;
    revoked.rights = 0;
    ask_in(d, 3, 1);
    assert_status(parse(d), VQG_OK);
    first = d->r;
    give_back(d, 0);
    ask_out(d, 50, 2);
    assert_status(parse(d), VQG_OK);
    assert_int_equal(d->caps[CAP_RW].pins, 2);
    assert_status(vqg_cap_table_replace(&d->table, CAP_RW, &revoked), VQG_BUSY);
    vqg_blk_release(&d->blk, &first);
    vqg_blk_release(&d->blk, &first);
    assert_status(vqg_cap_table_replace(&d->table, CAP_RW, &revoked), VQG_BUSY);
    vqg_blk_release(&d->blk, &d->r);
    assert_status(vqg_cap_table_replace(&d->table, CAP_RW, &revoked), VQG_OK);
    give_back(d, 0);
    ask_in(d, 3, 1);
    assert_refused_at_last(d, VQG_RULE_BLK_RANGE, 3, 1);
}

static void b6_sectors_that_cannot_be_pinned_are_refused(void **state)
{
    struct desk *d = desk_new();
    (void)state;
    d->caps[CAP_RO].pins = UINT32_MAX;
    ask_in(d, 210, 3);
    assert_refused_at_last(d, VQG_RULE_BLK_PIN, 210, 3);
}

/* Sectors by the platform's callbacks. */
struct asked {
    const struct vqg_cap *cap;
    uint64_t sector, pin_sector, pin_count, unpinned;
    bool refuses;
};

static const struct vqg_cap *ask_lookup(void *context, uint64_t sector)
{
    struct asked *a = context;
    a->sector = sector;
    return a->cap;
}

static bool ask_pin(void *context, const struct vqg_cap *cap, uint64_t sector, uint64_t count, uint64_t *pin)
{
    struct asked *a = context;
    assert_ptr_equal(cap, a->cap);
    a->pin_sector = sector;
    a->pin_count = count;
    *pin = 0xFEDCBA9876543210u;
    return !a->refuses;
}

static void ask_unpin(void *context, uint64_t pin)
{
    struct asked *a = context;
    a->unpinned = pin;
}

static struct asked *asked_use(struct desk *d)
{
    static struct asked a;
    struct vqg_caps sectors = {NULL, ask_lookup, ask_pin, ask_unpin, &a};
    memset(&a, 0, sizeof a);
    a.cap = &d->caps[CAP_RO];
    assert_status(vqg_blk_init(&d->blk, &sectors, 0, 0, 0), VQG_OK);
    return &a;
}

static void platform_is_asked_in_sectors(void **state)
{
    struct desk *d = desk_new();
    struct asked *a = asked_use(d);
    (void)state;
    ask_in(d, 240, 10);
    assert_status(parse(d), VQG_OK);
    assert_request(d, IN, 240, RO_DISK + 40u, 10, 10u * SECTOR);
    assert_int_equal(a->sector, 240);
    assert_int_equal(a->pin_sector, 240);
    assert_int_equal(a->pin_count, 10);
    assert_int_equal(a->unpinned, 0);
    vqg_blk_release(&d->blk, &d->r);
    assert_int_equal(a->unpinned, 0xFEDCBA9876543210u);
    a->unpinned = 0;
    vqg_blk_release(&d->blk, &d->r);
    assert_int_equal(a->unpinned, 0);
    desk_free(d);
}

static void b4_capability_of_other_sectors_is_not_believed(void **state)
{
    static const uint64_t outside[] = {0, 199, 250, UINT64_MAX};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(outside); i++) {
        struct desk *d = desk_new();
        struct asked *a = asked_use(d);
        ask_in(d, outside[i], 1);
        assert_parse_refused(d, VQG_RULE_BLK_RANGE, outside[i], 1);
        assert_int_equal(a->pin_count, 0);
        desk_free(d);
    }
}

static void b6_platform_that_refuses_a_pin_is_not_asked_to_end_it(void **state)
{
    struct desk *d = desk_new();
    struct asked *a = asked_use(d);
    (void)state;
    a->refuses = true;
    ask_in(d, 200, 1);
    assert_parse_refused(d, VQG_RULE_BLK_PIN, 200, 1);
    assert_int_equal(a->unpinned, 0);
    desk_free(d);
}

/* As a monitor that is asked by message does: no queue, no chain. */
static void request_that_came_without_a_queue_is_judged_alike(void **state)
{
    struct desk *d = desk_new();
    struct vqg_guard g;
    struct vqg_blk_request r;
    (void)state;
    memset(&g, 0, sizeof g);
    memset(&r, 0, sizeof r);
    r.type = OUT;
    r.sector = 42;
    r.sectors = 58;
    assert_status(vqg_blk_admit(&g, &d->blk, 7, &r), VQG_OK);
    assert_int_equal(r.bus, RW_DISK + 42u);
    assert_int_equal(r.token, 70);
    assert_int_equal(d->caps[CAP_RW].pins, 1);
    vqg_blk_release(&d->blk, &r);
    assert_int_equal(pins(d), 0);
    r.sectors = 59;
    assert_violation(&g.violation, vqg_blk_admit(&g, &d->blk, 7, &r), VQG_RULE_BLK_RANGE, 7, 59, 58);
    r.sectors = 0;
    assert_status(vqg_blk_admit(&g, &d->blk, 7, &r), VQG_BAD_COUNT);
    r.sectors = 1;
    assert_status(vqg_blk_admit(NULL, &d->blk, 7, &r), VQG_BAD_ENDPOINT);
    assert_status(vqg_blk_admit(&g, NULL, 7, &r), VQG_BAD_ENDPOINT);
    assert_status(vqg_blk_admit(&g, &d->blk, 7, NULL), VQG_BAD_ENDPOINT);
    assert_int_equal(pins(d), 0);
    assert_int_equal(g.violation.count, 1);
    desk_free(d);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sectors_up_to_both_edges_are_served),
    cmocka_unit_test(b4_sector_that_the_client_does_not_hold_is_refused),
    cmocka_unit_test(b4_sectors_that_run_beyond_what_is_held_are_refused),
    cmocka_unit_test(b4_sectors_over_two_capabilities_are_refused),
    cmocka_unit_test(b4_range_that_would_wrap_is_refused_without_a_limit_too),
    cmocka_unit_test(b4_client_without_sectors_gets_none),
    cmocka_unit_test(b4_capability_of_other_sectors_is_not_believed),
    cmocka_unit_test(b5_write_to_sectors_that_are_read_alone_is_refused),
    cmocka_unit_test(b5_read_of_sectors_that_are_written_alone_is_refused),
    cmocka_unit_test(b6_sectors_in_flight_are_busy_until_all_requests_have_ended),
    cmocka_unit_test(b6_sectors_that_cannot_be_pinned_are_refused),
    cmocka_unit_test(b6_platform_that_refuses_a_pin_is_not_asked_to_end_it),
    cmocka_unit_test(platform_is_asked_in_sectors),
    cmocka_unit_test(request_that_came_without_a_queue_is_judged_alike),
};
TEST_MAIN(tests)
