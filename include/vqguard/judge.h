/* SPDX-License-Identifier: MIT */
/**
 * @file judge.h
 * @brief Floor 2: the judgement of one element of a chain.
 *
 * Whatever the ring format, an element reaches vqg_chain_take_() as three private
 * values: address, length, direction. What leaves it is a segment that the driver
 * holds a capability for.
 */
#ifndef VQGUARD_JUDGE_H
#define VQGUARD_JUDGE_H

#include "cap.h"
#include "chain.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Addresses that one capability of the table covers, that the policy allows, and that no part of the queue
 * shares: an element inside keeps every rule about addresses. Private.
 */
struct vqg_window {
    uint64_t first;      /**< its first byte */
    uint64_t size;       /**< its bytes; 0: there is none */
    uint64_t bus;        /**< where `first` is on the bus */
    void *map;           /**< where `first` is mapped, or null */
    uint64_t token;      /**< the capability's */
    struct vqg_cap *cap; /**< the capability */
    uint64_t pin;        /**< what ends a pin of it */
    uint32_t rights;     /**< of the capability */
    uint32_t epoch;      /**< of the table when it was asked */
};

/** What an element is judged against. The first part of every device; private. */
struct vqg_judge {
    struct vqg_guard guard;   /**< state and record */
    struct vqg_policy policy; /**< limits are resolved: none of them is 0 */
    struct vqg_caps caps;     /**< how to look capabilities up */
    struct vqg_window window; /**< where the latest element lay */
    uint64_t features;        /**< that were acknowledged */
    uint32_t directions;      /**< as the rights of a capability: which way elements may go */
    uint64_t part_addr[3];    /**< the queue's own parts: desc, avail, used (rule X8) */
    uint64_t part_bytes[3];   /**< their sizes */
    uint64_t parts_first;     /**< first byte of the lowest part */
    uint64_t parts_last;      /**< last byte of the highest part */
};

/** Notes where part `n` of the queue lies; the parts come in their order. */
VQG_API void vqg_judge_own_(struct vqg_judge *j, uint32_t n, uint64_t addr, uint64_t bytes)
{
    uint64_t last = addr + (bytes - 1u);
    j->part_addr[n] = addr;
    j->part_bytes[n] = bytes;
    j->parts_first = n == 0u || addr < j->parts_first ? addr : j->parts_first;
    j->parts_last = n == 0u || last > j->parts_last ? last : j->parts_last;
}

/** True when the range shares a byte with a part of the queue. */
VQG_API bool vqg_judge_owns_(const struct vqg_judge *j, uint64_t addr, uint64_t bytes)
{
    uint32_t i;
    for (i = 0; i < 3u; i++) {
        if (vqg_ranges_overlap_(addr, bytes, j->part_addr[i], j->part_bytes[i])) {
            return true;
        }
    }
    return false;
}

/** Ends the pins of all segments. */
VQG_API void vqg_chain_unpin_(const struct vqg_caps *caps, const struct vqg_chain *c)
{
    uint32_t i;
    if (caps->table != NULL || caps->unpin != NULL) {
        for (i = 0; i < c->count; i++) {
            vqg_caps_unpin_(caps, c->seg[i].pin);
        }
    }
}

/** Finds a right for every byte of an element, and writes its segments. `len` is not 0. */
VQG_API enum vqg_status vqg_chain_cover_(struct vqg_judge *j, struct vqg_chain *c, uint64_t addr, uint32_t len,
                                         bool write)
{
    const struct vqg_cap *cap = vqg_caps_lookup_(&j->caps, addr);
    VQG_REQUIRE(&j->guard, cap != NULL, CAPABILITY, c->count, addr, len);
    for (;;) {
        struct vqg_seg *seg;
        uint64_t offset;
        uint64_t run;
        uint64_t pin = 0;
        uint32_t part;
        VQG_REQUIRE(&j->guard, cap != NULL && addr - cap->base < cap->size, EVERY_BYTE, c->count, addr, len);
        offset = addr - cap->base;
        run = cap->size - offset;
        part = len;
        if (VQG_PORT_UNLIKELY(run < len)) {
            VQG_REQUIRE(&j->guard, j->policy.span == VQG_SPAN_SPLIT, EVERY_BYTE, c->count, len, run);
            part = (uint32_t)run;
        }
        VQG_REQUIRE(&j->guard, vqg_cap_allows_(cap, write), RIGHT, c->count, addr, cap->rights);
        VQG_REQUIRE(&j->guard, c->count < c->capacity, QUOTA, c->count, c->count + 1u, c->capacity);
        VQG_REQUIRE(&j->guard, vqg_caps_pin_(&j->caps, cap, addr, part, &pin), PIN, c->count, addr, part);
        seg = &c->seg[c->count];
        seg->addr = addr;
        seg->bus = cap->bus + offset;
        seg->map = vqg_cap_pointer_(cap, addr);
        seg->token = cap->token;
        seg->pin = pin;
        seg->len = part;
        seg->write = write;
        c->count++;
        len -= part;
        if (len == 0u) {
            return VQG_OK;
        }
        addr += part;
        cap = vqg_caps_lookup_(&j->caps, addr);
    }
}

