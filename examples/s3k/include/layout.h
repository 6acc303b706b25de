/* SPDX-License-Identifier: MIT */
/* Where the applications are, for them and for the linker. Sizes are powers of
 * two and places aligned to them, so that one PMP entry covers each. */
#ifndef LAYOUT_H
#define LAYOUT_H

#define FIRST_BASE 0x80000000 /* process 1, where s3k starts it */
#define FIRST_SIZE 0x100000
#define DRIVER_BASE 0x80400000 /* app0 */
#define DRIVER_SIZE 0x400000
#define VICTIM_BASE 0x80800000 /* app1: right behind app0, for what goes too far */
#define VICTIM_SIZE 0x10000
#define LOAN_BASE 0x80a00000 /* LOANS times more RAM of app0's, by capabilities of their own, which it can do without */
#define LOAN_SIZE 0x40000
#define LOANS 2
#define CLIENT_BASE 0x80c00000 /* a second client */
#define CLIENT_SIZE 0x400000

/* The disk, in sectors: a part for each process that may use it. */
#define DISK_SECTORS 32768
#define SHARED_FIRST 0 /* all may read it, as their disk's part from SHARED_AT on */
#define SHARED_SECTORS 256
#define SHARED_AT 0x10000
#define DRIVER_FIRST 1024
#define DRIVER_SECTORS 13000
#define CLIENT_FIRST 16384
#define CLIENT_SECTORS 13000

/* Within app0's part: the payload as it lies on the disk, and where app0 leaves what it should not have. */
#define PAYLOAD_SECTOR 12900
#define LOOT_SECTOR 12901

/* What a client writes that keeps to the rules: files, as their first sector and bytes, in a part of the disk for each
 * way of use; each way has a tag of its own, from the client's first one on. The small files come first. */
#define HONEST_FILES(X) X(0, 0x200) X(1, 0x600) X(4, 0x1000) X(12, 0x10000) X(140, 0x7d000) X(1140, 0x100000)
#define SMALL_FILES 4
#define WAY_SECTORS 3200
#define DRIVER_TAG 1
#define CLIENT_TAG 17

/* And what app0 writes to see whether it works again. */
#define CHECK_TAG 30
#define CHECK_SECTOR 12000

/* Lines on the console about rules that a client broke: one that does so over and over does not fill it. */
#define LINES_MOST 400

/* What lies in the victim's first sector is what the payload replaces. */
#define SECTOR_SIZE 512
#define PAYLOAD_CODE 256 /* at the sector's end; before it, nothing but no-operations */

/* The kernel, of which no process holds anything. */
#define KERNEL_BASE 0x90000000

/* QEMU puts a word here that tells the monitor what its clients are to do. */
#define SCENE_WORD 0x80380000
#define SCENE_HONEST 0
#define SCENE_HOSTILE 1
#define SCENE_COST 2
#define SCENE_LOANS 3
#define SCENE_LIES 4

/* Nothing is loaded here, and no process but the first is given it. */
#define PAYLOAD_COPY 0x80300000

#endif
