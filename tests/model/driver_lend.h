/* SPDX-License-Identifier: MIT */
/*
 * Requests, lent by the library and by the model. What the driver writes is compared with what was
 * asked for at once, before the device scribbles over it.
 */
#ifndef VQG_TEST_DRIVER_LEND_H
#define VQG_TEST_DRIVER_LEND_H

#include "driver_pair.h"

/* ---------------------------------------------------------------- what the driver does */

/* Descriptor `i` of a table reads as asked for. */
static void same_desc(const uint8_t *at, const struct vqg_seg *seg, unsigned flags)
{
    same("address in a descriptor", sm_get64(at, big), seg->addr);
    same("length in a descriptor", sm_get32(at + 8, big), seg->len);
    same("flags of a descriptor", sm_get16(at + 12, big), flags | (seg->write ? SM_DESC_WRITE : 0u));
}

/* What the device finds when the head is exposed. */
static void same_request(struct request *r, const struct vqg_request *asked, uint32_t head)
{
    struct vqg_seg table = vqg_out(NULL, 16u * asked->count);
    uint32_t id = head;
    table.addr = asked->table_addr;
    for (uint32_t i = 0; i < r->count; i++) {
        const uint8_t *at = memory + parts[0] + 16u * (uint64_t)id;
        bool more = i + 1u < r->count;
        holds("a new chain has free descriptors", id < size && owner[id] < 0);
        settle();
        owner[id] = (int32_t)head;
        r->ids[i] = (uint16_t)id;
        if (asked->table != NULL) {
            same_desc(at, &table, SM_DESC_INDIRECT);
        } else {
            same_desc(at, &asked->seg[i], more ? SM_DESC_NEXT : 0u);
        }
        id = sm_get16(at + 14, big);
    }
    for (uint32_t i = 0; asked->table != NULL && i < asked->count; i++) {
        const uint8_t *at = (const uint8_t *)asked->table + 16u * (size_t)i;
        bool more = i + 1u < asked->count;
        same_desc(at, &asked->seg[i], more ? SM_DESC_NEXT : 0u);
        same("next of a table entry", sm_get16(at + 14, big), more ? i + 1u : 0u);
    }
}

static void note(uint32_t head, uint32_t writable, uint32_t least, uint32_t n)
{
    struct request *r = &requests[head];
    r->added = true;
    r->returned = false;
    r->cookie = cookies;
    r->writable = writable;
    r->least = least;
    r->count = n;
    free_count -= n;
    count.added++;
}

static void op_add(void)
{
    static _Alignas(16) uint8_t table[16 * SEGS_MAX];
    struct vqg_seg segs[SEGS_MAX];
    struct vqg_request r = {segs, 1u + (uint32_t)below(SEGS_MAX), 0, as_cookie(++cookies), NULL, 0, 0};
    uint32_t reads = (uint32_t)below(r.count + 1u);
    uint32_t writable = 0;
    uint32_t descs;
    uint32_t least;
    uint32_t most = policy.max_elements != 0u ? policy.max_elements : size;
    enum vqg_status wanted;
    for (uint32_t i = 0; i < r.count; i++) {
        uint32_t len = 1u + (uint32_t)(chance(1, 12) ? below(UINT32_MAX / SEGS_MAX) : below(64));
        segs[i] = vqg_out(NULL, len);
        segs[i].addr = chance(1, 16) ? 0u - (uint64_t)len : sm_random_next(&run.random) >> 1;
        segs[i].write = i >= reads;
        writable += segs[i].write ? len : 0u;
    }
    if (chance(1, 2)) {
        r.min_length = (uint32_t)below((uint64_t)writable + (chance(1, 32) ? 9u : 1u));
    }
    if ((queue.features & VQG_F_INDIRECT_DESC) != 0u && chance(1, 3)) {
        r.table = table;
        r.table_addr = sm_random_next(&run.random) >> 1;
        r.table_entries = r.count;
    } else if (most > size) {
        most = size;
    }
    descs = r.table != NULL ? 1u : r.count;
    least = r.min_length > policy.min_length ? r.min_length : policy.min_length;
    operation("add cookie %" PRIu64 ": %" PRIu32 " segments%s, %" PRIu32 " writable bytes, at least %" PRIu32, cookies,
              r.count, r.table != NULL ? " in a table" : "", writable, r.min_length);
    wanted = r.count > most         ? VQG_BAD_COUNT
             : least > writable     ? VQG_BAD_LENGTH
             : descs > free_count   ? VQG_FULL
                                    : VQG_OK;
    answer(vqg_driver_add_request(&driver, &r), wanted);
    settle();
    count.full += wanted == VQG_FULL ? 1u : 0u;
    if (wanted == VQG_OK) {
        uint32_t head = get16(parts[1] + 4u + 2u * (uint64_t)(added % size));
        holds("the head is a free descriptor", head < size && owner[head] < 0);
        settle();
        note(head, writable, least, descs);
        same_request(&requests[head], &r, head);
        waiting[waiting_count++] = (uint16_t)head;
        added++;
    }
    same("free descriptors", vqg_driver_free(&driver), free_count);
}

