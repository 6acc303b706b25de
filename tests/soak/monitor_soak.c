/* SPDX-License-Identifier: MIT */
/**
 * @file monitor_soak.c
 * @brief A monitor between a hostile random client, two honest ones, and a device, honest or hostile, step by step.
 *
 * Honest requests are answered once and rightly, or fail and are made again; what no capability covers never changes;
 * no address reaches the device that its client has no right to at that moment.
 */
#include "soak.h"

#define SHAPES 64u

_Noreturn void soak_fail(const struct soak *s, const char *what, uint64_t value)
{
    fprintf(stderr, "monitor_soak: %s: %#llx (--seed %llu, %s device, operation %llu)\n", what,
            (unsigned long long)value, (unsigned long long)s->seed, s->hostile ? "hostile" : "honest",
            (unsigned long long)s->n.operations);
    exit(1);
}

static void watch_pattern(const struct soak *s, uint32_t i, uint32_t from, uint32_t to)
{
    const unsigned char *at = s->c[i].block;
    uint32_t k;
    for (k = from; k < to; k++) {
        soak_expect(s, at[k] == PATTERN, "memory that is somebody else's changed", BUS(i) + k);
    }
}

void soak_watch(const struct soak *s)
{
    uint32_t i;
    for (i = 0; i < CLIENTS; i++) {
        watch_pattern(s, i, HOLE, DATA);
        watch_pattern(s, i, READ_ONLY, BLOCK);
        if (s->c[i].caps[CAP_LOAN].rights == 0u) {
            watch_pattern(s, i, LOAN, READ_ONLY);
        }
    }
}

void soak_loan(struct soak *s, uint32_t i)
{
    struct client *c = &s->c[i];
    struct vqg_cap cap = c->caps[CAP_LOAN];
    enum vqg_status st;
    if (cap.rights == 0u) {
        soak_watch(s);
        cap.rights = VQG_CAP_READ | VQG_CAP_WRITE;
        c->reclaim = false;
    } else {
        c->reclaim = true; /* an honest client lends it no more, and says when it has all of it back */
        if (i != HOSTILE && honest_uses_loan(c)) {
            return;
        }
        st = vqg_client_withdraw(&s->clients[i], BASE + LOAN, READ_ONLY - LOAN, i == HOSTILE && dice(s, 2) == 0u);
        if (i == HOSTILE && !c->away && s->clients[i].device.judge.guard.state == VQG_STATE_OFF) {
            c->away = true;
            s->n.client_resets++;
        }
        s->n.busy += st == VQG_BUSY ? 1u : 0u;
        if (st != VQG_OK) {
            return;
        }
        s->n.withdrawn++;
        cap.rights = 0;
        memset(c->block + LOAN, PATTERN, READ_ONLY - LOAN);
    }
    st = vqg_cap_table_replace(&c->table, CAP_LOAN, &cap);
    soak_expect(s, st == VQG_OK, "what was drained is pinned", (uint64_t)(int)st);
}

static void count_rule(struct soak *s, uint32_t i)
{
    const struct vqg_device *d = &s->clients[i].device;
    s->n.of_client[vqg_device_violation(d)->rule] += vqg_device_violation(d)->count != 0u ? 1u : 0u;
}

void soak_reset_client(struct soak *s, uint32_t i)
{
    count_rule(s, i);
    vqg_client_reset(&s->clients[i]);
    s->c[i].away = true;
    s->n.client_resets++;
}

void soak_revive(struct soak *s, uint32_t i)
{
    struct client *c = &s->c[i];
    struct vqg_policy p = vqg_profile_strict();
    struct vqg_queue q = c->queue;
    enum vqg_status st;
    p.accept_claimed = true;
    p.max_elements = SIZE_MOST;
    q.desc = c->block;
    q.avail = c->block + AVAIL;
    q.used = c->block + USED;
    st = vqg_driver_init(&c->driver, &q, &p, c->driver_slots, SIZE_MOST);
    soak_expect(s, st == VQG_OK, "a driver cannot begin", (uint64_t)(int)st);
    st = vqg_device_enable(&s->clients[i].device, &c->queue);
    soak_expect(s, st == VQG_OK, "a queue cannot be enabled", (uint64_t)(int)st);
    c->away = false;
    c->lent = 0;
    c->taken = 0;
}

