/* SPDX-License-Identifier: MIT */
/* Hand-computed examples for the model. Section numbers are those of virtio 1.2. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long checks;

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(bool good, const char *what, int line)
{
    checks++;
    if (!good) {
        (void)fprintf(stderr, "selfcheck.c:%d: %s\n", line, what);
        exit(1);
    }
}

#define CHECK_SET(set, wanted) check_set((set), (wanted), __LINE__)

static void check_set(struct sm_set set, const char *wanted, int line)
{
    char text[256];

    checks++;
    if (strcmp(sm_set_text(&set, text, sizeof text), wanted) != 0) {
        (void)fprintf(stderr, "selfcheck.c:%d: broken rules are \"%s\", wanted \"%s\"\n", line, text, wanted);
        exit(1);
    }
}

/* ---------------------------------------------------------------- a small guest
 *
 *   0x10000  desc   16 * 8 = 128 bytes      0x10100  avail  6 + 2 * 8 = 22 bytes
 *   0x10200  used   6 + 8 * 8 = 70 bytes    0x10400  indirect tables
 *   0x11000  buffers, readable and writable, to 0x12000
 *   0x12000  buffers, readable only, to 0x13000       (adjacent to the one before)
 *   0x13000  nothing, to 0x14000
 *   0x14000  writable only, to 0x15000
 */
#define BASE   UINT64_C(0x10000)
#define DESC   UINT64_C(0x10000)
#define AVAIL  UINT64_C(0x10100)
#define USED   UINT64_C(0x10200)
#define TABLE  UINT64_C(0x10400)
#define RW     UINT64_C(0x11000)
#define RO     UINT64_C(0x12000)
#define HOLE   UINT64_C(0x13000)
#define WO     UINT64_C(0x14000)
#define MEMORY 0x5000u
#define N      SM_DESC_NEXT
#define W      SM_DESC_WRITE
#define I      SM_DESC_INDIRECT

static uint8_t ram[MEMORY];
static bool big;
static uint16_t avail_idx;
static struct sm_dev dev;

static const struct sm_capability caps[] = {
    { UINT64_C(0x14000), 0x1000, SM_RIGHT_WRITE, UINT64_C(0xd0014000) },
    { UINT64_C(0x10000), 0x1000, SM_RIGHT_READ | SM_RIGHT_WRITE, UINT64_C(0xa0000000) },
    { UINT64_C(0x12000), 0x1000, SM_RIGHT_READ, UINT64_C(0xc0000000) },
    { UINT64_C(0x11000), 0x1000, SM_RIGHT_READ | SM_RIGHT_WRITE, UINT64_C(0xb0000000) },
    { UINT64_C(0xffffffffffff0000), 0x10000, SM_RIGHT_READ | SM_RIGHT_WRITE, UINT64_C(0xe0000000) },
};

static uint8_t *at(uint64_t addr)
{
    return &ram[addr - BASE];
}

static void put_desc(uint64_t table, unsigned index, uint64_t addr, uint32_t len, unsigned flags, unsigned next)
{
    uint8_t *bytes = at(table + 16 * (uint64_t)index);

    sm_put64(bytes, addr, big);
    sm_put32(bytes + 8, len, big);
    sm_put16(bytes + 12, (uint16_t)flags, big);
    sm_put16(bytes + 14, (uint16_t)next, big);
}

static void desc(unsigned index, uint64_t addr, uint32_t len, unsigned flags, unsigned next)
{
    put_desc(DESC, index, addr, len, flags, next);
}

static void entry(unsigned index, uint64_t addr, uint32_t len, unsigned flags, unsigned next)
{
    put_desc(TABLE, index, addr, len, flags, next);
}

static void publish(unsigned head)
{
    sm_put16(at(AVAIL + 4 + 2 * (uint64_t)(avail_idx % 8)), (uint16_t)head, big);
    avail_idx++;
    sm_put16(at(AVAIL + 2), avail_idx, big);
}

static struct sm_dev_config plain(void)
{
    struct sm_dev_config config;

    memset(&config, 0, sizeof config);
    config.size = 8;
    config.big_endian = big;
    config.features = SM_FEATURE_INDIRECT_DESC;
    config.desc = DESC;
    config.avail = AVAIL;
    config.used = USED;
    config.capabilities = caps;
    config.capability_count = sizeof caps / sizeof caps[0];
    return config;
}

static struct sm_memory memory(void)
{
    struct sm_memory m = { ram, BASE, MEMORY };

    return m;
}

/* A fresh guest and a fresh device. */
static void start(struct sm_dev_config config)
{
    sm_dev_free(&dev);
    memset(ram, 0, sizeof ram);
    avail_idx = config.start_avail;
    sm_put16(at(AVAIL + 2), avail_idx, big);
    CHECK_SET(sm_dev_init(&dev, &config, memory()), "-");
    CHECK(dev.ready);
}

static void pop_broken(const char *wanted, int line)
{
    struct sm_dev before = dev;
    struct sm_chain chain = sm_dev_pop(&dev);

    check(chain.outcome == SM_BROKEN && chain.segments == NULL && chain.segment_count == 0, wanted, line);
    check_set(chain.broken, wanted, line);
    check(before.last_avail == dev.last_avail && before.in_flight_count == dev.in_flight_count &&
          before.bytes_in_flight == dev.bytes_in_flight && before.used_idx == dev.used_idx, "state is kept", line);
}

#define POP_BROKEN(wanted) pop_broken((wanted), __LINE__)

static void pop_ok(unsigned head, uint64_t readable, uint64_t writable, size_t segments, int line)
{
    struct sm_chain chain = sm_dev_pop(&dev);

    check_set(chain.broken, "-", line);
    check(chain.outcome == SM_OK, "outcome", line);
    check(chain.head == head, "head", line);
    check(chain.readable == readable && chain.writable == writable, "totals", line);
    check(chain.segment_count == segments, "number of segments", line);
    sm_chain_free(&chain);
}

