/* SPDX-License-Identifier: MIT */
#include "session.h"

#include "hostile.h"
#include "report.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PROTOCOL_FEATURES                                                                                              \
    (VHOST_USER_PROTOCOL_F_MQ | VHOST_USER_PROTOCOL_F_REPLY_ACK | VHOST_USER_PROTOCOL_F_CONFIG |                       \
     VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD)

void session_init(struct session *s, struct loop *loop, struct engine *engine, const struct disk *disk,
                  uint32_t queues, const struct vqg_caps *sectors, const char *serial)
{
    uint32_t i;
    memset(s, 0, sizeof *s);
    s->world.loop = loop;
    s->world.engine = engine;
    s->world.disk = disk;
    s->world.sectors = *sectors;
    s->world.vring = s->vring;
    s->world.vrings = queues;
    memcpy(s->world.serial, serial, strnlen(serial, VRING_SERIAL_BYTES));
    s->offered = blk_features(disk) | VHOST_USER_F_PROTOCOL_FEATURES;
    s->sock = -1;
    blk_config(s->config, disk, queues);
    message_init(&s->message);
    for (i = 0; i < queues; i++) {
        vring_init(&s->vring[i], &s->world, i);
    }
}

void session_begin(struct session *s, int sock)
{
    s->sock = sock;
    s->world.features = 0;
    s->world.stuck = false;
    s->protocol = 0;
}

void session_end(struct session *s)
{
    uint32_t i;
    for (i = 0; i < s->world.vrings; i++) {
        vring_forget(&s->vring[i]);
    }
    memory_unmap(&s->world.memory);
    inflight_unmap(&s->world.inflight);
    message_clear(&s->message);
    if (s->sock >= 0) {
        (void)close(s->sock);
    }
    s->sock = -1;
}

static bool needs_enable(const struct session *s)
{
    return (s->world.features & VHOST_USER_F_PROTOCOL_FEATURES) != 0u;
}

/* The queue that a message names, or null. */
static struct vring *queue_of(struct session *s, uint64_t index)
{
    return index < s->world.vrings ? &s->vring[index] : NULL;
}

static const char *answer(const struct session *s, const struct message *m, const void *payload, uint32_t bytes)
{
    return message_reply(s->sock, m, payload, bytes, -1) ? NULL : "it does not take its answers";
}

static const char *answer_number(const struct session *s, const struct message *m, uint64_t number)
{
    return answer(s, m, &number, sizeof number);
}

static const char *set_features(struct session *s, const struct message *m)
{
    uint32_t i;
    if ((m->payload.number & ~s->offered) != 0u) {
        return "features that were not offered (rule T4)";
    }
    for (i = 0; i < s->world.vrings; i++) {
        if (s->vring[i].live && m->payload.number != s->world.features) {
            return "other features while a queue runs (rule Q8)";
        }
    }
    s->world.features = m->payload.number;
    return NULL;
}

/* The queues stop while the memory under them changes, and go on where they were. */
static const char *set_memory(struct session *s, struct message *m)
{
    const char *why;
    uint32_t i;
    for (i = 0; i < s->world.vrings; i++) {
        vring_stop(&s->vring[i]);
    }
    memory_unmap(&s->world.memory);
    why = memory_map(&s->world.memory, m);
    for (i = 0; why == NULL && i < s->world.vrings; i++) {
        vring_try_start(&s->vring[i], needs_enable(s));
    }
    return why;
}

static const char *set_vring(struct session *s, const struct message *m)
{
    /* Both structures begin with the index. */
    struct vring *v = queue_of(s, m->payload.state.index);
    if (v == NULL) {
        return "a queue that does not exist (rule Q9)";
    }
    if (m->header.request == VHOST_USER_SET_VRING_ENABLE) {
        v->enabled = m->payload.state.num != 0u;
        if (!v->enabled) {
            vring_stop(v);
        }
        vring_try_start(v, needs_enable(s));
        return NULL;
    }
    if (v->live) {
        return "a queue that runs is configured (rule Q8)";
    }
    if (m->header.request == VHOST_USER_SET_VRING_NUM) {
        if (m->payload.state.num == 0u || m->payload.state.num > VQG_QUEUE_SIZE_MAX) {
            return "a queue of no possible size (rule Q1)";
        }
        v->num = m->payload.state.num;
    } else if (m->header.request == VHOST_USER_SET_VRING_BASE) {
        v->base = m->payload.state.num;
    } else {
        v->addr = m->payload.addr;
        v->has_addr = true;
    }
    vring_try_start(v, needs_enable(s));
    return NULL;
}

