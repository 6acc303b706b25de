/* SPDX-License-Identifier: MIT */
/**
 * @file attacks.h
 * @brief Attacks as data: what the other side writes, and which rule must stop it.
 *
 * Two tables a direction: what concerns any queue or a split one, and what only
 * a packed or an IN_ORDER one. Each attack starts from the same honest state: a
 * queue of ATTACK_SIZE, requests of three elements (header, buffer, status
 * byte), `rounds` of them served, `lent` of them in flight. What the attacker
 * then writes, over one more honest step, is `writes`. Without them that step
 * succeeds, which tests/unit/test_attacks.c checks too. An attack is played in
 * every format that it fits.
 *
 * Nothing here needs a test framework: fuzzers and tools read the same tables.
 */
#ifndef VQG_ATTACKS_H
#define VQG_ATTACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vqguard/layout.h"

/*
 * The honest state. Request k has the descriptors 3k, 3k + 1 and 3k + 2: of a split queue those of the table, of a
 * packed one those from where request 0 begins once the rounds are over.
 */
#define ATTACK_SIZE 8u
#define ATTACK_HEADER_BYTES 16u
#define ATTACK_BUFFER_BYTES 512u
#define ATTACK_STATUS_BYTES 1u
#define ATTACK_WRITABLE (ATTACK_BUFFER_BYTES + ATTACK_STATUS_BYTES)

/* Identifier of request k of an honest packed driver: neither its number nor its place. */
#define ATTACK_PACKED_ID(k) ((uint16_t)((5u * (k) + 2u) % ATTACK_SIZE))

/* The driver's addresses. Everything up to RDONLY may be read and written; HOLE belongs to somebody else. */
#define ATTACK_BASE UINT64_C(0x40000000)
#define ATTACK_DESC ATTACK_BASE
#define ATTACK_AVAIL (ATTACK_BASE + 0x80000u)
#define ATTACK_USED (ATTACK_BASE + 0x98000u)
#define ATTACK_TABLE (ATTACK_BASE + 0x100000u)
#define ATTACK_HEADER(k) (ATTACK_BASE + 0x200000u + 0x1000u * (uint64_t)(k))
#define ATTACK_BUFFER(k) (ATTACK_HEADER(k) + 0x200u)
#define ATTACK_STATUS(k) (ATTACK_HEADER(k) + 0x800u)
#define ATTACK_RDONLY (ATTACK_BASE + 0x300000u)
#define ATTACK_WRONLY (ATTACK_BASE + 0x310000u)
#define ATTACK_HOLE (ATTACK_BASE + 0x320000u)

/**
 * What a write goes to; `index` is a descriptor, an entry of the table, or a ring position. In a packed queue the used
 * element is always the one that comes next.
 */
enum attack_where {
    AT_END = 0, /* ends a list */
    AT_DESC_ADDR,
    AT_DESC_LEN,
    AT_DESC_FLAGS,
    AT_DESC_NEXT,
    AT_ENTRY_ADDR,
    AT_ENTRY_LEN,
    AT_ENTRY_FLAGS,
    AT_ENTRY_NEXT,
    AT_AVAIL_FLAGS,
    AT_AVAIL_IDX,
    AT_AVAIL_RING,
    AT_USED_EVENT,
    AT_USED_FLAGS,
    AT_USED_IDX,
    AT_USED_ID,
    AT_USED_LEN,
    AT_AVAIL_EVENT,
    AT_USED_REQUEST,  /* like AT_USED_ID: the id of that request */
    AT_DESC_REQUEST,  /* packed: like AT_DESC_ID: the id of that request */
    AT_DESC_ID,       /* packed */
    AT_DESC_MARK,     /* packed: all flags of a descriptor, as of the first lap; AT_DESC_FLAGS leaves it available */
    AT_USED_MARK,     /* packed: all flags of the used element, as of the first lap */
    AT_DRIVER_EVENT,  /* packed: the driver's event suppression structure, offset and wrap counter */
    AT_DRIVER_EVENT_FLAGS,
    AT_DEVICE_EVENT,  /* packed: the device's */
    AT_DEVICE_EVENT_FLAGS,
    AT_QUEUE_INDEX, /* the queue as the driver configures it */
    AT_QUEUE_SIZE,
    AT_QUEUE_ORDER,
    AT_QUEUE_DESC,
    AT_QUEUE_AVAIL,
    AT_QUEUE_USED,
    AT_NOTIFY /* the notification register */
};

