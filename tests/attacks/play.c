/* SPDX-License-Identifier: MIT */
#include "play.h"

#include <stdlib.h>
#include <string.h>

static char cookies[64];

/* ---- the driver's side ---- */

static bool driver_add(struct play *p, uint32_t k)
{
    struct vqg_seg seg[3];
    struct vqg_request r = {seg, 0, 0, &cookies[k], NULL, 0, 0};
    r.count = stage_segments(p->attack, k, seg);
    if (p->attack->shape == SHAPE_TABLE) {
        r.table = world_at(p->world, WORLD_TABLES + 64u * (uint64_t)k);
        r.table_addr = ATTACK_TABLE + 64u * (uint64_t)k;
        r.table_entries = r.count;
    }
    return vqg_driver_add_request(&p->world->driver, &r) == VQG_OK;
}

/* The honest device returns request `k`, which is the oldest in flight, and the driver takes it. */
static bool driver_serve(struct play *p, uint32_t k)
{
    struct vqg_done done;
    stage_return(&p->stage, k);
    return vqg_driver_take(&p->world->driver, &done) == VQG_OK && done.cookie == &cookies[k] &&
           done.len == stage_writable(p->attack) && done.id == p->stage.id[k];
}

static bool driver_lend(struct play *p, uint32_t k)
{
    bool added = driver_add(p, k);
    (void)vqg_driver_kick(&p->world->driver);
    return added && stage_fetch(&p->stage, k);
}

/* A device that reads ahead learns the id of a request that was added and not published. */
static void driver_add_ahead(struct play *p, uint32_t k)
{
    struct packed_cursor last = p->stage.peer.avail;
    const uint32_t n = stage_descriptors(p->attack);
    assert_true(driver_add(p, k));
    packed_move(&p->stage.peer, &last, n - 1u);
    p->stage.id[k] = (uint16_t)(p->stage.packed ? peer_get(p->world, packed_at(last.slot) + PACKED_ID, 2) : n * k);
}

static bool driver_restart(struct play *p)
{
    struct vqg_driver *d = &p->world->driver;
    struct vqg_done done;
    uint32_t n = 0;
    if (vqg_driver_reset(d) != VQG_OK || vqg_driver_reset_acked(d) != VQG_OK) {
        return false;
    }
    while (vqg_driver_reclaim(d, &done) == VQG_OK) {
        n++;
    }
    stage_restart(&p->stage);
    return n <= ATTACK_SIZE && vqg_driver_restart(d) == VQG_OK && vqg_driver_free(d) == ATTACK_SIZE;
}

static void driver_begin(struct play *p)
{
    const struct attack *a = p->attack;
    struct world *w = p->world;
    uint32_t k;
    world_start_driver(w);
    for (k = 0; k < a->rounds; k++) {
        assert_true(driver_lend(p, 0) && driver_serve(p, 0));
    }
    stage_mark_first(&p->stage);
    for (k = 0; k < a->lent; k++) {
        assert_true(driver_lend(p, k));
    }
    for (k = 0; k < a->returned; k++) {
        assert_true(driver_serve(p, k));
    }
    for (k = 0; k < a->added; k++) {
        driver_add_ahead(p, a->lent + k);
    }
    if (a->when == WHEN_RESET) {
        assert_int_equal(vqg_driver_reset(&w->driver), VQG_OK);
    } else if (a->when == WHEN_RESTARTED) {
        assert_true(driver_restart(p));
    }
    stage_mark_look(&p->stage);
    if (a->returned < a->lent && a->when != WHEN_RESTARTED) {
        stage_return(&p->stage, a->returned);
    }
}

static bool driver_is_honest(struct play *p)
{
    const struct attack *a = p->attack;
    struct world *w = p->world;
    uint32_t per_chain = stage_descriptors(a);
    bool ok = p->done.cookie == &cookies[a->returned] && p->done.len == stage_writable(a) &&
              p->done.id == p->stage.id[a->returned] && p->done.count == per_chain;
    uint32_t k;
    for (k = a->returned + 1u; ok && k < a->lent; k++) { /* the others come back as they went */
        ok = driver_serve(p, k);
    }
    return ok && vqg_driver_free(&w->driver) == ATTACK_SIZE - per_chain * a->added &&
           vqg_driver_take(&w->driver, &p->done) == VQG_EMPTY && !vqg_driver_needs_reset(&w->driver);
}

