/* SPDX-License-Identifier: MIT */
/* The driver's side of virtio over MMIO. The device says what it likes in any register. */
#include "mmio.h"

static const struct step_kind kinds[] = {
    {"forward", 40, mmio_step_forward},     {"say", 6, mmio_step_say},
    {"lie", 8, mmio_step_lie},              {"probe", 1, mmio_step_probe},
    {"reset", 2, mmio_step_reset},          {"begin", 1, mmio_step_begin},
    {"negotiate", 2, mmio_step_negotiate},  {"queue max", 3, mmio_step_max},
    {"queue enable", 4, mmio_step_enable},  {"driver ok", 4, mmio_step_ok},
    {"queue reset", 3, mmio_step_queue_reset}, {"notify", 2, mmio_step_notify},
    {"interrupt", 2, mmio_step_interrupt},  {"check", 2, mmio_step_check},
    {"configuration", 6, mmio_step_config}, {"fail", 1, mmio_step_fail},
};

const struct harness harness = {"mmio", EITHER, kinds, sizeof kinds / sizeof kinds[0], mmio_begin, mmio_end};
