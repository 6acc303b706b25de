/* SPDX-License-Identifier: MIT */
/** @file ledger.h The ledger's world and steps. */
#ifndef VQG_FUZZ_LEDGER_H
#define VQG_FUZZ_LEDGER_H

#include "queue.h"

#define LEDGER_KINDS 7u
extern const struct step_kind ledger_kinds[LEDGER_KINDS];
void ledger_begin(const uint8_t *head);
void ledger_end(void);

#endif
