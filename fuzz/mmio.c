/* SPDX-License-Identifier: MIT */
/* Each access of a call is answered and logged, and the log is held against what should be there. */
#include "mmio.h"

#include <inttypes.h>
#include <string.h>

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
    struct access log[LOG];
    unsigned count;
    unsigned at; /* of the oracle */
    unsigned reads;
    unsigned waits;
    unsigned patience; /* of the driver, in all calls */
    bool late;
    struct step lie[LIES];
    unsigned lies;
} call;

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
    HOLDS(context == &call, "another context");
    HOLDS(bytes == 4u || (offset >= 0x100u && (bytes == 1u || bytes == 2u)), "a register read of %" PRIu32 " bytes", bytes);
    HOLDS(offset % bytes == 0u && offset + bytes <= 0x1000u, "a read of 0x%" PRIx32, offset);
    value = mmio_register(offset);
    for (unsigned i = 0; i < call.lies; i++) {
        if (call.lie[i].b % 24u == call.reads) {
            value = mmio_changed(call.lie[i].a, value, call.lie[i].v);
        }
    }
    value &= UINT32_MAX >> (32u - 8u * bytes);
    call.reads++;
    note(READ, offset, bytes, value);
    return value;
}

static void on_write(void *context, uint32_t offset, uint32_t value)
{
    HOLDS(context == &call, "another context");
    HOLDS(offset % 4u == 0u && offset < 0x100u, "a write of 0x%" PRIx32, offset);
    mmio_obey(offset, value);
    note(WRITE, offset, 4, value);
}

static bool on_wait(void *context)
{
    HOLDS(context == &call && !call.late, "a wait beyond the deadline");
    call.waits++;
    call.late = call.waits > call.patience;
    note(WAIT, 0, 0, !call.late);
    return !call.late;
}

const struct vqg_mmio_hooks mmio_hooks = {on_read, on_write, on_wait, &call};

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
    call.lies = 0;
    call.patience = head[6] % MMIO_PATIENCE;
    mmio_registers_begin(head);
    HOLDS(vqg_mmio_probe(&mmio_own.mmio, NULL, 0) == VQG_BAD_TRANSPORT, "a transport without hooks");
}

void mmio_end(void)
{
    canary_check(mmio_own.c0, "the transport");
    canary_check(mmio_own.c1, "the transport");
}
