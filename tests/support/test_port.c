/* SPDX-License-Identifier: MIT */
#include <string.h>

#ifndef VQG_API
#define VQG_API static inline
#endif
#include "test_port.h"

int test_assumed;
struct test_port test_port;

void test_port_reset(void)
{
    memset(&test_port, 0, sizeof test_port);
}

static void log_access(const volatile void *p, unsigned bytes, bool store, bool ordered)
{
    if (test_port.count < TEST_LOG_MAX) {
        struct test_access a = {p, bytes, store, ordered};
        test_port.log[test_port.count] = a;
    }
    test_port.count++;
    if (store) {
        test_port.stores++;
    } else {
        test_port.loads++;
    }
}

uint64_t test_port_load(const volatile void *p, unsigned bytes, bool ordered)
{
    uint64_t v = 0;
    switch (bytes) {
    case 1:
        v = *(const volatile uint8_t *)p;
        break;
    case 2:
        v = *(const volatile uint16_t *)p;
        break;
    case 4:
        v = *(const volatile uint32_t *)p;
        break;
    default:
        v = *(const volatile uint64_t *)p;
        break;
    }
    log_access(p, bytes, false, ordered);
    if (test_port.adversary != NULL) {
        v = test_port.adversary(test_port.context, p, bytes, v);
    }
    return v;
}

void test_port_store(volatile void *p, unsigned bytes, bool ordered, uint64_t v)
{
    switch (bytes) {
    case 1:
        *(volatile uint8_t *)p = (uint8_t)v;
        break;
    case 2:
        *(volatile uint16_t *)p = (uint16_t)v;
        break;
    case 4:
        *(volatile uint32_t *)p = (uint32_t)v;
        break;
    default:
        *(volatile uint64_t *)p = v;
        break;
    }
    log_access(p, bytes, true, ordered);
}

void test_port_fence(void)
{
    test_port.fences++;
    test_port.fence_at = test_port.count;
}

uint64_t test_port_nospec(uint64_t index, uint64_t size)
{
    (void)size;
    test_port.nospecs++;
    return index;
}
