/* SPDX-License-Identifier: MIT */
#include "split_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- mistakes of the test itself */

static void misuse(const char *what)
{
    (void)fprintf(stderr, "split_model: the test is wrong: %s\n", what);
    abort();
}

static void *new_array(size_t count, size_t element)
{
    void *array = calloc(count, element);

    if (array == NULL)
        misuse("out of memory");
    return array;
}

/* ---------------------------------------------------------------- rules and sets of rules */

#define RULE_NAME(id) #id,
static const char *const rule_names[SM_RULE_COUNT] = { SM_RULES(RULE_NAME) };
#undef RULE_NAME

const char *sm_rule_name(enum sm_rule rule)
{
    return (size_t)rule < SM_RULE_COUNT ? rule_names[rule] : "?";
}

enum sm_rule sm_rule_by_name(const char *name)
{
    for (size_t i = 0; i < SM_RULE_COUNT; i++)
        if (strcmp(rule_names[i], name) == 0)
            return (enum sm_rule)i;
    return SM_RULE_COUNT;
}

static struct sm_set empty_set(void)
{
    struct sm_set set;

    memset(&set, 0, sizeof set);
    return set;
}

static void add(struct sm_set *set, enum sm_rule rule)
{
    set->has[rule] = true;
}

size_t sm_set_count(const struct sm_set *set)
{
    size_t count = 0;

    for (size_t i = 0; i < SM_RULE_COUNT; i++)
        if (set->has[i])
            count++;
    return count;
}

bool sm_set_is_empty(const struct sm_set *set)
{
    return sm_set_count(set) == 0;
}

bool sm_set_has(const struct sm_set *set, enum sm_rule rule)
{
    return (size_t)rule < SM_RULE_COUNT && set->has[rule];
}

bool sm_set_has_name(const struct sm_set *set, const char *name)
{
    return sm_set_has(set, sm_rule_by_name(name));
}

const char *sm_set_text(const struct sm_set *set, char *text, size_t size)
{
    size_t used = 0;

    if (size == 0)
        return text;
    text[0] = '\0';
    if (sm_set_is_empty(set))
        (void)snprintf(text, size, "-");
    for (size_t i = 0; i < SM_RULE_COUNT; i++) {
        if (!set->has[i])
            continue;
        if (used + strlen(rule_names[i]) + 2 > size)
            break;
        used += (size_t)snprintf(text + used, size - used, "%s%s", used == 0 ? "" : " ", rule_names[i]);
    }
    return text;
}

/* ---------------------------------------------------------------- bytes in a chosen order */

static uint64_t get_bytes(const uint8_t *bytes, unsigned count, bool big_endian)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < count; i++)
        value = value << 8 | bytes[big_endian ? i : count - 1 - i];
    return value;
}

static void put_bytes(uint8_t *bytes, unsigned count, uint64_t value, bool big_endian)
{
    for (unsigned i = 0; i < count; i++) {
        bytes[big_endian ? count - 1 - i : i] = (uint8_t)(value & 0xff);
        value >>= 8;
    }
}

uint16_t sm_get16(const uint8_t *bytes, bool big_endian) { return (uint16_t)get_bytes(bytes, 2, big_endian); }
uint32_t sm_get32(const uint8_t *bytes, bool big_endian) { return (uint32_t)get_bytes(bytes, 4, big_endian); }
uint64_t sm_get64(const uint8_t *bytes, bool big_endian) { return get_bytes(bytes, 8, big_endian); }
void sm_put16(uint8_t *bytes, uint16_t value, bool big_endian) { put_bytes(bytes, 2, value, big_endian); }
void sm_put32(uint8_t *bytes, uint32_t value, bool big_endian) { put_bytes(bytes, 4, value, big_endian); }
void sm_put64(uint8_t *bytes, uint64_t value, bool big_endian) { put_bytes(bytes, 8, value, big_endian); }

/* ---------------------------------------------------------------- ranges of addresses */

/* Ranges here have at least one byte. */
static bool range_wraps(uint64_t addr, uint64_t len)
{
    return len - 1 > UINT64_MAX - addr;
}

