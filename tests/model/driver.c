/* SPDX-License-Identifier: MIT */
/* The driver's reading of what a device gives back. */
#include "inside.h"

#include <stdlib.h>
#include <string.h>

static bool size_is_good(uint64_t features, uint32_t size)
{
    return size > 0 && size <= 32768 && (sm_is_packed(features) || (size & (size - 1)) == 0);
}

void sm_drv_init(struct sm_drv *drv, uint64_t features, uint32_t size, uint16_t start_avail, uint16_t start_used)
{
    if (!size_is_good(features, size))
        sm_misuse("a queue size that no queue can have");
    memset(drv, 0, sizeof *drv);
    drv->features = features;
    drv->size = size;
    drv->avail_idx = start_avail;
    drv->last_used = start_used;
    drv->lent = sm_new_array(size, sizeof *drv->lent);
    drv->order = sm_new_array(size, sizeof *drv->order);
}

void sm_drv_free(struct sm_drv *drv)
{
    free(drv->lent);
    free(drv->order);
    memset(drv, 0, sizeof *drv);
}

bool sm_drv_lend(struct sm_drv *drv, uint32_t head, uint32_t slots, uint64_t writable, uint64_t min, uint64_t cookie)
{
    struct sm_lent *lent;

    if (head >= drv->size || drv->lent[head].live || slots == 0 || slots > drv->size - drv->outstanding_slots)
        return false;
    lent = &drv->lent[head];
    lent->live = true;
    lent->slots = slots;
    lent->writable = writable;
    lent->min = min;
    lent->cookie = cookie;
    drv->order[drv->outstanding++] = head;
    drv->outstanding_slots += slots;
    drv->avail_idx = sm_is_packed(drv->features) ? sm_packed_advance(drv->avail_idx, slots, drv->size)
                                                 : (uint16_t)(drv->avail_idx + 1);
    return true;
}

/* The rules about the element, apart from its length. The number of chains it completes, 0: something is broken. */
static uint32_t batch_of(const struct sm_drv *drv, uint32_t id, uint16_t returned, struct sm_set *broken)
{
    uint32_t distance = 1;

    if (id >= drv->size) {
        sm_add(broken, SM_U2);
        return 0;
    }
    if (!drv->lent[id].live) {
        sm_add(broken, SM_U3);
        return 0;
    }
    if (!sm_is_in_order(drv->features))
        return 1;
    while (drv->order[distance - 1] != id)
        distance++;
    if (!sm_is_packed(drv->features) && distance > returned) {
        sm_add(broken, SM_O2);
        return 0;
    }
    return distance;
}

/* The driver forgets this chain, which is back. */
static void forget(struct sm_drv *drv, uint32_t head)
{
    uint32_t i = 0;

    while (drv->order[i] != head)
        i++;
    drv->outstanding--;
    for (; i < drv->outstanding; i++)
        drv->order[i] = drv->order[i + 1];
    drv->outstanding_slots -= drv->lent[head].slots;
    memset(&drv->lent[head], 0, sizeof drv->lent[head]);
}

/* This chain is back with this length, which has passed. */
static void complete(struct sm_drv *drv, struct sm_take *take, uint32_t head, uint64_t len, enum sm_len_policy policy)
{
    struct sm_lent *lent = &drv->lent[head];

    take->outcome = SM_OK;
    take->head = head;
    take->cookie = lent->cookie;
    take->clamped = len > lent->writable;
    take->len = take->clamped ? lent->writable : len;
    take->too_short = take->len < lent->min;
    if (policy == SM_LEN_COUNT && take->clamped)
        drv->clamped_count++;
    if (policy == SM_LEN_COUNT && take->too_short)
        drv->short_count++;
    forget(drv, head);
}

/* The next chain of a batch: all but the last were used completely, says 2.7.9. */
static void take_of_batch(struct sm_drv *drv, struct sm_take *take, uint32_t head, enum sm_len_policy policy)
{
    drv->batch--;
    take->claimed = drv->batch > 0;
    complete(drv, take, head, take->claimed ? drv->lent[head].writable : drv->batch_len, policy);
}

struct sm_take sm_drv_take(struct sm_drv *drv, struct sm_used used, enum sm_len_policy policy)
{
    bool packed = sm_is_packed(drv->features);
    uint16_t returned = (uint16_t)(used.idx - drv->last_used);
    uint32_t last = used.id, batch, slots = 0;
    struct sm_take take;

    memset(&take, 0, sizeof take);
    if (drv->batch > 0) {
        take_of_batch(drv, &take, drv->order[0], policy);
        return take;
    }
    if (packed ? (used.flags & (SM_DESC_AVAIL | SM_DESC_USED)) != sm_packed_used(drv->last_used) : returned == 0) {
        take.outcome = SM_EMPTY;
        return take;
    }
    take.outcome = SM_BROKEN;
    if (!packed && returned > drv->outstanding) {
        sm_add(&take.broken, SM_U1);
        return take;
    }
    batch = batch_of(drv, last, returned, &take.broken);
    if (batch == 0)
        return take;
    if (packed && !drv->unflagged && (used.flags & SM_DESC_WRITE) == 0)
        used.len = 0;           /* 2.8.4: the length is reserved */
    if (policy == SM_LEN_REJECT && used.len > drv->lent[last].writable)
        sm_add(&take.broken, SM_U5);
    if (policy == SM_LEN_REJECT && used.len < drv->lent[last].min)
        sm_add(&take.broken, SM_U6);
    if (!sm_set_is_empty(&take.broken))
        return take;

    for (uint32_t i = 0; i + 1 < batch; i++)
        slots += drv->lent[drv->order[i]].slots;
    slots += drv->lent[last].slots;
    drv->last_used = packed ? sm_packed_advance(drv->last_used, slots, drv->size) : (uint16_t)(drv->last_used + batch);
    drv->batch = batch;
    drv->batch_len = used.len;
    take_of_batch(drv, &take, batch > 1 ? drv->order[0] : last, policy);
    return take;
}

bool sm_drv_need_kick(uint16_t old_avail, uint16_t new_avail, uint16_t used_flags,
                      uint16_t avail_event, bool event_idx)
{
    return sm_split_must_notify(old_avail, new_avail, used_flags, avail_event, event_idx);
}
