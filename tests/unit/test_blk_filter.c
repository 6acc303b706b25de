/* SPDX-License-Identifier: MIT */
/**
 * @file test_blk_filter.c
 * @brief blk_filter.h: a client's requests through a monitor to a disk, and the disk's answers back.
 *
 * The disk is played by hand: it finds its descriptors in the monitor's ring, and
 * bytes by their addresses, without the library.
 */
#include "blk_util.h"

#define IO_BUS ((uint64_t)0x7000000000)
#define SCRATCH 48u /* bytes of a job for its filter */
#define SEGMENTS 20u
#define JOBS 2u
#define SHADOW_MAX 24u

/* A monitor with one client, between a world of the client's and the disk's ring. */
struct hall {
    struct desk d;
    struct vqg_filter filter;
    struct vqg_client client;
    struct vqg_job jobs[JOBS];
    struct vqg_seg segs[(JOBS + 1u) * SEGMENTS + 2u];
    struct vqg_monitor monitor;
    struct vqg_slot slots[QUEUE];
    struct vqg_moved moved;
    uint16_t disk;        /* how far the disk is */
    uint16_t shadow_head; /* of the request that it looked at last */
    struct piece shadow[SHADOW_MAX];
    uint32_t shadows;
};

static _Alignas(16) unsigned char io[JOBS * 1024u];
static _Alignas(16) unsigned char ring[3][16u * QUEUE];

static struct hall *hall_new(enum vqg_chain_policy chain)
{
    static struct hall h;
    struct vqg_client_memory memory = {h.jobs, JOBS, h.segs, SEGMENTS, io, IO_BUS};
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_queue queue;
    memset(&h, 0, sizeof h);
    memset(io, 0xA5, sizeof io);
    memset(ring, 0, sizeof ring);
    assert_true(vqg_job_io_bytes(SEGMENTS) * JOBS <= sizeof io);
    h.d.w = world_new(QUEUE, 0);
    h.d.w->policy.chain = chain;
    h.d.w->policy.max_elements = SEGMENTS;
    desk_set(&h.d);
    h.filter = vqg_blk_filter(&h.d.blk);
    assert_status(vqg_device_init(&h.client.device, &h.d.w->queue, &h.d.w->policy, &h.d.w->lookup, h.d.w->slots, QUEUE),
                  VQG_OK);
    assert_status(vqg_client_init(&h.client, &memory, &h.filter), VQG_OK);
    memset(&queue, 0, sizeof queue);
    queue.size = QUEUE;
    queue.features = VQG_F_VERSION_1;
    queue.desc = ring[0];
    queue.avail = ring[1];
    queue.used = ring[2];
    assert_status(vqg_driver_init(&h.monitor.driver, &queue, &policy, h.slots, QUEUE), VQG_OK);
    assert_status(vqg_monitor_init(&h.monitor, &h.client, 1), VQG_OK);
    return &h;
}

static void hall_free(struct hall *h)
{
    world_check_canaries(h->d.w);
    world_free(h->d.w);
}

static void pump(struct hall *h)
{
    assert_status(vqg_monitor_pump(&h->monitor, 8, &h->moved), VQG_OK);
}

static uint64_t get_little(const unsigned char *at, unsigned bytes)
{
    uint64_t v = 0;
    while (bytes-- != 0u) {
        v = v << 8 | at[bytes];
    }
    return v;
}

/* Where the client's byte lies for the disk. */
static uint64_t bus_of(uint64_t offset)
{
    return offset + WORLD_BUS_OFFSET;
}

/* Where the disk finds a byte. */
static unsigned char *disk_at(const struct hall *h, uint64_t addr)
{
    if (addr >= IO_BUS) {
        assert_true(addr - IO_BUS < sizeof io);
        return io + (addr - IO_BUS);
    }
    assert_true(addr >= WORLD_BUS_OFFSET && addr - WORLD_BUS_OFFSET < WORLD_BYTES);
    return world_at(h->d.w, addr - WORLD_BUS_OFFSET);
}

