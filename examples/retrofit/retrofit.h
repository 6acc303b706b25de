/* SPDX-License-Identifier: MIT */
/*
 * The retrofit example: a small virtio-blk driver with its own ring code, in
 * the shape that teaching kernels and RTOS ports share. before.c trusts the
 * device; after.c is the same driver with the ledger's calls added.
 *
 * It needs no platform. Whoever links it negotiates VERSION_1 and no ring
 * feature, gives the device the addresses of the ring, and provides
 * retrofit_notify; in a host test that function can be the device itself.
 * As common in this shape, it assumes a little-endian machine whose addresses
 * are the device's addresses, and one caller at a time.
 */
#ifndef RETROFIT_H
#define RETROFIT_H

#include <stdbool.h>
#include <stdint.h>

#define NUM 8 /* descriptors; three make a request */

#define VIRTQ_DESC_F_NEXT 1
#define VIRTQ_DESC_F_WRITE 2

#define BLK_T_IN 0
#define BLK_T_OUT 1

struct virtq_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

struct virtq_avail {
    uint16_t flags;
    uint16_t idx;
    uint16_t ring[NUM];
    uint16_t used_event;
};

struct virtq_used_elem {
    uint32_t id;
    uint32_t len;
};

struct virtq_used {
    uint16_t flags;
    uint16_t idx;
    struct virtq_used_elem ring[NUM];
    uint16_t avail_event;
};

/* All that driver and device share, apart from the buffers. */
struct retrofit_ring {
    _Alignas(16) struct virtq_desc desc[NUM];
    struct virtq_avail avail;
    struct virtq_used used;
};

struct blk_header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};

struct retrofit_buf {
    uint64_t sector;
    void *data;
    uint32_t size;    /* of data, a multiple of 512 */
    uint32_t written; /* what the device says it wrote, status included */
    uint8_t status;   /* 0 when the device served the request */
    bool busy;        /* from submit until poll has taken the completion */
};

/* ring: memory that the device can reach; any contents. Also after a reset. */
bool retrofit_init(struct retrofit_ring *ring);

/* False when no three descriptors are free; the buffer is then untouched. */
bool retrofit_submit(struct retrofit_buf *buf, bool write);

/* Completions taken; negative when the driver has given up on the device. */
int retrofit_poll(void);

/* Provided by the user: makes all writes visible, then notifies the device. */
void retrofit_notify(void);

static inline void retrofit_fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
