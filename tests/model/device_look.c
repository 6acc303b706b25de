/* SPDX-License-Identifier: MIT */
/* What the driver must find in memory after the device returned chains, and when to call it. */
#include "inside.h"

const uint8_t *sm_dev_used_image(const struct sm_dev *dev, size_t *size)
{
    if (!dev->ready || sm_is_packed(dev->config.features) || sm_is_in_order(dev->config.features))
        sm_misuse("used image before a good init, or of a queue that has none");
    *size = (size_t)dev->part[2].len;
    return dev->used_image;
}

bool sm_dev_used_matches(const struct sm_dev *dev, size_t *offset)
{
    size_t size;
    const uint8_t *image = sm_dev_used_image(dev, &size);
    const uint8_t *memory = sm_guest_bytes(dev, dev->config.used, size);

    for (size_t i = USED_IDX; i < size - 2; i++) {
        if (memory[i] != image[i]) {
            *offset = i;
            return false;
        }
    }
    return true;
}

/* The element that the driver finds where it looks. False: none. */
static bool used_element(const struct sm_dev *dev, uint16_t position, uint32_t *id, uint32_t *len)
{
    bool big_endian = dev->config.big_endian;
    const uint8_t *bytes;

    if (sm_is_packed(dev->config.features)) {
        struct descriptor desc = sm_guest_descriptor(dev, dev->config.desc, position & ~SM_WRAP);

        *id = desc.id;
        *len = (desc.flags & SM_DESC_WRITE) != 0 ? desc.len : 0;    /* 2.8.4 */
        return (desc.flags & ~SM_DESC_WRITE) == sm_packed_used(position);
    }
    bytes = sm_guest_bytes(dev, dev->config.used + USED_RING + USED_ELEM_SIZE * (uint64_t)(position % dev->config.size),
                           USED_ELEM_SIZE);
    *id = sm_get32(bytes, big_endian);
    *len = sm_get32(bytes + 4, big_endian);
    return true;
}

bool sm_dev_returns_match(struct sm_dev *dev)
{
    bool packed = sm_is_packed(dev->config.features);
    uint32_t next = 0;

    if (!packed && sm_guest16(dev, dev->config.used + USED_IDX) != dev->used_idx)
        return false;
    while (next < dev->return_count) {
        uint16_t position = dev->shown;
        uint32_t id, len;

        if (!used_element(dev, position, &id, &len))
            return false;
        while (dev->returns[next].id != id) {
            if (!sm_is_in_order(dev->config.features) || !dev->returns[next].complete || next + 1 == dev->return_count)
                return false;
            dev->shown = packed ? sm_packed_advance(dev->shown, dev->returns[next].slots, dev->config.size)
                                : (uint16_t)(dev->shown + 1);
            next++;
        }
        if (dev->returns[next].len != len)
            return false;
        dev->shown = packed ? sm_packed_advance(dev->shown, dev->returns[next].slots, dev->config.size)
                            : (uint16_t)(dev->shown + 1);
        next++;
    }
    sm_dev_shown(dev);
    return dev->shown == dev->used_idx;
}

bool sm_dev_notify(const struct sm_dev *dev, uint16_t old_used, uint16_t new_used)
{
    const struct sm_dev_config *config = &dev->config;
    bool event_idx = (config->features & SM_FEATURE_EVENT_IDX) != 0;
    uint16_t flags, used_event;

    if (!dev->ready)
        sm_misuse("notify before a good init");
    if (sm_is_packed(config->features))
        return sm_packed_must_notify(old_used, new_used, sm_guest16(dev, config->avail),
                                     sm_guest16(dev, config->avail + EVENT_FLAGS), event_idx, config->size);
    flags = sm_guest16(dev, config->avail);
    used_event = sm_guest16(dev, config->avail + AVAIL_RING + 2 * (uint64_t)config->size);
    return sm_split_must_notify(old_used, new_used, flags, used_event, event_idx);
}
