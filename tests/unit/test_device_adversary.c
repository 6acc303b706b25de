/* SPDX-License-Identifier: MIT */
/**
 * @file test_device_adversary.c
 * @brief An adversary that answers each shared load anew, at random, for 100,000 calls.
 *
 * Nothing in shared memory is ever true here. Whatever the answers are, a call
 * ends in a status that it may have, a chain that is handed out is covered byte
 * by byte, and nothing is written but the used ring.
 */
#include "adversary_util.h"

struct adversary {
    struct world *w;
    uint64_t x;
    bool forward; /* a direct descriptor's next is one that was not there yet */
};

static uint64_t dice(struct adversary *a)
{
    return adversary_dice(&a->x);
}

/* An address that is worth trying. */
static uint64_t some_address(struct adversary *a)
{
    static const uint64_t near[] = {WORLD_DATA,   WORLD_DATA + 0x4000u, WORLD_DATA + 0x8000u, WORLD_RDONLY, WORLD_WRONLY,
                                    WORLD_HOLE,   WORLD_TABLES,         WORLD_TABLES + 0x100u, WORLD_DESC,  WORLD_AVAIL,
                                    WORLD_USED,   WORLD_DATA + 0xc000u};
    uint64_t r = dice(a);
    if (r % 64u == 0u) {
        return dice(a) << 16 ^ dice(a);
    }
    return WORLD_BASE + near[r / 64u % COUNT_OF(near)] + (r / 1024u % 4u != 0u ? 0u : dice(a) % 64u) - (r / 4096u % 8u == 0u ? 32u : 0u);
}

/* The second word of descriptor `i`. */
static uint64_t some_word(struct adversary *a, uint32_t i, bool direct)
{
    uint32_t size = a->w->size;
    uint64_t r = dice(a);
    uint32_t len = (uint32_t)(r % 4u != 0u ? r / 4u % 64u : 16u * (r / 4u % 9u));
    unsigned flags = r / 512u % 8u == 0u ? D_INDIRECT : (unsigned)(r / 4096u % 4u);
    unsigned next = (unsigned)(r / 16384u % (size + (r / 1048576u % 32u == 0u ? 2u : 0u)));
    if (r / 8388608u % 64u == 0u) {
        len = (uint32_t)dice(a);
    }
    if (r / 536870912u % 128u == 0u) {
        flags = (unsigned)dice(a) & 0xffffu;
    }
    if (direct && a->forward && next <= i) {
        next = i + 1u;
    }
    return desc_word(a->w, len, flags, next);
}

static uint64_t answer(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    struct adversary *a = context;
    uint64_t offset = (uint64_t)((const volatile unsigned char *)at - a->w->memory);
    uint64_t r = dice(a);
    uint64_t v = r;
    if (bytes == 1u) {
        return r % 512u == 0u ? r >> 16 & 0xffu : value;
    }
    if (bytes == 8u) {
        bool direct = offset < WORLD_AVAIL;
        v = offset % 16u == 8u ? some_word(a, (uint32_t)(offset / 16u), direct) : some_address(a);
    } else if (offset == WORLD_AVAIL + 2u) {
        v = (uint64_t)a->w->device.ring.get + (r % 256u != 0u ? r / 256u % 3u : r / 256u);
    } else if (offset >= WORLD_AVAIL + 4u && offset < WORLD_AVAIL + 4u + 2u * a->w->size) {
        v = r % 128u != 0u ? r / 128u % a->w->size : r / 128u;
    }
    return as_loaded(a->w, bytes == 8u ? v : v & 0xffffu, bytes);
}

static void assert_canaries_stand(const struct world *w)
{
    static unsigned char canary[WORLD_CANARY];
    const unsigned char *const begin[3] = {w->memory, (const unsigned char *)w->slots, (const unsigned char *)w->segs};
    const size_t bytes[3] = {WORLD_BYTES, w->nslots * sizeof w->slots[0], WORLD_SEGS * sizeof w->segs[0]};
    unsigned i;
    memset(canary, w->memory[-1], sizeof canary);
    for (i = 0; i < 3u; i++) {
        assert_true(memcmp(begin[i] - WORLD_CANARY, canary, WORLD_CANARY) == 0);
        assert_true(memcmp(begin[i] + bytes[i], canary, WORLD_CANARY) == 0);
    }
}

/* Everything that was stored in the latest call went into the used ring. */
static void assert_stores(const struct world *w)
{
    size_t i;
    assert_true(test_port.count <= TEST_LOG_MAX);
    for (i = 0; i < test_port.count; i++) {
        uint64_t at = (uint64_t)((const volatile unsigned char *)test_port.log[i].at - w->memory);
        assert_true(!test_port.log[i].store ||
                    (at >= WORLD_USED && at + test_port.log[i].bytes <= WORLD_USED + 6u + 8u * w->size));
    }
    test_port.count = 0;
    test_port.loads = 0;
    test_port.stores = 0;
}

/* Slots, seen from outside: each head in flight owns as many descriptors as it counts, itself among them, and no other
 * slot is the head of anything. */
