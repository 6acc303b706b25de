/* SPDX-License-Identifier: MIT */
/**
 * @file bench.c
 * @brief One shape of work, repeated, for counting instructions and time.
 *
 * bench FORMAT SIDE TABLE SIZE SEGMENTS BATCH CAPABILITIES PLACE REQUESTS
 *
 * Prints the number of requests and the nanoseconds of one; instructions are
 * counted from outside (see measure.h).
 */
#include "measure.h"

#include "bench.h"

static const struct format *const formats[] = {&format_split, &format_split_in_order, &format_packed,
                                               &format_packed_in_order};

static struct memory memory;
static struct ring ring;
static const struct format *format;
static struct shape shape;
static struct vqg_slot slots[VQG_QUEUE_SIZE_MAX];
static struct vqg_driver driver;
static struct vqg_device device;
static struct vqg_ledger ledger;
static struct vqg_seg segs[BATCH_MAX][SEGMENTS_MAX];
static struct vqg_request requests[BATCH_MAX];
static struct vqg_chain chains[BATCH_MAX];
static uint16_t ids[BATCH_MAX][SEGMENTS_MAX];
static uint16_t heads[BATCH_MAX];
static struct vqg_done dones[BATCH_MAX];

static void work_add(void)
{
    uint32_t i;
    for (i = 0; i < shape.batch; i++) {
        must(vqg_driver_add(&driver, segs[i], shape.segments, &requests[i]) == VQG_OK, "add");
    }
    (void)vqg_driver_kick(&driver);
}

static void work_add_indirect(void)
{
    uint32_t i;
    for (i = 0; i < shape.batch; i++) {
        must(vqg_driver_add_request(&driver, &requests[i]) == VQG_OK, "add");
    }
    (void)vqg_driver_kick(&driver);
}

static void work_take(void)
{
    uint32_t i;
    for (i = 0; i < shape.batch; i++) {
        must(vqg_driver_take(&driver, &dones[i]) == VQG_OK, "take");
    }
}

static void work_pop(void)
{
    uint32_t i;
    for (i = 0; i < shape.batch; i++) {
        must(vqg_device_pop(&device, &chains[i]) == VQG_OK, "pop");
    }
}

static void work_push(void)
{
    uint32_t i;
    for (i = 0; i < shape.batch; i++) {
        must(vqg_device_push(&device, &chains[i], chains[i].writable) == VQG_OK, "push");
    }
    (void)vqg_device_notify(&device);
}

static void work_publish(void)
{
    uint32_t i;
    for (i = 0; i < shape.batch; i++) {
        must(vqg_ledger_publish(&ledger, ids[i], shape.segments, writable_of(&shape), &requests[i]) == VQG_OK,
             "publish");
    }
}

static void work_ledger_take(void)
{
    uint32_t i;
    for (i = 0; i < shape.batch; i++) {
        must(vqg_ledger_take(&ledger, &dones[i]) == VQG_OK, "ledger take");
    }
}

/* Work that was left out costs nothing: what came out is looked at, in every build, where it does not count. */
static void check_completions(void)
{
    uint32_t i;
    for (i = 0; i < shape.batch; i++) {
        must(dones[i].cookie == &requests[i] && dones[i].len == writable_of(&shape) &&
                 dones[i].count == descriptors_of(&shape),
             "completion");
    }
}

static void check_chains(void)
{
    uint32_t i;
    uint32_t n;
    for (i = 0; i < shape.batch; i++) {
        const struct vqg_chain *c = &chains[i];
        must(c->count == shape.segments && c->readable == 64u && c->writable == writable_of(&shape), "chain");
        for (n = 0; n < shape.segments; n++) {
            must(c->seg[n].addr == segs[i][n].addr && c->seg[n].map == (void *)(uintptr_t)segs[i][n].addr &&
                     c->seg[n].len == 64u && c->seg[n].write == (n != 0u),
                 "segment");
        }
    }
}

static void driver_turn(void)
{
    timed(shape.indirect ? work_add_indirect : work_add);
    format->answer(&ring, &shape, NULL);
    timed(work_take);
    check_completions();
}

static void device_turn(void)
{
    format->ask(&ring, &shape, segs);
    timed(work_pop);
    check_chains();
    timed(work_push);
}

