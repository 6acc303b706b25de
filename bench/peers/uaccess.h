/* SPDX-License-Identifier: MIT */
/**
 * @file uaccess.h
 * @brief Takes the place of the shims' linux/uaccess.h for vringh.c.
 *
 * The shims copy byte by byte, which would charge vringh for what a kernel does
 * in two moves. The range of each access is tested here as it is there.
 */
#ifndef UACCESS_H
#define UACCESS_H

#include <assert.h>
#include <string.h>

#include <linux/compiler.h>

extern void *__user_addr_min, *__user_addr_max;

static inline void in_user_memory(const volatile void *p, size_t bytes)
{
    const char *at = (const char *)p;
    assert(at >= (const char *)__user_addr_min && at + bytes <= (const char *)__user_addr_max);
}

#define put_user(x, at) (in_user_memory((at), sizeof *(at)), WRITE_ONCE(*(at), (x)), 0)
#define get_user(x, at) (in_user_memory((at), sizeof *(at)), (x) = READ_ONCE(*(at)), 0)

static inline int copy_from_user(void *to, const volatile void *from, unsigned long bytes)
{
    in_user_memory(from, bytes);
    memcpy(to, (const void *)from, bytes);
    return 0;
}

static inline int copy_to_user(volatile void *to, const void *from, unsigned long bytes)
{
    in_user_memory(to, bytes);
    memcpy((void *)to, from, bytes);
    return 0;
}

#endif