static void begin_client(struct soak *s, uint32_t i, uint32_t shape)
{
    static const struct {
        uint32_t from, to, rights;
    } areas[CAPS] = {{0, HOLE, 3}, {DATA, LOAN, 3}, {LOAN, READ_ONLY, 3}, {READ_ONLY, HOLE_2, VQG_CAP_READ}};
    static const uint32_t sizes[] = {2, 8, 16, 64};
    struct client *c = &s->c[i];
    struct vqg_client_memory m = {c->jobs, 0, c->segs, SEGMENTS, c->io, IO_BUS(i)};
    struct vqg_caps caps = vqg_cap_table_caps(&c->table);
    bool packed = ((shape >> i) & 1u) != 0u;
    uint32_t k;
    memset(c->block, PATTERN, BLOCK);
    memset(c->block, 0, HOLE);
    memset(c->block + DATA, 0, LOAN - DATA);
    for (k = 0; k < CAPS; k++) {
        memset(&c->caps[k], 0, sizeof c->caps[k]);
        c->caps[k].base = BASE + areas[k].from;
        c->caps[k].size = areas[k].to - areas[k].from;
        c->caps[k].bus = BUS(i) + areas[k].from;
        c->caps[k].map = c->block + areas[k].from;
        c->caps[k].rights = areas[k].rights;
    }
    soak_expect(s, vqg_cap_table_init(&c->table, c->caps, CAPS, 0) == VQG_OK, "capabilities", i);
    memset(&c->queue, 0, sizeof c->queue);
    c->queue.size = sizes[(shape + i) % 4u] - (packed ? (shape + i) % 4u : 0u);
    c->queue.features = VQG_F_VERSION_1 | (packed ? VQG_F_RING_PACKED : 0u) |
                        (((shape >> (i + 1u)) & 1u) != 0u ? VQG_F_EVENT_IDX : 0u) |
                        ((shape + i) % 3u != 0u ? VQG_F_INDIRECT_DESC : 0u) |
                        ((shape / 2u + i) % 3u == 0u ? VQG_F_IN_ORDER : 0u);
    c->queue.desc_addr = BASE;
    c->queue.avail_addr = BASE + AVAIL;
    c->queue.used_addr = BASE + USED;
    c->policy = i == HOSTILE && shape % 2u != 0u ? vqg_profile_spec() : vqg_profile_strict();
    c->policy.max_elements = SEGMENTS;
    c->policy.max_table_entries = SEGMENTS;
    c->policy.max_bytes_in_flight = shape % 5u == i ? 400u : 0u;
    c->policy.chain = i == HOSTILE && (shape & 2u) != 0u ? VQG_CHAIN_DROP : VQG_CHAIN_LATCH;
    memset(c->requests, 0, sizeof c->requests);
    c->reclaim = false;
    m.njobs = 1u + (shape * 5u + i * 3u) % JOBS;
    soak_expect(s, vqg_client_init(&s->clients[i], &m, NULL) == VQG_OK, "a client", i);
    soak_expect(s, vqg_device_init(&s->clients[i].device, NULL, &c->policy, &caps, c->slots, SIZE_MOST) == VQG_OK,
                "a client's device", i);
    soak_revive(s, i);
}

static void allow(struct vqg_cap *cap, uint64_t base, void *map, uint64_t size)
{
    memset(cap, 0, sizeof *cap);
    cap->base = base;
    cap->size = size;
    cap->map = map;
    cap->rights = VQG_CAP_READ | VQG_CAP_WRITE;
}

