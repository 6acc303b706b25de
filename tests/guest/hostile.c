/* SPDX-License-Identifier: MIT */
/*
 * The hostile guest: queue 0 works honestly, queue 1 plays every attack of
 * tests/attacks on a device, each in a life of its own, and then requests of
 * virtio-blk that are wrong. What the device is to say is the table's; what
 * the guest sees of it is told in one line a life:
 *
 *   life 7 attack head-twice rule S4 expects violation saw silence honest 24
 *   life 8 missed more-chains-than-descriptors ...   the device was quicker; it is played again
 *   cannot ring-read-only: WHY
 *   life 7 broken: WHAT
 *   last tag 12 life 99
 *
 * Silence is right where a rule is broken: the device has latched queue 1.
 */
#include "attacks.h"
#include "example.h"
#include "hostile_life.h"
#include "malformed.h"
#include "raw.h"

#define TRIES 8u
#define SLOW_BYTES (4u << 20)
#define SLOW_AT UINT64_C(0x84000000) /* RAM that no program is linked to */

#define BLK_FEATURES (VQG_BLK_F_FLUSH | VQG_BLK_F_DISCARD | VQG_BLK_F_WRITE_ZEROES)

enum saw {
    SAW_SILENCE, /* nothing came back */
    SAW_DROPPED, /* it came back with no bytes */
    SAW_SERVICE, /* it was served, and rightly */
    SAW_UNSUPP,
    SAW_ERROR,
    SAW_OTHER
};

static const char *const saw_names[] = {"silence", "dropped", "service", "unsupp", "error", "other"};

static bool packed;
static uint64_t slow_sector = DISK_SECTORS;

static void tell(const char *kind, const char *name, enum vqg_rule rule, const char *expects, enum saw saw)
{
    life_end();
    platform_print("life %u %s %s rule %s expects %s saw %s honest %u\n", life_number(), kind, name, vqg_rule_id(rule),
                   expects, saw_names[saw], honest_served());
}

/* ---- requests of the hostile queue ---- */

static void put_header(uint32_t k, uint32_t type, uint64_t sector)
{
    const struct {
        uint32_t type;
        uint32_t reserved;
        uint64_t sector;
    } header = {type, 0, sector};

    memset(raw_at(ATTACK_HEADER(k)), 0, 0x1000);
    memcpy(raw_at(ATTACK_HEADER(k)), &header, sizeof header);
    *(uint8_t *)raw_at(ATTACK_STATUS(k)) = VQG_BLK_S_NONE;
}

/* Reads sector k, or, so that it takes time, many of which nobody has read before. */
static void write_request(const struct attack *a, uint32_t k, bool slow)
{
    struct raw_seg seg[3] = {{raw_at(ATTACK_HEADER(k)), ATTACK_HEADER_BYTES, false},
                             {raw_at(ATTACK_BUFFER(k)), ATTACK_BUFFER_BYTES, true},
                             {raw_at(ATTACK_STATUS(k)), ATTACK_STATUS_BYTES, true}};

    put_header(k, VQG_BLK_T_IN, slow ? slow_sector : k);
    if (slow) {
        slow_sector += SLOW_BYTES / SECTOR;
        seg[1] = (struct raw_seg){(void *)(uintptr_t)SLOW_AT, SLOW_BYTES, true};
    }
    raw_write(k, seg, 3, a->shape == SHAPE_TABLE);
}

/* What became of request k; others may come back before. */
static enum saw look(uint32_t k, uint32_t want_len)
{
    uint32_t who;
    uint32_t len;

    while (raw_take(&who, &len)) {
        uint8_t status = *(volatile uint8_t *)raw_at(ATTACK_STATUS(k));

        if (who != k) {
            continue;
        }
        if (len == 0) {
            return SAW_DROPPED;
        }
        if (status == VQG_BLK_S_UNSUPP) {
            return SAW_UNSUPP;
        }
        if (status == VQG_BLK_S_IOERR) {
            return SAW_ERROR;
        }
        return status == VQG_BLK_S_OK && len == want_len ? SAW_SERVICE : SAW_OTHER;
    }
    return SAW_SILENCE;
}

static enum saw wait_for(uint32_t k, uint32_t want_len)
{
    uint64_t deadline = deadline_in(PATIENCE);
    enum saw saw;

