/* SPDX-License-Identifier: MIT */
/**
 * @file port/gcc.h
 * @brief Floor 0: the port for GCC and Clang.
 *
 * 16- and 32-bit accesses are single-copy atomic. 64-bit accesses are not meant to be: on a 32-bit machine an atomic one would be a call into a
 * library, and a descriptor word needs only to be fetched once, not in one
 * piece (any mixture of halves is just another value that the rules judge).
 */
#ifndef VQGUARD_PORT_GCC_H
#define VQGUARD_PORT_GCC_H

#define VQG_PORT_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#define VQG_PORT_COLD __attribute__((cold))
#define VQG_PORT_INLINE __attribute__((always_inline))
#define VQG_PORT_UNLIKELY(cond) (__builtin_expect(!!(cond), 0))
#define VQG_PORT_NODISCARD __attribute__((warn_unused_result))

/* A volatile access of an aligned 16- or 32-bit field is one access, and leaves the
 * compiler free to keep private values in registers across it, which an atomic one
 * does not. Thread Sanitizer has to be told. */
#if defined(__SANITIZE_THREAD__)
#define VQG_PORT_RELAXED_ATOMIC_ 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define VQG_PORT_RELAXED_ATOMIC_ 1
#endif
#endif
#if defined(VQG_PORT_RELAXED_ATOMIC_)
#define VQG_PORT_LOAD_(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define VQG_PORT_STORE_(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#else
#define VQG_PORT_LOAD_(p) (*(p))
#define VQG_PORT_STORE_(p, v) (*(p) = (v))
#endif

VQG_API uint8_t vqg_port_load8(const volatile uint8_t *p)
{
    return VQG_PORT_LOAD_(p);
}

VQG_API uint16_t vqg_port_load16(const volatile uint16_t *p)
{
    return VQG_PORT_LOAD_(p);
}

VQG_API uint16_t vqg_port_load16_acquire(const volatile uint16_t *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
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

VQG_API void vqg_port_store16_release(volatile uint16_t *p, uint16_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELEASE);
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
