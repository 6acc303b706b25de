/* SPDX-License-Identifier: MIT */
/* The register file that a device shows over MMIO. The driver accesses what it likes; the model is the oracle. */
#include "mmio_device.h"
#include "seeds.h"

#include <inttypes.h>
#include <string.h>

static struct {
    canary c0;
    struct vqg_mmio_device file;
    canary c1;
    struct vqg_mmio_queue queues[FILE_QUEUES];
    canary c2;
    uint8_t config[FILE_CONFIG];
    canary c3;
} own;

static struct {
    uint32_t violations;
    enum vqg_rule first;
} truth;

/* No memory is shared: any access to it is outside of it. */
const char *memory_place(size_t at)
{
    (void)at;
    return "memory";
}

/* ---------------------------------------------------------------- what is the same */

static void same(void)
{
    const struct vqg_mmio_device *d = &own.file;
    const struct vqg_violation *v = vqg_mmio_device_violation(d);
    HOLDS(d->guard.state == (file_model.resetting ? VQG_STATE_RESET : VQG_STATE_LIVE), "state %u", d->guard.state);
    HOLDS(d->status == file_model.status, "status 0x%" PRIx32 ", and of the model 0x%" PRIx32, d->status, file_model.status);
    HOLDS(d->features == file_model.features && d->features_beyond == file_model.beyond, "features 0x%" PRIx64,
          d->features);
    HOLDS(d->device_word == file_model.offered_word && d->driver_word == file_model.accepted_word &&
              d->queue_sel == file_model.queue,
          "a selector has another value");
    HOLDS(d->interrupts == file_model.interrupts && d->generation == file_model.generation, "interrupts, or generation");
    HOLDS(v->rule == truth.first && v->count == truth.violations, "the record has another rule, or count: %s",
          vqg_rule_id(v->rule));
    for (unsigned i = 0; i < FILE_QUEUES; i++) {
        const struct vqg_mmio_queue *q = &own.queues[i];
        HOLDS(q->state == file_model.queues[i].state && q->again == file_model.queues[i].again, "queue %u: state %u", i,
              q->state);
        HOLDS(q->size == file_model.queues[i].size && q->size_max == file_model.queues[i].size_max &&
                  memcmp(q->addr, file_model.queues[i].addr, sizeof q->addr) == 0,
              "queue %u: size, or addresses", i);
    }
}

static void judge(enum vqg_status st, unsigned broken)
{
    static const enum vqg_rule rules[] = {VQG_RULE_REGISTER_ACCESS, VQG_RULE_STATUS_ORDER, VQG_RULE_FEATURES_OFFERED,
                                          VQG_RULE_QUEUE_SELECTED, VQG_RULE_QUEUE_FROZEN, VQG_RULE_NOTIFY_QUEUE};
    const enum vqg_rule rule = vqg_status_rule(st);
    SAY("the library says %s, the model 0x%x", vqg_status_name(st), broken);
    script_feature(3000u + (unsigned)rule);
    if (st == VQG_OK) {
        HOLDS(broken == 0u, "an access is served that breaks a rule: 0x%x", broken);
    } else {
        bool named = false;
        for (unsigned i = 0; i < sizeof rules / sizeof rules[0]; i++) {
            named = named || ((broken >> i & 1u) != 0u && rules[i] == rule);
        }
        HOLDS(named, "an access is refused by %s, which it keeps", vqg_status_name(st));
        truth.first = truth.violations == 0u ? rule : truth.first;
        truth.violations++;
    }
    same();
}

/* ---------------------------------------------------------------- the driver */

static void put(uint32_t offset, uint32_t width, uint32_t value)
{
    struct vqg_mmio_event event;
    struct vqg_mmio_event wanted;
    unsigned broken;
    enum vqg_status st;
    memset(&event, 0xa5, sizeof event);
    st = vqg_mmio_device_write(&own.file, offset, width, value, &event);
    broken = file_write(offset, width, value, &wanted);
    SAY("writes 0x%" PRIx32 ", %" PRIu32 " bytes: 0x%" PRIx32, offset, width, value);
    judge(st, broken);
    HOLDS(event.kind == wanted.kind && event.at.queue == wanted.at.queue && event.at.next == wanted.at.next &&
              event.at.has_next == wanted.at.has_next,
          "event %d of queue %" PRIu32 ", where it should be %d", (int)event.kind, event.at.queue, (int)wanted.kind);
    script_feature(3500u + (unsigned)event.kind);
}

static uint32_t offset_of(const struct step *step)
{
    static const uint16_t offsets[] = {0x014, 0x020, 0x024, 0x030, 0x038, 0x044, 0x050, 0x064, 0x070, 0x080, 0x084,
                                       0x090, 0x0a4, 0x0ac, 0x0c0, 0x034, 0x010, 0x060, 0x0b0, 0x0fc, 0x100, 0x114};
    return (step->a & 0x40u) != 0u ? step->b : offsets[step->b % (sizeof offsets / sizeof offsets[0])];
}

static uint32_t width_of(const struct step *step)
{
    return step->a < 0x80u ? 4u : step->a & 15u;
}

