/* SPDX-License-Identifier: MIT */
/*
 * The binary interface of the s3k separation kernel (branch main), as far as
 * an application or a kernel needs numbers for it. The calls: s3k_call.h.
 */
#ifndef S3K_H
#define S3K_H

#include <stdint.h>

/* A system call's number goes in a0, its arguments in a1 to a6, its result or
 * error comes back in a0 and whatever else in a1 to a4. */
enum s3k_call {
    S3K_PID_GET,
    S3K_VREG_GET,
    S3K_VREG_SET,
    S3K_SYNC,
    S3K_SLEEP_UNTIL,
    S3K_MEM_INTROSPECT,
    S3K_TSL_INTROSPECT,
    S3K_MON_INTROSPECT,
    S3K_IPC_INTROSPECT,
    S3K_MEM_DERIVE,
    S3K_TSL_DERIVE,
    S3K_MON_DERIVE,
    S3K_IPC_DERIVE,
    S3K_MEM_REVOKE,
    S3K_TSL_REVOKE,
    S3K_MON_REVOKE,
    S3K_IPC_REVOKE,
    S3K_MEM_DELETE,
    S3K_TSL_DELETE,
    S3K_MON_DELETE,
    S3K_IPC_DELETE,
    S3K_MEM_PMP_GET,
    S3K_MEM_PMP_SET,
    S3K_MEM_PMP_CLEAR,
    S3K_TSL_SET,
    S3K_MON_SUSPEND,
    S3K_MON_RESUME,
    S3K_MON_YIELD,
    S3K_MON_REG_GET,
    S3K_MON_REG_SET,
    S3K_MON_VREG_GET,
    S3K_MON_VREG_SET,
    S3K_MON_MEM_INTROSPECT,
    S3K_MON_TSL_INTROSPECT,
    S3K_MON_MON_INTROSPECT,
    S3K_MON_IPC_INTROSPECT,
    S3K_MON_MEM_GRANT,
    S3K_MON_TSL_GRANT,
    S3K_MON_MON_GRANT,
    S3K_MON_IPC_GRANT,
    S3K_MON_MEM_DERIVE,
    S3K_MON_TSL_DERIVE,
    S3K_MON_MON_DERIVE,
    S3K_MON_IPC_DERIVE,
    S3K_MON_MEM_PMP_GET,
    S3K_MON_MEM_PMP_SET,
    S3K_MON_MEM_PMP_CLEAR,
    S3K_MON_TSL_SET,
    S3K_IPC_SEND,
    S3K_IPC_RECV,
    S3K_IPC_CALL,
    S3K_IPC_REPLY,
    S3K_IPC_REPLYRECV,
    S3K_IPC_ASEND,
    S3K_IPC_ARECV,
    S3K_CALLS /* this number and any above is an exception of the caller's */
};

enum s3k_error {
    S3K_OK = 0,
    S3K_ERR_ACCESS = -1,   /* no such index, or another process owns it */
    S3K_ERR_ARGUMENT = -2, /* what is asked for is not the parent's to give */
    S3K_ERR_STATE = -3,    /* the other process is not ready, or too little time is left */
    S3K_ERR_SLOT = -4,     /* the PMP slot is in use */
    S3K_ERR_TIMEOUT = -5   /* a call that was broken off */
};

/* Capability types, as they travel by IPC; the families of calls above are in
 * this order. */
enum s3k_type { S3K_NONE, S3K_MEM, S3K_TSL, S3K_MON, S3K_IPC };

/* Rights; a set is empty or has S3K_R in it. */
enum { S3K_R = 1, S3K_W = 2, S3K_X = 4, S3K_RW = 3, S3K_RX = 5, S3K_RWX = 7 };

/* IPC modes and flags. A flag of a type lets capabilities of it travel. */
enum { S3K_ROOT, S3K_USYNC, S3K_BSYNC, S3K_ASYNC };
enum {
    S3K_YIELD = 1, /* the receiver runs on the sender's time */
    S3K_SEND_TSL = 2,
    S3K_SEND_MEM = 4,
    S3K_SEND_MON = 8,
    S3K_SEND_IPC = 16,
    S3K_IPC_FLAGS = 31
};

/* Registers of a process, for mon_reg_get and _set; t0 and s0 begin a run. */
enum { S3K_PC, S3K_RA, S3K_SP, S3K_GP, S3K_TP, S3K_A0, S3K_T0 = 13, S3K_S0 = 20, S3K_REGS = 32 };

/* Virtual registers: where a process takes its exceptions, and the last one. */
enum { S3K_TPC, S3K_TSP, S3K_ECAUSE, S3K_EVAL, S3K_EPC, S3K_ESP, S3K_VREGS };

/* A capability, as *_introspect returns it in a1 and a2. */
struct s3k_cap {
    uint16_t owner; /* process, 0: revoked or deleted */
    uint16_t cfree; /* table entries left for children; a child's index is its parent's plus cfree */
    uint16_t csize; /* table entries in all, its own among them */
    union {
        struct {
            uint8_t slot; /* PMP slot it is loaded in, 0: none */
            uint8_t rights;
        } mem;
        struct {
            uint8_t hart;
            uint8_t enabled;
        } tsl;
        uint16_t pid; /* monitor: of which process */
        struct {
            uint8_t mode;
            uint8_t flags;
        } ipc;
    };
    union {
        struct {
            uint32_t base;
            uint32_t size;
        } range; /* memory, bytes */
        struct {
            uint16_t base;
            uint16_t size;
            uint16_t free; /* slots not given to children: the first of the range */
        } slots;
        struct {
            uint16_t sink;   /* the server's end; its own index for a sink */
            uint16_t source; /* of a sink: the end that sent last */
            uint32_t value;  /* a server's time need in us, or the word in a mailbox */
        } end;
    };
};

_Static_assert(sizeof(struct s3k_cap) == 16, "two registers");

/* What process 1 holds at boot. Indices count within a type, over all processes. */
#define S3K_PROCESSES 4u
#define S3K_PMP_SLOTS 8u /* numbered from 1 */
#define S3K_TIME_SLOTS 32u
#define S3K_MEM_FUEL 16u
#define S3K_TSL_FUEL 32u
#define S3K_MON_FUEL 8u
#define S3K_IPC_FUEL 16u

#define S3K_CAP_RAM 0u     /* all RAM below the kernel, in PMP slot 1 */
#define S3K_CAP_CONSOLE 16u /* the UART, in PMP slot 2 */
#define S3K_CAP_DEVICES 32u /* the virtio-mmio pages; not on an unpatched main */
#define S3K_CAP_TIME 0u
#define S3K_CAP_IPC 0u
#define S3K_CAP_MON(pid) (((uint64_t)(pid) - 1u) * S3K_MON_FUEL)

#define S3K_TICKS_PER_US 10u

/* A range as a PMP entry's address: a power of two of at least 8 bytes, aligned to it. */
static inline uint64_t s3k_napot(uint64_t base, uint64_t size)
{
    return (base | (size / 2u - 1u)) >> 2;
}

#endif
