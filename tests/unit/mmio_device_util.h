/* SPDX-License-Identifier: MIT */
/**
 * @file mmio_device_util.h
 * @brief A register file with two queues, of four that lie in memory, and the driver's hand on it. Register offsets are
 * written down again from the specification (4.2.2).
 */
#ifndef VQG_TEST_MMIO_DEVICE_UTIL_H
#define VQG_TEST_MMIO_DEVICE_UTIL_H

#include "device_util.h"

#define FILE_FEATURES ((uint64_t)0x105 << 32 | 0x30000044u) /* RING_RESET, RING_PACKED and VERSION_1; 28, 29; two more */
#define FILE_CONFIG 15u
#define QUEUES 2u
#define QUEUES_BEHIND 2u /* so many entries lie behind, which are not the register file's */

struct file {
    struct vqg_mmio_device d;
    struct vqg_mmio_queue queues[QUEUES + QUEUES_BEHIND];
    uint8_t config[FILE_CONFIG];
    struct vqg_mmio_shown shown;
    struct vqg_mmio_event event; /* of the latest write */
};

static inline void file_shown(struct file *f)
{
    uint32_t i;
    memset(f, 0, sizeof *f);
    for (i = 0; i < FILE_CONFIG; i++) {
        f->config[i] = (uint8_t)(0x81u + i);
    }
    for (i = 0; i < QUEUES + QUEUES_BEHIND; i++) {
        f->queues[i].size_max = 64u << i;
    }
    f->shown.device_id = 2;
    f->shown.vendor_id = 0x12345678u;
    f->shown.features = FILE_FEATURES;
    f->shown.required = 0x40u;
    f->shown.config = f->config;
    f->shown.config_bytes = FILE_CONFIG;
    f->shown.count = QUEUES;
    f->shown.queues = f->queues;
}

static inline void file_init(struct file *f)
{
    file_shown(f);
    assert_status(vqg_mmio_device_init(&f->d, &f->shown), VQG_OK);
}

static inline uint32_t file_get(struct file *f, uint32_t offset)
{
    uint32_t value = 77;
    assert_status(vqg_mmio_device_read(&f->d, offset, 4, &value), VQG_OK);
    return value;
}

/** A write that is as it should be; gives what follows. */
static inline enum vqg_mmio_event_kind file_put(struct file *f, uint32_t offset, uint32_t value)
{
    memset(&f->event, 0xa5, sizeof f->event);
    assert_status(vqg_mmio_device_write(&f->d, offset, 4, value, &f->event), VQG_OK);
    return f->event.kind;
}

static inline void file_accept(struct file *f, uint64_t features)
{
    (void)file_put(f, 0x024, 0);
    (void)file_put(f, 0x020, (uint32_t)features);
    (void)file_put(f, 0x024, 1);
    (void)file_put(f, 0x020, (uint32_t)(features >> 32));
}

/* A register file whose driver has come so far. */

static inline void file_begun(struct file *f)
{
    file_init(f);
    assert_int_equal(file_put(f, 0x070, 1), VQG_MMIO_NOTHING);
    assert_int_equal(file_put(f, 0x070, 3), VQG_MMIO_NOTHING);
}

static inline void file_agreed(struct file *f, uint64_t features)
{
    file_begun(f);
    file_accept(f, features);
    assert_int_equal(file_put(f, 0x070, 0x0b), VQG_MMIO_NOTHING);
    assert_int_equal(file_get(f, 0x070), 0x0b);
}

static inline void file_live(struct file *f, uint64_t features)
{
    file_agreed(f, features);
    assert_int_equal(file_put(f, 0x070, 0x0f), VQG_MMIO_DRIVER_OK);
}

/** Configures queue `index` and wants it enabled. */
static inline void file_start(struct file *f, uint32_t index)
{
    (void)file_put(f, 0x030, index);
    (void)file_put(f, 0x038, 8);
    (void)file_put(f, 0x080, 0x1000);
    (void)file_put(f, 0x084, 0x11);
    (void)file_put(f, 0x090, 0x2000);
    (void)file_put(f, 0x094, 0x22);
    (void)file_put(f, 0x0a0, 0x3000);
    (void)file_put(f, 0x0a4, 0x33);
    assert_int_equal(file_put(f, 0x044, 1), VQG_MMIO_QUEUE_START);
    assert_int_equal(f->event.at.queue, index);
}

static inline void file_enable(struct file *f, uint32_t index)
{
    file_start(f, index);
    assert_status(vqg_mmio_device_settle(&f->d, index, true), VQG_OK);
    assert_int_equal(file_get(f, 0x044), 1);
}

/** What a refused access must leave as it is: all but the record. */
static inline void assert_file_unchanged(const struct file *before, const struct file *f)
{
    struct file a = *before;
    struct file b = *f;
    memset(&a.d.guard.violation, 0, sizeof a.d.guard.violation);
    memset(&b.d.guard.violation, 0, sizeof b.d.guard.violation);
    memset(&a.event, 0, sizeof a.event);
    memset(&b.event, 0, sizeof b.event);
    assert_memory_equal(&a, &b, sizeof a);
}

/** The next write is refused: exact status and record; no register changed; nothing follows; the file goes on. */
static inline void assert_put_refused(struct file *f, uint32_t offset, uint32_t width, uint32_t value,
                                      enum vqg_rule rule, uint64_t said, uint64_t limit)
{
    struct file before;
    enum vqg_status st;
    vqg_guard_clear_(&f->d.guard);
    before = *f;
    memset(&f->event, 0xa5, sizeof f->event);
    st = vqg_mmio_device_write(&f->d, offset, width, value, &f->event);
    assert_violation(vqg_mmio_device_violation(&f->d), st, rule, 0, said, limit);
    assert_int_equal(vqg_mmio_device_violation(&f->d)->count, 1);
    assert_int_equal(f->event.kind, VQG_MMIO_NOTHING);
    assert_int_equal(f->event.at.queue, 0);
    assert_file_unchanged(&before, f);
    assert_int_equal(file_get(f, 0x000), 0x74726976u);
}

static inline void assert_get_refused(struct file *f, uint32_t offset, uint32_t width)
{
    struct file before;
    uint32_t value = 77;
    enum vqg_status st;
    vqg_guard_clear_(&f->d.guard);
    before = *f;
    st = vqg_mmio_device_read(&f->d, offset, width, &value);
    assert_violation(vqg_mmio_device_violation(&f->d), st, VQG_RULE_REGISTER_ACCESS, 0, offset, width);
    assert_int_equal(value, 0);
    assert_file_unchanged(&before, f);
}

#endif
