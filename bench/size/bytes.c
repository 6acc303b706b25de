/* SPDX-License-Identifier: MIT */
/* Private memory: the size of each array is the size of a structure. */
#include "vqguard/vqguard.h"

unsigned char bytes_slot[sizeof(struct vqg_slot)];
unsigned char bytes_driver[sizeof(struct vqg_driver)];
unsigned char bytes_device[sizeof(struct vqg_device)];
unsigned char bytes_ledger[sizeof(struct vqg_ledger)];
unsigned char bytes_capability[sizeof(struct vqg_cap)];
unsigned char bytes_chain[sizeof(struct vqg_chain)];
unsigned char bytes_segment[sizeof(struct vqg_seg)];
