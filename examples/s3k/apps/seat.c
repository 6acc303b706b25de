/* SPDX-License-Identifier: MIT */
#include "seat.h"

#include "app.h"
#include "monitor.h"
#include "virtio_mmio.h"

/* Where the monitor's own memory is for a client's device endpoint: beyond all that 32 bits can say. */
#define OWN_BASE (UINT64_C(1) << 40)
#define WAIT_SECONDS 20u
#define STATUS_NONE 0xffu /* no status of the specification */

static _Alignas(4096) struct seat_front fronts[MONITOR_SEATS];
static _Alignas(4096) uint8_t io[MONITOR_SEATS][SEAT_JOBS][VQG_JOB_SCRATCH + (SEAT_SEGMENTS + VQG_FILTER_EXTRA) * 16u];
static struct vqg_job jobs[MONITOR_SEATS][SEAT_JOBS];
static struct vqg_seg segs[MONITOR_SEATS][(SEAT_JOBS + 1u) * SEAT_SEGMENTS + VQG_FILTER_EXTRA];

static uint64_t own_address(const struct seat *s, const void *part)
{
    return OWN_BASE + ((uintptr_t)part - (uintptr_t)s->front);
}

int64_t seat_init(struct seat *s, struct vqg_client *client, unsigned number, uint16_t pid, uint64_t sink)
{
    struct vqg_client_memory memory = {
        .jobs = jobs[number], .njobs = SEAT_JOBS, .segs = segs[number], .segments = SEAT_SEGMENTS,
        .io = io[number], .io_bus = (uintptr_t)io[number],
    };
    struct vqg_cap own = {
        .base = OWN_BASE, .size = sizeof(fronts[number]), .bus = (uintptr_t)&fronts[number], .map = &fronts[number],
        .rights = VQG_CAP_READ | VQG_CAP_WRITE,
    };
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_caps caps = client_caps_lookup(&s->caps);
    int64_t source = s3k_mon_ipc_derive(S3K_CAP_MON(pid), sink, 1, S3K_BSYNC, S3K_YIELD);

    s->source = (uint64_t)source;
    s->client = client;
    s->front = &fronts[number];
    s->told = false;
    client_caps_init(&s->caps, pid, &own);
    policy.max_elements = SEAT_SEGMENTS;
    policy.min_readable = sizeof(s->front->header);
    policy.min_writable = sizeof(s->front->status);
    if (source >= 0 && (vqg_device_init(&client->device, NULL, &policy, &caps, s->slots, SEAT_QUEUE) != VQG_OK ||
                        vqg_client_init(client, &memory, NULL) != VQG_OK)) {
        source = S3K_ERR_ARGUMENT;
    }
    return source;
}

/* Stops all that the client has under way. The device may still write where it was told to, so that takes its time. */
static bool reset(struct seat *s)
{
    uint64_t deadline = platform_deadline(WAIT_SECONDS);

    vqg_client_reset(s->client);
    s->told = false;
    while (!vqg_client_is_drained(s->client) && !platform_expired(deadline)) {
        monitor_pump();
    }
    return vqg_client_is_drained(s->client);
}

/* The request level begins: the client uses no queue of its own. */
static bool front_is_open(struct seat *s)
{
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_queue queue = {
        .size = SEAT_FRONT, .features = VQG_F_VERSION_1,
        .desc = s->front->desc, .avail = s->front->avail, .used = s->front->used,
        .desc_addr = own_address(s, s->front->desc),
        .avail_addr = own_address(s, s->front->avail),
        .used_addr = own_address(s, s->front->used),
    };

    if (s->client->device.judge.guard.state != VQG_STATE_OFF) {
        return s->client->device.judge.part_addr[0] == queue.desc_addr;
    }
    return vqg_driver_init(&s->filler, &queue, &policy, s->filler_slots, SEAT_FRONT) == VQG_OK &&
           vqg_device_enable(&s->client->device, &queue) == VQG_OK;
}

static enum protocol_answer finished(struct seat *s)
{
    uint64_t deadline = platform_deadline(WAIT_SECONDS);
    struct vqg_done done;

    do {
        monitor_pump();
        if (vqg_driver_take(&s->filler, &done) == VQG_OK) {
            return s->front->status == VIRTIO_BLK_S_OK ? PROTOCOL_DONE : PROTOCOL_FAILED;
        }
        if (vqg_device_needs_reset(&s->client->device)) {
            return PROTOCOL_REFUSED;
        }
    } while (!platform_expired(deadline));
    return reset(s) ? PROTOCOL_FAILED : PROTOCOL_REFUSED;
}

static enum protocol_answer request(struct seat *s, const struct s3k_message *m)
{
    bool write = protocol_op(m) == PROTOCOL_WRITE;
    struct vqg_seg seg[3] = { vqg_out(&s->front->header, sizeof(s->front->header)), vqg_out(NULL, protocol_high(m)),
                              vqg_in(&s->front->status, sizeof(s->front->status)) };

    if (!front_is_open(s)) {
        return PROTOCOL_INVALID;
    }
    if (vqg_device_needs_reset(&s->client->device)) {
        return PROTOCOL_REFUSED;
    }
    seg[0].addr = own_address(s, &s->front->header);
    seg[1].addr = protocol_low(m);
    seg[1].write = !write;
    seg[2].addr = own_address(s, &s->front->status);
    s->front->header.type = write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN;
    s->front->header.sector = protocol_sector(m);
    s->front->status = STATUS_NONE;
    if (vqg_driver_add(&s->filler, seg, 3, s) != VQG_OK) {
        return PROTOCOL_INVALID;
    }
    (void)vqg_driver_kick(&s->filler);
    return finished(s);
}

void seat_serve(struct seat *s, struct s3k_message *m)
{
    enum protocol_answer answer = PROTOCOL_INVALID;

    switch (protocol_op(m)) {
    case PROTOCOL_READ:
    case PROTOCOL_WRITE:
        answer = request(s, m);
        break;
    case PROTOCOL_STORE:
        answer = protocol_low(m) == 0x70 && protocol_high(m) == 0 && reset(s) ? PROTOCOL_DONE : PROTOCOL_INVALID;
        break;
    default:
        break;
    }
    *m = (struct s3k_message){ { answer, answer == PROTOCOL_REFUSED ? vqg_device_violation(&s->client->device)->rule : 0u },
                               S3K_NONE, 0 };
}
