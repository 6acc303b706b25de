/* SPDX-License-Identifier: MIT */
#include "vhost.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t requests[CLIENT_REQUESTS] = {
    VHOST_USER_GET_FEATURES,    VHOST_USER_SET_FEATURES,          VHOST_USER_SET_OWNER,
    VHOST_USER_RESET_OWNER,     VHOST_USER_SET_MEM_TABLE,         VHOST_USER_SET_VRING_NUM,
    VHOST_USER_SET_VRING_ADDR,  VHOST_USER_SET_VRING_BASE,        VHOST_USER_GET_VRING_BASE,
    VHOST_USER_SET_VRING_KICK,  VHOST_USER_SET_VRING_CALL,        VHOST_USER_SET_VRING_ERR,
    VHOST_USER_SET_VRING_ENABLE, VHOST_USER_GET_PROTOCOL_FEATURES, VHOST_USER_SET_PROTOCOL_FEATURES,
    VHOST_USER_GET_QUEUE_NUM,   VHOST_USER_GET_CONFIG,            VHOST_USER_SET_CONFIG,
    VHOST_USER_GET_INFLIGHT_FD, VHOST_USER_SET_INFLIGHT_FD,       0, 6, 40, 255};

uint32_t client_request(unsigned number)
{
    return requests[number % CLIENT_REQUESTS];
}

unsigned client_fds(uint32_t request)
{
    return request == VHOST_USER_SET_MEM_TABLE || request == VHOST_USER_SET_INFLIGHT_FD ||
                   (request >= VHOST_USER_SET_VRING_KICK && request <= VHOST_USER_SET_VRING_ERR)
               ? 1u
               : 0u;
}

static uint32_t table(union vhost_user_payload *p)
{
    p->memory.count = 1;
    p->memory.region[0].guest_addr = CLIENT_GUEST;
    p->memory.region[0].bytes = CLIENT_MEMORY;
    p->memory.region[0].user_addr = CLIENT_USER;
    return 8u + sizeof p->memory.region[0];
}

uint32_t client_honest(const struct client *c, uint32_t request, uint32_t queue, union vhost_user_payload *p)
{
    memset(p, 0, sizeof *p);
    switch (request) {
    case VHOST_USER_SET_FEATURES:
        p->number = c->features;
        return 8;
    case VHOST_USER_SET_PROTOCOL_FEATURES:
        p->number = VHOST_USER_PROTOCOL_F_MQ | VHOST_USER_PROTOCOL_F_REPLY_ACK | VHOST_USER_PROTOCOL_F_CONFIG |
                    VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD;
        return 8;
    case VHOST_USER_SET_VRING_KICK:
    case VHOST_USER_SET_VRING_CALL:
    case VHOST_USER_SET_VRING_ERR:
        p->number = queue;
        return 8;
    case VHOST_USER_SET_MEM_TABLE:
        return table(p);
    case VHOST_USER_SET_VRING_ADDR:
        p->addr.index = queue;
        p->addr.desc = CLIENT_USER + CLIENT_DESC(queue);
        p->addr.avail = CLIENT_USER + CLIENT_AVAIL(queue);
        p->addr.used = CLIENT_USER + CLIENT_USED(queue);
        return sizeof p->addr;
    case VHOST_USER_SET_VRING_NUM:
    case VHOST_USER_SET_VRING_BASE:
    case VHOST_USER_GET_VRING_BASE:
    case VHOST_USER_SET_VRING_ENABLE:
        p->state.index = queue;
        p->state.num = request == VHOST_USER_SET_VRING_NUM                                                      ? CLIENT_SIZE
                       : request == VHOST_USER_SET_VRING_BASE && (c->features & VQG_F_RING_PACKED) != 0u ? 0x80008000u
                       : request == VHOST_USER_SET_VRING_ENABLE                                                 ? 1u
                                                                                                                : 0u;
        return sizeof p->state;
    case VHOST_USER_GET_CONFIG:
    case VHOST_USER_SET_CONFIG:
        p->config.size = BLK_CONFIG_BYTES;
        return VHOST_USER_CONFIG_HEADER + BLK_CONFIG_BYTES;
    case VHOST_USER_GET_INFLIGHT_FD:
        p->inflight.num_queues = CLIENT_QUEUES;
        p->inflight.queue_size = CLIENT_SIZE;
        return sizeof p->inflight;
    case VHOST_USER_SET_INFLIGHT_FD:
        p->inflight = c->said;
        return sizeof p->inflight;
    default:
        return 0;
    }
}

bool client_open(struct client *c, int *other)
{
    int pair[2];
    memset(c, 0, sizeof *c);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        return false;
    }
    c->sock = pair[0];
    *other = pair[1];
    c->inflight = -1;
    c->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->memory = memfd_create("guest", MFD_CLOEXEC);
    if (c->event < 0 || c->memory < 0 || ftruncate(c->memory, CLIENT_MEMORY) != 0) {
        return false;
    }
    c->map = mmap(NULL, CLIENT_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, c->memory, 0);
    return c->map != MAP_FAILED;
}

