/*
 * One connection to a server. It carries one exchange at a time, or waits in its pool.
 *
 *   CONNECTING --on_connected--> BUSY --upstream_release--> IDLE --upstream_acquire--> BUSY
 *                                     \----> RESTING ---silent--/
 *        any state --upstream_close--> CLOSING --on_closed--> back to the slab
 *
 * The exchange and the upstream point at each other; both pointers are cut in upstream_release and
 * upstream_close, before anything else can happen.
 */
#ifndef VERBGATE_PROXY_UPSTREAM_H
#define VERBGATE_PROXY_UPSTREAM_H

#include "verbgate/net/deadline.h"
#include "verbgate/net/stream.h"
#include "verbgate/proxy/pool.h"

struct downstream;
struct exchange;

struct upstream {
    enum upstream_state {
        UPSTREAM_CONNECTING,
        UPSTREAM_BUSY,
        UPSTREAM_IDLE,
        UPSTREAM_RESTING,
        UPSTREAM_CLOSING,
    } state;
    bool is_reused;              /* the current exchange is not its first */
    bool is_in_login;            /* its last answer was a challenge that takes another step */
    struct pool_opening opening; /* until its server has sent something */
    uint64_t quiet_turn; /* of the loop, in which it was last known to have nothing more to read */
    struct stream stream;
    uv_connect_t connect;
    struct deadline deadline;
    uint32_t idle_timeout_ms; /* of the time behind its rest */
    struct list_node
        node; /* while idle or resting: in the pool's list, or in the proxy's of private ones */
    struct pool *pool;
    struct exchange *exchange;     /* while CONNECTING or BUSY */
    struct downstream *owner;      /* whose login it carries, see private.h; NULL: anybody's */
    struct upstream *next_private; /* of its owner */
};

/* An idle connection of the pool for `exchange` (BUSY), or NULL when there is none. */
MUST_CHECK struct upstream *upstream_acquire(struct pool *pool, struct exchange *exchange);

/* A kept connection that stands in no list any more carries another exchange. */
void upstream_begin_again(struct upstream *upstream, struct exchange *exchange);

/* Starts a new connection for `exchange`; exchange_upstream_connected follows, not from within this
 * call. Returns NULL and sets *error (libuv) when not even that works. */
MUST_CHECK struct upstream *upstream_connect(struct pool *pool, struct exchange *exchange,
                                             uint32_t timeout_ms, int *error);

/* How a connection is kept. */
struct upstream_keeping {
    bool
        is_quiet; /* all that the server has sent was read just now, and nothing makes more of it likely */
    uint32_t rest_ms; /* of silence, before anybody gets it; 0: none */
    unsigned max_idle;
    uint32_t idle_timeout_ms;
};

/* The exchange is through and the connection can carry another one. */
void upstream_release(struct upstream *upstream, struct upstream_keeping keeping);

/* Whether a kept connection (BUSY again) is alive and has nothing to read: what came unasked would pass
 * for the answer to the next request. Costs a system call, unless it was seen in this turn of the loop. */
bool upstream_is_quiet(const struct upstream *upstream);

/* Ends the connection, whatever its state. Its exchange, if any, hears nothing more from it. */
void upstream_close(struct upstream *upstream);

#endif