/* The disk looks at its next request. */
static void disk_look(struct hall *h)
{
    uint16_t i;
    uint64_t flags = D_NEXT;
    assert_int_equal((uint16_t)get_little(ring[1] + 2, 2), (uint16_t)(h->disk + 1u));
    h->shadow_head = (uint16_t)get_little(ring[1] + 4u + 2u * (h->disk % QUEUE), 2);
    i = h->shadow_head;
    for (h->shadows = 0; (flags & D_NEXT) != 0u; h->shadows++) {
        const unsigned char *desc = ring[0] + 16u * i;
        assert_true(h->shadows < SHADOW_MAX);
        flags = get_little(desc + 12, 2);
        h->shadow[h->shadows] = (struct piece){get_little(desc, 8), (uint32_t)get_little(desc + 8, 4), (flags & D_WRITE) != 0u};
        i = (uint16_t)get_little(desc + 14, 2);
    }
    h->disk++;
}

/* The disk answers it with a status byte, unless it is POISON, and a length; and the client learns of it. */
static void disk_answer(struct hall *h, uint8_t status, uint32_t len)
{
    unsigned char *used = ring[2] + 4u + 8u * ((uint16_t)(h->disk - 1u) % QUEUE);
    if (status != POISON) {
        *disk_at(h, h->shadow[h->shadows - 1u].at) = status;
    }
    put_little(used, 4, h->shadow_head);
    put_little(used + 4, 4, len);
    put_little(ring[2] + 2, 2, h->disk);
    pump(h);
}

/* Byte `n` of one direction, where the disk finds it. */
static uint64_t shadow_byte(const struct hall *h, bool write, uint32_t n)
{
    uint32_t i;
    for (i = 0; i < h->shadows; i++) {
        if (h->shadow[i].write == write) {
            if (n < h->shadow[i].len) {
                return h->shadow[i].at + n;
            }
            n -= h->shadow[i].len;
        }
    }
    fail_msg("the disk has no such byte");
    return 0;
}

static uint32_t shadow_bytes(const struct hall *h, bool write)
{
    uint32_t sum = 0;
    uint32_t i;
    for (i = 0; i < h->shadows; i++) {
        assert_true(h->shadow[i].len != 0u && (i == 0u || h->shadow[i].write || !h->shadow[i - 1u].write));
        sum += h->shadow[i].write == write ? h->shadow[i].len : 0u;
    }
    return sum;
}

/* The disk's header: in the monitor's memory, of this type and sector, with a poisoned status behind. */
static void assert_header(const struct hall *h, uint32_t type, uint64_t sector)
{
    unsigned char expected[16];
    header_bytes(expected, type, 0, sector);
    assert_int_equal(h->shadow[0].len, 16);
    assert_true(h->shadow[0].at >= IO_BUS);
    assert_memory_equal(disk_at(h, h->shadow[0].at), expected, 16);
    assert_true(h->shadow[h->shadows - 1u].write);
    assert_int_equal(h->shadow[h->shadows - 1u].len, 1);
    assert_int_equal(h->shadow[h->shadows - 1u].at, h->shadow[0].at + 16u);
    assert_int_equal(*disk_at(h, h->shadow[0].at + 16u), POISON);
}

/* What the client was told last: its status byte, and the used length. */
static void assert_told(const struct hall *h, uint64_t status_at, uint8_t status, uint32_t len)
{
    uint16_t last = (uint16_t)(h->d.position - 1u);
    assert_int_equal(peer_get_used_idx(h->d.w), h->d.position);
    assert_int_equal(peer_get_used_id(h->d.w, last), FIRST);
    assert_int_equal(peer_get_used_len(h->d.w, last), len);
    assert_int_equal(*world_at(h->d.w, status_at), status);
    assert_int_equal(pins(&h->d), 0);
}

