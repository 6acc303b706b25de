/* SPDX-License-Identifier: MIT */
#include "queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct queue_world world;

/* ---------------------------------------------------------------- the head of a script */

static uint64_t features_of(const uint8_t *head)
{
    const bool packed = harness.format == EITHER ? (head[0] & 0x40u) != 0u : harness.format == PACKED;
    uint64_t f = packed ? VQG_F_VERSION_1 | VQG_F_RING_PACKED : 0u;
    f |= (head[0] & 8u) != 0u ? 0u : VQG_F_VERSION_1;
    f |= (head[0] & 1u) != 0u ? VQG_F_INDIRECT_DESC : 0u;
    f |= (head[0] & 2u) != 0u ? VQG_F_EVENT_IDX : 0u;
    f |= (head[0] & 4u) != 0u ? VQG_F_IN_ORDER : 0u;
    f |= (head[0] & 0x20u) != 0u ? VQG_F_NOTIFICATION_DATA : 0u;
    return f;
}

static struct vqg_policy policy_of(const uint8_t *head)
{
    struct vqg_policy p = (head[2] & 1u) != 0u ? vqg_profile_spec() : vqg_profile_strict();
    const uint32_t twice = 2u * world.size;
    p.required_features = 0;
    p.length = (enum vqg_length_policy)((head[2] >> 1 & 3u) % 3u);
    p.chain = (head[2] & 8u) != 0u ? VQG_CHAIN_DROP : VQG_CHAIN_LATCH;
    p.direction = (enum vqg_direction)((head[2] >> 4 & 3u) % 3u);
    p.accept_claimed = (head[2] & 0x40u) == 0u;
    p.min_length = world.in_order ? 0u : head[3] & 3u;
    p.max_elements = head[4] != 0u ? 1u + head[4] % twice : 0u;
    p.max_table_entries = head[5] != 0u ? 1u + head[5] % twice : 0u;
    p.max_bytes = 4u * head[6];
    p.min_readable = head[7] & 15u;
    p.min_writable = head[8] & 15u;
    p.max_bytes_in_flight = 4u * (uint64_t)head[9];
    p.max_address = (head[10] & 0x80u) != 0u ? SHARED_BASE + AT_DATA + head[10] * 8u : 0u;
    return p;
}

void queue_begin(const uint8_t *head)
{
    struct vqg_queue *q = &world.queue;
    memory_begin();
    memset(&world, 0, sizeof world);
    world.features = features_of(head) & ~VQG_F_LACKING_;
    world.packed = (world.features & VQG_F_RING_PACKED) != 0u;
    world.in_order = (world.features & VQG_F_IN_ORDER) != 0u;
    world.event_idx = (world.features & VQG_F_EVENT_IDX) != 0u;
    world.indirect = (world.features & VQG_F_INDIRECT_DESC) != 0u;
    world.size = world.packed ? 1u + head[1] % QUEUE_MAX : 1u << head[1] % 5u;
    world.start = world.packed ? SM_PACKED_START : 0u;
    world.policy = policy_of(head);
    q->size = world.size;
    q->size_max = (head[12] & 0x40u) != 0u ? world.size : 0u;
    q->features = world.features;
    q->order = (world.features & VQG_F_VERSION_1) == 0u && (head[0] & 0x10u) != 0u ? VQG_ORDER_BIG : VQG_ORDER_LITTLE;
    q->desc = shared.bytes + AT_DESC;
    q->avail = shared.bytes + AT_AVAIL;
    q->used = shared.bytes + AT_USED;
    q->desc_addr = SHARED_BASE + AT_DESC;
    q->avail_addr = SHARED_BASE + AT_AVAIL;
    q->used_addr = SHARED_BASE + AT_USED;
    shared_is_big = q->order == VQG_ORDER_BIG;
    SAY("%s queue of %" PRIu32 ", features 0x%" PRIx64 "%s", world.packed ? "packed" : "split", world.size,
        world.features, shared_is_big ? ", big-endian" : "");
    SAY("policy: %s, lengths %d, drop %d, direction %d, least length %" PRIu32 ", elements %" PRIu32 ", table %" PRIu32
        ", bytes %" PRIu32 ", in flight %" PRIu64 ", least %" PRIu32 " and %" PRIu32 ", up to 0x%" PRIx64,
        world.policy.refuse_mixed ? "strict" : "specification", (int)world.policy.length, (int)world.policy.chain,
        (int)world.policy.direction, world.policy.min_length, world.policy.max_elements,
        world.policy.max_table_entries, world.policy.max_bytes, world.policy.max_bytes_in_flight,
        world.policy.min_readable, world.policy.min_writable, world.policy.max_address);
}

/* ---------------------------------------------------------------- places */

uint32_t index_of(uint16_t position)
{
    return world.packed ? position & ~SM_WRAP : position % world.size;
}

uint16_t position_behind(uint16_t position, uint32_t slots)
{
    return world.packed ? sm_packed_advance(position, slots, world.size) : (uint16_t)(position + 1u);
}

size_t at_desc(uint32_t i)
{
    return AT_DESC + 16u * (size_t)i;
}

size_t at_avail_entry(uint16_t position)
{
    return AT_AVAIL + 4u + 2u * (size_t)(position % world.size);
}

size_t at_used_elem(uint16_t position)
{
    return AT_USED + 4u + 8u * (size_t)(position % world.size);
}

