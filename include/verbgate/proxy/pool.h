/*
 * One server as a worker sees it: its address, its idle connections, and whether it failed lately.
 * Pools belong to addresses, not to policies, so connections survive a reload.
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

struct pool {
    struct list_node node; /* in proxy->pools */
    struct proxy *proxy;
    struct socket_address address;
    unsigned references;       /* snapshots */
    unsigned connection_count; /* open connections, idle ones too */
    unsigned idle_count;
    struct list_node idle; /* struct upstream, last used first */
    uint64_t failed_until_ms;
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
