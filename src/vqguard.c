/* SPDX-License-Identifier: MIT */
/* Gives every function of the headers a symbol, for languages that cannot include them. */
#define VQG_API
#include "vqguard/vqguard.h"
