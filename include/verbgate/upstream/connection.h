/*
 * One connection to a server: a stream, a deadline, and somebody who holds it.
 *
 *   CONNECTING --on_connected--> BUSY --kept_release--> IDLE --kept_take, private_take--> BUSY
 *                                     \----> RESTING ---silent--/
 *        any state --upstream_close--> CLOSING --on_closed--> back to the slab
 *
 * The holder is an exchange while the connection is CONNECTING or BUSY, and the room of kept connections (kept.h,
 * private.h) while it is IDLE or RESTING. What happens on the connection is told to the holder through a table of
 * functions, so the connection knows neither.
 */
#ifndef VERBGATE_UPSTREAM_CONNECTION_H
#define VERBGATE_UPSTREAM_CONNECTION_H

#include "verbgate/net/stream.h"
#include "verbgate/upstream/owner.h"
#include "verbgate/upstream/pool.h"

struct upstream_connection;

/* What a holder hears. It may close the connection in each of them. */
struct upstream_events {
    /* As the same functions of struct stream_events. */
    uv_buf_t (*on_room)(struct upstream_connection *connection);
    void (*on_bytes)(struct upstream_connection *connection, char *data, size_t length);
    void (*on_nothing)(struct upstream_connection *connection);
    void (*on_end)(struct upstream_connection *connection, int error);
    void (*on_drained)(struct upstream_connection *connection, int error);
    /* A new connection is BUSY (0), or can only be closed: a libuv error, UV_ETIMEDOUT for its time. */
    void (*on_connected)(struct upstream_connection *connection, int error);
    /* The holder's own deadline is over; not while CONNECTING. */
    void (*on_expired)(struct upstream_connection *connection);
};

struct upstream_connection {
    enum upstream_state {
        UPSTREAM_CONNECTING,
        UPSTREAM_BUSY,
        UPSTREAM_IDLE,
        UPSTREAM_RESTING,
        UPSTREAM_CLOSING,
    } state;
    bool is_reused;              /* the current exchange is not its first */
    bool is_in_login;            /* its last answer was a challenge that takes another step */
    struct pace_opening opening; /* until its server has sent something */
    uint64_t quiet_turn; /* of the loop, in which it was last known to have nothing more to read */
    struct stream stream;
    uv_connect_t connect;
    struct deadline deadline;
    const struct upstream_events *events; /* of the holder */
    void *holder;
    uint32_t idle_timeout_ms; /* of the time behind its rest */
    uint32_t reuse_delay_ms;  /* under which it is kept, see kept.h */
    struct list_node
        node; /* while IDLE or RESTING: in the pool's list, or in the context's of private ones */
    struct pool *pool;
    struct private_owner *owner;              /* whose login it carries; NULL: anybody's */
    struct upstream_connection *next_private; /* of its owner */
    struct pool_waiter *awaited_by;           /* its owner's exchange, while a private one rests */
};

/* Starts a new connection; on_connected follows, not from within this call. Returns NULL and sets *error (libuv) when
 * not even that works. */
MUST_CHECK struct upstream_connection *upstream_connect(struct pool *pool,
                                                        const struct upstream_events *events,
                                                        void *holder, uint32_t timeout_ms,
                                                        int *error);

/* A kept connection that stands in no list any more is BUSY again, for another holder. */
void upstream_hold(struct upstream_connection *connection, const struct upstream_events *events,
                   void *holder);

/* The exchange is through: IDLE or RESTING from here on. `is_quiet`: all that the server has sent was read just now,
 * and nothing makes more of it likely. */
void upstream_let_go(struct upstream_connection *connection, enum upstream_state state,
                     const struct upstream_events *events, bool is_quiet);

/* A resting connection is IDLE. */
void upstream_end_rest(struct upstream_connection *connection);

/* Whether a connection is alive and has nothing to read: what came unasked would pass for the answer to the next
 * request. Costs a system call, unless it was seen in this turn of the loop. */
bool upstream_is_quiet(const struct upstream_connection *connection);

/* Takes an idle or resting connection out of its pool's list. Its state stays as it is. */
void upstream_leave_list(struct upstream_connection *connection);

/* Ends the connection, whatever its state. Its holder hears nothing more from it. */
void upstream_close(struct upstream_connection *connection);

#endif
