/* SPDX-License-Identifier: MIT */
#include "vring.h"

#include "fault.h"
#include "hostile.h"
#include "report.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Chains that are taken before other queues have their turn. */
#define BUDGET 64u

/* A client can fill an eventfd that it has made to wait once more. What ends the wait is the clock of main.c. */
static void tell_event(struct vring_world *w, int fd)
{
    const uint64_t one = 1;
    if (fd >= 0 && !w->stuck && write(fd, &one, sizeof one) < 0 && errno == EINTR) {
        w->stuck = true;
    }
}

void vring_interrupt(const struct vring *v)
{
    tell_event(v->world, v->call);
}

/* Tells of a rule that the guest broke: the first one of a life whole, then each in its turn with --verbose. */
static void tell(struct vring *v, enum vqg_status st)
{
    const struct vqg_violation *x = vqg_device_violation(&v->device);
    const bool first = v->broken++ == 0u;
    /* An element may break one rule, and then, as a part of its list, another: the record has the first. */
    const enum vqg_rule rule = first ? x->rule : vqg_status_rule(st);
    v->world->total.dropped++;
    if (fault_seen()) {
        return; /* the client is dropped for that, and nothing else is to be said of it */
    }
    if (!first) {
        report_detail("queue %u: rule %s %s", v->index, vqg_rule_id(rule), vqg_rule_name(rule));
        return;
    }
    report_say("queue %u: rule %s %s is broken: index %u, value %llu, limit %llu", v->index, vqg_rule_id(rule),
               vqg_rule_name(rule), x->index, (unsigned long long)x->value, (unsigned long long)x->limit);
    report_event("violation",
                 ",\"queue\":%u,\"life\":%u,\"rule\":\"%s\",\"name\":\"%s\",\"index\":%u,\"value\":%llu,\"limit\":%llu",
                 v->index, v->life, vqg_rule_id(rule), vqg_rule_name(rule), x->index, (unsigned long long)x->value,
                 (unsigned long long)x->limit);
}

/* The endpoint is latched: the client is told once, and nothing is touched until the queue is stopped. */
static void tell_dead(const struct vring *v)
{
    if (fault_seen()) {
        return;
    }
    report_say("queue %u stands still until the guest resets it", v->index);
    tell_event(v->world, v->err);
}

/* Writes into a chain, all of which is mapped: `at` and `bytes` are within it. */
static void put(const struct request *r, uint32_t at, const void *from, uint32_t bytes)
{
    enum vqg_status st = vqg_chain_write(&r->chain, at, from, bytes);
    (void)st;
}

/* Writes zeroes to the first `bytes` writable bytes: a read that failed leaves nothing of before. */
static void clear_data(struct request *r, uint32_t bytes)
{
    static const unsigned char zeroes[4096];
    uint32_t at;
    for (at = 0; at < bytes; at += (uint32_t)sizeof zeroes) {
        const uint32_t part = bytes - at < sizeof zeroes ? bytes - at : (uint32_t)sizeof zeroes;
        put(r, at, zeroes, part);
    }
}

static void push(struct request *r)
{
    struct vring *v = r->vring;
    struct vqg_device_state now;
    struct inflight_element e;
    enum vqg_status st;
    v->flying--;
    e.id = r->chain.head;
    e.len = r->written;
    e.next = r->end;
    inflight_return(&v->inflight, e.id);
    inflight_return_element(&v->inflight, &e);
    vqg_device_position(&v->device, &now);
    v->last_at = now.used;
    v->last_written = r->written;
    st = vqg_device_push(&v->device, &r->chain, r->written);
    r->taken = false;
    r->next = v->idle;
    v->idle = r;
    if (st != VQG_OK) {
        return; /* VQG_DEAD: nothing reaches the guest any more */
    }
    v->served++;
    v->world->total.requests++;
    v->heads[v->head_count++] = e.id;
    v->returned = true;
    if (v->ordered || v->head_count == VRING_REQUESTS || hostile_watches(v)) {
        /* A returned element lies over its descriptors: one at a time, so that one is all that may have to be redone. */
        vring_publish(v);
    }
}

/* Writes the status byte, behind `written` bytes of data, and returns what is to be returned now. */
static void answer(struct request *r, uint8_t status, uint32_t written)
{
    struct vring *v = r->vring;
    /* A length counts from the first byte: a status behind data that nobody wrote is in none. */
    r->written = r->chain.writable != 0u && written == r->chain.writable - 1u ? r->chain.writable : 0u;
    if (hostile_answer(r, &status, &r->written) && r->chain.writable != 0u) {
        put(r, r->chain.writable - 1u, &status, 1u);
    }
    vqg_blk_release(&v->blk, &r->blk);
    r->ended = true;
    if (!v->ordered) {
        push(r);
        return;
    }
    while (v->oldest != NULL && v->oldest->ended) {
        struct request *oldest = v->oldest;
        v->oldest = oldest->next;
        if (v->oldest == NULL) {
            v->newest = &v->oldest;
        }
        push(oldest);
    }
}

void vring_ended(struct disk_io *io)
{
    struct request *r = io->owner;
    struct vring_world *w = r->vring->world;
    const uint32_t data = io->op == DISK_READ ? r->blk.bytes : 0u;
    if (io->error != 0) {
        report_detail("queue %u: sector %llu: %s", r->vring->index, (unsigned long long)r->blk.sector,
                      strerror(io->error));
        clear_data(r, data);
        answer(r, VQG_BLK_S_IOERR, data);
        return;
    }
    w->total.bytes_read += io->op == DISK_READ ? io->bytes : 0u;
    w->total.bytes_written += io->op == DISK_WRITE ? io->bytes : 0u;
    answer(r, VQG_BLK_S_OK, data);
}

