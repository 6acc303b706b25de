/* SPDX-License-Identifier: MIT */
/*
 * Every attack of tests/attacks, played against the model: the rule that must stop it is among those that the model
 * names. So the table and the model agree, and both speak of the same steps, before any endpoint is asked.
 */
#include "model.h"
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct attack *attack;
static bool packed;
static struct world *world;
static struct stage stage;  /* the attacker, and its honest steps */

static void holds(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "%s (%s): %s\n", attack->name, packed ? "packed" : "split", what);
        exit(1);
    }
}

static void holds_rule(const struct sm_set *broken)
{
    char text[128];
    if (!sm_set_has_name(broken, vqg_rule_id(attack->rule))) {
        (void)fprintf(stderr, "%s (%s): %s is not among %s\n", attack->name, packed ? "packed" : "split",
                      vqg_rule_id(attack->rule), sm_set_text(broken, text, sizeof text));
        exit(1);
    }
}

static uint64_t features(void)
{
    return attack->features | (packed ? SM_FEATURE_RING_PACKED : 0u);
}

static uint16_t start(void)
{
    return packed ? SM_PACKED_START : 0;
}

/* ---------------------------------------------------------------- a hostile driver */

static struct sm_dev dev;
static struct sm_capability grants[3];

static void set_policy(struct sm_policy *p)
{
    memset(p, 0, sizeof *p);
    p->canonical = (attack->policy & ATTACK_POLICY_SPEC) == 0u;
    p->zero_length = p->canonical ? SM_ZERO_REJECT : SM_ZERO_SKIP;
    p->spanning = p->canonical ? SM_SPANNING_REFUSE : SM_SPANNING_SPLIT;
    p->direction = (attack->policy & ATTACK_POLICY_SEND) != 0u ? SM_DIRECTION_READABLE_ONLY : SM_DIRECTION_ANY;
    p->max_chain_bytes = (attack->policy & ATTACK_POLICY_QUOTA) != 0u ? 1024 : 0;
    if ((attack->policy & ATTACK_POLICY_MINIMUM) != 0u) {
        p->min_readable = ATTACK_HEADER_BYTES;
        p->min_writable = ATTACK_STATUS_BYTES;
    }
}

static struct sm_set enable(void)
{
    const struct sm_memory memory = {world->memory, WORLD_BASE, WORLD_BYTES};
    struct sm_dev_config c;
    uint32_t i;
    memset(&c, 0, sizeof c);
    c.size = world->queue.size;
    c.offered_max = ATTACK_SIZE;
    c.features = features();
    c.desc = world->queue.desc_addr;
    c.avail = world->queue.avail_addr;
    c.used = world->queue.used_addr;
    c.start_avail = start();
    c.start_used = start();
    set_policy(&c.policy);
    for (i = 0; i < 3u; i++) {
        const struct vqg_cap *cap = &world->caps[i];
        grants[i] = (struct sm_capability){cap->base, cap->size, cap->rights, cap->bus};
    }
    c.capabilities = grants;
    c.capability_count = 3;
    return sm_dev_init(&dev, &c, memory);
}

static void is_request(const struct sm_chain *chain, uint32_t k)
{
    struct vqg_seg want[3];
    uint32_t n = stage_segments(attack, k, want);
    uint32_t i;
    holds(chain->outcome == SM_OK && chain->segment_count == n && chain->head == stage.id[k], "an honest chain");
    for (i = 0; i < n; i++) {
        const struct sm_segment *s = &chain->segments[i];
        holds(s->addr == want[i].addr && s->len == want[i].len && s->write == want[i].write, "an honest element");
    }
    holds(chain->slots == stage_descriptors(attack), "an honest count");
}

static void take_request(uint32_t k)
{
    struct sm_chain chain = sm_dev_pop(&dev);
    is_request(&chain, k);
    sm_chain_free(&chain);
}

static void serve(uint32_t k)
{
    struct sm_set none;
    take_request(k);
    none = sm_dev_push(&dev, stage.id[k], stage_writable(attack));
    holds(sm_set_is_empty(&none), "an honest return");
}

static void attack_device(bool writes)
{
    struct sm_chain chain;
    uint32_t k;
    if (attack->when == WHEN_SET_UP) {
        struct sm_set broken;
        if (writes) {
            stage_apply(&stage);
        }
        broken = enable();
        if (writes) {
            holds_rule(&broken);
        } else {
            holds(sm_set_is_empty(&broken), "an honest queue");
        }
        return;
    }
    {
        struct sm_set none = enable();
        holds(sm_set_is_empty(&none), "an honest queue");
    }
    for (k = 0; k < attack->rounds; k++) {
        stage_post(&stage, 0);
        serve(0);
    }
    stage_mark_first(&stage);
    for (k = 0; k < attack->lent; k++) {
        stage_post(&stage, k);
        take_request(k);
    }
    stage_post(&stage, k);
    if (writes) {
        stage_apply(&stage);
    }
    chain = sm_dev_pop(&dev);
    if (!writes || attack->status == VQG_OK) {
        if (attack->when != WHEN_POPPED) { /* too late for one that reads only now */
            is_request(&chain, k);
        }
    } else if (attack->status == VQG_EMPTY) {
        holds(chain.outcome == SM_EMPTY, "nothing waits");
    } else {
        holds(chain.outcome == SM_BROKEN, "a rule is broken");
        holds_rule(&chain.broken);
    }
    sm_chain_free(&chain);
}

