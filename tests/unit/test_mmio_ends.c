/* SPDX-License-Identifier: MIT */
/**
 * @file test_mmio_ends.c
 * @brief mmio.h on mmio_device.h: a driver's whole life through a register file, split and packed; buffers go both ways.
 */
#include "mmio_device_util.h"

#define SLOTS 64u

/* Both sides in one world; the driver's hooks go straight to the register file, as a trap's handler would. */
struct ends {
    struct world *w;
    struct file f;
    struct vqg_mmio m;
    struct vqg_slot slots[SLOTS]; /* the driver's; the world's are the device's */
    uint32_t max;                 /* what the driver learned */
    uint32_t busy;                /* the owner needs so many looks of the driver's to drain */
    bool set_up;                  /* vqg_device_init() was called */
    bool refuses;                 /* the owner has no room for queues */
    enum vqg_mmio_event_kind owed; /* what it has yet to end */
    uint32_t served;
    uint32_t kicks;
};

/* The owner enables a queue as the driver described it. */
static bool enable(struct ends *e, uint32_t index)
{
    struct vqg_queue q;
    enum vqg_status st;
    assert_status(vqg_mmio_device_queue(&e->f.d, index, &q), VQG_OK);
    if (e->refuses) {
        return false;
    }
    if (e->set_up) {
        st = vqg_device_enable(&e->w->device, &q);
    } else {
        st = vqg_device_init(&e->w->device, &q, &e->w->policy, &e->w->lookup, e->w->slots, e->w->nslots);
        e->set_up = true;
    }
    assert_status(st, VQG_OK);
    return true;
}

/* What is in the queue is answered: every writable byte becomes the sum of what is readable. */
static void serve(struct ends *e)
{
    vqg_chain_init(&e->w->chain, e->w->segs, WORLD_SEGS);
    while (vqg_device_pop(&e->w->device, &e->w->chain) == VQG_OK) {
        uint8_t out[64] = {0};
        uint8_t in[64];
        uint32_t bytes = e->w->chain.writable;
        uint8_t sum = 0;
        uint32_t i;
        assert_in_range(bytes, 1, sizeof in);
        assert_status(vqg_chain_read(&e->w->chain, 0, out, e->w->chain.readable), VQG_OK);
        for (i = 0; i < sizeof out; i++) {
            sum = (uint8_t)(sum + out[i]);
        }
        memset(in, sum, sizeof in);
        assert_status(vqg_chain_write(&e->w->chain, 0, in, bytes), VQG_OK);
        assert_status(vqg_device_push(&e->w->device, &e->w->chain, bytes), VQG_OK);
        e->served++;
    }
    if (vqg_device_notify(&e->w->device)) {
        assert_true(vqg_mmio_device_interrupt(&e->f.d, 1));
    }
}

/* Everything is drained: the driver may see that it is over. */
static void end_owed(struct ends *e)
{
    if (e->owed == VQG_MMIO_RESET) {
        assert_status(vqg_mmio_device_reset_done(&e->f.d), VQG_OK);
    } else if (e->owed == VQG_MMIO_QUEUE_STOP) {
        assert_status(vqg_mmio_device_settle(&e->f.d, 0, false), VQG_OK);
    }
    e->owed = VQG_MMIO_NOTHING;
}

static void act(struct ends *e, const struct vqg_mmio_event *event)
{
    if (event->kind == VQG_MMIO_QUEUE_START) {
        assert_status(vqg_mmio_device_settle(&e->f.d, event->at.queue, enable(e, event->at.queue)), VQG_OK);
    } else if (event->kind == VQG_MMIO_QUEUE_STOP || event->kind == VQG_MMIO_RESET) {
        if (e->set_up) {
            vqg_device_reset(&e->w->device);
        }
        e->owed = event->kind;
        if (e->busy == 0u) {
            end_owed(e);
        }
    } else if (event->kind == VQG_MMIO_NOTIFY) {
        e->kicks++;
        serve(e);
    }
}

