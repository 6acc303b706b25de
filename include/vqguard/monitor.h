/* SPDX-License-Identifier: MIT */
/**
 * @file monitor.h
 * @brief Floor 6: a monitor between drivers and a device. Distrusts both.
 *
 * A device endpoint towards each client, a driver endpoint towards the device,
 * and a pump. Each chain is fetched and judged once, then written anew into a
 * queue in the monitor's own memory, which is all that the device ever sees: a
 * client changes nothing there, whatever it rewrites, and what the device
 * returns is judged before a client sees it. Formats and sizes of the queues need not agree.
 *
 * The clients share the device's queue. They take turns, one chain a turn; each has its
 * own jobs and limit of bytes in flight. A client whose chain does not fit
 * now keeps its turn until it does, so that others cannot starve it; it can
 * delay them by what its one chain takes.
 *
 * One monitor is used by one thread at a time. It never waits, locks or allocates.
 */
#ifndef VQGUARD_MONITOR_H
#define VQGUARD_MONITOR_H

#include "client.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A monitor. Caller-owned private memory. */
struct vqg_monitor {
    struct vqg_driver driver;    /**< the endpoint towards the device; set up by the caller */
    struct vqg_client *clients_; /**< private */
    uint32_t nclients_;          /**< private */
    uint32_t turn_;              /**< private: the client whose turn it is */
    bool full_;                  /**< private: that client's chain found no room in the device's queue */
};

/** What a call of vqg_monitor_pump() did. */
struct vqg_moved {
    uint32_t down;    /**< chains made available to the device */
    uint32_t up;      /**< completions that were taken from it */
    uint32_t refused; /**< chains refused, by a rule or a filter; see vqg_device_violation() of each client */
    bool kick;        /**< the caller is to notify the device now */
    bool more;        /**< the budget is used up: there may be more to do */
};

/**
 * Sets up a monitor whose driver endpoint is set up, by vqg_driver_init() on `m->driver`, over memory that the
 * device can reach and no client holds a capability for.
 *
 * @param m        the monitor
 * @param clients  the clients, each set up by vqg_client_init() and its device by vqg_device_init(), enabled or not;
 *                 they stay the caller's
 * @param nclients how many, at least 1
 * @return VQG_OK; VQG_BAD_ENDPOINT for a null argument or no clients; VQG_BAD_POLICY when a client's device has a
 *         policy without `max_elements`, or one beyond the client's segments; VQG_BAD_COUNT when its longest chain,
 *         with what a filter adds, can never fit the device's queue.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_monitor_init(struct vqg_monitor *m, struct vqg_client *clients,
                                                            uint32_t nclients)
{
    uint32_t i;
    VQG_EXPECT_(m != NULL && clients != NULL && nclients != 0u, VQG_BAD_ENDPOINT);
    for (i = 0; i < nclients; i++) {
        const struct vqg_client *c = &clients[i];
        uint32_t longest = c->memory_.segments + (c->filter_ != NULL ? VQG_FILTER_EXTRA : 0u);
        uint32_t elements = c->device.asked.max_elements;
        bool table = m->driver.indirect && c->memory_.io != NULL;
        VQG_EXPECT_(elements != 0u && elements <= c->memory_.segments, VQG_BAD_POLICY);
        VQG_EXPECT_(longest <= (table ? m->driver.max_indirect : m->driver.max_direct), VQG_BAD_COUNT);
    }
    m->clients_ = clients;
    m->nclients_ = nclients;
    m->turn_ = 0;
    m->full_ = false;
    return VQG_OK;
}

/** Makes the segments for the device, without a filter. */
VQG_API void vqg_job_shadow_(const struct vqg_job *job, struct vqg_seg *shadow)
{
    uint32_t i;
    for (i = 0; i < job->chain.count; i++) {
        shadow[i] = job->chain.seg[i];
        shadow[i].addr = shadow[i].bus;
    }
}

/**
 * Takes the client's next chain and makes its segments for the device: it is held, unless it broke a rule or the
 * filter answered it.
 *
 * @return VQG_OK when there was one; else VQG_EMPTY, VQG_FULL when the client's share is used up, VQG_DEAD
 */
