/* SPDX-License-Identifier: MIT */
/*
 * The device endpoint against the model: a hostile driver, both read the same memory, and what the
 * library says and hands out has to be what the model says.
 */
#include "device_pop.h"

/* ---------------------------------------------------------------- what the driver does */

static uint64_t hostility; /* one chain in so many is spoilt */

static uint32_t hostile_head(uint32_t head)
{
    for (unsigned tries = 0; tries < 8u; tries++) {
        uint32_t id = (uint32_t)below(guest.entries);
        if (model.owner[id] >= 0) {
            return chance(1, 2) ? id : (uint32_t)model.owner[id];
        }
    }
    return chance(1, 2) ? guest.entries + (uint32_t)below(3) : chance(1, 2) ? (uint32_t)below(0x10000) : head;
}

static void op_available(void)
{
    uint32_t longest = policy.max_elements != 0u ? policy.max_elements : guest.entries;
    uint32_t least[2] = {policy.min_readable, policy.min_writable};
    bool indirect = (guest.features & SM_FEATURE_INDIRECT_DESC) != 0u;
    uint32_t n = 1u + (uint32_t)below(chance(1, 2) ? 8 : 2);
    operation("make %" PRIu32 " available", n);
    while (n-- != 0u) {
        uint32_t few = 1u + (uint32_t)below(longest < 5u ? longest : 5u);
        uint32_t count = chance(1, 24) ? longest + (uint32_t)below(2) : few;
        uint32_t reads = (uint32_t)below(count + 1u);
        uint32_t direct;
        uint32_t head;
        if ((uint16_t)(guest.idx - published) >= guest.entries && !chance(1, 100)) {
            break; /* as far as the driver has seen, all of it is lent */
        }
        if (policy.direction != VQG_DIRECTION_ANY && !chance(1, 12)) {
            reads = policy.direction == VQG_DIRECTION_READABLE ? count : 0;
        }
        if (least[0] != 0u && least[1] != 0u && !chance(1, 12)) {
            count = count < 2u ? 2u : count;
            reads = 1u + (uint32_t)below(count - 1u);
        } else if ((least[0] != 0u && reads == 0u) || (least[1] != 0u && reads == count)) {
            reads = chance(1, 12) ? reads : count - reads;
        }
        direct = count;
        if (indirect ? chance(1, 3) : chance(1, 30)) {
            direct = chance(1, policy.refuse_mixed ? 16 : 3) ? (uint32_t)below(count) : 0;
        }
        if (!put_chain(&guest, &model, count, reads, direct, least, &head)) {
            break; /* all descriptors are taken */
        }
        if (chance(1, hostility)) {
            mutate(&guest, &model);
        }
        if (chance(1, 40)) {
            detail("but the head is another");
            guest_taken(&guest, head);
            head = hostile_head(head);
        }
        detail("head %" PRIu32 " at position %u", head, guest.idx);
        sm_put16(guest_at(&guest, avail_entry(&guest, guest.idx)), (uint16_t)head, guest.big);
        guest.idx++;
    }
    sm_put16(guest_at(&guest, guest.part[AVAIL] + 2u), guest.idx, guest.big);
}

static void op_jump(void)
{
    uint32_t pending = (uint16_t)(guest.idx - model.last_avail);
    uint32_t room = guest.entries - pending;
    uint16_t idx = (uint16_t)(model.last_avail + below(0x10000));
    if (chance(1, 2) && model.in_flight_count != 0u && pending <= guest.entries && room >= model.in_flight_count) {
        /* as many as the queue has, but not with those in flight */
        idx = (uint16_t)(guest.idx + room - below(model.in_flight_count));
    } else if (chance(1, 2)) {
        idx = (uint16_t)(model.last_avail + guest.entries + below(3)); /* around the last that can be */
    }
    operation("the avail index jumps from %u to %u", guest.idx, idx);
    sm_put16(guest_at(&guest, guest.part[AVAIL] + 2u), idx, guest.big);
    guest.idx = idx;
}

