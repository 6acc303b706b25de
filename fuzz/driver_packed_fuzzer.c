/* SPDX-License-Identifier: MIT */
/* The driver endpoint with a packed queue. The device is hostile; the model of a driver is the oracle. */
#include "driver.h"

const struct harness harness = {"driver_packed", PACKED, driver_kinds, DRIVER_KINDS, driver_begin, driver_end};
