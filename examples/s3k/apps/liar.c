/* SPDX-License-Identifier: MIT */
#include "liar.h"

struct used {
    uint16_t flags;
    uint16_t idx;
    struct {
        uint32_t id;
        uint32_t len;
    } ring[];
};

static volatile struct used *used;
static uint32_t size;
static enum lie armed = LIES;
static uint16_t seen;

void liar_init(const struct vqg_queue *queue)
{
    if ((queue->features & VQG_F_RING_PACKED) == 0u) {
        used = queue->used;
        size = queue->size;
    }
}

bool liar_arm(uint32_t lie)
{
    if (used == NULL || lie >= LIES) {
        return false;
    }
    armed = (enum lie)lie;
    seen = used->idx;
    return true;
}

/* All elements alike, as those that were looked at are not looked at again. */
static void rewrite(uint32_t id, uint32_t len)
{
    for (uint32_t i = 0; i < size; i++) {
        used->ring[i].id = id != UINT32_MAX ? id : used->ring[i].id;
        used->ring[i].len = len;
    }
}

void liar_lie(void)
{
    if (armed == LIES || used->idx == seen) {
        return;
    }
    switch (armed) {
    case LIE_ID:
        rewrite(size, 1);
        break;
    case LIE_IDLE:
        rewrite(size - 1u, 1);
        break;
    case LIE_LENGTH:
        rewrite(UINT32_MAX, 1u << 30);
        break;
    default:
        used->idx = (uint16_t)(used->idx + size + 1u);
        break;
    }
    armed = LIES;
}
