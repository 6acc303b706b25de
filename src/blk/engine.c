/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>

#ifdef VQG_BLK_URING
#include <liburing.h>
#endif

#define ENGINE_DEPTH 256u

struct engine {
    const struct disk *disk;
    struct disk_io *ended; /* oldest first */
    struct disk_io **last;
    unsigned flying;       /* in the ring */
#ifdef VQG_BLK_URING
    struct io_uring ring;
#endif
    bool has_ring;
};

static void end(struct engine *e, struct disk_io *io)
{
    io->next = NULL;
    *e->last = io;
    e->last = &io->next;
}

#ifdef VQG_BLK_URING

static bool open_ring(struct engine *e)
{
    return io_uring_queue_init(ENGINE_DEPTH, &e->ring, 0) == 0;
}

/* False when it is to be done without the ring. */
static bool put_in_ring(struct engine *e, struct disk_io *io)
{
    struct io_uring_sqe *sqe;
    if (io->op != DISK_READ && io->op != DISK_WRITE && io->op != DISK_FLUSH) {
        return false;
    }
    sqe = io_uring_get_sqe(&e->ring);
    if (sqe == NULL) {
        (void)io_uring_submit(&e->ring);
        sqe = io_uring_get_sqe(&e->ring);
    }
    if (sqe == NULL) {
        return false;
    }
    if (io->op == DISK_FLUSH) {
        io_uring_prep_fsync(sqe, e->disk->fd, IORING_FSYNC_DATASYNC);
    } else if (io->op == DISK_READ) {
        io_uring_prep_readv(sqe, e->disk->fd, io->iov, io->iov_count, io->offset);
    } else {
        io_uring_prep_writev2(sqe, e->disk->fd, io->iov, io->iov_count, io->offset, io->stay ? RWF_DSYNC : 0);
    }
    io_uring_sqe_set_data(sqe, io);
    e->flying++;
    return true;
}

/* What the ring says of a request: all, a part, or an error that another try may not have. */
static void judge(struct engine *e, struct disk_io *io, int result)
{
    e->flying--;
    if (result >= 0 && (io->op == DISK_FLUSH || (uint64_t)result == io->bytes)) {
        io->error = 0;
    } else if (result >= 0) {
        disk_run(e->disk, io, (uint64_t)result);
    } else if (result == -EAGAIN || result == -EINTR) {
        disk_run(e->disk, io, 0);
    } else {
        io->error = -result;
    }
    end(e, io);
}

static void look_at_ring(struct engine *e, bool wait)
{
    struct io_uring_cqe *cqe = NULL;
    if (wait && e->ended == NULL && e->flying != 0u) {
        while (io_uring_wait_cqe(&e->ring, &cqe) == -EINTR) {
        }
    }
    while (e->flying != 0u && io_uring_peek_cqe(&e->ring, &cqe) == 0) {
        struct disk_io *io = io_uring_cqe_get_data(cqe);
        const int result = cqe->res;
        io_uring_cqe_seen(&e->ring, cqe);
        judge(e, io, result);
    }
}

static int ring_fd(const struct engine *e)
{
    return e->ring.ring_fd;
}

static void submit_ring(struct engine *e)
{
    if (io_uring_sq_ready(&e->ring) != 0u) {
        (void)io_uring_submit(&e->ring);
    }
}

static void close_ring(struct engine *e)
{
    io_uring_queue_exit(&e->ring);
}

#else

static bool open_ring(struct engine *e)
{
    (void)e;
    return false;
}

static bool put_in_ring(struct engine *e, struct disk_io *io)
{
    (void)e;
    (void)io;
    return false;
}

static void look_at_ring(struct engine *e, bool wait)
{
    (void)e;
    (void)wait;
}

static int ring_fd(const struct engine *e)
{
    (void)e;
    return -1;
}

static void submit_ring(struct engine *e)
{
    (void)e;
}

static void close_ring(struct engine *e)
{
    (void)e;
}

#endif

struct engine *engine_open(enum engine_kind kind, const struct disk *disk)
{
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return NULL;
    }
    e->disk = disk;
    e->last = &e->ended;
    e->has_ring = kind != ENGINE_SYNC && open_ring(e);
    if (kind == ENGINE_URING && !e->has_ring) {
        free(e);
        return NULL;
    }
    return e;
}

void engine_close(struct engine *e)
{
    if (e->has_ring) {
        close_ring(e);
    }
    free(e);
}

const char *engine_name(const struct engine *e)
{
    return e->has_ring ? "io_uring" : "sync";
}

int engine_fd(const struct engine *e)
{
    return e->has_ring ? ring_fd(e) : -1;
}

void engine_start(struct engine *e, struct disk_io *io)
{
    io->error = 0;
    if (!e->has_ring || !put_in_ring(e, io)) {
        disk_run(e->disk, io, 0);
        end(e, io);
    }
}

void engine_submit(struct engine *e)
{
    if (e->has_ring) {
        submit_ring(e);
    }
}

struct disk_io *engine_reap(struct engine *e, bool wait)
{
    struct disk_io *io;
    if (e->has_ring && e->ended == NULL) {
        look_at_ring(e, wait);
    }
    io = e->ended;
    if (io != NULL) {
        e->ended = io->next;
        if (e->ended == NULL) {
            e->last = &e->ended;
        }
    }
    return io;
}
