/* SPDX-License-Identifier: MIT */
/* How the next chain of a split queue is read: virtio 1.2 section 2.7. */
#include "inside.h"

static void note_direct(struct walk *walk, uint16_t index)
{
    walk->direct = sm_grown(walk->direct, walk->direct_count, sizeof *walk->direct);
    walk->direct[walk->direct_count++] = index;
}

/* 2.7.5.2, 2.7.5.3.1: with IN_ORDER the link of x is x + 1, and 0 at the end of the descriptor table. */
static void check_link(struct walk *walk, bool in_table, uint32_t index, uint32_t next)
{
    uint32_t in_order = index + 1;

    if (!sm_is_in_order(walk->dev->config.features))
        return;
    if (!in_table && in_order == walk->dev->config.size)
        in_order = 0;
    if (next != in_order)
        sm_add(&walk->chain.broken, SM_O4);
}

static void walk_descriptors(struct walk *walk)
{
    const struct sm_dev *dev = walk->dev;
    const struct sm_policy *policy = &dev->config.policy;
    struct sm_set *broken = &walk->chain.broken;
    uint32_t max_elements = policy->max_elements != 0 ? policy->max_elements : dev->config.size;
    uint64_t table = dev->config.desc;
    uint32_t table_len = dev->config.size;
    uint32_t index = walk->chain.head;
    bool in_table = false;

    for (;;) {
        struct descriptor desc;
        bool has_next, next_in_range;

        if (walk->chain.elements >= max_elements) {
            sm_add(broken, SM_C2);
            return;
        }
        desc = sm_guest_descriptor(dev, table, index);
        if (!in_table) {
            note_direct(walk, (uint16_t)index);
            if (dev->owner[index] != -1)
                sm_add(broken, SM_S5);
        }

        if ((desc.flags & ~(SM_DESC_NEXT | SM_DESC_WRITE | SM_DESC_INDIRECT)) != 0)
            sm_add(broken, SM_C7);
        has_next = (desc.flags & SM_DESC_NEXT) != 0;
        next_in_range = desc.next < table_len;
        if (has_next && !next_in_range)
            sm_add(broken, SM_C1);

        if ((desc.flags & SM_DESC_INDIRECT) != 0 && !in_table) {
            if (policy->canonical && walk->chain.elements > 0)
                sm_add(broken, SM_I8);
            if (!sm_walk_referrer(walk, &desc))
                return;
            in_table = true;
            table = desc.addr;
            table_len = desc.len / DESC_SIZE;
            index = 0;
            continue;
        }

        if ((desc.flags & SM_DESC_INDIRECT) != 0) {
            sm_add(broken, SM_I5);
            if (has_next)
                sm_add(broken, SM_I6);
        }
        sm_walk_element(walk, &desc);

        if (!has_next) {
            walk->complete = true;
            return;
        }
        check_link(walk, in_table, index, desc.next);
        if (!next_in_range)
            return;
        index = desc.next;
    }
}

bool sm_read_split(struct walk *walk, struct sm_dev *dev)
{
    struct sm_set *broken = &walk->chain.broken;
    uint32_t size = dev->config.size;
    uint16_t avail_idx = dev->seen_avail;
    uint16_t pending;

    if (!dev->config.batch_index || dev->seen_avail == dev->last_avail)
        avail_idx = sm_guest16(dev, dev->config.avail + AVAIL_IDX);
    pending = (uint16_t)(avail_idx - dev->last_avail);
    if (pending == 0)
        return false;
    if (pending + dev->in_flight_count + dev->unpublished > size)
        sm_add(broken, SM_S3);
    if (pending > size) {
        sm_add(broken, SM_S1);
        return true;                    /* none of these entries can be believed */
    }
    if (!sm_set_has(broken, SM_S3))
        dev->seen_avail = avail_idx;

    walk->chain.head = sm_guest16(dev, dev->config.avail + AVAIL_RING + 2 * (uint64_t)(dev->last_avail % size));
    walk->chain.head_known = true;
    if (walk->chain.head >= size) {
        sm_add(broken, SM_S2);
        return true;
    }
    if (dev->in_flight[walk->chain.head].live || sm_is_not_shown(dev, walk->chain.head))
        sm_add(broken, SM_S4);
    /* 2.7.9: descriptors are used in ring order, from the start of the table. */
    if (sm_is_in_order(dev->config.features) && dev->next_desc != size && walk->chain.head != dev->next_desc)
        sm_add(broken, SM_O4);

    walk_descriptors(walk);
    sm_walk_end(walk);
    walk->chain.slots = (uint32_t)walk->direct_count;
    return true;
}
