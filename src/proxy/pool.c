#include "verbgate/proxy/pool.h"

#include "verbgate/proxy/exchange.h"
#include "verbgate/proxy/private.h"

#include <assert.h>
#include <stdlib.h>

static bool is_same(const struct socket_address *a, const struct socket_address *b)
{
    return a->length == b->length && memcmp(&a->storage, &b->storage, a->length) == 0;
}

/* A walk: this runs when a policy is installed, not per request. */
static struct pool *find(struct proxy *proxy, const struct socket_address *address)
{
    for (struct list_node *node = proxy->pools.next; node != &proxy->pools; node = node->next) {
        struct pool *pool = LIST_OBJECT(node, struct pool, node);
        if (is_same(&pool->address, address)) {
            return pool;
        }
    }
    return NULL;
}

static void on_tick(struct deadline *tick);

struct pool *pool_reference(struct proxy *proxy, const struct socket_address *address)
{
    struct pool *pool = find(proxy, address);
    if (pool == NULL) {
        pool = calloc(1, sizeof *pool);
        if (pool == NULL) {
            return NULL;
        }
        pool->proxy = proxy;
        pool->address = *address;
        list_init(&pool->idle);
        list_init(&pool->resting);
        list_init(&pool->waiting);
        deadline_init(&pool->tick, on_tick);
        pool->pace = POOL_PACE;
        pool->opening_most = pool->pace.most;
        pool->opening_period = 1;
        list_init(&pool->node);
        list_append(&proxy->pools, &pool->node);
    }
    pool->references++;
    return pool;
}

static void free_when_unused(struct pool *pool)
{
    if (pool->references == 0 && pool->connection_count == 0) {
        list_remove(&pool->node);
        free(pool);
    }
}

void pool_release(struct pool *pool)
{
    assert(pool->references > 0);
    pool->references--;
    if (pool->references == 0) {
        assert(!pool_has_line(pool)); /* who waits has a reference, by its snapshot */
        deadline_cancel(&pool->tick);
        pool_close_idle(pool);
        free_when_unused(pool);
    }
}

struct upstream *pool_take(struct pool *pool)
{
    if (list_is_empty(&pool->idle)) {
        return NULL;
    }
    struct upstream *upstream = LIST_OBJECT(pool->idle.next, struct upstream, node);
    pool_forget(pool, upstream);
    return upstream;
}

void pool_forget(struct pool *pool, struct upstream *upstream)
{
    list_remove(&upstream->node);
    deadline_cancel(&upstream->deadline);
    if (upstream->state == UPSTREAM_RESTING) {
        pool->resting_count--;
        counter_decrement(&pool->proxy->counters.upstream_resting);
    } else {
        pool->idle_count--;
        counter_decrement(&pool->proxy->counters.upstream_idle);
    }
}

static struct upstream *first_of(const struct list_node *list)
{
    return LIST_OBJECT(list->next, struct upstream, node);
}

static bool has_room(const struct pool *pool, unsigned max_idle)
{
    return pool->idle_count + pool->resting_count < max_idle && pool->references > 0 &&
           !pool->proxy->is_draining;
}

void pool_put(struct pool *pool, struct upstream *upstream, unsigned max_idle,
              uint32_t idle_timeout_ms)
{
    if (UNLIKELY(!has_room(pool, max_idle)) && pool->resting_count > 0) {
        upstream_close(first_of(&pool->resting));
    }
    if (!has_room(pool, max_idle)) {
        upstream_close(upstream);
        return;
    }
    list_prepend(&pool->idle, &upstream->node);
    pool->idle_count++;
    counter_increment(&pool->proxy->counters.upstream_idle);
    deadline_arm(&pool->proxy->deadlines, &upstream->deadline, idle_timeout_ms);
    stream_start_reading(&upstream->stream); /* to hear of its end */
}

void pool_rest(struct pool *pool, struct upstream *upstream, unsigned max_idle, uint32_t rest_ms)
{
    if (!has_room(pool, max_idle)) {
        upstream_close(upstream);
        return;
    }
    list_append(&pool->resting, &upstream->node);
    pool->resting_count++;
    counter_increment(&pool->proxy->counters.upstream_resting);
    deadline_arm(&pool->proxy->deadlines, &upstream->deadline, rest_ms);
    stream_start_reading(&upstream->stream); /* to hear what should not come */
}

void pool_close_idle(struct pool *pool)
{
    while (!list_is_empty(&pool->idle)) {
        upstream_close(first_of(&pool->idle));
    }
    while (!list_is_empty(&pool->resting)) {
        upstream_close(first_of(&pool->resting));
    }
    private_close_of(pool);
}

