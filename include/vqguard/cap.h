/* SPDX-License-Identifier: MIT */
/**
 * @file cap.h
 * @brief Floor 2: capabilities, the callback that looks them up, and a ready-made table.
 *
 * A capability says which memory the driver on the other side may lend, and for
 * what. The platform answers one question, "which capability covers this
 * address?"; the arithmetic is done by vqguard, at full width, in chain.h.
 *
 * Trusted: the platform's answer. Not trusted: the address that is asked for.
 */
#ifndef VQGUARD_CAP_H
#define VQGUARD_CAP_H

#include "layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rights of a capability. W never implies R (rule M2). */
#define VQG_CAP_READ 1u  /**< a device may read: readable elements and tables */
#define VQG_CAP_WRITE 2u /**< a device may write: writable elements */

/** A range of addresses that the driver may lend. */
struct vqg_cap {
    uint64_t base;   /**< first address, as the driver writes it into a descriptor */
    uint64_t size;   /**< bytes, at least 1 */
    uint64_t bus;    /**< what a device behind this one calls `base` */
    void *map;       /**< where `base` is mapped here; null when it is not */
    uint64_t token;  /**< the platform's own, handed on with each segment */
    uint32_t rights; /**< VQG_CAP_READ, VQG_CAP_WRITE, both, or 0 for a revoked one */
    uint32_t pins;   /**< uses in flight; kept by vqg_cap_table, zero at first */
};

/**
 * Finds the capability that covers `addr`.
 *
 * @return the capability, valid until the next call with the same context, or
 *         null when none covers that address.
 */
typedef const struct vqg_cap *(*vqg_cap_lookup_fn)(void *context, uint64_t addr);

/**
 * Keeps a capability from being revoked while `bytes` bytes at `addr`, which it
 * covers, are in flight (rule M3).
 *
 * @return false when it is being revoked already.
 */
typedef bool (*vqg_cap_pin_fn)(void *context, const struct vqg_cap *cap, uint64_t addr, uint64_t bytes);

/** Ends one pin. `token` is the capability's at the time of the pin. */
typedef void (*vqg_cap_unpin_fn)(void *context, uint64_t token, uint64_t addr, uint64_t bytes);

/** How a device asks the platform. */
struct vqg_caps {
    vqg_cap_lookup_fn lookup; /**< never null */
    vqg_cap_pin_fn pin;       /**< null when capabilities are never revoked */
    vqg_cap_unpin_fn unpin;   /**< null exactly when `pin` is */
    void *context;            /**< first argument of all three */
};

/** A sorted table of capabilities in the caller's memory, with a one-entry cache. */
struct vqg_cap_table {
    struct vqg_cap *caps; /**< private: ascending by base, disjoint */
    uint32_t count;       /**< private */
    uint32_t recent;      /**< private: index of the latest answer */
    uint64_t granule;     /**< private: 0 or a power of two */
    uint32_t bad;         /**< after VQG_BAD_CAPS: index of the entry at fault */
};

/** True when a right covers the direction of an element. */
VQG_API bool vqg_cap_allows_(const struct vqg_cap *cap, bool device_writes)
{
    return (cap->rights & (device_writes ? VQG_CAP_WRITE : VQG_CAP_READ)) != 0u;
}

/** Address within the mapping of a capability, null when it has none. `addr` is covered. */
VQG_API void *vqg_cap_pointer_(const struct vqg_cap *cap, uint64_t addr)
{
    /* A mapping is at most as large as the address space of the host. */
    return cap->map == NULL ? NULL : (void *)((unsigned char *)cap->map + (size_t)(addr - cap->base));
}

/** True when the last byte of a mapping has an address on this host. */
VQG_API bool vqg_cap_map_is_sane_(const struct vqg_cap *cap)
{
    uint64_t at = (uint64_t)(uintptr_t)cap->map;
    uint64_t last = at + (cap->size - 1u);
    return cap->map == NULL || (last >= at && (uint64_t)(uintptr_t)last == last);
}

VQG_API bool vqg_cap_is_sane_(const struct vqg_cap *cap)
{
    return vqg_range_is_sane_(cap->base, cap->size) && vqg_range_is_sane_(cap->bus, cap->size) &&
           vqg_cap_map_is_sane_(cap) && (cap->rights & ~(VQG_CAP_READ | VQG_CAP_WRITE)) == 0u;
}

/** Checks entry `i` as it would stand with the value `cap`. */
VQG_API enum vqg_status vqg_cap_table_check_(const struct vqg_cap_table *t, uint32_t i, const struct vqg_cap *cap)
{
    VQG_EXPECT_(vqg_cap_is_sane_(cap), VQG_BAD_CAPS);
    if (i != 0u) {
        const struct vqg_cap *before = &t->caps[i - 1u];
        VQG_EXPECT_(before->base + (before->size - 1u) < cap->base, VQG_BAD_CAPS);
    }
    if (t->granule != 0u) {
        VQG_REQUIRE_CALLER(((cap->base | cap->size) & (t->granule - 1u)) == 0u, GRANULE, VQG_BAD_CAPS);
    }
    return VQG_OK;
}

