/* SPDX-License-Identifier: MIT */
/**
 * @file mmio_device_setup.h
 * @brief Floor 6: the register file of virtio over MMIO that a device shows to a driver it does not believe: what its
 * owner does with it (4.2.2).
 *
 * The registers are private memory and the driver reaches them through the
 * owner, by a trap or a message: mmio_device.h takes an access and says what
 * follows from it. What takes time ends when the owner says so, and the driver
 * sees it only then: a queue is ready after vqg_mmio_device_settle(), the device is reset after
 * vqg_mmio_device_reset_done().
 */
#ifndef VQGUARD_MMIO_DEVICE_SETUP_H
#define VQGUARD_MMIO_DEVICE_SETUP_H

#include "mmio_layout.h"
#include "notify.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Where a queue is in its life. */
enum vqg_mmio_queue_state {
    VQG_MMIO_QUEUE_OFF = 0,  /**< not enabled; may be configured */
    VQG_MMIO_QUEUE_ASKED,    /**< the driver wants it enabled; the owner has not settled it */
    VQG_MMIO_QUEUE_LIVE,     /**< enabled */
    VQG_MMIO_QUEUE_STOPPING, /**< the driver wants it stopped; the owner has not settled it */
    VQG_MMIO_QUEUE_RESETTING /**< likewise, by VIRTIO_F_RING_RESET */
};

/** The registers of one queue. The owner fills `size_max` in; the rest is private. */
struct vqg_mmio_queue {
    uint32_t size_max; /**< descriptors at most: 1 to 32768 */
    uint32_t size;     /**< as written */
    uint64_t addr[3];  /**< as written: descriptor table, avail ring, used ring */
    uint8_t state;     /**< enum vqg_mmio_queue_state */
    bool again;        /**< was reset alone: it may be configured after DRIVER_OK */
};

/** What a device shows. */
struct vqg_mmio_shown {
    uint32_t device_id;            /**< the device class, not 0 */
    uint32_t vendor_id;            /**< any */
    uint64_t features;             /**< what is offered: VERSION_1 at least */
    uint64_t required;             /**< what a driver must accept of it, besides VERSION_1 */
    const uint8_t *config;         /**< the configuration space, little-endian, private memory; null without */
    uint32_t config_bytes;         /**< how long that is: at most 0xf00 */
    uint32_t count;                /**< queues */
    struct vqg_mmio_queue *queues; /**< private memory, an entry for each queue */
};

/** A register file. Caller-owned private memory; its fields are private. */
struct vqg_mmio_device {
    struct vqg_guard guard;      /**< LIVE, or RESET until the owner has reset the device; the record */
    struct vqg_mmio_shown shown; /**< what is shown */
    uint64_t features;           /**< as the driver wrote them; frozen with FEATURES_OK */
    bool features_beyond;        /**< it accepted one beyond the first 64 */
    uint32_t status;             /**< the status bits */
    uint32_t device_word;        /**< which word of the offered features is read */
    uint32_t driver_word;        /**< which word of the accepted ones is written */
    uint32_t queue_sel;          /**< which queue the queue's registers are about, as written */
    uint32_t interrupts;         /**< what the driver has not acknowledged */
    uint32_t generation;         /**< of the configuration */
};

/** What follows from a write. */
enum vqg_mmio_event_kind {
    VQG_MMIO_NOTHING = 0, /**< nothing to do */
    VQG_MMIO_RESET,       /**< reset every queue, give back or drain what is in flight, then vqg_mmio_device_reset_done() */
    VQG_MMIO_QUEUE_START, /**< enable the queue as vqg_mmio_device_queue() describes it, then vqg_mmio_device_settle() */
    VQG_MMIO_QUEUE_STOP,  /**< reset the queue, give back or drain what is in flight, then vqg_mmio_device_settle() */
    VQG_MMIO_NOTIFY,      /**< there may be work in the queue */
    VQG_MMIO_DRIVER_OK,   /**< the driver is ready */
    VQG_MMIO_FAILED       /**< the driver has given up; it will reset, or never return */
};

