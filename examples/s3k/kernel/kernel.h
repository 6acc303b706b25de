/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for the s3k kernel: one hart, the system calls of ../include/s3k.h,
 * the tables and limits that branch main has by default. Not s3k itself.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include "s3k.h"

#include <stdbool.h>
#include <stddef.h>

#define NOBODY 0u /* no process */

/* Why the hart trapped. */
#define CAUSE_ILLEGAL 2u
#define CAUSE_ECALL 8u
#define CAUSE_INTERRUPT (UINT64_C(1) << 63)

struct process {
    uint64_t regs[S3K_REGS]; /* first: entry.S knows where they are */
    uint64_t vregs[S3K_VREGS];
    uint64_t pmp_addr[S3K_PMP_SLOTS];
    uint8_t pmp_cfg[S3K_PMP_SLOTS];
    uint64_t wake; /* does not run in a slice that begins before */
    uint16_t pid;
    bool suspended;
    bool waiting; /* for IPC, at this index */
    uint16_t waits_at;
};

/* A trap is answered with the process to run next; NULL: whose time it is. */
typedef struct process *next_t;

/* process.c */
extern struct process *current;
struct process *process(uint16_t pid);
bool process_ready(const struct process *p);
void process_suspend(struct process *p);
next_t exception(struct process *p, uint64_t cause, uint64_t value);
next_t trap(void);               /* called by entry.S */
struct process *kernel_init(void); /* called by entry.S: who runs first */

/* capability.c: what all four types have in common */
void capability_init(void);
uint64_t capability_count(enum s3k_type type);
struct s3k_cap *capability_at(enum s3k_type type, uint64_t i); /* i is below the count */
struct s3k_cap *capability_of(uint16_t pid, enum s3k_type type, uint64_t i); /* NULL: not its own */
/* A child of parent with nothing in it but an owner and csize; NULL: csize is not the parent's to give. */
struct s3k_cap *capability_child(struct s3k_cap *parent, uint16_t owner, uint64_t csize);
int64_t capability_index(enum s3k_type type, const struct s3k_cap *cap);
void capability_give(enum s3k_type type, struct s3k_cap *cap, uint16_t owner); /* NOBODY: takes it away */
int64_t capability_revoke(uint16_t pid, enum s3k_type type, uint64_t i);

/* Rights are empty or can read, and are no more than all there is to give. */
static inline bool rights_within(uint64_t rights, uint64_t all)
{
    return (rights & ~all) == 0 && (rights == 0 || (rights & S3K_R) != 0);
}

/* derive.c: children of each type; x holds the call's arguments from the parent's index on */
int64_t derive(enum s3k_type type, uint16_t pid, uint16_t owner, const uint64_t *x);

/* pmp.c */
void pmp_load(const struct process *p);
void pmp_unload(struct s3k_cap *mem);
int64_t pmp_set(uint16_t pid, uint64_t i, uint64_t slot, uint64_t rights, uint64_t addr);
int64_t pmp_get(uint16_t pid, uint64_t i, uint64_t result[3]);
int64_t pmp_clear(uint16_t pid, uint64_t i);

/* ipc.c: x holds the call's arguments from the index on; the result goes into p's registers */
next_t ipc_send(struct process *p, const uint64_t *x);
next_t ipc_recv(struct process *p, const uint64_t *x);
next_t ipc_call(struct process *p, const uint64_t *x);
next_t ipc_reply(struct process *p, const uint64_t *x);
next_t ipc_replyrecv(struct process *p, const uint64_t *x);
next_t ipc_asend(struct process *p, const uint64_t *x);
next_t ipc_arecv(struct process *p, const uint64_t *x);

/* time.c */
void time_init(void);
uint64_t time_now(void);
uint64_t time_slice_end(void);
struct process *time_next(void); /* waits until some process may run */

/* syscall.c */
next_t syscall(struct process *p);

/* Puts a result where the process finds it. */
static inline void answer(struct process *p, int64_t result)
{
    p->regs[S3K_A0] = (uint64_t)result;
}

#endif
