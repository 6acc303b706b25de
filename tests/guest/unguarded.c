/* SPDX-License-Identifier: MIT */
/*
 * The unguarded victim: the driver of examples/retrofit/before.c against a
 * device that may do anything, with all that makes harm visible: canaries around
 * what it shares and what it keeps, traps, a watchdog, a look at every buffer
 * after every poll. It tells of each life, in one line, how it went:
 *
 *   life 1 not harmed
 *   life 2 harmed: HOW
 *   life 2 slept            after it, if it did, on a busy host
 *
 * and ends with the first harm, since nothing that comes after means anything.
 */
#include "example.h"
#include "guest.h"
#include "retrofit.h"
#include "virtio_mmio.h"

#define BUFFERS 2u
#define REQUESTS 32u
#define MARGIN 4096u
#define CANARY 0xa5u

#define MTIMECMP UINT64_C(0x2004000)
#define MIE_TIMER 0x80u
#define MSTATUS_MIE 0x8u
#define CAUSE_TIMER (UINT64_C(1) << 63 | 7u)
#define CAUSE_LOAD 5u
#define CAUSE_STORE 7u

static struct vmmio dev;
static uint32_t life;
static struct wakefulness wakefulness;

static struct {
    _Alignas(4096) uint8_t before[MARGIN];
    struct retrofit_ring ring;
    uint8_t behind[MARGIN];
} rings;

static struct {
    uint8_t before[MARGIN];
    struct retrofit_buf buf[BUFFERS];
    uint8_t between[MARGIN];
    _Alignas(SECTOR) uint8_t data[BUFFERS][SECTOR];
    uint8_t behind[MARGIN];
} own;

static uint16_t descs[BUFFERS][3]; /* what each request was given */
static bool writes[BUFFERS];

void retrofit_notify(void)
{
    (void)vqg_mmio_notify(&dev.mmio, 0);
}

static _Noreturn void harmed(const char *how)
{
    platform_print("life %u harmed: %s\n", life, how);
    finish();
}

/* ---- traps, and a driver that does not come back ---- */

static __attribute__((aligned(4))) void on_trap(void)
{
    uint64_t cause;
    uint64_t at;
    uint64_t value;

    __asm__ volatile("csrr %0, mcause" : "=r"(cause));
    __asm__ volatile("csrr %0, mepc" : "=r"(at));
    __asm__ volatile("csrr %0, mtval" : "=r"(value));
    if (cause == CAUSE_TIMER) {
        harmed("the driver did not come back from the ring");
    }
    platform_print("# trap: cause %lu at pc 0x%lx, address 0x%lx\n", (unsigned long)cause, (unsigned long)at,
                   (unsigned long)value);
    if (cause != CAUSE_LOAD && cause != CAUSE_STORE) {
        harmed("the driver ran into a trap");
    }
    if (value < 4096u) {
        harmed(cause == CAUSE_LOAD ? "the driver read through a null pointer" : "the driver wrote through a null pointer");
    }
    harmed(cause == CAUSE_LOAD ? "the driver read far outside of its memory" : "the driver wrote far outside of its memory");
}

/* Until it is set again, or for ever. */
static void watchdog(uint64_t deadline)
{
    *(volatile uint64_t *)(uintptr_t)MTIMECMP = deadline;
}

static void arm(void)
{
    watchdog(UINT64_MAX);
    __asm__ volatile("csrw mtvec, %0" : : "r"(on_trap));
    __asm__ volatile("csrs mie, %0" : : "r"((uint64_t)MIE_TIMER));
    __asm__ volatile("csrs mstatus, %0" : : "r"((uint64_t)MSTATUS_MIE));
}

/* ---- canaries ---- */

static uint8_t *const margins[] = {rings.before, rings.behind, own.before, own.between, own.behind};

static void check_margins(void)
{
    for (size_t m = 0; m < sizeof margins / sizeof margins[0]; m++) {
        for (uint32_t i = 0; i < MARGIN; i++) {
            if (*(volatile uint8_t *)&margins[m][i] != CANARY) {
                harmed(m < 2u ? "the driver wrote outside of its ring" : "the driver wrote outside of its buffers");
            }
        }
    }
}

/* ---- requests ---- */

static void bring_up(void)
{
    struct retrofit_ring *ring = &rings.ring;
    struct vqg_queue queue = {.size = NUM, .desc = ring->desc, .avail = &ring->avail, .used = &ring->used};
    enum vqg_status status = vmmio_open(&dev, VMMIO_BUS0, VIRTIO_ID_BLOCK, 0);

    queue.features = dev.mmio.features;
    if (status == VQG_OK) {
        status = vqg_mmio_queue_max(&dev.mmio, 0, &queue.size_max);
    }
    if (status == VQG_OK && !retrofit_init(ring)) {
        status = VQG_BAD_QUEUE;
    }
    if (status == VQG_OK) {
        status = vmmio_go(&dev, &queue);
    }
    if (status != VQG_OK) {
        platform_print("life %u refused: %s\n", life, vqg_status_name(status));
        finish();
    }
}

