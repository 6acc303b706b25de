/* SPDX-License-Identifier: MIT */
/* How a queue is configured, starts where the last one ended, and stops. */
#include "vring.h"

#include "hostile.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More in one chain is refused (rule M9): beyond what a guest asks for that keeps to BLK_SEG_MAX. */
#define CHAIN_BYTES (64u << 20)

static void kicked(void *context)
{
    struct vring *v = context;
    v->pending = v->live;
}

void vring_init(struct vring *v, struct vring_world *world, uint32_t index)
{
    memset(v, 0, sizeof *v);
    v->world = world;
    v->index = index;
    v->call = -1;
    v->err = -1;
    v->kick.fd = -1;
    v->kick.ready = kicked;
    v->kick.context = v;
}

static struct vqg_policy policy(void)
{
    struct vqg_policy p = vqg_profile_spec();
    p.chain = VQG_CHAIN_DROP;
    p.max_elements = BLK_SEGMENTS;
    p.max_table_entries = BLK_SEGMENTS;
    p.max_bytes = CHAIN_BYTES;
    return p;
}

/* The queue as the guest has it. False when a part of it is nowhere, or over another queue's. */
static bool describe(const struct vring *v, struct vqg_queue *q)
{
    const struct vring_world *w = v->world;
    const bool packed = (w->features & VQG_F_RING_PACKED) != 0u;
    const uint64_t bytes[3] = {vqg_desc_bytes(v->num), packed ? 4u : vqg_avail_bytes(v->num),
                               packed ? 4u : vqg_used_bytes(v->num)};
    uint64_t at[3];
    uint32_t i;
    uint32_t part;
    memset(q, 0, sizeof *q);
    q->index = v->index;
    q->count = w->vrings;
    q->size = v->num;
    q->features = w->features & ~VHOST_USER_F_PROTOCOL_FEATURES;
    if (!memory_guest_addr(&w->memory, v->addr.desc, &at[0]) || !memory_guest_addr(&w->memory, v->addr.avail, &at[1]) ||
        !memory_guest_addr(&w->memory, v->addr.used, &at[2])) {
        return false;
    }
    for (i = 0; i < w->vrings; i++) {
        for (part = 0; part < 3u; part++) {
            if (w->vring[i].live && vqg_device_in_flight(&w->vring[i].device, at[part], bytes[part])) {
                return false;
            }
        }
    }
    q->desc_addr = at[0];
    q->avail_addr = at[1];
    q->used_addr = at[2];
    return true;
}

/* Requests and record, for as many descriptors as the queue has. */
static bool allocate(struct vring *v)
{
    const uint32_t count = v->num < VRING_REQUESTS ? v->num : VRING_REQUESTS;
    uint32_t i;
    v->slots = calloc(v->num, sizeof *v->slots);
    v->resumed = calloc(v->num, sizeof *v->resumed);
    v->requests = calloc(count, sizeof *v->requests);
    if (v->slots == NULL || v->resumed == NULL || v->requests == NULL) {
        return false;
    }
    v->idle = NULL;
    for (i = 0; i < count; i++) {
        struct request *r = &v->requests[i];
        r->vring = v;
        vqg_chain_init(&r->chain, r->seg, BLK_SEGMENTS);
        r->next = v->idle;
        v->idle = r;
    }
    return true;
}

static void release(struct vring *v)
{
    free(v->slots);
    free(v->resumed);
    free(v->requests);
    v->slots = NULL;
    v->resumed = NULL;
    v->requests = NULL;
    v->idle = NULL;
}

/* Packed: the last process had begun to return an element. It is returned, unless it was; nothing else knows of it. */
static uint16_t finish_return(struct vring *v, uint64_t ring)
{
    const struct inflight_element e = inflight_element(&v->inflight);
    const uint32_t offset = e.at & 0x7fffu;
    const uint16_t lap = (uint16_t)((e.at & 0x8000u) != 0u ? VQG_DESC_F_AVAIL | VQG_DESC_F_USED : 0u);
    const uint16_t available = (uint16_t)((e.at & 0x8000u) != 0u ? VQG_DESC_F_AVAIL : VQG_DESC_F_USED);
    void *map = memory_at(&v->world->memory, ring, vqg_desc_bytes(v->num));
    struct vqg_shared at;
    uint16_t flags;
    if (!e.under_way || offset >= v->num || map == NULL) {
        return e.at;
    }
    at = vqg_shared_at((unsigned char *)map + (size_t)offset * 16u, false);
    flags = vqg_fetch16_(at, 14u);
    if ((flags & (VQG_DESC_F_AVAIL | VQG_DESC_F_USED)) == available) {
        vqg_put32_(at, 8u, e.len);
        vqg_put16_(at, 12u, e.id);
        vqg_put16_release_(at, 14u, (uint16_t)(lap | (e.len != 0u ? VQG_DESC_F_WRITE : 0u)));
    }
    inflight_move_on(&v->inflight, e.next);
    return e.next;
}

