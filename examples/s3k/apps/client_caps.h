/* SPDX-License-Identifier: MIT */
/*
 * What a process may lend to the disk: the memory that the kernel says it holds.
 * Asked is for capabilities, which are authority, not for PMP entries, which are
 * what it has loaded at the moment.
 */
#ifndef CLIENT_CAPS_H
#define CLIENT_CAPS_H

#include "s3k.h"

#include <vqguard/vqguard.h>

#define CLIENT_CAPS 16u /* of one process; what is beyond is not seen, and so refused */

struct client_caps {
    uint16_t pid;
    uint32_t asked;    /* the epoch of the answers; another one: none of them holds */
    uint32_t count;
    uint64_t calls;    /* system calls that it took, for the record */
    struct {
        uint64_t index; /* the kernel's */
        struct s3k_cap said;
        struct vqg_cap cap;
    } entry[CLIENT_CAPS];
    struct vqg_cap own;
};

/* `own` is the monitor's memory, for the queue that it keeps for this client. It is at addresses that
 * have no place in a message, so that no client can ask for them. */
void client_caps_init(struct client_caps *c, uint16_t pid, void *own, uint64_t bytes);
uint64_t client_caps_own(const struct client_caps *c, const void *part);

/* Whether the kernel said that the process holds this byte. */
bool client_caps_has(struct client_caps *c, uint64_t addr);

/* What the library asks with. */
struct vqg_caps client_caps_lookup(struct client_caps *c);

/* Process 1 is the only one that gives memory, or takes it away: after it did, all answers are old. */
void client_caps_changed(void);

/*
 * Before each pump, and before a queue is enabled: asks anew whether the process still holds what it held. It can
 * give a capability up by itself. Between this and the end of the request, such memory is
 * nobody's: process 1 gives it to no other before vqg_client_withdraw() allows it.
 */
void client_caps_renew(struct client_caps *c);

#endif
