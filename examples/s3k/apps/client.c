/* SPDX-License-Identifier: MIT */
#include "client.h"

#include "remote.h"

int main(uint64_t start);

const char *client_name(void)
{
    return s3k_pid() == 2 ? "driver" : "client";
}

int main(uint64_t start)
{
    struct vqg_mmio_hooks direct = registers_direct(), remote = remote_hooks();

    remote_init(protocol_source(start));
    switch (protocol_role(start)) {
    case ROLE_ALONE:
        alone();
        break;
    case ROLE_HONEST:
        honest();
        remote_leave();
        break;
    case ROLE_STEADY:
        steady();
        break;
    case ROLE_HOSTILE:
        hostile();
        remote_leave();
        break;
    case ROLE_LENDER:
        lender();
        remote_leave();
        break;
    case ROLE_DECEIVED:
        deceived();
        remote_leave();
        break;
    case ROLE_COST:
        cost(&remote, true);
        remote_leave();
        break;
    case ROLE_COST_ALONE:
        cost(&direct, false);
        break;
    default:
        break;
    }
    client_say("%s\n", "end");
    return 0;
}
