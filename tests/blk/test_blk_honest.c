/* SPDX-License-Identifier: MIT */
/** @file test_blk_honest.c Every kind of request, in every format, with both engines. */
#include "request.h"

#include <stdio.h>
#include <string.h>

#define DEPTH 40u
#define UNKNOWN_TYPE 77u

struct combination {
    uint64_t features;
    const char *engine;
    char name[80];
};

struct bench {
    struct backend backend;
    struct front front;
    bool table;
};

/* The number of pieces goes with the number of the request, so that data is cut in every way. */
static void reads_and_writes(struct bench *x)
{
    struct request r[DEPTH];
    uint32_t i;
    memset(r, 0, sizeof r);
    for (i = 0; i < DEPTH; i++) {
        r[i].place = i;
        r[i].type = i % 2u == 0u ? VQG_BLK_T_OUT : VQG_BLK_T_IN;
        r[i].sector = 100u + i * 8u;
        r[i].bytes = (1u + i % 8u) * VQG_BLK_SECTOR_BYTES;
        r[i].pieces = 1u + i % 5u;
        r[i].table = x->table && i % 3u != 0u;
        request_fill(&x->front, &r[i], r[i].type == VQG_BLK_T_OUT ? 1u : 9u);
        while (vqg_driver_free(&x->front.queue[0].driver) < r[i].pieces + 2u) {
            request_kick(&x->front, 0);
            if (request_take(&x->front, 0) == 0u) {
                request_sleep(&x->front, 0);
            }
        }
        request_add(&x->front, 0, &r[i]);
        if (i % 4u == 0u) {
            request_kick(&x->front, 0);
        }
    }
    request_kick(&x->front, 0);
    for (i = 0; i < DEPTH; i++) {
        request_wait(&x->front, 0, &r[i]);
        assert_int_equal(r[i].status, VQG_BLK_S_OK);
        assert_int_equal(r[i].len, 1u + (r[i].type == VQG_BLK_T_IN ? r[i].bytes : 0u));
        assert_true(request_holds(&x->front, &r[i], r[i].type == VQG_BLK_T_OUT ? 1u : 0u));
    }
    for (i = 0; i < DEPTH; i++) {
        request_assert_read(&x->front, 0, r[i].sector, r[i].bytes / VQG_BLK_SECTOR_BYTES,
                            r[i].type == VQG_BLK_T_OUT ? 1u : 0u);
        assert_true(image_holds(&x->backend, r[i].sector, r[i].type == VQG_BLK_T_OUT ? 1u : 0u));
    }
}

static void flush_and_name(struct bench *x)
{
    struct request r = {.type = VQG_BLK_T_FLUSH, .table = x->table};
    const char name[VQG_BLK_ID_BYTES] = "a_disk";
    assert_int_equal(request_run(&x->front, 0, &r), VQG_BLK_S_OK);
    assert_int_equal(r.len, 1);
    r.type = VQG_BLK_T_GET_ID;
    r.bytes = VQG_BLK_ID_BYTES;
    assert_int_equal(request_run(&x->front, 0, &r), VQG_BLK_S_OK);
    assert_memory_equal(request_data(&x->front, &r), name, sizeof name);
}

/* Runs a request on a range, and reads the range and its neighbours: true when it is all zeroes. */
static bool range_is_zero(struct bench *x, uint32_t type, uint64_t sector, uint32_t flags)
{
    struct request r = {.type = type, .table = x->table};
    struct request look = {.type = VQG_BLK_T_IN, .sector = sector, .bytes = 16u * VQG_BLK_SECTOR_BYTES};
    request_range(&x->front, &r, sector, 16, flags);
    assert_int_equal(request_run(&x->front, 0, &r), VQG_BLK_S_OK);
    assert_int_equal(r.len, 1);
    request_assert_read(&x->front, 0, sector - 1u, 1, 0);
    request_assert_read(&x->front, 0, sector + 16u, 1, 0);
    assert_int_equal(request_run(&x->front, 0, &look), VQG_BLK_S_OK);
    return request_zeroes(&x->front, &look) || (!request_holds(&x->front, &look, 0) && (fail(), false));
}

static void discard_and_zeroes(struct bench *x)
{
    struct request r = {.type = VQG_BLK_T_DISCARD, .table = x->table};
    (void)range_is_zero(x, VQG_BLK_T_DISCARD, 1024, 0); /* or as it was */
    assert_true(range_is_zero(x, VQG_BLK_T_WRITE_ZEROES, 1056, 0));
    assert_true(range_is_zero(x, VQG_BLK_T_WRITE_ZEROES, 1089, VQG_BLK_UNMAP));
    /* A flag that a discard does not have. */
    request_range(&x->front, &r, 8, 8, VQG_BLK_UNMAP);
    assert_int_equal(request_run(&x->front, 0, &r), VQG_BLK_S_UNSUPP);
    request_assert_read(&x->front, 0, 8, 8, 0);
    backend_assert_quiet(&x->backend);
}

