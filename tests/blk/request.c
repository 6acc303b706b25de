/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define SECTOR VQG_BLK_SECTOR_BYTES

static uint64_t place_of(const struct request *r)
{
    const uint64_t at = r->place * REQUEST_BYTES;
    assert_true(r->place < REQUEST_PLACES);
    return FRONT_DATA_GUEST + at;
}

unsigned char *request_data(const struct front *f, const struct request *r)
{
    return front_at(f, place_of(r) + REQUEST_DATA);
}

void request_range(const struct front *f, struct request *r, uint64_t sector, uint32_t sectors, uint32_t flags)
{
    unsigned char *range = request_data(f, r);
    vqg_blk_set_(range, 8u, sector);
    vqg_blk_set_(range + 8, 4u, sectors);
    vqg_blk_set_(range + 12, 4u, flags);
    r->bytes = VQG_BLK_RANGE_BYTES;
}

/* Cuts the data in pieces. How many. */
static uint32_t cut(const struct request *r, struct vqg_seg *seg)
{
    const uint32_t pieces = r->pieces == 0u && r->bytes != 0u ? 1u : r->pieces;
    uint64_t at = place_of(r) + REQUEST_DATA;
    uint32_t left = r->bytes;
    uint32_t i;
    for (i = 0; i < pieces; i++) {
        const uint32_t len = i + 1u == pieces ? left : r->bytes / pieces;
        seg[i] = vqg_out(NULL, len);
        seg[i].addr = at;
        seg[i].write = r->type == VQG_BLK_T_IN || r->type == VQG_BLK_T_GET_ID;
        at += len;
        left -= len;
    }
    return pieces;
}

void request_add(struct front *f, uint32_t queue, struct request *r)
{
    struct vqg_seg seg[FRONT_SEGMENTS];
    struct vqg_request all;
    memset(&all, 0, sizeof all);
    r->ended = 0;
    r->status = VQG_BLK_S_NONE;
    assert_true(r->bytes <= REQUEST_DATA_BYTES);
    all.count = cut(r, seg + 1);
    all.count = vqg_blk_build(seg, all.count, front_at(f, place_of(r)), place_of(r), r->type, r->sector);
    all.seg = seg;
    all.cookie = r;
    if (r->table) {
        all.table_addr = place_of(r) + REQUEST_TABLE;
        all.table = front_at(f, all.table_addr);
        all.table_entries = FRONT_SEGMENTS;
    }
    assert_int_equal(vqg_driver_add_request(&f->queue[queue].driver, &all), VQG_OK);
}

void request_kick(struct front *f, uint32_t queue)
{
    const uint64_t one = 1;
    if (vqg_driver_kick(&f->queue[queue].driver)) {
        assert_int_equal(write(f->queue[queue].kick, &one, sizeof one), sizeof one);
    }
}

unsigned request_take(struct front *f, uint32_t queue)
{
    struct vqg_driver *d = &f->queue[queue].driver;
    struct vqg_done done;
    enum vqg_status st;
    unsigned count = 0;
    while ((st = vqg_driver_take(d, &done)) == VQG_OK) {
        struct request *r = done.cookie;
        const bool reads = r->type == VQG_BLK_T_IN || r->type == VQG_BLK_T_GET_ID;
        assert_int_equal(r->ended, 0);
        r->ended++;
        r->len = done.len;
        st = vqg_blk_result(d, &done, front_at(f, place_of(r)), (reads ? r->bytes : 0u) + 1u, &r->status);
        assert_int_equal(st, VQG_OK);
        count++;
    }
    assert_int_equal(st, VQG_EMPTY);
    return count;
}

void request_sleep(struct front *f, uint32_t queue)
{
    struct pollfd p = {.fd = f->queue[queue].call, .events = POLLIN};
    uint64_t n;
    if (vqg_driver_callback_enable(&f->queue[queue].driver)) {
        return;
    }
    if (poll(&p, 1, BACKEND_PATIENCE) != 1) {
        fail_msg("no interrupt of queue %u", queue);
    }
    assert_int_equal(read(p.fd, &n, sizeof n), sizeof n);
}

void request_wait(struct front *f, uint32_t queue, const struct request *r)
{
    (void)request_take(f, queue);
    while (r->ended == 0u) {
        request_sleep(f, queue);
        (void)request_take(f, queue);
    }
}

uint8_t request_run(struct front *f, uint32_t queue, struct request *r)
{
    request_add(f, queue, r);
    request_kick(f, queue);
    request_wait(f, queue, r);
    return r->status;
}

static uint64_t version_of(uint64_t sector, uint32_t version)
{
    return sector | (uint64_t)version << 32;
}

void request_fill(const struct front *f, const struct request *r, uint32_t version)
{
    uint32_t i;
    for (i = 0; i < r->bytes / SECTOR; i++) {
        pattern_put(request_data(f, r) + (size_t)i * SECTOR, SECTOR, version_of(r->sector + i, version));
    }
}

bool request_holds(const struct front *f, const struct request *r, uint32_t version)
{
    bool same = true;
    uint32_t i;
    for (i = 0; i < r->bytes / SECTOR; i++) {
        same = same &&
               pattern_is(request_data(f, r) + (size_t)i * SECTOR, SECTOR, version_of(r->sector + i, version));
    }
    return same;
}

bool request_zeroes(const struct front *f, const struct request *r)
{
    static const unsigned char zeroes[REQUEST_DATA_BYTES];
    return memcmp(request_data(f, r), zeroes, r->bytes) == 0;
}

void request_assert_read(struct front *f, uint32_t queue, uint64_t sector, uint32_t sectors, uint32_t version)
{
    struct request r = {
        .place = REQUEST_PLACES - 1u - queue, .type = VQG_BLK_T_IN, .sector = sector, .bytes = sectors * SECTOR};
    memset(request_data(f, &r), 0x5a, r.bytes);
    assert_int_equal(request_run(f, queue, &r), VQG_BLK_S_OK);
    assert_int_equal(r.len, r.bytes + 1u);
    assert_true(request_holds(f, &r, version));
}

void request_assert_write(struct front *f, uint32_t queue, uint64_t sector, uint32_t sectors, uint32_t version)
{
    struct request r = {
        .place = REQUEST_PLACES - 1u - queue, .type = VQG_BLK_T_OUT, .sector = sector, .bytes = sectors * SECTOR};
    request_fill(f, &r, version);
    assert_int_equal(request_run(f, queue, &r), VQG_BLK_S_OK);
    assert_int_equal(r.len, 1);
}

void request_honest_client(struct backend *b)
{
    struct front f;
    front_make(&f, VQG_F_VERSION_1, 1, 16);
    front_open(&f, b, false);
    request_assert_read(&f, 0, 7, 1, 0);
    front_remove(&f);
    backend_assert_left(b);
}

bool image_holds(const struct backend *b, uint64_t sector, uint32_t version)
{
    unsigned char bytes[SECTOR];
    int fd = open(b->image, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, bytes, sizeof bytes, (off_t)(sector * SECTOR)), sizeof bytes);
    (void)close(fd);
    return pattern_is(bytes, sizeof bytes, version_of(sector, version));
}
