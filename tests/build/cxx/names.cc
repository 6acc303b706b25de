// SPDX-License-Identifier: MIT
// The second file of the program that includes the headers.
#include <string>

#include <vqguard/vqguard.h>

std::string name_of(vqg_status status);

std::string name_of(vqg_status status)
{
    return vqg_status_name(status);
}
