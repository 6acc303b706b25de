/* SPDX-License-Identifier: MIT */
/* What is done at the wrong time: changes after the kick, kicks without end. */
#include "hostile.h"

#include "client.h"
#include "raw.h"
#include "remote.h"

#define ROUNDS_LEAST 8u
#define ROUNDS_MOST 200u
#define ROUND_TICKS (80u * 1000u * S3K_TICKS_PER_US) /* some slices: whoever pumps meanwhile finds any of it */
#define SECONDS 1u
#define BEYOND 100u

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

/* Until both were seen: a request that was refused, and one that was served as it was once made. */
static bool rewrite(enum what what)
{
    unsigned rounds, refused = 0;

    for (rounds = 0; rounds < ROUNDS_MOST && (rounds < ROUNDS_LEAST || refused == 0 || refused == rounds); rounds++) {
        if (!raw_open_at(0, 0, 0)) {
            return false;
        }
        refused += round_is_refused(what, rounds % 2u == 0) ? 1u : 0u;
        if (!raw_close()) {
            return false;
        }
    }
    client_say("rewrote %u requests: %u refused, %u served as they were made\n", rounds, refused, rounds - refused);
    return refused != 0 && refused != rounds;
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

/* The console is not filled, and others are served. */
static bool break_on(void)
{
    unsigned refused = 0;

    for (unsigned i = 0; i < LINES_MOST + BEYOND; i++) {
        refused += remote_request(PROTOCOL_READ, 0, VICTIM_BASE, SECTOR_SIZE) == PROTOCOL_REFUSED ? 1u : 0u;
        if (!remote_reset()) {
            return false;
        }
    }
    return refused == LINES_MOST + BEYOND;
}

struct hostile_list hostile_times(void)
{
    static const struct hostile_attack attacks[] = {
        { "time: a descriptor rewritten after the kick", rewrite_descriptor },
        { "time: a table rewritten after the kick", rewrite_table },
        { "time: the index rewritten after the kick", rewrite_index },
        { "time: kicks without work for a second", kick_on },
        { "time: one rule broken 500 times", break_on }, /* the last: no lines are left after it */
    };

    return (struct hostile_list){ attacks, sizeof(attacks) / sizeof(attacks[0]) };
}
