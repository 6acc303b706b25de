/* SPDX-License-Identifier: MIT */
/* Examples: the set-up of a split queue, its avail ring, and the way back. Section numbers are those of virtio 1.2. */
#include "selfcheck.h"

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
    SERVE_OK(5, 16, 513, 3);
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

void selfcheck_split(void)
{
    test_init();
    test_good_chain();
    test_indices_wrap();
    test_avail();
    test_batch_used();
    test_drop();
    test_largest();
}