/* Goes on where the front end, or what the last process wrote down, says that it was. */
static enum vqg_status resume(struct vring *v, const struct vqg_queue *q)
{
    const bool packed = (q->features & VQG_F_RING_PACKED) != 0u;
    struct vqg_device_state state;
    memset(&state, 0, sizeof state);
    v->inflight = inflight_queue(&v->world->inflight, v->index, v->num, packed);
    /* A split queue that nobody keeps anything of says by itself where it was, if nothing overtakes. */
    v->ordered = packed == (v->inflight.size != 0u);
    state.heads = v->resumed;
    state.capacity = v->num;
    state.last_avail = (uint16_t)v->base;
    state.used = packed ? (uint16_t)(v->base >> 16) : state.last_avail;
    if (inflight_resumes(&v->inflight)) {
        vring_interrupt(v); /* which the last process may not have come to, for what it had returned */
        if (packed) {
            state.used = finish_return(v, q->desc_addr);
            state.last_avail = state.used;
        } else {
            state.count = inflight_heads(&v->inflight, state.used, v->resumed);
            if (state.count > v->num) {
                return VQG_BAD_SLOTS;
            }
            state.last_avail = (uint16_t)(state.used + state.count);
        }
    } else {
        inflight_begin(&v->inflight, state.used);
    }
    v->resumed_count = state.count;
    if (state.count != 0u) {
        report_say("queue %u goes on with %u requests of the last process", v->index, state.count);
    }
    return vqg_device_restore(&v->device, &state);
}

static void tell_refused(const struct vring *v, enum vqg_status st)
{
    const struct vqg_violation *x = vqg_device_violation(&v->device);
    report_say("queue %u is not started: %s (rule %s %s, value %llu, limit %llu)", v->index, vqg_status_text(st),
               vqg_rule_id(x->rule), vqg_rule_name(x->rule), (unsigned long long)x->value,
               (unsigned long long)x->limit);
    report_event("refused", ",\"queue\":%u,\"status\":\"%s\",\"rule\":\"%s\",\"value\":%llu,\"limit\":%llu", v->index,
                 vqg_status_name(st), vqg_rule_id(x->rule), (unsigned long long)x->value, (unsigned long long)x->limit);
}

/* The endpoint over the guest's queue; false, and it is told, when that cannot be one. */
static bool enable(struct vring *v, const struct vqg_queue *q)
{
    const struct vring_world *w = v->world;
    const struct vqg_policy p = policy();
    const struct vqg_caps caps = vqg_cap_table_caps(&v->world->memory.table);
    enum vqg_status st = vqg_blk_init(&v->blk, &w->sectors, w->features, 0u, BLK_RANGE_SECTORS);
    if (st == VQG_OK) {
        st = vqg_device_init(&v->device, q, &p, &caps, v->slots, v->num);
    }
    if (st == VQG_OK) {
        st = resume(v, q);
    }
    if (st != VQG_OK) {
        tell_refused(v, st);
        vqg_device_reset(&v->device);
    }
    return st == VQG_OK;
}

void vring_try_start(struct vring *v, bool needs_enable)
{
    struct vqg_queue q;
    if (v->live || v->kick.fd < 0 || !v->has_addr || v->num == 0u || (needs_enable && !v->enabled)) {
        return;
    }
    if (!describe(v, &q)) {
        report_say("queue %u is not started: its rings are not in memory of the guest, or over another queue's",
                   v->index);
        return;
    }
    if (!allocate(v) || !enable(v, &q)) {
        release(v);
        return;
    }
    v->live = true;
    v->pending = true; /* what came before the kick was watched */
    v->waiting = false;
    v->returned = false;
    v->head_count = 0;
    v->flying = 0;
    v->oldest = NULL;
    v->newest = &v->oldest;
    v->served = 0;
    v->broken = 0;
    v->life++;
    report_event("queue",
                 ",\"queue\":%u,\"life\":%u,\"format\":\"%s\",\"size\":%u,\"indirect\":%s,\"event_idx\":%s,\"resumed\":%u",
                 v->index, v->life, (q.features & VQG_F_RING_PACKED) != 0u ? "packed" : "split", v->num,
                 (q.features & VQG_F_INDIRECT_DESC) != 0u ? "true" : "false",
                 (q.features & VQG_F_EVENT_IDX) != 0u ? "true" : "false", v->resumed_count);
    hostile_started(v);
}

void vring_stop(struct vring *v)
{
    struct vqg_device_state now;
    if (!v->live) {
        return;
    }
    vring_drain(v);
    vqg_device_position(&v->device, &now);
    v->base = (v->world->features & VQG_F_RING_PACKED) != 0u ? now.last_avail | (uint32_t)now.used << 16 : now.used;
    hostile_stopped(v);
    vqg_device_reset(&v->device);
    v->live = false;
    v->pending = false;
    report_event("stop", ",\"queue\":%u,\"life\":%u,\"requests\":%llu,\"broken\":%llu", v->index, v->life,
                 (unsigned long long)v->served, (unsigned long long)v->broken);
    release(v);
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

void vring_forget(struct vring *v)
{
    const uint32_t life = v->life;
    vring_stop(v);
    if (v->kick.fd >= 0) {
        loop_remove(v->world->loop, &v->kick);
    }
    close_fd(&v->kick.fd);
    close_fd(&v->call);
    close_fd(&v->err);
    vring_init(v, v->world, v->index);
    v->life = life;
}
