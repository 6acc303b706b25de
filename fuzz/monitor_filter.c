/* SPDX-License-Identifier: MIT */
/* The filter of a client of a disk, and how the monitor asks it. */
#include "monitor.h"

#include <inttypes.h>
#include <string.h>

static struct vqg_cap sectors[2];
static struct vqg_cap_table sector_table;
static struct vqg_filter disk_filter;
static struct vqg_filter filter;

static enum vqg_status down(void *context, struct vqg_job *job, struct vqg_seg *shadow, uint32_t capacity, uint32_t *count)
{
    bool *asked = &m_truth.asked[job - m_own.jobs[1]];
    enum vqg_status st;
    HOLDS(job->client == &m_own.client[1] && !*asked, "a filter is asked twice about a chain");
    HOLDS(capacity >= job->chain.count + VQG_FILTER_EXTRA, "a filter has too little room");
    *asked = true;
    st = disk_filter.down(context, job, shadow, capacity, count);
    m_truth.refused[job - m_own.jobs[1]] = st != VQG_OK;
    return st;
}

static uint32_t up(void *context, struct vqg_job *job, uint32_t len, bool failed)
{
    const struct vqg_guard *g = &job->client->device.judge.guard;
    bool *asked = &m_truth.asked[job - m_own.jobs[1]];
    HOLDS(*asked, "a filter is told of a chain that it was not asked about");
    HOLDS(failed || (g->state == VQG_STATE_LIVE && g->generation == job->chain.generation),
          "a filter is told that a chain was served, and its client is gone");
    HOLDS(failed || !m_truth.refused[job - m_own.jobs[1]], "a filter is told that a chain was served that it refused");
    HOLDS(!failed || len == 0u, "a filter is told of %" PRIu32 " bytes of a chain that failed", len);
    HOLDS(len <= job->chain.writable, "a filter is told of more bytes than the disk was lent");
    *asked = false;
    return disk_filter.up(context, job, len, failed);
}

void filter_begin(void)
{
    struct vqg_caps caps;
    memset(sectors, 0, sizeof sectors);
    sectors[0].size = 64;
    sectors[0].bus = 1000;
    sectors[0].rights = 3;
    sectors[1].base = 100;
    sectors[1].size = 16;
    sectors[1].bus = 5000;
    sectors[1].rights = 1;
    HOLDS(vqg_cap_table_init(&sector_table, sectors, 2, 0) == VQG_OK, "a good table of sectors");
    caps = vqg_cap_table_caps(&sector_table);
    HOLDS(vqg_blk_init(&m_own.blk, &caps, VQG_BLK_F_FLUSH, 0, 0) == VQG_OK, "a good client of a disk");
    disk_filter = vqg_blk_filter(&m_own.blk);
    filter = disk_filter;
    filter.down = down;
    filter.up = up;
}

const struct vqg_filter *filter_of_disk(void)
{
    return &filter;
}

void filter_end(void)
{
    HOLDS(sectors[0].pins == 0u && sectors[1].pins == 0u, "sectors are pinned for ever");
}
