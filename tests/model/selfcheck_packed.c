/* SPDX-License-Identifier: MIT */
/* Examples: the device of a packed queue. Section numbers are those of virtio 1.2. */
#include "selfcheck.h"

/*
 * A ring of 5. In the first lap the wrap counter is 1: an available element has AVAIL alone, a used
 * one both flags. In the second it is 0: USED alone, and none. (2.8.1)
 */
#define AVAIL_1 0x0080u
#define USED_1  0x8080u
#define AVAIL_2 0x8000u
#define USED_2  0x0000u

static void element(unsigned slot, uint64_t addr, uint32_t len, unsigned id, unsigned flags)
{
    put_desc(DESC, slot, addr, len, id, flags);     /* struct pvirtq_desc: addr, len, id, flags */
}

static struct sm_dev_config five(void)
{
    struct sm_dev_config config = plain();

    config.size = 5;
    config.features |= SM_FEATURE_RING_PACKED;
    config.start_avail = SM_PACKED_START;
    config.start_used = SM_PACKED_START;
    return config;
}

/* ---------------------------------------------------------------- set-up, 2.8 and 2.8.10.1 */

static const char *init_with(struct sm_dev_config config)
{
    static char text[64];
    struct sm_memory m = memory();
    struct sm_set set;

    sm_dev_free(&dev);
    set = sm_dev_init(&dev, &config, m);
    CHECK(dev.ready == sm_set_is_empty(&set));
    return sm_set_text(&set, text, sizeof text);
}

#define CHECK_INIT(config, wanted) check(strcmp(init_with(config), (wanted)) == 0, (wanted), __FILE__, __LINE__)

static void test_init(void)
{
    struct sm_dev_config c = five();

    CHECK_INIT(c, "-");
    c.size = 0;
    CHECK_INIT(c, "Q1");
    c.size = 1;
    CHECK_INIT(c, "-");
    c.size = 7;                     /* 2.8.10.1: no power of two is asked for */
    CHECK_INIT(c, "-");
    c.size = 32769;                 /* and 16 * 32769 bytes run over everything */
    CHECK_INIT(c, "Q3 Q6 Q7");
    c = five();
    c.offered_max = 4;
    CHECK_INIT(c, "Q4");

    c = five();
    c.desc = DESC + 8;
    CHECK_INIT(c, "Q5");
    c = five();
    c.avail = AVAIL + 2;            /* both event structures want 4 */
    CHECK_INIT(c, "Q5");
    c = five();
    c.used = USED + 2;
    CHECK_INIT(c, "Q5");

    c = five();
    c.desc = RO;                    /* the ring is read and written by both */
    CHECK_INIT(c, "Q6 M2");
    c.desc = WO;
    CHECK_INIT(c, "Q6 M2");
    c.desc = RO - 80;               /* 5 * 16 bytes */
    CHECK_INIT(c, "-");
    c.desc = RO - 64;
    CHECK_INIT(c, "Q6");
    c = five();
    c.avail = HOLE - 4;             /* the driver's events are read ... */
    CHECK_INIT(c, "-");
    c.avail = WO;
    CHECK_INIT(c, "Q6 M2");
    c = five();
    c.used = WO;                    /* ... and the device's written */
    CHECK_INIT(c, "-");
    c.used = RO;
    CHECK_INIT(c, "Q6 M2");

    c = five();
    c.avail = DESC + 76;
    CHECK_INIT(c, "Q7");
    c.avail = DESC + 80;
    CHECK_INIT(c, "-");
    c.used = c.avail;
    CHECK_INIT(c, "Q7");
    c.used = c.avail + 4;
    CHECK_INIT(c, "-");
}

/* ---------------------------------------------------------------- lists there and back, 2.8.6 */