void soak_begin(struct soak *s, uint32_t shape, bool hostile_device)
{
    uint32_t i;
    s->hostile = hostile_device;
    s->resetting = false;
    for (i = 0; i < CLIENTS; i++) {
        begin_client(s, i, shape);
        /* The device could reach all of it: that it does not is what is looked at. */
        allow(&s->device_caps[i], BUS(i), s->c[i].block, BLOCK);
        allow(&s->device_caps[CLIENTS + i], IO_BUS(i), s->c[i].io, sizeof s->c[i].io);
    }
    allow(&s->device_caps[2u * CLIENTS], QUEUE_BUS, s->queue_memory, sizeof s->queue_memory);
    soak_expect(s, vqg_cap_table_init(&s->device_table, s->device_caps, 2u * CLIENTS + 1u, 0) == VQG_OK, "the device", 0);
    memset(&s->queue, 0, sizeof s->queue);
    s->queue.size = (shape & 8u) != 0u ? 32u : 8u;
    s->queue.features = VQG_F_VERSION_1 | ((shape & 16u) != 0u ? VQG_F_RING_PACKED : 0u) |
                        ((shape & 4u) != 0u ? VQG_F_INDIRECT_DESC : 0u) | (shape % 7u < 3u ? VQG_F_EVENT_IDX : 0u) |
                        ((shape & 32u) != 0u ? VQG_F_IN_ORDER : 0u);
    s->queue.desc = s->queue_memory;
    s->queue.avail = s->queue_memory + 0x1000;
    s->queue.used = s->queue_memory + 0x2000;
    s->queue.desc_addr = QUEUE_BUS;
    s->queue.avail_addr = QUEUE_BUS + 0x1000;
    s->queue.used_addr = QUEUE_BUS + 0x2000;
    s->policy = vqg_profile_strict();
    s->policy.accept_claimed = true;
    s->policy.length = shape % 3u == 0u ? VQG_LENGTH_CLAMP : VQG_LENGTH_REJECT;
    soak_expect(s, vqg_driver_init(&s->monitor.driver, &s->queue, &s->policy, s->slots, SIZE_MOST) == VQG_OK &&
                       vqg_monitor_init(&s->monitor, s->clients, CLIENTS) == VQG_OK,
                "the monitor", shape);
    device_begin(s);
}

void soak_pump(struct soak *s, uint32_t budget)
{
    struct vqg_moved moved;
    enum vqg_status st = vqg_monitor_pump(&s->monitor, budget, &moved);
    s->n.down += moved.down;
    s->n.up += moved.up;
    s->n.refused += moved.refused;
    soak_expect(s, st == VQG_OK || s->hostile || s->resetting, "an honest device was latched",
                vqg_driver_violation(&s->monitor.driver)->rule);
    soak_expect(s, moved.up <= budget && moved.down + moved.refused <= 2u * budget, "more than the budget", budget);
    if (vqg_is_violation(st)) {
        s->n.of_device[vqg_status_rule(st)]++;
    }
    soak_expect(s, vqg_is_violation(st) || st == VQG_OK || vqg_driver_needs_reset(&s->monitor.driver) || s->resetting,
                "a pump that does nothing", (uint64_t)(int)st);
}

/* Sleeps, if that is allowed: then there was nothing to do. */
static void sleep_now(struct soak *s)
{
    struct vqg_moved moved;
    enum vqg_status st;
    if (vqg_monitor_enable(&s->monitor)) {
        soak_pump(s, 64);
        return;
    }
    if (s->clients[HOSTILE].full_) {
        return; /* what waits in its ring, it can have rewritten, without a kick */
    }
    st = vqg_monitor_pump(&s->monitor, 64, &moved);
    soak_expect(s, !vqg_is_violation(st) && moved.up + moved.down + moved.refused == 0u, "slept over something", moved.up);
    s->n.slept++;
}

static void reset_device(struct soak *s)
{
    enum vqg_status st;
    if (!s->resetting) {
        soak_expect(s, vqg_monitor_reset(&s->monitor) == VQG_OK, "the device cannot be reset", 0);
        s->resetting = true;
        return;
    }
    s->n.device_resets++;
    st = vqg_monitor_reset_acked(&s->monitor);
    soak_expect(s, st == VQG_OK && vqg_monitor_restart(&s->monitor) == VQG_OK, "no restart", (uint64_t)(int)st);
    s->resetting = false;
    device_begin(s);
}

static void step(struct soak *s)
{
    uint32_t kind = dice(s, 64);
    s->n.operations++;
    if (kind < 20u) {
        device_step(s);
    } else if (kind < 34u) {
        hostile_step(s);
    } else if (kind < 50u) {
        honest_step(s, 1u + kind % 2u);
    } else if (kind < 62u) {
        soak_pump(s, 1u + dice(s, 12));
    } else if (kind == 62u) {
        sleep_now(s);
    } else {
        soak_loan(s, dice(s, CLIENTS));
    }
    if (dice(s, 2048) == 0u) {
        uint32_t i = 1u + dice(s, 2);
        soak_watch(s);
        if (!s->c[i].away) {
            soak_reset_client(s, i);
        }
    }
    if (s->resetting || vqg_driver_needs_reset(&s->monitor.driver) ? dice(s, 16) == 0u
                                                                    : dice(s, s->wild ? 128u : 8192u) == 0u) {
        reset_device(s);
    }
}