static void op_scribble(void)
{
    uint32_t n = guest.entries < 64u ? guest.entries : 64u;
    operation("descriptors at random");
    guest.place_count = 0;
    if (chance(1, 4)) {
        put_random(&guest, guest.part[DESC], 16u * n);
        put_random(&guest, guest.data, 512);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        put_odd(&guest, guest.part[DESC] + 16u * below(guest.entries));
        put_odd(&guest, guest.data + 16u * below(64));
    }
}

/* ---------------------------------------------------------------- push, notify */

/* Returns a chain: a good one with a good length most of the time. */
static void op_push(void)
{
    uint32_t k = (uint32_t)below(pool_count);
    struct vqg_chain *c;
    struct sm_set broken;
    uint64_t writable;
    uint64_t written;
    enum vqg_status st;
    for (uint32_t n = 0; n < pool_count && !lent[k] && !chance(1, 200); n++) {
        k = (k + 1u) % pool_count;
    }
    if (!lent[k] && chance(7, 8)) {
        op_pop();
        return;
    }
    c = &pool[k];
    writable = c->writable;
    written = chance(1, 4) ? writable : below(writable + 1u);
    if (chance(1, 12) && writable < UINT32_MAX) {
        written = writable + 1u + (chance(1, 2) ? 0u : below(UINT32_MAX - writable));
    }
    operation("push head %u with %" PRIu64 " of %" PRIu64 " bytes%s", c->head, written, writable,
              !lent[k] ? ", not popped" : stale[k] ? ", popped before a reset" : "");
    if (!lent[k] && model.in_flight[c->head % guest.entries].live) {
        return; /* to the model, which knows heads only, this is a good one */
    }
    keep();
    if (lent[k] && stale[k]) {
        model.bytes_in_flight -= (uint64_t)c->readable + c->writable;
        answer(vqg_device_push(&device, c, (uint32_t)written), VQG_STALE);
        lent[k] = false;
        kept_but_used(false);
        return;
    }
    broken = sm_dev_push(&model, c->head, written);
    st = vqg_device_push(&device, c, (uint32_t)written);
    verdict(st,
            st == VQG_BAD_CHAIN    ? VQG_RULE_NOT_POPPED
            : st == VQG_BAD_LENGTH ? VQG_RULE_WRITTEN_LENGTH
                                   : VQG_RULE_NONE,
            &broken);
    kept_but_used(st == VQG_OK);
    if (st == VQG_OK) {
        lent[k] = false;
        seen.pushed++;
    }
    if (st == VQG_OK && chance(1, 4)) {
        operation("push head %u again", c->head);
        broken = sm_dev_push(&model, c->head, 0);
        st = vqg_device_push(&device, c, 0);
        verdict(st, st == VQG_BAD_CHAIN ? VQG_RULE_NOT_POPPED : VQG_RULE_NONE, &broken);
    }
}

static void op_notify(void)
{
    uint16_t flags = (uint16_t)(chance(1, 2) ? below(2) : below(0x10000));
    uint16_t event = (uint16_t)(chance(3, 4) ? published + below(8) - 3u : below(0x10000));
    uint64_t at = guest.part[AVAIL];
    size_t offset = 0;
    bool interrupt;
    operation("notify: used %u to %u, flags 0x%x, event %u", published, model.used_idx, flags, event);
    sm_put16(guest_at(&guest, at), flags, guest.big);
    sm_put16(guest_at(&guest, at + 4u + 2u * (uint64_t)guest.entries), event, guest.big);
    interrupt = vqg_device_notify(&device);
    same("interrupt", interrupt, sm_dev_notify(&model, published, model.used_idx));
    published = model.used_idx;
    sm_dev_publish(&model);
    holds("the used ring is what the model wrote", sm_dev_used_matches(&model, &offset));
    seen.interrupts += interrupt ? 1u : 0u;
}