#define POP_OK(head, readable, writable, segments) pop_ok((head), (readable), (writable), (segments), __LINE__)

static void pop_empty(int line)
{
    struct sm_chain chain = sm_dev_pop(&dev);

    check(chain.outcome == SM_EMPTY && sm_set_is_empty(&chain.broken), "empty", line);
}

#define POP_EMPTY() pop_empty(__LINE__)

static struct sm_set drop(unsigned head)
{
    struct sm_chain refused;

    memset(&refused, 0, sizeof refused);
    refused.head = (uint16_t)head;
    return sm_dev_drop(&dev, &refused);
}

static bool is_segment(const struct sm_segment *s, uint64_t addr, uint64_t len, bool write, uint64_t bus)
{
    return s->addr == addr && s->len == len && s->write == write && s->bus == bus;
}

/* ---------------------------------------------------------------- tools */

static void test_tools(void)
{
    uint8_t bytes[8];
    struct sm_set set;
    char text[8];
    struct sm_random random;
    unsigned hits;

    sm_put32(bytes, 0x01020304, false);
    CHECK(bytes[0] == 4 && bytes[3] == 1 && sm_get32(bytes, false) == 0x01020304 && sm_get32(bytes, true) == 0x04030201);
    sm_put16(bytes, 0x0102, true);
    CHECK(bytes[0] == 1 && bytes[1] == 2 && sm_get16(bytes, true) == 0x0102 && sm_get16(bytes, false) == 0x0201);
    sm_put64(bytes, UINT64_C(0x0102030405060708), true);
    CHECK(bytes[0] == 1 && bytes[7] == 8 && sm_get64(bytes, false) == UINT64_C(0x0807060504030201));

    CHECK(strcmp(sm_rule_name(SM_C10), "C10") == 0 && strcmp(sm_rule_name(SM_RULE_COUNT), "?") == 0);
    CHECK(sm_rule_by_name("I12") == SM_I12 && sm_rule_by_name("Z9") == SM_RULE_COUNT);
    memset(&set, 0, sizeof set);
    CHECK_SET(set, "-");
    set.has[SM_S3] = set.has[SM_C4] = set.has[SM_M9] = true;
    CHECK_SET(set, "S3 C4 M9");
    CHECK(sm_set_count(&set) == 3 && sm_set_has_name(&set, "C4") && !sm_set_has_name(&set, "C5"));
    CHECK(!sm_set_has_name(&set, "Z9") && strcmp(sm_set_text(&set, text, 6), "S3 C4") == 0);
    CHECK(strcmp(sm_set_text(&set, text, 5), "S3") == 0);

    /* The well-known first outputs of splitmix64 from state 0. */
    sm_random_seed(&random, 0);
    CHECK(sm_random_next(&random) == UINT64_C(0xe220a8397b1dcdaf));
    CHECK(sm_random_next(&random) == UINT64_C(0x6e789e6aa1b965f4));
    for (unsigned i = 0; i < 1000; i++)
        CHECK(sm_random_below(&random, 7) < 7);
    hits = 0;
    for (unsigned i = 0; i < 1000; i++)
        hits += sm_random_chance(&random, 1, 2) ? 1u : 0u;
    CHECK(hits > 400 && hits < 600);
    CHECK(sm_random_below(&random, 0) == 0 && sm_random_chance(&random, 3, 3) && !sm_random_chance(&random, 0, 3));
}

/* ---------------------------------------------------------------- set-up, 2.7 and 2.7.2 */

static struct sm_set init_set(const struct sm_dev_config *config)
{
    struct sm_set set;

    sm_dev_free(&dev);
    set = sm_dev_init(&dev, config, memory());
    CHECK(dev.ready == sm_set_is_empty(&set));
    return set;
}

static void test_init(void)
{
    struct sm_dev_config c;

    c = plain();
    CHECK_SET(init_set(&c), "-");
    c.size = 0;
    CHECK_SET(init_set(&c), "Q1 Q2");
    c.size = 1;
    CHECK_SET(init_set(&c), "-");
    c.size = 6;
    CHECK_SET(init_set(&c), "Q2");

    /* 65536 is a power of two but above 32768; its parts also run over each other and the grant. */
    c.size = 65536;
    CHECK_SET(init_set(&c), "Q2 Q6 Q7");

    c = plain();
    c.offered_max = 8;
    c.capacity = 8;
    CHECK_SET(init_set(&c), "-");
    c.offered_max = 4;
    CHECK_SET(init_set(&c), "Q4");
    c.offered_max = 16;
    c.capacity = 4;
    CHECK_SET(init_set(&c), "Q4");

    c = plain();
    c.desc = DESC + 0x308;
    CHECK_SET(init_set(&c), "Q5");
    c = plain();
    c.avail = AVAIL + 1;
    CHECK_SET(init_set(&c), "Q5");
    c.avail = AVAIL + 2;
    CHECK_SET(init_set(&c), "-");
    c = plain();
    c.used = USED + 2;
    CHECK_SET(init_set(&c), "Q5");

    /* avail is 6 + 2 * 8 = 22 bytes with its event word: it fits at ..ffe8 + 22 = ..fffe, not at ..ffec. */
    c = plain();
    c.avail = RW - 24;
    CHECK_SET(init_set(&c), "-");
    c.avail = RW - 22;
    CHECK_SET(init_set(&c), "-");
    c.avail = RW - 20;
    CHECK_SET(init_set(&c), "Q6");
    /* used is 6 + 8 * 8 = 70 bytes. */
    c = plain();
    c.used = RW - 72;
    CHECK_SET(init_set(&c), "-");
    c.used = RW - 68;
    CHECK_SET(init_set(&c), "Q6");
    /* desc is 128 bytes. */
    c = plain();
    c.desc = HOLE - 128;
    CHECK_SET(init_set(&c), "-");
    c.desc = HOLE - 112;
    CHECK_SET(init_set(&c), "Q6");
    c.desc = HOLE;
    CHECK_SET(init_set(&c), "Q6");
    c.desc = UINT64_MAX - 15;
    CHECK_SET(init_set(&c), "Q6");

    c = plain();
    c.desc = WO;
    CHECK_SET(init_set(&c), "Q6 M2");
    c = plain();
    c.avail = WO;
    CHECK_SET(init_set(&c), "Q6 M2");
    c = plain();
    c.used = RO;
    CHECK_SET(init_set(&c), "Q6 M2");

    c = plain();
    c.avail = DESC + 126;
    CHECK_SET(init_set(&c), "Q7");
    c.avail = DESC + 128;
    CHECK_SET(init_set(&c), "-");
    c.used = c.avail + 20;
    CHECK_SET(init_set(&c), "Q7");
    c.used = c.avail + 24;
    CHECK_SET(init_set(&c), "-");
    c = plain();
    c.used = DESC;
    CHECK_SET(init_set(&c), "Q7");
}