static void ledger_turn(void)
{
    timed(work_publish);
    format->answer(&ring, &shape, heads);
    timed(work_ledger_take);
    check_completions();
}

static struct vqg_cap *make_caps(uint32_t count)
{
    struct vqg_cap *caps = calloc(count, sizeof *caps);
    uint32_t i;
    must(caps != NULL, "calloc");
    for (i = 0; i < count; i++) {
        caps[i].base = cap_base(&memory, i);
        caps[i].size = cap_size(i);
        caps[i].map = (void *)(uintptr_t)caps[i].base;
        caps[i].rights = VQG_CAP_READ | VQG_CAP_WRITE;
    }
    must(FAR > caps[0].base + caps[0].size, "address of the queue");
    return caps;
}

static void make_requests(void)
{
    uint32_t i;
    uint32_t n;
    for (i = 0; i < shape.batch; i++) {
        for (n = 0; n < shape.segments; n++) {
            ids[i][n] = (uint16_t)(i * shape.segments + n);
        }
        heads[i] = ids[i][0];
        requests[i].seg = segs[i];
        requests[i].count = shape.segments;
        requests[i].cookie = &requests[i];
        requests[i].table = memory.tables[i];
        requests[i].table_addr = (uint64_t)(uintptr_t)memory.tables[i];
        requests[i].table_entries = shape.segments;
    }
}

static void set_up_device(const struct vqg_queue *q, struct vqg_policy policy, uint32_t count)
{
    static struct vqg_seg room[BATCH_MAX][SEGMENTS_MAX];
    static struct vqg_cap_table table;
    struct vqg_caps caps;
    uint32_t i;
    policy.max_elements = SEGMENTS_MAX;
    must(vqg_cap_table_init(&table, make_caps(count), count, 0) == VQG_OK, "capabilities");
    caps = vqg_cap_table_caps(&table);
    for (i = 0; i < shape.batch; i++) {
        vqg_chain_init(&chains[i], room[i], SEGMENTS_MAX);
    }
    must(vqg_device_init(&device, q, &policy, &caps, slots, shape.size) == VQG_OK, "init");
}

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_queue q = {.desc = memory.desc, .avail = memory.avail, .used = memory.used};
    uint32_t caps;
    size_t i;
    if (argc != 10) {
        fprintf(stderr, "usage: bench FORMAT driver|device|ledger direct|indirect SIZE SEGMENTS BATCH CAPABILITIES "
                        "scattered|near REQUESTS\n");
        return 2;
    }
    for (i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        format = strcmp(argv[1], formats[i]->name) == 0 ? formats[i] : format;
    }
    must(format != NULL, "name of the format");
    shape.in_order = (format->features & VQG_F_IN_ORDER) != 0u;
    policy.accept_claimed = shape.in_order;
    shape.indirect = strcmp(argv[3], "indirect") == 0;
    shape.size = number(argv[4]);
    shape.segments = number(argv[5]);
    shape.batch = number(argv[6]);
    caps = number(argv[7]);
    must(shape.segments >= 1u && shape.segments <= SEGMENTS_MAX && shape.batch >= 1u && shape.batch <= BATCH_MAX &&
             caps >= 1u && shape.batch * descriptors_of(&shape) <= shape.size,
         "shape");
    ring = ring_of(&memory);
    q.size = shape.size;
    q.features = format->features;
    q.desc_addr = (uint64_t)(uintptr_t)memory.desc;
    q.avail_addr = (uint64_t)(uintptr_t)memory.avail;
    q.used_addr = (uint64_t)(uintptr_t)memory.used;
    place_segments(&memory, &shape, caps, strcmp(argv[8], "scattered") == 0, segs);
    make_requests();
    if (strcmp(argv[2], "driver") == 0) {
        must(vqg_driver_init(&driver, &q, &policy, slots, shape.size) == VQG_OK, "init");
        play(driver_turn, shape.batch, number(argv[9]));
    } else if (strcmp(argv[2], "device") == 0) {
        set_up_device(&q, policy, caps);
        play(device_turn, shape.batch, number(argv[9]));
    } else {
        must(vqg_ledger_init(&ledger, &q, &policy, slots, shape.size) == VQG_OK, "init");
        play(ledger_turn, shape.batch, number(argv[9]));
    }
    return 0;
}