/* ---------------------------------------------------------------- a hostile device */

static struct stage driver; /* the honest driver's hand; `stage` is the device's */
static struct sm_drv drv;

static void lend(uint32_t k)
{
    const bool least = (attack->policy & ATTACK_POLICY_MINIMUM) != 0u;
    stage_post(&driver, k);
    holds(stage_fetch(&stage, k) && stage.id[k] == driver.id[k], "an honest device finds the request");
    holds(sm_drv_lend(&drv, driver.id[k], stage_descriptors(attack), stage_writable(attack),
                      least ? ATTACK_STATUS_BYTES : 0u, k), "there is room");
}

static struct sm_take take(void)
{
    const enum sm_len_policy policy = (attack->policy & ATTACK_POLICY_SPEC) != 0u ? SM_LEN_CLAMP : SM_LEN_REJECT;
    struct sm_used used;
    memset(&used, 0, sizeof used);
    if (packed) {
        const uint64_t at = packed_at(drv.last_used & ~SM_WRAP);
        used.flags = (uint16_t)peer_get(world, at + PACKED_FLAGS, 2);
        used.id = (uint32_t)peer_get(world, at + PACKED_ID, 2);
        used.len = (uint32_t)peer_get(world, at + PACKED_LEN, 4);
    } else {
        used.idx = peer_get_used_idx(world);
        used.id = peer_get_used_id(world, drv.last_used);
        used.len = peer_get_used_len(world, drv.last_used);
    }
    return sm_drv_take(&drv, used, policy);
}

static bool is_done(struct sm_take t, uint32_t k)
{
    return t.outcome == SM_OK && t.cookie == k && t.len == stage_writable(attack) && t.head == stage.id[k];
}

static void give_back(uint32_t k)
{
    stage_return(&stage, k);
    holds(is_done(take(), k), "an honest completion");
}

static void attack_driver(bool writes)
{
    const bool returns = attack->returned < attack->lent && attack->when != WHEN_RESTARTED;
    struct sm_take t;
    uint32_t k;
    sm_drv_init(&drv, features(), ATTACK_SIZE, start(), start());
    stage_begin(&driver, world, attack, packed);
    for (k = 0; k < attack->rounds; k++) {
        lend(0);
        give_back(0);
    }
    stage_mark_first(&stage);
    for (k = 0; k < attack->lent; k++) {
        lend(k);
    }
    for (k = 0; k < attack->returned; k++) {
        give_back(k);
    }
    for (k = 0; k < attack->added; k++) { /* only the driver knows of it */
        stage.id[attack->lent + k] = packed ? ATTACK_PACKED_ID(attack->lent + k) : (uint16_t)(3u * (attack->lent + k));
    }
    if (attack->when == WHEN_RESTARTED) {
        sm_drv_free(&drv);
        sm_drv_init(&drv, features(), ATTACK_SIZE, start(), start());
        stage_clear(&driver);
        stage_restart(&stage);
    }
    stage_mark_look(&stage);
    if (returns) {
        stage_return(&stage, attack->returned);
    }
    if (writes) {
        stage_apply(&stage);
    }
    t = take();
    if (!writes && !returns) {
        holds(t.outcome == SM_EMPTY, "nothing came back");
    } else if (!writes || attack->status == VQG_OK) {
        holds(is_done(t, attack->returned), "an honest completion");
        for (k = attack->returned + 1u; k < attack->lent; k++) {
            give_back(k);
        }
        holds(take().outcome == SM_EMPTY, "nothing more came back");
    } else if (attack->status == VQG_EMPTY) {
        holds(t.outcome == SM_EMPTY, "nothing is taken");
    } else {
        holds(t.outcome == SM_BROKEN, "a rule is broken");
        holds_rule(&t.broken);
    }
    sm_drv_free(&drv);
}

/* ---------------------------------------------------------------- all of them */

/* What the model does not cover: a queue's index, byte order, notifications, and resets under way. */
static bool is_covered(void)
{
    return attack->rule != VQG_RULE_QUEUE_INDEX && attack->rule != VQG_RULE_BYTE_ORDER &&
           attack->when != WHEN_NOTIFIED && attack->when != WHEN_RESET;
}

static void play(bool on_driver, bool writes)
{
    world = world_new(ATTACK_SIZE, features());
    stage_begin(&stage, world, attack, packed);
    if (on_driver) {
        attack_driver(writes);
    } else {
        attack_device(writes);
        sm_dev_free(&dev);
    }
    world_free(world);
}

int main(void)
{
    unsigned played[2] = {0, 0};
    unsigned left = 0;
    size_t t;
    size_t i;
    for (t = 0; t < ATTACK_TABLES; t++) {
        for (i = 0; i < attack_tables[t]->count; i++) {
            attack = &attack_tables[t]->attacks[i];
            for (int format = 0; format < 2; format++) {
                packed = format == 1;
                if (!attack_fits(attack, packed)) {
                    continue;
                }
                if (!is_covered()) {
                    left++;
                    continue;
                }
                play(attack_tables[t]->on_driver, false);
                play(attack_tables[t]->on_driver, true);
                played[packed]++;
            }
        }
    }
    (void)printf("model: %u attacks played on split queues, %u on packed ones, %u are about what it leaves out\n",
                 played[0], played[1], left);
    return 0;
}
