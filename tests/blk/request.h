/* SPDX-License-Identifier: MIT */
/** @file request.h Requests of the guest's driver. */
#ifndef VQG_TEST_BLK_REQUEST_H
#define VQG_TEST_BLK_REQUEST_H

#include "front.h"

/* Memory of one request: its frame, a table, and its data. */
#define REQUEST_BYTES UINT64_C(0x10000)
#define REQUEST_TABLE UINT64_C(0x40)
#define REQUEST_DATA UINT64_C(0x1000)
#define REQUEST_DATA_BYTES 0xf000u
#define REQUEST_PLACES ((uint32_t)(FRONT_DATA_BYTES / REQUEST_BYTES)) /* the last ones for request_assert_*() */

struct request {
    uint32_t place;    /* which memory: no other request has it at the same time */
    uint32_t type;
    uint64_t sector;
    uint32_t bytes;    /* of data */
    uint32_t pieces;   /* segments of data; 0: one, if there is data */
    bool table;        /* through an indirect table */
    /* filled in */
    unsigned ended;    /* completions so far */
    uint8_t status;
    uint32_t len;
};

/** Its data. */
unsigned char *request_data(const struct front *f, const struct request *r);

/** Writes a range to discard, or to zero, as its data. */
void request_range(const struct front *f, struct request *r, uint64_t sector, uint32_t sectors, uint32_t flags);

/** Lends it; the device does not know of it before request_kick(). */
void request_add(struct front *f, uint32_t queue, struct request *r);
void request_kick(struct front *f, uint32_t queue);

/** Takes what has been completed; how much. */
unsigned request_take(struct front *f, uint32_t queue);

/** Waits for an interrupt, unless something has come meanwhile. */
void request_sleep(struct front *f, uint32_t queue);

/** Waits until it was completed. */
void request_wait(struct front *f, uint32_t queue, const struct request *r);

/** All of that, for one request: its status. */
uint8_t request_run(struct front *f, uint32_t queue, struct request *r);

/** Reads sectors that have that version, or writes them; 0 is that of the image. Nothing else is in flight. */
void request_assert_read(struct front *f, uint32_t queue, uint64_t sector, uint32_t sectors, uint32_t version);
void request_assert_write(struct front *f, uint32_t queue, uint64_t sector, uint32_t sectors, uint32_t version);

/** Fills data with sectors of that version; they are there. */
void request_fill(const struct front *f, const struct request *r, uint32_t version);
bool request_holds(const struct front *f, const struct request *r, uint32_t version);
bool request_zeroes(const struct front *f, const struct request *r);

/** A whole honest client: it opens a queue, reads one sector, and leaves. */
void request_honest_client(struct backend *b);

/** The sector of the image file, as it is now, has that version. */
bool image_holds(const struct backend *b, uint64_t sector, uint32_t version);

#endif
