/* SPDX-License-Identifier: MIT */
/** @file test_blk_disk.c The image behind the queues, and the program around them. */
#include "request.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct bench {
    struct backend backend;
    struct front front;
};

static void begin(struct bench *x, const char *arguments, uint64_t features)
{
    memset(x, 0, sizeof *x);
    backend_make(&x->backend);
    backend_start(&x->backend, arguments);
    front_make(&x->front, features | VQG_F_VERSION_1, 1, 16);
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

static void read_only_disk_is_not_written(void **state)
{
    struct bench x;
    struct request r = {.type = VQG_BLK_T_OUT, .sector = 5, .bytes = 512};
    (void)state;
    begin(&x, "--read-only", UINT64_C(1) << 5);
    request_fill(&x.front, &r, 1);
    assert_int_equal(request_run(&x.front, 0, &r), VQG_BLK_S_IOERR);
    assert_non_null(strstr(backend_event(&x.backend, "violation"), "\"rule\":\"B5\",\"name\":\"BLK_RIGHT\""));
    (void)backend_log(&x.backend);
    r.type = VQG_BLK_T_WRITE_ZEROES;
    request_range(&x.front, &r, 5, 1, 0);
    assert_int_equal(request_run(&x.front, 0, &r), VQG_BLK_S_UNSUPP);
    assert_true(image_holds(&x.backend, 5, 0));
    request_assert_read(&x.front, 0, 5, 1, 0);
    end(&x);
}

static blkcnt_t blocks_of(const struct backend *b)
{
    struct stat st;
    assert_int_equal(stat(b->image, &st), 0);
    return st.st_blocks;
}

/* What the file system does when it is asked, the back end does. */
static bool file_system_frees(const struct backend *b)
{
    const blkcnt_t before = blocks_of(b);
    int fd = open(b->image, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 65536);
    (void)close(fd);
    return blocks_of(b) < before;
}

static void discarded_sectors_are_freed_in_the_file(void **state)
{
    struct bench x;
    struct request r = {.type = VQG_BLK_T_DISCARD};
    blkcnt_t before;
    bool frees;
    (void)state;
    begin(&x, "", FRONT_DISK);
    frees = file_system_frees(&x.backend);
    before = blocks_of(&x.backend);
    request_range(&x.front, &r, 1024, 256, 0);
    assert_int_equal(request_run(&x.front, 0, &r), VQG_BLK_S_OK);
    assert_int_equal(blocks_of(&x.backend), frees ? before - 256 : before);
    before = blocks_of(&x.backend);
    r.type = VQG_BLK_T_WRITE_ZEROES;
    request_range(&x.front, &r, 1536, 256, VQG_BLK_UNMAP);
    assert_int_equal(request_run(&x.front, 0, &r), VQG_BLK_S_OK);
    assert_int_equal(blocks_of(&x.backend), frees ? before - 256 : before);
    end(&x);
}

/* Somebody makes the image shorter: what was there cannot be read, and nothing of before comes in its place. */
static void image_that_shrinks(void **state)
{
    static const char *const engines[] = {"--engine sync", "--engine io_uring"};
    struct bench x;
    size_t i;
    (void)state;
    for (i = 0; i < 2u; i++) {
        struct request r = {.type = VQG_BLK_T_IN, .sector = 1023, .bytes = 1024};
        begin(&x, engines[i], 0);
        assert_int_equal(truncate(x.backend.image, 1024 * 512), 0);
        memset(request_data(&x.front, &r), 0x5a, r.bytes);
        assert_int_equal(request_run(&x.front, 0, &r), VQG_BLK_S_IOERR);
        assert_int_equal(r.len, 1025);
        assert_true(request_zeroes(&x.front, &r));
        request_assert_read(&x.front, 0, 1023, 1, 0);
        end(&x);
    }
}

static void writes_of_a_guest_that_knows_of_no_cache_stay(void **state)
{
    static const char *const engines[] = {"--engine sync", "--engine io_uring"};
    struct bench x;
    size_t i;
    (void)state;
    for (i = 0; i < 2u; i++) {
        begin(&x, engines[i], VQG_BLK_F_WRITE_ZEROES);
        request_assert_write(&x.front, 0, 10, 3, 1);
        request_assert_read(&x.front, 0, 10, 3, 1);
        assert_true(image_holds(&x.backend, 12, 1));
        end(&x);
    }
}

static void next_client_is_not_waited_for_with_once(void **state)
{
    struct bench x;
    (void)state;
    begin(&x, "--once", 0);
    request_assert_read(&x.front, 0, 10, 3, 0);
    front_remove(&x.front);
    assert_non_null(
        strstr(backend_event(&x.backend, "end"), "\"requests\":1,\"bytes_read\":1536,\"bytes_written\":0"));
    assert_string_equal(backend_status(&x.backend, 0), "");
    assert_int_equal(access(x.backend.socket, F_OK), -1);
    backend_remove(&x.backend);
}

/* What the program says before it listens, and its exit status. */
static void assert_fails(struct backend *b, const char *arguments, int status, const char *said)
{
    backend_launch(b, arguments);
    assert_string_equal(backend_status(b, status), said);
}

static void program_that_cannot_go_on_says_why(void **state)
{
    struct backend b;
    (void)state;
    backend_make(&b);
    assert_fails(&b, "--queues 0", 2,
                 "vqguard-blk: --queues takes a number from 1 to 64, not '0' (vqguard-blk --help)\n");
    assert_fails(&b, "--queues 65", 2,
                 "vqguard-blk: --queues takes a number from 1 to 64, not '65' (vqguard-blk --help)\n");
    assert_fails(&b, "--queues -1", 2,
                 "vqguard-blk: --queues takes a number from 1 to 64, not '-1' (vqguard-blk --help)\n");
    assert_fails(&b, "--engine steam", 2, "vqguard-blk: no engine steam (vqguard-blk --help)\n");
    assert_fails(&b, "--serial 123456789012345678901", 2,
                 "vqguard-blk: --serial takes at most 20 characters, not 123456789012345678901 (vqguard-blk --help)\n");
    assert_fails(&b, "--attack no-attack", 2, "vqguard-blk: no attack 'no-attack' (vqguard-blk --list)\n");
    assert_fails(&b, "--attack id-twice,config-blk-size-of-3", 2,
                 "vqguard-blk: attack config-blk-size-of-3 lasts as long as the process: it is played alone\n");
    assert_fails(&b, "--attack id-twice --random 1", 2,
                 "vqguard-blk: --attack and --random exclude each other (vqguard-blk --help)\n");
    assert_fails(&b, "more", 2, "vqguard-blk: no argument more (vqguard-blk --help)\n");
    assert_fails(&b, "--image /nowhere", 1, "vqguard-blk: cannot open /nowhere: No such file or directory\n");
    assert_fails(&b, "--image /dev/null", 1,
                 "vqguard-blk: cannot open /dev/null: neither a file nor a block device\n");
    assert_fails(&b, "--socket /nowhere/socket", 1,
                 "vqguard-blk: cannot listen at /nowhere/socket: No such file or directory\n");
    assert_int_equal(truncate(b.image, 513), 0);
    backend_launch(&b, "");
    assert_non_null(strstr(backend_status(&b, 1), ": its size is 0, or not a multiple of 512 bytes\n"));
    backend_remove(&b);
}

/* A file that stands where the socket is to be is not taken away; the socket of a process that was killed is. */
static void only_a_socket_is_taken_away(void **state)
{
    struct backend b;
    int file;
    (void)state;
    backend_make(&b);
    file = open(b.socket, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    (void)close(file);
    backend_launch(&b, "");
    assert_non_null(strstr(backend_status(&b, 1), ": Address already in use\n"));
    assert_int_equal(unlink(b.socket), 0);
    backend_start(&b, "");
    backend_kill(&b);
    backend_start(&b, "");
    request_honest_client(&b);
    backend_end(&b);
    backend_remove(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_only_disk_is_not_written),
        cmocka_unit_test(discarded_sectors_are_freed_in_the_file),
        cmocka_unit_test(image_that_shrinks),
        cmocka_unit_test(writes_of_a_guest_that_knows_of_no_cache_stay),
        cmocka_unit_test(next_client_is_not_waited_for_with_once),
        cmocka_unit_test(program_that_cannot_go_on_says_why),
        cmocka_unit_test(only_a_socket_is_taken_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
