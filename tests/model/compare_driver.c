/* SPDX-License-Identifier: MIT */
/*
 * The driver endpoint, and the ledger by itself, against the model: a hostile device returns what it
 * likes, and what the library hands up has to be what the model hands up.
 */
#include "driver_lend.h"
#include "hostile_device.h"

/* ---------------------------------------------------------------- take, callbacks, reset */

static void op_reset(void);

/* A request is the caller's again. */
static void settled(uint32_t head)
{
    struct request *r = &requests[head];
    for (uint32_t i = 0; i < r->count; i++) {
        owner[r->ids[i]] = -1;
    }
    free_count += r->count;
    r->added = false;
}

static void same_done(const struct vqg_done *d, const struct sm_take *t, uint32_t claimed)
{
    bool tells = policy.length == VQG_LENGTH_CLAMP && t->clamped;
    same("id", d->id, t->head);
    same("cookie", (uint64_t)(uintptr_t)d->cookie, t->cookie);
    same("length", d->len, t->len);
    same("claimed length", d->claimed, claimed);
    same("flags", d->flags, (tells ? VQG_DONE_CLAMPED : 0u) | (t->too_short ? VQG_DONE_SHORT : 0u));
    same("generation", d->generation, generation);
    same("descriptors", d->count, requests[t->head].count);
    overlong += t->clamped ? 1u : 0u;
    same("overlong lengths", bare ? vqg_ledger_overlong(&ledger) : vqg_driver_overlong(&driver), overlong);
    if (bare) {
        uint16_t id = d->id;
        for (uint32_t i = 1; i < requests[t->head].count; i++) {
            id = vqg_ledger_next(&ledger, id);
            same("next descriptor", id, requests[t->head].ids[i]);
        }
    }
    count.clamped += t->clamped ? 1u : 0u;
    count.too_short += t->too_short ? 1u : 0u;
}

static uint64_t lies;  /* of 1000 */
static bool callbacks; /* asked for */
static bool looked[2];

/*
 * Answers the fetches of a take. What a first look at the element finds stays in memory, where the
 * model is then shown it; a second look finds something else. The index may be looked at again
 * after it said that nothing is there: then the later look counts.
 */
static uint64_t racing_device(void *context, const volatile void *at, unsigned n, uint64_t value)
{
    uint8_t *used = memory + parts[2];
    uint8_t *entry = memory + used_entry(model.last_used);
    uintptr_t offset = (uintptr_t)at - (uintptr_t)entry;
    uint16_t half;
    uint32_t word;
    (void)context;
    holds("what the driver wrote is never read back", (uintptr_t)at - (uintptr_t)used < 6u + 8u * (uintptr_t)size);
    if (n == 2u && (uintptr_t)at - (uintptr_t)used == 2u) {
        if (chance(lies, 8000)) {
            device_idx = (uint16_t)(model.last_used + below((uint64_t)model.outstanding + 2u));
            put16(parts[2] + 2u, device_idx);
        }
        memcpy(&half, used + 2, sizeof half);
        value = half;
    } else if (n == 4u && (offset == 0u || offset == 4u)) {
        if (looked[offset / 4u]) {
            return below(UINT64_C(1) << 32);
        }
        looked[offset / 4u] = true;
        if (chance(lies, 1000)) {
            sm_put32(entry + offset, (uint32_t)below(offset == 0u ? size : 256), big);
        }
        memcpy(&word, entry + offset, sizeof word);
        value = word;
    }
    return value;
}

static enum vqg_status take(struct vqg_done *done)
{
    enum vqg_status st;
    memset(done, 0, sizeof *done);
    memset(looked, 0, sizeof looked);
    test_port.adversary = chance(1, 6) ? racing_device : NULL;
    st = bare ? vqg_ledger_take(&ledger, done) : vqg_driver_take(&driver, done);
    test_port.adversary = NULL;
    return st;
}

static bool op_take(void)
{
    struct vqg_done done;
    const uint8_t *at = memory + used_entry(model.last_used);
    enum vqg_status st;
    struct sm_take said;
    uint32_t id;
    uint32_t len;
    operation("take at position %u", model.last_used);
    st = take(&done); /* first: in a race this decides what is in memory */
    seen = seen == model.last_used ? get16(parts[2] + 2u) : seen;
    id = sm_get32(at, big);
    len = sm_get32(at + 4, big);
    detail("used.idx %u, id 0x%" PRIx32 ", %" PRIu32 " bytes", seen, id, len);
    said = sm_drv_take(&model, (struct sm_used){seen, 0, id, len}, (enum sm_len_policy)policy.length);
    if (st == VQG_OK) {
        verdict(st, VQG_RULE_NONE, &said.broken);
        holds("the model takes one too", said.outcome == SM_OK);
        settle();
        same_done(&done, &said, len);
        settled(said.head);
        count.taken++;
        return true;
    }
    if (vqg_is_violation(st)) {
        const struct vqg_violation *v = bare ? vqg_ledger_violation(&ledger) : vqg_driver_violation(&driver);
        verdict(st, vqg_status_rule(st), &said.broken);
        same("rule in the record", v->rule, vqg_status_rule(st));
        same("violations in the record", v->count, 1);
        holds("nothing was handed up", done.cookie == NULL && done.len == 0u);
        st = bare ? vqg_ledger_take(&ledger, &done) : vqg_driver_take(&driver, &done);
        holds("the endpoint is quiet", st == VQG_DEAD);
        holds("the endpoint needs a reset", bare ? vqg_ledger_needs_reset(&ledger) : vqg_driver_needs_reset(&driver));
        op_reset();
        return false;
    }
    answer(st, VQG_EMPTY);
    holds("the model has none either", said.outcome == SM_EMPTY);
    if (event_idx && callbacks && !bare) {
        same("used_event", get16(parts[1] + 4u + 2u * (uint64_t)size), model.last_used);
    }
    count.empty++;
    return false;
}

