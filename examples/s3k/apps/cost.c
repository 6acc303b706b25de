/* SPDX-License-Identifier: MIT */
/*
 * What a read costs, in instructions of all who have a part in it. What the disk
 * itself takes is waited for without a message, and not counted.
 */
#include "client.h"
#include "monitor.h"
#include "queue_disk.h"
#include "remote.h"

#define REQUESTS 32u
#define CALLS 100u
#define SMALL SECTOR_SIZE
#define LARGE (64u * 1024u)
#define WAIT_SECONDS 20u
#define DISK_TICKS (1000u * S3K_TICKS_PER_US)

static _Alignas(4096) uint8_t data[LARGE];

struct count {
    const char *way;
    uint32_t bytes;
    uint64_t all; /* of REQUESTS requests */
    bool guarded;
};

static void clear(const struct count *c)
{
    for (uint32_t which = 0; c->guarded && which < COST_COUNTERS; which++) {
        (void)remote_cost(which);
    }
    s3k_sleep_until(0); /* with a whole slice ahead */
}

static void tell(struct count *c, bool good)
{
    uint64_t ask = 0, move = 0;

    if (c->guarded) {
        ask = remote_cost(COST_ASK);
        move = remote_cost(COST_MOVE);
        c->all -= remote_cost(COST_IDLE);
    }
    client_say("cost: %s%s, %u bytes: %s, all %lu ask %lu move %lu\n", c->guarded ? "" : "unguarded, ", c->way,
               c->bytes, good ? "good" : "bad", c->all / REQUESTS, ask / REQUESTS, move / REQUESTS);
}

/* With a monitor, whoever asks too early is not counted; without one, it would be. */
static void wait_for_disk(bool guarded)
{
    uint64_t end = platform_time() + DISK_TICKS, deadline = platform_deadline(WAIT_SECONDS);

    while (platform_time() < end || (!guarded && !queue_has_status() && !platform_expired(deadline))) {
    }
    s3k_sleep_until(0);
}

/* The whole of REQUESTS reads, `depth` at a time. */
static bool by_queue(struct count *c, uint32_t depth)
{
    bool good = true;

    for (uint32_t done = 0; done < REQUESTS && good; done += depth) {
        uint64_t began = app_instructions();
        uint32_t failed;

        for (uint32_t i = 0; i < depth; i++) {
            good = queue_add(false, i * (c->bytes / SECTOR_SIZE), data, c->bytes) && good;
        }
        queue_kick();
        c->all += app_instructions() - began;
        wait_for_disk(c->guarded);
        began = app_instructions();
        good = queue_collect(&failed) && failed == 0 && good;
        c->all += app_instructions() - began;
    }
    return good;
}

static void count_queue(const char *way, const struct vqg_mmio_hooks *hooks, bool guarded, bool packed, uint32_t depth)
{
    static const uint32_t sizes[] = { SMALL, LARGE };

    for (unsigned i = 0; i < 2; i++) {
        struct count c = { .way = way, .bytes = sizes[i], .guarded = guarded };
        bool good = queue_open(hooks, packed);

        clear(&c);
        good = good && by_queue(&c, depth);
        tell(&c, queue_close() && good);
    }
}

static void count_requests(void)
{
    static const uint32_t sizes[] = { SMALL, LARGE };

    for (unsigned i = 0; i < 2; i++) {
        struct count c = { .way = "request level", .bytes = sizes[i], .guarded = true };
        bool good = true;

        clear(&c);
        for (unsigned n = 0; n < REQUESTS; n++) {
            uint64_t began;

            s3k_sleep_until(0);
            began = app_instructions();
            good = remote_request(PROTOCOL_READ, 0, (uint32_t)(uintptr_t)data, c.bytes) == PROTOCOL_DONE && good;
            c.all += app_instructions() - began;
        }
        tell(&c, good);
    }
    (void)remote_reset();
}

/* A round trip that does next to nothing: a register is read. The least of many, as a slice may end under one. */
static void count_calls(const struct vqg_mmio_hooks *hooks)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < CALLS; i++) {
        uint64_t began = app_instructions();
        uint64_t took;

        (void)hooks->read(hooks->context, VQG_MMIO_MAGIC_VALUE, 4);
        took = app_instructions() - began;
        least = took < least ? took : least;
    }
    client_say("cost: a round trip of IPC: %lu\n", least);
}

void cost(const struct vqg_mmio_hooks *hooks, bool guarded)
{
    if (guarded) {
        count_calls(hooks);
        count_requests();
    }
    count_queue("split, 1 at a time", hooks, guarded, false, 1);
    count_queue("split, 32 at a time", hooks, guarded, false, QUEUE_DEPTH);
    count_queue("packed, 1 at a time", hooks, guarded, true, 1);
    count_queue("packed, 32 at a time", hooks, guarded, true, QUEUE_DEPTH);
}
