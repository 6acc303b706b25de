/* SPDX-License-Identifier: MIT */
/**
 * @file client.h
 * @brief Floor 6: a client of a monitor: the device endpoint towards its driver, and its requests on their way.
 *
 * A client has its own capabilities, its own policy and its own jobs: as many as
 * it has are its share of what is in flight, and no other client's. monitor.h
 * has what moves the requests.
 */
#ifndef VQGUARD_CLIENT_H
#define VQGUARD_CLIENT_H

#include "device.h"
#include "driver.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of a job's memory that a filter has for itself, and the device may reach. */
#define VQG_JOB_SCRATCH 48u
/** Segments that a filter may add to those of the chain. */
#define VQG_FILTER_EXTRA 2u

struct vqg_client;

/** A request on its way through a monitor. Caller-owned private memory; a filter uses the named fields. */
struct vqg_job {
    struct vqg_chain chain;    /**< as the client lent it: judged, copied, pinned until it goes back */
    struct vqg_client *client; /**< whose it is */
    void *scratch;             /**< VQG_JOB_SCRATCH bytes for the filter; null when the client has no such memory */
    uint64_t scratch_bus;      /**< the device's address of them */
    uint64_t note[2];          /**< the filter's own, private */
    void *table_;              /**< private: where the indirect table goes; follows the scratch bytes */
    struct vqg_job *next_;     /**< private: list of the client's free jobs */
    uint32_t written_;         /**< private: what the client is told */
    bool waits_;               /**< private: done, but with IN_ORDER not its turn */
};

/**
 * What knows a device class, and judges its requests. Trusted. Without one, segments
 * go down as they are, at their bus addresses.
 */
struct vqg_filter {
    /**
     * Writes the segments that the device gets, their `addr` for the device: at most `capacity`, which is at least
     * the chain's and VQG_FILTER_EXTRA more. What it decides by, it copies first: the payload is the client's memory.
     *
     * @return VQG_OK; with `*count` 0 it is answered without the device, and up() comes next. A violation, by
     *         VQG_REQUIRE on the client's guard and of kind CHAIN, refuses the request as any other of
     *         that kind does: it latches, or under VQG_CHAIN_DROP goes back, through up() as failed.
     */
    enum vqg_status (*down)(void *context, struct vqg_job *job, struct vqg_seg *shadow, uint32_t capacity,
                            uint32_t *count);
    /**
     * Called once for every chain that down() was called for. `len`: bytes that the device wrote, at most those
     * that it was lent; 0 when it failed, which is also when the device was reset, or the client was or is latched.
     *
     * @return the bytes to report to the client, at most its writable ones
     */
    uint32_t (*up)(void *context, struct vqg_job *job, uint32_t len, bool failed);
    void *context; /**< first argument of both */
};

/** The memory of a client, all of it the monitor's: no client holds a capability for any of it. */
struct vqg_client_memory {
    struct vqg_job *jobs;  /**< most chains in flight */
    uint32_t njobs;        /**< number of jobs, at least 1 */
    struct vqg_seg *segs;  /**< vqg_client_segs() of them */
    uint32_t segments;     /**< of the longest chain: 1 to 32768, at least the policy's `max_elements` */
    void *io;              /**< njobs * vqg_job_io_bytes() bytes that the device may reach, aligned to 16; null: none,
                            * then there are neither a filter's bytes nor indirect tables */
    uint64_t io_bus;       /**< the device's address of `io` */
};

/** A client of a monitor. Caller-owned private memory. */
struct vqg_client {
    struct vqg_device device;         /**< the endpoint towards the client's driver; set up and enabled by the caller */
    struct vqg_client_memory memory_; /**< private */
    const struct vqg_filter *filter_; /**< private */
    struct vqg_job *free_;            /**< private: jobs that are free */
    struct vqg_job *held_;            /**< private: popped, and waiting for room in the device's queue */
    struct vqg_seg *shadow_;          /**< private: the segments of `held_` for the device */
    uint32_t shadow_count_;           /**< private: how many */
    uint32_t waiting_;                /**< private: jobs with `waits_` */
    bool full_;                       /**< private: its share is used up; until one of its jobs ends */
    bool interrupt_;                  /**< private: its driver is to be interrupted */
};

