/* SPDX-License-Identifier: MIT */
#include "client_caps.h"

#include "app.h"

#define OWN_BASE (UINT64_C(1) << 40)
#define MEMORY_CAPS (3u * S3K_MEM_FUEL) /* at most; a kernel with fewer says that an index is not the process's */

static uint32_t epoch = 1;

void client_caps_changed(void)
{
    epoch++;
}

static bool ask(struct client_caps *c, uint64_t index, struct s3k_cap *cap)
{
    c->calls++;
    return s3k_mon_introspect(S3K_CAP_MON(c->pid), S3K_MEM, index, 0, cap) == S3K_OK && cap->owner == c->pid;
}

/* Registers of devices are memory for the kernel, but not to be lent to a disk. */
static bool is_ram(const struct s3k_cap *cap)
{
    struct s3k_cap ram;

    return s3k_introspect(S3K_MEM, S3K_CAP_RAM, 0, &ram) == S3K_OK && cap->range.base >= ram.range.base &&
           (uint64_t)cap->range.base + cap->range.size <= (uint64_t)ram.range.base + ram.range.size;
}

static struct vqg_cap lendable(const struct s3k_cap *said)
{
    return (struct vqg_cap){
        .base = said->range.base,
        .size = said->range.size,
        .bus = said->range.base,
        .map = (void *)(uintptr_t)said->range.base, /* process 1 has all RAM loaded */
        .rights = ((said->mem.rights & S3K_R) != 0 ? VQG_CAP_READ : 0u) |
                  ((said->mem.rights & S3K_W) != 0 ? VQG_CAP_WRITE : 0u),
    };
}

static void ask_all(struct client_caps *c)
{
    c->count = 0;
    c->asked = epoch;
    for (uint64_t i = 0; i < MEMORY_CAPS && c->count < CLIENT_CAPS; i++) {
        struct s3k_cap said;

        if (ask(c, i, &said) && is_ram(&said)) {
            c->entry[c->count].index = i;
            c->entry[c->count].said = said;
            c->entry[c->count].cap = lendable(&said);
            c->count++;
        }
    }
}

/* Whether it is loaded, and whether it has children, is of no interest. */
static bool same(const struct s3k_cap *a, const struct s3k_cap *b)
{
    return a->mem.rights == b->mem.rights && a->range.base == b->range.base && a->range.size == b->range.size;
}

void client_caps_renew(struct client_caps *c)
{
    bool held = c->asked == epoch;

    for (uint32_t i = 0; held && i < c->count; i++) {
        struct s3k_cap said;

        held = ask(c, c->entry[i].index, &said) && same(&said, &c->entry[i].said);
    }
    if (!held) {
        ask_all(c);
    }
}

/* Capabilities may overlap here. The one that allows most answers, and among such the one that reaches farthest. */
static bool is_better(const struct vqg_cap *a, const struct vqg_cap *b)
{
    return b == NULL || a->rights > b->rights ||
           (a->rights == b->rights && a->base + a->size > b->base + b->size);
}

static const struct vqg_cap *lookup(void *context, uint64_t addr)
{
    struct client_caps *c = context;
    const struct vqg_cap *best = NULL;

    if (addr - c->own.base < c->own.size) {
        return &c->own;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        const struct vqg_cap *cap = &c->entry[i].cap;

        if (addr - cap->base < cap->size && is_better(cap, best)) {
            best = cap;
        }
    }
    return best;
}

bool client_caps_has(struct client_caps *c, uint64_t addr)
{
    return lookup(c, addr) != NULL;
}

void client_caps_init(struct client_caps *c, uint16_t pid, void *own, uint64_t bytes)
{
    *c = (struct client_caps){ .pid = pid };
    c->own = (struct vqg_cap){
        .base = OWN_BASE, .size = bytes, .bus = (uintptr_t)own, .map = own, .rights = VQG_CAP_READ | VQG_CAP_WRITE
    };
}

uint64_t client_caps_own(const struct client_caps *c, const void *part)
{
    return OWN_BASE + ((uintptr_t)part - (uintptr_t)c->own.map);
}

struct vqg_caps client_caps_lookup(struct client_caps *c)
{
    return (struct vqg_caps){ .lookup = lookup, .context = c };
}
