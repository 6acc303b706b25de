/* SPDX-License-Identifier: MIT */
/* Examples: the driver of a packed queue, and IN_ORDER. Section numbers are those of virtio 1.2. */
#include "selfcheck.h"

#define PACKED   SM_FEATURE_RING_PACKED
#define IN_ORDER SM_FEATURE_IN_ORDER

static struct sm_drv drv;

static struct sm_take split(uint16_t idx, uint32_t id, uint32_t len)
{
    struct sm_used used = { idx, 0, id, len };

    return sm_drv_take(&drv, used, SM_LEN_REJECT);
}

static struct sm_take packed(unsigned flags, uint32_t id, uint32_t len)
{
    struct sm_used used = { 0, (uint16_t)flags, id, len };

    return sm_drv_take(&drv, used, SM_LEN_REJECT);
}

static bool is_done(struct sm_take take, uint64_t cookie, uint64_t len, bool claimed)
{
    return take.outcome == SM_OK && take.cookie == cookie && take.len == len && take.claimed == claimed;
}

/* ---------------------------------------------------------------- the driver of a packed queue, 2.8.4 and 2.8.6 */

static void test_packed_driver(void)
{
    sm_drv_init(&drv, PACKED, 5, SM_PACKED_START, SM_PACKED_START);
    CHECK(packed(0, 0, 0).outcome == SM_EMPTY);             /* zeros are not a used element of the first lap */
    CHECK_SET(packed(0x8080, 0, 0).broken, "U3");
    CHECK(sm_drv_lend(&drv, 3, 2, 100, 0, 30) && drv.avail_idx == 0x8002);
    CHECK(sm_drv_lend(&drv, 0, 3, 8, 1, 40) && drv.avail_idx == 0x0000);
    CHECK(!sm_drv_lend(&drv, 1, 1, 8, 0, 50) && !sm_drv_lend(&drv, 3, 1, 8, 0, 50));

    CHECK(packed(0x0080, 3, 0).outcome == SM_EMPTY);        /* as the driver left it */
    CHECK(packed(0x8000, 3, 0).outcome == SM_EMPTY);        /* P1: the used flag alone */
    CHECK_SET(packed(0x8082, 5, 0).broken, "U2");
    CHECK_SET(packed(0x8082, 0xffff, 0).broken, "U2");
    CHECK_SET(packed(0x8082, 1, 0).broken, "U3");
    CHECK_SET(packed(0x8082, 0, 9).broken, "U5");
    CHECK_SET(packed(0x8082, 0, 0).broken, "U6");
    CHECK_SET(packed(0x8080, 0, 8).broken, "U6");           /* P8: without WRITE there is no length */
    CHECK(drv.last_used == 0x8000);

    /* The second one first: three descriptors on, to where the next used element will be. */
    CHECK(is_done(packed(0x8082, 0, 8), 40, 8, false) && drv.last_used == 0x8003);
    CHECK_SET(packed(0x8082, 0, 8).broken, "U3");
    CHECK(sm_drv_lend(&drv, 1, 3, 0, 0, 60) && drv.avail_idx == 0x0003);
    CHECK(is_done(packed(0x8080, 3, 0xffffffff), 30, 0, false) && drv.last_used == 0x0000);

    /* The second lap: used is neither flag. */
    CHECK(packed(0x8000, 1, 0).outcome == SM_EMPTY && packed(0x8080, 1, 0).outcome == SM_EMPTY);
    CHECK(is_done(packed(0x0000, 1, 0), 60, 0, false) && drv.last_used == 0x0003 && drv.outstanding_slots == 0);
    sm_drv_free(&drv);

    /* A ring of one: each element is of another lap. */
    sm_drv_init(&drv, PACKED, 1, SM_PACKED_START, SM_PACKED_START);
    CHECK(sm_drv_lend(&drv, 0, 1, 4, 0, 1) && is_done(packed(0x8082, 0, 4), 1, 4, false) && drv.last_used == 0x0000);
    CHECK(packed(0x8082, 0, 4).outcome == SM_EMPTY);
    CHECK(sm_drv_lend(&drv, 0, 1, 4, 0, 2) && is_done(packed(0x0002, 0, 3), 2, 3, false) && drv.last_used == 0x8000);
    sm_drv_free(&drv);
}

/* ---------------------------------------------------------------- IN_ORDER, the driver: 2.7.9 and 2.8.8 */

