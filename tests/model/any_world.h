/* SPDX-License-Identifier: MIT */
/*
 * A small world for comparisons in either format: which queue it has, what it looked like before a call, and what a
 * hostile hand writes into it.
 */
#ifndef VQG_TEST_ANY_WORLD_H
#define VQG_TEST_ANY_WORLD_H

#include "compare.h"
#include "packed_peer.h"

/*
 * The largest queue. Of 16, laps are short, everything meets everything, and each rule must be seen. A build of its own
 * has larger ones: it looks for laps, and for positions and ids that do not fit a byte.
 */
#ifndef ANY_SIZE
#define ANY_SIZE 16u
#define ANY_HASTE 1u
#define ANY_RULES(rules) (rules)
#else
#define ANY_HASTE 8u /* their memory takes longer to compare */
#define ANY_RULES(rules) ("")
#endif
#define ANY_STEPS (20u * ANY_SIZE) /* of a round: some laps */
#define ANY_TABLE_BYTES 256u
#define ANY_PARTS 4u

static struct world *world;
static struct packed_peer peer;
static uint64_t features;
static bool packed;
static bool in_order;
static bool event_idx;
static uint32_t size;

/* The parts of the world that a call could write. */
static struct part {
    uint64_t at;
    size_t bytes;
    unsigned char before[ANY_SIZE * ANY_TABLE_BYTES];
} parts[ANY_PARTS] = {{WORLD_DESC, 16u * ANY_SIZE, {0}},
                      {WORLD_AVAIL, 6u + 2u * ANY_SIZE, {0}},
                      {WORLD_USED, 6u + 8u * ANY_SIZE, {0}},
                      {WORLD_TABLES, ANY_SIZE * ANY_TABLE_BYTES, {0}}};

enum { RING, DRIVER_AREA, DEVICE_AREA, TABLES };

/* Formats that this build lacks are left out. */
static inline uint64_t random_features(void)
{
    uint64_t all = VQG_F_RING_PACKED | VQG_F_IN_ORDER;
    uint64_t some = VQG_F_VERSION_1;
    some |= chance(3, 4) ? VQG_F_INDIRECT_DESC : 0u;
    some |= chance(1, 2) ? VQG_F_EVENT_IDX : 0u;
    some |= chance(2, 3) ? VQG_F_RING_PACKED : 0u;
    some |= chance(1, 3) ? VQG_F_IN_ORDER : 0u;
    return some & ~(all & VQG_F_LACKING_);
}

static inline uint32_t any_log2(uint32_t n)
{
    uint32_t log = 0;
    while (n >> (log + 1u) != 0u) {
        log++;
    }
    return log;
}

static inline void world_begin(void)
{
    features = random_features();
    packed = (features & VQG_F_RING_PACKED) != 0u;
    in_order = (features & VQG_F_IN_ORDER) != 0u;
    event_idx = (features & VQG_F_EVENT_IDX) != 0u;
    size = packed ? 1u + (uint32_t)below(ANY_SIZE) : (uint32_t)1 << below(1u + any_log2(ANY_SIZE));
    if (world == NULL) {
        world = world_new(ANY_SIZE, 0); /* for all rounds: to clear it is what takes time */
    }
    world->size = size;
    world->queue.size = size;
    world->queue.features = features;
    memset(&world->device, 0, sizeof world->device);
    memset(&world->driver, 0, sizeof world->driver);
    packed_start(&peer, world);
    for (unsigned i = 0; i < ANY_PARTS; i++) {
        memset(world->memory + parts[i].at, 0, parts[i].bytes);
    }
    operation("%s queue of %" PRIu32 ", features 0x%" PRIx64, packed ? "packed" : "split", size, features);
}

static inline uint16_t start_position(void)
{
    return packed ? SM_PACKED_START : 0;
}

/* What memory looks like now is kept, and compared after a call. */
static inline void keep_memory(void)
{
    for (unsigned i = 0; i < ANY_PARTS; i++) {
        memcpy(parts[i].before, world->memory + parts[i].at, parts[i].bytes);
    }
}

/* The call may have written these bytes: they are not compared. */
static inline void may_write(unsigned part, size_t at, size_t bytes)
{
    memcpy(parts[part].before + at, world->memory + parts[part].at + at, bytes);
}

static inline void same_memory(void)
{
    for (unsigned i = 0; i < ANY_PARTS; i++) {
        holds("the call wrote what it may write, and nothing else",
              memcmp(parts[i].before, world->memory + parts[i].at, parts[i].bytes) == 0);
    }
}

/* An address that is good, or at an edge, or somewhere that it must not be. */
static inline uint64_t random_address(void)
{
    static const uint64_t places[] = {WORLD_DATA, WORLD_RDONLY, WORLD_WRONLY, WORLD_HOLE, WORLD_DESC, WORLD_AVAIL,
                                      WORLD_USED, WORLD_TABLES};
    uint64_t at = world_addr(places[below(sizeof places / sizeof places[0])]);
    return chance(1, 30) ? UINT64_MAX - below(64) : at + below(40) - (chance(1, 2) ? 20u : 0u);
}

static inline uint32_t random_length(void)
{
    static const uint32_t lengths[] = {0, 1, 15, 16, 40, 48, 160, 272, 0xfffffff0u, 0xffffffffu};
    return lengths[below(sizeof lengths / sizeof lengths[0])];
}

/* One field of a descriptor, or of an entry, at this offset becomes something else. */
static inline void spoil_descriptor(uint64_t at)
{
    static const unsigned bits[] = {1, 2, 4, 0x80, 0x8000, 0x8080, 8, 0x4000};
    const uint64_t flags = at + (packed ? PACKED_FLAGS : 12u);
    const uint64_t other = at + (packed ? PACKED_ID : 14u); /* the id, or next */
    switch (below(4)) {
    case 0:
        peer_put(world, at, 8, random_address());
        break;
    case 1:
        peer_put(world, at + 8u, 4, random_length());
        break;
    case 2:
        peer_put(world, flags, 2, peer_get(world, flags, 2) ^ bits[below(sizeof bits / sizeof bits[0])]);
        break;
    default:
        peer_put(world, other, 2, chance(1, 8) ? below(0x10000) : below(size + 2u));
        break;
    }
    detail("spoilt at 0x%" PRIx64 ": addr 0x%" PRIx64 ", len 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64, at,
           peer_get(world, at, 8), peer_get(world, at + 8u, 4), peer_get(world, at + 12u, 2),
           peer_get(world, at + 14u, 2));
}

/* The words by which the peer asks for notifications. */
static inline void random_events(bool of_driver)
{
    const uint64_t area = of_driver ? WORLD_AVAIL : WORLD_USED;
    const uint64_t event = area + 4u + (of_driver ? 2u : 8u) * (uint64_t)size;
    if (packed) {
        uint64_t off = chance(1, 8) ? below(0x10000) : below(size) | (chance(1, 2) ? SM_WRAP : 0u);
        peer_put(world, area, 2, off);
        peer_put(world, area + 2u, 2, chance(1, 8) ? below(0x10000) : below(4));
    } else {
        peer_put(world, area, 2, below(2));
        peer_put(world, event, 2, chance(1, 8) ? below(0x10000) : below(64));
    }
}

#endif
