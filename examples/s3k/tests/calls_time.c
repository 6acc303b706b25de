/* SPDX-License-Identifier: MIT */
/* Time: slots and who runs in them. The length of a slot is the kernel's affair. */
#include "puppet.h"
#include "tap.h"

#define ROOT_SLOTS 12u /* what process 1 keeps */
#define REST_SLOTS 3u
#define REST (S3K_TSL_FUEL - 4u) /* after the three puppets' */
#define DERIVE(i, csize, enabled, slots) S3K_TSL_DERIVE, { i, csize, enabled, slots }

static const struct tap_row refused[] = {
    { "time: introspect an index beyond the table", S3K_TSL_INTROSPECT, { 32, 0 }, S3K_ERR_ACCESS },
    { "time: derive from an index beyond the table", DERIVE(32, 1, 1, 1), S3K_ERR_ACCESS },
    { "time: derive from another's", DERIVE(PUPPET_TSL(2), 1, 1, 1), S3K_ERR_ACCESS },
    { "time: delete another's", S3K_TSL_DELETE, { PUPPET_TSL(2) }, S3K_ERR_ACCESS },
    { "time: switch another's off", S3K_TSL_SET, { PUPPET_TSL(2), 0 }, S3K_ERR_ACCESS },
    { "time: no slots", DERIVE(0, 1, 1, 0), S3K_ERR_ARGUMENT },
    { "time: more slots than are left", DERIVE(0, 1, 1, ROOT_SLOTS + REST_SLOTS + 1u), S3K_ERR_ARGUMENT },
    { "time: slots that are 1 after narrowing", DERIVE(0, 1, 1, 0x10001), S3K_ERR_ARGUMENT },
    { "time: no table entry", DERIVE(0, 0, 1, 1), S3K_ERR_ARGUMENT },
    { "time: all entries", DERIVE(0, REST + 1u, 1, 1), S3K_ERR_ARGUMENT },
    { "time: the last slots that are left, for nobody yet", DERIVE(0, 1, 0, REST_SLOTS), REST },
};

/* Measures, from when process 1 does not run: the cycle, and how long it did not. */
static void measure(uint64_t *cycle, uint64_t *away)
{
    uint64_t last = platform_time(), back = 0, longest = 0, deadline = platform_deadline(1);
    unsigned rounds = 0;

    *cycle = 0;
    while (rounds < 6 && !platform_expired(deadline)) {
        uint64_t now = platform_time();

        /* Half a cycle is far more than a trap and far less than the others' slots. */
        if (now - last > longest / 2u && now - last > 1000u) {
            longest = now - last > longest ? now - last : longest;
            *cycle = now - back;
            back = now;
            rounds++;
        }
        last = now;
    }
    *away = longest;
}

static void test_share(void)
{
    const uint64_t none[7] = { 0 };
    uint64_t cycle, away, two, three;

    for (uint16_t pid = PUPPET_FIRST; pid <= PUPPET_LAST; pid++) {
        puppet_post(pid, PUPPET_COUNT, none);
    }
    measure(&cycle, &away);
    /* In halves of a slot: it is away for 20 slots of 32, whatever the others do with them. */
    tap_true("time: a process has its slots, and nobody else has them",
             away * 64u > cycle * (2u * (S3K_TIME_SLOTS - ROOT_SLOTS) - 1u) &&
                 away * 64u < cycle * (2u * (S3K_TIME_SLOTS - ROOT_SLOTS) + 1u));
    two = puppet(2)->count;
    three = puppet(3)->count;
    s3k_sleep_until(platform_time() + 16u * cycle);
    two = puppet(2)->count - two;
    three = puppet(3)->count - three;
    tap_true("time: slots of one number are time of one length",
             two > 0 && two * 8u > three * 7u && three * 8u > two * 7u);
}

/* How often a puppet counts in eight cycles. */
static uint64_t count_of(uint16_t pid)
{
    uint64_t before;

    s3k_sleep_until(0);
    before = puppet(pid)->count;
    for (unsigned i = 0; i < 8; i++) {
        s3k_sleep_until(0);
    }
    return puppet(pid)->count - before;
}

static void test_switch(void)
{
    const uint64_t m = S3K_CAP_MON(3);
    uint64_t before = count_of(2);

    tap_equal("time: switched off", (uint64_t)s3k_do(S3K_MON_TSL_SET, m, PUPPET_TSL(3), 0, 0, 0, 0).status, S3K_OK);
    tap_equal("time: it does not run", count_of(3), 0);
    tap_true("time: nobody else has its slots", count_of(2) * 8u < before * 9u);
    tap_equal("time: switched on", (uint64_t)s3k_do(S3K_MON_TSL_SET, m, PUPPET_TSL(3), 1, 0, 0, 0).status, S3K_OK);
    tap_true("time: it runs", count_of(3) > 0);
    tap_equal("time: granted to process 3", (uint64_t)s3k_mon_grant(m, S3K_TSL, REST), S3K_OK);
    before = count_of(3);
    tap_equal("time: switched on, too", (uint64_t)s3k_do(S3K_MON_TSL_SET, m, REST, 1, 0, 0, 0).status, S3K_OK);
    tap_true("time: it runs for longer", count_of(3) * 8u > before * 10u);
}

static void test_revoke(void)
{
    struct s3k_cap cap;

    tap_equal("time: revoked", (uint64_t)s3k_revoke(S3K_TSL, S3K_CAP_TIME), 0);
    tap_true("time: the slots are back", s3k_introspect(S3K_TSL, S3K_CAP_TIME, 0, &cap) == S3K_OK &&
                                             cap.slots.free == S3K_TIME_SLOTS && cap.cfree == S3K_TSL_FUEL);
    tap_equal("time: who had them does not run", count_of(2) + count_of(3) + count_of(4), 0);
    for (uint16_t pid = PUPPET_FIRST; pid <= PUPPET_LAST; pid++) {
        const uint64_t m = S3K_CAP_MON(pid);

        puppet_restart(pid, PUPPET_IDLE);
        tap_equal("time: given out again", (uint64_t)s3k_mon_tsl_derive(m, S3K_CAP_TIME, 1, 1, PUPPET_SLOTS(pid)),
                  PUPPET_TSL(pid));
        tap_true("time: it runs again", puppet_answers(pid));
    }
}

void test_time(void)
{
    uint64_t until = platform_time() + 500000u;
    struct s3k_cap cap;

    s3k_sleep_until(until);
    tap_true("time: nobody wakes before", platform_time() >= until);
    TAP_ROWS(1, refused);
    tap_true("time: a child has the last slots of its parent",
             s3k_introspect(S3K_TSL, REST, 0, &cap) == S3K_OK && cap.tsl.enabled == 0 &&
                 cap.slots.base == ROOT_SLOTS && cap.slots.size == REST_SLOTS && cap.slots.free == REST_SLOTS);
    tap_true("time: the parent has the others",
             s3k_introspect(S3K_TSL, S3K_CAP_TIME, 0, &cap) == S3K_OK && cap.slots.base == 0 &&
                 cap.slots.size == S3K_TIME_SLOTS && cap.slots.free == ROOT_SLOTS);
    test_share();
    test_switch();
    test_revoke();
}
