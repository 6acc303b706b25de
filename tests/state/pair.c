/* SPDX-License-Identifier: MIT */
/* Both endpoints and both models: how they begin, and begin again. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

struct state now;
const struct state *before;
struct setting setting;

static struct vqg_cap caps[CAPS];
static struct sm_capability grants[CAPS];

/* ---------------------------------------------------------------- shared memory */

uint64_t get(unsigned at, unsigned bytes)
{
    return bytes == 2u   ? sm_get16(now.memory + at, false)
           : bytes == 4u ? sm_get32(now.memory + at, false)
                         : sm_get64(now.memory + at, false);
}

void put(unsigned at, unsigned bytes, uint64_t value)
{
    if (bytes == 2u) {
        sm_put16(now.memory + at, (uint16_t)value, false);
    } else if (bytes == 4u) {
        sm_put32(now.memory + at, (uint32_t)value, false);
    } else {
        sm_put64(now.memory + at, value, false);
    }
}

static uint8_t expected[MEMORY];

void may_write_nothing(void)
{
    memcpy(expected, before->memory, MEMORY);
}

void may_write(unsigned at, unsigned bytes)
{
    memcpy(expected + at, now.memory + at, bytes);
}

void same_memory(void)
{
    holds(memcmp(expected, now.memory, MEMORY) == 0, "the step wrote what it may write, and nothing else");
    holds(now.canary_0 == CANARY && now.canary_1 == CANARY && now.canary_2 == CANARY && now.canary_3 == CANARY &&
              now.canary_4 == CANARY,
          "private memory beside that of the endpoints is untouched");
}

/* ---------------------------------------------------------------- positions, and requests in order */

uint32_t index_of(uint16_t position)
{
    return setting.packed ? position & ~SM_WRAP : position % setting.size;
}

uint16_t behind(uint16_t position, uint32_t slots)
{
    return setting.packed ? sm_packed_advance(position, slots, setting.size) : (uint16_t)(position + 1u);
}

void fifo_put(struct fifo *f, unsigned number, unsigned len)
{
    holds(f->count < SIZE, "no more requests are under way than there are");
    f->number[f->count] = (uint8_t)number;
    f->len[f->count++] = (uint8_t)len;
}

/* What is left moves up, and nothing is left behind it: equal orders are equal bytes. */
unsigned fifo_get(struct fifo *f)
{
    unsigned first = f->number[0];
    memmove(f->number, f->number + 1, SIZE - 1u);
    memmove(f->len, f->len + 1, SIZE - 1u);
    f->number[SIZE - 1u] = 0;
    f->len[SIZE - 1u] = 0;
    f->count--;
    return first;
}

/* ---------------------------------------------------------------- what the next step does not look at */

void request_is_back(unsigned number)
{
    memset(&now.requests[number], 0, sizeof now.requests[0]);
    memset(now.memory + AT_TABLES + TABLE_BYTES * number, 0, TABLE_BYTES);
}

void chain_is_back(unsigned k)
{
    memset(now.memory + AT_DATA, FILL, DATA_BYTES * SIZE);
    memset(now.segs[k], 0, sizeof now.segs[k]);
    vqg_chain_init(&now.chains[k], now.segs[k], SIZE);
    now.popped[k] = false;
    now.stale[k] = false;
}

static void only_what_counts(struct vqg_ring *r)
{
    r->seen_flags = r->seen == r->get ? 0u : r->seen_flags;
    r->first_flags = r->published == r->put ? 0u : r->first_flags;
}

const struct state *essence(void)
{
    static struct state e;
    e = now;
    memset(&e.driver.ledger.guard.violation, 0, sizeof e.driver.ledger.guard.violation);
    memset(&e.device.judge.guard.violation, 0, sizeof e.device.judge.guard.violation);
    for (unsigned i = 0; i < SIZE; i++) {
        struct vqg_slot *slot = &e.driver_slots[i];
        if (slot->count == 0u) { /* heads no chain: it is a part of one, or of the free list */
            slot->cookie = NULL;
            slot->writable = 0;
            slot->least = 0;
            slot->tail = 0;
            slot->position = 0;
        }
        if (e.device_slots[i].count == 0u) {
            e.device_slots[i].cookie = NULL;
            e.device_slots[i].writable = 0;
        }
        e.drv_order[i] = i < e.drv.outstanding ? e.drv_order[i] : 0u;
        e.dev_order[i] = i < e.dev.order_count ? e.dev_order[i] : 0u;
    }
    only_what_counts(&e.driver.ledger.ring);
    only_what_counts(&e.device.ring);
    if (e.drv.batch == 0u) {
        e.drv.batch_len = 0;
        e.driver.ledger.batch_length = 0;
        e.driver.ledger.batch_id = 0;
    }
    e.dev.before_avail = 0;
    e.dev.before_next_desc = 0;
    return &e;
}

