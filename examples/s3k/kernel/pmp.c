/* SPDX-License-Identifier: MIT */
/* Memory protection: which capabilities a process has loaded, and the hart's registers. */
#include "kernel.h"

#define PMP_NAPOT 0x18u
#define PMP_ADDR_LIMIT (UINT64_C(1) << 54)

#define WRITE_ADDR(n, p) __asm__ volatile("csrw pmpaddr" #n ", %0" : : "r"((p)->pmp_addr[n]))

/* No entry is locked, so none binds the kernel; what no entry covers, the last one denies (entry.S). */
void pmp_load(const struct process *p)
{
    uint64_t cfg = 0;

    for (unsigned i = 0; i < S3K_PMP_SLOTS; i++) {
        cfg |= (uint64_t)p->pmp_cfg[i] << (8u * i);
    }
    WRITE_ADDR(0, p);
    WRITE_ADDR(1, p);
    WRITE_ADDR(2, p);
    WRITE_ADDR(3, p);
    WRITE_ADDR(4, p);
    WRITE_ADDR(5, p);
    WRITE_ADDR(6, p);
    WRITE_ADDR(7, p);
    __asm__ volatile("csrw pmpcfg0, %0" : : "r"(cfg));
    __asm__ volatile("sfence.vma" : : : "memory");
}

void pmp_unload(struct s3k_cap *mem)
{
    if (mem->mem.slot != 0) {
        process(mem->owner)->pmp_cfg[mem->mem.slot - 1u] = 0;
        process(mem->owner)->pmp_addr[mem->mem.slot - 1u] = 0;
        mem->mem.slot = 0;
    }
}

static bool within(const struct s3k_cap *cap, uint64_t addr)
{
    uint64_t base = (addr & (addr + 1u)) << 2;
    uint64_t size = ((addr ^ (addr + 1u)) + 1u) << 2;

    return addr < PMP_ADDR_LIMIT && base >= cap->range.base &&
           base + size <= (uint64_t)cap->range.base + cap->range.size;
}

int64_t pmp_set(uint16_t pid, uint64_t i, uint64_t slot, uint64_t rights, uint64_t addr)
{
    struct s3k_cap *cap = capability_of(pid, S3K_MEM, i);
    struct process *p = process(pid);

    if (cap == NULL) {
        return S3K_ERR_ACCESS;
    }
    if (slot == 0 || slot > S3K_PMP_SLOTS || !within(cap, addr) || !rights_within(rights, cap->mem.rights)) {
        return S3K_ERR_ARGUMENT;
    }
    if (p->pmp_cfg[slot - 1u] != 0) {
        return S3K_ERR_SLOT;
    }
    pmp_unload(cap);
    p->pmp_cfg[slot - 1u] = (uint8_t)(PMP_NAPOT | rights);
    p->pmp_addr[slot - 1u] = addr;
    cap->mem.slot = (uint8_t)slot;
    return S3K_OK;
}

int64_t pmp_get(uint16_t pid, uint64_t i, uint64_t result[3])
{
    struct s3k_cap *cap = capability_of(pid, S3K_MEM, i);
    struct process *p = process(pid);
    unsigned slot;

    if (cap == NULL) {
        return S3K_ERR_ACCESS;
    }
    slot = cap->mem.slot;
    result[0] = slot;
    result[1] = slot == 0 ? 0 : p->pmp_cfg[slot - 1u] & S3K_RWX;
    result[2] = slot == 0 ? 0 : p->pmp_addr[slot - 1u];
    return S3K_OK;
}

int64_t pmp_clear(uint16_t pid, uint64_t i)
{
    struct s3k_cap *cap = capability_of(pid, S3K_MEM, i);

    if (cap == NULL) {
        return S3K_ERR_ACCESS;
    }
    pmp_unload(cap);
    return S3K_OK;
}
