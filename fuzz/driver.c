/* SPDX-License-Identifier: MIT */
/* The driver endpoint, under a device that may do anything. */
#include "driver.h"
#include "completions.h"

#include <inttypes.h>
#include <string.h>

#define SEGS 6u

/* What the endpoint has, between canaries. */
static struct {
    canary c0;
    struct vqg_driver driver;
    canary c1;
    struct vqg_slot slots[QUEUE_MAX];
    canary c2;
} own;

/* A request that was added. */
struct asked {
    struct vqg_seg seg[SEGS];
    uint32_t count;
    uint32_t writable;
    uint32_t least;
    uint32_t slots;
    uint64_t cookie;
    uint16_t id;
    uint16_t at; /* where its first element, or its head, stands */
    bool table;
};

static struct asked waiting[QUEUE_MAX]; /* added and not kicked, in order */
static uint32_t waiting_count;
static uint32_t waiting_slots;
static uint32_t to_reclaim;
static uint64_t cookies;
static bool busy[QUEUE_MAX];             /* split: descriptors of chains that are lent */
static uint16_t chain[QUEUE_MAX][SEGS];  /* split: by head: its descriptors */

static void begin_anew(void)
{
    completions_begin();
    waiting_count = 0;
    waiting_slots = 0;
    memset(busy, 0, sizeof busy);
}

static void is_counted(void)
{
    HOLDS(lent.life != LIFE_LIVE ||
              vqg_driver_free(&own.driver) == world.size - lent.model.outstanding_slots - waiting_slots,
          "%" PRIu32 " descriptors are free", vqg_driver_free(&own.driver));
}

static void allow_area(void)
{
    memory_may_store(AT_AVAIL, world.packed ? 4u : 2u);
    memory_may_store(at_used_event(), 2);
}

static void allow_clear(void)
{
    memory_may_store(AT_DESC, 16u * (size_t)world.size);
    memory_may_store(AT_AVAIL, 6u + 2u * (size_t)world.size);
    memory_may_store(AT_USED, 6u + 8u * (size_t)world.size);
}

static enum vqg_status init(const struct vqg_queue *q)
{
    uint32_t count;
    struct vqg_slot *slots = queue_slots(q, own.slots, &count);
    memory_call(NO_POLL, 0);
    return vqg_driver_init(&own.driver, q, &world.policy, slots, count);
}

void driver_begin(const uint8_t *head)
{
    struct vqg_queue q;
    struct faults faults;
    queue_begin(head);
    canary_set(own.c0);
    canary_set(own.c1);
    canary_set(own.c2);
    cookies = 0;
    q = world.queue;
    queue_spoil(&q, head[11], head[13] | ((uint32_t)head[14] << 8) | ((uint32_t)head[15] << 24));
    driver_faults(&faults, &q);
    faults_judge(&faults, init(&q), vqg_driver_violation(&own.driver));
    allow_clear();
    memory_may_store(AT_DESC, AT_TABLES - AT_DESC); /* a queue of another size may have been good */
    memory_settle();
    world.policy.accept_claimed = true;
    HOLDS(init(&world.queue) == VQG_OK, "a good queue is refused");
    allow_clear();
    memory_settle();
    begin_anew();
}

void driver_end(void)
{
    canary_check(own.c0, "the driver");
    canary_check(own.c1, "the driver and its slots");
    canary_check(own.c2, "the slots");
    HOLDS(vqg_driver_needs_reset(&own.driver) == (lent.life == LIFE_DEAD || lent.life == LIFE_UNTOLD),
          "latched, or not");
    completions_end();
    memory_end();
}

/* ---------------------------------------------------------------- add */

/* `a`: segments, and in bit 3 whether through a table; `b`: how many of them are read, and the least length. */
static void make_request(struct asked *r, const struct step *step)
{
    const uint32_t reads = step->b % 8u;
    memset(r, 0, sizeof *r);
    r->count = 1u + (step->a & 7u) % SEGS;
    r->table = (step->a & 8u) != 0u;
    r->slots = r->table ? 1u : r->count;
    r->least = step->b >> 4 & 7u;
    r->cookie = cookies;
    for (uint32_t i = 0; i < r->count; i++) {
        r->seg[i] = vqg_out(NULL, 1u + (step->v >> 4u * i & 15u));
        r->seg[i].addr = SHARED_BASE + AT_DATA + (i * 64u + step->v % 256u);
        r->seg[i].write = i >= reads;
        r->writable += i >= reads ? r->seg[i].len : 0u;
    }
}