/* ---------------------------------------------------------------- good chains and the way back */

static void test_good_chain(void)
{
    struct sm_chain chain;
    size_t size, offset;
    const uint8_t *image;

    start(plain());
    POP_EMPTY();

    /* A block request: header, data in, status. Order in the table is free. */
    desc(5, RO + 0x10, 16, N, 2);
    desc(2, RW + 0x100, 512, N | W, 7);
    desc(7, WO + 1, 1, W, 99);                  /* next means nothing without NEXT */
    publish(5);
    chain = sm_dev_pop(&dev);
    CHECK(chain.outcome == SM_OK && chain.head == 5 && chain.head_known && chain.elements == 3 && !chain.indirect);
    CHECK(chain.readable == 16 && chain.writable == 513 && chain.segment_count == 3);
    CHECK(is_segment(&chain.segments[0], RO + 0x10, 16, false, UINT64_C(0xc0000010)));
    CHECK(is_segment(&chain.segments[1], RW + 0x100, 512, true, UINT64_C(0xb0000100)));
    CHECK(is_segment(&chain.segments[2], WO + 1, 1, true, UINT64_C(0xd0014001)));
    sm_chain_free(&chain);
    POP_EMPTY();
    CHECK(dev.in_flight_count == 1 && dev.bytes_in_flight == 529 && dev.last_avail == 1);

    CHECK_SET(sm_dev_push(&dev, 8, 0), "C12");
    CHECK_SET(sm_dev_push(&dev, 0x10005, 0), "C12");
    CHECK_SET(sm_dev_push(&dev, 2, 0), "C12");
    CHECK_SET(sm_dev_push(&dev, 5, 514), "C11");
    CHECK(dev.used_idx == 0);
    CHECK_SET(sm_dev_push(&dev, 5, 513), "-");
    CHECK_SET(sm_dev_push(&dev, 5, 513), "C12");
    CHECK(dev.in_flight_count == 0 && dev.bytes_in_flight == 0 && dev.used_idx == 1);

    image = sm_dev_used_image(&dev, &size);
    CHECK(size == 70);
    CHECK(sm_get16(image + 2, big) == 1 && sm_get32(image + 4, big) == 5 && sm_get32(image + 8, big) == 513);
    CHECK(sm_get32(image + 12, big) == 0);
    CHECK(!sm_dev_used_matches(&dev, &offset) && (offset == 2 || offset == 3));
    sm_put16(at(USED + 2), 1, big);
    CHECK(!sm_dev_used_matches(&dev, &offset) && offset >= 4 && offset < 8);
    sm_put32(at(USED + 4), 5, big);
    sm_put32(at(USED + 8), 513, big);
    CHECK(sm_dev_used_matches(&dev, &offset));
    sm_put16(at(USED), 1, big);                 /* used.flags and avail_event are the device's own */
    sm_put16(at(USED + 68), 7, big);
    CHECK(sm_dev_used_matches(&dev, &offset));
    *at(USED + 67) = 1;                         /* last byte of the ring */
    CHECK(!sm_dev_used_matches(&dev, &offset) && offset == 67);

    /* The descriptors are free again. */
    publish(5);
    POP_OK(5, 16, 513, 3);
    CHECK_SET(sm_dev_push(&dev, 5, 0), "-");
    image = sm_dev_used_image(&dev, &size);
    CHECK(sm_get16(image + 2, big) == 2 && sm_get32(image + 12, big) == 5 && sm_get32(image + 16, big) == 0);
}

static void test_indices_wrap(void)
{
    struct sm_dev_config c = plain();
    size_t size;
    const uint8_t *image;

    c.start_avail = 0xfffe;
    c.start_used = 0xffff;
    start(c);
    for (unsigned i = 0; i < 4; i++) {
        desc(i, RW, 8, W, 0);
        publish(i);
    }
    for (unsigned i = 0; i < 4; i++)
        POP_OK(i, 0, 8, 1);
    POP_EMPTY();
    CHECK(dev.last_avail == 2);
    CHECK_SET(sm_dev_push(&dev, 3, 8), "-");    /* out of order: slot 0xffff % 8 = 7, idx 0 */
    CHECK_SET(sm_dev_push(&dev, 1, 2), "-");    /* slot 0, idx 1 */
    image = sm_dev_used_image(&dev, &size);
    CHECK(sm_get16(image + 2, big) == 1 && dev.used_idx == 1);
    CHECK(sm_get32(image + 4 + 56, big) == 3 && sm_get32(image + 4 + 60, big) == 8);
    CHECK(sm_get32(image + 4, big) == 1 && sm_get32(image + 8, big) == 2);
}

/* ---------------------------------------------------------------- S: the avail ring */

