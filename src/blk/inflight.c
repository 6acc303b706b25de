/* SPDX-License-Identifier: MIT */
#include "inflight.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The part of a queue begins with this. */
#define VERSION 8u
#define DESC_NUM 10u

#define SPLIT_VERSION 1u
#define LAST_BATCH_HEAD 12u
#define NO_HEAD 0xffffu /* beyond any queue: there a batch ends, though the used index counts dropped chains too */
#define USED_IDX 14u
#define ENTRIES 16u /* packed: there are none */
#define ENTRY_BYTES 16u
#define ENTRY_INFLIGHT 0u /* a byte, as the low one of 16 bits: the one above it is padding */
#define ENTRY_NEXT 6u
#define ENTRY_COUNTER 8u

#define PACKED_VERSION 0x7671u /* no split one's */
#define POSITION 12u
#define NEXT 14u
#define UNDER_WAY 16u
#define ID 18u
#define LEN 20u

#define PART_ALIGN 64u

static size_t part_bytes(uint32_t size)
{
    return (ENTRIES + (size_t)size * ENTRY_BYTES + PART_ALIGN - 1u) & ~(size_t)(PART_ALIGN - 1u);
}

int inflight_create(struct vhost_user_inflight *said)
{
    /* For the largest queues there are: of virtio over MMIO, QEMU names fewer descriptors than a guest can choose. */
    const size_t bytes = part_bytes(VQG_QUEUE_SIZE_MAX) * said->num_queues;
    int fd = memfd_create("vqguard-blk in flight", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && ftruncate(fd, (off_t)bytes) != 0) {
        (void)close(fd);
        fd = -1;
    }
    said->mmap_size = bytes;
    said->mmap_offset = 0;
    return fd;
}

const char *inflight_map(struct inflight *in, const struct vhost_user_inflight *said, int fd)
{
    inflight_unmap(in);
    if (said->num_queues == 0u || said->mmap_size / said->num_queues < part_bytes(said->queue_size) ||
        said->mmap_offset % PART_ALIGN != 0u) {
        return "a region of what is in flight that is too small, or misaligned";
    }
    in->base = memory_map_file(fd, said->mmap_offset, said->mmap_size, &in->map, &in->map_bytes);
    if (in->base == NULL) {
        return "a region of what is in flight that its file does not have";
    }
    in->queues = said->num_queues;
    in->part_bytes = (size_t)(said->mmap_size / said->num_queues) & ~(size_t)(PART_ALIGN - 1u);
    return NULL;
}

void inflight_unmap(struct inflight *in)
{
    if (in->base != NULL) {
        memory_unmap_file(in->map, in->map_bytes);
    }
    memset(in, 0, sizeof *in);
}

struct inflight_queue inflight_queue(const struct inflight *in, uint32_t index, uint32_t size, bool packed)
{
    struct inflight_queue q;
    memset(&q, 0, sizeof q);
    if (in->base != NULL && index < in->queues && (packed || part_bytes(size) <= in->part_bytes)) {
        q.at = vqg_shared_at(in->base + in->part_bytes * index, false);
        q.size = size;
        q.packed = packed;
    }
    return q;
}

bool inflight_resumes(const struct inflight_queue *q)
{
    return q->size != 0u && vqg_fetch16_(q->at, VERSION) == (q->packed ? PACKED_VERSION : SPLIT_VERSION) &&
           vqg_fetch16_(q->at, DESC_NUM) == (uint16_t)q->size;
}

static size_t entry(uint32_t head)
{
    return ENTRIES + (size_t)head * ENTRY_BYTES;
}

void inflight_begin(struct inflight_queue *q, uint16_t position)
{
    uint32_t i;
    if (q->size == 0u) {
        return;
    }
    vqg_put16_(q->at, VERSION, 0);
    vqg_put16_(q->at, DESC_NUM, (uint16_t)q->size);
    if (q->packed) {
        vqg_put16_(q->at, POSITION, position);
        vqg_put16_(q->at, UNDER_WAY, 0);
    } else {
        for (i = 0; i < q->size; i++) {
            vqg_put16_(q->at, entry(i) + ENTRY_INFLIGHT, 0);
        }
        vqg_put16_(q->at, LAST_BATCH_HEAD, NO_HEAD);
        vqg_put16_(q->at, USED_IDX, position);
    }
    vqg_put16_release_(q->at, VERSION, q->packed ? PACKED_VERSION : SPLIT_VERSION);
}

