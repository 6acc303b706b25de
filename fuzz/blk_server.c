/* SPDX-License-Identifier: MIT */
/* What a server makes of a client's request: it is judged, written anew for the disk, and ended. */
#include "blk.h"

#include <inttypes.h>
#include <string.h>

static size_t scratch_of(const struct blk_chain *c)
{
    return AT_SCRATCH + 0x30u * (size_t)(c - blk_own.pool);
}

static struct blk_chain *pick(const struct step *step, unsigned state)
{
    for (unsigned i = 0; i < BLK_POOL; i++) {
        struct blk_chain *c = &blk_own.pool[(step->a + i) % BLK_POOL];
        if ((unsigned)c->state == state) {
            return c;
        }
    }
    return NULL;
}

static bool is_stale(const struct blk_chain *c)
{
    return c->chain.generation != blk_own.device.judge.guard.generation;
}

/* Bytes that two readable segments share are looked at for each of them. */
static size_t overlapping(const struct vqg_chain *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            const struct vqg_seg *a = &c->seg[i];
            const struct vqg_seg *b = &c->seg[k];
            if (a->addr < b->addr + b->len && b->addr < a->addr + a->len) {
                return SHARED_BYTES;
            }
        }
    }
    return 0;
}

/* ---------------------------------------------------------------- pop and parse */

static void same_request(const struct vqg_blk_request *r, const struct blk_meaning *m)
{
    const bool has_sectors = m->sectors != 0u && !m->unsupported;
    HOLDS(r->answer == (m->unsupported ? S_UNSUPP : S_NONE), "the answer is %u", r->answer);
    HOLDS(r->type == m->type || m->unsupported, "another type: %" PRIu32, r->type);
    HOLDS(m->unsupported || (r->bytes == m->bytes && r->flags == m->flags && r->sectors == m->sectors),
          "%" PRIu32 " bytes, %" PRIu32 " sectors, flags 0x%" PRIx32, r->bytes, r->sectors, r->flags);
    HOLDS(!has_sectors || (r->sector == m->sector && r->token == 40u + m->cap &&
                           r->bus == blk_sectors[m->cap].bus + (m->sector - blk_sectors[m->cap].base)),
          "sector %" PRIu64 " is %" PRIu64 " of the disk", r->sector, r->bus);
}

static void parse(struct blk_chain *c)
{
    struct blk_meaning m;
    enum vqg_status st;
    bool named = false;
    memory_call(NO_POLL, overlapping(&c->chain));
    memset(&c->request, 0xa5, sizeof c->request);
    st = vqg_blk_parse(&blk_own.device, &blk_own.blk, &c->chain, &c->request);
    SAY("the request: %s", vqg_status_name(st));
    script_feature(4000u + (unsigned)-(int)st);
    c->state = BLK_REFUSED;
    if (is_stale(c) || !blk_truth.live) {
        HOLDS(st == (is_stale(c) ? VQG_STALE : VQG_DEAD) && memory_loads() == 0u, "%s", vqg_status_name(st));
        memory_settle();
        return;
    }
    m = blk_decode(&c->chain);
    HOLDS(memory_loads() <= m.loads, "%u bytes of a request are looked at", memory_loads());
    if (st == VQG_OK) {
        HOLDS(m.broken == 0u, "a request is taken that breaks a rule: 0x%" PRIx32, m.broken);
        HOLDS(memory_loads() == m.loads, "%u bytes of a request are looked at", memory_loads());
        same_request(&c->request, &m);
        script_feature(4500u + m.type % 40u);
        c->state = BLK_PARSED;
        c->pinned = m.sectors != 0u && !m.unsupported;
        c->cap = m.cap;
    } else {
        for (unsigned i = 0; i < BLK_RULES; i++) {
            named = named || ((m.broken >> i & 1u) != 0u && vqg_status_rule(st) == blk_rules[i]);
        }
        HOLDS(named, "a request is refused by %s, which it keeps: 0x%" PRIx32, vqg_status_name(st), m.broken);
        blk_latched(vqg_status_rule(st));
    }
    blk_truth.refuse = false;
    blk_truth.other = false;
    blk_check_pins();
    memory_settle();
}