static void test_avail(void)
{
    struct sm_dev_config c = plain();

    start(plain());
    for (unsigned i = 0; i < 8; i++) {
        desc(i, RW, 4, 0, 0);
        publish(i);                             /* 8 pending of 8 is full, and legal */
    }
    sm_put16(at(AVAIL + 2), 9, big);
    POP_BROKEN("S1 S3");
    sm_put16(at(AVAIL + 2), 0xffff, big);       /* one back is 65535 forward */
    POP_BROKEN("S1 S3");
    sm_put16(at(AVAIL + 2), 8, big);
    for (unsigned i = 0; i < 8; i++)
        POP_OK(i, 4, 0, 1);
    POP_EMPTY();

    /* All eight are in flight: a ninth cannot be. Its head is one of them, too. */
    publish(3);
    POP_BROKEN("S3 S4 S5");
    CHECK_SET(sm_dev_push(&dev, 2, 0), "-");
    POP_BROKEN("S4 S5");                        /* 1 + 7 fits now */
    sm_put16(at(AVAIL + 4), 2, big);
    POP_OK(2, 4, 0, 1);

    start(plain());
    publish(8);
    POP_BROKEN("S2");
    sm_put16(at(AVAIL + 4), 0xffff, big);
    POP_BROKEN("S2");

    /* S5 without S4: a descriptor inside a chain in flight becomes a head, or a member. */
    start(plain());
    desc(0, RW, 4, N, 1);
    desc(1, RW, 4, 0, 0);
    desc(2, RW, 4, N, 1);
    publish(0);
    POP_OK(0, 8, 0, 2);
    publish(1);
    POP_BROKEN("S5");
    sm_put16(at(AVAIL + 4 + 2), 2, big);
    POP_BROKEN("S5");
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    POP_OK(2, 8, 0, 2);

    /* The descriptor that refers to a table is the chain's own, the entries of the table are not. */
    start(plain());
    desc(0, RW, 4, N, 1);
    desc(1, TABLE, 48, I, 0);
    entry(0, RW, 4, N, 2);
    entry(2, RW, 4, 0, 0);
    desc(2, RW, 4, 0, 0);
    publish(0);
    publish(1);
    POP_OK(0, 12, 0, 3);
    POP_BROKEN("S5");
    sm_put16(at(AVAIL + 4 + 2), 2, big);
    POP_OK(2, 4, 0, 1);

    /* The index is read at each pop, or once for a batch. */
    start(plain());
    desc(0, RW, 4, 0, 0);
    desc(1, RW, 4, 0, 0);
    publish(0);
    publish(1);
    POP_OK(0, 4, 0, 1);
    sm_put16(at(AVAIL + 2), 100, big);
    POP_BROKEN("S1 S3");
    c.batch_index = true;
    start(c);
    desc(0, RW, 4, 0, 0);
    desc(1, RW, 4, 0, 0);
    publish(0);
    publish(1);
    POP_OK(0, 4, 0, 1);
    sm_put16(at(AVAIL + 2), 100, big);
    POP_OK(1, 4, 0, 1);
    POP_BROKEN("S1 S3");
}

/* What was returned and not published is still the device's: the driver cannot have made it available again. */
static void test_batch_used(void)
{
    struct sm_dev_config c = plain();

    c.batch_used = true;
    start(c);
    for (unsigned i = 0; i < 8; i++) {
        desc(i, RW, 4, 0, 0);
        publish(i);
    }
    for (unsigned i = 0; i < 8; i++)
        POP_OK(i, 4, 0, 1);
    CHECK_SET(sm_dev_push(&dev, 3, 0), "-");
    publish(3);
    POP_BROKEN("S3");
    sm_dev_publish(&dev);
    POP_OK(3, 4, 0, 1);

    /* A chain that was dropped came back as well. */
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    sm_dev_publish(&dev);
    desc(0, HOLE, 4, 0, 0);
    publish(0);
    POP_BROKEN("C5");
    CHECK_SET(drop(0), "-");
    desc(0, RW, 4, 0, 0);
    publish(0);
    POP_BROKEN("S3");
    sm_dev_publish(&dev);
    POP_OK(0, 4, 0, 1);
}

/* ---------------------------------------------------------------- C: descriptor chains, 2.7.5 */

