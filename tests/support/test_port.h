/* SPDX-License-Identifier: MIT */
/**
 * @file test_port.h
 * @brief A port through which a test sees, and may answer, every shared access.
 *
 * The library is built with VQG_CONFIG_PORT_HEADER set to this file. Each load
 * is logged and may be answered by an adversary, anew each time: a value that
 * is loaded twice is two values. Each store is logged. `test_assumed` switches
 * one rule off, which the ablation does rule by rule.
 */
#ifndef VQG_TEST_PORT_H
#define VQG_TEST_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The rule that is taken for granted, or 0. A build for coverage has none: each rule would count as a branch. */
extern int test_assumed;
#if !defined(VQG_TEST_NO_ABLATION)
#define VQG_CONFIG_ASSUME(rule) ((int)(rule) == test_assumed)
#endif

/** One access to shared memory. */
struct test_access {
    const volatile void *at;
    unsigned bytes;
    bool store;
    bool ordered; /**< acquire for a load, release for a store */
};

#define TEST_LOG_MAX 4096u

/** What the port has seen since test_port_reset(). */
struct test_port {
    struct test_access log[TEST_LOG_MAX];
    size_t count;      /**< accesses; those beyond TEST_LOG_MAX are counted only */
    size_t loads;
    size_t stores;
    size_t fences;
    size_t fence_at;   /**< value of `count` at the latest fence */
    size_t nospecs;    /**< indices that passed VQG_PORT_NOSPEC */
    size_t invalidated; /**< bytes through VQG_PORT_INVALIDATE */
    size_t cleaned;    /**< bytes through VQG_PORT_CLEAN */
    /** Answers a load in memory order of the host; null: memory answers. */
    uint64_t (*adversary)(void *context, const volatile void *at, unsigned bytes, uint64_t value);
    void *context;
};

extern struct test_port test_port;

/** Forgets everything and sends the adversary away. */
void test_port_reset(void);

uint64_t test_port_load(const volatile void *p, unsigned bytes, bool ordered);
void test_port_store(volatile void *p, unsigned bytes, bool ordered, uint64_t v);
void test_port_fence(void);
uint64_t test_port_nospec(uint64_t index, uint64_t size);

#ifdef __cplusplus
}
#endif

#define VQG_PORT_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#define VQG_PORT_NODISCARD __attribute__((warn_unused_result))
#define VQG_PORT_NOSPEC(index, size) ((uint32_t)test_port_nospec((index), (size)))
#define VQG_PORT_INVALIDATE(addr, n) ((void)(addr), (void)(test_port.invalidated += (n)))
#define VQG_PORT_CLEAN(addr, n) ((void)(addr), (void)(test_port.cleaned += (n)))

VQG_API uint8_t vqg_port_load8(const volatile uint8_t *p)
{
    return (uint8_t)test_port_load(p, 1, false);
}

VQG_API uint16_t vqg_port_load16(const volatile uint16_t *p)
{
    return (uint16_t)test_port_load(p, 2, false);
}

VQG_API uint16_t vqg_port_load16_acquire(const volatile uint16_t *p)
{
    return (uint16_t)test_port_load(p, 2, true);
}

VQG_API uint32_t vqg_port_load32(const volatile uint32_t *p)
{
    return (uint32_t)test_port_load(p, 4, false);
}

VQG_API uint64_t vqg_port_load64(const volatile uint64_t *p)
{
    return test_port_load(p, 8, false);
}

VQG_API void vqg_port_store8(volatile uint8_t *p, uint8_t v)
{
    test_port_store(p, 1, false, v);
}

VQG_API void vqg_port_store16(volatile uint16_t *p, uint16_t v)
{
    test_port_store(p, 2, false, v);
}

VQG_API void vqg_port_store16_release(volatile uint16_t *p, uint16_t v)
{
    test_port_store(p, 2, true, v);
}

VQG_API void vqg_port_store32(volatile uint32_t *p, uint32_t v)
{
    test_port_store(p, 4, false, v);
}

VQG_API void vqg_port_store64(volatile uint64_t *p, uint64_t v)
{
    test_port_store(p, 8, false, v);
}

VQG_API void vqg_port_fence(void)
{
    test_port_fence();
}

#endif
