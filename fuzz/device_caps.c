/* SPDX-License-Identifier: MIT */
/* Capabilities of the device's world: a table, or callbacks, that pins keep from being taken away. */
#include "device.h"

#include <inttypes.h>
#include <string.h>

static const struct vqg_cap first[CAPS] = {
    {SHARED_BASE + AT_DESC, AT_TABLES - AT_DESC, 0x500000, NULL, 11, VQG_CAP_READ | VQG_CAP_WRITE, 0},
    {SHARED_BASE + AT_TABLES, AT_RDONLY - AT_TABLES, 0x710000, NULL, 12, VQG_CAP_READ | VQG_CAP_WRITE, 0},
    {SHARED_BASE + AT_RDONLY, AT_WRONLY - AT_RDONLY, 0x630000, NULL, 13, VQG_CAP_READ, 0},
    {SHARED_BASE + AT_WRONLY, AT_HOLE - AT_WRONLY, 0x100000, NULL, 14, VQG_CAP_WRITE, 0},
    {ALIAS_BASE, ALIAS_BYTES, 0x200000, NULL, 16, VQG_CAP_WRITE, 0},
    {UINT64_MAX - 0xffu, 0x100, UINT64_C(0x9000000000), NULL, 15, VQG_CAP_WRITE, 0},
};

struct vqg_caps device_caps;
struct vqg_cap device_cap[CAPS];
uint32_t caps_refuse;
bool caps_refused;

static struct vqg_cap_table table;
static uint32_t pins[CAPS]; /* with callbacks */
static bool with_callbacks;

void *caps_map(uint64_t addr)
{
    if (addr >= UINT64_MAX - 0xffu) {
        return NULL;
    }
    return addr >= ALIAS_BASE ? shared.bytes + AT_DESC + (size_t)(addr - ALIAS_BASE)
                              : shared.bytes + (size_t)(addr - SHARED_BASE);
}

/* ---------------------------------------------------------------- callbacks, without order or arithmetic to share */

static const struct vqg_cap *look_up(void *context, uint64_t addr)
{
    (void)context;
    for (unsigned i = 0; i < CAPS; i++) {
        if (device_cap[i].rights != 0u && addr >= device_cap[i].base &&
            addr - device_cap[i].base < device_cap[i].size) {
            return &device_cap[i];
        }
    }
    return NULL;
}

static bool pin(void *context, const struct vqg_cap *cap, uint64_t addr, uint64_t bytes, uint64_t *handle)
{
    (void)context;
    HOLDS(bytes != 0u && addr >= cap->base && addr - cap->base < cap->size && bytes <= cap->size - (addr - cap->base),
          "a pin of what the capability does not cover");
    if (caps_refuse != 0u && --caps_refuse == 0u) {
        caps_refused = true;
        caps_refuse = 1;
        return false;
    }
    *handle = (uint64_t)(cap - device_cap);
    pins[*handle]++;
    return true;
}

static void unpin(void *context, uint64_t handle)
{
    (void)context;
    HOLDS(handle < CAPS && pins[handle] != 0u, "a pin ends that there is not");
    pins[handle]--;
}

/* ---------------------------------------------------------------- what must be */

void caps_begin(bool callbacks)
{
    memcpy(device_cap, first, sizeof device_cap);
    for (unsigned i = 0; i < CAPS; i++) {
        device_cap[i].map = caps_map(device_cap[i].base);
    }
    memset(pins, 0, sizeof pins);
    with_callbacks = callbacks;
    caps_refuse = 0;
    caps_refused = false;
    HOLDS(vqg_cap_table_init(&table, device_cap, CAPS, 0) == VQG_OK, "a good table of capabilities is refused");
    device_caps = vqg_cap_table_caps(&table);
    if (callbacks) {
        device_caps.table = NULL;
        device_caps.lookup = look_up;
        device_caps.pin = pin;
        device_caps.unpin = unpin;
    }
}

size_t caps_model(struct sm_capability *grants)
{
    for (unsigned i = 0; i < CAPS; i++) {
        const struct vqg_cap *c = &device_cap[i];
        grants[i].base = c->base;
        grants[i].size = c->rights == 0u ? 0u : c->size;
        grants[i].rights = c->rights;
        grants[i].bus = c->bus;
    }
    return CAPS;
}

static bool lies_in(const struct vqg_cap *c, uint64_t addr)
{
    return addr >= c->base && addr - c->base < c->size;
}

static uint32_t wanted_pins(unsigned i)
{
    const struct vqg_cap *c = &device_cap[i];
    uint32_t n = truth.has_sibling && i == 0u ? 3u : 0u;
    for (unsigned k = 0; k < POOL; k++) {
        for (uint32_t s = 0; truth.lent[k] && s < own.chain[k].count; s++) {
            n += lies_in(c, own.chain[k].seg[s].addr) ? 1u : 0u;
        }
    }
    if (!truth.off) {
        n += lies_in(c, truth.queue.desc_addr) ? 1u : 0u;
        n += lies_in(c, truth.queue.avail_addr) ? 1u : 0u;
        n += lies_in(c, truth.queue.used_addr) ? 1u : 0u;
    }
    return n;
}

void caps_check(void)
{
    for (unsigned i = 0; i < CAPS; i++) {
        const uint32_t there = with_callbacks ? pins[i] : device_cap[i].pins;
        HOLDS(there == wanted_pins(i), "capability %u has %" PRIu32 " pins, not %" PRIu32, i, there, wanted_pins(i));
    }
}

/* ---------------------------------------------------------------- the step */

static struct vqg_cap replacement(const struct step *step, unsigned i)
{
    struct vqg_cap c = device_cap[i];
    switch (step->b & 3u) {
    case 0:
        c = first[i];
        c.map = caps_map(c.base);
        break;
    case 1:
        c.rights = step->v & (c.base < ALIAS_BASE ? 3u : VQG_CAP_WRITE); /* no table: the model sees no memory there */
        break;
    case 2: /* the same memory, up to another end */
        c.size = 1u + step->v % first[i].size;
        break;
    default:
        c.rights = 0;
        break;
    }
    return c;
}

/* Capability `a` is replaced, revoked or restored; with bit 7, the pins of the next call are refused from `b` on. */
void step_caps(const struct step *step)
{
    const unsigned i = (step->a & 0x7fu) % CAPS;
    const struct vqg_cap c = replacement(step, i);
    enum vqg_status st;
    if ((step->a & 0x80u) != 0u) {
        caps_refuse = with_callbacks ? 1u + step->b % 8u : 0u;
        SAY("pin %" PRIu32 " from here is refused", caps_refuse);
        return;
    }
    caps_check();
    if (with_callbacks) {
        if (pins[i] == 0u) {
            device_cap[i] = c;
        }
    } else {
        st = vqg_cap_table_replace(&table, i, &c);
        answer_is(st, wanted_pins(i) != 0u ? VQG_BUSY : VQG_OK);
    }
    SAY("capability %u: %" PRIu64 " bytes, rights %" PRIu32, i, device_cap[i].size, device_cap[i].rights);
    if (truth.model.ready) {
        (void)caps_model(truth.model.capabilities);
    }
}