static void test_chain(void)
{
    struct sm_dev_config c;

    start(plain());
    desc(0, RW, 4, N, 8);                       /* C1 */
    publish(0);
    POP_BROKEN("C1");
    desc(0, RW, 4, N, 7);
    desc(7, RW, 4, 0, 8);
    POP_OK(0, 8, 0, 2);

    /* C2: a chain of exactly the queue size ends well, a loop does not. */
    start(plain());
    for (unsigned i = 0; i < 8; i++)
        desc(i, RW, 4, i < 7 ? N : 0, i + 1);
    publish(0);
    POP_OK(0, 32, 0, 8);
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    desc(7, RW, 4, N, 0);
    publish(0);
    POP_BROKEN("C2");
    desc(0, RW, 4, N, 0);
    POP_BROKEN("C2");
    c = plain();
    c.policy.max_elements = 2;
    start(c);
    desc(0, RW, 4, N, 1);
    desc(1, RW, 4, 0, 0);
    publish(0);
    POP_OK(0, 8, 0, 2);
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    desc(1, RW, 4, N, 2);
    desc(2, RW, 4, 0, 0);
    publish(0);
    POP_BROKEN("C2");

    /* C3, M9: sums. Two elements of 2^31 are 2^32. No grant is that long, so C5 and M1 as well. */
    start(plain());
    desc(0, RW, 0x80000000, N, 1);
    desc(1, RW, 0x80000000, 0, 0);
    publish(0);
    POP_BROKEN("C3 M1 M9");                     /* what runs out of RW goes on in RO: not C5 */
    desc(1, RW, 0x7fffffff, 0, 0);              /* 2^32 - 1 */
    POP_BROKEN("M1");
    c = plain();
    c.policy.max_chain_bytes = 100;
    start(c);
    desc(0, RW, 99, N, 1);
    desc(1, RW, 1, W, 0);
    publish(0);
    POP_OK(0, 99, 1, 2);
    CHECK_SET(sm_dev_push(&dev, 0, 1), "-");
    desc(1, RW, 2, W, 0);
    publish(0);
    POP_BROKEN("M9");
    c = plain();
    c.policy.max_bytes_in_flight = 100;
    start(c);
    desc(0, RW, 60, 0, 0);
    desc(1, RW, 40, W, 0);
    desc(2, RW, 1, 0, 0);
    publish(0);
    publish(1);
    publish(2);
    POP_OK(0, 60, 0, 1);
    POP_OK(1, 0, 40, 1);
    POP_BROKEN("M9");
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    POP_OK(2, 1, 0, 1);

    /* C4: the last byte of the address space is legal, the one after it is not there. */
    start(plain());
    desc(0, UINT64_MAX - 3, 4, 0, 0);
    publish(0);
    POP_OK(0, 4, 0, 1);
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    desc(0, UINT64_MAX - 3, 5, 0, 0);
    publish(0);
    POP_BROKEN("C4");
    desc(0, UINT64_MAX - 3, 5, W, 0);
    POP_BROKEN("C4");
    desc(0, 0, 4, 0, 0);
    POP_BROKEN("C5");
    c = plain();
    c.policy.max_addr = RW + 0xff;
    start(c);
    desc(0, RW + 0xf0, 16, 0, 0);
    publish(0);
    POP_OK(0, 16, 0, 1);
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    desc(0, RW + 0xf0, 17, 0, 0);
    publish(0);
    POP_BROKEN("C4");

    /* C6, C7 */
    start(plain());
    desc(0, RW, 4, N | W, 1);
    desc(1, RW, 4, 0, 0);
    publish(0);
    POP_BROKEN("C6");
    desc(0, RW, 4, 8, 0);
    POP_BROKEN("C7");
    desc(0, RW, 4, 0x8000, 0);
    POP_BROKEN("C7");

    /* C8: zero length, refused or skipped, never looked up */
    desc(0, 0, 0, 0, 0);
    POP_BROKEN("C8");
    c = plain();
    c.policy.zero_length = SM_ZERO_SKIP;
    start(c);
    desc(0, 0, 0, N, 1);
    desc(1, RW, 4, N, 2);
    desc(2, HOLE, 0, W, 0);
    publish(0);
    POP_OK(0, 4, 0, 1);
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    desc(0, 0, 0, 0, 0);
    publish(0);
    POP_OK(0, 0, 0, 0);
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    desc(0, 0, 0, N | W, 1);                    /* skipped, but it was writable */
    publish(0);
    POP_BROKEN("C6");
    desc(0, 0, 0, N, 0);                        /* skipped, but counted */
    POP_BROKEN("C2");

    /* C9 */
    c = plain();
    c.policy.direction = SM_DIRECTION_READABLE_ONLY;
    start(c);
    desc(0, RW, 4, N, 1);
    desc(1, RW, 4, W, 0);
    publish(0);
    POP_BROKEN("C9");
    desc(1, RW, 4, 0, 0);
    POP_OK(0, 8, 0, 2);
    c.policy.direction = SM_DIRECTION_WRITABLE_ONLY;
    start(c);
    desc(0, RW, 4, N, 1);
    desc(1, RW, 4, W, 0);
    publish(0);
    POP_BROKEN("C9");
    desc(0, RW, 4, N | W, 1);
    POP_OK(0, 0, 8, 2);

    /* C10: the header may span elements */
    c = plain();
    c.policy.min_readable = 16;
    c.policy.min_writable = 1;
    start(c);
    desc(0, RW, 10, N, 1);
    desc(1, RW, 6, N, 2);
    desc(2, RW, 1, W, 0);
    publish(0);
    POP_OK(0, 16, 1, 3);
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    desc(1, RW, 5, N, 2);
    publish(0);
    POP_BROKEN("C10");
    desc(1, RW, 6, 0, 0);
    POP_BROKEN("C10");
    desc(1, RW, 6, N, 8);                       /* the end was never seen */
    POP_BROKEN("C1");
}

/* ---------------------------------------------------------------- C5, M1, M2: capabilities */

static void test_capabilities(void)
{
    struct sm_dev_config c;
    struct sm_chain chain;

    start(plain());
    publish(0);
    desc(0, HOLE, 1, 0, 0);
    POP_BROKEN("C5");
    desc(0, RO, 1, W, 0);
    POP_BROKEN("M2");
    desc(0, WO, 1, 0, 0);                       /* W does not imply R */
    POP_BROKEN("M2");
    desc(0, RO - 1, 2, 0, 0);
    POP_BROKEN("M1");                           /* both are granted, but spanning is refused */
    desc(0, HOLE - 1, 2, 0, 0);
    POP_BROKEN("C5 M1");
    desc(0, RO - 1, 2, N, 1);                   /* each element is judged by itself */
    desc(1, WO, 1, 0, 0);
    POP_BROKEN("M1 M2");
    desc(0, HOLE - 1, 1, 0, 0);
    POP_OK(0, 1, 0, 1);

    c = plain();
    c.policy.spanning = SM_SPANNING_SPLIT;
    start(c);
    publish(0);
    desc(0, HOLE - 1, 2, 0, 0);
    POP_BROKEN("C5 M1");
    desc(0, RO - 1, 2, W, 0);
    POP_BROKEN("M2");
    desc(0, RO - 0x1000, 0x2000, 0, 0);
    chain = sm_dev_pop(&dev);
    CHECK(chain.outcome == SM_OK && chain.elements == 1 && chain.segment_count == 2 && chain.readable == 0x2000);
    CHECK(is_segment(&chain.segments[0], RW, 0x1000, false, UINT64_C(0xb0000000)));
    CHECK(is_segment(&chain.segments[1], RO, 0x1000, false, UINT64_C(0xc0000000)));
    sm_chain_free(&chain);
}

