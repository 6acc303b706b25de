/* SPDX-License-Identifier: MIT */
/* What the device does: pop, push, notify; on the endpoint and on the model. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

static bool is_latched(void)
{
    return vqg_device_needs_reset(&now.device);
}

/* The model lets its list of returns grow; a part of the state cannot. */
static void lend_returns(void)
{
    now.dev.returns = malloc(sizeof now.returns);
    holds(now.dev.returns != NULL, "there is memory");
    memcpy(now.dev.returns, now.returns, sizeof now.returns);
}

static void keep_returns(void)
{
    holds(now.dev.return_count <= SIZE, "no more is returned than there are descriptors");
    memcpy(now.returns, now.dev.returns, now.dev.return_count * sizeof now.returns[0]);
    free(now.dev.returns);
    now.dev.returns = now.returns;
}

/* Elements that were returned, and the driver has not been told of. */
static void may_write_returns(void)
{
    uint16_t at = now.notified;
    if (!setting.packed) {
        may_write(AT_USED + 4u, 8u * setting.size);
        return;
    }
    for (uint32_t i = 0; i < now.dev.return_count; i++) {
        may_write(AT_DESC + 16u * index_of(at) + 8u, 8);
        at = behind(at, now.dev.returns[i].slots);
    }
}

/* ---------------------------------------------------------------- pop */

static void same_chain(const struct vqg_chain *c, const struct sm_chain *said)
{
    holds(c->head == said->head, "both have the same head");
    holds(c->count == said->segment_count, "both have as many segments");
    holds(c->readable == said->readable && c->writable == said->writable, "both have as many bytes");
    for (uint32_t i = 0; i < c->count; i++) {
        const struct sm_segment *s = &said->segments[i];
        holds(c->seg[i].addr == s->addr && c->seg[i].len == s->len && c->seg[i].write == s->write,
              "both have the same segments");
        holds(c->seg[i].map == now.memory + (s->addr - BASE), "a segment is mapped where it is");
    }
}

/* While all are honest, chains come as they were made available. */
static void expected_chain(const struct vqg_chain *c)
{
    const unsigned number = now.made_available.number[0];
    const struct request *r = &now.requests[number];
    const uint64_t at = BASE + AT_DATA + DATA_BYTES * number;
    holds(now.made_available.count != 0u, "something was made available");
    holds(c->head == r->id && c->count == r->count, "the oldest one is popped");
    holds(c->count == 1u || (c->seg[0].addr == at && c->seg[0].len == OUT_BYTES && !c->seg[0].write),
          "its first buffer is what was lent");
    holds(c->seg[c->count - 1u].addr == at + AT_IN && c->writable == IN_BYTES, "its last buffer is what was lent");
    (void)fifo_get(&now.made_available);
}

static void refused(enum vqg_status st, const struct sm_chain *said)
{
    holds(!now.honest, "an honest driver is believed");
    names_rule(st, &said->broken);
    if (vqg_rule_kind(vqg_status_rule(st)) == VQG_KIND_CHAIN) {
        struct sm_set none;
        lend_returns();
        none = sm_dev_drop(&now.dev, said);
        keep_returns();
        holds(sm_set_is_empty(&none), "the chain can be returned");
        holds(!is_latched(), "the device goes on");
    } else {
        holds(is_latched(), "the device is latched");
    }
}

void pop(void)
{
    const bool was_latched = is_latched();
    unsigned k = 0;
    struct sm_chain said;
    enum vqg_status st;
    while (now.popped[k]) {
        k++;
    }
    memset(&said, 0, sizeof said);
    if (!was_latched) {
        said = sm_dev_pop(&now.dev); /* first: the library may write */
    }
    st = vqg_device_pop(&now.device, &now.chains[k]);
    may_write_nothing();
    if (was_latched) {
        holds(st == VQG_DEAD, "a latched device pops nothing");
    } else if (st == VQG_OK) {
        holds(said.outcome == SM_OK, "the model pops one too");
        same_chain(&now.chains[k], &said);
        if (now.honest) {
            expected_chain(&now.chains[k]);
        }
        now.popped[k] = true;
    } else if (vqg_is_violation(st)) {
        refused(st, &said);
        may_write_returns();
    } else {
        holds(st == VQG_EMPTY && said.outcome == SM_EMPTY, "both find nothing");
        holds(!now.honest || now.made_available.count == 0u, "what was made available is found");
    }
    same_memory();
    sm_chain_free(&said);
    if (!now.popped[k]) {
        chain_is_back(k);
    }
}