/** What follows from a write, and for which queue. */
struct vqg_mmio_event {
    enum vqg_mmio_event_kind kind; /**< what is to be done */
    struct vqg_notification at; /**< QUEUE_START, QUEUE_STOP, NOTIFY: which queue; NOTIFY: the hint, if there is one */
};

/** True when a device can show this. */
VQG_API bool vqg_mmio_can_show_(const struct vqg_mmio_shown *s)
{
    uint32_t i;
    if (s->device_id == 0u || (s->features & VQG_F_VERSION_1) == 0u || (s->features & VQG_F_LACKING_) != 0u ||
        (s->required & ~s->features) != 0u) {
        return false;
    }
    if (s->config_bytes > VQG_MMIO_CONFIG_BYTES || (s->config == NULL && s->config_bytes != 0u) || s->queues == NULL) {
        return false;
    }
    for (i = 0; i < s->count; i++) {
        if (s->queues[i].size_max == 0u || s->queues[i].size_max > VQG_QUEUE_SIZE_MAX) {
            return false;
        }
    }
    return s->count != 0u;
}

/** Every register that the driver can write is as after a reset. */
VQG_API void vqg_mmio_device_clear_(struct vqg_mmio_device *d)
{
    uint32_t i;
    for (i = 0; i < d->shown.count; i++) {
        uint32_t size_max = d->shown.queues[i].size_max;
        vqg_zero_(&d->shown.queues[i], sizeof d->shown.queues[i]);
        d->shown.queues[i].size_max = size_max;
    }
    d->features = 0;
    d->features_beyond = false;
    d->status = 0;
    d->device_word = 0;
    d->driver_word = 0;
    d->queue_sel = 0;
    d->interrupts = 0;
}

/**
 * Sets up a register file, as after a reset.
 *
 * @param d     the register file, private memory
 * @param shown what it shows; copied, but for the configuration space and the queues, which stay where they are
 * @return VQG_OK; VQG_BAD_TRANSPORT when a device cannot show that; VQG_BAD_ENDPOINT. (4.2.2)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_device_init(struct vqg_mmio_device *d,
                                                                const struct vqg_mmio_shown *shown)
{
    VQG_EXPECT_(d != NULL, VQG_BAD_ENDPOINT);
    vqg_zero_(d, sizeof *d);
    VQG_EXPECT_(shown != NULL && vqg_mmio_can_show_(shown), VQG_BAD_TRANSPORT);
    d->shown = *shown;
    d->shown.required |= VQG_F_VERSION_1;
    vqg_mmio_device_clear_(d);
    d->guard.state = (uint8_t)VQG_STATE_LIVE;
    return VQG_OK;
}

/**
 * Describes a queue as the driver configured it, for vqg_device_init() or
 * vqg_device_enable(), which judge it. The `sibling` is the owner's to add.
 *
 * @param d     the register file
 * @param index which queue
 * @param q     index, count, size, size_max, features and the three addresses; the rest is 0
 * @return VQG_OK; VQG_BAD_INDEX; VQG_BAD_STATE when the driver does not want it enabled, or it is settled;
 *         VQG_BAD_QUEUE for a null `q`; VQG_BAD_ENDPOINT. (4.2.2)
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_mmio_device_queue(const struct vqg_mmio_device *d, uint32_t index,
                                                                 struct vqg_queue *q)
{
    const struct vqg_mmio_queue *r;
    VQG_EXPECT_(d != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(q != NULL, VQG_BAD_QUEUE);
    VQG_EXPECT_(index < d->shown.count, VQG_BAD_INDEX);
    r = &d->shown.queues[index];
    VQG_EXPECT_(r->state == VQG_MMIO_QUEUE_ASKED, VQG_BAD_STATE);
    vqg_zero_(q, sizeof *q);
    q->index = index;
    q->count = d->shown.count;
    q->size = r->size;
    q->size_max = r->size_max;
    q->features = d->features;
    q->desc_addr = r->addr[0];
    q->avail_addr = r->addr[1];
    q->used_addr = r->addr[2];
    return VQG_OK;
}

/**
 * Ends what a QUEUE_START or QUEUE_STOP began; the driver sees it now.
 *
 * @param d     the register file
 * @param index which queue
 * @param live  after QUEUE_START: the queue is enabled, or was refused and may be configured anew; after QUEUE_STOP: false
 * @return VQG_OK; VQG_BAD_STATE when nothing was begun, or `live` after QUEUE_STOP; VQG_BAD_INDEX; VQG_BAD_ENDPOINT.
 *         (4.2.2.1)
 */
