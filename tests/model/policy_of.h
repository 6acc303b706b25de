/* SPDX-License-Identifier: MIT */
/* A device's policy, as the model knows it. */
#ifndef VQG_TEST_POLICY_OF_H
#define VQG_TEST_POLICY_OF_H

#include "compare.h"

static inline void model_policy(struct sm_policy *p, const struct vqg_policy *policy)
{
    memset(p, 0, sizeof *p);
    p->max_elements = policy->max_elements;
    p->max_table_entries = policy->max_table_entries;
    p->max_chain_bytes = policy->max_bytes;
    p->max_bytes_in_flight = policy->max_bytes_in_flight;
    p->max_addr = policy->max_address;
    p->min_readable = policy->min_readable;
    p->min_writable = policy->min_writable;
    p->direction = (enum sm_direction)policy->direction;
    p->zero_length = policy->zero == VQG_ZERO_SKIP ? SM_ZERO_SKIP : SM_ZERO_REJECT;
    p->spanning = policy->span == VQG_SPAN_SPLIT ? SM_SPANNING_SPLIT : SM_SPANNING_REFUSE;
    p->canonical = policy->refuse_mixed;
    detail("policy: elements %" PRIu32 ", table %" PRIu32 ", bytes %" PRIu32 ", in flight %" PRIu64
           ", address 0x%" PRIx64 ", least %" PRIu32 " and %" PRIu32,
           policy->max_elements, policy->max_table_entries, policy->max_bytes, policy->max_bytes_in_flight,
           policy->max_address, policy->min_readable, policy->min_writable);
    detail("policy: direction %d, zero %d, span %d, mixed %d, drop %d", (int)policy->direction, (int)policy->zero,
           (int)policy->span, policy->refuse_mixed, (int)policy->chain);
}

#endif
