/* SPDX-License-Identifier: MIT */
/* A device behind registers: honest, but for what a script has it say. */
#include "mmio.h"

#include <string.h>

#define REGISTERS 0x200u

static struct {
    uint64_t offered;
    uint32_t size_max;
    uint32_t slow;     /* how often it shows what it is asked to change */
    uint32_t sel[2];   /* which word of the features, which queue */
    uint32_t status;
    uint32_t ready[MMIO_QUEUES];
    uint32_t resetting;
    struct {
        uint8_t kind; /* 0: honest */
        uint32_t value;
    } says[REGISTERS / 4u];
    uint32_t reads; /* of a script */
} device;

/* ---------------------------------------------------------------- what it would say, if it were honest */

static uint32_t later(uint32_t *left, uint32_t now, uint32_t then)
{
    *left -= *left != 0u ? 1u : 0u;
    return *left != 0u ? now : then;
}

static uint32_t honest(uint32_t offset)
{
    const uint32_t queue = device.sel[1] % MMIO_QUEUES;
    switch (offset) {
    case 0x000:
        return 0x74726976;
    case 0x004:
        return 2;
    case 0x008:
        return 2;
    case 0x010:
        return device.sel[0] < 2u ? (uint32_t)(device.offered >> 32u * device.sel[0]) : 0u;
    case 0x034:
        return device.sel[1] < MMIO_QUEUES ? device.size_max : 0u;
    case 0x044:
        return device.ready[queue];
    case 0x060:
        return device.reads & 3u;
    case 0x070:
        return device.status == 0u ? later(&device.resetting, 0xf, 0) : device.status;
    case 0x0c0:
        return later(&device.resetting, 1, 0);
    case 0x0fc:
        return 7;
    default:
        return offset * 2654435761u;
    }
}

void mmio_obey(uint32_t offset, uint32_t value)
{
    const uint32_t queue = device.sel[1] % MMIO_QUEUES;
    switch (offset) {
    case 0x014:
        device.sel[0] = value;
        break;
    case 0x030:
        device.sel[1] = value;
        break;
    case 0x044:
        device.ready[queue] = value;
        break;
    case 0x070:
        device.status = value;
        if (value == 0u) {
            device.resetting = device.slow;
            memset(device.ready, 0, sizeof device.ready);
        }
        break;
    case 0x0c0:
        device.resetting = device.slow;
        device.ready[queue] = 0;
        break;
    default:
        break;
    }
}

/* ---------------------------------------------------------------- what it says */

uint32_t mmio_changed(unsigned how, uint32_t value, uint32_t v)
{
    switch (how & 3u) {
    case 0:
        return v;
    case 1:
        return value ^ UINT32_C(1) << v % 32u;
    case 2:
        return value + v % 5u - 2u;
    default:
        return v + device.reads;
    }
}

/* `b`: which register, from now on; bit 7 of `a`: it is honest again. */
void mmio_step_say(const struct step *step)
{
    static const uint16_t offsets[] = {0x00, 0x04, 0x08, 0x10, 0x34, 0x44, 0x60, 0x70, 0xc0, 0xfc, 0x100, 0x104};
    const uint32_t at = offsets[step->b % (sizeof offsets / sizeof offsets[0])] / 4u;
    device.says[at].kind = (uint8_t)((step->a & 0x80u) != 0u ? 0u : 1u + (step->a & 3u));
    device.says[at].value = step->v;
}

uint32_t mmio_register(uint32_t offset)
{
    uint32_t value = honest(offset);
    if (offset < REGISTERS && device.says[offset / 4u].kind != 0u) {
        value = mmio_changed(device.says[offset / 4u].kind - 1u, value, device.says[offset / 4u].value);
    }
    device.reads++;
    return value;
}

void mmio_registers_begin(const uint8_t *head)
{
    memset(&device, 0, sizeof device);
    device.offered = UINT64_C(1) << 32 | (uint64_t)head[0] << 28 | head[1] | (uint64_t)head[2] << 33 |
                     (uint64_t)head[3] << 50;
    device.size_max = (head[4] & 0x80u) != 0u ? 32768u : 1u + head[4] % 64u;
    device.slow = head[5] % 4u;
}