/* The last byte; a range that wraps is cut at the end of the address space. */
static uint64_t range_last(uint64_t addr, uint64_t len)
{
    return range_wraps(addr, len) ? UINT64_MAX : addr + (len - 1);
}

static bool ranges_overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
    return a <= range_last(b, b_len) && b <= range_last(a, a_len);
}

/* ---------------------------------------------------------------- layout, virtio 1.2 section 2.7 */

#define DESC_SIZE       16u
#define AVAIL_IDX       2u      /* struct virtq_avail: flags, idx, ring[], used_event */
#define AVAIL_RING      4u
#define USED_IDX        2u      /* struct virtq_used: flags, idx, ring[], avail_event */
#define USED_RING       4u
#define USED_ELEM_SIZE  8u
#define NO_NOTIFICATION 1u      /* VIRTQ_AVAIL_F_NO_INTERRUPT and VIRTQ_USED_F_NO_NOTIFY */

static uint64_t desc_part_size(uint64_t size)  { return 16 * size; }
static uint64_t avail_part_size(uint64_t size) { return 6 + 2 * size; }
static uint64_t used_part_size(uint64_t size)  { return 6 + 8 * size; }

struct descriptor {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

/* ---------------------------------------------------------------- notification, 2.7.7 and 2.7.10 */

/* Both directions use the same formula. E4: with EVENT_IDX the flag bit is not looked at. */
static bool must_notify(uint16_t old_idx, uint16_t new_idx, uint16_t flags, uint16_t event, bool event_idx)
{
    uint16_t added = (uint16_t)(new_idx - old_idx);
    uint16_t past_event = (uint16_t)(new_idx - event - 1);

    if (added == 0)
        return false;
    if (event_idx)
        return past_event < added;
    return (flags & NO_NOTIFICATION) == 0;
}

/* ---------------------------------------------------------------- device side: memory */

static const uint8_t *guest_bytes(const struct sm_dev *dev, uint64_t addr, uint64_t len)
{
    const struct sm_memory *memory = &dev->memory;

    if (addr < memory->base || addr - memory->base > memory->size || memory->size - (addr - memory->base) < len)
        misuse("a table or a part of the queue lies outside the simulated memory");
    return memory->bytes + (size_t)(addr - memory->base);
}

static uint16_t guest16(const struct sm_dev *dev, uint64_t addr)
{
    return sm_get16(guest_bytes(dev, addr, 2), dev->config.big_endian);
}

static struct descriptor guest_descriptor(const struct sm_dev *dev, uint64_t table, uint32_t index)
{
    const uint8_t *bytes = guest_bytes(dev, table + (uint64_t)index * DESC_SIZE, DESC_SIZE);
    bool big_endian = dev->config.big_endian;
    struct descriptor desc;

    desc.addr = sm_get64(bytes, big_endian);
    desc.len = sm_get32(bytes + 8, big_endian);
    desc.flags = sm_get16(bytes + 12, big_endian);
    desc.next = sm_get16(bytes + 14, big_endian);
    return desc;
}

/* ---------------------------------------------------------------- device side: capabilities */

/* The capability that covers this address, or NULL. */
static const struct sm_capability *capability_at(const struct sm_dev *dev, uint64_t addr)
{
    for (size_t i = 0; i < dev->config.capability_count; i++) {
        const struct sm_capability *cap = &dev->capabilities[i];

        if (addr >= cap->base && addr - cap->base < cap->size)
            return cap;
    }
    return NULL;
}

/* How many bytes of the capability there are from this address on. */
static uint64_t capability_rest(const struct sm_capability *cap, uint64_t addr)
{
    return cap->size - (addr - cap->base);
}

/* ---------------------------------------------------------------- device side: set-up */

/* Q5, Q6 and M2 for one part of the queue. */
static void check_part(const struct sm_dev *dev, uint64_t addr, uint64_t len, uint64_t alignment,
                       unsigned right, struct sm_set *broken)
{
    const struct sm_capability *cap = capability_at(dev, addr);

    if (addr % alignment != 0)
        add(broken, SM_Q5);
    if (range_wraps(addr, len))
        add(broken, SM_Q6);
    if (cap == NULL || capability_rest(cap, addr) < len)
        add(broken, SM_Q6);
    if (cap != NULL && (cap->rights & right) == 0) {
        add(broken, SM_M2);
        add(broken, SM_Q6);     /* the right is part of Q6 too */
    }
}

struct sm_set sm_dev_init(struct sm_dev *dev, const struct sm_dev_config *config, struct sm_memory memory)
{
    struct sm_set broken = empty_set();
    uint32_t size = config->size;

