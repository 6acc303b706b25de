/* SPDX-License-Identifier: MIT */
/* How a transport gets so far, call by call, and what the specification has each of them do. */
#include "mmio.h"

#include <string.h>

enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 0x40, FAILED = 0x80 };

enum vqg_status mmio_in_place(uint32_t set, uint32_t clear)
{
    if (mmio_truth.state == VQG_STATE_DEAD) {
        return VQG_DEAD;
    }
    return mmio_truth.state == VQG_STATE_LIVE && (mmio_truth.status & set) == set && (mmio_truth.status & clear) == 0u
               ? VQG_OK
               : VQG_BAD_STATE;
}

static void add(uint32_t bits)
{
    mmio_truth.status |= bits;
    mmio_told(0x070, mmio_truth.status);
}

enum vqg_status mmio_looked(void)
{
    const uint32_t said = mmio_said(0x070);
    if ((said & NEEDS_RESET) != 0u) {
        mmio_truth.state = VQG_STATE_DEAD;
        return VQG_DEAD;
    }
    return (mmio_truth.status & ~said) == 0u ? VQG_OK : mmio_broken(VQG_RULE_STATUS_KEPT);
}

/* ---------------------------------------------------------------- probe, reset, begin */

static enum vqg_status probed(uint32_t device_id)
{
    uint32_t id;
    memset(&mmio_truth, 0, sizeof mmio_truth);
    if (mmio_said(0x000) != 0x74726976u || mmio_said(0x004) != 2u) {
        return mmio_broken(VQG_RULE_DEVICE_REGISTER);
    }
    id = mmio_said(0x008);
    if (id == 0u || (device_id != 0u && id != device_id)) {
        return mmio_broken(VQG_RULE_DEVICE_REGISTER);
    }
    mmio_truth.device_id = id;
    mmio_truth.state = VQG_STATE_RESET;
    return VQG_OK;
}

/* Bit 7 of `a`: a device class is expected. */
void mmio_step_probe(const struct step *step)
{
    const uint32_t id = (step->a & 0x80u) != 0u ? 2u : 0u;
    enum vqg_status st;
    mmio_call();
    st = vqg_mmio_probe(&mmio_own.mmio, &mmio_hooks, id);
    mmio_answered(st, probed(id));
}

static enum vqg_status was_reset(void)
{
    if (mmio_truth.device_id == 0u) {
        return VQG_BAD_STATE;
    }
    mmio_truth.state = VQG_STATE_RESET;
    mmio_truth.status = 0;
    mmio_truth.features = 0;
    mmio_told(0x070, 0);
    if (!mmio_said_zero(0x070)) {
        mmio_note(VQG_RULE_RESET_BOUNDED);
        return VQG_TIMEOUT;
    }
    mmio_truth.state = VQG_STATE_LIVE;
    mmio_truth.violations = 0;
    mmio_truth.first = VQG_RULE_NONE;
    memset(mmio_truth.max, 0, sizeof mmio_truth.max);
    return VQG_OK;
}

void mmio_step_reset(const struct step *step)
{
    enum vqg_status st;
    (void)step;
    mmio_call();
    st = vqg_mmio_reset(&mmio_own.mmio);
    mmio_answered(st, was_reset());
}

void mmio_step_begin(const struct step *step)
{
    enum vqg_status st;
    enum vqg_status wanted = mmio_in_place(0, ACKNOWLEDGE);
    (void)step;
    mmio_call();
    st = vqg_mmio_begin(&mmio_own.mmio);
    if (wanted == VQG_OK) {
        add(ACKNOWLEDGE);
        add(DRIVER);
    }
    mmio_answered(st, wanted);
}

/* ---------------------------------------------------------------- features */

/* All bits that the specification gives to the device class (2.2), and what a queue of this library can do. */
static bool is_known(unsigned bit)
{
    static const uint8_t known[] = {28, 29, 32, 33, 34, 35, 36, 38, 40};
    for (unsigned i = 0; i < sizeof known; i++) {
        if (known[i] == bit) {
            return true;
        }
    }
    return bit < 24u || bit >= 50u;
}

static uint64_t closed(uint64_t features, const struct vqg_feature_need *needs, uint32_t count)
{
    for (;;) {
        uint64_t before = features;
        for (uint32_t i = 0; i < count; i++) {
            features &= (needs[i].needs & ~features) != 0u ? ~needs[i].feature : UINT64_MAX;
        }
        if (features == before) {
            return features;
        }
    }
}

