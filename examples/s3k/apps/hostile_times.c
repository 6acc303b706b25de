/* SPDX-License-Identifier: MIT */
/* What is done at the wrong time: changes after the kick, memory given up under way, kicks without end. */
#include "hostile.h"

#include "client.h"
#include "raw.h"

#define ROUNDS 40u
#define ROUND_TICKS (80u * 1000u * S3K_TICKS_PER_US) /* some slices: whoever pumps meanwhile finds any of it */
#define SECONDS 1u

enum what { DESCRIPTOR, TABLE, INDEX };

static void spoil(enum what what)
{
    switch (what) {
    case DESCRIPTOR:
        raw_ring.desc[1].addr = VICTIM_BASE;
        break;
    case TABLE:
        raw_table[1].addr = VICTIM_BASE;
        break;
    case INDEX:
        raw_ring.avail.idx = RAW_SIZE + 2u;
        break;
    }
}

static void mend(enum what what)
{
    switch (what) {
    case DESCRIPTOR:
        raw_ring.desc[1].addr = (uintptr_t)raw_data;
        break;
    case TABLE:
        raw_table[1].addr = (uintptr_t)raw_data;
        break;
    case INDEX:
        raw_ring.avail.idx = 1;
        break;
    }
}

/* An honest request that is none again and again, as fast as it goes, while other processes have their slices. */
static bool round_is_refused(enum what what, bool kick)
{
    uint64_t end = platform_time() + ROUND_TICKS;

    raw_request(0);
    if (what == TABLE) {
        raw_refer();
    }
    raw_offer(0);
    if (kick) {
        raw_kick();
    } /* else it is another's pump that finds it */
    while (platform_time() < end) {
        spoil(what);
        (void)platform_time(); /* so that it is spoilt for half of the time */
        mend(what);
    }
    return raw_is_refused();
}

static bool rewrite(enum what what)
{
    unsigned refused = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        if (!raw_open_at(0, 0, 0)) {
            return false;
        }
        refused += round_is_refused(what, round % 2u == 0) ? 1u : 0u;
        if (!raw_close()) {
            return false;
        }
    }
    client_say("rewrote %u requests: %u refused, %u served as they were made\n", ROUNDS, refused, ROUNDS - refused);
    return refused != 0 && refused != ROUNDS;
}

static bool rewrite_descriptor(void)
{
    return rewrite(DESCRIPTOR);
}

static bool rewrite_table(void)
{
    return rewrite(TABLE);
}

static bool rewrite_index(void)
{
    return rewrite(INDEX);
}

/* The loan is the memory that app0 can do without. Its capability is deleted while the disk is to read into it. */
static bool give_up(void)
{
    bool refused = false;

    if (!raw_open_at(0, 0, 0)) {
        return false;
    }
    raw_request(0);
    raw_ring.desc[1].addr = LOAN_BASE;
    raw_offer(0);
    raw_kick();
    for (uint64_t i = 0; i < 3u * S3K_MEM_FUEL; i++) {
        struct s3k_cap cap;

        if (s3k_introspect(S3K_MEM, i, 0, &cap) == S3K_OK && cap.owner == s3k_pid() && cap.range.base == LOAN_BASE) {
            refused = s3k_delete(S3K_MEM, i) == S3K_OK;
        }
    }
    while (raw_ring.used.idx == 0 && !raw_is_refused()) {
    }
    raw_request(0);
    raw_ring.desc[1].addr = LOAN_BASE;
    raw_offer(0);
    raw_kick();
    refused = refused && raw_is_refused();
    return raw_close() && refused;
}

/* Nothing is made available. It is not refused, as it breaks no rule; nor does it harm. */
static bool kick_on(void)
{
    uint64_t deadline;
    unsigned kicks = 0;

    if (!raw_open_at(0, 0, 0)) {
        return false;
    }
    for (deadline = platform_deadline(SECONDS); !platform_expired(deadline); kicks++) {
        raw_kick();
    }
    client_say("%u kicks without work\n", kicks);
    return !raw_is_refused() && raw_close() && kicks > 100u;
}

struct hostile_list hostile_times(void)
{
    static const struct hostile_attack attacks[] = {
        { "time: a descriptor rewritten after the kick", rewrite_descriptor },
        { "time: a table rewritten after the kick", rewrite_table },
        { "time: the index rewritten after the kick", rewrite_index },
        { "time: a capability given up under way", give_up },
        { "time: kicks without work for a second", kick_on },
    };

    return (struct hostile_list){ attacks, sizeof(attacks) / sizeof(attacks[0]) };
}
