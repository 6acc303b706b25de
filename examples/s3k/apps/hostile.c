/* SPDX-License-Identifier: MIT */
/*
 * app0 again, and again nobody has a reason to trust it; but now the monitor has
 * the disk. It tries all that it can think of, and after each attempt is to be
 * able to work again.
 */
#include "hostile.h"

#include "client.h"
#include "example.h"
#include "plain_disk.h"
#include "queue_disk.h"
#include "remote.h"

#define OWN_LAST (DRIVER_BASE + DRIVER_SIZE - 40u)

static uint32_t data[SECTOR / 4u];

static bool request_is_refused(enum protocol_op op, uint64_t sector, uint32_t addr)
{
    return remote_request(op, sector, addr, SECTOR) == PROTOCOL_REFUSED;
}

static bool request_into_victim(void)
{
    return request_is_refused(PROTOCOL_READ, PAYLOAD_SECTOR, VICTIM_BASE);
}

static bool request_across_the_end(void)
{
    return request_is_refused(PROTOCOL_READ, PAYLOAD_SECTOR, OWN_LAST);
}

static bool request_of_victim(void)
{
    return request_is_refused(PROTOCOL_WRITE, LOOT_SECTOR, VICTIM_BASE);
}

static bool request_of_kernel(void)
{
    return request_is_refused(PROTOCOL_WRITE, LOOT_SECTOR, KERNEL_BASE);
}

static bool request_of_monitor(void)
{
    return request_is_refused(PROTOCOL_WRITE, LOOT_SECTOR, FIRST_BASE);
}

static bool request_console(void)
{
    return request_is_refused(PROTOCOL_READ, LOOT_SECTOR, 0x10000000u);
}

static bool request_beyond_disk(void)
{
    return request_is_refused(PROTOCOL_READ, DRIVER_SECTORS, (uint32_t)(uintptr_t)data);
}

/* The last of them, which that one never writes itself. */
static bool request_other_client(void)
{
    uint64_t theirs = CLIENT_FIRST + CLIENT_SECTORS - 1u - DRIVER_FIRST;

    return request_is_refused(PROTOCOL_WRITE, theirs, (uint32_t)(uintptr_t)data);
}

static bool request_write_shared(void)
{
    return request_is_refused(PROTOCOL_WRITE, SHARED_AT, (uint32_t)(uintptr_t)data);
}

/* What it did when it had the registers. */
static bool plain_into_victim(void)
{
    struct vqg_mmio_hooks hooks = remote_hooks();
    bool refused = plain_open(&hooks) && !plain_read(PAYLOAD_SECTOR, VICTIM_BASE, SECTOR);

    return plain_close() && refused;
}

static bool plain_of_victim(void)
{
    struct vqg_mmio_hooks hooks = remote_hooks();
    bool refused = plain_open(&hooks) && !plain_write(LOOT_SECTOR, VICTIM_BASE, SECTOR);

    return plain_close() && refused;
}

static bool packed_is_refused(bool write, uint64_t sector, uint64_t addr)
{
    struct vqg_mmio_hooks hooks = remote_hooks();
    bool refused = queue_open(&hooks, true) && !queue_transfer(write, sector, (void *)(uintptr_t)addr, SECTOR, 1);

    return queue_close() && refused;
}

static bool packed_into_victim(void)
{
    return packed_is_refused(false, PAYLOAD_SECTOR, VICTIM_BASE);
}

static bool packed_across_the_end(void)
{
    return packed_is_refused(false, PAYLOAD_SECTOR, OWN_LAST);
}

static bool packed_of_kernel(void)
{
    return packed_is_refused(true, LOOT_SECTOR, KERNEL_BASE);
}

struct hostile_list hostile_addresses(void)
{
    static const struct hostile_attack attacks[] = {
        { "request: read into app1's code", request_into_victim },
        { "request: read into my last 40 bytes and on into app1", request_across_the_end },
        { "request: write app1's code to the disk", request_of_victim },
        { "request: write the kernel to the disk", request_of_kernel },
        { "request: write the monitor to the disk", request_of_monitor },
        { "request: read into the console's registers", request_console },
        { "request: read beyond my part of the disk", request_beyond_disk },
        { "request: write to the other client's sectors", request_other_client },
        { "request: write to the shared sectors", request_write_shared },
        { "plain driver: read into app1's code", plain_into_victim },
        { "plain driver: write app1's code to the disk", plain_of_victim },
        { "packed: read into app1's code", packed_into_victim },
        { "packed: read into my last 40 bytes and on into app1", packed_across_the_end },
        { "packed: write the kernel to the disk", packed_of_kernel },
    };

    return (struct hostile_list){ attacks, sizeof(attacks) / sizeof(attacks[0]) };
}

bool works_again(void)
{
    uint32_t addr = (uint32_t)(uintptr_t)data;
    bool written = remote_reset();

    pattern_fill(data, CHECK_TAG, CHECK_SECTOR, 1);
    written = written && remote_request(PROTOCOL_WRITE, CHECK_SECTOR, addr, SECTOR) == PROTOCOL_DONE;
    memset(data, 0, sizeof(data));
    written = written && remote_request(PROTOCOL_READ, CHECK_SECTOR, addr, SECTOR) == PROTOCOL_DONE &&
              pattern_holds(data, CHECK_TAG, CHECK_SECTOR, 1);
    return remote_reset() && written;
}

static void play(struct hostile_list list)
{
    for (unsigned i = 0; i < list.count; i++) {
        const struct hostile_attack *attack = &list.attacks[i];
        bool stopped;

        client_say("try: %s\n", attack->name);
        stopped = attack->play();
        client_say("%s; %s\n", stopped ? "stopped" : "not stopped", works_again() ? "works again" : "works no more");
        s3k_sleep_until(platform_time() + BETWEEN_TICKS);
    }
}

void hostile(void)
{
    play(hostile_addresses());
    play(hostile_queues());
    play(hostile_times());
}
