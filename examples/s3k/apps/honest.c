/* SPDX-License-Identifier: MIT */
/*
 * A client that keeps to what is its own: files of many sizes, written, read into
 * another buffer and compared, by each way to the disk. judge.py knows the
 * same files and looks for them in the disk's image.
 */
#include "client.h"

#include "example.h"
#include "remote.h"

#define KIB 1024u
#define FILE_MOST (1024u * KIB)

/* A file: from which sector of a way's part of the disk on. */
static const struct {
    uint32_t sector;
    uint32_t bytes;
} files[] = { { 0, 512 }, { 1, 1536 }, { 4, 4 * KIB }, { 12, 64 * KIB }, { 140, 1000 * 512 }, { 1140, FILE_MOST } };

#define WAY_SECTORS 3200u
#define TAG_DRIVER 1u /* of the first way; each has its own */
#define TAG_CLIENT 17u

static _Alignas(4096) uint8_t written[FILE_MOST];
static _Alignas(4096) uint8_t found[FILE_MOST];

static bool by_request(bool write, uint64_t sector, void *data, uint32_t bytes)
{
    uint64_t rule;

    return remote_request(write ? PROTOCOL_WRITE : PROTOCOL_READ, sector, (uint32_t)(uintptr_t)data, bytes, &rule) ==
           PROTOCOL_DONE;
}

static const struct {
    const char *name;
    bool (*transfer)(bool write, uint64_t sector, void *data, uint32_t bytes);
} ways[] = { { "request level", by_request } };

static bool file_survives(unsigned way, unsigned file)
{
    unsigned tag = (s3k_pid() == 2 ? TAG_DRIVER : TAG_CLIENT) + way;
    uint64_t sector = way * WAY_SECTORS + files[file].sector;
    uint32_t bytes = files[file].bytes;

    pattern_fill(written, tag, sector, bytes / SECTOR);
    memset(found, 0, bytes);
    return ways[way].transfer(true, sector, written, bytes) && ways[way].transfer(false, sector, found, bytes) &&
           pattern_holds(found, tag, sector, bytes / SECTOR);
}

void honest(void)
{
    for (unsigned way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
        unsigned good = 0;

        for (unsigned file = 0; file < sizeof(files) / sizeof(files[0]); file++) {
            good += file_survives(way, file) ? 1u : 0u;
        }
        client_say("%s: %u of %u files written and read back\n", ways[way].name, good,
                   (unsigned)(sizeof(files) / sizeof(files[0])));
    }
}
