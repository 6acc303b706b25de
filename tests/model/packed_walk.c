/* SPDX-License-Identifier: MIT */
/* How the next list of a packed queue is read: virtio 1.2 section 2.8. */
#include "inside.h"

#define KNOWN_FLAGS (SM_DESC_NEXT | SM_DESC_WRITE | SM_DESC_INDIRECT | SM_DESC_AVAIL | SM_DESC_USED)
#define LAP_FLAGS   (SM_DESC_AVAIL | SM_DESC_USED)

static uint32_t max_elements(const struct walk *walk)
{
    const struct sm_dev_config *config = &walk->dev->config;

    return config->policy.max_elements != 0 ? config->policy.max_elements : config->size;
}

/* 2.8.7: one entry behind the other. False: more elements than a list may have. */
static bool walk_table(struct walk *walk, const struct descriptor *referrer)
{
    struct sm_set *broken = &walk->chain.broken;

    for (uint32_t i = 0; i < referrer->len / DESC_SIZE; i++) {
        struct descriptor entry;

        if (walk->chain.elements >= max_elements(walk)) {
            sm_add(broken, SM_C2);
            return false;
        }
        entry = sm_guest_descriptor(walk->dev, referrer->addr, i);
        if ((entry.flags & ~KNOWN_FLAGS) != 0)
            sm_add(broken, SM_C7);
        if ((entry.flags & SM_DESC_INDIRECT) != 0)
            sm_add(broken, SM_I5);
        if (walk->dev->config.policy.canonical && (entry.flags & (SM_DESC_NEXT | LAP_FLAGS)) != 0)
            sm_add(broken, SM_I9);
        sm_walk_element(walk, &entry);
    }
    return true;
}

/* One element of the list. False: what it says is not known to the end. */
static bool walk_descriptor(struct walk *walk, const struct descriptor *desc, bool first)
{
    struct sm_set *broken = &walk->chain.broken;

    if (walk->chain.elements >= max_elements(walk)) {
        sm_add(broken, SM_C2);
        return false;
    }
    if ((desc->flags & ~KNOWN_FLAGS) != 0)
        sm_add(broken, SM_C7);
    if ((desc->flags & SM_DESC_INDIRECT) == 0) {
        sm_walk_element(walk, desc);
        return true;
    }
    if (!first)
        sm_add(broken, SM_I10);
    return sm_walk_referrer(walk, desc) && walk_table(walk, desc);
}

bool sm_read_packed(struct walk *walk, const struct sm_dev *dev)
{
    struct sm_set *broken = &walk->chain.broken;
    uint32_t room = dev->config.size - dev->in_flight_slots - dev->unpublished_slots;
    uint16_t position = dev->last_avail;
    uint32_t slots = 0;
    struct descriptor desc;

    walk->complete = true;
    do {
        bool available;

        desc = sm_guest_descriptor(dev, dev->config.desc, position & ~SM_WRAP);
        available = (desc.flags & LAP_FLAGS) == sm_packed_available(position);
        if (slots == 0 && !available)
            return false;
        if (slots >= room) {
            sm_add(broken, SM_P3);
            return true;
        }
        if (!available) {
            sm_add(broken, SM_P4);
            return true;
        }
        /* Behind an element that is not understood, only the end of the list matters. */
        if (walk->complete)
            walk->complete = walk_descriptor(walk, &desc, slots == 0);
        slots++;
        position = sm_packed_advance(position, 1, dev->config.size);
    } while ((desc.flags & SM_DESC_NEXT) != 0);

    walk->chain.slots = slots;
    walk->chain.head = desc.id;         /* 2.8.6: the last one's */
    walk->chain.head_known = true;
    if (desc.id >= dev->config.size)
        sm_add(broken, SM_P5);
    else if (dev->in_flight[desc.id].live || sm_is_not_shown(dev, desc.id))
        sm_add(broken, SM_S4);
    sm_walk_end(walk);
    return true;
}
