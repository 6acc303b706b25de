/* SPDX-License-Identifier: MIT */
/*
 * An attack of tests/attacks, put onto a live queue. The tables speak of a queue of
 * ATTACK_SIZE, of requests 0, 1, ... with three descriptors each, and of positions from
 * where the honest steps have led; here these become the sizes, ids and positions of the moment.
 */
#include "hostile_table.h"

#include <string.h>

/* What the guest alone writes is set back after a while: only so can it be served on. */
static struct undo {
    struct vqg_shared at;
    size_t offset;
    uint16_t was;
    uint16_t is;
} undo[ATTACK_WRITES];

static unsigned undo_count;

static struct vqg_shared part(const struct strike *s, uint64_t user_addr, uint64_t bytes)
{
    return vqg_shared_at(memory_at_user(&s->v->world->memory, user_addr, bytes), false);
}

static struct vqg_shared desc_part(const struct strike *s)
{
    return part(s, s->v->addr.desc, vqg_desc_bytes(s->v->num));
}

static struct vqg_shared avail_part(const struct strike *s)
{
    return part(s, s->v->addr.avail, s->packed ? 4u : vqg_avail_bytes(s->v->num));
}

static struct vqg_shared used_part(const struct strike *s)
{
    return part(s, s->v->addr.used, s->packed ? 4u : vqg_used_bytes(s->v->num));
}

/* ---- descriptors of a split queue ---- */

#define ADDR 0u
#define LEN 8u
#define FLAGS 12u
#define NEXT 14u

static size_t desc_at(uint32_t d)
{
    return (size_t)d * 16u;
}

/* Descriptor `m` of the chain that begins at `head`, or its last one. */
static uint32_t member(const struct strike *s, uint32_t head, uint32_t m)
{
    const struct vqg_shared desc = desc_part(s);
    while (m-- != 0u && (vqg_fetch16_(desc, desc_at(head) + FLAGS) & VQG_DESC_F_NEXT) != 0u) {
        const uint32_t next = vqg_fetch16_(desc, desc_at(head) + NEXT);
        if (next >= s->v->num) {
            break;
        }
        head = next;
    }
    return head;
}

/* True when `d` belongs to a chain in flight; packed: is the id of one. */
static bool is_lent(const struct strike *s, uint32_t d)
{
    const struct vring *v = s->v;
    const uint32_t count = v->num < VRING_REQUESTS ? v->num : VRING_REQUESTS;
    uint32_t i;
    uint32_t m;
    if (!s->forged && d == s->id) {
        return true;
    }
    for (i = 0; i < count; i++) {
        const uint32_t head = v->requests[i].chain.head;
        if (!v->requests[i].taken) {
            continue;
        }
        for (m = 0; m < (s->packed ? 1u : BLK_SEGMENTS); m++) {
            if (member(s, head, m) == d) {
                return true;
            }
        }
    }
    return false;
}

static uint32_t free_one(const struct strike *s)
{
    uint32_t d = s->v->num - 1u;
    uint32_t m;
    while (d != 0u) {
        bool own = false;
        for (m = 0; !s->packed && !s->forged && m < BLK_SEGMENTS && !own; m++) {
            own = member(s, s->id, m) == d;
        }
        if (!own && !is_lent(s, d)) {
            return d;
        }
        d--;
    }
    return 0;
}

/* The head or id of request `k` of the table: those below `returned` are back, the next one is under attack. */
static uint32_t request_of(const struct strike *s, uint32_t k)
{
    const struct vring *v = s->v;
    const uint32_t count = v->num < VRING_REQUESTS ? v->num : VRING_REQUESTS;
    uint32_t i;
    if (k < s->attack->returned) {
        return s->earlier;
    }
    if (k == s->attack->returned && !s->forged) {
        return s->id;
    }
    for (i = 0; k < s->attack->lent && i < count; i++) {
        if (v->requests[i].taken) {
            return v->requests[i].chain.head;
        }
    }
    return free_one(s);
}

/* Descriptor `d` of the table; what lies behind its queue lies as far behind this one. */
static uint32_t live_desc(const struct strike *s, uint64_t d)
{
    const uint32_t k = (uint32_t)d / 3u;
    if (d >= ATTACK_SIZE) {
        return s->v->num + (uint32_t)d - ATTACK_SIZE;
    }
    if (s->packed || (k >= s->attack->lent && k >= s->attack->returned)) {
        return free_one(s);
    }
    return member(s, request_of(s, k), (uint32_t)d % 3u);
}

/* An id of the table, of which perhaps only the low 16 bits are a descriptor's number. */
static uint32_t live_id(const struct strike *s, uint64_t value)
{
    const uint64_t low = value & 0xffffu;
    return low <= ATTACK_SIZE ? (uint32_t)(value - low) | live_desc(s, low) : (uint32_t)value;
}