/* ---------------------------------------------------------------- set-up */

static void grant(unsigned i, unsigned at, unsigned bytes, unsigned rights)
{
    caps[i].base = BASE + at;
    caps[i].size = bytes;
    caps[i].bus = BASE + at;
    caps[i].map = now.memory + at;
    caps[i].rights = rights;
    grants[i].base = BASE + at;
    grants[i].size = bytes;
    grants[i].bus = BASE + at;
    grants[i].rights = rights;
}

/* Each buffer is a capability by itself, so that its neighbours are not covered. */
static void grant_all(void)
{
    const unsigned both = VQG_CAP_READ | VQG_CAP_WRITE;
    grant(0, AT_DESC, 16u * setting.size, both);
    grant(1, AT_AVAIL, setting.packed ? 4u : 6u + 2u * setting.size, VQG_CAP_READ);
    grant(2, AT_USED, setting.packed ? 4u : 6u + 8u * setting.size, VQG_CAP_WRITE);
    grant(3, AT_TABLES, TABLE_BYTES * SIZE, VQG_CAP_READ);
    for (unsigned i = 0; i < SIZE; i++) {
        grant(4u + 2u * i, AT_DATA + DATA_BYTES * i, OUT_BYTES, VQG_CAP_READ);
        grant(5u + 2u * i, AT_DATA + DATA_BYTES * i + AT_IN, IN_BYTES, VQG_CAP_WRITE);
    }
}

static const struct vqg_cap *lookup(void *context, uint64_t addr)
{
    (void)context;
    for (unsigned i = 0; i < CAPS; i++) {
        if (addr - caps[i].base < caps[i].size) {
            return &caps[i];
        }
    }
    return NULL;
}

uint64_t features(void)
{
    return VQG_F_VERSION_1 | VQG_F_INDIRECT_DESC | (setting.packed ? VQG_F_RING_PACKED : 0u) |
           (setting.in_order ? VQG_F_IN_ORDER : 0u);
}

static struct vqg_queue queue(void)
{
    struct vqg_queue q;
    memset(&q, 0, sizeof q);
    q.size = setting.size;
    q.features = features();
    q.desc = now.memory + AT_DESC;
    q.avail = now.memory + AT_AVAIL;
    q.used = now.memory + AT_USED;
    q.desc_addr = BASE + AT_DESC;
    q.avail_addr = BASE + AT_AVAIL;
    q.used_addr = BASE + AT_USED;
    return q;
}

static struct vqg_policy policy(void)
{
    struct vqg_policy p = vqg_profile_strict();
    p.chain = VQG_CHAIN_DROP; /* the endpoint goes on: there is more to see */
    p.accept_claimed = setting.in_order;
    p.min_length = setting.in_order ? 0u : 1u;
    return p;
}

/* An array of a model becomes a part of the state. */
static void *adopt(void *kept, void *array, size_t bytes)
{
    memcpy(kept, array, bytes);
    free(array);
    return kept;
}