/* ---- the device's side ---- */

static bool device_serve(struct play *p, uint32_t k)
{
    struct world *w = p->world;
    stage_post(&p->stage, k);
    if (vqg_device_pop(&w->device, &w->chain) != VQG_OK ||
        vqg_device_push(&w->device, &w->chain, w->chain.writable) != VQG_OK) {
        return false;
    }
    (void)vqg_device_notify(&w->device);
    return stage_collect(&p->stage, k, stage_writable(p->attack));
}

static void device_begin(struct play *p)
{
    const struct attack *a = p->attack;
    struct world *w = p->world;
    uint32_t i;
    w->queue.size_max = ATTACK_SIZE;
    vqg_chain_init(&p->other, p->other_segs, ATTACK_SIZE);
    if (a->when == WHEN_SET_UP) {
        return;
    }
    world_start_device(w);
    for (i = 0; i < a->rounds; i++) {
        assert_true(device_serve(p, 0));
    }
    stage_mark_first(&p->stage);
    assert_true(a->lent <= 1u);
    if (a->lent != 0u) {
        stage_post(&p->stage, 0);
        assert_int_equal(vqg_device_pop(&w->device, &p->other), VQG_OK);
    }
    stage_post(&p->stage, a->lent);
    if (a->when == WHEN_POPPED) {
        assert_int_equal(vqg_device_pop(&w->device, &w->chain), VQG_OK);
    }
}

static enum vqg_status device_strike(struct play *p)
{
    struct world *w = p->world;
    switch (p->attack->when) {
    case WHEN_SET_UP:
        return vqg_device_init(&w->device, &w->queue, &w->policy, &w->lookup, w->slots, w->nslots);
    case WHEN_NOTIFIED: {
        enum vqg_status st = vqg_notification_parse(p->stage.notify, w->queue.features, 1, &p->note);
        return st == VQG_OK && p->note.has_next ? vqg_device_hint(&w->device, p->note.next) : st;
    }
    case WHEN_POPPED:
        return vqg_device_push(&w->device, &w->chain, w->chain.writable);
    default:
        return vqg_device_pop(&w->device, &w->chain);
    }
}

static bool device_is_honest(struct play *p)
{
    const struct attack *a = p->attack;
    struct world *w = p->world;
    struct vqg_seg want[3];
    uint32_t n = stage_segments(a, a->lent, want);
    uint32_t i;
    if (a->when == WHEN_SET_UP) {
        return true;
    }
    if (a->when == WHEN_NOTIFIED && vqg_device_pop(&w->device, &w->chain) != VQG_OK) {
        return false;
    }
    if (w->chain.count != n || w->chain.head != p->stage.id[a->lent] || w->chain.writable != stage_writable(a)) {
        return false;
    }
    for (i = 0; i < n; i++) { /* a chain that was pushed is the caller's again, as it was */
        const struct vqg_seg *s = &w->chain.seg[i];
        if (s->addr != want[i].addr || s->len != want[i].len || s->write != want[i].write) {
            return false;
        }
    }
    if (a->lent != 0u && (a->features & VQG_F_IN_ORDER) != 0u) { /* the older one goes first */
        p->other_back = vqg_device_push(&w->device, &p->other, p->other.writable) == VQG_OK;
        if (!p->other_back) {
            return false;
        }
    }
    return a->when == WHEN_POPPED || vqg_device_push(&w->device, &w->chain, w->chain.writable) == VQG_OK;
}

