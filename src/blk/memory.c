/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include "fault.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void *memory_map_file(int fd, uint64_t offset, uint64_t bytes, void **map, size_t *map_bytes)
{
    struct stat st;
    /* From the beginning: an offset need not be a multiple of the file's page size. */
    if (bytes == 0u || bytes > SIZE_MAX / 2u || offset > SIZE_MAX / 2u || fstat(fd, &st) != 0 || st.st_size < 0 ||
        offset + bytes > (uint64_t)st.st_size) {
        return NULL;
    }
    /* Whole pages of the file's, which may be huge ones: they are unmapped as a whole. */
    *map_bytes = (size_t)(offset + bytes);
    if (st.st_blksize > 0 && vqg_is_power_of_two_((uint64_t)st.st_blksize)) {
        *map_bytes = (*map_bytes + (size_t)st.st_blksize - 1u) & ~((size_t)st.st_blksize - 1u);
    }
    *map = mmap(NULL, *map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (*map == MAP_FAILED) {
        return NULL;
    }
    if (!fault_watch(*map, *map_bytes)) {
        (void)munmap(*map, *map_bytes);
        return NULL;
    }
    return (unsigned char *)*map + offset;
}

void memory_unmap_file(void *map, size_t map_bytes)
{
    fault_unwatch(map);
    (void)munmap(map, map_bytes);
}

static int by_base(const void *a, const void *b)
{
    const struct vqg_cap *left = a;
    const struct vqg_cap *right = b;
    return (left->base > right->base) - (left->base < right->base);
}

const char *memory_map(struct memory *mem, struct message *m)
{
    const struct vhost_user_memory *said = &m->payload.memory;
    uint32_t i;
    memset(mem, 0, sizeof *mem);
    for (i = 0; i < said->count; i++) {
        const struct vhost_user_region *from = &said->region[i];
        struct memory_region *to = &mem->region[i];
        struct vqg_cap *cap = &mem->caps[i];
        if (!vqg_range_is_sane_(from->user_addr, from->bytes)) {
            memory_unmap(mem);
            return "a region of memory that wraps";
        }
        cap->map = memory_map_file(m->fds[i], from->offset, from->bytes, &to->map, &to->map_bytes);
        if (cap->map == NULL) {
            memory_unmap(mem);
            return "a region of memory that its file does not have";
        }
        mem->count = i + 1u;
        to->user_addr = from->user_addr;
        to->guest_addr = from->guest_addr;
        to->bytes = from->bytes;
        cap->base = from->guest_addr;
        cap->bus = from->guest_addr;
        cap->size = from->bytes;
        cap->rights = VQG_CAP_READ | VQG_CAP_WRITE;
    }
    qsort(mem->caps, mem->count, sizeof mem->caps[0], by_base);
    if (vqg_cap_table_init(&mem->table, mem->caps, mem->count, 0u) != VQG_OK) {
        memory_unmap(mem);
        return "regions of memory that overlap or wrap";
    }
    return NULL;
}

void memory_unmap(struct memory *mem)
{
    uint32_t i;
    for (i = 0; i < mem->count; i++) {
        memory_unmap_file(mem->region[i].map, mem->region[i].map_bytes);
    }
    memset(mem, 0, sizeof *mem);
}

bool memory_guest_addr(const struct memory *mem, uint64_t user_addr, uint64_t *guest_addr)
{
    uint32_t i;
    for (i = 0; i < mem->count; i++) {
        const struct memory_region *r = &mem->region[i];
        if (user_addr - r->user_addr < r->bytes) {
            *guest_addr = r->guest_addr + (user_addr - r->user_addr);
            return true;
        }
    }
    return false;
}

void *memory_at(const struct memory *mem, uint64_t guest_addr, uint64_t bytes)
{
    uint32_t i;
    for (i = 0; i < mem->count; i++) {
        const struct vqg_cap *cap = &mem->caps[i];
        if (guest_addr - cap->base < cap->size && bytes <= cap->size - (guest_addr - cap->base)) {
            return (unsigned char *)cap->map + (guest_addr - cap->base);
        }
    }
    return NULL;
}

void *memory_at_user(const struct memory *mem, uint64_t user_addr, uint64_t bytes)
{
    uint64_t guest_addr;
    return memory_guest_addr(mem, user_addr, &guest_addr) ? memory_at(mem, guest_addr, bytes) : NULL;
}
