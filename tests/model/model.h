/* SPDX-License-Identifier: MIT */
/*
 * A naive model of virtqueues, split and packed: what the virtio 1.2 specification (sections 2.7 and
 * 2.8) and the rule catalogue say, read once more and written down slowly. It is an oracle for
 * differential tests, so it shares nothing with the code under test and prefers the obvious loop
 * everywhere. The features of a queue say its format, and nothing else does.
 *
 * How to compare an implementation with it:
 *
 *     implementation says OK           <=>  the model's set is empty, and all outputs are equal
 *     implementation says "rule R"      =>  R is in the model's set
 *
 * The set holds every broken rule that a reader meets until the walk cannot go on, because two
 * correct readers may test the same rules in another order.
 *
 * The model never writes to guest memory. A mistake of the test itself (a table in a capability
 * that has no simulated memory behind it, a pop before a good init, ...) prints and aborts.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---------------------------------------------------------------- rules and sets of rules */

#define SM_RULES(X) \
    X(Q1) X(Q2) X(Q3) X(Q4) X(Q5) X(Q6) X(Q7) \
    X(S1) X(S2) X(S3) X(S4) X(S5) \
    X(C1) X(C2) X(C3) X(C4) X(C5) X(C6) X(C7) X(C8) X(C9) X(C10) X(C11) X(C12) \
    X(I1) X(I2) X(I3) X(I4) X(I5) X(I6) X(I8) X(I9) X(I10) X(I12) \
    X(M1) X(M2) X(M9) \
    X(X8) \
    X(U1) X(U2) X(U3) X(U5) X(U6) \
    X(P3) X(P4) X(P5) \
    X(O2) X(O4) X(O5)

#define SM_RULE_ENUM(id) SM_##id,
enum sm_rule { SM_RULES(SM_RULE_ENUM) SM_RULE_COUNT };
#undef SM_RULE_ENUM

struct sm_set {
    bool has[SM_RULE_COUNT];
};

const char *sm_rule_name(enum sm_rule rule);                        /* "C4" */
enum sm_rule sm_rule_by_name(const char *name);                     /* SM_RULE_COUNT: no such rule */
bool sm_set_is_empty(const struct sm_set *set);
bool sm_set_has(const struct sm_set *set, enum sm_rule rule);
bool sm_set_has_name(const struct sm_set *set, const char *name);   /* false for an unknown name */
size_t sm_set_count(const struct sm_set *set);
const char *sm_set_text(const struct sm_set *set, char *text, size_t size); /* "S3 C4", "-" if empty */

/* ---------------------------------------------------------------- bytes in a chosen order */

uint16_t sm_get16(const uint8_t *bytes, bool big_endian);
uint32_t sm_get32(const uint8_t *bytes, bool big_endian);
uint64_t sm_get64(const uint8_t *bytes, bool big_endian);
void sm_put16(uint8_t *bytes, uint16_t value, bool big_endian);
void sm_put32(uint8_t *bytes, uint32_t value, bool big_endian);
void sm_put64(uint8_t *bytes, uint64_t value, bool big_endian);

/* ---------------------------------------------------------------- device side: hostile driver */

#define SM_DESC_NEXT     1u
#define SM_DESC_WRITE    2u
#define SM_DESC_INDIRECT 4u
#define SM_DESC_AVAIL    0x80u      /* packed only, as is the next */
#define SM_DESC_USED     0x8000u

#define SM_FEATURE_INDIRECT_DESC (UINT64_C(1) << 28)
#define SM_FEATURE_EVENT_IDX     (UINT64_C(1) << 29)
#define SM_FEATURE_RING_PACKED   (UINT64_C(1) << 34)
#define SM_FEATURE_IN_ORDER      (UINT64_C(1) << 35)

/*
 * Where a side is. Split: an index, modulo 2^16. Packed: the offset, and the wrap counter as bit 15;
 * a fresh packed queue starts at SM_PACKED_START.
 */