/** A product of 64 bits, without the compiler's library on machines that have none. */
VQG_API uint64_t vqg_product_(uint64_t a, uint32_t b)
{
    uint64_t sum = 0;
    for (; b != 0u; b >>= 1) {
        sum += (b & 1u) != 0u ? a : 0u;
        a <<= 1;
    }
    return sum;
}

/** Segments that a client's memory has: for `njobs` chains of `segments`, and one on its way to the device. */
VQG_API uint64_t vqg_client_segs(uint32_t njobs, uint32_t segments)
{
    return vqg_product_(segments, njobs) + segments + VQG_FILTER_EXTRA;
}

/** Bytes that the device may reach, for one job whose chain has up to `segments`. A multiple of 16. */
VQG_API uint64_t vqg_job_io_bytes(uint32_t segments)
{
    return VQG_JOB_SCRATCH + ((uint64_t)segments + VQG_FILTER_EXTRA) * VQG_DESC_BYTES;
}

/**
 * Sets up a client's requests. Its device endpoint is set up by vqg_device_init(), before or after.
 *
 * @param c      the client
 * @param memory its memory; the structure is copied
 * @param filter what knows the device class, or null; stays the caller's
 * @return VQG_OK; VQG_BAD_ENDPOINT for a null client; VQG_BAD_CHAIN when there are no jobs, no segments or a
 *         null pointer to one; VQG_BAD_TABLE when `io` is misaligned, its addresses wrap, or a filter has none.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_client_init(struct vqg_client *c,
                                                           const struct vqg_client_memory *memory,
                                                           const struct vqg_filter *filter)
{
    uint64_t bytes;
    uint32_t i;
    VQG_EXPECT_(c != NULL, VQG_BAD_ENDPOINT);
    VQG_EXPECT_(memory != NULL && memory->jobs != NULL && memory->njobs != 0u, VQG_BAD_CHAIN);
    VQG_EXPECT_(memory->segs != NULL && memory->segments - 1u < VQG_QUEUE_SIZE_MAX, VQG_BAD_CHAIN);
    bytes = vqg_job_io_bytes(memory->segments);
    VQG_EXPECT_(memory->io != NULL || filter == NULL, VQG_BAD_TABLE);
    VQG_EXPECT_(memory->io == NULL || (vqg_is_aligned_(memory->io, VQG_DESC_ALIGN) &&
                                       vqg_range_is_sane_(memory->io_bus, vqg_product_(bytes, memory->njobs))),
                VQG_BAD_TABLE);
    c->memory_ = *memory;
    c->filter_ = filter;
    c->free_ = memory->jobs;
    c->held_ = NULL;
    c->shadow_ = memory->segs;
    c->shadow_count_ = 0;
    c->waiting_ = 0;
    c->full_ = false;
    c->interrupt_ = false;
    for (i = 0; i < memory->njobs; i++) {
        struct vqg_job *job = &memory->jobs[i];
        uint64_t at = vqg_product_(bytes, i);
        unsigned char *io = memory->io == NULL ? NULL : (unsigned char *)memory->io + (size_t)at;
        vqg_chain_init(&job->chain, c->shadow_, memory->segments);
        c->shadow_ += memory->segments;
        job->client = c;
        job->scratch = io;
        job->scratch_bus = memory->io_bus + at;
        job->note[0] = 0;
        job->note[1] = 0;
        job->table_ = io == NULL ? NULL : io + VQG_JOB_SCRATCH;
        job->next_ = i + 1u < memory->njobs ? job + 1 : NULL;
        job->written_ = 0;
        job->waits_ = false;
    }
    return VQG_OK;
}

/** Gives a chain back to the client's driver, or discards it when the client was latched or reset; frees the job. */
VQG_API void vqg_job_push_(struct vqg_job *job)
{
    struct vqg_client *c = job->client;
    c->waiting_ -= job->waits_ ? 1u : 0u;
    job->waits_ = false;
    while (vqg_device_push(&c->device, &job->chain, job->written_) == VQG_BAD_LENGTH) {
        job->written_ = 0; /* a filter reported more than there is: the client learns that it failed */
    }
    job->next_ = c->free_;
    c->free_ = job;
    c->full_ = false;
}

/** True when the chain still counts for the client: it is live, and was not reset since the chain was popped. */
VQG_API bool vqg_job_is_current_(const struct vqg_job *job)
{
    const struct vqg_guard *g = &job->client->device.judge.guard;
    return g->state == VQG_STATE_LIVE && g->generation == job->chain.generation;
}

