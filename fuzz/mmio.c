/* SPDX-License-Identifier: MIT */
/* A device behind registers: honest, but for what a script has it say. */
#include "mmio.h"

#include <inttypes.h>
#include <string.h>

#define REGISTERS 0x200u
#define LIES 6u
#define LOG 96u /* of a call: 16 turns of a field in two pieces, or two waits */

enum access_kind { READ, WRITE, WAIT };

struct access {
    enum access_kind kind;
    uint32_t offset;
    uint32_t bytes;
    uint32_t value;
};

struct mmio_own mmio_own;
struct mmio_truth mmio_truth;

static struct {
    uint64_t offered;
    uint32_t size_max;
    uint32_t slow;     /* how often it shows what it is asked to change */
    uint32_t patience; /* of the driver */
    uint32_t sel[2];   /* which word of the features, which queue */
    uint32_t status;
    uint32_t ready[MMIO_QUEUES];
    uint32_t resetting;
    struct {
        uint8_t kind; /* 0: honest */
        uint32_t value;
    } says[REGISTERS / 4u];
    uint32_t reads; /* of a script */
} device;

static struct {
    struct access log[LOG];
    unsigned count;
    unsigned at; /* of the oracle */
    unsigned reads;
    unsigned waits;
    bool late;
    struct step lie[LIES];
    unsigned lies;
} call;

/* ---------------------------------------------------------------- what it would say, if it were honest */

static uint32_t later(uint32_t *left, uint32_t now, uint32_t then)
{
    *left -= *left != 0u ? 1u : 0u;
    return *left != 0u ? now : then;
}

static uint32_t honest(uint32_t offset)
{
    const uint32_t queue = device.sel[1] % MMIO_QUEUES;
    switch (offset) {
    case 0x000:
        return 0x74726976;
    case 0x004:
        return 2;
    case 0x008:
        return 2;
    case 0x010:
        return device.sel[0] < 2u ? (uint32_t)(device.offered >> 32u * device.sel[0]) : 0u;
    case 0x034:
        return device.sel[1] < MMIO_QUEUES ? device.size_max : 0u;
    case 0x044:
        return device.ready[queue];
    case 0x060:
        return device.reads & 3u;
    case 0x070:
        return device.status == 0u ? later(&device.resetting, 0xf, 0) : device.status;
    case 0x0c0:
        return later(&device.resetting, 1, 0);
    case 0x0fc:
        return 7;
    default:
        return offset * 2654435761u;
    }
}

static void obey(uint32_t offset, uint32_t value)
{
    const uint32_t queue = device.sel[1] % MMIO_QUEUES;
    switch (offset) {
    case 0x014:
        device.sel[0] = value;
        break;
    case 0x030:
        device.sel[1] = value;
        break;
    case 0x044:
        device.ready[queue] = value;
        break;
    case 0x070:
        device.status = value;
        if (value == 0u) {
            device.resetting = device.slow;
            memset(device.ready, 0, sizeof device.ready);
        }
        break;
    case 0x0c0:
        device.resetting = device.slow;
        device.ready[queue] = 0;
        break;
    default:
        break;
    }
}

/* ---------------------------------------------------------------- what it says */

/* How an answer differs: another value, another bit, one more, or a new one each time. */
static uint32_t changed(unsigned how, uint32_t value, uint32_t v)
{
    switch (how & 3u) {
    case 0:
        return v;
    case 1:
        return value ^ UINT32_C(1) << v % 32u;
    case 2:
        return value + v % 5u - 2u;
    default:
        return v + device.reads;
    }
}

/* `b`: which register, from now on; bit 7 of `a`: it is honest again. */
void mmio_step_say(const struct step *step)
{
    static const uint16_t offsets[] = {0x00, 0x04, 0x08, 0x10, 0x34, 0x44, 0x60, 0x70, 0xc0, 0xfc, 0x100, 0x104};
    const uint32_t at = offsets[step->b % (sizeof offsets / sizeof offsets[0])] / 4u;
    device.says[at].kind = (uint8_t)((step->a & 0x80u) != 0u ? 0u : 1u + (step->a & 3u));
    device.says[at].value = step->v;
}

/* Read `b` of the next call is answered so. */
void mmio_step_lie(const struct step *step)
{
    if (call.lies < LIES) {
        call.lie[call.lies++] = *step;
    }
}

static void note(enum access_kind kind, uint32_t offset, uint32_t bytes, uint32_t value)
{
    HOLDS(call.count < LOG, "a call that does not end: %u accesses", call.count);
    call.log[call.count].kind = kind;
    call.log[call.count].offset = offset;
    call.log[call.count].bytes = bytes;
    call.log[call.count++].value = value;
    SAY("%s 0x%03" PRIx32 ", %" PRIu32 " bytes: 0x%" PRIx32, kind == READ ? "reads" : kind == WRITE ? "writes" : "waits",
        offset, bytes, value);
}

static uint32_t on_read(void *context, uint32_t offset, uint32_t bytes)
{
    uint32_t value;
    HOLDS(context == &device, "another context");
    HOLDS(bytes == 4u || (offset >= 0x100u && (bytes == 1u || bytes == 2u)), "a register read of %" PRIu32 " bytes", bytes);
    HOLDS(offset % bytes == 0u && offset + bytes <= 0x1000u, "a read of 0x%" PRIx32, offset);
    value = honest(offset);
    if (offset < REGISTERS && device.says[offset / 4u].kind != 0u) {
        value = changed(device.says[offset / 4u].kind - 1u, value, device.says[offset / 4u].value);
    }
    for (unsigned i = 0; i < call.lies; i++) {
        if (call.lie[i].b % 24u == call.reads) {
            value = changed(call.lie[i].a, value, call.lie[i].v);
        }
    }
    value &= UINT32_MAX >> (32u - 8u * bytes);
    device.reads++;
    call.reads++;
    note(READ, offset, bytes, value);
    return value;
}

