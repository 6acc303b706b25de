/* SPDX-License-Identifier: MIT */
/**
 * @file test_packed_device_adversary.c
 * @brief An adversary that answers each load from a packed queue anew, at random, for 100,000 calls.
 *
 * Nothing in the ring is ever true here. Whatever the answers are, a call ends in a
 * status that it may have, a chain that is handed out is covered byte by byte, and
 * nothing is written but used elements and the device's event structure.
 */
#include "adversary_util.h"
#include "packed_device_util.h"

struct game {
    struct world *w;
    struct pool pool;
    uint64_t x;
    struct vqg_chain *turn[POOL_CHAINS]; /* popped and not pushed, in order, of this generation */
    unsigned flying;
    struct tally tally;
    unsigned long_ones, tables, order;
};

static uint64_t dice(struct game *g)
{
    return adversary_dice(&g->x);
}

/* An address that is worth trying. */
static uint64_t some_address(struct game *g)
{
    static const uint64_t near[] = {WORLD_RDONLY, WORLD_WRONLY, WORLD_HOLE, WORLD_TABLES,
                                    WORLD_DESC,   WORLD_AVAIL,  WORLD_USED};
    uint64_t r = dice(g);
    if (r % 64u == 0u) {
        return dice(g) << 16 ^ dice(g);
    }
    return WORLD_BASE + (r / 64u % 4u != 0u ? WORLD_DATA : near[r / 256u % COUNT_OF(near)]) +
           (r / 2048u % 4u != 0u ? 0u : dice(g) % 64u) - (r / 8192u % 8u == 0u ? 32u : 0u);
}

static uint32_t some_length(struct game *g)
{
    uint64_t r = dice(g);
    return (uint32_t)(r % 64u == 0u ? dice(g) : r % 4u != 0u ? r / 64u % 64u : 16u * (r / 64u % 9u));
}

static unsigned some_id(struct game *g)
{
    uint64_t r = dice(g);
    unsigned id = (unsigned)(r / 64u % g->w->size);
    unsigned n;
    for (n = 0; r % 32u != 0u && n < g->w->size && g->w->slots[id].count != 0u; n++) {
        id = (id + 1u) % g->w->size;
    }
    return r % 64u == 0u ? (unsigned)(r / 64u) & 0xffffu : id;
}

/* Flags of an entry of a table. */
static unsigned some_flags(struct game *g)
{
    uint64_t r = dice(g);
    if (r % 128u == 0u) {
        return (unsigned)(r / 128u) & 0xffffu;
    }
    return (r % 16u == 0u ? PACKED_NEXT : 0u) | (r / 128u % 4u != 0u ? PACKED_WRITE : 0u);
}

/* Flags of the element at a slot: most often those of the device's lap. */
static unsigned some_ring_flags(struct game *g, uint32_t slot)
{
    uint16_t get = g->w->device.ring.get;
    struct packed_cursor c = {slot, ((get & 0x8000u) != 0u) == (slot >= (get & 0x7fffu))};
    uint64_t r = dice(g);
    unsigned flags = some_flags(g) & 0x7f7fu;
    flags |= (r % 2u != 0u ? PACKED_NEXT : r / 4u % 4u == 0u ? PACKED_INDIRECT : 0u);
    return r / 16u % 64u == 0u ? flags | (unsigned)(r / 1024u & 0x8080u) : flags | packed_turned(c, PACKED_AVAILABLE);
}

static uint64_t answer(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    struct game *g = context;
    uint64_t offset = (uint64_t)((const volatile unsigned char *)at - g->w->memory);
    uint64_t v = dice(g);
    if (bytes == 1u) {
        return v % 512u == 0u ? v >> 16 & 0xffu : value;
    }
    if (offset == WORLD_AVAIL) {
        v &= 0xffffffffu;
    } else if (bytes == 4u) {
        v = some_length(g);
    } else if (bytes == 2u) {
        v = offset % 16u == PACKED_ID ? some_id(g) : some_ring_flags(g, (uint32_t)(offset / 16u));
    } else if (offset % 16u == 0u) {
        v = some_address(g);
    } else {
        unsigned flags = offset < WORLD_AVAIL ? some_ring_flags(g, (uint32_t)(offset / 16u)) : some_flags(g);
        v = some_length(g) | (uint64_t)some_id(g) << 32 | (uint64_t)flags << 48;
    }
    return as_loaded(g->w, v, bytes);
}

/* Everything that was stored since the last look: lengths, ids and flags of the ring, the device's events. */
static void assert_stores(const struct world *w)
{
    size_t i;
    assert_true(test_port.count <= TEST_LOG_MAX);
    for (i = 0; i < test_port.count; i++) {
        uint64_t at = (uint64_t)((const volatile unsigned char *)test_port.log[i].at - w->memory);
        bool element = at + test_port.log[i].bytes <= 16u * w->size && at % 16u >= 8u;
        assert_true(!test_port.log[i].store || element || at == WORLD_USED);
    }
    test_port.count = 0;
}

/* What lies between the two positions is what is in flight, and each id is so once. */
static void assert_record_is_sound(const struct game *g)
{
    const struct vqg_ring *r = &g->w->device.ring;
    uint32_t lap = ((r->get ^ r->put) & 0x8000u) != 0u ? g->w->size : 0u;
    uint32_t between = (r->get & 0x7fffu) + lap - (r->put & 0x7fffu);
    uint32_t sum = 0;
    uint32_t heads = 0;
    unsigned i;
    assert_true((r->get & 0x7fffu) < g->w->size && (r->put & 0x7fffu) < g->w->size);
    assert_true((r->published & 0x7fffu) < g->w->size);
    for (i = 0; i < g->flying; i++) {
        sum += g->w->slots[g->turn[i]->head].count;
        assert_ptr_equal(g->w->slots[g->turn[i]->head].cookie, g->turn[i]);
    }
    for (i = 0; i < g->w->size; i++) {
        heads += g->w->slots[i].count != 0u && g->w->slots[i].cookie != NULL ? 1u : 0u;
    }
    assert_int_equal(heads, g->flying);
    assert_true(between <= g->w->size);
    /* Dropped lists that wait for their turn are between them as well. */
    assert_true(r->in_order ? sum <= between : sum == between);
}

