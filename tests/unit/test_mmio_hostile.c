/* SPDX-License-Identifier: MIT */
/**
 * @file test_mmio_hostile.c
 * @brief Registers that answer at random, and a driver that writes at random: nothing that breaks a rule is accepted,
 * and no call makes more accesses than it may.
 */
#include "mmio_device_util.h"

static uint64_t seed_now;

static uint32_t dice(uint32_t sides)
{
    seed_now ^= seed_now << 13;
    seed_now ^= seed_now >> 7;
    seed_now ^= seed_now << 17;
    return (uint32_t)((seed_now >> 16) % sides);
}

static uint32_t any32(void)
{
    uint32_t high = dice(0x10000u);
    return high << 16 | dice(0x10000u);
}

/* ---------------------------------------------------------------- a device that answers at random */

#define PATIENCE 6u

/* What was read last of each register, and how much was done. */
struct liar {
    uint32_t last[0x100 / 4];
    uint32_t words[2];     /* of the features, as read last */
    uint32_t features_sel;
    uint32_t acknowledged[2];
    uint32_t acknowledged_sel;
    uint32_t status;       /* as written */
    uint32_t ready_before; /* what was read of QueueReady before it was written */
    uint32_t accesses;
    uint32_t waits;
    uint32_t honesty;      /* of 32 answers, so many are what they should be */
    bool stuck;            /* no reset comes to an end */
};

static uint32_t honest(const struct liar *l, uint32_t offset)
{
    switch (offset) {
    case 0x000:
        return 0x74726976u;
    case 0x004:
        return 2;
    case 0x008:
        return 2;
    case 0x010:
        return l->features_sel == 0u ? 0x30006e54u : 0x10fu;
    case 0x034:
        return 256;
    case 0x044:
        return l->ready_before == UINT32_MAX ? 0u : 1u;
    case 0x070:
        return l->stuck && l->status == 0u ? 0x0fu : l->status;
    default:
        return 0;
    }
}

static uint32_t liar_read(void *context, uint32_t offset, uint32_t width)
{
    struct liar *l = context;
    uint32_t value = honest(l, offset);
    uint32_t bits = 8u * width;
    l->accesses++;
    if (dice(32) >= l->honesty) {
        value = dice(2) == 0u ? any32() : value ^ (uint32_t)1 << dice(32);
    }
    value = bits == 32u ? value : value & ((1u << bits) - 1u);
    if (offset < 0x100u) {
        assert_int_equal(width, 4);
        l->last[offset / 4u] = value;
    }
    if (offset == 0x010u) {
        l->words[l->features_sel] = value;
    }
    return value;
}

static void liar_write(void *context, uint32_t offset, uint32_t value)
{
    struct liar *l = context;
    l->accesses++;
    switch (offset) {
    case 0x014:
        assert_in_range(value, 0, 1);
        l->features_sel = value;
        break;
    case 0x024:
        assert_in_range(value, 0, 1);
        l->acknowledged_sel = value;
        break;
    case 0x020:
        l->acknowledged[l->acknowledged_sel] = value;
        break;
    case 0x044:
        assert_int_equal(value, 1);
        l->ready_before = l->last[0x044 / 4];
        break;
    case 0x064:
        assert_in_range(value, 1, 3);
        break;
    case 0x070:
        /* Only ever added to, or reset (2.1.1); never a bit that is the device's or no one's. */
        assert_true(value == 0u || (value & l->status) == l->status);
        assert_int_equal(value & ~0x8fu, 0);
        l->status = value;
        break;
    default:
        break;
    }
}

static bool liar_wait(void *context)
{
    struct liar *l = context;
    l->waits++;
    return l->waits < PATIENCE;
}

static enum vqg_status told(struct liar *l, enum vqg_status st, uint32_t most)
{
    assert_in_range(l->accesses, 0, most);
    l->accesses = 0;
    l->waits = 0;
    return st;
}

#define OWN_FEATURES ((uint64_t)0x10d << 32 | 0x30000200u) /* less ACCESS_PLATFORM, which is required */

