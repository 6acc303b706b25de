/* SPDX-License-Identifier: MIT */
/* How one element is judged, and a chain when its end is reached: the same in either format. */
#include "inside.h"

/* The capability that covers this address, or NULL. */
const struct sm_capability *sm_capability_at(const struct sm_dev *dev, uint64_t addr)
{
    for (size_t i = 0; i < dev->config.capability_count; i++) {
        const struct sm_capability *cap = &dev->capabilities[i];

        if (addr >= cap->base && addr - cap->base < cap->size)
            return cap;
    }
    return NULL;
}

/* How many bytes of the capability there are from this address on. */
uint64_t sm_capability_rest(const struct sm_capability *cap, uint64_t addr)
{
    return cap->size - (addr - cap->base);
}

static void note_writable(struct walk *walk, uint64_t addr, uint64_t len)
{
    walk->writables = sm_grown(walk->writables, walk->writable_count, sizeof *walk->writables);
    walk->writables[walk->writable_count].addr = addr;
    walk->writables[walk->writable_count].len = len;
    walk->writable_count++;
}

static void note_segment(struct walk *walk, uint64_t addr, uint64_t len, bool write, uint64_t bus)
{
    struct sm_chain *chain = &walk->chain;
    struct sm_segment *segment;

    chain->segments = sm_grown(chain->segments, chain->segment_count, sizeof *chain->segments);
    segment = &chain->segments[chain->segment_count++];
    segment->addr = addr;
    segment->len = len;
    segment->write = write;
    segment->bus = bus;
}

/* C4 for an element, and for a table, which the device must reach just as well. */
static void check_address_range(struct walk *walk, uint64_t addr, uint64_t len)
{
    uint64_t max_addr = walk->dev->config.policy.max_addr;

    if (sm_range_wraps(addr, len))
        sm_add(&walk->chain.broken, SM_C4);
    if (max_addr != 0 && sm_range_last(addr, len) > max_addr)
        sm_add(&walk->chain.broken, SM_C4);
}

/* C5, M1, M2: who granted these bytes? One segment for each capability the buffer runs through. */
static void check_capabilities(struct walk *walk, uint64_t addr, uint64_t len, bool write)
{
    struct sm_set *broken = &walk->chain.broken;
    unsigned right = write ? SM_RIGHT_WRITE : SM_RIGHT_READ;
    bool first = true;

    if (sm_range_wraps(addr, len))
        len = UINT64_MAX - addr + 1;    /* C4 is broken already; look at what does exist */

    while (len > 0) {
        const struct sm_capability *cap = sm_capability_at(walk->dev, addr);
        bool runs_out = !first && (cap == NULL || walk->dev->config.policy.spanning == SM_SPANNING_REFUSE);
        uint64_t piece;

        if (runs_out)
            sm_add(broken, SM_M1);
        if (cap == NULL)
            sm_add(broken, SM_C5);
        if (cap == NULL || runs_out)
            return;
        if ((cap->rights & right) == 0)
            sm_add(broken, SM_M2);

        piece = sm_capability_rest(cap, addr);
        if (piece > len)
            piece = len;
        note_segment(walk, addr, piece, write, cap->bus + (addr - cap->base));
        addr += piece;
        len -= piece;
        first = false;
    }
}

/* X8: the device must not be told to write into its own queue. */
static void check_self_alias(struct walk *walk, uint64_t addr, uint64_t len)
{
    for (unsigned i = 0; i < 3; i++)
        if (sm_ranges_overlap(addr, len, walk->dev->part[i].addr, walk->dev->part[i].len))
            sm_add(&walk->chain.broken, SM_X8);
}

