/* SPDX-License-Identifier: MIT */
/**
 * @file mmio_setup.h
 * @brief Floor 6: virtio over MMIO from the driver's side: a device is found, reset, and agreed with (4.2).
 *
 * Bring-up: vqg_mmio_probe(), _reset(), _begin(), _negotiate(); for each queue _queue_max(),
 * vqg_driver_init() and _queue_enable(); _driver_ok(). Each of them goes on only
 * from where the one before ended. mmio.h has the queues, and what comes after.
 *
 * A register is read once for each decision, and what it said is judged before
 * it is used. A device that breaks a rule latches the transport: every call but
 * vqg_mmio_reset() and vqg_mmio_fail() then returns VQG_DEAD and touches no
 * register. Status bits are kept in private memory and only ever added, but for the reset.
 */
#ifndef VQGUARD_MMIO_SETUP_H
#define VQGUARD_MMIO_SETUP_H

#include "mmio_layout.h"
#include "policy.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The only ways to the device: a load and a store where its registers are mapped, or a message to who has them. */
struct vqg_mmio_hooks {
    /** Reads `width` bytes at `offset`: 4 of a register; 1, 2 or 4 of a field of the configuration space. In the
     * host's byte order, the upper bytes 0. Reads of memory that come later happen later. */
    uint32_t (*read)(void *context, uint32_t offset, uint32_t width);
    /** Writes a register of 4 bytes. Writes to memory that came before are seen by the device before. */
    void (*write)(void *context, uint32_t offset, uint32_t value);
    /** Called between two looks at a register that the device has yet to change: passes some time; false when the
     * caller's deadline has passed. Null: the first look decides. */
    bool (*wait)(void *context);
    void *context; /**< handed to each of them */
};

/** A feature that makes no sense without others. */
struct vqg_feature_need {
    uint64_t feature; /**< one bit */
    uint64_t needs;   /**< what must be accepted with it */
};

/** A transport as its driver sees it. Caller-owned private memory. */
struct vqg_mmio {
    struct vqg_guard guard;      /**< private; OFF until a device was found, RESET until it was reset, then LIVE */
    struct vqg_mmio_hooks hooks; /**< private */
    uint64_t features;           /**< the features agreed on, once vqg_mmio_negotiate() has returned VQG_OK; else 0 */
    uint32_t device_id;          /**< the device class, once vqg_mmio_probe() has returned VQG_OK; else 0 */
    uint32_t status;             /**< private: the status bits that were set since the reset */
};

/** Every feature that this library may accept: of the device class, and of the queues what it knows (6). */
VQG_API uint64_t vqg_mmio_known_features_(void)
{
    uint64_t device_class = 0xffffffu | ~(uint64_t)0 << 50;
    uint64_t order_platform = (uint64_t)1 << 36; /* kept by the port's fences */
    uint64_t queues = VQG_F_INDIRECT_DESC | VQG_F_EVENT_IDX | VQG_F_VERSION_1 | VQG_F_ACCESS_PLATFORM |
                      VQG_F_RING_PACKED | VQG_F_IN_ORDER | VQG_F_NOTIFICATION_DATA | VQG_F_RING_RESET;
    return (device_class | order_platform | queues) & ~VQG_F_LACKING_;
}

/** Reads a register. */
VQG_API uint32_t vqg_mmio_get_(const struct vqg_mmio *m, uint32_t offset)
{
    return m->hooks.read(m->hooks.context, offset, 4u);
}

/** Writes a register. */
VQG_API void vqg_mmio_put_(const struct vqg_mmio *m, uint32_t offset, uint32_t value)
{
    m->hooks.write(m->hooks.context, offset, value);
}

/** Adds status bits; none is ever taken back but by a reset (2.1.1). */
VQG_API void vqg_mmio_add_(struct vqg_mmio *m, uint32_t bits)
{
    m->status |= bits;
    vqg_mmio_put_(m, VQG_MMIO_STATUS, m->status);
}

/** Reads a register until it is 0; with the last value in `seen`. */
VQG_API bool vqg_mmio_await_zero_(const struct vqg_mmio *m, uint32_t offset, uint32_t *seen)
{
    for (;;) {
        *seen = vqg_mmio_get_(m, offset);
        if (*seen == 0u) {
            return true;
        }
        if (m->hooks.wait == NULL || !m->hooks.wait(m->hooks.context)) {
            return false;
        }
    }
}

