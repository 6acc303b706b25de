/* SPDX-License-Identifier: MIT */
/**
 * @file fuzz_port.h
 * @brief A port through which a script sees, answers and bounds every shared access.
 *
 * Like tests/support/test_port.h, but without its log: a script is played some
 * hundred thousand times a second. What each function does is in memory.c.
 */
#ifndef VQG_FUZZ_PORT_H
#define VQG_FUZZ_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The rule that is taken for granted, or 0: see scripts/fuzz --power. */
#if defined(FUZZ_ABLATION)
extern int fuzz_assumed;
#define VQG_CONFIG_ASSUME(rule) ((int)(rule) == fuzz_assumed)
#endif

uint64_t fuzz_load(const volatile void *p, unsigned bytes);
void fuzz_store(volatile void *p, unsigned bytes, uint64_t v);

#define VQG_PORT_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#define VQG_PORT_NODISCARD __attribute__((warn_unused_result))

VQG_API uint8_t vqg_port_load8(const volatile uint8_t *p)
{
    return (uint8_t)fuzz_load(p, 1);
}

VQG_API uint16_t vqg_port_load16(const volatile uint16_t *p)
{
    return (uint16_t)fuzz_load(p, 2);
}

VQG_API uint16_t vqg_port_load16_acquire(const volatile uint16_t *p)
{
    return (uint16_t)fuzz_load(p, 2);
}

VQG_API uint32_t vqg_port_load32(const volatile uint32_t *p)
{
    return (uint32_t)fuzz_load(p, 4);
}

VQG_API uint64_t vqg_port_load64(const volatile uint64_t *p)
{
    return fuzz_load(p, 8);
}

VQG_API void vqg_port_store8(volatile uint8_t *p, uint8_t v)
{
    fuzz_store(p, 1, v);
}

VQG_API void vqg_port_store16(volatile uint16_t *p, uint16_t v)
{
    fuzz_store(p, 2, v);
}

VQG_API void vqg_port_store16_release(volatile uint16_t *p, uint16_t v)
{
    fuzz_store(p, 2, v);
}

VQG_API void vqg_port_store32(volatile uint32_t *p, uint32_t v)
{
    fuzz_store(p, 4, v);
}

VQG_API void vqg_port_store64(volatile uint64_t *p, uint64_t v)
{
    fuzz_store(p, 8, v);
}

VQG_API void vqg_port_fence(void)
{
}

#endif
