/* SPDX-License-Identifier: MIT */
/* A queue of the disk: the device endpoint over it, and the requests in flight. */
#ifndef VRING_H
#define VRING_H

#include "blk_config.h"
#include "engine.h"
#include "inflight.h"
#include "loop.h"
#include "memory.h"

/* Requests of one queue that are under way at once; more wait in the ring. */
#define VRING_REQUESTS 256u

#define VRING_SERIAL_BYTES 20u

struct vring;

/* What all queues of a client share. */
struct vring_world {
    struct loop *loop;
    struct engine *engine;
    const struct disk *disk;
    struct vqg_caps sectors;        /* those that the guest may ask for */
    char serial[VRING_SERIAL_BYTES];
    struct memory memory;
    struct inflight inflight;
    uint64_t features;              /* acknowledged */
    struct vring *vring;
    uint32_t vrings;
    bool stuck;                     /* the client made an event wait that was to be written */
    struct {
        uint64_t requests;
        uint64_t bytes_read;
        uint64_t bytes_written;
        uint64_t dropped;           /* requests that broke a rule */
    } total;
};

struct request {
    struct request *next; /* idle: the next one that is; taken: the one taken after it */
    struct vring *vring;
    struct vqg_chain chain;
    struct vqg_seg seg[BLK_SEGMENTS];
    struct vqg_blk_request blk;
    struct disk_io io;
    struct iovec iov[BLK_SEGMENTS];
    uint32_t written;
    uint16_t end;      /* position behind it */
    bool taken;        /* and not returned */
    bool ended;        /* only its turn is waited for */
};

struct vring {
    struct vring_world *world;
    uint32_t index;
    uint32_t life;     /* how often it was started */
    /* as the client configured it */
    uint32_t num;
    uint32_t base;
    struct vhost_user_vring_addr addr;
    bool has_addr;
    bool enabled;
    int call;
    int err;
    struct watch kick;
    /* while it runs */
    bool live;
    bool pending;      /* there may be something in the ring */
    bool waiting;      /* for a request to come back, to take more */
    bool returned;     /* something is to be published */
    bool ordered;      /* requests go back in the order of the ring */
    struct vqg_device device;
    struct vqg_slot *slots;
    struct vqg_blk blk;
    struct request *requests;
    struct request *idle;
    struct request *oldest; /* ordered: taken and not returned, oldest first */
    struct request **newest;
    uint32_t flying;   /* taken and not returned */
    uint64_t served;   /* in this life */
    uint64_t broken;   /* rules, in this life */
    struct inflight_queue inflight;
    uint16_t *resumed; /* heads that the last process left in flight */
    uint32_t resumed_count;
    uint16_t heads[VRING_REQUESTS]; /* returned and not published */
    uint32_t head_count;
    /* what was returned last, and where */
    uint16_t last_at;
    uint32_t last_written;
};

void vring_init(struct vring *v, struct vring_world *world, uint32_t index);

/* Starts it when all of its configuration is there. */
void vring_try_start(struct vring *v, bool needs_enable);

/* Waits for what is in flight, and stops it; `base` is where it is to go on. */
void vring_stop(struct vring *v);

/* Stops it, and forgets its configuration. */
void vring_forget(struct vring *v);

/* Takes what is in the ring, up to a budget; submit, reap and publish behind it. */
void vring_work(struct vring *v);

/* A request to the storage has ended; publish behind it. */
void vring_ended(struct disk_io *io);

/* Shows the guest what was returned, and interrupts it if it wants that. */
void vring_publish(struct vring *v);

/* Interrupts the guest. */
void vring_interrupt(const struct vring *v);

/* Submits and reaps until nothing of the queue is in flight. */
void vring_drain(struct vring *v);

#endif