    memset(dev, 0, sizeof *dev);
    dev->config = *config;
    dev->memory = memory;
    dev->capabilities = new_array(config->capability_count + 1, sizeof *dev->capabilities);
    for (size_t i = 0; i < config->capability_count; i++)
        dev->capabilities[i] = config->capabilities[i];
    dev->config.capabilities = dev->capabilities;

    if (size == 0)
        add(&broken, SM_Q1);
    if (size == 0 || (size & (size - 1)) != 0 || size > 32768)
        add(&broken, SM_Q2);
    if (config->offered_max != 0 && size > config->offered_max)
        add(&broken, SM_Q4);
    if (config->capacity != 0 && size > config->capacity)
        add(&broken, SM_Q4);

    if (size != 0) {
        uint64_t desc_len = desc_part_size(size);
        uint64_t avail_len = avail_part_size(size);
        uint64_t used_len = used_part_size(size);

        check_part(dev, config->desc, desc_len, 16, SM_RIGHT_READ, &broken);
        check_part(dev, config->avail, avail_len, 2, SM_RIGHT_READ, &broken);
        check_part(dev, config->used, used_len, 4, SM_RIGHT_WRITE, &broken);
        if (ranges_overlap(config->desc, desc_len, config->avail, avail_len) ||
            ranges_overlap(config->desc, desc_len, config->used, used_len) ||
            ranges_overlap(config->avail, avail_len, config->used, used_len))
            add(&broken, SM_Q7);
    }

    if (!sm_set_is_empty(&broken)) {
        sm_dev_free(dev);
        return broken;
    }