VQG_API enum vqg_status vqg_client_fetch_(struct vqg_client *c, struct vqg_moved *moved)
{
    struct vqg_job *job = c->free_;
    enum vqg_status st;
    VQG_EXPECT_(job != NULL, VQG_FULL);
    st = vqg_device_pop(&c->device, &job->chain);
    if (vqg_is_violation(st)) {
        moved->refused++;
        return VQG_OK;
    }
    VQG_EXPECT_(st == VQG_OK, st);
    c->free_ = job->next_;
    c->shadow_count_ = job->chain.count;
    if (c->filter_ == NULL) {
        vqg_job_shadow_(job, c->shadow_);
    } else {
        c->shadow_count_ = 0;
        st = c->filter_->down(c->filter_->context, job, c->shadow_, c->memory_.segments + VQG_FILTER_EXTRA,
                              &c->shadow_count_);
    }
    if (st == VQG_OK && c->shadow_count_ != 0u) {
        c->held_ = job;
    } else {
        moved->refused += st != VQG_OK ? 1u : 0u;
        vqg_job_end_(job, 0, st != VQG_OK);
    }
    return VQG_OK;
}

/** Writes the held chain into the device's queue. */
VQG_API enum vqg_status vqg_monitor_add_(struct vqg_monitor *m, struct vqg_client *c)
{
    struct vqg_job *job = c->held_;
    struct vqg_request r;
    vqg_zero_(&r, sizeof r);
    r.seg = c->shadow_;
    r.count = c->shadow_count_;
    r.cookie = job;
    if (m->driver.indirect && r.count > 1u) {
        r.table = job->table_;
        r.table_addr = job->scratch_bus + VQG_JOB_SCRATCH;
        r.table_entries = c->memory_.segments + VQG_FILTER_EXTRA;
    }
    return vqg_driver_add_request(&m->driver, &r);
}

/** A client's turn: at most one chain goes down. VQG_OK: something was done. */
VQG_API enum vqg_status vqg_monitor_turn_(struct vqg_monitor *m, struct vqg_client *c, struct vqg_moved *moved)
{
    enum vqg_status st;
    if (c->held_ != NULL && !vqg_job_is_current_(c->held_)) {
        vqg_client_fail_held_(c);
    }
    if (c->held_ == NULL) {
        st = vqg_client_fetch_(c, moved);
        c->full_ = st == VQG_FULL;
        if (c->held_ == NULL) {
            return st;
        }
    }
    st = vqg_monitor_add_(m, c);
    m->full_ = st == VQG_FULL;
    if (st == VQG_OK) {
        c->held_ = NULL;
        moved->down++;
    } else if (!m->full_) {
        /* The policy towards the device asks for what this chain has not, for instance a least length. */
        moved->refused++;
        vqg_client_fail_held_(c);
    }
    return VQG_OK;
}

/** Takes chains from the clients in turn, until the budget ends, no client has one, or the device's queue is full. */
VQG_API void vqg_monitor_down_(struct vqg_monitor *m, uint32_t budget, struct vqg_moved *moved)
{
    uint32_t idle = 0;
    m->full_ = false;
    while (budget != 0u && idle < m->nclients_) {
        enum vqg_status st = vqg_monitor_turn_(m, &m->clients_[m->turn_], moved);
        if (m->full_) {
            return;
        }
        m->turn_ = m->turn_ + 1u < m->nclients_ ? m->turn_ + 1u : 0u;
        budget -= st == VQG_OK ? 1u : 0u;
        idle = st == VQG_OK ? 0u : idle + 1u;
    }
    moved->more = moved->more || budget == 0u;
}

/** Shows each client what was returned to it. */
VQG_API void vqg_monitor_tell_(struct vqg_monitor *m)
{
    uint32_t i;
    for (i = 0; i < m->nclients_; i++) {
        struct vqg_client *c = &m->clients_[i];
        c->interrupt_ = vqg_device_notify(&c->device) || c->interrupt_;
    }
}

