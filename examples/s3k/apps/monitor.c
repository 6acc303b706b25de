/* SPDX-License-Identifier: MIT */
/*
 * Process 1 with a monitor: it keeps the disk's registers, and serves processes
 * that may use the disk but not believe in each other. What they ask for goes to
 * the disk only as far as the kernel says that the memory is theirs.
 */
#include "monitor.h"

#include "app.h"
#include "back.h"
#include "liar.h"
#include "loan.h"
#include "seat.h"

#define SERVE_US 300u /* a caller with less time left waits for its next slice; a line is written in less */
#define BUDGET 64u    /* chains that one pump looks at */

int main(void);

static struct vqg_monitor monitor;
static struct vqg_client clients[SEATS];
static struct seat seats[SEATS];
static uint64_t cost[COST_COUNTERS];

static void start_again(void)
{
    const struct vqg_violation *v = vqg_driver_violation(&monitor.driver);

    app_say("monitor: the disk broke a rule: %s %s, value 0x%lx, limit 0x%lx\n", vqg_rule_id(v->rule),
            vqg_rule_name(v->rule), v->value, v->limit);
    if (vqg_monitor_reset(&monitor) != VQG_OK || !back_reset() || vqg_monitor_reset_acked(&monitor) != VQG_OK ||
        vqg_monitor_restart(&monitor) != VQG_OK || !back_reopen()) {
        app_say("monitor: the disk is gone\n");
    } else {
        app_say("monitor: the disk was reset, and its clients have their requests back as failed\n");
    }
}

uint64_t monitor_cost(uint32_t which)
{
    uint64_t value = 0;

    if (which < COST_COUNTERS) {
        value = cost[which];
        cost[which] = 0;
    }
    return value;
}

void monitor_pump(void)
{
    static uint64_t before; /* when the last one ended, if it found nothing either: all since then was looking */
    uint64_t began = app_instructions(), asked;
    struct vqg_moved moved;
    enum vqg_status status;

    for (unsigned i = 0; i < SEATS; i++) {
        client_caps_renew(&seats[i].caps);
    }
    asked = app_instructions();
    liar_lie();
    status = vqg_monitor_pump(&monitor, BUDGET, &moved);
    if (moved.kick) {
        back_notify(&monitor.driver);
    }
    if (vqg_is_violation(status)) {
        start_again();
    }
    for (unsigned i = 0; i < SEATS; i++) {
        seat_tell(&seats[i]);
    }
    if (moved.up + moved.down + moved.refused == 0) {
        cost[COST_IDLE] += app_instructions() - (before != 0 ? before : began);
        before = app_instructions();
    } else {
        cost[COST_ASK] += asked - began;
        cost[COST_MOVE] += app_instructions() - asked;
        before = 0;
    }
}

static void serve(uint64_t sink, struct s3k_message *message)
{
    struct s3k_cap end;

    if (s3k_introspect(S3K_IPC, sink, 0, &end) == S3K_OK) {
        for (unsigned i = 0; i < SEATS; i++) {
            if (seats[i].source == end.end.source) {
                seat_serve(&seats[i], message);
                return;
            }
        }
    }
    *message = (struct s3k_message){ { PROTOCOL_INVALID, 0 }, S3K_NONE, 0 };
}

/* When nobody has anything to ask any more. */
static void tell_end(void)
{
    static bool told;
    bool left = true;

    for (unsigned i = 0; i < SEATS; i++) {
        left = left && seats[i].left;
    }
    if (left && !told) {
        told = true;
        app_say("monitor: stack %u bytes at most\n", (unsigned)app_stack_used());
        app_say("monitor: end\n");
    }
}

static int64_t start(const struct seat *seat, enum protocol_role role, uint32_t base, uint32_t size)
{
    struct app_process app = {
        .pid = seat->caps.pid, .slots = 8, .base = base, .size = size, .console = true,
        .arg = protocol_start(role, seat->source),
    };
    int64_t status = app_start(&app);

    client_caps_changed();
    return status;
}

/* Who runs, and what it is to do. */
static bool play(uint32_t scene)
{
    static const struct app_process victim = {
        .pid = 3, .slots = 4, .base = VICTIM_BASE, .size = VICTIM_SIZE, .console = true
    };
    static const struct {
        bool alone; /* nobody else, so that all that happens is app0's doing */
        enum protocol_role driver, client;
    } roles[] = {
        [SCENE_HONEST] = { false, ROLE_HONEST, ROLE_HONEST }, [SCENE_HOSTILE] = { false, ROLE_HOSTILE, ROLE_STEADY },
        [SCENE_COST] = { true, ROLE_COST, ROLE_COST },        [SCENE_LOANS] = { true, ROLE_LENDER, ROLE_LENDER },
        [SCENE_LIES] = { false, ROLE_DECEIVED, ROLE_STEADY },
    };

    if (scene >= sizeof(roles) / sizeof(roles[0]) || !loan_begin(2)) {
        return false;
    }
    if (scene == SCENE_LIES) {
        back_may_lie();
    }
    seats[1].left = roles[scene].alone;
    return (scene == SCENE_COST || app_start(&victim) == S3K_OK) &&
           start(&seats[0], roles[scene].driver, DRIVER_BASE, DRIVER_SIZE) == S3K_OK &&
           (roles[scene].alone || start(&seats[1], roles[scene].client, CLIENT_BASE, CLIENT_SIZE) == S3K_OK);
}

int main(void)
{
    static const struct seat_part parts[SEATS] = {
        { .pid = 2, .first = DRIVER_FIRST, .sectors = DRIVER_SECTORS },
        { .pid = 4, .first = CLIENT_FIRST, .sectors = CLIENT_SECTORS },
    };
    int64_t sink = s3k_ipc_derive(S3K_CAP_IPC, SEATS + 2u, S3K_BSYNC, S3K_YIELD);
    bool good = sink >= 0 && back_open(&monitor.driver);
    uint32_t scene = *(const volatile uint32_t *)(uintptr_t)SCENE_WORD;
    struct s3k_message message = { { 0, 0 }, S3K_NONE, 0 };

    app_stack_paint();
    for (unsigned i = 0; good && i < SEATS; i++) {
        good = seat_init(&seats[i], &clients[i], i, &parts[i], (uint64_t)sink) >= 0;
    }
    good = good && vqg_monitor_init(&monitor, clients, SEATS) == VQG_OK && play(scene);
    app_say("monitor: I have the disk's registers, and app0 has its RAM, the console and one IPC end: %s\n",
            good ? "yes" : "no");
    while (good) {
        if (s3k_ipc_replyrecv((uint64_t)sink, &message, SERVE_US) == S3K_OK) {
            serve((uint64_t)sink, &message);
            tell_end();
        }
    }
    return 0;
}
