/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct vhost_user_header) == VHOST_USER_HEADER_BYTES, "no padding");
_Static_assert(sizeof(struct vhost_user_memory) == 8 + 32 * VHOST_USER_REGIONS, "no padding");
_Static_assert(sizeof(struct vhost_user_memory) <= sizeof(struct vhost_user_config), "the longest is the longest");

/* What the protocol says of a kind of message. */
struct kind {
    bool known;
    bool regions;      /* its length, and its descriptors, go by a count of regions */
    uint16_t least;    /* bytes of payload */
    uint16_t most;
    uint8_t most_fds;
};

#define SIZED(bytes) {.known = true, .least = (bytes), .most = (bytes)}
#define NUMBER SIZED(8)
#define WITH_FD(bytes) {.known = true, .least = (bytes), .most = (bytes), .most_fds = 1}

static const struct kind kinds[VHOST_USER_REQUEST_COUNT] = {
    [VHOST_USER_GET_FEATURES] = SIZED(0),
    [VHOST_USER_SET_FEATURES] = NUMBER,
    [VHOST_USER_SET_OWNER] = SIZED(0),
    [VHOST_USER_RESET_OWNER] = SIZED(0),
    [VHOST_USER_SET_MEM_TABLE] = {.known = true, .regions = true, .least = 8,
                                  .most = sizeof(struct vhost_user_memory), .most_fds = VHOST_USER_REGIONS},
    [VHOST_USER_SET_VRING_NUM] = SIZED(sizeof(struct vhost_user_vring_state)),
    [VHOST_USER_SET_VRING_ADDR] = SIZED(sizeof(struct vhost_user_vring_addr)),
    [VHOST_USER_SET_VRING_BASE] = SIZED(sizeof(struct vhost_user_vring_state)),
    [VHOST_USER_GET_VRING_BASE] = SIZED(sizeof(struct vhost_user_vring_state)),
    [VHOST_USER_SET_VRING_KICK] = WITH_FD(8),
    [VHOST_USER_SET_VRING_CALL] = WITH_FD(8),
    [VHOST_USER_SET_VRING_ERR] = WITH_FD(8),
    [VHOST_USER_GET_PROTOCOL_FEATURES] = SIZED(0),
    [VHOST_USER_SET_PROTOCOL_FEATURES] = NUMBER,
    [VHOST_USER_GET_QUEUE_NUM] = SIZED(0),
    [VHOST_USER_SET_VRING_ENABLE] = SIZED(sizeof(struct vhost_user_vring_state)),
    [VHOST_USER_GET_CONFIG] = {.known = true, .least = VHOST_USER_CONFIG_HEADER,
                               .most = sizeof(struct vhost_user_config)},
    [VHOST_USER_SET_CONFIG] = {.known = true, .least = VHOST_USER_CONFIG_HEADER,
                               .most = sizeof(struct vhost_user_config)},
    [VHOST_USER_GET_INFLIGHT_FD] = {.known = true, .least = VHOST_USER_INFLIGHT_BYTES,
                                    .most = sizeof(struct vhost_user_inflight)},
    [VHOST_USER_SET_INFLIGHT_FD] = {.known = true, .least = VHOST_USER_INFLIGHT_BYTES,
                                    .most = sizeof(struct vhost_user_inflight), .most_fds = 1},
};

void message_init(struct message *m)
{
    unsigned i;
    memset(m, 0, sizeof *m);
    for (i = 0; i < VHOST_USER_FDS; i++) {
        m->fds[i] = -1;
    }
}

void message_clear(struct message *m)
{
    unsigned i;
    for (i = 0; i < m->fd_count; i++) {
        if (m->fds[i] >= 0) {
            (void)close(m->fds[i]);
        }
    }
    message_init(m);
}

int message_take_fd(struct message *m)
{
    int fd = m->fd_count == 0u ? -1 : m->fds[0];
    m->fds[0] = -1;
    return fd;
}