static void test_lists(void)
{
    struct sm_chain chain;

    start(five());
    POP_EMPTY();

    /* Header, data in, status. Only the last element's id counts. */
    element(0, RO + 0x10, 16, 9, AVAIL_1 | N);
    element(1, RW + 0x100, 512, 0xffff, AVAIL_1 | N | W);
    element(2, WO + 1, 1, 4, AVAIL_1 | W);
    chain = sm_dev_pop(&dev);
    CHECK(chain.outcome == SM_OK && chain.head == 4 && chain.slots == 3 && chain.elements == 3 && !chain.indirect);
    CHECK(chain.readable == 16 && chain.writable == 513 && chain.segment_count == 3);
    CHECK(is_segment(&chain.segments[0], RO + 0x10, 16, false, UINT64_C(0xc0000010)));
    CHECK(is_segment(&chain.segments[2], WO + 1, 1, true, UINT64_C(0xd0014001)));
    sm_chain_free(&chain);
    CHECK(dev.last_avail == 0x8003 && dev.in_flight_slots == 3);
    POP_EMPTY();

    /* Two more fill the ring. Nothing waits, though slot 0 still has the flags of the first lap. */
    element(3, RW, 8, 0, AVAIL_1 | W);
    element(4, RW, 4, 2, AVAIL_1);
    POP_OK(0, 0, 8, 1);
    POP_OK(2, 4, 0, 1);
    CHECK(dev.last_avail == 0x0000 && dev.in_flight_slots == 5);
    POP_EMPTY();

    /* Out of order: id 0, one descriptor, goes to slot 0; id 4, three of them, to slot 1. */
    CHECK_SET(sm_dev_push(&dev, 5, 0), "C12");
    CHECK_SET(sm_dev_push(&dev, 1, 0), "C12");
    CHECK_SET(sm_dev_push(&dev, 0, 9), "C11");
    CHECK_SET(sm_dev_push(&dev, 0, 8), "-");
    CHECK(dev.used_idx == 0x8001);
    CHECK(!sm_dev_returns_match(&dev));
    element(0, 77, 8, 0, USED_2 | W);
    CHECK(!sm_dev_returns_match(&dev));
    element(0, 77, 8, 0, USED_1 | W | N);       /* NEXT is reserved in a used element */
    CHECK(!sm_dev_returns_match(&dev));
    element(0, 77, 8, 0, USED_1 | W);
    CHECK(sm_dev_returns_match(&dev));
    CHECK_SET(sm_dev_push(&dev, 4, 0), "-");
    CHECK(dev.used_idx == 0x8004);
    element(1, 77, 1, 4, USED_1 | W);           /* one byte too many is said to be written */
    CHECK(!sm_dev_returns_match(&dev));
    element(1, 77, 1, 4, USED_1);               /* 2.8.4: without WRITE the length is reserved */
    CHECK(sm_dev_returns_match(&dev));

    /* The second lap: USED alone is available, and a list may run over the end of the ring. */
    element(0, RW, 16, 1, AVAIL_2);
    POP_OK(1, 16, 0, 1);
    CHECK_SET(sm_dev_push(&dev, 2, 0), "-");    /* slot 4, the last of its lap */
    CHECK(dev.used_idx == 0x0000);
    element(4, 77, 0, 2, USED_1);
    CHECK(sm_dev_returns_match(&dev));
    element(1, RW, 1, 0, AVAIL_2 | N);
    element(2, RW, 1, 0, AVAIL_2 | N);
    element(3, RW, 1, 0, AVAIL_2 | N);
    element(4, RW, 1, 3, AVAIL_2);
    POP_OK(3, 4, 0, 4);
    CHECK_SET(sm_dev_push(&dev, 1, 0), "-");
    element(0, 77, 0, 1, USED_2);
    CHECK(sm_dev_returns_match(&dev) && dev.used_idx == 0x0001);
}

/* A list that begins in slot 4 of one lap ends in slot 0 of the next. */
static void test_list_over_the_end(void)
{
    struct sm_dev_config c = five();

    c.start_avail = c.start_used = 0x8004;
    start(c);
    element(4, RW, 1, 0, AVAIL_1 | N);
    element(0, RW, 2, 3, AVAIL_1);              /* of the lap before */
    POP_BROKEN("P4");
    element(0, RW, 2, 3, USED_1);
    POP_BROKEN("P4");
    element(0, RW, 2, 3, AVAIL_2);
    POP_OK(3, 3, 0, 2);
    CHECK(dev.last_avail == 0x0001);
    CHECK_SET(sm_dev_push(&dev, 3, 0), "-");
    CHECK(dev.used_idx == 0x0001);
    element(4, 0, 0, 3, USED_1);
    CHECK(sm_dev_returns_match(&dev));
}

/* ---------------------------------------------------------------- P1 P3 P4 P5 S4 */