static enum vqg_status wanted_of(const struct asked *r, uint32_t room)
{
    const uint32_t most = world.policy.max_elements != 0u ? world.policy.max_elements : world.size;
    const uint32_t least = r->least > world.policy.min_length ? r->least : world.policy.min_length;
    if (lent.life != LIFE_LIVE) {
        return VQG_DEAD;
    }
    if (r->table && !world.indirect) {
        return VQG_BAD_TABLE;
    }
    if (r->count > most || (!r->table && r->count > world.size)) {
        return VQG_BAD_COUNT;
    }
    if (least > r->writable) {
        return VQG_BAD_LENGTH;
    }
    return r->slots > room ? VQG_FULL : VQG_OK;
}

/* What an honest device will find at an element: all but the flags of the first of a packed list. */
static void finds(size_t at, uint64_t addr, uint32_t len, unsigned flags, bool whole)
{
    const size_t at_flags = at + (world.packed ? 14u : 12u);
    HOLDS(memory_stored(at, 8) == addr && memory_stored(at + 8u, 4) == len, "%s: another buffer is lent",
          memory_place(at));
    HOLDS(!whole || memory_stored(at_flags, 2) == flags, "%s: 0x%x, not 0x%x", memory_place(at_flags),
          (unsigned)memory_stored(at_flags, 2), flags);
}

static unsigned flags_of(const struct asked *r, uint32_t i)
{
    return (r->seg[i].write ? SM_DESC_WRITE : 0u) | (i + 1u < r->count ? SM_DESC_NEXT : 0u);
}

static void find_table(const struct asked *r)
{
    const size_t table = table_of((uint32_t)r->cookie);
    for (uint32_t i = 0; i < r->count; i++) {
        const size_t at = table + 16u * (size_t)i;
        finds(at, r->seg[i].addr, r->seg[i].len, flags_of(r, i) & (world.packed ? SM_DESC_WRITE : 7u), true);
        HOLDS(world.packed || i + 1u == r->count || memory_stored(at + 14u, 2) == i + 1u, "an entry's next");
    }
    memory_may_store(table, 16u * (size_t)r->count);
}

/* The position behind all that was added. */
static uint16_t added_up_to(void)
{
    uint16_t at = lent.model.avail_idx;
    for (uint32_t i = 0; i < waiting_count; i++) {
        at = position_behind(at, waiting[i].slots);
    }
    return at;
}

static void find_split(struct asked *r)
{
    uint32_t desc = (uint32_t)memory_stored(at_avail_entry(r->at), 2);
    r->id = (uint16_t)desc;
    for (uint32_t i = 0; i < r->slots; i++) {
        HOLDS(desc < world.size && !busy[desc], "descriptor %" PRIu32 " is lent twice, or is none", desc);
        busy[desc] = true;
        chain[r->id][i] = (uint16_t)desc;
        if (r->table) {
            finds(at_desc(desc), SHARED_BASE + table_of((uint32_t)r->cookie), 16u * r->count, SM_DESC_INDIRECT, true);
        } else {
            finds(at_desc(desc), r->seg[i].addr, r->seg[i].len, flags_of(r, i), true);
        }
        memory_may_store(at_desc(desc), 16);
        HOLDS(!world.in_order || i == 0u || desc == (chain[r->id][i - 1u] + 1u) % world.size, "not in order");
        desc = (uint32_t)memory_stored(at_desc(desc) + 14u, 2);
    }
    memory_may_store(at_avail_entry(r->at), 2);
}

static void find_packed(struct asked *r)
{
    uint16_t at = r->at;
    for (uint32_t i = 0; i < r->slots; i++) {
        const unsigned lap = sm_packed_available(at);
        const bool hidden = at == lent.model.avail_idx; /* P10: its flags wait for the kick */
        if (r->table) {
            finds(at_desc(index_of(at)), SHARED_BASE + table_of((uint32_t)r->cookie), 16u * r->count,
                  lap | SM_DESC_INDIRECT, !hidden);
        } else {
            finds(at_desc(index_of(at)), r->seg[i].addr, r->seg[i].len, lap | flags_of(r, i), !hidden);
        }
        HOLDS(!hidden || memory_stored(at_packed_flags(at), 2) == memory_get(at_packed_flags(at), 2),
              "the first flags are stored before the kick");
        memory_may_store(at_desc(index_of(at)), 16);
        r->id = (uint16_t)memory_stored(at_packed_id(at), 2);
        at = position_behind(at, 1);
    }
}

