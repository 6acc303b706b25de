/* SPDX-License-Identifier: MIT */
/**
 * @file blk.h
 * @brief Block requests, between a client that may ask anything, a disk that may answer anything, and a driver of one.
 *
 * The requests lie in shared memory at places of their own, behind the parts of the queue that they come through.
 */
#ifndef VQG_FUZZ_BLK_H
#define VQG_FUZZ_BLK_H

#include "memory.h"
#include "vqguard/blk_filter.h"

#define BLK_QUEUE 16u
#define BLK_POOL 4u
#define BLK_SEGS 12u
#define BLK_SECTOR_CAPS 5u
#define BLK_MEMORY_CAPS 3u

#define AT_OWN_QUEUE 0x2c0u /* of the honest driver, 4 descriptors */
#define AT_REQUESTS 0x400u  /* BLK_POOL headers, ranges and status bytes, 0x40 bytes each */
#define AT_BLOCKS 0x500u    /* data */
#define AT_UNMAPPED 0xc00u  /* lent, but not mapped here */
#define AT_MORE 0xe00u
#define AT_SCRATCH 0xf00u   /* BLK_POOL times 0x30 bytes, which no client reaches */
#define AT_FRAME 0xfc0u     /* of the honest driver */
#define BLK_BUS UINT64_C(0x7000000)

/* Numbers of the specification (5.2.6). */
enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2, S_NONE = 0xff };

/** A chain and what became of it. */
struct blk_chain {
    struct vqg_chain chain;
    struct vqg_blk_request request;
    struct vqg_seg seg[BLK_SEGS];
    canary c0;
    enum { BLK_FREE, BLK_POPPED, BLK_PARSED, BLK_LOWERED, BLK_REFUSED } state;
    bool pinned;
    unsigned cap; /* of the sectors, if it is */
};

extern struct blk_own {
    canary c0;
    struct vqg_device device;
    canary c1;
    struct vqg_blk blk;
    canary c2;
    struct vqg_slot slots[BLK_QUEUE];
    canary c3;
    struct blk_chain pool[BLK_POOL];
} blk_own;

/** What is true. */
extern struct blk_truth {
    bool live;
    bool drop;
    bool callbacks;       /* the sectors are asked for by them */
    bool refuse;          /* the next pin is refused */
    bool other;           /* the next answer is another capability */
    uint32_t types;
    uint32_t max_bytes;
    uint32_t max_sectors;
    uint32_t violations;  /* of the client */
    enum vqg_rule first;
    uint32_t disk;        /* of the disk */
    enum vqg_rule disk_first;
    uint16_t posted;
} blk_truth;

/* ---- blk.c: the world ---- */
extern struct vqg_cap blk_sectors[BLK_SECTOR_CAPS];
extern uint32_t blk_pins[BLK_SECTOR_CAPS];
void blk_begin(const uint8_t *head);
void blk_end(void);
void blk_latched(enum vqg_rule rule);
/** The pins of sectors are those of requests on their way. */
void blk_check_pins(void);
void blk_step_reset(const struct step *step);
void blk_step_sectors(const struct step *step);
void blk_step_admit(const struct step *step);

/* ---- blk_client.c: what a client asks for ---- */
void blk_forget_posted(void);
void blk_step_post(const struct step *step);
void blk_step_spoil(const struct step *step);
void blk_step_write(const struct step *step);

/* ---- blk_server.c: what the server makes of a request ---- */
void blk_step_pop(const struct step *step);
void blk_step_parse(const struct step *step);
void blk_step_lower(const struct step *step);
void blk_step_disk(const struct step *step);
void blk_step_raise(const struct step *step);

/* ---- blk_decode.c: what a request is, by the specification alone ---- */
struct blk_meaning {
    uint32_t broken;   /* bit n: the n-th of blk_rules */
    bool unsupported;
    uint32_t type;
    uint64_t sector;
    uint32_t sectors;
    uint32_t bytes;
    uint32_t flags;
    unsigned cap;
    uint32_t loads;    /* how many bytes of it are to be looked at */
};
enum { BROKEN_MINIMUM, BROKEN_MAPPED, BROKEN_SHAPE, BROKEN_SIZE, BROKEN_RANGE, BROKEN_RIGHT, BROKEN_PIN, BLK_RULES };
extern const enum vqg_rule blk_rules[BLK_RULES];
struct blk_meaning blk_decode(const struct vqg_chain *c);
/** What these sectors break. */
void blk_decode_sectors(struct blk_meaning *m);
/** The segments that the disk has are those bytes of the client, from `skip` on. */
void blk_same_bytes(const struct vqg_chain *c, bool write, uint32_t skip, uint32_t bytes, const struct vqg_seg *seg,
                    uint32_t count);
/** Offset of a chain's last writable byte; SIZE_MAX when there is none, or it is not mapped. */
size_t blk_status_at(const struct vqg_chain *c);
bool blk_is_mapped(const struct vqg_chain *c, bool write);

/* ---- blk_driver.c: an honest driver of a disk ---- */
void blk_driver_begin(void);
void blk_driver_end(void);
void blk_step_build(const struct step *step);
void blk_step_result(const struct step *step);

#endif
