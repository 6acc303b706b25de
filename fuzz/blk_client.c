/* SPDX-License-Identifier: MIT */
/* A client that asks a disk for what it likes. */
#include "blk.h"

#include <string.h>

static struct {
    size_t header;
    size_t range; /* SIZE_MAX: it has none */
    uint16_t head;
    uint16_t count;
} latest; /* request */

void blk_forget_posted(void)
{
    memset(&latest, 0, sizeof latest);
    latest.header = AT_REQUESTS;
    latest.range = SIZE_MAX;
    blk_truth.posted = 0;
}

static void post_element(uint16_t i, size_t at, uint32_t bytes, bool write, bool last)
{
    const uint16_t flags = (uint16_t)((write ? 2u : 0u) | (last ? 0u : 1u));
    memory_put(AT_DESC + 16u * (size_t)i, 8, SHARED_BASE + at);
    memory_put(AT_DESC + 16u * (size_t)i + 8u, 4, bytes);
    memory_put(AT_DESC + 16u * (size_t)i + 12u, 2, flags);
    memory_put(AT_DESC + 16u * (size_t)i + 14u, 2, (i + 1u) % BLK_QUEUE);
}

/* An element, in two pieces if it is to be cut. */
static uint16_t post_cut(uint16_t i, size_t at, uint32_t bytes, bool write, uint32_t cut)
{
    if (cut != 0u && cut < bytes) {
        post_element(i, at, cut, write, false);
        post_element((uint16_t)(i + 1u), at + cut, bytes - cut, write, false);
        return (uint16_t)(i + 2u);
    }
    if (bytes != 0u) {
        post_element(i, at, bytes, write, false);
    }
    return (uint16_t)(i + (bytes != 0u ? 1u : 0u));
}

static uint32_t data_bytes(uint32_t type, const struct step *step)
{
    const uint32_t odd = (step->a & 0x80u) != 0u ? (step->v >> 4) % 7u : 0u;
    switch (type) {
    case IN:
    case OUT:
        return 512u * (1u + step->b % 3u) - odd;
    case GET_ID:
        return 20u + odd;
    case DISCARD:
    case ZEROES:
        return 16u + odd;
    default:
        return odd;
    }
}

/* `a`: which type, how it is cut, whether it is odd; `b`: which sectors; `v`: where it is odd, and how many sectors. */
void blk_step_post(const struct step *step)
{
    static const uint32_t types[] = {IN, OUT, IN, OUT, FLUSH, GET_ID, DISCARD, ZEROES, 2, 33, IN, OUT, DISCARD, ZEROES, IN, OUT};
    static const uint64_t sectors[] = {0, 98, 199, 200, 248, 299, 300, 308, 310, 318, UINT64_MAX - 7u, UINT64_MAX - 1u};
    const uint32_t type = types[step->a & 15u];
    const uint32_t cut = (step->a & 0x10u) != 0u ? 1u + step->v % 24u : 0u;
    const bool ranges = type == DISCARD || type == ZEROES;
    const bool in = type == IN || type == GET_ID;
    const uint32_t bytes = data_bytes(type, step);
    const uint64_t sector = sectors[(step->b >> 2) % (sizeof sectors / sizeof sectors[0])] + (step->b >> 12);
    const size_t data = (step->a & 0x20u) != 0u ? AT_UNMAPPED - (step->v & 0x1f0u) : AT_BLOCKS;
    uint16_t i = (uint16_t)(step->v >> 8 & 15u);
    if (i + 8u > BLK_QUEUE) {
        i = 0;
    }
    latest.header = AT_REQUESTS + 0x40u * (blk_truth.posted % BLK_POOL);
    latest.range = ranges ? latest.header + 16u : SIZE_MAX;
    latest.head = i;
    memory_put(latest.header, 4, type);
    memory_put(latest.header + 4u, 4, step->v);
    memory_put(latest.header + 8u, 8, ranges ? 5u : sector);
    memory_put(latest.header + 0x38u, 1, S_NONE);
    if (ranges) {
        memory_put(latest.range, 8, sector);
        memory_put(latest.range + 8u, 4, step->v % 12u);
        memory_put(latest.range + 12u, 4, step->v >> 4 & 1u);
    }
    i = post_cut(i, latest.header, 16, false, cut);
    i = post_cut(i, ranges ? latest.range : data, bytes, in, (step->a & 0x40u) != 0u ? cut : 0u);
    post_element(i, latest.header + 0x38u, 1, true, true);
    latest.count = (uint16_t)(i + 1u - latest.head);
    memory_put(AT_AVAIL + 4u + 2u * (size_t)(blk_truth.posted % BLK_QUEUE), 2, latest.head);
    memory_put(AT_AVAIL + 2u, 2, ++blk_truth.posted);
}

/* The latest request is not what it was: `b`: in which field. */
void blk_step_spoil(const struct step *step)
{
    const uint16_t element = (uint16_t)(latest.head + (latest.count != 0u ? (uint32_t)step->a % latest.count : 0u));
    const size_t desc = AT_DESC + 16u * (size_t)(element % BLK_QUEUE);
    switch (step->b % 9u) {
    case 0:
        memory_put(latest.header, 4, step->v);
        break;
    case 1:
        memory_put(latest.header + 8u, 4, step->v);
        break;
    case 2:
        memory_put(latest.header + 12u, 4, step->v);
        break;
    case 3:
        memory_put(latest.range == SIZE_MAX ? latest.header + 8u : latest.range + 8u, 4, step->v);
        break;
    case 4:
        memory_put(latest.range == SIZE_MAX ? latest.header : latest.range + 12u, 4, step->v);
        break;
    case 5:
        memory_put(desc, 8, memory_address(step->v));
        break;
    case 6:
        memory_put(desc + 8u, 4, step->v);
        break;
    case 7:
        memory_put(desc + 12u, 2, step->v & 3u);
        break;
    default:
        memory_put(latest.range == SIZE_MAX ? latest.header + 8u : latest.range, 8, memory_address(step->v));
        break;
    }
}

/* Anywhere that a client reaches. */
void blk_step_write(const struct step *step)
{
    memory_put(step->b % (AT_SCRATCH - 8u) & ~(size_t)7u, (step->a & 1u) != 0u ? 8u : 4u, step->v);
}
