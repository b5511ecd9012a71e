/*
 * One server as a worker sees it: its address, its kept connections, the requests that wait for one, and whether it
 * failed lately. Pools belong to addresses, not to policies, so connections survive a reload.
 *
 * The pool counts and queues. Which connections are kept and which give way is for upstream/kept.h, and how many are
 * opened at a time for upstream/pace.h. A request that waits is served in the order of coming.
 */
#ifndef VERBGATE_UPSTREAM_POOL_H
#define VERBGATE_UPSTREAM_POOL_H

#include "verbgate/base/address.h"
#include "verbgate/base/attributes.h"
#include "verbgate/context/context.h"
#include "verbgate/upstream/pace.h"

/* After a failed connection a server is passed over for this long, as long as others are left. */
enum { POOL_FAILED_MS = 5000 };

struct upstream_connection;

/* Somebody who waits: in a pool's queue, or for one connection that is its client's own and has to rest first
 * (upstream/private.h). It is a member of the object that waits. */
struct pool_waiter {
    struct list_node node; /* in the pool's queue, or alone */
    /* A connection may have become free, or room to open one. True: it has left the queue. */
    bool (*serve)(struct pool_waiter *waiter);
    /* The connection that it waits for has rested. NULL: that connection has ended. */
    void (*on_rested)(struct pool_waiter *waiter, struct upstream_connection *connection);
};

struct pool {
    struct list_node node; /* in context->pools */
    struct context *context;
    struct socket_address address;
    unsigned references;       /* snapshots */
    bool is_serving;           /* its queue is being served: it stays */
    unsigned connection_count; /* open connections, idle ones too */
    unsigned private_count;    /* of them, those that belong to one client */
    unsigned idle_count;
    unsigned resting_count;
    struct list_node idle;    /* struct upstream_connection, last used first */
    struct list_node resting; /* struct upstream_connection, the longest resting first */
    uint64_t failed_until_ms;

    struct pace pace;
    struct list_node waiting; /* struct pool_waiter, in the order of coming */
    unsigned waiting_count;
    struct deadline tick; /* armed while somebody waits */
};

/* The pool of an address, made when there is none, with one more reference; NULL: no memory. */
MUST_CHECK struct pool *pool_reference(struct context *context,
                                       const struct socket_address *address);

/* One reference less. A pool without references keeps nothing: who takes the last one closes its kept connections
 * (kept_close_all). The pool goes with its last connection. */
void pool_release(struct pool *pool);

static inline bool pool_has_waiters(const struct pool *pool)
{
    return !list_is_empty(&pool->waiting);
}

/* Puts somebody at the end of the queue, and takes somebody out of it. */
void pool_wait(struct pool *pool, struct pool_waiter *waiter);
void pool_leave(struct pool *pool, struct pool_waiter *waiter);

/* Serves those who wait, as far as there are connections for them. A waiter that fails tries another server or joins
 * the end of a queue. The loop ends: each request tries each server once, and sheds idle connections once. */
void pool_serve(struct pool *pool);

/* The connections that could serve somebody, see upstream/pace.h. */
static inline uint64_t pool_others(const struct pool *pool)
{
    unsigned apart = pool->private_count + pool->resting_count;
    return pool->connection_count > apart ? pool->connection_count - apart : 0;
}

void pool_mark_failed(struct pool *pool);
bool pool_is_failed(const struct pool *pool);

/* Counting of open connections; the last one frees a pool without references. */
void pool_connection_opened(struct pool *pool);
void pool_connection_closed(struct pool *pool);

#endif
