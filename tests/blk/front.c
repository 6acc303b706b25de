/* SPDX-License-Identifier: MIT */
#include "front.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROTOCOL                                                                                                       \
    (VHOST_USER_PROTOCOL_F_MQ | VHOST_USER_PROTOCOL_F_REPLY_ACK | VHOST_USER_PROTOCOL_F_CONFIG |                       \
     VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD)

void *front_at(const struct front *f, uint64_t guest)
{
    if (guest - FRONT_RINGS_GUEST < FRONT_RINGS_BYTES) {
        return f->map + (guest - FRONT_RINGS_GUEST);
    }
    assert_true(guest - FRONT_DATA_GUEST < FRONT_DATA_BYTES);
    return f->map + FRONT_RINGS_BYTES + (guest - FRONT_DATA_GUEST);
}

void front_reset_queue(struct front *f, uint32_t queue)
{
    struct vqg_policy policy = vqg_profile_strict();
    const uint64_t at = FRONT_RINGS_GUEST + queue * FRONT_QUEUE_BYTES;
    struct vqg_queue q;
    memset(&q, 0, sizeof q);
    q.index = queue;
    q.count = f->queues;
    q.size = f->size;
    q.features = f->features;
    q.desc = front_at(f, at);
    q.avail = front_at(f, at + FRONT_AVAIL);
    q.used = front_at(f, at + FRONT_USED);
    policy.required_features = f->features & VQG_F_VERSION_1;
    policy.max_elements = FRONT_SEGMENTS;
    assert_int_equal(vqg_driver_init(&f->queue[queue].driver, &q, &policy, f->queue[queue].slots, f->size), VQG_OK);
}

void front_make(struct front *f, uint64_t features, uint32_t queues, uint32_t size)
{
    uint32_t i;
    memset(f, 0, sizeof *f);
    f->sock = -1;
    f->region = -1;
    f->features = features;
    f->queues = queues;
    f->size = size;
    f->memory = memfd_create("guest", MFD_CLOEXEC);
    assert_true(f->memory >= 0);
    assert_int_equal(ftruncate(f->memory, (off_t)FRONT_BYTES), 0);
    f->map = mmap(NULL, FRONT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, f->memory, 0);
    assert_true(f->map != MAP_FAILED);
    for (i = 0; i < queues; i++) {
        f->queue[i].slots = calloc(size, sizeof *f->queue[i].slots);
        assert_non_null(f->queue[i].slots);
        f->queue[i].kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        f->queue[i].call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        assert_true(f->queue[i].kick >= 0 && f->queue[i].call >= 0);
        front_reset_queue(f, i);
    }
}

void front_remove(struct front *f)
{
    uint32_t i;
    for (i = 0; i < f->queues; i++) {
        free(f->queue[i].slots);
        (void)close(f->queue[i].kick);
        (void)close(f->queue[i].call);
    }
    front_hang_up(f);
    if (f->region >= 0) {
        (void)close(f->region);
    }
    (void)munmap(f->map, FRONT_BYTES);
    (void)close(f->memory);
}

void front_tell(struct front *f, const struct wire_message *m)
{
    if (f->tape != NULL) {
        assert_true(f->taped < f->tape_size);
        f->tape[f->taped++] = *m;
    }
    assert_true(wire_send(f->sock, m, wire_bytes(m)));
}

void front_tell_number(struct front *f, uint32_t request, uint64_t number)
{
    struct wire_message m = wire_make(request, sizeof number);
    m.payload.number = number;
    front_tell(f, &m);
}

void front_tell_state(struct front *f, uint32_t request, uint32_t queue, uint32_t number)
{
    struct wire_message m = wire_make(request, sizeof m.payload.state);
    m.payload.state.index = queue;
    m.payload.state.num = number;
    front_tell(f, &m);
}

void front_ask(struct front *f, const struct wire_message *m, struct wire_message *answer)
{
    front_tell(f, m);
    assert_true(wire_receive(f->sock, answer));
    assert_int_equal(answer->header.request, m->header.request);
}

uint64_t front_ask_number(struct front *f, uint32_t request)
{
    const struct wire_message m = wire_make(request, 0);
    struct wire_message answer;
    front_ask(f, &m, &answer);
    assert_int_equal(answer.header.size, sizeof answer.payload.number);
    return answer.payload.number;
}

/* An order that is answered with how it went. */
static void front_order(struct front *f, struct wire_message *m)
{
    struct wire_message answer;
    m->header.flags |= VHOST_USER_FLAG_NEED_REPLY;
    front_ask(f, m, &answer);
    assert_int_equal(answer.payload.number, 0);
}

static void keep_in_flight(struct front *f)
{
    struct wire_message m = wire_make(VHOST_USER_GET_INFLIGHT_FD, VHOST_USER_INFLIGHT_BYTES);
    struct wire_message answer;
    if (f->region < 0) {
        m.payload.inflight.num_queues = (uint16_t)f->queues;
        m.payload.inflight.queue_size = (uint16_t)(f->named == 0u ? f->size : f->named);
        front_ask(f, &m, &answer);
        assert_int_equal(answer.fd_count, 1);
        f->region = answer.fds[0];
        f->said = answer.payload.inflight;
    }
    m.header.request = VHOST_USER_SET_INFLIGHT_FD;
    m.payload.inflight = f->said;
    m.fds[0] = f->region;
    m.fd_count = 1;
    front_order(f, &m);
}

