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
 * covers, are in flight (rule M3). `*pin` becomes what ends the pin later: the
 * platform's own, handed back as it is.
 *
 * @return false when it is being revoked already.
 */
typedef bool (*vqg_cap_pin_fn)(void *context, const struct vqg_cap *cap, uint64_t addr, uint64_t bytes, uint64_t *pin);

/** Ends a pin. */
typedef void (*vqg_cap_unpin_fn)(void *context, uint64_t pin);

struct vqg_cap_table;

/** How a device asks the platform: the ready-made table, or callbacks. */
struct vqg_caps {
    struct vqg_cap_table *table; /**< not null: asked without a call through a pointer */
    vqg_cap_lookup_fn lookup;    /**< not null without a table */
    vqg_cap_pin_fn pin;          /**< null when capabilities are never revoked */
    vqg_cap_unpin_fn unpin;      /**< null exactly when `pin` is */
    void *context;               /**< first argument of all three */
};

/** A sorted table of capabilities in the caller's memory, with a one-entry cache. */
struct vqg_cap_table {
    struct vqg_cap *caps; /**< private: ascending by base, disjoint */
    uint32_t count;       /**< private */
    uint32_t top;         /**< private: the largest power of two up to `count`, or 0 */
    uint32_t recent;      /**< private: index of the latest answer */
    uint64_t granule;     /**< private: 0 or a power of two */
    uint32_t epoch;       /**< private: changes with every change of an entry */
    uint32_t bad;         /**< after VQG_BAD_CAPS: index of the entry at fault */
};

/** True when a right covers the direction of an element. */
VQG_API bool vqg_cap_allows_(const struct vqg_cap *cap, bool device_writes)
{
    return ((cap->rights >> device_writes) & 1u) != 0u; /* VQG_CAP_READ is bit 0, VQG_CAP_WRITE bit 1 */
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
 * changed behind the table, nor set up again while a device uses it. Checks that the entries ascend, do not overlap, do
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
    t->epoch = 0;
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
    t->top = count == 0u ? 0u : 1u;
    while (t->top != 0u && t->top <= count / 2u) {
        t->top *= 2u;
    }
    return VQG_OK;
}

/** Index of the last entry whose base is at most `addr`; 0 when there is none. `count` is not 0. */
VQG_API uint32_t vqg_cap_table_find_(const struct vqg_cap_table *t, uint64_t addr)
{
    const struct vqg_cap *at = t->caps;
    const struct vqg_cap *middle = at + (t->count - t->top);
    size_t half = (size_t)t->top * sizeof *at;
    /* The count alone decides on the number of steps, and there is no branch to guess. Bytes spare each a product. */
    at = middle->base <= addr ? middle : at;
    while ((half /= 2u) >= sizeof *at) {
        /* NOLINTNEXTLINE(bugprone-casting-through-void): a whole number of entries on. */
        middle = (const struct vqg_cap *)(const void *)((const unsigned char *)at + half);
        at = middle->base <= addr ? middle : at;
    }
    return (uint32_t)(at - t->caps);
}

/** Looks `addr` up in a table, when the latest answer does not cover it. */
VQG_API const struct vqg_cap *vqg_cap_table_search_(struct vqg_cap_table *t, uint64_t addr)
{
    const struct vqg_cap *cap;
    if (t->count == 0u) {
        return NULL;
    }
    t->recent = vqg_cap_table_find_(t, addr);
    cap = &t->caps[t->recent];
    return addr - cap->base < cap->size && cap->rights != 0u ? cap : NULL;
}

/** The capability of a table that covers `addr`, or null. A revoked entry covers nothing. */
VQG_API const struct vqg_cap *vqg_cap_table_lookup(struct vqg_cap_table *t, uint64_t addr)
{
    if (t->count != 0u) {
        const struct vqg_cap *cap = &t->caps[t->recent];
        if (addr - cap->base < cap->size && cap->rights != 0u) {
            return cap;
        }
    }
    return vqg_cap_table_search_(t, addr);
}

/** Pins the entry that was looked up last. Refuses another one, and when the count would wrap. */
VQG_API bool vqg_cap_table_pin(struct vqg_cap_table *t, const struct vqg_cap *cap, uint64_t *pin)
{
    struct vqg_cap *entry = &t->caps[t->recent];
    if (entry != cap || entry->pins == UINT32_MAX) {
        return false;
    }
    *pin = t->recent;
    entry->pins++;
    return true;
}

/** Ends a pin of vqg_cap_table_pin(). */
VQG_API void vqg_cap_table_unpin(struct vqg_cap_table *t, uint64_t pin)
{
    if (pin < t->count && t->caps[pin].pins != 0u) {
        t->caps[pin].pins--;
    }
}

/** The table as what a device asks. It stays the caller's. */
VQG_API struct vqg_caps vqg_cap_table_caps(struct vqg_cap_table *t)
{
    struct vqg_caps caps;
    caps.table = t;
    caps.lookup = NULL;
    caps.pin = NULL;
    caps.unpin = NULL;
    caps.context = NULL;
    return caps;
}

/** Finds the capability that covers `addr`. */
VQG_API const struct vqg_cap *vqg_caps_lookup_(const struct vqg_caps *caps, uint64_t addr)
{
    return caps->table != NULL ? vqg_cap_table_lookup(caps->table, addr) : caps->lookup(caps->context, addr);
}

/** Pins what vqg_caps_lookup_() has just found. */
VQG_API bool vqg_caps_pin_(const struct vqg_caps *caps, const struct vqg_cap *cap, uint64_t addr, uint64_t bytes,
                           uint64_t *pin)
{
    if (caps->table != NULL) {
        return vqg_cap_table_pin(caps->table, cap, pin);
    }
    *pin = 0;
    return caps->pin == NULL || caps->pin(caps->context, cap, addr, bytes, pin);
}

/** Ends a pin. */
VQG_API void vqg_caps_unpin_(const struct vqg_caps *caps, uint64_t pin)
{
    if (caps->table != NULL) {
        vqg_cap_table_unpin(caps->table, pin);
    } else if (caps->unpin != NULL) {
        caps->unpin(caps->context, pin);
    }
}

/** True when there is a table, or a lookup with both pin and unpin or neither. */
VQG_API bool vqg_caps_are_sane_(const struct vqg_caps *caps)
{
    return caps->table != NULL || (caps->lookup != NULL && (caps->pin == NULL) == (caps->unpin == NULL));
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
    t->epoch++;
    return VQG_OK;
}

#ifdef __cplusplus
}
#endif

#endif
