/* SPDX-License-Identifier: MIT */
/* A split virtqueue written by hand, by a driver that keeps to no rule. */
#ifndef RAW_H
#define RAW_H

#include "registers.h"

#define RAW_SIZE 64u

struct raw_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

struct raw_ring {
    _Alignas(4096) struct raw_desc desc[RAW_SIZE];
    struct {
        uint16_t flags;
        uint16_t idx;
        uint16_t ring[RAW_SIZE];
        uint16_t used_event;
    } avail;
    _Alignas(4096) struct {
        uint16_t flags;
        uint16_t idx;
        struct {
            uint32_t id;
            uint32_t len;
        } ring[RAW_SIZE];
        uint16_t avail_event;
    } used;
};

/* What the attacks write. A compiler must not order it, nor leave it out. */
extern volatile struct raw_ring raw_ring;
extern volatile struct raw_desc raw_table[RAW_SIZE];
extern volatile uint8_t raw_data[512];

/* Brings a queue up whose parts are at these addresses; 0: where raw_ring has them. False: it was refused. */
bool raw_open_at(uint64_t desc, uint64_t avail, uint64_t used);

/* An honest read of a sector, into raw_data, in descriptors 0 to 2. */
void raw_request(uint64_t sector);

/* The same request through raw_table. */
void raw_refer(void);

/* Makes a chain available; tells the disk. */
void raw_offer(uint16_t head);
void raw_kick(void);

/* Waits for what the monitor says: true when it serves this driver no more. */
bool raw_is_refused(void);

bool raw_close(void);

#endif