static uint32_t hook_read(void *context, uint32_t offset, uint32_t width)
{
    struct ends *e = context;
    uint32_t value;
    assert_status(vqg_mmio_device_read(&e->f.d, offset, width, &value), VQG_OK);
    return value;
}

static void hook_write(void *context, uint32_t offset, uint32_t value)
{
    struct ends *e = context;
    struct vqg_mmio_event event;
    assert_status(vqg_mmio_device_write(&e->f.d, offset, 4, value, &event), VQG_OK);
    act(e, &event);
}

static bool hook_wait(void *context)
{
    struct ends *e = context;
    if (e->busy == 0u) {
        return false;
    }
    e->busy--;
    if (e->busy == 0u) {
        end_owed(e);
    }
    return true;
}

static struct ends *ends_new(uint32_t size, uint64_t features)
{
    static struct ends e;
    struct vqg_mmio_hooks hooks = {hook_read, hook_write, hook_wait, &e};
    memset(&e, 0, sizeof e);
    e.w = world_new(size, features);
    file_shown(&e.f);
    e.f.shown.features = 0x40u | features | VQG_F_VERSION_1 | VQG_F_RING_RESET;
    e.f.shown.required = features;
    e.f.shown.count = 1;
    assert_status(vqg_mmio_device_init(&e.f.d, &e.f.shown), VQG_OK);
    assert_status(vqg_mmio_probe(&e.m, &hooks, 2), VQG_OK);
    assert_int_equal(e.m.device_id, 2);
    return &e;
}

/* From reset to a queue's description. */
static struct vqg_queue come_up(struct ends *e)
{
    struct vqg_queue q = e->w->queue;
    assert_status(vqg_mmio_reset(&e->m), VQG_OK);
    assert_status(vqg_mmio_begin(&e->m), VQG_OK);
    assert_status(vqg_mmio_negotiate(&e->m, 0x40u | VQG_F_RING_RESET, e->w->queue.features, NULL, 0), VQG_OK);
    assert_int_equal(e->m.features, 0x40u | VQG_F_RING_RESET | e->w->queue.features);
    assert_status(vqg_mmio_queue_max(&e->m, 1, &e->max), VQG_BAD_INDEX);
    assert_status(vqg_mmio_queue_max(&e->m, 0, &e->max), VQG_OK);
    assert_int_equal(e->max, 64);
    q.features = e->m.features;
    q.size_max = e->max;
    return q;
}

/* `n` requests, each of which is answered. */
static void exchange(struct ends *e, uint32_t n)
{
    struct vqg_seg seg[2] = {vqg_out(NULL, 4), vqg_in(NULL, 3)};
    struct vqg_done done;
    uint32_t before = e->served;
    uint32_t about = 0;
    uint32_t i;
    for (i = 0; i < n; i++) {
        uint64_t at = WORLD_DATA + 64u * (uint64_t)i;
        uint8_t *byte = world_at(e->w, at);
        seg[0].addr = world_addr(at);
        seg[1].addr = world_addr(at + 8u);
        memset(byte, (int)i + 1, 4);
        memset(byte + 4, 0, 8);
        assert_status(vqg_driver_add(&e->w->driver, seg, 2, byte), VQG_OK);
        if (vqg_driver_kick(&e->w->driver)) {
            assert_status(vqg_mmio_notify(&e->m, vqg_driver_notification(&e->w->driver)), VQG_OK);
        }
        assert_status(vqg_mmio_interrupt(&e->m, &about), VQG_OK);
        assert_int_equal(about, 1);
        assert_status(vqg_driver_take(&e->w->driver, &done), VQG_OK);
        assert_ptr_equal(done.cookie, byte);
        assert_int_equal(done.len, 3);
        assert_int_equal(byte[8], (uint8_t)(4u * (i + 1u)));
        assert_int_equal(byte[10], (uint8_t)(4u * (i + 1u)));
        assert_int_equal(byte[11], 0);
        assert_status(vqg_driver_take(&e->w->driver, &done), VQG_EMPTY);
        assert_status(vqg_mmio_interrupt(&e->m, &about), VQG_OK);
        assert_int_equal(about, 0);
    }
    assert_int_equal(e->served, before + n);
}

