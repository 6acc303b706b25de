/* SPDX-License-Identifier: MIT */
#include "hostile.h"
bool hostile_arm(const char *names, uint64_t after) { (void)names; (void)after; return false; }
void hostile_arm_random(uint64_t seed, uint64_t after) { (void)seed; (void)after; }
void hostile_list(void) { }
bool hostile_missed(void) { return false; }
void hostile_config(unsigned char config[BLK_CONFIG_BYTES]) { (void)config; }
void hostile_config_seen(void) { }
void hostile_started(struct vring *v) { (void)v; }
void hostile_stopped(struct vring *v) { (void)v; }
bool hostile_holds(const struct vring *v) { (void)v; return false; }
bool hostile_delays(const struct vring *v) { (void)v; return false; }
bool hostile_watches(const struct vring *v) { (void)v; return false; }
bool hostile_answer(struct request *r, uint8_t *status) { (void)r; (void)status; return true; }
bool hostile_publish(struct vring *v) { (void)v; return false; }
void hostile_tick(struct vring_world *w) { (void)w; }
int hostile_wait(void) { return -1; }
