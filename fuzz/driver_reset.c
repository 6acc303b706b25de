/* SPDX-License-Identifier: MIT */
/* Resets of the driver endpoint, and what comes back after them. */
#include "driver_parts.h"

static uint32_t to_reclaim;

static void reset(void)
{
    const bool can = lent.life != LIFE_DRAIN;
    answer_is(vqg_driver_reset(&own.driver), can ? VQG_OK : VQG_BAD_STATE);
    if (can && lent.life != LIFE_RESET) {
        lent.life = LIFE_RESET;
        lent.generation++;
        to_reclaim = lent.model.outstanding + asked.waiting_count;
    }
}

static void reset_acked(void)
{
    answer_is(vqg_driver_reset_acked(&own.driver), lent.life == LIFE_RESET ? VQG_OK : VQG_BAD_STATE);
    lent.life = lent.life == LIFE_RESET ? LIFE_DRAIN : lent.life;
}

static void reclaim(void)
{
    struct vqg_done done;
    enum vqg_status st = vqg_driver_reclaim(&own.driver, &done);
    answer_is(st, lent.life != LIFE_DRAIN ? VQG_BAD_STATE : to_reclaim == 0u ? VQG_EMPTY : VQG_OK);
    if (st == VQG_OK) {
        HOLDS(done.len == 0u && done.generation == lent.generation, "what comes back unserved has no bytes");
        completions_back(done.cookie);
        to_reclaim--;
    }
}

static void restart(void)
{
    const struct completions before = lent;
    const bool can = lent.life == LIFE_DRAIN && to_reclaim == 0u;
    answer_is(vqg_driver_restart(&own.driver), can ? VQG_OK : VQG_BAD_STATE);
    if (can) {
        driver_may_clear();
        driver_anew();
        lent.generation = before.generation;
        lent.quiet = before.quiet;
    }
}

/* `a`: one of the four, or what comes next. */
void driver_step_reset(const struct step *step)
{
    memory_call(NO_POLL, 0);
    switch (step->a & 7u) {
    case 4:
        reset();
        break;
    case 5:
        reset_acked();
        break;
    case 6:
        reclaim();
        break;
    case 7:
        restart();
        break;
    default:
        if (lent.life == LIFE_RESET) {
            reset_acked();
        } else if (lent.life != LIFE_DRAIN) {
            reset();
        } else {
            while (to_reclaim != 0u) {
                reclaim();
            }
            restart();
        }
        break;
    }
    memory_settle();
}
