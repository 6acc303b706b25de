/* SPDX-License-Identifier: MIT */
/* A driver of somebody's own under a device that serves it and then does as it likes. */
#include "your_driver.h"
#include "memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SIZE QUEUE_MAX
#define CHAINS SIZE

static struct vqg_queue queue;
static struct vqg_device device;
static struct vqg_slot slots[SIZE];
static struct vqg_cap_table table;
static struct vqg_cap cap;
static struct vqg_chain chains[CHAINS];
static struct vqg_seg segs[CHAINS][SIZE];
static unsigned served;

const char *memory_place(size_t at)
{
    static char text[32];
    (void)snprintf(text, sizeof text, "%s + 0x%zx", at < AT_AVAIL ? "desc" : at < AT_USED ? "avail" : at < AT_DATA ? "used" : "data",
                   at - (at < AT_AVAIL ? AT_DESC : at < AT_USED ? AT_AVAIL : at < AT_DATA ? AT_USED : AT_DATA));
    return text;
}

/* ---------------------------------------------------------------- the driver's calls */

/* One of them may be many of the library's: they may look again, and store wherever they share memory. */
static void call(void)
{
    memory_call(NO_POLL, SHARED_BYTES);
}

static void settle(void)
{
    memory_may_store(0, SHARED_BYTES);
    memory_settle();
    memcpy(found, shared.bytes, sizeof found); /* buffers are written without the port */
}

static void step_work(const struct step *step)
{
    call();
    your_driver.work(step->v);
    settle();
}

static void step_interrupt(const struct step *step)
{
    (void)step;
    call();
    your_driver.interrupt();
    settle();
}

/* ---------------------------------------------------------------- the device */

static void set_up_device(void)
{
    const struct vqg_policy policy = vqg_profile_spec();
    struct vqg_caps caps;
    memset(&cap, 0, sizeof cap);
    cap.base = (uintptr_t)shared.bytes;
    cap.size = SHARED_BYTES;
    cap.map = shared.bytes;
    cap.rights = VQG_CAP_READ | VQG_CAP_WRITE;
    HOLDS(vqg_cap_table_init(&table, &cap, 1, 0) == VQG_OK, "the device's capability");
    caps = vqg_cap_table_caps(&table);
    HOLDS(vqg_device_init(&device, &queue, &policy, &caps, slots, SIZE) == VQG_OK, "the device");
    for (unsigned i = 0; i < CHAINS; i++) {
        vqg_chain_init(&chains[i], segs[i], SIZE);
    }
    served = 0;
}

/* Takes the next request, and returns it with `b` bytes; `v` and `a` say which ones. */
static void step_serve(const struct step *step)
{
    struct vqg_chain *chain = &chains[served % CHAINS];
    uint32_t left;
    uint32_t value = step->v;
    call();
    if (vqg_device_pop(&device, chain) == VQG_OK) {
        left = step->b % 4u == 0u ? chain->writable : step->b % (chain->writable + 1u);
        SAY("the device serves %" PRIu32 " bytes to write with %" PRIu32, chain->writable, left);
        (void)vqg_device_push(&device, chain, left);
        for (uint32_t i = 0; i < chain->count; i++) {
            const struct vqg_seg *seg = &chain->seg[i];
            for (uint32_t k = 0; seg->write && k < seg->len && left != 0u; k++, left--) {
                ((unsigned char *)seg->map)[k] = (unsigned char)value;
                value = k % 4u != 3u ? value >> 8 : step->v ^ (uint32_t)step->a * k;
            }
        }
        (void)vqg_device_notify(&device);
        served++;
    }
    settle();
}

/* Hostile: `b` is where in the used ring, or a packed one's descriptors; with bit 7 of `a` anywhere. */
static void step_spoil(const struct step *step)
{
    static const unsigned widths[] = {1, 2, 4, 8};
    const unsigned bytes = widths[step->a & 3u];
    const bool packed = (queue.features & VQG_F_RING_PACKED) != 0u;
    const size_t at = (step->a & 0x80u) != 0u ? step->b % SHARED_BYTES
                      : packed                ? AT_DESC + step->b % (16u * SIZE)
                                              : AT_USED + step->b % (6u + 8u * SIZE);
    memory_put(at / bytes * bytes, bytes, step->v);
}

static void step_answer(const struct step *step)
{
    memory_answer(step);
}

/* ---------------------------------------------------------------- the harness */

/* Head: bit 6 of byte 0, packed; bit 1, EVENT_IDX. */
static void begin(const uint8_t *head)
{
    memory_begin();
    memset(&queue, 0, sizeof queue);
    queue.size = SIZE;
    queue.features = VQG_F_VERSION_1 | ((head[0] & 2u) != 0u ? VQG_F_EVENT_IDX : 0u) |
                     ((head[0] & 0x40u) != 0u ? VQG_F_RING_PACKED : 0u);
    queue.desc = shared.bytes + AT_DESC;
    queue.avail = shared.bytes + AT_AVAIL;
    queue.used = shared.bytes + AT_USED;
    queue.desc_addr = (uintptr_t)queue.desc;
    queue.avail_addr = (uintptr_t)queue.avail;
    queue.used_addr = (uintptr_t)queue.used;
    call();
    your_driver.begin(&queue, shared.bytes + AT_DATA, SHARED_BYTES - AT_DATA);
    set_up_device();
    settle();
}

static const struct step_kind kinds[] = {
    {"work", 10, step_work},   {"serve", 10, step_serve},   {"interrupt", 10, step_interrupt},
    {"spoil", 3, step_spoil}, {"answer", 3, step_answer},
};

const struct harness harness = {"your_driver", EITHER, kinds, sizeof kinds / sizeof kinds[0], begin, memory_end};
