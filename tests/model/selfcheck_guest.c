/* SPDX-License-Identifier: MIT */
/* The small guest of the model's examples, and the way through all of them. */
#include "selfcheck.h"

static unsigned long checks;

void check(bool good, const char *what, const char *file, int line)
{
    checks++;
    if (!good) {
        (void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
        exit(1);
    }
}

void check_set(struct sm_set set, const char *wanted, const char *file, int line)
{
    char text[256];

    checks++;
    if (strcmp(sm_set_text(&set, text, sizeof text), wanted) != 0) {
        (void)fprintf(stderr, "%s:%d: broken rules are \"%s\", wanted \"%s\"\n", file, line, text, wanted);
        exit(1);
    }
}

uint8_t ram[MEMORY];
bool big;
uint16_t avail_idx;
struct sm_dev dev;

const struct sm_capability caps[5] = {
    { UINT64_C(0x14000), 0x1000, SM_RIGHT_WRITE, UINT64_C(0xd0014000) },
    { UINT64_C(0x10000), 0x1000, SM_RIGHT_READ | SM_RIGHT_WRITE, UINT64_C(0xa0000000) },
    { UINT64_C(0x12000), 0x1000, SM_RIGHT_READ, UINT64_C(0xc0000000) },
    { UINT64_C(0x11000), 0x1000, SM_RIGHT_READ | SM_RIGHT_WRITE, UINT64_C(0xb0000000) },
    { UINT64_C(0xffffffffffff0000), 0x10000, SM_RIGHT_READ | SM_RIGHT_WRITE, UINT64_C(0xe0000000) },
};

uint8_t *at(uint64_t addr)
{
    return &ram[addr - BASE];
}

void put_desc(uint64_t table, unsigned index, uint64_t addr, uint32_t len, unsigned flags, unsigned next)
{
    uint8_t *bytes = at(table + 16 * (uint64_t)index);

    sm_put64(bytes, addr, big);
    sm_put32(bytes + 8, len, big);
    sm_put16(bytes + 12, (uint16_t)flags, big);
    sm_put16(bytes + 14, (uint16_t)next, big);
}

void desc(unsigned index, uint64_t addr, uint32_t len, unsigned flags, unsigned next)
{
    put_desc(DESC, index, addr, len, flags, next);
}

void entry(unsigned index, uint64_t addr, uint32_t len, unsigned flags, unsigned next)
{
    put_desc(TABLE, index, addr, len, flags, next);
}

void publish(unsigned head)
{
    sm_put16(at(AVAIL + 4 + 2 * (uint64_t)(avail_idx % 8)), (uint16_t)head, big);
    avail_idx++;
    sm_put16(at(AVAIL + 2), avail_idx, big);
}

struct sm_dev_config plain(void)
{
    struct sm_dev_config config;

    memset(&config, 0, sizeof config);
    config.size = 8;
    config.big_endian = big;
    config.features = SM_FEATURE_INDIRECT_DESC;
    config.desc = DESC;
    config.avail = AVAIL;
    config.used = USED;
    config.capabilities = caps;
    config.capability_count = sizeof caps / sizeof caps[0];
    return config;
}

struct sm_memory memory(void)
{
    struct sm_memory m = { ram, BASE, MEMORY };

    return m;
}

/* A fresh guest and a fresh device. */
void start(struct sm_dev_config config)
{
    sm_dev_free(&dev);
    memset(ram, 0, sizeof ram);
    avail_idx = config.start_avail;
    sm_put16(at(AVAIL + 2), avail_idx, big);
    CHECK_SET(sm_dev_init(&dev, &config, memory()), "-");
    CHECK(dev.ready);
}

void pop_broken(const char *wanted, const char *file, int line)
{
    struct sm_dev before = dev;
    struct sm_chain chain = sm_dev_pop(&dev);

    check(chain.outcome == SM_BROKEN && chain.segments == NULL && chain.segment_count == 0, wanted, file, line);
    check_set(chain.broken, wanted, file, line);
    check(before.last_avail == dev.last_avail && before.in_flight_count == dev.in_flight_count &&
          before.bytes_in_flight == dev.bytes_in_flight && before.used_idx == dev.used_idx, "state is kept", file, line);
}

void pop_ok(unsigned head, uint64_t readable, uint64_t writable, size_t segments, const char *file, int line)
{
    struct sm_chain chain = sm_dev_pop(&dev);

    check_set(chain.broken, "-", file, line);
    check(chain.outcome == SM_OK, "outcome", file, line);
    check(chain.head == head, "head", file, line);
    check(chain.readable == readable && chain.writable == writable, "totals", file, line);
    check(chain.segment_count == segments, "number of segments", file, line);
    sm_chain_free(&chain);
}

void pop_empty(const char *file, int line)
{
    struct sm_chain chain = sm_dev_pop(&dev);

    check(chain.outcome == SM_EMPTY && sm_set_is_empty(&chain.broken), "empty", file, line);
}

struct sm_set drop(unsigned head)
{
    struct sm_chain refused;

    memset(&refused, 0, sizeof refused);
    refused.head = (uint16_t)head;
    return sm_dev_drop(&dev, &refused);
}

bool is_segment(const struct sm_segment *s, uint64_t addr, uint64_t len, bool write, uint64_t bus)
{
    return s->addr == addr && s->len == len && s->write == write && s->bus == bus;
}

int main(void)
{
    selfcheck_tools();
    for (int order = 0; order < 2; order++) {
        big = order == 1;
        selfcheck_split();
        selfcheck_chain();
        selfcheck_notify();
        selfcheck_driver();
    }
    big = false;
    selfcheck_packed();
    selfcheck_in_order();
    sm_dev_free(&dev);
    (void)printf("model: %lu checks passed\n", checks);
    return 0;
}
