/* SPDX-License-Identifier: MIT */
/*
 * vqguard-blk against its client: messages whole, cut, mended or made up, in any order and with any descriptors,
 * over memory and rings that change, and are taken away, at any moment. What has to hold: the session lives,
 * forgets everything of a client that it drops, and serves the next.
 */
#include "fault.h"
#include "report.h"
#include "seeds.h"
#include "vhost.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DISK_BYTES 0x10000u

static struct {
    struct session session;
    struct loop loop;
    struct disk disk;
    struct engine *engine;
    struct vqg_cap range;
    struct vqg_cap_table table;
    struct client client;
    uint32_t posted[CLIENT_QUEUES];
    int first_free; /* the descriptor that is given out next while no client is there */
} own;

/* No memory of the library's port is used: the back end maps its own. */
const char *memory_place(size_t at)
{
    (void)at;
    return "memory";
}

/* What the program would print; a client that is dropped is not talked about otherwise. */
struct report report;
static unsigned said;

__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list arguments)
{
    char line[256];
    (void)vsnprintf(line, sizeof line, format, arguments);
    SAY("\"%s\"", line);
}

void report_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    said++;
}

void report_detail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void report_event(const char *name, const char *format, ...)
{
    (void)name;
    (void)format;
}

static int lowest_free(void)
{
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)close(fd);
    return fd;
}

static void come(void)
{
    const uint64_t features = own.client.features;
    int sock;
    HOLDS(client_open(&own.client, &sock), "there are no descriptors, or no memory");
    own.client.features = features;
    memset(own.posted, 0, sizeof own.posted);
    session_begin(&own.session, sock);
}

static void leave(void)
{
    uint32_t i;
    session_end(&own.session);
    client_close(&own.client);
    fault_forget();
    HOLDS(lowest_free() == own.first_free, "a descriptor of the client is kept");
    HOLDS(own.session.world.memory.count == 0u && own.session.world.inflight.base == NULL, "its memory is kept");
    for (i = 0; i < CLIENT_QUEUES; i++) {
        HOLDS(!own.session.vring[i].live && own.session.vring[i].requests == NULL && own.range.pins == 0u,
              "a queue of the client's is kept");
    }
}

/* The back end looks at everything there is. */
static void look(void)
{
    const char *why = NULL;
    unsigned turns;
    for (turns = 0; turns < 64u && why == NULL; turns++) {
        const size_t have = own.session.message.have;
        why = session_receive(&own.session);
        if (why == NULL && own.session.message.have == have) {
            break;
        }
    }
    for (turns = 0; turns < 64u && (loop_turn(&own.loop, 0), session_work(&own.session)); turns++) {
    }
    HOLDS(turns < 64u, "the back end does not come to rest");
    client_receive(&own.client);
    if (fault_seen()) {
        why = "it took memory away that it had shared";
    }
    if (why != NULL) {
        SAY("dropped: %s", why);
        script_feature(100u + (unsigned)why[0] + (unsigned)strlen(why));
        leave();
        come();
    }
}

static void begin(const uint8_t *head)
{
    static const uint64_t features = VHOST_USER_F_PROTOCOL_FEATURES | VQG_F_VERSION_1 | VQG_BLK_F_FLUSH;
    struct vqg_caps sectors;
    memset(&own, 0, sizeof own);
    own.client.features = features | ((head[0] & 1u) != 0u ? VQG_F_RING_PACKED : 0u) |
                          ((head[0] & 2u) != 0u ? VQG_F_EVENT_IDX : 0u) |
                          ((head[0] & 4u) != 0u ? VQG_F_INDIRECT_DESC : 0u);
    own.disk.fd = memfd_create("disk", MFD_CLOEXEC);
    own.disk.sectors = DISK_BYTES / 512u;
    own.disk.read_only = (head[0] & 8u) != 0u;
    own.range.size = own.disk.sectors;
    own.range.rights = own.disk.read_only ? VQG_CAP_READ : VQG_CAP_READ | VQG_CAP_WRITE;
    HOLDS(fault_init() && loop_open(&own.loop) && ftruncate(own.disk.fd, DISK_BYTES) == 0 &&
              vqg_cap_table_init(&own.table, &own.range, 1u, 0u) == VQG_OK,
          "the world cannot be made");
    own.engine = engine_open(ENGINE_SYNC, &own.disk);
    sectors = vqg_cap_table_caps(&own.table);
    session_init(&own.session, &own.loop, own.engine, &own.disk, CLIENT_QUEUES, &sectors, "fuzz");
    own.first_free = lowest_free();
    come();
}

