/* SPDX-License-Identifier: MIT */
/*
 * What the device of the driver comparison writes: honest returns, and single fields that lie.
 */
#ifndef VQG_TEST_HOSTILE_DEVICE_H
#define VQG_TEST_HOSTILE_DEVICE_H

#include "driver_pair.h"

static void give(uint32_t id, uint32_t len)
{
    uint8_t *at = memory + used_entry(device_idx);
    detail("returns id 0x%" PRIx32 " with %" PRIu32 " bytes at position %u", id, len, device_idx);
    sm_put32(at, id, big);
    sm_put32(at + 4, len, big);
    device_idx++;
    put16(parts[2] + 2u, device_idx);
}

/* Some head that is lent and not yet returned; false when none was found. */
static bool find_lent(uint32_t *head)
{
    uint32_t from = (uint32_t)below(size);
    for (uint32_t i = 0; i < size && model.outstanding != 0u; i++) {
        *head = (from + i) % size;
        if (model.lent[*head].live && !requests[*head].returned) {
            return true;
        }
    }
    return false;
}

static void op_return(uint64_t most)
{
    uint64_t n = 1u + below(most);
    uint32_t head;
    operation("the device returns up to %" PRIu64, n);
    while (n-- != 0u && find_lent(&head)) {
        struct request *r = &requests[head];
        uint32_t least = r->least < r->writable ? r->least : r->writable;
        uint32_t len = chance(1, 4) ? r->writable : least + (uint32_t)below((uint64_t)r->writable - least + 1u);
        if (policy.length != VQG_LENGTH_REJECT && chance(1, 8)) {
            len = (uint32_t)below(UINT64_C(1) << (1u + below(32))); /* where this is no violation, it is often seen */
        }
        r->returned = true;
        give(head, len);
    }
}

static void op_lie(void)
{
    uint32_t head = 0;
    bool found = find_lent(&head);
    uint32_t writable = requests[head].writable;
    uint32_t id = head;
    uint32_t len = (uint32_t)below((uint64_t)writable + 1u);
    operation("the device lies");
    switch (below(9)) {
    case 0:
        device_idx = (uint16_t)(model.last_used + (chance(1, 2) ? model.outstanding + below(3) : below(0x10000)));
        detail("used.idx becomes %u", device_idx);
        put16(parts[2] + 2u, device_idx);
        return;
    case 1:
        id = chance(1, 2) ? (uint32_t)below(UINT64_C(1) << 32) : size + (uint32_t)below(2);
        break;
    case 2:
        id |= (uint32_t)(1u + below(0xffff)) << 16; /* the right one to who looks at 16 bits */
        break;
    case 3:
        id = (uint32_t)below(size); /* a member, a free one, one that is back already */
        break;
    case 4:
        id = waiting_count != 0u ? waiting[below(waiting_count)] : id; /* not exposed yet */
        break;
    case 5:
        len = writable + 1u + (uint32_t)(chance(1, 2) ? 0 : below(UINT32_MAX - writable));
        break;
    case 6:
    case 7:
        len = requests[head].least - 1u;
        break;
    default:
        len = (uint32_t)below(UINT64_C(1) << 32);
        break;
    }
    if (found && id == head) {
        requests[head].returned = true;
    }
    give(id, len);
}

static void op_scribble(void)
{
    uint64_t from = below(parts[2]);
    uint64_t n = below(64);
    operation("the device scribbles over %" PRIu64 " bytes from %" PRIu64, n, from);
    while (n-- != 0u && from < parts[2]) {
        memory[from++] = (uint8_t)below(256);
    }
    if (chance(1, 4)) {
        from = used_entry((uint16_t)below(size));
        from += below(8);
        memory[from] = (uint8_t)below(256);
    }
}

#endif
