#include "verbgate/upstream/pool.h"

#include <assert.h>
#include <stdlib.h>

static bool is_same(const struct socket_address *a, const struct socket_address *b)
{
    return a->length == b->length && memcmp(&a->storage, &b->storage, a->length) == 0;
}

/* A walk: this runs when a policy is installed, not per request. */
static struct pool *find(struct context *context, const struct socket_address *address)
{
    struct list_node *head = &context->pools;
    for (struct list_node *node = head->next; node != head; node = node->next) {
        struct pool *pool = LIST_OBJECT(node, struct pool, node);
        if (is_same(&pool->address, address)) {
            return pool;
        }
    }
    return NULL;
}

static void free_when_unused(struct pool *pool)
{
    if (pool->references == 0 && pool->connection_count == 0 && !pool->is_serving) {
        list_remove(&pool->node);
        free(pool);
    }
}

/* ---- the queue */

void pool_serve(struct pool *pool)
{
    while (pool_has_waiters(pool)) {
        struct pool_waiter *first = LIST_OBJECT(pool->waiting.next, struct pool_waiter, node);
        if (!first->serve(first)) {
            return;
        }
    }
}

static void arm_tick(struct pool *pool)
{
    deadline_arm(&pool->context->deadlines, &pool->tick, pool->pace.limits.tick_ms);
}

/* Who is served may end at once, and be the last that has a reference. */
static void on_tick(struct deadline *tick)
{
    struct pool *pool = LIST_OBJECT(tick, struct pool, tick);
    pool->is_serving = true;
    if (pool_has_waiters(pool)) {
        pace_judge(&pool->pace, pool->waiting_count, pool_others(pool),
                   uv_now(pool->context->loop));
        arm_tick(pool);
        pool_serve(pool);
    }
    if (!pool_has_waiters(pool)) {
        deadline_cancel(&pool->tick);
        pace_end_queue(&pool->pace);
    }
    pool->is_serving = false;
    free_when_unused(pool);
}

void pool_wait(struct pool *pool, struct pool_waiter *waiter)
{
    list_append(&pool->waiting, &waiter->node);
    pool->waiting_count++;
    if (!deadline_is_armed(&pool->tick)) {
        pace_begin_queue(&pool->pace, uv_now(pool->context->loop));
        arm_tick(pool);
    }
}

void pool_leave(struct pool *pool, struct pool_waiter *waiter)
{
    list_remove(&waiter->node);
    pool->waiting_count--;
}

/* ---- life */

struct pool *pool_reference(struct context *context, const struct socket_address *address)
{
    struct pool *pool = find(context, address);
    if (pool == NULL) {
        pool = calloc(1, sizeof *pool);
        if (pool == NULL) {
            return NULL;
        }
        pool->context = context;
        pool->address = *address;
        list_init(&pool->idle);
        list_init(&pool->resting);
        list_init(&pool->waiting);
        deadline_init(&pool->tick, on_tick);
        pace_init(&pool->pace);
        list_init(&pool->node);
        list_append(&context->pools, &pool->node);
    }
    pool->references++;
    return pool;
}

void pool_release(struct pool *pool)
{
    assert(pool->references > 0);
    pool->references--;
    if (pool->references == 0) {
        assert(!pool_has_waiters(pool)); /* who waits has a reference, by its snapshot */
        deadline_cancel(&pool->tick);
        free_when_unused(pool);
    }
}

/* ---- failures and counts */

void pool_mark_failed(struct pool *pool)
{
    pool->failed_until_ms = uv_now(pool->context->loop) + POOL_FAILED_MS;
}

bool pool_is_failed(const struct pool *pool)
{
    return pool->failed_until_ms > uv_now(pool->context->loop);
}

void pool_connection_opened(struct pool *pool)
{
    pool->connection_count++;
    counter_increment(&pool->context->counters.upstream_open);
}

void pool_connection_closed(struct pool *pool)
{
    assert(pool->connection_count > 0);
    pool->connection_count--;
    counter_decrement(&pool->context->counters.upstream_open);
    free_when_unused(pool);
}
