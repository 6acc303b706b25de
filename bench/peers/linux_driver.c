/* SPDX-License-Identifier: MIT */
/**
 * @file linux_driver.c
 * @brief Linux's virtio_ring.c as a driver: add, kick, get_buf.
 *
 * linux_driver split|packed direct|indirect SEGMENTS REGIONS REQUESTS; linked with the kernel's own object.
 */
#include <linux/virtio.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_config.h>

#include "../bench.h"
#include "../measure.h"

/* Exported by virtio_ring.c, and not declared by the shims. */
dma_addr_t virtqueue_get_desc_addr(struct virtqueue *vq);
dma_addr_t virtqueue_get_avail_addr(struct virtqueue *vq);
dma_addr_t virtqueue_get_used_addr(struct virtqueue *vq);

void *__kmalloc_fake, *__kfree_ignore_start, *__kfree_ignore_end;

static struct memory memory;
static struct shape shape = {.size = 256};
static const struct format *format = &format_split;
static struct ring ring;
static struct virtqueue *queue;
static struct scatterlist pieces[BATCH_MAX][SEGMENTS_MAX];
static struct scatterlist *lists[BATCH_MAX][SEGMENTS_MAX];

static void work_add(void)
{
    uint32_t i;
    for (i = 0; i < shape.batch; i++) {
        must(virtqueue_add_sgs(queue, lists[i], 1, shape.segments - 1u, lists[i], GFP_ATOMIC) == 0, "add");
    }
    virtqueue_kick(queue);
}

static void work_get(void)
{
    unsigned len;
    uint32_t i;
    for (i = 0; i < shape.batch; i++) {
        must(virtqueue_get_buf(queue, &len) != NULL, "get_buf");
    }
}

static void turn(void)
{
    timed(work_add);
    format->answer(&ring, &shape, NULL);
    timed(work_get);
}

static bool no_notify(struct virtqueue *vq)
{
    (void)vq;
    return true;
}

static void no_callback(struct virtqueue *vq)
{
    (void)vq;
}

int main(int argc, char **argv)
{
    static struct virtio_device device;
    uint32_t i;
    uint32_t n;
    must(argc == 6, "five arguments");
    shape.indirect = strcmp(argv[2], "indirect") == 0;
    shape.segments = (uint32_t)strtoul(argv[3], NULL, 10);
    shape.batch = shape.indirect ? BATCH_MAX : shape.size / shape.segments;
    shape.batch = shape.batch < BATCH_MAX ? shape.batch : BATCH_MAX;
    device.features = 1ULL << VIRTIO_F_VERSION_1;
    if (shape.indirect) {
        device.features |= 1ULL << VIRTIO_RING_F_INDIRECT_DESC;
    }
    if (strcmp(argv[1], "packed") == 0) {
        device.features |= 1ULL << VIRTIO_F_RING_PACKED;
        format = &format_packed;
    }
    INIT_LIST_HEAD(&device.vqs);
    spin_lock_init(&device.vqs_list_lock);
    for (i = 0; i < shape.batch; i++) {
        for (n = 0; n < shape.segments; n++) {
            sg_init_one(&pieces[i][n], memory.data[i][n], 64);
            lists[i][n] = &pieces[i][n];
        }
    }
    queue = vring_create_virtqueue(0, shape.size, 4096, &device, true, false, false, no_notify, no_callback, "bench");
    must(queue != NULL, "queue");
    ring.desc = (unsigned char *)(uintptr_t)virtqueue_get_desc_addr(queue);
    ring.avail = (unsigned char *)(uintptr_t)virtqueue_get_avail_addr(queue);
    ring.used = (unsigned char *)(uintptr_t)virtqueue_get_used_addr(queue);
    play(turn, shape.batch, (uint32_t)strtoul(argv[5], NULL, 10));
    return 0;
}