/**
 * Moves completions up, then chains down. A client that breaks a rule is latched, or its chain dropped, as its policy
 * says; the others and the device go on. See vqg_client_interrupt(), vqg_device_needs_reset() of each client.
 *
 * @param m      the monitor
 * @param budget most completions to take, and most chains to look at, at least 1: what one call costs, whatever waits
 * @param moved  what was done; written in any case but VQG_BAD_ENDPOINT
 * @return VQG_OK; what vqg_driver_take() returned when the device broke a rule, or VQG_DEAD when it did so before:
 *         then nothing goes down, and the caller resets the device (vqg_monitor_reset()); VQG_BAD_ENDPOINT
 *         for a null argument; VQG_BAD_COUNT for a budget of 0.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_monitor_pump(struct vqg_monitor *m, uint32_t budget,
                                                            struct vqg_moved *moved)
{
    enum vqg_status st = VQG_OK;
    struct vqg_done done;
    VQG_EXPECT_(m != NULL && moved != NULL, VQG_BAD_ENDPOINT);
    vqg_zero_(moved, sizeof *moved);
    VQG_EXPECT_(budget != 0u, VQG_BAD_COUNT);
    while (moved->up < budget) {
        st = vqg_driver_take(&m->driver, &done);
        if (st != VQG_OK) {
            break;
        }
        vqg_job_end_((struct vqg_job *)done.cookie, done.len, false);
        moved->up++;
    }
    moved->more = moved->up == budget;
    if (st == VQG_OK || st == VQG_EMPTY) {
        vqg_monitor_down_(m, budget, moved);
        moved->kick = vqg_driver_kick(&m->driver);
        st = VQG_OK;
    }
    vqg_monitor_tell_(m);
    return st;
}

/** True while nothing can go down: the device is not live, or its queue has no room for the chain that waits. */
VQG_API bool vqg_monitor_is_stuck_(const struct vqg_monitor *m)
{
    const struct vqg_job *held = m->clients_[m->turn_].held_;
    return m->driver.ledger.guard.state != VQG_STATE_LIVE || (m->full_ && held != NULL && vqg_job_is_current_(held));
}

/**
 * Before the caller sleeps: asks the device for interrupts and each client for kicks, and looks again.
 *
 * @return true when there is something to do: pump first, no interrupt or kick may come for it. A client whose
 *         share is used up is not asked, nor any while the device's queue is full: they wait for a completion.
 *         While the device is not live none is asked either: after vqg_monitor_restart() pump first.
 */
VQG_API bool vqg_monitor_enable(struct vqg_monitor *m)
{
    bool work = vqg_driver_callback_enable(&m->driver);
    bool stuck = vqg_monitor_is_stuck_(m);
    uint32_t i;
    for (i = 0; i < m->nclients_ && !stuck; i++) {
        struct vqg_client *c = &m->clients_[i];
        work = c->held_ != NULL || (!c->full_ && vqg_device_kick_enable(&c->device)) || work;
    }
    return work;
}

/**
 * The device is to be reset, because it broke a rule or for any other reason. Nothing moves until
 * vqg_monitor_restart(). The caller resets it, waits with its own deadline, and tells by
 * vqg_monitor_reset_acked(). A device that never acknowledges keeps the memory: it stays pinned (rule R3).
 *
 * @return as vqg_driver_reset()
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_monitor_reset(struct vqg_monitor *m)
{
    VQG_EXPECT_(m != NULL, VQG_BAD_ENDPOINT);
    return vqg_driver_reset(&m->driver);
}

/**
 * The device acknowledged its reset: each request that it had goes back to its client as failed. What waited
 * for room in its queue is kept, and goes down after the restart.
 *
 * @return as vqg_driver_reset_acked()
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_monitor_reset_acked(struct vqg_monitor *m)
{
    struct vqg_done done;
    enum vqg_status st;
    VQG_EXPECT_(m != NULL, VQG_BAD_ENDPOINT);
    st = vqg_driver_reset_acked(&m->driver);
    VQG_EXPECT_(st == VQG_OK, st);
    while (vqg_driver_reclaim(&m->driver, &done) == VQG_OK) {
        vqg_job_end_((struct vqg_job *)done.cookie, 0, true);
    }
    m->full_ = false;
    vqg_monitor_tell_(m);
    return VQG_OK;
}

/**
 * Goes on with empty rings, before the device is told where the queue is. Pump then: what came meanwhile waits.
 *
 * @return as vqg_driver_restart()
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_monitor_restart(struct vqg_monitor *m)
{
    VQG_EXPECT_(m != NULL, VQG_BAD_ENDPOINT);
    return vqg_driver_restart(&m->driver);
}

#ifdef __cplusplus
}
#endif

#endif
