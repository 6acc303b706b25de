/* SPDX-License-Identifier: MIT */
/** @file test_blk_rings.c Rings, sizes and bases with which no queue is started; its neighbour runs. */
#include "one_util.h"

#include <stdio.h>
#include <string.h>

#define NOT_STARTED "vqguard-blk: queue %u is not started: "

static void leave(struct front *f)
{
    front_remove(f);
    backend_assert_left(&one()->backend);
    request_honest_client(&one()->backend);
}

static struct wire_message event_message(uint32_t request, int fd)
{
    struct wire_message m = wire_make(request, 8);
    m.fds[0] = fd;
    m.fd_count = 1;
    return m;
}

/* Opens two queues, the second one with these rings; it is refused in these words, once, and the first serves. */
static void assert_rings_refused(uint64_t features, uint32_t size, uint64_t desc, uint64_t avail, uint64_t used,
                                 const char *words)
{
    struct front f;
    struct wire_message rings = front_rings(1);
    struct wire_message kick;
    char wanted[BACKEND_LINE];
    front_make(&f, features | VQG_F_VERSION_1, 2, 16);
    front_connect(&f, &one()->backend, false);
    front_share(&f);
    front_start(&f, 0, (features & FRONT_PACKED) != 0u ? 0x80008000u : 0u);
    kick = event_message(VHOST_USER_SET_VRING_KICK, f.queue[1].kick);
    kick.payload.number = 1;
    rings.payload.addr.desc = desc;
    rings.payload.addr.avail = avail;
    rings.payload.addr.used = used;
    front_tell_state(&f, VHOST_USER_SET_VRING_NUM, 1, size);
    front_tell_state(&f, VHOST_USER_SET_VRING_BASE, 1, (features & FRONT_PACKED) != 0u ? 0x80008000u : 0u);
    front_tell(&f, &rings);
    front_tell(&f, &kick);
    front_tell_state(&f, VHOST_USER_SET_VRING_ENABLE, 1, 1);
    (void)front_ask_number(&f, VHOST_USER_GET_FEATURES);
    (void)snprintf(wanted, sizeof wanted, NOT_STARTED "%s\n", 1u, words);
    assert_string_equal(backend_log(&one()->backend), wanted);
    request_assert_read(&f, 0, 9, 1, 0);
    leave(&f);
}

static void rings_where_none_can_be(void **state)
{
    static const char nowhere[] = "its rings are not in memory of the guest, or over another queue's";
    const uint64_t own = FRONT_RINGS_USER + FRONT_QUEUE_BYTES;
    const uint64_t avail = own + FRONT_AVAIL;
    const uint64_t used = own + FRONT_USED;
    const uint64_t last = FRONT_RINGS_USER + FRONT_RINGS_BYTES;
    (void)state;
    assert_rings_refused(0, 16, 0, avail, used, nowhere);
    assert_rings_refused(0, 16, own, UINT64_MAX, used, nowhere);
    assert_rings_refused(0, 16, own, avail, last, nowhere);
    assert_rings_refused(0, 16, FRONT_RINGS_GUEST + FRONT_QUEUE_BYTES, avail, used, nowhere); /* that is the guest's */
    assert_rings_refused(0, 16, FRONT_RINGS_USER, avail, used, nowhere);
    assert_rings_refused(0, 16, own, FRONT_RINGS_USER + FRONT_USED + 130u, used, nowhere);
    assert_rings_refused(FRONT_PACKED, 16, own, FRONT_RINGS_USER + 16u, used, nowhere);
}