/* Answered as the specification wants it; a line tells of the first rule that was broken, and no more of them. */
static void what_is_refused(struct bench *x)
{
    struct request r = {.type = UNKNOWN_TYPE, .bytes = VQG_BLK_SECTOR_BYTES, .table = x->table};
    const char *line;
    assert_int_equal(request_run(&x->front, 0, &r), VQG_BLK_S_UNSUPP);
    backend_assert_quiet(&x->backend);
    r.type = VQG_BLK_T_OUT;
    r.sector = BACKEND_SECTORS - 1u;
    r.bytes = 2u * VQG_BLK_SECTOR_BYTES;
    assert_int_equal(request_run(&x->front, 0, &r), VQG_BLK_S_IOERR);
    assert_non_null(strstr(backend_event(&x->backend, "violation"), "\"rule\":\"B4\",\"name\":\"BLK_RANGE\""));
    line = backend_log(&x->backend);
    assert_ptr_equal(strstr(line, "vqguard-blk: queue 0: rule B4 BLK_RANGE is broken: "), line);
    assert_string_equal(strstr(line, ", value"), ", value 2, limit 1\n");
    r.type = VQG_BLK_T_IN;
    r.sector = UINT64_MAX;
    assert_int_equal(request_run(&x->front, 0, &r), VQG_BLK_S_IOERR);
    r.type = VQG_BLK_T_WRITE_ZEROES;
    request_range(&x->front, &r, BACKEND_SECTORS, 1, 0);
    assert_int_equal(request_run(&x->front, 0, &r), VQG_BLK_S_IOERR);
    backend_assert_quiet(&x->backend);
    assert_true(image_holds(&x->backend, BACKEND_SECTORS - 1u, 0));
    request_assert_read(&x->front, 0, BACKEND_SECTORS - 1u, 1, 0);
}

static void every_kind_of_request(void **state)
{
    const struct combination *c = *state;
    struct bench x;
    char arguments[80];
    char wanted[160];
    memset(&x, 0, sizeof x);
    x.table = (c->features & FRONT_INDIRECT) != 0u;
    backend_make(&x.backend);
    (void)snprintf(arguments, sizeof arguments, "--engine %s --serial a_disk", c->engine);
    backend_start(&x.backend, arguments);
    front_make(&x.front, c->features | FRONT_DISK | VQG_F_VERSION_1, 1, 128);
    front_open(&x.front, &x.backend, false);
    (void)snprintf(wanted, sizeof wanted,
                   "{\"event\":\"queue\",\"queue\":0,\"life\":1,\"format\":\"%s\",\"size\":128,\"indirect\":%s,"
                   "\"event_idx\":%s,\"resumed\":0}",
                   (c->features & FRONT_PACKED) != 0u ? "packed" : "split", x.table ? "true" : "false",
                   (c->features & FRONT_EVENT_IDX) != 0u ? "true" : "false");
    assert_string_equal(backend_event(&x.backend, "queue"), wanted);
    reads_and_writes(&x);
    flush_and_name(&x);
    discard_and_zeroes(&x);
    what_is_refused(&x);
    front_remove(&x.front);
    backend_assert_left(&x.backend);
    backend_assert_nothing_kept(&x.backend);
    backend_end(&x.backend);
    backend_remove(&x.backend);
}

#define FORMATS 8u
#define ENGINES 2u

int main(void)
{
    static const char *const engines[ENGINES] = {"sync", "io_uring"};
    static struct combination combinations[FORMATS * ENGINES];
    struct CMUnitTest tests[FORMATS * ENGINES];
    unsigned i;
    for (i = 0; i < FORMATS * ENGINES; i++) {
        struct combination *c = &combinations[i];
        c->engine = engines[i / FORMATS];
        c->features = ((i & 1u) != 0u ? FRONT_PACKED : 0u) | ((i & 2u) != 0u ? FRONT_INDIRECT : 0u) |
                      ((i & 4u) != 0u ? FRONT_EVENT_IDX : 0u);
        (void)snprintf(c->name, sizeof c->name, "every_kind_of_request_%s%s%s_%s", (i & 1u) != 0u ? "packed" : "split",
                       (i & 2u) != 0u ? "_indirect" : "", (i & 4u) != 0u ? "_event_idx" : "", c->engine);
        tests[i] = (struct CMUnitTest){c->name, every_kind_of_request, NULL, NULL, c};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