static void give_back(struct game *g, struct vqg_chain *c)
{
    bool live = c->generation == g->w->device.judge.guard.generation;
    uint32_t written = c->writable == 0u || dice(g) % 2u == 0u ? c->writable : (uint32_t)dice(g) % (c->writable + 1u);
    unsigned i = 0;
    if (!live) {
        assert_status(vqg_device_push(&g->w->device, c, written), VQG_STALE);
        g->tally.stale++;
        return;
    }
    while (g->turn[i] != c) {
        i++;
    }
    if (i != 0u && g->w->device.ring.in_order) {
        assert_status(vqg_device_push(&g->w->device, c, written), VQG_BAD_ORDER);
        g->order++;
        return;
    }
    assert_status(vqg_device_push(&g->w->device, c, written), VQG_OK);
    g->flying--;
    memmove(&g->turn[i], &g->turn[i + 1u], (g->flying - i) * sizeof g->turn[0]);
}

static void take(struct game *g, struct vqg_chain *c)
{
    enum vqg_status st = adversary_pop(g->w, c, &g->tally);
    if (st == VQG_OK) {
        assert_chain_is_sound(g->w, c, 4, 4);
        g->turn[g->flying++] = c;
        g->long_ones += g->w->slots[c->head].count > 2u ? 1u : 0u;
        g->tables += c->table_first_ <= c->table_last_ ? 1u : 0u;
    } else {
        assert_int_equal(c->count, st == VQG_EMPTY ? c->count : 0u);
        assert_null(c->owner_);
    }
}

static void one_turn(struct game *g)
{
    struct vqg_device *d = &g->w->device;
    uint64_t r = dice(g);
    struct vqg_chain *c = &g->pool.chain[r / 16u % POOL_CHAINS];
    if (r % 16u == 0u) {
        (void)vqg_device_notify(d);
    } else if (r % 16u == 1u) {
        (void)vqg_device_kick_enable(d);
        vqg_device_kick_disable(d);
    } else if (c->owner_ != NULL) {
        give_back(g, c);
    } else if (g->flying != 0u && r / 1024u % 3u == 0u) {
        give_back(g, g->turn[0]);
    } else {
        take(g, c);
    }
    assert_stores(g->w);
    if (vqg_device_needs_reset(d)) {
        vqg_device_reset(d);
        assert_status(vqg_device_enable(d, &g->w->queue), VQG_OK);
        g->flying = 0;
    }
    assert_record_is_sound(g);
}

/* Plays with one configuration; `seed` says which. */
static void play(struct game *g, uint32_t seed, unsigned turns)
{
    static const uint32_t sizes[] = {1, 3, 7, 16, 23, 32};
    struct world *w = world_new(sizes[seed % 6u], VQG_F_RING_PACKED | VQG_F_INDIRECT_DESC |
                                                      (seed % 2u != 0u ? VQG_F_EVENT_IDX : 0u) |
                                                      (seed / 6u % 2u != 0u ? VQG_F_IN_ORDER : 0u));
    unsigned char *before = malloc(WORLD_BYTES);
    uint32_t i;
    assert_non_null(before);
    if (seed % 5u != 0u) {
        w->policy = vqg_profile_spec();
        w->policy.max_bytes_in_flight = 200;
    }
    w->policy.chain = seed % 3u != 0u ? VQG_CHAIN_DROP : VQG_CHAIN_LATCH;
    world_start_device(w);
    pool_init(&g->pool);
    /* What the unaligned tables are made of. */
    for (i = 0; i < 40u; i++) {
        peer_entry(w, WORLD_TABLES + i % 5u * 8u, i / 2u, world_addr(WORLD_DATA + 16u * i), 16, 0,
                   i % 4u / 2u * PACKED_WRITE);
    }
    memcpy(before, w->memory, WORLD_BYTES);
    g->w = w;
    g->flying = 0;
    g->x = 0x9e3779b97f4a7c15u * (seed + 1u);
    test_port.adversary = answer;
    test_port.context = g;
    for (i = 0; i < turns; i++) {
        one_turn(g);
    }
    assert_pins(w, &g->pool);
    assert_memory_equal(before + WORLD_AVAIL, w->memory + WORLD_AVAIL, WORLD_USED - WORLD_AVAIL);
    assert_memory_equal(before + WORLD_TABLES, w->memory + WORLD_TABLES, WORLD_BYTES - WORLD_TABLES);
    free(before);
    world_free(w);
}

static void x1_answers_that_change_with_every_load_lead_to_nothing_worse_than_a_status(void **state)
{
    struct game *g = calloc(1, sizeof *g);
    uint32_t seed;
    (void)state;
    assert_non_null(g);
    for (seed = 0; seed < 60u; seed++) {
        play(g, seed, 2000);
    }
    assert_tally(&g->tally);
    assert_true(g->long_ones > 500u);
    assert_true(g->tables > 200u);
    assert_true(g->order > 100u);
    free(g);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(x1_answers_that_change_with_every_load_lead_to_nothing_worse_than_a_status),
};

TEST_MAIN(tests)