/* Asks for kicks, which looks at the index again unless there is something to take already. */
static void op_kick(void)
{
    uint64_t event = guest.part[USED] + 4u + 8u * (uint64_t)guest.entries;
    uint32_t pending = (uint16_t)(guest.idx - model.last_avail);
    bool looks = model.seen_avail == model.last_avail;
    bool bad = looks && pending + model.in_flight_count + model.unpublished > guest.entries;
    bool on = chance(2, 3);
    uint32_t k = 0;
    while (k < pool_count && lent[k]) {
        k++;
    }
    if (k == pool_count) {
        return; /* a pop that tells of a bad index needs a chain */
    }
    operation("ask for %s", on ? "kicks" : "no kicks");
    kicks = on;
    keep();
    if (!on) {
        vqg_device_kick_disable(&device);
        kept_but_used(false);
        return;
    }
    same("something waits", vqg_device_kick_enable(&device), !looks || pending != 0u);
    kept_but_used(false);
    if ((guest.features & SM_FEATURE_EVENT_IDX) != 0u) {
        same("avail_event", sm_get16(guest_at(&guest, event), guest.big), model.last_avail);
    } else {
        same("used.flags", sm_get16(guest_at(&guest, guest.part[USED]), guest.big), 0);
    }
    same("latched", vqg_device_needs_reset(&device), bad);
    if (bad) {
        op_pop(); /* tells of it */
    } else if (looks) {
        model.seen_avail = guest.idx; /* stays accepted */
    }
}

/*
 * The largest queue, all of it returned and not published, and all of it made available once more:
 * that is 65536 positions, which 16 bits take for none. Not counted: it is not random.
 */
static void play_largest(void)
{
    uint64_t counted = run.operations;
    begin_round(true);
    for (unsigned turn = 0; turn < 2u; turn++) {
        operation("make all of %" PRIu32 " available, %s of them good", guest.entries, turn == 0u ? "none" : "all");
        for (uint32_t i = 0; i < guest.entries; i++) {
            put_desc(&guest, guest.part[DESC] + 16u * (uint64_t)i, guest.data, 1, turn == 0u ? 8 : 0, 0);
            sm_put16(guest_at(&guest, avail_entry(&guest, guest.idx++)), (uint16_t)i, guest.big);
        }
        sm_put16(guest_at(&guest, guest.part[AVAIL] + 2u), guest.idx, guest.big);
        for (uint32_t i = 0; i < (turn == 0u ? guest.entries : 1u); i++) {
            op_pop();
            settle();
        }
    }
    end_round();
    run.operations = counted;
}

static void play_round(void)
{
    uint64_t left;
    uint64_t pushes;
    begin_round(false);
    hostility = 2u + below(40);
    pushes = below(20); /* with few of them much is in flight */
    for (left = guest.entries > 1024u ? 60u : 150u; left != 0u; left--) {
        uint64_t dice = below(96);
        settle();
        if (dice < 1u) {
            op_reset();
        } else if (dice < 2u) {
            op_jump();
        } else if (dice < 3u) {
            op_scribble();
        } else if (dice < 8u) {
            op_kick();
        } else if (dice < 20u) {
            op_notify();
        } else if (dice < 22u + pushes) {
            op_push();
        } else if (dice < 56u) {
            op_available();
        } else {
            op_pop();
        }
    }
    settle();
    end_round();
}

int main(int argc, char **argv)
{
    compare_begin(argc, argv, 3000000);
    while (compare_next()) {
        if (run.round == 8u) {
            play_largest();
        } else {
            play_round();
        }
    }
    (void)printf("%" PRIu64 " chains of %" PRIu64 " segments, %" PRIu64 " times empty, %" PRIu64 " held back, %" PRIu64
                 " dropped, %" PRIu64 " latched, %" PRIu64 " pushed, %" PRIu64 " interrupts\n",
                 seen.chains, seen.segments, seen.empty, seen.held, seen.dropped, seen.latched, seen.pushed,
                 seen.interrupts);
    return compare_end("Q1 Q2 Q4 Q5 Q6 Q7 S1 S2 S3 S4 S5 C1 C2 C3 C4 C5 C6 C7 C8 C9 C10 C11 C12 "
                       "I1 I2 I3 I4 I5 I6 I8 I12 M1 M2 M9 X8");
}
