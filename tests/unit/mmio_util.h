/* SPDX-License-Identifier: MIT */
/**
 * @file mmio_util.h
 * @brief A device behind registers, for the tests of its driver: honest, but for the one register that a test lets it
 * lie about. It knows nothing of the library; register offsets are written down again from the specification (4.2.2).
 */
#ifndef VQG_TEST_MMIO_UTIL_H
#define VQG_TEST_MMIO_UTIL_H

#include "device_util.h"

/** One access, as the hooks saw it. */
struct mmio_access {
    bool write;
    uint32_t offset;
    uint32_t width;
    uint32_t value;
};

#define BOARD_LOG 512u

/** The device, and what was done to it. */
struct board {
    struct vqg_mmio_hooks hooks;
    uint32_t id;
    uint64_t offered;
    uint64_t accepted;
    uint32_t offered_word;
    uint32_t accepted_word;
    uint32_t status;
    uint32_t queue_sel;
    uint32_t queues;
    uint32_t size_max;
    uint32_t size;
    uint32_t ready;
    uint32_t interrupts;
    uint32_t generation;
    uint32_t moves;    /**< the next so many reads of the configuration space each find it changed */
    uint32_t slow;     /**< a reset takes so many looks */
    uint32_t slow_left;
    uint64_t addr[3];
    uint8_t config[64];
    uint32_t lie_at;   /**< the register that it lies about, or 0xffffffff */
    uint32_t lie;      /**< what that reads as ... */
    uint32_t lie_from; /**< ... from this look on, the first being 0 */
    uint32_t looks;    /**< at the register that it lies about */
    uint32_t patience; /**< the caller's: so often it waits */
    uint32_t waits;
    struct mmio_access log[BOARD_LOG];
    uint32_t count;
};

static inline uint32_t board_half(uint64_t v, uint32_t word)
{
    return word == 0u ? (uint32_t)v : word == 1u ? (uint32_t)(v >> 32) : 0u;
}

static inline void board_log(struct board *b, bool write, uint32_t offset, uint32_t width, uint32_t value)
{
    assert_true(b->count < BOARD_LOG);
    b->log[b->count].write = write;
    b->log[b->count].offset = offset;
    b->log[b->count].width = width;
    b->log[b->count].value = value;
    b->count++;
}

static inline uint32_t board_config(struct board *b, uint32_t at, uint32_t width)
{
    uint32_t value = 0;
    uint32_t i;
    assert_true((width == 1u || width == 2u || width == 4u) && at % width == 0u);
    for (i = 0; i < width && at < sizeof b->config; i++) {
        value |= (uint32_t)b->config[at + i] << (8u * i);
    }
    if (b->moves > 0u) {
        b->moves--;
        b->generation++;
        b->config[0]++;
        b->config[4]++;
    }
    return value;
}

/* A reset that takes time: the status reads as before until then. */
static inline uint32_t board_status(struct board *b)
{
    if (b->slow_left > 0u) {
        b->slow_left--;
        if (b->slow_left == 0u) {
            b->status = 0;
            b->ready = 0;
        }
    }
    return b->status;
}

static inline uint32_t board_register(struct board *b, uint32_t offset)
{
    switch (offset) {
    case 0x000:
        return 0x74726976u;
    case 0x004:
        return 2;
    case 0x008:
        return b->id;
    case 0x010:
        return board_half(b->offered, b->offered_word);
    case 0x034:
        return b->queue_sel < b->queues ? b->size_max : 0u;
    case 0x044:
        return b->ready;
    case 0x060:
        return b->interrupts;
    case 0x070:
        return board_status(b);
    case 0x0c0:
        return b->slow_left > 0u ? 1u : 0u;
    case 0x0fc:
        return b->generation;
    default:
        fail_msg("the driver read 0x%x", offset);
        return 0;
    }
}

static inline uint32_t board_read(void *context, uint32_t offset, uint32_t width)
{
    struct board *b = context;
    uint32_t value;
    if (offset >= 0x100u) {
        value = board_config(b, offset - 0x100u, width);
    } else {
        assert_int_equal(width, 4);
        value = board_register(b, offset);
    }
    if (offset == b->lie_at) {
        value = b->looks >= b->lie_from ? b->lie : value;
        b->looks++;
    }
    board_log(b, false, offset, width, value);
    return value;
}

static inline void board_write_status(struct board *b, uint32_t value)
{
    if (value != 0u) {
        /* Only ever added to (2.1.1). */
        assert_int_equal(value & b->status & 0xbfu, b->status & 0xbfu);
        b->status |= value;
    } else if (b->slow > 0u) {
        b->slow_left = b->slow;
    } else {
        b->status = 0;
        b->ready = 0;
    }
}

static inline void board_write(void *context, uint32_t offset, uint32_t value)
{
    struct board *b = context;
    uint64_t *wide = offset >= 0x80u && offset < 0xb0u ? &b->addr[(offset - 0x80u) / 16u] : &b->accepted;
    uint32_t word = wide == &b->accepted ? b->accepted_word : (offset & 4u) / 4u;
    board_log(b, true, offset, 4, value);
    switch (offset) {
    case 0x014:
        b->offered_word = value;
        break;
    case 0x020:
    case 0x080:
    case 0x084:
    case 0x090:
    case 0x094:
    case 0x0a0:
    case 0x0a4:
        *wide &= word == 0u ? ~(uint64_t)0xffffffffu : 0xffffffffu;
        *wide |= (uint64_t)value << (32u * word);
        break;
    case 0x024:
        b->accepted_word = value;
        break;
    case 0x030:
        b->queue_sel = value;
        break;
    case 0x038:
        b->size = value;
        break;
    case 0x044:
        b->ready = value;
        break;
    case 0x050:
        break;
    case 0x064:
        b->interrupts &= ~value;
        break;
    case 0x070:
        board_write_status(b, value);
        break;
    case 0x0c0:
        assert_int_equal(value, 1);
        b->slow_left = b->slow;
        b->ready = b->slow > 0u ? b->ready : 0u;
        break;
    default:
        fail_msg("the driver wrote 0x%x", offset);
    }
}

