/* SPDX-License-Identifier: MIT */
/**
 * @file test_monitor.c
 * @brief A monitor's set-up, and what the device's queue says of a chain: anew, canonical, and for good.
 */
#include "monitor_util.h"

static void arguments_that_cannot_be_are_refused(void **state)
{
    struct site *s = site_new(2);
    struct vqg_monitor *m = &s->monitor;
    (void)state;
    s->size = 4;
    site_build(s);
    m->turn_ = 77;
    assert_st(vqg_monitor_init(NULL, s->client, 2), VQG_BAD_ENDPOINT);
    assert_st(vqg_monitor_init(m, NULL, 2), VQG_BAD_ENDPOINT);
    assert_st(vqg_monitor_init(m, s->client, 0), VQG_BAD_ENDPOINT);
    s->client[1].device.asked.max_elements = 0;
    assert_st(vqg_monitor_init(m, s->client, 2), VQG_BAD_POLICY);
    s->client[1].device.asked.max_elements = 5;
    assert_st(vqg_monitor_init(m, s->client, 2), VQG_BAD_POLICY);
    s->client[1].device.asked.max_elements = 3; /* fewer than its segments, which a buffer in two parts may need */
    assert_int_equal(m->turn_, 77);
    m->full_ = true;
    assert_st(vqg_monitor_init(m, s->client, 2), VQG_OK);
    assert_int_equal(m->turn_, 0);
    assert_false(m->full_);
    assert_ptr_equal(m->clients_, s->client);
    assert_int_equal(m->nclients_, 2);
    assert_st(vqg_monitor_pump(NULL, 1, &s->moved), VQG_BAD_ENDPOINT);
    assert_st(vqg_monitor_pump(m, 1, NULL), VQG_BAD_ENDPOINT);
    assert_st(vqg_monitor_pump(m, 0, &s->moved), VQG_BAD_COUNT);
    assert_st(vqg_monitor_reset(NULL), VQG_BAD_ENDPOINT);
    assert_st(vqg_monitor_reset_acked(NULL), VQG_BAD_ENDPOINT);
    assert_st(vqg_monitor_restart(NULL), VQG_BAD_ENDPOINT);
    site_free(s);
}

static uint32_t nothing_up(void *context, struct vqg_job *job, uint32_t len, bool failed)
{
    (void)context;
    (void)job;
    (void)failed;
    return len;
}

/* A client's chain of 4, and perhaps 2 of a filter's, in a device's queue of `size`. */
static enum vqg_status fits(uint32_t size, uint32_t device_elements, bool table, bool io, bool filtered)
{
    static const struct vqg_filter filter = {NULL, nothing_up, NULL};
    struct site *s = site_new(1);
    enum vqg_status st;
    s->size = size;
    s->policy.max_elements = device_elements;
    s->features = table ? VQG_F_INDIRECT_DESC : 0u;
    s->side[0].io = io;
    s->side[0].filter = filtered ? &filter : NULL;
    site_build(s);
    st = vqg_monitor_init(&s->monitor, s->client, 1);
    site_free(s);
    return st;
}

static void longest_chain_fits_the_devices_queue(void **state)
{
    (void)state;
    assert_st(fits(4, 0, false, false, false), VQG_OK);
    assert_st(fits(2, 0, false, false, false), VQG_BAD_COUNT);
    assert_st(fits(8, 3, false, false, false), VQG_BAD_COUNT);
    assert_st(fits(4, 0, false, true, true), VQG_BAD_COUNT);
    assert_st(fits(8, 6, false, true, true), VQG_OK);
    assert_st(fits(8, 5, false, true, true), VQG_BAD_COUNT);
    /* Through a table, if there is memory for it. */
    assert_st(fits(2, 4, true, true, false), VQG_OK);
    assert_st(fits(2, 4, true, false, false), VQG_BAD_COUNT);
    assert_st(fits(2, 4, false, true, false), VQG_BAD_COUNT);
    assert_st(fits(2, 3, true, true, false), VQG_BAD_COUNT);
    assert_st(fits(2, 6, true, true, true), VQG_OK);
    assert_st(fits(2, 5, true, true, true), VQG_BAD_COUNT);
}

