/* SPDX-License-Identifier: MIT */
/*
 * The guarded victim: a driver on the vqguard endpoint, for a device that may
 * do anything. It lives as often as the host says and tells of each
 * life, in one line, how it went:
 *
 *   life 3 honest requests 35
 *   life 3 stopped U2 USED_ID_RANGE index 1 value 32 limit 32 request 17
 *   life 3 refused T8 CONFIG_FIELD index 256 value 0 limit 4096
 *   life 3 hang request 17
 *   life 3 error request 17
 *   life 3 broken: WHAT
 *
 *   life 3 slept         after it, if it did, on a busy host
 *
 * After "refused" nothing more comes. "broken" is never right, whatever the device does.
 */
#include "example.h"
#include "guest.h"
#include "honest.h"

#define REQUESTS 32u
#define LENT 3u /* when the device is reset */

/* All that a guest does with a disk. An attack right at the start shows in the first part, one on an idle queue in the third. */
static const char *work(unsigned tag)
{
    const char *wrong = honest_idle(30);

    if (wrong == NULL) {
        wrong = honest_run(REQUESTS, tag);
    }
    if (wrong == NULL) {
        wrong = honest_idle(60);
    }
    return wrong == NULL ? honest_lend(LENT) : wrong;
}

/* The head of the line, when the life ended before its time. */
static bool tell(uint32_t life, const char *wrong)
{
    if (wrong == honest_violated) {
        platform_print("life %u stopped ", life);
        honest_tell(honest_violation());
    } else if (wrong == honest_silent || wrong == honest_failed) {
        platform_print("life %u %s", life, wrong == honest_silent ? "hang" : "error");
    } else {
        platform_print("life %u broken: %s\n", life, wrong);
        return false;
    }
    platform_print(" request %u\n", honest_served());
    return true;
}

static bool live(uint32_t life)
{
    const char *wrong = work(1u + life % 30u);
    const char *after;

    if (wrong != NULL && !tell(life, wrong)) {
        return false;
    }
    after = honest_close();
    if (after != NULL) {
        return tell(life, after);
    }
    if (wrong == NULL) {
        platform_print("life %u honest requests %u\n", life, honest_served() + LENT);
    }
    if (honest_slept()) {
        platform_print("life %u slept\n", life);
    }
    return true;
}

int main(void)
{
    const uint64_t features = VQG_F_INDIRECT_DESC | VQG_F_EVENT_IDX | VQG_F_RING_PACKED | VQG_BLK_F_DISCARD;
    bool good = true;

    for (uint32_t life = 1; good && life <= host_word(); life++) {
        enum vqg_status status = honest_open(features, 1);

        if (status == VQG_OK) {
            status = honest_go();
        }
        if (status != VQG_OK) {
            platform_print("life %u refused ", life);
            if (vqg_is_violation(status)) {
                honest_tell(honest_violation());
            } else {
                platform_print("%s", vqg_status_name(status));
            }
            platform_print("\n");
            break;
        }
        good = live(life);
    }
    (void)verdict(good);
    finish();
}