static void test_split_batches(void)
{
    sm_drv_init(&drv, IN_ORDER, 4, 0xffff, 0xffff);
    CHECK(sm_drv_lend(&drv, 2, 1, 10, 1, 1) && sm_drv_lend(&drv, 3, 1, 20, 1, 2) && sm_drv_lend(&drv, 0, 1, 30, 1, 3));
    CHECK_SET(split(1, 0, 5).broken, "O2");                 /* three of them, and the index moved by two */
    CHECK_SET(split(0, 3, 5).broken, "O2");
    CHECK_SET(split(3, 0, 5).broken, "U1");
    CHECK_SET(split(1, 1, 5).broken, "U3");
    CHECK_SET(split(1, 4, 5).broken, "U2");
    CHECK_SET(split(1, 3, 21).broken, "U5");
    CHECK_SET(split(1, 3, 0).broken, "U6");
    CHECK(drv.outstanding == 3 && drv.last_used == 0xffff);

    /* Head 3 stands for both: nobody said how much of head 2 was written. */
    CHECK(is_done(split(1, 3, 7), 1, 10, true) && drv.last_used == 1);
    CHECK(is_done(split(1, 0, 0), 2, 7, false));            /* of the batch: the ring is not looked at */
    CHECK(split(1, 0, 5).outcome == SM_EMPTY);
    CHECK_SET(split(2, 3, 7).broken, "U3");
    CHECK(is_done(split(2, 0, 30), 3, 30, false) && drv.last_used == 2 && drv.outstanding == 0);

    /* Two elements at once: the second stands where the first says. */
    CHECK(sm_drv_lend(&drv, 0, 1, 10, 0, 1) && sm_drv_lend(&drv, 1, 1, 10, 0, 2) && sm_drv_lend(&drv, 2, 1, 10, 0, 3));
    CHECK(is_done(split(5, 0, 1), 1, 1, false) && drv.last_used == 3);
    CHECK(is_done(split(5, 2, 1), 2, 10, true) && drv.last_used == 5);
    CHECK(is_done(split(5, 2, 1), 3, 1, false));
    sm_drv_free(&drv);
}

static void test_packed_batches(void)
{
    sm_drv_init(&drv, IN_ORDER | PACKED, 5, 0x8003, 0x8003);
    CHECK(sm_drv_lend(&drv, 4, 2, 10, 0, 1) && sm_drv_lend(&drv, 0, 1, 20, 0, 2) && sm_drv_lend(&drv, 2, 2, 30, 0, 3));
    CHECK(drv.avail_idx == 0x0003);
    CHECK_SET(packed(0x8082, 2, 31).broken, "U5");
    CHECK_SET(packed(0x8082, 1, 1).broken, "U3");
    CHECK(is_done(packed(0x8082, 0, 5), 1, 10, true) && drv.last_used == 0x0001);   /* 2 + 1 behind 3 */
    CHECK(is_done(packed(0x8082, 2, 5), 2, 5, false));
    CHECK(packed(0x8082, 2, 5).outcome == SM_EMPTY);        /* now it is the second lap */
    CHECK(is_done(packed(0x0000, 2, 5), 3, 0, false) && drv.last_used == 0x0003);
    sm_drv_free(&drv);
}

/* Without the feature an id stands for itself alone. */
static void test_no_batches(void)
{
    struct sm_dev_config c = plain();

    sm_drv_init(&drv, PACKED, 5, SM_PACKED_START, SM_PACKED_START);
    CHECK(sm_drv_lend(&drv, 0, 2, 10, 0, 1) && sm_drv_lend(&drv, 1, 1, 20, 0, 2));
    CHECK(is_done(packed(0x8082, 1, 5), 2, 5, false) && drv.last_used == 0x8001 && drv.outstanding == 1);
    sm_drv_free(&drv);

    c.features |= PACKED;
    c.start_avail = c.start_used = SM_PACKED_START;
    start(c);
    put_desc(DESC, 0, RW, 8, 0, 0x0080 | W);
    put_desc(DESC, 1, RW, 8, 1, 0x0080 | W);
    POP_OK(0, 0, 8, 1);
    POP_OK(1, 0, 8, 1);
    CHECK_SET(sm_dev_push(&dev, 0, 8), "-");
    CHECK_SET(sm_dev_push(&dev, 1, 8), "-");
    put_desc(DESC, 0, 0, 8, 1, 0x8080 | W);
    CHECK(!sm_dev_returns_match(&dev));
}

/* ---------------------------------------------------------------- IN_ORDER, the device */

static struct sm_dev_config ordered(void)
{
    struct sm_dev_config config = plain();

    config.features |= IN_ORDER;
    return config;
}

static void test_order_of_descriptors(void)
{
    struct sm_dev_config c = ordered();

    start(ordered());
    desc(0, RW, 1, N, 1);
    desc(1, RW, 1, 0, 99);                      /* next of a last descriptor means nothing */
    publish(0);
    POP_OK(0, 2, 0, 2);
    desc(3, RW, 1, 0, 0);
    publish(3);
    POP_BROKEN("O4");                           /* 2 is next */
    start(ordered());
    desc(0, RW, 1, N, 2);
    desc(2, RW, 1, 0, 0);
    publish(0);
    POP_BROKEN("O4");

    /* Chains of three, two and five: the last runs over the end of the table. */
    start(ordered());
    for (unsigned i = 0; i < 8; i++)
        desc(i, RW, 1, i == 2 || i == 4 || i == 1 ? 0 : N, i == 7 ? 0 : i + 1);
    desc(1, RW, 1, N, 2);
    publish(0);
    SERVE_OK(0, 3, 0, 3);
    publish(3);
    POP_OK(3, 2, 0, 2);
    desc(1, RW, 1, 0, 0);
    publish(5);
    POP_OK(5, 5, 0, 5);                         /* 5 6 7 0 1 */
    CHECK(dev.next_desc == 2);

    /* In a table of two, 1 follows 0. */
    start(ordered());
    desc(0, TABLE, 48, I, 0);
    entry(0, RW, 1, N, 2);
    entry(2, RW, 1, 0, 0);
    publish(0);
    POP_BROKEN("O4");
    entry(0, RW, 1, N, 1);
    entry(1, RW, 1, 0, 0);
    POP_OK(0, 2, 0, 2);

    /* A table may be longer than the queue, and does not wrap where the queue does. */
    c.policy.max_elements = c.policy.max_table_entries = 9;
    start(c);
    desc(0, TABLE, 144, I, 0);
    for (unsigned i = 0; i < 9; i++)
        entry(i, RW, 1, i == 8 ? 0 : N, i + 1);
    publish(0);
    POP_OK(0, 9, 0, 9);
}

