/* SPDX-License-Identifier: MIT */
/* The model of a register file: what each access means, and what it breaks. */
#include "mmio_device.h"

#include <string.h>

enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 0x40, FAILED = 0x80 };
#define NOTIFICATION_DATA (UINT64_C(1) << 38)
#define RING_RESET (UINT64_C(1) << 40)

struct file_model file_model;
#define M file_model

void file_clear(void)
{
    const uint32_t generation = M.generation;
    const struct vqg_mmio_shown shown = M.shown;
    uint32_t size_max[FILE_QUEUES];
    for (unsigned i = 0; i < FILE_QUEUES; i++) {
        size_max[i] = M.queues[i].size_max;
    }
    memset(&M, 0, sizeof M);
    M.generation = generation;
    M.shown = shown;
    for (unsigned i = 0; i < FILE_QUEUES; i++) {
        M.queues[i].size_max = size_max[i];
    }
}

/* ---------------------------------------------------------------- the status */

/* Each bit is set behind the one that it needs; none is taken back; behind FAILED comes a reset. */
static bool may_become(uint32_t value)
{
    const uint32_t own = M.status & NEEDS_RESET;
    const uint32_t had = M.status & ~(uint32_t)NEEDS_RESET;
    bool may = (value & ~(ACKNOWLEDGE | DRIVER | DRIVER_OK | FEATURES_OK | FAILED | own)) == 0u;
    may = may && (had & ~value) == 0u && (had & FAILED) == 0u;
    may = may && ((value & DRIVER) == 0u || (value & ACKNOWLEDGE) != 0u);
    may = may && ((value & FEATURES_OK) == 0u || (value & DRIVER) != 0u);
    return may && ((value & DRIVER_OK) == 0u || (had & FEATURES_OK) != 0u);
}

static unsigned write_status(uint32_t value, struct vqg_mmio_event *event)
{
    const uint32_t added = value & ~M.status;
    const uint64_t required = M.shown.required | UINT64_C(1) << 32;
    unsigned broken = 0;
    if (value == 0u) {
        event->kind = M.status != 0u && !M.resetting ? VQG_MMIO_RESET : VQG_MMIO_NOTHING;
        M.resetting = M.resetting || M.status != 0u;
        return 0;
    }
    broken |= M.resetting || !may_become(value) ? ORDER : 0u;
    if ((added & FEATURES_OK) != 0u) {
        broken |= M.beyond || (M.features & ~M.shown.features) != 0u || (required & ~M.features) != 0u ? OFFERED : 0u;
    }
    if (broken == 0u) {
        M.status |= value;
        event->kind = (added & FAILED) != 0u      ? VQG_MMIO_FAILED
                      : (added & DRIVER_OK) != 0u ? VQG_MMIO_DRIVER_OK
                                                  : VQG_MMIO_NOTHING;
    }
    return broken;
}

/* ---------------------------------------------------------------- queues */

static void replace(uint64_t *words, uint32_t which, uint32_t value)
{
    const unsigned shift = 32u * which;
    *words = (*words & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)value << shift;
}

static unsigned stop(enum vqg_mmio_queue_state next, struct vqg_mmio_event *event)
{
    if (M.queues[M.queue].state == VQG_MMIO_QUEUE_ASKED) {
        return FROZEN;
    }
    if (M.queues[M.queue].state == VQG_MMIO_QUEUE_LIVE) {
        M.queues[M.queue].state = next;
        event->kind = VQG_MMIO_QUEUE_STOP;
        event->at.queue = M.queue;
    }
    return 0;
}

static unsigned write_queue(uint32_t offset, uint32_t value, struct vqg_mmio_event *event)
{
    unsigned broken = 0;
    if (M.queue >= M.shown.count) {
        return SELECTED;
    }
    if (offset == 0x0c0u) {
        return value != 1u || (M.features & RING_RESET) == 0u ? ACCESS : stop(VQG_MMIO_QUEUE_RESETTING, event);
    }
    if (offset == 0x044u && value == 0u) {
        return stop(VQG_MMIO_QUEUE_STOPPING, event);
    }
    broken |= offset == 0x044u && value != 1u ? ACCESS : 0u;
    broken |= ((M.status & FEATURES_OK) == 0u || (M.status & DRIVER_OK) != 0u) && !M.queues[M.queue].again ? ORDER : 0u;
    broken |= M.queues[M.queue].state != VQG_MMIO_QUEUE_OFF ? FROZEN : 0u;
    if (broken != 0u) {
        return broken;
    }
    if (offset == 0x038u) {
        M.queues[M.queue].size = value;
    } else if (offset == 0x044u) {
        M.queues[M.queue].state = VQG_MMIO_QUEUE_ASKED;
        event->kind = VQG_MMIO_QUEUE_START;
        event->at.queue = M.queue;
    } else {
        replace(&M.queues[M.queue].addr[offset / 16u - 8u], offset / 4u % 2u, value);
    }
    return 0;
}