/* A request in three elements, or two without data, and its way down. */
static void send(struct hall *h, uint32_t type, uint64_t sector, uint32_t out, uint32_t in)
{
    struct piece p[4] = {{HEADER_AT, 16, false}};
    uint32_t n = 1;
    header_bytes(world_at(h->d.w, HEADER_AT), type, 0x5555, sector);
    *world_at(h->d.w, STATUS_AT) = 0x77;
    if (out != 0u) {
        p[n++] = (struct piece){DATA_AT, out, false};
    }
    if (in != 0u) {
        p[n++] = (struct piece){DATA_AT, in, true};
    }
    p[n++] = (struct piece){STATUS_AT, 1, true};
    offer(&h->d, p, n);
    pump(h);
}

static void read_goes_down_with_the_disks_sector_and_comes_back(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    (void)state;
    send(h, IN, 3, 0, 1024);
    assert_int_equal(h->moved.down, 1);
    assert_true(h->moved.kick);
    disk_look(h);
    assert_int_equal(h->shadows, 3);
    assert_header(h, IN, RW_DISK + 3u);
    assert_int_equal(h->shadow[1].at, bus_of(DATA_AT));
    assert_int_equal(h->shadow[1].len, 1024);
    assert_true(h->shadow[1].write);
    assert_int_equal(h->d.caps[CAP_RW].pins, 1);
    assert_int_equal(*world_at(h->d.w, STATUS_AT), 0x77);
    disk_answer(h, S_OK, 1025);
    assert_told(h, STATUS_AT, S_OK, 1025);
    hall_free(h);
}

static void write_flush_and_name_go_down(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    (void)state;
    send(h, OUT, 301, 1536, 0);
    disk_look(h);
    assert_int_equal(h->shadows, 3);
    assert_header(h, OUT, WO_DISK + 1u);
    assert_int_equal(h->shadow[1].at, bus_of(DATA_AT));
    assert_int_equal(h->shadow[1].len, 1536);
    assert_false(h->shadow[1].write);
    disk_answer(h, S_OK, 1);
    assert_told(h, STATUS_AT, S_OK, 1);
    send(h, FLUSH, 77, 0, 0);
    disk_look(h);
    assert_int_equal(h->shadows, 2);
    assert_header(h, FLUSH, 0);
    disk_answer(h, S_OK, 1);
    assert_told(h, STATUS_AT, S_OK, 1);
    send(h, GET_ID, 77, 0, 20);
    disk_look(h);
    assert_int_equal(h->shadows, 3);
    assert_header(h, GET_ID, 0);
    disk_answer(h, S_UNSUPP, 21);
    assert_told(h, STATUS_AT, S_UNSUPP, 21);
    hall_free(h);
}

static void range_goes_down_from_the_monitors_memory(void **state)
{
    const struct piece p[2] = {{HEADER_AT, 32, false}, {STATUS_AT, 1, true}};
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    unsigned char expected[16];
    (void)state;
    header_bytes(world_at(h->d.w, HEADER_AT), ZEROES, 1, 2);
    range_bytes(world_at(h->d.w, HEADER_AT + 16u), 40, 60, 1);
    offer(&h->d, p, 2);
    pump(h);
    memset(world_at(h->d.w, HEADER_AT), 0xEE, 32);
    disk_look(h);
    assert_int_equal(h->shadows, 3);
    assert_header(h, ZEROES, 0);
    assert_int_equal(h->shadow[1].len, 16);
    assert_false(h->shadow[1].write);
    assert_true(h->shadow[1].at >= IO_BUS);
    range_bytes(expected, RW_DISK + 40u, 60, 1);
    assert_memory_equal(disk_at(h, h->shadow[1].at), expected, 16);
    disk_answer(h, S_OK, 1);
    assert_told(h, STATUS_AT, S_OK, 1);
    hall_free(h);
}

