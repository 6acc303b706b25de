/* SPDX-License-Identifier: MIT */
/* A device's policy, as the model knows it. */
#ifndef VQG_TEST_POLICY_OF_H
#define VQG_TEST_POLICY_OF_H

#include "compare.h"
#include "same_policy.h"

static inline void model_policy(struct sm_policy *p, const struct vqg_policy *policy)
{
    same_policy(p, policy);
    detail("policy: elements %" PRIu32 ", table %" PRIu32 ", bytes %" PRIu32 ", in flight %" PRIu64
           ", address 0x%" PRIx64 ", least %" PRIu32 " and %" PRIu32,
           policy->max_elements, policy->max_table_entries, policy->max_bytes, policy->max_bytes_in_flight,
           policy->max_address, policy->min_readable, policy->min_writable);
    detail("policy: direction %d, zero %d, span %d, mixed %d, drop %d", (int)policy->direction, (int)policy->zero,
           (int)policy->span, policy->refuse_mixed, (int)policy->chain);
}

#endif
