/* SPDX-License-Identifier: MIT */
/**
 * @file port.h
 * @brief Floor 0: the compiler and the machine.
 *
 * Everything that differs between compilers and platforms is behind the names
 * below. Two ports come with the library: `port/gcc.h` (GCC and Clang builtins)
 * and `port/generic.h` (any C99 compiler, fences given by the user). Another
 * header can take their place: define `VQG_CONFIG_PORT_HEADER` to its name, in
 * quotes. Such a header defines every `vqg_port_*` function of `port/gcc.h`
 * and may define any of the `VQG_PORT_*` macros.
 *
 * This file trusts nobody and decides nothing: it only moves bytes.
 */
#ifndef VQGUARD_PORT_H
#define VQGUARD_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Linkage of every function of the library. `static inline` by default; define it
 * as `extern inline` in exactly one translation unit to get real symbols (src/vqguard.c).
 */
#ifndef VQG_API
#define VQG_API static inline
#endif

#if defined(VQG_CONFIG_PORT_HEADER)
#include VQG_CONFIG_PORT_HEADER
#elif defined(__GNUC__) && !defined(__TINYC__)
#include "port/gcc.h"
#else
#include "port/generic.h"
#endif

/** True when the host stores the most significant byte first. */
#ifndef VQG_PORT_BIG_ENDIAN
#define VQG_PORT_BIG_ENDIAN 0
#endif

/** Keeps a function off the hot path. */
#ifndef VQG_PORT_COLD
#define VQG_PORT_COLD
#endif

/** Makes a function part of its callers, of which there are few. */
#ifndef VQG_PORT_INLINE
#define VQG_PORT_INLINE
#endif

/** Tells the compiler that a condition rarely holds. */
#ifndef VQG_PORT_UNLIKELY
#define VQG_PORT_UNLIKELY(cond) (cond)
#endif

/** Warns a caller that ignores the result. */
#ifndef VQG_PORT_NODISCARD
#define VQG_PORT_NODISCARD
#endif

/**
 * Clamps an index that has passed its range test, so that a processor that
 * guesses past the test cannot use it out of range (rule X7). The default does
 * nothing: a platform that runs other people's code on the same core defines it.
 */
#ifndef VQG_PORT_NOSPEC
#define VQG_PORT_NOSPEC(index, size) (index)
#endif

/**
 * Cache maintenance for memory that the other side does not see coherently:
 * this runs before each load of `bytes` bytes at `addr`, VQG_PORT_CLEAN() after
 * each store. The default does nothing.
 */
#ifndef VQG_PORT_INVALIDATE
#define VQG_PORT_INVALIDATE(addr, bytes) ((void)0)
#endif
/** See VQG_PORT_INVALIDATE(). */
#ifndef VQG_PORT_CLEAN
#define VQG_PORT_CLEAN(addr, bytes) ((void)0)
#endif

#endif
