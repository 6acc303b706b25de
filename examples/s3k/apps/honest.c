/* SPDX-License-Identifier: MIT */
/*
 * A client that keeps to what is its own: files of many sizes, written, read into
 * another buffer and compared, by each way to the disk. judge.py looks for the
 * same files (layout.h) in the disk's image.
 */
#include "client.h"

#include "example.h"
#include "plain_disk.h"
#include "queue_disk.h"
#include "remote.h"

#define FILE_MOST (1024u * 1024u)

#define FILE(first, size) { first, size },
static const struct {
    uint32_t sector; /* of a way's part of the disk */
    uint32_t bytes;
} files[] = { HONEST_FILES(FILE) };

static _Alignas(4096) uint8_t written[FILE_MOST];
static _Alignas(4096) uint8_t found[FILE_MOST];

static bool by_request(bool write, uint64_t sector, void *data, uint32_t bytes)
{
    return remote_request(write ? PROTOCOL_WRITE : PROTOCOL_READ, sector, (uint32_t)(uintptr_t)data, bytes) ==
           PROTOCOL_DONE;
}

static bool by_plain_driver(bool write, uint64_t sector, void *data, uint32_t bytes)
{
    return write ? plain_write(sector, (uintptr_t)data, bytes) : plain_read(sector, (uintptr_t)data, bytes);
}

static bool by_queue(bool write, uint64_t sector, void *data, uint32_t bytes)
{
    return queue_transfer(write, sector, data, bytes, QUEUE_DEPTH);
}

static bool no_open(const struct vqg_mmio_hooks *hooks)
{
    (void)hooks;
    return true;
}

static bool open_split(const struct vqg_mmio_hooks *hooks)
{
    return queue_open(hooks, false);
}

static bool open_packed(const struct vqg_mmio_hooks *hooks)
{
    return queue_open(hooks, true);
}

static bool request_close(void)
{
    return remote_reset();
}

static const struct {
    const char *name;
    bool (*open)(const struct vqg_mmio_hooks *hooks);
    bool (*transfer)(bool write, uint64_t sector, void *data, uint32_t bytes);
    bool (*close)(void);
} ways[] = {
    { "request level", no_open, by_request, request_close },
    { "queue level, plain driver", plain_open, by_plain_driver, plain_close },
    { "queue level, split", open_split, by_queue, queue_close },
    { "queue level, packed", open_packed, by_queue, queue_close },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))
#define FILES (sizeof(files) / sizeof(files[0]))

static bool file_survives(unsigned way, unsigned file)
{
    unsigned tag = (s3k_pid() == 2 ? DRIVER_TAG : CLIENT_TAG) + way;
    uint64_t sector = way * WAY_SECTORS + files[file].sector;
    uint32_t bytes = files[file].bytes;

    pattern_fill(written, tag, sector, bytes / SECTOR);
    memset(found, 0, bytes);
    return ways[way].transfer(true, sector, written, bytes) && ways[way].transfer(false, sector, found, bytes) &&
           pattern_holds(found, tag, sector, bytes / SECTOR);
}

/* How many of a way's first files were good. */
static unsigned survivors(unsigned way, unsigned of)
{
    struct vqg_mmio_hooks hooks = remote_hooks();
    unsigned good = 0;

    if (ways[way].open(&hooks)) {
        for (unsigned file = 0; file < of; file++) {
            good += file_survives(way, file) ? 1u : 0u;
        }
        good = ways[way].close() ? good : 0u;
    }
    return good;
}

void honest(void)
{
    for (unsigned way = 0; way < WAYS; way++) {
        unsigned good = survivors(way, FILES);

        client_say("%s: %u of %u files written and read back\n", ways[way].name, good, (unsigned)FILES);
    }
}

void steady(void)
{
    for (unsigned round = 1;; round++) {
        unsigned good = survivors(round % WAYS, SMALL_FILES);

        client_say("round %u: %s: %u of %u files written and read back\n", round, ways[round % WAYS].name, good,
                   SMALL_FILES);
        if (round == WAYS) {
            remote_leave(); /* all is written that judge.py looks for */
        }
    }
}
