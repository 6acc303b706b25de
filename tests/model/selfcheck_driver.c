/* SPDX-License-Identifier: MIT */
/* Examples: the driver of a split queue. Section numbers are those of virtio 1.2. */
#include "selfcheck.h"

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

void selfcheck_driver(void)
{
    test_driver();
}
