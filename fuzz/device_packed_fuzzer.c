/* SPDX-License-Identifier: MIT */
/* The device endpoint with a packed queue. The driver is hostile; the model of a device is the oracle. */
#include "device.h"

const struct harness harness = {"device_packed", PACKED, device_kinds, DEVICE_KINDS, device_begin, device_end};
