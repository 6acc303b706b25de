/* SPDX-License-Identifier: MIT */
/* What a request is, read out of the bytes that the library has found. */
#include "blk.h"

#include <string.h>

const enum vqg_rule blk_rules[BLK_RULES] = {VQG_RULE_MINIMUM_SIZE, VQG_RULE_BLK_MAPPED, VQG_RULE_BLK_SHAPE,
                                            VQG_RULE_BLK_SIZE,     VQG_RULE_BLK_RANGE,  VQG_RULE_BLK_RIGHT,
                                            VQG_RULE_BLK_PIN};

static size_t offset_of(const struct vqg_seg *s)
{
    return (size_t)(s->addr - SHARED_BASE);
}

static bool is_mapped(const struct vqg_seg *s)
{
    return offset_of(s) < AT_UNMAPPED || offset_of(s) >= AT_MORE;
}

bool blk_is_mapped(const struct vqg_chain *c, bool write)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->seg[i].write == write && !is_mapped(&c->seg[i])) {
            return false;
        }
    }
    return true;
}

size_t blk_status_at(const struct vqg_chain *c)
{
    const struct vqg_seg *s = &c->seg[c->count - 1u];
    return c->writable != 0u && blk_is_mapped(c, true) ? offset_of(s) + s->len - 1u : SIZE_MAX;
}

/* Readable bytes from `at` on, as the library has found them, least significant first. */
static uint64_t number(const struct vqg_chain *c, uint32_t at, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t n = 0; n < bytes; n++) {
        uint32_t left = at + n;
        uint32_t i = 0;
        while (c->seg[i].write || left >= c->seg[i].len) {
            left -= c->seg[i].write ? 0u : c->seg[i].len;
            i++;
        }
        value |= (uint64_t)found[offset_of(&c->seg[i]) + left] << 8u * n;
    }
    return value;
}

void blk_decode_sectors(struct blk_meaning *m)
{
    const uint64_t last = m->sector + (m->sectors - 1u);
    m->cap = BLK_SECTOR_CAPS;
    for (unsigned i = 0; i < BLK_SECTOR_CAPS; i++) {
        const struct vqg_cap *c = &blk_sectors[i];
        if (c->rights != 0u && m->sector >= c->base && m->sector <= c->base + (c->size - 1u)) {
            m->cap = i;
        }
    }
    if (m->cap == BLK_SECTOR_CAPS || blk_truth.other || last < m->sector ||
        last > blk_sectors[m->cap].base + (blk_sectors[m->cap].size - 1u)) {
        m->broken |= 1u << BROKEN_RANGE;
    } else if ((blk_sectors[m->cap].rights & (m->type == IN ? VQG_CAP_READ : VQG_CAP_WRITE)) == 0u) {
        m->broken |= 1u << BROKEN_RIGHT;
    } else if (blk_truth.refuse) {
        m->broken |= 1u << BROKEN_PIN;
    }
}

static void decode_range(const struct vqg_chain *c, struct blk_meaning *m)
{
    m->loads += 16u;
    m->sector = number(c, 16, 8);
    m->sectors = (uint32_t)number(c, 24, 4);
    m->flags = (uint32_t)number(c, 28, 4);
    if ((m->flags & ~(m->type == ZEROES ? 1u : 0u)) != 0u) {
        m->unsupported = true;
    } else if (m->sectors == 0u || m->sectors > blk_truth.max_sectors) {
        m->broken |= 1u << BROKEN_SIZE;
    } else {
        blk_decode_sectors(m);
    }
}

struct blk_meaning blk_decode(const struct vqg_chain *c)
{
    struct blk_meaning m;
    uint32_t data;
    bool reads;
    memset(&m, 0, sizeof m);
    m.broken |= c->readable < 16u || c->writable < 1u ? 1u << BROKEN_MINIMUM : 0u;
    m.broken |= !blk_is_mapped(c, false) || !blk_is_mapped(c, true) ? 1u << BROKEN_MAPPED : 0u;
    if (c->readable < 16u || !blk_is_mapped(c, false)) {
        return m;
    }
    m.loads = c->writable < 1u ? 0u : 16u;
    if (m.broken != 0u) {
        return m;
    }
    m.type = (uint32_t)number(c, 0, 4);
    if (m.type >= 32u || (blk_truth.types >> m.type & 1u) == 0u) {
        m.unsupported = true;
        return m;
    }
    reads = m.type == IN || m.type == GET_ID;
    data = reads ? c->writable - 1u : c->readable - 16u;
    m.broken |= (reads || m.type == FLUSH) && c->readable != 16u ? 1u << BROKEN_SHAPE : 0u;
    m.broken |= !reads && c->writable != 1u ? 1u << BROKEN_SHAPE : 0u;
    m.bytes = m.type == FLUSH ? 0u : data;
    if (m.type == IN || m.type == OUT) {
        m.broken |= data == 0u || data % 512u != 0u || data > blk_truth.max_bytes ? 1u << BROKEN_SIZE : 0u;
    } else if (m.type != FLUSH) {
        m.broken |= data != (m.type == GET_ID ? 20u : 16u) ? 1u << BROKEN_SIZE : 0u;
    }
    if (m.broken != 0u) {
        return m;
    }
    if (m.type == DISCARD || m.type == ZEROES) {
        decode_range(c, &m);
    } else if (m.type == IN || m.type == OUT) {
        m.sector = number(c, 8, 8);
        m.sectors = data / 512u;
        blk_decode_sectors(&m);
    }
    return m;
}

/* ---------------------------------------------------------------- what the disk has of it */

void blk_same_bytes(const struct vqg_chain *c, bool write, uint32_t skip, uint32_t bytes, const struct vqg_seg *seg,
                    uint32_t count)
{
    uint32_t used = 0; /* of the disk's segment */
    uint32_t at = 0;
    for (uint32_t i = 0; i < c->count && bytes != 0u; i++) {
        const struct vqg_seg *s = &c->seg[i];
        uint32_t from = s->write != write ? s->len : skip < s->len ? skip : s->len;
        skip -= s->write != write ? 0u : from;
        while (from < s->len && bytes != 0u) {
            const uint32_t left = s->len - from < bytes ? s->len - from : bytes;
            uint32_t run;
            HOLDS(at < count, "the disk gets less than the client lent");
            run = seg[at].len - used < left ? seg[at].len - used : left;
            HOLDS(run != 0u && seg[at].write == write && seg[at].addr + used == s->addr + BLK_BUS + from,
                  "the disk gets other bytes than the client lent");
            from += run;
            used += run;
            bytes -= run;
            if (used == seg[at].len) {
                used = 0;
                at++;
            }
        }
    }
    HOLDS(at == count && used == 0u, "the disk gets more than the client lent");
}
