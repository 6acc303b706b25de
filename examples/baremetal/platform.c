/* SPDX-License-Identifier: MIT */
#include "platform.h"

#include <stdarg.h>

/* Otherwise GCC may recognise the loops below and have them call themselves. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

#define UART_BASE 0x10000000u
#define UART_THR 0u
#define UART_LSR 5u
#define UART_LSR_THR_EMPTY 0x20u
#define UART_TRIES 1000000u

#define TEST_BASE 0x100000u
#define TEST_PASS 0x5555u
#define TEST_FAIL 0x3333u

static volatile uint8_t *uart(unsigned reg)
{
    return (volatile uint8_t *)((uintptr_t)UART_BASE + reg);
}

void platform_putc(char c)
{
    unsigned tries;

    if (c == '\n') {
        platform_putc('\r');
    }
    /* A stuck UART loses output, it does not stop the program. */
    for (tries = 0; tries < UART_TRIES; tries++) {
        if ((*uart(UART_LSR) & UART_LSR_THR_EMPTY) != 0) {
            break;
        }
    }
    *uart(UART_THR) = (uint8_t)c;
}

static void put_string(const char *s)
{
    while (*s != '\0') {
        platform_putc(*s++);
    }
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[20];
    size_t n = 0;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (n > 0) {
        platform_putc(digits[--n]);
    }
}

void platform_print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    for (; *format != '\0'; format++) {
        bool wide = false;

        if (*format != '%') {
            platform_putc(*format);
            continue;
        }
        format++;
        if (*format == 'l') {
            wide = true;
            format++;
        }
        switch (*format) {
        case 's':
            put_string(va_arg(args, const char *));
            break;
        case 'c':
            platform_putc((char)va_arg(args, int));
            break;
        case 'u':
        case 'x': {
            uint64_t value = wide ? va_arg(args, unsigned long) : va_arg(args, unsigned int);

            put_number(value, *format == 'u' ? 10u : 16u);
            break;
        }
        case '\0':
            va_end(args);
            return;
        default:
            platform_putc(*format);
            break;
        }
    }
    va_end(args);
}

_Noreturn void platform_exit(int code)
{
    volatile uint32_t *test = (volatile uint32_t *)(uintptr_t)TEST_BASE;

    *test = code == 0 ? TEST_PASS : ((uint32_t)code << 16) | TEST_FAIL;
    for (;;) {
        __asm__ volatile("wfi");
    }
}

_Noreturn void platform_trap(uint64_t mcause, uint64_t mepc, uint64_t mtval)
{
    platform_print("\nTRAP mcause 0x%lx mepc 0x%lx mtval 0x%lx\n", mcause, mepc, mtval);
    platform_print("DONE fail\n");
    platform_exit(2);
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    while (size-- > 0) {
        *d++ = *s++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    if ((uintptr_t)d <= (uintptr_t)s) {
        while (size-- > 0) {
            *d++ = *s++;
        }
    } else {
        while (size-- > 0) {
            d[size] = s[size];
        }
    }
    return to;
}

void *memset(void *to, int value, size_t size)
{
    uint8_t *d = to;

    while (size-- > 0) {
        *d++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const uint8_t *l = left;
    const uint8_t *r = right;

    for (; size > 0; size--, l++, r++) {
        if (*l != *r) {
            return *l < *r ? -1 : 1;
        }
    }
    return 0;
}
