/*
 * Connections that are kept for later: which are taken, which stay, which give way.
 *
 * Behind some responses careless servers send more than they should. The connection of such a response rests until the
 * server was silent for a while, and is idle then; meanwhile a request that needs a connection opens another. An idle
 * connection has nothing to say: a byte or an end both end it.
 */
#ifndef VERBGATE_UPSTREAM_KEPT_H
#define VERBGATE_UPSTREAM_KEPT_H

#include "verbgate/upstream/connection.h"

/* How a connection is kept. */
struct kept_terms {
    bool
        is_quiet; /* all that the server has sent was read just now, and more of it is not likely */
    uint32_t rest_ms;        /* of silence, before anybody gets it; 0: none */
    uint32_t reuse_delay_ms; /* the upstream's, under which it was judged whether it has to rest */
    unsigned max_idle;       /* connections that its pool keeps, resting ones too; those give way */
    uint32_t idle_timeout_ms;
};

/*
 * The last used idle connection of the pool that is alive and quiet, BUSY for its new holder; NULL: there is none. What
 * is dead or has bytes to read is closed on the way: those bytes would pass for the next response (RFC 9112 section 9.2,
 * RFC 9110 section 9.2.2). Upstreams of one policy, and policies one after another, may share a pool: a connection that
 * was kept under a shorter `reuse_delay_ms` than the taker's is left to others.
 */
MUST_CHECK struct upstream_connection *kept_take(struct pool *pool,
                                                 const struct upstream_events *events, void *holder,
                                                 uint32_t reuse_delay_ms);

/* The exchange is through and the connection can carry another one: it is kept, for everybody or for its owner, or
 * closed. */
void kept_release(struct upstream_connection *connection, struct kept_terms terms);

/* Closes the kept connections of a pool, private ones too. */
void kept_close_all(struct pool *pool);

/* Closes the longest idle and the longest resting connection of each pool, and the longest idle private one, for want
 * of descriptors; false: there was none. */
bool kept_shed(struct context *context);

#endif
