/* SPDX-License-Identifier: MIT */
/* Block requests: the world, and a client that asks for what it likes. */
#include "blk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct blk_own blk_own;
struct blk_truth blk_truth;
struct vqg_cap blk_sectors[BLK_SECTOR_CAPS];
uint32_t blk_pins[BLK_SECTOR_CAPS]; /* with callbacks */

static struct vqg_cap memory_caps[BLK_MEMORY_CAPS];
static struct vqg_cap_table memory_table;
static struct vqg_cap_table sector_table;
static struct vqg_queue queue;

const char *memory_place(size_t at)
{
    static char text[4][32];
    static unsigned turn;
    char *t = text[turn = (turn + 1u) % 4u];
    (void)snprintf(t, sizeof text[0], at >= AT_FRAME ? "frame, byte 0x%zx" : at >= AT_SCRATCH ? "scratch, byte 0x%zx"
                   : at >= AT_REQUESTS ? "byte 0x%zx" : "ring, byte 0x%zx", at);
    return t;
}

/* ---------------------------------------------------------------- sectors */

static const struct vqg_cap *look_up(void *context, uint64_t sector)
{
    unsigned at = BLK_SECTOR_CAPS;
    (void)context;
    for (unsigned i = 0; i < BLK_SECTOR_CAPS; i++) {
        if (blk_sectors[i].rights != 0u && sector >= blk_sectors[i].base &&
            sector - blk_sectors[i].base < blk_sectors[i].size) {
            at = i;
        }
    }
    if (blk_truth.other) {
        return &blk_sectors[sector < 100u ? 1u : 0u];
    }
    return at == BLK_SECTOR_CAPS ? NULL : &blk_sectors[at];
}

static bool pin(void *context, const struct vqg_cap *cap, uint64_t sector, uint64_t sectors, uint64_t *handle)
{
    (void)context;
    HOLDS(sectors != 0u && sector - cap->base < cap->size && sectors <= cap->size - (sector - cap->base),
          "a pin of sectors that the capability does not cover");
    *handle = (uint64_t)(cap - blk_sectors);
    blk_pins[*handle] += blk_truth.refuse ? 0u : 1u;
    return !blk_truth.refuse;
}

static void unpin(void *context, uint64_t handle)
{
    (void)context;
    HOLDS(handle < BLK_SECTOR_CAPS && blk_pins[handle] != 0u, "a pin ends that was never given");
    blk_pins[handle]--;
}

void blk_check_pins(void)
{
    for (unsigned i = 0; i < BLK_SECTOR_CAPS; i++) {
        uint32_t pins = 0;
        for (unsigned k = 0; k < BLK_POOL; k++) {
            pins += blk_own.pool[k].pinned && blk_own.pool[k].cap == i ? 1u : 0u;
        }
        HOLDS((blk_truth.callbacks ? blk_pins[i] : blk_sectors[i].pins) == pins, "pins of sectors %u", i);
    }
}

/* Entry `b` is taken away, or given again with other rights. */
void blk_step_sectors(const struct step *step)
{
    const unsigned i = step->b % BLK_SECTOR_CAPS;
    struct vqg_cap cap = blk_sectors[i];
    bool busy = false;
    cap.rights = step->a & 3u;
    blk_truth.refuse = blk_truth.callbacks && (step->a & 0x40u) != 0u;
    blk_truth.other = blk_truth.callbacks && (step->a & 0x80u) != 0u;
    for (unsigned k = 0; k < BLK_POOL; k++) {
        busy = busy || (blk_own.pool[k].pinned && blk_own.pool[k].cap == i);
    }
    if (blk_truth.callbacks) {
        blk_sectors[i].rights = busy ? blk_sectors[i].rights : cap.rights;
        return;
    }
    HOLDS(vqg_cap_table_replace(&sector_table, i, &cap) == (busy ? VQG_BUSY : VQG_OK), "sectors in flight, or not");
}

