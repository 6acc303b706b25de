/* SPDX-License-Identifier: MIT */
/* Queues, notifications, interrupts and the configuration, call by call. */
#include "mmio.h"

#include <inttypes.h>
#include <string.h>

enum { DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };
#define PACKED (UINT64_C(1) << 34)
#define RING_RESET (UINT64_C(1) << 40)
#define TURNS 16u
#define POISON UINT32_C(0x5eed5eed)

/* ---------------------------------------------------------------- queues */

void mmio_step_max(const struct step *step)
{
    const uint32_t index = (step->a & 0x80u) != 0u ? step->v : step->b % MMIO_QUEUES;
    uint32_t max = POISON;
    enum vqg_status st;
    enum vqg_status wanted = mmio_in_place(FEATURES_OK, 0);
    mmio_call();
    st = vqg_mmio_queue_max(&mmio_own.mmio, index, &max);
    if (wanted == VQG_OK) {
        uint32_t said;
        mmio_told(0x030, index);
        said = mmio_said(0x034);
        wanted = said == 0u ? VQG_BAD_INDEX : said > 32768u ? mmio_broken(VQG_RULE_DEVICE_REGISTER) : VQG_OK;
        HOLDS(max == (wanted == VQG_OK ? said : POISON), "the largest size is %" PRIu32, max);
        mmio_truth.max[index % MMIO_QUEUES] = wanted == VQG_OK ? said : mmio_truth.max[index % MMIO_QUEUES];
    }
    mmio_answered(st, wanted);
}

/* One field of a good queue becomes something else. */
static void spoil(struct vqg_queue *q, unsigned what, uint32_t v)
{
    switch (what % 8u) {
    case 1:
        q->size = v;
        break;
    case 2:
        q->size_max = v;
        break;
    case 3:
        q->features ^= (uint64_t)v << 28;
        break;
    case 4:
        q->desc_addr += v;
        break;
    case 5:
        q->avail_addr += v;
        break;
    case 6:
        q->used_addr = (v & 16u) != 0u ? q->desc_addr : q->used_addr + v;
        break;
    default:
        break;
    }
}

/* What is wrong with a queue: bit n stands for status -n. */
static uint32_t faults(const struct vqg_queue *q)
{
    const bool packed = (mmio_truth.features & PACKED) != 0u;
    uint32_t f = 0;
    f |= q->features != mmio_truth.features ? 1u << -VQG_BAD_FEATURES : 0u;
    f |= q->desc_addr % 16u != 0u ? 1u << -VQG_BAD_DESC : 0u;
    f |= q->avail_addr % (packed ? 4u : 2u) != 0u || q->avail_addr == q->desc_addr ? 1u << -VQG_BAD_AVAIL : 0u;
    f |= q->used_addr % 4u != 0u || q->used_addr == q->desc_addr ? 1u << -VQG_BAD_USED : 0u;
    f |= q->size == 0u || q->size > 32768u || q->size > q->size_max ? 1u << -VQG_BAD_SIZE : 0u;
    f |= !packed && (q->size & (q->size - 1u)) != 0u ? 1u << -VQG_BAD_SIZE : 0u;
    return f;
}

static enum vqg_status enabled(const struct vqg_queue *q)
{
    const uint64_t addr[3] = {q->desc_addr, q->avail_addr, q->used_addr};
    mmio_told(0x030, q->index);
    if (mmio_said(0x044) != 0u) {
        return mmio_broken(VQG_RULE_DEVICE_REGISTER);
    }
    mmio_told(0x038, q->size);
    for (uint32_t i = 0; i < 3u; i++) {
        mmio_told(0x080u + 0x10u * i, (uint32_t)addr[i]);
        mmio_told(0x084u + 0x10u * i, (uint32_t)(addr[i] >> 32));
    }
    mmio_told(0x044, 1);
    return mmio_said(0x044) == 1u ? VQG_OK : mmio_broken(VQG_RULE_DEVICE_REGISTER);
}

void mmio_step_enable(const struct step *step)
{
    const uint32_t status = mmio_truth.status;
    const enum vqg_rule rule = vqg_mmio_violation(&mmio_own.mmio)->rule;
    enum vqg_status st;
    enum vqg_status wanted = mmio_in_place(FEATURES_OK, (mmio_truth.features & RING_RESET) != 0u ? 0u : DRIVER_OK);
    struct vqg_queue q;
    memset(&q, 0, sizeof q);
    q.index = step->b % MMIO_QUEUES;
    q.size_max = mmio_truth.max[q.index] != 0u ? mmio_truth.max[q.index] : 4u;
    q.size = 1;
    while (q.size * 2u <= q.size_max) {
        q.size *= 2u;
    }
    q.features = mmio_truth.features;
    q.desc_addr = UINT64_C(0x123450000) + 0x1000u * q.index;
    q.avail_addr = q.desc_addr + 0x400u;
    q.used_addr = q.desc_addr + 0x800u;
    spoil(&q, (step->a & 0x40u) != 0u ? step->a : 0u, step->v);
    mmio_call();
    st = vqg_mmio_queue_enable(&mmio_own.mmio, &q);
    if (wanted == VQG_OK && faults(&q) != 0u) {
        HOLDS(vqg_is_misuse(st) && (faults(&q) >> -(int)st & 1u) != 0u, "%s: what the queue has not, or no fault at all",
              vqg_status_name(st));
        wanted = st;
        if (vqg_mmio_violation(&mmio_own.mmio)->count != mmio_truth.violations) { /* which rule, the driver's harness asks */
            HOLDS(st == VQG_BAD_SIZE, "a rule is noted for what none is for");
            mmio_note(rule != VQG_RULE_NONE ? rule : vqg_mmio_violation(&mmio_own.mmio)->rule);
        }
    } else if (wanted == VQG_OK) {
        wanted = enabled(&q);
    }
    HOLDS(mmio_truth.status == status, "the status");
    mmio_answered(st, wanted);
}

