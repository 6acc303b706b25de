/* SPDX-License-Identifier: MIT */
/*
 * The vqguard driver endpoint against QEMU's virtio-blk, with whatever ring
 * features it offers, then the retrofitted driver against the same disk. One line
 * a step; check_image.py compares what is on the disk afterwards.
 */
#include "example.h"
#include "guarded.h"
#include "plain.h"
#include "platform.h"
#include "virtio_mmio.h"

#define READ VIRTIO_BLK_T_IN
#define WRITE VIRTIO_BLK_T_OUT

/* Both 16-bit indices of a split queue wrap twice within one job. */
#define WRAP_COMPLETIONS (2u * 65536u + 1000u)

/* What is acknowledged if it is offered. */
static const struct {
    uint64_t bit;
    const char *name;
} features[] = {
    {VIRTIO_BLK_F_SEG_MAX, "SEG_MAX"}, {VIRTIO_BLK_F_FLUSH, "FLUSH"}, {VQG_F_INDIRECT_DESC, "INDIRECT_DESC"},
    {VQG_F_EVENT_IDX, "EVENT_IDX"},    {VQG_F_VERSION_1, "VERSION_1"}, {VQG_F_RING_PACKED, "RING_PACKED"},
};

#define FEATURES (sizeof features / sizeof features[0])

static uint64_t wanted(void)
{
    uint64_t all = 0;

    for (unsigned i = 0; i < FEATURES; i++) {
        all |= features[i].bit;
    }
    return all;
}

static bool has(uint64_t bit)
{
    return (guarded_features() & bit) != 0;
}

static struct job job_of(unsigned tag, uint64_t first, uint32_t sectors)
{
    return (struct job){
        .type = READ, .tag = tag, .first = first, .span = sectors, .count = sectors, .bytes = SECTOR, .pieces = 1};
}

/* Runs the job; prints its line with rate, and how full the queue was. */
static bool step(const char *name, const struct job *job, struct tally *tally)
{
    uint64_t start = platform_time();
    bool good = guarded_run(job, tally);
    uint64_t ms = (platform_time() - start) / (PLATFORM_TICKS_PER_SECOND / 1000u);

    platform_print("%s %s completions %u most-outstanding %u full %u notified %u ms %lu\n", verdict(good), name,
                   tally->done, tally->most, tally->full, tally->kicks, (unsigned long)ms);
    return good;
}

/* Writes the job's region, then reads it back. */
static bool both_ways(const char *write_name, const char *read_name, struct job job)
{
    struct tally tally;

    job.type = WRITE;
    if (!step(write_name, &job, &tally)) {
        return false;
    }
    job.type = READ;
    return step(read_name, &job, &tally);
}

static bool open_step(void)
{
    bool good = guarded_open(wanted()) && has(VIRTIO_BLK_F_FLUSH);

    platform_print("%s open features", verdict(good));
    for (unsigned i = 0; i < FEATURES; i++) {
        if (has(features[i].bit)) {
            platform_print(" %s", features[i].name);
        }
    }
    platform_print("\n");
    if (good) {
        good = guarded_capacity() >= LAYOUT_END;
        platform_print("%s capacity sectors %lu seg-max %u\n", verdict(good), (unsigned long)guarded_capacity(),
                       guarded_seg_max());
    }
    return good;
}

static bool flush_step(void)
{
    struct job job = {.type = VIRTIO_BLK_T_FLUSH, .count = 1};
    struct tally tally;

    return step("flush", &job, &tally);
}

/* One sector a request: header, data, status; then data in odd pieces. */
static bool small_steps(void)
{
    struct job base = job_of(LAYOUT_BASE);
    struct job single = job_of(LAYOUT_SINGLE);
    struct job scattered = job_of(LAYOUT_SCATTERED);
    struct job indirect = job_of(LAYOUT_INDIRECT);
    struct tally tally;

    scattered.pieces = 5;
    indirect.pieces = 3;
    indirect.indirect = has(VQG_F_INDIRECT_DESC);
    return step("base", &base, &tally) && both_ways("single-write", "single-read", single) && flush_step() &&
           both_ways("scattered-write", "scattered-read", scattered) &&
           both_ways("indirect-write", "indirect-read", indirect);
}

/* As many requests outstanding as fit, and then one more. */
static bool full_steps(void)
{
    /* What 64 descriptors hold: tables, or chains of three. */
    uint32_t fit = has(VQG_F_INDIRECT_DESC) ? 64u : 64u / 3u;
    struct job job = job_of(LAYOUT_FULL);
    struct tally tally;
    bool good;

    job.type = WRITE;
    good = step("full-write", &job, &tally);
    platform_print("%s full-seen times %u\n", verdict(tally.full > 0), tally.full);
    if (!good) {
        return false;
    }
    job.type = READ;
    job.indirect = has(VQG_F_INDIRECT_DESC);
    job.count = WRAP_COMPLETIONS;
    good = step("wrap", &job, &tally);
    platform_print("%s wrap-full times %u\n", verdict(tally.full > 0 && tally.most >= fit), tally.full);
    return good;
}

/* 1 MiB in one request: as one segment, then through an indirect table. */
static bool big_steps(void)
{
    struct job job = job_of(LAYOUT_BIG);
    struct job table = job_of(LAYOUT_BIG_INDIRECT);

    job.count = 1;
    job.bytes = GUARDED_BIG;
    table.count = 1;
    table.bytes = GUARDED_BIG;
    table.indirect = has(VQG_F_INDIRECT_DESC);
    table.pieces = guarded_seg_max();
    return both_ways("big-write", "big-read", job) && both_ways("big-indirect-write", "big-indirect-read", table);
}

static bool callback_step(void)
{
    struct job job = job_of(LAYOUT_SINGLE);
    bool good;

    job.count = 1;
    good = guarded_callback(&job);
    platform_print("%s callback\n", verdict(good));
    return good;
}

/* The device is reset with requests in it; then all works as before. */
static bool reset_steps(void)
{
    struct job lost = job_of(LAYOUT_SINGLE);
    struct job again = job_of(LAYOUT_RESTARTED);
    uint32_t lent;
    uint32_t reclaimed;
    bool good;

    lost.count = 12;
    good = guarded_reset(&lost, &lent, &reclaimed);
    platform_print("%s reset lent %u reclaimed %u\n", verdict(good), lent, reclaimed);
    good = good && guarded_restart();
    platform_print("%s restart features 0x%lx\n", verdict(good), (unsigned long)guarded_features());
    again.indirect = has(VQG_F_INDIRECT_DESC);
    return good && both_ways("restarted-write", "restarted-read", again) && flush_step();
}

static void guarded_steps(void)
{
    bool good;

    /* A step that fails leaves requests in the device: no later one runs. */
    if (open_step() && small_steps() && full_steps() && big_steps() && callback_step()) {
        (void)reset_steps();
    }
    good = guarded_close();
    platform_print("%s close\n", verdict(good));
}

int main(void)
{
    guarded_steps();
    plain_steps();
    finish();
}
