/* SPDX-License-Identifier: MIT */
#include "hostile_life.h"

#include "example.h"
#include "raw.h"

#define SOME 8u         /* honest requests at a time */
#define EDGE_BYTES 256u /* before the end of RAM, where the buffer of an attack begins */

static uint32_t life;

uint32_t life_number(void)
{
    return life;
}

unsigned life_tag(void)
{
    return 1u + life % 30u;
}

_Noreturn void life_broken(const char *what)
{
    platform_print("life %u broken: %s\n", life, what);
    (void)verdict(false);
    finish();
}

void life_need(const char *wrong)
{
    if (wrong == honest_violated) {
        platform_print("# ");
        honest_tell(honest_violation());
        platform_print("\n");
    }
    if (wrong != NULL) {
        life_broken(wrong);
    }
}

void life_notify(void)
{
    (void)vqg_mmio_notify(&honest_device.mmio, 1);
}

static void put_register(uint32_t offset, uint64_t value)
{
    *(volatile uint32_t *)(honest_device.base + offset) = (uint32_t)value;
}

static void put_address(uint32_t offset, uint64_t value)
{
    put_register(offset, value);
    put_register(offset + 4u, value >> 32);
}

/* By hand: the transport of the library refuses what cannot be. */
static void enable(const struct vqg_queue *queue)
{
    platform_fence();
    put_register(VQG_MMIO_QUEUE_SEL, queue->index);
    put_register(VQG_MMIO_QUEUE_SIZE, queue->size);
    put_address(VQG_MMIO_QUEUE_DESC, queue->desc_addr);
    put_address(VQG_MMIO_QUEUE_DRIVER, queue->avail_addr);
    put_address(VQG_MMIO_QUEUE_DEVICE, queue->used_addr);
    put_register(VQG_MMIO_QUEUE_READY, 1);
}

void life_begin(uint64_t features, bool packed, const struct attack *set_up)
{
    struct vqg_queue queue = raw_describe(set_up);
    enum vqg_status status;

    life++;
    status = honest_open(features | (packed ? VQG_F_RING_PACKED : 0), 2);
    if (status == VQG_OK) {
        raw_begin(packed);
        enable(&queue);
        status = honest_go();
    }
    if (status != VQG_OK) {
        life_broken(vqg_status_name(status));
    }
    life_need(honest_run(SOME, life_tag()));
}

void life_meanwhile(uint32_t milliseconds)
{
    uint64_t deadline = deadline_in(milliseconds);

    do {
        life_need(honest_run(SOME, life_tag()));
    } while (!platform_expired(deadline));
}

void life_end(void)
{
    const volatile uint8_t *edge = (const volatile uint8_t *)(uintptr_t)(RAM_END - EDGE_BYTES);

    life_need(honest_run(SOME, life_tag()));
    life_need(honest_close());
    for (uint32_t i = 0; i < EDGE_BYTES; i++) {
        if (edge[i] != 0) {
            life_broken("a buffer that was refused was written");
        }
    }
}
