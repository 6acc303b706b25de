/* SPDX-License-Identifier: MIT */
/* Gives every function of the headers a symbol, for languages that cannot include them.
 * In C99 `extern inline` does that, and asks for no prototype elsewhere, as a plain definition would. */
#define VQG_API extern inline
#include "vqguard/vqguard.h"