static void start_models(void)
{
    const uint16_t first = setting.packed ? SM_PACKED_START : 0;
    struct sm_memory memory = {now.memory, BASE, MEMORY};
    struct sm_dev_config c;
    struct sm_set none;
    sm_drv_init(&now.drv, features(), setting.size, first, first);
    now.drv.lent = adopt(now.lent, now.drv.lent, setting.size * sizeof now.lent[0]);
    now.drv.order = adopt(now.drv_order, now.drv.order, setting.size * sizeof now.drv_order[0]);
    memset(&c, 0, sizeof c);
    c.size = setting.size;
    c.features = features();
    c.desc = BASE + AT_DESC;
    c.avail = BASE + AT_AVAIL;
    c.used = BASE + AT_USED;
    c.start_avail = first;
    c.start_used = first;
    c.batch_index = true;
    c.batch_used = true;
    c.policy.canonical = true;
    c.capabilities = grants;
    c.capability_count = CAPS;
    none = sm_dev_init(&now.dev, &c, memory);
    holds(sm_set_is_empty(&none), "the model accepts the queue");
    now.dev.capabilities = adopt(grants, now.dev.capabilities, sizeof grants);
    now.dev.config.capabilities = grants;
    now.dev.in_flight = adopt(now.in_flight, now.dev.in_flight, setting.size * sizeof now.in_flight[0]);
    now.dev.owner = adopt(now.owner, now.dev.owner, setting.size * sizeof now.owner[0]);
    now.dev.order = adopt(now.dev_order, now.dev.order, setting.size * sizeof now.dev_order[0]);
    now.dev.used_image = adopt(now.used_image, now.dev.used_image, setting.packed ? 4u : 6u + 8u * setting.size);
    now.dev.returns = now.returns;
    memset(now.returns, 0, sizeof now.returns);
    memset(&now.waiting, 0, sizeof now.waiting);
    memset(&now.made_available, 0, sizeof now.made_available);
    memset(&now.returned, 0, sizeof now.returned);
    now.seen = 0;
    now.notified = first;
    now.honest = true;
    now.spoilt = false;
}

void start(uint8_t adds, uint8_t resets, uint8_t writes)
{
    struct vqg_queue q = queue();
    struct vqg_policy p = policy();
    const struct vqg_caps ask = {NULL, lookup, NULL, NULL, NULL};
    memset(&now, 0, sizeof now);
    memset(now.memory, FILL, MEMORY);
    memset(now.memory + AT_DESC, 0, 16u * setting.size);
    memset(now.memory + AT_TABLES, 0, TABLE_BYTES * SIZE);
    now.canary_0 = now.canary_1 = now.canary_2 = now.canary_3 = now.canary_4 = CANARY;
    grant_all();
    for (unsigned i = 0; i < SIZE; i++) {
        vqg_chain_init(&now.chains[i], now.segs[i], SIZE);
    }
    holds(vqg_driver_init(&now.driver, &q, &p, now.driver_slots, setting.size) == VQG_OK, "the driver begins");
    holds(vqg_device_init(&now.device, &q, &p, &ask, now.device_slots, setting.size) == VQG_OK, "the device begins");
    start_models();
    now.adds_left = adds;
    now.resets_left = resets;
    now.writes_left = writes;
}

/* ---------------------------------------------------------------- reset */

/* All that was lent comes back, each once, and both begin anew. */
void reset(void)
{
    struct vqg_queue q = queue();
    struct vqg_done done;
    enum vqg_status st;
    may_write_nothing();
    holds(vqg_driver_reset(&now.driver) == VQG_OK, "the driver can be reset");
    holds(vqg_driver_reclaim(&now.driver, &done) == VQG_BAD_STATE, "nothing is reclaimed before the acknowledgement");
    vqg_device_reset(&now.device);
    for (unsigned k = 0; k < SIZE; k++) {
        now.stale[k] = now.popped[k];
    }
    holds(vqg_driver_reset_acked(&now.driver) == VQG_OK, "the reset can be acknowledged");
    while ((st = vqg_driver_reclaim(&now.driver, &done)) == VQG_OK) {
        uintptr_t cookie = (uintptr_t)done.cookie;
        holds(cookie - 1u < SIZE && now.requests[cookie - 1u].lent, "what is reclaimed was lent, and not yet back");
        holds(done.len == 0u, "what is reclaimed was not written");
        now.requests[cookie - 1u].lent = false;
    }
    holds(st == VQG_EMPTY, "reclaiming ends");
    for (unsigned i = 0; i < SIZE; i++) {
        holds(!now.requests[i].lent, "all that was lent is reclaimed");
    }
    same_memory();
    holds(vqg_driver_restart(&now.driver) == VQG_OK, "the driver begins again");
    holds(vqg_driver_free(&now.driver) == setting.size, "every descriptor is free again");
    holds(vqg_device_enable(&now.device, &q) == VQG_OK, "the device begins again");
    may_write(AT_DESC, 16u * setting.size);
    may_write(AT_AVAIL, setting.packed ? 4u : 6u + 2u * setting.size);
    may_write(AT_USED, setting.packed ? 4u : 6u + 8u * setting.size);
    same_memory();
    for (unsigned i = 0; i < SIZE; i++) {
        request_is_back(i);
    }
    start_models();
}