/* Asks for interrupts, which looks at the index again unless there is something to take already. */
static void op_callback(void)
{
    uint64_t event = parts[1] + 4u + 2u * (uint64_t)size;
    uint16_t idx = get16(parts[2] + 2u);
    bool looks = seen == model.last_used;
    bool bad = looks && (uint16_t)(idx - model.last_used) > model.outstanding;
    bool on = chance(2, 3);
    operation("ask for %s", on ? "interrupts" : "no interrupts");
    callbacks = on;
    if (!on) {
        vqg_driver_callback_disable(&driver);
        return;
    }
    same("something waits", vqg_driver_callback_enable(&driver), !looks || idx != model.last_used);
    same("what the device reads", event_idx ? get16(event) : get16(parts[1]), event_idx ? model.last_used : 0u);
    same("latched", vqg_driver_needs_reset(&driver), bad);
    if (bad) {
        (void)op_take(); /* tells of it */
    } else if (looks) {
        seen = idx; /* stays accepted */
    }
}

/* Everything comes back exactly once, and not before the device is known to have let go. */
static void op_reset(void)
{
    struct vqg_done done;
    enum vqg_status st;
    if (bare) {
        op_set_up();
        return;
    }
    operation("reset");
    answer(vqg_driver_reset(&driver), VQG_OK);
    answer(vqg_driver_reclaim(&driver, &done), VQG_BAD_STATE);
    answer(vqg_driver_take(&driver, &done), VQG_DEAD);
    answer(vqg_driver_reset_acked(&driver), VQG_OK);
    settle();
    generation++;
    while ((st = vqg_driver_reclaim(&driver, &done)) == VQG_OK) {
        holds("a reclaimed request was added", done.id < size && requests[done.id].added);
        settle();
        same("cookie", (uint64_t)(uintptr_t)done.cookie, requests[done.id].cookie);
        same("length", done.len, 0);
        same("generation", done.generation, generation);
        settled(done.id);
        count.reclaimed++;
    }
    answer(st, VQG_EMPTY);
    same("descriptors that came back", free_count, size);
    answer(vqg_driver_restart(&driver), VQG_OK);
    forget();
}

/* ---------------------------------------------------------------- a round */

/* Lends one more, whatever it takes. */
static void lend_one(void)
{
    uint64_t before = count.added;
    while (count.added == before) {
        lend();
    }
}

/*
 * Both indices start at 0, so that it takes honest work to see them wrap. The first head of all may
 * stay out until its position comes round: then a later one waits there that is not exposed yet, and
 * the first one still may come back. Not counted: it is not random.
 */
static void go_far(void)
{
    uint64_t counted = run.operations;
    bool keeps = size >= 4u * SEGS_MAX;
    uint32_t kept = 0;
    lies = 0;
    lend_one();
    op_kick();
    if (keeps && find_lent(&kept)) {
        requests[kept].returned = true; /* so to speak */
    }
    for (uint32_t position = 1; position < 65534u; position++) {
        op_return(2);
        while (op_take()) {
        }
        lend_one();
        op_kick();
    }
    op_return(size);
    while (op_take()) {
    }
    if (keeps) {
        lend_one();
        lend_one();
        lend_one();
        operation("the first head of all returns");
        give(kept, requests[kept].writable);
        holds("it is taken", op_take());
    }
    run.operations = counted;
}

static void play_round(void)
{
    bool far = run.round % 1024u == 7u;
    unsigned left;
    begin_round(far);
    callbacks = true;
    if (far) {
        go_far();
    }
    lies = far ? 2u : 10u + below(90);
    for (left = far ? 2000u : 150u; left != 0u; left--) {
        uint64_t dice = below(100);
        settle();
        if (chance(lies, 4000)) {
            op_lie();
        } else if (dice < 30u) {
            lend();
        } else if (dice < 44u && !bare) {
            op_kick();
        } else if (dice < 64u) {
            op_return(4);
        } else if (dice < 94u) {
            (void)op_take();
        } else if (dice < 96u && !bare) {
            op_callback();
        } else if (dice < 98u) {
            op_scribble();
        } else if (chance(lies, 200)) {
            op_reset();
        }
    }
    settle();
    sm_drv_free(&model);
    free(memory);
    free(slots);
}

int main(int argc, char **argv)
{
    compare_begin(argc, argv, 3000000);
    while (compare_next()) {
        play_round();
    }
    (void)printf("%" PRIu64 " added, %" PRIu64 " times full, %" PRIu64 " kicks, %" PRIu64 " taken, %" PRIu64
                 " times empty, %" PRIu64 " clamped, %" PRIu64 " short, %" PRIu64 " reclaimed, %" PRIu64 " wraps\n",
                 count.added, count.full, count.kicks, count.taken, count.empty, count.clamped, count.too_short,
                 count.reclaimed, count.wrapped);
    return compare_end("Q1 Q2 Q4 U1 U2 U3 U5 U6");
}
