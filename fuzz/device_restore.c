/* SPDX-License-Identifier: MIT */
/* A device's state, saved or made up, with which it goes on. */
#include "device.h"

#include <inttypes.h>
#include <string.h>

static bool in_flight(uint16_t head)
{
    for (uint32_t i = 0; i < truth.resume_left; i++) {
        if (truth.resume[truth.resume_from + i] == head) {
            return true;
        }
    }
    return head < world.size && truth.model.in_flight[head].live;
}

static bool save(struct vqg_device_state *s)
{
    const struct sm_dev *m = &truth.model;
    const uint32_t flying = truth.live ? m->order_count + truth.resume_left : 0u;
    const uint16_t get = truth.live && !world.packed ? (uint16_t)(m->last_avail + truth.resume_left) : m->last_avail;
    enum vqg_status wanted = VQG_OK;
    enum vqg_status st = vqg_device_save(&own.device, s);
    if (!truth.live || truth.published != m->used_idx) {
        wanted = VQG_BAD_STATE;
    } else if (world.packed && flying != 0u) {
        wanted = VQG_BUSY;
    }
    answer_is(st, wanted);
    if (st != VQG_OK) {
        return false;
    }
    HOLDS(s->last_avail == get && s->used == m->used_idx && s->count == flying, "a saved state of another device");
    for (uint32_t i = 0; i < s->count; i++) {
        HOLDS(in_flight(s->heads[i]), "a saved head that is not in flight");
        for (uint32_t k = 0; k < i; k++) {
            HOLDS(s->heads[k] != s->heads[i], "a saved head twice");
        }
    }
    return true;
}

static bool is_good(const struct vqg_device_state *s)
{
    const uint32_t pending = (uint16_t)(memory_get(AT_AVAIL_IDX, 2) - s->last_avail);
    if (world.packed) {
        return (s->last_avail & ~SM_WRAP) < world.size && s->used == s->last_avail && s->count == 0u;
    }
    for (uint32_t i = 0; i < s->count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (s->heads[i] == s->heads[k]) {
                return false;
            }
        }
        if (s->heads[i] >= world.size) {
            return false;
        }
    }
    return (uint16_t)(s->last_avail - s->used) == s->count && pending + s->count <= world.size;
}

/* A state that nobody saved: positions of `v`, `b` heads. */
static void make_up(const struct step *step, struct vqg_device_state *s)
{
    s->count = step->a >> 3 & 7u;
    s->used = (uint16_t)(step->v >> 8);
    s->last_avail = (uint16_t)(s->used + ((step->b & 0x100u) != 0u ? step->v & 15u : s->count));
    if (world.packed) {
        s->used = (uint16_t)((step->v & SM_WRAP) | step->b % (world.size + 1u));
        s->last_avail = (uint16_t)((step->b & 0x200u) != 0u ? step->v : s->used);
        s->count = (step->a & 4u) != 0u ? s->count : 0u;
    } else if ((step->b & 0x200u) != 0u) { /* the driver is there too */
        memory_put(AT_AVAIL_IDX, 2, (uint16_t)(s->last_avail + (step->b >> 10)));
    }
    for (uint32_t i = 0; i < s->count; i++) {
        s->heads[i] = (uint16_t)((step->b & 15u) + i * (1u + (step->b >> 4 & 3u)));
    }
}

/* Bit 0 of `a`: saves first. Then the queue is reset, enabled, and goes on from the state. Bit 1: from a made-up one. */
void step_restore(const struct step *step)
{
    static uint16_t room[2][QUEUE_MAX]; /* the device may still read the one before */
    static unsigned turn;
    uint16_t *heads = room[turn ^= 1u];
    struct vqg_device_state s = {0, 0, heads, QUEUE_MAX, 0};
    const bool saves = (step->a & 1u) != 0u;
    enum vqg_status st;
    bool good;
    memory_call(NO_POLL, 0);
    if ((saves && !save(&s)) || (!saves && (step->a & 2u) == 0u)) {
        return;
    }
    if (!saves) {
        make_up(step, &s);
    }
    device_reset();
    if (device_enable(&world.queue) != VQG_OK) {
        memory_settle(); /* a capability of it is gone */
        return;
    }
    memory_may_store(AT_USED, 6u + 8u * QUEUE_MAX);
    memory_settle();
    memory_call(NO_POLL, 0);
    st = vqg_device_restore(&own.device, &s);
    good = is_good(&s);
    SAY("restore at 0x%x, returned up to 0x%x, %" PRIu32 " heads", s.last_avail, s.used, s.count);
    answer_is(st, good ? VQG_OK : VQG_BAD_SAVED);
    if (!good) {
        truth.off = true;
        truth.live = false;
        truth.generation++;
    } else {
        device_model(world.packed ? s.last_avail : s.used, s.used);
        truth.model.next_desc = world.size;
        memcpy(truth.resume, heads, sizeof truth.resume);
        truth.resume_from = 0;
        truth.resume_left = s.count;
    }
    post_begin();
    memory_settle();
}