void mmio_step_queue_reset(const struct step *step)
{
    enum vqg_status st;
    enum vqg_status wanted = mmio_in_place(DRIVER_OK, 0);
    mmio_call();
    st = vqg_mmio_queue_reset(&mmio_own.mmio, step->b % MMIO_QUEUES);
    if (wanted == VQG_OK && (mmio_truth.features & RING_RESET) == 0u) {
        wanted = VQG_BAD_FEATURES;
    } else if (wanted == VQG_OK) {
        mmio_told(0x030, step->b % MMIO_QUEUES);
        mmio_told(0x0c0, 1);
        if (!mmio_said_zero(0x0c0) || !mmio_said_zero(0x044)) {
            mmio_note(VQG_RULE_RESET_BOUNDED);
            wanted = VQG_TIMEOUT;
        }
    }
    mmio_answered(st, wanted);
}

/* ---------------------------------------------------------------- notifications, interrupts */

void mmio_step_notify(const struct step *step)
{
    enum vqg_status st;
    enum vqg_status wanted = mmio_in_place(DRIVER_OK, 0);
    mmio_call();
    st = vqg_mmio_notify(&mmio_own.mmio, step->v);
    if (wanted == VQG_OK) {
        mmio_told(0x050, step->v);
    }
    mmio_answered(st, wanted);
}

void mmio_step_interrupt(const struct step *step)
{
    uint32_t about = POISON;
    enum vqg_status st;
    enum vqg_status wanted = mmio_in_place(DRIVER_OK, 0);
    (void)step;
    mmio_call();
    st = vqg_mmio_interrupt(&mmio_own.mmio, &about);
    if (wanted == VQG_OK) {
        const uint32_t said = mmio_said(0x060) & 3u;
        if (said != 0u) {
            mmio_told(0x064, said);
        }
        HOLDS(about == said, "an interrupt is about 0x%" PRIx32, about);
    }
    mmio_answered(st, wanted);
}

void mmio_step_check(const struct step *step)
{
    enum vqg_status st;
    enum vqg_status wanted = mmio_in_place(0, 0);
    (void)step;
    mmio_call();
    st = vqg_mmio_check(&mmio_own.mmio);
    mmio_answered(st, wanted == VQG_OK ? mmio_looked() : wanted);
}

/* ---------------------------------------------------------------- configuration */

/* The field, read until the configuration stood still. */
static bool steady(uint32_t offset, uint32_t bytes, uint64_t *value)
{
    uint32_t before = mmio_said(0x0fc);
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        uint32_t after;
        *value = mmio_said_bytes(0x100u + offset, bytes == 8u ? 4u : bytes);
        if (bytes == 8u) {
            *value |= (uint64_t)mmio_said(0x104u + offset) << 32;
        }
        after = mmio_said(0x0fc);
        if (after == before) {
            return true;
        }
        before = after;
    }
    return false;
}

static enum vqg_status read_field(uint32_t offset, uint32_t bytes, uint64_t *value)
{
    enum vqg_status st = mmio_in_place(DRIVER, 0);
    if (st != VQG_OK) {
        return st;
    }
    if ((bytes != 1u && bytes != 2u && bytes != 4u && bytes != 8u) || offset % (bytes == 8u ? 4u : bytes) != 0u ||
        (uint64_t)offset + bytes > 0xf00u) {
        return VQG_BAD_FIELD;
    }
    return steady(offset, bytes, value) ? VQG_OK : mmio_broken(VQG_RULE_CONFIG_FIELD);
}

/* `a`: width, and whether it is a count; `b`: where; `v`: the least value, or the room. */
void mmio_step_config(const struct step *step)
{
    static const uint32_t widths[] = {4, 1, 2, 8, 4, 3, 0, 16};
    const uint32_t bytes = widths[step->a >> 3 & 7u];
    const uint32_t offset = (step->b & 0x8000u) != 0u ? step->v : step->b % 3u == 2u ? step->b % 0xf04u : step->b % 9u;
    const uint64_t most = step->b % 5u == 0u ? step->v : UINT64_MAX;
    const uint64_t least = step->b % 7u == 0u ? step->v : 0u;
    uint64_t value = POISON;
    uint64_t said = 0;
    uint32_t count = POISON;
    const bool counts = (step->b & 0x10u) != 0u;
    enum vqg_status st;
    enum vqg_status wanted;
    mmio_call();
    st = counts ? vqg_mmio_config_count(&mmio_own.mmio, offset, bytes, step->v, &count)
                : vqg_mmio_config(&mmio_own.mmio, offset, bytes, least, most, &value);
    wanted = read_field(offset, bytes, &said);
    if (wanted == VQG_OK && counts) {
        wanted = said != 0u ? VQG_OK : mmio_broken(VQG_RULE_CONFIG_COUNT);
        HOLDS(wanted != VQG_OK || count == (said < step->v ? said : step->v), "a count of %" PRIu32, count);
    } else if (wanted == VQG_OK) {
        wanted = said >= least && said <= most ? VQG_OK : mmio_broken(VQG_RULE_CONFIG_FIELD);
        HOLDS(wanted != VQG_OK || value == said, "a field of 0x%" PRIx64, value);
    }
    HOLDS(wanted == VQG_OK || (count == POISON && value == POISON), "a field that was refused is handed up");
    mmio_answered(st, wanted);
}
