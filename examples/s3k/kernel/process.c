/* SPDX-License-Identifier: MIT */
/* Processes, what a trap of theirs leads to, and how it all begins. */
#include "kernel.h"

#define FIRST_PC 0x80000000u
#define MRET 0x30200073u

static struct process processes[S3K_PROCESSES];
struct process *current;

struct process *process(uint16_t pid)
{
    return &processes[pid - 1u];
}

bool process_ready(const struct process *p)
{
    return p != current && !p->suspended && !p->waiting;
}

/* What it waited for is forgotten; resumed, it goes on as if that had failed. */
void process_suspend(struct process *p)
{
    p->suspended = true;
    p->waiting = false;
}

/* A process handles its own exceptions; only mret, which it ends the handling with, is the kernel's. */
next_t exception(struct process *p, uint64_t cause, uint64_t value)
{
    uint64_t *v = p->vregs;

    if (cause == CAUSE_ILLEGAL && value == MRET) {
        p->regs[S3K_PC] = v[S3K_EPC];
        p->regs[S3K_SP] = v[S3K_ESP];
        v[S3K_ECAUSE] = v[S3K_EVAL] = v[S3K_EPC] = v[S3K_ESP] = 0;
    } else {
        v[S3K_ECAUSE] = cause;
        v[S3K_EVAL] = value;
        v[S3K_EPC] = p->regs[S3K_PC];
        v[S3K_ESP] = p->regs[S3K_SP];
        p->regs[S3K_PC] = v[S3K_TPC];
        p->regs[S3K_SP] = v[S3K_TSP];
    }
    return p;
}

next_t trap(void)
{
    struct process *next;
    uint64_t cause, value;

    __asm__ volatile("csrr %0, mcause" : "=r"(cause));
    __asm__ volatile("csrr %0, mtval" : "=r"(value));
    if (current == NULL || (cause & CAUSE_INTERRUPT) != 0) {
        next = NULL;
    } else if (cause == CAUSE_ECALL) {
        next = syscall(current);
    } else {
        next = exception(current, cause, value);
    }
    if (next != current || next == NULL) {
        current = NULL;
        current = next != NULL ? next : time_next();
        current->wake = 0; /* it is, by a yield or a message maybe before its time */
        pmp_load(current);
    }
    return current;
}

static void process_init(void)
{
    for (uint16_t pid = 1; pid <= S3K_PROCESSES; pid++) {
        process(pid)->pid = pid;
        process(pid)->suspended = pid != 1;
    }
    process(1)->regs[S3K_PC] = FIRST_PC;
}

struct process *kernel_init(void)
{
    process_init();
    capability_init();
    time_init();
    return trap();
}