static void step_add(const struct step *step)
{
    const uint32_t room = world.size - lent.model.outstanding_slots - waiting_slots;
    struct asked *r = &waiting[waiting_count % QUEUE_MAX];
    struct asked asked;
    struct vqg_request request;
    enum vqg_status st;
    make_request(&asked, step);
    memset(&request, 0, sizeof request);
    request.seg = asked.seg;
    request.count = asked.count;
    request.min_length = asked.least;
    request.cookie = completions_cookie(asked.cookie);
    request.table = asked.table ? shared.bytes + table_of((uint32_t)asked.cookie) : NULL;
    request.table_addr = SHARED_BASE + table_of((uint32_t)asked.cookie);
    request.table_entries = asked.count;
    SAY("add %" PRIu32 " segments%s, %" PRIu32 " bytes to write, at least %" PRIu32, asked.count,
        asked.table ? " in a table" : "", asked.writable, asked.least);
    memory_call(NO_POLL, 0);
    st = vqg_driver_add_request(&own.driver, &request);
    answer_is(st, wanted_of(&asked, room));
    if (st == VQG_OK) {
        asked.least = asked.least > world.policy.min_length ? asked.least : world.policy.min_length;
        asked.at = added_up_to();
        if (world.packed) {
            find_packed(&asked);
        } else {
            find_split(&asked);
        }
        if (asked.table) {
            find_table(&asked);
        }
        *r = asked;
        waiting_count++;
        waiting_slots += asked.slots;
        completions_lend(cookies++);
    }
    HOLDS(memory_loads() == 0u, "an add looks at shared memory");
    memory_settle();
    is_counted();
}

/* ---------------------------------------------------------------- kick */

static bool kick_is_due(uint16_t from)
{
    const uint16_t to = lent.model.avail_idx;
    if (world.packed) {
        return sm_packed_must_notify(from, to, (uint16_t)memory_get(AT_USED, 2), (uint16_t)memory_get(AT_USED + 2u, 2),
                                     world.event_idx, world.size);
    }
    return sm_drv_need_kick(from, to, (uint16_t)memory_get(AT_USED, 2), (uint16_t)memory_get(at_avail_event(), 2),
                            world.event_idx);
}

static void step_kick(const struct step *step)
{
    const uint16_t from = lent.model.avail_idx;
    bool kick;
    (void)step;
    memory_call(NO_POLL, 0);
    kick = vqg_driver_kick(&own.driver);
    SAY("kick: %" PRIu32 " requests, %s", waiting_count, kick ? "notify" : "quiet");
    if (lent.life != LIFE_LIVE || waiting_count == 0u) {
        HOLDS(!kick && memory_loads() == 0u, "a kick without anything to kick for");
        memory_settle();
        return;
    }
    for (uint32_t i = 0; i < waiting_count; i++) {
        const struct asked *r = &waiting[i];
        HOLDS(sm_drv_lend(&lent.model, r->id, r->slots, r->writable, r->least, r->cookie + 1u),
              "id %u is lent twice, or does not fit", r->id);
    }
    HOLDS(kick == kick_is_due(from), "the device is notified, or not");
    if (world.packed) {
        const unsigned flags = waiting[0].table ? SM_DESC_INDIRECT : flags_of(&waiting[0], 0);
        HOLDS(memory_stored(at_packed_flags(from), 2) == (flags | sm_packed_available(from)), "the first flags");
        memory_may_store(at_packed_flags(from), 2);
    } else {
        HOLDS(memory_stored(AT_AVAIL_IDX, 2) == lent.model.avail_idx, "avail.idx");
        memory_may_store(AT_AVAIL_IDX, 2);
    }
    HOLDS(vqg_driver_notification(&own.driver) ==
              ((world.features & VQG_F_NOTIFICATION_DATA) != 0u ? (uint32_t)lent.model.avail_idx << 16 : 0u),
          "the notification");
    memory_settle();
    waiting_count = 0;
    waiting_slots = 0;
}

/* ---------------------------------------------------------------- take */

/* Empty means armed (E3). */
static void is_armed(void)
{
    const uint16_t at = lent.model.last_used;
    if (world.event_idx && !lent.quiet) {
        HOLDS(memory_stored(world.packed ? AT_AVAIL : at_used_event(), 2) == at, "nothing is there, and no event set");
        HOLDS(!world.packed || memory_stored(AT_AVAIL + 2u, 2) == 2u, "nothing is there, and no event asked for");
    }
}

