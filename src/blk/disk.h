/* SPDX-License-Identifier: MIT */
/* The storage: a file or a block device, and what is asked of it. */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct disk {
    int fd;
    uint64_t sectors; /* of 512 bytes */
    bool read_only;
    bool is_block;    /* a block device */
};

enum disk_op {
    DISK_READ,
    DISK_WRITE,
    DISK_FLUSH,
    DISK_DISCARD,
    DISK_ZERO
};

/* What is asked; the caller's until it is started, and again when it has come back. */
struct disk_io {
    enum disk_op op;
    bool stay;    /* a write is on the storage when it has ended */
    bool unmap;   /* zeroes may be had by freeing the storage */
    uint64_t offset;
    uint64_t bytes;
    struct iovec *iov; /* changed */
    unsigned iov_count;
    int error;    /* 0, or an errno */
    void *owner;  /* whose it is */
    struct disk_io *next;
};

/* Opens it. Why not, or null. */
const char *disk_open(struct disk *disk, const char *path, bool read_only);

void disk_close(struct disk *disk);

/* Does it, and waits for it: `done` bytes of a read or write are done already. */
void disk_run(const struct disk *disk, struct disk_io *io, uint64_t done);

#endif