const char *message_check_header(const struct vhost_user_header *header)
{
    if ((header->flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION) {
        return "a message of another version of the protocol";
    }
    if ((header->flags & VHOST_USER_FLAG_REPLY) != 0u) {
        return "an answer to no question";
    }
    if (header->request >= VHOST_USER_REQUEST_COUNT || !kinds[header->request].known) {
        return "a message of no known kind";
    }
    if (header->size < kinds[header->request].least || header->size > kinds[header->request].most) {
        return "a message of the wrong size";
    }
    return NULL;
}

const char *message_check(const struct message *m)
{
    const struct kind *kind = &kinds[m->header.request];
    if (m->fd_count > kind->most_fds) {
        return "more file descriptors than the message takes";
    }
    if (!kind->regions) {
        return NULL;
    }
    if (m->payload.memory.count > VHOST_USER_REGIONS ||
        m->header.size != 8u + m->payload.memory.count * sizeof(struct vhost_user_region)) {
        return "a table of memory whose count and size differ";
    }
    return m->fd_count == m->payload.memory.count ? NULL : "a region of memory without its file descriptor";
}

bool message_is_event(int fd)
{
    static const char event[] = "anon_inode:[eventfd]";
    char path[32];
    char name[sizeof event];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return readlink(path, name, sizeof name) == (ssize_t)sizeof event - 1 && memcmp(name, event, sizeof event - 1u) == 0;
}

/* A socket, or what may hold one, can be the client's own end: with that kept here, nobody would see the client leave. */
static bool is_harmless(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || message_is_event(fd));
}

/* Keeps the descriptors that came with a piece. Why not, or null. */
static const char *keep_fds(struct message *m, struct msghdr *h)
{
    static const char many[] = "more file descriptors than a message may have";
    const char *why = (h->msg_flags & MSG_CTRUNC) == 0 ? NULL : many;
    struct cmsghdr *c;
    for (c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
        size_t count;
        size_t i;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (m->fd_count == VHOST_USER_FDS) {
                (void)close(fd);
                why = many;
                continue;
            }
            m->fds[m->fd_count++] = fd;
            if (why == NULL && !is_harmless(fd)) {
                why = "a file descriptor that is neither memory nor an event";
            }
        }
    }
    return why;
}

/* Receives up to `bytes` bytes to `to`. */
static enum message_receive receive_piece(struct message *m, int sock, void *to, size_t bytes, const char **why)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * VHOST_USER_FDS)];
        struct cmsghdr align;
    } control;
    struct iovec iov = {to, bytes};
    struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n;
    do {
        n = recvmsg(sock, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? MESSAGE_MORE : MESSAGE_GONE;
    }
    *why = keep_fds(m, &h);
    if (*why != NULL) {
        return MESSAGE_BAD;
    }
    if (n == 0) {
        return MESSAGE_GONE;
    }
    m->have += (size_t)n;
    return MESSAGE_WHOLE;
}

enum message_receive message_receive(struct message *m, int sock, const char **why)
{
    for (;;) {
        const bool in_header = m->have < sizeof m->header;
        unsigned char *to = in_header ? (unsigned char *)&m->header : m->payload.bytes;
        const size_t at = in_header ? m->have : m->have - sizeof m->header;
        const size_t whole = in_header ? sizeof m->header : m->header.size;
        if (at < whole) {
            enum message_receive got = receive_piece(m, sock, to + at, whole - at, why);
            if (got != MESSAGE_WHOLE) {
                return got;
            }
        }
        if (m->have == sizeof m->header && in_header) {
            *why = message_check_header(&m->header);
            if (*why != NULL) {
                return MESSAGE_BAD;
            }
        }
        if (m->have >= sizeof m->header && m->have == sizeof m->header + m->header.size) {
            *why = message_check(m);
            return *why == NULL ? MESSAGE_WHOLE : MESSAGE_BAD;
        }
    }
}

bool message_reply(int sock, const struct message *m, const void *payload, uint32_t bytes, int fd)
{
    struct vhost_user_header header = {m->header.request, VHOST_USER_VERSION | VHOST_USER_FLAG_REPLY, bytes};
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    unsigned char whole[sizeof header + sizeof(union vhost_user_payload)];
    struct iovec iov = {whole, sizeof header + bytes};
    struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;
    memcpy(whole, &header, sizeof header);
    memcpy(whole + sizeof header, payload, bytes);
    if (fd >= 0) {
        struct cmsghdr *c;
        memset(&control, 0, sizeof control);
        h.msg_control = &control;
        h.msg_controllen = CMSG_LEN(sizeof fd);
        c = CMSG_FIRSTHDR(&h);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    do {
        n = sendmsg(sock, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    /* An answer is far smaller than a socket's buffer: one that does not fit goes to a client that does not read. */
    return n == (ssize_t)iov.iov_len;
}