struct taken {
    uint64_t counter;
    uint16_t head;
};

static int by_counter(const void *a, const void *b)
{
    const struct taken *left = a;
    const struct taken *right = b;
    return (left->counter > right->counter) - (left->counter < right->counter);
}

uint32_t inflight_heads(struct inflight_queue *q, uint16_t used, uint16_t *heads)
{
    /* The batch up to `used` was published, and the last process did not come to write that down. */
    uint32_t batch = (uint16_t)(used - vqg_fetch16_(q->at, USED_IDX));
    uint32_t head = vqg_fetch16_(q->at, LAST_BATCH_HEAD);
    struct taken *all = calloc(q->size, sizeof *all);
    uint32_t count = 0;
    uint32_t i;
    if (all == NULL) {
        return UINT32_MAX;
    }
    for (i = 0; i < batch && i < q->size && head < q->size; i++) {
        vqg_put16_(q->at, entry(head) + ENTRY_INFLIGHT, 0);
        head = vqg_fetch16_(q->at, entry(head) + ENTRY_NEXT);
    }
    vqg_put16_(q->at, USED_IDX, used);
    for (i = 0; i < q->size; i++) {
        if ((vqg_fetch16_(q->at, entry(i) + ENTRY_INFLIGHT) & 0xffu) != 0u) {
            all[count].counter = vqg_fetch64_(q->at, entry(i) + ENTRY_COUNTER);
            all[count++].head = (uint16_t)i;
        }
    }
    qsort(all, count, sizeof *all, by_counter);
    for (i = 0; i < count; i++) {
        heads[i] = all[i].head;
        q->taken = all[i].counter;
    }
    free(all);
    return count;
}

void inflight_take(struct inflight_queue *q, uint16_t head)
{
    if (q->size != 0u && !q->packed) {
        vqg_put64_(q->at, entry(head) + ENTRY_COUNTER, ++q->taken);
        vqg_put16_release_(q->at, entry(head) + ENTRY_INFLIGHT, 1);
    }
}

void inflight_return(struct inflight_queue *q, uint16_t head)
{
    if (q->size != 0u && !q->packed) {
        vqg_put16_(q->at, entry(head) + ENTRY_NEXT, vqg_fetch16_(q->at, LAST_BATCH_HEAD));
        vqg_put16_release_(q->at, LAST_BATCH_HEAD, head);
    }
}

void inflight_returned(struct inflight_queue *q, const uint16_t *heads, uint32_t count, uint16_t used)
{
    uint32_t i;
    if (q->size == 0u || q->packed) {
        return;
    }
    for (i = 0; i < count; i++) {
        vqg_put16_release_(q->at, entry(heads[i]) + ENTRY_INFLIGHT, 0);
    }
    vqg_put16_release_(q->at, USED_IDX, used);
    vqg_put16_release_(q->at, LAST_BATCH_HEAD, NO_HEAD);
}

struct inflight_element inflight_element(const struct inflight_queue *q)
{
    struct inflight_element e;
    e.at = vqg_fetch16_(q->at, POSITION);
    e.next = vqg_fetch16_(q->at, NEXT);
    /* A process that ended between the two stores of inflight_move_on() had returned it. */
    e.under_way = vqg_fetch16_(q->at, UNDER_WAY) != 0u && e.next != e.at;
    e.id = vqg_fetch16_(q->at, ID);
    e.len = vqg_fetch32_(q->at, LEN);
    return e;
}

void inflight_return_element(struct inflight_queue *q, const struct inflight_element *e)
{
    if (q->size != 0u && q->packed) {
        vqg_put16_(q->at, NEXT, e->next);
        vqg_put16_(q->at, ID, e->id);
        vqg_put32_(q->at, LEN, e->len);
        vqg_put16_release_(q->at, UNDER_WAY, 1);
    }
}

void inflight_move_on(struct inflight_queue *q, uint16_t position)
{
    if (q->size != 0u && q->packed) {
        vqg_put16_release_(q->at, POSITION, position);
        vqg_put16_release_(q->at, UNDER_WAY, 0);
    }
}