static void op_kick(void)
{
    uint16_t flags = (uint16_t)(chance(1, 2) ? below(2) : below(0x10000));
    uint16_t event = (uint16_t)(chance(3, 4) ? published + below(8) - 3u : below(0x10000));
    bool due = sm_drv_need_kick(published, added, flags, event, event_idx);
    bool kick;
    operation("kick: available %u to %u, flags 0x%x, event %u", published, added, flags, event);
    put16(parts[2], flags);
    put16(parts[2] + 4u + 8u * (uint64_t)size, event);
    for (uint32_t i = 0; i < waiting_count; i++) {
        const struct request *r = &requests[waiting[i]];
        holds("the head was not lent", sm_drv_lend(&model, waiting[i], r->count, r->writable, r->least, r->cookie));
    }
    waiting_count = 0;
    kick = vqg_driver_kick(&driver);
    same("kick", kick, due);
    if (published != added) {
        same("avail.idx", get16(parts[1] + 2u), added);
    }
    count.kicks += kick ? 1u : 0u;
    count.wrapped += added < published ? 1u : 0u;
    published = added;
}

/* The ledger's own way to lend: heads are the caller's, and so are mistakes with them. */
static void op_publish(void)
{
    uint16_t ids[SEGS_MAX] = {0};
    uint32_t n = 1u + (uint32_t)below(SEGS_MAX);
    uint32_t writable = (uint32_t)(chance(1, 8) ? below(UINT64_C(1) << 32) : below(256));
    enum vqg_status wanted = n > size ? VQG_BAD_COUNT : writable < policy.min_length ? VQG_BAD_LENGTH : VQG_OK;
    for (uint32_t i = 0; i < n; i++) {
        ids[i] = (uint16_t)(chance(1, 40) ? below(0x10000) : below(size));
        for (unsigned tries = 0; tries < 8u && ids[i] < size && owner[ids[i]] >= 0; tries++) {
            ids[i] = (uint16_t)below(size);
        }
        for (uint32_t k = 0; k < i; k++) {
            wanted = wanted == VQG_OK && ids[k] == ids[i] ? VQG_BAD_HEAD : wanted;
        }
        wanted = wanted == VQG_OK && (ids[i] >= size || owner[ids[i]] >= 0) ? VQG_BAD_HEAD : wanted;
    }
    operation("publish head %u, %" PRIu32 " descriptors, %" PRIu32 " writable bytes", ids[0], n, writable);
    answer(vqg_ledger_publish(&ledger, ids, n, writable, as_cookie(++cookies)), wanted);
    settle();
    if (wanted == VQG_OK) {
        note(ids[0], writable, policy.min_length, n);
        for (uint32_t i = 0; i < n; i++) {
            owner[ids[i]] = ids[0];
            requests[ids[0]].ids[i] = ids[i];
        }
        holds("the head was not lent", sm_drv_lend(&model, ids[0], n, writable, policy.min_length, cookies));
        added++;
    }
}

static void lend(void)
{
    if (bare) {
        op_publish();
    } else {
        op_add();
    }
}

#endif