/* Sends a message as an honest client would. */
static void tell(uint32_t request, uint32_t queue)
{
    union vhost_user_payload payload;
    struct vhost_user_header header = {request, VHOST_USER_VERSION, 0};
    header.size = client_honest(&own.client, request, queue, &payload);
    (void)client_send(&own.client, &header, &payload, header.size, client_fds(request));
    look();
}

/* `a`: which queue, and what is left out of a whole setting up; `b`: whether what is in flight is kept. */
static void step_set_up(const struct step *step)
{
    static const uint8_t order[] = {VHOST_USER_SET_MEM_TABLE, VHOST_USER_SET_VRING_NUM, VHOST_USER_SET_VRING_BASE,
                                    VHOST_USER_SET_VRING_ADDR, VHOST_USER_SET_VRING_CALL, VHOST_USER_SET_VRING_KICK,
                                    VHOST_USER_SET_VRING_ENABLE};
    const uint32_t queue = step->a % CLIENT_QUEUES;
    size_t i;
    tell(VHOST_USER_SET_FEATURES, queue);
    tell(VHOST_USER_SET_PROTOCOL_FEATURES, queue);
    if ((step->b & 1u) != 0u) {
        tell(VHOST_USER_GET_INFLIGHT_FD, queue);
        tell(VHOST_USER_SET_INFLIGHT_FD, queue);
    }
    for (i = 0; i < sizeof order; i++) {
        if (i + 1u != step->a >> 4) {
            tell(order[i], queue);
        }
    }
    own.posted[queue] = 0;
    SAY("queue %u is %s", queue, own.session.vring[queue].live ? "live" : "off");
    script_feature(10u + own.session.vring[queue].live);
}

/* `a`: which; `b`: what is wrong with it: a word of the payload, the size, flags, descriptors; `v`: the value. */
static void step_message(const struct step *step)
{
    union vhost_user_payload payload;
    struct vhost_user_header header = {client_request(step->a), VHOST_USER_VERSION, 0};
    unsigned fds = client_fds(header.request);
    header.size = client_honest(&own.client, header.request, step->b >> 15, &payload);
    switch (step->b & 7u) {
    case 1: {
        const uint32_t word = (step->b >> 3 & 63u) % (sizeof payload / 4u);
        memcpy(payload.bytes + 4u * word, &step->v, 4);
        break;
    }
    case 2:
        header.size = step->v;
        break;
    case 3:
        header.flags = step->v;
        break;
    case 4:
        fds = step->v % 12u;
        break;
    case 5:
        payload.memory.count = step->v % 10u;
        header.size = 8u + payload.memory.count % 9u * (uint32_t)sizeof payload.memory.region[0];
        fds = payload.memory.count;
        break;
    default:
        break;
    }
    SAY("request %u, %u bytes, %u descriptors", header.request, header.size, fds);
    (void)client_send(&own.client, &header, &payload, header.size < sizeof payload ? header.size : sizeof payload, fds);
    look();
}

/* `b` bytes of an honest message, and perhaps (`v`) nothing more. */
static void step_cut(const struct step *step)
{
    union vhost_user_payload payload;
    struct vhost_user_header header = {client_request(step->a), VHOST_USER_VERSION, 0};
    unsigned char whole[sizeof header + sizeof payload];
    size_t bytes;
    header.size = client_honest(&own.client, header.request, 0, &payload);
    memcpy(whole, &header, sizeof header);
    memcpy(whole + sizeof header, &payload, header.size);
    bytes = step->b % (sizeof header + header.size + 1u);
    (void)!write(own.client.sock, whole, bytes);
    look();
    if ((step->v & 1u) != 0u) {
        SAY("closes behind %zu bytes", bytes);
        leave();
        come();
    }
}

/* Writes into the guest's memory: `b`: where, in queues and data; `v`: what. */
static void step_poke(const struct step *step)
{
    static const uint32_t places[] = {0x0000, 0x1000, 0x2000, 0x4000, 0x5000, 0x6000, CLIENT_DATA, CLIENT_DATA + 0x400u};
    const uint32_t at = places[step->b % 8u] + (step->b >> 3) % 128u * 2u;
    memcpy(own.client.map + at, &step->v, 1u + step->a % 4u);
}

/* A request: `a`: queue, and whether the guest kicks; `b`: sector; `v`: type. */
static void step_post(const struct step *step)
{
    const uint64_t one = 1;
    const uint32_t queue = step->a % CLIENT_QUEUES;
    static const uint8_t types[] = {VQG_BLK_T_IN, VQG_BLK_T_OUT, VQG_BLK_T_FLUSH, VQG_BLK_T_GET_ID, VQG_BLK_T_DISCARD,
                                    VQG_BLK_T_WRITE_ZEROES, 3};
    const uint64_t before = own.session.world.total.requests;
    client_post(&own.client, queue, own.posted[queue]++, types[step->v % sizeof types], step->b % 256u);
    if ((step->a & 8u) == 0u) {
        (void)!write(own.client.event, &one, sizeof one);
        look();
    }
    script_feature(20u + (own.session.world.total.requests != before));
    SAY("%s", own.session.world.total.requests != before ? "served" : "not served");
}

