/* SPDX-License-Identifier: MIT */
/**
 * @file bench.c
 * @brief One shape of work, repeated, for counting instructions.
 *
 * bench SIDE SIZE SEGMENTS CAPABILITIES REQUESTS, with SIDE one of driver,
 * driver-indirect, device, device-indirect, ledger. The peer is a few trusting lines
 * outside of the measured_ functions, so that only the library is counted.
 * Requests go in batches of 64, or of what fits the queue.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vqguard/vqguard.h"

#define SEGMENTS_MAX 16u
#define BATCH_MAX 64u

#define MEASURED __attribute__((noinline))

static struct {
    _Alignas(4096) unsigned char desc[16u * VQG_QUEUE_SIZE_MAX];
    _Alignas(16) unsigned char avail[8u + 2u * VQG_QUEUE_SIZE_MAX];
    _Alignas(16) unsigned char used[8u + 8u * VQG_QUEUE_SIZE_MAX];
    _Alignas(16) unsigned char tables[BATCH_MAX][16u * SEGMENTS_MAX];
    _Alignas(64) unsigned char data[BATCH_MAX * SEGMENTS_MAX][64];
} memory;

static struct vqg_slot slots[VQG_QUEUE_SIZE_MAX];
static struct vqg_driver driver;
static struct vqg_device device;
static struct vqg_ledger ledger;
static struct vqg_seg segs[BATCH_MAX][SEGMENTS_MAX];
static struct vqg_chain chains[BATCH_MAX];
static uint16_t heads[BATCH_MAX];
static uint32_t size;
static uint32_t segments;
static uint32_t batch;
static bool indirect;

static void must(bool held, const char *what)
{
    if (!held) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

static void put(unsigned char *at, uint64_t v, unsigned bytes)
{
    memcpy(at, &v, bytes);
}

MEASURED void measured_add(void)
{
    uint32_t i;
    for (i = 0; i < batch; i++) {
        if (indirect) {
            struct vqg_request r = {.seg = segs[i], .count = segments, .cookie = segs[i]};
            r.table = memory.tables[i];
            r.table_addr = (uint64_t)(uintptr_t)memory.tables[i];
            r.table_entries = segments;
            must(vqg_driver_add_request(&driver, &r) == VQG_OK, "add");
        } else {
            must(vqg_driver_add(&driver, segs[i], segments, segs[i]) == VQG_OK, "add");
        }
    }
    (void)vqg_driver_kick(&driver);
}

MEASURED void measured_take(void)
{
    struct vqg_done done;
    uint32_t i;
    for (i = 0; i < batch; i++) {
        must(vqg_driver_take(&driver, &done) == VQG_OK, "take");
    }
}

MEASURED void measured_pop(void)
{
    uint32_t i;
    for (i = 0; i < batch; i++) {
        must(vqg_device_pop(&device, &chains[i]) == VQG_OK, "pop");
    }
}

MEASURED void measured_push(void)
{
    uint32_t i;
    for (i = 0; i < batch; i++) {
        must(vqg_device_push(&device, &chains[i], chains[i].writable) == VQG_OK, "push");
    }
    (void)vqg_device_notify(&device);
}

MEASURED void measured_publish(void)
{
    uint16_t ids[SEGMENTS_MAX];
    uint32_t i;
    uint32_t n;
    for (i = 0; i < batch; i++) {
        for (n = 0; n < segments; n++) {
            ids[n] = (uint16_t)(i * segments + n);
        }
        must(vqg_ledger_publish(&ledger, ids, segments, 64, ids) == VQG_OK, "publish");
    }
}

MEASURED void measured_ledger_take(void)
{
    struct vqg_done done;
    uint32_t i;
    for (i = 0; i < batch; i++) {
        must(vqg_ledger_take(&ledger, &done) == VQG_OK, "ledger take");
    }
}

/* The trusting device: returns what was made available, in order. */
static void answer(uint16_t from, const uint16_t *ids)
{
    uint32_t i;
    for (i = 0; i < batch; i++) {
        uint16_t head = 0;
        if (ids != NULL) {
            head = ids[i];
        } else {
            memcpy(&head, memory.avail + 4u + 2u * ((from + i) % size), 2);
        }
        put(memory.used + 4u + 8u * ((from + i) % size), head, 4);
        put(memory.used + 8u + 8u * ((from + i) % size), segments > 1u ? 64u : 0u, 4);
    }
    put(memory.used + 2, (uint16_t)(from + batch), 2);
}

/* The trusting driver: the same chains again and again, with a fresh index. */
static void ask(uint16_t from)
{
    uint32_t i;
    for (i = 0; i < batch; i++) {
        put(memory.avail + 4u + 2u * ((from + i) % size), heads[i], 2);
    }
    put(memory.avail + 2, (uint16_t)(from + batch), 2);
}

