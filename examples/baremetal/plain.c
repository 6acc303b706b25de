/* SPDX-License-Identifier: MIT */
#include "plain.h"

#include "../retrofit/retrofit.h"
#include "example.h"
#include "platform.h"
#include "virtio_mmio.h"

#define BUFFERS 4u /* more than the queue takes, so that it is seen full */
#define WAIT_SECONDS 10u

static struct vmmio dev;
static _Alignas(4096) struct retrofit_ring ring;
static _Alignas(SECTOR) uint8_t data[BUFFERS][SECTOR];
static struct retrofit_buf bufs[BUFFERS];

struct tally {
    uint32_t done;
    uint32_t full;
};

void retrofit_notify(void)
{
    (void)vqg_mmio_notify(&dev.mmio, 0);
}

static enum vqg_status bring_up(void)
{
    struct vqg_queue queue = {.size = NUM, .desc = ring.desc, .avail = &ring.avail, .used = &ring.used};
    enum vqg_status status = vmmio_open(&dev, VMMIO_BUS0, VIRTIO_ID_BLOCK, 0);

    queue.features = dev.mmio.features;
    if (status == VQG_OK) {
        status = vqg_mmio_queue_max(&dev.mmio, 0, &queue.size_max);
    }
    if (status == VQG_OK && !retrofit_init(&ring)) {
        status = VQG_BAD_QUEUE;
    }
    return status == VQG_OK ? vmmio_go(&dev, &queue) : status;
}

/* Polls until something is back. */
static bool wait_one(void)
{
    uint64_t deadline = platform_deadline(WAIT_SECONDS);
    uint32_t pending;
    int taken;

    do {
        taken = retrofit_poll();
    } while (taken == 0 && !platform_expired(deadline));
    return taken > 0 && vqg_mmio_interrupt(&dev.mmio, &pending) == VQG_OK;
}

/* What has come back since the buffer was submitted. */
static bool came_back_good(const struct retrofit_buf *buf, bool write, unsigned tag)
{
    uint32_t written = write ? 1u : buf->size + 1u;

    return buf->status == VIRTIO_BLK_S_OK && buf->written == written &&
           (write || pattern_holds(buf->data, tag, buf->sector, 1));
}

/* Keeps as many requests under way as the queue takes. */
static bool transfer(bool write, unsigned tag, uint64_t first, uint32_t sectors, struct tally *tally)
{
    bool lent[BUFFERS] = {false};
    uint32_t next = 0;
    uint32_t done = 0;

    while (done < sectors) {
        for (unsigned i = 0; i < BUFFERS && next < sectors; i++) {
            struct retrofit_buf *buf = &bufs[i];

            if (lent[i]) {
                continue;
            }
            buf->sector = first + next;
            buf->data = data[i];
            buf->size = SECTOR;
            if (write) {
                pattern_fill(data[i], tag, buf->sector, 1);
            } else {
                memset(data[i], 0, SECTOR);
            }
            if (!retrofit_submit(buf, write)) {
                tally->full++;
                break;
            }
            lent[i] = true;
            next++;
        }
        if (!wait_one()) {
            return false;
        }
        for (unsigned i = 0; i < BUFFERS; i++) {
            if (lent[i] && !bufs[i].busy) {
                lent[i] = false;
                done++;
                if (!came_back_good(&bufs[i], write, tag)) {
                    return false;
                }
            }
        }
    }
    tally->done += done;
    return true;
}

void plain_steps(void)
{
    struct tally tally = {0, 0};
    enum vqg_status status = bring_up();
    bool good = status == VQG_OK;

    platform_print("%s retrofit-open %s\n", verdict(good), vqg_status_name(status));
    if (!good) {
        return;
    }
    good = transfer(false, LAYOUT_BASE, &tally);
    platform_print("%s retrofit-base completions %u\n", verdict(good), tally.done);
    good = good && transfer(true, LAYOUT_RETROFIT, &tally);
    platform_print("%s retrofit-write completions %u\n", verdict(good), tally.done);
    good = good && transfer(false, LAYOUT_RETROFIT, &tally);
    platform_print("%s retrofit-read completions %u\n", verdict(good), tally.done);
    platform_print("%s retrofit-full times %u\n", verdict(tally.full > 0), tally.full);

    /* The device may still hold buffers when a step has failed. */
    status = vmmio_reset(&dev);
    platform_print("%s retrofit-close %s\n", verdict(status == VQG_OK), vqg_status_name(status));
}