bool pool_shed_idle(struct proxy *proxy)
{
    bool any = private_shed(proxy);
    for (struct list_node *node = proxy->pools.next; node != &proxy->pools; node = node->next) {
        struct pool *pool = LIST_OBJECT(node, struct pool, node);
        if (!list_is_empty(&pool->resting)) {
            upstream_close(first_of(&pool->resting));
            any = true;
        }
        if (!list_is_empty(&pool->idle)) {
            upstream_close(LIST_OBJECT(pool->idle.previous, struct upstream, node));
            any = true;
        }
    }
    return any;
}

/* ---- opening, and the line */

static void forget_opening(struct pool *pool)
{
    pool->opening = 0;
    pool->opening_period++;
    if (pool->opening_period == 0) {
        pool->opening_period = 1;
    }
}

bool pool_may_open(const struct pool *pool)
{
    return pool->opening < pool->opening_most || pool->closes;
}

struct pool_opening pool_begin_opening(struct pool *pool)
{
    pool->opening++;
    pool->begun_takes = pool->takes;
    return (struct pool_opening){pool->opening_period, pool->takes};
}

void pool_end_opening(struct pool *pool, struct pool_opening *opening)
{
    if (opening->period == pool->opening_period) {
        pool->opening--;
    }
    opening->period = 0;
}

/* Whether the other connections were used so often since there were `takes`. Some of them may be at work on
 * something long; then it takes more to be late. Resting and private ones serve nobody else, and may be opening,
 * too. */
static bool is_late(const struct pool *pool, uint64_t takes)
{
    unsigned apart = pool->opening + pool->private_count + pool->resting_count;
    uint64_t others = pool->connection_count > apart ? pool->connection_count - apart : 0;
    return pool->takes - takes > POOL_LATE_TURNS * others;
}

void pool_answered(struct pool *pool, struct pool_opening *opening)
{
    pool->is_late = is_late(pool, opening->takes);
    if (pool->is_late) {
        pool->opening_most = pool->pace.most;
    }
    pool_end_opening(pool, opening);
}

static void arm_tick(struct pool *pool)
{
    pool->tick_takes = pool->takes;
    pool->tick_since_ms = uv_now(pool->proxy->loop);
    deadline_arm(&pool->proxy->deadlines, &pool->tick, pool->pace.tick_ms);
}

static void forget_line(struct pool *pool)
{
    pool->opening_most = pool->pace.most;
    pool->is_late = false;
    pool->still_ms = pool->held_ms = 0;
}

static void make_room(struct pool *pool, unsigned factor)
{
    forget_opening(pool);
    if (pool->opening_most < POOL_OPENING_MOST) {
        pool->opening_most *= factor;
    }
}

/* What the pace of the last tick tells. */
static void judge_line(struct pool *pool)
{
    uint64_t served = pool->takes - pool->tick_takes;
    uint64_t ms = uv_now(pool->proxy->loop) - pool->tick_since_ms;
    bool is_slow = served * pool->pace.wait_ms < pool->waiting_count * ms;
    bool is_busy = pool->is_late || is_late(pool, pool->begun_takes);
    pool->still_ms = served == 0 ? pool->still_ms + ms : 0;
    pool->held_ms = is_slow && is_busy ? pool->held_ms + ms : 0;
    if (is_slow && (!is_busy || pool->still_ms >= pool->pace.still_ms)) {
        make_room(pool, POOL_OPENING_FACTOR);
    } else if (pool->held_ms >= pool->pace.hold_ms) {
        make_room(pool, 1);
    }
}

/* Who is served may end at once, and be the last that has a reference. */
static void on_tick(struct deadline *tick)
{
    struct pool *pool = LIST_OBJECT(tick, struct pool, tick);
    pool->references++;
    if (pool_has_line(pool)) {
        judge_line(pool);
        arm_tick(pool);
        exchange_serve_line(pool);
    }
    if (!pool_has_line(pool)) {
        deadline_cancel(&pool->tick);
        forget_line(pool);
    }
    pool_release(pool);
}

void pool_wait(struct pool *pool, struct list_node *line_node)
{
    list_append(&pool->waiting, line_node);
    pool->waiting_count++;
    if (!deadline_is_armed(&pool->tick)) {
        forget_line(pool); /* what first answers were like before there was one says nothing now */
        pool->begun_takes = pool->takes;
        arm_tick(pool);
    }
}

void pool_leave(struct pool *pool, struct list_node *line_node)
{
    list_remove(line_node);
    pool->waiting_count--;
}

/* ---- failures and counts */

void pool_mark_failed(struct pool *pool)
{
    pool->failed_until_ms = uv_now(pool->proxy->loop) + POOL_FAILED_MS;
}

bool pool_is_failed(const struct pool *pool)
{
    return pool->failed_until_ms > uv_now(pool->proxy->loop);
}

void pool_connection_opened(struct pool *pool)
{
    pool->connection_count++;
    counter_increment(&pool->proxy->counters.upstream_open);
}

void pool_connection_closed(struct pool *pool)
{
    assert(pool->connection_count > 0);
    pool->connection_count--;
    counter_decrement(&pool->proxy->counters.upstream_open);
    free_when_unused(pool);
}
