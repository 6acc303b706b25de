/* SPDX-License-Identifier: MIT */
/*
 * The vhost-user protocol, as far as a disk needs it: numbers, layouts, sizes.
 * Fields are in the host's own byte order; a message is a header, a payload, and
 * file descriptors beside it.
 */
#ifndef VHOST_USER_H
#define VHOST_USER_H

#include <stdint.h>

/* Requests of a front end. */
enum vhost_user_request {
    VHOST_USER_GET_FEATURES = 1,
    VHOST_USER_SET_FEATURES = 2,
    VHOST_USER_SET_OWNER = 3,
    VHOST_USER_RESET_OWNER = 4,
    VHOST_USER_SET_MEM_TABLE = 5,
    VHOST_USER_SET_VRING_NUM = 8,
    VHOST_USER_SET_VRING_ADDR = 9,
    VHOST_USER_SET_VRING_BASE = 10,
    VHOST_USER_GET_VRING_BASE = 11,
    VHOST_USER_SET_VRING_KICK = 12,
    VHOST_USER_SET_VRING_CALL = 13,
    VHOST_USER_SET_VRING_ERR = 14,
    VHOST_USER_GET_PROTOCOL_FEATURES = 15,
    VHOST_USER_SET_PROTOCOL_FEATURES = 16,
    VHOST_USER_GET_QUEUE_NUM = 17,
    VHOST_USER_SET_VRING_ENABLE = 18,
    VHOST_USER_GET_CONFIG = 24,
    VHOST_USER_SET_CONFIG = 25,
    VHOST_USER_GET_INFLIGHT_FD = 31,
    VHOST_USER_SET_INFLIGHT_FD = 32,
    VHOST_USER_REQUEST_COUNT = 33
};

#define VHOST_USER_F_PROTOCOL_FEATURES (UINT64_C(1) << 30) /* among the virtio feature bits */

#define VHOST_USER_PROTOCOL_F_MQ (UINT64_C(1) << 0)
#define VHOST_USER_PROTOCOL_F_REPLY_ACK (UINT64_C(1) << 3)
#define VHOST_USER_PROTOCOL_F_CONFIG (UINT64_C(1) << 9)
#define VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD (UINT64_C(1) << 12)

/* Flags of a header. */
#define VHOST_USER_VERSION_MASK 3u
#define VHOST_USER_VERSION 1u
#define VHOST_USER_FLAG_REPLY 4u
#define VHOST_USER_FLAG_NEED_REPLY 8u

/* Payload of SET_VRING_KICK, CALL and ERR. */
#define VHOST_USER_VRING_INDEX 0xffu
#define VHOST_USER_VRING_NO_FD 0x100u

#define VHOST_USER_REGIONS 8u
#define VHOST_USER_FDS 8u
#define VHOST_USER_CONFIG_BYTES 256u
#define VHOST_USER_HEADER_BYTES 12u

struct vhost_user_header {
    uint32_t request;
    uint32_t flags;
    uint32_t size; /* of the payload, in bytes */
};

struct vhost_user_region {
    uint64_t guest_addr; /* where the guest has it */
    uint64_t bytes;
    uint64_t user_addr;  /* where the front end has it; rings are named by that */
    uint64_t offset;     /* in the file */
};

struct vhost_user_memory {
    uint32_t count;
    uint32_t padding;
    struct vhost_user_region region[VHOST_USER_REGIONS];
};

struct vhost_user_vring_state {
    uint32_t index;
    uint32_t num;
};

struct vhost_user_vring_addr {
    uint32_t index;
    uint32_t flags;
    uint64_t desc;
    uint64_t used;
    uint64_t avail;
    uint64_t log;
};

struct vhost_user_config {
    uint32_t offset;
    uint32_t size;
    uint32_t flags;
    unsigned char bytes[VHOST_USER_CONFIG_BYTES];
};

#define VHOST_USER_CONFIG_HEADER 12u

struct vhost_user_inflight {
    uint64_t mmap_size;
    uint64_t mmap_offset;
    uint16_t num_queues;
    uint16_t queue_size;
};

/* What of the structure above is sent: without its padding. */
#define VHOST_USER_INFLIGHT_BYTES 20u

union vhost_user_payload {
    uint64_t number;
    struct vhost_user_memory memory;
    struct vhost_user_vring_state state;
    struct vhost_user_vring_addr addr;
    struct vhost_user_config config;
    struct vhost_user_inflight inflight;
    unsigned char bytes[sizeof(struct vhost_user_config)]; /* the longest */
};

#endif
