/* SPDX-License-Identifier: MIT */
/* Which attacks there are, and their list for people and for programs. */
#include "hostile_table.h"

#include "hostile.h"
#include "report.h"

#include <stdio.h>
#include <string.h>

#define BREAKS_RULE(rule_name) .rule = VQG_RULE_##rule_name
#define CONFIG(config_field, size, lie_value)                                                                          \
    .lie = LIE_CONFIG, .field = BLK_CONFIG_##config_field, .bytes = (size), .value = (lie_value)

const struct disk_attack disk_attacks[] = {
    {.name = "status-of-no-kind", BREAKS_RULE(STATUS_KNOWN), .lie = LIE_STATUS, .value = 0x7f,
     .deed = "ends a request with a status byte that the specification does not have",
     .harm = "a driver that only knows the errors takes it for success"},
    {.name = "status-never-written", BREAKS_RULE(STATUS_WRITTEN), .lie = LIE_NO_STATUS,
     .deed = "returns a request and leaves its status byte alone",
     .harm = "the status of an earlier request, or a zero, is taken for success"},
    {.name = "status-behind-the-length", BREAKS_RULE(STATUS_WRITTEN), .lie = LIE_LENGTH,
     .deed = "says that all is well, and that it wrote only half of the data",
     .harm = "data of an earlier request is handed up as what was read"},
    {.name = "config-capacity-of-zero", BREAKS_RULE(CONFIG_FIELD), CONFIG(CAPACITY, 8, 0),
     .deed = "says that the disk has no sectors", .harm = "sizes are divided by it, or wrap below it"},
    {.name = "config-capacity-of-all-ones", BREAKS_RULE(CONFIG_FIELD), CONFIG(CAPACITY, 8, UINT64_MAX),
     .deed = "says that the disk has 2^64 - 1 sectors", .harm = "its size in bytes wraps to something small"},
    {.name = "config-seg-max-of-zero", BREAKS_RULE(CONFIG_COUNT), CONFIG(SEG_MAX, 4, 0),
     .deed = "says that a request has no room for data", .harm = "a table of no entries is allocated and written"},
    {.name = "config-seg-max-of-all-ones", BREAKS_RULE(CONFIG_COUNT), CONFIG(SEG_MAX, 4, UINT32_MAX),
     .borne = true,
     .deed = "says that a request has room for 2^32 - 1 segments",
     .harm = "the size of a table wraps, and is written behind its end"},
    {.name = "config-blk-size-of-zero", BREAKS_RULE(CONFIG_FIELD), CONFIG(BLK_SIZE, 4, 0),
     .deed = "says that a block has no bytes", .harm = "a division by zero"},
    {.name = "config-blk-size-of-3", BREAKS_RULE(CONFIG_FIELD), CONFIG(BLK_SIZE, 4, 3),
     .deed = "says that a block has 3 bytes", .harm = "sectors of a block are 0; loops over them do not end"},
    {.name = "config-blk-size-of-2-GiB", BREAKS_RULE(CONFIG_FIELD), CONFIG(BLK_SIZE, 4, UINT32_C(1) << 31),
     .deed = "says that a block has 2 GiB", .harm = "a page cache without a page size for it"},
    {.name = "config-discard-alignment-of-zero", BREAKS_RULE(CONFIG_FIELD), CONFIG(DISCARD_ALIGNMENT, 4, 0),
     .deed = "says that discards are aligned to 0 sectors", .harm = "a division by zero"},
    {.name = "config-max-discard-of-all-ones", BREAKS_RULE(CONFIG_FIELD), CONFIG(MAX_DISCARD_SEG, 4, UINT32_MAX),
     .deed = "says that a discard has room for 2^32 - 1 ranges", .harm = "the size of the ranges wraps"},
};

const size_t disk_attack_count = sizeof disk_attacks / sizeof disk_attacks[0];

const char *hostile_name(struct hostile_attack a)
{
    return a.queue != NULL ? a.queue->name : a.disk->name;
}