static void word(unsigned char *at, unsigned bytes, uint64_t v)
{
    for (; bytes != 0u; bytes--) {
        *at++ = (unsigned char)v;
        v >>= 8;
    }
}

/* A descriptor as the specification lays it out, little-endian; packed: `last` is flags, and `third` the id. */
static void put_desc(unsigned char *at, uint64_t addr, uint32_t len, unsigned third, unsigned last)
{
    word(at, 8, addr);
    word(at + 8, 4, len);
    word(at + 12, 2, third);
    word(at + 14, 2, last);
}

/* What client 0, by hand, makes available: descriptors 5, 2 and 7, with odd lengths, and one in a table of its own. */
static void lend_oddly(const struct site *s)
{
    unsigned char *m = s->side[0].memory;
    put_desc(m + 16 * 5, side_addr(s, 0, 3), 17, 1, 2);
    put_desc(m + 16 * 2, side_addr(s, 0, 1001), 5, 3, 7);
    put_desc(m + 16 * 7, side_addr(s, 0, SIDE_DATA / 2u), 4000, 2, 0x5aa5);
    word(m + s->side[0].avail + 4, 2, 5);
    word(m + s->side[0].avail + 2, 2, 1);
}

/* The same, through a table at the end of its data. */
static void lend_table(const struct site *s)
{
    unsigned char *m = s->side[0].memory;
    unsigned char *table = side_at(s, 0, SIDE_DATA - 128u);
    put_desc(m + 16 * 6, side_addr(s, 0, SIDE_DATA - 128u), 80, 4, 0x7e7e);
    put_desc(table, side_addr(s, 0, 3), 17, 1, 4);
    put_desc(table + 16 * 4, side_addr(s, 0, 1001), 5, 3, 2);
    put_desc(table + 16 * 2, side_addr(s, 0, SIDE_DATA / 2u), 4000, 2, 1);
    word(m + s->side[0].avail + 4, 2, 6);
    word(m + s->side[0].avail + 2, 2, 1);
}

/* Three elements of which each is known, as the device is to see them from `at` on. */
static void expect_chain(const struct site *s, unsigned char *at, bool packed, bool table)
{
    unsigned lap = packed && !table ? 0x80u : 0u;
    unsigned next = packed && table ? 0u : 1u;
    if (packed) {
        put_desc(at, side_bus(s, 0, 3), 17, 0, lap | next);
        put_desc(at + 16, side_bus(s, 0, 1001), 5, 0, lap | next | 2u);
        put_desc(at + 32, side_bus(s, 0, SIDE_DATA / 2u), 4000, 0, lap | 2u);
        return;
    }
    put_desc(at, side_bus(s, 0, 3), 17, 1, 1);
    put_desc(at + 16, side_bus(s, 0, 1001), 5, 3, 2);
    put_desc(at + 32, side_bus(s, 0, SIDE_DATA / 2u), 4000, 2, 0);
}

/* Every byte of the queue's memory. What `rest` has no part in is as the driver endpoint cleared it. */
static void assert_queue(const struct site *s, const unsigned char *ring, size_t bytes, unsigned idx)
{
    unsigned char *want = calloc(1, s->piece[0].bytes + 65536u);
    size_t all = (size_t)s->used + 6u + 8u * (size_t)s->size;
    assert_non_null(want);
    memcpy(want, ring, bytes);
    word(want + s->avail + 2, 2, idx);
    assert_memory_equal(s->memory, want, all);
    free(want);
}

static struct site *shape(bool packed, bool table)
{
    struct site *s = site_new(1);
    s->features = (packed ? VQG_F_RING_PACKED : 0u) | (table ? VQG_F_INDIRECT_DESC : 0u);
    s->side[0].io = true;
    s->side[0].features = VQG_F_INDIRECT_DESC;
    site_start(s);
    return s;
}

