/* SPDX-License-Identifier: MIT */
/**
 * @file device.c
 * @brief The device: it acts on what its queue says, whatever that is, and checks that it was allowed to be said.
 *
 * The hostile one writes any bytes into what it was lent, returns what it likes, and at times scribbles over its whole
 * queue and the tables in the monitor's memory: from then on it knows no chain any more, until it is reset.
 */
#include "soak.h"

void device_begin(struct soak *s)
{
    struct vqg_policy p = vqg_profile_spec();
    struct vqg_caps caps = vqg_cap_table_caps(&s->device_table);
    uint32_t i;
    p.max_elements = SIZE_MOST;
    p.max_table_entries = SIZE_MOST;
    for (i = 0; i < HELD; i++) {
        vqg_chain_init(&s->held[i], s->held_segs[i], SIZE_MOST);
    }
    s->nheld = 0;
    s->wild = false;
    soak_expect(s, vqg_device_init(&s->device, &s->queue, &p, &caps, s->device_slots, SIZE_MOST) == VQG_OK,
                "the device's queue cannot be", 0);
}

static bool apart(uint64_t first, uint64_t last, uint64_t at, uint64_t bytes)
{
    return last < at || first >= at + bytes;
}

/* Has a client, as it is now, the right to what the device is told to reach? Written down without the library. */
static bool is_allowed(const struct soak *s, const struct vqg_seg *seg)
{
    uint32_t i;
    uint32_t k;
    for (i = 0; i < CLIENTS; i++) {
        const struct client *c = &s->c[i];
        uint64_t first = seg->addr - BUS(i);
        uint64_t last = first + (seg->len - 1u);
        uint32_t right = seg->write ? VQG_CAP_WRITE : VQG_CAP_READ;
        bool packed = (c->queue.features & VQG_F_RING_PACKED) != 0u;
        uint32_t size = c->queue.size;
        if (seg->addr < BUS(i) || last < first || last >= BLOCK) {
            continue;
        }
        if (seg->write && !(apart(first, last, 0, 16u * size) && apart(first, last, AVAIL, packed ? 4u : 6u + 2u * size) &&
                            apart(first, last, USED, packed ? 4u : 6u + 8u * size))) {
            return s->clients[i].device.judge.guard.state == VQG_STATE_OFF; /* its rings are no rings any more */
        }
        for (k = 0; k < CAPS; k++) {
            if (first >= c->caps[k].base - BASE && last < c->caps[k].base - BASE + c->caps[k].size &&
                (c->caps[k].rights & right) != 0u) {
                return true;
            }
        }
    }
    return false;
}

static void take(struct soak *s)
{
    uint32_t free = 0;
    struct vqg_chain *c;
    enum vqg_status st;
    uint32_t k;
    while (free < HELD && s->held[free].owner_ != NULL) {
        free++;
    }
    if (free == HELD) {
        return;
    }
    c = &s->held[free];
    st = vqg_device_pop(&s->device, c);
    soak_expect(s, st == VQG_OK || st == VQG_EMPTY, "the device's queue breaks a rule", (uint64_t)(int)st);
    if (st != VQG_OK) {
        return;
    }
    soak_expect(s, c->count != 0u, "a chain of nothing", 0);
    for (k = 0; k < c->count; k++) {
        soak_expect(s, is_allowed(s, &c->seg[k]), "the device is led to an address", c->seg[k].addr);
    }
    s->order[s->nheld++] = free;
}

/* Every byte that it may write, at any time until it returns the chain. */
static void write_anything(struct soak *s, const struct vqg_chain *c)
{
    uint32_t k;
    for (k = 0; k < c->count; k++) {
        if (c->seg[k].write) {
            soak_expect(s, is_allowed(s, &c->seg[k]), "an address was taken away under the device", c->seg[k].addr);
            memset(c->seg[k].map, (int)dice(s, 256), c->seg[k].len);
        }
    }
}

static void answer(struct soak *s, const struct vqg_chain *c)
{
    unsigned char question[96] = {0};
    unsigned char reply[96];
    uint32_t k;
    if (c->seg[0].addr < BUS(1) || c->readable == 0u) {
        write_anything(s, c);
        return;
    }
    soak_expect(s, vqg_chain_read(c, 0, question, c->readable) == VQG_OK, "a question cannot be read", c->readable);
    for (k = 0; k < c->writable; k++) {
        reply[k] = (unsigned char)(question[k % c->readable] * 7u + k);
    }
    soak_expect(s, vqg_chain_write(c, 0, reply, c->writable) == VQG_OK, "an answer has no room", c->writable);
}

static void give_back(struct soak *s)
{
    bool ordered = (s->queue.features & VQG_F_IN_ORDER) != 0u;
    uint32_t which = ordered ? 0u : dice(s, s->nheld);
    struct vqg_chain *c = &s->held[s->order[which]];
    uint32_t len = c->writable;
    uint32_t k;
    for (k = 0; k < c->count; k++) {
        soak_expect(s, is_allowed(s, &c->seg[k]), "an address was taken away under the device", c->seg[k].addr);
    }
    if (s->hostile) {
        write_anything(s, c);
        len = dice(s, len + 1u);
    } else {
        answer(s, c);
    }
    soak_expect(s, vqg_device_push(&s->device, c, len) == VQG_OK, "the device cannot return", which);
    for (s->nheld--; which < s->nheld; which++) {
        s->order[which] = s->order[which + 1u];
    }
}

/* Says that it returns something: which, and how much of it, nobody knows. */
static void lie(struct soak *s)
{
    struct vqg_ring *r = &s->device.ring;
    uint32_t id = dice(s, 32) == 0u ? dice(s, 0x10000) : dice(s, s->queue.size);
    vqg_ring_return_(r, r->put, id, dice(s, dice(s, 4) == 0u ? 0x10000u : 64u));
    r->put = vqg_ring_behind_(r, r->put, 1u + dice(s, 2));
    (void)vqg_ring_publish_(r);
}

static void scribble(struct soak *s)
{
    static const uint32_t parts[] = {0, 0x1000, 0x2000, 0x2000, 0x2000};
    uint32_t times = dice(s, 2) == 0u ? 0u : 1u + dice(s, 4);
    s->wild = true;
    if (times == 0u) {
        lie(s);
    }
    for (; times != 0u; times--) {
        uint32_t at = parts[dice(s, 5)] + dice(s, dice(s, 2) == 0u ? 8u : 16u * s->queue.size);
        struct client *c = &s->c[dice(s, CLIENTS)];
        s->queue_memory[at] = (unsigned char)(dice(s, 2) == 0u ? dice(s, 256) : s->queue_memory[at] ^ 1u << dice(s, 8));
        c->io[dice(s, sizeof c->io)] = (unsigned char)dice(s, 256);
    }
}

void device_step(struct soak *s)
{
    uint32_t kind = dice(s, 64);
    if (s->hostile && (s->wild || kind == 0u) && dice(s, s->wild ? 4u : 8u) == 0u) {
        scribble(s);
    }
    if (s->wild) {
        return;
    }
    if (s->hostile && kind < 4u && s->nheld != 0u) {
        write_anything(s, &s->held[s->order[dice(s, s->nheld)]]);
    } else if (s->resetting) {
        return; /* what it returns now, nobody looks at; what it was lent, it may write (above) */
    } else if (kind < 36u) {
        take(s);
    } else if (s->nheld != 0u) {
        give_back(s);
    }
    if (dice(s, 2) == 0u) {
        (void)vqg_device_notify(&s->device);
    }
}