/* `b`: which register; `v`: what. */
static void step_put(const struct step *step)
{
    put(offset_of(step), width_of(step), step->v);
}

static void step_get(const struct step *step)
{
    const uint32_t offset = (step->a & 0x20u) != 0u ? 0x100u + step->b % 32u : offset_of(step);
    const uint32_t width = (step->a & 0x20u) != 0u ? 1u << step->a % 4u : width_of(step);
    uint32_t value = 77;
    uint32_t wanted;
    const enum vqg_status st = vqg_mmio_device_read(&own.file, offset, width, &value);
    SAY("reads 0x%" PRIx32 ", %" PRIu32 " bytes: 0x%" PRIx32, offset, width, value);
    judge(st, file_read(offset, width, &wanted));
    HOLDS(value == wanted, "0x%" PRIx32 " is read, where it should be 0x%" PRIx32, value, wanted);
}

/* What an honest driver does next; `v` and `b` say what it chooses. */
static void step_forward(const struct step *step)
{
    static const uint8_t order[] = {1, 3, 0, 11, 15};
    const uint32_t status = file_model.status;
    if (status == 3u) {
        put(0x024, 4, step->a & 1u);
        put(0x020, 4, (uint32_t)(own.file.shown.features >> ((step->a & 1u) != 0u ? 32u : 0u)));
        put(0x070, 4, 11);
    } else if (status == 11u && step->a % 4u != 3u) {
        put(0x030, 4, step->b % FILE_QUEUES);
        put((step->a & 4u) != 0u ? 0x038u : 0x080u, 4, step->v);
        put(0x044, 4, 1);
    } else if (status == 15u) {
        put(0x050, 4, step->b % FILE_QUEUES);
    } else {
        put(0x070, 4, order[status == 0u ? 0u : status == 1u ? 1u : status == 11u ? 4u : 2u]);
    }
}

/* ---------------------------------------------------------------- the owner */

/* Bit 7 of `a`: it was refused. */
static void step_settle(const struct step *step)
{
    const uint32_t queue = step->b % (FILE_QUEUES + 1u);
    const bool live = (step->a & 0x80u) == 0u;
    const enum vqg_mmio_queue_state state = file_model.queues[queue % FILE_QUEUES].state;
    const bool stopping = state == VQG_MMIO_QUEUE_STOPPING || state == VQG_MMIO_QUEUE_RESETTING;
    const bool ends_well = live && !stopping;
    enum vqg_status wanted = queue >= file_model.shown.count ? VQG_BAD_INDEX : VQG_OK;
    enum vqg_status st;
    if (wanted == VQG_OK && state != VQG_MMIO_QUEUE_ASKED && !stopping) {
        wanted = VQG_BAD_STATE;
    }
    if (wanted == VQG_OK && live && stopping) {
        HOLDS(vqg_mmio_device_settle(&own.file, queue, true) == VQG_BAD_STATE, "a queue that stops is live");
        same();
    }
    st = vqg_mmio_device_settle(&own.file, queue, ends_well);
    HOLDS(st == wanted, "%s, where it should be %s", vqg_status_name(st), vqg_status_name(wanted));
    if (st == VQG_OK) {
        file_model.queues[queue].again = file_model.queues[queue].again || state == VQG_MMIO_QUEUE_RESETTING;
        file_model.queues[queue].state = ends_well ? VQG_MMIO_QUEUE_LIVE : VQG_MMIO_QUEUE_OFF;
    }
    same();
}

static void step_reset_done(const struct step *step)
{
    const enum vqg_status st = vqg_mmio_device_reset_done(&own.file);
    (void)step;
    HOLDS(st == (file_model.resetting ? VQG_OK : VQG_BAD_STATE), "the end of a reset: %s", vqg_status_name(st));
    if (st == VQG_OK) {
        file_clear();
        truth.violations = 0;
        truth.first = VQG_RULE_NONE;
    }
    same();
}

static void step_tell(const struct step *step)
{
    const bool ready = (file_model.status & 4u) != 0u;
    const uint32_t about = step->a % 3u == 0u ? step->v & 3u : 2u;
    bool interrupts;
    if (step->a % 3u == 0u) {
        interrupts = vqg_mmio_device_interrupt(&own.file, step->v);
    } else if (step->a % 3u == 1u) {
        interrupts = vqg_mmio_device_config_changed(&own.file);
        file_model.generation++;
    } else {
        interrupts = vqg_mmio_device_fail(&own.file);
        file_model.status |= 0x40u;
    }
    file_model.interrupts |= ready ? about : 0u;
    HOLDS(interrupts == (ready && file_model.interrupts != 0u), "an interrupt, or none");
    same();
}

