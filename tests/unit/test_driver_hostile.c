/* SPDX-License-Identifier: MIT */
/**
 * @file test_driver_hostile.c
 * @brief The driver under a device that answers every load as it likes: rules X1 to X5, X7, I13 and F2.
 */
#include "driver_util.h"

/* What the driver was asked to do while the port was watching. */
enum deed { DEED_ADD, DEED_KICK, DEED_TAKE, DEED_CALLBACK, DEED_RESET, DEED_RESTART };

typedef void (*check_fn)(const struct world *w, enum deed deed);

/* A chain as the test, not the library, remembers it; by head. */
struct loan {
    enum { LOAN_NONE, LOAN_ADDED, LOAN_KICKED } stage;
    uint32_t cookie;
    uint32_t writable;
};

struct foe {
    struct world *world;
    uint64_t seed;
    uint32_t next_cookie;
    uint32_t taken;
    uint32_t refused;
    struct loan loans[64];
};

static uint32_t roll(struct foe *f, uint32_t below)
{
    f->seed ^= f->seed << 13;
    f->seed ^= f->seed >> 7;
    f->seed ^= f->seed << 17;
    return below == 0u ? (uint32_t)(f->seed >> 16) : (uint32_t)(f->seed >> 16) % below;
}

static uint32_t any_lent(struct foe *f)
{
    uint32_t i = roll(f, f->world->size);
    uint32_t n;
    for (n = 0; n < f->world->size && f->loans[i].stage != LOAN_KICKED; n++) {
        i = (i + 1u) % f->world->size;
    }
    return i;
}

/* Plausible most of the time, so that lies are told deep in the ring too; never the same twice. */
static uint64_t answer(void *context, const volatile void *at, unsigned bytes, uint64_t value)
{
    struct foe *f = context;
    uint64_t offset = (uint64_t)((const volatile unsigned char *)at - f->world->memory) - WORLD_USED;
    uint16_t last = f->world->driver.ledger.ring.get;
    (void)value;
    if (offset == 2u) {
        value = roll(f, 40) == 0u ? roll(f, 0) : last + roll(f, 2);
    } else if (bytes == 4u && offset % 8u == 4u) {
        value = roll(f, 16) == 0u ? roll(f, f->world->size) : any_lent(f);
        value = roll(f, 20) == 0u ? roll(f, 0) : value + (roll(f, 40) == 0u ? (uint64_t)1 << (3u + roll(f, 29)) : 0u);
    } else if (bytes == 4u) {
        value = roll(f, 30) == 0u ? roll(f, 0) : roll(f, SEG_BYTES + 1u);
    } else {
        value = roll(f, 0);
    }
    return as_loaded(f->world, bytes, value);
}

static void watch(void)
{
    test_port.count = 0;
    test_port.loads = 0;
    test_port.stores = 0;
    test_port.nospecs = 0;
    test_port.invalidated = 0;
    test_port.cleaned = 0;
}

static void foe_add(struct foe *f)
{
    struct world *w = f->world;
    struct vqg_seg seg[8];
    struct vqg_request r = {seg, 0, 0, cookie(f->next_cookie), NULL, 0, 0};
    uint16_t position = w->driver.ledger.ring.put;
    uint32_t in = roll(f, 4);
    uint32_t out = in == 0u ? 1u : roll(f, 3);
    enum vqg_status st;
    make_segs(seg, out, in);
    r.count = out + in;
    if (roll(f, 2) == 0u) {
        uint64_t at = WORLD_TABLES + 256u * (uint64_t)(f->next_cookie % 64u);
        r.table = world_at(w, at);
        r.table_addr = world_addr(at);
        r.table_entries = 8;
    }
    st = vqg_driver_add_request(&w->driver, &r);
    if (st == VQG_OK) {
        struct loan *l = &f->loans[peer_get_avail_entry(w, position)];
        assert_int_equal(l->stage, LOAN_NONE);
        l->stage = LOAN_ADDED;
        l->cookie = f->next_cookie;
        l->writable = in * SEG_BYTES;
        f->next_cookie = (f->next_cookie + 1u) % COOKIES;
    } else {
        assert_true(st == VQG_FULL || st == VQG_BAD_COUNT || (st == VQG_BAD_LENGTH && in == 0u));
    }
}

static void foe_take(struct foe *f)
{
    struct vqg_done done = {0};
    enum vqg_status st = vqg_driver_take(&f->world->driver, &done);
    if (st == VQG_OK) {
        struct loan *l = &f->loans[done.id];
        assert_int_equal(l->stage, LOAN_KICKED);
        assert_ptr_equal(done.cookie, cookie(l->cookie));
        assert_true(done.len <= l->writable && done.len <= done.claimed);
        l->stage = LOAN_NONE;
        f->taken++;
    } else {
        assert_true(st == VQG_EMPTY || st == VQG_V_USED_JUMP || st == VQG_V_USED_ID_RANGE ||
                    st == VQG_V_USED_ID_OUTSTANDING || st == VQG_V_USED_LENGTH_MAX || st == VQG_V_USED_LENGTH_MIN);
        f->refused += st == VQG_EMPTY ? 0u : 1u;
    }
}

