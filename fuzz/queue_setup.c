/* SPDX-License-Identifier: MIT */
/* What can be wrong with the set-up of a queue, whoever looks at it. */
#include "queue.h"

#include <string.h>

void queue_spoil(struct vqg_queue *q, uint32_t what, uint32_t value)
{
    switch (what % 9u) {
    case 1:
        q->size = value;
        break;
    case 2:
        q->index = value;
        q->count = value >> 24;
        break;
    case 3:
        q->order = (enum vqg_byte_order)(value & 3u);
        break;
    case 4:
        q->desc_addr = memory_address(value);
        q->desc = shared.bytes + AT_DESC + (value & 15u);
        break;
    case 5:
        q->avail_addr = memory_address(value);
        q->avail = shared.bytes + AT_AVAIL + (value & 3u);
        break;
    case 6:
        q->used_addr = memory_address(value);
        q->used = shared.bytes + AT_USED + (value & 3u);
        break;
    case 7:
        q->size_max = value;
        break;
    case 8:
        q->features ^= (uint64_t)value << 28;
        break;
    default:
        break;
    }
}

void fault(struct faults *f, enum vqg_status status, enum vqg_rule rule)
{
    f->statuses |= 1u << -(int)status;
    f->rule[rule] = true;
}

struct vqg_slot *queue_slots(const struct vqg_queue *q, struct vqg_slot *few, uint32_t *count)
{
    static struct vqg_slot many[2u * VQG_QUEUE_SIZE_MAX];
    const bool large = q->size > VQG_QUEUE_SIZE_MAX && q->size <= 2u * VQG_QUEUE_SIZE_MAX;
    *count = large ? 2u * VQG_QUEUE_SIZE_MAX : QUEUE_MAX;
    return large ? many : few;
}

void queue_faults(struct faults *f, const struct vqg_queue *q, uint32_t nslots)
{
    const bool modern = (q->features & VQG_F_VERSION_1) != 0u;
    const bool packed = (q->features & VQG_F_RING_PACKED) != 0u;
    memset(f, 0, sizeof *f);
    if (q->index >= (q->count == 0u ? 1u : q->count)) {
        fault(f, VQG_BAD_INDEX, VQG_RULE_QUEUE_INDEX);
    }
    if ((q->features & VQG_F_LACKING_) != 0u) {
        fault(f, VQG_BAD_FORMAT, VQG_RULE_NONE);
    }
    if ((packed && !modern) || (q->features & world.policy.required_features) != world.policy.required_features) {
        fault(f, VQG_BAD_FEATURES, VQG_RULE_NONE);
    }
    if (q->order == VQG_ORDER_BIG ? modern : (unsigned)q->order > (unsigned)VQG_ORDER_BIG) {
        fault(f, VQG_BAD_BYTE_ORDER, VQG_RULE_BYTE_ORDER);
    }
    if (q->size == 0u) {
        fault(f, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_ZERO);
    } else if (!packed && (q->size > VQG_QUEUE_SIZE_MAX || (q->size & (q->size - 1u)) != 0u)) {
        fault(f, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_SPLIT);
    } else if (packed && q->size > VQG_QUEUE_SIZE_MAX) {
        fault(f, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_PACKED);
    }
    if (q->size_max != 0u && q->size > q->size_max) {
        fault(f, VQG_BAD_SIZE, VQG_RULE_QUEUE_SIZE_MAX);
    }
    if (q->size > nslots) {
        fault(f, VQG_BAD_SLOTS, VQG_RULE_QUEUE_SIZE_MAX);
    }
}

void faults_judge(const struct faults *f, enum vqg_status st, const struct vqg_violation *record)
{
    SAY("set-up: %s (%s)", vqg_status_name(st), vqg_rule_id(record->rule));
    script_feature((unsigned)-(int)st);
    if (f->statuses == 0u) {
        HOLDS(st == VQG_OK, "a good queue is refused: %s, %s", vqg_status_name(st), vqg_rule_id(record->rule));
        return;
    }
    HOLDS(st != VQG_OK, "a queue is accepted that has a fault");
    HOLDS(vqg_is_misuse(st) && (f->statuses >> -(int)st & 1u) != 0u, "a queue is refused for what it has not: %s",
          vqg_status_name(st));
    HOLDS(record->rule == VQG_RULE_NONE || f->rule[record->rule], "a queue is refused by %s, which it keeps",
          vqg_rule_id(record->rule));
}