static void step_describe(const struct step *step)
{
    const uint32_t at = step->b % (FILE_QUEUES + 1u);
    struct vqg_queue q;
    const enum vqg_status st = vqg_mmio_device_queue(&own.file, at, &q);
    if (at >= file_model.shown.count) {
        HOLDS(st == VQG_BAD_INDEX, "a queue that is not there is described");
        return;
    }
    HOLDS(st == (file_model.queues[at].state == VQG_MMIO_QUEUE_ASKED ? VQG_OK : VQG_BAD_STATE), "%s", vqg_status_name(st));
    HOLDS(st != VQG_OK || (q.index == at && q.count == file_model.shown.count && q.size == file_model.queues[at].size &&
                           q.size_max == file_model.queues[at].size_max && q.features == file_model.features &&
                           q.desc_addr == file_model.queues[at].addr[0] && q.avail_addr == file_model.queues[at].addr[1] &&
                           q.used_addr == file_model.queues[at].addr[2]),
          "a queue is described as another");
}

/* ---------------------------------------------------------------- the world */

static void begin(const uint8_t *head)
{
    struct vqg_mmio_shown shown;
    enum vqg_status st;
    memset(&own, 0, sizeof own);
    memset(&file_model, 0, sizeof file_model);
    memset(&truth, 0, sizeof truth);
    canary_set(own.c0);
    canary_set(own.c1);
    canary_set(own.c2);
    canary_set(own.c3);
    memset(&shown, 0, sizeof shown);
    shown.device_id = 1u + head[0];
    shown.vendor_id = head[1] * 0x01010101u;
    shown.features = UINT64_C(1) << 32 | (uint64_t)head[2] << 33 | head[3];
    shown.required = shown.features & head[4];
    shown.config = own.config;
    shown.config_bytes = head[5] % (FILE_CONFIG + 1u);
    shown.count = FILE_QUEUES - head[6] % FILE_QUEUES;
    shown.queues = own.queues;
    for (unsigned i = 0; i < FILE_QUEUES; i++) {
        own.queues[i].size_max = 1u + head[7] * 128u;
        file_model.queues[i].size_max = own.queues[i].size_max;
    }
    for (unsigned i = 0; i < FILE_CONFIG; i++) {
        own.config[i] = (uint8_t)(0x81u + 3u * i);
    }
    st = vqg_mmio_device_init(&own.file, &shown);
    HOLDS(st == VQG_OK, "a good register file is refused: %s", vqg_status_name(st));
    file_model.shown = shown;
    same();
}

static void end(void)
{
    canary_check(own.c0, "the register file");
    canary_check(own.c1, "the register file and its queues");
    canary_check(own.c2, "the queues and the configuration");
    canary_check(own.c3, "the configuration");
}

static const struct step_kind kinds[] = {
    {"forward", 14, step_forward}, {"write", 24, step_put},  {"read", 10, step_get}, {"settle", 8, step_settle},
    {"reset done", 3, step_reset_done}, {"tell", 3, step_tell}, {"describe", 3, step_describe},
};

const struct harness harness = {"mmio_device", EITHER, kinds, sizeof kinds / sizeof kinds[0], begin, end};

/* ---------------------------------------------------------------- seeds */

#define AGREED {"forward", 0, 0, 0}, {"forward", 0, 0, 0}, {"forward", 1, 0, 0}
#define READY AGREED, {"forward", 4, 0, 8}, {"settle", 0, 0, 0}, {"forward", 3, 0, 0}
#define MODERN {1, 2, 0x80, 0, 0, 24, 0, 1}

const struct seed harness_seeds[] = {
    {"bring-up", MODERN, {READY, {"forward", 0, 0, 0}, {"tell", 0, 0, 1}, {"write", 0, 7, 1}, {"write", 0, 14, 1},
                          {"settle", 0x80, 0, 0}, {"write", 0, 9, 0x1000}, {"write", 0, 8, 0}, {"reset done", 0, 0, 0}}},
    {"not-offered", MODERN, {{"forward", 0, 0, 0}, {"forward", 0, 0, 0}, {"write", 0, 2, 0}, {"write", 0, 1, 0x20},
                             {"forward", 1, 0, 0}}},
    {"out-of-order", MODERN, {{"write", 0, 8, 2}, {"write", 0, 8, 15}, {"forward", 0, 0, 0}, {"write", 0, 8, 15}}},
    {"taken-back", MODERN, {AGREED, {"write", 0, 8, 1}}},
    {"no-such-queue", MODERN, {AGREED, {"write", 0, 3, 3}, {"write", 0, 4, 8}, {"write", 0, 5, 1}}},
    {"frozen", MODERN, {AGREED, {"forward", 4, 0, 8}, {"write", 0, 4, 16}, {"settle", 0, 0, 0}, {"write", 0, 9, 0x1000}}},
    {"bytes-of-a-register", MODERN, {AGREED, {"write", 0x81, 3, 1}, {"read", 0x82, 16, 0}, {"write", 0, 16, 1}}},
    {"notify-nobody", MODERN, {READY, {"write", 0, 6, 2}, {"write", 0, 6, 0x10000}}},
    {"beyond-the-configuration", MODERN, {{"read", 0x22, 24, 0}, {"read", 0x22, 22, 0}, {"read", 0x42, 0xfffe, 0}}},
    {NULL, {0}, {{NULL, 0, 0, 0}}},
};
