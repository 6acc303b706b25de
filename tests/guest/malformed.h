/* SPDX-License-Identifier: MIT */
/* virtio-blk requests that are wrong, on an honest ring, as data. */
#ifndef MALFORMED_H
#define MALFORMED_H

#include <vqguard/rules.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the status byte is offered. */
enum malformed_status {
    STATUS_WRITABLE = 0,
    STATUS_READABLE,
    STATUS_MISSING
};

struct malformed {
    const char *name;
    enum vqg_rule rule; /* that it breaks; VQG_RULE_NONE: the device answers UNSUPP */
    uint32_t type;
    uint32_t cut;    /* bytes that the header is too short */
    uint64_t sector; /* where the request, or its range, begins, */
    bool from_end;   /* counted from the end of the disk */
    uint32_t out;    /* bytes of readable data, */
    uint32_t in;     /* and of writable data */
    enum malformed_status status;
    uint32_t sectors; /* of a range, which stands in the readable data */
    uint32_t flags;
};

extern const struct malformed malformed_requests[];
extern const size_t malformed_count;

#endif
