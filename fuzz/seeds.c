/* SPDX-License-Identifier: MIT */
/* Scripts of the attacks of tests/attacks: a campaign begins with what is known. */
#include "seeds.h"
#include "attacks.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    uint8_t data[SCRIPT_MAX];
    size_t size;
} script;

/* ---------------------------------------------------------------- a script */

static void step(const char *kind, unsigned a, unsigned b, uint32_t v)
{
    struct step s;
    s.kind = 0;
    while (strcmp(harness.kinds[s.kind].name, kind) != 0) {
        s.kind++;
        if (s.kind == harness.kind_count) {
            (void)fprintf(stderr, "%s has no step \"%s\"\n", harness.name, kind);
            exit(2);
        }
    }
    s.a = (uint8_t)a;
    s.b = (uint16_t)b;
    s.v = v;
    if (script.size + SCRIPT_STEP <= SCRIPT_MAX) {
        script_put_step(script.data + script.size, s);
        script.size += SCRIPT_STEP;
    }
}

static void begin(const struct attack *a, bool packed)
{
    memset(&script, 0, sizeof script);
    script.data[0] = (uint8_t)(((a->features & VQG_F_INDIRECT_DESC) != 0u ? 1u : 0u) |
                               ((a->features & VQG_F_EVENT_IDX) != 0u ? 2u : 0u) |
                               ((a->features & VQG_F_IN_ORDER) != 0u ? 4u : 0u) |
                               ((a->features & VQG_F_NOTIFICATION_DATA) != 0u ? 0x20u : 0u) | (packed ? 0x40u : 0u));
    script.data[1] = packed ? ATTACK_SIZE - 1u : 3u;
    script.data[2] = (uint8_t)((a->policy & ATTACK_POLICY_SPEC) | ((a->policy & ATTACK_POLICY_SEND) != 0u ? 0x10u : 0u));
    if ((a->policy & ATTACK_POLICY_MINIMUM) != 0u) {
        script.data[3] = 1;
        script.data[7] = 12;
        script.data[8] = ATTACK_STATUS_BYTES;
    }
    script.data[6] = (a->policy & ATTACK_POLICY_QUOTA) != 0u ? 64u : 0u;
    script.size = SCRIPT_HEAD;
}

/* ---------------------------------------------------------------- the attacker's writes */

/* An address of the attack's world in this one, as memory_address() reads it. */
static uint32_t address(uint64_t addr)
{
    static const struct {
        uint64_t from;
        uint32_t to;
    } places[] = {{ATTACK_HOLE, AT_HOLE},    {ATTACK_WRONLY, AT_WRONLY}, {ATTACK_RDONLY, AT_RDONLY},
                  {ATTACK_HEADER(0), AT_DATA}, {ATTACK_TABLE, AT_TABLES},  {ATTACK_USED, AT_USED},
                  {ATTACK_AVAIL, AT_AVAIL},  {ATTACK_DESC, AT_DESC}};
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (addr >= places[i].from - 0x200u && addr - places[i].from + 0x200u < 0x1000u) {
            return (uint32_t)(addr - places[i].from) + places[i].to + 0x20u;
        }
    }
    return UINT32_C(7) << 29; /* near the highest one */
}

/* Where a field is: `index` times `stride` behind `at`; a width of 0: it is not in memory. */
struct field {
    uint32_t at;
    uint32_t stride;
    unsigned width; /* as step_write() has it, one more */
};