static void d3_elements_cut_at_every_byte_carry_the_same_data(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    uint32_t cut;
    uint32_t i;
    (void)state;
    for (cut = 0; cut <= 512u; cut++) {
        /* The status byte is the last of the second element, or alone in it; or all is in one. */
        const struct piece p[3] = {{HEADER_AT, 16, false},
                                   {cut == 0u ? STATUS_AT - 512u : DATA_AT, cut == 0u ? 513 : cut, true},
                                   {STATUS_AT - (512u - cut), 513u - cut, true}};
        header_bytes(world_at(h->d.w, HEADER_AT), IN, 0, 1);
        offer(&h->d, p, cut == 0u ? 2 : 3);
        pump(h);
        disk_look(h);
        assert_header(h, IN, RW_DISK + 1u);
        assert_int_equal(shadow_bytes(h, false), 16);
        assert_int_equal(shadow_bytes(h, true), 513);
        for (i = 0; i < 512u; i++) {
            assert_int_equal(shadow_byte(h, true, i), bus_of(i < cut ? DATA_AT + i : STATUS_AT - 512u + i));
        }
        disk_answer(h, S_OK, 513);
        assert_told(h, STATUS_AT, S_OK, 513);
    }
    for (cut = 1; cut < 528u; cut++) {
        const struct piece p[3] = {{HEADER_AT, cut, false}, {DATA_AT, 528u - cut, false}, {STATUS_AT, 1, true}};
        unsigned char header[16];
        header_bytes(header, OUT, 0, 1);
        for (i = 0; i < 16u; i++) {
            *world_at(h->d.w, i < cut ? HEADER_AT + i : DATA_AT + (i - cut)) = header[i];
        }
        offer(&h->d, p, 3);
        pump(h);
        disk_look(h);
        assert_header(h, OUT, RW_DISK + 1u);
        assert_int_equal(shadow_bytes(h, false), 528);
        assert_int_equal(shadow_bytes(h, true), 1);
        for (i = 16; i < 528u; i++) {
            assert_int_equal(shadow_byte(h, false, i), bus_of(i < cut ? HEADER_AT + i : DATA_AT + (i - cut)));
        }
        disk_answer(h, S_OK, 1);
        assert_told(h, STATUS_AT, S_OK, 1);
    }
    hall_free(h);
}

static void longest_chain_fits(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    struct piece p[SEGMENTS];
    uint32_t i;
    (void)state;
    /* Last data and status in one element: a segment more for the disk. */
    p[0] = (struct piece){HEADER_AT, 16u, false};
    for (i = 1; i + 1u < SEGMENTS; i++) {
        p[i] = (struct piece){DATA_AT + 64u * (uint64_t)i, i == 1u ? 512u - (SEGMENTS - 3u) : 1u, true};
    }
    p[i] = (struct piece){STATUS_AT - 1u, 2, true};
    p[1].len--;
    header_bytes(world_at(h->d.w, HEADER_AT), IN, 0, 1);
    offer(&h->d, p, SEGMENTS);
    pump(h);
    disk_look(h);
    assert_int_equal(h->shadows, SEGMENTS + 1u);
    assert_header(h, IN, RW_DISK + 1u);
    disk_answer(h, S_OK, 513);
    assert_told(h, STATUS_AT, S_OK, 513);
    /* Header and first data in one element: again one more. */
    p[0].len = 17;
    for (i = 1; i + 1u < SEGMENTS; i++) {
        p[i] = (struct piece){DATA_AT + 1024u * (uint64_t)i, i == 1u ? 512u - 1u - (SEGMENTS - 3u) : 1u, false};
    }
    p[i] = (struct piece){STATUS_AT, 1, true};
    header_bytes(world_at(h->d.w, HEADER_AT), OUT, 0, 1);
    offer(&h->d, p, SEGMENTS);
    pump(h);
    disk_look(h);
    assert_int_equal(h->shadows, SEGMENTS + 1u);
    assert_int_equal(shadow_byte(h, false, 16), bus_of(HEADER_AT + 16u));
    assert_int_equal(shadow_bytes(h, false), 528);
    disk_answer(h, S_OK, 1);
    assert_told(h, STATUS_AT, S_OK, 1);
    hall_free(h);
}

