/* SPDX-License-Identifier: MIT */
/*
 * Into the kernel and out of it. tp is the current process while the kernel
 * runs; mscratch holds it while the process does.
 */
	.macro	each_register op	/* all but tp, which needs a way round */
	\op	ra, 8(tp)
	\op	sp, 16(tp)
	\op	gp, 24(tp)
	.set	at, 40			/* a0 to a7, t0 to t6, s0 to s11 */
	.irp	reg, a0, a1, a2, a3, a4, a5, a6, a7, t0, t1, t2, t3, t4, t5, t6, \
		s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
	\op	\reg, at(tp)
	.set	at, at + 8
	.endr
	.endm

	.section .text.init, "ax"
	.globl _start
_start:
	csrr	t0, mhartid
	bnez	t0, park
	la	sp, stack_top
	la	t0, bss_start
	la	t1, bss_end
1:	bgeu	t0, t1, 2f
	sd	zero, 0(t0)
	addi	t0, t0, 8
	j	1b

2:	la	t0, trap_entry
	csrw	mtvec, t0
	li	t0, -1			/* behind what a process has: all else, without rights. QEMU */
	csrw	pmpaddr8, t0		/* lets mret itself fault when no entry is in use at all. */
	li	t0, 0x18
	csrw	pmpcfg2, t0
	csrwi	mcounteren, 15		/* which may read cycle, time, instret and one more ... */
	csrwi	scounteren, 15		/* ... on a hart with S-mode too */
	li	t0, 1 << 7
	csrw	mie, t0			/* the timer is the only interrupt */
	call	kernel_init
	j	leave

park:	csrw	mie, zero
	wfi
	j	park

	.balign	4			/* mtvec keeps its mode in the low two bits */
trap_entry:
	csrrw	tp, mscratch, tp
	each_register sd
	csrr	t0, mscratch
	sd	t0, 32(tp)
	csrr	t0, mepc
	sd	t0, 0(tp)
	la	sp, stack_top
	call	trap

leave:	/* a0: the process that runs next */
	mv	tp, a0
	ld	t0, 0(tp)
	csrw	mepc, t0
	ld	t0, 32(tp)
	csrw	mscratch, t0
	csrw	mstatus, zero		/* to U-mode, wherever the trap came from */
	each_register ld
	csrrw	tp, mscratch, tp
	mret
