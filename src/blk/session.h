/* SPDX-License-Identifier: MIT */
/* A client: what it was told, what it has set up, and its queues. */
#ifndef SESSION_H
#define SESSION_H

#include "message.h"
#include "vring.h"

#define SESSION_QUEUES 64u

struct session {
    struct vring_world world;
    struct vring vring[SESSION_QUEUES];
    unsigned char config[BLK_CONFIG_BYTES];
    uint64_t offered;           /* feature bits */
    uint64_t protocol;          /* protocol features that were acknowledged */
    int sock;                   /* -1: no client */
    struct message message;     /* on its way */
};

/* Before the first client; `queues` is at most SESSION_QUEUES, `sectors` covers the disk. */
void session_init(struct session *s, struct loop *loop, struct engine *engine, const struct disk *disk,
                  uint32_t queues, const struct vqg_caps *sectors, const char *serial);

/* A client has come. */
void session_begin(struct session *s, int sock);

/* Receives and handles what it says. Why it is to be dropped, or null; "" when it has gone. */
const char *session_receive(struct session *s);

/* Handles one whole message. Why the client is to be dropped, or null. */
const char *session_handle(struct session *s, struct message *m);

/* Serves every queue, up to a budget each. True when there may be more to do at once. */
bool session_work(struct session *s);

/* It has gone, or is to go: waits for the storage, and forgets all that it set up. */
void session_end(struct session *s);

#endif