struct attack_write {
    enum attack_where where;
    uint32_t index;
    uint64_t value;
};

/** When the attacker writes. */
enum attack_when {
    WHEN_POSTED = 0, /**< over the honest next chain, or the honest next completion, before it is looked at */
    WHEN_SET_UP,     /**< into the queue's configuration, before it is enabled */
    WHEN_NOTIFIED,   /**< into the notification register */
    WHEN_POPPED,     /**< after the device has popped the chain: too late to matter */
    WHEN_RESET,      /**< after the driver has begun a reset */
    WHEN_RESTARTED   /**< after the driver has reset and restarted the queue */
};

/** How a request is laid out. */
enum attack_shape {
    SHAPE_REQUEST = 0, /**< readable header, writable buffer, writable status */
    SHAPE_TABLE,       /**< the same in an indirect table at ATTACK_TABLE */
    SHAPE_SEND         /**< readable header, readable buffer */
};

/** Policy bits over the strict profile. */
#define ATTACK_POLICY_SPEC 1u    /* the specification profile */
#define ATTACK_POLICY_SEND 2u    /* a queue that only goes to the device */
#define ATTACK_POLICY_MINIMUM 4u /* 16 readable bytes, 1 writable; used length 1 */
#define ATTACK_POLICY_QUOTA 8u   /* at most 1024 bytes a chain */

/** Formats that an attack fits; none named: both. */
#define ATTACK_SPLIT 1u
#define ATTACK_PACKED 2u

#define ATTACK_WRITES 4u

struct attack {
    const char *name;
    enum vqg_rule rule;     /**< the rule that must stop it */
    enum vqg_status status; /**< what the guarded endpoint answers; VQG_OK when it must have no effect */
    const char *deed;       /**< what the attacker does */
    const char *harm;       /**< what that does to an endpoint without a guard */
    uint64_t features;      /**< beside VERSION_1 */
    uint32_t policy;        /**< ATTACK_POLICY_* */
    uint32_t formats;       /**< ATTACK_SPLIT, ATTACK_PACKED, or 0 for both */
    enum attack_when when;
    enum attack_shape shape;
    uint32_t rounds;   /**< honest steps before: requests there and back */
    uint32_t lent;     /**< requests in flight; on the driver's side the attacked one is among them */
    uint32_t returned; /**< on the driver's side: how many of those have come back already */
    uint32_t added;    /**< on the driver's side: requests added and not published */
    struct attack_write writes[ATTACK_WRITES]; /**< up to the first AT_END */
};

/** All attacks of one direction. */
struct attack_table {
    const char *title;
    bool on_driver; /**< the device attacks */
    const struct attack *attacks;
    size_t count;
};

extern const struct attack_table attacks_device_to_driver;
extern const struct attack_table attacks_driver_to_device;
extern const struct attack_table attacks_device_to_driver_packed;
extern const struct attack_table attacks_driver_to_device_packed;

#define ATTACK_TABLES 4u
extern const struct attack_table *const attack_tables[ATTACK_TABLES];

/** The attack of that name, or null; `*table` becomes the table it is in. */
const struct attack *attack_find(const char *name, const struct attack_table **table);
/** True when the attack is one on a queue of this format. */
bool attack_fits(const struct attack *a, bool packed);
/** True when it fits, and the library was built with what the queue needs. */
bool attack_is_playable(const struct attack *a, bool packed);

/* For the tables: the only format, the rule, and what follows from it. */
#define SPLIT_ONLY .formats = ATTACK_SPLIT
#define PACKED_ONLY .formats = ATTACK_PACKED
#define BREAKS(rule_name) .rule = VQG_RULE_##rule_name, .status = VQG_V_##rule_name
#define NO_EFFECT(rule_name) .rule = VQG_RULE_##rule_name, .status = VQG_OK
#define REFUSED_AS(rule_name, status_name)                                                                             \
    .when = WHEN_SET_UP, .rule = VQG_RULE_##rule_name, .status = VQG_##status_name

#endif