static void d4_what_the_client_rewrites_on_the_way_the_disk_does_not_see(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    unsigned char after[SCRATCH];
    (void)state;
    send(h, IN, 3, 0, 512);
    memcpy(after, h->jobs[0].scratch, SCRATCH);
    header_bytes(world_at(h->d.w, HEADER_AT), OUT, 0, 150);
    *world_at(h->d.w, STATUS_AT) = S_UNSUPP;
    peer_desc(h->d.w, FIRST, world_addr(WORLD_HOLE), 16, D_NEXT, FIRST);
    pump(h);
    disk_look(h);
    assert_memory_equal(after, h->jobs[0].scratch, SCRATCH);
    assert_header(h, IN, RW_DISK + 3u);
    disk_answer(h, S_OK, 513);
    assert_told(h, STATUS_AT, S_OK, 513);
    hall_free(h);
}

static void scratch_is_written_within_its_bounds(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    uint64_t bytes = vqg_job_io_bytes(SEGMENTS);
    uint64_t i;
    (void)state;
    send(h, IN, 3, 0, 512);
    for (i = 17; i < 2u * bytes; i++) {
        assert_int_equal(io[i], 0xA5);
    }
    disk_look(h);
    disk_answer(h, S_OK, 513);
    hall_free(h);
    h = hall_new(VQG_CHAIN_LATCH);
    {
        const struct piece p[2] = {{HEADER_AT, 32, false}, {STATUS_AT, 1, true}};
        header_bytes(world_at(h->d.w, HEADER_AT), DISCARD, 0, 0);
        range_bytes(world_at(h->d.w, HEADER_AT + 16u), 0, 1, 0);
        offer(&h->d, p, 2);
        pump(h);
    }
    for (i = 40; i < 2u * bytes; i++) {
        assert_int_equal(io[i], 0xA5);
    }
    hall_free(h);
}

static void request_that_is_not_served_is_answered_without_the_disk(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    (void)state;
    send(h, 14, 150, 0, 0);
    assert_int_equal(h->moved.down, 0);
    assert_told(h, STATUS_AT, S_UNSUPP, 1);
    send(h, 0x80000000u, 150, 7, 9);
    assert_told(h, STATUS_AT, S_UNSUPP, 0);
    assert_int_equal(get_little(ring[1] + 2, 2), 0);
    assert_int_equal(vqg_device_violation(&h->client.device)->rule, VQG_RULE_NONE);
    hall_free(h);
}

static void refused_request_fails_under_the_drop_policy_and_the_client_goes_on(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_DROP);
    (void)state;
    send(h, OUT, RO_FIRST, 512, 0);
    assert_int_equal(h->moved.refused, 1);
    assert_told(h, STATUS_AT, S_IOERR, 1);
    send(h, IN, 150, 0, 512);
    assert_told(h, STATUS_AT, S_IOERR, 0);
    assert_int_equal(vqg_device_violation(&h->client.device)->rule, VQG_RULE_BLK_RIGHT);
    assert_int_equal(vqg_device_violation(&h->client.device)->count, 2);
    assert_int_equal(get_little(ring[1] + 2, 2), 0);
    send(h, IN, RO_FIRST, 0, 512);
    disk_look(h);
    assert_header(h, IN, RO_DISK);
    disk_answer(h, S_OK, 513);
    assert_told(h, STATUS_AT, S_OK, 513);
    hall_free(h);
}

