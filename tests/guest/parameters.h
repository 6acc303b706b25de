/* SPDX-License-Identifier: MIT */
/*
 * What the host tells a guest: QEMU's generic loader writes it to the last page
 * of the machine's RAM, where no program is linked to.
 *
 *   -device loader,addr=0x87fff000,data=LIVES,data-len=4
 */
#ifndef PARAMETERS_H
#define PARAMETERS_H

#include <stdint.h>

#define RAM_BASE UINT64_C(0x80000000)
#define RAM_END UINT64_C(0x88000000)

struct parameters {
    uint32_t lives;   /* how often to bring the device up */
    uint32_t lenient; /* not 0: the specification profile */
};

static inline const volatile struct parameters *parameters(void)
{
    return (const volatile struct parameters *)(uintptr_t)(RAM_END - 0x1000u);
}

#endif