/* What is in flight, where the client keeps it: `b`: where; `v`: what. */
static void step_inflight(const struct step *step)
{
    if (own.client.inflight >= 0) {
        (void)!pwrite(own.client.inflight, &step->v, 1u + step->a % 4u, step->b % 320u);
    }
}

/* Takes memory away: `a`: of the guest, or of what is in flight; `b`: how much is left. Then the back end looks. */
static void step_shrink(const struct step *step)
{
    const int fd = (step->a & 1u) != 0u ? own.client.inflight : own.client.memory;
    const uint32_t left = step->b % (CLIENT_MEMORY / 4096u) * 4096u;
    if (fd < 0 || ftruncate(fd, left) != 0) {
        return;
    }
    SAY("%u bytes are left", left);
    said = 0;
    own.session.vring[step->a >> 4 & 1u].pending = own.session.vring[step->a >> 4 & 1u].live;
    look();
    /* Nothing else, but for a queue's rules over memory that is still there, or that it was told of before. */
    HOLDS(said <= 2u, "%u lines about one fault", said);
    (void)ftruncate(own.client.memory, CLIENT_MEMORY);
}

/* What the process is killed at: nothing is stopped, and another client has what was in flight. */
static void step_leave(const struct step *step)
{
    (void)step;
    leave();
    come();
}

static const struct step_kind kinds[] = {
    {"set_up", 4, step_set_up},     {"message", 10, step_message}, {"cut", 2, step_cut},     {"poke", 6, step_poke},
    {"post", 8, step_post},         {"inflight", 3, step_inflight}, {"shrink", 1, step_shrink}, {"leave", 1, step_leave},
};

/* The next client is served: a whole setting up, a write, and a read of what was written. */
static void end(void)
{
    const struct step set_up = {0, 0, 1, 0};
    const struct step write_one = {0, 0, 5, 1};
    const struct step read_one = {0, 0, 5, 0};
    leave();
    come();
    step_set_up(&set_up);
    HOLDS(own.session.vring[0].live, "the next client's queue does not start");
    memset(own.client.map + CLIENT_DATA + 32u, 0x5a, 512u);
    step_post(&write_one);
    step_post(&read_one);
    HOLDS(own.session.vring[0].served == 2u, "the next client is served %llu requests, and not 2",
          (unsigned long long)own.session.vring[0].served);
    HOLDS(own.client.map[CLIENT_DATA + 0x400u + 16u] == VQG_BLK_S_OK, "the read fails");
    HOLDS(own.disk.read_only || own.client.map[CLIENT_DATA + 0x400u + 32u + 511u] == 0x5a, "what was written is not there");
    leave();
    HOLDS(lseek(own.disk.fd, 0, SEEK_END) == (off_t)DISK_BYTES, "the disk has another size");
    engine_close(own.engine);
    disk_close(&own.disk);
    loop_close(&own.loop);
}

const struct harness harness = {"vhost", EITHER, kinds, sizeof kinds / sizeof kinds[0], begin, end};

#define SET_UP(in_flight) {"set_up", 0, (in_flight), 0}
const struct seed harness_seeds[] = {
    {"honest-split", {0}, {SET_UP(1), {"post", 0, 5, 1}, {"post", 0, 5, 0}, {"post", 0, 5, 2}, {"post", 0, 0, 3}}},
    {"honest-packed", {1}, {SET_UP(1), {"post", 0, 5, 1}, {"post", 0, 5, 0}, {"post", 0, 5, 2}, {"post", 0, 0, 3}}},
    {"memory-taken-away", {0}, {SET_UP(0), {"post", 0, 5, 1}, {"shrink", 0, 0, 0}, SET_UP(0), {"post", 0, 5, 1}}},
    {"in-flight-made-up", {0}, {SET_UP(1), {"post", 8, 5, 1}, {"inflight", 0, 16, 1}, {"message", 8, 0, 0}, SET_UP(1)}},
    {"two-queues", {2}, {SET_UP(0), {"set_up", 1, 0, 0}, {"post", 1, 5, 1}, {"post", 0, 5, 0}}},
    {"cut", {0}, {{"cut", 4, 13, 1}, SET_UP(0), {"cut", 6, 20, 1}, SET_UP(0)}},
    {NULL, {0}, {{NULL, 0, 0, 0}}},
};
