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

#define SEAT_JOBS 32u     /* requests of one client in flight */
#define SEAT_SEGMENTS 34u /* header, data and status */
#define SEAT_QUEUE 128u   /* largest queue */
#define SEAT_FRONT 4u     /* queue of the request level: one request of three at a time */

/* The queue that the monitor fills; it is the driver of it, and the client holds nothing of it. */
struct seat_front {
    _Alignas(16) uint8_t desc[16u * SEAT_FRONT];
    _Alignas(16) uint8_t avail[6u + 2u * SEAT_FRONT];
    _Alignas(16) uint8_t used[6u + 8u * SEAT_FRONT];
    _Alignas(16) struct {
        uint32_t type;
        uint32_t reserved;
        uint64_t sector;
    } header;
    uint8_t status;
};

struct seat {
    uint64_t source; /* the client's IPC end */
    struct vqg_client *client;
    struct client_caps caps;
    struct seat_front *front;
    struct vqg_driver filler; /* of the front's queue */
    struct vqg_slot filler_slots[SEAT_FRONT];
    struct vqg_slot slots[SEAT_QUEUE];
    bool told; /* of the violation that latched its device */
};

/* The client of process pid. Below 0: an error of the kernel. */
int64_t seat_init(struct seat *s, struct vqg_client *client, unsigned number, uint16_t pid, uint64_t sink);

/* Serves what a client asks for, and turns the message into the answer. */
void seat_serve(struct seat *s, struct s3k_message *m);

#endif
