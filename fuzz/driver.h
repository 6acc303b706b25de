/* SPDX-License-Identifier: MIT */
/** @file driver.h What the two harnesses of the driver endpoint, and the ledger's, share. */
#ifndef VQG_FUZZ_DRIVER_H
#define VQG_FUZZ_DRIVER_H

#include "queue.h"

#define DRIVER_KINDS 10u
extern const struct step_kind driver_kinds[DRIVER_KINDS];
void driver_begin(const uint8_t *head);
void driver_end(void);

/** The faults that a driver, or a ledger, must see in a queue's set-up. */
void driver_faults(struct faults *f, const struct vqg_queue *q);

#endif
