/* SPDX-License-Identifier: MIT */
#include "remote.h"

#include "app.h"

#define WAIT_SECONDS 20u

static uint64_t end;

void remote_init(uint64_t source)
{
    end = source;
}

/* False: the monitor did not answer. */
static bool call(struct s3k_message *m)
{
    return app_call(end, m, platform_deadline(WAIT_SECONDS)) == S3K_OK;
}

enum protocol_answer remote_request(enum protocol_op op, uint64_t sector, uint32_t addr, uint32_t bytes, uint64_t *rule)
{
    struct s3k_message m = protocol_message(op, addr, bytes, sector);

    *rule = 0;
    if (!call(&m)) {
        return PROTOCOL_FAILED;
    }
    *rule = m.word[1];
    return (enum protocol_answer)m.word[0];
}

static void tell(enum protocol_op op)
{
    struct s3k_message m = protocol_message(op, 0, 0, 0);

    (void)call(&m);
}

void remote_reset(void)
{
    tell(PROTOCOL_RESET);
}

void remote_leave(void)
{
    tell(PROTOCOL_LEAVE);
}

uint64_t remote_cost(uint32_t which)
{
    struct s3k_message m = protocol_message(PROTOCOL_COST, which, 0, 0);

    return call(&m) ? m.word[0] : 0;
}

static uint32_t load(void *context, uint32_t offset, uint32_t width)
{
    struct s3k_message m = protocol_message(PROTOCOL_LOAD, offset, width, 0);

    (void)context;
    return call(&m) ? (uint32_t)m.word[0] : 0;
}

static void store(void *context, uint32_t offset, uint32_t value)
{
    struct s3k_message m = protocol_message(PROTOCOL_STORE, offset, value, 0);

    (void)context;
    (void)call(&m);
}

struct vqg_mmio_hooks remote_hooks(void)
{
    return (struct vqg_mmio_hooks){ .read = load, .write = store };
}