/* Bit 7 of `a`: it is parsed later. */
void blk_step_pop(const struct step *step)
{
    struct blk_chain *c = pick(step, BLK_FREE);
    enum vqg_status st;
    if (c == NULL) {
        return;
    }
    memory_call(AT_AVAIL + 2u, AT_TABLES);
    memory_may_store(AT_USED, 6u + 8u * BLK_QUEUE);
    st = vqg_device_pop(&blk_own.device, &c->chain);
    SAY("the chain: %s", vqg_status_name(st));
    memory_settle();
    if (vqg_is_violation(st)) { /* which, the device's harness asks */
        blk_latched(vqg_status_rule(st));
        return;
    }
    if (st != VQG_OK) {
        return;
    }
    c->state = BLK_POPPED;
    if ((step->a & 0x80u) == 0u) {
        parse(c);
    }
}

void blk_step_parse(const struct step *step)
{
    struct blk_chain *c = pick(step, BLK_POPPED);
    if (c != NULL) {
        parse(c);
    }
}

/* ---------------------------------------------------------------- down */

static void same_header(const struct vqg_blk_request *r, size_t scratch)
{
    const bool ranges = r->type == DISCARD || r->type == ZEROES;
    const bool moves = r->type == IN || r->type == OUT;
    HOLDS(memory_get(scratch, 4) == r->type && memory_get(scratch + 4u, 4) == 0u, "the disk's header has another type");
    HOLDS(memory_get(scratch + 8u, 8) == (moves ? r->bus : 0u), "the disk's header has another sector");
    HOLDS(memory_get(scratch + 16u, 1) == S_NONE, "the status byte is not poisoned");
    if (ranges) {
        HOLDS(memory_get(scratch + 24u, 8) == r->bus && memory_get(scratch + 32u, 4) == r->sectors &&
                  memory_get(scratch + 36u, 4) == r->flags,
              "the disk's range is another");
    }
}

static void same_shadow(const struct blk_chain *c, const struct vqg_seg *seg, uint32_t count)
{
    const struct vqg_blk_request *r = &c->request;
    const uint64_t bus = SHARED_BASE + BLK_BUS + scratch_of(c);
    const bool ranges = r->type == DISCARD || r->type == ZEROES;
    const bool in = r->type == IN || r->type == GET_ID;
    HOLDS(count >= 2u && count <= c->chain.count + 2u, "%" PRIu32 " segments", count);
    HOLDS(seg[0].addr == bus && seg[0].len == 16u && !seg[0].write, "the first segment is not the header");
    HOLDS(seg[count - 1u].addr == bus + 16u && seg[count - 1u].len == 1u && seg[count - 1u].write,
          "the last segment is not the status byte");
    if (ranges) {
        HOLDS(count == 3u && seg[1].addr == bus + 24u && seg[1].len == 16u && !seg[1].write, "the range is not the monitor's");
        return;
    }
    blk_same_bytes(&c->chain, in, in ? 0u : 16u, r->bytes, seg + 1, count - 2u);
}

void blk_step_lower(const struct step *step)
{
    static struct {
        struct vqg_seg seg[BLK_SEGS + 2u];
        canary c;
    } shadow;
    struct blk_chain *c = pick(step, BLK_PARSED);
    uint32_t count;
    if (c == NULL) {
        return;
    }
    canary_set(shadow.c);
    memory_call(NO_POLL, 0);
    memory_may_store(scratch_of(c), 40);
    count = vqg_blk_lower(&c->request, &c->chain, shared.bytes + scratch_of(c), SHARED_BASE + BLK_BUS + scratch_of(c),
                          shadow.seg);
    HOLDS(memory_loads() == 0u, "a request that was judged is looked at again");
    memory_settle();
    canary_check(shadow.c, "the disk's segments");
    HOLDS((count == 0u) == (c->request.answer != S_NONE), "the disk gets %" PRIu32 " segments", count);
    if (count != 0u) {
        same_header(&c->request, scratch_of(c));
        same_shadow(c, shadow.seg, count);
    }
    c->state = BLK_LOWERED;
}