/**
 * Sets up a table over `caps`, which stay the caller's memory and are not to be
 * changed behind the table. Checks that the entries ascend, do not overlap, do
 * not wrap (as addresses, on the bus, in the mapping), have no unknown right, and
 * that base and size are multiples of `granule` bytes (0: any; rule M6).
 *
 * @param t       the table
 * @param caps    the entries; may be null when `count` is 0
 * @param count   number of entries
 * @param granule 0, or a power of two in bytes
 * @return VQG_OK; VQG_BAD_CAPS, and `t->bad` is the index of the entry at fault
 *         (UINT32_MAX when it is the granule or a null pointer); VQG_BAD_ENDPOINT for a null `t`.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_cap_table_init(struct vqg_cap_table *t, struct vqg_cap *caps,
                                                              uint32_t count, uint64_t granule)
{
    uint32_t i;
    VQG_EXPECT_(t != NULL, VQG_BAD_ENDPOINT);
    t->caps = caps;
    t->count = 0;
    t->recent = 0;
    t->granule = granule;
    t->bad = UINT32_MAX;
    VQG_EXPECT_(caps != NULL || count == 0u, VQG_BAD_CAPS);
    VQG_EXPECT_(granule == 0u || vqg_is_power_of_two_(granule), VQG_BAD_CAPS);
    for (i = 0; i < count; i++) {
        enum vqg_status st = vqg_cap_table_check_(t, i, &caps[i]);
        if (st != VQG_OK) {
            t->bad = i;
            return st;
        }
        caps[i].pins = 0;
    }
    t->count = count;
    return VQG_OK;
}

/** Index of the last entry whose base is at most `addr`; 0 when there is none. `count` is not 0. */
VQG_API uint32_t vqg_cap_table_find_(const struct vqg_cap_table *t, uint64_t addr)
{
    const struct vqg_cap *caps = t->caps;
    uint32_t first = 0;
    uint32_t n = t->count;
    /* The number of steps depends on the count alone, and there is no branch to guess. */
    while (n > 1u) {
        uint32_t half = n / 2u;
        first += (caps[first + half].base <= addr) ? half : 0u;
        n -= half;
    }
    return first;
}

/** Looks `addr` up in a table; a `vqg_cap_lookup_fn`. A revoked entry covers nothing. */
VQG_API const struct vqg_cap *vqg_cap_table_lookup(void *table, uint64_t addr)
{
    struct vqg_cap_table *t = (struct vqg_cap_table *)table;
    const struct vqg_cap *cap;
    if (t->count == 0u) {
        return NULL;
    }
    cap = &t->caps[t->recent];
    if (addr - cap->base >= cap->size) {
        t->recent = vqg_cap_table_find_(t, addr);
        cap = &t->caps[t->recent];
        if (addr - cap->base >= cap->size) {
            return NULL;
        }
    }
    return cap->rights != 0u ? cap : NULL;
}

/** Pins an entry of a table; a `vqg_cap_pin_fn`. Refuses when the count would wrap. */
VQG_API bool vqg_cap_table_pin(void *table, const struct vqg_cap *cap, uint64_t addr, uint64_t bytes)
{
    struct vqg_cap_table *t = (struct vqg_cap_table *)table;
    struct vqg_cap *entry = &t->caps[t->recent];
    (void)addr;
    (void)bytes;
    if (entry != cap || entry->pins == UINT32_MAX) {
        return false;
    }
    entry->pins++;
    return true;
}

/** Unpins what covers `addr` in a table; a `vqg_cap_unpin_fn`. */
VQG_API void vqg_cap_table_unpin(void *table, uint64_t token, uint64_t addr, uint64_t bytes)
{
    struct vqg_cap_table *t = (struct vqg_cap_table *)table;
    (void)token;
    (void)bytes;
    if (t->count != 0u) {
        uint32_t i = vqg_cap_table_find_(t, addr);
        if (t->caps[i].pins != 0u) {
            t->caps[i].pins--;
        }
    }
}

/** The three callbacks for a table. The table stays the caller's. */
VQG_API struct vqg_caps vqg_cap_table_caps(struct vqg_cap_table *t)
{
    struct vqg_caps caps;
    caps.lookup = vqg_cap_table_lookup;
    caps.pin = vqg_cap_table_pin;
    caps.unpin = vqg_cap_table_unpin;
    caps.context = t;
    return caps;
}

/**
 * Replaces entry `i` of a table: new rights, another range that fits between its
 * neighbours, or rights 0 to revoke it. Refused while anything under the entry
 * is in flight (rules M3, M7).
 *
 * @return VQG_OK; VQG_BUSY while it is pinned; VQG_BAD_CAPS when `i` or the new
 *         value does not fit; VQG_BAD_ENDPOINT for a null argument.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_cap_table_replace(struct vqg_cap_table *t, uint32_t i,
                                                                 const struct vqg_cap *cap)
{
    enum vqg_status st;
    VQG_EXPECT_(t != NULL && cap != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(i < t->count, VQG_BAD_CAPS);
    VQG_REQUIRE_CALLER(t->caps[i].pins == 0u, NO_REUSE, VQG_BUSY);
    st = vqg_cap_table_check_(t, i, cap);
    if (st != VQG_OK) {
        return st;
    }
    VQG_EXPECT_(i + 1u == t->count || cap->base + (cap->size - 1u) < t->caps[i + 1u].base, VQG_BAD_CAPS);
    t->caps[i] = *cap;
    t->caps[i].pins = 0;
    return VQG_OK;
}

#ifdef __cplusplus
}
#endif

#endif
