/* SPDX-License-Identifier: MIT */
#include "remote.h"

#include "app.h"
#include "registers.h"

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

/* Asks, and asks again while the answer is that it is too early. */
static enum protocol_answer ask(struct s3k_message m, enum protocol_op again)
{
    uint64_t deadline = platform_deadline(WAIT_SECONDS);
    struct s3k_message next = protocol_message(again, 0, 0, 0);

    while (call(&m)) {
        if (m.word[0] != PROTOCOL_PENDING || platform_expired(deadline)) {
            return (enum protocol_answer)m.word[0];
        }
        m = next;
    }
    return PROTOCOL_FAILED;
}

enum protocol_answer remote_request(enum protocol_op op, uint64_t sector, uint32_t addr, uint32_t bytes)
{
    return ask(protocol_message(op, addr, bytes, sector), PROTOCOL_AGAIN);
}

enum protocol_answer remote_ask(enum protocol_op op, uint32_t low)
{
    struct s3k_message m = protocol_message(op, low, 0, 0);

    return call(&m) ? (enum protocol_answer)m.word[0] : PROTOCOL_FAILED;
}

bool remote_reset(void)
{
    return ask(protocol_message(PROTOCOL_RESET, 0, 0, 0), PROTOCOL_RESET) == PROTOCOL_DONE;
}

void remote_leave(void)
{
    (void)remote_ask(PROTOCOL_LEAVE, 0);
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

    registers_written(context, offset);
    (void)call(&m);
}

struct vqg_mmio_hooks remote_hooks(void)
{
    static uint64_t deadline;

    return (struct vqg_mmio_hooks){ .read = load, .write = store, .wait = registers_wait, .context = &deadline };
}
