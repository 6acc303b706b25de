/* SPDX-License-Identifier: MIT */
/* The ledger, of a queue of either format. The device is hostile; the model of a driver is the oracle. */
#include "ledger.h"

const struct harness harness = {"ledger", EITHER, ledger_kinds, LEDGER_KINDS, ledger_begin, ledger_end};