static void lay_chains(void)
{
    uint32_t i;
    uint32_t n;
    for (i = 0; i < batch; i++) {
        unsigned char *table = indirect ? memory.tables[i] : memory.desc;
        uint32_t first = indirect ? 0u : i * segments;
        heads[i] = (uint16_t)(indirect ? i : first);
        for (n = 0; n < segments; n++) {
            unsigned char *d = table + 16u * (first + n);
            bool more = n + 1u < segments;
            put(d, segs[i][n].addr, 8);
            put(d + 8, segs[i][n].len, 4);
            put(d + 12, (more ? 1u : 0u) | (segs[i][n].write ? 2u : 0u), 2);
            put(d + 14, more ? first + n + 1u : 0u, 2);
        }
        if (indirect) {
            put(memory.desc + 16u * i, (uint64_t)(uintptr_t)table, 8);
            put(memory.desc + 16u * i + 8, segments * 16u, 4);
            put(memory.desc + 16u * i + 12, 4, 2);
        }
    }
}

/* The queue's own memory is one capability; the others cut the data into equal pieces and go on beyond it. */
static struct vqg_cap *make_caps(uint32_t count)
{
    struct vqg_cap *caps = calloc(count, sizeof *caps);
    uint64_t at = (uint64_t)(uintptr_t)&memory;
    uint64_t bytes = (uint64_t)(uintptr_t)memory.data - at;
    uint32_t i;
    must(caps != NULL, "calloc");
    for (i = 0; i < count; i++) {
        caps[i].base = at;
        caps[i].size = count == 1u ? sizeof memory : bytes;
        caps[i].map = (void *)(uintptr_t)at;
        caps[i].rights = VQG_CAP_READ | VQG_CAP_WRITE;
        at += bytes;
        bytes = (sizeof memory.data + count - 2u) / (count > 1u ? count - 1u : 1u);
        bytes = (bytes + 63u) / 64u * 64u;
    }
    return caps;
}

int main(int argc, char **argv)
{
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_queue q = {.desc = memory.desc, .avail = memory.avail, .used = memory.used};
    struct vqg_cap_table table;
    struct vqg_caps caps;
    uint32_t requests;
    uint32_t done;
    uint32_t i;
    uint32_t n;
    if (argc != 6) {
        fprintf(stderr, "usage: bench driver|driver-indirect|device|device-indirect|ledger SIZE SEGMENTS "
                        "CAPABILITIES REQUESTS\n");
        return 2;
    }
    size = (uint32_t)strtoul(argv[2], NULL, 10);
    segments = (uint32_t)strtoul(argv[3], NULL, 10);
    requests = (uint32_t)strtoul(argv[5], NULL, 10);
    indirect = strstr(argv[1], "indirect") != NULL;
    must(segments >= 1u && segments <= SEGMENTS_MAX && size >= SEGMENTS_MAX, "sizes");
    batch = size / (indirect ? 1u : segments);
    batch = batch < BATCH_MAX ? batch : BATCH_MAX;
    q.size = size;
    q.features = VQG_F_VERSION_1 | VQG_F_INDIRECT_DESC;
    q.desc_addr = (uint64_t)(uintptr_t)memory.desc;
    q.avail_addr = (uint64_t)(uintptr_t)memory.avail;
    q.used_addr = (uint64_t)(uintptr_t)memory.used;
    for (i = 0; i < batch; i++) {
        for (n = 0; n < segments; n++) {
            unsigned char *at = memory.data[i * SEGMENTS_MAX + n];
            segs[i][n] = n == 0u ? vqg_out(at, 64) : vqg_in(at, 64);
        }
    }
    if (strncmp(argv[1], "driver", 6) == 0) {
        must(vqg_driver_init(&driver, &q, &policy, slots, size) == VQG_OK, "init");
        for (done = 0; done < requests; done += batch) {
            measured_add();
            answer((uint16_t)done, NULL);
            measured_take();
        }
    } else if (strncmp(argv[1], "device", 6) == 0) {
        uint32_t count = (uint32_t)strtoul(argv[4], NULL, 10);
        static struct vqg_seg room[BATCH_MAX][SEGMENTS_MAX];
        struct vqg_cap *list = make_caps(count);
        lay_chains();
        policy.max_elements = SEGMENTS_MAX;
        must(vqg_cap_table_init(&table, list, count, 0) == VQG_OK, "capabilities");
        caps = vqg_cap_table_caps(&table);
        for (i = 0; i < batch; i++) {
            vqg_chain_init(&chains[i], room[i], SEGMENTS_MAX);
        }
        must(vqg_device_init(&device, &q, &policy, &caps, slots, size) == VQG_OK, "init");
        for (done = 0; done < requests; done += batch) {
            ask((uint16_t)done);
            measured_pop();
            measured_push();
        }
        free(list);
    } else {
        must(vqg_ledger_init(&ledger, &q, &policy, slots, size) == VQG_OK, "init");
        for (i = 0; i < batch; i++) {
            heads[i] = (uint16_t)(i * segments);
        }
        for (done = 0; done < requests; done += batch) {
            measured_publish();
            answer((uint16_t)done, heads);
            measured_ledger_take();
        }
    }
    printf("%u\n", done);
    return 0;
}
