/* SPDX-License-Identifier: MIT */
/**
 * @file naive_packed_driver.c
 * @brief A driver of a packed queue without a guard: it reads used elements as the specification's example does
 * (2.8.22), less the example's assertion.
 */
#include "naive_device.h"
#include "packed_peer.h"
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS 8u

/* By identifier, up to a page that faults. */
struct record {
    uint32_t request;
    uint32_t count;
    bool lent;
};

static struct world world; /* only its memory and size are in use */
static struct stage stage; /* the device */
static const struct attack *attack;
static struct record *record;
static struct {
    uint16_t slot[2];            /* where it writes, and where it reads */
    bool wrap[2];
    uint16_t free_id[ATTACK_SIZE];
    uint32_t frees;
    uint16_t order[ATTACK_SIZE]; /* ids, as they were lent */
    uint32_t first;
    uint32_t last;
} driver;
static struct {
    bool busy;
    uint32_t written;
    uint16_t id;
} request[REQUESTS];

static uint64_t field(uint16_t slot, unsigned at)
{
    return WORLD_DESC + 16u * (uint64_t)slot + at;
}

static void move_on(unsigned side, uint32_t n)
{
    uint32_t to = driver.slot[side] + n;
    if (to >= ATTACK_SIZE) {
        to -= ATTACK_SIZE;
        driver.wrap[side] = !driver.wrap[side];
    }
    driver.slot[side] = (uint16_t)to;
}

static void init(void)
{
    uint32_t i;
    memset(world.memory + WORLD_DESC, 0, 16u * ATTACK_SIZE);
    memset(&driver, 0, sizeof driver);
    driver.wrap[0] = driver.wrap[1] = true;
    for (i = 0; i < ATTACK_SIZE; i++) {
        driver.free_id[driver.frees++] = (uint16_t)(ATTACK_SIZE - 1u - i);
        record[i] = (struct record){0, 0, false};
    }
}

/* `publish` false: all but the head's flags. */
static void submit(uint32_t k, bool publish)
{
    struct vqg_seg seg[3];
    const uint32_t all = stage_segments(attack, k, seg);
    const uint32_t n = stage_descriptors(attack);
    const uint16_t head = driver.slot[0];
    uint16_t id = driver.free_id[--driver.frees];
    unsigned head_flags = 0;
    uint32_t i;
    for (i = 0; i < n; i++) {
        unsigned flags = (driver.wrap[0] ? 0x80u : 0x8000u) | (i + 1u < n ? PACKED_NEXT : 0u);
        if (attack->shape == SHAPE_TABLE) {
            flags |= PACKED_INDIRECT;
            seg[0].addr = ATTACK_TABLE;
            seg[0].len = 16u * all;
        } else {
            flags |= seg[i].write ? PACKED_WRITE : 0u;
        }
        peer_put(&world, field(driver.slot[0], PACKED_ADDR), 8, seg[i].addr);
        peer_put(&world, field(driver.slot[0], PACKED_LEN), 4, seg[i].len);
        peer_put(&world, field(driver.slot[0], PACKED_ID), 2, id);
        head_flags = i == 0u ? flags : head_flags;
        if (i != 0u) {
            peer_put(&world, field(driver.slot[0], PACKED_FLAGS), 2, flags);
        }
        move_on(0, 1);
    }
    if (publish) {
        peer_put(&world, field(head, PACKED_FLAGS), 2, head_flags);
        driver.order[driver.last++ % ATTACK_SIZE] = id;
    }
    record[id] = (struct record){k, n, true};
    request[k].busy = true;
    request[k].written = 0;
    request[k].id = id;
}

static void complete(uint16_t id, uint32_t len)
{
    struct record *r = &record[id];
    request[r->request].busy = false;
    request[r->request].written = len;
    r->lent = false;
    driver.free_id[driver.frees++ % ATTACK_SIZE] = id;
    move_on(1, r->count);
}

static void poll(void)
{
    for (;;) {
        const uint16_t slot = driver.slot[1];
        const unsigned flags = (unsigned)peer_get(&world, field(slot, PACKED_FLAGS), 2);
        const uint16_t id = (uint16_t)peer_get(&world, field(slot, PACKED_ID), 2);
        const uint32_t len = (uint32_t)peer_get(&world, field(slot, PACKED_LEN), 4);
        uint16_t next = id;
        if (((flags & 0x8000u) != 0u) != driver.wrap[1]) {
            return;
        }
        do { /* in order: all up to the one that is named */
            if ((attack->features & VQG_F_IN_ORDER) != 0u) {
                next = driver.order[driver.first++ % ATTACK_SIZE];
            }
            complete(next, len);
        } while (next != id);
    }
}

/* What became of it all; null when it is as an honest device leaves it. */
static const char *harm(bool served, bool reset)
{
    const uint32_t k = attack->returned;
    static char text[96];
    uint32_t i;
    for (i = 0; i < REQUESTS; i++) {
        bool in_flight = i >= attack->returned && i < attack->lent + attack->added && !reset;
        if (in_flight && !request[i].busy && (i != k || !served)) {
            return served && request[k].busy ? "completed the wrong request"
                                             : "completed a request that was not served";
        }
        if (reset && i < attack->lent && !request[i].busy) {
            return "completed a request that was taken back";
        }
    }
    if (served && !reset && request[k].busy) {
        return "lost the completion";
    }
    if (served && !reset && request[k].written != stage_writable(attack)) {
        (void)snprintf(text, sizeof text, "handed up %lu bytes, %lu were lent", (unsigned long)request[k].written,
                       (unsigned long)stage_writable(attack));
        return text;
    }
    if (!reset && (driver.slot[1] != stage.peer.used.slot || driver.wrap[1] != stage.peer.used.wrap)) {
        return "lost its place in the ring";
    }
    return driver.frees > ATTACK_SIZE ? "freed an id twice" : NULL;
}

void naive_packed_driver_play(const struct attack *a, char *text, size_t bytes)
{
    const size_t page = 65536; /* a multiple of any page's size */
    const bool reset = a->when == WHEN_RESET || a->when == WHEN_RESTARTED;
    const bool served = a->returned < a->lent && a->when != WHEN_RESTARTED;
    const char *found;
    uint32_t k;
    attack = a;
    world.memory = fenced_memory(WORLD_BYTES);
    world.size = ATTACK_SIZE;
    record = (struct record *)(void *)(fenced_memory(page) + page) - ATTACK_SIZE;
    stage_begin(&stage, &world, a, true);
    init();
    for (k = 0; k < a->rounds + a->lent; k++) {
        uint32_t r = k < a->rounds ? 0 : k - a->rounds;
        if (k == a->rounds) {
            stage_mark_first(&stage);
        }
        submit(r, true);
        if (!stage_fetch(&stage, r)) {
            abort();
        }
        if (k < a->rounds) {
            stage_return(&stage, r);
            poll();
        }
    }
    for (k = 0; k < a->returned; k++) {
        stage_return(&stage, k);
        poll();
    }
    for (k = 0; k < a->added; k++) {
        submit(a->lent + k, false);
        stage.id[a->lent + k] = request[a->lent + k].id;
    }
    if (a->when == WHEN_RESTARTED) {
        init();
        stage_restart(&stage);
    }
    stage_mark_look(&stage);
    if (served) {
        stage_return(&stage, a->returned);
    }
    stage_apply(&stage);
    poll();
    found = harm(served, reset);
    (void)snprintf(text, bytes, "%s", found != NULL ? found : vqg_is_violation(a->status) ? "accepted" : "no effect");
}
