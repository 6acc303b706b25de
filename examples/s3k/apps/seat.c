/* SPDX-License-Identifier: MIT */
#include "seat.h"

#include "app.h"
#include "back.h"
#include "liar.h"
#include "loan.h"
#include "monitor.h"


/* Of each client: what the disk reaches of a request beside the client's own memory, and what it does not. */
static _Alignas(4096) struct seat_front fronts[SEATS];
#define IO_BYTES (VQG_JOB_SCRATCH + (SEAT_SEGMENTS + VQG_FILTER_EXTRA) * VQG_DESC_BYTES)
static _Alignas(4096) uint8_t io[SEATS][SEAT_JOBS][IO_BYTES];
static struct vqg_job jobs[SEATS][SEAT_JOBS];
static struct vqg_seg segs[SEATS][(SEAT_JOBS + 1u) * SEAT_SEGMENTS + VQG_FILTER_EXTRA];

static bool sectors_init(struct seat *s, const struct seat_part *part)
{
    struct vqg_caps caps = vqg_cap_table_caps(&s->sector_table);

    s->sector_caps[0] = (struct vqg_cap){
        .size = part->sectors, .bus = part->first, .rights = VQG_CAP_READ | VQG_CAP_WRITE
    };
    s->sector_caps[1] = (struct vqg_cap){
        .base = SHARED_AT, .size = SHARED_SECTORS, .bus = SHARED_FIRST, .rights = VQG_CAP_READ
    };
    return vqg_cap_table_init(&s->sector_table, s->sector_caps, 2, 0) == VQG_OK &&
           vqg_blk_init(&s->blk, &caps, back_features(), 0, 0) == VQG_OK;
}

static bool client_init(struct seat *s, unsigned number)
{
    struct vqg_client_memory memory = {
        .jobs = jobs[number], .njobs = SEAT_JOBS, .segs = segs[number], .segments = SEAT_SEGMENTS,
        .io = io[number], .io_bus = (uintptr_t)io[number],
    };
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_caps caps = client_caps_lookup(&s->caps);

    policy.max_elements = SEAT_SEGMENTS;
    policy.max_table_entries = SEAT_SEGMENTS;
    s->filter = vqg_blk_filter(&s->blk);
    return vqg_device_init(&s->client->device, NULL, &policy, &caps, s->slots, SEAT_QUEUE) == VQG_OK &&
           vqg_client_init(s->client, &memory, &s->filter) == VQG_OK;
}

int64_t seat_init(struct seat *s, struct vqg_client *client, unsigned number, const struct seat_part *part,
                  uint64_t sink)
{
    int64_t source = s3k_mon_ipc_derive(S3K_CAP_MON(part->pid), sink, 1, S3K_BSYNC, S3K_YIELD);

    if (source < 0) {
        return source;
    }
    *s = (struct seat){ .source = (uint64_t)source, .client = client };
    s->front.memory = &fronts[number];
    client_caps_init(&s->caps, part->pid, s->front.memory, sizeof(*s->front.memory));
    return sectors_init(s, part) && client_init(s, number) && seat_registers_init(s, SHARED_AT + SHARED_SECTORS)
               ? source
               : S3K_ERR_ARGUMENT;
}

bool seat_reset(struct seat *s)
{
    vqg_client_reset(s->client);
    s->front.said = 0;
    s->told = false;
    return seat_is_reset(s);
}

/* The disk may still write where it was told to, so this takes its time. */
bool seat_is_reset(struct seat *s)
{
    monitor_pump();
    return vqg_client_is_drained(s->client);
}

void seat_report(struct seat *s, const struct vqg_violation *v)
{
    if (s->report.count == 0) {
        s->report.first = *v;
    }
    s->report.count++;
}

/* A client that calls has SERVE_US left of its slice, in which no other process writes. */
static void say_report(struct seat *s)
{
    const struct vqg_violation *v = &s->report.first;

    if (s->report.count != 0 && s->report.lines < LINES_MOST) {
        s->report.lines++;
        platform_print("monitor: process %u refused: %s %s, value 0x%lx, limit 0x%lx\n", (unsigned)s->caps.pid,
                       vqg_rule_id(v->rule), vqg_rule_name(v->rule), v->value, v->limit);
    }
    s->report.count = 0;
}

void seat_tell(struct seat *s)
{
    if (vqg_client_interrupt(s->client)) {
        (void)vqg_mmio_device_interrupt(&s->registers.file, VQG_MMIO_INTERRUPT_USED);
    }
    if (vqg_device_needs_reset(&s->client->device) && !s->told) {
        s->told = true;
        (void)vqg_mmio_device_fail(&s->registers.file);
        seat_report(s, vqg_device_violation(&s->client->device));
    }
}

void seat_serve(struct seat *s, struct s3k_message *m)
{
    struct s3k_message answer = { { PROTOCOL_DONE, 0 }, S3K_NONE, 0 };

    say_report(s);
    switch (protocol_op(m)) {
    case PROTOCOL_READ:
    case PROTOCOL_WRITE:
        answer.word[0] = seat_request(s, m);
        break;
    case PROTOCOL_AGAIN:
        answer.word[0] = seat_again(s);
        break;
    case PROTOCOL_RESET:
        answer.word[0] = seat_reset(s) ? PROTOCOL_DONE : PROTOCOL_PENDING;
        break;
    case PROTOCOL_LEAVE:
        s->left = true;
        break;
    case PROTOCOL_COST:
        answer.word[0] = monitor_cost(protocol_low(m));
        break;
    case PROTOCOL_LOAD:
        answer.word[0] = seat_load(s, protocol_low(m), protocol_high(m));
        break;
    case PROTOCOL_STORE:
        seat_store(s, protocol_low(m), protocol_high(m));
        break;
    case PROTOCOL_LOAN:
        answer.word[0] = loan_move(s, protocol_low(m));
        break;
    case PROTOCOL_LIE:
        answer.word[0] = liar_arm(protocol_low(m)) ? PROTOCOL_DONE : PROTOCOL_INVALID;
        break;
    default:
        answer.word[0] = PROTOCOL_INVALID;
        break;
    }
    answer.word[1] = vqg_device_violation(&s->client->device)->rule;
    *m = answer;
}
