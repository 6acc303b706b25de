/* SPDX-License-Identifier: MIT */
/**
 * @file honest.c
 * @brief Honest clients: each request is answered once, with the right bytes, or failed and is made again.
 */
#include "soak.h"

/* Request `r` of a client has 256 bytes to itself: 96 of them are read, 96 written, and the rest stays as it is. */
#define PLACE 256u
#define IN_OFFSET 128u
#define MESSAGE 96u

static uint32_t cut(struct soak *s, struct vqg_seg *seg, uint32_t n, uint32_t at, uint32_t bytes, bool write)
{
    uint32_t parts = 0;
    while (bytes != 0u) {
        uint32_t part = parts == SEGMENTS / 2u - 1u ? bytes : 1u + dice(s, bytes);
        seg[n] = vqg_out(NULL, part);
        seg[n].addr = BASE + at;
        seg[n].write = write;
        at += part;
        bytes -= part;
        n++;
        parts++;
    }
    return n;
}

static void lend(struct soak *s, struct client *c, struct request *r, uint32_t index)
{
    struct vqg_seg seg[SEGMENTS];
    struct vqg_request request;
    uint32_t n;
    uint32_t k;
    enum vqg_status st;
    bool loan = c->caps[CAP_LOAN].rights != 0u && !c->reclaim && dice(s, 2) == 0u;
    memset(&request, 0, sizeof request);
    r->at = (loan ? LOAN : DATA) + index * PLACE;
    r->out = 1u + dice(s, MESSAGE);
    r->in = 1u + dice(s, MESSAGE);
    memset(c->block + r->at, 0x11, PLACE);
    for (k = 0; k < r->out; k++) {
        c->block[r->at + k] = (unsigned char)dice(s, 256);
    }
    for (k = 0; k < r->in; k++) {
        r->answer[k] = (unsigned char)(c->block[r->at + k % r->out] * 7u + k);
    }
    n = cut(s, seg, 0, r->at, r->out, false);
    n = cut(s, seg, n, r->at + IN_OFFSET, r->in, true);
    request.seg = seg;
    request.count = n;
    request.cookie = r;
    if ((c->queue.features & VQG_F_INDIRECT_DESC) != 0u && dice(s, 2) == 0u) {
        request.table = c->block + TABLES + index * PLACE;
        request.table_addr = BASE + TABLES + index * PLACE;
        request.table_entries = SEGMENTS;
    }
    st = vqg_driver_add_request(&c->driver, &request);
    if (st == VQG_OK) {
        r->lent = true;
        r->number = c->lent++;
        r->reset = (uint32_t)s->n.device_resets;
        return;
    }
    soak_expect(s, st == VQG_FULL || st == VQG_BAD_COUNT, "an honest client cannot lend", (uint64_t)(int)st);
}

/* What came back: all of it right, or nothing because the device was reset. Nothing beside it. */
static void check(struct soak *s, const struct client *c, struct request *r, const struct vqg_done *done)
{
    bool ordered = (c->queue.features & VQG_F_IN_ORDER) != 0u;
    const unsigned char *at = c->block + r->at;
    uint32_t k;
    soak_expect(s, r->lent, "a request came back twice", r->number);
    soak_expect(s, !ordered || r->number == c->taken, "a request came back out of order", r->number);
    r->lent = false;
    for (k = r->out; k < PLACE; k++) {
        if (k < IN_OFFSET || k >= IN_OFFSET + r->in) {
            soak_expect(s, at[k] == 0x11u, "bytes beside a buffer changed", k);
        }
    }
    soak_expect(s, done->len <= r->in, "more bytes than were lent", done->len);
    if (s->hostile) {
        s->n.completed++;
        return;
    }
    if (done->len != r->in) {
        soak_expect(s, done->len == 0u, "part of an answer", done->len);
        soak_expect(s, r->reset != s->n.device_resets, "a request failed without a reset", r->number);
        s->n.failed++;
        return;
    }
    soak_expect(s, memcmp(at + IN_OFFSET, r->answer, r->in) == 0, "a wrong answer", r->number);
    s->n.completed++;
}

bool honest_take(struct soak *s, uint32_t i)
{
    struct client *c = &s->c[i];
    struct vqg_done done;
    enum vqg_status st;
    uint32_t k;
    while (!c->away && (st = vqg_driver_take(&c->driver, &done)) != VQG_EMPTY) {
        soak_expect(s, st == VQG_OK, "an honest client found the monitor at fault", (uint64_t)(int)st);
        check(s, c, done.cookie, &done);
        c->taken++;
    }
    for (k = 0; k < REQUESTS; k++) {
        if (c->requests[k].lent) {
            return false;
        }
    }
    return true;
}

bool honest_uses_loan(const struct client *c)
{
    uint32_t k;
    for (k = 0; k < REQUESTS; k++) {
        if (c->requests[k].lent && c->requests[k].at >= LOAN) {
            return true;
        }
    }
    return false;
}

void honest_step(struct soak *s, uint32_t i)
{
    struct client *c = &s->c[i];
    uint32_t k;
    soak_expect(s, !vqg_device_needs_reset(&s->clients[i].device), "an honest client was latched",
                vqg_device_violation(&s->clients[i].device)->rule);
    if (c->away) {
        /* It waits until its device says that the reset is done, and then begins with nothing. */
        if (vqg_client_is_drained(&s->clients[i])) {
            for (k = 0; k < REQUESTS; k++) {
                c->requests[k].lent = false;
            }
            soak_revive(s, i);
        }
        return;
    }
    if (dice(s, 2) == 0u) {
        (void)honest_take(s, i);
        return;
    }
    k = dice(s, REQUESTS);
    if (!c->requests[k].lent) {
        lend(s, c, &c->requests[k], k);
    }
    if (dice(s, 2) == 0u) {
        (void)vqg_driver_kick(&c->driver);
    }
}
