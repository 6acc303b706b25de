/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory, as the front end shares it: files, mapped here. What was
 * shared is what the guest may lend: the regions are the capability table.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "message.h"

#include <vqguard/vqguard.h>

struct memory {
    struct vqg_cap_table table;
    struct vqg_cap caps[VHOST_USER_REGIONS];
    uint32_t count;
    struct memory_region {
        uint64_t user_addr;
        uint64_t guest_addr;
        uint64_t bytes;
        void *map; /* of the file, from its beginning */
        size_t map_bytes;
    } region[VHOST_USER_REGIONS];
};

/* Maps what a message of SET_MEM_TABLE says, into an empty one. Why it cannot be, or null; then it is still empty. */
const char *memory_map(struct memory *mem, struct message *m);

/* Nothing is mapped afterwards. */
void memory_unmap(struct memory *mem);

/* The guest's address of what the front end has at `user_addr`; false when that is not shared. */
bool memory_guest_addr(const struct memory *mem, uint64_t user_addr, uint64_t *guest_addr);

/* Where that many bytes of the guest's are mapped here; null when they are not, as a whole. */
void *memory_at(const struct memory *mem, uint64_t guest_addr, uint64_t bytes);
void *memory_at_user(const struct memory *mem, uint64_t user_addr, uint64_t bytes);

/* Maps `bytes` bytes of a file that a client gave, from `offset` on, and watches them; null when it is not as long. */
void *memory_map_file(int fd, uint64_t offset, uint64_t bytes, void **map, size_t *map_bytes);

/* Undoes that. */
void memory_unmap_file(void *map, size_t map_bytes);

#endif
