/* SPDX-License-Identifier: MIT */
/* An honest driver of a disk that says what it likes. */
#include "blk.h"

#include <inttypes.h>
#include <string.h>

static struct {
    canary c0;
    struct vqg_driver driver;
    canary c1;
    struct vqg_slot slots[4];
    canary c2;
} own;

static void settle_queue(void)
{
    memory_may_store(AT_OWN_QUEUE, AT_REQUESTS - AT_OWN_QUEUE);
    memory_settle();
}

void blk_driver_begin(void)
{
    struct vqg_queue q;
    struct vqg_policy p = vqg_profile_strict();
    canary_set(own.c0);
    canary_set(own.c1);
    canary_set(own.c2);
    memset(&q, 0, sizeof q);
    q.size = 4;
    q.features = UINT64_C(1) << 32;
    q.desc = shared.bytes + AT_OWN_QUEUE;
    q.avail = shared.bytes + AT_OWN_QUEUE + 0x40u;
    q.used = shared.bytes + AT_OWN_QUEUE + 0x60u;
    HOLDS(vqg_driver_init(&own.driver, &q, &p, own.slots, 4) == VQG_OK, "a good queue is refused");
    settle_queue();
}

void blk_driver_end(void)
{
    canary_check(own.c0, "the driver");
    canary_check(own.c1, "the driver and its slots");
    canary_check(own.c2, "the slots");
}

void blk_step_build(const struct step *step)
{
    static const uint32_t types[] = {IN, OUT, FLUSH, GET_ID, DISCARD, ZEROES};
    struct vqg_seg seg[6];
    const uint32_t pieces = step->a % 4u;
    const uint32_t type = types[step->b % 6u];
    const uint64_t addr = memory_address(step->v);
    uint32_t count;
    memset(seg, 0x5a, sizeof seg);
    memory_call(NO_POLL, 0);
    memory_may_store(AT_FRAME, 17);
    count = vqg_blk_build(seg, pieces, shared.bytes + AT_FRAME, addr, type, step->v);
    HOLDS(memory_loads() == 0u, "a frame is looked at");
    memory_settle();
    HOLDS(count == pieces + 2u, "%" PRIu32 " segments", count);
    HOLDS(seg[0].addr == addr && seg[0].len == 16u && !seg[0].write, "the first segment is not the header");
    HOLDS(seg[count - 1u].addr == addr + 16u && seg[count - 1u].len == 1u && seg[count - 1u].write, "the last segment");
    HOLDS(seg[count].len == 0x5a5a5a5au && (pieces == 0u || seg[1].len == 0x5a5a5a5au), "a segment that is not its own");
    HOLDS(memory_get(AT_FRAME, 4) == type && memory_get(AT_FRAME + 4u, 4) == 0u &&
              memory_get(AT_FRAME + 8u, 8) == step->v && memory_get(AT_FRAME + 16u, 1) == S_NONE,
          "the frame has something else");
}

static enum vqg_status judged(const struct vqg_done *done, uint32_t bytes, uint8_t *status)
{
    const uint8_t said = (uint8_t)memory_get(AT_FRAME + 16u, 1);
    HOLDS(memory_loads() == 1u, "the status is looked at %u times", memory_loads());
    *status = S_IOERR;
    if (said > S_UNSUPP) {
        return said == S_NONE ? VQG_V_STATUS_WRITTEN : VQG_V_STATUS_KNOWN;
    }
    if (said == S_OK && (done->flags & VQG_DONE_CLAIMED) == 0u && done->len < bytes) {
        return VQG_V_STATUS_WRITTEN;
    }
    *status = said;
    return VQG_OK;
}

/* `v`: what the disk says, and how much it wrote; `a`: of an earlier life, and a length that nobody wrote. */
void blk_step_result(const struct step *step)
{
    static const uint8_t said[] = {0, 0, 1, 2, 3, 0xff, 0x80, 0};
    const uint32_t bytes = step->b % 1026u;
    struct vqg_guard *g = &own.driver.ledger.guard;
    struct vqg_done done;
    enum vqg_status st;
    enum vqg_status wanted = VQG_STALE;
    uint8_t status = 77;
    uint8_t right = S_IOERR;
    if ((step->a & 0x40u) == 0u) {
        memory_put(AT_FRAME + 16u, 1, said[step->v % 8u]);
    }
    memset(&done, 0, sizeof done);
    done.len = (step->v & 0x100u) != 0u ? step->v : bytes;
    done.flags = (step->a & 1u) != 0u ? VQG_DONE_CLAIMED : 0u;
    done.generation = g->generation - ((step->a & 0x80u) != 0u ? 1u : 0u);
    memory_call(NO_POLL, 0);
    st = vqg_blk_result(&own.driver, &done, shared.bytes + AT_FRAME, bytes, &status);
    SAY("the result: %s, status %u", vqg_status_name(st), status);
    script_feature(4800u + (unsigned)-(int)st);
    if (done.generation == g->generation) {
        wanted = judged(&done, bytes, &right);
    }
    HOLDS(st == wanted, "%s, where it should be %s", vqg_status_name(st), vqg_status_name(wanted));
    HOLDS(status == right, "status %u, where it should be %u", status, right);
    HOLDS(vqg_driver_needs_reset(&own.driver) == vqg_is_violation(st), "latched, or not");
    memory_settle();
    if (vqg_is_violation(st)) {
        HOLDS(vqg_driver_reset(&own.driver) == VQG_OK && vqg_driver_reset_acked(&own.driver) == VQG_OK &&
                  vqg_driver_reclaim(&own.driver, &done) == VQG_EMPTY && vqg_driver_restart(&own.driver) == VQG_OK,
              "a driver that cannot begin anew");
        settle_queue();
    }
}
