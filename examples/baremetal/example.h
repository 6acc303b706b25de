/* SPDX-License-Identifier: MIT */
/*
 * What both programs share: the data pattern, the disk layout, the verdicts.
 *
 * Disk layout: every sector holds the pattern of one tag. A sector that no
 * step writes holds tag 0, as check_image.py --make left it. The pattern is
 * 128 little-endian 32-bit words a sector; a word is a bijective mix of
 * tag << 27 ^ sector << 7 ^ word number, so no two words of a disk are equal and
 * data in the wrong place, of the wrong step or of the wrong size is noticed.
 * check_image.py recomputes mix and layout: change both sides together.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#define SECTOR 512u

/* tag, first sector, sectors */
#define LAYOUT_BASE 0u, 0u, 16u /* read only */
#define LAYOUT_SINGLE 1u, 64u, 64u
#define LAYOUT_SCATTERED 2u, 256u, 64u
#define LAYOUT_INDIRECT 3u, 512u, 128u
#define LAYOUT_FULL 4u, 1024u, 512u
#define LAYOUT_BIG 5u, 2048u, 2048u
#define LAYOUT_BIG_INDIRECT 6u, 4096u, 2048u
#define LAYOUT_RESTARTED 7u, 6400u, 128u
#define LAYOUT_RETROFIT 8u, 8192u, 256u
#define LAYOUT_END 8448u /* the disk is at least so long */

/* data: aligned to 4; sectors: how many lie there. */
void pattern_fill(void *data, unsigned tag, uint64_t sector, uint32_t sectors);
bool pattern_holds(const void *data, unsigned tag, uint64_t sector, uint32_t sectors);

/* "ok" or "FAIL", for the head of a step's line; remembers a failure. */
const char *verdict(bool good);

/* Prints the last line and leaves QEMU: status 0 when no step has failed. */
_Noreturn void finish(void);

#endif