    do {
        saw = look(k, want_len);
    } while (saw == SAW_SILENCE && !platform_expired(deadline));
    if (saw == SAW_SERVICE && want_len == ATTACK_WRITABLE && !pattern_holds(raw_at(ATTACK_BUFFER(k)), 0, k, 1)) {
        saw = SAW_OTHER;
    }
    return saw;
}

/* Request 0 is taken by the device and takes its time. */
static void put_in_flight(const struct attack *a)
{
    uint64_t deadline = deadline_in(PATIENCE);

    write_request(a, 0, true);
    raw_publish();
    life_notify();
    while (!raw_is_popped()) {
        if (platform_expired(deadline)) {
            life_broken("queue 1 was not looked at");
        }
    }
}

/* ---- attacks ---- */

/* With one chain in flight for certain: the others need it in the ring before theirs, no more. */
static bool needs_flight(const struct attack *a)
{
    return a->when == WHEN_POPPED || a->rule == VQG_RULE_OVERSUBSCRIBED;
}

/* False when the device was quicker than the attack, so that it was none. */
static bool play_in_flight(const struct attack *a, enum saw *saw)
{
    put_in_flight(a);
    if (a->when != WHEN_POPPED) {
        write_request(a, 1, false);
        raw_attack(a);
        raw_publish();
        life_notify();
        life_meanwhile(40);
        *saw = SAW_SILENCE;
        return look(0, SLOW_BYTES + 1u) == SAW_SILENCE;
    }
    *saw = look(0, SLOW_BYTES + 1u);
    raw_attack(a);
    if (*saw != SAW_SILENCE) {
        return false;
    }
    *saw = wait_for(0, SLOW_BYTES + 1u);
    life_meanwhile(10);
    return true;
}

static enum saw play_posted(const struct attack *a)
{
    enum saw saw;

    for (uint32_t i = 0; i < a->rounds; i++) {
        write_request(a, 0, false);
        raw_publish();
        life_notify();
        if (wait_for(0, ATTACK_WRITABLE) != SAW_SERVICE) {
            life_broken("queue 1 does not serve honest requests");
        }
    }
    raw_mark_first();
    for (uint32_t k = 0; k <= a->lent; k++) {
        write_request(a, k, false);
    }
    raw_attack(a);
    raw_publish();
    life_notify();
    if (a->status == VQG_OK) {
        saw = wait_for(a->lent, ATTACK_WRITABLE);
        life_meanwhile(10);
        return saw;
    }
    life_meanwhile(40);
    if (a->status != VQG_EMPTY) {
        return look(a->lent, ATTACK_WRITABLE);
    }
    /* What was not available is, once its flags say so. */
    if (!raw_heal()) {
        return SAW_OTHER;
    }
    life_notify();
    return wait_for(a->lent, ATTACK_WRITABLE);
}

/* The queue is never begun; the request says so. */
static void play_set_up(const struct attack *a)
{
    enum saw saw;

    life_begin(a->features, packed, a);
    write_request(a, 0, false);
    raw_publish();
    life_notify();
    life_meanwhile(20);
    saw = look(0, ATTACK_WRITABLE);
    tell("attack", a->name, a->rule, "refusal", saw);
}

static void play(const struct attack *a)
{
    const char *expects = vqg_is_violation(a->status) ? "violation" : a->status == VQG_EMPTY ? "patience" : "service";
    enum saw saw = SAW_OTHER;
    bool flight = needs_flight(a);

    for (uint32_t turn = 0; turn < TRIES; turn++) {
        life_begin(a->features | (flight ? VQG_F_EVENT_IDX : 0), packed, NULL);
        if (!flight) {
            saw = play_posted(a);
        } else if (!play_in_flight(a, &saw)) {
            tell("missed", a->name, a->rule, "nothing", saw);
            continue;
        }
        tell("attack", a->name, a->rule, expects, saw);
        return;
    }
    life_broken("an attack found nothing in flight");
}

/* A configuration that QEMU hands on: parts of the queue in the guest's memory, and sizes that it offers. */
static bool reaches_queue(const struct attack_write *w)
{
    uint64_t at = 0;

    if (w->where == AT_QUEUE_SIZE) {
        return w->value > 0 && w->value < ATTACK_SIZE;
    }
    return (w->where == AT_QUEUE_DESC || w->where == AT_QUEUE_AVAIL || w->where == AT_QUEUE_USED) &&
           raw_rebase(w->value, &at) && at >= RAM_BASE && at < RAM_END;
}

/* Why a guest behind QEMU has no way to do that; null when it has. */
static const char *why_not(const struct attack *a)
{
    uint64_t offered = VQG_F_INDIRECT_DESC | VQG_F_EVENT_IDX;

    if (a->when == WHEN_SET_UP && !reaches_queue(&a->writes[0])) {
        return "QEMU takes no such value for a queue, or starts no disk with it";
    }
    if (a->when == WHEN_NOTIFIED) {
        return "QEMU has the notification register";
    }
    if (needs_flight(a) && host_word() != 0) {
        return "this device has nothing in flight when it looks";
    }
    if ((a->features & ~offered) != 0) {
        return "QEMU does not offer the feature";
    }
    if ((a->policy & (ATTACK_POLICY_SEND | ATTACK_POLICY_QUOTA)) != 0) {
        return "a disk's queue has no such policy";
    }
    for (uint32_t i = 0; i < ATTACK_WRITES && a->writes[i].where != AT_END; i++) {
        uint64_t at;

        if ((a->writes[i].where == AT_DESC_ADDR || a->writes[i].where == AT_ENTRY_ADDR) &&
            !raw_rebase(a->writes[i].value, &at)) {
            return "all of a guest's memory may be read and written";
        }
    }
    return NULL;
}

static void play_table(const struct attack_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct attack *a = &table->attacks[i];
        const char *why = why_not(a);

        if (a->formats != 0 && (a->formats & (packed ? ATTACK_PACKED : ATTACK_SPLIT)) == 0) {
            continue;
        }
        if (why != NULL) {
            platform_print("cannot %s: %s\n", a->name, why);
            continue;
        }
        if (a->when == WHEN_SET_UP) {
            play_set_up(a);
        } else {
            play(a);
        }
    }
}

/* ---- requests that are wrong ---- */

static void send(const struct malformed *m)
{
    struct raw_seg seg[4] = {{raw_at(ATTACK_HEADER(0)), ATTACK_HEADER_BYTES - m->cut, false}};
    uint64_t sector = m->sector + (m->from_end ? honest_capacity() : 0);
    bool range = m->type == VQG_BLK_T_DISCARD || m->type == VQG_BLK_T_WRITE_ZEROES;
    const struct {
        uint64_t sector;
        uint32_t sectors;
        uint32_t flags;
    } ranges[2] = {{sector, m->sectors, m->flags}, {sector, m->sectors, m->flags}};
    uint8_t *data = raw_at(ATTACK_BUFFER(0));
    uint32_t n = 1;

    put_header(0, m->type, range ? 0 : sector);
    memset(data, 0xee, 0x400);
    if (range) {
        memcpy(data, ranges, sizeof ranges);
    }
    if (m->out != 0) {
        seg[n++] = (struct raw_seg){data, m->out, false};
    }
    if (m->status == STATUS_READABLE) {
        seg[n++] = (struct raw_seg){raw_at(ATTACK_STATUS(0)), 1, false};
    }
    if (m->in != 0) {
        seg[n++] = (struct raw_seg){raw_at(ATTACK_BUFFER(1)), m->in, true};
    }
    if (m->status == STATUS_WRITABLE) {
        seg[n++] = (struct raw_seg){raw_at(ATTACK_STATUS(0)), 1, true};
    }
    raw_write(0, seg, n, false);
    raw_publish();
    life_notify();
}

static void play_malformed(void)
{
    for (size_t i = 0; i < malformed_count; i++) {
        const struct malformed *m = &malformed_requests[i];
        enum saw saw;

        life_begin(BLK_FEATURES, packed, NULL);
        send(m);
        life_meanwhile(40);
        saw = look(0, 1);
        tell("request", m->name, m->rule, m->rule == VQG_RULE_NONE ? "unsupp" : "violation", saw);
    }
}

int main(void)
{
    struct vmmio look_first;

    /* The format is the host's choice; the attacks that fit it are played. */
    if (vmmio_open(&look_first, VMMIO_BUS0, VIRTIO_ID_BLOCK, VQG_F_RING_PACKED) != VQG_OK) {
        life_broken("no disk");
    }
    packed = (look_first.mmio.features & VQG_F_RING_PACKED) != 0;
    play_table(&attacks_driver_to_device);
    play_table(&attacks_driver_to_device_packed);
    play_malformed();
    /* What the disk is to hold in the end is what one last life wrote. */
    life_begin(0, packed, NULL);
    life_need(honest_run(2u * DISK_SPAN, life_tag()));
    life_need(honest_close());
    platform_print("last tag %u life %u\n", life_tag(), life_number());
    finish();
}
