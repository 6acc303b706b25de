/* SPDX-License-Identifier: MIT */
/** @file test_blk_queues.c Queues of every size, several of them, stopped and gone on with. */
#include "request.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct bench {
    struct backend backend;
    struct front front;
};

static void begin(struct bench *x, const char *arguments, uint64_t features, uint32_t queues, uint32_t size)
{
    memset(x, 0, sizeof *x);
    backend_make(&x->backend);
    backend_start(&x->backend, arguments);
    front_make(&x->front, features, queues, size);
    front_open(&x->front, &x->backend, false);
}

static void end(struct bench *x)
{
    front_remove(&x->front);
    backend_assert_left(&x->backend);
    backend_assert_nothing_kept(&x->backend);
    backend_end(&x->backend);
    backend_remove(&x->backend);
}

/* Every position of the ring, twice at least for the small ones: the wrap counter comes round. */
static void serve_size(uint64_t features, uint32_t size)
{
    struct bench x;
    struct request r = {.type = VQG_BLK_T_IN, .bytes = 1024, .table = (features & FRONT_INDIRECT) != 0u};
    uint32_t turns = size < 1000u ? 2u * size + 1u : 300u;
    uint32_t i;
    begin(&x, "", features | VQG_F_VERSION_1, 1, size);
    for (i = 0; i < turns; i++) {
        r.sector = i;
        assert_int_equal(request_run(&x.front, 0, &r), VQG_BLK_S_OK);
        assert_true(request_holds(&x.front, &r, 0));
    }
    end(&x);
}

static void queue_of_one_descriptor(void **state)
{
    (void)state;
    serve_size(FRONT_INDIRECT, 1);
    serve_size(FRONT_INDIRECT | FRONT_EVENT_IDX, 1);
    serve_size(FRONT_PACKED | FRONT_INDIRECT, 1);
}

static void packed_queue_of_three_descriptors(void **state)
{
    (void)state;
    serve_size(FRONT_PACKED, 3);
    serve_size(FRONT_PACKED | FRONT_INDIRECT | FRONT_EVENT_IDX, 3);
}

static void queue_of_32768_descriptors(void **state)
{
    (void)state;
    serve_size(0, VQG_QUEUE_SIZE_MAX);
    serve_size(FRONT_PACKED | FRONT_EVENT_IDX, VQG_QUEUE_SIZE_MAX);
}

static void queue_of_a_legacy_guest(void **state)
{
    struct bench x;
    (void)state;
    begin(&x, "", FRONT_DISK, 1, 64);
    request_assert_read(&x.front, 0, 3, 4, 0);
    request_assert_write(&x.front, 0, 3, 4, 1);
    request_assert_read(&x.front, 0, 3, 4, 1);
    end(&x);
}

/* More requests than the back end has under way at once wait in the ring, and come back. */
static void more_requests_than_are_under_way_at_once(void **state)
{
    static struct request r[500];
    struct bench x;
    uint32_t i;
    (void)state;
    begin(&x, "", VQG_F_VERSION_1 | FRONT_EVENT_IDX, 1, 2048);
    memset(r, 0, sizeof r);
    for (i = 0; i < 500u; i++) {
        r[i].place = i;
        r[i].sector = i;
        r[i].bytes = VQG_BLK_SECTOR_BYTES;
        request_add(&x.front, 0, &r[i]);
    }
    request_kick(&x.front, 0);
    for (i = 0; i < 500u; i++) {
        request_wait(&x.front, 0, &r[i]);
        assert_true(request_holds(&x.front, &r[i], 0));
    }
    end(&x);
}

static void largest_request_that_the_disk_announces(void **state)
{
    struct bench x;
    struct request r = {.type = VQG_BLK_T_OUT, .sector = 1000, .bytes = 120u * 512u, .pieces = 126};
    (void)state;
    begin(&x, "", VQG_F_VERSION_1, 1, 128);
    request_fill(&x.front, &r, 1);
    assert_int_equal(request_run(&x.front, 0, &r), VQG_BLK_S_OK);
    request_assert_read(&x.front, 0, 1000, 120, 1);
    end(&x);
}