static void on_write(void *context, uint32_t offset, uint32_t value)
{
    HOLDS(context == &device, "another context");
    HOLDS(offset % 4u == 0u && offset < 0x100u, "a write of 0x%" PRIx32, offset);
    obey(offset, value);
    note(WRITE, offset, 4, value);
}

static bool on_wait(void *context)
{
    HOLDS(context == &device && !call.late, "a wait beyond the deadline");
    call.waits++;
    call.late = call.waits > device.patience;
    note(WAIT, 0, 0, !call.late);
    return !call.late;
}

const struct vqg_mmio_hooks mmio_hooks = {on_read, on_write, on_wait, &device};

/* No memory is shared: any access to it is outside of it. */
const char *memory_place(size_t at)
{
    (void)at;
    return "memory";
}

/* ---------------------------------------------------------------- the log */

static const struct access *next(enum access_kind kind, uint32_t offset)
{
    const struct access *a = &call.log[call.at];
    HOLDS(call.at < call.count, "0x%" PRIx32 " was not accessed", offset);
    HOLDS(a->kind == kind && a->offset == offset, "0x%" PRIx32 " was accessed, where it should be 0x%" PRIx32, a->offset,
          offset);
    call.at++;
    return a;
}

uint32_t mmio_said(uint32_t offset)
{
    return mmio_said_bytes(offset, 4);
}

uint32_t mmio_said_bytes(uint32_t offset, uint32_t bytes)
{
    const struct access *a = next(READ, offset);
    HOLDS(a->bytes == bytes, "0x%" PRIx32 " was read as %" PRIu32 " bytes", offset, a->bytes);
    return a->value;
}

void mmio_told(uint32_t offset, uint32_t value)
{
    const struct access *a = next(WRITE, offset);
    HOLDS(a->value == value, "0x%" PRIx32 " became 0x%" PRIx32 ", where it should be 0x%" PRIx32, offset, a->value, value);
}

bool mmio_said_zero(uint32_t offset)
{
    while (mmio_said(offset) != 0u) {
        if (next(WAIT, 0)->value == 0u) {
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- calls */

void mmio_note(enum vqg_rule rule)
{
    mmio_truth.first = mmio_truth.violations == 0u ? rule : mmio_truth.first;
    mmio_truth.violations++;
}

enum vqg_status mmio_broken(enum vqg_rule rule)
{
    mmio_note(rule);
    mmio_truth.state = VQG_STATE_DEAD;
    return (enum vqg_status)(VQG_VIOLATION_BASE - (int)rule);
}

void mmio_call(void)
{
    call.count = 0;
    call.at = 0;
    call.reads = 0;
    call.waits = 0;
    call.late = false;
}

void mmio_answered(enum vqg_status st, enum vqg_status wanted)
{
    const struct vqg_mmio *m = &mmio_own.mmio;
    const struct vqg_violation *v = vqg_mmio_violation(m);
    SAY("the library says %s", vqg_status_name(st));
    script_feature(2000u + (unsigned)-(int)st);
    HOLDS(st == wanted, "%s, where it should be %s", vqg_status_name(st), vqg_status_name(wanted));
    HOLDS(call.at == call.count, "0x%" PRIx32 " was accessed, and nothing should be", call.log[call.at].offset);
    HOLDS(m->guard.state == mmio_truth.state, "the transport is in state %u, where it should be %u", m->guard.state,
          (unsigned)mmio_truth.state);
    HOLDS(m->features == mmio_truth.features, "features 0x%" PRIx64, m->features);
    HOLDS(m->device_id == mmio_truth.device_id && m->status == mmio_truth.status, "device %" PRIu32 ", status 0x%" PRIx32,
          m->device_id, m->status);
    HOLDS(v->rule == mmio_truth.first && v->count == mmio_truth.violations, "the record has another rule, or count: %s",
          vqg_rule_id(v->rule));
    call.lies = 0;
}

void mmio_begin(const uint8_t *head)
{
    canary_set(mmio_own.c0);
    canary_set(mmio_own.c1);
    memset(&mmio_own.mmio, 0xa5, sizeof mmio_own.mmio);
    memset(&mmio_truth, 0, sizeof mmio_truth);
    memset(&device, 0, sizeof device);
    call.lies = 0;
    device.offered = UINT64_C(1) << 32 | (uint64_t)head[0] << 28 | head[1] | (uint64_t)head[2] << 33 |
                     (uint64_t)head[3] << 50;
    device.size_max = (head[4] & 0x80u) != 0u ? 32768u : 1u + head[4] % 64u;
    device.slow = head[5] % 4u;
    device.patience = head[6] % MMIO_PATIENCE;
    HOLDS(vqg_mmio_probe(&mmio_own.mmio, NULL, 0) == VQG_BAD_TRANSPORT, "a transport without hooks");
}

void mmio_end(void)
{
    canary_check(mmio_own.c0, "the transport");
    canary_check(mmio_own.c1, "the transport");
}
