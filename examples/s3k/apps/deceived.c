/* SPDX-License-Identifier: MIT */
/* The disk lies (liar.h), and what is seen of it by a client that keeps to the rules. */
#include "client.h"
#include "queue_disk.h"
#include "remote.h"

#define LIES 4u
#define ROUNDS_MOST 50u
#define AFTER 8u /* times BETWEEN_TICKS, for the other client to write all its files anew */

static uint8_t data[QUEUE_DEPTH][SECTOR_SIZE];

/* Reads while the disk lies: true when all came back, and *failed says how many as failed. */
static bool read_all(uint32_t lie, uint32_t *failed)
{
    struct vqg_mmio_hooks hooks = remote_hooks();
    bool good = queue_open(&hooks, false) && remote_ask(PROTOCOL_LIE, lie) == PROTOCOL_DONE;

    *failed = 0;
    for (uint32_t i = 0; i < QUEUE_DEPTH && good; i++) {
        good = queue_add(false, i, data[i], SECTOR_SIZE);
    }
    queue_kick();
    good = queue_collect(failed) && good;
    return queue_close() && good;
}

/* It may be another client's request that it lies about first. */
static void suffer(uint32_t lie)
{
    uint32_t rounds = 0, failed = 0;
    bool back = true;

    while (back && failed == 0 && rounds < ROUNDS_MOST) {
        back = read_all(lie, &failed);
        rounds++;
    }
    client_say("in round %u, %u of %u reads failed, and %s\n", rounds, failed, QUEUE_DEPTH,
               back ? "all came back" : "not all came back");
}

void deceived(void)
{
    static const char *const names[LIES] = {
        "an id that is not in the queue", "an id that is not out", "more bytes than were lent", "an index that jumps"
    };

    for (uint32_t lie = 0; lie < LIES; lie++) {
        client_say("try: the disk says %s\n", names[lie]);
        suffer(lie);
        client_say("%s\n", works_again() ? "works again" : "works no more");
        s3k_sleep_until(platform_time() + BETWEEN_TICKS);
    }
    s3k_sleep_until(platform_time() + AFTER * BETWEEN_TICKS);
}
