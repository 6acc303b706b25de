/* SPDX-License-Identifier: MIT */
/*
 * Entry of the bare-metal example: M-mode, one hart, no firmware below.
 * QEMU's -bios none jumps to the start of RAM, so .text.init is linked first.
 */
	.section .text.init, "ax"
	.globl _start
_start:
	csrr	t0, mhartid
	bnez	t0, park

	.option push
	.option norelax			/* gp cannot be made relative to itself */
	la	gp, __global_pointer$
	.option pop

	la	t0, trap_entry
	csrw	mtvec, t0
	csrw	mie, zero		/* the example polls; no interrupt is taken */
	la	sp, stack_top

	la	t0, bss_start
	la	t1, bss_end
1:	bgeu	t0, t1, 2f
	sd	zero, 0(t0)
	addi	t0, t0, 8
	j	1b

2:	call	main
	call	platform_exit

park:	wfi
	j	park

	.section .text
	.balign	4			/* mtvec keeps its mode in the low two bits */
trap_entry:
	/* The fault may be the stack's, and nothing returns from here. */
	la	sp, trap_stack_top
	csrr	a0, mcause
	csrr	a1, mepc
	csrr	a2, mtval
	call	platform_trap
	j	park

	.section .bss
	.balign	16
	.space	65536
stack_top:
	.space	4096
trap_stack_top:
