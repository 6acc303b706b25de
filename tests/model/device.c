/* SPDX-License-Identifier: MIT */
/* The device's side: set-up, taking the next chain, and the way back. */
#include "inside.h"

#include <stdlib.h>
#include <string.h>

bool sm_is_packed(uint64_t features)
{
    return (features & SM_FEATURE_RING_PACKED) != 0;
}

bool sm_is_in_order(uint64_t features)
{
    return (features & SM_FEATURE_IN_ORDER) != 0;
}

const uint8_t *sm_guest_bytes(const struct sm_dev *dev, uint64_t addr, uint64_t len)
{
    const struct sm_memory *memory = &dev->memory;

    if (addr < memory->base || addr - memory->base > memory->size || memory->size - (addr - memory->base) < len)
        sm_misuse("a table or a part of the queue lies outside the simulated memory");
    return memory->bytes + (size_t)(addr - memory->base);
}

uint16_t sm_guest16(const struct sm_dev *dev, uint64_t addr)
{
    return sm_get16(sm_guest_bytes(dev, addr, 2), dev->config.big_endian);
}

struct descriptor sm_guest_descriptor(const struct sm_dev *dev, uint64_t table, uint32_t index)
{
    const uint8_t *bytes = sm_guest_bytes(dev, table + (uint64_t)index * DESC_SIZE, DESC_SIZE);
    bool big_endian = dev->config.big_endian;
    struct descriptor desc;

    memset(&desc, 0, sizeof desc);
    desc.addr = sm_get64(bytes, big_endian);
    desc.len = sm_get32(bytes + 8, big_endian);
    if (sm_is_packed(dev->config.features)) {
        desc.id = sm_get16(bytes + 12, big_endian);
        desc.flags = sm_get16(bytes + 14, big_endian);
    } else {
        desc.flags = sm_get16(bytes + 12, big_endian);
        desc.next = sm_get16(bytes + 14, big_endian);
    }
    return desc;
}

/* ---------------------------------------------------------------- set-up */

/* 2.7 and 2.8.10.1. */
static void find_parts(struct sm_dev *dev)
{
    const struct sm_dev_config *config = &dev->config;
    bool packed = sm_is_packed(config->features);
    uint64_t size = config->size;

    dev->part[0].addr = config->desc;
    dev->part[0].len = 16 * size;
    dev->part[1].addr = config->avail;
    dev->part[1].len = packed ? 4 : 6 + 2 * size;
    dev->part[2].addr = config->used;
    dev->part[2].len = packed ? 4 : 6 + 8 * size;
}

/* Q5, Q6 and M2 for one part of the queue. */
static void check_part(const struct sm_dev *dev, const struct sm_range *part, uint64_t alignment, unsigned rights,
                       struct sm_set *broken)
{
    const struct sm_capability *cap = sm_capability_at(dev, part->addr);

    if (part->addr % alignment != 0)
        sm_add(broken, SM_Q5);
    if (sm_range_wraps(part->addr, part->len))
        sm_add(broken, SM_Q6);
    if (cap == NULL || sm_capability_rest(cap, part->addr) < part->len)
        sm_add(broken, SM_Q6);
    if (cap != NULL && (cap->rights & rights) != rights) {
        sm_add(broken, SM_M2);
        sm_add(broken, SM_Q6);      /* the right is part of Q6 too */
    }
}

static void check_parts(const struct sm_dev *dev, struct sm_set *broken)
{
    bool packed = sm_is_packed(dev->config.features);
    const struct sm_range *part = dev->part;

    /* 2.8: a packed ring is written by both. */
    check_part(dev, &part[0], 16, packed ? SM_RIGHT_READ | SM_RIGHT_WRITE : SM_RIGHT_READ, broken);
    check_part(dev, &part[1], packed ? 4 : 2, SM_RIGHT_READ, broken);
    check_part(dev, &part[2], 4, SM_RIGHT_WRITE, broken);
    for (unsigned i = 0; i < 3; i++)
        for (unsigned k = 0; k < i; k++)
            if (sm_ranges_overlap(part[i].addr, part[i].len, part[k].addr, part[k].len))
                sm_add(broken, SM_Q7);
}

struct sm_set sm_dev_init(struct sm_dev *dev, const struct sm_dev_config *config, struct sm_memory memory)
{
    struct sm_set broken = sm_empty_set();
    bool packed = sm_is_packed(config->features);
    uint32_t size = config->size;

    memset(dev, 0, sizeof *dev);
    dev->config = *config;
    dev->memory = memory;
    dev->capabilities = sm_new_array(config->capability_count + 1, sizeof *dev->capabilities);
    for (size_t i = 0; i < config->capability_count; i++)
        dev->capabilities[i] = config->capabilities[i];
    dev->config.capabilities = dev->capabilities;

    if (size == 0)
        sm_add(&broken, SM_Q1);
    if (!packed && (size == 0 || (size & (size - 1)) != 0 || size > 32768))
        sm_add(&broken, SM_Q2);
    if (packed && size > 32768)
        sm_add(&broken, SM_Q3);
    if (config->offered_max != 0 && size > config->offered_max)
        sm_add(&broken, SM_Q4);
    if (config->capacity != 0 && size > config->capacity)
        sm_add(&broken, SM_Q4);
    find_parts(dev);
    if (size != 0)
        check_parts(dev, &broken);
    if (!sm_set_is_empty(&broken)) {
        sm_dev_free(dev);
        return broken;
    }

    if (packed && ((config->start_avail & ~SM_WRAP) >= size || (config->start_used & ~SM_WRAP) >= size))
        sm_misuse("a position outside of the ring");
    dev->last_avail = config->start_avail;
    dev->seen_avail = config->start_avail;
    dev->used_idx = config->start_used;
    dev->shown = config->start_used;
    dev->in_flight = sm_new_array(size, sizeof *dev->in_flight);
    dev->order = sm_new_array(size, sizeof *dev->order);
    dev->owner = sm_new_array(size, sizeof *dev->owner);
    for (uint32_t i = 0; i < size; i++)
        dev->owner[i] = -1;
    dev->used_image = sm_new_array((size_t)dev->part[2].len, 1);
    memcpy(dev->used_image, sm_guest_bytes(dev, dev->part[2].addr, dev->part[2].len), (size_t)dev->part[2].len);
    dev->ready = true;
    return broken;
}

void sm_dev_free(struct sm_dev *dev)
{
    free(dev->capabilities);
    free(dev->in_flight);
    free(dev->owner);
    free(dev->order);
    free(dev->returns);
    free(dev->used_image);
    memset(dev, 0, sizeof *dev);
}

/* ---------------------------------------------------------------- the next chain */

/* The position behind a chain of so many descriptors. */
static uint16_t behind(const struct sm_dev *dev, uint16_t position, uint32_t slots)
{
    return sm_is_packed(dev->config.features) ? sm_packed_advance(position, slots, dev->config.size)
                                              : (uint16_t)(position + 1);
}

static struct sm_in_flight *lend(struct sm_dev *dev, uint32_t head, uint32_t slots)
{
    struct sm_in_flight *in_flight = &dev->in_flight[head];

    in_flight->live = true;
    in_flight->slots = slots;
    dev->order[dev->order_count++] = head;
    dev->in_flight_count++;
    dev->in_flight_slots += slots;
    dev->before_avail = dev->last_avail;
    dev->before_next_desc = dev->next_desc;
    dev->last_avail = behind(dev, dev->last_avail, slots);
    return in_flight;
}

static void lend_chain(struct sm_dev *dev, const struct walk *walk)
{
    const struct sm_chain *chain = &walk->chain;
    struct sm_in_flight *in_flight = lend(dev, chain->head, chain->slots);

    in_flight->writable = chain->writable;
    in_flight->total = chain->readable + chain->writable;
    for (size_t i = 0; i < walk->direct_count; i++)
        dev->owner[walk->direct[i]] = chain->head;
    dev->bytes_in_flight += in_flight->total;
    dev->next_desc = (chain->head + chain->slots) % dev->config.size;
}

static void refuse(struct sm_chain *chain)
{
    sm_chain_free(chain);
    chain->outcome = SM_BROKEN;
    chain->readable = 0;
    chain->writable = 0;
    chain->elements = 0;
    chain->indirect = false;
}

struct sm_chain sm_dev_pop(struct sm_dev *dev)
{
    struct walk walk;
    bool waits;

    if (!dev->ready)
        sm_misuse("pop before a good init");
    memset(&walk, 0, sizeof walk);
    walk.dev = dev;
    waits = sm_is_packed(dev->config.features) ? sm_read_packed(&walk, dev) : sm_read_split(&walk, dev);
    if (!waits) {
        walk.chain.outcome = SM_EMPTY;
    } else if (sm_set_is_empty(&walk.chain.broken)) {
        lend_chain(dev, &walk);
        walk.chain.outcome = SM_OK;
    } else {
        refuse(&walk.chain);
    }
    free(walk.direct);
    free(walk.writables);
    return walk.chain;
}

void sm_chain_free(struct sm_chain *chain)
{
    free(chain->segments);
    chain->segments = NULL;
    chain->segment_count = 0;
}

/* ---------------------------------------------------------------- the way back */

/* 2.7.8: the element goes to slot used_idx % size, then used.idx counts it. */
static void write_used(struct sm_dev *dev, uint32_t head, uint32_t len)
{
    bool big_endian = dev->config.big_endian;
    uint8_t *elem = dev->used_image + USED_RING + USED_ELEM_SIZE * (size_t)(dev->used_idx % dev->config.size);

    sm_put32(elem, head, big_endian);
    sm_put32(elem + 4, len, big_endian);
    sm_put16(dev->used_image + USED_IDX, (uint16_t)(dev->used_idx + 1), big_endian);
}

static void give_back(struct sm_dev *dev, uint32_t head, uint32_t len, uint32_t slots, bool whole)
{
    bool packed = sm_is_packed(dev->config.features);

    if (!packed && !sm_is_in_order(dev->config.features)) {
        write_used(dev, head, len);
    } else {
        dev->returns = sm_grown(dev->returns, dev->return_count, sizeof *dev->returns);
        dev->returns[dev->return_count].id = head;
        dev->returns[dev->return_count].len = len;
        dev->returns[dev->return_count].slots = slots;
        dev->returns[dev->return_count++].complete = whole;
    }
    dev->used_idx = behind(dev, dev->used_idx, slots);
    if (dev->config.batch_used) {
        dev->unpublished++;
        dev->unpublished_slots += slots;
    }
}

/* This chain is in flight no more. */
static void forget(struct sm_dev *dev, uint32_t head)
{
    struct sm_in_flight *in_flight = &dev->in_flight[head];
    uint32_t i = 0;

    dev->in_flight_count--;
    dev->in_flight_slots -= in_flight->slots;
    dev->bytes_in_flight -= in_flight->total;
    memset(in_flight, 0, sizeof *in_flight);
    while (dev->order[i] != head)
        i++;
    dev->order_count--;
    for (; i < dev->order_count; i++)
        dev->order[i] = dev->order[i + 1];
}

/* No descriptor belongs to this chain any more. */
static void disown(struct sm_dev *dev, uint32_t head)
{
    for (uint32_t i = 0; i < dev->config.size; i++)
        if (dev->owner[i] == (int32_t)head)
            dev->owner[i] = -1;
}

static void end_flight(struct sm_dev *dev, uint32_t head, uint32_t len)
{
    /* A dropped chain was not even looked at: nothing may stand for it. */
    give_back(dev, head, len, dev->in_flight[head].slots,
              !dev->in_flight[head].dropped && len == dev->in_flight[head].writable);
    forget(dev, head);
    if (!sm_is_in_order(dev->config.features) || !dev->config.batch_used)
        disown(dev, head);
}

void sm_dev_unpop(struct sm_dev *dev, const struct sm_chain *chain)
{
    forget(dev, chain->head);
    disown(dev, chain->head);
    dev->last_avail = dev->before_avail;
    dev->next_desc = dev->before_next_desc;
}

void sm_dev_shown(struct sm_dev *dev)
{
    for (uint32_t i = 0; sm_is_in_order(dev->config.features) && i < dev->return_count; i++)
        disown(dev, dev->returns[i].id);
    dev->return_count = 0;
}

void sm_dev_publish(struct sm_dev *dev)
{
    dev->unpublished = 0;
    dev->unpublished_slots = 0;
}

bool sm_is_not_shown(const struct sm_dev *dev, uint32_t head)
{
    if (sm_is_in_order(dev->config.features) && dev->unpublished != 0)
        for (uint32_t i = 0; i < dev->return_count; i++)
            if (dev->returns[i].id == head)
                return true;
    return false;
}

struct sm_set sm_dev_push(struct sm_dev *dev, uint32_t head, uint64_t written)
{
    struct sm_set broken = sm_empty_set();

    if (!dev->ready)
        sm_misuse("push before a good init");
    if (head >= dev->config.size || !dev->in_flight[head].live || dev->in_flight[head].dropped)
        sm_add(&broken, SM_C12);
    else if (written > dev->in_flight[head].writable)
        sm_add(&broken, SM_C11);
    else if (sm_is_in_order(dev->config.features) && dev->order[0] != head)
        sm_add(&broken, SM_O5);
    if (!sm_set_is_empty(&broken))
        return broken;

    end_flight(dev, head, (uint32_t)written);
    while (dev->order_count != 0 && dev->in_flight[dev->order[0]].dropped)
        end_flight(dev, dev->order[0], 0);
    return broken;
}

struct sm_set sm_dev_drop(struct sm_dev *dev, const struct sm_chain *refused)
{
    struct sm_set broken = sm_empty_set();
    bool packed = sm_is_packed(dev->config.features);
    uint32_t head = refused->head;

    if (!dev->ready)
        sm_misuse("drop before a good init");
    if (packed && refused->slots == 0) {            /* no end, no id */
        sm_add(&broken, sm_set_has(&refused->broken, SM_P3) ? SM_P3 : SM_P4);
        return broken;
    }
    if (head >= dev->config.size)
        sm_add(&broken, packed ? SM_P5 : SM_S2);
    else if (dev->in_flight[head].live || sm_is_not_shown(dev, head))
        sm_add(&broken, SM_S4);
    if (!sm_set_is_empty(&broken))
        return broken;

    dev->next_desc = dev->config.size;              /* its end was perhaps not reached */
    lend(dev, head, refused->slots)->dropped = true;
    if (!packed && sm_is_in_order(dev->config.features))
        dev->owner[head] = (int32_t)head;           /* it waits for its turn, or to be shown; the others are idle */
    if (!sm_is_in_order(dev->config.features) || dev->order[0] == head)
        end_flight(dev, head, 0);
    return broken;
}