size_t at_used_event(void)
{
    return AT_AVAIL + 4u + 2u * (size_t)world.size;
}

size_t at_avail_event(void)
{
    return AT_USED + 4u + 8u * (size_t)world.size;
}

size_t at_packed_flags(uint16_t position)
{
    return at_desc(index_of(position)) + 14u;
}

size_t at_packed_id(uint16_t position)
{
    return at_desc(index_of(position)) + 12u;
}

size_t table_of(uint32_t i)
{
    return AT_TABLES + (size_t)TABLE_BYTES * (i % QUEUE_MAX);
}

static const char *field_of_desc(size_t offset)
{
    static const char *const split[] = {"addr", "len", "flags", "next"};
    static const char *const packed[] = {"addr", "len", "id", "flags"};
    return (world.packed ? packed : split)[offset < 8u ? 0 : offset < 12u ? 1 : offset < 14u ? 2 : 3];
}

static void place_in_ring(char *text, size_t size, const char *ring, size_t offset, size_t stride)
{
    static const char *const header[] = {"flags", "idx"};
    if (world.packed) {
        (void)snprintf(text, size, "%s.%s", ring, offset < 2u ? "desc" : "flags");
    } else if (offset < 4u) {
        (void)snprintf(text, size, "%s.%s", ring, header[offset / 2u]);
    } else if (offset < 4u + stride * world.size) {
        (void)snprintf(text, size, "%s.ring[%zu]%s", ring, (offset - 4u) / stride,
                       stride == 2u ? "" : (offset & 4u) != 0u ? ".id" : ".len");
    } else {
        (void)snprintf(text, size, "%s event word", ring);
    }
}

const char *memory_place(size_t at)
{
    static char text[4][48];
    static unsigned turn;
    char *t = text[turn = (turn + 1u) % 4u];
    const size_t size = sizeof text[0];
    if (at >= AT_DESC && at < AT_DESC + 16u * QUEUE_MAX) {
        (void)snprintf(t, size, "desc[%zu].%s", (at - AT_DESC) / 16u, field_of_desc((at - AT_DESC) % 16u));
    } else if (at >= AT_AVAIL && at < AT_USED) {
        place_in_ring(t, size, world.packed ? "driver event" : "avail", at - AT_AVAIL, 2);
    } else if (at >= AT_USED && at < AT_SIBLING) {
        place_in_ring(t, size, world.packed ? "device event" : "used", at - AT_USED, 8);
    } else if (at >= AT_TABLES && at < AT_DATA) {
        const size_t in = (at - AT_TABLES) % TABLE_BYTES;
        (void)snprintf(t, size, "table %zu[%zu].%s", (at - AT_TABLES) / TABLE_BYTES, in / 16u, field_of_desc(in % 16u));
    } else {
        (void)snprintf(t, size, "byte 0x%zx", at);
    }
    return t;
}

/* ---------------------------------------------------------------- the hostile side's steps */

void step_write(const struct step *step)
{
    static const unsigned widths[] = {1, 2, 4, 8};
    const unsigned bytes = widths[step->a & 3u];
    memory_put(step->b % SHARED_BYTES / bytes * bytes, bytes, bytes == 8u ? memory_address(step->v) : step->v);
}

void step_answer(const struct step *step)
{
    memory_answer(step);
}

void queue_events(bool of_driver, const struct step *step)
{
    const size_t area = of_driver ? AT_AVAIL : AT_USED;
    if (world.packed) {
        memory_put(area, 2, step->v & 0xffffu);
        memory_put(area + 2u, 2, (step->a & 0x80u) != 0u ? step->v >> 16 : step->a & 3u);
    } else {
        memory_put(area, 2, step->a);
        memory_put(of_driver ? at_used_event() : at_avail_event(), 2, step->v & 0xffffu);
    }
}

/* ---------------------------------------------------------------- verdicts */

bool set_has(const struct sm_set *set, enum vqg_rule rule)
{
    /* Names are compared once, and not in each script. */
    static enum sm_rule of[VQG_RULE_COUNT];
    static bool known[VQG_RULE_COUNT];
    if (!known[rule]) {
        of[rule] = sm_rule_by_name(vqg_rule_id(rule));
        known[rule] = true;
    }
    return sm_set_has(set, of[rule]);
}

void verdict(enum vqg_status st, const struct sm_set *set)
{
    const enum vqg_rule rule = vqg_status_rule(st);
    char text[256];
    SAY("the library says %s (%s), the model %s", vqg_status_name(st), vqg_rule_id(rule),
        sm_set_text(set, text, sizeof text));
    script_feature(1000u + (unsigned)-(int)st);
    if (st == VQG_OK) {
        HOLDS(sm_set_is_empty(set), "the library accepts what breaks %s", sm_set_text(set, text, sizeof text));
    } else {
        HOLDS(vqg_is_violation(st), "%s, where the model has %s", vqg_status_name(st),
              sm_set_text(set, text, sizeof text));
        HOLDS(set_has(set, rule), "the library names %s, the model %s", vqg_rule_id(rule),
              sm_set_text(set, text, sizeof text));
    }
}

void answer_is(enum vqg_status st, enum vqg_status wanted)
{
    SAY("the library says %s", vqg_status_name(st));
    script_feature(2000u + (unsigned)((int)st + 512));
    HOLDS(st == wanted, "%s, where %s is right", vqg_status_name(st), vqg_status_name(wanted));
}
