/* SPDX-License-Identifier: MIT */
/*
 * The whole state of two endpoints that face each other over one shared memory, and of the models of both. It is one
 * structure without a pointer to anything that changes outside of it: copied, it is kept; copied back, it is undone.
 */
#ifndef VQG_TEST_STATE_H
#define VQG_TEST_STATE_H

#include "model.h"
#include "vqguard/vqguard.h"

#define SIZE 4u                 /* largest queue */
#define SEGS 2u                 /* most segments of a request */
#define OUT_BYTES 4u            /* of a request's buffers */
#define IN_BYTES 2u
#define CAPS (4u + 2u * SIZE)
#define FILL 0xa5               /* of what is nobody's, and of buffers */
#define CANARY UINT64_C(0xc5a9c5a9c5a9c5a9)

/* Shared memory, as offsets; what is not named lies between, is covered by no capability, and never changes. */
#define BASE UINT64_C(0x10000)
#define AT_DESC 16u
#define AT_AVAIL 96u
#define AT_USED 128u
#define AT_TABLES 192u          /* one for each request */
#define TABLE_BYTES (16u * SEGS)
#define AT_DATA 336u            /* for each request a buffer to read and one to write */
#define DATA_BYTES 32u
#define AT_IN 16u               /* the second, from the first on */
#define MEMORY (AT_DATA + SIZE * DATA_BYTES)

/* A request, by its number: its cookie is one more. */
struct request {
    bool lent;                  /* added, and not back */
    bool table;
    uint16_t id;                /* its head, or its id */
    uint8_t slots;              /* descriptors of the ring */
    uint8_t count;              /* segments: the last one is to be written */
};

/* Requests, in an order. */
struct fifo {
    uint8_t count;
    uint8_t number[SIZE];
    uint8_t len[SIZE];
};

struct state {
    _Alignas(16) uint8_t memory[MEMORY];
    struct vqg_driver driver;
    uint64_t canary_0;
    struct vqg_slot driver_slots[SIZE];
    uint64_t canary_1;
    struct vqg_device device;
    uint64_t canary_2;
    struct vqg_slot device_slots[SIZE];
    uint64_t canary_3;
    struct vqg_chain chains[SIZE];
    struct vqg_seg segs[SIZE][SIZE];
    uint64_t canary_4;
    bool popped[SIZE];          /* by chain */
    bool stale[SIZE];           /* and a reset came between */

    struct sm_drv drv;          /* the models; their arrays follow */
    struct sm_lent lent[SIZE];
    uint32_t drv_order[SIZE];
    struct sm_dev dev;
    struct sm_in_flight in_flight[SIZE];
    int32_t owner[SIZE];
    uint32_t dev_order[SIZE];
    struct sm_return returns[SIZE];
    uint8_t used_image[6u + 8u * SIZE];

    struct request requests[SIZE];
    struct fifo waiting;        /* added, and not kicked */
    struct fifo made_available; /* kicked, and not popped; while all are honest */
    struct fifo returned;       /* pushed, and not taken; while all are honest */
    uint16_t seen;              /* split: used.idx as it was last accepted */
    uint16_t notified;          /* position up to which the device has returned */
    bool honest;                /* no hostile write since set-up or reset */
    bool spoilt;                /* what the device returned has been written over */
    uint8_t adds_left;
    uint8_t resets_left;
    uint8_t writes_left;
};

/* How the queue is, the same on all paths. */
struct setting {
    uint32_t size;
    bool packed;
    bool in_order;
};

extern struct state now;
extern const struct state *before; /* the step */
extern struct setting setting;

enum step_kind { ADD_ONE, ADD_TWO, ADD_TABLE, KICK, POP, PUSH_ALL, PUSH_LESS, NOTIFY, TAKE, RESET, WRITE };

struct step {
    uint8_t kind;
    uint8_t which;              /* chain */
    uint8_t bytes;              /* hostile write */
    uint16_t at;
    uint64_t value;
};

#define STEPS_MAX 400u

struct steps {
    unsigned count;
    struct step list[STEPS_MAX];
};

/* ---------------------------------------------------------------- pair.c: both endpoints and both models */

void request_is_back(unsigned number);
void chain_is_back(unsigned chain);
uint64_t features(void);
void start(uint8_t adds, uint8_t resets, uint8_t writes);
void reset(void);
uint64_t get(unsigned at, unsigned bytes);
void put(unsigned at, unsigned bytes, uint64_t value);
uint32_t index_of(uint16_t position);
uint16_t behind(uint16_t position, uint32_t slots);
void fifo_put(struct fifo *f, unsigned number, unsigned len);
unsigned fifo_get(struct fifo *f);

/* The state without what no step looks at again. */
const struct state *essence(void);

/* What the step may write; then: it wrote nothing else, and no canary is hurt. */
void may_write_nothing(void);
void may_write(unsigned at, unsigned bytes);
void same_memory(void);

/* ---------------------------------------------------------------- driver_steps.c, device_steps.c, hostile.c */

void add(enum step_kind kind);
void kick(void);
void take(void);
void pop(void);
void push(unsigned chain, bool all);
void notify(void);
void hostile_write(const struct step *step);
void hostile_writes(struct steps *steps);
void place_text(unsigned at, char *text, size_t size);

/* ---------------------------------------------------------------- words.c: what is found */

/* Ends the program with the path if it is not so. */
void holds(bool so, const char *what);
/* The library names a rule: it is in the model's set. */
void names_rule(enum vqg_status st, const struct sm_set *set);

#endif