/* The disk writes its status, or anything. */
void blk_step_disk(const struct step *step)
{
    static const uint8_t said[] = {0, 0, 0, 1, 2, 3, 0xff, 0x80};
    memory_put(AT_SCRATCH + 0x30u * (step->a % BLK_POOL) + 16u, 1, said[step->b % 8u]);
}

/* ---------------------------------------------------------------- up */

static uint8_t ended(const struct blk_chain *c, bool failed)
{
    uint8_t said = S_IOERR;
    HOLDS(memory_loads() == (failed || c->request.answer != S_NONE ? 0u : 1u), "the status is looked at %u times",
          memory_loads());
    if (failed || c->request.answer != S_NONE) {
        return failed ? S_IOERR : c->request.answer;
    }
    said = (uint8_t)memory_get(scratch_of(c) + 16u, 1);
    if (said > S_UNSUPP) {
        const enum vqg_rule rule = said == S_NONE ? VQG_RULE_STATUS_WRITTEN : VQG_RULE_STATUS_KNOWN;
        blk_truth.disk_first = blk_truth.disk == 0u ? rule : blk_truth.disk_first;
        blk_truth.disk++;
    }
    return said;
}

/* `b`: the disk's length; bit 4 of `a`: the disk did not return it. */
void blk_step_raise(const struct step *step)
{
    struct blk_chain *c = pick(step, BLK_LOWERED);
    struct blk_chain *refused = pick(step, BLK_REFUSED);
    const bool failed = refused != NULL || (step->a & 0x10u) != 0u;
    uint32_t len;
    uint32_t told;
    uint32_t wanted = 0;
    uint8_t said;
    size_t status;
    enum vqg_status st;
    c = refused != NULL ? refused : c;
    if (c == NULL) {
        return;
    }
    if (refused != NULL) {
        memset(&c->request, 0, sizeof c->request);
        c->request.answer = S_NONE;
    }
    len = (step->b & 1u) != 0u ? c->chain.writable : step->b;
    status = blk_status_at(&c->chain);
    memory_call(NO_POLL, 0);
    if (status != SIZE_MAX) {
        memory_may_store(status, 1);
    }
    told = vqg_blk_raise(&blk_own.blk, &c->request, &c->chain, shared.bytes + scratch_of(c), len, failed);
    said = ended(c, failed);
    if (status != SIZE_MAX) {
        const uint8_t answer = said > S_UNSUPP ? S_IOERR : said;
        const bool reached = !failed && c->request.answer == S_NONE && said <= S_UNSUPP && len >= c->chain.writable;
        HOLDS(memory_stored(status, 1) == answer, "the client's status is %u", (unsigned)memory_stored(status, 1));
        wanted = reached || c->chain.writable == 1u ? c->chain.writable : 0u;
    }
    HOLDS(told == wanted, "the client is told of %" PRIu32 " bytes, where it should be %" PRIu32, told, wanted);
    HOLDS(vqg_blk_violation(&blk_own.blk)->rule == blk_truth.disk_first &&
              vqg_blk_violation(&blk_own.blk)->count == blk_truth.disk,
          "the disk's record has another rule, or count");
    c->pinned = false;
    blk_check_pins();
    memory_may_store(AT_USED, 6u + 8u * BLK_QUEUE);
    st = vqg_device_push(&blk_own.device, &c->chain, told);
    HOLDS(st == VQG_OK || st == VQG_STALE || st == VQG_DEAD, "a request cannot be returned: %s", vqg_status_name(st));
    (void)vqg_device_notify(&blk_own.device);
    memory_settle();
    c->state = BLK_FREE;
}
