/* SPDX-License-Identifier: MIT */
/*
 * Process 1 with a monitor: it keeps the disk's registers, and serves processes
 * that may use the disk but not believe in each other. What they ask for goes to
 * the disk only as far as the kernel says that the memory is theirs.
 */
#include "monitor.h"

#include "app.h"
#include "back.h"
#include "seat.h"

#define SERVE_US 100u /* a caller with less time left waits for its next slice */
#define BUDGET 64u    /* chains that one pump looks at */
#define LINES 100u    /* a client that breaks rules over and over does not fill the console */

int main(void);

static struct vqg_monitor monitor;
static struct vqg_client clients[MONITOR_SEATS];
static struct seat seats[MONITOR_SEATS];

static void tell(uint16_t pid, const struct vqg_violation *v)
{
    static unsigned lines;

    if (lines < LINES) {
        lines++;
        app_say("monitor: process %u refused: %s %s, value 0x%lx, limit 0x%lx\n", (unsigned)pid,
                vqg_rule_id(v->rule), vqg_rule_name(v->rule), v->value, v->limit);
    }
}

static void start_again(void)
{
    app_say("monitor: the disk broke a rule: %s\n", vqg_rule_name(vqg_driver_violation(&monitor.driver)->rule));
    if (vqg_monitor_reset(&monitor) != VQG_OK || !back_reset() || vqg_monitor_reset_acked(&monitor) != VQG_OK ||
        vqg_monitor_restart(&monitor) != VQG_OK || !back_reopen()) {
        app_say("monitor: the disk is gone\n");
    }
}

void monitor_pump(void)
{
    struct vqg_moved moved;
    enum vqg_status status;

    for (unsigned i = 0; i < MONITOR_SEATS; i++) {
        client_caps_renew(&seats[i].caps);
    }
    status = vqg_monitor_pump(&monitor, BUDGET, &moved);
    if (moved.kick) {
        back_notify();
    }
    if (vqg_is_violation(status)) {
        start_again();
    }
    for (unsigned i = 0; i < MONITOR_SEATS && moved.refused != 0; i++) {
        if (vqg_device_needs_reset(&clients[i].device) && !seats[i].told) {
            seats[i].told = true;
            tell(seats[i].caps.pid, vqg_device_violation(&clients[i].device));
        }
    }
}

static void serve(uint64_t sink, struct s3k_message *message)
{
    struct s3k_cap end;

    if (s3k_introspect(S3K_IPC, sink, 0, &end) == S3K_OK) {
        for (unsigned i = 0; i < MONITOR_SEATS; i++) {
            if (seats[i].source == end.end.source) {
                seat_serve(&seats[i], message);
                return;
            }
        }
    }
    *message = (struct s3k_message){ { PROTOCOL_INVALID, 0 }, S3K_NONE, 0 };
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

int main(void)
{
    static const struct app_process victim = {
        .pid = 3, .slots = 4, .base = VICTIM_BASE, .size = VICTIM_SIZE, .console = true
    };
    int64_t sink = s3k_ipc_derive(S3K_CAP_IPC, MONITOR_SEATS + 2u, S3K_BSYNC, S3K_YIELD);
    bool good = sink >= 0 && seat_init(&seats[0], &clients[0], 0, 2, (uint64_t)sink) >= 0 &&
                seat_init(&seats[1], &clients[1], 1, 4, (uint64_t)sink) >= 0 && back_open(&monitor.driver) &&
                vqg_monitor_init(&monitor, clients, MONITOR_SEATS) == VQG_OK && app_start(&victim) == S3K_OK &&
                start(&seats[0], ROLE_HONEST, DRIVER_BASE, DRIVER_SIZE) == S3K_OK &&
                start(&seats[1], ROLE_HONEST, CLIENT_BASE, CLIENT_SIZE) == S3K_OK;
    struct s3k_message message = { { 0, 0 }, S3K_NONE, 0 };

    app_say("monitor: I have the disk's registers, and app0 has its RAM, the console and one IPC end: %s\n",
            good ? "yes" : "no");
    while (good) {
        if (s3k_ipc_replyrecv((uint64_t)sink, &message, SERVE_US) == S3K_OK) {
            serve((uint64_t)sink, &message);
        }
    }
    return 0;
}