/* ---------------------------------------------------------------- I: indirect tables, 2.7.5.3 */

static void test_indirect(void)
{
    struct sm_dev_config c;
    struct sm_chain chain;

    start(plain());
    desc(0, TABLE, 48, I | W, 0);               /* I7: WRITE here means nothing */
    entry(0, RO, 16, N, 2);
    entry(2, WO, 8, W, 0);
    publish(0);
    chain = sm_dev_pop(&dev);
    CHECK(chain.outcome == SM_OK && chain.indirect && chain.elements == 2 && chain.segment_count == 2);
    CHECK(is_segment(&chain.segments[0], RO, 16, false, UINT64_C(0xc0000000)));
    CHECK(is_segment(&chain.segments[1], WO, 8, true, UINT64_C(0xd0014000)));
    CHECK(chain.readable == 16 && chain.writable == 8);
    sm_chain_free(&chain);
    CHECK_SET(sm_dev_push(&dev, 0, 8), "-");

    publish(0);
    entry(0, RO, 16, N, 3);                     /* three entries: 0, 1, 2 */
    POP_BROKEN("C1");
    entry(0, RO, 16, N, 0);
    POP_BROKEN("C2");
    entry(0, RO, 16, N | I, 2);
    POP_BROKEN("I5 I6");
    entry(0, RO, 16, I, 0);
    POP_BROKEN("I5");
    entry(0, RO, 16, 0, 0);
    desc(0, TABLE, 0, I, 0);
    POP_BROKEN("I2");
    desc(0, TABLE, 24, I, 0);
    POP_BROKEN("I2");
    desc(0, TABLE, 16 * 9, I, 0);
    POP_BROKEN("I3");
    desc(0, TABLE, 16, I | N, 1);
    POP_BROKEN("I6");
    desc(0, TABLE, 16, I | N, 8);
    POP_BROKEN("C1 I6");
    desc(0, TABLE, 16, I | 0x10, 0);
    POP_BROKEN("C7");
    desc(0, HOLE, 16, I, 0);
    POP_BROKEN("I4");
    desc(0, WO, 16, I, 0);
    POP_BROKEN("I4");
    desc(0, RO - 16, 32, I, 0);                 /* two grants, each readable: not one */
    POP_BROKEN("I4");
    desc(0, UINT64_MAX - 15, 32, I, 0);
    POP_BROKEN("C4 I4");
    desc(0, TABLE, 16 * 8, I, 0);
    POP_OK(0, 16, 0, 1);
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    publish(0);
    desc(0, HOLE - 16, 16, I, 0);               /* the last bytes of the grant */
    put_desc(HOLE - 16, 0, RO, 9, 0, 0);
    POP_OK(0, 9, 0, 1);

    /* A table that is refused as a whole is not read: this entry would break C7. */
    publish(1);
    entry(0, RO, 16, 0x10, 0);
    desc(1, TABLE, 16, I, 0);
    POP_BROKEN("C7");
    desc(1, TABLE, 24, I, 0);
    POP_BROKEN("I2");
    desc(1, TABLE, 16 * 9, I, 0);
    POP_BROKEN("I3");
    c = plain();
    c.features = 0;
    start(c);
    entry(0, RO, 16, 0x10, 0);
    desc(0, TABLE, 16, I, 0);
    publish(0);
    POP_BROKEN("I1");

    /* 2.7.5.3.2: direct descriptors may come first. Strict readers refuse it (I8). */
    c = plain();
    c.policy.max_elements = 3;
    start(c);
    desc(0, RW, 1, N, 1);
    desc(1, TABLE, 48, I, 0);
    entry(0, RW, 2, N, 1);
    entry(1, RW, 4, 0, 0);
    publish(0);
    POP_OK(0, 7, 0, 3);                         /* 1 + 2 = 3: the one that refers is no element */
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    entry(1, RW, 4, N, 2);
    publish(0);
    POP_BROKEN("C2");
    c.policy.canonical = true;
    start(c);
    desc(0, RW, 1, N, 1);
    desc(1, TABLE, 32, I, 0);
    entry(0, RW, 2, N, 1);
    entry(1, RW, 4, 0, 0);
    publish(0);
    POP_BROKEN("I8");
    sm_put16(at(AVAIL + 4), 1, big);
    POP_OK(1, 6, 0, 2);

    /* Longer tables by policy. */
    c = plain();
    c.policy.max_elements = 10;
    c.policy.max_table_entries = 10;
    start(c);
    desc(0, TABLE, 160, I, 0);
    for (unsigned i = 0; i < 10; i++)
        entry(i, RW, 1, i < 9 ? N : 0, i + 1);
    publish(0);
    POP_OK(0, 10, 0, 10);
    publish(1);
    desc(1, TABLE, 176, I, 0);
    POP_BROKEN("I3");

    /* A table must be as reachable as a buffer. */
    c = plain();
    c.policy.max_addr = TABLE + 31;
    start(c);
    desc(0, TABLE, 48, I, 0);
    entry(0, DESC + 0x80, 1, 0, 0);
    publish(0);
    POP_BROKEN("C4");
    desc(0, TABLE, 32, I, 0);
    POP_OK(0, 1, 0, 1);

    /* I12: a writable element on its own table, before it or in it; readable is harmless. */
    start(plain());
    desc(0, TABLE + 31, 1, N | W, 1);
    desc(1, TABLE, 32, I, 0);
    entry(0, RW, 4, W, 0);
    publish(0);
    POP_BROKEN("I12");
    desc(0, TABLE + 32, 1, N | W, 1);
    POP_OK(0, 0, 5, 2);
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    publish(1);
    entry(0, TABLE - 4, 5, W, 0);
    POP_BROKEN("I12");
    entry(0, TABLE - 4, 4, W, 0);
    POP_OK(1, 0, 4, 1);
    CHECK_SET(sm_dev_push(&dev, 1, 0), "-");
    publish(1);
    entry(0, TABLE, 32, 0, 0);
    POP_OK(1, 32, 0, 1);
}