/* ---------------------------------------------------------------- push */

static unsigned number_of(uint16_t id)
{
    unsigned i = 0;
    while (i + 1u < SIZE && !(now.requests[i].lent && now.requests[i].id == id)) {
        i++;
    }
    return i;
}

static void may_write_buffers(const struct vqg_chain *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->seg[i].write) {
            may_write((unsigned)(c->seg[i].addr - BASE), c->seg[i].len);
        }
    }
}

void push(unsigned k, bool all)
{
    static const uint8_t payload[DATA_BYTES] = {1, 2, 3};
    struct vqg_chain *c = &now.chains[k];
    const uint32_t written = all ? c->writable : c->writable - 1u;
    struct sm_set broken;
    enum vqg_status st;
    may_write_nothing();
    if (now.stale[k] || is_latched()) {
        st = vqg_device_push(&now.device, c, written);
        holds(st == (now.stale[k] ? VQG_STALE : VQG_DEAD), "a chain of before, or of a latched device, goes nowhere");
        same_memory();
        chain_is_back(k);
        return;
    }
    broken = sm_dev_push(&now.dev, c->head, c->writable + 1u);
    holds(vqg_device_push(&now.device, c, c->writable + 1u) == VQG_BAD_LENGTH && sm_set_has(&broken, SM_C11),
          "more than was lent cannot have been written");
    holds(vqg_chain_write(c, 0, payload, written) == VQG_OK, "the buffers can be written");
    may_write_buffers(c);
    lend_returns();
    broken = sm_dev_push(&now.dev, c->head, written);
    keep_returns();
    st = vqg_device_push(&now.device, c, written);
    if (sm_set_is_empty(&broken)) {
        holds(st == VQG_OK, "what the model returns, the library returns");
        holds(vqg_device_push(&now.device, c, 0) == VQG_BAD_CHAIN, "a chain is returned once");
        may_write_returns();
        if (now.honest) {
            fifo_put(&now.returned, number_of(c->head), written);
        }
        same_memory();
        chain_is_back(k);
    } else {
        holds(st == VQG_BAD_ORDER && sm_set_has(&broken, SM_O5), "only the order can be wrong");
        same_memory();
        memcpy(now.memory, before->memory, MEMORY); /* the payload */
    }
}

/* ---------------------------------------------------------------- notify */

/* The driver sees all that was returned, whatever it makes of it. */
static void forget_returns(void)
{
    for (uint32_t i = 0; setting.in_order && i < now.dev.return_count; i++) {
        for (uint32_t d = 0; d < setting.size; d++) {
            now.owner[d] = now.owner[d] == (int32_t)now.returns[i].id ? -1 : now.owner[d];
        }
    }
    now.dev.return_count = 0;
    now.dev.shown = now.dev.used_idx;
}

static bool ring_matches(void)
{
    size_t offset;
    return setting.packed || setting.in_order ? sm_dev_returns_match(&now.dev)
                                              : sm_dev_used_matches(&now.dev, &offset);
}

void notify(void)
{
    const bool due = sm_dev_notify(&now.dev, now.notified, now.dev.used_idx);
    const bool interrupted = vqg_device_notify(&now.device);
    may_write_nothing();
    if (is_latched()) {
        holds(!interrupted, "a latched device publishes nothing");
    } else {
        holds(interrupted == due, "both interrupt, or none");
        if (now.notified != now.dev.used_idx) {
            may_write_returns();
            if (!setting.packed) {
                may_write(AT_USED + 2u, 2);
            }
            holds(now.spoilt || ring_matches(), "the driver finds what was returned");
        }
        forget_returns();
        memset(now.returns, 0, sizeof now.returns);
        sm_dev_publish(&now.dev);
        now.notified = now.dev.used_idx;
        now.spoilt = now.spoilt && !setting.packed && !setting.in_order;
    }
    same_memory();
}
