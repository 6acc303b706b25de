/* SPDX-License-Identifier: MIT */
/* The code of a puppet: copied to the start of its page, so without addresses of
 * its own. a0 at the start: struct puppet. */
	.section .rodata.puppet, "a"
	.balign	4
	.option	norelax			/* gp is not a puppet's */
	.globl puppet_code, puppet_code_end
puppet_code:
	mv	s0, a0
	lla	a2, fault
	li	a0, 2			/* S3K_VREG_SET */
	li	a1, 0			/* S3K_TPC */
	ecall
	j	next

done:	fence	rw, rw
	sd	zero, 0(s0)
next:	ld	t0, 0(s0)
	fence	rw, rw
	li	t1, 1
	beq	t0, t1, call
	ld	t2, 8(s0)
	li	t1, 2
	beq	t0, t1, load
	li	t1, 3
	beq	t0, t1, store
	li	t1, 4
	beq	t0, t1, jump
	li	t1, 5
	beq	t0, t1, count
	li	a0, 4			/* S3K_SLEEP_UNTIL */
	li	a1, 0
	ecall
	j	next

call:	ld	a0, 8(s0)
	ld	a1, 16(s0)
	ld	a2, 24(s0)
	ld	a3, 32(s0)
	ld	a4, 40(s0)
	ld	a5, 48(s0)
	ld	a6, 56(s0)
	ecall
	sd	a0, 64(s0)
	sd	a1, 72(s0)
	sd	a2, 80(s0)
	sd	a3, 88(s0)
	sd	a4, 96(s0)
	j	done

load:	lb	t2, 0(t2)
	j	done
store:	sb	zero, 0(t2)
	j	done
jump:	fence.i
	jr	t2

count:	ld	t0, 120(s0)
	addi	t0, t0, 1
	sd	t0, 120(s0)
	j	count

/* Goes on at done, by the kernel's mret, as a handler does. */
fault:	li	a0, 1			/* S3K_VREG_GET */
	li	a1, 2			/* S3K_ECAUSE */
	ecall
	sd	a0, 104(s0)
	li	a0, 1
	li	a1, 3			/* S3K_EVAL */
	ecall
	sd	a0, 112(s0)
	lla	a2, done
	li	a0, 2
	li	a1, 4			/* S3K_EPC */
	ecall
	mret
puppet_code_end:
