/* SPDX-License-Identifier: MIT */
/* What the driver does: add, kick, take; on the endpoint and on the model. */
#include "state.h"

#include <string.h>

static bool is_latched(void)
{
    return vqg_driver_needs_reset(&now.driver);
}

static unsigned free_request(void)
{
    unsigned i = 0;
    while (i + 1u < SIZE && now.requests[i].lent) {
        i++;
    }
    return i;
}

static uint32_t waiting_slots(void)
{
    uint32_t slots = 0;
    for (unsigned i = 0; i < now.waiting.count; i++) {
        slots += now.requests[now.waiting.number[i]].slots;
    }
    return slots;
}

/* The position behind all that was added. */
static uint16_t added_up_to(void)
{
    uint16_t at = now.drv.avail_idx;
    for (unsigned i = 0; i < now.waiting.count; i++) {
        at = behind(at, now.requests[now.waiting.number[i]].slots);
    }
    return at;
}

/* A driver that was lied to may write over what the device returns. */
static void driver_writes(void)
{
    now.spoilt = now.spoilt || (setting.packed && !now.honest && now.dev.return_count != 0u);
}

/* ---------------------------------------------------------------- add */

static void fill_in(struct vqg_request *request, struct vqg_seg *seg, const struct request *r, unsigned number)
{
    const unsigned at = AT_DATA + DATA_BYTES * number;
    seg[0] = vqg_out(NULL, OUT_BYTES);
    seg[0].addr = BASE + at;
    seg[r->count - 1u] = vqg_in(NULL, IN_BYTES);
    seg[r->count - 1u].addr = BASE + at + AT_IN;
    memset(request, 0, sizeof *request);
    request->seg = seg;
    request->count = r->count;
    request->cookie = (void *)(uintptr_t)(number + 1u);
    if (r->table) {
        request->table = now.memory + AT_TABLES + TABLE_BYTES * number;
        request->table_addr = BASE + AT_TABLES + TABLE_BYTES * number;
        request->table_entries = SEGS;
    }
}

void add(enum step_kind kind)
{
    const unsigned number = free_request();
    const uint32_t room = setting.size - now.drv.outstanding_slots - waiting_slots();
    const uint16_t at = added_up_to();
    struct request r = {false, kind == ADD_TABLE, 0, 1, 1};
    struct vqg_request request;
    struct vqg_seg seg[SEGS];
    enum vqg_status st;
    r.count = kind == ADD_ONE || setting.size == 1u ? 1u : SEGS;
    r.slots = r.table ? 1u : r.count;
    fill_in(&request, seg, &r, number);
    st = vqg_driver_add_request(&now.driver, &request);
    may_write_nothing();
    if (is_latched()) {
        holds(st == VQG_DEAD, "a latched driver adds nothing");
    } else if (r.slots > room) {
        holds(st == VQG_FULL, "a request that does not fit now is refused");
    } else {
        const uint32_t last = index_of(setting.packed ? behind(at, r.slots - 1u) : at);
        holds(st == VQG_OK, "a request that fits is added");
        holds(!now.requests[number].lent, "there was a request to lend");
        for (uint32_t i = 0; i < r.slots && setting.packed; i++) {
            may_write(AT_DESC + 16u * index_of(behind(at, i)), 16);
        }
        if (!setting.packed) {
            may_write(AT_DESC, 16u * setting.size);
            may_write(AT_AVAIL + 4u + 2u * last, 2);
        }
        if (r.table) {
            may_write(AT_TABLES + TABLE_BYTES * number, TABLE_BYTES);
        }
        r.id = (uint16_t)(setting.packed ? get(AT_DESC + 16u * last + 12u, 2) : get(AT_AVAIL + 4u + 2u * last, 2));
        r.lent = true;
        now.requests[number] = r;
        fifo_put(&now.waiting, number, 0);
        driver_writes();
        now.adds_left--;
    }
    same_memory();
}

/* ---------------------------------------------------------------- kick */