static void step_take(const struct step *step)
{
    const bool live = lent.life == LIFE_LIVE;
    struct vqg_done done;
    enum vqg_status st;
    (void)step;
    memset(&done, 0, sizeof done);
    memory_call(completions_poll(), 0);
    st = vqg_driver_take(&own.driver, &done);
    HOLDS(memory_loads() <= 4u && (live || memory_loads() == 0u), "a take makes %u loads", memory_loads());
    if (completions_judge(st, &done, vqg_driver_violation(&own.driver)) && !world.packed) {
        for (uint32_t i = 0; i < done.count; i++) {
            busy[chain[done.id][i]] = false;
        }
    }
    if (live) {
        allow_area();
    }
    if (st == VQG_EMPTY) {
        is_armed();
    }
    memory_settle();
    is_counted();
}

static void step_enable(const struct step *step)
{
    bool more;
    if ((step->a & 1u) != 0u) {
        memory_call(NO_POLL, 0);
        vqg_driver_callback_disable(&own.driver);
        HOLDS(memory_loads() == 0u, "to ask for nothing takes no look");
        lent.quiet = true;
    } else {
        memory_call(completions_poll(), 0);
        more = vqg_driver_callback_enable(&own.driver);
        SAY("interrupts: %s", more ? "there is more" : "armed");
        HOLDS(memory_loads() <= 1u, "to arm takes one look");
        /* What broke a rule is told by the next take. */
        completions_looked(more);
        if (!more && lent.life == LIFE_LIVE) {
            is_armed();
        }
    }
    if (lent.life == LIFE_LIVE || lent.life == LIFE_UNTOLD) {
        allow_area();
    }
    memory_settle();
}

/* ---------------------------------------------------------------- reset */

static void reset(void)
{
    const bool can = lent.life != LIFE_DRAIN;
    answer_is(vqg_driver_reset(&own.driver), can ? VQG_OK : VQG_BAD_STATE);
    if (can && lent.life != LIFE_RESET) {
        lent.life = LIFE_RESET;
        lent.generation++;
        to_reclaim = lent.model.outstanding + waiting_count;
    }
}

static void reset_acked(void)
{
    answer_is(vqg_driver_reset_acked(&own.driver), lent.life == LIFE_RESET ? VQG_OK : VQG_BAD_STATE);
    lent.life = lent.life == LIFE_RESET ? LIFE_DRAIN : lent.life;
}

static void reclaim(void)
{
    struct vqg_done done;
    enum vqg_status st = vqg_driver_reclaim(&own.driver, &done);
    answer_is(st, lent.life != LIFE_DRAIN ? VQG_BAD_STATE : to_reclaim == 0u ? VQG_EMPTY : VQG_OK);
    if (st == VQG_OK) {
        HOLDS(done.len == 0u && done.generation == lent.generation, "what comes back unserved has no bytes");
        completions_back(done.cookie);
        to_reclaim--;
    }
}

static void restart(void)
{
    const struct completions before = lent;
    const bool can = lent.life == LIFE_DRAIN && to_reclaim == 0u;
    answer_is(vqg_driver_restart(&own.driver), can ? VQG_OK : VQG_BAD_STATE);
    if (can) {
        allow_clear();
        begin_anew();
        lent.generation = before.generation;
        lent.quiet = before.quiet;
    }
}

/* `a`: one of the four, or what comes next. */
static void step_reset(const struct step *step)
{
    memory_call(NO_POLL, 0);
    switch (step->a & 7u) {
    case 4:
        reset();
        break;
    case 5:
        reset_acked();
        break;
    case 6:
        reclaim();
        break;
    case 7:
        restart();
        break;
    default:
        if (lent.life == LIFE_RESET) {
            reset_acked();
        } else if (lent.life != LIFE_DRAIN) {
            reset();
        } else {
            while (to_reclaim != 0u) {
                reclaim();
            }
            restart();
        }
        break;
    }
    memory_settle();
}

/* ---------------------------------------------------------------- the harness */

const struct step_kind driver_kinds[DRIVER_KINDS] = {
    {"add", 12, step_add},
    {"kick", 8, step_kick},
    {"take", 12, step_take},
    {"return", 8, step_return},
    {"spoil used", 8, step_spoil_used},
    {"write", 4, step_write},
    {"answer", 5, step_answer},
    {"device events", 2, step_device_events},
    {"interrupts", 2, step_enable},
    {"reset", 2, step_reset},
};