VQG_API enum vqg_status vqg_mmio_device_settle(struct vqg_mmio_device *d, uint32_t index, bool live)
{
    struct vqg_mmio_queue *r;
    VQG_EXPECT_(d != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(index < d->shown.count, VQG_BAD_INDEX);
    r = &d->shown.queues[index];
    VQG_EXPECT_(r->state == VQG_MMIO_QUEUE_ASKED || (r->state > VQG_MMIO_QUEUE_LIVE && !live), VQG_BAD_STATE);
    r->again = r->again || r->state == VQG_MMIO_QUEUE_RESETTING;
    r->state = (uint8_t)(live ? VQG_MMIO_QUEUE_LIVE : VQG_MMIO_QUEUE_OFF);
    return VQG_OK;
}

/**
 * Ends what a RESET began: no buffer of the driver's is used any more. The status reads 0 now, and the record is empty.
 *
 * @return VQG_OK; VQG_BAD_STATE when no reset was begun; VQG_BAD_ENDPOINT. (2.4.1)
 */
VQG_API enum vqg_status vqg_mmio_device_reset_done(struct vqg_mmio_device *d)
{
    VQG_EXPECT_(d != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(d->guard.state == VQG_STATE_RESET, VQG_BAD_STATE);
    vqg_mmio_device_clear_(d);
    vqg_guard_clear_(&d->guard);
    vqg_guard_renew_(&d->guard, VQG_STATE_LIVE);
    return VQG_OK;
}

/**
 * Sets what an interrupt is about, until the driver acknowledges it. Before DRIVER_OK nothing is set.
 *
 * @param d     the register file
 * @param about VQG_MMIO_INTERRUPT_USED when vqg_device_notify() says so, VQG_MMIO_INTERRUPT_CONFIG, or both
 * @return true when the driver is to be interrupted. (4.2.2.1)
 */
VQG_API bool vqg_mmio_device_interrupt(struct vqg_mmio_device *d, uint32_t about)
{
    if ((d->status & VQG_STATUS_DRIVER_OK) == 0u) {
        return false;
    }
    d->interrupts |= about & VQG_MMIO_INTERRUPTS_;
    return d->interrupts != 0u;
}

/**
 * The owner has changed the configuration space: a driver that reads a field
 * in pieces sees it, and begins anew.
 *
 * @return true when the driver is to be interrupted. (2.5.2)
 */
VQG_API bool vqg_mmio_device_config_changed(struct vqg_mmio_device *d)
{
    d->generation++;
    return vqg_mmio_device_interrupt(d, VQG_MMIO_INTERRUPT_CONFIG);
}

/**
 * Tells the driver that the device goes no further until it is reset (rule R8),
 * for instance because vqg_device_needs_reset() says so of a queue.
 *
 * @return true when the driver is to be interrupted. (2.1.2)
 */
VQG_API bool vqg_mmio_device_fail(struct vqg_mmio_device *d)
{
    d->status |= VQG_STATUS_NEEDS_RESET;
    return vqg_mmio_device_interrupt(d, VQG_MMIO_INTERRUPT_CONFIG);
}

/** The first violation since the register file was set up or last reset; its index is 0. Null for null. */
VQG_API const struct vqg_violation *vqg_mmio_device_violation(const struct vqg_mmio_device *d)
{
    return d == NULL ? NULL : &d->guard.violation;
}

#ifdef __cplusplus
}
#endif

#endif