static bool must_kick(uint16_t from)
{
    const uint16_t first = (uint16_t)get(AT_USED, 2);
    if (setting.packed) {
        return sm_packed_must_notify(from, now.drv.avail_idx, first, (uint16_t)get(AT_USED + 2u, 2), false,
                                     setting.size);
    }
    return from != now.drv.avail_idx && sm_drv_need_kick(from, now.drv.avail_idx, first, 0, false);
}

void kick(void)
{
    const uint16_t from = now.drv.avail_idx;
    const bool kicked = vqg_driver_kick(&now.driver);
    may_write_nothing();
    if (is_latched()) {
        holds(!kicked, "a latched driver publishes nothing");
    } else {
        if (now.waiting.count != 0u && setting.packed) {
            may_write(AT_DESC + 16u * index_of(from) + 14u, 2);
        } else if (now.waiting.count != 0u) {
            may_write(AT_AVAIL + 2u, 2);
        }
        while (now.waiting.count != 0u) {
            const unsigned number = fifo_get(&now.waiting);
            const struct request *r = &now.requests[number];
            holds(sm_drv_lend(&now.drv, r->id, r->slots, IN_BYTES, setting.in_order ? 0u : 1u, number + 1u),
                  "the id is free, and there is room");
            driver_writes();
            if (now.honest) {
                fifo_put(&now.made_available, number, 0);
            }
        }
        holds(kicked == must_kick(from), "both kick, or none");
        if (!setting.packed && from != now.drv.avail_idx) {
            holds(get(AT_AVAIL + 2u, 2) == now.drv.avail_idx, "avail.idx is where the model is");
        }
    }
    same_memory();
}

/* ---------------------------------------------------------------- take */

static struct sm_used look(void)
{
    struct sm_used used;
    memset(&used, 0, sizeof used);
    if (setting.packed) {
        const unsigned at = AT_DESC + 16u * index_of(now.drv.last_used);
        used.len = (uint32_t)get(at + 8u, 4);
        used.id = (uint32_t)get(at + 12u, 2);
        used.flags = (uint16_t)get(at + 14u, 2);
    } else {
        const unsigned at = AT_USED + 4u + 8u * index_of(now.drv.last_used);
        used.idx = now.seen == now.drv.last_used ? (uint16_t)get(AT_USED + 2u, 2) : now.seen;
        used.id = (uint32_t)get(at, 4);
        used.len = (uint32_t)get(at + 4u, 4);
    }
    return used;
}

static void taken(const struct vqg_done *done, const struct sm_take *said)
{
    const unsigned number = (unsigned)said->cookie - 1u;
    holds(done->cookie == (void *)(uintptr_t)said->cookie, "both have the same cookie");
    holds(done->id == said->head && done->len == said->len, "both have the same id and length");
    holds(((done->flags & VQG_DONE_CLAIMED) != 0u) == said->claimed, "both know whether the length was said");
    holds(now.requests[number].lent, "what comes back was lent, and was not back");
    holds(done->count == now.requests[number].slots, "as many descriptors come back as were lent");
    holds(done->len <= IN_BYTES, "no more was written than was lent");
    if (now.honest) {
        holds(now.returned.count != 0u && now.returned.number[0] == number && now.returned.len[0] == done->len,
              "requests come back as the device returned them");
        (void)fifo_get(&now.returned);
    }
    request_is_back(number);
}

void take(void)
{
    const bool was_latched = is_latched();
    const struct sm_used used = look();
    struct sm_take said;
    struct vqg_done done;
    enum vqg_status st;
    memset(&done, 0, sizeof done);
    st = vqg_driver_take(&now.driver, &done);
    may_write_nothing();
    same_memory();
    if (was_latched) {
        holds(st == VQG_DEAD, "a latched driver takes nothing");
        return;
    }
    now.seen = now.drv.batch == 0u ? used.idx : now.seen;
    said = sm_drv_take(&now.drv, used, SM_LEN_REJECT);
    if (st == VQG_OK) {
        holds(said.outcome == SM_OK, "the model takes one too");
        taken(&done, &said);
    } else if (vqg_is_violation(st)) {
        holds(!now.honest, "an honest device is believed");
        names_rule(st, &said.broken);
        holds(is_latched(), "the driver is latched");
    } else {
        holds(st == VQG_EMPTY && said.outcome == SM_EMPTY, "both find nothing");
    }
}
