/* SPDX-License-Identifier: MIT */
/* Prints what a binding has to know of the structures: the size of each, and
 * where the fields are that a caller fills in or reads. */
#include <stddef.h>
#include <stdio.h>

#include <vqguard/vqguard.h>

#define SIZE(type) printf("%s %u\n", #type, (unsigned)sizeof(struct type))
#define FIELD(type, field) printf("%s.%s %u\n", #type, #field, (unsigned)offsetof(struct type, field))

int main(void)
{
    SIZE(vqg_driver);
    SIZE(vqg_device);
    SIZE(vqg_slot);
    SIZE(vqg_chain);
    SIZE(vqg_cap_table);
    SIZE(vqg_policy);
    SIZE(vqg_caps);
    SIZE(vqg_queue);
    FIELD(vqg_queue, size);
    FIELD(vqg_queue, features);
    FIELD(vqg_queue, desc);
    FIELD(vqg_queue, avail);
    FIELD(vqg_queue, used);
    FIELD(vqg_queue, desc_addr);
    FIELD(vqg_queue, avail_addr);
    FIELD(vqg_queue, used_addr);
    SIZE(vqg_cap);
    FIELD(vqg_cap, base);
    FIELD(vqg_cap, size);
    FIELD(vqg_cap, map);
    FIELD(vqg_cap, rights);
    SIZE(vqg_seg);
    FIELD(vqg_seg, addr);
    FIELD(vqg_seg, len);
    FIELD(vqg_seg, write);
    SIZE(vqg_done);
    FIELD(vqg_done, cookie);
    FIELD(vqg_done, len);
    SIZE(vqg_violation);
    FIELD(vqg_violation, rule);
    FIELD(vqg_violation, value);
    FIELD(vqg_violation, limit);
    return 0;
}