/* The pieces of a request's data: behind the header, or before the status byte. */
static void gather(struct request *r, bool write)
{
    uint32_t skip = write ? 0u : VQG_BLK_HEADER_BYTES;
    uint32_t left = r->blk.bytes;
    uint32_t i;
    r->io.iov = r->iov;
    r->io.iov_count = 0;
    for (i = 0; i < r->chain.count && left != 0u; i++) {
        const struct vqg_seg *s = &r->seg[i];
        uint32_t len = s->len;
        uint32_t from = 0;
        if (s->write != write) {
            continue;
        }
        from = skip < len ? skip : len;
        skip -= from;
        len = len - from < left ? len - from : left;
        if (len != 0u) {
            r->iov[r->io.iov_count].iov_base = (unsigned char *)s->map + from;
            r->iov[r->io.iov_count++].iov_len = len;
            left -= len;
        }
    }
}

/* What the request asks the storage for; false when it does not. */
static bool storage(struct request *r)
{
    switch (r->blk.type) {
    case VQG_BLK_T_IN:
        r->io.op = DISK_READ;
        return true;
    case VQG_BLK_T_OUT:
        r->io.op = DISK_WRITE;
        return true;
    case VQG_BLK_T_FLUSH:
        r->io.op = DISK_FLUSH;
        return true;
    case VQG_BLK_T_DISCARD:
        r->io.op = DISK_DISCARD;
        return true;
    case VQG_BLK_T_WRITE_ZEROES:
        r->io.op = DISK_ZERO;
        return true;
    default:
        return false;
    }
}

static void serve(struct request *r)
{
    struct vring *v = r->vring;
    enum vqg_status st = vqg_blk_parse(&v->device, &v->blk, &r->chain, &r->blk);
    if (st != VQG_OK) {
        tell(v, st);
        answer(r, VQG_BLK_S_IOERR, 0);
        return;
    }
    if (fault_seen()) {
        answer(r, VQG_BLK_S_IOERR, 0); /* a part of it may be zeroes, in place of memory that has gone */
        return;
    }
    if (r->blk.answer != VQG_BLK_S_NONE) {
        answer(r, r->blk.answer, 0);
        return;
    }
    if (r->blk.type == VQG_BLK_T_GET_ID) {
        put(r, 0u, v->world->serial, VQG_BLK_ID_BYTES);
        answer(r, VQG_BLK_S_OK, VQG_BLK_ID_BYTES);
        return;
    }
    memset(&r->io, 0, sizeof r->io);
    r->io.owner = r;
    if (!storage(r)) {
        answer(r, VQG_BLK_S_UNSUPP, 0);
        return;
    }
    /* A guest that knows of no cache has none (5.2.5.2). */
    r->io.stay = (v->world->features & VQG_BLK_F_FLUSH) == 0u;
    r->io.unmap = r->blk.flags == VQG_BLK_UNMAP;
    r->io.offset = r->blk.bus * VQG_BLK_SECTOR_BYTES;
    r->io.bytes = (uint64_t)r->blk.sectors * VQG_BLK_SECTOR_BYTES;
    if (vqg_blk_moves_(r->blk.type)) {
        gather(r, r->io.op == DISK_READ);
    }
    engine_start(v->world->engine, &r->io);
}

static void take(struct vring *v, struct request *r)
{
    struct vqg_device_state now;
    v->idle = r->next;
    v->flying++;
    r->next = NULL;
    r->ended = false;
    r->taken = true;
    vqg_device_position(&v->device, &now);
    r->end = now.last_avail;
    inflight_take(&v->inflight, r->chain.head);
    if (v->ordered) {
        *v->newest = r;
        v->newest = &r->next;
    }
    serve(r);
}

/* Takes one chain. False when there is nothing more to do now. */
static bool step(struct vring *v)
{
    struct request *r = v->idle;
    enum vqg_status st;
    if (r == NULL) {
        v->pending = false;
        v->waiting = true;
        return false;
    }
    st = vqg_device_pop(&v->device, &r->chain);
    if (st == VQG_OK) {
        take(v, r);
        return true;
    }
    if (vqg_is_violation(st)) {
        tell(v, st);
        v->returned = true; /* a dropped chain is to be published */
        if (vqg_device_needs_reset(&v->device)) {
            tell_dead(v);
            v->pending = false;
            return false;
        }
        return true;
    }
    v->pending = st == VQG_EMPTY && vqg_device_kick_enable(&v->device);
    return v->pending;
}

void vring_work(struct vring *v)
{
    uint32_t i;
    vqg_device_kick_disable(&v->device);
    for (i = 0; i < BUDGET && step(v); i++) {
    }
}

void vring_publish(struct vring *v)
{
    struct vqg_device_state now;
    bool wanted;
    if (!v->returned) {
        return;
    }
    v->returned = false;
    if (hostile_publish(v)) {
        return;
    }
    wanted = vqg_device_notify(&v->device);
    vqg_device_position(&v->device, &now);
    inflight_returned(&v->inflight, v->heads, v->head_count, now.used);
    inflight_move_on(&v->inflight, now.used);
    v->head_count = 0;
    if (wanted) {
        vring_interrupt(v);
    }
    v->pending = v->pending || v->waiting;
    v->waiting = false;
}

void vring_drain(struct vring *v)
{
    uint32_t i;
    while (v->flying != 0u) {
        struct disk_io *io;
        engine_submit(v->world->engine);
        io = engine_reap(v->world->engine, true);
        if (io == NULL) {
            break;
        }
        vring_ended(io);
    }
    for (i = 0; i < v->world->vrings; i++) {
        vring_publish(&v->world->vring[i]);
    }
}