static bool agrees(struct liar *l, struct vqg_mmio *m)
{
    uint64_t offered;
    if (told(l, vqg_mmio_negotiate(m, OWN_FEATURES, VQG_F_ACCESS_PLATFORM, NULL, 0), 10) != VQG_OK) {
        assert_int_equal(m->features, 0);
        return false;
    }
    offered = (uint64_t)l->words[1] << 32 | l->words[0];
    assert_int_equal(m->features & ~(offered & (OWN_FEATURES | VQG_F_ACCESS_PLATFORM)), 0);
    assert_int_equal(m->features, (uint64_t)l->acknowledged[1] << 32 | l->acknowledged[0]);
    assert_true((m->features & VQG_F_VERSION_1) != 0u && (m->features & VQG_F_ACCESS_PLATFORM) != 0u);
    assert_int_equal(l->last[0x070 / 4] & 0x4bu, 0x0b);
    return true;
}

static bool enables(struct liar *l, struct vqg_mmio *m)
{
    struct vqg_queue q;
    enum vqg_status st;
    memset(&q, 0, sizeof q);
    st = told(l, vqg_mmio_queue_max(m, 0, &q.size_max), 2);
    if (st != VQG_OK) {
        assert_int_equal(q.size_max, 0);
        return false;
    }
    assert_in_range(q.size_max, 1, 32768);
    assert_int_equal(q.size_max, l->last[0x034 / 4]);
    q.size = 64;
    q.features = m->features;
    q.desc_addr = 0x1000;
    q.avail_addr = 0x2000;
    q.used_addr = 0x3000;
    l->ready_before = UINT32_MAX;
    st = told(l, vqg_mmio_queue_enable(m, &q), 11);
    if (st != VQG_OK) {
        assert_true(st != VQG_BAD_SIZE || q.size_max < 64u);
        return false;
    }
    assert_in_range(q.size_max, 64, 32768);
    assert_int_equal(l->ready_before, 0);
    assert_int_equal(l->last[0x044 / 4], 1);
    return true;
}

static void uses(struct liar *l, struct vqg_mmio *m)
{
    uint32_t about = 0;
    uint32_t count = 0;
    uint64_t value = 0;
    if (told(l, vqg_mmio_notify(m, 0), 1) == VQG_OK && told(l, vqg_mmio_interrupt(m, &about), 2) == VQG_OK) {
        assert_int_equal(about, l->last[0x060 / 4] & 3u);
    }
    if (told(l, vqg_mmio_config(m, 0, 8, 10, UINT64_MAX / 2u, &value), 49) == VQG_OK) {
        assert_in_range(value, 10, UINT64_MAX / 2u);
    }
    if (told(l, vqg_mmio_config_count(m, 8, 2, 4, &count), 33) == VQG_OK) {
        assert_in_range(count, 1, 4);
    }
    if (told(l, vqg_mmio_check(m), 1) == VQG_OK) {
        assert_int_equal(l->last[0x070 / 4] & 0x4fu, 0x0f);
    }
    if (told(l, vqg_mmio_queue_reset(m, 0), 2u + 1u + PATIENCE) == VQG_OK) {
        assert_true((m->features & VQG_F_RING_RESET) != 0u);
        assert_int_equal(l->last[0x0c0 / 4], 0);
        assert_int_equal(l->last[0x044 / 4], 0);
    }
}

/* Once all the way; says how far it came. */
static unsigned bring_up(struct liar *l, struct vqg_mmio *m)
{
    if (told(l, vqg_mmio_reset(m), 1u + PATIENCE) != VQG_OK) {
        return 1;
    }
    assert_int_equal(l->last[0x070 / 4], 0);
    if (told(l, vqg_mmio_begin(m), 2) != VQG_OK || !agrees(l, m)) {
        return 2;
    }
    if (!enables(l, m)) {
        return 3;
    }
    if (told(l, vqg_mmio_driver_ok(m), 2) != VQG_OK) {
        return 4;
    }
    assert_int_equal(l->last[0x070 / 4] & 0x4fu, 0x0f);
    uses(l, m);
    return 5;
}