    dev->last_avail = config->start_avail;
    dev->seen_avail = config->start_avail;
    dev->used_idx = config->start_used;
    dev->in_flight = new_array(size, sizeof *dev->in_flight);
    dev->owner = new_array(size, sizeof *dev->owner);
    for (uint32_t i = 0; i < size; i++)
        dev->owner[i] = -1;
    dev->used_image = new_array((size_t)used_part_size(size), 1);
    memcpy(dev->used_image, guest_bytes(dev, config->used, used_part_size(size)), (size_t)used_part_size(size));
    dev->ready = true;
    return broken;
}

void sm_dev_free(struct sm_dev *dev)
{
    free(dev->capabilities);
    free(dev->in_flight);
    free(dev->owner);
    free(dev->used_image);
    memset(dev, 0, sizeof *dev);
}

/* ---------------------------------------------------------------- device side: the walk */

struct range {
    uint64_t addr;
    uint64_t len;
};

struct walk {
    const struct sm_dev *dev;
    struct sm_chain chain;
    bool complete;              /* the last element was reached */
    uint16_t *direct;           /* descriptors of the main table, in order */
    size_t direct_count;
    struct range *writables;    /* device-writable elements, in order */
    size_t writable_count;
    bool has_table;
    struct range table;
    bool writable_seen;
};

/* Makes room for one more in a list that doubles whenever its length is a power of two. */
static void *grown(void *list, size_t count, size_t element)
{
    if ((count & (count - 1)) != 0)
        return list;
    list = realloc(list, (count == 0 ? 1 : 2 * count) * element);
    if (list == NULL)
        misuse("out of memory");
    return list;
}

static void note_direct(struct walk *walk, uint16_t index)
{
    walk->direct = grown(walk->direct, walk->direct_count, sizeof *walk->direct);
    walk->direct[walk->direct_count++] = index;
}

static void note_writable(struct walk *walk, uint64_t addr, uint64_t len)
{
    walk->writables = grown(walk->writables, walk->writable_count, sizeof *walk->writables);
    walk->writables[walk->writable_count].addr = addr;
    walk->writables[walk->writable_count].len = len;
    walk->writable_count++;
}

static void note_segment(struct walk *walk, uint64_t addr, uint64_t len, bool write, uint64_t bus)
{
    struct sm_chain *chain = &walk->chain;
    struct sm_segment *segment;

    chain->segments = grown(chain->segments, chain->segment_count, sizeof *chain->segments);
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

    if (range_wraps(addr, len))
        add(&walk->chain.broken, SM_C4);
    if (max_addr != 0 && range_last(addr, len) > max_addr)
        add(&walk->chain.broken, SM_C4);
}

/* C5, M1, M2: who granted these bytes? One segment for each capability the buffer runs through. */
static void check_capabilities(struct walk *walk, uint64_t addr, uint64_t len, bool write)
{
    struct sm_set *broken = &walk->chain.broken;
    unsigned right = write ? SM_RIGHT_WRITE : SM_RIGHT_READ;
    bool first = true;

    if (range_wraps(addr, len))
        len = UINT64_MAX - addr + 1;    /* C4 is broken already; look at what does exist */

    while (len > 0) {
        const struct sm_capability *cap = capability_at(walk->dev, addr);
        bool runs_out = !first && (cap == NULL || walk->dev->config.policy.spanning == SM_SPANNING_REFUSE);
        uint64_t piece;

        if (runs_out)
            add(broken, SM_M1);
        if (cap == NULL)
            add(broken, SM_C5);
        if (cap == NULL || runs_out)
            return;
        if ((cap->rights & right) == 0)
            add(broken, SM_M2);

        piece = capability_rest(cap, addr);
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
    const struct sm_dev_config *config = &walk->dev->config;

    if (ranges_overlap(addr, len, config->desc, desc_part_size(config->size)) ||
        ranges_overlap(addr, len, config->avail, avail_part_size(config->size)) ||
        ranges_overlap(addr, len, config->used, used_part_size(config->size)))
        add(&walk->chain.broken, SM_X8);
}

/* A descriptor that describes a buffer: all rules about one element and about the sums so far. */
static void walk_element(struct walk *walk, const struct descriptor *desc)
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
        add(broken, SM_C6);

    if (write && policy->direction == SM_DIRECTION_READABLE_ONLY)
        add(broken, SM_C9);
    if (!write && policy->direction == SM_DIRECTION_WRITABLE_ONLY)
        add(broken, SM_C9);

    if (desc->len == 0) {
        if (policy->zero_length == SM_ZERO_REJECT)
            add(broken, SM_C8);
        return;     /* a length of 0 never leads to an address */
    }

    if (write)
        walk->chain.writable += desc->len;
    else
        walk->chain.readable += desc->len;
    sum = walk->chain.readable + walk->chain.writable;
    if (sum > UINT32_MAX)
        add(broken, SM_C3);
    if (sum > max_chain_bytes)
        add(broken, SM_M9);
    if (policy->max_bytes_in_flight != 0 && walk->dev->bytes_in_flight + sum > policy->max_bytes_in_flight)
        add(broken, SM_M9);

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
    const struct sm_capability *cap = capability_at(dev, addr);

    return cap != NULL && !range_wraps(addr, len) && capability_rest(cap, addr) >= len &&
           (cap->rights & SM_RIGHT_READ) != 0;
}

/*
 * A descriptor of the main table that refers to an indirect table (2.7.5.3). Its WRITE flag means
 * nothing (I7). Returns whether the walk can go on in the table.
 */
static bool walk_referrer(struct walk *walk, const struct descriptor *desc)
{
    const struct sm_dev_config *config = &walk->dev->config;
    struct sm_set *broken = &walk->chain.broken;
    uint32_t max_entries = config->policy.max_table_entries != 0 ? config->policy.max_table_entries : config->size;
    bool can_enter = true;

    walk->chain.indirect = true;
    if ((config->features & SM_FEATURE_INDIRECT_DESC) == 0) {
        add(broken, SM_I1);
        can_enter = false;
    }
    if (desc->len == 0 || desc->len % DESC_SIZE != 0) {
        add(broken, SM_I2);
        can_enter = false;
    }
    if (desc->len / DESC_SIZE > max_entries) {
        add(broken, SM_I3);
        can_enter = false;
    }
    if (desc->len != 0) {
        check_address_range(walk, desc->addr, desc->len);
        if (!table_is_readable(walk->dev, desc->addr, desc->len)) {
            add(broken, SM_I4);
            can_enter = false;
        }
    }
    if ((desc->flags & SM_DESC_NEXT) != 0)
        add(broken, SM_I6);
    if (config->policy.canonical && walk->chain.elements > 0)
        add(broken, SM_I8);

    if (can_enter) {
        walk->has_table = true;
        walk->table.addr = desc->addr;
        walk->table.len = desc->len;
    }
    return can_enter;
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
            add(broken, SM_C2);
            return;
        }
        desc = guest_descriptor(dev, table, index);
        if (!in_table) {
            note_direct(walk, (uint16_t)index);
            if (dev->owner[index] != -1)
                add(broken, SM_S5);
        }