static void test_ring_rules(void)
{
    start(five());
    element(0, RW, 4, 0, USED_1);               /* P1: one flag alone is not enough */
    POP_EMPTY();
    element(0, RW, 4, 0, AVAIL_2);
    POP_EMPTY();

    /* All five, each with NEXT: no sixth. */
    for (unsigned i = 0; i < 5; i++)
        element(i, RW, 1, i, AVAIL_1 | N);
    POP_BROKEN("P3");
    element(4, RW, 1, 4, AVAIL_1);
    POP_OK(4, 5, 0, 5);                         /* five are a whole ring, and legal */
    element(0, RW, 1, 0, AVAIL_2);
    POP_BROKEN("P3");                           /* nothing is free any more */

    start(five());
    element(0, RW, 1, 9, AVAIL_1 | N);
    element(1, RW, 1, 1, AVAIL_1);
    POP_OK(1, 2, 0, 2);
    element(2, RW, 1, 9, AVAIL_1 | N);
    element(3, RW, 1, 9, AVAIL_1 | N);
    element(4, RW, 1, 0, AVAIL_1 | N);
    POP_BROKEN("P3");                           /* the next would be the head of the list in flight */
    element(4, RW, 1, 1, AVAIL_1);
    POP_BROKEN("S4");
    element(4, RW, 1, 5, AVAIL_1);
    POP_BROKEN("P5");
    element(4, RW, 1, 0xffff, AVAIL_1);
    POP_BROKEN("P5");
    element(3, RW, 1, 0, N);                    /* as the ring was at first */
    POP_BROKEN("P4");
    element(3, RW, 1, 0, AVAIL_1 | N);
    element(4, RW, 1, 0, AVAIL_1);
    POP_OK(0, 3, 0, 3);
}

/* Returns that the driver has not seen yet leave no room (as S3 does for split). */
static void test_unpublished(void)
{
    struct sm_dev_config c = five();

    c.batch_used = true;
    start(c);
    for (unsigned i = 0; i < 5; i++) {
        element(i, RW, 1, i, AVAIL_1);
        POP_OK(i, 1, 0, 1);
    }
    CHECK_SET(sm_dev_push(&dev, 0, 0), "-");
    element(0, RW, 1, 0, AVAIL_2);
    POP_BROKEN("P3");
    sm_dev_publish(&dev);
    POP_OK(0, 1, 0, 1);
}

/* ---------------------------------------------------------------- elements and tables, 2.8.5 and 2.8.7 */

static void test_elements(void)
{
    struct sm_dev_config c = five();
    struct sm_chain chain;

    c.policy.max_elements = 2;
    start(c);
    element(0, RW, 1, 0, AVAIL_1 | N | 8u);
    element(1, HOLE, 1, 0, AVAIL_1);
    POP_BROKEN("C5 C7");
    element(0, RW, 1, 0, AVAIL_1 | N | W);
    element(1, RW, 1, 0, AVAIL_1);
    POP_BROKEN("C6");
    element(1, DESC, 1, 0, AVAIL_1 | W);        /* the ring itself, and both event structures */
    POP_BROKEN("X8");
    element(1, AVAIL + 3, 1, 0, AVAIL_1 | W);
    POP_BROKEN("X8");
    element(1, USED + 4, 1, 0, AVAIL_1 | W);
    POP_OK(0, 0, 2, 2);

    /* Too long: what it says is not looked at, but its end is, so that it can go back. */
    element(2, RW, 1, 0, AVAIL_1 | N);
    element(3, RW, 1, 0, AVAIL_1 | N);
    element(4, HOLE, 1, 3, AVAIL_1);
    chain = sm_dev_pop(&dev);
    CHECK(chain.outcome == SM_BROKEN && chain.head_known && chain.head == 3 && chain.slots == 3);
    CHECK_SET(chain.broken, "C2");
    CHECK_SET(sm_dev_drop(&dev, &chain), "-");
    CHECK(dev.last_avail == 0x0000 && dev.used_idx == 0x8003 && dev.in_flight_count == 1);
    element(0, 0, 0, 3, USED_1);
    CHECK(sm_dev_returns_match(&dev));

    start(c);
    element(0, HOLE, 1, 5, AVAIL_1);
    chain = sm_dev_pop(&dev);
    CHECK_SET(chain.broken, "C5 P5");
    CHECK_SET(sm_dev_drop(&dev, &chain), "P5");
    element(0, HOLE, 1, 0, AVAIL_1 | N);
    chain = sm_dev_pop(&dev);
    CHECK(!chain.head_known && chain.slots == 0);
    CHECK_SET(chain.broken, "C5 P4");
    CHECK_SET(sm_dev_drop(&dev, &chain), "P4");
}

