/* SPDX-License-Identifier: MIT */
/* Children: never more than the parent holds. */
#include "kernel.h"

static struct s3k_cap *mem(struct s3k_cap *parent, uint16_t owner, const uint64_t *x)
{
    uint64_t rights = x[2], base = x[3], size = x[4];
    uint64_t offset = base - parent->range.base;
    struct s3k_cap *child;

    /* A base below the parent's is an offset beyond any size. */
    if (size == 0 || offset > parent->range.size || size > parent->range.size - offset ||
        !rights_within(rights, parent->mem.rights)) {
        return NULL;
    }
    child = capability_child(parent, owner, x[1]);
    if (child != NULL) {
        child->mem.rights = (uint8_t)rights;
        child->range.base = (uint32_t)base;
        child->range.size = (uint32_t)size;
    }
    return child;
}

/* A child gets the last of the slots that the parent still has. */
static struct s3k_cap *tsl(struct s3k_cap *parent, uint16_t owner, const uint64_t *x)
{
    uint64_t slots = x[3];
    struct s3k_cap *child;

    if (slots == 0 || slots > parent->slots.free) {
        return NULL;
    }
    child = capability_child(parent, owner, x[1]);
    if (child != NULL) {
        parent->slots.free = (uint16_t)(parent->slots.free - slots);
        child->tsl.hart = parent->tsl.hart;
        child->tsl.enabled = x[2] != 0;
        child->slots.base = (uint16_t)(parent->slots.base + parent->slots.free);
        child->slots.size = child->slots.free = (uint16_t)slots;
    }
    return child;
}

static struct s3k_cap *mon(struct s3k_cap *parent, uint16_t owner, const uint64_t *x)
{
    struct s3k_cap *child = capability_child(parent, owner, x[1]);

    if (child != NULL) {
        child->pid = parent->pid;
    }
    return child;
}

/* From the root a server's end, from that its clients'. */
static struct s3k_cap *ipc(struct s3k_cap *parent, uint16_t owner, const uint64_t *x)
{
    uint64_t mode = x[2], flags = x[3];
    struct s3k_cap *child;

    if (mode > S3K_ASYNC || flags > S3K_IPC_FLAGS) {
        return NULL;
    }
    if (parent->ipc.mode == S3K_ROOT ? mode == S3K_ROOT && flags != 0
                                     : mode != parent->ipc.mode || flags != parent->ipc.flags || x[1] != 1) {
        return NULL;
    }
    child = capability_child(parent, owner, x[1]);
    if (child != NULL) {
        child->ipc.mode = (uint8_t)mode;
        child->ipc.flags = (uint8_t)flags;
        child->end.source = (uint16_t)capability_index(S3K_IPC, child);
        child->end.sink = parent->ipc.mode == S3K_ROOT ? child->end.source : parent->end.sink;
    }
    return child;
}

int64_t derive(enum s3k_type type, uint16_t pid, uint16_t owner, const uint64_t *x)
{
    static struct s3k_cap *(*const make[])(struct s3k_cap *, uint16_t, const uint64_t *) = {
        [S3K_MEM] = mem, [S3K_TSL] = tsl, [S3K_MON] = mon, [S3K_IPC] = ipc
    };
    struct s3k_cap *parent = capability_of(pid, type, x[0]);
    struct s3k_cap *child;

    if (parent == NULL) {
        return S3K_ERR_ACCESS;
    }
    child = make[type](parent, owner, x);
    return child == NULL ? S3K_ERR_ARGUMENT : capability_index(type, child);
}
