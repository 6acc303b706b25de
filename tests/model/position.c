/* SPDX-License-Identifier: MIT */
/* Positions, and which of them ask for a notification: 2.7.7, 2.7.10, 2.8.10. */
#include "inside.h"

#define NO_NOTIFICATION 1u      /* VIRTQ_AVAIL_F_NO_INTERRUPT and VIRTQ_USED_F_NO_NOTIFY */

#define EVENT_ENABLE  0u        /* RING_EVENT_FLAGS_* */
#define EVENT_DISABLE 1u
#define EVENT_DESC    2u

/* E4: with EVENT_IDX the flag bit is not looked at. */
bool sm_split_must_notify(uint16_t old_idx, uint16_t new_idx, uint16_t flags, uint16_t event, bool event_idx)
{
    uint16_t added = (uint16_t)(new_idx - old_idx);
    uint16_t past_event = (uint16_t)(new_idx - event - 1);

    if (added == 0)
        return false;
    if (event_idx)
        return past_event < added;
    return (flags & NO_NOTIFICATION) == 0;
}

/* 2.8.1: the counter changes when the last descriptor of the ring is passed. */
uint16_t sm_packed_advance(uint16_t position, uint32_t slots, uint32_t size)
{
    for (; slots > 0; slots--) {
        if ((position & ~SM_WRAP) + 1 == size)
            position = (uint16_t)((position & SM_WRAP) ^ SM_WRAP);
        else
            position++;
    }
    return position;
}

uint16_t sm_packed_available(uint16_t position)
{
    return (position & SM_WRAP) != 0 ? SM_DESC_AVAIL : SM_DESC_USED;
}

uint16_t sm_packed_used(uint16_t position)
{
    return (position & SM_WRAP) != 0 ? SM_DESC_AVAIL | SM_DESC_USED : 0;
}

bool sm_packed_must_notify(uint16_t old_position, uint16_t new_position, uint16_t event, uint16_t flags,
                           bool event_idx, uint32_t size)
{
    if (old_position == new_position)
        return false;
    switch (flags & 3u) {       /* the other 14 bits are reserved */
    case EVENT_DISABLE:
        return false;
    case EVENT_DESC:
        if (!event_idx || (event & ~SM_WRAP) >= size)
            return true;        /* P11: this cannot be meant */
        for (; old_position != new_position; old_position = sm_packed_advance(old_position, 1, size))
            if (old_position == event)
                return true;
        return false;
    case EVENT_ENABLE:
    default:
        return true;            /* P11: 3 is reserved */
    }
}
