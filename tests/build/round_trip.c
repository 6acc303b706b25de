/* SPDX-License-Identifier: MIT */
/* What every C consumer here compiles: a driver and a device in one process
 * exchange a request; then the device lies and is refused. The exit status is 0
 * when all of it went as it should. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <vqguard/vqguard.h>

/* A build system that knows a version of the package gives it here. */
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION VQG_VERSION_STRING
#endif

#define SIZE 8u
#define TEXT 6u

#define CHECK(cond)                                                                                                    \
    do {                                                                                                               \
        if (!(cond)) {                                                                                                 \
            fprintf(stderr, "round_trip: line %d does not hold: %s\n", __LINE__, #cond);                               \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

/* What both sides can write: the three parts of the queue, and two buffers. */
static unsigned char arena[1024 + VQG_DESC_ALIGN];
static unsigned char *used;
static unsigned char *question;
static unsigned char *answer;

/* Private memory of the driver, and of the device. */
static struct vqg_driver driver;
static struct vqg_slot driver_slots[SIZE];
static struct vqg_device device;
static struct vqg_slot device_slots[SIZE];
static struct vqg_cap cap;
static struct vqg_cap_table table;
static struct vqg_seg segs[SIZE];
static struct vqg_chain chain;

static int set_up(void)
{
    unsigned char *memory = arena + (VQG_DESC_ALIGN - (uintptr_t)arena % VQG_DESC_ALIGN);
    struct vqg_policy policy = vqg_profile_strict();
    struct vqg_queue queue = {0};
    struct vqg_caps caps;
    used = memory + 256;
    question = memory + 512;
    answer = memory + 768;
    queue.size = SIZE;
    queue.features = VQG_F_VERSION_1;
    queue.desc = memory;
    queue.avail = memory + 128;
    queue.used = used;
    queue.desc_addr = (uint64_t)(uintptr_t)queue.desc;
    queue.avail_addr = (uint64_t)(uintptr_t)queue.avail;
    queue.used_addr = (uint64_t)(uintptr_t)queue.used;
    cap.base = (uint64_t)(uintptr_t)memory;
    cap.size = 1024;
    cap.map = memory;
    cap.rights = VQG_CAP_READ | VQG_CAP_WRITE;
    CHECK(vqg_cap_table_init(&table, &cap, 1, 0) == VQG_OK);
    caps = vqg_cap_table_caps(&table);
    vqg_chain_init(&chain, segs, SIZE);
    CHECK(vqg_driver_init(&driver, &queue, &policy, driver_slots, SIZE) == VQG_OK);
    CHECK(vqg_device_init(&device, &queue, &policy, &caps, device_slots, SIZE) == VQG_OK);
    return 0;
}

static int lend(void *cookie)
{
    struct vqg_seg io[2];
    io[0] = vqg_out(question, TEXT);
    io[1] = vqg_in(answer, TEXT);
    CHECK(vqg_driver_add(&driver, io, 2, cookie) == VQG_OK);
    CHECK(vqg_driver_kick(&driver));
    return 0;
}

static int round_trip(void)
{
    int request = 0;
    struct vqg_done done;
    char text[TEXT];
    memcpy(question, "hello", TEXT);
    CHECK(lend(&request) == 0);

    CHECK(vqg_device_pop(&device, &chain) == VQG_OK);
    CHECK(chain.count == 2 && chain.readable == TEXT && chain.writable == TEXT);
    CHECK(vqg_chain_read(&chain, 0, text, TEXT) == VQG_OK);
    CHECK(memcmp(text, "hello", TEXT) == 0);
    CHECK(vqg_chain_write(&chain, 0, "world", TEXT) == VQG_OK);
    CHECK(vqg_device_push(&device, &chain, TEXT) == VQG_OK);
    CHECK(vqg_device_notify(&device));

    CHECK(vqg_driver_take(&driver, &done) == VQG_OK);
    CHECK(done.cookie == &request && done.len == TEXT && memcmp(answer, "world", TEXT) == 0);
    CHECK(vqg_driver_take(&driver, &done) == VQG_EMPTY);
    return 0;
}

/* The device returns id 0x10000, which a driver that narrows it takes for 0. */
static int attack(void)
{
    static const unsigned char lie[VQG_USED_ELEM_BYTES] = {0, 0, 1, 0, 0, 0, 0, 0};
    const struct vqg_violation *violation;
    struct vqg_done done;
    CHECK(lend(&driver) == 0);
    memcpy(used + 4 + VQG_USED_ELEM_BYTES, lie, sizeof lie);
    used[2] = 2;

    CHECK(vqg_driver_take(&driver, &done) == VQG_V_USED_ID_RANGE);
    violation = vqg_driver_violation(&driver);
    CHECK(violation->rule == VQG_RULE_USED_ID_RANGE && violation->value == 0x10000u && violation->limit == SIZE);
    CHECK(vqg_driver_take(&driver, &done) == VQG_DEAD);
    CHECK(vqg_driver_needs_reset(&driver));
    return 0;
}

int main(void)
{
    CHECK(strcmp(PACKAGE_VERSION, VQG_VERSION_STRING) == 0);
    CHECK(vqg_build_info().assumed == 0);
    if (set_up() != 0 || round_trip() != 0 || attack() != 0) {
        return 1;
    }
    printf("vqguard %s: a round trip, and one attack refused by %s\n", VQG_VERSION_STRING,
           vqg_rule_id(VQG_RULE_USED_ID_RANGE));
    return 0;
}