static void assert_record_is_sound(const struct world *w, const struct pool *p)
{
    bool heads[32] = {false};
    uint32_t i;
    for (i = 0; i < POOL_CHAINS; i++) {
        const struct vqg_chain *c = &p->chain[i];
        const struct vqg_slot *head = &w->slots[c->head];
        uint32_t owned = 0;
        uint32_t k;
        if (c->owner_ == NULL || c->generation != w->device.judge.guard.generation) {
            continue;
        }
        assert_false(heads[c->head]);
        heads[c->head] = true;
        for (k = 0; k < w->size; k++) {
            owned += w->slots[k].owner == c->head && w->slots[k].serial == head->serial ? 1u : 0u;
        }
        assert_true(head->serial != 0u && head->owner == c->head);
        assert_true(owned != 0u && owned <= w->size);
        assert_int_equal(head->count, owned);
    }
    for (i = 0; i < w->size; i++) {
        assert_int_equal(w->slots[i].count != 0u, heads[i]);
    }
}

struct game {
    struct world *w;
    struct pool pool;
    struct adversary adversary;
    struct tally tally;
};

static void give_back(struct game *g, struct vqg_chain *c)
{
    bool live = c->generation == g->w->device.judge.guard.generation;
    uint32_t written = c->writable == 0u ? 0u : (uint32_t)dice(&g->adversary) % (c->writable + 1u);
    assert_status(vqg_device_push(&g->w->device, c, written), live ? VQG_OK : VQG_STALE);
    g->tally.stale += live ? 0u : 1u;
}

static void one_turn(struct game *g)
{
    struct vqg_device *d = &g->w->device;
    uint64_t r = dice(&g->adversary);
    struct vqg_chain *c = &g->pool.chain[r / 16u % POOL_CHAINS];
    if (c->owner_ != NULL) {
        give_back(g, c);
    } else if (r % 16u < 13u) {
        if (adversary_pop(g->w, c, &g->tally) == VQG_OK) {
            assert_chain_is_sound(g->w, c, 6u + 2u * g->w->size, 6u + 8u * g->w->size);
        }
    } else if (r % 16u < 15u) {
        (void)vqg_device_notify(d);
    } else {
        (void)vqg_device_kick_enable(d);
        vqg_device_kick_disable(d);
    }
    assert_stores(g->w);
    if (vqg_device_needs_reset(d)) {
        vqg_device_reset(d);
        assert_status(vqg_device_enable(d, &g->w->queue), VQG_OK);
    }
}

/* Plays with one configuration; `seed` says which. */
static void play(struct game *g, uint32_t seed, unsigned turns)
{
    struct world *w = world_new(1u << seed % 5u, VQG_F_INDIRECT_DESC | (seed % 2u != 0u ? VQG_F_EVENT_IDX : 0u));
    unsigned char *before = malloc(WORLD_BYTES);
    uint32_t i;
    assert_non_null(before);
    if (seed % 3u != 0u) {
        w->policy = vqg_profile_spec();
        w->policy.max_bytes_in_flight = 100;
    }
    if (seed % 7u == 1u) {
        make_big(w);
    }
    w->policy.chain = seed / 5u % 2u != 0u ? VQG_CHAIN_DROP : VQG_CHAIN_LATCH;
    world_start_device(w);
    pool_init(&g->pool);
    /* What the unaligned tables are made of. */
    for (i = 0; i < 40u; i++) {
        peer_entry(w, WORLD_TABLES + i % 5u * 8u, i / 2u, world_addr(WORLD_DATA + 16u * i), 16, i % 4u, i % 3u);
    }
    memcpy(before, w->memory, WORLD_BYTES);
    g->w = w;
    g->adversary.w = w;
    g->adversary.x = 0x9e3779b97f4a7c15u * (seed + 1u);
    test_port.adversary = answer;
    test_port.context = &g->adversary;
    for (i = 0; i < turns; i++) {
        one_turn(g);
        assert_record_is_sound(w, &g->pool);
        if (i % 16u == 0u) { /* a canary that is hurt stays hurt */
            assert_canaries_stand(w);
        }
    }
    assert_pins(w, &g->pool);
    assert_memory_equal(before, w->memory, WORLD_USED);
    assert_memory_equal(before + WORLD_TABLES, w->memory + WORLD_TABLES, WORLD_BYTES - WORLD_TABLES);
    free(before);
    world_free(w);
}

static void play_all(bool forward)
{
    struct game *g = calloc(1, sizeof *g);
    uint32_t seed;
    assert_non_null(g);
    g->adversary.forward = forward;
    for (seed = 0; seed < 50u; seed++) {
        play(g, seed, 2000);
    }
    assert_tally(&g->tally);
    free(g);
}

static void x1_answers_that_change_with_every_load_lead_to_nothing_worse_than_a_status(void **state)
{
    (void)state;
    play_all(true);
}

static void s5_walk_that_returns_to_where_it_was_leaves_the_record_sound(void **state)
{
    (void)state;
    play_all(false);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(x1_answers_that_change_with_every_load_lead_to_nothing_worse_than_a_status),
    cmocka_unit_test(s5_walk_that_returns_to_where_it_was_leaves_the_record_sound),
};

TEST_MAIN(tests)
