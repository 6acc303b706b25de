/* SPDX-License-Identifier: MIT */
/* Memory that goes from one process to another, while the disk may have it still. */
#ifndef LOAN_H
#define LOAN_H

#include "seat.h"

/* Lends app0 some RAM, by capabilities that process 1 can take back. False: the kernel did not allow it. */
bool loan_begin(uint16_t pid);

/*
 * Loan `which` is to be app1's. The first one app0 has given up itself: it moves when the disk is done with it. The
 * second is taken from app0, which goes on lending it to the disk: after TRIES it is reset. PENDING
 * until no byte is in flight; INVALID when there is no such loan, it has moved, or app0 has the first one still.
 */
enum protocol_answer loan_move(struct seat *s, uint32_t which);

#endif