static uint32_t live_len(const struct strike *s, uint64_t value)
{
    const bool about_honest = value >= ATTACK_WRITABLE && value <= ATTACK_WRITABLE + ATTACK_HEADER_BYTES;
    return about_honest ? s->written + (uint32_t)(value - ATTACK_WRITABLE) : (uint32_t)value;
}

/* An index that is too far by so many is as much too far for what is in flight here. */
static uint16_t live_index(const struct strike *s, uint64_t value)
{
    const uint32_t moved = (uint32_t)value - s->attack->rounds - s->attack->returned;
    const uint32_t out = s->attack->lent - s->attack->returned;
    const uint32_t live_out = s->v->flying + (s->forged ? 0u : 1u);
    if (moved == ATTACK_SIZE) {
        return (uint16_t)(s->at + s->v->num);
    }
    if (moved > UINT32_MAX / 2u) { /* back: behind what a guest that is slow may have left untaken, too */
        return (uint16_t)(s->at + moved - s->v->num);
    }
    return (uint16_t)(s->at + (moved > out && moved < ATTACK_SIZE ? live_out + moved - out : moved));
}

/* ---- the writes ---- */

static size_t used_at(const struct strike *s)
{
    return 4u + 8u * (size_t)(s->at & (s->v->num - 1u));
}

static size_t slot_at(const struct strike *s, uint32_t further)
{
    return desc_at(((s->at & 0x7fffu) + further) % s->v->num);
}

/* Flags as of the first lap, turned to the lap that the element `further` on is in. */
static uint16_t turned(const struct strike *s, uint32_t further, uint64_t flags)
{
    const bool second = ((s->at & 0x8000u) != 0u) == ((s->at & 0x7fffu) + further >= s->v->num);
    return (uint16_t)(flags ^ (second ? VQG_DESC_F_AVAIL | VQG_DESC_F_USED : 0u));
}

static void put_guests(struct vqg_shared at, size_t offset, uint16_t value)
{
    struct undo *u = &undo[undo_count++];
    u->at = at;
    u->offset = offset;
    u->was = vqg_fetch16_(at, offset);
    u->is = value;
    vqg_put16_(at, offset, value);
}

/* Where its descriptor is, which the guest wrote. */
static size_t own_desc(const struct strike *s)
{
    return s->packed ? slot_at(s, 0) : desc_at(s->id);
}

bool strike_has_table(const struct strike *s)
{
    return (vqg_fetch16_(desc_part(s), own_desc(s) + (s->packed ? NEXT : FLAGS)) & VQG_DESC_F_INDIRECT) != 0u;
}

static struct vqg_shared table(const struct strike *s)
{
    const uint64_t addr = vqg_fetch64_(desc_part(s), own_desc(s) + ADDR);
    return vqg_shared_at(memory_at(&s->v->world->memory, addr, 48u), false);
}

static void put_entry(const struct strike *s, const struct attack_write *x)
{
    const struct vqg_shared at = table(s);
    const size_t entry = desc_at(x->index);
    if (at.base_ == NULL) {
        return;
    }
    if (x->where == AT_ENTRY_ADDR) {
        vqg_put32x2_(at, entry, (uint32_t)x->value, (uint32_t)(x->value >> 32));
    } else if (x->where == AT_ENTRY_LEN) {
        vqg_put32_(at, entry + LEN, (uint32_t)x->value);
    } else {
        vqg_put16_(at, entry + (x->where == AT_ENTRY_FLAGS ? (s->packed ? NEXT : FLAGS) : NEXT), (uint16_t)x->value);
    }
}

static void put_desc(const struct strike *s, const struct attack_write *x)
{
    const struct vqg_shared at = desc_part(s);
    const size_t d = s->packed ? slot_at(s, x->index) : desc_at(live_desc(s, x->index));
    switch (x->where) {
    case AT_DESC_ADDR:
        vqg_put64_(at, d + ADDR, x->value);
        break;
    case AT_DESC_LEN:
        vqg_put32_(at, d + LEN, (uint32_t)x->value);
        break;
    case AT_DESC_FLAGS:
        vqg_put16_(at, d + FLAGS, (uint16_t)x->value);
        break;
    case AT_DESC_NEXT:
        vqg_put16_(at, d + NEXT, (uint16_t)live_desc(s, x->value));
        break;
    case AT_DESC_ID:
        put_guests(at, d + FLAGS, (uint16_t)x->value);
        break;
    case AT_DESC_MARK:
        /* Left as it is, it would be a lie about the next lap too, which is another attack. */
        put_guests(at, d + NEXT, turned(s, x->index, x->value));
        break;
    default:
        break;
    }
}

static void put_id(const struct strike *s, uint32_t id)
{
    if (s->packed) {
        vqg_put16_(desc_part(s), slot_at(s, 0) + FLAGS, (uint16_t)id);
    } else {
        vqg_put32_(used_part(s), used_at(s), id);
    }
}

