/* SPDX-License-Identifier: MIT */
/* The steps of the retrofitted driver, whichever copy of it is linked. */
#ifndef PLAIN_H
#define PLAIN_H

/* Brings the disk up anew, reads, writes, reads back; leaves it reset. */
void plain_steps(void);

#endif