static unsigned write_notify(uint32_t value, struct vqg_mmio_event *event)
{
    const bool data = (M.features & NOTIFICATION_DATA) != 0u;
    const uint32_t queue = data ? value & 0xffffu : value;
    unsigned broken = (M.status & DRIVER_OK) == 0u ? ORDER : 0u;
    broken |= queue >= M.shown.count || M.queues[queue].state != VQG_MMIO_QUEUE_LIVE ? NOTIFY : 0u;
    if (broken == 0u) {
        event->kind = VQG_MMIO_NOTIFY;
        event->at.queue = queue;
        event->at.next = (uint16_t)(data ? value >> 16 : 0u);
        event->at.has_next = data;
    }
    return broken;
}

/* ---------------------------------------------------------------- accesses */

/* R, W or both, of the registers of the specification. */
static const char *access_of(uint32_t offset)
{
    static const struct {
        uint16_t offset;
        const char *how;
    } registers[] = {{0x000, "R"}, {0x004, "R"}, {0x008, "R"},  {0x00c, "R"}, {0x010, "R"}, {0x014, "W"}, {0x020, "W"},
                     {0x024, "W"}, {0x030, "W"}, {0x034, "R"},  {0x038, "W"}, {0x044, "RW"}, {0x050, "W"}, {0x060, "R"},
                     {0x064, "W"}, {0x070, "RW"}, {0x080, "W"}, {0x084, "W"}, {0x090, "W"}, {0x094, "W"}, {0x0a0, "W"},
                     {0x0a4, "W"}, {0x0ac, "W"}, {0x0b0, "R"},  {0x0b4, "R"}, {0x0b8, "R"}, {0x0bc, "R"}, {0x0c0, "RW"},
                     {0x0fc, "R"}};
    for (unsigned i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        if (registers[i].offset == offset) {
            return registers[i].how;
        }
    }
    return "";
}

unsigned file_write(uint32_t offset, uint32_t width, uint32_t value, struct vqg_mmio_event *event)
{
    memset(event, 0, sizeof *event);
    if (width != 4u || strchr(access_of(offset), 'W') == NULL) {
        return ACCESS;
    }
    if (offset == 0x070u) {
        return write_status(value, event);
    }
    if (M.resetting || (M.status & FAILED) != 0u) {
        return ORDER;
    }
    switch (offset) {
    case 0x014:
        M.offered_word = value;
        return 0;
    case 0x024:
        M.accepted_word = value;
        return 0;
    case 0x020:
        if ((M.status & (DRIVER | FEATURES_OK)) != DRIVER) {
            return ORDER;
        }
        if (M.accepted_word < 2u) {
            replace(&M.features, M.accepted_word, value);
        }
        M.beyond = M.beyond || (M.accepted_word >= 2u && value != 0u);
        return 0;
    case 0x030:
        M.queue = value;
        return 0;
    case 0x050:
        return write_notify(value, event);
    case 0x064:
        M.interrupts &= (value & ~3u) == 0u ? ~value : UINT32_MAX;
        return (value & ~3u) == 0u ? 0u : ACCESS;
    case 0x0ac:
        return 0;
    default:
        return write_queue(offset, value, event);
    }
}

static uint32_t register_value(uint32_t offset)
{
    const bool there = M.queue < M.shown.count;
    const uint32_t q = there ? M.queue : 0u;
    switch (offset) {
    case 0x000:
        return 0x74726976;
    case 0x004:
        return 2;
    case 0x008:
        return M.shown.device_id;
    case 0x00c:
        return M.shown.vendor_id;
    case 0x010:
        return M.offered_word < 2u ? (uint32_t)(M.shown.features >> 32u * M.offered_word) : 0u;
    case 0x034:
        return there ? M.queues[q].size_max : 0u;
    case 0x044:
        return there && (M.queues[q].state == VQG_MMIO_QUEUE_LIVE || M.queues[q].state == VQG_MMIO_QUEUE_STOPPING ||
                         M.queues[q].state == VQG_MMIO_QUEUE_RESETTING);
    case 0x060:
        return M.interrupts;
    case 0x070:
        return M.status;
    case 0x0c0:
        return there && M.queues[q].state == VQG_MMIO_QUEUE_RESETTING;
    case 0x0fc:
        return M.generation;
    default:
        return UINT32_MAX; /* there is no shared memory region */
    }
}

unsigned file_read(uint32_t offset, uint32_t width, uint32_t *value)
{
    *value = 0;
    if (offset < 0x100u) {
        const bool readable = width == 4u && strchr(access_of(offset), 'R') != NULL;
        *value = readable ? register_value(offset) : 0u;
        return readable ? 0u : ACCESS;
    }
    if ((width != 1u && width != 2u && width != 4u) || offset % width != 0u ||
        (uint64_t)offset - 0x100u + width > M.shown.config_bytes) {
        return ACCESS;
    }
    for (uint32_t i = width; i != 0u; i--) {
        *value = *value << 8 | M.shown.config[offset - 0x100u + i - 1u];
    }
    return 0;
}