static struct field field_of(enum attack_where where, bool packed)
{
    const uint32_t flags = packed ? 14u : 12u;
    const uint32_t other = packed ? 12u : 14u;
    switch (where) {
    case AT_DESC_ADDR:
        return (struct field){AT_DESC, 16, 4};
    case AT_DESC_LEN:
        return (struct field){AT_DESC + 8u, 16, 3};
    case AT_DESC_FLAGS:
    case AT_DESC_MARK:
        return (struct field){AT_DESC + flags, 16, 2};
    case AT_DESC_NEXT:
    case AT_DESC_ID:
    case AT_DESC_REQUEST:
        return (struct field){AT_DESC + other, 16, 2};
    case AT_ENTRY_ADDR:
        return (struct field){AT_TABLES, 16, 4};
    case AT_ENTRY_LEN:
        return (struct field){AT_TABLES + 8u, 16, 3};
    case AT_ENTRY_FLAGS:
        return (struct field){AT_TABLES + flags, 16, 2};
    case AT_ENTRY_NEXT:
        return (struct field){AT_TABLES + other, 16, 2};
    case AT_AVAIL_FLAGS:
    case AT_DRIVER_EVENT:
        return (struct field){AT_AVAIL, 0, 2};
    case AT_AVAIL_IDX:
    case AT_DRIVER_EVENT_FLAGS:
        return (struct field){AT_AVAIL + 2u, 0, 2};
    case AT_AVAIL_RING:
        return (struct field){AT_AVAIL + 4u, 2, 2};
    case AT_USED_EVENT:
        return (struct field){AT_AVAIL + 4u + 2u * ATTACK_SIZE, 0, 2};
    case AT_USED_FLAGS:
    case AT_DEVICE_EVENT:
        return (struct field){AT_USED, 0, 2};
    case AT_USED_IDX:
    case AT_DEVICE_EVENT_FLAGS:
        return (struct field){AT_USED + 2u, 0, 2};
    case AT_USED_ID:
    case AT_USED_REQUEST:
        return packed ? (struct field){AT_DESC + 12u, 16, 2} : (struct field){AT_USED + 4u, 8, 3};
    case AT_USED_LEN:
        return packed ? (struct field){AT_DESC + 8u, 16, 3} : (struct field){AT_USED + 8u, 8, 3};
    case AT_USED_MARK:
        return (struct field){AT_DESC + 14u, 16, 2};
    case AT_AVAIL_EVENT:
        return (struct field){AT_USED + 4u + 8u * ATTACK_SIZE, 0, 2};
    default:
        return (struct field){0, 0, 0};
    }
}

static void attack_writes(const struct attack *a, bool packed, uint32_t offset)
{
    for (const struct attack_write *w = a->writes; w < a->writes + ATTACK_WRITES && w->where != AT_END; w++) {
        const struct field f = field_of(w->where, packed);
        const bool in_ring = f.at >= AT_DESC && f.at < AT_DESC + 16u && packed;
        uint32_t value = f.width == 4u ? address(w->value) : (uint32_t)w->value;
        if (w->where == AT_NOTIFY) {
            step("notification", 0, 0, value);
        }
        if (f.width != 0u) {
            const uint32_t index = (w->index + (in_ring ? offset : 0u)) % (f.at >= AT_TABLES ? 64u : ATTACK_SIZE);
            if (w->where == AT_DESC_FLAGS && packed) {
                value |= 0x80u;
            }
            step("write", f.width - 1u, f.at + f.stride * index, value);
        }
    }
}

/* ---------------------------------------------------------------- honest steps */

static void driver_script(const struct attack *a, bool packed)
{
    const bool ledger = strcmp(harness.name, "ledger") == 0;
    const unsigned shape = a->shape == SHAPE_TABLE ? 10u : a->shape == SHAPE_SEND ? 1u : 2u;
    const unsigned reads = a->shape == SHAPE_SEND ? 2u : 1u;
    const uint32_t slots = a->shape == SHAPE_TABLE ? 1u : a->shape == SHAPE_SEND ? 2u : 3u;
    for (uint32_t i = 0; i < a->rounds + a->lent + a->added; i++) {
        step(ledger ? "publish" : "add", ledger ? slots - 1u : shape, ledger ? 0u : reads, 0x555);
        if (!ledger && i < a->rounds + a->lent) {
            step("kick", 0, 0, 0);
        }
        if (i < a->rounds) {
            step("return", 0, 2, 0);
            step("take", 0, 0, 0);
        }
    }
    for (uint32_t i = 0; i < a->returned; i++) {
        step("return", 0, 2, 0);
        step("take", 0, 0, 0);
    }
    if (a->when == WHEN_RESET || a->when == WHEN_RESTARTED) {
        for (unsigned i = 0; i < (a->when == WHEN_RESET ? 1u : 3u); i++) {
            step("reset", 0, 0, 0);
        }
    }
    step("return", 0, 2, 0);
    attack_writes(a, packed, (a->rounds + a->returned) * slots);
    step("take", 0, 0, 0);
    step("reset", 0, 0, 0);
}

