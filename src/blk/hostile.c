/* SPDX-License-Identifier: MIT */
/* When which attack is played. */
#include "hostile.h"

#include "hostile_table.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ATTACKS 128u

/* How long a queue is idle before an attack on one that has nothing in flight, */
#define IDLE_MS 20
/* how long nothing comes, before what is in flight is all that the guest has, */
#define SETTLE_MS 20
/* or is to be taken for that although an attack asks for more, */
#define GATHER_MS 50
/* and how long the guest has to look at what was done. */
#define LOOK_MS 100
#define TICK_MS 2

enum phase {
    PHASE_OFF = 0,
    PHASE_ARMED, /* the next attack is played when it can be */
    PHASE_REST,  /* of the life in which it was */
    PHASE_HONEST /* the life behind it */
};

static struct {
    enum phase phase;
    bool random;
    bool all;           /* what does not fit is left out, without a word */
    uint64_t seed;
    uint64_t after;
    struct hostile_attack attack[ATTACKS];
    size_t count;
    size_t at;          /* the next one */
    size_t played;
    struct vring *target;
    int64_t hold_until; /* the guest looks at what was done; 0: it does not */
    int64_t since;      /* what is waited for began; 0: it did not */
    uint32_t flying;    /* then */
    bool settled;       /* what is in flight is all that the guest has; the next that is pushed may be struck */
    uint16_t last_id;
    uint64_t last_life; /* requests that the last life served */
} h;

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint64_t next_random(void)
{
    /* splitmix64 */
    uint64_t z = h.seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* ---- what is asked for ---- */

static bool add(const char *name)
{
    if (h.count == ATTACKS || !hostile_find(name, &h.attack[h.count])) {
        report_say("no attack '%s' (vqguard-blk --list)", name);
        return false;
    }
    h.count++;
    return true;
}

bool hostile_arm(const char *names, uint64_t after)
{
    char *copy = strdup(names);
    char *rest = copy;
    const char *name;
    bool good = copy != NULL;
    size_t i;
    h.phase = PHASE_ARMED;
    h.after = after;
    h.all = strcmp(names, "all") == 0;
    for (i = 0; h.all && hostile_at(i, &h.attack[h.count]); i++) {
        const struct hostile_attack a = h.attack[h.count];
        /* A lie that lasts would spoil all that come after it. */
        h.count += a.disk == NULL || a.disk->lie != LIE_CONFIG ? 1u : 0u;
    }
    while (!h.all && good && (name = strsep(&rest, ",")) != NULL) {
        good = add(name);
    }
    free(copy);
    for (i = 0; good && h.count > 1u && i < h.count; i++) {
        if (h.attack[i].disk != NULL && h.attack[i].disk->lie == LIE_CONFIG) {
            report_say("attack %s lasts as long as the process: it is played alone", hostile_name(h.attack[i]));
            good = false;
        }
    }
    return good;
}

void hostile_arm_random(uint64_t seed, uint64_t after)
{
    h.phase = PHASE_ARMED;
    h.random = true;
    h.seed = seed;
    h.after = after;
}

bool hostile_missed(void)
{
    return !h.random && !h.all && h.played < h.count;
}

/* ---- the attack that is armed ---- */

static bool is_armed(void)
{
    return h.phase == PHASE_ARMED && (h.random || h.at < h.count);
}

/* The one on the queue that may be played on it now, in a life that has served enough; or null. */
static const struct attack *due(const struct vring *v)
{
    return is_armed() && !h.random && h.attack[h.at].queue != NULL && v->served >= h.after &&
                   hostile_fits(v, h.attack[h.at])
               ? h.attack[h.at].queue
               : NULL;
}

static const struct attack *due_in_flight(const struct vring *v)
{
    const struct attack *a = due(v);
    return a != NULL && a->when == WHEN_POSTED && a->lent != 0u ? a : NULL;
}

static void was_played(struct vring *v)
{
    const struct hostile_attack a = h.attack[h.at++];
    h.played++;
    h.phase = PHASE_REST;
    h.target = v;
    h.since = 0;
    h.settled = false;
    h.hold_until = now_ms() + LOOK_MS;
    report_say("attack %s is played on queue %u, behind %llu requests", hostile_name(a), v->index,
               (unsigned long long)v->served);
    report_event("attack", ",\"name\":\"%s\",\"queue\":%u,\"format\":\"%s\",\"life\":%u,\"request\":%llu",
                 hostile_name(a), v->index, (v->world->features & VQG_F_RING_PACKED) != 0u ? "packed" : "split",
                 v->life, (unsigned long long)v->served);
}

static struct strike strike_of(struct vring *v, const struct attack *a)
{
    struct strike s;
    memset(&s, 0, sizeof s);
    s.v = v;
    s.attack = a;
    s.packed = (v->world->features & VQG_F_RING_PACKED) != 0u;
    s.at = v->last_at;
    s.written = v->last_written;
    s.earlier = h.last_id;
    s.id = v->head_count != 0u ? v->heads[v->head_count - 1u] : 0u;
    return s;
}

/* An element out of nothing, at the next position. */
static void forge(struct vring *v)
{
    struct strike s = strike_of(v, h.attack[h.at].queue);
    struct vqg_device_state now;
    vqg_device_position(&v->device, &now);
    s.at = now.used;
    s.forged = true;
    was_played(v);
    strike(&s);
}

/* ---- where the honest disk asks ---- */

void hostile_started(struct vring *v)
{
    while (is_armed() && !h.random && h.attack[h.at].disk == NULL && !hostile_fits(v, h.attack[h.at])) {
        if (!h.all) {
            report_say("attack %s does not fit this queue: %s", hostile_name(h.attack[h.at]),
                       "its format, or INDIRECT_DESC or EVENT_IDX");
        }
        h.at++;
    }
    h.since = 0;
    h.settled = false;
    if (is_armed() && !h.random && h.attack[h.at].queue != NULL && h.attack[h.at].queue->when == WHEN_RESTARTED &&
        h.last_life >= h.after && h.last_life != 0u) {
        forge(v);
    }
}

void hostile_stopped(struct vring *v)
{
    const struct attack *a = due(v);
    if (a != NULL && a->when == WHEN_RESET) {
        forge(v);
    }
    if (v->served != 0u) {
        h.last_life = v->served;
    }
    strike_undo();
    h.hold_until = 0;
    if (v != h.target) {
        return;
    }
    if (h.phase == PHASE_HONEST && v->served != 0u) {
        h.phase = PHASE_ARMED;
    } else if (h.phase == PHASE_REST) {
        h.phase = PHASE_HONEST;
    }
}

bool hostile_holds(const struct vring *v)
{
    return h.hold_until != 0 && v == h.target;
}

bool hostile_delays(const struct vring *v)
{
    const struct attack *a = due_in_flight(v);
    int64_t waited;
    if (hostile_holds(v)) {
        return true;
    }
    if (a == NULL || v->flying == 0u || h.settled) {
        return false;
    }
    if (h.since == 0 || h.flying != v->flying) {
        h.since = now_ms();
        h.flying = v->flying;
    }
    waited = now_ms() - h.since;
    h.settled = waited >= (v->flying < a->lent ? GATHER_MS : SETTLE_MS);
    return !h.settled;
}

bool hostile_watches(const struct vring *v)
{
    return (h.random && v->served >= h.after) || due_in_flight(v) != NULL;
}

bool hostile_answer(const struct request *r, uint8_t *status, uint32_t *length)
{
    struct vring *v = r->vring;
    const struct disk_attack *a = is_armed() && !h.random ? h.attack[h.at].disk : NULL;
    if (h.random && v->served >= h.after && next_random() % 16u == 0u) {
        *status = (uint8_t)next_random();
    }
    if (a == NULL || a->lie == LIE_CONFIG || v->served < h.after || r->blk.type != VQG_BLK_T_IN) {
        return true;
    }
    if (a->lie == LIE_STATUS) {
        *status = (uint8_t)a->value;
    } else if (a->lie == LIE_LENGTH) {
        *length /= 2u;
    }
    was_played(v);
    return a->lie != LIE_NO_STATUS;
}

bool hostile_publish(struct vring *v)
{
    const struct attack *a = due_in_flight(v);
    struct strike s;
    if (h.random && v->served >= h.after && v->head_count == 1u && next_random() % 4u == 0u) {
        s = strike_of(v, NULL);
        strike_at_random(&s, next_random);
        v->head_count = 0;
        return true;
    }
    if (a == NULL || v->head_count == 0u || v->head_count > a->returned + 1u || !h.settled) {
        return false;
    }
    if (v->head_count <= a->returned) {
        /* One more is to be there, with which this one is shown. */
        h.last_id = v->heads[0];
        v->returned = v->flying != 0u;
        return v->flying != 0u;
    }
    if (v->flying + 1u + a->returned < a->lent) {
        h.last_id = v->heads[v->head_count - 1u];
        h.settled = false;
        return false;
    }
    s = strike_of(v, a);
    if (a->shape == SHAPE_TABLE && !strike_has_table(&s)) {
        h.settled = false;
        return false;
    }
    was_played(v);
    strike(&s);
    v->head_count = 0;
    return true;
}

static void tick_idle(struct vring *v, int64_t now)
{
    const struct attack *a = due(v);
    const bool idle = v->live && v->flying == 0u && !v->pending;
    if (a == NULL || a->when != WHEN_POSTED) {
        return;
    }
    if (a->lent != 0u) {
        h.settled = h.settled && v->flying + v->head_count != 0u;
    } else if (!idle) {
        h.since = 0;
    } else if (h.since == 0) {
        h.since = now;
    } else if (now >= h.since + IDLE_MS) {
        forge(v);
    }
}

void hostile_tick(struct vring_world *w)
{
    int64_t now;
    if (h.phase == PHASE_OFF) {
        return;
    }
    now = now_ms();
    if (h.hold_until != 0 && now >= h.hold_until) {
        h.hold_until = 0;
        strike_undo();
        if (h.target->live) {
            /* From here on honest again: what was put there is put right. */
            h.target->returned = true;
            h.target->pending = true;
        }
    }
    tick_idle(&w->vring[0], now);
}

int hostile_wait(void)
{
    return h.phase == PHASE_OFF ? -1 : TICK_MS;
}

void hostile_config(unsigned char config[BLK_CONFIG_BYTES])
{
    const struct disk_attack *a = is_armed() && !h.random ? h.attack[h.at].disk : NULL;
    if (a != NULL && a->lie == LIE_CONFIG) {
        blk_config_set(config, a->field, a->bytes, a->value);
    }
}

void hostile_config_seen(void)
{
    const struct disk_attack *a = is_armed() && !h.random ? h.attack[h.at].disk : NULL;
    if (a != NULL && a->lie == LIE_CONFIG) {
        report_say("attack %s is played", a->name);
        report_event("attack", ",\"name\":\"%s\"", a->name);
        h.at++;
        h.played++;
    }
}
