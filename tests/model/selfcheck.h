/* SPDX-License-Identifier: MIT */
/* Hand-computed examples for the model: what they are checked with, and a small guest. */
#ifndef SELFCHECK_H
#define SELFCHECK_H

#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
#define CHECK_SET(set, wanted) check_set((set), (wanted), __FILE__, __LINE__)

void check(bool good, const char *what, const char *file, int line);
void check_set(struct sm_set set, const char *wanted, const char *file, int line);

/* ---------------------------------------------------------------- a small guest
 *
 *   0x10000  desc   16 * 8 = 128 bytes      0x10100  avail  6 + 2 * 8 = 22 bytes
 *   0x10200  used   6 + 8 * 8 = 70 bytes    0x10400  indirect tables
 *   0x11000  buffers, readable and writable, to 0x12000
 *   0x12000  buffers, readable only, to 0x13000       (adjacent to the one before)
 *   0x13000  nothing, to 0x14000
 *   0x14000  writable only, to 0x15000
 */
#define BASE   UINT64_C(0x10000)
#define DESC   UINT64_C(0x10000)
#define AVAIL  UINT64_C(0x10100)
#define USED   UINT64_C(0x10200)
#define TABLE  UINT64_C(0x10400)
#define RW     UINT64_C(0x11000)
#define RO     UINT64_C(0x12000)
#define HOLE   UINT64_C(0x13000)
#define WO     UINT64_C(0x14000)
#define MEMORY 0x5000u
#define N      SM_DESC_NEXT
#define W      SM_DESC_WRITE
#define I      SM_DESC_INDIRECT

extern uint8_t ram[MEMORY];
extern bool big;                /* byte order of the guest */
extern uint16_t avail_idx;      /* split: position behind what was published */
extern struct sm_dev dev;
extern const struct sm_capability caps[5];

uint8_t *at(uint64_t addr);
void put_desc(uint64_t table, unsigned index, uint64_t addr, uint32_t len, unsigned flags, unsigned next);
void desc(unsigned index, uint64_t addr, uint32_t len, unsigned flags, unsigned next);
void entry(unsigned index, uint64_t addr, uint32_t len, unsigned flags, unsigned next);
void publish(unsigned head);
struct sm_dev_config plain(void);
struct sm_memory memory(void);
void start(struct sm_dev_config config);
void pop_broken(const char *wanted, const char *file, int line);
void pop_ok(unsigned head, uint64_t readable, uint64_t writable, size_t segments, const char *file, int line);
void pop_empty(const char *file, int line);
struct sm_set drop(unsigned head);
bool is_segment(const struct sm_segment *s, uint64_t addr, uint64_t len, bool write, uint64_t bus);

#define POP_BROKEN(wanted) pop_broken((wanted), __FILE__, __LINE__)
#define POP_OK(head, readable, writable, segments) \
    pop_ok((head), (readable), (writable), (segments), __FILE__, __LINE__)
/* Popped, and pushed with nothing written: its head may be used again. */
#define SERVE_OK(head, readable, writable, segments) \
    (POP_OK(head, readable, writable, segments), CHECK_SET(sm_dev_push(&dev, (head), 0), "-"))
#define POP_EMPTY() pop_empty(__FILE__, __LINE__)

/* One for each file of examples. */
void selfcheck_tools(void);
void selfcheck_split(void);
void selfcheck_chain(void);
void selfcheck_notify(void);
void selfcheck_driver(void);
void selfcheck_packed(void);
void selfcheck_in_order(void);

#endif