static void rings_that_break_a_rule(void **state)
{
    const uint64_t own = FRONT_RINGS_USER + FRONT_QUEUE_BYTES;
    const uint64_t avail = own + FRONT_AVAIL;
    const uint64_t used = own + FRONT_USED;
    const uint64_t last = FRONT_RINGS_USER + FRONT_RINGS_BYTES;
    char words[BACKEND_LINE];
    (void)state;
    (void)snprintf(words, sizeof words, "%s (rule Q5 QUEUE_ALIGN, value %llu, limit 16)",
                   vqg_status_text(VQG_BAD_DESC), (unsigned long long)(FRONT_RINGS_GUEST + FRONT_QUEUE_BYTES + 8u));
    assert_rings_refused(0, 16, own + 8u, avail, used, words);
    (void)snprintf(words, sizeof words, "%s (rule Q5 QUEUE_ALIGN, value %llu, limit 2)",
                   vqg_status_text(VQG_BAD_AVAIL),
                   (unsigned long long)(FRONT_RINGS_GUEST + FRONT_QUEUE_BYTES + FRONT_AVAIL + 1u));
    assert_rings_refused(0, 16, own, avail + 1u, used, words);
    (void)snprintf(words, sizeof words, "%s (rule Q5 QUEUE_ALIGN, value %llu, limit 4)",
                   vqg_status_text(VQG_BAD_USED),
                   (unsigned long long)(FRONT_RINGS_GUEST + FRONT_QUEUE_BYTES + FRONT_USED + 2u));
    assert_rings_refused(FRONT_PACKED, 16, own, avail, used + 2u, words);
    (void)snprintf(words, sizeof words, "%s (rule Q6 QUEUE_EXTENT, value %llu, limit 256)",
                   vqg_status_text(VQG_BAD_DESC),
                   (unsigned long long)(FRONT_RINGS_GUEST + FRONT_RINGS_BYTES - 240u));
    assert_rings_refused(0, 16, last - 240u, avail, used, words);
    (void)snprintf(words, sizeof words, "%s (rule Q7 QUEUE_DISJOINT, value %llu, limit %llu)",
                   vqg_status_text(VQG_BAD_AVAIL), (unsigned long long)(FRONT_RINGS_GUEST + FRONT_QUEUE_BYTES + 240u),
                   (unsigned long long)(FRONT_RINGS_GUEST + FRONT_QUEUE_BYTES));
    assert_rings_refused(0, 16, own, own + 240u, used, words);
    (void)snprintf(words, sizeof words, "%s (rule Q2 QUEUE_SIZE_SPLIT, value 3, limit 32768)",
                   vqg_status_text(VQG_BAD_SIZE));
    assert_rings_refused(0, 3, own, avail, used, words);
}

static void bases_where_no_queue_can_be(void **state)
{
    struct front f;
    char wanted[BACKEND_LINE];
    (void)state;
    front_make(&f, FRONT_PACKED | VQG_F_VERSION_1, 2, 16);
    front_connect(&f, &one()->backend, false);
    front_share(&f);
    front_start(&f, 0, 0x80108010u);
    (void)front_ask_number(&f, VHOST_USER_GET_FEATURES);
    (void)snprintf(wanted, sizeof wanted, NOT_STARTED "%s (rule R7 RESTORE, value 16, limit 16)\n", 0u,
                   vqg_status_text(VQG_BAD_SAVED));
    assert_string_equal(backend_log(&one()->backend), wanted);
    front_start(&f, 1, 0x80008001u);
    (void)front_ask_number(&f, VHOST_USER_GET_FEATURES);
    (void)snprintf(wanted, sizeof wanted, NOT_STARTED "%s (rule R7 RESTORE, value 32768, limit 32769)\n", 1u,
                   vqg_status_text(VQG_BAD_SAVED));
    assert_string_equal(backend_log(&one()->backend), wanted);
    leave(&f);
    /* Split: a base that the index of the ring contradicts. */
    front_make(&f, VQG_F_VERSION_1, 2, 16);
    front_connect(&f, &one()->backend, false);
    front_share(&f);
    front_start(&f, 0, 5);
    (void)front_ask_number(&f, VHOST_USER_GET_FEATURES);
    (void)snprintf(wanted, sizeof wanted, NOT_STARTED "%s (rule R7 RESTORE, value 65531, limit 16)\n", 0u,
                   vqg_status_text(VQG_BAD_SAVED));
    assert_string_equal(backend_log(&one()->backend), wanted);
    leave(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ONE(rings_where_none_can_be),
        ON_ONE(rings_that_break_a_rule),
        ON_ONE(bases_where_no_queue_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