static void refused_request_without_a_place_for_a_status_just_fails(void **state)
{
    static const struct piece mute[] = {{HEADER_AT, 16, false}};
    static const struct piece far[] = {{HEADER_AT, 16, false}, {WORLD_WRONLY, 1, true}};
    struct hall *h = hall_new(VQG_CHAIN_DROP);
    (void)state;
    offer(&h->d, mute, 1);
    pump(h);
    assert_int_equal(h->moved.refused, 1);
    assert_int_equal(peer_get_used_idx(h->d.w), 1);
    assert_int_equal(peer_get_used_len(h->d.w, 0), 0);
    h->d.w->caps[2].map = NULL;
    assert_status(vqg_cap_table_replace(&h->d.w->table, 2, &h->d.w->caps[2]), VQG_OK);
    *world_at(h->d.w, WORLD_WRONLY) = 0x77;
    offer(&h->d, far, 2);
    pump(h);
    assert_int_equal(h->moved.refused, 1);
    assert_told(h, WORLD_WRONLY, 0x77, 0);
    hall_free(h);
}

static void refused_request_latches_the_client_under_the_strict_policy(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    const struct vqg_violation *v = vqg_device_violation(&h->client.device);
    (void)state;
    send(h, IN, 150, 0, 512);
    assert_violation(v, VQG_V_BLK_RANGE, VQG_RULE_BLK_RANGE, FIRST, 150, 1);
    assert_true(vqg_device_needs_reset(&h->client.device));
    assert_int_equal(peer_get_used_idx(h->d.w), 0);
    assert_int_equal(get_little(ring[1] + 2, 2), 0);
    assert_int_equal(pins(&h->d), 0);
    hall_free(h);
}

/* A read of one sector, answered so. */
static struct hall *answered(uint8_t status, uint32_t len)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    send(h, IN, 3, 0, 512);
    disk_look(h);
    disk_answer(h, status, len);
    return h;
}

/* The disk broke a rule: the client is told, nobody is latched, and the next request is served. */
static void assert_disk_accused(struct hall *h, enum vqg_rule rule, uint8_t said)
{
    const struct vqg_violation *v = vqg_blk_violation(&h->d.blk);
    assert_told(h, STATUS_AT, S_IOERR, 0);
    assert_int_equal(v->rule, rule);
    assert_int_equal(v->index, FIRST);
    assert_int_equal(v->value, said);
    assert_int_equal(v->limit, S_UNSUPP);
    assert_int_equal(v->count, 1);
    assert_int_equal(vqg_driver_violation(&h->monitor.driver)->rule, VQG_RULE_NONE);
    assert_int_equal(vqg_device_violation(&h->client.device)->rule, VQG_RULE_NONE);
    send(h, OUT, 3, 512, 0);
    disk_look(h);
    disk_answer(h, S_OK, 1);
    assert_told(h, STATUS_AT, S_OK, 1);
    assert_int_equal(v->count, 1);
    hall_free(h);
}

static void d1_status_that_nobody_knows_is_an_error_for_the_client(void **state)
{
    uint32_t said;
    (void)state;
    for (said = S_UNSUPP + 1u; said < POISON; said++) {
        assert_disk_accused(answered((uint8_t)said, 513), VQG_RULE_STATUS_KNOWN, (uint8_t)said);
    }
}

static void d2_status_that_was_not_written_is_an_error_for_the_client(void **state)
{
    (void)state;
    assert_disk_accused(answered(POISON, 513), VQG_RULE_STATUS_WRITTEN, POISON);
}

static void status_that_is_known_is_handed_up(void **state)
{
    uint8_t said;
    (void)state;
    for (said = S_OK; said <= S_UNSUPP; said++) {
        struct hall *h = answered(said, 513);
        assert_told(h, STATUS_AT, said, 513);
        assert_int_equal(vqg_blk_violation(&h->d.blk)->rule, VQG_RULE_NONE);
        hall_free(h);
    }
}

static void length_is_never_more_than_the_disk_claimed(void **state)
{
    static const uint32_t lengths[] = {0, 1, 2, 511, 512};
    size_t i;
    (void)state;
    for (i = 0; i < COUNT_OF(lengths); i++) {
        struct hall *h = answered(S_OK, lengths[i]);
        assert_told(h, STATUS_AT, S_OK, 0);
        hall_free(h);
    }
}