void client_close(struct client *c)
{
    (void)munmap(c->map, CLIENT_MEMORY);
    (void)close(c->memory);
    (void)close(c->event);
    (void)close(c->sock);
    if (c->inflight >= 0) {
        (void)close(c->inflight);
    }
}

bool client_send(const struct client *c, const struct vhost_user_header *header, const void *payload, size_t bytes,
                 unsigned fds)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * 16u)];
        struct cmsghdr align;
    } control;
    unsigned char whole[sizeof *header + 1024u];
    struct iovec iov = {whole, sizeof *header + bytes};
    struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
    const int fd = header->request == VHOST_USER_SET_MEM_TABLE     ? c->memory
                   : header->request == VHOST_USER_SET_INFLIGHT_FD ? (c->inflight >= 0 ? c->inflight : c->memory)
                                                                   : c->event;
    unsigned i;
    memcpy(whole, header, sizeof *header);
    memcpy(whole + sizeof *header, payload, bytes);
    if (fds != 0u) {
        struct cmsghdr *m;
        memset(&control, 0, sizeof control);
        h.msg_control = &control;
        h.msg_controllen = CMSG_SPACE(sizeof fd * fds);
        m = CMSG_FIRSTHDR(&h);
        m->cmsg_level = SOL_SOCKET;
        m->cmsg_type = SCM_RIGHTS;
        m->cmsg_len = CMSG_LEN(sizeof fd * fds);
        for (i = 0; i < fds; i++) {
            memcpy(CMSG_DATA(m) + sizeof fd * i, &fd, sizeof fd);
        }
    }
    return sendmsg(c->sock, &h, MSG_NOSIGNAL) == (ssize_t)iov.iov_len;
}

void client_receive(struct client *c)
{
    for (;;) {
        struct message answer;
        union {
            char bytes[CMSG_SPACE(sizeof(int))];
            struct cmsghdr align;
        } control;
        struct iovec iov[2] = {{&answer.header, sizeof answer.header}, {&answer.payload, sizeof answer.payload}};
        struct msghdr h = {.msg_iov = iov, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof control};
        const ssize_t n = recvmsg(c->sock, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        const struct cmsghdr *m = n > 0 ? CMSG_FIRSTHDR(&h) : NULL;
        if (n <= 0) {
            return;
        }
        if (m == NULL || m->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        if (c->inflight >= 0) {
            (void)close(c->inflight);
        }
        memcpy(&c->inflight, CMSG_DATA(m), sizeof c->inflight);
        c->said = answer.payload.inflight;
    }
}

static void desc(struct client *c, uint32_t queue, uint32_t i, uint64_t addr, uint32_t len, uint32_t flags, uint32_t last)
{
    unsigned char *at = c->map + CLIENT_DESC(queue) + 16u * (i % CLIENT_SIZE);
    const uint64_t words[2] = {CLIENT_GUEST + addr, len | (uint64_t)flags << 32 | (uint64_t)last << 48};
    memcpy(at, words, sizeof words);
}

void client_post(struct client *c, uint32_t queue, uint32_t n, uint32_t type, uint64_t sector)
{
    const bool packed = (c->features & VQG_F_RING_PACKED) != 0u;
    const uint64_t data = CLIENT_DATA + 0x400u * (uint64_t)(n % 32u);
    const uint32_t i = 3u * n;
    const uint32_t write = type == VQG_BLK_T_OUT ? 0u : VQG_DESC_F_WRITE;
    const uint16_t idx = (uint16_t)(n + 1u);
    const uint16_t head = (uint16_t)(i % CLIENT_SIZE);
    uint32_t k;
    memcpy(c->map + data, &type, sizeof type);
    memcpy(c->map + data + 8, &sector, sizeof sector);
    for (k = 0; k < 3u; k++) {
        const uint32_t lap = (i + k) / CLIENT_SIZE % 2u != 0u ? VQG_DESC_F_USED : VQG_DESC_F_AVAIL;
        const uint32_t flags = (k == 1u ? write : k == 2u ? VQG_DESC_F_WRITE : 0u) | (k != 2u ? VQG_DESC_F_NEXT : 0u);
        const uint32_t len = k == 0u ? 16u : k == 1u ? 512u : 1u;
        if (packed) {
            desc(c, queue, i + k, data + (k == 0u ? 0u : k == 1u ? 32u : 16u), len, head, flags | lap);
        } else {
            desc(c, queue, i + k, data + (k == 0u ? 0u : k == 1u ? 32u : 16u), len, flags, (i + k + 1u) % CLIENT_SIZE);
        }
    }
    memcpy(c->map + CLIENT_AVAIL(queue) + 4u + 2u * (n % CLIENT_SIZE), &head, sizeof head);
    if (!packed) {
        memcpy(c->map + CLIENT_AVAIL(queue) + 2u, &idx, sizeof idx);
    }
}