/* Requests of a disk come in one shape, the policy is the guest's, and IN_ORDER is not offered. */
static bool from_outside(const struct attack *a)
{
    return a->shape != SHAPE_SEND && (a->policy & ~ATTACK_POLICY_MINIMUM) == 0u &&
           (a->features & ~(VQG_F_EVENT_IDX | VQG_F_INDIRECT_DESC)) == 0u;
}

bool hostile_at(size_t i, struct hostile_attack *a)
{
    static const struct attack_table *const tables[2] = {&attacks_device_to_driver, &attacks_device_to_driver_packed};
    size_t t;
    size_t k;
    memset(a, 0, sizeof *a);
    for (t = 0; t < 2u; t++) {
        for (k = 0; k < tables[t]->count; k++) {
            if (from_outside(&tables[t]->attacks[k]) && i-- == 0u) {
                a->queue = &tables[t]->attacks[k];
                return true;
            }
        }
    }
    if (i < disk_attack_count) {
        a->disk = &disk_attacks[i];
        return true;
    }
    return false;
}

bool hostile_find(const char *name, struct hostile_attack *a)
{
    size_t i;
    for (i = 0; hostile_at(i, a); i++) {
        if (strcmp(hostile_name(*a), name) == 0) {
            return true;
        }
    }
    return false;
}

bool hostile_fits(const struct vring *v, struct hostile_attack a)
{
    const uint64_t features = v->world->features;
    return a.disk != NULL || (attack_fits(a.queue, (features & VQG_F_RING_PACKED) != 0u) &&
                              (a.queue->features & ~features) == 0u);
}

/* What the endpoint that knows the rule answers. */
static const char *outcome(struct hostile_attack a)
{
    if (a.disk != NULL) {
        return a.disk->borne ? vqg_status_name(VQG_OK) : a.disk->lie == LIE_CONFIG ? "refused" : "violation";
    }
    return vqg_is_violation(a.queue->status) ? "violation" : vqg_status_name(a.queue->status);
}

static void list_one(struct hostile_attack a)
{
    const enum vqg_rule rule = a.queue != NULL ? a.queue->rule : a.disk->rule;
    const char *deed = a.queue != NULL ? a.queue->deed : a.disk->deed;
    const char *harm = a.queue != NULL ? a.queue->harm : a.disk->harm;
    const uint64_t features = a.queue != NULL ? a.queue->features : 0u;
    const bool split = a.queue == NULL || attack_fits(a.queue, false);
    const bool packed = a.queue == NULL || attack_fits(a.queue, true);
    const char *formats = split && packed ? "\"split\",\"packed\"" : split ? "\"split\"" : "\"packed\"";
    if (!report.json) {
        (void)printf("%-40s %-4s %-6s %s\n", hostile_name(a), vqg_rule_id(rule),
                     split && packed ? "both" : split ? "split" : "packed", deed);
        return;
    }
    (void)printf("{\"name\":\"%s\",\"rule\":\"%s\",\"rule_name\":\"%s\",\"status\":\"%s\",\"formats\":[%s],"
                 "\"indirect\":%s,\"event_idx\":%s,\"minimum\":%s,\"lent\":%u,\"config\":%s,\"deed\":\"%s\","
                 "\"harm\":\"%s\"}\n",
                 hostile_name(a), vqg_rule_id(rule), vqg_rule_name(rule), outcome(a), formats,
                 (features & VQG_F_INDIRECT_DESC) != 0u ? "true" : "false",
                 (features & VQG_F_EVENT_IDX) != 0u ? "true" : "false",
                 a.queue != NULL && a.queue->policy != 0u ? "true" : "false", a.queue != NULL ? a.queue->lent : 1u,
                 a.disk != NULL && a.disk->lie == LIE_CONFIG ? "true" : "false", deed, harm);
}

void hostile_list(void)
{
    struct hostile_attack a;
    size_t i;
    for (i = 0; hostile_at(i, &a); i++) {
        list_one(a);
    }
}
