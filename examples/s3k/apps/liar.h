/* SPDX-License-Identifier: MIT */
/*
 * The disk of QEMU keeps to the rules. So that one is seen that does not, this writes into the ring what a lying disk
 * would: the one place of the example where a fault is made. It does nothing but in the scene that asks for it.
 */
#ifndef LIAR_H
#define LIAR_H

#include <vqguard/vqguard.h>

enum lie {
    LIE_ID,       /* what is returned was never there */
    LIE_IDLE,     /* it is there, but the disk does not have it */
    LIE_LENGTH,   /* more was written than there was room for */
    LIE_INDEX,    /* more was returned than is out */
    LIES
};

/* From now on it can be asked for, of this queue, which is split. */
void liar_init(const struct vqg_queue *queue);

/* The next time that the disk returns something it lies. False: there is no such lie to be had. */
bool liar_arm(uint32_t lie);

/* Before the monitor looks at what the disk returned. */
void liar_lie(void);

#endif
