/* SPDX-License-Identifier: MIT */
/*
 * The four tables. A capability is followed by its children's part of the table,
 * which is dealt out from the end; so an index never moves, whoever owns it.
 */
#include "kernel.h"

#define RAM_BASE 0x80000000u
#define RAM_SIZE 0x10000000u
#define UART_BASE 0x10000000u
#define UART_SIZE 0x20u
#define VIRTIO_BASE 0x10001000u
#define VIRTIO_SIZE 0x8000u

static struct s3k_cap mem_table[3u * S3K_MEM_FUEL];
static struct s3k_cap tsl_table[S3K_TSL_FUEL];
static struct s3k_cap mon_table[S3K_PROCESSES * S3K_MON_FUEL];
static struct s3k_cap ipc_table[S3K_IPC_FUEL];

#define TABLE(t) { t, sizeof(t) / sizeof((t)[0]) }
static const struct {
    struct s3k_cap *caps;
    uint64_t count;
} tables[] = {
    [S3K_MEM] = TABLE(mem_table),
    [S3K_TSL] = TABLE(tsl_table),
    [S3K_MON] = TABLE(mon_table),
    [S3K_IPC] = TABLE(ipc_table),
};

uint64_t capability_count(enum s3k_type type)
{
    return tables[type].count;
}

struct s3k_cap *capability_at(enum s3k_type type, uint64_t i)
{
    return &tables[type].caps[i];
}

struct s3k_cap *capability_of(uint16_t pid, enum s3k_type type, uint64_t i)
{
    return i < capability_count(type) && capability_at(type, i)->owner == pid ? capability_at(type, i) : NULL;
}

int64_t capability_index(enum s3k_type type, const struct s3k_cap *cap)
{
    return cap - tables[type].caps;
}

struct s3k_cap *capability_child(struct s3k_cap *parent, uint16_t owner, uint64_t csize)
{
    struct s3k_cap *child;

    /* The parent keeps its own entry, so less than all that is free. */
    if (csize == 0 || csize >= parent->cfree) {
        return NULL;
    }
    parent->cfree = (uint16_t)(parent->cfree - csize);
    child = parent + parent->cfree;
    *child = (struct s3k_cap){ .owner = owner, .cfree = (uint16_t)csize, .csize = (uint16_t)csize };
    return child;
}

void capability_give(enum s3k_type type, struct s3k_cap *cap, uint16_t owner)
{
    if (type == S3K_MEM) {
        pmp_unload(cap);
    }
    cap->owner = owner;
}

int64_t capability_revoke(uint16_t pid, enum s3k_type type, uint64_t i)
{
    struct s3k_cap *parent = capability_of(pid, type, i);

    if (parent == NULL) {
        return S3K_ERR_ACCESS;
    }
    if (type == S3K_IPC && parent->ipc.mode != S3K_ROOT) {
        return S3K_ERR_ARGUMENT; /* a server does not take its clients' ends away */
    }
    /* The last child first; a child's entry is followed by those of its own children. */
    while (parent->cfree < parent->csize) {
        struct s3k_cap *child = parent + parent->cfree;

        capability_give(type, child, NOBODY);
        parent->cfree = (uint16_t)(parent->cfree + child->cfree);
        if (type == S3K_TSL) {
            parent->slots.free = (uint16_t)(parent->slots.free + child->slots.free);
        }
    }
    return 0;
}

static struct s3k_cap *root(enum s3k_type type, uint64_t i, uint16_t csize)
{
    struct s3k_cap *cap = capability_at(type, i);

    *cap = (struct s3k_cap){ .owner = 1, .cfree = csize, .csize = csize };
    return cap;
}

static void memory(uint64_t i, uint8_t rights, uint32_t base, uint32_t size)
{
    struct s3k_cap *cap = root(S3K_MEM, i, S3K_MEM_FUEL);

    cap->mem.rights = rights;
    cap->range.base = base;
    cap->range.size = size;
}

void capability_init(void)
{
    struct s3k_cap *time = root(S3K_TSL, S3K_CAP_TIME, S3K_TSL_FUEL);

    memory(S3K_CAP_RAM, S3K_RWX, RAM_BASE, RAM_SIZE);
    memory(S3K_CAP_CONSOLE, S3K_RW, UART_BASE, UART_SIZE);
    memory(S3K_CAP_DEVICES, S3K_RW, VIRTIO_BASE, VIRTIO_SIZE);
    (void)pmp_set(1, S3K_CAP_RAM, 1, S3K_RWX, s3k_napot(RAM_BASE, RAM_SIZE));
    (void)pmp_set(1, S3K_CAP_CONSOLE, 2, S3K_RW, s3k_napot(UART_BASE, UART_SIZE));

    time->tsl.enabled = 1;
    time->slots.size = time->slots.free = S3K_TIME_SLOTS;

    for (uint16_t pid = 1; pid <= S3K_PROCESSES; pid++) {
        root(S3K_MON, S3K_CAP_MON(pid), S3K_MON_FUEL)->pid = pid;
    }
    (void)root(S3K_IPC, S3K_CAP_IPC, S3K_IPC_FUEL);
}