/** True when `len` bytes at `addr` neither wrap nor pass the highest address. `len` is not 0. */
VQG_API bool vqg_chain_fits_(const struct vqg_judge *j, uint64_t addr, uint32_t len)
{
    return addr <= j->policy.max_address && len - 1u <= j->policy.max_address - addr;
}

/** True when the bytes, which do not wrap and are not none, share one with the chain's indirect table. */
VQG_API bool vqg_chain_in_table_(const struct vqg_chain *c, uint64_t addr, uint32_t len)
{
    return addr <= c->table_last_ && addr + (len - 1u) >= c->table_first_;
}

/** Judges one element by every rule, and adds it to the chain. */
VQG_API VQG_PORT_COLD enum vqg_status vqg_chain_judge_(struct vqg_judge *j, struct vqg_chain *c, uint32_t index,
                                                           uint64_t addr, uint32_t len, bool write)
{
    const struct vqg_policy *p = &j->policy;
    uint64_t total = c->bytes_ + len;
    VQG_REQUIRE(&j->guard, write || !c->write_seen_, READ_AFTER_WRITE, index, addr, c->writable);
    if (p->direction != VQG_DIRECTION_ANY) {
        VQG_REQUIRE(&j->guard, write == (p->direction == VQG_DIRECTION_WRITABLE), DIRECTION, index, write,
                    p->direction);
    }
    if (len == 0u) {
        VQG_REQUIRE(&j->guard, p->zero == VQG_ZERO_SKIP, ZERO_LENGTH, index, 0u, 1u);
        c->write_seen_ = write;
        return VQG_OK;
    }
    VQG_REQUIRE(&j->guard, vqg_chain_fits_(j, addr, len), ELEMENT_RANGE, index, addr, p->max_address);
    VQG_REQUIRE(&j->guard, total <= UINT32_MAX, TOTAL_LENGTH, index, total, UINT32_MAX);
    VQG_REQUIRE(&j->guard, total <= p->max_bytes, QUOTA, index, total, p->max_bytes);
    if (write) {
        uint32_t i;
        for (i = 0; i < 3u; i++) {
            VQG_REQUIRE(&j->guard, !vqg_ranges_overlap_(addr, len, j->part_addr[i], j->part_bytes[i]), SELF_ALIAS,
                        index, addr, j->part_addr[i]);
        }
        VQG_REQUIRE(&j->guard, !vqg_chain_in_table_(c, addr, len), TABLE_ALIAS, index, addr, c->table_first_);
        c->writable += len;
    }
    c->write_seen_ = write;
    c->bytes_ = total;
    return vqg_chain_cover_(j, c, addr, len, write);
}

/** Cuts the parts of the queue off a range around an address; false when the address lies in one of them. */
VQG_API bool vqg_judge_cut_(const struct vqg_judge *j, uint64_t addr, uint64_t *first, uint64_t *last)
{
    uint32_t i;
    if (*last < j->parts_first || *first > j->parts_last) {
        return true;
    }
    for (i = 0; i < 3u; i++) {
        uint64_t from = j->part_addr[i];
        uint64_t to = from + (j->part_bytes[i] - 1u);
        if (from <= addr && addr <= to) {
            return false;
        }
        *first = to < addr && to >= *first ? to + 1u : *first;
        *last = from > addr && from <= *last ? from - 1u : *last;
    }
    return true;
}

/** Moves the window to where an address lies, or closes it. */
VQG_API VQG_PORT_COLD void vqg_judge_move_(struct vqg_judge *j, uint64_t addr)
{
    struct vqg_window *w = &j->window;
    struct vqg_cap_table *t = j->caps.table;
    const struct vqg_cap *cap = t == NULL ? NULL : vqg_cap_table_search_(t, addr);
    uint64_t first;
    uint64_t last;
    w->size = 0;
    if (cap == NULL) {
        return;
    }
    first = cap->base;
    last = first + (cap->size - 1u);
    last = last < j->policy.max_address ? last : j->policy.max_address;
    if (addr > last || !vqg_judge_cut_(j, addr, &first, &last)) {
        return;
    }
    /* A capability has fewer than 2^64 bytes. */
    w->first = first;
    w->size = last - first + 1u;
    w->bus = cap->bus + (first - cap->base);
    w->map = vqg_cap_pointer_(cap, first);
    w->token = cap->token;
    w->cap = &t->caps[t->recent];
    w->pin = t->recent;
    w->rights = cap->rights;
    w->epoch = t->epoch;
}

