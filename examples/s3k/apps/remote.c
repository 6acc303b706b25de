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

uint32_t remote_load(uint32_t offset)
{
    struct s3k_message m = protocol_message(PROTOCOL_LOAD, offset, 0, 0);

    return call(&m) ? (uint32_t)m.word[0] : 0;
}

void remote_store(uint32_t offset, uint32_t value)
{
    struct s3k_message m = protocol_message(PROTOCOL_STORE, offset, value, 0);

    (void)call(&m);
}