/* ---------------------------------------------------------------- X8 */

static void test_self_alias(void)
{
    start(plain());
    publish(0);
    desc(0, DESC + 127, 1, W, 0);
    POP_BROKEN("X8");
    desc(0, AVAIL - 1, 2, W, 0);
    POP_BROKEN("X8");
    desc(0, AVAIL + 21, 1, W, 0);
    POP_BROKEN("X8");
    desc(0, USED + 69, 1, W, 0);
    POP_BROKEN("X8");
    desc(0, DESC, 0x1000, W, 0);
    POP_BROKEN("X8");
    desc(0, DESC + 128, 1, N | W, 1);
    desc(1, AVAIL + 22, 1, N | W, 2);
    desc(2, USED + 70, 1, W, 0);
    POP_OK(0, 0, 3, 3);
    publish(3);
    desc(3, DESC, 128, 0, 0);                   /* reading it is allowed */
    POP_OK(3, 128, 0, 1);
}

/* ---------------------------------------------------------------- drop */

static void test_drop(void)
{
    size_t size;
    const uint8_t *image;

    start(plain());
    desc(4, HOLE, 4, 0, 0);
    desc(6, RW, 4, 0, 0);
    publish(4);
    publish(6);
    POP_BROKEN("C5");
    CHECK_SET(drop(4), "-");
    image = sm_dev_used_image(&dev, &size);
    CHECK(sm_get16(image + 2, big) == 1 && sm_get32(image + 4, big) == 4 && sm_get32(image + 8, big) == 0);
    CHECK(dev.last_avail == 1 && dev.in_flight_count == 0);
    POP_OK(6, 4, 0, 1);
    publish(6);
    POP_BROKEN("S4 S5");
    CHECK_SET(drop(6), "S4");
    CHECK_SET(drop(8), "S2");
    CHECK(dev.used_idx == 1 && dev.last_avail == 2);
}

/* ---------------------------------------------------------------- notification, 2.7.7 and 2.7.10 */

static void test_notify(void)
{
    struct sm_dev_config c = plain();

    start(c);
    CHECK(sm_dev_notify(&dev, 0, 1));
    CHECK(!sm_dev_notify(&dev, 1, 1));
    sm_put16(at(AVAIL), 1, big);
    CHECK(!sm_dev_notify(&dev, 0, 1));
    sm_put16(at(AVAIL), 2, big);                /* only the lowest bit speaks */
    CHECK(sm_dev_notify(&dev, 0, 1));

    c.features |= SM_FEATURE_EVENT_IDX;
    start(c);
    sm_put16(at(AVAIL), 1, big);                /* E4: not looked at */
    sm_put16(at(AVAIL + 4 + 16), 5, big);       /* used_event: tell me when entry 5 is written */
    CHECK(!sm_dev_notify(&dev, 4, 5));
    CHECK(sm_dev_notify(&dev, 5, 6));
    CHECK(sm_dev_notify(&dev, 3, 9));
    CHECK(!sm_dev_notify(&dev, 6, 9));
    CHECK(!sm_dev_notify(&dev, 6, 6));

    CHECK(sm_drv_need_kick(0, 1, 0, 0, false) && !sm_drv_need_kick(0, 1, 1, 0, false));
    CHECK(!sm_drv_need_kick(7, 7, 0, 0, false));
    CHECK(sm_drv_need_kick(0, 1, 1, 0, true));
    /* E2: across the wrap. From 65534 to 1 the entries 65534, 65535 and 0 were added. */
    CHECK(sm_drv_need_kick(0xfffe, 1, 0, 0xfffe, true) && sm_drv_need_kick(0xfffe, 1, 0, 0xffff, true));
    CHECK(sm_drv_need_kick(0xfffe, 1, 0, 0, true) && !sm_drv_need_kick(0xfffe, 1, 0, 1, true));
    CHECK(!sm_drv_need_kick(0xfffe, 1, 0, 0xfffd, true));
    CHECK(sm_drv_need_kick(0, 0xffff, 0, 0xfffe, true) && !sm_drv_need_kick(0, 0xffff, 0, 0xffff, true));
}

/* ---------------------------------------------------------------- driver side, 2.7.8 */

static struct sm_take take_split(struct sm_drv *drv, uint16_t idx, uint32_t id, uint32_t len, enum sm_len_policy policy)
{
    struct sm_used used = { idx, 0, id, len };

    return sm_drv_take(drv, used, policy);
}

