/* SPDX-License-Identifier: MIT */
/*
 * Request level: a client without a queue. The monitor is the driver of one for it, and then
 * the request goes the way of all others: the address is the client's, so it is
 * judged by what the client holds.
 */
#include "app.h"
#include "monitor.h"
#include "seat.h"

/* True when the client's device has this queue and no other; enables it when it has none. */
static bool front_is_open(struct seat *s)
{
    struct seat_front *memory = s->front.memory;
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_queue queue = {
        .size = SEAT_FRONT, .features = VQG_F_VERSION_1,
        .desc = memory->desc, .avail = memory->avail, .used = memory->used,
        .desc_addr = client_caps_own(&s->caps, memory->desc),
        .avail_addr = client_caps_own(&s->caps, memory->avail),
        .used_addr = client_caps_own(&s->caps, memory->used),
    };

    if (s->client->device.judge.guard.state != VQG_STATE_OFF) {
        return s->client->device.judge.part_addr[0] == queue.desc_addr;
    }
    return vqg_driver_init(&s->front.driver, &queue, &policy, s->front.slots, SEAT_FRONT) == VQG_OK &&
           vqg_device_enable(&s->client->device, &queue) == VQG_OK;
}

/* Looks for the request's end, and no longer than SEAT_PATIENCE: others want to be served too. */
enum protocol_answer seat_again(struct seat *s)
{
    uint64_t deadline = platform_time() + SEAT_PATIENCE;
    struct vqg_done done;
    uint8_t status;

    if (s->front.said == 0) {
        return PROTOCOL_INVALID;
    }
    do {
        monitor_pump();
        if (vqg_driver_take(&s->front.driver, &done) == VQG_OK) {
            enum vqg_status judged =
                vqg_blk_result(&s->front.driver, &done, s->front.memory->frame, s->front.said, &status);

            s->front.said = 0;
            return judged == VQG_OK && status == VQG_BLK_S_OK ? PROTOCOL_DONE : PROTOCOL_FAILED;
        }
        if (vqg_device_needs_reset(&s->client->device)) {
            return PROTOCOL_REFUSED;
        }
    } while (!platform_expired(deadline));
    return PROTOCOL_PENDING;
}

enum protocol_answer seat_request(struct seat *s, const struct s3k_message *m)
{
    bool write = protocol_op(m) == PROTOCOL_WRITE;
    uint32_t bytes = protocol_high(m);
    struct vqg_seg seg[3];

    if (s->front.said != 0 || !vqg_client_is_drained(s->client) || !front_is_open(s)) {
        return PROTOCOL_INVALID;
    }
    if (vqg_device_needs_reset(&s->client->device)) {
        return PROTOCOL_REFUSED;
    }
    seg[1] = write ? vqg_out(NULL, bytes) : vqg_in(NULL, bytes);
    seg[1].addr = protocol_low(m);
    (void)vqg_blk_build(seg, 1, s->front.memory->frame, client_caps_own(&s->caps, s->front.memory->frame),
                        write ? VQG_BLK_T_OUT : VQG_BLK_T_IN, protocol_sector(m));
    if (vqg_driver_add(&s->front.driver, seg, 3, s) != VQG_OK) {
        return PROTOCOL_INVALID;
    }
    (void)vqg_driver_kick(&s->front.driver);
    s->front.said = write ? 1u : bytes + 1u;
    return seat_again(s);
}
