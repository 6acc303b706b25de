/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int wire_connect(const struct backend *b)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(sock >= 0);
    memcpy(addr.sun_path, b->socket, strlen(b->socket) + 1u);
    assert_int_equal(connect(sock, (struct sockaddr *)&addr, sizeof addr), 0);
    return sock;
}

struct wire_message wire_make(uint32_t request, uint32_t bytes)
{
    struct wire_message m;
    memset(&m, 0, sizeof m);
    m.header.request = request;
    m.header.flags = VHOST_USER_VERSION;
    m.header.size = bytes;
    return m;
}

size_t wire_bytes(const struct wire_message *m)
{
    return sizeof m->header + m->header.size;
}

bool wire_send(int sock, const struct wire_message *m, size_t bytes)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * WIRE_FDS)];
        struct cmsghdr align;
    } control;
    unsigned char whole[sizeof m->header + sizeof m->payload];
    struct iovec iov = {whole, bytes};
    struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
    assert_true(bytes <= sizeof whole);
    memcpy(whole, &m->header, sizeof m->header);
    memcpy(whole + sizeof m->header, &m->payload, sizeof m->payload);
    if (m->fd_count != 0u) {
        struct cmsghdr *c;
        memset(&control, 0, sizeof control);
        h.msg_control = &control;
        h.msg_controllen = CMSG_SPACE(sizeof(int) * m->fd_count);
        c = CMSG_FIRSTHDR(&h);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * m->fd_count);
        memcpy(CMSG_DATA(c), m->fds, sizeof(int) * m->fd_count);
    }
    return bytes == 0u || sendmsg(sock, &h, MSG_NOSIGNAL) == (ssize_t)bytes;
}

static bool receive_bytes(int sock, void *to, size_t bytes, struct wire_message *m)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * WIRE_FDS)];
        struct cmsghdr align;
    } control;
    size_t have = 0;
    while (have < bytes) {
        struct iovec iov = {(unsigned char *)to + have, bytes - have};
        struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        struct pollfd p = {.fd = sock, .events = POLLIN};
        struct cmsghdr *c;
        ssize_t n;
        assert_int_equal(poll(&p, 1, BACKEND_PATIENCE), 1);
        n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
        if (n <= 0) {
            return false;
        }
        have += (size_t)n;
        c = CMSG_FIRSTHDR(&h);
        if (c != NULL) {
            m->fd_count = 1;
            memcpy(m->fds, CMSG_DATA(c), sizeof m->fds[0]);
        }
    }
    return true;
}

bool wire_receive(int sock, struct wire_message *m)
{
    memset(m, 0, sizeof *m);
    if (!receive_bytes(sock, &m->header, sizeof m->header, m)) {
        return false;
    }
    assert_int_equal(m->header.flags, VHOST_USER_VERSION | VHOST_USER_FLAG_REPLY);
    assert_true(m->header.size <= sizeof m->payload);
    return receive_bytes(sock, &m->payload, m->header.size, m);
}
