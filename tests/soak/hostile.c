/* SPDX-License-Identifier: MIT */
/**
 * @file hostile.c
 * @brief The hostile client: a driver that lends whatever there is, and scribbles over its rings.
 */
#include "soak.h"

static uint64_t some_address(struct soak *s)
{
    static const uint32_t near[] = {0,    AVAIL, USED,      TABLES, HOLE,   DATA,  DATA, DATA,  DATA + 0x1000u,
                                    LOAN, LOAN,  READ_ONLY, HOLE_2, BLOCK, DATA, DATA, DATA + 0x2000u};
    uint32_t kind = dice(s, 64);
    uint64_t at = BASE + near[dice(s, sizeof near / sizeof near[0])];
    if (kind == 0u) {
        return UINT64_MAX - dice(s, 64);
    }
    if (kind == 1u) {
        return BUS(dice(s, 9)) + dice(s, BLOCK); /* somebody else's, as the device names it */
    }
    return kind < 12u ? at - dice(s, 48) : at + dice(s, 4u) * 64u;
}

static void lend(struct soak *s, struct client *c)
{
    struct vqg_seg seg[SEGMENTS + 2u];
    struct vqg_request r;
    uint32_t n = 1u + dice(s, dice(s, 16) == 0u ? SEGMENTS + 2u : 3u);
    uint32_t out = dice(s, n + 1u);
    uint32_t k;
    memset(&r, 0, sizeof r);
    for (k = 0; k < n; k++) {
        seg[k] = vqg_out(NULL, 1u + dice(s, dice(s, 32) == 0u ? BLOCK : 96u));
        seg[k].addr = dice(s, 16) != 0u ? BASE + DATA + 0x1000u + 64u * dice(s, 256) : some_address(s);
        seg[k].write = k >= out;
    }
    r.seg = seg;
    r.count = n;
    if (dice(s, 4) == 0u && (c->queue.features & VQG_F_INDIRECT_DESC) != 0u) {
        uint32_t at = TABLES + 256u * dice(s, 16);
        r.table = c->block + at;
        r.table_addr = BASE + at;
        r.table_entries = n;
    }
    s->n.lent += vqg_driver_add_request(&c->driver, &r) == VQG_OK ? 1u : 0u;
}

static void scribble(struct soak *s, struct client *c)
{
    uint32_t ring = 16u * c->queue.size;
    uint32_t times = 1u + dice(s, 3);
    for (; times != 0u; times--) {
        uint32_t kind = dice(s, 8);
        uint32_t at = kind < 4u   ? dice(s, ring)
                      : kind < 5u ? AVAIL + dice(s, 6u + 2u * c->queue.size)
                      : kind < 6u ? USED + dice(s, 6u + 8u * c->queue.size)
                                  : TABLES + dice(s, HOLE - TABLES);
        c->block[at] = (unsigned char)(dice(s, 2) == 0u ? dice(s, 256) : c->block[at] ^ 1u << dice(s, 8));
    }
}

static void enable_oddly(struct soak *s, struct client *c)
{
    struct vqg_queue q = c->queue;
    uint32_t which = dice(s, 4);
    q.size = which == 0u ? dice(s, 3u * SIZE_MOST) : q.size;
    q.desc_addr = which == 1u ? some_address(s) : q.desc_addr;
    q.avail_addr = which == 2u ? some_address(s) : q.avail_addr;
    q.used_addr = which == 3u ? some_address(s) : q.used_addr;
    if (vqg_device_enable(&s->clients[HOSTILE].device, &q) == VQG_OK) {
        vqg_client_reset(&s->clients[HOSTILE]);
    } else {
        s->n.bad_enables++;
    }
}

void hostile_step(struct soak *s)
{
    struct client *c = &s->c[HOSTILE];
    struct vqg_client *mine = &s->clients[HOSTILE];
    struct vqg_done done;
    enum vqg_status st;
    if (c->away) {
        /* It does not always wait for what it had. */
        if (dice(s, 16) == 0u) {
            enable_oddly(s, c);
        } else if (vqg_client_is_drained(mine) || dice(s, 8) == 0u) {
            soak_revive(s, HOSTILE);
        }
        return;
    }
    switch (dice(s, 16)) {
    case 0:
        scribble(s, c);
        break;
    case 1:
        memset(c->block + DATA + dice(s, 0x2000), (int)dice(s, 256), 0x1000);
        break;
    case 2:
        st = vqg_device_hint(&mine->device, (uint16_t)(mine->device.ring.get + dice(s, dice(s, 16) == 0u ? 64u : 1u)));
        soak_expect(s, st == VQG_OK || st == VQG_V_NOTIFY_HINT || st == VQG_DEAD, "a hint", (uint64_t)(int)st);
        break;
    case 3:
    case 4:
    case 5:
        while (vqg_driver_take(&c->driver, &done) == VQG_OK) {
        }
        break;
    default:
        lend(s, c);
        if (dice(s, 2) == 0u) {
            (void)vqg_driver_kick(&c->driver);
        }
    }
    if (vqg_device_needs_reset(&mine->device) || vqg_driver_needs_reset(&c->driver) || dice(s, 512) == 0u) {
        soak_reset_client(s, HOSTILE);
    }
}
