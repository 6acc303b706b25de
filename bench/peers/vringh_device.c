/* SPDX-License-Identifier: MIT */
/**
 * @file vringh_device.c
 * @brief Linux's vringh.c as a device: getdesc, complete, need_notify.
 *
 * vringh_device split direct|indirect SEGMENTS REGIONS REQUESTS; linked with the kernel's own object.
 */
#include <linux/virtio.h>
#include <linux/vringh.h>
#include <linux/virtio_config.h>
#include <linux/uaccess.h>

#include "../bench.h"
#include "../measure.h"

void *__kmalloc_fake, *__kfree_ignore_start, *__kfree_ignore_end;
void *__user_addr_min, *__user_addr_max;

static struct memory memory;
static struct ring ring;
static struct shape shape = {.size = 256};
static struct vqg_seg segs[BATCH_MAX][SEGMENTS_MAX];
static struct vringh vringh;
static struct vringh_range *regions;
static uint32_t region_count;
static struct vringh_iov readable[BATCH_MAX], writable[BATCH_MAX];
static struct iovec room[BATCH_MAX][2][SEGMENTS_MAX];
static u16 heads[BATCH_MAX];

/* The caller's part: the same search as the one of vqguard's table. */
static bool get_range(struct vringh *v, u64 addr, struct vringh_range *range)
{
    const struct vringh_range *at = regions;
    uint32_t n = region_count;
    (void)v;
    while (n > 1u) {
        uint32_t half = n / 2u;
        at += at[half].start <= addr ? half : 0u;
        n -= half;
    }
    *range = *at;
    return addr >= at->start && addr <= at->end_incl;
}

static void work_get(void)
{
    uint32_t i;
    for (i = 0; i < shape.batch; i++) {
        must(vringh_getdesc_user(&vringh, &readable[i], &writable[i], get_range, &heads[i]) == 1, "getdesc");
    }
}

static void work_complete(void)
{
    uint32_t i;
    for (i = 0; i < shape.batch; i++) {
        must(vringh_complete_user(&vringh, heads[i], 64) == 0, "complete");
    }
    must(vringh_need_notify_user(&vringh) >= 0, "notify");
}

static void turn(void)
{
    format_split.ask(&ring, &shape, segs);
    timed(work_get);
    timed(work_complete);
}

int main(int argc, char **argv)
{
    uint32_t i;
    must(argc == 6, "five arguments");
    shape.indirect = strcmp(argv[2], "indirect") == 0;
    shape.segments = (uint32_t)strtoul(argv[3], NULL, 10);
    shape.batch = shape.indirect ? BATCH_MAX : shape.size / shape.segments;
    shape.batch = shape.batch < BATCH_MAX ? shape.batch : BATCH_MAX;
    region_count = (uint32_t)strtoul(argv[4], NULL, 10);
    ring = ring_of(&memory);
    __user_addr_min = &memory;
    __user_addr_max = &memory + 1;
    regions = calloc(region_count, sizeof *regions);
    must(regions != NULL, "calloc");
    for (i = 0; i < region_count; i++) {
        regions[i].start = cap_base(&memory, i);
        regions[i].end_incl = regions[i].start + (cap_size(i) - 1u);
    }
    place_segments(&memory, &shape, region_count, true, segs);
    for (i = 0; i < shape.batch; i++) {
        vringh_iov_init(&readable[i], room[i][0], SEGMENTS_MAX);
        vringh_iov_init(&writable[i], room[i][1], SEGMENTS_MAX);
    }
    must(vringh_init_user(&vringh, 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_RING_F_INDIRECT_DESC, shape.size, true,
                          (void *)ring.desc, (void *)ring.avail, (void *)ring.used) == 0, "init");
    play(turn, shape.batch, (uint32_t)strtoul(argv[5], NULL, 10));
    return 0;
}