        if ((desc.flags & ~(SM_DESC_NEXT | SM_DESC_WRITE | SM_DESC_INDIRECT)) != 0)
            add(broken, SM_C7);
        has_next = (desc.flags & SM_DESC_NEXT) != 0;
        next_in_range = desc.next < table_len;
        if (has_next && !next_in_range)
            add(broken, SM_C1);

        if ((desc.flags & SM_DESC_INDIRECT) != 0 && !in_table) {
            if (!walk_referrer(walk, &desc))
                return;
            in_table = true;
            table = desc.addr;
            table_len = desc.len / DESC_SIZE;
            index = 0;
            continue;
        }

        if ((desc.flags & SM_DESC_INDIRECT) != 0) {
            add(broken, SM_I5);
            if (has_next)
                add(broken, SM_I6);
        }
        walk_element(walk, &desc);

        if (!has_next) {
            walk->complete = true;
            return;
        }
        if (!next_in_range)
            return;
        index = desc.next;
    }
}

/* Rules that need the whole chain, or as much of it as was seen. */
static void walk_end(struct walk *walk)
{
    const struct sm_policy *policy = &walk->dev->config.policy;
    struct sm_set *broken = &walk->chain.broken;

    for (size_t i = 0; walk->has_table && i < walk->writable_count; i++)
        if (ranges_overlap(walk->writables[i].addr, walk->writables[i].len, walk->table.addr, walk->table.len))
            add(broken, SM_I12);

    if (walk->complete && walk->chain.readable < policy->min_readable)
        add(broken, SM_C10);
    if (walk->complete && walk->chain.writable < policy->min_writable)
        add(broken, SM_C10);
}

static void lend_chain(struct sm_dev *dev, const struct walk *walk)
{
    struct sm_in_flight *in_flight = &dev->in_flight[walk->chain.head];

    in_flight->live = true;
    in_flight->writable = walk->chain.writable;
    in_flight->total = walk->chain.readable + walk->chain.writable;
    for (size_t i = 0; i < walk->direct_count; i++)
        dev->owner[walk->direct[i]] = walk->chain.head;
    dev->in_flight_count++;
    dev->bytes_in_flight += in_flight->total;
    dev->last_avail++;
}

static struct sm_chain refused(struct sm_chain chain)
{
    sm_chain_free(&chain);
    chain.outcome = SM_BROKEN;
    chain.readable = 0;
    chain.writable = 0;
    chain.elements = 0;
    chain.indirect = false;
    return chain;
}

struct sm_chain sm_dev_pop(struct sm_dev *dev)
{
    struct walk walk;
    struct sm_set *broken = &walk.chain.broken;
    uint32_t size = dev->config.size;
    uint16_t avail_idx, pending;

    if (!dev->ready)
        misuse("pop before a good init");
    memset(&walk, 0, sizeof walk);
    walk.dev = dev;

