/* SPDX-License-Identifier: MIT */
/**
 * @file port/generic.h
 * @brief Floor 0: the port for any other C99 compiler.
 *
 * C99 has no fences, so the compiler's own are taken where they are known, and
 * otherwise the user gives three macros. Volatile accesses of exact width are
 * the strongest single access that C99 offers.
 *
 * - `VQG_CONFIG_FENCE_ACQUIRE()`: later accesses stay after earlier loads
 * - `VQG_CONFIG_FENCE_RELEASE()`: earlier accesses stay before later stores
 * - `VQG_CONFIG_FENCE_FULL()`: orders an earlier store before a later load
 *
 * Define `VQG_CONFIG_BIG_ENDIAN` to 1 on a big-endian host.
 */
#ifndef VQGUARD_PORT_GENERIC_H
#define VQGUARD_PORT_GENERIC_H

#if defined(VQG_CONFIG_BIG_ENDIAN)
#define VQG_PORT_BIG_ENDIAN VQG_CONFIG_BIG_ENDIAN
#endif

#if !defined(VQG_CONFIG_FENCE_FULL)
#if defined(__TINYC__) && (defined(__x86_64__) || defined(__i386__))
/* x86 keeps loads in order among loads and stores among stores; the compiler
 * does not move volatile accesses. Only store-then-load needs an instruction. */
#define VQG_CONFIG_FENCE_ACQUIRE() ((void)0)
#define VQG_CONFIG_FENCE_RELEASE() ((void)0)
#define VQG_CONFIG_FENCE_FULL() __asm__ volatile("mfence" ::: "memory")
#elif defined(_MSC_VER)
#include <intrin.h>
#define VQG_CONFIG_FENCE_ACQUIRE() MemoryBarrier()
#define VQG_CONFIG_FENCE_RELEASE() MemoryBarrier()
#define VQG_CONFIG_FENCE_FULL() MemoryBarrier()
#else
#error "vqguard: define VQG_CONFIG_FENCE_ACQUIRE, _RELEASE and _FULL for this compiler (see port/generic.h)"
#endif
#endif

VQG_API uint8_t vqg_port_load8(const volatile uint8_t *p)
{
    return *p;
}

VQG_API uint16_t vqg_port_load16(const volatile uint16_t *p)
{
    return *p;
}

VQG_API uint16_t vqg_port_load16_acquire(const volatile uint16_t *p)
{
    uint16_t v = *p;
    VQG_CONFIG_FENCE_ACQUIRE();
    return v;
}

VQG_API uint32_t vqg_port_load32(const volatile uint32_t *p)
{
    return *p;
}

VQG_API uint64_t vqg_port_load64(const volatile uint64_t *p)
{
    return *p;
}

VQG_API void vqg_port_store8(volatile uint8_t *p, uint8_t v)
{
    *p = v;
}

VQG_API void vqg_port_store16(volatile uint16_t *p, uint16_t v)
{
    *p = v;
}

VQG_API void vqg_port_store16_release(volatile uint16_t *p, uint16_t v)
{
    VQG_CONFIG_FENCE_RELEASE();
    *p = v;
}

VQG_API void vqg_port_store32(volatile uint32_t *p, uint32_t v)
{
    *p = v;
}

VQG_API void vqg_port_store64(volatile uint64_t *p, uint64_t v)
{
    *p = v;
}

VQG_API void vqg_port_fence(void)
{
    VQG_CONFIG_FENCE_FULL();
}

#endif
