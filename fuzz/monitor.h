/* SPDX-License-Identifier: MIT */
/**
 * @file monitor.h
 * @brief A monitor between two clients and a device, each of which is honest until a script has it do something else.
 *
 * Each peer is played by the harness over shared memory, without the library: so what is lent, moved and returned is
 * followed on its own. A client that was never hostile gets its own back, rightly and once, whatever the others do; the
 * device is led to nothing that the client it is for does not hold.
 */
#ifndef VQG_FUZZ_MONITOR_H
#define VQG_FUZZ_MONITOR_H

#include "memory.h"
#include "vqguard/blk_filter.h"
#include "vqguard/monitor.h"
#include "vqguard/notify.h"

#define CLIENTS 2u
#define SIZE 8u     /* of each queue; a packed one has less by one */
#define SEGMENTS 4u /* of a chain */
#define JOBS 3u
#define CAPS 5u
#define IO_BYTES (VQG_JOB_SCRATCH + (SEGMENTS + VQG_FILTER_EXTRA) * 16u) /* of a job */

/* Offsets in shared memory. What may be looked at again in a call stands first: the rings, and packed ones next. */
#define AT_RINGS(i) (0x080u * (i)) /* avail and used: of the clients, and of the device's queue */
#define USED_PART 0x20u
#define AT_TABLE(i) (0x180u + 0x080u * (i)) /* descriptors likewise */
#define AT_AREA(i) (0x300u + 0x400u * (i))  /* of a client */
#define AREA_TABLES 0x000u                  /* 4 indirect tables of SEGMENTS */
#define AREA_HEADERS 0x100u                 /* 4 times 0x20 bytes */
#define AREA_BLOCK 0x180u                   /* 512 bytes */
#define AREA_LOAN 0x380u                    /* may be taken away */
#define AREA_RDONLY 0x3c0u                  /* may be read only */
#define AREA_BYTES 0x400u
#define AT_IO(i) (0xb00u + JOBS * IO_BYTES * (i))
#define DEVICE 2u /* whose rings */

/* What a client calls its memory, the same for each of them, and what the device does. */
#define CLIENT_RINGS SHARED_BASE
#define CLIENT_TABLE (SHARED_BASE + 0x1000u)
#define CLIENT_AREA (SHARED_BASE + 0x2000u)
#define BUS(i) (UINT64_C(0x1000000000) + (UINT64_C(0x100000000) * (i)))
#define IO_BUS(i) (UINT64_C(0x6000000000) + (UINT64_C(0x100000000) * (i)))

_Static_assert(AT_IO(2u) <= SHARED_BYTES, "all of it has room");

/* ---- monitor_lane.c: a queue, from whichever side ---- */

/** A queue as the harness plays one of its sides. */
struct lane {
    size_t desc;
    size_t rings;
    uint32_t size;
    bool packed;
    bool in_order;
    uint16_t avail; /* position of the next chain */
    uint16_t used;  /* position of the next return */
};
struct piece {
    uint64_t addr;
    uint32_t len;
    bool write;
};
/** An element of a used ring. */
struct used {
    uint32_t id;
    uint32_t len;
};

void lane_begin(struct lane *l, unsigned who, bool packed, bool in_order);
uint16_t lane_behind(const struct lane *l, uint16_t at, uint32_t n);
/** Makes a chain available: from descriptor `first` on, which for a packed queue is the buffer's id. Returns its slots. */
uint32_t lane_post(struct lane *l, const struct piece *seg, uint32_t count, uint16_t first, size_t table, uint64_t table_addr);
/** Returns a chain. */
void lane_return(struct lane *l, uint32_t id, uint32_t len, uint32_t slots);
/** The next return that the library has published, if there is one. */
bool lane_used(const struct lane *l, struct used *u);
/** The next chain that the library has published: its segments, its table if it has one, its slots; -1: there is none. */
int lane_chain(struct lane *l, struct piece *seg, uint32_t room, uint64_t *table, uint16_t *id, uint32_t *slots);

/* ---- monitor.c: the world ---- */

enum entry_state { ENTRY_POSTED, ENTRY_DOWN, ENTRY_UP };

/** A request of a client. */
struct entry {
    uint32_t serial;
    uint16_t id;
    uint16_t slots;
    uint32_t part;   /* of its area: where header and table lie */
    uint32_t count;
    struct piece seg[SEGMENTS];
    uint32_t writable;
    uint8_t status;  /* with a filter: to be found */
    uint64_t asked;  /* the sector as the client has it */
    uint64_t sector; /* and as the disk does */
    uint32_t type;
    enum entry_state state;
    uint32_t len;    /* to be told */
};