/** The transport is live, the status bits `set` are set, and those of `clear` are not yet. */
VQG_API enum vqg_status vqg_mmio_expect_(const struct vqg_mmio *m, uint32_t set, uint32_t clear)
{
    VQG_EXPECT_(m != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(m->guard.state == VQG_STATE_LIVE, m->guard.state == VQG_STATE_DEAD ? VQG_DEAD : VQG_BAD_STATE);
    VQG_EXPECT_((m->status & set) == set && (m->status & clear) == 0u, VQG_BAD_STATE);
    return VQG_OK;
}

/** The status bits that were set read back (rule T3); a device that asks for a reset gets no further (rule R8). */
VQG_API enum vqg_status vqg_mmio_look_(struct vqg_mmio *m)
{
    uint32_t status = vqg_mmio_get_(m, VQG_MMIO_STATUS);
    if ((status & VQG_STATUS_NEEDS_RESET) != 0u) {
        m->guard.state = (uint8_t)VQG_STATE_DEAD;
        return VQG_DEAD;
    }
    VQG_REQUIRE(&m->guard, (status & m->status) == m->status, STATUS_KEPT, VQG_MMIO_STATUS, status, m->status);
    return VQG_OK;
}

/**
 * Looks what is there. Reads three registers and writes none.
 *
 * @param m         the transport
 * @param hooks     how to reach the registers; copied
 * @param device_id the device class that is expected; 0: any, which m->device_id then tells
 * @return VQG_OK; VQG_V_DEVICE_REGISTER when there is no transport, a legacy one, none or another device (T7);
 *         VQG_BAD_ENDPOINT, VQG_BAD_TRANSPORT. (4.2.2.2)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_probe(struct vqg_mmio *m, const struct vqg_mmio_hooks *hooks,
                                                          uint32_t device_id)
{
    uint32_t value;
    VQG_EXPECT_(m != NULL, VQG_BAD_ENDPOINT);
    vqg_zero_(m, sizeof *m);
    VQG_EXPECT_(hooks != NULL && hooks->read != NULL && hooks->write != NULL, VQG_BAD_TRANSPORT);
    m->hooks = *hooks;
    value = vqg_mmio_get_(m, VQG_MMIO_MAGIC_VALUE);
    VQG_REQUIRE(&m->guard, value == VQG_MMIO_MAGIC, DEVICE_REGISTER, VQG_MMIO_MAGIC_VALUE, value, VQG_MMIO_MAGIC);
    value = vqg_mmio_get_(m, VQG_MMIO_VERSION);
    VQG_REQUIRE(&m->guard, value == VQG_MMIO_VERSION_MODERN, DEVICE_REGISTER, VQG_MMIO_VERSION, value,
                VQG_MMIO_VERSION_MODERN);
    value = vqg_mmio_get_(m, VQG_MMIO_DEVICE_ID);
    VQG_REQUIRE(&m->guard, value != 0u && (device_id == 0u || value == device_id), DEVICE_REGISTER, VQG_MMIO_DEVICE_ID,
                value, device_id);
    m->device_id = value;
    m->guard.state = (uint8_t)VQG_STATE_RESET;
    return VQG_OK;
}

/**
 * Resets the device and waits, as long as the wait hook says, until its status
 * reads 0. From then on it owns no buffer and no queue; before, it still does
 * (rule R3): vqg_driver_reset_acked() is for after VQG_OK only. It may be called
 * at any time once a device was found, and again after a timeout.
 *
 * @return VQG_OK; VQG_TIMEOUT (R2; noted with the last status read), after which all calls but this one return
 *         VQG_BAD_STATE; VQG_BAD_STATE when no device was found; VQG_BAD_ENDPOINT. (2.4.2)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_reset(struct vqg_mmio *m)
{
    uint32_t seen = 0;
    bool done;
    VQG_EXPECT_(m != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(m->device_id != 0u, VQG_BAD_STATE);
    vqg_guard_renew_(&m->guard, VQG_STATE_RESET);
    m->status = 0;
    m->features = 0;
    vqg_mmio_put_(m, VQG_MMIO_STATUS, 0u);
    done = vqg_mmio_await_zero_(m, VQG_MMIO_STATUS, &seen);
    VQG_REQUIRE_SETUP(&m->guard, done, RESET_BOUNDED, VQG_TIMEOUT, seen, 0u);
    vqg_guard_clear_(&m->guard);
    m->guard.state = (uint8_t)VQG_STATE_LIVE;
    return VQG_OK;
}

/**
 * Tells the device that it was seen and has a driver: ACKNOWLEDGE, then DRIVER.
 * The configuration space may be read from then on.
 *
 * @return VQG_OK; VQG_DEAD; VQG_BAD_STATE when not just reset; VQG_BAD_ENDPOINT. (3.1.1)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_begin(struct vqg_mmio *m)
{
    enum vqg_status st = vqg_mmio_expect_(m, 0u, VQG_STATUS_ACKNOWLEDGE);
    VQG_EXPECT_(st == VQG_OK, st);
    vqg_mmio_add_(m, VQG_STATUS_ACKNOWLEDGE);
    vqg_mmio_add_(m, VQG_STATUS_DRIVER);
    return VQG_OK;
}

/** The features that the device offers; each word is read once. */
VQG_API uint64_t vqg_mmio_offered_(const struct vqg_mmio *m)
{
    uint64_t low;
    vqg_mmio_put_(m, VQG_MMIO_DEVICE_FEATURES_SEL, 0u);
    low = vqg_mmio_get_(m, VQG_MMIO_DEVICE_FEATURES);
    vqg_mmio_put_(m, VQG_MMIO_DEVICE_FEATURES_SEL, 1u);
    return low | (uint64_t)vqg_mmio_get_(m, VQG_MMIO_DEVICE_FEATURES) << 32;
}

/** Takes out every feature that lacks what it needs, and then what needed that one. */
VQG_API uint64_t vqg_features_close_(uint64_t features, const struct vqg_feature_need *needs, uint32_t count)
{
    uint32_t turn;
    uint32_t i;
    /* A turn that takes out nothing is the last that would; one that does leaves fewer needs open. */
    for (turn = 0; turn < count; turn++) {
        for (i = 0; i < count; i++) {
            if ((features & needs[i].needs) != needs[i].needs) {
                features &= ~needs[i].feature;
            }
        }
    }
    return features;
}

/**
 * Agrees on features: accepts what is offered, wanted and known to the library
 * as far as it concerns queues, less what lacks something that it needs (rule T1); VERSION_1 is
 * always wanted and required. The result is kept in m->features and never read back.
 *
 * @param m        the transport, after vqg_mmio_begin()
 * @param wanted   features that the caller can do with
 * @param required features that it cannot do without; wanted too
 * @param needs    what features of the device class need others; may be null when `count` is 0
 * @param count    entries of `needs`
 * @return VQG_OK; VQG_V_FEATURES_REQUIRED when not all that is required is there (T2), and nothing was acknowledged;
 *         VQG_V_STATUS_KEPT when the device does not set FEATURES_OK (T3); VQG_DEAD, also when the device asks for a
 *         reset; VQG_BAD_STATE; VQG_BAD_FEATURES for null `needs`; VQG_BAD_ENDPOINT. (2.2.1, 3.1.1)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_negotiate(struct vqg_mmio *m, uint64_t wanted, uint64_t required,
                                                              const struct vqg_feature_need *needs, uint32_t count)
{
    uint64_t accepted;
    enum vqg_status st = vqg_mmio_expect_(m, VQG_STATUS_DRIVER, VQG_STATUS_FEATURES_OK);
    VQG_EXPECT_(st == VQG_OK, st);
    VQG_EXPECT_(needs != NULL || count == 0u, VQG_BAD_FEATURES);
    required |= VQG_F_VERSION_1;
    accepted = vqg_mmio_offered_(m) & (wanted | required) & vqg_mmio_known_features_();
    accepted = vqg_features_close_(accepted, needs, count);
    VQG_REQUIRE(&m->guard, (accepted & required) == required, FEATURES_REQUIRED, VQG_MMIO_DEVICE_FEATURES, accepted,
                required);
    vqg_mmio_put_(m, VQG_MMIO_DRIVER_FEATURES_SEL, 0u);
    vqg_mmio_put_(m, VQG_MMIO_DRIVER_FEATURES, (uint32_t)accepted);
    vqg_mmio_put_(m, VQG_MMIO_DRIVER_FEATURES_SEL, 1u);
    vqg_mmio_put_(m, VQG_MMIO_DRIVER_FEATURES, (uint32_t)(accepted >> 32));
    vqg_mmio_add_(m, VQG_STATUS_FEATURES_OK);
    st = vqg_mmio_look_(m);
    VQG_EXPECT_(st == VQG_OK, st);
    m->features = accepted;
    return VQG_OK;
}

/**
 * Declares the driver ready, after every queue was enabled.
 *
 * @return VQG_OK; VQG_V_STATUS_KEPT when the device does not keep the bit (T3); VQG_DEAD, also when the device asks for a
 *         reset; VQG_BAD_STATE; VQG_BAD_ENDPOINT. (3.1.1)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_driver_ok(struct vqg_mmio *m)
{
    enum vqg_status st = vqg_mmio_expect_(m, VQG_STATUS_FEATURES_OK, VQG_STATUS_DRIVER_OK);
    VQG_EXPECT_(st == VQG_OK, st);
    vqg_mmio_add_(m, VQG_STATUS_DRIVER_OK);
    return vqg_mmio_look_(m);
}

/**
 * Gives up: sets FAILED, so that the device knows. Only vqg_mmio_reset() leads on.
 *
 * @return VQG_OK; VQG_BAD_STATE when no device was found, or its reset is not over; VQG_BAD_ENDPOINT. (2.1.1)
 */
VQG_API enum vqg_status vqg_mmio_fail(struct vqg_mmio *m)
{
    VQG_EXPECT_(m != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(m->device_id != 0u && m->guard.state != VQG_STATE_RESET, VQG_BAD_STATE);
    vqg_mmio_add_(m, VQG_STATUS_FAILED);
    m->guard.state = (uint8_t)VQG_STATE_DEAD;
    return VQG_OK;
}

/** The first violation since the transport was probed or last reset; its index is the register's offset. Null for null. */
VQG_API const struct vqg_violation *vqg_mmio_violation(const struct vqg_mmio *m)
{
    return m == NULL ? NULL : &m->guard.violation;
}

#ifdef __cplusplus
}
#endif

#endif
