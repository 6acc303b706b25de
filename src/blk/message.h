/* SPDX-License-Identifier: MIT */
/*
 * Messages of a client that is not trusted: received piece by piece without ever
 * waiting for one, checked against what the protocol says of their kind, whole or not at all.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "vhost_user.h"

#include <stdbool.h>
#include <stddef.h>

/* A message; its descriptors are its owner's until they are taken. */
struct message {
    struct vhost_user_header header;
    union vhost_user_payload payload;
    int fds[VHOST_USER_FDS]; /* -1: taken, or never there */
    unsigned fd_count;
    size_t have; /* bytes received, of header and payload */
};

enum message_receive {
    MESSAGE_MORE,  /* not whole yet */
    MESSAGE_WHOLE, /* keeps to the protocol */
    MESSAGE_GONE,  /* the client has closed */
    MESSAGE_BAD    /* what the client sent is none */
};

void message_init(struct message *m);

/* Closes what was not taken, and makes it empty. */
void message_clear(struct message *m);

/* Receives what is there. With MESSAGE_BAD, *why is the reason. */
enum message_receive message_receive(struct message *m, int sock, const char **why);

/* Why a message of that header cannot be one, or null; then how many bytes of payload it has is known to fit. */
const char *message_check_header(const struct vhost_user_header *header);

/* Why a whole message does not keep to the protocol, or null. */
const char *message_check(const struct message *m);

/* The only descriptor, now the caller's; -1 when there is none. */
int message_take_fd(struct message *m);

/* It is an eventfd. */
bool message_is_event(int fd);

/* Answers with `bytes` bytes of payload and maybe a descriptor. False when the client does not take it. */
bool message_reply(int sock, const struct message *m, const void *payload, uint32_t bytes, int fd);

#endif
