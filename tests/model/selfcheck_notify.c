/* SPDX-License-Identifier: MIT */
/* Examples: positions and notifications of both formats. Section numbers are those of virtio 1.2. */
#include "selfcheck.h"

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

/* ---------------------------------------------------------------- packed, 2.8.1 and 2.8.10 */

static void test_packed_positions(void)
{
    /* A ring of 5: offsets 0 to 4, the counter changes behind 4. */
    CHECK(sm_packed_advance(0x8000, 0, 5) == 0x8000 && sm_packed_advance(0x8000, 4, 5) == 0x8004);
    CHECK(sm_packed_advance(0x8004, 1, 5) == 0x0000 && sm_packed_advance(0x0004, 1, 5) == 0x8000);
    CHECK(sm_packed_advance(0x8003, 3, 5) == 0x0001 && sm_packed_advance(0x8000, 10, 5) == 0x8000);
    CHECK(sm_packed_advance(0x8000, 1, 1) == 0x0000 && sm_packed_advance(0x0000, 1, 1) == 0x8000);
    CHECK(sm_packed_advance(0xffff, 1, 32768) == 0x0000 && sm_packed_advance(0x7fff, 1, 32768) == 0x8000);

    CHECK(sm_packed_available(0x8003) == 0x0080 && sm_packed_available(0x0003) == 0x8000);
    CHECK(sm_packed_used(0x8003) == 0x8080 && sm_packed_used(0x0003) == 0x0000);
}

static bool from_3_to_1(uint16_t event, uint16_t flags, bool event_idx)
{
    /* Offsets 3 and 4 of one lap and 0 of the next were written. */
    return sm_packed_must_notify(0x8003, 0x0001, event, flags, event_idx, 5);
}

static void test_packed_notify(void)
{
    CHECK(from_3_to_1(0, 0, false) && from_3_to_1(0, 0, true) && !from_3_to_1(0, 1, false) && !from_3_to_1(0, 1, true));
    CHECK(!sm_packed_must_notify(0x8003, 0x8003, 0x8003, 2, true, 5));
    CHECK(!sm_packed_must_notify(0x8003, 0x8003, 0, 0, true, 5));

    CHECK(from_3_to_1(0x8003, 2, true) && from_3_to_1(0x8004, 2, true) && from_3_to_1(0x0000, 2, true));
    CHECK(!from_3_to_1(0x8002, 2, true) && !from_3_to_1(0x0001, 2, true));      /* before, and not yet */
    CHECK(!from_3_to_1(0x8000, 2, true) && !from_3_to_1(0x0003, 2, true));      /* of another lap */

    /* P11: what cannot be meant is no reason to be silent. */
    CHECK(from_3_to_1(0x8002, 2, false) && from_3_to_1(0x8002, 3, true) && from_3_to_1(0x8005, 2, true));
    CHECK(from_3_to_1(0x7fff, 2, true));
    CHECK(from_3_to_1(0, 4, true) && !from_3_to_1(0, 5, true));                 /* reserved bits are not read */
}

void selfcheck_notify(void)
{
    test_notify();
    test_packed_positions();
    test_packed_notify();
}
