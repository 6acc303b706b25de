/* SPDX-License-Identifier: MIT */
/*
 * A client of the monitor, and what the monitor keeps for it. Whichever way it uses
 * the disk, its requests come in a virtqueue that its device endpoint judges: its
 * own, or at request level one that the monitor fills for it.
 */
#ifndef SEAT_H
#define SEAT_H

#include "client_caps.h"
#include "protocol.h"

#define SEATS 2u
#define SEAT_JOBS 32u     /* requests of one client in flight */
#define SEAT_SEGMENTS 34u /* of one request: header, data and status */
#define SEAT_QUEUE 128u   /* largest queue of a client's own */
#define SEAT_FRONT 4u     /* queue of the request level: one request of three segments at a time */

/* The queue that the monitor fills; it is the driver of it, and the client holds nothing of it. */
struct seat_front {
    _Alignas(16) uint8_t desc[16u * SEAT_FRONT];
    _Alignas(16) uint8_t avail[6u + 2u * SEAT_FRONT];
    _Alignas(16) uint8_t used[6u + 8u * SEAT_FRONT];
    uint8_t frame[VQG_BLK_FRAME_BYTES];
};

/* The client's disk (5.2.4), little-endian as the machine is. */
struct seat_config {
    uint64_t capacity;
    uint32_t size_max;
    uint32_t seg_max;
};

/* Where a client's disk is on the real one, in sectors. */
struct seat_part {
    uint16_t pid;
    uint32_t first;
    uint32_t sectors;
};

struct seat {
    uint64_t source; /* the client's IPC end */
    struct vqg_client *client;
    struct client_caps caps;
    struct vqg_cap sector_caps[2];
    struct vqg_cap_table sector_table;
    struct vqg_blk blk;
    struct vqg_filter filter;
    struct vqg_slot slots[SEAT_QUEUE];
    struct {
        struct seat_front *memory;
        struct vqg_driver driver;
        struct vqg_slot slots[SEAT_FRONT];
        uint32_t said; /* bytes that the disk must write for the request under way; 0: there is none */
    } front;
    struct {
        struct vqg_mmio_device file;
        struct vqg_mmio_queue queue;
        struct seat_config config;
        enum vqg_mmio_event_kind ending; /* a reset or a queue's end that waits for the disk */
    } registers;
    struct {
        struct vqg_violation first;
        uint32_t count; /* what broke a rule since the last line */
        uint32_t lines;
    } report;
    bool left;
    bool told; /* that it needs a reset */
};

/* Sets up the seat of a process, from which it reaches its part of the disk. Below 0: an error of the kernel. */
int64_t seat_init(struct seat *s, struct vqg_client *client, unsigned number, const struct seat_part *part,
                  uint64_t sink);

/* Serves what a client asks for, and turns the message into the answer. */
void seat_serve(struct seat *s, struct s3k_message *m);

/* Stops all that the client has under way. False: the disk has something of it still; seat_is_reset() asks again. */
bool seat_reset(struct seat *s);
bool seat_is_reset(struct seat *s);

/* After each pump: tells the client, by its registers, what there is to tell. */
void seat_tell(struct seat *s);

/* Notes which rule the client broke. It is said on the console with the next message of that client, on its time:
 * no line delays another client, and each has lines of its own. */
void seat_report(struct seat *s, const struct vqg_violation *v);

/* Request level. No message keeps the monitor for longer than this, whatever the disk does. */
#define SEAT_PATIENCE (1000u * S3K_TICKS_PER_US)
enum protocol_answer seat_request(struct seat *s, const struct s3k_message *m);
enum protocol_answer seat_again(struct seat *s);

/* Queue level. */
bool seat_registers_init(struct seat *s, uint64_t sectors);
uint32_t seat_load(struct seat *s, uint32_t offset, uint32_t width);
void seat_store(struct seat *s, uint32_t offset, uint32_t value);

#endif
