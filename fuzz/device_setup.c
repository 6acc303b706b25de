/* SPDX-License-Identifier: MIT */
/* The set-up of a device endpoint: what the model says to it, and what is at fault. */
#include "device.h"
#include "same_policy.h"

#include <string.h>

static struct vqg_device sibling;
static struct vqg_slot sibling_slots[SIBLING_SIZE];

static struct sm_set init_model(struct sm_dev *dev, const struct vqg_queue *q, uint16_t avail, uint16_t used)
{
    const struct sm_memory memory = {by_library, SHARED_BASE, SHARED_BYTES};
    struct sm_capability grants[CAPS];
    struct sm_dev_config c;
    memset(&c, 0, sizeof c);
    c.size = q->size;
    c.big_endian = q->order == VQG_ORDER_BIG;
    c.features = q->features;
    c.desc = q->desc_addr;
    c.avail = q->avail_addr;
    c.used = q->used_addr;
    c.start_avail = avail;
    c.start_used = used;
    c.batch_index = true;
    c.batch_used = true;
    c.capability_count = caps_model(grants);
    c.capabilities = grants;
    same_policy(&c.policy, &world.policy);
    return sm_dev_init(dev, &c, memory);
}

void device_model(uint16_t avail, uint16_t used)
{
    struct sm_set broken;
    sm_dev_free(&truth.model);
    broken = init_model(&truth.model, &world.queue, avail, used);
    HOLDS(sm_set_is_empty(&broken), "the model refuses a good queue");
    truth.model.memory.bytes = found;
    truth.model.bytes_in_flight = truth.stale_bytes;
    truth.published = used;
    truth.kept = false;
    truth.resume_left = 0;
}

static void part_faults(struct faults *f, const struct vqg_queue *q)
{
    static const enum vqg_rule rules[] = {VQG_RULE_QUEUE_ALIGN, VQG_RULE_QUEUE_EXTENT, VQG_RULE_QUEUE_DISJOINT,
                                          VQG_RULE_RIGHT};
    const uint16_t start = (q->features & VQG_F_RING_PACKED) != 0u ? SM_PACKED_START : 0u;
    /* Nothing is mapped there, or at addresses that are aligned when the memory is not. */
    const bool nowhere = q->desc_addr >= ALIAS_BASE || q->avail_addr >= ALIAS_BASE || q->used_addr >= ALIAS_BASE;
    struct sm_dev dev;
    struct sm_set broken;
    memset(&dev, 0, sizeof dev);
    memset(&broken, nowhere, sizeof broken);
    if (!nowhere) {
        broken = init_model(&dev, q, start, start);
    }
    for (unsigned i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (set_has(&broken, rules[i])) {
            fault(f, VQG_BAD_DESC, rules[i]);
            fault(f, VQG_BAD_AVAIL, rules[i]);
            fault(f, VQG_BAD_USED, rules[i]);
        }
    }
    sm_dev_free(&dev);
}

bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a_bytes != 0u && b_bytes != 0u && (a <= b ? b - a < a_bytes : a - b < b_bytes);
}

void device_faults(struct faults *f, const struct vqg_queue *q)
{
    const bool packed = (q->features & VQG_F_RING_PACKED) != 0u;
    const uint64_t bytes[3] = {16u * (uint64_t)q->size, packed ? 4u : 6u + 2u * (uint64_t)q->size,
                               packed ? 4u : 6u + 8u * (uint64_t)q->size};
    const uint64_t addr[3] = {q->desc_addr, q->avail_addr, q->used_addr};
    uint32_t count;
    (void)queue_slots(q, NULL, &count);
    queue_faults(f, q, count);
    part_faults(f, q);
    for (unsigned i = 0; i < 3u && q->sibling != NULL; i++) { /* all of the sibling's bytes lie together */
        const uint64_t its[3] = {SHARED_BASE + AT_SIBLING, SHARED_BASE + AT_SIBLING + 0x40u,
                                 SHARED_BASE + AT_SIBLING + 0x60u};
        if (overlap(addr[i], bytes[i], its[0], 16u * SIBLING_SIZE) ||
            overlap(addr[i], bytes[i], its[1], 6u + 2u * SIBLING_SIZE) ||
            overlap(addr[i], bytes[i], its[2], 6u + 8u * SIBLING_SIZE)) {
            fault(f, VQG_BAD_DESC, VQG_RULE_QUEUE_DISJOINT);
            fault(f, VQG_BAD_AVAIL, VQG_RULE_QUEUE_DISJOINT);
            fault(f, VQG_BAD_USED, VQG_RULE_QUEUE_DISJOINT);
        }
    }
}

static void begin_sibling(void)
{
    struct vqg_queue q;
    struct vqg_policy p = vqg_profile_strict();
    memset(&q, 0, sizeof q);
    q.size = SIBLING_SIZE;
    q.features = VQG_F_VERSION_1;
    q.desc_addr = SHARED_BASE + AT_SIBLING;
    q.avail_addr = q.desc_addr + 0x40u;
    q.used_addr = q.desc_addr + 0x60u;
    HOLDS(vqg_device_init(&sibling, &q, &p, &device_caps, sibling_slots, SIBLING_SIZE) == VQG_OK, "the sibling");
}

/* Tries a queue with a fault, and then the one without. */
static void set_up(const uint8_t *head)
{
    struct faults faults;
    struct vqg_queue q = world.queue;
    uint32_t count;
    struct vqg_slot *slots;
    enum vqg_status st;
    queue_spoil(&q, head[11] & 15u, head[13] | ((uint32_t)head[14] << 8) | ((uint32_t)head[15] << 24));
    slots = queue_slots(&q, own.slots, &count);
    device_faults(&faults, &q);
    memory_call(NO_POLL, 0);
    st = vqg_device_init(&own.device, &q, &world.policy, &device_caps, slots, count);
    faults_judge(&faults, st, vqg_device_violation(&own.device));
    HOLDS(memory_loads() == 0u, "set-up looks at shared memory");
    if (st == VQG_OK) {
        vqg_device_reset(&own.device);
    }
    truth.off = true;
    caps_check();
    st = vqg_device_init(&own.device, &world.queue, &world.policy, &device_caps, own.slots, QUEUE_MAX);
    HOLDS(st == VQG_OK, "a good queue is refused");
    memory_settle();
}

void device_begin(const uint8_t *head)
{
    uint32_t most;
    queue_begin(head);
    sm_dev_free(&truth.model);
    memset(&truth, 0, sizeof truth);
    memset(&own.device, 0, sizeof own.device);
    canary_set(own.c0);
    canary_set(own.c1);
    canary_set(own.c2);
    canary_set(own.c3);
    most = world.policy.max_elements != 0u ? world.policy.max_elements : world.size;
    truth.capacity = most + (head[12] >> 1 & 3u);
    for (unsigned i = 0; i < POOL; i++) {
        canary_set(own.segs[i].c);
        vqg_chain_init(&own.chain[i], own.segs[i].seg, truth.capacity);
    }
    caps_begin((head[12] & 8u) != 0u);
    truth.off = true;
    truth.has_sibling = (head[12] & 1u) != 0u;
    if (truth.has_sibling) {
        begin_sibling();
        world.queue.sibling = &sibling;
    }
    set_up(head);
    truth.off = false;
    truth.live = true;
    truth.queue = world.queue;
    device_model(world.start, world.start);
    post_begin();
}
