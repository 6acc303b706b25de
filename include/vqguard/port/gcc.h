/* SPDX-License-Identifier: MIT */
/**
 * @file port/gcc.h
 * @brief Floor 0: the port for GCC and Clang.
 *
 * Accesses of up to 32 bits are single-copy atomic. 64-bit accesses are volatile
 * rather than atomic: on a 32-bit machine an atomic one would be a call into a
 * library, and a descriptor word needs only to be fetched once, not in one
 * piece (any mixture of halves is just another value that the rules judge).
 */
#ifndef VQGUARD_PORT_GCC_H
#define VQGUARD_PORT_GCC_H

#define VQG_PORT_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#define VQG_PORT_COLD __attribute__((cold))
#if !defined(VQG_PORT_INLINE) && !defined(__OPTIMIZE_SIZE__)
#define VQG_PORT_INLINE __attribute__((always_inline))
#endif
#define VQG_PORT_UNLIKELY(cond) (__builtin_expect(!!(cond), 0))
#define VQG_PORT_NODISCARD __attribute__((warn_unused_result))

/* Where atomic read-modify-write needs a library, Clang makes a library call of
 * a load too; a volatile access is one instruction there as well. GCC never
 * does, and its code for volatile accesses is worse. */
#if defined(__clang__) && \
    (__GCC_ATOMIC_CHAR_LOCK_FREE != 2 || __GCC_ATOMIC_SHORT_LOCK_FREE != 2 || __GCC_ATOMIC_INT_LOCK_FREE != 2)
#define VQG_PORT_LOAD_(p) (*(p))
#define VQG_PORT_STORE_(p, v) ((void)(*(p) = (v)))

VQG_API uint16_t vqg_port_load16_acquire(const volatile uint16_t *p)
{
    uint16_t v = *p;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return v;
}

VQG_API void vqg_port_store16_release(volatile uint16_t *p, uint16_t v)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *p = v;
}
#else
#define VQG_PORT_LOAD_(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define VQG_PORT_STORE_(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)

VQG_API uint16_t vqg_port_load16_acquire(const volatile uint16_t *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

VQG_API void vqg_port_store16_release(volatile uint16_t *p, uint16_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELEASE);
}
#endif

VQG_API uint8_t vqg_port_load8(const volatile uint8_t *p)
{
    return VQG_PORT_LOAD_(p);
}

VQG_API uint16_t vqg_port_load16(const volatile uint16_t *p)
{
    return VQG_PORT_LOAD_(p);
}

VQG_API uint32_t vqg_port_load32(const volatile uint32_t *p)
{
    return VQG_PORT_LOAD_(p);
}

VQG_API uint64_t vqg_port_load64(const volatile uint64_t *p)
{
    return *p;
}

VQG_API void vqg_port_store8(volatile uint8_t *p, uint8_t v)
{
    VQG_PORT_STORE_(p, v);
}

VQG_API void vqg_port_store16(volatile uint16_t *p, uint16_t v)
{
    VQG_PORT_STORE_(p, v);
}

VQG_API void vqg_port_store32(volatile uint32_t *p, uint32_t v)
{
    VQG_PORT_STORE_(p, v);
}

VQG_API void vqg_port_store64(volatile uint64_t *p, uint64_t v)
{
    *p = v;
}

/* Thread Sanitizer does not model fences; the accesses on both sides of the
 * only full fence are atomic, so nothing is hidden from it. */
VQG_API void vqg_port_fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