static void serve_queues(uint64_t features, const char *arguments)
{
    struct bench x;
    struct request r[FRONT_QUEUES * 4u];
    uint32_t i;
    begin(&x, arguments, features | VQG_F_VERSION_1, FRONT_QUEUES, 16);
    memset(r, 0, sizeof r);
    for (i = 0; i < FRONT_QUEUES * 4u; i++) {
        r[i].place = i;
        r[i].type = VQG_BLK_T_OUT;
        r[i].sector = i * 2u;
        r[i].bytes = 2u * VQG_BLK_SECTOR_BYTES;
        request_fill(&x.front, &r[i], 1);
        request_add(&x.front, i % FRONT_QUEUES, &r[i]);
    }
    for (i = FRONT_QUEUES; i != 0u; i--) {
        request_kick(&x.front, i - 1u);
    }
    for (i = 0; i < FRONT_QUEUES * 4u; i++) {
        request_wait(&x.front, i % FRONT_QUEUES, &r[i]);
        assert_int_equal(r[i].status, VQG_BLK_S_OK);
        request_assert_read(&x.front, FRONT_QUEUES - 1u - i % FRONT_QUEUES, r[i].sector, 2, 1);
    }
    end(&x);
}

static void several_queues(void **state)
{
    (void)state;
    serve_queues(0, "--queues 8 --engine sync");
    serve_queues(FRONT_EVENT_IDX, "--queues 8 --engine io_uring");
    serve_queues(FRONT_PACKED, "--queues 8 --engine io_uring");
}

/* A queue that breaks a rule stands still; its neighbour does not. */
static void queue_that_is_latched_leaves_the_others_alone(void **state)
{
    struct bench x;
    const uint16_t far = 1000;
    const uint64_t one = 1;
    (void)state;
    begin(&x, "--queues 2", VQG_F_VERSION_1, 2, 16);
    request_assert_read(&x.front, 0, 1, 1, 0);
    memcpy((unsigned char *)front_at(&x.front, FRONT_RINGS_GUEST + FRONT_AVAIL) + 2, &far, sizeof far);
    assert_int_equal(write(x.front.queue[0].kick, &one, sizeof one), sizeof one);
    assert_non_null(strstr(backend_event(&x.backend, "violation"), "\"queue\":0,\"life\":1,\"rule\":\"S1\""));
    request_assert_read(&x.front, 1, 2, 1, 0);
    assert_string_equal(backend_log(&x.backend), "vqguard-blk: queue 0: rule S1 AVAIL_JUMP is broken: index 1, value "
                                                 "999, limit 16\nvqguard-blk: queue 0 stands still until the guest "
                                                 "resets it\n");
    /* The guest resets it. */
    (void)front_stop(&x.front, 0);
    front_reset_queue(&x.front, 0);
    front_start(&x.front, 0, 0);
    request_assert_read(&x.front, 0, 1, 1, 0);
    end(&x);
}

/* Stopped with requests under way: all of them come back first, and it goes on from the base that it says. */
static void stop_and_go_on(uint64_t features)
{
    struct bench x;
    struct request r[4];
    uint32_t base = 0;
    uint32_t turn;
    uint32_t i;
    begin(&x, "", features | VQG_F_VERSION_1, 1, 64);
    for (turn = 0; turn < 30u; turn++) {
        memset(r, 0, sizeof r);
        for (i = 0; i < 4u; i++) {
            r[i].place = i;
            r[i].type = VQG_BLK_T_OUT;
            r[i].sector = i;
            r[i].bytes = 512;
            request_fill(&x.front, &r[i], turn + 1u);
            request_add(&x.front, 0, &r[i]);
        }
        request_kick(&x.front, 0);
        base = front_stop(&x.front, 0);
        for (i = 0; i < 4u && (turn & 1u) == 0u; i++) {
            assert_int_equal(request_take(&x.front, 0) <= 4u, 1);
        }
        front_start(&x.front, 0, base);
        for (i = 0; i < 4u; i++) {
            request_wait(&x.front, 0, &r[i]);
            assert_int_equal(r[i].status, VQG_BLK_S_OK);
            assert_true(image_holds(&x.backend, i, turn + 1u));
        }
    }
    /* 30 times 4 requests; packed: of 3 descriptors each, 360 on a ring of 64: offset 40, five laps and more. */
    base = front_stop(&x.front, 0);
    assert_int_equal(base, (features & FRONT_PACKED) != 0u ? 0x00280028u : 120u);
    end(&x);
}

static void queue_is_stopped_and_goes_on(void **state)
{
    (void)state;
    stop_and_go_on(0);
    stop_and_go_on(FRONT_EVENT_IDX);
    stop_and_go_on(FRONT_PACKED);
}

