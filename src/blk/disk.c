/* SPDX-License-Identifier: MIT */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR_BYTES 512u

const char *disk_open(struct disk *disk, const char *path, bool read_only)
{
    struct stat st;
    uint64_t bytes = 0;
    memset(disk, 0, sizeof *disk);
    disk->read_only = read_only;
    disk->fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (disk->fd < 0 || fstat(disk->fd, &st) != 0) {
        const char *why = strerror(errno);
        disk_close(disk);
        return why;
    }
    disk->is_block = S_ISBLK(st.st_mode);
    if (disk->is_block) {
        if (ioctl(disk->fd, BLKGETSIZE64, &bytes) != 0) {
            bytes = 0;
        }
    } else if (S_ISREG(st.st_mode)) {
        bytes = (uint64_t)st.st_size;
    } else {
        disk_close(disk);
        return "neither a file nor a block device";
    }
    if (bytes == 0u || bytes % SECTOR_BYTES != 0u) {
        disk_close(disk);
        return "its size is 0, or not a multiple of 512 bytes";
    }
    disk->sectors = bytes / SECTOR_BYTES;
    return NULL;
}

void disk_close(struct disk *disk)
{
    if (disk->fd >= 0) {
        (void)close(disk->fd);
    }
    disk->fd = -1;
}

/* Leaves out the first `bytes` bytes. */
static void skip(struct disk_io *io, uint64_t bytes)
{
    while (io->iov_count != 0u && bytes >= io->iov->iov_len) {
        bytes -= io->iov->iov_len;
        io->iov++;
        io->iov_count--;
    }
    if (io->iov_count != 0u) {
        io->iov->iov_base = (unsigned char *)io->iov->iov_base + bytes;
        io->iov->iov_len -= (size_t)bytes;
    }
}

static int move(const struct disk *disk, struct disk_io *io, uint64_t done)
{
    skip(io, done);
    while (done < io->bytes) {
        const off_t at = (off_t)(io->offset + done);
        const int count = io->iov_count > IOV_MAX ? IOV_MAX : (int)io->iov_count;
        ssize_t n = io->op == DISK_READ ? preadv(disk->fd, io->iov, count, at)
                                        : pwritev2(disk->fd, io->iov, count, at, io->stay ? RWF_DSYNC : 0);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        if (n == 0) {
            return EIO; /* somebody made the file shorter */
        }
        if (n > 0) {
            done += (uint64_t)n;
            skip(io, (uint64_t)n);
        }
    }
    return 0;
}

static int write_zeroes(const struct disk *disk, uint64_t offset, uint64_t bytes)
{
    static const unsigned char zeroes[65536];
    while (bytes != 0u) {
        const size_t part = bytes < sizeof zeroes ? (size_t)bytes : sizeof zeroes;
        ssize_t n = pwrite(disk->fd, zeroes, part, (off_t)offset);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        if (n > 0) {
            offset += (uint64_t)n;
            bytes -= (uint64_t)n;
        }
    }
    return 0;
}

static int flush(const struct disk *disk)
{
    int failed;
    do {
        failed = fdatasync(disk->fd);
    } while (failed != 0 && errno == EINTR);
    return failed == 0 ? 0 : errno;
}

/* What is asked of a range, of a block device and of a file. */
static int change_range(const struct disk *disk, const struct disk_io *io, unsigned long request, int mode)
{
    uint64_t range[2] = {io->offset, io->bytes};
    int failed;
    do {
        failed = disk->is_block
                     ? ioctl(disk->fd, request, range)
                     : fallocate(disk->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)io->offset, (off_t)io->bytes);
    } while (failed != 0 && errno == EINTR);
    return failed;
}

static int discard(const struct disk *disk, const struct disk_io *io)
{
    int failed = change_range(disk, io, BLKDISCARD, FALLOC_FL_PUNCH_HOLE);
    /* A discard is advice: storage that cannot has kept everything. */
    return failed == 0 || errno == EOPNOTSUPP || errno == ENOSYS ? 0 : errno;
}

static int zero(const struct disk *disk, const struct disk_io *io)
{
    int failed = change_range(disk, io, BLKZEROOUT, io->unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);
    int error = failed == 0 ? 0 : write_zeroes(disk, io->offset, io->bytes);
    return error == 0 && io->stay ? flush(disk) : error;
}

void disk_run(const struct disk *disk, struct disk_io *io, uint64_t done)
{
    switch (io->op) {
    case DISK_READ:
    case DISK_WRITE:
        io->error = move(disk, io, done);
        break;
    case DISK_FLUSH:
        io->error = flush(disk);
        break;
    case DISK_DISCARD:
        io->error = discard(disk, io);
        break;
    case DISK_ZERO:
        io->error = zero(disk, io);
        break;
    default:
        io->error = EINVAL;
        break;
    }
}