static void device_script(const struct attack *a, bool packed)
{
    const unsigned shape = (a->shape == SHAPE_TABLE ? 10u : a->shape == SHAPE_SEND ? 1u : 2u) |
                           (a->shape == SHAPE_SEND ? 0x20u : 0x10u);
    const uint32_t slots = a->shape == SHAPE_TABLE ? 1u : a->shape == SHAPE_SEND ? 2u : 3u;
    if (a->when == WHEN_SET_UP) {
        static const uint8_t fields[] = {[AT_QUEUE_INDEX] = 2, [AT_QUEUE_SIZE] = 1,  [AT_QUEUE_ORDER] = 3,
                                         [AT_QUEUE_DESC] = 4,  [AT_QUEUE_AVAIL] = 5, [AT_QUEUE_USED] = 6};
        const struct attack_write *w = a->writes;
        step("reset or enable", 1, 0, 0);
        step("reset or enable", 2, fields[w->where],
             w->where >= AT_QUEUE_DESC ? address(w->value) : (uint32_t)w->value);
        return;
    }
    for (uint32_t i = 0; i < a->rounds + a->lent + 1u; i++) {
        step("post", shape, slots * i, 0xffffffff);
        if (i < a->rounds + a->lent) {
            step("pop", 0, 0, 0);
        }
        if (i < a->rounds) {
            step("push", 0, 0, 0);
            step("notify", 0, 0, 0);
        }
    }
    if (a->when == WHEN_POPPED) {
        step("pop", 0, 0, 0);
    }
    attack_writes(a, packed, a->rounds * slots);
    step("pop", 0, 0, 0);
    step("push", 0, 0, 0);
    step("notify", 0, 0, 0);
    step("reset or enable", 1, 0, 0);
}

/* ---------------------------------------------------------------- files */

static void write_file(const char *folder, const char *name, bool packed)
{
    char path[4096];
    FILE *f;
    if (snprintf(path, sizeof path, "%s/%s%s", folder, name, packed ? "-packed" : "") >= (int)sizeof path) {
        (void)fprintf(stderr, "%s: the name is too long\n", folder);
        exit(2);
    }
    f = fopen(path, "wb");
    if (f == NULL || fwrite(script.data, 1, script.size, f) != script.size || fclose(f) != 0) {
        perror(path);
        exit(2);
    }
}

static unsigned write_own(const char *folder)
{
    unsigned written = 0;
    for (const struct seed *s = harness_seeds; s != NULL && s->name != NULL; s++) {
        memcpy(script.data, s->head, SCRIPT_HEAD);
        script.size = SCRIPT_HEAD;
        for (unsigned i = 0; i < sizeof s->steps / sizeof s->steps[0] && s->steps[i].kind != NULL; i++) {
            step(s->steps[i].kind, s->steps[i].a, s->steps[i].b, s->steps[i].v);
        }
        write_file(folder, s->name, false);
        written++;
    }
    return written;
}

unsigned seeds_write(const char *folder)
{
    const bool on_device = strncmp(harness.name, "device", 6) == 0;
    const bool on_driver = strncmp(harness.name, "driver", 6) == 0 || strcmp(harness.name, "ledger") == 0;
    unsigned written = write_own(folder);
    for (unsigned t = 0; t < ATTACK_TABLES; t++) {
        const struct attack_table *table = attack_tables[t];
        for (size_t i = 0; i < 2u * table->count && (table->on_driver ? on_driver : on_device); i++) {
            const struct attack *a = &table->attacks[i / 2u];
            const bool packed = i % 2u != 0u;
            if (!attack_fits(a, packed) || harness.format == (packed ? SPLIT : PACKED)) {
                continue;
            }
            begin(a, packed);
            if (table->on_driver) {
                driver_script(a, packed);
            } else {
                device_script(a, packed);
            }
            write_file(folder, a->name, packed);
            written++;
        }
    }
    return written;
}
