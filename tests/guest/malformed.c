/* SPDX-License-Identifier: MIT */
#include "malformed.h"

#include <vqguard/blk.h>

#define BREAKS(rule_name) .rule = VQG_RULE_##rule_name
#define READS .type = VQG_BLK_T_IN
#define WRITES .type = VQG_BLK_T_OUT
#define ANY_SECTOR .sector = 1024u /* nobody writes there */
#define RANGE .out = VQG_BLK_RANGE_BYTES

const struct malformed malformed_requests[] = {
    /* room for header and status */
    {"half-a-header-alone", BREAKS(MINIMUM_SIZE), WRITES, .cut = 8},
    {"write-without-a-status", BREAKS(MINIMUM_SIZE), WRITES, ANY_SECTOR, .out = 512, .status = STATUS_MISSING},
    {"write-with-a-readable-status", BREAKS(MINIMUM_SIZE), WRITES, ANY_SECTOR, .out = 512, .status = STATUS_READABLE},
    {"flush-with-a-readable-status", BREAKS(MINIMUM_SIZE), .type = VQG_BLK_T_FLUSH, .status = STATUS_READABLE},
    /* which way the data goes */
    {"read-with-data-to-write", BREAKS(BLK_SHAPE), READS, ANY_SECTOR, .out = 512},
    {"write-with-room-to-read", BREAKS(BLK_SHAPE), WRITES, ANY_SECTOR, .in = 512},
    {"write-with-both", BREAKS(BLK_SHAPE), WRITES, ANY_SECTOR, .out = 512, .in = 512},
    {"flush-with-data", BREAKS(BLK_SHAPE), .type = VQG_BLK_T_FLUSH, .out = 512},
    {"discard-with-room-to-read", BREAKS(BLK_SHAPE), .type = VQG_BLK_T_DISCARD, ANY_SECTOR, RANGE, .in = 16,
     .sectors = 1},
    /* how much there is of it */
    {"write-of-100-bytes", BREAKS(BLK_SIZE), WRITES, ANY_SECTOR, .out = 100},
    {"write-of-513-bytes", BREAKS(BLK_SIZE), WRITES, ANY_SECTOR, .out = 513},
    {"write-of-nothing", BREAKS(BLK_SIZE), WRITES, ANY_SECTOR},
    {"read-of-511-bytes", BREAKS(BLK_SIZE), READS, .in = 511},
    {"read-of-nothing", BREAKS(BLK_SIZE), READS},
    {"name-of-19-bytes", BREAKS(BLK_SIZE), .type = VQG_BLK_T_GET_ID, .in = 19},
    {"name-of-a-sector", BREAKS(BLK_SIZE), .type = VQG_BLK_T_GET_ID, .in = 512},
    {"discard-of-half-a-range", BREAKS(BLK_SIZE), .type = VQG_BLK_T_DISCARD, ANY_SECTOR, .out = 8, .sectors = 1},
    {"discard-of-two-ranges", BREAKS(BLK_SIZE), .type = VQG_BLK_T_DISCARD, ANY_SECTOR, .out = 32, .sectors = 1},
    {"discard-of-no-range", BREAKS(BLK_SIZE), .type = VQG_BLK_T_DISCARD},
    {"discard-of-no-sectors", BREAKS(BLK_SIZE), .type = VQG_BLK_T_DISCARD, ANY_SECTOR, RANGE},
    {"zeroes-for-no-sectors", BREAKS(BLK_SIZE), .type = VQG_BLK_T_WRITE_ZEROES, ANY_SECTOR, RANGE},
    /* where it goes */
    {"read-behind-the-end", BREAKS(BLK_RANGE), READS, .from_end = true, .in = 512},
    {"write-behind-the-end", BREAKS(BLK_RANGE), WRITES, .from_end = true, .out = 512},
    {"write-over-the-end", BREAKS(BLK_RANGE), WRITES, .from_end = true, .sector = UINT64_MAX, .out = 1024},
    {"write-at-the-last-sector-of-all", BREAKS(BLK_RANGE), WRITES, .sector = UINT64_MAX, .out = 512},
    {"write-that-wraps", BREAKS(BLK_RANGE), WRITES, .sector = UINT64_MAX, .out = 1024},
    {"write-whose-byte-wraps", BREAKS(BLK_RANGE), WRITES, .sector = UINT64_C(1) << 55, .out = 512},
    {"discard-behind-the-end", BREAKS(BLK_RANGE), .type = VQG_BLK_T_DISCARD, .from_end = true, RANGE, .sectors = 1},
    {"discard-over-the-end", BREAKS(BLK_RANGE), .type = VQG_BLK_T_DISCARD, .from_end = true, .sector = UINT64_MAX,
     RANGE, .sectors = 2},
    {"zeroes-that-wrap", BREAKS(BLK_RANGE), .type = VQG_BLK_T_WRITE_ZEROES, .sector = UINT64_MAX, RANGE, .sectors = 2},
    /* what is not served */
    {"type-of-no-kind", .rule = VQG_RULE_NONE, .type = 7, ANY_SECTOR, .out = 512},
    {"type-of-32-ones", .rule = VQG_RULE_NONE, .type = UINT32_MAX, ANY_SECTOR, .out = 512},
    {"type-aliased-to-16-bits", .rule = VQG_RULE_NONE, .type = 0x10001, ANY_SECTOR, .out = 512},
    {"type-aliased-to-a-shift", .rule = VQG_RULE_NONE, .type = 33, ANY_SECTOR, .out = 512},
    {"discard-with-the-unmap-flag", .rule = VQG_RULE_NONE, .type = VQG_BLK_T_DISCARD, ANY_SECTOR, RANGE, .sectors = 1,
     .flags = VQG_BLK_UNMAP},
    {"zeroes-with-a-reserved-flag", .rule = VQG_RULE_NONE, .type = VQG_BLK_T_WRITE_ZEROES, ANY_SECTOR, RANGE,
     .sectors = 1, .flags = 2},
};

const size_t malformed_count = sizeof malformed_requests / sizeof malformed_requests[0];