static void put_len(const struct strike *s, uint32_t len)
{
    if (s->packed) {
        vqg_put32_(desc_part(s), slot_at(s, 0) + LEN, len);
    } else {
        vqg_put32_(used_part(s), used_at(s) + 4u, len);
    }
}

static void put_other(const struct strike *s, const struct attack_write *x)
{
    const struct vqg_shared avail = avail_part(s);
    const struct vqg_shared used = used_part(s);
    switch (x->where) {
    case AT_USED_ID:
        put_id(s, live_id(s, x->value));
        break;
    case AT_USED_REQUEST:
        put_id(s, request_of(s, (uint32_t)x->value));
        break;
    case AT_USED_LEN:
        put_len(s, live_len(s, x->value));
        break;
    case AT_AVAIL_FLAGS:
        put_guests(avail, 0, (uint16_t)x->value);
        break;
    case AT_AVAIL_IDX:
        put_guests(avail, 2, (uint16_t)(vqg_fetch16_(avail, 2) + x->value));
        break;
    case AT_AVAIL_RING:
        put_guests(avail, 4u + 2u * (size_t)(x->index & (s->v->num - 1u)), (uint16_t)x->value);
        break;
    case AT_USED_FLAGS:
    case AT_DEVICE_EVENT:
        vqg_put16_(used, 0, (uint16_t)x->value);
        break;
    case AT_DEVICE_EVENT_FLAGS:
        vqg_put16_(used, 2, (uint16_t)x->value);
        break;
    case AT_AVAIL_EVENT:
        vqg_put16_(used, 4u + 8u * (size_t)s->v->num, (uint16_t)x->value);
        break;
    default:
        break;
    }
}

/* Shows the guest the element: as the attack has it, or honestly. */
static void show(const struct strike *s, const struct attack_write *last)
{
    if (last == NULL && !s->forged) {
        (void)vqg_device_notify(&s->v->device);
    } else if (s->packed) {
        const uint64_t flags = VQG_DESC_F_AVAIL | VQG_DESC_F_USED | VQG_DESC_F_WRITE;
        vqg_put16_release_(desc_part(s), slot_at(s, 0) + NEXT, turned(s, 0, last != NULL ? last->value : flags));
    } else {
        vqg_put16_release_(used_part(s), 2, last != NULL ? live_index(s, last->value) : (uint16_t)(s->at + 1u));
    }
    vring_interrupt(s->v);
}

void strike(struct strike *s)
{
    const struct attack_write *last = NULL;
    const struct attack_write *x;
    undo_count = 0;
    if (s->forged) {
        put_id(s, s->earlier);
        put_len(s, s->written);
    }
    for (x = s->attack->writes; x < s->attack->writes + ATTACK_WRITES && x->where != AT_END; x++) {
        if (x->where == AT_USED_IDX || x->where == AT_USED_MARK) {
            last = x;
        } else if (x->where <= AT_DESC_NEXT || x->where == AT_DESC_ID || x->where == AT_DESC_MARK) {
            put_desc(s, x);
        } else if (x->where <= AT_ENTRY_NEXT) {
            put_entry(s, x);
        } else {
            put_other(s, x);
        }
    }
    show(s, last);
}

void strike_undo(void)
{
    while (undo_count != 0u) {
        const struct undo *u = &undo[--undo_count];
        if (vqg_fetch16_(u->at, u->offset) == u->is) {
            vqg_put16_(u->at, u->offset, u->was);
        }
    }
}

void strike_at_random(struct strike *s, uint64_t (*next)(void))
{
    const uint64_t value = next();
    switch (next() % 8u) {
    case 0:
        put_id(s, (uint32_t)value);
        break;
    case 1:
        put_id(s, (uint32_t)(value % (2u * s->v->num)));
        break;
    case 2:
        put_len(s, (uint32_t)value);
        break;
    case 3:
        put_len(s, s->written + (uint32_t)(value % 16u));
        break;
    case 4: /* the link, or the flags, of what is returned */
        vqg_put16_(desc_part(s), (s->packed ? slot_at(s, 1) : desc_at(s->id)) + NEXT, (uint16_t)value);
        break;
    case 5:
        vqg_put16_(used_part(s), (value & 1u) != 0u || s->packed ? 0u : 4u + 8u * (size_t)s->v->num,
                   (uint16_t)(value >> 8));
        break;
    case 6:
        if (!s->packed) {
            vqg_put16_release_(used_part(s), 2, (uint16_t)(s->at + value % 4u));
            vring_interrupt(s->v);
            return;
        }
        vqg_put16_release_(desc_part(s), slot_at(s, 0) + NEXT, (uint16_t)value);
        break;
    default:
        vring_interrupt(s->v); /* before there is anything */
        break;
    }
    (void)vqg_device_notify(&s->v->device);
    vring_interrupt(s->v);
}