/* Two requests that nobody is told of: they come back unanswered once the reset is acknowledged. */
static void lend_and_reclaim(struct ends *e, enum vqg_status (*reset)(struct ends *))
{
    struct vqg_seg seg = vqg_in(NULL, 16);
    struct vqg_done done;
    seg.addr = world_addr(WORLD_DATA);
    assert_status(vqg_driver_add(&e->w->driver, &seg, 1, &seg), VQG_OK);
    assert_status(vqg_driver_add(&e->w->driver, &seg, 1, &seg), VQG_OK);
    (void)vqg_driver_kick(&e->w->driver);
    assert_status(vqg_driver_reset(&e->w->driver), VQG_OK);
    /* The owner takes longer than the driver waits at first. */
    e->busy = UINT32_MAX;
    e->m.hooks.wait = NULL;
    assert_status(reset(e), VQG_TIMEOUT);
    assert_int_equal(vqg_mmio_violation(&e->m)->rule, VQG_RULE_RESET_BOUNDED);
    assert_status(vqg_driver_reclaim(&e->w->driver, &done), VQG_BAD_STATE);
    e->busy = 5;
    e->m.hooks.wait = hook_wait;
    assert_status(reset(e), VQG_OK);
    assert_int_equal(e->busy, 0);
    assert_status(vqg_driver_reset_acked(&e->w->driver), VQG_OK);
    assert_status(vqg_driver_reclaim(&e->w->driver, &done), VQG_OK);
    assert_int_equal(done.len, 0);
    assert_status(vqg_driver_reclaim(&e->w->driver, &done), VQG_OK);
    assert_status(vqg_driver_reclaim(&e->w->driver, &done), VQG_EMPTY);
    assert_status(vqg_driver_restart(&e->w->driver), VQG_OK);
}

static enum vqg_status reset_all(struct ends *e)
{
    return vqg_mmio_reset(&e->m);
}

static enum vqg_status reset_queue(struct ends *e)
{
    return vqg_mmio_queue_reset(&e->m, 0);
}

static void live(uint64_t features, uint32_t size)
{
    struct ends *e = ends_new(size, features);
    struct vqg_queue q = come_up(e);
    uint64_t capacity = 0;
    uint32_t queues = 0;
    uint32_t turn;
    assert_status(vqg_mmio_config(&e->m, 0, 8, 1, UINT64_MAX, &capacity), VQG_OK);
    assert_int_equal(capacity, 0x8887868584838281u);
    assert_status(vqg_mmio_config_count(&e->m, 12, 2, 16, &queues), VQG_OK);
    assert_int_equal(queues, 16);
    assert_status(vqg_driver_init(&e->w->driver, &q, &e->w->policy, e->slots, SLOTS), VQG_OK);
    assert_status(vqg_mmio_queue_enable(&e->m, &q), VQG_OK);
    assert_status(vqg_mmio_driver_ok(&e->m), VQG_OK);
    for (turn = 0; turn < 3u; turn++) {
        exchange(e, 3u * size + turn);
        /* One queue alone, and then the whole device; each time all begins anew. */
        lend_and_reclaim(e, reset_queue);
        assert_status(vqg_mmio_queue_enable(&e->m, &q), VQG_OK);
        exchange(e, size + 1u);
        lend_and_reclaim(e, reset_all);
        q = come_up(e);
        assert_status(vqg_mmio_queue_enable(&e->m, &q), VQG_OK);
        assert_status(vqg_mmio_driver_ok(&e->m), VQG_OK);
    }
    exchange(e, size);
    assert_status(vqg_mmio_check(&e->m), VQG_OK);
    assert_int_equal(e->kicks, e->served);
    assert_int_equal(vqg_mmio_device_violation(&e->f.d)->rule, VQG_RULE_NONE);
    assert_status(vqg_mmio_reset(&e->m), VQG_OK);
    world_free(e->w);
}

