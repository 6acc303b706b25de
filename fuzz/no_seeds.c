/* SPDX-License-Identifier: MIT */
/* For a harness that no known attack is written for. */
#include "seeds.h"

unsigned seeds_write(const char *folder)
{
    (void)folder;
    return 0;
}