/** IN_ORDER: the job whose turn it is, when it is done; or null. */
VQG_API struct vqg_job *vqg_client_next_(const struct vqg_client *c)
{
    const struct vqg_device *d = &c->device;
    struct vqg_job *job;
    if (d->ring.put == (uint16_t)(d->ring.get - d->resume_left)) {
        return NULL;
    }
    /* The chain is the first part of its job. One that was dropped is never left to be the oldest. */
    job = (struct vqg_job *)d->record.slots[vqg_device_oldest_(d)].cookie;
    return job->waits_ ? job : NULL;
}

/** Gives back all jobs that wait for a turn that will not come. Those of a queue that was enabled since have one. */
VQG_API VQG_PORT_COLD void vqg_client_flush_(struct vqg_client *c)
{
    uint32_t i;
    for (i = 0; c->waiting_ != 0u && i < c->memory_.njobs; i++) {
        struct vqg_job *job = &c->memory_.jobs[i];
        if (job->waits_ && !vqg_job_is_current_(job)) {
            vqg_job_push_(job);
        }
    }
}

/** A request is done, or failed: `len` bytes were written. */
VQG_API void vqg_job_end_(struct vqg_job *job, uint32_t len, bool failed)
{
    struct vqg_client *c = job->client;
    /* Nobody waits for it any more when the client was latched or reset: what the device said says nothing. */
    failed = failed || !vqg_job_is_current_(job);
    job->written_ = failed ? 0u : len;
    if (c->filter_ != NULL) {
        job->written_ = c->filter_->up(c->filter_->context, job, job->written_, failed);
    }
    if (!vqg_job_is_current_(job)) {
        vqg_job_push_(job);
        vqg_client_flush_(c);
    } else if (!c->device.ring.in_order) {
        vqg_job_push_(job);
    } else {
        job->waits_ = true;
        c->waiting_++;
        for (job = vqg_client_next_(c); job != NULL; job = vqg_client_next_(c)) {
            vqg_job_push_(job);
        }
    }
}

/** The request that waits for room in the device's queue fails: nothing of it was shown to the device. */
VQG_API VQG_PORT_COLD void vqg_client_fail_held_(struct vqg_client *c)
{
    struct vqg_job *job = c->held_;
    c->held_ = NULL;
    vqg_job_end_(job, 0, true);
}

/**
 * The client's driver reset its device, or is to be stopped: a new generation
 * opens, and its queue is off until vqg_device_enable(). What the device has of
 * it stays pinned and in flight until the device returns it, and is then
 * discarded. Tell the driver that the reset is done only when
 * vqg_client_is_drained() says so: until then the device may write its memory. (2.4.2)
 */
VQG_API void vqg_client_reset(struct vqg_client *c)
{
    vqg_device_reset(&c->device);
    if (c->held_ != NULL) {
        vqg_client_fail_held_(c);
    }
    vqg_client_flush_(c);
    c->interrupt_ = false;
}

/** True when no request of before the latest reset is in flight. */
VQG_API bool vqg_client_is_drained(const struct vqg_client *c)
{
    return c->device.stale == NULL;
}

/**
 * Asks whether a range, at the client's addresses, may be taken away from it (rule M3).
 *
 * @param c     the client
 * @param addr  first byte
 * @param bytes how many
 * @param force reset the client when it is not: its requests come to an end, and it lends nothing anew
 * @return VQG_OK when no byte is in flight, in its rings or its chains; VQG_BUSY: pump, and ask again. Without
 *         `force` a client that goes on lending the range keeps it busy; VQG_BAD_ENDPOINT for a null client.
 */
VQG_API VQG_PORT_NODISCARD enum vqg_status vqg_client_withdraw(struct vqg_client *c, uint64_t addr, uint64_t bytes,
                                                               bool force)
{
    VQG_EXPECT_(c != NULL, VQG_BAD_ENDPOINT);
    if (force && vqg_device_in_flight(&c->device, addr, bytes)) {
        vqg_client_reset(c);
    }
    return vqg_device_in_flight(&c->device, addr, bytes) ? VQG_BUSY : VQG_OK;
}

/** True, once, when the client's driver is to be interrupted: something was returned to it that it wants to know of. */
VQG_API bool vqg_client_interrupt(struct vqg_client *c)
{
    bool interrupt = c->interrupt_;
    c->interrupt_ = false;
    return interrupt;
}

#ifdef __cplusplus
}
#endif

#endif