/* Entry `index` of the indirect table; its id means nothing. */
static void table_entry(unsigned index, uint64_t addr, uint32_t len, unsigned flags)
{
    put_desc(TABLE, index, addr, len, 0xabcd, flags);
}

static void test_tables(void)
{
    struct sm_dev_config c = five();
    struct sm_chain chain;

    c.policy.canonical = true;
    start(c);
    table_entry(0, RW, 16, 0);
    table_entry(1, RW + 16, 8, W);
    table_entry(2, RW + 24, 1, W);
    element(0, TABLE, 48, 2, AVAIL_1 | I | W);  /* I7: WRITE of the referrer means nothing */
    chain = sm_dev_pop(&dev);
    CHECK(chain.outcome == SM_OK && chain.head == 2 && chain.slots == 1 && chain.elements == 3 && chain.indirect);
    CHECK(chain.readable == 16 && chain.writable == 9);
    sm_chain_free(&chain);
    CHECK(dev.last_avail == 0x8001);

    /* 2.8.5: a table is alone in its list. */
    element(1, TABLE, 48, 0, AVAIL_1 | I | N);
    element(2, RW, 1, 1, AVAIL_1 | W);
    POP_BROKEN("I6");
    element(1, RW, 1, 0, AVAIL_1 | N);
    element(2, TABLE, 48, 1, AVAIL_1 | I);
    POP_BROKEN("I10");

    element(1, TABLE, 0, 0, AVAIL_1 | I);
    POP_BROKEN("I2");
    element(1, TABLE, 40, 0, AVAIL_1 | I);
    POP_BROKEN("I2");
    element(1, TABLE, 96, 0, AVAIL_1 | I);      /* six entries, five descriptors */
    POP_BROKEN("I3");
    element(1, WO, 48, 0, AVAIL_1 | I);
    POP_BROKEN("I4");
    element(1, TABLE, 48, 0, AVAIL_1 | I);
    table_entry(1, TABLE, 8, W);
    POP_BROKEN("I12");
    table_entry(1, RW, 8, W | I);
    POP_BROKEN("I5");
    table_entry(1, RW, 8, W | 0x10u);
    POP_BROKEN("C7");

    /* 2.8.7: every flag but WRITE is reserved; the strict profile takes that at its word. */
    table_entry(1, RW, 8, W | N);
    POP_BROKEN("I9");
    table_entry(1, RW, 8, W | AVAIL_1);
    POP_BROKEN("I9");
    table_entry(1, RW, 8, W | 0x8000u);
    POP_BROKEN("I9");
    table_entry(1, RW, 8, W);
    POP_OK(0, 16, 9, 3);

    c.policy.canonical = false;
    start(c);
    table_entry(0, RW, 16, N);                  /* no NEXT ends a table, none continues it */
    table_entry(1, RW + 16, 8, W | N | USED_1);
    table_entry(2, RW + 24, 1, W | N);
    element(0, TABLE, 48, 2, AVAIL_1 | I);
    POP_OK(2, 16, 9, 3);

    c.features &= ~SM_FEATURE_INDIRECT_DESC;
    start(c);
    element(0, TABLE, 48, 2, AVAIL_1 | I);
    POP_BROKEN("I1");
    element(0, TABLE, 48, 2, AVAIL_1 | I | N);
    element(1, HOLE, 1, 1, AVAIL_1);            /* behind what is not understood, nothing is judged */
    POP_BROKEN("I1 I6");
}

/* ---------------------------------------------------------------- the event structure in memory, 2.8.14 */

static void test_events(void)
{
    struct sm_dev_config c = five();

    start(c);
    CHECK(sm_dev_notify(&dev, 0x8000, 0x8001) && !sm_dev_notify(&dev, 0x8001, 0x8001));
    sm_put16(at(AVAIL + 2), 1, false);
    CHECK(!sm_dev_notify(&dev, 0x8000, 0x8001));
    c.features |= SM_FEATURE_EVENT_IDX;
    start(c);
    sm_put16(at(AVAIL), 0x8004, false);         /* offset 4, wrap counter 1 */
    sm_put16(at(AVAIL + 2), 2, false);
    CHECK(!sm_dev_notify(&dev, 0x8000, 0x8004) && sm_dev_notify(&dev, 0x8000, 0x0000));
}

void selfcheck_packed(void)
{
    test_init();
    test_lists();
    test_list_over_the_end();
    test_ring_rules();
    test_unpublished();
    test_elements();
    test_tables();
    test_events();
}