static enum vqg_status agreed(uint64_t wanted, uint64_t required, const struct vqg_feature_need *needs, uint32_t count)
{
    enum vqg_status st = mmio_in_place(DRIVER, FEATURES_OK);
    uint64_t offered;
    uint64_t accepted = 0;
    if (st != VQG_OK) {
        return st;
    }
    mmio_told(0x014, 0);
    offered = mmio_said(0x010);
    mmio_told(0x014, 1);
    offered |= (uint64_t)mmio_said(0x010) << 32;
    required |= UINT64_C(1) << 32;
    for (unsigned bit = 0; bit < 64u; bit++) {
        const uint64_t one = UINT64_C(1) << bit;
        accepted |= (offered & one) != 0u && ((wanted | required) & one) != 0u && is_known(bit) ? one : 0u;
    }
    accepted = closed(accepted, needs, count);
    if ((required & ~accepted) != 0u) {
        return mmio_broken(VQG_RULE_FEATURES_REQUIRED);
    }
    mmio_told(0x024, 0);
    mmio_told(0x020, (uint32_t)accepted);
    mmio_told(0x024, 1);
    mmio_told(0x020, (uint32_t)(accepted >> 32));
    add(FEATURES_OK);
    st = mmio_looked();
    mmio_truth.features = st == VQG_OK ? accepted : 0u;
    return st;
}

/* `v`: what is wanted of bits 24 to 55; `b`: and of the first 16; `a`: one of them that is required, and the needs. */
void mmio_step_negotiate(const struct step *step)
{
    const uint64_t wanted = (uint64_t)~step->v << 24 | step->b;
    const uint64_t required = (step->a & 0x80u) != 0u ? UINT64_C(1) << step->a % 64u : 0u;
    const struct vqg_feature_need needs[3] = {{1u << 1, 1u << 2}, {1u << 0, 1u << 1 | UINT64_C(1) << 35},
                                              {1u << 2, 1u << (step->a & 15u)}};
    const uint32_t count = step->a >> 4 & 3u;
    enum vqg_status st;
    mmio_call();
    st = vqg_mmio_negotiate(&mmio_own.mmio, wanted, required, needs, count);
    mmio_answered(st, agreed(wanted, required, needs, count));
}

void mmio_step_ok(const struct step *step)
{
    enum vqg_status st;
    enum vqg_status wanted = mmio_in_place(FEATURES_OK, DRIVER_OK);
    (void)step;
    mmio_call();
    st = vqg_mmio_driver_ok(&mmio_own.mmio);
    if (wanted == VQG_OK) {
        add(DRIVER_OK);
        wanted = mmio_looked();
    }
    mmio_answered(st, wanted);
}

void mmio_step_fail(const struct step *step)
{
    enum vqg_status st;
    enum vqg_status wanted = VQG_BAD_STATE;
    (void)step;
    mmio_call();
    st = vqg_mmio_fail(&mmio_own.mmio);
    if (mmio_truth.device_id != 0u && mmio_truth.state != VQG_STATE_RESET) {
        add(FAILED);
        mmio_truth.state = VQG_STATE_DEAD;
        wanted = VQG_OK;
    }
    mmio_answered(st, wanted);
}

/* ---------------------------------------------------------------- what is next */

/* The call that leads on; at the end of the way, one of those that belong there. */
void mmio_step_forward(const struct step *step)
{
    static void (*const live[])(const struct step *) = {mmio_step_max, mmio_step_enable, mmio_step_notify,
                                                        mmio_step_interrupt, mmio_step_check, mmio_step_config,
                                                        mmio_step_queue_reset, mmio_step_enable};
    const uint32_t status = mmio_truth.status;
    if (mmio_truth.device_id == 0u) {
        mmio_step_probe(step);
    } else if (mmio_truth.state != VQG_STATE_LIVE) {
        mmio_step_reset(step);
    } else if (status == 0u) {
        mmio_step_begin(step);
    } else if ((status & FEATURES_OK) == 0u) {
        mmio_step_negotiate(step);
    } else if ((status & DRIVER_OK) == 0u && step->a % 4u == 3u) {
        mmio_step_ok(step);
    } else {
        live[step->a % ((status & DRIVER_OK) != 0u ? 8u : 2u)](step);
    }
}
