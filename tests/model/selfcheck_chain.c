/* SPDX-License-Identifier: MIT */
/* Examples: chains of a split queue, indirect tables, capabilities. Section numbers are those of virtio 1.2. */
#include "selfcheck.h"

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
    SERVE_OK(0, 32, 0, 8);
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
    SERVE_OK(0, 8, 0, 2);
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
    SERVE_OK(0, 4, 0, 1);
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
    SERVE_OK(0, 16, 0, 1);
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
    SERVE_OK(0, 4, 0, 1);
    desc(0, 0, 0, 0, 0);
    publish(0);
    SERVE_OK(0, 0, 0, 0);
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
    SERVE_OK(0, 16, 1, 3);
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
    SERVE_OK(0, 16, 0, 1);
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
    SERVE_OK(0, 7, 0, 3);                       /* 1 + 2 = 3: the one that refers is no element */
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
    SERVE_OK(0, 0, 5, 2);
    publish(1);
    entry(0, TABLE - 4, 5, W, 0);
    POP_BROKEN("I12");
    entry(0, TABLE - 4, 4, W, 0);
    SERVE_OK(1, 0, 4, 1);
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

void selfcheck_chain(void)
{
    test_chain();
    test_capabilities();
    test_indirect();
    test_self_alias();
}