/** A client and what is true of it. */
struct side {
    struct lane lane;
    bool filtered;
    bool hostile;   /* since it was last enabled */
    bool off;
    bool dead;      /* before the call */
    bool loan;      /* held */
    bool events;    /* an interrupt depends on an event word */
    uint64_t limit; /* of bytes in flight, or 0 */
    bool told;      /* something came back since it was last asked whether to interrupt */
    struct entry entry[SIZE];
    uint32_t entries;
    uint32_t next_desc;
    uint16_t popped; /* split: position up to which it was popped */
    uint8_t lent[256]; /* by a hostile one: times each head was popped, less times it came back */
};

/** A request as the device has it. */
struct request {
    struct piece seg[SEGMENTS + VQG_FILTER_EXTRA];
    uint32_t count;
    uint32_t writable;
    uint32_t slots;
    uint32_t serial; /* of the client's entry; 0: nobody waits for it any more, or it is a hostile one's */
    unsigned client;
    uint16_t id;
    bool returned;   /* and the monitor has not looked */
    uint8_t said;    /* the status that it wrote */
    uint32_t len;
};

extern struct monitor_own {
    canary c0;
    struct vqg_monitor monitor;
    canary c1;
    struct vqg_client client[CLIENTS];
    canary c2;
    struct vqg_job jobs[CLIENTS][JOBS];
    canary c3;
    struct vqg_seg segs[CLIENTS][JOBS * SEGMENTS + SEGMENTS + VQG_FILTER_EXTRA];
    canary c4;
    struct vqg_slot slots[CLIENTS + 1u][SIZE];
    canary c5;
    struct vqg_blk blk;
    canary c6;
} m_own;

extern struct monitor_truth {
    struct side side[CLIENTS];
    struct lane device;
    struct request request[SIZE];
    uint32_t requests;
    bool lies;      /* the device is hostile since its reset */
    bool dead;      /* and it was latched */
    bool resetting;
    bool indirect;
    bool events;
    uint32_t njobs;
    uint32_t serial;
    unsigned answers; /* waiting */
    bool asked[JOBS]; /* the filter was asked about the chain of this job, and not told how it ended */
    bool refused[JOBS];
} m_truth;

extern struct vqg_cap m_caps[CLIENTS][CAPS];
extern struct vqg_queue m_queue[CLIENTS];

void monitor_begin(const uint8_t *head);
void monitor_end(void);
/** Offset in shared memory of a client's address, if it holds a capability with the right for all bytes. */
size_t monitor_covered(unsigned client, uint64_t addr, uint32_t len, bool write);
/** Pins, jobs and states are as they have to be. */
void monitor_check(void);

/* ---- monitor_client.c ---- */
void client_enable(unsigned i);
/** Forgets what it had; the device may have it still. */
void client_forget(unsigned i);
/** Looks at what came back. */
void client_take(unsigned i);
struct entry *client_entry(unsigned i, uint32_t serial);
void step_client_reset(const struct step *step);
void step_withdraw(const struct step *step);

/* ---- monitor_filter.c ---- */
void filter_begin(void);
void filter_end(void);
/** Of a client that has sectors 0 to 63, and 100 to 115 to read. */
const struct vqg_filter *filter_of_disk(void);

/* ---- monitor_hostile.c ---- */
void step_client_spoil(const struct step *step);
void step_client_write(const struct step *step);
void step_hint(const struct step *step);

/* ---- monitor_post.c ---- */
/** An honest request; false: no room. */
bool client_post(unsigned i, const struct step *step);
void step_client_post(const struct step *step);

/* ---- monitor_device.c ---- */
/** Looks at what it is told to do; returns how many chains. */
uint32_t device_look(void);
/** `n` of its returns were taken. */
void device_taken(uint32_t n);
void device_forget(void);
/** Completes one honestly; false: there is none. */
bool device_complete(const struct step *step);
void step_complete(const struct step *step);
void step_lie(const struct step *step);
void step_device_write(const struct step *step);

/* ---- monitor_pump.c ---- */
void step_interrupt(const struct step *step);
void pump(uint32_t budget);
void device_reset(void);
void device_restart(void);
void step_pump(const struct step *step);
void step_sleep(const struct step *step);
void step_reset(const struct step *step);
void step_load(const struct step *step);
/** The harness allows the stores that a call of the monitor makes. */
void pump_may_store(bool restart);

#endif
