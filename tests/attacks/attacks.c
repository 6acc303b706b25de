/* SPDX-License-Identifier: MIT */
#include "attacks.h"

#include <string.h>

const struct attack_table *const attack_tables[ATTACK_TABLES] = {
    &attacks_device_to_driver, &attacks_device_to_driver_packed, &attacks_driver_to_device,
    &attacks_driver_to_device_packed};

const struct attack *attack_find(const char *name, const struct attack_table **table)
{
    size_t t;
    size_t i;
    for (t = 0; t < ATTACK_TABLES; t++) {
        for (i = 0; i < attack_tables[t]->count; i++) {
            if (strcmp(attack_tables[t]->attacks[i].name, name) == 0) {
                *table = attack_tables[t];
                return &attack_tables[t]->attacks[i];
            }
        }
    }
    return NULL;
}

bool attack_fits(const struct attack *a, bool packed)
{
    return a->formats == 0u || (a->formats & (packed ? ATTACK_PACKED : ATTACK_SPLIT)) != 0u;
}

bool attack_is_playable(const struct attack *a, bool packed)
{
    const uint64_t features = a->features | (packed ? VQG_F_RING_PACKED : 0u);
    return attack_fits(a, packed) && (features & VQG_F_LACKING_) == 0u;
}