static void foe_reset(struct foe *f, check_fn check)
{
    struct world *w = f->world;
    struct vqg_done done;
    uint32_t i;
    assert_int_equal(vqg_driver_reset(&w->driver), VQG_OK);
    assert_int_equal(vqg_driver_reset_acked(&w->driver), VQG_OK);
    while (vqg_driver_reclaim(&w->driver, &done) == VQG_OK) {
        struct loan *l = &f->loans[done.id];
        assert_int_not_equal(l->stage, LOAN_NONE);
        assert_ptr_equal(done.cookie, cookie(l->cookie));
        l->stage = LOAN_NONE;
    }
    for (i = 0; i < w->size; i++) {
        assert_int_equal(f->loans[i].stage, LOAN_NONE);
    }
    check(w, DEED_RESET);
    watch();
    assert_int_equal(vqg_driver_restart(&w->driver), VQG_OK);
    check(w, DEED_RESTART);
}

/* What is not the driver's to read is rewritten under it: descriptors, avail ring, tables, used ring. */
static void foe_scribble(struct foe *f)
{
    static const uint64_t parts[] = {WORLD_DESC, WORLD_AVAIL, WORLD_TABLES, WORLD_USED};
    memset(world_at(f->world, parts[roll(f, 4)] + 8u * roll(f, 24)), (int)roll(f, 256), 1u + roll(f, 128));
}

static struct foe run_foe(uint32_t size, uint64_t features, enum vqg_length_policy length, bool big, uint32_t turns,
                          check_fn check)
{
    struct world *w = world_new(size, VQG_F_INDIRECT_DESC | features);
    struct foe f;
    uint32_t i;
    memset(&f, 0, sizeof f);
    f.world = w;
    f.seed = 0x9e3779b97f4a7c15u + size + length;
    w->policy.length = length;
    w->policy.min_length = length == VQG_LENGTH_REJECT ? 1 : 0;
    if (big) {
        w->big = true;
        w->queue.order = VQG_ORDER_BIG;
        w->queue.features &= ~VQG_F_VERSION_1;
        w->policy.required_features = 0;
    }
    world_start_driver(w);
    test_port.adversary = answer;
    test_port.context = &f;
    for (i = 0; i < turns; i++) {
        uint32_t j;
        foe_scribble(&f);
        watch();
        foe_add(&f);
        check(w, DEED_ADD);
        watch();
        if (roll(&f, 4) != 0u) {
            (void)vqg_driver_kick(&w->driver);
            for (j = 0; j < size; j++) {
                f.loans[j].stage = f.loans[j].stage == LOAN_ADDED ? LOAN_KICKED : f.loans[j].stage;
            }
            check(w, DEED_KICK);
        }
        watch();
        foe_take(&f);
        check(w, DEED_TAKE);
        watch();
        if (roll(&f, 16) == 0u) {
            if (roll(&f, 2) == 0u) {
                vqg_driver_callback_disable(&w->driver);
            } else {
                (void)vqg_driver_callback_enable(&w->driver);
            }
            check(w, DEED_CALLBACK);
        }
        watch();
        if (vqg_driver_needs_reset(&w->driver) || roll(&f, 1000) == 0u) {
            foe_reset(&f, check);
        }
        if (i % 1000u == 0u) {
            world_check_canaries(w);
        }
    }
    world_free(w);
    return f;
}

/* Where an access went, as an offset in the world's memory. */
static uint64_t offset_of(const struct world *w, const struct test_access *a)
{
    return (uint64_t)((const volatile unsigned char *)a->at - w->memory);
}

static bool within(const struct world *w, const struct test_access *a, uint64_t first, uint64_t bytes)
{
    uint64_t at = offset_of(w, a);
    return at >= first && at + a->bytes <= first + bytes;
}

static void no_check(const struct world *w, enum deed deed)
{
    (void)w;
    (void)deed;
}

static void check_single_fetch(const struct world *w, enum deed deed)
{
    size_t i;
    size_t j;
    assert_in_range(test_port.count, 0, 64);
    for (i = 0; i < test_port.count; i++) {
        const struct test_access *a = &test_port.log[i];
        for (j = 0; j < i && !a->store; j++) {
            const struct test_access *b = &test_port.log[j];
            bool apart = offset_of(w, a) >= offset_of(w, b) + b->bytes || offset_of(w, b) >= offset_of(w, a) + a->bytes;
            if (!b->store && !apart) { /* used.idx alone, and only after arming in between */
                assert_int_equal(deed, DEED_TAKE);
                assert_int_equal(offset_of(w, a), WORLD_USED + 2u);
                assert_int_equal(i, 2);
                assert_true(test_port.log[1].store);
            }
        }
    }
}

