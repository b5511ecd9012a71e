/*
 * One server as a worker sees it: its address, its idle connections, and whether it failed lately.
 * Pools belong to addresses, not to policies, so connections survive a reload.
 *
 * Few connections are opened at a time: one is opening until its server has sent something on it. A
 * request that finds neither a kept connection nor room to open one waits in line for whichever comes
 * first, and who came first is served first. Without that a burst of requests stands in the server's
 * queue of connections, which overflows, or is emptied one by one beside all else that the server does,
 * while those that have a connection go on asking.
 *
 * How long a server takes is not known. So when nobody in line was served for a tick, what is opening
 * does not count any more, and there is four times as much room: a server that answers at once gets few
 * connections, and one that takes its time gets all that are asked for within a few ticks. Where a
 * server closes its connections there is nothing to wait for, and no line.
 */
#ifndef VERBGATE_PROXY_POOL_H
#define VERBGATE_PROXY_POOL_H

#include "verbgate/base/address.h"
#include "verbgate/base/attributes.h"
#include "verbgate/base/list.h"
#include "verbgate/proxy/proxy.h"

/* After a failed connection a server is passed over for this long, as long as others are left. */
enum { POOL_FAILED_MS = 5000 };

struct upstream;

/* How fast connections are opened. */
struct pool_pace {
    unsigned most;    /* opening at the same time, to begin with */
    uint32_t tick_ms; /* in which somebody is to be served */
    uint32_t wait_ms; /* who has waited for so long gets a connection opened at the next tick */
};

#define POOL_PACE ((struct pool_pace){.most = 8, .tick_ms = 10, .wait_ms = 100})

/* Where the room for connections that are opening ends: above what descriptors allow. */
enum { POOL_OPENING_FACTOR = 4, POOL_OPENING_MOST = 1 << 20 };

struct pool {
    struct list_node node; /* in proxy->pools */
    struct proxy *proxy;
    struct socket_address address;
    unsigned references;       /* snapshots */
    unsigned connection_count; /* open connections, idle ones too */
    unsigned idle_count;
    struct list_node idle; /* struct upstream, last used first */
    uint64_t failed_until_ms;

    struct pool_pace pace;
    struct list_node waiting; /* struct exchange, by line_node: who came first stands first */
    struct deadline tick;     /* armed while somebody waits */
    bool closes;              /* the server has closed the last connection behind its response */
    bool has_moved;           /* somebody was served since the last tick */
    unsigned opening;         /* connections that count as opening */
    unsigned opening_most;    /* the room for them now: pace.most and up */
    uint32_t opening_period;  /* the number of those that count */
};

/* The pool of an address, made when there is none, with one more reference; NULL: no memory. */
MUST_CHECK struct pool *pool_reference(struct proxy *proxy, const struct socket_address *address);

/* One reference less. Without references the idle connections are closed, and the pool goes when
 * its last connection does. */
void pool_release(struct pool *pool);

/* The most recently used idle connection, no longer idle; NULL when there is none. */
struct upstream *pool_take(struct pool *pool);

/* Keeps a connection for later, for `idle_timeout_ms`, or closes it when `max_idle` are kept. */
void pool_put(struct pool *pool, struct upstream *upstream, unsigned max_idle,
              uint32_t idle_timeout_ms);

/* An idle connection has ended by itself. */
void pool_forget(struct pool *pool, struct upstream *upstream);

/* Whether another connection may be opened now. */
bool pool_may_open(const struct pool *pool);

/* A connection is being opened; returns the number to give to pool_opened when that is over. */
uint32_t pool_begin_opening(struct pool *pool);

/* The server has sent something on a connection with this number, or it is gone. 0 is no number: what a
 * caller keeps in place of one that it has given. */
static inline void pool_opened(struct pool *pool, uint32_t number)
{
    if (number == pool->opening_period) {
        pool->opening--;
    }
}

static inline bool pool_has_line(const struct pool *pool)
{
    return !list_is_empty(&pool->waiting);
}

/* Puts an exchange at the end of the line, by its node, which list_remove takes out. */
void pool_wait(struct pool *pool, struct list_node *line_node);

void pool_mark_failed(struct pool *pool);
bool pool_is_failed(const struct pool *pool);

/* Counting of open connections; the last one frees a pool without references. */
void pool_connection_opened(struct pool *pool);
void pool_connection_closed(struct pool *pool);

/* Closes the idle connections of a pool. */
void pool_close_idle(struct pool *pool);

/* Closes the longest idle connection of each pool, for want of descriptors; false: there was none. */
bool pool_shed_idle(struct proxy *proxy);

#endif
