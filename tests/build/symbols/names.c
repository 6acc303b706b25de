/* SPDX-License-Identifier: MIT */
/* Links the library without the headers: the prototypes are written by hand. */
#include <stdint.h>
#include <string.h>

const char *vqg_status_name(int status);
uint64_t vqg_used_bytes(uint32_t n);

int main(void)
{
    return strcmp(vqg_status_name(0), "OK") == 0 && vqg_used_bytes(8) == 70u ? 0 : 1;
}