static void check_widths(const struct world *w, enum deed deed)
{
    size_t i;
    (void)deed;
    for (i = 0; i < test_port.count; i++) {
        const struct test_access *a = &test_port.log[i];
        uint64_t at = offset_of(w, a);
        if (within(w, a, WORLD_DESC, 16u * (uint64_t)w->size) || within(w, a, WORLD_TABLES, 64u * 256u)) {
            assert_int_equal(a->bytes, 8);
            assert_int_equal(at % 8u, 0);
        } else if (within(w, a, WORLD_USED + 4u, 8u * (uint64_t)w->size)) {
            assert_int_equal(a->bytes, 4);
            assert_int_equal(at % 4u, 0);
        } else {
            assert_int_equal(a->bytes, 2);
            assert_int_equal(at % 2u, 0);
        }
    }
}

static void check_write_only(const struct world *w, enum deed deed)
{
    uint64_t used_event = WORLD_AVAIL + 4u + 2u * (uint64_t)w->size;
    uint64_t avail_event = WORLD_USED + 4u + 8u * (uint64_t)w->size;
    size_t i;
    for (i = 0; i < test_port.count; i++) {
        const struct test_access *a = &test_port.log[i];
        uint64_t at = offset_of(w, a);
        bool mine = within(w, a, WORLD_DESC, 16u * (uint64_t)w->size) || within(w, a, WORLD_TABLES, 64u * 256u) ||
                    within(w, a, WORLD_AVAIL, 6u + 2u * (uint64_t)w->size);
        if (!a->store) { /* nothing of the driver's own is ever loaded */
            assert_false(mine);
            if (deed == DEED_KICK) {
                assert_true(at == WORLD_USED || at == avail_event);
            } else {
                assert_true(deed == DEED_TAKE || deed == DEED_CALLBACK);
                assert_true(within(w, a, WORLD_USED + 2u, 2u + 8u * (uint64_t)w->size));
            }
        } else if (deed == DEED_TAKE) {
            assert_int_equal(at, used_event);
        } else {
            assert_int_not_equal(deed, DEED_RESET);
            assert_true(mine || deed == DEED_RESTART);
        }
    }
}

static void x1_no_byte_is_loaded_twice_but_the_index_after_arming(void **state)
{
    (void)state;
    (void)run_foe(8, 0, VQG_LENGTH_REJECT, false, 20000, check_single_fetch);
    (void)run_foe(8, VQG_F_EVENT_IDX, VQG_LENGTH_CLAMP, true, 20000, check_single_fetch);
}

static void x2_every_access_has_the_width_and_alignment_of_its_field(void **state)
{
    (void)state;
    (void)run_foe(8, 0, VQG_LENGTH_CLAMP, true, 20000, check_widths);
    (void)run_foe(8, VQG_F_EVENT_IDX, VQG_LENGTH_REJECT, false, 20000, check_widths);
}

static void x4_nothing_the_driver_wrote_is_loaded_and_nothing_else_is_stored(void **state)
{
    (void)state;
    (void)run_foe(8, 0, VQG_LENGTH_CLAMP, false, 20000, check_write_only);
    (void)run_foe(8, VQG_F_EVENT_IDX, VQG_LENGTH_REJECT, false, 20000, check_write_only);
}

static void f2_a_hundred_thousand_turns_of_lies_return_only_what_was_lent(void **state)
{
    static const struct {
        uint32_t size;
        uint64_t features;
        enum vqg_length_policy length;
        bool big;
    } cases[] = {{1, 0, VQG_LENGTH_CLAMP, false}, {16, VQG_F_EVENT_IDX, VQG_LENGTH_REJECT, false},
                 {64, VQG_F_EVENT_IDX, VQG_LENGTH_COUNT, true}};
    size_t i;
    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct foe f = run_foe(cases[i].size, cases[i].features, cases[i].length, cases[i].big, 100000, no_check);
        assert_in_range(f.taken, 5000, 100000); /* the lies are mixed with truths */
        assert_in_range(f.refused, 1000, 100000);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(x1_no_byte_is_loaded_twice_but_the_index_after_arming),
    cmocka_unit_test(x2_every_access_has_the_width_and_alignment_of_its_field),
    cmocka_unit_test(x4_nothing_the_driver_wrote_is_loaded_and_nothing_else_is_stored),
    cmocka_unit_test(f2_a_hundred_thousand_turns_of_lies_return_only_what_was_lent),
};

TEST_MAIN(tests)