/* Memory comes and goes beside the queues; what is in flight is finished first. */
static void replace_memory(uint64_t features)
{
    struct bench x;
    struct request r[8];
    struct wire_message two;
    struct wire_message three;
    uint32_t turn;
    uint32_t i;
    begin(&x, "--queues 2", features | VQG_F_VERSION_1, 2, 32);
    two = front_memory(&x.front);
    three = two;
    three.header.size += (uint32_t)sizeof(struct vhost_user_region);
    three.payload.memory.count = 3;
    three.payload.memory.region[2] = (struct vhost_user_region){UINT64_C(0xffff00000000), 4096, 4096, 8192};
    three.fds[2] = x.front.memory;
    three.fd_count = 3;
    for (turn = 0; turn < 20u; turn++) {
        memset(r, 0, sizeof r);
        for (i = 0; i < 8u; i++) {
            r[i].place = i;
            r[i].sector = i * 3u + turn;
            r[i].bytes = 512;
            request_add(&x.front, i % 2u, &r[i]);
        }
        request_kick(&x.front, 0);
        request_kick(&x.front, 1);
        front_tell(&x.front, turn % 2u == 0u ? &three : &two);
        for (i = 0; i < 8u; i++) {
            request_wait(&x.front, i % 2u, &r[i]);
            assert_int_equal(r[i].status, VQG_BLK_S_OK);
            assert_true(request_holds(&x.front, &r[i], 0));
        }
    }
    end(&x);
}

static void memory_is_replaced_while_queues_run(void **state)
{
    (void)state;
    replace_memory(0);
    replace_memory(FRONT_PACKED | FRONT_EVENT_IDX);
}

static void kicks_and_calls_may_be_replaced_while_a_queue_runs(void **state)
{
    struct bench x;
    struct wire_message m = wire_make(VHOST_USER_SET_VRING_KICK, 8);
    uint32_t turn;
    (void)state;
    begin(&x, "", VQG_F_VERSION_1, 1, 16);
    for (turn = 0; turn < 10u; turn++) {
        int *fd = turn % 2u == 0u ? &x.front.queue[0].kick : &x.front.queue[0].call;
        m.header.request = turn % 2u == 0u ? VHOST_USER_SET_VRING_KICK : VHOST_USER_SET_VRING_CALL;
        (void)close(*fd);
        *fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        m.fds[0] = *fd;
        m.fd_count = 1;
        front_tell(&x.front, &m);
        request_assert_read(&x.front, 0, turn, 1, 0);
    }
    end(&x);
}

static void queue_that_is_disabled_goes_on_when_it_is_enabled(void **state)
{
    struct bench x;
    struct request r = {.type = VQG_BLK_T_IN, .sector = 4, .bytes = 512};
    uint32_t turn;
    (void)state;
    begin(&x, "", VQG_F_VERSION_1, 1, 16);
    for (turn = 0; turn < 10u; turn++) {
        front_tell_state(&x.front, VHOST_USER_SET_VRING_ENABLE, 0, 0);
        (void)front_ask_number(&x.front, VHOST_USER_GET_FEATURES);
        request_add(&x.front, 0, &r);
        request_kick(&x.front, 0);
        (void)front_ask_number(&x.front, VHOST_USER_GET_FEATURES);
        (void)front_ask_number(&x.front, VHOST_USER_GET_FEATURES);
        assert_int_equal(request_take(&x.front, 0), 0);
        front_tell_state(&x.front, VHOST_USER_SET_VRING_ENABLE, 0, 1);
        request_wait(&x.front, 0, &r);
        assert_true(request_holds(&x.front, &r, 0));
    }
    end(&x);
}

static void front_end_without_protocol_features_enables_nothing(void **state)
{
    struct bench x;
    (void)state;
    memset(&x, 0, sizeof x);
    backend_make(&x.backend);
    backend_start(&x.backend, "");
    front_make(&x.front, VQG_F_VERSION_1, 1, 16);
    front_connect(&x.front, &x.backend, false);
    front_tell_number(&x.front, VHOST_USER_SET_FEATURES, VQG_F_VERSION_1);
    front_share(&x.front);
    front_configure(&x.front, 0, 0);
    request_assert_read(&x.front, 0, 1, 1, 0);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue_of_one_descriptor),
        cmocka_unit_test(packed_queue_of_three_descriptors),
        cmocka_unit_test(queue_of_32768_descriptors),
        cmocka_unit_test(queue_of_a_legacy_guest),
        cmocka_unit_test(more_requests_than_are_under_way_at_once),
        cmocka_unit_test(largest_request_that_the_disk_announces),
        cmocka_unit_test(several_queues),
        cmocka_unit_test(queue_that_is_latched_leaves_the_others_alone),
        cmocka_unit_test(queue_is_stopped_and_goes_on),
        cmocka_unit_test(memory_is_replaced_while_queues_run),
        cmocka_unit_test(kicks_and_calls_may_be_replaced_while_a_queue_runs),
        cmocka_unit_test(queue_that_is_disabled_goes_on_when_it_is_enabled),
        cmocka_unit_test(front_end_without_protocol_features_enables_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
