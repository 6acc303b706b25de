/* SPDX-License-Identifier: MIT */
/*
 * app2. It is never started: it is a sector on a disk, and runs where a device
 * writes it over the code of another process, with all that this one holds.
 */
#include <stdint.h>

#define UART_THR ((volatile uint8_t *)0x10000000)

void payload(void);

/* Called in place of whatever was here; in front of it is nothing but no-operations. */
__attribute__((section(".text.init"))) void payload(void)
{
    static const char text[] = "payload: I have taken over app1\n";
    const char *c;

    for (c = text; *c != '\0'; c++) {
        *UART_THR = (uint8_t)*c;
    }
}
