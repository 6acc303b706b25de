/* SPDX-License-Identifier: MIT */
#include "honest.h"

#include "configuration.h"
#include "example.h"
#include "fence.h"
#include "guest.h"

#define QUEUE 32u
#define SEGMENTS 3u

/* Written by both sides; the endpoint alone touches it. */
static struct {
    _Alignas(4096) uint8_t desc[16u * QUEUE];
    _Alignas(16) uint8_t avail[6u + 2u * QUEUE];
    _Alignas(16) uint8_t used[6u + 8u * QUEUE];
} ring;

/* What the device reaches of a request. */
struct lane {
    struct fence before;
    _Alignas(16) uint8_t table[16u * SEGMENTS];
    struct fence between;
    _Alignas(16) uint8_t data[SECTOR];
    struct fence behind;
    uint8_t frame[VQG_BLK_FRAME_BYTES];
};

static struct lane lanes[HONEST_DEPTH];

/* What it does not. */
static struct {
    struct fence before;
    struct vqg_slot slots[QUEUE];
    struct fence between;
    struct vqg_driver drv;
    struct fence behind;
} own;

/* A request under way; its address is the cookie. */
static struct order {
    uint64_t sector;
    unsigned tag;
    bool write;
    bool lent;
} orders[HONEST_DEPTH];

const char honest_violated[] = "a rule was broken";
const char honest_silent[] = "nothing came";
const char honest_failed[] = "the device said that a request failed";

struct vmmio honest_device;
static struct vqg_queue queue;
static uint32_t served;
static uint64_t capacity;
static struct wakefulness wakefulness;

/* ---- what must not be overwritten ---- */

#define LANE(k) &lanes[k].before, &lanes[k].between, &lanes[k].behind

static struct fence *const fences[] = {&own.before, &own.between, &own.behind, LANE(0), LANE(1), LANE(2), LANE(3)};

#define FENCES (sizeof fences / sizeof fences[0])

/* ---- the life of the device ---- */

static enum vqg_status set_up(uint32_t queues)
{
    struct vqg_policy policy = vqg_profile_strict();
    uint32_t max = 0;
    enum vqg_status status = vqg_mmio_queue_max(&honest_device.mmio, 0, &max);

    if (status != VQG_OK) {
        return status;
    }
    policy.min_length = 1; /* every request has a status */
    queue = (struct vqg_queue){.count = queues,
                               .size = max < QUEUE ? max : QUEUE,
                               .size_max = max,
                               .features = honest_device.mmio.features,
                               .desc = ring.desc,
                               .avail = ring.avail,
                               .used = ring.used};
    for (size_t i = 0; i < FENCES; i++) {
        fence_put_up(fences[i]);
    }
    return vqg_driver_init(&own.drv, &queue, &policy, own.slots, QUEUE);
}

enum vqg_status honest_open(uint64_t features, uint32_t queues)
{
    uint64_t wanted = features | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_BLK_SIZE |
                      VIRTIO_BLK_F_MQ;
    enum vqg_status status = vmmio_open(&honest_device, VMMIO_BUS0, VIRTIO_ID_BLOCK, wanted);

    served = 0;
    wakefulness = (struct wakefulness){0, false};
    if (status == VQG_OK) {
        status = configuration_judge(&honest_device.mmio, queues, &capacity);
    }
    if (status != VQG_OK) {
        return status;
    }
    /* The endpoint of an earlier life goes on, unless it is to be another one now. */
    return honest_device.mmio.features == queue.features ? vqg_driver_restart(&own.drv) : set_up(queues);
}

enum vqg_status honest_go(void)
{
    return vmmio_go(&honest_device, &queue);
}

/* ---- requests ---- */

static enum vqg_status add(uint32_t k, bool table)
{
    struct order *o = &orders[k];
    struct lane *lane = &lanes[k];
    struct vqg_seg seg[SEGMENTS];
    struct vqg_request request = {.seg = seg, .cookie = o};
    enum vqg_status status;

    if (o->write) {
        pattern_fill(lane->data, o->tag, o->sector, 1);
    } else {
        memset(lane->data, 0, SECTOR);
    }
    seg[1] = o->write ? vqg_out(lane->data, SECTOR) : vqg_in(lane->data, SECTOR);
    request.count = vqg_blk_build(seg, 1, lane->frame, (uintptr_t)lane->frame,
                                  o->write ? VQG_BLK_T_OUT : VQG_BLK_T_IN, o->sector);
    if (table && (queue.features & VQG_F_INDIRECT_DESC) != 0) {
        request.table = lane->table;
        request.table_addr = (uintptr_t)lane->table;
        request.table_entries = SEGMENTS;
    }
    status = vqg_driver_add_request(&own.drv, &request);
    o->lent = status == VQG_OK;
    return status;
}

static void kick(void)
{
    if (vqg_driver_kick(&own.drv)) {
        (void)vqg_mmio_notify(&honest_device.mmio, vqg_driver_notification(&own.drv));
    }
}