/* `b`: which way; `v`: which sectors. */
void blk_step_admit(const struct step *step)
{
    static const uint32_t types[] = {IN, OUT, DISCARD, ZEROES};
    struct vqg_guard guard;
    struct vqg_blk_request r;
    struct blk_meaning m;
    enum vqg_status st;
    memset(&guard, 0, sizeof guard);
    memset(&r, 0, sizeof r);
    memset(&m, 0, sizeof m);
    r.type = types[step->b % 4u];
    r.sector = (step->a & 0x80u) != 0u ? memory_address(step->v) : step->v % 400u;
    r.sectors = step->a % 128u;
    m.type = r.type;
    m.sector = r.sector;
    m.sectors = r.sectors;
    st = vqg_blk_admit(&guard, &blk_own.blk, 9, &r);
    if (r.sectors == 0u) {
        HOLDS(st == VQG_BAD_COUNT, "no sectors are admitted");
        return;
    }
    blk_decode_sectors(&m);
    blk_truth.refuse = false;
    blk_truth.other = false;
    HOLDS((st == VQG_OK) == (m.broken == 0u), "sectors %" PRIu64 ", %" PRIu32 " of them: %s", r.sector, r.sectors,
          vqg_status_name(st));
    if (st == VQG_OK) {
        HOLDS(r.bus == blk_sectors[m.cap].bus + (r.sector - blk_sectors[m.cap].base), "another sector of the disk");
        vqg_blk_release(&blk_own.blk, &r);
    } else {
        HOLDS(guard.violation.rule == vqg_status_rule(st) && guard.violation.index == 9u, "the record has another rule");
    }
    vqg_blk_release(&blk_own.blk, &r);
    blk_check_pins();
}

static void begin_sectors(const uint8_t *head)
{
    static const struct {
        uint64_t base;
        uint64_t size;
        uint64_t disk;
        uint32_t rights;
    } first[BLK_SECTOR_CAPS] = {
        {0, 100, 1000, 3}, {200, 50, 5000, 1}, {300, 10, 6000, 2}, {310, 10, 7000, 3}, {UINT64_MAX - 7u, 8, 9000, 3}};
    struct vqg_caps caps;
    uint64_t features = 0;
    for (unsigned i = 0; i < BLK_SECTOR_CAPS; i++) {
        memset(&blk_sectors[i], 0, sizeof blk_sectors[i]);
        blk_sectors[i].base = first[i].base;
        blk_sectors[i].size = first[i].size;
        blk_sectors[i].bus = first[i].disk;
        blk_sectors[i].rights = first[i].rights;
        blk_sectors[i].token = 40u + i;
        blk_pins[i] = 0;
    }
    HOLDS(vqg_cap_table_init(&sector_table, blk_sectors, BLK_SECTOR_CAPS, 0) == VQG_OK, "a table of sectors");
    caps = vqg_cap_table_caps(&sector_table);
    blk_truth.callbacks = (head[0] & 1u) != 0u;
    if (blk_truth.callbacks) {
        memset(&caps, 0, sizeof caps);
        caps.lookup = look_up;
        caps.pin = pin;
        caps.unpin = unpin;
    }
    blk_truth.types = 1u << IN | 1u << OUT | 1u << GET_ID;
    blk_truth.types |= (head[0] & 4u) == 0u ? 1u << FLUSH : 0u;
    blk_truth.types |= (head[0] & 8u) == 0u ? 1u << DISCARD : 0u;
    blk_truth.types |= (head[0] & 16u) == 0u ? 1u << ZEROES : 0u;
    features |= (head[0] & 4u) == 0u ? UINT64_C(1) << 9 : 0u;
    features |= (head[0] & 8u) == 0u ? UINT64_C(1) << 13 : 0u;
    features |= (head[0] & 16u) == 0u ? UINT64_C(1) << 14 : 0u;
    blk_truth.max_bytes = head[1] == 0u ? UINT32_MAX : 256u * head[1];
    blk_truth.max_sectors = head[2] == 0u ? UINT32_MAX : head[2];
    HOLDS(vqg_blk_init(&blk_own.blk, &caps, features, 256u * head[1], head[2]) == VQG_OK, "a good client is refused");
}

/* ---------------------------------------------------------------- the world */