#define SM_WRAP         0x8000u
#define SM_PACKED_START SM_WRAP

#define SM_RIGHT_READ  1u
#define SM_RIGHT_WRITE 2u

/* Guest address base + i is bytes[i], for i < size. */
struct sm_memory {
    const uint8_t *bytes;
    uint64_t base;
    uint64_t size;
};

/* Capabilities of one list do not overlap; their order does not matter. */
struct sm_capability {
    uint64_t base;
    uint64_t size;
    unsigned rights;
    uint64_t bus;       /* guest address base is bus address bus */
};

enum sm_direction { SM_DIRECTION_ANY, SM_DIRECTION_READABLE_ONLY, SM_DIRECTION_WRITABLE_ONLY };
enum sm_zero_length { SM_ZERO_REJECT, SM_ZERO_SKIP };
enum sm_spanning { SM_SPANNING_REFUSE, SM_SPANNING_SPLIT };

struct sm_policy {
    uint32_t max_elements;          /* of a chain;           0: the queue size */
    uint32_t max_table_entries;     /* of an indirect table; 0: the queue size */
    uint64_t max_chain_bytes;       /* 0: 2^32 - 1 */
    uint64_t max_bytes_in_flight;   /* 0: no limit */
    uint64_t max_addr;              /* highest address of a byte; 0: no limit */
    uint64_t min_readable;
    uint64_t min_writable;
    enum sm_direction direction;
    enum sm_zero_length zero_length;
    enum sm_spanning spanning;
    bool canonical;                 /* the strict profile: rules I8 and I9 are in force */
};

struct sm_dev_config {
    uint32_t size;                  /* entries of the queue, as configured */
    uint32_t offered_max;           /* most entries that were offered;   0: not tested */
    uint32_t capacity;              /* entries of the private arrays;    0: not tested */
    bool big_endian;
    uint64_t features;
    uint64_t desc, avail, used;     /* guest addresses of the three parts */
    uint16_t start_avail;           /* private positions to start with */
    uint16_t start_used;
    /*
     * false: avail.idx is read at each pop.
     * true:  avail.idx is read only when all entries seen by the read before are used up. (Split.)
     */
    bool batch_index;
    /*
     * false: the driver sees each return at once.
     * true:  it sees returns at the next sm_dev_publish only. Until then it cannot have used their
     *        descriptors again, so that for S3 and P3 they still belong to the device.
     */
    bool batch_used;
    struct sm_policy policy;
    const struct sm_capability *capabilities;   /* copied by sm_dev_init */
    size_t capability_count;
};

struct sm_in_flight {
    bool live;
    bool dropped;       /* IN_ORDER: goes back, with length 0, when it is the oldest */
    uint32_t slots;     /* descriptors of the ring that it takes */
    uint64_t writable;
    uint64_t total;
};

/* What the device gave back, and the driver has not been shown. */
struct sm_return {
    uint32_t id;
    uint32_t len;
    uint32_t slots;
    bool complete;      /* every writable byte was written: IN_ORDER may leave it to the next one */
};

struct sm_range {
    uint64_t addr;
    uint64_t len;
};