static inline bool board_wait(void *context)
{
    struct board *b = context;
    if (b->waits == b->patience) {
        return false;
    }
    b->waits++;
    return true;
}

/** A disk with one queue of at most 1024, and every feature that the library knows. */
static inline void board_init(struct board *b)
{
    memset(b, 0, sizeof *b);
    b->hooks.read = board_read;
    b->hooks.write = board_write;
    b->hooks.wait = board_wait;
    b->hooks.context = b;
    b->id = 2;
    b->offered = (uint64_t)0x15f << 32 | 0x30006e54u;
    b->status = 0x0f; /* as a boot loader left it */
    b->queues = 1;
    b->size_max = 1024;
    b->lie_at = UINT32_MAX;
}

/** From the `from`-th look on, the register at `offset` reads as `value`. */
static inline void board_lies(struct board *b, uint32_t offset, uint32_t from, uint32_t value)
{
    b->lie_at = offset;
    b->lie_from = from;
    b->lie = value;
    b->looks = 0;
}

static inline void assert_access(const struct board *b, uint32_t n, bool write, uint32_t offset, uint32_t value)
{
    assert_true(n < b->count);
    assert_int_equal(b->log[n].write, write);
    assert_int_equal(b->log[n].offset, offset);
    assert_int_equal(b->log[n].value, value);
}

/** How often the register was read, or written. */
static inline uint32_t board_accesses(const struct board *b, bool write, uint32_t offset)
{
    uint32_t found = 0;
    uint32_t i;
    for (i = 0; i < b->count; i++) {
        found += b->log[i].write == write && b->log[i].offset == offset ? 1u : 0u;
    }
    return found;
}

/* A transport that has come so far; the log is empty then. */

static inline void board_probed(struct board *b, struct vqg_mmio *m)
{
    board_init(b);
    assert_status(vqg_mmio_probe(m, &b->hooks, 2), VQG_OK);
    b->count = 0;
}

static inline void board_begun(struct board *b, struct vqg_mmio *m)
{
    board_probed(b, m);
    assert_status(vqg_mmio_reset(m), VQG_OK);
    assert_status(vqg_mmio_begin(m), VQG_OK);
    b->count = 0;
}

static inline void board_agreed(struct board *b, struct vqg_mmio *m, uint64_t features)
{
    board_begun(b, m);
    assert_status(vqg_mmio_negotiate(m, features, features, NULL, 0), VQG_OK);
    b->count = 0;
}

static inline void board_live(struct board *b, struct vqg_mmio *m, uint64_t features)
{
    board_agreed(b, m, features);
    assert_status(vqg_mmio_driver_ok(m), VQG_OK);
    b->count = 0;
}

/** A violation that latched the transport: exact status and record; then nothing but a reset reaches the device. */
static inline void assert_latched(struct board *b, struct vqg_mmio *m, enum vqg_status st, enum vqg_rule rule,
                                  uint32_t index, uint64_t value, uint64_t limit)
{
    uint32_t dummy = 7;
    assert_violation(vqg_mmio_violation(m), st, rule, index, value, limit);
    assert_int_equal(vqg_mmio_violation(m)->count, 1);
    b->count = 0;
    assert_status(vqg_mmio_begin(m), VQG_DEAD);
    assert_status(vqg_mmio_negotiate(m, 0, 0, NULL, 0), VQG_DEAD);
    assert_status(vqg_mmio_queue_max(m, 0, &dummy), VQG_DEAD);
    assert_status(vqg_mmio_driver_ok(m), VQG_DEAD);
    assert_status(vqg_mmio_notify(m, 0), VQG_DEAD);
    assert_status(vqg_mmio_interrupt(m, &dummy), VQG_DEAD);
    assert_status(vqg_mmio_check(m), VQG_DEAD);
    assert_status(vqg_mmio_config_count(m, 0, 4, 1, &dummy), VQG_DEAD);
    assert_int_equal(dummy, 7);
    assert_int_equal(b->count, 0);
}

/** As assert_latched(), and the device can be told and reset, after which all begins anew. */
static inline void assert_latched_until_reset(struct board *b, struct vqg_mmio *m, enum vqg_status st,
                                              enum vqg_rule rule, uint32_t index, uint64_t value, uint64_t limit)
{
    assert_latched(b, m, st, rule, index, value, limit);
    b->lie_at = UINT32_MAX;
    assert_status(vqg_mmio_fail(m), VQG_OK);
    assert_int_equal(b->status & 0x80u, 0x80);
    assert_status(vqg_mmio_reset(m), VQG_OK);
    assert_int_equal(b->status, 0);
    assert_int_equal(m->features, 0);
    assert_int_equal(vqg_mmio_violation(m)->rule, VQG_RULE_NONE);
    assert_status(vqg_mmio_begin(m), VQG_OK);
    assert_int_equal(b->status, 3);
}

#endif