static void d4_disks_status_is_fetched_once(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    size_t fetches = 0;
    size_t i;
    (void)state;
    send(h, IN, 3, 0, 512);
    disk_look(h);
    test_port_reset();
    disk_answer(h, S_OK, 513);
    for (i = 0; i < test_port.count; i++) {
        const volatile unsigned char *at = test_port.log[i].at;
        /* Nothing else of the job's memory is fetched, nor of the client's data. */
        fetches += !test_port.log[i].store && at >= io && at < io + sizeof io;
        assert_false(at >= world_at(h->d.w, DATA_AT) && at < world_at(h->d.w, DATA_AT) + 512);
        assert_false(!test_port.log[i].store && at == world_at(h->d.w, STATUS_AT));
    }
    assert_int_equal(fetches, 1);
    assert_told(h, STATUS_AT, S_OK, 513);
    hall_free(h);
}

static void requests_fail_when_the_disk_is_reset_and_their_sectors_are_free(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    struct vqg_cap revoked = h->d.caps[CAP_RW];
    (void)state;
    revoked.rights = 0;
    send(h, IN, 3, 0, 512);
    disk_look(h);
    assert_status(vqg_cap_table_replace(&h->d.table, CAP_RW, &revoked), VQG_BUSY);
    /* What the disk wrote before it was reset says nothing. */
    *disk_at(h, h->shadow[h->shadows - 1u].at) = S_OK;
    assert_status(vqg_monitor_reset(&h->monitor), VQG_OK);
    assert_status(vqg_cap_table_replace(&h->d.table, CAP_RW, &revoked), VQG_BUSY);
    assert_status(vqg_monitor_reset_acked(&h->monitor), VQG_OK);
    assert_told(h, STATUS_AT, S_IOERR, 0);
    assert_int_equal(vqg_blk_violation(&h->d.blk)->rule, VQG_RULE_NONE);
    assert_status(vqg_cap_table_replace(&h->d.table, CAP_RW, &revoked), VQG_OK);
    hall_free(h);
}

static void b6_sectors_of_a_client_that_was_reset_stay_pinned_until_the_disk_is_done(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    (void)state;
    send(h, OUT, 3, 512, 0);
    disk_look(h);
    vqg_client_reset(&h->client);
    assert_false(vqg_client_is_drained(&h->client));
    assert_int_equal(h->d.caps[CAP_RW].pins, 1);
    disk_answer(h, S_OK, 1);
    assert_true(vqg_client_is_drained(&h->client));
    assert_int_equal(h->d.caps[CAP_RW].pins, 0);
    assert_int_equal(peer_get_used_idx(h->d.w), 0);
    hall_free(h);
}

/* A read beside what is sent otherwise: its descriptors are others. */
static void send_beside(struct hall *h)
{
    header_bytes(world_at(h->d.w, HEADER_AT), IN, 0x5555, 3);
    element(h->d.w, 0, HEADER_AT, 16, D_NEXT, 1);
    element(h->d.w, 1, DATA_AT, 512, D_WRITE | D_NEXT, 2);
    element(h->d.w, 2, STATUS_AT, 1, D_WRITE, 0);
    peer_make_available(h->d.w, h->d.position, 0);
    h->d.position++;
    pump(h);
}

static void b6_refused_request_ends_no_pin_of_another_one(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_DROP);
    (void)state;
    /* Two jobs that had a pin each are free again, and one of them has the next request. */
    send(h, IN, 3, 0, 512);
    send_beside(h);
    h->disk = 2; /* the disk has done both */
    put_little(ring[2] + 4, 4, get_little(ring[1] + 4, 2));
    put_little(ring[2] + 8, 4, 513);
    put_little(ring[2] + 12, 4, get_little(ring[1] + 6, 2));
    put_little(ring[2] + 16, 4, 513);
    put_little(ring[2] + 2, 2, 2);
    assert_int_equal(h->d.caps[CAP_RW].pins, 2);
    pump(h);
    assert_int_equal(h->d.caps[CAP_RW].pins, 0);
    send_beside(h);
    assert_int_equal(h->d.caps[CAP_RW].pins, 1);
    h->d.caps[CAP_RO].pins = 1; /* as by another client */
    send(h, OUT, RO_FIRST, 512, 0);
    assert_int_equal(h->moved.refused, 1);
    assert_int_equal(h->d.caps[CAP_RW].pins, 1);
    assert_int_equal(h->d.caps[CAP_RO].pins, 1);
    h->d.caps[CAP_RO].pins = 0;
    hall_free(h);
}