/* The hostile ones go: what the honest clients lent comes back, all of it. */
static void drain(struct soak *s)
{
    uint32_t turns;
    soak_reset_client(s, HOSTILE);
    if (s->hostile || s->resetting) {
        if (!s->resetting) {
            reset_device(s);
        }
        reset_device(s);
    }
    for (turns = 0; turns < 4096u; turns++) {
        bool done = true;
        uint32_t i;
        for (i = 0; i < 8u; i++) {
            device_step(s);
            if (s->wild) {
                reset_device(s);
                reset_device(s);
            }
        }
        soak_pump(s, 32);
        for (i = 1; i < CLIENTS; i++) {
            if (s->c[i].away) {
                honest_step(s, i);
            }
            (void)vqg_driver_kick(&s->c[i].driver);
            done = honest_take(s, i) && !s->c[i].away && done;
        }
        if (done && vqg_client_is_drained(&s->clients[HOSTILE])) {
            break;
        }
    }
    soak_expect(s, turns != 4096u, "a request was lost", s->nheld);
    for (turns = 0; turns < CLIENTS; turns++) {
        soak_expect(s, s->c[turns].caps[0].pins == (turns == HOSTILE ? 0u : 3u) && s->c[turns].caps[1].pins == 0u &&
                           s->c[turns].caps[CAP_LOAN].pins == 0u,
                    "something is pinned", turns);
        s->n.dropped += vqg_device_dropped(&s->clients[turns].device);
    }
    soak_watch(s);
}

static void print_rules(const char *who, const uint64_t *counts)
{
    int rule;
    printf("  refused to %s:", who);
    for (rule = 1; rule < (int)VQG_RULE_COUNT; rule++) {
        if (counts[rule] != 0u) {
            printf(" %s %llu", vqg_rule_name((enum vqg_rule)rule), (unsigned long long)counts[rule]);
        }
    }
    printf("\n");
}

static void play(struct soak *s, uint64_t operations, uint64_t seed, bool hostile_device)
{
    uint32_t shape;
    memset(&s->n, 0, sizeof s->n);
    s->seed = seed;
    s->x = seed * 2u + 1u;
    for (shape = 0; shape < SHAPES; shape++) {
        uint64_t end = operations / SHAPES + (shape < operations % SHAPES ? 1u : 0u);
        soak_begin(s, shape, hostile_device);
        for (; end != 0u; end--) {
            step(s);
        }
        drain(s);
    }
    printf("%s device: %llu operations, %llu chains down, %llu up, %llu refused, %llu of them dropped\n",
           hostile_device ? "hostile" : "honest", (unsigned long long)s->n.operations, (unsigned long long)s->n.down,
           (unsigned long long)s->n.up, (unsigned long long)s->n.refused, (unsigned long long)s->n.dropped);
    printf("  hostile requests: %llu\n", (unsigned long long)s->n.lent);
    printf("  honest requests: %llu completed, %llu failed by a reset of the device and made again\n",
           (unsigned long long)s->n.completed, (unsigned long long)s->n.failed);
    printf("  resets: %llu of clients, %llu of the device; queues refused: %llu; slept %llu times\n",
           (unsigned long long)s->n.client_resets, (unsigned long long)s->n.device_resets,
           (unsigned long long)s->n.bad_enables, (unsigned long long)s->n.slept);
    printf("  capabilities: %llu withdrawn, %llu times busy\n", (unsigned long long)s->n.withdrawn,
           (unsigned long long)s->n.busy);
    print_rules("the clients", s->n.of_client);
    print_rules("the device", s->n.of_device);
}

int main(int argc, char **argv)
{
    static struct soak s;
    uint64_t operations = 2000000;
    uint64_t seed = 1;
    uint32_t i;
    for (i = 1; i < (uint32_t)argc; i += 2u) {
        uint64_t *value = strcmp(argv[i], "--operations") == 0 ? &operations : strcmp(argv[i], "--seed") == 0 ? &seed : NULL;
        if (value == NULL || i + 1u == (uint32_t)argc) {
            fprintf(stderr, "usage: monitor_soak [--operations N] [--seed N]\n");
            return 2;
        }
        *value = strtoull(argv[i + 1u], NULL, 0);
    }
    for (i = 0; i < CLIENTS; i++) {
        s.c[i].block = aligned_alloc(4096, BLOCK);
        soak_expect(&s, s.c[i].block != NULL, "memory", i);
    }
    play(&s, operations, seed, false);
    play(&s, operations, seed, true);
    for (i = 0; i < CLIENTS; i++) {
        free(s.c[i].block);
    }
    printf("2 passed, 0 failed\n");
    return 0;
}