static void test_order_of_returns(void)
{
    struct sm_chain chain;

    start(ordered());
    for (unsigned i = 0; i < 4; i++) {
        desc(i, i == 2 ? HOLE : RW, 8, W, 0);
        publish(i);
    }
    POP_OK(0, 0, 8, 1);
    POP_OK(1, 0, 8, 1);
    CHECK_SET(sm_dev_push(&dev, 1, 8), "O5");
    chain = sm_dev_pop(&dev);
    CHECK_SET(chain.broken, "C5");
    CHECK_SET(sm_dev_drop(&dev, &chain), "-");  /* taken, and back when its turn comes */
    CHECK(dev.last_avail == 3 && dev.used_idx == 0 && dev.in_flight_count == 3);
    POP_OK(3, 0, 8, 1);
    CHECK_SET(sm_dev_push(&dev, 0, 8), "-");
    CHECK(dev.used_idx == 1);
    CHECK_SET(sm_dev_push(&dev, 2, 0), "C12");
    CHECK_SET(sm_dev_push(&dev, 1, 8), "-");
    CHECK(dev.used_idx == 3);

    /* 0 and 1 were written completely: they may go unsaid, 2 (length 0) may not. */
    sm_put16(at(USED + 2), 3, false);
    sm_put32(at(USED + 4), 2, false);
    sm_put32(at(USED + 8), 0, false);
    CHECK(sm_dev_returns_match(&dev));
    CHECK_SET(sm_dev_push(&dev, 3, 8), "-");
    CHECK(!sm_dev_returns_match(&dev));
}

static void test_order_of_packed_returns(void)
{
    struct sm_dev_config c = ordered();

    c.features |= PACKED;
    c.size = 5;
    c.start_avail = c.start_used = 0x8003;
    start(c);
    put_desc(DESC, 3, RW, 8, 0, 0x0080 | N | W);
    put_desc(DESC, 4, RW, 8, 4, 0x0080 | W);
    put_desc(DESC, 0, RW, 8, 1, 0x8000 | W);
    put_desc(DESC, 1, RW, 8, 0, 0x8000 | W);    /* ids need no order */
    POP_OK(4, 0, 16, 2);
    POP_OK(1, 0, 8, 1);
    POP_OK(0, 0, 8, 1);
    CHECK_SET(sm_dev_push(&dev, 1, 8), "O5");
    CHECK_SET(sm_dev_push(&dev, 4, 16), "-");
    CHECK_SET(sm_dev_push(&dev, 1, 5), "-");
    CHECK_SET(sm_dev_push(&dev, 0, 8), "-");
    CHECK(dev.used_idx == 0x0002);
    put_desc(DESC, 3, 0, 8, 0, 0x8080 | W);     /* one element for all three: but 5 of 8 is not complete */
    CHECK(!sm_dev_returns_match(&dev));

    start(c);
    put_desc(DESC, 3, RW, 8, 0, 0x0080 | N | W);
    put_desc(DESC, 4, RW, 8, 4, 0x0080 | W);
    put_desc(DESC, 0, RW, 8, 1, 0x8000 | W);
    put_desc(DESC, 1, RW, 8, 0, 0x8000 | W);
    POP_OK(4, 0, 16, 2);
    POP_OK(1, 0, 8, 1);
    POP_OK(0, 0, 8, 1);
    CHECK_SET(sm_dev_push(&dev, 4, 16), "-");
    CHECK_SET(sm_dev_push(&dev, 1, 5), "-");
    CHECK_SET(sm_dev_push(&dev, 0, 8), "-");
    put_desc(DESC, 3, 0, 5, 1, 0x8080 | W);     /* two for the first, three descriptors */
    put_desc(DESC, 1, 0, 8, 0, 0x0000 | W);
    CHECK(sm_dev_returns_match(&dev));
}

void selfcheck_in_order(void)
{
    test_packed_driver();
    test_split_batches();
    test_packed_batches();
    test_no_batches();
    test_order_of_descriptors();
    test_order_of_returns();
    test_order_of_packed_returns();
}