struct sm_dev {
    bool ready;
    struct sm_dev_config config;
    struct sm_memory memory;
    struct sm_capability *capabilities; /* the model's own copy */
    struct sm_range part[3];            /* desc, avail, used; of a packed queue ring, driver and device events */
    uint16_t last_avail;                /* position behind the last chain taken */
    uint16_t before_avail;              /* and before it */
    uint16_t seen_avail;                /* split: avail.idx as last accepted */
    uint16_t used_idx;                  /* position behind the last chain returned */
    uint16_t shown;                     /* position up to which the driver was shown returns */
    uint32_t in_flight_count;           /* chains */
    uint32_t in_flight_slots;           /* their descriptors */
    uint32_t unpublished;               /* chains returned, and not seen by the driver yet; see batch_used */
    uint32_t unpublished_slots;         /* their descriptors */
    uint64_t bytes_in_flight;
    struct sm_in_flight *in_flight;     /* [size], by head or id */
    int32_t *owner;                     /* split: [size], by descriptor: head of its live chain, or -1 */
    uint32_t *order;                    /* [size]: heads or ids in flight, in the order they were taken */
    uint32_t order_count;
    uint32_t next_desc;                 /* split, IN_ORDER: where the next chain starts; size: not known (O4) */
    uint32_t before_next_desc;
    struct sm_return *returns;          /* [size]: since the driver was shown the last one */
    uint32_t return_count;
    uint8_t *used_image;                /* split: what the used part must contain, see sm_dev_used_image */
};

enum sm_outcome { SM_EMPTY, SM_OK, SM_BROKEN };

struct sm_segment {
    uint64_t addr;
    uint64_t len;
    bool write;
    uint64_t bus;
};

struct sm_chain {
    enum sm_outcome outcome;
    struct sm_set broken;
    bool head_known;                /* a head, or the id of a whole list, was read (it may still break S2, P5, S4) */
    uint16_t head;
    uint32_t slots;                 /* descriptors of the ring that it takes; 0: its end was not found */
    /* only for SM_OK: */
    struct sm_segment *segments;    /* freed by sm_chain_free */
    size_t segment_count;
    uint64_t readable;
    uint64_t writable;
    uint32_t elements;              /* descriptors walked, without the one that refers to a table */
    bool indirect;
};

/* Q1 Q2 Q3 Q4 Q5 Q6 Q7 M2. The device model is usable (dev->ready) if the set is empty. */
struct sm_set sm_dev_init(struct sm_dev *dev, const struct sm_dev_config *config, struct sm_memory memory);
void sm_dev_free(struct sm_dev *dev);

/* Takes the next chain. Private state changes only for SM_OK (and the index seen, if batched). */
struct sm_chain sm_dev_pop(struct sm_dev *dev);
void sm_chain_free(struct sm_chain *chain);

/* As if the chain popped last had not been popped, whose segments are kept. */
void sm_dev_unpop(struct sm_dev *dev, const struct sm_chain *chain);

/* Returns a popped chain: C11 C12 O5. State and image change only if the set is empty. */
struct sm_set sm_dev_push(struct sm_dev *dev, uint32_t head, uint64_t written);

/*
 * Consumes this refused chain, which is the next one, and returns it with length 0 (IN_ORDER: as
 * soon as all before it are back). S2, S4, or P3, P4, P5 for packed, if such a chain cannot be
 * returned at all. The caller decides which rules allow it.
 */
struct sm_set sm_dev_drop(struct sm_dev *dev, const struct sm_chain *refused);

/* The driver sees everything that push and drop returned. */
void sm_dev_publish(struct sm_dev *dev);

/*
 * Split, not IN_ORDER: what the used part must contain now: 6 + 8 * size bytes, made of the bytes
 * found at init and what push and drop did since. Bytes 0-1 (flags) and the last two (avail_event)
 * are the device's own choice: the image keeps their first value.
 */
const uint8_t *sm_dev_used_image(const struct sm_dev *dev, size_t *size);

/* Compares used.idx and the used ring in guest memory with the image. *offset: first difference. */
bool sm_dev_used_matches(const struct sm_dev *dev, size_t *offset);

/*
 * Packed, or IN_ORDER: reads what the ring says since it was read so before, as a driver does: exactly
 * what push and drop returned, in that order. IN_ORDER: the one that is written stands for those
 * before it, which must have been written completely.
 */
bool sm_dev_returns_match(struct sm_dev *dev);

/* Must the driver be notified when the device's position went from old to new? */
bool sm_dev_notify(const struct sm_dev *dev, uint16_t old_used, uint16_t new_used);