static void room_that_is_too_small_is_not_written(void **state)
{
    struct hall *h = hall_new(VQG_CHAIN_LATCH);
    const struct piece p[3] = {{HEADER_AT, 16, false}, {DATA_AT, 512, true}, {STATUS_AT, 1, true}};
    struct vqg_job *job = &h->jobs[0];
    struct vqg_seg shadow[5];
    struct vqg_seg untouched[5];
    uint32_t capacity;
    uint32_t count = 77;
    (void)state;
    header_bytes(world_at(h->d.w, HEADER_AT), IN, 0, 3);
    offer(&h->d, p, 3);
    assert_status(vqg_device_pop(&h->client.device, &job->chain), VQG_OK);
    memset(shadow, 0xA5, sizeof shadow);
    memset(untouched, 0xA5, sizeof untouched);
    for (capacity = 0; capacity < 5u; capacity++) {
        assert_status(h->filter.down(h->filter.context, job, shadow, capacity, &count), VQG_BAD_COUNT);
        assert_int_equal(count, 77);
        assert_memory_equal(shadow, untouched, sizeof shadow);
        assert_int_equal(pins(&h->d), 0);
        assert_int_equal(h->filter.up(h->filter.context, job, 0, true), 0);
    }
    assert_status(h->filter.down(h->filter.context, job, shadow, 5, &count), VQG_OK);
    assert_int_equal(count, 3);
    assert_int_equal(pins(&h->d), 1);
    assert_memory_equal(&shadow[3], &untouched[3], 2u * sizeof shadow[0]);
    assert_int_equal(h->filter.up(h->filter.context, job, 513, true), 0);
    assert_int_equal(pins(&h->d), 0);
    hall_free(h);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(read_goes_down_with_the_disks_sector_and_comes_back),
    cmocka_unit_test(write_flush_and_name_go_down),
    cmocka_unit_test(range_goes_down_from_the_monitors_memory),
    cmocka_unit_test(d3_elements_cut_at_every_byte_carry_the_same_data),
    cmocka_unit_test(longest_chain_fits),
    cmocka_unit_test(d4_what_the_client_rewrites_on_the_way_the_disk_does_not_see),
    cmocka_unit_test(scratch_is_written_within_its_bounds),
    cmocka_unit_test(request_that_is_not_served_is_answered_without_the_disk),
    cmocka_unit_test(refused_request_fails_under_the_drop_policy_and_the_client_goes_on),
    cmocka_unit_test(refused_request_without_a_place_for_a_status_just_fails),
    cmocka_unit_test(refused_request_latches_the_client_under_the_strict_policy),
    cmocka_unit_test(d1_status_that_nobody_knows_is_an_error_for_the_client),
    cmocka_unit_test(d2_status_that_was_not_written_is_an_error_for_the_client),
    cmocka_unit_test(status_that_is_known_is_handed_up),
    cmocka_unit_test(length_is_never_more_than_the_disk_claimed),
    cmocka_unit_test(d4_disks_status_is_fetched_once),
    cmocka_unit_test(requests_fail_when_the_disk_is_reset_and_their_sectors_are_free),
    cmocka_unit_test(b6_sectors_of_a_client_that_was_reset_stay_pinned_until_the_disk_is_done),
    cmocka_unit_test(b6_refused_request_ends_no_pin_of_another_one),
    cmocka_unit_test(room_that_is_too_small_is_not_written),
};
TEST_MAIN(tests)