/* Whatever the client wrote, the device reads one form of it, of the same bytes. */
static void chain_is_written_anew_and_canonical(void **state)
{
    unsigned which;
    (void)state;
    for (which = 0; which < 8u; which++) {
        bool packed = (which & 1u) != 0u;
        bool table = (which & 2u) != 0u;
        struct site *s = shape(packed, table);
        unsigned char ring[48] = {0};
        unsigned char io[48] = {0};
        if ((which & 4u) != 0u) {
            lend_table(s);
        } else {
            lend_oddly(s);
        }
        site_pump(s, 1, 1, 0);
        assert_true(s->moved.kick);
        if (table) {
            expect_chain(s, io, packed, true);
            put_desc(ring, IO_BUS(0) + VQG_JOB_SCRATCH, 48, packed ? 0 : 4, packed ? 0x84 : 0);
        } else {
            expect_chain(s, ring, packed, false);
        }
        assert_queue(s, ring, sizeof ring, packed ? 0 : 1);
        assert_memory_equal(s->side[0].io_memory + VQG_JOB_SCRATCH, io, sizeof io);
        site_free(s);
    }
}

static void one_segment_needs_no_table(void **state)
{
    struct site *s = shape(false, true);
    unsigned char ring[16];
    (void)state;
    site_post(s, 0, 0, 1, 0);
    site_pump(s, 1, 1, 0);
    put_desc(ring, side_bus(s, 0, 0), PART_BYTES, 2, 0);
    assert_queue(s, ring, sizeof ring, 1);
    site_free(s);
}

/* All of its memory, with everything that it could mean. */
static void client_changes_nothing_after_the_pump(void **state)
{
    static const unsigned char scribbles[] = {0x00, 0xff, 0x01, 0x80, 0x07};
    unsigned which;
    (void)state;
    for (which = 0; which < 20u; which++) {
        struct site *s = shape((which & 1u) != 0u, (which & 2u) != 0u);
        size_t all = (size_t)s->used + 6u + 8u * (size_t)s->size;
        size_t io = 6u * (size_t)vqg_job_io_bytes(4);
        unsigned char *queue = malloc(all);
        unsigned char *tables = malloc(io);
        assert_non_null(queue);
        assert_non_null(tables);
        lend_oddly(s);
        site_pump(s, 8, 1, 0);
        (void)vqg_monitor_enable(&s->monitor);
        memcpy(queue, s->memory, all);
        memcpy(tables, s->side[0].io_memory, io);
        memset(s->side[0].memory, scribbles[which / 4u], (size_t)s->side[0].bytes);
        assert_st(vqg_monitor_pump(&s->monitor, 1, &s->moved), VQG_OK);
        assert_int_equal(s->moved.down, 0);
        (void)vqg_monitor_enable(&s->monitor);
        assert_memory_equal(queue, s->memory, all);
        assert_memory_equal(tables, s->side[0].io_memory, io);
        site_serves(s, 0);
        assert_int_equal(s->chain[0].count, 3);
        assert_int_equal(s->chain[0].seg[0].addr, side_bus(s, 0, 3));
        assert_int_equal(s->chain[0].seg[0].len, 17);
        assert_int_equal(s->chain[0].seg[1].addr, side_bus(s, 0, 1001));
        assert_int_equal(s->chain[0].seg[1].len, 5);
        assert_int_equal(s->chain[0].seg[2].addr, side_bus(s, 0, SIDE_DATA / 2u));
        assert_int_equal(s->chain[0].seg[2].len, 4000);
        assert_int_equal(s->chain[0].readable, 17);
        free(tables);
        free(queue);
        site_free(s);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(arguments_that_cannot_be_are_refused),
    cmocka_unit_test(longest_chain_fits_the_devices_queue),
    cmocka_unit_test(chain_is_written_anew_and_canonical),
    cmocka_unit_test(one_segment_needs_no_table),
    cmocka_unit_test(client_changes_nothing_after_the_pump),
};

TEST_MAIN(tests)