void sm_walk_element(struct walk *walk, const struct descriptor *desc)
{
    const struct sm_policy *policy = &walk->dev->config.policy;
    struct sm_set *broken = &walk->chain.broken;
    bool write = (desc->flags & SM_DESC_WRITE) != 0;
    uint64_t max_chain_bytes = policy->max_chain_bytes != 0 ? policy->max_chain_bytes : UINT32_MAX;
    uint64_t sum;

    walk->chain.elements++;

    /* 2.7.4.2: all device-readable elements come before all device-writable ones. */
    if (write)
        walk->writable_seen = true;
    else if (walk->writable_seen)
        sm_add(broken, SM_C6);

    if (write && policy->direction == SM_DIRECTION_READABLE_ONLY)
        sm_add(broken, SM_C9);
    if (!write && policy->direction == SM_DIRECTION_WRITABLE_ONLY)
        sm_add(broken, SM_C9);

    if (desc->len == 0) {
        if (policy->zero_length == SM_ZERO_REJECT)
            sm_add(broken, SM_C8);
        return;     /* a length of 0 never leads to an address */
    }

    if (write)
        walk->chain.writable += desc->len;
    else
        walk->chain.readable += desc->len;
    sum = walk->chain.readable + walk->chain.writable;
    if (sum > UINT32_MAX)
        sm_add(broken, SM_C3);
    if (sum > max_chain_bytes)
        sm_add(broken, SM_M9);
    if (policy->max_bytes_in_flight != 0 && walk->dev->bytes_in_flight + sum > policy->max_bytes_in_flight)
        sm_add(broken, SM_M9);

    check_address_range(walk, desc->addr, desc->len);
    check_capabilities(walk, desc->addr, desc->len, write);
    if (write) {
        check_self_alias(walk, desc->addr, desc->len);
        note_writable(walk, desc->addr, desc->len);
    }
}

/* I4: the whole table lies in one capability that may be read. */
static bool table_is_readable(const struct sm_dev *dev, uint64_t addr, uint64_t len)
{
    const struct sm_capability *cap = sm_capability_at(dev, addr);

    return cap != NULL && !sm_range_wraps(addr, len) && sm_capability_rest(cap, addr) >= len &&
           (cap->rights & SM_RIGHT_READ) != 0;
}

bool sm_walk_referrer(struct walk *walk, const struct descriptor *desc)
{
    const struct sm_dev_config *config = &walk->dev->config;
    struct sm_set *broken = &walk->chain.broken;
    uint32_t max_entries = config->policy.max_table_entries != 0 ? config->policy.max_table_entries : config->size;
    bool can_enter = true;

    walk->chain.indirect = true;
    if ((config->features & SM_FEATURE_INDIRECT_DESC) == 0) {
        sm_add(broken, SM_I1);
        can_enter = false;
    }
    if (desc->len == 0 || desc->len % DESC_SIZE != 0) {
        sm_add(broken, SM_I2);
        can_enter = false;
    }
    if (desc->len / DESC_SIZE > max_entries) {
        sm_add(broken, SM_I3);
        can_enter = false;
    }
    if (desc->len != 0) {
        check_address_range(walk, desc->addr, desc->len);
        if (!table_is_readable(walk->dev, desc->addr, desc->len)) {
            sm_add(broken, SM_I4);
            can_enter = false;
        }
    }
    if ((desc->flags & SM_DESC_NEXT) != 0)
        sm_add(broken, SM_I6);

    if (can_enter) {
        walk->has_table = true;
        walk->table.addr = desc->addr;
        walk->table.len = desc->len;
    }
    return can_enter;
}

void sm_walk_end(struct walk *walk)
{
    const struct sm_policy *policy = &walk->dev->config.policy;
    struct sm_set *broken = &walk->chain.broken;

    for (size_t i = 0; walk->has_table && i < walk->writable_count; i++)
        if (sm_ranges_overlap(walk->writables[i].addr, walk->writables[i].len, walk->table.addr, walk->table.len))
            sm_add(broken, SM_I12);

    if (walk->complete && walk->chain.readable < policy->min_readable)
        sm_add(broken, SM_C10);
    if (walk->complete && walk->chain.writable < policy->min_writable)
        sm_add(broken, SM_C10);
}