static void begin_memory(void)
{
    static const struct {
        size_t from;
        size_t to;
    } areas[BLK_MEMORY_CAPS] = {{0x40, AT_UNMAPPED}, {AT_UNMAPPED, AT_MORE}, {AT_MORE, AT_SCRATCH}};
    for (unsigned i = 0; i < BLK_MEMORY_CAPS; i++) {
        memset(&memory_caps[i], 0, sizeof memory_caps[i]);
        memory_caps[i].base = SHARED_BASE + areas[i].from;
        memory_caps[i].size = areas[i].to - areas[i].from;
        memory_caps[i].bus = memory_caps[i].base + BLK_BUS;
        memory_caps[i].map = i == 1u ? NULL : shared.bytes + areas[i].from;
        memory_caps[i].rights = VQG_CAP_READ | VQG_CAP_WRITE;
    }
    HOLDS(vqg_cap_table_init(&memory_table, memory_caps, BLK_MEMORY_CAPS, 0) == VQG_OK, "a table of memory");
}

void blk_begin(const uint8_t *head)
{
    struct vqg_policy policy = vqg_profile_spec();
    struct vqg_caps caps = vqg_cap_table_caps(&memory_table);
    memory_begin();
    memset(&blk_truth, 0, sizeof blk_truth);
    canary_set(blk_own.c0);
    canary_set(blk_own.c1);
    canary_set(blk_own.c2);
    canary_set(blk_own.c3);
    begin_memory();
    begin_sectors(head);
    for (unsigned i = 0; i < BLK_POOL; i++) {
        struct blk_chain *c = &blk_own.pool[i];
        vqg_chain_init(&c->chain, c->seg, BLK_SEGS);
        canary_set(c->c0);
        c->state = BLK_FREE;
        c->pinned = false;
    }
    blk_truth.drop = (head[0] & 2u) != 0u;
    policy.chain = blk_truth.drop ? VQG_CHAIN_DROP : VQG_CHAIN_LATCH;
    policy.max_elements = BLK_SEGS;
    memset(&queue, 0, sizeof queue);
    queue.size = BLK_QUEUE;
    queue.features = UINT64_C(1) << 32;
    queue.desc_addr = SHARED_BASE + AT_DESC;
    queue.avail_addr = SHARED_BASE + AT_AVAIL;
    queue.used_addr = SHARED_BASE + AT_USED;
    HOLDS(vqg_device_init(&blk_own.device, &queue, &policy, &caps, blk_own.slots, BLK_QUEUE) == VQG_OK, "a good queue");
    blk_truth.live = true;
    blk_forget_posted();
    memory_settle();
    blk_driver_begin();
}

void blk_end(void)
{
    canary_check(blk_own.c0, "the device");
    canary_check(blk_own.c1, "the device and the client");
    canary_check(blk_own.c2, "the client and the slots");
    canary_check(blk_own.c3, "the slots and the chains");
    for (unsigned i = 0; i < BLK_POOL; i++) {
        canary_check(blk_own.pool[i].c0, "the segments of a chain");
    }
    HOLDS(vqg_device_needs_reset(&blk_own.device) == !blk_truth.live, "latched, or not");
    blk_check_pins();
    blk_driver_end();
    memory_end();
}

void blk_latched(enum vqg_rule rule)
{
    const struct vqg_violation *v = vqg_device_violation(&blk_own.device);
    blk_truth.first = blk_truth.violations == 0u ? rule : blk_truth.first;
    blk_truth.violations++;
    blk_truth.live = blk_truth.live && blk_truth.drop && vqg_rule_kind(rule) == VQG_KIND_CHAIN;
    HOLDS(v->rule == blk_truth.first && v->count == blk_truth.violations, "the record has another rule, or count");
}

/* The client's driver resets its device; what is on its way to the disk stays pinned. */
void blk_step_reset(const struct step *step)
{
    (void)step;
    vqg_device_reset(&blk_own.device);
    memset(shared.bytes + AT_DESC, 0, AT_OWN_QUEUE - AT_DESC);
    memset(found + AT_DESC, 0, AT_OWN_QUEUE - AT_DESC);
    HOLDS(vqg_device_enable(&blk_own.device, &queue) == VQG_OK, "a good queue is refused");
    memory_may_store(AT_USED, 6u + 8u * BLK_QUEUE);
    memory_settle();
    blk_truth.live = true;
    blk_truth.violations = 0;
    blk_truth.first = VQG_RULE_NONE;
    blk_forget_posted();
}
