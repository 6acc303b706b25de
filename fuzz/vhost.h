/* SPDX-License-Identifier: MIT */
/** @file vhost.h A client of vqguard-blk, in the same process: what it says, and the memory that it shares. */
#ifndef VQG_FUZZ_VHOST_H
#define VQG_FUZZ_VHOST_H

#include "session.h"

#define CLIENT_QUEUES 2u
#define CLIENT_SIZE 8u          /* descriptors of an honest queue */
#define CLIENT_MEMORY 0x20000u  /* bytes; the guest has them at CLIENT_GUEST, the front end at CLIENT_USER */
#define CLIENT_GUEST UINT64_C(0x40000000)
#define CLIENT_USER UINT64_C(0x7f0000000000)
#define CLIENT_DESC(q) (0x4000u * (uint64_t)(q))
#define CLIENT_AVAIL(q) (CLIENT_DESC(q) + 0x1000u)
#define CLIENT_USED(q) (CLIENT_DESC(q) + 0x2000u)
#define CLIENT_DATA 0x10000u
#define CLIENT_REQUESTS 24u

struct client {
    int sock;
    int memory;
    int event;        /* kick, call and err of all queues */
    int inflight;     /* -1 until the back end gave one */
    unsigned char *map;
    uint64_t features;
    struct vhost_user_inflight said;
};

/** The request of that number, of those that a client can send; what an honest one would put there; how many bytes. */
uint32_t client_request(unsigned number);
uint32_t client_honest(const struct client *c, uint32_t request, uint32_t queue, union vhost_user_payload *payload);
/** How many descriptors an honest one has. */
unsigned client_fds(uint32_t request);

bool client_open(struct client *c, int *other);
void client_close(struct client *c);
/** Sends a message; the descriptors are the memory, or the event, `fds` times. False when the other side has closed. */
bool client_send(const struct client *c, const struct vhost_user_header *header, const void *payload, size_t bytes,
                 unsigned fds);
/** Receives answers, and drops them; takes what is in flight. */
void client_receive(struct client *c);
/** Puts request `n`, header, data and status, into the ring of a queue as an honest guest would. */
void client_post(struct client *c, uint32_t queue, uint32_t n, uint32_t type, uint64_t sector);

#endif