void front_connect(struct front *f, const struct backend *b, bool keep)
{
    const struct wire_message owner = wire_make(VHOST_USER_SET_OWNER, 0);
    struct wire_message config = wire_make(VHOST_USER_GET_CONFIG, VHOST_USER_CONFIG_HEADER + 60u);
    struct wire_message answer;
    uint64_t offered;
    uint64_t protocol;
    f->sock = wire_connect(b);
    offered = front_ask_number(f, VHOST_USER_GET_FEATURES);
    assert_int_equal(offered & (f->features | VHOST_USER_F_PROTOCOL_FEATURES),
                     f->features | VHOST_USER_F_PROTOCOL_FEATURES);
    protocol = front_ask_number(f, VHOST_USER_GET_PROTOCOL_FEATURES) & PROTOCOL;
    assert_true(f->stranger || protocol == PROTOCOL);
    front_tell_number(f, VHOST_USER_SET_PROTOCOL_FEATURES, protocol);
    assert_true(front_ask_number(f, VHOST_USER_GET_QUEUE_NUM) >= f->queues);
    front_tell(f, &owner);
    config.payload.config.size = 60;
    front_ask(f, &config, &answer);
    offered = answer.payload.config.bytes[0] | (uint64_t)answer.payload.config.bytes[1] << 8;
    assert_true(f->stranger || offered == BACKEND_SECTORS);
    if (keep) {
        keep_in_flight(f);
    }
    front_tell_number(f, VHOST_USER_SET_FEATURES, f->features | VHOST_USER_F_PROTOCOL_FEATURES);
}

void front_hang_up(struct front *f)
{
    if (f->sock >= 0) {
        (void)close(f->sock);
    }
    f->sock = -1;
}

struct wire_message front_memory(const struct front *f)
{
    struct wire_message m = wire_make(VHOST_USER_SET_MEM_TABLE, 8u + 2u * sizeof(struct vhost_user_region));
    const struct vhost_user_region region[2] = {
        {FRONT_DATA_GUEST, FRONT_DATA_BYTES, FRONT_DATA_USER, FRONT_RINGS_BYTES},
        {FRONT_RINGS_GUEST, FRONT_RINGS_BYTES, FRONT_RINGS_USER, 0},
    };
    m.payload.memory.count = 2;
    memcpy(m.payload.memory.region, region, sizeof region);
    m.fds[0] = f->memory;
    m.fds[1] = f->memory;
    m.fd_count = 2;
    return m;
}

void front_share(struct front *f)
{
    struct wire_message m = front_memory(f);
    front_order(f, &m);
}

struct wire_message front_rings(uint32_t queue)
{
    struct wire_message m = wire_make(VHOST_USER_SET_VRING_ADDR, sizeof m.payload.addr);
    m.payload.addr.index = queue;
    m.payload.addr.desc = FRONT_RINGS_USER + queue * FRONT_QUEUE_BYTES;
    m.payload.addr.avail = m.payload.addr.desc + FRONT_AVAIL;
    m.payload.addr.used = m.payload.addr.desc + FRONT_USED;
    return m;
}

static void tell_event(struct front *f, uint32_t request, uint32_t queue, int fd)
{
    struct wire_message m = wire_make(request, sizeof m.payload.number);
    m.payload.number = queue;
    m.fds[0] = fd;
    m.fd_count = 1;
    front_tell(f, &m);
}

void front_configure(struct front *f, uint32_t queue, uint32_t base)
{
    const struct wire_message rings = front_rings(queue);
    front_tell_state(f, VHOST_USER_SET_VRING_NUM, queue, f->size);
    front_tell_state(f, VHOST_USER_SET_VRING_BASE, queue, base);
    front_tell(f, &rings);
    tell_event(f, VHOST_USER_SET_VRING_KICK, queue, f->queue[queue].kick);
    tell_event(f, VHOST_USER_SET_VRING_CALL, queue, f->queue[queue].call);
}

void front_start(struct front *f, uint32_t queue, uint32_t base)
{
    front_configure(f, queue, base);
    front_tell_state(f, VHOST_USER_SET_VRING_ENABLE, queue, 1);
}

uint32_t front_stop(struct front *f, uint32_t queue)
{
    struct wire_message m = wire_make(VHOST_USER_GET_VRING_BASE, sizeof m.payload.state);
    struct wire_message answer;
    m.payload.state.index = queue;
    front_ask(f, &m, &answer);
    assert_int_equal(answer.payload.state.index, queue);
    return answer.payload.state.num;
}

void front_open(struct front *f, const struct backend *b, bool keep)
{
    uint32_t i;
    front_connect(f, b, keep);
    front_share(f);
    for (i = 0; i < f->queues; i++) {
        /* Packed: offset 0 with a wrap counter of 1, for both sides (2.8.1). */
        front_start(f, i, (f->features & FRONT_PACKED) != 0u ? 0x80008000u : 0u);
    }
}
