/* SPDX-License-Identifier: MIT */
/** @file wire.h Messages of a front end, whole or in part, good or bad. */
#ifndef VQG_TEST_BLK_WIRE_H
#define VQG_TEST_BLK_WIRE_H

#include "backend.h"
#include "vhost_user.h"

#define WIRE_FDS 16u

struct wire_message {
    struct vhost_user_header header;
    union vhost_user_payload payload;
    int fds[WIRE_FDS];
    unsigned fd_count;
};

/** Connects; the descriptor. */
int wire_connect(const struct backend *b);

/** A message of `bytes` bytes of payload, all zeroes, without descriptors. */
struct wire_message wire_make(uint32_t request, uint32_t bytes);

/** How long it is, with its header. */
size_t wire_bytes(const struct wire_message *m);

/** Sends the first `bytes` bytes of it, with its descriptors. False when the other side has closed. */
bool wire_send(int sock, const struct wire_message *m, size_t bytes);

/** Receives an answer; false when the other side has closed. */
bool wire_receive(int sock, struct wire_message *m);

#endif