/** True when an element lies in the window and keeps all rules about addresses. Its length is not tested for 0. */
VQG_API VQG_PORT_INLINE bool vqg_window_holds_(const struct vqg_window *w, uint64_t addr, uint32_t len, bool write)
{
    uint64_t offset = addr - w->first;
    return offset < w->size && len <= w->size - offset && ((w->rights >> write) & 1u) != 0u &&
           w->cap->pins != UINT32_MAX;
}

/** True when an element that the window holds keeps all rules about its chain. */
VQG_API VQG_PORT_INLINE bool vqg_chain_admits_(const struct vqg_judge *j, const struct vqg_chain *c, uint64_t addr,
                                               uint32_t len, bool write)
{
    return len != 0u && c->bytes_ + len <= j->policy.max_bytes && c->count < c->capacity &&
           VQG_KEEPS_(write || !c->write_seen_, READ_AFTER_WRITE) &&
           VQG_KEEPS_(((j->directions >> write) & 1u) != 0u, DIRECTION) &&
           VQG_KEEPS_(!write || !vqg_chain_in_table_(c, addr, len), TABLE_ALIAS);
}

/** Judges one element, copied to private memory before, and adds it to the chain. */
VQG_API VQG_PORT_INLINE enum vqg_status vqg_chain_take_(struct vqg_judge *j, struct vqg_chain *c, uint32_t index,
                                                        uint64_t addr, uint32_t len, bool write)
{
    struct vqg_window *w = &j->window;
    uint64_t offset;
    struct vqg_seg *seg;
    if (addr - w->first >= w->size) {
        vqg_judge_move_(j, addr);
    }
    /* What keeps all rules at once needs no rule to be named. */
    if (VQG_PORT_UNLIKELY(!vqg_window_holds_(w, addr, len, write) || !vqg_chain_admits_(j, c, addr, len, write))) {
        return vqg_chain_judge_(j, c, index, addr, len, write);
    }
    offset = addr - w->first;
    seg = &c->seg[c->count];
    seg->addr = addr;
    seg->bus = w->bus + offset;
    seg->map = w->map == NULL ? NULL : (void *)((unsigned char *)w->map + (size_t)offset);
    seg->token = w->token;
    seg->pin = w->pin;
    seg->len = len;
    seg->write = write;
    w->cap->pins++;
    c->count++;
    c->bytes_ += len;
    c->writable += write ? len : 0u;
    c->write_seen_ = write;
    return VQG_OK;
}

/** Judges the reference to an indirect table, and gives a handle to its bytes. */
VQG_API VQG_PORT_COLD enum vqg_status vqg_chain_table_(struct vqg_judge *j, struct vqg_chain *c, uint32_t index,
                                                       uint64_t addr, uint32_t len, struct vqg_shared *table)
{
    const struct vqg_cap *cap;
    bool readable;
    uint32_t i;
    VQG_REQUIRE(&j->guard, (j->features & VQG_F_INDIRECT_DESC) != 0u, INDIRECT_FEATURE, index, addr, 0u);
    VQG_REQUIRE(&j->guard, len != 0u && len % VQG_DESC_BYTES == 0u, TABLE_LENGTH, index, len, VQG_DESC_BYTES);
    VQG_REQUIRE(&j->guard, len / VQG_DESC_BYTES <= j->policy.max_table_entries, TABLE_ENTRIES, index,
                len / VQG_DESC_BYTES, j->policy.max_table_entries);
    VQG_REQUIRE(&j->guard, vqg_chain_fits_(j, addr, len), ELEMENT_RANGE, index, addr, j->policy.max_address);
    cap = vqg_caps_lookup_(&j->caps, addr);
    readable = cap != NULL && addr - cap->base < cap->size && len <= cap->size - (addr - cap->base) &&
               vqg_cap_allows_(cap, false) && cap->map != NULL;
    VQG_REQUIRE(&j->guard, readable, TABLE_READABLE, index, addr, len);
    for (i = 0; i < c->count; i++) {
        const struct vqg_seg *s = &c->seg[i];
        VQG_REQUIRE(&j->guard, !s->write || !vqg_ranges_overlap_(s->addr, s->len, addr, len), TABLE_ALIAS, index,
                    s->addr, addr);
    }
    c->table_first_ = addr;
    c->table_last_ = addr + (len - 1u);
    *table = vqg_shared_at(vqg_cap_pointer_(cap, addr), vqg_shared_is_big_(*table));
    return VQG_OK;
}

#ifdef __cplusplus
}
#endif

#endif
