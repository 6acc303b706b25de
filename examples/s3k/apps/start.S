/* SPDX-License-Identifier: MIT */
/* Entry of an application: whoever started it chose a0 to a7, main's arguments. */
	.section .text.init, "ax"
	.globl _start
_start:
	.option push
	.option norelax			/* gp cannot be made relative to itself */
	la	gp, __global_pointer$
	.option pop
	la	sp, stack_top

	la	t0, bss_start
	la	t1, bss_end
1:	bgeu	t0, t1, 2f
	sd	zero, 0(t0)
	addi	t0, t0, 8
	j	1b

2:	call	main
3:	li	a0, 4			/* S3K_SLEEP_UNTIL */
	li	a1, 0
	ecall
	j	3b