static void split_queue_lives_through_resets(void **state)
{
    (void)state;
    live(0, 8);
    live(VQG_F_EVENT_IDX, 64);
    live(VQG_F_NOTIFICATION_DATA, 2);
}

static void packed_queue_lives_through_resets(void **state)
{
    (void)state;
    live(VQG_F_RING_PACKED, 7);
    live(VQG_F_RING_PACKED | VQG_F_EVENT_IDX, 64);
    live(VQG_F_RING_PACKED | VQG_F_NOTIFICATION_DATA, 3);
}

static void a_device_that_refuses_a_queue_is_noticed(void **state)
{
    struct ends *e = ends_new(8, 0);
    struct vqg_queue q = come_up(e);
    (void)state;
    e->refuses = true;
    assert_violation(vqg_mmio_violation(&e->m), vqg_mmio_queue_enable(&e->m, &q), VQG_RULE_DEVICE_REGISTER, 0x044, 0, 1);
    assert_status(vqg_mmio_fail(&e->m), VQG_OK);
    assert_int_equal(e->f.d.status & 0x80u, 0x80);
    e->refuses = false;
    q = come_up(e);
    assert_status(vqg_mmio_queue_enable(&e->m, &q), VQG_OK);
    assert_status(vqg_mmio_driver_ok(&e->m), VQG_OK);
    world_free(e->w);
}

static void a_device_that_requires_more_is_noticed(void **state)
{
    struct ends *e = ends_new(8, VQG_F_EVENT_IDX);
    struct vqg_mmio_event event;
    (void)state;
    assert_status(vqg_mmio_reset(&e->m), VQG_OK);
    assert_status(vqg_mmio_begin(&e->m), VQG_OK);
    /* Written behind the driver's back: what the device does with less than it requires. */
    assert_status(vqg_mmio_device_write(&e->f.d, 0x070, 4, 0x0b, &event), VQG_V_FEATURES_OFFERED);
    assert_int_equal(event.kind, VQG_MMIO_NOTHING);
    assert_int_equal(e->f.d.status, 3);
    world_free(e->w);
}

static void a_device_that_fails_stops_its_driver(void **state)
{
    struct ends *e = ends_new(8, 0);
    struct vqg_queue q = come_up(e);
    uint32_t about = 0;
    (void)state;
    assert_status(vqg_mmio_queue_enable(&e->m, &q), VQG_OK);
    assert_status(vqg_mmio_driver_ok(&e->m), VQG_OK);
    assert_true(vqg_mmio_device_fail(&e->f.d));
    assert_status(vqg_mmio_interrupt(&e->m, &about), VQG_OK);
    assert_int_equal(about, 2);
    assert_status(vqg_mmio_check(&e->m), VQG_DEAD);
    assert_status(vqg_mmio_notify(&e->m, 0), VQG_DEAD);
    q = come_up(e);
    assert_status(vqg_mmio_queue_enable(&e->m, &q), VQG_OK);
    assert_status(vqg_mmio_driver_ok(&e->m), VQG_OK);
    assert_status(vqg_mmio_check(&e->m), VQG_OK);
    world_free(e->w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(split_queue_lives_through_resets),
    cmocka_unit_test(packed_queue_lives_through_resets),
    cmocka_unit_test(a_device_that_refuses_a_queue_is_noticed),
    cmocka_unit_test(a_device_that_requires_more_is_noticed),
    cmocka_unit_test(a_device_that_fails_stops_its_driver),
};

TEST_MAIN(tests)