static bool device_revive(struct play *p)
{
    struct world *w = p->world;
    struct vqg_queue honest = w->queue;
    honest.index = 0;
    honest.size = ATTACK_SIZE;
    honest.order = VQG_ORDER_AUTO;
    honest.desc_addr = ATTACK_DESC;
    honest.avail_addr = ATTACK_AVAIL;
    honest.used_addr = ATTACK_USED;
    vqg_device_reset(&w->device);
    if (p->attack->lent != 0u && !p->other_back && vqg_device_push(&w->device, &p->other, 0) != VQG_STALE) {
        return false;
    }
    stage_clear(&p->stage);
    return vqg_device_enable(&w->device, &honest) == VQG_OK && device_serve(p, 0) && device_serve(p, 1);
}

/* ---- both ---- */

void play_begin(struct play *p, const struct attack *a, bool on_driver, bool packed)
{
    memset(p, 0, sizeof *p);
    p->attack = a;
    p->on_driver = on_driver;
    p->world = world_new(ATTACK_SIZE, a->features | (packed ? VQG_F_RING_PACKED : 0u));
    stage_begin(&p->stage, p->world, a, packed);
    if ((a->policy & ATTACK_POLICY_SPEC) != 0u) {
        p->world->policy = vqg_profile_spec();
    }
    if ((a->policy & ATTACK_POLICY_SEND) != 0u) {
        p->world->policy.direction = VQG_DIRECTION_READABLE;
    }
    if ((a->policy & ATTACK_POLICY_MINIMUM) != 0u) {
        p->world->policy.min_readable = ATTACK_HEADER_BYTES;
        p->world->policy.min_writable = ATTACK_STATUS_BYTES;
        p->world->policy.min_length = ATTACK_STATUS_BYTES;
    }
    if ((a->policy & ATTACK_POLICY_QUOTA) != 0u) {
        p->world->policy.max_bytes = 1024;
    }
    /* These buffers hold nothing that an unwritten length could give away (O3). */
    p->world->policy.accept_claimed = true;
    if (on_driver) {
        driver_begin(p);
    } else {
        device_begin(p);
    }
}

void play_write(struct play *p)
{
    stage_apply(&p->stage);
}

enum vqg_status play_strike(struct play *p)
{
    p->status = p->on_driver ? vqg_driver_take(&p->world->driver, &p->done) : device_strike(p);
    return p->status;
}

const struct vqg_violation *play_violation(const struct play *p)
{
    return p->on_driver ? vqg_driver_violation(&p->world->driver) : vqg_device_violation(&p->world->device);
}

enum vqg_rule play_rule(const struct play *p)
{
    enum vqg_rule rule = play_violation(p)->rule;
    if (rule == VQG_RULE_NONE) {
        rule = vqg_status_rule(p->status); /* a notification for no queue at all has no endpoint to record it */
    }
    if (rule == VQG_RULE_NONE && p->status == p->attack->status && vqg_rule_kind(p->attack->rule) == VQG_KIND_BUILT) {
        rule = p->attack->rule; /* kept by the way the code is built, without a word */
    }
    return rule;
}

bool play_is_honest(struct play *p)
{
    return p->on_driver ? driver_is_honest(p) : device_is_honest(p);
}

bool play_revive(struct play *p)
{
    return p->on_driver ? driver_restart(p) && driver_lend(p, 0) && driver_serve(p, 0) : device_revive(p);
}

void play_end(struct play *p)
{
    world_free(p->world);
    p->world = NULL;
}

struct play_result play_attack(const struct attack *a, bool on_driver, bool packed)
{
    unsigned char *before = malloc(WORLD_BYTES);
    struct play_result r;
    struct play p;
    if (before == NULL) {
        abort();
    }
    play_begin(&p, a, on_driver, packed);
    play_write(&p);
    memcpy(before, p.world->memory, WORLD_BYTES);
    r.status = play_strike(&p);
    r.rule = play_rule(&p);
    r.record = *play_violation(&p);
    r.unchanged = r.status == VQG_OK ? play_is_honest(&p) : memcmp(before, p.world->memory, WORLD_BYTES) == 0;
    r.revived = play_revive(&p);
    r.stopped = r.status == a->status && r.rule == a->rule && r.unchanged && r.revived;
    play_end(&p);
    free(before);
    return r;
}
