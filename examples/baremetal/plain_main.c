/* SPDX-License-Identifier: MIT */
/* Boots and runs the retrofit driver alone: shows that the platform is sound. */
#include "example.h"
#include "plain.h"

int main(void)
{
    plain_steps();
    finish();
}