    avail_idx = dev->seen_avail;
    if (!dev->config.batch_index || dev->seen_avail == dev->last_avail)
        avail_idx = guest16(dev, dev->config.avail + AVAIL_IDX);
    pending = (uint16_t)(avail_idx - dev->last_avail);
    if (pending == 0) {
        walk.chain.outcome = SM_EMPTY;
        return walk.chain;
    }
    if (pending + dev->in_flight_count + dev->unpublished > size)
        add(broken, SM_S3);
    if (pending > size) {
        add(broken, SM_S1);
        return refused(walk.chain);     /* none of these entries can be believed */
    }
    if (!sm_set_has(broken, SM_S3))
        dev->seen_avail = avail_idx;

    walk.chain.head = guest16(dev, dev->config.avail + AVAIL_RING + 2 * (uint64_t)(dev->last_avail % size));
    walk.chain.head_known = true;
    if (walk.chain.head >= size) {
        add(broken, SM_S2);
        return refused(walk.chain);
    }
    if (dev->in_flight[walk.chain.head].live)
        add(broken, SM_S4);

    walk_descriptors(&walk);
    walk_end(&walk);

    if (sm_set_is_empty(broken)) {
        lend_chain(dev, &walk);
        walk.chain.outcome = SM_OK;
    } else {
        walk.chain = refused(walk.chain);
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

/* ---------------------------------------------------------------- device side: the way back */

/* 2.7.8: the element goes to slot used_idx % size, then used.idx counts it. */
static void write_used(struct sm_dev *dev, uint32_t head, uint32_t len)
{
    bool big_endian = dev->config.big_endian;
    uint8_t *elem = dev->used_image + USED_RING + USED_ELEM_SIZE * (size_t)(dev->used_idx % dev->config.size);

    sm_put32(elem, head, big_endian);
    sm_put32(elem + 4, len, big_endian);
    dev->used_idx++;
    sm_put16(dev->used_image + USED_IDX, dev->used_idx, big_endian);
    if (dev->config.batch_used)
        dev->unpublished++;
}

void sm_dev_publish(struct sm_dev *dev)
{
    dev->unpublished = 0;
}

struct sm_set sm_dev_push(struct sm_dev *dev, uint32_t head, uint64_t written)
{
    struct sm_set broken = empty_set();
    struct sm_in_flight *in_flight;

    if (!dev->ready)
        misuse("push before a good init");
    if (head >= dev->config.size || !dev->in_flight[head].live) {
        add(&broken, SM_C12);
        return broken;
    }
    in_flight = &dev->in_flight[head];
    if (written > in_flight->writable) {
        add(&broken, SM_C11);
        return broken;
    }

    write_used(dev, head, (uint32_t)written);
    dev->in_flight_count--;
    dev->bytes_in_flight -= in_flight->total;
    memset(in_flight, 0, sizeof *in_flight);
    for (uint32_t i = 0; i < dev->config.size; i++)
        if (dev->owner[i] == (int32_t)head)
            dev->owner[i] = -1;
    return broken;
}

struct sm_set sm_dev_drop(struct sm_dev *dev, uint32_t head)
{
    struct sm_set broken = empty_set();

    if (!dev->ready)
        misuse("drop before a good init");
    if (head >= dev->config.size)
        add(&broken, SM_S2);
    else if (dev->in_flight[head].live)
        add(&broken, SM_S4);
    if (sm_set_is_empty(&broken)) {
        write_used(dev, head, 0);
        dev->last_avail++;
    }
    return broken;
}

const uint8_t *sm_dev_used_image(const struct sm_dev *dev, size_t *size)
{
    if (!dev->ready)
        misuse("used image before a good init");
    *size = (size_t)used_part_size(dev->config.size);
    return dev->used_image;
}

bool sm_dev_used_matches(const struct sm_dev *dev, size_t *offset)
{
    size_t size;
    const uint8_t *image = sm_dev_used_image(dev, &size);
    const uint8_t *memory = guest_bytes(dev, dev->config.used, size);

    for (size_t i = USED_IDX; i < size - 2; i++) {
        if (memory[i] != image[i]) {
            *offset = i;
            return false;
        }
    }
    return true;
}

bool sm_dev_notify(const struct sm_dev *dev, uint16_t old_used, uint16_t new_used)
{
    uint16_t flags, used_event;
    bool event_idx = (dev->config.features & SM_FEATURE_EVENT_IDX) != 0;

    if (!dev->ready)
        misuse("notify before a good init");
    flags = guest16(dev, dev->config.avail);
    used_event = guest16(dev, dev->config.avail + AVAIL_RING + 2 * (uint64_t)dev->config.size);
    return must_notify(old_used, new_used, flags, used_event, event_idx);
}

/* ---------------------------------------------------------------- driver side */

void sm_drv_init(struct sm_drv *drv, uint32_t size, uint16_t start_avail, uint16_t start_used)
{
    if (size == 0 || (size & (size - 1)) != 0 || size > 32768)
        misuse("a queue size that no split queue can have");
    memset(drv, 0, sizeof *drv);
    drv->size = size;
    drv->avail_idx = start_avail;
    drv->last_used = start_used;
    drv->lent = new_array(size, sizeof *drv->lent);
}

void sm_drv_free(struct sm_drv *drv)
{
    free(drv->lent);
    memset(drv, 0, sizeof *drv);
}

bool sm_drv_lend(struct sm_drv *drv, uint32_t head, uint64_t writable, uint64_t min, uint64_t cookie)
{
    if (head >= drv->size || drv->lent[head].live)
        return false;
    drv->lent[head].live = true;
    drv->lent[head].writable = writable;
    drv->lent[head].min = min;
    drv->lent[head].cookie = cookie;
    drv->outstanding++;
    drv->avail_idx++;
    return true;
}

struct sm_take sm_drv_take(struct sm_drv *drv, uint16_t used_idx, uint32_t id, uint32_t len,
                           enum sm_len_policy policy)
{
    struct sm_take take;
    struct sm_lent *lent;
    uint16_t returned = (uint16_t)(used_idx - drv->last_used);

    memset(&take, 0, sizeof take);
    if (returned == 0) {
        take.outcome = SM_EMPTY;
        return take;
    }
    take.outcome = SM_BROKEN;
    if (returned > drv->outstanding) {
        add(&take.broken, SM_U1);
        return take;
    }
    if (id >= drv->size) {
        add(&take.broken, SM_U2);
        return take;
    }
    lent = &drv->lent[id];
    if (!lent->live) {
        add(&take.broken, SM_U3);
        return take;
    }
    if (policy == SM_LEN_REJECT && len > lent->writable)
        add(&take.broken, SM_U5);
    if (policy == SM_LEN_REJECT && len < lent->min)
        add(&take.broken, SM_U6);
    if (!sm_set_is_empty(&take.broken))
        return take;

    take.outcome = SM_OK;
    take.head = id;
    take.cookie = lent->cookie;
    take.clamped = len > lent->writable;
    take.len = take.clamped ? lent->writable : len;
    take.too_short = take.len < lent->min;
    if (policy == SM_LEN_COUNT && take.clamped)
        drv->clamped_count++;
    if (policy == SM_LEN_COUNT && take.too_short)
        drv->short_count++;
    memset(lent, 0, sizeof *lent);
    drv->outstanding--;
    drv->last_used++;
    return take;
}

bool sm_drv_need_kick(uint16_t old_avail, uint16_t new_avail, uint16_t used_flags,
                      uint16_t avail_event, bool event_idx)
{
    return must_notify(old_avail, new_avail, used_flags, avail_event, event_idx);
}

/* ---------------------------------------------------------------- random numbers: splitmix64 */

void sm_random_seed(struct sm_random *random, uint64_t seed)
{
    random->state = seed;
}

uint64_t sm_random_next(struct sm_random *random)
{
    uint64_t value;

    random->state += UINT64_C(0x9e3779b97f4a7c15);
    value = random->state;
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

uint64_t sm_random_below(struct sm_random *random, uint64_t limit)
{
    return limit == 0 ? 0 : sm_random_next(random) % limit;
}

bool sm_random_chance(struct sm_random *random, uint64_t hits, uint64_t of)
{
    return sm_random_below(random, of) < hits;
}