/* Finds the descriptors of the request by its buffer, since the driver keeps them to itself. */
static void find_descriptors(uint32_t k)
{
    const struct virtq_desc *desc = rings.ring.desc;

    for (uint16_t i = 0; i < NUM; i++) {
        if (desc[i].len == SECTOR && desc[i].addr == (uintptr_t)own.data[k]) {
            descs[k][1] = i;
            descs[k][2] = desc[i].next;
        }
    }
    for (uint16_t i = 0; i < NUM; i++) {
        if (desc[i].len == sizeof(struct blk_header) && desc[i].next == descs[k][1]) {
            descs[k][0] = i;
        }
    }
}

static void check_descriptors(uint32_t k)
{
    for (uint32_t i = 0; i < 3u; i++) {
        for (uint32_t other = 0; other < 3u * BUFFERS; other++) {
            if (other / 3u != k && own.buf[other / 3u].busy && descs[other / 3u][other % 3u] == descs[k][i]) {
                harmed("free list corrupted: a descriptor was lent twice");
            }
        }
    }
}

static void submit(uint32_t k, uint64_t sector, bool write)
{
    struct retrofit_buf *buf = &own.buf[k];

    *buf = (struct retrofit_buf){.sector = sector, .data = own.data[k], .size = SECTOR, .status = 0xff};
    writes[k] = write;
    if (write) {
        pattern_fill(buf->data, life, sector, 1);
    } else {
        memset(buf->data, 0, SECTOR);
    }
    if (!retrofit_submit(buf, write)) {
        harmed("free list corrupted: descriptors were lost");
    }
    find_descriptors(k);
    check_descriptors(k);
}

static bool is_free(uint32_t desc)
{
    static const struct virtq_desc clear = {0, 0, 0, 0}; /* as this driver leaves it */

    return memcmp(&rings.ring.desc[desc % NUM], &clear, sizeof clear) == 0;
}

/* What the driver hands up to its caller. */
static void check_buffer(uint32_t k)
{
    const struct retrofit_buf *buf = &own.buf[k];
    uint32_t written = writes[k] ? 1u : SECTOR + 1u;

    if (buf->written > written) {
        harmed("a length beyond what was lent was handed up");
    }
    if (buf->written < written) {
        harmed("a length below what was lent was handed up");
    }
    if (buf->status != VIRTIO_BLK_S_OK) {
        harmed("a status that is none was handed up");
    }
    if (!pattern_holds(buf->data, life, buf->sector, 1)) {
        harmed("a request came back whose data is not there");
    }
}

/* Takes what came back, and looks at all of it; true when something did. */
static bool poll(void)
{
    bool busy[BUFFERS];
    int back = 0;
    int taken;

    for (uint32_t k = 0; k < BUFFERS; k++) {
        busy[k] = own.buf[k].busy;
    }
    stay_awake(&wakefulness);
    watchdog(deadline_in(PATIENCE));
    taken = retrofit_poll();
    watchdog(UINT64_MAX);
    for (uint32_t k = 0; k < BUFFERS; k++) {
        if (busy[k] && !own.buf[k].busy) {
            check_buffer(k);
            back++;
        }
        for (uint32_t i = 0; i < 3u; i++) {
            if (own.buf[k].busy && is_free(descs[k][i])) {
                harmed("free list corrupted: a descriptor was freed that is under way");
            }
        }
    }
    if (taken > back) {
        harmed("a request came back that was not lent, or one twice");
    }
    return taken != 0;
}

/* With nothing lent nothing comes back, and every descriptor is free. */
static void idle(uint32_t milliseconds)
{
    uint64_t deadline = deadline_in(milliseconds);

    for (uint32_t i = 0; i < NUM; i++) {
        if (!is_free(i)) {
            harmed("free list corrupted: descriptors were lost");
        }
    }
    while (!platform_expired(deadline)) {
        if (poll()) {
            harmed("a request came back that was not lent");
        }
    }
    check_margins();
}

/* Each buffer writes and reads in turn, whatever the other one does. */
static void run(void)
{
    uint32_t turns[BUFFERS] = {0};

    do {
        uint64_t deadline = deadline_in(PATIENCE);

        for (uint32_t k = 0; k < BUFFERS; k++) {
            if (turns[k] < REQUESTS / BUFFERS && !own.buf[k].busy) {
                submit(k, DISK_FIRST + turns[k] / 2u * BUFFERS + k, turns[k] % 2u == 0);
                turns[k]++;
            }
        }
        while (!poll()) {
            if (platform_expired(deadline)) {
                harmed("a request never came back");
            }
        }
    } while (turns[0] + turns[1] < REQUESTS || own.buf[0].busy || own.buf[1].busy);
}

/* What came back before the reset was over came from the device; what did not is taken back. */
static void reset(void)
{
    for (uint32_t k = 0; k < BUFFERS; k++) {
        submit(k, DISK_FIRST + k, true);
    }
    if (vmmio_reset(&dev) != VQG_OK) {
        harmed("no reset");
    }
    (void)poll();
    for (uint32_t k = 0; k < BUFFERS; k++) {
        own.buf[k].busy = false;
    }
    check_margins();
}

int main(void)
{
    for (size_t m = 0; m < sizeof margins / sizeof margins[0]; m++) {
        memset(margins[m], CANARY, MARGIN);
    }
    arm();
    for (life = 1; life <= host_word(); life++) {
        wakefulness = (struct wakefulness){0, false};
        bring_up();
        idle(30);
        run();
        idle(60);
        reset();
        platform_print("life %u not harmed\n", life);
        if (wakefulness.slept) {
            platform_print("life %u slept\n", life);
        }
    }
    finish();
}
