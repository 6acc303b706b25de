/* SPDX-License-Identifier: MIT */
/* The parts of the hostile disk among themselves: which attacks there are, and how one is put onto a live queue. */
#ifndef HOSTILE_TABLE_H
#define HOSTILE_TABLE_H

#include "vring.h"

#include "attacks.h"

/* What a disk can lie about that is not the queue's. */
enum disk_lie {
    LIE_STATUS,    /* another status byte */
    LIE_NO_STATUS, /* none */
    LIE_LENGTH,    /* the right status, and a used length that does not reach it */
    LIE_CONFIG     /* a field of the configuration space; for the life of the process */
};

struct disk_attack {
    const char *name;
    enum vqg_rule rule;
    const char *deed;
    const char *harm;
    enum disk_lie lie;
    enum blk_config_field field;
    unsigned bytes;
    uint64_t value; /* of the field, or the status byte */
    bool borne;     /* who knows the rule goes on, and believes less */
};

extern const struct disk_attack disk_attacks[];
extern const size_t disk_attack_count;

/* One attack of either kind. */
struct hostile_attack {
    const struct attack *queue;
    const struct disk_attack *disk;
};

const char *hostile_name(struct hostile_attack a);

/* Attack `i` of all that can be played from outside a guest; false behind the last one. */
bool hostile_at(size_t i, struct hostile_attack *a);
bool hostile_find(const char *name, struct hostile_attack *a);

/* True when it can be played on the queue as it runs. */
bool hostile_fits(const struct vring *v, struct hostile_attack a);

/* The moment of an attack on a queue. */
struct strike {
    struct vring *v;
    const struct attack *attack;
    bool packed;
    uint16_t at;       /* position of the used element under attack */
    uint16_t id;       /* what is being returned there */
    uint16_t earlier;  /* what was returned before it */
    uint32_t written;  /* its honest length */
    bool forged;       /* nothing was pushed: the element is the attacker's own */
};

/* The request under attack has an indirect table. */
bool strike_has_table(const struct strike *s);

/* Writes what the attack writes, and shows it to the guest. */
void strike(struct strike *s);

/* Sets back what only the guest writes, and has not written since. */
void strike_undo(void);

/* Random writes of what the strike could be; the guest is shown the element. */
void strike_at_random(struct strike *s, uint64_t (*next)(void));

#endif
