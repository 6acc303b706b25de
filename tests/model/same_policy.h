/* SPDX-License-Identifier: MIT */
/* A policy of the library, in the model's words. */
#ifndef VQG_TEST_SAME_POLICY_H
#define VQG_TEST_SAME_POLICY_H

#include <string.h>
#include <vqguard/vqguard.h>

#include "model.h"

static inline void same_policy(struct sm_policy *p, const struct vqg_policy *policy)
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
}

#endif