static void registers_that_answer_at_random_get_nothing_past_a_rule(void **state)
{
    static const uint32_t honesties[] = {16, 28, 30, 31, 31};
    unsigned reached[6] = {0, 0, 0, 0, 0, 0};
    uint32_t seed;
    unsigned i;
    (void)state;
    for (seed = 1; seed <= 20000u; seed++) {
        struct liar l;
        struct vqg_mmio m;
        const struct vqg_mmio_hooks hooks = {liar_read, liar_write, liar_wait, &l};
        unsigned turn;
        seed_now = seed * 0x9e3779b97f4a7c15u;
        memset(&l, 0, sizeof l);
        l.honesty = 28;
        if (told(&l, vqg_mmio_probe(&m, &hooks, 2), 3) != VQG_OK) {
            assert_int_equal(m.device_id, 0);
            reached[0]++;
            continue;
        }
        assert_int_equal(l.last[0], 0x74726976u);
        assert_int_equal(l.last[1], 2);
        assert_int_equal(l.last[2], 2);
        for (turn = 0; turn < 4u; turn++) {
            l.honesty = honesties[dice((uint32_t)COUNT_OF(honesties))];
            l.stuck = dice(8) == 0u;
            reached[bring_up(&l, &m)]++;
        }
    }
    /* It was no idle walk: every end was reached often. */
    for (i = 0; i < 6u; i++) {
        assert_true(reached[i] >= 1000u);
    }
}

/* ---------------------------------------------------------------- a driver that writes at random */

static const uint32_t offsets[] = {0x014, 0x020, 0x024, 0x030, 0x038, 0x044, 0x050, 0x064, 0x070, 0x070,
                                   0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4, 0x0ac, 0x0c0, 0x000, 0x0fc};
static const uint32_t statuses[] = {0, 1, 3, 0x0b, 0x0f, 0x0b, 0x0f, 0x4f, 0x8f, 0x80};

static uint32_t likely(uint32_t offset)
{
    if (offset == 0x070u) {
        return dice(16) == 0u ? any32() : statuses[dice((uint32_t)COUNT_OF(statuses))];
    }
    switch (dice(3)) {
    case 0:
        return dice(3);
    case 1:
        return dice(2) == 0u ? (uint32_t)FILE_FEATURES : (uint32_t)(FILE_FEATURES >> 32);
    default:
        return dice(8) == 0u ? any32() : dice(2);
    }
}

/* The next step on the way, so that a random driver gets somewhere. */
static void straight(struct file *f, uint32_t *offset, uint32_t *value)
{
    uint32_t status = f->d.status & 0x0fu;
    *offset = 0x070;
    *value = status == 0u ? 3u : status | 8u;
    if (status == 3u && f->d.features != FILE_FEATURES) {
        uint32_t word = (uint32_t)f->d.features == (uint32_t)FILE_FEATURES ? 1u : 0u;
        *offset = f->d.driver_word == word ? 0x020u : 0x024u;
        *value = *offset == 0x024u ? word : (uint32_t)(FILE_FEATURES >> (32u * word));
    } else if (status == 0x0bu) {
        *offset = dice(2) == 0u ? 0x044u : 0x070u;
        *value = *offset == 0x044u ? 1u : 0x0fu;
    } else if (status == 0x0fu) {
        *offset = dice(4) == 0u ? 0x0c0u : 0x050u;
        *value = *offset == 0x0c0u ? 1u : dice(2);
    }
}

/* What must be so after each write, whatever it was. */
static void assert_sound(const struct file *before, const struct file *f, enum vqg_status st)
{
    uint32_t i;
    if (st != VQG_OK) {
        assert_true(vqg_is_violation(st));
        assert_int_equal(f->event.kind, VQG_MMIO_NOTHING);
        assert_file_unchanged(before, f);
        return;
    }
    assert_int_equal(f->d.status & before->d.status, before->d.status);
    if ((f->d.status & 8u) != 0u) {
        assert_int_equal(f->d.features & ~FILE_FEATURES, 0);
        assert_int_equal(f->d.features & (VQG_F_VERSION_1 | 0x40u), VQG_F_VERSION_1 | 0x40u);
        assert_true((before->d.status & 8u) == 0u || f->d.features == before->d.features);
    }
    for (i = 0; i < QUEUES + QUEUES_BEHIND; i++) {
        const struct vqg_mmio_queue *q = &f->queues[i];
        const struct vqg_mmio_queue *was = &before->queues[i];
        assert_int_equal(q->size_max, was->size_max);
        if (i >= QUEUES || was->state != VQG_MMIO_QUEUE_OFF || before->d.guard.state != VQG_STATE_LIVE) {
            assert_int_equal(q->size, was->size);
            assert_memory_equal(q->addr, was->addr, sizeof q->addr);
        }
        assert_true(i < QUEUES || q->state == VQG_MMIO_QUEUE_OFF);
    }
    if (f->event.kind == VQG_MMIO_NOTIFY) {
        assert_true(f->event.at.queue < QUEUES && (f->d.status & 4u) != 0u);
        assert_int_equal(f->queues[f->event.at.queue].state, VQG_MMIO_QUEUE_LIVE);
    }
}

/* The owner acts, now or later. */
static void owner(struct file *f, unsigned done[7])
{
    uint32_t i;
    done[f->event.kind]++;
    for (i = 0; i < QUEUES; i++) {
        bool ready = f->queues[i].state == VQG_MMIO_QUEUE_ASKED && dice(4) != 0u;
        if (dice(4) == 0u && f->queues[i].state != VQG_MMIO_QUEUE_OFF && f->queues[i].state != VQG_MMIO_QUEUE_LIVE) {
            assert_status(vqg_mmio_device_settle(&f->d, i, ready), VQG_OK);
        }
    }
    if (f->d.guard.state == VQG_STATE_RESET && dice(4) == 0u) {
        assert_status(vqg_mmio_device_reset_done(&f->d), VQG_OK);
        assert_int_equal(f->d.status, 0);
    }
    if (dice(64) == 0u) {
        (void)vqg_mmio_device_fail(&f->d);
    }
    (void)vqg_mmio_device_interrupt(&f->d, dice(4));
}

static void driver_that_writes_at_random_harms_only_itself(void **state)
{
    unsigned done[7] = {0, 0, 0, 0, 0, 0, 0};
    uint32_t seed;
    unsigned i;
    (void)state;
    for (seed = 1; seed <= 1000u; seed++) {
        struct file f;
        uint32_t step;
        seed_now = seed * 0x9e3779b97f4a7c15u;
        file_init(&f);
        for (step = 0; step < 200u; step++) {
            uint32_t offset = dice(16) == 0u ? any32() : offsets[dice((uint32_t)COUNT_OF(offsets))];
            uint32_t width = dice(16) == 0u ? dice(9) : 4u;
            uint32_t value = likely(offset);
            uint32_t seen = 0;
            struct file before;
            enum vqg_status st;
            if (dice(4) != 0u) {
                straight(&f, &offset, &value);
            }
            memset(&f.event, 0, sizeof f.event);
            before = f;
            st = vqg_mmio_device_write(&f.d, offset, width, value, &f.event);
            assert_sound(&before, &f, st);
            owner(&f, done);
            before = f;
            st = vqg_mmio_device_read(&f.d, any32() % 0x120u, width, &seen);
            assert_true(st == VQG_OK || (st == VQG_V_REGISTER_ACCESS && seen == 0u));
            assert_file_unchanged(&before, &f);
        }
    }
    for (i = 0; i < 7u; i++) {
        assert_true(done[i] >= 200u);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(registers_that_answer_at_random_get_nothing_past_a_rule),
    cmocka_unit_test(driver_that_writes_at_random_harms_only_itself),
};

TEST_MAIN(tests)