static void test_driver(void)
{
    struct sm_drv drv;
    struct sm_take take;

    sm_drv_init(&drv, 0, 4, 0xffff, 0xffff);
    take = take_split(&drv, 0xffff, 0, 0, SM_LEN_REJECT);
    CHECK(take.outcome == SM_EMPTY);
    take = take_split(&drv, 0, 0, 0, SM_LEN_REJECT);
    CHECK(take.outcome == SM_BROKEN);
    CHECK_SET(take.broken, "U1");

    CHECK(sm_drv_lend(&drv, 2, 1, 100, 10, 77) && drv.avail_idx == 0);
    CHECK(sm_drv_lend(&drv, 3, 1, 0, 0, 88) && drv.avail_idx == 1 && drv.outstanding == 2);
    CHECK(!sm_drv_lend(&drv, 2, 1, 1, 1, 1) && !sm_drv_lend(&drv, 4, 1, 1, 1, 1) && drv.outstanding == 2);

    CHECK_SET(take_split(&drv, 2, 2, 0, SM_LEN_REJECT).broken, "U1");          /* three of two */
    CHECK_SET(take_split(&drv, 0xfffe, 2, 0, SM_LEN_REJECT).broken, "U1");     /* backwards */
    CHECK_SET(take_split(&drv, 0, 4, 0, SM_LEN_REJECT).broken, "U2");
    CHECK_SET(take_split(&drv, 0, 0x10002, 50, SM_LEN_REJECT).broken, "U2");   /* 32 bits count */
    CHECK_SET(take_split(&drv, 0, 1, 0, SM_LEN_REJECT).broken, "U3");
    CHECK_SET(take_split(&drv, 0, 2, 101, SM_LEN_REJECT).broken, "U5");
    CHECK_SET(take_split(&drv, 0, 2, 9, SM_LEN_REJECT).broken, "U6");
    CHECK(drv.outstanding == 2 && drv.last_used == 0xffff);

    take = take_split(&drv, 1, 2, 100, SM_LEN_REJECT);
    CHECK(take.outcome == SM_OK && take.cookie == 77 && take.len == 100 && take.head == 2);
    CHECK(!take.clamped && !take.too_short && drv.outstanding == 1 && drv.last_used == 0);
    CHECK_SET(take_split(&drv, 1, 2, 100, SM_LEN_REJECT).broken, "U3");        /* U4: once only */
    CHECK_SET(take_split(&drv, 1, 3, 1, SM_LEN_REJECT).broken, "U5");          /* nothing writable */
    take = take_split(&drv, 1, 3, 1, SM_LEN_CLAMP);
    CHECK(take.outcome == SM_OK && take.cookie == 88 && take.len == 0 && take.clamped && !take.too_short);
    CHECK(drv.clamped_count == 0 && drv.outstanding == 0);
    CHECK(take_split(&drv, 1, 3, 1, SM_LEN_CLAMP).outcome == SM_EMPTY);

    CHECK(sm_drv_lend(&drv, 0, 1, 8, 4, 1) && sm_drv_lend(&drv, 1, 1, 8, 4, 2));
    take = take_split(&drv, 3, 0, 3, SM_LEN_COUNT);
    CHECK(take.outcome == SM_OK && take.len == 3 && !take.clamped && take.too_short);
    CHECK(sm_drv_lend(&drv, 0, 1, 8, 4, 5));
    take = take_split(&drv, 3, 0, 4, SM_LEN_REJECT);   /* exactly the minimum */
    CHECK(take.outcome == SM_OK && take.cookie == 5 && take.len == 4 && !take.too_short);
    take = take_split(&drv, 4, 1, 0xffffffff, SM_LEN_COUNT);
    CHECK(take.outcome == SM_OK && take.len == 8 && take.clamped && !take.too_short);
    CHECK(drv.clamped_count == 1 && drv.short_count == 1);

    /* A minimum that was never reachable breaks both rules. */
    CHECK(sm_drv_lend(&drv, 0, 1, 2, 9, 3));
    CHECK_SET(take_split(&drv, 5, 0, 5, SM_LEN_REJECT).broken, "U5 U6");
    take = take_split(&drv, 5, 0, 20, SM_LEN_CLAMP);
    CHECK(take.outcome == SM_OK && take.len == 2 && take.clamped && take.too_short);
    sm_drv_free(&drv);
}

/* The largest queue: every head once, then one chain of all descriptors. */
static void test_largest(void)
{
    static uint8_t large[0x100000];
    const uint64_t base = UINT64_C(0x40000000);
    const uint32_t size = 32768;
    const struct sm_capability all = { base, sizeof large, SM_RIGHT_READ | SM_RIGHT_WRITE, 0 };
    struct sm_memory m = { large, base, sizeof large };
    struct sm_dev_config c = plain();
    struct sm_chain chain;

    c.size = size;
    c.desc = base;                              /* 0x80000 bytes */
    c.avail = base + 0x80000;                   /* 0x10006 bytes */
    c.used = base + 0x90008;                    /* 0x40006 bytes */
    c.capabilities = &all;
    c.capability_count = 1;
    memset(large, 0, sizeof large);
    sm_dev_free(&dev);
    CHECK_SET(sm_dev_init(&dev, &c, m), "-");
    for (uint32_t i = 0; i < size; i++) {
        sm_put64(large + 16 * i, base + 0xe0000, big);
        sm_put32(large + 16 * i + 8, 1, big);
        sm_put16(large + 16 * i + 14, (uint16_t)(i + 1), big);
        sm_put16(large + 0x80000 + 4 + 2 * i, (uint16_t)i, big);
    }
    sm_put16(large + 0x80002, (uint16_t)size, big);
    for (uint32_t i = 0; i < size; i++)
        POP_OK(i, 1, 0, 1);
    POP_EMPTY();
    sm_dev_free(&dev);
    CHECK_SET(sm_dev_init(&dev, &c, m), "-");
    for (uint32_t i = 0; i < size - 1; i++)
        sm_put16(large + 16 * i + 12, N, big);
    sm_put16(large + 0x80002, 1, big);
    chain = sm_dev_pop(&dev);
    CHECK(chain.outcome == SM_OK && chain.elements == size && chain.readable == size);
    sm_chain_free(&chain);
}

int main(void)
{
    test_tools();
    for (int order = 0; order < 2; order++) {
        big = order == 1;
        test_init();
        test_good_chain();
        test_indices_wrap();
        test_avail();
        test_batch_used();
        test_chain();
        test_capabilities();
        test_indirect();
        test_self_alias();
        test_drop();
        test_notify();
        test_driver();
        test_largest();
    }
    sm_dev_free(&dev);
    (void)printf("split model: %lu checks passed\n", checks);
    return 0;
}