static const char *judge(const struct vqg_done *done)
{
    struct order *o = done->cookie;
    uint32_t k = (uint32_t)(o - orders);
    uint32_t bytes = o->write ? 1u : SECTOR + 1u;
    uint8_t said = 0;

    if (!o->lent) {
        return "a request came back that was not lent";
    }
    o->lent = false;
    if (vqg_blk_result(&own.drv, done, lanes[k].frame, bytes, &said) != VQG_OK) {
        return honest_violated;
    }
    if (said != VQG_BLK_S_OK) {
        return honest_failed;
    }
    if (done->len != bytes) {
        return "a length was wrong";
    }
    if (!pattern_holds(lanes[k].data, o->tag, o->sector, 1)) {
        return "data was wrong";
    }
    served++;
    return NULL;
}

/* Waits for a completion, and takes all that are there before anything is lent again. */
static const char *collect(void)
{
    uint64_t deadline = deadline_in(PATIENCE);
    const char *wrong = NULL;
    struct vqg_done done;
    enum vqg_status status;

    do {
        stay_awake(&wakefulness);
        status = vqg_driver_take(&own.drv, &done);
    } while (status == VQG_EMPTY && !platform_expired(deadline));
    if (status == VQG_EMPTY) {
        return honest_silent;
    }
    while (status == VQG_OK && wrong == NULL) {
        wrong = judge(&done);
        status = vqg_driver_take(&own.drv, &done);
    }
    return wrong != NULL || status == VQG_EMPTY ? wrong : honest_violated;
}

const char *honest_idle(uint32_t milliseconds)
{
    uint64_t deadline = deadline_in(milliseconds);
    struct vqg_done done;
    enum vqg_status status;

    do {
        stay_awake(&wakefulness);
        status = vqg_driver_take(&own.drv, &done);
    } while (status == VQG_EMPTY && !platform_expired(deadline));
    if (status == VQG_OK) {
        return "a request came back that was not lent";
    }
    return status == VQG_EMPTY ? NULL : honest_violated;
}

/* Request n of a run. What one lane wrote is what it reads next, so no read overtakes its write. */
static struct order order_of(uint32_t n, unsigned tag)
{
    uint32_t turn = n / HONEST_DEPTH;

    return (struct order){.sector = DISK_FIRST + (turn / 2u * HONEST_DEPTH + n % HONEST_DEPTH) % DISK_SPAN,
                          .tag = tag,
                          .write = turn % 2u == 0};
}

const char *honest_run(uint32_t count, unsigned tag)
{
    uint32_t end = served + count;
    uint32_t next = 0;

    while (served < end) {
        const char *wrong;
        bool held = false;

        while (next < count && !held && !orders[next % HONEST_DEPTH].lent) {
            /* Now and then, with others under way, the device could see one that is not published. */
            held = next % 8u == 7u && end - served > count - next;
            if (held) {
                kick();
            }
            orders[next % HONEST_DEPTH] = order_of(next, tag);
            if (add(next % HONEST_DEPTH, next % 3u == 2u) != VQG_OK) {
                return "a request could not be lent";
            }
            next++;
        }
        if (!held) {
            kick();
        }
        wrong = collect();
        kick();
        if (wrong != NULL) {
            return wrong;
        }
    }
    return NULL;
}

const char *honest_lend(uint32_t count)
{
    for (uint32_t k = 0; k < count; k++) {
        orders[k] = (struct order){.sector = DISK_FIRST + k};
        if (add(k, false) != VQG_OK) {
            return "a request could not be lent";
        }
    }
    kick();
    return NULL;
}

const char *honest_close(void)
{
    struct vqg_done done;
    enum vqg_status status;

    if (vqg_driver_reset(&own.drv) != VQG_OK || vmmio_reset(&honest_device) != VQG_OK) {
        return "no reset";
    }
    /* Whatever the device wrote into the rings while it was being reset is nobody's completion. */
    if (vqg_driver_take(&own.drv, &done) != VQG_DEAD || vqg_driver_reclaim(&own.drv, &done) != VQG_BAD_STATE ||
        vqg_driver_reset_acked(&own.drv) != VQG_OK || vqg_driver_take(&own.drv, &done) != VQG_DEAD) {
        return "a completion after the reset";
    }
    while ((status = vqg_driver_reclaim(&own.drv, &done)) == VQG_OK) {
        struct order *o = done.cookie;

        if (!o->lent) {
            return "a request came back twice";
        }
        o->lent = false;
    }
    for (uint32_t k = 0; k < HONEST_DEPTH; k++) {
        if (orders[k].lent) {
            return "a request was lost";
        }
    }
    if (status != VQG_EMPTY) {
        return "requests cannot be taken back";
    }
    for (size_t i = 0; i < FENCES; i++) {
        if (!fence_stands(fences[i])) {
            return "private memory was overwritten";
        }
    }
    return NULL;
}

uint64_t honest_capacity(void)
{
    return capacity;
}

uint32_t honest_served(void)
{
    return served;
}

bool honest_slept(void)
{
    return wakefulness.slept;
}

const struct vqg_violation *honest_violation(void)
{
    const struct vqg_violation *v = vqg_mmio_violation(&honest_device.mmio);

    return v->rule != VQG_RULE_NONE ? v : vqg_driver_violation(&own.drv);
}

void honest_tell(const struct vqg_violation *v)
{
    platform_print("%s %s index %u value %lu limit %lu", vqg_rule_id(v->rule), vqg_rule_name(v->rule), v->index,
                   (unsigned long)v->value, (unsigned long)v->limit);
}