/* ---------------------------------------------------------------- driver side: hostile device */

enum sm_len_policy { SM_LEN_REJECT, SM_LEN_CLAMP, SM_LEN_COUNT };

struct sm_lent {
    bool live;
    uint32_t slots;
    uint64_t writable;
    uint64_t min;
    uint64_t cookie;
};

struct sm_drv {
    uint64_t features;
    uint32_t size;
    uint16_t avail_idx;         /* position behind the last chain lent */
    uint16_t last_used;         /* position behind the last one taken */
    uint32_t outstanding;       /* chains lent and not returned */
    uint32_t outstanding_slots; /* their descriptors */
    uint64_t clamped_count;     /* how often under SM_LEN_COUNT a length was cut ... */
    uint64_t short_count;       /* ... or was below the minimum */
    struct sm_lent *lent;       /* [size], by head or id */
    uint32_t *order;            /* [size]: heads or ids, in the order they were lent */
    bool unflagged;             /* packed: a length counts without the write flag too */
    uint32_t batch;             /* IN_ORDER: that many more of them are back already */
    uint32_t batch_len;         /* and this was said of the last */
};

/* What the driver sees: used.idx (split), and the element where it looks next. */
struct sm_used {
    uint16_t idx;
    uint16_t flags;             /* packed */
    uint32_t id;
    uint32_t len;
};

struct sm_take {
    enum sm_outcome outcome;
    struct sm_set broken;
    /* only for SM_OK: */
    uint32_t head;
    uint64_t cookie;
    uint64_t len;               /* never more than what was lent */
    bool clamped;               /* the device claimed more */
    bool too_short;             /* less than the minimum */
    bool claimed;               /* nobody wrote this length: all of it, says IN_ORDER */
};

/* Size: one that the format allows. Positions as of a fresh queue: 0, or SM_PACKED_START. */
void sm_drv_init(struct sm_drv *drv, uint64_t features, uint32_t size, uint16_t start_avail, uint16_t start_used);
void sm_drv_free(struct sm_drv *drv);

/* false: no such head, it is lent already, or no room for the descriptors (the caller's mistake, nothing changes). */
bool sm_drv_lend(struct sm_drv *drv, uint32_t head, uint32_t slots, uint64_t writable, uint64_t min, uint64_t cookie);

/*
 * Takes one completion; the element is that of slot last_used % size, or of the offset last_used.
 * U1 U2 U3 U5 U6 O2. State changes only for SM_OK. While a batch lasts, nothing is looked at.
 */
struct sm_take sm_drv_take(struct sm_drv *drv, struct sm_used used, enum sm_len_policy policy);

/* Must the device be notified when avail.idx went from old to new? */
bool sm_drv_need_kick(uint16_t old_avail, uint16_t new_avail, uint16_t used_flags,
                      uint16_t avail_event, bool event_idx);

/* ---------------------------------------------------------------- packed positions */

uint16_t sm_packed_advance(uint16_t position, uint32_t slots, uint32_t size);
uint16_t sm_packed_available(uint16_t position);    /* the two flags of an available element there */
uint16_t sm_packed_used(uint16_t position);         /* and of a used one */

/*
 * Must the other side be notified when the position went from old to new? `event` and `flags` are
 * the two words of its event suppression structure.
 */
bool sm_packed_must_notify(uint16_t old_position, uint16_t new_position, uint16_t event, uint16_t flags,
                           bool event_idx, uint32_t size);

/* ---------------------------------------------------------------- random numbers */

struct sm_random {
    uint64_t state;
};

void sm_random_seed(struct sm_random *random, uint64_t seed);
uint64_t sm_random_next(struct sm_random *random);
uint64_t sm_random_below(struct sm_random *random, uint64_t limit);             /* 0..limit-1; 0 for limit 0 */
bool sm_random_chance(struct sm_random *random, uint64_t hits, uint64_t of);    /* true in hits of "of" cases */

#endif