static const char *get_vring_base(struct session *s, const struct message *m)
{
    struct vhost_user_vring_state state = m->payload.state;
    struct vring *v = queue_of(s, state.index);
    if (v == NULL) {
        return "a queue that does not exist (rule Q9)";
    }
    vring_stop(v);
    if (v->kick.fd >= 0) {
        loop_remove(s->world.loop, &v->kick);
        (void)close(v->kick.fd);
        v->kick.fd = -1;
    }
    state.num = v->base;
    return answer(s, m, &state, sizeof state);
}

static void replace(int *fd, int by)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = by;
}

static const char *set_vring_fd(struct session *s, struct message *m)
{
    struct vring *v = queue_of(s, m->payload.number & VHOST_USER_VRING_INDEX);
    const bool none = (m->payload.number & VHOST_USER_VRING_NO_FD) != 0u;
    int fd;
    if (v == NULL || (m->payload.number & ~(uint64_t)(VHOST_USER_VRING_INDEX | VHOST_USER_VRING_NO_FD)) != 0u) {
        return "a queue that does not exist (rule Q9)";
    }
    if (none != (m->fd_count == 0u)) {
        return "an event without its file descriptor";
    }
    if (!none && !message_is_event(m->fds[0])) {
        return "an event that is no eventfd";
    }
    fd = message_take_fd(m);
    /* A client can take that back: see tell_event(). */
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    if (m->header.request == VHOST_USER_SET_VRING_CALL) {
        replace(&v->call, fd);
        if (v->live) {
            vring_interrupt(v); /* what was returned before it was known */
        }
        return NULL;
    }
    if (m->header.request == VHOST_USER_SET_VRING_ERR) {
        replace(&v->err, fd);
        return NULL;
    }
    if (none) {
        return "a queue to be polled without kicks";
    }
    if (v->kick.fd >= 0) {
        loop_remove(s->world.loop, &v->kick);
    }
    replace(&v->kick.fd, fd);
    /* Never read: each kick is an edge, and there is no read that could wait. */
    if (!loop_add(s->world.loop, &v->kick, true)) {
        return "a kick that cannot be waited for";
    }
    v->pending = v->live;
    vring_try_start(v, needs_enable(s));
    return NULL;
}

static const char *get_config(struct session *s, const struct message *m)
{
    struct vhost_user_config config = m->payload.config;
    unsigned char whole[VHOST_USER_CONFIG_BYTES] = {0};
    memcpy(whole, s->config, sizeof s->config);
    if (config.size > VHOST_USER_CONFIG_BYTES || config.offset > VHOST_USER_CONFIG_BYTES - config.size) {
        config.size = 0; /* which says no */
    }
    hostile_config_seen();
    memcpy(config.bytes, whole + (config.size != 0u ? config.offset : 0u), config.size);
    return answer(s, m, &config, VHOST_USER_CONFIG_HEADER + config.size);
}

static const char *get_inflight(const struct session *s, const struct message *m)
{
    struct vhost_user_inflight said = m->payload.inflight;
    int fd;
    bool taken;
    if (said.num_queues == 0u || said.num_queues > s->world.vrings || said.queue_size == 0u ||
        said.queue_size > VQG_QUEUE_SIZE_MAX) {
        return "a region of what is in flight for no possible queues";
    }
    fd = inflight_create(&said);
    if (fd < 0) {
        return "no memory for what is in flight";
    }
    /* Some send the structure with its padding, and want it back with it. */
    taken = message_reply(s->sock, m, &said, m->header.size, fd);
    (void)close(fd);
    return taken ? NULL : "it does not take its answers";
}

