/* SPDX-License-Identifier: MIT */
/*
 * What a client and the monitor say to each other: two words each way. A client
 * is known by the IPC end that it calls through, so no message names one.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include "s3k_call.h"

/* In the highest bits of the second word. */
enum protocol_op {
    PROTOCOL_READ,  /* request level: sectors of the disk to the client's memory */
    PROTOCOL_WRITE, /* and back */
    PROTOCOL_AGAIN, /* what became of that, when it was pending */
    PROTOCOL_RESET, /* after a refusal */
    PROTOCOL_LEAVE, /* the client will not ask again */
    PROTOCOL_COST,  /* a counter of enum cost, which begins anew */
    PROTOCOL_LOAD,  /* queue level: a register of a virtio-mmio transport; with the width in bytes for a value */
    PROTOCOL_STORE,
    PROTOCOL_LOAN, /* scenes: a loan is to go from this client to app1 (loan.h) */
    PROTOCOL_LIE   /* scenes: the disk is to lie (liar.h) */
};
#define PROTOCOL_OP_SHIFT 60

/* Answers to requests, in the first word; with a refusal the second has the rule. */
enum protocol_answer {
    PROTOCOL_DONE,
    PROTOCOL_FAILED,  /* the disk could not */
    PROTOCOL_REFUSED, /* a rule was broken: nothing is served before a reset */
    PROTOCOL_PENDING, /* not yet: ask again */
    PROTOCOL_INVALID  /* no such operation, no bytes, a queue in use, or no client */
};

/* The first word: where in memory and how many bytes, or which register and what value. */
static inline struct s3k_message protocol_message(enum protocol_op op, uint32_t low, uint32_t high, uint64_t sector)
{
    uint64_t second = (uint64_t)op << PROTOCOL_OP_SHIFT | sector;

    return (struct s3k_message){ { (uint64_t)high << 32 | low, second }, S3K_NONE, 0 };
}

static inline uint32_t protocol_low(const struct s3k_message *m)
{
    return (uint32_t)m->word[0];
}

static inline uint32_t protocol_high(const struct s3k_message *m)
{
    return (uint32_t)(m->word[0] >> 32);
}

static inline uint64_t protocol_op(const struct s3k_message *m)
{
    return m->word[1] >> PROTOCOL_OP_SHIFT;
}

static inline uint64_t protocol_sector(const struct s3k_message *m)
{
    return m->word[1] & ((UINT64_C(1) << PROTOCOL_OP_SHIFT) - 1u);
}

/* What a client is started with: its IPC end, and what it is to do. */
enum protocol_role {
    ROLE_ALONE,
    ROLE_HONEST,
    ROLE_STEADY,
    ROLE_HOSTILE,
    ROLE_LENDER,
    ROLE_DECEIVED,
    ROLE_COST,
    ROLE_COST_ALONE
};

static inline uint64_t protocol_start(enum protocol_role role, uint64_t source)
{
    return source << 8 | role;
}

static inline enum protocol_role protocol_role(uint64_t start)
{
    return (enum protocol_role)(start & 0xffu);
}

static inline uint64_t protocol_source(uint64_t start)
{
    return start >> 8;
}

#endif