static const char *set_inflight(struct session *s, struct message *m)
{
    uint32_t i;
    if (m->fd_count == 0u) {
        return "a region of what is in flight without its file descriptor";
    }
    for (i = 0; i < s->world.vrings; i++) {
        if (s->vring[i].live) {
            return "another region of what is in flight while a queue runs";
        }
    }
    return inflight_map(&s->world.inflight, &m->payload.inflight, m->fds[0]);
}

/* What has an answer of its own; false when the message has none. */
static bool handle_question(struct session *s, const struct message *m, const char **why)
{
    switch (m->header.request) {
    case VHOST_USER_GET_FEATURES:
        *why = answer_number(s, m, s->offered);
        return true;
    case VHOST_USER_GET_PROTOCOL_FEATURES:
        *why = answer_number(s, m, PROTOCOL_FEATURES);
        return true;
    case VHOST_USER_GET_QUEUE_NUM:
        *why = answer_number(s, m, s->world.vrings);
        return true;
    case VHOST_USER_GET_VRING_BASE:
        *why = get_vring_base(s, m);
        return true;
    case VHOST_USER_GET_CONFIG:
        *why = get_config(s, m);
        return true;
    case VHOST_USER_GET_INFLIGHT_FD:
        *why = get_inflight(s, m);
        return true;
    default:
        return false;
    }
}

static const char *handle_order(struct session *s, struct message *m)
{
    switch (m->header.request) {
    case VHOST_USER_SET_FEATURES:
        return set_features(s, m);
    case VHOST_USER_SET_PROTOCOL_FEATURES:
        s->protocol = m->payload.number;
        return (s->protocol & ~(uint64_t)PROTOCOL_FEATURES) == 0u ? NULL : "protocol features that were not offered";
    case VHOST_USER_SET_MEM_TABLE:
        return set_memory(s, m);
    case VHOST_USER_SET_VRING_NUM:
    case VHOST_USER_SET_VRING_ADDR:
    case VHOST_USER_SET_VRING_BASE:
    case VHOST_USER_SET_VRING_ENABLE:
        return set_vring(s, m);
    case VHOST_USER_SET_VRING_KICK:
    case VHOST_USER_SET_VRING_CALL:
    case VHOST_USER_SET_VRING_ERR:
        return set_vring_fd(s, m);
    case VHOST_USER_SET_INFLIGHT_FD:
        return set_inflight(s, m);
    default:
        return NULL; /* SET_OWNER, RESET_OWNER: nobody has to know; SET_CONFIG: see below */
    }
}

const char *session_handle(struct session *s, struct message *m)
{
    const char *why = NULL;
    if (handle_question(s, m, &why)) {
        return why;
    }
    why = handle_order(s, m);
    if (why == NULL && (m->header.flags & VHOST_USER_FLAG_NEED_REPLY) != 0u &&
        (s->protocol & VHOST_USER_PROTOCOL_F_REPLY_ACK) != 0u) {
        /* Nothing of the configuration can be written. */
        why = answer_number(s, m, m->header.request == VHOST_USER_SET_CONFIG ? 1u : 0u);
    }
    return why;
}

const char *session_receive(struct session *s)
{
    const char *why = NULL;
    switch (message_receive(&s->message, s->sock, &why)) {
    case MESSAGE_MORE:
        return NULL;
    case MESSAGE_WHOLE:
        why = session_handle(s, &s->message);
        message_clear(&s->message);
        return why;
    case MESSAGE_GONE:
        return s->message.have == 0u ? "" : "it closed within a message";
    case MESSAGE_BAD:
    default:
        return why;
    }
}

bool session_work(struct session *s)
{
    struct disk_io *io;
    bool more = false;
    uint32_t i;
    hostile_tick(&s->world);
    for (i = 0; i < s->world.vrings; i++) {
        if (s->vring[i].pending && !hostile_holds(&s->vring[i])) {
            vring_work(&s->vring[i]);
        }
    }
    engine_submit(s->world.engine);
    while (!hostile_delays(&s->vring[0]) && (io = engine_reap(s->world.engine, false)) != NULL) {
        vring_ended(io);
    }
    for (i = 0; i < s->world.vrings; i++) {
        vring_publish(&s->vring[i]);
        more = more || (s->vring[i].pending && !hostile_holds(&s->vring[i]));
    }
    return more;
}
